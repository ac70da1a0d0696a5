//! What can be found out about an integration without changing anything: whose token it is, what it may do, whether the
//! default user exists, and which service region answers.
//!
//! Each question has one [`Finding`]. A question that no answer settles is told as unknown and not guessed.

mod finding;
mod region;
mod user;

pub use finding::{Finding, Level, Subject};

use crate::{
    client::{Account, ApiToken, Client, ServiceRegion},
    directory::{EscalationPolicy, Priority, Row, Service, Team, User},
    error::Error,
    ids::UserEmail,
};

/// The addresses to ask.
#[derive(Debug, Clone, Copy)]
pub struct Regions<'a> {
    /// The service region that the integration is stored with.
    pub configured: ServiceRegion,
    pub client: &'a Client,
    /// The client for the other region; none where the address is another than PagerDuty's own.
    pub other: Option<&'a Client>,
}

/// All findings about an integration, in the order in which a person reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCheck {
    pub findings: Vec<Finding>,
}

impl AccountCheck {
    /// True if nothing was found that keeps the integration from working.
    pub fn is_passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.level != Level::Problem)
    }
}

/// Whom a token belongs to.
#[derive(Debug)]
enum Owner {
    /// A user, whose rights it has.
    User(Box<User>),
    /// The account; it belongs to no person.
    Account,
    /// PagerDuty accepts the token and does not tell.
    Unknown(String),
}

/// Looks at an integration. It makes about ten requests, and changes nothing.
///
/// `default_from` is the user whom a step acts for if it names none.
pub async fn check_account(regions: Regions<'_>, token: &ApiToken, default_from: Option<&UserEmail>) -> AccountCheck {
    let account = regions.client.account(token);
    let (owner, link) = match whose(&account).await {
        Ok(found) => found,
        Err(error) => {
            return AccountCheck {
                findings: region::refused(regions, token, &error).await,
            };
        }
    };
    let mut findings = vec![user::token(&owner)];
    let services = first_row(&account, Service::LIST).await;
    let link = link.or_else(|| {
        services
            .as_ref()
            .ok()
            .and_then(|row| row.as_ref())
            .and_then(region::link)
    });
    findings.push(region::answered(regions, link.as_deref()));
    let incidents = first_row(&account, "incidents").await;
    findings.push(reads("incidents", Need::Actions, incidents));
    findings.push(reads(Service::LIST, Need::DropDowns, services));
    for list in [EscalationPolicy::LIST, User::LIST, Priority::LIST, Team::LIST] {
        findings.push(reads(list, Need::DropDowns, first_row(&account, list).await));
    }
    findings.push(abilities(&account).await);
    findings.push(user::writes(&owner));
    findings.push(user::default_from(&account, &owner, default_from).await);
    AccountCheck { findings }
}

/// Whom the token belongs to, and the address of a page of the account where PagerDuty gives one.
async fn whose(account: &Account<'_>) -> Result<(Owner, Option<String>), Error> {
    match account.me().await {
        Ok(row) => Ok(match User::read(&row) {
            Some(user) => (Owner::User(Box::new(user)), region::link(&row)),
            None => (
                Owner::Unknown("PagerDuty names a user without a usable id, name or e-mail".to_owned()),
                region::link(&row),
            ),
        }),
        Err(Error::InvalidRequest(refusal)) if refusal.is_of_account_token() => Ok((Owner::Account, None)),
        // Which scope `GET /users/me` needs is not documented, so that a token without it may work all the same.
        Err(Error::Forbidden(refusal) | Error::NotFound(refusal) | Error::InvalidRequest(refusal)) => {
            Ok((Owner::Unknown(refusal.to_string()), None))
        }
        Err(error) => Err(error),
    }
}

async fn first_row(account: &Account<'_>, list: &str) -> Result<Option<serde_json::Value>, Error> {
    account
        .page(list, None, 0, 1)
        .await
        .map(|page| page.rows.into_iter().next())
}

/// The reason for reading a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Actions read it, to do nothing twice.
    Actions,
    /// Only people look at it, to choose.
    DropDowns,
}

fn reads<T>(list: &'static str, need: Need, answer: Result<T, Error>) -> Finding {
    let name = list.replace('_', " ");
    let subject = Subject::Reads(list);
    match answer {
        Ok(_) => Finding::ok(subject, format!("The token may read {name}.")),
        Err(Error::Forbidden(refusal)) if refusal.is_feature_off() => Finding::ok(
            subject,
            format!("The account has {name} switched off, or not in its plan."),
        ),
        Err(error @ (Error::Forbidden(_) | Error::Unauthorized(_))) => {
            let text = format!("The token may not read {name}: {error}.");
            match need {
                Need::Actions => Finding::problem(
                    subject,
                    text,
                    "Use a token that may: without it a repeated step can not look for what it did.",
                ),
                Need::DropDowns => Finding::warning(
                    subject,
                    text,
                    "Workflows run without it; only the list for people to choose from is missing.",
                ),
            }
        }
        Err(error) => Finding::problem(subject, format!("The {name} could not be read: {error}."), TRY_LATER),
    }
}

const TRY_LATER: &str = "Run the test again later.";

/// The right that asking for responders needs (documented for `POST /incidents/{id}/responder_requests`).
const RESPONDER_REQUESTS: &str = "coordinated_responding";

async fn abilities(account: &Account<'_>) -> Finding {
    match account.abilities().await {
        Ok(abilities) if abilities.iter().any(|ability| ability == RESPONDER_REQUESTS) => Finding::ok(
            Subject::Abilities,
            format!(
                "The account's plan has {} abilities, responder requests among them.",
                abilities.len()
            ),
        ),
        Ok(abilities) => Finding::warning(
            Subject::Abilities,
            format!(
                "The account's plan has {} abilities, and not {RESPONDER_REQUESTS}.",
                abilities.len()
            ),
            "Workflows can not ask for responders; everything else works.",
        ),
        Err(error) => Finding::unknown(
            Subject::Abilities,
            format!("PagerDuty does not tell the abilities of the account's plan: {error}."),
        ),
    }
}

#[cfg(test)]
mod tests;

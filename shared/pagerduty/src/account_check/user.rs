//! Whose token it is, and whom steps act for.

use super::{Finding, Owner, Subject, TRY_LATER};
use crate::{
    client::{Account, MAX_PAGE},
    directory::{Role, Row, User},
    error::Error,
    ids::UserEmail,
};

const NAME_ANOTHER: &str = "Name a user who may respond with `pagerflow integration add ALIAS --default-from EMAIL`; \
                            `pagerflow users --integration ALIAS` lists them.";

/// Whom the token belongs to.
pub(super) fn token(owner: &Owner) -> Finding {
    match owner {
        Owner::User(user) => Finding::ok(
            Subject::Token,
            format!("The token belongs to the user {}{}.", user.label(), role(user)),
        ),
        Owner::Account => Finding::ok(Subject::Token, "The token belongs to the account, and to no person."),
        Owner::Unknown(why) => Finding::unknown(
            Subject::Token,
            format!("PagerDuty accepts the token and does not tell whose it is: {why}."),
        ),
    }
}

/// The right to change incidents. PagerDuty has no request that shows it and changes nothing.
pub(super) fn writes(owner: &Owner) -> Finding {
    match owner {
        Owner::User(user) => match &user.role {
            Role::OnlyReads(_) => Finding::problem(
                Subject::Writes,
                format!("{} may only read, and so does the token.", user.label()),
                "Store a token of the account, or of a user who may respond, with `pagerflow integration set-token ALIAS`.",
            ),
            Role::DependsOnTeam(_) => Finding::warning(
                Subject::Writes,
                format!("What {} may do depends on their role in each team.", user.label()),
                "See in PagerDuty that the user may respond in the teams of the services that workflows name.",
            ),
            Role::Responds(_) => Finding::ok(Subject::Writes, format!("{} may work on incidents.", user.label())),
        },
        Owner::Account | Owner::Unknown(_) => Finding::unknown(
            Subject::Writes,
            "Whether the token is read-only can not be told before the first write.",
        ),
    }
}

/// The default user of steps, who has to exist and may have to respond.
pub(super) async fn default_from(account: &Account<'_>, owner: &Owner, email: Option<&UserEmail>) -> Finding {
    let subject = Subject::DefaultFrom;
    let Some(email) = email else {
        return match owner {
            Owner::User(user) => Finding::ok(
                subject,
                format!(
                    "There is no default user, and none is needed: steps act for {}.",
                    user.label()
                ),
            ),
            Owner::Account | Owner::Unknown(_) => Finding::warning(
                subject,
                "There is no default user, so each step that changes something must name one as `from`.",
                NAME_ANOTHER,
            ),
        };
    };
    let found = match account.page(User::LIST, Some(email.as_str()), 0, MAX_PAGE).await {
        Ok(page) => {
            let mut users = page.rows.iter().filter_map(User::read);
            // The domain of an address has no case, and PagerDuty does not document that the name before it has.
            let user = users.find(|user| user.email.as_str().eq_ignore_ascii_case(email.as_str()));
            match user {
                None if page.more => {
                    return Finding::unknown(
                        subject,
                        format!("PagerDuty finds too many users for {email} to tell whether that one exists."),
                    );
                }
                user => user,
            }
        }
        Err(error @ Error::Forbidden(_)) => {
            return Finding::unknown(
                subject,
                format!("The token may not read users, so that it is not known whether {email} is one: {error}."),
            );
        }
        Err(error) => {
            return Finding::problem(
                subject,
                format!("The user {email} could not be looked up: {error}."),
                TRY_LATER,
            );
        }
    };
    match found {
        None => Finding::problem(
            subject,
            format!("No user of the account logs in as {email}."),
            NAME_ANOTHER,
        ),
        Some(user) => match &user.role {
            Role::OnlyReads(_) => Finding::problem(
                subject,
                format!("The default user {}{} may only read.", user.label(), role(&user)),
                NAME_ANOTHER,
            ),
            Role::DependsOnTeam(_) => Finding::warning(
                subject,
                format!(
                    "What the default user {} may do depends on their role in each team.",
                    user.label()
                ),
                "See in PagerDuty that the user may respond in the teams of the services that workflows name.",
            ),
            Role::Responds(_) => Finding::ok(
                subject,
                format!(
                    "The default user {}{} exists and may respond.",
                    user.label(),
                    role(&user)
                ),
            ),
        },
    }
}

/// The words behind a user's name; none where PagerDuty does not give the role.
fn role(user: &User) -> String {
    match user.role.name() {
        "" => String::new(),
        name => format!(" with the role {name}"),
    }
}

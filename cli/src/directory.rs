//! `pagerflow services`, `escalation-policies`, `users`, `priorities` and `teams`: what there is to choose from where a
//! workflow asks for one.

mod choice;

use crate::{
    error::Error,
    output::{Notices, Screen, View},
    pagerduty_account::PagerDutyAccount,
    stack::Stack,
    text_table::aligned,
};
pub(crate) use choice::Choice;
use clap::Args;
use pagerduty::directory::{Listed, Listing, Pause, PauseReason, SearchText, list};
use serde::{Serialize, Serializer, ser::SerializeMap};
use workflow::ids::IntegrationAlias;

/// The account, and the list to show.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The integration whose account is looked at.
    #[arg(long)]
    integration: IntegrationAlias,
    /// Only what this text finds, by name; users also by e-mail.
    #[arg(long)]
    search: Option<SearchText>,
}

/// A list of an account.
#[derive(Debug)]
pub(crate) struct Shown<R> {
    listed: Listed<R>,
    search: Option<SearchText>,
}

pub(crate) async fn choices<R: Choice>(options: Options, stack: &Stack, notices: Notices) -> Result<Shown<R>, Error> {
    let Options { integration, search } = options;
    let _listing = notices.working(format!("Listing the {} of {integration}", R::PLURAL));
    let account = PagerDutyAccount::of(&integration, stack).await?;
    let listed = listed::<R>(&account, &integration, search.as_ref(), notices).await?;
    Ok(Shown { listed, search })
}

/// The list of an account.
pub(crate) async fn listed<R: Choice>(
    account: &PagerDutyAccount,
    integration: &IntegrationAlias,
    search: Option<&SearchText>,
    notices: Notices,
) -> Result<Listed<R>, Error> {
    let wait = async |pause: Pause| {
        notices.warn(&words(pause));
        tokio::time::sleep(pause.duration).await;
    };
    let listed = list::<R>(&account.open(), search, wait).await;
    listed.map_err(|cause| failed::<R>(integration, cause))
}

fn failed<R: Choice>(integration: &IntegrationAlias, cause: pagerduty::Error) -> Error {
    Error::PagerDuty {
        what: format!("the {} of {integration} could not be listed", R::PLURAL),
        cause: Box::new(cause),
    }
}

/// The reason a command waits, and for how long.
pub(crate) fn words(pause: Pause) -> String {
    let seconds = pause.duration.as_secs();
    match pause.reason {
        PauseReason::RateLimit => format!("PagerDuty's rate limit is reached; going on in {seconds} s"),
        PauseReason::NoAnswer => format!("PagerDuty did not answer; asking again in {seconds} s"),
    }
}

/// Every field is always present.
impl<R: Choice> Serialize for Shown<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = match &self.listed {
            Listed::Rows(listing) => Some(listing),
            Listed::FeatureIsOff(_) => None,
        };
        let values: Vec<_> = rows.iter().flat_map(|it| &it.rows).map(Choice::json).collect();
        let mut fields = serializer.serialize_map(Some(5))?;
        fields.serialize_entry(R::LIST, &values)?;
        fields.serialize_entry("is_cut", &rows.is_some_and(|it| it.is_cut))?;
        fields.serialize_entry("not_offered", &rows.map_or(0, |it| it.not_offered))?;
        fields.serialize_entry("unreadable", &rows.map_or(0, |it| it.unreadable))?;
        fields.serialize_entry("feature_is_off", &rows.is_none())?;
        fields.end()
    }
}

impl<R: Choice> View for Shown<R> {
    fn text(&self, _: Screen) -> String {
        let listing = match &self.listed {
            Listed::FeatureIsOff(refusal) => {
                return format!(
                    "The account has {} switched off, or not in its plan.\n{refusal}.",
                    R::PLURAL
                );
            }
            Listed::Rows(listing) => listing,
        };
        let rows = match (listing.rows.as_slice(), &self.search) {
            ([], None) => format!("There are no {}.", R::PLURAL),
            ([], Some(search)) => format!("No {} are found for \"{}\".", R::PLURAL, search.as_str()),
            (rows, _) => aligned(R::HEADS, &rows.iter().map(Choice::columns).collect::<Vec<_>>()),
        };
        std::iter::once(rows)
            .chain(notes::<R>(listing))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Remarks beside the rows.
fn notes<R: Choice>(listing: &Listing<R>) -> Option<String> {
    let cut = listing.is_cut.then(|| {
        let narrow = match R::HAS_QUERY {
            true => " Find the others with --search, or with a longer text.",
            false => "",
        };
        format!("The list is cut: PagerDuty gives no more than 10,000 rows.{narrow}")
    });
    let not_offered = (listing.not_offered > 0).then(|| match listing.not_offered {
        1 => "1 user who may only read is left out.".to_owned(),
        count => format!("{count} users who may only read are left out."),
    });
    let unreadable = (listing.unreadable > 0).then(|| match listing.unreadable {
        1 => "1 row without a usable id, name or e-mail is left out.".to_owned(),
        count => format!("{count} rows without a usable id, name or e-mail are left out."),
    });
    let notes: Vec<_> = [cut, not_offered, unreadable].into_iter().flatten().collect();
    (!notes.is_empty()).then(|| format!("\n{}", notes.join("\n")))
}

#[cfg(test)]
mod tests;

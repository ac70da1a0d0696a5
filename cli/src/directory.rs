//! `pagerflow services`, `escalation-policies`, `users`, `priorities` and `teams`: what there is to choose from where a
//! workflow asks for one.

mod shown;

use crate::{error::Error, output::Output, pagerduty_account::PagerDutyAccount, stack::Stack, text_table::aligned};
use clap::Args;
use pagerduty::directory::{Listed, Listing, Pause, PauseReason, SearchText, list};
use serde_json::{Map, Value, json};
use shown::Shown;
use std::process::ExitCode;
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

pub(crate) async fn run<R: Shown>(options: &Options, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let Options { integration, search } = options;
    let listing = output.working(format!("Listing the {} of {integration}", R::PLURAL));
    let account = PagerDutyAccount::of(integration, stack).await?;
    let wait = async |pause: Pause| {
        output.warn(&words(pause));
        tokio::time::sleep(pause.duration).await;
    };
    let listed = list::<R>(&account.open(), search.as_ref(), wait).await;
    drop(listing);
    let listed = listed.map_err(|cause| failed::<R>(integration, cause))?;
    output.result(&view(&listed), || text(&listed, search.as_ref()))?;
    Ok(ExitCode::SUCCESS)
}

fn failed<R: Shown>(integration: &IntegrationAlias, cause: pagerduty::Error) -> Error {
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

/// The rows for programs. Every field is always present.
fn view<R: Shown>(listed: &Listed<R>) -> Value {
    let mut view = Map::new();
    match listed {
        Listed::Rows(listing) => {
            let rows: Vec<_> = listing.rows.iter().map(Shown::json).collect();
            view.insert(R::LIST.to_owned(), json!(rows));
            view.insert("is_cut".to_owned(), json!(listing.is_cut));
            view.insert("not_offered".to_owned(), json!(listing.not_offered));
            view.insert("unreadable".to_owned(), json!(listing.unreadable));
            view.insert("feature_is_off".to_owned(), json!(false));
        }
        Listed::FeatureIsOff(_) => {
            view.insert(R::LIST.to_owned(), json!([]));
            view.insert("is_cut".to_owned(), json!(false));
            view.insert("not_offered".to_owned(), json!(0));
            view.insert("unreadable".to_owned(), json!(0));
            view.insert("feature_is_off".to_owned(), json!(true));
        }
    }
    Value::Object(view)
}

fn text<R: Shown>(listed: &Listed<R>, search: Option<&SearchText>) -> String {
    let listing = match listed {
        Listed::FeatureIsOff(refusal) => {
            return format!(
                "The account has {} switched off, or not in its plan.\n{refusal}.",
                R::PLURAL
            );
        }
        Listed::Rows(listing) => listing,
    };
    let rows = match (listing.rows.as_slice(), search) {
        ([], None) => format!("There are no {}.", R::PLURAL),
        ([], Some(search)) => format!("No {} are found for \"{}\".", R::PLURAL, search.as_str()),
        (rows, _) => aligned(R::HEADS, &rows.iter().map(Shown::columns).collect::<Vec<_>>()),
    };
    std::iter::once(rows)
        .chain(notes::<R>(listing))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Remarks beside the rows.
fn notes<R: Shown>(listing: &Listing<R>) -> Option<String> {
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

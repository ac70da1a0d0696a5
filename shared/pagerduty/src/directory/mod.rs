//! The drop-downs of an account: what a person may choose where a workflow asks for a service, an escalation policy, a
//! user, a priority or a team.
//!
//! A list is read to its end, however long it is, in PagerDuty's order and each row once: rows that come or go meanwhile
//! shift the others, so that one can come twice. One that shifts onto a page that was read already is missed; the next
//! look has it. PagerDuty gives no list beyond its row 10,000. Such a list is marked as cut, and a search text narrows it.
//!
//! # Layout
//! - [`rows`](self) has the rows and what is offered of them
//! - `paging` reads a list to its end and keeps to the rate limit
//! - `search` checks a search text

mod paging;
mod rows;
mod search;

use std::collections::HashSet;

use serde_json::Value;

pub(crate) use paging::read_all;
pub use paging::{LAST_ROW, Pause, PauseReason};
pub use rows::{EscalationPolicy, Priority, Role, Row, Service, ServiceStatus, Team, User};
pub use search::{InvalidSearch, SearchText};

use crate::{
    client::Account,
    error::{Error, Refusal},
    lenient,
};

/// A list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<R> {
    /// The rows, in PagerDuty's order.
    pub rows: Vec<R>,
    /// True if PagerDuty has more rows than it gives. A search text, or a longer one, finds the others.
    pub is_cut: bool,
    /// The number of rows that were left out because they can not be chosen: users who may only read.
    pub not_offered: usize,
    /// The number of rows that were left out because they have no usable id, name or e-mail.
    pub unreadable: usize,
}

/// The answer to the question what there is to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed<R> {
    /// These.
    Rows(Listing<R>),
    /// Nothing, because the account's plan lacks the feature or has it switched off (402).
    FeatureIsOff(Refusal),
}

/// Lists what there is to choose from, all of it or what a search text finds.
///
/// `wait` is what passes the time when the rate limit is used up, or before a request is made again.
///
/// # Errors
/// Any of [`Error`]'s refusals but 402, and [`Error::Unavailable`], each also after a few attempts.
pub async fn list<R: Row>(
    account: &Account<'_>,
    search: Option<&SearchText>,
    wait: impl AsyncFn(Pause),
) -> Result<Listed<R>, Error> {
    let query = search.filter(|_| R::HAS_QUERY).map(SearchText::as_str);
    match paging::read_all(account, R::LIST, query, wait).await {
        Ok(all) => Ok(Listed::Rows(offered(&all.rows, all.is_cut, search))),
        Err(Error::Forbidden(refusal)) if refusal.is_feature_off() => Ok(Listed::FeatureIsOff(refusal)),
        Err(error) => Err(error),
    }
}

fn offered<R: Row>(all: &[Value], is_cut: bool, search: Option<&SearchText>) -> Listing<R> {
    let mut listing = Listing {
        rows: Vec::new(),
        is_cut,
        not_offered: 0,
        unreadable: 0,
    };
    for row in each_once(all) {
        match R::read(row) {
            None => listing.unreadable += 1,
            Some(row) if !search.is_none_or(|search| row.is_found_by(search)) => {}
            Some(row) if !row.is_offered() => listing.not_offered += 1,
            Some(row) => listing.rows.push(row),
        }
    }
    listing
}

/// The first row of each id. One without an id can not be told from another one, and is unreadable anyway.
pub(crate) fn each_once(rows: &[Value]) -> impl Iterator<Item = &Value> {
    let mut seen = HashSet::new();
    rows.iter()
        .filter(move |row| lenient::text(row, "id").is_none_or(|id| seen.insert(id)))
}

#[cfg(test)]
mod tests;

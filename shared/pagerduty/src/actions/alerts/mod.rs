//! Alerts and changes that a workflow sends as monitoring does, by the Events API.
//!
//! An alert has a dedup key, by which PagerDuty knows a repeat: a second trigger with the key of an open alert opens
//! nothing, and what is acknowledged or resolved stays so. A change has none, so an attempt of which it is not known whether
//! it was made is never repeated.

pub mod acknowledge_alert;
pub mod resolve_alert;
pub mod send_change_event;
pub mod trigger_alert;

use serde::Deserialize;
use workflow::action::{FieldKind, LINK, Longest};

use super::{
    contract::{FieldType, fields},
    title,
};
use crate::{client, error::Error, given::WebAddress, ids::DedupKey};

/// The problem or the change in one line of 1 to 1024 characters. Line breaks become spaces, and a longer one is cut.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Summary(String);

/// A summary of nothing but blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the summary is empty; give one that tells people what it is about")]
pub struct EmptySummary;

impl Summary {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Summary {
    type Error = EmptySummary;

    fn try_from(text: String) -> Result<Self, EmptySummary> {
        title::line(&text).map(Self).ok_or(EmptySummary)
    }
}

/// Something that people may want to open.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its address.
    pub href: WebAddress,
    /// Its text.
    pub text: Option<String>,
}

impl FieldType for Link {
    fn kind() -> FieldKind {
        FieldKind::Object(LINK.clone())
    }

    fn list() -> FieldKind {
        FieldKind::Links { most: MOST_LINKS }
    }
}

impl FieldType for Summary {
    fn kind() -> FieldKind {
        FieldKind::Prose(Longest::Characters(title::MAX_LENGTH))
    }
}

/// The number of links that PagerDuty documents that it takes.
const MOST_LINKS: usize = 50;

fn links(given: Option<&Vec<Link>>) -> Result<Vec<client::Link>, Error> {
    let given = given.map(Vec::as_slice).unwrap_or_default();
    if given.len() > MOST_LINKS {
        return Err(Error::Input("`links` has more than 50 entries; leave some out"));
    }
    let link = |link: &Link| client::Link {
        href: link.href.as_str().to_owned(),
        text: link.text.clone(),
    };
    Ok(given.iter().map(link).collect())
}

fields! {
    /// The alert that an event was for.
    AlertOutput {
        dedup_key: String => "the dedup key of the alert";
    }
}

impl AlertOutput {
    fn of(key: &DedupKey) -> Self {
        Self {
            dedup_key: key.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;

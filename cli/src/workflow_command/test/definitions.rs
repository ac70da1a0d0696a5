//! The definitions that are rehearsed.

use crate::{error::Error, known_connectors::KnownConnectors, output::Notices, workflow_command::files};
use std::path::PathBuf;
use workflow::definition::{Definition, ThingReference, Wanted};

/// Reads definitions. No account is asked here what the names in them mean, so each name gets an id that looks like it.
pub(in super::super) fn read(
    paths: &[PathBuf],
    known: &KnownConnectors,
    notices: Notices,
) -> Result<Vec<Definition>, Error> {
    let files::Sources { sources, passed_over } = files::read(paths, known)?;
    if let Some(lines) = files::passed_over_in_words(&passed_over) {
        notices.note(&lines);
    }
    let definitions = sources.iter().map(|source| {
        let resolved = source
            .draft
            .resolved(known.catalog(), |reference| Ok(stand_in(reference)));
        resolved.map_err(|problems| files::told(&source.path, &problems))
    });
    definitions.collect()
}

/// What stands for a thing in the rehearsal: the text itself where it is an id or an address already.
fn stand_in(reference: &ThingReference) -> String {
    let text = reference.text.as_str();
    let words = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    match reference.wanted {
        // Without an account, what an event says is all there is to compare with.
        Wanted::IdOrName => text.to_owned(),
        Wanted::Email if text.contains('@') => text.to_owned(),
        Wanted::Email => format!("{}@example.com", words.join(".").to_ascii_lowercase()),
        Wanted::Id if words == [text] => text.to_owned(),
        Wanted::Id => format!("P{}", words.concat().to_ascii_uppercase()),
    }
}

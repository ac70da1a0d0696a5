//! The outputs of actions: incidents in a few fields, and lists that a run has room for.

use serde::Serialize;

use super::contract::fields;
use crate::{
    ids::IncidentId,
    incident::{Incident, IncidentStatus},
    reference::Reference,
};

/// The most JSON of one list, in bytes: a run keeps 32 KiB of the outputs of a step.
const ROOM: usize = 30 * 1024;

/// The most characters of a text in a list.
const LONGEST_TEXT: usize = 2000;

fields! {
    /// An incident, as the actions that change one give it. What PagerDuty did not say is null.
    IncidentOutput {
        incident_id: IncidentId => "its id";
        title: Option<String> => "its title";
        incident_number: Option<u64> => "its number in the account";
        status: IncidentStatus => "triggered, acknowledged or resolved";
    }
}

impl From<Incident> for IncidentOutput {
    fn from(incident: Incident) -> Self {
        Self {
            incident_id: incident.id,
            title: incident.title,
            incident_number: incident.number,
            status: incident.status,
        }
    }
}

impl IncidentOutput {
    /// The same with a title that is cut where it is long.
    pub(super) fn short(mut incident: Incident) -> Self {
        incident.title = incident.title.map(short);
        incident.into()
    }
}

/// The rest of the room of one list.
pub(super) struct Room(usize);

impl Room {
    /// The room beside entries that are in the list already.
    pub(super) fn beside<T: Serialize>(entries: &[T]) -> Self {
        let taken = entries.iter().map(|entry| size(entry).unwrap_or(ROOM));
        Self(ROOM.saturating_sub(taken.sum()))
    }

    /// Takes the room for a value, if there is enough of it.
    pub(super) fn take<T: Serialize>(&mut self, value: &T) -> bool {
        let left = size(value).and_then(|size| self.0.checked_sub(size));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// The number of bytes that an entry takes as JSON, with the comma that follows it.
fn size<T: Serialize>(entry: &T) -> Option<usize> {
    serde_json::to_string(entry).ok().map(|json| json.len() + 1)
}

/// As many of the entries, from the first on, as there is room for, and whether there are more.
pub(super) fn that_fit<T: Serialize>(entries: impl IntoIterator<Item = T>, more: bool) -> (Vec<T>, bool) {
    let mut kept = Vec::new();
    let mut room = Room(ROOM);
    for entry in entries {
        // An entry that can not be written could not be given either.
        if !room.take(&entry) {
            return (kept, true);
        }
        kept.push(entry);
    }
    (kept, more)
}

/// A text that is cut where it is long.
pub(super) fn short(text: String) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text,
        Some(_) => text.chars().take(LONGEST_TEXT - 1).chain(['…']).collect(),
    }
}

/// The id of what a reference points at.
pub(super) fn id(reference: Option<Reference>) -> Option<String> {
    reference.map(|reference| reference.id)
}

/// Its name for people.
pub(super) fn name(reference: Option<&Reference>) -> Option<String> {
    reference.and_then(|reference| reference.summary.clone()).map(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_between_two_entries_and_says_so() {
        let entries = vec!["x".repeat(1000); 100];

        let (kept, more) = that_fit(entries, false);

        assert!(more);
        assert_eq!(kept.len(), 30);
        assert!(serde_json::to_string(&kept).unwrap().len() <= ROOM + 2);
    }

    #[test]
    fn a_list_that_fits_is_given_whole() {
        assert_eq!(that_fit([1, 2], false), (vec![1, 2], false));
        assert_eq!(that_fit([1, 2], true), (vec![1, 2], true));
    }

    #[test]
    fn a_long_text_is_cut_by_characters_and_marked() {
        assert_eq!(short("é".repeat(2000)), "é".repeat(2000));
        assert_eq!(short("é".repeat(2001)), "é".repeat(1999) + "…");
    }
}

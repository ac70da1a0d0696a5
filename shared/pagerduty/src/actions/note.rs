//! Notes that an action leaves on an incident, and how it knows its own again.
//!
//! PagerDuty accepts the same note twice. So a note ends in a short marker made from the idempotency key, and every
//! attempt but the first looks through the incident's notes for one that ends in that marker before it writes. Without a key the note has
//! no marker, and every call writes it.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use workflow::action::Longest;

use super::call::Call;
use crate::{
    client::{Note, WrittenNote},
    error::Error,
    ids::{IdempotencyKey, IncidentId, UserEmail},
};

/// The most bytes of a note without its marker. PagerDuty takes 65,535.
const MAX_NOTE_LENGTH: usize = 65_000;

/// The greatest length of a note, as the language has it.
pub(super) const NOTE_LENGTH: Longest = Longest::Bytes(MAX_NOTE_LENGTH);

/// The mark of a cut in a note.
const CUT: &str = "… [cut]";

/// A note that one attempt at an action writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnNote<'a> {
    pub(super) incident_id: &'a IncidentId,
    pub(super) from: Option<&'a UserEmail>,
    /// The text for people.
    pub(super) content: &'a str,
    /// The source of its marker.
    pub(super) key: Option<&'a IdempotencyKey>,
    pub(super) attempt: Option<u32>,
}

impl OwnNote<'_> {
    /// Writes it, unless an earlier attempt has.
    pub(super) async fn write(self, call: &Call<'_>) -> Result<WrittenNote, Error> {
        let content = text(self.content);
        let Some(key) = self.key else {
            return call.account()?.add_note(self.from, self.incident_id, &content).await;
        };
        let marker = marker(key);
        let may_be_there = self.attempt != Some(1) || call.deadline.begins_late();
        let may_be_there = may_be_there && !sabotage::breaks(sabotage::Break::NoteWithoutLooking);
        if may_be_there {
            let notes = call.account()?.notes(self.incident_id).await?;
            let is_it = |note: &Note| marker_of(&note.content) == Some(marker.as_str());
            if let Some(Note { id, created_at, .. }) = notes.into_iter().find(is_it) {
                return Ok(WrittenNote { id, created_at });
            }
        }
        let content = format!("{content}\n\n{marker}");
        call.account()?.add_note(self.from, self.incident_id, &content).await
    }
}

/// The beginning of a marker.
const MARKER: &str = "[pagerflow ";

/// The number of characters of the key's hash in a marker.
const MARKER_LENGTH: usize = 13;

/// True if a note was left by a run: its last line is a marker and nothing else. A person who quotes a note of ours writes
/// more on that line, or below it.
#[must_use]
pub fn is_note_of_a_run(note: &str) -> bool {
    if sabotage::breaks(sabotage::Break::QuotedNoteIsOurs) {
        return note.contains(MARKER);
    }
    marker_of(note).is_some()
}

/// The marker that is the last line of a note. PagerDuty may cut blank space at the end.
fn marker_of(note: &str) -> Option<&str> {
    let line = note.trim_end().lines().next_back()?;
    let hash = line.strip_prefix(MARKER)?.strip_suffix(']')?;
    let is_of_hash = |c: char| matches!(c, 'A'..='Z' | '2'..='7');
    (hash.len() == MARKER_LENGTH && hash.chars().all(is_of_hash)).then_some(line)
}

/// 65 bits of the key's hash: short enough not to be in people's way, long enough not to meet another by chance.
pub(super) fn marker(key: &IdempotencyKey) -> String {
    let hash = BASE32_NOPAD.encode(&Sha256::digest(key.as_str()));
    let short: String = hash.chars().take(MARKER_LENGTH).collect();
    format!("{MARKER}{short}]")
}

/// The text for people, within PagerDuty's limit and without control characters other than line breaks and tabs.
pub(super) fn text(note: &str) -> String {
    let shown = |c: char| {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            ' '
        } else {
            c
        }
    };
    let clean: String = note.trim().chars().map(shown).collect();
    if clean.len() <= MAX_NOTE_LENGTH {
        return clean;
    }
    let end = clean.floor_char_boundary(MAX_NOTE_LENGTH - CUT.len());
    format!("{}{CUT}", clean.get(..end).unwrap_or_default())
}

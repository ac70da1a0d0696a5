//! `--signal`: something that happens to an incident while a run waits for it.

use super::sample;
use jiff::Timestamp;
use rehearsal::Signal;
use workflow::definition::Length;

/// Reads `TYPE@AFTER`, or `TYPE@AFTER:PATH=VALUE` with a field of the event that is set.
///
/// # Errors
/// The text has another form, or there is no such type of event or field.
pub(super) fn read(text: &str) -> Result<Signal, String> {
    let problem = |problem: &dyn std::fmt::Display| format!("{text:?}: {problem}");
    let Some((event_type, rest)) = text.split_once('@') else {
        return Err(problem(&"write it as TYPE@AFTER, such as incident.acknowledged@3m"));
    };
    let (after, change) = match rest.split_once(':') {
        Some((after, change)) => (after, Some(sample::change(change).map_err(|error| problem(&error))?)),
        None => (rest, None),
    };
    let after = Length::parse(after).map_err(|error| problem(&error))?;
    let changes: Vec<sample::Change> = change.into_iter().collect();
    // Its time is set when it comes.
    let delivery = sample::event(event_type, &changes, Timestamp::UNIX_EPOCH).map_err(|error| problem(&error))?;
    Signal::new(&delivery, after.duration()).map_err(|error| problem(&error))
}

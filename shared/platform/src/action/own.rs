//! Connectors of the user's own, as calls bring them along.

use crate::task::TaskError;
use connectors::Connector;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use workflow::error_name::ErrorName;

/// The most that the texts of the parts may have together that are kept read, in bytes. A part takes some ten times its text when it
/// is read.
const KEPT_AT_MOST: usize = 256 * 1024;

/// A memory of parts of connectors that were read: an environment of the function mostly performs the actions of few.
#[derive(Debug, Default)]
pub(super) struct OwnConnectors(Mutex<Kept>);

/// The parts, by their texts.
#[derive(Debug, Default)]
struct Kept {
    parts: HashMap<String, Arc<Connector>>,
    bytes: usize,
}

impl OwnConnectors {
    /// Reads and checks a part of a connector.
    pub(super) fn read(&self, part: &Value) -> Result<Arc<Connector>, TaskError> {
        let text = part.to_string();
        if let Some(kept) = self.0.lock().unwrap_or_else(PoisonError::into_inner).parts.get(&text) {
            return Ok(Arc::clone(kept));
        }
        let connector = Connector::from_part(part).map_err(|problems| {
            let message = format!("the connector that came with the call cannot be used: {problems}");
            TaskError::new(ErrorName::InputInvalid, message)
        })?;
        let connector = Arc::new(connector);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keep(text, &connector);
        Ok(connector)
    }
}

impl Kept {
    /// Keeps one. The others make room: what is in use is read again.
    fn keep(&mut self, text: String, connector: &Arc<Connector>) {
        let bytes = text.len();
        if bytes > KEPT_AT_MOST {
            return;
        }
        if self.bytes + bytes > KEPT_AT_MOST {
            *self = Self::default();
        }
        if self.parts.insert(text, Arc::clone(connector)).is_none() {
            self.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn part(summary: &str) -> Value {
        json!({
            "connector": "desk", "title": "Help Desk", "summary": summary, "documentation": "https://desk.example.com",
            "integration": {"auth": "bearer", "secret": "a token", "hosts": ["desk.example.com"]},
            "base_url": "https://desk.example.com",
            "actions": {"open": {
                "summary": "Opens a ticket.", "repeat": "never", "example": "integration: ops",
                "request": {"method": "POST", "path": "/tickets"},
            }},
        })
    }

    #[test]
    fn a_part_is_read_once() {
        let own = OwnConnectors::default();
        let first = own.read(&part("a")).unwrap();
        assert!(Arc::ptr_eq(&first, &own.read(&part("a")).unwrap()));
        assert!(!Arc::ptr_eq(&first, &own.read(&part("b")).unwrap()));
    }

    #[test]
    fn parts_are_kept_in_so_much_memory_however_many_there_are() {
        let own = OwnConnectors::default();
        for number in 0..2_000 {
            own.read(&part(&format!("{number} {}", "x".repeat(250)))).unwrap();
            let kept = own.0.lock().unwrap();
            assert!(kept.bytes <= KEPT_AT_MOST && !kept.parts.is_empty());
            assert_eq!(kept.bytes, kept.parts.keys().map(String::len).sum::<usize>());
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_all_that_is_wrong() {
        let mut broken = part("a");
        broken["actions"]["open"]["request"]["method"] = json!("FETCH");
        broken["connector"] = json!("slack");
        let error = OwnConnectors::default().read(&broken).unwrap_err();
        assert_eq!(error.failure().name, "Input.Invalid");
        let told = error.to_string();
        assert!(
            told.contains("method") && told.contains("`slack` comes with Pagerflow"),
            "{told}"
        );
    }
}

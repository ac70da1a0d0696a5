//! The difference of two definitions, for people: of what they say, and not of how they were written.

use crate::output::{Screen, printable};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use workflow::definition::Definition;

/// The number of lines around that a difference are shown.
const CONTEXT: usize = 3;

/// The difference between two definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    /// The number of lines of YAML that were not there.
    added: usize,
    /// The number of removed ones.
    removed: usize,
    /// All of it, as `diff -u` has it; empty if they say the same.
    text: String,
}

impl Change {
    /// From one definition to another, each with what it is called.
    pub(super) fn between(from: (&str, &Definition), to: (&str, &Definition)) -> Self {
        let (old, new) = (from.1.to_yaml(), to.1.to_yaml());
        let diff = TextDiff::from_lines(&old, &new);
        let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
        let text = match old == new {
            true => String::new(),
            false => diff
                .unified_diff()
                .context_radius(CONTEXT)
                .header(from.0, to.0)
                .to_string(),
        };
        Self {
            added: count(ChangeTag::Insert),
            removed: count(ChangeTag::Delete),
            text,
        }
    }

    /// True if the definitions say the same.
    pub(super) fn is_none(&self) -> bool {
        self.text.is_empty()
    }

    /// Its extent.
    pub(super) fn summary(&self) -> String {
        let lines = |count, what| match count {
            1 => format!("1 line {what}"),
            count => format!("{count} lines {what}"),
        };
        format!("{}, {}", lines(self.added, "added"), lines(self.removed, "removed"))
    }

    /// The difference for a terminal: what is new is green, what is gone is red.
    pub(super) fn shown(&self, screen: Screen) -> String {
        let lines = self.text.lines().map(|line| {
            let colour = match line.chars().next() {
                Some('+') => Some(32),
                Some('-') => Some(31),
                Some('@') => Some(36),
                _ => None,
            };
            let line = printable(line);
            match colour {
                Some(colour) => screen.coloured(colour, &line),
                None => line,
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;

    fn definition(steps: &str) -> Definition {
        Definition::from_source(&format!("name: a\nsteps:\n{steps}"), catalog()).unwrap()
    }

    fn change(old: &str, new: &str) -> Change {
        Change::between(("a v1", &definition(old)), ("a.yaml", &definition(new)))
    }

    #[test]
    fn a_difference_is_shown_in_the_words_of_the_language() {
        let change = change(
            "  - id: pause\n    wait: 10m\n  - stop: done\n",
            "  - { wait: 15m, id: pause, if: run.id == \"x\" }\n  - stop: done\n",
        );
        insta::assert_snapshot!(change.shown(Screen::plain()));
        assert_eq!(change.summary(), "2 lines added, 1 line removed");
        assert_eq!(change.added, 2);
    }

    #[test]
    fn the_same_in_other_words_is_no_difference() {
        let change = change("  # a comment\n  - wait: 60s\n", "  - {\"wait\": \"1m\"}\n");
        assert!(change.is_none(), "{}", change.text);
        assert_eq!(change.summary(), "0 lines added, 0 lines removed");
    }

    #[test]
    fn b28_a_text_cannot_steer_the_terminal() {
        let change = change("  - wait: 1s\n", "  - stop: \"a\\x1b[31mb\"\n");
        assert!(!change.shown(Screen::plain()).contains('\u{1b}'), "{}", change.text);
    }
}

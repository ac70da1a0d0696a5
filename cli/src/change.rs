//! The difference of two definitions, for people: of what they say and of the actions that they use, and not of how they were written. Also
//! that of two texts.

use crate::output::{Screen, printable};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use workflow::definition::Definition;

/// The number of lines around that a difference are shown.
const CONTEXT: usize = 3;

/// The difference between two definitions, or two texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    /// The number of lines of YAML that were not there.
    added: usize,
    /// The number of removed ones.
    removed: usize,
    /// All of it, as `diff -u` has it; empty if they say the same.
    text: String,
    /// The actions that both use and that have another form in the second: their connectors were changed in between.
    actions: Vec<String>,
}

impl Change {
    /// From one definition to another, each with what it is called.
    pub(crate) fn between(from: (&str, &Definition), to: (&str, &Definition)) -> Self {
        let (old, new) = (from.1.to_yaml(), to.1.to_yaml());
        let of_text = Self::of_texts((from.0, &old), (to.0, &new));
        let (before, after) = (from.1.actions(), to.1.actions());
        let actions = after.into_iter();
        let changed = actions.filter(|(name, action)| before.get(name).is_some_and(|before| before != action));
        Self {
            actions: changed.map(|(name, _)| name.to_owned()).collect(),
            ..of_text
        }
    }

    /// From one text to another, each with what it is called.
    pub(crate) fn of_texts(from: (&str, &str), to: (&str, &str)) -> Self {
        let (old, new) = (from.1, to.1);
        let diff = TextDiff::from_lines(old, new);
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
            actions: Vec::new(),
        }
    }

    /// True if there is none.
    pub(crate) fn is_none(&self) -> bool {
        self.text.is_empty() && self.actions.is_empty()
    }

    /// Its extent.
    pub(crate) fn summary(&self) -> String {
        let lines = |count, what| match count {
            1 => format!("1 line {what}"),
            count => format!("{count} lines {what}"),
        };
        let of_text = format!("{}, {}", lines(self.added, "added"), lines(self.removed, "removed"));
        match self.actions.as_slice() {
            [] => of_text,
            actions => format!("{of_text}; {}", newer(actions)),
        }
    }

    /// The difference for a terminal: what is new is green, what is gone is red.
    pub(crate) fn shown(&self, screen: Screen) -> String {
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
        let of_actions = match self.actions.as_slice() {
            [] => None,
            actions => Some(screen.coloured(36, &printable(&newer(actions)))),
        };
        lines.chain(of_actions).collect::<Vec<_>>().join("\n")
    }
}

/// The actions whose form is another one, in words.
fn newer(actions: &[String]) -> String {
    format!("changed since: {}", actions.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known_connectors::tests::{DESK, with_desk};
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
    fn a_connector_that_was_changed_is_a_difference_although_the_definitions_say_the_same() {
        let source = "name: w\nsteps: [{ uses: desk.open_ticket, with: { integration: ops, title: t } }]\n";
        let of = |file: &str| Definition::from_source(source, with_desk(file).catalog()).unwrap();
        let (old, new) = (of(DESK), of(&DESK.replace("path: /tickets", "path: /v2/tickets")));
        assert!(Change::between(("w v1", &old), ("w.yaml", &old)).is_none());
        let change = Change::between(("w v1", &old), ("w.yaml", &new));
        assert!(!change.is_none());
        assert_eq!(
            change.summary(),
            "0 lines added, 0 lines removed; changed since: desk.open_ticket"
        );
        assert_eq!(change.shown(Screen::plain()), "changed since: desk.open_ticket");
    }

    #[test]
    fn b28_a_text_cannot_steer_the_terminal() {
        let change = change("  - wait: 1s\n", "  - stop: \"a\\x1b[31mb\"\n");
        assert!(!change.shown(Screen::plain()).contains('\u{1b}'), "{}", change.text);
    }
}

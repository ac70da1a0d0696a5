//! The inputs of steps that act on other systems than PagerDuty.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{random_of, scope::Gives, writer::Writer};
use crate::world::Secrets;
use serde_json::{Value, json};

impl Writer<'_> {
    /// The input of a step that posts a message.
    pub(super) fn post(&mut self) -> Value {
        let text = match self.random.u32(0..40) {
            0 => "{{ ' ' }} ".to_owned(),
            _ => self.text(),
        };
        json!({"integration": self.account(Secrets::SLACK), "channel": self.channel(), "text": text})
    }

    /// The input of a step that sets the topic of a channel.
    pub(super) fn topic(&mut self) -> Value {
        json!({
            "integration": self.account(Secrets::SLACK), "channel": self.channel(), "topic": format!("so: {}", self.text()),
        })
    }

    /// The input of a step that creates an issue.
    pub(super) fn issue(&mut self) -> Value {
        let summary = match self.random.u32(0..40) {
            0 => "{{ 'x' * 2000 }}".to_owned(),
            // In Jira it is one line.
            1 => "two\nlines".to_owned(),
            _ => self.text(),
        };
        // There are no epics.
        let kind = if self.random.u32(0..30) == 0 { "Epic" } else { "Task" };
        let mut with = json!({
            "integration": self.account(Secrets::JIRA), "project": "OPS", "type": kind, "summary": summary,
        });
        if self.random.u32(0..3) == 0 {
            with["labels"] = json!(["pagerflow", "{{ run.workflow }}"]);
        }
        with
    }

    /// The input of a step that reads an issue. Now and then one that nobody knows.
    pub(super) fn known_issue(&mut self) -> Value {
        let issues = self.scope.steps_that_give(Gives::Issue);
        let issue = issues.last().map(|id| format!("{{{{ steps.{id}.outputs.key }}}}"));
        let issue = match (self.random.u32(0..12), issue) {
            (1.., Some(issue)) => issue,
            _ => "OPS-0".to_owned(),
        };
        json!({"integration": self.account(Secrets::JIRA), "issue": issue})
    }

    fn account(&mut self, alias: &'static str) -> &'static str {
        if self.random.u32(0..40) == 0 { "nowhere" } else { alias }
    }

    fn channel(&mut self) -> &'static str {
        random_of(self.random, &["C1", "C1", "C2", "C3", "C4", "C5", "C6", "C0"])
    }
}

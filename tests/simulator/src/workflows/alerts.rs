//! The inputs of steps that use the Events API.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{random_of, scope::Gives, writer::Writer};
use serde_json::{Value, json};

impl Writer<'_> {
    /// The input of a step that triggers an alert, or of one that acknowledges or resolves it.
    pub(super) fn alert(&mut self, is_new: bool) -> Value {
        let mut with = self.event();
        if !is_new {
            with["dedup_key"] = self.known_key().into();
            return with;
        }
        with["summary"] = self.summary().into();
        with["source"] = random_of(self.random, &["web-1", self.style.title_alone(), "{{ ' ' }}"]).into();
        with["severity"] = random_of(
            self.random,
            &[
                "critical",
                "error",
                "warning",
                "info",
                "{{ event.data.urgency | default('loud') }}",
            ],
        )
        .into();
        // Without one the step has a key of its own.
        if self.random.u32(0..5) < 2 {
            with["dedup_key"] = match self.random.u32(0..5) {
                // No key, because it tells nothing apart.
                0 => "on-{{ event.incident.priority }}",
                _ => self.own_key(),
            }
            .into();
        }
        for name in ["component", "group", "class", "client"] {
            if self.random.u32(0..6) == 0 {
                with[name] = self.text().into();
            }
        }
        if self.random.u32(0..6) == 0 {
            with["client_url"] = self.address().into();
        }
        self.decorate(&mut with);
        with
    }

    /// The input of a step that records a change.
    pub(super) fn change(&mut self) -> Value {
        let mut with = self.event();
        with["summary"] = self.summary().into();
        if self.random.bool() {
            with["source"] = random_of(self.random, &["pipeline", self.style.title_alone()]).into();
        }
        self.decorate(&mut with);
        with
    }

    fn event(&mut self) -> Value {
        let integration = if self.random.u32(0..40) == 0 { "nowhere" } else { "prod" };
        let key = match self.random.u32(0..40) {
            0 => "missing",
            1 => "retired",
            2..15 => "platform",
            _ => "checkout",
        };
        json!({"integration": integration, "routing_key": key})
    }

    fn summary(&mut self) -> String {
        match self.random.u32(0..40) {
            0 => "{{ ' ' }} ".to_owned(),
            1 => "{{ 'x' * 2000 }}".to_owned(),
            _ => self.text(),
        }
    }

    /// A key of the author's own.
    fn own_key(&mut self) -> &'static str {
        random_of(
            self.random,
            &[
                "disk full",
                self.style.title_alone(),
                "{{ event.incident.id }}",
                // Too long, so that a hash stands in its place.
                "{{ 'k' * 300 }}",
            ],
        )
    }

    /// The key of an alert that an earlier step may have triggered. Now and then of one that nobody has.
    fn known_key(&mut self) -> String {
        let alerts = self.scope.steps_that_give(Gives::Alert);
        let alert = alerts
            .last()
            .map(|id| format!("{{{{ steps.{id}.outputs.dedup_key }}}}"));
        match (self.random.u32(0..12), alert) {
            (0, _) => "nothing of that kind".to_owned(),
            (1..10, Some(alert)) => alert,
            _ => self.own_key().to_owned(),
        }
    }

    /// What people see beside the summary.
    fn decorate(&mut self, with: &mut Value) {
        if self.random.u32(0..4) == 0 {
            with["timestamp"] = self.time().into();
        }
        if self.random.u32(0..3) == 0 {
            with["custom_details"] = json!({"urgency": "{{ event.incident.urgency }}", "said": self.text()});
        }
        if self.random.u32(0..3) == 0 {
            let links = (0..self.random.u32(1..=3)).map(|_| json!({"href": self.address(), "text": "Runbook"}));
            with["links"] = links.collect();
        }
    }

    /// Where people can look. Now and then an expression gives no address.
    fn address(&mut self) -> &'static str {
        random_of(
            self.random,
            &[
                "https://example.com/runbook",
                "https://example.com/incidents/{{ event.incident.id }}",
                "{{ 'javascript:alert(1)' }}",
            ],
        )
    }
}

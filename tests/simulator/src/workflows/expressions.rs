//! Conditions, texts and values over what can be seen.

use super::{
    scope::{Gives, Holds},
    writer::Writer,
};
use serde_json::{Value, json};
use workflow::definition::InputKind;

impl Writer<'_> {
    /// A condition. Now and then one that cannot be evaluated, because a step that it looks at was skipped.
    pub(super) fn condition(&mut self) -> String {
        let mut choices = vec![
            "true".to_owned(),
            "event.incident.urgency == 'high'".to_owned(),
            "event.incident.priority is none".to_owned(),
            "run.version >= 1".to_owned(),
            "now >= time(run.started_at) - duration('1s')".to_owned(),
            "not (time('2026-11-21T12:00:00Z') | within('09:00-17:00', days='mon-fri', zone='Europe/Berlin'))"
                .to_owned(),
            format!("{} > 3", self.number()),
            format!("{} % 2 == 0", self.number()),
        ];
        if self.random.u32(0..4) == 0 {
            choices.push("false".to_owned());
        }
        for (id, gives) in &self.scope.steps {
            choices.push(format!("steps.{id}.outcome == 'success'"));
            choices.push(format!("steps.{id}.outcome != 'failure'"));
            match gives {
                Gives::Incident => choices.push(format!("steps.{id}.outputs.status == 'triggered'")),
                Gives::Lanes => choices.push(format!("steps.{id}.outputs.failed == 0")),
                Gives::Rounds => choices.push(format!("steps.{id}.outputs.ended_by != 'at_most'")),
                Gives::Alert => choices.push(format!("steps.{id}.outputs.dedup_key != 'disk full'")),
                Gives::Issue => choices.push(format!("steps.{id}.outputs.key | length > 5")),
                Gives::Decision => choices.push(format!("steps.{id}.outputs.choice | length > 5")),
                Gives::News => choices.push(format!("steps.{id}.outputs.ended_by | length > 6")),
                Gives::Run | Gives::Nothing => {}
            }
        }
        for name in self.scope.inputs_of(InputKind::Boolean) {
            choices.push(format!("inputs.{name}"));
        }
        self.random.choice(choices).unwrap_or_default()
    }

    /// An expression that gives a number.
    pub(super) fn number(&mut self) -> String {
        let mut choices = vec![
            self.random.u32(0..9).to_string(),
            self.style.number().to_owned(),
            "inputs.rounds".to_owned(),
        ];
        if self.scope.item || self.scope.round {
            choices.extend(["index".to_owned(), "index".to_owned(), "index".to_owned()]);
        }
        for name in self.scope.variables_of(Holds::Number) {
            choices.push(format!("vars.{name}"));
        }
        for id in self.scope.steps_that_give(Gives::Lanes) {
            choices.push(format!("steps.{id}.outputs.succeeded"));
        }
        for id in self.scope.steps_that_give(Gives::Rounds) {
            choices.push(format!("steps.{id}.outputs.rounds"));
        }
        for id in self.scope.steps_that_give(Gives::Incident) {
            choices.push(format!("(steps.{id}.outputs.incident_number | default(0))"));
        }
        self.random.choice(choices).unwrap_or_default()
    }

    /// A text with expressions in it.
    pub(super) fn text(&mut self) -> String {
        let title = self.style.title();
        let mut choices = vec![
            "plain".to_owned(),
            format!("{{{{ {title} }}}}"),
            format!("Again: {{{{ {title} }}}}"),
            "run {{ run.id }} of {{ run.workflow }}".to_owned(),
            "{% if event.incident.urgency == 'high' %}now{% else %}later{% endif %}".to_owned(),
            format!("number {{{{ {} }}}}", self.number()),
            "begun {{ time(run.started_at) + duration('90m') }}, {{ time(run.started_at) | format_time('%Y') }}"
                .to_owned(),
        ];
        if self.scope.item {
            choices.push("item {{ index }}: {{ item }}".to_owned());
        }
        if self.scope.round {
            choices.push("round {{ index }}".to_owned());
        }
        if self.scope.failure {
            choices.push(
                "failed: {{ failure.name }}{% if failure.step is none %} outside of a step{% endif %}".to_owned(),
            );
        }
        for name in self.scope.variables_of(Holds::Text) {
            choices.push(format!("{{{{ vars.{name} }}}}, said somebody"));
        }
        for name in self.scope.inputs_of(InputKind::Text) {
            choices.push(format!("{{{{ inputs.{name} }}}}"));
        }
        for (id, _) in &self.scope.steps {
            choices.push(format!("step {id}: {{{{ steps.{id}.outcome }}}}"));
        }
        for id in self.scope.steps_that_give(Gives::Incident) {
            choices.push(format!("see {{{{ steps.{id}.outputs.incident_id }}}}"));
        }
        for id in self.scope.steps_that_give(Gives::Decision) {
            choices.push(format!(
                "{{{{ steps.{id}.outputs.choice }}}} by {{{{ steps.{id}.outputs.via }}}}"
            ));
        }
        for id in self.scope.steps_that_give(Gives::Alert) {
            choices.push(format!("alert {{{{ steps.{id}.outputs.dedup_key }}}}"));
        }
        for id in self.scope.steps_that_give(Gives::Issue) {
            choices.push(format!("issue {{{{ steps.{id}.outputs.key }}}}"));
        }
        for id in self.scope.steps_that_give(Gives::Lanes) {
            choices.push(format!("{{{{ steps.{id}.outputs.lanes | length }}}} lanes"));
        }
        self.random.choice(choices).unwrap_or_default()
    }

    /// The id of an incident. Now and then of one that nobody knows.
    pub(super) fn incident(&mut self) -> String {
        let tickets = self.scope.steps_that_give(Gives::Incident);
        let ticket = tickets
            .last()
            .map(|id| format!("{{{{ steps.{id}.outputs.incident_id }}}}"));
        match (self.random.u32(0..12), ticket) {
            (0, _) => "Q0UNKNOWN00001".to_owned(),
            (1..10, Some(ticket)) => ticket,
            _ => "{{ event.incident.id }}".to_owned(),
        }
    }

    /// The condition that ends rounds, of which there may be so many.
    pub(super) fn until(&mut self, rounds: u32) -> String {
        match self.random.u32(0..3) {
            0 => format!("index >= {}", self.random.u32(0..rounds.max(1))),
            1 => format!("index > 0 and ({})", self.condition()),
            _ => self.condition(),
        }
    }

    /// A list that a `for_each` goes through, of about so many items.
    pub(super) fn list_of_items(&mut self, count: u32) -> Value {
        let mut choices: Vec<Value> = vec![
            format!("{{{{ range({count}) }}}}").into(),
            (0..count).map(|number| json!(format!("item {number}"))).collect(),
            (0..count)
                .map(|number| json!({"number": number, "ok": number % 3 > 0}))
                .collect(),
        ];
        if count <= 4 {
            choices.push("{{ event.incident.teams }}".into());
            for name in self.scope.inputs_of(InputKind::List) {
                choices.push(format!("{{{{ inputs.{name} }}}}").into());
            }
            for name in self.scope.variables_of(Holds::List) {
                choices.push(format!("{{{{ vars.{name} }}}}").into());
            }
        }
        if self.random.u32(0..30) == 0 {
            // A text, which only the event says.
            choices = vec!["{{ event.incident.title | default(event.data) }}".into()];
        }
        self.random.choice(choices).unwrap_or_default()
    }

    /// What a lane gives.
    pub(super) fn output(&mut self) -> Value {
        let text = self.text();
        let number = format!("{{{{ {} }}}}", self.number());
        match self.random.u32(0..12) {
            0..4 => text.into(),
            4..8 => json!({"text": text, "number": number}),
            8..10 => number.into(),
            // Many of these are more than what is gathered.
            10 => "{{ 'x' * 3000 }}".into(),
            _ => "{{ 'x' * 9000 }}".into(),
        }
    }
}

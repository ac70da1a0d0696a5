//! Signals: events of incidents that come while runs wait.

use crate::{delivery::Delivery, intervention::InvalidIntervention};
use jiff::{SignedDuration, Timestamp};
use platform::{awaited::AwaitedEvent, intake::Events};
use serde_json::Value;
use std::collections::BTreeSet;
use workflow::{definition::Definition, run::WebhookKind, watch::Watch};

/// An event of an incident that comes some time after the start. Its incident is that of the event that has started the runs; where none
/// has, each that a run watches then.
#[derive(Debug, Clone)]
pub struct Signal {
    event_type: String,
    body: Value,
    after: SignedDuration,
}

impl Signal {
    /// The event of a V3 delivery, so long after the start.
    ///
    /// # Errors
    /// The delivery has no event of an incident.
    pub fn new(delivery: &Delivery, after: SignedDuration) -> Result<Self, InvalidIntervention> {
        let body: Value =
            serde_json::from_slice(delivery.body()).map_err(|error| InvalidIntervention(error.to_string()))?;
        let event_type = body.pointer("/event/event_type").and_then(Value::as_str);
        let event_type = event_type
            .filter(|name| name.starts_with("incident."))
            .map(str::to_owned);
        let event_type = event_type.ok_or_else(|| {
            let problem = "a run waits for events of incidents only; give a type such as incident.acknowledged";
            InvalidIntervention(problem.to_owned())
        })?;
        Ok(Self {
            event_type,
            body,
            after,
        })
    }

    /// Checks that a step of one of the definitions waits for something about an incident, or looks at it again and again.
    pub(crate) fn check<'a>(
        &self,
        mut definitions: impl Iterator<Item = &'a Definition>,
    ) -> Result<(), InvalidIntervention> {
        let repeats = |definition: &Definition| definition.walk().any(|(_, step)| step.rounds().is_some());
        match definitions.any(|definition| definition.awaits_events() || repeats(definition)) {
            true => Ok(()),
            false => Err(InvalidIntervention(format!(
                "no step waits for {}: `wait_for` does, and the rounds of a `repeat` can",
                self.event_type
            ))),
        }
    }

    pub(crate) fn event_type(&self) -> &str {
        &self.event_type
    }

    /// The time at which it comes, where the runs start then.
    pub(crate) fn at(&self, start: Timestamp) -> Timestamp {
        start.saturating_add(self.after).unwrap_or(Timestamp::MAX)
    }

    /// The event as it comes about an incident, as the ingress hands it on.
    pub(crate) fn about(&self, watch: &Watch, number: usize, now: Timestamp) -> Option<AwaitedEvent> {
        let mut body = self.body.clone();
        let event = body.get_mut("event")?;
        event["id"] = format!("01REHEARSED{number:04}{}", watch.incident()).into();
        event["occurred_at"] = now.to_string().into();
        let data = event.get_mut("data")?;
        let incident = match data.get("type").is_some_and(|kind| kind == "incident") {
            true => data,
            false => data.get_mut("incident")?,
        };
        incident["id"] = watch.incident().into();
        let body = body.to_string();
        let events = Events::read(WebhookKind::V3, body.as_bytes()).ok()?;
        let types = BTreeSet::from([self.event_type.as_str()]);
        events.awaited(&watch.integration, &types, now).pop()
    }
}

//! What runs tell PagerDuty by its Events API, counted on PagerDuty's side: alerts and changes.
//!
//! Nobody else has the routing keys, and the Events API acts in nobody's name.

use super::{Evidence, Violations, effects::action_at};
use crate::{
    reference::Place,
    store::Change,
    world::{Fault, Secrets, Site},
};
use jiff::Timestamp;
use pagerduty::actions::Action;
use pagerduty::actions::alerts::Summary;
use pagerduty_simulator::{Effect, EffectKind, IncidentId, Status};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::planner::{Outcome, StepChange};

const WRITTEN_BEFORE: &str = "an effect is written down before it is made";
const NOT_AFTER: &str = "no request is under way of a step that has succeeded";
const HAS_EFFECT: &str = "a step that succeeded has its effect";
const AS_ASKED: &str = "an effect is what the step asked for";

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let asks = asks(evidence);
    for event in &evidence.alert_events {
        was_asked_for(event, &asks, violations);
    }
    let alerts = alerts(&evidence.effects);
    for ask in &asks {
        one_alert(ask, &alerts, violations);
        succeeded(ask, &alerts, violations);
    }
    changes(evidence, &asks, violations);
}

/// A step that was attempted and tells PagerDuty something by the Events API.
struct Ask<'a> {
    place: &'a Place,
    action: Action,
    input: &'a Value,
    /// The dedup keys with which it was attempted.
    keys: BTreeSet<&'a str>,
    /// Where its routing key leads.
    service: Option<&'static str>,
    /// The time when its first attempt was written down.
    since: Timestamp,
    /// The time when it was written down that it succeeded.
    succeeded: Option<Timestamp>,
    /// The number of times that a call or a request of it was made twice.
    doubled: u64,
    /// True if the clock of a function that did it was wrong: such a function does not know when its time is over.
    is_skewed: bool,
}

impl Ask<'_> {
    fn is_about(&self, service: &str, key: &str) -> bool {
        self.service == Some(service) && self.keys.contains(key)
    }

    /// True if a request of it can be carried out at a time.
    fn may_be_at_it(&self, at: Timestamp) -> bool {
        self.succeeded.is_none_or(|succeeded| at <= succeeded) || self.doubled > 0 || self.is_skewed
    }

    /// True if an event says what it asked for.
    fn says(&self, event: &Value) -> bool {
        let payload = &event["payload"];
        self.action != Action::TriggerAlert
            || self.summary().as_deref() == payload["summary"].as_str()
                && ["source", "severity", "component", "group", "class", "custom_details"]
                    .into_iter()
                    .all(|name| self.input[name] == payload[name])
    }

    fn summary(&self) -> Option<String> {
        let summary = Summary::try_from(self.input["summary"].as_str()?.to_owned());
        summary.ok().map(|summary| summary.as_str().to_owned())
    }
}

fn asks<'a>(evidence: &'a Evidence<'_>) -> Vec<Ask<'a>> {
    let mut asks: BTreeMap<&Place, Ask<'_>> = BTreeMap::new();
    for logged in &evidence.tables.log {
        let Change::Step { place, record } = &logged.change else {
            continue;
        };
        match &record.change {
            StepChange::AttemptStarted { input, effect_key, .. } => {
                let Some(action) = action_at(evidence, place).filter(|action| is_event(*action)) else {
                    continue;
                };
                let ask = asks.entry(place).or_insert_with(|| Ask {
                    place,
                    action,
                    input,
                    keys: BTreeSet::new(),
                    service: service_of(input),
                    since: logged.at,
                    succeeded: None,
                    doubled: times(evidence, place, &[Fault::ActionTwice, Fault::RequestTwice]),
                    is_skewed: times(evidence, place, &[Fault::Skewed]) > 0,
                });
                ask.keys
                    .insert(input["dedup_key"].as_str().unwrap_or(effect_key.as_str()));
            }
            StepChange::Finished { result, .. } if result.outcome == Outcome::Success => {
                if let Some(ask) = asks.get_mut(place) {
                    ask.succeeded = Some(logged.at);
                }
            }
            _ => {}
        }
    }
    asks.into_values().collect()
}

fn is_event(action: Action) -> bool {
    matches!(
        action,
        Action::TriggerAlert | Action::AcknowledgeAlert | Action::ResolveAlert | Action::SendChangeEvent
    )
}

fn service_of(input: &Value) -> Option<&'static str> {
    let name = input["routing_key"].as_str()?;
    Secrets::ROUTING_KEYS.into_iter().find(|key| key.name == name)?.service
}

/// The number of times that a step met some faults.
fn times(evidence: &Evidence<'_>, place: &Place, faults: &[Fault]) -> u64 {
    let times = faults
        .iter()
        .map(|fault| evidence.mishaps.get(&(*fault, Site::Step(place.clone()))));
    times.flatten().sum()
}

/// What an event asks for a step had asked for, and went on asking: a request that comes later could undo what was done in
/// between, such as open an alert again.
fn was_asked_for(event: &Value, asks: &[Ask<'_>], violations: &mut Violations) {
    let action = match event["event_action"].as_str() {
        Some("acknowledge") => Action::AcknowledgeAlert,
        Some("resolve") => Action::ResolveAlert,
        _ => Action::TriggerAlert,
    };
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let (service, key) = (text("service"), text("dedup_key"));
    let at = received_at(event);
    let asking: Vec<&Ask<'_>> = asks
        .iter()
        .filter(|ask| ask.action == action && ask.is_about(service, key) && ask.since <= at)
        .collect();
    let wrong = if asking.is_empty() {
        WRITTEN_BEFORE
    } else if !asking.iter().any(|ask| ask.says(event)) {
        AS_ASKED
    } else if !asking.iter().any(|ask| ask.may_be_at_it(at)) {
        NOT_AFTER
    } else {
        return;
    };
    violations.add(wrong, format!("{action} of {key} at {at}: {event}"));
}

fn received_at(event: &Value) -> Timestamp {
    let at = event["received_at"].as_str().and_then(|time| time.parse().ok());
    at.unwrap_or(Timestamp::MIN)
}

/// An alert that an event has opened.
struct Alert<'a> {
    incident: &'a IncidentId,
    key: &'a str,
    service: &'a str,
    opened: Timestamp,
    acknowledged: Option<Timestamp>,
    /// The times in which it was open, each with its end, if it has one. An acknowledgement opens a resolved incident again.
    open: Vec<(Timestamp, Option<Timestamp>)>,
}

impl Alert<'_> {
    fn was_open_at(&self, at: Timestamp) -> bool {
        self.was_open_between(at, at)
    }

    /// True if it was open at a moment of a time.
    fn was_open_between(&self, since: Timestamp, until: Timestamp) -> bool {
        let mut open = self.open.iter();
        open.any(|(from, to)| *from <= until && to.is_none_or(|to| since < to))
    }
}

/// The alerts in the order in which they were opened.
fn alerts(effects: &[Effect]) -> Vec<Alert<'_>> {
    let mut alerts: Vec<Alert<'_>> = Vec::new();
    for effect in effects {
        let alert = alerts.iter_mut().find(|alert| *alert.incident == effect.incident);
        match (&effect.kind, alert) {
            (EffectKind::Created { key, service, .. }, _) if effect.by.is_none() => alerts.push(Alert {
                incident: &effect.incident,
                key,
                service: service.as_str(),
                opened: effect.at,
                acknowledged: None,
                open: vec![(effect.at, None)],
            }),
            (EffectKind::Status(Status::Acknowledged), Some(alert)) => {
                alert.acknowledged.get_or_insert(effect.at);
                if alert.open.iter().all(|(_, until)| until.is_some()) {
                    alert.open.push((effect.at, None));
                }
            }
            (EffectKind::Status(Status::Resolved), Some(alert)) => {
                if let Some((_, until)) = alert.open.last_mut() {
                    until.get_or_insert(effect.at);
                }
            }
            _ => {}
        }
    }
    alerts
}

/// A step that names no key of its author's has at most one open alert at a time, however often it was tried.
fn one_alert(ask: &Ask<'_>, alerts: &[Alert<'_>], violations: &mut Violations) {
    if ask.action != Action::TriggerAlert || !ask.input["dedup_key"].is_null() {
        return;
    }
    let own: Vec<&Alert<'_>> = alerts
        .iter()
        .filter(|alert| ask.is_about(alert.service, alert.key))
        .collect();
    for (number, alert) in own.iter().enumerate() {
        let mut before = own.iter().take(number);
        if before.any(|before| before.was_open_at(alert.opened)) {
            violations.add(
                "I2 an effect key makes one alert",
                format!("{:?}: {:?}", ask.place, ask.keys),
            );
        }
    }
}

/// While the step went on, the alert was for a moment as it said.
fn succeeded(ask: &Ask<'_>, alerts: &[Alert<'_>], violations: &mut Violations) {
    let Some(end) = ask.succeeded else { return };
    let mut own = alerts.iter().filter(|alert| ask.is_about(alert.service, alert.key));
    let stayed_open = |alert: &Alert<'_>| alert.was_open_at(ask.since) && alert.was_open_at(end);
    let is_so = match ask.action {
        Action::TriggerAlert => own.any(|alert| alert.was_open_between(ask.since, end)),
        Action::AcknowledgeAlert => {
            !own.any(|alert| stayed_open(alert) && alert.acknowledged.is_none_or(|acknowledged| end < acknowledged))
        }
        Action::ResolveAlert => !own.any(stayed_open),
        _ => true,
    };
    if !is_so {
        violations.add(HAS_EFFECT, format!("{:?} says that it did {}", ask.place, ask.action));
    }
}

/// A change is recorded once by each step that does, unless something on the way doubled it: PagerDuty has no key to know a
/// second one by, so that a step whose outcome is unknown must not be tried again.
fn changes(evidence: &Evidence<'_>, asks: &[Ask<'_>], violations: &mut Violations) {
    let mut steps: BTreeMap<String, Vec<&Ask<'_>>> = BTreeMap::new();
    let is_change = |ask: &&Ask<'_>| ask.action == Action::SendChangeEvent && ask.service.is_some();
    for ask in asks.iter().filter(is_change) {
        let payload = ask.input;
        let summary = ask.summary().unwrap_or_default();
        steps.entry(words(&summary, payload)).or_default().push(ask);
    }
    let mut made: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for change in &evidence.changes {
        let payload = &change["payload"];
        let words = words(payload["summary"].as_str().unwrap_or_default(), payload);
        made.entry(words).or_default().push(received_at(change));
    }
    for (change, times) in &made {
        let asks = steps.get(change).map(Vec::as_slice).unwrap_or_default();
        if let Some(at) = times.iter().find(|at| !asks.iter().any(|ask| ask.since <= **at)) {
            violations.add(
                WRITTEN_BEFORE,
                format!("the change {change} at {at}: nothing is known of it"),
            );
        }
        let most = asks.iter().map(|ask| ask.doubled + 1).sum::<u64>();
        let count = u64::try_from(times.len()).unwrap_or(u64::MAX);
        if count > most && !asks.is_empty() {
            let steps = asks.len();
            violations.add(
                "I2 a change is recorded once",
                format!("{change} is there {count} times, of {steps} steps"),
            );
        }
    }
    for (change, asks) in &steps {
        let succeeded = asks.iter().filter(|ask| ask.succeeded.is_some()).count();
        let made = made.get(change).map_or(0, Vec::len);
        if made < succeeded {
            violations.add(
                HAS_EFFECT,
                format!("{succeeded} steps say that they recorded {change}, which is there {made} times"),
            );
        }
    }
}

/// What a change says. Steps that say the same cannot be told apart.
fn words(summary: &str, beside: &Value) -> String {
    format!("{summary:?} {} {}", beside["source"], beside["custom_details"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::BEGIN;
    use jiff::SignedDuration;
    use pagerduty_simulator::ServiceId;
    use rstest::rstest;

    const ACKNOWLEDGED: EffectKind = EffectKind::Status(Status::Acknowledged);
    const RESOLVED: EffectKind = EffectKind::Status(Status::Resolved);

    fn second(number: i64) -> Timestamp {
        BEGIN + SignedDuration::from_secs(number)
    }

    /// An alert to whose incident this happened, one a second from the first second on.
    fn with_alert<R>(effects: &[EffectKind], look: impl FnOnce(&Alert<'_>) -> R) -> R {
        let created = EffectKind::Created {
            key: "k".to_owned(),
            service: ServiceId::new("P1"),
            title: "t".to_owned(),
        };
        let effects: Vec<Effect> = (0..)
            .zip(std::iter::once(&created).chain(effects))
            .map(|(number, kind)| Effect {
                at: second(number),
                incident: IncidentId::new("Q1"),
                by: None,
                kind: kind.clone(),
            })
            .collect();
        look(&alerts(&effects)[0])
    }

    #[rstest]
    #[case::acknowledged(&[ACKNOWLEDGED], true)]
    #[case::resolved(&[RESOLVED], false)]
    #[case::resolved_twice(&[RESOLVED, RESOLVED], false)]
    #[case::acknowledged_and_resolved_at_once_in_the_other_order(&[RESOLVED, ACKNOWLEDGED], true)]
    #[case::resolved_after_that(&[RESOLVED, ACKNOWLEDGED, RESOLVED], false)]
    fn an_alert_is_open_after(#[case] effects: &[EffectKind], #[case] expected: bool) {
        with_alert(effects, |alert| {
            assert!(alert.was_open_at(second(0)));
            assert_eq!(alert.was_open_at(second(10)), expected);
        });
    }
}

//! What PagerDuty has seen of a phase.

use super::{Phase, sender::Sent};
use crate::error::Error;
use ::tests::PagerDuty;
use ::tests::figures::Sample;
use jiff::Timestamp;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// What became of the deliveries that were accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// From the moment at which a delivery was due to the first call that reaches PagerDuty.
    pub(super) called: Sample,
    /// Events of accepted deliveries whose run created one incident.
    pub(super) once: usize,
    /// Those whose run has created none yet.
    pub(super) not_done: usize,
    /// Events with more than one, also of deliveries that were not accepted.
    pub(super) doubled: usize,
}

impl Outcome {
    /// What became of a phase, as the first calls and the incidents of each title tell.
    pub(super) fn of(
        sent: &[Sent],
        phase: Phase,
        calls: &BTreeMap<String, Timestamp>,
        created: &BTreeMap<String, usize>,
    ) -> Self {
        let mut outcome = Self::default();
        let mut called = Vec::new();
        for delivery in sent {
            let title = phase.title(delivery.event);
            match (created.get(&title), delivery.accepted_after) {
                (Some(2..), _) => outcome.doubled += 1,
                (_, None) => {}
                (None | Some(0), Some(_)) => outcome.not_done += 1,
                (Some(1), Some(_)) => outcome.once += 1,
            }
            let after = calls
                .get(&title)
                .filter(|_| delivery.accepted_after.is_some())
                .map(|at| at.duration_since(delivery.due));
            called.extend(after.map(|after| Duration::try_from(after).unwrap_or_default()));
        }
        outcome.called = Sample::new(called);
        outcome
    }
}

/// How many incidents of each title PagerDuty has.
pub(super) fn created(pagerduty: &PagerDuty) -> Result<BTreeMap<String, usize>, Error> {
    let mut created = BTreeMap::new();
    for incident in pagerduty.incidents()? {
        let title = incident.pointer("/incident/title").and_then(Value::as_str);
        *created.entry(title.unwrap_or_default().to_owned()).or_default() += 1;
    }
    Ok(created)
}

/// The number of accepted deliveries that have no incident yet.
pub(super) fn not_done(sent: &[Sent], phase: Phase, created: &BTreeMap<String, usize>) -> usize {
    Outcome::of(sent, phase, &BTreeMap::new(), created).not_done
}

/// The time when the first request to create an incident of each title came.
pub(super) fn first_calls(requests: &[Value]) -> BTreeMap<String, Timestamp> {
    let mut calls = BTreeMap::new();
    for request in requests {
        let title = request.pointer("/body/incident/title").and_then(Value::as_str);
        let at = request.get("at").and_then(Value::as_str);
        if let (Some(title), Some(Ok(at))) = (title, at.map(str::parse)) {
            calls.entry(title.to_owned()).or_insert(at);
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_accepted_event_is_done_once_not_done_or_doubled() {
        let phase = Phase {
            number: 0,
            a_second: 50,
            kills: false,
        };
        let due: Timestamp = "2026-11-20T09:30:00Z".parse().unwrap();
        let sent: Vec<Sent> = (0..4)
            .map(|event| Sent {
                event,
                due,
                accepted_after: (event < 3).then_some(Duration::from_millis(7)),
            })
            .collect();
        let request = |at: &str| json!({"at": at, "body": {"incident": {"title": phase.title(0)}}});
        let calls = first_calls(&[
            request("2026-11-20T09:30:00.250Z"),
            request("2026-11-20T09:30:09Z"),
            json!({"at": "2026-11-20T09:30:00Z", "body": null}),
        ]);
        let titles = [phase.title(0), phase.title(2)];
        let created = BTreeMap::from([(titles[0].clone(), 1), (titles[1].clone(), 2)]);

        let outcome = Outcome::of(&sent, phase, &calls, &created);

        let counts = (outcome.once, outcome.not_done, outcome.doubled);
        assert_eq!(counts, (1, 1, 1), "the fourth was never accepted");
        assert_eq!(
            outcome.called,
            Sample::new([Duration::from_millis(250)]),
            "the first call counts"
        );
    }
}

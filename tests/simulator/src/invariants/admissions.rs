//! Which events give runs, and which of these runs do something.

use super::{ACTS_FOR_RUNS, Evidence, Violations};
use crate::{store::Change, world::PassedOver};
use jiff::{SignedDuration, Timestamp};
use pagerduty_simulator::EffectKind;
use platform::intake::Ignored;
use serde_json::Value;
use workflow::{
    definition::Definition,
    ids::{RunId, Section, WorkflowId},
    planner::StepChange,
    triggers::Trigger,
};

/// From what age on an event starts nothing.
const TOO_OLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How old what is known of a workflow may be: the ingress remembers it for ten seconds, or for a quarter of an hour while the
/// table is out of reach; and what it read may have been some seconds old.
const STALE: SignedDuration = SignedDuration::from_mins(16);

/// How long before it is written down a Plan may have looked: a write that comes late, and functions that do.
const LOOKED_BEFORE: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    for refused in &evidence.refused {
        violations.add("PagerDuty is not told to stop sending", refused);
    }
    for event in &evidence.passed_over {
        if !holds(evidence, event) {
            violations.add("an event is passed over for a reason that holds", format!("{event:?}"));
        }
    }
    for logged in &evidence.tables.log {
        if let Change::RunBegan(run) = &logged.change {
            unwanted(evidence, run, logged.at, violations);
        }
    }
}

/// True if the reason for which no run was started was one.
fn holds(evidence: &Evidence<'_>, event: &PassedOver) -> bool {
    let PassedOver {
        workflow, reason, at, ..
    } = event;
    let text = |pointer: &str| event.event.pointer(pointer).and_then(Value::as_str);
    match reason {
        Ignored::WorkflowDisabled | Ignored::NoWorkflow => {
            was(evidence, workflow, *at, STALE, false) || never_triggered(evidence, workflow)
        }
        Ignored::TooOld => {
            let occurred_at = text("/event/occurred_at").and_then(|time| time.parse::<Timestamp>().ok());
            occurred_at.is_some_and(|occurred_at| at.duration_since(occurred_at) > TOO_OLD)
        }
        Ignored::OwnNote => text("/event/data/content").is_some_and(|content| is_of_a_run(evidence, content)),
        Ignored::EventType => text("/event/event_type").is_some_and(|event_type| only_awaited(evidence, event_type)),
        Ignored::OnlyWaits => evidence.tables.versions.values().any(only_waits),
        // No workflow has filters.
        Ignored::Condition => true,
        Ignored::Ping
        | Ignored::WorkflowDeleted
        | Ignored::Service
        | Ignored::Team
        | Ignored::Priority
        | Ignored::Urgency
        | Ignored::NoMessage
        | Ignored::NoTrigger => false,
    }
}

/// True if a workflow that webhooks start is not started by events of a type. They come for the steps that wait for them.
fn only_awaited(evidence: &Evidence<'_>, event_type: &str) -> bool {
    let triggers = evidence
        .tables
        .versions
        .values()
        .filter_map(|definition| definition.trigger.as_ref());
    let mut triggers = triggers.filter_map(Trigger::pagerduty);
    let is_awaited = |definition: &Definition| {
        let awaited = definition.awaited_events();
        awaited.values().any(|types| types.contains(event_type))
    };
    triggers.any(|trigger| trigger.events.iter().all(|name| name != event_type))
        && evidence.tables.versions.values().any(is_awaited)
}

/// True if steps of a workflow wait for events, and no webhook starts it.
fn only_waits(definition: &Definition) -> bool {
    let trigger = definition.trigger.as_ref().and_then(Trigger::pagerduty);
    trigger.is_none() && definition.awaits_events()
}

fn is_of_a_run(evidence: &Evidence<'_>, content: &str) -> bool {
    evidence.effects.iter().any(|effect| {
        let is_ours = effect.by.as_ref().is_some_and(|user| user.as_str() == ACTS_FOR_RUNS);
        is_ours && matches!(&effect.kind, EffectKind::Note(text) if text == content)
    })
}

fn never_triggered(evidence: &Evidence<'_>, workflow: &WorkflowId) -> bool {
    let mut versions = evidence.tables.versions.iter().filter(|((own, _), _)| own == workflow);
    versions.all(|(_, definition)| definition.trigger.is_none())
}

/// True if a workflow was enabled, or disabled, at any moment of the time before another one.
fn was(evidence: &Evidence<'_>, workflow: &WorkflowId, at: Timestamp, before: SignedDuration, enabled: bool) -> bool {
    let mut states = Vec::new();
    for logged in &evidence.tables.log {
        match &logged.change {
            // What is applied to a disabled workflow does not enable it.
            Change::Applied { workflow: own, .. } if own == workflow && states.is_empty() => {
                states.push((logged.at, true));
            }
            Change::Disabled(own) if own == workflow => states.push((logged.at, false)),
            _ => {}
        }
    }
    let last_before = states.iter().rfind(|(since, _)| at.duration_since(*since) > before);
    let within = states.iter().filter(|(since, _)| {
        let ago = at.duration_since(*since);
        ago >= SignedDuration::ZERO && ago <= before
    });
    last_before
        .into_iter()
        .chain(within)
        .any(|(_, state)| *state == enabled)
}

/// A run whose workflow was disabled before it began, or whose event or scheduled time was too old by then, does nothing and says so; and one that
/// says so was in that case.
fn unwanted(evidence: &Evidence<'_>, run: &RunId, began: Timestamp, violations: &mut Violations) {
    let (Some(item), Some(started)) = (evidence.tables.runs.get(run), evidence.started.get(run)) else {
        return;
    };
    let input = &item.input;
    if input.subject().is_none() || input.replay_of().is_some() {
        return;
    }
    let is_disabled = !was(evidence, &input.run.workflow, began, LOOKED_BEFORE, true);
    let occurred_at = started.event.get("occurred_at").and_then(Value::as_str);
    let occurred_at = occurred_at.and_then(|time| time.parse::<Timestamp>().ok());
    let occurred_at = input.scheduled_at().or(occurred_at);
    let age = occurred_at.map(|occurred_at| item.started_at.duration_since(occurred_at));
    let is_too_old = age.is_some_and(|age| age > TOO_OLD);
    let acts = evidence.tables.log.iter().any(|logged| match &logged.change {
        Change::Step { place, record } => {
            place.run == *run
                && place.step.section() == Section::Steps
                && matches!(record.change, StepChange::AttemptStarted { .. })
        }
        _ => false,
    });
    if (is_disabled || is_too_old) && (acts || item.status == "succeeded") {
        violations.add(
            "a run that is not wanted any more does nothing",
            format!("{run} is {}: disabled {is_disabled}, too old {is_too_old}", item.status),
        );
    }
}

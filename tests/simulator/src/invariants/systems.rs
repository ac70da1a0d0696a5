//! The effects of runs on other systems than PagerDuty, counted on their side.
//!
//! Nobody else has their tokens.

use super::{Evidence, Violations, name_is_chance};
use crate::{
    reference::Place,
    store::Change,
    world::{Fault, Site},
};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use workflow::{
    error_name::{FailureClass, NamedError},
    planner::{Outcome, StepChange, StepResult},
};

const WRITTEN_BEFORE: &str = "an effect is written down before it is made";
const NOT_AFTER: &str = "no request is under way of a step that has succeeded";
const HAS_EFFECT: &str = "a step that succeeded has its effect";

/// The beginning of the label by which a step finds its issue.
const LABEL: &str = "pagerflow-";

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let asks = asks(evidence);
    messages(evidence, &asks, violations);
    topics(evidence, &asks, violations);
    issues(evidence, &asks, violations);
}

/// A step that was attempted and acts on another system.
struct Ask<'a> {
    place: &'a Place,
    action: &'a str,
    input: &'a Value,
    effect_key: &'a str,
    /// The time when its first attempt was written down.
    since: Timestamp,
    /// The time when it was written down how it ended, and how that was.
    ended: Option<(Timestamp, &'a StepResult)>,
    /// True if a call or a request of it was made twice.
    is_doubled: bool,
    /// True if the clock of a function that did it was wrong: such a function does not know when its time is over.
    is_skewed: bool,
}

impl<'a> Ask<'a> {
    fn text(&self, name: &str) -> &str {
        self.input[name].as_str().unwrap_or_default()
    }

    /// The outputs, if it succeeded.
    fn outputs(&self) -> Option<&'a Value> {
        let (_, result) = self.ended?;
        (result.outcome == Outcome::Success).then_some(&result.outputs)
    }

    /// True if a request of it can be carried out at a time.
    fn may_be_at_it(&self, at: Timestamp) -> bool {
        let is_over = self.outputs().is_some() && self.ended.is_some_and(|(ended, _)| ended < at);
        self.since <= at && (!is_over || self.is_doubled || self.is_skewed)
    }

    /// True if it has failed with the word that nothing was done.
    fn says_that_nothing_was_done(&self) -> bool {
        let error = self.ended.and_then(|(_, result)| result.error.as_ref());
        let known = error.filter(|error| !name_is_chance(&error.name));
        let class = known
            .and_then(|error| NamedError::parse(&error.name))
            .map(|name| name.class());
        class.is_some_and(|class| class != FailureClass::UnknownOutcome)
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
                let Some(action) = action_at(evidence, place) else {
                    continue;
                };
                asks.entry(place).or_insert_with(|| Ask {
                    place,
                    action,
                    input,
                    effect_key: effect_key.as_str(),
                    since: logged.at,
                    ended: None,
                    is_doubled: has_met(evidence, place, &[Fault::ActionTwice, Fault::RequestTwice]),
                    is_skewed: has_met(evidence, place, &[Fault::Skewed]),
                });
            }
            StepChange::Finished { result, .. } => {
                if let Some(ask) = asks.get_mut(place) {
                    ask.ended = Some((logged.at, result));
                }
            }
            _ => {}
        }
    }
    asks.into_values().collect()
}

/// The action of a step, if it is one of these systems.
fn action_at<'a>(evidence: &'a Evidence<'_>, place: &Place) -> Option<&'a str> {
    let run = &evidence.tables.runs.get(&place.run)?.input.run;
    let definition = evidence.tables.versions.get(&(run.workflow.clone(), run.version))?;
    let name = &*definition.step(&place.step)?.action()?.uses.name;
    matches!(name.split_once('.'), Some(("slack" | "jira", _))).then_some(name)
}

fn has_met(evidence: &Evidence<'_>, place: &Place, faults: &[Fault]) -> bool {
    let mut faults = faults.iter();
    faults.any(|fault| evidence.mishaps.contains_key(&(*fault, Site::Step(place.clone()))))
}

/// A message is posted at most once by each step. Slack posts it again however often it is told to, so that a step whose outcome is
/// unknown must not be tried again; and it must say that it is.
fn messages(evidence: &Evidence<'_>, asks: &[Ask<'_>], violations: &mut Violations) {
    let mut by_step: BTreeMap<(&str, &str), Vec<&Ask<'_>>> = BTreeMap::new();
    for ask in asks.iter().filter(|ask| ask.action == "slack.post_message") {
        by_step
            .entry((ask.text("channel"), ask.text("text")))
            .or_default()
            .push(ask);
        let is_it = |ts: &str| {
            let mut messages = evidence.messages.iter();
            messages.any(|own| own.ts == ts && own.channel == ask.text("channel") && own.text == ask.text("text"))
        };
        if let Some(outputs) = ask.outputs()
            && !outputs["ts"].as_str().is_some_and(is_it)
        {
            violations.add(HAS_EFFECT, format!("{:?} says that it posted {outputs}", ask.place));
        }
    }
    let mut posted: BTreeMap<(&str, &str), Vec<Timestamp>> = BTreeMap::new();
    for message in &evidence.messages {
        let words = (message.channel.as_str(), message.text.as_str());
        posted.entry(words).or_default().push(message.at);
    }
    for (words, times) in posted {
        let asks = by_step.get(&words).map(Vec::as_slice).unwrap_or_default();
        if times.iter().any(|at| asks.iter().all(|ask| ask.since > *at)) {
            violations.add(WRITTEN_BEFORE, format!("{words:?} was posted at {times:?}"));
        }
        if asks.iter().any(|ask| ask.is_doubled) {
            continue;
        }
        if times.len() > asks.len() {
            let what = format!("{words:?} was posted at {times:?}, by {} steps", asks.len());
            violations.add("I2 a message is posted once", what);
        }
        let nothing = asks.iter().filter(|ask| ask.says_that_nothing_was_done()).count();
        if times.len() > asks.len().saturating_sub(nothing) {
            let what = format!(
                "{words:?} was posted at {times:?}; {nothing} of {} steps say no",
                asks.len()
            );
            violations.add("a step that failed says that it may have been done", what);
        }
    }
}

/// A request that sets a state is repeated only when the request before can no longer be carried out: later it would undo what came after.
fn topics(evidence: &Evidence<'_>, asks: &[Ask<'_>], violations: &mut Violations) {
    let setting = || asks.iter().filter(|ask| ask.action == "slack.set_topic");
    for topic in &evidence.topics {
        let is_it = |ask: &&Ask<'_>| ask.text("channel") == topic.channel && ask.text("topic") == topic.topic;
        if !setting().filter(is_it).any(|ask| ask.may_be_at_it(topic.at)) {
            violations.add(NOT_AFTER, format!("{topic:?}"));
        }
    }
    for ask in setting().filter(|ask| ask.outputs().is_some()) {
        let mut topics = evidence.topics.iter();
        if !topics.any(|topic| ask.text("channel") == topic.channel && ask.text("topic") == topic.topic) {
            violations.add(HAS_EFFECT, format!("{:?} says that it set {}", ask.place, ask.input));
        }
    }
}

/// An issue is created once by each step. Jira creates another one however often it is told to, so that only a look prevents it.
fn issues(evidence: &Evidence<'_>, asks: &[Ask<'_>], violations: &mut Violations) {
    let asks = asks.iter().filter(|ask| ask.action == "jira.create_issue");
    let asks: BTreeMap<&str, &Ask<'_>> = asks.map(|ask| (ask.effect_key, ask)).collect();
    let mut created: BTreeMap<&str, &str> = BTreeMap::new();
    for issue in &evidence.issues {
        let key = issue.labels.iter().find_map(|label| label.strip_prefix(LABEL));
        let Some((key, ask)) = key.and_then(|key| Some((key, asks.get(key)?))) else {
            violations.add(WRITTEN_BEFORE, format!("nothing is known of {issue:?}"));
            continue;
        };
        if ask.since > issue.at {
            violations.add(WRITTEN_BEFORE, format!("{issue:?}, written down at {}", ask.since));
        }
        let other = created.insert(key, &issue.key);
        if let Some(other) = other.filter(|_| !ask.is_doubled) {
            let what = format!("{key} made {other} and {}", issue.key);
            violations.add("I2 an effect key makes one issue", what);
        }
        if ask.text("summary").trim() != issue.summary.trim() {
            violations.add(
                "an effect is what the step asked for",
                format!("{issue:?} for {}", ask.input),
            );
        }
    }
    for ask in asks.values() {
        let Some(outputs) = ask.outputs() else { continue };
        let label = format!("{LABEL}{}", ask.effect_key);
        let mut issues = evidence.issues.iter();
        if !issues.any(|issue| outputs["key"] == issue.key && issue.labels.contains(&label)) {
            violations.add(HAS_EFFECT, format!("{:?} says that it created {outputs}", ask.place));
        }
    }
}

//! A replay as it would be, in words.

use crate::output::{Screen, View};
use platform::table::RunView;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use workflow::{
    definition::Definition,
    ids::{RunId, StepPath, WorkflowVersion},
    replay::{Again, Deed, Happened, PastEffect, Replay},
};

/// A replay that may be started.
#[derive(Debug)]
pub(super) struct Plan {
    /// Its id.
    pub(super) run: RunId,
    /// The run that it repeats.
    pub(super) of: RunView,
    /// The number of the replay of that run.
    pub(super) number: u32,
    /// The version that it is pinned to.
    pub(super) version: WorkflowVersion,
    /// The definition of the run.
    pub(super) before: Definition,
    /// The definition of that version.
    pub(super) after: Definition,
    /// The steps that it keeps, and those that it would do again.
    pub(super) replay: Replay,
}

/// A replay that was started.
#[derive(Debug)]
pub(super) struct Replayed(pub(super) Plan);

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json(false).serialize(serializer)
    }
}

impl Serialize for Replayed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.json(true).serialize(serializer)
    }
}

impl View for Replayed {
    fn text(&self, _: Screen) -> String {
        let run = &self.0.run;
        format!("Started the run {run}. Follow it with `pagerflow run watch {run}`.")
    }
}

impl View for Plan {
    fn text(&self, screen: Screen) -> String {
        let version = match self.version == self.of.version {
            true => format!("{}, as the run", self.version),
            false => format!("{}, where the run had {}", self.version, self.of.version),
        };
        let kept = match (&self.replay.from, self.replay.kept.len()) {
            (None, _) => "It begins with the first step and keeps nothing.".to_owned(),
            (Some(from), 1) => format!("It begins with {} and keeps the result of one step.", self.begins(from)),
            (Some(from), kept) => format!(
                "It begins with {} and keeps the results of {kept} steps.",
                self.begins(from)
            ),
        };
        let mut lines = vec![
            format!(
                "Replay {} of the run {} of {} {version}.",
                self.number, self.of.run, self.of.workflow
            ),
            kept,
        ];
        match self.replay.effects.as_slice() {
            [] => lines.push("The run has done nothing outside of itself.".to_owned()),
            effects => {
                lines.push("What the run has done:".to_owned());
                lines.extend(
                    grouped(effects)
                        .into_iter()
                        .map(|(effect, count)| line(effect, count, screen)),
                );
            }
        }
        lines.join("\n")
    }
}

impl Plan {
    fn begins(&self, from: &StepPath) -> String {
        self.after.step_name_in_any_lane(from).in_words()
    }

    fn json(&self, is_started: bool) -> Value {
        let effects: Vec<Value> = self.replay.effects.iter().map(|it| effect(it, &self.before)).collect();
        let name = |path: &StepPath| self.after.step_name_in_any_lane(path);
        json!({
            "run": self.run,
            "replay_of": self.of.run,
            "number": self.number,
            "workflow": self.of.workflow,
            "version": self.version,
            "from": self.replay.from.as_ref().map(name),
            "kept": self.replay.kept.keys().map(name).collect::<Vec<_>>(),
            "effects": effects,
            "started": is_started,
        })
    }
}

fn effect(effect: &PastEffect, definition: &Definition) -> Value {
    let mut json = json!({
        "lane": definition.lane_name(&effect.lane),
        "path": definition.step_name(&effect.lane, &effect.path),
        "happened": match effect.happened { Happened::Yes => "yes", Happened::Perhaps => "perhaps" },
        "again": match effect.again {
            Again::Kept => "kept",
            Again::Gone => "gone",
            Again::Harmless => "harmless",
            Again::Twice => "twice",
            Again::PagesTwice => "pages_twice",
            Again::IfItFails => "if_it_fails",
        },
    });
    let (name, value) = match &effect.deed {
        Deed::Action(action) => ("action", json!(action.to_string())),
        Deed::Run { run, .. } => ("run", json!(run)),
    };
    if let Some(fields) = json.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    json
}

/// The same step in many lanes is told once.
fn grouped(effects: &[PastEffect]) -> Vec<(&PastEffect, usize)> {
    let mut groups: Vec<(&PastEffect, usize)> = Vec::new();
    let mut at: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for effect in effects {
        let key = (effect.path.to_string(), effect.happened == Happened::Yes);
        match at.get(&key).and_then(|index| groups.get_mut(*index)) {
            Some((_, count)) => *count += 1,
            None => {
                at.insert(key, groups.len());
                groups.push((effect, 1));
            }
        }
    }
    groups
}

fn line(effect: &PastEffect, count: usize, screen: Screen) -> String {
    let times = match count {
        1 => String::new(),
        count => format!(", {count} times"),
    };
    let happened = match effect.happened {
        Happened::Yes => "done",
        Happened::Perhaps => "perhaps done",
    };
    let (mark, again) = match effect.again {
        Again::Kept => ("=", "is kept".to_owned()),
        Again::Gone => ("=", "is not done again: the version does not have the step".to_owned()),
        Again::Harmless => ("~", "is done again, which changes nothing".to_owned()),
        Again::Twice => ("!", "IS DONE A SECOND TIME".to_owned()),
        Again::PagesTwice => ("!", format!("IS DONE A SECOND TIME. {}", on_repeat(&effect.deed))),
        Again::IfItFails => ("!", "IS DONE A SECOND TIME if the replay fails too".to_owned()),
    };
    let run = match &effect.deed {
        Deed::Run { run, .. } => format!(", the run {run}"),
        Deed::Action(_) => String::new(),
    };
    let colour = if effect.again.is_serious() { 33 } else { 90 };
    format!(
        "  {} {}{run}, {happened}{times}: {again}",
        screen.coloured(colour, mark),
        effect.step
    )
}

/// The effect of a repeat, in the words of the catalogue.
fn on_repeat(deed: &Deed) -> &str {
    match deed {
        Deed::Action(action) => &action.on_repeat,
        Deed::Run { .. } => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;
    use pagerduty::actions::Action;
    use platform::catalog;
    use std::sync::Arc;
    use workflow::ids::{LanePath, Section};

    fn definition() -> Definition {
        let wait = |id: &str| format!("  - {{ id: {id}, wait: 1s }}\n");
        let source = format!(
            "name: w\nsteps:\n{}  - wait: 1s\n{}  - {{ id: each, for_each: [1], steps: [{{ id: note, wait: 1s }}] }}\n",
            wait("ticket"),
            wait("help"),
        );
        Definition::from_source(&source, catalog()).unwrap()
    }

    fn effect(number: u32, step: &str, action: Action, again: Again) -> PastEffect {
        PastEffect {
            lane: LanePath::main(),
            path: StepPath::top(Section::Steps, number),
            step: format!("step `{step}` ({action})"),
            deed: Deed::Action(Arc::clone(action.spec())),
            happened: Happened::Yes,
            again,
        }
    }

    fn replay() -> Replay {
        let lane = |index| PastEffect {
            lane: LanePath::main().child(StepPath::top(Section::Steps, 3), index),
            path: StepPath::top(Section::Steps, 3).inside(0, 0),
            ..effect(3, "note", Action::AddNote, Again::Twice)
        };
        let kept = [0, 1].map(|number| {
            let result = serde_json::from_value(json!({"outcome": "success", "outputs": {}})).unwrap();
            (StepPath::top(Section::Steps, number), result)
        });
        Replay {
            from: Some(StepPath::top(Section::Steps, 2)),
            kept: kept.into(),
            variables: BTreeMap::new(),
            effects: vec![
                effect(0, "ticket", Action::CreateIncident, Again::Kept),
                effect(2, "help", Action::AddResponders, Again::PagesTwice),
                lane(0),
                lane(1),
                PastEffect {
                    happened: Happened::Perhaps,
                    ..effect(4, "close", Action::ResolveIncident, Again::Harmless)
                },
                effect(5, "alarm", Action::TriggerAlert, Again::Gone),
            ],
        }
    }

    fn plan(replay: Replay) -> Plan {
        let view = serde_json::from_value(json!({
            "run": "abc", "workflow": "memory-alert", "version": 3, "execution": "arn", "status": "failed",
            "started_at": "2026-11-22T10:00:00Z", "deadline": "2026-11-23T10:00:00Z"
        }));
        Plan {
            run: "new".parse().unwrap(),
            of: view.unwrap(),
            number: 1,
            version: WorkflowVersion(4),
            before: definition(),
            after: definition(),
            replay,
        }
    }

    #[test]
    fn what_happened_and_what_would_happen_again_is_told_before_anything_starts() {
        insta::assert_snapshot!(plan(replay()).text(Screen::plain()), @"
        Replay 1 of the run abc of memory-alert v4, where the run had v3.
        It begins with step `help` and keeps the results of 2 steps.
        What the run has done:
          = step `ticket` (pagerduty.create_incident), done: is kept
          ! step `help` (pagerduty.add_responders), done: IS DONE A SECOND TIME. It would page the people again.
          ! step `note` (pagerduty.add_note), done, 2 times: IS DONE A SECOND TIME
          ~ step `close` (pagerduty.resolve_incident), perhaps done: is done again, which changes nothing
          = step `alarm` (pagerduty.trigger_alert), done: is not done again: the version does not have the step
        ");
    }

    #[test]
    fn a_replay_from_the_beginning_of_a_run_that_did_nothing_is_told_in_three_lines() {
        let replay = Replay {
            from: None,
            kept: BTreeMap::new(),
            variables: BTreeMap::new(),
            effects: Vec::new(),
        };
        insta::assert_snapshot!(plan(replay).text(Screen::plain()), @"
        Replay 1 of the run abc of memory-alert v4, where the run had v3.
        It begins with the first step and keeps nothing.
        The run has done nothing outside of itself.
        ");
    }

    #[test]
    fn for_a_program_each_effect_has_what_happened_and_what_happens_again() {
        let replay = Replay {
            effects: [replay().effects.remove(0), replay().effects.remove(3)].into(),
            ..replay()
        };
        let json = as_json(&Replayed(plan(replay)));
        insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap(), @r#"
        {
          "effects": [
            {
              "action": "pagerduty.create_incident",
              "again": "kept",
              "happened": "yes",
              "lane": "main",
              "path": "ticket"
            },
            {
              "action": "pagerduty.add_note",
              "again": "twice",
              "happened": "yes",
              "lane": "each[2]",
              "path": "each[2]/note"
            }
          ],
          "from": "help",
          "kept": [
            "ticket",
            "2"
          ],
          "number": 1,
          "replay_of": "abc",
          "run": "new",
          "started": true,
          "version": 4,
          "workflow": "memory-alert"
        }
        "#);
    }
}

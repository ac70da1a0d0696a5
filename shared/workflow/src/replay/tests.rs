//! What a replay keeps and what it repeats.

use super::*;
use crate::action::tests::{action, catalog};
use crate::{
    ids::Section,
    planner::{Outcome, StepError},
};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};

const STEPS: &str = r#"
  - id: ticket
    uses: pagerduty.create_incident
    with: { integration: prod, title: t, service: PWIXJZS }
  - set: { number: "{{ steps.ticket.outputs.incident_number }}" }
  - id: help
    uses: pagerduty.add_responders
    with: { integration: prod, incident_id: Q9, message: m, users: [P1] }
  - id: look
    uses: pagerduty.get_incident
    with: { integration: prod, incident_id: Q9 }
  - id: group
    steps:
      - id: inner
        uses: pagerduty.acknowledge_incident
        with: { integration: prod, incident_id: Q9 }
  - id: each
    for_each: [1, 2]
    steps:
      - uses: pagerduty.add_note
        with: { integration: prod, incident_id: Q9, note: n }
  - id: close
    uses: pagerduty.resolve_incident
    with: { integration: prod, incident_id: Q9 }
"#;

fn definition(steps: &str) -> Definition {
    let source =
        format!("name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n{steps}");
    Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{problems}\n{source}"))
}

fn top(number: u32) -> StepPath {
    StepPath::top(Section::Steps, number)
}

fn step(path: StepPath, outcome: Outcome) -> PastStep {
    PastStep {
        lane: LanePath::main(),
        path,
        result: Some(StepResult {
            outcome,
            outputs: json!({"incident_number": 7}),
            error: (outcome == Outcome::Failure).then(|| StepError {
                name: "PagerDuty.NotFound".into(),
                message: "m".into(),
            }),
            cut: BTreeSet::new(),
        }),
        ended_at: Some(Timestamp::UNIX_EPOCH),
        attempts: vec![None],
        run: None,
        kept: false,
    }
}

/// A run that did all steps.
fn done() -> Vec<PastStep> {
    let mut steps: Vec<_> = (0..7).map(|number| step(top(number), Outcome::Success)).collect();
    steps.push(step(top(4).inside(0, 0), Outcome::Success));
    steps.extend((0..2).map(|lane| PastStep {
        lane: LanePath::main().child(top(5), lane),
        ..step(top(5).inside(0, 0), Outcome::Success)
    }));
    steps
}

fn replayed(steps: &[PastStep], version: &Definition, from: Start<'_>) -> Result<Replay, ReplayError> {
    let past = Past {
        definition: &definition(STEPS),
        steps,
        run: &json!({"id": "abc"}),
        event: &Value::Null,
        inputs: &Map::new(),
    };
    replay(&past, version, from)
}

fn name(text: &str) -> StepName {
    text.parse().unwrap()
}

fn same(steps: &[PastStep], from: &str) -> Result<Replay, ReplayError> {
    replayed(steps, &definition(STEPS), Start::Step(&from.parse().unwrap()))
}

#[test]
fn the_steps_before_the_first_one_are_kept_with_those_in_them_and_their_variables() {
    let replay = same(&done(), "each").unwrap();
    assert_eq!(replay.from, Some(top(5)));
    let kept: Vec<String> = replay.kept.keys().map(ToString::to_string).collect();
    assert_eq!(kept, ["00000", "00001", "00002", "00003", "00004", "00004.00000.00000"]);
    assert_eq!(json!(replay.variables), json!({"number": 7}));
}

#[rstest]
#[case("ticket", None)]
#[case("1", None)]
#[case("2", Some(1))]
#[case("close", Some(6))]
fn a_step_is_named_by_its_id_or_its_number(#[case] name: &str, #[case] number: Option<u32>) {
    assert_eq!(same(&done(), name).unwrap().from, number.map(top));
}

#[rstest]
#[case(
    "clsoe",
    "did you mean `close`?; the workflow has ticket, 2, help, look, group, each, close"
)]
#[case("8", "the workflow has ticket")]
#[case("inner", "begin with that one: --from group")]
#[case("each[2]/1", "begin with that one: --from each")]
fn a_step_that_cannot_be_begun_with_is_refused_with_those_that_can(#[case] name: &str, #[case] words: &str) {
    let error = same(&done(), name).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn a_replay_cannot_begin_behind_a_step_that_failed_or_was_not_come_to() {
    let mut steps = done();
    steps[2] = step(top(2), Outcome::Failure);
    let error = same(&steps, "close").unwrap_err().to_string();
    assert_eq!(
        error,
        "step `help` (pagerduty.add_responders) comes before the one to begin with, and has no result that could be kept: \
         it failed; begin with it or earlier: --from help"
    );
    let error = same(&done()[..3], "close").unwrap_err().to_string();
    assert!(
        error.contains("did not get to its end; begin with it or earlier: --from look"),
        "{error}"
    );
    assert!(same(&steps, "help").is_ok());
}

fn effects(replay: &Replay) -> Vec<(String, Again)> {
    let effects = replay.effects.iter();
    effects.map(|effect| (effect.step.clone(), effect.again)).collect()
}

#[test]
fn what_happened_is_told_with_what_would_happen_again() {
    let told = effects(&same(&done(), "help").unwrap());
    let names: Vec<_> = told.iter().map(|(step, again)| (step.as_str(), *again)).collect();
    let note = "step `each/steps/1` (pagerduty.add_note)";
    assert_eq!(
        names,
        [
            ("step `ticket` (pagerduty.create_incident)", Again::Kept),
            ("step `help` (pagerduty.add_responders)", Again::PagesTwice),
            ("step `close` (pagerduty.resolve_incident)", Again::Harmless),
            ("step `inner` (pagerduty.acknowledge_incident)", Again::Harmless),
            (note, Again::Twice),
            (note, Again::Twice),
        ],
        "reading is no effect, and each lane has its own"
    );
}

#[test]
fn steps_in_lanes_are_kept_with_their_fork() {
    let told = effects(&same(&done(), "close").unwrap());
    assert!(
        told.iter()
            .filter(|(step, _)| step.contains("add_note"))
            .all(|(_, again)| *again == Again::Kept)
    );
}

#[rstest]
#[case::it_was_refused(vec![Some("PagerDuty.NotFound")], None)]
#[case::no_answer_came(vec![None], Some(Happened::Perhaps))]
#[case::no_answer_came_once(vec![Some("Sandbox.Timedout"), Some("PagerDuty.NotFound")], Some(Happened::Perhaps))]
#[case::never_tried(vec![], None)]
fn a_step_that_failed_may_have_had_its_effect(#[case] attempts: Vec<Option<&str>>, #[case] happened: Option<Happened>) {
    let mut steps = done();
    steps.truncate(1);
    steps[0] = PastStep {
        attempts: attempts.into_iter().map(|name| name.map(str::to_owned)).collect(),
        ..step(top(0), Outcome::Failure)
    };
    let replay = same(&steps, "ticket").unwrap();
    assert_eq!(replay.effects.first().map(|effect| effect.happened), happened);
}

#[test]
fn a_step_without_an_end_may_have_had_its_effect() {
    let steps = [PastStep {
        result: None,
        ..step(top(0), Outcome::Success)
    }];
    let replay = same(&steps, "ticket").unwrap();
    assert_eq!(replay.effects[0].happened, Happened::Perhaps);
    assert_eq!(
        replay.effects[0].deed,
        Deed::Action(Arc::clone(action("pagerduty.create_incident")))
    );
}

#[test]
fn what_a_replay_had_taken_over_itself_is_no_effect_of_it() {
    let mut steps = done();
    steps[0].kept = true;
    assert!(
        effects(&same(&steps, "help").unwrap())
            .iter()
            .all(|(step, _)| !step.contains("ticket"))
    );
}

#[test]
fn with_another_version_a_step_is_found_again_by_its_id() {
    let version = definition(&format!(
        "  - id: new\n    wait: 1s\n{}",
        STEPS.trim_start_matches('\n')
    ));
    let error = replayed(&done(), &version, Start::Step(&name("help")))
        .unwrap_err()
        .to_string();
    assert!(error.contains("step `new` (wait 1s) comes before"), "{error}");

    let without_set = STEPS.replace(
        "  - set: { number: \"{{ steps.ticket.outputs.incident_number }}\" }\n",
        "",
    );
    let replay = replayed(&done(), &definition(&without_set), Start::Step(&name("look"))).unwrap();
    assert_eq!(
        replay.kept.keys().cloned().collect::<Vec<_>>(),
        [top(0), top(1)],
        "ticket and help"
    );
    assert!(replay.variables.is_empty());
}

#[test]
fn a_step_that_the_version_builds_otherwise_is_not_kept() {
    let version = definition(&STEPS.replace("pagerduty.get_incident", "pagerduty.list_alerts"));
    let error = replayed(&done(), &version, Start::Step(&name("close")))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("otherwise built; begin with it or earlier: --from look"),
        "{error}"
    );
    assert!(replayed(&done(), &version, Start::Step(&name("look"))).is_ok());
}

#[test]
fn an_effect_of_a_step_that_the_version_has_not_stays_as_it_is() {
    let close = STEPS.split("  - id: close").next().unwrap();
    let replay = replayed(&done(), &definition(close), Start::Beginning).unwrap();
    let close = replay
        .effects
        .iter()
        .find(|effect| effect.step.contains("close"))
        .unwrap();
    assert_eq!(close.again, Again::Gone);
}

#[test]
fn inputs_that_do_not_fit_the_version_are_told_before_anything_is_started() {
    let source = format!("name: w\ninputs: {{ who: {{ type: text }} }}\nsteps:\n{STEPS}");
    let version = Definition::from_source(&source, catalog()).unwrap();
    let error = replayed(&done(), &version, Start::Beginning).unwrap_err().to_string();
    assert!(error.contains("`who` is missing"), "{error}");
}

#[test]
fn more_than_an_execution_takes_cannot_be_kept() {
    let mut steps = done();
    for step in &mut steps[..4] {
        step.result.as_mut().unwrap().outputs = json!({"incident_number": 7, "text": "x".repeat(30_000)});
    }
    let error = same(&steps, "close").unwrap_err().to_string();
    assert!(error.contains("begin with an earlier step"), "{error}");
}

#[test]
fn variables_that_were_set_to_the_time_are_found_again_unless_the_run_had_them_from_another() {
    let definition = definition("  - set: { at: \"{{ now }}\" }\n  - set: { plain: 1 }\n  - wait: 1s\n");
    let ended_at = |minute| format!("2026-11-30T08:{minute:02}:00Z").parse::<Timestamp>().ok();
    let mut steps: Vec<_> = (0..3)
        .map(|number| PastStep {
            ended_at: ended_at(number),
            ..step(top(number), Outcome::Success)
        })
        .collect();
    let replayed = |steps: &[PastStep]| {
        let past = Past {
            definition: &definition,
            steps,
            run: &json!({"id": "abc"}),
            event: &Value::Null,
            inputs: &Map::new(),
        };
        replay(&past, &definition, Start::Step(&name("3"))).map(|replay| json!(replay.variables))
    };
    assert_eq!(replayed(&steps), Ok(json!({"at": "2026-11-30T08:00:00Z", "plain": 1})));
    steps[1].kept = true;
    steps[1].ended_at = None;
    assert!(replayed(&steps).is_ok());
    steps[0].kept = true;
    let error = replayed(&steps).unwrap_err().to_string();
    assert!(error.contains("cannot be found again: they depend on `now`"), "{error}");
}

//! Replays: runs that take over results of another run.

use super::*;
use crate::{
    ids::Section,
    replay::{Again, Past, PastStep, Replay, ReplayError, Start, replay},
    run::{KeptStep, ReplayOf, RunCause},
};
use rstest::rstest;
use std::cell::RefCell;
use std::rc::Rc;

fn run_id() -> RunId {
    RunId::for_event(&"w".parse().unwrap(), "e")
}

impl World {
    fn the_definition(&self) -> Definition {
        self.definitions[&"w".parse::<WorkflowId>().unwrap()].clone()
    }

    /// The replay of the run that has ended in this world.
    pub(super) fn replay_from(&self, from: Start<'_>) -> Result<Replay, ReplayError> {
        let steps: Vec<_> = self
            .results
            .iter()
            .filter(|((run, ..), _)| *run == run_id())
            .map(|(place @ (_, lane, path), result)| PastStep {
                lane: lane.clone(),
                path: path.clone(),
                result: Some(result.clone()),
                ended_at: self.ended.get(place).copied(),
                attempts: vec![None],
                run: None,
                kept: false,
            })
            .collect();
        let definition = self.the_definition();
        let past = Past {
            definition: &definition,
            steps: &steps,
            run: &json!({"id": run_id()}),
            event: &self.event,
            inputs: &Map::new(),
        };
        replay(&past, &definition, from)
    }

    /// An execution of that replay.
    pub(super) fn begin_replay(&self, replay: &Replay) -> Execution {
        let mut execution = self.begin();
        execution.input.run.id = RunId::for_replay(&run_id(), 1);
        execution.input.cause = RunCause::Replay {
            of: ReplayOf {
                by: None,
                run: run_id(),
                number: 1,
                from: replay.from.clone(),
                kept: replay.kept.clone(),
                variables: replay.variables.clone(),
            },
            event: None,
        };
        execution
    }
}

#[test]
fn f2_a_run_that_failed_in_an_outage_goes_on_from_its_failed_step_in_a_replay() {
    let is_down = Rc::new(RefCell::new(true));
    let down = is_down.clone();
    let second = page("second, {{ vars.title }}").replacen('{', "{ id: second,", 1);
    let steps = format!(
        "{CREATE}  - set: {{ title: \"{{{{ steps.ticket.outputs.title }}}}\" }}\n  - {second}\n  - {}\non_failure:\n  - {}\n",
        page("after {{ steps.ticket.outputs.incident_id }}"),
        page("it failed"),
    );
    let mut world = World::of(&steps).answering(move |title, _| match title {
        title if title.starts_with("second") && *down.borrow() => failure("PagerDuty.Unavailable"),
        _ => created(),
    });
    assert_eq!(why(&world.finish()).0, "PagerDuty.Unavailable");
    assert_eq!(world.calls.last().unwrap(), "it failed");
    world.calls.clear();
    *is_down.borrow_mut() = false;

    let replay = world.replay_from(Start::Step(&"second".parse().unwrap())).unwrap();
    let mut execution = world.begin_replay(&replay);
    world.run(&mut execution);

    assert_eq!(world.end_of(&execution), success());
    assert_eq!(
        world.calls,
        ["second, t", "after Q9"],
        "nothing of what was done is done again"
    );
}

#[test]
fn a_replay_writes_what_it_keeps_and_gives_what_it_repeats_keys_of_its_own() {
    let mut world = World::of(&format!("{CREATE}{RESOLVE}"));
    world.finish();
    let replay = world.replay_from(Start::Step(&"close".parse().unwrap())).unwrap();
    let mut execution = world.begin_replay(&replay);

    let first = world.plan(&mut execution);
    assert_eq!(first.command, Command::Continue);
    let changes = first.changes.unwrap().steps;
    let kept: Vec<_> = changes.values().map(|record| &record.change).collect();
    assert!(
        matches!(kept.as_slice(), [StepChange::Kept { result }] if result.outputs["incident_id"] == "Q9"),
        "{kept:?}"
    );

    let second = world.plan(&mut execution);
    let Command::Action { input, .. } = &second.command else {
        panic!("{second:?}")
    };
    assert_eq!(input["incident_id"], "Q9");
    let place = StepPath::top(crate::ids::Section::Steps, 1);
    let of_the_run = EffectKey::new(&run_id(), 0, &LanePath::main(), &place);
    assert_ne!(input["idempotency_key"], of_the_run.as_str());
}

#[test]
fn more_results_than_a_transaction_has_room_for_are_taken_over_in_several_plans() {
    let steps: String = (0..120)
        .map(|number| format!("  - {}\n", page(&format!("p{number}"))))
        .collect();
    let last = page("{{ steps.ticket.outputs.incident_id }}").replacen('{', "{ id: last,", 1);
    let mut world = World::of(&format!("{CREATE}{steps}  - {last}\n"));
    world.finish();
    world.calls.clear();
    let replay = world.replay_from(Start::Step(&"last".parse().unwrap())).unwrap();
    assert_eq!(replay.kept.len(), 121);
    let mut execution = world.begin_replay(&replay);

    let mut kept = Vec::new();
    loop {
        let plan = world.plan(&mut execution);
        if plan.command != Command::Continue {
            break;
        }
        let changes = plan.changes.unwrap().steps;
        assert!(
            changes
                .values()
                .all(|record| matches!(record.change, StepChange::Kept { .. }))
        );
        kept.push(changes.len());
    }
    assert_eq!(kept, [50, 50, 21]);
    world.run(&mut execution);
    assert_eq!(world.end_of(&execution), success());
    assert_eq!(
        world.calls,
        ["Q9"],
        "the first result is known, and nothing is done again"
    );
}

#[test]
fn a_replay_from_the_beginning_does_everything_again() {
    let mut world = World::of(&format!("{CREATE}{RESOLVE}"));
    world.finish();
    let replay = world.replay_from(Start::Beginning).unwrap();
    assert!(replay.kept.is_empty() && replay.effects.iter().all(|effect| effect.again != Again::Kept));
    let mut execution = world.begin_replay(&replay);
    world.run(&mut execution);
    assert_eq!(world.calls.len(), 4);
}

#[test]
fn more_than_a_hundred_results_are_taken_over_in_several_plans() {
    let many: String = (0..120)
        .map(|number| format!("  - set: {{ n{number}: {number} }}\n"))
        .collect();
    let last = page("{{ vars.n0 + vars.n119 }}");
    let mut world = World::of(&format!("{many}  - {last}\n"));
    world.finish();
    world.calls.clear();
    let replay = world.replay_from(Start::Step(&"121".parse().unwrap())).unwrap();
    assert_eq!((replay.kept.len(), replay.variables.len()), (120, 120));
    let mut execution = world.begin_replay(&replay);
    world.most_written = 0;
    world.run(&mut execution);
    assert_eq!(world.calls, ["119"]);
    assert!(world.most_written <= 50, "{}", world.most_written);
}

#[rstest]
#[case::lanes("for_each: [1, 2]", "steps.all.outputs.succeeded == 2")]
#[case::rounds("repeat: { every: 1m, at_most: 2 }", "steps.all.outputs.rounds == 2")]
fn a_kept_fork_is_not_opened_again_and_its_outputs_are_there(#[case] fork: &str, #[case] condition: &str) {
    let mut world = World::of(&format!(
        "  - id: all\n    {fork}\n    steps: [{}]\n  - id: tell\n    if: {condition}\n    steps: [{}]\n",
        page("number {{ index }}"),
        page("all done")
    ));
    world.finish();
    assert_eq!(world.calls.len(), 3);
    let replay = world.replay_from(Start::Step(&"tell".parse().unwrap())).unwrap();
    let mut execution = world.begin_replay(&replay);
    world.run(&mut execution);
    assert_eq!(world.calls[3..], ["all done"]);
}

#[test]
fn a_replay_that_is_cancelled_before_it_began_keeps_nothing_and_does_nothing() {
    let mut world = World::of(&format!("{CREATE}{RESOLVE}"));
    world.finish();
    let replay = world.replay_from(Start::Step(&"close".parse().unwrap())).unwrap();
    let mut execution = world.begin_replay(&replay);
    let id = execution.input.run.id.clone();
    world.marks.entry(id).or_default().insert(CancelMark::run());
    world.calls.clear();
    world.run(&mut execution);
    assert_eq!(why(&world.end_of(&execution)).0, "Run.Cancelled");
    assert!(world.calls.is_empty());
}

/// The results that a replay keeps can be large, and every lane finds them in the table.
#[test]
fn only_the_main_lane_of_a_replay_is_handed_what_it_keeps() {
    let kept = KeptStep {
        outcome: Outcome::Success,
        outputs: json!({}),
        error: None,
        cut: BTreeSet::new(),
    };
    let of = ReplayOf {
        kept: BTreeMap::from([(StepPath::top(Section::Steps, 0), kept)]),
        ..ReplayOf::nothing(run_id(), 2)
    };
    let cause = RunCause::Replay {
        of: of.clone(),
        event: None,
    };
    let handed_on = |lane: &LanePath| match cause.handed_on(lane) {
        RunCause::Replay { of, .. } => of,
        other => panic!("{other:?}"),
    };
    assert_eq!(handed_on(&LanePath::main()), of);
    let inner = LanePath::main().child(StepPath::top(Section::Steps, 1), 0);
    assert_eq!(handed_on(&inner), ReplayOf::nothing(run_id(), 2));
}

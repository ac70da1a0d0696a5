//! What holds of every workflow, whatever is answered and whatever is lost.

use super::*;
use crate::definition::tests::strategy::definitions;
use proptest::prelude::*;

/// The answers of actions, round and round.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..8_u8, 1..12)
}

fn answer(kind: u8) -> Answer {
    match kind {
        0 => failure("PagerDuty.NotFound"),
        1 => failure("PagerDuty.Unavailable"),
        2 => failure("Sandbox.Timedout"),
        3 => failure("PagerDuty.RateLimited"),
        _ => created(),
    }
}

/// Texts, numbers, flags, lists: what an event may hold where a workflow looks.
fn urgency() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("high")),
        Just(json!("low")),
        Just(Value::Null),
        Just(json!(3)),
        Just(json!("{{ event.incident.id }}")),
        Just(json!([1, 2])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// `World` makes each Plan twice and compares; it refuses a name of an execution that is taken, a change of an ended
    /// lane, and a run of more Plans than any of these workflows can need.
    #[test]
    fn every_run_ends_in_time_with_every_plan_bounded(
        mut definition in definitions(),
        answers in answers(),
        urgency in urgency(),
        lost in prop::collection::btree_set(0..40_usize, 0..6),
    ) {
        definition.name = "w".parse().unwrap();
        let mut world = World::new(definition);
        world.event["incident"]["urgency"] = urgency;
        world.lost = lost;
        let mut next = answers.into_iter().cycle();
        world.answers = Box::new(move |_, _, _| answer(next.next().unwrap()));
        let mut execution = world.begin();
        world.run(&mut execution);
        // The main lane has an end, unless every execution that was to take it over came to nothing.
        let end = world.end_of(&execution);
        prop_assert!(end.failure().is_none_or(|failure| !failure.message.is_empty()));
        prop_assert!(world.most_read <= 98, "{}", world.most_read);
        prop_assert!(world.most_written <= 97, "{}", world.most_written);
        prop_assert!(world.largest + (128 + 34) * 1024 < 256 * 1024, "{}", world.largest);
        let key = LaneKey { run: execution.input.run.id.clone(), lane: LanePath::main() };
        // Step Functions may wake a wait a moment late, this clock does not; an attempt takes no time here.
        prop_assert!(world.now <= world.lanes[&key].cursor.run_deadline);
    }
}

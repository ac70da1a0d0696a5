//! What a Plan costs.

use super::{
    tree::{Tree, workflow},
    *,
};

const COLD: [Call; 3] = [Call::Version, Call::Known, Call::Write];
const WARM: [Call; 2] = [Call::Known, Call::Write];
/// Of one that has its lane wait: it looks once more for what may have ended the wait.
const WAITS: [Call; 3] = [Call::Known, Call::Write, Call::Known];

/// The calls of a Plan without that second look, which each has that has its lane wait, and no other.
fn without_second_look((_, kind, calls): &(LanePath, String, Vec<Call>)) -> &[Call] {
    match kind.starts_with("await_") {
        true => calls.strip_suffix(&[Call::Known]).unwrap(),
        false => calls,
    }
}
/// Of the first Plan of an execution that another one started.
const FIRST: [Call; 3] = [Call::Lanes, Call::Known, Call::Write];
/// Of an execution that has handed its lane on.
const WATCH: [Call; 1] = [Call::Known];

#[rstest]
#[case(10)]
#[case(100)]
#[case(1_000)]
#[tokio::test]
async fn a_warm_plan_makes_one_read_and_one_write_however_long_the_run_is(#[case] steps: usize) {
    let waits = (0..steps).map(|_| "  - if: steps.ticket.outputs.incident_number == 3\n    wait: 1s\n");
    let mut tree = Tree::new(&workflow(&format!("{CREATE}{}", waits.collect::<String>())));

    assert_eq!(tree.play().await["type"], "succeed");

    let mut plans = tree.plans.iter();
    assert_eq!(plans.next().unwrap().2, COLD);
    // Besides there are those of the executions to which a run of this length is handed on. The first time that it is handed
    // on, the body of the event is stored.
    let stores: &[Call] = &[Call::Known, Call::PutBody, Call::Write];
    let others: Vec<_> = plans.map(without_second_look).filter(|calls| *calls != WARM).collect();
    let handed_on = tree.started.len();
    assert!(
        others.iter().all(|calls| [&FIRST, &WATCH[..], stores].contains(calls)),
        "{others:?}"
    );
    assert_eq!(others.len(), 2 * handed_on + usize::from(handed_on > 0));
    assert_eq!(tree.plans.len(), steps + 2 + 2 * handed_on);
}

#[rstest]
#[case(10)]
#[case(100)]
#[case(1_000)]
#[tokio::test]
async fn a_plan_of_a_for_each_makes_as_many_calls_however_many_items_there_are(#[case] items: usize) {
    let steps =
        format!("  - for_each: \"{{{{ range({items}) }}}}\"\n    steps: [{{ set: {{ x: \"{{{{ item }}}}\" }} }}]\n");
    let mut tree = Tree::new(&workflow(&steps));

    assert_eq!(tree.play().await["type"], "succeed");

    let (main, lanes): (Vec<_>, Vec<_>) = tree.plans.iter().partition(|(lane, _, _)| lane.is_main());
    assert_eq!(lanes.len(), items, "each lane is one Plan");
    assert!(lanes.iter().all(|(_, _, calls)| *calls == FIRST));
    let mut main = main.into_iter().map(|(_, _, calls)| calls.as_slice());
    assert_eq!(
        main.next(),
        Some([Call::Version, Call::Known, Call::PutBody, Call::Write].as_slice())
    );
    let (warm, others): (Vec<_>, Vec<_>) = main.partition(|calls| *calls == WARM);
    // One after each batch, and those of the executions to which a run of this length is handed on.
    let handed_on = tree.started.len() - items;
    assert_eq!(warm.len(), items.div_ceil(40));
    assert_eq!(others.len(), 2 * handed_on);
    assert!(
        others.iter().all(|calls| *calls == FIRST || *calls == WATCH),
        "{others:?}"
    );
}

#[rstest]
#[case(2)]
#[case(20)]
#[case(40)]
#[tokio::test]
async fn a_plan_makes_as_many_calls_however_deep_its_step_lies(#[case] depth: usize) {
    let blocks: String = (0..depth).map(|_| "{ if: true, steps: [").collect();
    let ends = "] }".repeat(depth);
    let steps = format!(
        "{CREATE}  - {blocks}{{ wait: 1s }}, {{ if: steps.ticket.outputs.incident_number == 3, wait: 1s }}{ends}\n"
    );
    let mut tree = Tree::new(&workflow(&steps));

    assert_eq!(tree.play().await["type"], "succeed");

    let mut plans = tree.plans.iter().map(without_second_look);
    assert_eq!(plans.next(), Some(COLD.as_slice()));
    assert!(plans.all(|calls| calls == WARM));
    assert_eq!(tree.end(), succeeded());
}

#[tokio::test]
async fn a_large_body_is_read_once() {
    let mut machine = Machine::with_data("  - wait: 1s\n  - wait: 1s\n", large());
    machine.plan().await;
    assert_eq!(
        machine.store.take_calls(),
        [Call::Body, Call::Version, Call::Known, Call::Write, Call::Known]
    );

    machine.plan().await;

    assert_eq!(machine.store.take_calls(), WAITS);
}

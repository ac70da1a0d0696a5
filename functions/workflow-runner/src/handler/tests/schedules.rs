//! Schedules that are due: EventBridge Scheduler says when, and the table whether.

use super::{
    buffered::{drain, undone},
    *,
};
use workflow::{
    ids::RunId,
    run::{RunCause, RunInput},
};

const MORNINGS: &str = "{ cron: '0 9 * * *', timezone: Europe/Berlin }";
const CATCHES_UP: &str = "{ cron: '0 9 * * *', timezone: Europe/Berlin, catch_up: true }";
const OFTEN: &str = "{ every: 15m }";

/// A minute and a second before the function is called.
const DUE: &str = "2026-11-20T09:29:00Z";

/// A workflow that goes by a schedule; and by another one before, as often as is said.
fn scheduled(schedules: &[&str]) -> Store {
    let store = Store::default();
    for schedule in schedules {
        let source = format!("name: w\non: {{ schedule: {schedule} }}\nsteps: [{{ wait: 1s }}]\n");
        store.apply(Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{problems}")));
    }
    store
}

fn due(version: u32, scheduled_at: &str) -> String {
    json!({"schedule": "w", "version": version, "scheduled_at": scheduled_at}).to_string()
}

/// Takes a message in, and gives the runs that it started. The message is done.
async fn started(store: &Store, message: String) -> Vec<RunInput> {
    assert_eq!(drain(store, &[message]).await, undone(&[]));
    store.with(|state| state.started.clone())
}

/// The reason that was logged why nothing was started.
fn reason() -> String {
    let lines = Log::lines_with("reason");
    lines.last().unwrap()["reason"].as_str().unwrap().to_owned()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_schedule_that_is_due_starts_a_run_of_the_active_version_that_knows_its_time() {
    let store = scheduled(&[MORNINGS]);

    let runs = started(&store, due(1, DUE)).await;

    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!(run.run.id, RunId::for_schedule(&"w".parse().unwrap(), time(DUE)));
    assert_eq!((run.run.version, run.run.depth), (WorkflowVersion(1), 0));
    let scheduled_at = time(DUE);
    assert_eq!(run.cause, RunCause::Schedule { scheduled_at });
    assert_eq!(store.take_calls(), [Call::Workflow, Call::Start]);
}

#[tokio::test]
async fn a_message_that_comes_twice_starts_one_run() {
    let store = scheduled(&[MORNINGS]);

    started(&store, due(1, DUE)).await;
    let runs = started(&store, due(1, DUE)).await;

    assert_eq!(runs.len(), 1);
}

#[tokio::test]
async fn where_the_time_is_not_put_in_it_is_the_minute_in_which_the_message_was_sent() {
    let store = scheduled(&[OFTEN]);

    let runs = started(&store, due(1, "<aws.scheduler.scheduled-time>")).await;

    let scheduled_at = time("2026-11-20T09:29:00Z");
    assert_eq!(runs[0].cause, RunCause::Schedule { scheduled_at });
}

#[rstest]
#[case::disabled(WorkflowState::Disabled, "the workflow is disabled")]
#[case::deleted(WorkflowState::Deleted, "the workflow is deleted")]
#[tokio::test]
async fn a_workflow_that_is_not_enabled_is_not_started(#[case] state: WorkflowState, #[case] expected: &str) {
    let store = scheduled(&[MORNINGS]);
    store.set_state(&"w".parse().unwrap(), state);

    assert_eq!(started(&store, due(1, DUE)).await, []);
    assert_eq!(reason(), expected);
}

#[tokio::test]
async fn the_schedule_of_a_workflow_that_is_not_there_starts_nothing() {
    assert_eq!(started(&Store::default(), due(1, DUE)).await, []);
    assert_eq!(reason(), "there is no such workflow");
}

#[tokio::test]
async fn a_schedule_that_the_active_version_does_not_have_any_more_starts_nothing() {
    let store = scheduled(&[MORNINGS]);
    let source = "name: w\nsteps: [{ wait: 1s }]\n";
    store.apply(Definition::from_source(source, catalog()).unwrap());

    assert_eq!(started(&store, due(1, DUE)).await, []);
    assert_eq!(reason(), "its active version v2 has no schedule");
}

#[rstest]
#[case::not_due(&[OFTEN, MORNINGS], "2026-11-20T09:29:00Z", false)]
#[case::due(&[OFTEN, MORNINGS], "2026-11-20T08:00:00Z", true)]
#[case::any_time_can_be_one_of_an_interval(&[MORNINGS, OFTEN], "2026-11-20T09:28:17Z", true)]
#[tokio::test]
async fn a_schedule_that_is_behind_the_table_starts_the_active_version_if_that_is_due_too(
    #[case] schedules: &[&str],
    #[case] scheduled_at: &str,
    #[case] starts: bool,
) {
    let store = scheduled(schedules);
    let now = time(scheduled_at) + 1.minutes();
    let message = buffered::batch(&[due(1, scheduled_at)]);

    assert_eq!(runner(&store).take(message, now).await.unwrap(), undone(&[]));

    let versions = store.with(|state| state.started.iter().map(|run| run.run.version).collect::<Vec<_>>());
    assert_eq!(versions, if starts { vec![WorkflowVersion(2)] } else { vec![] });
    if !starts {
        assert_eq!(
            reason(),
            "the schedule is of v1, and v2 is active, which is not due then"
        );
    }
}

#[rstest]
#[case::in_time(MORNINGS, 15 * 60, None)]
#[case::missed(MORNINGS, 15 * 60 + 1, Some("the time was 15 min ago, and the schedule does not catch up"))]
#[case::caught_up(CATCHES_UP, 7 * 24 * 3600, None)]
#[case::too_old(CATCHES_UP, 7 * 24 * 3600 + 1, Some("the time was more than a week ago"))]
#[tokio::test]
async fn a_time_is_missed_after_a_quarter_of_an_hour_and_with_catch_up_after_a_week(
    #[case] schedule: &str,
    #[case] seconds_ago: i64,
    #[case] expected: Option<&str>,
) {
    let store = scheduled(&[schedule]);
    let scheduled_at = start() - seconds_ago.seconds();

    let runs = started(&store, due(1, &scheduled_at.to_string())).await;

    assert_eq!(runs.is_empty(), expected.is_some());
    if let Some(expected) = expected {
        assert_eq!(reason(), expected);
    }
}

#[rstest]
#[case::the_table(Call::Workflow)]
#[case::step_functions(Call::Start)]
#[tokio::test]
async fn while_a_service_is_out_of_reach_the_message_comes_back(#[case] service: Call) {
    let store = scheduled(&[MORNINGS]);
    store.with(|state| state.down = Some(service));
    assert_eq!(drain(&store, &[due(1, DUE)]).await, undone(&["m0"]));

    store.with(|state| state.down = None);
    assert_eq!(started(&store, due(1, DUE)).await.len(), 1);
}

#[tokio::test]
async fn a_run_that_waits_and_a_schedule_that_is_due_come_in_one_batch() {
    let store = scheduled(&[MORNINGS]);
    let batch = [due(1, DUE), buffered::of(&["01A"]).remove(0), "poison".to_owned()];

    assert_eq!(drain(&store, &batch).await, undone(&["m2"]));

    assert_eq!(store.with(|state| state.started.len()), 2);
}

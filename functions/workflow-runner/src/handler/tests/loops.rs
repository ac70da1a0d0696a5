//! Loops that were stopped, as an alarm hears of them.

use super::*;
#[rstest]
#[case(4, 0)]
#[case(5, 1)]
#[tokio::test]
async fn f40_a_stopped_loop_is_logged_once_as_the_alarm_counts_it(#[case] depth: u32, #[case] alarms: usize) {
    let mut machine = Machine::new("  - wait: 1s\n");
    machine.state["run"]["depth"] = json!(depth);
    let first = machine.try_plan().await.unwrap();
    let repeated = machine.try_plan().await.unwrap();

    assert_eq!(first, repeated);
    let told = Log::lines_with("error");
    assert_eq!(
        told.iter().filter(|line| line["error"] == "Run.LoopStopped").count(),
        alarms
    );
    let template = include_str!("../../../../../template.yaml");
    assert!(template.contains(r#"FilterPattern: '{ $.error = "Run.LoopStopped" }'"#));
}

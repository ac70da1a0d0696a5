//! Loops that were stopped, as an alarm hears of them.

use super::*;
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

/// What is logged, as JSON lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }
}

#[rstest]
#[case(4, 0)]
#[case(5, 1)]
#[tokio::test]
async fn f40_a_stopped_loop_is_logged_once_as_the_alarm_counts_it(#[case] depth: u32, #[case] alarms: usize) {
    let mut machine = Machine::new("  - wait: 1s\n");
    machine.state["run"]["depth"] = json!(depth);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    let _listening = tracing::subscriber::set_default(subscriber);

    let first = machine.try_plan().await.unwrap();
    let repeated = machine.try_plan().await.unwrap();

    assert_eq!(first, repeated);
    let is_counted = |line: &&Value| line["error"] == "Run.LoopStopped";
    assert_eq!(log.lines().iter().filter(is_counted).count(), alarms);
    let template = include_str!("../../../../../template.yaml");
    assert!(template.contains(r#"FilterPattern: '{ $.error = "Run.LoopStopped" }'"#));
}

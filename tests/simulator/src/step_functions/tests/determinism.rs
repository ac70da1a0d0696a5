//! The same inputs give the same trace.

use super::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// A small generator of numbers from 0 up to 1 (xorshift), seeded.
fn random(seed: u64) -> impl Fn() -> f64 + Clone + Send + Sync + 'static {
    let state = Arc::new(AtomicU64::new(seed));
    move || {
        let mut bits = state.load(Ordering::Relaxed);
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        state.store(bits, Ordering::Relaxed);
        f64::from(u32::try_from(bits >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// Everything that is told of 200 executions at once, with slow functions that fail at random, retries with jitter, children
/// and time-outs.
fn trace(seed: u64) -> (Vec<HistoryEvent>, Vec<StatusChange>) {
    let lane = child(json!({
        "ResultPath": null,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "LaneEnded"}],
        "Next": "LaneEnded",
    }));
    let definition = states(json!({
        "A": lambda(json!({
            "ResultPath": "$.r",
            "TimeoutSeconds": 8,
            "Retry": [{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL", "MaxAttempts": 4}],
            "Next": "Fork",
        })),
        "Fork": {
            "Type": "Map", "ItemsPath": "$.lanes", "ResultPath": null, "Next": "Done",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Lane",
                "States": {"Lane": lane, "LaneEnded": {"Type": "Pass", "End": true}},
            },
        },
        "Done": {"Type": "Succeed"},
    }));
    let random = random(seed);
    let chance = random.clone();
    let functions = Script(move |_: &str, payload: Value| {
        let (time, fails) = (chance() * 10.0, chance() < 0.3);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs_f64(time)).await;
            if fails {
                Err(failure("E"))
            } else {
                Ok(payload["n"].clone())
            }
        }) as BoxFuture<'static, Answer>
    });
    let outside = Outside {
        jitter: Arc::new(random),
        ..Outside::of(functions)
    };
    simulate(async {
        let (service, told) = service(&definition, outside);
        let mut runs = Vec::new();
        for n in 0..200 {
            let lane = |lane: usize| json!({"name": format!("run-{n}-{lane}"), "input": {"n": n, "lanes": []}});
            let input = json!({"n": n, "lanes": [lane(0), lane(1)]});
            runs.push(service.start_execution(&format!("run-{n}"), input).unwrap());
        }
        for run in &runs {
            service.ended(run).await.unwrap();
        }
        let events = told.events.lock().unwrap().clone();
        let changes = told.changes.lock().unwrap().clone();
        (events, changes)
    })
}

#[test]
fn two_simulations_of_200_executions_are_the_same() {
    let (events, changes) = trace(7);
    assert!(events.len() > 5_000, "{}", events.len());
    let ended = |status| changes.iter().filter(|change| change.status == status).count();
    assert!(ended(Status::Succeeded) > 100);
    assert!(ended(Status::Failed) > 0);
    let (events_again, changes_again) = trace(7);
    assert!(events == events_again);
    assert!(changes == changes_again);
}

#[test]
fn another_seed_gives_another_simulation() {
    assert!(trace(7).0 != trace(8).0);
}

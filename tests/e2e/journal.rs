//! The journal on a real DynamoDB API: its conditions are what keeps a run from doing things twice.

use crate::{aws, scenario::Scenario};
use jiff::Timestamp;
use platform::table::{
    Table,
    journal::{Entry, EventSummary, Journal, Written},
};
use std::collections::BTreeMap;
use workflow::{
    definition::Definition,
    ids::{LanePath, RunId, StepPath, WorkflowVersion},
    planner::{Answer, Cursor, Failure, Outcome, Plan, Situation, plan},
    run::RunIdentity,
};

struct Run {
    table: Table,
    definition: Definition,
    identity: RunIdentity,
    summary: EventSummary,
}

const STEPS: &str = "  - id: ticket\n    uses: pagerduty.create_incident\n    with: { integration: prod, title: t, service: P1, escalation_policy: P2, from: a@b.c }\n  - wait: 1h\n";

impl Run {
    fn new(event: &str) -> Self {
        let scenario = Scenario::without_integration("e2e-journal");
        let definition = Definition::from_source(&scenario.definition("v3", STEPS)).unwrap();
        // Each run of the tests has its own, so that they can be repeated on one stack.
        let event = format!("{event}-{}", Timestamp::now());
        Self {
            table: Table::new(
                aws_sdk_dynamodb::Client::new(&aws::config(&scenario.stack)),
                scenario.stack.table_name.clone(),
            ),
            identity: RunIdentity {
                id: RunId::for_event(&definition.name, &event),
                workflow: definition.name.clone(),
                version: WorkflowVersion(1),
                depth: 0,
            },
            summary: EventSummary {
                id: event,
                event_type: "incident.triggered".into(),
                ..EventSummary::default()
            },
            definition,
        }
    }

    fn plan(&self, cursor: Option<&Cursor>, answer: Option<&Answer>) -> Plan {
        plan(&Situation {
            definition: &self.definition,
            run: &self.identity,
            started_at: Timestamp::UNIX_EPOCH,
            event: &serde_json::json!({"incident": {"title": "e2e-journal:"}}),
            cursor,
            answer,
            results: &BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
        })
    }

    async fn write(&self, plan: &Plan, execution: &str, handover: &str) -> Written {
        let entry = Entry {
            run: &self.identity,
            event: &self.summary,
            execution,
            started_at: Timestamp::UNIX_EPOCH,
            now: Timestamp::UNIX_EPOCH,
            plan,
            handover,
        };
        self.table.write(&entry).await.unwrap()
    }
}

fn created() -> Answer {
    Answer::Success(serde_json::json!({"incident_id": "Q9", "incident_number": 7}))
}

#[tokio::test]
async fn f13_a_repeated_plan_gets_what_the_first_one_handed_over_and_another_execution_gets_nothing() {
    let run = Run::new("repeat");
    let first = run.plan(None, None);
    assert_eq!(run.write(&first, "E1", "one").await, Written::Now);
    assert_eq!(
        run.write(&first, "E1", "other words").await,
        Written::Before { handover: "one".into() }
    );
    assert_eq!(run.write(&first, "E2", "two").await, Written::Superseded);

    let second = run.plan(Some(&first.cursor), Some(&created()));
    assert_eq!(run.write(&second, "E2", "stolen").await, Written::Superseded);
    assert_eq!(run.write(&second, "E1", "next").await, Written::Now);
    // An answer that came twice, the second time another one, changes nothing.
    let failure = Answer::Failure(Failure::from_text("Sandbox.Timedout", ""));
    let late = run.plan(Some(&first.cursor), Some(&failure));
    assert_eq!(
        run.write(&late, "E1", "late").await,
        Written::Before {
            handover: "next".into()
        }
    );
    assert_eq!(
        run.write(&first, "E1", "one").await,
        Written::Superseded,
        "a Plan of long ago"
    );
}

#[tokio::test]
async fn f13_of_twenty_who_write_the_same_plan_at_once_one_does_and_all_hand_over_the_same() {
    let run = std::sync::Arc::new(Run::new("race"));
    let first = run.plan(None, None);
    let racers: Vec<_> = (0..20)
        .map(|number| {
            let (run, first) = (run.clone(), first.clone());
            tokio::spawn(async move {
                let handover = format!("handover {number}");
                // A transaction that meets another on the same item is refused, and Step Functions repeats the Plan.
                for _ in 0..50 {
                    let entry = Entry {
                        run: &run.identity,
                        event: &run.summary,
                        execution: "E1",
                        started_at: Timestamp::UNIX_EPOCH,
                        now: Timestamp::UNIX_EPOCH,
                        plan: &first,
                        handover: &handover,
                    };
                    match run.table.write(&entry).await {
                        Ok(Written::Now) => return (true, handover),
                        Ok(Written::Before { handover }) => return (false, handover),
                        Ok(Written::Superseded) => panic!("superseded by itself"),
                        Err(_) => {}
                    }
                }
                panic!("never written");
            })
        })
        .collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|(wrote, _)| *wrote).count(), 1);
    assert!(
        answers.iter().all(|(_, handover)| *handover == answers[0].1),
        "{answers:?}"
    );
}

#[tokio::test]
async fn what_a_step_gave_is_read_back_and_shown_with_its_attempts() {
    let run = Run::new("result");
    let first = run.plan(None, None);
    run.write(&first, "E1", "{}").await;
    let failure = Answer::Failure(Failure::from_text("PagerDuty.Unavailable", "down"));
    let backoff = run.plan(Some(&first.cursor), Some(&failure));
    run.write(&backoff, "E1", "{}").await;
    let again = run.plan(Some(&backoff.cursor), None);
    run.write(&again, "E1", "{}").await;
    let steps = [StepPath::top(0), StepPath::top(1)].into();
    assert!(
        run.table
            .results(&run.identity.id, &LanePath::main(), &steps)
            .await
            .unwrap()
            .is_empty(),
        "not yet"
    );
    let done = run.plan(Some(&again.cursor), Some(&created()));
    run.write(&done, "E1", "{}").await;

    let results = run
        .table
        .results(&run.identity.id, &LanePath::main(), &steps)
        .await
        .unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results[&StepPath::top(0)].outcome, Outcome::Success);
    assert_eq!(results[&StepPath::top(0)].outputs["incident_number"], 7);

    let view = run.table.run(&run.identity.id).await.unwrap().unwrap();
    assert_eq!(view.steps.len(), 2);
    let attempts = &view.steps[0].attempts;
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].error.as_ref().unwrap().name, "PagerDuty.Unavailable");
    assert!(attempts[0].ended_at.is_some() && attempts[1].ended_at.is_some() && attempts[1].error.is_none());
}

#[tokio::test]
async fn f32_of_two_who_apply_at_once_one_is_told_of_the_other() {
    use platform::table::{Applied, ApplyError};
    let scenario = Scenario::without_integration("e2e-two-admins");
    let run = Run::new("apply");
    let apply = |wait: u32| {
        let source = scenario.definition("v3", &format!("  - wait: {wait}s\n"));
        let definition = Definition::from_source(&source).unwrap();
        let table = run.table.clone();
        async move { table.apply_workflow(&definition, &source, Timestamp::UNIX_EPOCH).await }
    };
    assert_eq!(apply(1).await.unwrap(), Applied::New(WorkflowVersion(1)));
    let (one, other) = tokio::join!(apply(2), apply(3));
    let outcomes = [one, other];
    let applied = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Applied::New(_))))
        .count();
    let conflicts = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(ApplyError::Conflict(_))))
        .count();
    // They may also have gone one after the other; but none may be lost unseen.
    assert_eq!(applied + conflicts, 2, "{outcomes:?}");
    assert!(applied >= 1, "{outcomes:?}");
}

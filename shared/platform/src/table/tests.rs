//! Every call of the table, with every answer of DynamoDB that means that it was not done.

use super::{
    journal::{Entry, Journal, OutsideEnd, Question, Written},
    *,
};
use crate::catalog;
use crate::{api_key::ApiKey, awaited::AwaitedEvent, aws::AwsFailureKind, body, scripted::Scripted};
use data_encoding::BASE64;
use futures_util::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use strum::VariantArray;
use workflow::{
    definition::Definition,
    ids::{LanePath, WorkflowVersion},
    planner::{Changes, Counted, Cursor, Failure, LaneEnd, LaneKey, Lock, Marker, Needs, OwnChange},
    run::{RunBody, RunCause, RunEvent, RunIdentity, RunInput, WebhookKind},
    watch::{EventPlace, Wanted, Watch},
};

pub(super) fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// The time when the run of these tests must have ended.
pub(super) fn deadline() -> Timestamp {
    "2026-11-23T11:00:00Z".parse().unwrap()
}

pub(super) fn input() -> RunInput {
    RunInput {
        run: RunIdentity {
            id: "r".parse().unwrap(),
            workflow: "memory-alert".parse().unwrap(),
            version: WorkflowVersion(1),
            depth: 0,
        },
        cause: RunCause::Hand { by: None },
        inputs: serde_json::Map::new(),
        part: None,
    }
}

pub(super) fn cursor(lane: &str, plans: u64) -> Cursor {
    serde_json::from_value(json!({
        "lane": lane, "plans": plans, "started_at": now(), "deadline": "2026-11-23T10:00:00Z", "run_deadline": deadline(),
    }))
    .unwrap()
}

/// Changes that write an item of each kind that a Plan can write, besides steps.
pub(super) fn changes() -> Changes {
    Changes {
        end: Some(LaneEnd::Success { output: json!(1) }),
        lost: [("00000:00000".parse().unwrap(), LaneEnd::Success { output: json!(1) })].into(),
        cancels: [workflow::planner::CancelMark::run()].into(),
        cancels_runs: ["other".parse().unwrap()].into(),
        lock: Some(Lock {
            version: 1,
            holder: Some("r".parse().unwrap()),
            queue: Vec::new(),
            until: Some("2026-11-30T00:00:00Z".parse().unwrap()),
        }),
        marker: Some(Marker {
            incident: "Q1".to_owned(),
            depth: 0,
            change: OwnChange {
                action: "pagerduty.resolve_incident".to_owned(),
                since: now(),
                at: now(),
            },
        }),
        counted: Some(Counted {
            incident: "Q1".to_owned(),
            period: 7,
        }),
        ..Changes::default()
    }
}

pub(super) async fn write<I: Items>(table: &Table<I>, plans: u64, changes: &Changes) -> Result<Written, StoreError> {
    let (input, cursor) = (input(), cursor("main", plans));
    let handover = json!({ "cursor": cursor }).to_string();
    let entry = Entry {
        input: &input,
        event: None,
        execution: "E1",
        previous_owner: None,
        started_at: now(),
        now: now(),
        cursor: &cursor,
        changes,
        concurrency_key: changes.lock.as_ref().map(|_| "key"),
        handover: &handover,
    };
    table.write(&entry).await
}

pub(super) async fn end_from_outside(table: &Table) -> Result<bool, StoreError> {
    let input = input();
    let end = OutsideEnd {
        input: &input,
        execution: "E1",
        started_at: now(),
        ended_at: now(),
        failure: &Failure::from_text("Run.Stopped", "it was stopped"),
    };
    table.end_from_outside(&end).await
}

pub(super) fn definition(steps: &str) -> Definition {
    let source = format!(
        "name: memory-alert\non:\n  pagerduty:\n    integration: prod\n    events: [incident.triggered]\nsteps: [{steps}]\n"
    );
    Definition::from_source(&source, catalog()).unwrap()
}

pub(super) fn api_key() -> ApiKeyRecord {
    let key = ApiKey::generate().unwrap();
    ApiKeyRecord {
        key_id: key.id().clone(),
        name: "n".into(),
        scope: KeyScope::Workflow("memory-alert".parse().unwrap()),
        sha256: key.hash(),
        state: KeyState::Active,
        created_at: now(),
        revoked_at: None,
    }
}

pub(super) fn integration() -> IntegrationRecord {
    IntegrationRecord {
        alias: "prod".parse().unwrap(),
        kind: IntegrationKind::PagerDuty {
            service_region: pagerduty::client::ServiceRegion::Us,
            default_from: None,
        },
        updated_at: now(),
    }
}

pub(super) fn watch(incident: &str) -> Watch {
    Watch::new("prod".parse().unwrap(), incident).unwrap()
}

pub(super) fn awaited_event() -> AwaitedEvent {
    AwaitedEvent {
        watch: watch("Q1"),
        occurred_at: now(),
        event: RunEvent {
            webhook: WebhookKind::V3,
            event_id: "01A".to_owned(),
            event_type: "incident.annotated".to_owned(),
            body: RunBody::Table {},
            filter_error: None,
        },
    }
}

fn stored_workflow() -> Value {
    json!({
        "pk": {"S": "WORKFLOWS"}, "sk": {"S": "memory-alert"}, "workflow": {"S": "memory-alert"}, "state": {"S": "enabled"},
        "active_version": {"N": "3"}, "integration": {"S": "prod"}, "webhook": {"S": "v3"},
        "events": {"L": [{"S": "incident.triggered"}]}, "updated_at": {"S": "2026-11-20T09:30:00Z"},
    })
}

pub(super) fn seen() -> WorkflowRecord {
    WorkflowRecord {
        workflow: "memory-alert".parse().unwrap(),
        state: WorkflowState::Enabled,
        active_version: WorkflowVersion(3),
        trigger: Some(TriggerRecord {
            integration: "prod".parse().unwrap(),
            webhook: WebhookKind::V3,
            events: vec!["incident.triggered".into()],
            filters: workflow::triggers::Filters::default(),
            when: None,
        }),
        awaits: AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
    }
}

/// A table with a workflow, its third version and a run, as far as reads see them.
pub(super) fn read(operation: &str, request: &Value) -> Value {
    let pk = request["Key"]["pk"]["S"].as_str().unwrap_or_default();
    if operation == "GetItem" && pk.starts_with("CONNECTOR") {
        let source = BASE64.encode(&body::compress(b"connector: desk"));
        return json!({"Item": {
            "connector": {"S": "desk"}, "version": {"N": "1"}, "added_at": {"S": now().to_string()}, "source": {"B": source},
        }});
    }
    match (operation, request["Key"]["sk"]["S"].as_str()) {
        ("GetItem", Some("memory-alert")) => json!({ "Item": stored_workflow() }),
        ("GetItem", Some("RUN")) => json!({"Item": {
            "run": {"S": "r"}, "workflow": {"S": "memory-alert"}, "version": {"N": "1"}, "execution": {"S": "E1"},
            "status": {"S": "running"}, "started_at": {"S": now().to_string()}, "deadline": {"S": deadline().to_string()},
            "expires_at": {"N": (deadline().as_second() + 7 * 86_400).to_string()},
        }}),
        ("GetItem", Some(sk)) if sk.starts_with("VERSION#") => {
            let stored = definition("{ wait: 1s }").to_json().to_string();
            let stored = BASE64.encode(&body::compress(stored.as_bytes()));
            json!({"Item": {"definition": {"B": stored}, "source": {"B": stored}}})
        }
        ("BatchGetItem", _) => json!({"Responses": {"table": []}, "UnprocessedKeys": {}}),
        ("Query", _) => json!({"Items": []}),
        _ => json!({}),
    }
}

/// What became of a call.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Done,
    /// Somebody else was first.
    Lost,
    /// It failed, and goes well some time later.
    Passing,
    Failed,
}

impl From<StoreError> for Fate {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { cause, .. } if cause.kind() == AwsFailureKind::Throttled => Self::Passing,
            StoreError::Unavailable { cause, .. } if cause.kind() == AwsFailureKind::Down => Self::Passing,
            _ => Self::Failed,
        }
    }
}

fn fate<T>(result: Result<T, StoreError>) -> Fate {
    result.map_or_else(Fate::from, |_| Fate::Done)
}

fn is_done(result: Result<bool, StoreError>) -> Fate {
    match result {
        Ok(true) => Fate::Done,
        Ok(false) => Fate::Lost,
        Err(error) => error.into(),
    }
}

fn applied(result: Result<Applied, ApplyError>) -> Fate {
    match result {
        Ok(_) => Fate::Done,
        Err(ApplyError::Conflict(_)) => Fate::Lost,
        Err(ApplyError::Store(error)) => error.into(),
        Err(other) => panic!("{other}"),
    }
}

async fn apply(table: &Table, steps: &str) -> Fate {
    let definition = definition(steps);
    let new = NewVersion {
        definition: &definition,
        source: "# as it was written",
        applied_by: None,
    };
    applied(table.apply_workflow(Some(&seen()), &new, now()).await)
}

/// What a call does when something passing is in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It makes its transaction again itself.
    Repeats,
    /// It fails, and whoever called it calls it again.
    Fails,
}

/// The request of a person to cancel a run.
pub(super) fn asked() -> Cancellation {
    Cancellation {
        by: Some("arn:aws:sts::123456789012:assumed-role/oncall/olivia".to_owned()),
        at: now(),
        reason: Some("the disk was replaced".to_owned()),
    }
}

type Call = for<'a> fn(&'a Table) -> BoxFuture<'a, Fate>;

/// Every call that makes a transaction.
const TRANSACTIONS: &[(&str, Then, Call)] = &[
    ("apply_workflow", Then::Repeats, |table| {
        apply(table, "{ wait: 2s }").boxed()
    }),
    ("activate_version", Then::Repeats, |table| {
        async { applied(table.activate_version(&seen(), WorkflowVersion(2), now()).await) }.boxed()
    }),
    ("set_workflow_state", Then::Repeats, |table| {
        async {
            let id = "memory-alert".parse().unwrap();
            match table.set_workflow_state(&id, WorkflowState::Disabled, now()).await {
                Ok(()) => Fate::Done,
                Err(StateError::Contended(_)) => Fate::Lost,
                Err(StateError::Store(error)) => error.into(),
                Err(other) => panic!("{other}"),
            }
        }
        .boxed()
    }),
    ("add_connector", Then::Repeats, |table| {
        async {
            let (seen, name) = (connector(), "desk".parse().unwrap());
            let new = NewConnector {
                connector: &name,
                source: "connector: desk",
                added_by: None,
            };
            connector_changed(table.add_connector(Some(&seen), &new, now()).await)
        }
        .boxed()
    }),
    ("cancel_run", Then::Repeats, |table| {
        async { fate(table.cancel_run(&"r".parse().unwrap(), &asked()).await) }.boxed()
    }),
    ("end_from_outside", Then::Repeats, |table| {
        async { is_done(end_from_outside(table).await) }.boxed()
    }),
    ("write", Then::Fails, |table| {
        async {
            match write(table, 2, &changes()).await {
                Ok(Written::Superseded) => Fate::Lost,
                other => fate(other),
            }
        }
        .boxed()
    }),
];

/// Every call that makes no transaction.
const OTHERS: &[(&str, Call)] = &[
    ("apply_workflow, as it is", |table| apply(table, "{ wait: 1s }").boxed()),
    ("workflow", |table| {
        async { fate(table.workflow(&"w".parse().unwrap()).await) }.boxed()
    }),
    ("workflows", |table| async { fate(table.workflows().await) }.boxed()),
    ("version", |table| {
        async { fate(table.version(&"w".parse().unwrap(), WorkflowVersion(1)).await) }.boxed()
    }),
    ("version_source", |table| {
        async { fate(table.version_source(&"w".parse().unwrap(), WorkflowVersion(1)).await) }.boxed()
    }),
    ("versions", |table| {
        async { fate(table.versions(&"w".parse().unwrap()).await) }.boxed()
    }),
    ("read", |table| {
        async {
            fate(
                table
                    .read(&"w".parse().unwrap(), &"aaaaaaaaaaaa".parse().unwrap())
                    .await,
            )
        }
        .boxed()
    }),
    ("read_routes", |table| {
        async { fate(table.read_routes(&"prod".parse().unwrap()).await) }.boxed()
    }),
    ("api_key", |table| {
        async { fate(table.api_key(&"aaaaaaaaaaaa".parse().unwrap()).await) }.boxed()
    }),
    ("api_keys", |table| async { fate(table.api_keys().await) }.boxed()),
    ("put_api_key", |table| {
        async { fate(table.put_api_key(&api_key()).await) }.boxed()
    }),
    ("revoke_api_key", |table| {
        async { fate(table.revoke_api_key(&"aaaaaaaaaaaa".parse().unwrap(), now()).await) }.boxed()
    }),
    ("integration", |table| {
        async { fate(table.integration(&"prod".parse().unwrap()).await) }.boxed()
    }),
    ("integrations", |table| {
        async { fate(table.integrations().await) }.boxed()
    }),
    ("put_integration", |table| {
        async { fate(table.put_integration(&integration()).await) }.boxed()
    }),
    ("remove_integration", |table| {
        async { fate(table.remove_integration(&"prod".parse().unwrap()).await) }.boxed()
    }),
    ("connector", |table| {
        async { fate(table.connector(&"desk".parse().unwrap()).await) }.boxed()
    }),
    ("connectors", |table| async { fate(table.connectors().await) }.boxed()),
    ("connector_version", |table| {
        async {
            fate(
                table
                    .connector_version(&"desk".parse().unwrap(), ConnectorVersion(1))
                    .await,
            )
        }
        .boxed()
    }),
    ("remove_connector", |table| {
        async { connector_changed(table.remove_connector(&connector(), now()).await) }.boxed()
    }),
    ("inventory", |table| async { fate(table.inventory().await) }.boxed()),
    ("run", |table| {
        async { fate(table.run(&"r".parse().unwrap()).await) }.boxed()
    }),
    ("runs", |table| {
        async {
            let query = RunQuery {
                workflow: None,
                status: None,
                since: now(),
                until: now(),
                limit: 20,
            };
            fate(table.runs(&query).await)
        }
        .boxed()
    }),
    ("run_known", |table| {
        async { fate(table.run_known(&"r".parse().unwrap()).await) }.boxed()
    }),
    ("open_runs", |table| {
        async { fate(table.open_runs(now()).await) }.boxed()
    }),
    ("lanes", |table| {
        async { fate(table.lanes(&BTreeSet::from([main_lane()])).await) }.boxed()
    }),
    ("known", |table| async { fate(known(table).await) }.boxed()),
    ("put_event", |table| {
        async { fate(table.put_event(&awaited_event(), now()).await) }.boxed()
    }),
    ("watchers", |table| {
        async { fate(table.watchers(&watch("Q1")).await) }.boxed()
    }),
    ("put_body", |table| {
        async { fate(table.put_body(&"r".parse().unwrap(), vec![1], now()).await) }.boxed()
    }),
    ("body", |table| {
        async { fate(table.body(&"r".parse().unwrap()).await) }.boxed()
    }),
];

fn connector() -> ConnectorRecord {
    ConnectorRecord {
        connector: "desk".parse().unwrap(),
        version: ConnectorVersion(1),
        source: "connector: desk".to_owned(),
        added_at: now(),
        added_by: None,
        removed_at: None,
    }
}

fn connector_changed<T>(changed: Result<T, ConnectorChangeError>) -> Fate {
    match changed {
        Ok(_) => Fate::Done,
        Err(ConnectorChangeError::Conflict(_)) => Fate::Lost,
        Err(ConnectorChangeError::Store(error)) => error.into(),
    }
}

fn main_lane() -> LaneKey {
    LaneKey {
        run: "r".parse().unwrap(),
        lane: LanePath::main(),
    }
}

async fn known(table: &Table) -> Result<workflow::planner::Known, StoreError> {
    let (run, workflow) = ("r".parse().unwrap(), "memory-alert".parse().unwrap());
    let needs = Needs {
        lock: true,
        trail: true,
        lanes: [main_lane()].into(),
        workflows: ["memory-alert".parse().unwrap()].into(),
        events: Some(Wanted {
            watch: watch("Q1"),
            types: ["incident.annotated".to_owned()].into(),
            after: EventPlace::at(now()),
        }),
        ..Needs::default()
    };
    table
        .known(&Question {
            run: &run,
            workflow: &workflow,
            needs: &needs,
            concurrency_key: Some("key"),
            incident: Some("Q1"),
            own_key: Some("pgf-0-u22yke2cimahaqglpi3id3sjm2quihme"),
            now: now(),
        })
        .await
}

/// The reasons that DynamoDB gives for a write of a cancelled transaction, and whether they pass.
const CODES: [(&str, bool); 5] = [
    ("TransactionConflict", true),
    ("ProvisionedThroughputExceeded", true),
    ("ThrottlingError", true),
    ("ValidationError", false),
    ("ItemCollectionSizeLimitExceeded", false),
];

/// The number of writes that the transaction of a call has.
async fn writes_of(call: Call) -> usize {
    let (dynamodb, table) = Scripted::answered_by(read).await;
    assert_eq!(call(&table).await, Fate::Done);
    let asked = dynamodb.asked();
    let (_, request) = asked.iter().find(|(name, _)| name == "TransactWriteItems").unwrap();
    request["TransactItems"].as_array().unwrap().len()
}

fn cancelled(writes: usize, position: usize, code: &str) -> Value {
    let mut codes = vec!["None"; writes];
    codes[position] = code;
    Scripted::cancelled(&codes)
}

/// A table whose transactions are cancelled so often.
async fn cancelling(answer: Value, times: usize) -> (Scripted, Table) {
    let mut left = times;
    Scripted::answered_by(move |operation, request| match operation {
        "TransactWriteItems" if left > 0 => {
            left -= 1;
            answer.clone()
        }
        _ => read(operation, request),
    })
    .await
}

fn transactions(dynamodb: &Scripted) -> Vec<Value> {
    let asked = dynamodb.asked().into_iter();
    let made = asked.filter(|(name, _)| name == "TransactWriteItems");
    made.map(|(_, mut request)| {
        request.as_object_mut().unwrap().remove("ClientRequestToken");
        request
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_never_a_lost_race_whichever_write_it_meets() {
    for (name, then, call) in TRANSACTIONS {
        let writes = writes_of(*call).await;
        for (code, passes) in CODES {
            for position in 0..writes {
                let answer = cancelled(writes, position, code);
                let case = format!("{name}: {code} at {position}");

                let (dynamodb, table) = cancelling(answer.clone(), 1).await;
                let once = call(&table).await;
                let made = transactions(&dynamodb);
                match (*then, passes) {
                    (Then::Repeats, true) => {
                        assert_eq!((once, made.len()), (Fate::Done, 2), "{case}");
                        assert_eq!(made[0], made[1], "{case}");
                    }
                    (Then::Fails, true) => assert_eq!((once, made.len()), (Fate::Passing, 1), "{case}"),
                    (_, false) => assert_eq!((once, made.len()), (Fate::Failed, 1), "{case}"),
                }

                let (_, table) = cancelling(answer, usize::MAX).await;
                let always = call(&table).await;
                let expected = if passes { Fate::Passing } else { Fate::Failed };
                assert_eq!(always, expected, "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_does_not_hold_is_a_lost_race_and_nothing_is_tried_again() {
    for (name, _, call) in TRANSACTIONS {
        let writes = writes_of(*call).await;
        for position in 0..writes {
            let (dynamodb, table) = cancelling(cancelled(writes, position, "ConditionalCheckFailed"), 1).await;
            let made = call(&table).await;
            let count = transactions(&dynamodb).len();
            let case = format!("{name}: {position}");
            match *name {
                // It has no condition.
                "cancel_run" => {}
                // Somebody else's change is looked at, and the change made to that.
                "set_workflow_state" => assert_eq!((made, count), (Fate::Done, 2), "{case}"),
                // A lock or a lane that the Plan gives up: the Plan reads them again.
                "write" if position > 1 => assert_eq!((made, count), (Fate::Failed, 1), "{case}"),
                _ => assert_eq!((made, count), (Fate::Lost, 1), "{case}"),
            }
        }
    }
}

/// Errors of a whole call, and whether they pass.
const ERRORS: [&str; 7] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
    "TransactionConflictException",
    "InternalServerError",
    "ServiceUnavailable",
];

#[tokio::test(start_paused = true)]
async fn an_error_of_dynamodb_is_a_passing_failure_of_every_call_and_never_an_answer() {
    let all = TRANSACTIONS.iter().map(|(name, _, call)| (name, call));
    let all = all.chain(OTHERS.iter().map(|(name, call)| (name, call)));
    for (name, call) in all {
        for error in ERRORS {
            let (_, table) = Scripted::answered_by(move |_, _| Scripted::error(error)).await;
            assert_eq!(call(&table).await, Fate::Passing, "{name}: {error}");
        }
    }
}

/// The kinds of reads as they are sent, with the flag that each of them has.
#[tokio::test]
async fn every_read_asks_for_the_last_write_but_that_of_an_index() {
    let all = TRANSACTIONS.iter().map(|(_, _, call)| call);
    let all = all.chain(OTHERS.iter().map(|(_, call)| call));
    let mut seen = BTreeSet::new();
    for call in all {
        let (dynamodb, table) = Scripted::answered_by(read).await;
        assert_eq!(call(&table).await, Fate::Done);
        for (operation, request) in dynamodb.asked() {
            let flags = match operation.as_str() {
                "GetItem" => vec![request["ConsistentRead"].clone()],
                "BatchGetItem" => {
                    let tables = request["RequestItems"].as_object().unwrap().values();
                    tables.map(|keys| keys["ConsistentRead"].clone()).collect()
                }
                "Query" if request.get("IndexName").is_some() => {
                    assert!(request["Limit"].is_u64(), "{request}");
                    assert!(request.get("ConsistentRead").is_none(), "{request}");
                    continue;
                }
                "Query" => vec![request["ConsistentRead"].clone()],
                _ => continue,
            };
            assert!(flags.iter().all(|flag| *flag == true), "{operation} {request}");
            seen.insert(operation);
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    let eventual: Vec<_> = Read::VARIANTS
        .iter()
        .filter(|read| read.consistency() == Consistency::Eventual)
        .collect();
    assert_eq!(eventual, [&Read::Runs, &Read::OpenRuns, &Read::OpenApprovals]);
}

#[tokio::test]
async fn a_plan_is_written_on_conditions_and_a_refusal_shows_the_lane() {
    let (dynamodb, table) = Scripted::answered_by(read).await;
    write(&table, 1, &Changes::default()).await.unwrap();
    write(&table, 2, &changes()).await.unwrap();

    let made = transactions(&dynamodb);
    let update = |plan: usize, write: usize| made[plan]["TransactItems"][write]["Update"].clone();
    for plan in 0..2 {
        assert_eq!(update(plan, 0)["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    }
    assert_eq!(update(0, 0)["ConditionExpression"], "attribute_not_exists(#pk)");
    assert_eq!(update(0, 1)["ConditionExpression"], "attribute_not_exists(#pk)");
    assert_eq!(
        update(1, 0)["ConditionExpression"],
        "#plans = :is_plans AND #owner = :is_owner AND attribute_not_exists(#end)"
    );
    assert_eq!(
        update(1, 1)["ConditionExpression"],
        "attribute_exists(#pk) AND attribute_not_exists(#ended_at)"
    );
    let writes = made[1]["TransactItems"].as_array().unwrap();
    let unconditional = writes.iter().filter(|write| {
        let write = write.as_object().unwrap().values().next().unwrap();
        write.get("ConditionExpression").is_none()
    });
    // Marks are only added to, and what is known of an incident is only counted up or replaced by what is newer.
    let keys: Vec<_> = unconditional
        .map(|write| write["Update"]["Key"]["pk"]["S"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys, ["CANCEL#r", "CANCEL#other", "INCIDENT#Q1", "INCIDENT#Q1"]);
}

#[tokio::test]
async fn a_key_whose_first_answer_was_lost_is_stored_and_another_one_of_its_id_is_not_overwritten() {
    let key = api_key();
    let (dynamodb, table) = Scripted::answering([json!({})]).await;
    table.put_api_key(&key).await.unwrap();
    let item = dynamodb.asked().remove(0).1["Item"].clone();
    let refused = |item: &Value| {
        let mut refusal = Scripted::condition_failed();
        refusal["Item"] = item.clone();
        refusal
    };

    let (dynamodb, table) = Scripted::answering([refused(&item)]).await;
    assert!(table.put_api_key(&key).await.is_ok());
    assert_eq!(dynamodb.asked()[0].1["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");

    let mut another = item;
    another["name"] = json!({"S": "another"});
    let (_, table) = Scripted::answering([refused(&another)]).await;
    assert!(table.put_api_key(&key).await.is_err());
}

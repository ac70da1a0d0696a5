//! The time for which each kind of item is kept. `docs/security.md` says the same, row by row.

use super::*;
use crate::{
    scripted::Scripted,
    table::{Bodies, IncidentEvents, Table, WorkflowState, journal::Written, tests as all},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use workflow::{
    ids::{ApprovalId, LanePath, Section, StepPath},
    planner::{ApprovalChange, Changes, StepChange, StepRecord, WaitChange},
    watch::WatchChange,
};

/// The time for which an item is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Until somebody removes it.
    UntilRemoved,
    ForEver,
    /// So many days after it was written, or changed to what it is.
    Days(i64),
    /// As long as runs are kept, after this time.
    Retention(Timestamp),
}

impl Kept {
    fn expires_at(self, retention_days: i64) -> Option<i64> {
        let after = |time: Timestamp, days: i64| time.as_second() + days * 86_400;
        match self {
            Self::UntilRemoved | Self::ForEver => None,
            Self::Days(days) => Some(after(all::now(), days)),
            Self::Retention(time) => Some(after(time, retention_days)),
        }
    }
}

/// A kind of item: what people call it, its partition key, how long it is kept, and how the documentation says so.
struct Kind {
    name: &'static str,
    pk: &'static str,
    kept: Kept,
    words: &'static str,
}

fn kinds() -> Vec<Kind> {
    let lock = "2026-11-30T00:00:00Z".parse().unwrap();
    let kind = |name, pk, kept, words| Kind { name, pk, kept, words };
    let deadline = || Kept::Retention(all::deadline());
    vec![
        kind(
            "workflow",
            "WORKFLOWS",
            Kept::ForEver,
            "for ever, deleted ones too: their sender must not get 401",
        ),
        kind(
            "version of a workflow",
            "WORKFLOW#memory-alert",
            Kept::ForEver,
            "for ever",
        ),
        kind(
            "route of an integration's URL",
            "ROUTES#prod",
            Kept::UntilRemoved,
            "while its workflow is enabled",
        ),
        kind("API key, valid", "KEYS", Kept::UntilRemoved, "until it is revoked"),
        kind(
            "API key, revoked",
            "KEYS revoked",
            Kept::Days(90),
            "90 days after it was revoked",
        ),
        kind("integration", "INTEGRATIONS", Kept::UntilRemoved, "until it is removed"),
        kind(
            "connector of your own",
            "CONNECTORS",
            Kept::ForEver,
            "for ever, removed ones too: the numbers of their versions go on",
        ),
        kind("version of a connector", "CONNECTOR#desk", Kept::ForEver, "for ever"),
        kind("run", "RUN#r", deadline(), "`RetentionDays` after the run's deadline"),
        kind(
            "lane of a run",
            "LANE#r#main",
            deadline(),
            "`RetentionDays` after the run's deadline",
        ),
        kind(
            "lane of a run, given up",
            "LANE#r#00000:00000",
            deadline(),
            "`RetentionDays` after the run's deadline",
        ),
        kind(
            "step of a run",
            "STEP of LANE#r#main",
            deadline(),
            "`RetentionDays` after the run's deadline",
        ),
        kind(
            "lane that waits",
            "WAIT#r",
            deadline(),
            "`RetentionDays` after the run's deadline; the token until it goes on",
        ),
        kind(
            "approval that a run asks for",
            "APPROVAL",
            deadline(),
            "`RetentionDays` after the run's deadline",
        ),
        kind(
            "what of a run is cancelled",
            "CANCEL#r",
            deadline(),
            "`RetentionDays` after the run's deadline",
        ),
        kind(
            "mark by which a run cancels another",
            "CANCEL#other",
            Kept::Retention(lock),
            "`RetentionDays` after the last deadline of both, and of all that share their concurrency key",
        ),
        kind(
            "body of an event",
            "BODY#r",
            deadline(),
            "`RetentionDays` after its run has ended at the latest; of one that may wait for its start, two weeks more",
        ),
        kind(
            "lock of a concurrency key",
            "LOCK#memory-alert",
            Kept::Retention(lock),
            "`RetentionDays` after the last deadline of the runs that it was for",
        ),
        kind(
            "event of an incident that a workflow waits for",
            "INCIDENT#prod#Q1 EVENT",
            Kept::Days(1),
            "a day after it came",
        ),
        kind(
            "lane that watches an incident",
            "INCIDENT#prod#Q1 WATCH",
            deadline(),
            "`RetentionDays` after the run's deadline",
        ),
        kind(
            "lane that has watched an incident",
            "INCIDENT#prod#Q2 WATCH",
            Kept::Days(0),
            "no longer than until it goes on",
        ),
        kind(
            "changes that runs made to an incident",
            "INCIDENT#Q1 CHANGES",
            Kept::Days(3),
            "3 days after the last one",
        ),
        kind(
            "number of runs for an incident",
            "INCIDENT#Q1 RUNS#memory-alert#7",
            Kept::Days(3),
            "3 days after the last one",
        ),
    ]
}

/// Writes an item of each kind. Gives the requests.
async fn write_all(retention_days: u16) -> Vec<Value> {
    let (dynamodb, table) = Scripted::answered_by(all::read).await;
    let table = table.keeping(retention_days.to_string().parse().unwrap());
    let new = crate::table::NewVersion {
        definition: &all::definition("{ wait: 2s }"),
        source: "# as it was written",
        applied_by: None,
    };
    table
        .apply_workflow(Some(&all::seen()), &new, all::now())
        .await
        .unwrap();
    table.put_api_key(&all::api_key()).await.unwrap();
    table
        .revoke_api_key(&"aaaaaaaaaaaa".parse().unwrap(), all::now())
        .await
        .unwrap();
    table.put_integration(&all::integration()).await.unwrap();
    let new = crate::table::NewConnector {
        connector: &"desk".parse().unwrap(),
        source: "connector: desk",
        added_by: None,
    };
    table.add_connector(None, &new, all::now()).await.unwrap();
    table
        .put_body(&"r".parse().unwrap(), vec![1], all::deadline())
        .await
        .unwrap();
    write_runs(&table).await;
    dynamodb.asked().into_iter().map(|(_, request)| request).collect()
}

async fn write_runs(table: &Table) {
    let step = StepRecord {
        id: None,
        title: "a step".into(),
        at: all::now(),
        change: StepChange::Waiting { until: all::now() },
        call: None,
    };
    let begun = Changes {
        steps: [(StepPath::top(Section::Steps, 0), step)].into(),
        wait: Some(WaitChange::Waits),
        approvals: vec![asked()],
        watches: vec![WatchChange::Begins(all::watch("Q1"))],
        ..Changes::default()
    };
    assert_eq!(all::write(table, 1, &begun).await.unwrap(), Written::Now);
    let ended = Changes {
        watches: vec![WatchChange::Ends(all::watch("Q2"))],
        ..all::changes()
    };
    assert_eq!(all::write(table, 2, &ended).await.unwrap(), Written::Now);
    table.put_event(&all::awaited_event(), all::now()).await.unwrap();
}

/// A question of a run.
fn asked() -> ApprovalChange {
    let (run, step) = ("r".parse().unwrap(), StepPath::top(Section::Steps, 0));
    let question = json!({"message": "Restart?", "choices": ["yes"], "until": all::now()});
    ApprovalChange::Asked {
        id: ApprovalId::of(&run, &LanePath::main(), &step),
        step,
        question: serde_json::from_value(question).unwrap(),
    }
}

/// The kinds of items in a request, each with the time to live that it gets.
fn written(request: &Value) -> Vec<(String, Option<i64>)> {
    if let Some(parts) = request["TransactItems"].as_array() {
        let parts = parts.iter().flat_map(|part| part.as_object().unwrap().values());
        return parts.flat_map(written).collect();
    }
    let number = |value: &Value| value["N"].as_str().map(|number| number.parse().unwrap());
    // What changes of an item that is there leaves its time as it is.
    let is_update = request.get("UpdateExpression").is_some();
    if is_update && request["ExpressionAttributeValues"].get(":expires_at").is_none() {
        return Vec::new();
    }
    let (key, expires_at) = match (request.get("Item"), request.get("UpdateExpression")) {
        (Some(item), _) => (item, number(&item["expires_at"])),
        (None, Some(_)) => (
            &request["Key"],
            number(&request["ExpressionAttributeValues"][":expires_at"]),
        ),
        (None, None) => return Vec::new(),
    };
    let part = |part: &str| key[part]["S"].as_str().unwrap();
    let (pk, sk) = (part("pk"), part("sk"));
    let name = match pk {
        "KEYS" if request.get("UpdateExpression").is_some() => "KEYS revoked".to_owned(),
        lane if sk.starts_with("STEP#") => format!("STEP of {lane}"),
        lock if lock.starts_with("LOCK#") => lock.rsplit_once('#').unwrap().0.to_owned(),
        approval if approval.starts_with("APPROVAL#") => "APPROVAL".to_owned(),
        incident if sk.starts_with("EVENT#") => format!("{incident} EVENT"),
        incident if sk.starts_with("WATCH#") => format!("{incident} WATCH"),
        incident if incident.starts_with("INCIDENT#") => format!("{incident} {sk}"),
        other => other.to_owned(),
    };
    vec![(name, expires_at)]
}

#[tokio::test]
async fn each_kind_of_item_is_kept_as_long_as_its_row_says_and_no_other_kind_is_written() {
    for days in [90, 7, 365] {
        let requests = write_all(days).await;
        let written: BTreeMap<String, BTreeMap<Option<i64>, usize>> =
            requests
                .iter()
                .flat_map(written)
                .fold(BTreeMap::new(), |mut all, (pk, expires_at)| {
                    *all.entry(pk).or_default().entry(expires_at).or_default() += 1;
                    all
                });

        let mut unknown: Vec<&String> = written.keys().collect();
        for kind in kinds() {
            unknown.retain(|pk| *pk != kind.pk);
            let found = written
                .get(kind.pk)
                .map(|times| times.keys().copied().collect::<Vec<_>>());
            let expected = kind.kept.expires_at(days.into());
            assert_eq!(found, Some(vec![expected]), "{}, {days} days", kind.name);
        }
        assert!(unknown.is_empty(), "kinds without a row: {unknown:?}");
    }
}

#[test]
fn the_documentation_has_a_row_for_each_kind_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, table) = document
        .split_once("| item of the table | how long it is kept |\n|---|---|\n")
        .unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let expected: Vec<String> = kinds()
        .iter()
        .map(|kind| format!("| {} | {} |", kind.name, kind.words))
        .collect();
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn what_a_command_writes_of_a_run_is_kept_as_the_stack_keeps_that_run() {
    // The run that is read is kept for seven days, and the command was not told so.
    let (dynamodb, table) = Scripted::answered_by(all::read).await;
    let run = "r".parse().unwrap();
    let asked = crate::table::tests::asked();
    table.cancel_run(&run, &asked).await.unwrap();
    let ends_by = "2026-12-24T00:00:00Z".parse().unwrap();
    table
        .put_body_of_replay(&run, &"replay".parse().unwrap(), vec![1], ends_by)
        .await
        .unwrap();
    all::end_from_outside(&table).await.unwrap();

    let requests: Vec<Value> = dynamodb.asked().into_iter().map(|(_, request)| request).collect();
    let after = |time: Timestamp, days: i64| Some(time.as_second() + days * 86_400);
    let written: Vec<_> = requests.iter().flat_map(written).collect();
    assert_eq!(
        written,
        [
            ("CANCEL#r".to_owned(), after(all::deadline(), 7)),
            ("BODY#replay".to_owned(), after(ends_by, 7)),
            // A function is told: by the deadline of the run, not by its end.
            ("RUN#r".to_owned(), after(all::deadline(), 90)),
            ("CANCEL#r".to_owned(), after(all::deadline(), 90)),
        ]
    );
}

#[tokio::test]
async fn a_deleted_workflow_and_one_that_is_disabled_are_kept() {
    for state in [WorkflowState::Deleted, WorkflowState::Disabled] {
        let (dynamodb, table) = Scripted::answered_by(all::read).await;
        table
            .set_workflow_state(&"memory-alert".parse().unwrap(), state, all::now())
            .await
            .unwrap();
        let (_, request) = dynamodb.asked().pop().unwrap();
        assert_eq!(written(&request), [("WORKFLOWS".to_owned(), None)]);
        let deleted = &request["TransactItems"][1]["Delete"]["Key"]["pk"];
        assert_eq!(*deleted, json!({"S": "ROUTES#prod"}));
    }
}

#[test]
fn a_retention_is_whole_days_within_the_bounds_of_the_template() {
    for (text, days) in [("1", Some(1)), ("90", Some(90)), ("3650", Some(3_650))] {
        assert_eq!(
            text.parse::<Retention>().ok(),
            days.map(|days| Retention(super::days(days)))
        );
    }
    for text in ["0", "3651", "", "90.5", "-1", "ninety", "90d"] {
        let error = text.parse::<Retention>().unwrap_err().to_string();
        assert!(error.contains("number of days from 1 to 3650"), "{error}");
    }
    assert_eq!(Retention::default(), "90".parse().unwrap());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let template = std::fs::read_to_string(path).unwrap();
    let (_, parameter) = template.split_once("\n  RetentionDays:\n").unwrap();
    let (parameter, _) = parameter.split_once("\n  LogRetentionDays:").unwrap();
    assert!(
        parameter.contains("Default: 90\n    MinValue: 1\n    MaxValue: 3650"),
        "{parameter}"
    );
}

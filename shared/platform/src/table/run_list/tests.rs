//! The requests that a list of runs makes, and that it has what a plain filter of all runs has.

use super::*;
use crate::scripted::Scripted;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const STATUSES: [RunStatus; 3] = [RunStatus::Running, RunStatus::Succeeded, RunStatus::Failed];

fn query(workflow: Option<&str>) -> RunQuery {
    RunQuery {
        workflow: workflow.map(|id| id.parse().unwrap()),
        status: None,
        since: "2026-10-30T23:59:59Z".parse().unwrap(),
        until: "2026-11-01T00:00:00Z".parse().unwrap(),
        limit: 10,
    }
}

#[test]
fn the_days_are_asked_newest_first_and_both_ends_are_among_them() {
    assert_eq!(query(None).days(), ["2026-11-01", "2026-10-31", "2026-10-30"]);
}

#[test]
fn the_runs_of_a_day_are_in_shards_all_of_them_and_those_of_a_workflow() {
    assert_eq!(
        query(None).partitions("2026-11-01"),
        [
            "RUNS#2026-11-01#0",
            "RUNS#2026-11-01#1",
            "RUNS#2026-11-01#2",
            "RUNS#2026-11-01#3"
        ]
    );
    assert_eq!(
        query(Some("w")).partitions("2026-11-01"),
        [
            "WORKFLOW#w#2026-11-01#0",
            "WORKFLOW#w#2026-11-01#1",
            "WORKFLOW#w#2026-11-01#2",
            "WORKFLOW#w#2026-11-01#3"
        ]
    );
}

/// A run in the indexes.
#[derive(Debug, Clone)]
struct Stored {
    id: String,
    workflow: &'static str,
    status: RunStatus,
    started_at: Timestamp,
}

impl Stored {
    fn item(&self) -> Value {
        let mut item = json!({
            "run": {"S": self.id}, "workflow": {"S": self.workflow}, "version": {"N": "1"}, "execution": {"S": "arn"},
            "status": {"S": self.status.into_str()}, "started_at": {"S": self.started_at.to_string()},
            "deadline": {"S": self.started_at.to_string()},
        });
        let (run, workflow) = (self.id.parse().unwrap(), self.workflow.parse().unwrap());
        for (name, value) in places(&run, &workflow, self.started_at).into_iter().flatten() {
            item[name] = json!({ "S": value });
        }
        item
    }
}

/// Indexes that answer queries as DynamoDB does: a page has at most the items that it is asked for, and at most so many as
/// there is room for, before the filter leaves some out.
fn indexes(runs: &[Stored], room: usize) -> impl Fn(&str, &Value) -> Value + Send + 'static {
    let mut partitions: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for item in runs.iter().map(Stored::item) {
        for index in ["gsi1", "gsi2"] {
            let part = |part: &str| item[format!("{index}{part}")]["S"].as_str().unwrap().to_owned();
            partitions
                .entry(part("pk"))
                .or_default()
                .insert(part("sk"), item.clone());
        }
    }
    move |operation, request| {
        assert_eq!(operation, "Query");
        let values = &request["ExpressionAttributeValues"];
        let text = |name: &str| values[name]["S"].as_str().unwrap();
        let indexes = [&BY_WORKFLOW, &BY_DAY];
        let index = indexes.into_iter().find(|index| request["IndexName"] == index.name);
        let sk = index.expect("an index").sk;
        let start = request["ExclusiveStartKey"][sk]["S"].as_str();
        let none = BTreeMap::new();
        let rows = partitions.get(text(":pk")).unwrap_or(&none).iter().rev();
        let mut rows = rows
            .filter(|(key, _)| key.as_str() >= text(":sk"))
            .filter(|(key, _)| start.is_none_or(|start| key.as_str() < start))
            .map(|(_, item)| item)
            .peekable();
        let limit = usize::try_from(request["Limit"].as_u64().expect("a Limit")).unwrap();
        let page: Vec<&Value> = rows.by_ref().take(limit.min(room)).collect();
        let mut answer = json!({});
        if let (Some(last), Some(_)) = (page.last(), rows.peek()) {
            answer["LastEvaluatedKey"] = json!({ sk: last[sk] });
        }
        let is_wanted =
            |item: &Value| request.get("FilterExpression").is_none() || item["status"] == values[":is_status"];
        answer["Items"] = page.into_iter().filter(|item| is_wanted(item)).cloned().collect();
        answer
    }
}

fn any_run() -> impl Strategy<Value = (u8, usize, i64, u32)> {
    // Few seconds and few fractions, so that many runs begin at the same time.
    let second = prop_oneof![0..4_i64, 0..(3 * 86_400_i64), Just(86_399), Just(86_400)];
    let nanos = prop_oneof![
        Just(0),
        Just(500_000_000),
        Just(500_010_000),
        Just(250_000_000),
        0..1_000_000_000_u32
    ];
    (0..2_u8, 0..STATUSES.len(), second, nanos)
}

fn start() -> Timestamp {
    "2026-10-30T00:00:00Z".parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_list_has_the_newest_of_what_a_plain_filter_has_in_its_order(
        runs in prop::collection::vec(any_run(), 0..60),
        workflow in prop::option::of(0..2_u8),
        status in prop::option::of(0..STATUSES.len()),
        since in (0..(3 * 86_400_i64), prop_oneof![Just(0_u32), Just(500_000_000)]),
        limit in 1..30_usize,
        room in 1..20_usize,
    ) {
        let workflows = ["one", "two"];
        let after = |second: i64, nanos: u32| {
            start().checked_add(jiff::SignedDuration::new(second, i32::try_from(nanos).unwrap())).unwrap()
        };
        let runs: Vec<Stored> = runs
            .iter()
            .enumerate()
            .map(|(number, (workflow, status, second, nanos))| Stored {
                id: format!("run-{number}"),
                workflow: workflows[usize::from(*workflow)],
                status: STATUSES[*status],
                started_at: after(*second, *nanos),
            })
            .collect();
        let query = RunQuery {
            workflow: workflow.map(|which| workflows[usize::from(which)].parse().unwrap()),
            status: status.map(|which| STATUSES[which]),
            since: after(since.0, since.1),
            until: after(3 * 86_400 - 1, 0),
            limit,
        };
        let mut wanted: Vec<&Stored> = runs
            .iter()
            .filter(|run| run.started_at >= query.since)
            .filter(|run| query.status.is_none_or(|status| run.status == status))
            .filter(|run| query.workflow.as_ref().is_none_or(|id| run.workflow == id.as_str()))
            .collect();
        wanted.sort_by_key(|run| std::cmp::Reverse((run.started_at, run.id.clone())));
        wanted.truncate(limit);

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listed = runtime.block_on(async {
            let (_, table) = Scripted::answered_by(indexes(&runs, room)).await;
            table.runs(&query).await.unwrap()
        });

        let listed: Vec<_> = listed.iter().map(|run| run.run.to_string()).collect();
        let wanted: Vec<_> = wanted.into_iter().map(|run| run.id.clone()).collect();
        prop_assert_eq!(listed, wanted);
    }
}

fn of_one_day(count: u32, status: RunStatus) -> Vec<Stored> {
    let runs = (0..count).map(|number| Stored {
        id: format!("run-{number}"),
        workflow: "one",
        status,
        started_at: "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap()
            + jiff::SignedDuration::from_secs(number.into()),
    });
    runs.collect()
}

#[tokio::test]
async fn twenty_of_ten_thousand_runs_are_four_queries_for_twenty_items_each() {
    let runs = of_one_day(10_000, RunStatus::Succeeded);
    let (dynamodb, table) = Scripted::answered_by(indexes(&runs, 1_000)).await;

    let listed = table
        .runs(&RunQuery {
            limit: 20,
            ..query(None)
        })
        .await
        .unwrap();

    assert_eq!(listed.len(), 20);
    assert_eq!(listed[0].run.as_str(), "run-9999");
    let limits: Vec<_> = dynamodb
        .asked()
        .iter()
        .map(|(_, request)| request["Limit"].clone())
        .collect();
    assert_eq!(limits, vec![json!(20); 4]);
}

#[tokio::test]
async fn a_rare_status_is_looked_for_in_pages_that_grow() {
    let runs = of_one_day(4_000, RunStatus::Succeeded);
    let (dynamodb, table) = Scripted::answered_by(indexes(&runs, 5_000)).await;
    let wanted = RunQuery {
        status: Some(RunStatus::Failed),
        limit: 20,
        since: "2026-11-01T00:00:00Z".parse().unwrap(),
        ..query(None)
    };

    assert!(table.runs(&wanted).await.unwrap().is_empty());

    let asked = dynamodb.asked();
    let of_shard: Vec<_> = asked
        .iter()
        .filter(|(_, request)| request["ExpressionAttributeValues"][":pk"]["S"] == "RUNS#2026-11-01#0")
        .map(|(_, request)| request["Limit"].as_u64().unwrap())
        .collect();
    assert_eq!(of_shard, [20, 80, 320, 1280]);
}

/// The time that a month takes where each query takes a tenth of a second: not the sum of them.
#[tokio::test]
async fn a_month_without_such_runs_is_read_in_a_few_rounds() {
    let (dynamodb, table) = Scripted::answered_by(indexes(&[], 1_000)).await;
    dynamodb.takes(std::time::Duration::from_millis(100));
    let wanted = RunQuery {
        since: "2026-10-02T00:00:00Z".parse().unwrap(),
        ..query(None)
    };

    let begun = std::time::Instant::now();
    assert!(table.runs(&wanted).await.unwrap().is_empty());

    assert_eq!(dynamodb.asked().len(), 31 * 4);
    let rounds = begun.elapsed().as_millis() / 100;
    assert!(rounds < 31, "{rounds} rounds");
}

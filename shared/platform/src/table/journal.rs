//! The journal of a run: what each Plan decided, written before anything is done about it.
//!
//! # The protocol
//! A Plan reads the results that it needs (one call), decides, and writes its decision (one call): a transaction over
//! the lane, the steps that changed, and the run where it starts or ends. The lane holds the number of its last Plan, the
//! execution that owns it, and what that Plan handed to the state machine. The write is fenced by number and owner:
//!
//! ```text
//! Plan 7: lane {plans: 6, owner: E} --write if plans = 6 and owner = E--> {plans: 7, owner: E, handover: H7}
//! ```
//!
//! - The function ends after the write, before its answer arrives: Step Functions repeats Plan 7. The write is refused
//!   and shows the lane as it is, `plans: 7` of the same owner. So this Plan is already written, and the repeat gives H7, to
//!   the byte, whatever it had decided itself. An answer that came twice and differed is thereby ignored the second time.
//! - Another execution tries: the owner differs, nothing is written, and it gives up with `Run.Superseded`.
//!
//! The first Plan makes the lane; its condition is that there is none.

use super::{Item, StoreError, Table, expiry, keys, number, text, unavailable};
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use workflow::{
    ids::{LanePath, RunId, StepPath},
    planner::{Failure, Outcome, Plan, RunEnd, StepChange, StepRecord, StepResult},
    run::RunIdentity,
};

/// A Plan to be written.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The run.
    pub run: &'a RunIdentity,
    /// What people want to know of the event that started it.
    pub event: &'a EventSummary,
    /// The execution that makes the Plan: its ARN.
    pub execution: &'a str,
    /// When the run's execution was started.
    pub started_at: Timestamp,
    /// The time.
    pub now: Timestamp,
    /// What was decided.
    pub plan: &'a Plan,
    /// What is handed to the state machine, as JSON text.
    pub handover: &'a str,
}

/// What people want to know of the event that started a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventSummary {
    /// PagerDuty's id of the event.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// The id of the incident that it is about.
    pub incident_id: Option<String>,
    /// The title of that incident.
    pub incident_title: Option<String>,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// The Plan was written.
    Now,
    /// This Plan had been written before; this is what it handed over.
    Before {
        /// The JSON text.
        handover: String,
    },
    /// Another execution holds the lane, or a later Plan was made.
    Superseded,
}

/// Where journals are.
pub trait Journal: Sync {
    /// Reads the results of steps, as far as there are any. One call.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    fn results(
        &self,
        run: &RunId,
        lane: &LanePath,
        steps: &BTreeSet<StepPath>,
    ) -> impl Future<Output = Result<BTreeMap<StepPath, StepResult>, StoreError>> + Send;

    /// Writes a Plan. One call.
    ///
    /// # Errors
    /// DynamoDB did not answer, or another transaction was in the way; the Plan may be made again.
    fn write(&self, entry: &Entry<'_>) -> impl Future<Output = Result<Written, StoreError>> + Send;
}

impl Journal for Table {
    async fn results(
        &self,
        run: &RunId,
        lane: &LanePath,
        steps: &BTreeSet<StepPath>,
    ) -> Result<BTreeMap<StepPath, StepResult>, StoreError> {
        let (pk, _) = keys::lane(run, lane);
        let wanted = steps.iter().map(|path| Self::key(&pk, &keys::step(path))).collect();
        let items = self.get_all("read the results of steps", wanted).await?;
        items.into_iter().filter_map(|item| result(item).transpose()).collect()
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        let writes = transaction(&self.name, entry)?;
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        match Box::pin(request.send()).await {
            Ok(_) => Ok(Written::Now),
            Err(error) => {
                use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Refusal;
                match error.as_service_error() {
                    Some(Refusal::TransactionCanceledException(refusal)) => {
                        match refusal.cancellation_reasons().first() {
                            // The lane comes first in the transaction.
                            Some(lane) if lane.code() == Some("ConditionalCheckFailed") => Ok(before(lane, entry)),
                            _ => Err(unavailable("write the journal", &error)),
                        }
                    }
                    _ => Err(unavailable("write the journal", &error)),
                }
            }
        }
    }
}

/// Of a lane that is not as the Plan expected: whether this Plan is already in it.
fn before(lane: &CancellationReason, entry: &Entry<'_>) -> Written {
    let item = lane.item().cloned().unwrap_or_default();
    let same_plan = item
        .get("plans")
        .and_then(|plans| plans.as_n().ok())
        .is_some_and(|plans| plans.parse() == Ok(entry.plan.cursor.plans));
    let same_owner = item
        .get("owner")
        .and_then(|owner| owner.as_s().ok())
        .is_some_and(|owner| owner == entry.execution);
    match item.get("handover").and_then(|handover| handover.as_s().ok()) {
        Some(handover) if same_plan && same_owner => Written::Before {
            handover: handover.clone(),
        },
        _ => Written::Superseded,
    }
}

fn transaction(table: &str, entry: &Entry<'_>) -> Result<Vec<TransactWriteItem>, StoreError> {
    let mut writes = vec![lane(table, entry)?];
    writes.extend(run(table, entry)?);
    for (path, record) in &entry.plan.steps {
        writes.push(step(table, entry, path, record)?);
    }
    Ok(writes)
}

fn lane(table: &str, entry: &Entry<'_>) -> Result<TransactWriteItem, StoreError> {
    let (pk, sk) = keys::lane(&entry.run.id, &entry.plan.cursor.lane);
    let before = entry.plan.cursor.plans.saturating_sub(1);
    let mut change = Change::new(&pk, sk);
    change.set("plans", number(entry.plan.cursor.plans));
    change.set("handover", text(entry.handover));
    change.set("updated_at", text(entry.now.to_string()));
    change.set("expires_at", number(expiry::of_run(entry.plan.cursor.deadline)));
    change.set("owner", text(entry.execution));
    let condition = if before == 0 {
        "attribute_not_exists(pk)"
    } else {
        change.value(":before", number(before));
        // `:owner` is the value that is set: this execution.
        "#plans = :before AND #owner = :owner"
    };
    let update = change
        .into_update(table)
        .condition_expression(condition)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    build(update)
}

/// The run's own item changes only when the run starts and when it ends, because only then its place in the indexes does.
fn run(table: &str, entry: &Entry<'_>) -> Result<Option<TransactWriteItem>, StoreError> {
    let (pk, sk) = keys::run(&entry.run.id);
    let starts = entry.plan.cursor.plans == 1;
    let (status, failure) = match &entry.plan.end {
        None => ("running", None),
        Some(RunEnd::Succeeded) => ("succeeded", None),
        Some(RunEnd::Failed(failure)) => ("failed", Some(failure)),
    };
    let ended = entry.plan.end.is_some().then(|| text(entry.now.to_string()));
    let error = failure.map(failure_value);
    if starts {
        let mut item: Item = Table::key(&pk, sk);
        let started = entry.started_at.to_string();
        let day: String = started.chars().take(10).collect();
        let mut set = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
        set("run", text(entry.run.id.as_str()));
        set("workflow", text(entry.run.workflow.as_str()));
        set("version", number(entry.run.version.0));
        set("depth", number(entry.run.depth));
        set("event_id", text(&entry.event.id));
        set("event_type", text(&entry.event.event_type));
        for (name, value) in [
            ("incident_id", &entry.event.incident_id),
            ("incident_title", &entry.event.incident_title),
        ] {
            if let Some(value) = value {
                set(name, text(value));
            }
        }
        set("execution", text(entry.execution));
        set("status", text(status));
        set("started_at", text(&started));
        set("deadline", text(entry.plan.cursor.deadline.to_string()));
        set("expires_at", number(expiry::of_run(entry.plan.cursor.deadline)));
        set("gsi1pk", text(format!("WORKFLOW#{}#{day}", entry.run.workflow)));
        set("gsi1sk", text(format!("{started}#{}", entry.run.id)));
        set("gsi2pk", text(format!("RUNS#{day}#{}", shard(&entry.run.id))));
        set("gsi2sk", text(format!("{started}#{}", entry.run.id)));
        if let Some(ended) = ended {
            set("ended_at", ended);
        }
        if let Some(error) = error {
            set("error", error);
        }
        let put = Put::builder().table_name(table).set_item(Some(item));
        let put = put.build().map_err(|error| unbuildable(&error))?;
        return Ok(Some(TransactWriteItem::builder().put(put).build()));
    }
    let Some(ended) = ended else { return Ok(None) };
    let mut change = Change::new(&pk, sk);
    change.set("status", text(status));
    change.set("ended_at", ended);
    if let Some(error) = error {
        change.set("error", error);
    }
    build(change.into_update(table)).map(Some)
}

/// How many shards the index of all runs of a day has. A shard takes 1,000 writes a second.
const SHARDS: u32 = 4;

fn shard(run: &RunId) -> u32 {
    run.as_str().bytes().map(u32::from).fold(0, u32::wrapping_add) % SHARDS
}

fn step(table: &str, entry: &Entry<'_>, path: &StepPath, record: &StepRecord) -> Result<TransactWriteItem, StoreError> {
    let (pk, _) = keys::lane(&entry.run.id, &entry.plan.cursor.lane);
    let at = || text(record.at.to_string());
    let mut change = Change::new(&pk, &keys::step(path));
    change.set("path", text(path.to_string()));
    change.set("title", text(&record.title));
    change.set("expires_at", number(expiry::of_run(entry.plan.cursor.deadline)));
    change.set_once("started_at", at());
    if let Some(id) = &record.id {
        change.set("id", text(id.as_str()));
    }
    match &record.change {
        StepChange::Waiting { until } => {
            change.set("state", text("waiting"));
            change.set("until", text(until.to_string()));
        }
        StepChange::AttemptStarted {
            number: attempt,
            input,
            effect_key,
        } => {
            change.set("state", text("running"));
            change.set("input", text(input.to_string()));
            change.set("effect_key", text(effect_key.as_str()));
            let attempt = HashMap::from([("number".to_owned(), number(attempt)), ("started_at".to_owned(), at())]);
            change.append("attempts", AttributeValue::M(attempt));
        }
        StepChange::AttemptFailed {
            number: attempt,
            failure,
            retry_at,
        } => {
            change.set("state", text("retrying"));
            change.set("until", text(retry_at.to_string()));
            change.set_in_list("attempts", attempt.saturating_sub(1), "ended_at", at());
            change.set_in_list("attempts", attempt.saturating_sub(1), "error", failure_value(failure));
        }
        StepChange::Finished {
            result,
            failure,
            attempt,
        } => {
            let state = match result.outcome {
                Outcome::Success => "success",
                Outcome::Failure => "failure",
                Outcome::Skipped => "skipped",
            };
            change.set("state", text(state));
            change.set("ended_at", at());
            change.set("outputs", text(result.outputs.to_string()));
            if let Some(failure) = failure {
                change.set("error", failure_value(failure));
            }
            if let Some(attempt) = attempt {
                change.set_in_list("attempts", attempt.saturating_sub(1), "ended_at", at());
            }
        }
    }
    build(change.into_update(table))
}

fn failure_value(failure: &Failure) -> AttributeValue {
    let fields = [
        ("name".to_owned(), text(&failure.name)),
        ("message".to_owned(), text(&failure.message)),
    ];
    AttributeValue::M(HashMap::from(fields))
}

fn result(mut item: Item) -> Result<Option<(StepPath, StepResult)>, StoreError> {
    let unreadable = |cause: String| StoreError::Unreadable {
        what: "step of a run",
        cause,
    };
    let mut take = |name: &str| match item.remove(name) {
        Some(AttributeValue::S(text)) => text,
        _ => String::new(),
    };
    let outcome = match take("state").as_str() {
        "success" => Outcome::Success,
        "failure" => Outcome::Failure,
        "skipped" => Outcome::Skipped,
        // It has not ended, so it has no result.
        _ => return Ok(None),
    };
    let path = take("path")
        .parse()
        .map_err(|error: workflow::ids::InvalidId| unreadable(error.to_string()))?;
    let outputs: Value = serde_json::from_str(&take("outputs")).map_err(|error| unreadable(error.to_string()))?;
    Ok(Some((path, StepResult { outcome, outputs })))
}

/// An update of one item: what is set to which value.
struct Change {
    key: Item,
    sets: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    fn new(pk: &str, sk: &str) -> Self {
        Self {
            key: Table::key(pk, sk),
            sets: Vec::new(),
            names: HashMap::new(),
            values: HashMap::new(),
        }
    }

    /// Names are always given as placeholders: many of ours, such as `state`, are reserved words of DynamoDB.
    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    fn set(&mut self, name: &str, value: AttributeValue) {
        let placeholder = self.name(name);
        self.sets.push(format!("{placeholder} = :{name}"));
        self.value(&format!(":{name}"), value);
    }

    fn set_once(&mut self, name: &str, value: AttributeValue) {
        let placeholder = self.name(name);
        self.sets
            .push(format!("{placeholder} = if_not_exists({placeholder}, :{name})"));
        self.value(&format!(":{name}"), value);
    }

    fn append(&mut self, name: &str, value: AttributeValue) {
        let placeholder = self.name(name);
        self.sets.push(format!(
            "{placeholder} = list_append(if_not_exists({placeholder}, :none), :{name})"
        ));
        self.value(":none", AttributeValue::L(Vec::new()));
        self.value(&format!(":{name}"), AttributeValue::L(vec![value]));
    }

    fn set_in_list(&mut self, list: &str, index: u32, name: &str, value: AttributeValue) {
        let (list_name, field_name) = (self.name(list), self.name(name));
        self.sets
            .push(format!("{list_name}[{index}].{field_name} = :{list}_{name}"));
        self.value(&format!(":{list}_{name}"), value);
    }

    fn into_update(self, table: &str) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(table)
            .set_key(Some(self.key))
            .update_expression(format!("SET {}", self.sets.join(", ")))
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
    }
}

fn build(update: aws_sdk_dynamodb::types::builders::UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    let update = update.build().map_err(|error| unbuildable(&error))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn unbuildable(error: &aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Unavailable {
        operation: "write the journal",
        cause: error.to_string(),
    }
}

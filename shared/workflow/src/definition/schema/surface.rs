//! The grammar as types. They hold nothing: what is used of them is their schema, and of that the comments are what an
//! editor shows.

#![expect(dead_code, reason = "only the schemas of these types are used")]

use super::parts::{Condition, ErrorNameText, Identifier, Label, LengthText, Text, Value, rules};
use crate::{definition::limits, steps::KINDS, triggers};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};
use std::{borrow::Cow, collections::BTreeMap};

/// A workflow of Pagerflow: what starts it, and the steps that it does.
#[derive(JsonSchema)]
#[schemars(title = "Pagerflow workflow", deny_unknown_fields, transform = rules::workflow)]
pub(super) struct Workflow {
    /// The workflow's name, which is its id and stands in the webhook's URL: lower-case letters, digits and '-'.
    name: Label,
    /// The purpose, in your words.
    description: Option<String>,
    /// The trigger, besides people and other workflows.
    on: Option<Trigger>,
    /// The inputs that a run is started with: `inputs.<name>` in expressions.
    #[schemars(extend("maxProperties" = limits::INPUTS), transform = rules::identifiers)]
    inputs: Option<BTreeMap<String, Input>>,
    /// The time that a run may take: 24h if it does not say, at most 364d.
    timeout: Option<LengthText>,
    /// The rule by which runs of it exclude each other.
    concurrency: Option<Concurrency>,
    /// The steps, in order.
    #[schemars(length(min = 1))]
    steps: Vec<Step>,
    /// The steps for a run that failed. They see `failure.step`, `failure.name` and `failure.message`.
    #[schemars(length(min = 1))]
    on_failure: Option<Vec<Step>>,
}

/// The trigger of a workflow.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Trigger {
    #[schemars(flatten)]
    kind: KindOfTrigger,
}

/// The words of all kinds of triggers, of which a workflow has one.
struct KindOfTrigger;

impl JsonSchema for KindOfTrigger {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "KindOfTrigger".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = Map::new();
        for kind in triggers::KINDS {
            let mut schema = (kind.schema)(generator);
            if let Some(Json::Object(words)) = schema.remove("properties") {
                properties.extend(words);
            }
        }
        let words = triggers::KINDS.iter().map(|kind| kind.word);
        match triggers::KINDS.len() {
            1 => json_schema!({ "type": "object", "properties": properties, "required": words.collect::<Vec<_>>() }),
            _ => {
                let one = words.map(|word| serde_json::json!({ "required": [word] }));
                json_schema!({ "type": "object", "properties": properties, "oneOf": one.collect::<Vec<_>>() })
            }
        }
    }
}

/// An input of a workflow.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, transform = rules::input)]
pub(crate) struct Input {
    /// Its type.
    r#type: InputKind,
    /// The meaning, in your words.
    description: Option<String>,
    /// The value if none is given. A workflow that a webhook starts needs one for each input.
    default: Option<Value>,
}

/// The type of an input.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(crate) enum InputKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// A map.
    Map,
    /// A time: text as RFC 3339 has it, such as 2026-11-30T08:00:00Z. In expressions it can be compared and added to.
    Time,
    /// A duration, such as 30s, 15m, 1h30m or 2d.
    Duration,
}

/// The rule by which runs of a workflow exclude each other: those of the same key.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Concurrency {
    /// The key: text with expressions over `event`, `run` and `inputs`, such as `{{ event.incident.id }}`.
    key: Text,
    /// The policy for a run whose key another run holds. The default is `wait`.
    policy: Option<Policy>,
}

/// The policy for a run while another run of the same key goes on.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Policy {
    /// It waits until it is its turn; the oldest comes first.
    Wait,
    /// It ends at once and does nothing.
    Skip,
    /// The older run is cancelled.
    Cancel,
}

/// A step. It does one thing: `uses`, `wait`, `approval`, `set`, `steps`, `choose`, `parallel`, `for_each`, `repeat`, `stop`, `fail`
/// or `run_workflow`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, transform = rules::step)]
pub(crate) struct Step {
    /// The id by which later steps refer to it: `steps.<id>.outcome`, `steps.<id>.outputs` and `steps.<id>.error`.
    id: Option<Identifier>,
    /// The step is skipped when this does not hold.
    #[schemars(rename = "if")]
    condition: Option<Condition>,
    /// True if the run goes on when the step fails.
    continue_on_error: Option<bool>,
    /// The rules for further attempts.
    retry: Option<Retry>,
    /// The time that the step may take, with all attempts and the waits between.
    timeout: Option<LengthText>,
    #[schemars(flatten)]
    kind: Kind,
}

/// The words of all kinds of steps.
struct Kind;

impl JsonSchema for Kind {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Kind".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = Map::new();
        for kind in KINDS {
            let mut schema = (kind.schema)(generator);
            if let Some(Json::Object(words)) = schema.remove("properties") {
                properties.extend(words);
            }
        }
        json_schema!({ "type": "object", "properties": properties })
    }
}

/// The rules for further attempts at an action. Waiting for a rate limit does not count as an attempt.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Retry {
    /// The number of attempts in all. 8 if it does not say.
    #[schemars(range(min = 1, max = limits::ATTEMPTS))]
    max_attempts: Option<u32>,
    /// The wait after the first attempt. 10s if it does not say.
    interval: Option<LengthText>,
    /// By how much each wait is longer than the one before. 2 if it does not say.
    #[schemars(range(min = 1, max = 10))]
    backoff: Option<f64>,
    /// The longest wait. 5m if it does not say.
    max_interval: Option<LengthText>,
    /// True if up to a fifth is added to each wait. The default is true.
    jitter: Option<bool>,
    /// The errors that are tried again. Without it, all that may pass.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    errors: Option<Vec<ErrorNameText>>,
}

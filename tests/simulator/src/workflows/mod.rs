//! Random workflows over the whole language. Each is valid: it passes the checks that a definition passes when it is saved.
//!
//! # Layout
//! - `writer`: steps, and which kind comes how often.
//! - `alerts`: the inputs of steps that use the Events API.
//! - `systems`: the inputs of steps that act on other systems.
//! - `expressions`: what a step can refer to, and texts, conditions and lists of that.
//! - `scope`: what can be seen where.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

mod alerts;
mod expressions;
mod scope;
mod systems;
mod writer;

#[cfg(test)]
mod tests;

use fastrand::Rng;
use jiff::SignedDuration;
use platform::catalog;
use serde_json::{Map, Value, json};
use workflow::{
    definition::{Definition, InputKind, Length},
    triggers::Trigger,
};
use writer::Writer;

/// How wild workflows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Every step has the time and the attempts that it needs, so that passing faults change no result.
    Patient,
    /// Anything that the language allows: short time-outs, single attempts, cancelled lanes and runs.
    Wild,
}

/// What workflows are to be like.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// How wild they are.
    pub mood: Mood,
    /// About how many steps each has.
    pub steps: u32,
    /// About how many lanes a run may have in all.
    pub lanes: u32,
    /// How deep steps are nested at most.
    pub depth: u32,
    /// The types of the events that start the first one.
    pub events: &'static [&'static str],
    /// True if runs of the first one wait for each other for hours.
    pub queues: bool,
    /// True if steps act on other systems than PagerDuty, too.
    pub systems: bool,
}

impl Style {
    /// True if some of the events only name their incident.
    fn only_names(self) -> bool {
        self.events.contains(&"incident.annotated")
    }

    /// The number of the event's incident.
    fn number(self) -> &'static str {
        match self.only_names() {
            true => "(event.incident.number | default(7))",
            false => "event.incident.number",
        }
    }

    /// The title of the event's incident.
    fn title(self) -> &'static str {
        match self.only_names() {
            true => "event.incident.title | default('of a note')",
            false => "event.incident.title",
        }
    }

    /// The same as a whole text.
    fn title_alone(self) -> &'static str {
        match self.only_names() {
            true => "{{ event.incident.title | default('of a note') }}",
            false => "{{ event.incident.title }}",
        }
    }
}

/// A workflow that was made up.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its source, in JSON.
    pub source: String,
    /// The same as the shipped code reads it.
    pub definition: Definition,
}

/// A workflow that others call.
#[derive(Debug, Clone)]
pub(crate) struct Callee {
    name: String,
    inputs: Vec<(String, InputKind)>,
    /// About how many lanes a run of it has.
    lanes: u32,
    /// True if it is the workflow that calls.
    is_caller: bool,
}

/// Some workflows that belong together. A webhook or a person starts the first one; the others are called.
///
/// # Panics
/// If one of them is not valid, which is a mistake of this code.
#[must_use]
pub fn family(random: &mut Rng, style: Style) -> Vec<Written> {
    let helpers = match random.u32(0..10) {
        0..5 => 0,
        5..8 => 1,
        _ => 2,
    };
    let mut callees: Vec<Callee> = Vec::new();
    let mut written = Vec::new();
    for number in (1..=helpers).rev() {
        let smaller = Style {
            steps: (style.steps / 3).max(2),
            lanes: (style.lanes / 4).max(1),
            depth: style.depth.saturating_sub(1),
            ..style
        };
        let (workflow, callee) = helper(random, smaller, &format!("helper-{number}"), &callees);
        written.push(workflow);
        callees.push(callee);
    }
    written.push(main(random, style, &callees));
    written.reverse();
    written
}

/// A workflow over events as one over the times of a schedule: what it asks the event for, it asks for the time.
fn of_schedule(definition: Value) -> Value {
    const MEANT: &[(&str, &str)] = &[
        ("event.incident.number", "(event.scheduled_at | length)"),
        (
            "event.incident.title",
            "(time(event.scheduled_at) | format_time('%F %H:%M', zone='Europe/Berlin'))",
        ),
        ("event.incident.id", "'Q0UNKNOWN00001'"),
        ("event.incident.teams", "[event.scheduled_at]"),
        ("event.incident.urgency", "event.scheduled_at"),
        ("event.incident.priority", "event.scheduled_at"),
        ("event.data.urgency", "event.scheduled_at"),
        ("event.data", "[event.type]"),
    ];
    match definition {
        Value::String(text) => MEANT
            .iter()
            .fold(text, |text, (asked, meant)| text.replace(asked, meant))
            .into(),
        Value::Array(items) => items.into_iter().map(of_schedule).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, of_schedule(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

fn has_schedule(definition: &Definition) -> bool {
    definition.trigger.as_ref().and_then(Trigger::schedule).is_some()
}

/// The same workflow as somebody edits it: other steps under the same name, with the same inputs.
///
/// # Panics
/// As [`family`].
#[must_use]
pub fn edited(random: &mut Rng, style: Style, of: &Definition) -> Written {
    let mut definition = of.to_json();
    let mut writer = Writer::new(random, style, &[], &inputs_of(of));
    writer.is_short = of.timeout.is_some_and(is_short);
    let steps = writer.list();
    if let Some(fields) = definition.as_object_mut() {
        let steps = match has_schedule(of) {
            true => of_schedule(steps),
            false => steps,
        };
        fields.insert("steps".to_owned(), steps);
        fields.remove("on_failure");
    }
    read(&definition)
}

fn inputs_of(definition: &Definition) -> Vec<(String, InputKind)> {
    let inputs = definition.inputs.iter();
    inputs.map(|(name, input)| (name.to_string(), input.kind)).collect()
}

fn main(random: &mut Rng, style: Style, callees: &[Callee]) -> Written {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), "main".into());
    let is_triggered = random.u32(0..4) > 0;
    // Runs that lead to each other do so by events.
    let is_scheduled = is_triggered && !style.only_names() && random.u32(0..4) == 0;
    if is_scheduled {
        fields.insert("on".to_owned(), json!({"schedule": schedule(random)}));
    } else if is_triggered {
        let mut trigger = json!({"integration": "prod", "events": style.events});
        if random.u32(0..4) == 0 {
            let has_number = format!("{} > 0", style.number());
            let conditions = ["event.incident.urgency == \"high\"", &has_number];
            trigger["when"] = random_of(random, &conditions).into();
        }
        if random.u32(0..4) == 0 {
            trigger["only_while"] = match random.u32(0..3) {
                0 => json!(["triggered"]),
                1 => json!(["triggered", "acknowledged"]),
                _ => json!(["resolved"]),
            };
        }
        fields.insert("on".to_owned(), json!({"pagerduty": trigger}));
    }
    let inputs = inputs(random, is_triggered, &mut fields);
    concurrency(random, style, &mut fields);
    timeout(random, style, &mut fields);
    let mut written = write(random, style, callees, &inputs, fields, is_scheduled);
    if style.queues {
        written = read(&queueing(&written.definition));
    }
    written
}

fn schedule(random: &mut Rng) -> Value {
    let mut schedule = match random.u32(0..3) {
        0 => json!({"every": "1m"}),
        1 => json!({"cron": "* * * * *", "timezone": "Europe/Berlin"}),
        _ => json!({"cron": "*/5 * * * mon-sun"}),
    };
    // Of what is made up for, it is known that it must start.
    if random.u32(0..3) > 0 {
        schedule["catch_up"] = true.into();
    }
    schedule
}

/// The same workflow, with one run at a time, each of which takes hours.
fn queueing(definition: &Definition) -> Value {
    let mut definition = definition.to_json();
    if let Some(fields) = definition.as_object_mut() {
        fields.insert("concurrency".to_owned(), json!({"key": "same"}));
        fields.remove("timeout");
        if let Some(Value::Array(steps)) = fields.get_mut("steps") {
            steps.insert(0, json!({"wait": "4h"}));
        }
    }
    definition
}

fn helper(random: &mut Rng, style: Style, name: &str, callees: &[Callee]) -> (Written, Callee) {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), name.into());
    let inputs = inputs(random, false, &mut fields);
    if random.u32(0..6) == 0 {
        concurrency(random, style, &mut fields);
    }
    let mut callees = callees.to_vec();
    let calls_itself = random.u32(0..5) == 0;
    if calls_itself {
        callees.push(Callee {
            name: name.to_owned(),
            inputs: inputs.clone(),
            lanes: style.lanes,
            is_caller: true,
        });
    }
    let written = write(random, style, &callees, &inputs, fields, false);
    let callee = Callee {
        name: name.to_owned(),
        inputs,
        lanes: style.lanes,
        is_caller: false,
    };
    (written, callee)
}

fn inputs(random: &mut Rng, need_defaults: bool, fields: &mut Map<String, Value>) -> Vec<(String, InputKind)> {
    let mut inputs = Vec::new();
    let mut told = Map::new();
    let kinds = [
        ("rounds", "integer", InputKind::Integer, json!(0)),
        ("flag", "boolean", InputKind::Boolean, json!(true)),
        ("word", "text", InputKind::Text, json!("calm")),
        ("ratio", "number", InputKind::Number, json!(0.5)),
        ("names", "list", InputKind::List, json!(["a", "b", "c"])),
        ("labels", "map", InputKind::Map, json!({"team": "sre"})),
    ];
    for (name, word, kind, default) in kinds {
        // A workflow that calls itself counts `rounds` down, so everybody has it.
        if name != "rounds" && random.u32(0..3) > 0 {
            continue;
        }
        let mut input = json!({"type": word});
        if need_defaults || name == "rounds" || random.bool() {
            input["default"] = default;
        }
        told.insert(name.to_owned(), input);
        inputs.push((name.to_owned(), kind));
    }
    fields.insert("inputs".to_owned(), Value::Object(told));
    inputs
}

fn concurrency(random: &mut Rng, style: Style, fields: &mut Map<String, Value>) {
    if random.u32(0..3) > 0 {
        return;
    }
    let keys = [
        "{{ event.incident.id }}",
        "same",
        "{{ inputs.rounds }}",
        "{{ event.incident.priority }}",
        "svc-{{ event.incident.priority }}",
    ];
    let key = random_of(random, &keys);
    let policies: &[&str] = match style.mood {
        Mood::Patient => &["wait"],
        Mood::Wild => &["wait", "wait", "skip", "cancel"],
    };
    let policy = random_of(random, policies);
    fields.insert("concurrency".to_owned(), json!({"key": key, "policy": policy}));
}

fn timeout(random: &mut Rng, style: Style, fields: &mut Map<String, Value>) {
    let timeout = match (style.mood, random.u32(0..6)) {
        (Mood::Patient, 0) => "20d",
        (Mood::Patient, _) => "200d",
        (Mood::Wild, 0) => random_of(random, &["10s", "1m", "5m", "30m"]),
        (Mood::Wild, 1) => "2d",
        (Mood::Wild, _) => return,
    };
    fields.insert("timeout".to_owned(), timeout.into());
}

/// True if a workflow has so little time that an approval must have less than half an hour.
fn is_short(timeout: Length) -> bool {
    timeout.duration() < SignedDuration::from_mins(30)
}

fn write(
    random: &mut Rng,
    style: Style,
    callees: &[Callee],
    inputs: &[(String, InputKind)],
    mut fields: Map<String, Value>,
    is_scheduled: bool,
) -> Written {
    let has_on_failure = random.u32(0..5) < 2;
    let mut writer = Writer::new(random, style, callees, inputs);
    let timeout = fields.get("timeout").and_then(Value::as_str);
    writer.is_short = timeout
        .and_then(|timeout| Length::parse(timeout).ok())
        .is_some_and(is_short);
    fields.insert("steps".to_owned(), writer.list());
    if has_on_failure {
        fields.insert("on_failure".to_owned(), writer.on_failure());
    }
    match is_scheduled {
        true => read(&of_schedule(Value::Object(fields))),
        false => read(&Value::Object(fields)),
    }
}

#[expect(clippy::panic, reason = "a workflow that is not valid is a mistake of the generator")]
fn read(definition: &Value) -> Written {
    let source = definition.to_string();
    match Definition::from_source(&source, catalog()) {
        Ok(definition) => Written { source, definition },
        Err(problems) => panic!("a workflow was made up that is not valid: {problems}\n{definition:#}"),
    }
}

/// One of some texts.
fn random_of<'a>(random: &mut Rng, texts: &[&'a str]) -> &'a str {
    random.choice(texts.iter().copied()).unwrap_or_default()
}

//! Makes up steps.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{
    Callee, Mood, Style, random_of,
    scope::{Gives, Holds, Scope, Seen},
};
use fastrand::Rng;
use serde_json::{Map, Value, json};
use workflow::definition::InputKind;

pub(super) struct Writer<'a> {
    pub(super) random: &'a mut Rng,
    pub(super) scope: Scope,
    pub(super) style: Style,
    /// True if the workflow has only some minutes.
    pub(super) is_short: bool,
    callees: Vec<Callee>,
    /// The number of more steps there that may be.
    left: u32,
    /// The number of times that a step at this place may run.
    times: u32,
    depth: u32,
    ids: u32,
}

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    Resolve,
    Acknowledge,
    Update,
    AddNote,
    AddResponders,
    Get,
    TriggerAlert,
    AcknowledgeAlert,
    ResolveAlert,
    SendChange,
    PostMessage,
    SetTopic,
    CreateIssue,
    GetIssue,
    Wait,
    WaitUntil,
    WaitForStatus,
    WaitForEvents,
    Approval,
    Set,
    Block,
    Choose,
    Parallel,
    ForEach,
    Repeat,
    Stop,
    Fail,
    RunWorkflow,
}

/// Kinds and how often each comes, for each in a hundred or so.
const KINDS: &[(u32, Kind)] = &[
    (20, Kind::Create),
    (12, Kind::Resolve),
    (4, Kind::Acknowledge),
    (4, Kind::Update),
    (5, Kind::AddNote),
    (5, Kind::AddResponders),
    (4, Kind::Get),
    (5, Kind::TriggerAlert),
    (4, Kind::AcknowledgeAlert),
    (4, Kind::ResolveAlert),
    (4, Kind::SendChange),
    (4, Kind::PostMessage),
    (3, Kind::SetTopic),
    (4, Kind::CreateIssue),
    (3, Kind::GetIssue),
    (8, Kind::Wait),
    (3, Kind::WaitUntil),
    (5, Kind::WaitForStatus),
    (5, Kind::WaitForEvents),
    (7, Kind::Approval),
    (14, Kind::Set),
    (9, Kind::Block),
    (7, Kind::Choose),
    (8, Kind::Parallel),
    (9, Kind::ForEach),
    (7, Kind::Repeat),
    (2, Kind::Stop),
    (5, Kind::Fail),
    (7, Kind::RunWorkflow),
];

/// The kinds that act on other systems than PagerDuty.
const ON_SYSTEMS: &[Kind] = &[Kind::PostMessage, Kind::SetTopic, Kind::CreateIssue, Kind::GetIssue];

/// What has steps in it, or opens lanes.
const NESTING: &[Kind] = &[Kind::Block, Kind::Choose, Kind::Parallel, Kind::ForEach, Kind::Repeat];

impl<'a> Writer<'a> {
    pub(super) fn new(random: &'a mut Rng, style: Style, callees: &[Callee], inputs: &[(String, InputKind)]) -> Self {
        let left = random.u32(1..=style.steps.max(1));
        Self {
            random,
            scope: Scope {
                inputs: inputs.to_vec(),
                ..Scope::default()
            },
            style,
            is_short: false,
            callees: callees.to_vec(),
            left,
            times: 1,
            depth: 0,
            ids: 0,
        }
    }

    /// A list of at least one step.
    pub(super) fn list(&mut self) -> Value {
        let most = match self.depth {
            0 => self.left.max(1),
            _ => self.left.clamp(1, 4),
        };
        let count = match self.depth {
            0 => most,
            _ => self.random.u32(1..=most),
        };
        let mut steps = Vec::new();
        for _ in 0..count {
            let (step, is_end) = self.step();
            steps.push(step);
            // What follows an end is never come to, and refused.
            if is_end || self.left == 0 {
                break;
            }
        }
        Value::Array(steps)
    }

    pub(super) fn on_failure(&mut self) -> Value {
        self.scope.failure = true;
        self.left = self.random.u32(1..=4);
        self.list()
    }

    fn kind(&mut self) -> Kind {
        // What was triggered is often resolved soon, while late requests are still under way.
        if let Some((_, Gives::Alert)) = self.scope.steps.last()
            && self.random.u32(0..4) == 0
        {
            return match self.random.u32(0..4) {
                0 => Kind::AcknowledgeAlert,
                1 => Kind::TriggerAlert,
                _ => Kind::ResolveAlert,
            };
        }
        let all: u32 = KINDS.iter().map(|(share, _)| share).sum();
        loop {
            let mut drawn = self.random.u32(0..all);
            let kind = KINDS.iter().find(|(share, _)| match drawn.checked_sub(*share) {
                Some(rest) => {
                    drawn = rest;
                    false
                }
                None => true,
            });
            let Some((_, kind)) = kind else { continue };
            let is_too_deep = NESTING.contains(kind) && self.depth >= self.style.depth;
            let has_no_callee = *kind == Kind::RunWorkflow && self.callee().is_none();
            let opens_too_many = matches!(kind, Kind::Parallel | Kind::ForEach | Kind::Repeat)
                && self.times.saturating_mul(2) > self.style.lanes;
            let has_no_system = ON_SYSTEMS.contains(kind) && !self.style.systems;
            if !is_too_deep && !has_no_callee && !opens_too_many && !has_no_system {
                return *kind;
            }
        }
    }

    fn callee(&mut self) -> Option<Callee> {
        let (times, most) = (self.times, self.style.lanes);
        let affordable = self
            .callees
            .iter()
            .filter(|callee| times.saturating_mul(callee.lanes) <= most.max(callee.lanes));
        let affordable: Vec<Callee> = affordable.cloned().collect();
        self.random.choice(affordable)
    }

    /// A step, and whether nothing can follow it.
    fn step(&mut self) -> (Value, bool) {
        self.left = self.left.saturating_sub(1);
        let kind = self.kind();
        let mut step = Map::new();
        let mut put = |name: &str, value: Value| step.insert(name.to_owned(), value);
        let mut has_condition = self.random.u32(0..10) < 3;
        // Most of these come under a condition, so that runs get further.
        if matches!(kind, Kind::Stop | Kind::Fail) {
            has_condition = self.random.u32(0..10) < 8;
        }
        let callee = (kind == Kind::RunWorkflow).then(|| self.callee()).flatten();
        if callee.as_ref().is_some_and(|callee| callee.is_caller) {
            // Once is enough: two would double the runs with each round.
            self.callees.retain(|callee| !callee.is_caller);
            put("if", "inputs.rounds > 0".into());
        } else if has_condition {
            put("if", self.condition_of_step(kind).into());
        }
        let continues = self.random.u32(0..10) < if kind == Kind::Fail { 4 } else { 2 };
        if continues {
            put("continue_on_error", true.into());
        }
        let gives = self.what(kind, has_condition, callee.as_ref(), &mut step);
        if self.random.u32(0..10) < 7 {
            self.ids += 1;
            let id = format!("s{}", self.ids);
            step.insert("id".to_owned(), id.as_str().into());
            self.scope.steps.push((id, gives));
        }
        if let Some(Value::Object(variables)) = step.get("set") {
            for (name, value) in variables {
                let holds = match value {
                    Value::String(text) if text.starts_with("{{ vars.") || text.starts_with("{{ 1 +") => Holds::Number,
                    Value::Number(_) => Holds::Number,
                    Value::Array(_) => Holds::List,
                    _ => Holds::Text,
                };
                self.scope.variables.push((name.clone(), holds));
            }
        }
        let is_end = match kind {
            Kind::Stop => !has_condition,
            Kind::Fail => !has_condition && !continues,
            _ => false,
        };
        (Value::Object(step), is_end)
    }

    fn condition_of_step(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Fail if (self.scope.item || self.scope.round) && self.random.bool() => {
                format!("index == {}", self.random.u32(0..5))
            }
            _ => self.condition(),
        }
    }

    fn what(
        &mut self,
        kind: Kind,
        has_condition: bool,
        callee: Option<&Callee>,
        step: &mut Map<String, Value>,
    ) -> Gives {
        let mut put = |name: &str, value: Value| {
            step.insert(name.to_owned(), value);
        };
        match kind {
            Kind::Create => {
                put("uses", "pagerduty.create_incident".into());
                put("with", self.create());
                self.retry(&mut put);
                Gives::Incident
            }
            Kind::Resolve => {
                put("uses", "pagerduty.resolve_incident".into());
                put("with", self.resolve());
                self.retry(&mut put);
                Gives::Incident
            }
            Kind::Acknowledge | Kind::Update | Kind::AddNote | Kind::AddResponders | Kind::Get => {
                put("uses", action_of(kind).into());
                put("with", self.input(kind));
                self.retry(&mut put);
                if kind == Kind::AddResponders {
                    lengthen(step);
                }
                match kind {
                    Kind::AddNote | Kind::AddResponders => Gives::Nothing,
                    _ => Gives::Incident,
                }
            }
            Kind::TriggerAlert | Kind::AcknowledgeAlert | Kind::ResolveAlert => {
                put("uses", action_of(kind).into());
                put("with", self.alert(kind == Kind::TriggerAlert));
                self.retry(&mut put);
                Gives::Alert
            }
            Kind::SendChange => {
                put("uses", action_of(kind).into());
                put("with", self.change());
                self.retry(&mut put);
                lengthen(step);
                Gives::Nothing
            }
            Kind::PostMessage => {
                put("uses", action_of(kind).into());
                put("with", self.post());
                self.retry(&mut put);
                lengthen(step);
                Gives::Nothing
            }
            Kind::SetTopic => {
                put("uses", action_of(kind).into());
                put("with", self.topic());
                self.retry(&mut put);
                Gives::Nothing
            }
            Kind::CreateIssue => {
                put("uses", action_of(kind).into());
                put("with", self.issue());
                self.retry(&mut put);
                Gives::Issue
            }
            Kind::GetIssue => {
                put("uses", action_of(kind).into());
                put("with", self.known_issue());
                self.retry(&mut put);
                Gives::Issue
            }
            Kind::Wait => {
                put("wait", self.length().into());
                Gives::Nothing
            }
            Kind::WaitUntil => {
                put("wait", json!({"until": self.time()}));
                Gives::Nothing
            }
            Kind::WaitForStatus | Kind::WaitForEvents => {
                put("wait_for", self.wait_for(kind));
                Gives::News
            }
            Kind::Approval => {
                put("approval", self.approval());
                Gives::Decision
            }
            Kind::Set => {
                put("set", self.variables());
                Gives::Nothing
            }
            Kind::Block => {
                let (steps, inner) = self.branch();
                put("steps", steps);
                let mut seen = vec![inner];
                if has_condition && self.random.bool() {
                    let (steps, otherwise) = self.branch();
                    put("else", steps);
                    seen.push(otherwise);
                }
                self.join(seen);
                Gives::Nothing
            }
            Kind::Choose => {
                let whens: Vec<String> = (0..self.random.u32(1..=3)).map(|_| self.condition()).collect();
                let mut seen = Vec::new();
                let mut branches = Vec::new();
                for when in whens {
                    let (steps, inner) = self.branch();
                    branches.push(json!({"when": when, "steps": steps}));
                    seen.push(inner);
                }
                put("choose", Value::Array(branches));
                if self.random.bool() {
                    let (steps, inner) = self.branch();
                    put("default", steps);
                    seen.push(inner);
                }
                self.join(seen);
                Gives::Nothing
            }
            Kind::Parallel => {
                let most = (self.style.lanes / self.times.max(1)).clamp(1, 5);
                let count = self.random.u32(1..=most);
                let lanes: Vec<Value> = (0..count)
                    .map(|number| {
                        let mut lane = self.lane(count);
                        if number % 2 == 0 {
                            lane["name"] = format!("lane {number}").into();
                        }
                        lane
                    })
                    .collect();
                put("parallel", Value::Array(lanes));
                self.lanes(&mut put);
                Gives::Lanes
            }
            Kind::ForEach => {
                let room = (self.style.lanes / self.times.max(1)).max(1);
                let count = match self.random.u32(0..10) {
                    0 => 0,
                    1..3 => 1,
                    3..9 => self.random.u32(1..=room.min(7)),
                    _ => self.random.u32(1..=room.min(400)),
                };
                put("for_each", self.list_of_items(count));
                if self.random.bool() {
                    let most = self.random.u32(1..=40);
                    put("max_concurrency", most.into());
                }
                let around = std::mem::replace(&mut self.scope.item, true);
                let lane = self.lane(count.max(1));
                self.scope.item = around;
                if let Value::Object(fields) = lane {
                    for (name, value) in fields {
                        put(&name, value);
                    }
                }
                self.lanes(&mut put);
                Gives::Lanes
            }
            Kind::Repeat => {
                self.repeat(&mut put);
                Gives::Rounds
            }
            Kind::Stop => {
                put("stop", self.text().into());
                Gives::Nothing
            }
            Kind::Fail => {
                put("fail", self.text().into());
                Gives::Nothing
            }
            Kind::RunWorkflow => {
                if let Some(callee) = callee {
                    self.call(callee, &mut put);
                }
                Gives::Run
            }
        }
    }

    fn wait_for(&mut self, kind: Kind) -> Value {
        let mut wait = json!({
            "integration": "prod", "incident_id": self.incident(), "timeout": self.time_to_decide(),
        });
        match kind {
            Kind::WaitForStatus => {
                let statuses: [&[&str]; 3] = [&["resolved"], &["acknowledged", "resolved"], &["triggered"]];
                wait["status"] = json!(self.random.choice(statuses));
            }
            _ => {
                let types: [&[&str]; 2] = [&["incident.annotated"], &["incident.annotated", "incident.resolved"]];
                wait["events"] = json!(self.random.choice(types));
                if self.random.u32(0..3) == 0 {
                    wait["when"] = random_of(self.random, &["event.note is not none", "event.agent is none"]).into();
                }
            }
        }
        if self.random.u32(0..3) > 0 {
            wait["on_timeout"] = "continue".into();
        }
        wait
    }

    fn approval(&mut self) -> Value {
        let mut approval = json!({"message": format!("Go on? {}", self.text()), "timeout": self.time_to_decide()});
        let choices = match self.random.bool() {
            true => ["restart", "leave"],
            false => ["approve", "deny"],
        };
        if self.random.bool() {
            approval["choices"] = json!(choices);
        }
        let default = approval["choices"].is_null();
        match self.random.u32(0..4) {
            0 => approval["on_timeout"] = "fail".into(),
            1 | 2 => approval["on_timeout"] = if default { "deny" } else { choices[1] }.into(),
            _ => {}
        }
        if self.random.u32(0..3) == 0 {
            approval["form"] = json!({"reason": {"type": "text"}, "count": {"type": "integer", "default": 3}});
        }
        if self.random.u32(0..3) == 0 {
            approval["approvers"] = json!([random_of(self.random, &["link", "arn:aws:iam::*:role/oncall"])]);
        }
        if self.random.u32(0..10) < 6 {
            let messages = (0..self.random.u32(1..=2)).map(|_| self.message());
            approval["notify"] = messages.collect::<Vec<Value>>().into();
        }
        approval
    }

    fn message(&mut self) -> Value {
        let kind = random_of(self.random, &["note", "note", "alert"]);
        let mut message = Map::new();
        let mut put = |name: &str, value: Value| {
            message.insert(name.to_owned(), value);
        };
        if kind == "note" {
            put("uses", action_of(Kind::AddNote).into());
            let mut with = self.input(Kind::AddNote);
            with["note"] = format!("decide: {{{{ approval.link }}}} {}", self.text()).into();
            put("with", with);
        } else {
            put("uses", action_of(Kind::TriggerAlert).into());
            put("with", self.alert(true));
        }
        self.retry(&mut put);
        if self.random.u32(0..10) < 7 {
            put("continue_on_error", true.into());
        }
        Value::Object(message)
    }

    /// A time for a decision, which is less than that of any workflow.
    fn time_to_decide(&mut self) -> &'static str {
        match self.is_short {
            true => "5s",
            false => random_of(self.random, &["5s", "40s", "4m", "4m", "25m"]),
        }
    }

    fn create(&mut self) -> Value {
        let integration = if self.random.u32(0..40) == 0 { "nowhere" } else { "prod" };
        // One of them is disabled.
        let service = match self.random.u32(0..25) {
            0 => "PSVC3D1",
            1..10 => "PSVC8R2",
            _ => "PWIXJZS",
        };
        let title = match self.random.u32(0..40) {
            0 => "{{ ' ' }} ".to_owned(),
            1 => "{{ 'x' * 2000 }}".to_owned(),
            _ => self.text(),
        };
        json!({
            "integration": integration,
            "title": title,
            "service": service,
            "escalation_policy": "PT20YPA",
            "from": "oncall@example.com",
        })
    }

    fn resolve(&mut self) -> Value {
        let mut with = json!({
            "integration": "prod",
            "incident_id": self.incident(),
            "from": "oncall@example.com",
        });
        if self.random.bool() {
            with["note"] = self.text().into();
        }
        with
    }

    /// The input of an action that works on an incident.
    fn input(&mut self, kind: Kind) -> Value {
        let mut with = json!({"integration": "prod", "incident_id": self.incident()});
        // Without it, the integration's default user does it.
        if self.random.bool() {
            with["from"] = "oncall@example.com".into();
        }
        match kind {
            Kind::AddNote => with["note"] = format!("note: {}", self.text()).into(),
            Kind::AddResponders => {
                with["message"] = format!("help: {}", self.text()).into();
                with["users"] = json!(["PUS2B8D"]);
                if self.random.bool() {
                    with["requester"] = "PUS1A7C".into();
                }
            }
            Kind::Update => {
                with["urgency"] = random_of(self.random, &["high", "low"]).into();
                if self.random.bool() {
                    with["title"] = "{{ run.id }}".into();
                }
            }
            _ => {}
        }
        with
    }

    fn retry(&mut self, put: &mut impl FnMut(&str, Value)) {
        let is_patient = self.style.mood == Mood::Patient;
        if self.random.u32(0..10) < 4 {
            let mut retry = json!({});
            if is_patient {
                retry["max_attempts"] = self.random.u32(12..=30).into();
            } else if self.random.bool() {
                retry["max_attempts"] = self.random.u32(1..=6).into();
            }
            if self.random.bool() {
                retry["interval"] = random_of(self.random, &["1s", "1s", "10s", "2m"]).into();
                retry["backoff"] = self.random.u32(1..=3).into();
            }
            if self.random.u32(0..3) == 0 {
                retry["max_interval"] = "10m".into();
            }
            if self.random.u32(0..3) == 0 {
                retry["jitter"] = false.into();
            }
            if !is_patient && self.random.u32(0..4) == 0 {
                retry["errors"] = json!(["PagerDuty.Unavailable", "PagerDuty.OutcomeUnknown"]);
            }
            put("retry", retry);
        } else if is_patient {
            // An attempt that comes soon can be over before the request of the one before it has come.
            let interval = random_of(self.random, &["1s", "10s"]);
            put("retry", json!({"max_attempts": 30, "interval": interval}));
        }
        if self.random.u32(0..10) < 2 {
            let timeout = match is_patient {
                true => "20d",
                false => random_of(self.random, &["5s", "1m", "10m", "2h"]),
            };
            put("timeout", timeout.into());
        }
    }

    fn length(&mut self) -> &'static str {
        match (self.style.mood, self.random.u32(0..10)) {
            (_, 0..8) => random_of(self.random, &["1s", "30s", "2m", "10m", "1h"]),
            // A run that waits for this one goes on in another execution meanwhile.
            (_, 8) => "4h",
            (Mood::Patient, _) => "12h",
            (Mood::Wild, _) => random_of(self.random, &["12h", "2d", "100d"]),
        }
    }

    pub(super) fn time(&mut self) -> String {
        match self.random.u32(0..10) {
            0..3 => "{{ run.started_at }}".to_owned(),
            3..5 => "2020-01-01T00:00:00Z".to_owned(),
            5..9 => "2026-11-20T12:00:00Z".to_owned(),
            // It is no time.
            _ => format!("{{{{ {} }}}}", self.style.title()),
        }
    }

    fn variables(&mut self) -> Value {
        let mut variables = Map::new();
        for _ in 0..self.random.u32(1..=2) {
            let number = self.random.u32(1..=3);
            let (name, value) = match self.random.u32(0..12) {
                0..3 => (format!("n{number}"), self.random.u32(0..9).into()),
                3..5 => match self.scope.variables_of(Holds::Number).first() {
                    Some(known) => (format!("n{number}"), format!("{{{{ vars.{known} + 1 }}}}").into()),
                    None => (format!("n{number}"), "{{ 1 + 1 }}".into()),
                },
                5..9 => (format!("t{number}"), format!("so {}", self.text()).into()),
                9..11 => (format!("l{number}"), json!([1, "two", {"three": 3}])),
                // Together they are too many.
                _ => (format!("t{number}"), "{{ 'y' * 12000 }}".into()),
            };
            variables.insert(name, value);
        }
        Value::Object(variables)
    }

    /// Steps of which nobody beside them sees anything until they are joined.
    fn branch(&mut self) -> (Value, Seen) {
        let mark = self.scope.mark();
        self.depth += 1;
        let steps = self.list();
        self.depth -= 1;
        let seen = self.scope.hide(mark);
        (steps, seen)
    }

    fn join(&mut self, seen: Vec<Seen>) {
        for seen in seen {
            self.scope.show(seen);
        }
    }

    /// The steps of a lane, of which there are `count`, and its output.
    fn lane(&mut self, count: u32) -> Value {
        let mark = self.scope.mark();
        self.depth += 1;
        let around = self.times;
        self.times = around.saturating_mul(count.max(1));
        let mut lane = json!({"steps": self.list()});
        if self.random.bool() {
            lane["output"] = self.output();
        }
        self.times = around;
        self.depth -= 1;
        // Nobody outside of it ever sees what is in it.
        drop(self.scope.hide(mark));
        lane
    }

    fn repeat(&mut self, put: &mut impl FnMut(&str, Value)) {
        let room = (self.style.lanes / self.times.max(1)).clamp(1, 5);
        let rounds = self.random.u32(1..=room.min(if self.is_short { 4 } else { 5 }));
        // All of them begin in the time of any workflow.
        let every = match (self.is_short, self.style.mood) {
            (true, _) => random_of(self.random, &["1s", "2s"]),
            (false, Mood::Patient) => random_of(self.random, &["1s", "40s", "5m", "4h"]),
            (false, Mood::Wild) => random_of(self.random, &["1s", "40s", "5m"]),
        };
        let mark = self.scope.mark();
        let around = std::mem::replace(&mut self.scope.round, true);
        let times = self.times;
        self.times = times.saturating_mul(rounds);
        self.depth += 1;
        let steps = self.list();
        let mut repeat = json!({"every": every, "at_most": rounds});
        if self.random.u32(0..10) < 7 {
            repeat["until"] = self.until(rounds).into();
        }
        if self.random.bool() {
            put("output", self.output());
        }
        self.depth -= 1;
        self.times = times;
        self.scope.round = around;
        // Nobody outside of it ever sees what is in it.
        drop(self.scope.hide(mark));
        put("repeat", repeat);
        put("steps", steps);
        put("on_lane_failure", random_of(self.random, &["finish", "ignore"]).into());
        if self.style.mood == Mood::Wild && self.random.u32(0..4) == 0 {
            put("timeout", random_of(self.random, &["20s", "5m", "2h"]).into());
        }
    }

    fn lanes(&mut self, put: &mut impl FnMut(&str, Value)) {
        let policies: &[&str] = match self.style.mood {
            Mood::Patient => &["finish", "ignore"],
            Mood::Wild => &["finish", "ignore", "cancel"],
        };
        put("on_lane_failure", random_of(self.random, policies).into());
        if self.style.mood == Mood::Wild && self.random.u32(0..4) == 0 {
            put("timeout", random_of(self.random, &["20s", "5m", "2h"]).into());
        }
    }

    fn call(&mut self, callee: &Callee, put: &mut impl FnMut(&str, Value)) {
        let name = match self.random.u32(0..25) {
            0 if !callee.is_caller => "nobody".to_owned(),
            _ => callee.name.clone(),
        };
        put("run_workflow", name.into());
        let mut with = Map::new();
        for (name, kind) in &callee.inputs {
            let value: Value = match kind {
                InputKind::Integer if callee.is_caller => "{{ inputs.rounds - 1 }}".into(),
                InputKind::Integer => self.random.u32(0..3).into(),
                InputKind::Boolean => self.random.bool().into(),
                InputKind::Text => format!("by {}", self.text()).into(),
                InputKind::Number => 1.5.into(),
                InputKind::List => json!([1, 2]),
                InputKind::Map => json!({"team": "payments"}),
                InputKind::Time => "2026-11-30T09:00:00Z".into(),
                InputKind::Duration => "1h".into(),
            };
            if callee.is_caller || self.random.u32(0..20) > 0 {
                with.insert(name.clone(), value);
            }
        }
        put("with", Value::Object(with));
        if self.style.mood == Mood::Wild && self.random.u32(0..8) == 0 {
            put("timeout", random_of(self.random, &["1m", "1h"]).into());
        }
    }
}

/// What must not be repeated needs the time of a whole call.
fn lengthen(step: &mut Map<String, Value>) {
    if step.get("timeout").is_some_and(|timeout| timeout == "5s") {
        step.insert("timeout".to_owned(), "1m".into());
    }
}

/// The name of the action of a kind of step.
fn action_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Acknowledge => "pagerduty.acknowledge_incident",
        Kind::Update => "pagerduty.update_incident",
        Kind::AddNote => "pagerduty.add_note",
        Kind::AddResponders => "pagerduty.add_responders",
        Kind::TriggerAlert => "pagerduty.trigger_alert",
        Kind::AcknowledgeAlert => "pagerduty.acknowledge_alert",
        Kind::ResolveAlert => "pagerduty.resolve_alert",
        Kind::SendChange => "pagerduty.send_change_event",
        Kind::PostMessage => "slack.post_message",
        Kind::SetTopic => "slack.set_topic",
        Kind::CreateIssue => "jira.create_issue",
        Kind::GetIssue => "jira.get_issue",
        _ => "pagerduty.get_incident",
    }
}

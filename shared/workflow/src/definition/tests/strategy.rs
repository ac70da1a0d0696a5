//! Definitions of all that the language has, for property tests.
//!
//! proptest makes a shape: a tree that says which kinds of steps stand where, with a number for each choice that is left
//! open. [`Builder`] makes a definition of it that keeps the rules: ids are unique, and what is referred to can be seen. A
//! shape that shrinks gives a smaller definition that still keeps them.

use super::{super::*, actions::text_of_form};
use crate::{
    action::tests::{action, catalog},
    action::{Field, FieldKind, Repeat, Rule},
    approval::Choice,
    ids::{InvalidId, VariableName},
    run::WebhookKind,
    steps::*,
    template::{Expression, Template},
    triggers::{
        Filters, IncidentStatus, PagerDutyTrigger, ScheduleTrigger, Urgency,
        pagerduty::event,
        schedule::{Cron, Interval, Schedule, ScheduleZone},
    },
};
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::{str::FromStr, sync::Arc};

/// A definition that keeps all rules.
pub(crate) fn definitions() -> impl Strategy<Value = Definition> {
    (vec(shapes(), 1..5), vec(shapes(), 0..3), choices()).prop_map(|(steps, on_failure, choices)| {
        let mut builder = Builder::new(choices);
        builder.definition(&steps, &on_failure)
    })
}

/// What is left open: numbers that the builder takes one after another, round and round.
fn choices() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 1..40)
}

/// The shape of a step.
#[derive(Debug, Clone)]
enum Shape {
    Leaf(Vec<u16>),
    Block(Vec<Shape>, Vec<Shape>),
    Choose(Vec<Vec<Shape>>, Vec<Shape>),
    Parallel(Vec<Vec<Shape>>),
    ForEach(Vec<Shape>, Vec<u16>),
    Repeat(Vec<Shape>, Vec<u16>),
}

fn shapes() -> impl Strategy<Value = Shape> {
    let leaf = choices().prop_map(Shape::Leaf);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let list = vec(inner.clone(), 1..4);
        let maybe_list = vec(inner, 0..3);
        prop_oneof![
            (list.clone(), maybe_list.clone()).prop_map(|(steps, otherwise)| Shape::Block(steps, otherwise)),
            (vec(list.clone(), 1..4), maybe_list).prop_map(|(branches, default)| Shape::Choose(branches, default)),
            vec(list.clone(), 1..4).prop_map(Shape::Parallel),
            (list.clone(), choices()).prop_map(|(steps, choices)| Shape::ForEach(steps, choices)),
            (list, choices()).prop_map(|(steps, choices)| Shape::Repeat(steps, choices)),
        ]
    })
}

/// Texts that are hard to write down and read again, and a few that are not.
const TEXTS: &[&str] = &[
    "Memory pressure",
    "",
    " ",
    "yes",
    "null",
    "0x1F",
    "1e3",
    "- a: b # c",
    "it's \"quoted\" \\ twice",
    "two\nlines\n",
    "\ttab",
    "é 火 🔥 \u{a0}\u{2028}",
    "${7*7}",
    "}}",
    "&a *b !c",
];

/// What people may call lanes: names of which some are taken twice, and some have something else in them than letters.
const LANE_NAMES: &[&str] = &[
    "platform",
    "platform",
    "steps",
    "main",
    "é 火",
    "2",
    "2nd",
    "",
    " ",
    " left",
    "a/b",
    "a[1]",
    "0x1F",
    "- a: b # c",
    "it's",
    "step_1",
];

struct Builder {
    choices: Vec<u16>,
    taken: usize,
    ids: usize,
    inputs: Vec<InputName>,
    /// The ids that can be seen, with what can be said of each.
    seen: Vec<String>,
    variables: Vec<VariableName>,
    has_item: bool,
    has_index: bool,
    has_failure: bool,
    is_scheduled: bool,
}

fn id<T: FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().unwrap()
}

impl Builder {
    fn new(choices: Vec<u16>) -> Self {
        Self {
            choices,
            taken: 0,
            ids: 0,
            inputs: Vec::new(),
            seen: Vec::new(),
            variables: Vec::new(),
            has_item: false,
            has_index: false,
            has_failure: false,
            is_scheduled: false,
        }
    }

    /// A field of the event of which the type is known.
    fn of_event(&self, field: &str) -> String {
        match self.is_scheduled {
            true => "event.scheduled_at".to_owned(),
            false => format!("event.{field}"),
        }
    }

    /// Something of the event of which no type is known.
    fn unknown_of_event(&self, field: &str) -> String {
        match self.is_scheduled {
            true => "event[run.id]".to_owned(),
            false => format!("event.data.{field}"),
        }
    }

    /// The next choice, less than `bound`.
    fn choose(&mut self, bound: usize) -> usize {
        let choice = self.choices[self.taken % self.choices.len()];
        self.taken += 1;
        // Round and round the same few numbers: each round reads them another way.
        (usize::from(choice) + self.taken / self.choices.len()) % bound
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.choose(one_in) == 0
    }

    fn maybe<T>(&mut self, one_in: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(one_in).then(|| make(self))
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.choose(all.len())].clone()
    }

    fn text(&mut self) -> String {
        self.one_of(TEXTS).to_owned()
    }

    fn length(&mut self) -> Length {
        let seconds = [1, 59, 60, 3_599, 5_400, 86_400, 100_000, limits::LONGEST_SECONDS];
        Length::from_seconds(self.one_of(&seconds)).unwrap()
    }

    fn definition(&mut self, steps: &[Shape], on_failure: &[Shape]) -> Definition {
        let trigger = self.maybe(2, Self::trigger);
        self.is_scheduled = trigger.as_ref().is_some_and(|trigger| trigger.schedule().is_some());
        let inputs = (0..self.choose(4)).map(|number| {
            let name: InputName = id(&format!("input_{number}"));
            (name, self.input(trigger.is_some()))
        });
        let inputs: BTreeMap<_, _> = inputs.collect();
        self.inputs = inputs.keys().cloned().collect();
        Definition {
            name: id(["memory-alert", "a", "z9-0"][self.choose(3)]),
            description: self.maybe(2, Self::text),
            trigger,
            inputs,
            timeout: self
                .maybe(2, Self::length)
                .filter(|timeout| *timeout > Length::literal::<1>()),
            concurrency: self.maybe(2, |b| Concurrency {
                key: template_of(&format!("{{{{ {} }}}} of {{{{ run.workflow }}}}", b.of_event("id"))),
                policy: b.one_of(&[
                    ConcurrencyPolicy::Wait,
                    ConcurrencyPolicy::Skip,
                    ConcurrencyPolicy::Cancel,
                ]),
            }),
            steps: self.list(steps),
            on_failure: {
                self.has_failure = true;
                self.list(on_failure)
            },
        }
    }

    fn trigger(&mut self) -> Trigger {
        match self.choose(3) {
            0 => Trigger::Schedule(self.schedule()),
            _ => Trigger::PagerDuty(self.webhook()),
        }
    }

    fn schedule(&mut self) -> ScheduleTrigger {
        let schedule = match self.choose(3) {
            0 => {
                let minutes = [1, 15, 90, 24 * 60, Interval::LONGEST_DAYS * 24 * 60];
                let length = Length::from_seconds(self.one_of(&minutes) * 60).unwrap();
                Schedule::Every(Interval::new(length).unwrap())
            }
            _ => Schedule::Cron {
                expression: Cron::parse(self.one_of(&[
                    "* * * * *",
                    "0 9 * * mon-fri",
                    "*/15 8-18/2 1,15 jan,jul *",
                    "30 2 * mar,oct 0-7/7",
                ]))
                .unwrap(),
                zone: ScheduleZone::named(self.one_of(&["UTC", "Europe/Berlin", "Asia/Kolkata"])).unwrap(),
            },
        };
        ScheduleTrigger {
            schedule,
            catch_up: self.choose(2) == 0,
        }
    }

    fn webhook(&mut self) -> PagerDutyTrigger {
        let webhook = self.one_of(&[WebhookKind::V3, WebhookKind::V2]);
        let filters = self.maybe(2, Self::filters).unwrap_or_default();
        let needs_incident = webhook == WebhookKind::V3 && !filters.is_empty();
        let types: Vec<&str> = event::names()
            .filter(|name| !needs_incident || event::tells_incident(name))
            .collect();
        let first = self.choose(types.len());
        PagerDutyTrigger {
            integration: id("prod-eu"),
            webhook,
            events: types[first..].iter().take(3).map(|name| (*name).to_owned()).collect(),
            filters,
            when: self.maybe(2, |_| condition_of("event.id == \"high\"")),
            only_while: match types[first..].iter().take(3).all(|name| name.starts_with("incident.")) {
                true => self.maybe(2, Self::only_while),
                false => None,
            },
        }
    }

    fn statuses(&mut self) -> BTreeSet<IncidentStatus> {
        let all = [
            IncidentStatus::Triggered,
            IncidentStatus::Acknowledged,
            IncidentStatus::Resolved,
        ];
        let first = self.choose(all.len());
        all[first..].iter().copied().collect()
    }

    fn only_while(&mut self) -> OnlyWhile {
        OnlyWhile::new(
            self.statuses(),
            Arc::clone(action("pagerduty.get_incident")),
            &id("prod-eu"),
        )
        .unwrap()
    }

    fn filters(&mut self) -> Filters {
        let mut names = |names: &[&str]| {
            let count = self.choose(names.len() + 1);
            names[..count].iter().map(|name| (*name).to_owned()).collect()
        };
        Filters {
            services: names(&["PWIXJZS", "CloudWatch-Memory-Alert", "Zahlung é"]),
            teams: names(&["Platform", "PTEAM01"]),
            priorities: names(&["P1", "P2"]),
            urgency: self.maybe(2, |b| b.one_of(&[Urgency::High, Urgency::Low])),
        }
    }

    fn input(&mut self, needs_default: bool) -> Input {
        self.input_of(8, needs_default)
    }

    /// An input of one of the first kinds.
    fn input_of(&mut self, kinds: usize, needs_default: bool) -> Input {
        let (kind, default) = match self.choose(kinds) {
            0 => (InputKind::Text, Value::from(self.text())),
            1 => (InputKind::Integer, Value::from(-7)),
            2 => (InputKind::Number, Value::from(0.25)),
            3 => (InputKind::Boolean, Value::from(true)),
            4 => (InputKind::List, serde_json::json!(["a", 1, [null]])),
            5 => (InputKind::Map, serde_json::json!({"a": {"b": [1.5]}})),
            6 => (InputKind::Time, Value::from("2026-11-30T08:00:00+01:00")),
            _ => (InputKind::Duration, Value::from("1h 30m")),
        };
        Input {
            kind,
            description: self.maybe(2, Self::text),
            default: (needs_default || self.chance(2)).then_some(default),
        }
    }

    fn list(&mut self, shapes: &[Shape]) -> Vec<Step> {
        let mut steps = Vec::new();
        for shape in shapes {
            let step = self.step(shape);
            let ends = step.lists().is_empty() && step.ends_lane();
            let is_certain = step.condition.is_none();
            steps.push(step);
            if ends && is_certain {
                break;
            }
        }
        steps
    }

    fn step(&mut self, shape: &Shape) -> Step {
        let has_else = matches!(shape, Shape::Block(_, otherwise) if !otherwise.is_empty());
        let condition = (has_else || self.chance(3)).then(|| self.condition());
        let kind = self.kind(shape);
        let calls = matches!(kind, StepKind::Action(_));
        let may_time_out = calls
            || matches!(
                kind,
                StepKind::Parallel(_) | StepKind::ForEach(_) | StepKind::Repeat(_) | StepKind::RunWorkflow(_)
            );
        let is_forbidden = match &kind {
            StepKind::Action(ActionStep { uses, .. }) => matches!(uses.repeat, Repeat::IsForbidden { .. }),
            _ => false,
        };
        let step = Step {
            id: self.maybe(2, |b| {
                b.ids += 1;
                id(&format!("step_{}", b.ids))
            }),
            condition,
            retry: calls.then(|| self.maybe(2, Self::retry)).flatten(),
            timeout: match may_time_out {
                true => self
                    .maybe(3, Self::length)
                    .filter(|timeout| !is_forbidden || *timeout >= Length::literal::<60>()),
                false => None,
            },
            continue_on_error: self.chance(4),
            kind,
        };
        if let Some(id) = &step.id {
            self.seen.push(format!("steps.{id}.outcome"));
            self.seen.push(format!("steps.{id}.error"));
            if let StepKind::Action(ActionStep { uses, .. }) = &step.kind
                && let Some(output) = uses.outputs.first()
            {
                let entry = match &output.kind {
                    FieldKind::Entries(fields) => format!("[0].{}", fields[0].name),
                    _ => String::new(),
                };
                self.seen.push(format!("steps.{id}.outputs.{}{entry}", output.name));
            }
        }
        if let StepKind::Set(set) = &step.kind {
            self.variables.extend(set.variables.keys().cloned());
        }
        step
    }

    fn kind(&mut self, shape: &Shape) -> StepKind {
        match shape {
            Shape::Leaf(choices) => {
                self.choices.clone_from(choices);
                self.leaf()
            }
            Shape::Block(steps, otherwise) => {
                let mut lists = self.branches(&[steps, otherwise]).into_iter();
                StepKind::Block(BlockStep {
                    steps: lists.next().unwrap(),
                    otherwise: lists.next().unwrap(),
                })
            }
            Shape::Choose(branches, default) => {
                let conditions: Vec<Expression> = branches.iter().map(|_| self.condition()).collect();
                let lists: Vec<&Vec<Shape>> = branches.iter().chain([default]).collect();
                let mut lists = self.branches(&lists);
                let default = lists.pop().unwrap();
                let branches = conditions.into_iter().zip(lists);
                StepKind::Choose(ChooseStep {
                    branches: branches.map(|(when, steps)| Branch { when, steps }).collect(),
                    default,
                })
            }
            Shape::Parallel(lanes) => StepKind::Parallel(ParallelStep {
                lanes: lanes
                    .iter()
                    .map(|steps| {
                        let (steps, output) = self.lane(steps);
                        ParallelLane {
                            name: self.maybe(2, |builder| builder.one_of(LANE_NAMES).to_owned()),
                            steps,
                            output,
                        }
                    })
                    .collect(),
                on_lane_failure: self.on_lane_failure(),
            }),
            Shape::ForEach(steps, choices) => {
                self.choices.clone_from(choices);
                let items = match self.choose(3) {
                    0 => Template::List(vec![self.template(), Template::Literal(Value::from(1.5))]),
                    1 => Template::List(Vec::new()),
                    _ => template_of(&format!("{{{{ {} }}}}", self.unknown_of_event("teams"))),
                };
                let around = std::mem::replace(&mut self.has_item, true);
                let saw_index = std::mem::replace(&mut self.has_index, true);
                let (steps, output) = self.lane(steps);
                self.has_item = around;
                self.has_index = saw_index;
                StepKind::ForEach(ForEachStep {
                    items,
                    max_concurrency: self.maybe(2, |b| b.one_of(&[1, 7, limits::CONCURRENT_LANES])),
                    steps,
                    output,
                    on_lane_failure: self.on_lane_failure(),
                })
            }
            Shape::Repeat(steps, choices) => {
                self.choices.clone_from(choices);
                self.repeat(steps)
            }
        }
    }

    fn repeat(&mut self, shapes: &[Shape]) -> StepKind {
        // No workflow here has less than 59 s.
        let (every, at_most) = self.one_of(&[(1, 1), (1, 7), (14, 4), (limits::LONGEST_SECONDS, 1)]);
        let around = std::mem::replace(&mut self.has_index, true);
        let (seen, variables) = (self.seen.len(), self.variables.len());
        let steps = self.list(shapes);
        let until = self.maybe(2, Self::condition);
        let output = self.maybe(2, Self::template);
        self.seen.truncate(seen);
        self.variables.truncate(variables);
        self.has_index = around;
        StepKind::Repeat(RepeatStep {
            every: Length::from_seconds(every).unwrap(),
            until,
            at_most,
            steps,
            output,
            on_lane_failure: self.one_of(&[OnLaneFailure::Finish, OnLaneFailure::Ignore]),
        })
    }

    /// Lists of which one runs: none sees the others, what follows sees all.
    fn branches(&mut self, lists: &[&Vec<Shape>]) -> Vec<Vec<Step>> {
        let (seen, variables) = (self.seen.len(), self.variables.len());
        let (mut later_seen, mut later_variables) = (Vec::new(), Vec::new());
        let lists = lists.iter().map(|shapes| {
            let steps = self.list(shapes);
            later_seen.extend(self.seen.split_off(seen));
            later_variables.extend(self.variables.split_off(variables));
            steps
        });
        let lists = lists.collect();
        self.seen.extend(later_seen);
        self.variables.extend(later_variables);
        lists
    }

    fn lane(&mut self, shapes: &[Shape]) -> (Vec<Step>, Option<Template>) {
        let (seen, variables) = (self.seen.len(), self.variables.len());
        let steps = self.list(shapes);
        let output = self.maybe(2, Self::template);
        self.seen.truncate(seen);
        self.variables.truncate(variables);
        (steps, output)
    }

    fn on_lane_failure(&mut self) -> OnLaneFailure {
        self.one_of(&[OnLaneFailure::Finish, OnLaneFailure::Cancel, OnLaneFailure::Ignore])
    }

    fn leaf(&mut self) -> StepKind {
        match self.choose(9) {
            0 | 1 => self.action(),
            7 => self.approval(),
            8 => self.wait_for(),
            2 => StepKind::Wait(WaitStep::For(self.length())),
            3 => StepKind::Wait(WaitStep::Until(match self.choose(2) {
                0 => template_of("2027-01-31T09:00:00+01:00"),
                _ => template_of(&format!("{{{{ {} }}}}", self.of_event("occurred_at"))),
            })),
            4 => {
                let names = ["limit", "_x", "Team2"];
                let count = 1 + self.choose(3);
                let variables = names.iter().take(count);
                StepKind::Set(SetStep {
                    variables: variables.map(|name| (id(name), self.template())).collect(),
                })
            }
            5 => match self.choose(2) {
                0 => StepKind::Stop(StopStep {
                    reason: self.text_template(),
                }),
                _ => StepKind::Fail(FailStep {
                    message: self.text_template(),
                }),
            },
            _ => StepKind::RunWorkflow(RunWorkflowStep {
                workflow: id("another"),
                with: (0..self.choose(3))
                    .map(|number| (id(&format!("input_{number}")), self.template()))
                    .collect(),
            }),
        }
    }

    fn wait_for(&mut self) -> StepKind {
        let types: Vec<&'static str> = event::names().filter(|name| name.starts_with("incident.")).collect();
        let goal = match self.choose(2) {
            0 => Goal::Status(self.statuses()),
            _ => Goal::Event {
                types: (0..=self.choose(3)).map(|_| self.one_of(&types)).collect(),
                when: self.maybe(2, |_| condition_of("event.id == \"high\"")),
            },
        };
        StepKind::WaitFor(WaitForStep::new(
            Arc::clone(action("pagerduty.get_incident")),
            id("prod-eu"),
            template_of(self.one_of(&["P1", "{{ run.id }}"])),
            goal,
            Length::literal::<1>(),
            self.one_of(&[OnTimeout::Fail, OnTimeout::Continue]),
        ))
    }

    fn approval(&mut self) -> StepKind {
        let choices = match self.choose(3) {
            0 => vec!["restart", "leave it", "🔥"],
            1 => vec!["ok"],
            _ => vec!["approve", "deny"],
        };
        let choices: Vec<Choice> = choices
            .into_iter()
            .map(|text| text.to_owned().try_into().unwrap())
            .collect();
        let approvers = [
            "link",
            "arn:aws:iam::123456789012:role/oncall",
            "arn:aws:sts::*:assumed-role/*/anna",
        ];
        let count = self.choose(approvers.len() + 1);
        let fields = (0..self.choose(3)).map(|number| (id(&format!("field_{number}")), self.field_of_form()));
        let form = fields.collect();
        StepKind::Approval(ApprovalStep {
            message: self.text_template(),
            form,
            approvers: approvers
                .iter()
                .take(count)
                .map(|text| (*text).to_owned().try_into().unwrap())
                .collect(),
            prevent_self_approval: self.chance(2),
            notify: (0..self.choose(3)).map(|_| self.message()).collect(),
            timeout: Length::literal::<1>(),
            on_timeout: self.maybe(2, |b| b.one_of(&choices)),
            choices,
        })
    }

    /// A message about an approval, of which an expression sees the link.
    fn message(&mut self) -> Step {
        self.seen.push("approval.link".to_owned());
        let kind = self.action();
        self.seen.retain(|seen| seen != "approval.link");
        Step {
            id: None,
            condition: None,
            retry: self.maybe(2, Self::retry),
            timeout: None,
            continue_on_error: self.chance(2),
            kind,
        }
    }

    fn field_of_form(&mut self) -> Input {
        // No person fills in a list or a map, which come last.
        self.input_of(4, false)
    }

    fn action(&mut self) -> StepKind {
        let all: Vec<_> = catalog().actions().cloned().collect();
        let uses = self.one_of(&all);
        let mut with = BTreeMap::new();
        for field in &uses.inputs {
            if field.optional && self.chance(2) {
                continue;
            }
            with.insert(field.name.to_string(), self.input_of_action(field));
        }
        for rule in &uses.rules {
            self.keep_to(rule, &mut with);
        }
        StepKind::Action(ActionStep { uses, with })
    }

    /// Takes inputs away that exclude each other, and gives one where one is needed.
    fn keep_to(&mut self, rule: &Rule, with: &mut BTreeMap<String, Template>) {
        let given: Vec<&str> = rule
            .fields()
            .iter()
            .map(|name| &**name)
            .filter(|name| with.contains_key(*name))
            .collect();
        match (rule, given.as_slice()) {
            (Rule::AtMostOne(_) | Rule::ExactlyOne(_), [_, others @ ..]) => {
                for other in others {
                    with.remove(*other);
                }
            }
            (Rule::AllOrNone(fields), given) if given.len() < fields.len() => {
                for name in fields {
                    with.remove(&**name);
                }
            }
            (Rule::ExactlyOne(fields) | Rule::AtLeastOne(fields), []) => {
                let chosen = self.one_of(fields);
                let given = format!("{{{{ {} }}}}", self.unknown_of_event("chosen"));
                with.insert(chosen.into_owned(), template_of(&given));
            }
            _ => {}
        }
    }

    fn input_of_action(&mut self, field: &Field) -> Template {
        let Some(pattern) = &field.pattern else {
            return self.value_of(field.kind.clone());
        };
        if self.chance(3) {
            return template_of(&format!("{{{{ {} }}}}", self.unknown_of_event("given")));
        }
        let text = text_of_form(pattern).new_tree(&mut TestRunner::deterministic());
        template_of(&text.expect("a text of the form").current())
    }

    /// An input of a type.
    fn value_of(&mut self, kind: FieldKind) -> Template {
        if self.chance(3) {
            // Of whatever type it is wanted.
            return template_of(&format!("{{{{ {} }}}}", self.unknown_of_event("given")));
        }
        match kind {
            FieldKind::Text => match self.text_template() {
                Template::Expression(expression) if !expression.is_text() => template_of("{{ run.id }}"),
                text => text,
            },
            FieldKind::Prose(_) | FieldKind::Key { .. } => template_of("db-1 is down"),
            FieldKind::OneOf(words) => template_of(self.one_of(&words).as_ref()),
            FieldKind::Integer => Template::Literal(Value::from(7)),
            FieldKind::Number => Template::Literal(Value::from(1.5)),
            FieldKind::Any => self.template(),
            FieldKind::Count { most } => Template::Literal(Value::from(most.min(7))),
            FieldKind::Boolean => Template::Literal(Value::from(self.chance(2))),
            FieldKind::Integration => template_of("prod"),
            FieldKind::Name => template_of("checkout"),
            FieldKind::Id(_) => template_of("PWIXJZS"),
            FieldKind::UserEmail(_) => template_of("oncall@example.com"),
            FieldKind::Length { .. } => template_of("4h"),
            FieldKind::Time => template_of("2027-01-31T09:00:00Z"),
            FieldKind::Url | FieldKind::Link => template_of("https://meet.example.com/1"),
            FieldKind::Map { .. } => Template::Map(BTreeMap::from([("region".to_owned(), self.template())])),
            FieldKind::List => Template::List(vec![self.template()]),
            FieldKind::Ids(_) | FieldKind::Words(_) | FieldKind::Links { .. } => {
                let of_entries = kind.of_entries().expect("it is a list of one type");
                Template::List(
                    (0..1 + self.choose(3))
                        .map(|_| self.value_of(of_entries.clone()))
                        .collect(),
                )
            }
            FieldKind::Object(fields) | FieldKind::Entries(fields) => {
                let fields = fields
                    .iter()
                    .map(|field| (field.name.to_string(), self.value_of(field.kind.clone())));
                Template::Map(fields.collect())
            }
        }
    }

    fn retry(&mut self) -> Retry {
        let interval = self.length();
        let longest = self.length().max(interval);
        Retry {
            max_attempts: self.one_of(&[1, 8, limits::ATTEMPTS]),
            interval,
            backoff: self.one_of(&[1.0, 1.5, 2.0, 10.0]),
            max_interval: self.one_of(&[longest, Retry::default().max_interval.max(interval)]),
            jitter: self.chance(2),
            errors: self.maybe(2, |b| {
                let all: Vec<_> = NamedError::all(catalog().systems()).collect();
                let first = b.choose(all.len());
                all[first..].iter().take(3).cloned().collect()
            }),
        }
    }

    /// A name that can be seen here.
    fn name(&mut self) -> String {
        let mut names = vec![
            self.of_event("id"),
            self.unknown_of_event("given"),
            "run.id".to_owned(),
            "event".to_owned(),
        ];
        names.extend(self.seen.iter().rev().take(6).cloned());
        names.extend(self.variables.iter().rev().take(3).map(|name| format!("vars.{name}")));
        names.extend(self.inputs.iter().map(|name| format!("inputs.{name}")));
        if self.has_item {
            names.push("item".to_owned());
        }
        if self.has_index {
            names.push("index".to_owned());
        }
        if self.has_failure {
            names.push("failure.message".to_owned());
        }
        self.one_of(&names)
    }

    fn condition(&mut self) -> Expression {
        let name = self.name();
        condition_of(&match self.choose(3) {
            0 => format!("{name} is not none"),
            1 => format!("{name}|string == \"high\" and not false"),
            _ => format!("{name}|string|length > 3"),
        })
    }

    fn expression(&mut self) -> Template {
        let name = self.name();
        template_of(&format!("{{{{ {name} }}}}"))
    }

    fn text_template(&mut self) -> Template {
        match self.choose(4) {
            0 => self.expression(),
            1 => {
                let (text, name) = (self.text(), self.name());
                template_of(&format!("{text}{{{{ {name} }}}}\n{{% if true %}}x{{% endif %}}{text}"))
            }
            _ => Template::Literal(self.text().into()),
        }
    }

    fn template(&mut self) -> Template {
        match self.choose(7) {
            0 => Template::Literal(Value::Null),
            1 => Template::Literal(Value::from(self.chance(2))),
            2 => Template::Literal(self.one_of(&[
                Value::from(i64::MIN),
                Value::from(u64::MAX),
                Value::from(0),
                Value::from(-0.5),
                Value::from(1e16),
                Value::from(1.25e-7),
            ])),
            3 => Template::List((0..self.choose(3)).map(|_| self.text_template()).collect()),
            4 => {
                let fields = (0..self.choose(3)).map(|_| (self.text(), self.text_template()));
                Template::Map(fields.collect())
            }
            _ => self.text_template(),
        }
    }
}

fn template_of(source: &str) -> Template {
    Template::from_text(source).unwrap()
}

fn condition_of(source: &str) -> Expression {
    Expression::condition(source).unwrap()
}

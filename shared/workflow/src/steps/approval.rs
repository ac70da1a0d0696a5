//! `approval`: a step that asks people and waits for their decision.

use super::{Behaviour, Grammar, Picture, StepKind, numbered_list};
use crate::{
    approval::{Approver, Choice, FAIL, Question, Via, are_enough, needs_typing},
    definition::{
        Input, InputKind, Length, Node, Step,
        check::Checks,
        decode::{self, Reading, Words, input, step_list, value},
        encode::{self, Fields, entries},
        limits,
        node::Path,
    },
    error_name::ErrorName,
    graph::{Form, text},
    ids::{InputName, StepPath},
    planner::{Command, Failure, Outputs, Planner},
    step_name::Turn,
    template::{Expression, Template},
    types::{Kind, Type, Words as KnownWords},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A step that asks people and waits for their decision.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalStep {
    /// The question.
    pub message: Template,
    /// The answers to choose from. Never empty.
    pub choices: Vec<Choice>,
    /// The fields to fill in.
    pub form: BTreeMap<InputName, Input>,
    /// The people who may decide; empty for all who have the link or the rights to the stack.
    pub approvers: Vec<Approver>,
    /// True if the person who has started the run must not decide.
    pub prevent_self_approval: bool,
    /// The messages about it. All of them are steps that call an action.
    pub notify: Vec<Step>,
    /// The time for a decision.
    pub timeout: Length,
    /// The choice that is made when the time is over; without one the step fails.
    pub on_timeout: Option<Choice>,
}

/// The word of the kind, which is also what such a step is called.
pub const APPROVAL: &str = "approval";

/// The beginning of the error of an approval for whose decision the time was over.
pub const NO_DECISION: &str = "no person decided";

/// The most characters that are kept of a message. It is shown on a page and in lists.
const MESSAGE_CHARACTERS: usize = 2_000;

/// The list of the messages about an approval.
const NOTIFY: &str = "notify";

/// The beginning of the names of the actions whose messages have buttons for users of Slack.
const SLACK: &str = "slack.";

/// The outputs: the decision.
const OUTPUTS: &[&str] = &["choice", "by", "via", "at", "form"];

/// The value of `via` where no person has decided.
const TIMEOUT: &str = "timeout";

impl Grammar for ApprovalStep {
    const WORD: &'static str = APPROVAL;
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, _: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let path = step.field(Self::WORD);
        let mut fields = decode::Fields::of(node, &path, reading)?;
        let message = fields.required("message", "what people are asked", reading);
        let message = message.and_then(|node| value::text_template(node, path.field("message"), reading));
        let choices = fields.read("choices", choices, reading);
        let form = fields.read("form", form, reading);
        let approvers = fields.read("approvers", approvers, reading);
        let prevent_self_approval = fields.read("prevent_self_approval", value::boolean, reading);
        let notify = fields.optional(NOTIFY);
        let notify = notify.map(|node| messages(node, path.field(NOTIFY), reading));
        let timeout = fields.required("timeout", "how long it waits for a decision, such as 30m", reading);
        let timeout = timeout.and_then(|node| value::length(node, path.field("timeout"), reading));
        let choices = choices.unwrap_or_else(Choice::usual);
        let on_timeout = fields.read(
            "on_timeout",
            |node, path, reading| on_timeout(node, &choices, path, reading),
            reading,
        );
        fields.refuse_others(reading);
        Some(Self {
            message: message?,
            choices,
            form: form.unwrap_or_default(),
            approvers: approvers.unwrap_or_default(),
            prevent_self_approval: prevent_self_approval.unwrap_or_default(),
            notify: notify.unwrap_or_default(),
            timeout: timeout?,
            on_timeout: on_timeout.flatten(),
        })
    }

    fn encode(&self, fields: &mut Fields) {
        let mut said = Fields::default();
        said.add("message", self.message.to_json());
        let choices = (self.choices != Choice::usual()).then(|| texts(&self.choices));
        said.add_if("choices", choices);
        said.add_if(
            "form",
            (!self.form.is_empty()).then(|| entries(&self.form, encode::input)),
        );
        let approvers: Vec<String> = self.approvers.iter().cloned().map(String::from).collect();
        said.add_if("approvers", (!approvers.is_empty()).then_some(approvers));
        said.add_if("prevent_self_approval", self.prevent_self_approval.then_some(true));
        said.add_steps_if_any(NOTIFY, &self.notify);
        said.add("timeout", self.timeout.to_string());
        said.add_if("on_timeout", self.on_timeout.as_ref().map(Choice::as_str));
        fields.add(Self::WORD, said);
    }
}

fn texts(choices: &[Choice]) -> Vec<&str> {
    choices.iter().map(Choice::as_str).collect()
}

fn choices(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Vec<Choice>> {
    let mut choices: Vec<Choice> = Vec::new();
    for (index, item) in value::some_items(node, path, limits::APPROVAL_CHOICES, "choice", reading)
        .iter()
        .enumerate()
    {
        let path = path.item(index);
        let Some(text) = value::text(item, path, reading) else {
            continue;
        };
        match Choice::try_from(text.to_owned()) {
            Ok(choice) if choices.contains(&choice) => {
                reading.problem(item.at, path, format!("`{choice}` stands twice"));
            }
            Ok(choice) => choices.push(choice),
            Err(problem) => reading.problem(item.at, path, problem.to_string()),
        }
    }
    (!choices.is_empty()).then_some(choices)
}

fn form(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<BTreeMap<InputName, Input>> {
    let form = input::named(node, path, "fields", limits::APPROVAL_FORM, reading)?;
    for (name, field) in &form {
        if matches!(field.kind, InputKind::List | InputKind::Map) {
            let message = format!(
                "is {}, which no person can fill in; use text, integer, number, boolean, time or duration",
                field.kind.words()
            );
            reading.problem(node.at, path.field(name.as_str()), message);
        }
    }
    let bytes = serde_json::to_string(&form).map_or(usize::MAX, |text| text.len());
    if bytes > limits::APPROVAL_FORM_BYTES {
        let message = format!(
            "takes {bytes} bytes; at most {} are allowed, so shorten its descriptions and defaults",
            limits::APPROVAL_FORM_BYTES
        );
        reading.problem(node.at, path, message);
    }
    Some(form)
}

fn approvers(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Vec<Approver>> {
    let mut approvers = Vec::new();
    for (index, item) in value::some_items(node, path, limits::APPROVERS, "approver", reading)
        .iter()
        .enumerate()
    {
        let path = path.item(index);
        let Some(text) = value::text(item, path, reading) else {
            continue;
        };
        match Approver::try_from(text.to_owned()) {
            Ok(approver) => approvers.push(approver),
            Err(problem) => reading.problem(item.at, path, problem.to_string()),
        }
    }
    Some(approvers)
}

fn messages(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Vec<Step> {
    let messages = step_list(node, path, reading);
    if messages.len() > limits::APPROVAL_MESSAGES {
        let message = format!(
            "has {} entries; at most {} are allowed",
            messages.len(),
            limits::APPROVAL_MESSAGES
        );
        reading.problem(node.at, path, message);
    }
    for (index, message) in messages.iter().enumerate() {
        // What could not be read has been complained about, and has another kind in its place.
        if !reading.has_gaps && !matches!(message.kind, StepKind::Action(_)) {
            let problem = format!(
                "is `{}`, but must call an action: give it `uses` and `with`",
                message.title()
            );
            reading.problem(node.at, path.item(index), problem);
        }
    }
    messages
}

/// `fail`, or one of the choices.
#[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
fn on_timeout(node: &Node, choices: &[Choice], path: Path<'_>, reading: &mut Reading<'_>) -> Option<Option<Choice>> {
    let text = value::text(node, path, reading)?;
    if text == FAIL {
        return Some(None);
    }
    let choice = choices.iter().find(|choice| choice.as_str() == text);
    if choice.is_none() {
        let mut words: Vec<String> = texts(choices).iter().map(|choice| format!("`{choice}`")).collect();
        words.push(format!("`{FAIL}`"));
        reading.problem(node.at, path, format!("must be one of {}", words.join(", ")));
    }
    choice.cloned().map(Some)
}

impl Behaviour for ApprovalStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn lists(&self) -> Vec<&[Step]> {
        vec![&self.notify]
    }

    fn expressions(&self) -> Vec<&Expression> {
        self.message.expressions()
    }

    fn output_names(&self) -> Vec<&str> {
        OUTPUTS.to_vec()
    }

    fn output(&self, name: &str, _: &[Type]) -> Type {
        let by_person = |kind: Kind| match self.on_timeout {
            Some(_) => Type::from(kind).or_null("it is null where the time was over and no person has decided"),
            None => kind.into(),
        };
        let words = |words: Vec<String>| {
            Kind::Words(KnownWords {
                known: words.into_iter().map(Into::into).collect(),
                are_ours: true,
            })
        };
        match name {
            "choice" => words(self.choices.iter().map(ToString::to_string).collect()).into(),
            "by" => by_person(Kind::Text),
            "via" => {
                let ways = [Via::Link, Via::Command, Via::Slack].iter().map(Via::into_str);
                let ways = ways.chain(self.on_timeout.as_ref().map(|_| TIMEOUT));
                words(ways.map(str::to_owned).collect()).into()
            }
            "form" => Type::record(self.form.iter().map(|(name, field)| {
                let of = Type::from(Kind::from(field.kind)).stored();
                let of = match (&field.default, &self.on_timeout) {
                    (None, Some(_)) => of.or_null("it is null where the time was over and no person has filled it in"),
                    _ => of,
                };
                (name.to_string(), of)
            })),
            _ => Kind::Text.into(),
        }
    }

    fn check<'a>(&'a self, _: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let path = path.field(Self::WORD);
        checks.template(&self.message, path.field("message"));
        checks.within_run(self.timeout, "the approval", path.field("timeout"));
        self.check_approvers(path, checks);
        let seen = std::mem::replace(&mut checks.scope.sees.approval, true);
        let done = checks.branch(&self.notify, &[], path.field(NOTIFY));
        checks.scope.sees.approval = seen;
        checks.join(vec![done]);
        Vec::new()
    }

    fn begin(&self, _: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        if planner.is_asking(path) {
            return planner.await_decision(path);
        }
        match self.question(planner) {
            Ok(question) => planner.ask(path, question),
            Err(failure) => return planner.step_failed(path, None, Outputs::none(), failure),
        }
        match self.notify.is_empty() {
            true => planner.await_decision(path),
            false => {
                planner.cursor.next = Some(path.inside(0, 0));
                None
            }
        }
    }

    fn comes_back(&self) -> bool {
        true
    }

    fn picture(&self, _: &Step) -> Picture {
        let title = format!("{}: {}", Self::WORD, text(&self.message));
        let mut notes = vec![format!("{} within {}", self.choices_in_words(), self.timeout)];
        if let Some(choice) = &self.on_timeout {
            notes.push(format!("without a decision `{choice}`"));
        }
        let (form, labels) = match self.notify.is_empty() {
            true => (Form::Wait, Vec::new()),
            false => (Form::Group, vec![NOTIFY.to_owned()]),
        };
        Picture {
            notes,
            ..Picture::of(form, title).with_labels(labels)
        }
    }

    fn turn(&self, _: u32, _: Option<u32>) -> Turn {
        Turn::Name(NOTIFY.to_owned())
    }

    fn list_of(&self, turn: &Turn) -> Option<u32> {
        match turn {
            Turn::Name(name) if name == NOTIFY => Some(0),
            turn => numbered_list(turn, 1),
        }
    }

    fn lists_in_words(&self) -> String {
        format!("`{NOTIFY}`")
    }
}

impl ApprovalStep {
    fn choices_in_words(&self) -> String {
        texts(&self.choices).join(" or ")
    }

    /// Checks that the users of Slack who may decide get a button to press.
    fn check_approvers(&self, path: Path<'_>, checks: &mut Checks<'_, '_>) {
        let is_of_slack = |approver: &Approver| matches!(approver, Approver::Slack(_));
        let Some(user) = self.approvers.iter().find(|approver| is_of_slack(approver)) else {
            return;
        };
        let path = path.field("approvers");
        let mut calls = self.notify.iter().filter_map(Step::call);
        if !calls.any(|call| call.uses.name.starts_with(SLACK)) {
            let message =
                format!("`{user}` gets no button to press: give `notify` a message that `uses: slack.post_message`");
            checks.problem(path, message);
        } else if needs_typing(&self.form) && self.approvers.iter().all(is_of_slack) {
            let message = "a button of Slack fills in no form: give each field a `default`, or let others decide as well, such as `link`";
            checks.problem(path, message);
        }
    }

    /// The choices that can be made by buttons of a message; none where a button would not be enough to decide.
    pub(crate) fn buttons(&self, planner: &Planner<'_>) -> &[Choice] {
        let starter = planner.situation.input.started_by();
        match are_enough(&self.approvers, self.not_by(starter), &self.form) {
            true => &self.choices,
            false => &[],
        }
    }

    /// The person that must not decide.
    fn not_by<'a>(&self, starter: Option<&'a str>) -> Option<&'a str> {
        starter.filter(|_| self.prevent_self_approval)
    }

    fn question(&self, planner: &Planner<'_>) -> Result<Question, Failure> {
        let message = match planner.evaluate(&self.message)? {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        if message.trim().is_empty() {
            let message = "the `message` of the approval is empty, so people would not know what they decide";
            return Err(Failure::new(ErrorName::InputInvalid, message));
        }
        let message: String = message.chars().take(MESSAGE_CHARACTERS).collect();
        let starter = planner.situation.input.started_by();
        Ok(Question {
            message,
            choices: self.choices.clone(),
            form: self.form.clone(),
            approvers: self.approvers.clone(),
            not_by: self.not_by(starter).map(str::to_owned),
            until: planner.time_after(self.timeout),
        })
    }

    /// The outputs, or the failure, of a step for whose decision the time is over.
    pub(crate) fn timed_out(&self, now: Timestamp) -> Result<Value, Failure> {
        let Some(choice) = &self.on_timeout else {
            let message = format!(
                "{NO_DECISION} within {}; give the approval a longer `timeout`, or say with `on_timeout` what happens then",
                self.timeout
            );
            return Err(Failure::new(ErrorName::StepTimedOut, message));
        };
        let form = self.form.iter();
        let form = form.map(|(name, field)| (name.to_string(), field.default.clone().unwrap_or(Value::Null)));
        let form: serde_json::Map<String, Value> = form.collect();
        Ok(json!({ "choice": choice, "by": null, "via": TIMEOUT, "at": now, "form": form }))
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::{
        limits,
        schema::{
            parts::{LengthText, Text, rules},
            surface::{Input, Step},
        },
    };
    use schemars::JsonSchema;
    use std::collections::BTreeMap;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Asks people, and waits for their decision.
        approval: Option<Approval>,
    }

    /// A question to people.
    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    struct Approval {
        /// The question to people.
        message: Text,
        /// The answers to choose from. The default is approve and deny.
        #[schemars(length(min = 1, max = limits::APPROVAL_CHOICES), inner(length(min = 1, max = 40)), extend("uniqueItems" = true))]
        choices: Option<Vec<String>>,
        /// The fields to fill in. None is a list or a map.
        #[schemars(extend("maxProperties" = limits::APPROVAL_FORM), transform = rules::identifiers)]
        form: Option<BTreeMap<String, Input>>,
        /// The people who may decide: ARNs, in which * stands for any text, users of Slack, such as slack:U0123456789, or `link` for all who
        /// have the link. The default is all who have the link or a button in Slack, or the rights to the stack.
        #[schemars(length(min = 1, max = limits::APPROVERS))]
        approvers: Option<Vec<String>>,
        /// True if the person who has started the run must not decide.
        prevent_self_approval: Option<bool>,
        /// The messages about it: actions, which see `approval.link`.
        #[schemars(length(min = 1, max = limits::APPROVAL_MESSAGES))]
        notify: Option<Vec<Step>>,
        /// The time for a decision, such as 30m. It is less than that of the whole run.
        timeout: LengthText,
        /// What happens when the time is over: `fail`, which is the default, or one of the choices.
        on_timeout: Option<String>,
    }
}

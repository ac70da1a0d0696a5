//! An operation as an action of the workflow language.
//!
//! Inputs and outputs have the types of the model, down to a few levels; what is deeper, or a part of itself, is a map or a list, and
//! is checked when the request is written.

mod example;

use crate::{
    Operation,
    input::{INTEGRATION, REGION, input_name},
    model::{Member, Service, Shape, ShapeId, Structure},
    name::snake_case,
};
use workflow::action::{ActionSpec, Effect, Field, FieldKind, OnNull, Repeat, Replayed, Text, Unfit};

/// The system, as people call it. It begins the names of errors: `AWS.NotFound`.
pub const SYSTEM: &str = "AWS";

/// The function that performs the actions.
pub const FUNCTION: &str = "CallAws";

/// The time that one attempt may take, in seconds. It is longer than the time-out of the function.
pub(crate) const TIMEOUT_SECONDS: u32 = 60;

/// The levels of maps and lists within each other that are typed.
const LEVELS: usize = 4;

/// The most fields that the inputs, or the outputs, of an action have in all. EC2's largest operations have more; what comes after is
/// of any form.
const FIELDS: usize = 600;

/// The most words that a text has to be one of. The kinds of instances, of which there are a thousand, get new ones every week, so
/// a list of words as long is not closed.
const WORDS: usize = 40;

/// The inputs that say in which account and region an action is done.
pub(crate) fn account() -> [Field; 2] {
    [
        Field::required(
            INTEGRATION,
            FieldKind::Integration,
            "the AWS account, by the alias of its integration",
        ),
        Field::optional(
            REGION,
            FieldKind::Text,
            "the region, such as `eu-west-1`; that of the integration if left out",
        ),
    ]
}

pub(crate) fn of(operation: &Operation) -> ActionSpec {
    let service = operation.service;
    let model = operation.operation;
    let only_reads = operation.only_reads();
    let token = operation.idempotency_token();
    let (repeat, on_repeat) = match (only_reads, token) {
        (true, _) => (Repeat::IsHarmless, "It only reads.".into()),
        (false, Some(token)) => (
            Repeat::IsHarmless,
            format!(
                "`{}` has the idempotency key, by which {} knows a repeat and does nothing more.",
                snake_case(token.name),
                service.title
            )
            .into(),
        ),
        (false, None) => (
            Repeat::IsForbidden {
                look: format!("{} in the AWS console", service.title).into(),
            },
            format!("{} would do it twice, and cannot tell a repeat.", service.title).into(),
        ),
    };
    let mut inputs = account().to_vec();
    inputs.extend(Typing::new(service, Side::Input { only_reads }).top(operation));
    let mut spec = ActionSpec {
        name: operation.action_name().into(),
        system: SYSTEM.into(),
        integration: None,
        summary: format!("{} of {}: {}", model.name, service.title, operation.documentation()).into(),
        inputs,
        rules: Vec::new(),
        outputs: Typing::new(service, Side::Output).top(operation),
        effect: if only_reads { Effect::Reads } else { Effect::Other },
        repeat,
        // A replay has other idempotency keys.
        replayed: token.filter(|_| !only_reads).map(|_| Replayed::Twice),
        on_repeat,
        function: FUNCTION.into(),
        timeout_seconds: TIMEOUT_SECONDS,
        job_seconds: None,
        example: Text::default(),
        connector: None,
    };
    spec.example = example::of(&spec).into();
    spec
}

/// The side of an operation that fields belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Input { only_reads: bool },
    Output,
}

/// The making of fields.
struct Typing<'a> {
    service: &'a Service<'static>,
    side: Side,
    /// The structures around the one that is at hand.
    around: Vec<ShapeId>,
    /// The number of fields that can still be made.
    left: usize,
}

impl<'a> Typing<'a> {
    fn new(service: &'a Service<'static>, side: Side) -> Self {
        Self {
            service,
            side,
            around: Vec::new(),
            left: FIELDS,
        }
    }

    fn top(&mut self, operation: &Operation) -> Vec<Field> {
        let shape = match self.side {
            Side::Input { .. } => operation.operation.input,
            Side::Output => operation.operation.output,
        };
        let Some(shape) = shape else { return Vec::new() };
        let Shape::Structure(structure) = self.service.shape(shape) else {
            return Vec::new();
        };
        self.around.push(shape);
        let mut fields = self.fields(structure);
        if let (Side::Input { only_reads: true }, Some(pages)) = (self.side, &operation.operation.pages) {
            // Without these nothing more is listed, only in other portions.
            for field in &mut fields {
                let is_of_pages = |name: &str| snake_case(name) == *field.name;
                if is_of_pages(pages.limit_key) || pages.input_tokens.iter().any(|token| is_of_pages(token)) {
                    field.null = OnNull::LeaveOut;
                }
            }
        }
        fields
    }

    fn fields(&mut self, structure: &Structure<'static>) -> Vec<Field> {
        self.left = self.left.saturating_sub(structure.members.len());
        let fields = structure.members.iter().map(|member| {
            let kind = self.kind(member.shape);
            self.field(member, kind)
        });
        fields.collect()
    }

    fn field(&self, member: &Member<'static>, kind: FieldKind) -> Field {
        let is_at_top = self.around.len() == 1;
        let (name, optional) = match self.side {
            Side::Input { .. } => (
                input_name(member, is_at_top),
                !member.is_required || (is_at_top && member.is_idempotency_token),
            ),
            Side::Output => (snake_case(member.name), !member.is_required),
        };
        // A filter of a list that an expression turned into null would give everything.
        let narrows =
            is_at_top && optional && self.side == Side::Input { only_reads: true } && kind != FieldKind::Boolean;
        Field {
            name: name.into(),
            summary: self.summary(member, is_at_top).into(),
            kind,
            optional,
            names: None,
            unfit: Unfit::default(),
            null: if narrows { OnNull::Refuse } else { OnNull::LeaveOut },
            pattern: None,
        }
    }

    fn summary(&self, member: &Member<'static>, is_at_top: bool) -> String {
        let name = member.name;
        match self.service.shape(member.shape) {
            _ if is_at_top && member.is_idempotency_token && matches!(self.side, Side::Input { .. }) => {
                format!("`{name}`; the run's own key if left out")
            }
            Shape::Blob { .. } => format!("`{name}`, bytes in Base64"),
            // The known words are listed, though others may come.
            Shape::Text(words) if !words.is_empty() && self.side == Side::Output && words.len() <= WORDS => {
                format!("`{name}`, such as {}", words.join(", "))
            }
            Shape::Text(words) if words.len() > WORDS => {
                let first: Vec<&str> = words.iter().copied().take(3).collect();
                format!("`{name}`, such as {}", first.join(", "))
            }
            Shape::List(list) => match self.service.shape(list.element) {
                Shape::List(_) => format!("`{name}`, a list of lists"),
                Shape::Text(_) => format!("`{name}`, a list of texts"),
                Shape::Integer | Shape::Float => format!("`{name}`, a list of numbers"),
                Shape::Blob { .. } => format!("`{name}`, a list of bytes in Base64"),
                _ => format!("`{name}`"),
            },
            _ => format!("`{name}`"),
        }
    }

    /// The words that a text has to be one of. An answer can have one that came after the model was made.
    fn closed(&self, words: &[&'static str]) -> Option<Vec<Text>> {
        let is_closed = self.side != Side::Output && (1..=WORDS).contains(&words.len());
        is_closed.then(|| words.iter().copied().map(Text::Borrowed).collect())
    }

    fn kind(&mut self, id: ShapeId) -> FieldKind {
        let service = self.service;
        match service.shape(id) {
            Shape::Structure(structure) => match self.within(id, structure) {
                Some(fields) => FieldKind::Object(fields),
                None => FieldKind::Map { may_be_empty: true },
            },
            Shape::List(list) => match service.shape(list.element) {
                Shape::Structure(structure) => match self.within(list.element, structure) {
                    Some(fields) => FieldKind::Entries(fields),
                    None => FieldKind::List,
                },
                Shape::Text(words) => self.closed(words).map_or(FieldKind::List, FieldKind::Words),
                _ => FieldKind::List,
            },
            Shape::Map(_) | Shape::Document | Shape::JsonText => FieldKind::Map { may_be_empty: true },
            Shape::Text(words) => self.closed(words).map_or(FieldKind::Text, FieldKind::OneOf),
            Shape::Blob { .. } => FieldKind::Text,
            Shape::Integer => FieldKind::Integer,
            Shape::Float => FieldKind::Number,
            Shape::Boolean => FieldKind::Boolean,
            Shape::Timestamp(_) => FieldKind::Time,
        }
    }

    /// The fields of a structure within another; none where it is too deep, a part of itself, or empty.
    fn within(&mut self, id: ShapeId, structure: &Structure<'static>) -> Option<Vec<Field>> {
        let is_typed = !structure.members.is_empty()
            && self.around.len() < LEVELS
            && !self.around.contains(&id)
            && structure.members.len() <= self.left;
        if !is_typed {
            return None;
        }
        self.around.push(id);
        let fields = self.fields(structure);
        self.around.pop();
        Some(fields)
    }
}

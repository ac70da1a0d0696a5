//! One action, put together from its parts.

use serde_json::Value;

use super::{
    Fit, Remark,
    account::Account,
    answer::{self, Output},
    body,
    document::{Document, Operation},
    input::{self, Input},
    names::Taken,
    schema::Type,
    words,
    yaml::Node,
};

/// The most inputs or outputs of an action.
const MOST_FIELDS: usize = crate::format::MOST_FIELDS;

/// The inputs that are kept for a body where there are more parameters than room.
const ROOM_FOR_BODY: usize = 20;

/// An operation as an action.
#[derive(Debug, Clone)]
pub(super) struct Imported {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) documentation: Option<String>,
    pub(super) repeat: Repeat,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) inputs: Vec<Input>,
    pub(super) query: Vec<(String, Node)>,
    pub(super) headers: Vec<(String, Node)>,
    /// The word of the body, and the body.
    pub(super) body: Option<(&'static str, Node)>,
    pub(super) outputs: Vec<Output>,
    /// The expressions for the code and the words of an error, where its answers of failure say them.
    pub(super) error: (Option<String>, Option<String>),
    pub(super) remarks: Vec<Remark>,
}

/// The effect of a repeat, as far as the method says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repeat {
    Safe,
    Sets,
    Never,
    Header(String),
}

impl Imported {
    /// The extent to which the operation came over.
    pub(super) fn fit(&self) -> Fit {
        self.remarks.iter().map(|remark| remark.fit).max().unwrap_or(Fit::Typed)
    }
}

/// An action so far, while its parts are read.
#[derive(Debug)]
pub(super) struct Work<'a, 'd> {
    pub(super) document: &'d Document<'a>,
    pub(super) operation: &'d Operation<'a>,
    pub(super) taken: Taken,
    pub(super) inputs: Vec<Input>,
    /// The most inputs there can be before one is left out that need not be given.
    pub(super) room: usize,
    pub(super) remarks: Vec<Remark>,
}

impl Work<'_, '_> {
    /// Writes down something that a person should look at.
    pub(super) fn remark(&mut self, fit: Fit, text: impl Into<String>) {
        let remark = self.refusal(fit, text);
        self.remarks.push(remark);
    }

    /// A remark that ends the reading.
    pub(super) fn refusal(&self, fit: Fit, text: impl Into<String>) -> Remark {
        Remark {
            operation: Some(self.operation.id.clone()),
            text: text.into(),
            fit,
        }
    }

    /// Takes an input in, and gives its name. None where there is no room for more of those that can be left out.
    pub(super) fn take(&mut self, mut input: Input, text: &str, place: &str) -> Option<String> {
        if self.inputs.len() >= self.room && !input.is_required {
            self.remark(
                Fit::Part,
                format!(
                    "the input `{}` is left out: an action has at most {MOST_FIELDS}",
                    shown(text)
                ),
            );
            return None;
        }
        if input.of_type == Type::Any {
            self.remark(Fit::Part, format!("the input `{}` has no type", shown(text)));
        }
        input.name = self.taken.take(text, place);
        let name = input.name.clone();
        self.inputs.push(input);
        Some(name)
    }
}

/// A name of the document, as it is shown in a remark.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .filter(|c| !workflow::characters::steers(*c) && !words::is_odd(*c) && *c != '`')
        .take(80)
        .collect()
}

/// Makes an action of an operation.
pub(super) fn of<'a>(
    document: &Document<'a>,
    operation: &Operation<'a>,
    account: &Account,
    taken: &mut Taken,
) -> Result<Imported, Remark> {
    document.renew_budget();
    let mut work = Work {
        document,
        operation,
        taken: Taken::inputs(),
        inputs: Vec::new(),
        room: MOST_FIELDS
            - if body::is_there(document, operation) {
                ROOM_FOR_BODY
            } else {
                0
            },
        remarks: Vec::new(),
    };
    let mut parameters = input::parameters(&mut work, account)?;
    work.room = MOST_FIELDS;
    let body = body::of(&mut work)?;
    parameters.headers.extend(body.headers);
    if work.inputs.len() > MOST_FIELDS {
        let count = work.inputs.len();
        return Err(work.refusal(
            Fit::No,
            format!("{count} inputs are required; an action has at most {MOST_FIELDS}"),
        ));
    }
    let outputs = answer::of(&mut work);
    let error = answer::error_fields(&work);
    if let Some(text) = account.other_server(document, operation) {
        work.remark(Fit::Part, text);
    }
    let repeat = match (operation.method, parameters.idempotency_key) {
        ("get" | "head", _) => Repeat::Safe,
        ("put" | "delete", _) => Repeat::Sets,
        (_, Some(header)) => Repeat::Header(header),
        _ => Repeat::Never,
    };
    let name = match operation.value.get("operationId").and_then(Value::as_str) {
        Some(id) if operation.id == id => taken.take(id, operation.method),
        _ => taken.take(&format!("{} {}", operation.method, operation.path), "action"),
    };
    Ok(Imported {
        name,
        summary: words::of_operation(operation),
        documentation: documentation(operation.value),
        repeat,
        method: operation.method,
        path: parameters.path,
        inputs: work.inputs,
        query: parameters.query,
        headers: parameters.headers,
        body: body.body,
        outputs,
        error,
        remarks: work.remarks,
    })
}

/// The address of the documentation that a part of a document names.
pub(super) fn documentation(value: &Value) -> Option<String> {
    let url = value.pointer("/externalDocs/url")?;
    address(url)
}

/// An address that a connector can have.
pub(super) fn address(url: &Value) -> Option<String> {
    let url = url.as_str()?;
    let is_plain = !words::has_template(url) && !url.contains(char::is_whitespace);
    let is_url = is_plain && workflow::action::FieldKind::Url.check(&Value::from(url)).is_ok();
    is_url.then(|| url.to_owned())
}

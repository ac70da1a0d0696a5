//! One attempt at an action.
//!
//! # How a repeat is made harmless
//! ```text
//! safe, sets:  send
//! header:      send, with the idempotency key in the header
//! look:        first attempt:  send
//!              any other:      look ──found──> its outputs
//!                                └──not found──> send
//! never:       send, unless the call begins so late that it may be a double
//! ```
//! A call that begins late may be a double of one that was answered long since, because Lambda may run a call twice: it looks as well.
//!
//! # Layout
//! - here — the attempt as a whole.
//! - `draft` — a request, before the proof of who asks.
//! - `render`, `path`, `body` — the parts of a request.
//! - `controls` — the buttons and the like of a message about an approval.
//! - `auth`, `tokens`, `google` — the proof of who asks.
//! - `exchange`, `wait`, `hide` — an answer, and what it means.
//! - `page` — the pages of a list.
//! - `poll` — looks at what a request has started.
//! - `preview` — a request as it would be sent.

mod auth;
mod body;
mod controls;
mod draft;
mod exchange;
pub(crate) mod google;
mod hide;
mod page;
mod path;
mod poll;
mod preview;
mod render;
mod tokens;
mod wait;

pub use controls::Asked;
pub use hide::HIDDEN;
pub use preview::{Preview, preview};
pub use tokens::AccessTokens;

use crate::{
    account::Account,
    connector::{Action, Connector, RepeatRule},
    error::{Error, Subject},
};
use auth::{Goes, Proof};
use draft::Draft;
use exchange::{Answered, Exchange};
use hide::Hidden;
use jiff::Timestamp;
use provider::{
    deadline::Deadline,
    transport::{Request, Transport},
    verdict,
};
use sabotage::{Break, breaks};
use serde_json::{Map, Value, json};
use workflow::{
    action::{Effect, Field},
    template::Context,
};

/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// An attempt at an action.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The connector that has the action.
    pub connector: &'a Connector,
    /// The action.
    pub action: &'a Action,
    /// Its inputs. Those that it does not know are passed over.
    pub input: Map<String, Value>,
    /// The same for every attempt at this.
    pub idempotency_key: Option<String>,
    /// The attempt that this is, from 1. Where it is missing, an earlier one is taken to be possible.
    pub attempt: Option<u32>,
    /// The thing that an earlier call has said to look for; none for a call that does something.
    pub look: Option<Value>,
    /// The time when the action has to be over.
    pub deadline: Option<Timestamp>,
    /// The time of day at which the attempt begins.
    pub now: Timestamp,
    /// The approval that the call is a message about.
    pub approval: Option<Asked>,
}

impl Call<'_> {
    fn subject(&self) -> Subject {
        Subject {
            system: self.connector.title().to_owned(),
            action: self.action.spec().name.to_string(),
        }
    }
}

/// The result of an attempt that has not failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Performed {
    /// The action is done. These are its outputs.
    Done(Map<String, Value>),
    /// The action has started something that has not ended yet.
    NotYet {
        /// The thing to look for, for [`Call::look`].
        look: Value,
        /// The time until the next look, in seconds.
        after_seconds: u32,
    },
}

/// Performs one attempt, or looks at what an earlier one has started.
///
/// # Errors
/// Any of [`Error`]. After [`Error::OutcomeUnknown`] another attempt with the same key finds out what happened, where the action can look.
pub async fn perform(
    call: Call<'_>,
    account: &Account,
    transport: &dyn Transport,
    tokens: &AccessTokens,
) -> Result<Performed, Error> {
    let subject = call.subject();
    let deadline = Deadline::new(call.deadline, call.now).map_err(|missed| subject.missed(missed))?;
    let inputs = inputs(call.action, &call.input).map_err(|problem| subject.input(problem))?;
    let fields = call.connector.integration().seen(&account.fields);
    let controls = controls::render(&call, &fields).map_err(|problem| subject.input(problem))?;
    let attempt = Attempt {
        call,
        subject,
        fields,
        controls,
        account,
        transport,
        tokens,
        deadline,
    };
    attempt.run(inputs).await
}

/// The inputs as expressions see them: each that is declared, null where there is none.
fn inputs(action: &Action, given: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut inputs = Map::new();
    for input in &action.inputs {
        let value = given.get(&input.name).filter(|value| !value.is_null());
        let value = value.or(input.default.as_ref()).cloned().unwrap_or_default();
        match action.spec.input(&input.name) {
            Some(field) if value.is_null() && !field.optional => {
                return Err(format!("`{}` is missing: {}", field.name, field.summary));
            }
            Some(field) if !value.is_null() => {
                let fits = field.check(&value);
                fits.map_err(|problem| format!("`{}` {problem}", field.name))?;
            }
            _ => {}
        }
        inputs.insert(input.name.clone(), value);
    }
    Ok(inputs)
}

/// An attempt with all that it works with.
struct Attempt<'a> {
    call: Call<'a>,
    subject: Subject,
    /// The fields of the integration, as expressions see them.
    fields: Value,
    /// The controls of a message about an approval, as expressions see them; null for none.
    controls: Value,
    account: &'a Account,
    transport: &'a dyn Transport,
    tokens: &'a AccessTokens,
    deadline: Deadline,
}

impl Attempt<'_> {
    async fn run(&self, inputs: Map<String, Value>) -> Result<Performed, Error> {
        let poll = self.call.action.poll.as_ref();
        if let Some(look) = &self.call.look {
            let poll = poll.ok_or_else(|| self.subject.input("it starts nothing that could be looked at"))?;
            return self.look_at_job(poll, look, &inputs).await;
        }
        match &self.call.action.repeat {
            RepeatRule::Never => {
                self.deadline
                    .only_in_time()
                    .map_err(|missed| self.subject.missed(missed))?;
            }
            RepeatRule::Look(look) if self.may_be_there() => {
                if let Some(found) = self.look(look, &inputs).await? {
                    return Ok(Performed::Done(found));
                }
            }
            RepeatRule::Look(_) | RepeatRule::Safe | RepeatRule::Sets | RepeatRule::Header(_) => {}
        }
        if let Some(poll) = poll {
            return self.start(poll, &inputs).await;
        }
        let outputs = self.once(self.call.action, &inputs).await?;
        let effect = effect(self.call.action);
        let nothing = Hidden::default();
        outputs
            .checked(&self.call.action.spec.outputs)
            .map(Performed::Done)
            .map_err(|problem| self.exchange(&nothing, effect).unreadable(problem))
    }

    /// True if an earlier attempt may have left something behind that can be found.
    fn may_be_there(&self) -> bool {
        let may_be_later = self.call.attempt != Some(1) || self.deadline.begins_late();
        may_be_later && self.call.idempotency_key.is_some() && !breaks(Break::ConnectorWithoutLooking)
    }

    /// The outputs of an earlier attempt. Where an output is missing that the action always gives, nothing was found.
    async fn look(&self, name: &str, inputs: &Map<String, Value>) -> Result<Option<Map<String, Value>>, Error> {
        // The connector was checked: the action is there.
        let Some(look) = self.call.connector.action(name) else {
            return Err(self.subject.input(format!("there is no action `{name}` to look with")));
        };
        let of_look = look.inputs.iter().map(|input| {
            let value = inputs.get(&input.name).filter(|value| !value.is_null());
            let value = value.or(input.default.as_ref()).cloned().unwrap_or_default();
            (input.name.clone(), value)
        });
        let outputs = match self.once(look, &of_look.collect()).await {
            Ok(outputs) => outputs,
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        if outputs.lacks(&self.call.action.spec.outputs) {
            return Ok(None);
        }
        let nothing = Hidden::default();
        let exchange = self.exchange(&nothing, verdict::Effect::Read);
        let found = outputs.checked(&self.call.action.spec.outputs);
        found.map(Some).map_err(|problem| exchange.unreadable(problem))
    }

    /// Sends the request of an action, for each page of a list one, and reads its outputs.
    async fn once(&self, action: &Action, inputs: &Map<String, Value>) -> Result<Outputs, Error> {
        let draft = Draft::of(self, action, inputs)?;
        let (answered, list) = match &action.page {
            Some(page) => {
                let (answered, list) = self.pages(action, page, draft, inputs).await?;
                (answered, Some(list))
            }
            None => (self.ask(action, draft).await?, None),
        };
        let context = self.context_of(&answered, list, inputs);
        let nothing = Hidden::default();
        let exchange = self.exchange(&nothing, effect(action));
        self.outputs_by(action, &context)
            .map_err(|error| exchange.unreadable(error))
    }

    /// Sends one request. Where the system refuses an access token that was remembered, it is sent once more with a new one: nothing was
    /// done.
    async fn ask(&self, action: &Action, draft: Draft) -> Result<Answered, Error> {
        let proof = self.proof().await?;
        let remembered = proof.remembered.clone();
        match (self.send(action, draft.clone(), proof).await, remembered) {
            (Err(Error::Unauthorized(_)), Some(token)) => {
                self.forget(&token);
                let proof = self.proof().await?;
                self.send(action, draft, proof).await
            }
            (answered, _) => answered,
        }
    }

    async fn send(&self, action: &Action, draft: Draft, proof: Proof) -> Result<Answered, Error> {
        let mut request = draft.request(self)?;
        match proof.goes {
            Goes::Nowhere => {}
            Goes::Header(name, value) => {
                request.headers.insert(name, value);
            }
            Goes::Query(name, secret) => draft::set_query(&mut request.url, &name, &secret),
        }
        let request = Request {
            time_limit: self
                .deadline
                .time_limit()
                .map_err(|missed| self.subject.missed(missed))?,
            ..request
        };
        let exchange = self.exchange(&proof.hidden, effect(action));
        exchange.send(self.transport, request).await
    }

    fn exchange<'a>(&'a self, hidden: &'a Hidden, effect: verdict::Effect) -> Exchange<'a> {
        Exchange {
            connector: self.call.connector,
            errors: &self.call.connector.errors,
            subject: &self.subject,
            effect,
            fields: &self.fields,
            hidden,
            now: self.call.now,
        }
    }

    /// The names that the templates of a request see.
    fn seen(&self, inputs: &Map<String, Value>) -> Vec<(&'static str, Value)> {
        vec![
            ("inputs", Value::Object(inputs.clone())),
            ("integration", self.fields.clone()),
            (
                "call",
                json!({ "idempotency_key": self.call.idempotency_key, "controls": self.controls }),
            ),
        ]
    }

    fn context(&self, inputs: &Map<String, Value>) -> Context {
        Context::of_values(self.seen(inputs), self.call.now)
    }

    /// The names that all templates over an answer see.
    fn seen_with(&self, answered: &Answered, inputs: &Map<String, Value>) -> Vec<(&'static str, Value)> {
        let mut seen = self.seen(inputs);
        seen.push(("status", answered.status.into()));
        seen.push(("headers", answered.headers.clone()));
        seen.push(("body", answered.body.clone()));
        seen
    }

    /// The names that templates over an answer see, or over the answers for all pages of a list.
    fn context_of(&self, answered: &Answered, list: Option<page::Entries>, inputs: &Map<String, Value>) -> Context {
        let mut seen = self.seen_with(answered, inputs);
        let list = list.unwrap_or_default();
        seen.push(("items", Value::Array(list.items)));
        seen.push(("more", list.more.into()));
        Context::of_values(seen, self.call.now)
    }
}

fn effect(action: &Action) -> verdict::Effect {
    match action.spec.effect {
        Effect::Reads => verdict::Effect::Read,
        _ => verdict::Effect::Write,
    }
}

/// The outputs of an action, as its templates gave them.
struct Outputs(Map<String, Value>);

impl Outputs {
    /// True if one is null that is always there.
    fn lacks(&self, fields: &[Field]) -> bool {
        fields
            .iter()
            .any(|field| !field.optional && self.0.get(&*field.name).is_none_or(Value::is_null))
    }

    /// The outputs by their types. One that can be null is, where it is of another type: what a person reads of it is not worth the step.
    fn checked(mut self, fields: &[Field]) -> Result<Map<String, Value>, String> {
        let mut outputs = Map::new();
        for field in fields {
            let value = self.0.remove(&*field.name).unwrap_or_default();
            let value = field.kind.from_rendered(value);
            let value = match field.kind.check(&value) {
                Ok(()) => value,
                Err(_) if field.optional => Value::Null,
                Err(_) if value.is_null() => return Err(format!("it has no `{}`: {}", field.name, field.summary)),
                Err(problem) => return Err(format!("`{}` {problem}", field.name)),
            };
            outputs.insert(field.name.to_string(), value);
        }
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests;

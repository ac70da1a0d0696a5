//! Actions on AWS: operations, waits, and operations under a face of their own.

use crate::{
    AwsError, InvalidInput, Operation, Place,
    face::{self, Face},
    operations, shipped,
    wait::{self, Look},
};
use http::{HeaderMap, Request};
use serde_json::{Map, Value};
use workflow::action::ActionSpec;

/// An action on AWS. It is a few references, so copies are cheap.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    operation: Operation,
    form: Form,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Operation,
    Wait(&'static crate::model::Waiter<'static>),
    Face(Face),
}

/// The conclusion from an answer of AWS.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// The action is done, with these outputs. Those that the answer does not have are null.
    Done(Map<String, Value>),
    /// The state that is waited for is not there yet. The same request is to be sent again.
    NotYet {
        /// The time until then, in seconds.
        after_seconds: u32,
    },
    /// The action failed.
    Failed(AwsError),
}

impl Action {
    /// The action of that name: `aws.ecs.update_service`, `aws.ecs.wait_until_services_stable`, `aws.invoke_lambda`, `email.send`. This
    /// reads the model of one service, and no other.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if let Some(face) = Face::named(name) {
            return face.operation().map(|operation| Self {
                operation,
                form: Form::Face(face),
            });
        }
        let (service, action) = name.strip_prefix("aws.")?.split_once('.')?;
        match action.strip_prefix(wait::PREFIX) {
            Some(state) => Self::waits(service).find(|wait| wait.state().as_deref() == Some(state)),
            None => shipped::operation(name).map(Self::of),
        }
    }

    fn of(operation: Operation) -> Self {
        Self {
            operation,
            form: Form::Operation,
        }
    }

    /// The actions on a service, by the name that it has in theirs: its operations, and the waits for states of what it has.
    pub fn of_service(service: &str) -> impl Iterator<Item = Self> {
        operations(service).map(Self::of).chain(Self::waits(service))
    }

    fn waits(service: &str) -> impl Iterator<Item = Self> {
        shipped::waiters(service).filter_map(|(service, waiter)| {
            Some(Self {
                operation: Operation::of(service, waiter.operation)?,
                form: Form::Wait(waiter),
            })
        })
    }

    /// The actions with names and inputs of their own, of which the first part of the name is this: `aws`, `email`.
    pub fn faces(prefix: &str) -> impl Iterator<Item = Self> {
        let names = Face::ALL.iter().map(|face| face.name());
        let names = names.filter(move |name| name.rsplit_once('.').is_some_and(|(front, _)| front == prefix));
        names.filter_map(Self::named)
    }

    /// The state that a wait is for, as it stands in its name: `services_stable`.
    fn state(&self) -> Option<String> {
        match self.form {
            Form::Wait(waiter) => Some(crate::snake_case(waiter.name)),
            Form::Operation | Form::Face(_) => None,
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> String {
        match self.form {
            Form::Operation => self.operation.action_name(),
            Form::Wait(waiter) => wait::name(&self.operation, waiter),
            Form::Face(face) => face.name().to_owned(),
        }
    }

    /// The action, as the workflow language has it.
    #[must_use]
    pub fn spec(&self) -> ActionSpec {
        match self.form {
            Form::Operation => self.operation.spec(),
            Form::Wait(waiter) => wait::spec(&self.operation, waiter),
            Form::Face(face) => face.spec(),
        }
    }

    /// The operation whose request is sent.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// True if an answer can have several pages, which are joined: [`Operation::next_page`]. A wait looks at the first alone, as the waits
    /// of the SDKs do.
    #[must_use]
    pub fn has_pages(&self) -> bool {
        matches!(self.form, Form::Operation)
    }

    /// True if it changes nothing.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.operation.only_reads()
    }

    /// The IAM actions that it needs: `ecs:UpdateService`.
    #[must_use]
    pub fn iam_actions(&self) -> Vec<String> {
        self.operation.iam_actions()
    }

    /// The request, without its signature, as of [`Operation::request`].
    ///
    /// # Errors
    /// The problems of the input, each a sentence that names its field.
    pub fn request(
        &self,
        input: &Map<String, Value>,
        idempotency_key: Option<&str>,
        place: &Place,
    ) -> Result<Request<Vec<u8>>, InvalidInput> {
        match self.form {
            Form::Operation | Form::Wait(_) => self.operation.request(input, idempotency_key, place),
            Form::Face(face) => self.operation.request(&face.members(input)?, idempotency_key, place),
        }
    }

    /// The conclusion from an answer.
    #[must_use]
    pub fn answer(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Answered {
        let answer = self.operation.answer(status, headers, body);
        match self.form {
            Form::Operation => answer.map_or_else(Answered::Failed, Answered::Done),
            Form::Wait(waiter) => match wait::look(&self.operation, waiter, status, answer) {
                Look::Reached(outputs) => Answered::Done(outputs),
                Look::NotYet => Answered::NotYet {
                    after_seconds: waiter.delay_seconds,
                },
                Look::Failed(error) => Answered::Failed(error),
            },
            Form::Face(face) => match answer.and_then(|answer| face.outputs(&answer)) {
                Ok(outputs) => Answered::Done(outputs),
                Err(error) => Answered::Failed(error),
            },
        }
    }
}

/// The prefixes of the names of [`Action::faces`].
pub const FACES: [&str; 2] = [face::AWS, face::EMAIL];

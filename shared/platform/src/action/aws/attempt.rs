//! One attempt at an action.

use super::{
    asked::Asked,
    failure::{self, Refused},
    history,
    role::Role,
    session::{self, Purpose, Sessions},
};
use crate::{
    action::{call::error_of, outputs},
    task::TaskError,
};
use aws_actions::{Action, Answered as Concluded, AssumeRole, AwsError, InvalidInput, NotSigned, Place, Scope, sign};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use jiff::Timestamp;
use provider::{
    http::REQUEST_TIME_LIMIT,
    transport::{Request, Transport},
};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use std::time::Duration;
use workflow::{
    action::ActionSpec,
    error_name::{ErrorName, SystemError},
    planner::Failure,
};

/// The most of an answer that is read, in bytes. XML is several times as large as what a run gets of it.
const LARGEST_ANSWER: usize = 2 * 1024 * 1024;

/// The bounds of a request to STS.
const OF_STS: Bounds = Bounds {
    changes: false,
    answer_limit: 64 * 1024,
    longest: REQUEST_TIME_LIMIT,
};

/// The longest time that an operation may take. A Lambda function that is invoked may need it; STS is faster, and there is time for both
/// within that of the function.
const LONGEST_OPERATION: Duration = Duration::from_secs(25);

/// The most pages of a list.
const MOST_PAGES: usize = 20;

/// One attempt at an action, with all that it works with.
pub(super) struct Attempt<'a> {
    pub(super) action: &'a Action,
    pub(super) spec: &'a ActionSpec,
    pub(super) asked: &'a Asked,
    pub(super) session_name: &'a str,
    pub(super) sessions: &'a Sessions,
    pub(super) own: &'a SharedCredentialsProvider,
    pub(super) transport: &'a dyn Transport,
    pub(super) now: Timestamp,
}

/// The end of an attempt.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The action is done, with these outputs.
    Done(Map<String, Value>),
    /// The state that is waited for is not there yet, and is to be looked at again after so many seconds.
    NotYet { after_seconds: u32 },
}

/// The bounds of a request, and what its missing answer leaves open.
struct Bounds {
    /// True if it changes something.
    changes: bool,
    /// The most of the answer that is read, in bytes.
    answer_limit: usize,
    /// The longest time until its end.
    longest: Duration,
}

/// An answer whose body came whole, or which is a refusal.
struct Answered {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answered {
    /// The seconds that it asks to wait.
    fn pause(&self) -> Option<u64> {
        self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
    }
}

impl Attempt<'_> {
    /// Takes the role on and performs the action, for each page of a list once.
    pub(super) async fn run(&self, role: &Role) -> Result<Outcome, Refused> {
        let place = self.place(role)?;
        let first = &self.asked.input;
        let mut outputs = match self.page(role, &place, first).await? {
            Outcome::Done(outputs) => outputs,
            not_yet @ Outcome::NotYet { .. } => return Ok(not_yet),
        };
        let operation = self.action.operation();
        let mut pages = 1;
        while let Some(next) = operation.next_page(first, &outputs).filter(|_| self.action.has_pages()) {
            if pages >= MOST_PAGES {
                break;
            }
            pages += 1;
            let Outcome::Done(page) = self.page(role, &place, &next).await? else {
                break;
            };
            if outputs::size(&outputs) + outputs::size(&page) > outputs::ROOM {
                // The token of the page that has no place stays among the outputs.
                break;
            }
            outputs = operation.join(outputs, page, usize::MAX);
        }
        let outputs = history::without_history(outputs);
        // A change was made, and a wait is for the state itself; what is read is read for what it gives.
        let is_read = self.action.only_reads() && self.action.has_pages();
        match is_read && outputs::size(&outputs) > outputs::ROOM {
            true => Err(failure::too_large(self.spec, outputs::ROOM).into()),
            false => Ok(Outcome::Done(outputs::fitted(outputs))),
        }
    }

    /// The region of the step, or else that of the integration.
    fn place(&self, role: &Role) -> Result<Place, Failure> {
        let Some(region) = &self.asked.region else {
            return Ok(role.place.clone());
        };
        let place = Place::region(region).map_err(|error| self.invalid(&error.to_string()))?;
        match place.partition() == role.place.partition() {
            true => Ok(place),
            false => Err(self.invalid(&format!(
                "`region` is {region}, which is in another partition than the role of the integration"
            ))),
        }
    }

    /// Sends one request. Where AWS does not take credentials that were used before, it is sent once more with new ones: nothing was
    /// done.
    async fn page(&self, role: &Role, place: &Place, input: &Map<String, Value>) -> Result<Outcome, Refused> {
        let request = self.action.request(input, self.asked.idempotency_key.as_deref(), place);
        let request = request.map_err(|error| self.unwritten(&error))?;
        let purpose = Purpose {
            integration: self.asked.integration.clone(),
            role_arn: role.arn.clone(),
            session_name: self.session_name.to_owned(),
            policy: session::policy(self.action, &self.asked.input),
        };
        if let Some(credentials) = self.sessions.get(&purpose, self.now) {
            match self.once(role, place, request.clone(), &credentials).await? {
                Err((error, _)) if error.kind == SystemError::Unauthorized => self.sessions.forget(&purpose),
                Err((_, refused)) => return Err(refused),
                Ok(outputs) => return Ok(outputs),
            }
        }
        let credentials = self.assume(role, &purpose).await?;
        self.sessions.keep(purpose, credentials.clone(), self.now);
        self.once(role, place, request, &credentials)
            .await?
            .map_err(|(_, refused)| refused)
    }

    /// Sends one request with credentials. The outer error is that no answer came.
    async fn once(
        &self,
        role: &Role,
        place: &Place,
        request: http::Request<Vec<u8>>,
        credentials: &Credentials,
    ) -> Result<Result<Outcome, (AwsError, Refused)>, Failure> {
        let bounds = Bounds {
            changes: !self.action.only_reads(),
            answer_limit: LARGEST_ANSWER,
            longest: LONGEST_OPERATION,
        };
        let scope = self.action.operation().scope(place);
        let answered = self.send(request, &scope, credentials, &bounds).await?;
        let concluded = self.action.answer(answered.status, &answered.headers, &answered.body);
        Ok(match concluded {
            Concluded::Done(outputs) => Ok(Outcome::Done(outputs)),
            Concluded::NotYet { after_seconds } => Ok(Outcome::NotYet { after_seconds }),
            Concluded::Failed(error) => {
                let words = self.words(role, credentials, &error);
                let refused = failure::of_operation(self.spec, self.action, role, &error, &words, answered.pause());
                Err((error, refused))
            }
        })
    }

    /// Takes the role on.
    async fn assume(&self, role: &Role, purpose: &Purpose) -> Result<Credentials, Refused> {
        let own = self.own.provide_credentials().await.map_err(|error| {
            let message = format!("{}: the function has no credentials of its own: {error}", self.spec);
            Failure::new(error_of(self.spec, SystemError::Unavailable), message)
        })?;
        let asked = AssumeRole {
            role_arn: &role.arn,
            session_name: self.session_name,
            external_id: role.external_id.expose_secret(),
            session_policy: &purpose.policy,
            seconds: session::SECONDS,
        };
        let request = asked.request(&role.place).map_err(|error| self.unwritten(&error))?;
        let scope = AssumeRole::scope(&role.place).map_err(|error| self.unwritten(&error))?;
        let url = self.url(&request)?;
        if !role.may_be_told(&url) {
            let host = url.host_str().unwrap_or_default();
            let message = format!(
                "{}: the ExternalId of integration `{}` was not stored for {host}; store the integration again with its region",
                self.spec, self.asked.integration
            );
            return Err(Failure::new(ErrorName::IntegrationInvalid, message).into());
        }
        let answered = self.send(request, &scope, &own, &OF_STS).await?;
        AssumeRole::answer(answered.status, &answered.headers, &answered.body).map_err(|error| {
            let words = self.words(role, &own, &error);
            failure::of_role(self.spec, role, &error, &words, answered.pause())
        })
    }

    /// Signs a request and sends it.
    async fn send(
        &self,
        mut request: http::Request<Vec<u8>>,
        scope: &Scope,
        credentials: &Credentials,
        bounds: &Bounds,
    ) -> Result<Answered, Failure> {
        let Bounds {
            changes,
            answer_limit,
            longest,
        } = *bounds;
        let signed = sign(&mut request, scope, credentials, self.now.into());
        signed.map_err(|error: NotSigned| self.invalid(&error.to_string()))?;
        let url = self.url(&request)?;
        let time_limit = self.asked.deadline.time_limit_of(longest);
        let time_limit = time_limit.map_err(|missed| failure::missed(self.spec, missed))?;
        let (parts, body) = request.into_parts();
        let request = Request {
            method: parts.method,
            url,
            headers: parts.headers,
            body,
            time_limit,
            answer_limit,
        };
        let answer = self.transport.send(request).await;
        let answer =
            answer.map_err(|interruption| failure::interrupted(self.spec, &interruption, changes, answer_limit))?;
        let body = match answer.body {
            Err(interruption) if answer.status.is_success() => {
                return Err(failure::interrupted(self.spec, &interruption, changes, answer_limit));
            }
            // Of a refusal the status alone decides what is known; a body that breaks off only costs its words.
            body => body.unwrap_or_default(),
        };
        Ok(Answered {
            status: answer.status.as_u16(),
            headers: answer.headers,
            body,
        })
    }

    fn url(&self, request: &http::Request<Vec<u8>>) -> Result<reqwest::Url, Failure> {
        let url = request.uri().to_string().parse();
        url.map_err(|_| self.invalid("it gives no address"))
    }

    /// The words of AWS, without what was secret in the request.
    fn words(&self, role: &Role, credentials: &Credentials, error: &AwsError) -> String {
        let secrets = [
            role.external_id.expose_secret(),
            credentials.secret_access_key(),
            credentials.session_token().unwrap_or_default(),
        ];
        failure::without(error.to_string(), &secrets)
    }

    fn unwritten(&self, error: &InvalidInput) -> Failure {
        self.invalid(&error.to_string())
    }

    fn invalid(&self, problem: &str) -> Failure {
        let error: TaskError = crate::action::input::invalid(self.spec, problem);
        error.failure().clone()
    }
}

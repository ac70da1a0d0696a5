//! Buttons of messages in Slack.
//!
//! Slack sends what a person has pressed to the address that the app names for interactivity, and signs it. It is taken if the signature is
//! right, and if the button stands in a message that this stack has sent through the integration of the address. The decision is then the same
//! conditional write as that of a link or the command, so that a request that is sent twice decides once.
//!
//! Slack shows an error to the person unless it gets 200 within three seconds, and passes over what stands in the answer to a button of Block
//! Kit. The reply to the person goes to the `response_url` of the request, before the answer: a function does nothing after it.
//! Slack's documentation has no word of a second attempt at a request of this kind. (<https://docs.slack.dev/interactivity/handling-user-interaction>)
//!
//! # Layout
//! - here — a request, and its answer.
//! - `signature` — the proof that Slack has sent it.
//! - `press` — the button, and who has pressed it.
//! - `note` — the words of the reply.
//! - `reply` — the way there.

mod note;
pub mod press;
mod reply;
pub mod signature;

pub use reply::Replies;

use crate::{
    Approvals,
    handler::{Shown, Standing},
};
use jiff::Timestamp;
use lambda_http::{Body, Request, RequestExt, http::StatusCode};
use note::Note;
use platform::{
    approvals::{Answered, answer},
    executions::Wakes,
    secrets::{SecretCache, SecretError, SecretNames, SecretStore},
    table::{ApprovalView, Approvals as Store, StoreError, Waits},
};
use press::{Press, Sent};
use secrecy::SecretString;
use signature::{Signed, Unsigned};
use std::time::{Duration, Instant};
use workflow::{
    approval::{Answer, Decider, Decision, Refusal},
    ids::{ApprovalId, IntegrationAlias, IntegrationTypeName},
};

/// The most that is read of a request, in bytes: it has the whole message in it, of 50 blocks at most.
const LARGEST_BODY: usize = 1024 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

/// The type of the integrations whose answers these are.
const SLACK: &str = "slack";

/// The time within which a request is answered. Slack waits for three seconds.
const ANSWERED_WITHIN: Duration = Duration::from_millis(2_500);

/// The least time that there is for telling the person. It is worth more than an answer in time: the decision stands.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// The secrets with which Slack signs, by integration.
#[derive(Debug)]
pub struct SigningSecrets<K> {
    cache: SecretCache<K>,
    names: SecretNames,
}

impl<K: SecretStore> SigningSecrets<K> {
    /// Secrets that are in a store.
    pub fn new(store: K, names: SecretNames) -> Self {
        let cache = SecretCache::new(store);
        Self { cache, names }
    }

    fn name(&self, integration: &IntegrationAlias) -> Result<String, Error> {
        let of_slack = SLACK
            .parse::<IntegrationTypeName>()
            .map_err(|_| Error::NoSuchIntegration)?;
        Ok(self.names.answer_signing(&of_slack, integration))
    }
}

/// The reason why a request decides nothing.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("only POST is answered")]
    Method,
    #[error("the body is too large")]
    TooLarge,
    #[error("the body is not a form")]
    NotAForm,
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    #[error("the address names no integration that has a signing secret")]
    NoSuchIntegration,
    #[error(transparent)]
    Malformed(#[from] press::Malformed),
    #[error(transparent)]
    Secret(SecretError),
    /// Nothing was decided.
    #[error(transparent)]
    Read(StoreError),
    /// The answer may or may not be the decision.
    #[error("it is not known if the decision was written: {0}")]
    Write(#[source] StoreError),
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            // From outside, a wrong signature and an integration that is not there look the same.
            Self::Unsigned(_) | Self::NoSuchIntegration => StatusCode::UNAUTHORIZED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Secret(_) | Self::Read(_) | Self::Write(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A button that was pressed, and what came of it.
enum Outcome {
    Decided(Box<ApprovalView>, Decision),
    /// The approval was decided before, or no decision is waited for any more.
    Over(Box<Shown>),
    /// The form has fields that a person fills in on the page of this link.
    Form {
        link: String,
    },
    Refused(Refusal),
    /// The approval is no longer kept, or the button is not one that this stack has sent through this integration.
    NoSuchApproval,
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Decided(..) => "decided",
            Self::Over(_) => "over before",
            Self::Form { .. } => "form to fill in",
            Self::Refused(_) => "refused",
            Self::NoSuchApproval => "no such approval",
        }
    }

    fn note(&self) -> Note {
        match self {
            Self::Decided(_, decision) => Note::Outcome(note::decided(decision)),
            Self::Over(shown) => Note::Outcome(match shown.standing() {
                Standing::Decided(decision) => note::decided(decision),
                Standing::Over(reason) => format!("{reason} Nothing was decided."),
                Standing::TimedOut | Standing::Open | Standing::OpenToOthers => {
                    "The time for a decision is over.".to_owned()
                }
            }),
            Self::Form { link } => Note::form(link),
            Self::Refused(refusal) => Note::Private(note::escaped(&format!("Nothing was decided: {refusal}."))),
            Self::NoSuchApproval => {
                Note::Private("Nothing was decided: this button leads to no approval that is still kept.".to_owned())
            }
        }
    }

    fn approval(&self) -> Option<&ApprovalView> {
        match self {
            Self::Decided(approval, _) => Some(approval),
            Self::Over(shown) => Some(&shown.approval),
            Self::Form { .. } | Self::Refused(_) | Self::NoSuchApproval => None,
        }
    }
}

/// Answers a request of Slack for an integration, and logs what became of it. Neither what was pressed nor who has pressed it is in the log, but
/// for the choice that was made.
pub(crate) async fn respond<S: Store + Waits, K: SecretStore, W: Wakes>(
    approvals: &Approvals<S, K, W>,
    request: &Request,
    now: Timestamp,
) -> StatusCode {
    let begun = Instant::now();
    let parameters = request.path_parameters();
    let integration = parameters.first("integration").unwrap_or_default();
    let taken = approvals.take(request, integration, now).await;
    let (status, outcome, press) = match taken {
        Ok((press, Ok(outcome))) => (StatusCode::OK, Ok(outcome), Some(press)),
        Ok((press, Err(error))) => (error.status(), Err(error), Some(press)),
        Err(Stopped::NotOurs) => {
            tracing::info!(outcome = "not a button of ours", status = 200, "approval button");
            return StatusCode::OK;
        }
        Err(Stopped::Error(error)) => (error.status(), Err(error), None),
    };
    let note = match &outcome {
        Ok(outcome) => outcome.note(),
        Err(error) => Note::unavailable(matches!(error, Error::Write(_))),
    };
    if let Some(press) = &press {
        let limit = ANSWERED_WITHIN.saturating_sub(begun.elapsed()).max(TOLD_WITHIN);
        approvals.replies.tell(press, &note, limit).await;
    }
    log(&outcome, status, begun);
    status
}

fn log(outcome: &Result<Outcome, Error>, status: StatusCode, begun: Instant) {
    let status = status.as_u16();
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(outcome) => {
            let approval = outcome.approval();
            let run = approval.map(|approval| approval.run.to_string());
            let choice = match outcome {
                Outcome::Decided(_, decision) => Some(decision.choice.to_string()),
                _ => None,
            };
            let approval = approval.map(|approval| approval.id.to_string());
            let outcome = outcome.name();
            tracing::info!(run, approval, choice, outcome, status, duration_ms, "approval button");
        }
        Err(error @ (Error::Secret(_) | Error::Read(_) | Error::Write(_))) => {
            tracing::error!(outcome = "unavailable", status, duration_ms, %error, "approval button not taken");
        }
        Err(error) => {
            tracing::warn!(outcome = "refused", status, duration_ms, %error, "approval button not taken");
        }
    }
}

/// The reason for which a request is not looked at any further.
enum Stopped {
    /// Slack tells of something that is none of our buttons, and only wants to know that it came.
    NotOurs,
    Error(Error),
}

impl<E: Into<Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl<S: Store + Waits, K: SecretStore, W: Wakes> Approvals<S, K, W> {
    /// Reads a request, and decides.
    async fn take(
        &self,
        request: &Request,
        integration: &str,
        now: Timestamp,
    ) -> Result<(Box<Press>, Result<Outcome, Error>), Stopped> {
        let body = body(request)?;
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let signed = Signed::read(header("x-slack-request-timestamp"), header("x-slack-signature"), now)?;
        let integration: IntegrationAlias = integration.parse().map_err(|_| Error::NoSuchIntegration)?;
        self.verify(&signed, body, &integration, now).await?;
        let press = match press::read(body)? {
            Sent::Press(press) => press,
            Sent::Other => return Err(Stopped::NotOurs),
        };
        let outcome = self.pressed(&press, &integration, now).await;
        Ok((press, outcome))
    }

    /// Checks the signature. The secret is read again if it is wrong, if it was not just read.
    async fn verify(
        &self,
        signed: &Signed<'_>,
        body: &[u8],
        integration: &IntegrationAlias,
        now: Timestamp,
    ) -> Result<(), Error> {
        let name = self.signing.name(integration)?;
        let unusable = |error: SecretError| match error {
            SecretError::NotFound(_) | SecretError::Invalid { .. } => Error::NoSuchIntegration,
            error @ SecretError::Unavailable { .. } => Error::Secret(error),
        };
        let verify = |secret: &SecretString| signed.verify(body, secret);
        let kept = self.signing.cache.get(&name, now).await.map_err(unusable)?;
        if verify(&kept).is_ok() {
            return Ok(());
        }
        let fresh = self.signing.cache.refreshed(&name, now).await.map_err(unusable)?;
        Ok(verify(&fresh.secret)?)
    }

    /// Decides as the button says.
    async fn pressed(&self, press: &Press, integration: &IntegrationAlias, now: Timestamp) -> Result<Outcome, Error> {
        let id = self.links.answered(&press.answer, integration, now).await;
        let Some(id) = id.map_err(Error::Secret)? else {
            return Ok(Outcome::NoSuchApproval);
        };
        let Some(approval) = self.store.approval(&id).await.map_err(Error::Read)? else {
            return Ok(Outcome::NoSuchApproval);
        };
        let given = Answer {
            choice: press.choice.clone(),
            form: [].into(),
        };
        let decider = Decider::Slack {
            user: press.user.clone(),
            name: press.name.clone(),
        };
        let asked = approval.clone();
        let answered = answer(asked, &given, &decider, &self.store, &self.executions, now).await;
        Ok(match answered.map_err(Error::Write)? {
            Answered::Decided(decision) => Outcome::Decided(Box::new(approval), decision),
            Answered::Over(approval) => Outcome::Over(Box::new(Shown {
                approval: *approval,
                now,
            })),
            Answered::Refused(Refusal::TooLate { .. }) => Outcome::Over(Box::new(Shown { approval, now })),
            Answered::Refused(Refusal::Form(_)) => self.page(&id, now).await?,
            Answered::Refused(refusal) => Outcome::Refused(refusal),
        })
    }

    async fn page(&self, id: &ApprovalId, now: Timestamp) -> Result<Outcome, Error> {
        let link = self.links.link(id, now).await.map_err(Error::Secret)?;
        Ok(Outcome::Form { link })
    }
}

/// The body of a request that can be one of Slack's.
fn body(request: &Request) -> Result<&[u8], Error> {
    if request.method() != lambda_http::http::Method::POST {
        return Err(Error::Method);
    }
    let body: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    };
    if body.len() > LARGEST_BODY {
        return Err(Error::TooLarge);
    }
    let kind = request.headers().get("content-type");
    let kind = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
    match kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM)) {
        true => Ok(body),
        false => Err(Error::NotAForm),
    }
}

#[cfg(test)]
mod tests;

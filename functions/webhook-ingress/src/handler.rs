//! The outcome of a delivery.

mod integration;
mod starts;

use crate::Ports;
use futures_util::future::join;
use jiff::Timestamp;
use pagerduty::webhook::{
    Unreadable,
    signature::{self, SignatureError},
    v2,
};
use platform::{
    api_key::{ApiKey, KeyHash},
    awaited::AwaitedEvent,
    dead_letters::{DeadLetter, DeadLetters},
    intake::{Admission, Events, Ignored, LARGEST_BODY},
    secrets::{SigningSecrets, SigningSecretsSource},
    start_buffer::StartBuffer,
    table::{ApiKeyRecord, KeyScope, TriggerCache},
};
use serde::Serialize;
use std::fmt;
use tokio::time::Instant;
use workflow::{
    ids::{IntegrationAlias, RunId, WorkflowId},
    run::WebhookKind,
};

/// All that the ingress works with.
#[derive(Debug)]
pub struct Ingress<P: Ports> {
    /// Workflows and API keys.
    pub triggers: TriggerCache<P::Triggers>,
    /// The secrets with which PagerDuty signs.
    pub signing_secrets: SigningSecretsSource<P::Secrets>,
    /// The starter of runs.
    pub executions: P::Executions,
    /// The queue of runs that Step Functions does not start, and of events that runs wait for.
    pub start_buffer: P::StartBuffer,
    /// The store of large bodies.
    pub bodies: P::Bodies,
    /// The store of unreadable deliveries.
    pub dead_letters: P::DeadLetters,
}

/// A delivery as it arrived. Nothing in it has been checked.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// The owner of the URL.
    pub target: Target<'a>,
    /// The header `x-api-key`.
    pub api_key: Option<&'a str>,
    /// The header `X-PagerDuty-Signature`.
    pub signature: Option<&'a str>,
    /// The raw bytes that were signed.
    pub body: &'a [u8],
}

/// Without key, signature and body.
impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("target", &self.target)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The owner of the URL of a delivery, as it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The workflow of this id.
    Workflow(&'a str),
    /// The integration of this alias.
    Integration(&'a str),
}

/// The answer to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 202: PagerDuty need not send it again. What became of each event.
    Accepted(Vec<EventAnswer>),
    /// 202, at the URL of an integration. What became of each event for each workflow.
    HandedOn(Vec<WorkflowAnswer>),
    /// 401: not authentic.
    Unauthorized {
        /// The reason, for our log only.
        reason: Doubt,
    },
    /// 413.
    TooLarge,
    /// 503: PagerDuty is to send it again.
    Unavailable {
        /// The reason, for our log only.
        reason: String,
    },
}

/// The reason a delivery does not count as authentic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It has no API key, or none of our form.
    NoKey,
    /// Its URL names what can be neither a workflow nor an integration.
    MalformedUrl,
    /// Its API key is not known or revoked, or that of another URL; or there is no such workflow.
    UnknownKey,
    /// It has no signature.
    NoSignature,
    /// Its signature can be none.
    MalformedSignature,
    /// Its signature fits no signing secret.
    WrongSignature,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "no well-formed API key",
            Self::MalformedUrl => "malformed workflow id or integration alias",
            Self::UnknownKey => "unknown or revoked API key, or the key of another URL",
            Self::NoSignature => "no signature",
            Self::MalformedSignature => "malformed signature",
            Self::WrongSignature => "no signature fits a signing secret",
        })
    }
}

/// The outcome of one event of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum EventAnswer {
    /// A run was started.
    Started {
        /// Its id.
        run: RunId,
    },
    /// The event had been delivered before; this is its run.
    Duplicate {
        /// Its id.
        run: RunId,
    },
    /// Step Functions did not start the run. It waits in the start-buffer, and starts from there.
    Buffered {
        /// Its id.
        run: RunId,
    },
    /// No run is wanted.
    Ignored {
        /// The reason.
        reason: Ignored,
    },
    /// The delivery is authentic and cannot be read. It is kept for a person to look at.
    Unreadable {
        /// The reason.
        reason: String,
    },
}

/// The outcome of one event for one workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowAnswer {
    /// The workflow; none where it did not come to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowId>,
    /// The outcome of the event.
    #[serde(flatten)]
    pub event: EventAnswer,
}

impl<P: Ports> Ingress<P> {
    /// Takes a delivery.
    pub async fn take(&self, delivery: &Delivery<'_>, now: Timestamp) -> Answer {
        match self.try_take(delivery, Instant::now(), now).await {
            Ok(answer) | Err(answer) => answer,
        }
    }

    async fn try_take(&self, delivery: &Delivery<'_>, begun: Instant, now: Timestamp) -> Result<Answer, Answer> {
        // Before all else: whatever else is wrong with a request of an unknown sender, it counts as that.
        let key = delivery.api_key.and_then(|text| ApiKey::parse(text).ok());
        let key = key.ok_or(Answer::Unauthorized { reason: Doubt::NoKey })?;
        if delivery.body.len() > LARGEST_BODY {
            return Err(Answer::TooLarge);
        }
        match delivery.target {
            Target::Workflow(id) => {
                let accepted = self.for_workflow(id, &key, delivery, begun, now).await;
                accepted.map(Answer::Accepted)
            }
            Target::Integration(alias) => {
                let handed_on = self.for_integration(alias, &key, delivery, begun, now).await;
                handed_on.map(Answer::HandedOn)
            }
        }
    }

    /// Takes a delivery to the URL of a workflow.
    async fn for_workflow(
        &self,
        id: &str,
        key: &ApiKey,
        delivery: &Delivery<'_>,
        begun: Instant,
        now: Timestamp,
    ) -> Result<Vec<EventAnswer>, Answer> {
        let workflow = id.parse::<WorkflowId>().map_err(|_| Answer::Unauthorized {
            reason: Doubt::MalformedUrl,
        })?;
        let records = self.triggers.get(&workflow, key.id(), now).await.map_err(unavailable)?;
        let scope = KeyScope::Workflow(workflow);
        let admitted = admits(records.key.as_ref(), key, &scope);
        let workflow = match &records.workflow {
            Some(workflow) if admitted => workflow,
            _ => {
                return Err(Answer::Unauthorized {
                    reason: Doubt::UnknownKey,
                });
            }
        };
        // It may have had one until it was edited. Its rightful sender is not to be told 401, and nothing starts.
        let Some(trigger) = &workflow.trigger else {
            let reason = Ignored::NoTrigger;
            return Ok(vec![EventAnswer::Ignored { reason }]);
        };
        if trigger.webhook == WebhookKind::V3 {
            self.check_signature(&trigger.integration, delivery, now).await?;
        }
        let events = match Events::read(trigger.webhook, delivery.body) {
            Ok(events) => events,
            Err(unreadable) => {
                return Ok(vec![self.set_aside(&unreadable, &scope, key, delivery, now).await?]);
            }
        };
        let types = workflow.awaited(&trigger.integration).into_iter().flatten();
        let awaited = events.awaited(&trigger.integration, &types.map(String::as_str).collect(), now);
        let admissions = events.admit(workflow, trigger, now);
        let mut answers = self.hand_on(admissions, &awaited, begun, now).await?;
        // Last, so that a delivery that PagerDuty sends again for the sake of a run is not set aside twice.
        if let Some(unreadable) = events.unreadable() {
            answers.push(self.set_aside(unreadable, &scope, key, delivery, now).await?);
        }
        Ok(answers)
    }

    /// Starts the runs of a delivery, and hands its events to the runs that wait for them. The delivery is taken if both are done.
    async fn hand_on(
        &self,
        admissions: Vec<Admission>,
        awaited: &[AwaitedEvent],
        begun: Instant,
        now: Timestamp,
    ) -> Result<Vec<EventAnswer>, Answer> {
        // At the same time: each may take two seconds, and PagerDuty waits for five.
        let (answers, handed) = join(
            self.start_runs(admissions, begun, now),
            self.hand_to_waiting_runs(awaited),
        )
        .await;
        let answers = answers?;
        handed?;
        Ok(answers)
    }

    /// Hands events to the runs that wait for them. Without any that costs nothing.
    async fn hand_to_waiting_runs(&self, awaited: &[AwaitedEvent]) -> Result<(), Answer> {
        if awaited.is_empty() {
            return Ok(());
        }
        let events: Vec<&AwaitedEvent> = awaited.iter().collect();
        Box::pin(self.start_buffer.put_events(&events))
            .await
            .map_err(unavailable)?;
        for AwaitedEvent { watch, event, .. } in awaited {
            let (incident, event_id) = (watch.incident(), &event.event_id);
            tracing::info!(
                incident,
                event_id,
                event_type = event.event_type,
                "event handed to the runs that wait"
            );
        }
        Ok(())
    }

    /// Checks the signature of a V3 delivery. When it fits no secret that we know, PagerDuty may have a new one, so the
    /// secrets are read once more before the delivery is refused. If they were read a moment ago, they are not read again for
    /// it, and it is asked for once more: a subscription may be new, and a refused delivery never comes back.
    async fn check_signature(
        &self,
        integration: &IntegrationAlias,
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<(), Answer> {
        let header = delivery.signature.ok_or(Answer::Unauthorized {
            reason: Doubt::NoSignature,
        })?;
        let verify = |secrets: &SigningSecrets| signature::verify(header, delivery.body, secrets.iter());
        let secrets = self.signing_secrets.get(integration, now).await.map_err(unavailable)?;
        let verdict = match verify(&secrets) {
            Err(SignatureError::Mismatch | SignatureError::NoSecret) => {
                let refreshed = self.signing_secrets.refreshed(integration, now).await;
                let refreshed = refreshed.map_err(unavailable)?;
                match verify(&refreshed.secret) {
                    Err(SignatureError::Mismatch) if !refreshed.is_current => {
                        return Err(unavailable(
                            "no signature fits the signing secrets of a moment ago; there may be a new one",
                        ));
                    }
                    verdict => verdict,
                }
            }
            verdict => verdict,
        };
        match verdict {
            Ok(()) => Ok(()),
            // It may well be authentic: that we cannot tell is our fault.
            Err(error @ SignatureError::NoSecret) => Err(unavailable(error)),
            Err(SignatureError::Mismatch) => Err(Answer::Unauthorized {
                reason: Doubt::WrongSignature,
            }),
            Err(SignatureError::Malformed | SignatureError::TooMany) => Err(Answer::Unauthorized {
                reason: Doubt::MalformedSignature,
            }),
        }
    }

    /// Keeps a delivery that is authentic and cannot be read, or not all of it.
    async fn set_aside(
        &self,
        unreadable: &Unreadable,
        scope: &KeyScope,
        key: &ApiKey,
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<EventAnswer, Answer> {
        let reason = unreadable.to_string();
        let body = without_key(&v2::sanitise(delivery.body), key);
        let letter = DeadLetter {
            sent_to: scope,
            reason: &reason,
            body: &body,
            received_at: now,
        };
        self.dead_letters.put(&letter).await.map_err(unavailable)?;
        Ok(EventAnswer::Unreadable { reason })
    }
}

/// True if a key opens the URL of `scope`.
fn admits(record: Option<&ApiKeyRecord>, key: &ApiKey, scope: &KeyScope) -> bool {
    match record {
        Some(record) => record.admits(key, scope),
        // The same work as for a key that exists, so that the time of an answer does not tell which ones do.
        None => key.matches(&KeyHash::of_nothing()),
    }
}

fn unavailable(error: impl fmt::Display) -> Answer {
    Answer::Unavailable {
        reason: error.to_string(),
    }
}

/// The body with the sender's API key blotted out, wherever it stands: it is not known what a body has that cannot be read. It
/// may be no text at all.
fn without_key(body: &[u8], key: &ApiKey) -> Vec<u8> {
    let key = key.expose().as_bytes();
    let mut kept = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(position) = rest.windows(key.len()).position(|window| window == key) {
        let (before, from_key) = rest.split_at(position);
        kept.extend_from_slice(before);
        kept.extend_from_slice(b"(API key)");
        rest = from_key.get(key.len()..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}

#[cfg(test)]
mod tests;

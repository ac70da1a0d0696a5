//! A call of an action from its begin to its end.

use super::{
    input::{invalid, limit},
    requests::Record,
};
use crate::{
    approval_links::{ApprovalLinks, replace_in_texts},
    secrets::{SecretError, SecretStore},
    task::TaskError,
};
use connectors::Asked;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Instant;
use workflow::{
    action::{ActionSpec, Adjustment, Answer, Requests},
    approval,
    error_name::{ErrorName, NamedError, SystemError, SystemName},
    ids::{ApprovalId, IntegrationAlias},
    planner::Failure,
    run::Caller,
};

/// The run and step that call.
const CALLER: &str = "caller";

/// The field of a call with the approval that it is a message about.
pub const APPROVAL: &str = "approval";

/// The text that stands in the place of what an answer by a button has to bring back.
const ANSWER: &str = "[answer to the approval]";

/// The approval that a call is a message about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MessageAbout {
    pub id: ApprovalId,
    /// The choices that can be made by buttons of the message.
    #[serde(default)]
    pub buttons: Vec<String>,
}

impl MessageAbout {
    /// Reads the field of a call. A runner of before buttons gave the id alone.
    #[must_use]
    pub fn read(field: &Value) -> Option<Self> {
        match field {
            Value::String(id) => Some(Self {
                id: id.parse().ok()?,
                buttons: Vec::new(),
            }),
            Value::Object(_) => Self::deserialize(field).ok(),
            _ => None,
        }
    }
}

/// The result of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Done<T> {
    #[serde(flatten)]
    pub(super) output: T,
    /// The changes to the input that make the system take it. There is nothing for a run, which has done that before it
    /// calls and keeps it in the record of the step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjusted: Vec<Adjustment>,
    /// The approval that the call is a message about. Neither its link nor what an answer brings back goes to the run, whatever the system
    /// says again.
    #[serde(skip)]
    asked: Option<Asked>,
    /// The thing to look for and the time until then, in seconds, if the action is not done yet.
    #[serde(skip)]
    not_yet: Option<(Value, u32)>,
    /// The requests that the call has made.
    #[serde(skip)]
    requests: Requests,
}

impl<T> Done<T> {
    pub(super) fn new(output: T, adjusted: Vec<Adjustment>) -> Self {
        Self {
            output,
            adjusted,
            asked: None,
            not_yet: None,
            requests: Requests::default(),
        }
    }

    /// The result of an action that has started something, or has looked at it and found that it goes on.
    pub(super) fn not_yet(look: Value, after_seconds: u32, adjusted: Vec<Adjustment>) -> Self
    where
        T: Default,
    {
        Self {
            not_yet: Some((look, after_seconds)),
            ..Self::new(T::default(), adjusted)
        }
    }
}

impl<T: Serialize> Done<T> {
    /// The answer for the run.
    pub(super) fn written(&self, spec: &ActionSpec) -> Result<Answer, TaskError> {
        if let Some((look, after_seconds)) = &self.not_yet {
            let (mut look, after_seconds) = (look.clone(), *after_seconds);
            if let Some(asked) = &self.asked {
                replace_in_texts(&mut look, &asked.link, approval::LINK);
                replace_in_texts(&mut look, &asked.answer, ANSWER);
            }
            let requests = self.requests.clone();
            return Ok(Answer::Pending {
                look,
                after_seconds,
                requests,
            });
        }
        // Outputs are made of texts, numbers and lists, so that this never fails; if it did, the action would be done all the same.
        let mut output = serde_json::to_value(self).map_err(|error| {
            TaskError::new(
                error_of(spec, SystemError::OutcomeUnknown),
                format!("{spec} was done, but what it gave cannot be written: {error}"),
            )
        })?;
        if let Some(asked) = &self.asked {
            replace_in_texts(&mut output, &asked.link, approval::LINK);
            replace_in_texts(&mut output, &asked.answer, ANSWER);
        }
        Ok(Answer::done(output).with_requests(self.requests.clone()))
    }
}

/// An error of the system that an action acts on.
pub(super) fn error_of(spec: &ActionSpec, error: SystemError) -> NamedError {
    NamedError::System(SystemName::of(&spec.system), error)
}

/// The refusal of a request that the system would turn away.
pub(super) fn used_up(spec: &ActionSpec, integration: &IntegrationAlias, seconds: u32) -> Failure {
    let message = format!(
        "{}'s rate limit for integration `{integration}` is used up, as it told another run; nothing was sent",
        spec.system
    );
    Failure {
        retry_after_seconds: Some(seconds),
        ..Failure::new(error_of(spec, SystemError::RateLimited), message)
    }
}

/// Has an action performed, with the link of the approval that the call is about in its texts, and logs how it went.
pub(super) async fn called<S: SecretStore, T>(
    spec: &ActionSpec,
    links: Option<&ApprovalLinks<S>>,
    mut input: Value,
    now: Timestamp,
    perform: impl AsyncFnOnce(Value, Option<Asked>, &Record) -> Result<Done<T>, TaskError>,
) -> Result<Done<T>, TaskError> {
    let call = Call::begin(spec, &mut input);
    let record = Record::default();
    // A run keeps them. Another caller gets the outputs that are documented, and nothing beside them.
    let requests = |record: &Record| match call.caller {
        Some(_) => record.requests(),
        None => Requests::default(),
    };
    let answer = match put_link(spec, links, &mut input, now).await {
        Ok(asked) => match perform(input, asked.clone(), &record).await {
            Ok(done) => Ok(Done {
                asked,
                requests: requests(&record),
                ..done
            }),
            Err(error) => Err(without(asked.as_ref(), error).having_made(requests(&record))),
        },
        Err(error) => Err(error),
    };
    call.told(answer)
}

/// Puts the link of the approval that a call is about into its texts, and gives what its message has beside them. A call that is about none
/// has no link put into it, whatever its texts say: they may be those of an event.
async fn put_link<S: SecretStore>(
    spec: &ActionSpec,
    links: Option<&ApprovalLinks<S>>,
    input: &mut Value,
    now: Timestamp,
) -> Result<Option<Asked>, TaskError> {
    let Some(approval) = input.as_object_mut().and_then(|fields| fields.remove(APPROVAL)) else {
        return Ok(None);
    };
    let about = MessageAbout::read(&approval);
    let about = about.ok_or_else(|| invalid(spec, "`approval` is not the id of an approval"))?;
    let links = links.ok_or_else(|| invalid(spec, "the function has no APPROVALS_URL for the link in it"))?;
    let unusable = |error: SecretError| match &error {
        SecretError::Unavailable { .. } => TaskError::new(ErrorName::IntegrationUnavailable, error.to_string()),
        SecretError::NotFound(_) | SecretError::Invalid { .. } => {
            TaskError::new(ErrorName::IntegrationInvalid, error.to_string())
        }
    };
    let link = links.link(&about.id, now).await.map_err(unusable)?;
    replace_in_texts(input, approval::LINK, &link);
    // An answer is good for the integration that has sent the message.
    let integration = input.get("integration").and_then(Value::as_str).unwrap_or_default();
    Ok(Some(Asked {
        answer: links.answer(&about.id, integration, now).await.map_err(unusable)?,
        choices: about.buttons,
        link,
    }))
}

/// The error without the link: a system can quote what it refuses.
fn without(asked: Option<&Asked>, error: TaskError) -> TaskError {
    match asked {
        Some(asked) => {
            let failure = error.failure();
            let message = failure.message.replace(&asked.link, approval::LINK);
            let message = message.replace(&asked.answer, ANSWER);
            Failure {
                message,
                ..failure.clone()
            }
            .into()
        }
        None => error,
    }
}

/// A call of an action, for the log.
struct Call<'a> {
    spec: &'a ActionSpec,
    caller: Option<Caller>,
    attempt: Option<u64>,
    begun: Instant,
}

impl<'a> Call<'a> {
    /// Takes the caller and the time of the call out of the input. A caller that cannot be read is left out: nothing may fail because of the log.
    fn begin(spec: &'a ActionSpec, input: &mut Value) -> Self {
        let mut fields = input.as_object_mut();
        let caller = fields.as_mut().and_then(|fields| fields.remove(CALLER));
        if let Some(fields) = fields {
            limit(spec, fields);
        }
        Self {
            spec,
            caller: caller.and_then(|caller| serde_json::from_value(caller).ok()),
            attempt: input.get("attempt").and_then(Value::as_u64),
            begun: Instant::now(),
        }
    }

    /// Logs how it went.
    fn told<T>(self, answer: Result<Done<T>, TaskError>) -> Result<Done<T>, TaskError> {
        let Self { spec, attempt, .. } = self;
        let action = &*spec.name;
        let duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let caller = self.caller.as_ref();
        let run = caller.map(|caller| caller.run.to_string());
        let workflow = caller.map(|caller| caller.workflow.to_string());
        let lane = caller.map(|caller| caller.lane.to_string());
        let step = caller.map(|caller| caller.step.to_string());
        let event_id = caller.and_then(|caller| caller.event_id.as_deref());
        match &answer {
            Ok(_) => {
                tracing::info!(
                    run,
                    workflow,
                    event_id,
                    lane,
                    step,
                    action,
                    attempt,
                    duration_ms,
                    "action done"
                );
            }
            Err(error) => {
                tracing::warn!(run, workflow, event_id, lane, step, action, attempt, duration_ms, %error, "action failed");
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog, secrets::SecretNames, secrets::SecretsInMemory};
    use serde_json::{Map, json};

    const APPROVAL_ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn links() -> ApprovalLinks<SecretsInMemory> {
        let secrets = SecretsInMemory::holding("pagerflow/approval-links", "0123456789abcdef0123456789abcdef");
        ApprovalLinks::new(secrets, &SecretNames::new("pagerflow"), "https://example.com/approvals")
    }

    fn title() -> String {
        format!("Decide: {}", approval::LINK)
    }

    /// The title that a system gets, and what the run gets of a system that says it again; or the error of one that quotes it.
    async fn said(about: Option<&str>, refuses: bool) -> Result<(String, Value), TaskError> {
        let spec = catalog().action("pagerduty.create_incident").unwrap();
        let mut input = json!({ "title": title() });
        if let Some(about) = about {
            input[APPROVAL] = json!(about);
        }
        let mut sent = String::new();
        let perform = async |input: Value, _: Option<Asked>, _: &Record| {
            sent = input["title"].as_str().unwrap().to_owned();
            if refuses {
                let message = format!("PagerDuty refused it: {sent} is no title");
                return Err(TaskError::new(error_of(spec, SystemError::InvalidRequest), message));
            }
            Ok(Done::new(
                Map::from_iter([("title".to_owned(), input["title"].clone())]),
                vec![],
            ))
        };
        let done = called(spec, Some(&links()), input, Timestamp::UNIX_EPOCH, perform).await?;
        let given = done.written(spec)?.output().unwrap()["title"].clone();
        Ok((sent, given))
    }

    #[tokio::test]
    async fn the_link_of_an_approval_is_put_into_its_messages_and_does_not_come_back_to_the_run() {
        let (sent, given) = said(Some(APPROVAL_ID), false).await.unwrap();
        let beginning = format!("Decide: https://example.com/approvals/{APPROVAL_ID}.");
        assert!(sent.starts_with(&beginning), "{sent}");
        assert_eq!(given, title(), "the run has the text in its place again");
    }

    #[tokio::test]
    async fn an_error_that_quotes_the_link_of_an_approval_comes_back_without_it() {
        let error = said(Some(APPROVAL_ID), true).await.unwrap_err();
        assert_eq!(error.failure().name, "PagerDuty.InvalidRequest");
        assert!(error.to_string().contains(&title()), "{error}");
        assert!(!error.to_string().contains("example.com"), "{error}");
    }

    #[tokio::test]
    async fn an_answer_and_an_error_say_to_a_run_and_nobody_else_which_requests_were_made() {
        let spec = catalog().action("pagerduty.create_incident").unwrap();
        let made: Requests = "POST api.pagerduty.com 429 in 80 ms".parse().unwrap();
        let request = made.first()[0].clone();
        let links = links();
        let now = Timestamp::UNIX_EPOCH;
        let input = || json!({"caller": {"run": "r", "workflow": "w", "lane": "main", "step": "00000"}});

        let well = async |_: Value, _: Option<Asked>, record: &Record| {
            record.add(request.clone());
            Ok(Done::new(Map::<String, Value>::new(), vec![]))
        };
        let answer = called(spec, Some(&links), input(), now, well).await.unwrap();
        assert_eq!(answer.written(spec).unwrap().requests(), &made);
        let by_hand = called(spec, Some(&links), json!({}), now, well).await.unwrap();
        assert_eq!(by_hand.written(spec), Ok(Answer::done(json!({}))));

        let badly = async |_: Value, _: Option<Asked>, record: &Record| {
            record.add(request.clone());
            Err::<Done<Map<String, Value>>, _>(TaskError::new(error_of(spec, SystemError::RateLimited), "slow"))
        };
        let error = called(spec, Some(&links), input(), now, badly).await.unwrap_err();
        assert_eq!(error.requests(), &made);
        let diagnostic = lambda_runtime::Diagnostic::from(error);
        assert_eq!(
            diagnostic.error_message,
            "slow [requests: POST api.pagerduty.com 429 in 80 ms]"
        );
    }

    #[tokio::test]
    async fn what_is_not_done_yet_goes_back_to_the_run() {
        let spec = catalog().action("pagerduty.create_incident").unwrap();
        let links = links();
        let perform = async |_: Value, _: Option<Asked>, _: &Record| {
            Ok(Done::<Map<String, Value>>::not_yet(json!({"id": "7"}), 10, vec![]))
        };
        let done = called(spec, Some(&links), json!({}), Timestamp::UNIX_EPOCH, perform).await;
        let expected = Answer::Pending {
            look: json!({"id": "7"}),
            after_seconds: 10,
            requests: Requests::default(),
        };
        assert_eq!(done.unwrap().written(spec), Ok(expected));
    }

    #[tokio::test]
    async fn a_call_that_is_about_no_approval_gets_no_link_whatever_its_texts_say() {
        assert_eq!(said(None, false).await.unwrap().0, title());
    }

    #[test]
    fn the_approval_of_a_call_is_read_as_this_runner_and_an_older_one_give_it() {
        let read = |field: Value| MessageAbout::read(&field);
        let about = read(json!({"id": APPROVAL_ID, "buttons": ["restart"]})).unwrap();
        assert_eq!(
            (about.id.as_str(), about.buttons),
            (APPROVAL_ID, vec!["restart".to_owned()])
        );
        assert_eq!(read(json!(APPROVAL_ID)).unwrap().buttons, Vec::<String>::new());
        for odd in [
            json!(null),
            json!("../secrets"),
            json!({"id": "x"}),
            json!({"buttons": []}),
            json!([APPROVAL_ID]),
        ] {
            assert_eq!(read(odd.clone()), None, "{odd}");
        }
    }

    #[tokio::test]
    async fn a_link_is_made_for_nothing_but_the_id_of_an_approval() {
        let refused = said(Some("../secrets"), false).await.unwrap_err().to_string();
        assert!(refused.contains("not the id of an approval"), "{refused}");
    }
}

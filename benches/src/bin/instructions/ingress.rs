//! Deliveries, from the JSON that Lambda hands over to the answer.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use lambda_http::request::from_str;
use platform::{
    api_key::ApiKey,
    metrics::Metrics,
    secrets::{SecretNames, SigningSecrets, SigningSecretsSource},
    table::{
        ApiKeyRecord, KeyScope, KeyState, TriggerCache, TriggerRecord, WorkflowRecord, WorkflowSchedule, WorkflowState,
    },
};
use serde_json::{Value, json};
use sha2::Sha256;
use webhook_ingress::{Ingress, http::respond};
use workflow::{ids::WorkflowVersion, run::WebhookKind, triggers::Filters};

use crate::{
    Case, Error,
    nothing::{Calls, Nothing},
};

/// What API Gateway hands over for each kind of webhook.
const V3_EVENT: &str = include_str!("../../../../events/webhook-ingress-v3.json");
const V2_EVENT: &str = include_str!("../../../../events/webhook-ingress-v2.json");

const SIGNING_SECRET: &str = "example-signing-secret";
/// A second after the events of the deliveries happened.
const NOW: Timestamp = Timestamp::constant(4_098_850_201, 0);

/// The sizes of the V3 deliveries, in bytes.
const SMALL: usize = 1_500;
const LARGE: usize = 55_000;

/// The number of workflows of the integration.
const WORKFLOWS: usize = 200;

/// An ingress that has everything in its caches, and what it is sent.
pub(crate) struct Ready {
    ingress: Ingress<Nothing>,
    metrics: Metrics,
    calls: Calls,
    event: String,
    /// The status of its answer.
    expected: u16,
}

impl Ready {
    pub(crate) fn new(case: Case) -> Result<Self, Error> {
        let key = ApiKey::generate().map_err(Error::at("make a key"))?;
        let kind = match case {
            Case::V2 => WebhookKind::V2,
            _ => WebhookKind::V3,
        };
        let mut aws = Nothing {
            is_repeated: case == Case::Duplicate,
            ..aws(&key, kind)?
        };
        let mut event: Value = serde_json::from_str(match kind {
            WebhookKind::V2 => V2_EVENT,
            WebhookKind::V3 => V3_EVENT,
        })
        .map_err(Error::at("read the sample event"))?;
        let body = match case {
            Case::V2 => text(&event, "/body"),
            Case::LargeV3 | Case::FanOut => v3(&text(&event, "/body"), LARGE)?,
            _ => v3(&text(&event, "/body"), SMALL)?,
        };
        let secret = match case {
            Case::Forged => "another secret",
            _ => SIGNING_SECRET,
        };
        let api_key = match case {
            Case::Garbage => "pgf_garbage",
            _ => key.expose(),
        };
        let body = match case {
            Case::Filtered => body.replace("CloudWatch-Memory-Alert", "Checkout"),
            _ => body,
        };
        if case == Case::FanOut {
            leads_to_many(&mut aws)?;
            if let Some(parameters) = event.pointer_mut("/pathParameters") {
                *parameters = json!({"alias": "prod"});
            }
        }
        set(&mut event, "/headers/x-api-key", api_key);
        set(&mut event, "/headers/x-pagerduty-signature", &signature(secret, &body)?);
        set(&mut event, "/headers/content-length", &body.len().to_string());
        set(&mut event, "/body", &body);
        Ok(Self {
            calls: aws.calls.clone(),
            ingress: Ingress {
                triggers: TriggerCache::new(aws.clone()),
                signing_secrets: SigningSecretsSource::new(aws.clone(), SecretNames::new("pagerflow")),
                executions: aws.clone(),
                start_buffer: aws.clone(),
                bodies: aws.clone(),
                dead_letters: aws,
            },
            // Their lines are made and go nowhere.
            metrics: Metrics::discarded(),
            event: event.to_string(),
            expected: match case {
                Case::Forged | Case::Garbage => 401,
                _ => 202,
            },
        })
    }

    /// The calls of AWS since this was last asked.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.take()
    }

    /// Takes the delivery.
    pub(crate) async fn take(&self) -> Result<(), Error> {
        let request = from_str(&self.event).map_err(Error::at("read the event"))?;
        let answer = respond(&self.ingress, &self.metrics, request, NOW).await;
        let answer = answer.map_err(Error::at("take the delivery"))?;
        match answer.status().as_u16() {
            status if status == self.expected => Ok(()),
            status => Err(Error(format!("the answer is {status} {:?}", answer.body()))),
        }
    }
}

/// The workflow of the example, with its key.
fn aws(key: &ApiKey, webhook: WebhookKind) -> Result<Nothing, Error> {
    let workflow = "memory-alert".parse().map_err(Error::at("name the workflow"))?;
    let mut secrets = SigningSecrets::default();
    secrets.add("PSUBSC1", SIGNING_SECRET.into());
    Ok(Nothing {
        definition: None,
        routes: Vec::new(),
        is_repeated: false,
        calls: Calls::default(),
        key: Some(ApiKeyRecord {
            key_id: key.id().clone(),
            name: "bench".into(),
            scope: KeyScope::Workflow("memory-alert".parse().map_err(Error::at("name the workflow"))?),
            sha256: key.hash(),
            state: KeyState::Active,
            created_at: NOW,
            revoked_at: None,
        }),
        signing_secrets: secrets.secret_value().map_err(Error::at("make the secret"))?,
        workflow: WorkflowRecord {
            workflow,
            state: WorkflowState::Enabled,
            active_version: WorkflowVersion(1),
            trigger: Some(TriggerRecord {
                integration: "prod".parse().map_err(Error::at("name the integration"))?,
                webhook,
                events: vec!["incident.triggered".into()],
                filters: Filters::default(),
                when: Some(r#"event.incident.service is not none and event.incident.service.summary == "CloudWatch-Memory-Alert""#.into()),
            }),
            awaits: platform::table::AwaitedTypes::new(),
            schedule: WorkflowSchedule::Never,
            timeout: None,
            updated_at: NOW,
        },
    })
}

/// Has the key open the URL of an integration, which leads to many workflows.
fn leads_to_many(aws: &mut Nothing) -> Result<(), Error> {
    if let Some(key) = &mut aws.key {
        key.scope = KeyScope::Integration("prod".parse().map_err(Error::at("name the integration"))?);
    }
    for number in 0..WORKFLOWS {
        let name = format!("workflow-{number}");
        aws.routes.push(WorkflowRecord {
            workflow: name.parse().map_err(Error::at("name a workflow"))?,
            ..aws.workflow.clone()
        });
    }
    Ok(())
}

/// A delivery of about a size: the sample, without some of what nobody reads or with more of it. People make incidents large
/// by those whom they assign.
fn v3(sample: &str, size: usize) -> Result<String, Error> {
    let mut body: Value = serde_json::from_str(sample).map_err(Error::at("read the sample"))?;
    if let Some(data) = body.pointer_mut("/event/data").and_then(Value::as_object_mut) {
        for unread in ["conference_bridge", "incident_type", "resolve_reason", "priority"] {
            data.remove(unread);
        }
    }
    let missing = size.saturating_sub(body.to_string().len());
    if let Some(assignees) = body.pointer_mut("/event/data/assignees").and_then(Value::as_array_mut)
        && let Some(sample) = assignees.first().cloned()
    {
        let each = sample.to_string().len() + 1;
        for number in 0..missing / each {
            let mut assignee = sample.clone();
            set(&mut assignee, "/id", &format!("P{number:06}"));
            assignees.push(assignee);
        }
    }
    Ok(body.to_string())
}

fn signature(secret: &str, body: &str) -> Result<String, Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(Error::at("sign"))?;
    mac.update(body.as_bytes());
    Ok(format!("v1={}", HEXLOWER.encode(&mac.finalize().into_bytes())))
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn set(value: &mut Value, pointer: &str, text: &str) {
    if let Some(field) = value.pointer_mut(pointer) {
        *field = text.into();
    }
}

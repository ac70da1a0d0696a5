//! The control API under `/_simulator`: what tests and demonstrations do that no client of PagerDuty could.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderName, StatusCode};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::faults::FaultRule;
use crate::ids::WebhookId;
use crate::outbox::{self, Parcel};
use crate::pagerduty::Trigger;
use crate::refusal::Refusal;
use crate::seed::Seed;
use crate::server::Shared;

/// The most copies of a webhook that one request can ask for.
const MOST_COPIES: u32 = 1000;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/health", get(health))
        .route("/reset", post(reset))
        .route("/seed", post(seed))
        .route("/incidents", get(incidents).post(trigger))
        .route("/incidents/{id}", get(incident))
        .route("/requests", get(requests))
        .route("/change_events", get(change_events))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/lag", post(lag))
        .route("/deliveries", get(deliveries))
        .route("/deliveries/{id}/redeliver", post(redeliver))
        .fallback(|| async { complaint(StatusCode::NOT_FOUND, "the control API has no such path") })
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Forgets everything and starts over with the seed that the simulator was started with.
async fn reset(State(shared): State<Arc<Shared>>) -> Response {
    start_over(&shared, shared.seed.clone())
}

/// Forgets everything and starts over with the seed in the body.
async fn seed(State(shared): State<Arc<Shared>>, Json(seed): Json<Seed>) -> Response {
    start_over(&shared, seed)
}

fn start_over(shared: &Shared, seed: Seed) -> Response {
    match shared.with(|pagerduty, now| pagerduty.start_over(seed, shared.policy, now)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => complaint(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// All incidents, each with its body, notes and log.
async fn incidents(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"incidents": shared.with(|pagerduty, _| pagerduty.incidents())}))
}

async fn incident(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match shared.with(|pagerduty, _| pagerduty.incident(&id)) {
        Ok(incident) => Json(incident).into_response(),
        Err(refusal) => refusal.answer().into_response(),
    }
}

/// Opens an incident as a monitoring tool or a person does, which sends the webhooks of one.
async fn trigger(State(shared): State<Arc<Shared>>, Json(trigger): Json<Trigger>) -> Response {
    let triggered: Result<Value, Refusal> = shared.with(|pagerduty, now| pagerduty.trigger(trigger, now));
    shared.wake.notify_one();
    match triggered {
        Ok(incident) => (StatusCode::CREATED, Json(incident)).into_response(),
        Err(refusal) => refusal.answer().into_response(),
    }
}

async fn requests(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"requests": shared.with(|pagerduty, _| pagerduty.received())}))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"faults": shared.with(|pagerduty, _| pagerduty.faults().to_vec())}))
}

/// Faults to come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    faults: Vec<FaultRule>,
}

async fn add_faults(State(shared): State<Arc<Shared>>, Json(added): Json<Faults>) -> StatusCode {
    shared.with(|pagerduty, _| {
        for rule in added.faults {
            pagerduty.add_fault(rule);
        }
    });
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.with(|pagerduty, _| pagerduty.clear_faults());
    StatusCode::NO_CONTENT
}

/// How far PagerDuty lags behind its writes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lag {
    seconds: u32,
    #[serde(default)]
    of: Lagging,
}

/// What lags behind.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Lagging {
    /// Lists, which do not show what is new.
    #[default]
    Lists,
    /// Requests on incidents, which do not find one that is new.
    Incidents,
}

async fn lag(State(shared): State<Arc<Shared>>, Json(lag): Json<Lag>) -> StatusCode {
    let seconds = SignedDuration::from_secs(lag.seconds.into());
    shared.with(|pagerduty, _| match lag.of {
        Lagging::Lists => pagerduty.set_lag(seconds),
        Lagging::Incidents => pagerduty.set_incident_lag(seconds),
    });
    StatusCode::NO_CONTENT
}

async fn change_events(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"change_events": shared.with(|pagerduty, _| pagerduty.change_events().to_vec())}))
}

async fn deliveries(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"deliveries": shared.with(|pagerduty, _| pagerduty.deliveries())}))
}

/// The options of another delivery of a webhook. Without any field: once, exactly as before.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Redelivery {
    /// The number of copies that are sent, all at once.
    times: u32,
    /// Headers to send instead of those of the same name, or besides; `null` leaves one out.
    headers: BTreeMap<String, Option<String>>,
    /// The body to send instead. The signature stays as it was.
    body: Option<String>,
}

impl Default for Redelivery {
    fn default() -> Self {
        Self {
            times: 1,
            headers: BTreeMap::new(),
            body: None,
        }
    }
}

impl Redelivery {
    fn apply(self, parcel: &mut Parcel) {
        for (name, value) in self.headers {
            match value {
                Some(value) => outbox::insert(&mut parcel.headers, &name, &value, true),
                None => {
                    if let Ok(name) = HeaderName::try_from(name) {
                        parcel.headers.remove(name);
                    }
                }
            }
        }
        if let Some(body) = self.body {
            parcel.body = body;
        }
    }
}

/// Sends copies of a webhook at once, outside of its queue, and answers with what the receiver said to each.
async fn redeliver(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Json(redelivery): Json<Redelivery>,
) -> Response {
    let webhook = WebhookId::new(id);
    if !(1..=MOST_COPIES).contains(&redelivery.times) {
        return complaint(
            StatusCode::BAD_REQUEST,
            &format!("times must be from 1 to {MOST_COPIES}"),
        );
    }
    let Some(mut parcel) = shared.with(|pagerduty, _| pagerduty.copy(&webhook)) else {
        return complaint(StatusCode::NOT_FOUND, "there is no delivery with this id");
    };
    let times = redelivery.times;
    redelivery.apply(&mut parcel);
    let mut copies = JoinSet::new();
    for _ in 0..times {
        let (courier, parcel) = (shared.courier.clone(), parcel.clone());
        copies.spawn(async move { courier.deliver(parcel).await });
    }
    let replies = copies.join_all().await;
    let answers: Vec<Value> = replies.iter().map(outbox::Reply::view).collect();
    shared.with(|pagerduty, now| {
        for reply in replies {
            pagerduty.report_copy(&webhook, reply, now);
        }
    });
    Json(json!({"answers": answers})).into_response()
}

fn complaint(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}

//! PagerDuty tells by webhooks what happens to incidents, whoever did it, runs of ours above all.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{Ingress, ingress::Attempt};
use crate::pagerduty::Account;
use http::{Method, header::AUTHORIZATION};
use pagerduty_simulator::{Parcel, Reply, Request, Seed};
use secrecy::SecretString;
use serde_json::json;
use std::collections::BTreeSet;
use tokio::time::sleep;
use workflow::ids::WorkflowId;

/// The webhooks that start runs.
#[derive(Debug, Clone, Copy)]
pub struct Echoes {
    /// Their types.
    pub events: &'static [&'static str],
    /// How many come at most: whoever answers what it did itself would go on for ever.
    pub most: usize,
}

impl Ingress {
    /// Lets PagerDuty tell a workflow of what happens to incidents from now on: as often as that may start runs, and always of what runs
    /// only wait for.
    pub fn subscribe(&self, workflow: &WorkflowId, triggering: Echoes, awaited: &BTreeSet<&str>) {
        let events: BTreeSet<&str> = triggering.events.iter().chain(awaited).copied().collect();
        let secret = subscription(&self.inner.account, &events);
        self.inner.secrets.add_signing_secret(secret);
        drop(tokio::spawn(self.clone().carry(workflow.clone(), triggering)));
    }

    async fn carry(self, workflow: WorkflowId, triggering: Echoes) {
        let (inner, mut carried) = (&self.inner, BTreeSet::new());
        loop {
            let changed = inner.account.changed();
            let (due, next) = inner.account.look(|rules, now| (rules.take_due(now), rules.next_due()));
            for parcel in due {
                if triggering.events.contains(&type_of(&parcel).as_str()) {
                    carried.insert(parcel.webhook.clone());
                    if carried.len() > triggering.most {
                        // Nobody takes it, and PagerDuty goes on with what comes after it.
                        inner
                            .account
                            .with(|rules, now| rules.report(&parcel.webhook, answered(202), now));
                        continue;
                    }
                }
                inner.state().under_way += 1;
                drop(tokio::spawn(self.clone().hand_over(workflow.clone(), parcel)));
            }
            match next {
                Some(next) => tokio::select! {
                    () = changed => {}
                    () = inner.clock.sleep_until(next) => {}
                },
                None => changed.await,
            }
        }
    }

    async fn hand_over(self, workflow: WorkflowId, parcel: Parcel) {
        let inner = &self.inner;
        sleep(inner.chance.millis(100..=3_000)).await;
        let signature = parcel.headers.get("x-pagerduty-signature");
        let signature = signature.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let reply = match self.attempt(&workflow, parcel.body.as_bytes(), signature).await {
            Attempt::Answered(_) => answered(202),
            Attempt::Unavailable => answered(503),
            Attempt::Crashed => answered(502),
        };
        inner
            .account
            .with(|rules, now| rules.report(&parcel.webhook, reply, now));
        inner.state().under_way -= 1;
    }
}

fn type_of(parcel: &Parcel) -> String {
    let body: serde_json::Value = serde_json::from_str(&parcel.body).unwrap_or_default();
    body["event"]["event_type"].as_str().unwrap_or_default().to_owned()
}

fn answered(status: u16) -> Reply {
    let body = String::new();
    Reply::Answered { status, body }
}

/// Subscribes to events of the whole account. Gives the secret with which PagerDuty signs.
fn subscription(account: &Account, events: &BTreeSet<&str>) -> SecretString {
    let request = Request::new(Method::POST, "/webhook_subscriptions")
        .header(AUTHORIZATION, &format!("Token token={}", Seed::ACCOUNT_TOKEN))
        .json(&json!({"webhook_subscription": {
            "type": "webhook_subscription",
            "delivery_method": {"type": "http_delivery_method", "url": "https://ingress.example.com/"},
            "events": events,
            "filter": {"type": "account_reference"},
        }}));
    let answer = account.with(|rules, now| rules.receive(&request, now));
    let created = answer.body.into_json();
    let secret = created["webhook_subscription"]["delivery_method"]["secret"].as_str();
    secret.unwrap_or_default().into()
}

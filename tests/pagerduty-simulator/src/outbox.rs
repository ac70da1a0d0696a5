//! The webhook that is sent when: PagerDuty's rules of delivery, without a network.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::clock::milliseconds;
use crate::ids::{HookId, WebhookId};
use crate::secret::REDACTED;
use crate::webhooks::Webhook;

/// How patient the delivery of webhooks is.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryPolicy {
    /// The time that a receiver may take to answer. PagerDuty: 5 s.
    pub timeout: Duration,
    /// How long to wait before the next attempt. PagerDuty says "periodically"; the spacing is UNVERIFIED.
    pub retry_interval: SignedDuration,
    /// The time for which a webhook is retried. PagerDuty: 48 h.
    pub give_up_after: SignedDuration,
    /// How many webhooks dropped in a row switch their hook off. PagerDuty: 3.
    pub drops_to_disable: u32,
    /// For how long a hook is switched off. PagerDuty: 24 h.
    pub disabled_for: SignedDuration,
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            retry_interval: SignedDuration::from_secs(2),
            give_up_after: SignedDuration::from_hours(48),
            drops_to_disable: 3,
            disabled_for: SignedDuration::from_hours(24),
        }
    }
}

/// One attempt to deliver a webhook, for whoever has a network.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub webhook: WebhookId,
    /// Where it goes.
    pub url: String,
    /// All headers; the custom ones are marked as sensitive.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: String,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The receiver answered.
    Answered {
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The receiver did not answer in time.
    TimedOut,
    /// The receiver could not be reached, or closed the connection.
    Failed {
        /// The reason.
        reason: String,
    },
}

/// A hook that is to be switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disabling {
    pub(crate) hook: HookId,
    pub(crate) until: Timestamp,
}

/// How far a webhook has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It waits for its first attempt, for the next one, or for an earlier webhook of its queue.
    Waiting { due: Timestamp },
    /// An attempt is under way.
    InFlight,
    /// The receiver took it.
    Delivered,
    /// The receiver refused it, or could not be reached for too long.
    Dropped,
    /// Its hook was switched off before its turn came.
    Discarded,
}

/// A webhook and what became of it.
#[derive(Debug)]
struct Delivery {
    webhook: Webhook,
    queued_at: Timestamp,
    state: State,
    attempts: Vec<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    answered_at: Timestamp,
    reply: Reply,
    on_request: bool,
}

/// What to do after an attempt.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Done,
    Again,
    Drop,
}

impl Reply {
    /// 2xx is success; 5xx, 429, no answer and no connection are tried again; all else is dropped. What PagerDuty makes of
    /// 3xx is UNVERIFIED: it is dropped here.
    fn verdict(&self) -> Verdict {
        match self {
            Self::Answered { status: 200..=299, .. } => Verdict::Done,
            Self::Answered {
                status: 429 | 500..=599,
                ..
            }
            | Self::TimedOut
            | Self::Failed { .. } => Verdict::Again,
            Self::Answered { .. } => Verdict::Drop,
        }
    }
}

/// The webhooks of an account: those under way, in one queue per hook and resource, and those that are through.
#[derive(Debug)]
pub(crate) struct Outbox {
    policy: DeliveryPolicy,
    deliveries: Vec<Delivery>,
    drops: BTreeMap<HookId, u32>,
}

impl Outbox {
    /// An empty outbox.
    pub(crate) fn new(policy: DeliveryPolicy) -> Self {
        Self {
            policy,
            deliveries: Vec::new(),
            drops: BTreeMap::new(),
        }
    }

    /// Queues webhooks.
    pub(crate) fn post(&mut self, webhooks: Vec<Webhook>, now: Timestamp) {
        self.deliveries.extend(webhooks.into_iter().map(|webhook| Delivery {
            webhook,
            queued_at: now,
            state: State::Waiting { due: now },
            attempts: Vec::new(),
        }));
    }

    /// The attempts that are due, at most one for each queue. Each of them must be [reported](Outbox::report).
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        for position in self.heads() {
            let Some(delivery) = self.deliveries.get_mut(position) else {
                continue;
            };
            if matches!(delivery.state, State::Waiting { due } if due <= now) {
                delivery.state = State::InFlight;
                parcels.push(parcel(&delivery.webhook));
            }
        }
        parcels
    }

    /// The time when the next attempt is due; none if there is nothing to wait for.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let due = |position: usize| match self.deliveries.get(position)?.state {
            State::Waiting { due } => Some(due),
            _ => None,
        };
        self.heads().into_iter().filter_map(due).min()
    }

    /// The first unfinished webhook of each queue.
    fn heads(&self) -> Vec<usize> {
        let mut queues = HashSet::new();
        let unfinished = |delivery: &Delivery| matches!(delivery.state, State::Waiting { .. } | State::InFlight);
        self.deliveries
            .iter()
            .enumerate()
            .filter(|(_, delivery)| unfinished(delivery))
            .filter(|(_, delivery)| queues.insert((&delivery.webhook.hook, &delivery.webhook.resource)))
            .map(|(position, _)| position)
            .collect()
    }

    /// Notes what came of an attempt and says whether that switches the hook off.
    pub(crate) fn report(&mut self, webhook: &WebhookId, reply: Reply, now: Timestamp) -> Option<Disabling> {
        let policy = self.policy;
        let delivery = self.find_mut(webhook)?;
        let verdict = reply.verdict();
        delivery.attempts.push(Attempt {
            answered_at: now,
            reply,
            on_request: false,
        });
        // A hook that was switched off in the meantime has discarded the webhook.
        if delivery.state != State::InFlight {
            return None;
        }
        let hook = delivery.webhook.hook.clone();
        let expired = now.duration_since(delivery.queued_at) >= policy.give_up_after;
        match verdict {
            Verdict::Done => {
                delivery.state = State::Delivered;
                self.drops.remove(&hook);
                None
            }
            Verdict::Again if !expired => {
                let due = now.saturating_add(policy.retry_interval).unwrap_or(now);
                delivery.state = State::Waiting { due };
                None
            }
            Verdict::Again | Verdict::Drop => {
                delivery.state = State::Dropped;
                self.count_drop(hook, now)
            }
        }
    }

    fn count_drop(&mut self, hook: HookId, now: Timestamp) -> Option<Disabling> {
        let drops = self.drops.entry(hook.clone()).or_default();
        *drops += 1;
        if *drops < self.policy.drops_to_disable {
            return None;
        }
        self.drops.remove(&hook);
        for delivery in self
            .deliveries
            .iter_mut()
            .filter(|delivery| delivery.webhook.hook == hook)
        {
            if matches!(delivery.state, State::Waiting { .. } | State::InFlight) {
                delivery.state = State::Discarded;
            }
        }
        Some(Disabling {
            hook,
            until: now.saturating_add(self.policy.disabled_for).unwrap_or(now),
        })
    }

    /// The same bytes, headers and id as at each attempt, whatever became of the webhook.
    pub(crate) fn copy(&self, webhook: &WebhookId) -> Option<Parcel> {
        self.deliveries
            .iter()
            .find(|delivery| &delivery.webhook.id == webhook)
            .map(|delivery| parcel(&delivery.webhook))
    }

    /// Notes what came of an attempt that was made on request, outside of the queue.
    pub(crate) fn report_copy(&mut self, webhook: &WebhookId, reply: Reply, now: Timestamp) {
        if let Some(delivery) = self.find_mut(webhook) {
            delivery.attempts.push(Attempt {
                answered_at: now,
                reply,
                on_request: true,
            });
        }
    }

    fn find_mut(&mut self, webhook: &WebhookId) -> Option<&mut Delivery> {
        self.deliveries
            .iter_mut()
            .find(|delivery| &delivery.webhook.id == webhook)
    }

    /// All webhooks, in the order in which they were caused, for people and tests to read. The values of custom headers
    /// are hidden; a V2 body is shown as it is, and contains them.
    pub(crate) fn view(&self) -> Value {
        self.deliveries.iter().map(Delivery::view).collect()
    }
}

impl Delivery {
    fn view(&self) -> Value {
        let state = match self.state {
            State::Waiting { .. } => "waiting",
            State::InFlight => "in_flight",
            State::Delivered => "delivered",
            State::Dropped => "dropped",
            State::Discarded => "discarded",
        };
        let own = self
            .webhook
            .headers
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}));
        let custom = self
            .webhook
            .custom_headers
            .iter()
            .map(|header| json!({"name": header.name, "value": REDACTED}));
        json!({
            "id": self.webhook.id,
            "hook": self.webhook.hook,
            "resource": self.webhook.resource,
            "event_type": self.webhook.event_type,
            "url": self.webhook.url,
            "headers": own.chain(custom).collect::<Vec<Value>>(),
            "body": self.webhook.body,
            "queued_at": milliseconds(self.queued_at),
            "state": state,
            "attempts": self.attempts.iter().map(Attempt::view).collect::<Vec<Value>>(),
        })
    }
}

impl Attempt {
    fn view(&self) -> Value {
        let mut view = self.reply.view();
        if let Some(fields) = view.as_object_mut() {
            fields.insert("answered_at".to_owned(), json!(milliseconds(self.answered_at)));
            fields.insert("on_request".to_owned(), json!(self.on_request));
        }
        view
    }
}

impl Reply {
    /// The reply for people and tests to read: `status` and `body`, or `error`.
    pub(crate) fn view(&self) -> Value {
        match self {
            Self::Answered { status, body } => json!({"status": status, "body": body}),
            Self::TimedOut => json!({"error": "timed out"}),
            Self::Failed { reason } => json!({"error": reason}),
        }
    }
}

fn parcel(webhook: &Webhook) -> Parcel {
    let mut headers = HeaderMap::new();
    for (name, value) in &webhook.headers {
        insert(&mut headers, name, value, false);
    }
    for header in &webhook.custom_headers {
        insert(&mut headers, &header.name, header.value.expose(), true);
    }
    Parcel {
        webhook: webhook.id.clone(),
        url: webhook.url.clone(),
        headers,
        body: webhook.body.clone(),
    }
}

/// Sets a header; one that HTTP does not allow is left out.
pub(crate) fn insert(headers: &mut HeaderMap, name: &str, value: &str, sensitive: bool) {
    if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        value.set_sensitive(sensitive);
        headers.insert(name, value);
    }
}

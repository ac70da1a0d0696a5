//! `/webhook_subscriptions`: what gets V3 webhooks.
//!
//! PagerDuty documents no body for the 4xx answers here; those of this module have the common envelope, which is
//! UNVERIFIED. So is the status of a created subscription: the API's schema says 200, which is what is answered.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::SUBSCRIBABLE;
use super::{CustomHeader, is_on, v3};
use crate::access::Call;
use crate::account::Account;
use crate::exchange::Answer;
use crate::fields::{self, Object};
use crate::ids::{HookId, ServiceId, TeamId};
use crate::incidents::{Incident, shapes};
use crate::page::Page;
use crate::refusal::Refusal;
use crate::secret::Secret;

/// The number of subscriptions that one service, one team or the account can have.
const MOST_PER_SCOPE: usize = 10;

/// A V3 webhook subscription.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) id: HookId,
    pub(crate) url: String,
    pub(crate) custom_headers: Vec<CustomHeader>,
    pub(crate) secret: Secret,
    pub(crate) disabled_until: Option<Timestamp>,
    active: bool,
    description: Option<String>,
    events: Vec<String>,
    scope: Scope,
}

/// Whose incidents a subscription is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    Account,
    Service(ServiceId),
    Team(TeamId),
}

impl Subscription {
    /// True if it is to be told of an event.
    pub(crate) fn wants(&self, account: &Account, incident: &Incident, event_type: &str, now: Timestamp) -> bool {
        let concerned = match &self.scope {
            Scope::Account => true,
            Scope::Service(service) => service == &incident.service,
            Scope::Team(team) => shapes::teams(account, incident).contains(team),
        };
        concerned && self.active && is_on(self.disabled_until, now) && self.events.iter().any(|it| it == event_type)
    }

    /// Its view. The secret is shown only once, to whoever creates the subscription.
    fn shape(&self, now: Timestamp, secret: Option<&Secret>) -> Value {
        let headers: Vec<Value> = self.custom_headers.iter().map(CustomHeader::redacted).collect();
        json!({
            "id": self.id,
            "type": "webhook_subscription",
            "active": self.active,
            "description": self.description,
            "events": self.events,
            "filter": self.scope.shape(),
            "delivery_method": {
                // An id of its own, which is always the same for a subscription.
                "id": format!("{}D", self.id),
                "type": "http_delivery_method",
                "url": self.url,
                "secret": secret.map(Secret::expose),
                "custom_headers": headers,
                "temporarily_disabled": !is_on(self.disabled_until, now),
            },
        })
    }
}

impl Scope {
    fn read(account: &Account, fields: &Object) -> Result<Self, Refusal> {
        let id = fields::text(fields, "id")?;
        match (fields::text(fields, "type")?, id) {
            (Some("account_reference"), _) => Ok(Self::Account),
            (Some("service_reference"), Some(id)) if account.service(&ServiceId::new(id)).is_some() => {
                Ok(Self::Service(ServiceId::new(id)))
            }
            (Some("team_reference"), Some(id)) if account.team(&TeamId::new(id)).is_some() => {
                Ok(Self::Team(TeamId::new(id)))
            }
            _ => Err(Refusal::invalid(
                "filter must be an account_reference, or refer to a service or team that exists",
            )),
        }
    }

    /// The `filter_type` and `filter_id` by which lists are filtered.
    fn names(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Account => ("account", None),
            Self::Service(id) => ("service", Some(id.as_str())),
            Self::Team(id) => ("team", Some(id.as_str())),
        }
    }

    fn shape(&self) -> Value {
        let (kind, id) = self.names();
        let mut shape = json!({"type": format!("{kind}_reference")});
        if let (Some(fields), Some(id)) = (shape.as_object_mut(), id) {
            fields.insert("id".to_owned(), json!(id));
        }
        shape
    }
}

pub(crate) fn create(account: &mut Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let fields = wrapper(&body)?;
    fields::require_type(fields, &["webhook_subscription"])?;
    let delivery = fields::object(fields, "delivery_method")?;
    let delivery = delivery.ok_or_else(|| Refusal::invalid("delivery_method cannot be empty"))?;
    fields::require_type(delivery, &["http_delivery_method"])?;
    let filter = fields::object(fields, "filter")?.ok_or_else(|| Refusal::invalid("filter cannot be empty"))?;
    let scope = Scope::read(account, filter)?;
    let url = fields::web_address(delivery, "url")?.to_owned();
    let custom_headers = CustomHeader::list(delivery, "custom_headers")?;
    let events = events(fields)?.ok_or_else(|| Refusal::invalid("events cannot be empty"))?;
    if account
        .subscriptions
        .iter()
        .filter(|other| other.scope == scope)
        .count()
        >= MOST_PER_SCOPE
    {
        return Err(Refusal::SubscriptionLimit);
    }
    let subscription = Subscription {
        id: HookId::new(account.ids.object()),
        url,
        custom_headers,
        secret: Secret::new(account.ids.signing_secret()),
        disabled_until: None,
        active: fields::boolean(fields, "active")?.unwrap_or(true),
        description: fields::text(fields, "description")?.map(str::to_owned),
        events,
        scope,
    };
    let answer = shown(&subscription, call.now, Some(&subscription.secret));
    account.subscriptions.push(subscription);
    Ok(answer)
}

pub(crate) fn all(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = call.request;
    let rows: Vec<&Subscription> = account
        .subscriptions
        .iter()
        .filter(|row| {
            request
                .parameter("filter_type")
                .is_none_or(|kind| row.scope.names().0 == kind)
        })
        .filter(|row| {
            request
                .parameter("filter_id")
                .is_none_or(|id| row.scope.names().1 == Some(id))
        })
        .collect();
    let body = Page::of(request)?.body("webhook_subscriptions", &rows, |row| row.shape(call.now, None));
    Ok(Answer::json(StatusCode::OK, body))
}

pub(crate) fn one(account: &Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let subscription = account
        .subscriptions
        .iter()
        .find(|row| row.id.as_str() == id)
        .ok_or(Refusal::NotFound)?;
    Ok(shown(subscription, call.now, None))
}

/// Changes description, events, filter and `active`. Where a subscription delivers to can not be changed.
pub(crate) fn update(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let fields = wrapper(&body)?;
    let events = events(fields)?;
    let scope = fields::object(fields, "filter")?
        .map(|filter| Scope::read(account, filter))
        .transpose()?;
    let active = fields::boolean(fields, "active")?;
    let description = fields::text(fields, "description")?.map(str::to_owned);
    let subscription = find(account, id)?;
    if let Some(events) = events {
        subscription.events = events;
    }
    if let Some(scope) = scope {
        subscription.scope = scope;
    }
    if let Some(active) = active {
        subscription.active = active;
    }
    if description.is_some() {
        subscription.description = description;
    }
    Ok(shown(subscription, call.now, None))
}

pub(crate) fn delete(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let id = find(account, id)?.id.clone();
    account.subscriptions.retain(|subscription| subscription.id != id);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

pub(crate) fn enable(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let subscription = find(account, id)?;
    subscription.disabled_until = None;
    Ok(shown(subscription, call.now, None))
}

pub(crate) fn ping(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let subscription = find(account, id)?.clone();
    let webhook = v3::ping(account, &subscription, call.now);
    account.outgoing.push(webhook);
    Ok(Answer::empty(StatusCode::ACCEPTED))
}

fn wrapper(body: &Object) -> Result<&Object, Refusal> {
    fields::object(body, "webhook_subscription")?
        .ok_or_else(|| Refusal::invalid("webhook_subscription cannot be empty"))
}

/// The events, if there are any: at least one, each once, and each one that PagerDuty knows.
fn events(fields: &Object) -> Result<Option<Vec<String>>, Refusal> {
    let Some(list) = fields::array(fields, "events")? else {
        return Ok(None);
    };
    let mut events: Vec<String> = Vec::new();
    for value in list {
        match value.as_str().filter(|event| SUBSCRIBABLE.contains(event)) {
            Some(event) if events.iter().any(|other| other == event) => {
                return Err(Refusal::invalid("events must be unique"));
            }
            Some(event) => events.push(event.to_owned()),
            None => return Err(Refusal::invalid(format!("{value} is not an event"))),
        }
    }
    if events.is_empty() {
        return Err(Refusal::invalid("events cannot be empty"));
    }
    Ok(Some(events))
}

fn find<'a>(account: &'a mut Account, id: &str) -> Result<&'a mut Subscription, Refusal> {
    account
        .subscriptions
        .iter_mut()
        .find(|subscription| subscription.id.as_str() == id)
        .ok_or(Refusal::NotFound)
}

fn shown(subscription: &Subscription, now: Timestamp, secret: Option<&Secret>) -> Answer {
    Answer::json(
        StatusCode::OK,
        json!({"webhook_subscription": subscription.shape(now, secret)}),
    )
}

//! Webhook subscriptions: what gets V3 webhooks. None of these requests takes a `From` header.

use provider::verdict::Effect;
use std::fmt;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    Account, MAX_ANSWER, Request,
    exchange::{exchange, unclear},
};
use crate::{
    error::{Api, Error, Failure},
    ids::{ServiceId, SubscriptionId, TeamId},
    lenient,
};

/// How many webhook subscriptions PagerDuty allows for one service, one team or the account. It documents the number and
/// the code 2019 with which it refuses the next one.
pub const MAX_SUBSCRIPTIONS_OF_A_SCOPE: usize = 10;

/// Whose incidents a subscription is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionScope {
    /// All of the account.
    Account,
    /// Those of a service.
    Service(ServiceId),
    /// Those of a team.
    Team(TeamId),
}

impl SubscriptionScope {
    fn read(filter: &Value) -> Option<Self> {
        let id = || lenient::text(filter, "id");
        match lenient::text(filter, "type")?.as_str() {
            "account_reference" => Some(Self::Account),
            "service_reference" => Some(Self::Service(id()?.parse().ok()?)),
            "team_reference" => Some(Self::Team(id()?.parse().ok()?)),
            _ => None,
        }
    }

    fn filter(&self) -> Value {
        match self {
            Self::Account => json!({ "type": "account_reference" }),
            Self::Service(id) => json!({ "type": "service_reference", "id": id }),
            Self::Team(id) => json!({ "type": "team_reference", "id": id }),
        }
    }
}

impl fmt::Display for SubscriptionScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("account"),
            Self::Service(id) => write!(f, "service {id}"),
            Self::Team(id) => write!(f, "team {id}"),
        }
    }
}

/// A V3 webhook subscription, as PagerDuty shows it: without its secret and the values of its custom headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSubscription {
    pub id: SubscriptionId,
    /// The address of its webhooks.
    pub url: String,
    /// Whose incidents it is told of; none if PagerDuty names something unknown.
    pub scope: Option<SubscriptionScope>,
    /// The types of events that it is told of.
    pub events: Vec<String>,
    /// The description by people.
    pub description: Option<String>,
    /// True if it is switched on. One that is not gets no webhooks.
    pub active: bool,
    /// True if PagerDuty has switched it off for a day, because it was refused three times in a row.
    pub temporarily_disabled: bool,
}

impl WebhookSubscription {
    /// Reads one, or gives `None` where id or URL cannot be used.
    pub(crate) fn read(object: &Value) -> Option<Self> {
        let delivery = object.get("delivery_method")?;
        let flag = |object: &Value, name: &str| object.get(name).and_then(Value::as_bool);
        let events = object.get("events").and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            id: lenient::text(object, "id")?.parse().ok()?,
            url: lenient::text(delivery, "url")?,
            scope: object.get("filter").and_then(SubscriptionScope::read),
            events: events.filter_map(Value::as_str).map(str::to_owned).collect(),
            description: lenient::text(object, "description"),
            active: flag(object, "active").unwrap_or(true),
            temporarily_disabled: flag(delivery, "temporarily_disabled").unwrap_or(false),
        })
    }
}

/// A subscription that is to be created.
#[derive(Debug, Clone, Copy)]
pub struct NewWebhookSubscription<'a> {
    /// The address of its webhooks.
    pub url: &'a str,
    /// The name and the value of a header that each of them carries.
    pub custom_header: (&'a str, &'a SecretString),
    /// Whose incidents it is told of.
    pub scope: &'a SubscriptionScope,
    /// The types of events that it is told of, each once and at least one.
    pub events: &'a [String],
    /// The description for people.
    pub description: &'a str,
    /// True if it is switched on at once.
    pub active: bool,
}

/// A subscription that was just created.
#[derive(Debug, Clone)]
pub struct CreatedWebhookSubscription {
    pub subscription: WebhookSubscription,
    /// The secret with which its webhooks are signed. PagerDuty tells it only now.
    pub signing_secret: SecretString,
}

impl Account<'_> {
    /// `POST /webhook_subscriptions`.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals, with code 2019 where the scope has as many as PagerDuty allows;
    /// [`Error::OutcomeUnknown`] where it may have been created.
    pub async fn create_webhook_subscription(
        &self,
        new: NewWebhookSubscription<'_>,
    ) -> Result<CreatedWebhookSubscription, Error> {
        let (header, value) = new.custom_header;
        let body = json!({"webhook_subscription": {
            "type": "webhook_subscription",
            "delivery_method": {
                "type": "http_delivery_method",
                "url": new.url,
                "custom_headers": [{ "name": header, "value": value.expose_secret() }],
            },
            "events": new.events,
            "filter": new.scope.filter(),
            "description": new.description,
            "active": new.active,
        }});
        let answer = self.change(Method::POST, &[LIST], Some(&body)).await?;
        let secret = answer
            .pointer("/webhook_subscription/delivery_method/secret")
            .and_then(Value::as_str)
            .filter(|secret| !secret.is_empty())
            .ok_or_else(|| unreadable("it names no signing secret"))?;
        Ok(CreatedWebhookSubscription {
            signing_secret: secret.into(),
            subscription: subscription(&answer)?,
        })
    }

    /// `PUT /webhook_subscriptions/{id}`: switches a subscription on or off. Whether PagerDuty keeps what a request leaves
    /// out is not documented, so all that can be changed is sent as it was. The URL and the headers can not be changed, and
    /// `type` is no field of this request.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where it may have been changed. To do it again does no harm.
    pub async fn activate_webhook_subscription(
        &self,
        subscription: &WebhookSubscription,
        active: bool,
    ) -> Result<(), Error> {
        let mut fields = json!({
            "events": subscription.events,
            "active": active,
        });
        if let Some(fields) = fields.as_object_mut() {
            let description = subscription.description.as_ref();
            let scope = subscription.scope.as_ref();
            fields.extend(description.map(|text| ("description".to_owned(), json!(text))));
            fields.extend(scope.map(|scope| ("filter".to_owned(), scope.filter())));
        }
        let path = [LIST, subscription.id.as_str()];
        let body = json!({ "webhook_subscription": fields });
        self.change(Method::PUT, &path, Some(&body)).await.map(drop)
    }

    /// `GET /webhook_subscriptions/{id}`.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn webhook_subscription(&self, id: &SubscriptionId) -> Result<WebhookSubscription, Error> {
        let answer = self.read(&[LIST, id.as_str()], &[], MAX_ANSWER).await?;
        let object = answer.get("webhook_subscription");
        object.and_then(WebhookSubscription::read).ok_or_else(|| {
            let failure = Failure::Unreadable("it is no webhook subscription".to_owned());
            Error::Unavailable { failure }
        })
    }

    /// `POST /webhook_subscriptions/{id}/enable`: lets webhooks go out again that PagerDuty has switched off.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where it may have been enabled. To do it again does no harm.
    pub async fn enable_webhook_subscription(&self, id: &SubscriptionId) -> Result<(), Error> {
        let path = [LIST, id.as_str(), "enable"];
        self.change(Method::POST, &path, None).await.map(drop)
    }

    /// `POST /webhook_subscriptions/{id}/ping`: has PagerDuty send the event `pagey.ping`. It answers before that.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where it may be sent.
    pub async fn ping_webhook_subscription(&self, id: &SubscriptionId) -> Result<(), Error> {
        let path = [LIST, id.as_str(), "ping"];
        self.change(Method::POST, &path, None).await.map(drop)
    }

    /// `DELETE /webhook_subscriptions/{id}`.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals, [`Error::NotFound`] where there is none of them; [`Error::OutcomeUnknown`] where it may
    /// have been deleted.
    pub async fn delete_webhook_subscription(&self, id: &SubscriptionId) -> Result<(), Error> {
        self.change(Method::DELETE, &[LIST, id.as_str()], None).await.map(drop)
    }

    async fn change(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Value, Error> {
        let request = Request {
            method,
            url: self.client.base_url.join(path),
            headers: self.headers(),
            body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
            time_limit: self.time_limit,
            answer_limit: MAX_ANSWER,
        };
        let answered = exchange(Api::Rest, Effect::Write, &*self.client.transport, request).await?;
        Ok(answered.body)
    }
}

/// The path of the list, and the name of its rows.
pub(crate) const LIST: &str = "webhook_subscriptions";

fn subscription(answer: &Value) -> Result<WebhookSubscription, Error> {
    let object = answer.get("webhook_subscription");
    object
        .and_then(WebhookSubscription::read)
        .ok_or_else(|| unreadable("it is no webhook subscription"))
}

fn unreadable(problem: &str) -> Error {
    unclear(Effect::Write, Failure::Unreadable(problem.to_owned()))
}

#[cfg(test)]
mod tests;

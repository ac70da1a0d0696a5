//! `/extensions` of the kind Generic V2: what gets V2 webhooks.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CustomHeader, is_on};
use crate::access::Call;
use crate::account::Account;
use crate::clock::seconds;
use crate::directory::shapes::{API, reference, service_reference};
use crate::exchange::Answer;
use crate::fields::{self, Object};
use crate::ids::{HookId, ServiceId};
use crate::incidents::Incident;
use crate::page::Page;
use crate::refusal::Refusal;

/// The id of the schema "Generic V2 Webhook", the same in every account.
pub(crate) const GENERIC_V2: &str = "PJFWPEP";

/// A Generic V2 extension. It is told of the incidents of its services; account and team scopes do not exist in V2.
#[derive(Debug, Clone)]
pub(crate) struct Extension {
    pub(crate) id: HookId,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) custom_headers: Vec<CustomHeader>,
    pub(crate) disabled_until: Option<Timestamp>,
    services: Vec<ServiceId>,
}

impl Extension {
    /// True if it is to be told of what happens to an incident.
    pub(crate) fn wants(&self, incident: &Incident, now: Timestamp) -> bool {
        self.services.contains(&incident.service) && is_on(self.disabled_until, now)
    }

    /// Its view. That the values of custom headers are hidden here too is UNVERIFIED.
    fn shape(&self, account: &Account, now: Timestamp) -> Value {
        let services: Vec<Value> = self.services.iter().map(|id| service_reference(account, id)).collect();
        let headers: Vec<Value> = self.custom_headers.iter().map(CustomHeader::redacted).collect();
        json!({
            "id": self.id,
            "type": "extension",
            "summary": self.name,
            "self": format!("{API}/extensions/{}", self.id),
            "html_url": null,
            "name": self.name,
            "endpoint_url": self.url,
            "extension_schema": reference(
                "extension_schema_reference", GENERIC_V2, "extension_schemas", None, "Generic V2 Webhook",
            ),
            "extension_objects": services,
            "config": {"headers": headers},
            "temporarily_disabled": !is_on(self.disabled_until, now),
            "temporarily_disabled_until": self.disabled_until.filter(|until| *until > now).map(seconds),
        })
    }
}

pub(crate) fn create(account: &mut Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let fields = fields::object(&body, "extension")?.ok_or_else(|| Refusal::invalid("extension cannot be empty"))?;
    let name = fields::text(fields, "name")?.filter(|name| !name.trim().is_empty());
    let name = name
        .ok_or_else(|| Refusal::invalid("Name cannot be empty."))?
        .to_owned();
    if fields::reference(fields, "extension_schema", "extension_schema")? != Some(GENERIC_V2) {
        return Err(Refusal::invalid(format!(
            "extension_schema must be {GENERIC_V2} (Generic V2 Webhook)"
        )));
    }
    let config = fields::object(fields, "config")?;
    let custom_headers = config
        .map(|config| CustomHeader::list(config, "headers"))
        .transpose()?
        .unwrap_or_default();
    let url = fields::web_address(fields, "endpoint_url")?.to_owned();
    let services = services(account, fields)?;
    let id = HookId::new(account.ids.object());
    let extension = Extension {
        id,
        name,
        url,
        custom_headers,
        disabled_until: None,
        services,
    };
    let answer = Answer::json(
        StatusCode::CREATED,
        json!({"extension": extension.shape(account, call.now)}),
    );
    account.extensions.push(extension);
    Ok(answer)
}

pub(crate) fn all(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wanted = call.request.parameter("extension_object_id");
    let rows: Vec<&Extension> = account
        .extensions
        .iter()
        .filter(|row| wanted.is_none_or(|id| row.services.iter().any(|service| service.as_str() == id)))
        .collect();
    let body = Page::of(call.request)?.body("extensions", &rows, |row| row.shape(account, call.now));
    Ok(Answer::json(StatusCode::OK, body))
}

pub(crate) fn one(account: &Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let extension = account
        .extensions
        .iter()
        .find(|row| row.id.as_str() == id)
        .ok_or(Refusal::NotFound)?;
    Ok(Answer::json(
        StatusCode::OK,
        json!({"extension": extension.shape(account, call.now)}),
    ))
}

pub(crate) fn delete(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let id = find(account, id)?.id.clone();
    account.extensions.retain(|extension| extension.id != id);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

pub(crate) fn enable(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    find(account, id)?.disabled_until = None;
    one(account, call, id)
}

fn services(account: &Account, fields: &Object) -> Result<Vec<ServiceId>, Refusal> {
    let mut services = Vec::new();
    for value in fields::array(fields, "extension_objects")?.into_iter().flatten() {
        let object = value
            .as_object()
            .ok_or_else(|| Refusal::invalid("extension_objects must be references"))?;
        let id = ServiceId::new(fields::referred(object, "extension_objects", "service")?);
        if account.service(&id).is_none() {
            return Err(Refusal::arguments("Service not found"));
        }
        services.push(id);
    }
    if services.is_empty() {
        return Err(Refusal::invalid("extension_objects cannot be empty"));
    }
    Ok(services)
}

fn find<'a>(account: &'a mut Account, id: &str) -> Result<&'a mut Extension, Refusal> {
    account
        .extensions
        .iter_mut()
        .find(|extension| extension.id.as_str() == id)
        .ok_or(Refusal::NotFound)
}

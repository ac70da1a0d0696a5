//! A request, before the proof of who asks.

use super::{
    Attempt, LARGEST_ANSWER,
    body::{self, Content},
    path, render,
};
use crate::{
    account::InvalidAccount,
    connector::{Action, MethodRule, Name, RepeatRule},
    error::Error,
    format::{METHODS, is_set_elsewhere},
    integration::Auth,
};
use provider::{http::REQUEST_TIME_LIMIT, transport::Request};
use reqwest::{
    Method, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use workflow::template::Context;

/// A request of an action. A page of a list changes its query or its body.
#[derive(Clone)]
pub(super) struct Draft {
    method: Method,
    /// The address with its query.
    pub(super) url: Url,
    headers: HeaderMap,
    pub(super) content: Content,
}

impl Draft {
    pub(super) fn of(attempt: &Attempt<'_>, action: &Action, inputs: &Map<String, Value>) -> Result<Self, Error> {
        let wrong = |problem: String| attempt.subject.input(problem);
        let context = attempt.context(inputs);
        let request = &action.request;
        let method = match &request.method {
            MethodRule::Is(method) => method.clone(),
            MethodRule::Input(name) => {
                let word = inputs.get(name).and_then(Value::as_str).unwrap_or_default();
                let known = METHODS.iter().find(|(known, _)| *known == word);
                let (_, method) = known.ok_or_else(|| wrong(format!("`{name}` is not a method")))?;
                method.clone()
            }
        };
        let mut url = attempt.address(action, inputs)?;
        if let Some(query) = &request.query {
            let query = render::body(query, &context).map_err(|error| wrong(error.to_string()))?;
            let pairs = render::pairs("query", query).map_err(wrong)?;
            if !pairs.is_empty() {
                url.query_pairs_mut().extend_pairs(pairs);
            }
        }
        Ok(Self {
            method,
            url,
            headers: attempt.headers(action, &context)?,
            content: body::render(&request.bodies, &context).map_err(wrong)?,
        })
    }

    /// The request. It goes nowhere but to the hosts of the account.
    pub(super) fn request(self, attempt: &Attempt<'_>) -> Result<Request, Error> {
        let hosts = &attempt.account.hosts;
        if !hosts.iter().any(|host| host.matches(&self.url)) {
            let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            // Of an address that is a secret, not even the host is shown.
            let host = match attempt.call.connector.integration().auth {
                Auth::Url => "the address",
                _ => self.url.host_str().unwrap_or("the address"),
            };
            let problem = format!(
                "{host} is none of the hosts that its secret may be sent to ({}); store the integration again",
                hosts.join(", ")
            );
            return Err(attempt.subject.account(&InvalidAccount::Host(problem)));
        }
        Ok(self.unproven())
    }

    /// The request as it stands, wherever it goes.
    pub(super) fn unproven(self) -> Request {
        let (body, media_type) = self.content.encoded();
        let mut headers = self.headers;
        let is_multipart =
            matches!(&self.content, Content::Bytes { media_type, .. } if media_type.starts_with("multipart/"));
        if let Some(media_type) = media_type
            && (is_multipart || !headers.contains_key(CONTENT_TYPE))
        {
            headers.insert(CONTENT_TYPE, media_type);
        }
        Request {
            method: self.method,
            url: self.url,
            headers,
            body,
            time_limit: REQUEST_TIME_LIMIT,
            answer_limit: LARGEST_ANSWER,
        }
    }
}

impl Attempt<'_> {
    /// The address without the query of the request.
    fn address(&self, action: &Action, inputs: &Map<String, Value>) -> Result<Url, Error> {
        let base_url = action.request.base_url.as_ref();
        let Some(base_url) = base_url.or(self.call.connector.base_url.as_ref()) else {
            return self.secret_url();
        };
        let context = Context::of_values([("integration", self.fields.clone())], self.call.now);
        let unusable = |problem: String| self.subject.account(&InvalidAccount::Host(problem));
        let base_url = render::text("base_url", base_url, &context).map_err(unusable)?;
        let base_url = base_url.unwrap_or_default();
        let path = path::render(&action.request.path, |name| match name {
            Name::Input(name) => inputs.get(name).cloned().unwrap_or_default(),
            Name::Integration(name) => self.fields.get(name).cloned().unwrap_or_default(),
            Name::Key => self.call.idempotency_key.clone().map_or(Value::Null, Value::String),
        });
        let path = path.map_err(|problem| self.subject.input(problem))?;
        // What has a query, or no host, would swallow the path.
        let unreadable = || unusable("its address cannot be read; store the integration again".to_owned());
        let base = Url::parse(&base_url).map_err(|_| unreadable())?;
        if base.query().is_some() || base.fragment().is_some() || base.host_str().is_none() {
            return Err(unreadable());
        }
        let url = format!("{}{path}", base.as_str().trim_end_matches('/'));
        Url::parse(&url).map_err(|_| unreadable())
    }

    fn headers(&self, action: &Action, context: &Context) -> Result<HeaderMap, Error> {
        let wrong = |problem: String| self.subject.input(problem);
        let mut headers = HeaderMap::new();
        let of_integration = Context::of_values([("integration", self.fields.clone())], self.call.now);
        for (name, template) in &self.call.connector.headers {
            let text = render::text(name.as_str(), template, &of_integration).map_err(wrong)?;
            if let Some(text) = text {
                headers.insert(name.clone(), value_of(name.as_str(), &text).map_err(wrong)?);
            }
        }
        if let Some(template) = &action.request.headers {
            let given = render::body(template, context).map_err(|error| wrong(error.to_string()))?;
            for (name, text) in render::pairs("headers", given).map_err(wrong)? {
                let header = HeaderName::try_from(&name);
                let header =
                    header.map_err(|_| wrong(format!("`headers`: `{name:.80}` is not the name of a header")))?;
                if is_set_elsewhere(&header) || self.has_secret(&header) {
                    let problem = format!(
                        "`headers`: `{header}` cannot be set here: the secret of the integration goes there by itself, and the rest is up to \
                         the transport"
                    );
                    return Err(wrong(problem));
                }
                headers.insert(header, value_of(&name, &text).map_err(wrong)?);
            }
        }
        if let (RepeatRule::Header(name), Some(key)) = (&action.repeat, &self.call.idempotency_key) {
            headers.insert(name.clone(), value_of(name.as_str(), key).map_err(wrong)?);
        }
        Ok(headers)
    }
}

/// A text in a header. A line break in it would begin another header.
fn value_of(name: &str, text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| format!("the header `{name:.80}` has a line break or a control character in it"))
}

/// Gives a field of the query this value alone.
pub(super) fn set(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(other, _)| other != name)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair(name, value);
}

/// Gives a field of the query a secret.
pub(super) fn set_query(url: &mut Url, name: &str, secret: &SecretString) {
    set(url, name, secret.expose_secret());
}

//! The type of an integration: how an account on a system proves who asks, what is asked for when one is stored, and where its secret
//! may be sent.

use crate::{
    account::{Account, InvalidAccount},
    call::google,
    host::HostPattern,
};
use data_encoding::BASE64;
use jiff::Timestamp;
use provider::roots::Roots;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use workflow::{
    action::{Pattern, unknown_field},
    template::{Context, Template},
};

/// The longest secret, in bytes: as much as Secrets Manager keeps, with room for what is stored beside it.
const LONGEST_SECRET: usize = 32 * 1024;

/// The longest field, in bytes.
const LONGEST_FIELD: usize = 1024;

/// The field of an account whose system signs what it sends, where `pagerflow` has stored the secret for it. It is set with that secret
/// and never by hand.
pub const SIGNING_SECRET: &str = "signing_secret";

/// The value of that field.
pub const STORED: &str = "stored";

/// The type of the integrations of a connector.
#[derive(Debug, Clone)]
pub struct IntegrationType {
    /// The system, as people call it.
    pub(crate) title: String,
    /// The fields that are asked for beside the secret.
    pub fields: Vec<IntegrationField>,
    /// The words of the prompt for the secret; none where the system needs no secret.
    pub secret: Option<String>,
    /// True if the secret may be left out.
    pub secret_is_optional: bool,
    /// The words of the prompt for the secret with which the system signs what it sends to Pagerflow; none where it sends nothing.
    pub signing_secret: Option<String>,
    pub(crate) auth: Auth,
    /// Templates over the fields.
    pub(crate) hosts: Vec<Template>,
    /// The certificates that a connection trusts in the place of those of the public internet; a template over the fields.
    pub(crate) ca: Option<Template>,
}

/// A field of an integration. It is no secret, and expressions of the connector see it as `integration.NAME`.
#[derive(Debug, Clone)]
pub struct IntegrationField {
    pub name: String,
    /// Its type.
    pub kind: FieldType,
    /// The words of its prompt.
    pub summary: String,
    /// True if it must be given.
    pub required: bool,
    /// A value that shows its form.
    pub example: Option<String>,
    /// The value that it has where none is given.
    pub default: Option<String>,
}

/// The type of a field of an integration.
#[derive(Debug, Clone)]
pub enum FieldType {
    /// One line of text; the whole of it must be of the pattern, if there is one.
    Text { pattern: Option<Pattern> },
    /// One of a few words.
    OneOf(Vec<String>),
    /// Certificates in PEM, or the base64 of that.
    Certificates,
}

/// The way in which a request proves who asks.
#[derive(Debug, Clone)]
pub(crate) enum Auth {
    /// It does not.
    None,
    /// `authorization: Bearer SECRET`.
    Bearer,
    /// `authorization: Basic …` of this user and the secret.
    Basic { user: Template },
    /// A header of this name, with a text before the secret.
    Header { name: Template, prefix: Template },
    /// A field of the query.
    Query { name: String },
    /// The secret is the address itself.
    Url,
    /// An access token that the secret buys.
    ClientCredentials(Box<ClientCredentials>),
    /// An access token that a service account of Google signs for.
    GoogleServiceAccount { scope: Template },
}

/// The grant `client_credentials` of OAuth 2, or one like it.
#[derive(Debug, Clone)]
pub(crate) struct ClientCredentials {
    pub(crate) token_url: Template,
    pub(crate) client_id: Template,
    pub(crate) scope: Option<Template>,
    pub(crate) client_auth: ClientAuth,
    /// Further fields of the form, `grant_type` among them.
    pub(crate) form: BTreeMap<String, Template>,
}

/// The place of the id and the secret of a client of OAuth 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    /// `authorization: Basic …`, which every server of OAuth 2 must take.
    Basic,
    /// The form.
    Body,
}

impl IntegrationType {
    /// The words that say in the file of the connector how a request proves who asks: `bearer`, `basic`, `oauth2_client_credentials`.
    #[must_use]
    pub fn auth(&self) -> &'static str {
        match self.auth {
            Auth::None => "none",
            Auth::Bearer => "bearer",
            Auth::Basic { .. } => "basic",
            Auth::Header { .. } => "header",
            Auth::Query { .. } => "query",
            Auth::Url => "url",
            Auth::ClientCredentials(_) => "oauth2_client_credentials",
            Auth::GoogleServiceAccount { .. } => "google_service_account",
        }
    }

    /// The hosts that the secret may be sent to, as the file of the connector has them: `slack.com`, or `{{ integration.site }}`.
    pub fn written_hosts(&self) -> impl Iterator<Item = String> {
        self.hosts
            .iter()
            .filter_map(|host| Some(host.to_json().as_str()?.to_owned()))
    }

    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&IntegrationField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The account with these fields and this secret, which is empty for none. It renders the hosts.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn account(&self, fields: BTreeMap<String, String>, secret: SecretString) -> Result<Account, InvalidAccount> {
        let fields = self.checked(fields)?;
        let hosts = self.hosts(&fields)?;
        self.roots(&fields)?;
        self.check_secret(&secret, &hosts)?;
        Ok(Account { fields, hosts, secret })
    }

    fn checked(&self, mut given: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, InvalidAccount> {
        let mut fields = BTreeMap::new();
        if self.signing_secret.is_some() && given.get(SIGNING_SECRET).is_some_and(|value| value == STORED) {
            fields.extend(given.remove_entry(SIGNING_SECRET));
        }
        for field in &self.fields {
            match given.remove(&field.name).or_else(|| field.default.clone()) {
                Some(value) if value.is_empty() && field.required => return Err(InvalidAccount::missing(field)),
                Some(value) => {
                    field.check(&value).map_err(|problem| InvalidAccount::Field {
                        name: field.name.clone(),
                        problem,
                    })?;
                    fields.insert(field.name.clone(), value);
                }
                None if field.required => return Err(InvalidAccount::missing(field)),
                None => {}
            }
        }
        match given.keys().next() {
            None => Ok(fields),
            Some(name) if self.fields.is_empty() => Err(InvalidAccount::Unknown(format!(
                "`{name:.80}` is not known; an integration of {} has no fields",
                self.title
            ))),
            Some(name) => Err(InvalidAccount::Unknown(unknown_field(
                name,
                self.fields.iter().map(|field| field.name.as_str()),
            ))),
        }
    }

    fn hosts(&self, fields: &BTreeMap<String, String>) -> Result<Vec<HostPattern>, InvalidAccount> {
        let context = Context::of_values([("integration", self.seen(fields))], Timestamp::UNIX_EPOCH);
        let host = |template: &Template| {
            let text = match template.evaluate(&context) {
                Ok(Value::String(text)) => text,
                Ok(_) => return Err(InvalidAccount::Host("it is not text".to_owned())),
                Err(error) => return Err(InvalidAccount::Host(error.to_string())),
            };
            let pattern: HostPattern = text.parse().map_err(|_| {
                InvalidAccount::Host(
                    "write the name of a host alone, such as `api.example.com`, without `https://` and without a path"
                        .to_owned(),
                )
            })?;
            // Only who writes the connector may mean more than one host.
            match pattern.is_open() && !matches!(template, Template::Literal(_)) && !is_open_as_written(template) {
                true => Err(InvalidAccount::Host("a field must not have a `*` in it".to_owned())),
                false => Ok(pattern),
            }
        };
        self.hosts.iter().map(host).collect()
    }

    /// The certificates that a connection for an account with these fields trusts in the place of those of the public internet; none where
    /// it trusts those.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn roots(&self, fields: &BTreeMap<String, String>) -> Result<Option<Roots>, InvalidAccount> {
        let Some(template) = &self.ca else {
            return Ok(None);
        };
        let context = Context::of_values([("integration", self.seen(fields))], Timestamp::UNIX_EPOCH);
        match template.evaluate(&context) {
            Ok(Value::Null) => Ok(None),
            Ok(Value::String(text)) => certificates(&text).map(Some).map_err(InvalidAccount::Certificates),
            Ok(_) => Err(InvalidAccount::Certificates("they are not text".to_owned())),
            Err(error) => Err(InvalidAccount::Certificates(error.to_string())),
        }
    }

    fn check_secret(&self, secret: &SecretString, hosts: &[HostPattern]) -> Result<(), InvalidAccount> {
        let text = secret.expose_secret();
        let Some(words) = &self.secret else {
            return match text.is_empty() {
                true => Ok(()),
                false => Err(InvalidAccount::NeedlessSecret(self.title.clone())),
            };
        };
        if text.is_empty() {
            return match self.secret_is_optional {
                true => Ok(()),
                false => Err(InvalidAccount::NoSecret(words.clone())),
            };
        }
        if text.len() > LONGEST_SECRET {
            return Err(InvalidAccount::Secret("is longer than 32 KB"));
        }
        match &self.auth {
            Auth::GoogleServiceAccount { .. } => google::Key::read(text).map(|_| ()).map_err(InvalidAccount::Secret),
            Auth::Url => {
                let url = Url::parse(text)
                    .map_err(|_| InvalidAccount::Secret("is not an address; it begins with https://"))?;
                match hosts.iter().any(|host| host.matches(&url)) {
                    true => Ok(()),
                    false => Err(InvalidAccount::Secret(
                        "is an address of another host than those that the connector names, or does not begin with https://",
                    )),
                }
            }
            // A password may have any characters but those that no prompt gives.
            Auth::Basic { .. } | Auth::ClientCredentials(_) | Auth::Query { .. } => {
                match text.contains(char::is_control) {
                    true => Err(InvalidAccount::Secret(
                        "has a line break or a control character in it; store it again",
                    )),
                    false => Ok(()),
                }
            }
            Auth::None | Auth::Bearer | Auth::Header { .. } => {
                match text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') && text.trim() == text {
                    true => Ok(()),
                    false => Err(InvalidAccount::Secret(
                        "has a line break, a space at its end, or another character that cannot stand in a header; store it again",
                    )),
                }
            }
        }
    }

    /// Fields as an integration could have them: each that it must have, with its default or its example.
    #[must_use]
    pub fn sample_fields(&self) -> BTreeMap<String, String> {
        let required = self.fields.iter().filter(|field| field.required);
        let sample = |field: &IntegrationField| {
            let word = match &field.kind {
                FieldType::OneOf(words) => words.first(),
                FieldType::Text { .. } | FieldType::Certificates => None,
            };
            let value = field.default.as_ref().or(field.example.as_ref()).or(word);
            (field.name.clone(), value.unwrap_or(&field.name).clone())
        };
        let signing_secret = self.signing_secret.as_ref();
        let signing_secret = signing_secret.map(|_| (SIGNING_SECRET.to_owned(), STORED.to_owned()));
        required.map(sample).chain(signing_secret).collect()
    }

    /// The fields as expressions see them: each that is declared, null where there is none.
    pub(crate) fn seen(&self, fields: &BTreeMap<String, String>) -> Value {
        let each = self.fields.iter().map(|field| {
            let value = fields.get(&field.name).or(field.default.as_ref());
            (
                field.name.clone(),
                value.map_or(Value::Null, |value| value.as_str().into()),
            )
        });
        let signing_secret = self.signing_secret.as_ref().map(|_| {
            let value = fields.get(SIGNING_SECRET);
            let value = value.map_or(Value::Null, |value| value.as_str().into());
            (SIGNING_SECRET.to_owned(), value)
        });
        Value::Object(each.chain(signing_secret).collect::<Map<_, _>>())
    }
}

/// Reads certificates: PEM, or the base64 of that, as the configuration of `kubectl` has it.
fn certificates(text: &str) -> Result<Roots, String> {
    let decoded = match text.contains("-----BEGIN") {
        true => None,
        false => BASE64.decode(text.trim().as_bytes()).ok(),
    };
    let pem = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let roots = pem.as_deref().unwrap_or(text).parse::<Roots>();
    roots.map_err(|error| error.to_string())
}

/// True if a template has the star itself.
fn is_open_as_written(template: &Template) -> bool {
    template.to_json().as_str().is_some_and(|text| text.starts_with("*."))
}

impl IntegrationField {
    /// Checks a value.
    ///
    /// # Errors
    /// The end of a sentence that begins with its name.
    pub fn check(&self, value: &str) -> Result<(), String> {
        if matches!(self.kind, FieldType::Certificates) {
            return certificates(value).map(|_| ());
        }
        if value.len() > LONGEST_FIELD {
            return Err(format!("is longer than {LONGEST_FIELD} bytes"));
        }
        if value.contains(char::is_control) {
            return Err("has a line break or a control character in it".to_owned());
        }
        match &self.kind {
            FieldType::Text { pattern: Some(pattern) } if !pattern.is_match(value) => Err(match &self.example {
                Some(example) => format!("is not of the form that it has; for example: {example}"),
                None => format!("is not of the form that it has: {}", self.summary),
            }),
            FieldType::OneOf(words) if !words.iter().any(|word| word == value) => {
                Err(format!("must be one of {}", words.join(", ")))
            }
            FieldType::Text { .. } | FieldType::OneOf(_) | FieldType::Certificates => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

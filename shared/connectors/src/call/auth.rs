//! The proof of who asks: where the secret goes in a request.

use super::{Attempt, exchange::Exchange, google, hide::Hidden, render, tokens::AccountKey};
use crate::{
    account::InvalidAccount,
    connector::ErrorRules,
    error::{Error, Refusal},
    integration::{Auth, ClientAuth, ClientCredentials},
};
use data_encoding::BASE64;
use provider::{transport::Request, verdict::Effect};
use reqwest::{
    Method, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::LazyLock;
use workflow::template::{Context, Template};

/// The time that a token holds where the system does not say, in seconds.
const HOLDS_SECONDS: i64 = 300;

/// The largest answer with a token, in bytes.
const LARGEST_TOKEN_ANSWER: usize = 64 * 1024;

/// Errors of what gives out tokens: RFC 6749, section 5.2.
static TOKEN_ERRORS: LazyLock<ErrorRules> = LazyLock::new(|| {
    let template = |source| Some(Template::from_text(source).ok()?.null_where_missing());
    ErrorRules {
        code: template("{{ body.error }}"),
        message: template("{{ body.error_description }}"),
        ..ErrorRules::default()
    }
});

/// The proof of who asks, and what of it must not be shown.
pub(super) struct Proof {
    pub(super) goes: Goes,
    pub(super) hidden: Hidden,
    /// The access token, if it is one that was remembered. A system may have taken it back.
    pub(super) remembered: Option<SecretString>,
}

/// The place of a proof in a request.
pub(super) enum Goes {
    Nowhere,
    Header(HeaderName, HeaderValue),
    Query(String, SecretString),
}

impl Attempt<'_> {
    /// The secret; an error where it is missing.
    fn secret(&self) -> Result<&str, Error> {
        let secret = self.account.secret.expose_secret();
        match secret.is_empty() {
            false => Ok(secret),
            true => {
                let words = self.call.connector.integration().secret.clone().unwrap_or_default();
                Err(self.subject.account(&InvalidAccount::NoSecret(words)))
            }
        }
    }

    /// A template over the fields of the integration.
    fn of_integration(&self, what: &str, template: &Template) -> Result<String, Error> {
        let context = Context::of_values([("integration", self.fields.clone())], self.call.now);
        let text = render::text(what, template, &context).map_err(|problem| {
            self.subject.account(&InvalidAccount::Field {
                name: what.to_owned(),
                problem,
            })
        })?;
        Ok(text.unwrap_or_default())
    }

    /// The address that is the secret.
    pub(super) fn secret_url(&self) -> Result<Url, Error> {
        // The parser's error could not tell more without the secret.
        Url::parse(self.secret()?).map_err(|_| {
            self.subject
                .account(&InvalidAccount::Secret("is not an address; store it again"))
        })
    }

    /// The proof for a request.
    pub(super) async fn proof(&self) -> Result<Proof, Error> {
        let integration = self.call.connector.integration();
        let plain = |goes, hidden: Vec<String>| Proof {
            goes,
            hidden: Hidden::of(hidden),
            remembered: None,
        };
        if integration.secret_is_optional && self.account.secret.expose_secret().is_empty() {
            return Ok(plain(Goes::Nowhere, Vec::new()));
        }
        match &integration.auth {
            Auth::None => Ok(plain(Goes::Nowhere, Vec::new())),
            Auth::Bearer => {
                let secret = self.secret()?;
                let header = self.sensitive(&format!("Bearer {secret}"))?;
                Ok(plain(Goes::Header(AUTHORIZATION, header), vec![secret.to_owned()]))
            }
            Auth::Basic { user } => {
                let secret = self.secret()?;
                let user = self.of_integration("user", user)?;
                let pair = BASE64.encode(format!("{user}:{secret}").as_bytes());
                let header = self.sensitive(&format!("Basic {pair}"))?;
                Ok(plain(
                    Goes::Header(AUTHORIZATION, header),
                    vec![secret.to_owned(), pair],
                ))
            }
            Auth::Header { name, prefix } => {
                let secret = self.secret()?;
                let name = self.header_of_auth(name)?;
                let header = self.sensitive(&format!("{}{secret}", self.of_integration("prefix", prefix)?))?;
                Ok(plain(Goes::Header(name, header), vec![secret.to_owned()]))
            }
            Auth::Query { name } => {
                let secret = self.secret()?;
                let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
                let goes = Goes::Query(name.clone(), secret.into());
                Ok(plain(goes, vec![secret.to_owned(), encoded]))
            }
            Auth::Url => {
                let (secret, url) = (self.secret()?, self.secret_url()?);
                let hidden = vec![secret.to_owned(), url.to_string(), url.path().to_owned()];
                // Of a path of one letter nothing could be hidden, and none is a secret.
                let hidden = hidden.into_iter().filter(|text| text.len() > "/".len()).collect();
                Ok(plain(Goes::Nowhere, hidden))
            }
            Auth::ClientCredentials(credentials) => self.bearer(self.client_token(credentials)).await,
            Auth::GoogleServiceAccount { scope } => self.bearer(self.google_token(scope)).await,
        }
    }

    /// The header that has the secret.
    fn header_of_auth(&self, name: &Template) -> Result<HeaderName, Error> {
        let name = self.of_integration("header", name)?;
        HeaderName::try_from(name).map_err(|_| {
            self.subject.account(&InvalidAccount::Field {
                name: "header".to_owned(),
                problem: "is not the name of a header".to_owned(),
            })
        })
    }

    /// True if this header has the secret, so that no input can set it.
    pub(super) fn has_secret(&self, header: &HeaderName) -> bool {
        match &self.call.connector.integration().auth {
            Auth::Header { name, .. } => self.header_of_auth(name).is_ok_and(|name| name == *header),
            _ => false,
        }
    }

    fn sensitive(&self, text: &str) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::try_from(text).map_err(|_| {
            self.subject.account(&InvalidAccount::Secret(
                "has a line break or another character that cannot stand in a header; store it again",
            ))
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Forgets the access token of the account.
    pub(super) fn forget(&self, token: &SecretString) {
        self.tokens.forget(&self.account_key(), token);
    }

    fn account_key(&self) -> AccountKey {
        AccountKey::of(
            self.call.connector.name().as_str(),
            &self.call.connector.integration().auth,
            self.account,
        )
    }

    /// An access token: the one that is remembered, or a new one.
    async fn bearer(&self, new: impl Future<Output = Result<(SecretString, i64), Error>>) -> Result<Proof, Error> {
        let key = self.account_key();
        let remembered = self.tokens.get(&key, self.call.now);
        let token = match &remembered {
            Some(token) => token.clone(),
            None => {
                let (token, seconds) = new.await?;
                self.tokens.remember(key, token.clone(), seconds, self.call.now);
                token
            }
        };
        let header = self.sensitive(&format!("Bearer {}", token.expose_secret()))?;
        let hidden = [token.expose_secret(), self.account.secret.expose_secret()].map(str::to_owned);
        Ok(Proof {
            goes: Goes::Header(AUTHORIZATION, header),
            hidden: Hidden::of(hidden),
            remembered,
        })
    }

    /// An access token for a client of OAuth 2, and how many seconds it holds.
    async fn client_token(&self, credentials: &ClientCredentials) -> Result<(SecretString, i64), Error> {
        let secret = self.secret()?;
        let client_id = self.of_integration("client_id", &credentials.client_id)?;
        let mut form = Vec::new();
        for (name, template) in &credentials.form {
            form.push((name.as_str(), self.of_integration(name, template)?));
        }
        if let Some(scope) = &credentials.scope {
            form.push(("scope", self.of_integration("scope", scope)?));
        }
        let mut headers = HeaderMap::new();
        let mut hidden = vec![secret.to_owned()];
        match credentials.client_auth {
            ClientAuth::Basic => {
                // RFC 6749, section 2.3.1: both are encoded as fields of a form are.
                let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = BASE64.encode(format!("{}:{}", encode(&client_id), encode(secret)).as_bytes());
                headers.insert(AUTHORIZATION, self.sensitive(&format!("Basic {pair}"))?);
                hidden.push(pair);
            }
            ClientAuth::Body => {
                form.push(("client_id", client_id));
                form.push(("client_secret", secret.to_owned()));
            }
        }
        let url = self.of_integration("token_url", &credentials.token_url)?;
        let url = Url::parse(&url)
            .ok()
            .filter(|url| self.account.hosts.iter().any(|host| host.matches(url)));
        let Some(url) = url else {
            let problem =
                "`token_url` is at none of the hosts that its secret may be sent to; store the integration again";
            return Err(self.subject.account(&InvalidAccount::Host(problem.to_owned())));
        };
        self.token(url, headers, &form, hidden).await
    }

    /// An access token for a service account of Google, and how many seconds it holds.
    async fn google_token(&self, scope: &Template) -> Result<(SecretString, i64), Error> {
        let unusable = |problem| self.subject.account(&InvalidAccount::Secret(problem));
        let key = google::Key::read(self.secret()?).map_err(unusable)?;
        let scope = self.of_integration("scope", scope)?;
        let assertion = key.assertion(&scope, self.call.now);
        let assertion = assertion.ok_or_else(|| unusable("has a private key that cannot sign"))?;
        let url = Url::parse(google::TOKEN_URL).map_err(|_| unusable("cannot be used"))?;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()),
            ("assertion", assertion.clone()),
        ];
        self.token(url, HeaderMap::new(), &form, vec![assertion]).await
    }

    /// Asks for an access token. That changes nothing in the account, so without an answer it can be done again.
    async fn token(
        &self,
        url: Url,
        mut headers: HeaderMap,
        form: &[(&str, String)],
        hidden: Vec<String>,
    ) -> Result<(SecretString, i64), Error> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let request = Request {
            method: Method::POST,
            url,
            headers,
            body: body.finish().into_bytes(),
            time_limit: self
                .deadline
                .time_limit()
                .map_err(|missed| self.subject.missed(missed))?,
            answer_limit: LARGEST_TOKEN_ANSWER,
        };
        let hidden = Hidden::of(hidden);
        let exchange = Exchange {
            errors: &TOKEN_ERRORS,
            ..self.exchange(&hidden, Effect::Read)
        };
        let answered = match exchange.send(self.transport, request).await {
            // RFC 6749, section 5.2: a client that is not known gets 400 or 401, and one that may not do this gets 400.
            Err(Error::InvalidRequest(refusal) | Error::Forbidden(refusal)) => {
                return Err(Error::Unauthorized(of_token(refusal)));
            }
            Err(Error::Unauthorized(refusal)) => return Err(Error::Unauthorized(of_token(refusal))),
            answered => answered?,
        };
        let answered = answered.body;
        let token = answered.get("access_token").and_then(Value::as_str).unwrap_or_default();
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(exchange.unreadable("it has no access token"));
        }
        let seconds = match answered.get("expires_in") {
            Some(Value::Number(seconds)) => seconds.as_i64(),
            Some(Value::String(seconds)) => seconds.parse().ok(),
            _ => None,
        };
        Ok((token.into(), seconds.unwrap_or(HOLDS_SECONDS)))
    }
}

/// The refusal of an access token, which people could take for one of the action.
fn of_token(mut refusal: Box<Refusal>) -> Box<Refusal> {
    let told = match refusal.message.take() {
        Some(message) => format!("no access token was given: {message}"),
        None => "no access token was given".to_owned(),
    };
    refusal.message = Some(told);
    refusal
}

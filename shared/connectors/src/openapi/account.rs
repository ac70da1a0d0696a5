//! Servers and security schemes, from which the integration is made.

use std::collections::BTreeSet;

use reqwest::Url;
use serde_json::Value;

use super::{
    Fit, Remark,
    action::{address, shown},
    document::{Document, Operation},
    input::is_constant,
    names::Taken,
    words,
    yaml::Node,
};

/// The part of a connector that is about accounts.
#[derive(Debug, Default, Clone)]
pub(super) struct Account {
    /// The address that paths are put behind, with `{{ integration.x }}` in it.
    pub(super) base_url: String,
    /// The hosts that requests go to.
    pub(super) hosts: Vec<String>,
    pub(super) fields: Vec<Field>,
    pub(super) auth: Auth,
    /// The address as the document has it.
    server: Option<String>,
    pub(super) remarks: Vec<Remark>,
}

/// A field of the integration.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) summary: String,
    /// The words that it can be; empty for any text.
    pub(super) words: Vec<String>,
    pub(super) default: Option<String>,
    pub(super) example: Option<String>,
}

/// The way in which a request proves who asks.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Auth {
    None,
    #[default]
    Bearer,
    Basic,
    Header(String),
    Query(String),
    ClientCredentials {
        token_url: String,
        scope: String,
    },
}

impl Auth {
    /// The words of the prompt for the secret.
    pub(super) fn secret(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Bearer => Some("the access token"),
            Self::Basic => Some("the password or API token of that user"),
            Self::Header(_) | Self::Query(_) => Some("the API key"),
            Self::ClientCredentials { .. } => Some("the client secret"),
        }
    }
}

impl Account {
    /// True if the secret is in this header, in lower case.
    pub(super) fn is_header_of_auth(&self, header: &str) -> bool {
        match &self.auth {
            Auth::Header(name) => name.eq_ignore_ascii_case(header) || header == "authorization",
            _ => header == "authorization",
        }
    }

    /// True if the secret is in this field of the query.
    pub(super) fn is_query_of_auth(&self, field: &str) -> bool {
        matches!(&self.auth, Auth::Query(name) if name == field)
    }

    /// A remark if an operation has a server of its own.
    pub(super) fn other_server(&self, document: &Document<'_>, operation: &Operation<'_>) -> Option<String> {
        let server = own_server(document, operation)?;
        (self.server.as_deref().map(without_scheme) != Some(without_scheme(&server))).then(|| {
            format!(
                "it has a server of its own, `{}`; give its request a `base_url`",
                shown(&server)
            )
        })
    }

    fn remark(&mut self, fit: Fit, text: impl Into<String>) {
        self.remarks.push(Remark {
            operation: None,
            text: text.into(),
            fit,
        });
    }
}

fn without_scheme(server: &str) -> &str {
    let server = server.trim().trim_end_matches('/');
    server.split_once("//").map_or(server, |(_, rest)| rest)
}

fn own_server(document: &Document<'_>, operation: &Operation<'_>) -> Option<String> {
    servers_of(document, operation)?
        .first()?
        .get("url")?
        .as_str()
        .map(str::to_owned)
}

fn servers_of<'a>(document: &Document<'a>, operation: &Operation<'a>) -> Option<&'a [Value]> {
    let of = |value| Some(document.list(value, "servers")).filter(|servers| !servers.is_empty());
    of(operation.value).or_else(|| of(operation.shared))
}

/// Makes it of the servers and security schemes that the operations use.
pub(super) fn of(document: &Document<'_>, operations: &[Operation<'_>]) -> Account {
    let mut account = Account::default();
    let mut taken = Taken::default();
    server(document, operations, &mut account, &mut taken);
    security(document, operations, &mut account, &mut taken);
    account
}

/// The placeholder for an address that the document does not have.
const HOST: &str = "{{ integration.host }}";

fn server(document: &Document<'_>, operations: &[Operation<'_>], account: &mut Account, taken: &mut Taken) {
    // Where all operations have the same server of their own, it is the one that is meant.
    let own = operations.first().and_then(|operation| servers_of(document, operation));
    let is_shared = operations
        .iter()
        .all(|operation| servers_of(document, operation) == own);
    let servers = own
        .filter(|_| is_shared)
        .unwrap_or_else(|| document.list(document.root, "servers"));
    let server = servers
        .iter()
        .find(|server| {
            server
                .get("url")
                .and_then(Value::as_str)
                .is_some_and(|url| url.starts_with("https://"))
        })
        .or_else(|| {
            servers
                .iter()
                .find(|server| server.get("url").is_some_and(Value::is_string))
        });
    let url = match (document.is_swagger, server) {
        (true, _) => {
            let text = |name: &str| document.root.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("https://{}{}", text("host"), text("basePath"))
        }
        (false, Some(server)) => server.get("url").and_then(Value::as_str).unwrap_or_default().to_owned(),
        // Every operation may have its own.
        (false, None) => operations
            .first()
            .and_then(|operation| own_server(document, operation))
            .unwrap_or_default(),
    };
    let url = url.trim().to_owned();
    account.server = Some(url.clone());
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("//"));
    let rest = match (rest, url.strip_prefix("http://")) {
        (Some(rest), _) => rest,
        (None, Some(rest)) => {
            account.remark(
                Fit::Typed,
                "the document has an address with `http://`; requests are sent by https",
            );
            rest
        }
        // A path on the server that the document is from, or something with a variable in front.
        (None, None) => url.split_once("://").map_or(url.as_str(), |(_, rest)| rest),
    };
    let (host, path) = rest
        .split_once('/')
        .map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let mut fill = |text: &str, account: &mut Account| filled(text, server, account, taken);
    let host = fill(host, account);
    let path = fill(path.trim_end_matches('/'), account);
    let path = path.split(['?', '#']).next().unwrap_or_default().to_owned();
    let path = match can_be_sent(&path) {
        true => path,
        false => {
            account.remark(
                Fit::Part,
                format!("the path `{}` of the server is left out", shown(&path)),
            );
            String::new()
        }
    };
    let is_literal = !host.contains("{{");
    let is_host = match is_literal {
        true => host.parse::<crate::HostPattern>().is_ok(),
        false => literals(&host)
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-:_".contains(c)),
    };
    let looks_made_up = ["your", "example", "localhost", ".local", "<", "yourdomain"]
        .iter()
        .any(|word| host.contains(word));
    let host = match (is_literal && looks_made_up) || !is_host {
        false => host,
        true => {
            let example = Some(host).filter(|host| host.parse::<crate::HostPattern>().is_ok());
            account.fields.push(Field {
                name: taken.take("host", "server"),
                summary: "the host, without https:// and without a path".to_owned(),
                words: Vec::new(),
                default: None,
                example,
            });
            HOST.to_owned()
        }
    };
    account.base_url = format!("https://{host}{path}");
    account.hosts.push(host);
}

/// True if a path, in which there may be fields, has only characters that stand in one.
fn can_be_sent(path: &str) -> bool {
    literals(path)
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/-._~!$&'()*+,;=:@".contains(c))
}

/// The text between the fields.
fn literals(text: &str) -> String {
    let mut rest = text;
    let mut literals = String::new();
    while let Some((literal, behind)) = rest.split_once("{{ ") {
        literals.push_str(literal);
        rest = behind.split_once(" }}").map_or("", |(_, rest)| rest);
    }
    literals.push_str(rest);
    literals
}

/// A text of a server with its variables as fields of the integration.
fn filled(text: &str, server: Option<&Value>, account: &mut Account, taken: &mut Taken) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((literal, behind)) = rest.split_once('{') {
        let Some((name, behind)) = behind.split_once('}') else {
            break;
        };
        filled.push_str(&literal.replace('}', ""));
        let variable = server.and_then(|server| server.get("variables")?.get(name));
        let text = |word: &str| variable.and_then(|variable| variable.get(word)).and_then(Value::as_str);
        let default = text("default")
            .filter(|default| is_constant(default))
            .map(str::to_owned);
        let words = variable
            .and_then(|variable| variable.get("enum"))
            .and_then(Value::as_array);
        let mut words: Vec<String> = words
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|word| is_constant(word))
            .map(str::to_owned)
            .collect();
        let mut seen = BTreeSet::new();
        words.retain(|word| seen.insert(word.clone()));
        let looks_made_up = default
            .as_ref()
            .is_some_and(|default| default.contains("your") || default.contains("example"));
        let fits = default
            .as_ref()
            .is_some_and(|default| words.is_empty() || words.contains(default));
        let (default, example) = match (looks_made_up, fits) {
            (true, true) => (None, default),
            (false, true) => (default, None),
            (_, false) => (None, None),
        };
        let field = taken.take(name, "server");
        filled.push_str(&format!("{{{{ integration.{field} }}}}"));
        account.fields.push(Field {
            summary: variable
                .and_then(|variable| words::line(variable, "description"))
                .unwrap_or_else(|| format!("the part `{}` of the address", shown(name))),
            name: field,
            words: words.into_iter().take(100).collect(),
            default,
            example,
        });
        rest = behind;
    }
    filled.push_str(&rest.replace(['{', '}'], ""));
    filled
}

fn security(document: &Document<'_>, operations: &[Operation<'_>], account: &mut Account, taken: &mut Taken) {
    let schemes: Vec<(&str, &Value)> = match document.is_swagger {
        true => document.map(document.root, "securityDefinitions").collect(),
        false => document
            .root
            .get("components")
            .map(|components| document.map(components, "securitySchemes").collect())
            .unwrap_or_default(),
    };
    let schemes: Vec<(&str, &Value)> = schemes
        .into_iter()
        .map(|(name, scheme)| (name, document.resolve(scheme)))
        .collect();
    let required = requirements(document, operations);
    // Where nothing is required, what is there is meant.
    let sets: Vec<Vec<&str>> = match required.is_empty() {
        true => schemes.iter().map(|(name, _)| vec![*name]).collect(),
        false => required,
    };
    let best = sets
        .iter()
        .filter_map(|set| {
            let of = |name: &&str| {
                schemes
                    .iter()
                    .find(|(known, _)| known == name)
                    .and_then(|(_, scheme)| auth(scheme, name))
            };
            let known: Vec<Found> = set.iter().filter_map(of).collect();
            let first = known.into_iter().min_by_key(|found| found.rank)?;
            Some((set.len(), first))
        })
        .min_by_key(|(count, found)| (*count, found.rank));
    match best {
        Some((count, found)) => {
            if count > 1 {
                account.remark(
                    Fit::Part,
                    "requests have to prove who asks in more than one way, and an integration has one secret",
                );
            }
            if let Some(remark) = found.remark {
                account.remark(Fit::Typed, remark);
            }
            account.auth = found.auth;
        }
        None if sets.iter().any(|set| !set.is_empty()) => {
            account.remark(
                Fit::Part,
                "the document has no way to prove who asks that is known here; `bearer` stands in its place",
            );
            account.auth = Auth::Bearer;
        }
        None if sets.is_empty() => {
            account.remark(
                Fit::Typed,
                "the document does not say how a request proves who asks; `bearer` is a guess",
            );
            account.auth = Auth::Bearer;
        }
        // An empty requirement: no secret is needed.
        None => account.auth = Auth::None,
    }
    match &account.auth {
        Auth::Basic => account.fields.push(field("user", "the user name", taken)),
        Auth::ClientCredentials { token_url, .. } => {
            let host = Url::parse(token_url)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned));
            account.fields.push(field("client_id", "the client id", taken));
            account.hosts.extend(host.filter(|host| !account.hosts.contains(host)));
        }
        _ => {}
    }
}

fn field(name: &str, summary: &str, taken: &mut Taken) -> Field {
    Field {
        name: taken.take(name, "account"),
        summary: summary.to_owned(),
        words: Vec::new(),
        default: None,
        example: None,
    }
}

/// The sets of schemes that are required: those of the document, or those that the operations have instead.
fn requirements<'a>(document: &Document<'a>, operations: &[Operation<'a>]) -> Vec<Vec<&'a str>> {
    let of = |value: &'a Value| {
        let sets = value.get("security")?.as_array()?;
        let names = |set: &'a Value| set.as_object().map(|set| set.keys().map(String::as_str).collect());
        Some(sets.iter().filter_map(names).collect::<Vec<Vec<&str>>>())
    };
    let own = operations
        .iter()
        .filter_map(|operation| of(operation.value))
        .find(|sets| !sets.is_empty());
    own.or_else(|| of(document.root)).unwrap_or_default()
}

struct Found {
    auth: Auth,
    /// The lower the better.
    rank: u8,
    remark: Option<String>,
}

fn auth(scheme: &Value, name: &str) -> Option<Found> {
    let text = |word: &str| scheme.get(word).and_then(Value::as_str).unwrap_or_default();
    let found = |auth, rank| {
        Some(Found {
            auth,
            rank,
            remark: None,
        })
    };
    let says_bearer = name.to_lowercase().contains("bearer") || text("description").to_lowercase().contains("bearer");
    match (text("type"), text("scheme").to_lowercase().as_str(), text("in")) {
        ("http", "bearer", _) => found(Auth::Bearer, 0),
        ("http", "basic", _) | ("basic", _, _) => found(Auth::Basic, 1),
        ("apiKey", _, "header") if text("name").eq_ignore_ascii_case("authorization") && says_bearer => {
            found(Auth::Bearer, 0)
        }
        ("apiKey", _, "header") => {
            let header = text("name").to_ascii_lowercase();
            reqwest::header::HeaderName::try_from(header.as_str()).ok()?;
            let remark = (header == "authorization").then(|| {
                "the secret is the whole of the header `authorization`; give `prefix` if a word such as `Token` stands before it".to_owned()
            });
            Some(Found {
                auth: Auth::Header(header),
                rank: 2,
                remark,
            })
        }
        ("apiKey", _, "query") => {
            let field = text("name");
            is_constant(field).then_some(())?;
            found(Auth::Query(field.to_owned()), 3)
        }
        ("oauth2", ..) => {
            let flow = scheme
                .pointer("/flows/clientCredentials")
                .or_else(|| (text("flow") == "application").then_some(scheme));
            let token_url = flow.and_then(|flow| flow.get("tokenUrl")).and_then(address);
            match token_url.filter(|url| Url::parse(url).is_ok_and(|url| url.query().is_none())) {
                Some(token_url) => found(
                    Auth::ClientCredentials {
                        token_url,
                        scope: String::new(),
                    },
                    4,
                ),
                None => Some(Found {
                    auth: Auth::Bearer,
                    rank: 5,
                    remark: Some("the document has OAuth 2 with a login, which cannot be done here; an access token is the secret".to_owned()),
                }),
            }
        }
        ("openIdConnect", ..) => found(Auth::Bearer, 6),
        _ => None,
    }
}

/// The fields of `integration`, as the file has them.
impl Account {
    pub(super) fn node(&self) -> Node {
        let auth = match &self.auth {
            Auth::None => Node::text("none"),
            Auth::Bearer => Node::text("bearer"),
            Auth::Basic => Node::flow([("basic", Node::flow([("user", self.field_of("user"))]))]),
            Auth::Header(name) => Node::flow([("header", Node::flow([("name", Node::text(name))]))]),
            Auth::Query(name) => Node::flow([("query", Node::flow([("name", Node::text(name))]))]),
            Auth::ClientCredentials { token_url, .. } => Node::map([(
                "oauth2_client_credentials",
                Node::map([
                    ("token_url", Node::text(token_url)),
                    ("client_id", self.field_of("client_id")),
                ]),
            )]),
        };
        let mut node = vec![("auth".to_owned(), auth)];
        if let Some(secret) = self.auth.secret() {
            node.push(("secret".to_owned(), Node::text(secret)));
        }
        if !self.fields.is_empty() {
            let fields = self.fields.iter().map(|field| (field.name.clone(), field.node()));
            node.push(("fields".to_owned(), Node::Map(fields.collect())));
        }
        let hosts = self.hosts.iter().map(|host| Node::text(host)).collect();
        node.push(("hosts".to_owned(), Node::List(hosts)));
        Node::Map(node)
    }

    /// The expression for the field that was made for something; another one of the document may have had the name.
    fn field_of(&self, name: &str) -> Node {
        let found = self.fields.iter().rev().find(|field| field.name.ends_with(name));
        Node::expression(&format!(
            "integration.{}",
            found.map_or(name, |field| field.name.as_str())
        ))
    }
}

impl Field {
    fn node(&self) -> Node {
        let of_type = match self.words.is_empty() {
            true => Node::text("text"),
            false => Node::one_of(&self.words),
        };
        let mut node = vec![("type".to_owned(), of_type)];
        if self.default.is_none() {
            node.push(("required".to_owned(), Node::Plain("true".to_owned())));
        }
        if let Some(default) = &self.default {
            node.push(("default".to_owned(), Node::text(default)));
        }
        node.push(("summary".to_owned(), Node::text(&self.summary)));
        if let Some(example) = &self.example {
            node.push(("example".to_owned(), Node::text(example)));
        }
        Node::Flow(node)
    }
}

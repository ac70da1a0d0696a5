//! `integration`: how a request proves who asks, and what is asked for when an account is stored.

use super::{
    MOST_FIELDS,
    scope::{Scope, Sight},
    value,
};
use crate::{
    host::HostPattern,
    integration::{Auth, ClientAuth, ClientCredentials, FieldType, IntegrationField, IntegrationType, SIGNING_SECRET},
};
use reqwest::{Url, header::HeaderName};
use serde_json::Value;
use std::collections::BTreeMap;
use workflow::{
    action::unknown_field,
    document::{self, Content, Fields, Node, Path, ProblemSink, Problems},
    template::Template,
};

/// The most hosts of a connector.
const MOST_HOSTS: usize = 20;

/// The words of `auth`, those with fields of their own last.
const AUTHS: [&str; 8] = [
    "none",
    "bearer",
    "basic",
    "header",
    "query",
    "url",
    "oauth2_client_credentials",
    "google_service_account",
];

impl IntegrationType {
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let signing_secret = self.signing_secret.as_ref().map(|_| SIGNING_SECRET);
        self.fields
            .iter()
            .map(|field| field.name.as_str())
            .chain(signing_secret)
    }
}

pub(super) fn read(
    node: &Node,
    path: Path<'_>,
    title: Option<&str>,
    problems: &mut Problems,
) -> Option<IntegrationType> {
    let mut fields = Fields::of(node, &path, problems)?;
    let own = fields.read("fields", own_fields, problems);
    let own = own.unwrap_or_default();
    let signing_secret = fields.read(SIGNING_SECRET, value::line, problems);
    if let (Some(_), Some(field)) = (&signing_secret, own.iter().find(|field| field.name == SIGNING_SECRET)) {
        let message = format!(
            "cannot be called `{}`, which says whether the signing secret is stored",
            field.name
        );
        problems.problem(node.at, path.field("fields"), message);
    }
    let known: Vec<&str> = own.iter().map(|field| field.name.as_str()).collect();
    let scope = Scope::new(Sight::Integration, &[], &known);
    let auth = fields.required("auth", "how a request proves who asks", problems);
    let auth = auth.and_then(|node| auth_of(node, path.field("auth"), &scope, problems));
    let secret_node = fields.optional("secret");
    let secret = secret_node.and_then(|node| secret_of(node, path.field("secret"), problems));
    match (&auth, secret_node) {
        (Some(Auth::None), Some(node)) => {
            problems.problem(node.at, path.field("secret"), "is left out where `auth` is `none`");
        }
        (Some(Auth::None), None) | (None, _) | (Some(_), Some(_)) => {}
        (Some(_), None) => {
            problems.problem(
                node.at,
                path,
                "`secret` is missing: the words of the prompt for the secret",
            );
        }
    }
    let hosts = fields.required(
        "hosts",
        "the hosts that requests, and the secret, are sent to",
        problems,
    );
    let hosts = hosts.and_then(|node| hosts_of(node, path.field("hosts"), &scope, problems));
    if let (Some(Auth::ClientCredentials(of)), Some(hosts)) = (&auth, &hosts)
        && !can_go_to(&of.token_url, hosts)
    {
        let message = "`token_url` is at none of the `hosts`, and the secret is sent to these alone";
        problems.problem(node.at, path, message);
    }
    let ca = fields.read(
        "tls",
        |node, path, problems| tls(node, path, &scope, problems),
        problems,
    );
    fields.refuse_others(problems);
    let (secret, secret_is_optional) = secret.map_or((None, false), |(words, optional)| (Some(words), optional));
    Some(IntegrationType {
        title: title.unwrap_or_default().to_owned(),
        auth: auth?,
        hosts: hosts?,
        ca,
        secret,
        secret_is_optional,
        signing_secret,
        fields: own,
    })
}

/// The words of the prompt, and whether the secret may be left out.
fn secret_of(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<(String, bool)> {
    if matches!(node.content, Content::Scalar(_)) {
        return value::line(node, path, problems).map(|words| (words, false));
    }
    let mut fields = Fields::of(node, &path, problems)?;
    let words = fields.required("summary", "the words of the prompt for the secret", problems);
    let words = words.and_then(|node| value::line(node, path.field("summary"), problems));
    let optional = fields.read("optional", value::boolean, problems);
    fields.refuse_others(problems);
    Some((words?, optional.unwrap_or(false)))
}

fn own_fields(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Vec<IntegrationField>> {
    let entries = value::entries(node, path, MOST_FIELDS, "fields", problems)?;
    let mut fields = Vec::new();
    for entry in entries {
        let is_name = value::is_name(entry, path, problems);
        let field = own_field(&entry.value, path.field(&entry.key), &entry.key, problems);
        fields.extend(field.filter(|_| is_name));
    }
    Some(fields)
}

fn own_field(node: &Node, path: Path<'_>, name: &str, problems: &mut Problems) -> Option<IntegrationField> {
    let mut fields = Fields::of(node, &path, problems)?;
    let kind = fields.required("type", "text, certificates, or { one_of: […] }", problems);
    let kind = kind.map(|node| (node, field_type(node, path.field("type"), problems)));
    let summary = fields.required("summary", "what it is, in one line", problems);
    let summary = summary.and_then(|node| value::line(node, path.field("summary"), problems));
    let required = fields.read("required", value::boolean, problems);
    let pattern_node = fields.optional("pattern");
    let pattern = pattern_node.and_then(|node| value::pattern(node, path.field("pattern"), problems));
    let example = fields.optional("example");
    let default = fields.optional("default");
    fields.refuse_others(problems);
    let kind = match kind?.1? {
        FieldType::Text { .. } => FieldType::Text { pattern },
        other @ (FieldType::OneOf(_) | FieldType::Certificates) => {
            if let Some(node) = pattern_node {
                problems.problem(node.at, path.field("pattern"), "goes only with the type `text`");
            }
            other
        }
    };
    if let (Some(true), Some(node)) = (required, default) {
        let message = "is never used, because the field is required; leave one of them out";
        problems.problem(node.at, path.field("default"), message);
    }
    let field = IntegrationField {
        name: name.to_owned(),
        kind,
        summary: summary?,
        required: required.unwrap_or(false),
        example: None,
        default: None,
    };
    let mut value = |node: Option<&Node>, word: &str| {
        let node = node?;
        let text = document::text(node, path.field(word), problems)?;
        match field.check(text) {
            Ok(()) => Some(text.to_owned()),
            Err(problem) => {
                problems.problem(node.at, path.field(word), problem);
                None
            }
        }
    };
    let (example, default) = (value(example, "example"), value(default, "default"));
    Some(IntegrationField {
        example,
        default,
        ..field
    })
}

fn field_type(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<FieldType> {
    if matches!(node.content, Content::Map(_)) {
        return super::input::one_of(node, path, problems).map(FieldType::OneOf);
    }
    let is_text = document::word(node, path, &[("text", true), ("certificates", false)], problems)?;
    Some(match is_text {
        true => FieldType::Text { pattern: None },
        false => FieldType::Certificates,
    })
}

/// The certificates that connections trust.
fn tls(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Template> {
    let mut fields = Fields::of(node, &path, problems)?;
    let ca = fields.required(
        "ca",
        "the certificates that are trusted, such as \"{{ integration.ca }}\"",
        problems,
    );
    let ca = ca.and_then(|node| scope.text(node, path.field("ca"), problems));
    fields.refuse_others(problems);
    ca
}

fn hosts_of(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Vec<Template>> {
    let items = document::items(node, path, Some(MOST_HOSTS), problems)?;
    if items.is_empty() {
        problems.problem(node.at, path, "is empty; there must be at least one host");
    }
    let mut hosts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(host) = scope.text(item, path, problems) else {
            continue;
        };
        if let Template::Literal(value) = &host
            && let Err(error) = value.as_str().unwrap_or_default().parse::<HostPattern>()
        {
            problems.problem(item.at, path, error.to_string());
            continue;
        }
        hosts.push(host);
    }
    Some(hosts)
}

fn auth_of(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Auth> {
    if let Content::Scalar(_) = node.content {
        return match document::text(node, path, problems)? {
            "none" => Some(Auth::None),
            "bearer" => Some(Auth::Bearer),
            "url" => Some(Auth::Url),
            word if AUTHS.contains(&word) => {
                let message = format!("`{word}` has fields: write `{{ {word}: {{ … }} }}`");
                problems.problem(node.at, path, message);
                None
            }
            word => {
                problems.problem(node.at, path, unknown_field(word, AUTHS.into_iter()));
                None
            }
        };
    }
    let entries = value::entries(node, path, MOST_FIELDS, "one way to prove who asks", problems)?;
    let [entry] = entries else {
        let message = match entries {
            [] => format!("is empty; give one of {}", AUTHS.join(", ")),
            _ => "has more than one way to prove who asks; give only one".to_owned(),
        };
        problems.problem(node.at, path, message);
        return None;
    };
    let (node, within) = (&entry.value, path.field(&entry.key));
    match entry.key.as_str() {
        "none" | "bearer" | "url" => {
            let mut fields = Some(Fields::of(node, &within, problems)?);
            if let Some(fields) = fields.take() {
                fields.refuse_others(problems);
            }
            Some(match entry.key.as_str() {
                "none" => Auth::None,
                "bearer" => Auth::Bearer,
                _ => Auth::Url,
            })
        }
        "basic" => {
            let mut fields = Fields::of(node, &within, problems)?;
            let user = fields.required("user", "the user, such as \"{{ integration.email }}\"", problems);
            let user = user.and_then(|node| scope.text(node, within.field("user"), problems));
            fields.refuse_others(problems);
            Some(Auth::Basic { user: user? })
        }
        "header" => {
            let mut fields = Fields::of(node, &within, problems)?;
            let name = fields.required("name", "the name of the header", problems);
            let name = name.and_then(|node| auth_header(node, within.field("name"), scope, problems));
            let prefix = fields.read(
                "prefix",
                |node, path, problems| scope.text(node, path, problems),
                problems,
            );
            fields.refuse_others(problems);
            Some(Auth::Header {
                name: name?,
                prefix: prefix.unwrap_or_else(|| Template::Literal("".into())),
            })
        }
        "query" => {
            let mut fields = Fields::of(node, &within, problems)?;
            let name = fields.required("name", "the name of the field of the query", problems);
            let name = name.and_then(|node| value::line(node, within.field("name"), problems));
            fields.refuse_others(problems);
            Some(Auth::Query { name: name? })
        }
        "oauth2_client_credentials" => client_credentials(node, within, scope, problems),
        "google_service_account" => {
            let mut fields = Fields::of(node, &within, problems)?;
            let scopes = fields.required(
                "scope",
                "the scopes of the access token, with spaces between them",
                problems,
            );
            let scopes = scopes.and_then(|node| scope.text(node, within.field("scope"), problems));
            fields.refuse_others(problems);
            Some(Auth::GoogleServiceAccount { scope: scopes? })
        }
        other => {
            problems.problem(entry.key_at, path, unknown_field(other, AUTHS.into_iter()));
            None
        }
    }
}

/// The header that has the secret.
fn auth_header(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Template> {
    let template = scope.text(node, path, problems)?;
    if let Template::Literal(value) = &template
        && HeaderName::try_from(value.as_str().unwrap_or_default()).is_err()
    {
        problems.problem(node.at, path, "is not the name of a header");
        return None;
    }
    Some(template)
}

fn client_credentials(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<Auth> {
    let mut fields = Fields::of(node, &path, problems)?;
    let token_url = fields.required("token_url", "the address that gives access tokens", problems);
    let token_url = token_url.and_then(|node| value::base_url(node, path.field("token_url"), scope, problems));
    let client_id = fields.required(
        "client_id",
        "the id of the client, such as \"{{ integration.client_id }}\"",
        problems,
    );
    let client_id = client_id.and_then(|node| scope.text(node, path.field("client_id"), problems));
    let scopes = fields.read(
        "scope",
        |node, path, problems| scope.text(node, path, problems),
        problems,
    );
    let client_auth = fields.read(
        "client_auth",
        |node, path, problems| {
            let words = [("basic", ClientAuth::Basic), ("body", ClientAuth::Body)];
            document::word(node, path, &words, problems)
        },
        problems,
    );
    let form = fields.read(
        "form",
        |node, path, problems| {
            let entries = value::entries(node, path, MOST_FIELDS, "fields", problems)?;
            let mut form = BTreeMap::new();
            for entry in entries {
                let template = scope.text(&entry.value, path.field(&entry.key), problems);
                if matches!(entry.key.as_str(), "client_secret" | "client_id" | "scope") {
                    let message = format!("`{}` is set by itself", entry.key);
                    problems.problem(entry.key_at, path, message);
                }
                form.extend(template.map(|template| (entry.key.clone(), template)));
            }
            Some(form)
        },
        problems,
    );
    fields.refuse_others(problems);
    let mut form = form.unwrap_or_default();
    form.entry("grant_type".to_owned())
        .or_insert_with(|| Template::Literal("client_credentials".into()));
    Some(Auth::ClientCredentials(Box::new(ClientCredentials {
        token_url: token_url?,
        client_id: client_id?,
        scope: scopes,
        client_auth: client_auth.unwrap_or(ClientAuth::Basic),
        form,
    })))
}

/// True if a request to this address, if it is known already, can go to one of these hosts, if they are known.
pub(super) fn can_go_to(address: &Template, hosts: &[Template]) -> bool {
    let Template::Literal(Value::String(address)) = address else {
        return true;
    };
    let Ok(address) = Url::parse(address) else { return true };
    hosts.iter().any(|host| match host {
        Template::Literal(Value::String(host)) => host
            .parse::<HostPattern>()
            .is_ok_and(|pattern| pattern.matches(&address)),
        _ => true,
    })
}

//! From the YAML of a file to a connector.
//!
//! Reading never ends at a problem: what is wrong is reported with its place, and the rest is read all the same.
//!
//! # Layout
//! - here — the file as a whole.
//! - `integration`, `errors` — the parts that all actions share.
//! - `action`, `input`, `request`, `page`, `poll` — one action, and its parts.
//! - `links` — what actions say about each other.
//! - `part` — what of a connector a call of one of its actions has along; `catalogue_name` — the names that are taken.
//! - `scope` — templates, and the names that they can refer to.
//! - `value` — names, headers, addresses and the like.

mod action;
mod catalogue_name;
mod errors;
mod example;
mod input;
mod integration;
mod links;
mod page;
mod part;
mod poll;
mod request;
mod scope;
mod value;

pub(crate) use input::{RESERVED_INPUTS, RESERVED_OUTPUT};
pub(crate) use part::{read_own, read_part};
pub(crate) use request::{METHODS, SPREAD};
pub(crate) use value::is_set_elsewhere;

use crate::{
    connector::{Connector, Controls},
    integration::{Auth, IntegrationType},
    name::ConnectorName,
};
use reqwest::header::HeaderName;
use scope::{Scope, Sight};
use workflow::{
    document::{self, Fields, Node, Path, ProblemSink, Problems},
    error_name::{NamedError, SystemError, SystemName},
    template::Template,
};

/// The largest file, in bytes.
pub(crate) const LARGEST_FILE: usize = 128 * 1024;

/// The most actions of a connector.
pub(crate) const MOST_ACTIONS: usize = 200;

/// The most that the part of a connector may take that performs one action, in bytes of JSON: it travels through the state of the execution.
pub(crate) const MOST_PART_BYTES: usize = 16 * 1024;

/// The most inputs of an action, its outputs, and the fields of an integration.
pub(crate) const MOST_FIELDS: usize = 60;

/// Reads and checks a file.
pub(crate) fn read(source: &str) -> Result<Connector, Problems> {
    document::read(source, "connector", |node, problems| match has_room(source, problems) {
        true => connector(node, problems),
        false => None,
    })
}

/// True if a file is not too large.
fn has_room(source: &str, problems: &mut Problems) -> bool {
    let bytes = source.len();
    if bytes > LARGEST_FILE {
        let message = format!("the connector has {bytes} bytes; at most {LARGEST_FILE} are allowed");
        problems.problem(None, Path::Root, message);
    }
    bytes <= LARGEST_FILE
}

fn connector(node: &Node, problems: &mut Problems) -> Option<Connector> {
    let root = Path::Root;
    let mut fields = Fields::of(node, &root, problems)?;
    let name = fields.required("connector", "the name of the connector, such as slack", problems);
    let name = name.and_then(|node| name_of(node, root.field("connector"), problems));
    let title = fields.required("title", "the system, as people call it", problems);
    let title = title.and_then(|node| title_of(node, root.field("title"), problems));
    let summary = fields.required("summary", "what the connector is for, in one line", problems);
    let summary = summary.and_then(|node| value::line(node, root.field("summary"), problems));
    let documentation = fields.required(
        "documentation",
        "the address of the system's own documentation",
        problems,
    );
    let documentation = documentation.and_then(|node| value::address(node, root.field("documentation"), problems));
    let integration = fields.required("integration", "how a request proves who asks", problems);
    let integration =
        integration.and_then(|node| integration::read(node, root.field("integration"), title.as_deref(), problems));
    let known: Vec<&str> = integration.iter().flat_map(IntegrationType::names).collect();
    let scope = Scope::new(Sight::Integration, &[], &known);
    let base_url = base_url(&mut fields, node, &scope, integration.as_ref(), problems);
    let headers = fields.read(
        "headers",
        |node, path, problems| headers(node, path, &scope, integration.as_ref(), problems),
        problems,
    );
    let errors = fields.read(
        "errors",
        |node, path, problems| errors::read(node, path, &Scope::new(Sight::Errors, &[], &known), problems),
        problems,
    );
    let rate_limit = fields.read("rate_limit", errors::rate_limit, problems);
    let controls = fields.read(
        "approval",
        |node, path, problems| controls(node, path, &scope, integration.as_ref(), problems),
        problems,
    );
    let test = fields.optional("test");
    let actions = fields.required("actions", "what can be done on the system", problems);
    fields.refuse_others(problems);

    let of = action::Of {
        connector: name.as_ref().map_or("connector", ConnectorName::as_str),
        title: title.as_deref().unwrap_or("System"),
        fields: &known,
        integration: integration.as_ref(),
    };
    let nodes = actions;
    let actions = nodes.and_then(|node| action::read_all(node, root.field("actions"), &of, problems));
    let test = test.and_then(|node| document::text(node, root.field("test"), problems).map(|name| (node, name)));
    if let (Some(nodes), Some(actions)) = (nodes, &actions) {
        links::check(nodes, actions, test, problems);
    }
    Some(Connector {
        name: name?,
        title: title?,
        summary: summary?,
        documentation: documentation?,
        integration: integration?,
        base_url,
        headers: headers.unwrap_or_default(),
        errors: errors.unwrap_or_default(),
        rate_limit: rate_limit.unwrap_or_default(),
        controls,
        test: test.map(|(_, name)| name.to_owned()),
        actions: actions?,
    })
}

fn name_of(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<ConnectorName> {
    let text = document::text(node, path, problems)?;
    match text.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            problems.problem(node.at, path, format!("{error}"));
            None
        }
    }
}

/// The title. Names of errors begin with it.
fn title_of(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<String> {
    const LONGEST: usize = 60;
    let title = value::line(node, path, problems)?;
    let named = NamedError::System(SystemName::of(&title), SystemError::NotFound);
    if title.chars().count() > LONGEST {
        problems.problem(node.at, path, format!("is longer than {LONGEST} characters"));
        return None;
    }
    if NamedError::parse(&named.to_string()).as_ref() != Some(&named) {
        let message = "cannot begin the names of errors, such as `Slack.NotFound`: it begins with a capital letter of ASCII, and none of \
                       Pagerflow's own errors has it in front";
        problems.problem(node.at, path, message);
        return None;
    }
    Some(title)
}

fn base_url(
    fields: &mut Fields<'_>,
    node: &Node,
    scope: &Scope<'_>,
    integration: Option<&IntegrationType>,
    problems: &mut Problems,
) -> Option<Template> {
    let root = Path::Root;
    let is_secret = integration.is_some_and(|integration| matches!(integration.auth, Auth::Url));
    let Some(base_url) = fields.optional("base_url") else {
        if integration.is_some() && !is_secret {
            problems.problem(
                node.at,
                root,
                "`base_url` is missing: the address that the paths of requests are put behind",
            );
        }
        return None;
    };
    let path = root.field("base_url");
    if is_secret {
        problems.problem(
            base_url.at,
            path,
            "is left out where `auth` is `url`: the secret is the whole address",
        );
        return None;
    }
    let template = value::base_url(base_url, path, scope, problems)?;
    if integration.is_some_and(|integration| !integration::can_go_to(&template, &integration.hosts)) {
        let message = "is at none of the hosts in `integration.hosts`, so nothing could be sent there";
        problems.problem(base_url.at, path, message);
    }
    Some(template)
}

/// The controls by which people answer an approval in a message.
fn controls(
    node: &Node,
    path: Path<'_>,
    scope: &Scope<'_>,
    integration: Option<&IntegrationType>,
    problems: &mut Problems,
) -> Option<Controls> {
    let mut fields = Fields::of(node, &path, problems)?;
    let choice = fields.required(
        "choice",
        "what a message has for each choice, such as a button",
        problems,
    );
    let choice = choice.and_then(|node| scope.at(Sight::Choice).template(node, path.field("choice"), problems));
    let controls = fields.required("controls", "what requests see as `call.controls`", problems);
    let controls = controls.and_then(|node| {
        scope
            .at(Sight::Controls)
            .template(node, path.field("controls"), problems)
    });
    fields.refuse_others(problems);
    if integration.is_some_and(|integration| integration.signing_secret.is_none()) {
        let message = "needs `integration.signing_secret`: answers are taken only from a system that signs them";
        problems.problem(node.at, path, message);
    }
    Some(Controls {
        choice: choice?,
        controls: controls?,
    })
}

fn headers(
    node: &Node,
    path: Path<'_>,
    scope: &Scope<'_>,
    integration: Option<&IntegrationType>,
    problems: &mut Problems,
) -> Option<Vec<(HeaderName, Template)>> {
    let mut headers = Vec::new();
    for entry in value::entries(node, path, MOST_FIELDS, "headers", problems)? {
        let name = value::header(
            &entry.key,
            entry.key_at,
            path,
            integration.map(|integration| &integration.auth),
            problems,
        );
        let template = scope.text(&entry.value, path.field(&entry.key), problems);
        if let (Some(name), Some(template)) = (name, template) {
            headers.push((name, template));
        }
    }
    Some(headers)
}

#[cfg(test)]
mod tests;

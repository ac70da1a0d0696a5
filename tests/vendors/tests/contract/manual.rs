//! `docs/connectors/`, which is made of the shipped connectors. When it is stale, it is written anew by
//!
//! ```sh
//! PAGERFLOW_WRITE_DOCS=1 cargo test -p vendors manual
//! ```

use connectors::{Action, Connector, FieldType, IntegrationField, shipped, shipped_connector};
use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};
use workflow::{
    action::{Field, FieldKind, Repeat, Rule},
    definition::Length,
};

const HEAD: &str = "# Connectors

These pages are made of the connectors that come with Pagerflow: one YAML file each in `shared/connectors/catalogue`, in the format of
[connectors.md](../connectors.md). Each is held against a small server in tests that behaves as the vendor's documentation says. None was compared with a live account.

What all have in common:

- An action is used as `uses: slack.post_message`, with `integration`, the alias of an account that `pagerflow integration add` stored.
- Any input can be an expression, `\"{{ … }}\"`. One that gives null is as good as left out.
- The secret is sent to the hosts of the connector alone.
- Errors have the system in front: `Slack.Unauthorized`, `Slack.Forbidden`, `Slack.NotFound`, `Slack.InvalidRequest`, `Slack.RateLimited`,
  `Slack.Unavailable`, `Slack.OutcomeUnknown`. [errors.md](../errors.md) has what each means.
- An output in *italics* can be null.

";

fn connectors() -> impl Iterator<Item = &'static Connector> {
    shipped().map(|name| shipped_connector(name).unwrap_or_else(|| panic!("{name} cannot be read")))
}

fn usable(connector: &Connector) -> impl Iterator<Item = &Action> {
    connector.actions().filter(|action| !action.is_internal())
}

/// The page of all connectors.
fn index() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| connector | what it is for | actions |\n|---|---|---|\n");
    for connector in connectors() {
        let (name, title) = (connector.name(), connector.title());
        let actions: Vec<String> = usable(connector).map(|action| format!("`{}`", action.name())).collect();
        let _ = writeln!(
            page,
            "| [{title}]({name}.md) | {} | {} |",
            connector.summary(),
            actions.join(", ")
        );
    }
    page
}

/// The page of a connector.
fn manual(connector: &Connector) -> String {
    let (name, title) = (connector.name(), connector.title());
    let mut page = format!(
        "# {title}\n\n{} [Documentation of the system]({}).\n\n",
        connector.summary(),
        connector.documentation()
    );
    let _ = write!(
        page,
        "## The integration\n\n```sh\npagerflow integration add ALIAS --type {name}\n```\n\n"
    );
    let integration = connector.integration();
    if !integration.fields.is_empty() || integration.secret.is_some() {
        page.push_str("| asked for | | |\n|---|---|---|\n");
    }
    for field in &integration.fields {
        page.push_str(&integration_field(field));
    }
    if let Some(words) = &integration.secret {
        let optional = if integration.secret_is_optional {
            "secret, optional"
        } else {
            "secret"
        };
        let _ = writeln!(page, "| the secret | {optional} | {} |", cell(words));
    }
    if let Some(words) = &integration.signing_secret {
        let _ = writeln!(
            page,
            "| the signing secret | secret, optional, set apart | {} |",
            cell(words)
        );
    }
    let hosts: Vec<String> = integration.written_hosts().map(|host| format!("`{host}`")).collect();
    let _ = writeln!(
        page,
        "\nRequests, and the secret with them, go to {} alone.",
        hosts.join(", ")
    );
    match connector.test() {
        Some(test) => {
            let _ = write!(page, "\n`pagerflow integration test ALIAS` {}\n", test_of(test));
        }
        None => page.push_str("\nIt cannot be tested without doing something.\n"),
    }
    if connector.takes_answers() {
        let _ = write!(
            page,
            "\nMessages about an [approval](../workflows.md#approvals) get buttons once `pagerflow integration signing-secret set ALIAS` has stored the \
             signing secret; `pagerflow integration show ALIAS` has the address that {} sends what is pressed to.\n",
            connector.title()
        );
    }
    page.push_str("\n## Actions\n\n| action | what it does |\n|---|---|\n");
    for action in usable(connector) {
        let spec = action.spec();
        let anchor = spec.name.replace('.', "");
        let _ = writeln!(page, "| [`{}`](#{anchor}) | {} |", spec.name, cell(&spec.summary));
    }
    for action in usable(connector) {
        page.push_str(&section(action));
    }
    page
}

fn test_of(test: &Action) -> String {
    match test.is_internal() {
        true => format!("performs this: *{}*", test.spec().summary),
        false => format!("performs `{}`.", test.spec().name),
    }
}

fn integration_field(field: &IntegrationField) -> String {
    let kind = match &field.kind {
        FieldType::Text { .. } => "text".to_owned(),
        FieldType::OneOf(words) => words.join(", "),
        FieldType::Certificates => "certificates".to_owned(),
    };
    let example = match (&field.default, &field.example) {
        (Some(default), _) => format!("; `{default}` if it does not say"),
        (None, Some(example)) => format!(", such as `{example}`"),
        (None, None) => String::new(),
    };
    let optional = if field.required { "" } else { ", optional" };
    format!(
        "| `{}` | {kind}{optional} | {}{} |\n",
        field.name,
        cell(&field.summary),
        cell(&example)
    )
}

fn section(action: &Action) -> String {
    let spec = action.spec();
    let mut page = format!("\n## {}\n\n{}", spec.name, spec.summary);
    if let Some(documentation) = action.documentation() {
        let _ = write!(page, " [Documentation]({documentation}).");
    }
    page.push_str("\n\n| input | type | |\n|---|---|---|\n");
    for field in &spec.inputs {
        let chosen = action
            .choices(&field.name)
            .map_or_else(String::new, |choices| format!("; one of those of `{}`", choices.action));
        let cut = if field.unfit == workflow::action::Unfit::Cut {
            "; longer text is cut"
        } else {
            ""
        };
        let optional = if field.optional { ", optional" } else { "" };
        let _ = writeln!(
            page,
            "| `{}` | {}{optional} | {}{chosen}{cut} |",
            field.name,
            kind(field),
            cell(&field.summary)
        );
    }
    let rules: Vec<String> = spec.rules.iter().map(Rule::summary).collect();
    if !rules.is_empty() {
        let _ = write!(page, "\n{}\n", rules.join(" "));
    }
    if !spec.outputs.is_empty() {
        page.push_str("\n| output | type | |\n|---|---|---|\n");
    }
    for field in &spec.outputs {
        let mark = if field.optional { "*" } else { "" };
        let _ = writeln!(
            page,
            "| {mark}`{}`{mark} | {} | {} |",
            field.name,
            field.kind,
            cell(&field.summary)
        );
    }
    let _ = write!(
        page,
        "\n**A repeat.** {}{}\n",
        spec.on_repeat,
        after_an_unknown_outcome(&spec.repeat)
    );
    if let Some(seconds) = spec.job_seconds {
        let at_most = Length::from_seconds(seconds.into()).map_or_else(String::new, |length| length.to_string());
        let _ = write!(
            page,
            "\n**It waits** until what it starts has ended: at most {at_most}, unless the step has a `timeout`.\n"
        );
    }
    let _ = write!(page, "\n```yaml\n- uses: {}\n  with:\n", spec.name);
    for line in spec.example.lines() {
        let _ = writeln!(page, "    {line}");
    }
    page.push_str("```\n");
    page
}

/// The type of an input.
fn kind(field: &Field) -> String {
    match &field.kind {
        FieldKind::Time => format!("{}, or relative to now", FieldKind::Time),
        kind => kind.to_string(),
    }
}

/// The facts that the words of the action do not say already.
fn after_an_unknown_outcome(repeat: &Repeat) -> String {
    match repeat {
        Repeat::NeedsLook { settling } => format!(
            " After an unknown outcome it looks when the request can no longer be carried out, {} seconds after it was sent, and what is new is shown, {} seconds later.",
            settling.carried_out_seconds, settling.shown_seconds
        ),
        Repeat::IsForbidden { .. } => " A `timeout` of the step must be at least a minute.".to_owned(),
        Repeat::IsHarmless | Repeat::SetsState { .. } => String::new(),
    }
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The pages, by their files.
fn pages() -> BTreeMap<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connectors");
    let mut pages = BTreeMap::from([(folder.join("README.md"), index())]);
    pages.extend(connectors().map(|connector| (folder.join(format!("{}.md", connector.name())), manual(connector))));
    pages
}

#[test]
fn the_committed_pages_are_what_the_connectors_say() {
    let writes = env::var_os("PAGERFLOW_WRITE_DOCS").is_some();
    for (file, wanted) in pages() {
        if writes {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &wanted).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == wanted,
            "{} is stale; write it anew with `PAGERFLOW_WRITE_DOCS=1 cargo test -p vendors manual`",
            file.display()
        );
    }
}

#[test]
fn no_page_is_left_of_a_connector_that_is_gone() {
    let pages = pages();
    let folder = pages.keys().next().unwrap().parent().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        assert!(pages.contains_key(&file), "{} is of no connector", file.display());
    }
}

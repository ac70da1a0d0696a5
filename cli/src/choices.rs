//! `pagerflow choices`: what there is to choose from for an input of an action, as a drop-down would show it.

use crate::{
    connector_account::ConnectorAccount,
    directory::{self, Choice},
    error::Error,
    known,
    known_connectors::KnownConnectors,
    output::{Notices, Screen, View},
    pagerduty_account::PagerDutyAccount,
    stack::Stack,
    text_table::aligned,
};
use clap::Args;
use connectors::{Action, Choices, Connector};
use pagerduty::directory::{EscalationPolicy, Listed, Priority, SearchText, Service, Team, User};
use serde::Serialize;
use serde_json::{Map, Value};
use workflow::{
    action::{ActionSpec, Field, FieldKind, Thing, unknown_field},
    ids::IntegrationAlias,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  pagerflow choices slack.post_message channel --integration chat
  pagerflow choices jira.create_issue project --integration tickets --search platform
  pagerflow choices pagerduty.create_incident service --integration prod --output json | jq -r '.choices[].value'";

/// The input, and the account that is looked at.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The action, such as slack.post_message.
    action: String,
    /// The input, such as channel.
    input: String,
    /// The integration whose account is looked at.
    #[arg(long, value_name = "ALIAS")]
    integration: IntegrationAlias,
    /// Only what this text finds, by name.
    #[arg(long)]
    search: Option<SearchText>,
}

/// The things that there are to choose from.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    action: String,
    input: String,
    integration: IntegrationAlias,
    choices: Vec<Row>,
    /// True if there are more than the system has listed.
    is_cut: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    /// The value for a workflow.
    value: String,
    /// The label that people choose by.
    label: String,
}

pub(crate) async fn choices(options: Options, stack: &Stack, notices: Notices) -> Result<Shown, Error> {
    let Options {
        action: name,
        input,
        integration,
        search,
    } = options;
    let known = stack.connectors().await?;
    let spec = action(&name, known)?;
    let field = field(spec, &input)?;
    let record = stack.known_integration(&integration).await?;
    let listing = notices.working(format!("Listing what there is for {input}"));
    let (rows, is_cut) = match (&field.kind, field.names, of_connector(&name, &input, known)) {
        (FieldKind::OneOf(words) | FieldKind::Words(words), _, _) => {
            let rows = words.iter().map(|word| Row {
                value: word.to_string(),
                label: word.to_string(),
            });
            (found(rows.collect(), search.as_ref()), false)
        }
        (_, Some(thing), _) => of_pagerduty(thing, &record.alias, search.as_ref(), stack, notices).await?,
        (_, None, Some((connector, choices))) => {
            let account = ConnectorAccount::of_connector(&integration, connector, stack).await?;
            let rows = listed(&account, choices).await?;
            (found(rows, search.as_ref()), false)
        }
        (_, None, None) => return Err(free(spec, field, known)),
    };
    drop(listing);
    Ok(Shown {
        action: name,
        input,
        integration,
        choices: rows,
        is_cut,
    })
}

fn action<'a>(name: &str, known: &'a KnownConnectors) -> Result<&'a ActionSpec, Error> {
    let catalog = known.catalog();
    let system = name.split('.').next().unwrap_or_default();
    let of_system = catalog.actions().map(|spec| &*spec.name);
    let of_system = of_system.filter(|other| other.split('.').next() == Some(system));
    match catalog.action(name) {
        Some(spec) => Ok(spec),
        None => Err(known::unknown_action(name, of_system)),
    }
}

fn field<'a>(spec: &'a ActionSpec, name: &str) -> Result<&'a Field, Error> {
    let names = || spec.inputs.iter().map(|field| &*field.name);
    let unknown = || Error::NotFound(format!("the input of {}: {}", spec.name, unknown_field(name, names())));
    spec.input(name).ok_or_else(unknown)
}

/// The choices that a connector names for an input.
fn of_connector<'a>(action: &str, input: &str, known: &'a KnownConnectors) -> Option<(&'a Connector, &'a Choices)> {
    let (connector, action) = action.split_once('.')?;
    let connector = known.connector(connector)?;
    Some((connector, connector.action(action)?.choices(input)?))
}

/// Any value can be given for an input.
fn free(spec: &ActionSpec, field: &Field, known: &KnownConnectors) -> Error {
    let with_choices = spec.inputs.iter().filter(|field| has_choices(spec, field, known));
    let names: Vec<&str> = with_choices.map(|field| &*field.name).collect();
    let others = match names.is_empty() {
        true => String::new(),
        false => format!("\nThere are choices for {}.", names.join(", ")),
    };
    Error::Invalid(format!(
        "there is nothing to choose from for `{}` of {}: it is {}{others}",
        field.name, spec.name, field.kind
    ))
}

/// True if there are choices for an input of an action.
pub(crate) fn has_choices(spec: &ActionSpec, field: &Field, known: &KnownConnectors) -> bool {
    field.names.is_some()
        || matches!(field.kind, FieldKind::OneOf(_) | FieldKind::Words(_))
        || of_connector(&spec.name, &field.name, known).is_some()
}

/// Performs the action that lists them, which only reads.
async fn listed(account: &ConnectorAccount<'_>, choices: &Choices) -> Result<Vec<Row>, Error> {
    let action: Option<&Action> = account.connector.action(&choices.action);
    let missing = || Error::NotFound(format!("there is no action {} that lists them", choices.action));
    let outputs = account.perform(action.ok_or_else(missing)?, Map::new(), None).await?;
    let list = outputs.get(&choices.list).and_then(Value::as_array);
    Ok(list
        .into_iter()
        .flatten()
        .filter_map(|entry| row(entry, choices))
        .collect())
}

/// The row of an entry; none of one without a value.
fn row(entry: &Value, choices: &Choices) -> Option<Row> {
    let text = |name: &str| match entry.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let value = text(&choices.value).filter(|value| !value.is_empty())?;
    let label = text(&choices.label).unwrap_or_else(|| value.clone());
    Some(Row { value, label })
}

/// Those that a text finds, whatever its letters.
fn found(mut rows: Vec<Row>, search: Option<&SearchText>) -> Vec<Row> {
    if let Some(search) = search {
        let search = search.as_str().to_lowercase();
        rows.retain(|row| {
            [&row.value, &row.label]
                .iter()
                .any(|text| text.to_lowercase().contains(&search))
        });
    }
    rows
}

async fn of_pagerduty(
    thing: Thing,
    integration: &IntegrationAlias,
    search: Option<&SearchText>,
    stack: &Stack,
    notices: Notices,
) -> Result<(Vec<Row>, bool), Error> {
    let account = PagerDutyAccount::of(integration, stack).await?;
    match thing {
        Thing::Service => things::<Service>(&account, integration, search, notices).await,
        Thing::EscalationPolicy => things::<EscalationPolicy>(&account, integration, search, notices).await,
        Thing::User => things::<User>(&account, integration, search, notices).await,
        Thing::Priority => things::<Priority>(&account, integration, search, notices).await,
        Thing::Team => things::<Team>(&account, integration, search, notices).await,
    }
}

async fn things<R: Choice>(
    account: &PagerDutyAccount,
    integration: &IntegrationAlias,
    search: Option<&SearchText>,
    notices: Notices,
) -> Result<(Vec<Row>, bool), Error> {
    Ok(
        match directory::listed::<R>(account, integration, search, notices).await? {
            Listed::Rows(listing) => (listing.rows.iter().filter_map(of_directory).collect(), listing.is_cut),
            Listed::FeatureIsOff(_) => (Vec::new(), false),
        },
    )
}

fn of_directory(row: &impl Choice) -> Option<Row> {
    let json = row.json();
    let text = |name: &str| json.get(name)?.as_str().map(str::to_owned);
    Some(Row {
        value: text("value")?,
        label: text("label")?,
    })
}

impl View for Shown {
    fn text(&self, _: Screen) -> String {
        if self.choices.is_empty() {
            return format!("There is nothing to choose from for {} of {}.", self.input, self.action);
        }
        let rows = self
            .choices
            .iter()
            .map(|row| vec![row.value.clone(), row.label.clone()]);
        let rows = aligned(&["VALUE", "NAME"], &rows.collect::<Vec<_>>());
        match self.is_cut {
            true => format!("{rows}\n\nThe list is cut. Find the others with --search, or with a longer text."),
            false => rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(all: &[(&str, &str)]) -> Vec<Row> {
        let row = |(value, label): &(&str, &str)| Row {
            value: (*value).to_owned(),
            label: (*label).to_owned(),
        };
        all.iter().map(row).collect()
    }

    #[test]
    fn an_entry_of_a_list_becomes_a_row_and_one_without_a_value_none() {
        let choices = Choices {
            action: "list_channels".to_owned(),
            list: "channels".to_owned(),
            value: "id".to_owned(),
            label: "name".to_owned(),
        };
        let row = |entry| row(&entry, &choices);
        assert_eq!(row(json!({"id": "C1", "name": "ops"})), rows(&[("C1", "ops")]).pop());
        assert_eq!(row(json!({"id": 7})), rows(&[("7", "7")]).pop());
        assert_eq!(row(json!({"name": "ops"})), None);
    }

    #[test]
    fn a_search_finds_by_value_and_by_name_whatever_the_letters() {
        let all = rows(&[("C1", "Ops"), ("C2", "platform"), ("OPS-3", "x")]);
        let search = "ops".parse().unwrap();
        assert_eq!(found(all, Some(&search)), rows(&[("C1", "Ops"), ("OPS-3", "x")]));
    }

    #[test]
    fn what_cannot_be_chosen_is_told_with_what_can() {
        let known = &KnownConnectors::shipped();
        let spec = action("slack.post_message", known).unwrap();
        let text = field(spec, "text").unwrap();
        assert!(has_choices(spec, field(spec, "channel").unwrap(), known));
        let told = [
            free(spec, text, known).to_string(),
            action("slack.post_mesage", known).unwrap_err().to_string(),
            field(spec, "chanel").unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(told.join("\n"), @"
        there is nothing to choose from for `text` of slack.post_message: it is text of at most 40000 characters
        There are choices for channel.
        there is no action slack.post_mesage; did you mean slack.post_message?
        List them with `pagerflow connector show slack`.
        the input of slack.post_message: `chanel` is not known; did you mean `channel`?
        ");
    }

    #[test]
    fn choices_are_shown_with_what_stands_in_a_workflow_first() {
        let shown = Shown {
            action: "slack.post_message".to_owned(),
            input: "channel".to_owned(),
            integration: "chat".parse().unwrap(),
            choices: rows(&[("C0123456789", "ops"), ("C1", "platform")]),
            is_cut: false,
        };
        insta::assert_snapshot!(shown.text(Screen::plain()), @"
        VALUE        NAME
        C0123456789  ops
        C1           platform
        ");
    }
}

//! `pagerflow key`.

use crate::{
    error::Error,
    known,
    output::{Output, printable},
    stack::Stack,
    text_table::aligned,
};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use platform::{
    api_key::{ApiKey, KeyId},
    table::{ApiKeyRecord, KeyScope, KeyState},
};
use serde_json::{Value, json};
use std::process::ExitCode;
use workflow::ids::{IntegrationAlias, WorkflowId};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an API key for the webhook URL of a workflow or of an integration.
    ///
    /// It is shown once.
    #[command(after_help = "Examples:
  pagerflow key create --workflow memory-alert --name PagerDuty
  pagerflow key create --integration prod --name PagerDuty")]
    Create {
        #[command(flatten)]
        scope: Scope,
        /// The name of the key, for example after its sender.
        #[arg(long)]
        name: String,
    },
    /// List the API keys.
    #[command(after_help = "Examples:
  pagerflow key list
  pagerflow key list --workflow memory-alert")]
    List {
        /// Only the keys of this workflow.
        #[arg(long)]
        workflow: Option<WorkflowId>,
    },
    /// Show what is known of an API key.
    ///
    /// The key itself is not stored.
    #[command(after_help = "Example:
  pagerflow key show k7x2m4q5w3ht")]
    Show {
        /// The id of the key: what stands behind `pgf_`.
        id: KeyId,
    },
    /// Make an API key invalid, for good.
    ///
    /// It stops working within ten seconds.
    #[command(after_help = "Example:
  pagerflow key revoke k7x2m4q5w3ht")]
    Revoke {
        /// The id of the key.
        id: KeyId,
    },
    /// Make another API key of the same name for the same URL.
    ///
    /// It is shown once. The old one stays valid until it is revoked.
    #[command(after_help = "Example:
  pagerflow key rotate k7x2m4q5w3ht

Give the new key to PagerDuty, and revoke the old one when its webhooks arrive with the new.")]
    Rotate {
        /// The id of the key.
        id: KeyId,
    },
}

/// The URL that a key opens.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Scope {
    /// The key opens the URL of this workflow.
    #[arg(long)]
    workflow: Option<WorkflowId>,
    /// The key opens the URL of this integration, which hands V3 webhooks to all workflows that ask for them.
    #[arg(long)]
    integration: Option<IntegrationAlias>,
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Create { scope, name } => create(scope, name, stack, output).await?,
        Command::List { workflow } => {
            let reading = output.working("Reading the table");
            let mut keys = stack.table.api_keys().await?;
            drop(reading);
            if let Some(workflow) = workflow {
                let has_keys = keys.iter().any(|key| key.scope == KeyScope::Workflow(workflow.clone()));
                if !has_keys {
                    known::workflow(&workflow, stack).await?;
                }
                let scope = KeyScope::Workflow(workflow);
                keys.retain(|key| key.scope == scope);
            }
            let views: Vec<_> = keys.iter().map(view).collect();
            output.result(&json!({ "keys": views }), || list(&keys))?;
        }
        Command::Show { id } => {
            let key = known(&id, stack).await?;
            output.result(&view(&key), || shown(&key, &stack.webhook_url))?;
        }
        Command::Revoke { id } => {
            if !stack.table.revoke_api_key(&id, Timestamp::now()).await? {
                return Err(known::unknown_key(&id, stack).await);
            }
            output.result(&json!({ "key_id": id, "state": KeyState::Revoked }), || {
                format!("The API key {id} is revoked. It stops working within ten seconds.")
            })?;
        }
        Command::Rotate { id } => {
            let old = known(&id, stack).await?;
            if old.state == KeyState::Revoked {
                return Err(Error::Invalid(format!(
                    "the API key {id} was revoked; make another with `pagerflow key create`"
                )));
            }
            let made = make(old.scope, old.name, stack).await?;
            made.show(Some(&id), stack, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(scope: Scope, name: String, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let scope = match (scope.workflow, scope.integration) {
        (Some(workflow), _) => {
            known::live_workflow(&workflow, stack).await?;
            KeyScope::Workflow(workflow)
        }
        (None, Some(alias)) => {
            stack.known_integration(&alias).await?;
            KeyScope::Integration(alias)
        }
        (None, None) => return Err(Error::Invalid("give --workflow or --integration".to_owned())),
    };
    make(scope, name, stack).await?.show(None, stack, output)
}

/// A key that was just made and stored, and is not shown yet.
struct Made {
    key: ApiKey,
    record: ApiKeyRecord,
}

async fn make(scope: KeyScope, name: String, stack: &Stack) -> Result<Made, Error> {
    let key =
        ApiKey::generate().map_err(|error| Error::Secret(format!("the system has no random numbers: {error}")))?;
    let record = ApiKeyRecord {
        key_id: key.id().clone(),
        name,
        scope,
        sha256: key.hash(),
        state: KeyState::Active,
        created_at: Timestamp::now(),
        revoked_at: None,
    };
    stack.table.put_api_key(&record).await?;
    Ok(Made { key, record })
}

impl Made {
    /// Shows the key, this once, and how to revoke the one that it replaces.
    fn show(&self, replaces: Option<&KeyId>, stack: &Stack, output: &mut Output) -> Result<(), Error> {
        let Self { key, record } = self;
        let url = format!("{}{}", stack.webhook_url, record.scope.path());
        let mut result = json!({ "key_id": record.key_id, "key": key.expose(), "webhook_url": url });
        extend(&mut result, scope(&record.scope));
        if let Some(old) = replaces {
            extend(&mut result, json!({ "replaces": old }));
        }
        output.result(&result, || {
            let old = replaces.map(|old| {
                format!("\n\nThe key {old} stays valid. Once nobody uses it, revoke it with `pagerflow key revoke {old}`.")
            });
            format!(
                "Made the API key {}. This is the only time that it is shown.\n\n  URL     {url}\n  header  x-api-key: {}\n\n\
                 Give both to the webhook in PagerDuty, the header as a custom header.{}",
                record.key_id,
                key.expose(),
                old.unwrap_or_default()
            )
        })
    }
}

async fn known(id: &KeyId, stack: &Stack) -> Result<ApiKeyRecord, Error> {
    match stack.table.api_key(id).await? {
        Some(key) => Ok(key),
        None => Err(known::unknown_key(id, stack).await),
    }
}

/// A key for programs. Its hash is of no use to anyone.
fn view(key: &ApiKeyRecord) -> Value {
    let mut view = json!({
        "key_id": key.key_id, "name": key.name, "state": key.state, "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    });
    extend(&mut view, scope(&key.scope));
    view
}

fn scope(scope: &KeyScope) -> Value {
    match scope {
        KeyScope::Workflow(workflow) => json!({ "workflow": workflow }),
        KeyScope::Integration(alias) => json!({ "integration": alias }),
    }
}

fn extend(value: &mut Value, further: Value) {
    if let (Some(fields), Value::Object(further)) = (value.as_object_mut(), further) {
        fields.extend(further);
    }
}

fn list(keys: &[ApiKeyRecord]) -> String {
    if keys.is_empty() {
        return "There is no API key. Make one with `pagerflow key create`.".to_owned();
    }
    let rows: Vec<_> = keys.iter().map(columns).collect();
    aligned(&["ID", "STATE", "OPENS THE URL OF", "MADE", "NAME"], &rows)
}

fn columns(key: &ApiKeyRecord) -> Vec<String> {
    vec![
        key.key_id.to_string(),
        state(key),
        key.scope.to_string(),
        date(key.created_at),
        key.name.clone(),
    ]
}

fn state(key: &ApiKeyRecord) -> String {
    match (key.state, key.revoked_at) {
        (KeyState::Active, _) => "active".to_owned(),
        (KeyState::Revoked, Some(at)) => format!("revoked on {}", date(at)),
        (KeyState::Revoked, None) => "revoked".to_owned(),
    }
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

fn shown(key: &ApiKeyRecord, webhook_url: &str) -> String {
    let rows = [
        ("Id", key.key_id.to_string()),
        ("Name", key.name.clone()),
        ("State", state(key)),
        ("Made", format!("{:.0}", key.created_at)),
        ("Opens", format!("{webhook_url}{}", key.scope.path())),
    ];
    rows.map(|(name, value)| format!("{name:<8}{}", printable(&value)))
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    fn parsed(arguments: &[&str]) -> Result<Line, clap::Error> {
        Line::try_parse_from(["key"].iter().chain(arguments))
    }

    fn key() -> ApiKeyRecord {
        let key = ApiKey::generate().unwrap();
        ApiKeyRecord {
            key_id: "aaaaaaaaaaaa".parse().unwrap(),
            name: "Pager\u{1b}Duty".into(),
            scope: KeyScope::Integration("prod".parse().unwrap()),
            sha256: key.hash(),
            state: KeyState::Revoked,
            created_at: "2026-11-20T09:30:00Z".parse().unwrap(),
            revoked_at: Some("2026-11-22T09:30:00Z".parse().unwrap()),
        }
    }

    #[test]
    fn a_key_is_made_for_exactly_one_url() {
        Line::command().debug_assert();
        assert!(parsed(&["create", "--name", "n", "--workflow", "w"]).is_ok());
        assert!(parsed(&["create", "--name", "n", "--integration", "prod"]).is_ok());
        assert!(parsed(&["create", "--name", "n"]).is_err());
        assert!(parsed(&["create", "--name", "n", "--workflow", "w", "--integration", "prod"]).is_err());
    }

    #[test]
    fn what_is_no_id_of_a_key_is_refused_with_where_to_find_one() {
        let error = parsed(&["revoke", "../x"]).unwrap_err().to_string();
        assert!(error.contains("`pagerflow key list` shows them"), "{error}");
    }

    #[test]
    fn keys_are_listed_with_what_they_open_and_cannot_steer_the_terminal() {
        let active = ApiKeyRecord {
            key_id: "bbbbbbbbbbbb".parse().unwrap(),
            name: "PagerDuty PABC123".into(),
            scope: KeyScope::Workflow("memory-alert".parse().unwrap()),
            state: KeyState::Active,
            revoked_at: None,
            ..key()
        };
        insta::assert_snapshot!(list(&[key(), active]), @"
        ID            STATE                  OPENS THE URL OF       MADE        NAME
        aaaaaaaaaaaa  revoked on 2026-11-22  integration prod       2026-11-20  Pager�Duty
        bbbbbbbbbbbb  active                 workflow memory-alert  2026-11-20  PagerDuty PABC123
        ");
        assert_eq!(list(&[]), "There is no API key. Make one with `pagerflow key create`.");
    }

    #[test]
    fn a_key_is_shown_with_its_url() {
        insta::assert_snapshot!(shown(&key(), "https://example.com"), @"
        Id      aaaaaaaaaaaa
        Name    Pager�Duty
        State   revoked on 2026-11-22
        Made    2026-11-20T09:30:00Z
        Opens   https://example.com/integrations/prod/webhooks
        ");
    }

    #[test]
    fn i5_programs_are_told_the_scope_and_the_state_and_not_the_hash() {
        let key = key();
        let view = view(&key);
        assert_eq!(
            (&view["integration"], &view["state"]),
            (&json!("prod"), &json!("revoked"))
        );
        let hash = json!(key.sha256);
        assert!(!view.to_string().contains(hash.as_str().unwrap()), "{view}");
    }
}

//! `pagerflow key`.

use crate::{
    error::Error,
    known,
    output::{Notices, Output, Screen, View, printable},
    stack::Stack,
    text_table::aligned,
    webhook_url::Target,
};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use platform::{
    api_key::{ApiKey, KeyId},
    table::{ApiKeyRecord, KeyScope, KeyState},
};
use serde::{Serialize, Serializer};
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
        Command::Create { scope, name } => output.show(&create(scope, name, stack).await?),
        Command::List { workflow } => output.show(&list(workflow, stack, output.notices()).await?),
        Command::Show { id } => output.show(&show(&id, stack).await?),
        Command::Revoke { id } => output.show(&revoke(id, stack).await?),
        Command::Rotate { id } => output.show(&rotate(id, stack).await?),
    }
}

/// A key that was just made and stored. Its text is shown this once.
#[derive(Debug, Serialize)]
struct Made {
    key_id: KeyId,
    #[serde(serialize_with = "exposed")]
    key: ApiKey,
    webhook_url: String,
    #[serde(flatten)]
    opens: Target,
    /// The key in whose place it comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<KeyId>,
}

fn exposed<S: Serializer>(key: &ApiKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.expose())
}

/// A key as it is known later. Its hash is of no use to anyone.
#[derive(Debug, Serialize)]
struct Shown {
    key_id: KeyId,
    name: String,
    state: KeyState,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
    #[serde(flatten)]
    opens: Target,
    #[serde(skip)]
    scope: KeyScope,
    #[serde(skip)]
    url: String,
}

/// The keys of a stack.
#[derive(Debug, Serialize)]
struct Listed {
    keys: Vec<Shown>,
}

/// A key that was revoked.
#[derive(Debug, Serialize)]
struct Revoked {
    key_id: KeyId,
    state: KeyState,
}

async fn create(scope: Scope, name: String, stack: &Stack) -> Result<Made, Error> {
    let scope = match (scope.workflow, scope.integration) {
        (Some(workflow), _) => {
            known::live_workflow(&workflow, stack).await?;
            KeyScope::Workflow(workflow)
        }
        (None, Some(alias)) => {
            stack.pagerduty_integration(&alias).await?;
            KeyScope::Integration(alias)
        }
        (None, None) => return Err(Error::Invalid("give --workflow or --integration".to_owned())),
    };
    make(scope, name, None, stack).await
}

async fn list(workflow: Option<WorkflowId>, stack: &Stack, notices: Notices) -> Result<Listed, Error> {
    let reading = notices.working("Reading the table");
    let mut keys = stack.table.api_keys().await?;
    drop(reading);
    if let Some(workflow) = workflow {
        let scope = KeyScope::Workflow(workflow.clone());
        keys.retain(|key| key.scope == scope);
        if keys.is_empty() {
            known::workflow(&workflow, stack).await?;
        }
    }
    let keys = keys.into_iter().map(|key| Shown::new(key, &stack.webhook_url));
    Ok(Listed { keys: keys.collect() })
}

async fn show(id: &KeyId, stack: &Stack) -> Result<Shown, Error> {
    Ok(Shown::new(known(id, stack).await?, &stack.webhook_url))
}

async fn revoke(id: KeyId, stack: &Stack) -> Result<Revoked, Error> {
    match stack.table.revoke_api_key(&id, Timestamp::now()).await? {
        true => Ok(Revoked {
            key_id: id,
            state: KeyState::Revoked,
        }),
        false => Err(known::unknown_key(&id, stack).await),
    }
}

async fn rotate(id: KeyId, stack: &Stack) -> Result<Made, Error> {
    let old = known(&id, stack).await?;
    match old.state {
        KeyState::Active => make(old.scope, old.name, Some(id), stack).await,
        KeyState::Revoked => Err(Error::Invalid(format!(
            "the API key {id} was revoked; make another with `pagerflow key create`"
        ))),
    }
}

async fn make(scope: KeyScope, name: String, replaces: Option<KeyId>, stack: &Stack) -> Result<Made, Error> {
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
    Ok(Made {
        key,
        webhook_url: format!("{}{}", stack.webhook_url, record.scope.path()),
        opens: Target::of(Some(&record.scope)),
        key_id: record.key_id,
        replaces,
    })
}

async fn known(id: &KeyId, stack: &Stack) -> Result<ApiKeyRecord, Error> {
    match stack.table.api_key(id).await? {
        Some(key) => Ok(key),
        None => Err(known::unknown_key(id, stack).await),
    }
}

impl View for Made {
    fn text(&self, _: Screen) -> String {
        let old = self.replaces.as_ref().map(|old| {
            format!(
                "\n\nThe key {old} stays valid. Once no sender uses it, revoke it with `pagerflow key revoke {old}`."
            )
        });
        format!(
            "Made the API key {}. This is the only time that it is shown.\n\n  URL     {}\n  header  x-api-key: {}\n\n\
             Give both to the webhook in PagerDuty, the header as a custom header.{}",
            self.key_id,
            self.webhook_url,
            self.key.expose(),
            old.unwrap_or_default()
        )
    }
}

impl Shown {
    fn new(key: ApiKeyRecord, webhook_url: &str) -> Self {
        Self {
            opens: Target::of(Some(&key.scope)),
            url: format!("{webhook_url}{}", key.scope.path()),
            key_id: key.key_id,
            name: key.name,
            state: key.state,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
            scope: key.scope,
        }
    }

    fn columns(&self) -> Vec<String> {
        vec![
            self.key_id.to_string(),
            self.state(),
            self.scope.to_string(),
            date(self.created_at),
            self.name.clone(),
        ]
    }

    fn state(&self) -> String {
        match (self.state, self.revoked_at) {
            (KeyState::Active, _) => "active".to_owned(),
            (KeyState::Revoked, Some(at)) => format!("revoked on {}", date(at)),
            (KeyState::Revoked, None) => "revoked".to_owned(),
        }
    }
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

impl View for Shown {
    fn text(&self, _: Screen) -> String {
        let rows = [
            ("Id", self.key_id.to_string()),
            ("Name", self.name.clone()),
            ("State", self.state()),
            ("Made", format!("{:.0}", self.created_at)),
            ("Opens", self.url.clone()),
        ];
        rows.map(|(name, value)| format!("{name:<8}{}", printable(&value)))
            .join("\n")
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        if self.keys.is_empty() {
            return "There is no API key. Make one with `pagerflow key create`.".to_owned();
        }
        let rows: Vec<_> = self.keys.iter().map(Shown::columns).collect();
        aligned(&["ID", "STATE", "OPENS THE URL OF", "MADE", "NAME"], &rows)
    }
}

impl View for Revoked {
    fn text(&self, _: Screen) -> String {
        format!(
            "The API key {} is revoked. It stops working within ten seconds.",
            self.key_id
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;
    use clap::{CommandFactory, Parser};
    use serde_json::json;

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

    fn shown(key: ApiKeyRecord) -> Shown {
        Shown::new(key, "https://example.com")
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
        let listed = Listed {
            keys: [key(), active].map(shown).into(),
        };
        insta::assert_snapshot!(listed.text(Screen::plain()), @"
        ID            STATE                  OPENS THE URL OF       MADE        NAME
        aaaaaaaaaaaa  revoked on 2026-11-22  integration prod       2026-11-20  Pager�Duty
        bbbbbbbbbbbb  active                 workflow memory-alert  2026-11-20  PagerDuty PABC123
        ");
        let none = Listed { keys: Vec::new() };
        assert_eq!(
            none.text(Screen::plain()),
            "There is no API key. Make one with `pagerflow key create`."
        );
    }

    #[test]
    fn a_key_is_shown_with_its_url() {
        insta::assert_snapshot!(shown(key()).text(Screen::plain()), @"
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
        let view = as_json(&shown(key.clone()));
        assert_eq!(
            (&view["integration"], &view["state"]),
            (&json!("prod"), &json!("revoked"))
        );
        let hash = json!(key.sha256);
        assert!(!view.to_string().contains(hash.as_str().unwrap()), "{view}");
    }
}

//! Storing an account on the system of a connector.

use super::super::answers;
use super::{Kept, Options, Stored, TokenOptions, Verified, options_of_pagerduty, put, token_kind_of_pagerduty};
use crate::{
    ask,
    connector_account::{ConnectorAccount, connector},
    error::Error,
    output::{Notices, printable},
    secret_input,
    stack::Stack,
};
use connectors::{Account, Connector, FieldType, IntegrationField, IntegrationType};
use jiff::Timestamp;
use platform::{
    secrets::{SecretError, StoredOver, read_account, store_account},
    table::{ConnectorAccount as Recorded, IntegrationKind, IntegrationRecord},
};
use secrecy::SecretString;
use std::collections::BTreeMap;
use workflow::{
    action::unknown_field,
    ids::{IntegrationAlias, IntegrationTypeName},
};

/// The fields of an account by their names.
type Fields = BTreeMap<String, String>;

/// Stores an account with the fields of the command line. Those that are not given stay as they are, and where there are none yet, a
/// person at a terminal is asked for them.
pub(super) async fn add(
    options: Options,
    type_name: &IntegrationTypeName,
    recorded: Option<&Recorded>,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    let connector = connector(type_name, stack).await?;
    let before = Before::read(&options.token.alias, type_name, recorded, stack).await?;
    let mut problems = options_of_pagerduty(&options);
    let changes = Changes::read(&options.field, connector.integration(), &mut problems);
    let changes = changes.completed(connector.integration(), &before, ask::can_ask(), &mut problems)?;
    refuse(&options.token.alias, connector, &options.token, problems)?;
    store(options.token, connector, type_name, &before, &changes, stack, notices).await
}

/// Stores another secret of an account, and leaves its fields as they are.
pub(super) async fn set_token(
    options: TokenOptions,
    recorded: &Recorded,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    let connector = connector(&recorded.type_name, stack).await?;
    let type_name = &recorded.type_name;
    let before = Before::read(&options.alias, type_name, Some(recorded), stack).await?;
    let problems = token_kind_of_pagerduty(&options).into_iter().collect();
    refuse(&options.alias, connector, &options, problems)?;
    store(
        options,
        connector,
        type_name,
        &before,
        &Changes::default(),
        stack,
        notices,
    )
    .await
}

/// The account before.
struct Before {
    /// None if there was no such integration.
    fields: Option<Fields>,
}

impl Before {
    /// The fields beside the secret, or those in the table where the secret is gone or damaged.
    async fn read(
        alias: &IntegrationAlias,
        type_name: &IntegrationTypeName,
        recorded: Option<&Recorded>,
        stack: &Stack,
    ) -> Result<Self, Error> {
        let Some(recorded) = recorded else {
            return Ok(Self { fields: None });
        };
        let name = stack.secret_names.integration(type_name, alias);
        let fields = match read_account(&stack.secrets, &name, type_name).await {
            Ok(account) => account.fields,
            Err(SecretError::NotFound(_) | SecretError::Invalid { .. }) => recorded.fields.clone(),
            Err(cause @ SecretError::Unavailable { .. }) => {
                let alias = alias.clone();
                return Err(Error::Unusable { alias, cause });
            }
        };
        Ok(Self { fields: Some(fields) })
    }

    fn has(&self, name: &str) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.contains_key(name))
    }
}

/// The fields that get another value, or none any more.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes(BTreeMap<String, Option<String>>);

impl Changes {
    /// Reads the fields of the command line. An empty value takes an optional field away.
    fn read(given: &[(String, String)], integration: &IntegrationType, problems: &mut Vec<String>) -> Self {
        let mut changes = BTreeMap::new();
        for (name, value) in given {
            let Some(field) = integration.field(name) else {
                problems.push(match integration.fields.is_empty() {
                    true => format!("--field {name}: there are no fields"),
                    false => {
                        let names = integration.fields.iter().map(|field| field.name.as_str());
                        format!("--field {name}: {}", unknown_field(name, names))
                    }
                });
                continue;
            };
            let value = Some(value.clone()).filter(|value| !value.is_empty());
            match &value {
                Some(value) => {
                    let problem = field.check(value).err();
                    problems.extend(problem.map(|problem| format!("--field {name}: `{name}` {problem}")));
                }
                None if field.required => problems.push(format!("--field {name}: `{name}` must not be empty")),
                None => {}
            }
            if changes.insert(name.clone(), value).is_some() {
                problems.push(format!("--field {name}: it is given twice"));
            }
        }
        Self(changes)
    }

    /// With the answers of a person, who is asked for what is new; or with what is missing among the problems.
    fn completed(
        mut self,
        integration: &IntegrationType,
        before: &Before,
        can_ask: bool,
        problems: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let open = |field: &&IntegrationField| !self.0.contains_key(&field.name) && !before.has(&field.name);
        let open: Vec<&IntegrationField> = integration.fields.iter().filter(open).collect();
        // What was given has to be right before more is asked for.
        if can_ask && problems.is_empty() {
            let is_new = before.fields.is_none();
            for field in open.iter().filter(|field| is_new || field.required) {
                let answer = asked(field)?;
                self.0
                    .insert(field.name.clone(), Some(answer).filter(|it| !it.is_empty()));
            }
            return Ok(self);
        }
        let missing = open.iter().filter(|field| field.required && field.default.is_none());
        problems.extend(missing.map(|field| {
            let example = field.example.as_deref().unwrap_or("…");
            format!(
                "`{0}` is missing: {1}; give it with `--field {0}={example}`",
                field.name, field.summary
            )
        }));
        Ok(self)
    }

    /// The fields after the change.
    fn of(&self, before: Option<&Fields>) -> Fields {
        let mut fields = before.cloned().unwrap_or_default();
        for (name, value) in &self.0 {
            match value {
                Some(value) => fields.insert(name.clone(), value.clone()),
                None => fields.remove(name),
            };
        }
        fields
    }
}

/// Asks for a field until the answer can be one.
fn asked(field: &IntegrationField) -> Result<String, Error> {
    let example = field.example.as_ref().map(|example| format!(", such as {example}"));
    let prompt = format!("{}: {}{}", field.name, field.summary, example.unwrap_or_default());
    let default = field.default.as_deref();
    match &field.kind {
        FieldType::OneOf(words) => ask::one_of(&prompt, words, default),
        FieldType::Text { .. } | FieldType::Certificates => {
            let check = |answer: &str| match answer.is_empty() && !field.required {
                true => Ok(()),
                false => field.check(answer).map_err(|problem| format!("it {problem}")),
            };
            ask::text(&prompt, default, !field.required, check)
        }
    }
}

/// Fails with all problems at once.
fn refuse(
    alias: &IntegrationAlias,
    connector: &Connector,
    options: &TokenOptions,
    mut problems: Vec<String>,
) -> Result<(), Error> {
    if connector.integration().secret.is_none() && options.token_file.is_some() {
        problems.push(format!("--token-file: {} asks for no secret", connector.title()));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "nothing was stored of the integration {alias}\n{}\n`pagerflow integration types {}` shows what it asks for.",
        problems.join("\n"),
        connector.name()
    )))
}

async fn store(
    options: TokenOptions,
    connector: &Connector,
    type_name: &IntegrationTypeName,
    before: &Before,
    changes: &Changes,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    let TokenOptions {
        alias,
        token_file,
        no_verify,
        ..
    } = options;
    let integration = connector.integration();
    let secret = match &integration.secret {
        None => SecretString::default(),
        Some(words) if integration.secret_is_optional => secret_input::read_optional(words, token_file.as_deref())?,
        Some(words) => secret_input::read(words, token_file.as_deref())?,
    };
    let made = |fields: Fields| {
        integration
            .account(fields, secret.clone())
            .map_err(|error| error.to_string())
    };
    let account = made(changes.of(before.fields.as_ref())).map_err(|problem| {
        Error::Invalid(format!(
            "nothing was stored of the integration {alias}\n{}",
            printable(&problem)
        ))
    })?;
    let verified = match no_verify {
        true => Verified::NotTried,
        false => verify(&alias, connector, &account, stack, notices).await?,
    };
    let record = |account: &Account| IntegrationRecord {
        alias: alias.clone(),
        kind: IntegrationKind::Connector(Recorded {
            type_name: type_name.clone(),
            fields: account.fields.clone(),
            hosts: account.hosts.iter().map(ToString::to_string).collect(),
        }),
        updated_at: Timestamp::now(),
    };
    if before.fields.is_none() {
        // The alias is taken first, so that no secret is stored for one that is of another type, or that nothing lists.
        put(&record(&account), stack).await?;
    }
    let name = stack.secret_names.integration(type_name, &alias);
    let stored = store_account(&stack.secrets, &name, type_name, |stored| {
        let fields = stored.map(|stored| &stored.fields).or(before.fields.as_ref());
        made(changes.of(fields))
    })
    .await?;
    let StoredOver { account, replaced } = stored;
    if let Some(replaced) = replaced {
        notices.warn(&format!("{replaced}. It was stored anew."));
    }
    let record = record(&account);
    put(&record, stack).await?;
    if let IntegrationKind::Connector(account) = &record.kind
        && answers::can_be_signed(account)
        && !answers::is_signed(account)
    {
        notices.note(&answers::how_to(&alias, account, stack));
    }
    Ok(Stored {
        kept: before.fields.as_ref().map(|fields| kept(fields, changes)),
        integration: record.into(),
        verified,
        external_id: None,
    })
}

/// Asks the system whether it accepts the secret.
async fn verify(
    alias: &IntegrationAlias,
    connector: &Connector,
    account: &Account,
    stack: &Stack,
    notices: Notices,
) -> Result<Verified, Error> {
    let title = connector.title();
    let Some(test) = connector.test() else {
        return Ok(Verified::CannotBe(format!(
            "It was not tried: {title} names nothing to try it with."
        )));
    };
    let _trying = notices.working(format!("Trying the secret of {alias}"));
    let account = ConnectorAccount::reached(connector, account.clone(), &stack.systems);
    match account.perform(test, serde_json::Map::new(), None).await {
        Ok(_) => Ok(Verified::Yes(format!("{title} accepts it."))),
        Err(error) => Err(Error::Invalid(format!(
            "nothing was stored of the integration {alias}\n{}\nTo store it without trying it, pass --no-verify.",
            printable(&error.to_string())
        ))),
    }
}

/// The fields that stayed as they were.
fn kept(before: &Fields, changes: &Changes) -> Vec<Kept> {
    let kept = before.iter().filter(|(name, _)| !changes.0.contains_key(*name));
    kept.map(|(name, value)| Kept {
        name: name.clone(),
        words: format!("{name} {value}"),
    })
    .collect()
}

#[cfg(test)]
mod tests;

//! Storing an integration with AWS: a role, a region, and an ExternalId that is made here.

use super::{Kept, Options, Stored, TokenOptions, Verified, put};
use crate::{ask, error::Error, output::Notices, stack::Stack};
use aws_actions::{
    Place,
    integration::{self, AskedField, FIELDS, Role, is_external_id},
};
use connectors::Account;
use jiff::Timestamp;
use platform::{
    secrets::{SecretError, read_account, store_account},
    table::{ConnectorAccount as Recorded, IntegrationKind, IntegrationRecord},
};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use workflow::{
    action::unknown_field,
    ids::{IntegrationAlias, IntegrationTypeName},
};

/// The number of random bytes of an ExternalId, which has two characters for each.
const RANDOM: usize = 24;

type Fields = BTreeMap<String, String>;

/// Stores an integration with the fields of the command line. Those that are not given stay as they are, and where there are none yet, a
/// person at a terminal is asked for them. The ExternalId stays, where there is one.
pub(super) async fn add(
    options: Options,
    recorded: Option<&Recorded>,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    let alias = options.token.alias.clone();
    let before = before(&alias, recorded, stack).await?;
    let mut problems = needless(&options.token);
    problems.extend(super::options_of_pagerduty(&options));
    let mut fields = before.clone().unwrap_or_default();
    let given = given(&options.field, &mut problems);
    fields.extend(given.clone());
    for field in FIELDS.iter().filter(|field| {
        !before
            .iter()
            .flatten()
            .chain(&given)
            .any(|(name, _)| name == field.name)
    }) {
        match ask::can_ask() && problems.is_empty() {
            true => {
                fields.insert(field.name.to_owned(), asked(field, &alias)?);
            }
            false => problems.push(format!(
                "`{0}` is missing: {1}; give it with `--field {0}={2}`",
                field.name, field.summary, field.example
            )),
        }
    }
    refuse(&alias, &problems)?;
    store(alias, fields, before.as_ref(), &given, true, stack, notices).await
}

/// Stores a new ExternalId, and leaves role and region as they are.
pub(super) async fn set_token(
    options: TokenOptions,
    recorded: &Recorded,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    let alias = options.alias.clone();
    let before = before(&alias, Some(recorded), stack).await?.unwrap_or_default();
    refuse(&alias, &needless(&options))?;
    store(
        alias,
        before.clone(),
        Some(&before),
        &Fields::new(),
        false,
        stack,
        notices,
    )
    .await
}

/// The fields that are stored, or those in the table where the secret is gone or damaged.
async fn before(alias: &IntegrationAlias, recorded: Option<&Recorded>, stack: &Stack) -> Result<Option<Fields>, Error> {
    let Some(recorded) = recorded else { return Ok(None) };
    let name = stack.secret_names.integration(&recorded.type_name, alias);
    match read_account(&stack.secrets, &name, &recorded.type_name).await {
        Ok(account) => Ok(Some(account.fields)),
        Err(SecretError::NotFound(_) | SecretError::Invalid { .. }) => Ok(Some(recorded.fields.clone())),
        Err(cause @ SecretError::Unavailable { .. }) => Err(Error::Unusable {
            alias: alias.clone(),
            cause,
        }),
    }
}

/// The fields of the command line.
fn given(all: &[(String, String)], problems: &mut Vec<String>) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in all {
        let names = FIELDS.iter().map(|field| field.name);
        if !names.clone().any(|known| known == name) {
            problems.push(format!("--field {name}: {}", unknown_field(name, names)));
        } else if value.is_empty() {
            problems.push(format!("--field {name}: `{name}` must not be empty"));
        } else if fields.insert(name.clone(), value.clone()).is_some() {
            problems.push(format!("--field {name}: it is given twice"));
        }
    }
    fields
}

/// Asks for a field until the answer can be one.
fn asked(field: &AskedField, alias: &IntegrationAlias) -> Result<String, Error> {
    let [role, region] = FIELDS;
    let example = match field.name == role.name {
        true => role
            .example
            .replace("pagerflow-prod-aws", &format!("pagerflow-{alias}")),
        false => region.example.to_owned(),
    };
    let check = |answer: &str| {
        match field.name == role.name {
            // The region has to be of the same partition, which is checked when both are known.
            true => Role::check_arn(answer).map_err(|error| error.to_string()),
            false => Place::region(answer).map(|_| ()).map_err(|error| error.to_string()),
        }
    };
    ask::text(
        &format!("{}: {}, such as {example}", field.name, field.summary),
        None,
        false,
        check,
    )
}

/// The options that an integration with AWS has no use for.
fn needless(options: &TokenOptions) -> Vec<String> {
    let of_token = options.token_file.as_ref().map(|_| {
        "--token-file: the ExternalId of an integration with AWS is made by Pagerflow, and shown when it is stored"
            .to_owned()
    });
    let of_kind = super::token_kind_of_pagerduty(options);
    of_token.into_iter().chain(of_kind).collect()
}

fn refuse(alias: &IntegrationAlias, problems: &[String]) -> Result<(), Error> {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(format!(
            "nothing was stored of the integration {alias}\n{}\n`pagerflow integration types {}` shows what it asks for.",
            problems.join("\n"),
            integration::TYPE
        ))),
    }
}

/// A text that cannot be guessed.
fn made_up() -> Result<String, Error> {
    let mut random = [0_u8; RANDOM];
    getrandom::fill(&mut random).map_err(|error| Error::Secret(format!("no ExternalId could be made: {error}")))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn store(
    alias: IntegrationAlias,
    fields: Fields,
    before: Option<&Fields>,
    changed: &Fields,
    keeps_id: bool,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    let refused = |problem: String| Error::Invalid(format!("nothing was stored of the integration {alias}\n{problem}"));
    let role = Role::of_fields(&fields).map_err(|error| refused(error.to_string()))?;
    let host = role
        .host()
        .parse()
        .map_err(|_| refused("its region has no host".to_owned()))?;
    let type_name: IntegrationTypeName = integration::TYPE
        .parse()
        .map_err(|_| refused("its type has no name".to_owned()))?;
    let account = Account {
        fields,
        hosts: vec![host],
        secret: made_up()?.into(),
    };
    let record = IntegrationRecord {
        alias: alias.clone(),
        kind: IntegrationKind::Connector(Recorded {
            type_name: type_name.clone(),
            fields: account.fields.clone(),
            hosts: account.hosts.iter().map(ToString::to_string).collect(),
        }),
        updated_at: Timestamp::now(),
    };
    // The alias is taken first, so that no secret is stored for one that is of another type, or that nothing lists.
    put(&record, stack).await?;
    let name = stack.secret_names.integration(&type_name, &alias);
    let stored = store_account(&stack.secrets, &name, &type_name, |stored| {
        let kept = stored.filter(|_| keeps_id).map(|stored| stored.secret.clone());
        let kept = kept.filter(|secret: &SecretString| is_external_id(secret.expose_secret()));
        Ok(Account {
            secret: kept.unwrap_or_else(|| account.secret.clone()),
            ..account.clone()
        })
    })
    .await?;
    if let Some(replaced) = stored.replaced {
        notices.warn(&format!("{replaced}. It was stored anew."));
    }
    let external_id = stored.account.secret.expose_secret().to_owned();
    let kept = |before: &Fields| {
        let kept = before.iter().filter(|(name, _)| !changed.contains_key(*name));
        let fields = kept.map(|(name, value)| Kept {
            name: name.clone(),
            words: format!("{name} {value}"),
        });
        fields.collect()
    };
    Ok(Stored {
        kept: before.map(kept),
        verified: Verified::CannotBe(next(&alias, &role, &external_id)),
        integration: record.into(),
        external_id: Some(external_id),
    })
}

/// The steps that are left, for the owner of the account.
fn next(alias: &IntegrationAlias, role: &Role, external_id: &str) -> String {
    format!(
        "Its ExternalId is {external_id}\n\
         Make the role {name} in the account {account}, with the rights that workflows need of it:\n  \
         pagerflow integration role {alias} --for WORKFLOW > role.yaml\n  \
         aws cloudformation deploy --template-file role.yaml --stack-name {name} --capabilities CAPABILITY_NAMED_IAM\n\
         Then try it with `pagerflow integration test {alias}`.",
        name = role.name,
        account = role.account
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_is_another_one_each_time() {
        let (one, other) = (made_up().unwrap(), made_up().unwrap());
        assert!(is_external_id(&one) && is_external_id(&other) && one != other);
    }

    #[test]
    fn all_that_is_wrong_on_the_command_line_is_told() {
        let fields = [("role", "x"), ("region", ""), ("role_arn", "a"), ("role_arn", "b")];
        let fields: Vec<_> = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut problems = Vec::new();
        given(&fields, &mut problems);
        assert_eq!(
            problems,
            [
                "--field role: `role` is not known; did you mean `role_arn`?",
                "--field region: `region` must not be empty",
                "--field role_arn: it is given twice",
            ]
        );
    }

    #[test]
    fn who_has_stored_one_reads_what_is_left_to_do() {
        let [role, region] = FIELDS;
        let role = Role::read(role.example, region.example).unwrap();
        insta::assert_snapshot!(next(&"prod-aws".parse().unwrap(), &role, "0123"), @"
        Its ExternalId is 0123
        Make the role pagerflow-prod-aws in the account 123456789012, with the rights that workflows need of it:
          pagerflow integration role prod-aws --for WORKFLOW > role.yaml
          aws cloudformation deploy --template-file role.yaml --stack-name pagerflow-prod-aws --capabilities CAPABILITY_NAMED_IAM
        Then try it with `pagerflow integration test prod-aws`.
        ");
    }
}

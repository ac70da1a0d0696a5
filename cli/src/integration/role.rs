//! `pagerflow integration role`: the role of an integration with AWS, as a template of CloudFormation.

use super::uses;
use crate::{
    aws_account::{FUNCTION, FUNCTION_ROLE},
    error::Error,
    known,
    output::{Notices, Screen, View},
    pagerduty_account::unusable,
    stack::Stack,
    workflow_command,
};
use aws_actions::{Action, integration::Role};
use clap::Args;
use platform::{
    secrets::read_account,
    table::{IntegrationKind, VersionSource, WorkflowState},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::{collections::BTreeSet, path::Path};
use workflow::{
    definition::Definition,
    ids::{IntegrationAlias, WorkflowId},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow integration role prod-aws --for restart-ecs-service > role.yaml
  pagerflow integration role prod-aws --for restart.yaml --for scale.yaml > role.yaml
  pagerflow integration role prod-aws > role.yaml     with the rights of all workflows of the stack

Deploy it in the account of the role:
  aws cloudformation deploy --template-file role.yaml --stack-name pagerflow-prod-aws --capabilities CAPABILITY_NAMED_IAM";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The alias of the integration, of the type aws.
    alias: IntegrationAlias,
    /// A workflow of the stack, or a file with one, whose steps use the integration. May be repeated. Without it, all workflows of the
    /// stack count.
    #[arg(long = "for", value_name = "WORKFLOW|FILE")]
    workflows: Vec<String>,
}

/// The role of an integration.
#[derive(Debug, Serialize)]
pub(super) struct Printed {
    integration: IntegrationAlias,
    role_arn: String,
    /// The role that may take it on.
    trusts: String,
    /// The IAM actions that it allows.
    actions: BTreeSet<String>,
    /// The template.
    template: String,
}

impl View for Printed {
    fn text(&self, _: Screen) -> String {
        self.template.trim_end().to_owned()
    }
}

pub(super) async fn role(options: &Options, stack: &Stack, notices: Notices) -> Result<Printed, Error> {
    let alias = &options.alias;
    let (role, external_id) = stored(alias, stack).await?;
    let looking = notices.working("Looking at the stack");
    let trusts = trusted(stack).await?;
    let definitions = definitions(options, stack, notices).await?;
    drop(looking);
    let mut actions = BTreeSet::new();
    for definition in &definitions {
        let uses = uses::of_integration(definition, alias);
        if uses.by_expression {
            notices.warn(&format!(
                "the workflow {} names integrations of some steps by expressions; the rights of these steps are in the role as well",
                definition.name
            ));
        }
        let used = uses.actions.iter().filter_map(|name| Action::named(name));
        actions.extend(used.flat_map(|action| action.iam_actions()));
    }
    if actions.is_empty() {
        notices.warn("none of the workflows uses the integration, so the role has no rights");
    }
    let template = template(alias, &role, &trusts, &external_id, &actions);
    Ok(Printed {
        integration: alias.clone(),
        role_arn: role.arn,
        trusts,
        actions,
        template,
    })
}

/// The role of an integration, and its ExternalId.
async fn stored(alias: &IntegrationAlias, stack: &Stack) -> Result<(Role, SecretString), Error> {
    let record = stack.known_integration(alias).await?;
    let recorded = match &record.kind {
        IntegrationKind::Connector(recorded) if recorded.type_name.as_str() == aws_actions::integration::TYPE => {
            recorded
        }
        kind => {
            return Err(Error::Invalid(format!(
                "the integration {alias} is of the type {}, and only one of the type aws has a role\n\
                 Add one with `pagerflow integration add ALIAS --type aws`.",
                kind.type_name()
            )));
        }
    };
    let name = stack.secret_names.integration(&recorded.type_name, alias);
    let account = read_account(&stack.secrets, &name, &recorded.type_name).await;
    let account = account.map_err(|error| unusable(alias, error))?;
    let role = Role::of_fields(&account.fields).map_err(|error| {
        Error::Invalid(format!(
            "the integration {alias} cannot be used: {error}\nStore it again with `pagerflow integration add {alias}`."
        ))
    })?;
    Ok((role, account.secret))
}

/// The ARN of the role of the function that acts in the accounts of integrations.
async fn trusted(stack: &Stack) -> Result<String, Error> {
    let resources = stack.resources().await?;
    let name = resources.id_of(FUNCTION_ROLE).ok_or_else(|| {
        Error::NotFound(format!(
            "the stack {} has no function {FUNCTION}, which acts in AWS accounts\nDeploy this release, and try again.",
            stack.name
        ))
    })?;
    let caller = stack.caller().await;
    let parts: Vec<&str> = caller.iter().flat_map(|arn| arn.split(':')).collect();
    match parts.as_slice() {
        ["arn", partition, _, _, account, ..] => Ok(format!("arn:{partition}:iam::{account}:role/{name}")),
        _ => Err(Error::NotFound(
            "AWS does not say in which account the stack is\nLook at it with `aws sts get-caller-identity`.".to_owned(),
        )),
    }
}

/// The definitions of the workflows that count.
async fn definitions(options: &Options, stack: &Stack, notices: Notices) -> Result<Vec<Definition>, Error> {
    let mut definitions = Vec::new();
    for text in &options.workflows {
        match text.parse::<WorkflowId>() {
            Ok(workflow) if !Path::new(text).exists() => {
                let record = known::live_workflow(&workflow, stack).await?;
                definitions.extend(stack.table.version(&workflow, record.active_version).await?);
            }
            _ => {
                let known = stack.connectors().await?;
                definitions.extend(workflow_command::definitions(&[text.into()], known, notices)?);
            }
        }
    }
    if options.workflows.is_empty() {
        let all = stack.table.workflows().await?;
        for record in all.iter().filter(|record| record.state != WorkflowState::Deleted) {
            definitions.extend(stack.table.version(&record.workflow, record.active_version).await?);
        }
    }
    Ok(definitions)
}

fn template(
    alias: &IntegrationAlias,
    role: &Role,
    trusts: &str,
    external_id: &SecretString,
    actions: &BTreeSet<String>,
) -> String {
    let Role {
        account, name, path, ..
    } = role;
    let rights = match actions.is_empty() {
        true => String::new(),
        false => {
            let actions = actions.iter().map(|action| format!("                  - {action}\n"));
            format!(
                "      Policies:
        - PolicyName: what-workflows-do
          PolicyDocument:
            Version: \"2012-10-17\"
            Statement:
              - Effect: Allow
                Action:
{}                # Name what they may act on, where you can.
                Resource: \"*\"
",
                actions.collect::<String>()
            )
        }
    };
    let path = match path.as_str() {
        "/" => String::new(),
        path => format!("      Path: {path}\n"),
    };
    format!(
        "# The role through which Pagerflow's integration {alias} acts in the account {account}. Deploy it there:
#   aws cloudformation deploy --template-file role.yaml --stack-name {name} --capabilities CAPABILITY_NAMED_IAM
AWSTemplateFormatVersion: \"2010-09-09\"
Description: The role that Pagerflow takes on for its integration {alias}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {name}
{path}      AssumeRolePolicyDocument:
        Version: \"2012-10-17\"
        Statement:
          - Effect: Allow
            Principal:
              AWS: {trusts}
            Action: sts:AssumeRole
            Condition:
              StringEquals:
                sts:ExternalId: \"{}\"
{rights}Outputs:
  RoleArn:
    Value: !GetAtt Role.Arn
",
        external_id.expose_secret()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(arn: &str, actions: &[&str]) -> String {
        let role = Role::read(arn, "eu-west-1").unwrap();
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        let trusts = "arn:aws:iam::210987654321:role/pagerflow-CallAwsRole-1A2B3C";
        let external_id = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978".into();
        template(&"prod-aws".parse().unwrap(), &role, trusts, &external_id, &actions)
    }

    #[test]
    fn a_role_trusts_the_function_alone_and_has_the_rights_of_the_workflows() {
        let role = "arn:aws:iam::123456789012:role/pagerflow-prod-aws";
        insta::assert_snapshot!(printed(role, &["ecs:DescribeServices", "ecs:UpdateService"]));
    }

    #[test]
    fn a_role_can_have_a_path_and_no_rights_yet() {
        let text = printed("arn:aws:iam::123456789012:role/ops/pagerflow-prod-aws", &[]);
        assert!(
            text.contains("      RoleName: pagerflow-prod-aws\n      Path: /ops/\n"),
            "{text}"
        );
        assert!(!text.contains("Policies"), "{text}");
    }
}

//! `pagerflow connector test`: an action, once and by hand.

use super::show::action;
use crate::{
    ask::Consent,
    connector_account::ConnectorAccount,
    error::Error,
    output::{Notices, Screen, View, printable},
    stack::Stack,
    text_file,
};
use clap::Args;
use connectors::Action;
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use workflow::{action::ActionSpec, document, ids::IntegrationAlias};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow connector test jira.get_issue --integration tickets --with issue.yaml
  echo '{ channel: C0123456789, text: Hello }' | pagerflow connector test slack.post_message --integration chat --with - --yes

The file has the inputs of the action, as `with` of a step has them, but without expressions.";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The action, such as slack.post_message.
    #[arg(value_name = "NAME.ACTION")]
    action: String,
    /// The integration on whose account it acts.
    #[arg(long, value_name = "ALIAS")]
    integration: IntegrationAlias,
    /// A file with the inputs, in YAML or JSON; `-` for standard input. Without it there are none.
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// An action that was performed.
#[derive(Debug, Serialize)]
pub(super) struct Performed {
    action: String,
    integration: IntegrationAlias,
    outputs: Map<String, Value>,
}

/// The room for the inputs, in bytes: what a step of a workflow has at most.
const ROOM: usize = 48 * 1024;

/// Performs the action; none if that was declined.
pub(super) async fn test(options: Options, stack: &Stack, notices: Notices) -> Result<Option<Performed>, Error> {
    let name = options.action.as_str();
    let (connector_name, _) = name.split_once('.').unwrap_or((name, ""));
    let connector = stack.connector(connector_name).await?;
    let action = action(connector, name)?;
    let given = options.with.as_deref().map(inputs).transpose()?.unwrap_or_default();
    let input = admitted(action.spec(), given, &options.integration)?;
    let account = ConnectorAccount::of_connector(&options.integration, connector, stack).await?;
    if !action.spec().only_reads() && !Consent::of(options.yes).allows(&question(action, &options.integration))? {
        return Ok(None);
    }
    let _performing = notices.working(format!("Performing {name}"));
    let outputs = account.perform(action, input, Some(made_up_key()?)).await?;
    Ok(Some(Performed {
        action: options.action,
        integration: options.integration,
        outputs,
    }))
}

fn question(action: &Action, integration: &IntegrationAlias) -> String {
    let spec = action.spec();
    format!("Perform {} with {integration} now? {}", spec.name, spec.summary)
}

/// Reads the inputs from a file.
fn inputs(path: &Path) -> Result<Map<String, Value>, Error> {
    let source = text_file::read(path)?;
    let read = document::read(&source, "input", |node, _| Some(node.to_json()));
    let invalid = |problem: String| Error::Invalid(format!("{}: {problem}", path.display()));
    match read.map_err(|problems| invalid(problems.to_string()))? {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Map::new()),
        _ => Err(invalid("it must be a map of the inputs by their names".to_owned())),
    }
}

/// The inputs of a call, checked as those of a step are.
fn admitted(
    spec: &ActionSpec,
    mut input: Map<String, Value>,
    integration: &IntegrationAlias,
) -> Result<Map<String, Value>, Error> {
    input.insert("integration".to_owned(), integration.as_str().into());
    let admitted = spec.admit(Value::Object(input), &[], ROOM);
    match admitted.map(|admitted| admitted.input) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(Map::new()),
        Err(problems) => Err(Error::Invalid(format!(
            "{} cannot be performed with this:\n{}",
            spec.name,
            problems.join("\n")
        ))),
    }
}

/// A key that no other call has, for the systems that know a call again by it.
fn made_up_key() -> Result<String, Error> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| Error::Systems(error.to_string()))?;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("by-hand-{hex}"))
}

impl View for Performed {
    fn text(&self, _: Screen) -> String {
        let outputs = self.outputs.iter().map(|(name, value)| match value {
            Value::String(text) => format!("{name:<20}{}", printable(text)),
            value => format!("{name:<20}{}", printable(&value.to_string())),
        });
        let outputs: Vec<_> = outputs.collect();
        match outputs.is_empty() {
            true => format!("Performed {}. It has no outputs.", self.action),
            false => outputs.join("\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn admit(name: &str, input: Value) -> Result<Value, String> {
        let (connector_name, _) = name.split_once('.').unwrap();
        let action = action(connectors::shipped_connector(connector_name).unwrap(), name).unwrap();
        let Value::Object(input) = input else { unreachable!() };
        let admitted = admitted(action.spec(), input, &"chat".parse().unwrap());
        admitted.map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn the_inputs_get_the_integration_and_all_that_is_wrong_is_told() {
        let good = json!({"channel": "C1", "text": "Hello"});
        let with_integration = json!({"channel": "C1", "text": "Hello", "integration": "chat"});
        assert_eq!(admit("slack.post_message", good), Ok(with_integration));
        let error = admit("slack.post_message", json!({"chanel": "C1", "text": 7})).unwrap_err();
        insta::assert_snapshot!(error, @"
        slack.post_message cannot be performed with this:
        `channel` is missing: the id of the channel, or of a user for a direct message
        `chanel` is not known; did you mean `channel`?
        `text` is a number, but must be text
        ");
    }

    #[rstest]
    #[case::yaml("channel: C1\n", Ok(json!({"channel": "C1"})))]
    #[case::json("{\"count\": 7}", Ok(json!({"count": 7})))]
    #[case::a_list("[1]", Err("must be a map"))]
    fn the_file_is_a_map(#[case] text: &str, #[case] expected: Result<Value, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input.yaml");
        std::fs::write(&path, text).unwrap();
        match (inputs(&path), expected) {
            (Ok(fields), Ok(expected)) => assert_eq!(Value::Object(fields), expected),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (read, _) => panic!("{read:?}"),
        }
    }

    #[test]
    fn outputs_are_shown_by_their_names_and_cannot_steer_the_terminal() {
        let performed = Performed {
            action: "slack.post_message".to_owned(),
            integration: "chat".parse().unwrap(),
            outputs: json!({"ts": "1.2", "channel": "C\u{1b}[31m", "more": {"a": 1}})
                .as_object()
                .unwrap()
                .clone(),
        };
        insta::assert_snapshot!(performed.text(Screen::plain()), @r#"
        channel             C�[31m
        more                {"a":1}
        ts                  1.2
        "#);
    }
}

//! `pagerflow connector show`.

use super::list::of_workflows;
use crate::{
    error::Error,
    known,
    output::{Output, Screen, View, printable},
    text_table::aligned,
};
use connectors::{Action, Connector, shipped_connector};
use serde::Serialize;
use std::process::ExitCode;
use workflow::{action::Field, definition::Length};

pub(super) fn show(name: &str, output: &mut Output) -> Result<ExitCode, Error> {
    match name.split_once('.') {
        None => output.show(&ShownConnector::of(connector(name)?)),
        Some((connector_name, _)) => {
            let connector = connector(connector_name)?;
            output.show(&ShownAction::of(action(connector, name)?))
        }
    }
}

/// The connector of a name.
pub(super) fn connector(name: &str) -> Result<&'static Connector, Error> {
    shipped_connector(name).ok_or_else(|| known::unknown_connector(name))
}

/// The action of a whole name, such as `slack.post_message`.
pub(super) fn action<'a>(connector: &'a Connector, name: &str) -> Result<&'a Action, Error> {
    let found = connector.actions().find(|action| action.spec().name == name);
    let names = of_workflows(connector).map(|action| &*action.spec().name);
    found.ok_or_else(|| known::unknown_action(name, names))
}

/// A connector with its actions.
#[derive(Debug, Serialize)]
struct ShownConnector {
    connector: String,
    title: String,
    summary: String,
    documentation: String,
    actions: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    action: String,
    summary: String,
    reads: bool,
}

impl ShownConnector {
    fn of(connector: &Connector) -> Self {
        let actions = of_workflows(connector).map(|action| Row {
            action: action.spec().name.to_string(),
            summary: action.spec().summary.to_string(),
            reads: action.spec().only_reads(),
        });
        Self {
            connector: connector.name().to_string(),
            title: connector.title().to_owned(),
            summary: connector.summary().to_owned(),
            documentation: connector.documentation().to_owned(),
            actions: actions.collect(),
        }
    }
}

impl View for ShownConnector {
    fn text(&self, _: Screen) -> String {
        let rows = self.actions.iter().map(|row| {
            let reads = if row.reads { "reads" } else { "acts" };
            vec![row.action.clone(), reads.to_owned(), row.summary.clone()]
        });
        let rows: Vec<_> = rows.collect();
        format!(
            "{}: {}\n{}\n\n{}\n\nAn account is added with `pagerflow integration add ALIAS --type {}`.",
            printable(&self.title),
            printable(&self.summary),
            printable(&self.documentation),
            aligned(&["ACTION", "", "WHAT IT DOES"], &rows),
            self.connector
        )
    }
}

/// An action with all that a workflow's author needs to know.
#[derive(Debug, Serialize)]
struct ShownAction {
    action: String,
    summary: String,
    documentation: Option<String>,
    reads: bool,
    /// The effect of a repeat, for people.
    on_repeat: String,
    /// The time until what it starts must have ended, in seconds, if it waits for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_seconds: Option<u32>,
    inputs: Vec<Input>,
    outputs: Vec<Given>,
    /// The fields of `with` as a person writes them in YAML.
    example: String,
}

#[derive(Debug, Serialize)]
struct Input {
    name: String,
    r#type: String,
    required: bool,
    summary: String,
    /// True if `pagerflow choices` lists what there is to choose from.
    choices: bool,
}

#[derive(Debug, Serialize)]
struct Given {
    name: String,
    r#type: String,
    /// True if it can be null.
    optional: bool,
    summary: String,
}

impl ShownAction {
    fn of(action: &Action) -> Self {
        let spec = action.spec();
        let input = |field: &Field| Input {
            name: field.name.to_string(),
            r#type: field.kind.to_string(),
            required: !field.optional,
            summary: field.summary.to_string(),
            choices: action.choices(&field.name).is_some(),
        };
        let output = |field: &Field| Given {
            name: field.name.to_string(),
            r#type: field.kind.to_string(),
            optional: field.optional,
            summary: field.summary.to_string(),
        };
        Self {
            action: spec.name.to_string(),
            summary: spec.summary.to_string(),
            documentation: action.documentation().map(str::to_owned),
            reads: spec.only_reads(),
            on_repeat: spec.on_repeat.to_string(),
            job_seconds: spec.job_seconds,
            inputs: spec.inputs.iter().map(input).collect(),
            outputs: spec.outputs.iter().map(output).collect(),
            example: spec.example.to_string(),
        }
    }
}

impl View for ShownAction {
    fn text(&self, _: Screen) -> String {
        let mut parts = vec![format!("{}: {}", self.action, printable(&self.summary))];
        parts.extend(self.documentation.as_deref().map(printable));
        parts.push(format!("A repeat: {}", printable(&self.on_repeat)));
        let at_most = self
            .job_seconds
            .and_then(|seconds| Length::from_seconds(seconds.into()));
        parts.extend(at_most.map(|at_most| {
            format!("It waits until what it starts has ended: at most {at_most}, unless the step has a `timeout`.")
        }));
        let inputs = self.inputs.iter().map(|input| {
            let needed = if input.required { "required" } else { "" };
            let choices = if input.choices { "choices" } else { "" };
            [&input.name, &input.r#type, needed, choices, &input.summary]
                .map(ToString::to_string)
                .to_vec()
        });
        let inputs: Vec<_> = inputs.collect();
        parts.push(format!(
            "\n{}",
            aligned(&["INPUT", "TYPE", "", "", "WHAT IT IS"], &inputs)
        ));
        if !self.outputs.is_empty() {
            let outputs = self.outputs.iter().map(|output| {
                let optional = if output.optional { "or null" } else { "" };
                [&output.name, &output.r#type, optional, &output.summary]
                    .map(ToString::to_string)
                    .to_vec()
            });
            let outputs: Vec<_> = outputs.collect();
            parts.push(format!(
                "\n{}",
                aligned(&["OUTPUT", "TYPE", "", "WHAT IT IS"], &outputs)
            ));
        }
        if !self.example.is_empty() {
            let lines = self.example.lines().map(|line| format!("    {}", printable(line)));
            let lines: Vec<_> = lines.collect();
            parts.push(format!("\n- uses: {}\n  with:\n{}", self.action, lines.join("\n")));
        }
        if let Some(input) = self.inputs.iter().find(|input| input.choices) {
            parts.push(format!(
                "\n`pagerflow choices {} {} --integration ALIAS` lists what there is to choose from.",
                self.action, input.name
            ));
        }
        parts.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;

    #[test]
    fn a_connector_is_shown_with_its_actions() {
        let text = ShownConnector::of(connector("slack").unwrap()).text(Screen::plain());
        assert!(text.starts_with("Slack: "), "{text}");
        assert!(
            text.contains("\nslack.post_message ") && !text.contains("slack.test_token"),
            "{text}"
        );
    }

    #[test]
    fn an_action_is_shown_with_its_inputs_its_outputs_and_an_example() {
        let slack = connector("slack").unwrap();
        let shown = ShownAction::of(action(slack, "slack.post_message").unwrap());
        insta::assert_snapshot!(shown.text(Screen::plain()), @r#"
        slack.post_message: Posts a message to a channel.
        https://docs.slack.dev/reference/methods/chat.postMessage
        A repeat: It is done a second time, so after an unknown outcome the step fails; look in Slack if it was done.

        INPUT         TYPE                                                 WHAT IT IS
        integration   integration alias                 required           the account on Slack
        channel       text                              required  choices  the id of the channel, or of a user for a direct message
        text          text of at most 40000 characters  required           the text, in Slack's mrkdwn; with `blocks` it is what notifications show
        blocks        list                                                 Block Kit blocks
        unfurl_links  true or false                                        whether links show a preview; as Slack does by itself if it does not say

        OUTPUT   TYPE    WHAT IT IS
        ts       text    the message's time, which is its id in the channel
        channel  text    the id of the channel

        - uses: slack.post_message
          with:
            integration: ops
            channel: C0123456789
            text: "{{ event.incident.title }}: {{ event.incident.html_url }}"

        `pagerflow choices slack.post_message channel --integration ALIAS` lists what there is to choose from.
        "#);
        assert_eq!(as_json(&shown)["inputs"][0]["name"], "integration");
    }

    #[test]
    fn what_there_is_not_is_told_with_the_nearest_name() {
        let slack = connector("slack").unwrap();
        let told = [
            connector("slak").unwrap_err().to_string(),
            action(slack, "slack.post_mesage").unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(told.join("\n"), @"
        there is no connector slak; did you mean slack?
        List them with `pagerflow connector list`.
        there is no action slack.post_mesage; did you mean slack.post_message?
        List them with `pagerflow connector show slack`.
        ");
    }
}

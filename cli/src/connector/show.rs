//! `pagerflow connector show`.

use super::{aws, list::of_workflows};
use crate::{
    error::Error,
    known,
    output::{Output, Screen, View, printable},
    stack::Stack,
    text_table::aligned,
    workflow_command::who,
};
use clap::Args;
use connectors::{Action, Connector, shipped_connector, shipped_source};
use jiff::Timestamp;
use platform::table::{ConnectorRecord, ConnectorVersion};
use serde::Serialize;
use std::process::ExitCode;
use workflow::{
    action::{ActionSpec, Field},
    definition::Length,
    ids::IntegrationTypeName,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow connector show slack
  pagerflow connector show slack.post_message
  pagerflow connector show aws.ecs
  pagerflow connector show aws.ecs.update_service
  pagerflow connector show desk --version 3 --source > desk.yaml";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The name of a connector, or of an action.
    #[arg(value_name = "NAME[.ACTION]")]
    name: String,
    /// Of a connector of your own, this version. Without it, the newest.
    #[arg(long, value_name = "NUMBER", value_parser = version)]
    version: Option<ConnectorVersion>,
    /// Print the file, as its author wrote it.
    #[arg(long)]
    source: bool,
}

/// Reads a version as people write it: `3` or `v3`.
fn version(text: &str) -> Result<ConnectorVersion, String> {
    let number = text.strip_prefix('v').unwrap_or(text).parse();
    let wrong = |_| "a version is a number, such as 3 or v3".to_owned();
    number.map(ConnectorVersion).map_err(wrong)
}

/// Shows a connector that comes with the program; none if it is another one, for which a stack is needed.
pub(super) fn show_shipped(options: &Options, output: &mut Output) -> Result<Option<ExitCode>, Error> {
    let (name, _) = options.name.split_once('.').unwrap_or((&options.name, ""));
    if aws::has(name) {
        return match options.source || options.version.is_some() {
            true => Err(Error::Invalid(format!(
                "the actions of {name} come with Pagerflow and have neither a file nor versions; leave --source and --version out"
            ))),
            false => aws::show(&options.name, output).map(Some),
        };
    }
    let (Some(connector), Some(source)) = (shipped_connector(name), shipped_source(name)) else {
        return Ok(None);
    };
    if options.version.is_some() {
        return Err(Error::Invalid(format!(
            "the connector {name} comes with Pagerflow and has no versions; leave --version out"
        )));
    }
    show(options, connector, source, None, output).map(Some)
}

/// Shows a connector of the user's own, or says that there is none.
pub(super) async fn show_own(options: &Options, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let (name, _) = options.name.split_once('.').unwrap_or((&options.name, ""));
    let record = stored(name, options.version, stack).await?;
    if options.source {
        // Also of one that this release cannot read.
        return output.show(&ShownSource::of(name, record.source));
    }
    let connector = Connector::own(&record.source).map_err(|problems| {
        Error::Invalid(format!(
            "{} of the connector {name} cannot be used by this release:\n{problems}\n`--source` prints it.",
            record.version
        ))
    })?;
    show(options, &connector, &record.source, Some(&record), output)
}

/// A version of a connector of the user's own; without a number the newest.
async fn stored(name: &str, version: Option<ConnectorVersion>, stack: &Stack) -> Result<ConnectorRecord, Error> {
    let id = name.parse::<IntegrationTypeName>().ok();
    let newest = match &id {
        Some(id) => stack.table.connector(id).await?,
        None => None,
    };
    let found = match (&id, version) {
        (Some(id), Some(version)) => stack.table.connector_version(id, version).await?,
        (Some(_), None) => newest.clone().filter(|newest| !newest.is_removed()),
        (None, _) => None,
    };
    match (found, newest) {
        (Some(record), _) => Ok(record),
        (None, Some(newest)) => Err(Error::NotFound(match version {
            Some(version) => format!(
                "the connector {name} has no {version}; its newest version is {}",
                newest.version
            ),
            None => format!(
                "the connector {name} was removed\n`pagerflow connector show {name} --version {} --source` prints it as it was.",
                newest.version.0
            ),
        })),
        (None, None) => Err(known::unknown_connector(name, stack.connectors().await?.names())),
    }
}

fn show(
    options: &Options,
    connector: &Connector,
    source: &str,
    record: Option<&ConnectorRecord>,
    output: &mut Output,
) -> Result<ExitCode, Error> {
    if options.source {
        return output.show(&ShownSource::of(connector.name().as_str(), source.to_owned()));
    }
    match options.name.contains('.') {
        false => output.show(&ShownConnector::of(connector, record)),
        true => output.show(&ShownAction::of(action(connector, &options.name)?)),
    }
}

/// The action of a whole name, such as `slack.post_message`.
pub(super) fn action<'a>(connector: &'a Connector, name: &str) -> Result<&'a Action, Error> {
    let found = connector.actions().find(|action| action.spec().name == name);
    let names = of_workflows(connector).map(|action| &*action.spec().name);
    found.ok_or_else(|| known::unknown_action(name, names))
}

/// The file of a connector.
#[derive(Debug, Serialize)]
struct ShownSource {
    connector: String,
    source: String,
}

impl ShownSource {
    fn of(name: &str, source: String) -> Self {
        Self {
            connector: name.to_owned(),
            source,
        }
    }
}

impl View for ShownSource {
    fn text(&self, _: Screen) -> String {
        let lines = self.source.trim_end().lines().map(printable);
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A connector with its actions.
#[derive(Debug, Serialize)]
pub(super) struct ShownConnector {
    connector: String,
    title: String,
    summary: String,
    documentation: String,
    /// Of one of the user's own, its version; else none.
    version: Option<ConnectorVersion>,
    added_at: Option<Timestamp>,
    added_by: Option<String>,
    actions: Vec<Row>,
    /// The beginnings of the names of further actions, each with what they act on; of AWS alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
struct Row {
    action: String,
    summary: String,
    reads: bool,
}

impl ShownConnector {
    fn of(connector: &Connector, record: Option<&ConnectorRecord>) -> Self {
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
            version: record.map(|record| record.version),
            added_at: record.map(|record| record.added_at),
            added_by: record.and_then(|record| record.added_by.clone()),
            actions: actions.collect(),
            services: Vec::new(),
        }
    }

    /// AWS, or a part of it.
    pub(super) fn of_aws(
        title: &str,
        summary: &str,
        actions: impl Iterator<Item = ActionSpec>,
        services: Vec<(String, String)>,
    ) -> Self {
        let actions = actions.map(|spec| Row {
            action: spec.name.to_string(),
            reads: spec.only_reads(),
            summary: spec.summary.into_owned(),
        });
        Self {
            connector: aws_actions::integration::TYPE.to_owned(),
            title: title.to_owned(),
            summary: summary.to_owned(),
            documentation: aws_actions::integration::DOCUMENTATION.to_owned(),
            version: None,
            added_at: None,
            added_by: None,
            actions: actions.collect(),
            services,
        }
    }
}

impl View for ShownConnector {
    fn text(&self, _: Screen) -> String {
        let rows = self.actions.iter().map(|row| {
            let reads = if row.reads { "reads" } else { "acts" };
            vec![row.action.clone(), reads.to_owned(), row.summary.clone()]
        });
        let version = self.version.zip(self.added_at).map(|(version, added_at)| {
            let by = self.added_by.as_deref().map(|by| format!(" by {}", printable(who(by))));
            format!("\n{version}, added {added_at:.0}{}", by.unwrap_or_default())
        });
        let services = self.services.iter();
        let services = services.map(|(name, what)| vec![name.clone(), String::new(), what.clone()]);
        let rows: Vec<_> = rows.chain(services).collect();
        format!(
            "{}: {}\n{}{}\n\n{}\n\nAn account is added with `pagerflow integration add ALIAS --type {}`.",
            printable(&self.title),
            printable(&self.summary),
            printable(&self.documentation),
            version.unwrap_or_default(),
            aligned(&["ACTION", "", "WHAT IT DOES"], &rows),
            self.connector
        )
    }
}

/// An action with all that a workflow's author needs to know.
#[derive(Debug, Serialize)]
pub(super) struct ShownAction {
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
    /// The IAM actions that it needs; of AWS alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rights: Vec<String>,
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
        let mut shown = Self::of_spec(action.spec(), action.documentation().map(str::to_owned), &[]);
        for input in &mut shown.inputs {
            input.choices = action.choices(&input.name).is_some();
        }
        shown
    }

    /// An action without choices.
    pub(super) fn of_spec(spec: &ActionSpec, documentation: Option<String>, rights: &[String]) -> Self {
        let input = |field: &Field| Input {
            name: field.name.to_string(),
            r#type: field.kind.to_string(),
            required: !field.optional,
            summary: field.summary.to_string(),
            choices: false,
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
            documentation,
            reads: spec.only_reads(),
            on_repeat: spec.on_repeat.to_string(),
            job_seconds: spec.job_seconds,
            inputs: spec.inputs.iter().map(input).collect(),
            outputs: spec.outputs.iter().map(output).collect(),
            example: spec.example.to_string(),
            rights: rights.to_vec(),
        }
    }
}

impl View for ShownAction {
    fn text(&self, _: Screen) -> String {
        let mut parts = vec![format!("{}: {}", self.action, printable(&self.summary))];
        parts.extend(self.documentation.as_deref().map(printable));
        parts.push(format!("A repeat: {}", printable(&self.on_repeat)));
        if !self.rights.is_empty() {
            parts.push(format!("Rights of the role: {}", self.rights.join(", ")));
        }
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
    use crate::{
        known_connectors::{
            KnownConnectors,
            tests::{DESK, record},
        },
        output::as_json,
    };

    fn slack() -> &'static Connector {
        shipped_connector("slack").unwrap()
    }

    #[test]
    fn one_of_the_user_is_shown_with_its_version_and_who_added_it() {
        let record = record(DESK);
        let shown = ShownConnector::of(&Connector::own(DESK).unwrap(), Some(&record));
        insta::assert_snapshot!(shown.text(Screen::plain()), @"
        Help Desk: Tickets.
        https://desk.example.com/docs
        v3, added 2026-11-22T10:00:00Z by user/olivia

        ACTION                   WHAT IT DOES
        desk.open_ticket  acts   Opens a ticket.
        desk.list_queues  reads  Lists the queues.

        An account is added with `pagerflow integration add ALIAS --type desk`.
        ");
        assert_eq!(as_json(&shown)["version"], 3);
    }

    #[test]
    fn the_file_is_printed_as_it_was_written_and_cannot_steer_the_terminal() {
        assert_eq!(
            ShownSource::of("desk", DESK.to_owned()).text(Screen::plain()),
            DESK.trim_end()
        );
        let steers = ShownSource::of("desk", "summary: \u{1b}[31m\n".to_owned());
        assert_eq!(steers.text(Screen::plain()), "summary: \u{fffd}[31m");
    }

    #[test]
    fn a_version_is_written_with_or_without_its_letter() {
        assert_eq!(version("3"), Ok(ConnectorVersion(3)));
        assert_eq!(version("v3"), Ok(ConnectorVersion(3)));
        assert!(version("newest").is_err());
    }

    #[test]
    fn a_connector_is_shown_with_its_actions() {
        let text = ShownConnector::of(slack(), None).text(Screen::plain());
        assert!(text.starts_with("Slack: "), "{text}");
        assert!(
            text.contains("\nslack.post_message ") && !text.contains("slack.test_token"),
            "{text}"
        );
    }

    #[test]
    fn an_action_is_shown_with_its_inputs_its_outputs_and_an_example() {
        let shown = ShownAction::of(action(slack(), "slack.post_message").unwrap());
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
        let told = [
            KnownConnectors::shipped().usable("slak").unwrap_err().to_string(),
            action(slack(), "slack.post_mesage").unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(told.join("\n"), @"
        there is no connector slak; did you mean slack?
        List them with `pagerflow connector list`, or add one with `pagerflow connector add FILE`.
        there is no action slack.post_mesage; did you mean slack.post_message?
        List them with `pagerflow connector show slack`.
        ");
    }
}

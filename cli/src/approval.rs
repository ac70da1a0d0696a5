//! `pagerflow approval`.

use crate::{
    error::Error,
    output::{Notices, Output, Screen, View, printable, shell_word},
    run::time::{clock, date},
    stack::Stack,
    text_table::aligned,
};
use clap::Subcommand;
use jiff::Timestamp;
use platform::{
    approvals::{Answered, answer},
    table::{ApprovalState, ApprovalView, Approvals},
};
use serde::Serialize;
use std::{collections::BTreeMap, process::ExitCode};
use workflow::{
    approval::{Answer, Approver, Decider, Decision},
    ids::ApprovalId,
    planner::Closed,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the approvals that wait for a decision, the oldest first.
    #[command(after_help = "Examples:
  pagerflow approval list
  pagerflow approval list --output json | jq -r '.approvals[].id'")]
    List,
    /// Show what an approval asks, who may decide, and what was decided.
    #[command(after_help = "Example:
  pagerflow approval show 75cf5cxmfcxpzwqogtsktnhx573js73b")]
    Show {
        /// The approval.
        approval: ApprovalId,
    },
    /// Decide about an approval, as the person of your AWS credentials.
    ///
    /// The first decision stands. The run goes on at once.
    #[command(after_help = "Examples:
  pagerflow approval decide 75cf5cxmfcxpzwqogtsktnhx573js73b approve
  pagerflow approval decide 75cf5cxmfcxpzwqogtsktnhx573js73b restart --field 'reason=the heap is full'")]
    Decide {
        /// The approval.
        approval: ApprovalId,
        /// One of its choices.
        choice: String,
        /// A field of its form.
        #[arg(long = "field", value_name = "NAME=VALUE", value_parser = field)]
        fields: Vec<(String, String)>,
    },
}

fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("write it as name=value".to_owned()),
    }
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    match command {
        Command::List => output.show(&list(stack, notices).await?),
        Command::Show { approval } => output.show(&Shown(known(&approval, stack).await?)),
        Command::Decide {
            approval,
            choice,
            fields,
        } => output.show(&decide(&approval, choice, fields, stack).await?),
    }
}

/// The approvals that wait for a decision.
#[derive(Debug, Serialize)]
struct Listed {
    approvals: Vec<ApprovalView>,
}

/// An approval with all that is known of it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Shown(ApprovalView);

/// A decision that stands.
#[derive(Debug, Serialize)]
struct Made {
    approval: ApprovalId,
    run: workflow::ids::RunId,
    decision: Decision,
}

async fn list(stack: &Stack, notices: Notices) -> Result<Listed, Error> {
    let _looking = notices.working("Looking for approvals");
    let approvals = stack.table.open_approvals(Timestamp::now()).await?;
    Ok(Listed { approvals })
}

async fn known(id: &ApprovalId, stack: &Stack) -> Result<ApprovalView, Error> {
    let view = stack.table.approval(id).await?;
    view.ok_or_else(|| {
        Error::Invalid(format!(
            "there is no approval {id}; `pagerflow approval list` shows those that wait for a decision"
        ))
    })
}

async fn decide(id: &ApprovalId, choice: String, fields: Vec<(String, String)>, stack: &Stack) -> Result<Made, Error> {
    let view = known(id, stack).await?;
    let caller = stack.caller().await.ok_or_else(|| {
        Error::Invalid(
            "AWS does not say who you are (sts:GetCallerIdentity), and a decision is kept with a name".to_owned(),
        )
    })?;
    let given = Answer {
        choice,
        form: BTreeMap::from_iter(fields),
    };
    let (approval, run, until) = (view.id.clone(), view.run.clone(), view.question.until);
    let decider = Decider::Arn(caller);
    let answered = answer(
        view,
        &given,
        &decider,
        &stack.table,
        &stack.state_machine,
        Timestamp::now(),
    )
    .await?;
    match answered {
        Answered::Decided(decision) => Ok(Made {
            approval,
            run,
            decision,
        }),
        Answered::Refused(refusal) => Err(Error::Invalid(format!("nothing was decided: {refusal}"))),
        Answered::Over(view) => Err(Error::Invalid(format!(
            "nothing was decided: {}",
            state(&view.state, until)
        ))),
    }
}

/// The last part of an ARN tells people who it is.
fn short(person: &str) -> String {
    printable(person.rsplit(':').next().unwrap_or(person))
}

fn decided(decision: &Decision) -> String {
    format!(
        "{} decided `{}` at {}, by {}",
        short(&decision.by),
        decision.choice,
        clock(Some(decision.at)),
        decision.via.into_str()
    )
}

fn state(state: &ApprovalState, until: Timestamp) -> String {
    match state {
        ApprovalState::Open => format!("it waits for a decision until {}", date(until)),
        ApprovalState::Decided { decision } => decided(decision),
        ApprovalState::Closed {
            reason: Closed::TimedOut,
        } => format!("the time for a decision was over at {}", date(until)),
        ApprovalState::Closed {
            reason: Closed::Cancelled,
        } => "its run was cancelled".to_owned(),
        ApprovalState::Closed { reason: Closed::Failed } => {
            "its run went on without a decision, because a message could not be sent or its time was over".to_owned()
        }
        ApprovalState::RunOver { .. } => "its run has ended, or has been asked to end".to_owned(),
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        if self.approvals.is_empty() {
            return "No approval waits for a decision.".to_owned();
        }
        let rows = self.approvals.iter().map(|view| {
            vec![
                view.id.to_string(),
                view.workflow.to_string(),
                date(view.question.until),
                view.question.choices_in_words().replace('`', ""),
                view.question.message.chars().take(60).collect(),
            ]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        format!(
            "{}\n\nDecide with `pagerflow approval decide ID CHOICE`.",
            aligned(&["ID", "WORKFLOW", "UNTIL", "CHOICES", "MESSAGE"], &rows)
        )
    }
}

impl View for Shown {
    fn text(&self, _: Screen) -> String {
        let ApprovalView {
            id,
            run,
            workflow,
            asked_at,
            question,
            state: of,
            ..
        } = &self.0;
        let mut lines = vec![
            printable(&question.message),
            format!("asked by the run {run} of {workflow} at {}", date(*asked_at)),
            format!("choices: {}", question.choices_in_words()),
        ];
        for (name, field) in &question.form {
            let about = field
                .description
                .as_deref()
                .map(|text| format!(", {}", printable(text)));
            let default = field.default.as_ref().map(|value| format!(", {value} if left out"));
            let [about, default] = [about, default].map(Option::unwrap_or_default);
            lines.push(format!("field {name}: {}{about}{default}", field.kind.words()));
        }
        let approvers: Vec<String> = question.approvers.iter().map(Approver::to_string).collect();
        if !approvers.is_empty() {
            lines.push(format!("who may decide: {}", approvers.join(", ")));
        }
        if let Some(starter) = &question.not_by {
            lines.push(format!("not {}, who has started the run", short(starter)));
        }
        lines.push(state(of, question.until));
        if *of == ApprovalState::Open {
            let choice = question.choices.first().map(|choice| shell_word(choice.as_str()));
            let fields = question.form.iter().filter(|(_, field)| field.default.is_none());
            let fields: String = fields.map(|(name, _)| format!(" --field {name}=…")).collect();
            let choice = choice.unwrap_or_default();
            lines.push(match question.takes_commands() {
                true => format!("Decide with `pagerflow approval decide {id} {choice}{fields}`."),
                false => "Decide by a button of the message in Slack.".to_owned(),
            });
        }
        lines.join("\n")
    }
}

impl View for Made {
    fn text(&self, _: Screen) -> String {
        format!(
            "{}. Follow the run with `pagerflow run watch {}`.",
            decided(&self.decision),
            self.run
        )
    }
}

#[cfg(test)]
mod tests;

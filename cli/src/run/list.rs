//! `pagerflow run list`.

use super::{
    alive,
    time::{ago, between},
    view::queued,
};
use crate::{
    error::Error,
    known,
    output::{Notices, Screen, View},
    stack::Stack,
    text_table::aligned,
};
use clap::ValueEnum;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use platform::table::{Cancellation, QueuePlace, RunQuery, RunStatus, RunView};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use workflow::{
    definition::Length,
    ids::{RunId, WorkflowId, WorkflowVersion},
};

/// The runs that are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only those of this workflow.
    #[arg(long)]
    workflow: Option<WorkflowId>,
    /// Only those that stand like this.
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// Only those that were started within this time, such as `2h` or `30d`.
    #[arg(long, value_name = "LENGTH", default_value = "7d", value_parser = Length::parse)]
    since: Length,
    /// The limit, 1 to 1000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

/// The state of a run.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Skipped,
}

impl From<Status> for RunStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Running => Self::Running,
            Status::Succeeded => Self::Succeeded,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
            Status::Skipped => Self::Skipped,
        }
    }
}

/// A run as it is listed for a program.
#[derive(Debug, Serialize)]
struct Row<'a> {
    run: &'a RunId,
    workflow: &'a WorkflowId,
    version: WorkflowVersion,
    status: RunStatus,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    event_type: Option<&'a str>,
    incident_id: Option<&'a str>,
    incident_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_at: Option<Timestamp>,
    called_by: Option<&'a RunId>,
    replay_of: Option<&'a RunId>,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a QueuePlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<&'a Cancellation>,
}

impl<'a> From<&'a RunView> for Row<'a> {
    fn from(view: &'a RunView) -> Self {
        Self {
            run: &view.run,
            workflow: &view.workflow,
            version: view.version,
            status: view.status,
            started_at: view.started_at,
            ended_at: view.ended_at,
            event_type: view.event_type.as_deref(),
            incident_id: view.incident_id.as_deref(),
            incident_title: view.incident_title.as_deref(),
            scheduled_at: view.scheduled_at,
            called_by: view.called_by.as_ref(),
            replay_of: view.replay_of.as_ref(),
            error: view.error.as_ref().map(|error| error.name.as_str()),
            queue: None,
            cancel: view.cancel.as_ref(),
        }
    }
}

/// The runs that were found, newest first.
#[derive(Debug)]
pub(super) struct Listed {
    runs: Vec<RunView>,
    queues: BTreeMap<RunId, QueuePlace>,
    now: Timestamp,
    since: Length,
    limit: usize,
}

pub(super) async fn list(options: &Options, stack: &Stack, notices: Notices) -> Result<Listed, Error> {
    let now = Timestamp::now();
    let query = RunQuery {
        workflow: options.workflow.clone(),
        status: options.status.map(RunStatus::from),
        since: now.checked_sub(options.since.duration()).unwrap_or(Timestamp::MIN),
        until: now,
        limit: options.limit.into(),
    };
    let _reading = notices.working("Reading the runs");
    let mut runs = stack.table.runs(&query).await?;
    if query.status == Some(RunStatus::Running) {
        let looks = runs.into_iter().map(|run| alive::reconciled(run, stack, notices));
        runs = stream::iter(looks).buffered(alive::AT_ONCE).try_collect().await?;
        runs.retain(|run| run.status == RunStatus::Running);
    }
    if let (Some(workflow), []) = (&options.workflow, runs.as_slice()) {
        known::workflow(workflow, stack).await?;
    }
    Ok(Listed {
        queues: stack.table.queue_places(runs.iter(), now).await?,
        runs,
        now,
        since: options.since,
        limit: options.limit.into(),
    })
}

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.runs.iter().map(|run| Row {
            queue: self.queues.get(&run.run),
            ..Row::from(run)
        }))
    }
}

impl View for Listed {
    fn text(&self, screen: Screen) -> String {
        if self.runs.is_empty() {
            return format!(
                "No such runs in the last {}. Look further back with --since.",
                self.since
            );
        }
        let rows = self.runs.iter();
        let rows: Vec<_> = rows
            .map(|run| columns(run, self.queues.get(&run.run), self.now, screen))
            .collect();
        let table = aligned(&["RUN", "WORKFLOW", "STATUS", "STARTED", "TOOK", "FOR"], &rows);
        match self.runs.len() >= self.limit {
            true => format!("{table}\nThere may be more; see them with --limit."),
            false => table,
        }
    }
}

fn columns(view: &RunView, queue: Option<&QueuePlace>, now: Timestamp, screen: Screen) -> Vec<String> {
    let started = match screen.is_terminal() {
        true => ago(now, view.started_at),
        false => view.started_at.to_string(),
    };
    let took = view.ended_at.map(|ended_at| between(view.started_at, ended_at));
    let status = match (view.status, &view.error, queue) {
        (RunStatus::Failed, Some(error), _) => format!("failed: {}", error.name),
        (RunStatus::Running, ..) if view.cancel.is_some() => "cancelling".to_owned(),
        (RunStatus::Running, _, Some(queue)) => queued(queue),
        (status, ..) => status.into_str().to_owned(),
    };
    let subject = match (
        &view.incident_id,
        &view.incident_title,
        &view.replay_of,
        &view.called_by,
    ) {
        (_, _, Some(run), _) => format!("replay of {run}"),
        (_, _, None, Some(caller)) => format!("run {caller}"),
        (Some(id), Some(title), ..) => format!("{id} {}", title.chars().take(60).collect::<String>()),
        (Some(id), None, ..) => id.clone(),
        (None, ..) => match (&view.event_type, view.scheduled_at) {
            (Some(event_type), _) => event_type.clone(),
            (None, Some(due)) => format!("schedule, due at {due}"),
            (None, None) => "started by hand".to_owned(),
        },
    };
    vec![
        view.run.to_string(),
        format!("{} {}", view.workflow, view.version),
        status,
        started,
        took.unwrap_or_default(),
        subject,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn runs() -> Vec<RunView> {
        let run = |id: &str, status: &str, more: Value| {
            let mut run = json!({
                "run": id, "workflow": "memory-alert", "version": 3, "execution": "arn", "status": status,
                "started_at": "2026-11-22T10:00:00Z", "deadline": "2026-11-23T10:00:00Z"
            });
            run.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value(run).unwrap()
        };
        vec![
            run(
                "abc",
                "running",
                json!({"event_type": "incident.triggered", "incident_id": "P1", "incident_title": "disk\u{1b}full"}),
            ),
            run(
                "defghi",
                "failed",
                json!({"ended_at": "2026-11-22T10:12:05Z", "error": {"name": "PagerDuty.NotFound", "message": "m"}}),
            ),
            run(
                "jkl",
                "succeeded",
                json!({"ended_at": "2026-11-22T10:00:01Z", "replay_of": "defghi"}),
            ),
        ]
    }

    fn listed(runs: Vec<RunView>, limit: usize) -> Listed {
        Listed {
            runs,
            queues: BTreeMap::new(),
            now: "2026-11-22T12:00:00Z".parse().unwrap(),
            since: Length::parse("7d").unwrap(),
            limit,
        }
    }

    #[test]
    fn runs_are_listed_in_columns_with_relative_times_on_a_terminal() {
        insta::assert_snapshot!(listed(runs(), 20).text(Screen::terminal()), @"
        RUN     WORKFLOW         STATUS                      STARTED  TOOK        FOR
        abc     memory-alert v3  running                     2 h ago              P1 disk�full
        defghi  memory-alert v3  failed: PagerDuty.NotFound  2 h ago  12 min 5 s  started by hand
        jkl     memory-alert v3  succeeded                   2 h ago  1.0 s       replay of defghi
        ");
    }

    #[test]
    fn elsewhere_times_are_absolute_and_a_full_list_says_that_there_may_be_more() {
        insta::assert_snapshot!(listed(runs(), 3).text(Screen::plain()), @"
        RUN     WORKFLOW         STATUS                      STARTED               TOOK        FOR
        abc     memory-alert v3  running                     2026-11-22T10:00:00Z              P1 disk�full
        defghi  memory-alert v3  failed: PagerDuty.NotFound  2026-11-22T10:00:00Z  12 min 5 s  started by hand
        jkl     memory-alert v3  succeeded                   2026-11-22T10:00:00Z  1.0 s       replay of defghi
        There may be more; see them with --limit.
        ");
    }

    #[test]
    fn a_run_of_a_schedule_says_when_it_was_due() {
        let mut run = runs().remove(1);
        run.scheduled_at = Some("2026-11-22T09:45:00Z".parse().unwrap());
        let listed = listed(vec![run], 20);
        let text = listed.text(Screen::plain());
        assert!(text.contains("schedule, due at 2026-11-22T09:45:00Z"), "{text}");
        let json = serde_json::to_value(&listed).unwrap();
        assert_eq!(json[0]["scheduled_at"], "2026-11-22T09:45:00Z");
    }

    #[test]
    fn for_a_program_every_run_has_all_fields() {
        let listed = listed(runs().split_off(1).into_iter().take(1).collect(), 20);
        insta::assert_snapshot!(serde_json::to_string_pretty(&listed).unwrap(), @r#"
        [
          {
            "run": "defghi",
            "workflow": "memory-alert",
            "version": 3,
            "status": "failed",
            "started_at": "2026-11-22T10:00:00Z",
            "ended_at": "2026-11-22T10:12:05Z",
            "event_type": null,
            "incident_id": null,
            "incident_title": null,
            "called_by": null,
            "replay_of": null,
            "error": "PagerDuty.NotFound"
          }
        ]
        "#);
    }
}

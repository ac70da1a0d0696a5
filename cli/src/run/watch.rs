//! `pagerflow run watch`.

use super::{
    is_failure,
    names::Names,
    show::remedy_of,
    time::between,
    view::{adjusted, end, head, looked, queued, step_line},
};
use crate::{
    error::Error,
    known::unknown_run,
    output::{Output, Screen, View},
    stack::Stack,
};
use jiff::Timestamp;
use platform::{
    executions::{ExecutionView, ExecutionViews},
    run_end,
    table::{QueuePlace, RunStatus, RunView, StepState},
};
use serde::{Serialize, Serializer};
use std::{collections::HashMap, time::Duration};
use workflow::{
    error_name::remedy,
    ids::{LanePath, RunId, StepPath},
    steps::REPEAT,
};

/// The interval at which the table is asked while a run is followed.
const POLL: Duration = Duration::from_millis(300);

/// The number of times that the table is asked between two questions to Step Functions, whether the execution still goes on: some
/// fifteen seconds.
const LOOKS: u32 = 50;

/// How many times before the first such question about a run that has no record: there may be none at all, and Step Functions knows
/// a new execution a moment late.
const FIRST_LOOKS: u32 = 10;

/// How many times after Step Functions has said that the execution has ended: the end of a run is written a moment later.
const LAST_LOOKS: u32 = 20;

/// A person or program that follows a run.
pub(super) trait Follower {
    /// Sees the run as it is at one look: nothing before it has begun.
    fn see(&mut self, run: Option<Seen<'_>>) -> Result<(), Error>;

    /// True if it no longer looks.
    fn is_gone(&self) -> bool;
}

/// A run at one look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    view: &'a RunView,
    names: &'a Names,
    /// Its place in the queue of its concurrency key, if it waits there.
    queue: Option<&'a QueuePlace>,
}

/// A run that was followed to its end, or for as long as its follower was there.
#[derive(Debug)]
pub(super) struct Watched {
    view: RunView,
    names: Names,
}

/// Follows a run until it ends.
///
/// A run that was ended from outside before its first Plan has no record, and one whose end was not written goes on for ever by
/// its record. So from time to time Step Functions is asked.
pub(super) async fn watch(run: &RunId, stack: &Stack, follower: &mut impl Follower) -> Result<Watched, Error> {
    let mut names = None;
    let mut ended = None::<ExecutionView>;
    let mut looks = 0_u32;
    let mut is_first = true;
    loop {
        let view = stack.table.run(run).await?;
        if let (Some(view), None) = (&view, &names) {
            names = Some(Names::of(view, stack).await?);
        }
        let places = stack.table.queue_places(view.iter(), Timestamp::now()).await?;
        let seen = view.as_ref().zip(names.as_ref());
        follower.see(seen.map(|(view, names)| Seen {
            view,
            names,
            queue: places.get(&view.run),
        }))?;
        let is_over = |view: &RunView| view.status != RunStatus::Running;
        if let (Some(view), Some(names)) = (&view, &mut names)
            && (is_over(view) || follower.is_gone())
        {
            return Ok(Watched {
                view: view.clone(),
                names: std::mem::take(names),
            });
        }
        looks += 1;
        match &ended {
            Some(execution) if looks >= LAST_LOOKS => {
                // EventBridge has not reported its end to the runner.
                let arn = match &view {
                    Some(view) => Some(view.execution.clone()),
                    None => stack.state_machine.execution_of(run),
                };
                let arn = arn.unwrap_or_default();
                let recorded =
                    run_end::record(&arn, execution, &stack.table, &stack.state_machine, Timestamp::now()).await;
                return match (recorded, stack.table.run(run).await?) {
                    (Ok(_), Some(view)) if is_over(&view) => Ok(Watched {
                        names: Names::of(&view, stack).await?,
                        view,
                    }),
                    _ => Err(lost(run, execution)),
                };
            }
            None if looks >= LOOKS || (is_first && view.is_none() && looks >= FIRST_LOOKS) => {
                is_first = false;
                looks = 0;
                let arn = match &view {
                    Some(view) => Some(view.execution.clone()),
                    None => stack.state_machine.execution_of(run),
                };
                let execution = match &arn {
                    Some(arn) => stack.state_machine.execution(arn).await?,
                    None => None,
                };
                match execution {
                    None if view.is_none() => return Err(unknown_run(run, stack).await),
                    Some(execution) if !execution.is_running => ended = Some(execution),
                    None | Some(_) => {}
                }
            }
            None | Some(_) => {}
        }
        tokio::time::sleep(POLL).await;
    }
}

impl Serialize for Watched {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { view, names } = self;
        names.serialize(view, view, &LanePath::main(), serializer)
    }
}

/// The last lines: how it ended, and what to do.
impl View for Watched {
    fn text(&self, screen: Screen) -> String {
        let view = &self.view;
        match view.error.as_ref().filter(|_| view.status == RunStatus::Failed) {
            Some(error) => format!(
                "{}\nWhat to do: {}\nSee more with `pagerflow run show {}`.",
                end(view, None, screen),
                remedy_of(&error.name, view),
                view.run
            ),
            None => end(view, None, screen),
        }
    }

    fn is_failure(&self) -> bool {
        is_failure(&self.view)
    }
}

/// A run whose execution has ended and whose end was not written.
fn lost(run: &RunId, execution: &ExecutionView) -> Error {
    let why = match &execution.error {
        Some((name, cause)) => format!(" with {name}: {}", cause.chars().take(500).collect::<String>()),
        None => String::new(),
    };
    Error::Invalid(format!(
        "the execution of the run {run} ended as {}{why}, and no end of the run was written\n{}\nLook at the alarms and at the log \
         of workflow-runner, which writes such ends.",
        execution.status,
        remedy("Run.Aborted")
    ))
}

/// Prints a run as it goes on. On a terminal a step has a line once it has ended, and those that go on share the last line.
/// A program gets the end alone.
#[derive(Debug)]
pub(super) struct Printed<'a> {
    output: &'a mut Output,
    lines: Lines,
}

/// The lines that were printed so far.
#[derive(Debug, Default)]
struct Lines {
    is_headed: bool,
    queue: Option<QueuePlace>,
    steps: HashMap<StepPath, String>,
}

impl<'a> Printed<'a> {
    pub(super) fn new(output: &'a mut Output) -> Self {
        Self {
            output,
            lines: Lines::default(),
        }
    }
}

impl Follower for Printed<'_> {
    fn see(&mut self, run: Option<Seen<'_>>) -> Result<(), Error> {
        if self.output.is_json() {
            return Ok(());
        }
        let Some(seen) = run else {
            return self.output.live("waiting for the run to begin");
        };
        let lines = self.lines.news(seen, self.output.screen());
        self.output.live("")?;
        for line in lines {
            self.output.line(&line)?;
        }
        match seen.view.status {
            RunStatus::Running => self.output.live(&live(seen, Timestamp::now())),
            _ => Ok(()),
        }
    }

    fn is_gone(&self) -> bool {
        self.output.is_closed()
    }
}

/// Takes the last line away, however the watch ends.
impl Drop for Printed<'_> {
    fn drop(&mut self) {
        // There is nothing left to clear where it cannot be written.
        let _cleared = self.output.live("");
    }
}

impl Lines {
    fn news(&mut self, seen: Seen<'_>, screen: Screen) -> Vec<String> {
        let Seen { view, names, queue } = seen;
        let mut lines = Vec::new();
        if !self.is_headed {
            self.is_headed = true;
            lines.push(head(view));
        }
        if !screen.is_terminal() && self.queue.as_ref() != queue {
            lines.extend(queue.map(queued));
            self.queue = queue.cloned();
        }
        for step in &view.steps {
            if screen.is_terminal() && step.state.is_open() {
                continue;
            }
            let line = step_line(
                view,
                &LanePath::main(),
                step,
                &names.step(&LanePath::main(), &step.path),
                screen,
            );
            if self.steps.get(&step.path) != Some(&line) {
                lines.push(line.clone());
                if self.steps.insert(step.path.clone(), line).is_none() {
                    lines.extend(adjusted(step, screen));
                }
            }
        }
        lines
    }
}

/// The current activity of a run.
fn live(seen: Seen<'_>, now: Timestamp) -> String {
    let view = seen.view;
    if let Some(queue) = seen.queue {
        return format!("{} … {}", between(view.started_at, now), queued(queue));
    }
    if view.cancel.is_some() {
        return format!("{} … cancelling", between(view.started_at, now));
    }
    let doing = view.steps.iter().filter(|step| step.state.is_open()).map(|step| {
        let name = step.id.as_deref().unwrap_or(&step.title);
        let left = step.until.filter(|until| *until > now);
        let left = left.map(|until| between(now, until)).unwrap_or_default();
        match step.state {
            StepState::Waiting if step.title == REPEAT => {
                format!("{name}, round {} in {left}", step.lanes.unwrap_or(0).saturating_add(1))
            }
            StepState::Waiting if step.looks().is_some() => {
                let looked = step.looks().map(looked).unwrap_or_default();
                format!("{name} {looked}, next look in {left}")
            }
            StepState::Waiting => format!("{name} waits, {left} left"),
            StepState::Retrying => format!("{name} failed, next attempt in {left}"),
            _ => match (step.lanes, step.attempts.len()) {
                (Some(round), _) if step.title == REPEAT => format!("{name}, round {round}"),
                (Some(lanes), _) => format!("{name} with {lanes} lanes"),
                (None, 0 | 1) => name.to_owned(),
                (None, number) => format!("{name}, attempt {number}"),
            },
        }
    });
    let doing: Vec<String> = doing.collect();
    format!("{} … {}", between(view.started_at, now), doing.join(" › "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn view(steps: &Value) -> RunView {
        serde_json::from_value(json!({
            "run": "abc", "workflow": "w", "version": 1, "execution": "arn", "status": "running",
            "started_at": "2026-11-22T10:00:00Z", "deadline": "2026-11-23T10:00:00Z", "steps": steps
        }))
        .unwrap()
    }

    fn step(path: &str, title: &str, state: &str, more: &Value) -> Value {
        let mut step = json!({"path": path, "title": title, "state": state, "started_at": "2026-11-22T10:00:01Z"});
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:30Z".parse().unwrap()
    }

    fn seen(view: &RunView) -> Seen<'_> {
        static NAMES: std::sync::LazyLock<Names> = std::sync::LazyLock::new(Names::default);
        Seen {
            view,
            names: &NAMES,
            queue: None,
        }
    }

    #[test]
    fn a_run_that_waits_for_its_turn_says_where_it_stands_and_each_place_once() {
        let view = view(&json!([]));
        let place = |place| QueuePlace {
            behind: Some("older".parse().unwrap()),
            place,
            of: 7,
        };
        let mut lines = Lines::default();
        let mut news = |place: &QueuePlace| {
            let seen = Seen {
                queue: Some(place),
                ..seen(&view)
            };
            lines.news(seen, Screen::plain())
        };
        assert_eq!(news(&place(3)).last().unwrap(), "queued behind older, 3rd of 7");
        assert!(news(&place(3)).is_empty());
        assert_eq!(news(&place(1)), ["queued behind older, 1st of 7"]);
        let seen = Seen {
            queue: Some(&place(2)),
            ..seen(&view)
        };
        assert_eq!(live(seen, now()), "30.0 s … queued behind older, 2nd of 7");
    }

    #[test]
    fn the_live_line_says_what_the_run_does_and_for_how_long() {
        let of = |step: Value| live(seen(&view(&json!([step]))), now());
        let until = json!({"until": "2026-11-22T10:10:00Z"});
        assert_eq!(
            of(step("00000", "wait 10m", "waiting", &until)),
            "30.0 s … wait 10m waits, 9 min 30 s left"
        );
        assert_eq!(
            of(step("00000", "create", "retrying", &until)),
            "30.0 s … create failed, next attempt in 9 min 30 s"
        );
        assert_eq!(
            of(step("00000", "for_each", "running", &json!({"lanes": 7}))),
            "30.0 s … for_each with 7 lanes"
        );
        assert_eq!(
            of(step("00000", "repeat", "running", &json!({"id": "check", "lanes": 3}))),
            "30.0 s … check, round 3"
        );
        let rests = json!({"id": "check", "lanes": 3, "until": "2026-11-22T10:01:30Z"});
        assert_eq!(
            of(step("00000", "repeat", "waiting", &rests)),
            "30.0 s … check, round 4 in 1 min 0 s"
        );
        let attempts = json!({"id": "ticket", "attempts": [
            {"number": 1, "started_at": "2026-11-22T10:00:01Z"}, {"number": 2, "started_at": "2026-11-22T10:00:11Z"}
        ]});
        assert_eq!(
            of(step("00000", "create", "running", &attempts)),
            "30.0 s … ticket, attempt 2"
        );
    }

    #[test]
    fn without_a_terminal_each_change_of_a_step_is_a_line_and_nothing_is_told_twice() {
        let mut lines = Lines::default();
        let mut news = |view: &RunView| lines.news(seen(view), Screen::plain());
        let waiting = view(&json!([step(
            "00000",
            "wait 10m",
            "waiting",
            &json!({"until": "2026-11-22T10:10:00Z"})
        )]));
        assert_eq!(news(&waiting).len(), 2, "its head and its step");
        assert!(news(&waiting).is_empty());
        let done = view(&json!([step(
            "00000",
            "wait 10m",
            "success",
            &json!({"ended_at": "2026-11-22T10:10:00Z"})
        )]));
        assert_eq!(
            news(&done),
            ["   1.0 s  ✓ 1 (wait 10m)                         done in 9 min 59 s"]
        );
    }

    #[test]
    fn a_run_that_nobody_ended_says_how_its_execution_did_and_where_to_look() {
        let execution = ExecutionView {
            is_running: false,
            status: "ABORTED".into(),
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            input: None,
            error: Some(("Stopped".into(), "by hand".into())),
        };
        insta::assert_snapshot!(lost(&"abc".parse().unwrap(), &execution), @"
        the execution of the run abc ended as ABORTED with Stopped: by hand, and no end of the run was written
        Its execution was ended from outside. Look at the execution for who did it and why, and replay the run.
        Look at the alarms and at the log of workflow-runner, which writes such ends.
        ");
    }
}

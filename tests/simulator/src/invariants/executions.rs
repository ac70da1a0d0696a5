//! Executions end as somebody intended, and run into no limit of AWS.

use super::{Evidence, Violations};
use crate::{step_functions::Status, world::Fault};
use workflow::error_name::ErrorName;

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    if !evidence.has_ended {
        violations.add("everything ends", "something still goes on after a year");
    }
    let aborts = evidence.mishaps.keys().any(|(fault, _)| *fault == Fault::Aborted);
    for execution in &evidence.executions {
        let name = execution.name();
        if let Some(limit) = execution.limit_violations.first() {
            violations.add("no limit of AWS is met", format!("{name}: {limit}"));
        }
        let error = execution.error.as_deref().unwrap_or_default();
        match execution.status {
            Status::Running => violations.add("everything ends", format!("the execution {name} still runs")),
            Status::Succeeded => {}
            Status::TimedOut => violations.add("no execution times out", format!("{name} did")),
            Status::Aborted if aborts => {}
            Status::Aborted => violations.add("nobody stops an execution", format!("{name} was stopped")),
            // What ends a lane's execution is not its lane's failure but a fault: its Plan was given up, or another
            // execution has its lane.
            Status::Failed if error.starts_with("States.") && error != "States.Timeout" => {
                violations.add(
                    "executions fail as they are told",
                    format!("{name}: {error}: {:?}", execution.cause),
                );
            }
            Status::Failed if error == ErrorName::RunUnknownCommand.as_str() || error.is_empty() => {
                violations.add("executions fail as they are told", format!("{name}: {error:?}"));
            }
            Status::Failed => {}
        }
        // A Plan that cannot be made is told once and for all; in a world in which functions never fail there is none.
        let of_lane = execution.parent().is_some();
        let is_calm = evidence.mishaps.is_empty();
        if of_lane && is_calm && execution.status == Status::Failed {
            violations.add(
                "executions of lanes succeed",
                format!("{name}: {error}: {:?}", execution.cause),
            );
        }
    }
    for mistake in &evidence.tables.mistakes {
        violations.add("no request to the table is wrong", mistake);
    }
}

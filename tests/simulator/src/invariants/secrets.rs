//! No secret is ever said.

use super::{Evidence, Violations};
use crate::{store::Change, world::Secrets};

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut look = |place: &str, text: &str| {
        if Secrets::are_said_in(text) {
            violations.add(
                "I5 no secret is said",
                format!("{place} has the token or a routing key"),
            );
        }
    };
    for execution in &evidence.executions {
        look("the input of an execution", &execution.input().to_string());
        for text in [&execution.error, &execution.cause].into_iter().flatten() {
            look("the end of an execution", text);
        }
    }
    for logged in &evidence.tables.log {
        match &logged.change {
            // What is handed over is what the state machine knows: inputs of actions, and what their answers became.
            Change::Planned { handover, .. } => look("a handover", handover),
            Change::Step { record, .. } => look("a step", &format!("{:?}", record.change)),
            Change::LaneEnded { end, .. } => look("the end of a lane", &format!("{end:?}")),
            _ => {}
        }
    }
    if evidence.secret_was_said {
        violations.add("I5 no secret is said", "a log has the token or a routing key");
    }
}

//! Runs that seem to go on although they do not.

use super::finding::Finding;
use crate::{run::alive::AT_ONCE, stack::Stack};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use platform::{run_end::reconcile, table::journal::Journal};

/// The schedule of the stack looks every hour. What is older should have an end.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(2);

/// The most runs that are checked: each takes a question to Step Functions.
const MOST: usize = 200;

/// Checks the oldest runs without an end, and writes the ends that are missing.
pub(super) async fn check(stack: &Stack, now: Timestamp) -> Finding {
    let before = now.checked_sub(LOOKED_AT).unwrap_or(now);
    let mut open = match stack.table.open_runs(before).await {
        Ok(open) => open,
        Err(error) => return Finding::not_checked("runs", format!("The runs that go on are not known: {error}.")),
    };
    open.sort_by_key(|run| run.started_at);
    let looks = open.iter().take(MOST).map(async |run| {
        let ended = reconcile(run, &stack.state_machine, &stack.table, now).await;
        (run, ended)
    });
    let mut looks = stream::iter(looks).buffered(AT_ONCE);
    let mut ended = Vec::new();
    while let Some((run, is_over)) = looks.next().await {
        match is_over {
            Ok(true) => ended.push(run.run.to_string()),
            Ok(false) => {}
            Err(error) => {
                return Finding::not_checked(
                    "runs",
                    format!("Whether the run {} goes on is not known: {error}.", run.run),
                );
            }
        }
    }
    judge(open.len().min(MOST), open.len(), &ended)
}

fn judge(checked: usize, open: usize, ended: &[String]) -> Finding {
    if ended.is_empty() {
        return Finding::ok(
            "runs",
            match open.saturating_sub(checked) {
                0 => format!("All {open} runs that began more than two hours ago and have no end really go on."),
                _ => format!(
                    "Of the {open} runs that began more than two hours ago and have no end, the oldest {checked} were checked; they really go on."
                ),
            },
        );
    }
    Finding::warning(
        "runs",
        format!(
            "The executions of these runs had ended without anybody knowing, and their ends are written down now: {}. The schedule of \
             the stack should have found them within an hour.",
            ended.join(", ")
        ),
        "Look at the log of workflow-runner for `looked at the open runs`, and replay the runs.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn runs_that_nobody_ended_are_named() {
        let found = json!([judge(3, 3, &["abc".to_owned()]), judge(3, 3, &[]), judge(200, 900, &[])]);

        assert_eq!(found[0]["level"], "warning", "{found}");
        assert!(found[0]["text"].as_str().unwrap().contains("now: abc."), "{found}");
        assert_eq!(found[1]["level"], "ok", "{found}");
        assert!(
            found[2]["text"]
                .as_str()
                .unwrap()
                .contains("the oldest 200 were checked"),
            "{found}"
        );
    }
}

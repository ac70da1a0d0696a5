//! `docs/errors.md`, which is made of the names. When it is stale, it is written anew by
//!
//! ```sh
//! PAGERFLOW_WRITE_DOCS=1 cargo test -p workflow manual
//! ```

use super::{FailureClass, NamedError, Source, SystemName, remedy};
use crate::committed::assert_committed;
use std::{collections::BTreeSet, fmt::Write as _};

const HEAD: &str = "# Errors

Each error has a stable name, which `pagerflow run show` prints, `steps.<id>.error.name` has in a workflow, and `Retry` and `Catch` of a state
machine can match on. What happened in the single case stands in the message beside it. This page is made of the names in the
code, which also has the remedies that `pagerflow` prints. The errors of another system are those of PagerDuty here, with its own name in front:
`Slack.RateLimited`, `MicrosoftTeams.NotFound`.

What follows a failed attempt of a step's action:

- *Not retried*: the same call would fail again, so the step fails. A `retry` of the step that names the error has it tried again all the
  same.
- *Retried*: nothing was done, and a later attempt may succeed. The step tries again, as its `retry` says; without one eight times,
  in about a quarter of an hour.
- *Retried where a repeat does no harm*: nobody knows whether it was done. What becomes of it is told with each action in
  [actions.md](actions.md), under *a repeat*. An error that is not in this list is one of these.

";

/// The file as it should be.
fn manual() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| error | what has happened |\n|---|---|\n");
    for name in &all() {
        let _ = writeln!(
            page,
            "| [`{name}`](#{}) | {} |",
            anchor(&name.to_string()),
            name.cause()
        );
    }
    for name in &all() {
        let _ = write!(
            page,
            "\n## {name}\n\n{}\n\n**What to do.** {}\n\n{} Raised by {}.\n",
            name.cause(),
            name.remedy(),
            class(name.class()),
            source(name)
        );
    }
    let _ = write!(
        page,
        "\n## Any other name\n\nA name of Step Functions or Lambda, such as `States.Timeout`, `Lambda.Unknown` or `Runtime.ExitError`: the function \
         crashed, ran out of time, or could not be called.\n\n**What to do.** {}\n\n{} Raised by Step Functions.\n",
        remedy("States.Timeout"),
        class(FailureClass::UnknownOutcome)
    );
    page
}

/// The anchor that a heading gets: its letters in lower case, without punctuation.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace('.', "")
}

fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Permanent | FailureClass::NotFound => "Not retried.",
        FailureClass::Transient | FailureClass::RateLimited => "Retried.",
        FailureClass::UnknownOutcome => "Retried where a repeat does no harm.",
    }
}

fn all() -> Vec<NamedError> {
    NamedError::all([SystemName::known("PagerDuty")]).collect()
}

fn source(error: &NamedError) -> &'static str {
    let source = match error {
        NamedError::System(..) => Source::Action,
        NamedError::Ours(name) => name.source(),
    };
    match source {
        Source::Action => "the function of an action",
        Source::Runner => "workflow-runner",
        Source::ActionOrRunner => "the function of an action, or workflow-runner",
        Source::StateMachine => "the state machine",
    }
}

#[test]
fn the_committed_manual_has_every_error_as_the_code_has_it() {
    assert_committed("docs/errors.md", &manual());
}

#[test]
fn every_cause_is_a_sentence_of_its_own() {
    let causes: BTreeSet<_> = all().iter().map(NamedError::cause).collect();
    assert_eq!(causes.len(), all().len());
    for cause in causes {
        assert!(
            cause.ends_with('.') && !cause.starts_with(' ') && !cause.contains("  "),
            "{cause}"
        );
    }
}

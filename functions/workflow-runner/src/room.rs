//! The room that the state of an execution has.

use workflow::{
    action::FieldKind,
    error_name::ErrorName,
    planner::{Command, Failure},
    run::RunInput,
};

/// What Step Functions takes as input or output of a state, in bytes of JSON. An execution ends that has more, without a
/// way to catch it.
///
/// Source: Step Functions' developer guide, page on service quotas.
const STATE: usize = 256 * 1024;

/// What is kept free for what is added to the state next: an error of an action, the ends of lanes, or what most actions give.
const ANSWER: usize = 12 * 1024;

/// What is kept free for the answer of an action that gives lists, which have 30 KiB together.
const ANSWER_WITH_LISTS: usize = 33 * 1024;

/// What is kept free beside a command.
fn answer(command: &Command) -> usize {
    let gives_lists = match command {
        Command::Action { action, .. } => action.outputs.iter().any(|output| {
            matches!(
                output.kind,
                FieldKind::List | FieldKind::Entries(_) | FieldKind::Map { .. } | FieldKind::Object(_) | FieldKind::Any
            )
        }),
        _ => false,
    };
    if gives_lists { ANSWER_WITH_LISTS } else { ANSWER }
}

/// The reason a handover with a command cannot be given to an execution: there is no room for it beside the execution's input.
pub(crate) fn overflow(input: &RunInput, command: &Command, handover: &str) -> Option<Failure> {
    let input = serde_json::to_string(input).map_or(STATE, |text| text.len());
    let all = input.saturating_add(handover.len()).saturating_add(answer(command));
    (all > STATE).then(|| {
        Failure::new(
            ErrorName::StepOutputTooLarge,
            format!(
                "the run carries more from step to step than Step Functions holds: {input} bytes of event and inputs, and {} \
                 bytes of variables, items and the next command; keep less in variables, or hand on less",
                handover.len()
            ),
        )
    })
}

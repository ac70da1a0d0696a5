//! The room that the state of an execution has.

use workflow::{error_name::ErrorName, planner::Failure, run::RunInput};

/// What Step Functions takes as input or output of a state, in bytes of JSON. An execution ends that has more, without a
/// way to catch it.
///
/// Source: Step Functions' developer guide, page on service quotas.
const STATE: usize = 256 * 1024;

/// What is kept free for the answer of the action that is called next.
const ANSWER: usize = 12 * 1024;

/// Why a handover cannot be given to an execution: there is no room for it beside the execution's input.
pub(crate) fn overflow(input: &RunInput, handover: &str) -> Option<Failure> {
    let input = serde_json::to_string(input).map_or(STATE, |text| text.len());
    let all = input.saturating_add(handover.len()).saturating_add(ANSWER);
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

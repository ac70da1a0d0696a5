//! The input of a call.

use crate::task::TaskError;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use workflow::{
    action::{ActionSpec, Adjustment, Admitted, LOOK},
    error_name::ErrorName,
};

/// The fields that a run adds to the input that the workflow's author wrote. A caller outside a run may give
/// `idempotency_key`, so that a repeat of the call does no harm.
pub(super) const CALL_FIELDS: &[&str] = &["idempotency_key", "attempt", "deadline", "intended_at", LOOK];

/// The name of the action that is called.
const ACTION: &str = "action";

/// The time when the state that calls was entered.
const ENTERED_AT: &str = "entered_at";

/// The most that an input may take, in bytes of JSON. PagerDuty's Events API takes a body of 512 KiB; the rest is room for what
/// is put around the input. A run has less room, and has seen to it.
const INPUT_BYTES: usize = 480 * 1024;

/// The message of the state machine of the stack to the function of an action.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateMachineCall {
    action: String,
    call: Map<String, Value>,
    /// By the clock of Step Functions.
    entered_at: Timestamp,
}

/// The input of an action out of what its function is called with. The state machine of the stack puts around it the action's name, and
/// when its state was entered: the call has its time from then on, however long the function takes to begin. Anybody else sends the
/// input alone, with the name of the action in it.
#[must_use]
pub fn input_of(payload: Value) -> Value {
    match StateMachineCall::deserialize(&payload) {
        Ok(StateMachineCall {
            action,
            mut call,
            entered_at,
        }) => {
            call.insert(ACTION.to_owned(), action.into());
            call.insert(ENTERED_AT.to_owned(), entered_at.to_string().into());
            Value::Object(call)
        }
        Err(_) => payload,
    }
}

/// The refusal of an action that a function does not perform, with those that it does.
#[must_use]
pub fn not_performed(name: &str, known: impl IntoIterator<Item = String>) -> TaskError {
    let known: Vec<String> = known.into_iter().collect();
    TaskError::new(
        ErrorName::InputInvalid,
        format!(
            "`action` is {name:?}, which this function does not perform; it performs {}",
            known.join(", ")
        ),
    )
}

/// Has the call end when its own time is over, if the time of the whole step does not end before.
pub(super) fn limit(spec: &ActionSpec, input: &mut Map<String, Value>) {
    let time = |value: Value| value.as_str()?.parse::<Timestamp>().ok();
    let Some(entered_at) = input.remove(ENTERED_AT).and_then(time) else {
        return;
    };
    let call = SignedDuration::from_secs(spec.timeout_seconds.into());
    let ends = entered_at.checked_add(call).unwrap_or(Timestamp::MAX);
    let of_step = input.get("deadline").cloned().and_then(time);
    let ends = of_step.map_or(ends, |of_step| of_step.min(ends));
    input.insert("deadline".to_owned(), ends.to_string().into());
}

/// Takes the name of the action out of an input. A function that performs one action need not be told it.
fn take_name(spec: &ActionSpec, input: &mut Value) -> Result<(), TaskError> {
    match input.as_object_mut().and_then(|fields| fields.remove(ACTION)) {
        Some(named) if named != *spec.name => Err(invalid(spec, &format!("`action` is {named}, which is another one"))),
        _ => Ok(()),
    }
}

/// Takes the name of the action out of an input, makes the rest fit and checks it. Gives it with what was adjusted.
pub(super) fn admitted(spec: &ActionSpec, mut input: Value) -> Result<(Value, Vec<Adjustment>), TaskError> {
    take_name(spec, &mut input)?;
    let admitted = spec.admit(input, CALL_FIELDS, INPUT_BYTES);
    let Admitted { input, adjusted } = admitted.map_err(|problems| invalid(spec, &problems.join("; ")))?;
    if !adjusted.is_empty() {
        let adjusted = adjusted.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        tracing::warn!(action = %spec, adjusted, "the input of the action was adjusted");
    }
    Ok((input, adjusted))
}

/// The refusal of an input.
pub(super) fn invalid(spec: &ActionSpec, problems: &str) -> TaskError {
    TaskError::new(
        ErrorName::InputInvalid,
        format!("the input of {spec} cannot be used: {problems}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use rstest::rstest;
    use serde_json::json;

    fn spec(name: &str) -> &'static ActionSpec {
        catalog().action(name).unwrap()
    }

    #[rstest]
    #[case::its_own_time(None, "2026-11-20T09:31:00.5Z")]
    #[case::its_own_time_is_over_first(Some("2026-11-20T10:00:00Z"), "2026-11-20T09:31:00.5Z")]
    #[case::the_step_has_less(Some("2026-11-20T09:30:20Z"), "2026-11-20T09:30:20Z")]
    fn a_call_has_its_time_from_when_its_state_was_entered(#[case] of_step: Option<&str>, #[case] ends: &str) {
        let mut call = json!({ "integration": "prod" });
        if let Some(of_step) = of_step {
            call["deadline"] = json!(of_step);
        }

        let mut input = input_of(json!({
            "action": "pagerduty.add_note", "call": call, "entered_at": "2026-11-20T09:30:00.500Z",
        }));
        limit(spec("pagerduty.add_note"), input.as_object_mut().unwrap());
        take_name(spec("pagerduty.add_note"), &mut input).unwrap();

        assert_eq!(input, json!({ "integration": "prod", "deadline": ends }));
    }

    #[rstest]
    #[case::the_action(json!("pagerduty.resolve_alert"), true)]
    #[case::another_action(json!("pagerduty.create_incident"), false)]
    #[case::no_text(json!(7), false)]
    fn a_function_that_is_told_an_action_performs_no_other(#[case] action: Value, #[case] is_performed: bool) {
        let mut input = json!({ "action": action });

        let taken = take_name(spec("pagerduty.resolve_alert"), &mut input);

        assert_eq!(taken.is_ok(), is_performed);
        if let Err(error) = taken {
            assert_eq!(error.failure().name, "Input.Invalid");
        }
        assert_eq!(input, json!({}));
    }

    #[rstest]
    #[case::of_another_caller(json!({ "integration": "prod", "deadline": "2026-11-20T09:30:20Z" }))]
    #[case::with_a_field_of_that_name(json!({ "integration": "prod", "call": {} }))]
    #[case::of_no_form(json!([1]))]
    fn an_input_that_the_state_machine_did_not_send_stays_as_it_is(#[case] input: Value) {
        assert_eq!(input_of(input.clone()), input);
    }
}

//! The errors of a call, in words.

use super::role::Role;
use crate::{action::call::error_of, task::TaskError};
use aws_actions::{Action, AwsError, Kind};
use connectors::HIDDEN;
use provider::{deadline::Missed, shown::shown, transport::Interruption};
use workflow::{
    action::ActionSpec,
    error_name::{ErrorName, SystemError},
    planner::Failure,
};

/// The most of a cause's text that is kept, in characters.
const LONGEST_CAUSE: usize = 200;

/// The time for which others are held back where AWS does not say for how long, in seconds. It mostly does not: what one may ask for
/// comes back second by second.
///
/// <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
const HOLD_SECONDS: u64 = 2;

/// The longest pause that an answer may ask for, in seconds.
const LONGEST_PAUSE: u64 = 300;

/// A request that was refused, or got no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) failure: Failure,
    /// True if the role was not given, so that another account may help.
    pub(super) of_role: bool,
    /// The time for which others need not ask.
    pub(super) hold_seconds: Option<u64>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            of_role: false,
            hold_seconds: None,
        }
    }
}

/// The error of a call whose time is over.
pub(super) fn missed(spec: &ActionSpec, missed: Missed) -> Failure {
    let why = match missed {
        Missed::Over => "the deadline has passed, and nothing more was sent to AWS; give the step more time",
        Missed::BegunLate => {
            "less than 50 s were left until the deadline, so this may be a late double of an earlier call, which would do it twice; \
             nothing was sent to AWS. Give the step at least a minute"
        }
    };
    Failure::new(ErrorName::StepDeadlineExceeded, format!("{spec}: {why}"))
}

/// A text without secrets.
pub(super) fn without(text: String, secrets: &[&str]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    secrets.fold(text, |text, secret| match text.contains(secret) {
        true => text.replace(secret, HIDDEN),
        false => text,
    })
}

/// An exchange that broke off. `may_have_acted` says that the request changes something.
pub(super) fn interrupted(
    spec: &ActionSpec,
    interruption: &Interruption,
    may_have_acted: bool,
    limit: usize,
) -> Failure {
    let cause = |cause: &str| shown(cause, LONGEST_CAUSE);
    let unavailable = |why: String| {
        let message =
            format!("{spec}: AWS is not available: {why}. The request changed nothing, so it is safe to try again");
        Failure::new(error_of(spec, SystemError::Unavailable), message)
    };
    let unclear = |why: String| match may_have_acted {
        true => unknown(spec, &why),
        false => unavailable(why),
    };
    match interruption {
        // Nothing was sent, so nothing was changed either.
        Interruption::Connect(why) => unavailable(format!("no connection could be made ({})", cause(why))),
        // It would be refused again: the region is the integration's or the step's.
        Interruption::Refused(why) => Failure::new(
            ErrorName::IntegrationInvalid,
            format!("{spec}: nothing was sent to AWS: {}", cause(why)),
        ),
        Interruption::TimedOut => unclear("no answer came in time".to_owned()),
        Interruption::Broken(why) => unclear(format!(
            "the connection broke before the answer was complete ({})",
            cause(why)
        )),
        Interruption::TooLarge if !may_have_acted => too_large(spec, limit),
        Interruption::TooLarge => unclear(format!("the answer is larger than {limit} bytes")),
    }
}

/// An answer that is more than a run can take.
pub(super) fn too_large(spec: &ActionSpec, limit: usize) -> Failure {
    Failure::new(
        error_of(spec, SystemError::InvalidRequest),
        format!("{spec}: the answer is larger than {limit} bytes; ask for less, with filters or smaller pages"),
    )
}

fn unknown(spec: &ActionSpec, why: &str) -> Failure {
    let message =
        format!("{spec}: it is not known whether AWS did it: {why}. Look in the AWS console before you do it again");
    Failure::new(error_of(spec, SystemError::OutcomeUnknown), message)
}

/// The refusal of an operation. `pause` is the time that the answer asks to wait.
pub(super) fn of_operation(
    spec: &ActionSpec,
    action: &Action,
    role: &Role,
    error: &AwsError,
    words: &str,
    pause: Option<u64>,
) -> Refused {
    let said = format!(
        "{} answered {}: {words}",
        action.operation().service_title(),
        error.status
    );
    let failure = match error.kind {
        Kind::OutcomeUnknown => unknown(spec, &said),
        Kind::Unavailable => Failure::new(
            error_of(spec, Kind::Unavailable),
            format!("{spec}: AWS is not available: {said}. The request changed nothing, so it is safe to try again"),
        ),
        Kind::Forbidden => {
            let rights = action.iam_actions().join(", ");
            let message = format!("{spec}: {said}. The role {} has to allow {rights}", role.arn);
            Failure::new(error_of(spec, Kind::Forbidden), message)
        }
        kind => Failure::new(error_of(spec, kind), format!("{spec}: {said}")),
    };
    held(failure, error, pause)
}

/// The refusal of a role.
pub(super) fn of_role(spec: &ActionSpec, role: &Role, error: &AwsError, words: &str, pause: Option<u64>) -> Refused {
    let said = format!(
        "{spec}: the role {} could not be assumed: AWS STS answered {}: {words}",
        role.arn, error.status
    );
    let message = match error.kind {
        Kind::Forbidden => format!(
            "{said}. Its name has to begin with the stack's AwsRolePrefix, and its trust policy has to name the role of the function \
             and the ExternalId of the integration: `pagerflow integration role ALIAS` prints a role that has all of it"
        ),
        Kind::Unauthorized => format!(
            "{said}. STS does not take the function's own credentials: the region may not be enabled for its account"
        ),
        _ => said,
    };
    let failure = Failure::new(error_of(spec, error.kind), message);
    Refused {
        of_role: matches!(error.kind, Kind::Forbidden | Kind::Unauthorized),
        ..held(failure, error, pause)
    }
}

fn held(failure: Failure, error: &AwsError, pause: Option<u64>) -> Refused {
    let pause = pause.map(|pause| pause.clamp(1, LONGEST_PAUSE));
    match error.is_throttling() {
        true => Refused {
            failure: Failure {
                retry_after_seconds: pause.and_then(|pause| u32::try_from(pause).ok()),
                ..failure
            },
            of_role: false,
            hold_seconds: Some(pause.unwrap_or(HOLD_SECONDS)),
        },
        false => failure.into(),
    }
}

impl From<Refused> for TaskError {
    fn from(refused: Refused) -> Self {
        refused.failure.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn spec() -> ActionSpec {
        Action::named("aws.ecs.update_service").unwrap().spec()
    }

    #[rstest]
    #[case::never_sent(Interruption::Connect("refused".into()), true, "AWS.Unavailable")]
    #[case::a_change_without_an_answer(Interruption::TimedOut, true, "AWS.OutcomeUnknown")]
    #[case::a_read_without_an_answer(Interruption::TimedOut, false, "AWS.Unavailable")]
    #[case::a_change_that_broke_off(Interruption::Broken("reset".into()), true, "AWS.OutcomeUnknown")]
    #[case::a_read_that_broke_off(Interruption::Broken("reset".into()), false, "AWS.Unavailable")]
    #[case::a_change_with_a_large_answer(Interruption::TooLarge, true, "AWS.OutcomeUnknown")]
    #[case::a_read_with_a_large_answer(Interruption::TooLarge, false, "AWS.InvalidRequest")]
    #[case::where_nothing_is_sent(Interruption::Refused("private".into()), true, "Integration.Invalid")]
    fn an_exchange_that_breaks_off_leaves_open_what_it_may_have_done(
        #[case] interruption: Interruption,
        #[case] may_have_acted: bool,
        #[case] name: &str,
    ) {
        let failure = interrupted(&spec(), &interruption, may_have_acted, 1_000);

        assert_eq!(failure.name, name);
        assert!(
            failure.message.starts_with("aws.ecs.update_service: "),
            "{}",
            failure.message
        );
    }

    #[rstest]
    #[case::over(Missed::Over, "the deadline has passed")]
    #[case::begun_late(Missed::BegunLate, "late double")]
    fn a_call_whose_time_is_over_says_that_nothing_was_sent(#[case] why: Missed, #[case] said: &str) {
        let failure = missed(&spec(), why);

        assert_eq!(failure.name, "Step.DeadlineExceeded");
        assert!(
            failure.message.contains(said) && failure.message.contains("sent to AWS"),
            "{}",
            failure.message
        );
    }

    #[test]
    fn secrets_are_hidden_in_what_aws_says() {
        let said = without("not m4rk, nor t0ken".to_owned(), &["m4rk", "", "t0ken"]);
        assert_eq!(said, format!("not {HIDDEN}, nor {HIDDEN}"));
    }
}

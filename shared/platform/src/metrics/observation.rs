//! What is measured.
use provider::transport::Interruption;
use std::time::Duration;
use strum::{IntoStaticStr, VariantArray};
use workflow::{
    action::Text,
    error_name::{NamedError, SystemError},
    planner::LaneEnd,
};

/// An observation of a function, told in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A webhook was answered with 202.
    Taken {
        /// The outcome of the whole.
        taken: TakenAs,
        /// The number of its runs that wait in the start-buffer.
        buffered: u64,
        /// The number of dead letters that it left: one, if not all of it could be read.
        dead_letters: u64,
    },
    /// A webhook was refused, and is not sent again.
    Refused(RefusalReason),
    /// A request without a well-formed API key was refused. Anybody can send such.
    Anonymous,
    /// A Plan was written, or the end of a run from outside.
    Planned {
        /// The outcome of its run, if it ended.
        run: Option<RunOutcome>,
        /// The step of an action that ended, if one did.
        step: Option<StepLatency>,
    },
    /// PagerDuty was called.
    Called {
        /// The answer's status.
        status: CallStatus,
        /// The number of requests that the token has left in this minute, if the answer told it.
        rate_limit_left: Option<u64>,
    },
    /// Another system was called, by an action of its connector.
    SystemCalled {
        /// The name of the connector.
        system: Text,
        /// The answer's status.
        status: CallStatus,
    },
    /// An attempt at an action failed because of its system: in an answer of success, in none at all, or because the system's rate limit
    /// is used up, also where nothing was sent for that.
    ActionFailed {
        /// The beginning of the action's name, which is the name of its connector.
        system: Text,
        /// The meaning of the answer.
        error: SystemError,
    },
}

/// The outcome of a webhook that was taken. Each is counted as one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenAs {
    /// At least one run was started for it, or waits in the start-buffer.
    Accepted,
    /// Its runs had been started before.
    Duplicate,
    /// Nothing was to be started for it.
    Filtered,
    /// It could not be read. Only its dead letter is counted.
    Unreadable,
}

/// The reason a webhook with a well-formed API key was refused. One that is to be sent again, because something is out of reach
/// (503), is none of these; API Gateway counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum RefusalReason {
    /// 401: the URL names what can be neither a workflow nor an integration.
    MalformedUrl,
    /// 401: an unknown or revoked API key, the key of another URL, or an unknown workflow.
    UnknownKey,
    /// 401: no signature where one is wanted.
    NoSignature,
    /// 401: a signature that can be none.
    MalformedSignature,
    /// 401: no signature that fits.
    WrongSignature,
    /// 413: the body is too large.
    TooLarge,
}

/// The outcome of a run: the status in its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum RunOutcome {
    /// All its steps were done or skipped.
    Succeeded,
    /// A step failed, or its execution ended from outside.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It did nothing, because another run held its concurrency key, or because it was not wanted any more.
    Skipped,
}

impl From<&LaneEnd> for RunOutcome {
    fn from(end: &LaneEnd) -> Self {
        match end {
            LaneEnd::Success { .. } => Self::Succeeded,
            LaneEnd::Skipped { .. } => Self::Skipped,
            LaneEnd::Failure { .. } => Self::Failed,
            LaneEnd::Cancelled { .. } => Self::Cancelled,
        }
    }
}

/// The answer of a system to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(const_into_str)]
pub enum CallStatus {
    /// It was done.
    #[strum(serialize = "2xx")]
    Success,
    /// It was refused.
    #[strum(serialize = "4xx")]
    Refused,
    /// The rate limit is used up.
    #[strum(serialize = "429")]
    RateLimited,
    /// The system failed.
    #[strum(serialize = "5xx")]
    Fault,
    /// No answer came, or one that is not the system's.
    #[strum(serialize = "none")]
    None,
}

impl CallStatus {
    /// The class of a status, or of what broke the exchange off.
    pub(super) fn of(status: Result<u16, &Interruption>) -> Self {
        match status {
            Ok(200..=299) => Self::Success,
            Ok(429) => Self::RateLimited,
            Ok(400..=499) => Self::Refused,
            Ok(500..=599) => Self::Fault,
            Ok(_) | Err(_) => Self::None,
        }
    }
}

/// The time that a step took: from when its first attempt was written down to when its end was. Waits between attempts are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepLatency {
    /// The name of its action.
    pub action: Text,
    /// The time.
    pub duration: Duration,
}

/// A metric. Its name and its dimensions are what dashboards and alarms refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(const_into_str)]
pub(super) enum Metric {
    WebhooksAccepted,
    WebhooksDuplicate,
    WebhooksFiltered,
    WebhooksRefused,
    RequestsWithoutKey,
    RunsBuffered,
    DeadLetters,
    RunsEnded,
    StepLatency,
    PagerDutyCalls,
    PagerDutyRateLimitLeft,
    SystemCalls,
    ActionFailures,
}

/// A dimension of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(const_into_str)]
pub(super) enum Dimension {
    Stack,
    Reason,
    Outcome,
    Action,
    Status,
    System,
    Error,
}

/// A value of a metric.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    pub(super) metric: Metric,
    pub(super) value: u64,
    /// The dimensions beside the stack, and their words.
    pub(super) dimensions: Vec<(Dimension, Text)>,
}

impl Metric {
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::StepLatency => "Milliseconds",
            _ => "Count",
        }
    }

    /// The sets of dimensions. Each makes a series of its own.
    pub(super) fn dimensions(self) -> &'static [&'static [Dimension]] {
        match self {
            Self::WebhooksRefused => &[&[Dimension::Stack], &[Dimension::Stack, Dimension::Reason]],
            Self::RunsEnded => &[&[Dimension::Stack, Dimension::Outcome]],
            Self::StepLatency => &[&[Dimension::Stack, Dimension::Action]],
            Self::PagerDutyCalls => &[&[Dimension::Stack, Dimension::Status]],
            Self::SystemCalls => &[&[Dimension::Stack, Dimension::System, Dimension::Status]],
            Self::ActionFailures => &[&[Dimension::Stack, Dimension::System, Dimension::Error]],
            Self::WebhooksAccepted
            | Self::WebhooksDuplicate
            | Self::WebhooksFiltered
            | Self::RequestsWithoutKey
            | Self::RunsBuffered
            | Self::DeadLetters
            | Self::PagerDutyRateLimitLeft => &[&[Dimension::Stack]],
        }
    }

    fn is(self, value: u64) -> Measure {
        Measure {
            metric: self,
            value,
            dimensions: Vec::new(),
        }
    }

    fn of(self, dimension: Dimension, word: impl Into<Text>, value: u64) -> Measure {
        Measure {
            dimensions: vec![(dimension, word.into())],
            ..self.is(value)
        }
    }
}

impl Observation {
    /// The failure of an attempt at an action with an error of this name; none if it is not an error of the action's system.
    #[must_use]
    pub fn of_failure(action: &str, error: &str) -> Option<Self> {
        let NamedError::System(_, error) = NamedError::parse(error)? else {
            return None;
        };
        let (system, _) = action.split_once('.')?;
        Some(Self::ActionFailed {
            system: system.to_owned().into(),
            error,
        })
    }

    /// Its measures: of each metric one at most, and of each dimension one word.
    pub(super) fn measures(&self) -> Vec<Measure> {
        let counted = |metric: Metric, count: u64| (count > 0).then(|| metric.is(count));
        match self {
            Self::Taken {
                taken,
                buffered,
                dead_letters,
            } => {
                let taken = match taken {
                    TakenAs::Accepted => Some(Metric::WebhooksAccepted.is(1)),
                    TakenAs::Duplicate => Some(Metric::WebhooksDuplicate.is(1)),
                    TakenAs::Filtered => Some(Metric::WebhooksFiltered.is(1)),
                    TakenAs::Unreadable => None,
                };
                let buffered = counted(Metric::RunsBuffered, *buffered);
                let dead_letters = counted(Metric::DeadLetters, *dead_letters);
                [taken, buffered, dead_letters].into_iter().flatten().collect()
            }
            Self::Refused(reason) => vec![Metric::WebhooksRefused.of(Dimension::Reason, reason.into_str(), 1)],
            Self::Anonymous => vec![Metric::RequestsWithoutKey.is(1)],
            Self::Planned { run, step } => {
                let run = run.map(|outcome| Metric::RunsEnded.of(Dimension::Outcome, outcome.into_str(), 1));
                let step = step.as_ref().map(|StepLatency { action, duration }| {
                    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                    Metric::StepLatency.of(Dimension::Action, action.clone(), milliseconds)
                });
                run.into_iter().chain(step).collect()
            }
            Self::Called {
                status,
                rate_limit_left,
            } => {
                let call = Metric::PagerDutyCalls.of(Dimension::Status, status.into_str(), 1);
                let left = rate_limit_left.map(|left| Metric::PagerDutyRateLimitLeft.is(left));
                std::iter::once(call).chain(left).collect()
            }
            Self::SystemCalled { system, status } => vec![Measure {
                dimensions: vec![
                    (Dimension::System, system.clone()),
                    (Dimension::Status, status.into_str().into()),
                ],
                ..Metric::SystemCalls.is(1)
            }],
            Self::ActionFailed { system, error } => vec![Measure {
                dimensions: vec![
                    (Dimension::System, system.clone()),
                    (Dimension::Error, <&'static str>::from(error).into()),
                ],
                ..Metric::ActionFailures.is(1)
            }],
        }
    }
}

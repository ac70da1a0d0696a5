//! Which requests fail, and how.

use http::{HeaderMap, StatusCode};

/// One start in so many fails.
const ONE_IN: usize = 5;

/// The failure of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is refused because there are too many.
    Throttled,
    /// AWS has an error of its own.
    Broken,
    /// AWS is away.
    Away,
    /// It is done, and the answer gets lost.
    AnswerLost,
}

impl Fault {
    const ALL: [Self; 4] = [Self::Throttled, Self::Broken, Self::Away, Self::AnswerLost];

    /// What happens to the start of that number, counted from 0.
    pub(crate) fn of_start(number: usize) -> Option<Self> {
        let fails = number % ONE_IN == ONE_IN - 1;
        let turn = number / ONE_IN % Self::ALL.len();
        Self::ALL.get(turn).copied().filter(|_| fails)
    }

    /// True if the request is done all the same.
    pub(crate) fn is_done(self) -> bool {
        self == Self::AnswerLost
    }

    /// What is answered.
    pub(crate) fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Throttled => (
                StatusCode::BAD_REQUEST,
                r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#,
            ),
            Self::Broken | Self::AnswerLost => (
                StatusCode::INTERNAL_SERVER_ERROR,
                r#"{"__type":"InternalServerException","message":"made up by the storm"}"#,
            ),
            Self::Away => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

/// True if a request to AWS starts an execution.
pub(crate) fn is_start(headers: &HeaderMap) -> bool {
    headers
        .get("x-amz-target")
        .is_some_and(|target| target == "AWSStepFunctions.StartExecution")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn one_start_in_five_fails_each_time_in_another_way() {
        let faults: Vec<_> = (0..40).filter_map(Fault::of_start).collect();
        assert_eq!(faults, [Fault::ALL, Fault::ALL].concat());
        assert_eq!(Fault::of_start(3), None);
    }

    #[test]
    fn nothing_but_starts_fails() {
        let of = |target: &'static str| {
            HeaderMap::from_iter([(
                http::HeaderName::from_static("x-amz-target"),
                HeaderValue::from_static(target),
            )])
        };
        assert!(is_start(&of("AWSStepFunctions.StartExecution")));
        assert!(!is_start(&of("AmazonSQS.SendMessage")));
        assert!(!is_start(&HeaderMap::new()));
    }
}

//! The reason something failed, and the text in which that travels.
//!
//! A failed task reaches the state machine as an error name and a message. The one thing that the planner needs beyond
//! them, how long to leave the system alone, stands at the end of the message in a form that people can read too:
//! `… [retry after 20 s]`.

use crate::{
    action,
    error_name::{FailureClass, NamedError},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The reason something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The name of the error: one of ours, or one of Step Functions or Lambda.
    pub name: String,
    /// The error and its remedy.
    pub message: String,
    /// How long to wait before another attempt, in seconds: as the system asks, or until it can be seen what an attempt of unknown
    /// outcome has done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// The answer to a command that called an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The outputs of the action.
    Success(Value),
    /// The action has started something that has not ended yet.
    Pending {
        /// The thing to look for.
        look: Value,
        /// The time until the next look, in seconds.
        after_seconds: u32,
    },
    /// The reason it failed.
    Failure(Failure),
}

impl From<action::Answer> for Answer {
    fn from(answer: action::Answer) -> Self {
        match answer {
            action::Answer::Done { output, .. } => Self::Success(output),
            action::Answer::Pending {
                look, after_seconds, ..
            } => Self::Pending { look, after_seconds },
        }
    }
}

/// The error with which Lambda refuses a call because too many run already.
const THROTTLED: &str = "Lambda.TooManyRequestsException";

/// The most of a message that is kept. It travels with the cursor, and a person reads no more of it.
const MESSAGE_CHARACTERS: usize = 2_000;

/// The most of a message that one attempt keeps in the journal, in bytes. All attempts of a step are in one item of 400 KB, and there
/// may be [`MOST_ATTEMPTS`](super::MOST_ATTEMPTS). How the step ended is kept beside them, with more of it.
const ATTEMPT_MESSAGE_BYTES: usize = 600;

/// The most of a name that is kept. Ours are shorter; those of others can be anything.
const NAME_BYTES: usize = 100;

/// The most of a message that travels from an action to the planner, in bytes of the state of the execution.
const ANSWER_MESSAGE_BYTES: usize = 10 * 1024;

/// The error of an action whose answer never came to the planner.
const ANSWER_MISSING: &str = "Answer.Missing";

const RETRY_AFTER: &str = " [retry after ";
const SECONDS: &str = " s]";

impl Failure {
    /// A failure of one of our names.
    #[must_use]
    pub fn new(name: impl Into<NamedError>, message: impl Into<String>) -> Self {
        Self {
            name: name.into().to_string(),
            message: message.into(),
            retry_after_seconds: None,
        }
    }

    /// The failure that an error name and a message tell of.
    #[must_use]
    pub fn from_text(name: &str, message: &str) -> Self {
        let parts = message
            .strip_suffix(SECONDS)
            .and_then(|text| text.rsplit_once(RETRY_AFTER));
        match parts.and_then(|(text, seconds)| Some((text, seconds.parse().ok()?))) {
            Some((text, seconds)) => Self {
                name: name.to_owned(),
                message: text.to_owned(),
                retry_after_seconds: Some(seconds),
            },
            None => Self {
                name: name.to_owned(),
                message: message.to_owned(),
                retry_after_seconds: None,
            },
        }
    }

    /// The message in which it travels.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self.retry_after_seconds {
            Some(seconds) => format!("{}{RETRY_AFTER}{seconds}{SECONDS}", self.message),
            None => self.message.clone(),
        }
    }

    /// True if the call that failed may still be at work: its answer went missing, or Lambda has lost track of it. An action
    /// that failed by itself, crashed (`Runtime.…`) or was stopped (`Sandbox.…`) is over, and one that Step Functions gave up
    /// (`States.…`) has no time left in which it would send anything.
    pub(super) fn call_may_go_on(&self) -> bool {
        self.name == ANSWER_MISSING || (self.name.starts_with("Lambda.") && self.name != THROTTLED)
    }

    /// The answer to an action went missing.
    pub(super) fn no_answer() -> Self {
        Self {
            name: ANSWER_MISSING.to_owned(),
            message: "no answer of the action came back".to_owned(),
            retry_after_seconds: None,
        }
    }

    /// What may be concluded from it. A name that is not ours is a time-out, a crash or a fault of Lambda: the action
    /// may or may not have been done. Only of a throttled call it is known that nothing ran.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match NamedError::parse(&self.name) {
            Some(error) => error.class(),
            None if self.name == THROTTLED => FailureClass::Transient,
            None => FailureClass::UnknownOutcome,
        }
    }

    /// The same with a message that is not too long to travel. The middle is left out: at the end stands what began it.
    #[must_use]
    pub(super) fn shortened(mut self) -> Self {
        let characters = self.message.chars().count();
        if characters > MESSAGE_CHARACTERS {
            let half = MESSAGE_CHARACTERS / 2;
            let head: String = self.message.chars().take(half).collect();
            let tail: String = self.message.chars().skip(characters - half).collect();
            self.message = format!("{head} … {tail}");
        }
        self.name = without_middle(&self.name, NAME_BYTES, char::len_utf8);
        self
    }

    /// The same as an attempt keeps it.
    #[must_use]
    pub fn of_an_attempt(&self) -> Self {
        Self {
            name: without_middle(&self.name, NAME_BYTES, char::len_utf8),
            message: without_middle(&self.message, ATTEMPT_MESSAGE_BYTES, char::len_utf8),
            retry_after_seconds: self.retry_after_seconds,
        }
    }

    /// The same with a message for which the state of an execution has room, where it stands as JSON in a text of JSON.
    #[must_use]
    pub fn of_an_answer(self) -> Self {
        let size = |c: char| match c {
            '\n' | '\r' | '\t' => 3,
            '"' | '\\' => 4,
            c if c.is_control() => 7,
            c => c.len_utf8(),
        };
        Self {
            message: without_middle(&self.message, ANSWER_MESSAGE_BYTES, size),
            ..self
        }
    }

    /// The same with a sentence more.
    #[must_use]
    pub(super) fn with_advice(mut self, advice: &str) -> Self {
        self.message = format!("{}; {advice}", self.message);
        self
    }
}

/// A text of at most so many bytes, where a character takes what `size` says. The middle is left out: at the end stands what began it.
fn without_middle(text: &str, most: usize, size: impl Fn(char) -> usize) -> String {
    const LEFT_OUT: &str = " … ";
    if text.chars().map(&size).sum::<usize>() <= most {
        return text.to_owned();
    }
    let half = most.saturating_sub(LEFT_OUT.len()) / 2;
    let fitting = |taken: &mut usize, c: &char| {
        *taken += size(*c);
        Some(*taken <= half)
    };
    let head = text
        .chars()
        .scan(0, |taken, c| fitting(taken, &c))
        .take_while(|fits| *fits)
        .count();
    let tail = text
        .chars()
        .rev()
        .scan(0, |taken, c| fitting(taken, &c))
        .take_while(|fits| *fits)
        .count();
    let characters = text.chars().count();
    let first: String = text.chars().take(head).collect();
    let last: String = text.chars().skip(characters - tail).collect();
    format!("{first}{LEFT_OUT}{last}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(None)]
    #[case(Some(20))]
    fn a_failure_travels_as_text_and_comes_out_the_same(#[case] retry_after_seconds: Option<u32>) {
        let failure = Failure {
            name: "PagerDuty.RateLimited".into(),
            message: "too many [retry after all]".into(),
            retry_after_seconds,
        };
        assert_eq!(Failure::from_text(&failure.name, &failure.to_text()), failure);
    }

    #[rstest]
    #[case::plain('x')]
    #[case::four_bytes('\u{10ffff}')]
    #[case::escaped('\u{0}')]
    #[case::quoted('"')]
    #[case::broken('\n')]
    fn a_long_failure_has_room_wherever_it_is_kept(#[case] c: char) {
        let failure = Failure {
            name: c.to_string().repeat(40_000),
            message: c.to_string().repeat(40_000),
            retry_after_seconds: None,
        };
        let attempt = failure.of_an_attempt();
        assert!(attempt.name.len() <= NAME_BYTES && attempt.message.len() <= ATTEMPT_MESSAGE_BYTES);
        assert!(
            attempt.message.len() > ATTEMPT_MESSAGE_BYTES - 20,
            "{}",
            attempt.message.len()
        );
        let cause = serde_json::json!({ "errorMessage": failure.of_an_answer().message }).to_string();
        let bytes = serde_json::Value::from(cause).to_string().len();
        assert!(
            (ANSWER_MESSAGE_BYTES - 40..ANSWER_MESSAGE_BYTES + 60).contains(&bytes),
            "{bytes}"
        );
    }

    #[rstest]
    #[case("States.Timeout")]
    #[case("Sandbox.Timedout")]
    #[case("Runtime.ExitError")]
    #[case("Lambda.Unknown")]
    #[case("something new")]
    fn a_name_that_is_not_ours_is_an_unknown_outcome(#[case] name: &str) {
        assert_eq!(Failure::from_text(name, "").class(), FailureClass::UnknownOutcome);
    }

    #[rstest]
    #[case("Lambda.TooManyRequestsException")]
    #[case("Step.DeadlineExceeded")]
    fn what_did_not_even_begin_may_always_be_tried_again(#[case] name: &str) {
        assert_eq!(Failure::from_text(name, "").class(), FailureClass::Transient);
    }
}

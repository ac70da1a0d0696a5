//! Errors of the systems that actions ask: `PagerDuty.NotFound`.
//!
//! Each system answers in its own way, and its crate says which of a few things that means. The name has the system in front, so a
//! workflow can tell them apart.

use super::{ErrorName, FailureClass};
use std::{borrow::Cow, fmt};

/// The name of a system, as it begins the names of its errors.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemName(Cow<'static, str>);

impl SystemName {
    /// A name that the program knows.
    #[must_use]
    pub const fn known(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name of a system that people call so: without what cannot stand in a name.
    #[must_use]
    pub fn of(system: &str) -> Self {
        Self(
            system
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
                .into(),
        )
    }

    /// A name in a text. What begins the name of an error of ours is none.
    fn parse(text: &str) -> Option<Self> {
        let is_ours = |name: &ErrorName| name.as_str().split_once('.').is_some_and(|(front, _)| front == text);
        let is_name =
            text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphanumeric());
        (is_name && !ErrorName::ALL.iter().any(is_ours)).then(|| Self(text.to_owned().into()))
    }
}

impl fmt::Display for SystemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! system_errors {
    ($($(#[doc = $doc:literal])* $variant:ident, $class:ident, $remedy:literal;)*) => {
        /// The meaning of an answer of a system, or of none. `{system}` stands for its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
        pub enum SystemError { $($(#[doc = $doc])* $variant,)* }

        impl SystemError {
            /// The conclusion that the planner may draw from it.
            #[must_use]
            pub const fn class(self) -> FailureClass {
                match self { $(Self::$variant => FailureClass::$class,)* }
            }

            /// The cause and the remedy, each in a sentence or two.
            const fn texts(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => (concat!($($doc,)*).trim_ascii_start(), $remedy),)* }
            }
        }
    };
}

system_errors! {
    /// {system} refused the secret of the integration (401), also after it was read anew.
    Unauthorized, Permanent,
        "{system} does not take the secret of the integration. Store a new one with `pagerflow integration set-token ALIAS`, and replay the run.";
    /// The integration, or the user in whose name it was done, may not do this (403).
    Forbidden, Permanent,
        "The integration, or the user in whose name it was done, may not do this. Give them the right in {system}, or give the step others, and replay the run.";
    /// {system} knows no such thing (404).
    NotFound, NotFound,
        "Check the ids in the step's input: `pagerflow choices ACTION INPUT --integration ALIAS` lists what {system} has for an input.";
    /// The incident is resolved, and what was to be done would reopen it.
    AlreadyResolved, Permanent,
        "The incident is resolved, and to go on would reopen it. If that is right for the workflow, give the step `continue_on_error`, or ask for the status first.";
    /// {system} refused the request (another 4xx).
    InvalidRequest, Permanent,
        "{system} refuses the request; its answer says why. Change the step, apply the workflow, and replay the run with --latest.";
    /// {system} has begun what it was asked for, and that did not end well.
    JobFailed, Permanent,
        "What {system} was asked for was begun and did not end well; its message says why. Set it right there, and replay the run from that step.";
    /// {system} asks to wait (429).
    RateLimited, RateLimited,
        "Too much is asked of {system} with this integration. Replay the run when that is over; fewer runs, or an integration of its own, help for good.";
    /// {system} could not be reached, or failed to answer a question that changes nothing.
    Unavailable, Transient,
        "{system} could not be reached for as long as the step was tried. Replay the run from that step when {system} is back.";
    /// A change went out to {system} and no clear answer came back.
    OutcomeUnknown, UnknownOutcome,
        "It may or may not have been done. Look in {system} first; if it is missing, replay the run from that step.";
}

/// An error that has a stable name: one of ours, or one of a system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamedError {
    /// An answer of a system.
    System(SystemName, SystemError),
    /// One of ours.
    Ours(ErrorName),
}

impl NamedError {
    /// All errors, where actions ask these systems.
    pub fn all(systems: impl IntoIterator<Item = SystemName>) -> impl Iterator<Item = Self> {
        let of_systems = systems.into_iter().flat_map(|system| {
            let errors = <SystemError as strum::VariantArray>::VARIANTS.iter();
            errors.map(move |error| Self::System(system.clone(), *error))
        });
        of_systems.chain(ErrorName::ALL.iter().copied().map(Self::Ours))
    }

    /// The error of that name; none for one of Lambda or Step Functions.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = ErrorName::parse(text) {
            return Some(Self::Ours(name));
        }
        let (system, error) = text.split_once('.')?;
        Some(Self::System(SystemName::parse(system)?, error.parse().ok()?))
    }

    /// The conclusion that the planner may draw from it.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::System(_, error) => error.class(),
            Self::Ours(name) => name.class(),
        }
    }

    /// The cause, in a sentence or two.
    #[must_use]
    pub fn cause(&self) -> Cow<'static, str> {
        match self {
            Self::System(system, error) => error.texts().0.replace("{system}", &system.0).into(),
            Self::Ours(name) => name.cause().into(),
        }
    }

    /// The remedy, in a sentence or two.
    #[must_use]
    pub fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::System(system, error) => error.texts().1.replace("{system}", &system.0).into(),
            Self::Ours(name) => name.remedy().into(),
        }
    }
}

impl From<ErrorName> for NamedError {
    fn from(name: ErrorName) -> Self {
        Self::Ours(name)
    }
}

impl PartialEq<&str> for NamedError {
    fn eq(&self, name: &&str) -> bool {
        self.to_string() == **name
    }
}

impl fmt::Display for NamedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(system, error) => write!(f, "{system}.{}", <&str>::from(error)),
            Self::Ours(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn every_name_reads_back_and_none_stands_twice() {
        for error in NamedError::all([SystemName::known("PagerDuty"), SystemName::of("Microsoft Teams")]) {
            assert_eq!(NamedError::parse(&error.to_string()), Some(error));
        }
    }

    #[rstest]
    #[case::of_step_functions("States.Timeout")]
    #[case::of_lambda("Lambda.Unknown")]
    #[case::a_word_of_ours_in_front("Run.NotFound")]
    #[case::no_system(".NotFound")]
    #[case::no_name_of_a_system("pager duty.NotFound")]
    #[case::in_other_letters("PagerDuty.notfound")]
    fn other_names_are_none(#[case] name: &str) {
        assert_eq!(NamedError::parse(name), None);
    }

    #[test]
    fn causes_and_remedies_name_the_system() {
        let error = NamedError::System(SystemName::known("Jira"), SystemError::RateLimited);
        assert_eq!(error.cause(), "Jira asks to wait (429).");
        assert!(
            error
                .remedy()
                .starts_with("Too much is asked of Jira with this integration.")
        );
    }
}

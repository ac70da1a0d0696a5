//! Ids and addresses that were checked once and may then stand in a URL or a header.
//!
//! None of the errors repeats the value: what was put into the wrong field may be a secret.

mod list;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use list::{IdList, InvalidLength};

/// The longest id that is accepted, in bytes. PagerDuty's own have 7 or 14 characters, but it promises no length.
const MAX_ID_LENGTH: usize = 255;
/// The longest event id, in bytes. Seen: ULIDs, UUIDs and decimal numbers of 38 digits.
const MAX_EVENT_ID_LENGTH: usize = 1024;
/// The longest e-mail address that SMTP can carry, in bytes.
const MAX_EMAIL_LENGTH: usize = 254;
/// The longest idempotency key, in bytes: what PagerDuty's Events API documents for a deduplication key.
pub(crate) const MAX_KEY_LENGTH: usize = 255;

/// A value that can not be what its field asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {noun}: {problem}; {remedy}")]
pub struct InvalidId {
    noun: &'static str,
    problem: Problem,
    remedy: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    Empty,
    TooLong { limit: usize },
    Character { position: usize, expected: &'static str },
    Shape(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong { limit } => write!(f, "it is longer than {limit} bytes"),
            Self::Character { position, expected } => write!(f, "character {position} is not {expected}"),
            Self::Shape(problem) => f.write_str(problem),
        }
    }
}

/// Length and characters; `position` in the error counts from 1, as people do.
fn check(text: &str, limit: usize, allowed: fn(char) -> bool, expected: &'static str) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    if text.len() > limit {
        return Err(Problem::TooLong { limit });
    }
    match text.chars().position(|c| !allowed(c)) {
        Some(index) => Err(Problem::Character {
            position: index + 1,
            expected,
        }),
        None => Ok(()),
    }
}

fn check_object_id(text: &str) -> Result<(), Problem> {
    check(
        text,
        MAX_ID_LENGTH,
        |c| c.is_ascii_alphanumeric(),
        "an ASCII letter or digit",
    )
}

fn check_event_id(text: &str) -> Result<(), Problem> {
    check(text, MAX_EVENT_ID_LENGTH, |_| true, "allowed")
}

fn check_key(text: &str) -> Result<(), Problem> {
    check(
        text,
        MAX_KEY_LENGTH,
        |c| c.is_ascii_graphic(),
        "a printable ASCII character other than a space",
    )
}

/// A key that people gave: what stands at its ends or breaks its line would be lost on the way, and then not be found.
fn check_given_key(text: &str) -> Result<(), Problem> {
    check(text, MAX_KEY_LENGTH, |c| !c.is_control(), "allowed")?;
    match text.trim() == text {
        true => Ok(()),
        false => Err(Problem::Shape("it begins or ends with a space")),
    }
}

fn check_email(text: &str) -> Result<(), Problem> {
    check(
        text,
        MAX_EMAIL_LENGTH,
        |c| c.is_ascii_graphic(),
        "a printable ASCII character other than a space",
    )?;
    match text.split_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() && !domain.contains('@') => Ok(()),
        _ => Err(Problem::Shape("it needs exactly one @, with something on both sides")),
    }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $noun:literal, $check:path, $remedy:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                match $check(&text) {
                    Ok(()) => Ok(Self(text)),
                    Err(problem) => Err(InvalidId { noun: $noun, problem, remedy: $remedy }),
                }
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// The id of an incident: 1 to 255 ASCII letters and digits, so that it can stand in a URL.
    ///
    /// Neither prefix nor length is checked: old ids have 7 characters and begin with P, new ones 14 and Q.
    IncidentId, "incident id", check_object_id,
    "give the id that ends the incident's address in PagerDuty, such as Q1ABCDEFGHIJKL"
}

checked_text! {
    /// The id of a service: 1 to 255 ASCII letters and digits.
    ServiceId, "service id", check_object_id,
    "give the id that ends the service's address in PagerDuty, such as PABC123, not its name"
}

checked_text! {
    /// The id of an escalation policy: 1 to 255 ASCII letters and digits.
    EscalationPolicyId, "escalation policy id", check_object_id,
    "give the id that ends the escalation policy's address in PagerDuty, such as PABC123, not its name"
}

checked_text! {
    /// The id of a user: 1 to 255 ASCII letters and digits.
    UserId, "user id", check_object_id,
    "give the id that ends the user's address in PagerDuty, such as PABC123, not their name or e-mail"
}

checked_text! {
    /// The id of a priority: 1 to 255 ASCII letters and digits.
    PriorityId, "priority id", check_object_id,
    "give the priority's id, such as PABC123, not its name; `pagerflow priorities` lists them"
}

checked_text! {
    /// The id of a team: 1 to 255 ASCII letters and digits.
    TeamId, "team id", check_object_id,
    "give the id that ends the team's address in PagerDuty, such as PABC123, not its name"
}

checked_text! {
    /// The id of an on-call schedule: 1 to 255 ASCII letters and digits.
    ScheduleId, "schedule id", check_object_id,
    "give the id that PagerDuty shows for it, such as PABC123, not its name"
}

checked_text! {
    /// The id of an incident workflow in PagerDuty: 1 to 255 ASCII letters and digits.
    IncidentWorkflowId, "incident workflow id", check_object_id,
    "give the id that PagerDuty shows for it, such as PABC123 or a longer one, not its name"
}

checked_text! {
    /// The id of a webhook subscription: 1 to 255 ASCII letters and digits.
    SubscriptionId, "webhook subscription id", check_object_id,
    "give the id that PagerDuty shows for the webhook subscription, such as PABC123"
}

checked_text! {
    /// PagerDuty's id of one event, the same in every delivery of it.
    ///
    /// An opaque text of 1 to 1024 bytes that may hold any character: hash it before it becomes part of a name.
    EventId, "event id", check_event_id,
    "PagerDuty gives every event an id of its own"
}

checked_text! {
    /// The login e-mail of a PagerDuty user, on whose behalf something is done. It goes into the `From` header.
    ///
    /// Printable ASCII without spaces, at most 254 bytes, one `@`.
    UserEmail, "user e-mail", check_email,
    "give the e-mail with which the user logs in to PagerDuty, such as oncall@example.com"
}

checked_text! {
    /// The key by which the repeat of an action is recognised: 1 to 255 printable ASCII characters without spaces.
    ///
    /// For a created incident it becomes PagerDuty's `incident_key`. That it can not be empty matters: PagerDuty takes
    /// a look-up by an empty key for one without any key, and answers with every incident.
    IdempotencyKey, "idempotency key", check_key,
    "give a text that is the same for every attempt and different for everything else"
}

checked_text! {
    /// The key of an incident, PagerDuty's `incident_key`: 1 to 255 bytes without control characters, and no space at
    /// its ends. That it can not be empty matters as for [`IdempotencyKey`].
    IncidentKey, "incident key", check_given_key,
    "give a text that is the same for everything that belongs to one incident, such as disk-full-web-1"
}

checked_text! {
    /// The key of an alert, the `dedup_key` of PagerDuty's Events API: 1 to 255 bytes without control characters, and no
    /// space at its ends.
    DedupKey, "dedup key", check_given_key,
    "give a text that is the same for everything that belongs to one alert, such as disk-full-web-1"
}

/// Every idempotency key may be an incident's.
impl From<IdempotencyKey> for IncidentKey {
    fn from(key: IdempotencyKey) -> Self {
        Self(key.0)
    }
}

/// Every idempotency key may be an alert's.
impl From<IdempotencyKey> for DedupKey {
    fn from(key: IdempotencyKey) -> Self {
        Self(key.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::old("PT4KHLK")]
    #[case::new("Q23JJ69D97VICC")]
    #[case::number("154")]
    #[case::lower_case("pabc123")]
    fn an_incident_id_is_letters_and_digits_of_any_length_and_prefix(#[case] id: &str) {
        assert_eq!(id.parse::<IncidentId>().unwrap().as_str(), id);
    }

    #[rstest]
    #[case::empty("")]
    #[case::climbing("../../users")]
    #[case::escaped("%2e%2e")]
    #[case::dot(".")]
    #[case::dots("..")]
    #[case::query("P1?x")]
    #[case::fragment("P1#f")]
    #[case::full_width("ＰABC１")]
    #[case::line_break("P1\r\nFrom: evil@example.com")]
    #[case::nul("P1\0")]
    #[case::space(" P1")]
    fn what_could_change_a_url_or_a_header_is_no_incident_id(#[case] id: &str) {
        assert!(id.parse::<IncidentId>().is_err());
    }

    #[test]
    fn an_incident_id_has_at_most_255_characters() {
        assert!("9".repeat(255).parse::<IncidentId>().is_ok());
        assert!("9".repeat(256).parse::<IncidentId>().is_err());
    }

    #[test]
    fn the_error_says_what_is_wrong_and_what_to_do_but_not_the_value() {
        let error = "u+secret_token".parse::<IncidentId>().unwrap_err().to_string();

        assert_eq!(
            error,
            "not a valid incident id: character 2 is not an ASCII letter or digit; \
             give the id that ends the incident's address in PagerDuty, such as Q1ABCDEFGHIJKL"
        );
    }

    #[test]
    fn deserialising_checks_as_well() {
        assert!(serde_json::from_str::<IncidentId>(r#""PABC123""#).is_ok());
        assert!(serde_json::from_str::<IncidentId>(r#""P/1""#).is_err());
        assert!(serde_json::from_str::<IncidentId>("7").is_err());
    }

    #[rstest]
    #[case::slashes("a/b:c*?")]
    #[case::unicode("évènement \u{202e}")]
    #[case::long(&"x".repeat(500))]
    fn an_event_id_may_hold_anything(#[case] id: &str) {
        assert!(id.parse::<EventId>().is_ok());
    }

    #[rstest]
    #[case::empty("")]
    #[case::too_long(&"x".repeat(1025))]
    fn an_event_id_is_neither_empty_nor_endless(#[case] id: &str) {
        assert!(id.parse::<EventId>().is_err());
    }

    #[rstest]
    #[case::words("disk full: web-1", true)]
    #[case::longest(&"x".repeat(255), true)]
    #[case::empty("", false)]
    #[case::blank(" ", false)]
    #[case::space_at_its_end("disk ", false)]
    #[case::line_break("disk\nfull", false)]
    #[case::too_long(&"x".repeat(256), false)]
    fn a_given_key_is_a_line_that_can_be_found_again(#[case] key: &str, #[case] is_valid: bool) {
        assert_eq!(key.parse::<IncidentKey>().is_ok(), is_valid);
        assert_eq!(key.parse::<DedupKey>().is_ok(), is_valid);
    }

    #[rstest]
    #[case::plain("oncall@example.com")]
    #[case::tagged("on.call+pagerflow@sub.example.com")]
    fn an_e_mail_is_accepted(#[case] email: &str) {
        assert!(email.parse::<UserEmail>().is_ok());
    }

    #[rstest]
    #[case::no_at("oncall")]
    #[case::two_ats("a@b@c")]
    #[case::no_name("@example.com")]
    #[case::no_domain("oncall@")]
    #[case::header_injection("a@b\r\nX-Evil: 1")]
    #[case::space("on call@example.com")]
    #[case::unicode("öncall@example.com")]
    #[case::too_long(&format!("{}@example.com", "a".repeat(250)))]
    fn what_is_no_e_mail_or_can_not_stand_in_a_header_is_refused(#[case] email: &str) {
        assert!(email.parse::<UserEmail>().is_err());
    }

    proptest! {
        #[test]
        fn an_accepted_id_never_changes_a_url(text in ".*") {
            if let Ok(id) = text.parse::<IncidentId>() {
                let url = reqwest::Url::parse(&format!("https://api.example.com/incidents/{id}/notes")).unwrap();
                prop_assert_eq!(url.path(), format!("/incidents/{text}/notes"));
                prop_assert_eq!(url.query(), None);
            }
        }

        #[test]
        fn an_accepted_e_mail_can_always_stand_in_a_header(text in ".*@.*") {
            if let Ok(email) = text.parse::<UserEmail>() {
                prop_assert!(reqwest::header::HeaderValue::from_str(email.as_str()).is_ok());
            }
        }
    }
}

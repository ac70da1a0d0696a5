//! The actions that a step may use: what each takes, what it gives, and what a repeat of it would do.
//!
//! The catalogue is data, so that a definition can be checked before it is stored and an input before it is sent.

use crate::ids::IntegrationAlias;
use serde_json::Value;
use std::fmt;

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Opens an incident.
    CreateIncident,
    /// Resolves an incident, and may leave a note on it.
    ResolveIncident,
}

/// What is known of an action.
#[derive(Debug, Clone, Copy)]
pub struct ActionSpec {
    /// The name in `uses`, and the type of the command.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What it takes.
    pub inputs: &'static [Field],
    /// What it gives.
    pub outputs: &'static [Field],
    /// What it changes, if that is an incident which was there before.
    pub changes: Option<Changes>,
    /// What a repeat of it would do.
    pub repeat: Repeat,
    /// How long one attempt may take, in seconds. It is longer than the time-out of the function itself, so that it
    /// only ends an attempt of which Lambda has lost track.
    pub timeout_seconds: u32,
}

/// The incident that an action changes, and what PagerDuty tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Changes {
    /// The input that has its id.
    pub incident: &'static str,
    /// The types of the events that follow.
    pub events: &'static [&'static str],
}

/// What a repeat of an action would do, which decides what follows an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: the second time it finds its work done.
    IsHarmless,
    /// A second effect, unless the action first looks for the effect key of the first. PagerDuty may show a new thing
    /// only after `settle_seconds`, so a repeat waits that long.
    NeedsLook {
        /// How long a new thing may stay unseen, in seconds.
        settle_seconds: u32,
    },
    /// A second effect that nobody can prevent, such as paging people twice: after an unknown outcome the step fails.
    IsForbidden,
}

/// An input or output of an action.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: FieldKind,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is, in one line.
    pub summary: &'static str,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// The alias of an integration.
    Integration,
    /// The id of a thing in PagerDuty: ASCII letters and digits.
    PagerDutyId,
    /// The e-mail address by which a user logs in to PagerDuty.
    UserEmail,
}

const fn required(name: &'static str, kind: FieldKind, summary: &'static str) -> Field {
    Field {
        name,
        kind,
        optional: false,
        summary,
    }
}

const fn optional(name: &'static str, kind: FieldKind, summary: &'static str) -> Field {
    Field {
        name,
        kind,
        optional: true,
        summary,
    }
}

const INTEGRATION: Field = required(
    "integration",
    FieldKind::Integration,
    "the PagerDuty account to work on",
);
const FROM: Field = required(
    "from",
    FieldKind::UserEmail,
    "the PagerDuty user in whose name it is done, by e-mail",
);

static CREATE_INCIDENT: ActionSpec = ActionSpec {
    name: "pagerduty.create_incident",
    summary: "Opens an incident.",
    inputs: &[
        INTEGRATION,
        required("title", FieldKind::Text, "the incident's title, 1 to 1024 characters"),
        required("service", FieldKind::PagerDutyId, "the id of the service"),
        required(
            "escalation_policy",
            FieldKind::PagerDutyId,
            "the id of the escalation policy",
        ),
        FROM,
    ],
    outputs: &[
        required("created_at", FieldKind::Text, "when PagerDuty opened it, RFC 3339"),
        required("incident_id", FieldKind::PagerDutyId, "its id"),
        required("title", FieldKind::Text, "its title"),
        required("incident_number", FieldKind::Integer, "its number in the account"),
        required("status", FieldKind::Text, "triggered, acknowledged or resolved"),
    ],
    changes: None,
    // PagerDuty refuses a second open incident of the same `incident_key` on a service, but forgets the key when the
    // incident is resolved; so a repeat first looks for it.
    repeat: Repeat::NeedsLook { settle_seconds: 10 },
    timeout_seconds: 60,
};

static RESOLVE_INCIDENT: ActionSpec = ActionSpec {
    name: "pagerduty.resolve_incident",
    summary: "Resolves an incident, and may leave a note on it.",
    inputs: &[
        INTEGRATION,
        required("incident_id", FieldKind::PagerDutyId, "the id of the incident"),
        FROM,
        optional("note", FieldKind::Text, "a note that people see on the incident"),
    ],
    outputs: &[
        required("incident_id", FieldKind::PagerDutyId, "its id"),
        required("title", FieldKind::Text, "its title"),
        required("incident_number", FieldKind::Integer, "its number in the account"),
        required("status", FieldKind::Text, "resolved"),
    ],
    changes: Some(Changes {
        incident: "incident_id",
        events: &["incident.resolved", "incident.annotated"],
    }),
    // Resolving twice is harmless; its note is looked for before it is written again.
    repeat: Repeat::NeedsLook { settle_seconds: 10 },
    timeout_seconds: 60,
};

impl Action {
    /// All actions.
    pub const ALL: &'static [Self] = &[Self::CreateIncident, Self::ResolveIncident];

    /// What is known of it.
    #[must_use]
    pub fn spec(self) -> &'static ActionSpec {
        match self {
            Self::CreateIncident => &CREATE_INCIDENT,
            Self::ResolveIncident => &RESOLVE_INCIDENT,
        }
    }

    /// The action of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.spec().name == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name)
    }
}

impl ActionSpec {
    /// The input of that name.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&'static Field> {
        self.inputs.iter().find(|field| field.name == name)
    }

    /// Checks a rendered input: what is missing, not known, or of the wrong type. All problems at once.
    ///
    /// `also_known` names further fields that the caller deals with.
    ///
    /// # Errors
    /// The problems, each a sentence that names its field.
    pub fn check_input(&self, input: &Value, also_known: &[&str]) -> Result<(), Vec<String>> {
        let Some(fields) = input.as_object() else {
            return Err(vec![format!("the input of {} is not an object", self.name)]);
        };
        let missing = self
            .inputs
            .iter()
            .filter(|field| !field.optional && fields.get(field.name).is_none_or(Value::is_null))
            .map(|field| format!("`{}` is missing: {}", field.name, field.summary));
        let wrong = fields.iter().filter_map(|(name, value)| match self.input(name) {
            None if also_known.contains(&name.as_str()) => None,
            None => Some(unknown_field(name, self.inputs.iter().map(|field| field.name))),
            Some(_) if value.is_null() => None,
            Some(field) => field
                .kind
                .check(value)
                .err()
                .map(|problem| format!("`{name}` {problem}")),
        });
        let problems: Vec<String> = missing.chain(wrong).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// Says that a field is not known, with the nearest known one.
pub(crate) fn unknown_field<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let shown: String = name.chars().take(80).collect();
    match nearest(name, known.clone()) {
        Some(near) => format!("`{shown}` is not known; did you mean `{near}`?"),
        None => format!(
            "`{shown}` is not known; known are {}",
            known.collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The known word that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.8;
    known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

impl FieldKind {
    /// Checks a value.
    ///
    /// # Errors
    /// The end of a sentence that starts with the field's name.
    pub fn check(self, value: &Value) -> Result<(), String> {
        let text = value.as_str();
        match self {
            Self::Text => text
                .map(|_| ())
                .ok_or_else(|| format!("is {}, but must be text", type_of(value))),
            Self::Integer if value.is_i64() || value.is_u64() => Ok(()),
            Self::Integer => Err(format!("is {}, but must be a whole number", type_of(value))),
            Self::Integration => match text.map(str::parse::<IntegrationAlias>) {
                Some(Ok(_)) => Ok(()),
                _ => Err("must be the alias of an integration, such as `prod`".to_owned()),
            },
            Self::PagerDutyId => match text {
                Some(id) if is_pagerduty_id(id) => Ok(()),
                _ => {
                    Err("must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only".to_owned())
                }
            },
            Self::UserEmail => match text {
                Some(email) if is_email(email) => Ok(()),
                _ => Err("must be the e-mail address by which a user logs in to PagerDuty".to_owned()),
            },
        }
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Integer => "whole number",
            Self::Integration => "integration alias",
            Self::PagerDutyId => "PagerDuty id",
            Self::UserEmail => "e-mail address",
        })
    }
}

/// Whether a text can be the id of a thing in PagerDuty. Old ids have 7 characters and start with P, newer ones 14 and
/// start with Q; PagerDuty says no more of their form, so neither is asked for.
fn is_pagerduty_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether a text can be sent as the From header: one `@` with something on each side, and printable ASCII only.
fn is_email(text: &str) -> bool {
    text.len() <= 254
        && text.bytes().all(|b| b.is_ascii_graphic())
        && matches!(text.split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// The type of a value, in words with an article.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn problems(input: &Value) -> Vec<String> {
        Action::CreateIncident
            .spec()
            .check_input(input, &["idempotency_key"])
            .err()
            .unwrap_or_default()
    }

    fn good() -> Value {
        json!({"integration": "prod", "title": "t", "service": "PWIXJZS", "escalation_policy": "QABCDEFGHIJKLM", "from": "a@b.c"})
    }

    #[test]
    fn a_complete_input_passes_and_may_carry_what_the_caller_knows() {
        let mut input = good();
        input["idempotency_key"] = json!("k");
        assert_eq!(problems(&input), Vec::<String>::new());
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let told =
            problems(&json!({"integration": "prod", "titel": "t", "service": "../users", "escalation_policy": 7}));
        assert_eq!(
            told,
            [
                "`title` is missing: the incident's title, 1 to 1024 characters",
                "`from` is missing: the PagerDuty user in whose name it is done, by e-mail",
                "`escalation_policy` must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only",
                "`service` must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only",
                "`titel` is not known; did you mean `title`?",
            ]
        );
    }

    #[rstest]
    #[case("../../users")]
    #[case("%2e%2e")]
    #[case(".")]
    #[case("P1?x")]
    #[case("P1#f")]
    #[case("")]
    #[case("\u{ff30}1")]
    #[case("P1\r\nX: y")]
    fn p1_a_text_that_is_no_id_never_gets_to_a_url(#[case] id: &str) {
        assert!(FieldKind::PagerDutyId.check(&json!(id)).is_err());
    }

    #[rstest]
    #[case("a@b.c\r\nX-Evil: 1")]
    #[case("a b@c.d")]
    #[case("@c.d")]
    #[case("a@")]
    #[case("a@b@c")]
    #[case("\u{e4}@b.c")]
    fn a_text_that_is_no_address_never_gets_to_a_header(#[case] email: &str) {
        assert!(FieldKind::UserEmail.check(&json!(email)).is_err());
    }
}

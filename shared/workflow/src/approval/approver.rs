//! The people who may decide.

use super::Via;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};

/// The people who may decide: a pattern of ARNs in which `*` stands for any text, a user of Slack, or all who have the link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Approver {
    Link,
    Arn(String),
    Slack(SlackUser),
}

/// The id of a user of Slack, such as `U0123456789`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackUser(String);

/// A text that names no approver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} would let no person decide; write the ARN of a role or a user, such as arn:*:iam::123456789012:role/oncall, in which * \
     stands for any text, the id of a user of Slack, such as slack:U0123456789, or `link` for all who have the link"
)]
pub struct NotAPattern(String);

/// A person who decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decider {
    /// A person who has the link and says to be called so.
    Link { name: String },
    /// A caller of AWS.
    Arn(String),
    /// A user of Slack who has pressed a button there.
    Slack {
        user: SlackUser,
        /// The name by which Slack knows the user; empty if Slack does not say.
        name: String,
    },
}

/// The person may not decide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnApprover {
    #[error("only {approvers} may decide; {decider} is none of them")]
    Other { decider: String, approvers: String },
    #[error("{0} has started the run, and `prevent_self_approval` leaves the decision to another person")]
    Starter(String),
    #[error(
        "`prevent_self_approval` leaves the decision to another person than the one who has started the run, and {way} does not say \
         who decides; use `pagerflow approval decide`"
    )]
    Unknown { way: &'static str },
}

const LINK: &str = "link";

/// The beginning of an approver that is a user of Slack.
const SLACK: &str = "slack:";

/// The most characters of the id of a user of Slack, with room: they have 9 to 11.
const SLACK_USER: usize = 24;

impl SlackUser {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads an id: a `U` or a `W`, and capital letters and digits (<https://docs.slack.dev/reference/objects/user-object>).
impl FromStr for SlackUser {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let is_id = text.starts_with(['U', 'W'])
            && (2..=SLACK_USER).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        match is_id {
            true => Ok(Self(text.to_owned())),
            false => Err(NotAPattern::of(text)),
        }
    }
}

impl fmt::Display for SlackUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl NotAPattern {
    fn of(text: &str) -> Self {
        Self(text.chars().take(120).collect())
    }
}

/// The most bytes of a pattern: more than a path, a name and a session take together.
const LONGEST: usize = 800;

impl TryFrom<String> for Approver {
    type Error = NotAPattern;

    fn try_from(text: String) -> Result<Self, NotAPattern> {
        if text == LINK {
            return Ok(Self::Link);
        }
        if let Some(user) = text.strip_prefix(SLACK) {
            return user.parse().map(Self::Slack).map_err(|_| NotAPattern::of(&text));
        }
        match text.len() <= LONGEST && is_arn_of_a_person(&text) {
            true => Ok(Self::Arn(text)),
            false => Err(NotAPattern::of(&text)),
        }
    }
}

/// True if a pattern can be that of an IAM user, a role, a session of one, or an account's root.
fn is_arn_of_a_person(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, "", account, resource] = parts.as_slice() else {
        return false;
    };
    let names = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "*-".contains(c));
    let kind = resource.split_once('/').map_or(*resource, |(kind, _)| kind);
    let is_kind = match *service {
        "iam" => ["user", "role", "root"].contains(&kind),
        "sts" => ["assumed-role", "federated-user"].contains(&kind),
        _ => false,
    };
    let is_account = *account == "*" || (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
    let has_name = kind == "root" || resource.len() > kind.len() + 1;
    names(partition) && is_account && is_kind && has_name && !resource.contains(char::is_whitespace)
}

impl From<Approver> for String {
    fn from(approver: Approver) -> Self {
        match approver {
            Approver::Link => LINK.to_owned(),
            Approver::Arn(pattern) => pattern,
            Approver::Slack(user) => format!("{SLACK}{user}"),
        }
    }
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("all who have the link"),
            Self::Arn(pattern) => f.write_str(pattern),
            Self::Slack(user) => write!(f, "{SLACK}{user}"),
        }
    }
}

impl Approver {
    fn admits(&self, decider: &Decider) -> bool {
        match (self, decider) {
            // The button stands in a message that has the link as well.
            (Self::Link, Decider::Link { .. } | Decider::Slack { .. }) => true,
            (Self::Slack(user), Decider::Slack { user: decider, .. }) => user == decider,
            (Self::Arn(pattern), Decider::Arn(arn)) => {
                matches(pattern, arn) || role_of(arn).is_some_and(|role| matches_role(pattern, &role))
            }
            (Self::Link, Decider::Arn(_))
            | (Self::Arn(_), Decider::Link { .. } | Decider::Slack { .. })
            | (Self::Slack(_), Decider::Link { .. } | Decider::Arn(_)) => false,
        }
    }
}

/// The ARN of the role whose session this is, without the path that the role may have: STS leaves that out (AWS STS API reference,
/// `GetCallerIdentity`).
fn role_of(arn: &str) -> Option<String> {
    let (before, resource) = arn.rsplit_once(':')?;
    let name = resource.strip_prefix("assumed-role/")?.split('/').next()?;
    let before = before.replacen(":sts:", ":iam:", 1);
    Some(format!("{before}:role/{name}"))
}

/// True if a pattern is that of a role, whatever its path.
fn matches_role(pattern: &str, role: &str) -> bool {
    let without_path = match pattern.split_once(":role/") {
        Some((before, path)) => format!("{before}:role/{}", path.rsplit('/').next().unwrap_or(path)),
        None => return false,
    };
    matches(&without_path, role)
}

/// True if a text is that of a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

impl Decider {
    /// The name under which the decision is kept. A user of Slack has the name that Slack says behind the id, which alone is certain.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Link { name } => name.trim().into(),
            Self::Arn(arn) => arn.into(),
            Self::Slack { user, name } if name.trim().is_empty() => format!("{SLACK}{user}").into(),
            Self::Slack { user, name } => format!("{SLACK}{user} ({})", name.trim()).into(),
        }
    }

    pub(super) fn via(&self) -> Via {
        match self {
            Self::Link { .. } => Via::Link,
            Self::Arn(_) => Via::Command,
            Self::Slack { .. } => Via::Slack,
        }
    }
}

/// Lets a person decide.
pub(super) fn admit(approvers: &[Approver], not_by: Option<&str>, decider: &Decider) -> Result<(), NotAnApprover> {
    match (not_by, decider) {
        (Some(starter), Decider::Arn(arn)) if is_same_person(starter, arn) => {
            return Err(NotAnApprover::Starter(arn.clone()));
        }
        (Some(_), Decider::Link { .. }) => return Err(NotAnApprover::Unknown { way: "a link" }),
        (Some(_), Decider::Slack { .. }) => return Err(NotAnApprover::Unknown { way: "Slack" }),
        (None, _) | (Some(_), Decider::Arn(_)) => {}
    }
    if approvers.is_empty() || approvers.iter().any(|approver| approver.admits(decider)) {
        return Ok(());
    }
    let approvers: Vec<String> = approvers.iter().map(ToString::to_string).collect();
    Err(NotAnApprover::Other {
        decider: match decider {
            Decider::Link { .. } => "a person with the link".to_owned(),
            Decider::Arn(_) | Decider::Slack { .. } => decider.name().into_owned(),
        },
        approvers: approvers.join(", "),
    })
}

/// Two callers are taken for one person if they are the same user, or have the same name in sessions: with IAM Identity Center one person
/// has that name in each role.
fn is_same_person(one: &str, other: &str) -> bool {
    fn session(arn: &str) -> Option<&str> {
        arn.split_once(":assumed-role/")?
            .1
            .split_once('/')
            .map(|(_, name)| name)
    }
    one == other || matches!((session(one), session(other)), (Some(one), Some(other)) if one == other)
}

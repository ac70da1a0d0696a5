//! The integrations with AWS: what is asked for when one is stored, and what is checked of it.
//!
//! An integration names a role of an account, which Pagerflow takes on for each step, and a region. Beside them it has an ExternalId:
//! a text that the role asks for, so that it is taken on for this integration alone. Pagerflow makes it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>

mod example;

use crate::Place;
use std::collections::BTreeMap;

/// The name of the type.
pub const TYPE: &str = "aws";

/// The system, as people call it.
pub const TITLE: &str = "AWS";

/// The type, in one line.
pub const SUMMARY: &str = "Services of an AWS account, through a role of it.";

/// The page that documents what is done with it.
pub const DOCUMENTATION: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html";

/// The names of the fields.
pub const ROLE_ARN: &str = "role_arn";
pub const REGION: &str = "region";

/// The beginning of the names of the roles that Pagerflow may take on, unless the stack has another.
pub const ROLE_PREFIX: &str = "pagerflow-";

/// The least characters of an ExternalId. AWS takes 2 to 1224.
const SHORTEST: usize = 32;

/// The most characters of an ExternalId: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const LONGEST: usize = 1224;

/// A field that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedField {
    pub name: &'static str,
    /// The words of its prompt.
    pub summary: &'static str,
    /// A value that shows its form.
    pub example: &'static str,
}

/// The fields that are asked for. All are required.
pub const FIELDS: [AskedField; 2] = [
    AskedField {
        name: ROLE_ARN,
        summary: "the ARN of the role",
        example: example::ROLE_ARN,
    },
    AskedField {
        name: REGION,
        summary: "the region where steps act that name none",
        example: "eu-west-1",
    },
];

/// The role of an integration, and its region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The ARN.
    pub arn: String,
    /// The account, twelve digits.
    pub account: String,
    /// The name, without its path.
    pub name: String,
    /// The path, `/` for none.
    pub path: String,
    /// The region.
    pub place: Place,
}

/// Fields that are not those of an integration: the end of a sentence that begins with the name of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct InvalidField {
    pub field: &'static str,
    pub problem: String,
}

/// The parts of the ARN of a role.
struct Parts<'a> {
    partition: &'a str,
    account: &'a str,
    /// With a slash at both ends.
    path: String,
    name: &'a str,
}

impl<'a> Parts<'a> {
    fn of(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
            return None;
        };
        let resource = resource.strip_prefix("role/")?;
        let (path, name) = resource.rsplit_once('/').unwrap_or(("", resource));
        let is_name = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
        let is_path = path.len() <= 500
            && path
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@/-".contains(&b));
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        (is_name && is_path && is_account).then(|| Self {
            partition,
            account,
            path: match path {
                "" => "/".to_owned(),
                path => format!("/{path}/"),
            },
            name,
        })
    }
}

impl Role {
    /// Checks the ARN of a role by itself.
    ///
    /// # Errors
    /// The reason that it is none.
    pub fn check_arn(role_arn: &str) -> Result<(), InvalidField> {
        match Parts::of(role_arn) {
            Some(_) => Ok(()),
            None => Err(no_arn()),
        }
    }

    /// Reads the fields of an integration, of which one that is missing is empty.
    ///
    /// # Errors
    /// The first one that is wrong.
    pub fn of_fields(fields: &BTreeMap<String, String>) -> Result<Self, InvalidField> {
        let text = |name: &str| fields.get(name).map_or("", String::as_str);
        Self::read(text(ROLE_ARN), text(REGION))
    }

    /// Reads role and region.
    ///
    /// # Errors
    /// The first one that is wrong.
    pub fn read(role_arn: &str, region: &str) -> Result<Self, InvalidField> {
        let parts = Parts::of(role_arn).ok_or_else(no_arn)?;
        let wrong = |problem: String| InvalidField { field: REGION, problem };
        let place = Place::region(region).map_err(|error| wrong(format!("cannot be used: {error}")))?;
        if place.partition() != parts.partition {
            return Err(wrong(format!(
                "is of the partition {}, and the role is of the partition {:.20}",
                place.partition(),
                parts.partition
            )));
        }
        Ok(Self {
            arn: role_arn.to_owned(),
            account: parts.account.to_owned(),
            name: parts.name.to_owned(),
            path: parts.path,
            place,
        })
    }

    /// The only host that the ExternalId is sent to.
    #[must_use]
    pub fn host(&self) -> String {
        let url =
            crate::operation("aws.sts.get_caller_identity").map(|operation| self.place.url(operation.service, ""));
        url.unwrap_or_default()
            .trim_start_matches("https://")
            .trim_end_matches('/')
            .to_owned()
    }
}

fn no_arn() -> InvalidField {
    let [role, _] = FIELDS;
    InvalidField {
        field: ROLE_ARN,
        problem: format!("is not the ARN of a role, such as `{}`", role.example),
    }
}

/// True if a text can be the ExternalId of an integration.
#[must_use]
pub fn is_external_id(text: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "arn:aws:iam::123456789012:role/pagerflow-prod",
        "eu-west-1",
        "sts.eu-west-1.amazonaws.com"
    )]
    #[case(
        "arn:aws-cn:iam::123456789012:role/ops/pagerflow-prod",
        "cn-north-1",
        "sts.cn-north-1.amazonaws.com.cn"
    )]
    fn a_role_is_read_with_its_account_and_the_host_that_is_asked_for_it(
        #[case] arn: &str,
        #[case] region: &str,
        #[case] host: &str,
    ) {
        let role = Role::read(arn, region).unwrap();
        assert_eq!(
            (role.account.as_str(), role.name.as_str()),
            ("123456789012", "pagerflow-prod")
        );
        assert_eq!(role.host(), host);
    }

    #[rstest]
    #[case::a_user(
        "arn:aws:iam::123456789012:user/bot",
        "eu-west-1",
        "`role_arn` is not the ARN of a role"
    )]
    #[case::no_account("arn:aws:iam::12:role/bot", "eu-west-1", "`role_arn` is not the ARN of a role")]
    #[case::no_name(
        "arn:aws:iam::123456789012:role/",
        "eu-west-1",
        "`role_arn` is not the ARN of a role"
    )]
    #[case::all(
        "arn:aws:iam::123456789012:role/*",
        "eu-west-1",
        "`role_arn` is not the ARN of a role"
    )]
    #[case::a_line_break(
        "arn:aws:iam::123456789012:role/a\n/b",
        "eu-west-1",
        "`role_arn` is not the ARN of a role"
    )]
    #[case::no_region(
        "arn:aws:iam::123456789012:role/a",
        "Ireland",
        "`region` cannot be used: `Ireland` is not a region"
    )]
    #[case::another_partition(
        "arn:aws:iam::123456789012:role/a",
        "cn-north-1",
        "`region` is of the partition aws-cn"
    )]
    fn what_is_no_role_says_which_field_is_wrong(#[case] arn: &str, #[case] region: &str, #[case] problem: &str) {
        let error = Role::read(arn, region).unwrap_err().to_string();
        assert!(error.starts_with(problem), "{error}");
    }

    #[rstest]
    #[case("a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4", true)]
    #[case::short("a1b2c3d4", false)]
    #[case::with_a_space("a1b2c3d4e5f6a1b2 c3d4e5f6a1b2c3d4", false)]
    fn an_external_id_is_long_and_of_plain_characters(#[case] text: &str, #[case] is_one: bool) {
        assert_eq!(is_external_id(text), is_one);
    }

    #[test]
    fn the_examples_of_the_fields_are_those_of_a_role() {
        let [role, region] = FIELDS;
        assert!(Role::read(role.example, region.example).is_ok_and(|role| role.name.starts_with(ROLE_PREFIX)));
    }
}

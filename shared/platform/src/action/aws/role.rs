//! The role of an integration.

use aws_actions::{Place, integration};
use connectors::{Account, HostPattern};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// The role of an account of AWS that Pagerflow may take on.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) arn: String,
    /// The text by which the role knows that it is taken on for this integration and no other.
    pub(super) external_id: SecretString,
    /// The region where the role is taken on, and where requests go that name none.
    pub(super) place: Place,
    hosts: Vec<HostPattern>,
}

impl Role {
    /// Reads the account of an integration. The problem does not quote its values.
    pub(super) fn read(account: &Account) -> Result<Self, String> {
        let role = integration::Role::of_fields(&account.fields).map_err(|error| error.to_string())?;
        if !integration::is_external_id(account.secret.expose_secret()) {
            return Err("its ExternalId is not one that was made for it".to_owned());
        }
        Ok(Self {
            arn: role.arn,
            external_id: account.secret.clone(),
            place: role.place,
            hosts: account.hosts.clone(),
        })
    }

    /// True if the external id may go there.
    pub(super) fn may_be_told(&self, url: &Url) -> bool {
        self.hosts.iter().any(|host| host.matches(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ARN: &str = "arn:aws:iam::111122223333:role/pagerflow-acts";
    const EXTERNAL_ID: &str = "m4rk-0123456789abcdef0123456789abcdef";

    fn account(arn: &str, region: &str, external_id: &str) -> Account {
        let fields = [("role_arn", arn), ("region", region)];
        Account {
            secret: external_id.into(),
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            hosts: vec!["sts.eu-west-1.amazonaws.com".parse().unwrap()],
        }
    }

    #[test]
    fn a_role_has_a_region_and_a_secret_that_is_not_printed() {
        let role = Role::read(&account(ARN, "eu-west-1", EXTERNAL_ID)).unwrap();
        assert_eq!((role.arn.as_str(), role.place.name()), (ARN, "eu-west-1"));
        assert!(!format!("{role:?}").contains("m4rk"));
    }

    #[rstest]
    #[case::no_role("", "eu-west-1", EXTERNAL_ID, "`role_arn`")]
    #[case::of_a_user("arn:aws:iam::111122223333:user/m4rk", "eu-west-1", EXTERNAL_ID, "`role_arn`")]
    #[case::no_region(ARN, "", EXTERNAL_ID, "`region`")]
    #[case::of_another_partition(ARN, "cn-north-1", EXTERNAL_ID, "`region`")]
    #[case::no_external_id(ARN, "eu-west-1", "", "ExternalId")]
    #[case::one_that_can_be_guessed(ARN, "eu-west-1", "m4rk", "ExternalId")]
    fn an_account_without_a_role_says_so_and_nothing_of_its_secret(
        #[case] arn: &str,
        #[case] region: &str,
        #[case] external_id: &str,
        #[case] said: &str,
    ) {
        let problem = Role::read(&account(arn, region, external_id)).unwrap_err();
        assert!(problem.contains(said) && !problem.contains("m4rk"), "{problem}");
    }

    #[test]
    fn i5_an_external_id_is_told_to_sts_alone() {
        let role = Role::read(&account(ARN, "eu-west-1", EXTERNAL_ID)).unwrap();
        let may_go_to = |url: &str| role.may_be_told(&url.parse().unwrap());
        assert!(may_go_to("https://sts.eu-west-1.amazonaws.com/"));
        assert!(!may_go_to("http://sts.eu-west-1.amazonaws.com/"));
        assert!(!may_go_to("https://ecs.eu-west-1.amazonaws.com/"));
    }
}

//! The role of an integration.

use aws_actions::Place;
use connectors::Account;
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
    account: Account,
}

impl Role {
    /// Reads the account of an integration. The problem is told without its values.
    pub(super) fn read(account: &Account) -> Result<Self, String> {
        let field = |name: &str| {
            let value = account.fields.get(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| format!("it has no `{name}`"))
        };
        let arn = field("role_arn")?;
        let place = Place::region(field("region")?).map_err(|error| error.to_string())?;
        let partition = partition_of(arn).ok_or("its `role_arn` is not the ARN of a role")?;
        if partition != place.partition() {
            return Err(format!(
                "its role is of the partition {partition}, and {} is a region of {}",
                place.name(),
                place.partition()
            ));
        }
        if account.secret.expose_secret().is_empty() {
            return Err("it has no ExternalId".to_owned());
        }
        Ok(Self {
            arn: arn.clone(),
            external_id: account.secret.clone(),
            place,
            account: account.clone(),
        })
    }

    /// True if the external id may go there.
    pub(super) fn may_be_told(&self, url: &Url) -> bool {
        self.account.hosts.iter().any(|host| host.matches(url))
    }
}

/// The partition of the ARN of a role.
fn partition_of(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, name] = parts.as_slice() else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
    let is_role = name.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    (is_account && is_role).then_some(*partition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ARN: &str = "arn:aws:iam::111122223333:role/pagerflow-acts";

    fn account(arn: &str, region: &str, external_id: &str) -> Account {
        let fields = [("role_arn", arn), ("region", region)];
        Account {
            secret: external_id.into(),
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            hosts: vec!["sts.eu-west-1.amazonaws.com".parse().unwrap()],
        }
    }

    #[rstest]
    #[case::in_a_path(ARN, "eu-west-1")]
    #[case::in_a_path("arn:aws:iam::111122223333:role/teams/ops/pagerflow-acts", "us-east-1")]
    #[case::in_china("arn:aws-cn:iam::111122223333:role/pagerflow-acts", "cn-north-1")]
    fn a_role_is_named_by_its_arn(#[case] arn: &str, #[case] region: &str) {
        let role = Role::read(&account(arn, region, "m4rk")).unwrap();
        assert_eq!((role.arn.as_str(), role.place.name()), (arn, region));
        assert!(!format!("{role:?}").contains("m4rk"));
    }

    #[rstest]
    #[case::no_role("", "eu-west-1", "m4rk", "no `role_arn`")]
    #[case::of_a_user("arn:aws:iam::111122223333:user/m4rk", "eu-west-1", "x", "not the ARN of a role")]
    #[case::no_account("arn:aws:iam::m4rk:role/a", "eu-west-1", "x", "not the ARN of a role")]
    #[case::no_region(ARN, "", "m4rk", "no `region`")]
    #[case::odd_region(ARN, "europe", "m4rk", "`europe` is not a region")]
    #[case::of_another_partition(ARN, "cn-north-1", "m4rk", "of the partition aws")]
    #[case::no_external_id(ARN, "eu-west-1", "", "no ExternalId")]
    fn an_account_without_a_role_says_so_and_nothing_of_itself(
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
        let role = Role::read(&account(ARN, "eu-west-1", "x")).unwrap();
        let may_go_to = |url: &str| role.may_be_told(&url.parse().unwrap());
        assert!(may_go_to("https://sts.eu-west-1.amazonaws.com/"));
        assert!(!may_go_to("http://sts.eu-west-1.amazonaws.com/"));
        assert!(!may_go_to("https://ecs.eu-west-1.amazonaws.com/"));
    }
}

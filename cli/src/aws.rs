//! What people read when AWS did not do as it was asked: in which account and region, where these come from, and what helps.

use crate::{
    error::Error,
    stack::{StackOptions, aws_config},
};
use platform::aws::{AwsFailure, AwsFailureKind};
use std::{error::Error as StdError, time::Duration};

/// The time that AWS may take to tell whose the credentials are.
const PATIENCE: Duration = Duration::from_secs(3);

/// An error in words. One that comes from AWS has the surroundings and the remedy with it.
pub(crate) async fn explained(error: &Error, options: &StackOptions) -> String {
    let Some(kind) = kind_of(error) else {
        return error.to_string();
    };
    let config = aws_config().await;
    let lookup = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut surroundings = Surroundings::known(lookup, options.name());
    surroundings.region = config.region().map(|region| region.as_ref().to_owned());
    // The SDK gives none that is not a URL.
    surroundings.endpoint = config
        .endpoint_url()
        .map(str::to_owned)
        .or_else(|| lookup("AWS_ENDPOINT_URL"));
    if asks_for_account(kind) {
        let request = aws_sdk_sts::Client::new(&config).get_caller_identity().send();
        let answer = tokio::time::timeout(PATIENCE, request).await;
        surroundings.caller = answer.ok().and_then(Result::ok).and_then(|caller| caller.arn);
    }
    told(&error.to_string(), kind, &surroundings)
}

/// The part of AWS in a failure, if it had one.
fn kind_of(error: &Error) -> Option<AwsFailureKind> {
    if matches!(error, Error::NoStack { .. }) {
        return Some(AwsFailureKind::Missing);
    }
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<AwsFailure>() {
            return Some(failure.kind());
        }
        cause = error.source();
    }
    None
}

/// True if the credentials can tell whose they are.
fn asks_for_account(kind: AwsFailureKind) -> bool {
    match kind {
        AwsFailureKind::Denied
        | AwsFailureKind::Missing
        | AwsFailureKind::Throttled
        | AwsFailureKind::Down
        | AwsFailureKind::Refused => true,
        AwsFailureKind::NoCredentials
        | AwsFailureKind::NoRegion
        | AwsFailureKind::BadEndpoint
        | AwsFailureKind::Unreachable
        | AwsFailureKind::TimedOut
        | AwsFailureKind::NotAws
        | AwsFailureKind::Expired
        | AwsFailureKind::Unrecognized
        | AwsFailureKind::WrongClock => false,
    }
}

/// The place where a command looks, and the source of that choice.
#[derive(Debug, Default)]
struct Surroundings {
    stack: String,
    /// The ARN of the caller, where AWS tells it.
    caller: Option<String>,
    region: Option<String>,
    region_from: String,
    credentials_from: String,
    profile: Option<String>,
    endpoint: Option<String>,
    endpoint_from: String,
    /// The variables that say what CloudFormation would.
    overrides: Vec<&'static str>,
}

/// The variables that go before what CloudFormation knows of a stack.
const OVERRIDES: [&str; 4] = [
    "PAGERFLOW_TABLE_NAME",
    "PAGERFLOW_SECRETS_PREFIX",
    "PAGERFLOW_WEBHOOK_URL",
    "PAGERFLOW_STATE_MACHINE_ARN",
];

impl Surroundings {
    /// The settings of the environment, in the SDK's order.
    fn known(lookup: impl Fn(&str) -> Option<String>, stack: String) -> Self {
        let is_set = |name: &&str| lookup(name).is_some();
        let profile = lookup("AWS_PROFILE");
        let of_profile = match &profile {
            Some(profile) => format!("profile {profile}, by AWS_PROFILE"),
            None => "profile default".to_owned(),
        };
        let first = |names: &[&'static str]| names.iter().copied().find(|name| is_set(name)).map(str::to_owned);
        let credentials = [
            "AWS_ACCESS_KEY_ID",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ];
        Self {
            stack,
            caller: None,
            region: None,
            region_from: first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).unwrap_or_else(|| of_profile.clone()),
            credentials_from: first(&credentials).unwrap_or_else(|| of_profile.clone()),
            endpoint: None,
            endpoint_from: first(&["AWS_ENDPOINT_URL"]).unwrap_or(of_profile),
            profile,
            overrides: OVERRIDES.into_iter().filter(is_set).collect(),
        }
    }

    /// The account, as the ARN of the caller names it.
    fn account(&self) -> Option<&str> {
        let account = self.caller.as_deref()?.split(':').nth(4)?;
        Some(account).filter(|account| !account.is_empty())
    }

    /// One line: account, region, credentials, and where each comes from.
    fn line(&self, kind: AwsFailureKind) -> String {
        let account = match (self.account(), &self.caller) {
            (Some(account), Some(caller)) => format!("account {account} as {caller}"),
            _ => "account not known".to_owned(),
        };
        let region = match &self.region {
            Some(region) => format!("region {region} (from {})", self.region_from),
            None => "no region".to_owned(),
        };
        let credentials = match kind {
            AwsFailureKind::NoCredentials => "no credentials".to_owned(),
            _ => format!("credentials from {}", self.credentials_from),
        };
        let endpoint = self.endpoint.as_ref();
        let endpoint = endpoint.map(|url| format!("endpoint {url} (from {})", self.endpoint_from));
        let parts: Vec<String> = [account, region, credentials].into_iter().chain(endpoint).collect();
        format!("AWS: {}.", parts.join(", "))
    }

    /// A command of the AWS CLI for the same account and region.
    fn aws(&self, command: &str) -> String {
        let region = self.region.as_ref().map(|region| format!(" --region {region}"));
        format!("`aws {command}{}`", region.unwrap_or_default())
    }

    fn sign_in(&self) -> String {
        match &self.profile {
            Some(profile) => format!("`aws sso login --profile {profile}`"),
            None => "`aws sso login`".to_owned(),
        }
    }

    fn remedy(&self, kind: AwsFailureKind) -> String {
        match kind {
            AwsFailureKind::NoCredentials => format!(
                "Sign in with {}, or set AWS_PROFILE to a profile that has credentials: `aws configure list-profiles` lists them.\n\
                 `pagerflow workflow validate` and `pagerflow workflow test` need no AWS.",
                self.sign_in()
            ),
            AwsFailureKind::Expired => match self.credentials_from.as_str() {
                "AWS_ACCESS_KEY_ID" => {
                    "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew, or unset them to use a profile."
                        .to_owned()
                }
                _ => format!("Sign in again with {}.", self.sign_in()),
            },
            AwsFailureKind::Unrecognized => format!(
                "AWS does not know these credentials. Look at them with `aws configure list`, and sign in with {}.",
                self.sign_in()
            ),
            AwsFailureKind::NoRegion => {
                "Set the region of the stack, for example with `export AWS_REGION=eu-west-1` or `aws configure set region eu-west-1`."
                    .to_owned()
            }
            AwsFailureKind::BadEndpoint => {
                "An endpoint is a URL such as http://127.0.0.1:4566. To reach AWS itself: `unset AWS_ENDPOINT_URL`.".to_owned()
            }
            AwsFailureKind::Unreachable | AwsFailureKind::TimedOut | AwsFailureKind::NotAws => match &self.endpoint {
                Some(url) => format!("Start what should answer at {url}, or reach AWS itself: `unset AWS_ENDPOINT_URL`."),
                None => format!(
                    "Check the network, a proxy in between, and that the region exists: {}.",
                    self.aws("sts get-caller-identity")
                ),
            },
            AwsFailureKind::Denied => {
                "docs/security.md lists the rights that each command needs. `aws sts get-caller-identity` shows who asks.".to_owned()
            }
            AwsFailureKind::Missing => self.missing(),
            AwsFailureKind::Throttled => "Try again in a moment.".to_owned(),
            AwsFailureKind::Down => "Try again in a few minutes; https://health.aws.amazon.com shows outages.".to_owned(),
            AwsFailureKind::WrongClock => "Set the clock of this machine, for example with `sudo timedatectl set-ntp true`.".to_owned(),
            AwsFailureKind::Refused => "`pagerflow doctor` looks at the stack as a whole.".to_owned(),
        }
    }

    fn missing(&self) -> String {
        match self.overrides.as_slice() {
            [] => format!(
                "Name the account and region of the stack {} with AWS_PROFILE and AWS_REGION, or another stack with --stack; {} lists \
                 those that are here. `sam deploy` makes one.",
                self.stack,
                self.aws("cloudformation list-stacks --query 'StackSummaries[].StackName'")
            ),
            variables => format!(
                "{} {} what is looked for here. Unset what is not meant, or name the account and region with AWS_PROFILE and \
                 AWS_REGION.",
                variables.join(", "),
                if variables.len() == 1 { "says" } else { "say" }
            ),
        }
    }
}

fn told(error: &str, kind: AwsFailureKind, surroundings: &Surroundings) -> String {
    format!("{error}\n{}\n{}", surroundings.line(kind), surroundings.remedy(kind))
}

#[cfg(test)]
mod tests;

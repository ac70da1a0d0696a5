//! The service region that answers.

use reqwest::Url;
use serde_json::Value;

use super::{Finding, Regions, Subject, TRY_LATER, whose};
use crate::{
    client::{ApiToken, ServiceRegion},
    error::Error,
    lenient,
};

/// The address of a row's page in PagerDuty's app.
pub(super) fn link(row: &Value) -> Option<String> {
    lenient::text(row, "html_url")
}

/// The finding where the configured region accepts the token.
///
/// PagerDuty's US host passes the requests of EU accounts on, but slower. The address of a page in the app tells them apart:
/// it is under `eu.pagerduty.com` for an EU account. The API's own links do not, because they name the US host.
pub(super) fn answered(regions: Regions<'_>, link: Option<&str>) -> Finding {
    let configured = regions.configured;
    match link.and_then(region_of) {
        Some(home) if home != configured => Finding::warning(
            Subject::Region,
            format!(
                "The region {} answers, but the account lives in the region {}.",
                name(configured),
                name(home)
            ),
            &store_with(home),
        ),
        Some(_) => Finding::ok(
            Subject::Region,
            format!("The region {} answers, and the account lives there.", name(configured)),
        ),
        None => Finding::ok(Subject::Region, format!("The region {} answers.", name(configured))),
    }
}

/// The findings where the configured region does not accept the token, or can not be asked. There are no others then.
pub(super) async fn refused(regions: Regions<'_>, token: &ApiToken, error: &Error) -> Vec<Finding> {
    let configured = name(regions.configured);
    if !matches!(error, Error::Unauthorized(_)) {
        return vec![Finding::problem(
            Subject::Region,
            format!("The region {configured} could not be asked: {error}."),
            TRY_LATER,
        )];
    }
    let refused = |remedy: &str| {
        Finding::problem(
            Subject::Token,
            format!("The region {configured} does not accept the token: {error}."),
            remedy,
        )
    };
    let Some(client) = regions.other else {
        return vec![refused(STORE_TOKEN)];
    };
    let other = other_than(regions.configured);
    match whose(&client.account(token)).await {
        Ok(_) => vec![
            refused("It is a token of the other region, see below."),
            Finding::problem(
                Subject::Region,
                format!("The region {} accepts the token.", name(other)),
                &store_with(other),
            ),
        ],
        Err(Error::Unauthorized(_)) => vec![
            refused(STORE_TOKEN),
            Finding::unknown(
                Subject::Region,
                format!("The region {} does not accept the token either.", name(other)),
            ),
        ],
        Err(error) => vec![
            refused(STORE_TOKEN),
            Finding::unknown(
                Subject::Region,
                format!("The region {} could not be asked: {error}.", name(other)),
            ),
        ],
    }
}

const STORE_TOKEN: &str = "Store a valid token with `pagerflow integration set-token ALIAS`.";

fn store_with(region: ServiceRegion) -> String {
    format!(
        "Store the integration again with `pagerflow integration add ALIAS --region {}`.",
        name(region)
    )
}

fn name(region: ServiceRegion) -> &'static str {
    match region {
        ServiceRegion::Us => "us",
        ServiceRegion::Eu => "eu",
    }
}

fn other_than(region: ServiceRegion) -> ServiceRegion {
    match region {
        ServiceRegion::Us => ServiceRegion::Eu,
        ServiceRegion::Eu => ServiceRegion::Us,
    }
}

fn region_of(link: &str) -> Option<ServiceRegion> {
    let url = Url::parse(link).ok()?;
    let host = url.host_str()?;
    if host.ends_with(".eu.pagerduty.com") {
        Some(ServiceRegion::Eu)
    } else if host.ends_with(".pagerduty.com") {
        Some(ServiceRegion::Us)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::us("https://acme.pagerduty.com/users/PUSER01", Some(ServiceRegion::Us))]
    #[case::eu("https://acme.eu.pagerduty.com/users/PUSER01", Some(ServiceRegion::Eu))]
    #[case::elsewhere("https://pagerduty.com.example.com/users/PUSER01", None)]
    #[case::no_url("users/PUSER01", None)]
    fn the_page_of_an_account_tells_where_it_lives(#[case] link: &str, #[case] expected: Option<ServiceRegion>) {
        assert_eq!(region_of(link), expected);
    }
}

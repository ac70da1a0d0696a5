//! Fields and secrets of connector integrations: which are asked for, and which stay.

use super::*;
use clap::Parser;
use connectors::shipped_connector;
use rstest::rstest;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

fn options(line: &[&str]) -> Options {
    Line::try_parse_from(["add", "ops"].iter().chain(line)).unwrap().options
}

fn fields(all: &[(&str, &str)]) -> Fields {
    all.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

const SITE: (&str, &str) = ("site", "acme.atlassian.net");
const EMAIL: (&str, &str) = ("email", "bot@example.com");

/// The fields after the command, or what is wrong with it.
fn after(connector: &str, line: &[&str], before: Option<&[(&str, &str)]>) -> Result<Fields, String> {
    let connector = shipped_connector(connector).unwrap();
    let options = options(line);
    let before = Before {
        fields: before.map(fields),
    };
    let mut problems = options_of_pagerduty(&options);
    let changes = Changes::read(&options.field, connector.integration(), &mut problems);
    let changes = changes
        .completed(connector.integration(), &before, false, &mut problems)
        .unwrap();
    let refused = refuse(&options.token.alias, connector, &options.token, problems);
    refused.map_err(|error| error.to_string())?;
    Ok(changes.of(before.fields.as_ref()))
}

#[rstest]
#[case::new(&["--field", "site=acme.atlassian.net", "--field", "email=bot@example.com"], None, &[SITE, EMAIL])]
#[case::nothing_given(&[], Some(&[SITE, EMAIL][..]), &[SITE, EMAIL])]
#[case::one_given(&["--field", "email=a=b@example.com"], Some(&[SITE, EMAIL][..]), &[SITE, ("email", "a=b@example.com")])]
fn a_field_that_is_not_given_stays_as_it_is(
    #[case] line: &[&str],
    #[case] before: Option<&[(&str, &str)]>,
    #[case] expected: &[(&str, &str)],
) {
    assert_eq!(after("jira", line, before), Ok(fields(expected)));
}

#[test]
fn an_empty_value_takes_an_optional_field_away() {
    let before = [("host", "api.example.com"), ("header", "x-api-key"), ("prefix", "")];
    let left = after("http", &["--field", "header="], Some(&before)).unwrap();
    assert_eq!(left, fields(&[("host", "api.example.com"), ("prefix", "")]));
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_what_would_be_right() {
    let line = [
        "--region",
        "eu",
        "--token-kind",
        "oauth",
        "--field",
        "site=https://acme.example",
        "--field",
        "sight=x",
        "--field",
        "site=a.atlassian.net",
    ];
    insta::assert_snapshot!(after("jira", &line, None).unwrap_err(), @"
    nothing was stored of the integration ops
    --region is for integrations of PagerDuty alone
    --token-kind is for integrations of PagerDuty alone
    --field site: `site` is not of the form that it has; for example: acme.atlassian.net
    --field sight: `sight` is not known; known are site, email
    --field site: it is given twice
    `email` is missing: the e-mail address of the user whose API token it is; give it with `--field email=bot@acme.example`
    `pagerflow integration types jira` shows what it asks for.
    ");
    insta::assert_snapshot!(after("slack", &["--field", "workspace=acme"], None).unwrap_err(), @"
    nothing was stored of the integration ops
    --field workspace: there are no fields
    `pagerflow integration types slack` shows what it asks for.
    ");
}

#[test]
fn a_value_that_may_be_the_secret_in_the_wrong_field_is_not_repeated() {
    let error = after("jira", &["--field", "site=s3cret-token"], None).unwrap_err();
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn what_stayed_is_told_by_its_name_and_value() {
    let changes = Changes([("email".to_owned(), Some("x@example.com".to_owned()))].into());
    let kept = kept(&fields(&[SITE, EMAIL]), &changes);
    let told: Vec<_> = kept
        .iter()
        .map(|kept| (kept.name.as_str(), kept.words.as_str()))
        .collect();
    assert_eq!(told, [("site", "site acme.atlassian.net")]);
}

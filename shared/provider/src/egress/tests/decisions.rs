//! The decision about an address, and its words.

use std::{net::IpAddr, sync::Arc};

use reqwest::dns::Resolve;
use rstest::rstest;

use crate::egress::{
    Guard, Policy, Reach, Refusal,
    names::{Gate, LookUp, Names},
};

/// A look-up that is never asked.
#[derive(Debug)]
struct NoNames;

impl Names for NoNames {
    fn look_up(&self, name: &str) -> LookUp {
        panic!("{name} was looked up")
    }
}

#[derive(Debug)]
struct Fixed(Vec<IpAddr>);

impl Names for Fixed {
    fn look_up(&self, _: &str) -> LookUp {
        let addresses = self.0.clone();
        Box::pin(async { Ok(addresses) })
    }
}

fn guard(networks: &str) -> Guard {
    Guard::with_names(Policy::new(networks.parse().unwrap()), NoNames)
}

fn judged(networks: &str, url: &str) -> Result<Reach, Refusal> {
    guard(networks).judge(&url.parse().unwrap())
}

#[rstest]
#[case::a_name("", "https://slack.com/api/auth.test", Reach::Everywhere)]
#[case::its_port("", "https://slack.com:443/", Reach::Everywhere)]
#[case::a_public_address("", "https://1.1.1.1/", Reach::Everywhere)]
#[case::a_public_address_of_ipv6("", "https://[2606:4700::1111]/", Reach::Everywhere)]
#[case::a_private_address("10.0.0.0/16", "https://10.0.1.2/", Reach::Everywhere)]
#[case::a_private_address_on_another_port("10.0.0.0/16", "https://10.0.1.2:8443/", Reach::Inside)]
#[case::a_private_address_by_http("10.0.0.0/16", "http://10.0.1.2:8080/", Reach::Inside)]
#[case::a_mapped_private_address("10.0.0.0/16", "http://[::ffff:10.0.1.2]/", Reach::Inside)]
#[case::a_name_by_http("10.0.0.0/16", "http://jenkins.internal:8080/", Reach::Inside)]
fn a_url_says_how_far_its_request_may_go(#[case] networks: &str, #[case] url: &str, #[case] expected: Reach) {
    assert_eq!(judged(networks, url), Ok(expected));
}

#[rstest]
#[case::private(
    "",
    "https://10.0.0.1/",
    "the address 10.0.0.1 is private, and in no network that is allowed"
)]
#[case::written_otherwise(
    "",
    "https://0xa.1/",
    "the address 10.0.0.1 is private, and in no network that is allowed"
)]
#[case::beside_what_is_allowed(
    "10.0.0.0/16",
    "https://10.1.0.1/",
    "the address 10.1.0.1 is private, and in no network that is allowed"
)]
#[case::loopback(
    "10.0.0.0/16",
    "http://127.1/",
    "the address 127.0.0.1 is loopback, where nothing is ever sent"
)]
#[case::metadata(
    "",
    "https://[fd00:ec2::254]/",
    "the address fd00:ec2::254 is of EC2's own services for instances, where nothing is ever sent"
)]
#[case::mapped(
    "",
    "https://[::ffff:7f00:1]/",
    "the address ::ffff:127.0.0.1 is loopback, where nothing is ever sent"
)]
#[case::http("", "http://example.com/", "`http` is not allowed for `example.com`, only https")]
#[case::a_port(
    "",
    "https://example.com:8443/",
    "port 8443 is not allowed for `example.com`, only port 443"
)]
#[case::http_to_a_public_address(
    "10.0.0.0/16",
    "http://8.8.8.8/",
    "the address 8.8.8.8 is public, where only https on port 443 is used"
)]
#[case::ftp("10.0.0.0/16", "ftp://10.0.0.1/", "`ftp` is not allowed for `10.0.0.1`, only https")]
#[case::a_user(
    "",
    "https://user:password@example.com/",
    "the address of `example.com` has a user or a password in it"
)]
#[case::no_host("", "mailto:user@example.com", "the address has no host")]
fn a_refusal_says_what_was_to_be_reached_and_why_not(#[case] networks: &str, #[case] url: &str, #[case] words: &str) {
    assert_eq!(judged(networks, url).unwrap_err().to_string(), words);
}

#[test]
fn further_ports_are_for_https_alone() {
    let guard = Guard::with_names(Policy::default().with_ports([8088]), NoNames);
    let judged = |url: &str| guard.judge(&url.parse().unwrap());
    assert_eq!(judged("https://splunk.example.com:8088/"), Ok(Reach::Everywhere));
    let refusal = judged("https://splunk.example.com:8089/").unwrap_err().to_string();
    assert_eq!(
        refusal,
        "port 8089 is not allowed for `splunk.example.com`, only ports 443, 8088"
    );
    assert!(judged("http://splunk.example.com:8088/").is_err());
}

#[rstest]
#[case::public(Reach::Everywhere, &["1.1.1.1", "2606:4700::1111"], None)]
#[case::private(Reach::Everywhere, &["10.0.0.7"], None)]
#[case::both(Reach::Everywhere, &["10.0.0.7", "1.1.1.1"], None)]
#[case::inside(Reach::Inside, &["10.0.0.7"], None)]
#[case::one_is_loopback(Reach::Everywhere, &["1.1.1.1", "127.0.0.1"],
    Some("the address 127.0.0.1 of `api.example.com` is loopback, where nothing is ever sent"))]
#[case::one_is_of_another_network(Reach::Everywhere, &["10.0.0.7", "10.1.0.7"],
    Some("the address 10.1.0.7 of `api.example.com` is private, and in no network that is allowed"))]
#[case::public_by_http(Reach::Inside, &["10.0.0.7", "1.1.1.1"],
    Some("the address 1.1.1.1 of `api.example.com` is public, where only https on port 443 is used"))]
#[tokio::test]
async fn a_connection_gets_the_addresses_that_were_judged(
    #[case] reach: Reach,
    #[case] addresses: &[&str],
    #[case] refusal: Option<&str>,
) {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let policy = Policy::new("10.0.0.0/16".parse().unwrap());
    let gate = Gate {
        guard: Arc::new(Guard::with_names(policy, Fixed(addresses.clone()))),
        reach,
    };
    match (gate.resolve("api.example.com".parse().unwrap()).await, refusal) {
        (Ok(given), None) => assert_eq!(given.map(|address| address.ip()).collect::<Vec<_>>(), addresses),
        (Err(error), Some(words)) => assert_eq!(error.to_string(), words),
        (given, refusal) => panic!("{:?}, and not {refusal:?}", given.map(|_| addresses)),
    }
}

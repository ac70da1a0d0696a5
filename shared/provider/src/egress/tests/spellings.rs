//! Every way to write an address that must not be reached, and none of them leads there.

use rstest::rstest;

use super::network::{Listener, get};
use crate::{
    egress::{Policy, networks::PrivateNetworks},
    http::Http,
    transport::Interruption,
};

/// Hosts that are an address of this machine, of its own network, of a private one or of none, however they are written.
const HOSTS: &[&str] = &[
    // IPv4, as usual
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    // with fewer parts
    "127.1",
    "127.0.1",
    "0",
    "10.1",
    "169.254.43518",
    "192.168.257",
    // one number
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "2852039166",
    "0xa9fea9fe",
    "025177524776",
    // parts in octal and hexadecimal
    "0177.0.0.1",
    "0177.0.0.01",
    "0000177.0.0.1",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f.1",
    "0177.1",
    "0x7f.0.1",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "0xa9.254.0251.254",
    "012.0.0.1",
    "0x.0x.0x.0x",
    // with a dot at the end
    "127.0.0.1.",
    "127.1.",
    "0x7f.1.",
    "2130706433.",
    "169.254.169.254.",
    // percent-encoded
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127%2E1",
    "%30x7f.1",
    "%31%36%39%2e%32%35%34%2e%31%36%39%2e%32%35%34",
    // in other digits and with other dots, which are mapped to the usual ones
    "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
    "\u{ff11}\u{ff12}\u{ff17}\u{ff0e}\u{ff10}\u{ff0e}\u{ff10}\u{ff0e}\u{ff11}",
    "127\u{3002}0\u{3002}0\u{3002}1",
    "127\u{ff61}1",
    "\u{2460}\u{2461}\u{2466}.0.0.1",
    "\u{1d7cf}\u{1d7d0}\u{1d7d5}.0.0.1",
    "\u{b9}\u{b2}\u{2077}.0.0.1",
    "0\u{ff58}7f.1",
    "%ef%bc%91%ef%bc%92%ef%bc%97.0.0.1",
    "127.0.0.\u{ad}1",
    "1\u{200b}27.0.0.1",
    // IPv6
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[0::1]",
    "[::0.0.0.1]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[fd00:ec2::254]",
    "[FD00:EC2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[100::1]",
    "[5f00::1]",
    // IPv4 in IPv6
    "[::ffff:127.0.0.1]",
    "[::FFFF:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:10.0.0.1]",
    "[::ffff:0.0.0.0]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::169.254.169.254]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::]",
    "[2001:0::80ff:fffe]",
    // names of this machine; with a dot at the end, not every system knows them
    "localhost",
    "LOCALHOST",
    "LocalHost",
    "%6cocalhost",
    "\u{ff4c}ocalhost",
    "\u{24db}ocalhost",
];

/// With the port of a listener among those that are allowed, so that only the address is to blame.
fn http(port: u16) -> Http {
    Http::guarded(Policy::default().with_ports([port])).unwrap()
}

#[tokio::test]
async fn no_spelling_of_an_address_that_is_not_public_leads_there() {
    assert!(HOSTS.len() >= 100);
    let listener = Listener::start().await;
    let http = http(listener.port);
    for host in HOSTS {
        for url in [
            format!("https://{host}:{}/", listener.port),
            format!("https:\\\\{host}:{}\\", listener.port),
            format!(" https:{host}:{}/?x", listener.port),
            format!("ht\ntps://{host}:{}/#x", listener.port),
        ] {
            let outcome = get(&http, &url).await;
            assert!(matches!(outcome, Err(Interruption::Refused(_))), "{url:?}: {outcome:?}");
        }
    }
    assert_eq!(listener.connections(), 0);
}

/// The connections that `no_spelling…` counts would be seen: without the guard the same addresses are connected to.
#[tokio::test]
async fn without_the_guard_they_do() {
    let listener = Listener::start().await;
    let http = Http::new().unwrap();
    for (index, host) in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "localhost",
        "%31%32%37.1",
        "0",
    ]
    .iter()
    .enumerate()
    {
        let _no_tls_there = get(&http, &format!("https://{host}:{}/", listener.port)).await;
        assert_eq!(listener.connections(), index + 1, "{host}");
    }
}

#[rstest]
#[case::a_user_that_looks_like_a_host("https://slack.com@127.0.0.1/")]
#[case::with_a_password("https://slack.com:443@127.0.0.1/")]
#[case::encoded("https://slack.com%2f@127.0.0.1/")]
#[case::with_a_backslash("https://127.0.0.1\\@slack.com/")]
#[case::a_user_and_a_public_host("https://user@slack.com/")]
#[case::a_password_and_a_public_host("https://:password@slack.com/")]
#[case::two_ats("https://slack.com@slack.com@127.0.0.1/")]
#[case::a_fragment_that_looks_like_a_host("https://127.0.0.1#@slack.com/")]
#[case::a_query_that_looks_like_a_host("https://127.0.0.1?@slack.com/")]
#[case::plain_http("http://slack.com/")]
#[case::plain_http_to_an_address("http://169.254.169.254/latest/meta-data/")]
#[case::the_runtime_api_of_lambda("http://127.0.0.1:9001/2018-06-01/runtime/invocation/next")]
#[case::the_runtime_api_of_lambda_by_name("http://localhost:9001/2018-06-01/runtime/invocation/next")]
#[case::the_runtime_api_of_lambda_by_tls("https://127.0.0.1:9001/2018-06-01/runtime/invocation/next")]
#[case::extensions_of_lambda("http://sandbox.localdomain:9001/2020-01-01/extension/register")]
#[case::credentials_of_ecs("http://169.254.170.2/v2/credentials/")]
#[case::another_port("https://slack.com:8443/")]
#[case::ssh("https://slack.com:22/")]
#[case::port_zero("https://slack.com:0/")]
#[case::a_file("file:///etc/passwd")]
#[case::a_file_with_a_host("file://127.0.0.1/etc/passwd")]
#[case::ftp("ftp://127.0.0.1/")]
#[case::gopher("gopher://127.0.0.1:9001/_GET")]
#[case::websocket("wss://127.0.0.1/")]
#[case::no_host("data:text/plain,x")]
#[case::a_unix_socket("unix:/var/run/docker.sock")]
#[tokio::test]
async fn an_address_that_is_made_to_be_misread_is_refused(#[case] url: &str) {
    let http = Http::guarded(PrivateNetworks::default()).unwrap();
    let outcome = get(&http, url).await;
    assert!(matches!(outcome, Err(Interruption::Refused(_))), "{outcome:?}");
}

#[rstest]
#[case("https://127.0.0.1.1/")]
#[case("https://256.0.0.1/")]
#[case("https://0x100000000/")]
#[case("https://1.2.3.09/")]
#[case("https://127.0.0.1%00.slack.com/")]
#[case("https://127.0.0.1%20/")]
#[case("https://[fe80::1%25eth0]/")]
#[case("https://[fe80::1%eth0]/")]
#[case("https://[::1/")]
#[case("https://::1/")]
#[case("https://[127.0.0.1]/")]
#[case("https://%5b::1%5d/")]
#[case("https://slack.com:99999/")]
#[case("https:///")]
fn what_is_no_url_never_gets_as_far_as_the_guard(#[case] url: &str) {
    assert!(url.parse::<reqwest::Url>().is_err(), "{url}");
}

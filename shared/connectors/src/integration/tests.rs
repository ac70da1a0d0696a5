use super::*;
use crate::connector::Connector;
use rstest::rstest;

/// A connector with this way to prove who asks, and these hosts.
fn integration(auth: &str, hosts: &str) -> IntegrationType {
    let source = format!(
        "connector: desk\ntitle: Desk\nsummary: s\ndocumentation: https://desk.example.com\n\
         integration:\n  auth: {auth}\n  secret: an API token\n  hosts: [{hosts}]\n  fields:\n    \
         site: {{ type: text, required: true, summary: the site, pattern: '[a-z0-9.:/*-]+', example: acme.example.com }}\n    \
         region: {{ type: {{ one_of: [us, eu] }}, summary: the region, default: us }}\n    \
         team: {{ type: text, summary: the team }}\nbase_url: \"https://{{{{ integration.site }}}}\"\n\
         actions: {{ a: {{ summary: s, repeat: safe, internal: true, request: {{ method: GET, path: / }} }} }}"
    );
    let connector = Connector::from_source(&source).unwrap_or_else(|problems| panic!("{problems}"));
    connector.integration().clone()
}

const HOSTS: &str = "\"{{ integration.site }}\", \"{{ integration.region }}.example.com\", api.example.com";

fn account(of: &IntegrationType, fields: &[(&str, &str)], secret: &str) -> Result<Account, String> {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    of.account(fields.collect(), secret.into())
        .map_err(|error| error.to_string())
}

#[test]
fn hosts_are_rendered_from_the_fields_and_their_defaults() {
    let account = account(
        &integration("bearer", HOSTS),
        &[("site", "acme.example.com")],
        "a-token",
    )
    .unwrap();
    let hosts: Vec<String> = account.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["acme.example.com", "us.example.com", "api.example.com"]);
    assert_eq!(account.fields.get("region").map(String::as_str), Some("us"));
    assert_eq!(account.fields.get("team"), None);
    assert_eq!(account.secret.expose_secret(), "a-token");
}

#[rstest]
#[case::missing(&[], "`site` is missing: the site")]
#[case::empty(&[("site", "")], "`site` is missing: the site")]
#[case::unknown(&[("site", "a.example.com"), ("sites", "x")], "`sites` is not known; did you mean `site`?")]
#[case::of_another_form(&[("site", "A B")], "`site` is not of the form that it has; for example: acme.example.com")]
#[case::no_word_of_them(&[("site", "a.example.com"), ("region", "mars")], "`region` must be one of us, eu")]
#[case::two_lines(&[("site", "a.example.com"), ("team", "a\nb")], "`team` has a line break or a control character in it")]
#[case::long(&[("site", "a.example.com"), ("team", &"x".repeat(1025))], "`team` is longer than 1024 bytes")]
#[case::a_path(&[("site", "a.example.com/x")], "a host of the integration cannot be used: write the name of a host alone")]
#[case::an_address(&[("site", "10.0.0.1")], "a host of the integration cannot be used: write the name of a host alone")]
#[case::more_than_one_host(&[("site", "*.example.com")], "a host of the integration cannot be used: a field must not have a `*` in it")]
fn fields_that_cannot_be_used_are_refused(#[case] fields: &[(&str, &str)], #[case] expected: &str) {
    let error = account(&integration("bearer", HOSTS), fields, "a-token").unwrap_err();
    assert!(error.starts_with(expected), "{error}");
}

#[rstest]
#[case::empty("bearer", "", "the secret is missing: an API token")]
#[case::line_break("bearer", "hunter22\n", "the secret has a line break")]
#[case::unicode(
    "{ header: { name: x-key } }",
    "hunter22é",
    "the secret has a line break, a space at its end, or another character"
)]
#[case::space_at_its_end("bearer", "hunter22 ", "the secret has a line break, a space at its end")]
#[case::control(
    "{ basic: { user: me } }",
    "hunter22\u{0}",
    "the secret has a line break or a control character"
)]
#[case::large("bearer", &"hunter22".repeat(5000), "the secret is longer than 32 KB")]
fn a_secret_that_cannot_be_sent_is_refused_and_never_repeated(
    #[case] auth: &str,
    #[case] secret: &str,
    #[case] expected: &str,
) {
    let error = account(
        &integration(auth, "api.example.com"),
        &[("site", "a.example.com")],
        secret,
    )
    .unwrap_err();
    assert!(error.starts_with(expected) && !error.contains("hunter22"), "{error}");
}

#[test]
fn a_password_may_have_any_characters_that_can_be_typed() {
    let basic = integration("{ basic: { user: me } }", "api.example.com");
    assert!(account(&basic, &[("site", "a.example.com")], " pässword: \"x\" ").is_ok());
}

#[test]
fn the_star_of_the_file_may_be_open() {
    let open = integration(
        "bearer",
        "\"*.{{ integration.region }}.example.com\", \"*.example.org\"",
    );
    let account = account(&open, &[("site", "a.example.com")], "a-token").unwrap();
    let hosts: Vec<String> = account.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["*.us.example.com", "*.example.org"]);
}

#[test]
fn the_way_to_prove_who_asks_has_a_word() {
    assert_eq!(integration("bearer", "api.example.com").auth(), "bearer");
    assert_eq!(
        integration("{ basic: { user: me } }", "api.example.com").auth(),
        "basic"
    );
}

/// The authority of a server, in PEM.
const CA: &str = include_str!("../../../provider/src/testdata/cluster_ca.pem");

/// A connector whose integrations can name the authority of their server.
fn with_authority() -> IntegrationType {
    let source = "connector: desk\ntitle: Desk\nsummary: s\ndocumentation: https://desk.example.com\n\
         integration:\n  auth: bearer\n  secret: the token\n  hosts: [desk.example.com]\n  \
         fields: { ca: { type: certificates, summary: its authority } }\n  tls: { ca: \"{{ integration.ca }}\" }\n\
         base_url: https://desk.example.com\n\
         actions: { a: { summary: s, repeat: safe, internal: true, request: { method: GET, path: / } } }";
    let connector = Connector::from_source(source).unwrap_or_else(|problems| panic!("{problems}"));
    connector.integration().clone()
}

#[rstest]
#[case::none(None, false)]
#[case::pem(Some(CA.to_owned()), true)]
#[case::its_base64(Some(BASE64.encode(CA.as_bytes())), true)]
fn the_authority_of_a_server_is_that_of_the_integration(#[case] ca: Option<String>, #[case] has_roots: bool) {
    let of = with_authority();
    let fields: Vec<(&str, &str)> = ca.iter().map(|ca| ("ca", ca.as_str())).collect();
    let account = account(&of, &fields, "a-token").unwrap();
    assert_eq!(of.roots(&account.fields).unwrap().is_some(), has_roots);
}

#[rstest]
#[case::words("mine", "`ca` has no certificate in it")]
#[case::its_base64("bWluZQ==", "`ca` has no certificate in it")]
#[case::damaged(
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "`ca` has a certificate in it that cannot be read"
)]
fn what_is_no_certificate_is_not_stored(#[case] ca: &str, #[case] problem: &str) {
    let error = account(&with_authority(), &[("ca", ca)], "a-token").unwrap_err();
    assert!(error.starts_with(problem), "{error}");
}

//! Secrets that somebody pasted into a definition.

use super::problems;
use rstest::rstest;

const TOKEN: &str = "u+aB3-_efghijklmnopQ";
const API_KEY: &str = "pgf_abc123def456_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE_0a1b2c3d";
const ACCESS_KEY: &str = "AKIAABCDEFGHIJKLMNOP";

#[rstest]
#[case::token(TOKEN, "API token of PagerDuty")]
#[case::api_key(API_KEY, "API key of a webhook")]
#[case::access_key(ACCESS_KEY, "access key of AWS")]
fn w5_a_secret_is_refused_wherever_it_stands_and_never_repeated(
    #[case] secret: &str,
    #[case] what: &str,
    #[values(
        ("name: SECRET\nsteps: [wait: 1s]", "1:7: name: this looks like"),
        ("name: a\nsteps: [wait: 1s]\ndescription: call with SECRET please", "3:14: description: this looks like"),
        ("name: a\nsteps: [stop: 'token=SECRET']", "2:15: steps[0].stop: this looks like"),
        ("name: a\nsteps: [set: { a: [{ b: SECRET }] }]", "2:25: steps[0].set.a[0].b: this looks like"),
        ("name: a\nsteps: [stop: '{{ \"SECRET\" ~ event.']", "2:15: steps[0].stop: this looks like"),
        ("name: a\nsteps: [stop: '{{ SECRET }}']", "2:15: steps[0].stop: this looks like"),
        ("name: a\nsteps: [wait: 1s]\nSECRET: x", "3:1: this looks like"),
        ("name: a\nsteps: [uses: SECRET]", "2:15: steps[0].uses: this looks like"),
        ("name: a\nsteps: [set: { a: { SECRET: '{{ nope }}' } }]", "2:21: steps[0].set.a: this looks like"),
        ("name: a\nsteps: [{ id: SECRET, wait: SECRET, if: SECRET, retry: { errors: [SECRET] } }]", "2:15: steps[0].id: this looks like"),
    )]
    (source, said): (&str, &str),
) {
    let told = problems(&source.replace("SECRET", secret));
    assert!(
        told.iter()
            .any(|problem| problem.starts_with(said) && problem.contains(what)),
        "{told:#?}"
    );
    let all = told.concat();
    let digits = secret.get(secret.len() - 8..).unwrap();
    assert!(!all.contains(digits), "{told:#?}");
}

#[test]
fn w5_a_secret_that_stands_twice_as_a_key_is_not_repeated() {
    let told = problems(&format!("{TOKEN}: 1\n{TOKEN}: 2"));
    assert_eq!(told, ["2:1: the key `[hidden]` stands twice in this map"]);
}

#[rstest]
#[case::too_short("u+aB3-_efghijklmnop")]
#[case::within_a_word("menu+aB3-_efghijklmnopQ")]
#[case::arithmetic("u + aB3_efghijklmnopQ")]
#[case::part_of_a_key("pgf_abc123def456_0123456789")]
#[case::lower_case("akiaabcdefghijklmnop")]
#[case::longer_word("AKIAABCDEFGHIJKLMNOPQRST")]
fn what_only_resembles_a_secret_is_allowed(#[case] text: &str) {
    assert_eq!(problems(&format!("name: a\nsteps: [stop: '{text}']")), [""; 0]);
}

#[test]
fn a_text_of_many_secrets_is_read_at_once() {
    for text in ["u+aB3-_efghijklmnopQ ", "pgf_", "u+", "AKIA", "pgf_ "] {
        let told = problems(&format!(
            "name: a\nsteps: [stop: '{}']",
            text.repeat(900_000 / text.len())
        ));
        assert!(told.len() <= 1, "{told:#?}");
    }
}

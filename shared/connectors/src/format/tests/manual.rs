//! The manual has every word of the format.

use super::{told, with};
use std::{collections::BTreeSet, fs, path::Path};

/// A word that the format does not have, and is like none of it.
const ODD: &str = "qqqq: 1";

/// The words that are known in a map with an odd word in it.
fn known(source: &str) -> Vec<String> {
    let told = told(source);
    let (_, known) = told
        .split_once("`qqqq` is not known; known are ")
        .unwrap_or_else(|| panic!("{told}"));
    let line = known.lines().next().unwrap_or_default();
    line.split(", ").map(str::to_owned).collect()
}

/// A file with an odd word in each map that the format has.
fn places() -> Vec<String> {
    let into = |map: &str| with(map, &map.replacen('{', &format!("{{ {ODD}, "), 1));
    let auth = |auth: &str| with("{ basic: { user: \"{{ integration.email }}\" } }", auth);
    vec![
        with("title: Help Desk\n", &format!("title: Help Desk\n{ODD}\n")),
        with(
            "title: Help Desk\n",
            &format!("title: Help Desk\napproval: {{ {ODD}, choice: c, controls: c }}\n"),
        ),
        with(
            "  secret: an API token\n",
            &format!("  secret: an API token\n  {ODD}\n"),
        ),
        with("secret: an API token", &format!("secret: {{ {ODD}, summary: s }}")),
        with(
            "  secret: an API token\n",
            &format!("  secret: an API token\n  tls: {{ {ODD}, ca: x }}\n"),
        ),
        into("site: { type: text, required: true, summary: the site"),
        into("basic: { user"),
        auth(&format!("{{ header: {{ name: x, {ODD} }} }}")),
        auth(&format!("{{ query: {{ name: x, {ODD} }} }}")),
        auth(&format!("{{ google_service_account: {{ scope: x, {ODD} }} }}")),
        auth(&format!(
            "{{ oauth2_client_credentials: {{ token_url: https://api.example.com, client_id: x, {ODD} }} }}"
        )),
        with("  when: not body.ok\n", &format!("  when: not body.ok\n  {ODD}\n")),
        into("classes: { unauthorized"),
        into("rate_limit: { reset"),
        with(
            "    summary: Opens a ticket.\n",
            &format!("    summary: Opens a ticket.\n    {ODD}\n"),
        ),
        into("repeat: { look"),
        into("weight: { type"),
        into("choose: { action"),
        into("rules: [{ at_most_one"),
        with("      method: POST\n", &format!("      method: POST\n      {ODD}\n")),
        with(
            "      json: {",
            &format!("      multipart: {{ a: {{ file: a, content: b, {ODD} }} }}\n      json: {{"),
        ),
        into("page: { cursor"),
        with("      at_most: 2h\n", &format!("      at_most: 2h\n      {ODD}\n")),
        into("then: { action: get_sweep"),
        with(
            "cursor: \"{{ body.next }}\", query: after",
            &format!("{ODD}, offset: o, per_page: 1"),
        ),
        with(
            "cursor: \"{{ body.next }}\", query: after",
            &format!("{ODD}, page_number: o, per_page: 1"),
        ),
        into("id: { type: text, summary: the id, from: \"{{ body.id }}\""),
        // words that are values
        with("{ basic: { user: \"{{ integration.email }}\" } }", "qqqq"),
        with("repeat: { look: find }", "repeat: qqqq"),
        with("type: integer", "type: qqqq"),
        with("method: POST", "method: qqqq"),
    ]
}

#[test]
fn the_manual_has_every_word_of_the_format() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connectors.md");
    let manual = fs::read_to_string(manual).unwrap();
    let words: BTreeSet<String> = places().iter().flat_map(|source| known(source)).collect();
    assert!(words.len() > 80, "{words:?}");
    let says = |word: &str| {
        let is_of_a_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut code = manual.split('`').skip(1).step_by(2);
        code.any(|code| code.split(|c| !is_of_a_word(c)).any(|part| part == word))
    };
    let missing: Vec<_> = words
        .iter()
        .filter(|word| {
            !says(
                word.trim_matches(|c: char| !c.is_ascii_alphanumeric())
                    .split(':')
                    .next()
                    .unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_example_of_the_manual_can_be_read() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connectors.md");
    let manual = fs::read_to_string(manual).unwrap();
    let (_, rest) = manual.split_once("```yaml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    assert_eq!(told(example), "nothing is wrong");
}

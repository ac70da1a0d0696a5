use super::*;
use crate::template::{Expression, Template};
use proptest::prelude::*;
use rstest::rstest;

/// Every token of the language, and what other languages have instead.
const TOKENS: &[&str] = &[
    "&",
    "&&",
    "!",
    "!!",
    "$",
    ";",
    "?",
    "??",
    "^",
    "@",
    "#",
    "\\",
    "`",
    "§",
    "\u{0}",
    "'",
    "\"",
    "|",
    "||",
    "=",
    "==",
    "===",
    "!=",
    "<",
    "<=",
    "<>",
    ">",
    ">=",
    "=>",
    "->",
    "+",
    "++",
    "-",
    "--",
    "*",
    "**",
    "/",
    "//",
    "%",
    "~",
    ".",
    "..",
    ":",
    "::",
    ",",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "{%",
    "%}",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "AND",
    "true",
    "none",
    "null",
    "foo",
    "1",
    "2.5",
    "'x'",
    "\"y\"",
    "| upper",
    "is odd",
    "is not none",
    "if true",
    "else 2",
    ".a",
    "[0]",
    "(1)",
];

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("'high'".to_owned()),
        Just("\"P1\"".to_owned()),
        Just("''".to_owned()),
        Just("7".to_owned()),
        Just("1.5".to_owned()),
        Just("true".to_owned()),
        Just("none".to_owned()),
        Just("event.incident.title".to_owned()),
        Just("vars['a']".to_owned()),
        Just("steps.s.outputs.list[0]".to_owned()),
    ]
}

/// Expressions of every construct of the language.
fn expression_source() -> impl Strategy<Value = String> {
    literal().prop_recursive(3, 12, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            (
                two.clone(),
                prop::sample::select(vec![
                    "==", "!=", "<", ">=", "and", "or", "in", "not in", "+", "-", "*", "/", "//", "%", "**", "~"
                ])
            )
                .prop_map(|((a, b), operator)| format!("{a} {operator} {b}")),
            (
                inner.clone(),
                prop::sample::select(vec![
                    "upper",
                    "length",
                    "default('x')",
                    "replace('a', 'b')",
                    "map(attribute='s')",
                    "join(', ')"
                ])
            )
                .prop_map(|(a, filter)| format!("{a} | {filter}")),
            (
                inner.clone(),
                prop::sample::select(vec!["none", "not none", "defined", "startingwith('x')", "in([1, 2])"])
            )
                .prop_map(|(a, test)| format!("{a} is {test}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{a} if {b} else {c}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("not {a}")),
            two.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            two.prop_map(|(a, b)| format!("{{'k': {a}, 'l': {b}}}")),
            inner.clone().prop_map(|a| format!("({a})[1:3]")),
            inner.prop_map(|a| format!("range(1, {a})")),
        ]
    })
}

/// What an expression means: its tree, without the places of its parts.
fn meaning(source: &str) -> Option<String> {
    let tree = format!("{:?}", expression(source).ok()?);
    // A place is written as ` @ 1:0-1:5`.
    let mut parts = tree.split(" @ ");
    let mut meaning = parts.next()?.to_owned();
    for part in parts {
        meaning.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == '-'));
    }
    Some(meaning)
}

/// The places between the tokens of a source.
fn boundaries(source: &str) -> Vec<usize> {
    let ends = tokens(source, true)
        .unwrap()
        .into_iter()
        .map(|(_, span)| span.end_offset as usize);
    [0].into_iter().chain(ends).collect()
}

/// A comma before a closing bracket, and the colon before the third number of a slice, may stand where nothing follows them.
fn may_be_left_out(token: &str, rest: &str) -> bool {
    let rest = rest.trim_start();
    (token == "," && rest.starts_with([')', ']', '}'])) || (token == ":" && rest.starts_with(']'))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_token_of_an_expression_is_ignored(source in expression_source()) {
        let Some(whole) = meaning(&source) else { return Ok(()) };
        for place in boundaries(&source) {
            let (before, after) = source.split_at(place);
            for token in TOKENS {
                let more = format!("{before} {token} {after}");
                if let Some(other) = meaning(&more) {
                    prop_assert!(other != whole || may_be_left_out(token, after), "`{more}` is read as `{source}`");
                }
            }
        }
    }
}

#[rstest]
#[case(
    "event.incident.urgency == \"high\" && event.incident.title is startingwith \"DB\"",
    "unexpected `&& event.inc`; use `and`"
)]
#[case("event.a == 'x' !! nonsense", "use `not`")]
#[case("event.a == 'x' ? 'a' : 'b'", "use `x if condition else y`")]
#[case("event.a == 'x' ; 1", "give one expression only")]
#[case("event.a == 'x' $", "names are written without `$`")]
#[case("'x' || 'y'", "use `or`")]
#[case("event.a = 'x'", "use `==` to compare")]
#[case("event.a === 'x'", "use `==` to compare")]
#[case("event.a <> 'x'", "use `!=` to compare")]
#[case("event.a contains 'x'", "use `\"y\" in x`")]
#[case("event.a AND event.b", "write `and` in lower case")]
#[case("event.a == 'unfinished", "")]
fn what_does_not_belong_to_the_language_is_refused_with_what_does(#[case] source: &str, #[case] said: &str) {
    for error in [
        Expression::condition(source).unwrap_err().to_string(),
        Template::from_text(&format!("{{{{ {source} }}}}"))
            .unwrap_err()
            .to_string(),
        Template::from_text(&format!("text {{{{ {source} }}}} text"))
            .unwrap_err()
            .to_string(),
        Template::from_text(&format!("{{% if {source} %}}a{{% endif %}}"))
            .unwrap_err()
            .to_string(),
    ] {
        assert!(error.contains(said), "{error}");
    }
}

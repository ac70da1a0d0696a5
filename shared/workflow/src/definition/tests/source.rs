//! Reading a file before its content is looked at.

use super::*;

const SMALL: &str = "name: a\nsteps:\n  - wait: 5s\n";

/// Expressions as people forget to quote them.
const UNQUOTED: &[&str] = &[
    "{{ event.incident.id }}",
    "{{event.incident.id}}",
    "{{ event.incident.title }} was seen",
    "{{ event.incident.title | default(\"x\") }}",
    "{{ event.incident.title | default('x') }}",
    "{{ steps.a.outputs['incident_id'] }}",
    "{{ event.incident.teams[0].summary }}",
    "{{ event.incident.urgency == \"high\" }}",
    "{{ 'a' if event.incident.urgency == 'high' else 'b' }}",
    "{{ event.incident.title }}: {{ event.incident.id }}",
    "{{ {'a': 1} }}",
    "{{ [1, 2] }}",
    "{{ 1 + 1 }}",
    "{{ event.incident.title",
    "{{ }}",
    "{{}}",
];

/// Where they can be, and what comes after.
const PLACES: &[(&str, &str)] = &[
    ("  - set:\n      x: ", "\n"),
    ("  - set:\n      x: ", "\n      y: 1\n  - wait: 1s\n"),
    ("  - set:\n      x:\n        - ", "\n        - 1\n"),
    ("  - stop: ", "\n"),
    ("  - for_each: ", "\n    steps: [{ wait: 1s }]\n"),
    ("  - set:\n      x:\n        ", "\n"),
    ("  - set: { x: ", " }\n"),
    ("  - set: { x: [1, ", "] }\n"),
];

#[test]
fn an_expression_without_quotes_is_refused_with_its_place_and_the_remedy() {
    let mut told = Vec::new();
    for (before, after) in PLACES {
        for expression in UNQUOTED {
            let front = format!("name: a\nsteps:\n{before}");
            let (line, column) = (
                front.lines().count(),
                front.lines().last().unwrap_or_default().len() + 1,
            );
            let found = problems(&format!("{front}{expression}{after}"));
            if !found
                .iter()
                .any(|problem| problem.starts_with(&format!("{line}:{column}: put the expression in quotes")))
            {
                told.push(format!("{before:?} {expression}: {found:?}"));
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn braces_that_are_not_to_blame_are_not_blamed() {
    let told = problems("name: a\nsteps:\n  - set: { x: \"{{ 1 }}\" }\n  - wait: [\n");
    assert!(told.iter().all(|problem| !problem.contains("quotes")), "{told:?}");
    let told = problems("name: a\nsteps:\n  - set:\n      x: |\n        {{ 1 }}\n  - wait: 1s\n  - ? [a]\n    : b\n");
    assert_eq!(told, ["7:7: a key must be plain text"]);
}

#[rstest]
#[case::marker_at_the_end("SMALL---\n")]
#[case::marker_without_a_line_end("SMALL---")]
#[case::marker_and_a_comment("SMALL--- # end\n# nothing\n\n")]
#[case::end_marker("SMALL...\n")]
#[case::both("---\nSMALL...\n---\n")]
#[case::many("---\n---\nSMALL---\n---\n...\n")]
fn a_marker_with_nothing_behind_it_is_no_second_document(#[case] form: &str) {
    assert_eq!(problems(&form.replace("SMALL", SMALL)), Vec::<String>::new());
}

#[rstest]
#[case::a_workflow("SMALL---\nSMALL", "4:1")]
#[case::text("SMALL---\nx\n", "4:1")]
#[case::an_explicit_null("SMALL---\n~\n", "4:1")]
#[case::an_empty_text("SMALL---\n\"\"\n", "4:1")]
#[case::after_an_empty_one("SMALL---\n---\n[]\n", "5:1")]
fn a_second_document_is_refused_with_the_place_where_it_begins(#[case] form: &str, #[case] place: &str) {
    let told = problems(&form.replace("SMALL", SMALL));
    assert_eq!(
        told,
        [format!(
            "{place}: there is more than one document; put each one into a file of its own"
        )]
    );
}

#[rstest]
#[case("")]
#[case("\n\n")]
#[case("# only a comment\n")]
#[case("---\n")]
#[case("---\n...\n---\n")]
fn a_source_with_nothing_in_it_is_empty(#[case] source: &str) {
    assert_eq!(problems(source), ["the definition is empty"]);
}

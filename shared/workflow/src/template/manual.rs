//! `docs/expressions.md`, which is made of what the language has. When it is stale, it is written anew by
//!
//! ```sh
//! PAGERFLOW_WRITE_DOCS=1 cargo test -p workflow manual
//! ```

use super::{Builtin, Expression, FILTERS, FUNCTIONS, TESTS};
use crate::committed::assert_committed;
use std::fmt::Write as _;

const HEAD: &str = "# Expressions

This page is made of what the language has, and its examples are tested.

An expression stands in `{{ … }}`, or without braces in `if` and `when`. A value that is one expression keeps its type: `\"{{ 1 + 1 }}\"` is
the number 2. Next to other text it becomes text: `\"No {{ 1 + 1 }}\"`. In YAML an expression in braces needs quotes.

The language is Jinja, as [minijinja](https://docs.rs/minijinja) has it, with these differences: `default` also replaces null, and `tojson`
writes `<`, `>`, `&` and `'` as they are and indents by 8 at most; an argument has no `*`. Names, fields, filters, tests, functions and the types of values are checked when a workflow is
saved; [events](events.md) has what each event carries, and what of it can be null.

## What stands where

| written | means |
|---|---|
| `event.incident.title`, `event['incident']` | a field of a map |
| `event.incident.assignees[0]`, `[-1]` | an entry of a list, from the front or the back |
| `event.incident.title[:40]` | a part of a text or a list |
| `\"text\"`, `'text'`, `7`, `1.5`, `true`, `false`, `none` | values; null is `none` |
| `[1, 2]`, `{'a': 1}` | a list, a map |
| `==` `!=` `<` `<=` `>` `>=` | comparisons. Text and numbers are never the same |
| `in`, `not in` | is an entry of a list, a part of a text, a field of a map |
| `and`, `or`, `not` | conditions. The second one is only looked at where the first does not decide |
| `a if condition else b` | one of two values |
| `+` `-` `*` `/` `//` `%` `**` | arithmetic; `+` also puts two texts or two lists together |
| `a ~ b` | text of two values |
| `value \\| filter(…)` | a value made of another, see [filters](#filters) |
| `value is test(…)`, `is not` | a test, see [tests](#tests) |
| `{% if … %}…{% elif … %}…{% else %}…{% endif %}` | text for a condition |
| `{% for x in list %}…{% else %}…{% endfor %}` | text for each entry; `loop.index`, `loop.first`, `loop.last` |
| `{% set x = … %}` | a name within a text |
| `{# … #}` | a comment |

## What can be null or missing

A condition tests a value before it uses what is in it, or gives a default:

```yaml
when: event.incident.priority is not none and event.incident.priority.summary == \"P1\"
title: \"[{{ event.incident.priority.summary | default('no priority') }}] {{ event.incident.title }}\"
```

A step whose `if` tests a value may use it, and so may the steps in its block, the steps behind a `stop` or `fail` for the opposite, and all
steps where the trigger's `when` or `priorities` ask for it. `event.type == \"incident.annotated\"` says what the event carries.

";

/// The words of other languages. The advice is the text of the error.
const FOREIGN: &[&str] = &[
    "event.a && event.b",
    "event.a || event.b",
    "!event.a",
    "event.a ? 'b' : 'c'",
    "event.a ?? 'b'",
    "event.a = 'b'",
    "event.a <> 'b'",
    "event.a AND event.b",
    "event.a contains 'b'",
    "event.a startswith 'b'",
    "event.a.startswith('b')",
    "event.a is null",
    "event.a is empty",
    "event.a is match('^b')",
    "event.a | truncate(40)",
    "event.a.upper()",
    "event.a | strptime",
    "len(event.a)",
    "$event.a",
];

fn table(title: &str, builtins: &[Builtin]) -> String {
    let mut page = format!("## {title}\n\n| name | | example | gives |\n|---|---|---|---|\n");
    for builtin in builtins {
        let names: Vec<String> = builtin.names.iter().map(|name| format!("`{name}`")).collect();
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', "\\n");
        let _ = writeln!(
            page,
            "| {} | {} | `{}` | `{}` |",
            names.join(", "),
            builtin.summary,
            cell(builtin.example),
            cell(builtin.gives)
        );
    }
    page.push('\n');
    page
}

fn advice(source: &str) -> String {
    let error = Expression::condition(source).expect_err(source).to_string();
    error
        .split_once("`: ")
        .map_or(error.clone(), |(_, advice)| advice.to_owned())
}

fn manual() -> String {
    let mut page = HEAD.to_owned();
    page.push_str(&table("Filters", FILTERS));
    page.push_str(&table("Tests", TESTS));
    page.push_str(&table("Functions", FUNCTIONS));
    page.push_str("## What other languages have\n\nEach of these is refused when a workflow is saved, with this advice:\n\n| written | said |\n|---|---|\n");
    for source in FOREIGN {
        let _ = writeln!(
            page,
            "| `{}` | {} |",
            source.replace('|', "\\|"),
            advice(source).replace('|', "\\|")
        );
    }
    page
}

#[test]
fn the_committed_manual_is_what_the_language_has() {
    assert_committed("docs/expressions.md", &manual());
}

#[test]
fn what_comes_from_elsewhere_gets_advice_and_not_just_a_syntax_error() {
    for source in FOREIGN {
        let advice = advice(source);
        assert!(advice.contains("; "), "{source}: {advice}");
    }
}

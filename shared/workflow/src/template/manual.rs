//! `docs/expressions.md`, which is made of what the language has. When it is stale, it is written anew by
//!
//! ```sh
//! PAGERFLOW_WRITE_DOCS=1 cargo test -p workflow manual
//! ```

use super::{Builtin, Context, Expression, FILTERS, FUNCTIONS, TESTS};
use crate::committed::assert_committed;
use serde_json::json;
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
| `now` | the time, see [times and durations](#times-and-durations) |
| `==` `!=` `<` `<=` `>` `>=` | comparisons. Text and numbers are never the same |
| `in`, `not in` | is an entry of a list, a part of a text, a field of a map |
| `and`, `or`, `not` | conditions. The second one is only looked at where the first does not decide |
| `a if condition else b` | one of two values |
| `+` `-` `*` `/` `//` `%` `**` | arithmetic, also with times and durations; `+` also puts two texts or two lists together |
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

const TIMES: &str = "## Times and durations

`now` is the time at which the run came to the step, in whole seconds. All that a step evaluates sees the same `now`, also when its action is
tried again and when its lanes begin later. In a trigger's `when` it is the time at which the event arrived, and in the `key` of `concurrency`
the time at which the run began.

`time(…)` makes a time of text or of a number of seconds since 1970; the times of an event are text, as in `time(event.occurred_at)`. The text is
RFC 3339, such as `2026-11-30T08:00:00Z` or `2026-11-30T09:00:00+01:00`. Text without an offset needs a `zone`; a date alone is its midnight
there. A time of day that the zone leaves out when its clocks are put forward comes as much later as they are; of one that comes twice when
they are put back, the first is taken. What is finer than a second is cut off.

`duration(…)` reads what `wait` reads: `30s`, `15m`, `1h30m`, `2d`, and also `-24h`. A day has 24 hours.

| written | gives |
|---|---|
| time `+` duration, time `-` duration | a time |
| time `-` time, duration `+` duration, duration `-` duration, duration `*` number, `-` duration | a duration |
| `<` `<=` `>` `>=` `==` `!=` `in` | true or false, for two times or two durations |

A time is never compared with text, nor a duration with a number: both are errors, when the workflow is saved and when it runs. Times are in
the years 0 to 9999.

In text, a time is `2026-11-30T08:00:00Z` and a duration `1h30m`. Results, inputs and variables are JSON, so what is read from `vars` or `steps` is
that text again: `time(vars.since)`. An input of the `type: time` or `duration` is one in expressions.

Time zones have the names of the IANA, such as `Europe/Berlin`; their rules come with Pagerflow.
`within('22:00-06:00', days='fri')` goes on until Saturday morning: hours over midnight belong to the day on which they began. The end is
no part of the hours, and the whole day is `00:00-24:00`. Days are `mon` to `sun`, in ranges and lists: `mon-fri,sun`. Hours go by the clocks of the zone.

| wanted | written | gives |
|---|---|---|
";

/// What people ask of times: the wish, the expression, and what it gives on Monday, 2026-11-30T08:00:00Z, for an incident that is 45
/// minutes old.
const WISHES: &[(&str, &str, &str)] = &[
    (
        "business hours",
        "now | within('09:00-17:00', days='mon-fri', zone='Europe/Berlin')",
        "true",
    ),
    (
        "nights and weekends",
        "not (now | within('09:00-17:00', days='mon-fri', zone='America/New_York'))",
        "true",
    ),
    ("the weekend", "(now | in_zone('Europe/Berlin')).is_weekend", "false"),
    (
        "older than 30 minutes",
        "now - time(event.incident.created_at) > duration('30m')",
        "true",
    ),
    (
        "its age in minutes",
        "((now - time(event.incident.created_at)) | seconds) // 60",
        "45",
    ),
    ("in two hours", "now + duration('2h')", "\"2026-11-30T10:00:00Z\""),
    (
        "nine o'clock today",
        "time((now | in_zone('Europe/Berlin')).date ~ 'T09:00', zone='Europe/Berlin')",
        "\"2026-11-30T08:00:00Z\"",
    ),
    (
        "text for a person",
        "now | format_time('%A, %d %B, %H:%M', zone='Europe/Berlin')",
        "\"Monday, 30 November, 09:00\"",
    ),
    (
        "what of a list is older than an hour (texts in UTC are in the order of their times)",
        "[{'at': '2026-11-30T06:00:00Z'}] | selectattr('at', 'lt', (now - duration('1h')) | string) | list | length",
        "1",
    ),
];

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
    "event.a > now()",
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

fn times() -> String {
    let mut page = TIMES.to_owned();
    for (wanted, written, gives) in WISHES {
        let _ = writeln!(page, "| {wanted} | `{}` | `{gives}` |", written.replace('|', "\\|"));
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
    page.push_str(&times());
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
fn what_people_ask_of_times_gives_what_the_manual_says() {
    let now = "2026-11-30T08:00:00Z".parse().unwrap();
    let event = json!({"incident": {"created_at": "2026-11-30T07:15:00Z"}});
    for (_, written, gives) in WISHES {
        let value = Expression::condition(written)
            .unwrap()
            .evaluate(&Context::of_event(event.clone(), now));
        assert_eq!(value, Ok(serde_json::from_str(gives).unwrap()), "{written}");
    }
}

#[test]
fn what_comes_from_elsewhere_gets_advice_and_not_just_a_syntax_error() {
    for source in FOREIGN {
        let advice = advice(source);
        assert!(advice.contains("; "), "{source}: {advice}");
    }
}

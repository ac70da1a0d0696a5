//! `docs/events.md`, which is made of the types of events. When it is stale, it is written anew by
//!
//! ```sh
//! PAGERFLOW_WRITE_DOCS=1 cargo test -p workflow manual
//! ```

use super::event::{Carries, TYPES, of};
use crate::committed::assert_committed;
use crate::{
    run::WebhookKind,
    types::{Kind, Type},
};
use std::{fmt::Write as _, fs};

const HEAD: &str = "# Events

This page is made of the types that workflows are checked with when they are saved. The samples are in `events/pagerduty/types`, and tests
read each as a webhook and hold the result against these types.

PagerDuty has documented these types of events for V3 webhooks, but for the last two, which stand only in its list for Slack connections. An
event is the same for V3 and V2 webhooks. `event` always has all its fields; what the webhook does not carry is null, and a workflow that
uses it as if it were there is refused.

The event of a schedule has `type` and `scheduled_at` alone: [workflows.md](workflows.md#schedules).

";

/// A type as the page has it.
fn kind(of: &Type) -> String {
    match &of.kind {
        Kind::Words(words) if words.known.len() <= 4 => words.known.join(", "),
        Kind::List(of) => match of.kind {
            Kind::Record(_) => "list of maps".to_owned(),
            _ => "list".to_owned(),
        },
        Kind::Record(_) | Kind::Map => "map".to_owned(),
        Kind::Unknown => "what PagerDuty sent".to_owned(),
        Kind::Integer => "whole number".to_owned(),
        Kind::Null => "null".to_owned(),
        _ => "text".to_owned(),
    }
}

fn rows(of: &Type, path: &str, page: &mut String) {
    let Kind::Record(record) = &of.kind else { return };
    for (name, field) in &record.fields {
        let path = format!("{path}.{name}");
        let null = field
            .absence
            .as_ref()
            .map(|absence| format!("yes: {}", absence.reason()));
        let _ = writeln!(page, "| `{path}` | {} | {} |", kind(field), null.unwrap_or_default());
        match &field.kind {
            Kind::List(of) => rows(of, &format!("{path}[…]"), page),
            _ => rows(field, &path, page),
        }
    }
}

fn sample(event_type: &str) -> String {
    let file = format!(
        "{}/../../events/pagerduty/types/{event_type}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn manual() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| type | when | of the incident it carries |\n|---|---|---|\n");
    for (event_type, carries, when) in TYPES {
        let carried = match carries {
            Carries::Incident => "all fields",
            Carries::Reference => "`id`, `title`, `html_url`; the other fields are null",
            Carries::Service => "nothing: `event.incident` is null",
        };
        let anchor = event_type.replace('.', "");
        let _ = writeln!(page, "| [`{event_type}`](#{anchor}) | {when} | {carried} |");
    }
    page.push_str("\nA V2 webhook carries the whole incident for every type.\n\n## Fields\n\n");
    page.push_str("Of an event that carries its incident:\n\n| field | type | can be null |\n|---|---|---|\n");
    rows(&of("incident.triggered", WebhookKind::V3), "event", &mut page);
    page.push_str(
        "\n`event.note` is the text of the note in `incident.annotated`, and null in all other events. What is below `event.data` is \
         PagerDuty's own, differs by type, and is not checked: the samples show it.\n\n## Samples\n",
    );
    for (event_type, _, when) in TYPES {
        let _ = write!(
            page,
            "\n### {event_type}\n\n{when}.\n\n```json\n{}```\n",
            sample(event_type)
        );
    }
    page
}

#[test]
fn the_committed_manual_is_what_the_types_say() {
    assert_committed("docs/events.md", &manual());
}

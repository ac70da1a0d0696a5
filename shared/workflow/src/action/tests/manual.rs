//! `docs/actions.md`, which is made of the catalogue. When it is stale, it is written anew by
//!
//! ```sh
//! PAGERFLOW_WRITE_DOCS=1 cargo test -p workflow manual
//! ```

use super::{super::*, catalog, of_pagerduty};
use crate::committed::assert_committed;
use crate::definition::Definition;
use std::fmt::Write as _;

const HEAD: &str = "# Actions

This page is made of the catalogue of actions, which also checks workflows when they are saved. It has the actions of PagerDuty.

What all have in common:

- `integration` is the alias of a PagerDuty account, as `pagerflow integration add` stored it.
- `from` is the login e-mail of the user in whose name it is done. Without it that is the integration's default user
  (`pagerflow integration add … --default-from`). A token of a user needs neither; PagerDuty refuses a token of an account without
  one.
- Any input can be an expression, `\"{{ … }}\"`. One that gives null is as good as left out. What else it gives should be of the type
  that the table says. *What does not fit* says what becomes of a value that PagerDuty would refuse:
  - *the step fails*: it is the message itself, what is acted on, or who is paged.
  - *left out*, *cut*, or replaced by the value that the table shows: it only decorates, and the page is worth more.
  - *replaced by a hash*: a key that is longer than 255 bytes, or has line breaks or space at its ends. Its first 200 bytes, `~` and a
    hash of the whole stand for it. That is the same in every action, so an alert that was triggered by a long key is found by it.
  - Where the step does not fail: control characters in texts are replaced by U+FFFD, and `Critical` is taken for `critical`.
  - A value that is written in the workflow itself, without an expression, is refused when the workflow is saved.
- An input that is a time can be relative to now: `-24h`, `+30m`, or an expression that gives a duration. Now is when the step makes
  its first attempt. What is sent, and what the record of the step shows, is a time in RFC 3339. Another caller of a function gives that.
- What was changed stands in the record of the step. `pagerflow run show` and `pagerflow workflow test` show it under the step, as
  ``! `links[1]` was left out: …``. Another caller of a function gets it in the answer, in `adjusted`.
- All inputs of a step together have room for 48 KiB. Where they take more, the largest of those that can be cut are cut, in a map the
  longest texts first, with `… [cut]` at the end of each.
- Where the table says *id or name*, a workflow may have the name that people see in PagerDuty. It is looked up when the workflow is
  applied, and the id is stored. What an expression gives is an id, and so is what another caller of a function gives.
- An output in *italics* can be null. A list is cut at a whole entry where it would take more than 30 KiB, and `more` is then true;
  texts in entries are cut at 2000 characters. One entry is `steps.<id>.outputs.incidents[0]`; `for_each` goes through all.
- When an attempt fails in a way that may pass, the step tries again, as its `retry` says. When nobody knows whether the attempt
  did its work (its answer was lost), what follows is told with each action under *a repeat*.

";

/// The file as it should be.
fn manual() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| action | what it does |\n|---|---|\n");
    for spec in of_pagerduty() {
        let anchor = spec.name.replace('.', "");
        let _ = writeln!(page, "| [`{}`](#{anchor}) | {} |", spec.name, spec.summary);
    }
    for spec in of_pagerduty() {
        page.push_str(&section(spec));
    }
    page
}

fn section(spec: &ActionSpec) -> String {
    let mut page = format!("\n## {}\n\n{}\n\n", spec.name, spec.summary);
    page.push_str("| input | type | | what does not fit |\n|---|---|---|---|\n");
    for field in &spec.inputs {
        page.push_str(&input(field, &field.name));
        let outer = if field.kind.is_list() {
            format!("{}[…]", field.name)
        } else {
            field.name.to_string()
        };
        for inner in inner(field) {
            page.push_str(&input(inner, &format!("{outer}.{}", inner.name)));
        }
    }
    let rules: Vec<String> = spec.rules.iter().map(Rule::summary).collect();
    if !rules.is_empty() {
        let _ = write!(page, "\n{}\n", rules.join(" "));
    }
    page.push_str("\n| output | type | |\n|---|---|---|\n");
    for field in &spec.outputs {
        let _ = writeln!(page, "| {} | {} | {} |", name(field, ""), field.kind, field.summary);
        for inner in inner(field) {
            let outer = format!("{}[…].", field.name);
            let _ = writeln!(page, "| {} | {} | {} |", name(inner, &outer), inner.kind, inner.summary);
        }
    }
    let _ = write!(
        page,
        "\n**A repeat.** {} {}\n",
        spec.on_repeat,
        after_an_unknown_outcome(spec)
    );
    let _ = write!(page, "\n```yaml\n{}```\n", step(spec));
    page
}

/// The row of an input.
fn input(field: &Field, name: &str) -> String {
    let is_optional = if field.optional { ", optional" } else { "" };
    // What becomes of a link without an address is said of the list.
    let unfit = match (&field.unfit, name.contains("[…]")) {
        (Unfit::Refuse, true) => "the entry is left out".to_owned(),
        (unfit, _) => unfit.summary(field),
    };
    format!(
        "| `{name}` | {}{is_optional} | {} | {unfit} |\n",
        kind(field),
        field.summary
    )
}

/// The type of an input, and whether a name may stand for it.
fn kind(field: &Field) -> String {
    match (field.names, &field.kind) {
        (None, FieldKind::Time) => format!("{}, or relative to now", FieldKind::Time),
        (None, kind) => kind.to_string(),
        (Some(_), FieldKind::Ids(_)) => "list of ids or names".to_owned(),
        (Some(_), FieldKind::UserEmail(_)) => "e-mail address or name".to_owned(),
        (Some(_), _) => "id or name".to_owned(),
    }
}

/// The fields of a map, or of the maps in a list.
fn inner(field: &Field) -> &[Field] {
    match &field.kind {
        FieldKind::Object(fields) | FieldKind::Entries(fields) => fields,
        FieldKind::Links { .. } => &LINK,
        _ => &[],
    }
}

/// The name of an output, in italics if it can be null.
fn name(field: &Field, outer: &str) -> String {
    let mark = if field.optional { "*" } else { "" };
    format!("{mark}`{outer}{}`{mark}", field.name)
}

fn after_an_unknown_outcome(spec: &ActionSpec) -> String {
    let system = &spec.system;
    match &spec.repeat {
        Repeat::IsHarmless => "So an attempt with an unknown outcome is simply made again.".to_owned(),
        Repeat::SetsState { settling } => format!(
            "So an attempt with an unknown outcome is made again, but only when its request can no longer be carried out, which \
             may come about up to {} seconds after it was sent: so late, it could undo what a later step does.",
            settling.carried_out_seconds
        ),
        Repeat::NeedsLook { settling } => format!(
            "So an attempt with an unknown outcome is made again, but only when a look can be relied on: {system} may carry a \
             request out up to {} seconds after it was sent, also if nobody waits for it any more, and shows new things up to {} \
             seconds late.",
            settling.carried_out_seconds, settling.shown_seconds
        ),
        Repeat::IsForbidden { look } => format!(
            "So it is done at most once: after an attempt with an unknown outcome the step fails, and its message says to look \
             in {system} {look}. A `timeout` of the step must be at least a minute."
        ),
    }
}

/// A step that uses the action.
fn step(spec: &ActionSpec) -> String {
    let mut step = format!("- uses: {}\n  with:\n", spec.name);
    for line in spec.example.lines() {
        let _ = writeln!(step, "    {line}");
    }
    step
}

#[test]
fn the_committed_manual_is_what_the_catalogue_says() {
    assert_committed("docs/actions.md", &manual());
}

#[test]
fn every_example_of_the_manual_is_a_workflow() {
    for action in of_pagerduty() {
        let step = step(action);
        let source = format!(
            "name: example\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n{step}"
        );
        if let Err(problems) = Definition::from_source(&source, catalog()) {
            panic!("{action}:\n{problems}");
        }
    }
}

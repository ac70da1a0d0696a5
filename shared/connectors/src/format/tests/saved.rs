//! Inputs as a workflow says them: what can be known to be wrong is refused when the workflow is saved.

use crate::connector::Connector;
use rstest::rstest;
use std::sync::{Arc, LazyLock};
use workflow::{
    action::{ActionSpec, Catalog},
    definition::Definition,
};

/// A connector in which each word of an input and each type stands.
const DESK: &str = r#"connector: desk
title: Help Desk
summary: Tickets.
documentation: https://desk.example.com/docs
integration:
  auth: bearer
  secret: the token
  hosts: [desk.example.com]
base_url: https://desk.example.com
test: list_queues
actions:
  open:
    summary: Opens a ticket.
    repeat: never
    inputs:
      queue: { type: text, required: true, summary: the queue, choose: { action: list_queues, list: queues, value: id, label: name } }
      slug: { type: text, summary: the name, pattern: "[a-z]{1,4}" }
      level: { type: text, summary: the level, default: low, pattern: "low|high" }
      title: { type: text, summary: the title, most: 5 }
      body: { type: text, summary: the text, most: 5, cut: true }
      both: { type: text, summary: a short name, most: 5, pattern: "[a-z]+" }
      key: { type: key, summary: the key, most: 5 }
      weight: { type: integer, summary: the weight, most: 5 }
      count: { type: integer, summary: the number }
      share: { type: number, summary: the share }
      flag: { type: boolean, summary: the flag }
      labels: { type: list, summary: the labels }
      fields: { type: map, summary: the fields }
      due: { type: time, summary: the time }
      page: { type: url, summary: the page }
      link: { type: link, summary: the link }
      kind: { type: { one_of: [bug, task] }, summary: the kind }
      value: { type: any, summary: the value }
    request: { method: POST, path: /tickets, json: "{{ inputs }}" }
    outputs: {}
    example: "integration: ops\nqueue: q1\n"
  list_queues:
    summary: Lists the queues.
    repeat: safe
    request: { method: GET, path: /queues }
    outputs:
      queues: { type: list, summary: the queues, from: "{{ body }}" }
    example: "integration: ops\n"
"#;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::default().with_system("desk", specs));

fn specs(_: &str) -> Vec<Arc<ActionSpec>> {
    let desk = Connector::from_source(DESK).unwrap();
    desk.actions().map(|action| Arc::clone(action.spec())).collect()
}

/// Saves a workflow whose step says these inputs.
fn saved(inputs: &str) -> Result<(), String> {
    let source = format!("name: w\nsteps:\n  - uses: desk.open\n    with: {{ integration: ops, {inputs} }}\n");
    match Definition::from_source(&source, &CATALOG) {
        Ok(_) => Ok(()),
        Err(problems) => Err(problems.to_string()),
    }
}

#[rstest]
#[case::required("slug: abc", "`queue` is missing")]
#[case::pattern(
    "queue: q, slug: ABC",
    "steps[0].with.slug: is not of the form that it has: `[a-z]{1,4}`"
)]
#[case::the_whole_of_it("queue: q, slug: abcde", "is not of the form that it has")]
#[case::pattern_beside_a_default("queue: q, level: middle", "is not of the form that it has: `low|high`")]
#[case::most("queue: q, title: abcdef", "steps[0].with.title: ")]
#[case::blank("queue: q, title: ' '", "steps[0].with.title: ")]
#[case::most_though_it_could_be_cut("queue: q, body: abcdef", "steps[0].with.body: ")]
#[case::most_beside_a_pattern("queue: q, both: abcdef", "steps[0].with.both: ")]
#[case::pattern_beside_most("queue: q, both: AB", "is not of the form that it has: `[a-z]+`")]
#[case::most_bytes("queue: q, key: abcdef", "steps[0].with.key: ")]
#[case::largest("queue: q, weight: 6", "steps[0].with.weight: ")]
#[case::integer("queue: q, count: 1.5", "steps[0].with.count: ")]
#[case::number("queue: q, share: half", "steps[0].with.share: ")]
#[case::boolean("queue: q, flag: maybe", "steps[0].with.flag: ")]
#[case::list("queue: q, labels: one", "steps[0].with.labels: ")]
#[case::map("queue: q, fields: one", "steps[0].with.fields: ")]
#[case::time("queue: q, due: tomorrow", "steps[0].with.due: ")]
#[case::url("queue: q, page: 'http://example.com'", "steps[0].with.page: ")]
#[case::link("queue: q, link: 'ftp://example.com'", "steps[0].with.link: ")]
#[case::one_of("queue: q, kind: epic", "steps[0].with.kind: ")]
fn what_does_not_fit_is_refused_when_a_workflow_is_saved(#[case] inputs: &str, #[case] problem: &str) {
    let problems = saved(inputs).unwrap_err();
    assert!(problems.contains(problem), "{problems}");
}

#[rstest]
#[case("queue: q, slug: abc, level: high, title: abcde, body: abcde, both: abcde, key: abcde, weight: 5")]
#[case("queue: q, count: 7, share: 0.5, flag: true, labels: [1], fields: { a: 1 }, due: -24h, value: null")]
#[case("queue: q, page: 'https://example.com', link: 'http://example.com', kind: bug, value: [1]")]
#[case::what_only_a_run_knows(
    "queue: q, slug: '{{ run.id }}', title: '{{ run.id }}', key: '{{ run.id }}', weight: '{{ 6 }}'"
)]
fn what_fits_or_is_known_at_run_time_only_is_saved(#[case] inputs: &str) {
    assert_eq!(saved(inputs), Ok(()));
}

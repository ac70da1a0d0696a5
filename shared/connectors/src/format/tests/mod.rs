//! The format as a specification: what is read, and what is refused where.

mod manual;
mod parts;
mod poll;
mod problems;
mod saved;
mod specs;

use crate::connector::Connector;
use proptest::prelude::*;

/// A connector with a part replaced. Each part stands there once.
pub(super) fn with(part: &str, by: &str) -> String {
    assert_eq!(WHOLE.matches(part).count(), 1, "{part:?} stands there once");
    WHOLE.replacen(part, by, 1)
}

/// The problems of a source.
pub(super) fn told(source: &str) -> String {
    match Connector::from_source(source) {
        Ok(_) => "nothing is wrong".to_owned(),
        Err(problems) => problems.to_string(),
    }
}

/// A connector in which nearly every word of the format stands.
pub(crate) const WHOLE: &str = r#"connector: desk
title: Help Desk
summary: Tickets and people.
documentation: https://desk.example.com/docs
integration:
  auth: { basic: { user: "{{ integration.email }}" } }
  secret: an API token
  fields:
    site: { type: text, required: true, summary: the site, pattern: '[a-z0-9-]+\.example\.com', example: acme.example.com }
    email: { type: text, required: true, summary: the e-mail address of the user }
    plan: { type: { one_of: [free, pro] }, summary: the plan, default: free }
  hosts: ["{{ integration.site }}", api.example.com]
base_url: "https://{{ integration.site }}/api/v2"
headers: { accept: application/json, x-plan: "{{ integration.plan }}" }
errors:
  when: not body.ok
  code: "{{ body.error }}"
  message: "{{ body.detail }}"
  classes: { unauthorized: [bad_token], rate_limited: [slow_down, 429], unknown: [oops], not_found: [gone] }
rate_limit: { reset: x-reset }
test: whoami
actions:
  whoami:
    summary: Tells whose the token is.
    repeat: safe
    internal: true
    request: { method: GET, path: /me }
    outputs: { name: { type: text, summary: the name, from: "{{ body.name }}" } }
  list_queues:
    summary: Lists the queues.
    repeat: safe
    request: { method: GET, path: /queues }
    page: { cursor: "{{ body.next }}", query: after, list: "{{ body.queues }}", most: 500 }
    outputs: { queues: { type: list, summary: the queues, from: "{{ items }}" } }
    example: "integration: ops"
  open:
    summary: Opens a ticket.
    documentation: https://desk.example.com/docs/tickets
    repeat: { look: find }
    inputs:
      queue: { type: text, required: true, summary: the queue, choose: { action: list_queues, list: queues, value: id, label: name } }
      title: { type: text, required: true, summary: the title, most: 100, cut: true }
      weight: { type: integer, summary: the weight, most: 10 }
      level: { type: { one_of: [low, high] }, summary: the level, default: low }
      due: { type: time, summary: when it is due }
      fields: { type: map, summary: further fields }
      mail: { type: text, summary: who is told, pattern: '.+@.+' }
      phone: { type: text, summary: who is called }
    rules: [{ at_most_one: [mail, phone] }]
    request:
      method: POST
      path: "/queues/{queue}/tickets"
      query: { notify: true }
      headers: { x-request: "{{ call.idempotency_key }}" }
      json: { title: "{{ inputs.title }}", level: "{{ inputs.level }}", key: "{{ call.idempotency_key }}", who: { mail: "{{ inputs.mail }}" } }
    outputs:
      id: { type: text, summary: the id, from: "{{ body.id }}" }
      link: { type: link, optional: true, summary: its page, from: "{{ body.links.self }}" }
    example: |
      integration: ops
      queue: q1
      title: "{{ event.incident.title }}"
      due: +2h
  find:
    summary: Finds a ticket by its key.
    repeat: safe
    internal: true
    inputs: { queue: { type: text, required: true, summary: the queue } }
    request: { method: GET, path: "/queues/{queue}/tickets", query: { key: "{{ call.idempotency_key }}" } }
    outputs:
      id: { type: text, summary: the id, from: "{{ body.tickets[0].id }}" }
      link: { type: link, optional: true, summary: its page, from: "{{ body.tickets[0].links.self }}" }
  sweep:
    summary: Closes old tickets.
    repeat: never
    request: { method: DELETE, path: /sweeps }
    poll:
      at_most: 2h
      action: get_sweep
      with: { sweep: "{{ body.sweep }}" }
      done: body.closed is not none
      failed: body.broken
      message: "{{ body.reason }}"
      every: 10s
      then: { action: get_sweep, with: { sweep: "{{ look.sweep }}-2" }, done: "true", every: 1m }
    outputs:
      swept: { type: text, summary: the id, from: "{{ look.sweep }}" }
    example: |
      integration: ops
  get_sweep:
    summary: Reads how far it is.
    repeat: safe
    internal: true
    inputs: { sweep: { type: text, required: true, summary: the id } }
    request: { method: GET, path: "/sweeps/{sweep}" }
    outputs: {}
"#;

#[test]
fn every_word_of_the_format_can_be_read() {
    assert_eq!(told(WHOLE), "nothing is wrong");
}

/// Pieces that have a meaning to the reader, or nearly one.
const PIECES: &[&str] = &[
    "connector",
    "integration",
    "actions",
    "{{ inputs.x }}",
    "{{",
    "}}",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "\n",
    "  ",
    "- ",
    "|",
    "'",
    "\"",
    "auth",
    "url",
    "oauth2_client_credentials",
    "repeat",
    "look",
    "page",
    "cursor",
    "{x...}",
    "/a/{b}",
    "..",
    "null",
    "1e400",
    "-1",
    "type: text",
    "one_of",
    "pattern: '('",
    "\u{feff}",
    "é",
];

proptest! {
    #[test]
    fn reading_never_panics_on_a_file_that_was_changed(at in 0..WHOLE.len(), length in 0..60_usize, piece in prop::sample::select(PIECES)) {
        let start = (0..=at).rev().find(|at| WHOLE.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + length).min(WHOLE.len());
        let end = (end..=WHOLE.len()).find(|at| WHOLE.is_char_boundary(*at)).unwrap_or(WHOLE.len());
        let source = format!("{}{piece}{}", &WHOLE[..start], &WHOLE[end..]);
        let _ = Connector::from_source(&source);
    }

    #[test]
    fn reading_never_panics_on_anything(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40), rest in ".{0,40}") {
        let _ = Connector::from_source(&format!("{}{rest}", pieces.concat()));
    }
}

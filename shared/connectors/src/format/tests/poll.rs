//! Refusals of `poll`, each with its place and remedy.

use super::{told, with};
use rstest::rstest;

#[rstest]
#[case::an_action_that_changes_something(
    "action: get_sweep\n",
    "action: sweep\n",
    "79:15: actions.sweep.poll.action: `sweep` changes something; an action that only reads is needed"
)]
#[case::an_action_that_there_is_not(
    "action: get_sweep\n",
    "action: get_sweeps\n",
    "79:15: actions.sweep.poll.action: there is no such action: `get_sweeps` is not known; did you mean `get_sweep`?"
)]
#[case::an_action_with_pages(
    "action: get_sweep\n",
    "action: list_queues\n",
    "79:15: actions.sweep.poll.action: `list_queues` reads the pages of a list; a look reads one thing"
)]
#[case::an_input_that_there_is_not(
    "with: { sweep: \"{{ body.sweep }}\" }",
    "with: { sweep: \"{{ body.sweep }}\", id: 1 }",
    "80:13: actions.sweep.poll.with: `id` is not known"
)]
#[case::an_input_that_is_missing(
    "inputs: { sweep: { type: text, required: true, summary: the id } }",
    "inputs: { sweep: { type: text, required: true, summary: the id }, site: { type: text, required: true, summary: the site } }",
    "80:13: actions.sweep.poll.with: `site` is missing, which `get_sweep` needs"
)]
#[case::inputs_that_are_no_map(
    "with: { sweep: \"{{ body.sweep }}\" }",
    "with: \"{{ body }}\"",
    "80:13: actions.sweep.poll.with: must be a map of inputs, but is text"
)]
#[case::the_second_look(
    "then: { action: get_sweep,",
    "then: { action: open,",
    "85:23: actions.sweep.poll.then.action: `open` changes something"
)]
#[case::a_name_that_there_is_not(
    "done: body.closed is not none",
    "done: boddy.closed is not none",
    "81:13: actions.sweep.poll.done: `boddy.closed`: `boddy` is not known; did you mean `body`?"
)]
#[case::a_look_before_there_is_one(
    "{{ body.sweep }}",
    "{{ look.sweep }}",
    "80:22: actions.sweep.poll.with.sweep: `look.sweep`: `look` is not known"
)]
#[case::another_name_in_the_look(
    "from: \"{{ look.sweep }}\"",
    "from: \"{{ look.id }}\"",
    "87:51: actions.sweep.outputs.swept.from: `look.id`: in `look`, `id` is not known"
)]
#[case::no_pause(
    "      every: 10s\n",
    "",
    "78:7: actions.sweep.poll: `every` is missing: the pause between two looks, such as 10s"
)]
#[case::a_short_pause(
    "every: 10s",
    "every: 2h",
    "84:14: actions.sweep.poll.every: must be between 1s and 1h"
)]
#[case::no_length("at_most: 2h", "at_most: long", "78:16: actions.sweep.poll.at_most: ")]
#[case::words_of_no_failure(
    "      failed: body.broken\n",
    "",
    "82:16: actions.sweep.poll.message: needs `failed`: the condition under which it has ended badly"
)]
#[case::an_unknown_word(
    "every: 10s",
    "every: 10s\n      until: 1h",
    "85:7: actions.sweep.poll: `until` is not known"
)]
#[case::an_action_that_reads(
    "    request: { method: DELETE, path: /sweeps }",
    "    reads: true\n    request: { method: DELETE, path: /sweeps }",
    "actions.sweep.poll: goes only with an action that changes something"
)]
#[case::too_many_looks(
    "with: { sweep: \"{{ look.sweep }}-2\" }, done: \"true\", every: 1m }",
    "done: \"true\", every: 1m, then: { action: get_sweep, done: \"true\", every: 1m, then: { action: get_sweep, done: \"true\", every: 1m } } }",
    "is too much: at most 3 looks follow each other"
)]
fn a_poll_that_cannot_work_is_refused(#[case] part: &str, #[case] by: &str, #[case] expected: &str) {
    let told = told(&with(part, by));
    assert!(told.contains(expected), "{told}");
}

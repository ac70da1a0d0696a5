//! Each construct of the language: how it is written, and what is said of each way to get it wrong.
//!
//! The steps of a case begin at line 3, column 1.

use super::{super::*, problems, steps};
use crate::action::tests::catalog;
use rstest::rstest;
use serde_json::json;

/// The definition of these steps, written again.
fn written(source: &str) -> Value {
    let source = format!("name: a\nsteps:\n{source}\n");
    let definition = Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{problems}"));
    definition.to_json()["steps"].clone()
}

#[rstest]
#[case::wait("- wait: 90s", json!([{"wait": "1m 30s"}]))]
#[case::wait_until("- wait: { until: 2027-01-31T09:00:00Z }", json!([{"wait": {"until": "2027-01-31T09:00:00Z"}}]))]
#[case::wait_until_an_expression(
    "- wait: { until: '{{ event.incident.created_at }}' }",
    json!([{"wait": {"until": "{{ event.incident.created_at }}"}}])
)]
#[case::set("- set: { a: 1, b: [x, '{{ run.id }}'] }", json!([{"set": {"a": 1, "b": ["x", "{{ run.id }}"]}}]))]
#[case::block("- steps: [wait: 1s]", json!([{"steps": [{"wait": "1s"}]}]))]
#[case::block_with_else(
    "- if: event.id == 'x'\n  steps: [wait: 1s]\n  else: [wait: 2s]",
    json!([{"if": "event.id == 'x'", "steps": [{"wait": "1s"}], "else": [{"wait": "2s"}]}])
)]
#[case::choose(
    "- choose:\n  - { when: true, steps: [wait: 1s] }\n  default: [wait: 2s]",
    json!([{"choose": [{"when": "true", "steps": [{"wait": "1s"}]}], "default": [{"wait": "2s"}]}])
)]
#[case::parallel(
    "- parallel:\n  - { name: ops, steps: [wait: 1s], output: '{{ run.id }}' }\n  - steps: [wait: 2s]\n  on_lane_failure: cancel\n  timeout: 1h",
    json!([{
        "parallel": [{"name": "ops", "steps": [{"wait": "1s"}], "output": "{{ run.id }}"}, {"steps": [{"wait": "2s"}]}],
        "on_lane_failure": "cancel", "timeout": "1h"
    }])
)]
#[case::for_each(
    "- for_each: [1, 2]\n  steps: [set: { a: '{{ item }} {{ index }}' }]\n  output: '{{ vars.a }}'\n  max_concurrency: 40\n  on_lane_failure: ignore",
    json!([{
        "for_each": [1, 2], "steps": [{"set": {"a": "{{ item }} {{ index }}"}}], "output": "{{ vars.a }}",
        "max_concurrency": 40, "on_lane_failure": "ignore"
    }])
)]
#[case::repeat(
    "- repeat: { every: 60s, at_most: 3 }\n  steps: [wait: 1s]",
    json!([{"repeat": {"every": "1m", "at_most": 3}, "steps": [{"wait": "1s"}]}])
)]
#[case::repeat_with_all(
    "- id: check\n  repeat: { every: 5m, until: '{{ vars.a == 1 }}', at_most: 10 }\n  steps: [set: { a: '{{ index }}' }]\n  \
     output: '{{ vars.a }}'\n  timeout: 1h\n  on_lane_failure: ignore",
    json!([{
        "id": "check", "repeat": {"every": "5m", "until": "vars.a == 1", "at_most": 10},
        "steps": [{"set": {"a": "{{ index }}"}}], "output": "{{ vars.a }}", "timeout": "1h", "on_lane_failure": "ignore"
    }])
)]
#[case::approval(
    "- approval: { message: 'ok?', timeout: 30m }",
    json!([{"approval": {"message": "ok?", "timeout": "30m"}}])
)]
#[case::approval_with_all(
    "- approval:\n    message: 'Restart {{ event.incident.id }}?'\n    choices: [restart, leave]\n    form: { reason: { type: text, description: why } }\n    \
     approvers: [link, 'arn:aws:iam::*:role/oncall']\n    prevent_self_approval: true\n    notify:\n    - uses: pagerduty.add_note\n      \
     with: { integration: p, incident_id: P1, from: a@b.c, note: '{{ approval.link }} until {{ approval.until }}' }\n    \
     timeout: 30m\n    on_timeout: leave",
    json!([{"approval": {
        "message": "Restart {{ event.incident.id }}?", "choices": ["restart", "leave"],
        "form": {"reason": {"type": "text", "description": "why"}},
        "approvers": ["link", "arn:aws:iam::*:role/oncall"], "prevent_self_approval": true,
        "notify": [{"uses": "pagerduty.add_note", "with": {
            "integration": "p", "incident_id": "P1", "from": "a@b.c", "note": "{{ approval.link }} until {{ approval.until }}"
        }}],
        "timeout": "30m", "on_timeout": "leave"
    }}])
)]
#[case::approval_in_slack(
    "- approval:\n    message: m\n    approvers: ['slack:U0123456789']\n    notify:\n    - { uses: slack.post_message, with: { integration: p, \
     channel: C1, text: t } }\n    timeout: 30m",
    json!([{"approval": {
        "message": "m", "approvers": ["slack:U0123456789"],
        "notify": [{"uses": "slack.post_message", "with": {"integration": "p", "channel": "C1", "text": "t"}}], "timeout": "30m"
    }}])
)]
#[case::approval_as_it_is_usual(
    "- approval: { message: 'ok?', choices: [approve, deny], form: {}, prevent_self_approval: false, timeout: 30m, on_timeout: fail }",
    json!([{"approval": {"message": "ok?", "timeout": "30m"}}])
)]
#[case::wait_for_a_status(
    "- wait_for: { integration: p, incident_id: '{{ event.incident.id }}', status: [resolved, acknowledged], timeout: 15m }",
    json!([{"wait_for": {
        "integration": "p", "incident_id": "{{ event.incident.id }}", "status": ["acknowledged", "resolved"], "timeout": "15m"
    }}])
)]
#[case::wait_for_an_event(
    "- wait_for: { integration: p, incident_id: P1, events: [incident.annotated], when: \"'x' in event.note\", timeout: 1h, on_timeout: continue }",
    json!([{"wait_for": {
        "integration": "p", "incident_id": "P1", "events": ["incident.annotated"], "when": "'x' in event.note", "timeout": "1h",
        "on_timeout": "continue"
    }}])
)]
#[case::wait_for_as_it_is_usual(
    "- wait_for: { integration: p, incident_id: P1, status: [resolved], timeout: 1h, on_timeout: fail }",
    json!([{"wait_for": {"integration": "p", "incident_id": "P1", "status": ["resolved"], "timeout": "1h"}}])
)]
#[case::stop("- stop: done", json!([{"stop": "done"}]))]
#[case::fail("- fail: 'no {{ event.id }}'", json!([{"fail": "no {{ event.id }}"}]))]
#[case::run_workflow(
    "- run_workflow: other\n  with: { service: '{{ event.incident.service.id }}' }\n  timeout: 2d",
    json!([{"run_workflow": "other", "with": {"service": "{{ event.incident.service.id }}"}, "timeout": "48h"}])
)]
#[case::of_every_step(
    "- { id: a, if: true, continue_on_error: true, wait: 1s }",
    json!([{"id": "a", "if": "true", "continue_on_error": true, "wait": "1s"}])
)]
#[case::what_is_usual_is_left_out(
    "- { continue_on_error: false, for_each: [], steps: [wait: 1s], on_lane_failure: finish }",
    json!([{"for_each": [], "steps": [{"wait": "1s"}]}])
)]
fn a_construct_is_read_and_written_in_the_words_of_the_language(#[case] source: &str, #[case] expected: Value) {
    assert_eq!(written(source), expected);
}

const CALL: &str = "- uses: pagerduty.resolve_incident\n  with: { integration: p, incident_id: P1, from: a@b.c }";

#[rstest]
#[case::all("{ max_attempts: 5, interval: 1m, backoff: 1.5, max_interval: 1h, jitter: false, errors: [PagerDuty.NotFound] }", json!({
    "max_attempts": 5, "interval": "1m", "backoff": 1.5, "max_interval": "1h", "jitter": false, "errors": ["PagerDuty.NotFound"]
}))]
#[case::nothing("{}", json!({}))]
#[case::what_is_usual("{ max_attempts: 8, interval: 10s, backoff: 2, max_interval: 5m, jitter: true }", json!({}))]
#[case::an_interval_longer_than_the_usual_longest("{ interval: 1h }", json!({"interval": "1h"}))]
#[case::the_same_said_twice("{ interval: 1h, max_interval: 1h }", json!({"interval": "1h"}))]
fn a_retry_is_read_and_written(#[case] source: &str, #[case] expected: Value) {
    assert_eq!(written(&format!("{CALL}\n  retry: {source}"))[0]["retry"], expected);
}

#[rstest]
#[case(
    "{ max_attempts: 0 }",
    "5:26: steps[0].retry.max_attempts: must be a whole number from 1 to 100"
)]
#[case(
    "{ max_attempts: 1000000000 }",
    "5:26: steps[0].retry.max_attempts: must be a whole number from 1 to 100"
)]
#[case(
    "{ max_attempts: 2.5 }",
    "5:26: steps[0].retry.max_attempts: must be a whole number from 1 to 100"
)]
#[case("{ backoff: 0.5 }", "5:21: steps[0].retry.backoff: must be a number from 1 to 10")]
#[case("{ backoff: .nan }", "5:21: steps[0].retry.backoff: must be a number from 1 to 10")]
#[case("{ backoff: .inf }", "5:21: steps[0].retry.backoff: must be a number from 1 to 10")]
#[case(
    "{ interval: 10 }",
    "5:22: steps[0].retry.interval: must be a length of time such as 30s, 10m, 1h30m or 2d, but is a number"
)]
#[case(
    "{ interval: -5m }",
    "5:22: steps[0].retry.interval: \"-5m\" is out of range; it must be whole seconds, from 1s to 364d"
)]
#[case(
    "{ interval: 1h, max_interval: 5m }",
    "5:40: steps[0].retry.max_interval: is shorter than `interval`, which is 1h"
)]
#[case(
    "{ jitter: 1 }",
    "5:20: steps[0].retry.jitter: must be true or false, but is a number"
)]
#[case(
    "{ errors: [] }",
    "5:20: steps[0].retry.errors: is empty, so that nothing would be tried again; say so with `max_attempts: 1`"
)]
#[case(
    "{ errors: [PagerDuty.Unavailabel] }",
    "5:21: steps[0].retry.errors[0]: `PagerDuty.Unavailabel` is no name of an error; did you mean `PagerDuty.Unavailable`?"
)]
#[case(
    "{ errors: [Step.Failed, Step.Failed] }",
    "5:34: steps[0].retry.errors[1]: `Step.Failed` stands twice"
)]
#[case(
    "{ attempts: 3 }",
    "5:12: steps[0].retry: `attempts` is not known; did you mean `max_attempts`?"
)]
#[case("5", "5:10: steps[0].retry: must be a map, but is a number")]
fn w2_a_retry_that_makes_no_sense_is_refused(#[case] retry: &str, #[case] said: &str) {
    assert_eq!(steps(&format!("{CALL}\n  retry: {retry}")), [said]);
}

#[rstest]
#[case::no_map("- soon", "3:3: steps[0]: must be a map, but is text")]
#[case::two_things(
    "- wait: 1s\n  stop: x",
    "3:3: steps[0]: a step does one thing: `wait` and `stop` cannot stand together"
)]
#[case::three_things(
    "- set: { a: 1 }\n  wait: 1s\n  fail: x",
    "3:3: steps[0]: a step does one thing: `wait`, `set` and `fail` cannot stand together"
)]
#[case::choose_and_steps(
    "- choose: [{ when: true, steps: [wait: 1s] }]\n  steps: [wait: 1s]",
    "3:3: steps[0]: a step does one thing: `steps` and `choose` cannot stand together"
)]
#[case::near_miss("- waits: 1s", "3:3: steps[0]: `waits` is not known; did you mean `wait`?")]
#[case::unknown_field(
    "- wait: 1s\n  continue_on_errors: true",
    "4:3: steps[0]: `continue_on_errors` is not known; did you mean `continue_on_error`?"
)]
#[case::bad_id(
    "- id: my-step\n  wait: 1s",
    "3:7: steps[0].id: \"my-step\" is no step id: use letters, digits and '_', start with a letter or '_', at most 63 characters"
)]
#[case::bad_condition("- if: [a]\n  wait: 1s", "3:7: steps[0].if: must be an expression, but is a list")]
#[case::bad_flag(
    "- continue_on_error: 'yes'\n  wait: 1s",
    "3:22: steps[0].continue_on_error: must be true or false, but is text"
)]
#[case::retry_without_an_action("- wait: 1s\n  retry: {}", "4:10: steps[0]: `retry` goes with `uses`")]
#[case::timeout_of_a_wait(
    "- wait: 1s\n  timeout: 5s",
    "4:12: steps[0]: `timeout` goes with `uses`, `parallel`, `for_each`, `repeat` or `run_workflow`"
)]
#[case::with_of_nothing("- wait: 1s\n  with: {}", "4:9: steps[0]: `with` goes with `uses` or `run_workflow`")]
#[case::output_of_a_parallel(
    "- parallel: [steps: [wait: 1s]]\n  output: x",
    "4:11: steps[0]: `output` goes with `for_each` or `repeat`"
)]
#[case::default_of_a_block(
    "- steps: [wait: 1s]\n  default: [wait: 1s]",
    "4:12: steps[0]: `default` goes with `choose`"
)]
#[case::else_of_a_choice(
    "- choose: [{ when: true, steps: [wait: 1s] }]\n  else: [wait: 1s]",
    "4:9: steps[0]: `else` goes with `steps`"
)]
#[case::else_of_a_loop(
    "- for_each: []\n  if: true\n  steps: [wait: 1s]\n  else: [wait: 1s]",
    "6:9: steps[0]: `else` goes with `steps`"
)]
#[case::concurrency_of_a_parallel(
    "- parallel: [steps: [wait: 1s]]\n  max_concurrency: 2",
    "4:20: steps[0]: `max_concurrency` goes with `for_each`"
)]
fn a_step_does_one_thing_and_has_what_goes_with_it(#[case] source: &str, #[case] said: &str) {
    assert_eq!(steps(source), [said]);
}

#[test]
fn a_step_that_does_nothing_is_told_all_that_it_can_do() {
    let words: Vec<String> = crate::steps::WORDS.iter().map(|word| format!("`{word}`")).collect();
    let (last, others) = words.split_last().unwrap();
    let wanted = format!(
        "3:3: steps[0]: a step does one thing: give it {} or {last}",
        others.join(", ")
    );
    assert_eq!(steps("- id: a"), [wanted]);
}

#[rstest]
#[case::wait(
    "- wait: 365d",
    "3:9: steps[0].wait: \"365d\" is out of range; it must be whole seconds, from 1s to 364d"
)]
#[case::wait_not_a_number(
    "- wait: .nan",
    "3:9: steps[0].wait: \"NaN\" is not a length of time; write it like 30s, 10m, 1h30m or 2d"
)]
#[case::wait_without_until(
    "- wait: {}",
    "3:9: steps[0].wait: `until` is missing: a time, such as 2027-01-31T09:00:00Z"
)]
#[case::wait_until_no_time(
    "- wait: { until: tomorrow }",
    "3:18: steps[0].wait.until: \"tomorrow\" is not a time; write it as RFC 3339 has it, like 2027-01-31T09:00:00Z"
)]
#[case::wait_until_a_number("- wait: { until: 5 }", "3:18: steps[0].wait.until: is a number, but must be text")]
#[case::wait_list(
    "- wait: [1s]",
    "3:9: steps[0].wait: must be a length of time such as 30s, 10m, 1h30m or 2d, but is a list"
)]
#[case::set("- set: [a]", "3:8: steps[0].set: must be a map of variables, but is a list")]
#[case::set_bad_name(
    "- set: { 1x: 2 }",
    "3:10: steps[0].set: \"1x\" is no variable name: use letters, digits and '_', start with a letter or '_', at most 63 characters"
)]
#[case::block_empty("- steps: []", "3:10: steps[0].steps: is empty; there must be at least one step")]
#[case::block_no_list("- steps: { wait: 1s }", "3:10: steps[0].steps: must be a list, but is a map")]
#[case::else_without_if(
    "- steps: [wait: 1s]\n  else: [wait: 1s]",
    "4:9: steps[0]: `else` needs an `if`: without one it would never run"
)]
#[case::else_empty(
    "- if: true\n  steps: [wait: 1s]\n  else: []",
    "5:9: steps[0].else: is empty; there must be at least one step"
)]
#[case::choose_empty("- choose: []", "3:11: steps[0].choose: is empty; there must be at least one branch")]
#[case::choose_no_list("- choose: x", "3:11: steps[0].choose: must be a list, but is text")]
#[case::choose_no_branch("- choose: [x]", "3:12: steps[0].choose[0]: must be a map, but is text")]
#[case::choose_without_when(
    "- choose: [steps: [wait: 1s]]",
    "3:12: steps[0].choose[0]: `when` is missing: the condition of the branch"
)]
#[case::choose_without_steps(
    "- choose: [when: true]",
    "3:12: steps[0].choose[0]: `steps` is missing: what is done"
)]
#[case::choose_unknown(
    "- choose: [{ when: true, steps: [wait: 1s], output: x }]",
    "3:45: steps[0].choose[0]: `output` is not known; known are when, steps"
)]
#[case::parallel_empty(
    "- parallel: []",
    "3:13: steps[0].parallel: is empty; there must be at least one lane"
)]
#[case::parallel_without_steps(
    "- parallel: [name: x]",
    "3:14: steps[0].parallel[0]: `steps` is missing: what is done"
)]
#[case::parallel_empty_lane(
    "- parallel: [steps: []]",
    "3:21: steps[0].parallel[0].steps: is empty; there must be at least one step"
)]
#[case::lane_policy(
    "- parallel: [steps: [wait: 1s]]\n  on_lane_failure: ignored",
    "4:20: steps[0].on_lane_failure: `ignored` is not known; did you mean `ignore`?"
)]
#[case::for_each_without_steps("- for_each: [1]", "3:13: steps[0]: `steps` is missing: what is done for each item")]
#[case::for_each_over_a_map(
    "- for_each: { a: 1 }\n  steps: [wait: 1s]",
    "3:13: steps[0].for_each: must be a list, or an expression that gives one, but is a map"
)]
#[case::for_each_over_text(
    "- for_each: teams\n  steps: [wait: 1s]",
    "3:13: steps[0].for_each: must be a list, or an expression that gives one, but is text"
)]
#[case::for_each_concurrency(
    "- for_each: []\n  steps: [wait: 1s]\n  max_concurrency: 41",
    "5:20: steps[0].max_concurrency: must be a whole number from 1 to 40"
)]
#[case::for_each_no_concurrency(
    "- for_each: []\n  steps: [wait: 1s]\n  max_concurrency: 0",
    "5:20: steps[0].max_concurrency: must be a whole number from 1 to 40"
)]
#[case::wait_for_nothing(
    "- wait_for: { integration: p, incident_id: P1, timeout: 1h }",
    "3:13: steps[0].wait_for: `status` is missing, such as [acknowledged, resolved]; or `events`, such as [incident.annotated]"
)]
#[case::wait_for_both(
    "- wait_for: { integration: p, incident_id: P1, status: [resolved], events: [incident.annotated], timeout: 1h }",
    "3:76: steps[0].wait_for.events: stands beside `status`; a step waits for one of the two"
)]
#[case::wait_for_ever(
    "- wait_for: { integration: p, incident_id: P1, status: [resolved] }",
    "3:13: steps[0].wait_for: `timeout` is missing: how long it waits, such as 15m"
)]
#[case::wait_for_a_status_that_is_none(
    "- wait_for: { integration: p, incident_id: P1, status: [closed], timeout: 1h }",
    "3:57: steps[0].wait_for.status[0]: `closed` is not known; known are triggered, acknowledged, resolved"
)]
#[case::wait_for_no_status(
    "- wait_for: { integration: p, incident_id: P1, status: [], timeout: 1h }",
    "3:56: steps[0].wait_for.status: is empty, so that the wait would never end; name at least one status, such as triggered"
)]
#[case::wait_for_an_event_that_no_webhook_has(
    "- wait_for: { integration: p, incident_id: P1, events: [incident.acknowleged], timeout: 1h }",
    "3:57: steps[0].wait_for.events[0]: unknown type of event `incident.acknowleged`; did you mean `incident.acknowledged`?"
)]
#[case::wait_for_an_event_of_a_service(
    "- wait_for: { integration: p, incident_id: P1, events: [service.updated], timeout: 1h }",
    "3:57: steps[0].wait_for.events[0]: `service.updated` is about a service, and the step waits for an event of an incident"
)]
#[case::wait_for_a_status_with_a_condition(
    "- wait_for: { integration: p, incident_id: P1, status: [resolved], when: 'true', timeout: 1h }",
    "3:74: steps[0].wait_for.when: belongs to `events`: a wait for a `status` looks at the incident, and has no event"
)]
#[case::wait_for_what_the_event_has_not(
    "- wait_for: { integration: p, incident_id: P1, events: [incident.annotated], when: event.note > 3, timeout: 1h }",
    "3:84: steps[0].wait_for.when: `event.note` is text and `3` is a whole number, which are never the same"
)]
#[case::wait_for_longer_than_the_run(
    "- wait_for: { integration: p, incident_id: P1, status: [resolved], timeout: 24h }",
    "3:77: steps[0].wait_for.timeout: is no less than the time of the whole run, 24h, so `on_timeout` could never be; give the workflow a longer `timeout`, or the wait a shorter one"
)]
#[case::wait_for_an_account_that_differs_from_run_to_run(
    "- wait_for: { integration: '{{ event.id }}', incident_id: P1, status: [resolved], timeout: 1h }",
    "3:28: steps[0].wait_for.integration: \"{{ event.id }}\" is no integration alias: use lower-case letters, digits and '-', start with a letter, at most 63 characters"
)]
#[case::repeat(
    "- repeat: 3\n  steps: [wait: 1s]",
    "3:11: steps[0].repeat: must be a map, but is a number"
)]
#[case::repeat_without_steps(
    "- repeat: { every: 5m, at_most: 3 }",
    "3:11: steps[0]: `steps` is missing: what is done in each round"
)]
#[case::repeat_without_a_pause(
    "- repeat: { at_most: 3 }\n  steps: [wait: 1s]",
    "3:11: steps[0].repeat: `every` is missing: the time from the begin of a round to that of the next, such as 5m"
)]
#[case::repeat_with_no_pause(
    "- repeat: { every: 0s, at_most: 3 }\n  steps: [wait: 1s]",
    "3:20: steps[0].repeat.every: \"0s\" is out of range; it must be whole seconds, from 1s to 364d"
)]
#[case::repeat_without_end(
    "- repeat: { every: 5m, until: 'false' }\n  steps: [wait: 1s]",
    "3:11: steps[0].repeat: `at_most` is missing: how many rounds there are at most"
)]
#[case::repeat_with_no_round(
    "- repeat: { every: 5m, at_most: 0 }\n  steps: [wait: 1s]",
    "3:33: steps[0].repeat.at_most: must be a whole number from 1 to 1000"
)]
#[case::repeat_with_too_many_rounds(
    "- repeat: { every: 1s, at_most: 1001 }\n  steps: [wait: 1s]",
    "3:33: steps[0].repeat.at_most: must be a whole number from 1 to 1000"
)]
#[case::repeat_with_a_misspelt_word(
    "- repeat: { every: 5m, at_most: 3, untill: 'true' }\n  steps: [wait: 1s]",
    "3:36: steps[0].repeat: `untill` is not known; did you mean `until`?"
)]
#[case::repeat_that_outlasts_its_run(
    "- repeat: { every: 1h, at_most: 25 }\n  steps: [wait: 1s]",
    "3:33: steps[0].repeat.at_most: is too much: the last of 25 rounds would begin 24h after the first one, and the whole run has 24h; give the workflow a longer `timeout`, or let there be fewer rounds or a shorter `every`"
)]
#[case::repeat_that_cancels_its_lanes(
    "- repeat: { every: 5m, at_most: 3 }\n  steps: [wait: 1s]\n  on_lane_failure: cancel",
    "5:20: steps[0].on_lane_failure: must be `finish` or `ignore`: the rounds of a `repeat` come one after the other, so there is no other one to cancel"
)]
#[case::repeat_of_many_at_the_same_time(
    "- repeat: { every: 5m, at_most: 3 }\n  steps: [wait: 1s]\n  max_concurrency: 2",
    "5:20: steps[0]: `max_concurrency` goes with `for_each`"
)]
#[case::approval("- approval: 'ok?'", "3:13: steps[0].approval: must be a map, but is text")]
#[case::approval_without_a_message(
    "- approval: { timeout: 1h }",
    "3:13: steps[0].approval: `message` is missing: what people are asked"
)]
#[case::approval_without_a_time(
    "- approval: { message: m }",
    "3:13: steps[0].approval: `timeout` is missing: how long it waits for a decision, such as 30m"
)]
#[case::approval_without_choices(
    "- approval: { message: m, timeout: 1h, choices: [] }",
    "3:49: steps[0].approval.choices: is empty; there must be at least one choice"
)]
#[case::approval_with_a_choice_twice(
    "- approval: { message: m, timeout: 1h, choices: [a, b, a] }",
    "3:56: steps[0].approval.choices[2]: `a` stands twice"
)]
#[case::approval_with_a_choice_that_fits_on_no_button(
    "- approval: { message: m, timeout: 1h, choices: ['a '] }",
    "3:50: steps[0].approval.choices[0]: \"a \" cannot be a choice: give it 1 to 40 characters in one line, without a space at its ends, and not `fail`"
)]
#[case::approval_with_more_choices_than_a_page_shows(
    "- approval: { message: m, timeout: 1h, choices: [a, b, c, d, e, f, g, h, i, j, k] }",
    "3:49: steps[0].approval.choices: has 11 entries; at most 10 are allowed"
)]
#[case::approval_that_outlasts_its_run(
    "- approval: { message: m, timeout: 24h }",
    "3:36: steps[0].approval.timeout: is no less than the time of the whole run, 24h, so `on_timeout` could never be; give the workflow a longer `timeout`, or the approval a shorter one"
)]
#[case::approval_that_chooses_what_is_no_choice(
    "- approval: { message: m, timeout: 1h, on_timeout: leave }",
    "3:52: steps[0].approval.on_timeout: must be one of `approve`, `deny`, `fail`"
)]
#[case::approval_with_an_approver_that_matches_no_person(
    "- approval: { message: m, timeout: 1h, approvers: ['#oncall'] }",
    "3:52: steps[0].approval.approvers[0]: \"#oncall\" would let no person decide; write the ARN of a role or a user, such as arn:*:iam::123456789012:role/oncall, in which * stands for any text, the id of a user of Slack, such as slack:U0123456789, or `link` for all who have the link"
)]
#[case::approval_for_users_of_slack_who_get_no_button(
    "- approval: { message: m, timeout: 1h, approvers: [link, slack:U0123456789] }",
    "3:51: steps[0].approval.approvers: `slack:U0123456789` gets no button to press: give `notify` a message that `uses: slack.post_message`"
)]
#[case::approval_for_users_of_slack_with_a_form_that_no_button_fills_in(
    "- approval: { message: m, timeout: 1h, approvers: [slack:U0123456789], form: { reason: { type: text } }, notify: [{ uses: slack.reply, \
     with: { integration: p, channel: C1, thread: t, text: t } }] }",
    "3:51: steps[0].approval.approvers: a button of Slack fills in no form: give each field a `default`, or let others decide as well, such as `link`"
)]
#[case::approval_for_no_person(
    "- approval: { message: m, timeout: 1h, approvers: [] }",
    "3:51: steps[0].approval.approvers: is empty; there must be at least one approver"
)]
#[case::approval_that_tells_by_a_wait(
    "- approval: { message: m, timeout: 1h, notify: [{ wait: 1s }] }",
    "3:48: steps[0].approval.notify[0]: is `wait 1s`, but must call an action: give it `uses` and `with`"
)]
#[case::approval_with_a_form_that_no_person_fills_in(
    "- approval: { message: m, timeout: 1h, form: { hosts: { type: list } } }",
    "3:46: steps[0].approval.form.hosts: is a list, which no person can fill in; use text, integer, number, boolean, time or duration"
)]
#[case::approval_with_a_link_in_its_message(
    "- approval: { message: '{{ approval.link }}', timeout: 1h }",
    "3:24: steps[0].approval.message: `approval.link`: `approval` is only there in the `notify` of an approval"
)]
#[case::approval_with_a_word_that_is_none(
    "- approval: { message: m, timeout: 1h, choise: [a] }",
    "3:40: steps[0].approval: `choise` is not known; did you mean `choices`?"
)]
#[case::stop("- stop: 5", "3:9: steps[0].stop: is a number, but must be text")]
#[case::stop_without_a_reason("- stop:", "3:7: steps[0].stop: is null, but must be text")]
#[case::fail("- fail: [x]", "3:9: steps[0].fail: is a list, but must be text")]
#[case::run_workflow(
    "- run_workflow: Other",
    "3:17: steps[0].run_workflow: \"Other\" is no workflow name: use lower-case letters, digits and '-', start with a letter, at most 63 characters"
)]
#[case::run_workflow_with(
    "- run_workflow: b\n  with: [x]",
    "4:9: steps[0].with: must be a map of inputs, but is a list"
)]
#[case::run_workflow_input(
    "- run_workflow: b\n  with: { my-input: 1 }",
    "4:11: steps[0].with: \"my-input\" is no input name: use letters, digits and '_', start with a letter or '_', at most 63 characters"
)]
#[case::itself(
    "- run_workflow: a",
    "3:17: steps[0].run_workflow: would run itself without end; give the step an `if`"
)]
#[case::after_a_stop(
    "- stop: done\n- wait: 1s\n- wait: 2s",
    "4:3: steps[1]: is never come to: the `stop` before it has no `if`"
)]
#[case::after_a_failure_in_a_branch(
    "- steps:\n  - fail: x\n  - wait: 1s",
    "5:5: steps[0].steps[1]: is never come to: the `fail` before it has no `if`"
)]
fn w1_each_way_to_get_a_construct_wrong_is_told_with_its_place(#[case] source: &str, #[case] said: &str) {
    assert_eq!(steps(source), [said]);
}

#[rstest]
#[case::a_stop_that_may_not_be("- { if: event.id == 'x', stop: done }\n- wait: 1s")]
#[case::a_failure_that_is_passed_over("- { continue_on_error: true, fail: x }\n- wait: 1s")]
#[case::a_workflow_that_runs_itself_if("- { if: event.id == 'x', run_workflow: a }")]
#[case::a_workflow_that_runs_itself_unless_it_ends("- { if: event.id == 'x', stop: done }\n- run_workflow: a")]
#[case::a_block_without_a_condition("- steps: [wait: 1s]")]
fn what_may_make_sense_is_allowed(#[case] source: &str) {
    assert_eq!(steps(source), [""; 0]);
}

fn head(source: &str) -> Vec<String> {
    problems(&format!("name: a\nsteps: [wait: 1s]\n{source}\n"))
}

#[rstest]
#[case::inputs("inputs: [a]", "3:9: inputs: must be a map of inputs, but is a list")]
#[case::input_name(
    "inputs: { my-input: { type: text } }",
    "3:11: inputs: \"my-input\" is no input name: use letters, digits and '_', start with a letter or '_', at most 63 characters"
)]
#[case::input_without_type(
    "inputs: { a: {} }",
    "3:14: inputs.a: `type` is missing: text, integer, number, boolean, list, map, time or duration"
)]
#[case::input_type(
    "inputs: { a: { type: string } }",
    "3:22: inputs.a.type: `string` is not known; known are text, integer, number, boolean, list, map, time, duration"
)]
#[case::input_near_type(
    "inputs: { a: { type: bool } }",
    "3:22: inputs.a.type: `bool` is not known; did you mean `boolean`?"
)]
#[case::default_of_another_type(
    "inputs: { a: { type: integer, default: 1.5 } }",
    "3:40: inputs.a.default: must be a whole number as `type` says, but is a number"
)]
#[case::no_default(
    "inputs: { a: { type: text, default: } }",
    "3:35: inputs.a.default: must be text as `type` says, but is null"
)]
#[case::default_list(
    "inputs: { a: { type: list, default: {} } }",
    "3:37: inputs.a.default: must be a list as `type` says, but is a map"
)]
#[case::default_template(
    "inputs: { a: { type: list, default: ['{{ event.id }}'] } }",
    "3:37: inputs.a.default: is used as it stands, without templates; leave `{{ }}` to the step that uses the input"
)]
#[case::concurrency_without_key(
    "concurrency: { policy: skip }",
    "3:14: concurrency: `key` is missing: runs of the same key exclude each other, such as {{ event.incident.id }}"
)]
#[case::concurrency_policy(
    "concurrency: { key: x, policy: canel }",
    "3:32: concurrency.policy: `canel` is not known; did you mean `cancel`?"
)]
#[case::concurrency_key("concurrency: { key: 5 }", "3:21: concurrency.key: is a number, but must be text")]
#[case::concurrency_sees_no_steps(
    "concurrency: { key: '{{ steps.a.outcome }}' }",
    "3:21: concurrency.key: `steps` is not known; known are now, event, run, inputs"
)]
#[case::on_failure("on_failure: []", "3:13: on_failure: is empty; there must be at least one step")]
#[case::trigger("on: pagerduty", "3:5: on: must be a map, but is text")]
#[case::no_trigger(
    "on: {}",
    "3:5: on: `pagerduty` is missing: the webhook that starts the workflow; or `schedule` is missing: the times at which it starts"
)]
#[case::event_twice(
    "on: { pagerduty: { integration: p, events: [incident.triggered, incident.triggered] } }",
    "3:65: on.pagerduty.events[1]: `incident.triggered` stands twice"
)]
#[case::no_events(
    "on: { pagerduty: { integration: p, events: [] } }",
    "3:44: on.pagerduty.events: is empty, so that no event would start a run; name at least one type"
)]
#[case::no_service(
    "on: { pagerduty: { integration: p, events: [incident.triggered], services: [] } }",
    "3:76: on.pagerduty.services: is empty, so that no event would start a run; name at least one, or leave it out"
)]
#[case::services_are_a_list(
    "on: { pagerduty: { integration: p, events: [incident.triggered], services: PWIXJZS } }",
    "3:76: on.pagerduty.services: must be a list, but is text"
)]
#[case::team_is_a_number(
    "on: { pagerduty: { integration: p, events: [incident.triggered], teams: [a, 5] } }",
    "3:77: on.pagerduty.teams[1]: must be text, but is a number; put it in quotes if it is meant as text"
)]
#[case::team_is_blank(
    "on: { pagerduty: { integration: p, events: [incident.triggered], teams: [' '] } }",
    "3:74: on.pagerduty.teams[0]: is blank; give the id or the name that PagerDuty shows"
)]
#[case::priority_twice(
    "on: { pagerduty: { integration: p, events: [incident.triggered], priorities: [P1, P1] } }",
    "3:83: on.pagerduty.priorities[1]: `P1` stands twice"
)]
#[case::urgency(
    "on: { pagerduty: { integration: p, events: [incident.triggered], urgency: hihg } }",
    "3:75: on.pagerduty.urgency: `hihg` is not known; did you mean `high`?"
)]
#[case::misspelt_filter(
    "on: { pagerduty: { integration: p, events: [incident.triggered], sevices: [a] } }",
    "3:66: on.pagerduty: `sevices` is not known; did you mean `services`?"
)]
#[case::event_that_passes_no_filter(
    "on: { pagerduty: { integration: p, events: [incident.triggered, incident.annotated], urgency: high } }",
    "3:65: on.pagerduty.events[1]: `incident.annotated` does not tell service, teams, priority and urgency of an incident, \
     so that no such event would pass the filters; leave it out, or give it a workflow without filters"
)]
#[case::no_status(
    "on: { pagerduty: { integration: p, events: [incident.triggered], only_while: [] } }",
    "3:78: on.pagerduty.only_while: is empty, so that no run would do anything; name at least one status, such as triggered"
)]
#[case::misspelt_status(
    "on: { pagerduty: { integration: p, events: [incident.triggered], only_while: [trigered] } }",
    "3:79: on.pagerduty.only_while[0]: `trigered` is not known; did you mean `triggered`?"
)]
#[case::status_twice(
    "on: { pagerduty: { integration: p, events: [incident.triggered], only_while: [resolved, resolved] } }",
    "3:89: on.pagerduty.only_while[1]: duplicate"
)]
#[case::event_without_an_incident(
    "on: { pagerduty: { integration: p, events: [incident.triggered, service.updated], only_while: [resolved] } }",
    "3:65: on.pagerduty.events[1]: `service.updated` is about no incident whose status `only_while` could look at; leave it \
     out, or give it a workflow without `only_while`"
)]
#[case::timeout(
    "timeout: 0s",
    "3:10: timeout: \"0s\" is out of range; it must be whole seconds, from 1s to 364d"
)]
#[case::description(
    "description: 5",
    "3:14: description: must be text, but is a number; put it in quotes if it is meant as text"
)]
#[case::unknown("on_failures: []", "3:1: `on_failures` is not known; did you mean `on_failure`?")]
fn w1_each_way_to_get_the_head_wrong_is_told_with_its_place(#[case] source: &str, #[case] said: &str) {
    assert_eq!(head(source), [said]);
}

#[test]
fn the_head_of_a_workflow_is_read_and_written() {
    let source = "
name: a
on:
  pagerduty:
    integration: p
    events: [incident.triggered]
    webhook: v2
    services: [PWIXJZS, Checkout]
    teams: [Platform]
    priorities: [P1]
    urgency: high
inputs:
  team: { type: text, description: Who is called., default: ops }
timeout: 2d
concurrency: { key: '{{ inputs.team }} {{ event.incident.id }} {{ run.id }}', policy: skip }
steps: [wait: 1s]
on_failure: [wait: 2s]
";
    let expected = json!({
        "name": "a",
        "on": {"pagerduty": {
            "integration": "p", "events": ["incident.triggered"], "webhook": "v2",
            "services": ["PWIXJZS", "Checkout"], "teams": ["Platform"], "priorities": ["P1"], "urgency": "high"
        }},
        "inputs": {"team": {"type": "text", "description": "Who is called.", "default": "ops"}},
        "timeout": "48h",
        "concurrency": {"key": "{{ inputs.team }} {{ event.incident.id }} {{ run.id }}", "policy": "skip"},
        "steps": [{"wait": "1s"}],
        "on_failure": [{"wait": "2s"}]
    });
    assert_eq!(Definition::from_source(source, catalog()).unwrap().to_json(), expected);
}

/// A V2 message tells the whole incident, whatever it is about.
#[test]
fn every_event_of_a_v2_webhook_may_be_filtered() {
    let on = "on: { pagerduty: { integration: p, webhook: v2, events: [incident.annotated], urgency: low } }";
    assert_eq!(head(on), [""; 0]);
}

#[test]
fn a_workflow_without_a_trigger_is_started_by_people_and_other_workflows_and_may_ask_for_inputs() {
    let definition =
        Definition::from_source("name: a\ninputs: { x: { type: map } }\nsteps: [wait: 1s]", catalog()).unwrap();
    assert_eq!(definition.trigger, None);
    assert_eq!(definition.inputs.values().next().unwrap().default, None);
}

#[test]
fn an_input_needs_a_default_where_a_webhook_starts_the_workflow() {
    let on = "on: { pagerduty: { integration: p, events: [incident.triggered] } }";
    assert_eq!(
        head(&format!(
            "{on}\ninputs:\n  x: {{ type: text }}\n  y: {{ type: text, default: z }}"
        )),
        ["5:6: inputs.x: needs a `default`, because a webhook starts this workflow and brings no inputs"]
    );
}

#[rstest]
#[case::beyond_the_first_plane(r#""\ud83d\ude00""#, json!("😀"))]
#[case::among_others(r#""a\\ud83d \u00e9\/\n\ud83d\ude00\ud83d\ude00z""#, json!("a\\ud83d é/\n😀😀z"))]
#[case::largest_integer("18446744073709551615", json!(u64::MAX))]
#[case::smallest_integer("-9223372036854775808", json!(i64::MIN))]
fn json_is_read_as_other_programs_write_it(#[case] literal: &str, #[case] expected: Value) {
    let source = format!(r#"{{"name": "a", "steps": [{{"set": {{"x": {literal}}}}}]}}"#);
    let definition = Definition::from_source(&source, catalog()).unwrap();
    assert_eq!(definition.to_json()["steps"][0]["set"]["x"], expected);
    assert_eq!(serde_json::from_str::<Value>(literal).unwrap(), expected);
}

#[test]
fn in_yaml_a_backslash_means_what_it_means_in_yaml() {
    assert_eq!(written(r"- stop: '\ud83d\ude00'"), json!([{"stop": r"\ud83d\ude00"}]));
}

#[test]
fn a_wait_that_is_not_said_to_be_a_policy_waits() {
    let definition = Definition::from_source("name: a\nconcurrency: { key: x }\nsteps: [wait: 1s]", catalog()).unwrap();
    assert_eq!(definition.concurrency.unwrap().policy, ConcurrencyPolicy::Wait);
}

#[rstest]
#[case("iam.CreateUser")]
#[case("states.*")]
#[case("arn:aws:states:::aws-sdk:iam:createUser")]
#[case("pagerduty.*")]
fn w4_a_step_uses_an_action_of_the_list_and_nothing_else(#[case] action: &str) {
    let source = format!("name: a\nsteps:\n- uses: {action:?}\n  with: {{}}\n");
    let said = Definition::from_source(&source, catalog()).unwrap_err().to_string();
    assert!(
        said.starts_with("3:9: steps[0].uses: unknown action") && said.matches("`pagerduty.").count() <= 4,
        "{said}"
    );
}

#[test]
fn a_guard_against_late_events_without_the_action_that_looks_is_refused_and_not_dropped() {
    let source = "name: w\non: { pagerduty: { integration: p, events: [incident.triggered], only_while: [triggered] } }\nsteps: [{ wait: 1s }]\n";
    assert!(Definition::from_source(source, catalog()).is_ok());

    let problems = Definition::from_source(source, &Catalog::default())
        .unwrap_err()
        .to_string();

    assert!(
        problems.contains("on.pagerduty.only_while: needs the action `pagerduty.get_incident`"),
        "{problems}"
    );
}

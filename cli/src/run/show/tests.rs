//! What people read of a run.

use super::*;
use crate::output::as_json;
use rstest::rstest;
use serde_json::{Value, json};

fn view(status: &str, step: &Value) -> RunView {
    serde_json::from_value(json!({
        "run": "abc", "workflow": "memory-alert", "version": 3, "event_id": "e", "event_type": "incident.triggered",
        "incident_id": "P1", "incident_title": "disk\u{1b}full", "execution": "arn", "status": status,
        "started_at": "2026-11-22T10:00:00Z", "deadline": "2026-11-23T10:00:00Z", "ended_at": "2026-11-22T10:00:07.4Z",
        "error": {"name": "PagerDuty.NotFound", "message": "no such incident"}, "steps": [step]
    }))
    .unwrap()
}

fn step(state: &str) -> Value {
    json!({
        "path": "00000", "id": "ticket", "title": "pagerduty.create_incident", "state": state,
        "started_at": "2026-11-22T10:00:01.2Z", "ended_at": "2026-11-22T10:00:01.9Z", "until": "2026-11-22T10:00:11Z",
        "outputs": "{\"incident_id\":\"Q9\",\"incident_number\":19}",
        "attempts": [{"number": 1, "started_at": "2026-11-22T10:00:01.2Z",
                      "error": {"name": "PagerDuty.Unavailable", "message": "no connection"}}]
    })
}

/// Of a workflow of four steps.
fn names() -> Names {
    Names::of_definition(
        "name: memory-alert\nsteps:\n  - { id: ticket, wait: 1s }\n  - { steps: [{ wait: 1s }, { wait: 1s }, { wait: 1s }] }\n  \
         - wait: 1s\n  - { for_each: [1], steps: [{ wait: 1s }] }\n",
    )
}

fn text(view: &RunView) -> String {
    let whole = Whole {
        lanes: vec![(LanePath::main(), view.steps.clone())],
        ..Whole::default()
    };
    Shown::new(view.clone(), &whole, names()).text(Screen::plain())
}

fn shown(status: &str, state: &str) -> String {
    text(&view(status, &step(state)))
}

fn shown_with(step: &Value, changes: &Value) -> String {
    let mut view = json!(view("running", step));
    for (name, value) in changes.as_object().unwrap() {
        view[name] = value.clone();
    }
    // The inputs and outputs of steps are kept as text.
    view["steps"] = json!([step]);
    let view: RunView = serde_json::from_value(view).unwrap();
    text(&view)
}

fn fork(state: &str, outputs: &Value) -> Value {
    json!({
        "path": "00003", "title": "for_each", "state": state, "started_at": "2026-11-22T10:00:01Z",
        "ended_at": "2026-11-22T10:00:03Z", "lanes": 5, "outputs": outputs.to_string(),
    })
}

#[test]
fn a_step_with_lanes_says_how_they_ended_and_how_to_look_at_one_that_failed() {
    let lanes = [json!({"outcome": "success"}), json!({"outcome": "failure"})];
    let outputs = json!({"count": 5, "succeeded": 3, "failed": 1, "cancelled": 1, "lanes": lanes});
    let text = shown_with(&fork("failure", &outputs), &json!({}));
    assert!(
        text.contains("failed in 2.0 s: of 5 lanes 3 succeeded, 1 failed, 1 cancelled"),
        "{text}"
    );
    assert!(
        text.contains("Look at a lane with `pagerflow run show abc --lane '4[2]'`."),
        "{text}"
    );
}

#[rstest]
#[case::in_a_round("running", json!({}), "running: 2 rounds")]
#[case::between_two("waiting", json!({}), "waiting: 2 rounds, the next one at 10:05:00 UTC")]
#[case::done(
    "success",
    json!({"rounds": 2, "failed": 0, "ended_by": "until", "output": "resolved"}),
    "done in 2.0 s: 2 rounds, ended by `until`, output=resolved"
)]
#[case::failed(
    "failure",
    json!({"rounds": 2, "failed": 1, "ended_by": "failure", "output": null}),
    "failed in 2.0 s: 2 rounds, ended by `failure`, 1 failed"
)]
fn a_step_with_rounds_says_how_many_there_were_and_why_no_more(
    #[case] state: &str,
    #[case] outputs: Value,
    #[case] words: &str,
) {
    let mut step = fork(state, &outputs);
    step["title"] = json!("repeat");
    step["lanes"] = json!(2);
    step["until"] = json!("2026-11-22T10:05:00Z");
    let text = shown_with(&step, &json!({}));
    assert!(text.contains(words), "{text}");
    assert!(text.contains("`pagerflow run show abc --lane '4[2]'`"), "{text}");
}

#[test]
fn what_was_changed_in_an_input_stands_under_its_step() {
    let mut step = step("success");
    step["attempts"] = json!([{"number": 1, "started_at": "2026-11-22T10:00:01.2Z"}]);
    step["adjusted"] = json!([
        "`links[1]` was left out: it has no `href`",
        "`title` was cut: it is longer than 1024 characters"
    ]);
    let text = shown_with(&step, &json!({"status": "succeeded"}));
    assert!(
        text.contains(
            "done in 0.7 s: incident_id=Q9 incident_number=19\n          ! `links[1]` was left out: it has no `href`\n          \
             ! `title` was cut: it is longer than 1024 characters\n"
        ),
        "{text}"
    );
    let view = view("succeeded", &step);
    let told = as_json(&Shown::new(view, &Whole::default(), names()));
    assert_eq!(told["steps"][0]["adjusted"], step["adjusted"]);
}

#[test]
fn a_step_whose_lanes_run_says_how_many_there_are() {
    let text = shown_with(&fork("running", &json!({})), &json!({}));
    assert!(text.contains("running: 5 lanes"), "{text}");
}

#[test]
fn a_step_that_runs_a_workflow_names_the_run() {
    let mut step = step("running");
    step["run"] = json!("r-1");
    assert!(shown_with(&step, &json!({})).contains("running: run_id=r-1"));
}

#[test]
fn a_run_says_who_started_it() {
    let by_run = shown_with(&step("success"), &json!({"called_by": "caller"}));
    assert!(by_run.contains("started by the run caller"), "{by_run}");
    let by_hand = shown_with(&step("success"), &json!({"event_type": null, "incident_id": null}));
    assert!(by_hand.contains("started by hand, 2026"), "{by_hand}");
}

#[test]
fn a_skipped_run_says_why() {
    let text = shown_with(
        &step("success"),
        &json!({"status": "skipped", "reason": "the run x goes on"}),
    );
    assert!(text.starts_with("skipped: the run x goes on"), "{text}");
}

#[test]
fn a_step_in_a_block_stands_to_the_right_of_it() {
    let mut step = step("success");
    step["path"] = json!("00001.00000.00002");
    assert!(shown_with(&step, &json!({})).contains("✓   2/steps/3 (pagerduty"));
}

#[test]
fn a_run_that_succeeded_says_so_with_what_its_steps_gave() {
    insta::assert_snapshot!(shown("succeeded", "success"), @r#"
    succeeded in 7.4 s

    memory-alert v3, started by incident.triggered for P1 "disk�full", 2026-11-22 10:00:00 UTC
    run abc

       1.2 s  ✓ ticket (pagerduty.create_incident)   done in 0.7 s: incident_id=Q9 incident_number=19
                attempt 1 at 10:00:01 UTC: PagerDuty.Unavailable: no connection

    calls    pagerduty.create_incident once, 1 failed, about $0.00003
    cost     about $0.00006 (estimate): 2 state transitions, 1 Lambda request with 0.15 GB-s, 12 write and 0 read units of DynamoDB; prices of US East (N. Virginia), July 2025, without the free tier
    "#);
}

#[test]
fn a_run_that_failed_says_first_why_and_what_to_do() {
    let mut step = step("failure");
    step["error"] = json!({"name": "PagerDuty.NotFound", "message": "no such service"});
    step["input"] =
        json!(json!({"integration": "prod", "service": "PSVC8R2", "title": "disk \u{1b} full"}).to_string());
    step["attempts"] = json!([
        {"number": 1, "started_at": "2026-11-22T10:00:01.2Z", "ended_at": "2026-11-22T10:00:01.5Z",
         "error": {"name": "PagerDuty.Unavailable", "message": "no connection"}},
        {"number": 2, "started_at": "2026-11-22T10:00:11Z", "ended_at": "2026-11-22T10:00:11.4Z",
         "error": {"name": "PagerDuty.NotFound", "message": "no such service"}}
    ]);
    let text = shown_with(
        &step,
        &json!({"status": "failed", "execution": "arn:aws:states:eu-west-1:123456789012:execution:w:abc"}),
    );
    insta::assert_snapshot!(text, @r#"
    failed after 7.4 s: PagerDuty.NotFound
    no such incident
    What to do: Check the ids in the step's input: `pagerflow choices pagerduty.create_incident service --integration prod` lists what there is.
    To go on from there: pagerflow run replay abc --from ticket

    memory-alert v3, started by incident.triggered for P1 "disk�full", 2026-11-22 10:00:00 UTC
    run abc

       1.2 s  ✗ ticket (pagerduty.create_incident)   failed in 0.7 s, 2 attempts
                attempt 1 at 10:00:01 UTC, 0.3 s: PagerDuty.Unavailable: no connection
                attempt 2 at 10:00:11 UTC, 0.4 s: PagerDuty.NotFound: no such service
                with integration=prod service=PSVC8R2 title="disk � full"

    calls    pagerduty.create_incident on prod 2 times, 2 failed, about $0.00005
    cost     about $0.00009 (estimate): 3 state transitions, 2 Lambda requests with 0.3 GB-s, 12 write and 0 read units of DynamoDB; prices of US East (N. Virginia), July 2025, without the free tier
    console  https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:w:abc
    "#);
}

#[rstest]
#[case("aws", "eu-west-1", Some("eu-west-1.console.aws.amazon.com"))]
#[case("aws-cn", "cn-north-1", Some("cn-north-1.console.amazonaws.cn"))]
#[case("aws-us-gov", "us-gov-west-1", Some("us-gov-west-1.console.amazonaws-us-gov.com"))]
#[case::whose_console_is_not_known("aws-iso", "us-iso-east-1", None)]
fn the_console_is_that_of_the_partition(#[case] partition: &str, #[case] region: &str, #[case] host: Option<&str>) {
    let execution = format!("arn:{partition}:states:{region}:123456789012:execution:w:abc");
    let url = host.map(|host| format!("https://{host}/states/home?region={region}#/v2/executions/details/{execution}"));
    assert_eq!(console_url(&execution), url);
}

#[test]
fn a_step_that_a_replay_kept_is_shown_as_such_and_called_nothing() {
    let mut step = step("success");
    step["kept"] = json!(true);
    let text = shown_with(&step, &json!({"status": "succeeded", "replay_of": "older"}));
    assert!(text.contains("run abc, a replay of older"), "{text}");
    assert!(
        text.contains("= ticket (pagerduty.create_incident)   kept: incident_id=Q9"),
        "{text}"
    );
    assert!(text.contains("calls    none"), "{text}");
}

#[test]
fn a_step_that_is_tried_again_says_why_and_when() {
    let text = shown("running", "retrying");
    assert!(
        text.contains("attempt 1 failed, next at 10:00:11 UTC: PagerDuty.Unavailable: no connection"),
        "{text}"
    );
}

#[test]
fn each_attempt_has_a_line_of_its_requests() {
    let mut step = step("success");
    step["attempts"] = json!([{"number": 1, "started_at": "2026-11-22T10:00:01.2Z", "ended_at": "2026-11-22T10:00:01.6Z",
                               "requests": "GET slack.com 200 in 80 ms; POST slack.com 200 in 143 ms"}]);
    let text = shown_with(&step, &json!({}));
    assert!(
        text.contains("\n            GET slack.com 200 in 80 ms; POST slack.com 200 in 143 ms\n"),
        "{text}"
    );
    step["attempts"][0]["error"] = json!({"name": "Slack.RateLimited", "message": "slow"});
    let text = shown_with(&step, &json!({}));
    assert!(
        text.contains("Slack.RateLimited: slow\n            GET slack.com 200 in 80 ms"),
        "{text}"
    );
}

#[rstest]
#[case::just_started(json!({"number": 0}), "started, next look at 10:00:11 UTC")]
#[case::looked_at(json!({"number": 1}), "looked once, next look at 10:00:11 UTC")]
#[case::looked_at_in_vain(
    json!({"number": 12, "error": {"name": "Jenkins.Unavailable", "message": "no connection"}}),
    "looked 12 times, next look at 10:00:11 UTC; the last look failed: Jenkins.Unavailable: no connection"
)]
fn a_step_that_waits_for_what_it_has_started_says_when_it_looks(#[case] looks: Value, #[case] words: &str) {
    let mut step = step("waiting");
    step["attempts"] = json!([{"number": 1, "started_at": "2026-11-22T10:00:01.2Z", "looks": looks}]);
    let text = shown_with(&step, &json!({}));
    assert!(text.contains(words), "{text}");
}

#[test]
fn a_step_that_has_waited_for_what_it_started_says_how_often_it_looked() {
    let mut step = step("success");
    let looks = json!({"number": 3, "requests": "GET ci.example.com 200 in 90 ms"});
    step["attempts"] = json!([{"number": 1, "started_at": "2026-11-22T10:00:01.2Z", "looks": looks,
                               "requests": "POST ci.example.com 201 in 143 ms"}]);
    let text = shown_with(&step, &json!({}));
    assert!(text.contains("done in 0.7 s, looked 3 times"), "{text}");
    assert!(
        text.contains("POST ci.example.com 201 in 143 ms\n            last look: GET ci.example.com 200 in 90 ms\n"),
        "{text}"
    );
}

#[test]
fn what_to_do_about_a_refused_token_names_the_integration_of_the_step() {
    let mut step = step("failure");
    step["input"] = json!("{\"integration\":\"prod-eu\"}");
    let error = json!({"name": "PagerDuty.Unauthorized", "message": "m"});
    let text = shown_with(&step, &json!({"status": "failed", "error": error}));
    assert!(text.contains("`pagerflow integration set-token prod-eu`"), "{text}");
}

#[test]
fn what_to_do_and_how_to_go_on_agree_whether_another_version_is_needed() {
    for name in ["Template.Error", "PagerDuty.Unauthorized"] {
        let error = json!({"name": name, "message": "m"});
        let text = shown_with(&step("failure"), &json!({"status": "failed", "error": error}));
        let (remedy, go_on) = text.split_once("To go on from there:").unwrap();
        let go_on = go_on.lines().next().unwrap();
        assert_eq!(remedy.contains("--latest"), go_on.ends_with("--latest"), "{text}");
    }
}

#[test]
fn for_a_program_a_run_has_its_remedy_its_calls_and_its_cost() {
    let mut step = step("failure");
    step["input"] = json!("{\"integration\":\"prod\"}");
    step["outputs"] = json!("{}");
    let mut view = json!(view("failed", &step));
    view["steps"] = json!([step]);
    let view: RunView = serde_json::from_value(view).unwrap();
    let whole = Whole {
        lanes: vec![(LanePath::main(), view.steps.clone())],
        ..Whole::default()
    };
    let told = as_json(&Shown::new(view, &whole, names()));
    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap(), @r#"
    {
      "called_by": null,
      "calls": [
        {
          "action": "pagerduty.create_incident",
          "calls": 1,
          "estimated_usd": 0.0000272,
          "failed": 1,
          "integration": "prod"
        }
      ],
      "console_url": null,
      "cost": {
        "estimated_gigabyte_seconds": 0.15,
        "estimated_read_units": 0,
        "estimated_state_transitions": 2,
        "estimated_usd": 0.0000597,
        "estimated_write_units": 12,
        "lambda_requests": 1,
        "prices": "US East (N. Virginia), July 2025, without the free tier"
      },
      "deadline": "2026-11-23T10:00:00Z",
      "ended_at": "2026-11-22T10:00:07.4Z",
      "error": {
        "message": "no such incident",
        "name": "PagerDuty.NotFound"
      },
      "event_id": "e",
      "event_type": "incident.triggered",
      "execution": "arn",
      "incident_id": "P1",
      "incident_title": "disk\u001bfull",
      "reason": null,
      "remedy": "Check the ids in the step's input.",
      "replay_from": "ticket",
      "run": "abc",
      "started_at": "2026-11-22T10:00:00Z",
      "status": "failed",
      "steps": [
        {
          "attempts": [
            {
              "ended_at": null,
              "error": {
                "message": "no connection",
                "name": "PagerDuty.Unavailable"
              },
              "number": 1,
              "started_at": "2026-11-22T10:00:01.2Z"
            }
          ],
          "cut": [],
          "ended_at": "2026-11-22T10:00:01.9Z",
          "error": null,
          "id": "ticket",
          "input": {
            "integration": "prod"
          },
          "lanes": null,
          "outputs": {},
          "path": "ticket",
          "run": null,
          "started_at": "2026-11-22T10:00:01.2Z",
          "state": "failure",
          "title": "pagerduty.create_incident",
          "until": "2026-11-22T10:00:11Z"
        }
      ],
      "version": 3,
      "workflow": "memory-alert"
    }
    "#);
}

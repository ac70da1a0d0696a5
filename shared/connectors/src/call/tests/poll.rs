//! Jobs: looks until they have ended.

use super::*;
use rstest::rstest;

const ACTIONS: &str = r#"
actions:
  run:
    summary: Runs a job.
    repeat: never
    inputs:
      job: { type: text, required: true, summary: the job }
    request: { method: POST, path: "/jobs/{job}/run" }
    poll:
      at_most: 1h
      action: get_place
      with: { place: "{{ headers.location | split('/') | list | last }}" }
      done: "{{ body.run is not none }}"
      failed: body.cancelled
      every: 5s
      then:
        action: get_run
        with: { job: "{{ inputs.job }}", run: "{{ body.run | string }}" }
        done: body.state == 'ended'
        failed: body.state == 'ended' and not body.well
        message: "{{ body.reason }}"
        every: 30s
    outputs:
      run: { type: text, summary: the number, from: "{{ look.run }}" }
      state: { type: text, summary: the state, from: "{{ body.state }}" }
      of: { type: text, summary: the job, from: "{{ inputs.job }}" }
    example: |
      integration: desk
      job: restart
  get_place:
    summary: Reads a place in the queue.
    repeat: safe
    internal: true
    inputs:
      place: { type: text, required: true, pattern: '\d+', summary: the place }
    request: { method: GET, path: "/queue/{place}" }
    outputs: {}
  get_run:
    summary: Reads a run.
    repeat: safe
    internal: true
    inputs:
      job: { type: text, required: true, summary: the job }
      run: { type: text, required: true, summary: the run }
    request: { method: GET, path: "/jobs/{job}/runs/{run}" }
    outputs: {}
"#;

fn given() -> Given {
    Given::new(connector(BEARER, ACTIONS)).input(json!({"job": "restart"}))
}

/// The result of a call that looks for this, of a system with this answer, and the addresses that were asked.
async fn called(look: Option<Value>, answer: Answer) -> (Result<Performed, Error>, Vec<String>) {
    let server = Server::that_answers(vec![answer]).await.unwrap();
    let transport = server.as_all_systems().unwrap();
    let performed = given().call("run", look, &transport).await;
    let asked = server
        .requests()
        .iter()
        .map(|request| request.uri.to_string())
        .collect();
    (performed, asked)
}

fn at_place() -> Value {
    json!({"stage": 0, "with": {"place": "12"}})
}

fn at_run() -> Value {
    json!({"stage": 1, "with": {"job": "restart", "run": "7"}})
}

fn not_yet(look: Value, after_seconds: u32) -> Performed {
    Performed::NotYet { look, after_seconds }
}

#[tokio::test]
async fn what_is_looked_for_stands_in_the_answer_to_the_request_that_starts_it() {
    let queued = Answer::Text(201, &[("location", "https://desk.example.com/queue/12")], String::new());
    let (performed, asked) = called(None, queued).await;
    assert_eq!(performed.unwrap(), not_yet(at_place(), 5));
    assert_eq!(asked, ["/api/jobs/restart/run"]);
}

#[tokio::test]
async fn an_answer_that_does_not_say_what_to_look_for_leaves_it_open_what_was_started() {
    let (performed, _) = called(None, ok(json!({}))).await;
    assert_eq!(performed.unwrap_err().name().to_string(), "Desk.OutcomeUnknown");
}

#[rstest]
#[case::it_goes_on(at_place(), json!({"run": null}), not_yet(at_place(), 5), "/api/queue/12")]
#[case::the_next_look_follows(at_place(), json!({"run": 7}), not_yet(at_run(), 30), "/api/queue/12")]
#[case::that_goes_on_too(at_run(), json!({"state": "running"}), not_yet(at_run(), 30), "/api/jobs/restart/runs/7")]
#[case::the_outputs_are_those_of_the_last_answer(
    at_run(),
    json!({"state": "ended", "well": true}),
    Performed::Done(json!({"run": "7", "state": "ended", "of": "restart"}).as_object().unwrap().clone()),
    "/api/jobs/restart/runs/7"
)]
#[tokio::test]
async fn a_call_with_a_look_only_looks(
    #[case] look: Value,
    #[case] answer: Value,
    #[case] expected: Performed,
    #[case] asked: &str,
) {
    let (performed, requests) = called(Some(look), ok(answer)).await;
    assert_eq!(performed.unwrap(), expected);
    assert_eq!(requests, [asked]);
}

#[rstest]
#[case::with_words(at_run(), json!({"state": "ended", "reason": "out of disk."}), "desk.run: Desk has begun it, and it did not end well: out of disk")]
#[case::without(at_place(), json!({"cancelled": true}), "desk.run: Desk has begun it, and it did not end well")]
#[tokio::test]
async fn an_end_that_is_a_failure_is_one_of_the_action(#[case] look: Value, #[case] answer: Value, #[case] told: &str) {
    let error = called(Some(look), ok(answer)).await.0.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.name().to_string().as_str()),
        (told, "Desk.JobFailed")
    );
}

#[rstest]
#[case::a_fault(Answer::Text(500, &[], String::new()), "Desk.Unavailable")]
#[case::not_found(Answer::Text(404, &[], String::new()), "Desk.NotFound")]
#[case::no_condition(ok(json!({"run": {"is": "none"}, "cancelled": "perhaps"})), "Desk.Unavailable")]
#[tokio::test]
async fn a_look_that_fails_leaves_nothing_open(#[case] answer: Answer, #[case] name: &str) {
    let (performed, _) = called(Some(at_place()), answer).await;
    assert_eq!(performed.unwrap_err().name().to_string(), name);
}

#[rstest]
#[case::of_another_form(json!("12"))]
#[case::of_a_look_that_there_is_not(json!({"stage": 2, "with": {}}))]
#[case::without_what_it_needs(json!({"stage": 0, "with": {}}))]
#[tokio::test]
async fn a_look_that_is_not_ours_is_refused(#[case] look: Value) {
    let (performed, asked) = called(Some(look), ok(json!({}))).await;
    assert_eq!(performed.unwrap_err().name().to_string(), "Input.Invalid");
    assert_eq!(asked, Vec::<String>::new());
}

#[test]
fn the_action_says_how_long_it_is_looked_at() {
    let connector = connector(BEARER, ACTIONS);
    assert_eq!(connector.action("run").unwrap().spec().job_seconds, Some(3_600));
    assert_eq!(connector.action("get_run").unwrap().spec().job_seconds, None);
    assert!(
        connector
            .action("run")
            .unwrap()
            .looks_with()
            .eq(["get_place", "get_run"])
    );
}

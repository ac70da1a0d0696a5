//! The cases of a file, and what is expected of them.

use super::*;
use serde_json::json;

/// A workflow with a step of each kind that an expectation can be about.
const WORKFLOW: &str = "name: w
on:
  pagerduty: { integration: prod, events: [incident.triggered], urgency: high }
inputs:
  hosts: { type: list, default: [a, b] }
steps:
  - id: look
    uses: pagerduty.get_incident
    with: { integration: prod, incident_id: \"{{ event.incident.id }}\" }
  - id: each
    for_each: \"{{ inputs.hosts }}\"
    steps:
      - id: note
        uses: pagerduty.add_note
        with: { integration: prod, incident_id: \"{{ event.incident.id }}\", from: a@b.c, note: \"Host {{ item }}\" }
  - choose:
      - when: steps.look.outputs.urgency == \"high\"
        steps:
          - id: loud
            wait: 5m
    default:
      - id: quiet
        wait: 1s
";

/// The case of a file, which plays an urgent incident.
fn case(expect: &str) -> String {
    format!(
        "cases:\n  - name: it works\n    sample: incident.triggered\n    set: {{ incident.urgency: high }}\n    expect: {expect}\n"
    )
}

/// Plays a file of cases for the workflow.
async fn checked(cases: &str) -> Result<Shown, String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let workflow = write("w.yaml", WORKFLOW);
    let cases = write("cases.yaml", cases);
    let shown = played(&[&workflow, "--expect", &cases]).await;
    shown.map_err(|error| error.replace(&folder.path().display().to_string(), "."))
}

/// The differences of the only case, as programs get them.
async fn mismatches(expect: &str) -> Vec<Value> {
    let shown = checked(&case(expect)).await.unwrap();
    assert_eq!(shown.has_failed, shown.json["passed"] == false);
    shown.json["cases"][0]["mismatches"].as_array().unwrap().clone()
}

#[rstest]
#[case("ask-before-paging")]
#[case("escalate-unless-acknowledged")]
#[case("hand-over")]
#[case("memory-alert")]
#[case("restart-ecs-service")]
#[case("war-room")]
#[tokio::test]
async fn every_case_of_an_example_passes(#[case] name: &str) {
    let workflow = format!("examples/{name}.yaml");
    let cases = format!("examples/tests/{name}.yaml");
    let shown = played(&[&workflow, "--expect", &cases]).await.unwrap();
    assert!(!shown.has_failed, "{}", shown.text);
    let count = shown.json["cases"].as_array().unwrap().len();
    assert!(
        shown.text.ends_with(&format!("{count} of {count} passed")),
        "{}",
        shown.text
    );
}

#[test]
fn the_examples_that_are_played_are_all_that_there_are() {
    let files = fs::read_dir(root().join("examples/tests")).unwrap();
    assert_eq!(files.count(), 6);
}

#[rstest]
#[case::outcome("{ outcome: succeeded }")]
#[case::step("{ steps: { look: success } }")]
#[case::step_by_its_number("{ steps: { 1: success } }")]
#[case::input("{ steps: { look: { input: { integration: prod } } } }")]
#[case::output("{ steps: { look: { outputs: { urgency: high } } } }")]
#[case::attempts("{ steps: { look: { attempts: 1 } } }")]
#[case::every_lane("{ steps: { note: success } }")]
#[case::one_lane("{ steps: { \"each[2]/note\": { input: { note: Host b } } } }")]
#[case::branch_that_is_not_taken("{ steps: { loud: success, quiet: not_reached } }")]
#[case::some_requests("{ requests_include: [POST /incidents/Q1CHECKOUT0001/notes] }")]
#[tokio::test]
async fn what_happened_can_be_expected(#[case] expect: &str) {
    assert_eq!(mismatches(expect).await, Vec::<Value>::new(), "{expect}");
}

#[rstest]
#[case::outcome("{ outcome: failed }", json!([{ "about": "outcome", "expected": "failed", "actual": "succeeded" }]))]
#[case::error("{ error: PagerDuty.NotFound }", json!([{ "about": "error", "expected": "PagerDuty.NotFound", "actual": null }]))]
#[case::step("{ steps: { look: skipped } }", json!([{ "about": "steps.look", "expected": "skipped", "actual": "success" }]))]
#[case::not_reached("{ steps: { quiet: success } }", json!([{ "about": "steps.quiet", "expected": "success", "actual": "not_reached" }]))]
#[case::reached("{ steps: { loud: not_reached } }", json!([{ "about": "steps.loud", "expected": "not_reached", "actual": "success" }]))]
#[case::error_of_a_step(
    "{ steps: { look: { error: PagerDuty.NotFound } } }",
    json!([{ "about": "steps.look.error", "expected": "PagerDuty.NotFound", "actual": null }])
)]
#[case::attempts("{ steps: { look: { attempts: 2 } } }", json!([{ "about": "steps.look.attempts", "expected": 2, "actual": 1 }]))]
#[case::output(
    "{ steps: { look: { outputs: { urgency: low, status: triggered } } } }",
    json!([{ "about": "steps.look.outputs.urgency", "expected": "low", "actual": "high" }])
)]
#[case::output_that_is_none(
    "{ steps: { look: { outputs: { urgencies: low } } } }",
    json!([{ "about": "steps.look.outputs.urgencies", "expected": "low", "actual": null }])
)]
#[case::one_lane_of_all(
    "{ steps: { note: { input: { note: Host a } } } }",
    json!([{ "about": "steps.each[2]/note.input.note", "expected": "Host a", "actual": "Host b" }])
)]
#[case::missing_request(
    "{ requests_include: [POST /incidents] }",
    json!([{
        "about": "requests_include",
        "expected": "POST /incidents",
        "actual": ["GET /incidents/Q1CHECKOUT0001", "POST /incidents/Q1CHECKOUT0001/notes", "POST /incidents/Q1CHECKOUT0001/notes"]
    }])
)]
#[tokio::test]
async fn a_difference_names_what_was_expected_and_what_was_seen(#[case] expect: &str, #[case] differences: Value) {
    assert_eq!(json!(mismatches(expect).await), differences, "{expect}");
}

#[tokio::test]
async fn requests_are_all_that_were_sent_in_their_order() {
    let sent = mismatches("{ requests: [] }").await;
    let sent: Vec<&str> = sent[0]["actual"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let list = |sent: &[&str]| format!("{{ requests: [\"{}\"] }}", sent.join("\", \""));
    assert_eq!(mismatches(&list(&sent)).await, Vec::<Value>::new());
    let backwards: Vec<&str> = sent.iter().copied().rev().collect();
    assert_eq!(mismatches(&list(&backwards)).await.len(), 1);
    assert_eq!(mismatches(&list(&sent[1..])).await.len(), 1);
}

#[tokio::test]
async fn a_case_that_does_not_pass_shows_the_difference_and_its_timeline() {
    let cases = "cases:
  - name: low urgency starts nothing
    sample: incident.triggered
    set: { incident.urgency: low }
    expect: { outcome: not_started }
  - name: the look may fail
    sample: incident.triggered
    set: { incident.urgency: high }
    at: 2027-01-15T03:00:00Z
    fail: { look: PagerDuty.NotFound }
    expect:
      outcome: succeeded
      steps: { look: success, note: success }
      requests: [GET /incidents/Q1CHECKOUT0001, POST /incidents]
";
    let shown = checked(cases).await.unwrap();
    assert!(shown.has_failed);
    insta::assert_snapshot!("cases", shown.text);
    let mut json = shown.json;
    for case in json["cases"].as_array_mut().unwrap() {
        let report = case["report"].as_object_mut().unwrap();
        report.retain(|field, _| field == "outcome");
    }
    insta::assert_snapshot!("cases_json", serde_json::to_string_pretty(&json).unwrap());
}

#[tokio::test]
async fn each_event_of_a_folder_is_a_case() {
    let folder = Folder::new("cases");
    folder.event("triggered.json", |_| ());
    folder.event("resolved.json", |event| {
        event["event"]["event_type"] = "incident.resolved".into();
    });
    folder.file("notes.txt", "");
    let cases = folder.file(
        "cases.yaml",
        "cases:\n  - { name: all, event: ., expect: { outcome: succeeded } }\n",
    );
    let shown = played(&[MEMORY, "--expect", &cases]).await.unwrap();
    let passed = shown.json["cases"].as_array().unwrap().iter();
    let passed: Vec<String> = passed
        .map(|case| format!("{} {}", case["name"], case["passed"]))
        .collect();
    assert_eq!(passed, ["\"all: resolved.json\" false", "\"all: triggered.json\" true"]);
    assert!(shown.text.ends_with("1 of 2 passed"), "{}", shown.text);
    assert_eq!(shown.json["passed_over"][1]["file"], "notes.txt");
}

#[tokio::test]
async fn several_events_of_one_case_are_delivered_one_after_another() {
    let folder = Folder::new("several");
    let event = folder.event("triggered.json", |_| ());
    let again = folder.event("again.json", |event| event["event"]["id"] = "01ANOTHER".into());
    let source = format!("cases:\n  - {{ name: two, event: [{event}, {again}], expect: {{ outcome: failed }} }}\n");
    let shown = played(&[MEMORY, "--expect", &folder.file("cases.yaml", &source)])
        .await
        .unwrap();
    assert_eq!(shown.json["cases"][0]["report"]["runs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_workflow_that_is_started_by_hand_gets_inputs_and_answers() {
    let folder = Folder::new("by-hand");
    let file = folder.file("restart.yaml", ASKS);
    let cases = "cases:
  - name: answered
    input: { host: db-2 }
    answer: { ok: restart@5m }
    result: {}
    expect: { outcome: succeeded, steps: { ok: { outputs: { choice: restart, form: { why: made up } } }, then: success } }
  - name: no answer
    expect: { outcome: failed, error: Step.TimedOut }
";
    let cases = folder.file("cases.yaml", cases);
    let shown = played(&[&file, "--expect", &cases]).await.unwrap();
    assert!(!shown.has_failed, "{}", shown.text);
}

#[tokio::test]
async fn the_outputs_of_a_step_can_be_given() {
    let cases = format!(
        "{}    result: {{ look: {{ urgency: low }} }}\n",
        case("{ steps: { quiet: success } }")
    );
    let shown = checked(&cases).await.unwrap();
    assert!(!shown.has_failed, "{}", shown.text);
}

#[tokio::test]
async fn a_case_without_a_time_is_played_at_noon_of_a_monday() {
    let shown = checked(&case("{ outcome: succeeded }")).await.unwrap();
    let run = &shown.json["cases"][0]["report"]["runs"][0];
    assert_eq!(run["started_at"], "2027-01-04T12:00:00Z");
}

#[rstest]
#[case::no_cases("cases: []\n", "cases.yaml:1:8: cases: is empty; there must be at least one case")]
#[case::nothing("", "the file of cases is empty")]
#[case::unknown_word("case: []\n", "1:1: `case` is not known; did you mean `cases`?")]
#[case::no_name(
    "cases:\n  - { sample: incident.triggered, expect: { outcome: failed } }\n",
    "2:5: cases[0]: `name` is missing"
)]
#[case::no_expectation(
    "cases:\n  - { name: a, sample: incident.triggered }\n",
    "2:5: cases[0]: `expect` is missing"
)]
#[case::empty_expectation(&case("{}"), "5:13: cases[0].expect: is empty, so the case would always pass")]
#[case::empty_step(&case("{ steps: { look: {} } }"), "cases[0].expect.steps.look: is empty; expect an outcome")]
#[case::no_steps(&case("{ steps: {} }"), "cases[0].expect.steps: is empty; name a step")]
#[case::no_outputs(&case("{ steps: { look: { outputs: {} } } }"), "look.outputs: is empty; name a value")]
#[case::includes_nothing(&case("{ requests_include: [] }"), "that nothing is sent is `requests: []`")]
#[case::unknown_outcome(&case("{ outcome: success }"), "5:24: cases[0].expect.outcome: `success` is not known; did you mean `succeeded`?")]
#[case::unknown_outcome_of_a_step(&case("{ steps: { look: failed } }"), "`failed` is not known")]
#[case::unknown_step(&case("{ steps: { lok: success } }"), "5:24: cases[0].expect.steps: there is no step `lok`, did you mean `look`?")]
#[case::unknown_error(&case("{ error: NotFound }"), "there is no error \"NotFound\"")]
#[case::no_request(&case("{ requests: [notes] }"), "`POST /incidents`")]
#[case::attempts_of_what_is_not_reached(&case("{ steps: { look: { outcome: not_reached, attempts: 0 } } }"), "expect nothing else of it")]
#[case::two_of_one_name(
    &format!("{0}{1}", case("{ outcome: failed }"), case("{ outcome: failed }").replace("cases:\n", "")),
    "6:11: cases[1].name: another case has the name `it works`"
)]
#[case::event_that_is_not_there(
    "cases:\n  - { name: a, event: gone.json, expect: { outcome: failed } }\n",
    "2:23: cases[0].event: ./gone.json could not be read"
)]
#[case::event_that_is_none(
    "cases:\n  - { name: a, event: w.yaml, expect: { outcome: failed } }\n",
    "2:23: cases[0].event: ./w.yaml has no event: it is not JSON"
)]
#[case::folder_without_events(
    "cases:\n  - { name: a, event: ., expect: { outcome: failed } }\n",
    "has no events: no file in it ends in .json"
)]
#[case::folder_among_files(
    "cases:\n  - { name: a, event: [.], expect: { outcome: failed } }\n",
    "cases[0].event[0]: a folder is given alone"
)]
#[case::event_and_sample(
    "cases:\n  - { name: a, event: a.json, sample: incident.triggered, expect: { outcome: failed } }\n",
    "`event` and `sample` exclude each other"
)]
#[case::nothing_to_play(
    "cases:\n  - { name: a, expect: { outcome: failed } }\n",
    "an event starts the workflow w; give one with `event` or `sample`"
)]
#[case::time_of_an_event(
    "cases:\n  - { name: a, event: w.yaml, at: 2027-01-15T03:00:00Z, expect: { outcome: failed } }\n",
    "cases[0].at: is for `sample` and `input`; an event in a file happens at its own time"
)]
#[case::no_time(&case("{ outcome: failed }").replace("set:", "at: noon\n    set:"), "cases[0].at: must be a time in RFC 3339")]
#[case::no_sample(&case("{ outcome: failed }").replace("triggered", "trigered"), "did you mean `incident.triggered`?")]
#[case::no_field_of_a_sample(
    &case("{ outcome: failed }").replace("urgency: high", "urgncy: high"),
    "4:12: cases[0].set.incident.urgncy: `urgncy` is not known; did you mean `urgency`?"
)]
#[case::no_failure(
    &format!("{}    fail: {{ lok: PagerDuty.NotFound }}\n", case("{ outcome: failed }")),
    "6:18: cases[0].fail.lok: there is no step lok"
)]
#[case::no_answer(
    &format!("{}    answer: {{ look: yes }}\n", case("{ outcome: failed }")),
    "cases[0].answer.look: `look` (pagerduty.get_incident) is not an approval"
)]
#[case::no_signal(
    &format!("{}    signal: [incident.acknowledged]\n", case("{ outcome: failed }")),
    "6:14: cases[0].signal[0]: \"incident.acknowledged\": write it as TYPE@AFTER"
)]
#[case::signal_that_no_step_waits_for(
    &format!("{}    signal: [incident.acknowledged@3m]\n", case("{ outcome: failed }")),
    "no step waits for incident.acknowledged"
)]
#[case::no_input(
    "cases:\n  - { name: a, input: { host: a }, expect: { outcome: failed } }\n",
    "cases[0].input: the inputs of the run cannot be used"
)]
#[tokio::test]
async fn a_file_that_cannot_be_played_is_refused_with_the_place(#[case] cases: &str, #[case] words: &str) {
    let refused = checked(cases).await.unwrap_err();
    assert!(refused.contains(words), "{refused}");
}

#[tokio::test]
async fn all_problems_of_a_file_are_told_at_once() {
    let cases = "cases:\n  - { name: a, event: gone.json, expect: { steps: { lok: success } } }\n  - { expect: {} }\n";
    let refused = checked(cases).await.unwrap_err();
    assert!(refused.starts_with("5 problems\n"), "{refused}");
}

#[rstest]
#[case(&["--event", TRIGGERED])]
#[case(&["--sample", "incident.triggered"])]
#[case(&["--at", "2027-01-15T03:00:00Z"])]
#[case(&["--input", "a=b"])]
#[case(&["--fail", "ticket=PagerDuty.NotFound"])]
#[case(&["--answer", "ok=yes"])]
#[case(&["--signal", "incident.resolved@1m"])]
#[case(&["--plan"])]
#[tokio::test]
async fn what_is_for_a_single_run_does_not_go_with_a_file_of_cases(#[case] option: &[&str]) {
    let line = [MEMORY, "--expect", "examples/tests/memory-alert.yaml"]
        .into_iter()
        .chain(option.iter().copied());
    let refused = played(&line.collect::<Vec<_>>()).await.unwrap_err();
    assert!(refused.contains("cannot be used with"), "{refused}");
}

#[tokio::test]
async fn a_dry_run_shows_the_time_that_a_relative_one_came_to() {
    let folder = Folder::new("relative");
    let source = "name: w\nsteps:\n  - uses: pagerduty.list_incidents\n    with: { integration: prod, since: -24h }\n";
    let file = folder.file("w.yaml", source);
    let played = played(&[&file, "--at", "2027-01-15T10:00:00Z"]).await.unwrap();
    assert!(played.text.contains("since: 2027-01-14T10:00:00Z\n"), "{}", played.text);
}

mod expect;
mod field_cases;

use super::*;
use crate::output::as_json;
use clap::Parser;
use rstest::rstest;
use serde_json::Value;
use std::{fs, path::Path};

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

/// A rehearsal as people and programs get it.
#[derive(Debug)]
struct Shown {
    text: String,
    json: Value,
    has_failed: bool,
}

/// Where the examples and the events are.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("."))
}

/// Plays what a command line says. Paths in it are those of the repository.
async fn played(words: &[&str]) -> Result<Shown, String> {
    let words = words.iter().map(|word| {
        let is_path = ["examples/", "events/"].iter().any(|folder| word.starts_with(folder));
        if is_path {
            root().join(word).display().to_string()
        } else {
            (*word).to_owned()
        }
    });
    let line = Line::try_parse_from(["test".to_owned()].into_iter().chain(words)).map_err(|error| error.to_string())?;
    let played = play(&line.arguments, Notices).await;
    let played = played.map_err(|error| error.to_string().replace(&root().display().to_string(), "."))?;
    Ok(Shown {
        text: played.text(Screen::plain()),
        json: as_json(&played),
        has_failed: played.is_failure(),
    })
}

const MEMORY: &str = "examples/memory-alert.yaml";
const TRIGGERED: &str = "events/pagerduty/webhook-v3-incident-triggered.json";

#[tokio::test]
async fn a_rehearsal_tells_each_step_with_its_input_its_requests_and_its_result() {
    let played = played(&[MEMORY, "--event", TRIGGERED]).await.unwrap();
    insta::assert_snapshot!("memory_alert", played.text);
    assert!(!played.has_failed);
}

#[tokio::test]
async fn a_program_gets_the_same_as_json() {
    let played = played(&[MEMORY, "--event", TRIGGERED]).await.unwrap();
    insta::assert_snapshot!("memory_alert_json", serde_json::to_string_pretty(&played.json).unwrap());
}

#[tokio::test]
async fn a_plan_has_one_line_for_each_step() {
    let played = played(&[MEMORY, "--event", "events/webhook-ingress-v3.json", "--plan"])
        .await
        .unwrap();
    insta::assert_snapshot!("memory_alert_plan", played.text);
}

#[tokio::test]
async fn failures_are_told_with_their_attempts_and_what_came_of_them() {
    let fails = [
        "--fail",
        "ticket=PagerDuty.RateLimited:1",
        "--fail",
        "4=PagerDuty.Forbidden",
    ];
    let line = [MEMORY, "--event", TRIGGERED].into_iter().chain(fails);
    let played = played(&line.collect::<Vec<_>>()).await.unwrap();
    insta::assert_snapshot!("memory_alert_failing", played.text);
    assert!(played.has_failed);
}

#[tokio::test]
async fn lanes_are_told_with_their_names_and_items() {
    let given = [
        "--input",
        "what=the database",
        "--input",
        "ends_at=2027-01-15T09:00:00Z",
        "--at",
        "2027-01-15T08:00:00Z",
    ];
    let line = ["examples/maintenance-window.yaml"].into_iter().chain(given);
    let played = played(&line.collect::<Vec<_>>()).await.unwrap();
    insta::assert_snapshot!("maintenance_window", played.text);
}

#[tokio::test]
async fn of_many_rounds_the_first_the_failed_and_the_last_are_told() {
    let folder = Folder::new("rounds");
    let source = "name: w\nsteps:\n  - id: check\n    repeat: { every: 1h, until: index == 99, at_most: 9 }\n    on_lane_failure: ignore\n    \
                  steps:\n      - { id: now, uses: pagerduty.get_incident, with: { integration: prod, incident_id: Q1 } }\n    output: \"{{ steps.now.outputs.status }}\"\n";
    let file = folder.file("rounds.yaml", source);
    let line = [
        &file,
        "--at",
        "2027-01-15T08:00:00Z",
        "--fail",
        "check[6]/now=PagerDuty.NotFound",
    ];
    insta::assert_snapshot!("rounds", played(&line).await.unwrap().text);
    let result = "check[2]/now={\"status\":\"acknowledged\"}";
    let source = source.replace("index == 99", "steps.now.outputs.status == 'acknowledged'");
    let file = folder.file("rounds.yaml", &source);
    let played = played(&[&file, "--result", result]).await.unwrap();
    let outputs = &played.json["runs"][0]["steps"][0]["outputs"];
    let expected = serde_json::json!({"rounds": 2, "failed": 0, "ended_by": "until", "output": "acknowledged"});
    assert_eq!(*outputs, expected);
}

#[tokio::test]
async fn a_workflow_that_is_run_by_another_is_told_inside_it() {
    let folder = Folder::new("inside");
    let event = folder.event("p1.json", |event| {
        event["event"]["data"]["service"]["summary"] = "Database".into();
        event["event"]["data"]["priority"] =
            serde_json::json!({"id": "PP1", "type": "priority_reference", "summary": "P1"});
    });
    let files = ["examples/database-outage.yaml", "examples/page-teams.yaml"];
    let line = files
        .into_iter()
        .chain(["--event", event.as_str(), "--fail", "incident=PagerDuty.NotFound"]);
    let played = played(&line.collect::<Vec<_>>()).await.unwrap();
    insta::assert_snapshot!("database_outage", played.text);
    assert!(played.has_failed);
}

#[tokio::test]
async fn all_that_an_incident_response_does_is_told() {
    let folder = Folder::new("response");
    let event = folder.event("p1.json", |event| {
        event["event"]["event_type"] = "incident.priority_updated".into();
        event["event"]["data"]["priority"] =
            serde_json::json!({"id": "PP1", "type": "priority_reference", "summary": "P1"});
    });
    let line = ["examples/incident-response.yaml", "--event", event.as_str()];
    let played = played(&line).await.unwrap();
    insta::assert_snapshot!("incident_response", played.text);
}

const HAND_OVER: &str = "examples/hand-over.yaml";

#[tokio::test]
async fn a_workflow_with_a_schedule_is_played_at_a_time_at_which_it_is_due() {
    let played = played(&[HAND_OVER, "--at", "2027-01-12T08:00:00Z"]).await.unwrap();
    insta::assert_snapshot!("hand_over", played.text);
    assert_eq!(played.json["runs"][0]["scheduled_at"], "2027-01-12T08:00:00Z");
    assert_eq!(played.json["runs"][0]["event"], Value::Null);
}

#[tokio::test]
async fn without_a_time_a_schedule_is_played_at_its_next_one() {
    let played = played(&[HAND_OVER]).await.unwrap();
    let due: Timestamp = played.json["runs"][0]["scheduled_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(due > Timestamp::now());
    assert!(
        played
            .text
            .starts_with(&format!("hand-over, started by its schedule, due at {due}\n")),
        "{}",
        played.text
    );
}

#[tokio::test]
async fn a_workflow_that_a_scheduled_one_runs_sees_when_that_was_due() {
    let folder = Folder::new("called-by-schedule");
    let caller = folder.file(
        "nightly.yaml",
        "name: nightly\non: { schedule: { every: 1h } }\nsteps: [{ run_workflow: report }]\n",
    );
    let called = folder.file(
        "report.yaml",
        "name: report\nsteps:\n  - if: event.type == \"schedule\"\n    set: { due: \"{{ event.scheduled_at }}\" }\n",
    );
    let played = played(&[&caller, &called, "--at", "2027-01-12T08:00:00Z"])
        .await
        .unwrap();
    assert!(played.text.contains("due = 2027-01-12T08:00:00Z"), "{}", played.text);
}

#[rstest]
#[case::not_due("30 2 * * *", "2027-03-27T08:00:00Z", &["is not due at 2027-03-27T08:00:00Z (2027-03-27 09:00 in Europe/Berlin)", "its schedule is 30 2 * * * in Europe/Berlin"])]
#[case::skipped("30 2 * * *", "2027-03-28T02:30:00+01:00", &["(2027-03-28 03:30 in Europe/Berlin)", "02:30 is skipped on that day, when the clocks change", "it is due next at 2027-03-29 02:30 in Europe/Berlin, which is 2027-03-29T00:30:00Z"])]
#[case::comes_twice("30 2 * * *", "2027-10-31T01:30:00Z", &["clocks show this time for the second time", "it is due the first time alone"])]
#[tokio::test]
async fn a_time_at_which_a_schedule_is_not_due_is_refused_with_the_next_one(
    #[case] cron: &str,
    #[case] at: &str,
    #[case] said: &[&str],
) {
    let folder = Folder::new(&format!("not-due-{}", at.replace([':', '+'], "-")));
    let source = format!(
        "name: nightly\non: {{ schedule: {{ cron: \"{cron}\", timezone: Europe/Berlin }} }}\nsteps: [{{ wait: 1s }}]\n"
    );
    let file = folder.file("nightly.yaml", &source);
    let error = played(&[&file, "--at", at]).await.unwrap_err();
    for words in said {
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn what_is_changed_in_an_input_is_told_under_its_step() {
    let folder = Folder::new("adjusted");
    let workflow = folder.file(
        "alert.yaml",
        "name: alert
steps:
  - uses: pagerduty.trigger_alert
    with: { integration: prod, routing_key: checkout, summary: Disk full, source: db-1, severity: info, client_url: \"{{ 'x' ~ 1 }}\" }
",
    );
    let played = played(&[&workflow]).await.unwrap();
    let said = "`client_url` was left out: it must be a URL that begins with `https://` or `http://`";
    assert!(played.text.contains(&format!("! {said}\n")), "{}", played.text);
    assert_eq!(
        played.json["runs"][0]["steps"][0]["adjusted"],
        serde_json::json!([said])
    );
}

#[tokio::test]
async fn a_folder_of_events_is_a_suite_with_a_line_for_each() {
    let suite = played(&[MEMORY, "--event", "events/pagerduty"]).await.unwrap();
    insta::assert_snapshot!("suite", suite.text);
    assert!(suite.has_failed, "a V2 delivery is none for a V3 trigger");
}

#[tokio::test]
async fn a_plan_tells_why_a_run_would_fail_and_what_to_do() {
    let fail = ["--plan", "--fail", "ticket=PagerDuty.Forbidden"];
    let line = [MEMORY, "--event", TRIGGERED].into_iter().chain(fail);
    let played = played(&line.collect::<Vec<_>>()).await.unwrap();
    insta::assert_snapshot!("memory_alert_plan_failing", played.text);
    assert!(played.has_failed);
}

#[tokio::test]
async fn of_a_folder_what_is_no_delivery_is_passed_over_and_told() {
    let suite = played(&[MEMORY, "--event", "events/"]).await.unwrap();
    insta::assert_snapshot!("suite_with_others", suite.text);
    let passed_over = suite.json["passed_over"].as_array().unwrap();
    assert!(
        passed_over.iter().any(|it| it["file"] == "create-incident.json"),
        "{passed_over:?}"
    );
}

#[tokio::test]
async fn events_are_read_with_a_byte_order_mark_and_in_utf_16_and_hidden_files_are_passed_over() {
    let folder = Folder::new("forms");
    let plain = fs::read_to_string(root().join(TRIGGERED)).unwrap();
    let wide = |unit: fn(u16) -> [u8; 2]| plain.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let forms = [
        ("utf-8-mark.json", [b"\xef\xbb\xbf", plain.as_bytes()].concat()),
        ("utf-16-le.json", [&b"\xff\xfe"[..], &wide(u16::to_le_bytes)].concat()),
        ("utf-16-be.json", [&b"\xfe\xff"[..], &wide(u16::to_be_bytes)].concat()),
        ("utf-16-no-mark.json", wide(u16::to_le_bytes)),
    ];
    for (name, bytes) in &forms {
        let path = folder.0.join(name);
        fs::write(&path, bytes).unwrap();
        let alone = played(&[MEMORY, "--event", path.to_str().unwrap()]).await.unwrap();
        assert!(
            !alone.has_failed && alone.text.contains("succeeded"),
            "{name}: {}",
            alone.text
        );
    }
    fs::write(folder.0.join("._utf-8-mark.json"), [0, 5, 22, 7, 0]).unwrap();

    let suite = played(&[MEMORY, "--event", folder.path().as_str()]).await.unwrap();

    assert!(!suite.has_failed, "{}", suite.text);
    assert_eq!(suite.json["events"].as_array().unwrap().len(), forms.len());
    let passed_over = serde_json::json!([{"file": "._utf-8-mark.json", "reason": "it is a hidden file"}]);
    assert_eq!(suite.json["passed_over"], passed_over);
}

#[tokio::test]
async fn an_event_that_is_no_text_is_named_and_fails_the_suite() {
    let folder = Folder::new("latin");
    folder.event("right.json", |_| ());
    fs::write(folder.0.join("latin-1.json"), b"{\"event\": \"gr\xfcn\"}").unwrap();
    let suite = played(&[MEMORY, "--event", folder.path().as_str()]).await.unwrap();
    assert!(
        suite.has_failed && suite.text.contains("is not text in UTF-8 or UTF-16: byte 14 is none"),
        "{}",
        suite.text
    );
}

#[tokio::test]
async fn each_set_shows_what_it_has_set() {
    let folder = Folder::new("sets");
    let source = "name: w\nsteps:\n  - set: { a: 1 }\n  - set: { b: \"{{ vars.a + 1 }}\", a: 7 }\n  - steps: [{ set: { c: [1] } }]\n";
    let played = played(&[&folder.file("w.yaml", source)]).await.unwrap();
    insta::assert_snapshot!(played.text.lines().filter(|line| !line.starts_with("run ")).collect::<Vec<_>>().join("\n"), @"
    w, started by hand
          +0s  ✓ 1 (set)
                 a = 1
          +0s  ✓ 2 (set)
                 a = 7
                 b = 2
          +0s  ✓ 3 (steps)
          +0s    ✓ 3/steps/1 (set)
                   c = [1]
    succeeded in 0s
    nothing sent
    ");
    let steps = &played.json["runs"][0]["steps"];
    assert_eq!(steps[0]["variables"], serde_json::json!({"a": 1}));
    assert_eq!(steps[1]["variables"], serde_json::json!({"a": 7, "b": 2}));
}

#[tokio::test]
async fn one_item_of_a_for_each_is_made_to_fail_by_its_name() {
    let folder = Folder::new("item");
    let page =
        "{ id: page, uses: pagerduty.add_note, with: { integration: prod, incident_id: P1, from: a@b.c, note: x } }";
    let source = format!("name: w\nsteps:\n  - id: each\n    for_each: [a, b, c]\n    steps: [{page}]\n");
    let file = folder.file("w.yaml", &source);
    for (name, failed) in [
        ("each[2]/1", vec![2]),
        ("each[3]/page", vec![3]),
        ("page", vec![1, 2, 3]),
        ("each/steps/1", vec![1, 2, 3]),
    ] {
        let fail = format!("{name}=PagerDuty.NotFound");
        let played = played(&[&file, "--fail", &fail]).await.unwrap();
        let lanes = played.json["runs"][0]["steps"][0]["lanes"].as_array().unwrap();
        let of = lanes
            .iter()
            .filter(|lane| lane["outcome"] == "failure")
            .map(|lane| lane["number"].as_u64().unwrap());
        assert_eq!(of.collect::<Vec<_>>(), failed, "{name}: {}", played.text);
    }
}

const ASKS: &str = "name: restart
inputs:
  host: { type: text, default: db-1 }
steps:
  - id: ok
    approval:
      message: \"Restart {{ inputs.host }}?\"
      choices: [restart, leave it]
      form:
        why: { type: text }
      timeout: 30m
      notify:
        - uses: pagerduty.add_note
          with: { integration: prod, incident_id: P1, from: a@b.c, note: \"Decide: {{ approval.link }}\" }
  - id: then
    wait: 1s
";

#[tokio::test]
async fn an_approval_is_answered_after_a_time() {
    let folder = Folder::new("answered");
    let file = folder.file("restart.yaml", ASKS);
    let line = [&file, "--at", "2027-01-15T10:00:00Z", "--answer", "ok=restart@5m"];
    let played = played(&line).await.unwrap();
    insta::assert_snapshot!("approval_answered", played.text);
    let step = &played.json["runs"][0]["steps"][0];
    assert_eq!(step["outputs"]["at"], "2027-01-15T10:05:00Z");
    assert_eq!(step["remarks"], serde_json::json!(["made up in the form: why"]));
    assert_eq!(played.json.get("unanswered"), None);
}

#[tokio::test]
async fn an_approval_without_an_answer_says_so_and_how_to_give_one() {
    let folder = Folder::new("unanswered");
    let file = folder.file("restart.yaml", ASKS);
    let played = played(&[&file, "--at", "2027-01-15T10:00:00Z"]).await.unwrap();
    insta::assert_snapshot!("approval_unanswered", played.text);
    assert!(played.has_failed);
    assert_eq!(
        played.json["unanswered"],
        serde_json::json!([{"workflow": "restart", "step": "ok", "choices": ["restart", "leave it"]}])
    );
}

#[tokio::test]
async fn a_suite_answers_an_approval_that_the_definition_before_has_not() {
    let folder = Folder::new("new-approval");
    let before = "name: w
on:
  pagerduty: { integration: prod, events: [incident.triggered] }
steps:
  - id: then
    wait: 1s
";
    let ask = "steps:\n  - id: ok\n    approval: { message: Restart?, timeout: 30m }\n";
    let after = folder.file("after.yaml", &before.replace("steps:\n", ask));
    let before = folder.file("before.yaml", before);
    let line = [&after, "--event", TRIGGERED, "--against", &before];
    let answered = line.iter().copied().chain(["--answer", "ok=approve"]);
    let answered = played(&answered.collect::<Vec<_>>()).await.unwrap();
    assert!(!answered.has_failed, "{}", answered.text);
    let unanswered = played(&line).await.unwrap();
    let hint = "no answer for ok: try --answer ok=approve or --answer ok=deny";
    assert!(unanswered.text.ends_with(hint), "{}", unanswered.text);
    let refused = line.into_iter().chain(["--answer", "okk=approve"]);
    let error = played(&refused.collect::<Vec<_>>()).await.unwrap_err();
    assert!(error.contains("did you mean `ok`?"), "{error}");
}

#[rstest]
#[case::two(&["ok=restart", "1=leave it"], "two answers for `1`; an approval is decided once")]
#[case::no_step(&["okk=restart"], "there is no step `okk`, did you mean `ok`?")]
#[case::no_approval(&["then=restart"], "`then` (wait 1s) is not an approval, so it takes no answer; the only approval is `ok`")]
#[case::no_choice(&["ok=approve"], "unknown choice `approve`; the choices are `restart`, `leave it`")]
#[case::no_length(&["ok=restart@soon"], "\"soon\" is not a length of time")]
#[case::too_late(&["ok=restart@30m"], "30m is too late, because the approval waits for 30m")]
#[case::no_form(&["ok"], "is not in the form STEP=CHOICE or STEP=CHOICE@AFTER")]
#[tokio::test]
async fn an_answer_that_cannot_be_given_is_refused(#[case] answers: &[&str], #[case] words: &str) {
    let folder = Folder::new(&format!("answers-{}", words.len()));
    let file = folder.file("restart.yaml", ASKS);
    let answers = answers.iter().flat_map(|answer| ["--answer", answer]);
    let line: Vec<&str> = std::iter::once(file.as_str()).chain(answers).collect();
    let error = played(&line).await.unwrap_err();
    assert!(error.contains(words), "{error}");
}

#[tokio::test]
async fn a_delivery_of_a_folder_that_is_damaged_fails_the_suite() {
    let folder = Folder::new("damaged");
    folder.event("right.json", |_| ());
    folder.file("torn.json", "{\"event\": {\"id\"");
    let suite = played(&[MEMORY, "--event", folder.path().as_str()]).await.unwrap();
    assert!(
        suite.has_failed && suite.text.contains("torn.json   it has no event: it is not JSON"),
        "{}",
        suite.text
    );
}

#[tokio::test]
async fn a_suite_tells_what_is_different_from_another_definition() {
    let folder = Folder::new("against");
    let source = fs::read_to_string(root().join(MEMORY)).unwrap();
    let before = folder.file(
        "before.yaml",
        &source
            .replace("wait: 5s", "wait: 10m")
            .replace("Memory pressure", "Memory"),
    );
    folder.event("triggered.json", |_| ());
    folder.event("resolved.json", |event| {
        event["event"]["event_type"] = "incident.resolved".into();
    });
    let played = played(&[MEMORY, "--event", folder.path().as_str(), "--against", &before])
        .await
        .unwrap();
    insta::assert_snapshot!("against", played.text);
    let events = played.json["events"].as_array().unwrap();
    let told = events.iter().map(|event| {
        let outcomes = [&event["report"]["outcome"], &event["against"]["outcome"]];
        format!("{} {outcomes:?} {:#}", event["event"], event["difference"])
    });
    insta::assert_snapshot!("against_json", told.collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn a_name_of_a_thing_in_pagerduty_has_an_id_in_a_rehearsal() {
    let folder = Folder::new("names");
    let source = fs::read_to_string(root().join(MEMORY)).unwrap();
    let file = folder.file("named.yaml", &source.replace("PSVC8R2", "\"Checkout Service\""));
    let played = played(&[&file, "--event", TRIGGERED]).await.unwrap();
    assert!(played.text.contains("service: PCHECKOUTSERVICE"), "{}", played.text);
}

#[rstest]
#[case::no_event(&[MEMORY], "give one with --event")]
#[case::event_and_input(&[MEMORY, "--event", TRIGGERED, "--input", "a=b"], "an event brings no inputs")]
#[case::missing_input(&["examples/maintenance-window.yaml"], "`what` is missing")]
#[case::no_delivery(&[MEMORY, "--event", "events/create-incident.json"], "has no event: it is neither what PagerDuty sends")]
#[case::no_file(&[MEMORY, "--event", "events/none.json"], "could not be read")]
#[case::no_trigger(&["examples/page-teams.yaml", "--event", TRIGGERED], "no event starts the workflow page-teams")]
#[case::event_for_a_schedule(&[HAND_OVER, "--event", TRIGGERED], "no event starts the workflow hand-over: it has a schedule")]
#[case::sample_for_a_schedule(&[HAND_OVER, "--sample", "incident.triggered"], "it has a schedule; leave --sample out")]
#[case::no_step(&[MEMORY, "--event", TRIGGERED, "--fail", "tiket=PagerDuty.NotFound"], "there is no step tiket")]
#[case::stored_path(&[MEMORY, "--event", TRIGGERED, "--fail", "00003=PagerDuty.NotFound"], "`00003` counts from 0, and names count from 1: write `4`")]
#[case::no_error(&[MEMORY, "--event", TRIGGERED, "--fail", "ticket=NotFound"], "there is no error \"NotFound\"")]
#[case::no_outputs(&[MEMORY, "--event", TRIGGERED, "--result", "ticket=7"], "the outputs of a step are a map")]
#[case::twice(&[MEMORY, MEMORY, "--event", TRIGGERED], "both define the workflow memory-alert")]
#[case::no_delivery_for_a_suite(&[MEMORY, "--event", "events/create-incident.json", "--against", MEMORY], "create-incident.json has no event: it is neither")]
#[case::empty_folder(&[MEMORY, "--event", "examples/"], "no file in it ends in .json")]
#[tokio::test]
async fn what_cannot_be_rehearsed_is_told_with_a_remedy(#[case] line: &[&str], #[case] words: &str) {
    let error = played(line).await.unwrap_err();
    assert!(error.contains(words), "{error}");
}

/// A folder for the time of a test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pagerflow-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// The event of the samples, changed.
    fn event(&self, name: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut event = serde_json::from_slice(&fs::read(root().join(TRIGGERED)).unwrap()).unwrap();
        change(&mut event);
        self.file(name, &event.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the folder for temporary files.
        let _left = fs::remove_dir_all(&self.0);
    }
}

const ESCALATE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/escalate-unless-acknowledged.yaml"
);

/// The workflow that waits for an acknowledgement, for an urgent incident at ten o'clock.
fn waits<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let line = [
        ESCALATE,
        "--sample",
        "incident.triggered",
        "--set",
        "incident.urgency=high",
    ];
    let line = line.into_iter().chain(["--at", "2027-01-15T10:00:00Z"]);
    line.chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn a_signal_ends_a_wait_at_its_time() {
    let line = waits(&[
        "--signal",
        "incident.acknowledged@3m",
        "--signal",
        "incident.resolved@20m",
    ]);
    let played = played(&line).await.unwrap();
    insta::assert_snapshot!("signalled", played.text);
    let steps = &played.json["runs"][0]["steps"];
    assert_eq!(steps[0]["outputs"]["at"], "2027-01-15T10:03:00Z");
    assert_eq!(steps[1]["steps"][0]["outputs"]["at"], "2027-01-15T10:20:00Z");
}

#[tokio::test]
async fn a_wait_without_a_signal_comes_to_the_end_of_its_time_and_says_so() {
    let played = played(&waits(&[])).await.unwrap();
    insta::assert_snapshot!("not_signalled", played.text);
    let step = &played.json["runs"][0]["steps"][0];
    assert_eq!(
        step["remarks"],
        serde_json::json!([
            "looked 5 times; the last look is shown",
            "no --signal ended it, so its time was over after 15m"
        ])
    );
}

#[tokio::test]
async fn a_signal_has_the_field_that_is_set() {
    let folder = Folder::new("signal-with-field");
    let wait = "{ integration: prod, incident_id: P1, events: [incident.annotated], when: \"'undo' in event.note\", timeout: 1h }";
    let file = folder.file(
        "note.yaml",
        &format!("name: w\nsteps:\n  - id: note\n    wait_for: {wait}\n"),
    );
    let line = [
        &file,
        "--signal",
        "incident.annotated@1m",
        "--signal",
        "incident.annotated@2m:content=undo it",
        "--at",
        "2027-01-15T10:00:00Z",
    ];
    let outputs = &played(&line).await.unwrap().json["runs"][0]["steps"][0]["outputs"];
    assert_eq!(
        (&outputs["event"]["note"], &outputs["at"]),
        (&"undo it".into(), &"2027-01-15T10:02:00Z".into())
    );
}

#[rstest]
#[case::without_a_time("incident.acknowledged", "write it as TYPE@AFTER")]
#[case::time_that_is_none("incident.acknowledged@soon", "soon")]
#[case::type_that_is_none("incident.acknowleged@3m", "did you mean `incident.acknowledged`?")]
#[case::type_of_a_service("service.updated@3m", "a run waits for events of incidents only")]
#[case::field_that_is_none("incident.annotated@3m:contnt=x", "did you mean `content`?")]
#[tokio::test]
async fn a_signal_that_cannot_come_is_refused(#[case] signal: &str, #[case] said: &str) {
    let refused = played(&waits(&["--signal", signal])).await.unwrap_err();
    assert!(refused.contains(said), "{refused}");
}

#[tokio::test]
async fn a_signal_to_a_workflow_that_waits_for_none_is_refused() {
    let folder = Folder::new("signal-to-none");
    let file = folder.file("w.yaml", "name: w\nsteps:\n  - wait: 1s\n");
    let refused = played(&[&file, "--signal", "incident.resolved@3m"]).await.unwrap_err();
    assert!(
        refused.contains("no step waits for incident.resolved: `wait_for` does"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_signal_changes_an_incident_that_rounds_look_at() {
    let workflow = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/page-until-acknowledged.yaml");
    let line = [
        workflow,
        "--sample",
        "incident.triggered",
        "--set",
        "incident.urgency=high",
    ];
    let line = line.into_iter().chain(["--signal", "incident.acknowledged@25m"]);
    let played = played(&line.collect::<Vec<_>>()).await.unwrap();
    let outputs = &played.json["runs"][0]["steps"][1]["outputs"];
    assert_eq!((&outputs["rounds"], &outputs["ended_by"]), (&3.into(), &"until".into()));
}

#[tokio::test]
async fn an_action_of_a_connector_of_the_users_own_is_played_with_its_request_and_fails_with_errors_of_its_system() {
    let folder = Folder::new("own-connector");
    let connector = folder.file("desk.yaml", crate::known_connectors::tests::DESK);
    let source =
        "name: w\nsteps:\n  - { id: open, uses: desk.open_ticket, with: { integration: ops, title: Disk full } }\n";
    let file = folder.file("w.yaml", source);
    let line = [file.as_str(), "--connector", connector.as_str()];
    let told = played(&line).await.unwrap();
    let request = &told.json["runs"][0]["steps"][0]["attempts"][0]["requests"][0];
    assert_eq!(
        (&request["host"], &request["path"]),
        (&"acme.example.com".into(), &"/tickets".into()),
        "{request:#}"
    );
    assert_eq!(request["body"]["title"], "Disk full", "{request:#}");
    let failing = [
        file.as_str(),
        "--connector",
        connector.as_str(),
        "--fail",
        "open=HelpDesk.Forbidden",
    ];
    assert_eq!(
        played(&failing).await.unwrap().json["runs"][0]["error"]["name"],
        "HelpDesk.Forbidden"
    );
    let without = played(&line[..1]).await.unwrap_err();
    assert!(without.contains("unknown action `desk.open_ticket`"), "{without}");
}

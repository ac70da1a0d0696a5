//! The state of an execution, which Step Functions limits.

use super::{
    tree::{Tree, workflow},
    *,
};

/// What Step Functions takes as a state, in bytes.
const LIMIT: usize = 256 * 1024;

/// Fields that make the body take as much of the input as one may: text that does not compress, of so many bytes.
fn noise(length: usize) -> Value {
    let Value::Object(mut fields) = large() else { panic!() };
    let Some(Value::String(text)) = fields.remove("noise") else {
        panic!()
    };
    json!({ "noise": text.chars().take(length).collect::<String>() })
}

/// The largest body that still rides in the input of an execution.
fn full_body() -> Value {
    let fits = |length: usize| {
        let input = admitted(noise(length)).input;
        json!(input)["cause"]["event"]["body"]["in"] == "input"
    };
    // The largest length that fits, to a few bytes.
    let (mut most, mut step) = (0, 128 * 1024);
    while step > 8 {
        if fits(most + step) {
            most += step;
        }
        step /= 2;
    }
    noise(most)
}

/// Text of a template that gives so many bytes.
fn filler(bytes: usize) -> String {
    format!("\"{{{{ 'x' * {bytes} }}}}\"")
}

/// A cause as long as one of ours can be.
fn long_failure() -> Value {
    let cause = json!({"errorType": "PagerDuty.InvalidRequest", "errorMessage": "e".repeat(4_000)});
    json!({"Error": "PagerDuty.InvalidRequest", "Cause": cause.to_string()})
}

/// A step with the largest input that an action may have.
fn largest_input() -> String {
    format!(
        "{{ uses: pagerduty.create_incident, with: {{ integration: prod, title: t, body: {}, service: P1, escalation_policy: P2, from: a@b.c }} }}",
        filler(48 * 1024 - 160)
    )
}

#[tokio::test]
async fn f35_the_largest_event_with_full_variables_and_the_largest_input_of_an_action_fits() {
    let steps = format!(
        "  - set: {{ v: {} }}\n  - {}\n",
        filler(32 * 1024 - 100),
        largest_input()
    );
    let mut tree = Tree::with_data(&workflow(&steps), full_body());
    assert!(
        tree.input.to_string().len() > 128 * 1024,
        "{} bytes",
        tree.input.to_string().len()
    );
    tree.result = long_failure();

    let command = tree.play().await;

    assert_eq!(command["error"], "PagerDuty.InvalidRequest", "{command}");
    assert!((190_000..=LIMIT).contains(&tree.largest), "{} bytes", tree.largest);
}

#[tokio::test]
async fn f35_full_inputs_of_a_run_by_hand_with_full_variables_fit() {
    let steps = format!("set: {{ v: {} }}", filler(16 * 1024 - 100));
    let definition = format!(
        "name: w\ninputs: {{ a: {{ type: text }} }}\nsteps:\n  - {{ {steps} }}\n  - {}\n",
        largest_input()
    );
    let mut tree = Tree::by_hand(&definition, &json!({"a": "y".repeat(16 * 1024)}));
    tree.result = long_failure();

    let command = tree.play().await;

    assert_eq!(command["error"], "PagerDuty.InvalidRequest", "{command}");

    assert!((95_000..=LIMIT).contains(&tree.largest), "{} bytes", tree.largest);
}

#[tokio::test]
async fn f35_a_full_fork_beside_the_largest_event_and_full_variables_fits() {
    let steps = format!(
        "  - set: {{ v: {} }}\n  - for_each: \"{{{{ range(100) }}}}\"\n    steps: [{{ set: {{ x: 1 }} }}]\n    output: {}\n",
        filler(32 * 1024 - 200),
        filler(100)
    );
    let mut tree = Tree::with_data(&workflow(&steps), full_body());

    assert_eq!(tree.play().await["type"], "succeed");

    assert_eq!(tree.started.len(), 100);
    assert!((180_000..=LIMIT).contains(&tree.largest), "{} bytes", tree.largest);
}

/// The lists that an action gives have 30 KiB: more than other answers, and the next state has them beside all else.
#[tokio::test]
async fn f35_the_answer_of_an_action_that_gives_lists_has_room_or_the_action_is_not_called() {
    let steps = "  - { uses: pagerduty.list_alerts, with: { integration: prod, incident_id: P1 } }\n";
    let mut ends = std::collections::BTreeSet::new();
    for padding in (60..124).step_by(4) {
        let mut tree = Tree::with_data(&workflow(steps), full_body());
        tree.input["cause"]["event"]["filter_error"] = Value::Null;
        tree.input["cause"]["event"]["event_type"] = json!("p".repeat(padding * 1024));
        let entry = json!({"id": "P1", "summary": "s".repeat(900)});
        tree.result = json!({"output": {"alerts": vec![entry; 31], "more": true}});
        let command = tree.play().await;
        assert!(
            tree.largest <= LIMIT,
            "{} bytes with {padding} KiB: {}",
            tree.largest,
            command["type"]
        );
        ends.insert(command["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        ends.into_iter().collect::<Vec<_>>(),
        ["fail", "succeed"],
        "both sides of the limit"
    );
}

#[tokio::test]
async fn f35_what_would_be_too_large_all_the_same_ends_the_run_with_what_to_do() {
    let mut tree = Tree::with_data(&workflow("  - wait: 1h\n"), full_body());
    let padding = "p".repeat(130 * 1024);
    tree.input["cause"]["event"]["filter_error"] = json!(padding);

    let command = tree.play().await;

    assert_eq!(command["error"], "Step.OutputTooLarge", "{}", command.to_string().len());
    let cause = command["cause"].as_str().unwrap();
    assert!(
        cause.contains("carries more from step to step than Step Functions holds"),
        "{cause}"
    );
    let RunEnd::OfMainLane(LaneEnd::Failure { failure }) = tree.end() else {
        panic!()
    };
    assert_eq!(failure.name, "Step.OutputTooLarge");
}

//! The bounds of a definition, and that reading at them is quick and needs little stack.

use super::{super::*, problems, steps};
use crate::action::tests::catalog;
use rstest::rstest;
use std::{fmt::Write as _, thread};

/// Reads with the stack that a thread of tokio has.
fn read(source: String) -> Vec<String> {
    let reader = thread::Builder::new().stack_size(2 * 1024 * 1024);
    reader.spawn(move || problems(&source)).unwrap().join().unwrap()
}

/// A step in `depth` constructs, each in the one before.
fn nested(before: &str, depth: usize, after: &str) -> String {
    format!(
        "{{name: a, steps: [{}wait: 1s{}]}}",
        before.repeat(depth),
        after.repeat(depth)
    )
}

#[rstest]
#[case::blocks("{steps: [", "]}", 48)]
#[case::choices("{choose: [{when: true, steps: [", "]}]}", 24)]
#[case::parallels("{parallel: [{steps: [", "]}]}", 24)]
#[case::loops("{for_each: '{{ event.data }}', steps: [", "]}", 48)]
#[case::lists_in_a_value("{set: {a: [", "]}}", 1)]
fn w1_constructs_nest_to_the_depth_that_is_allowed_and_no_further(
    #[case] before: &str,
    #[case] after: &str,
    #[case] depth: usize,
) {
    assert_eq!(read(nested(before, depth, after)), [""; 0]);
    let stored = Definition::from_source(&nested(before, depth, after), catalog())
        .unwrap()
        .to_json()
        .to_string();
    assert!(Definition::from_json(&serde_json::from_str(&stored).unwrap(), catalog()).is_ok());
    let told = read(nested(before, 500, after));
    assert!(
        told[0].contains("nested too deeply") || told[0].contains("recursion limit"),
        "{told:#?}"
    );
}

#[test]
fn w1_a_workflow_waits_for_incidents_of_so_many_integrations() {
    let waiting = |count: usize| {
        let step = |number: usize| {
            format!("  - wait_for: {{ integration: p{number}, incident_id: P1, status: [resolved], timeout: 1m }}\n")
        };
        let steps: String = (0..count).map(step).collect();
        Definition::from_source(&format!("name: a\nsteps:\n{steps}"), catalog())
    };
    assert!(waiting(20).is_ok());
    let refused = waiting(21).unwrap_err().to_string();
    assert!(
        refused.contains("wait for incidents of 21 integrations; at most 20 are allowed"),
        "{refused}"
    );
}

#[test]
fn w1_an_approval_fits_into_an_item_of_the_table() {
    let source = |length: usize| {
        let description = "d".repeat(length);
        format!(
            "{{name: a, steps: [approval: {{message: m, timeout: 1h, form: {{why: {{type: text, description: {description}}}}}}}]}}"
        )
    };
    assert_eq!(read(source(16_000)), [""; 0]);
    let told = read(source(17_000));
    assert!(
        told[0].contains("at most 16384 are allowed, so shorten its descriptions and defaults"),
        "{told:#?}"
    );
}

#[test]
fn w1_a_value_nests_to_the_depth_that_is_allowed() {
    let source = |depth| {
        format!(
            "{{name: a, steps: [set: {{a: {}'{{{{ run.id }}}}'{}}}]}}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert_eq!(read(source(96)), [""; 0]);
    assert_eq!(
        read(source(97)),
        ["1:124: lists and maps are nested too deeply; at most 100 within each other are allowed"]
    );
}

#[test]
fn w1_a_workflow_of_five_thousand_steps_is_read_and_one_more_is_refused_wherever_it_stands() {
    let mut source = "name: a\nsteps:\n".to_owned();
    for number in 0..limits::STEPS / 4 {
        let last = number.saturating_sub(1);
        write!(source, "- {{ id: a{number}, if: true, steps: [set: {{ v{number}: 1 }}] }}\n- if: steps.a{last}.outcome != vars.v{last} | string\n  set: {{ w: 1 }}\n- wait: 1s\n").unwrap();
    }
    assert_eq!(read(source.clone()), [""; 0]);
    source.push_str("on_failure: [wait: 1s]\n");
    assert_eq!(
        read(source),
        ["5003:14: on_failure[0]: is one step too many: at most 5000 are allowed in all"]
    );
}

#[test]
fn w1_a_megabyte_of_references_to_nothing_is_refused_with_the_first_hundred() {
    let mut source = "name: a\nsteps:\n".to_owned();
    for number in 0..1_000 {
        let names = (0..25)
            .map(|other| format!("{{{{ steps.x{number}y{other}.outcome }}}}"))
            .collect::<String>();
        writeln!(
            source,
            "- {{ id: step_with_a_name_{number}, if: true, fail: '{names}' }}"
        )
        .unwrap();
    }
    let told = read(source);
    assert_eq!(told.len(), 101);
    assert_eq!(
        told[100],
        "these are 100 problems, and there may be more; correct these first"
    );
}

#[rstest]
#[case::unknown_keys("name: a\nsteps: [wait: 1s]\n", "key_NUMBER: 1\n")]
#[case::variables("name: a\nsteps:\n- set:\n", "    v_NUMBER: 1\n")]
#[case::bad_variables("name: a\nsteps:\n- set:\n", "    v-NUMBER: 1\n")]
#[case::event_types(
    "name: a\nsteps: [wait: 1s]\non:\n  pagerduty:\n    integration: p\n    events:\n",
    "    - nope.NUMBER\n"
)]
#[case::inputs("name: a\nsteps: [wait: 1s]\ninputs:\n", "  i_NUMBER: { type: text }\n")]
#[case::items("name: a\nsteps:\n- wait: 1s\n- steps: [wait: 1s]\n  for_each:\n", "  - NUMBER\n")]
fn w1_a_megabyte_of_anything_is_read_or_refused_at_once(#[case] head: &str, #[case] line: &str) {
    let mut source = head.to_owned();
    for number in 0.. {
        let line = line.replace("NUMBER", &number.to_string());
        if source.len() + line.len() > limits::SOURCE_BYTES {
            break;
        }
        source.push_str(&line);
    }
    assert!(read(source).len() <= 101);
}

#[rstest]
#[case::source(&"x".repeat(limits::SOURCE_BYTES + 1), "the definition has 1048577 bytes; at most 1048576 are allowed")]
#[case::brackets(&"[".repeat(100_000), "1:256: this is not YAML: recursion limit exceeded")]
#[case::shallow_brackets(
    &format!("{}{}", "[".repeat(110), "]".repeat(110)),
    "1:101: lists and maps are nested too deeply; at most 100 within each other are allowed"
)]
fn w1_a_source_beyond_the_bounds_is_refused_before_it_is_read(#[case] source: &str, #[case] said: &str) {
    assert_eq!(problems(source), [said]);
}

fn repeated(piece: &str, count: usize) -> String {
    vec![piece; count].join(", ")
}

#[rstest]
#[case::lanes(
    "- parallel: [LIST]",
    "steps: [wait: 1s]",
    40,
    "3:13: steps[0].parallel: has 41 entries; at most 40 are allowed"
)]
#[case::branches(
    "- choose: [LIST]",
    "{ when: true, steps: [wait: 1s] }",
    50,
    "3:11: steps[0].choose: has 51 entries; at most 50 are allowed"
)]
#[case::items(
    "- steps: [wait: 1s]\n  for_each: [LIST]",
    "1",
    10_000,
    "4:13: steps[0].for_each: has 10001 items; at most 10000 are allowed"
)]
fn w2_what_has_a_bound_is_allowed_up_to_it(
    #[case] source: &str,
    #[case] piece: &str,
    #[case] most: usize,
    #[case] said: &str,
) {
    assert_eq!(steps(&source.replace("LIST", &repeated(piece, most))), [""; 0]);
    assert_eq!(steps(&source.replace("LIST", &repeated(piece, most + 1))), [said]);
}

#[test]
fn w2_there_are_at_most_fifty_inputs() {
    let source = |count: usize| {
        let inputs = (0..count).map(|number| format!("i{number}: {{ type: text }}"));
        format!(
            "name: a\nsteps: [wait: 1s]\ninputs: {{ {} }}",
            inputs.collect::<Vec<_>>().join(", ")
        )
    };
    assert_eq!(problems(&source(50)), [""; 0]);
    assert_eq!(
        problems(&source(51)),
        ["3:9: inputs: has 51 inputs; at most 50 are allowed"]
    );
}

#[rstest]
#[case::step(
    "- { if: true, stop: 'NAMES' }",
    "29:3: steps[26]: refers to the results of 26 steps; at most 25 are allowed"
)]
#[case::output_of_a_lane(
    "- { for_each: [1], steps: [wait: 1s], output: 'NAMES' }",
    "29:47: steps[26].output: refers to the results of 26 steps; at most 25 are allowed"
)]
fn a_step_refers_to_at_most_as_many_results_as_one_call_reads(#[case] last: &str, #[case] said: &str) {
    let source = |count: usize| {
        let steps: String = (0..26)
            .map(|number| format!("- {{ id: s{number}, wait: 1s }}\n"))
            .collect();
        let names: String = (0..count)
            .map(|number| format!("{{{{ steps.s{number}.outcome }}}}"))
            .collect();
        steps + &last.replace("NAMES", &names)
    };
    assert_eq!(steps(&source(25)), [""; 0]);
    assert_eq!(steps(&source(26)), [said]);
}

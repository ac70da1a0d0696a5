//! Rounds: what a workflow looks at again and again until it has changed.

use crate::scenario::{ENDS_WITHIN, Scenario};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn an_incident_is_looked_at_each_second_until_a_person_resolves_it() {
    let name = "e2e-rounds";
    let scenario = Scenario::new(name);
    let run = scenario.started(&format!(
        r#"
  - id: incident
    uses: pagerduty.create_incident
    with: {{ integration: {name}, title: "{name}: disk full", service: PSVC8R2, escalation_policy: PT20YPA }}
  - id: check
    repeat: {{ every: 1s, until: steps.now.outputs.status == "resolved", at_most: 60 }}
    output: "{{{{ steps.now.outputs.status }}}}"
    steps:
      - id: now
        uses: pagerduty.get_incident
        with: {{ integration: {name}, incident_id: "{{{{ steps.incident.outputs.incident_id }}}}" }}
  - set: {{ status: "{{{{ steps.check.outputs.output }}}}" }}
"#
    ));
    let view = scenario.once(&run, ENDS_WITHIN, |view| view["steps"][1]["lanes"].as_u64() >= Some(2));
    let incident = view["steps"][0]["outputs"]["incident_id"].as_str().unwrap();

    scenario.pagerduty.resolve(incident).unwrap();

    let view = scenario.ended(&run);
    assert_eq!(view["status"], "succeeded", "{view:#}");
    let outputs = &view["steps"][1]["outputs"];
    let rounds = outputs["rounds"].as_u64().unwrap();
    assert!((2..60).contains(&rounds), "{view:#}");
    assert_eq!(
        (&outputs["ended_by"], &outputs["output"], &outputs["failed"]),
        (&"until".into(), &"resolved".into(), &0.into()),
        "{view:#}"
    );
    let text = scenario.pagerflow.text(&["run", "show", &run], "").unwrap();
    let wanted = format!("{rounds} rounds, ended by `until`, output=resolved");
    assert!(text.contains(&wanted), "{text}");

    let looked_at = |round: u64| {
        let lane = format!("check[{round}]");
        let show = ["run", "show", &run, "--lane", &lane];
        let lane = scenario.pagerflow.json(&show, "").unwrap();
        assert_eq!(lane["steps"][0]["id"], "now", "{lane:#}");
        time(&lane["steps"][0]["started_at"])
    };
    let times: Vec<Timestamp> = (1..=rounds).map(looked_at).collect();
    // The begin of a round is the Plan before its first step, which takes a while in each.
    let pauses: Vec<SignedDuration> = times.windows(2).map(|two| two[1].duration_since(two[0])).collect();
    assert!(
        pauses.iter().sum::<SignedDuration>()
            >= SignedDuration::from_secs((rounds - 1).try_into().unwrap()) - SignedDuration::from_secs(1),
        "{pauses:?}"
    );
}

#[test]
fn three_rounds_a_second_apart_end_by_their_condition() {
    let scenario = Scenario::without_integration("e2e-three-rounds");
    let run = scenario.started(
        "  - id: check\n    repeat: { every: 1s, until: index == 2, at_most: 10 }\n    output: \"{{ index }}\"\n    steps: [{ set: { a: \"{{ index }}\" } }]\n",
    );
    let view = scenario.ended(&run);
    assert_eq!(view["status"], "succeeded", "{view:#}");
    let step = &view["steps"][0];
    assert_eq!(
        step["outputs"],
        serde_json::json!({"rounds": 3, "failed": 0, "ended_by": "until", "output": 2}),
        "{view:#}"
    );
    let took = time(&step["ended_at"]).duration_since(time(&step["started_at"]));
    assert!(took >= SignedDuration::from_secs(2), "{took:#}");
}

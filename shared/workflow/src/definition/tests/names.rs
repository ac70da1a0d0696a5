//! Drafts, in which names stand for things in PagerDuty.

use super::{super::*, GOOD};
use crate::action::Thing;
use crate::action::tests::catalog;
use rstest::rstest;

fn draft(with: &str) -> Result<Draft, Problems> {
    Draft::from_source(&format!("name: a\nsteps:\n  - uses: pagerduty.{with}\n"), catalog())
}

const CREATE: &str = r#"create_incident
    with:
      integration: prod
      title: Outage
      service: "Database: Primary"
      assignee: Olivia Oncall
      priority: P1
      from: Marek Manager"#;

fn meaning(reference: &ThingReference) -> Result<String, String> {
    match reference.text.as_str() {
        "Database: Primary" => Ok("PWIXJZS".to_owned()),
        "Olivia Oncall" => Ok("PUS1A7C".to_owned()),
        "Marek Manager" => Ok("manager@example.com".to_owned()),
        other => Err(format!("is no {}: {other}", reference.thing)),
    }
}

fn told(problems: &Problems) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn names_may_stand_for_things_and_each_tells_where_it_stands_and_what_is_wanted() {
    let draft = draft(CREATE).unwrap();
    let told: Vec<_> = draft.references().iter().collect();
    let found: Vec<_> = told
        .iter()
        .map(|reference| {
            (
                reference.thing,
                reference.wanted,
                reference.text.as_str(),
                reference.path.as_str(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (Thing::Service, Wanted::Id, "Database: Primary", "steps[0].with.service"),
            (Thing::User, Wanted::Id, "Olivia Oncall", "steps[0].with.assignee"),
            (Thing::Priority, Wanted::Id, "P1", "steps[0].with.priority"),
            (Thing::User, Wanted::Email, "Marek Manager", "steps[0].with.from"),
        ]
    );
    assert_eq!(told[0].at, Some(Position { line: 7, column: 16 }));
    assert_eq!(told[0].integration, Some("prod".parse().unwrap()));
    assert_eq!(
        draft.as_written().to_json()["steps"][0]["with"]["service"],
        "Database: Primary"
    );
}

#[test]
fn what_is_stored_has_ids_and_addresses() {
    let draft = draft(&CREATE.replace("P1", "Olivia Oncall")).unwrap();
    let with = draft.resolved(catalog(), meaning).unwrap().to_json()["steps"][0]["with"].clone();
    assert_eq!(with["service"], "PWIXJZS");
    assert_eq!(
        (&with["assignee"], &with["from"]),
        (&"PUS1A7C".into(), &"manager@example.com".into())
    );
}

#[test]
fn a_name_that_means_nothing_is_told_with_its_place() {
    let problems = draft(CREATE).unwrap().resolved(catalog(), meaning).unwrap_err();
    assert_eq!(told(&problems), ["9:17: steps[0].with.priority: is no priority: P1"]);
}

#[test]
fn each_entry_of_a_list_is_a_name_of_its_own_and_expressions_stay_as_they_are() {
    let draft = draft(
        "reassign_incident\n    with:\n      integration: prod\n      incident_id: P1\n      \
         assignees: [Olivia Oncall, \"{{ vars.who }}\"]\n  - set: { who: P1 }",
    );
    // The variable is set only after it is used.
    assert!(draft.is_err());
    let draft = Draft::from_source(
        "name: a\nsteps:\n  - set: { who: PUS2B8D }\n  - uses: pagerduty.reassign_incident\n    with:\n      \
         integration: prod\n      incident_id: P1\n      assignees: [Olivia Oncall, \"{{ vars.who }}\"]\n",
        catalog(),
    )
    .unwrap();
    assert_eq!(draft.references().len(), 1);
    assert_eq!(draft.references()[0].path, "steps[1].with.assignees[0]");
    let with = draft.resolved(catalog(), meaning).unwrap().to_json()["steps"][1]["with"].clone();
    assert_eq!(with["assignees"], serde_json::json!(["PUS1A7C", "{{ vars.who }}"]));
}

#[test]
fn an_integration_that_an_expression_names_is_not_known() {
    let draft = Draft::from_source(
        &format!(
            "name: a\ninputs: {{ account: {{ type: text }} }}\nsteps:\n  - uses: pagerduty.{}\n",
            CREATE.replace("prod", "\"{{ inputs.account }}\"")
        ),
        catalog(),
    )
    .unwrap();
    assert!(
        draft
            .references()
            .iter()
            .all(|reference| reference.integration.is_none())
    );
}

#[rstest]
#[case::empty(
    "service: \"Database: Primary\"",
    "service: \"\"",
    "must be the name or the id of a service"
)]
#[case::two_lines(
    "service: \"Database: Primary\"",
    "service: \"a\\nb\"",
    "must be the name or the id of a service"
)]
#[case::number("priority: P1", "priority: 1", "must be the id of a thing in PagerDuty")]
#[case::list("priority: P1", "priority: [P1]", "must be the id of a thing in PagerDuty")]
fn what_can_be_no_name_is_refused(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    assert!(CREATE.contains(from));
    let problems = told(&draft(&CREATE.replace(from, to)).unwrap_err());
    assert!(problems.iter().any(|problem| problem.contains(said)), "{problems:#?}");
}

#[test]
fn other_ids_have_no_names() {
    let problems = draft("get_incident\n    with: { integration: prod, incident_id: The Outage }").unwrap_err();
    assert!(
        told(&problems)[0].contains("must be the id of a thing in PagerDuty"),
        "{problems}"
    );
}

#[test]
fn a_definition_that_runs_has_no_names() {
    let source = GOOD.replace("PWIXJZS", "Database Primary");
    assert!(Draft::from_source(&source, catalog()).is_ok());
    assert!(Definition::from_source(&source, catalog()).is_err());
}

#[test]
fn a_draft_without_names_is_the_definition() {
    let draft = Draft::from_source(GOOD, catalog()).unwrap();
    let resolved = draft.resolved(catalog(), |reference| Ok(reference.text.clone()));
    assert_eq!(resolved, Definition::from_source(GOOD, catalog()));
    assert_eq!(Ok(draft.as_written().clone()), resolved);
}

#[test]
fn each_integration_that_is_named_tells_what_for_and_where_it_stands() {
    let source = "name: a
on: { pagerduty: { integration: prod, events: [incident.triggered] } }
steps:
  - { uses: pagerduty.get_incident, with: { integration: ops, incident_id: Q1 } }
  - parallel:
      - steps:
          - { uses: pagerduty.get_incident, with: { integration: \"{{ event.type }}\", incident_id: Q1 } }
  - { wait_for: { integration: eu, incident_id: Q1, status: [resolved], timeout: 1h } }
";
    let draft = Draft::from_source(source, catalog()).unwrap();
    let none = draft.problems_of_integrations(|_| None);
    let problems = draft.problems_of_integrations(|reference| Some(format!("{:?}", reference.use_of)));
    assert!(none.is_empty());
    insta::assert_snapshot!(told(&problems).join("\n"), @r#"
    2:33: on.pagerduty.integration: Events
    4:58: steps[0].with.integration: Action("pagerduty.get_incident")
    8:32: steps[2].wait_for.integration: Events
    "#);
}

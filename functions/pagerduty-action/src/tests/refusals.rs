//! What is refused, by us or by PagerDuty, and what people are told then.

use super::*;
use crate::tests::world::example_with;
use action_tests::assert_refused;
use pagerduty::client::TokenKind;
use pagerduty_simulator::{Seed, Status};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case::missing(Value::Null)]
#[case::unknown(json!("pagerduty.delete_incident"))]
#[case::of_another_function(json!("pagerduty.create_incident"))]
#[case::no_text(json!(7))]
#[tokio::test]
async fn an_action_that_this_function_does_not_perform_is_told(#[case] action: Value) {
    let world = World::new().await;

    let error = world.failed(&example_with(Action::AddNote, "action", action)).await;

    assert_refused(&error, "Input.Invalid", &["`action`", "pagerduty.add_note"]);
    assert_eq!(world.requests().len(), 0);
}

#[tokio::test]
async fn an_input_that_is_no_object_is_refused() {
    let world = World::new().await;

    for input in [Value::Null, json!([]), json!("text")] {
        assert_refused(&world.failed(&input).await, "Input.Invalid", &[]);
    }
}

#[rstest]
#[case::climbing("../../users")]
#[case::escaped("%2e%2e")]
#[case::dots("..")]
#[case::query("P1?x")]
#[case::fragment("P1#f")]
#[case::empty("")]
#[case::full_width("\u{ff30}1")]
#[case::line_break("P1\r\nFrom: evil@example.com")]
#[tokio::test]
async fn p1_an_id_that_could_change_a_url_never_gets_as_far_as_a_request(#[case] id: &str) {
    let world = World::new().await;
    for action in actions() {
        let ids = ["incident_id", "incident_workflow", "priority", "escalation_policy"];
        let lists = [
            "assignees",
            "source_incidents",
            "users",
            "escalation_policies",
            "services",
            "schedules",
            "teams",
        ];
        let is_input = |field: &&str| action.spec().input(field).is_some();
        for field in ids.into_iter().filter(is_input) {
            let error = world.failed(&example_with(action, field, json!(id))).await;
            assert_refused(&error, "Input.Invalid", &[field]);
        }
        for field in lists.into_iter().filter(is_input) {
            let error = world.failed(&example_with(action, field, json!(["PABC123", id]))).await;
            assert_refused(&error, "Input.Invalid", &[field]);
        }
    }
    assert_eq!((world.requests().len(), world.secret_reads()), (0, 0));
}

#[tokio::test]
async fn p2_an_incident_that_the_account_does_not_have_is_not_found() {
    for action in actions().filter(|action| action.spec().input("incident_id").is_some()) {
        for id in ["Q0THERACC0UNT1".to_owned(), "9".repeat(201), "pabc123".to_owned()] {
            let world = World::new().await;

            let error = world.failed(&example_with(action, "incident_id", json!(id))).await;

            assert_refused(&error, "PagerDuty.NotFound", &["Check the id"]);
        }
    }
}

#[rstest]
#[case::nothing_to_update(Action::UpdateIncident, &["title", "urgency", "priority"])]
#[case::escalated_nowhere(Action::EscalateIncident, &["escalation_level"])]
#[case::nobody_asked(Action::AddResponders, &["users", "escalation_policies"])]
#[case::empty_list(Action::ReassignIncident, &["assignees"])]
#[tokio::test]
async fn fields_that_do_not_go_together_are_refused_before_anything_is_sent(
    #[case] action: Action,
    #[case] missing: &[&str],
) {
    let world = World::new().await;
    let mut input = example(action);
    for field in missing {
        input[field] = Value::Null;
    }

    assert_refused(&world.failed(&input).await, "Input.Invalid", &[missing[0]]);
    assert_eq!(world.requests().len(), 0);
}

#[rstest]
#[case::both_targets(Action::EscalateIncident, "escalation_policy", json!("PT31ZQB"))]
#[case::level_zero(Action::EscalateIncident, "escalation_level", json!(0))]
#[case::too_long(Action::SnoozeIncident, "duration", json!("8d"))]
#[case::no_length(Action::SnoozeIncident, "duration", json!("a while"))]
#[case::blank_note(Action::AddNote, "note", json!(" \n"))]
#[case::blank_update(Action::PostStatusUpdate, "message", json!(" "))]
#[case::no_fields(Action::SetCustomFields, "fields", json!({}))]
#[case::unknown_word(Action::ListIncidents, "statuses", json!(["open"]))]
#[case::no_time(Action::ListOncalls, "since", json!("yesterday"))]
#[case::blank_summary(Action::TriggerAlert, "summary", json!(" "))]
#[case::unknown_field(Action::AddNote, "content", json!("x"))]
#[tokio::test]
async fn a_wrong_input_is_refused_before_anything_is_sent(
    #[case] action: Action,
    #[case] field: &str,
    #[case] value: Value,
) {
    let world = World::new().await;

    let error = world.failed(&example_with(action, field, value)).await;

    assert_refused(&error, "Input.Invalid", &[field]);
    assert_eq!(world.requests().len(), 0);
}

#[rstest]
#[case::not_acknowledged(Action::SnoozeIncident, "duration", json!("4h"), "PagerDuty.InvalidRequest", &["cknowledged"])]
#[case::unknown_user(Action::ReassignIncident, "assignees", json!(["PNOSUCH"]), "PagerDuty.InvalidRequest", &["user"])]
#[case::unknown_from(
    Action::AddNote, "from", json!("nobody@example.com"), "PagerDuty.InvalidRequest",
    &["Requester User Not Found", "pagerflow users"]
)]
#[case::from_may_only_read(
    Action::AcknowledgeIncident, "from", json!("stakeholder@example.com"), "PagerDuty.Forbidden", &["Responder"]
)]
#[case::nobody_asks(
    Action::AddResponders, "from", json!("nobody@example.com"), "PagerDuty.NotFound",
    &["nobody@example.com", "`requester`"]
)]
#[case::nobody_known_asks(Action::AddResponders, "from", Value::Null, "Input.Invalid", &["`requester`", "`from`"])]
#[case::unknown_workflow(
    Action::RunIncidentWorkflow, "incident_workflow", json!("PNOSUCH"), "PagerDuty.NotFound", &["Check the id"]
)]
#[case::unknown_routing_key(
    Action::TriggerAlert, "routing_key", json!("checkout"), "Integration.Invalid",
    &["pagerflow integration routing-key add prod checkout"]
)]
#[tokio::test]
async fn i8_a_refusal_says_what_is_wrong_and_what_to_do(
    #[case] action: Action,
    #[case] field: &str,
    #[case] value: Value,
    #[case] name: &str,
    #[case] said: &[&str],
) {
    let world = World::new().await;

    let error = world.failed(&example_with(action, field, value)).await;

    assert_refused(&error, name, said);
    assert_eq!(world.effects(), (vec![], 0), "nothing was done");
}

#[tokio::test]
async fn what_pagerduty_does_not_do_to_a_resolved_incident_is_told_in_its_words() {
    for action in [
        Action::ReassignIncident,
        Action::EscalateIncident,
        Action::MergeIncidents,
    ] {
        let world = World::new().await;
        world.set_status(Status::Resolved);
        let before = world.effects();

        let error = world.failed(&example(action)).await;

        assert_refused(&error, "PagerDuty.InvalidRequest", &["PagerDuty answered 400"]);
        assert_eq!(world.effects(), before, "{action}");
    }
}

#[tokio::test]
async fn the_token_of_a_user_needs_no_from_and_that_of_an_account_says_so() {
    let world = World::new().await;
    let input = example_with(Action::AddNote, "from", Value::Null);

    assert_refused(&world.failed(&input).await, "PagerDuty.InvalidRequest", &["`from`"]);
    world.store(TokenKind::ApiToken, Seed::USER_TOKEN);
    let later = action_tests::now() + jiff::SignedDuration::from_mins(10);
    assert!(handle(&world.pagerduty, world.filled(&input), later).await.is_ok());
}

#[tokio::test]
async fn a_token_that_may_only_read_reads_and_changes_nothing() {
    let world = World::new().await;
    world.store(TokenKind::ApiToken, Seed::READ_ONLY_TOKEN);

    world.done(&example(Action::GetIncident)).await;

    assert_refused(
        &world.failed(&example(Action::AddNote)).await,
        "PagerDuty.Forbidden",
        &["not read-only"],
    );
    assert_eq!(world.effects(), (vec![], 0));
}

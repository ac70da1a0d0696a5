//! Services, escalation policies, users, teams, priorities and abilities.

use pagerduty_simulator::{Seed, Service, ServiceId};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column};

#[rstest]
#[case::services("/services", "services", "/name", &["Checkout", "CloudWatch-Memory-Alert", "Retired Batch Jobs", "Search"])]
#[case::services_by_part_of_the_name("/services?query=memory", "services", "/id", &["PWIXJZS"])]
#[case::services_by_exact_name("/services?name=Search", "services", "/id", &["PSVC5M4"])]
#[case::services_of_a_team("/services?team_ids[]=PGT9S2M", "services", "/id", &["PSVC8R2"])]
#[case::policies("/escalation_policies", "escalation_policies", "/id", &["PT42ARC", "PT31ZQB", "PT20YPA"])]
#[case::policies_by_name("/escalation_policies?query=PLATFORM", "escalation_policies", "/id", &["PT20YPA"])]
#[case::policies_of_a_user("/escalation_policies?user_ids[]=PUS1A7C", "escalation_policies", "/id", &["PT20YPA"])]
#[case::users("/users", "users", "/email", &["manager@example.com", "oncall@example.com", "stakeholder@example.com"])]
#[case::users_by_name("/users?query=stella", "users", "/role", &["read_only_user"])]
#[case::users_by_address("/users?query=oncall%40example.com", "users", "/id", &["PUS1A7C"])]
#[case::users_of_a_team("/users?team_ids%5B%5D=PGT9S2M", "users", "/id", &["PUS2B8D"])]
#[case::teams("/teams?query=pay", "teams", "/name", &["Payments"])]
#[case::priorities("/priorities", "priorities", "/name", &["P1", "P2", "P3"])]
fn lists_are_filtered_and_ordered(
    #[case] target: &str,
    #[case] name: &str,
    #[case] pointer: &str,
    #[case] expected: &[&str],
) {
    let (status, body) = Desk::new().get(target);

    assert_eq!(status, 200);
    assert_eq!(column(&body[name], pointer), expected);
    assert_eq!(
        (&body["limit"], &body["offset"], &body["more"], &body["total"]),
        (&json!(25), &json!(0), &json!(false), &Value::Null)
    );
}

#[test]
fn two_hundred_and_fifty_services_take_three_requests() {
    let one = Seed::default().services[0].clone();
    let services = (0..250)
        .map(|number| Service {
            id: ServiceId::new(format!("PS{number}")),
            ..one.clone()
        })
        .collect();
    let mut desk = Desk::with_seed(Seed {
        services,
        ..Seed::default()
    });

    let mut found = 0;
    let mut requests = 0;
    loop {
        let (_, body) = desk.get(&format!("/services?limit=100&offset={found}"));
        requests += 1;
        found += body["services"].as_array().unwrap().len();
        if body["more"] == json!(false) {
            break;
        }
    }

    assert_eq!((found, requests), (250, 3));
}

#[rstest]
#[case("/services/PWIXJZS", "service")]
#[case("/escalation_policies/PT20YPA", "escalation_policy")]
#[case("/users/PUS1A7C", "user")]
fn one_row_is_found_by_its_id(#[case] target: &str, #[case] name: &str) {
    let (status, body) = Desk::new().get(target);

    assert_eq!(status, 200);
    assert_eq!(body[name]["type"], name);
}

#[rstest]
#[case("/services/PNOSUCH")]
#[case("/escalation_policies/PNOSUCH")]
#[case("/users/PNOSUCH")]
fn an_unknown_row_is_not_found(#[case] target: &str) {
    assert_eq!(Desk::new().get(target).0, 404);
}

#[test]
fn the_status_of_a_service_follows_from_its_incidents() {
    let mut desk = Desk::new();
    let status = |desk: &mut Desk| desk.get("/services/PWIXJZS").1["service"]["status"].clone();

    let before = status(&mut desk);
    let incident = desk.create(json!({}));
    let triggered = status(&mut desk);
    desk.change(&incident, json!({"status": "acknowledged"}));
    let acknowledged = status(&mut desk);
    desk.change(&incident, json!({"status": "resolved"}));

    assert_eq!(
        [before, triggered, acknowledged, status(&mut desk)],
        ["active", "critical", "warning", "active"]
    );
    assert_eq!(desk.get("/services/PSVC3D1").1["service"]["status"], "disabled");
}

#[test]
fn priorities_that_are_switched_off_cost_more() {
    let mut desk = Desk::with_seed(Seed {
        priorities: Vec::new(),
        ..Seed::default()
    });

    let (status, body) = desk.get("/priorities");

    assert_eq!((status, &body["error"]["code"]), (402, &json!(2014)));
}

#[test]
fn abilities_are_a_list_of_names() {
    let (_, body) = Desk::new().get("/abilities");

    assert_eq!(
        body,
        json!({"abilities": ["teams", "urgencies", "priorities", "coordinated_responding"]})
    );
}

#[rstest]
#[case("", &["incident_default", "major_incident"])]
#[case("?filter=disabled", &["retired_incident"])]
#[case("?filter=all", &["incident_default", "major_incident", "retired_incident"])]
fn incident_types_are_told_by_whether_they_are_in_use(#[case] query: &str, #[case] names: &[&str]) {
    let (status, body) = Desk::new().get(&format!("/incidents/types{query}"));

    assert_eq!(status, 200);
    assert_eq!(column(&body["incident_types"], "/name"), names);
}

#[rstest]
#[case("urgencies", 204)]
#[case("flying", 402)]
fn whether_the_account_has_an_ability_is_told_by_the_status(#[case] ability: &str, #[case] status: u16) {
    assert_eq!(Desk::new().get(&format!("/abilities/{ability}")).0, status);
}

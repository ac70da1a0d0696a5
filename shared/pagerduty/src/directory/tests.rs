use std::{
    cell::RefCell,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use pagerduty_simulator as simulated;
use pagerduty_simulator::{Options, Role as SimulatedRole, Seed, Simulator};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::{
    client::{ApiToken, Client, TokenKind},
    scripted::{Answer, PagerDuty, client, token},
};

/// An account in the simulator.
struct Account {
    simulator: Simulator,
    client: Client,
}

impl Account {
    async fn with(seed: Seed) -> Self {
        let simulator = Simulator::start(Options {
            seed,
            ..Options::default()
        })
        .await
        .unwrap();
        let client = client(&simulator.base_url());
        Self { simulator, client }
    }

    /// Lists, in an account whose rate limit is never reached.
    async fn list<R: Row>(&self, search: Option<&str>) -> Listing<R> {
        match self.ask(search).await.unwrap() {
            Listed::Rows(listing) => listing,
            Listed::FeatureIsOff(refusal) => panic!("{refusal}"),
        }
    }

    async fn ask<R: Row>(&self, search: Option<&str>) -> Result<Listed<R>, Error> {
        let token = ApiToken::new(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN.into()).unwrap();
        let search = search.map(|text| text.parse::<SearchText>().unwrap());
        list(&self.client.account(&token), search.as_ref(), async |pause| {
            panic!("nothing to wait for: {pause:?}")
        })
        .await
    }

    fn requests(&self) -> Vec<Value> {
        let received = self.simulator.with(|pagerduty, _| pagerduty.received());
        received.as_array().unwrap().clone()
    }

    /// The value of a parameter in each request.
    fn parameter(&self, name: &str) -> Vec<Option<String>> {
        let value = |request: &Value| {
            let mut pairs = request["query"].as_array().unwrap().iter();
            let pair = pairs.find(|pair| pair[0] == name)?;
            Some(pair[1].as_str().unwrap().to_owned())
        };
        self.requests().iter().map(value).collect()
    }
}

fn services(count: usize) -> Seed {
    let template = Seed::default().services.swap_remove(0);
    let service = |number| simulated::Service {
        id: simulated::ServiceId::new(format!("PSVC{number:05}")),
        name: format!("Service {number:05}"),
        ..template.clone()
    };
    Seed {
        services: (0..count).map(service).collect(),
        ..Seed::default()
    }
}

fn users(roles: &[SimulatedRole]) -> Seed {
    let user = |(number, role): (usize, &SimulatedRole)| simulated::User {
        id: simulated::UserId::new(format!("PU{number:05}")),
        name: format!("User {number:05}"),
        email: format!("user{number}@example.com"),
        role: *role,
        teams: vec![],
    };
    let mut seed = Seed::default();
    seed.users.extend(roles.iter().enumerate().map(user));
    seed
}

#[rstest]
#[case::none(0, 1)]
#[case::one_page(100, 1)]
#[case::one_more(101, 2)]
#[case::three_pages(250, 3)]
#[tokio::test]
async fn a_list_is_complete_in_as_few_requests_as_there_can_be(#[case] count: usize, #[case] requests: usize) {
    let account = Account::with(services(count)).await;

    let listing = account.list::<Service>(None).await;

    let ids: Vec<_> = listing.rows.iter().map(|service| service.id.to_string()).collect();
    assert_eq!(
        ids,
        (0..count).map(|number| format!("PSVC{number:05}")).collect::<Vec<_>>()
    );
    assert!(!listing.is_cut);
    assert_eq!(account.requests().len(), requests);
}

#[rstest]
#[case::just_all(10_000, false)]
#[case::more(10_001, true)]
#[tokio::test]
async fn a_list_ends_at_row_ten_thousand_and_says_whether_that_is_all(#[case] count: usize, #[case] is_cut: bool) {
    let account = Account::with(services(count)).await;

    let listing = account.list::<Service>(None).await;

    assert_eq!((listing.rows.len(), listing.is_cut), (10_000, is_cut));
    let requests = account.requests();
    assert_eq!(requests.len(), 100);
    assert!(requests.iter().all(|request| request["status"] == 200));
    assert_eq!(account.parameter("offset").last().unwrap().as_deref(), Some("9900"));
    assert!(
        account
            .parameter("limit")
            .iter()
            .all(|limit| limit.as_deref() == Some("100"))
    );
}

#[tokio::test]
async fn a_search_text_finds_what_lies_beyond_row_ten_thousand() {
    let account = Account::with(services(10_050)).await;

    let listing = account.list::<Service>(Some("service 10049")).await;

    assert_eq!(listing.rows[0].name, "Service 10049");
    assert_eq!((listing.rows.len(), listing.is_cut), (1, false));
}

#[tokio::test]
async fn a_search_text_travels_escaped() {
    let account = Account::with(Seed::default()).await;
    let text = "a&limit=1#?%2e é+";

    let listing = account.list::<Service>(Some(text)).await;

    assert_eq!(listing.rows, []);
    assert_eq!(account.parameter("query"), [Some(text.to_owned())]);
    assert_eq!(account.parameter("limit"), [Some("100".to_owned())]);
}

#[rstest]
#[case::by_name("marek", &["Marek Manager <manager@example.com>"])]
#[case::by_email("oncall@", &["Olivia Oncall <oncall@example.com>"])]
#[tokio::test]
async fn users_are_found_by_name_and_by_e_mail(#[case] text: &str, #[case] expected: &[&str]) {
    let listing = Account::with(Seed::default()).await.list::<User>(Some(text)).await;

    assert_eq!(listing.rows.iter().map(User::label).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn users_who_may_only_read_are_left_out_and_counted() {
    let roles = [
        SimulatedRole::Owner,
        SimulatedRole::ReadOnlyUser,
        SimulatedRole::ReadOnlyLimitedUser,
    ];
    let listing = Account::with(users(&roles)).await.list::<User>(Some("user")).await;

    let emails: Vec<_> = listing.rows.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(emails, ["user0@example.com"]);
    assert_eq!(listing.not_offered, 2);
}

#[tokio::test]
async fn priorities_keep_their_order_and_are_searched_here() {
    let account = Account::with(Seed::default()).await;
    let names = |listing: Listing<Priority>| listing.rows.into_iter().map(|row| row.name).collect::<Vec<_>>();

    assert_eq!(names(account.list(None).await), ["P1", "P2", "P3"]);
    assert_eq!(names(account.list(Some("p2")).await), ["P2"]);
    assert_eq!(names(account.list(Some("CUSTOMERS")).await), ["P2"]);
    assert_eq!(account.parameter("query"), [None, None, None]);
}

#[tokio::test]
async fn teams_and_escalation_policies_are_listed() {
    let account = Account::with(Seed::default()).await;

    let teams = account.list::<Team>(Some("PAY")).await;
    let policies = account.list::<EscalationPolicy>(Some("payments")).await;

    assert_eq!((teams.rows[0].id.as_str(), teams.rows.len()), ("PGT9S2M", 1));
    assert_eq!((policies.rows[0].id.as_str(), policies.rows.len()), ("PT31ZQB", 1));
}

#[tokio::test]
async fn a_disabled_service_and_one_in_maintenance_are_told_apart() {
    let listing = Account::with(Seed::default()).await.list::<Service>(None).await;

    let status = |id: &str| listing.rows.iter().find(|row| row.id.as_str() == id).unwrap().status;
    assert_eq!(status("PSVC8R2"), ServiceStatus::InUse);
    assert_eq!(status("PSVC3D1"), ServiceStatus::Disabled);
    assert_eq!(status("PSVC5M4"), ServiceStatus::Maintenance);
}

#[tokio::test]
async fn priorities_that_are_switched_off_are_a_result_and_no_error() {
    let account = Account::with(Seed {
        priorities: vec![],
        ..Seed::default()
    })
    .await;

    let Listed::FeatureIsOff(refusal) = account.ask::<Priority>(None).await.unwrap() else {
        panic!("there are no priorities");
    };

    assert_eq!(refusal.status, 402);
}

#[tokio::test]
async fn an_account_whose_token_is_refused_is_an_error() {
    let account = Account::with(Seed {
        tokens: vec![],
        ..Seed::default()
    })
    .await;

    let error = account.ask::<Service>(None).await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.Unauthorized");
    assert_eq!(account.requests().len(), 1);
}

/// A page of services with the headers of the rate limit.
fn page(ids: &[&str], more: bool, headers: &'static [(&'static str, &'static str)]) -> Answer {
    let rows: Vec<_> = ids
        .iter()
        .map(|id| json!({"id": id, "name": id, "status": "active"}))
        .collect();
    Answer::Text(
        200,
        headers,
        json!({"services": rows, "limit": 100, "more": more}).to_string(),
    )
}

/// Lists services of a scripted PagerDuty: what came of it, and what was waited for.
async fn listed(pagerduty: &PagerDuty) -> (Result<Listed<Service>, Error>, Vec<Pause>) {
    let pauses = RefCell::new(Vec::new());
    let token = token();
    let outcome = list(&pagerduty.client.account(&token), None, async |pause| {
        pauses.borrow_mut().push(pause);
    })
    .await;
    (outcome, pauses.into_inner())
}

fn ids(outcome: Result<Listed<Service>, Error>) -> Vec<String> {
    match outcome.unwrap() {
        Listed::Rows(listing) => listing.rows.iter().map(|row| row.id.to_string()).collect(),
        Listed::FeatureIsOff(refusal) => panic!("{refusal}"),
    }
}

fn pause(seconds: u64, reason: PauseReason) -> Pause {
    Pause {
        duration: Duration::from_secs(seconds),
        reason,
    }
}

#[tokio::test]
async fn a_row_that_shifted_onto_the_next_page_is_listed_once_where_it_was_first() {
    let pagerduty = PagerDuty::that_answers([page(&["PB", "PA"], true, &[]), page(&["PA", "PC"], false, &[])]).await;

    let (outcome, _) = listed(&pagerduty).await;

    assert_eq!(ids(outcome), ["PB", "PA", "PC"]);
}

#[tokio::test]
async fn a_smaller_page_than_was_asked_for_loses_no_row() {
    let small = |more| {
        let body = json!({"services": [], "limit": 60, "more": more}).to_string();
        Answer::Text(200, &[], body)
    };
    let pagerduty = PagerDuty::that_answers([small(true), small(true), small(false)]).await;

    listed(&pagerduty).await.0.unwrap();

    let offsets: Vec<_> = pagerduty
        .requests()
        .iter()
        .map(|request| request.query()[1].1.clone())
        .collect();
    assert_eq!(offsets, ["0", "60", "120"]);
}

#[tokio::test]
async fn no_request_reaches_beyond_row_ten_thousand_however_small_the_pages_are() {
    let body = json!({"services": [], "limit": 90, "more": true}).to_string();
    let pagerduty = PagerDuty::that_answers(vec![Answer::Text(200, &[], body); 200]).await;

    listed(&pagerduty).await.0.unwrap();

    let last = pagerduty.requests().last().unwrap().query();
    assert_eq!((last[0].1.as_str(), last[1].1.as_str()), ("10", "9990"));
}

#[tokio::test]
async fn what_can_not_be_chosen_is_counted_and_not_hidden() {
    let body = json!({"services": [{"id": "PA", "name": "A"}, {"id": "../x", "name": "B"}, {"name": "C"}, null], "more": false});
    let pagerduty = PagerDuty::that_answers([Answer::json(200, &body)]).await;

    let Listed::Rows(listing) = listed(&pagerduty).await.0.unwrap() else {
        panic!("it is no feature");
    };

    assert_eq!((listing.rows.len(), listing.unreadable), (1, 3));
}

#[rstest]
#[case::observer("observer", true)]
#[case::restricted("restricted_access", true)]
#[case::responder("limited_user", false)]
#[case::manager("user", false)]
#[case::new_role("captain", false)]
#[tokio::test]
async fn a_user_whose_rights_depend_on_the_team_is_offered_and_marked(#[case] role: &str, #[case] depends: bool) {
    let body =
        json!({"users": [{"id": "PU1", "name": "Una", "email": "una@example.com", "role": role}], "more": false});
    let pagerduty = PagerDuty::that_answers([Answer::json(200, &body)]).await;
    let token = token();

    let listed = list::<User>(&pagerduty.client.account(&token), None, async |_| {}).await;

    let Listed::Rows(listing) = listed.unwrap() else {
        panic!("it is no feature");
    };
    assert_eq!(matches!(listing.rows[0].role, Role::DependsOnTeam(_)), depends);
    assert_eq!(listing.rows[0].role.name(), role);
}

/// PagerDuty's clock, which moves only when somebody waits.
#[derive(Debug)]
struct WaitingClock(Mutex<Timestamp>);

impl simulated::Clock for WaitingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn a_list_longer_than_the_rate_limit_is_read_without_a_request_that_is_turned_away() {
    let clock = Arc::new(WaitingClock(Mutex::new("2026-11-20T09:30:00Z".parse().unwrap())));
    let seed = Seed {
        requests_per_minute: 2,
        ..services(450)
    };
    let simulator = Simulator::start(Options {
        seed,
        clock: Arc::clone(&clock) as Arc<dyn simulated::Clock>,
        ..Options::default()
    })
    .await
    .unwrap();
    let client = client(&simulator.base_url());
    let token = ApiToken::new(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN.into()).unwrap();
    let pauses = RefCell::new(Vec::new());

    let listed = list::<Service>(&client.account(&token), None, async |pause| {
        *clock.0.lock().unwrap() += pause.duration;
        pauses.borrow_mut().push(pause);
    })
    .await;

    assert_eq!(ids(listed).len(), 450);
    assert_eq!(
        pauses.into_inner(),
        [60, 60].map(|seconds| pause(seconds, PauseReason::RateLimit))
    );
    let received = simulator.with(|pagerduty, _| pagerduty.received());
    let statuses: Vec<_> = received
        .as_array()
        .unwrap()
        .iter()
        .map(|request| request["status"].clone())
        .collect();
    assert_eq!(statuses, [200; 5]);
}

#[tokio::test]
async fn a_used_up_rate_limit_is_waited_out_before_the_next_page() {
    let used_up: &[_] = &[("ratelimit-remaining", "0"), ("ratelimit-reset", "37")];
    let pagerduty = PagerDuty::that_answers([page(&["PA"], true, used_up), page(&["PB"], false, used_up)]).await;

    let (outcome, pauses) = listed(&pagerduty).await;

    assert_eq!(ids(outcome), ["PA", "PB"]);
    assert_eq!(
        pauses,
        [pause(37, PauseReason::RateLimit)],
        "after the last page there is nothing to wait for"
    );
}

#[rstest]
#[case::far(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "999999")], &[300])]
#[case::negative(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "-1")], &[60])]
#[case::missing(&[("ratelimit-remaining", "0")], &[60])]
#[case::some_left(&[("ratelimit-remaining", "1"), ("ratelimit-reset", "20")], &[])]
#[case::unreadable(&[("ratelimit-remaining", "abc"), ("ratelimit-reset", "20")], &[])]
#[tokio::test]
async fn f5_odd_headers_of_the_rate_limit_neither_stop_a_list_nor_make_it_wait_for_ever(
    #[case] headers: &'static [(&'static str, &'static str)],
    #[case] seconds: &[u64],
) {
    let pagerduty = PagerDuty::that_answers([page(&["PA"], true, headers), page(&["PB"], false, &[])]).await;

    let (outcome, pauses) = listed(&pagerduty).await;

    assert_eq!(ids(outcome), ["PA", "PB"]);
    let expected: Vec<_> = seconds
        .iter()
        .map(|seconds| pause(*seconds, PauseReason::RateLimit))
        .collect();
    assert_eq!(pauses, expected);
}

#[tokio::test]
async fn f3_a_page_that_is_turned_away_is_asked_for_again_after_the_time_that_pagerduty_tells() {
    let refused = Answer::Text(429, &[("ratelimit-reset", "20")], String::new());
    let pagerduty = PagerDuty::that_answers([page(&["PA"], true, &[]), refused, page(&["PB"], false, &[])]).await;

    let (outcome, pauses) = listed(&pagerduty).await;

    assert_eq!(ids(outcome), ["PA", "PB"]);
    assert_eq!(pauses, [pause(20, PauseReason::RateLimit)]);
    let offsets: Vec<_> = pagerduty
        .requests()
        .iter()
        .map(|request| request.query()[1].1.clone())
        .collect();
    assert_eq!(offsets, ["0", "100", "100"]);
}

#[tokio::test]
async fn f4_a_429_without_headers_is_waited_out_longer_each_time_and_then_told() {
    let pagerduty = PagerDuty::that_answers(vec![Answer::empty(429); 10]).await;

    let (outcome, pauses) = listed(&pagerduty).await;

    assert_eq!(outcome.unwrap_err().name(), "PagerDuty.RateLimited");
    assert_eq!(
        pauses,
        [5, 10, 20].map(|seconds| pause(seconds, PauseReason::RateLimit))
    );
    assert_eq!(pagerduty.requests().len(), 4);
}

#[tokio::test]
async fn f1_a_fault_of_pagerduty_is_asked_again_and_then_told() {
    let pagerduty = PagerDuty::that_answers(vec![Answer::empty(502); 10]).await;

    let (outcome, pauses) = listed(&pagerduty).await;

    assert_eq!(outcome.unwrap_err().name(), "PagerDuty.Unavailable");
    assert_eq!(pauses, [1, 2, 4].map(|seconds| pause(seconds, PauseReason::NoAnswer)));
}

//! PagerDuty as the shipped client and the shipped functions meet it.

use super::*;
use crate::step_functions::Clock;
use fastrand::Rng;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use pagerduty::{
    Error,
    client::{ApiToken, BaseUrl, Client, NewIncident, ServiceRegion, TokenKind},
    ids::{IncidentKey, ServiceId, UserEmail},
    incident::Incident,
};
use pagerduty_simulator::{Trigger, UserId};
use provider::transport::{Interruption, Request, Transport};
use rstest::rstest;
use std::{sync::Arc, time::Duration};

mod actions;

const BASE: Timestamp = Timestamp::constant(1_800_000_000, 0);
const ONCALL: &str = "oncall@example.com";
const SERVICE: &str = "PWIXJZS";

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// A PagerDuty with one account, and the shipped client.
struct World {
    clock: Clock,
    pagerduty: PagerDuty,
    account: Account,
    client: Client,
    token: ApiToken,
}

impl World {
    fn new(faults: impl Faults + 'static) -> Self {
        let clock = Clock::starting_at(BASE);
        let pagerduty = PagerDuty::new(clock, Arc::new(faults));
        let account = pagerduty.open_account(Seed::default(), Ids::from_seed(1)).unwrap();
        let base_url = BaseUrl::of(ServiceRegion::Us).unwrap();
        Self {
            clock,
            client: Client::new(Arc::new(pagerduty.clone()), base_url),
            pagerduty,
            account,
            token: ApiToken::new(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN.into()).unwrap(),
        }
    }

    async fn create(&self, key: &str) -> Result<Incident, Error> {
        self.create_as(&self.token, key).await
    }

    async fn create_as(&self, token: &ApiToken, key: &str) -> Result<Incident, Error> {
        let (service, key) = (service(), key.parse().unwrap());
        let incident = NewIncident {
            incident_key: Some(&key),
            ..NewIncident::new("Memory at 97 %", &service)
        };
        let account = self.client.account(token);
        account.create_incident(Some(&from()), incident).await
    }

    async fn look_up(&self, key: &str) -> Vec<Incident> {
        let key: IncidentKey = key.parse().unwrap();
        let account = self.client.account(&self.token);
        account.find_incidents_by_key(&service(), &key).await.unwrap()
    }
}

fn service() -> ServiceId {
    SERVICE.parse().unwrap()
}

fn from() -> UserEmail {
    ONCALL.parse().unwrap()
}

#[rstest]
#[case::unreachable(Fault::Unreachable, "PagerDuty.Unavailable", 0)]
#[case::answer_500_before(
    Fault::Status(When::BeforeEffect, StatusCode::INTERNAL_SERVER_ERROR),
    "PagerDuty.OutcomeUnknown",
    0
)]
#[case::answer_502_before(
    Fault::Status(When::BeforeEffect, StatusCode::BAD_GATEWAY),
    "PagerDuty.OutcomeUnknown",
    0
)]
#[case::answer_503_before(
    Fault::Status(When::BeforeEffect, StatusCode::SERVICE_UNAVAILABLE),
    "PagerDuty.OutcomeUnknown",
    0
)]
#[case::answer_504_after(
    Fault::Status(When::AfterEffect, StatusCode::GATEWAY_TIMEOUT),
    "PagerDuty.OutcomeUnknown",
    1
)]
#[case::f4_rate_limited(Fault::RateLimited { reset: None }, "PagerDuty.RateLimited", 0)]
#[case::reset_before(Fault::Reset(When::BeforeEffect), "PagerDuty.OutcomeUnknown", 0)]
#[case::f6_reset_after(Fault::Reset(When::AfterEffect), "PagerDuty.OutcomeUnknown", 1)]
#[case::silent_before(Fault::Silent(When::BeforeEffect), "PagerDuty.OutcomeUnknown", 0)]
#[case::silent_after(Fault::Silent(When::AfterEffect), "PagerDuty.OutcomeUnknown", 1)]
#[case::cut(Fault::Cut, "PagerDuty.OutcomeUnknown", 1)]
#[case::shortened(Fault::Shortened, "PagerDuty.OutcomeUnknown", 1)]
#[tokio::test(start_paused = true)]
async fn a_fault_shows_one_thing_to_the_client_and_leaves_another_at_pagerduty(
    #[case] fault: Fault,
    #[case] expected: &str,
    #[case] created: usize,
) {
    let world = World::new(Course::with(fault));

    let error = world.create("one").await.unwrap_err();

    assert_eq!(error.name(), expected, "{error}");
    assert_eq!(world.account.created("one").len(), created);
}

#[rstest]
#[case::none(None, None)]
#[case::f3_usual(Some("20"), Some(20))]
#[case::f5_far(Some("999999"), Some(300))]
#[case::f5_negative(Some("-1"), None)]
#[case::f5_word(Some("abc"), None)]
#[tokio::test(start_paused = true)]
async fn a_rate_limit_says_what_it_was_told_to_say(#[case] reset: Option<&str>, #[case] expected: Option<u64>) {
    let reset = reset.map(str::to_owned);
    let world = World::new(Course::with(Fault::RateLimited { reset }));

    let error = world.create("one").await.unwrap_err();

    assert_eq!(error.retry_after_seconds(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_late_request_has_its_effect_when_nobody_waits_any_more() {
    let world = World::new(Course::with(Fault::Late(Duration::from_secs(25))));

    let error = world.create("one").await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.OutcomeUnknown");
    assert_eq!(world.clock.now(), BASE + seconds(10), "the client's time limit");
    assert!(world.account.created("one").is_empty());
    world.clock.sleep_until(BASE + seconds(26)).await;
    assert_eq!(world.account.effects()[0].at, BASE + seconds(25));
}

#[tokio::test(start_paused = true)]
async fn f10_a_request_that_was_sent_has_its_effect_though_its_sender_is_killed() {
    let world = World::new(Course {
        there: Duration::from_secs(2),
        ..Course::default()
    });

    let killed = tokio::time::timeout(Duration::from_secs(1), world.create("one")).await;

    assert!(killed.is_err());
    assert!(world.account.created("one").is_empty());
    world.clock.sleep_until(BASE + seconds(3)).await;
    assert_eq!(world.account.created("one").len(), 1);
    let heard = |event: &TraceEvent| matches!(event.step, Step::Heard(_));
    assert!(!world.pagerduty.trace().iter().any(heard));
}

#[tokio::test(start_paused = true)]
async fn a_future_that_was_never_polled_sent_nothing() {
    let world = World::new(Course::default());

    drop(world.create("one"));
    tokio::time::sleep(Duration::from_secs(60)).await;

    assert_eq!(world.pagerduty.trace(), []);
}

#[rstest]
#[case::first(Delivery::First, None)]
#[case::second(Delivery::Second, Some("PagerDuty.InvalidRequest"))]
#[tokio::test(start_paused = true)]
async fn a_request_that_comes_twice_is_judged_twice(#[case] answered: Delivery, #[case] expected: Option<&str>) {
    let apart = Duration::from_secs(3);
    let world = World::new(Course::with(Fault::Twice { apart, answered }));

    let outcome = world.create("one").await;
    world.clock.sleep_until(BASE + seconds(4)).await;

    assert_eq!(outcome.err().map(|error| error.name().to_string()).as_deref(), expected);
    assert_eq!(world.account.created("one").len(), 1);
    let requests = world.account.with(|rules, _| rules.received());
    assert_eq!(
        (&requests[0]["status"], &requests[1]["status"]),
        (&201.into(), &400.into())
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_key_a_request_that_comes_twice_calls_people_twice() {
    let apart = Duration::from_secs(1);
    let answered = Delivery::First;
    let world = World::new(Script::new([Course::with(Fault::Twice { apart, answered })]));
    let service = service();
    let incident = NewIncident::new("Memory at 97 %", &service);

    world
        .client
        .account(&world.token)
        .create_incident(Some(&from()), incident)
        .await
        .unwrap();
    world.clock.sleep_until(BASE + seconds(2)).await;

    assert_eq!(world.account.effects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn f8_a_look_up_that_lags_behind_does_not_show_a_young_incident() {
    let world = World::new(Course {
        lag: Duration::from_secs(10),
        ..Course::default()
    });
    world.create("one").await.unwrap();

    assert_eq!(world.look_up("one").await.len(), 0);
    world.clock.sleep_until(BASE + seconds(10)).await;
    assert_eq!(world.look_up("one").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn latency_passes_in_virtual_time_on_both_ways_and_pagerdutys_times_are_virtual() {
    let world = World::new(Course {
        there: Duration::from_secs(1),
        back: Duration::from_secs(2),
        ..Course::default()
    });

    let incident = world.create("one").await.unwrap();

    assert_eq!(incident.created_at, Some(BASE + seconds(1)));
    assert_eq!(world.clock.now(), BASE + seconds(3));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_not_handed_over() {
    let world = World::new(Course::default());
    let request = Request {
        method: http::Method::GET,
        url: "https://api.pagerduty.com/incidents".parse().unwrap(),
        headers: http::HeaderMap::new(),
        body: Vec::new(),
        time_limit: Duration::from_secs(1),
        answer_limit: 10,
    };

    let answer = world.pagerduty.send(request).await.unwrap();

    assert_eq!(answer.body, Err(Interruption::TooLarge));
}

#[tokio::test(start_paused = true)]
async fn each_account_has_its_own_tokens_and_effects() {
    let world = World::new(Course::default());
    let mut seed = Seed::default();
    seed.tokens.retain(|token| token.token.expose() == Seed::USER_TOKEN);
    seed.tokens[0].token = pagerduty_simulator::Secret::new("another-token");
    let other = world.pagerduty.open_account(seed, Ids::from_seed(2)).unwrap();
    let token = ApiToken::new(TokenKind::ApiToken, "another-token".into()).unwrap();

    world.create_as(&token, "one").await.unwrap();

    assert_eq!((world.account.created("one").len(), other.created("one").len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_no_account_knows_is_refused() {
    let world = World::new(Course::default());
    let token = ApiToken::new(TokenKind::ApiToken, "unknown".into()).unwrap();

    let error = world.create_as(&token, "one").await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.Unauthorized");
}

#[tokio::test(start_paused = true)]
async fn nobody_but_pagerduty_is_there() {
    let world = World::new(Course::default());
    let base_url = "https://pagerduty.example.com".parse().unwrap();
    let world = World {
        client: Client::new(Arc::new(world.pagerduty.clone()), base_url),
        ..world
    };

    assert_eq!(world.create("one").await.unwrap_err().name(), "PagerDuty.Unavailable");
}

#[tokio::test(start_paused = true)]
async fn the_ledger_has_every_effect_with_its_time_whoever_had_it() {
    let world = World::new(Course::default());
    let incident = world.create("one").await.unwrap().id;
    let id = IncidentId::new(incident.as_str());
    let person = world
        .account
        .set_status_at(BASE + seconds(5), "one", Status::Acknowledged, "manager@example.com");
    person.await.unwrap().unwrap();
    world
        .client
        .account(&world.token)
        .add_note(Some(&from()), &incident, "Looking")
        .await
        .unwrap();
    world.account.set_status(&id, Status::Resolved, ONCALL).unwrap();
    let tool = Trigger::new("Disk full", pagerduty_simulator::ServiceId::new(SERVICE));
    world.account.with(|rules, now| rules.trigger(tool, now)).unwrap();

    let effects = world.account.effects();

    let told: Vec<_> = effects
        .iter()
        .map(|effect| (effect.at, effect.by.as_ref().map(UserId::as_str)))
        .collect();
    assert_eq!(
        told,
        [
            (BASE, Some("PUS1A7C")),
            (BASE + seconds(5), Some("PUS2B8D")),
            (BASE + seconds(5), Some("PUS1A7C")),
            (BASE + seconds(5), Some("PUS1A7C")),
            (BASE + seconds(5), None),
        ]
    );
    assert!(matches!(
        &effects[0].kind,
        EffectKind::Created { key, service, title }
            if key == "one" && service.as_str() == SERVICE && title == "Memory at 97 %"
    ));
    assert_eq!(effects[1].kind, EffectKind::Status(Status::Acknowledged));
    assert_eq!(effects[2].kind, EffectKind::Note("Looking".to_owned()));
    assert_eq!(effects[3].kind, EffectKind::Status(Status::Resolved));
    assert_eq!(world.account.created("one"), std::slice::from_ref(&id));
    assert_eq!(world.account.notes(&id), ["Looking"]);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_looks_for_an_incident_that_is_not_there_finds_none() {
    let world = World::new(Course::default());

    let person = world
        .account
        .set_status_at(BASE + seconds(5), "one", Status::Resolved, ONCALL);

    assert_eq!(person.await.unwrap(), Err(Refusal::NotFound));
}

#[tokio::test(start_paused = true)]
async fn f1_an_outage_begins_and_ends() {
    let world = World::new(Outage {
        during: BASE + seconds(60)..BASE + seconds(240),
        fault: Fault::Status(When::BeforeEffect, StatusCode::INTERNAL_SERVER_ERROR),
        otherwise: Course::default(),
    });

    let mut fared = Vec::new();
    for at in [0, 60, 239, 240] {
        world.clock.sleep_until(BASE + seconds(at)).await;
        fared.push(world.create(&at.to_string()).await.is_ok());
    }

    assert_eq!(fared, [true, false, false, true]);
}

/// What happens when thirty clients create incidents and look them up in bad weather.
fn storm(seed: u64) -> (Vec<TraceEvent>, Vec<Effect>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let odds = Odds {
            faults: 0.6,
            ..Odds::default()
        };
        let world = Arc::new(World::new(Weather::new(odds, Rng::with_seed(seed))));
        let clients = (0..30).map(|number: u32| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let key = (number % 10).to_string();
                let _created_or_not = world.create(&key).await;
                let key = key.parse().unwrap();
                let account = world.client.account(&world.token);
                let _found_or_not = account.find_incidents_by_key(&service(), &key).await;
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        (world.pagerduty.trace(), world.account.effects())
    })
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_one_another() {
    assert_eq!(storm(7), storm(7));
    assert_ne!(storm(7).0, storm(8).0);
}

#[test]
fn no_storm_creates_two_open_incidents_with_one_key() {
    for seed in 0..20 {
        let (_, effects) = storm(seed);
        let created = effects
            .iter()
            .filter(|effect| matches!(effect.kind, EffectKind::Created { .. }));
        assert!(created.count() <= 10, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn bad_weather_brings_every_kind_of_fault_and_calm_weather_none() {
    let faults = |odds: Odds| {
        let weather = Weather::new(odds, Rng::with_seed(7));
        let request = Request {
            method: http::Method::GET,
            url: "https://api.pagerduty.com/".parse().unwrap(),
            headers: http::HeaderMap::new(),
            body: Vec::new(),
            time_limit: Duration::ZERO,
            answer_limit: 0,
        };
        let courses = (0..500).map(|_| weather.course(&request, BASE));
        let faults = courses.filter_map(|course| course.fault);
        faults
            .map(|fault| std::mem::discriminant(&fault))
            .collect::<std::collections::HashSet<_>>()
            .len()
    };
    let odds = |faults: f64| Odds {
        faults,
        ..Odds::default()
    };

    assert_eq!(
        faults(odds(1.0)),
        9,
        "the kinds of the enum, whatever their particulars"
    );
    assert_eq!(faults(odds(0.0)), 0);
    let only = Odds {
        kinds: vec![FaultKind::Cut],
        ..odds(1.0)
    };
    assert_eq!(faults(only), 1);
    let none = Odds {
        kinds: vec![],
        ..odds(1.0)
    };
    assert_eq!(faults(none), 0);
}

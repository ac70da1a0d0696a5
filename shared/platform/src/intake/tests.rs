use super::*;
use crate::table::WorkflowSchedule;
use rstest::rstest;
use serde_json::json;
use workflow::{
    ids::EffectKey,
    triggers::{Filters, Urgency, pagerduty::event as event_types},
};

fn workflow() -> WorkflowRecord {
    WorkflowRecord {
        workflow: "memory-alert".parse().unwrap(),
        state: WorkflowState::Enabled,
        active_version: WorkflowVersion(3),
        trigger: Some(trigger()),
        awaits: crate::table::AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: now(),
    }
}

fn trigger() -> TriggerRecord {
    TriggerRecord {
        integration: "prod".parse().unwrap(),
        webhook: WebhookKind::V3,
        events: vec!["incident.triggered".into()],
        filters: Filters::default(),
        when: Some("event.incident.service.summary == 'Memory'".into()),
    }
}

fn v2_workflow() -> WorkflowRecord {
    let webhook = WebhookKind::V2;
    WorkflowRecord {
        trigger: Some(TriggerRecord { webhook, ..trigger() }),
        ..workflow()
    }
}

fn admitted(workflow: &WorkflowRecord, body: &[u8], now: Timestamp) -> Vec<Admission> {
    admit(workflow, workflow.trigger.as_ref().unwrap(), body, now).unwrap()
}

fn trigger_of(admitted: &Admitted) -> &RunEvent {
    admitted.input.event().unwrap()
}

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn delivery(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut delivery = json!({"event": {
        "id": "01F", "event_type": "incident.triggered", "resource_type": "incident",
        "occurred_at": "2026-11-22T09:59:59.123Z", "agent": null, "client": null,
        "data": {"id": "P1", "type": "incident", "title": "t", "status": "triggered",
                 "service": {"id": "PWIXJZS", "type": "service_reference", "summary": "Memory"}}
    }});
    change(&mut delivery["event"]);
    delivery.to_string().into_bytes()
}

fn one(workflow: &WorkflowRecord, body: &[u8]) -> Admission {
    let mut all = admitted(workflow, body, now());
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn started(admission: Admission) -> Admitted {
    match admission {
        Admission::Start(admitted) => *admitted,
        Admission::Ignore(reason) => panic!("ignored: {reason}"),
    }
}

#[test]
fn an_event_that_the_workflow_asks_for_starts_a_run_that_can_read_it_again() {
    let body = delivery(|_| {});
    let admitted = started(one(&workflow(), &body));
    assert_eq!(
        admitted.input.run.id,
        RunId::for_event(&"memory-alert".parse().unwrap(), "01F")
    );
    assert_eq!(admitted.input.run.version, WorkflowVersion(3));
    assert_eq!(admitted.input.run.depth, 0);
    assert_eq!(admitted.large_body, None);
    let event = stored_event(trigger_of(&admitted), None).unwrap();
    assert_eq!(event_value(&event).unwrap()["incident"]["title"], "t");
}

#[test]
fn f14_a_redelivery_gives_the_same_bytes_of_input_whenever_it_comes() {
    let body = delivery(|_| {});
    let first = serde_json::to_string(&started(one(&workflow(), &body)).input).unwrap();
    let later = WorkflowRecord {
        updated_at: Timestamp::UNIX_EPOCH,
        ..workflow()
    };
    let mut again = admitted(&later, &body, "2026-11-24T10:00:00Z".parse().unwrap());
    assert_eq!(serde_json::to_string(&started(again.remove(0)).input).unwrap(), first);
    assert!(!first.contains("2026-11"), "no time of the delivery: {first}");
}

#[test]
fn f30_a_redelivery_after_an_edit_is_the_same_run() {
    let edited = WorkflowRecord {
        active_version: WorkflowVersion(4),
        ..workflow()
    };
    let body = delivery(|_| {});
    assert_eq!(
        started(one(&workflow(), &body)).input.run.id,
        started(one(&edited, &body)).input.run.id
    );
}

#[rstest]
#[case::event_type(delivery(|event| event["event_type"] = json!("incident.resolved")), Ignored::EventType)]
#[case::b32_unknown_type(delivery(|event| event["event_type"] = json!("incident.invented")), Ignored::EventType)]
#[case::condition(delivery(|event| event["data"]["service"]["summary"] = json!("Other")), Ignored::Condition)]
#[case::f16_old(delivery(|event| event["occurred_at"] = json!("2026-11-15T09:59:59Z")), Ignored::TooOld)]
#[case::ping(
    br#"{"event":{"id":"01P","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2022-10-01T02:30:53.852Z","agent":null,"client":null,"data":{"message":"Hello from your friend Pagey!","type":"ping"}}}"#.to_vec(),
    Ignored::Ping
)]
fn an_event_that_nobody_asked_for_starts_nothing(#[case] body: Vec<u8>, #[case] reason: Ignored) {
    assert_eq!(one(&workflow(), &body), Admission::Ignore(reason));
}

fn with_filters(filters: Filters) -> WorkflowRecord {
    let trigger = TriggerRecord {
        filters,
        when: None,
        ..trigger()
    };
    WorkflowRecord {
        trigger: Some(trigger),
        ..workflow()
    }
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// An incident with all that filters look at.
fn filtered(event: &mut Value) {
    event["data"]["priority"] = json!({"id": "PP1", "type": "priority_reference", "summary": "P1"});
    event["data"]["urgency"] = json!("high");
    event["data"]["teams"] = json!([{"id": "PT1", "type": "team_reference", "summary": "Shop"},
                                    {"id": "PT2", "type": "team_reference", "summary": "Platform"}]);
}

#[rstest]
#[case::service_by_id(Filters { services: named(&["PX", "PWIXJZS"]), ..Filters::default() }, None)]
#[case::service_by_name(Filters { services: named(&["Memory"]), ..Filters::default() }, None)]
#[case::other_service(Filters { services: named(&["memory", "PWIX"]), ..Filters::default() }, Some(Ignored::Service))]
#[case::one_of_its_teams(Filters { teams: named(&["Platform"]), ..Filters::default() }, None)]
#[case::team_by_id(Filters { teams: named(&["PT1"]), ..Filters::default() }, None)]
#[case::other_team(Filters { teams: named(&["PT3"]), ..Filters::default() }, Some(Ignored::Team))]
#[case::priority_by_name(Filters { priorities: named(&["P1", "P2"]), ..Filters::default() }, None)]
#[case::priority_by_id(Filters { priorities: named(&["PP1"]), ..Filters::default() }, None)]
#[case::other_priority(Filters { priorities: named(&["P2"]), ..Filters::default() }, Some(Ignored::Priority))]
#[case::urgency(Filters { urgency: Some(Urgency::High), ..Filters::default() }, None)]
#[case::other_urgency(Filters { urgency: Some(Urgency::Low), ..Filters::default() }, Some(Ignored::Urgency))]
#[case::all_must_be_passed(
    Filters { services: named(&["Memory"]), teams: named(&["Shop"]), priorities: named(&["P1"]), urgency: Some(Urgency::Low) },
    Some(Ignored::Urgency)
)]
fn an_event_starts_a_run_if_it_passes_each_filter(#[case] filters: Filters, #[case] refusal: Option<Ignored>) {
    let admission = one(&with_filters(filters), &delivery(filtered));
    match refusal {
        Some(reason) => assert_eq!(admission, Admission::Ignore(reason)),
        None => drop(started(admission)),
    }
}

#[rstest]
#[case("service", Filters { services: named(&["Memory"]), ..Filters::default() }, Ignored::Service)]
#[case("teams", Filters { teams: named(&["Shop"]), ..Filters::default() }, Ignored::Team)]
#[case("priority", Filters { priorities: named(&["P1"]), ..Filters::default() }, Ignored::Priority)]
#[case("urgency", Filters { urgency: Some(Urgency::High), ..Filters::default() }, Ignored::Urgency)]
fn what_an_event_does_not_tell_passes_no_filter(
    #[case] field: &str,
    #[case] filters: Filters,
    #[case] reason: Ignored,
    #[values(json!(null), json!([]), json!("odd"))] odd: Value,
) {
    let workflow = with_filters(filters);
    let without = delivery(|event| {
        filtered(event);
        event["data"][field] = odd;
    });
    assert_eq!(one(&workflow, &without), Admission::Ignore(reason));

    let without_incident = delivery(|event| event["data"] = json!({"id": "PWIXJZS", "type": "service"}));
    assert_eq!(one(&workflow, &without_incident), Admission::Ignore(reason));
}

/// A team moves from V2 to V3 without a change of its workflow.
#[test]
fn the_same_filters_and_condition_admit_the_same_incident_of_both_generations() {
    let filters = Filters {
        services: named(&["PWIXJZS"]),
        teams: named(&["Shop"]),
        priorities: named(&["P1"]),
        urgency: Some(Urgency::High),
    };
    let mut of_v2 = with_filters(filters);
    let trigger = of_v2.trigger.as_mut().unwrap();
    trigger.when = Some("event.type == 'incident.triggered' and event.incident.priority.summary == 'P1'".into());
    let of_v3 = of_v2.clone();
    of_v2.trigger.as_mut().unwrap().webhook = WebhookKind::V2;
    let message = json!({"messages": [{"id": "m1", "event": "incident.trigger", "created_on": "2026-11-22T09:59:59Z",
        "log_entries": [], "incident": {"id": "P1", "incident_number": 1, "title": "t", "status": "triggered",
            "urgency": "high", "service": {"id": "PWIXJZS", "type": "service", "name": "Memory"},
            "priority": {"id": "PP1", "type": "priority", "name": "P1", "summary": "P1"},
            "teams": [{"id": "PT1", "type": "team_reference", "summary": "Shop"}]}}]});

    let of_both = [
        started(one(&of_v3, &delivery(filtered))),
        started(one(&of_v2, message.to_string().as_bytes())),
    ];
    assert!(
        of_both
            .iter()
            .all(|admitted| trigger_of(admitted).filter_error.is_none())
    );
}

#[rstest]
#[case(WorkflowState::Disabled, Ignored::WorkflowDisabled)]
#[case(WorkflowState::Deleted, Ignored::WorkflowDeleted)]
fn f31_a_workflow_that_is_off_starts_nothing(#[case] state: WorkflowState, #[case] reason: Ignored) {
    let workflow = WorkflowRecord { state, ..workflow() };
    assert_eq!(one(&workflow, &delivery(|_| {})), Admission::Ignore(reason));
}

#[rstest]
#[case(json!("2027-01-01T00:00:00Z"))]
#[case(json!("yesterday"))]
#[case(json!(null))]
fn b37_a_time_that_cannot_be_believed_does_not_lose_the_event(#[case] occurred_at: Value) {
    started(one(&workflow(), &delivery(|event| event["occurred_at"] = occurred_at)));
}

#[test]
fn a_condition_that_cannot_be_evaluated_starts_a_run_that_says_so() {
    let body = delivery(|event| event["data"]["service"] = json!(null));
    let admitted = started(one(&workflow(), &body));
    let error = trigger_of(&admitted).filter_error.clone().unwrap();
    assert!(error.contains("`event.incident.service` is null"), "{error}");
}

#[test]
fn f40_what_the_key_of_an_incident_says_of_its_depth_counts_for_nothing_by_itself() {
    let key = EffectKey::new(
        &RunId::for_event(&"w".parse().unwrap(), "e"),
        2,
        &Default::default(),
        &workflow::ids::StepPath::top(workflow::ids::Section::Steps, 0),
    );
    let body = delivery(|event| event["data"]["incident_key"] = json!(key.as_str()));
    assert_eq!(started(one(&workflow(), &body)).input.run.depth, 0);
}

#[rstest]
#[case::of_a_run("Closed.\n\n[pagerflow ABCDEFGHIJ234]", true)]
#[case::of_a_person("Closed by pagerflow", false)]
fn f40_a_note_that_a_run_has_left_starts_nothing(#[case] note: &str, #[case] is_ours: bool) {
    let trigger = TriggerRecord {
        events: vec!["incident.annotated".into()],
        when: None,
        ..trigger()
    };
    let of_v3 = WorkflowRecord {
        trigger: Some(trigger.clone()),
        ..workflow()
    };
    let webhook = WebhookKind::V2;
    let of_v2 = WorkflowRecord {
        trigger: Some(TriggerRecord { webhook, ..trigger }),
        ..workflow()
    };
    let event = delivery(|event| {
        event["event_type"] = json!("incident.annotated");
        event["data"] = json!({"type": "incident_note", "id": "PN", "content": note, "incident": {"id": "P1"}});
    });
    let message = json!({"messages": [{"id": "m", "event": "incident.annotate", "incident": {"id": "P1"},
        "log_entries": [{"type": "annotate_log_entry", "channel": {"type": "note", "summary": note}}]}]});

    for admission in [one(&of_v3, &event), one(&of_v2, message.to_string().as_bytes())] {
        match is_ours {
            true => assert_eq!(admission, Admission::Ignore(Ignored::OwnNote)),
            false => drop(started(admission)),
        }
    }
}

#[test]
fn b23_a_body_that_does_not_fit_into_the_input_is_stored_beside_the_run() {
    // Text that does not compress: a linear congruential generator's digits.
    let mut state = 1_u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
            .to_string()
            .replace(['"', '\\'], "x")
    })
    .take(256 * 1024)
    .collect();
    let body = delivery(|event| event["data"]["noise"] = json!(noise));
    let admitted = started(one(&workflow(), &body));
    assert_eq!(trigger_of(&admitted).body, RunBody::Table {});
    assert!(serde_json::to_string(&admitted.input).unwrap().len() < 1_000);
    let event = stored_event(trigger_of(&admitted), admitted.large_body.as_deref()).unwrap();
    assert_eq!(event.data["noise"], json!(noise));
    assert!(
        stored_event(trigger_of(&admitted), None)
            .unwrap_err()
            .contains("not in the table")
    );
}

#[test]
fn b35_each_message_of_a_v2_delivery_is_an_event_of_its_own_and_the_senders_headers_are_not_kept() {
    let message = |id: &str| {
        json!({"id": id, "event": "incident.trigger", "created_on": "2026-11-22T09:59:59Z",
               "incident": {"id": "P1", "incident_number": 1, "title": "t", "status": "triggered",
                            "service": {"id": "PWIXJZS", "type": "service", "summary": "Memory"}},
               "webhook": {"config": {"headers": [{"name": "x-api-key", "value": "pgf_s3cret"}]}}, "log_entries": []})
    };
    let body = json!({"messages": [message("m1"), message("m2")]})
        .to_string()
        .into_bytes();
    let workflow = v2_workflow();
    let all: Vec<Admitted> = admitted(&workflow, &body, now()).into_iter().map(started).collect();
    assert_eq!(all.len(), 2);
    assert_ne!(all[0].input.run.id, all[1].input.run.id);
    let RunBody::Input { data } = &trigger_of(&all[1]).body else {
        panic!()
    };
    let stored = body::decompress(&body::from_text(data).unwrap()).unwrap();
    let stored = String::from_utf8(stored).unwrap();
    assert!(
        stored.contains("m2") && !stored.contains("m1") && !stored.contains("s3cret"),
        "{stored}"
    );
    assert_eq!(stored_event(trigger_of(&all[1]), None).unwrap().id.to_string(), "m2");
}

#[test]
fn a_v2_delivery_without_messages_starts_nothing() {
    let workflow = v2_workflow();
    assert_eq!(
        one(&workflow, br#"{"messages":[]}"#),
        Admission::Ignore(Ignored::NoMessage)
    );
}

#[rstest]
#[case::b22(b"".to_vec())]
#[case::b22_null(b"null".to_vec())]
#[case::b22_empty_object(b"{}".to_vec())]
#[case::b25(b"\xff\xfe".to_vec())]
#[case::b29(b"{} {}".to_vec())]
#[case::b36_the_other_kind(br#"{"messages":[{"id":"m","event":"incident.trigger","incident":{"id":"P1"}}]}"#.to_vec())]
fn what_cannot_be_read_is_told_apart_from_what_is_not_wanted(#[case] body: Vec<u8>) {
    assert!(admit(&workflow(), &trigger(), &body, now()).is_err());
}

#[test]
fn the_fields_that_expressions_may_name_are_those_that_an_event_has() {
    let event = event_value(&v3::parse(&delivery(|_| {})).unwrap()).unwrap();
    let names = |value: &Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let sorted = |known: &[&str]| {
        let mut known: Vec<String> = known.iter().map(ToString::to_string).collect();
        known.sort();
        known
    };
    let scheduled = workflow::triggers::schedule::event_value(Timestamp::UNIX_EPOCH);
    let mut of_both = [names(&event), names(&scheduled)].concat();
    of_both.sort();
    of_both.dedup();
    assert_eq!(of_both, sorted(&event_types::FIELDS));
    assert_eq!(names(&event["incident"]), sorted(&event_types::INCIDENT_FIELDS));
}

/// What PagerDuty sends, from the folder of samples.
fn sample(name: &str) -> Vec<u8> {
    let file = format!("{}/../../events/pagerduty/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_type_of_event_has_the_fields_that_workflows_are_checked_with() {
    for event_type in event_types::names() {
        let event = v3::parse(&sample(&format!("types/{event_type}"))).unwrap();
        assert_eq!(event.event_type, event_type);
        let checked = event_types::of(event_type, WebhookKind::V3);
        if let Err(difference) = checked.admits(&event_value(&event).unwrap()) {
            panic!("{event_type}: event{difference}");
        }
    }
    let messages = pagerduty::webhook::v2::parse(&sample("webhook-v2-incident-trigger")).unwrap();
    let event = &messages.read.first().unwrap().event;
    let checked = event_types::of(&event.event_type, WebhookKind::V2);
    checked.admits(&event_value(event).unwrap()).unwrap();
}

#[test]
fn f18_events_that_come_out_of_order_each_start_a_run_unless_the_workflow_looks_at_the_incident() {
    let resolved = delivery(|event| {
        event["id"] = json!("01R");
        event["event_type"] = json!("incident.resolved");
        event["data"]["status"] = json!("resolved");
    });
    let late = delivery(|event| event["data"]["status"] = json!("resolved"));
    let mut both = workflow();
    both.trigger.as_mut().unwrap().events.push("incident.resolved".into());

    let runs = [&resolved, &late].map(|body| started(one(&both, body)).input.run.id);
    assert_ne!(runs[0], runs[1]);

    both.trigger.as_mut().unwrap().when = Some("event.incident.status == 'triggered'".into());
    assert_eq!(one(&both, &late), Admission::Ignore(Ignored::Condition));
}

#[test]
fn a_condition_sees_the_time_at_which_the_delivery_is_decided_on() {
    let mut workflow = workflow();
    let trigger = workflow.trigger.as_mut().unwrap();
    trigger.when = Some("now | within('10:00-11:00')".into());
    let trigger = trigger.clone();
    let body = delivery(|_| {});
    let events = Events::read(trigger.webhook, &body).unwrap();
    let is_started = |admissions: &[Admission]| matches!(admissions, [Admission::Start(_)]);
    let later = now() + SignedDuration::from_hours(1);
    assert!(is_started(&events.admit(&workflow, &trigger, now())));
    assert!(!is_started(&events.admit(&workflow, &trigger, later)));
    // It happened a second before ten.
    assert!(!is_started(&events.admit_as_it_happened(&workflow, &trigger, now())));
}

#[test]
fn no_event_is_too_old_where_it_is_decided_on_as_it_happened() {
    let mut workflow = workflow();
    workflow.trigger.as_mut().unwrap().when = None;
    let trigger = workflow.trigger.clone().unwrap();
    let body = delivery(|event| event["occurred_at"] = json!("2020-01-01T00:00:00Z"));
    let events = Events::read(trigger.webhook, &body).unwrap();
    assert_eq!(
        events.admit(&workflow, &trigger, now()),
        [Admission::Ignore(Ignored::TooOld)]
    );
    assert!(matches!(
        events.admit_as_it_happened(&workflow, &trigger, now()).as_slice(),
        [Admission::Start(_)]
    ));
}

/// The events of a delivery that are handed to runs that wait for events of the integration `prod`.
fn awaited(webhook: WebhookKind, body: &[u8], now: Timestamp) -> Vec<AwaitedEvent> {
    let types = ["incident.triggered", "incident.annotated", "service.updated"].into();
    Events::read(webhook, body)
        .unwrap()
        .awaited(&"prod".parse().unwrap(), &types, now)
}

#[test]
fn an_event_of_an_awaited_type_is_told_with_its_incident_its_time_and_its_body() {
    let body = delivery(|_| {});
    let told = awaited(WebhookKind::V3, &body, now());

    let [event] = &told[..] else { panic!("{told:?}") };
    let watch = Watch::new("prod".parse().unwrap(), "P1").unwrap();
    assert_eq!((&event.watch, event.place().id.as_str()), (&watch, "01F"));
    assert_eq!(event.occurred_at, "2026-11-22T09:59:59.123Z".parse().unwrap());
    let read = stored_event(&event.event, None).unwrap();
    assert_eq!(read.incident.unwrap().title.as_deref(), Some("t"));
}

#[rstest]
#[case::another_type(|event: &mut Value| event["event_type"] = json!("incident.resolved"))]
#[case::of_no_incident(|event: &mut Value| event["data"] = json!({"type": "service", "id": "P1"}))]
#[case::ping(|event: &mut Value| event["event_type"] = json!("pagey.ping"))]
#[case::of_more_than_a_week_before(|event: &mut Value| event["occurred_at"] = json!("2026-11-15T09:59:59Z"))]
#[case::note_of_a_run(|event: &mut Value| {
    event["event_type"] = json!("incident.annotated");
    let note = "Say rollback.\n\n[pagerflow ABCDEFGHIJ234]";
    event["data"] = json!({"type": "incident_note", "id": "PN", "content": note, "incident": {"id": "P1"}});
})]
fn an_event_that_no_run_could_wait_for_is_not_told(#[case] change: fn(&mut Value)) {
    assert_eq!(awaited(WebhookKind::V3, &delivery(change), now()), []);
}

#[test]
fn an_event_whose_time_is_not_known_counts_from_when_it_came() {
    let told = awaited(
        WebhookKind::V3,
        &delivery(|event| event["occurred_at"] = json!("?")),
        now(),
    );
    assert_eq!(told[0].occurred_at, now());
}

#[test]
fn a_body_that_fits_into_no_message_is_left_out_and_its_event_is_told() {
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'?' + u8::try_from(state >> 26).unwrap())
    });
    let noise: String = noise.take(256 * 1024).collect();
    let told = awaited(
        WebhookKind::V3,
        &delivery(|event| event["data"]["noise"] = json!(noise)),
        now(),
    );
    assert_eq!(told[0].event.body, RunBody::Table {});
}

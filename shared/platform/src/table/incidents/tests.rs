use super::*;
use crate::{
    body,
    table::{
        items::Memory,
        journal::{Journal, Question},
        tests::{deadline, now, watch, write},
    },
};
use futures_util::FutureExt;
use jiff::{SignedDuration, ToSpan};
use rstest::rstest;
use serde_json::json;
use workflow::{
    planner::{Changes, Needs},
    watch::WatchChange,
};

/// The answer of items in memory, which comes at once.
fn at_once<T, E: std::fmt::Debug>(answer: impl Future<Output = Result<T, E>>) -> T {
    answer.now_or_never().unwrap().unwrap()
}

/// An event of the incident Q1 that occurred so many seconds after the hour, with a note.
fn event(id: &str, event_type: &str, seconds: i64, note: &str) -> AwaitedEvent {
    let occurred_at = now() + seconds.seconds();
    let body = json!({"event": {
        "id": id, "event_type": event_type, "resource_type": "incident", "occurred_at": occurred_at.to_string(),
        "data": {"type": "incident_note", "content": note, "incident": {"id": "Q1", "type": "incident_reference"}},
    }});
    let packed = body::to_text(&body::compress(body.to_string().as_bytes()));
    AwaitedEvent {
        watch: watch("Q1"),
        occurred_at,
        event: RunEvent {
            webhook: WebhookKind::V3,
            event_id: id.to_owned(),
            event_type: event_type.to_owned(),
            body: RunBody::Input { data: packed.into() },
            filter_error: None,
        },
    }
}

fn annotated(id: &str, seconds: i64) -> AwaitedEvent {
    event(id, "incident.annotated", seconds, "a note")
}

fn table(events: &[AwaitedEvent]) -> Table<Memory> {
    let table = Table::over(Memory::default());
    for event in events {
        at_once(table.put_event(event, now()));
    }
    table
}

fn wanted(after: EventPlace) -> Wanted {
    Wanted {
        watch: watch("Q1"),
        types: ["incident.annotated".to_owned()].into(),
        after,
    }
}

/// The events as a Plan reads them.
fn read(table: &Table<Memory>, wanted: Wanted) -> Vec<IncidentEvent> {
    let needs = Needs {
        events: Some(wanted),
        ..Needs::default()
    };
    let question = Question {
        run: &"r".parse().unwrap(),
        workflow: &"memory-alert".parse().unwrap(),
        needs: &needs,
        concurrency_key: None,
        incident: None,
        own_key: None,
        now: now(),
    };
    at_once(table.known(&question)).events
}

fn ids(events: &[IncidentEvent]) -> Vec<&str> {
    events.iter().map(|event| event.place.id.as_str()).collect()
}

#[test]
fn events_of_the_wanted_types_are_read_in_the_order_of_time_whenever_they_came() {
    let resolved = event("04", "incident.resolved", 4, "");
    let of_another = AwaitedEvent {
        watch: watch("Q2"),
        ..annotated("05", 5)
    };
    let table = table(&[
        annotated("03", 3),
        resolved,
        annotated("01", 1),
        of_another,
        annotated("02", 2),
    ]);

    let found = read(&table, wanted(EventPlace::at(now())));

    assert_eq!(ids(&found), ["01", "02", "03"]);
    let value = found[0].value.as_ref().unwrap();
    assert_eq!(
        (&value["note"], &value["incident"]["id"]),
        (&json!("a note"), &json!("Q1"))
    );
}

#[test]
fn an_event_counts_from_the_very_time_on_and_behind_the_place_of_another_one_of_that_time() {
    let table = table(&[annotated("01", 0), annotated("02", 0)]);
    assert_eq!(ids(&read(&table, wanted(EventPlace::at(now())))), ["01", "02"]);
    let behind = EventPlace {
        occurred_at: now(),
        id: "01".into(),
    };
    assert_eq!(ids(&read(&table, wanted(behind))), ["02"]);
}

#[test]
fn of_many_events_the_newest_are_read() {
    let most = i64::try_from(Wanted::MOST).unwrap();
    let events: Vec<_> = (0..most + 30)
        .map(|number| annotated(&format!("{number:03}"), number))
        .collect();
    let found = read(&table(&events), wanted(EventPlace::at(now())));
    assert_eq!((found.len(), found[0].place.id.as_str()), (Wanted::MOST, "030"));
}

#[test]
fn events_are_read_only_as_far_as_the_runner_has_room_for_them() {
    let large = "x".repeat(300 * 1024);
    let events: Vec<_> = (0..20)
        .map(|number| event(&number.to_string(), "incident.annotated", number, &large))
        .collect();
    let found = read(&table(&events), wanted(EventPlace::at(now())));
    let bytes: usize = found
        .iter()
        .map(|event| event.value.as_ref().unwrap().to_string().len())
        .sum();
    assert!((BYTES / 2..=BYTES).contains(&bytes), "{bytes}");
    assert_eq!(found.last().unwrap().place.id, "19");
}

#[test]
fn what_a_lane_has_found_does_not_change_when_the_event_comes_again() {
    let table = table(&[annotated("01", 1), event("01", "incident.annotated", 1, "another note")]);
    let found = read(&table, wanted(EventPlace::at(now())));
    assert_eq!(found[0].value.as_ref().unwrap()["note"], "a note");
    assert_eq!(found.len(), 1);
}

#[rstest]
#[case::too_large(RunBody::Table {})]
#[case::damaged(RunBody::Input { data: "no body".to_owned().into() })]
fn an_event_whose_body_is_not_there_is_an_event_all_the_same(#[case] body: RunBody) {
    let mut event = annotated("01", 1);
    event.event.body = body;
    let found = read(&table(&[event]), wanted(EventPlace::at(now())));
    assert_eq!((ids(&found), &found[0].value), (vec!["01"], &None));
}

#[test]
fn the_longest_id_of_an_event_fits_into_a_key() {
    let id = "é".repeat(512);
    let found = read(&table(&[annotated(&id, 1)]), wanted(EventPlace::at(now())));
    assert_eq!(ids(&found), [id.as_str()]);
}

#[test]
fn an_event_is_kept_for_a_day() {
    let item = item_of(&annotated("01", 1), now()).unwrap();
    let day = SignedDuration::from_hours(24);
    assert_eq!(item["expires_at"], number((now() + day).as_second()));
}

fn changes(change: WatchChange) -> Changes {
    Changes {
        watches: vec![change],
        ..Changes::default()
    }
}

#[test]
fn a_lane_watches_from_the_plan_that_begins_it_to_the_one_that_ends_it() {
    let table = table(&[annotated("01", 1)]);
    let watchers = || at_once(table.watchers(&watch("Q1")));
    at_once(write(&table, 1, &changes(WatchChange::Begins(watch("Q1")))));
    let own = LaneKey {
        run: "r".parse().unwrap(),
        lane: LanePath::main(),
    };
    assert_eq!(watchers(), std::slice::from_ref(&own));
    assert!(at_once(table.watchers(&watch("Q2"))).is_empty());

    at_once(write(&table, 2, &changes(WatchChange::Ends(watch("Q1")))));
    assert!(watchers().is_empty());

    at_once(write(&table, 3, &changes(WatchChange::Begins(watch("Q1")))));
    assert_eq!(watchers(), [own]);
}

#[test]
fn lanes_within_lanes_watch_too_and_no_more_than_a_function_has_time_for() {
    let table = table(&[]);
    let deep = |number: usize| {
        let lane: LanePath = vec![format!("{number:05}:00000"); 100].join("/").parse().unwrap();
        begin(&watch("Q1"), &"r".parse().unwrap(), &lane, deadline().as_second())
    };
    for number in 0..WATCHERS + 1 {
        at_once(table.items.write("write", deep(number)));
    }
    assert_eq!(at_once(table.watchers(&watch("Q1"))).len(), WATCHERS);
}

//! Events of incidents, and the lanes that watch an incident.
//!
//! An event is put here before it is looked who watches its incident; a lane is put here before it looks at the events. Both reads see the
//! last write, so one of the two finds the other. The same event may come any number of times: the first one stays, because a Plan
//! that is made again must find what it has found before.

use super::{
    Item, Items, Key, Query, Read, StoreError, Table, Write, expiry,
    items::{Range, Test, Update},
    keys, number, record,
    run_list::sortable,
    text,
};
use crate::{
    awaited::AwaitedEvent,
    intake::{event_value, stored_event},
};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use workflow::{
    fingerprint::fingerprint,
    ids::{LanePath, RunId},
    planner::LaneKey,
    run::{RunBody, RunEvent, WebhookKind},
    watch::{EventPlace, IncidentEvent, Wanted, Watch},
};

/// The most lanes that an event wakes: a function has 30 s, and some 20 ms for each. The others find the event when the slices of
/// their waits are over.
pub const WATCHERS: usize = 1_000;

/// The number of events in a page, and the most pages that are read for a Plan. A page has a megabyte at most.
const EVENTS_IN_PAGE: i32 = 50;
const PAGES: usize = 4;

/// The bytes that the bodies of the events for a Plan may have together, unpacked. The runner has 256 MB.
const BYTES: usize = 4 * 1024 * 1024;

/// The longest name in a sort key, of which DynamoDB takes 1,024 bytes.
const LONGEST_NAME: usize = 900;

const EVENT: &str = "EVENT#";
const WATCH: &str = "WATCH#";

/// The store of events of incidents.
pub trait IncidentEvents: Sync {
    /// Keeps an event for a day. The lanes that watch its incident are still to be [woken](crate::wake::watchers). One call.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    fn put_event(&self, event: &AwaitedEvent, now: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The lanes that watch an incident, [`WATCHERS`] at most. One call for each page of them.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item cannot be read by this release.
    fn watchers(&self, watch: &Watch) -> impl Future<Output = Result<Vec<LaneKey>, StoreError>> + Send;
}

/// A name, or its hash if it is long. Lanes within lanes have long paths.
fn short(kind: &str, name: String) -> String {
    match name.len() > LONGEST_NAME {
        true => fingerprint(kind, &[&name]),
        false => name,
    }
}

/// A lane that watches.
fn watcher(watch: &Watch, run: &RunId, lane: &LanePath) -> Key {
    let name = short("watch", format!("{run}#{lane}"));
    Key::new(keys::incident_watch(watch), format!("{WATCH}{name}"))
}

/// The beginning of the sort keys of the events that occurred at a time.
fn events_at(time: Timestamp) -> String {
    format!("{EVENT}{}#", sortable(time))
}

fn event_key(event: &AwaitedEvent) -> Key {
    let id = short("event", event.event.event_id.clone());
    let sk = format!("{}{id}", events_at(event.occurred_at));
    Key::new(keys::incident_watch(&event.watch), sk)
}

/// A lane watches an incident from now on.
pub(super) fn begin(watch: &Watch, run: &RunId, lane: &LanePath, expires_at: i64) -> Write {
    let mut update = Update::new(watcher(watch, run, lane));
    update.set("run", text(run.as_str()));
    update.set("lane", text(lane.to_string()));
    update.set("expires_at", number(expires_at));
    update.into()
}

/// A lane watches an incident no longer. No function may delete items, so it is left to DynamoDB.
pub(super) fn end(watch: &Watch, run: &RunId, lane: &LanePath, now: Timestamp) -> Write {
    let mut update = Update::new(watcher(watch, run, lane));
    update.remove("run");
    update.remove("lane");
    update.set("expires_at", number(now.as_second()));
    update.into()
}

/// An event as it is stored.
#[derive(Deserialize)]
struct Stored {
    occurred_at: Timestamp,
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    webhook: WebhookKind,
    /// The packed body; none if it was too large.
    #[serde(default)]
    body: Option<String>,
}

impl Stored {
    fn place(&self) -> EventPlace {
        EventPlace {
            occurred_at: self.occurred_at,
            id: self.id.clone(),
        }
    }

    /// The event as expressions see it; none if it has no body, or none that this release can read.
    fn value(self) -> Option<Value> {
        let event = RunEvent {
            webhook: self.webhook,
            event_id: self.id,
            event_type: self.event_type,
            body: RunBody::Input {
                data: self.body?.into(),
            },
            filter_error: None,
        };
        let value = stored_event(&event, None).and_then(|event| event_value(&event));
        value
            .inspect_err(
                |error| tracing::error!(event_id = event.event_id, %error, "an event of an incident cannot be read"),
            )
            .ok()
    }
}

/// The events that a lane waits for, in their order: the newest, as many as are read for a Plan.
pub(super) async fn events<I: Items>(table: &Table<I>, wanted: &Wanted) -> Result<Vec<IncidentEvent>, StoreError> {
    let mut query = Query {
        range: Range::Between(events_at(wanted.after.occurred_at), format!("{EVENT}~")),
        is_descending: true,
        limit: Some(EVENTS_IN_PAGE),
        ..Query::partition(Read::IncidentEvents, keys::incident_watch(&wanted.watch))
    };
    let (mut found, mut room) = (Vec::new(), BYTES);
    for _ in 0..PAGES {
        let page = table.items.query(&query).await?;
        for item in page.items {
            let stored: Stored = record("event of an incident", item)?;
            let place = stored.place();
            if !wanted.has(&stored.event_type, &place) {
                continue;
            }
            let event_type = stored.event_type.clone();
            let value = stored.value();
            let bytes = value.as_ref().map_or(0, |value| value.to_string().len());
            let Some(left) = room.checked_sub(bytes).filter(|_| found.len() < Wanted::MOST) else {
                return Ok(in_order(found));
            };
            room = left;
            found.push(IncidentEvent {
                place,
                event_type,
                value,
            });
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(in_order(found))
}

fn in_order(mut events: Vec<IncidentEvent>) -> Vec<IncidentEvent> {
    events.sort_by(|one, other| one.place.cmp(&other.place));
    events
}

fn item_of(event: &AwaitedEvent, now: Timestamp) -> Result<Item, StoreError> {
    let webhook = serde_dynamo::to_attribute_value(event.event.webhook).map_err(|error| StoreError::Unreadable {
        what: "event of an incident",
        cause: error.to_string(),
    })?;
    let mut item = event_key(event).attributes();
    let mut add = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    add("occurred_at", text(event.occurred_at.to_string()));
    add("id", text(&event.event.event_id));
    add("type", text(&event.event.event_type));
    add("webhook", webhook);
    add("expires_at", number(expiry::of_event(now)));
    if let RunBody::Input { data } = &event.event.body {
        add("body", text(&**data));
    }
    Ok(item)
}

impl<I: Items> IncidentEvents for Table<I> {
    async fn put_event(&self, event: &AwaitedEvent, now: Timestamp) -> Result<(), StoreError> {
        let put = Write::Put {
            item: item_of(event, now)?,
            condition: vec![Test::ABSENT],
        };
        // One that is there already stays.
        self.items.write("keep the event of the incident", put).await?;
        Ok(())
    }

    async fn watchers(&self, watch: &Watch) -> Result<Vec<LaneKey>, StoreError> {
        let mut query = Query {
            range: Range::BeginsWith(WATCH),
            ..Query::partition(Read::Watchers, keys::incident_watch(watch))
        };
        let mut watchers = Vec::new();
        loop {
            let page = self.items.query(&query).await?;
            let watch = page.items.into_iter().filter(|item| item.contains_key("lane"));
            for item in watch {
                let Watcher { run, lane } = record("lane that watches an incident", item)?;
                watchers.push(LaneKey { run, lane });
            }
            match page.next.filter(|_| watchers.len() < WATCHERS) {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        watchers.truncate(WATCHERS);
        Ok(watchers)
    }
}

#[derive(Deserialize)]
struct Watcher {
    run: RunId,
    lane: LanePath,
}

#[cfg(test)]
mod tests;

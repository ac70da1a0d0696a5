//! Deliveries of Generic V2 extensions: `{"messages": [{…}]}`, in practice one message each.

use serde_json::{Map, Value, json};

use super::{Event, EventIncident, Generation, Unreadable, read_object};
use crate::{json, lenient};

/// The number of messages that one delivery may have. PagerDuty's documentation allows several, its deliveries have one.
pub const MAX_MESSAGES: usize = 100;

/// One message of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The event.
    pub event: Event,
    /// The message alone, as a delivery that [`parse`] reads as the same event, fit to be stored: without
    /// `webhook.config`, which can hold the sender's custom headers and thus our API key, and without
    /// `webhook.endpoint_url`, which can hold a password.
    pub sanitised: Value,
}

/// The messages of a delivery.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Messages {
    /// Those that were read, in order; perhaps none at all.
    pub read: Vec<Message>,
    /// The reason there are others that were not: the first reason. The delivery is to be kept then, for people to look at.
    pub unreadable: Option<Unreadable>,
}

/// Reads one delivery. Of more than [`MAX_MESSAGES`] only the first are read. A message that has no id, no event type or
/// no incident does not hold up the others.
///
/// # Errors
/// Where the body is no V2 delivery: see [`Unreadable`].
pub fn parse(body: &[u8]) -> Result<Messages, Unreadable> {
    let mut delivery = read_object(body)?;
    let messages = match delivery.remove("messages") {
        Some(Value::Array(messages)) if !is_v1(&messages) => messages,
        Some(Value::Array(_)) => return Err(other_generation(Generation::V1)),
        _ if delivery.get("event").is_some_and(Value::is_object) => return Err(other_generation(Generation::V3)),
        _ => return Err(Unreadable::NoEvent),
    };
    let too_many = (messages.len() > MAX_MESSAGES).then_some(Unreadable::TooManyMessages {
        found: messages.len(),
        limit: MAX_MESSAGES,
    });
    let mut read = Messages::default();
    for (index, message) in messages.into_iter().take(MAX_MESSAGES).enumerate() {
        match self::message(message) {
            Ok(message) => read.read.push(message),
            Err(reason) => {
                read.unreadable.get_or_insert(Unreadable::Message {
                    position: index + 1,
                    reason: Box::new(reason),
                });
            }
        }
    }
    read.unreadable = read.unreadable.or(too_many);
    Ok(read)
}

fn other_generation(found: Generation) -> Unreadable {
    Unreadable::OtherGeneration {
        expected: Generation::V2,
        found,
    }
}

/// A V1 message has a `type` where a V2 message has an `event`.
fn is_v1(messages: &[Value]) -> bool {
    messages.first().is_some_and(|message| {
        !message.get("event").is_some_and(Value::is_string) && message.get("type").is_some_and(Value::is_string)
    })
}

/// The fields of `webhook` that repeat how the sender was configured.
const CONFIGURATION: [&str; 2] = ["config", "endpoint_url"];

/// The same, and the field that holds the custom headers. Where nothing is as it should be, they may stand anywhere.
const CONFIGURATION_ANYWHERE: [&str; 3] = ["config", "endpoint_url", "headers"];

/// What may be kept of a delivery that [`parse`] refuses: everything but how its sender was configured (see
/// [`Message::sanitised`]). Where its messages cannot be told apart, it ends before the first field of that name, in
/// whichever way that is written.
pub fn sanitise(body: &[u8]) -> Vec<u8> {
    without_configuration(body).unwrap_or_else(|| before_configuration(body).to_owned())
}

fn without_configuration(body: &[u8]) -> Option<Vec<u8>> {
    let mut delivery = json::read(body).ok()?;
    let messages = delivery.get_mut("messages")?.as_array_mut()?;
    messages.iter_mut().for_each(forget_configuration_anywhere);
    serde_json::to_vec(&delivery).ok()
}

fn forget_configuration_anywhere(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !CONFIGURATION_ANYWHERE.contains(&name.as_str()));
            fields.values_mut().for_each(forget_configuration_anywhere);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_configuration_anywhere),
        _ => {}
    }
}

fn before_configuration(body: &[u8]) -> &[u8] {
    let begins = |rest: &[u8]| CONFIGURATION_ANYWHERE.iter().any(|name| begins_with_field(rest, name));
    let end = (0..body.len()).find(|start| body.get(*start..).is_some_and(begins));
    end.and_then(|end| body.get(..end)).unwrap_or(body)
}

/// True if a text begins with a word that ends in a quote, or that a colon follows.
fn begins_with_field(text: &[u8], name: &str) -> bool {
    let mut rest = text;
    for letter in name.bytes() {
        match character(rest) {
            Some((found, after)) if found.eq_ignore_ascii_case(&letter) => rest = after,
            _ => return false,
        }
    }
    while let Some((found, after)) = character(rest) {
        match found {
            b'"' | b'\'' | b':' => return true,
            b' ' | b'\t' | b'\r' | b'\n' | b'\\' => rest = after,
            _ => return false,
        }
    }
    false
}

/// The first character of a text, and what follows. The zeros between the letters of UTF-16 and UTF-32 are passed over, and
/// an escape such as `\u0063` is the letter that it stands for.
fn character(text: &[u8]) -> Option<(u8, &[u8])> {
    let zeros = text.iter().take(3).take_while(|byte| **byte == 0).count();
    match text.get(zeros..)? {
        [b'\\', b'u', b'0', b'0', high, low, rest @ ..] => {
            let digit = |byte: &u8| {
                char::from(*byte)
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            };
            Some((digit(high)? * 16 + digit(low)?, rest))
        }
        [first, rest @ ..] => Some((*first, rest)),
        [] => None,
    }
}

fn forget_configuration(message: &mut Value) {
    if let Some(webhook) = message.get_mut("webhook").and_then(Value::as_object_mut) {
        for name in CONFIGURATION {
            webhook.remove(name);
        }
    }
}

fn message(mut message: Value) -> Result<Message, Unreadable> {
    let event = event(&message)?;
    forget_configuration(&mut message);
    Ok(Message {
        event,
        sanitised: json!({ "messages": [message] }),
    })
}

fn event(message: &Value) -> Result<Event, Unreadable> {
    let event_type = lenient::text(message, "event").ok_or(Unreadable::NoEventType)?;
    let incident = message
        .get("incident")
        .and_then(EventIncident::from_v2)
        .ok_or(Unreadable::NoIncidentId)?;
    Ok(Event {
        id: lenient::text(message, "id").ok_or(Unreadable::NoEventId)?.try_into()?,
        event_type: v3_name(event_type),
        resource_type: Some("incident".to_owned()),
        occurred_at: lenient::time(message, "created_on"),
        agent: message
            .pointer("/log_entries/0")
            .and_then(|entry| lenient::reference(entry, "agent")),
        client: None,
        incident: Some(incident),
        note: note(message),
        data: data(message),
    })
}

/// The text of a note: the log entry of a note has it in its `channel`.
fn note(message: &Value) -> Option<String> {
    let entries = message.get("log_entries")?.as_array()?;
    let is_note = |entry: &&Value| entry.get("type").and_then(Value::as_str) == Some("annotate_log_entry");
    let entry = entries.iter().find(is_note)?;
    let channel = entry
        .get("channel")
        .and_then(|channel| lenient::text(channel, "summary"));
    channel.or_else(|| lenient::text(entry, "note"))
}

/// V2 names an event after the deed, V3 after the state that it leads to.
fn v3_name(event_type: String) -> String {
    let name = match event_type.as_str() {
        "incident.trigger" => "incident.triggered",
        "incident.acknowledge" => "incident.acknowledged",
        "incident.unacknowledge" => "incident.unacknowledged",
        "incident.resolve" => "incident.resolved",
        "incident.assign" => "incident.reassigned",
        "incident.escalate" => "incident.escalated",
        "incident.delegate" => "incident.delegated",
        "incident.annotate" => "incident.annotated",
        _ => return event_type,
    };
    name.to_owned()
}

/// The incident, and beside its fields the log entries, where V2 keeps what a note or an alert says.
fn data(message: &Value) -> Value {
    let mut data = message
        .get("incident")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_else(Map::new);
    let log_entries = message.get("log_entries").cloned().unwrap_or_default();
    data.insert("log_entries".to_owned(), log_entries);
    Value::Object(data)
}

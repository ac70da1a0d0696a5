//! Deliveries in the log of the ingress, for people who wait for one.
//!
//! The ingress writes one line of JSON for each delivery. A ping starts nothing and leaves nothing else behind, so that its
//! line is how its arrival is seen: that costs the ingress no call.

use pagerduty::ids::SubscriptionId;
use serde::Deserialize;

/// The outcome of a delivery, read from a line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedDelivery {
    /// PagerDuty's ping was authentic, and was accepted.
    Ping {
        /// True if the URL leads to a workflow that webhooks start.
        leads_to_workflow: bool,
    },
    /// Another event was authentic, and was accepted.
    Event,
    /// It was not authentic, or too large. PagerDuty does not send it again.
    Refused {
        /// The reason.
        reason: String,
    },
    /// It could not be taken. PagerDuty sends it again.
    NotTaken {
        /// The reason.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Line {
    level: String,
    message: String,
    subscription: Option<String>,
    reason: Option<String>,
    events: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    reason: Option<String>,
}

impl LoggedDelivery {
    /// Reads a line, if it is one of the ingress about a delivery of this subscription. By its header only: that is not
    /// signed, so what was refused may be of another sender.
    #[must_use]
    pub fn read(line: &str, of: &SubscriptionId) -> Option<Self> {
        let line: Line = serde_json::from_str(line).ok()?;
        if line.subscription.as_deref() != Some(of.as_str()) {
            return None;
        }
        let reason = line.reason.unwrap_or_else(|| line.message.clone());
        match (line.level.as_str(), line.message.as_str()) {
            ("INFO", "delivery accepted") => Some(Self::accepted(&line.events.unwrap_or_default())),
            ("ERROR", message) if message.starts_with("delivery not taken") => Some(Self::NotTaken { reason }),
            (_, message) if message.starts_with("delivery refused") => Some(Self::Refused { reason }),
            _ => None,
        }
    }

    /// A URL that leads nowhere says so before it looks at what the event is.
    fn accepted(events: &str) -> Self {
        let events: Vec<Event> = serde_json::from_str(events).unwrap_or_default();
        let mut reasons = events.iter().map(|event| event.reason.as_deref().unwrap_or_default());
        let leads_nowhere = |reason| ["no_workflow", "no_trigger"].contains(&reason);
        match reasons.next() {
            Some("ping") => Self::Ping {
                leads_to_workflow: true,
            },
            Some(reason) if leads_nowhere(reason) => Self::Ping {
                leads_to_workflow: false,
            },
            _ => Self::Event,
        }
    }
}

/// The filter pattern of CloudWatch Logs for the lines about a subscription.
#[must_use]
pub fn filter_pattern(subscription: &SubscriptionId) -> String {
    // An id is letters and digits, so that it can not end the text.
    format!("{{ $.subscription = \"{subscription}\" }}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn id() -> SubscriptionId {
        "PSUB001".parse().unwrap()
    }

    fn ping(leads_to_workflow: bool) -> LoggedDelivery {
        LoggedDelivery::Ping { leads_to_workflow }
    }

    #[rstest]
    #[case::of_a_workflow(r#"[{"outcome":"ignored","reason":"ping"}]"#, ping(true))]
    #[case::of_an_integration(r#"[{"workflow":"w","outcome":"ignored","reason":"ping"}]"#, ping(true))]
    #[case::leads_nowhere(r#"[{"outcome":"ignored","reason":"no_workflow"}]"#, ping(false))]
    #[case::no_webhook_starts_it(r#"[{"outcome":"ignored","reason":"no_trigger"}]"#, ping(false))]
    #[case::another_event(r#"[{"outcome":"started","run":"r"}]"#, LoggedDelivery::Event)]
    fn an_accepted_delivery_is_a_ping_or_not(#[case] events: &str, #[case] expected: LoggedDelivery) {
        let line =
            json!({"level": "INFO", "message": "delivery accepted", "subscription": "PSUB001", "events": events});
        assert_eq!(LoggedDelivery::read(&line.to_string(), &id()), Some(expected));
    }

    #[test]
    fn what_is_not_about_a_delivery_of_the_subscription_is_passed_over() {
        for line in [
            json!({"level": "INFO", "message": "delivery accepted", "subscription": "PSUB002", "events": "[]"}),
            json!({"level": "INFO", "message": "delivery accepted", "events": "[]"}),
            json!({"level": "WARN", "message": "something else", "subscription": "PSUB001"}),
            json!("REPORT RequestId: …"),
        ] {
            assert_eq!(LoggedDelivery::read(&line.to_string(), &id()), None, "{line}");
        }
        assert_eq!(LoggedDelivery::read("START RequestId: …", &id()), None);
    }

    #[test]
    fn lines_are_found_by_the_subscription() {
        assert_eq!(filter_pattern(&id()), r#"{ $.subscription = "PSUB001" }"#);
    }
}

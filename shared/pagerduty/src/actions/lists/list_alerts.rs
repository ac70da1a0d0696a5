//! Lists the alerts of an incident.

use jiff::Timestamp;
use serde_json::{Map, Value};
use workflow::action::{ActionSpec, Unfit};

use super::super::{
    call::Call,
    contract::{action, fields, input},
    output::{Room, short, that_fit},
};
use crate::{
    client::{Alert, ApiToken, Client},
    error::Error,
    given::{AlertStatus, ListLimit},
    ids::IncidentId,
};

input! {
    /// The alerts of an incident to list.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        statuses: Option<Vec<AlertStatus>> => "only those with one of these", narrowing();
        limit: Option<ListLimit> => "how many at most, 1 to 100; 25 if it does not say", unfit(Unfit::LeaveOut);
    }
}

fields! {
    /// The alerts.
    Output {
        alerts: Vec<ListedAlert> => "the alerts";
        more: bool => "whether there are more than these";
    }
}

fields! {
    /// One of them. What PagerDuty did not say is null.
    ListedAlert {
        alert_id: String => "its id", id();
        alert_key: Option<String> => "its dedup key";
        status: Option<String> => "triggered or resolved";
        severity: Option<String> => "critical, error, warning or info";
        summary: Option<String> => "what it says";
        created_at: Option<Timestamp> => "when it was made, RFC 3339";
        // A field that is missing in it can have a default, whatever the reason.
        body: Map<String, Value> =>
            "what monitoring sent with it: `body.details` has its details; empty where there is none, or no room for it";
    }
}

impl From<Alert> for ListedAlert {
    fn from(alert: Alert) -> Self {
        Self {
            alert_id: alert.id,
            alert_key: alert.key,
            status: alert.status,
            severity: alert.severity,
            summary: alert.summary.map(short),
            created_at: alert.created_at,
            body: Map::new(),
        }
    }
}

/// The alerts for which there is room, and then as many of their bodies as there is room for beside them: a body that is
/// large costs no alert. Of one that is too large, `details` may still fit.
fn with_bodies(alerts: Vec<Alert>, more: bool) -> Output {
    let (bodies, alerts): (Vec<_>, Vec<_>) = alerts
        .into_iter()
        .map(|mut alert| (alert.body.take(), ListedAlert::from(alert)))
        .unzip();
    let (mut alerts, more) = that_fit(alerts, more);
    let mut room = Room::beside(&alerts);
    for (alert, body) in alerts.iter_mut().zip(bodies) {
        let Some(body) = body.map(shortened) else { continue };
        let details = Map::from_iter(
            body.get_key_value("details")
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        let mut candidates = [body, details].into_iter().filter(|body| !body.is_empty());
        alert.body = candidates.find(|body| room.take(body)).unwrap_or_default();
    }
    Output { alerts, more }
}

/// A map in which all long texts are cut.
fn shortened(fields: Map<String, Value>) -> Map<String, Value> {
    fn value(whole: Value) -> Value {
        match whole {
            Value::String(text) => Value::String(short(text)),
            Value::Array(items) => items.into_iter().map(value).collect(),
            Value::Object(fields) => Value::Object(shortened(fields)),
            other => other,
        }
    }
    fields.into_iter().map(|(name, field)| (name, value(field))).collect()
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Lists the alerts of an incident.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
statuses: [triggered]
"
        .into(),
        ..action::<Input, Output>("pagerduty.list_alerts")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let statuses = input.statuses.as_deref().unwrap_or_default();
    let limit = input.limit.unwrap_or_default();
    let found = call.account()?.list_alerts(&input.incident_id, statuses, limit).await?;
    Ok(with_bodies(found.list, found.more))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn alert(number: usize, body: Option<Value>) -> Alert {
        Alert {
            id: format!("PALERT{number:03}"),
            key: Some(format!("disk web-{number}")),
            status: Some("triggered".to_owned()),
            severity: Some("critical".to_owned()),
            summary: Some("Disk full".to_owned()),
            created_at: None,
            body: body.and_then(|body| body.as_object().cloned()),
        }
    }

    #[test]
    fn what_monitoring_sent_is_given_as_it_is() {
        let body = json!({
            "type": "alert_body", "contexts": [{"type": "link"}],
            "details": {"host": "web-1", "free": 0, "disks": ["sda", {"name": "sdb"}], "owner": null},
        });

        let listed = with_bodies(vec![alert(1, Some(body.clone())), alert(2, None)], false);

        assert_eq!(json!(listed.alerts[0].body), body);
        assert_eq!(listed.alerts[1].body, Map::new());
    }

    #[test]
    fn a_long_text_is_cut_wherever_it_is() {
        let long = "x".repeat(5000);

        let listed = with_bodies(
            vec![alert(1, Some(json!({"details": {"log": [{"lines": long}]}})))],
            false,
        );

        let lines = json!(listed.alerts[0].body)["details"]["log"][0]["lines"].clone();
        assert_eq!(lines.as_str().unwrap().chars().count(), 2000);
    }

    #[test]
    fn of_a_body_that_is_too_large_the_details_are_kept() {
        let large = |count: usize| json!(vec!["x".repeat(1000); count]);
        let body = json!({"details": {"host": "web-1", "log": large(16)}, "cef_details": {"details": large(16)}});
        let hopeless = json!({"details": {"log": large(40)}});

        let listed = with_bodies(vec![alert(1, Some(body.clone())), alert(2, Some(hopeless))], false);

        assert_eq!(json!(listed.alerts[0].body), json!({"details": body["details"]}));
        assert_eq!(
            (listed.alerts.len(), &listed.alerts[1].body, listed.more),
            (2, &Map::new(), false)
        );
    }

    proptest! {
        #[test]
        fn bodies_of_any_size_cost_no_alert_and_leave_the_list_within_its_room(
            sizes in prop::collection::vec(prop::option::of(0..60_000_usize), 0..60),
        ) {
            let body = |size: usize| json!({"details": vec!["é".repeat(100); size / 200], "type": "alert_body"});
            let alerts = |with: bool| {
                let bodies = sizes.iter().map(|size| size.filter(|_| with).map(body));
                bodies.enumerate().map(|(number, body)| alert(number, body)).collect()
            };

            let listed = with_bodies(alerts(true), false);
            let without = with_bodies(alerts(false), false);

            prop_assert_eq!((listed.alerts.len(), listed.more), (without.alerts.len(), without.more));
            prop_assert!(serde_json::to_string(&listed).unwrap().len() < 31 * 1024);
        }
    }
}

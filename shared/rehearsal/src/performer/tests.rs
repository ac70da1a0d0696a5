//! What the actions give, compared with what their catalogue promises.

use super::*;
use platform::catalog;
use provider::transport::{Answer, Request, Sending};
use reqwest::header::HeaderMap;
use workflow::{
    action::{Field, FieldKind},
    definition::Definition,
    template::Context,
};

const INCIDENT: &str = "Q0INCIDENT0001";

/// A PagerDuty that says as little as it can: of everything only what makes it what it is. All else it leaves out, or it
/// says null, or something that nobody expects.
#[derive(Debug)]
struct Terse {
    silence: Option<Value>,
}

impl Terse {
    /// An object with these fields, and with all others as this PagerDuty has them.
    fn object(&self, certain: Value) -> Value {
        const OTHERS: [&str; 25] = [
            "title",
            "summary",
            "incident_number",
            "urgency",
            "priority",
            "service",
            "escalation_policy",
            "assignments",
            "incident_key",
            "created_at",
            "resolved_at",
            "html_url",
            "resolve_reason",
            "alert_key",
            "severity",
            "body",
            "type",
            "agent",
            "schedule",
            "start",
            "end",
            "escalation_level",
            "requested_at",
            "message",
            "name",
        ];
        let mut object = certain;
        if let (Some(fields), Some(silence)) = (object.as_object_mut(), &self.silence) {
            for name in OTHERS {
                fields.entry(name).or_insert_with(|| silence.clone());
            }
        }
        object
    }

    fn answer(&self, request: &Request) -> (u16, Value) {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path: Vec<&str> = request.url.path().split('/').skip(1).collect();
        let wanted = body.pointer("/incident/status").cloned();
        let incident = |status: Value| self.object(json!({"id": INCIDENT, "status": status}));
        let list = |name: &str, entry: Value| json!({ name: [self.object(entry)] });
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["incidents"]) => (200, list("incidents", json!({"id": INCIDENT, "status": "triggered"}))),
            ("POST", ["incidents"]) => (201, json!({"incident": incident(json!("triggered"))})),
            ("GET" | "PUT", ["incidents", _]) | ("POST", ["incidents", _, "snooze"]) => {
                (200, json!({"incident": incident(wanted.unwrap_or(json!("triggered")))}))
            }
            ("PUT", ["incidents", _, "merge"]) => (200, json!({})),
            ("GET", ["incidents", _, "alerts"]) => (200, list("alerts", json!({"id": "PALERT1"}))),
            ("GET", ["incidents", _, "log_entries"]) => (200, list("log_entries", json!({"id": "RENTRY1"}))),
            ("GET", ["incidents", _, "notes"]) => (200, list("notes", json!({"content": "Seen"}))),
            ("GET", ["oncalls"]) => (200, list("oncalls", json!({"user": {"id": "PUSER01"}}))),
            ("GET", ["users", "me"]) => (200, json!({"user": {"id": "PUSER01"}})),
            ("GET", ["users"]) => (
                200,
                json!({"users": [{"id": "PUSER01", "email": "oncall@example.com"}]}),
            ),
            ("PUT", ["incidents", _, "custom_fields", "values"]) => (201, json!({"custom_fields": []})),
            ("POST", ["v2", ..]) => (202, json!({})),
            ("POST", _) => (200, json!({})),
            _ => (404, json!({})),
        }
    }
}

impl Transport for Terse {
    fn send(&self, request: Request) -> Sending<'_> {
        let (status, body) = self.answer(&request);
        Box::pin(async move {
            Ok(Answer {
                status: StatusCode::from_u16(status).unwrap(),
                headers: HeaderMap::new(),
                body: Ok(body.to_string().into_bytes()),
            })
        })
    }
}

/// The input of an action's example, as a run gives it to the function.
fn example(action: Action) -> Value {
    let spec = action.spec();
    let with: String = spec.example.lines().map(|line| format!("      {line}\n")).collect();
    let source = format!(
        "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n  - uses: {}\n    with:\n{with}",
        spec.name
    );
    let definition =
        Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{problems}\n{source}"));
    let with = &definition.steps[0].action().unwrap().with;
    let event = json!({"incident": {
        "id": INCIDENT, "title": "Memory", "html_url": "https://example.com/", "service": {"summary": "Checkout"},
    }});
    let context = Context::new(event, json!({"workflow": "w"}), json!({}), jiff::Timestamp::UNIX_EPOCH);
    let fields = with
        .iter()
        .map(|(name, template)| (name.clone(), template.evaluate(&context).unwrap()));
    let mut input = Value::Object(fields.collect());
    input["idempotency_key"] = json!("pgf-0-key");
    input["attempt"] = json!(1);
    input
}

/// Checks that what is null is declared so, and nothing else.
#[track_caller]
fn assert_as_declared(of: &str, fields: &[Field], given: &Value) {
    let given = given.as_object().unwrap_or_else(|| panic!("{of} is {given}"));
    for name in given.keys() {
        assert!(
            fields.iter().any(|field| field.name == name.as_str()),
            "{of}.{name} is not declared"
        );
    }
    for field in fields {
        let place = format!("{of}.{}", field.name);
        let value = given.get(&*field.name).unwrap_or_else(|| panic!("{place} is missing"));
        assert_eq!(value.is_null(), field.optional, "{place} is {value}");
        if field.optional {
            continue;
        }
        assert_eq!(field.kind.check(value), Ok(()), "{place}");
        if let FieldKind::Entries(inner) = &field.kind {
            let entries = value.as_array().unwrap();
            assert!(!entries.is_empty(), "{place} shows nothing");
            for entry in entries {
                assert_as_declared(&format!("{place}[…]"), inner, entry);
            }
        }
    }
}

#[tokio::test]
async fn what_pagerduty_leaves_out_is_null_exactly_where_the_catalogue_of_actions_says_so() {
    for silence in [None, Some(Value::Null), Some(json!([]))] {
        for action in Action::ALL {
            let terse = Arc::new(Terse {
                silence: silence.clone(),
            });
            let now = "2026-11-22T10:00:00Z".parse().unwrap();

            let given = call(terse, *action, example(*action), now).await;

            let given = given.unwrap_or_else(|error| panic!("{action} with {silence:?}: {error}"));
            assert_as_declared(&action.spec().name, &action.spec().outputs, &given);
        }
    }
}

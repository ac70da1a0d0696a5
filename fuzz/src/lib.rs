//! Properties of anything that an unauthenticated or an authentic sender can send, and of the files of connectors. `cargo fuzz run body` looks for what breaks
//! it; the tests here play the seeds and thousands of their mutations in every check.
//!
//! Each function takes any bytes, and panics where something does not hold.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a fuzz target tells what it found by panicking"
)]

use approvals::slack::{press, signature::Signed};
use connectors::{
    Connector, ConnectorName,
    openapi::{self, ImportError},
};
use jiff::Timestamp;
use pagerduty::webhook::signature::{self, SignatureError};
use platform::{
    api_key::ApiKey,
    intake::{Admission, LARGEST_BODY, admit, stored_event},
    table::{TriggerRecord, WorkflowRecord, WorkflowSchedule, WorkflowState},
};
use secrecy::SecretString;
use workflow::{ids::WorkflowVersion, run::WebhookKind, triggers::Filters};

/// The secret with which the seeds of `signature` are signed.
pub const SECRET: &str = "a signing secret that only the tests know";

/// The body of a delivery: it is read or refused, and a run that it starts can read its event again, and is the same when
/// the delivery comes once more.
///
/// # Panics
/// If that does not hold.
pub fn body(data: &[u8]) {
    if data.len() > LARGEST_BODY {
        return;
    }
    for webhook in [WebhookKind::V3, WebhookKind::V2] {
        let workflow = workflow(webhook);
        let Some(trigger) = &workflow.trigger else { return };
        let Ok(admissions) = admit(&workflow, trigger, data, now()) else {
            continue;
        };
        let again = admit(&workflow, trigger, data, now()).expect("what was read once is read again");
        assert_eq!(admissions, again, "a redelivery is another run");
        for admission in admissions {
            let Admission::Start(admitted) = admission else {
                continue;
            };
            let name = admitted.input.run.id.as_str();
            let fits = name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(fits, "{name:?} is no name of an execution");
            let trigger = admitted.input.event().expect("a webhook started it");
            let event = match stored_event(trigger, admitted.large_body.as_deref()) {
                Ok(event) => event,
                Err(problem) => panic!("the run cannot read its event: {problem}"),
            };
            assert_eq!(event.id.to_string(), trigger.event_id);
            let input = serde_json::to_string(&admitted.input).expect("it is written as JSON");
            assert!(input.len() < 200 * 1024, "the input has {} bytes", input.len());
        }
    }
}

/// The header of a signature and, after a line break, the body that it is to sign: it is right only if it has the very
/// signature of that body.
///
/// # Panics
/// If that does not hold.
pub fn signature(data: &[u8]) {
    let position = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, body) = data.split_at(position);
    let Ok(header) = std::str::from_utf8(header) else {
        return;
    };
    let secret = SecretString::from(SECRET);
    let verdict = signature::verify(header, body, std::iter::once(&secret));
    let empty = SecretString::from("");
    let without = signature::verify(header, body, std::iter::once(&empty));
    assert!(without.is_err(), "an empty secret lets anybody sign");
    match verdict {
        Ok(()) => {
            let mut changed = body.to_vec();
            changed.push(b' ');
            let verdict = signature::verify(header, &changed, std::iter::once(&secret));
            assert_eq!(verdict, Err(SignatureError::Mismatch), "a changed body is let in");
        }
        Err(SignatureError::NoSecret) => panic!("there is a secret"),
        Err(SignatureError::Malformed | SignatureError::TooMany | SignatureError::Mismatch) => {}
    }
}

/// The time and the signature of a request of Slack in a line each, and its body: it is right only if it has the very signature of that body,
/// and a button that is read goes nowhere but to Slack.
///
/// # Panics
/// If that does not hold.
pub fn slack_button(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut line = || std::str::from_utf8(lines.next().unwrap_or_default()).ok();
    let (time, code) = (line(), line());
    let body = lines.next().unwrap_or_default();
    if let Ok(signed) = Signed::read(time, code, now()) {
        assert!(
            signed.verify(body, &SecretString::from("")).is_err(),
            "an empty secret lets anybody sign"
        );
        if signed.verify(body, &SecretString::from(SECRET)).is_ok() {
            let mut changed = body.to_vec();
            changed.push(b' ');
            let verdict = signed.verify(&changed, &SecretString::from(SECRET));
            assert!(verdict.is_err(), "a changed body is let in");
        }
    }
    if let Ok(press::Sent::Press(press)) = press::read(body) {
        let reply_to = press.reply_to.as_ref();
        let is_slacks = reply_to.is_none_or(|url| url.as_str().starts_with("https://hooks.slack.com/"));
        assert!(is_slacks, "a reply goes to {reply_to:?}");
        assert!(press.user.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

/// An API key: it is one only if it is written exactly as ours are.
///
/// # Panics
/// If that does not hold.
pub fn api_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(key) = ApiKey::parse(text) else { return };
    assert_eq!(key.expose(), text);
    assert!(
        text.is_ascii() && text.starts_with("pgf_"),
        "{text:?} is taken for a key"
    );
    assert!(key.matches(&key.hash()));
    let mut other = text.to_owned();
    other.push('\n');
    assert!(ApiKey::parse(&other).is_err(), "a key may have a line break at its end");
}

/// The file of a connector, which a person writes or has from somebody else: it is read or refused, each problem has a place in it, and what
/// is read has the names that workflows use.
///
/// # Panics
/// If that does not hold.
pub fn connector(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    let connector = match Connector::from_source(source) {
        Ok(connector) => connector,
        Err(problems) => {
            assert!(!problems.is_empty(), "it is refused for nothing");
            // A carriage return alone ends a line of YAML, too.
            let lines = source.split(['\n', '\r']).count();
            for problem in problems.iter() {
                let is_there = problem.line.is_none_or(|line| line <= lines + 1);
                assert!(is_there, "a problem in line {:?} of {lines}", problem.line);
            }
            return;
        }
    };
    for action in connector.actions() {
        let spec = action.spec();
        assert_eq!(*spec.name, format!("{}.{}", connector.name(), action.name()));
        assert_eq!(spec.inputs.first().map(|input| &*input.name), Some("integration"));
        for input in &spec.inputs {
            if let Some(choices) = action.choices(&input.name) {
                let listing = connector
                    .action(&choices.action)
                    .expect("the action of a drop-down is there");
                assert!(listing.spec().only_reads(), "a drop-down changes something");
            }
        }
    }
    // An account is made or refused. Its secret goes to hosts alone that a person could mean.
    let integration = connector.integration();
    let fields = integration.fields.iter();
    let fields = fields.filter_map(|field| Some((field.name.clone(), field.example.clone()?)));
    if let Ok(account) = integration.account(fields.collect(), SecretString::from("a-secret")) {
        for host in &account.hosts {
            assert!(host.to_string().contains('.'), "{host} is a host");
        }
        assert!(!format!("{account:?}").contains("a-secret"));
    }
}

/// An `OpenAPI` document: it is read or refused, and each draft of a connector is read as one.
///
/// # Panics
/// If that does not hold.
pub fn openapi(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(document) = openapi::parse(text) else { return };
    let Ok(operations) = openapi::operations(&document) else {
        return;
    };
    let name: ConnectorName = "fuzzed".parse().expect("a name");
    let ids: Vec<String> = operations.into_iter().map(|operation| operation.id).take(20).collect();
    match openapi::draft(&document, &ids, &name) {
        Ok(draft) => {
            if let Err(problems) = Connector::from_source(&draft.yaml) {
                panic!("the draft is not a connector: {problems}\n{}", draft.yaml);
            }
        }
        Err(ImportError::NoOperations | ImportError::NothingUsable(_) | ImportError::TooLarge { .. }) => {}
        Err(error) => panic!("operations of the document itself are refused: {error}"),
    }
}

/// The action that is asked, a space, the status, and after a line break the body of an answer of AWS: it is read as the outputs
/// that the action has, or as an error that can be shown.
///
/// # Panics
/// If that does not hold.
pub fn aws_answer(data: &[u8]) {
    let position = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (head, body) = data.split_at(position);
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let head = String::from_utf8_lossy(head);
    let (action, status) = head.split_once(' ').unwrap_or((&head, "200"));
    let Some(operation) = aws_actions::operation(action) else {
        return;
    };
    let status = status.parse().unwrap_or(200);
    let headers = http::HeaderMap::new();
    let answer = operation.answer(status, &headers, body);
    assert_eq!(
        answer,
        operation.answer(status, &headers, body),
        "it is read in two ways"
    );
    match answer {
        Ok(outputs) => {
            let known = operation.spec().outputs;
            let is_known = |name: &String| known.iter().any(|field| field.name == name.as_str());
            assert!(outputs.keys().all(is_known), "{:?}", outputs.keys());
            assert_eq!(outputs.len(), known.len());
            let _ = operation.next_page(&serde_json::Map::new(), &outputs);
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains(char::is_control) && text.len() < 20_000, "{text:?}");
        }
    }
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// It asks for the events of the seeds, so that the fuzzer gets further than the filter.
fn workflow(webhook: WebhookKind) -> WorkflowRecord {
    WorkflowRecord {
        workflow: "fuzzed".parse().expect("a name"),
        state: WorkflowState::Enabled,
        active_version: WorkflowVersion(1),
        trigger: Some(TriggerRecord {
            integration: "prod".parse().expect("an alias"),
            webhook,
            events: ["incident.triggered", "incident.acknowledged", "incident.resolved"]
                .map(str::to_owned)
                .to_vec(),
            filters: Filters::default(),
            when: Some("event.incident.urgency != 'low'".into()),
        }),
        awaits: platform::table::AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: now(),
    }
}

#[cfg(test)]
mod tests;

//! The lines as CloudWatch reads them.

use super::*;
use pagerduty::actions::Action;
use provider::transport::{Answer, Interruption, Request, Sending, Transport};
use rstest::rstest;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, MutexGuard},
    time::Duration,
};
use strum::VariantArray;
use workflow::{action::Text, error_name::SystemError};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 250_000_000);

/// Standard output.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let bytes = self.bytes();
        let text = str::from_utf8(&bytes).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines_of(observation: &Observation) -> Vec<Value> {
    let output = Output::default();
    Metrics::new("pagerflow", output.clone()).tell(observation, NOW);
    output.lines()
}

const TOOK: StepLatency = StepLatency {
    action: Text::Borrowed("pagerduty.create_incident"),
    duration: Duration::from_millis(1_234),
};

/// An observation of every kind, with every word.
fn all() -> Vec<Observation> {
    let taken = |taken| Observation::Taken {
        taken,
        buffered: 2,
        dead_letters: 1,
    };
    let mut all: Vec<_> = [
        TakenAs::Accepted,
        TakenAs::Duplicate,
        TakenAs::Filtered,
        TakenAs::Unreadable,
    ]
    .map(taken)
    .into();
    all.extend(RefusalReason::VARIANTS.iter().copied().map(Observation::Refused));
    all.push(Observation::Anonymous);
    all.extend(RunOutcome::VARIANTS.iter().map(|outcome| Observation::Planned {
        run: Some(*outcome),
        step: Some(TOOK),
    }));
    all.extend(Action::ALL.iter().map(|action| Observation::Planned {
        run: None,
        step: Some(StepLatency {
            action: action.spec().name.clone(),
            ..TOOK
        }),
    }));
    for rate_limit_left in [None, Some(959)] {
        all.extend(CallStatus::VARIANTS.iter().map(|status| Observation::Called {
            status: *status,
            rate_limit_left,
        }));
    }
    all.extend(CallStatus::VARIANTS.iter().map(|status| Observation::SystemCalled {
        system: "slack".into(),
        status: *status,
    }));
    all.extend(SystemError::VARIANTS.iter().map(|error| Observation::ActionFailed {
        system: "slack".into(),
        error: *error,
    }));
    all
}

/// The rules of CloudWatch's user guide, page `CloudWatch_Embedded_Metric_Format_Specification`, as far as our lines come near them.
#[track_caller]
fn assert_follows_the_specification(line: &Value) {
    let root = line.as_object().unwrap();
    let names = |value: &Map<String, Value>| value.keys().cloned().collect::<BTreeSet<_>>();
    let metadata = root["_aws"].as_object().unwrap();
    assert_eq!(
        names(metadata),
        BTreeSet::from(["CloudWatchMetrics".into(), "Timestamp".into()])
    );
    assert_eq!(
        metadata["Timestamp"].as_i64(),
        Some(1_800_000_000_250),
        "milliseconds since 1970"
    );
    let directives = metadata["CloudWatchMetrics"].as_array().unwrap();
    assert!(!directives.is_empty());
    let mut referred_to = BTreeSet::from(["_aws".to_owned()]);
    for directive in directives {
        let directive = directive.as_object().unwrap();
        assert_eq!(
            names(directive),
            BTreeSet::from(["Dimensions".into(), "Metrics".into(), "Namespace".into()])
        );
        assert_eq!(directive["Namespace"], "Pagerflow");
        let sets = directive["Dimensions"].as_array().unwrap();
        assert!(!sets.is_empty(), "a metric without a list of dimensions is none");
        for set in sets {
            let set = set.as_array().unwrap();
            assert!(set.len() <= 30);
            for dimension in set {
                let dimension = dimension.as_str().unwrap();
                let word = root[dimension].as_str().expect("a dimension is a text");
                assert!(!word.is_empty() && word.len() <= 1024 && word.is_ascii());
                referred_to.insert(dimension.to_owned());
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let metric = metric.as_object().unwrap();
            assert_eq!(names(metric), BTreeSet::from(["Name".into(), "Unit".into()]));
            let unit = metric["Unit"].as_str().unwrap();
            assert!(["Count", "Milliseconds"].contains(&unit), "{unit}");
            let name = metric["Name"].as_str().unwrap();
            assert!(root[name].is_number(), "{name}: {}", root[name]);
            assert!(referred_to.insert(name.to_owned()), "{name} stands twice");
        }
    }
    assert_eq!(names(root), referred_to, "nothing else is in the line");
    assert!(line.to_string().len() < 256 * 1024);
}

#[test]
fn every_line_follows_the_specification() {
    for observation in all() {
        let lines = lines_of(&observation);
        assert_eq!(lines.len(), 1, "{observation:?}");
        for line in lines {
            assert_follows_the_specification(&line);
        }
    }
}

#[test]
fn a_line_is_what_cloudwatch_wants_to_the_letter() {
    let called = Observation::Called {
        status: CallStatus::RateLimited,
        rate_limit_left: Some(0),
    };

    assert_eq!(
        lines_of(&called),
        [json!({
            "_aws": {
                "Timestamp": 1_800_000_000_250_i64,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "Pagerflow",
                        "Dimensions": [["Stack", "Status"]],
                        "Metrics": [{"Name": "PagerDutyCalls", "Unit": "Count"}],
                    },
                    {
                        "Namespace": "Pagerflow",
                        "Dimensions": [["Stack"]],
                        "Metrics": [{"Name": "PagerDutyRateLimitLeft", "Unit": "Count"}],
                    },
                ],
            },
            "Stack": "pagerflow",
            "Status": "429",
            "PagerDutyCalls": 1,
            "PagerDutyRateLimitLeft": 0,
        })]
    );
}

#[test]
fn a_call_of_another_system_is_counted_by_its_connector_and_status() {
    let called = Observation::SystemCalled {
        system: "slack".into(),
        status: CallStatus::RateLimited,
    };
    let [line] = lines_of(&called).try_into().unwrap();

    let dimensions = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(*dimensions, json!([["Stack", "System", "Status"]]));
    assert_eq!(
        (&line["System"], &line["Status"], &line["SystemCalls"]),
        (&json!("slack"), &json!("429"), &json!(1))
    );
}

#[test]
fn a_failed_attempt_is_counted_by_its_system_and_what_the_answer_means() {
    let failed = Observation::of_failure("slack.post_message", "Slack.RateLimited").unwrap();
    let [line] = lines_of(&failed).try_into().unwrap();

    let dimensions = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(*dimensions, json!([["Stack", "System", "Error"]]));
    assert_eq!(
        (&line["System"], &line["Error"], &line["ActionFailures"]),
        (&json!("slack"), &json!("RateLimited"), &json!(1))
    );
}

#[rstest]
#[case::of_the_input("Input.Invalid")]
#[case::of_the_integration("Integration.Unavailable")]
#[case::of_lambda("Runtime.ExitError")]
fn a_failure_that_is_not_of_the_system_is_not_counted_as_its(#[case] error: &str) {
    assert_eq!(Observation::of_failure("slack.post_message", error), None);
}

#[test]
fn a_refused_webhook_is_counted_in_all_and_by_its_reason() {
    let [line] = lines_of(&Observation::Refused(RefusalReason::WrongSignature))
        .try_into()
        .unwrap();

    let dimensions = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(*dimensions, json!([["Stack"], ["Stack", "Reason"]]));
    assert_eq!(
        (&line["Reason"], &line["WebhooksRefused"]),
        (&json!("wrong_signature"), &json!(1))
    );
}

#[test]
fn the_latency_of_a_step_is_in_milliseconds() {
    let planned = Observation::Planned {
        run: None,
        step: Some(TOOK),
    };
    let [line] = lines_of(&planned).try_into().unwrap();

    assert_eq!(
        line["_aws"]["CloudWatchMetrics"][0]["Metrics"],
        json!([{"Name": "StepLatency", "Unit": "Milliseconds"}])
    );
    assert_eq!(
        (&line["Action"], &line["StepLatency"]),
        (&json!("pagerduty.create_incident"), &json!(1234))
    );
}

#[test]
fn where_nothing_was_measured_nothing_is_written() {
    assert!(lines_of(&Observation::Planned { run: None, step: None }).is_empty());
}

#[test]
fn a_function_that_was_started_outside_of_a_stack_measures_too() {
    assert_eq!(Metrics::of_stack(|_| None).stack, "local");
    assert_eq!(
        Metrics::of_stack(|name| Some(format!("value of {name}"))).stack,
        "value of STACK_NAME"
    );
}

#[test]
fn standard_output_that_is_closed_fails_nothing() {
    #[derive(Debug)]
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    Metrics::new("pagerflow", Closed).tell(&Observation::Refused(RefusalReason::UnknownKey), NOW);
}

/// What PagerDuty does.
#[derive(Debug)]
struct Always(Result<Answer, Interruption>);

impl Transport for Always {
    fn send(&self, _: Request) -> Sending<'_> {
        Box::pin(async { self.0.clone() })
    }
}

fn answered(status: u16, left: &'static str) -> Result<Answer, Interruption> {
    let answer = axum::http::Response::builder()
        .status(status)
        .header("ratelimit-remaining", left)
        .body(())
        .unwrap();
    Ok(Answer {
        status: answer.status(),
        headers: answer.headers().clone(),
        body: Ok(Vec::new()),
    })
}

#[rstest]
#[case::done(answered(201, "7"), "2xx", Some(7))]
#[case::not_found(answered(404, "7"), "4xx", Some(7))]
#[case::f3_rate_limited(answered(429, "0"), "429", Some(0))]
#[case::f1_fault(answered(503, "x"), "5xx", None)]
#[case::redirected(answered(307, "x"), "none", None)]
#[case::f9_no_answer(Err(Interruption::TimedOut), "none", None)]
#[tokio::test]
async fn each_request_to_pagerduty_is_counted_and_goes_on_as_it_is(
    #[case] outcome: Result<Answer, Interruption>,
    #[case] status: &str,
    #[case] left: Option<u64>,
) {
    let output = Output::default();
    let metrics = Arc::new(Metrics::new("pagerflow", output.clone()));
    let transport = MeasuredTransport::new(Always(outcome.clone()), metrics, || NOW);
    let request = Request {
        method: axum::http::Method::GET,
        url: "https://api.pagerduty.com/incidents".parse().unwrap(),
        headers: axum::http::HeaderMap::new(),
        body: Vec::new(),
        time_limit: Duration::from_secs(1),
        answer_limit: 10,
    };

    assert_eq!(transport.send(request).await, outcome);

    let [line] = output.lines().try_into().unwrap();
    assert_follows_the_specification(&line);
    assert_eq!((&line["PagerDutyCalls"], &line["Status"]), (&json!(1), &json!(status)));
    assert_eq!(line.get("PagerDutyRateLimitLeft").and_then(Value::as_u64), left);
}

#[tokio::test]
async fn a_request_of_a_connector_is_counted_as_one_to_its_system() {
    let output = Output::default();
    let metrics = Arc::new(Metrics::new("pagerflow", output.clone()));
    let transport = MeasuredTransport::new(Always(answered(503, "7")), metrics, || NOW).of_connector("slack");
    let request = Request {
        method: axum::http::Method::GET,
        url: "https://slack.com/api/auth.test".parse().unwrap(),
        headers: axum::http::HeaderMap::new(),
        body: Vec::new(),
        time_limit: Duration::from_secs(1),
        answer_limit: 10,
    };

    transport.send(request).await.unwrap();

    let [line] = output.lines().try_into().unwrap();
    assert_follows_the_specification(&line);
    assert_eq!(
        (&line["System"], &line["SystemCalls"], &line["Status"]),
        (&json!("slack"), &json!(1), &json!("5xx"))
    );
    assert_eq!(line.get("PagerDutyCalls"), None);
}

//! Logs: JSON lines on standard output, which Lambda hands to CloudWatch.
//!
//! Each line has the id of the invocation and, where the function is traced, X-Ray's id of the trace: in `span`, as `requestId` and
//! `xrayTraceId`. Lambda's runtime puts them there. The ids of ours are fields of the line itself: `run`, `workflow`, `lane`,
//! `step` and `event_id`, as far as the line is about one.

use std::{env, panic};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    registry,
};

/// Where Lambda's runtime logs the error that a function gives it, without any field. Our functions have logged it before, with
/// the ids, so that it would stand there twice. It logs panics there as well; [`start`] has them logged.
const LOGGED_BEFORE: &str = "lambda_runtime::layers::panic";

/// Starts logging. `RUST_LOG` sets the level, for all or by module (`info,platform=debug`); without it `info`.
///
/// Our own lines hold no bodies of deliveries, no inputs, no headers and no tokens; they quote what AWS and PagerDuty say of
/// a failure. Libraries log as well, and below `info` some log whole requests: set such a level only where that may be read.
pub fn start() {
    let levels = levels(env::var("RUST_LOG").ok().as_deref());
    // A second start, as tests make it, keeps the first.
    let _already = tracing::subscriber::set_global_default(subscriber(levels, std::io::stdout));
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        // Without its message, which can quote what the function worked on.
        tracing::error!(location, "the function panicked");
    }));
}

/// The levels that were asked for. Modules of which nothing is said, or nothing that can be read, log from `info` on: without
/// that they would be silent, errors and all.
fn levels(told: Option<&str>) -> Targets {
    let told: Option<Targets> = told.filter(|told| !told.is_empty()).and_then(|told| told.parse().ok());
    match told {
        Some(levels) if levels.default_level().is_some() => levels,
        levels => levels.unwrap_or_default().with_default(LevelFilter::INFO),
    }
}

/// What writes the lines. Levels are chosen by modules alone: filters by the values of spans would bring an engine of regular
/// expressions into each function.
pub fn subscriber<W>(levels: Targets, lines: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        // CloudWatch stamps each line itself.
        .without_time()
        .with_writer(lines);
    registry()
        .with(levels.with_target(LOGGED_BEFORE, LevelFilter::OFF))
        .with(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::{
        io,
        sync::{Arc, Mutex},
    };
    use tracing::Level;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn modules_of_which_nothing_is_said_log_from_info_on() {
        let logs = |told: Option<&str>| {
            let levels = levels(told);
            let of = |target, level| levels.would_enable(target, &level);
            [
                of("platform", Level::DEBUG),
                of("pagerduty", Level::INFO),
                of("pagerduty", Level::ERROR),
            ]
        };
        for unsaid in [None, Some(""), Some("platform=nonsense")] {
            assert_eq!(logs(unsaid), [false, true, true], "{unsaid:?}");
        }
        assert_eq!(logs(Some("platform=debug")), [true, true, true]);
        assert_eq!(logs(Some("warn,platform=debug")), [true, false, true]);
        assert_eq!(logs(Some("error")), [false, false, true]);
    }

    #[test]
    fn a_line_has_the_ids_of_the_invocation_and_an_error_is_not_logged_again_by_the_runtime() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(levels(None), move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            // As Lambda's runtime makes it for each invocation.
            let span = tracing::info_span!(
                "Lambda runtime invoke",
                requestId = "8476a536",
                xrayTraceId = "Root=1-5759e988"
            );
            let _entered = span.enter();
            tracing::warn!(run = "r", "action failed");
            tracing::error!(target: "lambda_runtime::layers::panic", "TaskError(…)");
            tracing::debug!("a detail");
        });

        let bytes = lines.0.lock().unwrap().clone();
        let line: Value = serde_json::from_slice(&bytes).unwrap();
        let expected = json!({
            "level": "WARN", "message": "action failed", "run": "r", "target": "platform::telemetry::tests",
            "span": {"name": "Lambda runtime invoke", "requestId": "8476a536", "xrayTraceId": "Root=1-5759e988"},
        });
        assert_eq!(line, expected);
    }
}

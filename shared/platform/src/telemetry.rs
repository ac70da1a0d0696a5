//! Logs: JSON lines on standard output, which Lambda hands to CloudWatch.

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging. `RUST_LOG` sets the level; without it `info`.
///
/// Our own lines hold no bodies of deliveries, no inputs, no headers and no tokens; they quote what AWS and PagerDuty say of
/// a failure. Libraries log as well, and below `info` some log whole requests: set such a level only where that may be read.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start, as tests make it, keeps the first.
    let _already = fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        // CloudWatch stamps each line itself.
        .without_time()
        .try_init();
}

//! Reading a list to its end.

use provider::rate_limit::RateLimit;
use std::time::Duration;

use serde_json::Value;

use crate::{
    client::{Account, MAX_PAGE},
    error::Error,
};

/// The last row of a list that PagerDuty gives: it documents that offset and limit together may be 10,000 at most.
pub const LAST_ROW: usize = 10_000;

/// The number of times that a request is made that PagerDuty turns away or does not answer.
const ATTEMPTS: u32 = 4;

/// The time for which a used-up rate limit is waited out where PagerDuty does not say for how long, in seconds. It counts by the
/// minute.
const UNTOLD_RESET_SECONDS: u64 = 60;

/// A time to wait before the next request, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The duration.
    pub duration: Duration,
    /// The reason.
    pub reason: PauseReason,
}

/// The reason a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseReason {
    /// The token has made all the requests that it may make in this minute.
    RateLimit,
    /// PagerDuty did not answer, and is asked again.
    NoAnswer,
}

/// A list as far as PagerDuty gives it.
#[derive(Debug)]
pub(crate) struct All {
    pub(crate) rows: Vec<Value>,
    pub(crate) is_cut: bool,
}

/// Reads a list page by page, in as few requests as there can be.
pub(crate) async fn read_all(
    account: &Account<'_>,
    list: &str,
    query: Option<&str>,
    wait: impl AsyncFn(Pause),
) -> Result<All, Error> {
    let mut rows = Vec::new();
    let mut offset = 0;
    loop {
        let asked = MAX_PAGE.min(LAST_ROW - offset);
        let page = patiently(async || account.page(list, query, offset, asked).await, &wait).await?;
        rows.extend(page.rows);
        // A page may be smaller than what was asked for, but not for ever.
        offset += page.limit.filter(|limit| (1..asked).contains(limit)).unwrap_or(asked);
        if !page.more || offset >= LAST_ROW {
            return Ok(All {
                rows,
                is_cut: page.more,
            });
        }
        if page.rate_limit.is_used_up() {
            wait(until_reset(page.rate_limit)).await;
        }
    }
}

/// Makes a request that changes nothing until it is answered, a few times at most.
async fn patiently<T>(request: impl AsyncFn() -> Result<T, Error>, wait: &impl AsyncFn(Pause)) -> Result<T, Error> {
    let mut attempts = 1;
    loop {
        let error = match request().await {
            Err(error) if attempts < ATTEMPTS => error,
            answer => return answer,
        };
        match pause_after(&error, attempts) {
            Some(pause) => wait(pause).await,
            None => return Err(error),
        }
        attempts += 1;
    }
}

/// The pause before a request is made again; none where that would not help.
fn pause_after(error: &Error, attempts: u32) -> Option<Pause> {
    let doubled = |seconds: u64| seconds << (attempts - 1);
    match error {
        Error::RateLimited {
            retry_after_seconds, ..
        } => Some(Pause {
            // Without a time from PagerDuty: 5, 10 and 20 s.
            duration: Duration::from_secs(retry_after_seconds.unwrap_or_else(|| doubled(5))),
            reason: PauseReason::RateLimit,
        }),
        Error::Unavailable { .. } => Some(Pause {
            duration: Duration::from_secs(doubled(1)),
            reason: PauseReason::NoAnswer,
        }),
        _ => None,
    }
}

fn until_reset(rate_limit: RateLimit) -> Pause {
    Pause {
        duration: Duration::from_secs(rate_limit.reset_seconds.unwrap_or(UNTOLD_RESET_SECONDS)),
        reason: PauseReason::RateLimit,
    }
}

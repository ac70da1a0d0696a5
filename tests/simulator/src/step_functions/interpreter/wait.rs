//! The Wait state.

use super::{Halt, Visit};
use crate::step_functions::{
    context::Context, definition::Wait, execution::LimitViolation, failure::TaskFailure, limits::WAIT_DELAY, path::Path,
};
use jiff::Timestamp;
use serde_json::Value;

impl Visit<'_> {
    pub(super) async fn wait(&self, wait: &Wait, input: &Value, context: &Context<'_>) -> Result<(), Halt> {
        let until = self.timestamp(&wait.until, input, context)?;
        // "Step Functions considers the time value up to seconds and truncates milliseconds" (developer guide,
        // `state-wait.html`).
        let until = Timestamp::from_second(until.as_second()).unwrap_or(until);
        self.run.ledger.clock.sleep_until(until).await;
        Ok(())
    }

    fn timestamp(&self, path: &Path, input: &Value, context: &Context<'_>) -> Result<Timestamp, TaskFailure> {
        let value = self.find(path, input, context)?;
        let until = value.as_str().and_then(parse).ok_or_else(|| {
            self.runtime(format_args!(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {path} == {value}"
            ))
        })?;
        if until.duration_since(self.run.ledger.clock.now()) > WAIT_DELAY {
            let state = self.name.to_owned();
            self.run.ledger.violated(self.run.id, LimitViolation::Wait { state });
            return Err(self.runtime("Wait state delay is too long."));
        }
        Ok(until)
    }
}

/// A timestamp as AWS takes it: RFC 3339 with an upper-case T, and an upper-case Z or an offset (developer guide,
/// `state-wait.html`). The parser of `jiff` alone takes more.
fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T')?;
    let clock = time.strip_suffix('Z').or_else(|| {
        time.rsplit_once(['+', '-'])
            .and_then(|(clock, offset)| digits(offset, &[2, 2], ':').then_some(clock))
    })?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let valid = digits(date, &[4, 2, 2], '-')
        && digits(clock, &[2, 2, 2], ':')
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| valid)
}

/// True if a text is groups of digits of these lengths.
fn digits(text: &str, lengths: &[usize], separator: char) -> bool {
    let groups = text.split(separator);
    groups.clone().map(str::len).eq(lengths.iter().copied())
        && groups
            .into_iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    // These texts and AWS's verdicts are from LocalStack's recordings of real executions.
    #[rstest]
    #[case::with_seconds("2016-12-05T21:29:29Z", true)]
    #[case::with_nanoseconds("2016-12-05T21:29:29.123456789Z", true)]
    #[case::with_an_offset("2016-12-05T21:29:29+01:00", true)]
    #[case::without_a_t("2016-12-05 21:29:29Z", false)]
    #[case::without_a_zone("2016-12-05T21:29:29", false)]
    #[case::with_a_month_too_many("2016-13-05T21:29:29Z", false)]
    #[case::with_an_hour_too_many("2016-12-05T25:29:29Z", false)]
    #[case::with_the_day_first("05-12-2016T21:29:29Z", false)]
    #[case::in_lower_case("2016-12-05t21:29:29z", false)]
    #[case::with_an_annotation("2016-12-05T21:29:29Z[UTC]", false)]
    fn timestamps(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(parse(text).is_some(), valid);
    }
}

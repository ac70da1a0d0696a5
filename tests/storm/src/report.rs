//! The table at the end.

use crate::{census::Census, sender::Answers};
use std::{fmt, time::Duration};

/// What was sent, what was answered, and what became of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) deliveries: u32,
    pub(crate) events: u32,
    pub(crate) answers: Answers,
    pub(crate) sent_after: Duration,
    pub(crate) settled_after: Duration,
    pub(crate) census: Census,
}

impl Report {
    /// True if each event has exactly one run, which has ended, and nothing is left over.
    pub(crate) fn is_exact(&self) -> bool {
        let events = usize::try_from(self.events).unwrap_or(usize::MAX);
        let Census {
            runs,
            executions,
            ended,
            waiting,
            dead,
        } = &self.census;
        let all = [runs.len(), executions.len(), *ended, self.answers.runs.len()];
        all.iter().all(|count| *count == events) && self.census.doubled() == 0 && (*waiting, *dead) == (0, 0)
    }

    fn lost(&self) -> usize {
        let events = usize::try_from(self.events).unwrap_or(usize::MAX);
        events.saturating_sub(self.census.runs.len())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = &self.answers;
        let a_second = f64::from(self.deliveries) / self.sent_after.as_secs_f64().max(0.001);
        let lines = [
            ("deliveries", self.deliveries.to_string()),
            ("events", self.events.to_string()),
            ("accepted: run started", answers.started.to_string()),
            ("accepted: duplicate", answers.duplicate.to_string()),
            ("accepted: buffered", answers.buffered.to_string()),
            ("503, sent again", answers.sent_again.to_string()),
            ("runs in the table", self.census.runs.len().to_string()),
            ("of them ended", self.census.ended.to_string()),
            ("executions", self.census.executions.len().to_string()),
            ("lost", self.lost().to_string()),
            ("doubled", self.census.doubled().to_string()),
            ("left in the start-buffer", self.census.waiting.to_string()),
            ("dead letters", self.census.dead.to_string()),
            ("seconds to accept all", format!("{:.1}", self.sent_after.as_secs_f64())),
            (
                "seconds until all ended",
                format!("{:.1}", self.settled_after.as_secs_f64()),
            ),
            ("deliveries a second", format!("{a_second:.0}")),
        ];
        for (what, value) in lines {
            writeln!(f, "{what:26} {value:>8}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five deliveries of two events, of which all is well.
    fn good() -> Report {
        let names = |prefix: &str| ["a", "b"].map(|name| format!("{prefix}{name}")).to_vec();
        Report {
            deliveries: 5,
            events: 2,
            answers: Answers {
                started: 2,
                duplicate: 2,
                buffered: 1,
                sent_again: 1,
                runs: names("").into_iter().collect(),
            },
            sent_after: Duration::from_secs(1),
            settled_after: Duration::from_secs(2),
            census: Census {
                ended: 2,
                runs: names("RUN#"),
                executions: names(""),
                ..Census::default()
            },
        }
    }

    #[test]
    fn one_run_for_each_event_is_exact() {
        assert!(good().is_exact());
        assert!(
            good().to_string().contains("deliveries a second               5"),
            "{}",
            good()
        );
    }

    #[test]
    fn a_run_that_is_lost_doubled_or_left_over_is_not() {
        let spoilt: [fn(&mut Report); 6] = [
            |report| drop(report.census.runs.pop()),
            |report| report.census.runs.push("RUN#c".to_owned()),
            |report| report.census.executions.push("a".to_owned()),
            |report| report.census.ended -= 1,
            |report| report.census.waiting += 1,
            |report| report.census.dead += 1,
        ];
        for spoil in spoilt {
            let mut report = good();
            spoil(&mut report);
            assert!(!report.is_exact(), "{report}");
        }
    }
}

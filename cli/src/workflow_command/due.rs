//! The times at which a schedule is due, and those that summer time skips.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Serialize, Serializer};
use workflow::triggers::schedule::Schedule;

/// The number of times that are shown.
const TIMES: usize = 10;

/// The time for which what summer time skips is looked for.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// The number of times of a day that are shown one by one.
const SHOWN_OF_DAY: usize = 4;

/// The times of a schedule after now.
#[derive(Debug, Serialize)]
pub(super) struct Due {
    /// The zone whose clocks the schedule goes by.
    timezone: String,
    /// The next times. None of an interval: from when that is counted, only EventBridge Scheduler knows.
    next: Vec<At>,
    /// The times of the next year that its clocks leave out.
    skipped: Vec<DateTime>,
    #[serde(skip)]
    schedule: Schedule,
}

/// A time at which a schedule is due.
#[derive(Debug, Serialize)]
struct At {
    time: Timestamp,
    /// The same as the clocks of the zone show it.
    #[serde(serialize_with = "with_offset")]
    local: jiff::Zoned,
}

fn with_offset<S: Serializer>(local: &jiff::Zoned, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&local.timestamp().display_with_offset(local.offset()))
}

impl Due {
    pub(super) fn of(schedule: &Schedule, now: Timestamp) -> Self {
        let zone = schedule.zone();
        let at = |time: Timestamp| At {
            time,
            local: time.to_zoned(zone.rules().clone()),
        };
        let next = match schedule {
            Schedule::Cron { .. } => schedule.times_after(now).take(TIMES).map(at).collect(),
            Schedule::Every(_) => Vec::new(),
        };
        let year = now.checked_add(YEAR).unwrap_or(Timestamp::MAX);
        Self {
            timezone: zone.name().to_owned(),
            next,
            skipped: schedule.skipped(now, year),
            schedule: schedule.clone(),
        }
    }

    /// Lines for people: the next times, and what is skipped.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines: Vec<(&str, String)> = Vec::new();
        match &self.schedule {
            Schedule::Every(interval) => lines.push((
                "due",
                format!("every {interval}, counted by EventBridge Scheduler from when it was made"),
            )),
            Schedule::Cron { .. } => {
                let labels = std::iter::once("due").chain(std::iter::repeat(""));
                lines.extend(labels.zip(self.next.iter().map(At::line)));
            }
        }
        let mut rest = self.skipped.as_slice();
        while let Some(first) = rest.first() {
            let count = rest.iter().take_while(|at| at.date() == first.date()).count();
            let (of_day, others) = rest.split_at(count);
            lines.push(("note", skipped(of_day)));
            rest = others;
        }
        lines
    }
}

impl At {
    fn line(&self) -> String {
        let shown = self.local.strftime("%a %Y-%m-%d %H:%M");
        match self.local.time_zone() == &TimeZone::UTC {
            true => format!("{shown} UTC"),
            false => format!(
                "{shown} {} ({})",
                self.local.strftime("%Z"),
                self.time.strftime("%Y-%m-%d %H:%M UTC")
            ),
        }
    }
}

/// The times of one day that its clocks leave out.
fn skipped(of_day: &[DateTime]) -> String {
    let time = |at: &DateTime| at.strftime("%H:%M").to_string();
    let day = of_day.first().map(|at| at.date().to_string()).unwrap_or_default();
    let (times, are) = match of_day {
        [only] => (time(only), "is"),
        [first, .., last] if of_day.len() > SHOWN_OF_DAY => (
            format!("{} times from {} to {}", of_day.len(), time(first), time(last)),
            "are",
        ),
        several => (several.iter().map(time).collect::<Vec<_>>().join(", "), "are"),
    };
    format!("{times} {are} skipped on {day}, when the clocks change")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use workflow::triggers::schedule::{Cron, Interval, ScheduleZone};

    fn cron(expression: &str, zone: &str) -> Schedule {
        Schedule::Cron {
            expression: Cron::parse(expression).unwrap(),
            zone: ScheduleZone::named(zone).unwrap(),
        }
    }

    fn due(schedule: &Schedule, now: &str) -> Due {
        Due::of(schedule, now.parse().unwrap())
    }

    fn lines(due: &Due) -> Vec<String> {
        let lines = due.lines().into_iter();
        lines.map(|(what, line)| format!("{what}: {line}")).collect()
    }

    #[test]
    fn the_next_ten_times_are_shown_in_the_zone_and_in_utc() {
        let lines = lines(&due(&cron("0 9 * * mon-fri", "Europe/Berlin"), "2027-03-24T12:00:00Z"));
        assert_eq!(lines.len(), 10);
        assert_eq!(
            lines[1..3],
            [
                ": Fri 2027-03-26 09:00 CET (2027-03-26 08:00 UTC)",
                ": Mon 2027-03-29 09:00 CEST (2027-03-29 07:00 UTC)"
            ]
        );
    }

    #[test]
    fn utc_is_shown_once() {
        let lines = lines(&due(&cron("0 9 * * *", "UTC"), "2027-03-24T12:00:00Z"));
        assert_eq!(lines[0], "due: Thu 2027-03-25 09:00 UTC");
    }

    #[rstest]
    #[case("30 2 * * *", "02:30 is skipped on 2027-03-28, when the clocks change")]
    #[case("0,30 2 * * *", "02:00, 02:30 are skipped on 2027-03-28, when the clocks change")]
    #[case(
        "* * * * *",
        "60 times from 02:00 to 02:59 are skipped on 2027-03-28, when the clocks change"
    )]
    fn what_summer_time_skips_is_said(#[case] expression: &str, #[case] said: &str) {
        let due = due(&cron(expression, "Europe/Berlin"), "2026-12-01T00:00:00Z");
        assert_eq!(lines(&due)[10..], [format!("note: {said}")]);
    }

    #[test]
    fn of_an_interval_it_is_said_that_its_times_are_not_known() {
        let schedule = Schedule::Every(Interval::new(workflow::definition::Length::parse("15m").unwrap()).unwrap());
        let due = due(&schedule, "2026-12-01T00:00:00Z");
        assert_eq!(
            lines(&due),
            ["due: every 15m, counted by EventBridge Scheduler from when it was made"]
        );
    }

    #[test]
    fn programs_get_the_times_with_the_offset_of_the_zone() {
        let mut due = due(&cron("30 2 28 3 *", "Europe/Berlin"), "2026-12-01T00:00:00Z");
        due.next.truncate(1);
        assert_eq!(
            serde_json::to_value(&due).unwrap(),
            serde_json::json!({
                "timezone": "Europe/Berlin",
                "next": [{ "time": "2028-03-28T00:30:00Z", "local": "2028-03-28T02:30:00+02:00" }],
                "skipped": ["2027-03-28T02:30:00"],
            })
        );
    }
}

//! The times when a schedule is due, and those that summer time skips.
//!
//! Source: EventBridge Scheduler's user guide, page `schedule-types`: a time that a zone leaves out when its clocks go forward is
//! skipped; a time that comes twice when they go back is due once. It does not say at which of the two; the first one is taken here.

use super::{Cron, Interval, Schedule, ScheduleZone, cron::Days};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

/// The years in which a time is looked for. The 29th of February is missing for eight years around 2100.
const YEARS: i64 = 12;

/// The times after another one at which a schedule is due.
#[derive(Debug, Clone)]
pub struct Times<'a> {
    schedule: &'a Schedule,
    after: Timestamp,
}

impl Iterator for Times<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        self.after = self.schedule.next_after(self.after)?;
        Some(self.after)
    }
}

impl Schedule {
    /// The first time after another one at which it is due. An interval is counted from that other time, as if it was made then: when
    /// it was made, only EventBridge Scheduler knows.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron { expression, zone } => expression.next_after(time, zone.rules()),
            Self::Every(interval) => interval.next_after(time),
        }
    }

    /// The times after another one at which it is due.
    #[must_use]
    pub fn times_after(&self, time: Timestamp) -> Times<'_> {
        Times {
            schedule: self,
            after: time,
        }
    }

    /// True if it is due at a time; for an interval, if it can be.
    #[must_use]
    pub fn is_due_at(&self, time: Timestamp) -> bool {
        let is_minute = time.as_second().rem_euclid(60) == 0 && time.subsec_nanosecond() == 0;
        is_minute
            && match self {
                Self::Cron { expression, zone } => expression.is_due_at(time, zone.rules()),
                Self::Every(_) => true,
            }
    }

    /// True if clocks show a time at which it is due, for the second time: they have gone back.
    #[must_use]
    pub fn is_second_of_two(&self, time: Timestamp) -> bool {
        match self {
            Self::Cron { expression, zone } => {
                let shown = zone.rules().to_datetime(time);
                expression.matches(shown) && first_time(shown, zone.rules()).is_some_and(|first| first < time)
            }
            Self::Every(_) => false,
        }
    }

    /// The times at which it would be due between two others, if the clocks of its zone did not go forward over them.
    #[must_use]
    pub fn skipped(&self, after: Timestamp, until: Timestamp) -> Vec<DateTime> {
        match self {
            Self::Cron { expression, zone } => expression.skipped(after, until, zone),
            Self::Every(_) => Vec::new(),
        }
    }
}

impl Cron {
    fn next_after(&self, time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        // Times that clocks show one after the other come one after the other, if each is taken when it comes first.
        let first = zone.to_datetime(time).date();
        let last = first.checked_add(YEARS.years()).unwrap_or(Date::MAX);
        let mut date = first;
        while date <= last {
            if !self.months.contains(date.month()) {
                date = date.first_of_month().checked_add(1.month()).ok()?;
                continue;
            }
            if self.is_day(date) {
                let mut times = self
                    .times_of_day()
                    .filter_map(|of_day| first_time(date.to_datetime(of_day), zone));
                if let Some(next) = times.find(|next| *next > time) {
                    return Some(next);
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn is_due_at(&self, time: Timestamp, zone: &TimeZone) -> bool {
        let shown = zone.to_datetime(time);
        self.matches(shown) && first_time(shown, zone) == Some(time)
    }

    fn skipped(&self, after: Timestamp, until: Timestamp, zone: &ScheduleZone) -> Vec<DateTime> {
        let rules = zone.rules();
        let changes = rules.following(after).take_while(|change| change.timestamp() <= until);
        let gaps = changes.filter_map(|change| {
            let before = change.timestamp().checked_sub(1.second()).ok()?;
            let gap = (rules.to_offset(before), change.offset());
            (gap.0 < gap.1).then(|| minutes_between(gap.0, gap.1, change.timestamp()))
        });
        gaps.flatten().filter(|shown| self.matches(*shown)).collect()
    }

    /// True if it is due when clocks show that.
    fn matches(&self, shown: DateTime) -> bool {
        self.months.contains(shown.month())
            && self.is_day(shown.date())
            && self.hours.contains(shown.hour())
            && self.minutes.contains(shown.minute())
    }

    fn is_day(&self, date: Date) -> bool {
        match self.days {
            Days::Every => true,
            Days::OfMonth(days) => days.contains(date.day()),
            Days::OfWeek(days) => days.contains(date.weekday().to_sunday_zero_offset()),
        }
    }

    /// The times of each of its days, in order.
    fn times_of_day(&self) -> impl Iterator<Item = Time> {
        let of_hour = |hour: u8| self.minutes.values().map(move |minute| (hour, minute));
        let times = self.hours.values().flat_map(of_hour);
        times.filter_map(|(hour, minute)| {
            let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
            Time::new(hour, minute, 0, 0).ok()
        })
    }
}

impl Interval {
    fn next_after(self, time: Timestamp) -> Option<Timestamp> {
        let minute = time.as_second().div_euclid(60).checked_mul(60)?;
        let minute = Timestamp::from_second(minute).ok()?;
        minute.checked_add(self.length().duration()).ok()
    }
}

/// The first time at which the clocks of a zone show that; none if they leave it out.
fn first_time(shown: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let time = zone.to_ambiguous_timestamp(shown);
    match time.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => time.earlier().ok(),
    }
}

/// The minutes that clocks leave out when they go forward.
fn minutes_between(before: Offset, after: Offset, change: Timestamp) -> impl Iterator<Item = DateTime> {
    let end = after.to_datetime(change);
    let begin = before.to_datetime(change);
    std::iter::successors(Some(begin), |shown| shown.checked_add(1.minute()).ok()).take_while(move |shown| *shown < end)
}

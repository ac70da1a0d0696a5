//! The rules of schedules.

mod expression;
mod refused;
mod times;
mod types;

use super::{Cron, Interval, Schedule, ScheduleZone};
use crate::definition::Length;

fn cron(expression: &str, zone: &str) -> Schedule {
    Schedule::Cron {
        expression: Cron::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}")),
        zone: ScheduleZone::named(zone).unwrap(),
    }
}

fn every(length: &str) -> Schedule {
    Schedule::Every(Interval::new(Length::parse(length).unwrap()).unwrap())
}

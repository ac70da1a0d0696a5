//! The trigger in the language.

use super::{Cron, Interval, Schedule, ScheduleZone};
use crate::{
    definition::{
        Node,
        decode::{Fields, Reading, value},
        encode,
        node::Path,
    },
    triggers::{Behaviour, Grammar},
    types::{Facts, Kind, Type, Words},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The type of the events of schedules, as expressions see it.
pub const EVENT_TYPE: &str = "schedule";

/// A schedule as a trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleTrigger {
    /// The times when the workflow is due.
    pub schedule: Schedule,
    /// True if a time that could not begin in time is made up for, however late.
    pub catch_up: bool,
}

/// The type of `event` in runs of a schedule.
pub(in crate::triggers) fn event() -> Type {
    Type::record([
        ("type", Kind::Words(Words::ours(&[EVENT_TYPE])).into()),
        ("scheduled_at", Type::from(Kind::Text)),
    ])
}

/// The value of `event` in a run of a schedule.
#[must_use]
pub fn event_value(scheduled_at: Timestamp) -> Value {
    json!({ "type": EVENT_TYPE, "scheduled_at": scheduled_at.to_string() })
}

impl Grammar for ScheduleTrigger {
    const WORD: &'static str = "schedule";
    const SUMMARY: &'static str = "the times at which it starts";
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let mut fields = Fields::of(node, &path, reading)?;
        let (cron, every) = (fields.optional("cron"), fields.optional("every"));
        let zone = fields.optional("timezone");
        let schedule = match (cron, every) {
            (Some(cron), None) => {
                let expression = read_cron(cron, path.field("cron"), reading);
                let zone = match zone {
                    Some(zone) => read_zone(zone, path.field("timezone"), reading),
                    None => Some(ScheduleZone::utc()),
                };
                expression
                    .zip(zone)
                    .map(|(expression, zone)| Schedule::Cron { expression, zone })
            }
            (None, Some(every)) => {
                if let Some(zone) = zone {
                    let message =
                        "only a `cron` has a time zone: `every` counts minutes, whatever clocks show; leave it out";
                    reading.problem(zone.at, path.field("timezone"), message);
                }
                read_interval(every, path.field("every"), reading).map(Schedule::Every)
            }
            (Some(_), Some(every)) => {
                let message = "a schedule has either a `cron` or an `every`; leave one of them out";
                reading.problem(every.at, path.field("every"), message);
                None
            }
            (None, None) => {
                let message = "`cron` or `every` is missing: the times, as in `cron: \"0 9 * * mon-fri\"`, or how often, as in \
                               `every: 15m`";
                reading.problem(node.at, path, message);
                None
            }
        };
        let catch_up = fields.read("catch_up", value::boolean, reading);
        fields.refuse_others(reading);
        Some(Self {
            schedule: schedule?,
            catch_up: catch_up.unwrap_or_default(),
        })
    }

    fn encode(&self) -> Value {
        let mut fields = encode::Fields::default();
        match &self.schedule {
            Schedule::Cron { expression, zone } => {
                fields.add("cron", expression.text());
                fields.add_if("timezone", (*zone != ScheduleZone::utc()).then(|| zone.name()));
            }
            Schedule::Every(interval) => fields.add("every", interval.to_string()),
        }
        fields.add_if("catch_up", self.catch_up.then_some(true));
        fields.into()
    }
}

fn read_cron(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Cron> {
    let cron = Cron::parse(value::text(node, path, reading)?);
    cron.map_err(|error| reading.problem(node.at, path, error.to_string()))
        .ok()
}

fn read_zone(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<ScheduleZone> {
    let zone = ScheduleZone::named(value::text(node, path, reading)?);
    zone.map_err(|error| reading.problem(node.at, path, error)).ok()
}

fn read_interval(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Interval> {
    let interval = Interval::new(value::length(node, path, reading)?);
    interval
        .map_err(|error| reading.problem(node.at, path, error.to_string()))
        .ok()
}

impl Behaviour for ScheduleTrigger {
    fn event(&self, _: &dyn Fn(&str) -> bool) -> Type {
        event()
    }

    fn facts(&self) -> Facts {
        Facts::default()
    }

    fn lines(&self) -> Vec<String> {
        let late = self.catch_up.then(|| "makes up for times that were missed".to_owned());
        std::iter::once(self.schedule.to_string()).chain(late).collect()
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::parts::LengthText;
    use schemars::JsonSchema;
    use serde_json::json;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Times at which the workflow starts: a `cron`, or an `every`.
        schedule: ScheduleTrigger,
    }

    /// A schedule as a trigger.
    #[derive(JsonSchema)]
    #[schemars(
        deny_unknown_fields,
        extend("oneOf" = json!([
            { "required": ["cron"] },
            { "required": ["every"], "not": { "required": ["timezone"] } },
        ]))
    )]
    pub(crate) struct ScheduleTrigger {
        /// The times, in five fields: minute, hour, day of the month, month and day of the week, as in `0 9 * * mon-fri`.
        #[schemars(extend("examples" = ["0 9 * * mon-fri", "*/15 * * * *"]))]
        cron: Option<String>,
        /// The length of time between two runs: whole minutes, such as `15m` or `1h 30m`.
        every: Option<LengthText>,
        /// The time zone of the `cron`, such as Europe/Berlin. UTC, if it does not say.
        #[schemars(extend("examples" = ["Europe/Berlin", "UTC"]))]
        timezone: Option<String>,
        /// True if a time that could not begin in time is made up for. False, if it does not say.
        catch_up: Option<bool>,
    }
}

//! `wait`: a step that lets time pass.

use super::{Behaviour, Grammar, Picture};
use crate::{
    definition::{
        Length, Node, Step,
        check::Checks,
        decode::{self, Reading, Words, value},
        encode::Fields,
        limits,
        node::{Content, Path},
    },
    error_name::ErrorName,
    graph::{Form, text},
    ids::StepPath,
    planner::{Cancelled, Command, Failure, Outcome, Outputs, Pending, Planner, StepChange, later},
    template::{Expression, Template},
    types::Type,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A step that lets time pass.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitStep {
    /// So long.
    For(Length),
    /// Until a time: text in RFC 3339. A time that has passed is no wait.
    Until(Template),
}

impl Grammar for WaitStep {
    const WORD: &'static str = "wait";
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, _: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let path = step.field(Self::WORD);
        if !matches!(node.content, Content::Map(_)) {
            return value::length(node, path, reading).map(Self::For);
        }
        let mut fields = decode::Fields::of(node, &path, reading)?;
        let until = fields.required("until", "a time, such as 2027-01-31T09:00:00Z", reading);
        fields.refuse_others(reading);
        let node = until?;
        let path = path.field("until");
        let until = value::text_template(node, path, reading)?;
        if let Template::Literal(Value::String(text)) = &until
            && text.parse::<Timestamp>().is_err()
        {
            let message = format!("{text:.80?} is not a time; write it as RFC 3339 has it, like 2027-01-31T09:00:00Z");
            reading.problem(node.at, path, message);
        }
        Some(Self::Until(until))
    }

    fn encode(&self, fields: &mut Fields) {
        match self {
            Self::For(length) => fields.add(Self::WORD, length.to_string()),
            Self::Until(time) => fields.add(Self::WORD, json!({ "until": time.to_json() })),
        }
    }
}

impl Behaviour for WaitStep {
    fn title(&self) -> String {
        match self {
            Self::For(length) => format!("wait {length}"),
            Self::Until(_) => "wait until".to_owned(),
        }
    }

    fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::For(_) => Vec::new(),
            Self::Until(time) => time.expressions(),
        }
    }

    fn check<'a>(&'a self, _: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        if let Self::Until(time) = self {
            let wait = path.field(Self::WORD);
            let path = wait.field("until");
            let of = checks.template(time, path);
            checks.typed_time(&of, path);
        }
        Vec::new()
    }

    fn begin(&self, _: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        let now = planner.situation.now;
        let until = match self {
            Self::For(length) => later(now, length.duration()),
            Self::Until(time) => match planner.evaluate(time).and_then(|time| read_time(&time)) {
                Ok(until) => until,
                Err(failure) => return planner.step_failed(path, None, Outputs::none(), failure),
            },
        };
        if until > later(now, SignedDuration::from_secs(limits::LONGEST_SECONDS)) {
            let message = format!("cannot wait until {until}: that is more than 364 days away");
            let failure = Failure::new(ErrorName::InputInvalid, message);
            return planner.step_failed(path, None, Outputs::none(), failure);
        }
        if until <= now {
            planner.step_done(path, Outcome::Success, Outputs::none(), None);
            return None;
        }
        planner.record(path, StepChange::Waiting { until });
        planner.cursor.pending = Some(Pending::Wait {
            step: path.clone(),
            until,
        });
        if sabotage::breaks(sabotage::Break::WaitPastDeadline) {
            return Some(Command::wait(until));
        }
        Some(Command::wait(until.min(planner.cursor.deadline)))
    }

    fn can_pass_at_once(&self) -> bool {
        // The time may have passed.
        matches!(self, Self::Until(_))
    }

    fn picture(&self, _: &Step) -> Picture {
        let title = match self {
            Self::For(_) => self.title(),
            Self::Until(time) => format!("wait until {}", text(time)),
        };
        Picture::of(Form::Wait, title)
    }
}

impl Planner<'_> {
    /// Goes on when a wait is over.
    pub(crate) fn waited(&mut self, path: &StepPath, until: Timestamp) -> Option<Command> {
        if self.cancelled != Cancelled::No {
            return Some(self.cancel_step(path, None));
        }
        // That Step Functions came back is what ends a wait: this clock may be behind the one that woke it. But the lane's
        // deadline may have come before the end of the wait.
        if until > self.cursor.deadline {
            let failure = self.time_over();
            return self.step_failed(path, None, Outputs::none(), failure);
        }
        self.step_done(path, Outcome::Success, Outputs::none(), None);
        None
    }
}

fn read_time(value: &Value) -> Result<Timestamp, Failure> {
    let time = value.as_str().and_then(|text| text.parse().ok());
    time.ok_or_else(|| {
        let shown: String = value.to_string().chars().take(80).collect();
        let message = match value {
            Value::Null => "there is no time to wait for: `until` is null; test that with `if` before".to_owned(),
            _ => format!("{shown} is no time; give it as in 2026-01-31T09:00:00Z"),
        };
        Failure::new(ErrorName::InputInvalid, message)
    })
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::parts::{TimeText, WaitLength};
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Waits for a length of time, or until a time.
        wait: Option<Wait>,
    }

    /// A length of time, or a time.
    #[derive(JsonSchema)]
    #[schemars(untagged)]
    enum Wait {
        For(WaitLength),
        Until(Until),
    }

    /// A time to wait for.
    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    struct Until {
        /// The time, as RFC 3339 has it, or an expression that gives one. A time that has passed is no wait.
        until: TimeText,
    }
}

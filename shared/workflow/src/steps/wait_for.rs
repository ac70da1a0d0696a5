//! `wait_for`: a step that waits until an incident has a status, or until an event of it comes.
//!
//! A status is a level: the step looks at the incident, so it notices also what no webhook has reported. An event is an edge: it counts if
//! it occurred after the run began and after the event that ended an earlier wait of the lane.

use super::{ActionStep, Behaviour, Grammar, Picture};
use crate::{
    action::ActionSpec,
    definition::{
        Length, Node, Step,
        check::Checks,
        decode::{self, Reading, Words, value},
        encode::{Fields, word},
        node::{Content, Path},
    },
    error_name::ErrorName,
    graph::{Form, text},
    ids::{IntegrationAlias, StepPath},
    planner::{Command, Failure, Outputs, Planner, StepResult},
    template::{Expression, Template},
    triggers::{
        IncidentStatus,
        pagerduty::{self, event},
    },
    types::{Kind, Type, Words as KnownWords},
    watch::{IncidentEvent, Watch},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The input of the look that names the incident, and the word of the step for it.
const INCIDENT: &str = "incident_id";

/// The input of the look that names the account, and the word of the step for it.
const INTEGRATION: &str = "integration";

/// A step that waits for something about an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitForStep {
    /// The account of the incident.
    pub integration: IntegrationAlias,
    /// The look at the incident.
    look: ActionStep,
    pub goal: Goal,
    /// The time that it waits at most.
    pub timeout: Length,
    pub on_timeout: OnTimeout,
}

/// The end of the wait.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    /// The incident has one of these statuses. Never empty.
    Status(BTreeSet<IncidentStatus>),
    /// An event of one of these types comes.
    Event {
        /// The types. Never empty.
        types: BTreeSet<&'static str>,
        /// The condition over the event; without one every event of these types ends the wait.
        when: Option<Expression>,
    },
}

/// The effect of a wait that has come to the end of its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnTimeout {
    /// The step fails.
    #[default]
    Fail,
    /// The run goes on, and the outputs say so.
    Continue,
}

/// The words of `on_timeout`.
pub(crate) const ON_TIMEOUT: &[(&str, OnTimeout)] = &[("fail", OnTimeout::Fail), ("continue", OnTimeout::Continue)];

/// The reason that a wait has ended, as `ended_by` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
enum EndedBy {
    Status,
    Event,
    Timeout,
}

impl Grammar for WaitForStep {
    const WORD: &'static str = "wait_for";
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, _: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let path = step.field(Self::WORD);
        let Some(spec) = reading.catalog.action(pagerduty::LOOK).map(Arc::clone) else {
            let message = format!("needs the action `{}`, which is not available here", pagerduty::LOOK);
            reading.problem(node.at, path, message);
            return None;
        };
        let mut fields = decode::Fields::of(node, &path, reading)?;
        let integration = fields.required(INTEGRATION, "the alias of the PagerDuty account", reading);
        let integration = integration.and_then(|node| reading.source_of_events(node, path.field(INTEGRATION)));
        let incident = fields.required(INCIDENT, "the id of the incident", reading);
        let incident = incident.and_then(|node| {
            let kind = &spec.input(INCIDENT)?.kind;
            value::template_of(kind, node, path.field(INCIDENT), reading)
        });
        let goal = goal(node, &mut fields, path, reading);
        let timeout = fields.required("timeout", "how long it waits, such as 15m", reading);
        let timeout = timeout.and_then(|node| value::length(node, path.field("timeout"), reading));
        let on_timeout = fields.read(
            "on_timeout",
            |node, path, reading| value::word(node, path, ON_TIMEOUT, reading),
            reading,
        );
        fields.refuse_others(reading);
        Some(Self::new(
            spec,
            integration?,
            incident?,
            goal?,
            timeout?,
            on_timeout.unwrap_or_default(),
        ))
    }

    fn encode(&self, fields: &mut Fields) {
        let mut said = Fields::default();
        said.add(INTEGRATION, self.integration.as_str());
        said.add(INCIDENT, self.incident().to_json());
        match &self.goal {
            Goal::Status(statuses) => said.add("status", texts(statuses.iter().map(|status| status.as_str()))),
            Goal::Event { types, when } => {
                said.add("events", texts(types.iter().copied()));
                said.add_if("when", when.as_ref().map(|when| when.source()));
            }
        }
        said.add("timeout", self.timeout.to_string());
        let on_timeout = (self.on_timeout != OnTimeout::default()).then(|| word(self.on_timeout, ON_TIMEOUT));
        said.add_if("on_timeout", on_timeout);
        fields.add(Self::WORD, said);
    }
}

fn texts<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    words.collect()
}

/// Reads `status`, or `events` and `when`.
fn goal(node: &Node, fields: &mut decode::Fields<'_>, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Goal> {
    let statuses = fields.optional("status");
    let events = fields.optional("events");
    let when = fields.optional("when");
    match (statuses, events) {
        (Some(statuses), None) => {
            if let Some(when) = when {
                let message = "belongs to `events`: a wait for a `status` looks at the incident, and has no event";
                reading.problem(when.at, path.field("when"), message);
            }
            let statuses = pagerduty::statuses(statuses, path.field("status"), "the wait would never end", reading)?;
            Some(Goal::Status(statuses))
        }
        (None, Some(events)) => {
            let types = pagerduty::event_types(events, path.field("events"), "no event would end the wait", reading)?;
            let types: BTreeSet<&'static str> = types
                .iter()
                .filter_map(|name| event::names().find(|known| known == name))
                .collect();
            refuse_events_of_services(events, path.field("events"), reading);
            let when = when.map(|node| value::condition(node, path.field("when"), reading));
            Some(Goal::Event {
                types,
                when: match when {
                    Some(when) => Some(when?),
                    None => None,
                },
            })
        }
        (Some(_), Some(events)) => {
            let message = "stands beside `status`; a step waits for one of the two";
            reading.problem(events.at, path.field("events"), message);
            None
        }
        (None, None) => {
            let message =
                "`status` is missing, such as [acknowledged, resolved]; or `events`, such as [incident.annotated]";
            reading.problem(node.at, path, message);
            None
        }
    }
}

fn refuse_events_of_services(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) {
    let Content::List(items) = &node.content else { return };
    for (index, item) in items.iter().enumerate() {
        let name = item
            .as_text()
            .filter(|name| event::carries(name) == event::Carries::Service);
        if let Some(name) = name {
            let message = format!("`{name}` is about a service, and the step waits for an event of an incident");
            reading.problem(item.at, path.item(index), message);
        }
    }
}

impl WaitForStep {
    /// A wait for something about an incident, at which it looks with this action.
    #[must_use]
    pub fn new(
        look: Arc<ActionSpec>,
        integration: IntegrationAlias,
        incident: Template,
        goal: Goal,
        timeout: Length,
        on_timeout: OnTimeout,
    ) -> Self {
        let with = BTreeMap::from([
            (INTEGRATION.to_owned(), Template::Literal(integration.as_str().into())),
            (INCIDENT.to_owned(), incident),
        ]);
        Self {
            integration,
            look: ActionStep { uses: look, with },
            goal,
            timeout,
            on_timeout,
        }
    }

    /// The incident.
    #[must_use]
    pub fn incident(&self) -> &Template {
        self.look.with.get(INCIDENT).unwrap_or(&Template::Literal(Value::Null))
    }

    fn goal_in_words(&self) -> String {
        match &self.goal {
            Goal::Status(statuses) => IncidentStatus::any_of(statuses),
            Goal::Event { types, .. } => types.iter().copied().collect::<Vec<_>>().join(" or "),
        }
    }

    fn watch(&self, planner: &Planner<'_>) -> Result<Watch, Failure> {
        let incident = planner.evaluate(self.incident())?;
        let invalid = |message: String| Failure::new(ErrorName::InputInvalid, format!("`{INCIDENT}`: {message}"));
        let id = match &incident {
            Value::String(id) => id.as_str(),
            other => return Err(invalid(format!("must be the id of an incident, but is {other:.80}"))),
        };
        Watch::new(self.integration.clone(), id).map_err(|error| invalid(error.to_string()))
    }

    /// The outputs where the incident has a wanted status; none where it has not.
    pub(crate) fn reached(&self, incident: &Value, now: Timestamp) -> Option<Value> {
        let Goal::Status(wanted) = &self.goal else { return None };
        let status = incident.get("status").and_then(Value::as_str)?;
        let is_wanted = IncidentStatus::parse(status).is_some_and(|status| wanted.contains(&status));
        is_wanted.then(|| self.outputs(EndedBy::Status, incident, now))
    }

    /// The outputs where an event ends the wait; none where its condition does not hold.
    ///
    /// # Errors
    /// The condition cannot be evaluated.
    pub(crate) fn ended_by(&self, event: &IncidentEvent, planner: &Planner<'_>) -> Result<Option<Value>, Failure> {
        let Goal::Event { when, .. } = &self.goal else {
            return Ok(None);
        };
        let holds = match (when, &event.value) {
            (None, _) => true,
            (Some(when), Some(value)) => planner.holds_for(when, value)?,
            (Some(_), None) => {
                let message = format!(
                    "the event {} was too large to be kept, so that its `when` cannot be evaluated; wait for a `status` instead",
                    event.place.id
                );
                return Err(Failure::new(ErrorName::EventUnreadable, message));
            }
        };
        let value = event.value.as_ref().unwrap_or(&Value::Null);
        Ok(holds.then(|| self.outputs(EndedBy::Event, value, planner.situation.now)))
    }

    /// The outputs, or the failure, where the time is over. The incident is as the last look has found it, if that was possible.
    ///
    /// # Errors
    /// The step is to fail.
    pub(crate) fn timed_out(&self, incident: Option<&Value>, now: Timestamp) -> Result<Value, Failure> {
        match self.on_timeout {
            OnTimeout::Continue => Ok(self.outputs(EndedBy::Timeout, incident.unwrap_or(&Value::Null), now)),
            OnTimeout::Fail => {
                let seen = incident
                    .and_then(|incident| incident.get("status"))
                    .and_then(Value::as_str);
                let seen = seen.map_or_else(String::new, |status| format!("; the incident is {status}"));
                let message = format!(
                    "{} did not come within {}{seen}; give the step a longer `timeout`, or let the run go on with `on_timeout: \
                     continue`",
                    self.goal_in_words(),
                    self.timeout
                );
                Err(Failure::new(ErrorName::StepTimedOut, message))
            }
        }
    }

    /// True if a wait of this kind has ended so because its time was over.
    #[must_use]
    pub fn is_timeout(result: &StepResult) -> bool {
        let by = result.outputs.get("ended_by").and_then(Value::as_str);
        let failed = result.error.as_ref().map(|error| error.name.as_str());
        by == Some(EndedBy::Timeout.into_str()) || failed == Some(ErrorName::StepTimedOut.as_str())
    }

    /// The outputs. `found` is the incident, or the event.
    fn outputs(&self, by: EndedBy, found: &Value, now: Timestamp) -> Value {
        let by = by.into_str();
        match &self.goal {
            Goal::Status(_) => {
                let status = found.get("status").unwrap_or(&Value::Null);
                json!({ "ended_by": by, "at": now, "status": status, "incident": found })
            }
            Goal::Event { .. } => json!({ "ended_by": by, "at": now, "event": found }),
        }
    }
}

impl Behaviour for WaitForStep {
    fn title(&self) -> String {
        Self::WORD.to_owned()
    }

    fn expressions(&self) -> Vec<&Expression> {
        let when = match &self.goal {
            Goal::Status(_) => None,
            Goal::Event { when, .. } => when.as_ref(),
        };
        self.incident().expressions().into_iter().chain(when).collect()
    }

    fn output_names(&self) -> Vec<&str> {
        match &self.goal {
            Goal::Status(_) => vec!["ended_by", "at", "status", "incident"],
            Goal::Event { .. } => vec!["ended_by", "at", "event"],
        }
    }

    fn output(&self, name: &str, _: &[Type]) -> Type {
        let or_null = |of: Type, why: &'static str| match self.on_timeout {
            OnTimeout::Fail => of,
            OnTimeout::Continue => of.or_null(why),
        };
        let unseen = "it is null where the time was over and PagerDuty could not be asked";
        match (name, &self.goal) {
            ("ended_by", goal) => {
                let by = match goal {
                    Goal::Status(_) => EndedBy::Status,
                    Goal::Event { .. } => EndedBy::Event,
                };
                let timeout = (self.on_timeout == OnTimeout::Continue).then(|| EndedBy::Timeout.into_str());
                let known = std::iter::once(by.into_str()).chain(timeout);
                Kind::Words(KnownWords {
                    known: known.map(Into::into).collect(),
                    are_ours: true,
                })
                .into()
            }
            ("status", _) => or_null(self.look.output("status", &[]), unseen),
            ("incident", _) => {
                let names = self.look.output_names().into_iter();
                let fields = names.map(|name| (name.to_owned(), self.look.output(name, &[])));
                or_null(Type::record(fields), unseen)
            }
            ("event", Goal::Event { types, .. }) => or_null(
                event::of_awaited(types.iter().copied()),
                "it is null where the time was over and no event has come",
            ),
            _ => Kind::Text.into(),
        }
    }

    fn check<'a>(&'a self, _: &'a Step, path: Path<'_>, checks: &mut Checks<'a, '_>) -> Vec<Type> {
        let path = path.field(Self::WORD);
        let of = checks.template(self.incident(), path.field(INCIDENT));
        if let Some(field) = self.look.uses.input(INCIDENT) {
            checks.fits(field, self.incident(), &of, path.field(INCIDENT));
        }
        if let Goal::Event {
            types,
            when: Some(when),
        } = &self.goal
        {
            let around = checks.enter_event(types.iter().copied().collect());
            checks.condition(when, path.field("when"));
            checks.leave_event(around);
        }
        checks.within_run(self.timeout, "the wait", path.field("timeout"));
        Vec::new()
    }

    fn begin(&self, _: &Step, path: &StepPath, planner: &mut Planner<'_>) -> Option<Command> {
        match self.watch(planner) {
            Ok(watch) => planner.watch(path, watch, planner.time_after(self.timeout)),
            Err(failure) => return planner.step_failed(path, None, Outputs::none(), failure),
        }
        match &self.goal {
            Goal::Status(_) => planner.look(path),
            Goal::Event { .. } => planner.await_event(path),
        }
    }

    fn call(&self) -> Option<&ActionStep> {
        self.looks().then_some(&self.look)
    }

    fn awaits(&self) -> Option<(&IntegrationAlias, BTreeSet<&'static str>)> {
        Some((&self.integration, self.event_types()))
    }

    fn picture(&self, _: &Step) -> Picture {
        let title = format!("{} {}: {}", Self::WORD, text(self.incident()), self.goal_in_words());
        let mut notes = vec![format!("within {}", self.timeout)];
        if let Goal::Event { when: Some(when), .. } = &self.goal {
            notes.push(format!("when {}", when.source()));
        }
        if self.on_timeout == OnTimeout::Continue {
            notes.push("goes on after that".to_owned());
        }
        Picture {
            notes,
            ..Picture::of(Form::Wait, title)
        }
    }
}

impl WaitForStep {
    /// True if it looks at the incident.
    pub(crate) fn looks(&self) -> bool {
        matches!(self.goal, Goal::Status(_))
    }

    /// The types of events that end the wait, or after which it looks.
    pub(crate) fn event_types(&self) -> BTreeSet<&'static str> {
        match &self.goal {
            Goal::Status(statuses) => statuses.iter().flat_map(|status| status.events()).copied().collect(),
            Goal::Event { types, .. } => types.clone(),
        }
    }
}

#[cfg(any(test, feature = "schema"))]
mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use crate::definition::schema::parts::{Condition, Label, LengthText, Text};
    use crate::triggers::pagerduty::schema::{EventType, IncidentStatus};
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// Waits until an incident has a status, or until an event of it comes.
        wait_for: Option<WaitFor>,
    }

    /// A wait for something about an incident: `status`, or `events`.
    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    struct WaitFor {
        /// The alias of the PagerDuty account.
        integration: Label,
        /// The id of the incident.
        incident_id: Text,
        /// The statuses of which one ends the wait. Looks at the incident, so no webhook is needed.
        #[schemars(length(min = 1), extend("uniqueItems" = true))]
        status: Option<Vec<IncidentStatus>>,
        /// The types of events of which one ends the wait. An event that came since the run began counts.
        #[schemars(length(min = 1), extend("uniqueItems" = true))]
        events: Option<Vec<EventType>>,
        /// The condition over the event, which is `event` here. Only beside `events`.
        when: Option<Condition>,
        /// The time that it waits at most, such as 15m. It is less than that of the whole run.
        timeout: LengthText,
        /// What happens when the time is over: `fail`, which is the default, or `continue`.
        on_timeout: Option<OnTimeout>,
    }

    /// The effect of a wait that has come to the end of its time.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "snake_case")]
    enum OnTimeout {
        /// The step fails.
        Fail,
        /// The run goes on, and the outputs say so.
        Continue,
    }
}

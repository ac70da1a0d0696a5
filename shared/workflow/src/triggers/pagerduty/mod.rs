//! `on.pagerduty`: a webhook of PagerDuty as a trigger.

pub mod event;
mod only_while;

#[cfg(test)]
mod manual;

pub use only_while::{IncidentStatus, OnlyWhile};

use super::{Behaviour, Grammar};
use crate::{
    action::{Thing, nearest, nearest_three},
    definition::{
        Node,
        decode::{Fields, Reading, name, value},
        encode::{self, word},
        limits,
        node::{Content, Path},
    },
    graph::{one_line, source},
    ids::IntegrationAlias,
    run::WebhookKind,
    template::Expression,
    types::{Facts, Type, facts_of_condition},
};
use only_while::STATUSES;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// The action that reads the incident of an event.
pub(crate) const LOOK: &str = "pagerduty.get_incident";

/// The urgencies of incidents.
const URGENCIES: &[(&str, Urgency)] = &[("high", Urgency::High), ("low", Urgency::Low)];

/// A webhook of PagerDuty as a trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct PagerDutyTrigger {
    /// The integration whose signing secrets the webhook is checked with.
    pub integration: IntegrationAlias,
    /// The form of webhook that the URL takes. It takes one only: a V2 webhook is not signed, so the holder of the API
    /// key could get round the signature by sending one.
    pub webhook: WebhookKind,
    /// The types of events that start a run. Never empty.
    pub events: Vec<String>,
    /// The incidents that it is for.
    pub filters: Filters,
    /// A condition over `event`; without one every event of these types that passes the filters starts a run.
    pub when: Option<Expression>,
    /// The guard against late events.
    pub only_while: Option<OnlyWhile>,
}

/// The incidents that a trigger is for. An event has to pass each filter that is set; what the event does not tell passes
/// none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// Services, by id or name. Empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Teams, by id or name; one that the incident concerns is enough. Empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// Priorities, by id or name. Empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<String>,
    /// The urgency. None means both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
}

impl Filters {
    /// True if every incident passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The urgency of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// People are called at once.
    High,
    /// It can wait.
    Low,
}

impl Grammar for PagerDutyTrigger {
    const WORD: &'static str = "pagerduty";
    const SUMMARY: &'static str = "the webhook that starts the workflow";
    #[cfg(any(test, feature = "schema"))]
    type Schema = schema::Words;

    fn decode(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let mut fields = Fields::of(node, &path, reading)?;
        let integration = fields.required("integration", "the alias of the PagerDuty account", reading);
        let integration = integration.and_then(|node| reading.source_of_events(node, path.field("integration")));
        let webhook = match fields.optional("webhook") {
            None => Some(WebhookKind::V3),
            Some(node) => webhook(node, path.field("webhook"), reading),
        };
        let what = "the types of events that start a run, such as [incident.triggered]";
        let events = fields.required("events", what, reading);
        let types =
            events.and_then(|node| event_types(node, path.field("events"), "no event would start a run", reading));
        let filters = filters(&mut fields, integration.as_ref(), reading);
        if let (Some(WebhookKind::V3), Some(node)) = (webhook, events)
            && !filters.is_empty()
        {
            refuse_what_passes_no_filter(node, path.field("events"), reading);
        }
        let when = fields.read("when", value::condition, reading);
        let look = reading.catalog.action(LOOK).map(Arc::clone);
        let guard = fields.optional("only_while");
        let statuses =
            guard.and_then(|node| statuses(node, path.field("only_while"), "no run would do anything", reading));
        if let (Some(node), None) = (guard, &look) {
            let message = format!("needs the action `{LOOK}`, which is not available here");
            reading.problem(node.at, path.field("only_while"), message);
        }
        if let (Some(_), Some(node)) = (&statuses, events) {
            refuse_what_has_no_incident(node, path.field("events"), reading);
        }
        fields.refuse_others(reading);
        let integration = integration?;
        let only_while = match statuses {
            Some(statuses) => Some(OnlyWhile::new(statuses, look?, &integration).ok()?),
            None => None,
        };
        Some(Self {
            integration,
            webhook: webhook?,
            events: types?,
            filters,
            when,
            only_while,
        })
    }

    fn encode(&self) -> Value {
        let mut fields = encode::Fields::default();
        fields.add("integration", self.integration.as_str());
        fields.add_if("webhook", (self.webhook == WebhookKind::V2).then_some("v2"));
        fields.add("events", self.events.clone());
        let filters = &self.filters;
        for (name, entries) in [
            ("services", &filters.services),
            ("teams", &filters.teams),
            ("priorities", &filters.priorities),
        ] {
            fields.add_if(name, (!entries.is_empty()).then(|| entries.clone()));
        }
        let urgency = filters.urgency.map(|urgency| word(urgency, URGENCIES));
        fields.add_if("urgency", urgency);
        fields.add_if("when", self.when.as_ref().map(|when| when.source()));
        let only_while = self.only_while.as_ref().map(|only_while| {
            let words = only_while.statuses().iter().map(|status| status.as_str());
            words.collect::<Value>()
        });
        fields.add_if("only_while", only_while);
        fields.into()
    }
}

fn webhook(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<WebhookKind> {
    match node.as_text() {
        Some("v3") => Some(WebhookKind::V3),
        Some("v2") => Some(WebhookKind::V2),
        _ => {
            let message = "must be `v3` (a webhook subscription, signed) or `v2` (the Generic V2 Webhook extension)";
            reading.problem(node.at, path, message);
            None
        }
    }
}

fn filters(fields: &mut Fields<'_>, integration: Option<&IntegrationAlias>, reading: &mut Reading<'_>) -> Filters {
    let urgency = |node: &Node, path: Path<'_>, reading: &mut Reading<'_>| value::word(node, path, URGENCIES, reading);
    let of = |thing: Thing| {
        move |node: &Node, path: Path<'_>, reading: &mut Reading<'_>| things(thing, integration, node, path, reading)
    };
    Filters {
        services: fields.read("services", of(Thing::Service), reading).unwrap_or_default(),
        teams: fields.read("teams", of(Thing::Team), reading).unwrap_or_default(),
        priorities: fields
            .read("priorities", of(Thing::Priority), reading)
            .unwrap_or_default(),
        urgency: fields.read("urgency", urgency, reading),
    }
}

/// Ids or names of things in PagerDuty.
fn things(
    thing: Thing,
    integration: Option<&IntegrationAlias>,
    node: &Node,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> Option<Vec<String>> {
    let items = value::items(node, path, Some(limits::FILTER_ENTRIES), reading)?;
    if items.is_empty() {
        let message = "is empty, so that no event would start a run; name at least one, or leave it out";
        reading.problem(node.at, path, message);
    }
    let mut written: Vec<&str> = Vec::new();
    let mut meant: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(text) = value::text(item, path, reading) else {
            continue;
        };
        if text.trim().is_empty() {
            reading.problem(item.at, path, "is blank; give the id or the name that PagerDuty shows");
        } else if written.contains(&text) {
            reading.problem(item.at, path, format!("`{text:.80}` stands twice"));
        } else {
            written.push(text);
            let meaning = name::in_filter(thing, integration, text, item, path, reading);
            // A thing may be written by its id and by its name.
            if !meant.contains(&meaning) {
                meant.push(meaning);
            }
        }
        if reading.problems.is_full() {
            break;
        }
    }
    Some(meant)
}

/// An event that only points at its incident passes no filter, which its author would never see.
fn refuse_what_passes_no_filter(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) {
    let Content::List(items) = &node.content else { return };
    for (index, item) in items.iter().enumerate() {
        let name = item.as_text().filter(|name| event::is_known(name));
        if let Some(name) = name.filter(|name| !event::tells_incident(name)) {
            let message = format!(
                "`{name}` does not tell service, teams, priority and urgency of an incident, so that no such event \
                 would pass the filters; leave it out, or give it a workflow without filters"
            );
            reading.problem(item.at, path.item(index), message);
        }
    }
}

/// Statuses of an incident. `if_empty` says what an empty list would mean.
pub(crate) fn statuses(
    node: &Node,
    path: Path<'_>,
    if_empty: &str,
    reading: &mut Reading<'_>,
) -> Option<BTreeSet<IncidentStatus>> {
    let items = value::items(node, path, None, reading)?;
    if items.is_empty() {
        let message = format!("is empty, so that {if_empty}; name at least one status, such as triggered");
        reading.problem(node.at, path, message);
    }
    let mut statuses = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let status = value::word(item, path, STATUSES, reading);
        if status.is_some_and(|status| !statuses.insert(status)) {
            reading.problem(item.at, path, "duplicate");
        }
        if reading.problems.is_full() {
            break;
        }
    }
    Some(statuses)
}

/// The status of an incident says nothing about an event of a service.
fn refuse_what_has_no_incident(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) {
    let Content::List(items) = &node.content else { return };
    for (index, item) in items.iter().enumerate() {
        let name = item.as_text().filter(|name| event::is_known(name));
        if let Some(name) = name.filter(|name| !name.starts_with("incident.")) {
            let message = format!(
                "`{name}` is about no incident whose status `only_while` could look at; leave it out, or give it a workflow \
                 without `only_while`"
            );
            reading.problem(item.at, path.item(index), message);
        }
    }
}

/// Types of events. `if_empty` says what an empty list would mean.
pub(crate) fn event_types(
    node: &Node,
    path: Path<'_>,
    if_empty: &str,
    reading: &mut Reading<'_>,
) -> Option<Vec<String>> {
    let items = value::items(node, path, None, reading)?;
    if items.is_empty() {
        let message = format!("is empty, so that {if_empty}; name at least one type");
        reading.problem(node.at, path, message);
    }
    let mut types: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(name) = value::text(item, path, reading) else {
            continue;
        };
        if !event::is_known(name) {
            let hint = match nearest(name, event::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => nearest_three(name, event::names().map(|known| (known, known))),
            };
            reading.problem(item.at, path, format!("unknown type of event `{name:.80}`; {hint}"));
        } else if types.iter().any(|known| known == name) {
            reading.problem(item.at, path, format!("`{name}` stands twice"));
        } else {
            types.push(name.to_owned());
        }
        if reading.problems.is_full() {
            break;
        }
    }
    Some(types)
}

impl Behaviour for PagerDutyTrigger {
    fn event(&self, is_possible: &dyn Fn(&str) -> bool) -> Type {
        let types = self.events.iter().map(String::as_str);
        event::of_any(types.filter(|name| is_possible(name)), self.webhook)
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        if !self.filters.priorities.is_empty() {
            facts = facts.and(&Facts::present("event.incident.priority"));
        }
        if let Some(when) = &self.when {
            facts = facts.and(&facts_of_condition(when, true));
        }
        facts
    }

    fn condition(&self) -> Option<(&'static str, &Expression)> {
        Some(("when", self.when.as_ref()?))
    }

    fn only_while(&self) -> Option<&OnlyWhile> {
        self.only_while.as_ref()
    }

    fn lines(&self) -> Vec<String> {
        let version = match self.webhook {
            WebhookKind::V3 => "",
            WebhookKind::V2 => " (V2)",
        };
        let filters = &self.filters;
        let urgency = filters.urgency.map(|urgency| match urgency {
            Urgency::High => vec!["high".to_owned()],
            Urgency::Low => vec!["low".to_owned()],
        });
        let filters = [
            ("service", &filters.services),
            ("team", &filters.teams),
            ("priority", &filters.priorities),
            ("urgency", &urgency.unwrap_or_default()),
        ];
        let filters = filters
            .into_iter()
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(what, entries)| one_line(&format!("{what} {}", entries.join(" or "))));
        let events = format!("{} of {}{version}", self.events.join(", "), self.integration);
        let when = self.when.as_ref().map(|when| format!("when {}", source(when)));
        let only_while = self.only_while.as_ref();
        let only_while = only_while.map(|only_while| format!("only while {}", only_while.words()));
        std::iter::once(events)
            .chain(filters)
            .chain(when)
            .chain(only_while)
            .collect()
    }
}

#[cfg(any(test, feature = "schema"))]
pub(crate) mod schema {
    #![expect(dead_code, reason = "only the schemas of these types are used")]

    use super::event;
    use crate::definition::{
        limits,
        schema::parts::{Condition, Label, Name},
    };
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use std::borrow::Cow;

    #[derive(JsonSchema)]
    pub(crate) struct Words {
        /// A webhook of PagerDuty.
        pagerduty: PagerDutyTrigger,
    }

    /// A webhook of PagerDuty as a trigger.
    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    pub(crate) struct PagerDutyTrigger {
        /// The alias of the PagerDuty account whose signing secrets the webhook is checked with.
        integration: Label,
        /// The form of webhook that the URL takes. `v3` if it does not say.
        webhook: Option<Webhook>,
        /// The types of events that start a run.
        #[schemars(length(min = 1), extend("uniqueItems" = true))]
        events: Vec<EventType>,
        /// The services whose incidents it is for, by id or name. All, if it does not say.
        #[schemars(length(min = 1, max = limits::FILTER_ENTRIES), extend("uniqueItems" = true))]
        services: Option<Vec<Name>>,
        /// The teams whose incidents it is for, by id or name; one of an incident's teams is enough. All, if it does not say.
        #[schemars(length(min = 1, max = limits::FILTER_ENTRIES), extend("uniqueItems" = true))]
        teams: Option<Vec<Name>>,
        /// The priorities that it is for, by id or name. All, if it does not say.
        #[schemars(length(min = 1, max = limits::FILTER_ENTRIES), extend("uniqueItems" = true))]
        priorities: Option<Vec<Name>>,
        /// The urgency that it is for. Both, if it does not say.
        urgency: Option<Urgency>,
        /// A condition over `event`. Without one, every event of these types that passes the filters starts a run.
        when: Option<Condition>,
        /// The guard against late events: a run does its steps only if the event's incident has one of these statuses when the run
        /// begins. Without it, a run does not look.
        #[schemars(length(min = 1), extend("uniqueItems" = true))]
        only_while: Option<Vec<IncidentStatus>>,
    }

    /// The type of an event.
    pub(crate) struct EventType;

    impl JsonSchema for EventType {
        fn schema_name() -> Cow<'static, str> {
            "EventType".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "string", "enum": event::names().collect::<Vec<_>>() })
        }
    }

    /// The status of an incident.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "snake_case")]
    pub(crate) enum IncidentStatus {
        /// It is not taken yet.
        Triggered,
        /// A person works on it.
        Acknowledged,
        /// It is over.
        Resolved,
    }

    /// The form of a webhook.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "snake_case")]
    enum Webhook {
        /// A webhook subscription: signed.
        V3,
        /// The Generic V2 Webhook extension: not signed.
        V2,
    }

    /// The urgency of an incident.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "snake_case")]
    enum Urgency {
        /// People are called at once.
        High,
        /// It can wait.
        Low,
    }
}

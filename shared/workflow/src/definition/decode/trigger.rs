//! `on`: what starts a workflow.

use super::{
    super::{
        EVENT_TYPES, EVENT_TYPES_OF_WHOLE_INCIDENTS, Filters, IncidentStatus, Node, OnlyWhile, PagerDutyTrigger,
        Trigger, limits,
        node::{Content, Path},
    },
    Fields, Reading, name, value, words,
};
use crate::{
    action::{Thing, nearest, nearest_three},
    ids::IntegrationAlias,
    run::WebhookKind,
};
use std::{collections::BTreeSet, sync::Arc};

/// The action that reads the incident of an event.
const LOOK: &str = "pagerduty.get_incident";

pub(super) fn trigger(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Trigger> {
    let mut fields = Fields::of(node, &path, reading)?;
    let node = fields.required("pagerduty", "the webhook that starts the workflow", reading);
    fields.refuse_others(reading);
    let pagerduty = pagerduty(node?, path.field("pagerduty"), reading)?;
    Some(Trigger { pagerduty })
}

fn pagerduty(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<PagerDutyTrigger> {
    let mut fields = Fields::of(node, &path, reading)?;
    let integration = fields.required("integration", "the alias of the PagerDuty account", reading);
    let integration = integration.and_then(|node| value::id(node, path.field("integration"), reading));
    let webhook = match fields.optional("webhook") {
        None => Some(WebhookKind::V3),
        Some(node) => webhook(node, path.field("webhook"), reading),
    };
    let what = "the types of events that start a run, such as [incident.triggered]";
    let events = fields.required("events", what, reading);
    let types = events.and_then(|node| event_types(node, path.field("events"), reading));
    let filters = filters(&mut fields, integration.as_ref(), reading);
    if let (Some(WebhookKind::V3), Some(node)) = (webhook, events)
        && !filters.is_empty()
    {
        refuse_what_passes_no_filter(node, path.field("events"), reading);
    }
    let when = fields.read("when", value::condition, reading);
    let look = reading.catalog.action(LOOK).map(Arc::clone);
    let guard = fields.optional("only_while");
    let statuses = guard.and_then(|node| statuses(node, path.field("only_while"), reading));
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
    Some(PagerDutyTrigger {
        integration,
        webhook: webhook?,
        events: types?,
        filters,
        when,
        only_while,
    })
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
    let urgency =
        |node: &Node, path: Path<'_>, reading: &mut Reading<'_>| value::word(node, path, words::URGENCIES, reading);
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
        let name = item.as_text().filter(|name| EVENT_TYPES.contains(name));
        if let Some(name) = name.filter(|name| !EVENT_TYPES_OF_WHOLE_INCIDENTS.contains(name)) {
            let message = format!(
                "`{name}` does not tell service, teams, priority and urgency of an incident, so that no such event \
                 would pass the filters; leave it out, or give it a workflow without filters"
            );
            reading.problem(item.at, path.item(index), message);
        }
    }
}

/// The statuses that an incident may have for a run to do something.
fn statuses(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<BTreeSet<IncidentStatus>> {
    let items = value::items(node, path, None, reading)?;
    if items.is_empty() {
        let message = "is empty, so that no run would do anything; name at least one status, such as triggered";
        reading.problem(node.at, path, message);
    }
    let mut statuses = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let status = value::word(item, path, words::STATUSES, reading);
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
        let name = item.as_text().filter(|name| EVENT_TYPES.contains(name));
        if let Some(name) = name.filter(|name| !name.starts_with("incident.")) {
            let message = format!(
                "`{name}` is about no incident whose status `only_while` could look at; leave it out, or give it a workflow \
                 without `only_while`"
            );
            reading.problem(item.at, path.item(index), message);
        }
    }
}

fn event_types(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Vec<String>> {
    let items = value::items(node, path, None, reading)?;
    if items.is_empty() {
        let message = "is empty, so that no event would start a run; name at least one type";
        reading.problem(node.at, path, message);
    }
    let mut types: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        let Some(name) = value::text(item, path, reading) else {
            continue;
        };
        if !EVENT_TYPES.contains(&name) {
            let hint = match nearest(name, EVENT_TYPES.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => nearest_three(name, EVENT_TYPES.iter().map(|known| (*known, *known))),
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

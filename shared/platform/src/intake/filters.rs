//! The filters of a trigger: which incidents it is for.

use super::Ignored;
use pagerduty::{
    incident,
    reference::Reference,
    webhook::{Event, EventIncident},
};
use workflow::triggers::{Filters, Urgency};

/// The reason an event does not pass, if it does not. What an event does not tell passes no filter that is set.
pub(super) fn refusal(filters: &Filters, event: &Event) -> Option<Ignored> {
    let incident = event.incident.as_ref();
    let service = incident.and_then(|incident| incident.service.as_ref());
    let teams = incident.and_then(|incident| incident.teams.as_deref());
    let priority = incident.and_then(|incident| incident.priority.as_ref());
    if !passes(&filters.services, service) {
        Some(Ignored::Service)
    } else if !passes(&filters.teams, teams.unwrap_or_default()) {
        Some(Ignored::Team)
    } else if !passes(&filters.priorities, priority) {
        Some(Ignored::Priority)
    } else if filters.urgency.is_some_and(|wanted| !is_of(incident, wanted)) {
        Some(Ignored::Urgency)
    } else {
        None
    }
}

/// True if one of the things is wanted, by its id or by its name. Where nothing certain is wanted, all are.
fn passes<'a>(wanted: &[String], things: impl IntoIterator<Item = &'a Reference>) -> bool {
    let is_wanted = |thing: &Reference| {
        let mut names = wanted.iter();
        names.any(|name| *name == thing.id || thing.summary.as_ref() == Some(name))
    };
    wanted.is_empty() || things.into_iter().any(is_wanted)
}

fn is_of(incident: Option<&EventIncident>, wanted: Urgency) -> bool {
    let urgency = incident.and_then(|incident| incident.urgency.as_ref());
    match wanted {
        Urgency::High => urgency == Some(&incident::Urgency::High),
        Urgency::Low => urgency == Some(&incident::Urgency::Low),
    }
}

//! Creates an incident, at most once.
//!
//! # How a repeat is made harmless
//! The idempotency key becomes PagerDuty's `incident_key`. While an incident with that key is open on the service,
//! PagerDuty refuses a second one; once it is resolved, the key is free again, and only a look-up can tell.
//!
//! ```text
//! first attempt:  POST ──201──────────────────────────────────────────────> created
//!                   └──400 "matching dedup key"── look up ──found─────────> adopted
//!                                                    └──not shown yet─────> outcome unknown
//! any other:      look up (open or resolved, by key and service) ──found──> adopted
//!                   └──not found── POST, as in the first attempt
//! ```
//!
//! So a first attempt whose answer was lost is found again even if the incident was resolved in between: it is
//! adopted with the status that it has. PagerDuty's look-ups can lag behind its writes by seconds; for an open incident
//! the refusal closes that gap, and for one that was also resolved within those seconds the caller has to leave
//! some time (10 s) between two attempts. Without a key there is one POST and nothing is looked up.
//!
//! # A key of the user's own
//! An `incident_key` that the user gave may have been used before, so an incident with it need not be this step's. The way
//! is the same, but what is found is judged first:
//!
//! - one that was created at `intended_at`, when the first attempt was about to be made, or later, is ours. PagerDuty gives
//!   whole seconds and has a clock of its own, so five seconds before count as well
//! - on a first attempt that begins at once, none is: nothing was made before it
//! - one that is not ours and open is adopted with `on_existing: adopt`, and is an error otherwise
//! - one that is not ours and resolved does not matter: its key is free again
//!
//! Two runs that use the same key at the same time are not told apart: after an unknown outcome, one may take the other's
//! incident for its own. There is one incident then, as the key asks for.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use workflow::action::{ActionSpec, Effect, FieldKind, Longest, Repeat, Rule, Unfit};

use super::{
    call::Call,
    contract::{FieldType, SETTLING, action, fields, input},
    title::Title,
};
use crate::{
    client::{ApiToken, Client, ConferenceBridge, NewIncident, Responsible},
    error::{Error, Failure},
    given,
    ids::{EscalationPolicyId, IncidentId, IncidentKey, PriorityId, ServiceId, UserId},
    incident::{Incident, IncidentStatus},
};

/// The most that PagerDuty's clock and ours may differ.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);

input! {
    /// An incident to open. Without an idempotency key and an incident key, every call creates one.
    rest Input {
        title: Title => "the incident's title, 1 to 1024 characters", unfit(Unfit::Cut);
        service: ServiceId => "the id of the service";
        escalation_policy: Option<EscalationPolicyId> => "the id of the escalation policy; else the service's own";
        assignee: Option<UserId> => "the id of the user who gets it, instead of an escalation policy";
        urgency: Option<given::Urgency> => "high or low; else as the service has it", unfit(Unfit::LeaveOut);
        priority: Option<PriorityId> => "the id of the priority", unfit(Unfit::LeaveOut);
        body: Option<String> => "what people read on the incident beside its title", unfit(Unfit::Cut);
        incident_type: Option<String> => "the name of the incident type", prose(Longest::Unlimited), unfit(Unfit::LeaveOut);
        conference_bridge: Option<ConferenceBridge> => "where people meet", unfit(Unfit::LeaveOut);
        incident_key: Option<IncidentKey> =>
            "a key of your own, 1 to 255 characters, of which PagerDuty has at most one open incident on a service; else one that only \
             this step has",
            unfit(Unfit::Hash);
        on_existing: Option<OnExisting> =>
            "what is done when an incident with your `incident_key` is open already: `fail`, or `adopt` it; `fail` if it does not say",
            unfit(Unfit::LeaveOut);
    }
}

impl FieldType for OnExisting {
    fn kind() -> FieldKind {
        FieldKind::OneOf(vec!["fail".into(), "adopt".into()])
    }
}

/// The treatment of an open incident with the user's own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExisting {
    /// The step fails.
    #[default]
    Fail,
    /// The step goes on with that incident.
    Adopt,
}

fields! {
    /// The incident that was created, or found to have been created by an earlier attempt.
    Output {
        created_at: Option<Timestamp> => "when PagerDuty opened it, RFC 3339";
        incident_id: IncidentId => "its id";
        title: Option<String> => "its title";
        incident_number: Option<u64> => "its number in the account";
        status: IncidentStatus => "triggered, acknowledged or resolved";
    }
}

impl From<Incident> for Output {
    fn from(incident: Incident) -> Self {
        Self {
            created_at: incident.created_at,
            incident_id: incident.id,
            title: incident.title,
            incident_number: incident.number,
            status: incident.status,
        }
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Opens an incident.".into(),
        rules: vec![Rule::AtMostOne(vec!["escalation_policy".into(), "assignee".into()])],
        effect: Effect::CreatesIncident,
        // PagerDuty refuses a second open incident of the same `incident_key` on a service, but forgets the key when the incident is
        // resolved; so a repeat first looks for it.
        repeat: Repeat::NeedsLook { settling: SETTLING },
        on_repeat: "It looks for the incident of the first time, by its key and over all statuses, and takes that."
            .into(),
        function: "CreateIncident".into(),
        example: "integration: prod
title: \"Memory alert: {{ event.incident.title }}\"
service: PWIXJZS
escalation_policy: PT20YPA
urgency: high
body: \"Opened for {{ event.incident.html_url }}\"
from: oncall@example.com
"
        .into(),
        ..action::<Input, Output>("pagerduty.create_incident")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// [`Error::Input`] or [`Error::KeyInUse`]; any of [`Error`]'s refusals. After [`Error::OutcomeUnknown`] another attempt
/// with the same key finds out what happened; without a key a person has to look.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
    let attempt = Attempt {
        call: Call::new(client, token, input.deadline, now)?,
        input,
        responsible: responsible(input)?,
    };
    let own_key = input.idempotency_key.clone().map(IncidentKey::from);
    let incident = match (&input.incident_key, &own_key) {
        (Some(key), _) => attempt.create_or_adopt(key, attempt.whose()?).await?,
        (None, Some(key)) => attempt.create_or_adopt(key, Whose::Ours).await?,
        (None, None) => attempt.create(None).await?,
    };
    Ok(incident.into())
}

fn responsible(input: &Input) -> Result<Option<Responsible<'_>>, Error> {
    match (&input.escalation_policy, &input.assignee) {
        (Some(_), Some(_)) => Err(Error::Input("give at most one of `escalation_policy` and `assignee`")),
        (Some(policy), None) => Ok(Some(Responsible::EscalationPolicy(policy))),
        (None, Some(user)) => Ok(Some(Responsible::User(user))),
        (None, None) => Ok(None),
    }
}

/// Whose an incident with the key is.
#[derive(Debug, Clone, Copy)]
enum Whose {
    /// This step's: nothing else has its key.
    Ours,
    /// Of another origin: this step has made none yet.
    Another,
    /// This step's if it was created at this time or later.
    OursSince(Timestamp),
}

impl Whose {
    fn is_ours(self, incident: &Incident) -> bool {
        match self {
            Self::Ours => true,
            Self::Another => false,
            Self::OursSince(time) => incident.created_at.is_some_and(|created_at| created_at >= time),
        }
    }
}

struct Attempt<'a> {
    call: Call<'a>,
    input: &'a Input,
    responsible: Option<Responsible<'a>>,
}

impl Attempt<'_> {
    /// True if an earlier attempt may have left an incident behind.
    fn may_be_there(&self) -> bool {
        self.input.attempt != Some(1) || self.call.deadline.begins_late()
    }

    /// Whose an incident with the user's own key is.
    fn whose(&self) -> Result<Whose, Error> {
        let is_later = self.input.attempt.is_some_and(|attempt| attempt > 1);
        match self.input.intended_at {
            Some(time) if self.may_be_there() => {
                // PagerDuty gives whole seconds.
                let since = time.as_second().saturating_sub(CLOCKS_DIFFER.as_secs());
                Ok(Timestamp::from_second(since).map_or(Whose::Another, Whose::OursSince))
            }
            None if is_later => Err(Error::Input(
                "a later attempt with an `incident_key` needs `intended_at`, the time before the first attempt; it tells \
                 whose an incident with this key is",
            )),
            _ => Ok(Whose::Another),
        }
    }

    async fn create_or_adopt(&self, key: &IncidentKey, whose: Whose) -> Result<Incident, Error> {
        if self.may_be_there()
            && let Some(incident) = self.look_up(key, whose).await?
        {
            return Ok(incident);
        }
        match self.create(Some(key)).await {
            Err(Error::InvalidRequest(refusal)) if refusal.is_key_taken() => {
                let found = self.look_up(key, whose).await?;
                found.ok_or(Error::OutcomeUnknown {
                    failure: Failure::NotVisibleYet,
                })
            }
            outcome => outcome,
        }
    }

    async fn create(&self, key: Option<&IncidentKey>) -> Result<Incident, Error> {
        let incident = NewIncident {
            responsible: self.responsible,
            incident_key: key,
            urgency: self.input.urgency,
            priority: self.input.priority.as_ref(),
            body: self.input.body.as_deref(),
            incident_type: self.input.incident_type.as_deref(),
            conference_bridge: self.input.conference_bridge.as_ref(),
            ..NewIncident::new(self.input.title.as_str(), &self.input.service)
        };
        self.call
            .account()?
            .create_incident(self.input.from.as_ref(), incident)
            .await
    }

    /// The incident with the key to go on with: ours, the open one before the newest, or else one that may be adopted.
    async fn look_up(&self, key: &IncidentKey, whose: Whose) -> Result<Option<Incident>, Error> {
        if sabotage::breaks(sabotage::Break::CreateWithoutLooking) {
            return Ok(None);
        }
        let account = self.call.account()?;
        let found = account.find_incidents_by_key(&self.input.service, key).await?;
        let (mut ours, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|incident| whose.is_ours(incident));
        if !ours.is_empty() {
            let open = ours.iter().position(is_open);
            return Ok(Some(ours.swap_remove(open.unwrap_or(0))));
        }
        match others.into_iter().find(is_open) {
            Some(incident) if self.input.on_existing == Some(OnExisting::Adopt) => Ok(Some(incident)),
            Some(incident) => Err(Error::KeyInUse {
                incident_id: incident.id,
            }),
            None => Ok(None),
        }
    }
}

fn is_open(incident: &Incident) -> bool {
    incident.status != IncidentStatus::Resolved
}

#[cfg(test)]
mod tests;

//! `POST /incidents/{id}/snooze`, and the end of a snooze.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::transitions::Transition;
use super::{Agent, Status, shapes};
use crate::access::Call;
use crate::account::Account;
use crate::exchange::Answer;
use crate::fields;
use crate::refusal::Refusal;

/// The longest snooze, in seconds: seven days.
const LONGEST_SNOOZE: i64 = 604_800;

/// Snoozes an acknowledged incident. A second snooze moves the end; that it is accepted is UNVERIFIED.
pub(crate) fn snooze(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let requester = call.requester(account)?;
    let incident = account.incident(id)?.clone();
    let seconds = fields::present(&body, "duration").and_then(serde_json::Value::as_i64);
    let seconds = seconds
        .filter(|seconds| (1..=LONGEST_SNOOZE).contains(seconds))
        .ok_or(Refusal::InvalidSnooze)?;
    if incident.status != Status::Acknowledged {
        return Err(Refusal::NotAcknowledged);
    }
    let until = call.now.saturating_add(SignedDuration::from_secs(seconds));
    Transition {
        account,
        incident,
        agent: Agent::User(requester),
        now: call.now,
    }
    .snooze(until.unwrap_or(Timestamp::MAX));
    let incident = account.incident(id)?;
    Ok(Answer::json(
        StatusCode::CREATED,
        json!({"incident": shapes::incident(account, incident)}),
    ))
}

impl Account {
    /// The time when the next snooze ends.
    pub(crate) fn next_awakening(&self) -> Option<Timestamp> {
        self.incidents
            .iter()
            .filter_map(|incident| incident.snoozed_until)
            .min()
    }

    /// Triggers the incidents whose snooze is over, as of the time at which it was.
    pub(crate) fn awaken(&mut self, now: Timestamp) {
        while let Some(due) = self.next_awakening().filter(|due| *due <= now) {
            let incident = self
                .incidents
                .iter()
                .find(|incident| incident.snoozed_until == Some(due));
            let Some(incident) = incident.cloned() else {
                return;
            };
            Transition {
                account: self,
                incident,
                agent: Agent::Nobody,
                now: due,
            }
            .unacknowledge();
        }
    }
}

//! The people on call.

use jiff::Timestamp;
use serde_json::Value;

use super::{Account, Entries, MAX_ANSWER};
use crate::{
    error::Error,
    given::ListLimit,
    ids::{EscalationPolicyId, ScheduleId, UserId},
    lenient,
    reference::Reference,
};

/// A person who is on call at one level of one escalation policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oncall {
    /// The person.
    pub user: Reference,
    pub escalation_policy: Option<Reference>,
    /// The level of that policy, from 1.
    pub escalation_level: Option<u64>,
    /// The schedule that says so; none for a user who stands in the policy itself.
    pub schedule: Option<Reference>,
    /// Since when; none for a person who is always on call.
    pub start: Option<Timestamp>,
    /// Until when; none for a person who is always on call.
    pub end: Option<Timestamp>,
}

impl Oncall {
    fn from_json(object: &Value) -> Option<Self> {
        Some(Self {
            user: lenient::reference(object, "user")?,
            escalation_policy: lenient::reference(object, "escalation_policy"),
            escalation_level: lenient::number(object, "escalation_level"),
            schedule: lenient::reference(object, "schedule"),
            start: lenient::time(object, "start"),
            end: lenient::time(object, "end"),
        })
    }
}

/// Whom and when is asked for. A list that is empty leaves no one out.
#[derive(Debug, Clone, Copy, Default)]
pub struct OncallFilter<'a> {
    /// On call by these escalation policies.
    pub escalation_policies: &'a [EscalationPolicyId],
    /// On call by these schedules.
    pub schedules: &'a [ScheduleId],
    /// These users.
    pub users: &'a [UserId],
    /// On call at this time or later; without it, now.
    pub since: Option<Timestamp>,
    /// On call before this time; without it, now.
    pub until: Option<Timestamp>,
    /// The limit.
    pub limit: ListLimit,
}

impl Account<'_> {
    /// `GET /oncalls`.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn list_oncalls(&self, filter: OncallFilter<'_>) -> Result<Entries<Oncall>, Error> {
        let limit = filter.limit.get().to_string();
        let since = filter.since.map(|time| time.to_string());
        let until = filter.until.map(|time| time.to_string());
        let policies = filter.escalation_policies.iter();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(policies.map(|id| ("escalation_policy_ids[]", id.as_str())));
        query.extend(filter.schedules.iter().map(|id| ("schedule_ids[]", id.as_str())));
        query.extend(filter.users.iter().map(|id| ("user_ids[]", id.as_str())));
        query.extend(since.iter().map(|time| ("since", time.as_str())));
        query.extend(until.iter().map(|time| ("until", time.as_str())));
        let answer = self.read(&["oncalls"], &query, MAX_ANSWER).await?;
        Entries::read(answer, "oncalls", Oncall::from_json)
    }
}

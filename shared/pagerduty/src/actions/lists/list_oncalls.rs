//! Lists who is on call.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    call::Call,
    input::action_input,
    output::{id, name, that_fit},
};
use crate::{
    client::{ApiToken, Client, Oncall, OncallFilter},
    error::Error,
    given::ListLimit,
    ids::{EscalationPolicyId, IdList, ScheduleId, UserId},
};

action_input! {
    /// Whom and when is asked for. What is missing leaves nobody out.
    ListOncallsInput {
        /// On call by these escalation policies.
        escalation_policies: Option<IdList<EscalationPolicyId>>,
        /// On call by these schedules.
        schedules: Option<IdList<ScheduleId>>,
        /// These users.
        users: Option<IdList<UserId>>,
        /// On call at this time or later; without it, now.
        since: Option<Timestamp>,
        /// On call before this time; without it, now.
        until: Option<Timestamp>,
        /// How many; 25 where it is missing.
        limit: Option<ListLimit>,
    }
}

/// Those who are on call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Oncalls {
    /// Who is on call where.
    pub oncalls: Vec<ListedOncall>,
    /// Whether there are more.
    pub more: bool,
}

/// Somebody who is on call at one level of one escalation policy. What PagerDuty did not say is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedOncall {
    /// The user's id.
    pub user: String,
    /// The user's name.
    pub user_name: Option<String>,
    /// The id of the escalation policy.
    pub escalation_policy: Option<String>,
    /// The level of that policy.
    pub escalation_level: Option<u64>,
    /// The id of the schedule; null for a user who stands in the policy itself.
    pub schedule: Option<String>,
    /// Since when; null for somebody who is always on call.
    pub start: Option<Timestamp>,
    /// Until when; null for somebody who is always on call.
    pub end: Option<Timestamp>,
}

impl From<Oncall> for ListedOncall {
    fn from(oncall: Oncall) -> Self {
        Self {
            user_name: name(Some(&oncall.user)),
            user: oncall.user.id,
            escalation_policy: id(oncall.escalation_policy),
            escalation_level: oncall.escalation_level,
            schedule: id(oncall.schedule),
            start: oncall.start,
            end: oncall.end,
        }
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &ListOncallsInput,
    now: Timestamp,
) -> Result<Oncalls, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let filter = OncallFilter {
        escalation_policies: input
            .escalation_policies
            .as_ref()
            .map(AsRef::as_ref)
            .unwrap_or_default(),
        schedules: input.schedules.as_ref().map(AsRef::as_ref).unwrap_or_default(),
        users: input.users.as_ref().map(AsRef::as_ref).unwrap_or_default(),
        since: input.since,
        until: input.until,
        limit: input.limit.unwrap_or_default(),
    };
    let found = call.account()?.list_oncalls(filter).await?;
    let (oncalls, more) = that_fit(found.list.into_iter().map(ListedOncall::from), found.more);
    Ok(Oncalls { oncalls, more })
}

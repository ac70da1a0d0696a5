//! Lists who is on call.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Unfit};

use super::super::{
    call::Call,
    contract::{action, fields, input},
    output::{id, name, that_fit},
};
use crate::{
    client::{ApiToken, Client, Oncall, OncallFilter},
    error::Error,
    given::ListLimit,
    ids::{EscalationPolicyId, IdList, ScheduleId, UserId},
};

input! {
    /// Whom to list. What is missing leaves no one out.
    rest Input {
        escalation_policies: Option<IdList<EscalationPolicyId>> => "only for these escalation policies, by id", narrowing();
        schedules: Option<IdList<ScheduleId>> => "only by these schedules, by id", narrowing();
        users: Option<IdList<UserId>> => "only these users, by id", narrowing();
        since: Option<Timestamp> => "the beginning of the time that is asked about", narrowing();
        until: Option<Timestamp> => "its end", narrowing();
        limit: Option<ListLimit> => "how many at most, 1 to 100; 25 if it does not say", unfit(Unfit::LeaveOut);
    }
}

fields! {
    /// Those who are on call.
    Output {
        oncalls: Vec<ListedOncall> => "who is on call";
        more: bool => "whether there are more than these";
    }
}

fields! {
    /// A person who is on call at one level of one escalation policy. What PagerDuty did not say is null.
    ListedOncall {
        user: String => "the id of the user", id();
        user_name: Option<String> => "the user's name";
        escalation_policy: Option<String> => "the id of the escalation policy", id();
        escalation_level: Option<u64> => "the level of the escalation policy";
        schedule: Option<String> => "the id of the schedule; null for a user who is always on call", id();
        start: Option<Timestamp> => "since when, RFC 3339; null for always";
        end: Option<Timestamp> => "until when, RFC 3339; null for always";
    }
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

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Lists who is on call, now if it does not say when.".into(),
        example: "integration: prod
escalation_policies: [PT20YPA]
"
        .into(),
        ..action::<Input, Output>("pagerduty.list_oncalls")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
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
    Ok(Output { oncalls, more })
}

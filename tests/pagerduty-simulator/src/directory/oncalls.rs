//! `GET /oncalls`.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Shift;
use super::shapes::{policy_reference, reference, user_reference};
use crate::access::Call;
use crate::account::Account;
use crate::clock::seconds;
use crate::exchange::Answer;
use crate::ids::{PolicyId, UserId};
use crate::page::Page;
use crate::refusal::Refusal;

/// A user who is on call: always, or by a shift.
#[derive(Debug)]
struct OnCall<'a> {
    user: &'a UserId,
    policy: &'a PolicyId,
    level: usize,
    shift: Option<&'a Shift>,
}

impl<'a> OnCall<'a> {
    fn new(user: &'a UserId, policy: &'a PolicyId, level: usize, shift: Option<&'a Shift>) -> Self {
        Self {
            user,
            policy,
            level,
            shift,
        }
    }

    /// True if it overlaps the time that is asked for.
    fn is_within(&self, since: Timestamp, until: Timestamp) -> bool {
        self.shift.is_none_or(|shift| shift.start <= until && since < shift.end)
    }

    fn shape(&self, account: &Account) -> Value {
        let schedule = self.shift.map(|shift| {
            let page = account.page(&format!("schedules/{}", shift.schedule));
            reference(
                "schedule_reference",
                shift.schedule.as_str(),
                "schedules",
                Some(&page),
                &shift.name,
            )
        });
        json!({
            "user": user_reference(account, self.user),
            "schedule": schedule,
            "escalation_policy": policy_reference(account, self.policy),
            "escalation_level": self.level,
            "start": self.shift.map(|shift| seconds(shift.start)),
            "end": self.shift.map(|shift| seconds(shift.end)),
        })
    }
}

/// Who is on call between `since` and `until`, or now, by policy, level and user. With `earliest=true` the first row of
/// each policy, level and user only.
pub(crate) fn all(account: &Account, call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = call.request;
    let date = |name: &str| {
        let refused = |_| Refusal::invalid(format!("{name} must be an ISO 8601 date and time"));
        let text = request.parameter(name);
        text.map(|text| text.parse::<Timestamp>().map_err(refused)).transpose()
    };
    let since = date("since")?.unwrap_or(call.now);
    let until = date("until")?.unwrap_or(since.max(call.now));
    let wanted = |name: &str, id: Option<&str>| {
        let ids = request.parameters(name);
        ids.is_empty() || id.is_some_and(|id| ids.contains(&id))
    };
    let mut rows: Vec<OnCall<'_>> = on_call(account)
        .into_iter()
        .filter(|row| row.is_within(since, until))
        .filter(|row| wanted("user_ids[]", Some(row.user.as_str())))
        .filter(|row| wanted("escalation_policy_ids[]", Some(row.policy.as_str())))
        .filter(|row| wanted("schedule_ids[]", row.shift.map(|shift| shift.schedule.as_str())))
        .collect();
    if request.parameter("earliest") == Some("true") {
        rows.dedup_by(|later, earlier| {
            (later.policy, later.level, later.user) == (earlier.policy, earlier.level, earlier.user)
        });
    }
    let body = Page::of(request)?.body("oncalls", &rows, |row| row.shape(account));
    Ok(Answer::json(StatusCode::OK, body))
}

fn on_call(account: &Account) -> Vec<OnCall<'_>> {
    let mut rows = Vec::new();
    for policy in &account.policies {
        for (users, level) in policy.levels.iter().zip(1..) {
            for user in users {
                let by = |shift: &&Shift| {
                    shift.escalation_policy == policy.id && shift.level == level && &shift.user == user
                };
                let mut shifts: Vec<&Shift> = account.shifts.iter().filter(by).collect();
                shifts.sort_by_key(|shift| shift.start);
                if shifts.is_empty() {
                    rows.push(OnCall::new(user, &policy.id, level, None));
                }
                rows.extend(
                    shifts
                        .into_iter()
                        .map(|shift| OnCall::new(user, &policy.id, level, Some(shift))),
                );
            }
        }
    }
    rows
}

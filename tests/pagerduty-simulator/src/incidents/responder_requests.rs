//! `POST /incidents/{id}/responder_requests`.

use http::StatusCode;
use serde_json::{Value, json};

use super::transitions::Transition;
use super::{Agent, Incident, shapes};
use crate::access::Call;
use crate::account::Account;
use crate::clock::seconds;
use crate::directory::shapes::user_reference;
use crate::exchange::Answer;
use crate::fields::{self, Object};
use crate::ids::{PolicyId, UserId};
use crate::refusal::Refusal;
use crate::webhooks::event::Responder;

/// The ability without which nobody can be asked to join.
const ABILITY: &str = "coordinated_responding";

/// Whom a request asks to join.
#[derive(Debug)]
enum Target {
    User(UserId),
    Policy(PolicyId),
}

impl Target {
    fn read(account: &Account, row: &Value) -> Result<Self, Refusal> {
        let target = row.get("responder_request_target").and_then(Value::as_object);
        let target = target
            .ok_or_else(|| Refusal::invalid("responder_request_targets must each have a responder_request_target"))?;
        let id = fields::text(target, "id")?;
        let id = id.ok_or_else(|| Refusal::invalid("responder_request_target must have an id"))?;
        match fields::text(target, "type")? {
            Some("user" | "user_reference") => Some(UserId::new(id))
                .filter(|id| account.user(id).is_some())
                .map(Self::User)
                .ok_or(Refusal::UserNotFound),
            Some("escalation_policy" | "escalation_policy_reference") => Some(PolicyId::new(id))
                .filter(|id| account.policy(id).is_some())
                .map(Self::Policy)
                .ok_or(Refusal::PolicyNotFound),
            _ => Err(Refusal::invalid(
                "responder_request_target must be a user_reference or an escalation_policy_reference",
            )),
        }
    }

    /// Who is called: the user, or whoever is on call at the policy's first level.
    fn users(&self, account: &Account) -> Vec<UserId> {
        match self {
            Self::User(id) => vec![id.clone()],
            Self::Policy(id) => account
                .policy(id)
                .map_or_else(Vec::new, |policy| policy.on_call(1).to_vec()),
        }
    }

    fn id_and_type(&self) -> (&str, &'static str) {
        match self {
            Self::User(id) => (id.as_str(), "user"),
            Self::Policy(id) => (id.as_str(), "escalation_policy"),
        }
    }
}

/// Asks people to join an incident, in the name of the user of `requester_id`; `From` is not needed. The words of the
/// refusals are UNVERIFIED, and so is that a resolved incident takes responders.
pub(crate) fn add(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    if !account.has_ability(ABILITY) {
        return Err(Refusal::AbilityMissing);
    }
    let body = call.request.json_object()?;
    let incident = account.incident(id)?.clone();
    let requester = requester(account, &body)?;
    let message = fields::text(&body, "message")?.filter(|message| !message.trim().is_empty());
    let message = message
        .ok_or_else(|| Refusal::invalid("Message cannot be empty."))?
        .to_owned();
    let targets = fields::array(&body, "responder_request_targets")?.filter(|targets| !targets.is_empty());
    let targets = targets.ok_or_else(|| Refusal::invalid("responder_request_targets cannot be empty"))?;
    let targets = targets
        .iter()
        .map(|row| Target::read(account, row))
        .collect::<Result<Vec<Target>, Refusal>>()?;
    let answer = shape(account, call, &incident, &requester, &message, &targets);
    let responders: Vec<Responder> = targets
        .iter()
        .flat_map(|target| responders(account, target, &message))
        .collect();
    let mut transition = Transition {
        account,
        incident,
        agent: Agent::User(requester),
        now: call.now,
    };
    for responder in responders {
        transition.add_responder(responder);
    }
    Ok(Answer::json(StatusCode::OK, json!({"responder_request": answer})))
}

fn requester(account: &Account, body: &Object) -> Result<UserId, Refusal> {
    let id = fields::text(body, "requester_id")?.ok_or(Refusal::RequesterIdMissing)?;
    let user = account.user(&UserId::new(id)).ok_or(Refusal::RequesterNotFound)?;
    if user.role.may_respond() {
        Ok(user.id.clone())
    } else {
        Err(Refusal::RequesterNotAuthorized)
    }
}

/// What the webhooks of a target tell: a user, or a policy with each user that it calls.
fn responders(account: &Account, target: &Target, message: &str) -> Vec<Responder> {
    let policy = match target {
        Target::User(_) => None,
        Target::Policy(policy) => Some(policy.clone()),
    };
    target
        .users(account)
        .into_iter()
        .map(|user| Responder {
            user,
            policy: policy.clone(),
            message: message.to_owned(),
        })
        .collect()
}

fn shape(
    account: &Account,
    call: &Call<'_>,
    incident: &Incident,
    requester: &UserId,
    message: &str,
    targets: &[Target],
) -> Value {
    let incident = shapes::incident_reference(account, incident);
    let requester = user_reference(account, requester);
    let requested_at = seconds(call.now);
    let responder = |user: &UserId| {
        json!({
            "state": "pending",
            "user": user_reference(account, user),
            "incident": incident,
            "updated_at": requested_at,
            "message": message,
            "requester": requester,
            "requested_at": requested_at,
        })
    };
    let targets: Vec<Value> = targets
        .iter()
        .map(|target| {
            let (id, kind) = target.id_and_type();
            let responders: Vec<Value> = target.users(account).iter().map(responder).collect();
            json!({"responder_request_target": {"id": id, "type": kind, "incidents_responders": responders}})
        })
        .collect();
    json!({
        "incident": incident,
        "requester": requester,
        "requested_at": requested_at,
        "message": message,
        "responder_request_targets": targets,
    })
}

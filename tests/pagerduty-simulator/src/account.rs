//! The account: all state, and the one way in for requests.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::access::{Call, Token, authenticate};
use crate::directory::{
    CustomField, EscalationPolicy, IncidentType, IncidentWorkflow, Priority, RoutingKey, Service, Shift, Team, User,
    lists, oncalls,
};
use crate::effects::Effect;
use crate::events;
use crate::exchange::{Answer, Request};
use crate::ids::{HookId, Ids, IncidentId, IncidentIdForm, PolicyId, PriorityId, ServiceId, TeamId, UserId};
use crate::incidents::{self, Incident};
use crate::rate::RateWindow;
use crate::refusal::Refusal;
use crate::seed::{RepeatedStatus, Seed, SeedError};
use crate::webhooks::Webhook;
use crate::webhooks::extensions::{self, Extension};
use crate::webhooks::subscriptions::{self, Subscription};

/// One PagerDuty account: a state machine from requests to answers and webhooks.
///
/// It knows neither sockets nor clocks. [`Account::receive`] is the only way in for REST requests; what it causes goes
/// out as [`Webhook`]s, in the order in which things happened.
#[derive(Debug)]
pub struct Account {
    pub(crate) subdomain: String,
    pub(crate) abilities: Vec<String>,
    pub(crate) teams: Vec<Team>,
    pub(crate) users: Vec<User>,
    pub(crate) policies: Vec<EscalationPolicy>,
    pub(crate) services: Vec<Service>,
    pub(crate) priorities: Vec<Priority>,
    pub(crate) custom_fields: Vec<CustomField>,
    pub(crate) incident_types: Vec<IncidentType>,
    pub(crate) incident_workflows: Vec<IncidentWorkflow>,
    pub(crate) shifts: Vec<Shift>,
    pub(crate) routing_keys: Vec<RoutingKey>,
    pub(crate) event_rates: Vec<RateWindow>,
    pub(crate) events_per_minute: u32,
    pub(crate) alert_events: Vec<Value>,
    pub(crate) change_events: Vec<Value>,
    pub(crate) incident_ids: IncidentIdForm,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) repeated_status: RepeatedStatus,
    pub(crate) opened_at: Timestamp,
    /// The time for which requests on a new incident get 404.
    pub(crate) incident_lag: SignedDuration,
    pub(crate) ids: Ids,
    pub(crate) outgoing: Vec<Webhook>,
    tokens: Vec<Token>,
    rates: Vec<RateWindow>,
    requests_per_minute: u32,
}

/// What comes out of one request.
#[derive(Debug)]
pub struct Exchange {
    /// The answer to whoever asked.
    pub answer: Answer,
    /// The webhooks that the request caused, in order.
    pub webhooks: Vec<Webhook>,
}

impl Account {
    /// Opens an account with the contents of `seed`, making new ids with `ids`.
    ///
    /// # Errors
    /// When the seed contradicts itself.
    pub fn new(seed: Seed, ids: Ids, now: Timestamp) -> Result<Self, SeedError> {
        seed.check()?;
        Ok(Self {
            subdomain: seed.subdomain,
            abilities: seed.abilities,
            teams: seed.teams,
            users: seed.users,
            policies: seed.escalation_policies,
            services: seed.services,
            priorities: seed.priorities,
            custom_fields: seed.custom_fields,
            incident_types: seed.incident_types,
            incident_workflows: seed.incident_workflows,
            shifts: seed.shifts,
            event_rates: vec![RateWindow::default(); seed.routing_keys.len()],
            routing_keys: seed.routing_keys,
            events_per_minute: seed.events_per_minute,
            alert_events: Vec::new(),
            change_events: Vec::new(),
            incident_ids: seed.incident_ids,
            incidents: Vec::new(),
            effects: Vec::new(),
            subscriptions: Vec::new(),
            extensions: Vec::new(),
            repeated_status: seed.repeated_status,
            opened_at: now,
            incident_lag: SignedDuration::ZERO,
            ids,
            outgoing: Vec::new(),
            rates: vec![RateWindow::default(); seed.tokens.len()],
            tokens: seed.tokens,
            requests_per_minute: seed.requests_per_minute,
        })
    }

    /// True if a request comes with a token of this account, or an event with a routing key of it.
    pub fn knows_token_of(&self, request: &Request) -> bool {
        authenticate(&self.tokens, request).is_ok() || events::key_of(self, request).is_some()
    }

    /// Answers a request of the REST API or the Events API. Lists of what incidents are and have do not show what is younger than
    /// `lag`.
    pub fn receive(&mut self, request: &Request, now: Timestamp, lag: SignedDuration) -> Exchange {
        self.awaken(now);
        let answer = match events::kind(request) {
            Some(kind) => events::accept(self, kind, request, now),
            None => self.answer(request, now, lag),
        };
        Exchange {
            answer,
            webhooks: self.take_webhooks(),
        }
    }

    /// In which order PagerDuty checks credentials, path, body and `From` is UNVERIFIED.
    fn answer(&mut self, request: &Request, now: Timestamp, lag: SignedDuration) -> Answer {
        let caller = match authenticate(&self.tokens, request) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.answer(),
        };
        let rate = self
            .rates
            .get_mut(caller.token)
            .map(|window| window.count(self.requests_per_minute, now));
        let mut answer = if rate.is_some_and(|rate| rate.exceeded) {
            Refusal::RateLimited.answer()
        } else {
            let call = Call {
                request,
                caller,
                now,
                lag,
            };
            self.route(&call).unwrap_or_else(|refusal| refusal.answer())
        };
        answer
            .headers
            .extend(rate.into_iter().flat_map(crate::rate::RateState::headers));
        answer
    }

    fn route(&mut self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let method = &call.request.method;
        let path = call.request.path.strip_prefix('/').unwrap_or_default();
        let segments: Vec<&str> = path.split('/').collect();
        if let Some(token) = self.tokens.get(call.caller.token) {
            token.allows(method, &segments)?;
        }
        self.is_known_everywhere(call.now, &segments)?;
        if method == Method::GET {
            self.read(call, &segments)
        } else {
            self.write(call, method, &segments)
        }
    }

    /// Refuses a request on an incident that is so young that what answers may not know it yet. How long PagerDuty needs is not
    /// documented.
    fn is_known_everywhere(&self, now: Timestamp, path: &[&str]) -> Result<(), Refusal> {
        let ["incidents", id, ..] = path else { return Ok(()) };
        match self.incident(id) {
            Ok(incident) if now.duration_since(incident.created_at) < self.incident_lag => Err(Refusal::NotFound),
            _ => Ok(()),
        }
    }

    fn read(&self, call: &Call<'_>, path: &[&str]) -> Result<Answer, Refusal> {
        match *path {
            ["incidents"] => incidents::list::all(self, call),
            ["incidents", "types"] => lists::incident_types(self, call),
            ["incidents", id] => incidents::list::one(self, call, id),
            ["incidents", id, "notes"] => incidents::notes::all(self, call, id),
            ["incidents", id, "log_entries"] => incidents::list::log_entries(self, call, id),
            ["incidents", id, "alerts"] => incidents::alerts::all(self, call, id),
            ["incidents", id, "custom_fields", "values"] => incidents::custom_fields::all(self, id),
            ["incident_workflows"] => incidents::workflows::all(self, call),
            ["oncalls"] => oncalls::all(self, call),
            ["services"] => lists::services(self, call),
            ["services", id] => lists::service(self, id),
            ["escalation_policies"] => lists::escalation_policies(self, call),
            ["escalation_policies", id] => lists::escalation_policy(self, id),
            ["users"] => lists::users(self, call),
            ["users", "me"] => lists::me(self, call),
            ["users", id] => lists::user(self, id),
            ["teams"] => lists::teams(self, call),
            ["priorities"] => lists::priorities(self, call),
            ["abilities"] => Ok(lists::abilities(self)),
            ["abilities", name] => lists::ability(self, name),
            ["webhook_subscriptions"] => subscriptions::all(self, call),
            ["webhook_subscriptions", id] => subscriptions::one(self, call, id),
            ["extensions"] => extensions::all(self, call),
            ["extensions", id] => extensions::one(self, call, id),
            _ => Err(not_routed(&Method::GET, path)),
        }
    }

    fn write(&mut self, call: &Call<'_>, method: &Method, path: &[&str]) -> Result<Answer, Refusal> {
        match (method.as_str(), path) {
            ("POST", ["incidents"]) => incidents::create::create(self, call),
            ("PUT", ["incidents", id]) => incidents::update::update(self, call, id),
            ("POST", ["incidents", id, "notes"]) => incidents::notes::add(self, call, id),
            ("POST", ["incidents", id, "snooze"]) => incidents::snooze::snooze(self, call, id),
            ("PUT", ["incidents", id, "merge"]) => incidents::merge::merge(self, call, id),
            ("POST", ["incidents", id, "status_updates"]) => incidents::status_updates::publish(self, call, id),
            ("POST", ["incidents", id, "responder_requests"]) => incidents::responder_requests::add(self, call, id),
            ("PUT", ["incidents", id, "custom_fields", "values"]) => incidents::custom_fields::set(self, call, id),
            ("POST", ["incident_workflows", id, "instances"]) => incidents::workflows::start(self, call, id),
            ("POST", ["webhook_subscriptions"]) => subscriptions::create(self, call),
            ("PUT", ["webhook_subscriptions", id]) => subscriptions::update(self, call, id),
            ("DELETE", ["webhook_subscriptions", id]) => subscriptions::delete(self, call, id),
            ("POST", ["webhook_subscriptions", id, "enable"]) => subscriptions::enable(self, call, id),
            ("POST", ["webhook_subscriptions", id, "ping"]) => subscriptions::ping(self, call, id),
            ("POST", ["extensions"]) => extensions::create(self, call),
            ("DELETE", ["extensions", id]) => extensions::delete(self, call, id),
            ("POST", ["extensions", id, "enable"]) => extensions::enable(self, call, id),
            _ => Err(not_routed(method, path)),
        }
    }

    /// Switches a subscription or an extension off for a while, because it refused too many webhooks.
    pub(crate) fn disable_hook(&mut self, hook: &HookId, until: Timestamp) {
        let subscription = self
            .subscriptions
            .iter_mut()
            .find(|subscription| &subscription.id == hook);
        if let Some(subscription) = subscription {
            subscription.disabled_until = Some(until);
        }
        let extension = self.extensions.iter_mut().find(|extension| &extension.id == hook);
        if let Some(extension) = extension {
            extension.disabled_until = Some(until);
        }
    }

    /// The webhooks that have been caused since this was last called.
    pub(crate) fn take_webhooks(&mut self) -> Vec<Webhook> {
        std::mem::take(&mut self.outgoing)
    }

    pub(crate) fn user(&self, id: &UserId) -> Option<&User> {
        self.users.iter().find(|user| &user.id == id)
    }

    pub(crate) fn user_by_email(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(email))
    }

    pub(crate) fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|service| &service.id == id)
    }

    pub(crate) fn team(&self, id: &TeamId) -> Option<&Team> {
        self.teams.iter().find(|team| &team.id == id)
    }

    pub(crate) fn policy(&self, id: &PolicyId) -> Option<&EscalationPolicy> {
        self.policies.iter().find(|policy| &policy.id == id)
    }

    pub(crate) fn priority(&self, id: &PriorityId) -> Option<&Priority> {
        self.priorities.iter().find(|priority| &priority.id == id)
    }

    pub(crate) fn has_ability(&self, name: &str) -> bool {
        self.abilities.iter().any(|ability| ability == name)
    }

    /// True if incidents can have the type of this name.
    pub(crate) fn has_incident_type(&self, name: &str) -> bool {
        self.incident_types.iter().any(|kind| kind.enabled && kind.name == name)
    }

    /// An incident by its id.
    pub(crate) fn incident(&self, id: &str) -> Result<&Incident, Refusal> {
        self.incidents
            .iter()
            .find(|incident| incident.id.as_str() == id)
            .ok_or(Refusal::NotFound)
    }

    /// Puts an incident in the place of its former state, or at the end when it is new.
    pub(crate) fn store(&mut self, incident: Incident) {
        match self
            .position(&incident.id)
            .and_then(|position| self.incidents.get_mut(position))
        {
            Some(former) => *former = incident,
            None => self.incidents.push(incident),
        }
    }

    fn position(&self, id: &IncidentId) -> Option<usize> {
        self.incidents.iter().position(|incident| &incident.id == id)
    }

    /// The address of a page of the web app.
    pub(crate) fn page(&self, path: &str) -> String {
        format!("https://{}.pagerduty.com/{path}", self.subdomain)
    }
}

/// The refusal of a request that leads nowhere: 405 where the path takes another method, 404 where it is no path.
fn not_routed(method: &Method, path: &[&str]) -> Refusal {
    let others: &[&str] = match path {
        ["incidents" | "webhook_subscriptions" | "extensions"] => &["GET", "POST"],
        ["incidents", "types"] => &["GET"],
        ["incidents", _] => &["GET", "PUT"],
        ["incidents", _, "notes"] => &["GET", "POST"],
        ["incidents", _, "log_entries" | "alerts"] => &["GET"],
        ["incidents", _, "snooze" | "status_updates" | "responder_requests"] => &["POST"],
        ["incidents", _, "merge"] => &["PUT"],
        ["incidents", _, "custom_fields", "values"] => &["GET", "PUT"],
        ["incident_workflows", _, "instances"] => &["POST"],
        ["webhook_subscriptions", _] => &["GET", "PUT", "DELETE"],
        ["extensions", _] => &["GET", "DELETE"],
        ["webhook_subscriptions", _, "enable" | "ping"] | ["extensions", _, "enable"] => &["POST"],
        [
            "incident_workflows"
            | "oncalls"
            | "services"
            | "escalation_policies"
            | "users"
            | "teams"
            | "priorities"
            | "abilities",
        ]
        | ["services" | "escalation_policies" | "users" | "abilities", _] => &["GET"],
        _ => &[],
    };
    match others.is_empty() || others.contains(&method.as_str()) {
        true => Refusal::NotFound,
        false => Refusal::MethodNotAllowed,
    }
}

//! PagerDuty as a whole, without a network: an account, its outbox, and a memory of what it was asked.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::Account;
use crate::directory::Urgency;
use crate::effects::Effect;
use crate::exchange::{Answer, Request};
use crate::faults::{FaultRule, Reaction, Script};
use crate::ids::{AlertId, Ids, IncidentId, PolicyId, ServiceId, WebhookId};
use crate::incidents::alerts::{Alert, Severity};
use crate::incidents::create::{Draft, Responders, checked_title};
use crate::incidents::{Agent, Incident, IncidentKey, Status, shapes, update};
use crate::outbox::{DeliveryPolicy, Outbox, Parcel, Reply};
use crate::received::received;
use crate::refusal::Refusal;
use crate::seed::{Seed, SeedError};

/// A PagerDuty that is driven from outside: by a server and its clock, or by a test that has neither.
#[derive(Debug)]
pub struct PagerDuty {
    account: Account,
    outbox: Outbox,
    received: Vec<Value>,
    faults: Script,
    lag: SignedDuration,
}

/// An incident to open as if somebody or something had.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    pub title: String,
    pub service: ServiceId,
    /// The e-mail address of the person who opens it. Without one, a monitoring tool does.
    #[serde(default)]
    pub from: Option<String>,
    /// The name of the monitoring tool.
    #[serde(default = "Trigger::default_client")]
    pub client: String,
    /// The `incident_key`, or the dedup key of the monitoring tool's alert. Without one a new one is made.
    #[serde(default)]
    pub key: Option<String>,
    /// The urgency, if not the service's.
    #[serde(default)]
    pub urgency: Option<Urgency>,
    /// The escalation policy, if not the service's.
    #[serde(default)]
    pub escalation_policy: Option<PolicyId>,
    /// The details of the incident's body.
    #[serde(default)]
    pub details: Option<String>,
}

impl Trigger {
    /// An incident that a monitoring tool opens on a service.
    pub fn new(title: impl Into<String>, service: ServiceId) -> Self {
        Self {
            title: title.into(),
            service,
            from: None,
            client: Self::default_client(),
            key: None,
            urgency: None,
            escalation_policy: None,
            details: None,
        }
    }

    fn default_client() -> String {
        "CloudWatch".to_owned()
    }
}

impl PagerDuty {
    /// A PagerDuty with one account.
    ///
    /// # Errors
    /// When the seed contradicts itself.
    pub fn new(seed: Seed, ids: Ids, policy: DeliveryPolicy, now: Timestamp) -> Result<Self, SeedError> {
        Ok(Self {
            account: Account::new(seed, ids, now)?,
            outbox: Outbox::new(policy),
            received: Vec::new(),
            faults: Script::default(),
            lag: SignedDuration::ZERO,
        })
    }

    /// Starts over with another seed. Ids go on from where they were, so that none comes twice.
    ///
    /// # Errors
    /// When the seed contradicts itself; nothing is changed then.
    pub fn start_over(&mut self, seed: Seed, policy: DeliveryPolicy, now: Timestamp) -> Result<(), SeedError> {
        *self = Self::new(seed, self.account.ids.clone(), policy, now)?;
        Ok(())
    }

    /// Answers a request of the REST API or the Events API, queues the webhooks that it causes, and remembers it. It knows
    /// no faults: those are for [`react`](PagerDuty::react).
    pub fn receive(&mut self, request: &Request, now: Timestamp) -> Answer {
        self.receive_lagging(request, now, self.lag)
    }

    /// Lets lists lag behind writes in all requests from now on: they do not show what is younger than `lag`.
    pub fn set_lag(&mut self, lag: SignedDuration) {
        self.lag = lag;
    }

    /// Lets PagerDuty not know a new incident at once in all requests from now on: those on an incident that is younger than
    /// `lag` get 404.
    pub fn set_incident_lag(&mut self, lag: SignedDuration) {
        self.account.incident_lag = lag;
    }

    /// Adds a fault to come. It comes after those that were added before.
    pub fn add_fault(&mut self, rule: FaultRule) {
        self.faults.add(rule);
    }

    /// The faults to come. Each counts down as it comes.
    pub fn faults(&self) -> &[FaultRule] {
        self.faults.rules()
    }

    /// Takes back all faults to come.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// What the sender of a request sees, faults included. A fault is noted beside the request.
    pub fn react(&mut self, request: &Request, now: Timestamp) -> Reaction {
        let Some(fault) = self.faults.fault(request) else {
            return Reaction::plain(self.receive(request, now));
        };
        let lag = fault.lag().unwrap_or(self.lag);
        let answer = fault.has_effect().then(|| self.carry_out(request, now, lag));
        let reaction = fault.reaction(answer);
        self.received
            .push(received(request, reaction.status(), Some(&fault), now));
        reaction
    }

    /// Answers a request like [`receive`](PagerDuty::receive), but as PagerDuty does when its lists lag behind its writes:
    /// those of incidents, and of their notes, alerts and log, do not show what is younger than `lag`. All other answers are
    /// up to date.
    pub fn receive_lagging(&mut self, request: &Request, now: Timestamp, lag: SignedDuration) -> Answer {
        let answer = self.carry_out(request, now, lag);
        self.received.push(received(request, Some(answer.status), None, now));
        answer
    }

    fn carry_out(&mut self, request: &Request, now: Timestamp, lag: SignedDuration) -> Answer {
        let exchange = self.account.receive(request, now, lag);
        self.outbox.post(exchange.webhooks, now);
        exchange.answer
    }

    /// True if a request comes with a token of this account.
    pub fn knows_token_of(&self, request: &Request) -> bool {
        self.account.knows_token_of(request)
    }

    /// Opens an incident that nobody asked for through the REST API.
    ///
    /// # Errors
    /// When PagerDuty would not open it: see [`Refusal`].
    pub fn trigger(&mut self, trigger: Trigger, now: Timestamp) -> Result<Value, Refusal> {
        let (draft, agent) = self.draft(trigger, now)?;
        let id = self.account.open(draft, agent, now)?;
        let webhooks = self.account.take_webhooks();
        self.outbox.post(webhooks, now);
        self.incident(id.as_str())
    }

    /// Gives an incident a status as the user with this e-mail address does in the web app. Any other status than
    /// resolved reopens a resolved incident.
    ///
    /// # Errors
    /// When PagerDuty would not do it: see [`Refusal`].
    pub fn set_status(
        &mut self,
        incident: &IncidentId,
        status: Status,
        email: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        update::set_status(&mut self.account, incident.as_str(), status, email, now)?;
        let webhooks = self.account.take_webhooks();
        self.outbox.post(webhooks, now);
        Ok(())
    }

    fn draft(&mut self, trigger: Trigger, now: Timestamp) -> Result<(Draft, Agent), Refusal> {
        let service = self.account.service(&trigger.service).cloned();
        let service = service.ok_or_else(|| Refusal::arguments("Service not found"))?;
        if trigger
            .escalation_policy
            .as_ref()
            .is_some_and(|policy| self.account.policy(policy).is_none())
        {
            return Err(Refusal::PolicyNotFound);
        }
        let title = checked_title(&trigger.title)?;
        let (agent, key, alert) = match trigger.from {
            Some(email) => {
                let user = self.account.user_by_email(&email).ok_or(Refusal::RequesterNotFound)?;
                (
                    Agent::User(user.id.clone()),
                    trigger.key.map(IncidentKey::Incident),
                    None,
                )
            }
            None => {
                // A monitoring tool that gives no dedup key gets one that is told from its alert.
                let key = trigger
                    .key
                    .unwrap_or_else(|| format!("alert-{}", self.account.incidents.len() + 1));
                let alert = Alert {
                    id: AlertId::new(self.account.ids.object()),
                    key: key.clone(),
                    integration: None,
                    sender: trigger.client.clone(),
                    summary: title.clone(),
                    severity: Severity::Critical,
                    details: Value::Null,
                    created_at: now,
                    resolved_at: None,
                };
                let agent = Agent::Integration {
                    name: trigger.client.clone(),
                    client: Some((trigger.client, Some(self.account.page("")))),
                };
                (agent, Some(IncidentKey::Alert(key)), Some(alert))
            }
        };
        let draft = Draft {
            title,
            service,
            key,
            alert,
            urgency: trigger.urgency,
            priority: None,
            responders: trigger
                .escalation_policy
                .map_or(Responders::OfService, Responders::Policy),
            details: trigger.details,
            incident_type: None,
            conference_bridge: None,
        };
        Ok((draft, agent))
    }

    /// The delivery attempts that are due now, at most one for each queue. Each of them must be
    /// [reported](PagerDuty::report).
    pub fn take_due(&mut self, now: Timestamp) -> Vec<Parcel> {
        self.account.awaken(now);
        let webhooks = self.account.take_webhooks();
        self.outbox.post(webhooks, now);
        self.outbox.take_due(now)
    }

    /// When the next delivery attempt is due, or a snooze ends; none if there is nothing to wait for.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.outbox
            .next_due()
            .into_iter()
            .chain(self.account.next_awakening())
            .min()
    }

    /// Takes in what came of a delivery attempt. A webhook that is unknown by now is ignored.
    pub fn report(&mut self, webhook: &WebhookId, reply: Reply, now: Timestamp) {
        if let Some(disabling) = self.outbox.report(webhook, reply, now) {
            self.account.disable_hook(&disabling.hook, disabling.until);
        }
    }

    /// A webhook once more, whatever became of it: the same bytes, headers and id.
    pub fn copy(&self, webhook: &WebhookId) -> Option<Parcel> {
        self.outbox.copy(webhook)
    }

    /// Takes in what came of a [copy](PagerDuty::copy). It counts for nothing but the record.
    pub fn report_copy(&mut self, webhook: &WebhookId, reply: Reply, now: Timestamp) {
        self.outbox.report_copy(webhook, reply, now);
    }

    /// All incidents, each with its body, its notes and its log.
    pub fn incidents(&self) -> Value {
        self.account
            .incidents
            .iter()
            .map(|incident| self.full_view(incident))
            .collect()
    }

    /// One incident with its body, its notes and its log.
    ///
    /// # Errors
    /// When there is none with this id.
    pub fn incident(&self, id: &str) -> Result<Value, Refusal> {
        self.account.incident(id).map(|incident| self.full_view(incident))
    }

    /// All that has happened to incidents so far, in order, whoever did it.
    pub fn effects(&self) -> &[Effect] {
        &self.account.effects
    }

    /// All events about alerts that were taken so far, in order, whatever came of them: each as it came but with its service in the
    /// place of its routing key, and with the dedup key that was made up for it if it had none.
    pub fn alert_events(&self) -> &[Value] {
        &self.account.alert_events
    }

    /// All change events so far, in order, each as it came but without its routing key.
    pub fn change_events(&self) -> &[Value] {
        &self.account.change_events
    }

    /// All requests so far, in order, with credentials hidden.
    pub fn received(&self) -> Value {
        Value::Array(self.received.clone())
    }

    /// All webhooks so far, in order, each with its delivery attempts.
    pub fn deliveries(&self) -> Value {
        self.outbox.view()
    }

    fn full_view(&self, incident: &Incident) -> Value {
        let account = &self.account;
        json!({
            "incident": shapes::incident(account, incident),
            "details": incident.details,
            "notes": incident.notes.iter().map(|note| shapes::note(account, note)).collect::<Vec<Value>>(),
            "log_entries":
                incident.log.iter().map(|entry| shapes::log_entry(account, incident, entry)).collect::<Vec<Value>>(),
        })
    }
}

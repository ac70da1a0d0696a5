//! An account as PagerDuty sees it, and the people who work with it.

use crate::step_functions::Clock;
use http::{
    Method,
    header::{AUTHORIZATION, FROM},
};
use jiff::Timestamp;
use pagerduty_simulator::{Effect, EffectKind, IncidentId, PagerDuty, Refusal, Request, Seed, Status};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{sync::Notify, task::JoinHandle};

/// An account at PagerDuty. Clones are the same account.
#[derive(Debug, Clone)]
pub struct Account {
    rules: Arc<Mutex<PagerDuty>>,
    clock: Clock,
    changed: Arc<Notify>,
}

impl Account {
    pub(super) fn new(rules: PagerDuty, clock: Clock) -> Self {
        Self {
            rules: Arc::new(Mutex::new(rules)),
            clock,
            changed: Arc::default(),
        }
    }

    /// Does something with the account at the present time: opens an incident as a monitoring tool, reads what it was asked,
    /// takes its webhooks.
    pub fn with<R>(&self, action: impl FnOnce(&mut PagerDuty, Timestamp) -> R) -> R {
        let result = self.look(action);
        self.changed.notify_waiters();
        result
    }

    /// The same, if it changes nothing that whoever carries webhooks has to know.
    pub(crate) fn look<R>(&self, action: impl FnOnce(&mut PagerDuty, Timestamp) -> R) -> R {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        action(&mut rules, self.clock.now())
    }

    /// Comes when something may have changed since this was called.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + use<> {
        Arc::clone(&self.changed).notified_owned()
    }

    /// All that has happened to incidents so far, in order, whoever did it.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        self.with(|rules, _| rules.effects().to_vec())
    }

    /// All events about alerts that were taken so far, in order, each as it came but with its service in the place of its
    /// routing key.
    #[must_use]
    pub fn alert_events(&self) -> Vec<Value> {
        self.with(|rules, _| rules.alert_events().to_vec())
    }

    /// All change events so far, in order, each as it came but without its routing key.
    #[must_use]
    pub fn changes(&self) -> Vec<Value> {
        self.with(|rules, _| rules.change_events().to_vec())
    }

    /// The incidents that were created with this key, the oldest first.
    #[must_use]
    pub fn created(&self, key: &str) -> Vec<IncidentId> {
        self.with(|rules, _| created(rules.effects(), key).cloned().collect())
    }

    /// The texts of the notes that were added to an incident, in order.
    #[must_use]
    pub fn notes(&self, incident: &IncidentId) -> Vec<String> {
        let note = |effect: &Effect| match &effect.kind {
            EffectKind::Note(text) if &effect.incident == incident => Some(text.clone()),
            _ => None,
        };
        self.with(|rules, _| rules.effects().iter().filter_map(note).collect())
    }

    /// A person with this e-mail address gives an incident a status, in the web app.
    ///
    /// # Errors
    /// When PagerDuty would not do it.
    pub fn set_status(&self, incident: &IncidentId, status: Status, email: &str) -> Result<(), Refusal> {
        self.with(|rules, now| rules.set_status(incident, status, email, now))
    }

    /// A person with this e-mail address leaves a note on an incident.
    pub fn leave_note(&self, incident: &IncidentId, text: &str, email: &str) {
        let request = Request::new(Method::POST, &format!("/incidents/{}/notes", incident.as_str()))
            .header(AUTHORIZATION, &format!("Token token={}", Seed::ACCOUNT_TOKEN))
            .header(FROM, email)
            .json(&json!({"note": {"content": text}}));
        self.with(|rules, now| rules.receive(&request, now));
    }

    /// A person will set a status at a time, with the newest incident that has this key by then. Nobody needs to wait for the task.
    pub fn set_status_at(
        &self,
        at: Timestamp,
        key: impl Into<String>,
        status: Status,
        email: impl Into<String>,
    ) -> JoinHandle<Result<(), Refusal>> {
        let (account, key, email) = (self.clone(), key.into(), email.into());
        tokio::spawn(async move {
            account.clock.sleep_until(at).await;
            account.with(|rules, now| {
                let newest = created(rules.effects(), &key).last().cloned();
                rules.set_status(&newest.ok_or(Refusal::NotFound)?, status, &email, now)
            })
        })
    }
}

fn created<'a>(effects: &'a [Effect], key: &str) -> impl Iterator<Item = &'a IncidentId> {
    let with_key = move |effect: &&Effect| matches!(&effect.kind, EffectKind::Created { key: own, .. } if own == key);
    effects.iter().filter(with_key).map(|effect| &effect.incident)
}

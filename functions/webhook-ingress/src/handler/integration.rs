//! The URL of an integration, which leads to many workflows.

use super::{Answer, Delivery, Doubt, EventAnswer, Ingress, WorkflowAnswer, admits, unavailable};
use crate::Ports;
use jiff::Timestamp;
use platform::{
    api_key::ApiKey,
    intake::{Events, Ignored},
    table::KeyScope,
};
use tokio::time::Instant;
use workflow::{ids::IntegrationAlias, run::WebhookKind};

impl<P: Ports> Ingress<P> {
    /// Hands a delivery to all workflows that the URL of an integration leads to, and to the runs that wait for its events.
    ///
    /// The key is read before anything else, and nothing more for a sender with a wrong one: so an integration that does not
    /// exist, and one that does, are the same to a stranger.
    pub(super) async fn for_integration(
        &self,
        alias: &str,
        key: &ApiKey,
        delivery: &Delivery<'_>,
        begun: Instant,
        now: Timestamp,
    ) -> Result<Vec<WorkflowAnswer>, Answer> {
        let alias = alias.parse::<IntegrationAlias>().map_err(|_| Answer::Unauthorized {
            reason: Doubt::MalformedUrl,
        })?;
        let record = self.triggers.key(key.id(), now).await.map_err(unavailable)?;
        let scope = KeyScope::Integration(alias.clone());
        if !admits(record.as_ref().as_ref(), key, &scope) {
            return Err(Answer::Unauthorized {
                reason: Doubt::UnknownKey,
            });
        }
        self.check_signature(&alias, delivery, now).await?;
        let events = match Events::read(WebhookKind::V3, delivery.body) {
            Ok(events) => events,
            Err(unreadable) => {
                let event = self.set_aside(&unreadable, &scope, key, delivery, now).await?;
                return Ok(vec![WorkflowAnswer { workflow: None, event }]);
            }
        };
        let workflows = self.triggers.routes(&alias, now).await.map_err(unavailable)?;
        if workflows.is_empty() {
            let reason = Ignored::NoWorkflow;
            let event = EventAnswer::Ignored { reason };
            return Ok(vec![WorkflowAnswer { workflow: None, event }]);
        }
        let mut told = Vec::new();
        let mut admissions = Vec::new();
        for workflow in workflows.iter() {
            let admitted = match &workflow.trigger {
                Some(trigger) => events.admit(workflow, trigger, now),
                None => events.pass_by(),
            };
            told.extend(std::iter::repeat_n(&workflow.workflow, admitted.len()));
            admissions.extend(admitted);
        }
        let types = workflows
            .iter()
            .filter_map(|workflow| workflow.awaited(&alias))
            .flatten();
        let awaited = events.awaited(&alias, &types.map(String::as_str).collect(), now);
        let events = self.hand_on(admissions, &awaited, begun, now).await?;
        let answers = told.into_iter().zip(events).map(|(workflow, event)| WorkflowAnswer {
            workflow: Some(workflow.clone()),
            event,
        });
        Ok(answers.collect())
    }
}

#[cfg(test)]
mod tests;

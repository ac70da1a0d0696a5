//! The URL of an integration, which leads to many workflows.

use super::{Admission, Answer, Delivery, Doubt, EventAnswer, Ingress, WorkflowAnswer, admits, unavailable};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use platform::{
    api_key::ApiKey,
    dead_letters::DeadLetters,
    executions::{Executions, StartError},
    intake::{Events, Ignored},
    secrets::SecretStore,
    start_buffer::StartBuffer,
    table::{Bodies, KeyScope, TriggerSource, WorkflowRecord},
};
use std::sync::OnceLock;
use workflow::{ids::IntegrationAlias, run::WebhookKind};

/// How many workflows are seen to at the same time. All must be done before PagerDuty stops waiting, and each may hold a
/// compressed body meanwhile.
const AT_ONCE: usize = 10;

impl<T, S, E, Q, B, D> Ingress<T, S, E, Q, B, D>
where
    T: TriggerSource,
    S: SecretStore,
    E: Executions,
    Q: StartBuffer,
    B: Bodies,
    D: DeadLetters,
{
    /// Hands a delivery to all workflows that the URL of an integration leads to.
    ///
    /// The key is read before anything else, and nothing more for whoever has a wrong one: so an integration that does not
    /// exist, and one that does, are the same to a stranger.
    pub(super) async fn for_integration(
        &self,
        alias: &str,
        key: &ApiKey,
        delivery: &Delivery<'_>,
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
        let obstacle = OnceLock::new();
        // None of these does anything before the stream comes to it.
        let hand_on: Vec<_> = workflows
            .iter()
            .map(|workflow| self.hand_on(workflow, &events, &obstacle, now))
            .collect();
        let handed_on: Vec<_> = stream::iter(hand_on).buffered(AT_ONCE).collect().await;
        // One that cannot be started holds no other up. PagerDuty sends again then, and those that were started are
        // duplicates.
        let answers = handed_on.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Hands the events of a delivery to one workflow.
    async fn hand_on(
        &self,
        workflow: &WorkflowRecord,
        events: &Events<'_>,
        obstacle: &OnceLock<StartError>,
        now: Timestamp,
    ) -> Result<Vec<WorkflowAnswer>, Answer> {
        let admissions = match &workflow.trigger {
            Some(trigger) => events.admit(workflow, trigger, now),
            None => vec![Admission::Ignore(Ignored::NoTrigger)],
        };
        let mut answers = Vec::with_capacity(admissions.len());
        for admission in admissions {
            let event = match admission {
                Admission::Ignore(reason) => EventAnswer::Ignored { reason },
                Admission::Start(admitted) => self.start_run(*admitted, obstacle).await?,
            };
            answers.push(WorkflowAnswer {
                workflow: Some(workflow.workflow.clone()),
                event,
            });
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests;

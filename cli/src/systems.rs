//! The way to the systems of connectors.

use crate::error::Error;
use connectors::{AccessTokens, Account, Action, Call, Connector, Performed, perform};
use jiff::{SignedDuration, Timestamp};
use provider::{
    egress::networks::PrivateNetworks, outbound::Outbound, reroute::StandIn, roots::Roots, transport::Transport,
};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// The time that an action may take. A person waits for it, and it may read several pages of a list.
const TIME_LIMIT: SignedDuration = SignedDuration::from_secs(60);

/// The systems of connectors: those out there, or one server that stands in for all of them.
#[derive(Debug)]
pub(crate) struct Systems {
    stand_in: Option<StandIn>,
    /// The networks in which systems may be beside the internet.
    private_networks: PrivateNetworks,
    tokens: AccessTokens,
}

impl Systems {
    /// Reads the address of a stand-in, and the private networks.
    pub(crate) fn of(stand_in: Option<&str>, private_networks: Option<&str>) -> Result<Self, Error> {
        let stand_in = stand_in.map(str::parse).transpose();
        let private_networks = private_networks.map(str::parse).transpose();
        let wrong = |variable: &str, error: String| Error::Systems(format!("{variable}: {error}"));
        Ok(Self {
            stand_in: stand_in.map_err(|error: <StandIn as std::str::FromStr>::Err| {
                wrong("PAGERFLOW_CONNECTORS_URL", error.to_string())
            })?,
            private_networks: private_networks
                .map_err(|error: <PrivateNetworks as std::str::FromStr>::Err| {
                    wrong("PAGERFLOW_CONNECTOR_PRIVATE_NETWORKS", error.to_string())
                })?
                .unwrap_or_default(),
            tokens: AccessTokens::default(),
        })
    }

    /// Performs an action once, and looks at what it starts until that has ended.
    pub(crate) async fn perform(
        &self,
        connector: &Connector,
        action: &Action,
        account: &Account,
        input: Map<String, Value>,
        idempotency_key: Option<String>,
    ) -> Result<Map<String, Value>, Error> {
        let now = Timestamp::now();
        let job = action
            .spec()
            .job_seconds
            .map(|seconds| SignedDuration::from_secs(seconds.into()));
        let until = job.and_then(|job| now.checked_add(job).ok()).unwrap_or(now);
        let mut call = Call {
            connector,
            action,
            input,
            idempotency_key,
            attempt: Some(1),
            look: None,
            deadline: now.checked_add(TIME_LIMIT).ok(),
            now,
            approval: None,
        };
        let roots = connector.integration().roots(&account.fields);
        let roots = roots.map_err(|problem| Error::Invalid(problem.to_string()))?;
        let transport = self.transport(roots.as_ref())?;
        loop {
            let (look, after_seconds) = match perform(call.clone(), account, &*transport, &self.tokens).await? {
                Performed::Done(outputs) => return Ok(outputs),
                Performed::NotYet { look, after_seconds } => (look, after_seconds),
            };
            tokio::time::sleep(Duration::from_secs(after_seconds.into())).await;
            let now = Timestamp::now();
            if now > until {
                return Err(Error::Systems(format!(
                    "what {} has started had not ended by {until}; it may still go on",
                    action.spec()
                )));
            }
            call = Call {
                look: Some(look),
                deadline: now.checked_add(TIME_LIMIT).ok(),
                now,
                ..call
            };
        }
    }

    /// The connections of one action. The address of a system comes from an integration, so it is guarded, but for a stand-in, which is on
    /// this machine.
    fn transport(&self, roots: Option<&Roots>) -> Result<Arc<dyn Transport>, Error> {
        let outbound = Outbound::guarded(self.private_networks.clone(), self.stand_in.clone());
        let session = outbound.and_then(|outbound| outbound.session(roots));
        session.map_err(|error| Error::Systems(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::in_the_clear(Some("http://fake.example.com"), None, "PAGERFLOW_CONNECTORS_URL")]
    #[case::no_network(None, Some("everything"), "PAGERFLOW_CONNECTOR_PRIVATE_NETWORKS")]
    fn a_variable_that_cannot_be_used_is_named(
        #[case] stand_in: Option<&str>,
        #[case] networks: Option<&str>,
        #[case] variable: &str,
    ) {
        let error = Systems::of(stand_in, networks).unwrap_err().to_string();
        assert!(error.contains(variable), "{error}");
    }
}

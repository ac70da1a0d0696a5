//! The way to a system.

use super::{
    StartError,
    call::error_of,
    requests::{NotedTransport, Record},
};
use crate::{
    metrics::{MeasuredTransport, Metrics, Observation},
    task::TaskError,
};
use jiff::Timestamp;
use provider::{
    egress::networks::PrivateNetworks, http::ConnectionError, outbound::Outbound, reroute::StandIn, roots::Roots,
    transport::Transport,
};
use std::sync::Arc;
use workflow::{
    action::{ActionSpec, Text},
    error_name::SystemError,
};

/// The way to a system.
#[derive(Debug)]
pub(super) enum Way {
    /// The network, and where its requests are counted.
    Network { outbound: Outbound, metrics: Arc<Metrics> },
    /// A way that a test or a simulation gives.
    Given(Arc<dyn Transport>),
}

fn set_up(outbound: Result<Outbound, ConnectionError>) -> Result<Outbound, StartError> {
    outbound.map_err(|error| StartError(error.to_string()))
}

impl Way {
    /// The way to PagerDuty, whose address is the program's own or a setting of the stack.
    pub(super) fn to_pagerduty(metrics: Arc<Metrics>) -> Result<Self, StartError> {
        Ok(Self::Network {
            outbound: set_up(Outbound::open())?,
            metrics,
        })
    }

    /// The way to systems whose addresses come from connectors and integrations: guarded, unless all requests go to a stand-in, which
    /// may be on this machine.
    pub(super) fn to_systems(
        networks: PrivateNetworks,
        stand_in: Option<StandIn>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        Ok(Self::Network {
            outbound: set_up(Outbound::guarded(networks, stand_in))?,
            metrics,
        })
    }

    /// Counts a failed attempt at an action, if it failed because of its system.
    pub(super) fn failed(&self, spec: &ActionSpec, error: &TaskError, now: Timestamp) {
        let Self::Network { metrics, .. } = self else {
            return;
        };
        if let Some(failed) = Observation::of_failure(&spec.name, &error.failure().name) {
            metrics.tell(&failed, now);
        }
    }

    /// The way of one attempt at an action, whose requests share a connection. They are counted as those of the connector, or as PagerDuty's,
    /// and those that go out to the network are taken note of.
    pub(super) fn transport(
        &self,
        spec: &ActionSpec,
        connector: Option<&str>,
        record: &Record,
    ) -> Result<Arc<dyn Transport>, TaskError> {
        self.transport_trusting(None, spec, connector, record)
    }

    /// The same, where connections trust these certificates alone, if there are some.
    pub(super) fn transport_trusting(
        &self,
        roots: Option<&Roots>,
        spec: &ActionSpec,
        connector: Option<&str>,
        record: &Record,
    ) -> Result<Arc<dyn Transport>, TaskError> {
        let (outbound, metrics) = match self {
            Self::Network { outbound, metrics } => (outbound, metrics),
            Self::Given(transport) => return Ok(Arc::clone(transport)),
        };
        // Nothing was sent.
        let unusable =
            |error: ConnectionError| TaskError::new(error_of(spec, SystemError::Unavailable), error.to_string());
        let session = outbound.session(roots).map_err(unusable)?;
        let counted = MeasuredTransport::new(session, Arc::clone(metrics), Timestamp::now);
        let counted = match connector {
            Some(name) => counted.of_connector(Text::from(name.to_owned())),
            None => counted,
        };
        Ok(Arc::new(NotedTransport::new(Arc::new(counted), record)))
    }
}

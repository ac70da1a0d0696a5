//! The kinds of reads of the table, and which of them must see the last write.

/// The consistency of a read with the writes that were answered before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// It must.
    Strong,
    /// It may be some moments behind. That is all that an index offers.
    Eventual,
}

/// A kind of read, with the words for the error that it failed: after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(const_into_str)]
pub enum Read {
    #[strum(serialize = "read the workflow")]
    Workflow,
    /// All workflows.
    #[strum(serialize = "list the workflows")]
    Workflows,
    /// A version of a workflow.
    #[strum(serialize = "read the version of the workflow")]
    Version,
    /// The numbers of the versions of a workflow.
    #[strum(serialize = "list the versions of the workflow")]
    Versions,
    /// A workflow and an API key.
    #[strum(serialize = "read the trigger")]
    Trigger,
    /// The workflows that the URL of an integration leads to.
    #[strum(serialize = "read the routes of the integration")]
    Routes,
    #[strum(serialize = "read the API key")]
    ApiKey,
    /// All API keys.
    #[strum(serialize = "list the API keys")]
    ApiKeys,
    #[strum(serialize = "read the integration")]
    Integration,
    /// All integrations.
    #[strum(serialize = "list the integrations")]
    Integrations,
    /// The newest version of a connector of the user's own.
    #[strum(serialize = "read the connector")]
    Connector,
    /// The newest versions of all connectors of the user's own.
    #[strum(serialize = "list the connectors")]
    Connectors,
    #[strum(serialize = "read the version of the connector")]
    ConnectorVersion,
    #[strum(serialize = "read the run")]
    Run,
    /// The steps of a lane.
    #[strum(serialize = "read the steps of the run")]
    Steps,
    /// The runs of a time, from an index.
    #[strum(serialize = "list the runs")]
    Runs,
    /// The runs of which no end is known, from an index.
    #[strum(serialize = "list the open runs")]
    OpenRuns,
    /// The state of lanes.
    #[strum(serialize = "read the lanes of the run")]
    Lanes,
    /// The needs of a Plan.
    #[strum(serialize = "read what the Plan needs")]
    Known,
    /// The lane of a Plan that another write was in the way of.
    #[strum(serialize = "read the lane again")]
    LaneAgain,
    #[strum(serialize = "read the lock of the concurrency key")]
    Lock,
    /// The lanes of a run that wait.
    #[strum(serialize = "read which lanes of the run wait")]
    Waits,
    /// The events of an incident that a lane watches.
    #[strum(serialize = "read the events of the incident")]
    IncidentEvents,
    /// The lanes that watch an incident.
    #[strum(serialize = "read which lanes watch the incident")]
    Watchers,
    #[strum(serialize = "read the approval")]
    Approvals,
    /// The approvals that wait for a decision, from an index.
    #[strum(serialize = "list the open approvals")]
    OpenApprovals,
    /// The runs of a lock that have ended.
    #[strum(serialize = "read which runs have ended")]
    Ended,
    /// The body of an event.
    #[strum(serialize = "read the body of the delivery")]
    Body,
}

impl Read {
    /// The consistency of each kind.
    ///
    /// All that a run is planned from must be as it was written last: an old lane would have its Plan made twice, an old
    /// result would be a step that never ran, an old lock would let two runs in. A version and a body are read moments after
    /// they were written. What people see of what they set up is what they have just changed.
    #[must_use]
    pub fn consistency(self) -> Consistency {
        let is_planned_from = matches!(
            self,
            Self::Lanes | Self::Known | Self::Lock | Self::Waits | Self::IncidentEvents | Self::Watchers | Self::Ended
        );
        if is_planned_from && sabotage::breaks(sabotage::Break::StaleJournal) {
            return Consistency::Eventual;
        }
        match self {
            Self::Workflow
            | Self::Workflows
            | Self::Version
            | Self::Versions
            | Self::Trigger
            | Self::Routes
            | Self::ApiKey
            | Self::ApiKeys
            | Self::Integration
            | Self::Integrations
            | Self::Connector
            | Self::Connectors
            | Self::ConnectorVersion
            | Self::Run
            | Self::Steps
            | Self::Lanes
            | Self::Known
            | Self::LaneAgain
            | Self::Lock
            | Self::Waits
            | Self::IncidentEvents
            | Self::Watchers
            | Self::Approvals
            | Self::Ended
            | Self::Body => Consistency::Strong,
            Self::Runs | Self::OpenRuns | Self::OpenApprovals => Consistency::Eventual,
        }
    }

    /// True if DynamoDB is asked for the last write.
    pub(super) fn is_consistent(self) -> bool {
        self.consistency() == Consistency::Strong
    }
}

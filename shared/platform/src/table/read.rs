//! The kinds of reads of the table, and which of them must see the last write.

/// The consistency of a read with the writes that were answered before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// It must.
    Strong,
    /// It may be some moments behind. That is all that an index offers.
    Eventual,
}

macro_rules! reads {
    ($($(#[$doc:meta])* $variant:ident = $words:literal;)*) => {
        /// A kind of read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Read { $($(#[$doc])* $variant,)* }

        impl Read {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The words for the error that a read failed: after "failed to".
            pub(super) const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

reads! {
    Workflow = "read the workflow";
    /// All workflows.
    Workflows = "list the workflows";
    /// A version of a workflow.
    Version = "read the version of the workflow";
    /// The numbers of the versions of a workflow.
    Versions = "list the versions of the workflow";
    /// A workflow and an API key.
    Trigger = "read the trigger";
    /// The workflows that the URL of an integration leads to.
    Routes = "read the routes of the integration";
    ApiKey = "read the API key";
    /// All API keys.
    ApiKeys = "list the API keys";
    Integration = "read the integration";
    /// All integrations.
    Integrations = "list the integrations";
    Run = "read the run";
    /// The steps of a lane.
    Steps = "read the steps of the run";
    /// The runs of a time, from an index.
    Runs = "list the runs";
    /// The runs of which no end is known, from an index.
    OpenRuns = "list the open runs";
    /// The state of lanes.
    Lanes = "read the lanes of the run";
    /// The needs of a Plan.
    Known = "read what the Plan needs";
    /// The lane of a Plan that another write was in the way of.
    LaneAgain = "read the lane again";
    Lock = "read the lock of the concurrency key";
    /// The runs of a lock that have ended.
    Ended = "read which runs have ended";
    /// The body of an event.
    Body = "read the body of the delivery";
}

impl Read {
    /// The consistency of each kind.
    ///
    /// All that a run is planned from must be as it was written last: an old lane would have its Plan made twice, an old
    /// result would be a step that never ran, an old lock would let two runs in. A version and a body are read moments after
    /// they were written. What people see of what they set up is what they have just changed.
    #[must_use]
    pub fn consistency(self) -> Consistency {
        #[cfg(feature = "sabotage")]
        if matches!(self, Self::Lanes | Self::Known | Self::Lock | Self::Ended)
            && sabotage::breaks(sabotage::Break::StaleJournal)
        {
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
            | Self::Run
            | Self::Steps
            | Self::Lanes
            | Self::Known
            | Self::LaneAgain
            | Self::Lock
            | Self::Ended
            | Self::Body => Consistency::Strong,
            Self::Runs | Self::OpenRuns => Consistency::Eventual,
        }
    }

    /// True if DynamoDB is asked for the last write.
    pub(super) fn is_consistent(self) -> bool {
        self.consistency() == Consistency::Strong
    }
}

//! The kinds of reads of the table, and which of them must see the last write.

/// Whether a read must see every write that was answered before it.
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

            /// What is read, for the error that says that it could not be: after "failed to".
            pub(super) const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

reads! {
    /// A workflow.
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
    /// An API key.
    ApiKey = "read the API key";
    /// All API keys.
    ApiKeys = "list the API keys";
    /// An integration.
    Integration = "read the integration";
    /// All integrations.
    Integrations = "list the integrations";
    /// A run.
    Run = "read the run";
    /// The steps of a lane.
    Steps = "read the steps of the run";
    /// The runs of a time, from an index.
    Runs = "list the runs";
    /// The runs of which no end is known, from an index.
    OpenRuns = "list the open runs";
    /// Where lanes stand.
    Lanes = "read the lanes of the run";
    /// What a Plan needs.
    Known = "read what the Plan needs";
    /// The lane of a Plan that another write was in the way of.
    LaneAgain = "read the lane again";
    /// A lock.
    Lock = "read the lock of the concurrency key";
    /// Which runs that a lock names have ended.
    Ended = "read which runs have ended";
    /// The body of an event.
    Body = "read the body of the delivery";
}

impl Read {
    /// What each kind needs.
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

    /// Whether DynamoDB is asked for the last write.
    pub(super) fn is_consistent(self) -> bool {
        self.consistency() == Consistency::Strong
    }
}

//! What the inputs of all actions have.

/// Defines the input of an action: its own fields, and those that every action has.
macro_rules! action_input {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The alias of the integration whose account it is done in.
            pub integration: String,
            /// The user who counts as the one who did it. The token of a user needs none.
            pub from: Option<crate::ids::UserEmail>,
            $($(#[$field_doc])* pub $field: $type,)*
            /// The same for every attempt at this.
            pub idempotency_key: Option<crate::ids::IdempotencyKey>,
            /// Which attempt this is, from 1. Where it is missing, an earlier one is taken to be possible.
            pub attempt: Option<u32>,
            /// When the action has to be over.
            pub deadline: Option<jiff::Timestamp>,
        }
    };
}

/// Defines the input of an action that speaks the Events API, which knows no users.
macro_rules! event_input {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The alias of the integration that keeps the routing key.
            pub integration: String,
            /// The name under which it keeps the key.
            pub routing_key: String,
            $($(#[$field_doc])* pub $field: $type,)*
            /// The same for every attempt at this.
            pub idempotency_key: Option<crate::ids::IdempotencyKey>,
            /// Which attempt this is, from 1.
            pub attempt: Option<u32>,
            /// When the action has to be over.
            pub deadline: Option<jiff::Timestamp>,
        }
    };
}

pub(super) use {action_input, event_input};

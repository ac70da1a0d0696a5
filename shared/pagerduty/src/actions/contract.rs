//! The contract of an action, told once: its input and output are structs, and the types of their fields say what the workflow
//! language knows of them.

use jiff::Timestamp;
use serde_json::{Map, Value};
use strum::VariantNames;
use workflow::action::{ActionSpec, Effect, Field, FieldKind, Longest, Repeat, Settling, Text, Thing, Unfit};

use super::title::{self, Title};
use crate::{
    SYSTEM,
    client::ConferenceBridge,
    given::{self, EscalationLevel, ListLimit, SnoozeLength, WebAddress},
    ids::{
        DedupKey, EscalationPolicyId, IdList, IncidentId, IncidentKey, IncidentWorkflowId, MAX_KEY_LENGTH, PriorityId,
        ScheduleId, ServiceId, TeamId, UserEmail, UserId,
    },
    incident,
};

/// How long PagerDuty may need. It documents neither figure. Clients that read at once miss what they wrote for a few seconds; half a
/// minute is more than any gateway that we know of waits for what is behind it.
pub(super) const SETTLING: Settling = Settling {
    carried_out_seconds: 30,
    shown_seconds: 10,
};

/// Longer than the time-out of the functions, which is 30 s.
const TIMEOUT_SECONDS: u32 = 60;

/// A type that a field of an input or an output can have.
pub(super) trait FieldType {
    /// True if there may be no value.
    const IS_OPTIONAL: bool = false;
    /// The things whose names people may write in its place.
    const NAMES: Option<Thing> = None;

    fn kind() -> FieldKind;

    /// A list of these.
    fn list() -> FieldKind {
        FieldKind::List
    }
}

/// A struct whose fields are those of an input, an output, or an entry of a list.
pub(super) trait Fields {
    fn fields() -> Vec<Field>;
}

impl<T: FieldType> FieldType for Option<T> {
    const IS_OPTIONAL: bool = true;
    const NAMES: Option<Thing> = T::NAMES;

    fn kind() -> FieldKind {
        T::kind()
    }
}

impl<T: FieldType> FieldType for Vec<T> {
    fn kind() -> FieldKind {
        T::list()
    }
}

impl<T: Fields> FieldType for T {
    fn kind() -> FieldKind {
        FieldKind::Object(T::fields())
    }

    fn list() -> FieldKind {
        FieldKind::Entries(T::fields())
    }
}

impl<T: FieldType> FieldType for IdList<T> {
    const NAMES: Option<Thing> = T::NAMES;

    fn kind() -> FieldKind {
        FieldKind::Ids(SYSTEM.into())
    }
}

macro_rules! kinds {
    ($($type:ty => $kind:expr $(, naming $thing:ident)?;)*) => {$(
        impl FieldType for $type {
            $(const NAMES: Option<Thing> = Some(Thing::$thing);)?

            fn kind() -> FieldKind {
                $kind
            }
        }
    )*};
}

kinds! {
    bool => FieldKind::Boolean;
    u64 => FieldKind::Integer;
    String => FieldKind::Text;
    Timestamp => FieldKind::Time;
    Map<String, Value> => FieldKind::Map { may_be_empty: true };
    IncidentId => id();
    ScheduleId => id();
    IncidentWorkflowId => id();
    ServiceId => id(), naming Service;
    EscalationPolicyId => id(), naming EscalationPolicy;
    PriorityId => id(), naming Priority;
    TeamId => id(), naming Team;
    UserId => id(), naming User;
    UserEmail => FieldKind::UserEmail(SYSTEM.into()), naming User;
    IncidentKey => FieldKind::Key { longest: MAX_KEY_LENGTH };
    DedupKey => FieldKind::Key { longest: MAX_KEY_LENGTH };
    Title => FieldKind::Prose(Longest::Characters(title::MAX_LENGTH));
    WebAddress => FieldKind::Link;
    ListLimit => FieldKind::Count { most: ListLimit::MOST };
    EscalationLevel => FieldKind::Count { most: u32::MAX };
    SnoozeLength => FieldKind::Length { longest: SnoozeLength::LONGEST.into() };
    incident::IncidentStatus => FieldKind::Text;
    incident::Urgency => FieldKind::Text;
}

fn id() -> FieldKind {
    FieldKind::Id(SYSTEM.into())
}

macro_rules! words {
    ($($type:ty),*) => {$(
        impl FieldType for $type {
            fn kind() -> FieldKind {
                FieldKind::OneOf(<$type as VariantNames>::VARIANTS.iter().copied().map(Text::from).collect())
            }

            fn list() -> FieldKind {
                FieldKind::Words(<$type as VariantNames>::VARIANTS.iter().copied().map(Text::from).collect())
            }
        }
    )*};
}

words!(
    given::Urgency,
    given::IncidentStatus,
    given::AlertStatus,
    given::Severity
);

impl Fields for ConferenceBridge {
    fn fields() -> Vec<Field> {
        vec![
            field::<Option<String>>("conference_number", "the telephone number, with commas for pauses")
                .prose(Longest::Unlimited)
                .unfit(Unfit::LeaveOut),
            field::<Option<WebAddress>>("conference_url", "the URL of the meeting")
                .https()
                .unfit(Unfit::LeaveOut),
        ]
    }
}

/// The field of a type.
pub(super) fn field<T: FieldType>(name: &'static str, summary: &'static str) -> Field {
    Field {
        optional: T::IS_OPTIONAL,
        names: T::NAMES,
        ..Field::required(name.trim_start_matches("r#"), T::kind(), summary)
    }
}

/// What the types of fields do not say.
pub(super) trait MoreOfField {
    /// Text that is not blank.
    fn prose(self, longest: Longest) -> Field;
    /// The text is an id.
    fn id(self) -> Field;
    /// The map has at least one field.
    fn not_empty(self) -> Field;
    /// The link begins with `https://`.
    fn https(self) -> Field;
    /// The text is the name under which an integration keeps something.
    fn label(self) -> Field;
}

impl MoreOfField for Field {
    fn prose(self, longest: Longest) -> Field {
        Field {
            kind: FieldKind::Prose(longest),
            ..self
        }
    }

    fn id(self) -> Field {
        Field { kind: id(), ..self }
    }

    fn not_empty(self) -> Field {
        Field {
            kind: FieldKind::Map { may_be_empty: false },
            ..self
        }
    }

    fn https(self) -> Field {
        Field {
            kind: FieldKind::Url,
            ..self
        }
    }

    fn label(self) -> Field {
        Field {
            kind: FieldKind::Name,
            ..self
        }
    }
}

/// Defines a struct and what the language knows of its fields:
///
/// ```text
/// name: Type => "what it is, in one line", what else is to be said();
/// ```
///
/// `..base: Type;` at the beginning takes over the fields of another such struct.
macro_rules! fields {
    (
        $(#[$doc:meta])*
        $name:ident {
            $(..$base:ident: $base_type:ty;)?
            $($field:ident: $type:ty => $summary:expr $(, $more:ident($($argument:expr),*))*;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        pub struct $name {
            $(#[doc = "What it shares with others."]
            #[serde(flatten)]
            pub $base: $base_type,)?
            $(#[doc = $summary] pub $field: $type,)*
        }

        impl crate::actions::contract::Fields for $name {
            fn fields() -> Vec<workflow::action::Field> {
                #[allow(unused_imports, reason = "most fields say all by their types")]
                use crate::actions::contract::MoreOfField as _;
                #[allow(unused_mut, reason = "most structs take over none")]
                let mut fields = Vec::new();
                $(fields.extend(<$base_type as crate::actions::contract::Fields>::fields());)?
                fields.extend([
                    $(crate::actions::contract::field::<$type>(stringify!($field), $summary)$(.$more($($argument),*))*,)*
                ]);
                fields
            }
        }
    };
}

/// Defines the input of an action: its own fields as [`fields`] has them, and those that every action has. One of the REST API is done in
/// a user's name; one of the Events API needs a routing key.
macro_rules! input {
    ($(#[$doc:meta])* rest $name:ident { $($own:tt)* }) => {
        crate::actions::contract::input! {
            $(#[$doc])*
            $name {
                $($own)*
                from: Option<crate::ids::UserEmail> =>
                    "the PagerDuty user in whose name it is done, by e-mail; else the integration's default user",
                    unfit(workflow::action::Unfit::LeaveOut);
            }
        }
    };
    ($(#[$doc:meta])* event $name:ident { $($own:tt)* }) => {
        crate::actions::contract::input! {
            $(#[$doc])*
            $name {
                routing_key: String => "the name under which the integration keeps the routing key; never the key itself", label();
                $($own)*
            }
        }
    };
    (
        $(#[$doc:meta])*
        $name:ident {
            $($field:ident: $type:ty => $summary:expr $(, $more:ident($($argument:expr),*))*;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The alias of the integration.
            pub integration: String,
            $(#[doc = $summary] pub $field: $type,)*
            /// The same for every attempt at this.
            pub idempotency_key: Option<crate::ids::IdempotencyKey>,
            /// The attempt that this is, from 1. Where it is missing, an earlier one is taken to be possible.
            pub attempt: Option<u32>,
            /// The time when the action has to be over.
            pub deadline: Option<jiff::Timestamp>,
            /// The time when the first attempt was about to be made.
            pub intended_at: Option<jiff::Timestamp>,
        }

        impl crate::actions::contract::Fields for $name {
            fn fields() -> Vec<workflow::action::Field> {
                #[allow(unused_imports, reason = "most fields say all by their types")]
                use crate::actions::contract::MoreOfField as _;
                vec![
                    workflow::action::Field::required(
                        "integration",
                        workflow::action::FieldKind::Integration,
                        "the PagerDuty account to work on",
                    ),
                    $(crate::actions::contract::field::<$type>(stringify!($field), $summary)$(.$more($($argument),*))*,)*
                ]
            }
        }
    };
}

pub(super) use {fields, input};

/// An action with this input and output, which the rest is filled in for.
pub(super) fn action<I: Fields, O: Fields>(name: &'static str) -> ActionSpec {
    ActionSpec {
        name: name.into(),
        system: SYSTEM.into(),
        integration: None,
        summary: Text::default(),
        inputs: I::fields(),
        rules: Vec::new(),
        outputs: O::fields(),
        effect: Effect::Reads,
        repeat: Repeat::IsHarmless,
        replayed: None,
        on_repeat: "It only reads.".into(),
        function: "PagerDutyAction".into(),
        timeout_seconds: TIMEOUT_SECONDS,
        job_seconds: None,
        example: Text::default(),
        connector: None,
    }
}

/// A change of the incident that the input names, which these events follow.
pub(super) fn changes_incident(events: &[&'static str]) -> Effect {
    Effect::ChangesIncident {
        incident: "incident_id".into(),
        events: events.iter().copied().map(Text::from).collect(),
    }
}

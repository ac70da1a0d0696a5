//! A stand-in for PagerDuty: a real HTTP server with state, for tests and demonstrations.
//!
//! It plays one PagerDuty account as far as incident workflows need it: the REST API for incidents and all that is done to
//! them, services, escalation policies, users, teams, priorities, on-calls, abilities, incident types, incident workflows,
//! webhook subscriptions (V3) and Generic V2 extensions; the Events API v2; the rules that PagerDuty enforces on requests;
//! and the webhooks that changes cause, signed, in order and retried. On request it misbehaves. It shares
//! no code with the crates that it tests, so that a mistake made there is not repeated here.
//!
//! # Layout
//! The rules know neither sockets nor clocks, and the same sequence of requests, times and replies gives the same result:
//! - [`Account`]: requests in, answers and webhooks out.
//! - `faults`: which calls go wrong, and how.
//! - `effects`: what happened to incidents, for a test to count.
//! - `outbox`: which webhook is due when, and what a receiver's reply means for it.
//! - [`PagerDuty`]: both together, with a memory of what was asked. A test can drive it without a network.
//!
//! Around them:
//! - [`Simulator`]: the server. All requests go through one function there.
//! - `courier`: the HTTP client of the webhooks. All deliveries go through one function there.
//! - `control`: the control API.
//!
//! # Control API
//! | request | what it does |
//! |---|---|
//! | `GET /_simulator/health` | says that the server is up |
//! | `POST /_simulator/reset` | starts over with the seed of the start |
//! | `POST /_simulator/seed` | starts over with the [`Seed`] in the body |
//! | `GET /_simulator/incidents`, `…/incidents/{id}` | incidents with their details, notes and log |
//! | `POST /_simulator/incidents` | opens an incident as a monitoring tool or a person does: a [`Trigger`] |
//! | `GET /_simulator/requests` | the requests so far, each with its fault if it had one; credentials are hidden |
//! | `GET /_simulator/change_events` | the change events so far |
//! | `GET`, `POST`, `DELETE /_simulator/faults` | the faults to come; adds to them, as `{"faults": […]}` with a [`FaultRule`] each; takes them back |
//! | `POST /_simulator/lag` | lets lists lag behind writes by `seconds` from now on; with `"of": "incidents"`, requests on a new incident instead: they get 404 for so long |
//! | `GET /_simulator/deliveries` | the webhooks so far with their delivery attempts |
//! | `POST /_simulator/deliveries/{id}/redeliver` | sends `times` copies at once, with other `headers` or another `body` on request, and answers with what the receiver said |
//!
//! # What is not verified
//! Everything here follows PagerDuty's public documentation, its published API schema, the code of its own clients, and
//! real answers that others have published. Nothing was compared with a live account. Where none of these sources settles
//! a question, the code says UNVERIFIED; the questions that matter most to a client:
//! - the answer to resolving a resolved incident: see [`RepeatedStatus`], which offers both candidates;
//! - the limit of 1024 characters on titles, and the words that refuse a longer one;
//! - the answer for a service that is disabled or in maintenance, and for a policy with nobody on call;
//! - the status of a created webhook subscription, 200 or 201, and the bodies of refused ones;
//! - the words of 401, 402 and 403 answers, when a 401 is a plain text, the code of a 405, and the order in which a request is
//!   checked;
//! - whether an app's OAuth token needs `From`;
//! - how webhooks treat redirects, and how far apart attempts are;
//! - the V2 messages for escalate, delegate, unacknowledge and annotate;
//! - what is refused of custom fields, incident types, merges and responder requests, and in which words;
//! - the Events API's words for an unknown routing key and for too many events.
//!
//! Not played at all: TLS, automatic escalation and time-outs, what the steps of incident workflows do, webhook bodies
//! beyond their size limits.

mod access;
mod account;
mod clock;
mod connection;
mod control;
mod courier;
mod directory;
mod effects;
mod events;
mod exchange;
mod faults;
mod fields;
mod ids;
mod incidents;
mod outbox;
mod page;
mod pagerduty;
mod rate;
mod received;
mod refusal;
mod scopes;
mod secret;
mod seed;
mod server;
mod webhooks;

pub use access::{Token, TokenKind};
pub use account::{Account, Exchange};
pub use clock::{Clock, SystemClock};
pub use directory::{
    CustomField, DataType, EscalationPolicy, IncidentType, IncidentWorkflow, Priority, Role, RoutingKey, Service,
    ServiceState, Shift, Team, Urgency, User,
};
pub use effects::{Effect, EffectKind};
pub use exchange::{Answer, Body, Request};
pub use faults::{Fault, FaultBody, FaultRule, Outcome, Reaction, Transmission, When};
pub use ids::{
    AlertId, FieldId, HookId, Ids, IncidentId, IncidentIdForm, LogEntryId, NoteId, PolicyId, PriorityId, ScheduleId,
    ServiceId, TeamId, TypeId, UserId, WebhookId, WorkflowId,
};
pub use incidents::Status;
pub use outbox::{DeliveryPolicy, Parcel, Reply};
pub use pagerduty::{PagerDuty, Trigger};
pub use refusal::Refusal;
pub use secret::Secret;
pub use seed::{RepeatedStatus, Seed, SeedError};
pub use server::{Options, Simulator, StartError};
pub use webhooks::signature::sign;
pub use webhooks::{CustomHeader, Webhook};

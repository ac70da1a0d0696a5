//! The common parts of the clients of all systems, free of the rules of any one of them.
//!
//! # Layout
//! - [`transport`] — a request and its answer, and the ways in which an exchange breaks off.
//! - [`http`] — the network itself: HTTP over TLS.
//! - [`roots`] — the certificates of a system's own certificate authority.
//! - [`egress`] — the guard of requests whose address comes from outside.
//! - [`verdict`] — the status of an answer as the answer to one question: did the system do anything?
//! - [`deadline`] — the time that is left for an action.
//! - [`shown`](mod@shown) — text from outside, made safe to show.
//! - [`outbound`] — the way out of the account: guarded, or to one server that stands for all systems.
//! - [`reroute`] — requests to all systems, sent to one server that stands for them.
//! - `testing` — such a server, for tests: behind the feature of that name.
//! - [`rate_limit`] — the rate limit as an answer tells it, and a memory of refusals.

pub mod deadline;
pub mod egress;
pub mod http;
pub mod outbound;
pub mod rate_limit;
pub mod reroute;
pub mod roots;
pub mod shown;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;
pub mod verdict;

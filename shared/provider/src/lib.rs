//! The common parts of the clients of all systems, free of the rules of any one of them.
//!
//! # Layout
//! - [`transport`] — a request and its answer, and the ways in which an exchange breaks off.
//! - [`http`] — the network itself: HTTP over TLS.
//! - [`verdict`] — the status of an answer as the answer to one question: did the system do anything?
//! - [`rate_limit`] — the rate limit as an answer tells it, and a memory of refusals.

pub mod http;
pub mod rate_limit;
pub mod transport;
pub mod verdict;

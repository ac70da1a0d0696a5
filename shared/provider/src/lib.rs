//! What the clients of all systems share, free of the rules of any one of them.
//!
//! # Layout
//! - [`transport`] — a request and its answer, and what broke an exchange off.
//! - [`http`] — the network itself: HTTP over TLS.
//! - [`verdict`] — what the status of an answer says of whether the system did anything.
//! - [`rate_limit`] — what an answer says of the rate limit, and a memory of who is to wait.

pub mod http;
pub mod rate_limit;
pub mod transport;
pub mod verdict;

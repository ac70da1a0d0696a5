//! PagerDuty in virtual time and without a network: what the shipped client sends goes through latency and faults to the
//! rules of `pagerduty-simulator`, and what they answer comes back the same way.
//!
//! ```ignore
//! let weather = Weather::new(Odds::default(), fastrand::Rng::with_seed(7));
//! let pagerduty = PagerDuty::new(clock, Arc::new(weather));
//! let account = pagerduty.open_account(Seed::default(), Ids::from_seed(7))?;
//! let actions = platform::action::PagerDuty::new(connections, Arc::new(pagerduty.clone()), None);
//! let answer = create_incident::handle(&actions, input, clock.now()).await;
//! assert_eq!(account.created("the key").len(), 1);
//! ```
//!
//! # Layout
//! - [`PagerDuty`]: the way there and back, which is a [`Transport`](provider::transport::Transport).
//! - [`Account`]: PagerDuty's side. There a test counts effects, and there people act.
//! - [`Course`] and [`Fault`]: how one request fares; [`Faults`]: who decides it.
//! - [`Weather`]: decides it by chance. [`Outage`], [`Script`] and a `Course` itself decide it as a test says.
//! - [`TraceEvent`]: what happened, to compare two runs or to read one.
//!
//! All waiting is done on the clock of a tokio runtime with one thread and paused time. The same courses and requests give
//! the same trace.

mod account;
mod course;
mod service;
mod trace;
mod weather;

#[cfg(test)]
mod tests;

pub use account::Account;
pub use course::{Course, Delivery, Fault, Faults, Outage, Script, When};
pub use pagerduty_simulator::{Effect, EffectKind, Ids, IncidentId, Refusal, Seed, SeedError, Status};
pub use service::PagerDuty;
pub use trace::{Step, TraceEvent};
pub use weather::{FaultKind, Odds, Weather};

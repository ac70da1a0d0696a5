//! The way out of the account.

use crate::{
    egress::Policy,
    http::{ConnectionError, Http},
    reroute::{Rerouted, StandIn},
    roots::Roots,
    transport::Transport,
};
use std::sync::Arc;

/// The way out of the account: to an address that is the program's own, to addresses that come from outside and are therefore guarded, or to a
/// server on this machine that stands for all systems.
#[derive(Debug)]
pub struct Outbound {
    http: Box<Http>,
    stand_in: Option<StandIn>,
}

impl Outbound {
    /// The way to an address that is the program's own.
    ///
    /// # Errors
    /// TLS can not be set up.
    pub fn open() -> Result<Self, ConnectionError> {
        Ok(Self {
            http: Box::new(Http::new()?),
            stand_in: None,
        })
    }

    /// The way to addresses that come from outside, which passes the guard. To a stand-in it does not, because that may be on this machine.
    ///
    /// # Errors
    /// TLS can not be set up.
    pub fn guarded(policy: impl Into<Policy>, stand_in: Option<StandIn>) -> Result<Self, ConnectionError> {
        let http = match stand_in {
            Some(_) => Http::new()?,
            None => Http::guarded(policy)?,
        };
        Ok(Self {
            http: Box::new(http),
            stand_in,
        })
    }

    /// The way for the requests of one invocation, as [`Http::session`].
    ///
    /// # Errors
    /// TLS or HTTP can not be set up; it opens no connection.
    pub fn session(&self, roots: Option<&Roots>) -> Result<Arc<dyn Transport>, ConnectionError> {
        let session = Arc::new(self.http.session(roots)?);
        Ok(match &self.stand_in {
            Some(stand_in) => Arc::new(Rerouted::new(session, stand_in.clone())),
            None => session,
        })
    }
}

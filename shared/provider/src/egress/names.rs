//! The addresses of names.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{Guard, Reach, Refusal};

/// Something that knows the addresses of names.
pub trait Names: fmt::Debug + Send + Sync {
    /// Looks the addresses of a name up.
    fn look_up(&self, name: &str) -> LookUp;
}

/// A look-up that is under way.
pub type LookUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// A look-up that gave no addresses to connect to.
#[derive(Debug, thiserror::Error)]
pub enum NotResolved {
    /// The addresses must not be reached.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The look-up failed.
    #[error("the name could not be looked up: {0}")]
    Failed(#[from] io::Error),
    /// There is no address.
    #[error("the name has no address")]
    NoAddress,
}

/// The names that the system knows.
#[derive(Debug, Clone, Copy)]
pub struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, name: &str) -> LookUp {
        let name = name.to_owned();
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// A guard as what a client looks its names up with. The client connects to the addresses that it is given, so they are those
/// that were checked.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) guard: Arc<Guard>,
    pub(crate) reach: Reach,
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { guard, reach } = self.clone();
        Box::pin(async move {
            let addresses = guard.resolved(reach, name.as_str()).await?;
            // The client puts the port of the request in the place of 0.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

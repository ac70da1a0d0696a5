//! The guard of requests whose address comes from outside: it keeps them out of private networks, and off the machine itself.
//!
//! A request may go to the public internet by HTTPS, and to networks that an operator allows. The address of a system that
//! is written down in a connector or an integration, or the answer of a name server, could lead elsewhere: to the metadata of a
//! machine, to the runtime API of Lambda, to a database in the VPC. So
//! - the host is judged as the URL's parser understood it, which is how a client understands it. However an address is
//!   written, it is the same address then.
//! - a name is looked up once, all of its addresses are judged, and the connection is made to the very addresses
//!   that were. There is no second look-up that could say something else.
//! - redirects are not followed, and proxies of the environment are not used. A client that did either would bypass the guard.
//!
//! # Layout
//! - [`address`] — what is not of the public internet.
//! - [`networks`] — what an operator allows beside it.
//! - [`names`] — look-ups of names.

pub mod address;
pub mod names;
pub mod networks;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use reqwest::Url;
use url::Host;

use address::Range;
use names::{Names, NotResolved, SystemNames};
use networks::PrivateNetworks;

/// The port of HTTPS.
const HTTPS: u16 = 443;

/// The places that requests may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    networks: PrivateNetworks,
    ports: BTreeSet<u16>,
}

impl Policy {
    /// HTTPS to the public internet on its own port, and to private networks HTTPS and HTTP on any port.
    pub fn new(networks: PrivateNetworks) -> Self {
        Self {
            networks,
            ports: BTreeSet::from([HTTPS]),
        }
    }

    /// Further ports for HTTPS to the public internet.
    #[must_use]
    pub fn with_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports.extend(ports);
        self
    }
}

/// The public internet alone.
impl Default for Policy {
    fn default() -> Self {
        Self::new(PrivateNetworks::default())
    }
}

impl From<PrivateNetworks> for Policy {
    fn from(networks: PrivateNetworks) -> Self {
        Self::new(networks)
    }
}

/// The addresses that a request may go to, as far as its scheme and port say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public internet and the private networks that are allowed.
    Everywhere,
    /// The private networks that are allowed, and nothing else.
    Inside,
}

/// A request that must not be sent, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not HTTP.
    #[error("`{scheme}` is not allowed for `{host}`, only https")]
    Scheme {
        /// The host.
        host: String,
        /// The scheme of the URL.
        scheme: String,
    },
    /// HTTPS on a port that is not allowed.
    #[error("port {port} is not allowed for `{host}`, only {allowed}")]
    Port {
        /// The host.
        host: String,
        /// The port of the URL.
        port: u16,
        /// The ports that are allowed.
        allowed: Ports,
    },
    /// The URL has a user or a password, which are no secrets there: they would be logged with it.
    #[error("the address of `{0}` has a user or a password in it")]
    User(String),
    /// The URL has no host.
    #[error("the address has no host")]
    NoHost,
    /// The host, or one of its addresses, is not of the public internet.
    #[error("{} is {purpose}, {}", at(.host, .address), hint(*.may_be_allowed))]
    NotPublic {
        /// The host, as the client would have used it.
        host: String,
        /// Its address.
        address: IpAddr,
        /// The use of such addresses.
        purpose: &'static str,
        /// True if an operator may allow it.
        may_be_allowed: bool,
    },
    /// The host, or one of its addresses, is public, where it must not be reached in this way.
    #[error("{} is public, where only https on {allowed} is used", at(.host, .address))]
    NotInside {
        /// The host, as the client would have used it.
        host: String,
        /// Its address.
        address: IpAddr,
        /// The ports that are allowed.
        allowed: Ports,
    },
}

/// Ports, as people read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports(BTreeSet<u16>);

impl std::fmt::Display for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.len() == 1 { "port" } else { "ports" })?;
        for (index, port) in self.0.iter().enumerate() {
            write!(f, "{} {port}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// An address, and the name that it was looked up for.
fn at(host: &str, address: &IpAddr) -> String {
    let is_literal = host.starts_with('[') || host.parse() == Ok(*address);
    match is_literal {
        true => format!("the address {address}"),
        false => format!("the address {address} of `{host}`"),
    }
}

fn hint(may_be_allowed: bool) -> &'static str {
    match may_be_allowed {
        true => "and in no network that is allowed",
        false => "where nothing is ever sent",
    }
}

/// The guard of requests: a policy, and what looks names up.
#[derive(Debug)]
pub struct Guard {
    policy: Policy,
    names: Box<dyn Names>,
}

impl Guard {
    /// A guard that asks the system for the addresses of names.
    pub fn new(policy: Policy) -> Self {
        Self::with_names(policy, SystemNames)
    }

    /// A guard with look-ups of names of another kind.
    pub fn with_names(policy: Policy, names: impl Names + 'static) -> Self {
        Self {
            policy,
            names: Box::new(names),
        }
    }

    /// True if there are private networks that requests may go to.
    pub(crate) fn lets_inside(&self) -> bool {
        !self.policy.networks.is_empty()
    }

    /// Judges a URL by what it says itself, and gives the addresses that its host may have. Where the host is a name, its addresses
    /// are judged when it is looked up.
    ///
    /// # Errors
    /// Where nothing must be sent there.
    pub fn judge(&self, url: &Url) -> Result<Reach, Refusal> {
        let host = url.host().ok_or(Refusal::NoHost)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::User(host.to_string()));
        }
        let reach = self.reach(url, &host)?;
        match host {
            Host::Ipv4(address) => self.judge_address(reach, &host.to_string(), address.into()),
            Host::Ipv6(address) => self.judge_address(reach, &host.to_string(), address.into()),
            Host::Domain(_) => Ok(()),
        }?;
        Ok(reach)
    }

    fn reach(&self, url: &Url, host: &Host<&str>) -> Result<Reach, Refusal> {
        let port = url.port_or_known_default();
        match (url.scheme(), port) {
            ("https", Some(port)) if self.policy.ports.contains(&port) => Ok(Reach::Everywhere),
            ("https" | "http", _) if self.lets_inside() => Ok(Reach::Inside),
            ("https", Some(port)) => Err(Refusal::Port {
                host: host.to_string(),
                port,
                allowed: self.ports(),
            }),
            (scheme, _) => Err(Refusal::Scheme {
                host: host.to_string(),
                scheme: scheme.to_owned(),
            }),
        }
    }

    fn ports(&self) -> Ports {
        Ports(self.policy.ports.clone())
    }

    /// Judges one address of a host.
    ///
    /// # Errors
    /// Where nothing must be sent there.
    pub fn judge_address(&self, reach: Reach, host: &str, address: IpAddr) -> Result<(), Refusal> {
        if self.policy.networks.contain(address) {
            return Ok(());
        }
        match (address::special(address), reach) {
            (
                Some(Range {
                    purpose,
                    may_be_allowed,
                    ..
                }),
                _,
            ) => Err(Refusal::NotPublic {
                host: host.to_owned(),
                address,
                purpose,
                may_be_allowed: *may_be_allowed,
            }),
            (None, Reach::Inside) => Err(Refusal::NotInside {
                host: host.to_owned(),
                address,
                allowed: self.ports(),
            }),
            (None, Reach::Everywhere) => Ok(()),
        }
    }

    /// The addresses of a name, once all of them were judged. One that must not be reached is enough to refuse the name: a
    /// client tries one address after the other, and a name of a public system has no such address.
    ///
    /// # Errors
    /// Where nothing must be sent there, or there are no addresses.
    pub async fn resolved(self: Arc<Self>, reach: Reach, name: &str) -> Result<Vec<IpAddr>, NotResolved> {
        let addresses = self.names.look_up(name).await?;
        for address in &addresses {
            self.judge_address(reach, name, *address)?;
        }
        match addresses.is_empty() {
            true => Err(NotResolved::NoAddress),
            false => Ok(addresses),
        }
    }
}

//! Networks beside the public internet that an operator allows.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::address::{self, CARRIERS, RANGES};

/// The networks beside the public internet that requests may go to, such as those of a VPC. None by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrivateNetworks(Vec<IpNet>);

impl PrivateNetworks {
    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if requests may go to an address because it is in one of the networks.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address::reached(address);
        // Parsing has seen to it. A second look costs nothing.
        let may_be = address::special(address).is_none_or(|range| range.may_be_allowed);
        may_be && self.0.iter().any(|network| network.contains(&address))
    }
}

/// Text that does not say which networks are allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// It is not a network.
    #[error("`{0}` is not a network; write for example 10.0.0.0/16 or fd12:3456:789a::/48")]
    NotANetwork(String),
    /// The address has bits that the prefix leaves out, so that one of both is a slip.
    #[error("`{written}` has an address and a length that do not go together; `{network}` is the network around it")]
    NotItsFirstAddress {
        /// The text.
        written: String,
        /// The network that the address is in.
        network: IpNet,
    },
    /// It has addresses that nothing may be sent to.
    #[error("`{network}` can not be allowed: {forbidden} in it is {purpose}, where nothing is ever sent")]
    Forbidden {
        /// The network.
        network: IpNet,
        /// The part that can not be allowed.
        forbidden: IpNet,
        /// The use of that part.
        purpose: &'static str,
    },
    /// Its addresses stand for addresses of IPv4.
    #[error("`{0}` can not be allowed: its addresses stand for those of IPv4, so give the network of IPv4 itself")]
    CarriesIpv4(IpNet),
}

/// Networks with commas between them: `10.0.0.0/16, fd12:3456:789a::/48`. An address without a length is a network of its own.
impl FromStr for PrivateNetworks {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(str::trim)
            .filter(|written| !written.is_empty())
            .map(network)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn network(written: &str) -> Result<IpNet, InvalidNetwork> {
    let network = match written.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => written
            .parse::<IpNet>()
            .map_err(|_| InvalidNetwork::NotANetwork(written.to_owned()))?,
    };
    if network.trunc() != network {
        return Err(InvalidNetwork::NotItsFirstAddress {
            written: written.to_owned(),
            network: network.trunc(),
        });
    }
    if let IpNet::V6(v6) = network
        && CARRIERS.iter().any(|carrier| overlap_v6(carrier, &v6))
    {
        return Err(InvalidNetwork::CarriesIpv4(network));
    }
    let forbidden = RANGES
        .iter()
        .find(|range| !range.may_be_allowed && overlap(&range.network, &network));
    match forbidden {
        Some(range) => Err(InvalidNetwork::Forbidden {
            network,
            forbidden: range.network,
            purpose: range.purpose,
        }),
        None => Ok(network),
    }
}

fn overlap(a: &IpNet, b: &IpNet) -> bool {
    match (a, b) {
        (IpNet::V4(a), IpNet::V4(b)) => overlap_v4(a, b),
        (IpNet::V6(a), IpNet::V6(b)) => overlap_v6(a, b),
        _ => false,
    }
}

/// Networks are apart or one inside the other.
fn overlap_v4(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}

fn overlap_v6(a: &Ipv6Net, b: &Ipv6Net) -> bool {
    a.contains(b) || b.contains(a)
}

impl fmt::Display for PrivateNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, network) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{network}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::none("", "")]
    #[case::blanks_and_commas(" , ,", "")]
    #[case::one("10.0.0.0/16", "10.0.0.0/16")]
    #[case::several(
        " 10.0.0.0/16,172.31.0.0/16 , fd12:3456:789a::/48",
        "10.0.0.0/16, 172.31.0.0/16, fd12:3456:789a::/48"
    )]
    #[case::an_address("10.1.2.3", "10.1.2.3/32")]
    #[case::an_address_of_ipv6("fd12::1", "fd12::1/128")]
    #[case::shared_by_a_carrier("100.64.0.0/10", "100.64.0.0/10")]
    #[case::public_addresses_in_a_vpc("52.94.0.0/16", "52.94.0.0/16")]
    fn networks_are_read_from_a_setting(#[case] text: &str, #[case] expected: &str) {
        let networks: PrivateNetworks = text.parse().unwrap();
        assert_eq!(networks.to_string(), expected);
        assert_eq!(networks.is_empty(), expected.is_empty());
    }

    #[rstest]
    #[case::loopback(
        "127.0.0.0/8",
        "`127.0.0.0/8` can not be allowed: 127.0.0.0/8 in it is loopback, where nothing is ever sent"
    )]
    #[case::one_address_of_loopback(
        "127.0.0.1",
        "`127.0.0.1/32` can not be allowed: 127.0.0.0/8 in it is loopback, where nothing is ever sent"
    )]
    #[case::loopback_among_others(
        "10.0.0.0/8, 127.0.0.53/32",
        "`127.0.0.53/32` can not be allowed: 127.0.0.0/8 in it is loopback, where nothing is ever sent"
    )]
    #[case::metadata(
        "169.254.169.254/32",
        "`169.254.169.254/32` can not be allowed: 169.254.0.0/16 in it is link-local, as metadata services are, where nothing is ever sent"
    )]
    #[case::credentials_of_ecs(
        "169.254.170.2",
        "`169.254.170.2/32` can not be allowed: 169.254.0.0/16 in it is link-local, as metadata services are, where nothing is ever sent"
    )]
    #[case::everything(
        "0.0.0.0/0",
        "`0.0.0.0/0` can not be allowed: 0.0.0.0/8 in it is unspecified, where nothing is ever sent"
    )]
    #[case::half_of_everything(
        "0.0.0.0/1",
        "`0.0.0.0/1` can not be allowed: 0.0.0.0/8 in it is unspecified, where nothing is ever sent"
    )]
    #[case::the_unspecified_address(
        "0.0.0.0",
        "`0.0.0.0/32` can not be allowed: 0.0.0.0/8 in it is unspecified, where nothing is ever sent"
    )]
    #[case::multicast(
        "224.0.0.0/24",
        "`224.0.0.0/24` can not be allowed: 224.0.0.0/4 in it is multicast, where nothing is ever sent"
    )]
    #[case::loopback_of_ipv6(
        "::1/128",
        "`::1/128` can not be allowed: ::/96 in it is loopback, unspecified or IPv4-compatible, where nothing is ever sent"
    )]
    #[case::the_unspecified_address_of_ipv6(
        "::",
        "`::/128` can not be allowed: ::/96 in it is loopback, unspecified or IPv4-compatible, where nothing is ever sent"
    )]
    #[case::link_local_of_ipv6(
        "fe80::/10",
        "`fe80::/10` can not be allowed: fe80::/10 in it is link-local, as metadata services are, where nothing is ever sent"
    )]
    #[case::part_of_link_local(
        "fe80::/64",
        "`fe80::/64` can not be allowed: fe80::/10 in it is link-local, as metadata services are, where nothing is ever sent"
    )]
    #[case::metadata_in_ipv6(
        "fd00:ec2::254",
        "`fd00:ec2::254/128` can not be allowed: fd00:ec2::/32 in it is of EC2's own services for instances, where nothing is ever sent"
    )]
    #[case::all_that_is_private_in_ipv6(
        "fd00::/8",
        "`fd00::/8` can not be allowed: fd00:ec2::/32 in it is of EC2's own services for instances, where nothing is ever sent"
    )]
    #[case::everything_of_ipv6(
        "::/0",
        "`::/0` can not be allowed: its addresses stand for those of IPv4, so give the network of IPv4 itself"
    )]
    #[case::mapped_loopback(
        "::ffff:127.0.0.0/104",
        "`::ffff:127.0.0.0/104` can not be allowed: its addresses stand for those of IPv4, so give the network of IPv4 itself"
    )]
    #[case::mapped(
        "::ffff:10.0.0.1",
        "`::ffff:10.0.0.1/128` can not be allowed: its addresses stand for those of IPv4, so give the network of IPv4 itself"
    )]
    #[case::translated(
        "64:ff9b::/96",
        "`64:ff9b::/96` can not be allowed: its addresses stand for those of IPv4, so give the network of IPv4 itself"
    )]
    #[case::a_slip(
        "10.0.0.5/16",
        "`10.0.0.5/16` has an address and a length that do not go together; `10.0.0.0/16` is the network around it"
    )]
    #[case::a_name(
        "vpc",
        "`vpc` is not a network; write for example 10.0.0.0/16 or fd12:3456:789a::/48"
    )]
    #[case::too_long(
        "10.0.0.0/33",
        "`10.0.0.0/33` is not a network; write for example 10.0.0.0/16 or fd12:3456:789a::/48"
    )]
    #[case::short(
        "10/8",
        "`10/8` is not a network; write for example 10.0.0.0/16 or fd12:3456:789a::/48"
    )]
    fn a_setting_that_must_not_be(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text.parse::<PrivateNetworks>().unwrap_err().to_string(), expected);
    }

    #[rstest]
    #[case::first("10.0.0.0", true)]
    #[case::last("10.0.255.255", true)]
    #[case::before("9.255.255.255", false)]
    #[case::after("10.1.0.0", false)]
    #[case::mapped("::ffff:10.0.0.1", true)]
    #[case::translated("64:ff9b::a00:1", true)]
    #[case::of_ipv6("fd12::1", true)]
    #[case::another_of_ipv6("fd13::1", false)]
    fn networks_contain_their_addresses_in_every_form(#[case] address: &str, #[case] expected: bool) {
        let networks: PrivateNetworks = "10.0.0.0/16,fd12::/16".parse().unwrap();
        assert_eq!(networks.contain(address.parse().unwrap()), expected);
    }

    #[test]
    fn forbidden_addresses_are_in_no_network_however_it_came_about() {
        let everything = PrivateNetworks(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
        ] {
            assert!(!everything.contain(address.parse().unwrap()), "{address}");
        }
    }
}

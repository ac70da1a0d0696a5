//! Addresses that are not of the public internet.
//!
//! The ranges are those of the two registries of special-purpose addresses
//! ([IPv4](https://www.iana.org/assignments/iana-ipv4-special-registry), [IPv6](https://www.iana.org/assignments/iana-ipv6-special-registry)),
//! and multicast. That includes those few that the registries call globally reachable, such as relays and sinks for misdirected
//! questions: no system is at home there. Of IPv6, only the part that addresses are given out from
//! ([2000::/3](https://www.iana.org/assignments/ipv6-address-space)) is public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A range of addresses that is not of the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The range.
    pub network: IpNet,
    /// The use of its addresses, as the end of "the address is …".
    pub purpose: &'static str,
    /// True if an operator may let requests go there.
    pub may_be_allowed: bool,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8, purpose: &'static str) -> Range {
    Range {
        network: IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)),
        purpose,
        may_be_allowed: true,
    }
}

/// A range by the first four groups of its first address. None needs more.
const fn v6(groups: [u16; 4], prefix: u8, purpose: &'static str) -> Range {
    let [a, b, c, d] = groups;
    Range {
        network: IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix)),
        purpose,
        may_be_allowed: true,
    }
}

const fn never(range: Range) -> Range {
    Range {
        may_be_allowed: false,
        ..range
    }
}

/// The ranges. Where one is inside another, it stands before it.
pub static RANGES: &[Range] = &[
    // On Linux a connection to 0.0.0.0 goes to the machine itself.
    never(v4(0, 0, 0, 0, 8, "unspecified")),
    v4(10, 0, 0, 0, 8, "private"),
    v4(100, 64, 0, 0, 10, "of a carrier-grade NAT"),
    // The runtime API of Lambda, which hands out events and takes answers, is at 127.0.0.1.
    never(v4(127, 0, 0, 0, 8, "loopback")),
    // The metadata of EC2 and the credentials of ECS are here.
    never(v4(169, 254, 0, 0, 16, "link-local, as metadata services are")),
    v4(172, 16, 0, 0, 12, "private"),
    v4(192, 0, 0, 0, 24, "reserved for protocols"),
    v4(192, 0, 2, 0, 24, "for documentation"),
    v4(192, 31, 196, 0, 24, "a sink for misdirected questions (AS112)"),
    v4(192, 52, 193, 0, 24, "for multicast relays (AMT)"),
    v4(192, 88, 99, 0, 24, "for relays to IPv6 (6to4)"),
    v4(192, 168, 0, 0, 16, "private"),
    v4(192, 175, 48, 0, 24, "a sink for misdirected questions (AS112)"),
    v4(198, 18, 0, 0, 15, "for benchmarks"),
    v4(198, 51, 100, 0, 24, "for documentation"),
    v4(203, 0, 113, 0, 24, "for documentation"),
    never(v4(224, 0, 0, 0, 4, "multicast")),
    never(v4(255, 255, 255, 255, 32, "broadcast")),
    v4(240, 0, 0, 0, 4, "reserved"),
    never(v6([0, 0, 0, 0], 96, "loopback, unspecified or IPv4-compatible")),
    // What carries an IPv4 address is judged by that address. An operator allows that one, in its own form.
    never(v6([0x64, 0xff9b, 1, 0], 48, "translated into IPv4 in this network")),
    v6([0x100, 0, 0, 0], 64, "a sink"),
    v6([0x100, 0, 0, 1], 64, "never in use"),
    never(v6([0x2001, 0, 0, 0], 32, "a tunnel through IPv4 (Teredo)")),
    v6([0x2001, 2, 0, 0], 48, "for benchmarks"),
    v6([0x2001, 0x10, 0, 0], 28, "not routed (ORCHID)"),
    v6([0x2001, 0x20, 0, 0], 28, "not routed (ORCHID)"),
    v6([0x2001, 0, 0, 0], 23, "reserved for protocols"),
    v6([0x2001, 0xdb8, 0, 0], 32, "for documentation"),
    never(v6([0x2002, 0, 0, 0], 16, "a tunnel through IPv4 (6to4)")),
    v6(
        [0x2620, 0x4f, 0x8000, 0],
        48,
        "a sink for misdirected questions (AS112)",
    ),
    v6([0x3fff, 0, 0, 0], 20, "for documentation"),
    v6([0x5f00, 0, 0, 0], 16, "for segment routing"),
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html has fd00:ec2::254; the name
    // servers and clocks that EC2 has for its instances are beside it.
    never(v6([0xfd00, 0xec2, 0, 0], 32, "of EC2's own services for instances")),
    v6([0xfc00, 0, 0, 0], 7, "private"),
    never(v6([0xfe80, 0, 0, 0], 10, "link-local, as metadata services are")),
    v6([0xfec0, 0, 0, 0], 10, "site-local"),
    never(v6([0xff00, 0, 0, 0], 8, "multicast")),
];

/// The rest of IPv6, from which no addresses are given out.
static UNASSIGNED: Range = v6([0, 0, 0, 0], 0, "unassigned");

/// The range from which IPv6 addresses are given out.
const GLOBAL_UNICAST: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// IPv4 as a socket for IPv6 has it. A connection to such an address is one to the IPv4 address.
const MAPPED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);

/// IPv4 as a network without IPv4 has it ([RFC 6052](https://www.rfc-editor.org/rfc/rfc6052)). Its name servers give such addresses
/// for systems that have IPv4 alone.
const TRANSLATED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// The networks of IPv6 in which an address carries one of IPv4, which is what is reached.
pub const CARRIERS: [Ipv6Net; 2] = [MAPPED, TRANSLATED];

/// The address that is reached in the end: that of IPv4 where an address of IPv6 carries one.
pub fn reached(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if CARRIERS.iter().any(|carrier| carrier.contains(&v6)) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        _ => address,
    }
}

/// The range that makes an address one that is not of the public internet. `None` for a public one.
pub fn special(address: IpAddr) -> Option<&'static Range> {
    let address = reached(address);
    RANGES
        .iter()
        .find(|range| range.network.contains(&address))
        .or_else(|| match address {
            IpAddr::V6(v6) if !GLOBAL_UNICAST.contains(&v6) => Some(&UNASSIGNED),
            _ => None,
        })
}

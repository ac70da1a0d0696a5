//! The table of ranges, against one that was made from the registries by another program.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;

use crate::egress::address::{CARRIERS, RANGES, special};

fn expected() -> BTreeMap<IpAddr, &'static str> {
    include_str!("ranges.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (address, purpose) = line.split_once(' ').unwrap();
            (address.parse().unwrap(), purpose.trim())
        })
        .collect()
}

fn purpose(address: IpAddr) -> &'static str {
    special(address).map_or("public", |range| range.purpose)
}

#[test]
fn an_address_is_of_the_range_that_it_is_in() {
    for (address, expected) in expected() {
        assert_eq!(purpose(address), expected, "{address}");
    }
}

fn next(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(v6) => v6.to_bits().checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

fn previous(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_sub(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(v6) => v6.to_bits().checked_sub(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

#[test]
fn the_first_and_the_last_address_of_each_range_and_their_neighbours_are_looked_at() {
    let expected = expected();
    let carriers = CARRIERS.map(IpNet::V6);
    for network in RANGES.iter().map(|range| range.network).chain(carriers) {
        let (first, last) = (network.network(), network.broadcast());
        for address in [Some(first), Some(last), previous(first), next(last)]
            .into_iter()
            .flatten()
        {
            assert!(expected.contains_key(&address), "{address}, at the edge of {network}");
        }
    }
}

#[test]
fn no_range_is_hidden_by_one_before_it() {
    for (index, range) in RANGES.iter().enumerate() {
        let hidden_by = RANGES[..index]
            .iter()
            .find(|before| before.network.contains(&range.network));
        assert_eq!(hidden_by, None, "{}", range.network);
    }
}

//! Simulations as a whole.

use super::*;
use rstest::rstest;

#[test]
fn the_same_seed_twice_is_the_same_to_the_last_event() {
    for seed in 0..8 {
        let hashes = [(); 2].map(|()| Simulation::run(seed).hash);
        assert_eq!(hashes[0], hashes[1], "seed {seed}");
    }
}

#[test]
fn different_seeds_are_different_worlds() {
    assert_ne!(Simulation::run(0).hash, Simulation::run(1).hash);
}

#[rstest]
fn some_hundred_worlds_have_no_violation(#[values(0, 1, 2, 3)] hundred: u64) {
    for seed in hundred * 100..(hundred + 1) * 100 {
        let report = Simulation::run(seed);
        assert!(report.violations.is_empty(), "{report}");
    }
}

#[test]
fn watching_the_traffic_changes_nothing() {
    let scenario = Scenario::of(3);
    assert_eq!(Simulation::told(&scenario).hash, Simulation::run(3).hash);
}

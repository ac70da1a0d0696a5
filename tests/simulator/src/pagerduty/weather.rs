//! Latency and faults by chance.

use super::{
    course::{Course, Delivery, Fault, Faults, When},
    service::is_event,
};
use fastrand::Rng;
use http::StatusCode;
use jiff::Timestamp;
use provider::transport::Request;
use std::{
    ops::RangeInclusive,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What a gateway answers when it can not pass a request on, or PagerDuty when it fails.
const SERVER_ERRORS: [StatusCode; 4] = [
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

/// Values of `ratelimit-reset`. PagerDuty documents seconds from 0 to 60; the others are absurd.
const RESETS: [Option<&str>; 7] = [
    None,
    Some("0"),
    Some("20"),
    Some("60"),
    Some("999999"),
    Some("-1"),
    Some("abc"),
];

/// A kind of [`Fault`], whose particulars are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named like its fault")]
pub enum FaultKind {
    Unreachable,
    StatusBeforeEffect,
    StatusAfterEffect,
    RateLimited,
    ResetBeforeEffect,
    ResetAfterEffect,
    SilentBeforeEffect,
    SilentAfterEffect,
    Late,
    Cut,
    Shortened,
    Twice,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Unreachable,
        Self::StatusBeforeEffect,
        Self::StatusAfterEffect,
        Self::RateLimited,
        Self::ResetBeforeEffect,
        Self::ResetAfterEffect,
        Self::SilentBeforeEffect,
        Self::SilentAfterEffect,
        Self::Late,
        Self::Cut,
        Self::Shortened,
        Self::Twice,
    ];
}

/// How likely faults are, and how large delays get. Durations are drawn in whole milliseconds.
#[derive(Debug, Clone)]
pub struct Odds {
    /// The time that each way takes.
    pub latency: RangeInclusive<Duration>,
    /// The share of the requests that have a fault, from 0 to 1.
    pub faults: f64,
    /// The kinds that these faults are of, all equally likely. None at all means no faults.
    pub kinds: Vec<FaultKind>,
    /// The longest time by which a request is [late](Fault::Late) or its two [deliveries](Fault::Twice) are apart.
    pub longest_delay: Duration,
    /// The share of the requests for which lists lag behind, from 0 to 1.
    pub lags: f64,
    pub longest_lag: Duration,
}

impl Default for Odds {
    /// Each way takes 20 to 400 ms. One request in ten has a fault of any kind, with delays of up to 29 s, so that all are carried out within half a minute; for one in four
    /// lists lag behind by up to 10 s.
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(20)..=Duration::from_millis(400),
            faults: 0.1,
            kinds: FaultKind::ALL.to_vec(),
            longest_delay: Duration::from_secs(29),
            lags: 0.25,
            longest_lag: Duration::from_secs(10),
        }
    }
}

/// Decides by chance how requests fare. The same source of randomness gives the same courses.
#[derive(Debug)]
pub struct Weather {
    odds: Odds,
    random: Mutex<Rng>,
}

impl Weather {
    /// Weather that draws from `random`.
    #[must_use]
    pub fn new(odds: Odds, random: Rng) -> Self {
        Self {
            odds,
            random: Mutex::new(random),
        }
    }

    fn fault(&self, random: &mut Rng, is_event: bool) -> Option<Fault> {
        if random.f64() >= self.odds.faults {
            return None;
        }
        let mut kind = *random.choice(&self.odds.kinds)?;
        // PagerDuty cannot tell an event that is late from a new one, so that more of them are.
        if is_event && random.u32(0..4) == 0 && self.odds.kinds.contains(&FaultKind::Late) {
            kind = FaultKind::Late;
        }
        Some(match kind {
            FaultKind::Unreachable => Fault::Unreachable,
            FaultKind::StatusBeforeEffect => Fault::Status(When::BeforeEffect, server_error(random)),
            FaultKind::StatusAfterEffect => Fault::Status(When::AfterEffect, server_error(random)),
            FaultKind::RateLimited => Fault::RateLimited {
                reset: random.choice(RESETS).flatten().map(str::to_owned),
            },
            FaultKind::ResetBeforeEffect => Fault::Reset(When::BeforeEffect),
            FaultKind::ResetAfterEffect => Fault::Reset(When::AfterEffect),
            FaultKind::SilentBeforeEffect => Fault::Silent(When::BeforeEffect),
            FaultKind::SilentAfterEffect => Fault::Silent(When::AfterEffect),
            // More than half of them come when nobody waits for them any more.
            FaultKind::Late => {
                let spread = match random.bool() {
                    true => self.odds.longest_delay,
                    false => self.odds.longest_delay / 2,
                };
                Fault::Late(self.odds.longest_delay.saturating_sub(up_to(random, spread)))
            }
            FaultKind::Cut => Fault::Cut,
            FaultKind::Shortened => Fault::Shortened,
            FaultKind::Twice => Fault::Twice {
                apart: up_to(random, self.odds.longest_delay),
                answered: if random.bool() {
                    Delivery::First
                } else {
                    Delivery::Second
                },
            },
        })
    }
}

impl Faults for Weather {
    fn course(&self, request: &Request, _: Timestamp) -> Course {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let (shortest, longest) = (*self.odds.latency.start(), *self.odds.latency.end());
        let spread = longest.saturating_sub(shortest);
        Course {
            there: shortest + up_to(&mut random, spread),
            back: shortest + up_to(&mut random, spread),
            // The Events API has no lists.
            lag: if random.f64() < self.odds.lags && !is_event(request) {
                up_to(&mut random, self.odds.longest_lag)
            } else {
                Duration::ZERO
            },
            fault: self.fault(&mut random, is_event(request)),
        }
    }
}

fn server_error(random: &mut Rng) -> StatusCode {
    random
        .choice(SERVER_ERRORS)
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn up_to(random: &mut Rng, longest: Duration) -> Duration {
    Duration::from_millis(random.u64(0..=u64::try_from(longest.as_millis()).unwrap_or(u64::MAX)))
}

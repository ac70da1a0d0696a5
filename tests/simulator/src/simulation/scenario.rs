//! What a seed stands for: which workflows there are, what happens when, and how much goes wrong.

use crate::{
    pagerduty::{FaultKind, Odds as WayOdds},
    store::StoreOdds,
    workflows::{Mood, Style, Written, family},
    world::{Arrival, Chance, FunctionOdds, IngressOdds, MachineOdds, Sending, WorldOdds},
};
use fastrand::Rng;
use serde_json::{Map, Value, json};
use std::{fmt, time::Duration};
use workflow::{definition::InputKind, ids::EffectKey, triggers::Trigger};

/// What kind of world it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Climate {
    /// Nothing goes wrong, and steps have all the time that they need: every result is known beforehand.
    Calm,
    /// Nothing goes wrong, but workflows are hasty.
    Hasty,
    /// Much goes wrong, and passes; steps have the time and the attempts to outlast it. Every result is known beforehand.
    Passing,
    /// Everything goes wrong.
    Storm,
}

impl Climate {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Calm, Self::Hasty, Self::Passing, Self::Storm];

    /// True if it is known beforehand what becomes of each action.
    #[must_use]
    pub fn is_sure(self) -> bool {
        matches!(self, Self::Calm | Self::Passing)
    }
}

impl fmt::Display for Climate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calm => "calm",
            Self::Hasty => "hasty",
            Self::Passing => "passing faults",
            Self::Storm => "storm",
        })
    }
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// An event comes in for the first workflow.
    Event(Arrival),
    /// The schedule of the first workflow is due next.
    Due(Sending),
    /// A person starts a run of the first workflow.
    ByHand {
        /// The run's id.
        id: String,
        /// What it is given.
        inputs: Map<String, Value>,
    },
    /// A person cancels a run; which one is drawn then.
    Cancel,
    /// A person cancels a run while its next Plan is made.
    CancelInPlan,
    /// Somebody stops an execution; which one is drawn then.
    Abort,
    /// A person edits a workflow; which one is drawn then.
    Edit,
    /// A person disables one of the workflows that are called.
    Disable,
    /// A person resolves an incident that a run has opened; which one is drawn then.
    Resolve,
    /// A person leaves a note with this text on an incident; on which one is drawn then.
    Note(&'static str),
    /// A person repeats a run that has ended; which one is drawn then.
    Replay,
    /// Step Functions starts nothing for so long.
    NothingStarts(Duration),
}

/// What a seed stands for.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub seed: u64,
    /// What kind of world it is.
    pub climate: Climate,
    /// What workflows are like in it.
    pub style: Style,
    pub workflows: Vec<Written>,
    /// How many webhooks PagerDuty sends to the first workflow about what happens to incidents, whoever does it.
    pub echoes: usize,
    /// What happens, and when, counted from the beginning.
    pub happenings: Vec<(Duration, Happening)>,
    /// How much goes wrong.
    pub odds: WorldOdds,
}

impl Scenario {
    /// What a seed stands for.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Chance::rng(seed, "scenario");
        let climate = match random.u32(0..20) {
            0..3 => Climate::Calm,
            3..5 => Climate::Hasty,
            5..11 => Climate::Passing,
            _ => Climate::Storm,
        };
        Self::in_climate(seed, climate)
    }

    /// What a seed stands for in a world of a certain kind.
    #[must_use]
    pub fn in_climate(seed: u64, climate: Climate) -> Self {
        let mut random = Chance::rng(seed, "workflows");
        // A run that PagerDuty tells of what it did itself leads to the next one.
        let is_told = random.u32(0..8) == 0;
        let style = Style {
            mood: match climate {
                Climate::Calm | Climate::Passing => Mood::Patient,
                Climate::Hasty | Climate::Storm => Mood::Wild,
            },
            steps: match random.u32(0..20) {
                _ if is_told => 5,
                0..12 => 8,
                12..19 => 18,
                _ => 70,
            },
            lanes: match random.u32(0..40) {
                _ if is_told => 3,
                0..28 => 12,
                28..39 => 40,
                _ => 160,
            },
            depth: random.u32(2..=5),
            events: match is_told {
                true => EVENTS,
                false => &["incident.triggered"],
            },
            // With more runs than a few, waiting for hours takes the simulation as long as the rest of it.
            queues: !is_told && matches!(climate, Climate::Passing | Climate::Storm) && random.u32(0..40) == 0,
            systems: true,
        };
        let echoes = match is_told {
            true => random.usize(4..=14),
            false => 0,
        };
        let workflows = family(&mut random, style);
        let odds = odds(&mut random, climate);
        let mut happenings = happenings(&mut random, climate, &workflows);
        if style.queues {
            queue(&mut random, &mut happenings);
        }
        Self {
            seed,
            climate,
            style,
            workflows,
            echoes,
            happenings,
            odds,
        }
    }
}

/// The events of an incident that runs cause themselves, besides others.
const EVENTS: &[&str] = &[
    "incident.triggered",
    "incident.acknowledged",
    "incident.annotated",
    "incident.resolved",
];

/// One of some shares; most worlds have little of one thing and more of another.
fn share(random: &mut Rng, shares: &[f64]) -> f64 {
    random.choice(shares.iter().copied()).unwrap_or_default()
}

fn odds(random: &mut Rng, climate: Climate) -> WorldOdds {
    let is_storm = match climate {
        Climate::Calm | Climate::Hasty => return WorldOdds::calm(),
        Climate::Passing => false,
        Climate::Storm => true,
    };
    let shares: &[f64] = match is_storm {
        true => &[0.0, 0.02, 0.08, 0.2],
        false => &[0.0, 0.02, 0.06],
    };
    let outage = (is_storm && random.u32(0..8) == 0).then(|| {
        let start = Duration::from_secs(random.u64(0..600));
        let seconds = random.choice([180, 3_600, 6 * 3_600]).unwrap_or(180);
        start..start + Duration::from_secs(seconds)
    });
    WorldOdds {
        functions: FunctionOdds {
            plans: share(random, shares),
            actions: share(random, shares),
            events: share(random, shares),
            cold: share(random, &[0.05, 0.3]),
            // Clocks that differ by minutes make an action come too late as often as it is tried.
            skewed: is_storm && random.u32(0..4) == 0,
        },
        store: StoreOdds {
            faults: share(random, shares),
            index: share(random, shares),
        },
        secrets: share(random, shares),
        way: WayOdds {
            faults: share(random, shares),
            kinds: FaultKind::ALL.to_vec(),
            lags: share(random, &[0.0, 0.25, 0.6]),
            ..WayOdds::default()
        },
        outage,
        requests_per_minute: None,
        machine: MachineOdds {
            child_starts: share(random, &[0.0, 0.02, 0.05, 0.25]),
            child_stops: share(random, &[0.0, 0.6]),
            status: share(random, &[0.0, 0.2, 0.5]),
            starts: share(random, &[0.0, 0.1, 0.4]),
            wakes: share(random, &[0.05, 0.2, 0.6]),
        },
        ingress: IngressOdds {
            crashes: share(random, &[0.0, 0.1, 0.3]),
            is_shared: random.bool(),
        },
        queues: share(random, &[0.0, 0.1, 0.4]),
    }
}

fn happenings(random: &mut Rng, climate: Climate, workflows: &[Written]) -> Vec<(Duration, Happening)> {
    let mut happenings = Vec::new();
    let first = workflows.first().map(|written| &written.definition);
    let trigger = first.and_then(|definition| definition.trigger.as_ref());
    let starts = random.u32(1..=3);
    let mut at = Duration::ZERO;
    for number in 0..starts {
        // Some come close together, so that they are in each other's way.
        at += Duration::from_secs(match random.u32(0..3) {
            0 => random.u64(0..3),
            1 => random.u64(0..300),
            _ => random.u64(0..9_000),
        });
        let happening = match trigger.filter(|_| random.u32(0..6) > 0) {
            Some(Trigger::PagerDuty(_)) => Happening::Event(arrival(random, number)),
            Some(Trigger::Schedule(_)) => Happening::Due(sending(random, climate)),
            None => Happening::ByHand {
                id: format!("hand-{number}"),
                inputs: first.map(|definition| inputs(random, definition)).unwrap_or_default(),
            },
        };
        happenings.push((at, happening));
    }
    if climate != Climate::Hasty && climate != Climate::Calm {
        for _ in 0..random.u32(0..3) {
            happenings.push((moment(random), Happening::Resolve));
        }
        if random.u32(0..4) == 0 {
            happenings.push((moment(random), Happening::Replay));
        }
        for _ in 0..random.u32(0..3) {
            let note = random.choice(NOTES.iter().copied()).unwrap_or_default();
            happenings.push((moment(random), Happening::Note(note)));
        }
    }
    if climate == Climate::Hasty {
        match random.u32(0..3) {
            0 => {}
            1 => happenings.push((moment(random), Happening::Cancel)),
            _ => happenings.push((moment(random), Happening::CancelInPlan)),
        }
    }
    if climate == Climate::Storm {
        let kinds = [
            (Happening::Cancel, 4),
            (Happening::Abort, 2),
            (Happening::Abort, 3),
            (Happening::Edit, 4),
            (Happening::Disable, 5),
        ];
        for (kind, one_in) in kinds {
            if random.u32(0..one_in) == 0 {
                happenings.push((moment(random), kind));
            }
        }
        if random.u32(0..8) == 0 {
            let seconds = match random.u32(0..4) {
                0 => random.u64(11 * 3_600..14 * 3_600),
                _ => random.u64(20..3_000),
            };
            happenings.push((Duration::ZERO, Happening::NothingStarts(Duration::from_secs(seconds))));
        }
        // Of lanes many must be lost, because each is lost in its own way.
        if random.u32(0..4) == 0 {
            for _ in 0..random.u32(3..9) {
                happenings.push((moment(random), Happening::Abort));
            }
        }
    }
    happenings
}

/// Lets runs begin soon after each other, and people act when those that wait have done so for hours.
fn queue(random: &mut Rng, happenings: &mut [(Duration, Happening)]) {
    for (at, happening) in happenings {
        *at = match happening {
            Happening::Event(_) | Happening::Due(_) | Happening::ByHand { .. } => {
                Duration::from_secs(random.u64(0..600))
            }
            _ => Duration::from_secs(random.u64(9_000..20_000)),
        };
    }
}

/// A moment at which runs are likely to go on.
fn moment(random: &mut Rng) -> Duration {
    Duration::from_millis(match random.u32(0..4) {
        0 => random.u64(0..3_000),
        1 => random.u64(0..200_000),
        2 => random.u64(0..6_000_000),
        _ => random.u64(0..20_000_000),
    })
}

const TITLES: &[&str] = &[
    "Disk full on web-1",
    "Memory at 97 %",
    "{{ run.id }} {% raw %} ${7*7} {{{{",
    "two\r\nFrom: evil@example.com",
    "\",\"service\":{\"id\":\"EVIL",
    "<script>alert(1)</script> \u{1b}[31m @here =cmd",
    "\u{e9}\u{301} \u{202e}gnp.exe",
];

/// What people write on incidents. Some quote what a run has left.
const NOTES: &[&str] = &[
    "Looking into it",
    "> Closed by run x.\n>\n> [pagerflow ABCDEFGHIJKLM]\nNot yet, I fear",
    "What is [pagerflow AAAAAAAAAAAAA] here?",
];

fn arrival(random: &mut Rng, number: u32) -> Arrival {
    let key = (random.u32(0..30) == 0).then(|| {
        let depth = random.u32(0..7);
        key_of_depth(depth, number)
    });
    Arrival {
        event_id: format!("01EVENT{number}"),
        title: random.choice(TITLES.iter().copied()).unwrap_or_default().to_owned(),
        urgency: match random.u32(0..4) {
            0 => "low",
            _ => "high",
        },
        has_number: random.u32(0..20) > 0,
        key,
        is_late: random.u32(0..4) == 0,
        padding: match random.u32(0..100) {
            0 => 140_000,
            _ => 0,
        },
        deliveries: match random.u32(0..4) {
            0 => random.u32(2..=10),
            _ => 1,
        },
    }
}

/// How EventBridge Scheduler sends a time: at least once, and not at once where things go wrong.
fn sending(random: &mut Rng, climate: Climate) -> Sending {
    let is_calm = matches!(climate, Climate::Calm | Climate::Hasty);
    let times = match random.u32(0..3) {
        0 => random.u32(2..=4),
        _ => 1,
    };
    let after = (0..times).map(|_| {
        Duration::from_secs(match random.u32(0..4) {
            _ if is_calm => random.u64(0..60),
            0 | 1 => random.u64(0..60),
            2 => random.u64(60..1_200),
            _ => random.u64(1_200..40_000),
        })
    });
    Sending { after: after.collect() }
}

/// The key of an incident that a run of this depth has opened.
fn key_of_depth(depth: u32, number: u32) -> String {
    let key = format!("pgf-{depth}-{number:032}");
    debug_assert_eq!(EffectKey::depth_of(&key), Some(depth));
    key
}

fn inputs(random: &mut Rng, definition: &workflow::definition::Definition) -> Map<String, Value> {
    let mut inputs = Map::new();
    for (name, input) in &definition.inputs {
        let value = match input.kind {
            InputKind::Integer => json!(random.u32(0..3)),
            InputKind::Text => json!("by hand"),
            InputKind::Number => json!(2.5),
            InputKind::Boolean => json!(random.bool()),
            InputKind::List => json!(["x"]),
            InputKind::Map => json!({"by": "hand"}),
            InputKind::Time => json!("2026-11-30T08:00:00Z"),
            InputKind::Duration => json!("15m"),
        };
        // Now and then one is missing, or wrong.
        match random.u32(0..25) {
            0 => {}
            1 => {
                inputs.insert(name.to_string(), json!({"not": ["what", "it", "is"]}));
            }
            _ => {
                inputs.insert(name.to_string(), value);
            }
        }
    }
    inputs
}

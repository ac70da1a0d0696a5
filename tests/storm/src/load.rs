//! Deliveries at a steady rate, each of an event of its own: how long until each is accepted, how long until its run has
//! called PagerDuty, and what became of all of them, also while the functions are killed every second.
//!
//! The pace is kept whatever the answers are, and times count from the moment at which a delivery was due. So a stack that is
//! too slow shows as long times, and not as fewer deliveries.
//!
//! # Layout
//! - `sender`: the deliveries
//! - `killer`: the end of the functions' processes
//! - `outcome`: what PagerDuty has seen of it

mod killer;
mod outcome;
mod sender;

use crate::{
    error::Error,
    workflow::{self, Target},
};
use ::tests::figures::{Sample, Table, milliseconds};
use killer::Killer;
use local_aws::StackInfo;
use outcome::Outcome;
use std::{
    io::Write,
    time::{Duration, Instant},
};
use tests::PagerDuty;

/// As little as reaches PagerDuty: one incident, whose title tells the event.
const STEPS: &str = "steps:\n  - uses: pagerduty.create_incident\n    with:\n      integration: storm\n      \
                     title: \"{{ event.incident.title }}\"\n      service: PSVC8R2\n      escalation_policy: PT20YPA\n      \
                     from: oncall@example.com\n";

const COLUMNS: [&str; 14] = [
    "deliveries a second",
    "functions",
    "202 p50 (ms)",
    "p95",
    "p99",
    "PagerDuty p50 (ms)",
    "p95",
    "p99",
    "sent",
    "accepted",
    "run once",
    "not done",
    "doubled",
    "all done after (s)",
];

/// For how long functions are killed after the last delivery was due, so that runs are hit in all that they do. The rest is
/// done in peace, or it would never come to an end.
const KILLS_ON: Duration = Duration::from_secs(15);

/// The time for which PagerDuty is watched once each event has its incident. A killed action looks for its incident after ten seconds and
/// makes it if it finds none, so one that finds too little makes a second one within this time.
const WATCH: Duration = Duration::from_secs(30);

/// The interval at which it is looked whether all is done.
const POLL: Duration = Duration::from_secs(2);

/// The options of a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The time for which deliveries are sent.
    pub(crate) sends: Duration,
    /// How long after that the deliveries and their runs may take.
    pub(crate) settles: Duration,
}

/// A rate, with or without killing.
#[derive(Debug, Clone, Copy)]
struct Phase {
    number: usize,
    a_second: u32,
    kills: bool,
}

impl Phase {
    /// The title of the incident of an event, which is also that of the incident that its run creates.
    fn title(self, event: u32) -> String {
        format!("load {} event {event}.", self.number)
    }
}

/// Makes a load at each rate, first in peace and then while functions are killed, and writes a row of a table for each as soon
/// as it is over: all of it takes minutes.
pub(crate) fn measure(stack: &StackInfo, rates: &[u32], plan: Plan, out: &mut impl Write) -> Result<(), Error> {
    let target = workflow::set_up(stack, STEPS)?;
    let pagerduty = PagerDuty::at(&stack.pagerduty_url);
    let table = Table::new(&COLUMNS);
    // Where nobody reads it, there is nothing more to say.
    let _written = write!(out, "{table}").and_then(|()| out.flush());
    let phases = [false, true]
        .into_iter()
        .flat_map(|kills| rates.iter().map(move |rate| (*rate, kills)));
    for (number, (a_second, kills)) in phases.enumerate() {
        let phase = Phase {
            number,
            a_second,
            kills,
        };
        let row = row(phase, &make(stack, &target, &pagerduty, phase, plan)?);
        let _written = write!(out, "{}", Table::line(&row)).and_then(|()| out.flush());
    }
    Ok(())
}

/// What came of a phase.
struct Made {
    accepted: Sample,
    sent: usize,
    outcome: Outcome,
    /// The time that it took until the last incident of an accepted delivery was seen, if all were in time.
    done_after: Option<Duration>,
}

fn make(stack: &StackInfo, target: &Target, pagerduty: &PagerDuty, phase: Phase, plan: Plan) -> Result<Made, Error> {
    // What is measured is not PagerDuty's rate limit. It also forgets the incidents of the phase before.
    pagerduty.lift_rate_limit()?;
    let killer = phase
        .kills
        .then(|| Killer::start(stack.endpoint_url.clone(), plan.sends + KILLS_ON));
    let begun = Instant::now();
    let sent = sender::send(target, phase, plan)?;
    let deadline = begun + plan.sends + plan.settles;
    let done_after = loop {
        if outcome::not_done(&sent, phase, &outcome::created(pagerduty)?) == 0 {
            break Some(begun.elapsed());
        }
        if Instant::now() > deadline {
            break None;
        }
        std::thread::sleep(POLL);
    };
    std::thread::sleep(WATCH);
    let calls = outcome::first_calls(&pagerduty.requests()?);
    let outcome = Outcome::of(&sent, phase, &calls, &outcome::created(pagerduty)?);
    drop(killer);
    Ok(Made {
        accepted: Sample::new(sent.iter().filter_map(|delivery| delivery.accepted_after)),
        sent: sent.len(),
        done_after,
        outcome,
    })
}

fn row(phase: Phase, made: &Made) -> Vec<String> {
    let Made {
        accepted,
        sent,
        outcome,
        done_after,
    } = made;
    let mut cells = vec![
        phase.a_second.to_string(),
        match phase.kills {
            true => "killed every second",
            false => "left alone",
        }
        .to_owned(),
    ];
    for sample in [accepted, &outcome.called] {
        cells.extend([50, 95, 99].map(|per_cent| milliseconds(sample.percentile(per_cent))));
    }
    cells.extend(
        [*sent, accepted.len(), outcome.once, outcome.not_done, outcome.doubled].map(|count| count.to_string()),
    );
    cells.push(done_after.map_or_else(|| "–".to_owned(), |after| after.as_secs().to_string()));
    cells
}

//! Schedules: a run for each time that was sent, and no other.

use super::{Evidence, Violations};
use crate::{
    simulation::Climate,
    store::Change,
    world::{Fault, Sent, Site},
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use workflow::{
    ids::{RunId, WorkflowId},
    run::RunCause,
};

/// The runs of each time of a schedule.
type Runs<'a> = BTreeMap<(&'a WorkflowId, Timestamp), Vec<&'a RunId>>;

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut runs = Runs::new();
    for (run, item) in &evidence.tables.runs {
        if let RunCause::Schedule { scheduled_at } = item.input.cause {
            let time = (&item.input.run.workflow, scheduled_at);
            runs.entry(time).or_default().push(run);
        }
    }
    for ((workflow, scheduled_at), runs) in &runs {
        if runs.len() > 1 {
            violations.add(
                "I2 a time of a schedule gives one run",
                format!("{workflow} has {runs:?} of {scheduled_at}"),
            );
        }
        let mut sent = evidence.sent.iter();
        if !sent.any(|sent| (&sent.workflow, sent.scheduled_at) == (*workflow, *scheduled_at)) {
            violations.add(
                "a run of a schedule has a time that was sent",
                format!("{workflow} has {runs:?} of {scheduled_at}"),
            );
        }
    }
    for sent in &evidence.sent {
        if must_start(evidence, sent) && !runs.contains_key(&(&sent.workflow, sent.scheduled_at)) {
            violations.add("a time of a schedule that was sent gives its run", format!("{sent:?}"));
        }
    }
}

/// True if nothing stood in the way of a run: the workflow was enabled all the time, and what came late is made up for.
fn must_start(evidence: &Evidence<'_>, sent: &Sent) -> bool {
    let was_disabled = evidence
        .tables
        .log
        .iter()
        .any(|logged| matches!(&logged.change, Change::Disabled(workflow) if *workflow == sent.workflow));
    // What lies among the dead letters may be more than a week late.
    let run = RunId::for_schedule(&sent.workflow, sent.scheduled_at);
    let was_dead = evidence.mishaps.contains_key(&(Fault::DeadLetter, Site::Run(run)));
    let comes_in_time = sent.catches_up || matches!(evidence.scenario.climate, Climate::Calm | Climate::Hasty);
    !sent.at.is_empty() && !was_disabled && !was_dead && comes_in_time
}

//! `pagerflow workflow test`: a whole workflow on this machine, without AWS, without a network and in virtual time.

mod definitions;
mod events;
mod expect;
mod render;
mod sample;
mod signal;
mod suite;

use crate::{
    error::Error,
    known_connectors::KnownConnectors,
    output::{Notices, Screen, View},
    run::start::Given,
};
use events::Events;
use expect::Checked;
use jiff::Timestamp;
use rehearsal::{
    Answer, Intervention, Rehearsal, Signal, Start,
    report::{Outcome, Report},
};
use render::{Form, Renderer};
use serde::{Serialize, Serializer};
use std::path::PathBuf;
use suite::Suite;
use workflow::{action::Catalog, definition::Definition, triggers::Trigger};

const EXAMPLES: &str = "\
Examples:
  What would a delivery of PagerDuty's do?
    pagerflow workflow test memory-alert.yaml --event delivery.json
  And an event that is made up, at night?
    pagerflow workflow test ask-before-paging.yaml --sample incident.priority_updated --set incident.priority=P1 \\
      --at 2027-01-12T03:00:00Z --answer 'ask=not yet@5m'
  Only which steps there would be, of a workflow that runs another one:
    pagerflow workflow test database-outage.yaml page-teams.yaml --event delivery.json --plan
  A workflow that a schedule starts, at a time at which it is due:
    pagerflow workflow test hand-over.yaml --at 2027-01-12T08:00:00Z
  A workflow that is started by hand:
    pagerflow workflow test maintenance.yaml --input what=database --input ends_at=2027-01-31T09:00:00Z
  What if PagerDuty's rate limit is used up twice, and somebody has taken the incident meanwhile?
    pagerflow workflow test memory-alert.yaml --event delivery.json \\
      --fail ticket=PagerDuty.RateLimited:2 --result 'now={\"status\":\"acknowledged\"}'
  What if the approval `ok` is answered five minutes after it was asked?
    pagerflow workflow test restart.yaml --input host=db-1 --answer ok=approve@5m
  What if the incident is acknowledged three minutes after the start?
    pagerflow workflow test escalate.yaml --sample incident.triggered --signal incident.acknowledged@3m
  All events of a folder, and what is different from the definition before:
    pagerflow workflow test memory-alert.yaml --event events/ --against before.yaml
  A workflow that uses a connector of your own:
    pagerflow workflow test outage.yaml --connector desk.yaml --sample incident.triggered
  Does it do what is expected of it?
    pagerflow workflow test memory-alert.yaml --expect tests/memory-alert.yaml

Of a folder, JSON that is no delivery is passed over. The exit code is 1 if a run fails or is cancelled, or a delivery cannot
be read; with --expect, if a case does not pass. An event that starts no run is none of these.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The definition, and after it those of the workflows that it runs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A delivery: what PagerDuty sends (V3 or V2), as it is or in an event of API Gateway, or what
    /// `pagerflow run show RUN --event` gives. Several are delivered one after another, each at its own time. A folder of such
    /// files is a suite: each of them for itself.
    #[arg(long, value_name = "FILE|FOLDER")]
    event: Vec<PathBuf>,
    /// An event of this type that is made up, such as `incident.triggered`, in the place of a delivery. It happens at the time of `--at`.
    #[arg(long, value_name = "TYPE", conflicts_with_all = ["event", "input", "inputs"])]
    sample: Option<String>,
    /// Set a field of the event that is made up, such as `incident.urgency=low` or `incident.priority=null`. May be repeated.
    #[arg(long, value_name = "PATH=VALUE", requires = "sample", value_parser = sample::change)]
    set: Vec<sample::Change>,
    #[command(flatten)]
    given: Given,
    /// When virtual time begins, where no event tells: now, if it is not given. Of a workflow with a schedule it is the time at which
    /// it is due, and if it is not given, the next one.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Show only which steps there would be, one line for each, without results.
    #[arg(long)]
    plan: bool,
    /// Let a step fail: all its attempts, or the first so many. The step goes by its id, or by its place such as `3`,
    /// `2/platform/1`, or `each[7]/1` for one item of a `for_each`. May be repeated.
    #[arg(long, value_name = "STEP=ERROR[:COUNT]")]
    fail: Vec<String>,
    /// Give these outputs of a step in the place of those of the same names. May be repeated.
    #[arg(long, value_name = "STEP=JSON")]
    result: Vec<String>,
    /// Answer an approval with one of its choices: at once, or so long after it was asked, such as `ok=approve@5m`. Without an
    /// answer its time runs out. May be repeated.
    #[arg(long, value_name = "STEP=CHOICE[@AFTER]")]
    answer: Vec<String>,
    /// Let an event of the incident come so long after the start, such as `incident.acknowledged@3m`, to steps that wait for it. A
    /// field of the event can be set: `incident.annotated@3m:content=roll back`. Without one, such a wait comes to the end of its
    /// time. May be repeated.
    #[arg(long, value_name = "TYPE@AFTER[:PATH=VALUE]")]
    signal: Vec<String>,
    /// Play the same events with another definition of the workflow as well, and show what is different.
    #[arg(long, value_name = "FILE", requires = "event")]
    against: Option<PathBuf>,
    /// The file of a connector of your own that the workflows use. May be repeated.
    #[arg(long, value_name = "FILE")]
    connector: Vec<PathBuf>,
    /// Play the cases of a file, and check what it expects of each: the outcome, steps, requests.
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_ONE_CASE)]
    expect: Option<PathBuf>,
}

/// The options that the cases of a file have for themselves, and those that show something else.
const OF_ONE_CASE: [&str; 12] = [
    "event", "sample", "set", "input", "inputs", "at", "plan", "fail", "result", "answer", "signal", "against",
];

/// A report and how it ended, as it is printed for programs.
#[derive(Debug, Serialize)]
struct Told<'a> {
    outcome: Outcome,
    #[serde(flatten)]
    report: &'a Report,
}

impl<'a> From<&'a Report> for Told<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            outcome: report.outcome(),
            report,
        }
    }
}

/// A rehearsal that was played.
#[derive(Debug)]
pub(super) enum Played {
    /// A start by hand, or deliveries one after another, in one report.
    One { report: Box<Report>, form: Form },
    /// Each event for itself.
    Suite(Suite),
    /// The cases of a file, with what was expected.
    Cases(Checked),
}

impl Serialize for Played {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One { report, .. } => Told::from(&**report).serialize(serializer),
            Self::Suite(suite) => suite.serialize(serializer),
            Self::Cases(checked) => checked.serialize(serializer),
        }
    }
}

impl View for Played {
    fn text(&self, screen: Screen) -> String {
        match self {
            Self::One { report, form } => Renderer::new(screen, *form).report(report),
            Self::Suite(suite) => suite.text(screen),
            Self::Cases(checked) => checked.text(screen),
        }
    }

    fn is_failure(&self) -> bool {
        match self {
            Self::One { report, .. } => is_failure(report.outcome()),
            Self::Suite(suite) => suite.has_failed(),
            Self::Cases(checked) => !checked.has_passed(),
        }
    }
}

pub(super) use definitions::read as definitions;

pub(super) async fn play(arguments: &Arguments, notices: Notices) -> Result<Played, Error> {
    let known = &KnownConnectors::of_files(&arguments.connector)?;
    let mut definitions = definitions::read(&arguments.files, known, notices)?.into_iter();
    let none = || Error::Invalid("no file was given".to_owned());
    let workflow = definitions.next().ok_or_else(none)?;
    if let Some(file) = &arguments.expect {
        let cases = expect::Cases::read(file, workflow, definitions.collect(), known.catalog())?;
        return Ok(Played::Cases(cases.play().await));
    }
    let workflows = Workflows {
        others: definitions.collect(),
        interventions: interventions(arguments, known.catalog())?,
        answers: answers(arguments)?,
        signals: signals(arguments)?,
    };
    // A moment without fractions of a second is easier to read.
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = arguments.at.unwrap_or(now);
    let is_suite = arguments.event.iter().any(|path| path.is_dir()) || arguments.against.is_some();
    if is_suite {
        return suite(arguments, &workflows, workflow, known, at, notices).await;
    }
    let start = start(arguments, &workflow, at)?;
    let report = workflows.rehearsal(workflow)?.play(&start).await.map_err(invalid)?;
    Ok(Played::One {
        report: Box::new(report),
        form: if arguments.plan { Form::Plan } else { Form::Whole },
    })
}

async fn suite(
    arguments: &Arguments,
    workflows: &Workflows,
    workflow: Definition,
    known: &KnownConnectors,
    at: Timestamp,
    notices: Notices,
) -> Result<Played, Error> {
    let events = Events::read(&arguments.event)?;
    let before = match &arguments.against {
        None => None,
        Some(path) => {
            let before = definitions::read(std::slice::from_ref(path), known, notices)?
                .into_iter()
                .next();
            before.map(|definition| workflows.before(definition)).transpose()?
        }
    };
    let suite = suite::play(&workflows.rehearsal(workflow)?, before.as_ref(), events, at).await;
    Ok(Played::Suite(suite))
}

/// What starts the runs, where they belong together.
fn start(arguments: &Arguments, workflow: &Definition, at: Timestamp) -> Result<Start, Error> {
    if let Some(event_type) = &arguments.sample {
        return Ok(Start::Deliveries {
            deliveries: vec![sample::delivery(event_type, &arguments.set, workflow, at).map_err(invalid)?],
            otherwise: at,
        });
    }
    let paths = arguments.event.as_slice();
    let schedule = workflow.trigger.as_ref().and_then(Trigger::schedule);
    if let (Some(trigger), true, true) = (schedule, paths.is_empty(), arguments.given.is_empty()) {
        let next = || trigger.schedule.next_after(at).unwrap_or(at);
        return Ok(Start::Scheduled {
            at: arguments.at.unwrap_or_else(next),
        });
    }
    match (paths.is_empty(), arguments.given.is_empty()) {
        (true, true) if workflow.trigger.is_some() => Err(Error::Invalid(format!(
            "an event starts the workflow {}; give one with --event or --sample, or start it by hand with --input",
            workflow.name
        ))),
        (true, _) => Ok(Start::ByHand {
            inputs: arguments.given.checked(workflow)?,
            at,
        }),
        (false, false) => Err(Error::Invalid(
            "an event brings no inputs; give either --event or --input".to_owned(),
        )),
        (false, true) => {
            let deliveries = paths.iter().map(|path| events::delivery(path));
            Ok(Start::Deliveries {
                deliveries: deliveries.collect::<Result<_, _>>()?,
                otherwise: at,
            })
        }
    }
}

/// What is the same for all definitions of the workflow.
#[derive(Debug)]
struct Workflows {
    others: Vec<Definition>,
    interventions: Vec<Intervention>,
    answers: Vec<Answer>,
    signals: Vec<Signal>,
}

impl Workflows {
    fn rehearsal(&self, workflow: Definition) -> Result<Rehearsal, Error> {
        let rehearsal = self.without_answers(workflow)?;
        let rehearsal = rehearsal.with_answers(self.answers.clone()).map_err(invalid)?;
        rehearsal.with_signals(self.signals.clone()).map_err(invalid)
    }

    /// The rehearsal of the definition before, which may not have all approvals and waits.
    fn before(&self, workflow: Definition) -> Result<Rehearsal, Error> {
        let rehearsal = self.without_answers(workflow)?;
        let rehearsal = rehearsal.with_answers_that_fit(self.answers.clone());
        // It may wait for no event.
        Ok(rehearsal
            .clone()
            .with_signals(self.signals.clone())
            .unwrap_or(rehearsal))
    }

    fn without_answers(&self, workflow: Definition) -> Result<Rehearsal, Error> {
        Rehearsal::new(workflow, self.others.clone(), self.interventions.clone()).map_err(invalid)
    }
}

fn interventions(arguments: &Arguments, catalog: &Catalog) -> Result<Vec<Intervention>, Error> {
    let fails = arguments.fail.iter().map(|text| Intervention::fails(text, catalog));
    let gives = arguments.result.iter().map(|text| Intervention::gives(text));
    fails.chain(gives).collect::<Result<_, _>>().map_err(invalid)
}

fn answers(arguments: &Arguments) -> Result<Vec<Answer>, Error> {
    let answers = arguments.answer.iter().map(|text| Answer::read(text));
    answers.collect::<Result<_, _>>().map_err(invalid)
}

fn signals(arguments: &Arguments) -> Result<Vec<Signal>, Error> {
    let signals = arguments.signal.iter().map(|text| signal::read(text));
    signals.collect::<Result<_, _>>().map_err(Error::Invalid)
}

fn is_failure(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Cancelled)
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::Invalid(error.to_string())
}

#[cfg(test)]
mod tests;

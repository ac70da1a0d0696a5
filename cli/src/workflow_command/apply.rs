//! `pagerflow workflow apply`: definitions become the active versions of their workflows.
//!
//! Everything is read, checked and looked up before the first is stored. What is stored goes over the version whose
//! difference was shown, and nothing else: if the workflow was changed since, nothing is stored and that is reported. The schedule of
//! a workflow follows when it is stored.

use super::{
    account::Accounts,
    files::{self, Source},
    integrations,
    names::{Directory, Lookup, Meaning},
    stored,
};
use crate::{
    ask::{self, Consent},
    change::Change,
    error::Error,
    known_connectors::KnownConnectors,
    output::{Notices, Output, Screen, View},
    problems::{self, Told},
    schedules,
    stack::Stack,
};
use clap::Args;
use jiff::Timestamp;
use platform::table::{Applied, NewVersion, WorkflowRecord, WorkflowState};
use serde::Serialize;
use std::{cell::RefCell, path::PathBuf, process::ExitCode};
use workflow::{
    definition::{Definition, ThingReference},
    ids::{WorkflowId, WorkflowVersion},
    triggers::Trigger,
};

/// The most lines of a difference that are shown before something is applied.
const DIFFERENCE_LINES: usize = 60;

/// The files and options of `apply`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The files, and folders with files that end with .yaml, .yml or .json; `-` for standard input.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask PagerDuty: names cannot be used, and ids are not checked.
    #[arg(long)]
    offline: bool,
    /// Fail unless this version is the active one; 0 if there must be no such workflow yet. For one definition only.
    #[arg(long, value_name = "VERSION")]
    expect_version: Option<stored::VersionNumber>,
    /// Do not ask before an existing workflow is changed. Without a terminal that needs it; a new workflow never does.
    #[arg(long)]
    yes: bool,
}

/// A definition that is ready to be applied.
#[derive(Debug)]
struct Ready {
    source: Source,
    definition: Definition,
    /// The meaning of the names in it.
    names: Vec<NameMeant>,
    /// The workflow as it is now.
    seen: Option<WorkflowRecord>,
    change: Kind,
    webhook_url: Option<String>,
}

/// A name in the source, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct NameMeant {
    path: String,
    name: String,
    value: String,
}

/// The kind of change that applying makes.
#[derive(Debug)]
enum Kind {
    New,
    /// The workflow was deleted, or its active version cannot be read by this release.
    Replaced,
    Unchanged,
    Changed(Change),
}

/// A definition that was applied, or would be.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    workflow: WorkflowId,
    file: PathBuf,
    /// None in a dry run.
    version: Option<WorkflowVersion>,
    changed: bool,
    change: ChangeName,
    previous_version: Option<WorkflowVersion>,
    digest: String,
    difference: Option<Change>,
    names: Vec<NameMeant>,
    state: Option<WorkflowState>,
    webhook_url: Option<String>,
    /// The times of its schedule, if it has one.
    schedule: Option<String>,
    /// True if the place of a workflow is taken that was deleted or cannot be read.
    #[serde(skip)]
    is_replaced: bool,
}

/// The name of a change, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum ChangeName {
    New,
    Changed,
    Unchanged,
}

/// Carries out the command: prints each definition's change, asks, and applies it.
pub(super) async fn run(options: &Options, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    let plans = plans(options, stack, notices).await?;
    // Before the first is stored, and with its difference shown, so that what is asked is known.
    if !options.dry_run && !options.yes && plans.iter().any(Ready::asks) && !ask::can_ask() {
        for plan in &plans {
            announce(plan, true, output)?;
        }
        let names = plans
            .iter()
            .filter(|plan| plan.asks())
            .map(|plan| plan.definition.name.to_string());
        return Err(ask::needs_yes(&format!(
            "It changes {}; nothing was stored.",
            names.collect::<Vec<_>>().join(", ")
        )));
    }
    for plan in plans {
        announce(&plan, options.dry_run, output)?;
        if options.dry_run {
            output.show(&plan.outcome(None))?;
            continue;
        }
        if plan.asks() && !Consent::of(options.yes).allows(&plan.question())? {
            return Ok(ExitCode::FAILURE);
        }
        let applying = notices.working(format!("Storing {}", plan.definition.name));
        let applied = plan.apply(stack).await?;
        drop(applying);
        output.show(&applied)?;
        if applied.state == Some(WorkflowState::Disabled) {
            let name = &applied.workflow;
            notices.warn(&format!(
                "{name} is still disabled; enable it with `pagerflow workflow enable {name}`"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints for a person what changes.
fn announce(plan: &Ready, is_dry_run: bool, output: &mut Output) -> Result<(), Error> {
    if output.is_json() {
        return Ok(());
    }
    for line in plan.announcement(is_dry_run, output.screen()) {
        output.line(&line)?;
    }
    Ok(())
}

/// Reads, checks and looks up definitions. Nothing is stored.
async fn plans(options: &Options, stack: &Stack, notices: Notices) -> Result<Vec<Ready>, Error> {
    let known = stack.connectors().await?;
    let found = files::read(&options.paths, known)?;
    found.remark(notices);
    let sources = found.sources;
    if options.expect_version.is_some() && sources.len() > 1 {
        return Err(Error::Invalid(
            "--expect-version is for one definition; apply them one by one".to_owned(),
        ));
    }
    if sources.iter().any(|source| !source.draft.integrations().is_empty()) {
        integrations::check(&sources, &stack.table.integrations().await?, known.catalog())?;
    }
    let lookup = match options.offline {
        true => Lookup::nothing(),
        false => {
            let _looking = notices.working("Looking up names and ids in PagerDuty");
            looked_up(&sources, &Accounts { stack, notices }).await
        }
    };
    let ready = resolved(sources, known, &lookup, notices)?;
    let mut plans = Vec::with_capacity(ready.len());
    for (source, definition, names) in ready {
        plans.push(planned(source, definition, names, options, stack).await?);
    }
    Ok(plans)
}

async fn looked_up(sources: &[Source], directory: &impl Directory) -> Lookup {
    let references = sources.iter().flat_map(|source| source.draft.references());
    Lookup::of(references, directory).await
}

/// The definitions with ids for names. The names of all files that mean nothing are told at once.
fn resolved(
    sources: Vec<Source>,
    known: &KnownConnectors,
    lookup: &Lookup,
    notices: Notices,
) -> Result<Vec<(Source, Definition, Vec<NameMeant>)>, Error> {
    for gap in lookup.gaps() {
        notices.warn(&gap);
    }
    let mut problems = Told::default();
    let mut ready = Vec::with_capacity(sources.len());
    for source in sources {
        let names = RefCell::new(Vec::new());
        let definition = source.draft.resolved(known.catalog(), |reference| {
            let meaning = lookup.meaning(reference)?;
            names.borrow_mut().extend(name_meant(reference, &meaning));
            if let Some(doubt) = &meaning.doubt {
                notices.warn(&format!("{}: {doubt}", problems::place(&reference.path)));
            }
            Ok(meaning.value)
        });
        match definition {
            Ok(definition) => ready.push((source, definition, names.into_inner())),
            Err(found) => problems.add(&source.path, &found),
        }
    }
    problems.none()?;
    Ok(ready)
}

/// The meaning of a name, if the text is a name: an id means itself.
fn name_meant(reference: &ThingReference, meaning: &Meaning) -> Option<NameMeant> {
    (reference.text != meaning.value).then(|| NameMeant {
        path: reference.path.clone(),
        name: reference.text.clone(),
        value: meaning.value.clone(),
    })
}

async fn planned(
    source: Source,
    definition: Definition,
    names: Vec<NameMeant>,
    options: &Options,
    stack: &Stack,
) -> Result<Ready, Error> {
    let seen = stack.table.workflow(&definition.name).await?;
    if let Some(expected) = options.expect_version {
        as_expected(expected.0, seen.as_ref(), &definition)?;
    }
    let change = match seen.as_ref() {
        None => Kind::New,
        Some(seen) if seen.state == WorkflowState::Deleted => Kind::Replaced,
        Some(seen) => match stored::active(seen, stack).await? {
            None => Kind::Replaced,
            Some(active) => {
                let from = format!("{} {}", seen.workflow, seen.active_version);
                let to = source.path.display().to_string();
                let change = Change::between((&from, &active), (&to, &definition));
                if change.is_none() {
                    Kind::Unchanged
                } else {
                    Kind::Changed(change)
                }
            }
        },
    };
    Ok(Ready {
        webhook_url: stored::webhook_url(&definition.name, &definition, stack),
        source,
        definition,
        names,
        seen,
        change,
    })
}

/// Fails if another version is active than is expected.
fn as_expected(expected: WorkflowVersion, seen: Option<&WorkflowRecord>, definition: &Definition) -> Result<(), Error> {
    let name = &definition.name;
    let live = seen.filter(|seen| seen.state != WorkflowState::Deleted);
    let active = live.map_or(WorkflowVersion(0), |seen| seen.active_version);
    if active == expected {
        return Ok(());
    }
    let found = match (live, expected) {
        (None, _) => format!("there is no workflow {name}"),
        (Some(seen), WorkflowVersion(0)) => format!(
            "there is {name} {} since {:.0}\nLook at it with `pagerflow workflow show {name}`.",
            seen.active_version, seen.updated_at
        ),
        (Some(seen), expected) if expected > seen.active_version => format!(
            "{name} {} is active, since {:.0}\nList its versions with `pagerflow workflow versions {name}`.",
            seen.active_version, seen.updated_at
        ),
        (Some(seen), expected) => format!(
            "{name} {0} is active, since {1:.0}\nLook at its changes with `pagerflow workflow diff {name} --from {2}`, bring them \
             into your file, and expect {0} then.",
            seen.active_version, seen.updated_at, expected
        ),
    };
    let expected = match expected {
        WorkflowVersion(0) => format!("no workflow {name}"),
        expected => format!("{name} {expected}"),
    };
    Err(Error::Invalid(format!("{expected} was expected, but {found}")))
}

impl Ready {
    /// True if a person has to agree: it changes what is there, or brings back what was deleted.
    fn asks(&self) -> bool {
        match self.change {
            Kind::New | Kind::Unchanged => false,
            Kind::Replaced | Kind::Changed(_) => true,
        }
    }

    fn question(&self) -> String {
        let name = &self.definition.name;
        match self.seen.as_ref() {
            Some(seen) => format!("Apply this to {name}, over its version {}?", seen.active_version),
            None => format!("Apply {name}?"),
        }
    }

    /// The changes, in lines for a person.
    fn announcement(&self, is_dry_run: bool, screen: Screen) -> Vec<String> {
        let names = match self.change {
            Kind::Unchanged => &[],
            Kind::New | Kind::Replaced | Kind::Changed(_) => self.names.as_slice(),
        };
        let names = names
            .iter()
            .map(|name| format!("{}: `{}` is {}", problems::place(&name.path), name.name, name.value));
        let mut lines: Vec<String> = names.collect();
        if let Kind::Changed(change) = &self.change {
            let verb = if is_dry_run { "would change" } else { "changes" };
            lines.push(format!("{} {verb}: {}", self.definition.name, change.summary()));
            lines.push(first_lines(&change.shown(screen), DIFFERENCE_LINES));
        }
        lines
    }

    async fn apply(self, stack: &Stack) -> Result<Outcome, Error> {
        let applied_by = match self.change {
            Kind::Unchanged => None,
            _ => stack.caller().await,
        };
        let new = NewVersion {
            definition: &self.definition,
            source: &self.source.text,
            applied_by: applied_by.as_deref(),
        };
        let applied = stack
            .table
            .apply_workflow(self.seen.as_ref(), &new, Timestamp::now())
            .await?;
        schedules::follow(&self.definition.name, applied.state, stack).await?;
        Ok(self.outcome(Some(applied)))
    }

    /// The outcome; of a dry run, if it was not applied.
    fn outcome(self, applied: Option<Applied>) -> Outcome {
        let before = self.seen.as_ref();
        let (change, difference, is_replaced) = match self.change {
            Kind::New => (ChangeName::New, None, false),
            Kind::Replaced => (ChangeName::Changed, None, true),
            Kind::Unchanged => (ChangeName::Unchanged, None, false),
            Kind::Changed(difference) => (ChangeName::Changed, Some(difference), false),
        };
        let schedule = self.definition.trigger.as_ref().and_then(Trigger::schedule);
        let schedule = schedule.map(|trigger| trigger.schedule.to_string());
        Outcome {
            digest: self.definition.digest(),
            workflow: self.definition.name,
            file: self.source.path,
            version: applied.map(|applied| applied.version),
            changed: applied.is_some_and(|applied| applied.is_new),
            change,
            previous_version: before.map(|seen| seen.active_version),
            difference,
            names: self.names,
            state: applied
                .map(|applied| applied.state)
                .or_else(|| before.map(|seen| seen.state)),
            webhook_url: self.webhook_url,
            schedule,
            is_replaced,
        }
    }
}

impl View for Outcome {
    fn text(&self, _: Screen) -> String {
        let name = &self.workflow;
        match (self.version, self.change) {
            (Some(version), ChangeName::Unchanged) => format!("{name} {version} is unchanged."),
            (Some(version), _) => match (&self.webhook_url, &self.schedule) {
                (Some(url), _) => format!("Applied {name} {version}. Its webhook is {url}"),
                (None, Some(times)) => format!(
                    "Applied {name} {version}. It starts by itself, {times}: `pagerflow workflow show {name}` has the next times."
                ),
                (None, None) => format!("Applied {name} {version}. Start it with `pagerflow run start {name}`."),
            },
            (None, ChangeName::New) => format!("{name} would be new."),
            (None, ChangeName::Unchanged) => format!("{name} would be unchanged."),
            (None, ChangeName::Changed) if self.is_replaced => format!("{name} would be replaced."),
            (None, ChangeName::Changed) => format!("{name} would be changed."),
        }
    }
}

fn first_lines(text: &str, most: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    match lines.get(..most) {
        Some(first) if lines.len() > most => {
            format!("{}\n… and {} more lines", first.join("\n"), lines.len() - most)
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;

use super::*;
use futures_util::FutureExt;
use platform::{
    catalog,
    table::{NewVersion, ScheduleRecord, WorkflowSchedule, items::Memory},
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};
use workflow::{definition::Definition, ids::WorkflowVersion};

pub(crate) fn target() -> ScheduleTarget {
    ScheduleTarget {
        queue: "start-buffer".to_owned(),
        dead_letters: "dead-letters".to_owned(),
        role: "role".to_owned(),
    }
}

pub(crate) fn mornings() -> WorkflowSchedule {
    WorkflowSchedule::Current(ScheduleRecord {
        expression: "cron(0 9 ? * MON-FRI *)".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        catch_up: false,
        shown: "0 9 * * mon-fri in Europe/Berlin".to_owned(),
    })
}

pub(crate) fn workflow(name: &str, state: WorkflowState, schedule: WorkflowSchedule) -> WorkflowRecord {
    WorkflowRecord {
        workflow: name.parse().unwrap(),
        state,
        active_version: WorkflowVersion(7),
        trigger: None,
        awaits: platform::table::AwaitedTypes::new(),
        schedule,
        timeout: None,
        updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
    }
}

/// The change that another command makes at the next put.
type Meddles<'a> = Box<dyn FnOnce(&World) + Send + 'a>;

/// A table with one workflow, and an EventBridge Scheduler that can be out of reach.
struct World {
    table: Table<Memory>,
    schedules: Mutex<BTreeMap<String, Schedule>>,
    is_down: Mutex<bool>,
    meddles: Mutex<Option<Meddles<'static>>>,
    puts: Mutex<usize>,
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap()
}

impl World {
    fn new() -> Self {
        Self {
            table: Table::over(Memory::default()),
            schedules: Mutex::default(),
            is_down: Mutex::default(),
            meddles: Mutex::default(),
            puts: Mutex::default(),
        }
    }

    fn record(&self) -> WorkflowRecord {
        let record = self.table.workflow(&"w".parse().unwrap()).now_or_never().unwrap();
        record.unwrap().unwrap()
    }

    /// Makes a definition with that trigger the active version, in the table alone.
    fn stores(&self, on: &str, at: &str) {
        let source = format!("name: w\n{on}steps: [{{ wait: 1s }}]\n");
        let definition = Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{problems}"));
        let seen = self.table.workflow(&definition.name).now_or_never().unwrap().unwrap();
        let new = NewVersion {
            definition: &definition,
            source: &source,
            applied_by: None,
        };
        let applied = self.table.apply_workflow(seen.as_ref(), &new, at.parse().unwrap());
        assert!(applied.now_or_never().unwrap().unwrap().is_new);
    }

    fn sets(&self, state: WorkflowState) {
        let id = "w".parse().unwrap();
        let set = self
            .table
            .set_workflow_state(&id, state, "2026-11-20T12:00:00Z".parse().unwrap());
        set.now_or_never().unwrap().unwrap();
    }

    fn follows(&self) -> Result<(), BringError> {
        bring(&self.record(), &self.table, self, &target())
            .now_or_never()
            .unwrap()
    }

    fn schedule(&self) -> Option<Schedule> {
        lock(&self.schedules).get("w").cloned()
    }

    fn answer(&self) -> Result<(), SchedulerError> {
        match *lock(&self.is_down) {
            true => Err(SchedulerError {
                operation: "do it",
                cause: "ThrottlingException".into(),
            }),
            false => Ok(()),
        }
    }
}

impl Schedules for World {
    async fn get(&self, name: &str) -> Result<Option<Schedule>, SchedulerError> {
        self.answer()?;
        Ok(lock(&self.schedules).get(name).cloned())
    }

    async fn put(&self, workflow: &WorkflowId, schedule: &Schedule) -> Result<(), SchedulerError> {
        self.answer()?;
        let meddles = lock(&self.meddles).take();
        if let Some(meddle) = meddles {
            meddle(self);
        }
        *lock(&self.puts) += 1;
        lock(&self.schedules).insert(workflow.to_string(), schedule.clone());
        Ok(())
    }

    async fn remove(&self, workflow: &WorkflowId) -> Result<(), SchedulerError> {
        self.answer()?;
        lock(&self.schedules).remove(workflow.as_str());
        Ok(())
    }

    async fn names(&self) -> Result<Vec<String>, SchedulerError> {
        Ok(lock(&self.schedules).keys().cloned().collect())
    }
}

const MORNINGS: &str = "on: { schedule: { cron: '0 9 * * mon-fri', timezone: Europe/Berlin } }\n";
const OFTEN: &str = "on: { schedule: { every: 15m } }\n";

#[test]
fn a_schedule_follows_the_workflow_from_its_first_version_to_its_end() {
    let world = World::new();
    world.stores(MORNINGS, "2026-11-20T09:00:00Z");
    world.follows().unwrap();
    let first = world.schedule().unwrap();
    assert!(first.is_enabled && first.input.contains(r#""version":1"#), "{first:?}");

    world.stores(OFTEN, "2026-11-20T10:00:00Z");
    world.follows().unwrap();
    let second = world.schedule().unwrap();
    assert_eq!(second.expression, "rate(15 minutes)");
    assert!(second.input.contains(r#""version":2"#), "{second:?}");

    world.sets(WorkflowState::Disabled);
    world.follows().unwrap();
    assert!(!world.schedule().unwrap().is_enabled);

    world.sets(WorkflowState::Deleted);
    world.follows().unwrap();
    assert_eq!(world.schedule(), None);
}

#[test]
fn a_version_without_a_schedule_takes_that_of_the_version_before_away_also_when_it_did_not_work_at_once() {
    let world = World::new();
    world.stores(OFTEN, "2026-11-20T09:00:00Z");
    world.follows().unwrap();

    world.stores("", "2026-11-20T10:00:00Z");
    *lock(&world.is_down) = true;
    world.follows().unwrap_err();
    assert!(world.schedule().is_some());

    *lock(&world.is_down) = false;
    world.follows().unwrap();
    assert_eq!(world.schedule(), None);
    assert!(world.record().schedule.was_ever());
}

#[test]
fn a_workflow_that_never_had_a_schedule_is_known_as_such() {
    let world = World::new();
    world.stores("", "2026-11-20T09:00:00Z");
    assert!(!world.record().schedule.was_ever());
}

#[test]
fn what_is_as_it_is_to_be_is_not_written_again() {
    let world = World::new();
    world.stores(OFTEN, "2026-11-20T09:00:00Z");
    world.follows().unwrap();
    world.follows().unwrap();
    assert_eq!(*lock(&world.puts), 1);
}

#[test]
fn of_two_commands_at_the_same_time_the_last_in_the_table_counts() {
    let world = World::new();
    world.stores(OFTEN, "2026-11-20T09:00:00Z");
    *lock(&world.meddles) = Some(Box::new(|world: &World| {
        world.stores(MORNINGS, "2026-11-20T10:00:00Z");
        world.follows().unwrap();
    }));

    world.follows().unwrap();

    let schedule = world.schedule().unwrap();
    assert!(schedule.input.contains(r#""version":2"#), "{schedule:?}");
    assert_eq!(schedule.timezone, "Europe/Berlin");
}

#[test]
fn what_is_half_done_is_told_with_the_command_that_does_the_rest() {
    let half_done = |state| {
        NotFollowed {
            workflow: "w".parse().unwrap(),
            state,
            cause: Box::new(
                SchedulerError {
                    operation: "change a schedule",
                    cause: "access denied".into(),
                }
                .into(),
            ),
        }
        .to_string()
    };
    insta::assert_snapshot!(half_done(WorkflowState::Enabled), @"
    the table has the workflow w as it is to be, but its schedule is not changed yet: EventBridge Scheduler failed to change a schedule: access denied
    Meanwhile nothing starts that the table does not want, and nothing at times that are new. Run the same command again, or `pagerflow workflow enable w`.
    ");
    for (state, command) in [
        (WorkflowState::Disabled, "`pagerflow workflow disable w`"),
        (WorkflowState::Deleted, "`pagerflow workflow delete w --yes`"),
    ] {
        assert!(half_done(state).contains(command), "{}", half_done(state));
    }
}

//! People who decide about approvals: early or late, twice, and now and then by a program that ends before it has woken the lane.

use super::{Chance, Fault, Site, World};
use crate::store::Question;
use jiff::Timestamp;
use platform::{
    approvals::{Answered, answer},
    table::{ApprovalState, ApprovalView, Approvals, Decided, Signalled, StoreError, Waiting, Waits},
};
use std::{collections::BTreeMap, time::Duration};
use workflow::{
    approval::{Answer, Decider, Decision},
    ids::{ApprovalId, LanePath, RunId},
};

/// Decides about each approval that is asked for, until the world ends. `no_wake` is the share of decisions after which no lane is woken.
pub(crate) async fn decide(world: World, seed: u64, no_wake: f64) {
    loop {
        for question in world.store.questions().await {
            let chance = Chance::new(seed, question.id.as_str());
            // Some are never decided, and some more than once.
            let deciders = chance.one_of(&[0, 1, 1, 1, 1, 2, 3]).unwrap_or(1);
            for number in 0..deciders {
                let chance = Chance::new(seed, &format!("{} {number}", question.id));
                tokio::spawn(decide_one(world.clone(), question.clone(), chance, no_wake));
            }
        }
    }
}

async fn decide_one(world: World, question: Question, chance: Chance, no_wake: f64) {
    let comes = Comes::drawn(&chance);
    tokio::time::sleep(comes.after(&question, &chance)).await;
    let table = world.store.in_peace();
    let Ok(Some(view)) = table.approval(&question.id).await else {
        return;
    };
    let choices = &view.question.choices;
    let given = Answer {
        choice: choices
            .get(chance.position(choices.len()))
            .map_or_else(String::new, ToString::to_string),
        form: BTreeMap::from_iter(view.question.form.keys().map(|name| (name.to_string(), "7".to_owned()))),
    };
    let decider = match chance.happens(0.5) {
        true => Decider::Link {
            name: "Anna".to_owned(),
        },
        false => Decider::Arn("arn:aws:sts::123456789012:assumed-role/oncall/bob".to_owned()),
    };
    let now = world.store.now();
    let way = Way {
        world: &world,
        question: &question,
        waits_for_plan: matches!(comes, Comes::InPlan),
        delay: chance.millis(0..=25),
    };
    let said = if chance.happens(no_wake) && view.state == ApprovalState::Open {
        world.mishaps.note(Fault::Unwoken, Site::Run(view.run.clone()));
        match view.question.decide(&given, &decider, now) {
            Ok(decision) => format!("{:?}", way.decide(&view.id, &decision).await),
            Err(refusal) => refusal.to_string(),
        }
    } else {
        let answered = answer(view, &given, &decider, &way, &world.executions, now).await;
        match answered {
            Ok(Answered::Over(view)) => format!("over: {:?}", view.state),
            answered => format!("{answered:?}"),
        }
    };
    world
        .trace
        .say(format_args!("a person decides {}: {said}", question.id));
}

/// The moment of a decision.
#[derive(Debug, Clone, Copy)]
enum Comes {
    /// At once, while the messages are sent or the lane begins to wait.
    AtOnce,
    /// At any time.
    AnyTime,
    /// When the time is over.
    Late,
    /// Just in time, and written while a Plan is made: probably the one that ends the wait.
    InPlan,
}

impl Comes {
    fn drawn(chance: &Chance) -> Self {
        let all = [
            Self::AtOnce,
            Self::AtOnce,
            Self::AnyTime,
            Self::AnyTime,
            Self::Late,
            Self::InPlan,
            Self::InPlan,
        ];
        chance.one_of(&all).unwrap_or(Self::AnyTime)
    }

    fn after(self, question: &Question, chance: &Chance) -> Duration {
        let time = Duration::try_from(question.time).unwrap_or_default();
        match self {
            Self::AtOnce => chance.millis(0..=80),
            Self::AnyTime => time.mul_f64(chance.part()),
            Self::Late => time + chance.millis(0..=5_000),
            Self::InPlan => time.saturating_sub(chance.millis(1..=200)),
        }
    }
}

/// The longest time until a Plan is made in which a decision is written.
const LONGEST_WAIT_FOR_A_PLAN: Duration = Duration::from_secs(5);

/// The way of a decision to the table, which takes a while: the time for it can be over when it arrives. Each that is taken is noted.
struct Way<'a> {
    world: &'a World,
    question: &'a Question,
    waits_for_plan: bool,
    delay: Duration,
}

impl Approvals for Way<'_> {
    async fn approval(&self, id: &ApprovalId) -> Result<Option<ApprovalView>, StoreError> {
        self.world.store.in_peace().approval(id).await
    }

    async fn decide(&self, id: &ApprovalId, decision: &Decision) -> Result<Decided, StoreError> {
        if self.waits_for_plan {
            let plan = tokio::time::timeout(LONGEST_WAIT_FOR_A_PLAN, self.world.functions.next_plan()).await;
            drop(plan);
        }
        tokio::time::sleep(self.delay).await;
        let store = &self.world.store;
        let decided = store.in_peace().decide(id, decision).await;
        if matches!(decided, Ok(Decided::Now)) {
            store.note_decision(self.question, decision);
        }
        decided
    }
}

impl Waits for Way<'_> {
    async fn waits(&self, run: &RunId) -> Result<Vec<Waiting>, StoreError> {
        self.world.store.waits(run).await
    }

    async fn wait_of(&self, run: &RunId, lane: &LanePath) -> Result<Option<Waiting>, StoreError> {
        self.world.store.wait_of(run, lane).await
    }

    async fn signal(&self, waiting: &Waiting) -> Result<Signalled, StoreError> {
        self.world.store.signal(waiting).await
    }

    async fn next_in_line(&self, ended: &RunId, now: Timestamp) -> Result<Option<RunId>, StoreError> {
        self.world.store.next_in_line(ended, now).await
    }
}

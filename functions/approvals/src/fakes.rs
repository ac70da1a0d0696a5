//! The table with one approval, the secret of the links, and what wakes lanes, in memory.

use crate::{
    Approvals,
    slack::{Replies, SigningSecrets},
};
use jiff::Timestamp;
use platform::{
    approval_links::ApprovalLinks,
    executions::{WakeError, Wakes},
    secrets::{SecretNames, SecretsInMemory},
    table::{
        ApprovalState, Approvals as _, Cancellation, Read, StoreError, Table, TaskToken,
        items::{Item, Items, Key, Memory, Page, Projection, Query, Single, Transacted, Write},
        journal::{Entry, Journal},
    },
    telemetry,
};
use provider::transport::{Request, Sending, Transport};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    io,
    sync::{Arc, Mutex, Once},
    time::Duration,
};
use workflow::{
    approval::Question,
    ids::{ApprovalId, LanePath, RunId, Section, StepPath},
    planner::{ApprovalChange, Changes, Closed, Cursor, LaneEnd, WaitChange, WaitKey},
    run::RunInput,
};

const SECRET: &str = "0123456789abcdefghijklmnopqrstuv";

/// The secret with which the Slack of another integration signs.
pub(crate) const OTHER_SIGNING_SECRET: &str = "the-signing-secret-of-another-slack";

const RUN: &str = "4q7k2run";
const TOKEN: &str = "token-of-the-wait";

/// Half an hour before the end of the time.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T09:30:00Z".parse().unwrap()
}

pub(crate) type Pages = Approvals<Table<World>, SecretsInMemory, World>;

/// The world around the pages. Its clones share one state.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    items: Memory,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    writes: usize,
    woken: Vec<String>,
    reads_fail: bool,
    writes_fail: bool,
    answers_are_lost: bool,
    wakes_fail: bool,
}

/// A question that everyone who has the link may answer.
pub(crate) fn question() -> Value {
    json!({
        "message": "Restart web-1?\nIt leaks memory.", "choices": ["restart", "leave it"],
        "form": {
            "reason": {"type": "text", "description": "For the post-mortem."},
            "count": {"type": "integer", "default": 1},
            "sure": {"type": "boolean", "default": true},
        },
        "until": "2026-11-22T10:00:00Z",
    })
}

impl World {
    /// A world in which a run waits for a decision about the usual question.
    pub(crate) async fn asking() -> Self {
        Self::asking_with(question()).await
    }

    pub(crate) async fn asking_with(question: Value) -> Self {
        Log::record();
        let world = Self::default();
        let question: Question = serde_json::from_value(question).unwrap();
        let asked = ApprovalChange::Asked {
            id: id(),
            step: step(),
            question: Box::new(question),
        };
        let changes = Changes {
            approvals: vec![asked],
            wait: Some(WaitChange::Waits),
            ..Changes::default()
        };
        world.plan(1, changes).await;
        let wait = WaitKey::of(&run(), &LanePath::main());
        let parked = world.table().park(wait.pk(), wait.sk(), "1", TOKEN).await.unwrap();
        assert!(parked);
        world
    }

    /// Writes a Plan of the run that asks.
    async fn plan(&self, number: u64, changes: Changes) {
        let input: RunInput = serde_json::from_value(json!({
            "run": {"id": RUN, "workflow": "memory-alert", "version": 1, "depth": 0}, "cause": {"hand": {}}, "inputs": {},
        }))
        .unwrap();
        let times = "2026-11-23T09:00:00Z";
        let cursor: Cursor = serde_json::from_value(json!({
            "lane": "main", "plans": number, "started_at": now(), "deadline": times, "run_deadline": times, "events": 1,
        }))
        .unwrap();
        let entry = Entry {
            input: &input,
            event: None,
            execution: "E1",
            previous_owner: None,
            started_at: now(),
            now: now(),
            cursor: &cursor,
            changes: &changes,
            concurrency_key: None,
            handover: &json!({ "cursor": cursor }).to_string(),
        };
        self.table().write(&entry).await.unwrap();
    }

    /// Ends the wait for a decision, as a Plan does.
    pub(crate) async fn close(&self, reason: Closed) {
        let closed = ApprovalChange::Closed { id: id(), reason };
        let changes = Changes {
            approvals: vec![closed],
            ..Changes::default()
        };
        self.plan(2, changes).await;
    }

    pub(crate) async fn end_run(&self) {
        let end = LaneEnd::Success { output: json!(1) };
        let changes = Changes {
            end: Some(end),
            ..Changes::default()
        };
        self.plan(2, changes).await;
    }

    pub(crate) async fn cancel_run(&self) {
        let asked: Cancellation = serde_json::from_value(json!({"at": now(), "by": "bob"})).unwrap();
        self.table().cancel_run(&run(), &asked).await.unwrap();
    }

    /// The table for another writer: its writes are not counted, and succeed.
    fn table(&self) -> Table<Memory> {
        Table::over(self.items.clone())
    }

    pub(crate) fn pages(&self) -> Pages {
        self.pages_with(SECRET)
    }

    /// The pages of a stack with a secret of its own.
    pub(crate) fn pages_with(&self, secret: &str) -> Pages {
        let secrets = SecretsInMemory::holding("pagerflow/approval-links", secret);
        secrets.put("pagerflow/answer-signing/slack/ops", vendors::slack::SIGNING_SECRET);
        secrets.put("pagerflow/answer-signing/slack/other", OTHER_SIGNING_SECRET);
        let names = SecretNames::new("pagerflow");
        Approvals {
            links: ApprovalLinks::new(secrets.clone(), &names, "https://example.com/approvals"),
            signing: SigningSecrets::new(secrets, names),
            replies: Replies::Given(Arc::new(self.clone())),
            store: Table::over(self.clone()),
            executions: self.clone(),
        }
    }

    /// The link of the approval, without the address before it.
    pub(crate) async fn link(&self) -> String {
        let link = self.pages().links.link(&id(), now()).await.unwrap();
        link.rsplit_once('/').unwrap().1.to_owned()
    }

    pub(crate) fn fail_reads(&self) {
        self.state().reads_fail = true;
    }

    pub(crate) fn fail_writes(&self) {
        self.state().writes_fail = true;
    }

    /// Makes writes and loses the answers.
    pub(crate) fn lose_answers(&self) {
        self.state().answers_are_lost = true;
    }

    pub(crate) fn fail_wakes(&self) {
        self.state().wakes_fail = true;
    }

    pub(crate) fn recover(&self) {
        let mut state = self.state();
        (state.reads_fail, state.writes_fail, state.answers_are_lost) = (false, false, false);
    }

    /// The number of writes that the pages have made or tried.
    pub(crate) fn writes(&self) -> usize {
        self.state().writes
    }

    /// The tokens of the lanes that were woken.
    pub(crate) fn woken(&self) -> Vec<String> {
        self.state().woken.clone()
    }

    /// The choice that stands, and who made it.
    pub(crate) async fn decided(&self) -> Option<(String, String)> {
        let view = self.table().approval(&id()).await.unwrap().unwrap();
        match view.state {
            ApprovalState::Decided { decision } => Some((decision.choice.to_string(), decision.by)),
            _ => None,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn read(&self) -> Result<(), StoreError> {
        match self.state().reads_fail {
            true => Err(unavailable()),
            false => Ok(()),
        }
    }
}

fn run() -> RunId {
    RUN.parse().unwrap()
}

fn step() -> StepPath {
    StepPath::top(Section::Steps, 0)
}

/// The id of the approval.
pub(crate) fn id() -> ApprovalId {
    ApprovalId::of(&run(), &LanePath::main(), &step())
}

fn unavailable() -> StoreError {
    StoreError::Unavailable {
        operation: "do it",
        cause: "ThrottlingException".into(),
    }
}

impl Items for World {
    async fn get(&self, read: Read, key: &Key) -> Result<Option<Item>, StoreError> {
        self.read()?;
        self.items.get(read, key).await
    }

    async fn get_all(&self, _: Read, _: Vec<Key>, _: Option<Projection>) -> Result<Vec<Item>, StoreError> {
        panic!("a page reads single items");
    }

    async fn query(&self, _: &Query) -> Result<Page, StoreError> {
        panic!("a page reads single items");
    }

    async fn write(&self, operation: &'static str, write: Write) -> Result<Single, StoreError> {
        let (fails, is_lost) = {
            let mut state = self.state();
            state.writes += 1;
            (state.writes_fail, state.answers_are_lost)
        };
        if fails {
            return Err(unavailable());
        }
        let written = self.items.write(operation, write).await;
        match is_lost {
            true => Err(unavailable()),
            false => written,
        }
    }

    async fn transact(&self, _: &'static str, _: Vec<Write>) -> Result<Transacted, StoreError> {
        panic!("a page writes single items");
    }

    async fn pause(&self, time: Duration) {
        self.items.pause(time).await;
    }
}

/// The way of replies, which lead nowhere.
impl Transport for World {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move { panic!("a page sends no reply to Slack: {request:?}") })
    }
}

impl Wakes for World {
    async fn wake(&self, token: &TaskToken) -> Result<(), WakeError> {
        let mut state = self.state();
        if state.wakes_fail {
            return Err(WakeError::new("ThrottlingException".into()));
        }
        state.woken.push(token.0.expose_secret().to_owned());
        Ok(())
    }
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is logged. Each test has a thread, and so a log, of its own.
#[derive(Debug)]
pub(crate) struct Log;

impl Log {
    /// Records what is logged from now on, in all threads.
    fn record() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let subscriber = telemetry::subscriber("trace".parse().unwrap(), || Self);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
    }

    /// All that this test has logged so far.
    pub(crate) fn text() -> String {
        String::from_utf8(LOGGED.with_borrow(Vec::clone)).unwrap()
    }

    /// The lines about requests.
    pub(crate) fn lines() -> Vec<Value> {
        let text = Self::text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line.get("outcome").is_some()).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

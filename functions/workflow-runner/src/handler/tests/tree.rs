//! Plays the state machine for a run with all its executions, one after the other.

use super::*;
use platform::catalog;
use workflow::{
    ids::{LanePath, RunId, WorkflowId},
    planner::LaneKey,
    run::RunInput,
};

pub(super) const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:execution:workflow";

/// A run and the executions that bear it.
pub(super) struct Tree {
    pub(super) runner: Runner<Store, Store, Store, Store>,
    pub(super) store: Store,
    pub(super) now: Timestamp,
    /// The input of the execution that bears the run.
    pub(super) input: Value,
    /// What each Plan asked of the table, with its lane and the type of its command.
    pub(super) plans: Vec<(LanePath, String, Vec<Call>)>,
    /// The names of the executions that were started, in order.
    pub(super) started: Vec<String>,
    /// Which of those are lost before their first Plan, by their number in that order.
    pub(super) lost: Vec<usize>,
    /// The largest state, in bytes.
    pub(super) largest: usize,
    /// What the actions leave.
    pub(super) result: Value,
}

impl Tree {
    /// A run of a workflow, started by a V3 event.
    pub(super) fn new(definition: &str) -> Self {
        Self::with_data(definition, json!({}))
    }

    /// The same with further fields in the event's data.
    pub(super) fn with_data(definition: &str, data: Value) -> Self {
        let Admitted { input, large_body, .. } = admitted(data);
        let tree = Self::of(&json!(input));
        if let Some(body) = large_body {
            at_once(tree.store.table().put_body(&input.run.id, body.to_vec(), start()));
        }
        tree.apply(definition);
        tree
    }

    /// A run that a person started.
    pub(super) fn by_hand(definition: &str, inputs: &Value) -> Self {
        let run = json!({"id": "by-hand", "workflow": "w", "version": 3, "depth": 0});
        let tree = Self::of(&json!({"run": run, "cause": {"hand": {}}, "inputs": inputs}));
        tree.apply(definition);
        tree
    }

    /// A run that the schedule of the workflow started.
    pub(super) fn by_schedule(definition: &str, scheduled_at: &str) -> Self {
        let run = json!({"id": "by-schedule", "workflow": "w", "version": 3, "depth": 0});
        let tree = Self::of(&json!({"run": run, "cause": {"schedule": {"scheduled_at": scheduled_at}}, "inputs": {}}));
        tree.apply(definition);
        tree
    }

    fn of(input: &Value) -> Self {
        let store = Store::default();
        Self {
            runner: runner(&store),
            store,
            now: start(),
            input: input.clone(),
            plans: Vec::new(),
            started: Vec::new(),
            lost: Vec::new(),
            largest: 0,
            result: created(),
        }
    }

    /// Makes a definition version 3 of its workflow, which is its active one.
    pub(super) fn apply(&self, source: &str) {
        let definition = match Definition::from_source(source, catalog()) {
            Ok(definition) => definition,
            Err(problems) => panic!("{problems}\n{source}"),
        };
        self.store.apply(definition);
    }

    /// Plays the run to its end, and gives its last command.
    pub(super) async fn play(&mut self) -> Value {
        let input = self.input.clone();
        let name = input["run"]["id"].as_str().unwrap().to_owned();
        self.execute(&name, input).await.unwrap()
    }

    /// Plays one execution, and all that it starts, to its end.
    pub(super) async fn execute(&mut self, name: &str, input: Value) -> Result<Value, TaskError> {
        let mut state = input;
        loop {
            let command = self.plan(name, &mut state).await?;
            match command["type"].as_str().unwrap() {
                "continue" => {}
                kind if kind == "wait" || kind.starts_with("await_") => {
                    self.now = self.now.max(command["until"].as_str().unwrap().parse().unwrap());
                }
                "fork" => {
                    for child in command["executions"].as_array().unwrap() {
                        self.start(child).await;
                    }
                }
                "succeed" | "fail" => return Ok(command),
                _ => state["next"]["result"] = self.result.clone(),
            }
        }
    }

    /// Makes the next Plan of an execution, and gives its command.
    pub(super) async fn plan(&mut self, name: &str, state: &mut Value) -> Result<Value, TaskError> {
        self.store.take_calls();
        let payload = json!({
            "execution": {"arn": format!("{MACHINE}:{name}"), "started_at": START},
            "entered_at": self.now,
            "state": state,
        });
        let handover = self.runner.plan(payload, start()).await?;
        state["next"] = handover;
        self.largest = self.largest.max(state.to_string().len());
        let command = state["next"]["command"].clone();
        let lane = state["part"]["lane"].as_str().unwrap_or("main").parse().unwrap();
        let kind = command["type"].as_str().unwrap().to_owned();
        self.plans.push((lane, kind, self.store.take_calls()));
        Ok(command)
    }

    async fn start(&mut self, child: &Value) {
        let name = child["name"].as_str().unwrap().to_owned();
        let number = self.started.len();
        self.started.push(name.clone());
        if !self.lost.contains(&number) {
            // Step Functions takes an execution that failed for one that ended.
            let _failed = Box::pin(self.execute(&name, child["input"].clone())).await;
        }
    }

    pub(super) fn run_id(&self) -> RunId {
        self.input["run"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// A lane of the run.
    pub(super) fn lane(&self, path: &str) -> Lane {
        let key = LaneKey {
            run: self.run_id(),
            lane: path.parse().unwrap(),
        };
        self.store.with(|state| state.lanes.get(&key).cloned()).unwrap()
    }

    /// The end of the run.
    pub(super) fn end(&self) -> RunEnd {
        let run = self.run_id();
        self.store.with(|state| state.runs[&run].end.clone()).unwrap()
    }

    /// What the step of the main lane at an index gave.
    pub(super) fn outputs(&self, index: u32) -> Value {
        let path = StepPath::top(Section::Steps, index);
        let lane = self.lane("main");
        let found = lane.steps.iter().rev().find_map(|(of, record)| match &record.change {
            StepChange::Finished { result, .. } if *of == path => Some(result.outputs.clone()),
            _ => None,
        });
        found.unwrap()
    }

    /// Makes the first Plan of the run, which must be a fork, and gives the executions that it starts.
    pub(super) async fn children(&mut self) -> Vec<Value> {
        let mut state = self.input.clone();
        let name = self.run_id().to_string();
        let command = self.plan(&name, &mut state).await.unwrap();
        assert_eq!(command["type"], "fork", "{command}");
        self.input = state;
        command["executions"].as_array().unwrap().clone()
    }
}

/// A workflow that PagerDuty starts.
pub(super) fn workflow(steps: &str) -> String {
    format!("name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nsteps:\n{steps}")
}

/// The state in which an execution begins.
pub(super) fn input_of(child: &Value) -> RunInput {
    serde_json::from_value(child["input"].clone()).unwrap()
}

pub(super) fn id(name: &str) -> WorkflowId {
    name.parse().unwrap()
}

//! What each test starts from: an integration, a workflow, a key and a webhook of its own.
//!
//! All tests share one stack and one PagerDuty, and may run at the same time. So each has a name, which stands in the
//! titles of its incidents and in the condition of its workflow.

use local_aws::StackInfo;
use serde_json::Value;
use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};
use tests::{PagerDuty, Pagerflow};

/// The time that the first delivery to a function may take: its start, on a loaded machine.
pub(crate) const DELIVERED_WITHIN: Duration = Duration::from_secs(60);
/// The time that a run of a few steps may take.
pub(crate) const ENDS_WITHIN: Duration = Duration::from_secs(90);

pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) stack: StackInfo,
    pub(crate) pagerduty: PagerDuty,
    pub(crate) pagerflow: Pagerflow,
    /// What is to be removed again: PagerDuty allows ten subscriptions for a service.
    subscriptions: Mutex<Vec<String>>,
}

impl Drop for Scenario {
    fn drop(&mut self) {
        for subscription in self.subscriptions.lock().unwrap().iter() {
            // A test that fails is not to be ended twice.
            let _gone = self.pagerduty.unsubscribe(subscription);
        }
    }
}

/// A workflow that PagerDuty sends webhooks to.
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) api_key: String,
    pub(crate) key_id: String,
}

impl Scenario {
    /// A scenario of a name that no other has, with an integration of that alias.
    pub(crate) fn new(name: &str) -> Self {
        let scenario = Self::without_integration(name);
        scenario.add_integration(PagerDuty::TOKEN);
        scenario
    }

    pub(crate) fn without_integration(name: &str) -> Self {
        let stack = StackInfo::from_env().expect("run `cargo xtask test --only e2e`");
        Self {
            name: name.to_owned(),
            pagerduty: PagerDuty::at(&stack.pagerduty_url),
            pagerflow: Pagerflow::new(stack.clone()),
            stack,
            subscriptions: Mutex::default(),
        }
    }

    pub(crate) fn add_integration(&self, token: &str) {
        // Also tokens that PagerDuty refuses are stored here.
        let name = &self.name;
        let arguments = [
            "integration",
            "add",
            name,
            "--default-from",
            PagerDuty::ON_CALL,
            "--no-verify",
        ];
        self.pagerflow.json(&arguments, token).unwrap();
    }

    /// A definition with these steps, started by incidents that have the scenario's name in their title.
    pub(crate) fn definition(&self, webhook: &str, steps: &str) -> String {
        let name = &self.name;
        format!(
            "name: {name}\non:\n  pagerduty:\n    integration: {name}\n    webhook: {webhook}\n    \
             events: [incident.triggered]\n    when: \"'{name}:' in event.incident.title\"\nsteps:\n{steps}"
        )
    }

    pub(crate) fn apply(&self, definition: &str) -> Value {
        let file = self.file("yaml", definition);
        self.pagerflow.json(&["workflow", "apply", &file, "--yes"], "").unwrap()
    }

    pub(crate) fn file(&self, extension: &str, content: &str) -> String {
        let path = std::env::temp_dir().join(format!("pagerflow-{}-{}.{extension}", std::process::id(), self.name));
        std::fs::write(&path, content).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// A workflow with these steps, and a V3 subscription of PagerDuty to it.
    pub(crate) fn subscribed(&self, steps: &str) -> Webhook {
        self.apply(&self.definition("v3", steps));
        let webhook = self.webhook();
        self.subscribe(&webhook);
        webhook
    }

    /// A V3 subscription of PagerDuty to a URL of the scenario's integration.
    pub(crate) fn subscribe(&self, webhook: &Webhook) {
        let events = ["incident.triggered"];
        let service = PagerDuty::MONITORED_SERVICE;
        let subscription = self
            .pagerduty
            .subscribe(&webhook.url, service, &events, &webhook.api_key)
            .unwrap();
        let arguments = [
            "integration",
            "signing-secret",
            "add",
            &self.name,
            "--subscription",
            &subscription.id,
        ];
        self.pagerflow.json(&arguments, &subscription.secret).unwrap();
        self.subscriptions.lock().unwrap().push(subscription.id);
    }

    /// Has `pagerflow` make a subscription to the URL of the scenario's integration, with a key of its own. Gives what it
    /// says.
    pub(crate) fn subscribed_by_pagerflow(&self) -> Value {
        let subscribe = [
            "webhook",
            "subscribe",
            &self.name,
            "--service",
            PagerDuty::MONITORED_SERVICE,
        ];
        let made = self.pagerflow.json(&subscribe, "").unwrap();
        self.remove_at_the_end(made["subscription"].as_str().unwrap());
        made
    }

    /// Has a subscription removed when the scenario ends.
    pub(crate) fn remove_at_the_end(&self, subscription: &str) {
        self.subscriptions.lock().unwrap().push(subscription.to_owned());
    }

    /// The URL of the workflow and a key for it.
    pub(crate) fn webhook(&self) -> Webhook {
        self.key(&["create", "--workflow", &self.name, "--name", "PagerDuty"])
    }

    /// The URL of the integration and a key for it.
    pub(crate) fn integration_webhook(&self) -> Webhook {
        self.key(&["create", "--integration", &self.name, "--name", "PagerDuty"])
    }

    /// What `pagerflow key` makes.
    pub(crate) fn key(&self, arguments: &[&str]) -> Webhook {
        let arguments: Vec<&str> = std::iter::once("key").chain(arguments.iter().copied()).collect();
        let key = self.pagerflow.json(&arguments, "").unwrap();
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        Webhook {
            url: text("webhook_url"),
            api_key: text("key"),
            key_id: text("key_id"),
        }
    }

    /// Opens an incident that starts the workflow, and gives the delivery that told of it.
    pub(crate) fn trigger(&self, webhook: &Webhook, title: &str) -> Value {
        let title = format!("{}: {title}", self.name);
        let incident = self.pagerduty.trigger(&title, PagerDuty::MONITORED_SERVICE).unwrap();
        self.pagerduty
            .delivery(&webhook.url, &incident, DELIVERED_WITHIN)
            .unwrap()
    }

    /// A definition of a workflow with the scenario's name that only people and other workflows start.
    pub(crate) fn by_hand(&self, rest: &str) -> String {
        format!("name: {}\n{rest}", self.name)
    }

    /// Starts a run of the scenario's workflow by hand.
    pub(crate) fn start(&self, inputs: &[&str]) -> String {
        let inputs = inputs.iter().flat_map(|input| ["--input", *input]);
        let arguments: Vec<&str> = ["run", "start", &self.name].into_iter().chain(inputs).collect();
        let started = self.pagerflow.json(&arguments, "").unwrap();
        started["run"].as_str().unwrap().to_owned()
    }

    /// Makes these steps the scenario's workflow, and starts a run of it by hand.
    pub(crate) fn started(&self, steps: &str) -> String {
        self.apply(&self.by_hand(&format!("steps:\n{steps}")));
        self.start(&[])
    }

    /// The run once it has ended.
    pub(crate) fn ended(&self, run: &str) -> Value {
        self.ended_within(run, ENDS_WITHIN)
    }

    /// The same for a run that takes longer.
    pub(crate) fn ended_within(&self, run: &str, within: Duration) -> Value {
        self.once(run, within, |view| view["status"] != "running")
    }

    /// The run once it is as wanted.
    pub(crate) fn once(&self, run: &str, within: Duration, is_so: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + within;
        loop {
            let output = self
                .pagerflow
                .call(&["run", "show", run, "--output", "json"], "")
                .unwrap();
            if let Ok(view) = serde_json::from_slice::<Value>(&output.stdout)
                && is_so(&view)
            {
                return view;
            }
            assert!(
                Instant::now() < deadline,
                "the run {run} is not there in time: {output:?}"
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The incidents that the workflow made for an incident of this title.
    pub(crate) fn tickets(&self, title: &str) -> Vec<Value> {
        self.pagerduty
            .incidents_titled(&format!("ticket for {}: {title}", self.name))
            .unwrap()
    }
}

/// A step that makes a ticket for the incident of the event.
pub(crate) fn ticket(integration: &str) -> String {
    ticket_on(PagerDuty::TICKET_SERVICE, integration)
}

/// A step that makes a ticket for the incident of the event, on a service.
pub(crate) fn ticket_on(service: &str, integration: &str) -> String {
    format!(
        "  - id: ticket\n    uses: pagerduty.create_incident\n    with:\n      integration: {integration}\n      \
         title: \"ticket for {{{{ event.incident.title }}}}\"\n      service: {}\n      escalation_policy: {}\n      \
         from: {}\n",
        service,
        PagerDuty::ESCALATION_POLICY,
        PagerDuty::ON_CALL
    )
}

/// A step in one line that makes a ticket of a title, which may be a template.
pub(crate) fn ticket_titled(integration: &str, title: &str) -> String {
    format!(
        "{{ id: ticket, uses: pagerduty.create_incident, with: {{ integration: {integration}, title: {title:?}, service: {}, \
         escalation_policy: {}, from: {} }} }}",
        PagerDuty::TICKET_SERVICE,
        PagerDuty::ESCALATION_POLICY,
        PagerDuty::ON_CALL
    )
}

/// The answers of the ingress to a delivery's first attempt.
pub(crate) fn answer(delivery: &Value) -> (u64, Value) {
    reply(&delivery["attempts"][0])
}

/// The status and the JSON of one answer of the ingress.
pub(crate) fn reply(reply: &Value) -> (u64, Value) {
    let body = reply["body"].as_str().unwrap_or_default();
    (
        reply["status"].as_u64().unwrap_or_default(),
        serde_json::from_str(body).unwrap_or_default(),
    )
}

/// The id of the run that a delivery started.
pub(crate) fn run_of(delivery: &Value) -> String {
    let (status, body) = answer(delivery);
    assert_eq!(
        (status, &body["events"][0]["outcome"]),
        (202, &Value::from("started")),
        "{delivery:#}"
    );
    body["events"][0]["run"].as_str().unwrap().to_owned()
}

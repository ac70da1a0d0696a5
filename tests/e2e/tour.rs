//! A tour through every command of `pagerflow`, once as people see it and once as programs do.
//!
//! What each prints is a snapshot, so that a change of it is seen. At the end the commands are held against those that
//! `--help` lists: a new one has to be taken in here.

use crate::{
    connectors::Workspace,
    scenario::{ENDS_WITHIN, Scenario, ticket_titled},
    webhooks::listed,
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use tests::PagerDuty;
use vendors::slack;

/// The event and the definition that are played without a stack.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/memory-alert.yaml");
const EVENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../events/pagerduty/webhook-v3-incident-triggered.json"
);

/// A connector.
const CONNECTOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/connectors/catalogue/slack.yaml");
/// One that gets another name.
const OWN_CONNECTOR: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/connectors/catalogue/webhook.yaml"
);
/// A document out of which one can be made.
const OPEN_API: &str = r#"{"openapi": "3.0.3", "info": {"title": "Deployments", "version": "1"}, "paths": {"/deployments/{id}": {"get": {
    "operationId": "getDeployment", "summary": "Reads a deployment.", "responses": {}}}}}"#;

const ROUTING_KEY: &str = "R0123456789ABCDEFGHIJ0123456789Z";

/// What programs are told that each command prints.
const DOCUMENTATION: &str = include_str!("../../docs/cli.md");

/// What is different each time, and what stands for it.
const CHANGING: [(&str, &str); 20] = [
    (r"pgf_(<key id>|[a-z0-9]{12})_[A-Za-z0-9_-]+", "<key>"),
    (
        r"https?://127\.0\.0\.1:\d+/_aws/execute-api/[a-z0-9]+/\$default",
        "<webhook URL>",
    ),
    (r"http://127\.0\.0\.1:\d+", "<PagerDuty>"),
    (r"/\S*/(examples|events)/", "$1/"),
    (r"/\S*/pagerflow-\d+-", "<folder>/"),
    (r"arn:aws:[A-Za-z0-9:_/.-]+", "<ARN>"),
    (r"https://[a-z0-9.-]*console\.aws\S*", "<console>"),
    (r"\b[a-z2-7]{32}\b", "<run>"),
    (r"\b[0-9a-f]{40,64}\b", "<hash>"),
    (r"\b\d{4}-\d\d-\d\d(T| )\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)", "<time>"),
    (r"\b20[23]\d-\d\d-\d\d\b", "<date>"),
    (r"\b\d\d:\d\d:\d\d +UTC", "<time of day>"),
    (r"(?m)(^ *|\b)\d+(\.\d+)? +(ms|s|min|h)\b( +\d+ +(s|min))?", "<length>"),
    (r"\bQ[0-9A-Z]{13}\b", "<incident>"),
    (r"#\d+\b", "#<number>"),
    (r"incident_id=P[0-9A-Z]+", "incident_id=<incident>"),
    (r"incident_number=\d+", "incident_number=<number>"),
    (r"\d+(\.\d+)? GB-s", "<number> GB-s"),
    (
        r"\d+ (state transitions|Lambda requests?|write|read units)",
        "<number> $1",
    ),
    (r"(\$|USD ?)\d+\.\d+", "<cost>"),
];

/// For whom is printed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum For {
    /// Text.
    People,
    /// JSON, of which only the shape is kept.
    Programs,
}

/// What of an output is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Keep {
    All,
    /// What tells of the scenario, with the heads of a table: all tests share the stack.
    Own,
    /// The beginning of what is long.
    Beginning,
}

impl For {
    fn format(self) -> &'static str {
        match self {
            Self::People => "text",
            Self::Programs => "json",
        }
    }
}

/// What a command has printed.
#[derive(Debug)]
struct Printed {
    command: String,
    told: String,
    /// On standard error.
    warned: String,
}

struct Tour {
    scenario: Scenario,
    printed_for: For,
    /// What is known to be different each time.
    known: Vec<(String, &'static str)>,
    seen: BTreeSet<String>,
}

impl Tour {
    fn new(name: &str, printed_for: For) -> Self {
        Self {
            scenario: Scenario::without_integration(name),
            printed_for,
            known: vec![(name.to_owned(), "<name>")],
            seen: BTreeSet::new(),
        }
    }

    /// Calls a command, which reads `input`, and gives what it prints.
    fn print(&mut self, command: &str, arguments: &[&str], input: &str) -> Printed {
        let words = command.split(' ').chain(arguments.iter().copied());
        let words: Vec<&str> = words.chain(["--output", self.printed_for.format()]).collect();
        let output = self.scenario.pagerflow.call(&words, input).unwrap();
        let printed = Printed {
            command: command.to_owned(),
            told: String::from_utf8(output.stdout).unwrap(),
            warned: String::from_utf8(output.stderr).unwrap(),
        };
        // What other tests do to the stack may be wrong with it.
        assert!(output.status.success() || command == "doctor", "{printed:?}");
        printed
    }

    /// Keeps what a command has printed.
    fn keep(&mut self, printed: &Printed, keep: Keep) {
        let mut kept = match self.printed_for {
            For::People => self.text(&printed.told, keep),
            For::Programs => self.shape(printed, keep),
        };
        if !printed.warned.is_empty() {
            kept.push_str(&format!("\n--- on standard error ---\n{}", printed.warned));
        }
        for (text, stand_in) in &self.known {
            kept = kept.replace(text, stand_in);
        }
        let mut settings = insta::Settings::clone_current();
        for (pattern, stand_in) in CHANGING {
            settings.add_filter(pattern, stand_in);
        }
        settings.set_omit_expression(true);
        let name = format!(
            "{}_{}",
            self.printed_for.format(),
            printed.command.replace([' ', '-'], "_")
        );
        settings.bind(|| insta::assert_snapshot!(name, kept));
        self.seen.insert(printed.command.clone());
    }

    fn call(&mut self, command: &str, arguments: &[&str], input: &str, keep: Keep) {
        let printed = self.print(command, arguments, input);
        self.keep(&printed, keep);
    }

    fn text(&self, told: &str, keep: Keep) -> String {
        match keep {
            Keep::All => told.to_owned(),
            // How wide a column is depends on what other tests have made.
            Keep::Own => told
                .lines()
                .enumerate()
                .filter(|(index, line)| *index == 0 || line.contains(&self.scenario.name))
                .map(|(_, line)| line.split_whitespace().collect::<Vec<_>>().join("  "))
                .collect::<Vec<_>>()
                .join("\n"),
            Keep::Beginning => told.lines().take(3).collect::<Vec<_>>().join("\n"),
        }
    }

    fn shape(&self, printed: &Printed, keep: Keep) -> String {
        let Printed { command, told, .. } = printed;
        if command == "completions" {
            return self.text(told, keep);
        }
        let told: Value = serde_json::from_str(told).expect(command);
        let shape = match (keep, told) {
            (Keep::Beginning, Value::Object(fields)) => fields.keys().cloned().collect(),
            (_, told) => self.shape_of(told),
        };
        if command != "workflow schema" {
            assert_documented(command, &shape);
        }
        format!("{shape:#}")
    }

    /// The names of fields, with the kinds of values. Of a list only rows of the scenario count, where it has any.
    fn shape_of(&self, value: Value) -> Value {
        match value {
            Value::Null => Value::Null,
            Value::Bool(_) => "true or false".into(),
            Value::Number(_) => "number".into(),
            Value::String(_) => "text".into(),
            Value::Array(items) => {
                let is_own = |item: &&Value| item.to_string().contains(&self.scenario.name);
                let own = items.iter().find(is_own).or(items.first()).cloned();
                own.into_iter().map(|item| self.shape_of(item)).collect()
            }
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, self.shape_of(value)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    fn all(&mut self, command: &str, arguments: &[&str]) {
        self.call(command, arguments, "", Keep::All);
    }

    fn own(&mut self, command: &str, arguments: &[&str]) {
        self.call(command, arguments, "", Keep::Own);
    }

    /// Goes through all commands.
    fn go(mut self) {
        self.integration();
        self.connectors();
        self.workflow();
        self.keys();
        let subscription = self.webhooks();
        self.secrets();
        self.runs();
        self.own("doctor", &["--integration", &self.name()]);
        self.approvals();
        self.end(&subscription);
        assert_eq!(
            self.seen,
            commands(&self.scenario, ""),
            "each command that `pagerflow --help` lists has to be called here"
        );
    }

    fn name(&self) -> String {
        self.scenario.name.clone()
    }

    fn integration(&mut self) {
        let name = self.name();
        let add = [&name, "--default-from", PagerDuty::ON_CALL];
        self.call("integration add", &add, PagerDuty::TOKEN, Keep::All);
        self.call("integration set-token", &[&name], PagerDuty::TOKEN, Keep::All);
        self.own("integration list", &[]);
        self.all("integration test", &[&name]);
        for list in ["services", "escalation-policies", "users", "priorities", "teams"] {
            self.all(list, &["--integration", &name]);
        }
        self.call("completions", &["bash"], "", Keep::Beginning);
    }

    /// The commands about connectors, and an account on the system of one.
    fn connectors(&mut self) {
        let _workspace = Workspace::open(&self.scenario.stack);
        let chat = format!("{}-chat", self.scenario.name);
        let add = ["integration", "add", &chat, "--type", "slack"];
        self.scenario.pagerflow.json(&add, slack::TOKEN).unwrap();
        self.all("integration types", &["jira"]);
        self.call("connector list", &["--shipped"], "", Keep::Beginning);
        self.all("connector show", &["slack.find_user_by_email"]);
        self.all("connector validate", &[CONNECTOR]);
        self.own_connector();
        let document = self.scenario.file("json", OPEN_API);
        self.all("connector import", &[&document, "--list"]);
        let test = ["slack.find_user_by_email", "--integration", &chat, "--with", "-"];
        self.call("connector test", &test, "email: jane@example.com\n", Keep::All);
        let search = [
            "slack.post_message",
            "channel",
            "--integration",
            &chat,
            "--search",
            "incidents",
        ];
        self.all("choices", &search);
        let secret = slack::SIGNING_SECRET;
        self.call("integration signing-secret set", &[&chat], secret, Keep::All);
        let remove = ["integration", "remove", &chat, "--yes"];
        self.scenario.pagerflow.json(&remove, "").unwrap();
        self.role();
    }

    /// The role of an integration with AWS, for a workflow in a file.
    fn role(&mut self) {
        let cloud = format!("{}-aws", self.scenario.name);
        let role = "role_arn=arn:aws:iam::000000000000:role/pagerflow-tour";
        let add = ["integration", "add", &cloud, "--type", "aws", "--field", role];
        let add = [&add[..], &["--field", "region=eu-west-1"]].concat();
        self.scenario.pagerflow.json(&add, "").unwrap();
        let steps = format!("steps:\n  - {{ uses: aws.ecs.list_clusters, with: {{ integration: {cloud} }} }}\n");
        let file = self.scenario.file("yaml", &self.scenario.by_hand(&steps));
        self.call("integration role", &[&cloud, "--for", &file], "", Keep::Beginning);
        let remove = ["integration", "remove", &cloud, "--yes"];
        self.scenario.pagerflow.json(&remove, "").unwrap();
    }

    /// A connector of the user's own, which nobody else uses.
    fn own_connector(&mut self) {
        let connector = self.scenario.name.replace('-', "_");
        self.known.push((connector.clone(), "<connector>"));
        let source = std::fs::read_to_string(OWN_CONNECTOR).unwrap();
        let source = source.replacen("connector: webhook", &format!("connector: {connector}"), 1);
        let file = self.scenario.file("yaml", &source);
        self.all("connector add", &[&file]);
        self.all("connector remove", &[&connector, "--yes"]);
    }

    fn definition(&self, wait: &str) -> String {
        let steps = format!(
            "  - id: pause\n    wait: {wait}\n  - {}\n",
            ticket_titled(&self.scenario.name, "On a tour")
        );
        self.scenario.definition("v3", &steps)
    }

    fn workflow(&mut self) {
        let name = self.name();
        self.scenario.apply(&self.definition("2s"));
        let file = self.scenario.file("yaml", &self.definition("1s"));
        self.all("workflow validate", &[&file]);
        self.all("workflow apply", &[&file, "--yes"]);
        self.all("workflow test", &[EXAMPLE, "--event", EVENT]);
        self.own("workflow list", &[]);
        for command in ["show", "versions", "diff", "export"] {
            self.all(&format!("workflow {command}"), &[&name]);
        }
        self.all("workflow activate", &[&name, "1", "--yes"]);
        for command in ["disable", "enable"] {
            self.all(&format!("workflow {command}"), &[&name]);
        }
        self.call("workflow schema", &[], "", Keep::Beginning);
    }

    fn keys(&mut self) {
        let name = self.name();
        let key = self.key("key create", &["--workflow", &name, "--name", "PagerDuty"]);
        self.own("key list", &["--workflow", &name]);
        self.all("key show", &[&key]);
        self.key("key rotate", &[&key]);
        self.all("key revoke", &[&key]);
    }

    /// Calls what makes a key, and gives the id of that.
    fn key(&mut self, command: &str, arguments: &[&str]) -> String {
        let printed = self.print(command, arguments, "");
        let (_, key) = printed.told.split_once("pgf_").unwrap();
        let (id, _) = key.split_once('_').unwrap();
        self.known.push((id.to_owned(), "<key id>"));
        self.keep(&printed, Keep::All);
        id.to_owned()
    }

    /// Makes a webhook subscription, and gives its id.
    fn webhooks(&mut self) -> String {
        let name = self.name();
        self.all("webhook url", &[&name]);
        let service = PagerDuty::MONITORED_SERVICE;
        let subscribe = [&name, "--workflow", &name, "--service", service];
        let printed = self.print("webhook subscribe", &subscribe, "");
        let list = ["integration", "signing-secret", "list", &name];
        let secrets = self.scenario.pagerflow.json(&list, "").unwrap();
        let subscription = secrets["subscriptions"][0].as_str().unwrap().to_owned();
        self.scenario.remove_at_the_end(&subscription);
        let listed = listed(&self.scenario, &subscription).unwrap();
        let description = listed["description"].as_str().unwrap();
        let (_, key) = description.split_once("(API key ").unwrap();
        self.known.push((key.trim_end_matches(')').to_owned(), "<key id>"));
        self.known.push((subscription.clone(), "<subscription>"));
        self.keep(&printed, Keep::All);
        self.own("webhook list", &[&name]);
        self.all("webhook test", &[&name, &subscription]);
        subscription
    }

    fn secrets(&mut self) {
        let name = self.name();
        let signing_secret = [&name, "--subscription", "P000000"];
        self.call("integration signing-secret add", &signing_secret, "s3cret", Keep::All);
        self.all("integration signing-secret list", &[&name]);
        self.all("integration signing-secret remove", &signing_secret);
        let routing_key = [&name, "checkout"];
        self.call("integration routing-key add", &routing_key, ROUTING_KEY, Keep::All);
        self.all("integration routing-key list", &[&name]);
        self.all("integration show", &[&name]);
        self.all("integration routing-key remove", &routing_key);
    }

    fn runs(&mut self) {
        let name = self.name();
        let printed = self.print("run start", &[&name], "");
        self.keep(&printed, Keep::All);
        let mut words = printed.told.split(|c: char| !c.is_ascii_alphanumeric());
        let run = words.find(|word| word.len() == 32).unwrap().to_owned();
        self.scenario.ended(&run);
        self.own("run list", &["--workflow", &name]);
        self.all("run watch", &[&run]);
        self.all("run show", &[&run]);
        self.all("run replay", &[&run, "--from", "ticket", "--yes"]);
        self.scenario.apply(&self.definition("1m"));
        let long = self.scenario.start(&[]);
        self.scenario
            .once(&long, ENDS_WITHIN, |view| view["steps"][0]["state"] == "waiting");
        self.all("run cancel", &[&long]);
    }

    fn approvals(&mut self) {
        let steps = "steps: [{ id: ok, approval: { message: \"Go on?\", timeout: 10m } }]\n";
        self.scenario.apply(&self.scenario.by_hand(steps));
        let run = self.scenario.start(&[]);
        self.scenario
            .once(&run, ENDS_WITHIN, |view| view["steps"][0]["state"] == "waiting");
        let list = self.scenario.pagerflow.json(&["approval", "list"], "").unwrap();
        let approvals = list["approvals"].as_array().unwrap();
        let own = approvals
            .iter()
            .find(|approval| approval["run"] == run.as_str())
            .unwrap();
        let id = own["id"].as_str().unwrap().to_owned();
        self.own("approval list", &[]);
        self.all("approval show", &[&id]);
        self.all("approval decide", &[&id, "approve"]);
    }

    /// Removes what the tour has made.
    fn end(&mut self, subscription: &str) {
        let name = self.name();
        self.all("webhook unsubscribe", &[&name, subscription, "--yes"]);
        self.all("workflow delete", &[&name, "--yes"]);
        self.all("integration remove", &[&name, "--yes"]);
    }
}

/// Fails unless the section about a command on the page for programs names each field that it prints, and each of those that
/// rows of a list have.
fn assert_documented(command: &str, shape: &Value) {
    let quoted = format!("`{command}`");
    let group = command.rsplit_once(' ').map(|(group, _)| format!("`{group}`"));
    let is_about =
        |heading: &str| heading.contains(&quoted) || group.as_ref().is_some_and(|group| heading.contains(group));
    let mut sections = DOCUMENTATION.split("\n## ");
    let section = sections.find(|section| is_about(section.lines().next().unwrap_or_default()));
    let section = section.expect(command);
    let rows = |value: &Value| value.as_array().and_then(|rows| rows.first()).cloned();
    let whole = rows(shape).unwrap_or_else(|| shape.clone());
    let lists = whole
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, value)| rows(value));
    for object in [whole.clone()].into_iter().chain(lists) {
        for field in object.as_object().into_iter().flatten().map(|(field, _)| field) {
            assert!(
                section.contains(&format!("`{field}`")),
                "{command} prints `{field}`, which is not documented"
            );
        }
    }
}

/// All commands that `--help` lists and that have none below them, as they are typed after `path`.
fn commands(scenario: &Scenario, path: &str) -> BTreeSet<String> {
    let words: Vec<&str> = path.split_whitespace().chain(["--help"]).collect();
    let help = scenario.pagerflow.text(&words, "").unwrap();
    let Some((_, below)) = help.split_once("\nCommands:\n") else {
        return BTreeSet::from([path.to_owned()]);
    };
    let below = below.lines().take_while(|line| !line.is_empty());
    let below = below.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    below
        .filter(|name| !name.is_empty() && *name != "help")
        .flat_map(|name| commands(scenario, format!("{path} {name}").trim()))
        .collect()
}

#[test]
fn every_command_tells_people_what_it_did() {
    Tour::new("e2e-people", For::People).go();
}

#[test]
fn every_command_tells_programs_what_it_did() {
    Tour::new("e2e-programs", For::Programs).go();
}

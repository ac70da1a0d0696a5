//! Integrations of connectors: stored, tried and used by the command as a process, against a stand-in for the system.

use super::{of_small_aws, pagerflow, small_aws, told};
use serde_json::{Value, json};
use std::{
    io::Write,
    process::{Output, Stdio},
    sync::mpsc,
    thread,
};
use vendors::{
    Server, Vendor,
    jira::{self, Jira},
    slack::{self, Slack},
};

/// A vendor that answers while this process lives.
fn started<V: Vendor>(vendor: V) -> Server<V> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            sender.send(Server::start(vendor).await.unwrap()).unwrap_or_default();
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().unwrap()
}

/// A stack whose connectors all lead to one vendor.
struct World<V> {
    aws: small_aws::SmallAws,
    vendor: Server<V>,
    url: String,
}

impl<V: Vendor> World<V> {
    fn with(vendor: V) -> Self {
        let vendor = started(vendor);
        Self {
            aws: small_aws::start(),
            url: format!("http://{}", vendor.address()),
            vendor,
        }
    }

    /// Calls the command, which reads `input`.
    fn call(&self, line: &str, input: &str) -> Output {
        let words: Vec<&str> = line.split(' ').collect();
        let mut variables = of_small_aws(&self.aws.url);
        variables.push(("PAGERFLOW_CONNECTORS_URL", &self.url));
        let mut command = pagerflow(&words, &variables);
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may end before it has read all.
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap_or_default();
        let output = child.wait_with_output().unwrap();
        let printed = [output.stdout.clone(), output.stderr.clone()].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        for secret in [slack::TOKEN, jira::TOKEN, "xoxb-wrong"] {
            assert!(!printed.contains(secret), "{line}: {printed}");
        }
        output
    }

    /// The output of a command that works.
    fn text(&self, line: &str, input: &str) -> String {
        let output = self.call(line, input);
        assert!(output.status.success(), "{line}: {}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, line: &str, input: &str) -> Value {
        let text = self.text(&format!("{line} --output json"), input);
        serde_json::from_str(&text).unwrap()
    }

    /// The error of a command that fails.
    fn refused(&self, line: &str, input: &str) -> String {
        let output = self.call(line, input);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", told(&output));
        told(&output)
    }
}

const CHAT: &str = "pagerflow/integrations/slack/chat";
const TICKETS: &str = "pagerflow/integrations/jira/tickets";

#[test]
fn a_secret_that_the_system_accepts_is_stored_with_its_hosts_and_nowhere_else() {
    let world = World::with(Slack::default());

    let told = world.text("integration add chat --type slack", slack::TOKEN);

    assert_eq!(told, "Stored the integration chat. Slack accepts it.\n");
    let stored: Value = serde_json::from_str(&world.aws.secret(CHAT).unwrap()).unwrap();
    assert_eq!(
        stored,
        json!({"type": "slack", "secret": slack::TOKEN, "fields": {}, "hosts": ["slack.com"]})
    );
    let item = world.aws.integration("chat").unwrap();
    assert_eq!(item["type"]["S"], "slack");
    for (operation, request) in world.aws.take_asked() {
        let is_there = request.to_string().contains(slack::TOKEN);
        assert_eq!(is_there, operation == "createsecret", "{operation}");
    }
}

#[test]
fn a_secret_that_the_system_refuses_is_not_stored() {
    let world = World::with(Slack::default());

    let said = world.refused("integration add chat --type slack", "xoxb-wrong");

    assert!(
        said.starts_with("error: nothing was stored of the integration chat\n"),
        "{said}"
    );
    assert!(said.contains("invalid_auth") && said.contains("--no-verify"), "{said}");
    assert_eq!((world.aws.secret(CHAT), world.aws.integration("chat")), (None, None));

    world.text("integration add chat --type slack --no-verify", "xoxb-wrong");
    let test = world.call("integration test chat", "");
    assert_eq!(test.status.code(), Some(1));
    let said = String::from_utf8(test.stdout).unwrap();
    assert!(
        said.contains("Slack does not accept the secret") && said.contains("`pagerflow integration set-token chat`"),
        "{said}"
    );
}

#[test]
fn what_is_not_given_of_an_integration_stays_and_its_type_never_changes() {
    let world = World::with(Jira::default());
    let add = format!(
        "integration add tickets --type jira --field site=acme.atlassian.net --field email={}",
        jira::EMAIL
    );
    world.text(&add, jira::TOKEN);

    let again = world.json("integration add tickets --field site=other.atlassian.net", jira::TOKEN);
    assert_eq!(again["kept"], json!(["email"]), "{again:#}");
    assert_eq!(again["hosts"], json!(["other.atlassian.net"]));
    let token = world.json("integration set-token tickets", jira::TOKEN);
    assert_eq!(token["kept"], json!(["email", "site"]), "{token:#}");

    let said = world.refused("integration add tickets --type slack", slack::TOKEN);
    assert!(
        said.contains("is of the type jira, which cannot become slack"),
        "{said}"
    );
    let said = world.refused("integration add tickets --region eu", jira::TOKEN);
    assert!(
        said.contains("--region is for integrations of PagerDuty alone"),
        "{said}"
    );
    let said = world.refused("webhook url --integration tickets", "");
    assert!(said.contains("the integration tickets is of the type jira"), "{said}");
}

#[test]
fn what_is_missing_is_told_at_once_and_before_the_secret_is_read() {
    let world = World::with(Jira::default());
    let said = world.refused(
        "integration add tickets --type jira --field sit=x --region us",
        jira::TOKEN,
    );
    for words in [
        "--region is for",
        "`sit` is not known",
        "`site` is missing",
        "`email` is missing",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = world.refused("integration add tickets --type jera", jira::TOKEN);
    assert!(said.contains("did you mean jira?"), "{said}");
}

#[test]
fn f28_a_damaged_secret_is_told_and_stored_anew_with_the_fields_of_the_table() {
    let world = World::with(Jira::default());
    let add = format!(
        "integration add tickets --type jira --field site=acme.atlassian.net --field email={}",
        jira::EMAIL
    );
    world.text(&add, jira::TOKEN);
    world.aws.spoil(TICKETS, "damaged");

    let said = world.refused("integration test tickets", "");
    assert!(
        said.contains("it is not JSON; store it with `pagerflow integration set-token tickets`"),
        "{said}"
    );
    world.text("integration set-token tickets", jira::TOKEN);
    assert_eq!(world.json("integration test tickets", "")["passed"], true);
}

#[test]
fn an_integration_is_listed_shown_tried_used_and_removed() {
    let world = World::with(Slack::default());
    world.text("integration add chat --type slack", slack::TOKEN);

    let list = world.text("integration list", "");
    assert!(list.contains("chat   slack"), "{list}");
    let shown = world.json("integration show chat", "");
    assert_eq!(
        (&shown["type"], &shown["hosts"]),
        (&json!("slack"), &json!(["slack.com"]))
    );
    let test = world.json("integration test chat", "");
    assert_eq!(test["passed"], true, "{test:#}");

    let choices = world.json(
        "choices slack.post_message channel --integration chat --search incid",
        "",
    );
    assert_eq!(choices["choices"], json!([{"value": "C1", "label": "incidents"}]));
    let said = world.refused("choices slack.post_message channel --integration prod", "");
    assert!(said.contains("the integration prod is of the type pagerduty"), "{said}");

    let posted = "channel: C1\ntext: Hello\n";
    let test = "connector test slack.post_message --integration chat --with -";
    let said = world.refused(test, posted);
    assert!(said.contains("pass --yes to confirm"), "{said}");
    assert!(world.vendor.vendor(|slack| slack.messages.is_empty()));
    let performed = world.json(&format!("{test} --yes"), posted);
    assert_eq!(performed["outputs"]["channel"], "C1", "{performed:#}");
    assert_eq!(world.vendor.vendor(|slack| slack.messages.len()), 1);

    let removed = world.json("integration remove chat --yes", "");
    assert_eq!(removed["secrets"], json!([CHAT]), "{removed:#}");
    assert_eq!((world.aws.secret(CHAT), world.aws.integration("chat")), (None, None));
}

#[test]
fn a_workflow_with_an_integration_of_another_type_is_not_applied() {
    let world = World::with(Slack::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outage.yaml");
    let source = "name: outage\nsteps:\n  - { uses: slack.post_message, with: { integration: prod, channel: C1, text: Hello } }\n";
    std::fs::write(&path, source).unwrap();

    let said = world.refused(&format!("workflow apply {}", path.display()), "");

    assert!(said.contains("outage.yaml:3:54: step 1: with.integration: "), "{said}");
    assert!(
        said.contains("slack.post_message needs one of the type slack"),
        "{said}"
    );
}

/// The file of Slack's connector under another name.
fn own_chat(folder: &std::path::Path) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/connectors/catalogue/slack.yaml");
    let source = std::fs::read_to_string(path).unwrap();
    let file = folder.join("acme_chat.yaml");
    std::fs::write(&file, source.replacen("connector: slack", "connector: acme_chat", 1)).unwrap();
    file.display().to_string()
}

#[test]
fn a_connector_of_the_users_own_is_added_and_used_by_every_command_as_any_other() {
    let world = World::with(Slack::default());
    let folder = tempfile::tempdir().unwrap();
    let file = own_chat(folder.path());
    let said = world.refused("integration add chat --type acme_chat", slack::TOKEN);
    assert!(said.contains("there is no type of integrations acme_chat"), "{said}");

    assert!(
        world
            .text(&format!("connector add {file} --dry-run"), "")
            .contains("would be new")
    );
    let added = world.json(&format!("connector add {file}"), "");
    assert_eq!(
        (&added["version"], &added["changed"]),
        (&json!(1), &json!(true)),
        "{added:#}"
    );
    let again = world.text(&format!("connector add {file}"), "");
    assert_eq!(again.trim_end(), "acme_chat v1 is unchanged.");
    assert!(world.text("connector list", "").contains("\nacme_chat "));
    assert!(world.text("connector show acme_chat", "").contains("\nv1, added "));
    let source = world.json("connector show acme_chat --version 1 --source", "");
    assert_eq!(source["source"], std::fs::read_to_string(&file).unwrap());
    let said = world.refused("connector show acme_chat --version 2", "");
    assert!(said.contains("its newest version is v1"), "{said}");

    assert!(
        world
            .text("integration types acme_chat", "")
            .contains("--type acme_chat")
    );
    world.text("integration add chat --type acme_chat", slack::TOKEN);
    assert!(world.aws.secret("pagerflow/integrations/acme_chat/chat").is_some());
    assert_eq!(world.json("integration test chat", "")["passed"], true);
    let choices = world.json(
        "choices acme_chat.post_message channel --integration chat --search incid",
        "",
    );
    assert_eq!(choices["choices"], json!([{"value": "C1", "label": "incidents"}]));
    let test = "connector test acme_chat.post_message --integration chat --with - --yes";
    assert_eq!(
        world.json(test, "channel: C1\ntext: Hello\n")["outputs"]["channel"],
        "C1"
    );

    let workflow = folder.path().join("outage.yaml");
    let source = "name: outage\nsteps:\n  - { uses: acme_chat.post_message, with: { integration: chat, channel: C1, text: Hello } }\n";
    std::fs::write(&workflow, source).unwrap();
    let workflow = workflow.display();
    assert!(
        world
            .text(&format!("workflow apply {workflow} --dry-run"), "")
            .contains("outage would be new")
    );
    let said = world.refused(&format!("workflow validate {workflow}"), "");
    assert!(said.contains("unknown action `acme_chat.post_message`"), "{said}");
    world.text(&format!("workflow validate {workflow} --connector {file}"), "");
    let said = world.refused("connector remove acme_chat --yes", "");
    assert!(said.contains("integrations  chat"), "{said}");
}

#[test]
fn a_file_that_would_take_the_name_of_another_system_is_not_added() {
    let world = World::with(Slack::default());
    let folder = tempfile::tempdir().unwrap();
    let file = own_chat(folder.path());
    let source = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        source.replacen("connector: acme_chat", "connector: pagerduty", 1),
    )
    .unwrap();

    let said = world.refused(&format!("connector add {file}"), "");

    assert!(said.contains("`pagerduty` comes with Pagerflow"), "{said}");
}

const CLOUD: &str = "pagerflow/integrations/aws/cloud";
const ADD_CLOUD: &str = "integration add cloud --type aws --field role_arn=arn:aws:iam::123456789012:role/pagerflow-cloud --field \
                         region=eu-west-1";

/// The ExternalId that is stored.
fn external_id<V: Vendor>(world: &World<V>) -> String {
    let stored: Value = serde_json::from_str(&world.aws.secret(CLOUD).unwrap()).unwrap();
    assert_eq!(stored["hosts"], json!(["sts.eu-west-1.amazonaws.com"]));
    assert_eq!(stored["type"], "aws");
    stored["secret"].as_str().unwrap().to_owned()
}

#[test]
fn an_integration_with_aws_gets_an_external_id_that_stays_until_another_is_asked_for() {
    let world = World::with(Slack::default());

    let added = world.json(ADD_CLOUD, "");
    let first = external_id(&world);
    assert_eq!((added["external_id"].as_str(), first.len()), (Some(first.as_str()), 48));
    assert_eq!(added["fields"]["region"], "eu-west-1");

    let kept = world.json("integration add cloud --field region=eu-west-1", "");
    assert_eq!(
        (external_id(&world), &kept["kept"]),
        (first.clone(), &json!(["role_arn"]))
    );

    world.text("integration set-token cloud", "");
    assert_ne!(external_id(&world), first);
    let shown = world.text("integration show cloud", "");
    assert!(
        shown.contains("role/pagerflow-cloud") && !shown.contains(&external_id(&world)),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_an_integration_with_aws_is_not_stored() {
    let world = World::with(Slack::default());
    let told = [
        world.refused("integration add cloud --type aws --field role_arn=x", ""),
        world.refused(
            "integration add cloud --type aws --field role_arn=x --field region=eu-west-1",
            "",
        ),
        world.refused(&format!("{ADD_CLOUD} --token-file Cargo.toml --region us"), ""),
    ];
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(world.aws.secret(CLOUD), None);
}

#[test]
fn the_role_of_an_integration_trusts_the_function_and_has_the_rights_of_the_workflows() {
    let world = World::with(Slack::default());
    world.text(&ADD_CLOUD.replace("cloud", "prod-aws"), "");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/restart-ecs-service.yaml");

    let printed = world.json(&format!("integration role prod-aws --for {example}"), "");

    assert_eq!(
        printed["trusts"],
        "arn:aws:iam::210987654321:role/pagerflow-CallAwsRole-1A2B3C"
    );
    assert_eq!(printed["actions"], json!(["ecs:DescribeServices", "ecs:UpdateService"]));
    let template = printed["template"].as_str().unwrap();
    let stored: Value =
        serde_json::from_str(&world.aws.secret("pagerflow/integrations/aws/prod-aws").unwrap()).unwrap();
    assert!(template.contains(stored["secret"].as_str().unwrap()), "{template}");
    let other = world.refused("integration role prod", "");
    assert!(other.contains("only one of the type aws has a role"), "{other}");
}

#[test]
fn an_integration_with_aws_is_tried_by_the_function_of_the_stack() {
    let world = World::with(Slack::default());
    world.text(ADD_CLOUD, "");
    world.aws.take_asked();

    let arn = "arn:aws:sts::123456789012:assumed-role/pagerflow-cloud/by-hand";
    world
        .aws
        .functions_give(false, json!({"account": "123456789012", "arn": arn, "user_id": "A"}));
    let told = world.text("integration test cloud", "");
    assert!(told.contains(arn), "{told}");
    let asked = world.aws.take_asked();
    let (_, input) = asked.iter().find(|(operation, _)| operation == "invoke").unwrap();
    assert_eq!(
        *input,
        json!({"action": "aws.sts.get_caller_identity", "integration": "cloud", "attempt": 1})
    );

    let failure = json!({"errorType": "AWS.Forbidden", "errorMessage": "the role does not trust us"});
    world.aws.functions_give(true, failure);
    let output = world.call("integration test cloud", "");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("does not trust us") && told.contains("pagerflow integration role cloud"),
        "{told}"
    );
}

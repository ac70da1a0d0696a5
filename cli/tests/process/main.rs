//! The command as a process: what a shell sees of it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test may fail like the test itself; the lints are lifted only inside of test functions"
)]

mod integrations;
mod small_aws;

use small_aws::{DELETED, INTEGRATION, KEY, WORKFLOW};
use std::{
    collections::BTreeSet,
    io::{Write, pipe},
    net::TcpListener,
    process::{Command, Output, Stdio},
};

/// Environment variables with their values.
type Variables<'a> = &'a [(&'a str, &'a str)];

/// The command with an environment of its own, in which nothing of AWS is set.
fn pagerflow(arguments: &[&str], variables: Variables<'_>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagerflow"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", std::env::temp_dir().join("pagerflow-no-home"));
    // Without it the SDK asks the machine, which takes seconds where there is no such service.
    command.env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null());
    command.envs(variables.iter().copied());
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_reader_that_has_gone_ends_a_command_quietly_and_with_its_own_exit_code() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/memory-alert.yaml");
    for arguments in [
        &["workflow", "schema"][..],
        &["workflow", "validate", example],
        &["workflow", "validate", example, "--output", "json"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let output = pagerflow(arguments, &[])
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(
            (output.status.code(), told(&output).as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn the_exit_code_says_whether_all_cases_of_a_file_pass() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/memory-alert.yaml");
    let folder = tempfile::tempdir().unwrap();
    let cases = |outcome: &str| {
        let path = folder.path().join(format!("{outcome}.yaml"));
        let case = format!("{{ name: a, sample: incident.triggered, expect: {{ outcome: {outcome} }} }}");
        std::fs::write(&path, format!("cases: [{case}]\n")).unwrap();
        path.display().to_string()
    };
    let code = |cases: &str, more: &[&str]| {
        let line = ["workflow", "test", example, "--expect", cases];
        let line: Vec<&str> = line.into_iter().chain(more.iter().copied()).collect();
        pagerflow(&line, &[]).output().unwrap().status.code()
    };
    assert_eq!(code(&cases("not_started"), &[]), Some(0));
    assert_eq!(code(&cases("succeeded"), &["--output", "json"]), Some(1));
    assert_eq!(code(&cases("wrong"), &[]), Some(1));
    assert_eq!(code(&cases("succeeded"), &["--plan"]), Some(2));
}

#[test]
fn what_keeps_a_command_from_aws_is_told_with_where_the_settings_come_from_and_what_helps() {
    let closed = format!(
        "http://{}",
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    );
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
    ];
    let region = ("AWS_REGION", "eu-west-1");
    let cases: [(Variables<'_>, [&str; 3]); 4] = [
        (
            &[region],
            [
                "there are no AWS credentials",
                "region eu-west-1 (from AWS_REGION)",
                "`aws sso login`",
            ],
        ),
        (&keys, ["no AWS region is set", "no region", "export AWS_REGION="]),
        (
            &[keys[0], keys[1], region, ("AWS_ENDPOINT_URL", &closed)],
            [
                "Connection refused",
                "(from AWS_ENDPOINT_URL)",
                "unset AWS_ENDPOINT_URL",
            ],
        ),
        (
            &[keys[0], keys[1], region, ("AWS_ENDPOINT_URL", "notaurl")],
            [
                "the endpoint is not a URL",
                "endpoint notaurl",
                "unset AWS_ENDPOINT_URL",
            ],
        ),
    ];
    for (variables, expected) in cases {
        for command in [
            &["run", "list"][..],
            &["workflow", "list"],
            &["key", "list"],
            &["integration", "list"],
        ] {
            let output = pagerflow(command, variables).output().unwrap();
            let told = told(&output);
            assert_eq!(output.status.code(), Some(1), "{told}");
            for words in expected {
                assert!(told.contains(words), "{command:?}: {words:?} is missing:\n{told}");
            }
            for raw in ["dispatch failure", "Request {", "SdkBody", "s3cret", "AKIDEXAMPLE"] {
                assert!(!told.contains(raw), "{command:?}:\n{told}");
            }
        }
    }
}

#[test]
fn a_step_as_it_is_stored_is_refused_before_anything_is_looked_up() {
    for (arguments, name) in [
        (["run", "replay", "abc", "--from", "00005"], "write `6`"),
        (
            ["run", "show", "abc", "--lane", "00001:00000"],
            "write `2/1`, or `2[1]`",
        ),
    ] {
        let output = pagerflow(&arguments, &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(told(&output).contains(name), "{}", told(&output));
    }
}

/// The environment of a stack in the small AWS, which is not looked up.
fn of_small_aws(url: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", url),
        ("PAGERFLOW_TABLE_NAME", "table"),
        ("PAGERFLOW_SECRETS_PREFIX", "pagerflow"),
        ("PAGERFLOW_WEBHOOK_URL", "https://example.com"),
        (
            "PAGERFLOW_STATE_MACHINE_ARN",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:pagerflow",
        ),
        ("PAGERFLOW_PAGERDUTY_URL", "http://127.0.0.1:9"),
    ]
}

/// What a person has typed wrong.
#[derive(Debug, Clone, Copy)]
enum Unknown {
    Workflow,
    Integration,
    Key,
    Run,
    Approval,
    Connector,
}

impl Unknown {
    fn typed(self) -> &'static str {
        match self {
            Self::Workflow => "memory-alrt",
            Self::Integration => "prd",
            Self::Key => "aaaaaaaaaaab",
            Self::Run => "nosuchrun",
            Self::Approval => "nosuchapprovalnosuchapprovalnosu",
            Self::Connector => "slak",
        }
    }

    fn told(self) -> String {
        let typed = self.typed();
        match self {
            Self::Workflow => format!("there is no workflow {typed}; did you mean {WORKFLOW}?"),
            Self::Integration => format!("there is no integration {typed}; did you mean {INTEGRATION}?"),
            Self::Key => format!("there is no API key {typed}; did you mean {KEY}?"),
            Self::Run => format!("there is no run {typed}"),
            Self::Approval => format!("there is no approval {typed}; `pagerflow approval list`"),
            Self::Connector => format!("there is no connector {typed}"),
        }
    }
}

/// Every command that takes a name, with `?` in the place of one that is not known. What else it takes would do.
const TAKING_NAMES: &[(&str, Unknown)] = &[
    ("integration set-token ?", Unknown::Integration),
    ("integration role ?", Unknown::Integration),
    ("integration show ?", Unknown::Integration),
    ("integration test ?", Unknown::Integration),
    (
        "integration signing-secret add ? --subscription P1",
        Unknown::Integration,
    ),
    ("integration signing-secret list ?", Unknown::Integration),
    ("integration signing-secret set ?", Unknown::Integration),
    (
        "integration signing-secret remove ? --subscription P1",
        Unknown::Integration,
    ),
    ("integration routing-key add ? checkout", Unknown::Integration),
    ("integration routing-key list ?", Unknown::Integration),
    ("integration routing-key remove ? checkout", Unknown::Integration),
    ("key create --name n --workflow ?", Unknown::Workflow),
    ("key create --name n --integration ?", Unknown::Integration),
    ("key list --workflow ?", Unknown::Workflow),
    ("key show ?", Unknown::Key),
    ("key revoke ?", Unknown::Key),
    ("key rotate ?", Unknown::Key),
    ("workflow show ?", Unknown::Workflow),
    ("workflow show ? --version 3", Unknown::Workflow),
    ("workflow versions ?", Unknown::Workflow),
    ("workflow diff ?", Unknown::Workflow),
    ("workflow diff ? --from 1 --to 2", Unknown::Workflow),
    ("workflow activate ? 1 --yes", Unknown::Workflow),
    ("workflow export ?", Unknown::Workflow),
    ("workflow export ? --version 3", Unknown::Workflow),
    ("workflow enable ?", Unknown::Workflow),
    ("workflow disable ?", Unknown::Workflow),
    ("workflow delete ?", Unknown::Workflow),
    ("webhook url ?", Unknown::Workflow),
    ("webhook url --integration ?", Unknown::Integration),
    ("webhook subscribe ?", Unknown::Integration),
    ("webhook list ?", Unknown::Integration),
    ("webhook test ? PSUB001", Unknown::Integration),
    ("webhook unsubscribe ? PSUB001 --yes", Unknown::Integration),
    ("run start ?", Unknown::Workflow),
    ("run list --workflow ?", Unknown::Workflow),
    ("run show ?", Unknown::Run),
    ("run show ? --event", Unknown::Run),
    ("run watch ?", Unknown::Run),
    ("run replay ? --yes", Unknown::Run),
    ("run cancel ?", Unknown::Run),
    ("approval show ?", Unknown::Approval),
    ("approval decide ? approve", Unknown::Approval),
    ("services --integration ?", Unknown::Integration),
    ("escalation-policies --integration ?", Unknown::Integration),
    ("users --integration ?", Unknown::Integration),
    ("priorities --integration ?", Unknown::Integration),
    ("teams --integration ?", Unknown::Integration),
    (
        "choices slack.post_message channel --integration ?",
        Unknown::Integration,
    ),
    ("connector test slack.test_token --integration ?", Unknown::Integration),
    ("connector show ?", Unknown::Connector),
    ("connector show ? --version 3 --source", Unknown::Connector),
    ("connector test ?.post_message --integration prod", Unknown::Connector),
    ("connector remove ? --yes", Unknown::Connector),
];

/// The commands that take no name of something that has to be there already, and why.
const TAKING_NONE: &[(&str, &str)] = &[
    ("integration add", "it makes one"),
    ("integration list", "it lists all"),
    ("integration types", "it takes a type"),
    ("connector list", "it lists all"),
    ("connector validate", "it takes files"),
    ("connector add", "it takes a file"),
    ("connector import", "it takes a file"),
    (
        "integration remove",
        "to remove what is not there is no error, so that a removal that was broken off can be repeated",
    ),
    ("workflow validate", "it takes files"),
    ("workflow test", "it takes files"),
    (
        "workflow apply",
        "it takes files; the integration in them is checked in the end-to-end tests",
    ),
    ("workflow list", "it lists all"),
    ("workflow schema", "it takes nothing"),
    ("approval list", "it takes nothing"),
    ("doctor", "an integration that is not there is one of its findings"),
    ("completions", "it takes the name of a shell"),
];

/// All commands that `--help` lists and that have none below them.
fn commands(path: &str) -> BTreeSet<String> {
    let words: Vec<&str> = path.split_whitespace().chain(["--help"]).collect();
    let help = String::from_utf8(pagerflow(&words, &[]).output().unwrap().stdout).unwrap();
    let Some((_, below)) = help.split_once("\nCommands:\n") else {
        return BTreeSet::from([path.to_owned()]);
    };
    let below = below.lines().take_while(|line| !line.is_empty());
    let below = below.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let below = below.filter(|name| !name.is_empty() && *name != "help");
    below
        .flat_map(|name| commands(format!("{path} {name}").trim()))
        .collect()
}

#[test]
fn a_name_that_is_not_known_is_an_error_with_the_nearest_one_in_every_command_that_takes_one() {
    let aws = small_aws::start();
    let mut wrong = Vec::new();
    for (line, unknown) in TAKING_NAMES {
        let line = line.replace('?', unknown.typed());
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = pagerflow(&words, &of_small_aws(&aws.url));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A secret, for those that read one.
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"R0123456789ABCDEFGHIJ0123456789Z")
            .unwrap_or_default();
        let output = child.wait_with_output().unwrap();
        let told = told(&output);
        if output.status.code() != Some(1) || !told.starts_with(&format!("error: {}", unknown.told())) {
            wrong.push(format!("{line}: {:?} {told}", output.status.code()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_command_takes_names_that_are_tried_here_or_says_why_it_takes_none() {
    let listed = TAKING_NAMES
        .iter()
        .map(|(line, _)| *line)
        .chain(TAKING_NONE.iter().map(|(line, _)| *line));
    let of = |command: &String| {
        listed
            .clone()
            .any(|line| line == command || line.starts_with(&format!("{command} ")))
    };
    let missing: Vec<String> = commands("").into_iter().filter(|command| !of(command)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// The commands that look at what is set up, each with the partitions that it reads to show it.
const LISTING: &[(&str, &[&str])] = &[
    ("workflow list", &["WORKFLOWS"]),
    ("key list", &["KEYS"]),
    ("integration list", &["INTEGRATIONS"]),
    ("integration types", &["CONNECTORS"]),
    ("integration types jira", &[]),
    ("connector list", &["CONNECTORS"]),
    ("connector list --shipped", &[]),
    ("integration remove prd --yes", &["INTEGRATIONS", "KEYS", "WORKFLOWS"]),
    ("approval list", &["APPROVALS"]),
    (
        "doctor",
        &[
            "CONNECTORS",
            "INTEGRATIONS",
            "KEYS",
            "OPEN#0",
            "OPEN#1",
            "OPEN#2",
            "OPEN#3",
            "WORKFLOWS",
        ],
    ),
];

#[test]
fn no_command_ever_reads_the_whole_table_and_a_list_reads_what_it_shows() {
    let aws = small_aws::start();
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        pagerflow(&words, &of_small_aws(&aws.url)).output().unwrap();
        aws.take_asked()
    };
    for (line, unknown) in TAKING_NAMES {
        let asked = run(&line.replace('?', unknown.typed()));
        assert!(
            asked.iter().all(|(operation, _)| operation != "scan"),
            "{line}: {asked:?}"
        );
    }
    for (line, partitions) in LISTING {
        let asked = run(line);
        assert!(
            asked.iter().all(|(operation, _)| operation != "scan"),
            "{line}: {asked:?}"
        );
        let queries = asked.iter().filter(|(operation, _)| operation == "query");
        let read: Vec<_> = queries
            .map(|(_, request)| {
                // An index is always a little behind.
                let of_index = request.get("IndexName").is_some();
                assert_eq!(request["ConsistentRead"] == true, !of_index, "{line}");
                assert!(request.get("FilterExpression").is_none(), "{line}");
                request["ExpressionAttributeValues"][":pk"]["S"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let mut sorted = read.clone();
        sorted.sort();
        assert_eq!(sorted, *partitions, "{line}");
    }
}

#[test]
fn a_deleted_workflow_is_told_as_deleted_and_how_to_bring_it_back() {
    let aws = small_aws::start();
    for line in [
        "run start",
        "workflow delete",
        "workflow enable",
        "webhook url",
        "key create --name n --workflow",
    ] {
        let line = format!("{line} {DELETED}");
        let words: Vec<&str> = line.split(' ').collect();
        let output = pagerflow(&words, &of_small_aws(&aws.url)).output().unwrap();
        let told = told(&output);
        assert_eq!(output.status.code(), Some(1), "{line}: {told}");
        assert!(
            told.contains("was deleted") && told.contains("pagerflow workflow apply"),
            "{line}: {told}"
        );
    }
}

//! AWS is more than one partition: its ARNs and the address of its console differ in China and in GovCloud.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::files::{read, template};

/// What an `If` of conditions on the partition gives in one of them.
fn in_partition<'a>(template: &Value, partition: &str, value: &'a Value) -> &'a str {
    let Some([condition, then, otherwise]) = value["If"].as_array().map(Vec::as_slice) else {
        return value.as_str().unwrap();
    };
    let wanted = &template["Conditions"][condition.as_str().unwrap()]["Equals"];
    assert_eq!(wanted[0], json!({"Ref": "AWS::Partition"}));
    let branch = if wanted[1] == partition { then } else { otherwise };
    in_partition(template, partition, branch)
}

#[test]
fn the_dashboard_is_in_the_console_of_the_partition() {
    let template = template();
    let url = &template["Outputs"]["DashboardUrl"]["Value"]["Sub"];

    assert!(
        url[0]
            .as_str()
            .unwrap()
            .starts_with("https://${AWS::Region}.${Console}/")
    );
    for (partition, console) in [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
    ] {
        assert_eq!(in_partition(&template, partition, &url[1]["Console"]), console);
    }
}

/// The sources of what is deployed and of the command, without their tests.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut open: Vec<PathBuf> = ["shared", "functions", "cli"].map(|folder| root.join(folder)).into();
    let mut sources = Vec::new();
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        // `example.rs` has values that are shown to people, and are put into no request.
        } else if name.ends_with(".rs") && !["tests.rs", "state_machine.rs", "example.rs"].contains(&name) {
            sources.push(path);
        }
    }
    sources
}

#[test]
fn nothing_that_is_shipped_names_a_partition_in_an_arn() {
    let mut texts = vec![read("template.yaml"), read("statemachine/workflow.asl.json")];
    for path in sources() {
        let source = fs::read_to_string(path).unwrap();
        texts.push(source.split("mod tests {").next().unwrap().to_owned());
    }
    for text in texts {
        assert_eq!(text.lines().find(|line| line.contains("arn:aws:")), None);
    }
}

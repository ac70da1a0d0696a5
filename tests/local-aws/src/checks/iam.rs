//! The rights that the template gives, written down in `policy/iam.json`.
//!
//! ```text
//! PAGERFLOW_WRITE_IAM=1 cargo xtask test --only template
//! ```
//! writes them anew after a change that is wanted.

use std::{env, fs};

use serde_json::{Map, Value, json};
use similar::TextDiff;

use super::faults::{must_refuse, with_change};
use crate::{Error, Project};

pub(super) const PATH: &str = "policy/iam.json";

/// Changes of rights that must be noticed: what a statement allows, on what, under which condition, and to whom.
const FAULTS: [(&str, &str); 4] = [
    (r#""dynamodb:PutItem""#, r#""dynamodb:DeleteItem""#),
    ("/api-token/*", "/*"),
    ("BODY#*", "*"),
    ("lambda.amazonaws.com", "ec2.amazonaws.com"),
];

/// Compares the rights with those written down.
pub(super) fn check(project: &Project, template: &Value) -> Result<(), Error> {
    let found = written(template)?;
    let path = project.path(PATH);
    if env::var_os("PAGERFLOW_WRITE_IAM").is_some() {
        return fs::write(&path, found).map_err(Error::file("write", &path));
    }
    compare(project, &found)
}

/// Expects changed rights to be noticed.
pub(super) fn notices_each_fault(project: &Project, template: &Value) -> Result<(), Error> {
    let found = template.to_string();
    for fault in FAULTS {
        let faulty = with_change(&found, fault)?;
        let faulty = serde_json::from_str(&faulty).map_err(Error::json("the template with a fault"))?;
        must_refuse(PATH, fault.1, fault.1, || compare(project, &written(&faulty)?))?;
    }
    Ok(())
}

fn compare(project: &Project, found: &str) -> Result<(), Error> {
    let path = project.path(PATH);
    let expected = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    if expected == found {
        return Ok(());
    }
    let diff = TextDiff::from_lines(expected.as_str(), found);
    Err(Error::Rights {
        diff: diff.unified_diff().header(PATH, "template.yaml").to_string(),
    })
}

fn written(template: &Value) -> Result<String, Error> {
    let rights = rights(template).ok_or_else(|| Error::NoPlace("/Resources".to_owned()))?;
    let mut text = serde_json::to_string_pretty(&rights).map_err(Error::json(PATH))?;
    text.push('\n');
    Ok(text)
}

/// Who may do what: every role, every policy, and what other services may do with a function or a queue.
fn rights(template: &Value) -> Option<Value> {
    let resources = template.get("Resources")?.as_object()?;
    let rights = resources.iter().filter_map(|(name, resource)| {
        let properties = resource.get("Properties")?;
        let right = match resource.get("Type")?.as_str()? {
            "AWS::IAM::Role" => role(properties)?,
            "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" | "AWS::SQS::QueuePolicy" => {
                json!({"statements": plain(properties.pointer("/PolicyDocument/Statement")?)})
            }
            "AWS::Lambda::Permission" => plain(properties),
            _ => return None,
        };
        Some((name.clone(), right))
    });
    Some(rights.collect::<Map<_, _>>().into())
}

fn role(properties: &Value) -> Option<Value> {
    let policies = properties.get("Policies")?.as_array()?.iter().filter_map(|policy| {
        let name = policy.get("PolicyName")?.as_str()?;
        Some((name.to_owned(), plain(policy.pointer("/PolicyDocument/Statement")?)))
    });
    let taken_on_by = properties.pointer("/AssumeRolePolicyDocument/Statement")?;
    let mut role = json!({"taken_on_by": plain(taken_on_by), "policies": policies.collect::<Map<_, _>>()});
    for (field, property) in [("limited_by", "PermissionsBoundary"), ("has_also", "ManagedPolicyArns")] {
        if let (Some(value), Some(fields)) = (properties.get(property), role.as_object_mut()) {
            fields.insert(field.to_owned(), plain(value));
        }
    }
    Some(role)
}

/// CloudFormation's functions as one reads them in a text: `${Table.Arn}`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => called(fields).unwrap_or_else(|| {
            let fields = fields.iter().map(|(name, value)| (name.clone(), plain(value)));
            Value::Object(fields.collect())
        }),
        other => other.clone(),
    }
}

fn called(fields: &Map<String, Value>) -> Option<Value> {
    let (function, argument) = fields.iter().next().filter(|_| fields.len() == 1)?;
    match (function.as_str(), argument) {
        ("Ref", Value::String(name)) => Some(json!(format!("${{{name}}}"))),
        ("Fn::Sub", Value::String(text)) => Some(json!(text)),
        ("Fn::GetAtt", Value::Array(parts)) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            Some(json!(format!("${{{}}}", parts?.join("."))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_written_as_one_reads_them() {
        let template = json!({"Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {
                "AssumeRolePolicyDocument": {"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]},
                "ManagedPolicyArns": [{"Ref": "Traces"}],
                "Policies": [{"PolicyName": "send", "PolicyDocument": {"Statement": [
                    {"Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}},
                    {"Action": "s3:GetObject", "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::x"}},
                ]}}],
            }},
        }});

        assert_eq!(
            rights(&template).unwrap(),
            json!({"Role": {
                "taken_on_by": [{"Principal": {"Service": "lambda.amazonaws.com"}}],
                "has_also": ["${Traces}"],
                "policies": {"send": [
                    {"Action": "sqs:SendMessage", "Resource": "${Queue.Arn}"},
                    {"Action": "s3:GetObject", "Resource": "arn:${AWS::Partition}:s3:::x"},
                ]},
            }})
        );
    }
}

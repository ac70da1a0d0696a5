//! Two services of AWS, STS and ECS: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html>.
//!
//! Each request is held against its signature, and what it asks for against the policies of the role and of the session.

mod signature;

use crate::{Answer, Request, Vendor, field};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The key id of the function, which may take on [`ROLE`].
pub const OWN_KEY_ID: &str = "ASIAFUNCTION";

/// The secret key of the function.
pub const OWN_SECRET: &str = "not-a-real-key-of-the-function";

/// The session token of the function.
pub const OWN_TOKEN: &str = "not-a-real-token-of-the-function";

/// The role that acts in the account.
pub const ROLE: &str = "arn:aws:iam::111122223333:role/pagerflow-acts";

/// The text that the role's trust policy asks for.
pub const EXTERNAL_ID: &str = "not-a-real-external-id-0123456789";

/// The services in the cluster `web`.
const SERVICES: usize = 25;

/// The entries of a page.
const PAGE: usize = 10;

/// An account with a role, and with the cluster `web` that has the services `service-0` to `service-24`.
#[derive(Debug)]
pub struct Aws {
    /// The time by which requests are fresh and credentials are good.
    pub now: Timestamp,
    /// The text that the role's trust policy asks for.
    pub external_id: String,
    /// The actions that the role allows, such as `ecs:*`.
    pub role_allows: Vec<String>,
    /// The sessions so far, by their key ids.
    pub sessions: BTreeMap<String, Session>,
    /// The services that were deployed anew, each with its region. Until they are taken away, the old tasks run beside the new ones.
    pub deployed: Vec<String>,
    /// The tasks that were started, by their client tokens.
    pub tasks: BTreeMap<String, String>,
    /// True if an error quotes the secrets of the request.
    pub quotes_secrets: bool,
}

/// A session of the role.
#[derive(Debug, Clone)]
pub struct Session {
    /// The name that the session was given.
    pub name: String,
    /// The policy of the session.
    pub policy: Value,
    secret: String,
    token: String,
    ends: Timestamp,
}

impl Session {
    /// The actions that the session's policy allows without a condition.
    #[must_use]
    pub fn actions(&self) -> Vec<&str> {
        let statements = self.policy["Statement"].as_array().into_iter().flatten();
        let free = statements.filter(|statement| statement.get("Condition").is_none());
        let actions = free.filter_map(|statement| statement["Action"].as_array());
        actions.flatten().filter_map(Value::as_str).collect()
    }
}

impl Aws {
    /// The account at a time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            external_id: EXTERNAL_ID.to_owned(),
            role_allows: vec!["ecs:*".to_owned()],
            sessions: BTreeMap::new(),
            deployed: Vec::new(),
            tasks: BTreeMap::new(),
            quotes_secrets: false,
        }
    }

    fn assume_role(&mut self, request: &Request, region: &str) -> Answer {
        if let Err(code) = signature::check(request, (OWN_SECRET, OWN_TOKEN), region, "sts", self.now) {
            return refused_by_sts(403, code, "The request signature we calculated does not match.");
        }
        let form = request.form();
        let value = |name| field(&form, name).unwrap_or_default();
        if (value("Action"), value("Version")) != ("AssumeRole", "2011-06-15") {
            return refused_by_sts(400, "InvalidAction", "Could not find operation.");
        }
        let policy: Option<Value> = serde_json::from_str(value("Policy")).ok();
        let seconds = value("DurationSeconds").parse().unwrap_or(3_600);
        let name = value("RoleSessionName");
        let is_name =
            (2..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
        if !is_name || !(900..=3_600).contains(&seconds) {
            return refused_by_sts(400, "ValidationError", "1 validation error detected.");
        }
        let Some(policy) = policy.filter(|policy| policy["Version"] == "2012-10-17") else {
            return refused_by_sts(400, "MalformedPolicyDocument", "The policy is not valid.");
        };
        if value("RoleArn") != ROLE || value("ExternalId") != self.external_id {
            let quoted = if self.quotes_secrets { value("ExternalId") } else { "" };
            let message = format!("User is not authorized to perform: sts:AssumeRole on resource: {ROLE} {quoted}");
            return refused_by_sts(403, "AccessDenied", &message);
        }
        let number = self.sessions.len() + 1;
        let key_id = format!("ASIASESSION{number}");
        let session = Session {
            name: name.to_owned(),
            policy,
            secret: format!("not-a-real-key-{number}"),
            token: format!("not-a-real-token-{number}+/="),
            ends: self.now + SignedDuration::from_secs(seconds),
        };
        let Session {
            secret, token, ends, ..
        } = &session;
        let body = format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
             <AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>\
             <Expiration>{ends}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        );
        self.sessions.insert(key_id, session);
        Answer::text(200, &body)
    }

    fn ecs(&mut self, request: &Request, region: &str) -> Answer {
        let target = request.header("x-amz-target").unwrap_or_default();
        let Some(operation) = target.strip_prefix("AmazonEC2ContainerServiceV20141113.") else {
            return refused(400, "UnknownOperationException", "");
        };
        let key_id = signature::key_id(request).unwrap_or_default();
        let Some(session) = self.sessions.get(&key_id) else {
            return refused(
                400,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            );
        };
        if session.ends <= self.now {
            return refused(
                400,
                "ExpiredTokenException",
                "The security token included in the request is expired",
            );
        }
        let keys = (session.secret.as_str(), session.token.as_str());
        if let Err(code) = signature::check(request, keys, region, "ecs", self.now) {
            return refused(403, code, "The request signature we calculated does not match.");
        }
        let action = format!("ecs:{operation}");
        let is_allowed = session.actions().iter().any(|allowed| covers(allowed, &action))
            && self.role_allows.iter().any(|allowed| covers(allowed, &action));
        if !is_allowed {
            let quoted = if self.quotes_secrets {
                session.token.as_str()
            } else {
                ""
            };
            let message = format!("User is not authorized to perform: {action} {quoted}");
            return refused(400, "AccessDeniedException", &message);
        }
        let input = request.json_of("application/x-amz-json-1.1");
        if input.get("cluster").is_some_and(|cluster| cluster != "web") {
            return refused(400, "ClusterNotFoundException", "Cluster not found.");
        }
        match operation {
            "UpdateService" => {
                let name = input["service"].as_str().unwrap_or_default();
                if !is_service(name) {
                    return refused(400, "ServiceNotFoundException", "Service not found.");
                }
                if input["forceNewDeployment"] == true {
                    self.deployed.push(format!("{region}/{name}"));
                }
                Answer::json(
                    200,
                    json!({"service": {"serviceName": name, "status": "ACTIVE", "desiredCount": 2}}),
                )
            }
            "ListServices" => {
                let begin = input["nextToken"]
                    .as_str()
                    .map_or(0, |token| token.parse().unwrap_or(SERVICES));
                let end = SERVICES.min(begin + PAGE);
                let arn = |number| format!("arn:aws:ecs:{region}:111122223333:service/web/service-{number}");
                let next = (end < SERVICES).then(|| end.to_string());
                let arns: Vec<_> = (begin..end).map(arn).collect();
                Answer::json(200, json!({"serviceArns": arns, "nextToken": next}))
            }
            "DescribeServices" => {
                let names = input["services"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str);
                let (mut services, mut failures) = (Vec::new(), Vec::new());
                for name in names {
                    if !is_service(name) {
                        failures.push(json!({"arn": name, "reason": "MISSING"}));
                        continue;
                    }
                    let is_deploying = self.deployed.contains(&format!("{region}/{name}"));
                    let deployments = vec![json!({"status": "PRIMARY"}); if is_deploying { 2 } else { 1 }];
                    services.push(json!({
                        "serviceName": name, "status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "deployments": deployments,
                    }));
                }
                Answer::json(200, json!({"services": services, "failures": failures}))
            }
            "RunTask" => {
                let token = input["clientToken"].as_str().unwrap_or_default().to_owned();
                let next = format!("arn:aws:ecs:{region}:111122223333:task/web/{}", self.tasks.len());
                let arn = self.tasks.entry(token).or_insert(next).clone();
                Answer::json(200, json!({"tasks": [{"taskArn": arn}], "failures": []}))
            }
            _ => refused(400, "UnknownOperationException", ""),
        }
    }
}

impl Vendor for Aws {
    fn answer(&mut self, request: &Request) -> Answer {
        let host: Vec<&str> = request.host.split('.').collect();
        match (request.route(), host.as_slice()) {
            (("POST", path), ["sts", region, "amazonaws", "com"]) if path == [""] => self.assume_role(request, region),
            (("POST", path), ["ecs", region, "amazonaws", "com"]) if path == [""] => self.ecs(request, region),
            _ => Answer::text(404, "Not Found"),
        }
    }

    fn too_many_requests(&self) -> (Answer, u64) {
        // It does not say for how long.
        (refused(400, "ThrottlingException", "Rate exceeded"), 0)
    }
}

/// True for the services that the cluster has.
fn is_service(name: &str) -> bool {
    (0..SERVICES).any(|number| name == format!("service-{number}"))
}

fn covers(allowed: &str, action: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(prefix) => action.starts_with(prefix),
        None => allowed == action,
    }
}

/// An error as the services with JSON give it.
#[must_use]
pub fn refused(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({"__type": code, "message": message})).header("x-amzn-requestid", "r-1")
}

fn refused_by_sts(status: u16, code: &str, message: &str) -> Answer {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    Answer::text(
        status,
        &format!("<ErrorResponse>{error}<RequestId>r-1</RequestId></ErrorResponse>"),
    )
}

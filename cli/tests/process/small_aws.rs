//! An AWS with very little in it, at a socket: one workflow and a deleted one, one integration, one API key. It keeps what is put into
//! the table, and secrets.

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

pub(crate) const WORKFLOW: &str = "memory-alert";
pub(crate) const DELETED: &str = "disk-alert";
pub(crate) const INTEGRATION: &str = "prod";
pub(crate) const KEY: &str = "aaaaaaaaaaaa";

/// It, once it has been started.
pub(crate) struct SmallAws {
    pub(crate) url: String,
    world: Arc<Mutex<World>>,
}

/// The requests that it got, and the items and secrets that it keeps.
#[derive(Debug)]
struct World {
    asked: Vec<(String, Value)>,
    items: Vec<Value>,
    secrets: BTreeMap<String, Secret>,
    /// The answer of every function: if it failed, and what it gave.
    given: (bool, Value),
}

/// A secret by the ids of its versions.
#[derive(Debug, Default)]
struct Secret {
    versions: Vec<String>,
    current: usize,
}

impl SmallAws {
    /// The item of an integration.
    pub(crate) fn integration(&self, alias: &str) -> Option<Value> {
        let world = self.world.lock().unwrap();
        let is_it = |item: &&Value| item["pk"]["S"] == "INTEGRATIONS" && item["sk"]["S"] == alias;
        world.items.iter().find(is_it).cloned()
    }

    /// The value of a secret.
    pub(crate) fn secret(&self, name: &str) -> Option<String> {
        let world = self.world.lock().unwrap();
        let secret = world.secrets.get(name)?;
        secret.versions.get(secret.current).cloned()
    }

    /// Puts something in the place of a secret.
    pub(crate) fn spoil(&self, name: &str, value: &str) {
        let mut world = self.world.lock().unwrap();
        world.secrets.entry(name.to_owned()).or_default().versions = vec![value.to_owned()];
    }

    /// Has every function fail, or give this.
    pub(crate) fn functions_give(&self, has_failed: bool, payload: Value) {
        self.world.lock().unwrap().given = (has_failed, payload);
    }

    /// What was asked since the last look: operations, in lower case, with their requests.
    pub(crate) fn take_asked(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.world.lock().unwrap().asked)
    }
}

pub(crate) fn start() -> SmallAws {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let world = Arc::new(Mutex::new(World {
        asked: Vec::new(),
        items: items(),
        secrets: BTreeMap::new(),
        given: (false, Value::Null),
    }));
    let small = SmallAws {
        url,
        world: Arc::clone(&world),
    };
    thread::spawn(move || {
        for connection in listener.incoming() {
            let world = Arc::clone(&world);
            thread::spawn(move || serve(connection.unwrap(), &world));
        }
    });
    small
}

fn serve(mut connection: TcpStream, world: &Mutex<World>) {
    let (head, body) = request(&mut connection);
    let target = head
        .lines()
        .find_map(|line| line.strip_prefix("x-amz-target:"))
        .unwrap_or_default()
        .trim();
    let line = head.lines().next().unwrap_or_default();
    let operation = match target.rsplit_once('.') {
        Some((_, operation)) => operation,
        None if body.contains("Action=ListStackResources") => "liststackresources",
        None if body.contains("Action=GetCallerIdentity") => "getcalleridentity",
        None if line.contains("/functions/pagerflow-call-aws/invocations?qualifier=live") => "invoke",
        None => "",
    };
    let sent: Value = serde_json::from_str(&body).unwrap_or_default();
    let mut world = world.lock().unwrap();
    world.asked.push((operation.to_owned(), sent.clone()));
    let mut headers = "content-type: application/x-amz-json-1.0";
    let (status, answer) = match operation {
        "liststackresources" => (200, RESOURCES.into()),
        "getcalleridentity" => (200, CALLER.into()),
        "invoke" => {
            if world.given.0 {
                headers = "content-type: application/json\r\nx-amz-function-error: Unhandled";
            }
            (200, world.given.1.clone())
        }
        "getitem" => (200, world.get(&sent)),
        "query" => (200, json!({ "Items": world.query(&sent) })),
        "putitem" => world.put(&sent),
        "deleteitem" => world.delete(&sent),
        "getsecretvalue" | "createsecret" | "putsecretvalue" | "updatesecretversionstage" | "deletesecret" => {
            world.secret(operation, &sent)
        }
        "transactwriteitems" => world.transact(&sent),
        "updateitem" => refused("ConditionalCheckFailedException"),
        "describeexecution" => refused("ExecutionDoesNotExist"),
        _ => refused("ResourceNotFoundException"),
    };
    drop(world);
    let answer = match answer {
        // XML, of what does not speak JSON.
        Value::String(xml) => xml,
        json => json.to_string(),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    connection
        .write_all([head, answer].concat().as_bytes())
        .unwrap_or_default();
}

/// The function that acts in AWS accounts, and its role.
const RESOURCES: &str = "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>\
    <member><LogicalResourceId>CallAws</LogicalResourceId><ResourceType>AWS::Lambda::Function</ResourceType>\
    <PhysicalResourceId>pagerflow-call-aws</PhysicalResourceId></member>\
    <member><LogicalResourceId>CallAwsRole</LogicalResourceId><ResourceType>AWS::IAM::Role</ResourceType>\
    <PhysicalResourceId>pagerflow-CallAwsRole-1A2B3C</PhysicalResourceId></member>\
    </StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>";

const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::210987654321:user/ann</Arn>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

fn refused(code: &str) -> (u16, Value) {
    (400, json!({ "__type": code, "message": "there is none" }))
}

fn request(connection: &mut TcpStream) -> (String, String) {
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = connection.read(&mut buffer).unwrap_or_default();
        read.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
            if body.len() >= length || count == 0 {
                return (head, body.to_owned());
            }
        } else if count == 0 {
            return (text, String::new());
        }
    }
}

const TIME: &str = "2026-11-20T09:30:00Z";

fn items() -> Vec<Value> {
    let workflow = |name: &str, state: &str| {
        json!({
            "pk": {"S": "WORKFLOWS"}, "sk": {"S": name}, "workflow": {"S": name}, "state": {"S": state},
            "active_version": {"N": "1"}, "updated_at": {"S": TIME},
        })
    };
    vec![
        workflow(WORKFLOW, "enabled"),
        workflow(DELETED, "deleted"),
        json!({
            "pk": {"S": "INTEGRATIONS"}, "sk": {"S": INTEGRATION}, "alias": {"S": INTEGRATION},
            "type": {"S": "pagerduty"}, "service_region": {"S": "us"}, "updated_at": {"S": TIME},
        }),
        json!({
            "pk": {"S": "KEYS"}, "sk": {"S": KEY}, "key_id": {"S": KEY}, "name": {"S": "n"},
            "integration": {"S": INTEGRATION}, "sha256": {"S": "0".repeat(64)}, "state": {"S": "active"},
            "created_at": {"S": TIME},
        }),
    ]
}

fn is_at(item: &Value, key: &Value) -> bool {
    item["pk"] == key["pk"] && item["sk"] == key["sk"]
}

impl World {
    fn get(&self, asked: &Value) -> Value {
        match self.items.iter().find(|item| is_at(item, &asked["Key"])) {
            Some(item) => json!({ "Item": item }),
            None => json!({}),
        }
    }

    /// The items of a partition of the table.
    fn query(&self, asked: &Value) -> Vec<&Value> {
        let pk = &asked["ExpressionAttributeValues"][":pk"];
        self.items.iter().filter(|item| item["pk"] == *pk).collect()
    }

    /// Of conditions it knows that an item must not be there, and that its type must be the same.
    fn put(&mut self, asked: &Value) -> (u16, Value) {
        let item = &asked["Item"];
        let before = self.items.iter().position(|other| is_at(other, item));
        let condition = asked["ConditionExpression"].as_str().unwrap_or_default();
        if let Some(index) = before {
            if condition.contains("not_exists") || self.items[index]["type"] != item["type"] {
                let refused = "ConditionalCheckFailedException";
                return (
                    400,
                    json!({ "__type": refused, "message": "no", "Item": self.items[index] }),
                );
            }
            self.items.remove(index);
        }
        self.items.push(item.clone());
        (200, json!({}))
    }

    /// Takes new versions of connectors, and nothing else.
    fn transact(&mut self, asked: &Value) -> (u16, Value) {
        let writes = asked["TransactItems"].as_array().into_iter().flatten();
        let items: Vec<&Value> = writes.map(|write| &write["Put"]["Item"]).collect();
        let is_of_connector = |item: &&Value| {
            let pk = item["pk"]["S"].as_str().unwrap_or_default();
            pk.starts_with("CONNECTOR")
        };
        if !items.iter().all(is_of_connector) {
            return refused("ConditionalCheckFailedException");
        }
        for item in items {
            self.items.retain(|other| !is_at(other, item));
            self.items.push(item.clone());
        }
        (200, json!({}))
    }

    fn delete(&mut self, asked: &Value) -> (u16, Value) {
        let index = self.items.iter().position(|item| is_at(item, &asked["Key"]));
        match index.map(|index| self.items.remove(index)) {
            Some(item) => (200, json!({ "Attributes": item })),
            None => (200, json!({})),
        }
    }

    /// Secrets Manager, as far as a secret is made, read, moved on to another version, and removed.
    fn secret(&mut self, operation: &str, asked: &Value) -> (u16, Value) {
        let name = asked["SecretId"]
            .as_str()
            .or(asked["Name"].as_str())
            .unwrap()
            .to_owned();
        let text = asked["SecretString"].as_str().unwrap_or_default().to_owned();
        let version = |index: usize| format!("version-{index}");
        let known = self.secrets.get_mut(&name);
        match (operation, known) {
            ("createsecret", None) => {
                self.secrets.entry(name).or_default().versions.push(text);
                (200, json!({ "VersionId": version(0) }))
            }
            ("createsecret", Some(_)) => refused("ResourceExistsException"),
            (_, None) => refused("ResourceNotFoundException"),
            ("getsecretvalue", Some(secret)) => (
                200,
                json!({ "SecretString": secret.versions[secret.current], "VersionId": version(secret.current) }),
            ),
            ("putsecretvalue", Some(secret)) => {
                secret.versions.push(text);
                (200, json!({ "VersionId": version(secret.versions.len() - 1) }))
            }
            ("updatesecretversionstage", Some(secret)) => {
                let moved_to = (0..secret.versions.len()).find(|index| asked["MoveToVersionId"] == version(*index));
                secret.current = moved_to.unwrap();
                (200, json!({}))
            }
            (_, Some(_)) => {
                self.secrets.remove(&name);
                (200, json!({}))
            }
        }
    }
}

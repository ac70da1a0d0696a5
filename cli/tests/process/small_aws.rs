//! An AWS with very little in it, at a socket: one workflow and a deleted one, one integration, one API key.

use serde_json::{Value, json};
use std::{
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
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl SmallAws {
    /// What was asked since the last look: operations, in lower case, with their requests.
    pub(crate) fn take_asked(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

pub(crate) fn start() -> SmallAws {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::default());
    let small = SmallAws {
        url,
        asked: Arc::clone(&asked),
    };
    thread::spawn(move || {
        for connection in listener.incoming() {
            let asked = Arc::clone(&asked);
            thread::spawn(move || serve(connection.unwrap(), &asked));
        }
    });
    small
}

fn serve(mut connection: TcpStream, asked: &Mutex<Vec<(String, Value)>>) {
    let (head, body) = request(&mut connection);
    let target = head
        .lines()
        .find_map(|line| line.strip_prefix("x-amz-target:"))
        .unwrap_or_default()
        .trim();
    let operation = target.rsplit_once('.').map_or("", |(_, operation)| operation);
    let sent = serde_json::from_str(&body).unwrap_or_default();
    asked.lock().unwrap().push((operation.to_owned(), sent));
    let (status, answer) = match operation {
        "getitem" => (200, get(&body)),
        "query" => (200, json!({ "Items": query(&body) })),
        "updateitem" | "transactwriteitems" => refused("ConditionalCheckFailedException"),
        "describeexecution" => refused("ExecutionDoesNotExist"),
        _ => refused("ResourceNotFoundException"),
    };
    let answer = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    connection
        .write_all([head, answer].concat().as_bytes())
        .unwrap_or_default();
}

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
            "service_region": {"S": "us"}, "updated_at": {"S": TIME},
        }),
        json!({
            "pk": {"S": "KEYS"}, "sk": {"S": KEY}, "key_id": {"S": KEY}, "name": {"S": "n"},
            "integration": {"S": INTEGRATION}, "sha256": {"S": "0".repeat(64)}, "state": {"S": "active"},
            "created_at": {"S": TIME},
        }),
    ]
}

fn get(body: &str) -> Value {
    let asked: Value = serde_json::from_str(body).unwrap();
    let is_it = |item: &Value| item["pk"] == asked["Key"]["pk"] && item["sk"] == asked["Key"]["sk"];
    match items().into_iter().find(is_it) {
        Some(item) => json!({ "Item": item }),
        None => json!({}),
    }
}

/// The items of a partition of the table.
fn query(body: &str) -> Vec<Value> {
    let asked: Value = serde_json::from_str(body).unwrap();
    let pk = &asked["ExpressionAttributeValues"][":pk"];
    items().into_iter().filter(|item| item["pk"] == *pk).collect()
}

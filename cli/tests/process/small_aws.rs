//! An AWS with very little in it, at a socket: one workflow and a deleted one, one integration, one API key.

use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

pub(crate) const WORKFLOW: &str = "memory-alert";
pub(crate) const DELETED: &str = "disk-alert";
pub(crate) const INTEGRATION: &str = "prod";
pub(crate) const KEY: &str = "aaaaaaaaaaaa";

/// Starts it, and gives its URL.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            thread::spawn(move || serve(connection.unwrap()));
        }
    });
    url
}

fn serve(mut connection: TcpStream) {
    let (head, body) = request(&mut connection);
    let target = head
        .lines()
        .find_map(|line| line.strip_prefix("x-amz-target:"))
        .unwrap_or_default()
        .trim();
    let (status, answer) = match target.rsplit_once('.').map_or("", |(_, operation)| operation) {
        "getitem" => (200, get(&body)),
        "scan" => (200, json!({ "Items": scan(&body) })),
        "query" => (200, json!({ "Items": [] })),
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
            "pk": {"S": format!("WORKFLOW#{name}")}, "sk": {"S": "WORKFLOW"}, "workflow": {"S": name}, "state": {"S": state},
            "active_version": {"N": "1"}, "updated_at": {"S": TIME},
        })
    };
    vec![
        workflow(WORKFLOW, "enabled"),
        workflow(DELETED, "deleted"),
        json!({
            "pk": {"S": format!("INTEGRATION#{INTEGRATION}")}, "sk": {"S": "INTEGRATION"}, "alias": {"S": INTEGRATION},
            "service_region": {"S": "us"}, "updated_at": {"S": TIME},
        }),
        json!({
            "pk": {"S": format!("KEY#{KEY}")}, "sk": {"S": "KEY"}, "key_id": {"S": KEY}, "name": {"S": "n"},
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

/// The items whose sort key the filter names.
fn scan(body: &str) -> Vec<Value> {
    let asked: Value = serde_json::from_str(body).unwrap();
    let wanted: Vec<&Value> = asked["ExpressionAttributeValues"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, value)| value)
        .collect();
    items()
        .into_iter()
        .filter(|item| wanted.contains(&&item["sk"]))
        .collect()
}

//! A system of a user's own, with an API of its own.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// Its token.
pub const TOKEN: &str = "not-a-real-token-of-an-inventory";

/// An inventory with the service `checkout`, which takes notes.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The notes, as JSON or as text.
    pub notes: Vec<Value>,
}

impl Vendor for Inventory {
    fn answer(&mut self, request: &Request) -> Answer {
        if request.header("x-api-key") != Some(TOKEN) {
            return Answer::json(401, json!({"error": "who are you?"}));
        }
        let (method, segments) = request.route();
        match (method, segments.as_slice()) {
            ("GET", ["v1", "services", "checkout"]) => {
                let owner = request.query("expand").map(|_| "team-7");
                Answer::json(200, json!({"name": "checkout", "owner": owner})).header("x-version", 3)
            }
            ("POST" | "PUT", ["v1", "services", "checkout", "notes"]) => {
                self.notes.push(request.json());
                Answer::json(201, json!({"id": self.notes.len()}))
            }
            _ => Answer::json(404, json!({"error": "no such thing"})),
        }
    }
}

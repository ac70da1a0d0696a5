//! A receiver of a user's own, at a URL that is a secret.

use crate::{Answer, Request, Vendor};
use serde_json::Value;

/// The URL.
pub const URL: &str = "https://hooks.acme.example/in/not-a-real-secret?from=pagerflow";

/// The receiver.
#[derive(Debug, Default)]
pub struct Receiver {
    /// The bodies that came in.
    pub received: Vec<Value>,
}

impl Vendor for Receiver {
    fn answer(&mut self, request: &Request) -> Answer {
        let (method, segments) = request.route();
        match (method, segments.as_slice(), request.query("from")) {
            ("POST", ["in", "not-a-real-secret"], Some("pagerflow")) => {
                self.received.push(request.json());
                Answer::text(201, "created")
            }
            _ => Answer::text(404, "not found"),
        }
    }
}

//! Zoom's API: <https://developers.zoom.us/docs/api/>, with server-to-server OAuth:
//! <https://developers.zoom.us/docs/internal-apps/s2s-oauth/>.

use crate::{Answer, Request, Vendor, field, is_number};
use serde_json::{Value, json};

/// The account.
pub const ACCOUNT: &str = "AbCdEfGhQ1234567890abc";
/// The client id of the app.
pub const CLIENT: &str = "AbCdEfGhIjKlMnOpQrSt";
/// Its client secret.
pub const SECRET: &str = "not-a-real-client-secret";

/// An account with 310 users, of which `oncall@acme.example` is the first.
#[derive(Debug, Default)]
pub struct Zoom {
    /// The meetings that were not deleted.
    pub meetings: Vec<Value>,
    /// The number of access tokens that were given out.
    pub tokens: usize,
}

fn error(status: u16, code: u16, message: &str) -> Answer {
    Answer::json(status, json!({"code": code, "message": message}))
}

impl Vendor for Zoom {
    const NAMES: &'static [&'static str] = &[
        "account_id",
        "action",
        "agenda",
        "auto_recording",
        "duration",
        "grant_type",
        "join_before_host",
        "next_page_token",
        "page_size",
        "settings",
        "topic",
        "type",
        "waiting_room",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        let (method, segments) = request.route();
        if request.host == "zoom.us" {
            return match (method, segments.as_slice()) {
                ("POST", ["oauth", "token"]) => self.token(request),
                _ => Answer::empty(404),
            };
        }
        if self.tokens == 0 || request.bearer() != Some(&format!("access-{}", self.tokens)) {
            return error(401, 124, "Invalid access token.");
        }
        let ["v2", rest @ ..] = segments.as_slice() else {
            return error(404, 404, "Not Found");
        };
        let body = request.json();
        match (method, rest) {
            ("GET", ["users"]) => users(request),
            ("POST", ["users", user, "meetings"]) => {
                if *user != "oncall@acme.example" && *user != "user-1" {
                    return error(404, 1001, &format!("User does not exist: {user}."));
                }
                self.create(&body)
            }
            (method, ["meetings", id, rest @ ..]) => {
                let Some(place) = self.meetings.iter().position(|meeting| is_number(&meeting["id"], id)) else {
                    return error(404, 3001, &format!("Meeting does not exist: {id}."));
                };
                self.on_meeting(place, method, rest, &body)
            }
            _ => error(404, 404, "Not Found"),
        }
    }

    /// <https://developers.zoom.us/docs/api/rate-limits/>
    fn too_many_requests(&self) -> (Answer, u64) {
        (
            error(
                429,
                429,
                "You have reached the maximum per-second rate limit for this API.",
            )
            .header("retry-after", 1),
            1,
        )
    }
}

impl Zoom {
    fn token(&mut self, request: &Request) -> Answer {
        if request.basic().as_deref() != Some(&format!("{CLIENT}:{SECRET}")) {
            return Answer::json(
                401,
                json!({"reason": "Invalid client_id or client_secret", "error": "invalid_client"}),
            );
        }
        let form = request.form();
        if field(&form, "grant_type") != Some("account_credentials") || field(&form, "account_id") != Some(ACCOUNT) {
            return Answer::json(
                400,
                json!({"reason": "unsupported grant type", "error": "unsupported_grant_type"}),
            );
        }
        self.tokens += 1;
        let token = format!("access-{}", self.tokens);
        Answer::json(
            200,
            json!({"access_token": token, "token_type": "bearer", "expires_in": 3600, "scope": "meeting:write:admin"}),
        )
    }

    fn create(&mut self, body: &Value) -> Answer {
        if body["topic"].as_str().is_some_and(|topic| topic.chars().count() > 200) {
            return error(400, 300, "Validation Failed.");
        }
        let kinds = ["local", "cloud", "none"];
        let recording = &body["settings"]["auto_recording"];
        if !body["type"].is_i64() || !(recording.is_null() || kinds.iter().any(|kind| recording == kind)) {
            return error(400, 300, "Validation Failed.");
        }
        let id = 85_746_065_001_u64 + self.meetings.len() as u64;
        let meeting = json!({
            "id": id, "topic": body["topic"], "agenda": body["agenda"], "type": body["type"], "duration": body["duration"], "status": "waiting",
            "join_url": format!("https://acme.zoom.us/j/{id}"), "password": "123456", "settings": body["settings"],
        });
        self.meetings.push(meeting.clone());
        Answer::json(201, meeting)
    }

    fn on_meeting(&mut self, place: usize, method: &str, rest: &[&str], body: &Value) -> Answer {
        match (method, rest, self.meetings.get_mut(place)) {
            ("GET", [], Some(meeting)) => Answer::json(200, meeting.clone()),
            ("PUT", ["status"], Some(meeting)) => match body["action"].as_str() {
                Some("end" | "recover") => {
                    meeting["ended"] = json!(true);
                    Answer::empty(204)
                }
                _ => error(400, 300, "Validation Failed."),
            },
            ("DELETE", [], Some(_)) => {
                self.meetings.remove(place);
                Answer::empty(204)
            }
            _ => error(404, 404, "Not Found"),
        }
    }
}

/// <https://developers.zoom.us/docs/api/using-zoom-apis/#pagination>
fn users(request: &Request) -> Answer {
    let size = request.number("page_size").unwrap_or(30).min(300);
    let from = request.number("next_page_token").unwrap_or(0);
    let all = (1..=310).map(|number| {
        let email = if number == 1 {
            "oncall@acme.example".to_owned()
        } else {
            format!("user{number}@acme.example")
        };
        json!({"id": format!("user-{number}"), "email": email})
    });
    let shown: Vec<Value> = all.skip(from).take(size).collect();
    let next = if from + size < 310 {
        (from + size).to_string()
    } else {
        String::new()
    };
    Answer::json(200, json!({"page_size": size, "next_page_token": next, "users": shown}))
}

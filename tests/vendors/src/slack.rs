//! Slack's Web API: <https://docs.slack.dev/reference/methods>.
//!
//! It answers 200 also where something failed, with `ok: false` and the name of the error.

use crate::{Answer, Request, Vendor};
use serde_json::{Map, Value, json};

/// The bot's token.
pub const TOKEN: &str = "xoxb-not-a-real-token";

/// A workspace with the channels `C1` (`incidents`) to `C250`, and the users `U1` (Jane) and `U2`.
#[derive(Debug)]
pub struct Slack {
    /// The channels, each with what Slack tells of it and its `members`.
    pub channels: Vec<Value>,
    /// The messages, each with `channel`, `ts`, `text` and `reactions`.
    pub messages: Vec<Value>,
    users: Vec<Value>,
}

impl Default for Slack {
    fn default() -> Self {
        let channel = |number: usize| {
            let name = if number == 1 {
                "incidents".to_owned()
            } else {
                format!("team-{number}")
            };
            json!({"id": format!("C{number}"), "name": name, "is_archived": false, "is_private": false, "topic": {"value": ""}, "members": []})
        };
        Self {
            channels: (1..=250).map(channel).collect(),
            messages: Vec::new(),
            users: vec![
                json!({"id": "U1", "name": "jane", "profile": {"email": "jane@example.com"}}),
                json!({"id": "U2", "name": "joe", "profile": {"email": "joe@example.com"}}),
            ],
        }
    }
}

/// The error that a method ends with.
type Refused = &'static str;

impl Vendor for Slack {
    const NAMES: &'static [&'static str] = &[
        "blocks*",
        "channel",
        "cursor",
        "email",
        "exclude_archived",
        "is_private",
        "limit",
        "name",
        "reply_broadcast",
        "text",
        "thread_ts",
        "timestamp",
        "topic",
        "ts",
        "types",
        "unfurl_links",
        "users",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        let (verb, segments) = request.route();
        let ["api", method] = segments.as_slice() else {
            return Answer::text(404, "Not Found");
        };
        if !["GET", "POST"].contains(&verb) {
            return Answer::text(405, "Method Not Allowed");
        }
        let answer = match request.bearer() {
            None => Err("not_authed"),
            Some(TOKEN) => self.call(method, &arguments(request)),
            Some(_) => Err("invalid_auth"),
        };
        Answer::json(
            200,
            answer.map_or_else(
                |error| json!({"ok": false, "error": error}),
                |mut body| {
                    body["ok"] = json!(true);
                    body
                },
            ),
        )
    }

    /// <https://docs.slack.dev/apis/web-api/rate-limits>
    fn too_many_requests(&self) -> (Answer, u64) {
        let body = json!({"ok": false, "error": "ratelimited"});
        (Answer::json(429, body).header("retry-after", 30), 30)
    }
}

/// Methods take JSON or a form, and those that read the query too.
fn arguments(request: &Request) -> Value {
    match request.json() {
        Value::Null => {
            let form = request.form();
            let fields = form.iter().chain(&request.query);
            let fields: Map<_, _> = fields.map(|(name, value)| (name.clone(), json!(value))).collect();
            Value::Object(fields)
        }
        body => body,
    }
}

impl Slack {
    fn call(&mut self, method: &str, arguments: &Value) -> Result<Value, Refused> {
        let text = |name: &str| arguments[name].as_str().filter(|text| !text.is_empty());
        match method {
            "auth.test" => Ok(json!({"team": "Acme", "user": "pagerflow", "team_id": "T1", "user_id": "U9"})),
            "chat.postMessage" => {
                let channel = self.channel(text("channel"))?;
                if channel["is_archived"] == true {
                    return Err("is_archived");
                }
                let channel = channel["id"].clone();
                if text("text").is_none() && arguments["blocks"].is_null() {
                    return Err("no_text");
                }
                if !arguments["blocks"].is_null() && !arguments["blocks"].is_array() {
                    return Err("invalid_blocks_format");
                }
                let ts = format!("1719838800.{:06}", self.messages.len() + 1);
                let mut message = arguments.clone();
                message["channel"] = channel.clone();
                message["ts"] = json!(ts);
                message["reactions"] = json!([]);
                self.messages.push(message.clone());
                Ok(json!({"channel": channel, "ts": ts, "message": message}))
            }
            "chat.update" => {
                let message = self.message(text("channel"), text("ts"))?;
                message["text"] = arguments["text"].clone();
                message["blocks"] = arguments["blocks"].clone();
                Ok(json!({"channel": message["channel"], "ts": message["ts"], "text": message["text"]}))
            }
            "reactions.add" => {
                let name = text("name").ok_or("invalid_name")?;
                if name.contains(':') {
                    return Err("invalid_name");
                }
                let message = self.message(text("channel"), text("timestamp"))?;
                let reactions = message["reactions"].as_array_mut().ok_or("internal_error")?;
                if reactions.iter().any(|there| there == name) {
                    return Err("already_reacted");
                }
                reactions.push(json!(name));
                Ok(json!({}))
            }
            "conversations.create" => {
                let name = text("name").ok_or("invalid_name_required")?;
                if name.chars().count() > 80 {
                    return Err("invalid_name_maxlength");
                }
                if name.chars().any(|c| c.is_uppercase() || c.is_whitespace() || c == '.') {
                    return Err("invalid_name_specials");
                }
                if self.channels.iter().any(|channel| channel["name"] == name) {
                    return Err("name_taken");
                }
                let channel = json!({
                    "id": format!("C{}", self.channels.len() + 1), "name": name, "is_archived": false,
                    "is_private": arguments["is_private"] == true, "topic": {"value": ""}, "members": [],
                });
                self.channels.push(channel.clone());
                Ok(json!({"channel": channel}))
            }
            "conversations.archive" => {
                let channel = self.channel(text("channel"))?;
                if channel["is_archived"] == true {
                    return Err("already_archived");
                }
                channel["is_archived"] = json!(true);
                Ok(json!({}))
            }
            "conversations.invite" => {
                let user = text("users").ok_or("no_user")?.to_owned();
                if !self.users.iter().any(|known| known["id"] == user.as_str()) {
                    return Err("user_not_found");
                }
                let channel = self.channel(text("channel"))?;
                let members = channel["members"].as_array_mut().ok_or("internal_error")?;
                if members.iter().any(|member| member == user.as_str()) {
                    return Err("already_in_channel");
                }
                members.push(json!(user));
                Ok(json!({"channel": channel}))
            }
            "conversations.setTopic" => {
                let topic = text("topic").unwrap_or_default();
                if topic.chars().count() > 250 {
                    return Err("too_long");
                }
                let channel = self.channel(text("channel"))?;
                channel["topic"]["value"] = json!(topic);
                Ok(json!({"channel": channel}))
            }
            "conversations.list" => {
                let hides_archived = text("exclude_archived") == Some("true");
                let shown = self
                    .channels
                    .iter()
                    .filter(|channel| !hides_archived || channel["is_archived"] == false);
                Ok(page(shown.cloned().collect(), arguments, "channels"))
            }
            "users.list" => Ok(page(self.users.clone(), arguments, "members")),
            "users.lookupByEmail" => {
                let email = text("email").ok_or("users_not_found")?;
                let user = self.users.iter().find(|user| user["profile"]["email"] == email);
                Ok(json!({"user": user.ok_or("users_not_found")?}))
            }
            _ => Err("unknown_method"),
        }
    }

    fn channel(&mut self, id: Option<&str>) -> Result<&mut Value, Refused> {
        let id = id.ok_or("channel_not_found")?;
        self.channels
            .iter_mut()
            .find(|channel| channel["id"] == id)
            .ok_or("channel_not_found")
    }

    fn message(&mut self, channel: Option<&str>, ts: Option<&str>) -> Result<&mut Value, Refused> {
        let channel = self.channel(channel)?["id"].clone();
        let is_it = |message: &&mut Value| message["channel"] == channel && message["ts"].as_str() == ts;
        self.messages.iter_mut().find(is_it).ok_or("message_not_found")
    }
}

/// <https://docs.slack.dev/apis/web-api/pagination>
fn page(entries: Vec<Value>, arguments: &Value, name: &str) -> Value {
    let number = |name: &str| arguments[name].as_str().and_then(|text| text.parse::<usize>().ok());
    let (from, limit) = (number("cursor").unwrap_or(0), number("limit").unwrap_or(100));
    let next = match entries.len() > from + limit {
        true => (from + limit).to_string(),
        false => String::new(),
    };
    let shown: Vec<Value> = entries.into_iter().skip(from).take(limit).collect();
    json!({name: shown, "response_metadata": {"next_cursor": next}})
}

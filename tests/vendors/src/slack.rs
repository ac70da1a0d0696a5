//! Slack's Web API: <https://docs.slack.dev/reference/methods>.
//!
//! It answers 200 also where something failed, with `ok: false` and the name of the error.

use crate::{Answer, Request, Vendor};
use data_encoding::HEXLOWER;
use ring::hmac;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The bot's token.
pub const TOKEN: &str = "xoxb-not-a-real-token";

/// The secret with which Slack signs what it sends to the app.
pub const SIGNING_SECRET: &str = "not-a-real-signing-secret-of-slack";

/// The host of the addresses at which a message can be changed for a while after a button of it was pressed.
const HOOKS: &str = "hooks.slack.com";

/// The times that such an address can be used: <https://docs.slack.dev/interactivity/handling-user-interaction>.
const USES: usize = 5;

/// A request that Slack makes when a button is pressed.
#[derive(Debug, Clone)]
pub struct Pressed {
    /// The headers `X-Slack-Request-Timestamp` and `X-Slack-Signature`.
    pub timestamp: String,
    pub signature: String,
    /// The form.
    pub body: String,
}

impl Pressed {
    /// A form, signed with this secret: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.
    #[must_use]
    pub fn signed(body: String, secret: &str, seconds: i64) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let code = hmac::sign(&key, format!("v0:{seconds}:{body}").as_bytes());
        Self {
            timestamp: seconds.to_string(),
            signature: format!("v0={}", HEXLOWER.encode(code.as_ref())),
            body,
        }
    }

    /// The headers and their values, with that of a form.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, &str); 3] {
        [
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-slack-request-timestamp", &self.timestamp),
            ("x-slack-signature", &self.signature),
        ]
    }
}

/// A workspace with the channels `C1` (`incidents`) to `C250`, and the users `U1` (Jane) and `U2`.
#[derive(Debug)]
pub struct Slack {
    /// The channels, each with what Slack tells of it and its `members`.
    pub channels: Vec<Value>,
    /// The messages, each with `channel`, `ts`, `text` and `reactions`.
    pub messages: Vec<Value>,
    /// The texts that only the person sees who has pressed a button.
    pub whispers: Vec<String>,
    users: Vec<Value>,
    /// The message of each address at which one can be changed, and how often it was used.
    hooks: BTreeMap<String, (usize, usize)>,
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
            whispers: Vec::new(),
            hooks: BTreeMap::new(),
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
        "replace_original",
        "reply_broadcast",
        "response_type",
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
        if let (HOOKS, "POST", ["actions", _, _, token]) = (&*request.host, verb, &segments[..]) {
            return self.hook(token, &request.json());
        }
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
                check_blocks(&arguments["blocks"])?;
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

    /// The request that Slack makes when a user presses the button with a text: <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.
    ///
    /// # Panics
    /// If the message has no such button, or the user is none of the workspace.
    #[expect(clippy::panic, reason = "a button that is not there fails the test")]
    pub fn press(&mut self, message: usize, button: &str, user: &str, secret: &str, seconds: i64) -> Pressed {
        let shown = self.messages[message].clone();
        let blocks = shown["blocks"].as_array().cloned().unwrap_or_default();
        let buttons = blocks.iter().filter(|block| block["type"] == "actions");
        let mut buttons = buttons.flat_map(|block| {
            let elements = block["elements"].as_array().cloned().unwrap_or_default();
            elements
                .into_iter()
                .map(move |element| (block["block_id"].clone(), element))
        });
        let pressed = buttons.find(|(_, element)| element["text"]["text"] == button);
        let Some((block_id, mut action)) = pressed else {
            panic!("no button {button:?} in {shown:#}");
        };
        action["block_id"] = block_id;
        action["action_ts"] = json!(format!("{seconds}.000100"));
        let Some(user) = self.users.iter().find(|known| known["id"] == user) else {
            panic!("no user {user}");
        };
        let token = format!("hook{}", self.hooks.len() + 1);
        self.hooks.insert(token.clone(), (message, 0));
        let payload = json!({
            "type": "block_actions",
            "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": "T1"},
            "team": {"id": "T1", "domain": "acme"}, "api_app_id": "A1", "token": "an-old-kind-of-token", "trigger_id": "1.2.3",
            "container": {"type": "message", "message_ts": shown["ts"], "channel_id": shown["channel"], "is_ephemeral": false},
            "channel": {"id": shown["channel"]},
            "message": {"type": "message", "ts": shown["ts"], "text": shown["text"], "blocks": blocks},
            "state": {"values": {}}, "response_url": format!("https://{HOOKS}/actions/T1/1/{token}"),
            "actions": [action],
        });
        let mut form = form_urlencoded::Serializer::new(String::new());
        Pressed::signed(
            form.append_pair("payload", &payload.to_string()).finish(),
            secret,
            seconds,
        )
    }

    /// Changes a message, or whispers, as whoever got the address of a hook asks for.
    fn hook(&mut self, token: &str, asked: &Value) -> Answer {
        let Some((message, uses)) = self.hooks.get_mut(token) else {
            return Answer::text(404, "no_service");
        };
        *uses += 1;
        if *uses > USES {
            return Answer::text(404, "used_url");
        }
        if check_blocks(&asked["blocks"]).is_err() {
            return Answer::text(400, "invalid_blocks");
        }
        let text = asked["text"].as_str().unwrap_or_default().to_owned();
        match (asked["replace_original"] == true, asked["response_type"].as_str()) {
            (true, _) => {
                let message = &mut self.messages[*message];
                message["text"] = json!(text);
                message["blocks"] = asked["blocks"].clone();
            }
            (false, Some("in_channel")) => return Answer::text(500, "not a part of this workspace"),
            (false, _) => self.whispers.push(text),
        }
        Answer::text(200, "ok")
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

/// The limits of the blocks that the tests have: <https://docs.slack.dev/reference/block-kit/blocks>.
fn check_blocks(blocks: &Value) -> Result<(), Refused> {
    if blocks.is_null() {
        return Ok(());
    }
    let blocks = blocks.as_array().ok_or("invalid_blocks_format")?;
    let fits = |value: &Value, most: usize| {
        let text = value.as_str().unwrap_or_default();
        (1..=most).contains(&text.chars().count())
    };
    let is_button = |button: &Value| {
        let has_id = button["action_id"].is_null() || fits(&button["action_id"], 255);
        let has_value = button["value"].is_null() || fits(&button["value"], 2_000);
        let has_url = button["url"].is_null() || fits(&button["url"], 3_000);
        button["text"]["type"] == "plain_text" && fits(&button["text"]["text"], 75) && has_id && has_value && has_url
    };
    let is_right = |block: &Value| match block["type"].as_str() {
        Some("section") => fits(&block["text"]["text"], 3_000),
        Some("actions") => {
            let elements = block["elements"].as_array().cloned().unwrap_or_default();
            let ids: std::collections::BTreeSet<_> = elements.iter().map(|it| it["action_id"].to_string()).collect();
            let has_id = block["block_id"].is_null() || fits(&block["block_id"], 255);
            (1..=25).contains(&elements.len())
                && ids.len() == elements.len()
                && has_id
                && elements.iter().all(is_button)
        }
        Some(_) => true,
        None => false,
    };
    match blocks.len() <= 50 && blocks.iter().all(is_right) {
        true => Ok(()),
        false => Err("invalid_blocks"),
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

//! Other systems in virtual time: Slack and Jira, by the rules of `vendors`.
//!
//! Their requests go the same way as those to PagerDuty, with the same latency and faults. Here effects are counted.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use crate::step_functions::Clock;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use provider::transport::{Answer, Request};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vendors::{Vendor, jira::Jira, slack::Slack};

/// The site of Jira.
pub const JIRA_SITE: &str = "acme.atlassian.net";

/// The host of Slack.
pub const SLACK_HOST: &str = "slack.com";

/// A system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Slack,
    Jira,
}

impl System {
    /// The system that a request is for; none if it is PagerDuty, or nobody.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        match request.url.host_str()? {
            SLACK_HOST => Some(Self::Slack),
            JIRA_SITE => Some(Self::Jira),
            _ => None,
        }
    }
}

/// A message in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The time when it was posted.
    pub at: Timestamp,
    /// Its channel.
    pub channel: String,
    /// Its text.
    pub text: String,
    /// Slack's name for it.
    pub ts: String,
}

/// The topic of a channel of Slack, as somebody set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// The time when it was set.
    pub at: Timestamp,
    /// The channel.
    pub channel: String,
    /// The topic.
    pub topic: String,
}

/// An issue in Jira.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The time when it was created.
    pub at: Timestamp,
    /// Jira's name for it.
    pub key: String,
    /// Its summary.
    pub summary: String,
    /// Its labels.
    pub labels: Vec<String>,
}

/// The systems. Clones are the same.
#[derive(Debug, Clone)]
pub struct Systems {
    state: Arc<Mutex<State>>,
    clock: Clock,
}

#[derive(Debug, Default)]
struct State {
    slack: Slack,
    jira: Jira,
    messages: Vec<Message>,
    topics: Vec<Topic>,
    issues: Vec<Issue>,
}

impl Systems {
    /// Systems in which nothing has happened yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            state: Arc::default(),
            clock,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The messages in Slack, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.state().messages.clone()
    }

    /// The topics that channels of Slack were given, in order.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        self.state().topics.clone()
    }

    /// The issues in Jira, in order.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        self.state().issues.clone()
    }

    /// Has a system carry out a request. Its searches do not show what is younger than `lag`.
    pub(crate) fn receive(&self, system: System, request: &Request, lag: SignedDuration) -> Answer {
        let now = self.clock.now();
        let uri = request.url.as_str().parse().unwrap_or_default();
        let seen = vendors::Request::new(&request.method, &uri, request.headers.clone(), request.body.clone());
        let state = &mut *self.state();
        from_vendor(match system {
            System::Slack => {
                let answer = state.slack.answer(&seen);
                state.note_messages(now);
                state.note_topic(&seen, now);
                answer
            }
            System::Jira => {
                let is_search = seen.segments.iter().any(|segment| segment == "search");
                let shown = state.issues.iter().filter(|issue| !is_search || issue.at + lag <= now);
                let hidden = state.jira.issues.split_off(shown.count());
                let answer = state.jira.answer(&seen);
                state.jira.issues.extend(hidden);
                state.note_issues(now);
                answer
            }
        })
    }
}

impl State {
    fn note_messages(&mut self, at: Timestamp) {
        let new = self.slack.messages.iter().skip(self.messages.len());
        let new = new.map(|message| Message {
            at,
            channel: text(&message["channel"]),
            text: text(&message["text"]),
            ts: text(&message["ts"]),
        });
        self.messages.extend(new.collect::<Vec<_>>());
    }

    fn note_topic(&mut self, request: &vendors::Request, at: Timestamp) {
        let body = request.json();
        let channel = self
            .slack
            .channels
            .iter()
            .find(|channel| channel["id"] == body["channel"]);
        if let (Some(channel), Some(topic)) = (channel, body["topic"].as_str())
            && channel["topic"]["value"] == topic
        {
            self.topics.push(Topic {
                at,
                channel: text(&channel["id"]),
                topic: topic.to_owned(),
            });
        }
    }

    fn note_issues(&mut self, at: Timestamp) {
        let new = self.jira.issues.iter().skip(self.issues.len());
        let new = new.map(|issue| Issue {
            at,
            key: text(&issue["key"]),
            summary: text(&issue["fields"]["summary"]),
            labels: issue["fields"]["labels"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text)
                .collect(),
        });
        self.issues.extend(new.collect::<Vec<_>>());
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn from_vendor(answer: vendors::Answer) -> Answer {
    let (status, headers, body) = answer.into_parts();
    let named = |(name, value): (String, String)| {
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::try_from(value).ok()?))
    };
    Answer {
        status: StatusCode::from_u16(status).unwrap_or_default(),
        headers: headers.into_iter().filter_map(named).collect(),
        body: Ok(body.into_bytes()),
    }
}

/// Refuses a request because there were too many, with this text as `retry-after`.
pub(crate) fn too_many_requests(retry_after: Option<&str>) -> Answer {
    let value = retry_after.and_then(|seconds| HeaderValue::from_str(seconds).ok());
    let header = value.map(|value| (http::header::RETRY_AFTER, value));
    Answer {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers: header.into_iter().collect::<HeaderMap>(),
        body: Ok(json!({"ok": false, "error": "ratelimited"}).to_string().into_bytes()),
    }
}

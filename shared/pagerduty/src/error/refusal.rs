//! The refusal of a request by PagerDuty.
//!
//! Its documentation shows one form, `{"error": {"message", "code", "errors": []}}`. In practice `errors` can be
//! missing, a text or a map, `error` can be a text or a list, both can stand alone, the Events API has a form of its own,
//! and gateways answer with HTML or nothing at all. All of that is read here; what can not be read is simply not known.

use std::fmt;

use serde_json::Value;

use super::advice::advice;
use crate::json;
use provider::shown::shown;

/// The most of PagerDuty's text that is kept, in characters per text.
const MAX_TEXT: usize = 300;
/// The most texts of `errors` that are kept.
const MAX_DETAILS: usize = 8;
/// The most scopes of a list that are kept.
const MAX_SCOPES: usize = 40;

/// The part of PagerDuty that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// The REST API, which knows tokens and users.
    Rest,
    /// The Events API, which knows routing keys.
    Events,
}

/// An answer other than success, in PagerDuty's words. All texts are cut and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The API that answered.
    pub api: Api,
    /// The HTTP status.
    pub status: u16,
    /// PagerDuty's own error code, such as 2001.
    pub code: Option<u64>,
    /// The message, in general.
    pub message: Option<String>,
    /// The details.
    pub details: Vec<String>,
    /// The OAuth scopes that the token lacks, where a 403 names them.
    pub scopes: Option<Box<Scopes>>,
}

/// The OAuth scopes in a 403. Not documented; PagerDuty's own Terraform provider reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes {
    /// Those that the request needs; at least one.
    pub required: Vec<String>,
    /// Those that the token has; none where that is not told.
    pub of_token: Vec<String>,
}

impl Scopes {
    fn read(required: Option<&Value>, of_token: Option<&Value>) -> Option<Box<Self>> {
        let required = scopes(required);
        let of_token = scopes(of_token);
        (!required.is_empty()).then(|| Box::new(Self { required, of_token }))
    }
}

impl Refusal {
    /// Reads the body of an answer with this status.
    pub(crate) fn read(api: Api, status: u16, body: &[u8]) -> Self {
        let mut refusal = Self {
            api,
            status,
            code: None,
            message: None,
            details: Vec::new(),
            scopes: None,
        };
        if let Ok(answer) = json::read(body) {
            match answer.get("error") {
                Some(error @ Value::Object(_)) => refusal.take_object(error),
                Some(Value::String(message)) => refusal.message = Some(shown(message, MAX_TEXT)),
                Some(list) => refusal.take_details(list),
                None => refusal.take_object(&answer),
            }
        } else {
            refusal.message = plain_text(body);
        }
        refusal
    }

    /// The usual form; without an `error` around it, that of the Events API and of the limit on subscriptions.
    fn take_object(&mut self, error: &Value) {
        let inner = error.get("errors").filter(|inner| inner.get("code").is_some());
        let field = |name| error.get(name).or_else(|| inner?.get(name));
        self.code = field("code").and_then(code);
        self.message = field("message")
            .or_else(|| field("detail"))
            .and_then(Value::as_str)
            .map(|m| shown(m, MAX_TEXT));
        self.scopes = Scopes::read(field("required_scopes"), field("token_scopes"));
        if let (None, Some(errors)) = (inner, error.get("errors")) {
            self.take_details(errors);
        }
    }

    fn take_details(&mut self, errors: &Value) {
        match errors {
            Value::String(text) => self.add_detail(text),
            Value::Array(list) => list.iter().for_each(|item| self.take_item(item)),
            Value::Object(fields) => {
                for (field, texts) in fields {
                    let before = self.details.len();
                    self.take_details(texts);
                    for detail in self.details.iter_mut().skip(before) {
                        *detail = shown(&format!("{field}: {detail}"), MAX_TEXT);
                    }
                }
            }
            _ => {}
        }
    }

    /// An entry of a list: its text, or in the form of JSON:API an object whose `detail` is for people.
    fn take_item(&mut self, item: &Value) {
        let Some(detail) = item.get("detail").and_then(Value::as_str) else {
            return self.take_details(item);
        };
        self.code = self.code.or_else(|| code(item.get("code")?));
        self.add_detail(detail);
    }

    fn add_detail(&mut self, text: &str) {
        if self.details.len() < MAX_DETAILS {
            self.details.push(shown(text, MAX_TEXT));
        }
    }

    /// True if one of its texts contains this, whatever the case. PagerDuty uses one code for many things, so that the
    /// words tell more.
    pub(crate) fn says(&self, words: &str) -> bool {
        let mut texts = self.message.iter().chain(&self.details);
        texts.any(|text| text.to_ascii_lowercase().contains(words))
    }

    /// True if an incident with our key is already open on the service. PagerDuty documents no code of its own for
    /// it; the words come with code 2002.
    pub(crate) fn is_key_taken(&self) -> bool {
        self.status == 400 && self.says("matching dedup key")
    }

    /// True if the account's plan lacks the feature that was asked for, or has it switched off: PagerDuty documents 402
    /// and code 2014 for it.
    pub fn is_feature_off(&self) -> bool {
        self.status == 402 || self.code == Some(2014)
    }

    /// True if the token belongs to no person: `GET /users/me` refuses a token of the account in these words, without a code.
    pub(crate) fn is_of_account_token(&self) -> bool {
        self.status == 400 && self.says("account-level access token")
    }

    /// True if the incident was already acknowledged: code 1002 is documented as "Incident Already Acknowledged".
    pub(crate) fn is_already_acknowledged(&self) -> bool {
        self.status == 400 && (self.code == Some(1002) || self.says("already acknowledged"))
    }

    /// True if PagerDuty calls the arguments wrong, which is code 2002, without saying which and why in words that are documented.
    pub(crate) fn is_about_arguments(&self) -> bool {
        self.status == 400 && (self.code == Some(2002) || self.says("arguments caused error"))
    }

    /// True if an incident was already merged: PagerDuty documents code 1019 for it.
    pub(crate) fn is_already_merged(&self) -> bool {
        self.status == 400
            && (self.code == Some(1019) || self.says("already merged") || self.says("already been merged"))
    }

    /// True if the incident was already resolved: code 1001 is documented as "Incident Already Resolved".
    pub(crate) fn is_already_resolved(&self) -> bool {
        self.status == 400 && (self.code == Some(1001) || self.says("already resolved"))
    }
}

/// A number, or the text of one.
fn code(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A short text that is neither JSON nor HTML, such as the "HTTP Token: Access denied." of a 401.
fn plain_text(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_for_people = !text.is_empty() && text.len() <= MAX_TEXT && !text.contains(['<', '{', '\0']);
    is_for_people.then(|| shown(text, MAX_TEXT))
}

/// Scopes come as a text with spaces or commas between them, or as a list.
fn scopes(value: Option<&Value>) -> Vec<String> {
    let texts = match value {
        Some(Value::String(text)) => vec![text.as_str()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words = texts
        .into_iter()
        .flat_map(|text| text.split([' ', ',']))
        .map(|word| shown(word, MAX_TEXT));
    words.filter(|word| !word.is_empty()).take(MAX_SCOPES).collect()
}

/// Without a full stop at its end, so that it can stand inside another sentence.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PagerDuty answered {}", self.status)?;
        let texts: Vec<&str> = self.message.iter().chain(&self.details).map(String::as_str).collect();
        match (texts.is_empty(), self.code) {
            (true, None) => f.write_str(" without saying why")?,
            (true, Some(code)) => write!(f, " with code {code}")?,
            (false, code) => {
                write!(f, ": {}", texts.join("; ").trim_end_matches('.'))?;
                if let Some(code) = code {
                    write!(f, " (code {code})")?;
                }
            }
        }
        if let Some(scopes) = &self.scopes {
            write!(f, ". It needs the scope {}", scopes.required.join(" "))?;
            match scopes.of_token.as_slice() {
                [] => {}
                token => write!(f, ", and the token has {}", token.join(" "))?,
            }
        }
        match advice(self) {
            Some(advice) => write!(f, ". {advice}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Refusal {
        Refusal::read(Api::Rest, 400, body.to_string().as_bytes())
    }

    #[rstest]
    #[case::list_of_texts(json!({"error": {"message": "Bad", "code": 2001, "errors": ["One", "Two"]}}), &["One", "Two"])]
    #[case::text(json!({"error": {"message": "Bad", "code": 2001, "errors": "One"}}), &["One"])]
    #[case::map(json!({"error": {"message": "Bad", "code": 2001, "errors": {"title": ["is long", "is odd"]}}}), &["title: is long", "title: is odd"])]
    #[case::missing(json!({"error": {"message": "Bad", "code": 2001}}), &[])]
    #[case::null(json!({"error": {"message": "Bad", "code": 2001, "errors": null}}), &[])]
    #[case::code_is_text(json!({"error": {"message": "Bad", "code": "2001"}}), &[])]
    fn the_usual_form_is_read_whatever_its_errors_are(#[case] body: Value, #[case] details: &[&str]) {
        let refusal = read(&body);

        assert_eq!(refusal.code, Some(2001));
        assert_eq!(refusal.message.as_deref(), Some("Bad"));
        assert_eq!(refusal.details, details);
    }

    #[test]
    fn an_error_that_is_a_text_is_read() {
        assert_eq!(read(&json!({"error": "No user"})).message.as_deref(), Some("No user"));
    }

    #[rstest]
    #[case::map(json!({"errors": {"event.effective_since": ["Date cannot be in the past"]}}), "event.effective_since: Date cannot be in the past")]
    #[case::list(json!({"errors": ["Date cannot be in the past"]}), "Date cannot be in the past")]
    #[case::text(json!({"errors": "Date cannot be in the past"}), "Date cannot be in the past")]
    #[case::list_of_objects(json!({"errors": [{"detail": "Date cannot be in the past"}]}), "Date cannot be in the past")]
    fn errors_without_an_error_around_them_are_read(#[case] body: Value, #[case] detail: &str) {
        assert_eq!(read(&body).details, [detail]);
    }

    #[test]
    fn the_code_of_an_error_in_a_list_is_read() {
        let refusal =
            read(&json!({"errors": [{"code": "2019", "title": "Limit", "detail": "Too many"}, {"detail": "x"}]}));

        assert_eq!(
            (refusal.code, refusal.details),
            (Some(2019), vec!["Too many".to_owned(), "x".to_owned()])
        );
    }

    #[rstest]
    #[case::of_a_401(401, b"HTTP Token: Access denied.\n", Some("HTTP Token: Access denied."))]
    #[case::of_a_gateway(504, b"upstream request timeout", Some("upstream request timeout"))]
    #[case::html(401, b"<html>Access denied</html>", None)]
    #[case::half_of_some_json(400, b"{\"error\": {\"mess", None)]
    #[case::long(500, &[b'x'; 2000], None)]
    fn a_plain_text_is_pagerdutys_word(#[case] status: u16, #[case] body: &[u8], #[case] message: Option<&str>) {
        let refusal = Refusal::read(Api::Rest, status, body);

        assert_eq!(refusal.message.as_deref(), message);
    }

    #[test]
    fn an_error_that_is_a_list_is_read() {
        assert_eq!(read(&json!({"error": ["Too many links"]})).details, ["Too many links"]);
    }

    #[test]
    fn the_form_of_the_subscription_limit_is_read() {
        let refusal = read(&json!({"errors": {"code": 2019, "detail": "Subscription Limit Exceeded"}}));

        assert_eq!(
            (refusal.code, refusal.message.as_deref()),
            (Some(2019), Some("Subscription Limit Exceeded"))
        );
    }

    #[test]
    fn the_form_of_the_events_api_is_read() {
        let refusal = read(&json!({"status": "invalid event", "message": "Invalid", "errors": ["'x' is missing"]}));

        assert_eq!(
            (refusal.message.as_deref(), refusal.details.len()),
            (Some("Invalid"), 1)
        );
    }

    #[rstest]
    #[case::empty(b"")]
    #[case::html(b"<html><body>Bad Gateway</body></html>")]
    #[case::number(b"7")]
    #[case::not_utf_8(b"\xff\xfe")]
    fn what_can_not_be_read_is_not_known(#[case] body: &[u8]) {
        let refusal = Refusal::read(Api::Rest, 502, body);

        assert_eq!(
            refusal,
            Refusal {
                api: Api::Rest,
                status: 502,
                code: None,
                message: None,
                details: vec![],
                scopes: None
            }
        );
        assert_eq!(refusal.to_string(), "PagerDuty answered 502 without saying why");
    }

    #[test]
    fn it_is_told_in_pagerdutys_words_with_what_to_do() {
        let refusal = read(&json!({"error": {"message": "Requester User Not Found", "code": 1008, "errors": []}}));

        assert_eq!(
            refusal.to_string(),
            "PagerDuty answered 400: Requester User Not Found (code 1008). \
             No user of the account logs in with the e-mail given as `from`, or as the integration's default user; \
             `pagerflow users` lists those who may respond"
        );
    }

    #[rstest]
    #[case::texts(json!({"required_scopes": "services.read,teams.read", "token_scopes": "openid incidents.read"}))]
    #[case::lists(json!({"required_scopes": ["services.read", "teams.read"], "token_scopes": ["openid", "incidents.read"]}))]
    fn a_403_names_the_scopes_that_are_needed_and_those_of_the_token(#[case] scopes: Value) {
        let mut error = json!({"message": "Access Denied", "code": 2010});
        error
            .as_object_mut()
            .unwrap()
            .extend(scopes.as_object().unwrap().clone());
        let refusal = Refusal::read(Api::Rest, 403, json!({ "error": error }).to_string().as_bytes());

        assert_eq!(
            refusal.scopes.as_ref().unwrap().required,
            ["services.read", "teams.read"]
        );
        assert_eq!(
            refusal.to_string(),
            "PagerDuty answered 403: Access Denied (code 2010). It needs the scope services.read teams.read, and the \
             token has openid incidents.read. Use a token with the scopes that are missing"
        );
    }

    #[test]
    fn a_403_may_name_only_the_scopes_that_are_needed() {
        let body = json!({"error": {"message": "Access Denied", "required_scopes": "services.read"}});
        let refusal = Refusal::read(Api::Rest, 403, body.to_string().as_bytes());

        assert_eq!(
            refusal.to_string(),
            "PagerDuty answered 403: Access Denied. It needs the scope services.read. \
             Use a token with the scopes that are missing"
        );
    }

    #[rstest]
    #[case::status(402, json!({}), true)]
    #[case::code(403, json!({"error": {"code": 2014}}), true)]
    #[case::other(403, json!({"error": {"code": 2010}}), false)]
    fn a_feature_that_is_off_is_told_by_402_or_its_code(
        #[case] status: u16,
        #[case] body: Value,
        #[case] is_off: bool,
    ) {
        assert_eq!(
            Refusal::read(Api::Rest, status, body.to_string().as_bytes()).is_feature_off(),
            is_off
        );
    }

    #[test]
    fn hostile_text_is_cut_and_made_safe() {
        let many: Vec<String> = (0..1000)
            .map(|_| format!("\u{1b}[31m\r\n{}", "x".repeat(10_000)))
            .collect();
        let refusal = read(
            &json!({"error": {"message": "a\nb", "code": 1, "errors": many, "required_scopes": "\u{1b}x ".repeat(1000)}}),
        );

        assert_eq!(refusal.message.as_deref(), Some("a b"));
        assert!(refusal.to_string().len() < 4096);
        assert!(!refusal.to_string().contains(char::is_control));
    }
}

//! The REST API, version 2, of Confluence Cloud: <https://developer.atlassian.com/cloud/confluence/rest/v2/intro/>.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// The user of the API token.
pub const EMAIL: &str = "bot@acme.example";
/// The API token.
pub const TOKEN: &str = "not-a-real-atlassian-token";

/// A site with 300 spaces, of which 98306 is the first.
#[derive(Debug, Default)]
pub struct Confluence {
    /// The pages, each with `id`, `title`, `body.storage.value` and `version.number`.
    pub pages: Vec<Value>,
    /// The comments as they were asked for.
    pub comments: Vec<Value>,
}

fn error(status: u16, code: &str, title: &str) -> Answer {
    Answer::json(
        status,
        json!({"errors": [{"status": status, "code": code, "title": title, "detail": null}]}),
    )
}

impl Vendor for Confluence {
    const NAMES: &'static [&'static str] = &[
        "body",
        "body-format",
        "cursor",
        "id",
        "limit",
        "message",
        "number",
        "pageId",
        "parentId",
        "representation",
        "space-id",
        "spaceId",
        "status",
        "title",
        "value",
        "version",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.basic().as_deref() != Some(&format!("{EMAIL}:{TOKEN}")) {
            return error(401, "UNAUTHORIZED", "Unauthorized; scope does not match");
        }
        let (method, segments) = request.route();
        let ["wiki", "api", "v2", rest @ ..] = segments.as_slice() else {
            return error(404, "NOT_FOUND", "Not Found");
        };
        let body = request.json();
        match (method, rest) {
            ("GET", ["spaces"]) => spaces(request),
            ("GET", ["pages"]) => {
                let is_it = |page: &&Value| {
                    request.query("title").is_none_or(|title| page["title"] == title)
                        && request.query("space-id").is_none_or(|space| page["spaceId"] == space)
                };
                // A body is given where its format is asked for.
                let found: Vec<&Value> = self.pages.iter().filter(is_it).collect();
                Answer::json(200, json!({"results": found, "_links": {}}))
            }
            ("POST", ["pages"]) => self.create(&body),
            ("GET", ["pages", id]) => match self.pages.iter().find(|page| page["id"] == *id) {
                Some(page) => {
                    let mut page = page.clone();
                    if request.query("body-format") != Some("storage") {
                        page["body"] = json!({});
                    }
                    Answer::json(200, page)
                }
                None => error(404, "NOT_FOUND", "Not Found"),
            },
            ("PUT", ["pages", id]) => match self.pages.iter_mut().find(|page| page["id"] == *id) {
                Some(page) => update(page, &body),
                None => error(404, "NOT_FOUND", "Not Found"),
            },
            ("POST", ["footer-comments"]) => {
                if !self.pages.iter().any(|page| page["id"] == body["pageId"]) {
                    return error(404, "NOT_FOUND", "Not Found");
                }
                if body["body"]["representation"] != "storage" || !body["body"]["value"].is_string() {
                    return error(
                        400,
                        "INVALID_REQUEST_PARAMETER",
                        "Provided value for 'body' is not valid",
                    );
                }
                self.comments.push(body);
                Answer::json(
                    200,
                    json!({"id": format!("{}", 500 + self.comments.len()), "version": {"number": 1}}),
                )
            }
            _ => error(404, "NOT_FOUND", "Not Found"),
        }
    }
}

impl Confluence {
    fn create(&mut self, body: &Value) -> Answer {
        if body["spaceId"] != "98306" {
            return error(404, "NOT_FOUND", "Space not found");
        }
        let (Some(title), Some(value)) = (body["title"].as_str(), body["body"]["value"].as_str()) else {
            return error(400, "INVALID_REQUEST_PARAMETER", "Title must be provided");
        };
        if body["body"]["representation"] != "storage" {
            return error(
                400,
                "INVALID_REQUEST_PARAMETER",
                "Provided value for 'representation' is not valid",
            );
        }
        if self.pages.iter().any(|page| page["title"] == title) {
            return error(
                400,
                "INVALID_REQUEST_PARAMETER",
                "A page with this title already exists in this space",
            );
        }
        let id = format!("{}", 65_537 + self.pages.len());
        let page = json!({
            "id": id, "status": "current", "spaceId": "98306", "title": title, "parentId": body["parentId"],
            "body": {"storage": {"representation": "storage", "value": value}}, "version": {"number": 1},
            "_links": {"webui": format!("/spaces/OPS/pages/{id}"), "base": "https://acme.atlassian.net/wiki"},
        });
        self.pages.push(page.clone());
        Answer::json(200, page)
    }
}

fn update(page: &mut Value, body: &Value) -> Answer {
    let has_all = body["id"] == page["id"]
        && body["status"] == "current"
        && body["title"].is_string()
        && body["body"]["value"].is_string();
    if !has_all {
        return error(
            400,
            "INVALID_REQUEST_PARAMETER",
            "Provided value for 'id' does not match",
        );
    }
    let next = page["version"]["number"].as_u64().map(|number| number + 1);
    if body["version"]["number"].as_u64() != next {
        return error(409, "CONFLICT", "Version must be incremented when updating a page");
    }
    page["version"]["number"] = body["version"]["number"].clone();
    page["title"] = body["title"].clone();
    page["body"]["storage"]["value"] = body["body"]["value"].clone();
    Answer::json(200, page.clone())
}

/// <https://developer.atlassian.com/cloud/confluence/rest/v2/intro/#about>: a cursor, in the header `link` and in `_links.next`.
fn spaces(request: &Request) -> Answer {
    let from = request.number("cursor").unwrap_or(0);
    let limit = request.number("limit").unwrap_or(25).min(250);
    let all = (1..=300).map(|number| json!({"id": format!("{}", 98_305 + number), "key": format!("S{number}"), "name": format!("Space {number}")}));
    let shown: Vec<Value> = all.skip(from).take(limit).collect();
    let next = format!("/wiki/api/v2/spaces?limit={limit}&cursor={}", from + limit);
    match from + limit < 300 {
        true => Answer::json(200, json!({"results": shown, "_links": {"next": next}}))
            .header("link", format!("<{next}>; rel=\"next\"")),
        false => Answer::json(200, json!({"results": shown, "_links": {}})),
    }
}

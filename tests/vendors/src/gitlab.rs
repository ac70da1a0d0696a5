//! GitLab's REST API: <https://docs.gitlab.com/api/rest/>.

use crate::{Answer, Course, Request, Vendor, is_number};
use serde_json::{Value, json};

/// A project access token.
pub const TOKEN: &str = "glpat-not-a-real-token";

/// A GitLab with the project 7, `acme/checkout`, of which `main` is the only branch.
#[derive(Debug, Default)]
pub struct GitLab {
    /// The pipelines, each with `id`, `status` and `variables`.
    pub pipelines: Vec<Value>,
    /// The results of the next looks at a pipeline.
    pub course: Course,
    /// The issues, each with `iid`, `title`, `state` and `notes`.
    pub issues: Vec<Value>,
}

/// <https://docs.gitlab.com/api/rest/troubleshooting/>
fn error(status: u16, message: &Value) -> Answer {
    Answer::json(status, json!({"message": message}))
}

impl Vendor for GitLab {
    const NAMES: &'static [&'static str] = &[
        "body",
        "confidential",
        "description",
        "issue_type",
        "key",
        "labels",
        "membership",
        "page",
        "per_page",
        "ref",
        "simple",
        "state_event",
        "title",
        "value",
        "variables",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.header("private-token") != Some(TOKEN) {
            return error(401, &json!("401 Unauthorized"));
        }
        let (method, segments) = request.route();
        match (method, segments.as_slice()) {
            ("GET", ["api", "v4", "user"]) => Answer::json(200, json!({"id": 1, "username": "pagerflow"})),
            ("GET", ["api", "v4", "projects"]) => projects(request),
            // A path with its namespace is one segment, with the slash encoded: https://docs.gitlab.com/api/rest/#namespaced-paths
            (method, ["api", "v4", "projects", "7" | "acme/checkout", rest @ ..]) => {
                self.project(method, rest, &request.json())
            }
            (_, ["api", "v4", "projects", ..]) => error(404, &json!("404 Project Not Found")),
            _ => Answer::json(404, json!({"error": "404 Not Found"})),
        }
    }

    /// <https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers>
    fn too_many_requests(&self) -> (Answer, u64) {
        (
            Answer::text(429, "Retry later\n")
                .header("retry-after", 30)
                .header("ratelimit-reset", 1_796_025_600),
            30,
        )
    }
}

impl GitLab {
    fn project(&mut self, method: &str, rest: &[&str], body: &Value) -> Answer {
        match (method, rest) {
            ("POST", ["pipeline"]) => {
                match body["ref"].as_str() {
                    None => return Answer::json(400, json!({"error": "ref is missing"})),
                    Some("main") => {}
                    Some(_) => return error(400, &json!({"base": ["Reference not found"]})),
                }
                let is_variable = |variable: &Value| variable["key"].is_string() && variable["value"].is_string();
                if body["variables"]
                    .as_array()
                    .is_some_and(|variables| !variables.iter().all(is_variable))
                {
                    return Answer::json(400, json!({"error": "variables[0][key] is missing"}));
                }
                let id = 46 + self.pipelines.len();
                let url = format!("https://gitlab.com/acme/checkout/-/pipelines/{id}");
                let pipeline = json!({"id": id, "status": "created", "ref": "main", "web_url": url, "variables": body["variables"]});
                self.pipelines.push(pipeline.clone());
                Answer::json(201, pipeline)
            }
            (method, ["pipelines", id, rest @ ..]) => {
                let Some(pipeline) = self
                    .pipelines
                    .iter_mut()
                    .find(|pipeline| is_number(&pipeline["id"], id))
                else {
                    return error(404, &json!("404 Not found"));
                };
                let (status, becomes) = match (method, rest) {
                    ("GET", []) => (200, None),
                    ("POST", ["retry"]) => (201, Some("running")),
                    ("POST", ["cancel"]) => (200, Some("canceled")),
                    _ => return Answer::json(404, json!({"error": "404 Not Found"})),
                };
                match becomes {
                    Some(becomes) => pipeline["status"] = json!(becomes),
                    None => self.course.advance(pipeline),
                }
                Answer::json(status, pipeline.clone())
            }
            ("POST", ["issues"]) => {
                let Some(title) = body["title"].as_str() else {
                    return Answer::json(400, json!({"error": "title is missing"}));
                };
                if title.is_empty() || title.chars().count() > 255 {
                    return error(400, &json!({"title": ["is too long (maximum is 255 characters)"]}));
                }
                if !["issue", "incident", "test_case", "task"]
                    .iter()
                    .any(|kind| body["issue_type"] == *kind)
                {
                    return Answer::json(400, json!({"error": "issue_type does not have a valid value"}));
                }
                let iid = self.issues.len() + 1;
                let url = format!("https://gitlab.com/acme/checkout/-/issues/{iid}");
                let issue = json!({"iid": iid, "title": title, "state": "opened", "labels": body["labels"], "issue_type": body["issue_type"], "web_url": url, "notes": []});
                self.issues.push(issue.clone());
                Answer::json(201, issue)
            }
            (method, ["issues", iid, rest @ ..]) => {
                let Some(issue) = self.issues.iter_mut().find(|issue| is_number(&issue["iid"], iid)) else {
                    return error(404, &json!("404 Issue Not Found"));
                };
                on_issue(issue, method, rest, body)
            }
            _ => Answer::json(404, json!({"error": "404 Not Found"})),
        }
    }
}

fn on_issue(issue: &mut Value, method: &str, rest: &[&str], body: &Value) -> Answer {
    match (method, rest) {
        ("GET", []) => Answer::json(200, issue.clone()),
        ("PUT", []) => match body["state_event"].as_str() {
            Some("close") => {
                issue["state"] = json!("closed");
                Answer::json(200, issue.clone())
            }
            _ => Answer::json(400, json!({"error": "state_event does not have a valid value"})),
        },
        ("POST", ["notes"]) => match (body["body"].as_str(), issue["notes"].as_array_mut()) {
            (Some(text), Some(notes)) => {
                notes.push(json!(text));
                Answer::json(201, json!({"id": 300 + notes.len(), "body": text}))
            }
            _ => Answer::json(400, json!({"error": "body is missing"})),
        },
        _ => Answer::json(404, json!({"error": "404 Not Found"})),
    }
}

/// <https://docs.gitlab.com/api/rest/#pagination>
fn projects(request: &Request) -> Answer {
    let all: Vec<Value> = (7..=136)
        .map(|id| json!({"id": id, "path_with_namespace": if id == 7 { "acme/checkout".to_owned() } else { format!("acme/project-{id}") }}))
        .collect();
    let size = request.number("per_page").unwrap_or(20).min(100);
    let number = request.number("page").unwrap_or(1);
    let shown: Vec<&Value> = all.iter().skip((number - 1) * size).take(size).collect();
    let answer = Answer::json(200, json!(shown));
    match all.len() > number * size {
        true => {
            let next = format!(
                "https://gitlab.com/api/v4/projects?membership=true&simple=true&per_page={size}&page={}",
                number + 1
            );
            answer
                .header("link", format!("<{next}>; rel=\"next\""))
                .header("x-next-page", number + 1)
        }
        false => answer.header("x-next-page", ""),
    }
}

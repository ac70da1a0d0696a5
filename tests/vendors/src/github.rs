//! GitHub's REST API: <https://docs.github.com/en/rest>.

use crate::{Answer, Course, Request, Vendor, is_number, unix_time};
use serde_json::{Value, json};

/// A personal access token.
pub const TOKEN: &str = "github_pat_not_a_real_token";

/// An account that sees `acme/checkout`, which has the workflow `restart.yaml`, and 130 further repositories without anything.
#[derive(Debug, Default)]
pub struct GitHub {
    /// The runs of workflows, each with `id`, `inputs` and `status`.
    pub runs: Vec<Value>,
    /// The results of the next looks at a run.
    pub course: Course,
    /// The issues, each with `number`, `title`, `state` and `comments`.
    pub issues: Vec<Value>,
    /// The deployments as they were asked for.
    pub deployments: Vec<Value>,
    /// The releases as they were asked for.
    pub releases: Vec<Value>,
}

/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>
fn error(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()}),
    )
}

fn invalid(resource: &str, field: &str, code: &str) -> Answer {
    let errors = json!([{"resource": resource, "field": field, "code": code}]);
    Answer::json(
        422,
        json!({"message": "Validation Failed", "errors": errors, "documentation_url": "https://docs.github.com/rest"}),
    )
}

impl Vendor for GitHub {
    const NAMES: &'static [&'static str] = &[
        "assignees",
        "auto_merge",
        "body",
        "description",
        "draft",
        "environment",
        "inputs*",
        "labels",
        "name",
        "page",
        "path",
        "payload*",
        "per_page",
        "prerelease",
        "ref",
        "required_contexts",
        "return_run_details",
        "sha",
        "since",
        "state",
        "state_reason",
        "tag_name",
        "target_commitish",
        "title",
        "type",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        // GitHub refuses requests without a user agent: https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent
        if request.header("user-agent").is_none() {
            return Answer::text(403, "Request forbidden by administrative rules.");
        }
        if request.bearer() != Some(TOKEN) {
            return error(401, "Bad credentials");
        }
        let (method, segments) = request.route();
        match (method, segments.as_slice()) {
            ("GET", ["user"]) => Answer::json(200, json!({"login": "pagerflow-bot", "id": 1})),
            ("GET", ["user", "repos"]) => {
                let all = std::iter::once("acme/checkout".to_owned())
                    .chain((1..=130).map(|number| format!("acme/repository-{number}")));
                let all = all.map(|name| json!({"full_name": name}));
                page(
                    request,
                    "https://api.github.com/user/repos",
                    &all.collect::<Vec<_>>(),
                    |shown| json!(shown),
                )
            }
            (method, ["repos", "acme", "checkout", rest @ ..]) => self.repository(method, rest, request),
            _ => error(404, "Not Found"),
        }
    }

    /// A secondary limit: <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>
    fn too_many_requests(&self) -> (Answer, u64) {
        let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        let answer = error(403, message).header("retry-after", 60);
        (
            answer
                .header("x-ratelimit-remaining", 4999)
                .header("x-ratelimit-reset", unix_time() + 60),
            60,
        )
    }
}

impl GitHub {
    /// The answer to one who has used up all requests of an hour, which end at this time.
    #[must_use]
    pub fn used_up(until: i64) -> Answer {
        let answer = error(403, "API rate limit exceeded for user ID 1.");
        answer
            .header("x-ratelimit-limit", 5000)
            .header("x-ratelimit-remaining", 0)
            .header("x-ratelimit-reset", until)
    }

    fn repository(&mut self, method: &str, rest: &[&str], request: &Request) -> Answer {
        let body = request.json();
        match (method, rest) {
            ("GET", ["actions", "workflows"]) => {
                let all = [
                    json!({"id": 161_335, "name": "Restart", "path": ".github/workflows/restart.yaml", "state": "active"}),
                ];
                let url = "https://api.github.com/repos/acme/checkout/actions/workflows";
                page(
                    request,
                    url,
                    &all,
                    |shown| json!({"total_count": 1, "workflows": shown}),
                )
            }
            ("POST", ["actions", "workflows", "restart.yaml" | "161335", "dispatches"]) => self.dispatch(&body),
            ("GET", ["actions", "runs", id]) => match self.runs.iter_mut().find(|run| is_number(&run["id"], id)) {
                Some(run) => {
                    self.course.advance(run);
                    Answer::json(200, run.clone())
                }
                None => error(404, "Not Found"),
            },
            ("POST", ["actions", "runs", id, "rerun-failed-jobs"]) => {
                match self.runs.iter_mut().find(|run| is_number(&run["id"], id)) {
                    Some(run) if run["conclusion"] == "failure" => {
                        run["status"] = json!("queued");
                        run["conclusion"] = Value::Null;
                        Answer::json(201, json!({}))
                    }
                    Some(_) => error(403, "This workflow run cannot be retried"),
                    None => error(404, "Not Found"),
                }
            }
            ("POST", ["issues"]) => {
                let Some(title) = body["title"].as_str().filter(|title| !title.is_empty()) else {
                    return invalid("Issue", "title", "missing_field");
                };
                let number = self.issues.len() + 1;
                let url = format!("https://github.com/acme/checkout/issues/{number}");
                let issue = json!({
                    "number": number, "title": title, "body": body["body"], "labels": body["labels"], "assignees": body["assignees"],
                    "state": "open", "html_url": url, "comments": [],
                });
                self.issues.push(issue.clone());
                Answer::json(201, issue)
            }
            (method, ["issues", number, rest @ ..]) => {
                let Some(issue) = self.issues.iter_mut().find(|issue| is_number(&issue["number"], number)) else {
                    return error(404, "Not Found");
                };
                on_issue(issue, method, rest, &body)
            }
            ("POST", ["deployments"]) => {
                let Some(reference) = body["ref"].as_str().filter(|name| *name != "no-such-branch") else {
                    return error(422, "No ref found for: no-such-branch");
                };
                if body["required_contexts"].is_null() {
                    // Statuses of commits are checked unless it says that none are wanted.
                    return error(409, "Conflict: Commit status checks failed for the ref.");
                }
                self.deployments.push(body.clone());
                Answer::json(
                    201,
                    json!({"id": self.deployments.len(), "ref": reference, "environment": body["environment"]}),
                )
            }
            ("POST", ["releases"]) => {
                let Some(tag) = body["tag_name"].as_str() else {
                    return invalid("Release", "tag_name", "missing_field");
                };
                if self.releases.iter().any(|release| release["tag_name"] == tag) {
                    return invalid("Release", "tag_name", "already_exists");
                }
                self.releases.push(body.clone());
                let url = format!("https://github.com/acme/checkout/releases/tag/{tag}");
                Answer::json(
                    201,
                    json!({"id": self.releases.len(), "tag_name": tag, "html_url": url}),
                )
            }
            ("GET", ["commits"]) => {
                if request.query("since").is_some_and(|since| !since.ends_with('Z')) {
                    return error(422, "Invalid since");
                }
                let all: Vec<Value> = (1..=40)
                    .map(|number| json!({"sha": format!("{number:040x}"), "html_url": "https://github.com/acme/checkout", "commit": {"message": "Fix"}}))
                    .collect();
                page(
                    request,
                    "https://api.github.com/repos/acme/checkout/commits",
                    &all,
                    |shown| json!(shown),
                )
            }
            ("GET", ["pulls"]) => match request.query("state") {
                None | Some("open") => Answer::json(
                    200,
                    json!([{"number": 9, "title": "Fix", "html_url": "https://github.com/acme/checkout/pull/9"}]),
                ),
                Some("closed" | "all") => Answer::json(200, json!([])),
                Some(_) => invalid("PullRequest", "state", "invalid"),
            },
            _ => error(404, "Not Found"),
        }
    }

    /// <https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event>
    fn dispatch(&mut self, body: &Value) -> Answer {
        match body["ref"].as_str() {
            None => return error(422, "Invalid request.\n\n\"ref\" wasn't supplied."),
            Some("main" | "v1") => {}
            Some(reference) => return error(422, &format!("No ref found for: {reference}")),
        }
        if let Some(unknown) = body["inputs"]
            .as_object()
            .and_then(|inputs| inputs.keys().find(|name| *name != "service"))
        {
            return error(422, &format!("Unexpected inputs provided: [\"{unknown}\"]"));
        }
        let id = 30_433_642 + self.runs.len();
        let html_url = format!("https://github.com/acme/checkout/actions/runs/{id}");
        self.runs.push(
            json!({"id": id, "inputs": body["inputs"], "status": "queued", "conclusion": null, "html_url": html_url}),
        );
        match body["return_run_details"] == true {
            true => Answer::json(
                200,
                json!({"workflow_run_id": id, "run_url": "https://api.github.com/…", "html_url": html_url}),
            ),
            false => Answer::empty(204),
        }
    }
}

fn on_issue(issue: &mut Value, method: &str, rest: &[&str], body: &Value) -> Answer {
    match (method, rest) {
        ("GET", []) => Answer::json(200, issue.clone()),
        ("PATCH", []) => match (body["state"].as_str(), body["state_reason"].as_str()) {
            (
                Some(state @ ("open" | "closed")),
                None | Some("completed" | "not_planned" | "duplicate" | "reopened"),
            ) => {
                issue["state"] = json!(state);
                issue["state_reason"] = body["state_reason"].clone();
                Answer::json(200, issue.clone())
            }
            _ => invalid("Issue", "state", "invalid"),
        },
        ("POST", ["comments"]) => match (body["body"].as_str(), issue["comments"].as_array_mut()) {
            (Some(text), Some(comments)) => {
                comments.push(json!(text));
                Answer::json(
                    201,
                    json!({"id": comments.len(), "body": text, "html_url": "https://github.com/acme/checkout/issues/1#issuecomment-1"}),
                )
            }
            _ => error(422, "Invalid request.\n\n\"body\" wasn't supplied."),
        },
        _ => error(404, "Not Found"),
    }
}

/// <https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>
fn page(request: &Request, url: &str, all: &[Value], body: impl Fn(Vec<&Value>) -> Value) -> Answer {
    let size = request.number("per_page").unwrap_or(30).min(100);
    let number = request.number("page").unwrap_or(1);
    let shown: Vec<&Value> = all.iter().skip((number - 1) * size).take(size).collect();
    let answer = Answer::json(200, body(shown));
    match all.len() > number * size {
        true => answer.header(
            "link",
            format!(
                "<{url}?per_page={size}&page={}>; rel=\"next\", <{url}?per_page={size}&page=9>; rel=\"last\"",
                number + 1
            ),
        ),
        false => answer,
    }
}

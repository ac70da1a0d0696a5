//! The API of HCP Terraform: <https://developer.hashicorp.com/terraform/cloud-docs/api-docs>.

use crate::{Answer, Course, Request, Vendor};
use serde_json::{Value, json};

/// A team token.
pub const TOKEN: &str = "not.atlasv1.areal-terraform-token";
/// A workspace.
pub const WORKSPACE: &str = "ws-LLGHCr4SWy28wyGN";

/// The organization `acme` with 120 workspaces.
#[derive(Debug, Default)]
pub struct TerraformCloud {
    /// The runs, as JSON:API resources.
    pub runs: Vec<Value>,
    /// The results of the next looks at a run.
    pub course: Course,
}

const JSON_API: &str = "application/vnd.api+json";

fn document(status: u16, body: Value) -> Answer {
    Answer::json(status, body)
}

fn error(status: u16, title: &str, detail: &str) -> Answer {
    document(
        status,
        json!({"errors": [{"status": status.to_string(), "title": title, "detail": detail}]}),
    )
}

fn not_found() -> Answer {
    // Also where the token must not see it.
    document(404, json!({"errors": [{"status": "404", "title": "not found"}]}))
}

impl Vendor for TerraformCloud {
    const NAMES: &'static [&'static str] = &[
        "attributes",
        "auto-apply",
        "comment",
        "data",
        "id",
        "key",
        "message",
        "page[number]",
        "page[size]",
        "plan-only",
        "relationships",
        "replace-addrs",
        "target-addrs",
        "type",
        "value",
        "variables",
        "workspace",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.bearer() != Some(TOKEN) {
            return document(401, json!({"errors": [{"status": "401", "title": "unauthorized"}]}));
        }
        let (method, segments) = request.route();
        let ["api", "v2", rest @ ..] = segments.as_slice() else {
            return not_found();
        };
        if method == "POST" && request.header("content-type") != Some(JSON_API) {
            return error(
                415,
                "unsupported media type",
                "the content type must be application/vnd.api+json",
            );
        }
        let body = request.json_of(JSON_API);
        match (method, rest) {
            ("GET", ["account", "details"]) => document(
                200,
                json!({"data": {"id": "user-1", "type": "users", "attributes": {"username": "pagerflow"}}}),
            ),
            ("GET", ["organizations", "acme", "workspaces"]) => workspaces(request),
            ("POST", ["runs"]) => self.create(&body["data"]),
            (method, ["runs", id, rest @ ..]) => {
                let Some(run) = self.runs.iter_mut().find(|run| run["id"] == *id) else {
                    return not_found();
                };
                match (method, rest) {
                    ("GET", []) => {
                        self.course.advance(&mut run["attributes"]);
                        document(200, json!({"data": run}))
                    }
                    ("POST", ["actions", verb @ ("apply" | "discard")]) => match run["attributes"]["status"].as_str() {
                        Some("planned") => {
                            run["attributes"]["status"] =
                                json!(if *verb == "apply" { "apply_queued" } else { "discarded" });
                            Answer::empty(202)
                        }
                        _ => error(
                            409,
                            "transition not allowed",
                            &format!("run was not paused for confirmation; {verb} not allowed"),
                        ),
                    },
                    _ => not_found(),
                }
            }
            _ => not_found(),
        }
    }

    /// <https://developer.hashicorp.com/terraform/cloud-docs/api-docs#rate-limiting>
    fn too_many_requests(&self) -> (Answer, u64) {
        (
            error(429, "Too many requests", "You have exceeded the API's rate limit.").header("retry-after", 1),
            1,
        )
    }
}

impl TerraformCloud {
    fn create(&mut self, data: &Value) -> Answer {
        let workspace = &data["relationships"]["workspace"]["data"];
        if data["type"] != "runs" || workspace["type"] != "workspaces" {
            return error(422, "invalid attribute", "Type can't be blank");
        }
        if workspace["id"] != WORKSPACE {
            return not_found();
        }
        let attributes = &data["attributes"];
        let is_variable = |variable: &Value| variable["key"].is_string() && variable["value"].is_string();
        if attributes["variables"]
            .as_array()
            .is_some_and(|variables| !variables.iter().all(is_variable))
        {
            return error(422, "invalid attribute", "Variables must have a key and a value");
        }
        let mut attributes = attributes.clone();
        attributes["status"] = json!("planned");
        attributes["has-changes"] = json!(true);
        let run =
            json!({"id": format!("run-CZcmD7eagjhyX0v{}", self.runs.len()), "type": "runs", "attributes": attributes});
        self.runs.push(run.clone());
        document(201, json!({"data": run}))
    }
}

/// <https://developer.hashicorp.com/terraform/cloud-docs/api-docs#pagination>
fn workspaces(request: &Request) -> Answer {
    let size = request.number("page[size]").unwrap_or(20).min(100);
    let number = request.number("page[number]").unwrap_or(1);
    let all = (1..=120).map(|number| {
        let id = if number == 1 {
            WORKSPACE.to_owned()
        } else {
            format!("ws-{number}")
        };
        json!({"id": id, "type": "workspaces", "attributes": {"name": format!("workspace-{number}")}})
    });
    let shown: Vec<Value> = all.skip((number - 1) * size).take(size).collect();
    document(
        200,
        json!({"data": shown, "meta": {"pagination": {"current-page": number, "total-pages": 2, "total-count": 120}}}),
    )
}

//! The REST API, version 2, of Jira Cloud: <https://developer.atlassian.com/cloud/jira/platform/rest/v2/intro/>.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// The user of the API token.
pub const EMAIL: &str = "bot@acme.example";
/// The API token.
pub const TOKEN: &str = "not-a-real-atlassian-token";
/// The account id of Jane.
pub const JANE: &str = "5b10ac8d82e05b22cc7d4ef5";

/// A site with the projects `OPS`, `P2` to `P60`.
#[derive(Debug, Default)]
pub struct Jira {
    /// The issues, each with `id`, `key`, `fields` and its comments in `comments`.
    pub issues: Vec<Value>,
}

/// <https://developer.atlassian.com/cloud/jira/platform/rest/v2/intro/#status-codes>
fn refused(status: u16, messages: &[&str], errors: &Value) -> Answer {
    Answer::json(status, json!({"errorMessages": messages, "errors": errors}))
}

impl Vendor for Jira {
    const NAMES: &'static [&'static str] = &[
        "accountId",
        "assignee",
        "body",
        "description",
        "fields*",
        "id",
        "jql",
        "key",
        "maxResults",
        "nextPageToken",
        "query",
        "startAt",
        "transition",
        "update*",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.basic().as_deref() != Some(&format!("{EMAIL}:{TOKEN}")) {
            return Answer::text(401, "Client must be authenticated to access this resource.");
        }
        let (method, segments) = request.route();
        let ["rest", "api", "2", rest @ ..] = segments.as_slice() else {
            return Answer::empty(404);
        };
        match (method, rest) {
            ("GET", ["myself"]) => Answer::json(
                200,
                json!({"accountId": "1", "displayName": "Bot", "emailAddress": EMAIL}),
            ),
            ("POST", ["issue"]) => self.create(&request.json()),
            ("GET", ["search", "jql"]) => self.search(request),
            ("GET", ["user", "search"]) => {
                let jane = json!({"accountId": JANE, "displayName": "Jane", "emailAddress": "jane@example.com"});
                let found = request
                    .query("query")
                    .is_some_and(|query| "jane@example.com".starts_with(query));
                Answer::json(200, if found { json!([jane]) } else { json!([]) })
            }
            ("GET", ["project", "search"]) => projects(request),
            (method, ["issue", key, rest @ ..]) => {
                let is_it = |issue: &&mut Value| issue["key"] == *key || issue["id"] == *key;
                match self.issues.iter_mut().find(is_it) {
                    Some(issue) => on_issue(issue, method, rest, request),
                    None => {
                        let message = "Issue does not exist or you do not have permission to see it.";
                        refused(404, &[message], &json!({}))
                    }
                }
            }
            _ => Answer::empty(404),
        }
    }

    /// <https://developer.atlassian.com/cloud/jira/platform/rate-limiting/>
    fn too_many_requests(&self) -> (Answer, u64) {
        let answer = Answer::json(429, json!({"errorMessages": ["Rate limit exceeded"], "errors": {}}));
        (
            answer
                .header("retry-after", 5)
                .header("x-ratelimit-reset", "2026-11-30T08:00:00Z"),
            5,
        )
    }
}

impl Jira {
    /// <https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/#api-rest-api-2-issue-post>
    fn create(&mut self, body: &Value) -> Answer {
        let fields = &body["fields"];
        let mut errors = json!({});
        if fields["project"]["key"] != "OPS" {
            errors["project"] = json!("valid project is required");
        }
        if !["Task", "Incident"]
            .iter()
            .any(|name| fields["issuetype"]["name"] == *name)
        {
            errors["issuetype"] = json!("Specify a valid issue type");
        }
        match fields["summary"].as_str() {
            Some(summary) if !summary.is_empty() && summary.chars().count() <= 255 && !summary.contains('\n') => {}
            _ => errors["summary"] = json!("You must specify a summary of the issue."),
        }
        if !(fields["description"].is_null() || fields["description"].is_string()) {
            errors["description"] = json!("Operation value must be a string");
        }
        let label = |label: &Value| {
            label
                .as_str()
                .is_some_and(|label| !label.contains(' ') && label.len() <= 255)
        };
        if fields["labels"]
            .as_array()
            .is_some_and(|labels| !labels.iter().all(label))
        {
            errors["labels"] = json!("The label can't contain spaces.");
        }
        if errors.as_object().is_some_and(|errors| !errors.is_empty()) {
            return refused(400, &[], &errors);
        }
        let number = self.issues.len() + 1;
        let (id, key) = (format!("{}", 10_000 + number), format!("OPS-{number}"));
        let mut fields = fields.clone();
        fields["status"] = json!({"name": "To Do"});
        if fields["assignee"].is_object() {
            fields["assignee"] = json!({"accountId": fields["assignee"]["id"]});
        }
        for (name, operations) in body["update"].as_object().into_iter().flatten() {
            fields[name] = operations[0]["set"].clone();
        }
        self.issues
            .push(json!({"id": id, "key": key, "fields": fields, "comments": []}));
        Answer::json(
            201,
            json!({"id": id, "key": key, "self": format!("https://acme.atlassian.net/rest/api/2/issue/{id}")}),
        )
    }

    /// <https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issue-search/#api-rest-api-2-search-jql-get>
    fn search(&self, request: &Request) -> Answer {
        let Some(jql) = request.query("jql").filter(|jql| !jql.is_empty()) else {
            let message = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
            return refused(400, &[message], &json!({}));
        };
        let found: Vec<&Value> = match (jql.strip_prefix("labels = \""), jql) {
            (Some(label), _) => {
                let label = label.trim_end_matches('"');
                let has = |issue: &&Value| {
                    issue["fields"]["labels"]
                        .as_array()
                        .is_some_and(|labels| labels.iter().any(|l| l == label))
                };
                self.issues.iter().filter(has).collect()
            }
            (None, "project = OPS") => self.issues.iter().collect(),
            (None, _) => return refused(400, &[&format!("Error in the JQL Query: {jql}")], &json!({})),
        };
        let from: usize = request.number("nextPageToken").unwrap_or(0);
        let limit = request.number("maxResults").unwrap_or(50).min(100);
        // Only the ids are given where no fields are asked for.
        let names: Vec<&str> = request.query("fields").unwrap_or("id").split(',').collect();
        let shown = found.iter().skip(from).take(limit).map(|issue| {
            if names == ["id"] {
                return json!({"id": issue["id"]});
            }
            let fields = names
                .iter()
                .map(|name| ((*name).to_owned(), issue["fields"][*name].clone()));
            json!({"id": issue["id"], "key": issue["key"], "fields": fields.collect::<serde_json::Map<_, _>>()})
        });
        let mut page = json!({"issues": shown.collect::<Vec<_>>(), "isLast": found.len() <= from + limit});
        if found.len() > from + limit {
            page["nextPageToken"] = json!((from + limit).to_string());
        }
        Answer::json(200, page)
    }
}

fn on_issue(issue: &mut Value, method: &str, rest: &[&str], request: &Request) -> Answer {
    let body = request.json();
    match (method, rest) {
        ("GET", []) => Answer::json(
            200,
            json!({"id": issue["id"], "key": issue["key"], "fields": issue["fields"]}),
        ),
        ("PUT", []) => match body["fields"].as_object() {
            Some(fields) => {
                for (name, value) in fields {
                    issue["fields"][name] = value.clone();
                }
                Answer::empty(204)
            }
            None => refused(400, &["one of 'fields' or 'update' required"], &json!({})),
        },
        ("POST", ["comment"]) => match body["body"].as_str() {
            Some(text) if !text.is_empty() => {
                let comments = issue["comments"].as_array().map_or(0, Vec::len);
                let comment = json!({"id": format!("{}", comments + 1), "body": text});
                if let Some(comments) = issue["comments"].as_array_mut() {
                    comments.push(comment.clone());
                }
                Answer::json(201, comment)
            }
            _ => refused(400, &[], &json!({"comment": "Comment body can not be empty!"})),
        },
        ("GET", ["transitions"]) => Answer::json(200, json!({"transitions": transitions(issue)})),
        ("POST", ["transitions"]) => {
            let id = &body["transition"]["id"];
            let taken = transitions(issue)
                .into_iter()
                .find(|transition| transition["id"] == *id);
            match taken {
                Some(transition) => {
                    issue["fields"]["status"] = transition["to"].clone();
                    Answer::empty(204)
                }
                None => {
                    let message = "It seems that you have tried to perform a workflow operation that is not valid for the current state of this issue.";
                    refused(400, &[message], &json!({}))
                }
            }
        }
        ("PUT", ["assignee"]) => match body["accountId"].as_str() {
            Some(id @ (JANE | "-1")) => {
                issue["fields"]["assignee"] = json!({"accountId": id});
                Answer::empty(204)
            }
            _ => refused(
                400,
                &[],
                &json!({"assignee": "User does not exist or cannot be assigned issues."}),
            ),
        },
        _ => Answer::empty(404),
    }
}

fn transitions(issue: &Value) -> Vec<Value> {
    match issue["fields"]["status"]["name"].as_str() {
        Some("Done") => vec![json!({"id": "11", "name": "Reopen", "to": {"name": "To Do"}})],
        _ => vec![json!({"id": "31", "name": "Finish", "to": {"name": "Done"}})],
    }
}

/// <https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-projects/#api-rest-api-2-project-search-get>
fn projects(request: &Request) -> Answer {
    let all: Vec<Value> = (1..=60)
        .map(|number| {
            let key = if number == 1 {
                "OPS".to_owned()
            } else {
                format!("P{number}")
            };
            json!({"id": format!("{}", 10_000 + number), "key": key, "name": format!("Project {number}")})
        })
        .collect();
    let (from, limit) = (
        request.number("startAt").unwrap_or(0),
        request.number("maxResults").unwrap_or(50).min(50),
    );
    let values: Vec<&Value> = all.iter().skip(from).take(limit).collect();
    let is_last = all.len() <= from + values.len();
    Answer::json(
        200,
        json!({"startAt": from, "maxResults": limit, "total": all.len(), "isLast": is_last, "values": values}),
    )
}

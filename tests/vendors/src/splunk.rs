//! The REST API of Splunk: <https://help.splunk.com/en/splunk-enterprise/leverage-rest-apis/rest-api-reference>. It answers in XML where
//! a request does not ask for JSON.

use crate::{Answer, Course, Request, Vendor, field};
use serde_json::{Value, json};

/// An authentication token.
pub const TOKEN: &str = "not-a-real-splunk-token";

/// A Splunk with 120 saved searches, of which `Errors` is the first.
#[derive(Debug, Default)]
pub struct Splunk {
    /// The searches that were run.
    pub searches: Vec<String>,
    /// The results of the next looks at a job.
    pub course: Course,
    jobs: usize,
}

fn error(status: u16, kind: &str, text: &str) -> Answer {
    Answer::json(status, json!({"messages": [{"type": kind, "text": text}]}))
}

impl Vendor for Splunk {
    const NAMES: &'static [&'static str] = &[
        "count",
        "earliest_time",
        "exec_mode",
        "latest_time",
        "max_count",
        "offset",
        "output_mode",
        "search",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.bearer() != Some(TOKEN) {
            return error(401, "WARN", "call not properly authenticated");
        }
        let form = request.form();
        if request.query("output_mode").or_else(|| field(&form, "output_mode")) != Some("json") {
            return Answer::text(200, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response/>");
        }
        let (method, segments) = request.route();
        let ["services", rest @ ..] = segments.as_slice() else {
            return error(404, "ERROR", "Not Found");
        };
        match (method, rest) {
            ("GET", ["authentication", "current-context"]) => {
                Answer::json(200, json!({"entry": [{"content": {"username": "pagerflow"}}]}))
            }
            ("POST", ["search", "jobs"]) => {
                let search = field(&form, "search").unwrap_or_default();
                if !search.starts_with("search ") && !search.starts_with('|') {
                    let word = search.split(' ').next().unwrap_or_default();
                    return error(400, "FATAL", &format!("Unknown search command '{word}'."));
                }
                self.searches.push(search.to_owned());
                match field(&form, "exec_mode") {
                    Some("oneshot") => results(field(&form, "count")),
                    _ => self.job(),
                }
            }
            ("POST", ["saved", "searches", "Errors", "dispatch"]) => {
                self.searches.push("Errors".to_owned());
                self.job()
            }
            (_, ["saved", "searches", name, ..]) => {
                let text = format!("Could not find object id={name}");
                error(404, "ERROR", &text)
            }
            ("GET", ["saved", "searches"]) => {
                let names = (1..=120).map(|number| {
                    if number == 1 {
                        "Errors".to_owned()
                    } else {
                        format!("Search {number}")
                    }
                });
                let (from, count) = (
                    request.number("offset").unwrap_or(0),
                    request.number("count").unwrap_or(30),
                );
                let entries: Vec<Value> = names.skip(from).take(count).map(|name| json!({"name": name})).collect();
                Answer::json(
                    200,
                    json!({"entry": entries, "paging": {"total": 120, "perPage": count, "offset": from}}),
                )
            }
            ("GET", ["search", "v2", "jobs", id, rest @ ..]) if (1..=self.jobs).any(|job| sid(job) == *id) => {
                match rest {
                    [] => {
                        let mut content = json!({"dispatchState": "DONE", "resultCount": 2, "sid": id});
                        self.course.advance(&mut content);
                        Answer::json(200, json!({"entry": [{"content": content}]}))
                    }
                    ["results"] => results(request.query("count")),
                    _ => error(404, "ERROR", "Not Found"),
                }
            }
            ("GET", ["search", "v2", "jobs", ..]) => error(404, "FATAL", "Unknown sid."),
            _ => error(404, "ERROR", "Not Found"),
        }
    }
}

fn sid(job: usize) -> String {
    format!("1719838800.{job}")
}

fn results(count: Option<&str>) -> Answer {
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(100);
    let rows = [
        json!({"host": "web-1", "count": "7"}),
        json!({"host": "web-2", "count": "3"}),
    ];
    let rows: Vec<&Value> = rows.iter().take(count).collect();
    Answer::json(
        200,
        json!({"preview": false, "messages": [], "fields": [{"name": "host"}, {"name": "count"}], "results": rows}),
    )
}

impl Splunk {
    fn job(&mut self) -> Answer {
        self.jobs += 1;
        Answer::json(201, json!({"sid": sid(self.jobs)}))
    }
}

//! The remote access API of Jenkins: <https://www.jenkins.io/doc/book/using/remote-access-api/>.

use crate::{Answer, Course, Request, Vendor};
use serde_json::{Value, json};

/// The user.
pub const USER: &str = "pagerflow";
/// An API token.
pub const TOKEN: &str = "110000000000000000000000000000dead";

/// A Jenkins with the job `restart-checkout`, and `restart` with the parameter `SERVICE` in the folder `ops`.
#[derive(Debug, Default)]
pub struct Jenkins {
    /// The builds, in the order in which they were asked for: the job, and its parameters.
    pub builds: Vec<(String, Value)>,
    /// The results of the next looks at the queue.
    pub queue: Course,
    /// The results of the next looks at a build.
    pub course: Course,
}

fn page(status: u16, title: &str) -> Answer {
    Answer::text(status, &format!("<html><head><title>{title}</title></head></html>"))
        .header("content-type", "text/html")
}

impl Vendor for Jenkins {
    fn answer(&mut self, request: &Request) -> Answer {
        if request.basic().as_deref() != Some(&format!("{USER}:{TOKEN}")) {
            return page(401, "Error 401 Unauthorized");
        }
        let (method, segments) = request.route();
        match (method, segments.as_slice()) {
            ("GET", ["me", "api", "json"]) => Answer::json(200, json!({"id": USER, "fullName": "Pagerflow"})),
            ("GET", ["api", "json"]) => match request.query("tree") {
                Some(tree) if tree.starts_with("jobs[") => {
                    let job = json!({"name": "restart-checkout", "url": "https://jenkins.acme.example/job/restart-checkout/", "color": "blue"});
                    Answer::json(200, json!({"jobs": [job]}))
                }
                _ => Answer::json(200, json!({"mode": "NORMAL"})),
            },
            ("POST", ["job", "restart-checkout", "build"]) => self.queue("restart-checkout", json!({})),
            // https://issues.jenkins.io/browse/JENKINS-26578 and the code of hudson.model.ParameterizedJobMixIn
            ("POST", ["job", "restart-checkout", "buildWithParameters"]) => {
                page(400, "restart-checkout is not parameterized")
            }
            ("POST", ["job", "ops", "job", "restart", "build"]) => page(400, "This page expects a form submission"),
            ("POST", ["job", "ops", "job", "restart", "buildWithParameters"]) => {
                let parameters = request
                    .form()
                    .into_iter()
                    .map(|(name, value)| (name, json!(value)))
                    .collect();
                self.queue("ops/job/restart", Value::Object(parameters))
            }
            ("GET", ["queue", "item", id, "api", "json"]) => match self.numbered(id) {
                Some((number, job)) => {
                    let url = format!("https://jenkins.acme.example/job/{job}/{number}/");
                    let mut item = json!({"id": number, "why": null, "cancelled": false, "executable": {"number": number, "url": url}});
                    self.queue.advance(&mut item);
                    Answer::json(200, item)
                }
                None => page(404, "Error 404 Not Found"),
            },
            ("GET", ["job", rest @ .., number, "api", "json"]) => {
                let job = rest.join("/");
                let last = self
                    .builds
                    .iter()
                    .rposition(|(built, _)| *built == job)
                    .map(|place| (place + 1).to_string());
                let number = if *number == "lastBuild" {
                    last.unwrap_or_default()
                } else {
                    (*number).to_owned()
                };
                match self.numbered(&number) {
                    Some((number, built)) if built == job => {
                        let url = format!("https://jenkins.acme.example/job/{job}/{number}/");
                        let mut build = json!({"number": number, "building": false, "result": "SUCCESS", "url": url});
                        self.course.advance(&mut build);
                        Answer::json(200, build)
                    }
                    _ => page(404, "Error 404 Not Found"),
                }
            }
            _ => page(404, "Error 404 Not Found"),
        }
    }
}

impl Jenkins {
    fn queue(&mut self, job: &str, parameters: Value) -> Answer {
        self.builds.push((job.to_owned(), parameters));
        let item = self.builds.len();
        Answer::empty(201).header("location", format!("https://jenkins.acme.example/queue/item/{item}/"))
    }

    /// A build by its number, which is that of its item in the queue here.
    fn numbered(&self, number: &str) -> Option<(usize, &str)> {
        let number: usize = number.parse().ok()?;
        let (job, _) = self.builds.get(number.checked_sub(1)?)?;
        Some((number, job))
    }
}

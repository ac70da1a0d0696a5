//! The API of Kubernetes: <https://kubernetes.io/docs/reference/kubernetes-api/>.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// The token of a service account.
pub const TOKEN: &str = "not-a-real-service-account-token";

/// A cluster with 260 namespaces, of which `shop` is the first. In `shop` are the deployment `checkout` and two pods of it; there is the node
/// `node-1`.
#[derive(Debug)]
pub struct Kubernetes {
    /// The deployment.
    pub deployment: Value,
    /// The pods.
    pub pods: Vec<Value>,
    /// The node.
    pub node: Value,
}

impl Default for Kubernetes {
    fn default() -> Self {
        let template = json!({"metadata": {"labels": {"app": "checkout"}}, "spec": {"containers": [{"name": "web", "image": "acme/checkout:v1.4.2"}]}});
        let pod = |name: &str| json!({"metadata": {"name": name, "namespace": "shop", "labels": {"app": "checkout"}}, "status": {"phase": "Running"}});
        Self {
            deployment: json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "checkout", "namespace": "shop", "generation": 1, "labels": {"app": "checkout"}},
                "spec": {"replicas": 2, "template": template}, "status": {"readyReplicas": 2, "updatedReplicas": 2},
            }),
            pods: vec![pod("checkout-7d4f8b6c9-x2x7q"), pod("checkout-7d4f8b6c9-k9m2p")],
            node: json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "spec": {}}),
        }
    }
}

/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>
fn failure(code: u16, reason: &str, message: &str) -> Answer {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": code});
    Answer::json(code, status)
}

fn not_found(what: &str, name: &str) -> Answer {
    failure(404, "NotFound", &format!("{what} \"{name}\" not found"))
}

impl Vendor for Kubernetes {
    const NAMES: &'static [&'static str] = &[
        "annotations*",
        "apiVersion",
        "container",
        "continue",
        "fieldSelector",
        "kind",
        "labelSelector",
        "limit",
        "metadata",
        "previous",
        "replicas",
        "spec",
        "tailLines",
        "template",
        "unschedulable",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.bearer() != Some(TOKEN) {
            return failure(401, "Unauthorized", "Unauthorized");
        }
        let (method, segments) = request.route();
        match (method, segments.as_slice()) {
            ("POST", ["apis", "authentication.k8s.io", "v1", "selfsubjectreviews"]) => {
                match request.json()["kind"] == "SelfSubjectReview" {
                    true => Answer::json(
                        201,
                        json!({"kind": "SelfSubjectReview", "status": {"userInfo": {"username": "system:serviceaccount:ops:pagerflow"}}}),
                    ),
                    false => failure(400, "BadRequest", "no kind \"\" is registered"),
                }
            }
            ("GET", ["api", "v1", "namespaces"]) => {
                let names = (1..=260).map(|number| {
                    if number == 1 {
                        "shop".to_owned()
                    } else {
                        format!("namespace-{number}")
                    }
                });
                list(
                    request,
                    &names
                        .map(|name| json!({"metadata": {"name": name}}))
                        .collect::<Vec<_>>(),
                )
            }
            (_, ["api" | "apis", .., "namespaces", "kube-system", _]) => failure(
                403,
                "Forbidden",
                "User \"system:serviceaccount:ops:pagerflow\" cannot do this in the namespace \"kube-system\"",
            ),
            ("GET", ["apis", "apps", "v1", "namespaces", "shop", "deployments"]) => {
                list(request, std::slice::from_ref(&self.deployment))
            }
            (
                method,
                [
                    "apis",
                    "apps",
                    "v1",
                    "namespaces",
                    "shop",
                    "deployments",
                    "checkout",
                    rest @ ..,
                ],
            ) => self.on_deployment(method, rest, request),
            (_, ["apis", "apps", "v1", "namespaces", _, "deployments", name, ..]) => {
                not_found("deployments.apps", name)
            }
            ("GET", ["api", "v1", "namespaces", "shop", "pods"]) => list(request, &self.pods),
            (method, ["api", "v1", "namespaces", "shop", "pods", name, rest @ ..]) => {
                let Some(place) = self.pods.iter().position(|pod| pod["metadata"]["name"] == *name) else {
                    return not_found("pods", name);
                };
                match (method, rest) {
                    ("DELETE", []) => Answer::json(200, self.pods.remove(place)),
                    ("GET", ["log"]) => log(request),
                    _ => failure(
                        405,
                        "MethodNotAllowed",
                        "the server does not allow this method on the requested resource",
                    ),
                }
            }
            ("PATCH", ["api", "v1", "nodes", "node-1"]) => match patch(request, &mut self.node) {
                Ok(_) => Answer::json(200, self.node.clone()),
                Err(refused) => refused,
            },
            (_, ["api", "v1", "nodes", name]) => not_found("nodes", name),
            _ => failure(404, "NotFound", "the server could not find the requested resource"),
        }
    }

    /// <https://kubernetes.io/docs/concepts/cluster-administration/flow-control/>
    fn too_many_requests(&self) -> (Answer, u64) {
        let answer = failure(429, "TooManyRequests", "Too many requests, please try again later.");
        (answer.header("retry-after", 1), 1)
    }
}

impl Kubernetes {
    fn on_deployment(&mut self, method: &str, rest: &[&str], request: &Request) -> Answer {
        match (method, rest) {
            ("GET", []) => Answer::json(200, self.deployment.clone()),
            ("PATCH", [] | ["scale"]) => match patch(request, &mut self.deployment) {
                Ok(changed) => {
                    // What changes the specification makes a new generation; what changes nothing does not.
                    if changed {
                        let generation = self.deployment["metadata"]["generation"].as_u64().unwrap_or(0);
                        self.deployment["metadata"]["generation"] = json!(generation + 1);
                    }
                    match rest {
                        [] => Answer::json(200, self.deployment.clone()),
                        _ => Answer::json(
                            200,
                            json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": {"replicas": self.deployment["spec"]["replicas"]}}),
                        ),
                    }
                }
                Err(refused) => refused,
            },
            _ => failure(
                405,
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            ),
        }
    }
}

/// Merges a patch, and says whether it changed anything. What JSON merge patch and strategic merge patch do with maps is the same.
fn patch(request: &Request, object: &mut Value) -> Result<bool, Answer> {
    let kinds = ["application/merge-patch+json", "application/strategic-merge-patch+json"];
    let Some(kind) = kinds.iter().find(|kind| request.header("content-type") == Some(kind)) else {
        return Err(failure(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format",
        ));
    };
    let patch = request.json_of(kind);
    if patch["spec"]["replicas"].is_string() {
        return Err(failure(422, "Invalid", "spec.replicas: Invalid value"));
    }
    let before = object.clone();
    merge(object, &patch);
    Ok(*object != before)
}

fn merge(object: &mut Value, patch: &Value) {
    match patch.as_object() {
        None => *object = patch.clone(),
        Some(fields) => {
            if !object.is_object() {
                *object = json!({});
            }
            for (name, value) in fields {
                merge(&mut object[name], value);
            }
        }
    }
}

/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks>
fn list(request: &Request, all: &[Value]) -> Answer {
    let wanted = request.query("labelSelector").map(|selector| {
        selector
            .split(',')
            .filter_map(|label| label.split_once('='))
            .collect::<Vec<_>>()
    });
    let phase = request
        .query("fieldSelector")
        .and_then(|selector| selector.strip_prefix("status.phase="));
    let matching: Vec<&Value> = all
        .iter()
        .filter(|object| {
            wanted.as_ref().is_none_or(|labels| {
                labels
                    .iter()
                    .all(|(name, value)| object["metadata"]["labels"][*name] == *value)
            })
        })
        .filter(|object| phase.is_none_or(|phase| object["status"]["phase"] == phase))
        .collect();
    let from = request.number("continue").unwrap_or(0);
    let limit = request.number("limit").unwrap_or(usize::MAX);
    let shown: Vec<&&Value> = matching.iter().skip(from).take(limit).collect();
    let next = from.checked_add(limit).filter(|next| *next < matching.len());
    let metadata = json!({"resourceVersion": "1", "continue": next.map_or_else(String::new, |next| next.to_string())});
    Answer::json(
        200,
        json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": shown}),
    )
}

fn log(request: &Request) -> Answer {
    if request.query("previous") == Some("true") {
        return failure(
            400,
            "BadRequest",
            "previous terminated container \"web\" in pod not found",
        );
    }
    let lines = ["started", "listening", "out of memory"];
    let last = lines.len() - request.number("tailLines").unwrap_or(lines.len()).min(lines.len());
    let text: String = lines.iter().skip(last).map(|line| format!("{line}\n")).collect();
    Answer::text(200, &text)
}

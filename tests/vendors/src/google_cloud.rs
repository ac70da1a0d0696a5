//! APIs of Google Cloud, each of which has a host of its own: Compute Engine <https://cloud.google.com/compute/docs/reference/rest/v1>,
//! Cloud Run <https://cloud.google.com/run/docs/reference/rest/v2>, Pub/Sub <https://cloud.google.com/pubsub/docs/reference/rest>; and the
//! access tokens of service accounts <https://developers.google.com/identity/protocols/oauth2/service-account#httprest>.

use crate::{Answer, Request, Vendor, field};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// The e-mail address of the service account.
pub const ACCOUNT: &str = "pagerflow@acme-prod.iam.gserviceaccount.com";

const ACCESS_TOKEN: &str = "ya29.an-access-token";

/// The project `acme-prod` with the machine `worker-1` in `europe-west3-a`, the service `checkout` in `europe-west3`, and the topic `incidents`.
pub struct GoogleCloud {
    /// The state of the machine.
    pub status: &'static str,
    /// The number of resets of the machine.
    pub resets: usize,
    /// The way in which the traffic of the service is divided.
    pub traffic: Value,
    /// The messages that were published.
    pub messages: Vec<Value>,
    /// Checks the signature of the service account over a text.
    is_signed: fn(&[u8], &[u8]) -> bool,
}

impl std::fmt::Debug for GoogleCloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoogleCloud")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl GoogleCloud {
    /// A project whose service account has the key that this function knows.
    #[must_use]
    pub fn new(is_signed: fn(&[u8], &[u8]) -> bool) -> Self {
        Self {
            status: "TERMINATED",
            resets: 0,
            traffic: json!([{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]),
            messages: Vec::new(),
            is_signed,
        }
    }

    /// Compute Engine's answer to too many requests of one kind: <https://cloud.google.com/compute/api-quota>.
    #[must_use]
    pub fn rate_exceeded() -> Answer {
        let error = json!({
            "code": 403, "message": "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
            "errors": [{"reason": "rateLimitExceeded", "domain": "usageLimits"}],
        });
        Answer::json(403, json!({"error": error}))
    }
}

/// <https://cloud.google.com/apis/design/errors#http_mapping>
fn error(code: u16, status: &str, message: &str) -> Answer {
    Answer::json(
        code,
        json!({"error": {"code": code, "message": message, "status": status}}),
    )
}

impl Vendor for GoogleCloud {
    const NAMES: &'static [&'static str] = &[
        "assertion",
        "attributes*",
        "filter",
        "grant_type",
        "maxResults",
        "messages",
        "pageToken",
        "percent",
        "revision",
        "traffic",
        "type",
        "updateMask",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        let (method, segments) = request.route();
        if request.host == "oauth2.googleapis.com" {
            return match (method, segments.as_slice()) {
                ("POST", ["token"]) => self.token(request),
                _ => Answer::empty(404),
            };
        }
        if request.bearer() != Some(ACCESS_TOKEN) {
            return error(
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials.",
            );
        }
        match (request.host.as_str(), method, segments.as_slice()) {
            ("compute.googleapis.com", method, ["compute", "v1", "projects", "acme-prod", rest @ ..]) => {
                self.compute(method, rest)
            }
            (
                "run.googleapis.com",
                method,
                [
                    "v2",
                    "projects",
                    "acme-prod",
                    "locations",
                    "europe-west3",
                    "services",
                    "checkout",
                ],
            ) => self.run(method, request),
            ("pubsub.googleapis.com", "POST", ["v1", "projects", "acme-prod", "topics", "incidents:publish"]) => {
                self.publish(&request.json())
            }
            (_, _, [.., name]) => error(404, "NOT_FOUND", &format!("Resource not found (resource={name}).")),
            _ => error(404, "NOT_FOUND", "Not found."),
        }
    }

    fn too_many_requests(&self) -> (Answer, u64) {
        (
            error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Queries'.").header("retry-after", 8),
            8,
        )
    }
}

impl GoogleCloud {
    fn token(&self, request: &Request) -> Answer {
        let form = request.form();
        if field(&form, "grant_type") != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
            return Answer::json(400, json!({"error": "unsupported_grant_type"}));
        }
        match field(&form, "assertion").is_some_and(|assertion| self.is_good(assertion).unwrap_or(false)) {
            true => Answer::json(
                200,
                json!({"access_token": ACCESS_TOKEN, "expires_in": 3599, "token_type": "Bearer"}),
            ),
            false => Answer::json(
                400,
                json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}),
            ),
        }
    }

    fn is_good(&self, assertion: &str) -> Option<bool> {
        let (signed, signature) = assertion.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| serde_json::from_slice::<Value>(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok();
        let (header, claims) = (part(header)?, part(claims)?);
        let life = claims["exp"].as_i64()? - claims["iat"].as_i64()?;
        let says_who = header["alg"] == "RS256"
            && claims["iss"] == ACCOUNT
            && claims["aud"] == "https://oauth2.googleapis.com/token";
        let says_what =
            claims["scope"] == "https://www.googleapis.com/auth/cloud-platform" && (1..=3600).contains(&life);
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        Some(says_who && says_what && (self.is_signed)(signed.as_bytes(), &signature))
    }

    fn compute(&mut self, method: &str, rest: &[&str]) -> Answer {
        let machine = json!({"name": "worker-1", "status": self.status, "labels": {"service": "worker"}});
        match (method, rest) {
            ("GET", []) => Answer::json(200, json!({"name": "acme-prod", "kind": "compute#project"})),
            ("GET", ["zones", "europe-west3-a", "instances"]) => Answer::json(200, json!({"items": [machine]})),
            // A list without entries has no `items`.
            ("GET", ["zones", "europe-west3-b", "instances"]) => {
                Answer::json(200, json!({"kind": "compute#instanceList"}))
            }
            ("GET", ["zones", "europe-west3-a", "instances", "worker-1"]) => Answer::json(200, machine),
            (
                "POST",
                [
                    "zones",
                    "europe-west3-a",
                    "instances",
                    "worker-1",
                    verb @ ("start" | "stop" | "reset"),
                ],
            ) => {
                match *verb {
                    "start" => self.status = "RUNNING",
                    "stop" => self.status = "TERMINATED",
                    _ if self.status == "RUNNING" => self.resets += 1,
                    _ => return error(400, "INVALID_ARGUMENT", "The instance is not running."),
                }
                Answer::json(
                    200,
                    json!({"kind": "compute#operation", "name": format!("operation-{verb}"), "status": "RUNNING", "operationType": verb}),
                )
            }
            (_, ["zones", zone, "instances", name, ..]) => {
                let message = format!("The resource 'projects/acme-prod/zones/{zone}/instances/{name}' was not found");
                let errors = json!([{"message": message, "domain": "global", "reason": "notFound"}]);
                Answer::json(
                    404,
                    json!({"error": {"code": 404, "message": message, "errors": errors}}),
                )
            }
            _ => error(404, "NOT_FOUND", "Not found."),
        }
    }

    fn run(&mut self, method: &str, request: &Request) -> Answer {
        let name = "projects/acme-prod/locations/europe-west3/services/checkout";
        let revision = format!("{name}/revisions/checkout-00042-kag");
        match method {
            "GET" => Answer::json(
                200,
                json!({"name": name, "uri": "https://checkout-abc-ey.a.run.app", "latestReadyRevision": revision, "traffic": self.traffic}),
            ),
            "PATCH" => {
                let traffic = request.json()["traffic"].clone();
                let percents: Option<i64> = traffic
                    .as_array()
                    .map(|targets| targets.iter().filter_map(|target| target["percent"].as_i64()).sum());
                let is_known = |target: &Value| {
                    target["type"] != "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
                        || target["revision"]
                            .as_str()
                            .is_some_and(|name| name.starts_with("checkout-"))
                };
                if request.query("updateMask") != Some("traffic") || percents != Some(100) {
                    return error(400, "INVALID_ARGUMENT", "Traffic percentages must sum to 100.");
                }
                if !traffic.as_array().is_some_and(|targets| targets.iter().all(is_known)) {
                    return error(400, "INVALID_ARGUMENT", "Revision does not exist.");
                }
                self.traffic = traffic;
                Answer::json(
                    200,
                    json!({"name": "projects/acme-prod/locations/europe-west3/operations/1", "done": false}),
                )
            }
            _ => error(405, "UNIMPLEMENTED", "Method not allowed."),
        }
    }

    fn publish(&mut self, body: &Value) -> Answer {
        let is_message = |message: &Value| {
            let has_attributes = message["attributes"]
                .as_object()
                .is_some_and(|attributes| !attributes.is_empty() && attributes.values().all(Value::is_string));
            has_attributes || message["data"].is_string()
        };
        let messages = body["messages"].as_array().cloned().unwrap_or_default();
        if messages.is_empty() || !messages.iter().all(is_message) {
            return error(
                400,
                "INVALID_ARGUMENT",
                "Some messages are empty: they must have data or at least one attribute.",
            );
        }
        let ids = (1..=messages.len())
            .map(|number| (self.messages.len() + number).to_string())
            .collect::<Vec<_>>();
        self.messages.extend(messages);
        Answer::json(200, json!({"messageIds": ids}))
    }
}

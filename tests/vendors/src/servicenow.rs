//! The Table API of ServiceNow:
//! <https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html>.

use crate::{Answer, Request, Vendor, unix_time};
use serde_json::{Map, Value, json};

/// The user.
pub const USER: &str = "pagerflow";
/// The password.
pub const PASSWORD: &str = "not a real password";

/// An instance with 130 groups, the first of which is `Database`.
#[derive(Debug, Default)]
pub struct ServiceNow {
    /// The records of the table `incident`. A journal field has its entries in a list.
    pub incidents: Vec<Value>,
}

fn error(status: u16, message: &str, detail: &str) -> Answer {
    Answer::json(
        status,
        json!({"error": {"message": message, "detail": detail}, "status": "failure"}),
    )
}

/// The fields that keep each entry.
const JOURNALS: [&str; 2] = ["comments", "work_notes"];

impl Vendor for ServiceNow {
    const NAMES: &'static [&'static str] = &[
        "assignment_group",
        "caller_id",
        "category",
        "close_code",
        "close_notes",
        "cmdb_ci",
        "comments",
        "correlation_display",
        "correlation_id",
        "description",
        "impact",
        "short_description",
        "state",
        "sysparm_exclude_reference_link",
        "sysparm_fields",
        "sysparm_limit",
        "sysparm_offset",
        "sysparm_query",
        "u_region",
        "urgency",
        "work_notes",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.basic().as_deref() != Some(&format!("{USER}:{PASSWORD}")) {
            return error(401, "User Not Authenticated", "Required to provide Auth information");
        }
        let (method, segments) = request.route();
        let ["api", "now", "table", table, rest @ ..] = segments.as_slice() else {
            return error(400, "Requested URI does not represent any resource", "");
        };
        match (method, *table, rest) {
            ("GET", "sys_user_group", []) => {
                let groups: Vec<Value> = (1..=130)
                    .map(|number| json!({"sys_id": format!("{number:032x}"), "name": if number == 1 { "Database".to_owned() } else { format!("Group {number}") }}))
                    .collect();
                self.list(request, &groups)
            }
            ("GET", "incident", []) => self.list(request, &self.incidents),
            ("POST", "incident", []) => self.create(request.json()),
            ("GET", "incident", [id]) => match self.incidents.iter().find(|record| record["sys_id"] == *id) {
                Some(record) => Answer::json(200, json!({"result": shown(record)})),
                None => no_record(),
            },
            ("PATCH", "incident", [id]) => {
                let Some(fields) = request.json().as_object().cloned() else {
                    return error(400, "Exception while reading request", "Cannot decode");
                };
                match self.incidents.iter_mut().find(|record| record["sys_id"] == *id) {
                    Some(record) => {
                        set(record, fields);
                        Answer::json(200, json!({"result": shown(record)}))
                    }
                    None => no_record(),
                }
            }
            (_, "incident" | "sys_user_group", _) => error(405, "Method not supported", ""),
            _ => error(400, "Invalid table", table),
        }
    }

    /// <https://www.servicenow.com/docs/r/australia/api-reference/rest-api-explorer/inbound-REST-API-rate-limiting.html>
    fn too_many_requests(&self) -> (Answer, u64) {
        let answer = error(429, "Rate limit exceeded", "").header("x-ratelimit-limit", 100);
        (answer.header("x-ratelimit-reset", unix_time() + 120), 120)
    }
}

fn no_record() -> Answer {
    error(
        404,
        "No Record found",
        "Record doesn't exist or ACL restricts the record retrieval",
    )
}

/// A record as it is read: text for each field, and nothing of its journals.
fn shown(record: &Value) -> Value {
    let fields = record.as_object().cloned().unwrap_or_default();
    let fields = fields
        .into_iter()
        .filter(|(name, _)| !JOURNALS.contains(&name.as_str()));
    Value::Object(fields.collect())
}

fn set(record: &mut Value, fields: Map<String, Value>) {
    for (name, value) in fields {
        match record[&name].as_array_mut() {
            Some(entries) => entries.push(value),
            None => record[&name] = value,
        }
    }
}

impl ServiceNow {
    fn create(&mut self, body: Value) -> Answer {
        let Value::Object(fields) = body else {
            return error(400, "Exception while reading request", "Cannot decode");
        };
        let number = self.incidents.len() + 1;
        let mut record = json!({
            "sys_id": format!("{:032x}", 0x1c74_1bd7_0000 + number), "number": format!("INC{:07}", 10_000 + number),
            "state": "1", "active": "true", "comments": [], "work_notes": [],
        });
        set(&mut record, fields);
        self.incidents.push(record.clone());
        let location = format!(
            "https://acme.service-now.com/api/now/table/incident/{}",
            record["sys_id"].as_str().unwrap_or_default()
        );
        Answer::json(201, json!({"result": shown(&record)})).header("location", location)
    }

    fn list(&self, request: &Request, records: &[Value]) -> Answer {
        let conditions = request.query("sysparm_query").unwrap_or_default().split('^');
        let conditions: Vec<(&str, &str)> = conditions.filter_map(|condition| condition.split_once('=')).collect();
        let matching = records.iter().filter(|record| {
            let is_so = |(name, value): &(&str, &str)| *name == "active" && *value == "true" || record[*name] == *value;
            conditions.iter().all(is_so)
        });
        let names: Option<Vec<&str>> = request.query("sysparm_fields").map(|names| names.split(',').collect());
        let from = request.number("sysparm_offset").unwrap_or(0);
        let limit = request.number("sysparm_limit").unwrap_or(10_000);
        let rows = matching.skip(from).take(limit).map(|record| {
            let fields = shown(record).as_object().cloned().unwrap_or_default();
            let fields = fields
                .into_iter()
                .filter(|(name, _)| names.as_ref().is_none_or(|names| names.contains(&name.as_str())));
            Value::Object(fields.collect())
        });
        Answer::json(200, json!({"result": rows.collect::<Vec<_>>()}))
    }
}

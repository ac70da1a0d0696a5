//! The REST API of Elasticsearch: <https://www.elastic.co/docs/api/doc/elasticsearch/>.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An API key in its encoded form.
pub const KEY: &str = "bm90LWEtcmVhbDprZXk=";

/// A cluster with the indices `incidents` and `logs-web`, and the data stream `metrics-web`.
#[derive(Debug, Default)]
pub struct Elasticsearch {
    /// The documents by index and id.
    pub documents: BTreeMap<(String, String), Value>,
}

fn error(status: u16, kind: &str, reason: &str) -> Answer {
    let error = json!({"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason});
    Answer::json(status, json!({"error": error, "status": status}))
}

impl Vendor for Elasticsearch {
    const NAMES: &'static [&'static str] = &["query*", "size", "sort*", "aggs*", "service", "number", "a"];

    fn answer(&mut self, request: &Request) -> Answer {
        if request
            .header("authorization")
            .and_then(|value| value.strip_prefix("ApiKey "))
            != Some(KEY)
        {
            return error(
                401,
                "security_exception",
                "unable to authenticate with provided credentials and anonymous access is not allowed for this request",
            );
        }
        let (method, segments) = request.route();
        let body = request.json();
        match (method, segments.as_slice()) {
            ("GET", ["_security", "_authenticate"]) => {
                Answer::json(200, json!({"username": "pagerflow", "roles": [], "enabled": true}))
            }
            ("GET" | "POST", [index, "_search" | "_count"]) if !index.contains('*') && !is_index(index) => {
                no_index(index)
            }
            ("GET" | "POST", [index, "_search"]) => self.search(index, &body),
            ("GET" | "POST", [index, "_count"]) => match self.matching(index, &body["query"]) {
                Ok(found) => Answer::json(
                    200,
                    json!({"count": found.len(), "_shards": {"total": 1, "successful": 1, "failed": 0}}),
                ),
                Err(refused) => refused,
            },
            ("PUT", ["metrics-web", "_doc", _]) => error(
                400,
                "illegal_argument_exception",
                "only write ops with an op_type of create are allowed in data streams",
            ),
            ("PUT", [index, "_doc", id]) => match body.is_object() {
                true => {
                    let key = ((*index).to_owned(), (*id).to_owned());
                    let result = if self.documents.insert(key, body).is_some() {
                        "updated"
                    } else {
                        "created"
                    };
                    Answer::json(
                        if result == "created" { 201 } else { 200 },
                        json!({"_index": index, "_id": id, "result": result}),
                    )
                }
                false => error(400, "parse_exception", "request body is required"),
            },
            ("GET", [index, "_doc", _]) if !is_index(index) => no_index(index),
            ("GET", [index, "_doc", id]) => match self.documents.get(&((*index).to_owned(), (*id).to_owned())) {
                Some(document) => Answer::json(
                    200,
                    json!({"_index": index, "_id": id, "found": true, "_source": document}),
                ),
                None => Answer::json(404, json!({"_index": index, "_id": id, "found": false})),
            },
            _ => error(400, "illegal_argument_exception", "request contains unrecognized parts"),
        }
    }

    fn too_many_requests(&self) -> (Answer, u64) {
        (
            error(
                429,
                "es_rejected_execution_exception",
                "rejected execution of coordinating operation",
            )
            .header("retry-after", 3),
            3,
        )
    }
}

fn is_index(name: &str) -> bool {
    ["incidents", "logs-web", "metrics-web"].contains(&name)
}

fn no_index(name: &str) -> Answer {
    error(404, "index_not_found_exception", &format!("no such index [{name}]"))
}

impl Elasticsearch {
    fn search(&self, index: &str, body: &Value) -> Answer {
        let found = match self.matching(index, &body["query"]) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let size = body["size"]
            .as_u64()
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(10);
        let hits: Vec<&Value> = found.iter().take(size).collect();
        let mut answer = json!({"took": 1, "timed_out": false, "hits": {"total": {"value": found.len(), "relation": "eq"}, "hits": hits}});
        if body["aggs"].is_object() {
            answer["aggregations"] = json!({"services": {"buckets": []}});
        }
        Answer::json(200, answer)
    }

    /// Knows `match_all` and `match` of one field.
    fn matching(&self, index: &str, query: &Value) -> Result<Vec<Value>, Answer> {
        let wanted = query["match"].as_object().and_then(|fields| fields.iter().next());
        if wanted.is_none() && !query["match_all"].is_object() {
            let kind = query
                .as_object()
                .and_then(|query| query.keys().next())
                .map_or("", String::as_str);
            return Err(error(400, "parsing_exception", &format!("unknown query [{kind}]")));
        }
        let prefix = index.split('*').next().unwrap_or_default();
        let matches = |(name, _): &&(String, String), document: &Value| {
            (name == index || index.contains('*') && name.starts_with(prefix))
                && wanted.is_none_or(|(field, value)| document[field] == *value)
        };
        let found = self.documents.iter().filter(|(key, document)| matches(key, document));
        Ok(found
            .map(|((name, id), document)| json!({"_index": name, "_id": id, "_source": document}))
            .collect())
    }
}

//! The facts of a service, as `tools/aws_models.py` writes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// All that was asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Facts {
    /// The version of botocore.
    pub(super) version: String,
    pub(super) services: BTreeMap<String, Service>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Service {
    pub(super) metadata: Metadata,
    pub(super) operations: Vec<Operation>,
    pub(super) shapes: BTreeMap<String, Shape>,
    #[serde(default)]
    pub(super) waiters: Vec<Waiter>,
    #[serde(default)]
    pub(super) endpoints: Vec<Endpoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) protocol: String,
    pub(super) protocols: Vec<String>,
    pub(super) api_version: String,
    pub(super) json_version: String,
    pub(super) target_prefix: String,
    pub(super) aws_query_compatible: Option<Value>,
    pub(super) signing_name: Option<String>,
    pub(super) endpoint_prefix: String,
    pub(super) service_full_name: String,
    pub(super) uid: String,
    pub(super) xml_namespace: Option<Namespace>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    /// The name in the model, which is mostly the one that is sent.
    pub(super) key: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) http: Http,
    pub(super) input: Option<Reference>,
    pub(super) output: Option<Reference>,
    pub(super) endpoint: Option<HostPrefix>,
    #[serde(default, rename = "httpChecksum")]
    pub(super) checksum: Checksum,
    pub(super) pages: Option<Pages>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Http {
    pub(super) method: String,
    pub(super) request_uri: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HostPrefix {
    pub(super) host_prefix: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Checksum {
    pub(super) request_checksum_required: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pages {
    pub(super) input_token: OneOrMore,
    pub(super) output_token: OneOrMore,
    pub(super) more_results: Option<String>,
    pub(super) limit_key: Option<String>,
    pub(super) result_key: OneOrMore,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(super) fn all(&self) -> Vec<&str> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more.iter().map(String::as_str).collect(),
        }
    }
}

/// A use of a shape, with what it says differently.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    /// The name, of a member.
    #[serde(default)]
    pub(super) name: String,
    pub(super) shape: String,
    /// The element around an output.
    pub(super) result_wrapper: Option<String>,
    #[serde(flatten)]
    pub(super) traits: Traits,
}

/// The place of a shape, or of a use of it, in a message.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Traits {
    pub(super) location: Option<String>,
    pub(super) location_name: Option<String>,
    pub(super) query_name: Option<String>,
    pub(super) flattened: bool,
    pub(super) timestamp_format: Option<String>,
    pub(super) xml_namespace: Option<Namespace>,
    pub(super) xml_attribute: bool,
    pub(super) idempotency_token: bool,
    pub(super) jsonvalue: bool,
    pub(super) streaming: bool,
    pub(super) host_label: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Namespace {
    Uri(String),
    Named {
        uri: String,
        #[serde(default)]
        prefix: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shape {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) members: Vec<Reference>,
    pub(super) member: Option<Reference>,
    pub(super) key: Option<Reference>,
    pub(super) value: Option<Reference>,
    #[serde(default, rename = "enum")]
    pub(super) words: Vec<String>,
    pub(super) payload: Option<String>,
    #[serde(default)]
    pub(super) required: Vec<String>,
    #[serde(default)]
    pub(super) union: bool,
    #[serde(default)]
    pub(super) document: bool,
    #[serde(default)]
    pub(super) eventstream: bool,
    pub(super) error: Option<ErrorTrait>,
    pub(super) retryable: Option<Retryable>,
    #[serde(flatten)]
    pub(super) traits: Traits,
}

#[derive(Debug, Deserialize)]
pub(super) struct ErrorTrait {
    pub(super) code: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Retryable {
    #[serde(default)]
    pub(super) throttling: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Waiter {
    pub(super) name: String,
    pub(super) operation: String,
    pub(super) delay: u32,
    pub(super) max_attempts: u32,
    pub(super) acceptors: Vec<Acceptor>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Acceptor {
    pub(super) state: String,
    pub(super) matcher: String,
    #[serde(default)]
    pub(super) argument: String,
    pub(super) expected: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Endpoint {
    pub(super) partition: String,
    pub(super) suffix: String,
    pub(super) region: String,
    pub(super) url: String,
    pub(super) signing_region: String,
}

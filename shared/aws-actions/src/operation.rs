//! An operation of a service.

use crate::{
    AwsError, InvalidInput, Place, Scope,
    input::{self, Datum, Fields, INTEGRATION, REGION},
    model::{self, Protocol, Service, Shape},
    name::snake_case,
    protocol, spec,
};
use http::{HeaderMap, HeaderValue, Uri};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use workflow::action::ActionSpec;

/// An operation of a service that is compiled in. It is two references, so copies are cheap.
#[derive(Clone, Copy)]
pub struct Operation {
    pub(crate) service: &'static Service<'static>,
    pub(crate) operation: &'static model::Operation<'static>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operation({})", self.action_name())
    }
}

impl Operation {
    /// An operation of a model that is not compiled in.
    #[must_use]
    pub fn of(service: &'static Service<'static>, name: &str) -> Option<Self> {
        let operation = service.operations.iter().find(|operation| operation.name == name)?;
        Some(Self { service, operation })
    }

    /// The name of the action: `aws.ecs.update_service`.
    #[must_use]
    pub fn action_name(&self) -> String {
        format!("aws.{}.{}", self.service.name, snake_case(self.operation.name))
    }

    /// The name that AWS has for it: `UpdateService`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.operation.name
    }

    /// The name of the service, as people know it: `Amazon ECS`.
    #[must_use]
    pub fn service_title(&self) -> &'static str {
        self.service.title
    }

    /// The page that documents it.
    #[must_use]
    pub fn documentation(&self) -> String {
        let (service, name) = (self.service.documentation, self.operation.name);
        format!("https://docs.aws.amazon.com/goto/WebAPI/{service}/{name}")
    }

    /// The operation as an action of the workflow language.
    #[must_use]
    pub fn spec(&self) -> ActionSpec {
        spec::of(self)
    }

    /// True if it changes nothing.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        crate::reads::only_reads(self.service.name, self.operation.name)
    }

    /// The input that makes a repeat harmless: it is filled from the idempotency key where it is not given.
    pub(crate) fn idempotency_token(&self) -> Option<&'static model::Member<'static>> {
        let members = self.service.members(self.operation.input);
        members.iter().find(|member| member.is_idempotency_token)
    }

    /// The request, without its signature.
    ///
    /// `input` can have the fields `integration` and `region`, which are not sent: `place` says where it goes. A repeat with the
    /// same idempotency key does nothing more, where the operation knows such keys.
    ///
    /// # Errors
    /// The problems of the input, each a sentence that names its field.
    pub fn request(
        &self,
        input: &Map<String, Value>,
        idempotency_key: Option<&str>,
        place: &Place,
    ) -> Result<http::Request<Vec<u8>>, InvalidInput> {
        let token = idempotency_key.map(token);
        let fields = input::read(
            self.service,
            self.operation.input,
            input,
            &[INTEGRATION, REGION],
            token.as_deref(),
        )?;
        let mut request = protocol::request(self.service, self.operation, &fields)?;
        if self.operation.checksum_required {
            let checksum = crc32fast::hash(&request.body).to_be_bytes();
            let checksum = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, checksum);
            request.headers.push(("x-amz-checksum-crc32".to_owned(), checksum));
        }
        let bucket = (self.service.name == "s3")
            .then(|| place.bucket_in_host(&request.path))
            .flatten();
        let mut host_prefix = self.host_prefix(&fields)?;
        if let Some((bucket, rest)) = bucket {
            host_prefix = format!("{bucket}.");
            request.path = rest;
        }
        let mut url = place.url(self.service, &host_prefix);
        url.push_str(&request.path);
        if !request.query.is_empty() {
            let _ = write!(url, "?{}", request.query);
        }
        let uri: Uri = url
            .parse()
            .map_err(|_| InvalidInput::from(format!("{url} is not a URL")))?;
        let mut built = http::Request::new(request.body);
        *built.method_mut() = request.method;
        *built.uri_mut() = uri;
        for (name, value) in request.headers {
            let name = name.parse::<http::HeaderName>();
            let value = HeaderValue::from_str(&value);
            if let (Ok(name), Ok(value)) = (name, value) {
                built.headers_mut().insert(name, value);
            }
        }
        Ok(built)
    }

    /// The first part of the host, with the members that are a part of it.
    fn host_prefix(&self, fields: &Fields<'_>) -> Result<String, InvalidInput> {
        let mut prefix = self.operation.host_prefix.to_owned();
        let members = self.service.members(self.operation.input);
        for (index, datum) in fields {
            let (Some(member), Datum::Text(label)) = (members.get(*index), datum) else {
                continue;
            };
            if !member.is_host_label {
                continue;
            }
            let is_label = (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !is_label {
                return Err(format!("`{}` is not a part of a host name", snake_case(member.name)).into());
            }
            prefix = prefix.replace(&format!("{{{}}}", member.name), label);
        }
        Ok(prefix)
    }

    /// The scope of the signature of its requests.
    #[must_use]
    pub fn scope(&self, place: &Place) -> Scope {
        Scope {
            service: self.service.signing_name,
            region: place.signing_region(self.service),
            is_s3: self.service.protocol == Protocol::RestXml && self.service.name == "s3",
        }
    }

    /// True if the body of its answer can be anything, such as an object of S3.
    fn gives_any_body(&self) -> bool {
        let output = self.operation.output.map(|output| self.service.shape(output));
        let payload = match output {
            Some(Shape::Structure(structure)) => structure.payload(),
            _ => None,
        };
        let shape = payload.map(|payload| self.service.shape(payload.shape));
        matches!(shape, Some(Shape::Blob { .. } | Shape::Text(_)))
    }

    /// Its outputs where there is no answer: all are null.
    pub(crate) fn no_outputs(&self) -> Map<String, Value> {
        let members = self.service.members(self.operation.output).iter();
        members.map(|member| (snake_case(member.name), Value::Null)).collect()
    }

    /// Reads an answer: the outputs of the action, of which those that are not there are null.
    ///
    /// # Errors
    /// The service's error, or an answer that cannot be read.
    pub fn answer(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, AwsError> {
        let only_reads = self.only_reads();
        let is_late_error =
            (200..300).contains(&status) && !self.gives_any_body() && protocol::is_late_error(self.service, body);
        if !(200..300).contains(&status) || is_late_error {
            let told = protocol::read_error(self.service, headers, body);
            // S3 says so late that the status is 200. What it says is a fault of its own.
            let status = if is_late_error { 500 } else { status };
            return Err(AwsError::told(self.service, only_reads, status, told));
        }
        match protocol::answer(self.service, self.operation, status, headers, body) {
            Ok(mut outputs) => {
                for member in self.service.members(self.operation.output) {
                    outputs.entry(snake_case(member.name)).or_insert(Value::Null);
                }
                Ok(outputs)
            }
            Err(problem) => Err(AwsError::unreadable(only_reads, status, &problem)),
        }
    }
}

/// A token for an idempotency key, in the form of a UUID: every service takes that, while many take no other text. Keys that differ
/// give tokens that differ.
fn token(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    let mut hex = String::with_capacity(36);
    for (index, byte) in hash.iter().take(16).enumerate() {
        // Version 8, whose content is the maker's own: RFC 9562, section 5.8.
        let byte = match index {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        if [4, 6, 8, 10].contains(&index) {
            hex.push('-');
        }
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn a_token_has_the_form_of_a_uuid_and_is_the_same_for_the_same_key() {
        let made = token("run-1/step-2");

        assert_eq!(made, token("run-1/step-2"));
        assert_ne!(made, token("run-1/step-3"));
        assert_eq!(made.len(), 36);
        let parts: Vec<usize> = made.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(
            made.chars().nth(14) == Some('8') && "89ab".contains(&made[19..20]),
            "{made}"
        );
    }
}

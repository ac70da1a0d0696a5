//! Signature Version 4, as a service checks it:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use crate::Request;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use ring::{
    digest::{SHA256, digest},
    hmac::{HMAC_SHA256, Key, sign},
};

/// The time for which a request is fresh.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// The parts of the header `authorization`.
struct Proof<'a> {
    key_id: &'a str,
    scope: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Proof<'a> {
    fn of(request: &'a Request) -> Option<Self> {
        let parts = request.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let part = |name: &str| {
            let mut parts = parts.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let (key_id, scope) = part("Credential")?.split_once('/')?;
        Some(Self {
            key_id,
            scope,
            signed_headers: part("SignedHeaders")?,
            signature: part("Signature")?,
        })
    }
}

/// The key id that a request was signed with.
pub(super) fn key_id(request: &Request) -> Option<String> {
    Proof::of(request).map(|proof| proof.key_id.to_owned())
}

/// Checks that a request was signed with a secret key and a session token, for a service in a region, at about this time. The error is
/// its code.
pub(super) fn check(
    request: &Request,
    (secret, token): (&str, &str),
    region: &str,
    service: &str,
    now: Timestamp,
) -> Result<(), &'static str> {
    let proof = Proof::of(request).ok_or("MissingAuthenticationToken")?;
    let time = request.header("x-amz-date").ok_or("MissingAuthenticationToken")?;
    if request.header("x-amz-security-token") != Some(token) {
        return Err("InvalidClientTokenId");
    }
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", time).map_err(|_| "IncompleteSignature")?;
    let at = at
        .to_zoned(TimeZone::UTC)
        .map_err(|_| "IncompleteSignature")?
        .timestamp();
    if at.duration_since(now).abs() > FRESH {
        return Err("RequestExpired");
    }
    let (date, _) = time.split_once('T').ok_or("IncompleteSignature")?;
    let names: Vec<&str> = proof.signed_headers.split(';').collect();
    let has_all = ["host", "x-amz-date", "x-amz-security-token"]
        .iter()
        .all(|name| names.contains(name));
    let scope = format!("{date}/{region}/{service}/aws4_request");
    if !has_all || proof.scope != scope {
        return Err("IncompleteSignature");
    }
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hash(canonical(request, &names).as_bytes())
    );
    let mut key = mac(format!("AWS4{secret}").as_bytes(), date);
    for part in [region, service, "aws4_request"] {
        key = mac(&key, part);
    }
    match HEXLOWER.encode(&mac(&key, &text)) == proof.signature {
        true => Ok(()),
        false => Err("SignatureDoesNotMatch"),
    }
}

fn canonical(request: &Request, signed: &[&str]) -> String {
    let path: Vec<_> = request
        .segments
        .iter()
        .map(|segment| encoded(&encoded(segment)))
        .collect();
    let mut query: Vec<_> = request
        .query
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    query.sort();
    let headers = signed.iter().map(|name| {
        let value = request.header(name).unwrap_or_default();
        let words: Vec<_> = value.split_ascii_whitespace().collect();
        format!("{name}:{}\n", words.join(" "))
    });
    let headers: String = headers.collect();
    let (method, path, query) = (&request.method, path.join("/"), query.join("&"));
    format!(
        "{method}\n/{path}\n{query}\n{headers}\n{}\n{}",
        signed.join(";"),
        hash(request.body())
    )
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, HeaderValue, Method};

    const EXAMPLE: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
        SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=";

    fn signed(token: &str) -> Request {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            ("x-amz-security-token", token),
        ] {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let uri = "/a%20b?c=d".parse().unwrap();
        let mut request = Request::new(&Method::GET, &uri, headers.clone(), Vec::new());
        let names = ["host", "x-amz-date", "x-amz-security-token"];
        let scope = "20150830/us-east-1/service/aws4_request";
        let text = format!(
            "AWS4-HMAC-SHA256\n20150830T123600Z\n{scope}\n{}",
            hash(canonical(&request, &names).as_bytes())
        );
        let mut key = mac(b"AWS4secret", "20150830");
        for part in ["us-east-1", "service", "aws4_request"] {
            key = mac(&key, part);
        }
        let authorization = format!("{EXAMPLE}{}", HEXLOWER.encode(&mac(&key, &text)));
        headers.insert("authorization", HeaderValue::from_str(&authorization).unwrap());
        request = Request::new(&Method::GET, &uri, headers, Vec::new());
        request
    }

    #[test]
    fn the_canonical_request_has_the_form_that_the_documentation_shows() {
        let request = signed("t");
        assert_eq!(
            canonical(&request, &["host", "x-amz-date"]),
            "GET\n/a%2520b\nc=d\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn a_signature_of_another_key_service_time_or_token_is_refused() {
        let now: Timestamp = "2015-08-30T12:38:00Z".parse().unwrap();
        let request = signed("t");
        let check = |secret, token, service, now| check(&request, (secret, token), "us-east-1", service, now);
        assert_eq!(check("secret", "t", "service", now), Ok(()));
        assert_eq!(check("other", "t", "service", now), Err("SignatureDoesNotMatch"));
        assert_eq!(check("secret", "u", "service", now), Err("InvalidClientTokenId"));
        assert_eq!(check("secret", "t", "ecs", now), Err("IncompleteSignature"));
        let late = now + SignedDuration::from_mins(5);
        assert_eq!(check("secret", "t", "service", late), Err("RequestExpired"));
    }
}

//! Servers on 127.0.0.1 that know one answer to each kind of request: Lambda's runtime API, AWS, PagerDuty.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::error::Error;

/// A request, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// The operation of AWS, in the header `x-amz-target`.
    pub(super) operation: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Headers beside those of the body.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn ok(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }
    }
}

/// Answers requests in threads of its own, as long as this process lives.
pub(super) fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Result<SocketAddr, Error> {
    let failed = |source| Error::Measurement {
        what: "a server on 127.0.0.1".to_owned(),
        source,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A function that ends in the middle of a request is not the server's business.
            thread::spawn(move || converse(&stream, &*answer).ok());
        }
    });
    Ok(address)
}

/// Answers the requests of one connection.
fn converse(mut stream: &TcpStream, answer: &impl Fn(&Request) -> Answer) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some((request, length)) = head(&mut reader)? {
        let Answer { status, headers, body } = answer(&request);
        match length {
            Some(length) => {
                std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
            }
            // Nobody reads a body of unknown length here; the connection ends with it.
            None => return Ok(()),
        }
        let mut text = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(&body);
        stream.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// The head of the next request, with the length of its body: none where that is not told.
fn head(reader: &mut impl BufRead) -> std::io::Result<Option<(Request, Option<u64>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        operation: String::new(),
    };
    let mut length = Some(0);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Ok(Some((request, length)));
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok(),
            "transfer-encoding" => length = None,
            "x-amz-target" => {
                request.operation = value.trim().rsplit('.').next().unwrap_or_default().to_owned();
            }
            _ => {}
        }
    }
}

/// An AWS with nothing in its table, and one secret: a token of PagerDuty.
pub(super) fn aws(request: &Request) -> Answer {
    aws_with(
        r#"{"Name": "s", "SecretString": "{\"token\": \"bench-token-00000000\", \"token_kind\": \"api_token\", \"service_region\": \"us\"}"}"#,
        request,
    )
}

/// The same where the secret is that of an integration of Slack.
pub(super) fn aws_of_slack(request: &Request) -> Answer {
    aws_with(
        r#"{"Name": "s", "SecretString": "{\"type\": \"slack\", \"secret\": \"xoxb-bench\", \"fields\": {}, \"hosts\": [\"slack.com\"]}"}"#,
        request,
    )
}

/// The same where the secret is that of an integration with AWS, whose role can be taken on.
pub(super) fn aws_of_accounts(request: &Request) -> Answer {
    match request.operation.as_str() {
        // STS is asked by a form.
        "" => Answer::ok(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>\
             <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        ),
        "UpdateService" => Answer::ok(r#"{"service": {"serviceName": "checkout", "status": "ACTIVE"}}"#),
        _ => aws_with(
            r#"{"Name": "s", "SecretString": "{\"type\": \"aws\", \"secret\": \"0123456789abcdef0123456789abcdef\", \"fields\": {\"role_arn\": \"arn:aws:iam::123456789012:role/pagerflow-bench\", \"region\": \"eu-west-1\"}, \"hosts\": [\"sts.eu-west-1.amazonaws.com\"]}"}"#,
            request,
        ),
    }
}

fn aws_with(secret: &str, request: &Request) -> Answer {
    Answer::ok(match request.operation.as_str() {
        "BatchGetItem" => r#"{"Responses": {}, "UnprocessedKeys": {}}"#,
        "Query" => r#"{"Items": [], "Count": 0}"#,
        "GetSecretValue" => secret,
        _ => "{}",
    })
}

/// A Slack that takes every message, and a PagerDuty that has one incident, which is whatever it is asked to be.
pub(super) fn systems(request: &Request) -> Answer {
    if request.path.starts_with("/api/chat.") {
        return Answer::ok(r#"{"ok": true, "channel": "C0123456789", "ts": "1719838800.000001"}"#);
    }
    let status = if request.method == "POST" { 201 } else { 200 };
    let body = if request.path.ends_with("/notes") {
        r#"{"note": {"id": "PNOTE1", "content": "n", "created_at": "2026-11-20T09:30:00Z"}, "notes": []}"#
    } else {
        r#"{"incident": {"id": "Q1MEMORYALERT1", "type": "incident", "incident_number": 7, "title": "Memory pressure on web-1",
            "status": "resolved", "created_at": "2026-11-20T09:30:00Z"}, "incidents": []}"#
    };
    Answer {
        status,
        ..Answer::ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_by_method_path_and_operation() {
        let text = "POST /a HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Length: 2\r\n\r\n{}";
        let (request, length) = head(&mut text.as_bytes()).unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/a"));
        assert_eq!((request.operation.as_str(), length), ("GetItem", Some(2)));
        assert_eq!(head(&mut "".as_bytes()).unwrap(), None, "the connection has ended");
    }

    #[test]
    fn several_requests_are_answered_on_one_connection() {
        let address = serve(|request| Answer::ok(request.path.clone())).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        for path in ["/one", "/two"] {
            write!(stream, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                answers.read_line(&mut line).unwrap();
            }
            let mut body = [0; 4];
            answers.read_exact(&mut body).unwrap();
            assert_eq!(body, path.as_bytes());
        }
    }
}

//! The network itself.

use std::{error::Error as _, sync::Arc, time::Duration};

use reqwest::{
    Body, Method, Response,
    header::{CONTENT_LENGTH, HeaderValue},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::{
    egress::{
        Guard, Policy, Reach,
        names::{Gate, NotResolved},
    },
    roots::Roots,
    transport::{Answer, Interruption, Request, Sending, Transport},
};

/// The longest time that a connection may take to come about, name look-up and TLS included.
const CONNECT_TIME_LIMIT: Duration = Duration::from_secs(3);

/// The longest time that a request may take in all.
pub const REQUEST_TIME_LIMIT: Duration = Duration::from_secs(10);

/// The HTTP client could not be built, which only a wrong build of this program can cause.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// TLS can not be set up.
    #[error("the TLS client could not be set up")]
    Tls(#[from] rustls::Error),
    /// HTTP can not be set up.
    #[error("the HTTP client could not be set up")]
    Http(#[from] reqwest::Error),
}

/// TLS as the functions have it. The roots are compiled in: reading those of the system costs a millisecond at every cold start.
///
/// # Errors
/// Where TLS can not be set up, which only a wrong build of this program can cause.
pub fn tls() -> Result<ClientConfig, rustls::Error> {
    trusting(RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    })
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tls)
}

/// TLS, set up once for the sessions of a function, and the guard of their requests.
#[derive(Debug, Clone)]
pub struct Http {
    tls: ClientConfig,
    guard: Option<Arc<Guard>>,
}

impl Http {
    /// Sets up TLS, for requests to an address that is the program's own.
    ///
    /// # Errors
    /// Where it can not be set up.
    pub fn new() -> Result<Self, ConnectionError> {
        Ok(Self {
            tls: tls()?,
            guard: None,
        })
    }

    /// Sets up TLS, for requests to addresses that come from outside: they go to the public internet, and to the private networks
    /// that are given.
    ///
    /// # Errors
    /// Where it can not be set up.
    pub fn guarded(policy: impl Into<Policy>) -> Result<Self, ConnectionError> {
        Self::guarded_by(Guard::new(policy.into()))
    }

    /// The same with a guard that looks names up in its own way.
    ///
    /// # Errors
    /// Where it can not be set up.
    pub fn guarded_by(guard: Guard) -> Result<Self, ConnectionError> {
        Ok(Self {
            tls: tls()?,
            guard: Some(Arc::new(guard)),
        })
    }

    /// The way for the requests of one invocation, which share a connection. It must not outlive the invocation: Lambda freezes the
    /// process between two of them. A connection that dies meanwhile is only noticed when the next request has gone out, and
    /// then it is unknown whether the system received it. It trusts `roots` alone, where there are some, and else the authorities of the
    /// public internet.
    ///
    /// # Errors
    /// Where TLS or HTTP can not be set up; it opens no connection.
    pub fn session(&self, roots: Option<&Roots>) -> Result<HttpTransport, ConnectionError> {
        match roots {
            Some(roots) => HttpTransport::with(&trusting(roots.clone().into_store())?, self.guard.as_ref(), 1),
            None => HttpTransport::with(&self.tls, self.guard.as_ref(), 1),
        }
    }
}

/// HTTP over TLS.
#[derive(Debug, Clone)]
pub struct HttpTransport(Way);

#[derive(Debug, Clone)]
enum Way {
    /// Anywhere.
    Open(reqwest::Client),
    /// Where a guard lets requests go.
    Guarded {
        guard: Arc<Guard>,
        everywhere: reqwest::Client,
        /// The client for private networks alone, where there are some.
        inside: Option<reqwest::Client>,
    },
}

impl HttpTransport {
    /// Sets up TLS and HTTP, with a new connection for every request.
    ///
    /// # Errors
    /// Where TLS or HTTP can not be set up; it opens no connection.
    pub fn new() -> Result<Self, ConnectionError> {
        Self::with(&tls()?, None, 0)
    }

    /// With so many connections that wait for a further request.
    fn with(tls: &ClientConfig, guard: Option<&Arc<Guard>>, idle: usize) -> Result<Self, ConnectionError> {
        let Some(guard) = guard else {
            return Ok(Self(Way::Open(client(tls, idle).build()?)));
        };
        let guarded = |reach| {
            let gate = Gate {
                guard: Arc::clone(guard),
                reach,
            };
            client(tls, idle).dns_resolver(Arc::new(gate)).build()
        };
        Ok(Self(Way::Guarded {
            guard: Arc::clone(guard),
            everywhere: guarded(Reach::Everywhere)?,
            inside: guard.lets_inside().then(|| guarded(Reach::Inside)).transpose()?,
        }))
    }

    /// The client that a request may be sent with.
    fn client(&self, request: &Request) -> Result<&reqwest::Client, Interruption> {
        match &self.0 {
            Way::Open(client) => Ok(client),
            Way::Guarded {
                guard,
                everywhere,
                inside,
            } => {
                let reach = guard.judge(&request.url);
                match reach.map_err(|refusal| Interruption::Refused(refusal.to_string()))? {
                    Reach::Everywhere => Ok(everywhere),
                    Reach::Inside => inside
                        .as_ref()
                        .ok_or_else(|| Interruption::Refused("no private network is allowed".to_owned())),
                }
            }
        }
    }
}

fn client(tls: &ClientConfig, idle: usize) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_TIME_LIMIT)
        .pool_max_idle_per_host(idle)
        .user_agent(concat!("pagerflow/", env!("CARGO_PKG_VERSION")))
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let limit = request.answer_limit;
            let client = self.client(&request)?;
            let mut response = client.execute(outgoing(request)).await.map_err(interruption)?;
            Ok(Answer {
                status: response.status(),
                headers: std::mem::take(response.headers_mut()),
                body: body(response, limit).await,
            })
        })
    }
}

fn outgoing(request: Request) -> reqwest::Request {
    let mut outgoing = reqwest::Request::new(request.method, request.url);
    *outgoing.headers_mut() = request.headers;
    *outgoing.timeout_mut() = Some(request.time_limit);
    if !request.body.is_empty() {
        *outgoing.body_mut() = Some(Body::from(request.body));
    } else if matches!(*outgoing.method(), Method::POST | Method::PUT) {
        // HTTP wants a length of what is posted, also of nothing; some gateways answer 411 without it.
        outgoing
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    outgoing
}

async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, Interruption> {
    let mut body = Vec::new();
    // The body of a redirect is of no use, so none is waited for.
    if response.status().is_redirection() {
        return Ok(body);
    }
    while let Some(chunk) = response.chunk().await.map_err(interruption)? {
        if body.len() + chunk.len() > limit {
            return Err(Interruption::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn interruption(error: reqwest::Error) -> Interruption {
    if let Some(refusal) = refusal(&error) {
        Interruption::Refused(refusal)
    } else if error.is_connect() || error.is_builder() {
        Interruption::Connect(root_cause(&error))
    } else if error.is_timeout() {
        Interruption::TimedOut
    } else {
        Interruption::Broken(root_cause(&error))
    }
}

/// The words of the guard that refused the addresses of a name, if it did.
fn refusal(error: &reqwest::Error) -> Option<String> {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.find_map(|cause| match cause.downcast_ref()? {
        NotResolved::Refused(refusal) => Some(refusal.to_string()),
        NotResolved::Failed(_) | NotResolved::NoAddress => None,
    })
}

/// The innermost cause of a failed request, which says most ("connection refused"); without the request's address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;
    use rstest::rstest;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    /// Answers each request of a connection, however many there are.
    async fn answer(mut connection: TcpStream) {
        let mut received = Vec::new();
        while connection.read_buf(&mut received).await.is_ok_and(|bytes| bytes > 0) {
            if received.ends_with(b"\r\n\r\n") {
                received.clear();
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                connection.write_all(answer).await.unwrap();
            }
        }
    }

    /// A server, and how many connections were made to it.
    async fn server() -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(answer(connection));
            }
        });
        (url, connections)
    }

    async fn ask(transport: &HttpTransport, url: &str) {
        let request = Request {
            method: Method::GET,
            url: url.parse().unwrap(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            time_limit: Duration::from_secs(5),
            answer_limit: 100,
        };
        assert_eq!(transport.send(request).await.unwrap().body, Ok(b"ok".to_vec()));
    }

    #[rstest]
    #[case::of_one_session_share_one(|http: &Http| { let session = http.session(None).unwrap(); [session.clone(), session] }, 1)]
    #[case::of_two_sessions_have_one_each(|http: &Http| [http.session(None).unwrap(), http.session(None).unwrap()], 2)]
    #[case::without_a_session_have_one_each(|_: &Http| { let plain = HttpTransport::new().unwrap(); [plain.clone(), plain] }, 2)]
    #[tokio::test]
    async fn requests(#[case] transports: fn(&Http) -> [HttpTransport; 2], #[case] expected: usize) {
        let (url, connections) = server().await;
        for transport in transports(&Http::new().unwrap()) {
            ask(&transport, &url).await;
        }
        assert_eq!(connections.load(Ordering::Relaxed), expected);
    }
}

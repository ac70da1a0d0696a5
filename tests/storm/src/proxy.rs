//! What stands between the functions and the local AWS.

use crate::{
    error::Error,
    fault::{Fault, is_start},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, Uri, header};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The largest request that is handed on, in bytes. AWS takes no larger ones of ours.
const LARGEST: usize = 2 * 1024 * 1024;

#[derive(Debug, Clone)]
struct Proxy {
    client: Client<HttpConnector, Full<Bytes>>,
    upstream: u16,
    starts: Arc<AtomicUsize>,
}

/// Hands on requests on a port of 127.0.0.1, for good.
pub(crate) async fn serve(port: u16, upstream: u16) -> Result<(), Error> {
    let failed = |what| move |source| Error::Io { what, source };
    let proxy = Proxy {
        client: Client::builder(TokioExecutor::new()).build_http(),
        upstream,
        starts: Arc::default(),
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(failed("listen"))?;
    let app = Router::new()
        .route("/_storm/health", get(|| async { "ready" }))
        .fallback(pass)
        .with_state(proxy);
    axum::serve(listener, app).await.map_err(failed("serve"))
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let fault = is_start(request.headers())
        .then(|| proxy.starts.fetch_add(1, Ordering::Relaxed))
        .and_then(Fault::of_start);
    match fault {
        Some(fault) => {
            if fault.is_done() {
                // Whatever it says gets lost.
                drop(proxy.hand_on(request).await);
            }
            fault.answer().into_response()
        }
        None => proxy
            .hand_on(request)
            .await
            .unwrap_or_else(|reason| (StatusCode::BAD_GATEWAY, reason).into_response()),
    }
}

impl Proxy {
    /// Does a request at the local AWS. Its `Host` stays, because it is signed.
    async fn hand_on(&self, request: Request) -> Result<Response, String> {
        let (mut parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, LARGEST)
            .await
            .map_err(|error| error.to_string())?;
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        parts.uri = format!("http://127.0.0.1:{}{target}", self.upstream)
            .parse::<Uri>()
            .map_err(|error| error.to_string())?;
        parts.headers.remove(header::TRANSFER_ENCODING);
        let answer = self
            .client
            .request(Request::from_parts(parts, Full::new(body)))
            .await
            .map_err(|error| error.to_string())?;
        Ok(answer.map(Body::new))
    }
}

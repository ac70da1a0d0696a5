//! The functions' way to AWS: HTTP over TLS with the roots that are compiled in.
//!
//! The SDK's own client reads the system's roots when the first service's client is made, and takes all of them apart for
//! each service again, once at the start and once at its first call. That was three quarters of the instructions of a start.
//! This one has one TLS configuration for all services, and nothing to read.
//!
//! The services that the functions call speak JSON, in bodies that are in memory, to the path `/`.

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use provider::http::{ConnectionError, tls};
use reqwest::{
    Client, Method, Request, Url,
    header::{HeaderName, HeaderValue},
};
use std::{error::Error, time::Duration};

/// One HTTP client for all services. Its clones share connections.
#[derive(Debug, Clone)]
struct Https(Client);

/// The client for the SDK, with so much time for a connection to come about.
pub(super) fn client(connect_timeout: Duration) -> Result<SharedHttpClient, ConnectionError> {
    let client = Client::builder()
        .tls_backend_preconfigured(tls()?)
        .redirect(reqwest::redirect::Policy::none())
        // The SDK itself tries again.
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(connect_timeout)
        .build()?;
    Ok(SharedHttpClient::new(Https(client)))
}

impl HttpClient for Https {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = outgoing(&request).map_err(ConnectorError::user)?;
            let answer = client.execute(request).await.map_err(interrupted)?;
            let status =
                StatusCode::try_from(answer.status().as_u16()).map_err(|error| ConnectorError::user(error.into()))?;
            let headers = answer.headers().clone();
            let body = answer.bytes().await.map_err(interrupted)?;
            let mut response = HttpResponse::new(status, Vec::from(body).into());
            for (name, value) in &headers {
                let value = value.to_str().map_err(|error| ConnectorError::user(error.into()))?;
                response
                    .headers_mut()
                    .append(name.as_str().to_owned(), value.to_owned());
            }
            Ok(response)
        })
    }
}

/// A request of the SDK as one of this client.
fn outgoing(request: &HttpRequest) -> Result<Request, Box<dyn Error + Send + Sync>> {
    let method = Method::from_bytes(request.method().as_bytes())?;
    let mut outgoing = Request::new(method, Url::parse(request.uri())?);
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_bytes())?;
        outgoing.headers_mut().append(name, HeaderValue::from_str(value)?);
    }
    let body = request.body().bytes().ok_or("the body of a request is not in memory")?;
    *outgoing.body_mut() = Some(body.to_vec().into());
    Ok(outgoing)
}

/// The reason no answer came. The SDK tries both again: whether the request was carried out is not known of either.
fn interrupted(error: reqwest::Error) -> ConnectorError {
    let is_timeout = error.is_timeout();
    // The address is in the configuration, and says nothing.
    let error = error.without_url().into();
    match is_timeout {
        true => ConnectorError::timeout(error),
        false => ConnectorError::io(error),
    }
}

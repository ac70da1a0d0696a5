//! The pages in terms of HTTP.

use crate::{
    Approvals,
    error::Error,
    form::Typed,
    handler::{Sent, Shown},
    page, slack,
};
use jiff::Timestamp;
use lambda_http::{
    Body, Request, RequestExt, Response,
    http::{
        Method, StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
            RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
        },
    },
};
use maud::Markup;
use platform::{
    executions::Wakes,
    secrets::SecretStore,
    table::{ApprovalView, Approvals as Store, Waits},
};
use std::time::Instant;

/// The most that is read of a form, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

static X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// The answer to a request.
struct Answer {
    status: StatusCode,
    page: Markup,
    /// The headers that not every answer has.
    headers: Vec<(HeaderName, String)>,
}

impl Answer {
    fn of(status: StatusCode, page: Markup) -> Self {
        let headers = Vec::new();
        Self { status, page, headers }
    }

    /// Has the browser read the page of the link: a page that was reloaded, or a button that was pressed twice, sends nothing again.
    fn see_page(link: &str) -> Self {
        Self {
            headers: vec![(LOCATION, format!("./{link}"))],
            ..Self::of(StatusCode::SEE_OTHER, Markup::default())
        }
    }
}

/// Answers a request, and logs what became of it.
///
/// # Errors
/// None that a request could bring about.
pub async fn respond<S: Store + Waits, K: SecretStore, W: Wakes>(
    approvals: &Approvals<S, K, W>,
    request: &Request,
    now: Timestamp,
) -> Result<Response<Body>, lambda_http::Error> {
    if request.path_parameters().first("integration").is_some() {
        let status = slack::respond(approvals, request, now).await;
        let response = Response::builder().status(status).header(CACHE_CONTROL, "no-store");
        return Ok(response.body(Body::Empty)?);
    }
    let begun = Instant::now();
    let mut log = Log::default();
    let answer = match answer(approvals, request, now, &mut log).await {
        Ok(answer) => answer,
        Err(error) => refuse(&error, &mut log),
    };
    log.write(answer.status, begun);
    Ok(rendered(&answer, request.method())?)
}

async fn answer<S: Store + Waits, K: SecretStore, W: Wakes>(
    approvals: &Approvals<S, K, W>,
    request: &Request,
    now: Timestamp,
    log: &mut Log,
) -> Result<Answer, Error> {
    let parameters = request.path_parameters();
    let link = parameters.first("link").unwrap_or_default();
    if request.method() == Method::GET || request.method() == Method::HEAD {
        let shown = approvals.show(link, now).await?;
        log.about(&shown.approval, "shown");
        return Ok(Answer::of(StatusCode::OK, page::approval(&shown)));
    }
    if request.method() != Method::POST {
        return Err(Error::Method);
    }
    let sent = approvals.send(link, form(request)?, now).await?;
    log.about(&sent.shown().approval, sent.outcome());
    Ok(match sent {
        Sent::Decided { choice, .. } => {
            log.choice = Some(choice.to_string());
            Answer::see_page(link)
        }
        Sent::Over(_) => Answer::see_page(link),
        Sent::Problems { shown, problems, typed } => {
            Answer::of(StatusCode::UNPROCESSABLE_ENTITY, page::open(&shown, &problems, &typed))
        }
        Sent::NotByLink(shown) => Answer::of(StatusCode::FORBIDDEN, page::not_by_link(&shown)),
    })
}

/// The form in a request.
fn form(request: &Request) -> Result<Typed, Error> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // The page of another site has no link to send to, as long as links stay secret; if one did not, this is one more hurdle. `Origin`
    // says nothing: with our `Referrer-Policy` it is `null` from our own page.
    if header("sec-fetch-site") == Some("cross-site") {
        return Err(Error::CrossSite);
    }
    let body: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    };
    if body.len() > LARGEST_BODY {
        return Err(Error::TooLarge);
    }
    let kind = header("content-type").and_then(|kind| kind.split(';').next());
    if !kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM)) {
        return Err(Error::NotAForm);
    }
    Ok(Typed::read(body))
}

/// The answer to a request by which nothing is shown.
fn refuse(error: &Error, log: &mut Log) -> Answer {
    let (status, outcome, header) = match error {
        Error::NoSuchLink => (StatusCode::NOT_FOUND, "no such link", None),
        Error::Method => (
            StatusCode::METHOD_NOT_ALLOWED,
            "another method",
            Some((ALLOW, "GET, HEAD, POST")),
        ),
        Error::CrossSite => (StatusCode::FORBIDDEN, "sent by another site", None),
        Error::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too large", None),
        Error::NotAForm => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not a form", None),
        Error::Secret(_) | Error::Read(_) | Error::Write(_) => {
            log.error = Some(error.to_string());
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable", Some((RETRY_AFTER, "5")))
        }
    };
    log.outcome = outcome;
    Answer {
        headers: header
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect(),
        ..Answer::of(status, page::error(error))
    }
}

fn rendered(answer: &Answer, method: &Method) -> Result<Response<Body>, lambda_http::http::Error> {
    let policy = format!(
        "default-src 'none'; style-src {}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        page::style_source()
    );
    let mut response = Response::builder()
        .status(answer.status)
        .header(CONTENT_SECURITY_POLICY, policy)
        .header(CACHE_CONTROL, "no-store")
        .header(REFERRER_POLICY, "no-referrer")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(&X_ROBOTS_TAG, "noindex")
        .header(CONTENT_TYPE, "text/html; charset=utf-8");
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(match method == Method::HEAD {
        true => Body::Empty,
        false => Body::Text(answer.page.0.clone()),
    })
}

impl Sent {
    fn shown(&self) -> &Shown {
        match self {
            Self::Decided { shown, .. } | Self::Problems { shown, .. } => shown,
            Self::Over(shown) | Self::NotByLink(shown) => shown,
        }
    }

    fn outcome(&self) -> &'static str {
        match self {
            Self::Decided { .. } => "decided",
            Self::Over(_) => "over before",
            Self::Problems { .. } => "form refused",
            Self::NotByLink(_) => "not by a link",
        }
    }
}

/// The one line about a request. Neither the link nor what was typed is in it.
#[derive(Default)]
struct Log {
    run: Option<String>,
    approval: Option<String>,
    choice: Option<String>,
    outcome: &'static str,
    error: Option<String>,
}

impl Log {
    fn about(&mut self, approval: &ApprovalView, outcome: &'static str) {
        self.run = Some(approval.run.to_string());
        self.approval = Some(approval.id.to_string());
        self.outcome = outcome;
    }

    fn write(self, status: StatusCode, begun: Instant) {
        let Self {
            run,
            approval,
            choice,
            outcome,
            error,
        } = self;
        let status = status.as_u16();
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        match error {
            None => tracing::info!(run, approval, choice, outcome, status, duration_ms, "approval page"),
            Some(error) => tracing::error!(outcome, status, duration_ms, error, "approval page not shown"),
        }
    }
}

#[cfg(test)]
mod tests;

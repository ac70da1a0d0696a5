//! The way to PagerDuty, or to another system, and back.

use super::{
    account::Account,
    course::{Course, Delivery, Fault, Faults, When},
    trace::{Step, TraceEvent},
};
use crate::{
    step_functions::Clock,
    systems::{System, Systems, too_many_requests},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use jiff::SignedDuration;
use pagerduty_simulator::{DeliveryPolicy, Ids, Refusal, Seed, SeedError};
use provider::transport::{Answer, Interruption, Request, Sending, Transport};
use serde_json::json;
use std::{
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

/// The hosts of the REST API in both service regions. Either takes the requests of all accounts, as PagerDuty's do.
const HOSTS: [&str; 2] = ["api.pagerduty.com", "api.eu.pagerduty.com"];

/// The hosts of the Events API, likewise.
const EVENTS_HOSTS: [&str; 2] = ["events.pagerduty.com", "events.eu.pagerduty.com"];

/// True if a request is one of the Events API.
pub(super) fn is_event(request: &Request) -> bool {
    request.url.path().starts_with("/v2/")
}

/// True if somebody is at the address of a request. Neither API takes the requests of the other one.
fn is_there(request: &Request) -> bool {
    let hosts = match is_event(request) {
        true => EVENTS_HOSTS,
        false => HOSTS,
    };
    System::of(request).is_some() || request.url.host_str().is_some_and(|host| hosts.contains(&host))
}

/// PagerDuty with its accounts, behind a network with latency and faults. Clones are the same PagerDuty.
///
/// A request that was sent comes to PagerDuty even if its sender is dropped meanwhile. All calls have to be made inside the
/// runtime of the simulation.
#[derive(Debug, Clone)]
pub struct PagerDuty {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    faults: Arc<dyn Faults>,
    accounts: Mutex<Vec<Account>>,
    systems: Systems,
    trace: Mutex<Trace>,
}

#[derive(Debug, Default)]
struct Trace {
    sent: u64,
    events: Vec<TraceEvent>,
}

/// A request that has come to where it goes.
#[derive(Debug)]
enum Arrived {
    AtPagerDuty(pagerduty_simulator::Request),
    AtSystem(System, Box<Request>),
}

impl PagerDuty {
    /// A PagerDuty without accounts.
    #[must_use]
    pub fn new(clock: Clock, faults: Arc<dyn Faults>) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                faults,
                accounts: Mutex::default(),
                systems: Systems::new(clock),
                trace: Mutex::default(),
            }),
        }
    }

    /// Opens an account. Requests belong to the first account that knows their token or their routing key, so that accounts
    /// must not share any.
    ///
    /// # Errors
    /// When the seed contradicts itself.
    pub fn open_account(&self, seed: Seed, ids: Ids) -> Result<Account, SeedError> {
        let now = self.inner.clock.now();
        let rules = pagerduty_simulator::PagerDuty::new(seed, ids, DeliveryPolicy::default(), now)?;
        let account = Account::new(rules, self.inner.clock);
        lock(&self.inner.accounts).push(account.clone());
        Ok(account)
    }

    /// The other systems to which the same way leads.
    #[must_use]
    pub fn systems(&self) -> &Systems {
        &self.inner.systems
    }

    /// What happened to all requests so far, in order.
    #[must_use]
    pub fn trace(&self) -> Vec<TraceEvent> {
        lock(&self.inner.trace).events.clone()
    }
}

impl Transport for PagerDuty {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let Request {
                time_limit,
                answer_limit,
                ..
            } = request;
            let course = self.inner.faults.course(&request, self.inner.clock.now());
            let number = self.inner.sent(&request, &course);
            let outcome = timeout(time_limit, self.inner.exchange(number, request, course)).await;
            let outcome = outcome
                .unwrap_or(Err(Interruption::TimedOut))
                .map(|answer| limited(answer, answer_limit));
            let heard = outcome.as_ref().map(|answer| answer.status).map_err(Clone::clone);
            self.inner.happened(number, Step::Heard(heard));
            outcome
        })
    }
}

impl Inner {
    async fn exchange(self: &Arc<Self>, number: u64, request: Request, course: Course) -> Result<Answer, Interruption> {
        if !is_there(&request) {
            return Err(Interruption::Connect("no such host".to_owned()));
        }
        let there_and_back = sleep(course.there + course.back);
        match &course.fault {
            Some(Fault::Unreachable) => {
                there_and_back.await;
                return Err(Interruption::Connect("Connection refused".to_owned()));
            }
            Some(Fault::Status(When::BeforeEffect, status)) => {
                there_and_back.await;
                return Ok(from_gateway(*status));
            }
            Some(Fault::RateLimited { reset }) => {
                there_and_back.await;
                return Ok(match System::of(&request) {
                    Some(_) => too_many_requests(reset.as_deref()),
                    None if is_event(&request) => too_many_events(),
                    None => rate_limited(reset.as_deref()),
                });
            }
            Some(Fault::Reset(When::BeforeEffect)) => {
                there_and_back.await;
                return Err(reset());
            }
            Some(Fault::Silent(When::BeforeEffect)) => pending().await,
            _ => {}
        }
        let request = match System::of(&request) {
            Some(system) => Arrived::AtSystem(system, Box::new(request)),
            None => Arrived::AtPagerDuty(for_rules(request)),
        };
        let Course { back, fault, .. } = course.clone();
        let answer = finished(tokio::spawn(Arc::clone(self).deliver(number, request, course))).await?;
        sleep(back).await;
        on_the_way_back(answer, fault).await
    }

    /// The other side, which goes on whatever becomes of the sender.
    async fn deliver(self: Arc<Self>, number: u64, request: Arrived, course: Course) -> Answer {
        let lag = SignedDuration::try_from(course.lag).unwrap_or(SignedDuration::MAX);
        sleep(course.there).await;
        match course.fault {
            Some(Fault::Late(by)) => sleep(by).await,
            Some(Fault::Twice { apart, answered }) => {
                let first = self.receive(number, &request, lag);
                let again = tokio::spawn(async move {
                    sleep(apart).await;
                    self.receive(number, &request, lag)
                });
                return match answered {
                    Delivery::First => first,
                    Delivery::Second => finished(again).await.unwrap_or(first),
                };
            }
            _ => {}
        }
        self.receive(number, &request, lag)
    }

    fn receive(&self, number: u64, request: &Arrived, lag: SignedDuration) -> Answer {
        let answer = match request {
            Arrived::AtSystem(system, request) => self.systems.receive(*system, request, lag),
            Arrived::AtPagerDuty(request) => self.receive_at_pagerduty(request, lag),
        };
        self.happened(number, Step::Answered(answer.status));
        answer
    }

    fn receive_at_pagerduty(&self, request: &pagerduty_simulator::Request, lag: SignedDuration) -> Answer {
        let accounts = lock(&self.accounts).clone();
        let owner = accounts
            .iter()
            .find(|account| account.with(|rules, _| rules.knows_token_of(request)))
            // What nobody knows each of them refuses alike.
            .or(accounts.first());
        let answer = owner.map_or_else(
            || Refusal::Unauthenticated.answer(),
            |account| account.with(|rules, now| rules.receive_lagging(request, now, lag)),
        );
        from_rules(answer)
    }

    fn sent(&self, request: &Request, course: &Course) -> u64 {
        let number = {
            let mut trace = lock(&self.trace);
            trace.sent += 1;
            trace.sent
        };
        let step = Step::Sent {
            method: request.method.clone(),
            url: request.url.to_string(),
            course: course.clone(),
        };
        self.happened(number, step);
        number
    }

    fn happened(&self, request: u64, step: Step) {
        let at = self.clock.now();
        lock(&self.trace).events.push(TraceEvent { at, request, step });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The result of a task; a panic in it goes on here.
async fn finished<T>(task: JoinHandle<T>) -> Result<T, Interruption> {
    match task.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(result) => Ok(result),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => Err(Interruption::Broken("the simulation is over".to_owned())),
    }
}

fn for_rules(request: Request) -> pagerduty_simulator::Request {
    let target = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    pagerduty_simulator::Request {
        headers: request.headers,
        body: request.body,
        ..pagerduty_simulator::Request::new(request.method, &target)
    }
}

fn from_rules(answer: pagerduty_simulator::Answer) -> Answer {
    let named = |(name, value): (HeaderName, String)| Some((name, HeaderValue::try_from(value).ok()?));
    let mut headers: HeaderMap = answer.headers.into_iter().filter_map(named).collect();
    let body = answer.body.into_bytes().map(|(media_type, bytes)| {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        bytes
    });
    Answer {
        status: answer.status,
        headers,
        body: Ok(body.unwrap_or_default()),
    }
}

async fn on_the_way_back(answer: Answer, fault: Option<Fault>) -> Result<Answer, Interruption> {
    match fault {
        Some(Fault::Status(_, status)) => Ok(from_gateway(status)),
        Some(Fault::Reset(_)) => Err(reset()),
        Some(Fault::Silent(_)) => pending().await,
        Some(Fault::Cut) => Ok(Answer {
            body: Err(Interruption::Broken(
                "end of file before message length reached".to_owned(),
            )),
            ..answer
        }),
        Some(Fault::Shortened) => Ok(Answer {
            body: answer.body.map(|mut body| {
                body.truncate(body.len() / 2);
                body
            }),
            ..answer
        }),
        _ => Ok(answer),
    }
}

fn limited(answer: Answer, limit: usize) -> Answer {
    Answer {
        body: answer.body.and_then(|body| {
            if body.len() > limit {
                Err(Interruption::TooLarge)
            } else {
                Ok(body)
            }
        }),
        ..answer
    }
}

fn from_gateway(status: StatusCode) -> Answer {
    Answer {
        status,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/html"))]),
        body: Ok(format!("<html><body><h1>{status}</h1></body></html>").into_bytes()),
    }
}

fn rate_limited(reset: Option<&str>) -> Answer {
    let value = reset.and_then(|reset| HeaderValue::from_str(reset).ok());
    let reset = value.map(|value| (HeaderName::from_static("ratelimit-reset"), value));
    Answer {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers: reset.into_iter().collect(),
        body: Ok(json!({"error": {"message": "Rate Limit Exceeded", "code": 2020}})
            .to_string()
            .into_bytes()),
    }
}

/// The Events API documents no header that says how long to wait.
fn too_many_events() -> Answer {
    Answer {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers: HeaderMap::new(),
        body: Ok(
            json!({"status": "throttle exceeded", "message": "Request Limit Exceeded", "errors": []})
                .to_string()
                .into_bytes(),
        ),
    }
}

fn reset() -> Interruption {
    Interruption::Broken("Connection reset by peer".to_owned())
}

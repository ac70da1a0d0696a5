//! The server: sockets around [`PagerDuty`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Full};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::clock::{Clock, SystemClock};
use crate::connection::{Door, Scissors};
use crate::control;
use crate::courier::{self, Courier};
use crate::exchange::{Answer, Request};
use crate::faults::{Outcome, Reaction, Transmission};
use crate::ids::Ids;
use crate::outbox::DeliveryPolicy;
use crate::pagerduty::PagerDuty;
use crate::seed::{Seed, SeedError};

/// The largest request body that is read.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// The setup of a simulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// What the account starts with.
    pub seed: Seed,
    /// Where new ids start. None starts at random, so that no two simulators make the same ids.
    pub ids_seed: Option<u64>,
    /// How webhooks are delivered.
    pub delivery: DeliveryPolicy,
    /// Where the time comes from. Waiting between attempts is real, whatever the clock says.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            seed: Seed::default(),
            ids_seed: None,
            delivery: DeliveryPolicy::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// The reason a simulator could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The seed contradicts itself.
    #[error("the seed can not be used")]
    Seed(#[from] SeedError),
    /// The port is taken or not allowed.
    #[error("port {port} of 127.0.0.1 can not be opened: choose another one, or 0 for any free one")]
    Bind {
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system has no random numbers.
    #[error("the system gave no random number to start the ids with")]
    Random(#[source] getrandom::Error),
}

/// A running PagerDuty. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    courier: JoinHandle<()>,
}

/// What the server, the courier and the control API share.
#[derive(Debug)]
pub(crate) struct Shared {
    pagerduty: Mutex<PagerDuty>,
    pub(crate) seed: Seed,
    pub(crate) policy: DeliveryPolicy,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) courier: Courier,
    /// Wakes the courier when there may be something to deliver.
    pub(crate) wake: Notify,
}

impl Shared {
    /// Does something with the state at the present time.
    pub(crate) fn with<R>(&self, action: impl FnOnce(&mut PagerDuty, Timestamp) -> R) -> R {
        let mut pagerduty = self.pagerduty.lock().unwrap_or_else(PoisonError::into_inner);
        action(&mut pagerduty, self.clock.now())
    }

    /// Answers a request of the REST API or the Events API. Every one goes through here.
    fn exchange(&self, request: &Request) -> Reaction {
        let reaction = self.with(|pagerduty, now| pagerduty.react(request, now));
        self.wake.notify_one();
        reaction
    }
}

impl Simulator {
    /// Starts a simulator and waits until it can be reached.
    ///
    /// # Errors
    /// When the seed contradicts itself or the port can not be opened.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let ids = match options.ids_seed {
            Some(seed) => Ids::from_seed(seed),
            None => Ids::from_seed(getrandom::u64().map_err(StartError::Random)?),
        };
        let pagerduty = PagerDuty::new(options.seed.clone(), ids, options.delivery, options.clock.now())?;
        let shared = Arc::new(Shared {
            pagerduty: Mutex::new(pagerduty),
            seed: options.seed,
            policy: options.delivery,
            clock: options.clock,
            courier: Courier::new(options.delivery.timeout),
            wake: Notify::new(),
        });
        let bind = |source| StartError::Bind {
            port: options.port,
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let (stop, stopped) = watch::channel(false);
        let app = Router::new()
            .nest("/_simulator", control::routes())
            .fallback(rest)
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(serve(listener, app, stopped));
        let courier = tokio::spawn(courier::work(Arc::clone(&shared)));
        Ok(Self {
            shared,
            address,
            stop,
            server: Some(server),
            courier,
        })
    }

    /// Where the REST API and the Events API are: `http://127.0.0.1:` and the port.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Does something with the state at the present time, beside the server; webhooks that it causes are delivered.
    pub fn with<R>(&self, action: impl FnOnce(&mut PagerDuty, Timestamp) -> R) -> R {
        let result = self.shared.with(action);
        self.shared.wake.notify_one();
        result
    }

    /// Takes no more requests, ends those that are under way, and gives up what is not yet delivered.
    pub async fn stop(mut self) {
        let server = self.server.take();
        drop(self);
        if let Some(server) = server {
            // A server that ended by itself has nothing left to stop.
            let _ended = server.await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.courier.abort();
    }
}

async fn serve(listener: TcpListener, app: Router, mut stopped: watch::Receiver<bool>) {
    let signal = async move {
        // An error means that the simulator is gone, which is a reason to stop as well.
        let _gone = stopped.wait_for(|stopped| *stopped).await;
    };
    // Accepting never fails for good, so there is no error to report.
    let service = app.into_make_service_with_connect_info::<Scissors>();
    let _served = axum::serve(Door(listener), service)
        .with_graceful_shutdown(signal)
        .await;
}

/// Every request that is not for the control API.
async fn rest(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: axum::extract::Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return http::StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut request = Request::new(parts.method, target);
    request.headers = parts.headers;
    request.body = body.into();
    let reaction = shared.exchange(&request);
    tokio::time::sleep(reaction.delay).await;
    match reaction.outcome {
        Outcome::Answered(answer) => answer.into_response(),
        Outcome::Truncated(answer) => truncated(answer),
        Outcome::Reset => {
            scissors.cut();
            // Nobody sees it: the attempt to send it resets the connection.
            http::StatusCode::OK.into_response()
        }
    }
}

/// An answer that says how long its body is and sends the half of it. The server closes the connection then.
fn truncated(mut answer: Transmission) -> Response {
    let length = answer.body.len();
    answer.body.truncate(length / 2);
    answer.headers.push((http::header::CONTENT_LENGTH, length.to_string()));
    // A body of unknown length: one that is known to be too short is not sent at all.
    let body = Full::from(std::mem::take(&mut answer.body)).map_frame(|frame| frame);
    let mut response = answer.into_response();
    *response.body_mut() = Body::new(body);
    response
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Transmission::from(self).into_response()
    }
}

impl IntoResponse for Transmission {
    fn into_response(self) -> Response {
        let mut response = Body::from(self.body).into_response();
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            if let Ok(value) = http::HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

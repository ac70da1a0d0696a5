//! A vendor behind a socket on loopback.

use crate::{answer::Answer, request::Request};
use axum::{Router, body::to_bytes, extract::State, response::Response};
use serde_json::Value;
use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// The largest body of a request that is read, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// The rules of a vendor's API, with the state of one account.
pub trait Vendor: Send + 'static {
    /// The names of the fields of queries, forms and JSON that the documentation has. A request with another one is refused, although
    /// most vendors would pass it over. Below a name that ends with `*` there may be any. Nothing is checked where there are none.
    const NAMES: &'static [&'static str] = &[];

    /// Answers a request.
    fn answer(&mut self, request: &Request) -> Answer;

    /// The answer to too many requests, and how many seconds it says to wait for.
    fn too_many_requests(&self) -> (Answer, u64) {
        (Answer::empty(429).header("retry-after", 17), 17)
    }
}

/// A server. It ends when it is dropped.
#[derive(Debug)]
pub struct Server<V> {
    address: SocketAddr,
    world: Arc<Mutex<World<V>>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct World<V> {
    vendor: V,
    requests: Vec<Request>,
    /// Answers that are given before the vendor is asked again.
    planned: VecDeque<Answer>,
}

impl<V: Vendor> Server<V> {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start(vendor: V) -> io::Result<Self> {
        Self::start_at(vendor, 0).await
    }

    /// Starts it on a port.
    ///
    /// # Errors
    /// Where the port is not free.
    pub async fn start_at(vendor: V, port: u16) -> io::Result<Self> {
        let world = Arc::new(Mutex::new(World {
            vendor,
            requests: Vec::new(),
            planned: VecDeque::new(),
        }));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(answer::<V>).with_state(Arc::clone(&world));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, world, task })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives this answer to the next request, without asking the vendor.
    pub fn answer_next(&self, answer: Answer) {
        self.world().planned.push_back(answer);
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.world().requests.clone()
    }

    /// Looks at the vendor's state, or changes it.
    pub fn vendor<T>(&self, look: impl FnOnce(&mut V) -> T) -> T {
        look(&mut self.world().vendor)
    }

    fn world(&self) -> MutexGuard<'_, World<V>> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Drop for Server<V> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer<V: Vendor>(State(world): State<Arc<Mutex<World<V>>>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return Answer::empty(413).into_response();
    };
    let request = Request::new(&parts.method, &parts.uri, parts.headers, body.to_vec());
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    world.requests.push(request.clone());
    let answer = match world.planned.pop_front() {
        Some(answer) => answer,
        None => match undocumented(&request, V::NAMES) {
            Some(name) => Answer::text(400, &format!("the documentation has no `{name}`")),
            None => world.vendor.answer(&request),
        },
    };
    answer.into_response()
}

/// A field of a request that the documentation does not have.
fn undocumented(request: &Request, names: &[&str]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let form = request.form();
    let mut fields = request.query.iter().chain(&form).map(|(name, _)| name.as_str());
    let odd = fields.find(|name| !names.iter().any(|known| known.trim_end_matches('*') == *name));
    odd.map(str::to_owned).or_else(|| odd_name(&request.any_json(), names))
}

fn odd_name(json: &Value, names: &[&str]) -> Option<String> {
    match json {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let known = names.iter().find(|known| known.trim_end_matches('*') == name);
            match known {
                None => Some(name.clone()),
                Some(known) if known.ends_with('*') => None,
                Some(_) => odd_name(value, names),
            }
        }),
        Value::Array(items) => items.iter().find_map(|item| odd_name(item, names)),
        _ => None,
    }
}

//! Requests that go out to the network, and those that do not.

use std::{
    io,
    net::{IpAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Method, header::HeaderMap};
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    egress::{
        Guard, Policy,
        names::{LookUp, Names},
        networks::PrivateNetworks,
    },
    http::Http,
    transport::{Answer, Interruption, Request, Transport},
};

/// A server that counts the connections that are made to it.
pub(super) struct Listener {
    pub(super) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Listener {
    /// On this machine, by IPv4.
    pub(super) async fn start() -> Self {
        Self::at(
            "127.0.0.1".parse().unwrap(),
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        )
        .await
    }

    /// At an address of this machine, with an answer for each connection.
    async fn at(address: IpAddr, answer: impl Into<String>) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&connections), answer.into());
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4096];
                if connection.read(&mut request).await.is_ok() {
                    let _gone = connection.write_all(answer.as_bytes()).await;
                }
            }
        });
        Self { port, connections }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(super) async fn get(http: &Http, url: &str) -> Result<Answer, Interruption> {
    let request = Request {
        method: Method::GET,
        url: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: Vec::new(),
        time_limit: Duration::from_millis(500),
        answer_limit: 1000,
    };
    http.session(None).unwrap().send(request).await
}

/// Names whose addresses change: the n-th look-up gives the n-th list, and the last one goes on.
#[derive(Debug, Clone)]
struct Changing(Arc<Mutex<(Vec<Vec<IpAddr>>, usize)>>);

impl Changing {
    fn new(answers: &[&[&str]]) -> Self {
        let parse = |list: &&[&str]| list.iter().map(|address| address.parse().unwrap()).collect();
        Self(Arc::new(Mutex::new((answers.iter().map(parse).collect(), 0))))
    }

    fn look_ups(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl Names for Changing {
    fn look_up(&self, _: &str) -> LookUp {
        let (answers, count) = &mut *self.0.lock().unwrap();
        let answer = answers[(*count).min(answers.len() - 1)].clone();
        *count += 1;
        Box::pin(async { Ok(answer) })
    }
}

/// An address of this machine that others can reach, found without a packet being sent.
fn own_address() -> IpAddr {
    let address = |target: &str, local: &str| {
        let socket = UdpSocket::bind((local, 0))?;
        socket.connect((target, 9))?;
        Ok::<_, io::Error>(socket.local_addr()?.ip())
    };
    address("198.51.100.1", "0.0.0.0")
        .or_else(|_| address("2001:db8::1", "::"))
        .expect("this machine has no network beside its loopback")
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

fn allowing(network: &IpAddr) -> Policy {
    Policy::new(network.to_string().parse().unwrap())
}

#[tokio::test]
async fn a_private_network_that_is_allowed_is_reached() {
    let address = own_address();
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let listener = Listener::at(address, answer).await;
    let url = format!("http://{}:{}/", host(address), listener.port);

    let refused = get(&Http::guarded(Policy::default()).unwrap(), &url).await;
    assert!(matches!(refused, Err(Interruption::Refused(_))), "{refused:?}");
    assert_eq!(listener.connections(), 0);

    let answer = get(&Http::guarded(allowing(&address)).unwrap(), &url).await.unwrap();
    assert_eq!(answer.body, Ok(b"ok".to_vec()));
    assert_eq!(listener.connections(), 1);
}

#[tokio::test]
async fn a_name_is_reached_at_the_address_that_was_looked_at() {
    let address = own_address();
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let listener = Listener::at(address, answer).await;
    // The second answer would lead to a listener that has nothing to do with it.
    let trap = Listener::start().await;
    let names = Changing::new(&[&[&address.to_string()], &["127.0.0.1"]]);
    let http = Http::guarded_by(Guard::with_names(allowing(&address), names.clone())).unwrap();

    let answer = get(&http, &format!("http://jenkins.example:{}/", listener.port))
        .await
        .unwrap();
    assert_eq!(answer.body, Ok(b"ok".to_vec()));
    assert_eq!(names.look_ups(), 1, "one look-up is all that there is");

    let refused = get(&http, &format!("http://jenkins.example:{}/", trap.port)).await;
    let words = "the address 127.0.0.1 of `jenkins.example` is loopback, where nothing is ever sent";
    assert_eq!(refused, Err(Interruption::Refused(words.to_owned())));
    assert_eq!((listener.connections(), trap.connections()), (1, 0));
}

#[rstest]
#[case::alone(&["127.0.0.1"])]
#[case::of_ipv6(&["::1"])]
#[case::mapped(&["::ffff:127.0.0.1"])]
#[case::after_a_public_one(&["8.8.8.8", "127.0.0.1"])]
#[case::before_a_public_one(&["127.0.0.1", "8.8.8.8"])]
#[case::among_many(&["8.8.8.8", "2606:4700::1111", "10.0.0.1", "1.1.1.1"])]
#[tokio::test]
async fn a_name_with_an_address_that_is_not_public_is_refused_and_nothing_connected(#[case] addresses: &[&str]) {
    let listener = Listener::start().await;
    let policy = Policy::default().with_ports([listener.port]);
    let http = Http::guarded_by(Guard::with_names(policy, Changing::new(&[addresses]))).unwrap();
    let outcome = get(&http, &format!("https://api.example.com:{}/", listener.port)).await;
    assert!(matches!(outcome, Err(Interruption::Refused(_))), "{outcome:?}");
    assert_eq!(listener.connections(), 0);
}

#[rstest]
#[case::to_loopback("http://127.0.0.1:{port}/")]
#[case::to_loopback_by_name("http://localhost:{port}/")]
#[case::without_a_scheme("//127.0.0.1:{port}/")]
#[tokio::test]
async fn a_redirect_is_handed_over_and_not_followed(#[case] location: &str) {
    let trap = Listener::start().await;
    let location = location.replace("{port}", &trap.port.to_string());
    let address = own_address();
    let answer = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    let listener = Listener::at(address, answer).await;

    let http = Http::guarded(allowing(&address)).unwrap();
    let answer = get(&http, &format!("http://{}:{}/", host(address), listener.port))
        .await
        .unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(answer.headers["location"], location.as_str());
    assert_eq!((listener.connections(), trap.connections()), (1, 0));
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_and_time() {
    let address = own_address();
    let http = Http::guarded(allowing(&address)).unwrap();
    let url = |listener: &Listener| format!("http://{}:{}/", host(address), listener.port);

    let large = format!("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n{}", "x".repeat(1001));
    let listener = Listener::at(address, large).await;
    let answer = get(&http, &url(&listener)).await.unwrap();
    assert_eq!(answer.body, Err(Interruption::TooLarge));

    let silent = TcpListener::bind((address, 0)).await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let outcome = get(&http, &format!("http://{}:{port}/", host(address))).await;
    assert_eq!(outcome, Err(Interruption::TimedOut));
}

#[tokio::test]
async fn the_runtime_api_is_refused_although_a_private_network_is_allowed() {
    let runtime_api = Listener::start().await;
    let http = Http::guarded("10.0.0.0/8, 172.16.0.0/12".parse::<PrivateNetworks>().unwrap()).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "127.1",
    ] {
        for scheme in ["http", "https"] {
            let url = format!(
                "{scheme}://{host}:{}/2018-06-01/runtime/invocation/next",
                runtime_api.port
            );
            let outcome = get(&http, &url).await;
            assert!(matches!(outcome, Err(Interruption::Refused(_))), "{url}: {outcome:?}");
        }
    }
    assert_eq!(runtime_api.connections(), 0);
}

#[tokio::test]
async fn a_name_that_is_not_known_is_no_refusal() {
    let http = Http::guarded_by(Guard::with_names(Policy::default(), Changing::new(&[&[]]))).unwrap();
    let outcome = get(&http, "https://api.example.com/").await;
    assert_eq!(
        outcome,
        Err(Interruption::Connect("the name has no address".to_owned()))
    );
}

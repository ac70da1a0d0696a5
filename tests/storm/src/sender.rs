//! All deliveries, as fast as they are answered.

use crate::{delivery, error::Error, workflow::Target};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};
use ureq::Agent;

/// The number of deliveries that are under way at the same time.
const AT_ONCE: usize = 16;

/// The time that an answer may take, as at PagerDuty.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The time that the sender rests before it sends again. PagerDuty takes minutes; nobody has as many here.
pub(crate) const REST: Duration = Duration::from_millis(500);

/// What the deliveries were answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) started: u32,
    pub(crate) duplicate: u32,
    pub(crate) buffered: u32,
    /// 503, or none in time; each was sent again.
    pub(crate) sent_again: u32,
    /// The runs that the answers named.
    pub(crate) runs: BTreeSet<String>,
}

impl Answers {
    fn add(mut self, other: Self) -> Self {
        self.started += other.started;
        self.duplicate += other.duplicate;
        self.buffered += other.buffered;
        self.sent_again += other.sent_again;
        self.runs.extend(other.runs);
        self
    }
}

/// Sends all deliveries, each until it is accepted.
pub(crate) fn send(target: &Target, deliveries: u32, events: u32, deadline: Instant) -> Result<Answers, Error> {
    let begun = Timestamp::now();
    let mut order: Vec<u32> = (0..deliveries).map(|number| number % events).collect();
    // Always the same order, so that two storms can be compared.
    fastrand::Rng::with_seed(1).shuffle(&mut order);
    let next = AtomicUsize::new(0);
    let agent = agent(AT_ONCE);
    let work = || {
        let mut answers = Answers::default();
        while let Some(event) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            deliver(&agent, target, &delivery::body(*event, begun), deadline, &mut answers)?;
        }
        Ok::<_, Error>(answers)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_fold(Answers::default(), |all, worker| {
            let answers = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(all.add(answers))
        })
    })
}

/// What sends, over as many connections as there are deliveries under way at the same time.
pub(crate) fn agent(at_once: usize) -> Agent {
    Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_idle_connections(at_once)
        .max_idle_connections_per_host(at_once)
        .timeout_global(Some(TIMEOUT))
        .build()
        .new_agent()
}

fn deliver(agent: &Agent, target: &Target, body: &str, deadline: Instant, answers: &mut Answers) -> Result<(), Error> {
    loop {
        let problem = match attempt(agent, target, body) {
            Ok((202, answer)) => return answers.accept(&answer),
            Ok((status @ (429 | 500..), answer)) => format!("{status} {answer}"),
            Ok((status, answer)) => return Err(Error::Refused(format!("{status} {answer}"))),
            Err(error) => error.to_string(),
        };
        answers.sent_again += 1;
        if Instant::now() > deadline {
            return Err(Error::NotAccepted(problem));
        }
        thread::sleep(REST);
    }
}

/// Sends a delivery once, and gives status and body of the answer.
pub(crate) fn attempt(agent: &Agent, target: &Target, body: &str) -> Result<(u16, String), ureq::Error> {
    let mut response = agent
        .post(&target.url)
        .header("content-type", "application/json")
        .header("x-api-key", &target.api_key)
        .header(
            "x-pagerduty-signature",
            &delivery::signature(target.signing_secret, body),
        )
        .send(body)?;
    Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
}

impl Answers {
    fn accept(&mut self, answer: &str) -> Result<(), Error> {
        let event: Value = serde_json::from_str(answer).unwrap_or_default();
        let field = |name: &str| event.pointer(&format!("/events/0/{name}")).and_then(Value::as_str);
        match field("outcome") {
            Some("started") => self.started += 1,
            Some("duplicate") => self.duplicate += 1,
            Some("buffered") => self.buffered += 1,
            _ => return Err(Error::Refused(format!("202 {answer}"))),
        }
        self.runs.extend(field("run").map(str::to_owned));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_accepted_delivery_is_counted_once_with_its_run() {
        let mut answers = Answers::default();
        for outcome in ["started", "duplicate", "buffered"] {
            let answer = format!(r#"{{"events":[{{"outcome":"{outcome}","run":"one"}}]}}"#);
            answers.accept(&answer).unwrap();
        }
        let expected = Answers {
            started: 1,
            duplicate: 1,
            buffered: 1,
            sent_again: 0,
            runs: ["one".to_owned()].into(),
        };
        assert_eq!(answers, expected);
    }

    #[test]
    fn a_delivery_that_is_accepted_without_a_run_ends_the_storm() {
        let ignored = r#"{"events":[{"outcome":"ignored","reason":"condition"}]}"#;
        assert!(Answers::default().accept(ignored).is_err());
    }
}

//! A connector, a vendor behind loopback, and the way between them.

use connectors::{AccessTokens, Account, Call, Connector, Error, Performed, perform, shipped_connector};
use jiff::{SignedDuration, Timestamp};
use provider::{http::HttpTransport, reroute::Rerouted};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use vendors::{Server, Vendor};

/// A connector that is held against its vendor.
pub(crate) struct Contract<V> {
    connector: &'static Connector,
    account: Account,
    secret: String,
    pub(crate) server: Server<V>,
    /// The network itself; only the address is another one.
    transport: Rerouted,
    tokens: AccessTokens,
    /// The actions that were performed with success, each with the inputs that were given then.
    performed: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

/// A call that failed.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The stable name of the error.
    pub(crate) name: String,
    /// The text that people read.
    pub(crate) text: String,
    pub(crate) retry_after: Option<u64>,
}

impl Refused {
    /// Holds the end of the name and a part of the text against what is expected.
    #[track_caller]
    pub(crate) fn is(&self, name: &str, words: &str) {
        assert!(self.name.ends_with(&format!(".{name}")), "{self:#?}");
        assert!(self.text.contains(words), "{self:#?}");
    }
}

impl<V: Vendor> Contract<V> {
    pub(crate) async fn start(name: &str, vendor: V, fields: &[(&str, &str)], secret: &str) -> Self {
        let connector = shipped_connector(name).unwrap();
        let fields: BTreeMap<_, _> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let account = connector
            .integration()
            .account(fields, SecretString::from(secret))
            .unwrap();
        let server = Server::start(vendor).await.unwrap();
        let stand_in = format!("http://{}", server.address()).parse().unwrap();
        Self {
            connector,
            account,
            secret: secret.to_owned(),
            transport: Rerouted::new(Arc::new(HttpTransport::new().unwrap()), stand_in),
            server,
            tokens: AccessTokens::default(),
            performed: Mutex::default(),
        }
    }

    /// Performs an action, which must succeed.
    #[track_caller]
    pub(crate) fn perform(&self, action: &str, input: Value) -> impl Future<Output = Value> {
        let key = format!("key-of-{action}-{}", self.server.requests().len());
        async move {
            self.attempt(action, input, &key, 1)
                .await
                .unwrap_or_else(|refused| panic!("{action}: {refused:#?}"))
        }
    }

    /// Performs an action, which must fail.
    pub(crate) async fn refused(&self, action: &str, input: Value) -> Refused {
        self.attempt(action, input, "key-of-what-fails", 1)
            .await
            .expect_err(action)
    }

    /// Makes an attempt.
    pub(crate) async fn attempt(
        &self,
        action: &str,
        mut input: Value,
        key: &str,
        attempt: u32,
    ) -> Result<Value, Refused> {
        input["integration"] = json!("account");
        let action = self.connector.action(action).unwrap();
        let now = Timestamp::now();
        let mut call = Call {
            connector: self.connector,
            action,
            input: input.as_object().unwrap().clone(),
            idempotency_key: Some(key.to_owned()),
            attempt: Some(attempt),
            look: None,
            deadline: Some(now + SignedDuration::from_mins(2)),
            now,
            approval: None,
        };
        let performed = loop {
            match perform(call.clone(), &self.account, &self.transport, &self.tokens).await {
                Ok(Performed::Done(outputs)) => break Ok(outputs),
                // What it has started has its own time here.
                Ok(Performed::NotYet { look, .. }) => {
                    self.keeps_the_secret(&look.to_string());
                    call.look = Some(look);
                }
                Err(error) => break Err(error),
            }
        };
        match performed {
            Ok(outputs) => {
                let outputs = Value::Object(outputs);
                self.keeps_the_secret(&outputs.to_string());
                for output in &action.spec().outputs {
                    let value = &outputs[&*output.name];
                    assert!(
                        output.optional || !value.is_null(),
                        "{}: no `{}` in {outputs}",
                        action.name(),
                        output.name
                    );
                }
                let mut performed = self.performed.lock().unwrap();
                let inputs = performed.entry(action.name().to_owned()).or_default();
                inputs.extend(input.as_object().unwrap().keys().cloned());
                Ok(outputs)
            }
            Err(error) => {
                self.keeps_the_secret(&format!("{error} {error:?}"));
                Err(refused(&error))
            }
        }
    }

    /// Holds a text against the secret: against the signature of an address, and against the lines of a key.
    fn keeps_the_secret(&self, text: &str) {
        let key: Value = serde_json::from_str(&self.secret).unwrap_or_default();
        let secret = key["private_key"].as_str().unwrap_or(&self.secret);
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_~.+/ ".contains(c);
        let separators = |c: char| !is_part(c) || secret.starts_with("https://") && c == '/';
        for part in secret
            .split(separators)
            .filter(|part| part.len() >= 15 && !part.starts_with("-----"))
        {
            assert!(!text.contains(part), "{part} is in {text}");
        }
    }

    /// True if an action only reads.
    pub(crate) fn reads(&self, action: &str) -> bool {
        let action = self.connector.action(action).unwrap();
        matches!(action.spec().effect, workflow::action::Effect::Reads)
    }

    /// Holds each drop-down against the list that it is filled from: the fields that it shows and takes are there.
    pub(crate) async fn assert_choices(&self) {
        for action in self.connector.actions() {
            let inputs = &action.spec().inputs;
            for choices in inputs.iter().filter_map(|input| action.choices(&input.name)) {
                let outputs = self.perform(&choices.action, json!({})).await;
                let entry = &outputs[&choices.list][0];
                for field in [&choices.value, &choices.label] {
                    let value = entry.pointer(&format!("/{}", field.replace('.', "/")));
                    assert!(
                        value.is_some_and(|value| value.is_string() || value.is_number()),
                        "{}: no `{field}` in {entry}",
                        action.name()
                    );
                }
            }
        }
    }

    /// Says which actions were not performed, and which inputs were never given, if there are any.
    pub(crate) fn assert_complete(&self) {
        let performed = self.performed.lock().unwrap();
        let mut missing = Vec::new();
        for action in self.connector.actions() {
            let Some(given) = performed.get(action.name()) else {
                missing.push(action.name().to_owned());
                continue;
            };
            let inputs = action
                .spec()
                .inputs
                .iter()
                .filter(|input| !given.contains(&*input.name));
            missing.extend(inputs.map(|input| format!("{}.{}", action.name(), input.name)));
        }
        assert!(missing.is_empty(), "the contract test leaves out: {missing:?}");
    }
}

fn refused(error: &Error) -> Refused {
    Refused {
        name: error.name().to_string(),
        text: error.to_string(),
        retry_after: error.retry_after_seconds(),
    }
}

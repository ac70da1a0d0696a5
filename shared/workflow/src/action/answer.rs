//! The answer of a function that performs an action.
//!
//! Its JSON is the outputs, as fields; what a function says beside them stands in one field of a name that no output has. So an answer
//! of a function that says nothing beside its outputs is the outputs alone.

use super::Requests;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The field with what a function says beside the outputs.
const BESIDE: &str = "@pagerflow";

/// The most that a look may have of what it looks for, in bytes of JSON. It travels with the cursor of the lane.
pub const LOOK_BYTES: usize = 4 * 1024;

/// The field of a call with which a function only looks how far it is with what an earlier call has started.
pub const LOOK: &str = "look";

/// The answer of a function that performs an action, if it has not failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The action is done.
    Done {
        /// Its outputs, an object.
        output: Value,
        /// The requests that the call has made.
        requests: Requests,
    },
    /// The action has started something that has not ended yet.
    Pending {
        /// The thing to look for: the same action is called again with this in [`LOOK`], and then only looks.
        look: Value,
        /// The time until the next look, in seconds.
        after_seconds: u32,
        /// The requests that the call has made.
        requests: Requests,
    },
}

/// The fields beside the outputs.
#[derive(Default, Serialize, Deserialize)]
struct Beside {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    #[serde(default, skip_serializing_if = "Requests::is_empty")]
    requests: Requests,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    look: Value,
    after_seconds: u32,
}

impl Answer {
    /// Outputs, and nothing beside them.
    #[must_use]
    pub fn done(output: Value) -> Self {
        Self::Done {
            output,
            requests: Requests::default(),
        }
    }

    /// The outputs, if the action is done.
    #[must_use]
    pub fn output(&self) -> Option<&Value> {
        match self {
            Self::Done { output, .. } => Some(output),
            Self::Pending { .. } => None,
        }
    }

    /// The requests that the call has made.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        match self {
            Self::Done { requests, .. } | Self::Pending { requests, .. } => requests,
        }
    }

    /// The same with these requests.
    #[must_use]
    pub fn with_requests(self, made: Requests) -> Self {
        match self {
            Self::Done { output, .. } => Self::Done { output, requests: made },
            Self::Pending {
                look, after_seconds, ..
            } => Self::Pending {
                look,
                after_seconds,
                requests: made,
            },
        }
    }

    /// The answer that a function's payload says. What cannot be read of what it says beside the outputs counts as not said.
    #[must_use]
    pub fn read(mut payload: Value) -> Self {
        let beside = payload.as_object_mut().and_then(|fields| fields.remove(BESIDE));
        let beside = beside.and_then(|beside| Beside::deserialize(beside).ok());
        let Beside { pending, requests } = beside.unwrap_or_default();
        match pending {
            Some(Pending { look, after_seconds }) => Self::Pending {
                look,
                after_seconds,
                requests,
            },
            None => Self::Done {
                output: payload,
                requests,
            },
        }
    }

    /// The payload of the function.
    #[must_use]
    pub fn payload(&self) -> Value {
        let requests = self.requests().clone();
        let (mut payload, pending) = match self {
            Self::Done { output, .. } => (output.clone(), None),
            Self::Pending {
                look, after_seconds, ..
            } => {
                let (look, after_seconds) = (look.clone(), *after_seconds);
                (Value::Object(Map::new()), Some(Pending { look, after_seconds }))
            }
        };
        let says_more = pending.is_some() || !requests.is_empty();
        let beside = serde_json::to_value(Beside { pending, requests });
        if let (Some(fields), Ok(beside)) = (payload.as_object_mut().filter(|_| says_more), beside) {
            fields.insert(BESIDE.to_owned(), beside);
        }
        payload
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.payload().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn requests() -> Requests {
        "POST ci.example.com 201 in 143 ms".parse().unwrap()
    }

    #[test]
    fn the_payload_of_an_action_that_is_done_is_its_outputs() {
        let output = json!({"id": "7", "pending": true, "requests": []});
        assert_eq!(Answer::done(output.clone()).payload(), output);
        assert_eq!(Answer::read(output.clone()), Answer::done(output));
    }

    #[rstest]
    #[case::done(Answer::done(json!({"id": "7"})).with_requests(requests()))]
    #[case::not_yet(Answer::Pending { look: json!({"id": "7"}), after_seconds: 10, requests: Requests::default() })]
    #[case::not_yet_with_requests(Answer::Pending { look: json!(null), after_seconds: 10, requests: requests() })]
    fn an_answer_comes_out_of_its_payload_as_it_went_in(#[case] answer: Answer) {
        assert_eq!(Answer::read(answer.payload()), answer);
    }

    #[test]
    fn an_answer_that_is_not_done_has_no_outputs() {
        let answer = Answer::Pending {
            look: json!({"id": "7"}),
            after_seconds: 10,
            requests: requests(),
        };
        assert_eq!(
            answer.payload(),
            json!({"@pagerflow": {
                "pending": {"look": {"id": "7"}, "after_seconds": 10},
                "requests": {"first": [{"method": "POST", "host": "ci.example.com", "status": 201, "milliseconds": 143}]},
            }})
        );
    }

    #[test]
    fn what_a_newer_function_says_beside_the_outputs_does_not_keep_them_from_being_read() {
        let payload = json!({"id": "7", "@pagerflow": {"requests": "by a newer release"}});
        assert_eq!(Answer::read(payload), Answer::done(json!({"id": "7"})));
    }
}

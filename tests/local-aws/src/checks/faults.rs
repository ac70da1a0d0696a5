//! Deliberate faults.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::Error;

/// The text with the first `change.0` replaced by `change.1`.
pub(super) fn with_change(text: &str, change: (&str, &str)) -> Result<String, Error> {
    if !text.contains(change.0) {
        return Err(Error::NoPlace(change.0.to_owned()));
    }
    Ok(text.replacen(change.0, change.1, 1))
}

/// Expects `gate` to refuse what has `fault`, and to name `sign` in what it says: it could be out of order in another way.
pub(super) fn must_refuse<T>(
    gate: &'static str,
    fault: &str,
    sign: &str,
    run: impl FnOnce() -> Result<T, Error>,
) -> Result<(), Error> {
    match run() {
        Err(error) if error.to_string().contains(sign) => Ok(()),
        Err(Error::FailedQuietly { .. } | Error::StateMachine(_) | Error::Rights { .. } | Error::OtherAnswers(_))
        | Ok(_) => Err(Error::NotRefused {
            gate: gate.to_owned(),
            fault: fault.to_owned(),
        }),
        Err(other) => Err(other),
    }
}

/// A fault that is planted in the transformed template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// The rule of `policy/rules.guard` that refuses it.
    pub(super) rule: String,
    /// What is wrong.
    pub(super) fault: String,
    /// The place, as a JSON pointer. Its last part need not be there yet.
    at: String,
    /// What stands there then; null where nothing does.
    becomes: Value,
}

impl Fault {
    /// The template with this fault.
    pub(super) fn planted_in(&self, template: &Value) -> Result<Value, Error> {
        let no_place = || Error::NoPlace(self.at.clone());
        let mut template = template.clone();
        let (parent, name) = self.at.rsplit_once('/').ok_or_else(no_place)?;
        match template.pointer_mut(parent).ok_or_else(no_place)? {
            Value::Object(fields) if self.becomes.is_null() => {
                fields.remove(name).ok_or_else(no_place)?;
            }
            Value::Object(fields) => {
                fields.insert(name.to_owned(), self.becomes.clone());
            }
            Value::Array(items) => {
                let index: usize = name.parse().map_err(|_| no_place())?;
                *items.get_mut(index).ok_or_else(no_place)? = self.becomes.clone();
            }
            _ => return Err(no_place()),
        }
        Ok(template)
    }
}

/// Says which of the faults were not refused by just the rule that is for them. `refusals` has the rules that refused each.
pub(super) fn missed(faults: &[Fault], refusals: &[Vec<String>]) -> Option<Error> {
    let missed = faults
        .iter()
        .zip(refusals)
        .find(|(fault, rules)| rules.as_slice() != [fault.rule.as_str()]);
    missed.map(|(fault, rules)| Error::NotRefused {
        gate: fault.rule.clone(),
        fault: format!("{} (refused by: {})", fault.fault, rules.join(", ")),
    })
}

/// The rules that no fault is for.
pub(super) fn untried<'a>(rules: impl Iterator<Item = &'a str>, faults: &[Fault]) -> Vec<&'a str> {
    let tried: BTreeMap<&str, ()> = faults.iter().map(|fault| (fault.rule.as_str(), ())).collect();
    rules.filter(|rule| !tried.contains_key(rule)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(at: &str, becomes: Value) -> Fault {
        Fault {
            rule: "a_rule".to_owned(),
            fault: "a fault".to_owned(),
            at: at.to_owned(),
            becomes,
        }
    }

    #[test]
    fn a_fault_replaces_adds_or_takes_away() {
        let template = json!({"a": {"b": [1, 2]}});

        assert_eq!(
            fault("/a/b/1", json!("x")).planted_in(&template).unwrap(),
            json!({"a": {"b": [1, "x"]}})
        );
        assert_eq!(
            fault("/a/c", json!(true)).planted_in(&template).unwrap(),
            json!({"a": {"b": [1, 2], "c": true}})
        );
        assert_eq!(
            fault("/a/b", Value::Null).planted_in(&template).unwrap(),
            json!({"a": {}})
        );
    }

    #[test]
    fn a_fault_that_has_lost_its_place_is_an_error() {
        let template = json!({"a": {"b": [1]}});

        for at in ["/x/y", "/a/b/1", "/a/b/c", "a"] {
            assert!(fault(at, json!(1)).planted_in(&template).is_err(), "{at}");
        }
        assert!(
            fault("/a/x", Value::Null).planted_in(&template).is_err(),
            "nothing to take away"
        );
        assert!(with_change("abc", ("x", "y")).is_err());
    }

    #[test]
    fn a_gate_has_to_say_what_it_refuses() {
        let refused = |said: &str| {
            must_refuse("a gate", "a fault", "Modus", || {
                Err::<(), _>(Error::StateMachine(said.to_owned()))
            })
        };

        assert!(refused("no property BillingModus").is_ok());
        assert!(refused("no such file").is_err());
        assert!(must_refuse("a gate", "a fault", "Modus", || Ok(())).is_err());
    }

    #[test]
    fn a_fault_is_refused_by_its_own_rule_and_no_other() {
        let faults = [fault("/a", json!(1))];
        let refused_by = |rules: &[&str]| vec![rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>()];

        assert!(missed(&faults, &refused_by(&["a_rule"])).is_none());
        assert!(missed(&faults, &refused_by(&[])).is_some());
        assert!(missed(&faults, &refused_by(&["a_rule", "another"])).is_some());
        assert_eq!(untried(["a_rule", "another"].into_iter(), &faults), ["another"]);
    }
}

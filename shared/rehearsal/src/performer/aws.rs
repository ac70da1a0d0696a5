//! Actions on AWS: their requests as they would be sent, and outputs that are given or made up. A wait is over at once.

use super::{Intervention, Performed, done, is_of_system, made_to_fail};
use crate::report::Request;
use aws_actions::{Action, Place, integration::FIELDS};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Map, Value};
use workflow::{action::ActionSpec, error_name::ErrorName, planner::Failure};

/// The inputs that say where an action is done.
const INTEGRATION: &str = "integration";
const REGION: &str = "region";

/// The word in the place of the region of an integration, which is not known here.
const SOME_REGION: &str = "REGION";

/// An attempt at an action.
pub(super) fn attempt<'a>(
    action: &Action,
    spec: &ActionSpec,
    input: &Value,
    error: Option<&str>,
    interventions: impl Iterator<Item = &'a Intervention>,
    now: Timestamp,
) -> Performed {
    if let Some(error) = error.filter(|error| !is_of_system(error, spec)) {
        return Performed::of(Err(made_to_fail(error)), Vec::new());
    }
    let given = members(spec, input);
    let (method, host) = match target(action, &given) {
        Ok(target) => target,
        Err(problem) => {
            let failure = Failure::new(
                ErrorName::InputInvalid,
                format!("the input of {spec} cannot be used: {problem}"),
            );
            return Performed::of(Err(failure), Vec::new());
        }
    };
    let alias = given.get(INTEGRATION).and_then(Value::as_str).unwrap_or_default();
    let shown = given
        .iter()
        .filter(|(name, _)| ![INTEGRATION, REGION].contains(&name.as_str()));
    let shown: Map<String, Value> = shown.map(|(name, value)| (name.clone(), value.clone())).collect();
    let request = Request {
        system: spec.system.to_string(),
        method,
        host,
        // Its own path tells people nothing: mostly that is `/`.
        path: format!("/{}", action.operation().name()),
        from: Some(format!("the role of {alias}")),
        body: match shown.is_empty() {
            true => Value::Null,
            false => shown.into(),
        },
        status: error.is_none().then_some(StatusCode::OK.as_u16()),
    };
    match error {
        Some(error) => Performed::of(Err(made_to_fail(error)), vec![request]),
        None => done(spec, input, interventions, vec![request], now),
    }
}

/// The inputs that are given, without what goes with every call.
fn members(spec: &ActionSpec, input: &Value) -> Map<String, Value> {
    let given = input.as_object().into_iter().flatten();
    let given = given.filter(|(name, value)| spec.input(name).is_some() && !value.is_null());
    given.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The method and the host of the request; or what is wrong with the input.
fn target(action: &Action, given: &Map<String, Value>) -> Result<(String, String), String> {
    let [_, region] = FIELDS;
    let named = given.get(REGION).and_then(Value::as_str);
    let place = Place::region(named.unwrap_or(region.example)).map_err(|error| error.to_string())?;
    let request = action.request(given, None, &place).map_err(|error| error.to_string())?;
    let host = request.uri().host().unwrap_or_default();
    let host = match named {
        Some(_) => host.to_owned(),
        None => host.replace(region.example, SOME_REGION),
    };
    Ok((request.method().to_string(), host))
}

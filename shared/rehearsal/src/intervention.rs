//! Interventions: events that would not happen by themselves.

use serde_json::{Map, Value};
use std::str::FromStr;
use workflow::{
    action::Catalog,
    definition::{Definition, Step},
    error_name::{NamedError, SystemName},
    ids::{LanePath, StepPath},
    step_name::{StepName, StepPlace},
};

/// What is made to go otherwise: of a step that calls an action. Where its name says no item of a `for_each` around it, that is
/// for all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervention {
    pub(crate) step: StepName,
    pub(crate) effect: Effect,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Its attempts fail with this error: so many of them from the first on, or all.
    Fails { error: String, attempts: Option<u32> },
    /// It gives these outputs in the place of those of the same names.
    Gives(Map<String, Value>),
}

/// An intervention cannot be read, or is about nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidIntervention(pub(crate) String);

/// The beginnings of the names that Step Functions and Lambda give to failures of their own.
const NAMES_OF_AWS: [&str; 4] = ["States.", "Lambda.", "Sandbox.", "Runtime."];

impl Intervention {
    /// Reads `STEP=ERROR_NAME`, or `STEP=ERROR_NAME:COUNT` for the first attempts only. `catalog` has the actions that there are.
    ///
    /// # Errors
    /// The text has another form, or there is no such error.
    pub fn fails(text: &str, catalog: &Catalog) -> Result<Self, InvalidIntervention> {
        let (step, error) = parts(text, "STEP=ERROR_NAME, such as ticket=PagerDuty.RateLimited")?;
        let (error, attempts) = match error.split_once(':') {
            None => (error, None),
            Some((error, count)) => match u32::from_str(count) {
                Ok(count) if count > 0 => (error, Some(count)),
                _ => {
                    return Err(InvalidIntervention(format!(
                        "{text:?}: {count:?} is no number of attempts; give one from 1, or leave it out to let all of them fail"
                    )));
                }
            },
        };
        known_error(error, catalog).map_err(|problem| InvalidIntervention(format!("{text:?}: {problem}")))?;
        Ok(Self {
            step,
            effect: Effect::Fails {
                error: error.to_owned(),
                attempts,
            },
        })
    }

    /// Reads `STEP=JSON`, where the JSON is a map of outputs.
    ///
    /// # Errors
    /// The text has another form.
    pub fn gives(text: &str) -> Result<Self, InvalidIntervention> {
        let form = "STEP=JSON, such as now={\"status\":\"acknowledged\"}";
        let (step, json) = parts(text, form)?;
        match serde_json::from_str(json) {
            Ok(Value::Object(outputs)) => Ok(Self {
                step,
                effect: Effect::Gives(outputs),
            }),
            Ok(_) => Err(InvalidIntervention(format!(
                "{text:?}: the outputs of a step are a map: {form}"
            ))),
            Err(error) => Err(InvalidIntervention(format!(
                "{text:?}: the outputs cannot be read as JSON: {error}"
            ))),
        }
    }

    /// Checks that one of the definitions has the step, and that it calls an action.
    ///
    /// # Errors
    /// None has it, or it calls no action.
    pub fn check<'a>(
        &self,
        definitions: impl Iterator<Item = &'a Definition> + Clone,
    ) -> Result<(), InvalidIntervention> {
        let found = definitions.clone().filter_map(|definition| {
            let place = definition.find_step(&self.step).ok()?;
            definition.step(&place.path)
        });
        let mut found = found.peekable();
        if found.peek().is_none() {
            let all = |definition: &'a Definition| definition.look().into_iter().chain(definition.walk());
            let names = definitions.flat_map(|definition| {
                let steps = all(definition).filter(|(_, step)| calls_action(step));
                steps.map(|(path, step)| match &step.id {
                    Some(id) => id.to_string(),
                    None => format!("{} ({})", definition.step_name_in_any_lane(&path), step.title()),
                })
            });
            return Err(InvalidIntervention(format!(
                "there is no step {}; the steps that call an action are {}",
                self.step,
                names.collect::<Vec<_>>().join(", ")
            )));
        }
        match found.any(calls_action) {
            true => Ok(()),
            false => Err(InvalidIntervention(format!(
                "the step {} calls no action, so it can neither be made to fail nor be given outputs",
                self.step
            ))),
        }
    }

    /// True if it is about a step of a lane.
    pub(crate) fn is_about(&self, definition: &Definition, lane: &LanePath, path: &StepPath) -> bool {
        match definition.find_step(&self.step) {
            Ok(StepPlace { path: of, lane: wanted }) => of == *path && wanted.is_none_or(|wanted| wanted == *lane),
            Err(_) => false,
        }
    }
}

/// Checks that a run can fail with an error of this name. `catalog` has the actions that there are.
///
/// # Errors
/// It cannot; says which errors there are.
pub fn known_error(name: &str, catalog: &Catalog) -> Result<(), String> {
    let is_known = NamedError::parse(name).is_some_and(|error| match error {
        NamedError::System(system, _) => catalog.has_system(&system),
        NamedError::Ours(_) => true,
    });
    if is_known || NAMES_OF_AWS.iter().any(|beginning| name.starts_with(beginning)) {
        return Ok(());
    }
    // Those of one system stand for those of all, which are too many to read.
    let system = catalog.actions().take(1).map(|action| SystemName::of(&action.system));
    let names = NamedError::all(system).map(|name| name.to_string());
    Err(format!(
        "there is no error {name:?}; the errors are {}, the same of the other systems, and those of AWS such as States.Timeout",
        names.collect::<Vec<_>>().join(", ")
    ))
}

/// The name of a step and what is said about it.
pub(crate) fn parts<'a>(text: &'a str, form: &str) -> Result<(StepName, &'a str), InvalidIntervention> {
    let (step, rest) = text
        .split_once('=')
        .filter(|(step, _)| !step.is_empty())
        .ok_or_else(|| InvalidIntervention(format!("{text:?} is not in the form {form}")))?;
    let step = step.parse();
    let step = step.map_err(|error: workflow::step_name::InvalidName| InvalidIntervention(error.to_string()))?;
    Ok((step, rest))
}

fn calls_action(step: &Step) -> bool {
    step.action().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;
    use rstest::rstest;
    use serde_json::json;

    #[test]
    fn a_failure_is_of_all_attempts_or_of_the_first() {
        let fails = |attempts| Intervention {
            step: "ticket".parse().unwrap(),
            effect: Effect::Fails {
                error: "PagerDuty.Unavailable".into(),
                attempts,
            },
        };
        assert_eq!(
            Intervention::fails("ticket=PagerDuty.Unavailable", catalog()),
            Ok(fails(None))
        );
        assert_eq!(
            Intervention::fails("ticket=PagerDuty.Unavailable:2", catalog()),
            Ok(fails(Some(2)))
        );
    }

    #[test]
    fn outputs_are_a_map_and_may_have_an_equals_sign_in_them() {
        let given = Intervention::gives("now={\"title\":\"a=b\"}").unwrap();
        assert_eq!(
            given.effect,
            Effect::Gives(json!({"title": "a=b"}).as_object().unwrap().clone())
        );
    }

    #[rstest]
    #[case("ticket")]
    #[case("=PagerDuty.Unavailable")]
    #[case("ticket=PagerDuty.Broken")]
    #[case("ticket=PagerDuty.Unavailable:0")]
    #[case("ticket=PagerDuty.Unavailable:often")]
    fn what_is_no_failure_is_refused(#[case] text: &str) {
        assert!(Intervention::fails(text, catalog()).is_err());
    }

    #[test]
    fn a_path_as_it_is_stored_is_refused_with_the_name_of_the_step() {
        for error in [
            Intervention::fails("00002=PagerDuty.Unavailable", catalog()).unwrap_err(),
            Intervention::gives("00002={}").unwrap_err(),
        ] {
            assert_eq!(
                error.to_string(),
                "`00002` counts from 0, and names count from 1: write `3`"
            );
        }
    }

    #[rstest]
    #[case("now")]
    #[case("now={")]
    #[case("now=[1]")]
    fn what_are_no_outputs_is_refused(#[case] text: &str) {
        assert!(Intervention::gives(text).is_err());
    }

    #[rstest]
    #[case::by_id("a=States.Timeout", None)]
    #[case::by_number("2=States.Timeout", None)]
    #[case::unknown(
        "b=States.Timeout",
        Some("the steps that call an action are a, 2 (pagerduty.resolve_incident)")
    )]
    #[case::no_action("pause=States.Timeout", Some("calls no action"))]
    fn a_step_is_named_by_its_id_or_its_number(#[case] text: &str, #[case] problem: Option<&str>) {
        let resolve =
            "uses: pagerduty.resolve_incident\n    with: { integration: prod, incident_id: P1, from: a@b.c }\n";
        let source = format!("name: w\nsteps:\n  - id: a\n    {resolve}  - {resolve}  - id: pause\n    wait: 1s\n");
        let definition = Definition::from_source(&source, catalog()).unwrap();
        let checked = Intervention::fails(text, catalog())
            .unwrap()
            .check([&definition].into_iter());
        match problem {
            None => assert_eq!(checked, Ok(())),
            Some(words) => assert!(checked.unwrap_err().to_string().contains(words)),
        }
    }
}

//! The remedy for a failed step, with the names of the step in its commands.

use crate::{choices::has_choices, known_connectors::KnownConnectors, output::printable};
use platform::catalog;
use serde_json::Value;
use workflow::{
    action::ActionSpec,
    error_name::{NamedError, SystemError, remedy},
};

/// The command of the general remedy that lists what there is.
const CHOICES: &str = "`pagerflow choices ACTION INPUT --integration ALIAS`";

/// The step at which something failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FailedStep<'a> {
    /// The name of its action, if it has one.
    pub(crate) action: Option<&'a str>,
    /// The input of the action, as far as it is known.
    pub(crate) input: Option<&'a Value>,
}

impl FailedStep<'_> {
    /// The remedy for an error of this step. Names that are not known stand as words in capitals, as in the manual.
    pub(crate) fn remedy(self, error: &str) -> String {
        let spec = self.action.and_then(|name| catalog().action(name));
        let general = match (NamedError::parse(error), spec) {
            (Some(NamedError::System(_, SystemError::NotFound)), Some(spec)) => self.ids_to_check(spec),
            _ => remedy(error).into_owned(),
        };
        let alias = self.input.and_then(|input| input.get("integration")?.as_str());
        let general = match spec.and_then(|spec| spec.integration_type()) {
            Some(of_type) if of_type.as_str() == "pagerduty" => general.replace(" --type TYPE", ""),
            Some(of_type) => general.replace("--type TYPE", &format!("--type {of_type}")),
            None => general,
        };
        match alias {
            Some(alias) => general.replace("ALIAS", &printable(alias)),
            None => general,
        }
    }

    /// The ids to check where a system does not find something, with a command for each input that can be chosen.
    fn ids_to_check(self, spec: &ActionSpec) -> String {
        // The catalogue has no other actions than those that come with the program.
        let known = KnownConnectors::shipped();
        let chosen = spec.inputs.iter().filter(|field| has_choices(spec, field, &known));
        let given = chosen.filter(|field| self.input.is_some_and(|input| input.get(&*field.name).is_some()));
        let commands = given.map(|field| CHOICES.replace("ACTION", &spec.name).replace("INPUT", &field.name));
        let commands: Vec<String> = commands.collect();
        match commands.as_slice() {
            [] => "Check the ids in the step's input.".to_owned(),
            [one] => format!("Check the ids in the step's input: {one} lists what there is."),
            [front @ .., last] => {
                let front = front.join(", ");
                format!("Check the ids in the step's input: {front} and {last} list what there is.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::a_new_secret(
        "Slack.Unauthorized",
        "slack.post_message",
        "Slack does not take the secret of the integration. Store a new one with `pagerflow integration set-token ops`, and replay the run."
    )]
    #[case::what_can_be_chosen(
        "Slack.NotFound",
        "slack.post_message",
        "Check the ids in the step's input: `pagerflow choices slack.post_message channel --integration ops` lists what there is."
    )]
    #[case::several(
        "PagerDuty.NotFound",
        "pagerduty.create_incident",
        "Check the ids in the step's input: `pagerflow choices pagerduty.create_incident service --integration ops` and `pagerflow choices pagerduty.create_incident priority --integration ops` list what there is."
    )]
    #[case::nothing_to_choose("Jira.NotFound", "jira.get_issue", "Check the ids in the step's input.")]
    #[case::an_action_that_is_not_known(
        "Desk.NotFound",
        "desk.close",
        "Check the ids in the step's input: `pagerflow choices ACTION INPUT --integration ops` lists what Desk has for an input."
    )]
    #[case::the_type_of_the_integration(
        "Integration.NotFound",
        "jira.get_issue",
        "Add the integration with `pagerflow integration add ops --type jira`, and replay the run."
    )]
    #[case::of_pagerduty(
        "Integration.NotFound",
        "pagerduty.get_incident",
        "Add the integration with `pagerflow integration add ops`, and replay the run."
    )]
    fn a_remedy_has_the_names_of_the_step(#[case] error: &str, #[case] action: &str, #[case] wanted: &str) {
        let input = json!({"integration": "ops", "channel": "C1", "issue": "OPS-1", "service": "P1", "priority": "P2"});
        let step = FailedStep {
            action: Some(action),
            input: Some(&input),
        };
        assert_eq!(step.remedy(error), wanted);
    }

    #[test]
    fn of_a_step_that_is_not_known_it_is_that_of_the_manual() {
        assert_eq!(FailedStep::default().remedy("Run.Aborted"), remedy("Run.Aborted"));
    }

    #[test]
    fn the_command_is_that_of_the_manual() {
        assert!(remedy("PagerDuty.NotFound").contains(CHOICES));
    }
}

//! The actions of all systems.

use connectors::Connector;
use std::sync::{Arc, LazyLock};
use workflow::action::{ActionSpec, Catalog};

/// The actions that ship with this release, which a workflow can use. Those of a system are made when one of them is first asked for: a
/// function that starts need not make all. AWS has thousands, which are not listed, and are made by services: `aws.ecs`.
#[must_use]
pub fn catalog() -> &'static Catalog {
    static ALL: LazyLock<Catalog> = LazyLock::new(|| {
        let catalog = Catalog::default().with_system("pagerduty", of_pagerduty);
        let catalog = connectors::shipped().fold(catalog, |catalog, name| catalog.with_system(name, of_connector));
        let catalog = aws_actions::FACES
            .iter()
            .fold(catalog, |catalog, prefix| catalog.with_system(*prefix, of_aws));
        aws_actions::services().fold(catalog, |catalog, service| {
            catalog.with_unlisted_system(format!("aws.{service}"), of_service)
        })
    });
    &ALL
}

fn of_pagerduty(_: &str) -> Vec<Arc<ActionSpec>> {
    pagerduty::actions::catalog().actions().cloned().collect()
}

/// The actions of a connector that workflows may use.
fn of_connector(name: &str) -> Vec<Arc<ActionSpec>> {
    let actions = connectors::shipped_connector(name)
        .into_iter()
        .flat_map(Connector::actions);
    actions
        .filter(|action| !action.is_internal())
        .map(|action| Arc::clone(action.spec()))
        .collect()
}

/// The actions on AWS that have a name and inputs of their own.
fn of_aws(prefix: &str) -> Vec<Arc<ActionSpec>> {
    aws_actions::Action::faces(prefix)
        .map(|action| Arc::new(action.spec()))
        .collect()
}

/// The actions on a service of AWS: `aws.ecs`.
fn of_service(prefix: &str) -> Vec<Arc<ActionSpec>> {
    let service = prefix.rsplit_once('.').map_or(prefix, |(_, service)| service);
    aws_actions::Action::of_service(service)
        .map(|action| Arc::new(action.spec()))
        .collect()
}

/// The file that other programs read the actions from, `schema/actions.json`. When it is stale, it is written anew by
///
/// ```sh
/// PAGERFLOW_WRITE_SCHEMA=1 cargo test -p platform committed_actions
/// ```
#[cfg(test)]
mod tests {
    use super::catalog;
    use rstest::rstest;
    use std::{env, fs, path::Path};
    use workflow::{action::ActionSpec, definition::Definition, error_name::SystemName};

    fn said(uses: &str) -> String {
        let source = format!("name: w\nsteps:\n  - uses: {uses}\n    with: {{ integration: prod-aws }}\n");
        Definition::from_source(&source, catalog()).unwrap_err().to_string()
    }

    #[rstest]
    #[case::an_operation("aws.ec2.reboot_instance", "did you mean `aws.ec2.reboot_instances`?")]
    #[case::a_wait(
        "aws.ecs.wait_until_service_stable",
        "did you mean `aws.ecs.wait_until_services_stable`?"
    )]
    #[case::a_service("aws.esc.update_service", "there is no `aws.esc`; did you mean `aws.ecs`, ")]
    #[case::no_service("aws.quantum.compute", "there is no `aws.quantum`; did you mean ")]
    #[case::without_aws("ecs.update_service", "did you mean `aws.ecs.update_service`?")]
    #[case::a_face("aws.invoke_lamda", "did you mean `aws.invoke_lambda`?")]
    #[case::another_face("email.sent", "did you mean `email.send`?")]
    fn a_misspelt_action_of_aws_gets_the_one_that_is_meant(#[case] uses: &str, #[case] hint: &str) {
        assert!(said(uses).contains(hint), "{}", said(uses));
    }

    /// The language takes it for granted: it asks the listed actions for functions and systems.
    #[test]
    fn what_is_not_listed_is_done_by_the_function_and_on_the_system_of_listed_actions() {
        let functions = catalog().functions();
        let of_services = ["aws.ecs", "aws.sts"];
        let listing = catalog().listing(&of_services);
        assert!(listing.actions().count() > catalog().actions().count() + 50);
        assert!(functions.contains(aws_actions::FUNCTION));
        for spec in listing.actions() {
            assert!(functions.contains(&*spec.function), "{spec}");
            assert!(catalog().has_system(&SystemName::of(&spec.system)), "{spec}");
        }
    }

    #[test]
    fn each_action_on_aws_acts_through_an_integration_of_aws() {
        for name in [
            "aws.ecs.update_service",
            "aws.rds.wait_until_db_instance_available",
            "aws.invoke_lambda",
            "email.send",
        ] {
            let spec = catalog().action(name).unwrap();
            assert_eq!(spec.integration_type(), Some("aws".parse().unwrap()), "{name}");
        }
    }

    fn assert_committed(file: &str, actions: &[ActionSpec]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        let wanted = serde_json::to_string_pretty(&actions).unwrap() + "\n";
        if env::var_os("PAGERFLOW_WRITE_SCHEMA").is_some() {
            fs::write(&path, &wanted).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == wanted,
            "{file} is stale; write it anew with `PAGERFLOW_WRITE_SCHEMA=1 cargo test -p platform committed_actions`"
        );
        let read: Vec<ActionSpec> = serde_json::from_str(&committed).unwrap();
        assert_eq!(read, actions);
    }

    #[test]
    fn the_committed_actions_are_those_of_all_systems_and_read_back_as_they_are() {
        let actions: Vec<ActionSpec> = catalog().actions().map(|action| ActionSpec::clone(action)).collect();
        assert_committed("schema/actions.json", &actions);
    }

    /// The tests of the language have no other actions that are not listed.
    #[test]
    fn the_committed_actions_on_ecs_are_those_that_the_examples_use() {
        let names = ["aws.ecs.update_service", "aws.ecs.wait_until_services_stable"];
        let actions = names.map(|name| ActionSpec::clone(catalog().action(name).unwrap()));
        assert_committed("shared/workflow/src/action/tests/aws.ecs.json", &actions);
    }
}

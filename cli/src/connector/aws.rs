//! The services of AWS, which are listed and shown as connectors are.

use super::{
    list::Row,
    show::{ShownAction, ShownConnector},
};
use crate::{error::Error, known, output::Output};
use aws_actions::{
    Action, FACES,
    integration::{DOCUMENTATION, SUMMARY, TITLE, TYPE},
    services,
};
use std::process::ExitCode;
use workflow::action::ActionSpec;

/// The type in the list, with a name for each service in the place of its actions, and what sends e-mail.
pub(super) fn rows() -> [Row; 2] {
    let faces = |prefix: &'static str| Action::faces(prefix).map(|action| action.name());
    [
        Row {
            connector: TYPE.to_owned(),
            title: TITLE.to_owned(),
            summary: SUMMARY.to_owned(),
            documentation: DOCUMENTATION.to_owned(),
            version: None,
            actions: faces(TYPE)
                .chain(services().map(|service| format!("{TYPE}.{service}.…")))
                .collect(),
        },
        Row {
            connector: "email".to_owned(),
            title: "Amazon SES".to_owned(),
            summary: "E-mail, by an AWS account.".to_owned(),
            documentation: "https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html".to_owned(),
            version: None,
            actions: faces("email").collect(),
        },
    ]
}

/// True if actions whose names begin so are performed by AWS.
pub(super) fn has(prefix: &str) -> bool {
    FACES.contains(&prefix)
}

/// Shows AWS, a service of it, or an action.
pub(super) fn show(name: &str, output: &mut Output) -> Result<ExitCode, Error> {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [TYPE] => output.show(&all()),
        ["email"] => output.show(&email()),
        [TYPE, service] if services().any(|known| known == *service) => output.show(&of_service(service)),
        [TYPE, service] if Action::named(name).is_none() => Err(known::unknown_service(service)),
        _ => output.show(&action(name)?),
    }
}

fn specs<'a>(prefix: &'a str) -> impl Iterator<Item = ActionSpec> + 'a {
    Action::faces(prefix).map(|action| action.spec())
}

fn all() -> ShownConnector {
    let services = services().map(|service| {
        let title = aws_actions::operations(service)
            .next()
            .map(|operation| operation.service_title());
        (format!("{TYPE}.{service}.…"), title.unwrap_or_default().to_owned())
    });
    ShownConnector::of_aws(TITLE, SUMMARY, specs(TYPE), services.collect())
}

fn email() -> ShownConnector {
    ShownConnector::of_aws("Amazon SES", "E-mail, by an AWS account.", specs("email"), Vec::new())
}

fn of_service(service: &str) -> ShownConnector {
    let title = aws_actions::operations(service)
        .next()
        .map(|operation| operation.service_title());
    let actions = Action::of_service(service).map(|action| action.spec());
    ShownConnector::of_aws(title.unwrap_or(service), SUMMARY, actions, Vec::new())
}

fn action(name: &str) -> Result<ShownAction, Error> {
    let Some(found) = Action::named(name) else {
        let (prefix, _) = name.rsplit_once('.').unwrap_or((name, ""));
        let service = prefix.strip_prefix("aws.").unwrap_or_default();
        if prefix != "email" && !services().any(|known| known == service) {
            return Err(known::unknown_service(service));
        }
        let names: Vec<String> = match prefix {
            "email" => Action::faces(prefix).map(|action| action.name()).collect(),
            _ => Action::of_service(service).map(|action| action.name()).collect(),
        };
        return Err(known::unknown_action_of(prefix, name, names.iter().map(String::as_str)));
    };
    Ok(ShownAction::of_spec(
        &found.spec(),
        Some(found.operation().documentation()),
        &found.iam_actions(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Screen, View};

    #[test]
    fn a_wait_is_shown_with_its_rights() {
        insta::assert_snapshot!(
            action("aws.eks.wait_until_cluster_active")
                .unwrap()
                .text(Screen::plain())
        );
    }

    #[test]
    fn a_service_is_shown_with_its_operations_and_its_waits() {
        let text = of_service("ecs").text(Screen::plain());
        assert!(text.starts_with("Amazon ECS: "), "{text}");
        assert!(
            text.contains("\naws.ecs.update_service ") && text.contains("\naws.ecs.wait_until_services_stable "),
            "{text}"
        );
        assert!(
            text.ends_with("`pagerflow integration add ALIAS --type aws`."),
            "{text}"
        );
    }

    #[test]
    fn what_there_is_not_is_told_with_the_nearest_name() {
        let told = ["aws.ecs.update_servise", "aws.ecz.update_service", "email.sent"]
            .map(|name| action(name).unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"));
    }
}

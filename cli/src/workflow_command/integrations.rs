//! The integrations that definitions name, compared with those that there are.

use super::files::Source;
use crate::{error::Error, known, problems::Told};
use platform::table::{IntegrationKind, IntegrationRecord};
use workflow::{
    action::Catalog,
    definition::{IntegrationReference, UseOfIntegration},
    ids::IntegrationTypeName,
};

/// Fails with all integrations that are not there, or that are accounts on another system than what uses them.
pub(super) fn check(sources: &[Source], all: &[IntegrationRecord], catalog: &Catalog) -> Result<(), Error> {
    let mut told = Told::default();
    for source in sources {
        let problems = source
            .draft
            .problems_of_integrations(|reference| problem(reference, all, catalog));
        told.add(&source.path, &problems);
    }
    told.none()
}

fn problem(reference: &IntegrationReference, all: &[IntegrationRecord], catalog: &Catalog) -> Option<String> {
    let alias = &reference.alias;
    let wanted = match &reference.use_of {
        UseOfIntegration::Events => None,
        UseOfIntegration::Action(name) => catalog.action(name).and_then(|action| action.integration_type()),
    };
    let wanted = wanted
        .as_ref()
        .map_or(IntegrationKind::PAGERDUTY, IntegrationTypeName::as_str);
    match all.iter().find(|record| record.alias == *alias) {
        None => {
            let names = all.iter().filter(|record| record.kind.type_name() == wanted);
            let names = names.map(|record| record.alias.as_str());
            let add = format!("dd it with `{}`", command(alias.as_str(), wanted));
            Some(match known::did_you_mean(alias.as_str(), names) {
                near if near.is_empty() => format!("there is no integration {alias}; a{add}"),
                near => format!("there is no integration {alias}{near} If not, a{add}"),
            })
        }
        Some(record) if record.kind.type_name() != wanted => {
            let needs = match &reference.use_of {
                UseOfIntegration::Events => format!("only one of the type {wanted} sends events"),
                UseOfIntegration::Action(name) => format!("{name} needs one of the type {wanted}"),
            };
            Some(format!(
                "the integration {alias} is of the type {}, and {needs}; `pagerflow integration list` lists them, and `{}` adds one",
                record.kind.type_name(),
                command("ALIAS", wanted)
            ))
        }
        Some(_) => None,
    }
}

/// The command that adds an integration of a type.
fn command(alias: &str, wanted: &str) -> String {
    match wanted {
        IntegrationKind::PAGERDUTY => format!("pagerflow integration add {alias}"),
        wanted => format!("pagerflow integration add {alias} --type {wanted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagerduty::client::ServiceRegion;
    use platform::{catalog, table::ConnectorAccount};
    use workflow::definition::Draft;

    fn record(alias: &str, type_name: &str) -> IntegrationRecord {
        IntegrationRecord {
            alias: alias.parse().unwrap(),
            kind: match type_name {
                IntegrationKind::PAGERDUTY => IntegrationKind::PagerDuty {
                    service_region: ServiceRegion::Us,
                    default_from: None,
                },
                name => IntegrationKind::Connector(ConnectorAccount {
                    type_name: name.parse().unwrap(),
                    fields: [].into(),
                    hosts: vec!["example.com".to_owned()],
                }),
            },
            updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
        }
    }

    fn checked(text: &str) -> Result<(), String> {
        let source = Source {
            path: "outage.yaml".into(),
            text: text.to_owned(),
            draft: Draft::from_source(text, catalog()).unwrap_or_else(|problems| panic!("{problems}")),
        };
        let all = [
            record("prod", "pagerduty"),
            record("chat", "slack"),
            record("tickets", "jira"),
        ];
        check(&[source], &all, catalog()).map_err(|error| error.to_string())
    }

    #[test]
    fn integrations_that_are_there_and_of_the_right_type_are_no_problem() {
        let source = "name: outage\non: { pagerduty: { integration: prod, events: [incident.triggered] } }\nsteps:\n  \
                      - { uses: slack.post_message, with: { integration: chat, channel: C1, text: Hello } }\n  \
                      - { uses: slack.post_message, with: { integration: \"{{ event.type }}\", channel: C1, text: Hello } }\n";
        assert_eq!(checked(source), Ok(()));
    }

    #[test]
    fn an_integration_that_is_not_there_or_of_another_type_is_told_with_its_place_and_what_to_do() {
        let source = "name: outage
on: { pagerduty: { integration: chat, events: [incident.triggered] } }
steps:
  - { uses: slack.post_message, with: { integration: prod, channel: C1, text: Hello } }
  - id: ticket
    uses: jira.get_issue
    with: { integration: tikets, issue: OPS-1 }
  - { uses: pagerduty.get_incident, with: { integration: staging, incident_id: Q1 } }
  - { uses: email.send, with: { integration: chat, from: a@b.c, to: [a@b.c], subject: s, text: t } }
";
        insta::assert_snapshot!(checked(source).unwrap_err(), @"
        5 problems
        outage.yaml:2:33: on.pagerduty.integration: the integration chat is of the type slack, and only one of the type pagerduty sends events; `pagerflow integration list` lists them, and `pagerflow integration add ALIAS` adds one
        outage.yaml:4:54: step 1: with.integration: the integration prod is of the type pagerduty, and slack.post_message needs one of the type slack; `pagerflow integration list` lists them, and `pagerflow integration add ALIAS --type slack` adds one
        outage.yaml:7:26: step 2: with.integration: there is no integration tikets; did you mean tickets? If not, add it with `pagerflow integration add tikets --type jira`
        outage.yaml:8:58: step 3: with.integration: there is no integration staging; add it with `pagerflow integration add staging`
        outage.yaml:9:46: step 4: with.integration: the integration chat is of the type slack, and email.send needs one of the type aws; `pagerflow integration list` lists them, and `pagerflow integration add ALIAS --type aws` adds one
        ");
    }
}

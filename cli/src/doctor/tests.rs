use super::*;
use crate::{output::Screen, webhook_url::url_of};
use pagerduty::{
    account_check::AccountCheck,
    client::{SubscriptionScope, WebhookSubscription},
};
use platform::{
    catalog,
    secrets::{ChangeError, SecretError},
    table::{IntegrationKind, IntegrationRecord, TriggerRecord, WorkflowRecord, WorkflowSchedule, WorkflowState},
};
use rstest::rstest;
use workflow::{definition::Definition, run::WebhookKind};

const BASE: &str = "https://example.com";

fn workflow(id: &str, alias: &str, events: &[&str]) -> WorkflowRecord {
    WorkflowRecord {
        workflow: id.parse().unwrap(),
        state: WorkflowState::Enabled,
        active_version: workflow::ids::WorkflowVersion(1),
        trigger: Some(TriggerRecord {
            integration: alias.parse().unwrap(),
            webhook: WebhookKind::V3,
            events: events.iter().map(|&event| event.to_owned()).collect(),
            filters: workflow::triggers::Filters::default(),
            when: None,
        }),
        awaits: platform::table::AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
    }
}

/// The integration `prod`, and these workflows.
fn inventory(workflows: Vec<WorkflowRecord>) -> Inventory {
    Inventory {
        integrations: vec![IntegrationRecord {
            alias: "prod".parse().unwrap(),
            kind: IntegrationKind::PagerDuty {
                service_region: pagerduty::client::ServiceRegion::Us,
                default_from: None,
            },
            updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
        }],
        workflows,
        keys: vec![],
    }
}

fn subscription(id: &str, url: String) -> WebhookSubscription {
    WebhookSubscription {
        id: id.parse().unwrap(),
        url,
        scope: Some(SubscriptionScope::Account),
        events: vec!["incident.triggered".to_owned()],
        description: None,
        active: true,
        temporarily_disabled: false,
    }
}

fn to_prod(id: &str) -> WebhookSubscription {
    subscription(id, url_of(BASE, &KeyScope::Integration("prod".parse().unwrap())))
}

fn to_workflow(id: &str, workflow: &str) -> WebhookSubscription {
    subscription(id, url_of(BASE, &KeyScope::Workflow(workflow.parse().unwrap())))
}

/// The integration `prod`, with signing secrets of `secrets`.
fn prod(secrets: &[&str], subscriptions: Vec<WebhookSubscription>) -> Integration {
    Integration {
        alias: "prod".parse().unwrap(),
        signing_secrets: Ok(secrets.iter().map(|&id| id.to_owned()).collect()),
        account: Ok(AccountCheck { findings: vec![] }),
        subscriptions: Ok(subscriptions),
    }
}

fn told(integration: &Integration, inventory: &Inventory) -> String {
    let mut findings = integration.judge();
    findings.extend(integration.judge_subscriptions(&|url: &str| owner(BASE, inventory, url)));
    let integrations = std::slice::from_ref(integration);
    let workflows = inventory.workflows.iter();
    findings.extend(workflows.filter_map(|workflow| workflows::judge(workflow, integrations, BASE)));
    finding::text(&findings, Screen::plain())
}

#[test]
fn an_integration_whose_subscription_leads_to_its_workflows_is_in_order() {
    let inventory = inventory(vec![workflow("memory-alert", "prod", &["incident.triggered"])]);
    let elsewhere = subscription("PELSE01", "https://other.example.com".to_owned());
    insta::assert_snapshot!(told(&prod(&["PSUB001"], vec![to_prod("PSUB001"), elsewhere]), &inventory), @"
    ok           1 signing secret of prod is stored.
    ok           PagerDuty accepts the token of prod.
    ok           The subscription PSUB001 is active, and leads to integration prod.
    ok           The workflow memory-alert gets all events that it waits for.

    Nothing is wrong.
    ");
}

#[test]
fn what_is_wrong_with_a_subscription_is_told_with_what_to_do() {
    let inventory = inventory(vec![workflow("memory-alert", "prod", &["incident.triggered"])]);
    let list = vec![
        WebhookSubscription {
            temporarily_disabled: true,
            ..to_prod("PDISABLED")
        },
        WebhookSubscription {
            active: false,
            ..to_prod("POFF")
        },
        to_workflow("PNOSECRET", "memory-alert"),
        to_workflow("PNOWHERE", "never-applied"),
    ];
    insta::assert_snapshot!(told(&prod(&["PDISABLED", "POFF", "PGONE"], list), &inventory), @"
    ok           3 signing secrets of prod are stored.
    ok           PagerDuty accepts the token of prod.
    problem      PagerDuty has disabled the subscription PDISABLED, which leads to integration prod, because three webhooks in a row were refused. For a day nothing comes from it.
                 pagerflow doctor --fix
    warning      The subscription POFF, which leads to integration prod, is switched off. Nothing comes from it.
                 Switch it on in PagerDuty, or remove it: pagerflow webhook unsubscribe prod POFF
    problem      No signing secret is stored for the subscription PNOSECRET, which leads to workflow memory-alert. Its webhooks are not accepted, and PagerDuty tells the secret only once.
                 Make another subscription, and then remove this one:
                 pagerflow webhook subscribe prod --workflow memory-alert
                 pagerflow webhook unsubscribe prod PNOSECRET
    problem      The subscription PNOWHERE leads to workflow never-applied, which is not there. Its webhooks are refused.
                 pagerflow webhook unsubscribe prod PNOWHERE
    warning      A signing secret of prod is stored for the subscription PGONE, which the account does not have.
                 pagerflow integration signing-secret remove prod --subscription PGONE
    ok           The workflow memory-alert gets all events that it waits for.

    3 problems, 2 warnings.
    ");
}

#[test]
fn a_workflow_that_no_webhook_can_start_is_told_with_what_to_do() {
    let mut by_v2 = workflow("by-v2", "prod", &["incident.triggered"]);
    by_v2.trigger.as_mut().unwrap().webhook = WebhookKind::V2;
    let mut disabled = workflow("disabled", "prod", &["incident.triggered"]);
    disabled.state = WorkflowState::Disabled;
    let inventory = inventory(vec![
        workflow(
            "more-events",
            "prod",
            &["incident.triggered", "incident.resolved", "incident.annotated"],
        ),
        workflow("of-nobody", "staging", &["incident.triggered"]),
        by_v2,
        disabled,
    ]);
    insta::assert_snapshot!(told(&prod(&["PSUB001"], vec![to_prod("PSUB001")]), &inventory), @"
    ok           1 signing secret of prod is stored.
    ok           PagerDuty accepts the token of prod.
    ok           The subscription PSUB001 is active, and leads to integration prod.
    warning      No subscription sends the workflow more-events what it waits for: incident.resolved, incident.annotated.
                 Add the events to its subscription in PagerDuty, or make another one:
                 pagerflow webhook subscribe prod --events incident.resolved,incident.annotated
    problem      The workflow of-nobody is for the integration staging, which is not there. Its webhooks are not accepted.
                 pagerflow integration add staging
    not checked  Whether a Generic V2 Webhook extension leads to the workflow by-v2 is not looked at.

    1 problem, 1 warning, 1 question not answered.
    ");
}

#[test]
fn without_a_secret_and_without_a_subscription_no_webhook_starts_anything() {
    let inventory = inventory(vec![workflow("memory-alert", "prod", &["incident.triggered"])]);
    insta::assert_snapshot!(told(&prod(&[], vec![]), &inventory), @"
    ok           No signing secret of prod is stored.
    ok           PagerDuty accepts the token of prod.
    problem      No signing secret of prod is stored, so that no webhook can start the workflow memory-alert.
                 pagerflow webhook subscribe prod

    1 problem.
    ");
    let only_off = WebhookSubscription {
        active: false,
        ..to_prod("PSUB001")
    };
    insta::assert_snapshot!(told(&prod(&["PSUB001"], vec![only_off]), &inventory), @"
    ok           1 signing secret of prod is stored.
    ok           PagerDuty accepts the token of prod.
    warning      The subscription PSUB001, which leads to integration prod, is switched off. Nothing comes from it.
                 Switch it on in PagerDuty, or remove it: pagerflow webhook unsubscribe prod PSUB001
    warning      No active subscription leads to the workflow memory-alert, so that no webhook starts it.
                 pagerflow webhook subscribe prod

    2 warnings.
    ");
}

#[rstest]
#[case::damaged(SecretError::Invalid { name: "n".to_owned(), reason: "it is not JSON".to_owned() }, "problem      The signing secrets")]
#[case::out_of_reach(SecretError::Unavailable { name: "n".to_owned(), cause: "access denied".into() }, "not checked  The signing secrets")]
fn what_can_not_be_used_is_a_problem_and_what_can_not_be_looked_at_is_not_checked(
    #[case] error: SecretError,
    #[case] expected: &str,
) {
    let inventory = inventory(vec![workflow("memory-alert", "prod", &["incident.triggered"])]);
    let integration = Integration {
        alias: "prod".parse().unwrap(),
        signing_secrets: Err(ChangeError::Read(error)),
        account: Err("integration prod: there is no secret pagerflow/api-token/prod; store it with `pagerflow integration set-token prod`".to_owned()),
        subscriptions: Err("the account could not be asked".to_owned()),
    };
    let told = told(&integration, &inventory);
    assert!(told.starts_with(expected), "{told}");
    assert!(
        told.contains("\nproblem      The token of prod can not be used"),
        "{told}"
    );
    assert!(
        told.contains("\nnot checked  The webhook subscriptions of prod were not looked at"),
        "{told}"
    );
    assert!(
        told.contains("\nnot checked  Whether a subscription leads to the workflow memory-alert"),
        "{told}"
    );
}

#[test]
fn of_integrations_that_share_an_account_each_is_told_of_its_own_subscriptions() {
    let mut inventory = inventory(vec![]);
    let staging = IntegrationRecord {
        alias: "staging".parse().unwrap(),
        ..inventory.integrations[0].clone()
    };
    inventory.integrations.push(staging);
    let of_staging = subscription(
        "PSTAGE1",
        url_of(BASE, &KeyScope::Integration("staging".parse().unwrap())),
    );
    let told = told(&prod(&["PSUB001"], vec![to_prod("PSUB001"), of_staging]), &inventory);
    assert!(told.contains("PSUB001") && !told.contains("PSTAGE1"), "{told}");
}

/// The findings about the waits of a workflow with these steps that no webhook starts.
fn told_of_waits(steps: &str, integration: &Integration) -> String {
    let source = format!("name: waiting\nsteps:\n{steps}");
    let definition = Definition::from_source(&source, catalog()).unwrap();
    let record = WorkflowRecord {
        trigger: None,
        ..workflow("waiting", "prod", &[])
    };
    let integrations = std::slice::from_ref(integration);
    let mut inventory = inventory(vec![]);
    let chat = platform::table::ConnectorAccount {
        type_name: "slack".parse().unwrap(),
        fields: [].into(),
        hosts: vec!["slack.com".to_owned()],
    };
    inventory.integrations.push(IntegrationRecord {
        alias: "chat".parse().unwrap(),
        kind: IntegrationKind::Connector(chat),
        ..inventory.integrations[0].clone()
    });
    let findings = waits::judge(&record, &definition, &inventory, integrations, BASE);
    finding::text(&findings, Screen::plain())
}

const STATUS: &str = "  - wait_for: { integration: prod, incident_id: Q1, status: [acknowledged], timeout: 1h }\n";
const EVENT: &str = "  - wait_for: { integration: prod, incident_id: Q1, events: [incident.annotated, incident.triggered], timeout: 1h }\n";

#[test]
fn a_wait_for_events_that_no_subscription_sends_never_ends_and_one_for_a_status_is_slow() {
    let sends = |events: &[&str]| WebhookSubscription {
        events: events.iter().map(|&event| event.to_owned()).collect(),
        ..to_prod("PSUB001")
    };
    let triggered = prod(&["PSUB001"], vec![sends(&["incident.triggered"])]);
    let told = [
        told_of_waits(EVENT, &triggered),
        told_of_waits(STATUS, &triggered),
        told_of_waits(
            EVENT,
            &prod(&["PSUB001"], vec![sends(&["incident.annotated", "incident.triggered"])]),
        ),
        told_of_waits(&EVENT.replace("prod", "staging"), &triggered),
        told_of_waits(&EVENT.replace("prod", "chat"), &triggered),
    ];
    insta::assert_snapshot!(told.join("\n\n"), @"
    problem      No subscription sends events that steps of the workflow waiting wait for: incident.annotated. They never end such a wait.
                 Add the events to a subscription in PagerDuty, or make another one:
                 pagerflow webhook subscribe prod --events incident.annotated

    1 problem.

    warning      No subscription sends the workflow waiting the events after which it would look at an incident at once: incident.acknowledged. It looks every quarter of an hour.
                 Add the events to a subscription in PagerDuty, or make another one:
                 pagerflow webhook subscribe prod --events incident.acknowledged

    1 warning.

    ok           The events come that steps of the workflow waiting wait for.

    Nothing is wrong.

    problem      The workflow waiting waits for incidents of the integration staging, which is not there.
                 pagerflow integration add staging

    1 problem.

    problem      The workflow waiting waits for incidents of the integration chat, which is of the type slack.
                 Name one of PagerDuty in the workflow, and apply it again.

    1 problem.
    ");
}

#[test]
fn events_that_come_to_the_url_of_another_workflow_do_not_come_to_a_wait() {
    let of_another = WebhookSubscription {
        events: vec!["incident.annotated".to_owned(), "incident.triggered".to_owned()],
        ..to_workflow("PSUB001", "another")
    };
    let told = told_of_waits(EVENT, &prod(&["PSUB001"], vec![of_another]));
    assert!(told.starts_with("problem"), "{told}");
}

#[test]
fn an_integration_that_steps_use_and_that_is_not_there_or_of_another_type_is_a_problem() {
    let source = "name: outage\nsteps:\n  \
                  - { uses: slack.post_message, with: { integration: chat, channel: C1, text: Hello } }\n  \
                  - { uses: slack.post_message, with: { integration: chat, channel: C2, text: Hello } }\n  \
                  - { uses: slack.post_message, with: { integration: prod, channel: C1, text: Hello } }\n  \
                  - { uses: pagerduty.get_incident, with: { integration: prod, incident_id: Q1 } }\n  \
                  - { uses: pagerduty.get_incident, with: { integration: staging, incident_id: Q1 } }\n";
    let definition = Definition::from_source(source, catalog()).unwrap();
    let all = inventory(vec![]).integrations;
    let judge = |is_wanted: &dyn Fn(&IntegrationAlias) -> bool| {
        let findings = uses::judge(&workflow("outage", "prod", &[]), &definition, &all, &is_wanted);
        finding::text(&findings, Screen::plain())
    };
    insta::assert_snapshot!(judge(&|_| true), @"
    problem      A step of the workflow outage uses slack.post_message with the integration chat, which is not there.
                 pagerflow integration add chat --type slack
    problem      A step of the workflow outage uses slack.post_message with the integration prod, which is of the type pagerduty.
                 Name one of the type slack in the workflow, and apply it again.
    problem      A step of the workflow outage uses pagerduty.get_incident with the integration staging, which is not there.
                 pagerflow integration add staging

    3 problems.
    ");
    assert!(!judge(&|alias| alias.as_str() == "prod").contains("chat"));
}

#[test]
fn a_workflow_for_events_of_a_system_that_sends_none_is_a_problem() {
    let mut all = inventory(vec![]).integrations;
    all[0].kind = IntegrationKind::Connector(platform::table::ConnectorAccount {
        type_name: "slack".parse().unwrap(),
        fields: [].into(),
        hosts: vec!["slack.com".to_owned()],
    });
    let finding = workflows::sends_no_events(&workflow("outage", "prod", &[]), &all).unwrap();
    insta::assert_snapshot!(finding::text(&[finding], Screen::plain()), @"
    problem      The workflow outage is for events of the integration prod, which is of the type slack and sends none.
                 Name an integration of PagerDuty in `on.pagerduty`, and apply it again.

    1 problem.
    ");
    assert_eq!(
        workflows::sends_no_events(&workflow("outage", "staging", &[]), &all),
        None
    );
}

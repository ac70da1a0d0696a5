use super::*;
use crate::output::as_json;
use platform::table::{AwaitedTypes, TriggerRecord, WorkflowSchedule, WorkflowState};

fn workflow(id: &str, webhook: WebhookKind, events: &[&str]) -> WorkflowRecord {
    WorkflowRecord {
        workflow: id.parse().unwrap(),
        state: WorkflowState::Enabled,
        active_version: workflow::ids::WorkflowVersion(1),
        trigger: Some(TriggerRecord {
            integration: "prod".parse().unwrap(),
            webhook,
            events: events.iter().map(|&event| event.to_owned()).collect(),
            filters: workflow::triggers::Filters::default(),
            when: None,
        }),
        awaits: AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
    }
}

fn prod() -> IntegrationAlias {
    "prod".parse().unwrap()
}

#[test]
fn the_events_are_those_that_the_workflows_ask_for_unless_others_are_named() {
    let workflows = [
        workflow("a", WebhookKind::V3, &["incident.triggered", "incident.resolved"]),
        workflow("b", WebhookKind::V3, &["incident.triggered", "incident.annotated"]),
    ];
    assert_eq!(
        events(vec![], &workflows, &prod()).unwrap(),
        ["incident.annotated", "incident.resolved", "incident.triggered"]
    );
    let twice = vec!["incident.escalated".to_owned(), "incident.escalated".to_owned()];
    assert_eq!(events(twice, &workflows, &prod()).unwrap(), ["incident.escalated"]);
}

#[test]
fn the_events_that_steps_wait_for_are_asked_for_as_well() {
    let awaits =
        |alias: &str| AwaitedTypes::from([(alias.parse().unwrap(), ["incident.acknowledged".to_owned()].into())]);
    let starts = workflow("a", WebhookKind::V3, &["incident.triggered"]);
    let only_waits = WorkflowRecord {
        trigger: None,
        awaits: awaits("prod"),
        ..starts.clone()
    };
    let of_another = WorkflowRecord {
        awaits: awaits("staging"),
        ..starts.clone()
    };
    assert_eq!(
        events(vec![], &[starts, only_waits], &prod()).unwrap(),
        ["incident.acknowledged", "incident.triggered"]
    );
    assert_eq!(events(vec![], &[of_another], &prod()).unwrap(), ["incident.triggered"]);
}

#[test]
fn without_a_workflow_and_without_events_nobody_knows_what_is_wanted() {
    insta::assert_snapshot!(events(vec![], &[], &prod()).unwrap_err(), @"
    no enabled workflow takes V3 webhooks of prod or waits for its events, so it is not known which events are wanted
    Apply a workflow first with `pagerflow workflow apply`, or name the events with --events.
    ");
}

#[test]
fn a_workflow_that_the_webhooks_could_not_start_is_refused() {
    let mut by_hand = workflow("a", WebhookKind::V3, &["incident.triggered"]);
    by_hand.trigger = None;
    let refusal =
        |record: &WorkflowRecord, alias: &str| check(record, &alias.parse().unwrap()).unwrap_err().to_string();
    let v3 = workflow("a", WebhookKind::V3, &["incident.triggered"]);
    assert!(check(&v3, &prod()).is_ok());
    let told = [
        refusal(&by_hand, "prod"),
        refusal(&v3, "staging"),
        refusal(&workflow("a", WebhookKind::V2, &["incident.triggered"]), "prod"),
    ];
    insta::assert_snapshot!(told.join("\n"), @"
    no webhook starts the workflow a: its definition has no `on.pagerduty`
    the workflow a is for webhooks of the integration prod, not of staging
    the URL of the workflow a takes V2 webhooks; `pagerflow webhook url a` says how to set one up
    ");
}

fn plan_of_prod() -> Plan {
    let leads_to = KeyScope::Integration(prod());
    Plan {
        alias: prod(),
        url: url_of("https://example.com", &leads_to),
        leads_to,
        scope: SubscriptionScope::Service("PABC123".parse().unwrap()),
        events: vec!["incident.resolved".to_owned(), "incident.triggered".to_owned()],
        description: "Pagerflow".to_owned(),
        key: ApiKey::generate().unwrap(),
        key_is_new: true,
        secret_name: "n".to_owned(),
        before: HashSet::new(),
    }
}

#[test]
fn what_was_made_is_told_without_the_key() {
    let plan = plan_of_prod();
    let (key, id) = (plan.key.expose().to_owned(), plan.key.id().to_string());
    let pinged = Ok(Pinged::Arrived {
        seconds: 2,
        leads_to_workflow: true,
    });

    let subscribed = Subscribed::new(plan, "PSUB001".parse().unwrap(), pinged);
    let (text, view) = (subscribed.text(Screen::plain()), as_json(&subscribed));

    assert!(!text.contains(&key) && !view.to_string().contains(&key));
    insta::assert_snapshot!(text.replace(&id, "aaaaaaaaaaaa"), @"
    Made the webhook subscription PSUB001 of prod. Its signing secret is stored.

      URL     https://example.com/integrations/prod/webhooks
      scope   service PABC123
      events  incident.resolved, incident.triggered
      key     aaaaaaaaaaaa, made for it; PagerDuty has it, and no other sender needs it

    The ping has arrived, after 2 s: key and signature are right.
    ");
    let json = serde_json::to_string_pretty(&view).unwrap();
    insta::assert_snapshot!(json.replace(&id, "aaaaaaaaaaaa"), @r#"
    {
      "description": "Pagerflow",
      "events": [
        "incident.resolved",
        "incident.triggered"
      ],
      "integration": "prod",
      "key_id": "aaaaaaaaaaaa",
      "key_is_new": true,
      "ping": "arrived",
      "scope": "service PABC123",
      "subscription": "PSUB001",
      "webhook_url": "https://example.com/integrations/prod/webhooks"
    }
    "#);
}

#[test]
fn one_that_could_not_be_pinged_is_made_all_the_same() {
    let failed = Err("PagerDuty answered 500".to_owned());
    let subscribed = Subscribed::new(plan_of_prod(), "PSUB001".parse().unwrap(), failed);
    let text = subscribed.text(Screen::plain());
    assert!(text.starts_with("Made the webhook subscription PSUB001"), "{text}");
    assert!(
        text.ends_with("Try again with `pagerflow webhook test prod PSUB001`."),
        "{text}"
    );
}

#[test]
fn a_subscription_that_gets_the_same_webhooks_already_is_seen() {
    let plan = plan_of_prod();
    let subscription = WebhookSubscription {
        id: "PSUB001".parse().unwrap(),
        url: plan.url.clone(),
        scope: Some(plan.scope.clone()),
        events: plan.events.clone(),
        description: Some(plan.description.clone()),
        active: true,
        temporarily_disabled: false,
    };
    assert_eq!(twin(&plan, std::slice::from_ref(&subscription)), Some(&subscription));
    let of_account = WebhookSubscription {
        scope: Some(SubscriptionScope::Account),
        ..subscription
    };
    assert_eq!(twin(&plan, &[of_account]), None);
}

use super::super::fakes::{Fault, PagerDuty, signing_secrets};
use super::*;
use platform::secrets::SecretsInMemory;
use rstest::rstest;
use std::cell::RefCell;

/// The table, as far as keys are concerned.
#[derive(Default)]
struct Keys {
    stored: RefCell<Vec<ApiKeyRecord>>,
    revoked: RefCell<Vec<KeyId>>,
    fails: bool,
    /// Whether the subscription was active when the key was stored.
    seen_active: RefCell<Vec<bool>>,
}

/// Keys that look at PagerDuty when they are stored.
struct Looking<'a>(&'a Keys, &'a PagerDuty);

impl KeyStore for Looking<'_> {
    async fn put(&self, key: &ApiKeyRecord) -> Result<(), StoreError> {
        let now = subscriptions(self.1).await;
        self.0.seen_active.borrow_mut().extend(now.iter().map(|it| it.active));
        if self.0.fails {
            return Err(StoreError::Unavailable {
                operation: "store the API key",
                cause: "access denied".into(),
            });
        }
        self.0.stored.borrow_mut().push(key.clone());
        Ok(())
    }

    async fn revoke(&self, id: &KeyId, _: Timestamp) -> Result<(), StoreError> {
        self.0.revoked.borrow_mut().push(id.clone());
        Ok(())
    }
}

async fn subscriptions(pagerduty: &PagerDuty) -> Vec<WebhookSubscription> {
    let account = pagerduty.looking.account(&pagerduty.token);
    list_webhook_subscriptions(&account, async |_| {}).await.unwrap().list
}

fn plan() -> Plan {
    Plan {
        alias: "prod".parse().unwrap(),
        leads_to: KeyScope::Integration("prod".parse().unwrap()),
        url: "http://127.0.0.1:9/integrations/prod/webhooks".to_owned(),
        scope: SubscriptionScope::Account,
        events: vec!["incident.triggered".to_owned()],
        description: "Pagerflow".to_owned(),
        key: ApiKey::generate().unwrap(),
        key_is_new: true,
        secret_name: "pagerflow/signing-secrets/prod".to_owned(),
        before: HashSet::new(),
    }
}

async fn make(
    pagerduty: &PagerDuty,
    keys: &Keys,
    secrets: &SecretsInMemory,
    plan: &Plan,
) -> Result<WebhookSubscription, NotMade> {
    let maker = Maker {
        account: pagerduty.client.account(&pagerduty.token),
        keys: &Looking(keys, pagerduty),
        secrets,
        now: "2026-11-20T09:30:00Z".parse().unwrap(),
    };
    maker.make(plan, async |_| {}).await
}

#[tokio::test]
async fn a_subscription_is_active_only_once_its_key_and_its_secret_are_stored() {
    let (pagerduty, keys, secrets, plan) = (
        PagerDuty::with(Fault::None).await,
        Keys::default(),
        SecretsInMemory::default(),
        plan(),
    );

    let made = make(&pagerduty, &keys, &secrets, &plan).await.unwrap();

    assert_eq!(*keys.seen_active.borrow(), [false]);
    assert!(
        signing_secrets(&secrets).contains(made.id.as_str()),
        "{}",
        signing_secrets(&secrets)
    );
    assert!(made.active);
    assert_eq!(subscriptions(&pagerduty).await, std::slice::from_ref(&made));
    let stored = keys.stored.borrow();
    assert_eq!(stored[0].name, format!("PagerDuty {}", made.id));
    assert!(stored[0].admits(&plan.key, &plan.leads_to));
}

#[tokio::test]
async fn a_key_that_somebody_has_is_neither_stored_nor_revoked() {
    let (pagerduty, keys, secrets) = (
        PagerDuty::with(Fault::None).await,
        Keys::default(),
        SecretsInMemory::default(),
    );
    let plan = Plan {
        key_is_new: false,
        ..plan()
    };

    make(&pagerduty, &keys, &secrets, &plan).await.unwrap();
    secrets.refuse_writes(true);
    make(&pagerduty, &keys, &secrets, &plan).await.unwrap_err();

    assert_eq!((keys.stored.borrow().len(), keys.revoked.borrow().len()), (0, 0));
}

/// What fails, and what is left then.
#[rstest]
#[case::pagerduty_out_of_reach(Fault::NotSent("POST"), false, false)]
#[case::the_answer_to_the_creation_is_lost(Fault::AnswerLost("POST"), false, false)]
#[case::key_not_stored(Fault::None, true, false)]
#[case::secret_not_stored(Fault::None, false, true)]
#[case::not_activated(Fault::NotSent("PUT"), false, false)]
#[case::activated_without_an_answer(Fault::AnswerLost("PUT"), false, false)]
#[tokio::test]
async fn what_fails_on_the_way_is_undone(#[case] fault: Fault, #[case] key_fails: bool, #[case] secret_fails: bool) {
    let pagerduty = PagerDuty::with(fault).await;
    let keys = Keys {
        fails: key_fails,
        ..Keys::default()
    };
    let secrets = SecretsInMemory::default();
    secrets.refuse_writes(secret_fails);

    let error = make(&pagerduty, &keys, &secrets, &plan()).await.unwrap_err();

    assert_eq!(error.left, [], "{error}");
    assert!(
        error.to_string().ends_with("Nothing is left of the attempt."),
        "{error}"
    );
    assert_eq!(subscriptions(&pagerduty).await, []);
    let live = keys
        .stored
        .borrow()
        .iter()
        .filter(|key| !keys.revoked.borrow().contains(&key.key_id))
        .count();
    assert_eq!(live, 0);
    assert!(
        ["", r#"{"subscriptions":{}}"#].contains(&signing_secrets(&secrets).as_str()),
        "{}",
        signing_secrets(&secrets)
    );
}

#[tokio::test]
async fn what_can_not_be_undone_is_told_with_the_command_that_does_it() {
    let pagerduty = PagerDuty::with(Fault::NotSent("DELETE")).await;
    let (keys, secrets) = (Keys::default(), SecretsInMemory::default());
    secrets.refuse_writes(true);

    let error = make(&pagerduty, &keys, &secrets, &plan()).await.unwrap_err();

    let id = &subscriptions(&pagerduty).await[0].id;
    assert_eq!(error.left, [Made::Subscription(id.clone())]);
    let told = error.to_string();
    assert!(told.starts_with("the signing secret was not stored"), "{told}");
    assert!(
        told.contains(&format!("`pagerflow webhook unsubscribe prod {id}`")),
        "{told}"
    );
    assert!(!subscriptions(&pagerduty).await[0].active, "it gets no webhooks");
}

#[tokio::test]
async fn the_eleventh_subscription_of_a_scope_is_refused_with_what_to_do() {
    let (pagerduty, keys, secrets) = (
        PagerDuty::with(Fault::None).await,
        Keys::default(),
        SecretsInMemory::default(),
    );
    for _ in 0..10 {
        make(&pagerduty, &keys, &secrets, &plan()).await.unwrap();
    }

    let error = make(&pagerduty, &keys, &secrets, &plan())
        .await
        .unwrap_err()
        .to_string();

    insta::assert_snapshot!(error, @"
    the subscription was not made, because PagerDuty allows ten for each service, each team and the account, and the account has them
    Remove one that is not needed with `pagerflow webhook unsubscribe prod ID` (`pagerflow webhook list prod` shows them), or choose another scope with --service or --team. One to the URL of the integration serves all its workflows.
    Nothing is left of the attempt.
    ");
    assert_eq!(keys.stored.borrow().len(), 10);
}

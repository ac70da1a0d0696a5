use super::super::fakes::{Fault, PagerDuty};
use super::*;
use pagerduty::client::{NewWebhookSubscription, SubscriptionScope};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};

/// A log that has, at each look, what it is told.
struct Log {
    looks: RefCell<Vec<Result<Vec<Value>, String>>>,
}

impl DeliveryLog for Log {
    async fn lines(&self, of: &SubscriptionId, _: Timestamp) -> Result<Vec<LogLine>, String> {
        let mut looks = self.looks.borrow_mut();
        // The last one stays.
        let look = if looks.len() > 1 {
            looks.remove(0)
        } else {
            looks[0].clone()
        };
        let line = |(position, mut line): (usize, Value)| {
            line["subscription"] = json!(of);
            LogLine {
                id: position.to_string(),
                text: line.to_string(),
            }
        };
        look.map(|lines| lines.into_iter().enumerate().map(line).collect())
    }
}

fn arrived() -> Value {
    json!({"level": "INFO", "message": "delivery accepted", "events": "[{\"outcome\":\"ignored\",\"reason\":\"ping\"}]"})
}

fn refused() -> Value {
    json!({"level": "INFO", "message": "delivery refused", "reason": "no signature fits a signing secret"})
}

fn not_taken() -> Value {
    json!({"level": "ERROR", "message": "delivery not taken; it will be sent again", "reason": "no secret"})
}

/// What becomes of a ping where the log has this at each look, and for how many seconds it was waited.
async fn pinged(looks: Vec<Result<Vec<Value>, String>>) -> (Pinged, u64) {
    let pagerduty = PagerDuty::with(Fault::None).await;
    let account = pagerduty.client.account(&pagerduty.token);
    let new = NewWebhookSubscription {
        url: "http://127.0.0.1:9/integrations/prod/webhooks",
        custom_header: ("x-api-key", &"key".into()),
        scope: &SubscriptionScope::Account,
        events: &["incident.triggered".to_owned()],
        description: "Pagerflow",
        active: true,
    };
    let id = account.create_webhook_subscription(new).await.unwrap().subscription.id;
    let (log, waited) = (Log { looks: looks.into() }, Cell::new(0));
    let wait = async |time: Duration| waited.set(waited.get() + time.as_secs());
    let now = "2026-11-20T09:30:00Z".parse().unwrap();
    let pinged = ping(&account, &log, &id, now, wait).await.unwrap();
    (pinged, waited.get())
}

#[tokio::test]
async fn a_ping_has_arrived_when_the_ingress_has_logged_it() {
    let looks = vec![Ok(vec![]), Ok(vec![]), Ok(vec![arrived()])];
    let expected = Pinged::Arrived {
        seconds: 2,
        leads_to_workflow: true,
    };
    assert_eq!(pinged(looks).await, (expected, 2));
}

#[tokio::test]
async fn an_earlier_ping_is_not_taken_for_this_one() {
    let (pinged, waited) = pinged(vec![Ok(vec![arrived()])]).await;
    assert_eq!((pinged, waited), (Pinged::Lost, 60));
}

#[tokio::test]
async fn a_ping_that_is_refused_is_sent_once_more_when_the_secrets_are_read_again() {
    let twice = vec![
        Ok(vec![]),
        Ok(vec![refused()]),
        Ok(vec![refused()]),
        Ok(vec![refused(), arrived()]),
    ];
    let (answer, waited) = pinged(twice).await;
    assert!(answer.has_arrived(), "{answer:?}");
    assert_eq!(waited, 1 + 6 + 1);

    let never = vec![
        Ok(vec![]),
        Ok(vec![refused()]),
        Ok(vec![refused()]),
        Ok(vec![refused(), refused()]),
    ];
    let (answer, _) = pinged(never).await;
    assert_eq!(answer, Pinged::Refused("no signature fits a signing secret".to_owned()));
}

#[tokio::test]
async fn one_that_could_not_be_taken_is_waited_for_because_it_is_sent_again() {
    let looks = vec![Ok(vec![]), Ok(vec![not_taken()]), Ok(vec![not_taken(), arrived()])];
    assert!(pinged(looks).await.0.has_arrived());
    let (answer, _) = pinged(vec![Ok(vec![]), Ok(vec![not_taken()])]).await;
    assert_eq!(answer, Pinged::NotTaken("no secret".to_owned()));
}

#[tokio::test]
async fn where_the_log_can_not_be_read_nothing_is_claimed() {
    let denied = || Err("access denied".to_owned());
    assert_eq!(
        pinged(vec![denied()]).await,
        (Pinged::NotChecked("access denied".to_owned()), 0)
    );
    let (answer, _) = pinged(vec![Ok(vec![]), denied()]).await;
    assert_eq!(answer, Pinged::NotChecked("access denied".to_owned()));
}

#[test]
fn it_is_told_what_became_of_it_and_what_to_do() {
    let id: SubscriptionId = "PSUB001".parse().unwrap();
    let alias = "prod".parse().unwrap();
    let told: Vec<_> = [
        Pinged::Arrived {
            seconds: 2,
            leads_to_workflow: true,
        },
        Pinged::Arrived {
            seconds: 2,
            leads_to_workflow: false,
        },
        Pinged::Refused("no signature fits a signing secret".to_owned()),
        Pinged::NotTaken("no secret".to_owned()),
        Pinged::Lost,
        Pinged::NotChecked("access denied".to_owned()),
    ]
    .map(|pinged| format!("{}: {}", pinged, pinged.in_words(&alias, &id)))
    .into();
    insta::assert_snapshot!(told.join("\n\n"), @"
    arrived: The ping has arrived, after 2 s: key and signature are right.

    arrived: The ping has arrived, after 2 s: key and signature are right. But no enabled workflow is behind the URL; apply one with `pagerflow workflow apply`.

    refused: The ping has arrived and was refused: no signature fits a signing secret. After three refusals PagerDuty switches the subscription off.
    Key and secret can not be changed in PagerDuty: remove the subscription with `pagerflow webhook unsubscribe prod PSUB001` and make another with `pagerflow webhook subscribe prod`.

    not_taken: The ping has arrived and could not be taken: no secret.
    PagerDuty sends it again. `pagerflow doctor` tells what is out of order.

    lost: The ping was not seen within 60 s.
    Try again with `pagerflow webhook test prod PSUB001`; if it stays away, look at the subscription in PagerDuty, which tells of failed deliveries, and at `pagerflow doctor`.

    not_checked: PagerDuty sends the ping, but whether it arrives could not be seen: access denied.
    That needs the right to read the log of the ingress (logs:FilterLogEvents, cloudformation:ListStackResources).
    ");
}

//! The shipped functions, as they are, against PagerDuty in virtual time.

use super::*;
use platform::secrets::{Connection, Connections, SecretNames, SecretsInMemory};
use serde_json::{Value, json};

impl World {
    fn actions(&self) -> platform::action::PagerDuty<SecretsInMemory> {
        let token = Seed::ACCOUNT_TOKEN.into();
        let value = Connection::secret_value(&token, TokenKind::ApiToken, ServiceRegion::Eu, None).unwrap();
        let secrets = SecretsInMemory::holding("pagerflow/api-token/prod", value);
        let connections = Connections::new(secrets, SecretNames::new("pagerflow"));
        platform::action::PagerDuty::new(connections, Arc::new(self.pagerduty.clone()), None)
    }

    async fn attempt_to_create(&self, attempt: u32) -> Result<Value, String> {
        let input = json!({
            "integration": "prod",
            "title": "Memory at 97 %",
            "service": SERVICE,
            "escalation_policy": "PT20YPA",
            "from": ONCALL,
            "idempotency_key": "one",
            "attempt": attempt,
            "deadline": BASE + seconds(60),
        });
        let created = create_incident::handle(&self.actions(), input, self.clock.now()).await;
        created.map(|created| json!(created)).map_err(|error| error.to_string())
    }

    async fn attempt_to_resolve(&self, incident: &IncidentId, attempt: u32) -> Result<Value, String> {
        let input = json!({
            "integration": "prod",
            "incident_id": incident.as_str(),
            "from": ONCALL,
            "note": "Restarted",
            "idempotency_key": "two",
            "attempt": attempt,
        });
        let resolved = resolve_incident::handle(&self.actions(), input, self.clock.now()).await;
        resolved
            .map(|resolved| json!(resolved))
            .map_err(|error| error.to_string())
    }
}

#[tokio::test(start_paused = true)]
async fn f7_an_incident_whose_answer_was_lost_is_adopted_though_somebody_resolved_it() {
    let world = World::new(Script::new([Course::with(Fault::Reset(When::AfterEffect))]));
    world.attempt_to_create(1).await.unwrap_err();
    let person = world
        .account
        .set_status_at(BASE + seconds(5), "one", Status::Resolved, ONCALL);
    person.await.unwrap().unwrap();

    let adopted = world.attempt_to_create(2).await.unwrap();

    assert_eq!(adopted["status"], "resolved");
    assert_eq!(world.account.created("one").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn f9_a_note_whose_answer_was_lost_is_not_written_again() {
    let lost = Course::with(Fault::Reset(When::AfterEffect));
    let world = World::new(Script::new([Course::default(), Course::default(), lost]));
    world.create("one").await.unwrap();
    let [incident] = world.account.created("one").try_into().unwrap();

    world.attempt_to_resolve(&incident, 1).await.unwrap_err();
    world.attempt_to_resolve(&incident, 2).await.unwrap();

    assert_eq!(world.account.notes(&incident).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_an_action_counts_in_virtual_time() {
    let world = World::new(Course::with(Fault::Silent(When::BeforeEffect)));
    world.clock.sleep_until(BASE + seconds(57)).await;

    world.attempt_to_create(1).await.unwrap_err();

    assert_eq!(world.clock.now(), BASE + seconds(60));
}

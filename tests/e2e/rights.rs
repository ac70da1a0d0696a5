//! What each function's role is refused, asked for with the role's own credentials.
//!
//! The local AWS compares actions and resources with the policies that the template gives. It does not look at
//! `dynamodb:LeadingKeys`, at the state machine's role and at resource policies: those are tried on the policies themselves, by
//! `cargo xtask test --only template`.

use crate::{aws, lambda::Lambda};
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::StackInfo;
use serde_json::json;
use std::collections::BTreeMap;

const TOKEN: &str = "api-token/e2e-rights";
/// The secret of an integration of a connector.
const OF_CONNECTOR: &str = "integrations/slack/e2e-rights";
/// The secret of an integration with AWS.
const OF_AWS: &str = "integrations/aws/e2e-rights";
const SIGNING_SECRETS: &str = "signing-secrets/e2e-rights";

/// The secret that the stack itself has made.
const LINKS: &str = "approval-links";

/// A function's role, and somebody who has got hold of its credentials.
struct Intruder {
    stack: StackInfo,
    config: SdkConfig,
}

/// What somebody tries: its name, and whether it was refused.
type Tried = BTreeMap<&'static str, bool>;

impl Intruder {
    /// With the credentials of a function, which the template calls `function`.
    async fn into(function: &str) -> Self {
        let stack = StackInfo::from_env().unwrap();
        let config = aws::config(&stack);
        for name in [
            format!("{}/{TOKEN}", stack.secrets_prefix),
            format!("{}/{SIGNING_SECRETS}", stack.secrets_prefix),
            format!("{}/{OF_CONNECTOR}", stack.secrets_prefix),
            format!("{}/{OF_AWS}", stack.secrets_prefix),
            format!("of-another-stack/{TOKEN}"),
        ] {
            let create = aws_sdk_secretsmanager::Client::new(&config).create_secret().name(name);
            // Each test makes them, and one is the first.
            let _ = create.secret_string("not a secret").send().await;
        }
        let role = Lambda::new(&config).role_of(stack.function(function).unwrap()).await;
        let assume = aws_sdk_sts::Client::new(&config).assume_role().role_arn(role);
        let assumed = assume.role_session_name("intruder").send().await.unwrap();
        let assumed = assumed.credentials().unwrap();
        let credentials = Credentials::new(
            assumed.access_key_id(),
            assumed.secret_access_key(),
            Some(assumed.session_token().to_owned()),
            None,
            "the role of a function",
        );
        let config = config.into_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
        Self {
            stack,
            config: config.build(),
        }
    }

    async fn reads_secret(&self, prefix: &str, name: &str) -> bool {
        let client = aws_sdk_secretsmanager::Client::new(&self.config);
        let get = client.get_secret_value().secret_id(format!("{prefix}/{name}"));
        !is_refused(get.send().await)
    }

    async fn reads_table(&self) -> bool {
        let get = aws_sdk_dynamodb::Client::new(&self.config)
            .get_item()
            .table_name(&self.stack.table_name);
        let get = get.key("pk", text("WORKFLOWS")).key("sk", text("e2e-rights"));
        !is_refused(get.send().await)
    }

    /// What no function's role may do, whichever it is.
    async fn tries_what_none_may(&self) -> Tried {
        let prefix = &self.stack.secrets_prefix;
        let table = &self.stack.table_name;
        let secrets = aws_sdk_secretsmanager::Client::new(&self.config);
        let dynamodb = aws_sdk_dynamodb::Client::new(&self.config);
        let states = aws_sdk_sfn::Client::new(&self.config);
        let sqs = aws_sdk_sqs::Client::new(&self.config);
        let lambda = Lambda::new(&self.config);
        let sts = aws_sdk_sts::Client::new(&self.config);
        #[expect(clippy::disallowed_methods, reason = "it is to be refused")]
        let scan = dynamodb.scan();
        let another_machine = self.stack.state_machine_arn.replace("-workflow", "-other");
        let execution = self.stack.state_machine_arn.replace(":stateMachine:", ":execution:");
        let role = "arn:aws:iam::000000000000:role/another";
        BTreeMap::from([
            (
                "reads a secret of another stack",
                is_refused(
                    secrets
                        .get_secret_value()
                        .secret_id(format!("of-another-stack/{TOKEN}"))
                        .send()
                        .await,
                ),
            ),
            (
                "writes a secret",
                is_refused(
                    secrets
                        .put_secret_value()
                        .secret_id(format!("{prefix}/{TOKEN}"))
                        .secret_string("another")
                        .send()
                        .await,
                ),
            ),
            ("lists secrets", is_refused(secrets.list_secrets().send().await)),
            (
                "deletes from the table",
                is_refused(
                    dynamodb
                        .delete_item()
                        .table_name(table)
                        .key("pk", text("RUN#e2e-rights"))
                        .key("sk", text("nothing"))
                        .send()
                        .await,
                ),
            ),
            ("scans the table", is_refused(scan.table_name(table).send().await)),
            (
                "reads another table",
                is_refused(
                    dynamodb
                        .get_item()
                        .table_name("another")
                        .key("pk", text("WORKFLOWS"))
                        .send()
                        .await,
                ),
            ),
            (
                "starts an execution of another state machine",
                is_refused(states.start_execution().state_machine_arn(another_machine).send().await),
            ),
            (
                "stops an execution",
                is_refused(
                    states
                        .stop_execution()
                        .execution_arn(format!("{execution}:e2e-rights"))
                        .send()
                        .await,
                ),
            ),
            (
                "reads unreadable webhooks",
                is_refused(
                    sqs.receive_message()
                        .queue_url(&self.stack.dead_letter_queue_url)
                        .send()
                        .await,
                ),
            ),
            (
                "empties the start-buffer",
                is_refused(sqs.purge_queue().queue_url(&self.stack.start_buffer_url).send().await),
            ),
            (
                "calls a function",
                lambda
                    .try_to_invoke(self.stack.function("ResolveIncident").unwrap(), &json!({}))
                    .await
                    .is_refused(),
            ),
            (
                "changes a function",
                lambda
                    .try_to_change(self.stack.function("CreateIncident").unwrap())
                    .await
                    .is_refused(),
            ),
            (
                "takes on another role",
                is_refused(
                    sts.assume_role()
                        .role_arn(role)
                        .role_session_name("intruder")
                        .send()
                        .await,
                ),
            ),
        ])
    }

    /// What only those that handle runs may do, in one way or another.
    async fn tries_what_actions_may_not(&self) -> Tried {
        let states = aws_sdk_sfn::Client::new(&self.config);
        let sqs = aws_sdk_sqs::Client::new(&self.config);
        let put = aws_sdk_dynamodb::Client::new(&self.config).put_item();
        let put = put
            .table_name(&self.stack.table_name)
            .item("pk", text("RUN#e2e-rights"));
        let start = states
            .start_execution()
            .state_machine_arn(&self.stack.state_machine_arn);
        let send = sqs.send_message().queue_url(&self.stack.start_buffer_url);
        BTreeMap::from([
            ("reads the table", !self.reads_table().await),
            (
                "writes the table",
                is_refused(put.item("sk", text("nothing")).send().await),
            ),
            ("starts a run", is_refused(start.send().await)),
            (
                "puts a run into the start-buffer",
                is_refused(send.message_body("{}").send().await),
            ),
        ])
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// True if AWS says that this caller may not do this. Another error means that he may, and that it did not work.
fn is_refused<T, E: ProvideErrorMetadata>(answer: Result<T, E>) -> bool {
    let refusal = answer.err();
    let code = refusal.as_ref().and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| code.starts_with("AccessDenied"))
}

fn assert_all_refused(function: &str, tried: &Tried) {
    let allowed: Vec<_> = tried.iter().filter(|(_, refused)| !**refused).collect();
    assert!(allowed.is_empty(), "{function}: {allowed:?}");
}

/// An action has the secrets of its own systems and what it makes links with, and nothing else of the stack.
async fn assert_is_confined(action: &str) {
    let (own, others) = match action {
        "CallHttp" => (OF_CONNECTOR, [TOKEN, OF_AWS]),
        "CallAws" => (OF_AWS, [TOKEN, OF_CONNECTOR]),
        _ => (TOKEN, [OF_CONNECTOR, OF_AWS]),
    };
    let intruder = Intruder::into(action).await;
    let prefix = &intruder.stack.secrets_prefix;

    assert!(intruder.reads_secret(prefix, own).await, "{action} lives by that");
    for of_another in others {
        assert!(
            !intruder.reads_secret(prefix, of_another).await,
            "{action}: {of_another}"
        );
    }
    assert!(intruder.reads_secret(prefix, LINKS).await, "{action} lives by that");
    assert!(!intruder.reads_secret(prefix, SIGNING_SECRETS).await, "{action}");
    assert_all_refused(action, &intruder.tries_what_none_may().await);
    assert_all_refused(action, &intruder.tries_what_actions_may_not().await);
}

#[tokio::test]
async fn a_function_of_actions_can_reach_the_secrets_of_its_systems_and_nothing_else() {
    for function in platform::catalog().functions() {
        assert_is_confined(function).await;
    }
}

#[tokio::test]
async fn webhook_ingress_cannot_reach_tokens_or_the_work_of_others() {
    let intruder = Intruder::into("WebhookIngress").await;
    let prefix = &intruder.stack.secrets_prefix;
    let update = aws_sdk_dynamodb::Client::new(&intruder.config).update_item();
    let update = update
        .table_name(&intruder.stack.table_name)
        .key("pk", text("RUN#e2e-rights"));
    let receive = aws_sdk_sqs::Client::new(&intruder.config).receive_message();

    assert!(intruder.reads_secret(prefix, SIGNING_SECRETS).await, "it lives by that");
    assert!(intruder.reads_table().await);
    assert!(!intruder.reads_secret(prefix, TOKEN).await);
    assert!(!intruder.reads_secret(prefix, OF_CONNECTOR).await);
    assert!(is_refused(update.key("sk", text("nothing")).send().await));
    assert!(is_refused(
        receive.queue_url(&intruder.stack.start_buffer_url).send().await
    ));
    assert_all_refused("WebhookIngress", &intruder.tries_what_none_may().await);
}

#[tokio::test]
async fn the_pages_of_approvals_can_reach_the_secret_of_links_and_no_other_and_start_nothing() {
    let intruder = Intruder::into("Approvals").await;
    let prefix = &intruder.stack.secrets_prefix;
    let start = aws_sdk_sfn::Client::new(&intruder.config).start_execution();
    let put = aws_sdk_dynamodb::Client::new(&intruder.config).put_item();
    let put = put
        .table_name(&intruder.stack.table_name)
        .item("pk", text("APPROVAL#e2e-rights"));

    assert!(intruder.reads_secret(prefix, LINKS).await, "they live by that");
    assert!(intruder.reads_table().await);
    assert!(!intruder.reads_secret(prefix, TOKEN).await);
    assert!(!intruder.reads_secret(prefix, OF_CONNECTOR).await);
    assert!(!intruder.reads_secret(prefix, SIGNING_SECRETS).await);
    assert!(is_refused(put.item("sk", text("APPROVAL")).send().await));
    assert!(is_refused(
        start.state_machine_arn(&intruder.stack.state_machine_arn).send().await
    ));
    assert_all_refused("Approvals", &intruder.tries_what_none_may().await);
}

#[tokio::test]
async fn workflow_runner_cannot_reach_any_secret() {
    let intruder = Intruder::into("WorkflowRunner").await;
    let prefix = &intruder.stack.secrets_prefix;
    let query = aws_sdk_dynamodb::Client::new(&intruder.config).query();
    let query = query
        .table_name(&intruder.stack.table_name)
        .index_name("runs-by-day")
        .key_condition_expression("gsi2pk = :pk");
    let send = aws_sdk_sqs::Client::new(&intruder.config)
        .send_message()
        .message_body("{}");

    assert!(intruder.reads_table().await, "it lives by that");
    assert!(!intruder.reads_secret(prefix, TOKEN).await);
    assert!(!intruder.reads_secret(prefix, OF_CONNECTOR).await);
    assert!(!intruder.reads_secret(prefix, SIGNING_SECRETS).await);
    assert!(!intruder.reads_secret(prefix, LINKS).await);
    assert!(is_refused(
        query
            .expression_attribute_values(":pk", text("RUNS#2026-11-30#0"))
            .send()
            .await
    ));
    assert!(is_refused(
        send.queue_url(&intruder.stack.start_buffer_url).send().await
    ));
    assert_all_refused("WorkflowRunner", &intruder.tries_what_none_may().await);
}

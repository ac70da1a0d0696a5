use crate::harness::Contract;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use vendors::google_cloud::{ACCOUNT, GoogleCloud};

/// A key that was made for these tests, in base64.
const KEY: &str = include_str!("google_cloud.key");

/// The account whose key is the secret.
pub(crate) const SECRET: &str = ACCOUNT;
/// An account that Google does not know.
pub(crate) const WRONG: Option<(&str, &str)> = Some(("other@acme-prod.iam.gserviceaccount.com", "Unauthorized"));

fn key_file(account: &str) -> String {
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{KEY}-----END PRIVATE KEY-----\n");
    let key = json!({
        "type": "service_account", "project_id": "acme-prod", "private_key_id": "1", "private_key": pem, "client_email": account,
        "token_uri": "https://oauth2.googleapis.com/token",
    });
    key.to_string()
}

/// Holds a signature against the public half of the key.
fn is_signed(text: &[u8], signature: &[u8]) -> bool {
    let body: String = KEY.lines().collect();
    let der = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
    let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
    public.verify(text, signature).is_ok()
}

pub(crate) async fn contract(account: &str) -> Contract<GoogleCloud> {
    Contract::start("google_cloud", GoogleCloud::new(is_signed), &[("project", "acme-prod")], &key_file(account)).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_project", json!({}))
}

pub(crate) async fn every_action(google: &Contract<GoogleCloud>) {
    let machine = json!({"zone": "europe-west3-a", "instance": "worker-1"});
    assert_eq!(google.perform("get_project", json!({})).await["name"], "acme-prod");
    google.perform("start_instance", machine.clone()).await;
    assert_eq!(google.perform("get_instance", machine.clone()).await["status"], "RUNNING");
    google.perform("reset_instance", machine.clone()).await;
    google.perform("stop_instance", machine).await;
    assert_eq!(google.server.vendor(|google| (google.status, google.resets)), ("TERMINATED", 1));
    let listed = google.perform("list_instances", json!({"zone": "europe-west3-a"})).await;
    assert_eq!(listed["instances"][0]["name"], "worker-1");
    assert_eq!(google.perform("list_instances", json!({"zone": "europe-west3-b"})).await["instances"], json!([]));

    let service = json!({"region": "europe-west3", "service": "checkout"});
    assert_eq!(google.perform("get_run_service", service).await["latest_ready_revision"], "checkout-00042-kag");
    let traffic = json!({"region": "europe-west3", "service": "checkout", "revision": "checkout-00041-vox"});
    google.perform("set_run_traffic", traffic).await;
    assert_eq!(google.server.vendor(|google| google.traffic[0]["revision"].clone()), "checkout-00041-vox");
    let message = json!({"topic": "incidents", "attributes": {"incident": "Q1"}});
    assert_eq!(google.perform("publish_message", message).await["id"], "1");
    assert_eq!(google.server.vendor(|google| google.messages[0]["attributes"].clone()), json!({"incident": "Q1"}));
    let tokens = google.server.requests().iter().filter(|request| request.host == "oauth2.googleapis.com").count();
    assert_eq!(tokens, 1, "one access token does for all");

    let listed = json!({"zone": "europe-west3-a", "filter": "labels.service=worker"});
    google.perform("list_instances", listed).await;
}

#[tokio::test]
async fn what_google_refuses_is_told_in_its_words() {
    let google = contract(SECRET).await;
    let machine = json!({"zone": "europe-west3-a", "instance": "none"});
    google.refused("start_instance", machine).await.is("NotFound", "instances/none' was not found");
    let traffic = json!({"region": "europe-west3", "service": "checkout", "revision": "none"});
    google.refused("set_run_traffic", traffic).await.is("InvalidRequest", "Revision does not exist");
    google.server.answer_next(GoogleCloud::rate_exceeded());
    google.refused("get_project", json!({})).await.is("RateLimited", "Quota exceeded");
}

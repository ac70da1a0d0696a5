use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::azure::{Azure, CLIENT, SECRET as CLIENT_SECRET, SUBSCRIPTION, TENANT};

pub(crate) const SECRET: &str = CLIENT_SECRET;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another~client.secret", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Azure> {
    let fields = [("tenant", TENANT), ("client_id", CLIENT), ("subscription", SUBSCRIPTION)];
    Contract::start("azure", Azure::default(), &fields, secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_subscription", json!({}))
}

pub(crate) async fn every_action(azure: &Contract<Azure>) {
    let machine = json!({"resource_group": "production", "vm": "worker-1"});
    assert_eq!(azure.perform("get_subscription", json!({})).await["name"], "Production");
    assert_eq!(azure.perform("list_vms", json!({})).await["vms"][0]["name"], "worker-1");
    azure.perform("start_vm", machine.clone()).await;
    assert_eq!(azure.perform("get_vm", machine.clone()).await["power_state"], "PowerState/running");
    azure.perform("restart_vm", machine.clone()).await;
    azure.perform("restart_web_app", json!({"resource_group": "production", "app": "checkout"})).await;
    assert_eq!(azure.server.vendor(|azure| azure.restarts), (1, 1));
    azure.perform("deallocate_vm", machine).await;
    assert_eq!(azure.server.vendor(|azure| azure.power_state), "PowerState/deallocated");
}

#[tokio::test]
async fn what_azure_refuses_is_told_in_its_words() {
    let azure = contract(SECRET).await;
    let machine = |group: &str, name: &str| json!({"resource_group": group, "vm": name});
    azure.refused("start_vm", machine("none", "worker-1")).await.is("NotFound", "Resource group 'none' could not be found");
    azure.refused("get_vm", machine("production", "none")).await.is("NotFound", "ResourceNotFound");
    azure.refused("restart_vm", machine("production", "worker-1")).await.is("InvalidRequest", "The VM is not running");
}

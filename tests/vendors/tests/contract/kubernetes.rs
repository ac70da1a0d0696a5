use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::kubernetes::{Kubernetes, TOKEN};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-token", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Kubernetes> {
    Contract::start("kubernetes", Kubernetes::default(), &[("host", "k8s.acme.example:6443")], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get_self", json!({}))
}

pub(crate) async fn every_action(kubernetes: &Contract<Kubernetes>) {
    let of = |more: Value| {
        let mut input = json!({"namespace": "shop"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    assert_eq!(kubernetes.perform("get_self", json!({})).await["user"], "system:serviceaccount:ops:pagerflow");
    let namespaces = kubernetes.perform("list_namespaces", json!({})).await;
    assert_eq!(namespaces["namespaces"].as_array().unwrap().len(), 260);
    let deployments = kubernetes.perform("list_deployments", of(json!({"labels": "app=checkout"}))).await;
    assert_eq!(deployments["deployments"][0]["metadata"]["name"], "checkout");

    let checkout = of(json!({"deployment": "checkout"}));
    let before = kubernetes.perform("get_deployment", checkout.clone()).await;
    assert_eq!((&before["ready"], &before["images"]), (&json!(2), &json!(["acme/checkout:v1.4.2"])));
    let restarted = kubernetes.attempt("restart_deployment", checkout.clone(), "key-1", 1).await.unwrap();
    assert_eq!(restarted["generation"], 2);
    let again = kubernetes.attempt("restart_deployment", checkout.clone(), "key-1", 2).await.unwrap();
    assert_eq!(again["generation"], 2, "a repeat restarts nothing");
    let labels = kubernetes.server.vendor(|kubernetes| kubernetes.deployment["spec"]["template"]["metadata"]["labels"].clone());
    assert_eq!(labels, json!({"app": "checkout"}), "what was there stays");
    let scaled = kubernetes.perform("scale_deployment", of(json!({"deployment": "checkout", "replicas": 6}))).await;
    assert_eq!(scaled["replicas"], 6);

    let pods = kubernetes.perform("list_pods", of(json!({"labels": "app=checkout", "fields": "status.phase=Running"}))).await;
    assert_eq!(pods["names"].as_array().unwrap().len(), 2);
    let pod = pods["names"][0].clone();
    let log = kubernetes.perform("get_pod_logs", of(json!({"pod": pod, "lines": 2}))).await;
    assert_eq!(log["text"], "listening\nout of memory\n");
    kubernetes.perform("delete_pod", of(json!({"pod": pod}))).await;
    assert_eq!(kubernetes.server.vendor(|kubernetes| kubernetes.pods.len()), 1);

    kubernetes.perform("cordon_node", json!({"node": "node-1"})).await;
    assert_eq!(kubernetes.server.vendor(|kubernetes| kubernetes.node["spec"].clone()), json!({"unschedulable": true}));
    kubernetes.perform("cordon_node", json!({"node": "node-1", "unschedulable": false})).await;
    assert_eq!(kubernetes.server.vendor(|kubernetes| kubernetes.node["spec"].clone()), json!({"unschedulable": false}));

    let pod = json!({"namespace": "shop", "pod": "checkout-7d4f8b6c9-k9m2p", "container": "web", "previous": false});
    assert_eq!(kubernetes.perform("get_pod_logs", pod).await["text"], "started\nlistening\nout of memory\n");
}

#[tokio::test]
async fn what_kubernetes_refuses_is_told_in_its_words() {
    let kubernetes = contract(SECRET).await;
    let input = json!({"namespace": "shop", "deployment": "none"});
    kubernetes.refused("restart_deployment", input).await.is("NotFound", "deployments.apps \"none\" not found");
    let input = json!({"namespace": "kube-system", "labels": "a=b"});
    kubernetes.refused("list_pods", input).await.is("Forbidden", "cannot do this");
    let input = json!({"namespace": "shop", "pod": "checkout-7d4f8b6c9-x2x7q", "previous": true});
    kubernetes.refused("get_pod_logs", input).await.is("InvalidRequest", "previous terminated container");
}

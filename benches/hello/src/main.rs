//! A Lambda function that does nothing: what the start and the size of the real ones are measured against.
//!
//! It is in no template, and so nothing of it is deployed.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |_: LambdaEvent<Value>| {
        Ok::<_, Error>(json!({ "message": "hello" }))
    }))
    .await
}

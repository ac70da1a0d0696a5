//! The SDK's configuration for the local AWS, as the functions have it.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use local_aws::StackInfo;
use platform::aws::{Patience, sdk_config};

pub(crate) fn config(stack: &StackInfo) -> SdkConfig {
    let settings = stack.environment();
    let lookup = |name: &str| {
        settings
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let credentials = Credentials::new(&stack.access_key_id, &stack.secret_access_key, None, None, "stack");
    let config = sdk_config(lookup, Patience::Task).unwrap().into_builder();
    config
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

//! The environment that tools and the emulator get.

use std::env;
use std::process::Command;

/// The account of the local AWS. ministack takes an access key of twelve digits as the root of the account of that number.
pub(crate) const ACCESS_KEY_ID: &str = "000000000000";
/// Any secret will do.
pub(crate) const SECRET_ACCESS_KEY: &str = "local";
/// The region of the local AWS.
pub(crate) const REGION: &str = "us-east-1";

/// Takes away what cargo told this program of its own package. Build scripts (that of `ring`, on which much depends) look at it,
/// and all would be compiled again whenever somebody calls cargo by hand and through this program in turns.
pub fn without_own_package(command: &mut Command) -> &mut Command {
    let is_of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_package)) {
        command.env_remove(name);
    }
    command
}

/// Takes away everything by which `command` could find a real AWS account, and gives it the local one.
pub(crate) fn only_local_aws(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost")
}

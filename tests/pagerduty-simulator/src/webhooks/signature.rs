//! The signature of V3 webhooks.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// The value of `x-pagerduty-signature` for `body`: `v1=` and the HMAC-SHA256 of the bytes in lower-case hexadecimal.
///
/// The key is the secret's text as it stands. It looks like base64, but is not decoded.
pub fn sign(secret: &Secret, body: &[u8]) -> String {
    let key = secret.expose().as_bytes();
    // HMAC takes a key of any length, so there is nothing that could fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(body);
    format!("v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The expected values are those of another implementation (Python's `hmac.new(key, body, "sha256").hexdigest()`).
    /// The first case is test case 2 of RFC 4231.
    #[rstest]
    #[case(
        "Jefe",
        "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )]
    #[case::a_secret_that_looks_like_base64_is_not_decoded(
        "Q0h8sVb+2kL/9dPzWmR4tYxA1cEfGjN7uIoS3vBqTyUeXiZaMwKgDhJlFrCnOp5",
        r#"{"event":{"id":"01JNSIMULATED0000000000001","data":{"title":"Memory at 97 % on café-1"}}}"#,
        "e974442b44fe5e93382479f9cb94a6c665f039a8b0d9bc965d6285f189e3a3b3"
    )]
    #[case::an_empty_body(
        "Q0h8sVb+2kL/9dPzWmR4tYxA1cEfGjN7uIoS3vBqTyUeXiZaMwKgDhJlFrCnOp5",
        "",
        "6bd68b9d9513f38c7ebb4e1a36b511bb926ef0b400232f14a075e3ceac3bf759"
    )]
    fn the_signature_is_that_of_an_independent_implementation(
        #[case] secret: &str,
        #[case] body: &str,
        #[case] digest: &str,
    ) {
        assert_eq!(sign(&Secret::new(secret), body.as_bytes()), format!("v1={digest}"));
    }
}

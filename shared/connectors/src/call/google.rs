//! The key of a service account of Google, and what it signs.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde::Deserialize;
use serde_json::json;

/// The address that gives access tokens, which is also the audience of what is signed. The key's file names it too; it is not read from
/// there, because what is signed must go to Google alone.
///
/// Source: <https://developers.google.com/identity/protocols/oauth2/service-account#httprest>
pub(crate) const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// The time for which a signed claim holds, in seconds: the longest that Google takes.
const HOLDS_SECONDS: i64 = 3600;

/// A file as Google gives it out. What else is in it is passed over.
#[derive(Deserialize)]
struct File {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: Option<String>,
}

/// The key of a service account.
pub(crate) struct Key {
    client_email: String,
    id: Option<String>,
    pair: RsaKeyPair,
}

impl Key {
    /// Reads the JSON file of a key.
    ///
    /// # Errors
    /// The end of a sentence that begins with "the secret".
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let file: File = serde_json::from_str(text)
            .map_err(|_| "is not the JSON of a service account's key; give the whole file that Google gave out")?;
        let pair = der(&file.private_key).and_then(|der| RsaKeyPair::from_pkcs8(&der).ok());
        Ok(Self {
            client_email: file.client_email,
            id: file.private_key_id,
            pair: pair.ok_or("has no private key that can be used; make a new key in Google's console")?,
        })
    }

    /// The public key, in the form of RFC 8017.
    #[cfg(test)]
    pub(crate) fn public(&self) -> Vec<u8> {
        use ring::signature::KeyPair as _;
        self.pair.public_key().as_ref().to_vec()
    }

    /// The claim of an access token for these scopes, signed.
    pub(crate) fn assertion(&self, scope: &str, now: Timestamp) -> Option<String> {
        let header = match &self.id {
            Some(id) => json!({"alg": "RS256", "typ": "JWT", "kid": id}),
            None => json!({"alg": "RS256", "typ": "JWT"}),
        };
        let claims = json!({
            "iss": self.client_email,
            "scope": scope,
            "aud": TOKEN_URL,
            "iat": now.as_second(),
            "exp": now.as_second() + HOLDS_SECONDS,
        });
        let encoded = |json: &serde_json::Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
    }
}

/// The bytes of a key in PEM.
fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (inner, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let inner: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64.decode(inner.as_bytes()).ok()
}

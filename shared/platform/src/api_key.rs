//! API keys: what a sender of webhooks presents in `x-api-key`.
//!
//! A key reads `pgf_<id>_<secret>_<checksum>`. The id finds the stored record. The secret is 256 random bits. The
//! checksum lets a mistyped key, or anything else that is no key, be refused without asking anyone; it protects
//! nothing. Only a SHA-256 of the whole key is stored: with 256 random bits in it there is nothing to guess, so no slow
//! hash is needed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use subtle::ConstantTimeEq;

const PREFIX: &str = "pgf_";
const ID_LENGTH: usize = 12;
const SECRET_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 8;
const LENGTH: usize = PREFIX.len() + ID_LENGTH + 1 + SECRET_LENGTH + 1 + CHECKSUM_LENGTH;

/// The id of an API key: 12 characters of `a-z0-9`. It is no secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

impl KeyId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyId {
    type Error = MalformedKeyId;
    fn try_from(text: String) -> Result<Self, MalformedKeyId> {
        let fits = text.len() == ID_LENGTH && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if fits { Ok(Self(text)) } else { Err(MalformedKeyId) }
    }
}

impl FromStr for KeyId {
    type Err = MalformedKeyId;
    fn from_str(text: &str) -> Result<Self, MalformedKeyId> {
        Self::try_from(text.to_owned())
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 of a key, in hexadecimal. It is what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHash(String);

/// A text is no API key. It says no more: the text may be a key with one letter wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an API key of this system")]
pub struct MalformedKey;

/// A text is not the id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of an API key has {ID_LENGTH} characters of a-z and 0-9; `pagerflow key list` shows them")]
pub struct MalformedKeyId;

/// A well-formed API key. Whether it is a valid one only its record tells.
#[derive(Debug, Clone)]
pub struct ApiKey {
    id: KeyId,
    text: SecretString,
}

impl ApiKey {
    /// Makes a new key from the system's random numbers.
    ///
    /// # Errors
    /// The system has none.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut id = [0_u8; ID_LENGTH];
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut id)?;
        getrandom::fill(&mut secret)?;
        Ok(Self::from_random(id, secret))
    }

    fn from_random(id: [u8; ID_LENGTH], secret: [u8; 32]) -> Self {
        let id: String = id
            .iter()
            .map(|byte| char::from_digit(u32::from(byte % 36), 36).unwrap_or('0'))
            .collect();
        let body = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        let text = format!("{body}_{:08x}", crc32fast::hash(body.as_bytes()));
        Self {
            id: KeyId(id),
            text: text.into(),
        }
    }

    /// Reads a key, without a look at the table.
    ///
    /// # Errors
    /// It does not have the form of a key, or its checksum is wrong.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        if text.len() != LENGTH || !text.is_ascii() {
            return Err(MalformedKey);
        }
        let (body, checksum) = text.rsplit_once('_').ok_or(MalformedKey)?;
        let (id, secret) = body
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(MalformedKey)?;
        let secret_fits = secret.len() == SECRET_LENGTH && URL_SAFE_NO_PAD.decode(secret).is_ok();
        if !secret_fits || checksum != format!("{:08x}", crc32fast::hash(body.as_bytes())) {
            return Err(MalformedKey);
        }
        Ok(Self {
            id: id.parse().map_err(|_| MalformedKey)?,
            text: text.into(),
        })
    }

    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The hash that is stored.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        let digest = Sha256::digest(self.text.expose_secret().as_bytes());
        KeyHash(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// True if this is the key of that hash. Takes as long for a wrong key as for the right one.
    #[must_use]
    pub fn matches(&self, stored: &KeyHash) -> bool {
        self.hash().0.as_bytes().ct_eq(stored.0.as_bytes()).into()
    }

    /// The key itself, to be shown once to the person who made it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

impl KeyHash {
    /// A hash that no key has, to compare with where there is no record: the work is then the same.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self("0".repeat(64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn key() -> ApiKey {
        ApiKey::from_random([7; ID_LENGTH], [9; 32])
    }

    #[test]
    fn a_key_reads_back_and_matches_its_own_hash_only() {
        let read = ApiKey::parse(key().expose()).unwrap();
        assert_eq!(read.id(), key().id());
        assert!(read.matches(&key().hash()));
        assert!(!read.matches(&ApiKey::from_random([7; ID_LENGTH], [8; 32]).hash()));
        assert!(!read.matches(&KeyHash::of_nothing()));
    }

    #[test]
    fn no_two_keys_are_alike() {
        let (one, other) = (ApiKey::generate().unwrap(), ApiKey::generate().unwrap());
        assert_ne!(one.id(), other.id());
        assert_ne!(one.expose(), other.expose());
    }

    #[test]
    fn a_key_does_not_show_itself_in_debug_output() {
        let shown = format!("{:?}", key());
        assert!(
            !shown.contains(key().expose()) && !shown.contains(&URL_SAFE_NO_PAD.encode([9; 32])),
            "{shown}"
        );
    }

    #[rstest]
    #[case::b1_empty(String::new())]
    #[case::b2_space(" ".to_owned())]
    #[case::b4_huge("x".repeat(100_000))]
    #[case::b5_wrong_checksum(format!("{}0", &key().expose()[..LENGTH - 1]))]
    #[case::b10_joined(format!("{0},{0}", key().expose()))]
    #[case::b11_trailing_newline(format!("{}\n", key().expose()))]
    #[case::b11_no_break_space(format!("{}\u{a0}", key().expose()))]
    #[case::b11_confusable(key().expose().replacen('p', "\u{440}", 1))]
    #[case::upper_case(key().expose().to_uppercase())]
    #[case::one_letter_wrong(key().expose().replacen('7', "8", 1))]
    fn what_is_no_key_is_refused_without_asking_anyone(#[case] text: String) {
        assert_eq!(ApiKey::parse(&text).unwrap_err(), MalformedKey);
    }
}

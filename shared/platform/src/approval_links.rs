//! Links by which people decide about approvals.
//!
//! A link holds the id of its approval, and a code that is made of that id with a secret of the stack. So it need not be kept anywhere,
//! every message about an approval has the same link, and the link of one approval says nothing about another. Who has a link can
//! decide, where the approval does not ask for more. A new secret makes all links that were sent before useless.

use crate::secrets::{SecretCache, SecretError, SecretNames, SecretStore};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use workflow::ids::{ApprovalId, IntegrationAlias};

/// The purpose of the codes of links. Codes that the same secret makes for another purpose differ.
const LINK: &[u8] = b"pagerflow approval link\0";

/// The purpose of the codes of answers.
const ANSWER: &[u8] = b"pagerflow approval answer\0";

/// The part of the code that a link has, in bytes: 32 characters.
const CODE_BYTES: usize = 20;

/// The least that a secret may have, in bytes.
const SECRET_BYTES: usize = 32;

/// The links of a stack.
#[derive(Debug)]
pub struct ApprovalLinks<S> {
    secrets: SecretCache<S>,
    name: String,
    /// The address that links begin with, without a slash at its end.
    address: String,
}

impl<S: SecretStore> ApprovalLinks<S> {
    /// Links to an address, such as `https://….amazonaws.com/approvals`, by the secret in a store.
    #[must_use]
    pub fn new(store: S, names: &SecretNames, address: &str) -> Self {
        Self {
            secrets: SecretCache::new(store),
            name: names.approval_links(),
            address: address.trim_end_matches('/').to_owned(),
        }
    }

    /// The link of an approval.
    ///
    /// # Errors
    /// The secret is not to be had, or too short.
    pub async fn link(&self, approval: &ApprovalId, now: Timestamp) -> Result<String, SecretError> {
        let secret = self.secrets.get(&self.name, now).await?;
        let code = self.code(&secret, LINK, &[approval.as_str()])?;
        Ok(format!("{}/{approval}.{code}", self.address))
    }

    /// The text that a button of a message brings back: an answer with it comes from a message that this stack has sent through this
    /// integration.
    ///
    /// # Errors
    /// As [`Self::link`].
    pub async fn answer(
        &self,
        approval: &ApprovalId,
        integration: &str,
        now: Timestamp,
    ) -> Result<String, SecretError> {
        let secret = self.secrets.get(&self.name, now).await?;
        let code = self.code(&secret, ANSWER, &[approval.as_str(), integration])?;
        Ok(format!("{approval}.{code}"))
    }

    /// The approval that a button of a message is for; none if this stack has not sent it through this integration.
    ///
    /// # Errors
    /// As [`Self::link`].
    pub async fn answered(
        &self,
        answer: &str,
        integration: &IntegrationAlias,
        now: Timestamp,
    ) -> Result<Option<ApprovalId>, SecretError> {
        self.approval_of(answer, ANSWER, Some(integration), now).await
    }

    /// The approval of a link, by its part after the address; none if it is not one of this stack. The secret is read again if the code
    /// is wrong, if it was not just read.
    ///
    /// # Errors
    /// As [`Self::link`].
    pub async fn approval(&self, link: &str, now: Timestamp) -> Result<Option<ApprovalId>, SecretError> {
        self.approval_of(link, LINK, None, now).await
    }

    async fn approval_of(
        &self,
        text: &str,
        purpose: &[u8],
        integration: Option<&IntegrationAlias>,
        now: Timestamp,
    ) -> Result<Option<ApprovalId>, SecretError> {
        let Some((id, code)) = text.split_once('.') else {
            return Ok(None);
        };
        let Ok(approval) = id.parse::<ApprovalId>() else {
            return Ok(None);
        };
        let of: Vec<&str> = std::iter::once(approval.as_str())
            .chain(integration.map(IntegrationAlias::as_str))
            .collect();
        let is_code = |secret: &SecretString| {
            let expected = self.code(secret, purpose, &of)?;
            Ok::<bool, SecretError>(expected.as_bytes().ct_eq(code.as_bytes()).into())
        };
        let kept = self.secrets.get(&self.name, now).await?;
        let is_right = is_code(&kept)? || is_code(&self.secrets.refreshed(&self.name, now).await?.secret)?;
        Ok(is_right.then_some(approval))
    }

    fn code(&self, secret: &SecretString, purpose: &[u8], of: &[&str]) -> Result<String, SecretError> {
        let invalid = |reason: String| SecretError::Invalid {
            name: self.name.clone(),
            reason,
        };
        let key = secret.expose_secret().as_bytes();
        if key.len() < SECRET_BYTES {
            return Err(invalid(format!("it has fewer than {SECRET_BYTES} bytes")));
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| invalid(error.to_string()))?;
        mac.update(purpose);
        for (index, part) in of.iter().enumerate() {
            if index > 0 {
                mac.update(b"\0");
            }
            mac.update(part.as_bytes());
        }
        let whole = mac.finalize().into_bytes();
        let part = whole.get(..CODE_BYTES).unwrap_or_default();
        Ok(BASE32_NOPAD.encode(part).to_ascii_lowercase())
    }
}

/// Replaces a text in all texts of a value.
pub fn replace_in_texts(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text.contains(old) => *text = text.replace(old, new),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_in_texts(item, old, new)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace_in_texts(field, old, new)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::SecretsInMemory;
    use rstest::rstest;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn links(secret: &str) -> (SecretsInMemory, ApprovalLinks<SecretsInMemory>) {
        let store = SecretsInMemory::default();
        store.put("p/approval-links", secret);
        let links = ApprovalLinks::new(store.clone(), &SecretNames::new("p"), "https://example.com/approvals/");
        (store, links)
    }

    fn id(letter: char) -> ApprovalId {
        letter.to_string().repeat(32).parse().unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    async fn token(links: &ApprovalLinks<SecretsInMemory>, id: &ApprovalId) -> String {
        let link = links.link(id, now()).await.unwrap();
        link.strip_prefix("https://example.com/approvals/").unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_link_leads_to_its_approval_and_is_the_same_each_time() {
        let (_, links) = links(SECRET);
        let token = token(&links, &id('a')).await;
        assert_eq!(links.approval(&token, now()).await, Ok(Some(id('a'))));
        assert_eq!(token, self::token(&links, &id('a')).await);
        assert_eq!(token.len(), 65);
    }

    #[rstest]
    #[case::nothing("")]
    #[case::no_code("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    #[case::an_empty_code("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.")]
    #[case::another_code("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    #[case::no_id("../../secrets.aaaa")]
    #[tokio::test]
    async fn what_is_no_link_leads_nowhere(#[case] token: &str) {
        let (_, links) = links(SECRET);
        assert_eq!(links.approval(token, now()).await, Ok(None));
    }

    #[tokio::test]
    async fn w6_each_change_of_a_link_makes_it_another() {
        let (_, links) = links(SECRET);
        let token = token(&links, &id('a')).await;
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'b' { b'c' } else { b'b' };
            let forged = String::from_utf8(bytes).unwrap();
            assert_eq!(links.approval(&forged, now()).await, Ok(None), "{forged}");
        }
        assert_eq!(links.approval(&format!("{token}a"), now()).await, Ok(None));
    }

    #[tokio::test]
    async fn the_code_of_one_approval_opens_no_other() {
        let (_, links) = links(SECRET);
        let token = token(&links, &id('a')).await;
        let (_, code) = token.split_once('.').unwrap();
        assert_eq!(links.approval(&format!("{}.{code}", id('b')), now()).await, Ok(None));
    }

    #[tokio::test]
    async fn w6_an_answer_is_good_for_the_integration_that_sent_the_message_and_is_no_link() {
        let (_, links) = links(SECRET);
        let answer = links.answer(&id('a'), "ops", now()).await.unwrap();
        let answered = async |text: &str, integration: &str| {
            links
                .answered(text, &integration.parse().unwrap(), now())
                .await
                .unwrap()
        };
        assert_eq!(answered(&answer, "ops").await, Some(id('a')));
        assert_eq!(answered(&answer, "other").await, None);
        assert_eq!(links.approval(&answer, now()).await, Ok(None), "it opens no page");
        assert_eq!(
            answered(&token(&links, &id('a')).await, "ops").await,
            None,
            "a link is no answer"
        );
    }

    #[tokio::test]
    async fn with_a_new_secret_links_of_before_are_useless_and_new_ones_are_not() {
        let (store, links) = links(SECRET);
        let before = token(&links, &id('a')).await;
        store.put("p/approval-links", SECRET.to_ascii_uppercase());
        let later = now() + jiff::SignedDuration::from_mins(6);
        assert_eq!(links.approval(&before, later).await, Ok(None));
        let after = links.link(&id('a'), later).await.unwrap();
        assert!(!after.ends_with(&before));
    }

    #[tokio::test]
    async fn a_short_secret_is_refused_and_not_told() {
        let (_, links) = links("short");
        let error = links.link(&id('a'), now()).await.unwrap_err().to_string();
        assert!(
            error.contains("fewer than 32 bytes") && !error.contains("short"),
            "{error}"
        );
    }
}

//! Who asks: tokens, and the user named by `From`.

use http::header::{AUTHORIZATION, FROM};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::account::Account;
use crate::exchange::Request;
use crate::ids::UserId;
use crate::incidents::Agent;
use crate::refusal::Refusal;
use crate::secret::Secret;

/// A token that the account accepts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The token itself.
    pub token: Secret,
    /// What it stands for.
    pub kind: TokenKind,
    /// The OAuth scopes that it has, as `incidents.read`; none at all means every one.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
}

/// What a token stands for. API tokens come as `Token token=…`, OAuth tokens as `Bearer …`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// The account. It is nobody's, so `From` must name a user.
    Account,
    AccountReadOnly,
    User(UserId),
    OauthUser(UserId),
    /// An app, by OAuth. That it needs `From` like the account's token is UNVERIFIED.
    OauthApp,
}

impl TokenKind {
    /// The user whose token it is.
    pub(crate) fn user(&self) -> Option<&UserId> {
        match self {
            Self::User(user) | Self::OauthUser(user) => Some(user),
            Self::Account | Self::AccountReadOnly | Self::OauthApp => None,
        }
    }

    fn prefix(&self) -> &'static str {
        match self {
            Self::Account | Self::AccountReadOnly | Self::User(_) => "Token token=",
            Self::OauthUser(_) | Self::OauthApp => "Bearer ",
        }
    }
}

/// Who makes a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Where the token stands in the account's list.
    pub(crate) token: usize,
    /// The user whose token it is.
    pub(crate) user: Option<UserId>,
    may_write: bool,
}

/// A request whose caller is known.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) caller: Caller,
    pub(crate) now: Timestamp,
    /// How far lists lag behind.
    pub(crate) lag: SignedDuration,
}

/// Finds the token of a request. The header must have exactly the documented form. That only what has another form is answered
/// with a plain text is UNVERIFIED.
pub(crate) fn authenticate(tokens: &[Token], request: &Request) -> Result<Caller, Refusal> {
    let presented = request
        .header_text(&AUTHORIZATION)
        .filter(|presented| presented.starts_with("Token token=") || presented.starts_with("Bearer "))
        .ok_or(Refusal::NoCredentials)?;
    tokens
        .iter()
        .enumerate()
        .find(|(_, token)| presented.strip_prefix(token.kind.prefix()) == Some(token.token.expose()))
        .map(|(position, token)| Caller {
            token: position,
            user: token.kind.user().cloned(),
            may_write: token.kind != TokenKind::AccountReadOnly,
        })
        .ok_or(Refusal::Unauthenticated)
}

impl Call<'_> {
    /// True if a list shows what was created at this time. PagerDuty's lists can lag behind its writes; how far is not
    /// documented, and that the other requests never lag is UNVERIFIED.
    pub(crate) fn shows(&self, created_at: Timestamp) -> bool {
        self.lag.is_zero() || self.now.duration_since(created_at) >= self.lag
    }

    /// Refuses a read-only token.
    pub(crate) fn writer(&self) -> Result<(), Refusal> {
        if self.caller.may_write {
            Ok(())
        } else {
            Err(Refusal::AccessDenied)
        }
    }

    /// The user on whose behalf an incident is changed: the token's own user, or the one named by `From`.
    ///
    /// That a `From` beside a user's token must name a user, but changes nothing else, is UNVERIFIED.
    pub(crate) fn requester(&self, account: &Account) -> Result<UserId, Refusal> {
        let named = self.named_by_from(account)?;
        let user = match &self.caller.user {
            Some(user) => user.clone(),
            None => named.ok_or(Refusal::FromMissing)?,
        };
        match account.user(&user) {
            Some(found) if found.role.may_respond() => Ok(user),
            _ => Err(Refusal::RequesterNotAuthorized),
        }
    }

    /// Who changes an incident by a call for which PagerDuty documents no `From`: the token's own user, the one named by
    /// `From` if there is one, or else nobody.
    pub(crate) fn agent(&self, account: &Account) -> Result<Agent, Refusal> {
        let named = self.named_by_from(account)?;
        let user = self.caller.user.clone().or(named);
        Ok(user.map_or(Agent::Nobody, Agent::User))
    }

    fn named_by_from(&self, account: &Account) -> Result<Option<UserId>, Refusal> {
        if !self.request.headers.contains_key(FROM) {
            return Ok(None);
        }
        let email = self.request.header_text(&FROM).map(str::trim).unwrap_or_default();
        account
            .user_by_email(email)
            .map(|user| Some(user.id.clone()))
            .ok_or(Refusal::RequesterNotFound)
    }
}

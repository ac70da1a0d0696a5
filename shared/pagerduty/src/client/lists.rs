//! Lists of what an account has, a page at a time, and whom a token belongs to.

use provider::{rate_limit::RateLimit, verdict::Effect};
use serde_json::Value;

use super::{Account, member};
use crate::{error::Error, lenient};

/// The most rows that PagerDuty gives at once.
pub const MAX_PAGE: usize = 100;

/// The largest page that is read, in bytes. An escalation policy names all services that use it.
const MAX_PAGE_ANSWER: usize = 16 * 1024 * 1024;

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    /// Its rows, as PagerDuty has them, in PagerDuty's order.
    pub rows: Vec<Value>,
    /// True if there are further rows.
    pub more: bool,
    /// The number of rows that PagerDuty counts as a page, which may be fewer than were asked for.
    pub limit: Option<usize>,
    /// The state of the token's rate limit.
    pub rate_limit: RateLimit,
}

impl Account<'_> {
    /// `GET /{list}`: `limit` rows from row `offset` on, with a search text where one is given. The list's name is its path
    /// and the name of its rows in the answer, as in all of PagerDuty's classic lists.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn page(&self, list: &str, search: Option<&str>, offset: usize, limit: usize) -> Result<ListPage, Error> {
        let (offset, limit) = (offset.to_string(), limit.to_string());
        let mut query = vec![("limit", limit.as_str()), ("offset", offset.as_str())];
        query.extend(search.map(|text| ("query", text)));
        let answered = self.ask(&[list], &query, MAX_PAGE_ANSWER).await?;
        let answered_limit = lenient::number(&answered.body, "limit").and_then(|limit| usize::try_from(limit).ok());
        Ok(ListPage {
            more: answered.body.get("more").and_then(Value::as_bool).unwrap_or(false),
            limit: answered_limit,
            rate_limit: answered.rate_limit,
            rows: member(Effect::Read, answered.body, list)?,
        })
    }

    /// `GET /users/me`: the user whose token this is, as PagerDuty has them. A token of the account is refused with 400.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn me(&self) -> Result<Value, Error> {
        let answered = self.ask(&["users", "me"], &[], MAX_PAGE_ANSWER).await?;
        member(Effect::Read, answered.body, "user")
    }

    /// `GET /abilities`: the names of what the account's plan includes. PagerDuty does not page this list.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn abilities(&self) -> Result<Vec<String>, Error> {
        let answered = self.ask(&["abilities"], &[], MAX_PAGE_ANSWER).await?;
        member(Effect::Read, answered.body, "abilities")
    }
}

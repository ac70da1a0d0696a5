//! The users of an account.

use provider::verdict::Effect;
use serde_json::Value;

use super::{Account, MAX_PAGE, exchange::unclear};
use crate::{
    error::{Error, Failure},
    ids::{UserEmail, UserId},
    lenient,
};

impl Account<'_> {
    /// `GET /users` by e-mail: the user who logs in with it. PagerDuty looks for the text in names and e-mails, so those
    /// whom it finds are looked at again.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn find_user(&self, email: &UserEmail) -> Result<Option<UserId>, Error> {
        let page = self.page("users", Some(email.as_str()), 0, MAX_PAGE).await?;
        let is_it = |user: &&Value| {
            lenient::text(user, "email").is_some_and(|found| found.eq_ignore_ascii_case(email.as_str()))
        };
        Ok(page.rows.iter().find(is_it).and_then(user_id))
    }

    /// `GET /users/me`: the id of the user whose token it is. PagerDuty refuses the token of an account (400).
    ///
    /// # Errors
    /// As [`Self::find_user`].
    pub async fn own_user(&self) -> Result<UserId, Error> {
        let user = self.me().await?;
        user_id(&user).ok_or_else(|| unclear(Effect::Read, Failure::Unreadable("a user without an id".to_owned())))
    }
}

fn user_id(user: &Value) -> Option<UserId> {
    lenient::text(user, "id")?.parse().ok()
}

//! The account that one attempt at an action works on.

use jiff::Timestamp;

use crate::{
    client::{Account, ApiToken, Client},
    error::Error,
};
use provider::deadline::Deadline;

/// An account, and the time that is left for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    account: Account<'a>,
    pub(super) deadline: Deadline,
}

impl<'a> Call<'a> {
    /// `now` is the time of day at which the attempt begins.
    pub(super) fn new(
        client: &'a Client,
        token: &'a ApiToken,
        deadline: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        Ok(Self {
            account: client.account(token),
            deadline: Deadline::new(deadline, now)?,
        })
    }

    /// The same for an attempt that would reach people a second time if it were made twice.
    pub(super) fn reaching_people(
        client: &'a Client,
        token: &'a ApiToken,
        deadline: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        Ok(Self {
            account: client.account(token),
            deadline: Deadline::new(deadline, now)?.only_in_time()?,
        })
    }

    /// The account with what is left of the time for its next request.
    pub(super) fn account(&self) -> Result<Account<'a>, Error> {
        Ok(self.account.with_time_limit(self.deadline.time_limit()?))
    }
}

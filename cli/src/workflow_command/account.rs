//! The accounts of integrations, as names are looked up in them.

use super::names::{Answers, Directory, Row, Things};
use crate::{directory, output::Notices, pagerduty_account::PagerDutyAccount, stack::Stack};
use pagerduty::directory::{self as lists, EscalationPolicy, Listed, Pause, Priority, Service, Team, User};
use std::collections::BTreeSet;
use workflow::{action::Thing, ids::IntegrationAlias};

/// The accounts of a stack's integrations.
pub(super) struct Accounts<'a> {
    pub(super) stack: &'a Stack,
    pub(super) notices: Notices,
}

impl Directory for Accounts<'_> {
    async fn things(&self, integration: &IntegrationAlias, kinds: &BTreeSet<Thing>) -> Answers {
        let mut answers = Answers::new();
        let account = PagerDutyAccount::of(integration, self.stack).await;
        for thing in kinds {
            let answer = match &account {
                Ok(account) => self.list(account, *thing).await,
                Err(error) => Err(error.to_string()),
            };
            answers.insert(*thing, answer);
        }
        answers
    }
}

impl Accounts<'_> {
    async fn list(&self, account: &PagerDutyAccount, thing: Thing) -> Result<Things, String> {
        match thing {
            Thing::Service => self.all::<Service>(account).await,
            Thing::EscalationPolicy => self.all::<EscalationPolicy>(account).await,
            Thing::User => self.all::<User>(account).await,
            Thing::Priority => self.all::<Priority>(account).await,
            Thing::Team => self.all::<Team>(account).await,
        }
    }

    async fn all<R: Named>(&self, account: &PagerDutyAccount) -> Result<Things, String> {
        let wait = async |pause: Pause| {
            self.notices.warn(&directory::words(pause));
            tokio::time::sleep(pause.duration).await;
        };
        let listed = lists::list::<R>(&account.open(), None, wait).await;
        match listed.map_err(|error| error.to_string())? {
            Listed::Rows(listing) => Ok(Things {
                rows: listing.rows.iter().map(Named::named).collect(),
                is_whole: !listing.is_cut && listing.unreadable == 0,
            }),
            Listed::FeatureIsOff(refusal) => Err(refusal.to_string()),
        }
    }
}

/// A row that people know by its name.
trait Named: lists::Row {
    fn named(&self) -> Row;
}

macro_rules! named {
    ($($row:ty),*) => {$(
        impl Named for $row {
            fn named(&self) -> Row {
                Row { id: self.id.to_string(), name: self.name.clone(), email: None }
            }
        }
    )*};
}

named!(Service, EscalationPolicy, Priority, Team);

impl Named for User {
    fn named(&self) -> Row {
        Row {
            id: self.id.to_string(),
            name: self.name.clone(),
            email: Some(self.email.to_string()),
        }
    }
}

//! Names of things in PagerDuty, looked up when a definition is applied.
//!
//! A workflow is stored with ids: a service that is renamed stays the service that was meant, and a run in an outage looks
//! nothing up. Ids that people write are looked up as well, because one that is not in the account would be told only when
//! the step fails.

use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    action::Thing,
    definition::{ThingReference, Wanted},
    ids::IntegrationAlias,
};

/// The number of names that are proposed for one that is not found.
const PROPOSED_AT_MOST: usize = 3;

/// The similarity that two names must have for one to be proposed for the other, from 0 to 1.
const ALIKE: f64 = 0.6;

/// A thing, as a list of its account has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    /// Of a user, the e-mail address by which they log in.
    pub(super) email: Option<String>,
}

/// The things of one kind in an account.
#[derive(Debug, Clone, Default)]
pub(super) struct Things {
    pub(super) rows: Vec<Row>,
    /// True if the list has all there are. What is not in a list that has not may be there.
    pub(super) is_whole: bool,
}

/// The things of each kind in an account, or the reason they could not be read.
pub(super) type Answers = BTreeMap<Thing, Result<Things, String>>;

/// A directory of things by their names.
pub(super) trait Directory {
    /// The things of these kinds in the account of an integration.
    async fn things(&self, integration: &IntegrationAlias, kinds: &BTreeSet<Thing>) -> Answers;
}

/// The results of the look-ups in accounts.
#[derive(Debug)]
pub(super) struct Lookup {
    /// None if PagerDuty was not to be asked.
    accounts: Option<BTreeMap<IntegrationAlias, Answers>>,
}

/// The meaning of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The id, or the e-mail address where one is wanted. A filter that could not be looked up keeps its name.
    pub(super) value: String,
    /// The reason it may not be in the account although that was asked.
    pub(super) doubt: Option<String>,
}

impl Lookup {
    /// Asks for all that the references need, each list once.
    pub(super) async fn of(references: impl Iterator<Item = &ThingReference>, directory: &impl Directory) -> Self {
        let mut wanted: BTreeMap<&IntegrationAlias, BTreeSet<Thing>> = BTreeMap::new();
        for reference in references {
            if let Some(integration) = &reference.integration {
                wanted.entry(integration).or_default().insert(reference.thing);
            }
        }
        let mut accounts = BTreeMap::new();
        for (integration, kinds) in wanted {
            accounts.insert(integration.clone(), directory.things(integration, &kinds).await);
        }
        Self {
            accounts: Some(accounts),
        }
    }

    /// Asks no account.
    pub(super) fn nothing() -> Self {
        Self { accounts: None }
    }

    /// Look-ups that failed, in words: a sentence for each account and cause.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut gaps: BTreeMap<(&IntegrationAlias, &str), Vec<&str>> = BTreeMap::new();
        for (integration, answers) in self.accounts.iter().flatten() {
            for (thing, answer) in answers {
                if let Err(cause) = answer {
                    gaps.entry((integration, cause)).or_default().push(thing.plural());
                }
            }
        }
        gaps.iter()
            .map(|((integration, cause), things)| {
                format!(
                    "in the account of {integration} these could not be looked up, so their ids are not checked: {}\n{cause}",
                    things.join(", ")
                )
            })
            .collect()
    }

    /// The meaning of a reference. An error is the end of a sentence that starts with its path.
    pub(super) fn meaning(&self, reference: &ThingReference) -> Result<Meaning, String> {
        let unproven = |why: &str| {
            if looks_like_what_is_wanted(reference) {
                return Ok(Meaning {
                    value: reference.text.clone(),
                    doubt: None,
                });
            }
            let wanted = match reference.wanted {
                Wanted::Id => "id",
                Wanted::Email => "e-mail address",
                Wanted::IdOrName => "id or name",
            };
            Err(format!(
                "`{}` is no {wanted}, and {why}; write the {wanted}",
                reference.text
            ))
        };
        let Some(accounts) = &self.accounts else {
            return unproven("names are not looked up with --offline");
        };
        let Some(integration) = &reference.integration else {
            return unproven("a name cannot be looked up where an expression names the account");
        };
        match accounts
            .get(integration)
            .and_then(|answers| answers.get(&reference.thing))
        {
            Some(Ok(things)) => things.meaning(reference, integration),
            Some(Err(_)) | None => unproven("the account could not be asked for names"),
        }
    }
}

impl Things {
    fn meaning(&self, reference: &ThingReference, integration: &IntegrationAlias) -> Result<Meaning, String> {
        let text = reference.text.trim();
        let certain = |row: &Row| {
            let value = match reference.wanted {
                Wanted::Id | Wanted::IdOrName => Some(&row.id),
                Wanted::Email => row.email.as_ref(),
            };
            value.map(|value| Meaning {
                value: value.clone(),
                doubt: None,
            })
        };
        let by =
            |matches: &dyn Fn(&Row) -> bool| -> Vec<&Row> { self.rows.iter().filter(|row| matches(row)).collect() };
        // An id goes before a name, and a name in its own letters before one in others.
        let found = [
            by(&|row| row.id == text),
            by(&|row| row.email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(text))),
            by(&|row| row.name.trim() == text),
            by(&|row| row.name.trim().to_lowercase() == text.to_lowercase()),
        ];
        let found = found.iter().find(|rows| !rows.is_empty()).map(Vec::as_slice);
        let thing = reference.thing;
        match found {
            Some([row]) => certain(row).ok_or_else(|| format!("`{text}` has no e-mail address")),
            Some(rows) => {
                let rows: Vec<_> = rows.iter().take(PROPOSED_AT_MOST).map(|row| row.shown()).collect();
                Err(format!(
                    "`{text}` is the name of several {} of {integration}: {}; write the id of the one that is meant",
                    thing.plural(),
                    rows.join(", ")
                ))
            }
            None if !self.is_whole && looks_like_what_is_wanted(reference) => Ok(Meaning {
                value: reference.text.clone(),
                doubt: Some(format!(
                    "`{text}` is none of the {} of {integration} that PagerDuty lists, but the list is cut; it is taken as it is",
                    thing.plural()
                )),
            }),
            None => Err(format!(
                "`{text}` is neither the name nor the id of a {thing} of {integration}{}",
                self.proposal(text, thing, integration)
            )),
        }
    }

    /// A proposal, as the end of the sentence.
    fn proposal(&self, text: &str, thing: Thing, integration: &IntegrationAlias) -> String {
        let wanted = text.to_lowercase();
        let mut alike: Vec<(f64, &Row)> = self
            .rows
            .iter()
            .map(|row| {
                let name = row.name.to_lowercase();
                let likeness = match name.contains(&wanted) {
                    true => 1.0,
                    false => strsim::normalized_damerau_levenshtein(&name, &wanted),
                };
                (likeness, row)
            })
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .collect();
        alike.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let alike: Vec<_> = alike
            .iter()
            .take(PROPOSED_AT_MOST)
            .map(|(_, row)| row.shown())
            .collect();
        let users = match thing {
            Thing::User => " who can be acted for",
            _ => "",
        };
        match alike.is_empty() {
            false => format!("{users}; did you mean {}?", alike.join(" or ")),
            true => format!(
                "{users}; `pagerflow {} --integration {integration}` lists them",
                thing.plural().replace(' ', "-")
            ),
        }
    }
}

impl Row {
    fn shown(&self) -> String {
        match &self.email {
            Some(email) => format!("`{}` ({}, {email})", self.name, self.id),
            None => format!("`{}` ({})", self.name, self.id),
        }
    }
}

/// True if a text counts as an id, or an e-mail address, where it could be a name as well. All ids that PagerDuty shows are of
/// capital letters and digits.
fn looks_like_what_is_wanted(reference: &ThingReference) -> bool {
    let text = &reference.text;
    match reference.wanted {
        Wanted::Id => !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
        Wanted::Email => text.contains('@') && !text.contains(char::is_whitespace),
        Wanted::IdOrName => true,
    }
}

#[cfg(test)]
mod tests;

//! The actions that there are.

use super::{ActionSpec, Text};
use crate::error_name::SystemName;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

/// The actions that a workflow can use, by name.
///
/// Those of a system can be made when one of them is first asked for: a function that plans the run of one workflow need not make the
/// actions of all systems when it starts. A system with very many actions is not listed: they are there for who names one, and
/// [`Catalog::actions`] does not have them.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    in_order: Vec<Arc<ActionSpec>>,
    by_name: BTreeMap<String, Arc<ActionSpec>>,
    systems: Vec<System>,
}

/// The actions of a system, made on first use.
#[derive(Debug, Clone)]
struct System {
    /// The beginning of the names of its actions, up to the last dot.
    prefix: Text,
    is_listed: bool,
    make: fn(&str) -> Vec<Arc<ActionSpec>>,
    made: OnceLock<Vec<Arc<ActionSpec>>>,
}

impl System {
    fn actions(&self) -> &[Arc<ActionSpec>] {
        self.made.get_or_init(|| (self.make)(&self.prefix))
    }

    /// True if the system of that name, as it begins the names of errors, is probably this one.
    fn is_called(&self, name: &SystemName) -> bool {
        let same = |a: char, b: char| a.eq_ignore_ascii_case(&b);
        let letters = self.prefix.chars().filter(char::is_ascii_alphanumeric);
        let name = name.to_string();
        letters.clone().count() == name.len() && letters.zip(name.chars()).all(|(a, b)| same(a, b))
    }

    fn has_errors_of(&self, name: &SystemName) -> bool {
        self.actions()
            .iter()
            .any(|action| SystemName::of(&action.system) == *name)
    }
}

impl Catalog {
    /// With the actions of a system, whose names are `prefix`, a dot, and a word. `make` makes them out of the prefix, when one of them is
    /// first asked for, or all actions are.
    #[must_use]
    pub fn with_system(self, prefix: impl Into<Text>, make: fn(&str) -> Vec<Arc<ActionSpec>>) -> Self {
        self.with(prefix.into(), true, make)
    }

    /// With the actions of a system that are too many to be listed, such as those of one service of AWS: `aws.ecs`. They are as those of
    /// [`Self::with_system`], and only made when one of them is named. The functions that perform them and the systems that
    /// they act on must be those of listed actions as well.
    #[must_use]
    pub fn with_unlisted_system(self, prefix: impl Into<Text>, make: fn(&str) -> Vec<Arc<ActionSpec>>) -> Self {
        self.with(prefix.into(), false, make)
    }

    fn with(mut self, prefix: Text, is_listed: bool, make: fn(&str) -> Vec<Arc<ActionSpec>>) -> Self {
        if self.system(&prefix).is_none() {
            self.systems.push(System {
                prefix,
                is_listed,
                make,
                made: OnceLock::new(),
            });
        }
        self
    }

    /// With further actions. Of two actions of one name, the first counts.
    #[must_use]
    pub fn with_actions(mut self, specs: impl IntoIterator<Item = Arc<ActionSpec>>) -> Self {
        for spec in specs {
            if self.action(&spec.name).is_none() {
                self.by_name.insert(spec.name.to_string(), Arc::clone(&spec));
                self.in_order.push(spec);
            }
        }
        self
    }

    /// The catalogue with these systems among the listed ones. None of another name is added.
    #[must_use]
    pub fn listing(&self, prefixes: &[&str]) -> Self {
        let mut catalog = self.clone();
        for system in &mut catalog.systems {
            system.is_listed |= prefixes.contains(&&*system.prefix);
        }
        catalog
    }

    /// The beginnings of the names of actions that are not listed, up to the last dot: `aws.ecs`.
    pub fn unlisted(&self) -> impl Iterator<Item = &str> {
        let unlisted = self.systems.iter().filter(|system| !system.is_listed);
        unlisted.map(|system| &*system.prefix)
    }

    /// The last parts of the listed prefixes that have this in front: `ecs` of `aws.ecs` for `aws`.
    #[cfg(any(test, feature = "schema"))]
    pub(crate) fn listed_beside(&self, front: &str) -> Vec<&str> {
        let listed = self.systems.iter().filter(|system| system.is_listed);
        let parts = listed.filter_map(|system| system.prefix.rsplit_once('.'));
        parts.filter(|(of, _)| *of == front).map(|(_, last)| last).collect()
    }

    fn system(&self, prefix: &str) -> Option<&System> {
        self.systems.iter().find(|system| system.prefix == prefix)
    }

    /// The action of that name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Arc<ActionSpec>> {
        self.by_name.get(name).or_else(|| {
            let (prefix, _) = name.rsplit_once('.')?;
            let actions = self.system(prefix)?.actions();
            actions.iter().find(|action| action.name == name)
        })
    }

    /// The functions that perform them.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<&str> {
        self.actions().map(|action| &*action.function).collect()
    }

    /// The systems that they act on, as these begin the names of errors.
    #[must_use]
    pub fn systems(&self) -> BTreeSet<SystemName> {
        self.actions().map(|action| SystemName::of(&action.system)).collect()
    }

    /// True if one of the actions acts on the system of that name. A system that is called like the beginning of its actions' names is
    /// found without the actions of the others being made.
    #[must_use]
    pub fn has_system(&self, name: &SystemName) -> bool {
        let mut in_order = self.in_order.iter();
        let listed = self.systems.iter().filter(|system| system.is_listed);
        let (likely, others): (Vec<&System>, Vec<&System>) = listed.partition(|system| system.is_called(name));
        in_order.any(|action| SystemName::of(&action.system) == *name)
            || likely
                .into_iter()
                .chain(others)
                .any(|system| system.has_errors_of(name))
    }

    /// The actions among which one of this name is most likely meant, if there is none: those of the system that the name begins with,
    /// where that is not listed; else the listed ones.
    pub(crate) fn near(&self, name: &str) -> Near<'_> {
        let prefix = name.rsplit_once('.').map_or("", |(prefix, _)| prefix);
        let within = |system: &&System| {
            let front = system.prefix.rsplit_once('.').map_or("", |(front, _)| front);
            !system.is_listed && prefix.split('.').next() == Some(front)
        };
        let is_meant = |system: &&System| {
            let last = system.prefix.rsplit_once('.').map(|(_, last)| last);
            !system.is_listed && (system.prefix == prefix || last == Some(prefix))
        };
        if let Some(system) = self.systems.iter().find(is_meant) {
            return Near::Actions(system.actions().iter().map(|action| &*action.name).collect());
        }
        if prefix.contains('.') && self.systems.iter().any(|system| within(&system)) {
            return Near::Systems(
                self.systems
                    .iter()
                    .filter(within)
                    .map(|system| &*system.prefix)
                    .collect(),
            );
        }
        Near::Actions(self.actions().map(|action| &*action.name).collect())
    }

    /// All listed actions, in the order in which people read them.
    pub fn actions(&self) -> impl Iterator<Item = &Arc<ActionSpec>> + Clone {
        let of_systems = self
            .systems
            .iter()
            .filter(|system| system.is_listed)
            .flat_map(System::actions);
        let others = of_systems.filter(|action| !self.by_name.contains_key(&*action.name));
        self.in_order.iter().chain(others)
    }
}

/// The names among which a misspelt one is looked for.
pub(crate) enum Near<'a> {
    /// The names of actions.
    Actions(Vec<&'a str>),
    /// The beginnings of the names of actions, up to the last dot, where the system is misspelt.
    Systems(Vec<&'a str>),
}

/// Of two actions of one name, the first counts.
impl FromIterator<Arc<ActionSpec>> for Catalog {
    fn from_iter<I: IntoIterator<Item = Arc<ActionSpec>>>(specs: I) -> Self {
        Self::default().with_actions(specs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::tests::action;
    use rstest::rstest;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    /// An action of a system, `slack.post` for `slack`.
    fn made(prefix: &str) -> Vec<Arc<ActionSpec>> {
        let spec = ActionSpec {
            name: format!("{prefix}.post").into(),
            system: match prefix {
                "teams" => "Microsoft Teams".into(),
                other => other.to_uppercase().into(),
            },
            ..ActionSpec::clone(action("pagerduty.add_note"))
        };
        vec![Arc::new(spec)]
    }

    fn never(prefix: &str) -> Vec<Arc<ActionSpec>> {
        panic!("the actions of {prefix} are made")
    }

    fn names(catalog: &Catalog) -> Vec<&str> {
        catalog.actions().map(|action| &*action.name).collect()
    }

    #[rstest]
    #[case::an_action_of_another_system("slack.post", true)]
    #[case::an_unknown_action_of_another_system("slack.poke", false)]
    #[case::no_system("post", false)]
    #[case::an_unknown_system("discord.post", false)]
    fn the_actions_of_a_system_are_not_made_for(#[case] name: &str, #[case] is_there: bool) {
        let catalog = Catalog::default().with_system("slack", made).with_system("jira", never);
        assert_eq!(catalog.action(name).is_some(), is_there);
    }

    #[test]
    fn the_actions_of_a_system_are_made_once() {
        static TIMES: AtomicU32 = AtomicU32::new(0);
        let count = |prefix: &str| {
            TIMES.fetch_add(1, Relaxed);
            made(prefix)
        };
        let catalog = Catalog::default().with_system("slack", count);
        assert_eq!(TIMES.load(Relaxed), 0);
        assert!(catalog.action("slack.post").is_some() && catalog.action("slack.post").is_some());
        assert_eq!(names(&catalog), ["slack.post"]);
        assert_eq!(TIMES.load(Relaxed), 1);
    }

    #[test]
    fn all_actions_are_those_that_were_given_and_then_those_of_systems_in_their_order() {
        let given = Arc::clone(action("pagerduty.add_note"));
        let catalog: Catalog = [given].into_iter().collect();
        let catalog = catalog
            .with_system("slack", made)
            .with_system("jira", made)
            .with_system("slack", never);
        assert_eq!(names(&catalog), ["pagerduty.add_note", "slack.post", "jira.post"]);
    }

    #[test]
    fn an_action_that_was_given_counts_before_one_of_a_system() {
        let given: Catalog = made("slack").into_iter().collect();
        let catalog = given.with_system("slack", made);
        assert_eq!(names(&catalog), ["slack.post"]);
    }

    #[test]
    fn a_system_that_is_not_listed_is_there_for_who_names_an_action_of_it() {
        let catalog = Catalog::default()
            .with_system("slack", made)
            .with_unlisted_system("aws.ecs", made)
            .with_unlisted_system("aws.ec2", never);
        assert!(catalog.action("aws.ecs.post").is_some() && catalog.action("aws.ecs").is_none());
        assert_eq!(names(&catalog), ["slack.post"]);
        assert_eq!(catalog.unlisted().collect::<Vec<_>>(), ["aws.ecs", "aws.ec2"]);
        assert!(!catalog.has_system(&SystemName::of("Discord")));
        let listing = catalog.listing(&["aws.ecs", "aws.nothing"]);
        assert_eq!(names(&listing), ["slack.post", "aws.ecs.post"]);
    }

    #[rstest]
    #[case::an_action_of_a_system_that_is_not_listed("aws.ecs.poke", &["aws.ecs.post"])]
    #[case::the_front_left_out("ecs.post", &["aws.ecs.post"])]
    #[case::a_system_that_is_not_there("aws.ecs2.post", &["aws.ecs", "aws.ec2"])]
    #[case::a_listed_action("slack.poke", &["slack.post"])]
    #[case::no_system("post", &["slack.post"])]
    #[case::another_system("gcp.run.post", &["slack.post"])]
    fn a_misspelt_name_is_looked_for_where_it_is_most_likely_meant(#[case] name: &str, #[case] among: &[&str]) {
        let catalog = Catalog::default()
            .with_system("slack", made)
            .with_unlisted_system("aws.ecs", made)
            .with_unlisted_system("aws.ec2", never);
        let (Near::Actions(near) | Near::Systems(near)) = catalog.near(name);
        assert_eq!(near, among);
    }

    #[rstest]
    #[case::likely("SLACK", never, true)]
    #[case::with_another_name("MicrosoftTeams", made, true)]
    #[case::none("Discord", made, false)]
    fn a_system_is_found_by_the_name_that_errors_begin_with(
        #[case] name: &str,
        #[case] other: fn(&str) -> Vec<Arc<ActionSpec>>,
        #[case] is_there: bool,
    ) {
        let catalog = Catalog::default()
            .with_system("teams", other)
            .with_system("slack", made);
        assert_eq!(catalog.has_system(&SystemName::of(name)), is_there);
    }
}

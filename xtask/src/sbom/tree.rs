//! The crates that are in a function.

use std::collections::{BTreeMap, BTreeSet};

use local_aws::{Project, output};

use super::TARGET;
use crate::cloud::cargo;
use crate::error::Error;

/// A crate: its name and its version.
pub(super) type Crate = (String, String);

/// A function with all its normal dependencies.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Crate,
    /// All crates, the function too, with what each depends on.
    pub(super) dependencies: BTreeMap<Crate, BTreeSet<Crate>>,
    /// Those whose code is in the function. The others are macros, which only the compiler runs, and what macros need.
    pub(super) linked: BTreeSet<Crate>,
}

impl Tree {
    /// That of a function, by the name of its crate.
    pub(super) fn of(project: &Project, function: &str) -> Result<Self, Error> {
        let (root, dependencies) = read(&ask(project, function, "normal")?)?;
        let (_, linked) = read(&ask(project, function, "normal,no-proc-macro")?)?;
        Ok(Self {
            root,
            dependencies,
            linked: linked.into_keys().collect(),
        })
    }
}

fn ask(project: &Project, function: &str, edges: &str) -> Result<String, Error> {
    let mut tree = cargo(project);
    tree.args(["tree", "--locked", "--package", function, "--target", TARGET]);
    tree.args(["--edges", edges, "--prefix", "depth", "--format", " {p}"]);
    Ok(output("cargo tree", &mut tree)?)
}

/// Reads lines such as `2 serde v1.0.228 (*)`: how deep it is, the crate, and what else there is to say of it. What a crate
/// depends on stands below its first line only.
fn read(tree: &str) -> Result<(Crate, BTreeMap<Crate, BTreeSet<Crate>>), Error> {
    let mut dependencies: BTreeMap<Crate, BTreeSet<Crate>> = BTreeMap::new();
    let mut above: Vec<Crate> = Vec::new();
    for line in tree.lines() {
        let unreadable = || Error::Unreadable {
            what: "a crate of cargo tree",
            text: line.to_owned(),
        };
        let mut words = line.split_whitespace();
        let mut word = || words.next().ok_or_else(unreadable);
        let depth: usize = word()?.parse().map_err(|_| unreadable())?;
        let name = word()?.to_owned();
        let version = word()?.strip_prefix('v').ok_or_else(unreadable)?.to_owned();
        let found = (name, version);
        above.truncate(depth);
        if above.len() < depth {
            return Err(unreadable());
        }
        if let Some(parent) = above.last() {
            dependencies.entry(parent.clone()).or_default().insert(found.clone());
        }
        dependencies.entry(found.clone()).or_default();
        above.push(found);
    }
    let root = above.into_iter().next().ok_or_else(|| Error::Unreadable {
        what: "a crate of cargo tree",
        text: String::new(),
    })?;
    Ok((root, dependencies))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn krate(name: &str) -> Crate {
        (name.to_owned(), "1.0.0".to_owned())
    }

    #[test]
    fn what_a_crate_depends_on_stands_below_it() {
        let tree = "0 function v1.0.0 (/a/path)\n1 a v1.0.0\n2 b v1.0.0 (proc-macro)\n3 c v1.0.0\n1 d v1.0.0\n2 b v1.0.0 (proc-macro) (*)\n";

        let (root, dependencies) = read(tree).unwrap();

        assert_eq!(root, krate("function"));
        let names = |name: &str| -> Vec<&str> {
            dependencies[&krate(name)]
                .iter()
                .map(|(name, _)| name.as_str())
                .collect()
        };
        assert_eq!(names("function"), ["a", "d"]);
        assert_eq!(names("a"), ["b"]);
        assert_eq!(names("b"), ["c"]);
        assert_eq!(names("c"), [""; 0]);
        assert_eq!(names("d"), ["b"]);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        for text in [
            "",
            "0 function",
            "0 function 1.0.0",
            "function v1.0.0",
            "0 a v1.0.0\n2 b v1.0.0",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}

//! Every link from one document to another, or to a file of the repository, leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{files, lines, root};

/// The targets of the links in a text. Blocks of code have none.
fn links(text: &str) -> Vec<String> {
    let prose = lines(text).filter(|(_, is_code)| !is_code).map(|(line, _)| line);
    let ends = prose.flat_map(|line| line.split("](").skip(1));
    let targets = ends.filter_map(|rest| rest.split([')', ' ']).next());
    targets.map(str::to_owned).collect()
}

/// The anchors of a text, as GitHub makes them of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let headings = lines(text).filter(|(line, is_code)| !is_code && line.starts_with('#'));
    headings
        .filter_map(|(line, _)| line.trim_start_matches('#').strip_prefix(' '))
        .map(|heading| {
            let anchor = anchor(heading);
            let count = seen.entry(anchor.clone()).or_default();
            *count += 1;
            match *count {
                1 => anchor,
                more => format!("{anchor}-{}", more - 1),
            }
        })
        .collect()
}

/// Lower case, a hyphen for each space, and nothing else but letters, digits, hyphens and underscores. Of a link there is only
/// its text.
fn anchor(heading: &str) -> String {
    let mut shown = String::new();
    let mut rest = heading.trim();
    while let Some((before, after)) = rest.split_once("](") {
        shown.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    let kept = shown.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// What is wrong with a link of a document.
fn fault(documents: &BTreeMap<String, String>, from: &Path, link: &str) -> Option<&'static str> {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let root = root();
    let target = match file {
        "" => root.join(from),
        file => root.join(from).parent()?.join(file),
    };
    let Ok(target) = fs::canonicalize(target) else {
        return Some("there is no such file");
    };
    let Ok(target) = target.strip_prefix(&root) else {
        return Some("it leads out of the repository");
    };
    let text = documents.get(target.to_str()?);
    let is_there = anchor.is_empty() || text.is_some_and(|text| anchors(text).contains(anchor));
    (!is_there).then_some("there is no such heading")
}

#[test]
fn every_link_to_something_of_the_repository_leads_there() {
    let documents: BTreeMap<String, String> = files(".md")
        .into_iter()
        .map(|(path, text)| (path.to_str().unwrap().to_owned(), text))
        .collect();
    let mut faults = Vec::new();
    let mut count = 0;
    for (path, text) in &documents {
        for link in links(text).iter().filter(|link| !link.contains(':')) {
            count += 1;
            if let Some(fault) = fault(&documents, Path::new(path), link) {
                faults.push(format!("{path}: {link}: {fault}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(count > 150, "{count}");
}

#[test]
fn an_anchor_is_made_as_github_makes_it() {
    let text = "# What `run show` says: all of it\n## a_b – c\n```\n# no heading\n```\n## [Faults](faults.md), twice\n### Same\n### Same\n#none";

    let expected = [
        "a_b--c",
        "faults-twice",
        "same",
        "same-1",
        "what-run-show-says-all-of-it",
    ];
    assert_eq!(anchors(text), expected.map(str::to_owned).into());
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let documents = BTreeMap::from([("docs/cli.md".to_owned(), "# The command\n".to_owned())]);
    let fault = |link| fault(&documents, Path::new("docs/cli.md"), link);

    for good in [
        "cli.md",
        "#the-command",
        "cli.md#the-command",
        "../README.md",
        "../examples",
    ] {
        assert_eq!(fault(good), None, "{good}");
    }
    for bad in [
        "README.md",
        "#the-commands",
        "../docs/cli.md#x",
        "../../x",
        "../Cargo.toml#x",
    ] {
        assert!(fault(bad).is_some(), "{bad}");
    }
}

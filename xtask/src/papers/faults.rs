//! The names of tests begin with the codes of the faults that they are about, and `docs/faults.md` is the legend.

use std::collections::{BTreeMap, BTreeSet};

use super::{files, lines, read};

/// The letters that codes begin with. The list is closed, so `v2_` and `v3_`, which are about webhooks, are none.
const LETTERS: &str = "bfipstw";

/// The section for what Pagerflow cannot do yet. Its codes are taken, and no test has them.
const NOT_BUILT: &str = "Not built yet";

const SIMULATED: &str = "tests/simulator/src/invariants";

/// The code that a word of a name is: `f19` is F19.
fn code(word: &str) -> Option<String> {
    let (letter, number) = word.split_at_checked(1)?;
    let is_code = LETTERS.contains(letter) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| word.to_uppercase())
}

/// The codes that the name of a test, or of a case of one, begins with.
fn codes(name: &str) -> Vec<String> {
    name.split('_').map_while(code).collect()
}

/// The names of the tests in a source file, and of their cases.
fn names(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim_start) {
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if ["#[test]", "#[rstest]", "#[tokio::test"]
            .iter()
            .any(|attribute| line.starts_with(attribute))
        {
            is_test = true;
        } else if let Some(case) = line.strip_prefix("#[case::") {
            names.push(identifier(case));
        } else if let Some(function) = function {
            if is_test {
                names.push(identifier(function));
            }
            is_test = false;
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The codes that tests have, each with the places where.
fn tested() -> BTreeMap<String, Vec<String>> {
    let mut tested: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, source) in files(".rs") {
        for name in names(&source) {
            for code in codes(&name) {
                tested
                    .entry(code)
                    .or_default()
                    .push(format!("{}: {name}", path.display()));
            }
        }
        if path.starts_with(SIMULATED) {
            for code in violations(&source) {
                tested.entry(code).or_default().push(path.display().to_string());
            }
        }
    }
    tested
}

/// The invariants that a part of the simulation checks: what it reports begins with the code.
fn violations(source: &str) -> Vec<String> {
    let words = source.split('"').filter_map(|text| text.split_once(' '));
    words
        .filter(|(word, _)| word.starts_with('I'))
        .filter_map(|(word, _)| code(&word.to_lowercase()))
        .collect()
}

/// A row of the legend.
#[derive(Debug)]
struct Row {
    section: String,
    cells: Vec<String>,
}

fn legend() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let mut section = String::new();
    for (line, _) in lines(&read("docs/faults.md")).filter(|(_, is_code)| !is_code) {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut section);
        }
        let Some(row) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            continue;
        };
        let mut cells = row.split(" | ").map(str::to_owned);
        let name = cells.next().unwrap();
        if code(&name.to_lowercase()).is_some() {
            let row = Row {
                section: section.clone(),
                cells: cells.collect(),
            };
            assert!(rows.insert(name.clone(), row).is_none(), "{name} has two rows");
        }
    }
    rows
}

#[test]
fn every_code_in_the_name_of_a_test_has_a_row_and_every_row_a_test() {
    let (tested, legend) = (tested(), legend());
    let built = legend.iter().filter(|(_, row)| row.section != NOT_BUILT);
    let built: BTreeSet<&String> = built.map(|(code, _)| code).collect();

    let unexplained: Vec<_> = tested.iter().filter(|(code, _)| !built.contains(code)).collect();
    assert!(
        unexplained.is_empty(),
        "these codes have no row in docs/faults.md, or only one under \"{NOT_BUILT}\"; a test that is about no fault must not \
         begin with one of the letters {LETTERS:?} and a number: {unexplained:#?}"
    );
    let untested: Vec<_> = built.iter().filter(|code| !tested.contains_key(**code)).collect();
    assert!(
        untested.is_empty(),
        "no test has these codes of docs/faults.md in its name: {untested:?}"
    );
    assert!(built.len() > 100, "{}", built.len());
}

#[test]
fn every_row_says_what_goes_wrong_and_what_must_happen() {
    for (code, Row { section, cells }) in legend() {
        let expected = if section == NOT_BUILT { 1 } else { 2 };
        assert_eq!(cells.len(), expected, "{code}: {cells:?}");
        assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{code}: {cells:?}");
    }
}

#[test]
fn a_name_has_the_codes_that_it_begins_with_and_no_others() {
    let of = |name: &str| codes(name).join(" ");

    assert_eq!(of("f19_a_run_waits"), "F19");
    assert_eq!(of("b6_b7_b19_all_are_answered_alike"), "B6 B7 B19");
    assert_eq!(of("b22"), "B22");
    for name in [
        "v2_has_its_own_names",
        "i18n_is_not_a_code",
        "a_f19_comes_late",
        "f_1_a",
        "p1x_a",
        "fine",
    ] {
        assert_eq!(of(name), "", "{name}");
    }
}

#[test]
fn a_helper_is_not_a_test_and_a_case_is_one() {
    let source = "#[rstest]\n#[case::empty(1)]\n  #[case::full]\n#[tokio::test]\nasync fn a_test() {\nfn inner() {}\nfn helper() {}\n\
                  #[test]\nfn another() {}";

    assert_eq!(names(source), ["empty", "full", "a_test", "another"]);
}

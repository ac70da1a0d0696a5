//! The Python packages of `tools/*.txt`.

use std::fs;
use std::path::{Path, PathBuf};

use local_aws::{Auditors, Progress, Project, run};
use serde_json::Value;

use super::Gap;
use crate::console::Console;
use crate::error::Error;

/// A release with known vulnerabilities. Nothing installs it.
const VULNERABLE: &str = "jinja2==2.10\n";

/// Known vulnerabilities. pip-audit says on the terminal what it finds.
///
/// Where PyPI does not tell about a release, as a mirror of it may not, pip-audit takes it for one without vulnerabilities. So it is
/// asked about one that has some first.
pub(super) fn look_for_advisories(project: &Project, auditors: &Auditors) -> Result<Option<Gap>, Error> {
    let folder = project.path(".pagerflow/dependencies");
    fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
    let vulnerable = folder.join("vulnerable.txt");
    fs::write(&vulnerable, VULNERABLE).map_err(Error::file("write", &vulnerable))?;
    let mut audit = auditors.pip_audit();
    audit.args(["--progress-spinner", "off", "--format", "json"]);
    audit
        .args(["--no-deps", "--disable-pip", "--requirement"])
        .arg(&vulnerable);
    // It ends with an error where it finds something, which is what is wanted here, so its answer is read in any case.
    let answer = audit.output().map_err(|source| local_aws::Error::NotStarted {
        program: "pip-audit".to_owned(),
        source,
    })?;
    if let Some(why) = ignorance(&answer.stdout, &answer.stderr) {
        let why = format!(
            "PyPI does not tell of the known vulnerabilities of {}: {why}",
            VULNERABLE.trim()
        );
        return Ok(Some(Gap::say("known vulnerabilities of Python packages", &why)));
    }
    for list in lists(&project.path("tools"))? {
        let mut audit = auditors.pip_audit();
        audit.args([
            "--progress-spinner",
            "off",
            "--strict",
            "--disable-pip",
            "--require-hashes",
        ]);
        audit.arg("--requirement").arg(&list);
        let what = format!("pip-audit of {}", list.display());
        Console.begin(&what);
        run(&what, &mut audit)?;
    }
    Ok(None)
}

/// The reason nothing is known, if the answer has no vulnerability.
fn ignorance(answer: &[u8], errors: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let vulnerabilities = answer.pointer("/dependencies/0/vulns").and_then(Value::as_array);
    if vulnerabilities.is_some_and(|found| !found.is_empty()) {
        return None;
    }
    let skipped = answer.pointer("/dependencies/0/skip_reason").and_then(Value::as_str);
    let errors = String::from_utf8_lossy(errors);
    let last = errors.lines().rfind(|line| !line.trim().is_empty());
    Some(skipped.or(last).unwrap_or("it has none").to_owned())
}

/// The lists of what is installed, by name.
fn lists(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut lists = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let path = entry.map_err(Error::file("read", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            lists.push(path);
        }
    }
    lists.sort();
    Ok(lists)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_nothing_in_a_vulnerable_release_knows_nothing() {
        let found = br#"{"dependencies": [{"name": "jinja2", "vulns": [{"id": "PYSEC-2019-217"}]}]}"#;
        let none = br#"{"dependencies": [{"name": "jinja2", "vulns": []}]}"#;
        let skipped = br#"{"dependencies": [{"name": "jinja2", "skip_reason": "not found"}]}"#;

        assert_eq!(ignorance(found, b"Found 1 known vulnerability"), None);
        assert_eq!(ignorance(none, b""), Some("it has none".to_owned()));
        assert_eq!(ignorance(skipped, b"all is well"), Some("not found".to_owned()));
        assert_eq!(ignorance(b"", b"no route\n\n"), Some("no route".to_owned()));
    }

    #[test]
    fn every_list_has_hashes_of_all_that_it_names() {
        let project = Project::find().unwrap();
        let lists = lists(&project.path("tools")).unwrap();
        assert!(!lists.is_empty());
        for list in lists {
            let text = fs::read_to_string(&list).unwrap().replace("\\\n", " ");
            for line in text
                .lines()
                .filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#'))
            {
                assert!(
                    line.contains("==") && line.contains("--hash=sha256:"),
                    "{}: {line}",
                    list.display()
                );
            }
        }
    }
}

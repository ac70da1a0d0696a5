//! Advisories of our own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_aws::{Project, output};
use serde_json::Value;

use crate::error::Error;

/// The crate that has an advisory, in a version that there will never be.
pub(super) const FAULTY: (&str, &str) = ("serde_json", "999.0.0");
/// Where cargo-deny believes it to be. Git is told where it is.
const URL: &str = "https://advisories.invalid/planted";

/// A database in RustSec's form with one advisory that is about nothing we use. With it cargo-deny can look for yanked crates
/// where RustSec's is out of reach, and shows that it heeds advisories.
#[derive(Debug)]
pub(super) struct Database {
    repository: PathBuf,
    rules: PathBuf,
}

impl Database {
    /// Makes it anew.
    pub(super) fn make(project: &Project) -> Result<Self, Error> {
        let folder = project.path(".pagerflow/dependencies");
        let database = Self {
            repository: folder.join("advisories"),
            rules: folder.join("deny.toml"),
        };
        // What an earlier check left; it need not be there.
        let _ = fs::remove_dir_all(&folder);
        let advisories = database.repository.join("crates").join(FAULTY.0);
        fs::create_dir_all(&advisories).map_err(Error::file("create", &advisories))?;
        write(&advisories.join("RUSTSEC-0000-0001.md"), &advisory())?;
        database.git(&["init", "--quiet", "--initial-branch", "main"])?;
        database.git(&["add", "--all"])?;
        database.git(&["commit", "--quiet", "--message", "An advisory"])?;

        let path = project.path("deny.toml");
        let rules = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        write(&database.rules, &with_database(&rules, &folder.join("fetched"))?)?;
        Ok(database)
    }

    /// Where the rules are that name it. They are those of `deny.toml` otherwise.
    pub(super) fn rules(&self) -> &Path {
        &self.rules
    }

    /// Lets cargo-deny use it instead of RustSec's, with rules that name it.
    pub(super) fn use_in(&self, deny: &mut Command, rules: &Path) {
        deny.arg("--config").arg(rules);
        let place = format!("url.file://{}.insteadOf", self.repository.display());
        deny.env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", place)
            .env("GIT_CONFIG_VALUE_0", URL);
    }

    /// Git, whatever the user has told it about commits.
    fn git(&self, arguments: &[&str]) -> Result<(), Error> {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=xtask", "-c", "user.email=xtask@localhost"]);
        git.args(arguments).current_dir(&self.repository);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
            git.env_remove(variable);
        }
        output("git", &mut git)?;
        Ok(())
    }
}

fn advisory() -> String {
    let (name, version) = FAULTY;
    format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-0000-0001\"\npackage = \"{name}\"\ndate = \"2000-01-01\"\n\n\
         [versions]\npatched = []\nunaffected = [\"< {version}\"]\n```\n\n# A planted advisory\n\nIt is there to be found.\n"
    )
}

/// The rules with this database alone, which is fetched into `folder`.
fn with_database(rules: &str, folder: &Path) -> Result<String, Error> {
    const PLACE: &str = "[advisories]\n";
    // A text of JSON is one of TOML as well.
    let folder = Value::from(folder.display().to_string());
    changed(
        rules,
        PLACE,
        &format!("{PLACE}db-path = {folder}\ndb-urls = [\"{URL}\"]\n"),
    )
}

/// The text with the first `place` in it replaced.
pub(super) fn changed(text: &str, place: &str, becomes: &str) -> Result<String, Error> {
    if !text.contains(place) {
        return Err(local_aws::Error::NoPlace(place.to_owned()).into());
    }
    Ok(text.replacen(place, becomes, 1))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_stay_but_for_the_database() {
        let rules = "[graph]\n\n[advisories]\nyanked = \"deny\"\n";

        assert_eq!(
            with_database(rules, Path::new("/a \"folder\"")).unwrap(),
            "[graph]\n\n[advisories]\ndb-path = \"/a \\\"folder\\\"\"\ndb-urls = [\"https://advisories.invalid/planted\"]\nyanked = \"deny\"\n"
        );
        assert!(with_database("[graph]\n", Path::new("/")).is_err());
    }
}

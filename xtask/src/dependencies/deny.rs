//! Crates, by the rules of `deny.toml`.

use local_aws::{Auditors, Project, output, run};

use super::Gap;
use super::database::Database;
use super::gap::last_words;
use crate::cloud::cargo;
use crate::console::Console;
use crate::error::Error;

/// Licences, sources, versions, and what is not to be there at all. It says on the terminal what it finds.
pub(super) fn check(auditors: &Auditors) -> Result<(), Error> {
    let mut deny = auditors.cargo_deny();
    deny.args(["--locked", "check", "licenses", "sources", "bans"]);
    Ok(run("cargo-deny", &mut deny)?)
}

/// Known faults, crates that nobody looks after any more, and yanked ones.
///
/// cargo-deny ends alike where a database cannot be fetched and where an advisory is found. So fetching is a step of its own,
/// and the check after it is told to fetch nothing.
pub(super) fn look_for_advisories(
    project: &Project,
    auditors: &Auditors,
    database: &Database,
) -> Result<Vec<Gap>, Error> {
    let mut gaps = Vec::new();
    // What is yanked stands in Cargo's copy of the index, which Cargo reads anew only when it looks for versions.
    let mut update = cargo(project);
    update.args(["update", "--dry-run", "--quiet"]);
    if let Some(why) = last_words(output("cargo update --dry-run", &mut update))? {
        let why = format!("The index of crates.io could not be read: {why}");
        gaps.push(Gap::say("crates yanked lately", &why));
    }

    let mut fetch = auditors.cargo_deny();
    // Nobody is there to be asked for a password.
    fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0");
    let out_of_reach = last_words(output("cargo-deny fetch", &mut fetch))?;

    let mut deny = auditors.cargo_deny();
    // A crate that the index does not tell about could be yanked.
    let arguments = ["--locked", "check", "--deny", "index-failure", "advisories"];
    if let Some(why) = out_of_reach {
        let why = format!("RustSec's database could not be fetched: {why}");
        gaps.push(Gap::say("advisories about crates", &why));
        database.use_in(&mut deny, database.rules());
        // Its own `advisories ok` would say more than is known.
        output("cargo-deny", deny.args(arguments))?;
        Console.say("yanked crates ok");
    } else {
        run("cargo-deny", deny.arg("--offline").args(arguments))?;
    }
    Ok(gaps)
}

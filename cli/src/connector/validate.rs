//! `pagerflow connector validate`.

use crate::{
    error::Error,
    output::{Screen, View},
    problems::Told,
    text_file,
};
use connectors::Connector;
use serde::Serialize;
use std::path::PathBuf;

/// Connectors that are valid.
#[derive(Debug, Serialize)]
pub(super) struct Valid {
    valid: Vec<String>,
}

/// Reads and checks the files. All problems are reported at once, each with its file.
pub(super) fn validate(paths: &[PathBuf]) -> Result<Valid, Error> {
    let (mut valid, mut problems) = (Vec::new(), Told::default());
    for path in paths {
        match Connector::from_source(&text_file::read(path)?) {
            Ok(connector) => valid.push(connector.name().to_string()),
            Err(found) => problems.add(path, &found),
        }
    }
    problems.none()?;
    Ok(Valid { valid })
}

impl View for Valid {
    fn text(&self, _: Screen) -> String {
        match self.valid.as_slice() {
            [name] => format!("{name} is valid."),
            names => format!("{} are valid.", names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_of_the_catalogue_is_valid_and_all_problems_of_others_are_told_with_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let catalogue = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/connectors/catalogue/slack.yaml");
        let valid = validate(std::slice::from_ref(&catalogue)).unwrap();
        assert_eq!(valid.text(Screen::plain()), "slack is valid.");

        let source = fs::read_to_string(catalogue).unwrap();
        fs::write(path("a.yaml"), source.replace("auth: bearer", "auth: bearr")).unwrap();
        fs::write(path("b.yaml"), "connector: b\ntitel: B\n").unwrap();
        let told = validate(&[path("a.yaml"), path("b.yaml")]).unwrap_err().to_string();
        let told = told.replace(&format!("{}/", folder.path().display()), "");
        insta::assert_snapshot!(told, @"
        7 problems
        a.yaml:6:9: integration.auth: `bearr` is not known; did you mean `bearer`?
        b.yaml:1:1: `title` is missing: the system, as people call it
        b.yaml:1:1: `summary` is missing: what the connector is for, in one line
        b.yaml:1:1: `documentation` is missing: the address of the system's own documentation
        b.yaml:1:1: `integration` is missing: how a request proves who asks
        b.yaml:1:1: `actions` is missing: what can be done on the system
        b.yaml:2:1: `titel` is not known; did you mean `title`?
        ");
    }
}

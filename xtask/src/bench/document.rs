//! A document of which marked parts are generated, and the rest is written by people.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

#[derive(Debug)]
pub(super) struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            text: fs::read_to_string(path).map_err(Error::file("read", path))?,
        })
    }

    /// Replaces what stands between `<!-- bench: NAME -->` and `<!-- end: NAME -->`.
    pub(super) fn set(&mut self, name: &str, content: &str) -> Result<(), Error> {
        let (begin, end) = (format!("<!-- bench: {name} -->\n"), format!("<!-- end: {name} -->"));
        let parts = self.text.split_once(&begin);
        let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
        let (before, after) = parts.ok_or_else(|| Error::NoPart {
            path: self.path.clone(),
            name: name.to_owned(),
        })?;
        self.text = format!("{before}{begin}{content}{end}{after}");
        Ok(())
    }

    pub(super) fn write(&self) -> Result<(), Error> {
        fs::write(&self.path, &self.text).map_err(Error::file("write", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document {
            path: "d.md".into(),
            text: "# A\n<!-- bench: a -->\nold\n<!-- end: a -->\nwords\n<!-- bench: b -->\n<!-- end: b -->\n"
                .to_owned(),
        }
    }

    #[test]
    fn a_part_is_replaced_and_the_words_around_it_stay() {
        let mut document = document();
        document.set("a", "new\n").unwrap();
        document.set("b", "more\n").unwrap();
        document.set("a", "newer\n").unwrap();
        assert_eq!(
            document.text,
            "# A\n<!-- bench: a -->\nnewer\n<!-- end: a -->\nwords\n<!-- bench: b -->\nmore\n<!-- end: b -->\n"
        );
    }

    #[test]
    fn a_part_that_is_not_there_is_not_made_up() {
        let error = document().set("c", "new\n").unwrap_err().to_string();
        assert!(error.contains("<!-- bench: c -->"), "{error}");
    }
}

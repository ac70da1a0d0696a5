//! Definitions in files and folders.

use crate::{
    error::Error,
    known_connectors::KnownConnectors,
    output::Notices,
    problems::{Told, located},
    text_file,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use workflow::{
    definition::{Draft, Problems},
    ids::WorkflowId,
};

/// The endings of the files that a folder is searched for.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A definition and the file that it stands in.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// The content of the file.
    pub(super) text: String,
    pub(super) draft: Draft,
}

/// The definitions of files and folders.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) sources: Vec<Source>,
    pub(super) passed_over: Vec<PassedOver>,
}

impl Sources {
    /// Reports what was passed over, and what may be meant otherwise.
    pub(super) fn remark(&self, notices: Notices) {
        if let Some(lines) = passed_over_in_words(&self.passed_over) {
            notices.note(&lines);
        }
        for source in &self.sources {
            for problem in source.draft.warnings().iter() {
                notices.warn(&located(&source.path, problem));
            }
        }
    }
}

/// Something in a folder that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PassedOver {
    /// Its path.
    file: PathBuf,
    reason: &'static str,
}

/// Reads and checks definitions. The problems of all files are told at once, each with its file. Of a folder those files are
/// taken that can hold a definition by their names, but not hidden ones, which editors and file systems leave, and without the
/// folders in it. `-` is standard input.
pub(super) fn read(paths: &[PathBuf], known: &KnownConnectors) -> Result<Sources, Error> {
    let mut sources: Vec<Source> = Vec::new();
    let mut problems = Told::default();
    let (files, passed_over) = files(paths)?;
    for path in files {
        let text = text_file::read(&path)?;
        match Draft::from_source(&text, known.catalog()) {
            Ok(draft) => sources.push(Source { path, text, draft }),
            Err(found) => problems.add(&path, &found),
        }
    }
    problems.none()?;
    once_each(&sources)?;
    Ok(Sources { sources, passed_over })
}

/// Reads one definition from a file.
pub(super) fn read_one(path: &Path, known: &KnownConnectors) -> Result<Source, Error> {
    let text = text_file::read(path)?;
    let draft = Draft::from_source(&text, known.catalog()).map_err(|found| told(path, &found))?;
    Ok(Source {
        path: path.to_owned(),
        text,
        draft,
    })
}

/// The files that were passed over, a line each.
pub(super) fn passed_over_in_words(passed_over: &[PassedOver]) -> Option<String> {
    let lines = passed_over
        .iter()
        .map(|it| format!("passed over: {} ({})", it.file.display(), it.reason));
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The problems of one file.
pub(super) fn told(path: &Path, problems: &Problems) -> Error {
    let mut told = Told::default();
    told.add(path, problems);
    told.into_error()
}

fn files(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<PassedOver>), Error> {
    let (mut files, mut passed_over) = (Vec::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            let found = in_folder(path)?;
            files.extend(found.0);
            passed_over.extend(found.1);
        } else {
            files.push(path.clone());
        }
    }
    Ok((files, passed_over))
}

/// The entries of a folder in the order of their names.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut entries = entries.map_err(|cause| failed(folder, cause))?;
    entries.sort();
    Ok(entries)
}

/// The reason an entry of a folder is not read by its name; none if it is one of the files with these endings.
pub(super) fn reason_to_pass_over(path: &Path, extensions: &[&str]) -> Option<&'static str> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    if name.starts_with('.') {
        Some("a hidden file")
    } else if path.is_dir() {
        Some("a folder")
    } else if !extensions.contains(&extension) {
        Some("another kind of file")
    } else {
        None
    }
}

fn in_folder(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PassedOver>), Error> {
    let (mut files, mut passed_over) = (Vec::new(), Vec::new());
    for file in entries(folder)? {
        match reason_to_pass_over(&file, &EXTENSIONS) {
            None => files.push(file),
            Some(reason) => passed_over.push(PassedOver { file, reason }),
        }
    }
    if files.is_empty() {
        let passed_over = passed_over_in_words(&passed_over).map(|lines| format!("\n{lines}"));
        return Err(Error::Invalid(format!(
            "{} has no definition in it: no file ends with {}{}",
            folder.display(),
            EXTENSIONS.map(|extension| format!(".{extension}")).join(" or "),
            passed_over.unwrap_or_default()
        )));
    }
    Ok((files, passed_over))
}

fn failed(path: &Path, cause: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        cause,
    }
}

/// Of two definitions of one workflow, the second would replace the first at once.
fn once_each(sources: &[Source]) -> Result<(), Error> {
    let mut seen: BTreeMap<&WorkflowId, &Path> = BTreeMap::new();
    for source in sources {
        let name = source.draft.name();
        if let Some(other) = seen.insert(name, &source.path) {
            return Err(Error::Invalid(format!(
                "{} and {} both define the workflow {name}; give one of them another name",
                other.display(),
                source.path.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, which is there as long as the guard.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn read_all(paths: &[PathBuf]) -> Result<Sources, Error> {
        read(paths, &KnownConnectors::shipped())
    }

    fn names(sources: &[Source]) -> Vec<&str> {
        sources.iter().map(|source| source.draft.name().as_str()).collect()
    }

    const A: &str = "name: a\nsteps: [{ wait: 1s }]\n";
    const B: &str = "{\"name\": \"b\", \"steps\": [{\"wait\": \"1s\"}]}";
    const BROKEN: &str = "name: c\nsteps: [{ wait: soon }]\n";

    #[test]
    fn of_a_folder_all_definitions_are_read_by_their_names() {
        let folder = folder(&[("2.yml", A), ("1.json", B), ("notes.txt", "x"), ("yaml", "x")]);
        fs::create_dir(folder.path().join("more.yaml")).unwrap();

        let Sources { sources, passed_over } = read_all(&[folder.path().to_owned()]).unwrap();

        assert_eq!(names(&sources), ["b", "a"]);
        assert_eq!(sources[1].text, A);
        let told = passed_over_in_words(&passed_over).unwrap();
        let told = told.replace(&format!("{}/", folder.path().display()), "");
        insta::assert_snapshot!(told, @"
        passed over: more.yaml (a folder)
        passed over: notes.txt (another kind of file)
        passed over: yaml (another kind of file)
        ");
    }

    #[test]
    fn hidden_files_of_a_folder_are_passed_over_and_told() {
        // A lock of Emacs, what macOS leaves on other file systems, a swap file of Vim, and a draft.
        let hidden = [".#a.yaml", "._a.yaml", ".a.yaml.swp", ".draft.json"];
        let folder = folder(&[("a.yaml", A)]);
        for name in hidden {
            fs::write(folder.path().join(name), [0xff, 0xfe, 0x00]).unwrap();
        }

        let all = read_all(&[folder.path().to_owned()]).unwrap();

        assert_eq!(names(&all.sources), ["a"]);
        let told = all
            .passed_over
            .iter()
            .map(|it| it.file.file_name().unwrap().to_str().unwrap());
        assert_eq!(told.collect::<Vec<_>>(), hidden);
        assert!(all.passed_over.iter().all(|it| it.reason == "a hidden file"));
        let named = read_all(&[folder.path().join(".draft.json")]).unwrap_err().to_string();
        assert!(named.contains("UTF-16"), "one that is named is read: {named}");
    }

    #[test]
    fn a_definition_is_read_in_utf_16_and_with_a_byte_order_mark() {
        let folder = folder(&[("mark.yaml", &format!("\u{feff}{A}"))]);
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(B.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        fs::write(folder.path().join("wide.json"), wide).unwrap();
        let read = read_all(&[folder.path().to_owned()]).unwrap();
        assert_eq!(names(&read.sources), ["a", "b"]);
    }

    #[test]
    fn the_problems_of_all_files_are_told_at_once() {
        let folder = folder(&[("1.yaml", BROKEN), ("2.yaml", "steps: []"), ("3.yaml", A)]);

        let told = read_all(&[folder.path().to_owned()]).unwrap_err().to_string();

        let told = told.replace(&format!("{}/", folder.path().display()), "");
        insta::assert_snapshot!(told, @r#"
        3 problems
        1.yaml:2:17: step 1: wait: "soon" is not a length of time; write it like 30s, 10m, 1h30m or 2d
        2.yaml:1:1: `name` is missing: the workflow's name, such as memory-alert
        2.yaml:1:8: steps: is empty; there must be at least one step
        "#);
    }

    #[test]
    fn two_definitions_of_one_workflow_are_refused() {
        let folder = folder(&[("1.yaml", A), ("2.yaml", A)]);

        let told = read_all(&[folder.path().to_owned()]).unwrap_err().to_string();

        assert!(
            told.ends_with("both define the workflow a; give one of them another name"),
            "{told}"
        );
    }

    #[test]
    fn a_folder_without_definitions_and_a_file_that_is_not_there_are_told() {
        let folder = folder(&[("notes.txt", "x")]);
        let told = read_all(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(
            told.contains("no file ends with .yaml or .yml or .json\npassed over: "),
            "{told}"
        );

        let told = read_all(&[folder.path().join("gone.yaml")]).unwrap_err().to_string();
        assert!(told.contains("gone.yaml could not be read"), "{told}");
    }
}

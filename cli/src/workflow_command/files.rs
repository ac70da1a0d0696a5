//! Definitions in files and folders.

use crate::error::Error;
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};
use workflow::{
    definition::{Draft, Problem, Problems},
    ids::WorkflowId,
};

/// How the names of files end that a folder is searched for.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A definition and the file that it stands in.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// What stands in the file.
    pub(super) text: String,
    pub(super) draft: Draft,
}

/// Reads and checks definitions. The problems of all files are told at once, each with its file. Of a folder those files are
/// taken that can hold a definition, by their names and without the folders in it.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let mut sources: Vec<Source> = Vec::new();
    let mut problems = Told::default();
    for path in files(paths)? {
        let text = fs::read_to_string(&path).map_err(|cause| failed(&path, cause))?;
        match Draft::from_source(&text) {
            Ok(draft) => sources.push(Source { path, text, draft }),
            Err(found) => problems.add(&path, &found),
        }
    }
    problems.none()?;
    once_each(&sources)?;
    Ok(sources)
}

/// Reads one definition from a file.
pub(super) fn read_one(path: &Path) -> Result<Source, Error> {
    let text = fs::read_to_string(path).map_err(|cause| failed(path, cause))?;
    let draft = Draft::from_source(&text).map_err(|found| told(path, &found))?;
    Ok(Source {
        path: path.to_owned(),
        text,
        draft,
    })
}

/// The problems of one file.
pub(super) fn told(path: &Path, problems: &Problems) -> Error {
    let mut told = Told::default();
    told.add(path, problems);
    told.into_error()
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(in_folder(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut files = entries.map_err(|cause| failed(folder, cause))?;
    files.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) && path.is_file()
    });
    files.sort();
    if files.is_empty() {
        return Err(Error::Invalid(format!(
            "{} has no definition in it: no file ends with {}",
            folder.display(),
            EXTENSIONS.map(|extension| format!(".{extension}")).join(" or ")
        )));
    }
    Ok(files)
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

/// The problems of several files, in the form that editors and terminals make a link of: `file:line:column: message`.
#[derive(Debug, Default)]
pub(super) struct Told(Vec<String>);

impl Told {
    pub(super) fn add(&mut self, path: &Path, problems: &Problems) {
        self.0.extend(problems.iter().map(|problem| located(path, problem)));
    }

    /// An error where there is any.
    pub(super) fn none(self) -> Result<(), Error> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(self.into_error()),
        }
    }

    fn into_error(self) -> Error {
        Error::Invalid(self.to_string())
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "1 problem")?,
            count => writeln!(f, "{count} problems")?,
        }
        f.write_str(&self.0.join("\n"))
    }
}

fn located(path: &Path, problem: &Problem) -> String {
    format!("{}:{problem}", path.display())
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

        let sources = read(&[folder.path().to_owned()]).unwrap();

        assert_eq!(names(&sources), ["b", "a"]);
        assert_eq!(sources[1].text, A);
    }

    #[test]
    fn the_problems_of_all_files_are_told_at_once() {
        let folder = folder(&[("1.yaml", BROKEN), ("2.yaml", "steps: []"), ("3.yaml", A)]);

        let told = read(&[folder.path().to_owned()]).unwrap_err().to_string();

        let told = told.replace(&format!("{}/", folder.path().display()), "");
        insta::assert_snapshot!(told, @r#"
        3 problems
        1.yaml:2:17: steps[0].wait: "soon" is not a length of time; write it like 30s, 10m, 1h30m or 2d
        2.yaml:1:1: `name` is missing: the workflow's name, such as memory-alert
        2.yaml:1:8: steps: is empty; there must be at least one step
        "#);
    }

    #[test]
    fn two_definitions_of_one_workflow_are_refused() {
        let folder = folder(&[("1.yaml", A), ("2.yaml", A)]);

        let told = read(&[folder.path().to_owned()]).unwrap_err().to_string();

        assert!(
            told.ends_with("both define the workflow a; give one of them another name"),
            "{told}"
        );
    }

    #[test]
    fn a_folder_without_definitions_and_a_file_that_is_not_there_are_told() {
        let folder = folder(&[("notes.txt", "x")]);
        let told = read(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(told.ends_with("no file ends with .yaml or .yml or .json"), "{told}");

        let told = read(&[folder.path().join("gone.yaml")]).unwrap_err().to_string();
        assert!(told.contains("gone.yaml could not be read"), "{told}");
    }
}

//! Tests of the documents: what they say of the repository is there, and what must be in them is in them.
//!
//! They live here because this crate sees the whole checkout and the command line of `cargo xtask`.
//!
//! - `faults`: the codes in the names of tests, and their legend
//! - `links`: links between documents
//! - `commands`: commands that documents tell people to type

mod commands;
mod faults;
mod links;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders with what is made here or found by fuzzing. Hidden folders are passed over as well.
const NOT_OURS: [&str; 4] = ["target", "fuzz/corpus", "fuzz/artifacts", "fuzz/coverage"];

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// The files of the repository whose names end so: their paths from its root, with their texts.
fn files(ending: &str) -> BTreeMap<PathBuf, String> {
    let root = root();
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let from_root = path.strip_prefix(&root).unwrap();
            if path.is_dir() {
                if !name.starts_with('.') && !NOT_OURS.iter().any(|other| from_root == Path::new(other)) {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.insert(from_root.to_owned(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// A file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The lines of a Markdown text, each with whether it belongs to a fenced block of code.
fn lines(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut in_block = false;
    text.lines().map(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        (line, in_block || is_fence)
    })
}

#[test]
fn a_fence_belongs_to_its_block() {
    let found: Vec<bool> = lines("a\n```console\n$ b\n```\nc").map(|(_, code)| code).collect();

    assert_eq!(found, [false, true, true, true, false]);
}

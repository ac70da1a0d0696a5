//! What can go wrong.

use std::path::{Path, PathBuf};

/// What can go wrong in a chore.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The local AWS or a tool failed.
    #[error(transparent)]
    LocalAws(#[from] local_aws::Error),
    /// PagerDuty or `pagerflow` could not be driven.
    #[error(transparent)]
    Tests(#[from] tests::Error),
    /// A webhook was not accepted.
    #[error("the webhook was not accepted: {}", shortened(.0))]
    NotAccepted(String),
    /// A file could not be used.
    #[error("failed to {operation} {}", .path.display())]
    File {
        operation: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Something could not be measured.
    #[error("failed to measure {what}")]
    Measurement {
        what: String,
        #[source]
        source: std::io::Error,
    },
    /// A program of a benchmark said something else than it should.
    #[error("{what} cannot be read in: {}", shortened(.text))]
    Unreadable { what: &'static str, text: String },
    /// A document lacks the marks of a part that is generated.
    #[error(
        "{} has no `<!-- bench: {name} -->` with an `<!-- end: {name} -->` after it: put both where the part is to stand",
        .path.display()
    )]
    NoPart { path: PathBuf, name: String },
    /// botocore has something new.
    #[error(transparent)]
    NotKnown(crate::aws_models::NotKnown),
    /// Some checks failed. They have been reported already.
    #[error("some checks failed")]
    ChecksFailed,
}

impl Error {
    /// A function that wraps a JSON error of `what`.
    pub(crate) fn json(what: &str) -> impl FnOnce(serde_json::Error) -> Self {
        let what = what.to_owned();
        move |source| Self::LocalAws(local_aws::Error::Json { what, source })
    }

    /// A function that wraps an I/O error of `operation` on `path`.
    pub(crate) fn file(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }
}

/// As much of an answer as fits into a message.
fn shortened(answer: &str) -> String {
    const CHARACTERS: usize = 500;
    match answer.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", answer.get(..end).unwrap_or_default()),
        None => answer.to_owned(),
    }
}

//! Requests by which nothing is shown and nothing is decided.

use platform::{secrets::SecretError, table::StoreError};

/// The reason why a request shows no approval and decides nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A forged link, one of another stack, and one whose approval is no longer kept look the same from outside.
    #[error("the link leads to no approval of this stack")]
    NoSuchLink,
    #[error("only GET, HEAD and POST are answered")]
    Method,
    #[error("the form was sent by a page of another site")]
    CrossSite,
    #[error("the body is too large")]
    TooLarge,
    #[error("the body is not a form")]
    NotAForm,
    /// Nothing was decided.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Nothing was decided.
    #[error(transparent)]
    Read(StoreError),
    /// The answer may or may not be the decision.
    #[error("it is not known if the decision was written: {0}")]
    Write(#[source] StoreError),
}

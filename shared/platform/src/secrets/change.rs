//! Changing what a secret holds, while others may change it as well.
//!
//! Each change is made upon the version that was read, and stored only if that is still the current one. Otherwise it is
//! made again upon what others have stored meanwhile. So no change is lost.

use super::{ChangeError, SecretError, SecretWriter};
use secrecy::SecretString;

/// The number of times that a change is made that another one forestalls.
pub(super) const CHANGED_AT_MOST: usize = 5;

/// The change to make to a secret, and its result.
pub(super) enum Change<T> {
    Store(SecretString, T),
    Nothing(T),
}

/// Changes a secret: `decide` gets what it holds, if there is one.
pub(super) async fn change<T>(
    store: &impl SecretWriter,
    name: &str,
    description: &str,
    mut decide: impl FnMut(Option<&SecretString>) -> Result<Change<T>, ChangeError>,
) -> Result<T, ChangeError> {
    for _ in 0..CHANGED_AT_MOST {
        let current = match store.current(name).await {
            Ok(current) => Some(current),
            Err(SecretError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        match decide(current.as_ref().map(|current| &current.value))? {
            Change::Nothing(told) => return Ok(told),
            Change::Store(value, told) => {
                let over = current.as_ref().map(|current| &current.version);
                if store.replace(name, description, &value, over).await? {
                    return Ok(told);
                }
            }
        }
    }
    Err(ChangeError::Contended(name.to_owned()))
}

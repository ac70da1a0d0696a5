//! Clients that few environments need.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, LazyLock},
};

/// A client of AWS that is made when it is first used. Each one made takes a tenth of a millisecond of a start, because the SDK
/// reads its table of AWS's partitions for it, and some are for what rarely happens.
pub struct OnFirstUse<C>(Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>);

impl<C> OnFirstUse<C> {
    /// A client that `make` makes.
    #[must_use]
    pub fn new(make: impl FnOnce() -> C + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

/// A client that there is already.
impl<C: Send + 'static> From<C> for OnFirstUse<C> {
    fn from(client: C) -> Self {
        Self::new(move || client)
    }
}

impl<C> Deref for OnFirstUse<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C> Clone for OnFirstUse<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> fmt::Debug for OnFirstUse<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnFirstUse").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::OnFirstUse;
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    #[test]
    fn it_is_made_once_for_all_its_clones_and_not_before_somebody_uses_it() {
        let made = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&made);
        let client = OnFirstUse::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            "client".to_owned()
        });
        let clone = client.clone();
        assert_eq!(made.load(Ordering::Relaxed), 0);
        assert_eq!((client.as_str(), clone.as_str(), client.len()), ("client", "client", 6));
        assert_eq!(made.load(Ordering::Relaxed), 1);
        assert_eq!(OnFirstUse::from("ready".to_owned()).as_str(), "ready");
    }
}

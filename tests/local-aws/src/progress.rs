//! Progress for the person who waits.

/// Whoever is told how far the work is.
pub trait Progress: Sync {
    /// A piece of work begins.
    fn begin(&self, what: &str);

    /// How far the present piece of work is. Each call replaces what the last one said.
    fn update(&self, how_far: &str);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str) {}

    fn update(&self, _how_far: &str) {}
}

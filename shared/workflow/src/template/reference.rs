//! Names that an expression refers to.

use std::fmt;

/// A dotted name, such as `steps.ticket.outputs.incident_id`, as far as it can be known without running it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(Vec<String>);

impl Reference {
    /// The reference of a dotted name.
    #[must_use]
    pub fn from_dotted(name: &str) -> Self {
        Self(name.split('.').map(str::to_owned).collect())
    }

    /// The parts of the name.
    #[must_use]
    pub fn parts(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// The id of the step whose result it is, as in `steps.<id>…`.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self.0.as_slice() {
            [root, id, ..] if root == "steps" => Some(id),
            _ => None,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

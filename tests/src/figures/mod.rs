//! Measurements: percentiles, and tables of Markdown.

mod sample;
mod table;

pub use sample::{Sample, milliseconds, ratio};
pub use table::Table;

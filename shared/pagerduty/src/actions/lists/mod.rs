//! Lists of what an incident has, of incidents, and of who is on call.
//!
//! They only read, so a repeat is harmless. A list has as many entries as a run has room for, and says whether there are
//! more; long texts in it are cut.

pub mod list_alerts;
pub mod list_incidents;
pub mod list_log_entries;
pub mod list_notes;
pub mod list_oncalls;

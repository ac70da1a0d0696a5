//! Documents that are made of the code, and committed.

use std::{env, fs, path::Path};

/// Holds a committed document against what the code says. With `PAGERFLOW_WRITE_DOCS` it is written anew first.
pub(crate) fn assert_committed(document: &str, wanted: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
    if env::var_os("PAGERFLOW_WRITE_DOCS").is_some() {
        fs::write(&file, wanted).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == wanted,
        "{document} is stale; write it anew with `PAGERFLOW_WRITE_DOCS=1 cargo test -p workflow manual`"
    );
}

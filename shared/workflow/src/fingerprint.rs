//! Hashes that name things: runs and effects.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

/// 160 bits: enough that no two things share a name, and exactly 32 characters of base32.
const BYTES: usize = 20;

/// Hashes `parts` under `purpose` into 32 characters of `a-z2-7`.
///
/// Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ; the purpose keeps hashes of
/// different kinds of things apart.
#[must_use]
pub fn fingerprint(purpose: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(&purpose).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let (head, _) = digest.split_at(BYTES);
    // Lower-case letters and digits are legal in an execution name, a DynamoDB key and an incident's key.
    BASE32_NOPAD.encode(head).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn a_fingerprint_is_32_characters_that_are_legal_in_an_execution_name() {
        let name = fingerprint("run", &["memory-alert", "a/b:c*?\u{0}é"]);
        assert_eq!(name.len(), 32);
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)),
            "{name}"
        );
    }

    #[test]
    fn a_fingerprint_never_changes_because_it_is_the_identity_of_what_has_already_happened() {
        assert_eq!(
            fingerprint("run", &["memory-alert", "01FKZ"]),
            "75cf5cxmfcxpzwqogtsktnhx573js73b"
        );
    }

    #[test]
    fn the_border_between_parts_and_the_purpose_count() {
        assert_ne!(fingerprint("run", &["ab", "c"]), fingerprint("run", &["a", "bc"]));
        assert_ne!(fingerprint("run", &["a"]), fingerprint("effect", &["a"]));
        assert_ne!(fingerprint("run", &["a"]), fingerprint("run", &["A"]));
    }
}

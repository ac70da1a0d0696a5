//! The compressed form of a delivery's body: DEFLATE.

use base64::{Engine, engine::general_purpose::STANDARD};
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

/// The largest body that is ever unpacked, in bytes. No larger one is accepted either.
const LARGEST: usize = 512 * 1024;

/// How much work goes into a smaller result, from 0 to 10. Six is where more work gains little.
const LEVEL: u8 = 6;

/// A compressed body cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[error("the stored body of the delivery cannot be unpacked: {0}")]
pub struct DamagedBody(String);

/// Compresses bytes. The same bytes always give the same result.
#[must_use]
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, LEVEL)
}

/// Unpacks what [`compress`] made.
///
/// # Errors
/// The bytes are damaged, or unpack to more than half a megabyte.
pub fn decompress(compressed: &[u8]) -> Result<Vec<u8>, DamagedBody> {
    decompress_at_most(compressed, LARGEST)
}

/// The bytes of a compressed text that is no body, and may take so many bytes.
///
/// # Errors
/// What is stored is damaged, or takes more.
pub fn decompress_at_most(compressed: &[u8], most: usize) -> Result<Vec<u8>, DamagedBody> {
    decompress_to_vec_with_limit(compressed, most).map_err(|error| DamagedBody(format!("{:?}", error.status)))
}

/// Compressed bytes as text.
#[must_use]
pub fn to_text(compressed: &[u8]) -> String {
    STANDARD.encode(compressed)
}

/// Text as compressed bytes.
///
/// # Errors
/// The text is damaged.
pub fn from_text(text: &str) -> Result<Vec<u8>, DamagedBody> {
    STANDARD.decode(text).map_err(|error| DamagedBody(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_was_and_packs_the_same_each_time() {
        let body = br#"{"event":{"id":"01F","data":{"title":"disk full"}}}"#.repeat(50);
        let packed = compress(&body);
        assert!(packed.len() < body.len() / 5);
        assert_eq!(packed, compress(&body));
        assert_eq!(decompress(&from_text(&to_text(&packed)).unwrap()).unwrap(), body);
    }

    #[test]
    fn a_small_text_that_unpacks_to_gigabytes_is_stopped() {
        let bomb = compress(&vec![0; 4 * 1024 * 1024]);
        assert!(bomb.len() < 10_000);
        assert!(decompress(&bomb).is_err());
    }
}

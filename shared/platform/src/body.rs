//! The compressed form of a delivery's body: DEFLATE.

use base64::{Engine, engine::general_purpose::STANDARD};
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

/// The largest body that is ever unpacked, in bytes. No larger one is accepted either.
const LARGEST: usize = 512 * 1024;

/// The compression level, from 0 to 10. Six is where more work gains little.
const LEVEL: u8 = 6;

/// The same while PagerDuty waits: of 55 KB, six makes 8 KB, and this 12 KB in an eighth of the time.
const QUICK_LEVEL: u8 = 1;

/// Up to so many bytes are not compressed: a compressor's tables alone are two hundred times as large.
const LARGEST_STORED: u16 = 2048;

/// A compressed body cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[error("the stored body of the delivery cannot be unpacked: {0}")]
pub struct DamagedBody(String);

/// Compresses bytes. The same bytes always give the same result.
#[must_use]
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, LEVEL)
}

/// Compresses bytes in the same form, as long as it takes no time: a little, and a few bytes not at all. The same bytes always
/// give the same result.
#[must_use]
pub fn compress_quickly(bytes: &[u8]) -> Vec<u8> {
    match u16::try_from(bytes.len()) {
        Ok(length @ ..=LARGEST_STORED) => stored(bytes, length),
        _ => compress_to_vec(bytes, QUICK_LEVEL),
    }
}

/// DEFLATE's block of bytes as they are (RFC 1951, section 3.2.4): the mark of the last block and of its kind, the length, the
/// length with all bits turned, and the bytes.
fn stored(bytes: &[u8], length: u16) -> Vec<u8> {
    const LAST_STORED: u8 = 0b001;
    let mut block = Vec::with_capacity(bytes.len() + 5);
    block.push(LAST_STORED);
    block.extend(length.to_le_bytes());
    block.extend((!length).to_le_bytes());
    block.extend_from_slice(bytes);
    block
}

/// Unpacks what [`compress`] or [`compress_quickly`] made.
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
        for compress in [compress, compress_quickly] {
            let packed = compress(&body);
            assert!(packed.len() < body.len() / 5);
            assert_eq!(packed, compress(&body));
            assert_eq!(decompress(&from_text(&to_text(&packed)).unwrap()).unwrap(), body);
        }
    }

    #[test]
    fn a_small_body_is_quickly_kept_as_it_is_in_the_same_form() {
        for length in [0, 1, 2047, 2048, 2049] {
            let body = vec![b'a'; length];
            let packed = compress_quickly(&body);
            assert_eq!(decompress(&packed).unwrap(), body, "{length}");
            assert_eq!(packed.len() == length + 5, length <= 2048, "{length}");
        }
        let packed = compress_quickly(b"{}");
        let cut_off = packed.split_last().unwrap().1;
        assert!(decompress(cut_off).is_err());
    }

    #[test]
    fn a_small_text_that_unpacks_to_gigabytes_is_stopped() {
        let bomb = compress(&vec![0; 4 * 1024 * 1024]);
        assert!(bomb.len() < 10_000);
        assert!(decompress(&bomb).is_err());
    }
}

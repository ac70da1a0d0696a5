//! Reading files that people give: text in UTF-8 or UTF-16, with or without a byte order mark, as editors and shells write it.

use crate::error::Error;
use std::{
    fs,
    io::{self, Read},
    path::Path,
};

/// The file name that stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Reads a file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    let bytes = match path.as_os_str() == STANDARD_INPUT {
        true => {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        }
        false => fs::read(path),
    };
    let bytes = bytes.map_err(|cause| Error::File {
        path: path.to_owned(),
        cause,
    })?;
    decoded(bytes).map_err(|problem| Error::Invalid(format!("{} {problem}", path.display())))
}

/// The byte order marks, and the order of two bytes.
const UTF_8: &[u8] = &[0xef, 0xbb, 0xbf];
const LITTLE: &[u8] = &[0xff, 0xfe];
const BIG: &[u8] = &[0xfe, 0xff];

fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    let in_utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
        let text = String::from_utf16(&units).ok().filter(|_| rest.is_empty());
        text.ok_or_else(|| "is damaged: it is text in UTF-16, but not all of it; save it again, as UTF-8".to_owned())
    };
    if let Some(rest) = bytes.strip_prefix(UTF_8) {
        return in_utf_8(rest.to_vec(), UTF_8.len());
    }
    if let Some(rest) = bytes.strip_prefix(LITTLE) {
        return in_utf_16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(BIG) {
        return in_utf_16(rest, u16::from_be_bytes);
    }
    // YAML and JSON begin with a character of ASCII, and neither has a zero byte in UTF-8.
    match bytes.as_slice() {
        [first, 0, ..] if *first != 0 => in_utf_16(&bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => in_utf_16(&bytes, u16::from_be_bytes),
        _ => in_utf_8(bytes, 0),
    }
}

fn in_utf_8(bytes: Vec<u8>, offset: usize) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + offset + 1;
        format!("is not text in UTF-8 or UTF-16: byte {at} is none; save it as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const TEXT: &str = "{\"title\": \"Plattenplatz é 火 🔥\"}\n";

    fn utf_16(unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        TEXT.encode_utf16().flat_map(unit).collect()
    }

    #[rstest]
    #[case::utf_8(TEXT.as_bytes().to_vec())]
    #[case::utf_8_with_a_mark([UTF_8, TEXT.as_bytes()].concat())]
    #[case::utf_16_with_a_mark([LITTLE, &utf_16(u16::to_le_bytes)].concat())]
    #[case::big_endian_with_a_mark([BIG, &utf_16(u16::to_be_bytes)].concat())]
    #[case::utf_16_without_a_mark(utf_16(u16::to_le_bytes))]
    #[case::big_endian_without_a_mark(utf_16(u16::to_be_bytes))]
    fn a_text_is_read_in_each_form_that_editors_write(#[case] bytes: Vec<u8>) {
        assert_eq!(decoded(bytes), Ok(TEXT.to_owned()));
    }

    #[rstest]
    #[case::latin_1(b"title: gr\xfcn".to_vec(), "byte 10 is none")]
    #[case::latin_1_with_a_mark([UTF_8, b"gr\xfcn"].concat(), "byte 6 is none")]
    #[case::half_a_character([LITTLE, b"a\0b"].concat(), "it is text in UTF-16, but not all of it")]
    #[case::half_a_pair([LITTLE, &[0x3d, 0xd8]].concat(), "it is text in UTF-16, but not all of it")]
    fn what_is_no_text_is_named_with_the_remedy(#[case] bytes: Vec<u8>, #[case] words: &str) {
        let problem = decoded(bytes).unwrap_err();
        assert!(problem.contains(words) && problem.contains("UTF-8"), "{problem}");
    }

    #[test]
    fn an_empty_file_is_an_empty_text() {
        assert_eq!(decoded(Vec::new()), Ok(String::new()));
        assert_eq!(decoded(UTF_8.to_vec()), Ok(String::new()));
    }
}

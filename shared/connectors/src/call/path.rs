//! The path of a request: each value in it is one encoded segment, whatever it holds.

use crate::connector::{Name, Path, Piece, Segment};
use serde_json::Value;

/// The longest value in a path, in bytes.
const LONGEST: usize = 1024;

/// The path with these values, encoded, with a slash at its start.
///
/// # Errors
/// The name of a value that cannot stand in a path, and why.
pub(super) fn render(path: &Path, value: impl Fn(&Name) -> Value) -> Result<String, String> {
    let mut rendered = String::new();
    for segment in &path.segments {
        rendered.push('/');
        match segment {
            Segment::One(pieces) => one(pieces, &value, &mut rendered)?,
            Segment::Several(name) => several(name, &value, &mut rendered)?,
        }
    }
    Ok(rendered)
}

fn one(pieces: &[Piece], value: &impl Fn(&Name) -> Value, rendered: &mut String) -> Result<(), String> {
    let mut whole = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                whole.push_str(text);
                rendered.push_str(text);
            }
            Piece::Value(name) => {
                let text = text_of(name, value)?;
                if text.is_empty() {
                    return Err(format!("`{}` is empty, and the path needs it", shown(name)));
                }
                whole.push_str(&text);
                encode(&text, rendered);
                if is_dots(&whole) {
                    return Err(dots(name));
                }
            }
        }
    }
    Ok(())
}

/// A value of several segments. A slash at its start changes nothing, and one at its end stays.
fn several(name: &Name, value: &impl Fn(&Name) -> Value, rendered: &mut String) -> Result<(), String> {
    let text = text_of(name, value)?;
    if text == "/" {
        return Ok(());
    }
    let inner = text.strip_prefix('/').unwrap_or(&text);
    let count = inner.split('/').count();
    for (index, segment) in inner.split('/').enumerate() {
        if segment.is_empty() && (index + 1 < count || count == 1) {
            return Err(format!("`{}` has an empty segment", shown(name)));
        }
        if is_dots(segment) {
            return Err(dots(name));
        }
        if index > 0 {
            rendered.push('/');
        }
        encode(segment, rendered);
    }
    Ok(())
}

fn text_of(name: &Name, value: &impl Fn(&Name) -> Value) -> Result<String, String> {
    let text = match value(name) {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => return Err(format!("`{}` is missing, and the path needs it", shown(name))),
        Value::Array(_) | Value::Object(_) => {
            return Err(format!("`{}` is no text, and cannot stand in a path", shown(name)));
        }
    };
    match text.len() > LONGEST {
        true => Err(format!(
            "`{}` is longer than {LONGEST} bytes, which is too long for a path",
            shown(name)
        )),
        false => Ok(text),
    }
}

fn shown(name: &Name) -> String {
    match name {
        Name::Input(name) => name.clone(),
        Name::Integration(name) => format!("integration.{name}"),
        Name::Key => "call.idempotency_key".to_owned(),
    }
}

/// Servers read these as this folder and the one above.
fn is_dots(segment: &str) -> bool {
    segment == "." || segment == ".."
}

fn dots(name: &Name) -> String {
    format!(
        "`{}` must not be `.` or `..`, which would lead to another place",
        shown(name)
    )
}

/// Writes a text so that it is one segment: only what RFC 3986 calls unreserved stands as it is.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::Url;
    use rstest::rstest;

    fn of(segment: Segment, value: &str) -> Result<String, String> {
        let path = Path {
            segments: vec![Segment::One(vec![Piece::Text("repos".to_owned())]), segment],
        };
        render(&path, |_| value.into())
    }

    fn name() -> Name {
        Name::Input("name".to_owned())
    }

    #[rstest]
    #[case::word("main", "/repos/main")]
    #[case::slash("a/b", "/repos/a%2Fb")]
    #[case::climbing("../../user", "/repos/..%2F..%2Fuser")]
    #[case::encoded_already("%2e%2e", "/repos/%252e%252e")]
    #[case::query("a?b#c", "/repos/a%3Fb%23c")]
    #[case::backslash("..\\x", "/repos/..%5Cx")]
    #[case::space_and_plus("a b+c", "/repos/a%20b%2Bc")]
    #[case::unicode("é", "/repos/%C3%A9")]
    #[case::line_break("a\r\nb", "/repos/a%0D%0Ab")]
    #[case::three_dots("...", "/repos/...")]
    fn a_value_is_one_segment_whatever_it_holds(#[case] value: &str, #[case] expected: &str) {
        let path = of(Segment::One(vec![Piece::Value(name())]), value).unwrap();
        assert_eq!(path, expected);
        // A reader of URLs finds the same two segments in it.
        let url = Url::parse(&format!("https://api.example.com{path}")).unwrap();
        assert_eq!((url.path(), url.path_segments().unwrap().count()), (expected, 2));
    }

    #[rstest]
    #[case::empty("")]
    #[case::here(".")]
    #[case::above("..")]
    #[case::long(&"x".repeat(1025))]
    fn what_would_be_another_place_is_refused(#[case] value: &str) {
        assert!(of(Segment::One(vec![Piece::Value(name())]), value).is_err());
        assert!(of(Segment::Several(name()), value).is_err());
    }

    #[rstest]
    #[case::a_value_after_a_dot(vec![Piece::Text(".".to_owned()), Piece::Value(name())], ".")]
    #[case::two_values(vec![Piece::Value(name()), Piece::Value(name())], ".")]
    fn dots_cannot_be_put_together(#[case] pieces: Vec<Piece>, #[case] value: &str) {
        assert!(of(Segment::One(pieces), value).is_err());
    }

    #[test]
    fn text_can_stand_beside_a_value() {
        let pieces = vec![
            Piece::Text("issue-".to_owned()),
            Piece::Value(name()),
            Piece::Text(".json".to_owned()),
        ];
        assert_eq!(of(Segment::One(pieces), "a/b").unwrap(), "/repos/issue-a%2Fb.json");
    }

    #[rstest]
    #[case::one("pagerflow", "/repos/pagerflow")]
    #[case::two("acme/pagerflow", "/repos/acme/pagerflow")]
    #[case::slash_at_the_start("/acme/pagerflow", "/repos/acme/pagerflow")]
    #[case::slash_at_the_end("acme/", "/repos/acme/")]
    #[case::nothing_but_a_slash("/", "/repos/")]
    #[case::odd_characters("a b/c?d", "/repos/a%20b/c%3Fd")]
    fn a_value_of_several_segments_keeps_its_slashes(#[case] value: &str, #[case] expected: &str) {
        assert_eq!(of(Segment::Several(name()), value).unwrap(), expected);
    }

    #[rstest]
    #[case::climbing("a/../b")]
    #[case::here("a/./b")]
    #[case::empty_within("a//b")]
    #[case::two_at_the_start("//evil.example.com")]
    fn a_value_of_several_segments_stays_in_its_place(#[case] value: &str) {
        assert!(of(Segment::Several(name()), value).is_err());
    }

    #[test]
    fn numbers_are_text_in_a_path_and_lists_are_not() {
        let path = Path {
            segments: vec![Segment::One(vec![Piece::Value(name())])],
        };
        assert_eq!(render(&path, |_| 7.into()).unwrap(), "/7");
        assert!(render(&path, |_| Value::Array(Vec::new())).is_err());
        assert!(render(&path, |_| Value::Null).is_err());
    }
}

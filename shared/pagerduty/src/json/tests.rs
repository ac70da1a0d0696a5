use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;

#[test]
fn json_of_every_kind_is_read_as_it_is() {
    let body =
        br#"{"a": [1, -2, 3.5, true, null, "x\u0000\n\ud83d\ude00"], "__proto__": {"$ref": {}}, "big": 18446744073709551615}"#;

    let expected: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(read(body), Ok(expected));
}

#[rstest]
#[case::first_half(r#""Deploy failed \ud83d""#, "Deploy failed \u{fffd}")]
#[case::second_half(r#""\ude00 Deploy failed""#, "\u{fffd} Deploy failed")]
#[case::half_before_a_pair(r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}")]
#[case::half_before_another_escape(r#""\ud83d\n\"""#, "\u{fffd}\n\"")]
#[case::escape_of_no_meaning(r#""\x41\u00g1\u+123""#, "\u{fffd}x41\u{fffd}u00g1\u{fffd}u+123")]
#[case::raw_tab_and_line_break("\"a\tb\r\nc\u{1b}[0m\0\"", "a\tb\r\nc\u{1b}[0m\0")]
#[case::byte_order_mark("\u{feff}\"a\"", "a")]
#[case::byte_order_mark_inside("\"\u{feff}\\ud800\"", "\u{feff}\u{fffd}")]
fn what_is_unreadable_is_replaced_and_the_rest_stays(#[case] body: &str, #[case] expected: &str) {
    assert_eq!(read(body.as_bytes()), Ok(json!(expected)));
}

#[rstest]
#[case::invalid(b"\"a\xffb\"", "a\u{fffd}b")]
#[case::overlong(b"\"\xc0\xaf\"", "\u{fffd}\u{fffd}")]
#[case::cut_in_two(b"\"\xf0\x9f\x98\"", "\u{fffd}")]
fn bytes_that_are_not_utf_8_are_replaced_inside_a_text(#[case] body: &[u8], #[case] expected: &str) {
    assert_eq!(read(body), Ok(json!(expected)));
}

#[rstest]
#[case::exponent("1e999", 1e308)]
#[case::negative("-1E+400", -1e308)]
#[case::largest_of_a_float("1.7976931348623157e308", 1e308)]
#[case::many_digits(&"9".repeat(400), 1e308)]
#[case::tiny("1e-999", 0.0)]
fn a_number_beyond_the_range_is_the_largest_there_is(#[case] number: &str, #[case] expected: f64) {
    let body = format!(r#"{{"a": [{number}], "b":{number}}}"#);

    assert_eq!(read(body.as_bytes()), Ok(json!({"a": [expected], "b": expected})));
}

#[rstest]
#[case::at_the_top(r#"{"event": 1, "event": 2}"#, json!({"event": 2}))]
#[case::deep_inside(r#"[{"id": "a", "x": 1, "id": {}}]"#, json!([{"id": {}, "x": 1}]))]
#[case::written_differently(r#"{"id": 1, "\u0069d": 2}"#, json!({"id": 2}))]
fn of_a_field_that_is_there_twice_the_last_counts(#[case] body: &str, #[case] expected: Value) {
    assert_eq!(read(body.as_bytes()), Ok(expected));
}

#[rstest]
#[case::two_documents("{} {}")]
#[case::a_word("{} x")]
#[case::a_comment("{} // no")]
fn nothing_may_follow(#[case] body: &str) {
    assert!(matches!(
        read(body.as_bytes()),
        Err(NotJson::TrailingData { line: 1, .. })
    ));
}

#[rstest]
#[case::single_quotes("{'a': 1}")]
#[case::trailing_comma(r#"{"a": 1,}"#)]
#[case::comment(r#"{"a": 1 /* x */}"#)]
#[case::not_a_number(r#"{"a": NaN}"#)]
#[case::malformed_number(r#"{"a": 01e999}"#)]
#[case::cut(r#"{"a": "#)]
#[case::cut_inside_a_text(r#"{"a": "\ud83d"#)]
#[case::cut_inside_an_escape(r#"{"a": "\"#)]
#[case::control_character_between_fields("{\u{1}}")]
#[case::two_byte_order_marks("\u{feff}\u{feff}{}")]
fn structure_is_not_guessed(#[case] body: &str) {
    assert!(matches!(read(body.as_bytes()), Err(NotJson::Syntax(_))));
}

#[rstest]
#[case::utf_16(b"\xff\xfe{\0}\0", 0)]
#[case::gzip(b"\x1f\x8b\x08\0", 1)]
#[case::outside_a_text(b"{\xff}", 1)]
fn another_encoding_is_named(#[case] body: &[u8], #[case] valid_up_to: usize) {
    assert_eq!(read(body), Err(NotJson::NotUtf8 { valid_up_to }));
}

#[rstest]
#[case::nothing("")]
#[case::blank(" \r\n")]
fn an_empty_body_is_named(#[case] body: &str) {
    assert_eq!(read(body.as_bytes()), Err(NotJson::Empty));
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[test]
fn nesting_is_limited_and_never_exhausts_the_stack() {
    assert!(read(nested(126).as_bytes()).is_ok());
    assert_eq!(read(nested(127).as_bytes()), Err(NotJson::TooDeep));
    assert_eq!(read(nested(128).as_bytes()), Err(NotJson::TooDeep));
    assert_eq!(read("[".repeat(1_000_000).as_bytes()), Err(NotJson::TooDeep));
    let with_a_mark = format!("\u{feff}{}", "[".repeat(1_000_000));
    assert_eq!(read(with_a_mark.as_bytes()), Err(NotJson::TooDeep));
}

/// A piece of a text, as the wire may have it.
#[derive(Debug, Clone)]
enum Piece {
    /// As it is. Also what JSON wants escaped, other than a quote and a backslash.
    Raw(char),
    /// As `\uXXXX`, or as a pair of them.
    Escaped(char),
    /// Half of a pair.
    Half(u16),
    /// A byte that UTF-8 never has.
    BadByte,
    /// A backslash before a letter that means nothing then.
    BadEscape,
}

/// A value, as the wire may have it.
#[derive(Debug, Clone)]
enum Wire {
    Plain(Value),
    /// A number that no float holds, with the exponent that makes it so.
    Beyond {
        is_negative: bool,
        exponent: u32,
    },
    Text(Vec<Piece>),
    List(Vec<Wire>),
    /// Fields; some are there before with another value.
    Object(Vec<(Vec<Piece>, Option<Wire>, Wire)>),
}

fn write_text(pieces: &[Piece], to: &mut Vec<u8>) {
    to.push(b'"');
    for piece in pieces {
        match piece {
            Piece::Raw('"' | '\\') | Piece::BadEscape => to.extend(b"\\q"),
            Piece::Raw(c) => to.extend(c.to_string().bytes()),
            Piece::Escaped(c) => {
                let units = c.encode_utf16(&mut [0; 2]).to_vec();
                to.extend(units.iter().flat_map(|unit| format!("\\u{unit:04X}").into_bytes()));
            }
            Piece::Half(unit) => to.extend(format!("\\u{unit:04x}").bytes()),
            Piece::BadByte => to.push(0xff),
        }
    }
    to.push(b'"');
}

/// The text as the rules of the module have it.
fn wanted_text(pieces: &[Piece]) -> String {
    let mut units = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Raw('"' | '\\') | Piece::BadEscape => units.extend("\u{fffd}q".encode_utf16()),
            Piece::Raw(c) | Piece::Escaped(c) => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            Piece::Half(unit) => units.push(*unit),
            Piece::BadByte => units.push(0xfffd),
        }
    }
    String::from_utf16_lossy(&units)
}

impl Wire {
    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::Plain(value) => to.extend(value.to_string().bytes()),
            Self::Beyond { is_negative, exponent } => {
                let sign = if *is_negative { "-" } else { "" };
                to.extend(format!("{sign}7.5E+{exponent}").bytes());
            }
            Self::Text(pieces) => write_text(pieces, to),
            Self::List(items) => {
                to.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    to.extend(if index == 0 { "\t" } else { " ,\r\n" }.bytes());
                    item.write(to);
                }
                to.push(b']');
            }
            Self::Object(fields) => {
                let earlier = fields
                    .iter()
                    .filter_map(|(name, earlier, _)| Some((name, earlier.as_ref()?)));
                let all = earlier.chain(fields.iter().map(|(name, _, value)| (name, value)));
                to.push(b'{');
                for (index, (name, value)) in all.enumerate() {
                    to.extend(if index == 0 { "" } else { "," }.bytes());
                    write_text(name, to);
                    to.push(b':');
                    value.write(to);
                }
                to.push(b'}');
            }
        }
    }

    fn wanted(&self) -> Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Beyond { is_negative, .. } => json!(if *is_negative { -1e308 } else { 1e308 }),
            Self::Text(pieces) => json!(wanted_text(pieces)),
            Self::List(items) => items.iter().map(Self::wanted).collect(),
            Self::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, _, value)| (wanted_text(name), value.wanted()));
                Value::Object(fields.collect())
            }
        }
    }
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => any::<char>().prop_map(Piece::Raw),
        2 => any::<char>().prop_map(Piece::Escaped),
        2 => (0xd800..=0xdfff_u16).prop_map(Piece::Half),
        1 => (0..0x20_u8).prop_map(|control| Piece::Raw(control.into())),
        1 => Just(Piece::BadByte),
        1 => Just(Piece::BadEscape),
    ]
}

fn wire() -> impl Strategy<Value = Wire> {
    let text = || prop::collection::vec(piece(), 0..6);
    let leaf = prop_oneof![
        Just(Wire::Plain(Value::Null)),
        any::<bool>().prop_map(|flag| Wire::Plain(json!(flag))),
        any::<i64>().prop_map(|number| Wire::Plain(json!(number))),
        any::<u64>().prop_map(|number| Wire::Plain(json!(number))),
        any::<i32>().prop_map(|number| Wire::Plain(json!(f64::from(number) / 4.0))),
        (any::<bool>(), 308..5000_u32).prop_map(|(is_negative, exponent)| Wire::Beyond { is_negative, exponent }),
        text().prop_map(Wire::Text),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let field = (text(), prop::option::weighted(0.2, inner.clone()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Wire::List),
            prop::collection::vec(field, 0..6).prop_map(Wire::Object),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_read_with_the_documented_replacements(value in wire(), mark in any::<bool>()) {
        let mut written = if mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        value.write(&mut written);

        prop_assert_eq!(read(&written), Ok(value.wanted()));
    }

    #[test]
    fn what_is_read_here_can_be_written_and_is_read_again_anywhere_as_the_same(value in wire()) {
        let mut written = Vec::new();
        value.write(&mut written);
        let value = read(&written).unwrap();

        let again: Value = serde_json::from_str(&value.to_string()).unwrap();
        prop_assert_eq!(again, value);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        tokens in prop::collection::vec(
            prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d83d", "\\ude00", "1e", "999", "-", "\t", "é", "\u{feff}"]),
            0..60,
        ),
    ) {
        let _ = read(&bytes);
        let text = tokens.concat();
        let _ = read(text.as_bytes());
        if let Some(cut) = text.as_bytes().get(1..) {
            let _ = read(cut);
        }
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            prop_assert_eq!(read(text.as_bytes()), Ok(value), "JSON to the letter is read as it is");
        }
    }
}

#[test]
fn the_deepest_value_can_be_written_and_read_again() {
    let value = read(nested(126).as_bytes()).unwrap();

    assert_eq!(serde_json::from_str::<Value>(&value.to_string()).unwrap(), value);
}

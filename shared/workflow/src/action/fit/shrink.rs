//! Values that are cut to a size, evenly: what is short stays whole, and what is long is cut, with a mark.

use serde::Serialize;
use serde_json::{Map, Value};

/// The mark of a cut in a text.
const MARK: &str = "… [cut]";

/// The least that is kept of each entry of a map or list before entries are left out, in bytes of JSON.
const LEAST: usize = 64;

/// The most that the entry takes which says how many were left out.
const REST: usize = 48;

/// The number of bytes that a value has as JSON.
pub(super) fn json_size<T: Serialize>(value: &T) -> usize {
    serde_json::to_string(value).map_or(usize::MAX, |text| text.len())
}

/// A text of at most so many bytes, with a mark where it was cut.
pub(super) fn cut_at(text: &str, most: usize) -> String {
    let end = text.floor_char_boundary(most.saturating_sub(MARK.len()));
    format!("{}{MARK}", text.get(..end).unwrap_or_default())
}

/// A value of at most `room` bytes of JSON, where `room` is at least [`LEAST`].
pub(super) fn shrink(value: Value, room: usize) -> Value {
    if json_size(&value) <= room {
        return value;
    }
    match value {
        Value::String(text) => Value::String(cut_text(&text, room)),
        Value::Array(items) => {
            let entries = items.into_iter().map(|item| (1, item)).collect();
            let (kept, left_out) = share(entries, room);
            let rest = (left_out > 0).then(|| Value::String(format!("… [{left_out} more left out]")));
            kept.into_iter().chain(rest).collect()
        }
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            // With the colon and the comma.
            let entries = fields
                .into_iter()
                .map(|(name, value)| (json_size(&name) + 2, value))
                .collect();
            let (kept, left_out) = share(entries, room);
            let mut kept: Map<String, Value> = names.into_iter().zip(kept).collect();
            if left_out > 0 {
                kept.insert("…".to_owned(), format!("[{left_out} more left out]").into());
            }
            Value::Object(kept)
        }
        // A number of more digits than there is room for.
        Value::Null | Value::Bool(_) | Value::Number(_) => Value::String(MARK.to_owned()),
    }
}

/// As many of the entries as there is room for, each cut to an even share, and how many were left out. An entry comes with
/// the bytes that it takes beside its value.
fn share(entries: Vec<(usize, Value)>, room: usize) -> (Vec<Value>, usize) {
    let room = room.saturating_sub("{}".len());
    let sizes: Vec<(usize, usize)> = entries
        .iter()
        .map(|(beside, value)| (*beside, json_size(value)))
        .collect();
    let taken = |sizes: &[(usize, usize)], most: usize| -> usize {
        sizes.iter().map(|(beside, size)| beside + size.min(&most)).sum()
    };
    let (kept, room) = match taken(&sizes, LEAST) <= room {
        true => (sizes.len(), room),
        false => {
            let room = room.saturating_sub(REST);
            let mut used = 0;
            let fit = sizes.iter().take_while(|(beside, size)| {
                used += beside + size.min(&LEAST);
                used <= room
            });
            (fit.count(), room)
        }
    };
    let sizes = sizes.get(..kept).unwrap_or_default();
    let (mut share, mut too_much) = (LEAST, room.max(LEAST) + 1);
    while share + 1 < too_much {
        let middle = usize::midpoint(share, too_much);
        match taken(sizes, middle) <= room {
            true => share = middle,
            false => too_much = middle,
        }
    }
    let left_out = entries.len() - kept;
    let kept = entries.into_iter().take(kept).map(|(_, value)| shrink(value, share));
    (kept.collect(), left_out)
}

/// As much of a text as has so many bytes as JSON, with the mark.
fn cut_text(text: &str, room: usize) -> String {
    // With the quotes.
    let room = room.saturating_sub(MARK.len() + 2);
    let mut used = 0;
    let head: String = text
        .chars()
        .take_while(|c| {
            used += in_json(*c);
            used <= room
        })
        .collect();
    format!("{head}{MARK}")
}

/// The number of bytes that a character has within a text of JSON.
fn in_json(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn short_values_stay_whole_and_the_long_one_is_cut_with_a_mark() {
        let long = "line\n".repeat(10_000);
        let value = json!({"host": "db-1", "firing": long, "count": 3, "labels": ["a", "b"]});
        let shrunk = shrink(value, 2000);
        assert_eq!(
            (&shrunk["host"], &shrunk["count"], &shrunk["labels"]),
            (&json!("db-1"), &json!(3), &json!(["a", "b"]))
        );
        let firing = shrunk["firing"].as_str().unwrap();
        assert!(
            firing.ends_with("… [cut]") && firing.starts_with("line\nline\n"),
            "{firing}"
        );
        assert!((1990..=2000).contains(&json_size(&shrunk)), "all the room is used");
    }

    #[test]
    fn of_many_small_entries_the_first_are_kept_and_the_rest_is_counted() {
        let list: Vec<u32> = (0..10_000).collect();
        let shrunk = shrink(json!(list), 1000);
        let shrunk = shrunk.as_array().unwrap();
        assert_eq!(shrunk[..3], [json!(0), json!(1), json!(2)]);
        let left_out = 10_000 - (shrunk.len() - 1);
        assert_eq!(shrunk.last().unwrap(), &json!(format!("… [{left_out} more left out]")));

        let map: Map<String, Value> = (0..10_000)
            .map(|index| (format!("field{index:05}"), json!(index)))
            .collect();
        let shrunk = shrink(Value::Object(map), 1000);
        let left_out = 10_000 - (shrunk.as_object().unwrap().len() - 1);
        assert_eq!(shrunk["…"], json!(format!("[{left_out} more left out]")));
        assert_eq!(shrunk["field00000"], json!(0));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ("[a\"\\\\\n\u{1}é😀]{0,8}", 1..400_usize).prop_map(|(text, times)| Value::from(text.repeat(times))),
        ];
        leaf.prop_recursive(6, 64, 10, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..10).prop_map(Value::from),
                prop::collection::btree_map(".{0,100}", inner, 0..10)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_shrunk_fits_and_what_fits_is_not_changed(value in values(), room in LEAST..5000_usize) {
            let shrunk = shrink(value.clone(), room);
            prop_assert!(json_size(&shrunk) <= room, "{} > {room}", json_size(&shrunk));
            prop_assert_eq!(&shrink(shrunk.clone(), room), &shrunk);
            prop_assert_eq!(shrunk == value, json_size(&value) <= room);
        }
    }
}

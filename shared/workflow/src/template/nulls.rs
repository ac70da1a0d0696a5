//! Null in texts that minijinja makes by itself, for `~`, `join`, `format` and `string`. There it writes `None`.

use super::{Context, engine::Given};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// Stands for null where a text is made again. It is no character, and so in no text.
pub(super) const MARK: &str = "\u{fdd0}";

/// Stands there for a `{{ }}` that gives just the mark, so that it may have given null or text made of null.
pub(super) const MARK_ALONE: &str = "\u{fdd1}";

/// The text of minijinja for null where it makes text of it itself: for `~`, `join`, `format` and `string`.
const NULL: &str = "None";

/// Takes the nulls out of a text that minijinja itself has made text of. Nothing tells them from a `None` in a title. So a text
/// with that word is made again, with a mark in the place of each null that the context has: where that gives the same text
/// but for the marks, they are the nulls.
pub(super) fn without_null(
    text: String,
    context: &Context,
    again: impl FnOnce(&Arc<Value>) -> Option<String>,
) -> Given<String> {
    let is_marked = |text: &str| text.contains(MARK) || text.contains(MARK_ALONE);
    let marked = match text.contains(NULL) && !is_marked(&text) {
        true => again(&Arc::new(with_marks(context.values()))),
        false => None,
    };
    match marked {
        Some(marked) if is_marked(&marked) && is_marked_form_of(&text, &marked) => Given {
            value: marked.replace(MARK, "").replace(MARK_ALONE, ""),
            lacks_something: true,
        },
        _ => Given {
            value: text,
            lacks_something: false,
        },
    }
}

/// True if a text is what a marked one becomes with nulls in the place of its marks. Said to be none where it can be read in too many
/// ways, as where many nulls stand beside a text that says `None` again and again: each of them would be tried with each other.
fn is_marked_form_of(text: &str, marked: &str) -> bool {
    const MOST_PLACES: usize = 64;
    let goes_on = |from: usize, with: &str| text.get(from..).is_some_and(|rest| rest.starts_with(with));
    // The places in the text that the marked one, as far as it is read, may have come to.
    let mut places = BTreeSet::from([0]);
    for (number, between) in marked.split(MARK).enumerate() {
        for (inner, literal) in between.split(MARK_ALONE).enumerate() {
            let past_null = places.iter().filter(|at| goes_on(**at, NULL)).map(|at| at + NULL.len());
            let past_null: BTreeSet<usize> = past_null.collect();
            match (number, inner) {
                (0, 0) => {}
                (_, 0) => places = past_null,
                _ => places.extend(past_null),
            }
            places = places
                .into_iter()
                .filter(|at| goes_on(*at, literal))
                .map(|at| at + literal.len())
                .collect();
            if places.len() > MOST_PLACES {
                return false;
            }
        }
    }
    places.contains(&text.len())
}

fn with_marks(value: &Value) -> Value {
    match value {
        Value::Null => MARK.into(),
        Value::Array(items) => items.iter().map(with_marks).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), with_marks(field)))
            .collect(),
        value => value.clone(),
    }
}

//! Filters that differ from minijinja's, or that it does not have.

use minijinja::{
    Error, State, Value,
    value::{Kwargs, Rest},
};

/// What a filter gives.
type Filtered = Result<Value, Error>;

/// minijinja's `default`, also for null: what PagerDuty left out is null here, and people mean both.
pub(super) fn default(state: &State<'_, '_>, value: &Value, arguments: Rest<Value>) -> Filtered {
    match value.is_none() {
        true => minijinja::filters::default(state, &Value::UNDEFINED, arguments),
        false => minijinja::filters::default(state, value, arguments),
    }
}

/// A field of a map or an entry of a list; undefined if there is none, or nothing that it could be in.
pub(super) fn field(value: &Value, name: &Value) -> Value {
    value.get_item(name).unwrap_or(Value::UNDEFINED)
}

/// minijinja's `tojson` without its escapes for HTML, which people would read in notes.
pub(super) fn tojson(state: &State<'_, '_>, value: &Value, indent: Option<Value>, arguments: Kwargs) -> Filtered {
    /// How much JSON may be written for one instruction, in bytes.
    const BYTES_PER_FUEL: usize = 64;
    let written = minijinja::filters::tojson(value, indent, arguments)?;
    let written = written.as_str().unwrap_or_default();
    state.consume_fuel(u64::try_from(written.len() / BYTES_PER_FUEL).unwrap_or(u64::MAX))?;
    let mut readable = String::with_capacity(written.len());
    let mut rest = written;
    // In JSON a backslash always stands with the character that it escapes, so two of them are taken together.
    while let Some((before, escaped)) = rest.split_once('\\') {
        readable.push_str(before);
        let html = [("u003c", '<'), ("u003e", '>'), ("u0026", '&'), ("u0027", '\'')];
        match html
            .iter()
            .find_map(|(code, character)| Some((escaped.strip_prefix(code)?, *character)))
        {
            Some((after, character)) => {
                readable.push(character);
                rest = after;
            }
            None => {
                let (first, after) = escaped.split_at(escaped.chars().next().map_or(0, char::len_utf8));
                readable.push('\\');
                readable.push_str(first);
                rest = after;
            }
        }
    }
    readable.push_str(rest);
    Ok(readable.into())
}

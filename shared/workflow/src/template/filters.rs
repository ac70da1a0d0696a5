//! Filters that differ from minijinja's, or that it does not have.

use super::weight;
use minijinja::{
    Error, ErrorKind, State, Value,
    value::{Kwargs, Rest, ValueOrKwargs, from_args},
};

/// The result of a filter.
type Filtered = Result<Value, Error>;

/// minijinja's `default`, also for null: what a system left out is null here, and people mean both.
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

/// minijinja's `map`, which does not see how much a filter makes of an entry.
pub(super) fn map(state: &mut State<'_, '_>, value: Value, arguments: Rest<ValueOrKwargs>) -> Filtered {
    let arguments: Vec<Value> = arguments.0.into_iter().map(Value::from).collect();
    let (positional, _): (&[Value], Kwargs) = from_args(&arguments)?;
    let Some(filter) = positional.first().and_then(Value::as_str) else {
        let arguments = Rest(arguments.into_iter().map(ValueOrKwargs::from).collect());
        return minijinja::filters::map(state, value, arguments).map(Value::from);
    };
    let mut made = Vec::new();
    let mut scales = weight::Scales::new(0);
    let arguments = arguments.get(1..).unwrap_or_default();
    // The filter walks through its arguments for each entry.
    let price = weight::fuel(arguments).saturating_add(1);
    for entry in value.try_iter()? {
        state.consume_fuel(price)?;
        let operands: Vec<Value> = std::iter::once(entry).chain(arguments.iter().cloned()).collect();
        let of_entry = state.apply_filter(filter, &operands)?;
        scales.add(state, &of_entry)?;
        made.push(of_entry);
    }
    Ok(made.into())
}

/// minijinja's `pprint`, weighed with what it puts before each entry.
pub(super) fn pprint(state: &State<'_, '_>, value: &Value) -> Filtered {
    weight::check_indented(state, value, 4)?;
    let printed = minijinja::filters::pprint(value);
    charge(state, &printed)?;
    Ok(printed.into())
}

/// Charges for what was written.
fn charge(state: &State<'_, '_>, written: &str) -> Result<(), Error> {
    /// The most that may be written for one instruction, in bytes.
    const BYTES_PER_FUEL: usize = 16;
    state.consume_fuel(u64::try_from(written.len() / BYTES_PER_FUEL).unwrap_or(u64::MAX))
}

/// The number of spaces JSON that may be indented by.
const WIDEST_INDENT: usize = 8;

/// minijinja's `tojson` without its escapes for HTML, which people would read in notes, and with a bound on its indent.
pub(super) fn tojson(state: &State<'_, '_>, value: &Value, indent: Option<Value>, arguments: Kwargs) -> Filtered {
    let wanted = match &indent {
        Some(indent) => Some(indent.clone()),
        None => arguments.get::<Option<Value>>("indent")?,
    };
    let width = wanted.and_then(|indent| indent.as_usize()).unwrap_or_default();
    if width > WIDEST_INDENT {
        let said = format!("the indent of `tojson` is {width}, and at most {WIDEST_INDENT}");
        return Err(Error::new(ErrorKind::InvalidOperation, said));
    }
    weight::check_indented(state, value, width)?;
    let written = minijinja::filters::tojson(value, indent, arguments)?;
    let written = written.as_str().unwrap_or_default();
    charge(state, written)?;
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

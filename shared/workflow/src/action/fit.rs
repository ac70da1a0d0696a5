//! Inputs that a system would refuse, made to fit: a page is worth more than what decorates it.
//!
//! What a workflow says in plain values is checked when it is saved. What an expression gives is known only when a step
//! runs, perhaps at night and in an outage: a link without a scheme, a key of 300 bytes, 70 KB of details. So each input of
//! the catalogue says in [`Unfit`] what becomes of such a value. The message itself, what it is about and who is paged are
//! never guessed: there the step fails. Everything else is left out, cut or replaced, and each [`Adjustment`] is written into
//! the record of the step.
//!
//! The result depends on the input alone. It fits, and an input that fits is not changed; so a second look at it, by the
//! function that a run calls, finds nothing to do.

mod shrink;

use super::{
    ActionSpec, Rule, Text,
    fields::{Field, FieldKind, LINK, Longest, OnNull, check_object},
};
use crate::fingerprint::fingerprint;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use shrink::{cut_at, json_size, shrink};
use std::fmt;

/// The treatment of a value of an input that the system would refuse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// The step fails: it is the message itself, what is acted on, or who is paged.
    #[default]
    Refuse,
    /// It is left out.
    LeaveOut,
    /// What is too long is cut, with a mark at its end. Any other value is left out, or makes the step fail where the action
    /// needs one.
    Cut,
    /// It is a key. Its beginning and a hash of the whole stand in its place: one key gives the same in every action. Any other
    /// value is left out, or makes the step fail where the action needs a key.
    Hash,
    /// Entries of the list that do not fit are left out, and so is what is beyond the most that the system takes.
    LeaveOutEntries,
    /// This value stands in its place, also where there is none.
    Replace(Text),
}

/// Something of an input that was changed so that the system takes the rest. It tells nothing of the value itself: what
/// stands in the wrong field may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// The place, such as `links[2].href`.
    at: String,
    change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    /// With the end of a sentence that says why.
    LeftOut(String),
    Cut(String),
    Hashed(String),
    Replaced {
        by: Text,
        why: String,
    },
    /// Characters that cannot be shown.
    Unreadable(usize),
    /// So many more changes were made.
    More(usize),
}

/// The most adjustments of one input that are kept: a person reads no more, and they go into the journal.
const MOST_KEPT: usize = 20;

/// The size below which no input is cut when there is no room for all, in bytes of JSON.
const LEAST: usize = 1024;

/// The longest readable beginning of a key that a hash stands for, in bytes.
const KEY_HEAD: usize = 200;

impl Adjustment {
    /// An input, or a part of one, that was left out. `why` is a sentence without its end.
    pub(crate) fn left_out(at: &str, why: &str) -> Self {
        Self {
            at: at.to_owned(),
            change: Change::LeftOut(why.to_owned()),
        }
    }

    /// The input that was changed.
    pub(super) fn input(&self) -> &str {
        self.at.split(['.', '[']).next().unwrap_or_default()
    }
}

impl fmt::Display for Adjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// A key of a map can be as long as an input, and this goes into the journal.
        const LONGEST_PLACE: usize = 120;
        const LONGEST_REASON: usize = 200;
        let at = format_args!("{:.LONGEST_PLACE$}", self.at);
        match &self.change {
            Change::LeftOut(why) => write!(f, "`{at}` was left out: {why:.LONGEST_REASON$}"),
            Change::Cut(how) => write!(f, "`{at}` was cut: {how:.LONGEST_REASON$}"),
            Change::Hashed(why) => write!(
                f,
                "`{at}` was replaced by its beginning and a hash of it: {why:.LONGEST_REASON$}"
            ),
            Change::Replaced { by, why } => write!(f, "`{at}` was replaced by `{by}`: {why:.LONGEST_REASON$}"),
            Change::Unreadable(1) => write!(f, "`{at}`: 1 control character was replaced by U+FFFD"),
            Change::Unreadable(count) => write!(f, "`{at}`: {count} control characters were replaced by U+FFFD"),
            Change::More(count) => write!(f, "{count} more adjustments"),
        }
    }
}

/// The sentence.
impl Serialize for Adjustment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Unfit {
    /// The treatment of an input, for the documentation.
    #[must_use]
    pub fn summary(&self, field: &Field) -> String {
        match (self, &field.kind, field.optional) {
            (Self::Refuse, _, _) => "the step fails".to_owned(),
            (Self::LeaveOut, FieldKind::Object(_), _) => "what does not fit of it is left out".to_owned(),
            (Self::LeaveOut, _, _) => "left out".to_owned(),
            (Self::Cut, FieldKind::Map { .. }, _) => "cut; not a map: left out".to_owned(),
            (Self::Cut, FieldKind::Prose(_), true) => "cut; blank or not text: left out".to_owned(),
            (Self::Cut, _, true) => "cut; not text: left out".to_owned(),
            (Self::Cut, _, false) => "cut; blank or not text: the step fails".to_owned(),
            (Self::Hash, _, true) if field.null == OnNull::LeaveOut => {
                "replaced by a hash; blank or not text: left out".to_owned()
            }
            (Self::Hash, _, _) => "replaced by a hash; blank or not text: the step fails".to_owned(),
            (Self::LeaveOutEntries, _, _) => "entries that do not fit are left out".to_owned(),
            (Self::Replace(by), _, _) => format!("replaced by `{by}`"),
        }
    }
}

/// The input of an action, made to fit into `room` bytes of JSON, and what was changed. What is to be refused is left as it
/// is.
pub(super) fn fit(
    spec: &ActionSpec,
    mut input: Map<String, Value>,
    room: usize,
) -> (Map<String, Value>, Vec<Adjustment>) {
    let mut fitting = Fitting::default();
    let before = input.clone();
    fitting.fields(&spec.inputs, &mut input, "");
    fitting.companions(spec, &before, &mut input);
    fitting.make_room(spec, &mut input, room);
    fitting.companions(spec, &before, &mut input);
    (input, fitting.bounded())
}

/// The largest field of an input that has more than `room` bytes of JSON.
pub(super) fn largest(input: &Value, room: usize) -> Option<&str> {
    let fields = input.as_object().filter(|fields| json_size(fields) > room)?;
    let largest = fields.iter().max_by_key(|(_, value)| json_size(value))?;
    Some(largest.0)
}

#[derive(Debug, Default)]
struct Fitting {
    made: Vec<Adjustment>,
}

impl Fitting {
    fn note(&mut self, at: &str, change: Change) {
        self.made.push(Adjustment {
            at: at.to_owned(),
            change,
        });
    }

    fn replaced(&mut self, at: &str, by: &Text, why: String) {
        self.note(at, Change::Replaced { by: by.clone(), why });
    }

    fn left_out(&mut self, at: &str, problem: &str) {
        self.note(at, Change::LeftOut(format!("it {problem}")));
    }

    fn bounded(mut self) -> Vec<Adjustment> {
        if self.made.len() > MOST_KEPT {
            let more = self.made.len() + 1 - MOST_KEPT;
            self.made.truncate(MOST_KEPT - 1);
            self.note("", Change::More(more));
        }
        self.made
    }

    fn fields(&mut self, known: &[Field], input: &mut Map<String, Value>, within: &str) {
        for field in known {
            let at = format!("{within}{}", field.name);
            match (input.get_mut(&*field.name), &field.unfit) {
                (None | Some(Value::Null), Unfit::Replace(by)) => {
                    let why = "it has no value".to_owned();
                    self.replaced(&at, by, why);
                    input.insert(field.name.to_string(), Value::from(&**by));
                }
                (None | Some(Value::Null), _) => {}
                (Some(value), _) => {
                    if let Some(value) = self.value(field, &at, value.take()) {
                        input.insert(field.name.to_string(), value);
                    } else {
                        input.remove(&*field.name);
                    }
                }
            }
        }
    }

    /// A value that fits, or that is to be refused; `None` for one that is left out.
    fn value(&mut self, field: &Field, at: &str, value: Value) -> Option<Value> {
        let value = match (&field.unfit, &field.kind, value) {
            (Unfit::Refuse, _, value) => return Some(value),
            (Unfit::Hash, _, value) => value,
            (_, FieldKind::Text | FieldKind::Prose(_), Value::String(text)) => Value::String(self.readable(at, text)),
            (_, FieldKind::Object(fields), Value::Object(given)) => Value::Object(self.object(fields, given, at)),
            (_, FieldKind::Links { most }, Value::Array(links)) => Value::Array(self.links(links, *most, at)),
            (_, _, value) => value,
        };
        let Err(problem) = field.check(&value) else {
            return self.unless_emptied(field, at, value);
        };
        match (&field.unfit, &field.kind, &value) {
            (_, FieldKind::OneOf(words), Value::String(text)) if known_word(words, text).is_some() => {
                let by = known_word(words, text)?;
                let why = "it is written like this".to_owned();
                self.replaced(at, by, why);
                return Some(Value::from(&**by));
            }
            (Unfit::Cut, FieldKind::Prose(longest), Value::String(text)) if !text.trim().is_empty() => {
                self.note(at, Change::Cut(format!("it {problem}")));
                return Some(Value::String(cut_to(text, *longest)));
            }
            (Unfit::Hash, FieldKind::Key { longest }, Value::String(text)) if !text.trim().is_empty() => {
                let why = match text.len() > *longest {
                    true => format!("it is longer than {longest} bytes"),
                    false => "it has control characters in it, or space at its ends".to_owned(),
                };
                self.note(at, Change::Hashed(why));
                return Some(Value::String(hashed(text)));
            }
            _ => {}
        }
        match &field.unfit {
            Unfit::Replace(by) => {
                let why = format!("it {problem}");
                self.replaced(at, by, why);
                Some(Value::from(&**by))
            }
            _ if field.optional && field.null == OnNull::LeaveOut => {
                self.left_out(at, &problem);
                None
            }
            _ => Some(value),
        }
    }

    /// A map or list of which nothing is left goes as a whole.
    fn unless_emptied(&self, field: &Field, at: &str, value: Value) -> Option<Value> {
        let is_empty = match &value {
            Value::Array(entries) => entries.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        let was_changed = self.made.iter().any(|made| made.at.starts_with(at));
        (!is_empty || !was_changed || !field.optional).then_some(value)
    }

    /// A text in which each character can be shown.
    fn readable(&mut self, at: &str, text: String) -> String {
        let is_unreadable = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        match text.chars().filter(|c| is_unreadable(*c)).count() {
            0 => text,
            count => {
                self.note(at, Change::Unreadable(count));
                text.replace(is_unreadable, "\u{fffd}")
            }
        }
    }

    fn object(&mut self, known: &[Field], mut given: Map<String, Value>, at: &str) -> Map<String, Value> {
        let is_known = |name: &str| known.iter().any(|field| field.name == name);
        let unknown: Vec<String> = given.keys().filter(|name| !is_known(name)).cloned().collect();
        for name in unknown {
            given.remove(&name);
            let shown: String = name.chars().take(40).collect();
            let at = format!("{at}.{}", shown.escape_debug());
            self.note(&at, Change::LeftOut("it is not known".to_owned()));
        }
        self.fields(known, &mut given, &format!("{at}."));
        given
    }

    /// The links that fit, the first `most`.
    fn links(&mut self, links: Vec<Value>, most: usize, at: &str) -> Vec<Value> {
        let mut kept = Vec::new();
        let mut beyond: usize = 0;
        for (index, link) in links.into_iter().enumerate() {
            let at = format!("{at}[{index}]");
            if kept.len() == most {
                beyond += 1;
                continue;
            }
            let made = self.made.len();
            let link = match link {
                Value::Object(given) => Value::Object(self.object(&LINK, given, &at)),
                other => other,
            };
            match why_not(&link) {
                None => kept.push(link),
                Some(why) => {
                    // That the link is left out says all.
                    self.made.truncate(made);
                    self.note(&at, Change::LeftOut(why));
                }
            }
        }
        if beyond > 0 {
            let how = format!("its last {beyond} entries were left out, because no more than {most} are taken");
            self.note(at, Change::Cut(how));
        }
        kept
    }

    /// What goes only together with an input that was left out is left out too.
    fn companions(&mut self, spec: &ActionSpec, before: &Map<String, Value>, input: &mut Map<String, Value>) {
        let is_given = |input: &Map<String, Value>, name: &str| input.get(name).is_some_and(|value| !value.is_null());
        for rule in &spec.rules {
            // What was at odds before is refused, unless it is mended by leaving the rest out as well.
            let is_mended = matches!(rule, Rule::AllOrNone(_));
            let was_at_odds = !is_mended && rule.check(|name| is_given(before, name)).is_err();
            if was_at_odds || rule.check(|name| is_given(input, name)).is_ok() {
                continue;
            }
            let missing = rule.fields().iter().find(|name| !is_given(input, name));
            for name in rule
                .fields()
                .iter()
                .filter(|name| is_given(input, name))
                .cloned()
                .collect::<Vec<_>>()
            {
                let Some(field) = spec
                    .input(&name)
                    .filter(|field| field.optional && field.unfit != Unfit::Refuse)
                else {
                    continue;
                };
                input.remove(&*field.name);
                let why = format!(
                    "it goes only together with `{}`",
                    missing.map(|name| &**name).unwrap_or_default()
                );
                self.note(&name, Change::LeftOut(why));
            }
        }
    }

    /// Cuts what is largest, until all has room.
    fn make_room(&mut self, spec: &ActionSpec, input: &mut Map<String, Value>, room: usize) {
        loop {
            let excess = json_size(&*input).saturating_sub(room);
            if excess == 0 {
                return;
            }
            let sizes = spec.inputs.iter().filter_map(|field| {
                let gives_way = !matches!(field.unfit, Unfit::Refuse | Unfit::Hash);
                let size = json_size(input.get(&*field.name).filter(|_| gives_way)?);
                (size > LEAST).then_some((size, field))
            });
            let Some((size, field)) = sizes.max_by_key(|(size, _)| *size) else {
                return;
            };
            let Some(value) = input.remove(&*field.name) else {
                return;
            };
            let target = size.saturating_sub(excess).max(LEAST);
            let why = format!("all inputs together have room for {room} bytes");
            match smaller(field, value, target) {
                Some(value) => {
                    self.note(&field.name, Change::Cut(why));
                    input.insert(field.name.to_string(), value);
                }
                None => self.note(&field.name, Change::LeftOut(why)),
            }
        }
    }
}

/// A value of at most so many bytes of JSON; `None` if it is of a kind of which no part can be used.
fn smaller(field: &Field, value: Value, target: usize) -> Option<Value> {
    match (&field.unfit, value) {
        (Unfit::LeaveOutEntries, Value::Array(mut entries)) => {
            let mut size = json_size(&entries);
            while let Some(entry) = entries.pop_if(|_| size > target) {
                // With the comma before it.
                size = size.saturating_sub(json_size(&entry) + 1);
            }
            (!entries.is_empty()).then_some(Value::Array(entries))
        }
        (Unfit::Cut | Unfit::Replace(_), Value::String(text)) => Some(shrink(text.trim().into(), target)),
        (Unfit::Cut, value @ Value::Object(_)) => Some(shrink(value, target)),
        _ => None,
    }
}

/// The reason a link cannot be used, if it cannot.
fn why_not(link: &Value) -> Option<String> {
    let Value::Object(given) = link else {
        return check_object(&LINK, link).err().map(|problem| format!("it {problem}"));
    };
    LINK.iter().find_map(|field| match given.get(&*field.name) {
        None | Some(Value::Null) if !field.optional => Some(format!("it has no `{}`", field.name)),
        None | Some(Value::Null) => None,
        Some(value) => field
            .kind
            .check(value)
            .err()
            .map(|problem| format!("its `{}` {problem}", field.name)),
    })
}

/// The word that a text is but for case and the space at its ends.
fn known_word<'a>(words: &'a [Text], text: &str) -> Option<&'a Text> {
    words.iter().find(|word| word.eq_ignore_ascii_case(text.trim()))
}

/// A text that is cut where it is too long.
fn cut_to(text: &str, longest: Longest) -> String {
    let text = text.trim();
    match longest {
        longest if longest.takes(text) => text.to_owned(),
        Longest::Characters(most) => {
            let head: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{head}…")
        }
        Longest::Bytes(most) => cut_at(text, most),
        Longest::Unlimited => text.to_owned(),
    }
}

/// The stand-in for a key that cannot be one: its beginning, for people, and a hash of the whole.
fn hashed(key: &str) -> String {
    let line: String = key
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let head = line.get(..line.floor_char_boundary(KEY_HEAD)).unwrap_or_default();
    format!("{}~{}", head.trim(), fingerprint("key", &[key]))
}

#[cfg(test)]
mod tests;

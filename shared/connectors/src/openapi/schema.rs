//! From a schema to a type of ours.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    document::{DEPTH, Document},
    words,
};

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Time,
    OneOf(Vec<String>),
    Integer,
    Number,
    Boolean,
    List,
    Map,
    /// The bytes of a file.
    File,
    /// It is not known, or there are several that do not go together.
    Any,
}

impl Type {
    /// The type of a value that is of one of two types.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::OneOf(mut words), Self::OneOf(more)) => {
                for word in more {
                    if !words.contains(&word) {
                        words.push(word);
                    }
                }
                Self::OneOf(words)
            }
            (Self::Integer, Self::Number) | (Self::Number, Self::Integer) => Self::Number,
            // A single value can be given as text, or as a list of one.
            (one, other) if one.is_single() && other.is_single() => Self::Text,
            (Self::List, other) | (other, Self::List) if other.is_single() => Self::List,
            _ => Self::Any,
        }
    }

    /// True if it is one value.
    pub(super) fn is_single(&self) -> bool {
        match self {
            Self::Text | Self::Time | Self::OneOf(_) | Self::Integer | Self::Number | Self::Boolean => true,
            Self::List | Self::Map | Self::File | Self::Any => false,
        }
    }
}

/// All that the parts of a schema say together.
#[derive(Debug, Clone)]
pub(super) struct Schema<'a> {
    pub(super) of_type: Type,
    pub(super) is_nullable: bool,
    /// The fields of a map, in their order.
    pub(super) properties: Vec<Property<'a>>,
    /// True if the map has one of several forms, of which the fields are put together.
    pub(super) has_forms: bool,
    /// True if the map is said to have no fields.
    pub(super) is_empty: bool,
    /// The summary, in one line.
    pub(super) summary: Option<String>,
    /// The one value that it can have.
    pub(super) constant: Option<&'a Value>,
    /// A value that shows its form.
    pub(super) example: Option<&'a Value>,
    /// True if only answers have it.
    pub(super) is_read_only: bool,
    /// True if only requests have it.
    pub(super) is_write_only: bool,
}

/// A field of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Property<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a Value,
    pub(super) is_required: bool,
}

/// The parts, before a type is made of them.
#[derive(Debug, Default)]
struct Parts<'a> {
    types: Vec<&'a str>,
    format: Option<&'a str>,
    words: Option<&'a [Value]>,
    constant: Option<&'a Value>,
    properties: Vec<(&'a str, &'a Value)>,
    required: BTreeSet<&'a str>,
    has_items: bool,
    has_entries: bool,
    has_properties: bool,
    is_text: bool,
    is_nullable: bool,
    /// Each group of alternatives.
    alternatives: Vec<Vec<&'a Value>>,
    description: Option<&'a str>,
    title: Option<&'a str>,
    example: Option<&'a Value>,
    is_read_only: bool,
    is_write_only: bool,
}

impl<'a> Schema<'a> {
    /// Reads a schema.
    pub(super) fn of(document: &Document<'a>, schema: &'a Value) -> Self {
        Self::at(document, schema, 0)
    }

    fn at(document: &Document<'a>, schema: &'a Value, depth: usize) -> Self {
        let mut parts = Parts::default();
        parts.add(document, schema, depth);
        parts.finish(document, depth)
    }

    fn unknown() -> Self {
        Parts::default().typed(Type::Any)
    }
}

impl<'a> Parts<'a> {
    fn add(&mut self, document: &Document<'a>, schema: &'a Value, depth: usize) {
        if depth > DEPTH || !document.spend() {
            return;
        }
        // Beside a reference 3.1 allows more words, and a description there is the nearer one.
        if schema.get("$ref").is_some() {
            self.describe(schema);
        }
        let schema = document.resolve(schema);
        self.describe(schema);
        match schema.get("type") {
            Some(Value::String(name)) => self.types(std::iter::once(name.as_str())),
            Some(Value::Array(names)) => self.types(names.iter().filter_map(Value::as_str)),
            _ => {}
        }
        self.format = self.format.or_else(|| schema.get("format").and_then(Value::as_str));
        self.words = self
            .words
            .or_else(|| schema.get("enum").and_then(Value::as_array).map(Vec::as_slice));
        self.constant = self.constant.or_else(|| schema.get("const"));
        let examples = schema.get("examples").and_then(|examples| examples.get(0));
        self.example = self.example.or_else(|| schema.get("example")).or(examples);
        self.has_items |= schema.get("items").is_some();
        self.has_entries |= schema
            .get("additionalProperties")
            .is_some_and(|of| of != &Value::Bool(false));
        self.is_text |= ["pattern", "maxLength", "minLength"]
            .iter()
            .any(|word| schema.get(word).is_some());
        self.has_properties |= schema.get("properties").is_some();
        for (name, property) in document.map(schema, "properties") {
            match self.properties.iter_mut().find(|(known, _)| *known == name) {
                // What stands later says more: a part that is made of others refines them.
                Some(known) => known.1 = property,
                None => self.properties.push((name, property)),
            }
        }
        let required = document.list(schema, "required");
        self.required.extend(required.iter().filter_map(Value::as_str));
        for part in document.list(schema, "allOf") {
            self.add(document, part, depth + 1);
        }
        for word in ["oneOf", "anyOf"] {
            let alternatives = document.list(schema, word);
            if !alternatives.is_empty() {
                self.alternatives.push(alternatives.iter().collect());
            }
        }
    }

    fn types(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            match name {
                "null" => self.is_nullable = true,
                name if self.types.contains(&name) => {}
                name => self.types.push(name),
            }
        }
    }

    fn describe(&mut self, schema: &'a Value) {
        let text = |name: &str| schema.get(name).and_then(Value::as_str);
        self.description = self.description.or_else(|| text("description"));
        self.title = self.title.or_else(|| text("title"));
        let flag = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
        self.is_nullable |= flag("nullable") || flag("x-nullable");
        self.is_read_only |= flag("readOnly");
        self.is_write_only |= flag("writeOnly");
    }

    fn finish(mut self, document: &Document<'a>, depth: usize) -> Schema<'a> {
        if depth > DEPTH || !document.spend() {
            return Schema::unknown();
        }
        let mut has_forms = false;
        let mut alternatives_type = None;
        for group in std::mem::take(&mut self.alternatives) {
            let mut forms = Vec::new();
            for alternative in group {
                let mut parts = Parts::default();
                parts.add(document, alternative, depth + 1);
                let is_null = parts.is_null();
                self.is_nullable |= is_null;
                // It may say only which fields of the map go together.
                let is_rule = self.is_map() && parts.types.is_empty() && parts.says_nothing();
                if !is_null && !is_rule {
                    forms.push(parts);
                }
            }
            if forms.len() == 1 {
                for form in forms {
                    self.absorb(form);
                }
                continue;
            }
            let finished: Vec<Schema<'a>> = forms.into_iter().map(|form| form.finish(document, depth + 1)).collect();
            self.is_nullable |= finished.iter().any(|form| form.is_nullable);
            let of_type = finished.iter().map(|form| form.of_type.clone()).reduce(Type::or);
            if of_type == Some(Type::Map) {
                has_forms = true;
                self.unite(&finished);
            }
            alternatives_type = alternatives_type.or(of_type);
        }
        let own = self.own_type();
        let of_type = match (own, alternatives_type) {
            (None | Some(Type::Any), Some(of_type)) => of_type,
            (Some(own), _) => own,
            (None, None) => Type::Any,
        };
        let mut schema = self.typed(of_type);
        schema.has_forms = has_forms;
        schema
    }

    /// True if it is null alone.
    fn is_null(&self) -> bool {
        let of_words = self
            .words
            .is_some_and(|words| !words.is_empty() && words.iter().all(Value::is_null));
        of_words
            || self.constant == Some(&Value::Null)
            || (self.is_nullable && self.types.is_empty() && self.says_nothing())
    }

    /// True if nothing in it says which values there can be.
    fn says_nothing(&self) -> bool {
        self.words.is_none()
            && self.constant.is_none()
            && self.properties.is_empty()
            && self.alternatives.is_empty()
            && !self.has_items
            && !self.has_entries
            && !self.is_text
            && self.format.is_none()
    }

    fn is_map(&self) -> bool {
        self.types.contains(&"object") || !self.properties.is_empty()
    }

    /// Takes in the one alternative that there is.
    fn absorb(&mut self, form: Self) {
        self.types(form.types.into_iter());
        for (name, property) in form.properties {
            if !self.properties.iter().any(|(known, _)| *known == name) {
                self.properties.push((name, property));
            }
        }
        self.required.extend(form.required);
        self.format = self.format.or(form.format);
        self.words = self.words.or(form.words);
        self.constant = self.constant.or(form.constant);
        self.has_items |= form.has_items;
        self.has_entries |= form.has_entries;
        self.is_text |= form.is_text;
        self.is_nullable |= form.is_nullable;
        self.description = self.description.or(form.description);
        self.title = self.title.or(form.title);
        self.example = self.example.or(form.example);
        self.alternatives.extend(form.alternatives);
    }

    /// Puts the fields of several forms together. One is required where all forms require it.
    fn unite(&mut self, forms: &[Schema<'a>]) {
        for form in forms {
            for property in &form.properties {
                if !self.properties.iter().any(|(known, _)| *known == property.name) {
                    self.properties.push((property.name, property.schema));
                }
                let in_all = forms.iter().all(|form| {
                    let mut properties = form.properties.iter();
                    properties.any(|other| other.name == property.name && other.is_required)
                });
                if in_all {
                    self.required.insert(property.name);
                }
            }
        }
    }

    /// The type that the schema itself says.
    fn own_type(&self) -> Option<Type> {
        let mut types = self.types.iter().map(|name| self.named(name));
        if let Some(first) = types.next() {
            return Some(types.fold(first, Type::or));
        }
        if self.is_map() || self.has_entries {
            return Some(Type::Map);
        }
        if self.has_items {
            return Some(Type::List);
        }
        if let Some(words) = self.words.filter(|words| !words.is_empty()) {
            return words
                .iter()
                .filter(|word| !word.is_null())
                .map(|word| self.of_value(word))
                .reduce(Type::or);
        }
        if let Some(constant) = self.constant {
            return Some(self.of_value(constant));
        }
        (self.is_text || self.format.is_some()).then(|| self.named("string"))
    }

    fn of_value(&self, value: &Value) -> Type {
        match value {
            Value::String(_) => self.named("string"),
            Value::Bool(_) => Type::Boolean,
            Value::Number(number) if number.is_f64() => Type::Number,
            Value::Number(_) => Type::Integer,
            Value::Array(_) => Type::List,
            Value::Object(_) => Type::Map,
            Value::Null => Type::Any,
        }
    }

    fn named(&self, name: &str) -> Type {
        match name {
            "string" => match (self.format, self.texts()) {
                (Some("binary"), _) => Type::File,
                (_, Some(words)) => Type::OneOf(words),
                (Some("date-time"), _) => Type::Time,
                _ => Type::Text,
            },
            "integer" => Type::Integer,
            "number" => Type::Number,
            "boolean" => Type::Boolean,
            "array" => Type::List,
            "object" => Type::Map,
            "file" => Type::File,
            _ => Type::Any,
        }
    }

    /// The words of an enumeration of texts.
    fn texts(&self) -> Option<Vec<String>> {
        const MOST_WORDS: usize = 100;
        let mut texts: Vec<String> = Vec::new();
        for word in self.words?.iter().filter(|word| !word.is_null()) {
            let word = word.as_str()?;
            // A word is written in a workflow as it is; what could not be is left to people's care.
            let is_odd =
                word.is_empty() || word.len() > 100 || words::has_template(word) || word.contains(char::is_control);
            if is_odd {
                return None;
            }
            if !texts.iter().any(|known| known == word) {
                texts.push(word.to_owned());
            }
        }
        (!texts.is_empty() && texts.len() <= MOST_WORDS).then_some(texts)
    }

    fn typed(self, of_type: Type) -> Schema<'a> {
        let summary = self.description.and_then(|text| words::short(text, 160));
        let single = match self.words {
            Some([word]) if !word.is_null() => Some(word),
            _ => None,
        };
        let required = &self.required;
        let properties = match of_type {
            Type::Map => self.properties,
            _ => Vec::new(),
        };
        Schema {
            is_empty: of_type == Type::Map && self.has_properties && properties.is_empty() && !self.has_entries,
            is_nullable: self.is_nullable || self.words.is_some_and(|words| words.contains(&Value::Null)),
            properties: properties
                .into_iter()
                .map(|(name, schema)| Property {
                    name,
                    schema,
                    is_required: required.contains(name),
                })
                .collect(),
            has_forms: false,
            summary: summary.or_else(|| self.title.and_then(|text| words::short(text, 160))),
            constant: self.constant.or(single),
            example: self.example,
            is_read_only: self.is_read_only,
            is_write_only: self.is_write_only,
            of_type,
        }
    }
}

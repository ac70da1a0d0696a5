//! References, and the operations of a document.

use std::{
    borrow::Cow,
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Map, Value};

use super::ImportError;

/// The most references that one leads to, and the deepest that schemas are followed.
pub(super) const DEPTH: usize = 64;

/// The most schemas that are looked at for one operation. Schemas that are made of each other can stand for more than there is
/// time for.
const BUDGET: usize = 20_000;

/// The methods of operations, in the order in which people expect them.
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

static NOTHING: Value = Value::Null;

/// A document.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) root: &'a Value,
    /// True for Swagger 2.0.
    pub(super) is_swagger: bool,
    budget: Cell<usize>,
}

/// An operation.
#[derive(Debug, Clone)]
pub(super) struct Operation<'a> {
    pub(super) id: String,
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) value: &'a Value,
    /// The part that all operations of the path share.
    pub(super) shared: &'a Value,
}

impl Operation<'_> {
    /// True if a person means it by these words.
    pub(super) fn answers_to(&self, id: &str) -> bool {
        self.id == id
            || id
                .split_once(' ')
                .is_some_and(|(method, path)| method.eq_ignore_ascii_case(self.method) && path.trim() == self.path)
    }
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Value) -> Result<Self, ImportError> {
        let version = |name: &str| match root.get(name)? {
            Value::String(version) => Some(version.clone()),
            // YAML takes an unquoted version for a number.
            Value::Number(version) => Some(version.to_string()),
            _ => None,
        };
        let is_swagger = match (version("openapi"), version("swagger")) {
            (Some(version), _) if version.starts_with("3.0") || version.starts_with("3.1") || version == "3" => false,
            (None, Some(version)) if version == "2" || version.starts_with("2.0") => true,
            (Some(version), _) | (None, Some(version)) => {
                return Err(ImportError::Version(version.chars().take(20).collect()));
            }
            (None, None) => return Err(ImportError::NotOpenApi),
        };
        Ok(Self {
            root,
            is_swagger,
            budget: Cell::new(BUDGET),
        })
    }

    /// Starts to count what is looked at anew.
    pub(super) fn renew_budget(&self) {
        self.budget.set(BUDGET);
    }

    /// True while there is time to look at one more schema.
    pub(super) fn spend(&self) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        left > 0
    }

    /// The value itself, or the one that it refers to. Null where that is nowhere in the document.
    pub(super) fn resolve(&self, mut value: &'a Value) -> &'a Value {
        for _ in 0..DEPTH {
            match value.get("$ref").and_then(Value::as_str) {
                None => return value,
                Some(reference) => value = self.find(reference).unwrap_or(&NOTHING),
            }
        }
        &NOTHING
    }

    /// The value at the end of a reference into this document.
    fn find(&self, reference: &str) -> Option<&'a Value> {
        let pointer = reference.strip_prefix('#')?;
        let pointer = unescaped(pointer);
        self.root.pointer(&pointer)
    }

    /// A map of the document, empty where there is none.
    pub(super) fn map(&self, value: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let map: Option<&Map<String, Value>> = value
            .get(name)
            .map(|value| self.resolve(value))
            .and_then(Value::as_object);
        map.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    /// A list of the document, empty where there is none.
    pub(super) fn list(&self, value: &'a Value, name: &str) -> &'a [Value] {
        value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// All operations, in the order of their paths.
    pub(super) fn operations(&self) -> Vec<Operation<'a>> {
        let mut operations: Vec<Operation<'a>> = self
            .map(self.root, "paths")
            .filter(|(path, _)| path.starts_with('/') && !path.contains(workflow::characters::steers))
            .flat_map(|(path, shared)| {
                let shared = self.resolve(shared);
                METHODS.into_iter().filter_map(move |method| {
                    let value = shared.get(method).filter(|value| value.is_object())?;
                    Some(Operation {
                        id: value
                            .get("operationId")
                            .and_then(Value::as_str)
                            .unwrap_or_default()
                            .to_owned(),
                        method,
                        path,
                        value,
                        shared,
                    })
                })
            })
            .collect();
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for operation in &operations {
            *count.entry(operation.id.clone()).or_default() += 1;
        }
        for operation in &mut operations {
            let is_own = count.get(&operation.id) == Some(&1);
            if !is_own || operation.id.trim().is_empty() || operation.id.chars().any(char::is_control) {
                operation.id = format!("{} {}", operation.method.to_uppercase(), operation.path);
            }
        }
        operations
    }

    /// The parameters of an operation: its own, and those of its path that it does not replace.
    pub(super) fn parameters(&self, operation: &Operation<'a>) -> Vec<&'a Value> {
        let mut seen = BTreeSet::new();
        let own = self.list(operation.value, "parameters");
        let shared = self.list(operation.shared, "parameters");
        own.iter()
            .chain(shared)
            .map(|parameter| self.resolve(parameter))
            .filter(|parameter| {
                let name = parameter.get("name").and_then(Value::as_str);
                let place = parameter.get("in").and_then(Value::as_str);
                name.is_some() && place.is_some() && seen.insert((name, place))
            })
            .collect()
    }
}

/// A pointer of a reference, which may be percent-encoded.
fn unescaped(pointer: &str) -> Cow<'_, str> {
    if !pointer.contains('%') {
        return Cow::Borrowed(pointer);
    }
    // `+` stands for itself in a fragment, and for a space in a form.
    let form = pointer.replace('+', "%2B");
    let decoded = form_urlencoded::parse(form.as_bytes()).next();
    match decoded {
        Some((pointer, _)) if !form.contains(['&', '=']) => Cow::Owned(pointer.into_owned()),
        _ => Cow::Borrowed(pointer),
    }
}

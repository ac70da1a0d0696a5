//! Reads the fields of one JSON object, and refuses those that nobody asked for.

use super::{Problem, ResultPlace, Transition, Unsupported};
use crate::step_functions::{
    path::{Path, PathProblem, ResultPath},
    template::{Template, TemplateProblem, TemplateProblemKind},
};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, ops::RangeInclusive};

pub(super) struct Fields<'a> {
    place: String,
    object: &'a Map<String, Value>,
    read: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(place: impl Into<String>, value: &'a Value) -> Result<Self, Unsupported> {
        let place = place.into();
        match value.as_object() {
            Some(object) => Ok(Self {
                place,
                object,
                read: BTreeSet::from(["Comment"]),
            }),
            None => Err(not_a(place, "an object")),
        }
    }

    pub(super) fn place(&self, field: &str) -> String {
        format!("{}.{field}", self.place)
    }

    pub(super) fn problem<T>(&self, problem: Problem) -> Result<T, Unsupported> {
        Err(Unsupported {
            place: self.place.clone(),
            problem,
        })
    }

    /// Refuses what was not read.
    pub(super) fn finish(self) -> Result<(), Unsupported> {
        match self.object.keys().find(|key| !self.read.contains(key.as_str())) {
            Some(field) => self.problem(Problem::Field { field: field.clone() }),
            None => Ok(()),
        }
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.object.contains_key(field)
    }

    pub(super) fn optional(&mut self, field: &'static str) -> Option<&'a Value> {
        self.read.insert(field);
        self.object.get(field)
    }

    pub(super) fn required(&mut self, field: &'static str) -> Result<&'a Value, Unsupported> {
        match self.optional(field) {
            Some(value) => Ok(value),
            None => self.problem(Problem::Missing {
                field: field.to_owned(),
            }),
        }
    }

    /// The one of several fields that exclude each other.
    pub(super) fn one_of(&mut self, fields: &[&'static str]) -> Result<Option<(&'static str, &'a Value)>, Unsupported> {
        let mut found = None;
        for &field in fields {
            if let Some(value) = self.optional(field)
                && let Some((other, _)) = found.replace((field, value))
            {
                return self.problem(Problem::Both(str::to_owned(other), field.to_owned()));
            }
        }
        Ok(found)
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<&'a str, Unsupported> {
        let value = self.required(field)?;
        text(self.place(field), value)
    }

    pub(super) fn integer(
        &mut self,
        field: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Unsupported> {
        let place = self.place(field);
        self.optional(field)
            .map(|value| integer(place, value, range))
            .transpose()
    }

    pub(super) fn items(&mut self, field: &'static str) -> Result<&'a [Value], Unsupported> {
        let place = self.place(field);
        match self.optional(field) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(not_a(place, "an array")),
        }
    }

    pub(super) fn template(&mut self, field: &'static str) -> Result<Option<Template>, Unsupported> {
        let place = self.place(field);
        self.optional(field)
            .map(|value| template(&place, Template::parse(value)))
            .transpose()
    }

    /// A path, or the whole input.
    pub(super) fn path(&mut self, field: &'static str) -> Result<Path, Unsupported> {
        let place = self.place(field);
        match self.optional(field) {
            None => Ok(Path::root()),
            Some(value) => path(place, value),
        }
    }

    pub(super) fn result_place(&mut self) -> Result<ResultPlace, Unsupported> {
        let place = self.place("ResultPath");
        match self.optional("ResultPath") {
            None => Ok(ResultPlace::Path(ResultPath::root())),
            Some(Value::Null) => Ok(ResultPlace::Nowhere),
            Some(value) => {
                let text = text(place.clone(), value)?;
                ResultPath::parse(text)
                    .map(ResultPlace::Path)
                    .map_err(|problem| path_problem(place, text, problem))
            }
        }
    }

    /// `Next` or `End`.
    pub(super) fn transition(&mut self) -> Result<Transition, Unsupported> {
        match self.one_of(&["Next", "End"])? {
            Some(("End", Value::Bool(true))) => Ok(Transition::End),
            Some(("End", _)) => Err(not_a(self.place("End"), "true")),
            Some((_, next)) => Ok(Transition::Next(text(self.place("Next"), next)?.to_owned())),
            None => self.problem(Problem::Missing {
                field: "Next or End".to_owned(),
            }),
        }
    }
}

pub(super) fn not_a(place: String, expected: impl Into<String>) -> Unsupported {
    Unsupported {
        place,
        problem: Problem::NotA {
            expected: expected.into(),
        },
    }
}

pub(super) fn text(place: String, value: &Value) -> Result<&str, Unsupported> {
    value.as_str().ok_or_else(|| not_a(place, "a text"))
}

pub(super) fn integer(place: String, value: &Value, range: RangeInclusive<u64>) -> Result<u64, Unsupported> {
    value
        .as_u64()
        .filter(|number| range.contains(number))
        .ok_or_else(|| not_a(place, format!("an integer from {} to {}", range.start(), range.end())))
}

pub(super) fn path(place: String, value: &Value) -> Result<Path, Unsupported> {
    let text = text(place.clone(), value)?;
    Path::parse(text).map_err(|problem| path_problem(place, text, problem))
}

pub(super) fn template<T>(place: &str, parsed: Result<T, TemplateProblem>) -> Result<T, Unsupported> {
    parsed.map_err(|problem| {
        let place = format!("{place}.{}", problem.field);
        match problem.kind {
            TemplateProblemKind::Path(path, problem) => path_problem(place, &path, problem),
            TemplateProblemKind::NoText => not_a(place, "a text with a path"),
            TemplateProblemKind::Twice => Unsupported {
                problem: Problem::Both(problem.field.trim_end_matches(".$").to_owned(), problem.field),
                place,
            },
        }
    })
}

fn path_problem(place: String, path: &str, problem: PathProblem) -> Unsupported {
    Unsupported {
        place,
        problem: Problem::Path {
            path: path.to_owned(),
            problem,
        },
    }
}

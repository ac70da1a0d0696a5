//! Answers in several pages.
//!
//! An action gives all pages as one, up to a number of entries. Where a step asks for a page itself, by the size of pages or by the
//! token of one, it gets that page and no more.

use crate::{
    Operation,
    model::{Pages, Path},
    name::snake_case,
};
use serde_json::{Map, Value};

impl Operation {
    /// The model's pages, if it answers in pages and the input asks for no single one.
    fn pages(&self, input: &Map<String, Value>) -> Option<&'static Pages<'static>> {
        let pages = self.operation.pages.as_ref()?;
        let is_given = |name: &str| input.get(&snake_case(name)).is_some_and(|value| !value.is_null());
        let asks_itself = is_given(pages.limit_key) || pages.input_tokens.iter().any(|token| is_given(token));
        (!asks_itself).then_some(pages)
    }

    /// The input that asks for the page after an answer, if there is one. `first` is the input of the first page, and `answer` what
    /// came of the last.
    #[must_use]
    pub fn next_page(&self, first: &Map<String, Value>, answer: &Map<String, Value>) -> Option<Map<String, Value>> {
        let pages = self.pages(first)?;
        if let Some(more) = &pages.more_results
            && more.value(answer) == Some(&Value::Bool(false))
        {
            return None;
        }
        let mut next = first.clone();
        let mut has_token = false;
        for (name, path) in pages.input_tokens.iter().zip(&pages.output_tokens) {
            let token = path.value(answer).filter(|token| !is_empty(token));
            has_token |= token.is_some();
            match token {
                Some(token) => next.insert(snake_case(name), token.clone()),
                None => next.remove(&snake_case(name)),
            };
        }
        has_token.then_some(next)
    }

    /// The ways to the outputs that are joined, of several pages.
    pub fn page_results(&self) -> impl Iterator<Item = String> {
        let results = self.operation.pages.iter().flat_map(|pages| &pages.results);
        results.map(|path| Path::steps(path.0).map(|(name, _)| name).collect::<Vec<_>>().join("."))
    }

    /// The number of entries in an answer that are joined with those of other pages.
    #[must_use]
    pub fn entries(&self, answer: &Map<String, Value>) -> usize {
        let results = self.operation.pages.iter().flat_map(|pages| &pages.results);
        let lists = results.filter_map(|path| path.value(answer)?.as_array());
        lists.map(Vec::len).sum()
    }

    /// Puts a page behind those before it, with at most so many entries in each list. The rest of the answer, and the token of the
    /// next page with it, is that of the last page.
    pub fn join(&self, pages_before: Map<String, Value>, page: Map<String, Value>, most: usize) -> Map<String, Value> {
        let Some(pages) = &self.operation.pages else {
            return page;
        };
        let (mut before, mut joined) = (Value::Object(pages_before), Value::Object(page));
        for path in &pages.results {
            let earlier = path.value_mut(&mut before).map(Value::take);
            let (Some(Value::Array(mut entries)), Some(place)) = (earlier, path.place(&mut joined)) else {
                continue;
            };
            if let Value::Array(later) = place.take() {
                entries.extend(later);
            }
            entries.truncate(most);
            *place = Value::Array(entries);
        }
        match joined {
            Value::Object(joined) => joined,
            _ => Map::new(),
        }
    }
}

fn is_empty(token: &Value) -> bool {
    token.is_null() || token.as_str() == Some("")
}

impl<'a> Path<'a> {
    /// The names on the way, in snake case, each with whether the last entry of the list is meant.
    fn steps(way: &'a str) -> impl Iterator<Item = (String, bool)> {
        way.trim().split('.').map(|step| match step.strip_suffix("[-1]") {
            Some(list) => (snake_case(list), true),
            None => (snake_case(step), false),
        })
    }

    /// The value in an answer of the first alternative that has one.
    pub(crate) fn value<'v>(&self, answer: &'v Map<String, Value>) -> Option<&'v Value> {
        let mut ways = self.0.split("||").map(|way| {
            let mut steps = Self::steps(way);
            let (first, is_last) = steps.next()?;
            let step = |value: &'v Value, is_last: bool| if is_last { value.as_array()?.last() } else { Some(value) };
            let found = step(answer.get(&first)?, is_last)?;
            steps.try_fold(found, |value, (name, is_last)| step(value.get(&name)?, is_last))
        });
        ways.find_map(|value| value.filter(|value| !is_empty(value)))
    }

    /// The value, to be changed. A way with alternatives has none.
    fn value_mut<'v>(&self, answer: &'v mut Value) -> Option<&'v mut Value> {
        Self::steps(self.0).try_fold(answer, |value, (name, _)| value.get_mut(&name))
    }

    /// The place of a value, which is made where there is none.
    fn place<'v>(&self, answer: &'v mut Value) -> Option<&'v mut Value> {
        Self::steps(self.0).try_fold(answer, |value, (name, _)| {
            if value.is_null() {
                *value = Value::Object(Map::new());
            }
            Some(value.as_object_mut()?.entry(name).or_insert(Value::Null))
        })
    }
}

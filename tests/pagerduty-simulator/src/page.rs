//! Classic pagination: `limit`, `offset`, `more`, and `total` on request.

use serde_json::{Map, Value, json};

use crate::exchange::Request;
use crate::refusal::Refusal;

const DEFAULT_LIMIT: usize = 25;
const MAXIMUM_LIMIT: usize = 100;
const LAST_ROW: usize = 10_000;

/// The part of a list that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    limit: usize,
    offset: usize,
    with_total: bool,
}

impl Page {
    /// Reads the page from the query.
    ///
    /// A limit above 100 counts as 100, and only the literal `true` asks for the total. What PagerDuty does with a limit
    /// or an offset that is not a number is UNVERIFIED: it is refused here, so that a client's mistake is seen.
    pub(crate) fn of(request: &Request) -> Result<Self, Refusal> {
        let number = |name: &str, default: usize| match request.parameter(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| Refusal::invalid(format!("{name} must be a whole number"))),
        };
        let limit = number("limit", DEFAULT_LIMIT)?.clamp(1, MAXIMUM_LIMIT);
        let offset = number("offset", 0)?;
        if offset.saturating_add(limit) > LAST_ROW {
            return Err(Refusal::BeyondLastRow);
        }
        Ok(Self {
            limit,
            offset,
            with_total: request.parameter("total") == Some("true"),
        })
    }

    /// The answer's body: the rows of this page under `name`, and where the page lies in the whole.
    pub(crate) fn body<T>(self, name: &str, rows: &[T], render: impl Fn(&T) -> Value) -> Value {
        let shown: Vec<Value> = rows.iter().skip(self.offset).take(self.limit).map(render).collect();
        let more = rows.len() > self.offset.saturating_add(shown.len()) && !shown.is_empty();
        let mut body = Map::new();
        body.insert(name.to_owned(), Value::Array(shown));
        body.insert("limit".to_owned(), json!(self.limit));
        body.insert("offset".to_owned(), json!(self.offset));
        body.insert("more".to_owned(), json!(more));
        body.insert(
            "total".to_owned(),
            if self.with_total {
                json!(rows.len())
            } else {
                Value::Null
            },
        );
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use rstest::rstest;

    use super::*;

    fn page(query: &str) -> Result<Page, Refusal> {
        Page::of(&Request::new(Method::GET, &format!("/services?{query}")))
    }

    fn body(query: &str, rows: usize) -> Value {
        let rows: Vec<usize> = (0..rows).collect();
        page(query).unwrap().body("services", &rows, |row| json!(row))
    }

    #[test]
    fn without_parameters_the_first_25_rows_come_without_a_total() {
        let body = body("", 30);

        assert_eq!(body["services"].as_array().unwrap().len(), 25);
        assert_eq!(
            (&body["limit"], &body["offset"], &body["more"]),
            (&json!(25), &json!(0), &json!(true))
        );
        assert_eq!(body["total"], Value::Null);
    }

    #[test]
    fn two_hundred_and_fifty_rows_are_three_pages_of_a_hundred() {
        let more: Vec<Value> = [0, 100, 200]
            .iter()
            .map(|offset| body(&format!("limit=100&offset={offset}"), 250)["more"].clone())
            .collect();

        assert_eq!(more, [json!(true), json!(true), json!(false)]);
    }

    #[rstest]
    #[case("total=true", json!(3))]
    #[case("total=True", Value::Null)]
    #[case("total=1", Value::Null)]
    fn the_total_is_told_only_for_the_literal_true(#[case] query: &str, #[case] total: Value) {
        assert_eq!(body(query, 3)["total"], total);
    }

    #[rstest]
    #[case("limit=100&offset=9900", true)]
    #[case("limit=100&offset=9901", false)]
    #[case("limit=1000&offset=9900", true)]
    #[case("offset=18446744073709551615", false)]
    fn no_page_ends_beyond_row_ten_thousand(#[case] query: &str, #[case] allowed: bool) {
        let refusal = page(query).err();

        assert_eq!(refusal, if allowed { None } else { Some(Refusal::BeyondLastRow) });
    }

    #[test]
    fn a_limit_that_is_no_number_is_refused() {
        assert_eq!(page("limit=all"), Err(Refusal::invalid("limit must be a whole number")));
    }
}

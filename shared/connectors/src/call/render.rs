//! Templates of a request, as values. Values keep their type, and what gives null is left out.

use crate::format::SPREAD;
use serde_json::{Map, Value};
use workflow::template::{Context, Template, TemplateError};

/// A value with null fields left out; none if nothing is left of it.
///
/// An expression that gives null leaves its field or its entry out. A map or a list of which all such fields were left out goes as a whole,
/// because what is left beside them says nothing alone: `{ id: "{{ inputs.owner }}", type: user }`. A null that the file itself has stays.
pub(super) fn value(template: &Template, context: &Context) -> Result<Option<Value>, TemplateError> {
    match template {
        Template::Literal(value) => Ok(Some(value.clone())),
        Template::Expression(_) => Ok(Some(template.evaluate(context)?).filter(|value| !value.is_null())),
        Template::List(items) => {
            let mut tally = Tally::default();
            let mut values = Vec::new();
            for item in items {
                values.extend(tally.count(item, value(item, context)?));
            }
            Ok(tally.is_left().then_some(Value::Array(values)))
        }
        Template::Map(_) => {
            let (fields, tally) = fields(template, context)?;
            Ok(tally.is_left().then_some(Value::Object(fields)))
        }
    }
}

/// A body, a query or headers as a whole: a map stays, also where all its templated fields were left out.
pub(super) fn body(template: &Template, context: &Context) -> Result<Option<Value>, TemplateError> {
    match template {
        Template::Map(_) => Ok(Some(Value::Object(fields(template, context)?.0))),
        template => value(template, context),
    }
}

fn fields(template: &Template, context: &Context) -> Result<(Map<String, Value>, Tally), TemplateError> {
    let mut tally = Tally::default();
    let mut fields = Map::new();
    if let Template::Map(templates) = template {
        // What is written out stands in the place of what a map brings along.
        if let Some(template) = templates.get(SPREAD)
            && let Some(Value::Object(spread)) = tally.count(template, value(template, context)?)
        {
            fields.extend(spread);
        }
        for (name, template) in templates.iter().filter(|(name, _)| *name != SPREAD) {
            if let Some(value) = tally.count(template, value(template, context)?) {
                fields.insert(name.clone(), value);
            }
        }
    }
    Ok((fields, tally))
}

/// The templated fields so far.
#[derive(Debug, Default)]
struct Tally {
    given: usize,
    left_out: usize,
}

impl Tally {
    fn count(&mut self, template: &Template, value: Option<Value>) -> Option<Value> {
        if !template.expressions().is_empty() {
            match value {
                Some(_) => self.given += 1,
                None => self.left_out += 1,
            }
        }
        value
    }

    /// True if something is left, or nothing depended on an expression.
    fn is_left(&self) -> bool {
        self.given > 0 || self.left_out == 0
    }
}

/// The fields of a query or a form, in the order of their names. A list gives its field several times.
///
/// # Errors
/// A sentence about a field that cannot be text.
pub(super) fn pairs(what: &str, values: Option<Value>) -> Result<Vec<(String, String)>, String> {
    let fields = match values {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(format!("`{what}` is not a map")),
    };
    let mut pairs = Vec::new();
    for (name, value) in fields {
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            match scalar(&value) {
                Ok(Some(text)) => pairs.push((name.clone(), text)),
                Ok(None) => {}
                Err(kind) => return Err(format!("`{what}.{name:.80}` is {kind}, and cannot be sent as text")),
            }
        }
    }
    Ok(pairs)
}

/// A value as text; none for null.
///
/// # Errors
/// The type of a value that is no text.
pub(super) fn scalar(value: &Value) -> Result<Option<String>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Array(_) => Err("a list"),
        Value::Object(_) => Err("a map"),
    }
}

/// A template as text; none where it gives null.
///
/// # Errors
/// A sentence about it.
pub(super) fn text(what: &str, template: &Template, context: &Context) -> Result<Option<String>, String> {
    let value = template.evaluate(context).map_err(|error| error.to_string())?;
    scalar(&value).map_err(|kind| format!("`{what}` is {kind}, and must be text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    /// The template of a value in which texts may have expressions.
    fn template(value: Value) -> Template {
        match value {
            Value::String(text) => Template::from_text(&text).unwrap(),
            Value::Array(items) => Template::List(items.into_iter().map(template).collect()),
            Value::Object(fields) => Template::Map(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, template(value)))
                    .collect(),
            ),
            value => Template::Literal(value),
        }
    }

    fn context() -> Context {
        let inputs = json!({"text": "a \"quoted\" {{ x }} \n", "list": [1, {"a": null}], "none": null, "number": 7});
        Context::of_values([("inputs", inputs)], Timestamp::UNIX_EPOCH)
    }

    #[rstest]
    #[case::text(json!("{{ inputs.text }}"), json!("a \"quoted\" {{ x }} \n"))]
    #[case::number(json!("{{ inputs.number }}"), json!(7))]
    #[case::list_with_a_null_of_its_own(json!("{{ inputs.list }}"), json!([1, {"a": null}]))]
    #[case::in_a_map(json!({"a": "{{ inputs.text }}", "b": false}), json!({"a": "a \"quoted\" {{ x }} \n", "b": false}))]
    #[case::null_leaves_its_field_out(json!({"a": "{{ inputs.none }}", "b": "{{ inputs.number }}"}), json!({"b": 7}))]
    #[case::null_leaves_its_entry_out(json!(["{{ inputs.none }}", "{{ inputs.number }}"]), json!([7]))]
    #[case::null_of_the_file_stays(json!({"a": null, "b": 1}), json!({"a": null, "b": 1}))]
    #[case::a_map_of_nothing_goes(
        json!({"owner": {"id": "{{ inputs.none }}", "type": "user"}, "b": 1}),
        json!({"b": 1})
    )]
    #[case::a_map_of_maps_of_nothing_goes(json!({"a": {"b": {"c": "{{ inputs.none }}"}}, "d": 1}), json!({"d": 1}))]
    #[case::a_map_without_templates_stays(json!({"a": {"b": 1, "c": {}}}), json!({"a": {"b": 1, "c": {}}}))]
    #[case::a_list_of_nothing_goes(json!({"a": [{"b": "{{ inputs.none }}"}], "c": 1}), json!({"c": 1}))]
    fn values_keep_their_type_and_null_is_left_out(#[case] written: Value, #[case] expected: Value) {
        assert_eq!(body(&template(written), &context()), Ok(Some(expected)));
    }

    #[test]
    fn a_body_of_which_all_was_left_out_is_an_empty_one() {
        let written = json!({"a": "{{ inputs.none }}", "b": 1});
        assert_eq!(body(&template(written), &context()), Ok(Some(json!({"b": 1}))));
        assert_eq!(body(&template(json!("{{ inputs.none }}")), &context()), Ok(None));
    }

    #[test]
    fn a_list_in_a_query_gives_its_field_several_times() {
        let values = json!({"id": ["a", 2, null], "on": true, "off": null});
        let pairs = pairs("query", Some(values)).unwrap();
        let expected = [("id", "a"), ("id", "2"), ("on", "true")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_map_in_a_query_is_refused() {
        let error = pairs("query", Some(json!({"a": {"b": 1}}))).unwrap_err();
        assert_eq!(error, "`query.a` is a map, and cannot be sent as text");
    }
}

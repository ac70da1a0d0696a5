//! Reads the rules of a Choice.

use super::{
    Problem, Rule, Test, Unsupported,
    fields::{self, Fields},
};
use serde_json::Value;

const RULES: [&str; 6] = [
    "And",
    "Not",
    "StringEquals",
    "BooleanEquals",
    "NumericEquals",
    "IsPresent",
];

/// A rule with the state that follows.
pub(super) fn choice(place: String, value: &Value) -> Result<(Rule, String), Unsupported> {
    let mut fields = Fields::of(place, value)?;
    let rule = rule(&mut fields)?;
    let next = fields.text("Next")?.to_owned();
    fields.finish()?;
    Ok((rule, next))
}

fn nested(place: String, value: &Value) -> Result<Rule, Unsupported> {
    let mut fields = Fields::of(place, value)?;
    let rule = rule(&mut fields)?;
    fields.finish()?;
    Ok(rule)
}

fn rule(fields: &mut Fields<'_>) -> Result<Rule, Unsupported> {
    let Some((name, value)) = fields.one_of(&RULES)? else {
        return fields.problem(Problem::Missing {
            field: RULES.join(", "),
        });
    };
    let place = fields.place(name);
    let test = match name {
        "And" => {
            let rules = fields.items("And")?;
            return rules
                .iter()
                .enumerate()
                .map(|(index, rule)| nested(format!("{place}[{index}]"), rule))
                .collect::<Result<_, _>>()
                .map(Rule::And);
        }
        "Not" => return Ok(Rule::Not(Box::new(nested(place, value)?))),
        "StringEquals" => Test::StringEquals(fields::text(place, value)?.to_owned()),
        "NumericEquals" => match value {
            Value::Number(number) => Test::NumericEquals(number.clone()),
            _ => return Err(fields::not_a(place, "a number")),
        },
        _ => match (name, value) {
            ("BooleanEquals", Value::Bool(boolean)) => Test::BooleanEquals(*boolean),
            (_, Value::Bool(boolean)) => Test::IsPresent(*boolean),
            _ => return Err(fields::not_a(place, "true or false")),
        },
    };
    let variable = fields::path(fields.place("Variable"), fields.required("Variable")?)?;
    Ok(Rule::Test { variable, test })
}

//! `DefinitionSubstitutions`: the placeholders `${Name}` of a definition.

use serde_json::Value;
use std::collections::BTreeMap;

/// A placeholder that nothing is substituted for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the placeholder ${{{name}}} has no substitution; add one")]
pub struct SubstitutionError {
    pub name: String,
}

/// Replaces each `${Name}` in the texts of a definition.
///
/// # Errors
/// A placeholder without a substitution.
pub fn substitute(definition: &Value, substitutions: &BTreeMap<String, String>) -> Result<Value, SubstitutionError> {
    Ok(match definition {
        Value::String(text) => Value::String(substitute_text(text, substitutions)?),
        Value::Array(items) => items
            .iter()
            .map(|item| substitute(item, substitutions))
            .collect::<Result<_, _>>()
            .map(Value::Array)?,
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| Ok((name.clone(), substitute(value, substitutions)?)))
            .collect::<Result<_, _>>()
            .map(Value::Object)?,
        other => other.clone(),
    })
}

fn substitute_text(text: &str, substitutions: &BTreeMap<String, String>) -> Result<String, SubstitutionError> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = substitutions
            .get(name)
            .ok_or_else(|| SubstitutionError { name: name.to_owned() })?;
        done.push_str(before);
        done.push_str(value);
        rest = after;
    }
    done.push_str(rest);
    Ok(done)
}

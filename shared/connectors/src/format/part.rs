//! The part of a connector that a call of one of its actions has along: all that performs the action, and nothing else.
//!
//! It is the file as a value, without the other actions and without the drop-downs, so it is read and checked as a file is.

use super::{MOST_PART_BYTES, catalogue_name, connector};
use crate::connector::{Action, Connector};
use serde_json::{Map, Value};
use std::sync::Arc;
use workflow::{
    action::ActionSpec,
    document::{self, Node, Path, ProblemSink, Problems},
};

/// The words of a file that no call needs.
const NEEDLESS: [&str; 2] = ["actions", "test"];

/// Reads and checks the file of a connector that does not come with the program.
pub(crate) fn read_own(source: &str) -> Result<Connector, Problems> {
    document::read(source, "connector", |node, problems| {
        if !super::has_room(source, problems) {
            return None;
        }
        let connector = own(node, problems)?;
        Some(with_parts(connector, &node.to_json(), problems))
    })
}

/// Reads and checks the part of a connector that a call has along.
pub(crate) fn read_part(part: &Value) -> Result<Connector, Problems> {
    document::read_json(part, own)
}

/// Reads a connector that has to have a name of its own.
fn own(node: &Node, problems: &mut Problems) -> Option<Connector> {
    let connector = connector(node, problems)?;
    if let Err(problem) = catalogue_name::is_free(connector.name.as_str()) {
        problems.problem(None, Path::Root.field("connector"), problem);
    }
    Some(connector)
}

/// The connector, each of whose actions has the part along that performs it.
fn with_parts(mut connector: Connector, file: &Value, problems: &mut Problems) -> Connector {
    let root = Path::Root;
    let actions = root.field("actions");
    let parts: Vec<Value> = connector
        .actions
        .iter()
        .map(|action| part(file, &connector, action))
        .collect();
    for (action, part) in connector.actions.iter_mut().zip(parts) {
        let bytes = part.to_string().len();
        if bytes > MOST_PART_BYTES {
            let message = format!(
                "takes {bytes} bytes with all that it needs of the connector; at most {MOST_PART_BYTES} travel with a call"
            );
            problems.problem(None, actions.field(&action.name), message);
        }
        action.spec = Arc::new(ActionSpec {
            connector: Some(part),
            ..ActionSpec::clone(&action.spec)
        });
    }
    connector
}

/// The part of a file that performs an action.
fn part(file: &Value, connector: &Connector, action: &Action) -> Value {
    let fields = file.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !NEEDLESS.contains(&name.as_str()));
    let mut part: Map<String, Value> = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    let names = std::iter::once(action.name.as_str()).chain(action.helpers());
    let actions = names
        .filter(|name| connector.action(name).is_some())
        .filter_map(|name| {
            let action = file.get("actions")?.get(name)?;
            Some((name.to_owned(), without_choices(action)))
        });
    part.insert("actions".to_owned(), Value::Object(actions.collect()));
    Value::Object(part)
}

/// An action without the drop-downs of its inputs, which other actions fill.
fn without_choices(action: &Value) -> Value {
    let mut action = action.clone();
    let inputs = action.get_mut("inputs").and_then(Value::as_object_mut);
    for input in inputs.into_iter().flat_map(|inputs| inputs.values_mut()) {
        if let Some(words) = input.as_object_mut() {
            words.remove("choose");
        }
    }
    action
}

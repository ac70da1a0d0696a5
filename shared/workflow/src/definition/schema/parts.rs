//! The schemas of texts and values, and the rules that no type can say.

use crate::{
    action::{Catalog, Field, FieldKind, LINK, Longest, Rule},
    definition::limits,
    error_name::NamedError,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value as Json, json};
use std::{borrow::Cow, collections::BTreeSet};

/// A lower-case name of at most 63 characters.
const LABEL: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";

/// A name that an expression can refer to, of at most 63 characters.
const IDENTIFIER: &str = "^[A-Za-z_][A-Za-z0-9_]{0,62}$";

/// A text with an expression in it.
const TEMPLATE: &str = r"\{[{%#]";

/// A text that stands for a thing in a system: its id, its name, or an expression.
const NAME: &str = r"\S";

/// A length of time as people write it. It can also be written as ISO 8601 has it.
const LENGTH: &str = r"^\s*P?T?[0-9].*[A-Za-z]\s*$";

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident: $schema:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

parts! {
    /// The name of a workflow or of an integration.
    Label: json_schema!({ "type": "string", "pattern": LABEL });
    /// The id of a step.
    Identifier: json_schema!({ "type": "string", "pattern": IDENTIFIER });
    /// A length of time.
    LengthText: json_schema!({ "type": "string", "pattern": LENGTH, "examples": ["30s", "10m", "1h30m", "2d"] });
    /// A length of time that a step waits.
    WaitLength: json_schema!({
        "type": "string", "pattern": LENGTH, "examples": ["30s", "10m", "1h30m", "2d"],
        "description": "How long it waits, such as 10m."
    });
    /// A time in RFC 3339.
    TimeText: json_schema!({
        "type": "string", "pattern": format!(r"{TEMPLATE}|^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ]"),
        "examples": ["2027-01-31T09:00:00Z"]
    });
    /// An expression that gives true or false.
    Condition: json_schema!({
        "type": ["string", "boolean"], "minLength": 1,
        "examples": ["event.incident.urgency == \"high\"", "steps.ticket.outcome == \"success\""]
    });
    /// The id of a thing in a system, or the name that people see there.
    Name: json_schema!({ "type": "string", "pattern": NAME });
    /// A text that may have expressions in it.
    Text: json_schema!({ "type": "string" });
    /// Any value. The texts in it may have expressions in them.
    Value: json_schema!({});
    /// The list of a `for_each`.
    Items: json_schema!({ "anyOf": [
        { "type": "array", "maxItems": limits::ITEMS },
        { "type": "string", "pattern": TEMPLATE },
    ]});
    /// The name of an error.
    ErrorNameText: json_schema!({ "type": "string" });
    /// The name of an action.
    ActionName: json_schema!({ "type": "string" });
}

/// The names of all errors.
pub(super) fn error_names(catalog: &Catalog) -> Json {
    NamedError::all(catalog.systems())
        .map(|error| json!(error.to_string()))
        .collect()
}

/// The names of all actions: those that are listed, and a pattern for the others.
pub(super) fn action_names(catalog: &Catalog) -> Json {
    let listed = catalog.actions();
    let listed = listed.map(|action| json!({ "type": "string", "const": action.name, "description": action.summary }));
    let fronts: BTreeSet<&str> = catalog
        .unlisted()
        .filter_map(|prefix| Some(prefix.rsplit_once('.')?.0))
        .collect();
    let others = fronts.into_iter().map(|front| {
        // An action of a listed system has to be one of those that are listed.
        let of_listed = catalog.listed_beside(front);
        let mut name = json!({
            "type": "string",
            "pattern": format!(r"^{front}\.[a-z0-9_]+\.[a-z0-9_]+$"),
            "description": format!("An action on a service: {front}.SERVICE.ACTION.")
        });
        if let (false, Some(name)) = (of_listed.is_empty(), name.as_object_mut()) {
            let pattern = format!(r"^{front}\.({})\.", of_listed.join("|"));
            name.insert("not".to_owned(), json!({ "pattern": pattern }));
        }
        name
    });
    listed.chain(others).collect()
}

/// The schema of a field of an action, as a text with an expression or as it is.
fn field(field: &Field) -> Json {
    match &field.kind {
        kind if field.names.is_some() && kind.is_list() => {
            let names = json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": "string", "pattern": NAME } });
            json!({ "description": field.summary, "anyOf": [names, { "type": "string", "pattern": TEMPLATE }] })
        }
        _ if field.names.is_some() => {
            json!({ "description": field.summary, "type": "string", "pattern": NAME })
        }
        FieldKind::Text | FieldKind::Key { .. } => json!({ "type": "string", "description": field.summary }),
        kind => {
            json!({ "description": field.summary, "anyOf": [literal(kind), { "type": "string", "pattern": TEMPLATE }] })
        }
    }
}

/// The schema of a value of a type that is written down. What is in it may be an expression.
fn literal(kind: &FieldKind) -> Json {
    let list_of = |kind: &FieldKind| {
        json!({
            "type": "array", "minItems": 1, "maxItems": 100,
            "items": { "anyOf": [literal(kind), { "type": "string", "pattern": TEMPLATE }] }
        })
    };
    match kind {
        FieldKind::Text => json!({ "type": "string" }),
        FieldKind::Prose(Longest::Characters(most)) => json!({ "type": "string", "pattern": r"\S", "maxLength": most }),
        FieldKind::Prose(Longest::Bytes(_) | Longest::Unlimited) => json!({ "type": "string", "pattern": r"\S" }),
        FieldKind::Key { longest } => {
            let between = longest.saturating_sub(2);
            json!({ "type": "string", "pattern": format!(r"^\S(.{{0,{between}}}\S)?$") })
        }
        FieldKind::OneOf(words) => json!({ "type": "string", "enum": words }),
        FieldKind::Integer => json!({ "type": "integer" }),
        FieldKind::Number => json!({ "type": "number" }),
        FieldKind::Any => json!({}),
        FieldKind::Count { most } => json!({ "type": "integer", "minimum": 1, "maximum": most }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Integration | FieldKind::Name => json!({ "type": "string", "pattern": LABEL }),
        FieldKind::Id(_) => json!({ "type": "string", "pattern": "^[A-Za-z0-9]{1,255}$" }),
        FieldKind::UserEmail(_) => json!({ "type": "string", "pattern": "^[!-?A-~]+@[!-?A-~]+$", "maxLength": 254 }),
        FieldKind::Ids(system) => list_of(&FieldKind::Id(system.clone())),
        FieldKind::Words(words) => list_of(&FieldKind::OneOf(words.clone())),
        FieldKind::Length { .. } => json!({ "type": "string", "pattern": LENGTH, "examples": ["30m", "4h", "2d"] }),
        FieldKind::Time => json!({
            "type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]|[-+][0-9])",
            "examples": ["2027-01-31T09:00:00Z", "-24h", "+30m"]
        }),
        FieldKind::Url => json!({ "type": "string", "pattern": r"^https://\S+$", "maxLength": 2048 }),
        FieldKind::Link => json!({ "type": "string", "pattern": r"^https?://\S+$", "maxLength": 2048 }),
        FieldKind::Links { most } => json!({
            "type": "array", "maxItems": most,
            "items": { "anyOf": [object(&LINK), { "type": "string", "pattern": TEMPLATE }] }
        }),
        FieldKind::Map { may_be_empty } => json!({ "type": "object", "minProperties": u8::from(!*may_be_empty) }),
        FieldKind::List => json!({ "type": "array" }),
        FieldKind::Object(fields) => object(fields),
        FieldKind::Entries(fields) => json!({ "type": "array", "items": object(fields) }),
    }
}

/// The schema of a map with these fields.
fn object(fields: &[Field]) -> Json {
    let properties = fields.iter().map(|input| (input.name.to_string(), field(input)));
    let required = fields.iter().filter(|field| !field.optional).map(|field| &*field.name);
    json!({
        "type": "object",
        "properties": properties.collect::<serde_json::Map<_, _>>(),
        "required": required.collect::<Vec<_>>(),
        "additionalProperties": false
    })
}

/// The schema of what the inputs of an action say about each other.
fn rule(rule: &Rule) -> Json {
    let each = || rule.fields().iter().map(|name| json!({ "required": [name] }));
    match rule {
        Rule::ExactlyOne(_) => json!({ "oneOf": each().collect::<Json>() }),
        Rule::AtLeastOne(_) => json!({ "anyOf": each().collect::<Json>() }),
        Rule::AllOrNone(fields) => {
            let all = json!({ "required": fields });
            let none = json!({ "not": { "anyOf": each().collect::<Json>() } });
            json!({ "oneOf": [all, none] })
        }
        Rule::AtMostOne(_) => {
            let none = json!({ "not": { "anyOf": each().collect::<Json>() } });
            json!({ "oneOf": each().chain([none]).collect::<Json>() })
        }
    }
}

/// Rules that are added to the schema of a type.
pub(crate) mod rules {
    use super::{Catalog, IDENTIFIER, Json, Schema, json, object, rule};
    use crate::{
        definition::{
            InputKind,
            decode::{companions, words::INPUT_KINDS},
        },
        steps::KINDS,
    };

    /// A webhook brings no inputs.
    pub(in super::super) fn workflow(schema: &mut Schema) {
        let rule = json!([{
            "if": { "required": ["on"] },
            "then": { "properties": { "inputs": { "additionalProperties": { "required": ["default"] } } } }
        }]);
        schema.insert("allOf".to_owned(), rule);
    }

    /// The keys of a map are names that an expression can refer to.
    pub(crate) fn identifiers(schema: &mut Schema) {
        schema.insert("propertyNames".to_owned(), json!({ "pattern": IDENTIFIER }));
    }

    /// A default is of the type that is said.
    pub(in super::super) fn input(schema: &mut Schema) {
        let rules = INPUT_KINDS.iter().map(|(word, kind)| {
            let wanted = match kind {
                InputKind::Text => json!({ "type": "string", "not": { "pattern": r"\{\{" } }),
                InputKind::Integer => json!({ "type": "integer" }),
                InputKind::Number => json!({ "type": "number" }),
                InputKind::Boolean => json!({ "type": "boolean" }),
                InputKind::List => json!({ "type": "array" }),
                InputKind::Map => json!({ "type": "object" }),
                InputKind::Time => json!({ "type": "string", "pattern": r"^\s*[0-9]" }),
                InputKind::Duration => json!({ "type": "string", "pattern": "[0-9]" }),
            };
            json!({
                "if": { "required": ["type"], "properties": { "type": { "const": word } } },
                "then": { "properties": { "default": wanted } }
            })
        });
        schema.insert("allOf".to_owned(), rules.collect());
    }

    /// A step does one thing and has what goes with it; an action takes its own input.
    pub(in super::super) fn step(schema: &mut Schema) {
        let one_thing = KINDS.iter().map(|kind| {
            let needs = kind.requires.iter().find(|(word, _)| *word == kind.word);
            let needs = needs.map_or(&[][..], |(_, needs)| needs);
            let required: Vec<&str> = std::iter::once(kind.word).chain(needs.iter().copied()).collect();
            let of_others = KINDS.iter().filter(|other| other.companions.contains(&kind.word));
            let others: Vec<Json> = of_others.map(|other| json!({ "required": [other.word] })).collect();
            match others.is_empty() {
                true => json!({ "required": required }),
                false => json!({ "required": required, "not": { "anyOf": others } }),
            }
        });
        schema.insert("oneOf".to_owned(), one_thing.collect());

        let with_partners = companions().into_iter().map(|(word, partners)| {
            let partners = partners.iter().map(|partner| json!({ "required": [partner] }));
            (word.to_owned(), json!({ "anyOf": partners.collect::<Json>() }))
        });
        let mut dependencies: serde_json::Map<String, Json> = with_partners.collect();
        let needs = KINDS.iter().flat_map(|kind| {
            let of_companions = kind.requires.iter().filter(|(word, _)| *word != kind.word);
            of_companions.map(|(word, needs)| ((*word).to_owned(), json!(needs)))
        });
        dependencies.extend(needs);
        schema.insert("dependencies".to_owned(), dependencies.into());

        let inputs = json!({
            "if": { "required": ["run_workflow"] },
            "then": { "properties": { "with": { "propertyNames": { "pattern": IDENTIFIER } } } }
        });
        schema.insert("allOf".to_owned(), json!([inputs]));
    }

    /// An action takes its own input.
    pub(in super::super) fn actions(catalog: &Catalog) -> impl Iterator<Item = Json> {
        catalog.actions().map(|action| {
            let mut with = object(&action.inputs);
            if let Some(with) = with.as_object_mut() {
                let description = format!("The input of {}. {}", action.name, action.summary);
                with.insert("description".to_owned(), description.into());
                if !action.rules.is_empty() {
                    with.insert("allOf".to_owned(), action.rules.iter().map(rule).collect());
                }
            }
            json!({
                "if": { "required": ["uses"], "properties": { "uses": { "const": action.name } } },
                "then": { "required": ["with"], "properties": { "with": with } }
            })
        })
    }
}

//! The SAM template, as a file of this repository. All lists of functions come from here.

use std::fs;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::{Error, Project};

/// The type of a function in a SAM template.
const FUNCTION: &str = "AWS::Serverless::Function";

#[derive(Debug, Clone)]
pub struct Template {
    json: Value,
}

/// A function of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its resource, such as `WebhookIngress`.
    pub resource: String,
    /// The crate that it is built from, and its program, such as `webhook-ingress`.
    pub package: String,
    /// The folder of that crate, from the root of the project.
    pub folder: String,
}

impl Template {
    /// Its path from the root of the project.
    pub(crate) const PATH: &str = "template.yaml";

    /// Reads the template of a checkout.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Template`] where the file is no YAML.
    pub fn read(project: &Project) -> Result<Self, Error> {
        let path = project.path(Self::PATH);
        let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let documents = Yaml::load_from_str(text).map_err(|error| Error::Template(error.to_string()))?;
        let json = match documents.as_slice() {
            [document] => to_json(document)?,
            _ => return Err(Error::Template(format!("{} documents", documents.len()))),
        };
        Ok(Self { json })
    }

    /// The template as JSON. A tag becomes an object of one field: `!Ref Table` is `{"Ref": "Table"}`.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// All functions, sorted by their resources.
    ///
    /// # Errors
    /// [`Error::Template`] where there is none, or one does not say where its code is.
    pub fn functions(&self) -> Result<Vec<Function>, Error> {
        let mut functions = self
            .resources()
            .filter(|(_, resource)| resource.get("Type").is_some_and(|kind| kind == FUNCTION))
            .map(|(name, resource)| Function::new(name, resource))
            .collect::<Result<Vec<_>, _>>()?;
        if functions.is_empty() {
            return Err(Error::Template(format!("no resource of type {FUNCTION}")));
        }
        functions.sort_by(|one, other| one.resource.cmp(&other.resource));
        Ok(functions)
    }

    /// The definitions of state machines, by their paths from the root of the project.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &str> {
        self.resources()
            .filter_map(|(_, resource)| resource.pointer("/Properties/DefinitionUri")?.as_str())
    }

    fn resources(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.json
            .get("Resources")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::iter)
    }
}

impl Function {
    fn new(resource: &str, properties: &Value) -> Result<Self, Error> {
        let folder = properties.pointer("/Properties/CodeUri").and_then(Value::as_str);
        let folder = folder.ok_or_else(|| Error::Template(format!("{resource} has no CodeUri")))?;
        let package = folder.rsplit('/').next().unwrap_or(folder);
        Ok(Self {
            resource: resource.to_owned(),
            package: package.to_owned(),
            folder: folder.to_owned(),
        })
    }
}

fn to_json(node: &Yaml<'_>) -> Result<Value, Error> {
    Ok(match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(to_json).collect::<Result<_, _>>()?,
        Yaml::Mapping(fields) => fields
            .iter()
            .map(|(name, value)| match name.as_str() {
                Some(name) => Ok((name.to_owned(), to_json(value)?)),
                None => Err(Error::Template(format!("a field whose name is no text: {name:?}"))),
            })
            .collect::<Result<_, _>>()?,
        Yaml::Tagged(tag, value) => json!({tag.suffix.as_str(): to_json(value)?}),
        other => return Err(Error::Template(format!("{other:?} has no place in a template"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_is_built_from_the_crate_that_its_folder_is_named_after() {
        let project = Project::find().unwrap();

        for function in Template::read(&project).unwrap().functions().unwrap() {
            let manifest = project.path(&function.folder).join("Cargo.toml");
            let manifest = fs::read_to_string(manifest).unwrap();
            assert!(manifest.contains(&format!("\nname = \"{}\"\n", function.package)));
        }
    }

    #[test]
    fn every_crate_among_the_functions_is_deployed() {
        let project = Project::find().unwrap();
        let folders = fs::read_dir(project.path("functions")).unwrap();
        let mut folders: Vec<_> = folders
            .map(|folder| format!("functions/{}", folder.unwrap().file_name().to_str().unwrap()))
            .collect();
        folders.sort();

        let functions = Template::read(&project).unwrap().functions().unwrap();
        let mut deployed: Vec<_> = functions.into_iter().map(|function| function.folder).collect();
        deployed.sort();

        assert_eq!(deployed, folders);
    }

    #[test]
    fn functions_and_definitions_are_found_by_their_type_and_tags_become_objects() {
        let template = Template::parse(
            "Resources:\n  \
             One: { Type: AWS::Serverless::Function, Properties: { CodeUri: functions/the-first, Role: !GetAtt Role.Arn } }\n  \
             Table: { Type: AWS::DynamoDB::Table }\n  \
             Machine: { Type: AWS::Serverless::StateMachine, Properties: { DefinitionUri: machine.json } }\n",
        )
        .unwrap();

        let function = Function {
            resource: "One".to_owned(),
            package: "the-first".to_owned(),
            folder: "functions/the-first".to_owned(),
        };
        assert_eq!(template.functions().unwrap(), [function]);
        assert_eq!(template.definitions().collect::<Vec<_>>(), ["machine.json"]);
        let role = template.json().pointer("/Resources/One/Properties/Role");
        assert_eq!(role, Some(&json!({"GetAtt": "Role.Arn"})));
    }

    #[test]
    fn a_template_without_functions_or_code_is_an_error() {
        for text in [
            "Resources: {}",
            "Resources: { One: { Type: AWS::Serverless::Function } }",
            "Resources: { One: { Type: AWS::Serverless::Function, Properties: { CodeUri: { Bucket: b } } } }",
        ] {
            assert!(Template::parse(text).unwrap().functions().is_err(), "{text}");
        }
        assert!(Template::parse("a: [").is_err());
        assert!(Template::parse("").is_err());
    }
}

//! CycloneDX's form of the list, as JSON.
//!
//! What the form allows and what would differ each time (a serial number, the time) is left out.

use serde::Serialize;

use super::TARGET;
use super::details::{Detail, Details};
use super::tree::{Crate, Tree};
use crate::error::Error;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    component: Component,
    properties: [Property; 1],
}

#[derive(Debug, Serialize)]
struct Property {
    name: &'static str,
    value: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    r#type: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<License>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<ExternalReference>,
}

#[derive(Debug, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Debug, Serialize)]
struct License {
    expression: String,
}

#[derive(Debug, Serialize)]
struct ExternalReference {
    r#type: &'static str,
    url: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    r#ref: String,
    depends_on: Vec<String>,
}

impl Document {
    /// `hash` is that of the function as it was built.
    pub(super) fn new(tree: &Tree, details: &Details, hash: Option<String>) -> Result<Self, Error> {
        let mut function = Component::new(&tree.root, details.of(&tree.root)?, hash);
        function.r#type = "application";
        let mut components = Vec::new();
        let mut dependencies = Vec::new();
        for (found, below) in &tree.dependencies {
            let references: Result<_, Error> = below
                .iter()
                .map(|found| Ok(reference(found, details.of(found)?)))
                .collect();
            dependencies.push(Dependency {
                r#ref: reference(found, details.of(found)?),
                depends_on: references?,
            });
            if *found != tree.root {
                let checksum = details.checksum(found).map(str::to_owned);
                let mut component = Component::new(found, details.of(found)?, checksum);
                component.scope = Some(if tree.linked.contains(found) {
                    "required"
                } else {
                    "excluded"
                });
                components.push(component);
            }
        }
        Ok(Self {
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
            bom_format: "CycloneDX",
            spec_version: "1.6",
            version: 1,
            metadata: Metadata {
                component: function,
                properties: [Property {
                    name: "cdx:rustc:sbom:target:triple",
                    value: TARGET,
                }],
            },
            components,
            dependencies,
        })
    }

    pub(super) fn to_json(&self) -> Result<String, Error> {
        let text = serde_json::to_string_pretty(self).map_err(Error::json("an SBOM"))?;
        Ok(text + "\n")
    }
}

impl Component {
    fn new(found: &Crate, detail: &Detail, hash: Option<String>) -> Self {
        let (name, version) = found;
        Self {
            r#type: "library",
            reference: reference(found, detail),
            name: name.clone(),
            version: version.clone(),
            description: detail.description.as_deref().map(|text| text.trim().to_owned()),
            scope: None,
            hashes: hash
                .map(|content| Hash {
                    alg: "SHA-256",
                    content,
                })
                .into_iter()
                .collect(),
            licenses: detail.license.as_deref().map(license).into_iter().collect(),
            purl: detail.is_of_crates_io().then(|| purl(found)),
            external_references: detail
                .repository
                .clone()
                .map(|url| ExternalReference { r#type: "vcs", url })
                .into_iter()
                .collect(),
        }
    }
}

/// Older crates put a slash where SPDX has `OR`.
fn license(license: &str) -> License {
    let licenses: Vec<&str> = license.split('/').map(str::trim).collect();
    License {
        expression: licenses.join(" OR "),
    }
}

/// What a crate is called within the document.
fn reference(found: &Crate, detail: &Detail) -> String {
    if detail.is_of_crates_io() {
        purl(found)
    } else {
        format!("{}@{}", found.0, found.1)
    }
}

/// The package URL of a crate of crates.io. Our own crates have none: crates.io may have others of the same names, and whoever
/// looks for vulnerabilities would take ours for them.
fn purl((name, version): &Crate) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_written_as_spdx_has_them() {
        assert_eq!(license("MIT/Apache-2.0").expression, "MIT OR Apache-2.0");
        assert_eq!(license("Unlicense / MIT").expression, "Unlicense OR MIT");
        assert_eq!(
            license("(MIT OR Apache-2.0) AND Unicode-3.0").expression,
            "(MIT OR Apache-2.0) AND Unicode-3.0"
        );
    }

    #[test]
    fn what_follows_a_version_is_escaped_in_a_package_url() {
        let found = ("toml".to_owned(), "1.0.0+spec-1.1.0".to_owned());

        assert_eq!(purl(&found), "pkg:cargo/toml@1.0.0%2Bspec-1.1.0");
    }
}

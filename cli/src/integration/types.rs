//! `pagerflow integration types`: the systems that there can be accounts on, and what each asks for.

use crate::{
    error::Error,
    known,
    known_connectors::KnownConnectors,
    output::{Screen, View, printable},
    text_table::aligned,
};
use aws_actions::integration;
use connectors::{Connector, FieldType, IntegrationField};
use platform::table::IntegrationKind;
use serde::Serialize;
use workflow::ids::IntegrationTypeName;

/// The types of integrations, or one of them.
#[derive(Debug, Serialize)]
pub(super) struct Types {
    types: Vec<Type>,
    /// True if only one was asked for, which is then shown whole.
    #[serde(skip)]
    is_one: bool,
}

/// A type of integrations.
#[derive(Debug, Serialize)]
struct Type {
    r#type: String,
    title: String,
    summary: String,
    documentation: String,
    /// The words for the secret; none where the system needs none.
    secret: Option<String>,
    /// True if there is no secret, or it may be left out.
    secret_is_optional: bool,
    fields: Vec<Asked>,
}

/// A field that is asked for.
#[derive(Debug, Serialize)]
struct Asked {
    name: String,
    summary: String,
    required: bool,
    default: Option<String>,
    example: Option<String>,
    /// The words of which it is one; none where it can be any text.
    one_of: Option<Vec<String>>,
}

pub(super) fn types(only: Option<&IntegrationTypeName>, known: &KnownConnectors) -> Result<Types, Error> {
    let Some(only) = only else {
        let connectors = known.names().filter_map(|name| known.connector(name)).map(Type::of);
        return Ok(Types {
            types: [pagerduty(), aws()].into_iter().chain(connectors).collect(),
            is_one: false,
        });
    };
    let one = match only.as_str() {
        IntegrationKind::PAGERDUTY => pagerduty(),
        integration::TYPE => aws(),
        name => match known.connector(name) {
            Some(connector) => Type::of(connector),
            None => return Err(known::unknown_type(only, known.names())),
        },
    };
    Ok(Types {
        types: vec![one],
        is_one: true,
    })
}

fn pagerduty() -> Type {
    Type {
        r#type: IntegrationKind::PAGERDUTY.to_owned(),
        title: "PagerDuty".to_owned(),
        summary: "Incidents, alerts and people of a PagerDuty account, whose events start workflows.".to_owned(),
        documentation: "https://support.pagerduty.com/main/docs/api-access-keys".to_owned(),
        secret: Some("the REST API token".to_owned()),
        secret_is_optional: false,
        fields: Vec::new(),
    }
}

fn aws() -> Type {
    let asked = |field: &integration::AskedField| Asked {
        name: field.name.to_owned(),
        summary: field.summary.to_owned(),
        required: true,
        default: None,
        example: Some(field.example.to_owned()),
        one_of: None,
    };
    Type {
        r#type: integration::TYPE.to_owned(),
        title: integration::TITLE.to_owned(),
        summary: integration::SUMMARY.to_owned(),
        documentation: integration::DOCUMENTATION.to_owned(),
        // The ExternalId is made, and not asked for.
        secret: None,
        secret_is_optional: true,
        fields: integration::FIELDS.iter().map(asked).collect(),
    }
}

impl Type {
    fn of(connector: &Connector) -> Self {
        let integration = connector.integration();
        Self {
            r#type: connector.name().to_string(),
            title: connector.title().to_owned(),
            summary: connector.summary().to_owned(),
            documentation: connector.documentation().to_owned(),
            secret: integration.secret.clone(),
            secret_is_optional: integration.secret.is_none() || integration.secret_is_optional,
            fields: integration.fields.iter().map(Asked::of).collect(),
        }
    }

    /// The names of what is asked for, in one line.
    fn asks_for(&self) -> String {
        let fields = self.fields.iter().filter(|field| field.required);
        let secret = self.secret.as_ref().map(|_| match self.secret_is_optional {
            true => "a secret if it needs one".to_owned(),
            false => "a secret".to_owned(),
        });
        let parts: Vec<String> = fields.map(|field| field.name.clone()).chain(secret).collect();
        match parts.is_empty() {
            true => "nothing".to_owned(),
            false => parts.join(", "),
        }
    }

    /// All that is known of it, in lines.
    fn whole(&self) -> Vec<String> {
        let mut lines = vec![
            format!("{}: {}", self.title, self.summary),
            self.documentation.clone(),
            String::new(),
        ];
        let secret = match (&self.secret, self.secret_is_optional) {
            (None, _) if self.r#type == integration::TYPE => {
                "Its secret, the ExternalId that the role asks for, is made when it is stored.".to_owned()
            }
            (None, _) => "It has no secret.".to_owned(),
            (Some(words), false) => format!("Its secret: {words}."),
            (Some(words), true) => format!("Its secret, which may be left out: {words}."),
        };
        if !self.fields.is_empty() {
            lines.push("Its fields:".to_owned());
            lines.extend(self.fields.iter().map(|field| format!("  {}", field.in_words())));
        }
        lines.push(secret);
        if self.r#type == IntegrationKind::PAGERDUTY {
            lines
                .push("Its region, default user and kind of token: --region, --default-from, --token-kind.".to_owned());
        }
        lines.push(String::new());
        lines.push(format!("Add one with `{}`.", self.command()));
        lines
    }

    /// A command that adds one.
    fn command(&self) -> String {
        let required = self.fields.iter().filter(|field| field.required);
        let fields = required.map(|field| {
            let value = field.example.clone().unwrap_or_else(|| "…".to_owned());
            format!(" --field {}={value}", field.name)
        });
        let of_type = match self.r#type.as_str() {
            IntegrationKind::PAGERDUTY => String::new(),
            name => format!(" --type {name}"),
        };
        format!("pagerflow integration add ALIAS{of_type}{}", fields.collect::<String>())
    }
}

impl Asked {
    fn of(field: &IntegrationField) -> Self {
        Self {
            name: field.name.clone(),
            summary: field.summary.clone(),
            required: field.required,
            default: field.default.clone(),
            example: field.example.clone(),
            one_of: match &field.kind {
                FieldType::OneOf(words) => Some(words.clone()),
                FieldType::Text { .. } | FieldType::Certificates => None,
            },
        }
    }

    fn in_words(&self) -> String {
        let words = self.one_of.as_ref().map(|words| format!("one of {}", words.join(", ")));
        let example = self.example.as_ref().map(|example| format!("such as {example}"));
        let given = match (self.required, &self.default) {
            (true, None) => "required".to_owned(),
            (_, Some(default)) => format!("{default:?} if it is not given"),
            (false, None) => "optional".to_owned(),
        };
        let more: Vec<String> = words.into_iter().chain(example).chain([given]).collect();
        format!("{}: {} ({})", self.name, self.summary, more.join("; "))
    }
}

impl View for Types {
    fn text(&self, _: Screen) -> String {
        if let ([one], true) = (self.types.as_slice(), self.is_one) {
            let lines = one.whole();
            return lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n");
        }
        let rows = self
            .types
            .iter()
            .map(|it| vec![it.r#type.clone(), it.title.clone(), it.asks_for(), it.summary.clone()]);
        let rows: Vec<_> = rows.collect();
        format!(
            "{}\n\n`pagerflow integration types TYPE` shows all that a type asks for.",
            aligned(&["TYPE", "SYSTEM", "ASKS FOR", "WHAT IT IS"], &rows)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;

    fn text(only: &str) -> String {
        types(Some(&only.parse().unwrap()), &KnownConnectors::shipped())
            .unwrap()
            .text(Screen::plain())
    }

    #[test]
    fn all_types_are_listed_with_what_they_ask_for() {
        let listed = types(None, &KnownConnectors::shipped()).unwrap();
        let text = listed.text(Screen::plain());
        let types = text.lines().skip(1).map(|line| line.split(' ').next().unwrap());
        let types: Vec<_> = types.take_while(|name| !name.is_empty()).collect();
        assert_eq!(types.first(), Some(&"pagerduty"));
        assert!(types.len() == 2 + connectors::shipped().count(), "{text}");
        assert!(text.contains("site, email, a secret"), "{text}");
    }

    #[test]
    fn a_type_is_shown_with_its_fields_and_the_command_that_adds_one() {
        insta::assert_snapshot!(text("jira"), @"
        Jira: Issues of a Jira Cloud site.
        https://developer.atlassian.com/cloud/jira/platform/rest/v2/intro/

        Its fields:
          site: the site (such as acme.atlassian.net; required)
          email: the e-mail address of the user whose API token it is (such as bot@acme.example; required)
        Its secret: the API token of that user.

        Add one with `pagerflow integration add ALIAS --type jira --field site=acme.atlassian.net --field email=bot@acme.example`.
        ");
        insta::assert_snapshot!(text("http"), @r#"
        HTTP: Any system with an HTTP API, for which there is no connector of its own.
        https://www.rfc-editor.org/rfc/rfc9110

        Its fields:
          host: the host that requests go to, with a port if it is not 443 (such as api.example.com; required)
          header: the header that has the token (such as x-api-key; "authorization" if it is not given)
          prefix: what stands in the header before the token, with the space (such as Token ; "Bearer " if it is not given)
        Its secret, which may be left out: the token; leave it empty if the system asks for none.

        Add one with `pagerflow integration add ALIAS --type http --field host=api.example.com`.
        "#);
        insta::assert_snapshot!(text("aws"), @"
        AWS: Services of an AWS account, through a role of it.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html

        Its fields:
          role_arn: the ARN of the role (such as arn:aws:iam::123456789012:role/pagerflow-prod-aws; required)
          region: the region where steps act that name none (such as eu-west-1; required)
        Its secret, the ExternalId that the role asks for, is made when it is stored.

        Add one with `pagerflow integration add ALIAS --type aws --field role_arn=arn:aws:iam::123456789012:role/pagerflow-prod-aws --field region=eu-west-1`.
        ");
        insta::assert_snapshot!(text("pagerduty"), @"
        PagerDuty: Incidents, alerts and people of a PagerDuty account, whose events start workflows.
        https://support.pagerduty.com/main/docs/api-access-keys

        Its secret: the REST API token.
        Its region, default user and kind of token: --region, --default-from, --token-kind.

        Add one with `pagerflow integration add ALIAS`.
        ");
    }

    #[test]
    fn programs_get_each_field_that_is_asked_for() {
        let shown = types(Some(&"jira".parse().unwrap()), &KnownConnectors::shipped()).unwrap();
        insta::assert_snapshot!(format!("{:#}", as_json(&shown)), @r#"
        {
          "types": [
            {
              "documentation": "https://developer.atlassian.com/cloud/jira/platform/rest/v2/intro/",
              "fields": [
                {
                  "default": null,
                  "example": "acme.atlassian.net",
                  "name": "site",
                  "one_of": null,
                  "required": true,
                  "summary": "the site"
                },
                {
                  "default": null,
                  "example": "bot@acme.example",
                  "name": "email",
                  "one_of": null,
                  "required": true,
                  "summary": "the e-mail address of the user whose API token it is"
                }
              ],
              "secret": "the API token of that user",
              "secret_is_optional": false,
              "summary": "Issues of a Jira Cloud site.",
              "title": "Jira",
              "type": "jira"
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_type_that_there_is_not_is_told_with_the_nearest_one() {
        let error = types(Some(&"slak".parse().unwrap()), &KnownConnectors::shipped())
            .unwrap_err()
            .to_string();
        insta::assert_snapshot!(error, @"
        there is no type of integrations slak; did you mean slack?
        List them with `pagerflow integration types`.
        ");
    }
}

//! Templates, and the names that they can refer to.

use serde_json::Value;
use workflow::{
    action::unknown_field,
    document::{Content, Node, Path, ProblemSink, Problems},
    template::{Expression, Reference, Template},
};

/// The names that a template sees, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// The fields of the integration alone.
    Integration,
    /// Also a choice of an approval.
    Choice,
    /// Also an approval, with what stands for its choices.
    Controls,
    /// Also the answer.
    Errors,
    /// The inputs and the call.
    Request,
    /// Also the answer.
    Page,
    /// Also the inputs of the look.
    Look,
    /// Those of [`Self::Page`], and the entries of all pages.
    Outputs,
}

/// The names that a template can refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    sight: Sight,
    inputs: &'a [&'a str],
    /// The fields of the integration.
    fields: &'a [&'a str],
    /// The inputs of the look.
    look: &'a [&'a str],
}

impl<'a> Scope<'a> {
    pub(super) fn new(sight: Sight, inputs: &'a [&'a str], fields: &'a [&'a str]) -> Self {
        Self {
            sight,
            inputs,
            fields,
            look: &[],
        }
    }

    /// The same at another place.
    pub(super) fn at(self, sight: Sight) -> Self {
        Self { sight, ..self }
    }

    /// The same over the answer to a look that is made with these inputs.
    pub(super) fn looking<'b>(self, look: &'b [&'b str]) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope {
            sight: Sight::Look,
            inputs: self.inputs,
            fields: self.fields,
            look,
        }
    }

    pub(super) fn inputs(&self) -> &'a [&'a str] {
        self.inputs
    }

    pub(super) fn fields(&self) -> &'a [&'a str] {
        self.fields
    }

    fn roots(&self) -> &'static [&'static str] {
        match self.sight {
            Sight::Integration => &["integration"],
            Sight::Choice => &["integration", "choice"],
            Sight::Controls => &["integration", "approval"],
            Sight::Errors => &["integration", "status", "headers", "body"],
            Sight::Request => &["inputs", "integration", "call", "now"],
            Sight::Page => &["inputs", "integration", "call", "now", "status", "headers", "body"],
            Sight::Look => &[
                "inputs",
                "integration",
                "call",
                "now",
                "status",
                "headers",
                "body",
                "look",
            ],
            Sight::Outputs => &[
                "inputs",
                "integration",
                "call",
                "now",
                "status",
                "headers",
                "body",
                "items",
                "more",
            ],
        }
    }

    /// Checks a name.
    fn check(&self, reference: &Reference) -> Result<(), String> {
        let parts = reference.parts();
        let known = |root: &str, name: &str, known: &[&str]| match known {
            known if known.contains(&name) => Ok(()),
            [] => Err(format!("`{reference}`: there are no {root} here")),
            known => Err(format!(
                "`{reference}`: in `{root}`, {}",
                unknown_field(name, known.iter().copied())
            )),
        };
        match parts.as_slice() {
            [root, ..] if !self.roots().contains(root) => Err(format!(
                "`{reference}`: {}",
                unknown_field(root, self.roots().iter().copied())
            )),
            ["inputs", name, ..] => known("inputs", name, self.inputs),
            ["integration", name, ..] => known("integration", name, self.fields),
            ["look", _, ..] if self.look.is_empty() => Err(format!("`{reference}`: the look has no inputs")),
            ["look", name, ..] => known("look", name, self.look),
            ["call", name, ..] => known("call", name, &["idempotency_key", "controls"]),
            ["choice", name, ..] => known("choice", name, &["text", "number"]),
            ["approval", name, ..] => known("approval", name, &["link", "answer", "choices"]),
            _ => Ok(()),
        }
    }

    fn check_all(&self, template: &Template, node: &Node, path: Path<'_>, problems: &mut Problems) -> bool {
        let mut is_right = true;
        for expression in template.expressions() {
            for reference in expression.references() {
                if let Err(problem) = self.check(reference) {
                    problems.problem(node.at, path, problem);
                    is_right = false;
                }
            }
        }
        is_right
    }

    /// A value with templates in it, whatever it gives.
    pub(super) fn template(&self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Template> {
        match &node.content {
            Content::Scalar(Value::String(source)) => match Template::from_text(source) {
                Ok(template) => self
                    .check_all(&template, node, path, problems)
                    .then(|| self.lenient(template)),
                Err(error) => {
                    problems.problem(node.at, path, error.to_string());
                    None
                }
            },
            Content::Scalar(value) => Some(Template::Literal(value.clone())),
            Content::List(items) => {
                let items = items.iter().enumerate();
                let items: Vec<_> = items
                    .map(|(index, item)| self.template(item, path.item(index), problems))
                    .collect();
                items.into_iter().collect::<Option<_>>().map(Template::List)
            }
            Content::Map(entries) => {
                let fields: Vec<_> = entries
                    .iter()
                    .map(|entry| {
                        let field = self.template(&entry.value, path.field(&entry.key), problems);
                        field.map(|field| (entry.key.clone(), field))
                    })
                    .collect();
                fields.into_iter().collect::<Option<_>>().map(Template::Map)
            }
        }
    }

    /// A name that an answer lacks is null; the names of a request are known.
    fn lenient(&self, template: Template) -> Template {
        match self.sight {
            Sight::Integration | Sight::Choice | Sight::Controls | Sight::Request => template,
            Sight::Errors | Sight::Page | Sight::Look | Sight::Outputs => template.null_where_missing(),
        }
    }

    /// A template that gives a text or a number.
    pub(super) fn text(&self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Template> {
        match &node.content {
            Content::Scalar(Value::Null) | Content::List(_) | Content::Map(_) => {
                let message = format!("must be text, but is {}", node.type_name());
                problems.problem(node.at, path, message);
                None
            }
            Content::Scalar(_) => self.template(node, path, problems),
        }
    }

    /// A template that is one expression.
    pub(super) fn expression(&self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Template> {
        let template = self.template(node, path, problems)?;
        match &template {
            Template::Expression(expression) if !expression.is_text() => Some(template),
            _ => {
                let message = "must be one expression, such as \"{{ body.id }}\"";
                problems.problem(node.at, path, message);
                None
            }
        }
    }

    /// A map of templates, or one expression that gives a map.
    pub(super) fn map(&self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Template> {
        match self.template(node, path, problems)? {
            Template::Expression(expression) if expression.is_text() => {
                let message =
                    "is text with expressions in it, which never gives a map; give a map, or one expression only";
                problems.problem(node.at, path, message);
                None
            }
            template @ (Template::Map(_) | Template::Expression(_)) => Some(template),
            Template::Literal(_) | Template::List(_) => {
                let message = format!("must be a map, but is {}", node.type_name());
                problems.problem(node.at, path, message);
                None
            }
        }
    }

    /// A condition, with or without braces around it.
    pub(super) fn condition(&self, node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<Expression> {
        let source = match &node.content {
            Content::Scalar(Value::String(source)) => source,
            _ => {
                let message = format!(
                    "must be a condition, such as `not body.ok`, but is {}",
                    node.type_name()
                );
                problems.problem(node.at, path, message);
                return None;
            }
        };
        match Expression::condition(source) {
            Ok(condition) => {
                let template = Template::Expression(condition.clone());
                self.check_all(&template, node, path, problems)
                    .then(|| condition.null_where_missing())
            }
            Err(error) => {
                problems.problem(node.at, path, error.to_string());
                None
            }
        }
    }
}

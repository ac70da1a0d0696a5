//! `errors` and `rate_limit`: what an answer says when something failed.

use super::{scope::Scope, value};
use crate::connector::{Class, ErrorRules, RateLimitRule};
use std::collections::BTreeMap;
use workflow::document::{self, Content, Fields, Node, Path, ProblemSink, Problems};

/// The words of `classes`.
const CLASSES: [(&str, Class); 7] = [
    ("unauthorized", Class::Unauthorized),
    ("forbidden", Class::Forbidden),
    ("not_found", Class::NotFound),
    ("invalid_request", Class::InvalidRequest),
    ("rate_limited", Class::RateLimited),
    ("unavailable", Class::Unavailable),
    ("unknown", Class::Unknown),
];

/// The most codes of a class.
const MOST_CODES: usize = 200;

pub(super) fn read(node: &Node, path: Path<'_>, scope: &Scope<'_>, problems: &mut Problems) -> Option<ErrorRules> {
    let mut fields = Fields::of(node, &path, problems)?;
    let when = fields.read(
        "when",
        |node, path, problems| scope.condition(node, path, problems),
        problems,
    );
    let code = fields.read(
        "code",
        |node, path, problems| scope.text(node, path, problems),
        problems,
    );
    let message = fields.read(
        "message",
        |node, path, problems| scope.text(node, path, problems),
        problems,
    );
    let classes_node = fields.optional("classes");
    let classes = classes_node.and_then(|node| classes(node, path.field("classes"), problems));
    fields.refuse_others(problems);
    if let (Some(node), None) = (classes_node, &code) {
        problems.problem(
            node.at,
            path.field("classes"),
            "needs `code`, which says where the code stands",
        );
    }
    Some(ErrorRules {
        when,
        code,
        message,
        classes: classes.unwrap_or_default(),
    })
}

fn classes(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<BTreeMap<String, Class>> {
    let mut fields = Fields::of(node, &path, problems)?;
    let mut classes = BTreeMap::new();
    for (word, class) in CLASSES {
        let Some(node) = fields.optional(word) else { continue };
        let path = path.field(word);
        let items = document::items(node, path, Some(MOST_CODES), problems);
        for (index, item) in items.unwrap_or_default().iter().enumerate() {
            let code = match &item.content {
                Content::Scalar(serde_json::Value::Number(code)) => Some(code.to_string()),
                _ => document::text(item, path.item(index), problems).map(str::to_owned),
            };
            let Some(code) = code else { continue };
            if classes.insert(code.clone(), class).is_some() {
                let message = format!("the code `{code:.80}` stands twice; it can have only one meaning");
                problems.problem(item.at, path.item(index), message);
            }
        }
    }
    fields.refuse_others(problems);
    Some(classes)
}

pub(super) fn rate_limit(node: &Node, path: Path<'_>, problems: &mut Problems) -> Option<RateLimitRule> {
    let mut fields = Fields::of(node, &path, problems)?;
    let after = fields.read("header", value::header_name, problems);
    let reset = fields.read("reset", value::header_name, problems);
    fields.refuse_others(problems);
    if after.is_none() && reset.is_none() {
        problems.problem(node.at, path, "one of `header` and `reset` is needed");
        return None;
    }
    Some(RateLimitRule { after, reset })
}

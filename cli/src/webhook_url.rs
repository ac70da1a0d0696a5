//! The URLs that webhooks are sent to.

use platform::table::KeyScope;
use serde::Serialize;
use workflow::ids::{IntegrationAlias, WorkflowId};

/// The header in which a sender presents its API key.
pub(crate) const KEY_HEADER: &str = "x-api-key";

/// The URL of a workflow or an integration. `base` is that of the stack.
pub(crate) fn url_of(base: &str, scope: &KeyScope) -> String {
    format!("{base}{}", scope.path())
}

/// The target of a URL, if it is one of the stack.
pub(crate) fn scope_of(base: &str, url: &str) -> Option<KeyScope> {
    let path = url.strip_prefix(base)?;
    if let Some(workflow) = path.strip_prefix("/webhooks/") {
        return workflow.parse().ok().map(KeyScope::Workflow);
    }
    let alias = path.strip_prefix("/integrations/")?.strip_suffix("/webhooks")?;
    alias.parse().ok().map(KeyScope::Integration)
}

/// The target of a URL for programs: a workflow, an integration, or neither if it is not one of the stack.
#[derive(Debug, Serialize)]
pub(crate) struct Target {
    workflow: Option<WorkflowId>,
    integration: Option<IntegrationAlias>,
}

impl Target {
    pub(crate) fn of(scope: Option<&KeyScope>) -> Self {
        let (workflow, integration) = match scope {
            Some(KeyScope::Workflow(workflow)) => (Some(workflow.clone()), None),
            Some(KeyScope::Integration(alias)) => (None, Some(alias.clone())),
            None => (None, None),
        };
        Self { workflow, integration }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://abc.execute-api.eu-west-1.amazonaws.com";

    #[test]
    fn a_url_of_the_stack_leads_back_to_what_it_is_of() {
        for scope in [
            KeyScope::Workflow("memory-alert".parse().unwrap()),
            KeyScope::Integration("prod".parse().unwrap()),
        ] {
            assert_eq!(scope_of(BASE, &url_of(BASE, &scope)), Some(scope));
        }
    }

    #[test]
    fn any_other_url_is_not_of_the_stack() {
        for url in [
            "https://example.com/webhooks/memory-alert",
            "https://abc.execute-api.eu-west-1.amazonaws.com.example.com/webhooks/memory-alert",
            "https://abc.execute-api.eu-west-1.amazonaws.com/webhooks/",
            "https://abc.execute-api.eu-west-1.amazonaws.com/webhooks/a/b",
            "https://abc.execute-api.eu-west-1.amazonaws.com/integrations/webhooks",
            "https://abc.execute-api.eu-west-1.amazonaws.com",
        ] {
            assert_eq!(scope_of(BASE, url), None, "{url}");
        }
    }
}

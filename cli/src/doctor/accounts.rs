//! The integrations of connectors: their secrets, and whether their systems accept them.

use super::finding::Finding;
use crate::{
    aws_account,
    connector_account::{ConnectorAccount, Tried, Verdict},
    error::Error,
    integration::answers,
    stack::Stack,
};
use platform::{
    secrets::{SecretError, SecretStore},
    table::ConnectorAccount as Recorded,
};
use workflow::ids::IntegrationAlias;

/// Looks at an integration of a connector. That changes nothing.
pub(super) async fn check(alias: &IntegrationAlias, recorded: &Recorded, stack: &Stack) -> Finding {
    if recorded.type_name.as_str() == aws_actions::integration::TYPE {
        return judge(alias, aws_account::tried(alias, stack).await);
    }
    match ConnectorAccount::of(alias, recorded, stack).await {
        Ok(account) => judge(alias, account.tried().await),
        Err(error) => unusable(alias, recorded, &error),
    }
}

/// Looks at the secret with which the system of an integration signs the answers of people, if the account says that there is one.
pub(super) async fn check_answers(alias: &IntegrationAlias, recorded: &Recorded, stack: &Stack) -> Option<Finding> {
    if !answers::is_signed(recorded) {
        return None;
    }
    let name = stack.secret_names.answer_signing(&recorded.type_name, alias);
    Some(judge_answers(alias, stack.secrets.read(&name).await.map(|_| ())))
}

fn judge_answers(alias: &IntegrationAlias, read: Result<(), SecretError>) -> Finding {
    match read {
        Ok(()) => Finding::ok(
            area(alias),
            format!(
                "{alias}: messages about approvals have buttons, and the secret is stored with which the answers are signed."
            ),
        ),
        // Perhaps only the caller may not read it; the function may.
        Err(error @ SecretError::Unavailable { .. }) => Finding::not_checked(
            area(alias),
            format!("The signing secret of {alias} can not be read: {error}"),
        ),
        Err(error) => Finding::problem(
            area(alias),
            format!("{alias}: messages about approvals have buttons that do nothing: {error}"),
            format!("pagerflow integration signing-secret set {alias}"),
        ),
    }
}

fn area(alias: &IntegrationAlias) -> String {
    format!("integration:{alias}")
}

fn judge(alias: &IntegrationAlias, tried: Tried) -> Finding {
    let text = format!("{alias}: {}", tried.text);
    match tried.verdict {
        Verdict::Accepted => Finding::ok(area(alias), text),
        Verdict::NotKnown => Finding::not_checked(area(alias), text),
        Verdict::Failed => {
            let remedy = tried.remedy.unwrap_or_default().replace("ALIAS", alias.as_str());
            Finding::problem(area(alias), text, remedy)
        }
    }
}

fn unusable(alias: &IntegrationAlias, recorded: &Recorded, error: &Error) -> Finding {
    let text = format!("The secret of {alias} can not be used: {error}");
    match error {
        // Perhaps only the caller may not read it; the function may.
        Error::Unusable {
            cause: SecretError::Unavailable { .. },
            ..
        } => Finding::not_checked(area(alias), text),
        Error::Unusable { .. } => {
            Finding::problem(area(alias), text, format!("pagerflow integration set-token {alias}"))
        }
        _ => Finding::problem(
            area(alias),
            format!(
                "The integration {alias} is of the type {}, which this release does not know. Steps that use it fail.",
                recorded.type_name
            ),
            format!("Use a release that knows it, or remove it: pagerflow integration remove {alias}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{doctor::finding, known, output::Screen, pagerduty_account};

    fn told(findings: &[Finding]) -> String {
        finding::text(findings, Screen::plain())
    }

    #[test]
    fn what_a_system_says_of_a_secret_is_told_with_what_to_do() {
        let alias: IntegrationAlias = "chat".parse().unwrap();
        let tried = |verdict, text: &str, remedy: Option<&str>| Tried {
            verdict,
            text: text.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        let remedy = Some("Store a valid one with `pagerflow integration set-token ALIAS`.");
        let recorded = Recorded {
            type_name: "fax".parse().unwrap(),
            fields: [].into(),
            hosts: Vec::new(),
        };
        let absent = SecretError::NotFound("pagerflow/integrations/slack/chat".to_owned());
        let unavailable = SecretError::Unavailable {
            name: "pagerflow/integrations/slack/chat".to_owned(),
            cause: "access denied".into(),
        };
        let findings = [
            judge(
                &alias,
                tried(Verdict::Accepted, "Slack accepts the secret: team Acme.", None),
            ),
            judge(
                &alias,
                tried(
                    Verdict::NotKnown,
                    "Whether HTTP accepts the secret can not be told.",
                    None,
                ),
            ),
            judge(
                &alias,
                tried(Verdict::Failed, "Slack does not accept the secret.", remedy),
            ),
            unusable(&alias, &recorded, &pagerduty_account::unusable(&alias, absent)),
            unusable(&alias, &recorded, &pagerduty_account::unusable(&alias, unavailable)),
            unusable(
                &alias,
                &recorded,
                &known::unknown_type(&recorded.type_name, connectors::shipped()),
            ),
            judge_answers(&alias, Ok(())),
            judge_answers(
                &alias,
                Err(SecretError::NotFound("pagerflow/answer-signing/slack/chat".to_owned())),
            ),
        ];
        insta::assert_snapshot!(told(&findings), @"
        ok           chat: Slack accepts the secret: team Acme.
        not checked  chat: Whether HTTP accepts the secret can not be told.
        problem      chat: Slack does not accept the secret.
                     Store a valid one with `pagerflow integration set-token chat`.
        problem      The secret of chat can not be used: integration chat: there is no secret pagerflow/integrations/slack/chat; store it with `pagerflow integration set-token chat`
                     pagerflow integration set-token chat
        not checked  The secret of chat can not be used: integration chat: the secret pagerflow/integrations/slack/chat could not be read: access denied
        problem      The integration chat is of the type fax, which this release does not know. Steps that use it fail.
                     Use a release that knows it, or remove it: pagerflow integration remove chat
        ok           chat: messages about approvals have buttons, and the secret is stored with which the answers are signed.
        problem      chat: messages about approvals have buttons that do nothing: there is no secret pagerflow/answer-signing/slack/chat
                     pagerflow integration signing-secret set chat

        4 problems, 2 questions not answered.
        ");
    }
}

//! Credentials of a role for one step.
//!
//! The policy of a session takes away from the role what the operation does not need. Credentials are kept for a further request of the
//! same step: of the next page, of a repeat, or of a look whether something has come about.

use aws_actions::Action;
use aws_credential_types::Credentials;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use workflow::{ids::IntegrationAlias, run::Caller};

/// The time for which credentials are good, in seconds: the shortest that STS gives.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(super) const SECONDS: u32 = 900;

/// The time before their end at which they are not used any more: longer than a call lasts.
const RESERVE: SignedDuration = SignedDuration::from_secs(120);

/// The most sessions that are kept.
const MOST: usize = 64;

/// The longest name of a session.
const NAME: usize = 64;

/// The longest part of it that a step has.
const STEP: usize = 31;

/// The name of the session of a call: by it CloudTrail tells which run and which step of it did something.
pub(super) fn name(input: &Value) -> String {
    let caller = input.get("caller").cloned();
    let caller = caller.and_then(|caller| serde_json::from_value::<Caller>(caller).ok());
    let Some(Caller { run, step, .. }) = caller else {
        return "pagerflow".to_owned();
    };
    let step: String = step.to_string().chars().map(fitting).take(STEP).collect();
    let run: String = run.as_str().chars().map(fitting).take(NAME - 1 - step.len()).collect();
    format!("{run}.{step}")
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
fn fitting(character: char) -> char {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' | '=' | ',' | '@' => character,
        _ => '-',
    }
}

/// The policy of the session of an action: the rights of its operation on everything that the role has them on.
///
/// Some operations act on something else with the rights of who calls them, and would be refused without those: they hand a role to what
/// they start, tag what they make, and use the key that it is encrypted with. AWS does the first and the last only as a part
/// of the operation itself, so nothing can be done with these rights but that.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service>
pub(super) fn policy(action: &Action, input: &Map<String, Value>) -> String {
    let mut actions = action.iam_actions();
    if !action.only_reads() {
        let makes_tags = ["tags", "tag_list", "tag_specifications", "tagging"];
        let of_service = actions.first().and_then(|action| action.split_once(':'));
        if let Some((service, _)) = of_service
            && makes_tags.iter().any(|name| input.contains_key(*name))
        {
            actions.push(format!("{service}:*Tag*"));
        }
        actions.push("iam:PassRole".to_owned());
    }
    let statement = [
        json!({"Effect": "Allow", "Action": actions, "Resource": "*"}),
        json!({
            "Effect": "Allow",
            "Action": ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"Null": {"kms:ViaService": "false"}},
        }),
    ];
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

/// The purpose of credentials.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Purpose {
    pub(super) integration: IntegrationAlias,
    pub(super) role_arn: String,
    pub(super) session_name: String,
    pub(super) policy: String,
}

/// The sessions that may be used once more.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<Purpose, (Credentials, Timestamp)>>);

impl Sessions {
    /// The credentials for a purpose, if they are good for another call.
    pub(super) fn get(&self, purpose: &Purpose, now: Timestamp) -> Option<Credentials> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (credentials, ends) = sessions.get(purpose)?;
        (ends.duration_since(now) > RESERVE).then(|| credentials.clone())
    }

    /// Keeps credentials. Those that are over are dropped, and the one that ends first where there are too many.
    pub(super) fn keep(&self, purpose: Purpose, credentials: Credentials, now: Timestamp) {
        let ends = credentials.expiry().and_then(|ends| Timestamp::try_from(ends).ok());
        let Some(ends) = ends else { return };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, (_, ends)| ends.duration_since(now) > RESERVE);
        if sessions.len() >= MOST {
            let first = sessions.iter().min_by_key(|(_, (_, ends))| *ends);
            if let Some(first) = first.map(|(purpose, _)| purpose.clone()) {
                sessions.remove(&first);
            }
        }
        sessions.insert(purpose, (credentials, ends));
    }

    /// Drops credentials that AWS does not take any more.
    pub(super) fn forget(&self, purpose: &Purpose) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(purpose);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn name_of(run: &str, step: &str) -> String {
        name(&json!({"caller": {"run": run, "workflow": "restart", "lane": "main", "step": step}}))
    }

    #[rstest]
    #[case::short("run-1", "00003", "run-1.00003")]
    #[case::in_a_section("run-1", "on_failure.00000", "run-1.on_failure.00000")]
    #[case::long(
        &"r".repeat(64),
        "00003.00000.00001.00000.00001.00000.00001",
        &format!("{}.00003.00000.00001.00000.00001.0", "r".repeat(32))
    )]
    fn the_name_of_a_session_tells_the_run_and_the_step(#[case] run: &str, #[case] step: &str, #[case] name: &str) {
        assert_eq!(name_of(run, step), name);
        assert!(name.len() <= NAME);
    }

    #[rstest]
    #[case::none(json!({}))]
    #[case::odd(json!({"caller": "somebody"}))]
    fn a_call_of_no_run_has_a_name_all_the_same(#[case] input: Value) {
        assert_eq!(name(&input), "pagerflow");
    }

    fn rights(action: &str, input: &Value) -> Value {
        let policy = policy(&Action::named(action).unwrap(), input.as_object().unwrap());
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
        assert!(policy.len() < 2_048, "{policy}");
        serde_json::from_str::<Value>(&policy).unwrap()["Statement"][0].take()
    }

    #[rstest]
    #[case::a_read("aws.ecs.describe_services", json!({}), &["ecs:DescribeServices"])]
    #[case::a_change("aws.ecs.update_service", json!({}), &["ecs:UpdateService", "iam:PassRole"])]
    #[case::of_several("aws.s3.copy_object", json!({}), &["s3:GetObject", "s3:PutObject", "iam:PassRole"])]
    #[case::that_tags("aws.ecs.run_task", json!({"tags": []}), &["ecs:RunTask", "ecs:*Tag*", "iam:PassRole"])]
    fn a_session_has_the_rights_of_its_operation_alone(
        #[case] action: &str,
        #[case] input: Value,
        #[case] rights_of_it: &[&str],
    ) {
        let statement = rights(action, &input);
        assert_eq!(
            statement,
            json!({"Effect": "Allow", "Action": rights_of_it, "Resource": "*"})
        );
    }

    #[test]
    fn a_session_uses_keys_through_a_service_alone() {
        let policy = policy(&Action::named("aws.sqs.send_message").unwrap(), &Map::new());
        let policy: Value = serde_json::from_str(&policy).unwrap();
        let of_keys = &policy["Statement"][1];
        assert_eq!(of_keys["Condition"], json!({"Null": {"kms:ViaService": "false"}}));
        let actions = of_keys["Action"].as_array().unwrap();
        assert!(
            actions
                .iter()
                .all(|action| action.as_str().unwrap().starts_with("kms:"))
        );
    }

    #[test]
    fn every_operation_has_a_policy_that_sts_takes() {
        for service in aws_actions::services() {
            for action in Action::of_service(service) {
                let tagged = json!({"tags": []});
                let policy = policy(&action, tagged.as_object().unwrap());
                assert!(policy.len() < 2_048, "{action:?}");
            }
        }
    }

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn later(seconds: i64) -> Timestamp {
        NOW + SignedDuration::from_secs(seconds)
    }

    fn purpose(session_name: &str) -> Purpose {
        Purpose {
            integration: "ops".parse().unwrap(),
            role_arn: "arn:aws:iam::111122223333:role/pagerflow-acts".to_owned(),
            session_name: session_name.to_owned(),
            policy: "{}".to_owned(),
        }
    }

    fn credentials(ends: Timestamp) -> Credentials {
        Credentials::new("ASIA1", "m4rk", Some("m4rk".to_owned()), Some(ends.into()), "test")
    }

    #[test]
    fn credentials_are_used_again_until_shortly_before_their_end() {
        let sessions = Sessions::default();
        sessions.keep(purpose("a"), credentials(later(900)), NOW);
        assert!(sessions.get(&purpose("a"), later(779)).is_some());
        assert!(sessions.get(&purpose("a"), later(780)).is_none());
        assert!(sessions.get(&purpose("b"), NOW).is_none(), "those of another step");
        assert!(!format!("{sessions:?}").contains("m4rk"));
    }

    #[test]
    fn credentials_that_are_refused_are_forgotten() {
        let sessions = Sessions::default();
        sessions.keep(purpose("a"), credentials(later(900)), NOW);
        sessions.forget(&purpose("a"));
        assert!(sessions.get(&purpose("a"), NOW).is_none());
    }

    #[test]
    fn so_many_sessions_are_kept_and_no_more() {
        let sessions = Sessions::default();
        for number in 0..200 {
            sessions.keep(purpose(&number.to_string()), credentials(later(900 + number)), NOW);
        }
        assert_eq!(sessions.0.lock().unwrap().len(), MOST);
        assert!(sessions.get(&purpose("199"), NOW).is_some());

        sessions.keep(purpose("new"), credentials(later(9_000)), later(5_000));
        assert_eq!(sessions.0.lock().unwrap().len(), 1, "the others are over");
    }
}

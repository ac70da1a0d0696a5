//! The stack and its table.

use super::finding::Finding;
use crate::error::Error;
use platform::table::{StoreError, TableCondition};

const STACK: &str = "stack";
const TABLE: &str = "table";

/// The finding about the status of the stack.
pub(super) fn stack(name: &str, status: &Result<String, Error>) -> Finding {
    let events = || {
        format!(
            "See what failed with `aws cloudformation describe-stack-events --stack-name {name}`, and deploy again with `sam deploy`."
        )
    };
    let status = match status {
        Ok(status) => status.as_str(),
        // It was found all the same, by the environment.
        Err(error) => return Finding::not_checked(STACK, error.to_string()),
    };
    match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => {
            Finding::ok(STACK, format!("The stack {name} is deployed."))
        }
        "UPDATE_ROLLBACK_COMPLETE" => Finding::warning(
            STACK,
            format!("The last deployment of the stack {name} failed. It is as it was before."),
            events(),
        ),
        busy if busy.ends_with("_IN_PROGRESS") => Finding::warning(
            STACK,
            format!("The stack {name} is being changed ({busy}). What follows may be of either release."),
            "Run `pagerflow doctor` again when that is done.",
        ),
        other => Finding::problem(
            STACK,
            format!("The stack {name} is not deployed as a whole ({other})."),
            events(),
        ),
    }
}

/// The findings about the condition of the table.
pub(super) fn table(condition: &TableCondition) -> Vec<Finding> {
    let name = &condition.name;
    let answered = |answer: &Result<bool, StoreError>, found: &dyn Fn(bool) -> Finding| match answer {
        Ok(is_so) => found(*is_so),
        Err(error) => Finding::not_checked(TABLE, format!("{error}.")),
    };
    let usable = match &condition.is_active {
        Ok(true) => Finding::ok(TABLE, format!("The table {name} can be used.")),
        Ok(false) => Finding::problem(
            TABLE,
            format!("The table {name} can not be used now: it is being made, deleted or restored."),
            format!("See what it is with `aws dynamodb describe-table --table-name {name}`."),
        ),
        Err(error) => Finding::problem(
            TABLE,
            format!("The table {name} could not be looked at: {error}."),
            "Check your AWS credentials and region, and whether the stack is deployed, with `sam deploy`.",
        ),
    };
    vec![
        usable,
        answered(&condition.is_time_to_live_on, &|is_on| match is_on {
            true => Finding::ok(TABLE, "Old runs are removed from it by their time to live."),
            false => Finding::warning(
                TABLE,
                "Old runs are not removed from it, because its time to live is off. It only grows.",
                format!(
                    "aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification \
                     Enabled=true,AttributeName=expires_at"
                ),
            ),
        }),
        answered(&condition.is_point_in_time_recovery_on, &|is_on| match is_on {
            true => Finding::ok(TABLE, "It can be restored to any moment of the last weeks."),
            false => Finding::warning(
                TABLE,
                "It can not be restored, because point-in-time recovery is off. What is deleted by mistake is gone.",
                format!(
                    "aws dynamodb update-continuous-backups --table-name {name} --point-in-time-recovery-specification \
                     PointInTimeRecoveryEnabled=true"
                ),
            ),
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::finding::text;
    use super::*;
    use crate::output::Screen;

    fn told(findings: &[Finding]) -> String {
        text(findings, Screen::plain())
    }

    #[test]
    fn the_status_of_the_stack_is_told_with_what_it_means() {
        let of = |status: &str| stack("pagerflow", &Ok(status.to_owned()));
        let missing = Err(Error::NoStack {
            name: "pagerflow".to_owned(),
        });
        let findings = [
            of("UPDATE_COMPLETE"),
            of("UPDATE_ROLLBACK_COMPLETE"),
            of("UPDATE_IN_PROGRESS"),
            of("ROLLBACK_COMPLETE"),
            stack("pagerflow", &missing),
        ];
        insta::assert_snapshot!(told(&findings), @"
        ok           The stack pagerflow is deployed.
        warning      The last deployment of the stack pagerflow failed. It is as it was before.
                     See what failed with `aws cloudformation describe-stack-events --stack-name pagerflow`, and deploy again with `sam deploy`.
        warning      The stack pagerflow is being changed (UPDATE_IN_PROGRESS). What follows may be of either release.
                     Run `pagerflow doctor` again when that is done.
        problem      The stack pagerflow is not deployed as a whole (ROLLBACK_COMPLETE).
                     See what failed with `aws cloudformation describe-stack-events --stack-name pagerflow`, and deploy again with `sam deploy`.
        not checked  there is no stack pagerflow

        1 problem, 2 warnings, 1 question not answered.
        ");
    }

    #[test]
    fn a_table_without_its_safeguards_is_told_with_the_commands_that_switch_them_on() {
        let off = TableCondition {
            name: "pagerflow-Table".to_owned(),
            is_active: Ok(true),
            is_time_to_live_on: Ok(false),
            is_point_in_time_recovery_on: Ok(false),
        };
        insta::assert_snapshot!(told(&table(&off)), @"
        ok           The table pagerflow-Table can be used.
        warning      Old runs are not removed from it, because its time to live is off. It only grows.
                     aws dynamodb update-time-to-live --table-name pagerflow-Table --time-to-live-specification Enabled=true,AttributeName=expires_at
        warning      It can not be restored, because point-in-time recovery is off. What is deleted by mistake is gone.
                     aws dynamodb update-continuous-backups --table-name pagerflow-Table --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true

        2 warnings.
        ");
    }

    #[test]
    fn what_dynamodb_does_not_tell_is_not_checked_and_a_table_out_of_reach_is_a_problem() {
        let error = |operation| {
            Err(StoreError::Unavailable {
                operation,
                cause: "access denied".into(),
            })
        };
        let unknown = TableCondition {
            name: "pagerflow-Table".to_owned(),
            is_active: error("describe the table"),
            is_time_to_live_on: error("describe the table's time to live"),
            is_point_in_time_recovery_on: Ok(true),
        };
        insta::assert_snapshot!(told(&table(&unknown)), @"
        problem      The table pagerflow-Table could not be looked at: DynamoDB failed to describe the table: access denied.
                     Check your AWS credentials and region, and whether the stack is deployed, with `sam deploy`.
        not checked  DynamoDB failed to describe the table's time to live: access denied.
        ok           It can be restored to any moment of the last weeks.

        1 problem, 1 question not answered.
        ");
    }
}

//! The operations that change nothing.
//!
//! The verbs that AWS uses say it, with few exceptions. A repeat of a reading operation is harmless, so one that only seems to read
//! must not be taken for one; the other way round, a step fails that could have been tried again.

/// The verbs of operations that read.
const VERBS: &[&str] = &[
    "BatchDescribe",
    "BatchGet",
    "Check",
    "Compare",
    "Describe",
    "Download",
    "Estimate",
    "Filter",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Query",
    "Scan",
    "Search",
    "TransactGet",
    "Validate",
    "View",
];

/// Operations that change something, though their verb does not say it.
const CHANGE: &[(&str, &str)] = &[
    // It puts the template into a bucket.
    ("ec2", "GetFlowLogsIntegrationTemplate"),
    // It makes the snapshot.
    ("ssm", "GetDeployablePatchSnapshotForInstance"),
];

/// Operations that read, though their verb does not say it.
const READ: &[(&str, &str)] = &[
    ("cloudfront", "TestFunction"),
    ("cloudfront", "VerifyDnsConfiguration"),
    ("events", "TestEventPattern"),
    ("logs", "TestMetricFilter"),
    ("logs", "TestTransformer"),
    ("route53", "TestDNSAnswer"),
];

/// True if an operation changes nothing.
pub(crate) fn only_reads(service: &str, operation: &str) -> bool {
    let is_in = |list: &[(&str, &str)]| list.contains(&(service, operation));
    let has_verb = || {
        VERBS.iter().any(|verb| {
            let rest = operation.strip_prefix(verb);
            // `Getaway` would be another verb.
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
        })
    };
    !is_in(CHANGE) && (is_in(READ) || has_verb())
}

#[cfg(test)]
mod tests {
    use super::only_reads;
    use crate::{operations, services};
    use rstest::rstest;

    #[rstest]
    #[case("ecs", "DescribeServices", true)]
    #[case("dynamodb", "Query", true)]
    #[case("dynamodb", "Scan", true)]
    #[case("s3", "HeadObject", true)]
    #[case("codebuild", "BatchGetBuilds", true)]
    #[case("cloudtrail", "LookupEvents", true)]
    #[case("ecs", "UpdateService", false)]
    #[case("sqs", "ReceiveMessage", false)]
    #[case("ssm", "GetDeployablePatchSnapshotForInstance", false)]
    #[case("events", "TestEventPattern", true)]
    #[case("lambda", "Invoke", false)]
    #[case("logs", "StartQuery", false)]
    fn a_verb_says_if_an_operation_reads_unless_it_is_an_exception(
        #[case] service: &str,
        #[case] operation: &str,
        #[case] reads: bool,
    ) {
        assert_eq!(only_reads(service, operation), reads);
    }

    /// Every operation that changes what it does and none that reads has such a member, so this would show an exception that is missing.
    #[test]
    fn no_reading_operation_has_an_idempotency_token() {
        for operation in services()
            .flat_map(operations)
            .filter(|operation| operation.only_reads())
        {
            assert!(operation.idempotency_token().is_none(), "{operation:?}");
        }
    }

    #[test]
    fn every_exception_is_an_operation_that_there_is() {
        for (service, name) in super::CHANGE.iter().chain(super::READ) {
            assert!(
                operations(service).any(|operation| operation.name() == *name),
                "{service} {name}"
            );
        }
    }
}

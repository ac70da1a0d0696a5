//! The IAM actions that an operation needs.
//!
//! Mostly it is the operation's own name behind the prefix of its service. Where it is not, the service authorization reference says
//! so: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.
//! Rights on other services that some operations need beside, such as `iam:PassRole`, depend on their input and are not here.

use crate::Operation;
use http::Method;

/// The prefix of the IAM actions of a service, where it is not the name by which its requests are signed.
const PREFIXES: &[(&str, &str)] = &[("cloudwatch", "cloudwatch"), ("resourcegroupstaggingapi", "tag")];

/// The actions of operations that have others than their own name.
const ACTIONS: &[(&str, &str, &[&str])] = &[
    ("dynamodb", "BatchExecuteStatement", PARTIQL),
    ("dynamodb", "ExecuteStatement", PARTIQL),
    ("dynamodb", "ExecuteTransaction", PARTIQL),
    ("dynamodb", "TransactGetItems", &["GetItem"]),
    (
        "dynamodb",
        "TransactWriteItems",
        &["ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"],
    ),
    ("lambda", "Invoke", &["InvokeFunction"]),
    ("lambda", "InvokeAsync", &["InvokeFunction"]),
    ("s3", "CompleteMultipartUpload", &["PutObject"]),
    ("s3", "CopyObject", &["GetObject", "PutObject"]),
    ("s3", "CreateMultipartUpload", &["PutObject"]),
    (
        "s3",
        "DeleteBucketAnalyticsConfiguration",
        &["PutAnalyticsConfiguration"],
    ),
    ("s3", "DeleteBucketCors", &["PutBucketCORS"]),
    ("s3", "DeleteBucketEncryption", &["PutEncryptionConfiguration"]),
    (
        "s3",
        "DeleteBucketIntelligentTieringConfiguration",
        &["PutIntelligentTieringConfiguration"],
    ),
    (
        "s3",
        "DeleteBucketInventoryConfiguration",
        &["PutInventoryConfiguration"],
    ),
    ("s3", "DeleteBucketLifecycle", &["PutLifecycleConfiguration"]),
    ("s3", "DeleteBucketMetricsConfiguration", &["PutMetricsConfiguration"]),
    ("s3", "DeleteBucketOwnershipControls", &["PutBucketOwnershipControls"]),
    ("s3", "DeleteBucketReplication", &["PutReplicationConfiguration"]),
    ("s3", "DeleteBucketTagging", &["PutBucketTagging"]),
    ("s3", "DeleteObjects", &["DeleteObject"]),
    ("s3", "DeletePublicAccessBlock", &["PutBucketPublicAccessBlock"]),
    (
        "s3",
        "GetBucketAccelerateConfiguration",
        &["GetAccelerateConfiguration"],
    ),
    ("s3", "GetBucketAnalyticsConfiguration", &["GetAnalyticsConfiguration"]),
    ("s3", "GetBucketCors", &["GetBucketCORS"]),
    ("s3", "GetBucketEncryption", &["GetEncryptionConfiguration"]),
    (
        "s3",
        "GetBucketIntelligentTieringConfiguration",
        &["GetIntelligentTieringConfiguration"],
    ),
    ("s3", "GetBucketInventoryConfiguration", &["GetInventoryConfiguration"]),
    ("s3", "GetBucketLifecycle", &["GetLifecycleConfiguration"]),
    ("s3", "GetBucketLifecycleConfiguration", &["GetLifecycleConfiguration"]),
    ("s3", "GetBucketMetricsConfiguration", &["GetMetricsConfiguration"]),
    ("s3", "GetBucketNotificationConfiguration", &["GetBucketNotification"]),
    ("s3", "GetBucketReplication", &["GetReplicationConfiguration"]),
    ("s3", "GetObjectAttributes", &["GetObject", "GetObjectAttributes"]),
    (
        "s3",
        "GetObjectLockConfiguration",
        &["GetBucketObjectLockConfiguration"],
    ),
    ("s3", "GetPublicAccessBlock", &["GetBucketPublicAccessBlock"]),
    ("s3", "HeadBucket", &["ListBucket"]),
    ("s3", "HeadObject", &["GetObject"]),
    (
        "s3",
        "ListBucketAnalyticsConfigurations",
        &["GetAnalyticsConfiguration"],
    ),
    (
        "s3",
        "ListBucketIntelligentTieringConfigurations",
        &["GetIntelligentTieringConfiguration"],
    ),
    (
        "s3",
        "ListBucketInventoryConfigurations",
        &["GetInventoryConfiguration"],
    ),
    ("s3", "ListBucketMetricsConfigurations", &["GetMetricsConfiguration"]),
    ("s3", "ListBuckets", &["ListAllMyBuckets"]),
    ("s3", "ListMultipartUploads", &["ListBucketMultipartUploads"]),
    ("s3", "ListObjectVersions", &["ListBucketVersions"]),
    ("s3", "ListObjects", &["ListBucket"]),
    ("s3", "ListObjectsV2", &["ListBucket"]),
    ("s3", "ListParts", &["ListMultipartUploadParts"]),
    (
        "s3",
        "PutBucketAccelerateConfiguration",
        &["PutAccelerateConfiguration"],
    ),
    ("s3", "PutBucketAnalyticsConfiguration", &["PutAnalyticsConfiguration"]),
    ("s3", "PutBucketCors", &["PutBucketCORS"]),
    ("s3", "PutBucketEncryption", &["PutEncryptionConfiguration"]),
    (
        "s3",
        "PutBucketIntelligentTieringConfiguration",
        &["PutIntelligentTieringConfiguration"],
    ),
    ("s3", "PutBucketInventoryConfiguration", &["PutInventoryConfiguration"]),
    ("s3", "PutBucketLifecycle", &["PutLifecycleConfiguration"]),
    ("s3", "PutBucketLifecycleConfiguration", &["PutLifecycleConfiguration"]),
    ("s3", "PutBucketMetricsConfiguration", &["PutMetricsConfiguration"]),
    ("s3", "PutBucketNotificationConfiguration", &["PutBucketNotification"]),
    ("s3", "PutBucketReplication", &["PutReplicationConfiguration"]),
    (
        "s3",
        "PutObjectLockConfiguration",
        &["PutBucketObjectLockConfiguration"],
    ),
    ("s3", "PutPublicAccessBlock", &["PutBucketPublicAccessBlock"]),
    ("s3", "UploadPart", &["PutObject"]),
    ("s3", "UploadPartCopy", &["GetObject", "PutObject"]),
    ("sqs", "ChangeMessageVisibilityBatch", &["ChangeMessageVisibility"]),
    ("sqs", "DeleteMessageBatch", &["DeleteMessage"]),
    ("sqs", "SendMessageBatch", &["SendMessage"]),
    ("sns", "PublishBatch", &["Publish"]),
];

/// The rights of statements in PartiQL, of which the statement says which is needed.
const PARTIQL: &[&str] = &["PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate"];

impl Operation {
    /// The IAM actions that it needs: `ecs:UpdateService`. Some operations need several, or have rights of other names.
    #[must_use]
    pub fn iam_actions(&self) -> Vec<String> {
        let (service, name) = (self.service.name, self.operation.name);
        let prefix = PREFIXES.iter().find(|(of, _)| *of == service);
        let prefix = prefix.map_or(self.service.signing_name, |(_, prefix)| prefix);
        // API Gateway's rights are methods on paths: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
        if service == "apigatewayv2" {
            let method: Method = self.operation.method.parse().unwrap_or(Method::POST);
            return vec![format!("{prefix}:{method}")];
        }
        match ACTIONS
            .iter()
            .find(|(of, operation, _)| (*of, *operation) == (service, name))
        {
            Some((_, _, actions)) => actions.iter().map(|action| format!("{prefix}:{action}")).collect(),
            None => vec![format!("{prefix}:{name}")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ACTIONS;
    use crate::{operation, operations};
    use rstest::rstest;

    #[rstest]
    #[case("aws.ecs.update_service", &["ecs:UpdateService"])]
    #[case("aws.s3.list_objects_v2", &["s3:ListBucket"])]
    #[case("aws.s3.copy_object", &["s3:GetObject", "s3:PutObject"])]
    #[case("aws.lambda.invoke", &["lambda:InvokeFunction"])]
    #[case("aws.cloudwatch.describe_alarms", &["cloudwatch:DescribeAlarms"])]
    #[case("aws.stepfunctions.start_execution", &["states:StartExecution"])]
    #[case("aws.elbv2.describe_target_health", &["elasticloadbalancing:DescribeTargetHealth"])]
    #[case("aws.sesv2.send_email", &["ses:SendEmail"])]
    #[case("aws.ecr.describe_images", &["ecr:DescribeImages"])]
    #[case("aws.efs.describe_file_systems", &["elasticfilesystem:DescribeFileSystems"])]
    #[case("aws.opensearch.describe_domain", &["es:DescribeDomain"])]
    #[case("aws.apigatewayv2.get_apis", &["apigateway:GET"])]
    #[case("aws.resourcegroupstaggingapi.get_resources", &["tag:GetResources"])]
    #[case("aws.application_autoscaling.register_scalable_target", &["application-autoscaling:RegisterScalableTarget"])]
    #[case("aws.cloudfront.create_invalidation", &["cloudfront:CreateInvalidation"])]
    #[case("aws.sqs.send_message_batch", &["sqs:SendMessage"])]
    fn an_operation_needs_these_rights(#[case] action: &str, #[case] rights: &[&str]) {
        assert_eq!(operation(action).unwrap().iam_actions(), rights);
    }

    #[test]
    fn every_exception_is_an_operation_that_there_is() {
        for (service, name, _) in ACTIONS {
            assert!(
                operations(service).any(|operation| operation.name() == *name),
                "{service} {name}"
            );
        }
    }
}

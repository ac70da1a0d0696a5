//! The services that workflows can ask, and what of them they cannot.
//!
//! The outputs of a step are kept in the history of its run, and so are the inputs. So an operation is left out whose point is to
//! give a secret or to take one, and a member is left out that is one. Sensitive things that are more than secrets, such as
//! commands and their results, stay: without them the operations would be of no use.

/// The services, under the names that botocore has for them, with those that people have: what people on call look at, scale, restart
/// and roll back.
pub(super) const SERVICES: [(&str, &str); 44] = [
    ("apigatewayv2", "Amazon API Gateway (HTTP and WebSocket APIs)"),
    ("application-autoscaling", "Application Auto Scaling"),
    ("arc-zonal-shift", "ARC zonal shift"),
    ("autoscaling", "EC2 Auto Scaling"),
    ("backup", "AWS Backup"),
    ("batch", "AWS Batch"),
    ("cloudformation", "AWS CloudFormation"),
    ("cloudfront", "Amazon CloudFront"),
    ("cloudtrail", "AWS CloudTrail"),
    ("cloudwatch", "Amazon CloudWatch"),
    ("codebuild", "AWS CodeBuild"),
    ("codedeploy", "AWS CodeDeploy"),
    ("codepipeline", "AWS CodePipeline"),
    ("dynamodb", "Amazon DynamoDB"),
    ("ec2", "Amazon EC2"),
    ("ecr", "Amazon ECR"),
    ("ecs", "Amazon ECS"),
    ("efs", "Amazon EFS"),
    ("eks", "Amazon EKS"),
    ("elasticache", "Amazon ElastiCache"),
    ("elb", "Elastic Load Balancing (Classic)"),
    ("elbv2", "Elastic Load Balancing"),
    ("events", "Amazon EventBridge"),
    ("fis", "AWS Fault Injection Service"),
    ("health", "AWS Health"),
    ("kinesis", "Amazon Kinesis Data Streams"),
    ("lambda", "AWS Lambda"),
    ("logs", "Amazon CloudWatch Logs"),
    ("opensearch", "Amazon OpenSearch Service"),
    ("rds", "Amazon RDS"),
    ("resourcegroupstaggingapi", "AWS Resource Groups Tagging"),
    ("route53", "Amazon Route 53"),
    ("s3", "Amazon S3"),
    ("scheduler", "Amazon EventBridge Scheduler"),
    ("secretsmanager", "AWS Secrets Manager"),
    ("sesv2", "Amazon SES"),
    ("sns", "Amazon SNS"),
    ("sqs", "Amazon SQS"),
    ("ssm", "AWS Systems Manager"),
    ("ssm-incidents", "AWS Systems Manager Incident Manager"),
    ("stepfunctions", "AWS Step Functions"),
    ("sts", "AWS STS"),
    ("synthetics", "Amazon CloudWatch Synthetics"),
    ("wafv2", "AWS WAF"),
];

/// The reason something is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its answer has a secret, such as a password, a private key or credentials.
    GivesSecret,
    /// Its input has a secret, which would stand in the history of the run.
    TakesSecret,
    /// It opens a session that only a program can use, and gives the token for it.
    OpensSession,
    /// It belongs to the protocol of a worker or an agent, which a workflow is not.
    ForWorkers,
}

use Reason::{ForWorkers, GivesSecret, OpensSession, TakesSecret};

/// The operations that are left out. Beside them are those that answer with a stream of events, which the model tells.
pub(super) const OPERATIONS: &[(&str, &str, Reason)] = &[
    ("codebuild", "ImportSourceCredentials", TakesSecret),
    ("codepipeline", "AcknowledgeJob", ForWorkers),
    ("codepipeline", "AcknowledgeThirdPartyJob", ForWorkers),
    ("codepipeline", "GetJobDetails", GivesSecret),
    ("codepipeline", "GetThirdPartyJobDetails", GivesSecret),
    ("codepipeline", "PollForJobs", GivesSecret),
    ("codepipeline", "PollForThirdPartyJobs", ForWorkers),
    ("codepipeline", "PutJobFailureResult", ForWorkers),
    ("codepipeline", "PutJobSuccessResult", ForWorkers),
    ("codepipeline", "PutThirdPartyJobFailureResult", ForWorkers),
    ("codepipeline", "PutThirdPartyJobSuccessResult", ForWorkers),
    ("ec2", "CreateKeyPair", GivesSecret),
    ("ec2", "GetInstanceUefiData", GivesSecret),
    ("ec2", "GetPasswordData", GivesSecret),
    ("ec2", "GetVpnConnectionDeviceSampleConfiguration", GivesSecret),
    ("ecr", "BatchCheckLayerAvailability", ForWorkers),
    ("ecr", "CompleteLayerUpload", ForWorkers),
    ("ecr", "GetAuthorizationToken", GivesSecret),
    ("ecr", "GetDownloadUrlForLayer", GivesSecret),
    ("ecr", "InitiateLayerUpload", ForWorkers),
    ("ecr", "UploadLayerPart", ForWorkers),
    ("ecs", "DiscoverPollEndpoint", ForWorkers),
    ("ecs", "ExecuteCommand", OpensSession),
    ("ecs", "RegisterContainerInstance", ForWorkers),
    ("ecs", "SubmitAttachmentStateChanges", ForWorkers),
    ("ecs", "SubmitContainerStateChange", ForWorkers),
    ("ecs", "SubmitTaskStateChange", ForWorkers),
    ("logs", "PutBearerTokenAuthentication", TakesSecret),
    ("s3", "CreateSession", GivesSecret),
    ("s3", "WriteGetObjectResponse", ForWorkers),
    ("secretsmanager", "BatchGetSecretValue", GivesSecret),
    ("secretsmanager", "CreateSecret", TakesSecret),
    ("secretsmanager", "GetRandomPassword", GivesSecret),
    ("secretsmanager", "GetSecretValue", GivesSecret),
    ("secretsmanager", "PutSecretValue", TakesSecret),
    ("secretsmanager", "UpdateSecret", TakesSecret),
    ("ssm", "GetAccessToken", GivesSecret),
    ("ssm", "ResumeSession", OpensSession),
    ("ssm", "StartSession", OpensSession),
    ("stepfunctions", "GetActivityTask", ForWorkers),
    ("stepfunctions", "SendTaskHeartbeat", ForWorkers),
    ("sts", "AssumeRole", GivesSecret),
    ("sts", "AssumeRoleWithSAML", GivesSecret),
    ("sts", "AssumeRoleWithWebIdentity", GivesSecret),
    ("sts", "AssumeRoot", GivesSecret),
    ("sts", "DecodeAuthorizationMessage", GivesSecret),
    ("sts", "GetAccessKeyInfo", GivesSecret),
    ("sts", "GetDelegatedAccessToken", GivesSecret),
    ("sts", "GetFederationToken", GivesSecret),
    ("sts", "GetSessionToken", GivesSecret),
    ("sts", "GetWebIdentityToken", GivesSecret),
    ("wafv2", "CreateAPIKey", GivesSecret),
    ("wafv2", "GetDecryptedAPIKey", GivesSecret),
    ("wafv2", "ListAPIKeys", GivesSecret),
];

/// The members that are left out, by the shapes that have them.
///
/// Without `WithDecryption`, Parameter Store gives the cipher text of a parameter that is a secret. A password of a database can be
/// left to Secrets Manager (`manage_master_user_password`).
pub(super) const MEMBERS: &[(&str, &str, &str, Reason)] = &[
    (
        "ec2",
        "CreateVerifiedAccessNativeApplicationOidcOptions",
        "ClientSecret",
        TakesSecret,
    ),
    (
        "ec2",
        "CreateVerifiedAccessTrustProviderOidcOptions",
        "ClientSecret",
        TakesSecret,
    ),
    (
        "ec2",
        "ModifyVerifiedAccessNativeApplicationOidcOptions",
        "ClientSecret",
        TakesSecret,
    ),
    (
        "ec2",
        "ModifyVerifiedAccessTrustProviderOidcOptions",
        "ClientSecret",
        TakesSecret,
    ),
    (
        "ec2",
        "ModifyVpnTunnelOptionsSpecification",
        "PreSharedKey",
        TakesSecret,
    ),
    ("ec2", "OidcOptions", "ClientSecret", GivesSecret),
    ("ec2", "TunnelOption", "PreSharedKey", GivesSecret),
    (
        "ec2",
        "VerifiedAccessInstanceUserTrustProviderClientConfiguration",
        "ClientSecret",
        GivesSecret,
    ),
    ("ec2", "VpnConnection", "CustomerGatewayConfiguration", GivesSecret),
    ("ec2", "VpnTunnelOptionsSpecification", "PreSharedKey", TakesSecret),
    ("elasticache", "CreateCacheClusterMessage", "AuthToken", TakesSecret),
    ("elasticache", "CreateReplicationGroupMessage", "AuthToken", TakesSecret),
    ("elasticache", "ModifyCacheClusterMessage", "AuthToken", TakesSecret),
    ("elasticache", "ModifyReplicationGroupMessage", "AuthToken", TakesSecret),
    ("elbv2", "AuthenticateOidcActionConfig", "ClientSecret", GivesSecret),
    (
        "events",
        "CreateConnectionApiKeyAuthRequestParameters",
        "ApiKeyValue",
        TakesSecret,
    ),
    (
        "events",
        "CreateConnectionBasicAuthRequestParameters",
        "Password",
        TakesSecret,
    ),
    (
        "events",
        "CreateConnectionOAuthClientRequestParameters",
        "ClientSecret",
        TakesSecret,
    ),
    (
        "events",
        "UpdateConnectionApiKeyAuthRequestParameters",
        "ApiKeyValue",
        TakesSecret,
    ),
    (
        "events",
        "UpdateConnectionBasicAuthRequestParameters",
        "Password",
        TakesSecret,
    ),
    (
        "events",
        "UpdateConnectionOAuthClientRequestParameters",
        "ClientSecret",
        TakesSecret,
    ),
    ("lambda", "EnvironmentResponse", "Variables", GivesSecret),
    ("lambda", "FunctionCodeLocation", "Location", GivesSecret),
    ("opensearch", "MasterUserOptions", "MasterUserPassword", TakesSecret),
    ("rds", "ClusterPendingModifiedValues", "MasterUserPassword", GivesSecret),
    ("rds", "CreateDBClusterMessage", "MasterUserPassword", TakesSecret),
    ("rds", "CreateDBInstanceMessage", "MasterUserPassword", TakesSecret),
    ("rds", "CreateDBInstanceMessage", "TdeCredentialPassword", TakesSecret),
    ("rds", "CreateTenantDatabaseMessage", "MasterUserPassword", TakesSecret),
    ("rds", "ModifyDBClusterMessage", "MasterUserPassword", TakesSecret),
    ("rds", "ModifyDBInstanceMessage", "MasterUserPassword", TakesSecret),
    ("rds", "ModifyDBInstanceMessage", "TdeCredentialPassword", TakesSecret),
    ("rds", "ModifyTenantDatabaseMessage", "MasterUserPassword", TakesSecret),
    ("rds", "PendingModifiedValues", "MasterUserPassword", GivesSecret),
    (
        "rds",
        "RestoreDBClusterFromS3Message",
        "MasterUserPassword",
        TakesSecret,
    ),
    (
        "rds",
        "RestoreDBInstanceFromDBSnapshotMessage",
        "TdeCredentialPassword",
        TakesSecret,
    ),
    (
        "rds",
        "RestoreDBInstanceFromS3Message",
        "MasterUserPassword",
        TakesSecret,
    ),
    (
        "rds",
        "RestoreDBInstanceToPointInTimeMessage",
        "TdeCredentialPassword",
        TakesSecret,
    ),
    (
        "rds",
        "TenantDatabasePendingModifiedValues",
        "MasterUserPassword",
        GivesSecret,
    ),
    ("sesv2", "DkimSigningAttributes", "DomainSigningPrivateKey", TakesSecret),
    ("ssm", "GetParameterHistoryRequest", "WithDecryption", GivesSecret),
    ("ssm", "GetParameterRequest", "WithDecryption", GivesSecret),
    ("ssm", "GetParametersByPathRequest", "WithDecryption", GivesSecret),
    ("ssm", "GetParametersRequest", "WithDecryption", GivesSecret),
];

/// The name of a service as people know it.
pub(super) fn title(service: &str) -> Option<&'static str> {
    SERVICES
        .iter()
        .find(|(name, _)| *name == service)
        .map(|(_, title)| *title)
}

/// True if an operation is left out.
pub(super) fn is_withheld(service: &str, operation: &str) -> bool {
    OPERATIONS
        .iter()
        .any(|(of, name, _)| (*of, *name) == (service, operation))
}

/// True if a member is left out.
pub(super) fn is_withheld_member(service: &str, shape: &str, member: &str) -> bool {
    MEMBERS
        .iter()
        .any(|(of, within, name, _)| (*of, *within, *name) == (service, shape, member))
}

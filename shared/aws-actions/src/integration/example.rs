//! Values that are shown to people.

/// The ARN of a role.
pub(super) const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/pagerflow-prod-aws";

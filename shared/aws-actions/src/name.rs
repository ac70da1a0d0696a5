//! Names as workflows have them: `desiredCount` is `desired_count`, and `UpdateService` is `update_service`.
//!
//! They are made as the AWS command line and the SDK for Python make them, so people know them. No two members of a structure,
//! and no two operations of a service, come out alike; a test looks at all of them.

/// The name in snake case.
///
/// A word begins at a capital letter that follows a small letter or a digit, and at the last capital of several where small letters
/// follow: `DBInstanceARN` is `db_instance_arn`. Several capitals with an `s` at the end are one word: `VpcARNs` is `vpc_arns`.
#[must_use]
pub fn snake_case(name: &str) -> String {
    if name.contains('_') {
        return name.to_ascii_lowercase();
    }
    let (body, plural) = name.split_at(start_of_plural(name).unwrap_or(name.len()));
    let mut snake = String::with_capacity(name.len() + 6);
    let bytes = body.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| bytes.get(index));
        let after = bytes.get(index + 1);
        let is_start = byte.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase() || before.is_ascii_digit() || after.is_some_and(u8::is_ascii_lowercase)
            });
        if is_start && !snake.ends_with(['_', '-', '.', ':']) {
            snake.push('_');
        }
        // `-`, `.` and `:` stand in the names of headers alone, which no member has.
        snake.push(char::from(byte.to_ascii_lowercase()));
    }
    if !plural.is_empty() {
        if !snake.is_empty() {
            snake.push('_');
        }
        snake.push_str(&plural.to_ascii_lowercase());
    }
    snake
}

/// The start of two or more capitals with an `s` after them, at the end of a name.
fn start_of_plural(name: &str) -> Option<usize> {
    let capitals = name.strip_suffix('s')?;
    let start = capitals.trim_end_matches(|c: char| c.is_ascii_uppercase()).len();
    (capitals.len() - start >= 2).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::snake_case;
    use rstest::rstest;

    #[rstest]
    #[case("UpdateService", "update_service")]
    #[case("desiredCount", "desired_count")]
    #[case("DescribeDBInstances", "describe_db_instances")]
    #[case("DBInstanceARN", "db_instance_arn")]
    #[case("LoadBalancerARNs", "load_balancer_arns")]
    #[case("ListObjectsV2", "list_objects_v2")]
    #[case("Ipv6Addresses", "ipv6_addresses")]
    #[case("EC2InstanceId", "ec2_instance_id")]
    #[case("IAMRole", "iam_role")]
    #[case("SSEKMSKeyId", "ssekms_key_id")]
    #[case("MD5OfBody", "md5_of_body")]
    #[case("S3Bucket", "s3_bucket")]
    #[case("ACLs", "acls")]
    #[case("tags", "tags")]
    #[case("ID", "id")]
    #[case("BGP_ASN", "bgp_asn")]
    fn a_name_is_made_as_people_know_it_from_the_sdk_for_python(#[case] name: &str, #[case] snake: &str) {
        assert_eq!(snake_case(name), snake);
    }
}

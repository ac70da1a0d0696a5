//! `pagerflow workflow versions`.

use crate::{error::Error, known, output::Output, stack::Stack, text_table::aligned};
use platform::table::VersionRecord;
use serde_json::{Value, json};
use workflow::ids::{WorkflowId, WorkflowVersion};

/// The length of a digest for people: enough to tell two versions apart.
const DIGEST_SHOWN: usize = 12;

pub(super) async fn run(name: &WorkflowId, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let active = known::workflow(name, stack).await?.active_version;
    let versions = stack.table.versions(name).await?;
    let views: Vec<_> = versions.iter().map(|version| view(version, active)).collect();
    let result = json!({ "workflow": name, "active_version": active, "versions": views });
    output.result(&result, || text(&versions, active))
}

fn view(version: &VersionRecord, active: WorkflowVersion) -> Value {
    json!({
        "version": version.version,
        "active": version.version == active,
        "applied_at": version.created_at,
        "applied_by": version.applied_by,
        "digest": version.digest,
    })
}

fn text(versions: &[VersionRecord], active: WorkflowVersion) -> String {
    let rows: Vec<_> = versions.iter().map(|version| columns(version, active)).collect();
    aligned(&["VERSION", "", "APPLIED", "BY", "DIGEST"], &rows)
}

fn columns(version: &VersionRecord, active: WorkflowVersion) -> Vec<String> {
    let is_active = version.version == active;
    vec![
        version.version.to_string(),
        if is_active { "active" } else { "" }.to_owned(),
        format!("{:.0}", version.created_at),
        version.applied_by.as_deref().map_or("-", who).to_owned(),
        short(&version.digest).to_owned(),
    ]
}

/// Of the ARN of somebody what people know them by: `user/olivia`, or `assumed-role/Admin/olivia`.
pub(super) fn who(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// The beginning of a digest.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..DIGEST_SHOWN).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::to_string_pretty;

    fn version(number: u32, applied_by: Option<&str>, digest: &str) -> VersionRecord {
        VersionRecord {
            version: WorkflowVersion(number),
            created_at: "2026-11-22T10:00:00.123Z".parse().unwrap(),
            applied_by: applied_by.map(str::to_owned),
            digest: digest.to_owned(),
        }
    }

    #[test]
    fn versions_are_listed_with_the_active_one_marked() {
        let digest = "75cf5cxmfcxpzwqogtsktnhx573js73b";
        let versions = [
            version(
                10,
                Some("arn:aws:sts::123456789012:assumed-role/Admin/olivia@example.com"),
                digest,
            ),
            version(9, Some("arn:aws:iam::123456789012:user/olivia"), digest),
            version(8, None, digest),
        ];
        insta::assert_snapshot!(text(&versions, WorkflowVersion(9)), @"
        VERSION          APPLIED               BY                                     DIGEST
        v10              2026-11-22T10:00:00Z  assumed-role/Admin/olivia@example.com  75cf5cxmfcxp
        v9       active  2026-11-22T10:00:00Z  user/olivia                            75cf5cxmfcxp
        v8               2026-11-22T10:00:00Z  -                                      75cf5cxmfcxp
        ");
    }

    #[test]
    fn programs_get_all_of_it() {
        let version = version(9, Some("arn:aws:iam::123456789012:root"), "75cf5cxmfcxp");
        insta::assert_snapshot!(to_string_pretty(&view(&version, WorkflowVersion(9))).unwrap(), @r#"
        {
          "active": true,
          "applied_at": "2026-11-22T10:00:00.123Z",
          "applied_by": "arn:aws:iam::123456789012:root",
          "digest": "75cf5cxmfcxp",
          "version": 9
        }
        "#);
    }
}

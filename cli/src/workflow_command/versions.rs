//! `pagerflow workflow versions`.

use crate::{
    error::Error,
    known,
    output::{Screen, View},
    stack::Stack,
    text_table::aligned,
};
use jiff::Timestamp;
use platform::table::VersionRecord;
use serde::Serialize;
use workflow::ids::{WorkflowId, WorkflowVersion};

/// The length of a digest for people: enough to tell two versions apart.
const DIGEST_SHOWN: usize = 12;

/// The versions of a workflow, the newest first.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    workflow: WorkflowId,
    active_version: WorkflowVersion,
    versions: Vec<Row>,
}

/// A version in a list.
#[derive(Debug, Serialize)]
struct Row {
    version: WorkflowVersion,
    active: bool,
    applied_at: Timestamp,
    applied_by: Option<String>,
    digest: String,
}

pub(super) async fn versions(name: WorkflowId, stack: &Stack) -> Result<Listed, Error> {
    let active_version = known::workflow(&name, stack).await?.active_version;
    let versions = stack.table.versions(&name).await?;
    Ok(Listed {
        workflow: name,
        active_version,
        versions: versions
            .into_iter()
            .map(|version| Row::new(version, active_version))
            .collect(),
    })
}

impl Row {
    fn new(record: VersionRecord, active: WorkflowVersion) -> Self {
        Self {
            version: record.version,
            active: record.version == active,
            applied_at: record.created_at,
            applied_by: record.applied_by,
            digest: record.digest,
        }
    }

    fn columns(&self) -> Vec<String> {
        vec![
            self.version.to_string(),
            if self.active { "active" } else { "" }.to_owned(),
            format!("{:.0}", self.applied_at),
            self.applied_by.as_deref().map_or("-", who).to_owned(),
            short(&self.digest).to_owned(),
        ]
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        let rows: Vec<_> = self.versions.iter().map(Row::columns).collect();
        aligned(&["VERSION", "", "APPLIED", "BY", "DIGEST"], &rows)
    }
}

/// The part of an ARN by which people know its holder: `user/olivia`, or `assumed-role/Admin/olivia`.
pub(crate) fn who(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// The beginning of a digest.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..DIGEST_SHOWN).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, to_string_pretty};

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
        let active_version = WorkflowVersion(9);
        let listed = Listed {
            workflow: "a".parse().unwrap(),
            active_version,
            versions: versions.map(|version| Row::new(version, active_version)).into(),
        };
        insta::assert_snapshot!(listed.text(Screen::plain()), @"
        VERSION          APPLIED               BY                                     DIGEST
        v10              2026-11-22T10:00:00Z  assumed-role/Admin/olivia@example.com  75cf5cxmfcxp
        v9       active  2026-11-22T10:00:00Z  user/olivia                            75cf5cxmfcxp
        v8               2026-11-22T10:00:00Z  -                                      75cf5cxmfcxp
        ");
    }

    #[test]
    fn programs_get_all_of_it() {
        let version = version(9, Some("arn:aws:iam::123456789012:root"), "75cf5cxmfcxp");
        insta::assert_snapshot!(to_string_pretty(&json!(Row::new(version, WorkflowVersion(9)))).unwrap(), @r#"
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

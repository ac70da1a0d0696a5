//! What the runbook promises: somebody who is woken by an alarm finds what it means and what to do.

use std::collections::BTreeSet;

use crate::files::{fields, read, template};

/// The headings of the runbook, each with what stands below it.
fn sections() -> Vec<(String, String)> {
    let runbook = read("docs/runbook.md");
    let sections = runbook.split("\n## ").skip(1);
    sections
        .map(|section| section.split_once('\n').unwrap())
        .map(|(heading, text)| (heading.to_owned(), text.to_owned()))
        .collect()
}

#[test]
fn every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm() {
    let template = template();
    let resources = fields(&template, "/Resources").iter();
    let alarms = resources.filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm");
    let alarms: BTreeSet<String> = alarms.map(|(name, _)| name.clone()).collect();

    let headings: Vec<String> = sections().into_iter().map(|(heading, _)| heading).collect();

    assert_eq!(headings.iter().cloned().collect::<BTreeSet<_>>(), alarms);
    assert_eq!(headings.len(), alarms.len(), "a section stands twice");
}

#[test]
fn every_section_says_what_the_alarm_means_and_what_to_do() {
    for (heading, text) in sections() {
        assert!(text.starts_with("\n**What it means.** "), "{heading}");
        let looks = text.contains("**How to look.**");
        let does = text.contains("**What to do") || text.contains("what to do |") || text.contains("**When ");
        assert!(does || looks, "{heading}");
    }
}

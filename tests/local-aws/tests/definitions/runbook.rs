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

#[test]
fn every_link_within_the_runbook_leads_somewhere() {
    let runbook = read("docs/runbook.md");
    let anchors: BTreeSet<String> = sections().iter().map(|(heading, _)| heading.to_lowercase()).collect();
    for link in runbook.split("](#").skip(1) {
        let (anchor, _) = link.split_once(')').unwrap();
        assert!(anchors.contains(anchor), "#{anchor}");
    }
    for file in runbook.split("](").skip(1).filter_map(|link| link.split_once(')')) {
        let (link, _) = file;
        if !link.starts_with(['#', 'h']) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let text = read(&format!("docs/{file}"));
            let mut headings = text.lines().filter_map(|line| line.strip_prefix('#'));
            let leads_to =
                |heading: &str| heading.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-") == anchor;
            assert!(anchor.is_empty() || headings.any(leads_to), "{link}");
        }
    }
}

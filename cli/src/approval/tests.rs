//! The texts of the commands about approvals.

use super::*;
use workflow::{
    approval::{Choice, Question, Via},
    ids::{LanePath, Section, StepPath},
};

fn view(state: ApprovalState) -> ApprovalView {
    let form = r#"{"reason": {"type": "text", "description": "why now"}, "count": {"type": "integer", "default": 3}}"#;
    let run = "75cf5cxmfcxpzwqogtsktnhx573js73b".parse().unwrap();
    let step = StepPath::top(Section::Steps, 1);
    ApprovalView {
        id: ApprovalId::of(&run, &LanePath::main(), &step),
        run,
        workflow: "restart-after-approval".parse().unwrap(),
        lane: LanePath::main(),
        step,
        asked_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        question: Question {
            message: "Restart checkout\u{1b}[31m?".to_owned(),
            choices: ["restart it", "leave"]
                .map(|text| Choice::try_from(text.to_owned()).unwrap())
                .into(),
            form: serde_json::from_str(form).unwrap(),
            approvers: vec![
                "arn:aws:iam::123456789012:role/oncall".to_owned().try_into().unwrap(),
                Approver::Link,
            ],
            not_by: Some("arn:aws:sts::123456789012:assumed-role/oncall/anna".to_owned()),
            until: "2026-11-22T10:30:00Z".parse().unwrap(),
        },
        state,
    }
}

fn decision() -> Decision {
    Decision {
        choice: Choice::try_from("leave".to_owned()).unwrap(),
        by: "arn:aws:sts::123456789012:assumed-role/oncall/bob".to_owned(),
        via: Via::Command,
        at: "2026-11-22T10:07:00Z".parse().unwrap(),
        form: serde_json::Map::new(),
    }
}

#[test]
fn an_open_approval_says_what_is_asked_and_how_to_decide() {
    insta::assert_snapshot!(Shown(view(ApprovalState::Open)).text(Screen::plain()));
}

#[test]
fn a_list_has_a_line_for_each_approval_that_waits() {
    let approvals = vec![view(ApprovalState::Open)];
    insta::assert_snapshot!(Listed { approvals }.text(Screen::plain()));
    let none = Listed { approvals: Vec::new() };
    assert_eq!(none.text(Screen::plain()), "No approval waits for a decision.");
}

#[test]
fn an_approval_that_is_over_says_how_it_came_to_that() {
    let states = [
        ApprovalState::Decided { decision: decision() },
        ApprovalState::Closed {
            reason: Closed::TimedOut,
        },
        ApprovalState::Closed {
            reason: Closed::Cancelled,
        },
        ApprovalState::Closed { reason: Closed::Failed },
        ApprovalState::RunOver {
            status: platform::table::RunStatus::Failed,
        },
    ];
    let last = states.map(|state| {
        Shown(view(state))
            .text(Screen::plain())
            .lines()
            .last()
            .unwrap()
            .to_owned()
    });
    insta::assert_snapshot!(last.join("\n"));
}

#[test]
fn programs_get_the_question_and_its_state() {
    let json = serde_json::to_value(Shown(view(ApprovalState::Decided { decision: decision() }))).unwrap();
    assert_eq!(json["state"], "decided");
    assert_eq!(json["decision"]["choice"], "leave");
    assert_eq!(json["choices"], serde_json::json!(["restart it", "leave"]));
}

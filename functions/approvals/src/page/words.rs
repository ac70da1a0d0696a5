//! Times, people and values in words.

use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;
use workflow::{
    approval::{Approver, Choice, Decision, Question, Via},
    characters::steers,
    ids::ApprovalId,
};

/// A text without what steers how it is shown, but for line breaks and tabs.
pub(super) fn visible(text: &str) -> String {
    let kept = text.chars().filter(|c| *c != '\r');
    kept.map(|c| match steers(c) && !matches!(c, '\n' | '\t') {
        true => '\u{fffd}',
        false => c,
    })
    .collect()
}

/// A time such as `Sunday 22 November 2026, 10:00 UTC`.
pub(super) fn day_and_time(time: Timestamp) -> String {
    time.strftime("%A %-d %B %Y, %H:%M UTC").to_string()
}

/// The time that is left, such as `1 h 5 min`.
pub(super) fn left(until: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = until.duration_since(now).as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        _ if seconds <= 0 => None,
        (0, 0, 0) => Some("less than a minute".to_owned()),
        (0, 0, minutes) => Some(format!("{minutes} min")),
        (0, hours, 0) => Some(format!("{hours} h")),
        (0, hours, minutes) => Some(format!("{hours} h {minutes} min")),
        (1, 0, _) => Some("1 day".to_owned()),
        (days, 0, _) => Some(format!("{days} days")),
        (1, hours, _) => Some(format!("1 day {hours} h")),
        (days, hours, _) => Some(format!("{days} days {hours} h")),
    }
}

/// A value of a form.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        Value::Null => String::new(),
        other => visible(&other.to_string()),
    }
}

/// The person who decided. A name that was typed is what it is.
pub(super) fn by(decision: &Decision) -> Markup {
    html! {
        @match decision.via {
            Via::Link => { bdi { (visible(&decision.by)) } ", as typed on this page" }
            Via::Command => { code { (visible(&decision.by)) } ", by the command" }
            Via::Slack => { code { (visible(&decision.by)) } ", by a button in Slack" }
        }
    }
}

pub(super) fn who_may_decide(question: &Question) -> Markup {
    html! {
        @if question.approvers.is_empty() && question.not_by.is_none() {
            "Everyone who has this link or a button in Slack, or the rights to decide by the command"
        } @else if question.approvers.is_empty() {
            "Everyone who has the rights to decide by the command"
        } @else {
            @for (position, approver) in question.approvers.iter().enumerate() {
                @if position > 0 { br; }
                @match approver {
                    Approver::Link => "Everyone who has this link",
                    Approver::Arn(pattern) => code { (visible(pattern)) },
                    Approver::Slack(user) => { "The user " code { (user) } " of Slack, by a button there" }
                }
            }
        }
        @if let Some(starter) = &question.not_by {
            br;
            "but not " code { (visible(starter)) } ", who started the run"
        }
    }
}

/// The command that decides.
pub(super) fn command(approval: &ApprovalId, choice: &Choice) -> String {
    let choice = visible(choice.as_str());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let word = match choice.chars().all(is_plain) && !choice.starts_with('-') {
        true => choice,
        false => format!("'{}'", choice.replace('\'', r"'\''")),
    };
    format!("pagerflow approval decide {approval} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2026-11-22T10:00:59Z", Some("less than a minute"))]
    #[case("2026-11-22T10:30:00Z", Some("30 min"))]
    #[case("2026-11-22T12:00:00Z", Some("2 h"))]
    #[case("2026-11-22T11:05:00Z", Some("1 h 5 min"))]
    #[case("2026-11-23T10:00:00Z", Some("1 day"))]
    #[case("2026-11-24T13:00:00Z", Some("2 days 3 h"))]
    #[case("2026-11-22T10:00:00Z", None)]
    #[case("2026-11-22T09:00:00Z", None)]
    fn the_time_that_is_left_is_said_in_two_units_at_most(#[case] until: &str, #[case] words: Option<&str>) {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        assert_eq!(left(until.parse().unwrap(), now).as_deref(), words);
    }

    #[test]
    fn marks_that_turn_a_text_are_seen_and_lines_stay() {
        assert_eq!(visible("a\r\n\tb\u{202e}c\u{7}"), "a\n\tb\u{fffd}c\u{fffd}");
    }

    #[rstest]
    #[case("restart", "restart")]
    #[case("leave it", "'leave it'")]
    #[case("it's $HOME", r"'it'\''s $HOME'")]
    #[case("-f", "'-f'")]
    fn a_choice_is_one_word_to_the_shell(#[case] choice: &str, #[case] word: &str) {
        let id: ApprovalId = "a".repeat(32).parse().unwrap();
        let command = command(&id, &Choice::try_from(choice.to_owned()).unwrap());
        assert_eq!(command, format!("pagerflow approval decide {id} {word}"));
    }
}

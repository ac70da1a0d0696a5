//! The pages: plain HTML that works without a script, on a phone and in a text browser.
//!
//! All texts are escaped, and marks that turn the direction of a text are replaced: a message can quote an event.

mod fields;
mod words;

use crate::{
    error::Error,
    form::{CHOICE, NAME, Typed},
    handler::{Shown, Standing},
};
use data_encoding::BASE64;
use fields::fields;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use words::{by, command, day_and_time, left, visible, who_may_decide};
use workflow::approval::{Decision, Question};

/// The one style of all pages.
const STYLE: &str = include_str!("page/style.css");

/// The most characters of a name that are kept.
const NAME_CHARACTERS: &str = "200";

/// The style as a `Content-Security-Policy` names it.
pub(crate) fn style_source() -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(STYLE)))
}

/// The page of an approval.
pub(crate) fn approval(shown: &Shown) -> Markup {
    let question = &shown.approval.question;
    let message = html! { p.message dir="auto" { (visible(&question.message)) } };
    match shown.standing() {
        Standing::Open => open(shown, &[], &Typed::default()),
        Standing::OpenToOthers => not_by_link(shown),
        Standing::Decided(decision) => document(
            &format!("Decided: {}", decision.choice),
            &html! { (message) (decided(decision)) (about(shown)) },
        ),
        Standing::TimedOut => document(
            "The time for a decision is over",
            &html! {
                (message)
                p { "There was no decision until " (time(question.until)) ". The run goes on without one, as its workflow says." }
                (about(shown))
            },
        ),
        Standing::Over(reason) => document(
            "No decision is needed any more",
            &html! { (message) p { (reason) " Nothing was decided." } (about(shown)) },
        ),
    }
}

/// The page with the form: empty, or with what was typed and what is wrong with it.
pub(crate) fn open(shown: &Shown, problems: &[String], typed: &Typed) -> Markup {
    let question = &shown.approval.question;
    let title = match problems.is_empty() {
        true => "Your decision is needed",
        false => "Not decided yet",
    };
    document(
        title,
        &html! {
            @if !problems.is_empty() {
                div.problems role="alert" {
                    h2 { "Please put this right" }
                    ul { @for problem in problems { li { (visible(problem)) } } }
                }
            }
            p.message dir="auto" { (visible(&question.message)) }
            (time_left(shown))
            // A form of another site cannot send this: it would need the link, which is all that a decision takes. So there is no token
            // besides. It is sent to the address of the page, which stands nowhere in the page.
            form method="post" {
                // The button that the Enter key stands for is the first one. Without this it would be a choice.
                button type="submit" disabled hidden {}
                (fields(question, typed))
                div.field {
                    label for="name" { "Your name" }
                    p.hint id="name-hint" { "Kept with the decision." }
                    input id="name" name=(NAME) value=(typed.name) required autocomplete="name" maxlength=(NAME_CHARACTERS)
                        aria-describedby="name-hint";
                }
                h2 id="choices" { "Your decision" }
                div role="group" aria-labelledby="choices" {
                    @for choice in &question.choices {
                        button type="submit" name=(CHOICE) value=(choice) { bdi { (visible(choice.as_str())) } }
                    }
                }
            }
            (about(shown))
        },
    )
}

/// The page of an approval that takes more than a link.
pub(crate) fn not_by_link(shown: &Shown) -> Markup {
    let approval = &shown.approval;
    let message = html! { p.message dir="auto" { (visible(&approval.question.message)) } };
    if !approval.question.takes_commands() {
        return document(
            "A decision is needed, by a button in Slack",
            &html! {
                (message)
                (time_left(shown))
                p { "This link is not enough to decide, because it does not say who you are. Press a button of the message in Slack." }
                (about(shown))
            },
        );
    }
    let commands: Vec<String> = approval
        .question
        .choices
        .iter()
        .map(|choice| command(&approval.id, choice))
        .collect();
    document(
        "A decision is needed, by a command",
        &html! {
            (message)
            (time_left(shown))
            p {
                "This link is not enough to decide, because it does not say who you are. Decide with one of these commands, and with AWS \
                 credentials of a person who may decide:"
            }
            pre { code { (commands.join("\n")) } }
            (about(shown))
        },
    )
}

/// The page of a request by which nothing is shown.
pub(crate) fn error(error: &Error) -> Markup {
    let (title, text) = match error {
        Error::NoSuchLink => (
            "This link leads to no approval",
            "It may be incomplete, or the approval is no longer kept. Open the link again from the message that it came with.",
        ),
        Error::Method => (
            "Not understood",
            "This address shows a page, and takes the form of that page.",
        ),
        Error::CrossSite => (
            "Nothing was decided",
            "The form came from a page of another site. Open the link from the message that it came with, and decide there.",
        ),
        Error::TooLarge => (
            "Nothing was decided",
            "The form holds more than 64 KiB. Go back, where most browsers still have what you typed, and shorten it.",
        ),
        Error::NotAForm => (
            "Nothing was decided",
            "What was sent is not the form of the page. Open the link, and decide there.",
        ),
        Error::Secret(_) | Error::Read(_) => (
            "Not available right now",
            "Nothing was decided. Please try again in a few seconds.",
        ),
        Error::Write(_) => (
            "Your decision may not have been recorded",
            "Open the link again in a few seconds. It shows the decision, or asks for it once more.",
        ),
    };
    document(title, &html! { p { (text) } })
}

fn decided(decision: &Decision) -> Markup {
    html! {
        dl {
            dt { "Decision" } dd { strong { bdi { (visible(decision.choice.as_str())) } } }
            dt { "By" } dd { (by(decision)) }
            dt { "When" } dd { (time(decision.at)) }
            @for (name, value) in &decision.form {
                dt { code { (name) } }
                dd dir="auto" { (words::value(value)) }
            }
        }
        p { "The run goes on. There is nothing more to do here." }
    }
}

/// The part of a page with the workflow, the run and the times of an approval.
fn about(shown: &Shown) -> Markup {
    let approval = &shown.approval;
    let question: &Question = &approval.question;
    html! {
        h2 { "About this approval" }
        dl {
            dt { "Decide until" }
            dd { (time(question.until)) }
            dt { "Who may decide" } dd { (who_may_decide(question)) }
            dt { "Workflow" } dd { code { (approval.workflow) } }
            dt { "Run" } dd { code { (approval.run) } }
            dt { "Asked" } dd { (time(approval.asked_at)) }
        }
    }
}

/// How long a decision is waited for. Of the time at which the page was made, because no script counts it down.
fn time_left(shown: &Shown) -> Markup {
    html! {
        @if let Some(left) = left(shown.approval.question.until, shown.now) {
            p { strong { (left) } " left to decide when this page was loaded." }
        }
    }
}

fn time(time: Timestamp) -> Markup {
    html! { time datetime=(time) { (day_and_time(time)) } }
}

fn document(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (visible(title)) " – Pagerflow" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (visible(title)) }
                    (content)
                }
            }
        }
    }
}

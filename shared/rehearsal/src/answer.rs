//! Answers to approvals.

use crate::intervention::{InvalidIntervention, parts};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use workflow::{
    approval::{Answer as Given, Approver, Decider, Question},
    definition::{Definition, Input, InputKind, Length, Step},
    ids::{InputName, LanePath, StepPath},
    step_name::{StepName, StepPlace, UnknownName},
    steps::{ApprovalStep, StepKind},
};

/// An answer to an approval. Where its name gives no item of a `for_each` around it, it is the answer for all of them that have none of
/// their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    step: StepName,
    /// The choice, and perhaps the time after which it is made. A choice can have an `@` in it, so only the approval tells them apart.
    said: String,
}

/// An answer to one approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) choice: String,
    /// The time between the question and the answer.
    pub(crate) after: SignedDuration,
}

impl Answer {
    /// Reads `STEP=CHOICE`, or `STEP=CHOICE@AFTER` for an answer some time after the question.
    ///
    /// # Errors
    /// The text has another form.
    pub fn read(text: &str) -> Result<Self, InvalidIntervention> {
        let (step, said) = parts(text, "STEP=CHOICE or STEP=CHOICE@AFTER, such as ok=approve@5m")?;
        Ok(Self {
            step,
            said: said.to_owned(),
        })
    }

    /// Checks that one of the definitions has the step, and that it is an approval that takes the answer.
    ///
    /// # Errors
    /// None has it, or it is another kind of step, or it does not take the answer.
    pub fn check<'a>(
        &self,
        definitions: impl Iterator<Item = &'a Definition> + Clone,
    ) -> Result<(), InvalidIntervention> {
        let mut other = None;
        let mut unknown = Vec::new();
        let mut problem = None;
        for definition in definitions.clone() {
            match self.place(definition) {
                Err(error) => unknown.push(error),
                Ok((_, step)) => match step.and_then(approval).map(|approval| self.planned(approval)) {
                    Some(Ok(_)) => return Ok(()),
                    Some(Err(error)) => problem = problem.or(Some(error)),
                    None => other = other.or(step.map(Step::title)),
                },
            }
        }
        if let Some(problem) = problem {
            return Err(problem);
        }
        let known = approvals_in_words(definitions);
        if let Some(title) = other {
            return Err(InvalidIntervention(format!(
                "`{}` ({title}) is not an approval, so it takes no answer; {known}",
                self.step
            )));
        }
        let is_near = |error: &UnknownName| matches!(error, UnknownName::NoStep { near, .. } if !near.is_empty());
        let nearest = unknown.iter().find(|error| is_near(error));
        let error = nearest.or(unknown.first()).map(ToString::to_string);
        Err(InvalidIntervention(format!("{}; {known}", error.unwrap_or_default())))
    }

    /// Checks that no two answers are for the same step.
    pub(crate) fn check_all<'a>(
        answers: &[Self],
        definitions: &(impl Iterator<Item = &'a Definition> + Clone),
    ) -> Result<(), InvalidIntervention> {
        for (index, answer) in answers.iter().enumerate() {
            answer.check(definitions.clone())?;
            let is_same = |before: &&Self| {
                definitions.clone().any(|definition| {
                    let places = (definition.find_step(&before.step), definition.find_step(&answer.step));
                    matches!(places, (Ok(before), Ok(after)) if before == after)
                })
            };
            if answers.iter().take(index).any(|before| is_same(&before)) {
                return Err(InvalidIntervention(format!(
                    "two answers for `{}`; an approval is decided once, so give one of them",
                    answer.step
                )));
            }
        }
        Ok(())
    }

    /// The answer for an approval of a lane. One for its item comes before one for all items.
    pub(crate) fn find(answers: &[Self], definition: &Definition, lane: &LanePath, path: &StepPath) -> Option<Planned> {
        let about = answers.iter().filter_map(|answer| {
            let (place, step) = answer.place(definition).ok()?;
            let is_about = place.path == *path && place.lane.as_ref().is_none_or(|wanted| wanted == lane);
            let planned = answer.planned(step.and_then(approval)?).ok();
            planned.filter(|_| is_about).map(|planned| (place.lane, planned))
        });
        let nearest = about.max_by_key(|(lane, _)| lane.is_some());
        nearest.map(|(_, planned)| planned)
    }

    fn place<'a>(&self, definition: &'a Definition) -> Result<(StepPlace, Option<&'a Step>), UnknownName> {
        let place = definition.find_step(&self.step)?;
        let step = definition.step(&place.path);
        Ok((place, step))
    }

    fn planned(&self, approval: &ApprovalStep) -> Result<Planned, InvalidIntervention> {
        let is_choice = |text: &str| approval.choices.iter().any(|choice| choice.as_str() == text);
        let invalid = |problem: String| InvalidIntervention(format!("answer for `{}`: {problem}", self.step));
        let (choice, after) = match self.said.rsplit_once('@') {
            Some((choice, after)) if !is_choice(&self.said) => (choice, Some(after)),
            _ => (self.said.as_str(), None),
        };
        if !is_choice(choice) {
            let choices: Vec<String> = approval.choices.iter().map(|choice| format!("`{choice}`")).collect();
            return Err(invalid(format!(
                "unknown choice `{choice}`; the choices are {}",
                choices.join(", ")
            )));
        }
        let after = after.map(Length::parse).transpose().map_err(invalid)?;
        if let Some(after) = after.filter(|after| *after >= approval.timeout) {
            return Err(invalid(format!(
                "{after} is too late, because the approval waits for {}; give less, or leave the answer out to play the time-out",
                approval.timeout
            )));
        }
        Ok(Planned {
            choice: choice.to_owned(),
            after: after.map_or(SignedDuration::ZERO, Length::duration),
        })
    }
}

impl Planned {
    /// The answer as a person gives it. Fields of the form without a default have a made-up value.
    pub(crate) fn given(&self, question: &Question, now: Timestamp) -> Given {
        let fields = made_up(&question.form);
        let fields = fields.map(|(name, field)| (name.to_string(), made_up_value(field.kind, now)));
        Given {
            choice: self.choice.clone(),
            form: fields.collect(),
        }
    }
}

/// The fields of a form that get a made-up value.
fn made_up(form: &BTreeMap<InputName, Input>) -> impl Iterator<Item = (&InputName, &Input)> {
    form.iter().filter(|(_, field)| field.default.is_none())
}

fn made_up_value(kind: InputKind, now: Timestamp) -> String {
    match kind {
        InputKind::Text => "made up".to_owned(),
        InputKind::Integer | InputKind::Number => "0".to_owned(),
        InputKind::Boolean => "false".to_owned(),
        InputKind::Time => now.to_string(),
        InputKind::Duration => "1m".to_owned(),
        // A form has neither.
        InputKind::List => "[]".to_owned(),
        InputKind::Map => "{}".to_owned(),
    }
}

/// A person who may decide: one with the link, or the first approver if the approval does not take links.
pub(crate) fn decider(question: &Question) -> Decider {
    let name = "dry run";
    let approver = question.approvers.iter().find_map(|approver| match approver {
        Approver::Arn(pattern) => Some(Decider::Arn(pattern.replace('*', "dry-run"))),
        Approver::Slack(user) if question.not_by.is_none() => Some(Decider::Slack {
            user: user.clone(),
            name: name.to_owned(),
        }),
        Approver::Slack(_) | Approver::Link => None,
    });
    match approver {
        _ if question.takes_links() => Decider::Link { name: name.to_owned() },
        Some(approver) => approver,
        None => Decider::Arn(name.to_owned()),
    }
}

fn approval(step: &Step) -> Option<&ApprovalStep> {
    match &step.kind {
        StepKind::Approval(approval) => Some(approval),
        _ => None,
    }
}

fn approvals_in_words<'a>(definitions: impl Iterator<Item = &'a Definition>) -> String {
    let names = definitions.flat_map(|definition| {
        let steps = definition.walk().filter(|(_, step)| approval(step).is_some());
        steps.map(|(path, _)| format!("`{}`", definition.step_name_in_any_lane(&path)))
    });
    let names: Vec<String> = names.collect();
    match names.as_slice() {
        [] => "there is no approval".to_owned(),
        [only] => format!("the only approval is {only}"),
        all => format!("the approvals are {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;
    use rstest::rstest;

    const SOURCE: &str = "name: w
steps:
  - id: ok
    approval:
      message: Restart?
      choices: [restart, leave, ask @oncall]
      timeout: 30m
  - wait: 1s
  - steps:
      - approval: { message: More?, timeout: 10m }
";

    fn checked(answers: &[&str]) -> Result<(), String> {
        let definition = Definition::from_source(SOURCE, catalog()).unwrap();
        let answers: Result<Vec<Answer>, _> = answers.iter().map(|text| Answer::read(text)).collect();
        let checked = answers.and_then(|answers| Answer::check_all(&answers, &[&definition].into_iter()));
        checked.map_err(|error| error.to_string())
    }

    #[rstest]
    #[case::at_once("ok=restart", "restart", 0)]
    #[case::later("ok=restart@5m", "restart", 300)]
    #[case::by_its_place("1=leave@1h", "", 0)]
    #[case::a_choice_with_an_at("ok=ask @oncall", "ask @oncall", 0)]
    #[case::a_choice_with_an_at_later("ok=ask @oncall@1m", "ask @oncall", 60)]
    fn an_answer_is_a_choice_and_a_time(#[case] text: &str, #[case] choice: &str, #[case] after: i64) {
        let definition = Definition::from_source(SOURCE, catalog()).unwrap();
        let (place, _) = Answer::read("ok=leave").unwrap().place(&definition).unwrap();
        let found = Answer::find(
            &[Answer::read(text).unwrap()],
            &definition,
            &LanePath::main(),
            &place.path,
        );
        let wanted = (!choice.is_empty()).then(|| Planned {
            choice: choice.to_owned(),
            after: SignedDuration::from_secs(after),
        });
        assert_eq!(found, wanted);
    }

    #[rstest]
    #[case::no_equals_sign(&["ok"], "is not in the form STEP=CHOICE or STEP=CHOICE@AFTER")]
    #[case::no_step(&["okk=leave"], "there is no step `okk`, did you mean `ok`?; the workflow has ok, 2, 3; the approvals are `ok`, `3/steps/1`")]
    #[case::no_approval(&["2=leave"], "`2` (wait 1s) is not an approval, so it takes no answer; the approvals are `ok`, `3/steps/1`")]
    #[case::no_choice(&["ok=approve"], "unknown choice `approve`; the choices are `restart`, `leave`, `ask @oncall`")]
    #[case::no_length(&["ok=leave@soon"], "answer for `ok`: \"soon\" is not a length of time")]
    #[case::at_the_time_out(&["ok=leave@30m"], "30m is too late, because the approval waits for 30m")]
    #[case::after_the_time_out(&["3/steps/1=deny@11m"], "11m is too late, because the approval waits for 10m")]
    #[case::two_for_one_step(&["ok=leave", "1=restart@5m"], "two answers for `1`")]
    fn what_is_no_answer_is_refused(#[case] answers: &[&str], #[case] words: &str) {
        let error = checked(answers).unwrap_err();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn answers_for_different_steps_are_taken() {
        assert_eq!(checked(&["ok=leave", "3/steps/1=deny@9m"]), Ok(()));
    }

    #[rstest]
    #[case::all(&[], "dry run")]
    #[case::link(&["arn:aws:iam::123456789012:role/oncall", "link"], "dry run")]
    #[case::user_of_slack(&["slack:U0123456789", "arn:aws:iam::*:role/oncall"], "slack:U0123456789 (dry run)")]
    #[case::arn(&["arn:aws:iam::*:role/oncall-*"], "arn:aws:iam::dry-run:role/oncall-dry-run")]
    fn the_decider_is_one_of_the_approvers(#[case] approvers: &[&str], #[case] name: &str) {
        let approvers = approvers
            .iter()
            .map(|text| Approver::try_from((*text).to_owned()).unwrap());
        let question = Question {
            message: "Restart?".to_owned(),
            choices: workflow::approval::Choice::usual(),
            form: BTreeMap::new(),
            approvers: approvers.collect(),
            not_by: None,
            until: Timestamp::MAX,
        };
        let decider = decider(&question);
        assert_eq!(decider.name(), name);
        let approve = Planned {
            choice: "approve".to_owned(),
            after: SignedDuration::ZERO,
        };
        let now = Timestamp::UNIX_EPOCH;
        assert!(question.decide(&approve.given(&question, now), &decider, now).is_ok());
    }
}

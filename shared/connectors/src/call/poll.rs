//! Looking at what a request has started.

use super::{Answered, Attempt, Draft, Outputs, Performed, effect, hide::Hidden, inputs, render};
use crate::{
    connector::{Action, Poll, Stage},
    error::{Error, LONGEST_TEXT},
};
use provider::{shown::shown, verdict};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use workflow::template::{Context, Expression, TemplateError};

/// The thing to look for, as it goes back to the run and comes again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Look {
    /// The number of the look that is made, counted from 0: others may follow when it finds an end.
    stage: usize,
    /// Its inputs.
    with: Map<String, Value>,
}

impl Attempt<'_> {
    /// Sends the request that starts something, and tells what to look for.
    pub(super) async fn start(&self, poll: &Poll, inputs: &Map<String, Value>) -> Result<Performed, Error> {
        let draft = Draft::of(self, self.call.action, inputs)?;
        let answered = self.ask(self.call.action, draft).await?;
        let context = self.context_of(&answered, None, inputs);
        let unclear = |problem: &str| {
            let nothing = Hidden::default();
            self.exchange(&nothing, effect(self.call.action)).unreadable(problem)
        };
        let stage = poll
            .stages
            .first()
            .ok_or_else(|| unclear("there is nothing to look with"))?;
        self.not_yet(stage, 0, &context).map_err(|problem| unclear(&problem))
    }

    /// Looks at what an earlier call has started.
    pub(super) async fn look_at_job(
        &self,
        poll: &Poll,
        look: &Value,
        inputs: &Map<String, Value>,
    ) -> Result<Performed, Error> {
        let wrong = |problem: &str| self.subject.input(format!("`look` {problem}"));
        let Look { stage: number, with } =
            Look::deserialize(look).map_err(|_| wrong("is not what this action looks for"))?;
        let stage = poll
            .stages
            .get(number)
            .ok_or_else(|| wrong("is of another version of the connector"))?;
        let action = self.call.connector.action(&stage.action);
        let action = action.ok_or_else(|| wrong("is looked at by an action that is not there"))?;
        let answered = self.answer_of(action, &with).await?;
        let context = self.context_of_look(&answered, &with, inputs);
        let nothing = Hidden::default();
        let exchange = self.exchange(&nothing, verdict::Effect::Read);
        let holds = |condition: &Expression| holds(condition, &context).map_err(|error| exchange.unreadable(error));
        if let Some(failed) = &stage.failed
            && holds(failed)?
        {
            return Err(self.job_failed(stage, &context));
        }
        if !holds(&stage.done)? {
            return Ok(Performed::NotYet {
                look: look.clone(),
                after_seconds: stage.every_seconds,
            });
        }
        let next = number.saturating_add(1);
        if let Some(stage) = poll.stages.get(next) {
            let next = self.not_yet(stage, next, &context);
            return next.map_err(|problem| exchange.unreadable(problem));
        }
        let outputs = self.outputs_by(self.call.action, &context);
        let outputs = outputs.map_err(|error| exchange.unreadable(error))?;
        let outputs = outputs.checked(&self.call.action.spec.outputs);
        outputs
            .map(Performed::Done)
            .map_err(|problem| exchange.unreadable(problem))
    }

    async fn answer_of(&self, action: &Action, with: &Map<String, Value>) -> Result<Answered, Error> {
        let inputs = inputs(action, with).map_err(|problem| self.subject.input(format!("the look: {problem}")))?;
        let draft = Draft::of(self, action, &inputs)?;
        self.ask(action, draft).await
    }

    /// The look of a stage, with its inputs by an answer.
    fn not_yet(&self, stage: &Stage, number: usize, context: &Context) -> Result<Performed, String> {
        let with = render::body(&stage.with, context).map_err(|error| error.to_string())?;
        let Some(Value::Object(with)) = with else {
            return Err("`poll.with` is not a map".to_owned());
        };
        // What is looked for is in the answer, or it is not known what was started.
        if let Some(action) = self.call.connector.action(&stage.action) {
            inputs(action, &with).map_err(|problem| format!("it does not say what to look for: {problem}"))?;
        }
        let look = serde_json::to_value(Look { stage: number, with }).map_err(|error| error.to_string())?;
        Ok(Performed::NotYet {
            look,
            after_seconds: stage.every_seconds,
        })
    }

    fn context_of_look(&self, answered: &Answered, with: &Map<String, Value>, inputs: &Map<String, Value>) -> Context {
        let mut seen = self.seen_with(answered, inputs);
        seen.push(("look", Value::Object(with.clone())));
        Context::of_values(seen, self.call.now)
    }

    fn job_failed(&self, stage: &Stage, context: &Context) -> Error {
        let message = stage.message.as_ref().and_then(|message| {
            let text = render::text("message", message, context).ok()??;
            Some(shown(&text, LONGEST_TEXT)).filter(|text| !text.is_empty())
        });
        Error::JobFailed {
            subject: Box::new(self.subject.clone()),
            message,
        }
    }

    /// The outputs of an action, as its templates give them.
    pub(super) fn outputs_by(&self, action: &Action, context: &Context) -> Result<Outputs, TemplateError> {
        let mut outputs = Map::new();
        for output in &action.outputs {
            outputs.insert(output.name.clone(), output.from.evaluate(context)?);
        }
        Ok(Outputs(outputs))
    }
}

/// True if a condition holds. What is not there does not.
fn holds(condition: &Expression, context: &Context) -> Result<bool, String> {
    match condition.evaluate(context) {
        Ok(Value::Bool(holds)) => Ok(holds),
        Ok(Value::Null) => Ok(false),
        Ok(_) => Err("a condition of the connector's `poll` is neither true nor false".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

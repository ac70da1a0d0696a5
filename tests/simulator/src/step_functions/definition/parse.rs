//! Reads states.

use super::{
    Call, Catcher, Choice, Definition, Handlers, Machine, Map, Pass, Problem, State, Task, Text, Timeout, Unsupported,
    Wait,
    fields::{self, Fields},
    flow, rules,
};
use crate::step_functions::{
    failure::ALL,
    limits::{
        MAP_ITERATIONS, NAME_CHARACTERS, RETRY_ATTEMPTS, RETRY_INTERVAL_SECONDS, RETRY_MAX_DELAY_SECONDS,
        TIMEOUT_SECONDS,
    },
    retry::Retrier,
    template::Template,
};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

const LAMBDA: &str = "arn:aws:states:::lambda:invoke";
const CHILD: &str = "arn:aws:states:::states:startExecution.sync:2";

const AWAIT: &str = "arn:aws:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken";

/// The names of all states, which are unique in the whole definition.
type Names = BTreeSet<String>;

pub(super) fn definition(value: &Value) -> Result<Definition, Unsupported> {
    let mut fields = Fields::of("the definition", value)?;
    let machine = machine(&mut fields, &mut Names::new())?;
    fields.finish()?;
    Ok(Definition { machine })
}

fn machine(fields: &mut Fields<'_>, names: &mut Names) -> Result<Machine, Unsupported> {
    let start_at = fields.text("StartAt")?.to_owned();
    let place = fields.place("States");
    let states = fields
        .required("States")?
        .as_object()
        .ok_or_else(|| fields::not_a(place.clone(), "an object"))?
        .iter()
        .map(|(name, value)| {
            if !(1..=NAME_CHARACTERS).contains(&name.chars().count()) {
                return Err(fields::not_a(
                    name.clone(),
                    format!("a name of 1 to {NAME_CHARACTERS} characters"),
                ));
            }
            if !names.insert(name.clone()) {
                return Err(Unsupported {
                    place: place.clone(),
                    problem: Problem::Twice(name.clone()),
                });
            }
            Ok((name.clone(), state(name, value, names)?))
        })
        .collect::<Result<_, Unsupported>>()?;
    let machine = Machine { start_at, states };
    flow::check(&place, &machine)?;
    Ok(machine)
}

fn state(name: &str, value: &Value, names: &mut Names) -> Result<State, Unsupported> {
    let mut fields = Fields::of(name, value)?;
    let state = match fields.text("Type")? {
        "Task" => State::Task(Box::new(task(&mut fields)?)),
        "Choice" => State::Choice(choice(&mut fields)?),
        "Wait" => State::Wait(wait(&mut fields)?),
        "Map" => State::Map(Box::new(map(&mut fields, names)?)),
        "Pass" => State::Pass(pass(&mut fields)?),
        "Succeed" => State::Succeed {
            output: fields.path("OutputPath")?,
        },
        "Fail" => State::Fail {
            error: failure_text(&mut fields, "Error", "ErrorPath")?,
            cause: failure_text(&mut fields, "Cause", "CausePath")?,
        },
        _ => {
            return Err(fields::not_a(
                fields.place("Type"),
                "Task, Choice, Wait, Map, Pass, Succeed or Fail",
            ));
        }
    };
    fields.finish()?;
    Ok(state)
}

fn task(fields: &mut Fields<'_>) -> Result<Task, Unsupported> {
    Ok(Task {
        call: call(fields)?,
        timeout: timeout(fields)?,
        result_selector: fields.template("ResultSelector")?,
        result_place: fields.result_place()?,
        handlers: handlers(fields)?,
        next: fields.transition()?,
    })
}

fn call(fields: &mut Fields<'_>) -> Result<Call, Unsupported> {
    let resource = fields.text("Resource")?;
    if resource == AWAIT {
        return match fields.template("Parameters")? {
            Some(parameters) => Ok(Call::Await { parameters }),
            None => fields.problem(Problem::Missing {
                field: "Parameters".to_owned(),
            }),
        };
    }
    let mut parameters = Fields::of(fields.place("Parameters"), fields.required("Parameters")?)?;
    let call = match resource {
        LAMBDA => Call::Lambda {
            function: parameter(&mut parameters, "FunctionName", "FunctionName.$")?,
            payload: parameter(&mut parameters, "Payload", "Payload.$")?,
        },
        CHILD => Call::Child {
            state_machine: parameter(&mut parameters, "StateMachineArn", "StateMachineArn.$")?,
            name: parameter(&mut parameters, "Name", "Name.$")?,
            input: parameter(&mut parameters, "Input", "Input.$")?,
        },
        _ => {
            return Err(fields::not_a(
                fields.place("Resource"),
                format!("{LAMBDA}, {CHILD} or {AWAIT}"),
            ));
        }
    };
    parameters.finish()?;
    Ok(call)
}

/// One parameter of a call, which is a value or a path.
fn parameter(fields: &mut Fields<'_>, name: &'static str, path_name: &'static str) -> Result<Template, Unsupported> {
    match fields.one_of(&[name, path_name])? {
        Some((field, value)) if field == path_name => Ok(Template::Path {
            field: path_name.to_owned(),
            path: fields::path(fields.place(path_name), value)?,
        }),
        Some((_, value)) => fields::template(&fields.place(name), Template::parse(value)),
        None => fields.problem(Problem::Missing { field: name.to_owned() }),
    }
}

fn timeout(fields: &mut Fields<'_>) -> Result<Timeout, Unsupported> {
    match fields.one_of(&["TimeoutSeconds", "TimeoutSecondsPath"])? {
        Some(("TimeoutSeconds", value)) => {
            fields::integer(fields.place("TimeoutSeconds"), value, TIMEOUT_SECONDS).map(Timeout::Seconds)
        }
        Some((field, value)) => fields::path(fields.place(field), value).map(Timeout::Path),
        None => Ok(Timeout::Seconds(*TIMEOUT_SECONDS.end())),
    }
}

fn handlers(fields: &mut Fields<'_>) -> Result<Handlers, Unsupported> {
    let retriers = fields.items("Retry")?;
    let retry_place = fields.place("Retry");
    let retry = retriers
        .iter()
        .enumerate()
        .map(|(index, value)| retrier(format!("{retry_place}[{index}]"), value, index + 1 == retriers.len()))
        .collect::<Result<_, _>>()?;
    let catchers = fields.items("Catch")?;
    let catch_place = fields.place("Catch");
    let catch = catchers
        .iter()
        .enumerate()
        .map(|(index, value)| catcher(format!("{catch_place}[{index}]"), value, index + 1 == catchers.len()))
        .collect::<Result<_, _>>()?;
    Ok(Handlers { retry, catch })
}

fn retrier(place: String, value: &Value, last: bool) -> Result<Retrier, Unsupported> {
    let mut fields = Fields::of(place, value)?;
    let errors = errors(&mut fields, last)?;
    let interval = fields.integer("IntervalSeconds", RETRY_INTERVAL_SECONDS)?.unwrap_or(1);
    let backoff_place = fields.place("BackoffRate");
    let backoff = match fields.optional("BackoffRate").map(Value::as_f64) {
        None => 2.0,
        Some(Some(rate)) if rate >= 1.0 => rate,
        Some(_) => return Err(fields::not_a(backoff_place, "a number of at least 1")),
    };
    let max_delay = fields.integer("MaxDelaySeconds", RETRY_MAX_DELAY_SECONDS)?;
    let max_attempts = fields.integer("MaxAttempts", RETRY_ATTEMPTS)?.unwrap_or(3);
    let jitter_place = fields.place("JitterStrategy");
    let jitter = match fields.optional("JitterStrategy").map(Value::as_str) {
        None | Some(Some("NONE")) => false,
        Some(Some("FULL")) => true,
        Some(_) => return Err(fields::not_a(jitter_place, "FULL or NONE")),
    };
    fields.finish()?;
    Ok(Retrier {
        errors,
        interval: Duration::from_secs(interval),
        backoff,
        max_delay: max_delay.map(Duration::from_secs),
        max_attempts,
        jitter,
    })
}

fn catcher(place: String, value: &Value, last: bool) -> Result<Catcher, Unsupported> {
    let mut fields = Fields::of(place, value)?;
    let catcher = Catcher {
        errors: errors(&mut fields, last)?,
        result_place: fields.result_place()?,
        next: fields.text("Next")?.to_owned(),
    };
    fields.finish()?;
    Ok(catcher)
}

fn errors(fields: &mut Fields<'_>, last: bool) -> Result<Vec<String>, Unsupported> {
    let place = fields.place("ErrorEquals");
    let errors: Vec<String> = fields
        .items("ErrorEquals")?
        .iter()
        .map(|error| fields::text(place.clone(), error).map(str::to_owned))
        .collect::<Result<_, _>>()?;
    if errors.is_empty() {
        return fields.problem(Problem::Missing {
            field: "ErrorEquals".to_owned(),
        });
    }
    if errors.iter().any(|error| error == ALL) && !(last && errors.len() == 1) {
        return fields.problem(Problem::AllNotLast);
    }
    Ok(errors)
}

fn choice(fields: &mut Fields<'_>) -> Result<Choice, Unsupported> {
    let place = fields.place("Choices");
    let choices: Vec<_> = fields
        .items("Choices")?
        .iter()
        .enumerate()
        .map(|(index, value)| rules::choice(format!("{place}[{index}]"), value))
        .collect::<Result<_, _>>()?;
    if choices.is_empty() {
        return fields.problem(Problem::Missing {
            field: "Choices".to_owned(),
        });
    }
    let default = if fields.has("Default") {
        Some(fields.text("Default")?.to_owned())
    } else {
        None
    };
    Ok(Choice { choices, default })
}

fn wait(fields: &mut Fields<'_>) -> Result<Wait, Unsupported> {
    Ok(Wait {
        until: fields::path(fields.place("TimestampPath"), fields.required("TimestampPath")?)?,
        next: fields.transition()?,
    })
}

fn map(fields: &mut Fields<'_>, names: &mut Names) -> Result<Map, Unsupported> {
    let at_once = match fields.integer("MaxConcurrency", 0..=u64::MAX)?.map(usize::try_from) {
        None | Some(Ok(0) | Err(_)) => MAP_ITERATIONS,
        Some(Ok(at_once)) => at_once.min(MAP_ITERATIONS),
    };
    let mut processor = Fields::of(fields.place("ItemProcessor"), fields.required("ItemProcessor")?)?;
    let mut config = Fields::of(
        processor.place("ProcessorConfig"),
        processor.required("ProcessorConfig")?,
    )?;
    if config.text("Mode")? != "INLINE" {
        return Err(fields::not_a(config.place("Mode"), "INLINE"));
    }
    config.finish()?;
    let machine = machine(&mut processor, names)?;
    processor.finish()?;
    Ok(Map {
        items: fields.path("ItemsPath")?,
        at_once,
        processor: machine,
        result_place: fields.result_place()?,
        next: fields.transition()?,
    })
}

fn pass(fields: &mut Fields<'_>) -> Result<Pass, Unsupported> {
    Ok(Pass {
        result: fields.optional("Result").cloned(),
        result_place: fields.result_place()?,
        next: fields.transition()?,
    })
}

fn failure_text(fields: &mut Fields<'_>, name: &'static str, path_name: &'static str) -> Result<Text, Unsupported> {
    match fields.one_of(&[name, path_name])? {
        None => Ok(Text::None),
        Some((field, value)) if field == name => Ok(Text::Literal(fields::text(fields.place(name), value)?.to_owned())),
        Some((_, value)) => Ok(Text::Path {
            field: path_name,
            path: fields::path(fields.place(path_name), value)?,
        }),
    }
}

//! A template as minijinja's machine runs it: with each value weighed before an instruction walks through it, and with the operators
//! of times and durations, which minijinja does not know.
//!
//! It is done to the instructions and not to the source, because there are few kinds of them, and whatever a source says ends as some.
//! The list of kinds is complete: a release of minijinja with a new one does not compile until a developer has looked at it.

use super::{
    Parsed,
    time::{self, Comparison, Operator},
    weight,
};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, State, Value,
    machinery::{CodeGenerator, Instruction, Instructions, eval, make_string_output},
    value::{Rest, ValueOrKwargs},
};
use std::collections::{BTreeMap, BTreeSet};

/// The filter that weighs. Authors cannot name it, nor the others here: they are in no list of filters.
const WEIGHED: &str = "__weighed";

/// The filters that weigh, and check that the operands can be compared.
const EQUATED: &str = "__equated";
const ORDERED: &str = "__ordered";
const SOUGHT: &str = "__sought";

/// The filters that do what minijinja cannot. Sums and products weigh: minijinja walks through lists for them.
const ADDED: &str = "__added";
const SUBTRACTED: &str = "__subtracted";
const MULTIPLIED: &str = "__multiplied";
const NEGATED: &str = "__negated";

/// Lets an environment run programs.
pub(super) fn prepare(environment: &mut Environment<'_>) {
    environment.add_filter(WEIGHED, weight::weighed);
    for (name, comparison) in [
        (EQUATED, Comparison::Equality),
        (ORDERED, Comparison::Order),
        (SOUGHT, Comparison::Membership),
    ] {
        environment.add_filter(name, move |state: &State<'_, '_>, operands: Rest<ValueOrKwargs>| {
            let mut operands = weight::operands(state, operands)?;
            if let [left, right] = operands.as_slice() {
                time::compared(comparison, left, right)?;
            }
            operands.reverse();
            Ok::<_, Error>(Value::from(operands))
        });
    }
    for (name, operator) in [
        (ADDED, Operator::Add),
        (SUBTRACTED, Operator::Subtract),
        (MULTIPLIED, Operator::Multiply),
    ] {
        environment.add_filter(name, move |state: &State<'_, '_>, operands: Rest<ValueOrKwargs>| {
            let operands = match operator {
                Operator::Add | Operator::Multiply => weight::operands(state, operands)?,
                Operator::Subtract => as_they_are(operands),
            };
            let done = match operands.as_slice() {
                [left, right] => time::operation(operator, left, right)?,
                _ => None,
            };
            Ok::<_, Error>(done_or_left(done, operands))
        });
    }
    environment.add_filter(NEGATED, |operands: Rest<ValueOrKwargs>| {
        let operands = as_they_are(operands);
        let done = match operands.as_slice() {
            [operand] => time::negated(operand)?,
            _ => None,
        };
        Ok::<_, Error>(done_or_left(done, operands))
    });
}

fn as_they_are(operands: Rest<ValueOrKwargs>) -> Vec<Value> {
    operands.0.into_iter().map(Value::from).collect()
}

/// What [`Rewriting::Done`] unpacks, the top of the stack first: true if it has been done, and the operands. The value that was made is
/// in the place of the lowest one.
fn done_or_left(done: Option<Value>, mut operands: Vec<Value>) -> Value {
    let is_done = done.is_some();
    if let (Some(done), Some(first)) = (done, operands.first_mut()) {
        *first = done;
    }
    operands.push(Value::from(is_done));
    operands.reverse();
    Value::from(operands)
}

/// The result of a program.
#[derive(Debug)]
pub(super) struct Run {
    /// The value, if it is that of an expression.
    pub(super) value: Option<Value>,
    /// The text that it wrote.
    pub(super) text: String,
    /// True if it has set this name.
    pub(super) has_set: bool,
}

/// Runs what was read, over these values.
///
/// # Errors
/// As minijinja has them; a value that is too large.
pub(super) fn run<'s>(
    environment: &'s Environment<'s>,
    source: &'s str,
    parsed: &Parsed<'s>,
    values: Value,
    name: &str,
) -> Result<Run, Error> {
    let mut generator = CodeGenerator::new("template", source);
    match parsed {
        Parsed::Value(expression) => generator.compile_expr(expression),
        Parsed::Text(statement) => generator.compile_stmt(statement),
    }
    let (instructions, _) = generator.finish();
    let instructions = with_scales(&instructions)?;
    let blocks = BTreeMap::new();
    let mut text = String::new();
    let mut output = make_string_output(&mut text);
    let (value, state) = eval(
        environment,
        &instructions,
        values,
        &blocks,
        &mut output,
        AutoEscape::None,
    )?;
    let has_set = state.get_temp(name).is_some();
    drop(state);
    Ok(Run { value, text, has_set })
}

/// The change of an instruction.
enum Rewriting {
    /// None.
    Kept,
    /// So many operands go through a filter first.
    Before(&'static str, u16),
    /// A filter may do it instead, on so many operands.
    Done(&'static str, u16),
}

impl Rewriting {
    /// The operands are weighed.
    fn weighed(operands: u16) -> Self {
        match operands {
            0 => Self::Kept,
            operands => Self::Before(WEIGHED, operands),
        }
    }
}

/// The change of an instruction.
///
/// The topmost values of the stack that it walks through are weighed, so that it does not take the longer the larger they are. What has
/// none takes a value as it is, or looks at its kind, its length or one entry. `Emit` is [`super::engine`]'s own, and weighs.
fn rewriting(instruction: &Instruction<'_>) -> Result<Rewriting, Error> {
    Ok(match instruction {
        Instruction::Add => Rewriting::Done(ADDED, 2),
        Instruction::Sub => Rewriting::Done(SUBTRACTED, 2),
        Instruction::Mul => Rewriting::Done(MULTIPLIED, 2),
        Instruction::Neg => Rewriting::Done(NEGATED, 1),
        Instruction::Eq | Instruction::Ne => Rewriting::Before(EQUATED, 2),
        Instruction::Gt | Instruction::Gte | Instruction::Lt | Instruction::Lte => Rewriting::Before(ORDERED, 2),
        Instruction::In => Rewriting::Before(SOUGHT, 2),
        // A link of a chain, such as `1 < x < 3`. minijinja keeps the names of the operators to itself, but prints them.
        Instruction::CompareAndPreserve(operator) => match format!("{operator:?}").as_str() {
            "Eq" | "Ne" => Rewriting::Before(EQUATED, 2),
            "In" | "NotIn" => Rewriting::Before(SOUGHT, 2),
            _ => Rewriting::Before(ORDERED, 2),
        },
        Instruction::GetItem => Rewriting::weighed(1),
        Instruction::StringConcat => Rewriting::weighed(2),
        Instruction::Slice => Rewriting::weighed(4),
        // Its keys are compared with each other.
        Instruction::BuildMap(pairs) => Rewriting::weighed(
            u16::try_from(pairs * 2)
                .map_err(|_| Error::new(ErrorKind::InvalidOperation, "a map in it is too large"))?,
        ),
        Instruction::ApplyFilter(_, operands, _)
        | Instruction::PerformTest(_, operands, _)
        | Instruction::CallFunction(_, operands)
        | Instruction::CallMethod(_, operands)
        | Instruction::CallObject(operands) => Rewriting::weighed(
            operands
                .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "`*` before an argument is not supported"))?,
        ),
        Instruction::EmitRaw(_)
        | Instruction::StoreLocal(_)
        | Instruction::Lookup(_)
        | Instruction::GetAttr(_)
        | Instruction::SetAttr(_)
        | Instruction::LoadConst(_)
        | Instruction::BuildKwargs(_)
        | Instruction::MergeKwargs(_)
        | Instruction::BuildList(_)
        | Instruction::BuildTuple(_)
        | Instruction::UnpackList(_)
        | Instruction::UnpackLists(_)
        | Instruction::Div
        | Instruction::IntDiv
        | Instruction::Rem
        | Instruction::Pow
        | Instruction::Not
        | Instruction::Emit
        | Instruction::PushLoop(_)
        | Instruction::PushWith
        | Instruction::Iterate(_)
        | Instruction::PushDidNotIterate
        | Instruction::PopFrame
        | Instruction::PopLoopFrame
        | Instruction::Jump(_)
        | Instruction::JumpIfFalse(_)
        | Instruction::JumpIfFalseOrPop(_)
        | Instruction::JumpIfTrueOrPop(_)
        | Instruction::PushAutoEscape
        | Instruction::PopAutoEscape
        | Instruction::BeginCapture(_)
        | Instruction::EndCapture
        | Instruction::DupTop
        | Instruction::DiscardTop
        | Instruction::FastRecurse
        | Instruction::Swap => Rewriting::Kept,
    })
}

/// The instructions, with the operands weighed where an instruction walks through them, and with those for times and durations.
fn with_scales<'s>(instructions: &Instructions<'s>) -> Result<Instructions<'s>, Error> {
    /// Each use of the filter looks it up.
    const NOT_KEPT: u8 = u8::MAX;
    let mut weighed = Instructions::new(instructions.name(), instructions.source());
    // Where each instruction has come to.
    let mut places = Vec::new();
    // The jumps that are not the template's own.
    let mut inserted = BTreeSet::new();
    for instruction in (0..).map_while(|at| instructions.get(at)) {
        let place = match rewriting(instruction)? {
            Rewriting::Kept => weighed.add(instruction.clone()),
            Rewriting::Before(filter, operands) => {
                let place = weighed.add(Instruction::ApplyFilter(filter, Some(operands), NOT_KEPT));
                weighed.add(Instruction::UnpackList(operands.into()));
                weighed.add(instruction.clone());
                place
            }
            Rewriting::Done(filter, operands) => {
                let place = weighed.add(Instruction::ApplyFilter(filter, Some(operands), NOT_KEPT));
                weighed.add(Instruction::UnpackList(usize::from(operands) + 1));
                // Past the jump to here, the values above the one that was made, and the jump over the instruction.
                let spare = u32::from(operands) - 1;
                let instruction_at = place + 4 + spare;
                inserted.insert(weighed.add(Instruction::JumpIfFalse(instruction_at)));
                for _ in 0..spare {
                    weighed.add(Instruction::DiscardTop);
                }
                inserted.insert(weighed.add(Instruction::Jump(instruction_at + 1)));
                weighed.add(instruction.clone());
                place
            }
        };
        places.push(place);
    }
    let end = (0..).take_while(|at| weighed.get(*at).is_some()).count();
    let end = u32::try_from(end).unwrap_or(u32::MAX);
    for at in (0..end).filter(|at| !inserted.contains(at)) {
        if let Some(target) = weighed.get_mut(at).and_then(target) {
            *target = places.get(*target as usize).copied().unwrap_or(end);
        }
    }
    Ok(weighed)
}

/// The target of an instruction's jump.
fn target<'i>(instruction: &'i mut Instruction<'_>) -> Option<&'i mut u32> {
    match instruction {
        Instruction::Iterate(target)
        | Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target) => Some(target),
        _ => None,
    }
}

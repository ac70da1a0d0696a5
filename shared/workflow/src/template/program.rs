//! A template as minijinja's machine runs it: with each value weighed before an instruction walks through it.
//!
//! It is done to the instructions and not to the source, because there are few kinds of them, and whatever a source says ends as some.
//! The list of kinds is complete: a release of minijinja with a new one does not compile until a developer has looked at it.

use super::{Parsed, weight};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Value,
    machinery::{CodeGenerator, Instruction, Instructions, eval, make_string_output},
};
use std::collections::BTreeMap;

/// The filter that weighs. Authors cannot name it: it is in no list of filters.
const WEIGHED: &str = "__weighed";

/// Lets an environment run programs.
pub(super) fn prepare(environment: &mut Environment<'_>) {
    environment.add_filter(WEIGHED, weight::weighed);
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

/// The instructions, with the operands weighed where an instruction walks through them.
fn with_scales<'s>(instructions: &Instructions<'s>) -> Result<Instructions<'s>, Error> {
    /// Each use of the filter looks it up.
    const NOT_KEPT: u8 = u8::MAX;
    let mut weighed = Instructions::new(instructions.name(), instructions.source());
    // Where each instruction has come to.
    let mut places = Vec::new();
    for instruction in (0..).map_while(|at| instructions.get(at)) {
        let operands = walks_through(instruction)?;
        let place = match operands {
            0 => weighed.add(instruction.clone()),
            operands => {
                let place = weighed.add(Instruction::ApplyFilter(WEIGHED, Some(operands), NOT_KEPT));
                weighed.add(Instruction::UnpackList(operands.into()));
                weighed.add(instruction.clone());
                place
            }
        };
        places.push(place);
    }
    let end = (0..).take_while(|at| weighed.get(*at).is_some()).count();
    let end = u32::try_from(end).unwrap_or(u32::MAX);
    for at in 0..end {
        if let Some(target) = weighed.get_mut(at).and_then(target) {
            *target = places.get(*target as usize).copied().unwrap_or(end);
        }
    }
    Ok(weighed)
}

/// The number of topmost values of the stack that an instruction walks through, so that it takes the longer the larger they are.
///
/// What has none takes a value as it is, or looks at its kind, its length or one entry. `Emit` is [`super::engine`]'s own, and weighs.
fn walks_through(instruction: &Instruction<'_>) -> Result<u16, Error> {
    Ok(match instruction {
        Instruction::GetItem => 1,
        Instruction::Add
        | Instruction::Mul
        | Instruction::Eq
        | Instruction::Ne
        | Instruction::Gt
        | Instruction::Gte
        | Instruction::Lt
        | Instruction::Lte
        | Instruction::StringConcat
        | Instruction::In
        | Instruction::CompareAndPreserve(_) => 2,
        Instruction::Slice => 4,
        // Its keys are compared with each other.
        Instruction::BuildMap(pairs) => {
            u16::try_from(pairs * 2).map_err(|_| Error::new(ErrorKind::InvalidOperation, "a map in it is too large"))?
        }
        Instruction::ApplyFilter(_, operands, _)
        | Instruction::PerformTest(_, operands, _)
        | Instruction::CallFunction(_, operands)
        | Instruction::CallMethod(_, operands)
        | Instruction::CallObject(operands) => operands
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "`*` before an argument is not supported"))?,
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
        | Instruction::Sub
        | Instruction::Div
        | Instruction::IntDiv
        | Instruction::Rem
        | Instruction::Pow
        | Instruction::Neg
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
        | Instruction::Swap => 0,
    })
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

//! What a state makes of its data.

use super::Visit;
use crate::step_functions::{
    context::Context,
    definition::{Pass, ResultPlace, Text},
    execution::{Data, LimitViolation},
    failure::{self, TaskFailure},
    limits::DATA_BYTES,
    path::Path,
};
use serde_json::Value;

impl Visit<'_> {
    pub(super) fn pass(&self, pass: &Pass, input: Value) -> Result<Value, TaskFailure> {
        let result = pass.result.clone().unwrap_or_else(|| input.clone());
        let output = self.placed(&pass.result_place, input, result)?;
        self.measured(Data::Output, &output)?;
        Ok(output)
    }

    pub(super) fn text(&self, text: &Text, input: &Value, context: &Context<'_>) -> Result<String, TaskFailure> {
        match text {
            Text::None => Ok(String::new()),
            Text::Literal(text) => Ok(text.clone()),
            Text::Path { field, path } => match path.find(input, context) {
                Some(Value::String(text)) => Ok(text),
                Some(_) => Err(self.runtime(format_args!("The {field} '{path}' does not refer to a text"))),
                None => Err(self.runtime(format_args!(
                    "The JSONPath '{path}' specified for the field '{field}' could not be found in the input"
                ))),
            },
        }
    }

    pub(super) fn find(&self, path: &Path, value: &Value, context: &Context<'_>) -> Result<Value, TaskFailure> {
        path.find(value, context)
            .ok_or_else(|| self.runtime(format_args!("Invalid path '{path}': it finds nothing")))
    }

    /// `ResultPath`: the result in its place of the state's input.
    pub(super) fn placed(&self, place: &ResultPlace, input: Value, result: Value) -> Result<Value, TaskFailure> {
        match place {
            ResultPlace::Nowhere => Ok(input),
            ResultPlace::Path(path) => path
                .put(input, result)
                .map_err(|cause| TaskFailure::new(failure::RESULT_PATH_MATCH_FAILURE, cause)),
        }
    }

    /// Refuses data that are too large.
    pub(super) fn measured(&self, what: Data, value: &Value) -> Result<(), TaskFailure> {
        let bytes = json_bytes(value);
        if bytes <= DATA_BYTES {
            return Ok(());
        }
        let state = self.name.to_owned();
        self.run
            .ledger
            .violated(self.run.id, LimitViolation::Data { state, what, bytes });
        Err(TaskFailure::new(
            failure::DATA_LIMIT_EXCEEDED,
            format!(
                "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.",
                self.name
            ),
        ))
    }
}

/// The length of a value as JSON text.
fn json_bytes(value: &Value) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Neither a JSON value nor the counter fails.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

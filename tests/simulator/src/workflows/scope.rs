//! What a step can refer to at the place where it stands. The rules are those of the checks of a definition: a step sees what
//! comes before it, a branch does not see its siblings, and nobody sees what is in another lane.

use workflow::definition::InputKind;

/// What the outputs of a step are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Incident,
    Alert,
    /// An issue in Jira.
    Issue,
    Decision,
    /// Something about an incident that was waited for.
    News,
    Lanes,
    Rounds,
    Run,
    Nothing,
}

/// What a variable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Number,
    Text,
    List,
}

/// What can be seen.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) steps: Vec<(String, Gives)>,
    pub(super) variables: Vec<(String, Holds)>,
    pub(super) inputs: Vec<(String, InputKind)>,
    /// Inside a `for_each`.
    pub(super) item: bool,
    /// Inside a `repeat`.
    pub(super) round: bool,
    /// In `on_failure`.
    pub(super) failure: bool,
}

/// How much could be seen at some place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    steps: usize,
    variables: usize,
}

/// What has come since a mark.
#[derive(Debug)]
pub(super) struct Seen {
    steps: Vec<(String, Gives)>,
    variables: Vec<(String, Holds)>,
}

impl Scope {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            steps: self.steps.len(),
            variables: self.variables.len(),
        }
    }

    /// Hides what has come since a mark.
    pub(super) fn hide(&mut self, mark: Mark) -> Seen {
        Seen {
            steps: self.steps.split_off(mark.steps),
            variables: self.variables.split_off(mark.variables),
        }
    }

    /// Shows what was hidden.
    pub(super) fn show(&mut self, seen: Seen) {
        self.steps.extend(seen.steps);
        self.variables.extend(seen.variables);
    }

    /// The steps that give something.
    pub(super) fn steps_that_give(&self, gives: Gives) -> Vec<&str> {
        let steps = self.steps.iter().filter(|(_, given)| *given == gives);
        steps.map(|(id, _)| id.as_str()).collect()
    }

    /// The variables of a kind.
    pub(super) fn variables_of(&self, holds: Holds) -> Vec<&str> {
        let variables = self.variables.iter().filter(|(_, held)| *held == holds);
        variables.map(|(name, _)| name.as_str()).collect()
    }

    /// The inputs of a kind.
    pub(super) fn inputs_of(&self, kind: InputKind) -> Vec<&str> {
        let inputs = self.inputs.iter().filter(|(_, own)| *own == kind);
        inputs.map(|(name, _)| name.as_str()).collect()
    }
}

//! The rules between the inputs of an action.

use super::Text;
use serde::{Deserialize, Serialize};

/// A rule over several inputs, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// They exclude each other, and all may be left out.
    AtMostOne(Vec<Text>),
    /// They exclude each other, and one is needed.
    ExactlyOne(Vec<Text>),
    /// One is needed, and more may be given.
    AtLeastOne(Vec<Text>),
    /// They are given together, or all left out.
    AllOrNone(Vec<Text>),
}

impl Rule {
    /// The inputs that it is about.
    #[must_use]
    pub fn fields(&self) -> &[Text] {
        match self {
            Self::AtMostOne(fields) | Self::ExactlyOne(fields) | Self::AtLeastOne(fields) | Self::AllOrNone(fields) => {
                fields
            }
        }
    }

    /// Checks which inputs are given.
    ///
    /// # Errors
    /// A sentence that names the inputs.
    pub fn check(&self, is_given: impl Fn(&str) -> bool) -> Result<(), String> {
        let given: Vec<&str> = self
            .fields()
            .iter()
            .map(|name| &**name)
            .filter(|name| is_given(name))
            .collect();
        match (self, given.as_slice()) {
            (Self::AtMostOne(_) | Self::ExactlyOne(_), [_, _, ..]) => {
                Err(format!("{} exclude each other; give only one of them", listed(&given)))
            }
            (Self::ExactlyOne(fields), []) => Err(format!("one of {} is needed", listed(fields))),
            (Self::AtLeastOne(fields), []) => Err(format!("at least one of {} is needed", listed(fields))),
            (Self::AllOrNone(fields), [_, ..]) if given.len() < fields.len() => {
                let fields = fields.iter().map(|name| &**name);
                let missing: Vec<&str> = fields.filter(|name| !is_given(name)).collect();
                Err(format!(
                    "{} is given without {}; give all or none of them",
                    listed(&given),
                    listed(&missing)
                ))
            }
            _ => Ok(()),
        }
    }

    /// The rule in a sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::AtMostOne(fields) => format!("At most one of {} can be given.", listed(fields)),
            Self::ExactlyOne(fields) => format!("Exactly one of {} is given.", listed(fields)),
            Self::AtLeastOne(fields) => format!("At least one of {} is given.", listed(fields)),
            Self::AllOrNone(fields) => format!("{} are given together, or not at all.", listed(fields)),
        }
    }
}

/// Names as a person lists them.
fn listed<N: AsRef<str>>(names: &[N]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("`{}`", only.as_ref()),
        [first @ .., end] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{}`", name.as_ref())).collect();
            format!("{} and `{}`", first.join(", "), end.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, Text};
    use rstest::rstest;

    fn names() -> Vec<Text> {
        ["a", "b", "c"].map(Text::from).into()
    }

    #[rstest]
    #[case(Rule::AtMostOne(names()), &[], None)]
    #[case(Rule::AtMostOne(names()), &["b"], None)]
    #[case(Rule::AtMostOne(names()), &["a", "c"], Some("`a` and `c` exclude each other; give only one of them"))]
    #[case(Rule::ExactlyOne(names()), &[], Some("one of `a`, `b` and `c` is needed"))]
    #[case(Rule::ExactlyOne(names()), &["c"], None)]
    #[case(Rule::ExactlyOne(names()), &["a", "b", "c"], Some("`a`, `b` and `c` exclude each other; give only one of them"))]
    #[case(Rule::AtLeastOne(names()), &[], Some("at least one of `a`, `b` and `c` is needed"))]
    #[case(Rule::AtLeastOne(names()), &["a", "c"], None)]
    #[case(Rule::AllOrNone(names()), &[], None)]
    #[case(Rule::AllOrNone(names()), &["a", "b", "c"], None)]
    #[case(Rule::AllOrNone(names()), &["b"], Some("`b` is given without `a` and `c`; give all or none of them"))]
    fn inputs_that_do_not_go_together_are_told(
        #[case] rule: Rule,
        #[case] given: &[&str],
        #[case] problem: Option<&str>,
    ) {
        assert_eq!(rule.check(|name| given.contains(&name)).err().as_deref(), problem);
    }
}

//! What the inputs of an action say about each other.

/// A rule over several inputs, by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// They exclude each other, and all may be left out.
    AtMostOne(&'static [&'static str]),
    /// They exclude each other, and one is needed.
    ExactlyOne(&'static [&'static str]),
    /// One is needed, and more may be given.
    AtLeastOne(&'static [&'static str]),
    /// They are given together, or all left out.
    AllOrNone(&'static [&'static str]),
}

impl Rule {
    /// The inputs that it is about.
    #[must_use]
    pub fn fields(self) -> &'static [&'static str] {
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
    pub fn check(self, is_given: impl Fn(&str) -> bool) -> Result<(), String> {
        let given: Vec<&str> = self.fields().iter().copied().filter(|name| is_given(name)).collect();
        match (self, given.as_slice()) {
            (Self::AtMostOne(_) | Self::ExactlyOne(_), [_, _, ..]) => {
                Err(format!("{} exclude each other; give only one of them", listed(&given)))
            }
            (Self::ExactlyOne(fields), []) => Err(format!("one of {} is needed", listed(fields))),
            (Self::AtLeastOne(fields), []) => Err(format!("at least one of {} is needed", listed(fields))),
            (Self::AllOrNone(fields), [_, ..]) if given.len() < fields.len() => {
                let missing: Vec<&str> = fields.iter().copied().filter(|name| !is_given(name)).collect();
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
    pub fn summary(self) -> String {
        match self {
            Self::AtMostOne(fields) => format!("At most one of {} can be given.", listed(fields)),
            Self::ExactlyOne(fields) => format!("Exactly one of {} is given.", listed(fields)),
            Self::AtLeastOne(fields) => format!("At least one of {} is given.", listed(fields)),
            Self::AllOrNone(fields) => format!("{} are given together, or not at all.", listed(fields)),
        }
    }
}

/// Names as a person lists them.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [first @ .., end] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{end}`", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;
    use rstest::rstest;

    const NAMES: &[&str] = &["a", "b", "c"];

    #[rstest]
    #[case(Rule::AtMostOne(NAMES), &[], None)]
    #[case(Rule::AtMostOne(NAMES), &["b"], None)]
    #[case(Rule::AtMostOne(NAMES), &["a", "c"], Some("`a` and `c` exclude each other; give only one of them"))]
    #[case(Rule::ExactlyOne(NAMES), &[], Some("one of `a`, `b` and `c` is needed"))]
    #[case(Rule::ExactlyOne(NAMES), &["c"], None)]
    #[case(Rule::ExactlyOne(NAMES), &["a", "b", "c"], Some("`a`, `b` and `c` exclude each other; give only one of them"))]
    #[case(Rule::AtLeastOne(NAMES), &[], Some("at least one of `a`, `b` and `c` is needed"))]
    #[case(Rule::AtLeastOne(NAMES), &["a", "c"], None)]
    #[case(Rule::AllOrNone(NAMES), &[], None)]
    #[case(Rule::AllOrNone(NAMES), &["a", "b", "c"], None)]
    #[case(Rule::AllOrNone(NAMES), &["b"], Some("`b` is given without `a` and `c`; give all or none of them"))]
    fn inputs_that_do_not_go_together_are_told(
        #[case] rule: Rule,
        #[case] given: &[&str],
        #[case] problem: Option<&str>,
    ) {
        assert_eq!(rule.check(|name| given.contains(&name)).err().as_deref(), problem);
    }
}

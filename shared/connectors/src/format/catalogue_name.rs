//! Names that a connector of the user's own cannot have.

/// The systems whose actions are not written as connectors.
const OTHERS: [&str; 3] = ["aws", "email", "pagerduty"];

/// Checks that a name is neither that of a connector that comes with the program nor that of another system: a connector must not act
/// through the integrations of another one.
pub(super) fn is_free(name: &str) -> Result<(), String> {
    let is_taken = OTHERS.contains(&name) || crate::shipped().any(|shipped| shipped == name);
    match is_taken {
        true => Err(format!(
            "`{name}` comes with Pagerflow; give your connector another name, such as `acme_{name}`"
        )),
        false => Ok(()),
    }
}

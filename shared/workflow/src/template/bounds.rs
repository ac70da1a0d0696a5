//! The limits of a template, so that reading and evaluating it ends.
//!
//! minijinja bounds brackets and blocks within each other, and its fuel bounds what is computed. Two things are left:
//! a chain such as `a.b.c` or `1 ~ 2 ~ 3` is a tree as deep as it is long, which is walked by recursion and would exhaust
//! the stack; and lists that are added to themselves again and again are put together without asking for fuel. Both need
//! many operators, so these are counted. They are counted in the whole source: to tell text from expressions
//! here one would have to read them as exactly as minijinja does.

use super::TemplateError;

/// The number of links of chains that a source may have. A stack of 2 MiB holds more than twice as many.
const LINKS: usize = 400;

/// The number of additions that a source may have. minijinja puts lists together lazily up to a depth of 32.
const ADDITIONS: usize = 30;

/// Characters that make a chain longer.
const LINK_CHARACTERS: &str = "+-*/%~|.([";

/// Words that make a chain longer.
const LINK_WORDS: &[&str] = &["not", "and", "or", "is", "in", "if", "elif", "else"];

/// Words that add lists.
const ADDITION_WORDS: &[&str] = &["sum", "chain"];

/// Checks a source.
pub(super) fn check(source: &str) -> Result<(), TemplateError> {
    let words = |wanted: &'static [&str]| {
        let words = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(|word| wanted.contains(word)).count()
    };
    let characters = |wanted: &str| source.chars().filter(|c| wanted.contains(*c)).count();
    if characters(LINK_CHARACTERS) + words(LINK_WORDS) > LINKS {
        return Err(TemplateError::new(format!(
            "the template has more than {LINKS} operators, dots and brackets; split it up with `set`"
        )));
    }
    if characters("+") + words(ADDITION_WORDS) > ADDITIONS {
        return Err(TemplateError::new(format!(
            "the template has more than {ADDITIONS} additions; split it up with `set`, or join text with `~`"
        )));
    }
    // A loop that calls itself could add lists as often as it likes.
    if words(&["recursive"]) > 0 && source.contains("{%") {
        return Err(TemplateError::new("loops that are `recursive` are not supported"));
    }
    Ok(())
}

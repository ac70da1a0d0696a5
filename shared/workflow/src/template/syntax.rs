//! The source of an expression or a template, read to its end.
//!
//! minijinja (3.1) reads a single expression up to an error of its lexer, if that follows a text literal: it takes the error for the
//! end of the input, so that `'a' && b` would be read as `'a'`. Here every token is read before the parser sees the first one. What
//! does not belong to the language is refused with the word that does: people come from languages with `&&`, `?:` and `.startswith()`.

use super::{Parsed, TemplateError, builtins};
use minijinja::{
    machinery::{
        Span, Token,
        ast::{CallArg, Expr, Stmt},
        parse, parse_expr, tokenize,
    },
    syntax::SyntaxConfig,
};

/// Reads one expression.
///
/// # Errors
/// A token that does not exist, a token that the grammar does not allow, or an unknown filter, test, function or method.
pub(super) fn expression(source: &str) -> Result<Expr<'_>, TemplateError> {
    let tokens = tokens(source, true)?;
    let expression = parse_expr(source).map_err(|error| misread(source, &tokens, &error))?;
    each_expression_in(&expression, &mut |part| {
        builtins::check(part).map_err(|problem| wrong(source, &problem))
    })?;
    Ok(expression)
}

/// Reads text with expressions in it.
///
/// # Errors
/// As [`expression`].
pub(super) fn text(source: &str) -> Result<Stmt<'_>, TemplateError> {
    let tokens = tokens(source, false)?;
    let template =
        parse(source, "template", SyntaxConfig::default()).map_err(|error| misread(source, &tokens, &error))?;
    each_expression(&template, &mut |part| {
        builtins::check(part).map_err(|problem| wrong(source, &problem))
    })?;
    Ok(template)
}

/// The expression within `{{ }}`, if that is all there is. Its value then keeps its type.
pub(super) fn only_expression(source: &str) -> Option<(&str, Parsed<'_>)> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    // The dashes say what happens to the space around the braces; there is none here.
    let inner = inner.strip_prefix('-').unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner).trim();
    // `{{ a }} and {{ b }}` begins and ends alike, but what is between is no expression.
    Some((inner, Parsed::Value(expression(inner).ok()?)))
}

fn wrong(source: &str, problem: &str) -> TemplateError {
    TemplateError::new(format!("`{}`: {problem}", shortened(source)))
}

fn shortened(source: &str) -> String {
    source.chars().take(120).collect()
}

/// All tokens of a source.
fn tokens(source: &str, is_expression: bool) -> Result<Vec<(Token<'_>, Span)>, TemplateError> {
    let mut tokens = Vec::new();
    for token in tokenize(source, is_expression, SyntaxConfig::default()) {
        match token {
            Ok(token) => tokens.push(token),
            Err(error) => {
                let read = tokens.last().map_or(0, |(_, span)| span.end_offset as usize);
                let rest = source.get(read..).unwrap_or_default().trim_start();
                let problem = match unknown_character(rest) {
                    Some(advice) => format!("unexpected `{}`; {advice}", rest.chars().take(12).collect::<String>()),
                    None => format!(
                        "syntax error: {}",
                        error.detail().unwrap_or("a character that is not known here")
                    ),
                };
                return Err(wrong(source, &problem));
            }
        }
    }
    Ok(tokens)
}

/// Advice on text that begins with a character that the language does not have; none if it may be a text literal or a number that
/// does not end.
fn unknown_character(rest: &str) -> Option<&'static str> {
    let advice = match rest.chars().next()? {
        '&' => "use `and`",
        '!' => "use `not`, or `!=` to compare",
        '?' if rest.starts_with("??") => "use `| default(…)`",
        '?' => "use `x if condition else y`",
        '$' => "names are written without `$`",
        ';' => "give one expression only",
        '"' | '\'' | '0'..='9' => return None,
        _ => "the language has no such character; put text in quotes",
    };
    Some(advice)
}

/// The error of the parser, with advice where the tokens show what another language would mean by them.
fn misread(source: &str, tokens: &[(Token<'_>, Span)], error: &minijinja::Error) -> TemplateError {
    let detail = error.detail().unwrap_or("syntax error");
    let problem = match foreign(tokens) {
        Some(advice) => format!("syntax error: {detail}; {advice}"),
        None => format!("syntax error: {detail}"),
    };
    wrong(source, &problem)
}

/// Advice on tokens that another language would have.
fn foreign(tokens: &[(Token<'_>, Span)]) -> Option<String> {
    let mut depth = 0_u32;
    let mut before: Option<&Token<'_>> = None;
    for (token, _) in tokens {
        let advice = match (before, token) {
            (_, Token::ParenOpen | Token::BracketOpen | Token::BraceOpen) => {
                depth += 1;
                None
            }
            (_, Token::ParenClose | Token::BracketClose | Token::BraceClose) => {
                depth = depth.saturating_sub(1);
                None
            }
            (Some(Token::Pipe), Token::Pipe) => Some("use `or`".to_owned()),
            (Some(Token::Lt), Token::Gt) => Some("use `!=` to compare".to_owned()),
            (_, Token::Assign) if depth == 0 => Some("use `==` to compare".to_owned()),
            (Some(operand), Token::Ident(word)) if ends_an_operand(operand) => foreign_word(word),
            _ => None,
        };
        if advice.is_some() {
            return advice;
        }
        before = Some(token);
    }
    None
}

fn ends_an_operand(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Ident(_)
            | Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Float(_)
            | Token::ParenClose
            | Token::BracketClose
    )
}

/// Advice on a word that stands where an operator is expected.
fn foreign_word(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    let advice = match lower.as_str() {
        "and" | "or" | "not" | "in" | "is" | "if" | "else" if lower != word => format!("write `{lower}` in lower case"),
        "startswith" | "startingwith" | "starts" => "use `x is startingwith(\"y\")`".to_owned(),
        "endswith" | "endingwith" | "ends" => "use `x is endingwith(\"y\")`".to_owned(),
        "contains" | "includes" | "has" => "use `\"y\" in x`".to_owned(),
        "matches" | "like" => "use `x is startingwith(\"y\")` or `\"y\" in x`".to_owned(),
        "eq" | "equals" => "use `==` to compare".to_owned(),
        "ne" => "use `!=` to compare".to_owned(),
        "gt" => "use `>` to compare".to_owned(),
        "ge" => "use `>=` to compare".to_owned(),
        "lt" => "use `<` to compare".to_owned(),
        "le" => "use `<=` to compare".to_owned(),
        "xor" => "use `!=` between two conditions".to_owned(),
        "then" | "unless" => "use `x if condition else y`".to_owned(),
        _ => return None,
    };
    Some(advice)
}

/// The filter that [`lenient`] writes. Authors cannot: it is in no list of filters.
pub(super) const FIELD: &str = "__field";

/// The source with each field that may be missing looked up so that a missing or null map around it is no error: where a `default` or
/// a test for `defined` follows. minijinja gives `default` only what the last name of a chain does not find, but people write
/// `event.data.details.host | default("unknown")`. None if there is no such field.
pub(super) fn lenient(source: &str, parsed: &Parsed<'_>) -> Option<String> {
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    let mut note = |part: &Expr<'_>| {
        let operand = match part {
            Expr::Filter(filter) if matches!(filter.name, "default" | "d") => filter.expr.as_ref(),
            Expr::Test(test) if matches!(test.name, "defined" | "undefined") => Some(&test.expr),
            _ => None,
        };
        if let Some((operand, chain)) = operand.and_then(|operand| Some((operand, lookup(operand, 2)?))) {
            let (start, end) = (chain.start.start_offset as usize, operand.span().end_offset as usize);
            edits.push((start, end, format!("({})", chain.written)));
        }
        Ok::<(), std::convert::Infallible>(())
    };
    let Ok(()) = each_part(parsed, &mut note);
    edited(source, edits)
}

/// The source with each field looked up so that a missing one is null, also in a map or a list that is missing itself. None if there is no
/// field.
pub(super) fn null_where_missing(source: &str, parsed: &Parsed<'_>) -> Option<String> {
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    let mut note = |part: &Expr<'_>| {
        // What tells apart if something is there must see that it is not.
        let (chain, or_null) = match part {
            Expr::Filter(filter) if matches!(filter.name, "default" | "d") => (filter.expr.as_ref(), false),
            Expr::Test(test) if matches!(test.name, "defined" | "undefined") => (Some(&test.expr), false),
            part => (Some(part), true),
        };
        if let Some((part, chain)) = chain.and_then(|part| Some((part, lookup(part, 1)?))) {
            let (start, end) = (chain.start.start_offset as usize, part.span().end_offset as usize);
            // The beginning of a chain is a chain as well.
            if !edits.iter().any(|(from, to, _)| (*from..*to).contains(&start)) {
                let or_null = if or_null { " | default(none)" } else { "" };
                edits.push((start, end, format!("({}{or_null})", chain.written)));
            }
        }
        Ok::<(), std::convert::Infallible>(())
    };
    let Ok(()) = each_part(parsed, &mut note);
    edited(source, edits)
}

/// Visits all expressions, each before the ones in it.
fn each_part<'a, E>(parsed: &Parsed<'a>, visit: &mut impl FnMut(&Expr<'a>) -> Result<(), E>) -> Result<(), E> {
    match parsed {
        Parsed::Value(expression) => each_expression_in(expression, visit),
        Parsed::Text(statement) => each_expression(statement, visit),
    }
}

/// The source with other text in these places; none if there are none.
fn edited(source: &str, mut edits: Vec<(usize, usize, String)>) -> Option<String> {
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(start, ..)| *start);
    let mut edited = String::with_capacity(source.len() * 2);
    let mut done = 0;
    for (start, end, written) in edits {
        edited.push_str(source.get(done..start)?);
        edited.push_str(&written);
        done = end;
    }
    edited.push_str(source.get(done..)?);
    Some(edited)
}

/// A chain of names, written with [`FIELD`].
struct Lookup {
    /// The place of its first name.
    start: Span,
    written: String,
}

/// The chain of names that an expression is; none if it is another, or has fewer than so many names after the first.
fn lookup(expression: &Expr<'_>, shortest: usize) -> Option<Lookup> {
    fn chain<'a>(expression: &Expr<'a>, names: &mut Vec<String>) -> Option<(&'a str, Span)> {
        let (outer, name) = match expression {
            Expr::Var(root) => return Some((root.id, root.span())),
            Expr::GetAttr(attribute) => (&attribute.expr, serde_json::to_string(attribute.name).ok()?),
            Expr::GetItem(item) => match &item.subscript_expr {
                Expr::Const(key) if key.value.as_str().is_some() || key.value.as_i64().is_some() => {
                    (&item.expr, serde_json::to_string(&key.value).ok()?)
                }
                _ => return None,
            },
            _ => return None,
        };
        let root = chain(outer, names)?;
        names.push(name);
        Some(root)
    }
    let mut names = Vec::new();
    let (root, start) = chain(expression, &mut names)?;
    if names.len() < shortest {
        return None;
    }
    let filters: Vec<String> = names.iter().map(|name| format!(" | {FIELD}({name})")).collect();
    let written = format!("{root}{}", filters.concat());
    Some(Lookup { start, written })
}

/// Visits all expressions of a template, each before the ones in it.
///
/// # Errors
/// The first that `visit` gives.
pub(super) fn each_expression<'a, E>(
    statement: &Stmt<'a>,
    visit: &mut impl FnMut(&Expr<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let all = |statements: &[Stmt<'a>], visit: &mut _| {
        statements
            .iter()
            .try_for_each(|statement| each_expression(statement, visit))
    };
    match statement {
        Stmt::Template(template) => all(&template.children, visit),
        Stmt::EmitExpr(emitted) => each_expression_in(&emitted.expr, visit),
        Stmt::EmitRaw(_) => Ok(()),
        Stmt::ForLoop(each) => {
            each_expression_in(&each.iter, visit)?;
            each.filter_expr
                .iter()
                .try_for_each(|filter| each_expression_in(filter, visit))?;
            all(&each.body, visit)?;
            all(&each.else_body, visit)
        }
        Stmt::IfCond(choice) => {
            each_expression_in(&choice.expr, visit)?;
            all(&choice.true_body, visit)?;
            all(&choice.false_body, visit)
        }
        Stmt::WithBlock(block) => {
            block
                .assignments
                .iter()
                .try_for_each(|(_, value)| each_expression_in(value, visit))?;
            all(&block.body, visit)
        }
        Stmt::Set(set) => each_expression_in(&set.expr, visit),
        Stmt::SetBlock(set) => {
            set.filter
                .iter()
                .try_for_each(|filter| each_expression_in(filter, visit))?;
            all(&set.body, visit)
        }
        Stmt::AutoEscape(block) => {
            each_expression_in(&block.enabled, visit)?;
            all(&block.body, visit)
        }
        Stmt::FilterBlock(block) => {
            each_expression_in(&block.filter, visit)?;
            all(&block.body, visit)
        }
        Stmt::Do(call) => {
            each_expression_in(&call.call.expr, visit)?;
            each_argument(&call.call.args, visit)
        }
    }
}

/// Visits an expression and all in it, each before the ones in it.
///
/// # Errors
/// The first that `visit` gives.
pub(super) fn each_expression_in<'a, E>(
    expression: &Expr<'a>,
    visit: &mut impl FnMut(&Expr<'a>) -> Result<(), E>,
) -> Result<(), E> {
    visit(expression)?;
    match expression {
        Expr::Var(_) | Expr::Const(_) => Ok(()),
        Expr::Slice(slice) => {
            each_expression_in(&slice.expr, visit)?;
            let bounds = [&slice.start, &slice.stop, &slice.step];
            bounds
                .into_iter()
                .flatten()
                .try_for_each(|bound| each_expression_in(bound, visit))
        }
        Expr::UnaryOp(operation) => each_expression_in(&operation.expr, visit),
        Expr::BinOp(operation) => {
            each_expression_in(&operation.left, visit)?;
            each_expression_in(&operation.right, visit)
        }
        Expr::Compare(comparison) => {
            each_expression_in(&comparison.expr, visit)?;
            comparison
                .ops
                .iter()
                .try_for_each(|next| each_expression_in(&next.expr, visit))
        }
        Expr::IfExpr(choice) => {
            each_expression_in(&choice.test_expr, visit)?;
            each_expression_in(&choice.true_expr, visit)?;
            choice
                .false_expr
                .iter()
                .try_for_each(|other| each_expression_in(other, visit))
        }
        Expr::Filter(filter) => {
            filter
                .expr
                .iter()
                .try_for_each(|operand| each_expression_in(operand, visit))?;
            each_argument(&filter.args, visit)
        }
        Expr::Test(test) => {
            each_expression_in(&test.expr, visit)?;
            each_argument(&test.args, visit)
        }
        Expr::GetAttr(attribute) => each_expression_in(&attribute.expr, visit),
        Expr::GetItem(item) => {
            each_expression_in(&item.expr, visit)?;
            each_expression_in(&item.subscript_expr, visit)
        }
        Expr::Call(call) => {
            // The name of a function is no variable, and a method no field.
            match &call.expr {
                Expr::Var(_) => {}
                Expr::GetAttr(method) => each_expression_in(&method.expr, visit)?,
                other => each_expression_in(other, visit)?,
            }
            each_argument(&call.args, visit)
        }
        Expr::List(list) => list.items.iter().try_for_each(|item| each_expression_in(item, visit)),
        Expr::Tuple(tuple) => tuple.items.iter().try_for_each(|item| each_expression_in(item, visit)),
        Expr::Map(map) => {
            let parts = map.keys.iter().chain(&map.values);
            parts.into_iter().try_for_each(|part| each_expression_in(part, visit))
        }
    }
}

fn each_argument<'a, E>(
    arguments: &[CallArg<'a>],
    visit: &mut impl FnMut(&Expr<'a>) -> Result<(), E>,
) -> Result<(), E> {
    arguments.iter().try_for_each(|argument| match argument {
        CallArg::Pos(value) | CallArg::Kwarg(_, value) | CallArg::PosSplat(value) | CallArg::KwargSplat(value) => {
            each_expression_in(value, visit)
        }
    })
}

#[cfg(test)]
mod tests;

//! Filters, tests, functions and methods: the names that exist, and what a wrong one was meant to be.
//!
//! minijinja looks a name up when it is used, and an event would be the first to find out that it is not there. The list here is held
//! against minijinja's own by a test, and `docs/expressions.md` is made of it.

use crate::action::nearest;
use minijinja::machinery::ast::{CallArg, Expr, Filter};

/// The name of a filter, a test or a function, and an example of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// The name; after it the other names of the same thing.
    pub names: &'static [&'static str],
    /// One line on what it does.
    pub summary: &'static str,
    /// An expression that uses it.
    pub example: &'static str,
    /// The result of the example, as JSON.
    pub gives: &'static str,
}

const fn builtin(
    names: &'static [&'static str],
    summary: &'static str,
    example: &'static str,
    gives: &'static str,
) -> Builtin {
    Builtin {
        names,
        summary,
        example,
        gives,
    }
}

/// The filters: `value | name(arguments)`.
pub const FILTERS: &[Builtin] = &[
    builtin(&["abs"], "the number without its sign", "-3 | abs", "3"),
    builtin(
        &["attr"],
        "the field of a map whose name is computed",
        "{'a': 1} | attr('a')",
        "1",
    ),
    builtin(
        &["batch"],
        "lists of so many entries each",
        "[1, 2, 3] | batch(2)",
        "[[1, 2], [3]]",
    ),
    builtin(
        &["bool"],
        "true or false, by whether the value counts as true",
        "'' | bool",
        "false",
    ),
    builtin(
        &["capitalize"],
        "the first letter in upper case, the others in lower case",
        "'db DOWN' | capitalize",
        "\"Db down\"",
    ),
    builtin(
        &["chain"],
        "lists one after another",
        "[1] | chain([2, 3]) | list",
        "[1, 2, 3]",
    ),
    builtin(
        &["default", "d"],
        "another value where this one is null or missing; with `true` as second argument also where it counts as false",
        "none | default('no priority')",
        "\"no priority\"",
    ),
    builtin(
        &["dictsort"],
        "pairs of name and value, by name",
        "{'b': 1, 'a': 2} | dictsort",
        "[[\"a\", 2], [\"b\", 1]]",
    ),
    builtin(&["escape", "e"], "text for HTML", "'a < b' | escape", "\"a &lt; b\""),
    builtin(&["first"], "the first entry", "[1, 2] | first", "1"),
    builtin(&["float"], "a number with a fraction", "'1.5' | float", "1.5"),
    builtin(
        &["format"],
        "text with `%s`, `%d`, `%05.2f` and the like replaced",
        "'%s at %d %%' | format('CPU', 97)",
        "\"CPU at 97 %\"",
    ),
    builtin(
        &["format_time"],
        "a time as text, as `strftime` has it; `zone` names the time zone, which is UTC if there is none",
        "time('2026-11-30T08:00:00Z') | format_time('%d.%m.%Y %H:%M', zone='Europe/Berlin')",
        "\"30.11.2026 09:00\"",
    ),
    builtin(
        &["groupby"],
        "lists of the entries that have the same value in a field",
        "[{'s': 'up', 'n': 1}, {'s': 'up', 'n': 2}] | groupby('s') | map(attribute='grouper') | list",
        "[\"up\"]",
    ),
    builtin(
        &["indent"],
        "text with so many spaces before each line but the first",
        "'a\\nb' | indent(2)",
        "\"a\\n  b\"",
    ),
    builtin(
        &["in_zone"],
        "a time as the clocks of a zone show it: `year`, `month`, `day`, `hour`, `minute`, `second`, `weekday`, `date`, `is_weekend`",
        "(time('2026-11-30T08:00:00Z') | in_zone('Asia/Tokyo')).hour",
        "17",
    ),
    builtin(&["int"], "a whole number", "'42' | int", "42"),
    builtin(
        &["items"],
        "pairs of name and value of a map",
        "{'a': 1} | items",
        "[[\"a\", 1]]",
    ),
    builtin(
        &["join"],
        "the entries as one text",
        "['a', 'b'] | join(', ')",
        "\"a, b\"",
    ),
    builtin(&["last"], "the last entry", "[1, 2] | last", "2"),
    builtin(
        &["length", "count"],
        "how many entries or characters there are",
        "[1, 2] | length",
        "2",
    ),
    builtin(&["lines"], "the lines of a text", "'a\\nb' | lines", "[\"a\", \"b\"]"),
    builtin(
        &["list"],
        "the entries as a list, the characters of a text, the names of a map",
        "'ab' | list",
        "[\"a\", \"b\"]",
    ),
    builtin(&["lower"], "text in lower case", "'DB' | lower", "\"db\""),
    builtin(
        &["map"],
        "of each entry a field, or what a filter makes of it",
        "[{'summary': 'SRE'}, {'summary': 'DB'}] | map(attribute='summary') | join(', ')",
        "\"SRE, DB\"",
    ),
    builtin(&["max"], "the largest entry", "[1, 3, 2] | max", "3"),
    builtin(&["min"], "the smallest entry", "[1, 3, 2] | min", "1"),
    builtin(
        &["pprint"],
        "the value for a person who looks for a fault",
        "'a' | pprint",
        "\"'a'\"",
    ),
    builtin(
        &["reject"],
        "the entries that fail a test",
        "[1, 2, 3] | reject('odd') | list",
        "[2]",
    ),
    builtin(
        &["rejectattr"],
        "the entries of which a field fails a test",
        "[{'n': 1}, {'n': 2}] | rejectattr('n', 'odd') | list",
        "[{\"n\": 2}]",
    ),
    builtin(
        &["replace"],
        "text with a part of it replaced wherever it occurs",
        "'a-b-c' | replace('-', '.')",
        "\"a.b.c\"",
    ),
    builtin(
        &["reverse"],
        "the entries or characters from the last to the first",
        "[1, 2] | reverse | list",
        "[2, 1]",
    ),
    builtin(
        &["round"],
        "a number rounded to so many places",
        "2.456 | round(1)",
        "2.5",
    ),
    builtin(
        &["safe"],
        "the same text; there is no escaping that it could prevent",
        "'a' | safe",
        "\"a\"",
    ),
    builtin(
        &["seconds"],
        "the number of seconds of a duration",
        "duration('15m') | seconds",
        "900",
    ),
    builtin(
        &["select"],
        "the entries that pass a test",
        "[1, 2, 3] | select('odd') | list",
        "[1, 3]",
    ),
    builtin(
        &["selectattr"],
        "the entries of which a field passes a test",
        "[{'s': 'open'}, {'s': 'done'}] | selectattr('s', 'eq', 'open') | list",
        "[{\"s\": \"open\"}]",
    ),
    builtin(
        &["slice"],
        "so many lists of about the same length",
        "[1, 2, 3] | slice(2)",
        "[[1, 2], [3]]",
    ),
    builtin(
        &["sort"],
        "the entries in order; `attribute` names a field, `reverse=true` begins with the largest",
        "[2, 1] | sort",
        "[1, 2]",
    ),
    builtin(
        &["split"],
        "the parts of a text between separators",
        "'a,b' | split(',') | list",
        "[\"a\", \"b\"]",
    ),
    builtin(&["string"], "the value as text", "42 | string", "\"42\""),
    builtin(&["sum"], "the entries added up", "[1, 2] | sum", "3"),
    builtin(
        &["title"],
        "each word with a capital letter",
        "'db down' | title",
        "\"Db Down\"",
    ),
    builtin(
        &["tojson"],
        "the value as JSON that people can read; `indent=2` puts each field into a line of its own",
        "{'query': 'a > 5'} | tojson",
        "\"{\\\"query\\\": \\\"a > 5\\\"}\"",
    ),
    builtin(
        &["trim"],
        "text without the spaces, or the given characters, at both ends",
        "'  a ' | trim",
        "\"a\"",
    ),
    builtin(&["unique"], "each entry once", "[1, 2, 1] | unique | list", "[1, 2]"),
    builtin(&["upper"], "text in upper case", "'db' | upper", "\"DB\""),
    builtin(
        &["within"],
        "true if a time is in these hours of these days, by the clock of a zone; all days if none are named, and UTC if no zone is",
        "time('2026-11-30T08:00:00Z') | within('09:00-17:00', days='mon-fri', zone='Europe/Berlin')",
        "true",
    ),
    builtin(
        &["zip"],
        "pairs of the entries of two lists",
        "['a', 'b'] | zip([1, 2]) | list",
        "[[\"a\", 1], [\"b\", 2]]",
    ),
];

/// The tests: `value is name(arguments)`, `value is not name`.
pub const TESTS: &[Builtin] = &[
    builtin(&["boolean"], "is true or false", "true is boolean", "true"),
    builtin(&["defined"], "is there, if only as null", "none is defined", "true"),
    builtin(
        &["divisibleby"],
        "can be divided without a rest",
        "6 is divisibleby(3)",
        "true",
    ),
    builtin(
        &["endingwith"],
        "ends with a text",
        "'web-1' is endingwith('-1')",
        "true",
    ),
    builtin(&["eq", "equalto", "=="], "equals", "1 is eq(1)", "true"),
    builtin(&["even"], "is an even number", "2 is even", "true"),
    builtin(&["false"], "is false", "false is false", "true"),
    builtin(&["filter"], "is the name of a filter", "'upper' is filter", "true"),
    builtin(&["float"], "is a number with a fraction", "1.5 is float", "true"),
    builtin(&["ge", ">="], "is greater or equal", "2 is ge(2)", "true"),
    builtin(&["gt", "greaterthan", ">"], "is greater", "2 is gt(1)", "true"),
    builtin(
        &["in"],
        "is an entry of a list, or a part of a text",
        "1 is in([1, 2])",
        "true",
    ),
    builtin(&["integer", "int"], "is a whole number", "1 is integer", "true"),
    builtin(&["iterable"], "has entries or characters", "[1] is iterable", "true"),
    builtin(&["le", "<="], "is less or equal", "1 is le(1)", "true"),
    builtin(&["lower"], "is text in lower case", "'db' is lower", "true"),
    builtin(&["lt", "lessthan", "<"], "is less", "1 is lt(2)", "true"),
    builtin(&["mapping"], "is a map", "{'a': 1} is mapping", "true"),
    builtin(&["ne", "!="], "does not equal", "1 is ne(2)", "true"),
    builtin(&["none"], "is null", "none is none", "true"),
    builtin(&["number"], "is a number", "1.5 is number", "true"),
    builtin(&["odd"], "is an odd number", "1 is odd", "true"),
    builtin(
        &["safe", "escaped"],
        "came through the filter `safe`",
        "'a' is safe",
        "false",
    ),
    builtin(
        &["sameas"],
        "is the same value of the same type",
        "1 is sameas(1)",
        "true",
    ),
    builtin(&["sequence"], "is a list", "[1] is sequence", "true"),
    builtin(
        &["startingwith"],
        "begins with a text",
        "'web-1' is startingwith('web')",
        "true",
    ),
    builtin(&["string"], "is text", "'a' is string", "true"),
    builtin(&["test"], "is the name of a test", "'odd' is test", "true"),
    builtin(&["true"], "is true", "true is true", "true"),
    builtin(&["undefined"], "is not there", "{'a': 1}.b is undefined", "true"),
    builtin(&["upper"], "is text in upper case", "'DB' is upper", "true"),
];

/// The functions: `name(arguments)`.
pub const FUNCTIONS: &[Builtin] = &[
    builtin(&["dict"], "a map of the given fields", "dict(a=1)", "{\"a\": 1}"),
    builtin(
        &["duration"],
        "a length of time, written as in `wait`; `-24h` for one that goes back",
        "duration('1h') + duration('30m')",
        "\"1h30m\"",
    ),
    builtin(
        &["range"],
        "whole numbers from the first up to, and without, the last",
        "range(1, 4) | list",
        "[1, 2, 3]",
    ),
    builtin(
        &["time"],
        "a time of text in RFC 3339, or of a number of seconds since 1970; with `zone` also of text without an offset",
        "time('2026-11-30T08:00', zone='Europe/Berlin') + duration('1h')",
        "\"2026-11-30T08:00:00Z\"",
    ),
];

/// The methods; only the `loop` of `{% for %}` has any.
const LOOP_METHODS: &[&str] = &["changed", "cycle"];

/// The words of other languages and tools, and the words to use instead.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["contains", "includes", "has", "search"], "use `\"y\" in x`"),
    (
        &[
            "as_timestamp",
            "datetime",
            "fromisoformat",
            "strptime",
            "timestamp",
            "to_datetime",
        ],
        "use `time('2026-11-30T08:00:00Z')`, which makes a time of text",
    ),
    (
        &["date", "datetimeformat", "strftime"],
        "use `time(x) | format_time('%Y-%m-%d')`",
    ),
    (&["now", "utcnow"], "write `now`, without brackets"),
    (&["timedelta"], "use `duration('15m')`"),
    (&["empty", "blank"], "use `x | length == 0`"),
    (&["ends", "ends_with", "endswith"], "use `x is endingwith(\"y\")`"),
    (&["find", "index", "indexof"], "use `\"y\" in x`"),
    (
        &["from_json", "fromjson", "loads", "parse_json"],
        "what an event carries is read already",
    ),
    (&["get"], "use `x.y | default(…)`"),
    (&["keys"], "use `x | list`"),
    (&["len", "size"], "use `x | length`"),
    (
        &["match", "matches", "regex", "regex_match", "regex_search", "like"],
        "there are no patterns; use `x is startingwith(\"y\")` or `\"y\" in x`",
    ),
    (&["null", "nil"], "use `none`"),
    (&["present", "set", "notnull", "not_none"], "use `x is not none`"),
    (
        &["starts", "starts_with", "startswith"],
        "use `x is startingwith(\"y\")`",
    ),
    (&["strip", "lstrip", "rstrip"], "use `x | trim`"),
    (
        &["substr", "substring", "trunc", "truncate", "left", "shorten"],
        "use `x[:40]`",
    ),
    (&["to_json", "json", "dumps", "json_encode"], "use `x | tojson`"),
    (&["toLowerCase", "lowercase", "downcase", "tolower"], "use `x | lower`"),
    (&["toString", "str", "to_s"], "use `x | string`"),
    (&["toUpperCase", "uppercase", "upcase", "toupper"], "use `x | upper`"),
    (&["values"], "use `x | items`, which gives pairs of name and value"),
    (&["concat", "add"], "use `x ~ y` for text, `x | chain(y)` for lists"),
];

/// Checks the names in one node of an expression; not those in the nodes below it.
///
/// # Errors
/// A name that does not exist, with the one that was probably meant.
pub(super) fn check(expression: &Expr<'_>) -> Result<(), String> {
    if arguments(expression).iter().any(is_spread) {
        return Err("`*` before an argument is not supported; name the arguments one by one".to_owned());
    }
    match expression {
        Expr::Filter(filter) => check_filter(filter),
        Expr::Test(test) => known(Kind::Test, test.name),
        Expr::Call(call) => match &call.expr {
            Expr::Var(name) => known(Kind::Function, name.id),
            Expr::GetAttr(method) if matches!(&method.expr, Expr::Var(name) if name.id == "loop") => {
                known(Kind::Method, method.name)
            }
            Expr::GetAttr(method) => Err(no_method(method.name)),
            _ => Err("only functions can be called, and filters are written `value | filter`".to_owned()),
        },
        _ => Ok(()),
    }
}

fn arguments<'e, 'a>(expression: &'e Expr<'a>) -> &'e [CallArg<'a>] {
    match expression {
        Expr::Filter(filter) => &filter.args,
        Expr::Test(test) => &test.args,
        Expr::Call(call) => &call.args,
        _ => &[],
    }
}

/// True if an argument stands for as many as a list or a map has, which the source does not tell.
fn is_spread(argument: &CallArg<'_>) -> bool {
    matches!(argument, CallArg::PosSplat(_) | CallArg::KwargSplat(_))
}

/// A filter, and the filters and tests that it names in its arguments.
fn check_filter(filter: &Filter<'_>) -> Result<(), String> {
    known(Kind::Filter, filter.name)?;
    let text = |index: usize| filter.args.get(index).and_then(text_of);
    match (filter.name, text(0), text(1)) {
        ("map", Some(name), _) => known(Kind::Filter, name),
        ("select" | "reject", Some(name), _) => known(Kind::Test, name),
        ("selectattr" | "rejectattr", _, Some(name)) => known(Kind::Test, name),
        _ => Ok(()),
    }
}

/// The text of an argument, if it is the same in every run.
pub(super) fn text_of<'a>(argument: &'a CallArg<'_>) -> Option<&'a str> {
    match argument {
        CallArg::Pos(Expr::Const(constant)) => constant.value.as_str(),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Filter,
    Test,
    Function,
    Method,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Test => "test",
            Self::Function => "function",
            Self::Method => "method",
        }
    }

    fn names(self) -> Vec<&'static str> {
        let of = |builtins: &'static [Builtin]| builtins.iter().flat_map(|builtin| builtin.names).copied().collect();
        match self {
            Self::Filter => of(FILTERS),
            Self::Test => of(TESTS),
            Self::Function => of(FUNCTIONS),
            Self::Method => LOOP_METHODS.to_vec(),
        }
    }
}

fn known(kind: Kind, name: &str) -> Result<(), String> {
    let names = kind.names();
    if names.contains(&name) {
        return Ok(());
    }
    let word = kind.word();
    let advice = match (
        elsewhere(name).or_else(|| of_another_kind(name)),
        nearest(name, names.iter().copied()),
    ) {
        (Some(advice), _) => advice,
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("the {word}s are listed in docs/expressions.md"),
    };
    Err(format!("unknown {word} `{name:.40}`; {advice}"))
}

fn elsewhere(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let is_meant = |names: &&(&[&str], &str)| names.0.iter().any(|known| known.to_lowercase() == lower);
    ELSEWHERE.iter().find(is_meant).map(|(_, advice)| (*advice).to_owned())
}

/// Advice on a name that exists, but is used as another kind of thing.
fn of_another_kind(name: &str) -> Option<String> {
    let kinds = [
        (Kind::Filter, format!("`{name}` is a filter: `x | {name}`")),
        (Kind::Test, format!("`{name}` is a test: `x is {name}`")),
        (Kind::Function, format!("`{name}` is a function: `{name}(x)`")),
    ];
    let mut kinds = kinds.into_iter();
    kinds.find_map(|(kind, advice)| kind.names().contains(&name).then_some(advice))
}

fn no_method(name: &str) -> String {
    let filters = Kind::Filter.names();
    let advice = match elsewhere(name) {
        Some(advice) => advice,
        None if filters.contains(&name) => format!("use the filter: `x | {name}`"),
        None => match nearest(name, filters.into_iter()) {
            Some(near) => format!("did you mean the filter `x | {near}`?"),
            None => "use a filter: `x | filter`".to_owned(),
        },
    };
    format!("unknown method `{name:.40}`: values have no methods; {advice}")
}

#[cfg(test)]
mod tests;

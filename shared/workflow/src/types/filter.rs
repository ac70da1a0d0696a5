//! The types that filters take and give.

use super::{
    Kind, Type,
    infer::{Class, Inference, argument, shown},
};
use minijinja::machinery::ast::{CallArg, Expr, Filter};

impl Inference<'_> {
    /// The type of what a filter gives.
    pub(super) fn filter(&mut self, filter: &Filter<'_>) -> Type {
        let Some(operand) = &filter.expr else {
            return Type::UNKNOWN;
        };
        let given = filter.args.iter();
        let given: Vec<Type> = given
            .map(|given| self.strictly(|this| this.of(argument(given))))
            .collect();
        if matches!(filter.name, "default" | "d") {
            let of = self.leniently(|this| this.of(operand));
            let other = given.into_iter().next().unwrap_or(Kind::Text.into());
            return match of.kind {
                Kind::Null => other,
                _ => of.present().or(other),
            };
        }
        let of = self.strictly(|this| this.of(operand));
        if let Some(of) = self.time_filter(filter, (operand, &of), &given) {
            return of;
        }
        self.result(filter, operand, of, &given)
    }

    fn result(&mut self, filter: &Filter<'_>, operand: &Expr<'_>, of: Type, given: &[Type]) -> Type {
        match filter.name {
            "upper" | "lower" | "title" | "capitalize" | "trim" | "replace" | "indent" => {
                self.takes_text(filter.name, operand, &of);
                Kind::Text.into()
            }
            "string" | "escape" | "e" | "safe" => {
                self.becomes_text(&of);
                Kind::Text.into()
            }
            "format" => {
                self.takes_text(filter.name, operand, &of);
                Kind::Text.into()
            }
            "tojson" | "pprint" => Kind::Text.into(),
            "bool" => Kind::Boolean.into(),
            "int" => {
                self.takes_a_number_or_text(filter.name, operand, &of);
                Kind::Integer.into()
            }
            "float" => {
                self.takes_a_number_or_text(filter.name, operand, &of);
                Kind::Number.into()
            }
            "round" | "abs" => self.takes_a_number(filter.name, operand, of),
            "length" | "count" => {
                self.must_be_there(&of, operand, filter.name);
                if matches!(
                    Class::of(&of),
                    Some(Class::Boolean | Class::Number | Class::Time | Class::Duration)
                ) {
                    self.error(format!("{} is {}, which has no length", shown(operand), of.words()));
                }
                Kind::Integer.into()
            }
            "join" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                self.becomes_text(&item);
                Kind::Text.into()
            }
            "split" | "lines" => {
                self.takes_text(filter.name, operand, &of);
                Type::list(Kind::Text.into())
            }
            "first" | "last" | "min" | "max" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                match self.has_entries(operand) {
                    true => item,
                    false => self.used_entry(item, operand, filter.name),
                }
            }
            "sum" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                if Class::of(&item).is_some_and(Class::is_temporal) {
                    self.error(format!(
                        "the entries of {} are {}, but `sum` takes numbers; add durations with `+`",
                        shown(operand),
                        item.words()
                    ));
                }
                Kind::Number.into()
            }
            "list" | "sort" | "reverse" | "unique" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                self.attribute(filter, operand, &item);
                match (filter.name, Class::of(&of)) {
                    ("reverse", Some(Class::Text)) => Kind::Text.into(),
                    _ => Type::list(item),
                }
            }
            "select" | "reject" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                self.entries_compared(operand, &item, filter.args.get(1).zip(given.get(1)));
                match first_text(filter) {
                    // What passes such a test is not null.
                    Some("string" | "number" | "mapping" | "startingwith" | "endingwith")
                        if filter.name == "select" =>
                    {
                        Type::list(item.present())
                    }
                    Some("none") if filter.name == "reject" => Type::list(item.present()),
                    _ => Type::list(item),
                }
            }
            "selectattr" | "rejectattr" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                if let Some(name) = first_text(filter) {
                    let field = self.field_of_entries(&item, operand, name);
                    self.entries_compared(operand, &field, filter.args.get(2).zip(given.get(2)));
                }
                Type::list(item)
            }
            "map" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                match (keyword(filter, "attribute"), first_text(filter)) {
                    (Some(name), _) => Type::list(match keyword(filter, "default") {
                        Some(_) => Type::UNKNOWN,
                        None => self.field_of_entries(&item, operand, name),
                    }),
                    (
                        None,
                        Some("upper" | "lower" | "title" | "capitalize" | "trim" | "replace" | "string" | "tojson"),
                    ) => Type::list(Kind::Text.into()),
                    (None, Some("int" | "length" | "count")) => Type::list(Kind::Integer.into()),
                    _ => Type::list(Type::UNKNOWN),
                }
            }
            "batch" | "slice" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                Type::list(Type::list(item))
            }
            "groupby" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                self.attribute(filter, operand, &item);
                Type::list(Type::UNKNOWN)
            }
            "chain" => {
                let item = self.takes_a_list(filter.name, operand, &of);
                let others = given.iter().map(|other| match &other.kind {
                    Kind::List(of) => of.as_ref().clone(),
                    _ => Type::UNKNOWN,
                });
                Type::list(Type::any_of([item].into_iter().chain(others)))
            }
            "items" | "dictsort" => {
                self.must_be_there(&of, operand, filter.name);
                if Class::of(&of).is_some_and(|class| class != Class::Map) {
                    self.error(format!(
                        "{} is {}, but `{}` takes a map",
                        shown(operand),
                        of.words(),
                        filter.name
                    ));
                }
                Type::list(Type::UNKNOWN)
            }
            "zip" => {
                self.takes_a_list(filter.name, operand, &of);
                Type::list(Type::UNKNOWN)
            }
            _ => Type::UNKNOWN,
        }
    }

    /// A list, the type of whose entries this gives. To most filters of lists, null is an empty one.
    fn takes_a_list(&mut self, name: &str, operand: &Expr<'_>, of: &Type) -> Type {
        if matches!(name, "first" | "last" | "min" | "max" | "reverse") {
            self.must_be_there(of, operand, name);
        }
        self.item_of(of, operand)
    }

    /// Numbers, true and false are text to a filter of texts.
    fn takes_text(&mut self, name: &str, operand: &Expr<'_>, of: &Type) {
        self.must_be_there(of, operand, name);
        if matches!(Class::of(of), Some(Class::List | Class::Map)) {
            self.error(format!("{} is {}, but `{name}` takes text", shown(operand), of.words()));
        }
    }

    fn takes_a_number(&mut self, name: &str, operand: &Expr<'_>, of: Type) -> Type {
        self.must_be_there(&of, operand, name);
        match Class::of(&of) {
            Some(Class::Number) => of.present(),
            None => Kind::Number.into(),
            Some(_) => {
                self.error(format!(
                    "{} is {}, but `{name}` takes a number; make one of it with `| float`",
                    shown(operand),
                    of.words()
                ));
                Kind::Number.into()
            }
        }
    }

    fn takes_a_number_or_text(&mut self, name: &str, operand: &Expr<'_>, of: &Type) {
        self.must_be_there(of, operand, name);
        if matches!(
            Class::of(of),
            Some(Class::List | Class::Map | Class::Time | Class::Duration)
        ) {
            self.error(format!(
                "{} is {}, but `{name}` takes a number or text",
                shown(operand),
                of.words()
            ));
        }
    }

    /// An entry of a list that may have none.
    fn used_entry(&mut self, item: Type, list: &Expr<'_>, name: &str) -> Type {
        let found = item.or_missing("the list may be empty");
        match self.is_expected() {
            true => found,
            false => {
                let list = shown(list);
                let list = list.trim_matches('`');
                self.warning(format!(
                    "`{list} | {name}` may be missing: the list may be empty; test `{list} | length > 0` first, or write `{list} | \
                     {name} | default(…)`"
                ));
                found.present()
            }
        }
    }

    /// Checks the field that a filter goes by.
    fn attribute(&mut self, filter: &Filter<'_>, operand: &Expr<'_>, item: &Type) {
        let positional = (filter.name == "groupby").then(|| first_text(filter)).flatten();
        if let Some(name) = keyword(filter, "attribute").or(positional) {
            self.field_of_entries(item, operand, name);
        }
    }

    /// The type of a field of each entry of a list.
    fn field_of_entries(&mut self, item: &Type, list: &Expr<'_>, name: &str) -> Type {
        let mut of = item.clone();
        for part in name.split('.') {
            of = match &of.kind {
                Kind::Record(record) => match record.field(part) {
                    Some(field) => field.clone(),
                    None => {
                        let meant = record.meant.iter().find(|(written, _)| *written == part);
                        let hint = match meant {
                            Some((_, meant)) => format!("`{part}` is not known; did you mean `{meant}`?"),
                            None => {
                                let known = record.fields.iter().map(|(known, _)| known.as_ref());
                                crate::action::unknown_field(part, known)
                            }
                        };
                        self.error(format!("in the entries of {}, {hint}", shown(list)));
                        return Type::UNKNOWN;
                    }
                },
                Kind::Unknown | Kind::Map | Kind::Null => return Type::UNKNOWN,
                Kind::List(_)
                | Kind::Boolean
                | Kind::Integer
                | Kind::Number
                | Kind::Text
                | Kind::Words(_)
                | Kind::Time
                | Kind::Duration => {
                    self.error(format!(
                        "the entries of {} are {}, with no field `{part}`",
                        shown(list),
                        of.words()
                    ));
                    return Type::UNKNOWN;
                }
            };
        }
        of
    }
}

/// The first argument, if it is a text that is the same in every run.
fn first_text<'a>(filter: &'a Filter<'_>) -> Option<&'a str> {
    match filter.args.first()? {
        CallArg::Pos(Expr::Const(constant)) => constant.value.as_str(),
        _ => None,
    }
}

/// An argument with a name, if it is a text that is the same in every run.
fn keyword<'a>(filter: &'a Filter<'_>, wanted: &str) -> Option<&'a str> {
    filter.args.iter().find_map(|argument| match argument {
        CallArg::Kwarg(name, Expr::Const(constant)) if *name == wanted => constant.value.as_str(),
        _ => None,
    })
}

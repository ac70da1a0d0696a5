//! Times and durations: the types of what is done with them, and the arguments that are the same in every run.

use super::{
    Kind, Type, Words,
    infer::{Class, Inference, Typed, argument, shown},
};
use crate::{
    action::unknown_field,
    template::time::{
        DIFFERENCES, Days, Duration, Format, Hours, ONE_KIND, PRODUCTS, SUMS, Time, TimeError, WEEKDAYS, Zone,
    },
};
use minijinja::machinery::ast::{CallArg, Expr, Filter};

/// A function or a filter as it is called.
struct Signature {
    name: &'static str,
    /// The arguments that are needed, in order.
    needed: &'static [&'static str],
    /// The arguments that are named and may be left out.
    named: &'static [&'static str],
    example: &'static str,
}

const FUNCTIONS: [Signature; 2] = [
    Signature {
        name: "time",
        needed: &["time"],
        named: &["zone"],
        example: "time('2026-11-30T08:00:00Z')",
    },
    Signature {
        name: "duration",
        needed: &["duration"],
        named: &[],
        example: "duration('15m')",
    },
];

const FILTERS: [Signature; 4] = [
    Signature {
        name: "in_zone",
        needed: &["zone"],
        named: &[],
        example: "now | in_zone('Europe/Berlin')",
    },
    Signature {
        name: "format_time",
        needed: &["format"],
        named: &["zone"],
        example: "now | format_time('%H:%M', zone='Europe/Berlin')",
    },
    Signature {
        name: "within",
        needed: &["hours"],
        named: &["days", "zone"],
        example: "now | within('09:00-17:00', days='mon-fri', zone='Europe/Berlin')",
    },
    Signature {
        name: "seconds",
        needed: &[],
        named: &[],
        example: "duration('15m') | seconds",
    },
];

/// The arguments of a call, by name.
type Arguments<'a, 'e> = Vec<(&'static str, Typed<'a, 'e>)>;

impl Inference<'_> {
    /// The type of what `time` and `duration` give; none for other functions.
    pub(super) fn time_function(&mut self, name: &str, arguments: &[CallArg<'_>], types: &[Type]) -> Option<Type> {
        let signature = FUNCTIONS.iter().find(|signature| signature.name == name)?;
        let of = match signature.name {
            "time" => Kind::Time,
            _ => Kind::Duration,
        };
        if let Some(arguments) = self.arguments(signature, arguments, types) {
            for (name, value) in &arguments {
                let value = *value;
                match *name {
                    "time" => self.source_of_time(value, &arguments),
                    "duration" => self.source_of_duration(value),
                    _ => self.text_argument(name, value),
                }
            }
        }
        Some(of.into())
    }

    /// The type of what a filter of times gives; none for other filters.
    pub(super) fn time_filter(
        &mut self,
        filter: &Filter<'_>,
        (operand, of): Typed<'_, '_>,
        types: &[Type],
    ) -> Option<Type> {
        let signature = FILTERS.iter().find(|signature| signature.name == filter.name)?;
        self.must_be_there(of, operand, signature.name);
        let wanted = match signature.name {
            "seconds" => Class::Duration,
            _ => Class::Time,
        };
        if let Some(class) = Class::of(of)
            && class != wanted
        {
            let remedy = match (wanted, class) {
                (Class::Time, Class::Text | Class::Number) => "; make one of it with `time(…)`",
                (Class::Duration, Class::Text) => "; make one of it with `duration(…)`",
                (Class::Duration, Class::Time) => ", such as `now - time(x)`",
                _ => "",
            };
            let takes = match wanted {
                Class::Duration => "a duration",
                _ => "a time",
            };
            self.error(format!(
                "{} is {}, but `{}` takes {takes}{remedy}",
                shown(operand),
                of.words(),
                signature.name
            ));
        }
        for (name, value) in self.arguments(signature, &filter.args, types).unwrap_or_default() {
            self.text_argument(name, value);
        }
        Some(match signature.name {
            "in_zone" => clock(),
            "format_time" => Kind::Text.into(),
            "within" => Kind::Boolean.into(),
            _ => Kind::Integer.into(),
        })
    }

    /// The arguments of a call by their names; none if they are not those that it takes.
    fn arguments<'a, 'e>(
        &mut self,
        signature: &Signature,
        given: &'a [CallArg<'e>],
        types: &'a [Type],
    ) -> Option<Arguments<'a, 'e>> {
        let Signature {
            name,
            needed,
            named,
            example,
        } = signature;
        let mut arguments = Vec::new();
        let mut positions = needed.iter();
        for (argument, of) in given.iter().zip(types) {
            match argument {
                CallArg::Pos(value) => match positions.next() {
                    Some(position) => arguments.push((*position, (value, of))),
                    None => {
                        self.error(format!("`{name}` has too many arguments; write it like `{example}`"));
                        return None;
                    }
                },
                CallArg::Kwarg(given, value) => match named.iter().find(|known| *known == given) {
                    Some(known) => arguments.push((*known, (value, of))),
                    None => {
                        let hint = unknown_field(given, named.iter().copied());
                        let hint = if named.is_empty() {
                            String::new()
                        } else {
                            format!("{hint}; ")
                        };
                        self.error(format!(
                            "`{name}` has no argument with the name `{given:.40}`; {hint}write it like `{example}`"
                        ));
                        return None;
                    }
                },
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => return None,
            }
        }
        if positions.next().is_some() {
            self.error(format!("`{name}` lacks an argument; write it like `{example}`"));
            return None;
        }
        Some(arguments)
    }

    /// The argument of `time`.
    fn source_of_time(&mut self, (value, of): Typed<'_, '_>, arguments: &Arguments<'_, '_>) {
        self.must_be_there(of, value, "time");
        if !matches!(Class::of(of), None | Some(Class::Text | Class::Number | Class::Time)) {
            self.error(format!(
                "{} is {}, but `time` takes text like 2026-11-30T08:00:00Z, or a number of seconds since 1970",
                shown(value),
                of.words()
            ));
        }
        let zone = arguments
            .iter()
            .find(|(name, _)| *name == "zone")
            .map(|(_, (zone, _))| *zone);
        let read = match (literal(value), zone.map(literal)) {
            (Some(text), None) => Time::read(text).err(),
            // A wrong zone is said where it stands.
            (Some(text), Some(zone)) => zone
                .and_then(|zone| Zone::named(zone).ok())
                .and_then(|zone| Time::read_in(text, &zone).err()),
            (None, _) => number(value).and_then(|number| Time::of_seconds(number).err()),
        };
        self.refuse(read);
    }

    /// The argument of `duration`.
    fn source_of_duration(&mut self, (value, of): Typed<'_, '_>) {
        self.must_be_there(of, value, "duration");
        if !matches!(Class::of(of), None | Some(Class::Text | Class::Duration)) {
            self.error(format!(
                "{} is {}, but `duration` takes text like 30s, 15m, 1h30m or 2d",
                shown(value),
                of.words()
            ));
        }
        self.refuse(literal(value).and_then(|text| Duration::read(text).err()));
    }

    /// An argument that must be text, of a form that its name says.
    fn text_argument(&mut self, argument: &str, (value, of): Typed<'_, '_>) {
        self.must_be_there(of, value, argument);
        if !matches!(Class::of(of), None | Some(Class::Text)) {
            self.error(format!(
                "{} is {}, but `{argument}` must be text",
                shown(value),
                of.words()
            ));
        }
        let Some(text) = literal(value) else { return };
        self.refuse(match argument {
            "zone" => Zone::named(text).err(),
            "format" => Format::read(text).err(),
            "hours" => Hours::read(text).err(),
            "days" => Days::read(text).err(),
            _ => None,
        });
    }

    fn refuse(&mut self, error: Option<TimeError>) {
        if let Some(error) = error {
            self.error(error.to_string());
        }
    }

    /// The type of a sum with a time or a duration in it; none for others.
    pub(super) fn sum_of_times(&mut self, left: Typed<'_, '_>, right: Typed<'_, '_>) -> Option<Type> {
        use Class::{Duration, Time};
        let of = match (Class::of(left.1), Class::of(right.1)) {
            (Some(Time), Some(Duration) | None) | (Some(Duration) | None, Some(Time)) => Kind::Time.into(),
            (Some(Duration), Some(Duration)) => Kind::Duration.into(),
            // With a time it is a time, and with a duration a duration.
            (Some(Duration), None) | (None, Some(Duration)) => Type::UNKNOWN,
            (one, other) if [one, other].into_iter().flatten().any(Class::is_temporal) => {
                self.cannot("+", left, right, SUMS)
            }
            _ => return None,
        };
        Some(of)
    }

    /// The type of a difference with a time or a duration in it; none for others.
    pub(super) fn difference(&mut self, left: Typed<'_, '_>, right: Typed<'_, '_>) -> Option<Type> {
        use Class::{Duration, Time};
        let of = match (Class::of(left.1), Class::of(right.1)) {
            (Some(Time), Some(Time)) | (None, Some(Time)) => Kind::Duration.into(),
            (Some(Time), Some(Duration)) => Kind::Time.into(),
            (Some(Duration), Some(Duration) | None) => Kind::Duration.into(),
            (Some(Time), None) | (None, Some(Duration)) => Type::UNKNOWN,
            (a, b) if [a, b].into_iter().flatten().any(Class::is_temporal) => {
                self.cannot("-", left, right, DIFFERENCES)
            }
            _ => return None,
        };
        self.must_be_there(left.1, left.0, "-");
        self.must_be_there(right.1, right.0, "-");
        Some(of)
    }

    /// The type of a product with a duration in it; none for others.
    pub(super) fn product_of_durations(&mut self, left: Typed<'_, '_>, right: Typed<'_, '_>) -> Option<Type> {
        use Class::{Duration, Number};
        let of = match (Class::of(left.1), Class::of(right.1)) {
            (Some(Duration), Some(Number) | None) | (Some(Number) | None, Some(Duration)) => Kind::Duration.into(),
            (one, other) if [one, other].into_iter().flatten().any(Class::is_temporal) => {
                self.cannot("*", left, right, PRODUCTS)
            }
            _ => return None,
        };
        Some(of)
    }

    /// The type of a duration in the other direction; none for what is neither a time nor a duration.
    pub(super) fn negated(&mut self, operand: &Expr<'_>, of: &Type) -> Option<Type> {
        match Class::of(of) {
            Some(Class::Duration) => {
                self.must_be_there(of, operand, "-");
                Some(Kind::Duration.into())
            }
            Some(Class::Time) => {
                self.refuse(Some(TimeError::Negation));
                Some(Type::UNKNOWN)
            }
            _ => None,
        }
    }

    /// Checks what the test of a `select` compares the entries of a list with, or a field of theirs, if one is a time or a duration. The
    /// tests that take another value compare with it.
    pub(super) fn entries_compared(&mut self, list: &Expr<'_>, of: &Type, other: Option<(&CallArg<'_>, &Type)>) {
        let Some((other, of_other)) = other else { return };
        if let (Some(one), Some(class)) = (Class::of(of), Class::of(of_other))
            && one != class
            && (one.is_temporal() || class.is_temporal())
            // A list is what `in` takes.
            && class != Class::List
        {
            self.error(format!(
                "what `select` and the like compare in the entries of {} is {}, and {} is {}, which cannot be compared; {ONE_KIND}",
                shown(list),
                of.words(),
                shown(argument(other)),
                of_other.words()
            ));
        }
    }

    fn cannot(&mut self, operator: &str, left: Typed<'_, '_>, right: Typed<'_, '_>, takes: &str) -> Type {
        self.error(format!(
            "{} is {} and {} is {}, and `{operator}` cannot be used with these; {takes}",
            shown(left.0),
            left.1.words(),
            shown(right.0),
            right.1.words()
        ));
        Type::UNKNOWN
    }
}

/// The type of a time as the clocks of a zone show it.
fn clock() -> Type {
    let whole = || Type::from(Kind::Integer);
    Type::record([
        ("year", whole()),
        ("month", whole()),
        ("day", whole()),
        ("hour", whole()),
        ("minute", whole()),
        ("second", whole()),
        ("weekday", Kind::Words(Words::ours(&WEEKDAYS)).into()),
        ("date", Kind::Text.into()),
        ("is_weekend", Kind::Boolean.into()),
    ])
}

/// The text of an argument, if it is the same in every run.
fn literal<'a>(value: &'a Expr<'_>) -> Option<&'a str> {
    match value {
        Expr::Const(constant) => constant.value.as_str(),
        _ => None,
    }
}

/// The number of an argument, if it is the same in every run.
fn number(value: &Expr<'_>) -> Option<f64> {
    match value {
        Expr::Const(constant) => f64::try_from(constant.value.clone()).ok(),
        _ => None,
    }
}

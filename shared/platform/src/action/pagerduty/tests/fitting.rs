//! Every input of every action, with values that PagerDuty would refuse: what only decorates never stops an action.

use futures_util::FutureExt as _;
use pagerduty::{
    actions::{Action, Performer},
    client::{ApiToken, Client, Events, RoutingKey},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use workflow::{
    action::{ActionSpec, Admitted, Field, FieldKind, OnNull, Rule, Unfit},
    planner::INPUT_BYTES,
};

/// An input that is read as the action does, and not sent.
struct Unsent(Value);

impl Unsent {
    fn read<I: DeserializeOwned>(self) -> Result<(), String> {
        let read = serde_json::from_value::<I>(self.0);
        read.map(|_| ()).map_err(|error| error.to_string())
    }
}

impl Performer for Unsent {
    type Answer = Result<(), String>;

    async fn rest<I: DeserializeOwned, O: Serialize>(
        self,
        _: impl AsyncFn(&Client, &ApiToken, &I, jiff::Timestamp) -> Result<O, pagerduty::Error>,
    ) -> Self::Answer {
        self.read::<I>()
    }

    async fn event<I: DeserializeOwned, O: Serialize>(
        self,
        _: impl AsyncFn(&Events, &RoutingKey, &I, jiff::Timestamp) -> Result<O, pagerduty::Error>,
    ) -> Self::Answer {
        self.read::<I>()
    }
}

fn read(action: Action, input: Value) -> Result<(), String> {
    action.perform(Unsent(input)).now_or_never().unwrap()
}

/// A value that fits.
fn good(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Text | FieldKind::Prose(_) | FieldKind::Key { .. } | FieldKind::Name => json!("checkout"),
        FieldKind::OneOf(words) => json!(words[0]),
        FieldKind::Words(words) => json!([words[0]]),
        FieldKind::Integer | FieldKind::Count { .. } => json!(1),
        FieldKind::Number => json!(1.5),
        FieldKind::Any => json!({"a": [1]}),
        FieldKind::Boolean => json!(true),
        FieldKind::Integration => json!("prod"),
        FieldKind::Id(_) => json!("PWIXJZS"),
        FieldKind::Ids(_) => json!(["PWIXJZS"]),
        FieldKind::UserEmail(_) => json!("oncall@example.com"),
        FieldKind::Length { .. } => json!("4h"),
        FieldKind::Time => json!("2027-01-31T09:00:00Z"),
        FieldKind::Url | FieldKind::Link => json!("https://example.com/a"),
        FieldKind::Links { .. } => json!([{"href": "http://example.com/a", "text": "A"}]),
        FieldKind::Map { .. } => json!({"a": 1}),
        FieldKind::List => json!([]),
        FieldKind::Object(fields) | FieldKind::Entries(fields) => fields
            .iter()
            .map(|field| (field.name.to_string(), good(&field.kind)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// An input with all that an action takes; of inputs that exclude each other, `wanted` or else the first.
fn whole(spec: &ActionSpec, wanted: &str) -> Map<String, Value> {
    let mut input: Map<String, Value> = spec
        .inputs
        .iter()
        .map(|field| (field.name.to_string(), good(&field.kind)))
        .collect();
    for rule in &spec.rules {
        if let Rule::AtMostOne(names) | Rule::ExactlyOne(names) = rule {
            let kept = names.iter().find(|name| *name == wanted).or(names.first());
            input.retain(|name, _| {
                !names.iter().any(|of_rule| of_rule == name) || kept.is_some_and(|kept| kept == name)
            });
        }
    }
    input
}

/// Values that templates give on bad days.
fn bad_days() -> Vec<Value> {
    let mut deep = json!("deep");
    for _ in 0..100 {
        deep = json!({ "in": deep });
    }
    let many: Map<String, Value> = (0..10_000)
        .map(|index| (format!("field{index}"), json!(index)))
        .collect();
    let links = |count: usize, href: &str| json!(vec![json!({"href": href, "text": "T"}); count]);
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!(" \n\t "),
        json!("\0"),
        json!("a\0b\u{1b}[31mc\u{85}"),
        json!(" edge "),
        json!("two\r\nlines"),
        json!("\u{202e}turned\u{feff}\u{fffd}"),
        json!("x".repeat(256)),
        json!("x".repeat(1025)),
        json!("é".repeat(2_000)),
        json!("😀\n".repeat(20_000)),
        json!("\u{1}".repeat(30_000)),
        json!("http://prometheus-0:9090/graph?g0.expr=up"),
        json!("http://[::]:9092/kapacitor/v1"),
        json!("ftp://a.example"),
        json!("javascript:alert(1)"),
        json!("https://"),
        json!("https:///a"),
        json!("https://a b"),
        json!("https://[::1"),
        json!("https://300.1.1.1.1/"),
        json!("https://xn--/"),
        json!(format!("https://a.example/{}", "x".repeat(3_000))),
        json!("tomorrow"),
        json!("2027-01-31"),
        json!("Critical"),
        json!("fatal"),
        json!("HIGH"),
        json!("many"),
        json!("400d"),
        json!("a@b@c"),
        json!("on call@example.com"),
        json!("../users"),
        json!([]),
        json!([null]),
        json!([1, "two"]),
        json!(["PWIXJZS", "../P2"]),
        json!(vec!["PWIXJZS"; 101]),
        links(1, "javascript:alert(1)"),
        links(60, "https://a.example"),
        links(50, &format!("https://a.example/{}", "x".repeat(2_000))),
        json!([{"href": "https://a.example"}, {"text": "nowhere"}, {"href": "https://b.example", "text": 7, "rel": "x"}, "x"]),
        json!({}),
        json!({"a": null}),
        json!({"conference_url": "http://a.example", "conference_number": 7, "conference_numbr": "1"}),
        json!({"firing": "alert line\n".repeat(7_000), "host": "db-1"}),
        json!({"x".repeat(60_000): 1}),
        deep,
        Value::Object(many),
    ]
}

fn size(input: &Value) -> usize {
    serde_json::to_string(input).unwrap().len()
}

/// True if an input has characters that cannot be shown. PagerDuty may take them, but people do not see them.
fn is_unreadable(field: &Field, value: &Value) -> bool {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let is_text = matches!(field.kind, FieldKind::Text | FieldKind::Prose(_));
    is_text && value.as_str().is_some_and(|text| text.contains(is_control))
}

/// True if the action cannot do without this input.
fn is_needed(field: &Field, value: &Value) -> bool {
    let is_said = value.as_str().is_some_and(|text| !text.trim().is_empty());
    match &field.unfit {
        // What narrows a list must not vanish.
        _ if !is_said && field.null == OnNull::Refuse => true,
        Unfit::Refuse => true,
        Unfit::Cut | Unfit::Hash => !field.optional && !is_said,
        Unfit::LeaveOut | Unfit::LeaveOutEntries | Unfit::Replace(_) => false,
    }
}

#[test]
fn p1_whatever_a_template_gives_only_the_message_the_target_and_who_is_paged_can_make_a_step_fail() {
    let (mut sent, mut refused) = (0, 0);
    for action in Action::ALL {
        let spec = action.spec();
        for field in &spec.inputs {
            for value in bad_days() {
                // As a run does with what a template gives.
                let value = field.kind.from_rendered(value);
                let mut given = whole(spec, &field.name);
                given.insert(field.name.to_string(), value.clone());
                let given = Value::Object(given);
                let shown: String = format!("{action} {}: {value}", field.name).chars().take(200).collect();

                match spec.admit(given.clone(), &[], INPUT_BYTES) {
                    Ok(Admitted { input, adjusted }) => {
                        sent += 1;
                        assert_eq!(spec.check_input(&input, &[]), Ok(()), "{shown}");
                        assert_eq!(read(*action, input.clone()), Ok(()), "{shown}");
                        assert!(size(&input) <= INPUT_BYTES, "{shown}");
                        let again = spec.admit(input.clone(), &[], INPUT_BYTES).unwrap();
                        assert_eq!((&again.input, again.adjusted.len()), (&input, 0), "{shown}");
                        let fits = spec.check_input(&given, &[]).is_ok() && size(&given) <= INPUT_BYTES;
                        assert_eq!(input == given, adjusted.is_empty(), "{shown}: {adjusted:?}");
                        assert_eq!(
                            input == given,
                            fits && !is_unreadable(field, &value),
                            "{shown}: {adjusted:?}"
                        );
                        // The field, and those that go only together with it.
                        let rules = spec.rules.iter().map(|rule| rule.fields());
                        let tied: Vec<&str> = rules
                            .filter(|names| names.contains(&field.name))
                            .flatten()
                            .chain([&field.name])
                            .map(|name| &**name)
                            .collect();
                        let others = |input: &Value| {
                            let mut input = input.as_object().unwrap().clone();
                            input.retain(|name, _| !tied.contains(&name.as_str()));
                            input
                        };
                        assert_eq!(others(&input), others(&given), "{shown}: other inputs are as they were");
                        let is_of_field = |said: &String| {
                            said.contains("more adjustments")
                                || tied.iter().any(|name| said.starts_with(&format!("`{name}")))
                        };
                        let said: Vec<String> = adjusted.iter().map(ToString::to_string).collect();
                        assert!(said.iter().all(is_of_field), "{shown}: {said:?}");
                    }
                    Err(problems) => {
                        refused += 1;
                        assert!(is_needed(field, &value), "{shown}: {problems:?}");
                        assert!(
                            problems
                                .iter()
                                .any(|problem| problem.contains(&format!("`{}`", field.name))),
                            "{shown}: {problems:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(sent > 3000 && refused > 1000, "{sent} were sent, {refused} refused");
}

#[test]
fn all_inputs_of_an_action_at_once_can_be_bad_and_what_decorates_still_stops_nothing() {
    for action in Action::ALL {
        let spec = action.spec();
        for value in bad_days() {
            let mut given = whole(spec, "");
            for field in spec.inputs.iter().filter(|field| !is_needed(field, &value)) {
                if given.contains_key(&*field.name) {
                    given.insert(field.name.to_string(), field.kind.from_rendered(value.clone()));
                }
            }
            let shown: String = format!("{action}: {value}").chars().take(200).collect();
            match spec.admit(Value::Object(given), &[], INPUT_BYTES) {
                Ok(Admitted { input, adjusted }) => {
                    assert_eq!(read(*action, input.clone()), Ok(()), "{shown}: {adjusted:?}");
                    assert!(size(&input) <= INPUT_BYTES, "{shown}");
                }
                Err(problems) => panic!("{shown}: {problems:?}"),
            }
        }
    }
}

use super::*;
use minijinja::{Environment, UndefinedBehavior, value::Serde};
use proptest::prelude::*;
use serde_json::{Map, json};

/// What expressions do with a value `x` and another one `y`.
const EXPRESSIONS: [&str; 56] = [
    "x",
    "x ~ ''",
    "x.a",
    "x['a']",
    "x.a.b",
    "x[0]",
    "x[-1]",
    "x[1:]",
    "x[::-1]",
    "x[0].a",
    "x.a[0]",
    "x == y",
    "x != y",
    "x < y",
    "x <= y",
    "x in y",
    "x + y",
    "x * 2",
    "x and y",
    "x or y",
    "not x",
    "[x, y]",
    "{'a': x, 'b': y}",
    "{'a': x} == {'a': y}",
    "x if y else 'no'",
    "x is mapping",
    "x is sequence",
    "x is iterable",
    "x is number",
    "x is integer",
    "x is string",
    "x is none",
    "x is boolean",
    "x.a is defined",
    "x is eq(y)",
    "x is in(y)",
    "x|length",
    "x|first",
    "x|last",
    "x|min",
    "x|max",
    "x|sum",
    "x|list",
    "x|items|list",
    "x|dictsort",
    "x|reverse|list",
    "x|sort",
    "x|unique|list",
    "x|join(', ')",
    "x|map(attribute='a')|list",
    "x|selectattr('a')|list",
    "x|groupby('a')",
    "x|batch(2)|list",
    "x|attr('a')",
    "x|default('none', true)",
    "x|tojson",
];

/// What templates do with them.
const TEMPLATES: [&str; 8] = [
    "{{ x }}",
    "{% for item in x %}{{ loop.index }}/{{ loop.length }} {{ item }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for name, value in x|items %}{{ name }}={{ value }};{% endfor %}",
    "{% for item in x|reverse %}{{ item }}{% endfor %}",
    "{% for item in x recursive %}{{ item }}{{ loop(item) if item is sequence }}{% endfor %}",
    "{% for item in x if item == y %}{{ item }}{% else %}none{% endfor %}",
    "{% with z = x %}{{ z.a }}{% endwith %}",
    "{% if x %}{{ x|pprint }}{% endif %}",
];

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3_i64..4).prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-2.5_f64..2.5).prop_map(Json::from),
        "[ab<é]{0,2}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|fields| Json::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

/// What an expression gives: JSON, or the kind of the error.
fn evaluated(environment: &Environment<'_>, source: &str, context: Value) -> Result<Json, String> {
    let value = environment.compile_expression(source).unwrap().eval(context);
    let value = value.map_err(|error| format!("{:?}: {:?}", error.kind(), error.detail()))?;
    match value.is_undefined() {
        true => Err("undefined".to_owned()),
        false => serde_json::to_value(&value).map_err(|error| error.to_string()),
    }
}

fn rendered(environment: &Environment<'_>, source: &str, context: Value) -> Result<String, String> {
    let template = environment.template_from_str(source).unwrap();
    let text = template.render(context);
    text.map_err(|error| format!("{:?}: {:?}", error.kind(), error.detail()))
}

proptest! {
    #[test]
    fn expressions_see_the_same_as_if_all_of_it_were_converted(x in json(), y in json()) {
        let environment = environment();
        let context = Arc::new(json!({"x": x, "y": y}));
        let converted = || Value::from(Serde(&*context));
        for source in EXPRESSIONS {
            let (ours, theirs) = (
                evaluated(&environment, source, value(&context)),
                evaluated(&environment, source, converted()),
            );
            prop_assert_eq!(ours, theirs, "{} of {}", source, context);
        }
        for source in TEMPLATES {
            let (ours, theirs) = (
                rendered(&environment, source, value(&context)),
                rendered(&environment, source, converted()),
            );
            prop_assert_eq!(ours, theirs, "{} of {}", source, context);
        }
    }
}

#[test]
fn a_map_or_a_list_stays_json_until_somebody_looks_into_it() {
    let seen = value(&Arc::new(json!({"teams": [{"name": "SRE"}], "number": 7})));
    let is_place = |value: &Value| value.downcast_object_ref::<Place>().is_some();
    let teams = seen.get_attr("teams").unwrap();
    assert!(is_place(&seen) && is_place(&teams) && is_place(&teams.get_item_by_index(0).unwrap()));
    assert!(!is_place(&seen.get_attr("number").unwrap()));
}

#[test]
fn a_list_in_a_map_in_a_list_is_found_from_outside_and_by_turns() {
    let context = Arc::new(json!({"teams": [{"members": ["ann", "bob"]}, {"members": []}]}));
    let environment = environment();
    assert_eq!(
        evaluated(&environment, "teams[0].members[1]", value(&context)),
        Ok(json!("bob"))
    );
    let turns = "{% for team in teams %}{% for name in team.members %}{{ name }} {% endfor %}{% endfor %}";
    assert_eq!(
        rendered(&environment, turns, value(&context)),
        Ok("ann bob ".to_owned())
    );
}

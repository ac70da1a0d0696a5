//! Of every template that is accepted, memory and time are bounded, whatever it does.

use super::ALLOCATOR;
use jiff::Timestamp;
use proptest::{prelude::*, sample::select};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use workflow::template::{Context, Expression, Template};

/// What one evaluation may allocate at once, beyond what was there before. The smallest function has 256 MB.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The time that it may take, in a build without the optimiser on a machine that does other things besides. A value that unfolds without
/// end takes hours, and a deployed function takes a tenth of what this build takes.
const LONGEST: Duration = Duration::from_secs(15);

/// An event that is as large as PagerDuty's largest, with lists, texts, numbers and nulls in it.
fn event() -> Value {
    let row = |n: usize| json!({"id": format!("P{n:06}"), "n": n % 7, "text": "é<\u{1}None ".repeat(8), "no": null, "tags": ["a", "b", n]});
    json!({
        "id": "01F",
        "title": "Disk full on db-1\nNone of it is left",
        "none": null,
        "long": "x y\n".repeat(20_000),
        "odd": "\u{1}\u{10ffff}".repeat(10_000),
        "nones": "None".repeat(10_000),
        "nulls": vec![Value::Null; 5_000],
        "rows": (0..1_200).map(row).collect::<Vec<_>>(),
        "deep": (0..90).fold(json!("end"), |inner, _| json!({"a": [inner]})),
    })
}

/// Evaluates a template in every way in which a workflow can, and holds what it used against the limits. Gives what it said.
fn held_to_the_limits(source: &str) -> String {
    let context = Context::of_event(event(), Timestamp::UNIX_EPOCH);
    let (Ok(template), began) = (Template::from_text(source), Instant::now()) else {
        return "refused".to_owned();
    };
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let given = template.evaluate(&context).map(|value| value.to_string().len());
    let _key = template.evaluate_key(&context);
    let _item = template.evaluate_item(&context, 1);
    let bytes = ALLOCATOR.peak_usage().saturating_sub(before);
    let took = began.elapsed();
    let shown: String = source.chars().take(200).collect();
    assert!(bytes <= MOST_BYTES, "{bytes} bytes: {shown}");
    assert!(took <= LONGEST, "{took:?}: {shown}");
    given.map_or_else(|error| error.to_string(), |length| format!("{length} bytes"))
}

/// A value that shares structure, and unfolds to more than there is memory for.
fn doubled(name: &str, times: usize) -> String {
    let again = format!("{{% set {name} = [{name}, {name}] %}}");
    format!("{{% set {name} = [1, 'x'] %}}{}", again.repeat(times))
}

#[rstest]
fn a_value_that_unfolds_without_end_is_refused_by_all_that_would_unfold_it(
    #[values(
        "{{ a }}",
        "x{{ a }}",
        "{{ a | tojson }}",
        "{{ a | string }}",
        "{{ a | pprint }}",
        "{{ [a] | map('string') | list }}",
        "{{ [a] | map('tojson') | list }}",
        "{{ a ~ 'x' }}",
        "{{ [a, a] | join('-') }}",
        "{{ '%s' | format(a) }}",
        "{{ a | upper }}",
        "{{ 'x' | replace('x', a) }}",
        "{{ a == b }}",
        "{{ a != b }}",
        "{{ a < b }}",
        "{{ 1 == 1 and a <= b }}",
        "{{ a > b }}",
        "{{ a >= b }}",
        "{{ a < b < a }}",
        "{{ a in [b] }}",
        "{{ a not in b }}",
        "{{ a in 'text' }}",
        "{{ a is eq(b) }}",
        "{{ a is lt(b) }}",
        "{{ a is in([b]) }}",
        "{{ a is sameas(b) }}",
        "{{ [a, b] | select('eq', b) | list }}",
        "{{ [a, b] | sort }}",
        "{{ [{'k': a}, {'k': b}] | sort(attribute='k') }}",
        "{{ [a, b] | unique | list }}",
        "{{ [a, b] | min }}",
        "{{ [a, b] | max }}",
        "{{ [{'k': a}, {'k': b}] | groupby('k') }}",
        "{{ {'x': a, 'y': b} | dictsort(by='value') }}",
        "{{ {a: 1, b: 2} }}",
        "{{ {'x': 1}[a] }}",
        "{{ [[a], [b]] | sum(start=[]) }}",
        "{{ dict(x=a) | string }}",
        "{{ dict(x=a, y=b) == dict(x=b, y=a) }}",
        "{% for x in [a, b] %}{% if loop.changed(x) %}1{% endif %}{% endfor %}",
        "{% for x in [1, 2] %}{{ loop.cycle(a, b) }}{% endfor %}",
        "{% set s %}{{ a }}{% endset %}{{ s }}",
        "{% filter replace('x', a) %}x{% endfilter %}",
        "{% with z = a %}{{ z }}{% endwith %}",
        "{{ a * 3 }}",
        "{{ a + b }}",
        "{{ a[::-1] }}",
        "{{ a | reverse }}",
        "{{ a | batch(1) }}",
        "{{ a | slice(2) }}",
        "{{ a | zip(b) }}",
        "{{ a | chain(b) }}",
        "{{ a | list }}",
        "{{ a | default(b) }}",
        "{{ a - b }}",
        "{{ -a }}",
        "{{ a | int }}",
        "{{ a | round }}",
        "{{ a | abs }}"
    )]
    use_of_it: &str,
) {
    let source = format!("{}{}{use_of_it}", doubled("a", 60), doubled("b", 60));
    assert_ne!(held_to_the_limits(&source), "refused", "the test has to be a template");
}

#[rstest]
#[case::indent_of_json("{{ {'a': [1]} | tojson(indent=1000000000) }}")]
#[case::indent_of_json_by_position("{{ {'a': [1]} | tojson(1000000000) }}")]
#[case::indent_of_an_event("{{ event | tojson(indent=3000000) != '' }}")]
#[case::indent_of_what_is_deep("{{ [event.deep] * 50 | tojson(indent=8) }}")]
#[case::indent_in_a_map("{{ [event] | map('tojson', indent=100000) | list }}")]
#[case::pprint_of_what_is_deep("{{ ([event.deep] * 500) | pprint }}")]
#[case::indent_of_text("{{ event.long | indent(1000000000) }}")]
#[case::indent_of_texts("{{ (['a\\nb'] * 10000) | map('indent', 30000) | list }}")]
#[case::json_of_events("{{ [event, event, event, event, event, event, event, event, event, event] | tojson }}")]
#[case::json_of_events_again("{% for a in range(50) %}{{ event | tojson | length }}{% endfor %}")]
#[case::text_of_events_again("{% for a in range(50) %}{{ (event ~ '') | length }}{% endfor %}")]
#[case::pprint_of_events("{% for a in range(50) %}{{ event | pprint | length }}{% endfor %}")]
#[case::compared_in_a_loop(
    "{% for a in event.rows %}{% for b in event.rows %}{{ event.rows == event.rows[0:] }}{% endfor %}{% endfor %}"
)]
#[case::looked_for_in_a_loop("{% for a in event.rows %}{{ a in event.rows }}{% endfor %}")]
#[case::looked_for_by_a_test("{{ event.rows | select('in', event.rows) | list | length }}")]
#[case::found_at_once_in_a_range("{{ ([0] * 20000) | select('in', range(50000)) | list | length }}")]
#[case::times_in_a_loop("{% for a in range(50000) %}{{ now | format_time('%255d' * 40) }}{% endfor %}")]
#[case::times_in_a_list("{{ ([now] * 20000) | map('format_time', '%255d%255d%255d') | list }}")]
#[case::zones_in_a_loop("{% for a in range(50000) %}{{ (now | in_zone('Europe/Berlin')).hour }}{% endfor %}")]
#[case::hours_in_a_loop("{% for a in range(50000) %}{{ now | within('09:00-17:00', days='mon-fri') }}{% endfor %}")]
#[case::zone_that_is_long("{{ now | in_zone(event.long) }}")]
#[case::format_that_is_long("{{ now | format_time('%255d' * 10000) }}")]
#[case::hours_that_are_long("{{ now | within('1' * 100000) }}")]
#[case::days_that_are_long("{{ now | within('09:00-17:00', days='mon-sun,' * 20000) }}")]
#[case::time_that_is_long("{{ time('2026-11-30T08:00:00.' ~ '0' * 100000) }}")]
#[case::duration_that_is_long("{{ duration('1h ' * 100000) }}")]
#[case::duration_of_many_digits("{{ duration('9' * 100000 ~ 's') }}")]
#[case::times_times("{{ duration('1h') * (10 ** 30) }}")]
#[case::looked_for_in_a_range("{{ event.nulls | select('in', range(50000)) | list | length }}")]
#[case::not_looked_for_in_a_range("{{ event.nulls | reject('in', range(50000)) | list | length }}")]
#[case::attributes_looked_for("{{ event.rows | selectattr('id', 'in', range(100000)) | list | length }}")]
#[case::attributes_not_looked_for("{{ event.rows | rejectattr('id', 'in', range(100000)) | list | length }}")]
#[case::power("{{ 10 ** 100000 }}")]
#[case::power_of_power("{{ 10 ** 10 ** 10 ** 10 }}")]
#[case::repeated_text("{{ 'x' * 1000000000 }}")]
#[case::repeated_long_text("{{ (event.long * 70) | length }}")]
#[case::repeated_texts("{% for a in range(1000) %}{% set b = event.long * 50 %}{% endfor %}")]
#[case::repeated_lists("{{ [[[[[1] * 1000] * 1000] * 1000] * 1000] * 1000 }}")]
#[case::repeated_lists_counted("{{ [[[[[1] * 1000] * 1000] * 1000] * 1000] | string | length }}")]
#[case::repeated_lists_again("{{ [1] * 10000 * 10000 * 10000 | length }}")]
#[case::repeated_lists_in_a_block("{% set s %}{{ [[[1] * 1000] * 1000] * 1000 }}{% endset %}{{ s | length }}")]
#[case::repeated_events("{{ ([event] * 10000) | tojson | length }}")]
#[case::repeated_pairs("{{ ((1, 2) * 1000000000) | length }}")]
#[case::range("{{ range(1000000000) | list }}")]
#[case::ranges("{{ range(100000) | map('string') | map('list') | list }}")]
#[case::ranges_of_texts("{{ range(100000) | map('default', event.long) | join }}")]
#[case::widths("{{ '%1000000000s' | format('x') }}")]
#[case::precisions("{{ '%.1000000000f' | format(1.5) }}")]
#[case::widths_by_argument("{{ '%*d' | format(1000000000, 1) }}")]
#[case::many_widths("{{ ('%60000d' * 1000) | format(1) }}")]
#[case::widths_in_a_map("{{ (['%60000d'] * 10000) | map('format', 1) | list }}")]
#[case::batches("{{ [1] | batch(1000000000, 0) }}")]
#[case::batches_reserved("{{ range(100000) | batch(1000000000) }}")]
#[case::batches_in_a_map("{{ ([[1]] * 10000) | map('batch', 50000, 0) | list }}")]
#[case::slices("{{ [1] | slice(1000000000) }}")]
#[case::slices_in_a_map("{{ ([[1]] * 10000) | map('slice', 50000) | list }}")]
#[case::joined("{{ event.rows | join(event.long) }}")]
#[case::joined_in_a_map("{{ ([['a', 'b']] * 10000) | map('join', event.long) | list }}")]
#[case::joined_by_a_range_in_a_map("{{ event.nulls | map('join', range(50000)) | list | length }}")]
#[case::joined_by_a_range_in_maps("{{ [event.nulls] | map('map', 'join', range(50000)) | list | length }}")]
#[case::replaced("{{ event.long | replace('', event.long) }}")]
#[case::replaced_in_a_map("{{ (['xx'] * 10000) | map('replace', 'x', event.long) | list }}")]
#[case::split("{{ event.long | split('') | list }}")]
#[case::split_in_a_map("{{ ([event.long] * 100) | map('split', ' ') | map('list') | list }}")]
#[case::lines_in_a_map("{{ ([event.long] * 100) | map('lines') | list }}")]
#[case::characters("{{ event.long | list | map('list') | map('list') | list }}")]
#[case::grouped("{{ event.rows | groupby('text') | map(attribute='list') | map('list') | list }}")]
#[case::sorted_by_many_keys("{{ event.rows | sort(attribute='text,tags,id,n,text,tags,id,n,text,tags,id,n') }}")]
#[case::unique("{{ event.rows | unique | list | length }}")]
#[case::zipped("{{ event.rows | zip(event.rows, event.rows, event.rows) | zip(event.rows) | list }}")]
#[case::text_that_doubles(&format!("{{% set a = event.long %}}{}{{{{ a | length }}}}", "{% set a = a ~ a %}".repeat(60)))]
#[case::text_that_doubles_in_blocks(&format!("{{% set a = event.long %}}{}{{{{ a | length }}}}", "{% set a %}{{ a }}{{ a }}{% endset %}".repeat(60)))]
#[case::text_that_is_escaped(&format!("{{{{ event.odd{} | length }}}}", " | tojson".repeat(60)))]
#[case::text_that_is_printed(&format!("{{{{ event.odd{} | length }}}}", " | pprint".repeat(60)))]
#[case::text_that_is_escaped_for_html(&format!("{{{{ '&'{} | length }}}}", " | escape".repeat(300)))]
#[case::nested(&format!("{}{{{{ a | string }}}}", "{% set a = [1] %}".to_owned() + &"{% set a = [a] %}".repeat(350)))]
#[case::nested_and_compared(&format!("{}{{{{ a == [a] }}}}", "{% set a = [1] %}".to_owned() + &"{% set a = [a] %}".repeat(350)))]
#[case::nested_maps(&format!("{}{{{{ a | tojson }}}}", "{% set a = {} %}".to_owned() + &"{% set a = {'a': a} %}".repeat(350)))]
#[case::lazy_in_lazy(&format!("{{% set a = range(100000) %}}{}{{{{ a | length }}}}", "{% set a = a[0:] %}".repeat(300)))]
#[case::lazy_in_lazy_backwards(&format!("{{% set a = event.rows %}}{}{{{{ a | list | length }}}}", "{% set a = a | reverse %}".repeat(150)))]
#[case::lists_that_double(&format!("{{% set a = event.rows %}}{}{{{{ a | length }}}}", "{% set a = a + a %}".repeat(25)))]
#[case::lists_that_double_by_chain(&format!("{{% set a = event.rows %}}{}{{{{ a | length }}}}", "{% set a = a | chain(a) %}".repeat(25)))]
#[case::maps_that_chain(&format!("{{% set a = event %}}{}{{{{ a.title }}}}", "{% set a = a | chain(a) %}".repeat(25)))]
#[case::loops_in_loops(
    "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}"
)]
#[case::raw_text_in_loops(&format!("{{% for a in range(100000) %}}{}{{% endfor %}}", "x".repeat(20_000)))]
#[case::nulls_beside_the_word("{{ event.nones }}{% for a in event.nulls %}{{ a }}{% endfor %}")]
#[case::the_word_before_nulls("{% for a in event.nulls %}{{ a }}{% endfor %}{{ event.nones }}")]
#[case::the_word_among_nulls("{% for a in event.nulls %}None{{ a }}{% endfor %}")]
#[case::splat("{{ '%s' | format(*range(100000)) }}")]
#[case::rounded("{{ 1.5 | round(1000000000) }}")]
#[case::rounded_down("{{ 1.5 | round(-1000000000) }}")]
#[case::unknown_base("{{ event.long | int(base=36) }}")]
#[case::error_with_a_large_value("{{ event * 10000000 }}")]
#[case::error_with_a_long_text("{{ event.long * event.long }}")]
fn whatever_a_template_does_is_bounded(#[case] source: &str) {
    held_to_the_limits(source);
}

/// Pieces of the language that make large values of small ones, in all places in which an expression may stand.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "event",
        "event.rows",
        "event.long",
        "event.odd",
        "event.deep",
        "event.title",
        "event.nulls",
        "event.none",
        "a",
        "b",
        "1",
        "'x'",
        "'%s'",
        "now",
        "duration('1h')",
        "100000",
        "[]",
        "range(50000)",
        "1.5",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 24, 3, |inner| {
        let of_one = select(vec![
            "[EXPR]",
            "[EXPR] * 3000",
            "{'k': EXPR}",
            "EXPR | tojson",
            "EXPR | tojson(indent=8)",
            "EXPR | tojson(indent=100000)",
            "EXPR | string",
            "EXPR | pprint",
            "EXPR | list",
            "EXPR | items | list",
            "EXPR | batch(3, [1])",
            "EXPR | slice(3000, [1])",
            "EXPR | unique | list",
            "EXPR | sort",
            "EXPR | dictsort(by='value')",
            "EXPR | groupby('k') | list",
            "EXPR | upper",
            "EXPR | indent(10000)",
            "EXPR | escape",
            "EXPR | title",
            "EXPR | reverse",
            "EXPR | length",
            "EXPR | max",
            "EXPR | first",
            "EXPR | map('string') | list",
            "EXPR | map('list') | list",
            "EXPR | map('tojson', indent=7) | list",
            "EXPR | lines | list",
            "EXPR | map('batch', 30000, 0) | list",
            "(EXPR)[1:]",
            "(EXPR)[::-1]",
            "-EXPR",
            "EXPR | sum",
            "dict(x=EXPR)",
            "EXPR | bool",
            "time(EXPR)",
            "duration(EXPR)",
            "now | format_time(EXPR)",
            "now | within(EXPR)",
            "now | in_zone(EXPR)",
            "EXPR | map('format_time', '%255d%255d') | list",
        ]);
        let of_two = select(vec![
            "[LEFT, RIGHT]",
            "{'x': LEFT, 'y': RIGHT}",
            "{LEFT: 1, RIGHT: 2}",
            "LEFT ~ RIGHT",
            "LEFT + RIGHT",
            "LEFT * RIGHT",
            "LEFT ** RIGHT",
            "LEFT == RIGHT",
            "LEFT < RIGHT",
            "LEFT < RIGHT <= LEFT",
            "LEFT in RIGHT",
            "LEFT | join(RIGHT)",
            "LEFT | replace('x', RIGHT)",
            "LEFT | format(RIGHT)",
            "LEFT | zip(RIGHT) | list",
            "LEFT | chain(RIGHT)",
            "LEFT | default(RIGHT)",
            "LEFT | map('default', RIGHT) | list",
            "LEFT | map('join', RIGHT) | list",
            "LEFT | select('in', RIGHT) | list",
            "LEFT | split(RIGHT) | list",
            "(LEFT if RIGHT else 1)",
            "LEFT or RIGHT",
            "LEFT[RIGHT]",
            "LEFT | map(attribute='k', default=RIGHT) | list",
            "LEFT is eq(RIGHT)",
        ]);
        prop_oneof![
            (of_one, inner.clone()).prop_map(|(form, inner)| form.replace("EXPR", &format!("({inner})"))),
            (of_two, inner.clone(), inner).prop_map(|(form, left, right)| {
                form.replace("LEFT", &format!("({left})"))
                    .replace("RIGHT", &format!("({right})"))
            }),
        ]
    })
}

/// A statement, around what the others give.
fn statements() -> impl Strategy<Value = String> {
    let statement = (
        select(vec![
            "{% set a = EXPR %}",
            "{% set b = EXPR %}",
            "{% set a = [a, b, a] %}",
            "{% set b = {'x': b, 'y': b, 'z': a} %}",
            "{{ EXPR }}",
            "{% set a %}{{ EXPR }}{{ a }}{% endset %}",
            "{% for c in EXPR %}{{ c }}{% endfor %}",
            "{% for c in EXPR %}{% set a = [EXPR, a] %}{{ a | length }}{% endfor %}",
            "{% if EXPR %}{{ EXPR }}{% endif %}",
            "{% filter replace('x', EXPR) %}{{ EXPR }}{% endfilter %}",
            "{% with c = EXPR %}{{ c }}{% endwith %}",
            "{% for c in [EXPR, a] %}{% if loop.changed(c) %}{{ c }}{% endif %}{% endfor %}",
        ]),
        expressions(),
        1..12_usize,
    );
    let repeated = statement.prop_map(|(form, expression, times)| form.replace("EXPR", &expression).repeat(times));
    proptest::collection::vec(repeated, 1..6)
        .prop_map(|all| format!("{{% set a = [1] %}}{{% set b = 'x' %}}{}", all.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_time: 60_000, ..ProptestConfig::default() })]

    #[test]
    fn every_accepted_template_is_bounded(source in prop_oneof![statements(), expressions().prop_map(|it| format!("{{{{ {it} }}}}"))]) {
        held_to_the_limits(&source);
    }
}

#[test]
fn the_condition_of_a_trigger_that_would_take_all_memory_is_an_error_and_not_the_end_of_the_function() {
    let condition = Expression::condition("event | tojson(indent=3000000) != ''").unwrap();
    let error = condition
        .holds(&Context::of_event(event(), Timestamp::UNIX_EPOCH))
        .unwrap_err()
        .to_string();
    assert!(error.contains("indent"), "{error}");
}

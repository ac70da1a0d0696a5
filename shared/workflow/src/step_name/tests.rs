use super::*;
use crate::action::tests::catalog;
use crate::{
    definition::{Definition, tests::strategy::definitions},
    steps::StepKind,
};
use proptest::prelude::*;
use rstest::rstest;

const SOURCE: &str = "
name: w
steps:
  - wait: 1s
  - parallel:
      - name: platform
        steps: [{ wait: 1s }, { id: note, wait: 1s }]
      - steps: [{ wait: 1s }]
      - name: data base
        steps: [{ wait: 1s }]
  - if: 1 == 1
    steps: [{ wait: 1s }]
    else: [{ wait: 1s }, { id: inner, steps: [{ wait: 1s }] }]
  - choose:
      - when: 1 == 1
        steps: [{ wait: 1s }]
    default: [{ wait: 1s }]
  - id: each
    for_each: [a, b]
    steps:
      - wait: 1s
      - for_each: [c]
        steps: [{ wait: 1s }, { id: deep, wait: 1s }]
      - parallel: [{ name: left, steps: [{ wait: 1s }] }]
  - id: check
    repeat: { every: 1m, at_most: 9 }
    steps:
      - wait: 1s
      - { id: now, wait: 1s }
on_failure:
  - wait: 1s
  - id: cleanup
    wait: 1s
";

fn definition() -> Definition {
    Definition::from_source(SOURCE, catalog()).unwrap()
}

fn path(text: &str) -> StepPath {
    text.parse().unwrap()
}

fn lane(text: &str) -> LanePath {
    text.parse().unwrap()
}

#[rstest]
#[case::by_its_number("1", "main", "00000")]
#[case::in_a_named_lane("2/platform/1", "00001:00000", "00001.00000.00000")]
#[case::by_its_id_in_a_lane("note", "00001:00000", "00001.00000.00001")]
#[case::in_a_lane_without_a_name("2/2/1", "00001:00001", "00001.00001.00000")]
#[case::in_a_lane_with_a_space("2/data base/1", "00001:00002", "00001.00002.00000")]
#[case::in_a_block("3/steps/1", "main", "00002.00000.00000")]
#[case::in_an_else("3/else/1", "main", "00002.00001.00000")]
#[case::in_a_step_with_an_id("inner/steps/1", "main", "00002.00001.00001.00000.00000")]
#[case::in_a_branch("4/1/1", "main", "00003.00000.00000")]
#[case::in_a_default("4/default/1", "main", "00003.00001.00000")]
#[case::for_an_item("each[7]/1", "00004:00006", "00004.00000.00000")]
#[case::for_an_item_of_an_item(
    "each[7]/2[1]/1",
    "00004:00006/00004.00000.00001:00000",
    "00004.00000.00001.00000.00000"
)]
#[case::by_its_id_for_an_item(
    "each[7]/2[1]/deep",
    "00004:00006/00004.00000.00001:00000",
    "00004.00000.00001.00000.00001"
)]
#[case::in_a_lane_for_an_item(
    "each[2]/3/left/1",
    "00004:00001/00004.00000.00002:00000",
    "00004.00000.00002.00000.00000"
)]
#[case::in_a_round("check[3]/1", "00005:00002", "00005.00000.00000")]
#[case::by_its_id_in_a_round("check[3]/now", "00005:00002", "00005.00000.00001")]
#[case::in_on_failure("on_failure/1", "main", "on_failure.00000")]
#[case::by_its_id_in_on_failure("cleanup", "main", "on_failure.00001")]
fn a_step_has_one_name_that_is_printed_and_found_again(#[case] name: &str, #[case] of: &str, #[case] at: &str) {
    let definition = definition();
    assert_eq!(definition.step_name(&lane(of), &path(at)).to_string(), name);
    let place = definition.find_step(&name.parse().unwrap()).unwrap();
    assert_eq!((place.path, place.lane), (path(at), Some(lane(of))));
}

#[rstest]
#[case::number_of_a_lane("2/1/1", "00001.00000.00000")]
#[case::number_although_it_has_an_id("5[7]/1", "00004.00000.00000")]
#[case::number_of_the_steps_of_a_block("3/1/1", "00002.00000.00000")]
#[case::number_of_an_else("3/2/2", "00002.00001.00001")]
#[case::number_of_a_default("4/2/1", "00003.00001.00000")]
#[case::whole_way_to_an_id("2/platform/note", "00001.00000.00001")]
#[case::section_of_an_id("on_failure/cleanup", "on_failure.00001")]
#[case::whichever_the_item("each/steps/1", "00004.00000.00000")]
#[case::whichever_the_round("check/steps/1", "00005.00000.00000")]
#[case::id_whichever_the_item("deep", "00004.00000.00001.00000.00001")]
fn other_names_of_a_step_find_it_as_well(#[case] name: &str, #[case] at: &str) {
    assert_eq!(definition().find_step(&name.parse().unwrap()).unwrap().path, path(at));
}

#[rstest]
#[case("main", "main")]
#[case("2/platform", "00001:00000")]
#[case("2/2", "00001:00001")]
#[case("each[7]", "00004:00006")]
#[case("each[7]/2[1]", "00004:00006/00004.00000.00001:00000")]
#[case("each[7]/3/left", "00004:00006/00004.00000.00002:00000")]
#[case("check[3]", "00005:00002")]
fn a_lane_has_a_name(#[case] name: &str, #[case] of: &str) {
    let definition = definition();
    assert_eq!(definition.lane_name(&lane(of)).to_string(), name);
    assert_eq!(definition.find_lane(&name.parse().unwrap()), Ok(lane(of)));
}

#[rstest]
#[case("00005", "`00005` counts from 0, and names count from 1: write `6`")]
#[case("00001.00000.00002", "write `2/1/3`")]
#[case("on_failure.00000", "write `on_failure/1`")]
#[case("00001:00006", "write `2/7`, or `2[7]` if that step is a `for_each` or a `repeat`")]
#[case("steps[5].else[0].with.title", "write `6/else/1`")]
fn what_counts_from_0_is_refused_with_the_name_of_what_it_means(#[case] text: &str, #[case] words: &str) {
    for error in [
        text.parse::<StepName>().unwrap_err().to_string(),
        text.parse::<LaneName>().unwrap_err().to_string(),
    ] {
        assert!(error.ends_with(words), "{error}");
    }
}

#[test]
fn a_place_in_a_file_is_no_step_and_is_refused_with_its_name() {
    let error = "steps[5]".parse::<StepName>().unwrap_err().to_string();
    assert_eq!(error, "`steps[5]` counts from 0, and names count from 1: write `6`");
}

#[rstest]
#[case("")]
#[case("0")]
#[case("05")]
#[case("-1")]
#[case("1.5")]
#[case("2.0.3")]
#[case("2/")]
#[case("/2")]
#[case("2//1")]
#[case("2/platform")]
#[case("each[7]")]
#[case("each[0]/1")]
#[case("each[07]/1")]
#[case("each[]/1")]
#[case("[7]/1")]
#[case("each[7]1")]
#[case("2/platform/a b")]
#[case("4294967296")]
#[case("on_failure/1/2/3/4/5/6/")]
fn what_is_no_name_of_a_step_is_refused_with_the_form(#[case] text: &str) {
    let error = text.parse::<StepName>().unwrap_err().to_string();
    assert!(error.contains("such as `6`, `2/platform/1`"), "{error}");
}

#[rstest]
#[case("")]
#[case("2")]
#[case("2/platform/1")]
#[case("each[7]/")]
fn what_is_no_name_of_a_lane_is_refused_with_the_form(#[case] text: &str) {
    let error = text.parse::<LaneName>().unwrap_err().to_string();
    assert!(error.contains("such as `2/platform` or `each[7]`"), "{error}");
}

#[rstest]
#[case("7", "there is no step `7`; the workflow has 1, 2, 3, 4, each, check")]
#[case(
    "eahc",
    "there is no step `eahc`, did you mean `each`?; the workflow has 1, 2, 3, 4, each, check"
)]
#[case("on_failure/3", "there is no step `on_failure/3`; `on_failure` has 1, cleanup")]
#[case("on_failure/each", "there is no step `on_failure/each`; `on_failure` has 1, cleanup")]
#[case(
    "2/plattform/1",
    "step 2 has no `plattform`; it has the lanes `platform`, `2`, `data base`"
)]
#[case("2[1]/1", "step 2 has no `[1]`; it has the lanes")]
#[case("2/platform/3", "there is no step `2/platform/3`; `2/platform` has 1, note")]
#[case("3/otherwise/1", "step 3 has no `otherwise`; it has `steps` and `else`")]
#[case("4/3/1", "step 4 has no `3`; it has the branches 1 to 1 and `default`")]
#[case(
    "each/2/1",
    "step `each` has no `2`; it has items, such as `[1]`, and `steps` for all of them"
)]
#[case(
    "check/2/1",
    "step `check` has no `2`; it has rounds, such as `[1]`, and `steps` for all of them"
)]
#[case("1/steps/1", "step 1 (wait 1s) has no steps in it")]
fn a_step_that_is_not_there_is_told_with_those_that_are(#[case] name: &str, #[case] words: &str) {
    let error = definition().find_step(&name.parse().unwrap()).unwrap_err().to_string();
    assert!(error.starts_with(words), "{error}");
}

#[rstest]
#[case(
    "each/steps",
    "`each/steps` is in a lane for each item of step `each`; say which item, such as `each[1]`"
)]
#[case("each/steps/3/left", "`each/steps/3/left` is in a lane for each item of step `each`")]
#[case(
    "check/steps",
    "`check/steps` is in a lane for each round of step `check`; say which round, such as `check[1]`"
)]
#[case("3/else", "`3/else` is no lane: step 3 (steps) opens none")]
#[case("2/4", "step 2 has no `4`; it has the lanes")]
fn a_lane_that_is_not_there_is_told_with_what_to_write(#[case] name: &str, #[case] words: &str) {
    let error = definition().find_lane(&name.parse().unwrap()).unwrap_err().to_string();
    assert!(error.starts_with(words), "{error}");
}

#[rstest]
#[case("steps[5].with.title", Some(("6", "with.title")))]
#[case("steps[5]", Some(("6", "")))]
#[case("steps[1].parallel[0].steps[2].if", Some(("2/1/3", "if")))]
#[case("steps[1].parallel[0].output", Some(("2", "parallel[0].output")))]
#[case("steps[1].choose[1].steps[0]", Some(("2/2/1", "")))]
#[case("steps[1].choose[1].when", Some(("2", "choose[1].when")))]
#[case("steps[1].default[0].set.x", Some(("2/default/1", "set.x")))]
#[case("on_failure[0].with.links[2]", Some(("on_failure/1", "with.links[2]")))]
#[case("steps[0].with.steps[2]", Some(("1", "with.steps[2]")))]
#[case("on.pagerduty.events[0]", None)]
#[case("steps", None)]
fn a_place_in_a_file_is_a_step_and_the_rest(#[case] place: &str, #[case] expected: Option<(&str, &str)>) {
    let found = StepName::at_place(place);
    let found = found.as_ref().map(|(name, rest)| (name.to_string(), *rest));
    assert_eq!(found.as_ref().map(|(name, rest)| (name.as_str(), *rest)), expected);
}

/// A lane for a step: with an item or a round for each `for_each` and `repeat` around it, and in a `parallel` the one that the step is in.
fn lane_with_items(definition: &Definition, path: &StepPath, mut items: impl FnMut() -> u32) -> LanePath {
    let around: Vec<_> = std::iter::successors(path.parent(), |(outer, _)| outer.parent()).collect();
    around.into_iter().rev().fold(LanePath::main(), |lane, (outer, list)| {
        match &definition.step(&outer).unwrap().kind {
            StepKind::ForEach(_) | StepKind::Repeat(_) => lane.child(outer, items()),
            StepKind::Parallel(_) => lane.child(outer, list),
            _ => lane,
        }
    })
}

proptest! {
    #[test]
    fn each_step_of_each_lane_is_found_by_the_name_that_is_printed(
        definition in definitions(),
        items in prop::collection::vec(0_u32..1_000, 1..8),
    ) {
        let mut items = items.iter().copied().cycle();
        for (path, _) in definition.walk() {
            let lane = lane_with_items(&definition, &path, || items.next().unwrap_or_default());
            let name = definition.step_name(&lane, &path);
            let typed: StepName = name.to_string().parse().unwrap();
            prop_assert_eq!(&typed, &name);
            let place = definition.find_step(&typed).unwrap();
            prop_assert_eq!((&place.path, place.lane.as_ref()), (&path, Some(&lane)), "{}", name);

            let typed: LaneName = definition.lane_name(&lane).to_string().parse().unwrap();
            prop_assert_eq!(definition.find_lane(&typed), Ok(lane), "{}", typed);

            let name = definition.step_name_in_any_lane(&path);
            let place = definition.find_step(&name.to_string().parse().unwrap()).unwrap();
            prop_assert_eq!(&place.path, &path, "{}", name);

            let numbers = StepName::by_numbers(&path);
            prop_assert_eq!(definition.find_step(&numbers).unwrap().path, path, "{}", numbers);
        }
    }

    #[test]
    fn two_steps_never_have_one_name(definition in definitions()) {
        let names: std::collections::BTreeSet<_> =
            definition.walk().map(|(path, _)| definition.step_name_in_any_lane(&path).to_string()).collect();
        prop_assert_eq!(names.len(), definition.walk().count());
    }

    #[test]
    fn a_stored_path_is_never_taken_for_a_name(definition in definitions()) {
        for (path, _) in definition.walk() {
            prop_assert!(path.to_string().parse::<StepName>().is_err(), "{}", path);
            let lane = LanePath::main().child(path, 7).to_string();
            prop_assert!(lane.parse::<LaneName>().is_err(), "{}", lane);
            prop_assert!(lane.parse::<StepName>().is_err(), "{}", lane);
        }
    }

    #[test]
    fn no_text_breaks_the_reading_of_names(text in "[a-z0-9/\\[\\]._: é]{0,24}") {
        for shown in [
            text.parse::<StepName>().map(|name| name.to_string()).ok(),
            text.parse::<LaneName>().map(|name| name.to_string()).ok(),
        ].into_iter().flatten() {
            prop_assert_eq!(shown, text.clone());
        }
    }
}

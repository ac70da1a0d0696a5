//! Actions as the language of workflows knows them.

use super::{WHOLE, told, with};
use crate::connector::{Choices, Connector};
use rstest::rstest;
use workflow::action::{Effect, FieldKind, Longest, Repeat, Replayed, Settling, Unfit};

fn desk() -> Connector {
    Connector::from_source(WHOLE).unwrap()
}

#[test]
fn an_action_is_known_by_the_names_of_its_connector_and_its_system() {
    let desk = desk();
    let spec = desk.action("open").unwrap().spec();
    assert_eq!(spec.name, "desk.open");
    assert_eq!(spec.system, "Help Desk");
    assert_eq!(spec.function, "CallHttp");
    assert_eq!(spec.timeout_seconds, 60);
    assert_eq!(spec.effect, Effect::Other);
    assert!(desk.action("find").unwrap().is_internal() && !desk.action("open").unwrap().is_internal());
    assert_eq!(desk.test().unwrap().name(), "whoami");
}

#[test]
fn the_integration_is_the_first_input() {
    let desk = desk();
    let names: Vec<_> = desk
        .action("open")
        .unwrap()
        .spec()
        .inputs
        .iter()
        .map(|input| &*input.name)
        .collect();
    assert_eq!(names[..3], ["integration", "queue", "title"]);
    let spec = desk.action("open").unwrap().spec();
    assert_eq!(spec.inputs[0].kind, FieldKind::Integration);
    assert!(!spec.inputs[0].optional);
}

#[test]
fn a_text_that_may_be_cut_is_never_refused_for_its_length() {
    let desk = desk();
    let spec = desk.action("open").unwrap().spec();
    let title = spec.input("title").unwrap();
    assert_eq!(
        (&title.kind, &title.unfit),
        (&FieldKind::Prose(Longest::Characters(100)), &Unfit::Cut)
    );
    assert_eq!(spec.input("weight").unwrap().kind, FieldKind::Count { most: 10 });
    assert_eq!(
        spec.input("level").unwrap().summary,
        "the level; `low` if it does not say"
    );
}

#[test]
fn an_input_can_be_chosen_from_a_list() {
    let choices = Choices {
        action: "list_queues".to_owned(),
        list: "queues".to_owned(),
        value: "id".to_owned(),
        label: "name".to_owned(),
    };
    assert_eq!(desk().action("open").unwrap().choices("queue"), Some(&choices));
    assert_eq!(desk().action("open").unwrap().choices("title"), None);
}

const SETTLING: Settling = Settling {
    carried_out_seconds: 30,
    shown_seconds: 10,
};

#[rstest]
#[case::safe("safe", Repeat::IsHarmless, Replayed::Harmless, "changes nothing")]
#[case::sets("sets", Repeat::SetsState { settling: SETTLING }, Replayed::Harmless, "sets the same once more")]
#[case::never("never", Repeat::IsForbidden { look: "Help Desk".into() }, Replayed::Twice, "look in Help Desk")]
#[case::header(
    "{ header: Idempotency-Key }",
    Repeat::IsHarmless,
    Replayed::Twice,
    "in the header `idempotency-key`"
)]
#[case::look("{ look: find }", Repeat::NeedsLook { settling: SETTLING }, Replayed::Twice, "looks for what the first time has made")]
fn the_effect_of_a_repeat_is_told_to_the_planner_and_to_people(
    #[case] written: &str,
    #[case] repeat: Repeat,
    #[case] replayed: Replayed,
    #[case] words: &str,
) {
    let source = with("{ look: find }", written);
    assert_eq!(told(&source), "nothing is wrong");
    let desk = Connector::from_source(&source).unwrap();
    let spec = desk.action("open").unwrap().spec();
    assert_eq!((&spec.repeat, spec.replayed()), (&repeat, replayed));
    assert!(spec.on_repeat.contains(words), "{}", spec.on_repeat);
}

#[rstest]
#[case::get("method: GET, path: /me", "", Effect::Reads)]
#[case::post_that_reads("method: POST, path: /me", "reads: true", Effect::Reads)]
#[case::get_that_does_not("method: GET, path: /me", "reads: false", Effect::Other)]
fn a_question_changes_nothing_unless_it_says_so(#[case] request: &str, #[case] reads: &str, #[case] effect: Effect) {
    let (head, _) = WHOLE.split_once("test: whoami").unwrap();
    let source = format!(
        "{head}actions:\n  ask:\n    summary: s\n    repeat: safe\n    internal: true\n    {reads}\n    request: {{ {request} }}\n"
    );
    let connector = Connector::from_source(&source).unwrap();
    assert_eq!(connector.action("ask").unwrap().spec().effect, effect);
}

//! The people who may decide, and the answers that are decisions.

use super::*;
use rstest::rstest;

const ROLE: &str = "arn:aws:iam::123456789012:role/oncall";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/oncall/anna@example.com";

fn question(approvers: &[&str], not_by: Option<&str>) -> Question {
    let form =
        r#"{"reason": {"type": "text"}, "count": {"type": "integer", "default": 3}, "sure": {"type": "boolean"}}"#;
    Question {
        message: "Restart?".to_owned(),
        choices: Choice::usual(),
        form: serde_json::from_str(form).unwrap(),
        approvers: approvers
            .iter()
            .map(|text| Approver::try_from((*text).to_owned()).unwrap())
            .collect(),
        not_by: not_by.map(str::to_owned),
        until: "2026-11-22T10:00:00Z".parse().unwrap(),
    }
}

fn answer(form: &[(&str, &str)]) -> Answer {
    Answer {
        choice: "approve".to_owned(),
        form: form
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
    }
}

fn decide(question: &Question, answer: &Answer, decider: &Decider) -> Result<Decision, String> {
    let now = "2026-11-22T09:00:00Z".parse().unwrap();
    question
        .decide(answer, decider, now)
        .map_err(|refusal| refusal.to_string())
}

fn link() -> Decider {
    Decider::Link {
        name: " Anna ".to_owned(),
    }
}

fn arn(text: &str) -> Decider {
    Decider::Arn(text.to_owned())
}

fn slack(user: &str) -> Decider {
    Decider::Slack {
        user: user.parse().unwrap(),
        name: "anna".to_owned(),
    }
}

#[rstest]
#[case::link("link")]
#[case::user_of_slack("slack:U0123456789")]
#[case::user_of_a_grid("slack:W012A3CDE")]
#[case::role(ROLE)]
#[case::role_with_a_path("arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_oncall_1")]
#[case::roles("arn:aws:iam::*:role/oncall-*")]
#[case::user("arn:aws-us-gov:iam::123456789012:user/anna")]
#[case::session("arn:aws:sts::123456789012:assumed-role/oncall/*")]
#[case::account("arn:aws:iam::123456789012:root")]
fn a_pattern_that_a_person_can_match_is_an_approver(#[case] text: &str) {
    let approver = Approver::try_from(text.to_owned()).unwrap();
    assert_eq!(String::from(approver), text);
}

#[rstest]
#[case::nothing("")]
#[case::a_name("anna")]
#[case::a_mail("anna@example.com")]
#[case::a_chat("#oncall")]
#[case::a_channel_of_slack("slack:C0123456789")]
#[case::a_name_in_slack("slack:@anna")]
#[case::nobody_in_slack("slack:")]
#[case::a_mention_of_slack("slack:<@U0123456789>")]
#[case::a_role_without_its_arn("role/oncall")]
#[case::a_role_without_a_name("arn:aws:iam::123456789012:role/")]
#[case::a_group("arn:aws:iam::123456789012:group/oncall")]
#[case::a_policy("arn:aws:iam::123456789012:policy/oncall")]
#[case::a_bucket("arn:aws:s3:::bucket")]
#[case::an_account_that_is_none("arn:aws:iam::1234:role/oncall")]
#[case::a_region("arn:aws:iam:eu-west-1:123456789012:role/oncall")]
#[case::with_a_space("arn:aws:iam::123456789012:role/on call")]
#[case::longer_than_any(&format!("arn:aws:iam::123456789012:role/{}", "x".repeat(900)))]
fn a_pattern_that_no_person_matches_is_refused_and_says_what_to_write(#[case] text: &str) {
    let refused = Approver::try_from(text.to_owned()).unwrap_err().to_string();
    assert!(
        refused.contains("would let no person decide") && refused.contains("role/oncall"),
        "{refused}"
    );
}

#[rstest]
#[case::all(&[], link(), true)]
#[case::all_by_arn(&[], arn(SESSION), true)]
#[case::link(&["link"], link(), true)]
#[case::link_and_not_arn(&["link"], arn(SESSION), false)]
#[case::all_in_slack(&[], slack("U1"), true)]
#[case::user_of_slack(&["slack:U1", "slack:U2"], slack("U2"), true)]
#[case::another_user_of_slack(&["slack:U1"], slack("U12"), false)]
#[case::user_of_slack_and_not_link(&["slack:U1"], link(), false)]
#[case::user_of_slack_and_not_arn(&["slack:U1"], arn(SESSION), false)]
#[case::the_button_comes_with_the_link(&["link"], slack("U1"), true)]
#[case::role_and_not_slack(&[ROLE], slack("U1"), false)]
#[case::role_and_not_link(&[ROLE], link(), false)]
#[case::session_of_the_role(&[ROLE], arn(SESSION), true)]
#[case::the_role_has_a_path(&["arn:aws:iam::123456789012:role/team/oncall"], arn(SESSION), true)]
#[case::the_same_name_in_another_account(&[ROLE], arn("arn:aws:sts::999999999999:assumed-role/oncall/anna"), false)]
#[case::a_role_that_begins_so(&[ROLE], arn("arn:aws:sts::123456789012:assumed-role/oncall-admin/anna"), false)]
#[case::pattern(&["arn:aws:iam::*:role/on*"], arn(SESSION), true)]
#[case::pattern_in_the_middle(&["arn:aws:sts::*:assumed-role/*/anna@example.com"], arn(SESSION), true)]
#[case::one_of_two(&["arn:aws:iam::123456789012:user/bob", ROLE], arn(SESSION), true)]
#[case::none_of_two(&["arn:aws:iam::123456789012:user/bob", "link"], arn(SESSION), false)]
#[case::user(&["arn:aws:iam::123456789012:user/bob"], arn("arn:aws:iam::123456789012:user/bob"), true)]
fn only_approvers_decide(#[case] approvers: &[&str], #[case] decider: Decider, #[case] may: bool) {
    let decided = decide(&question(approvers, None), &answer(&[("reason", "r")]), &decider);
    assert_eq!(decided.is_ok(), may, "{decided:?}");
    if let Err(refused) = decided {
        assert!(refused.starts_with("only "), "{refused}");
    }
}

#[rstest]
#[case::the_same(SESSION, arn(SESSION), Some("has started the run"))]
#[case::the_same_person_in_another_role(
    SESSION,
    arn("arn:aws:sts::999999999999:assumed-role/admin/anna@example.com"),
    Some("has started the run")
)]
#[case::another_person(SESSION, arn("arn:aws:sts::123456789012:assumed-role/oncall/bob@example.com"), None)]
#[case::a_link_does_not_say(SESSION, link(), Some("a link does not say who decides"))]
#[case::slack_does_not_say(SESSION, slack("U1"), Some("Slack does not say who decides"))]
fn the_person_that_started_a_run_does_not_decide_where_that_is_prevented(
    #[case] starter: &str,
    #[case] decider: Decider,
    #[case] refused: Option<&str>,
) {
    let decided = decide(&question(&[], Some(starter)), &answer(&[("reason", "r")]), &decider);
    match (decided, refused) {
        (Ok(_), None) => {}
        (Err(message), Some(part)) => assert!(message.contains(part), "{message}"),
        (decided, _) => panic!("{decided:?}"),
    }
}

#[rstest]
#[case::all(&[], None, true)]
#[case::link(&["link"], None, true)]
#[case::link_beside_a_role(&[ROLE, "link"], None, true)]
#[case::role(&[ROLE], None, false)]
#[case::not_the_starter(&[], Some(SESSION), false)]
#[case::link_but_not_the_starter(&["link"], Some(SESSION), false)]
fn a_question_takes_links_where_a_link_can_decide(
    #[case] approvers: &[&str],
    #[case] not_by: Option<&str>,
    #[case] takes: bool,
) {
    let question = question(approvers, not_by);
    assert_eq!(question.takes_links(), takes);
    let decided = decide(&question, &answer(&[("reason", "r")]), &link());
    assert_eq!(decided.is_ok(), takes, "{decided:?}");
}

#[test]
fn a_decision_says_who_decided_how_and_what_was_filled_in() {
    let given = answer(&[("reason", " it leaks "), ("sure", "on")]);
    let decision = decide(&question(&[], None), &given, &link()).unwrap();
    assert_eq!(
        decision.outputs(),
        json!({
            "choice": "approve", "by": "Anna", "via": "link", "at": "2026-11-22T09:00:00Z",
            "form": {"reason": "it leaks", "count": 3, "sure": true},
        })
    );
}

#[test]
fn a_name_is_one_line_of_visible_characters() {
    let typed = Decider::Link {
        name: format!("An\nna\u{202e}\u{1b}[31m{}", "x".repeat(500)),
    };
    let decision = decide(&question(&[], None), &answer(&[("reason", "r")]), &typed).unwrap();
    assert!(decision.by.starts_with("Anna[31mxxx"), "{}", decision.by);
    assert_eq!(decision.by.chars().count(), NAME_CHARACTERS);
}

#[rstest]
#[case::missing(&[], "`reason` is missing")]
#[case::blank(&[("reason", "  ")], "`reason` is missing")]
#[case::no_number(&[("reason", "r"), ("count", "many")], "`count` must be a whole number")]
#[case::half_a_number(&[("reason", "r"), ("count", "1.5")], "`count` must be a whole number")]
#[case::neither(&[("reason", "r"), ("sure", "maybe")], "`sure` must be true or false")]
#[case::not_asked(&[("reason", "r"), ("resaon", "r")], "did you mean `reason`?")]
fn a_form_that_is_filled_in_otherwise_is_refused(#[case] form: &[(&str, &str)], #[case] problem: &str) {
    let refused = decide(&question(&[], None), &answer(form), &link()).unwrap_err();
    assert!(refused.contains(problem), "{refused}");
}

#[test]
fn a_text_is_no_longer_than_people_write() {
    let long = "x".repeat(TEXT_CHARACTERS + 1);
    let refused = decide(&question(&[], None), &answer(&[("reason", &long)]), &link()).unwrap_err();
    assert!(refused.contains("more than 2000 characters"), "{refused}");
}

#[test]
fn another_word_is_no_choice() {
    let given = Answer {
        choice: "aprove".to_owned(),
        ..answer(&[("reason", "r")])
    };
    let refused = decide(&question(&[], None), &given, &link()).unwrap_err();
    assert_eq!(
        refused,
        "\"aprove\" is none of the choices, which are `approve` or `deny`"
    );
}

#[rstest]
#[case::empty("")]
#[case::a_space_at_its_end("yes ")]
#[case::two_lines("yes\nno")]
#[case::turned("\u{202e}sey")]
#[case::long("0123456789012345678901234567890123456789x")]
#[case::the_word_of_on_timeout("fail")]
fn a_text_that_fits_on_no_button_is_no_choice(#[case] text: &str) {
    assert!(Choice::try_from(text.to_owned()).is_err());
}

#[test]
fn a_question_is_read_as_it_was_written() {
    let question = question(&[ROLE, "link"], Some(SESSION));
    let text = serde_json::to_string(&question).unwrap();
    assert_eq!(serde_json::from_str::<Question>(&text).unwrap(), question);
}

#[rstest]
#[case::all(&[], None, false, true)]
#[case::user_of_slack(&["slack:U1"], None, false, true)]
#[case::link(&[ROLE, "link"], None, false, true)]
#[case::role(&[ROLE], None, false, false)]
#[case::not_the_starter(&[], Some(SESSION), false, false)]
#[case::a_form_to_fill_in(&[], None, true, false)]
fn a_question_takes_buttons_where_a_button_can_decide(
    #[case] approvers: &[&str],
    #[case] not_by: Option<&str>,
    #[case] with_form: bool,
    #[case] takes: bool,
) {
    let mut question = question(approvers, not_by);
    if !with_form {
        question.form.retain(|name, _| name.as_str() != "reason");
    }
    assert_eq!(question.takes_buttons(), takes);
    let decided = decide(&question, &answer(&[]), &slack("U1"));
    assert_eq!(decided.is_ok(), takes, "{decided:?}");
}

#[test]
fn a_decision_in_slack_is_kept_under_the_id_that_is_certain_and_the_name_that_slack_says() {
    let decision = decide(&question(&[], None), &answer(&[("reason", "r")]), &slack("U1")).unwrap();
    assert_eq!((&*decision.by, decision.via), ("slack:U1 (anna)", Via::Slack));
    let unnamed = Decider::Slack {
        user: "U1".parse().unwrap(),
        name: " ".to_owned(),
    };
    assert_eq!(unnamed.name(), "slack:U1");
}

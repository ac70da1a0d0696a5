use super::*;
use platform::catalog;
use rstest::rstest;
use std::cell::RefCell;
use workflow::definition::Draft;

/// An account with a few things, which counts what it is asked.
#[derive(Default)]
struct Account {
    is_cut: bool,
    is_out_of_reach: bool,
    asked: RefCell<Vec<(String, BTreeSet<Thing>)>>,
}

fn row(id: &str, name: &str, email: Option<&str>) -> Row {
    Row {
        id: id.to_owned(),
        name: name.to_owned(),
        email: email.map(str::to_owned),
    }
}

fn rows(thing: Thing) -> Vec<Row> {
    match thing {
        Thing::Service => vec![
            row("PSVC8R2", "Checkout", None),
            row("PSVC8R3", "Checkout API", None),
            row("PSVC8R4", "Search", None),
            row("PSVC8R5", "search", None),
            row("PSVC8R6", "Twin", None),
            row("PSVC8R7", "Twin", None),
        ],
        Thing::User => vec![
            row("PUS1A7C", "Olivia Oncall", Some("oncall@example.com")),
            row("PUS2B8D", "Marek Manager", Some("manager@example.com")),
        ],
        // One whose name is the id of another.
        Thing::Priority => vec![row("P1", "P2", None), row("P2", "P1", None)],
        Thing::EscalationPolicy | Thing::Team => Vec::new(),
    }
}

impl Directory for Account {
    async fn things(&self, integration: &IntegrationAlias, kinds: &BTreeSet<Thing>) -> Answers {
        self.asked.borrow_mut().push((integration.to_string(), kinds.clone()));
        let answer = |thing: Thing| match self.is_out_of_reach {
            true => Err("PagerDuty answered 401".to_owned()),
            false => Ok(Things {
                rows: rows(thing),
                is_whole: !self.is_cut,
            }),
        };
        kinds.iter().map(|thing| (*thing, answer(*thing))).collect()
    }
}

/// A step with one input.
fn step(input: &str) -> Draft {
    let (action, rest) = match input.split_once(':').unwrap().0 {
        "service" => ("create_incident", "title: x"),
        "assignees" => ("reassign_incident", "incident_id: P1"),
        "from" => ("add_note", "incident_id: P1, note: x"),
        _ => ("update_incident", "incident_id: P1"),
    };
    let source =
        format!("name: a\nsteps:\n  - uses: pagerduty.{action}\n    with: {{ integration: prod, {rest}, {input} }}\n");
    Draft::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{source}\n{problems}"))
}

async fn meaning_in(account: &Account, input: &str) -> Result<Meaning, String> {
    let draft = step(input);
    let lookup = Lookup::of(draft.references().iter(), account).await;
    lookup.meaning(&draft.references()[0])
}

async fn meaning(input: &str) -> Result<Meaning, String> {
    meaning_in(&Account::default(), input).await
}

#[rstest]
#[case::name("service: Checkout", "PSVC8R2")]
#[case::name_in_other_letters("service: cHeckout api", "PSVC8R3")]
#[case::name_with_spaces("service: ' Checkout '", "PSVC8R2")]
#[case::id("service: PSVC8R2", "PSVC8R2")]
#[case::its_own_letters_go_first("service: search", "PSVC8R5")]
#[case::user_by_name("assignees: [Olivia Oncall]", "PUS1A7C")]
#[case::user_by_address("assignees: [OnCall@example.com]", "PUS1A7C")]
#[case::address_by_name("from: marek manager", "manager@example.com")]
#[case::address_by_id("from: PUS2B8D", "manager@example.com")]
#[case::address("from: Manager@Example.com", "manager@example.com")]
#[case::an_id_goes_before_a_name("priority: P2", "P2")]
#[tokio::test]
async fn a_name_an_id_or_an_address_means_one_thing(#[case] input: &str, #[case] value: &str) {
    let expected = Meaning {
        value: value.to_owned(),
        doubt: None,
    };
    assert_eq!(meaning(input).await, Ok(expected));
}

/// A trigger for the incidents of one service.
fn filter(service: &str) -> Draft {
    let trigger = format!("{{ integration: prod, events: [incident.triggered], services: [{service}] }}");
    Draft::from_source(
        &format!("name: a\non: {{ pagerduty: {trigger} }}\nsteps: [{{ wait: 1s }}]\n"),
        catalog(),
    )
    .unwrap()
}

#[tokio::test]
async fn the_names_and_ids_of_a_filter_are_looked_up_in_the_account_of_its_integration() {
    let account = Account::default();
    let resolved = async |service: &str| {
        let draft = filter(service);
        let lookup = Lookup::of(draft.references().iter(), &account).await;
        let meaning = |reference: &ThingReference| lookup.meaning(reference).map(|meaning| meaning.value);
        let definition = draft
            .resolved(catalog(), meaning)
            .map_err(|problems| problems.to_string())?;
        Ok::<_, String>(
            definition
                .trigger
                .unwrap()
                .pagerduty()
                .unwrap()
                .filters
                .services
                .clone(),
        )
    };
    assert_eq!(resolved("checkout").await.unwrap(), ["PSVC8R2"]);
    assert_eq!(
        resolved("PSVC8R4, Checkout, PSVC8R2").await.unwrap(),
        ["PSVC8R4", "PSVC8R2"]
    );
    insta::assert_snapshot!(resolved("Chekout").await.unwrap_err(), @"2:80: on.pagerduty.services[0]: `Chekout` is neither the name nor the id of a service of prod; did you mean `Checkout` (PSVC8R2)?");
}

#[tokio::test]
async fn a_filter_that_nobody_could_look_up_keeps_its_names() {
    let account = Account {
        is_out_of_reach: true,
        ..Account::default()
    };
    let draft = filter("Checkout");
    for lookup in [Lookup::of(draft.references().iter(), &account).await, Lookup::nothing()] {
        assert_eq!(lookup.meaning(&draft.references()[0]).unwrap().value, "Checkout");
    }
}

#[tokio::test]
async fn a_name_that_is_not_found_is_told_with_what_may_be_meant() {
    insta::assert_snapshot!(meaning("service: Check").await.unwrap_err(), @"`Check` is neither the name nor the id of a service of prod; did you mean `Checkout` (PSVC8R2) or `Checkout API` (PSVC8R3)?");
    insta::assert_snapshot!(meaning("service: Serch").await.unwrap_err(), @"`Serch` is neither the name nor the id of a service of prod; did you mean `Search` (PSVC8R4) or `search` (PSVC8R5)?");
    insta::assert_snapshot!(meaning("from: Oliva Oncall").await.unwrap_err(), @"`Oliva Oncall` is neither the name nor the id of a user of prod who can be acted for; did you mean `Olivia Oncall` (PUS1A7C, oncall@example.com)?");
}

#[tokio::test]
async fn an_id_that_is_not_in_the_account_is_told() {
    insta::assert_snapshot!(meaning("service: PXXXXXX").await.unwrap_err(), @"`PXXXXXX` is neither the name nor the id of a service of prod; `pagerflow services --integration prod` lists them");
    insta::assert_snapshot!(meaning("from: nobody@example.com").await.unwrap_err(), @"`nobody@example.com` is neither the name nor the id of a user of prod who can be acted for; `pagerflow users --integration prod` lists them");
}

#[tokio::test]
async fn a_name_of_several_things_is_told_with_their_ids() {
    insta::assert_snapshot!(meaning("service: Twin").await.unwrap_err(), @"`Twin` is the name of several services of prod: `Twin` (PSVC8R6), `Twin` (PSVC8R7); write the id of the one that is meant");
    assert!(meaning("service: SEARCH").await.unwrap_err().contains("several"));
}

#[tokio::test]
async fn what_a_cut_list_does_not_have_may_be_there() {
    let account = Account {
        is_cut: true,
        ..Account::default()
    };
    let id = meaning_in(&account, "service: PXXXXXX").await.unwrap();
    assert_eq!(id.value, "PXXXXXX");
    insta::assert_snapshot!(id.doubt.unwrap(), @"`PXXXXXX` is none of the services of prod that PagerDuty lists, but the list is cut; it is taken as it is");
    assert!(meaning_in(&account, "service: Unheard Of").await.is_err());
}

#[tokio::test]
async fn ids_of_an_account_that_cannot_be_asked_are_taken_and_names_are_not() {
    let account = Account {
        is_out_of_reach: true,
        ..Account::default()
    };
    let draft = step("service: PXXXXXX");
    let lookup = Lookup::of(draft.references().iter(), &account).await;
    assert_eq!(lookup.meaning(&draft.references()[0]).unwrap().value, "PXXXXXX");
    insta::assert_snapshot!(lookup.gaps().join("\n"), @"
    in the account of prod these could not be looked up, so their ids are not checked: services
    PagerDuty answered 401
    ");
    insta::assert_snapshot!(meaning_in(&account, "service: Checkout").await.unwrap_err(), @"`Checkout` is no id, and the account could not be asked for names; write the id");
    insta::assert_snapshot!(meaning_in(&account, "from: Olivia").await.unwrap_err(), @"`Olivia` is no e-mail address, and the account could not be asked for names; write the e-mail address");
}

#[test]
fn offline_nothing_is_looked_up() {
    let lookup = Lookup::nothing();
    let meaning = |input: &str| lookup.meaning(&step(input).references()[0]);
    assert_eq!(meaning("from: oncall@example.com").unwrap().value, "oncall@example.com");
    insta::assert_snapshot!(meaning("service: Checkout").unwrap_err(), @"`Checkout` is no id, and names are not looked up with --offline; write the id");
    assert!(lookup.gaps().is_empty());
}

#[tokio::test]
async fn an_account_that_an_expression_names_cannot_be_asked() {
    let draft = Draft::from_source(
        "name: a\ninputs: { account: { type: text } }\nsteps:\n  - uses: pagerduty.create_incident\n    with: { integration: \
         \"{{ inputs.account }}\", title: x, service: Checkout, assignee: PUS1A7C }\n", catalog())
    .unwrap();
    let account = Account::default();
    let lookup = Lookup::of(draft.references().iter(), &account).await;
    let meanings: Vec<_> = draft
        .references()
        .iter()
        .map(|reference| lookup.meaning(reference))
        .collect();
    assert!(account.asked.borrow().is_empty());
    assert_eq!(meanings.iter().filter(|meaning| meaning.is_ok()).count(), 1);
    insta::assert_snapshot!(meanings.iter().find_map(|meaning| meaning.as_ref().err()).unwrap(), @"`Checkout` is no id, and a name cannot be looked up where an expression names the account; write the id");
}

#[tokio::test]
async fn each_list_is_read_once_for_all_definitions() {
    let account = Account::default();
    let (one, other) = (step("service: Checkout"), step("service: Search"));
    let people = step("from: Olivia Oncall");
    let drafts = [&one, &other, &people];
    let _lookup = Lookup::of(drafts.iter().flat_map(|draft| draft.references()), &account).await;
    let asked = account.asked.borrow();
    assert_eq!(
        *asked,
        [("prod".to_owned(), BTreeSet::from([Thing::Service, Thing::User]))]
    );
}

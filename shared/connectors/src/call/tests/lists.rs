//! Lists of several pages.

use super::*;
use rstest::rstest;

/// An action that lists things in this way.
fn listing(page: &str) -> Given {
    let rest = format!(
        "actions:\n  list:\n    summary: s\n    repeat: safe\n    internal: true\n    request: {{ method: GET, path: /things, query: \
         {{ state: open }} }}\n    page: {{ {page}, list: \"{{{{ body.things }}}}\" }}\n    outputs:\n      things: {{ type: list, summary: s, \
         from: \"{{{{ items }}}}\" }}\n      more: {{ type: boolean, summary: s, from: \"{{{{ more }}}}\" }}\n"
    );
    Given::new(connector(BEARER, &rest))
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests can write JSON as it stands")]
fn page(things: std::ops::Range<u32>, next: Value) -> Answer {
    ok(json!({"things": things.collect::<Vec<_>>(), "next": next}))
}

/// The number of things, whether there are more, and the queries.
async fn listed(given: &Given, answers: Vec<Answer>) -> (usize, bool, Vec<String>) {
    let (outcome, server) = given.against("list", answers).await;
    let outputs = outcome.unwrap_or_else(|error| panic!("{error}"));
    let requests = server.requests();
    let queries = requests
        .iter()
        .map(|request| request.uri.query().unwrap_or_default().to_owned());
    (
        outputs["things"].as_array().unwrap().len(),
        outputs["more"] == true,
        queries.collect(),
    )
}

const CURSOR: &str = "cursor: \"{{ body.next }}\", query: after, most: 5";

#[rstest]
#[case::null(json!(null))]
#[case::empty(json!(""))]
#[case::missing(json!({}))]
#[tokio::test]
async fn a_cursor_leads_from_page_to_page(#[case] end: Value) {
    let answers = vec![page(0..2, json!("a&b")), page(2..3, end)];
    let (count, more, queries) = listed(&listing(CURSOR), answers).await;
    assert_eq!((count, more), (3, false));
    assert_eq!(queries, ["state=open", "state=open&after=a%26b"]);
}

#[tokio::test]
async fn a_list_ends_where_there_are_enough() {
    let answers = vec![page(0..4, json!("a")), page(4..8, json!("b"))];
    let (count, more, queries) = listed(&listing(CURSOR), answers).await;
    assert_eq!((count, more, queries.len()), (5, true, 2));
    let (count, more, _) = listed(&listing(CURSOR), vec![page(0..5, json!(null))]).await;
    assert_eq!((count, more), (5, false));
}

#[tokio::test]
async fn a_cursor_that_stays_the_same_ends_the_list() {
    let answers = vec![page(0..1, json!("a")), page(1..2, json!("a"))];
    let (count, more, queries) = listed(&listing(CURSOR), answers).await;
    assert_eq!((count, more, queries.len()), (2, false, 2));
}

#[tokio::test]
async fn a_list_has_fifty_pages_at_most() {
    let answers = (0..60)
        .map(|number| page(number..number + 1, json!(number + 1)))
        .collect();
    let given = listing("cursor: \"{{ body.next }}\", query: after, most: 1000");
    let (count, more, queries) = listed(&given, answers).await;
    assert_eq!((count, more, queries.len()), (50, true, 50));
}

#[tokio::test]
async fn a_list_is_no_larger_than_an_expression_can_give() {
    let large = |next: u32| ok(json!({"things": vec!["x".repeat(50_000); 4], "next": next}));
    let given = listing("cursor: \"{{ body.next }}\", query: after, most: 1000");
    let (count, more, queries) = listed(&given, vec![large(1), large(2), large(3)]).await;
    assert_eq!((count, more, queries.len()), (6, true, 2));
}

#[tokio::test]
async fn an_offset_moves_on_by_what_came() {
    let given = listing("offset: startAt, size: maxResults, per_page: 2, most: 100");
    let (count, more, queries) = listed(
        &given,
        vec![
            page(0..2, json!(null)),
            page(2..4, json!(null)),
            page(4..5, json!(null)),
        ],
    )
    .await;
    assert_eq!((count, more), (5, false));
    let at = |offset: u32| format!("state=open&maxResults=2&startAt={offset}");
    assert_eq!(queries, [at(0), at(2), at(4)]);
}

#[tokio::test]
async fn pages_can_have_numbers() {
    let given = listing("page_number: page, size: per_page, per_page: 2, most: 100");
    let (count, _, queries) = listed(&given, vec![page(0..2, json!(null)), page(2..3, json!(null))]).await;
    assert_eq!(count, 3);
    assert_eq!(
        queries,
        ["state=open&per_page=2&page=1", "state=open&per_page=2&page=2"]
    );
}

#[tokio::test]
async fn a_header_can_have_the_address_of_the_next_page() {
    let first = Answer::Text(
        200,
        &[(
            "link",
            "<https://desk.example.com/api/things?state=open&at=2>; rel=\"next\"",
        )],
        json!({"things": [1]}).to_string(),
    );
    let (count, more, queries) = listed(&listing("link: next, most: 100"), vec![first, page(1..2, json!(null))]).await;
    assert_eq!((count, more), (2, false));
    assert_eq!(queries, ["state=open", "state=open&at=2"]);
}

#[tokio::test]
async fn a_next_page_at_another_host_is_not_followed() {
    let first = Answer::Text(
        200,
        &[("link", "<https://evil.example.org/things>; rel=\"next\"")],
        json!({"things": [1]}).to_string(),
    );
    let (outcome, server) = listing("link: next, most: 100").against("list", vec![first]).await;
    assert_eq!(name(outcome), "Desk.Unavailable");
    assert_eq!(server.lines().len(), 1);
}

#[rstest]
#[case::no_list(json!({"things": "x"}), "gives no list")]
#[tokio::test]
async fn what_is_no_list_is_not_taken_for_one(#[case] body: Value, #[case] problem: &str) {
    let (outcome, _) = listing(CURSOR).against("list", vec![ok(body)]).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains(problem), "{error}");
}

#[tokio::test]
async fn a_page_that_is_refused_is_the_error_of_the_whole() {
    let refused = Answer::Text(429, &[("retry-after", "9")], String::new());
    let (outcome, _) = listing(CURSOR)
        .against("list", vec![page(0..1, json!("a")), refused])
        .await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.name().to_string(), error.retry_after_seconds()),
        ("Desk.RateLimited".to_owned(), Some(9))
    );
}

#[tokio::test]
async fn the_deadline_ends_a_list() {
    let given = Given {
        deadline: Some(NOW + SignedDuration::from_millis(300)),
        ..listing(CURSOR)
    };
    let (outcome, _) = given
        .against("list", vec![page(0..1, json!("a")), Answer::Silence])
        .await;
    assert_eq!(name(outcome), "Desk.Unavailable");
}

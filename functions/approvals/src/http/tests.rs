//! Requests as API Gateway hands them on, and the pages that a person reads.

use super::*;
use crate::fakes::{Log as Logged, Pages, World, id, now, question};
use data_encoding::{BASE64, HEXLOWER};
use rstest::rstest;
use serde_json::{Value, json};
use workflow::planner::Closed;

const RESTART: &str = "name=Anna&field.reason=it+leaks&field.count=2&field.sure=false&choice=restart";
const LEAVE: &str = "name=Bob&field.reason=no&choice=leave+it";

/// A request as a test sends it.
struct Call {
    method: &'static str,
    link: String,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    is_base64: bool,
}

impl Call {
    fn get(link: &str) -> Self {
        Self {
            method: "GET",
            link: link.to_owned(),
            headers: Vec::new(),
            body: String::new(),
            is_base64: false,
        }
    }

    fn post(link: &str, body: impl Into<String>) -> Self {
        Self {
            method: "POST",
            headers: vec![
                ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "same-origin"),
            ],
            body: body.into(),
            ..Self::get(link)
        }
    }

    fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
        self
    }

    /// The event of API Gateway (HTTP API, payload 2.0).
    fn request(&self) -> Request {
        let sample = include_str!("../../../../events/approvals.json");
        let mut event: Value = serde_json::from_str(sample).unwrap();
        event["requestContext"]["http"]["method"] = json!(self.method);
        event["pathParameters"]["link"] = json!(self.link);
        let path = format!("/approvals/{}", self.link);
        (event["rawPath"], event["requestContext"]["http"]["path"]) = (json!("/approvals/x"), json!(path));
        for (name, value) in &self.headers {
            event["headers"][*name] = json!(value);
        }
        event["body"] = match self.is_base64 {
            true => json!(BASE64.encode(self.body.as_bytes())),
            false => json!(self.body),
        };
        event["isBase64Encoded"] = json!(self.is_base64);
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }
}

async fn response(pages: &Pages, call: &Call, now: Timestamp) -> Response<Body> {
    respond(pages, &call.request(), now).await.unwrap()
}

fn text(response: &Response<Body>) -> String {
    match response.body() {
        Body::Text(text) => text.clone(),
        Body::Empty => String::new(),
        other => panic!("not text: {other:?}"),
    }
}

async fn answered_at(world: &World, call: Call, now: Timestamp) -> (u16, String) {
    let response = response(&world.pages(), &call, now).await;
    (response.status().as_u16(), text(&response))
}

async fn answered(world: &World, call: Call) -> (u16, String) {
    answered_at(world, call, now()).await
}

fn is_form(page: &str) -> bool {
    page.contains("<form method=\"post\">")
}

/// A page with its style left out.
fn without_style(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    format!("{before}{after}").replace("><", ">\n<")
}

#[tokio::test]
async fn an_open_approval_is_a_form_with_a_button_for_each_choice() {
    let world = World::asking().await;
    let (status, page) = answered(&world, Call::get(&world.link().await)).await;
    assert_eq!(status, 200);
    insta::assert_snapshot!("open", without_style(&page));
}

#[tokio::test]
async fn a_decision_is_taken_wakes_the_lane_and_is_shown_by_the_same_link() {
    let world = World::asking().await;
    let link = world.link().await;
    let pages = world.pages();

    let sent = response(&pages, &Call::post(&link, RESTART), now()).await;

    assert_eq!((sent.status().as_u16(), text(&sent)), (303, String::new()));
    assert_eq!(sent.headers()[LOCATION], format!("./{link}"));
    assert_eq!(world.decided().await, Some(("restart".to_owned(), "Anna".to_owned())));
    assert_eq!(world.woken(), ["token-of-the-wait"]);
    let (status, page) = answered(&world, Call::get(&link)).await;
    assert_eq!(status, 200);
    insta::assert_snapshot!("decided", without_style(&page));
}

#[tokio::test]
async fn a_body_in_base64_is_read_as_what_it_is() {
    let world = World::asking().await;
    let call = Call {
        is_base64: true,
        ..Call::post(&world.link().await, RESTART)
    };
    assert_eq!(answered(&world, call).await.0, 303);
    assert!(world.decided().await.is_some());
}

#[tokio::test]
async fn a_button_that_is_pressed_twice_decides_once_and_shows_no_error() {
    let world = World::asking().await;
    let link = world.link().await;
    for _ in 0..2 {
        assert_eq!(answered(&world, Call::post(&link, RESTART)).await.0, 303);
    }
    assert_eq!(world.woken().len(), 1);
}

#[tokio::test]
async fn f36_w6_the_first_decision_stands_and_who_comes_second_reads_whose_it_is() {
    let world = World::asking().await;
    let link = world.link().await;
    answered(&world, Call::post(&link, RESTART)).await;

    assert_eq!(answered(&world, Call::post(&link, LEAVE)).await.0, 303);

    assert_eq!(world.decided().await, Some(("restart".to_owned(), "Anna".to_owned())));
    let (_, page) = answered(&world, Call::get(&link)).await;
    assert!(
        page.contains("Decided: restart") && page.contains("Anna") && !page.contains("Bob"),
        "{page}"
    );
}

#[tokio::test]
async fn of_two_decisions_at_the_same_time_one_stands() {
    let world = World::asking().await;
    let pages = world.pages();
    let seen_before = pages.show(&world.link().await, now()).await.unwrap();
    answered(&world, Call::post(&world.link().await, RESTART)).await;

    let given = workflow::approval::Answer {
        choice: "leave it".to_owned(),
        form: [("reason".to_owned(), "no".to_owned())].into(),
    };
    let bob = workflow::approval::Decider::Link { name: "Bob".to_owned() };
    let asked = seen_before.approval;
    let late = platform::approvals::answer(asked, &given, &bob, &pages.store, &pages.executions, now());

    assert!(matches!(late.await.unwrap(), platform::approvals::Answered::Over(_)));
    assert_eq!(world.decided().await, Some(("restart".to_owned(), "Anna".to_owned())));
}

#[tokio::test]
async fn a_form_that_is_filled_in_wrongly_comes_back_with_what_was_typed() {
    let world = World::asking().await;
    let body = "name=%22Anna%22&field.reason=it+%3Cleaks%3E&field.count=many&field.sure=false&choice=restart";
    let (status, page) = answered(&world, Call::post(&world.link().await, body)).await;
    assert_eq!((status, world.decided().await), (422, None));
    insta::assert_snapshot!("form_refused", without_style(&page));
}

#[rstest]
#[case::no_name("field.reason=r&choice=restart", "your name is missing")]
#[case::a_blank_name("name=+%09&field.reason=r&choice=restart", "your name is missing")]
#[case::no_choice("name=Anna&field.reason=r", "&quot;&quot; is none of the choices")]
#[case::another_choice(
    "name=Anna&field.reason=r&choice=%3Cb%3E",
    "&quot;&lt;b&gt;&quot; is none of the choices"
)]
#[case::a_missing_field("name=Anna&choice=restart", "`reason` is missing")]
#[case::a_field_that_is_not_asked("name=Anna&field.reason=r&field.resaon=x&choice=restart", "did you mean `reason`?")]
#[case::nothing("", "your name is missing")]
#[tokio::test]
async fn a_form_with_a_problem_decides_nothing_and_says_what_it_is(#[case] body: &str, #[case] problem: &str) {
    let world = World::asking().await;
    let (status, page) = answered(&world, Call::post(&world.link().await, body)).await;
    assert_eq!((status, world.writes()), (422, 0));
    assert!(page.contains(problem) && is_form(&page), "{page}");
}

#[rstest]
#[case::unticked("name=Anna&field.reason=r&field.sure=false&choice=restart", json!({"reason": "r", "count": 1, "sure": false}))]
#[case::ticked("name=Anna&field.reason=r&field.sure=false&field.sure=true&choice=restart", json!({"reason": "r", "count": 1, "sure": true}))]
#[tokio::test]
async fn a_box_counts_as_it_was_left_and_not_as_its_default(#[case] body: &str, #[case] form: Value) {
    let world = World::asking().await;
    let link = world.link().await;
    answered(&world, Call::post(&link, body)).await;
    let shown = world.pages().show(&link, now()).await.unwrap();
    let platform::table::ApprovalState::Decided { decision } = shown.approval.state else {
        panic!("{:?}", shown.approval.state)
    };
    assert_eq!(json!(decision.form), form);
}

/// The ways in which an approval is over without a decision.
async fn over() -> Vec<(&'static str, World, Timestamp, &'static str)> {
    let (timed_out, cancelled, failed) = (World::asking().await, World::asking().await, World::asking().await);
    timed_out.close(Closed::TimedOut).await;
    cancelled.close(Closed::Cancelled).await;
    failed.close(Closed::Failed).await;
    let (ended, to_be_cancelled) = (World::asking().await, World::asking().await);
    ended.end_run().await;
    to_be_cancelled.cancel_run().await;
    let end = "2026-11-22T10:00:00Z".parse().unwrap();
    vec![
        ("timed out", timed_out, now(), "The time for a decision is over"),
        (
            "about to time out",
            World::asking().await,
            end,
            "The time for a decision is over",
        ),
        ("cancelled", cancelled, now(), "The run was cancelled."),
        ("failed", failed, now(), "The step that asked has failed"),
        ("run over", ended, now(), "The run has ended"),
        (
            "run to be cancelled",
            to_be_cancelled,
            now(),
            "The run has ended, or is being cancelled",
        ),
    ]
}

#[tokio::test]
async fn an_approval_that_is_over_says_so_and_takes_no_decision() {
    for (what, world, at, words) in over().await {
        let link = world.link().await;
        let (status, page) = answered_at(&world, Call::get(&link), at).await;
        assert_eq!(status, 200, "{what}");
        assert!(page.contains(words) && !is_form(&page), "{what}: {page}");

        assert_eq!(
            answered_at(&world, Call::post(&link, RESTART), at).await.0,
            303,
            "{what}"
        );
        assert_eq!((world.writes(), world.decided().await), (0, None), "{what}");
    }
}

/// Questions that a link is not enough for, and who may decide.
fn not_for_links() -> Vec<(Value, &'static str)> {
    let with = |name: &str, value: Value| {
        let mut question = question();
        question[name] = value;
        question
    };
    let role = "arn:aws:iam::123456789012:role/oncall-*";
    vec![
        (with("approvers", json!([role])), role),
        (
            with("not_by", json!("arn:aws:iam::123456789012:user/anna")),
            "arn:aws:iam::123456789012:user/anna</code>, who started the run",
        ),
    ]
}

#[tokio::test]
async fn where_a_link_is_not_enough_the_page_shows_the_command_and_a_form_is_refused() {
    for (question, who) in not_for_links() {
        let world = World::asking_with(question).await;
        let link = world.link().await;

        let (status, page) = answered(&world, Call::get(&link)).await;

        assert_eq!(status, 200);
        let commands = format!(
            "pagerflow approval decide {0} restart\npagerflow approval decide {0} &#39;leave it&#39;",
            id()
        );
        let commands = [commands.clone(), commands.replace("&#39;", "'")];
        assert!(commands.iter().any(|commands| page.contains(commands)), "{page}");
        assert!(
            page.contains(who) && !is_form(&page) && !page.contains("<button"),
            "{page}"
        );
        let (status, page) = answered(&world, Call::post(&link, RESTART)).await;
        assert_eq!((status, world.writes()), (403, 0));
        assert!(page.contains("pagerflow approval decide"), "{page}");
    }
}

#[rstest]
#[case::link(json!(["link"]))]
#[case::link_beside_a_role(json!(["arn:aws:iam::123456789012:role/oncall", "link"]))]
#[tokio::test]
async fn where_links_are_among_the_approvers_a_link_decides(#[case] approvers: Value) {
    let mut question = question();
    question["approvers"] = approvers;
    let world = World::asking_with(question).await;
    let link = world.link().await;
    let (_, page) = answered(&world, Call::get(&link)).await;
    assert!(is_form(&page) && page.contains("Everyone who has this link"), "{page}");
    assert_eq!(answered(&world, Call::post(&link, RESTART)).await.0, 303);
    assert!(world.decided().await.is_some());
}

#[tokio::test]
async fn w6_whatever_is_wrong_with_a_link_the_page_is_the_same() {
    let world = World::asking().await;
    let link = world.link().await;
    let of_another_stack = world.pages_with("another secret of thirty-two bytes");
    let of_another_stack = of_another_stack.links.link(&id(), now()).await.unwrap();
    let (own_id, code) = link.split_once('.').unwrap();
    let gone = World::default();
    let links = [
        String::new(),
        own_id.to_owned(),
        format!("{own_id}."),
        format!("{link}a"),
        format!("{own_id}.{}", code.to_uppercase()),
        format!("{own_id}.{}", "a".repeat(code.len())),
        format!("{}.{code}", "a".repeat(32)),
        of_another_stack.rsplit_once('/').unwrap().1.to_owned(),
        "<script>alert(1)</script>".to_owned(),
        format!("{link}\r\nset-cookie: a=b"),
    ];
    let (status, page) = answered(&gone, Call::get(&link)).await;
    assert_eq!(status, 404, "an approval that is no longer kept");
    for forged in &links {
        for call in [Call::get(forged), Call::post(forged, RESTART)] {
            assert_eq!(answered(&world, call).await, (404, page.clone()), "{forged:?}");
        }
    }
    assert_eq!(world.writes(), 0);
}

#[tokio::test]
async fn texts_of_others_are_text() {
    let marks = "<script>alert(1)</script>\"'&</textarea>\u{202e}moc\u{2066}";
    let mut asked = question();
    asked["message"] = json!(marks);
    asked["choices"] = json!(["\"><script>x</script>", "leave it"]);
    asked["form"]["reason"]["description"] = json!(marks);
    asked["form"]["reason"]["default"] = json!(marks);
    let world = World::asking_with(asked).await;
    let link = world.link().await;
    let typed: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("name", marks)
        .append_pair("field.reason", marks)
        .append_pair("choice", "\"><script>x</script>")
        .finish();

    let (_, open) = answered(&world, Call::get(&link)).await;
    let (_, refused) = answered(&world, Call::post(&link, format!("{typed}&field.count=x"))).await;
    let (sent, _) = answered(&world, Call::post(&link, typed)).await;
    let (_, decided) = answered(&world, Call::get(&link)).await;

    assert_eq!(sent, 303);
    for page in [&open, &refused, &decided] {
        assert!(
            !page.contains("<script") && page.contains("&lt;script&gt;alert(1)"),
            "{page}"
        );
        assert_eq!(
            page.matches("</textarea>").count(),
            page.matches("<textarea").count(),
            "{page}"
        );
    }
    for page in [&open, &decided] {
        assert!(
            !page.contains('\u{202e}') && !page.contains('\u{2066}') && page.contains('\u{fffd}'),
            "{page}"
        );
    }
}

#[rstest]
#[case::post_from_another_site(Call::post("", RESTART).with("sec-fetch-site", "cross-site"), 403)]
#[case::too_large(Call::post("", format!("{RESTART}&x={}", "x".repeat(LARGEST_BODY))), 413)]
#[case::json(Call::post("", RESTART).with("content-type", "application/json"), 415)]
#[case::parts(Call::post("", RESTART).with("content-type", "multipart/form-data; boundary=x"), 415)]
#[case::put(Call::post("", RESTART).by("PUT"), 405)]
#[case::delete(Call::get("").by("DELETE"), 405)]
#[case::options(Call::get("").by("OPTIONS"), 405)]
#[tokio::test]
async fn a_request_that_a_page_does_not_make_decides_nothing(#[case] call: Call, #[case] status: u16) {
    let world = World::asking().await;
    let link = world.link().await;
    let (answered, page) = answered(&world, Call { link, ..call }).await;
    assert_eq!((answered, world.writes(), world.decided().await), (status, 0, None));
    assert!(page.contains("<h1>"), "{page}");
}

#[rstest]
#[case::with_a_charset("application/x-www-form-urlencoded; charset=UTF-8", "same-origin")]
#[case::in_capitals("Application/X-WWW-Form-URLEncoded", "same-origin")]
#[case::typed_address("application/x-www-form-urlencoded", "none")]
#[tokio::test]
async fn the_forms_of_all_browsers_are_taken(#[case] kind: &'static str, #[case] site: &'static str) {
    let world = World::asking().await;
    let call = Call::post(&world.link().await, RESTART);
    let call = call.with("content-type", kind).with("sec-fetch-site", site);
    assert_eq!(answered(&world, call).await.0, 303);
}

#[tokio::test]
async fn f36_a_page_that_is_read_writes_nothing_in_any_state() {
    let mut worlds: Vec<(World, Timestamp)> = over().await.into_iter().map(|(_, world, at, _)| (world, at)).collect();
    worlds.push((World::asking().await, now()));
    for (question, _) in not_for_links() {
        worlds.push((World::asking_with(question).await, now()));
    }
    for (world, at) in worlds {
        let link = world.link().await;
        let pages = world.pages();
        let by_get = response(&pages, &Call::get(&link), at).await;
        // Also when it is read as a preview reads it, with a body and from another site.
        let head = Call::post(&link, RESTART)
            .with("sec-fetch-site", "cross-site")
            .by("HEAD");
        let by_head = response(&pages, &head, at).await;
        assert_eq!(by_head.status(), by_get.status());
        assert_eq!(by_head.headers(), by_get.headers());
        assert_eq!(text(&by_head), "");
        assert_eq!((world.writes(), world.woken()), (0, Vec::new()));
        assert_eq!(world.decided().await, None);
    }
}

#[tokio::test]
async fn with_the_table_out_of_reach_a_person_reads_that_nothing_was_decided() {
    let world = World::asking().await;
    let link = world.link().await;
    world.fail_reads();
    for call in [Call::get(&link), Call::post(&link, RESTART)] {
        let response = response(&world.pages(), &call, now()).await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
        let page = text(&response);
        assert!(
            page.contains("Nothing was decided") && !page.contains("Throttling"),
            "{page}"
        );
    }
    world.recover();
    assert_eq!(world.decided().await, None);
}

#[tokio::test]
async fn without_the_secret_of_the_links_a_person_reads_that_nothing_was_decided() {
    let world = World::asking().await;
    let link = world.link().await;
    let pages = world.pages_with("short");
    let response = response(&pages, &Call::post(&link, RESTART), now()).await;
    assert_eq!((response.status().as_u16(), world.writes()), (503, 0));
    assert!(text(&response).contains("Nothing was decided"));
    assert!(!Logged::text().contains("short"), "{}", Logged::text());
}

#[tokio::test]
async fn a_decision_whose_answer_got_lost_is_said_to_be_unknown_and_then_seen() {
    let world = World::asking().await;
    let link = world.link().await;
    world.lose_answers();
    let (status, page) = answered(&world, Call::post(&link, RESTART)).await;
    assert_eq!(status, 503);
    assert!(
        page.contains("may not have been recorded") && !page.contains("Nothing was decided"),
        "{page}"
    );

    world.recover();

    let (_, page) = answered(&world, Call::get(&link)).await;
    assert!(page.contains("Decided: restart"), "{page}");
}

#[tokio::test]
async fn a_decision_that_was_not_written_is_asked_for_again() {
    let world = World::asking().await;
    let link = world.link().await;
    world.fail_writes();
    assert_eq!(answered(&world, Call::post(&link, RESTART)).await.0, 503);
    world.recover();
    let (_, page) = answered(&world, Call::get(&link)).await;
    assert!(is_form(&page), "{page}");
}

#[tokio::test]
async fn a_lane_that_is_not_woken_takes_nothing_from_the_decision() {
    let world = World::asking().await;
    world.fail_wakes();
    assert_eq!(answered(&world, Call::post(&world.link().await, RESTART)).await.0, 303);
    assert!(world.decided().await.is_some());
    assert!(Logged::text().contains("not woken"), "{}", Logged::text());
}

/// All outcomes, each by a request that has it.
async fn outcomes() -> Vec<(u16, World, Call)> {
    let asking = async |call: fn(&str) -> Call| {
        let world = World::asking().await;
        let call = call(&world.link().await);
        (world, call)
    };
    let mut all = Vec::new();
    let mut add = |status, (world, call): (World, Call)| all.push((status, world, call));
    add(200, asking(Call::get).await);
    add(200, asking(|link| Call::get(link).by("HEAD")).await);
    add(303, asking(|link| Call::post(link, RESTART)).await);
    add(422, asking(|link| Call::post(link, "choice=restart")).await);
    add(404, asking(|link| Call::get(&format!("{link}a"))).await);
    add(405, asking(|link| Call::get(link).by("PUT")).await);
    add(
        403,
        asking(|link| Call::post(link, RESTART).with("sec-fetch-site", "cross-site")).await,
    );
    add(413, asking(|link| Call::post(link, "x".repeat(LARGEST_BODY + 1))).await);
    add(
        415,
        asking(|link| Call::post(link, RESTART).with("content-type", "text/plain")).await,
    );
    let (down, get) = asking(Call::get).await;
    down.fail_reads();
    add(503, (down, get));
    let (down, post) = asking(|link| Call::post(link, RESTART)).await;
    down.fail_writes();
    add(503, (down, post));
    for (question, _) in not_for_links() {
        let world = World::asking_with(question).await;
        let link = world.link().await;
        add(200, (world.clone(), Call::get(&link)));
        add(403, (world, Call::post(&link, RESTART)));
    }
    let decided = World::asking().await;
    let link = decided.link().await;
    answered(&decided, Call::post(&link, RESTART)).await;
    add(200, (decided.clone(), Call::get(&link)));
    add(303, (decided, Call::post(&link, LEAVE)));
    all
}

#[tokio::test]
async fn each_answer_has_the_headers_that_keep_a_link_and_its_page_to_themselves() {
    for (status, world, call) in outcomes().await {
        let response = response(&world.pages(), &call, now()).await;
        assert_eq!(response.status(), status);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            header("content-security-policy"),
            format!(
                "default-src 'none'; style-src {}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
                page::style_source()
            )
        );
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-robots-tag"), "noindex");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert!(!response.headers().contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn each_page_is_whole_in_itself_and_has_what_a_person_needs_to_use_it() {
    for (status, world, call) in outcomes().await {
        let page = text(&response(&world.pages(), &call, now()).await);
        if page.is_empty() {
            continue;
        }
        let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = BASE64.encode(&HEXLOWER.decode(sha256(style).as_bytes()).unwrap());
        assert_eq!(page::style_source(), format!("'sha256-{hash}'"));
        for part in [
            "<!DOCTYPE html><html lang=\"en\">",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
            "<meta name=\"color-scheme\" content=\"light dark\">",
            "<title>",
            "<h1>",
        ] {
            assert!(page.contains(part), "{status}, {part}: {page}");
        }
        for foreign in [
            "<script", "src=", "href=", "style=", "onclick", "http:", "https:", "action=",
        ] {
            assert!(!page.contains(foreign), "{status}, {foreign}: {page}");
        }
        for id in page
            .split(" for=\"")
            .skip(1)
            .chain(page.split("aria-describedby=\"").skip(1))
        {
            let id = id.split_once('"').unwrap().0;
            assert!(page.contains(&format!(" id=\"{id}\"")), "{status}, {id}: {page}");
        }
        assert!(
            !page.contains(&call.link) || call.link.is_empty(),
            "{status}: the link stands in its page"
        );
    }
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    HEXLOWER.encode(&Sha256::digest(text))
}

#[tokio::test]
async fn the_log_says_what_happened_and_has_neither_link_nor_form_in_it() {
    let world = World::asking().await;
    let link = world.link().await;
    answered(&world, Call::get(&link)).await;
    answered(
        &world,
        Call::post(&link, "name=Anna&field.count=secret-number&choice=restart"),
    )
    .await;
    answered(&world, Call::get(&format!("{link}a"))).await;
    answered(&world, Call::post(&link, RESTART)).await;
    answered(&world, Call::post(&link, LEAVE)).await;
    world.fail_reads();
    answered(&world, Call::get(&link)).await;

    let outcomes: Vec<(Value, Value)> = Logged::lines()
        .into_iter()
        .map(|line| (line["outcome"].clone(), line["status"].clone()))
        .collect();
    assert_eq!(
        json!(outcomes),
        json!([
            ["shown", 200],
            ["form refused", 422],
            ["no such link", 404],
            ["decided", 303],
            ["over before", 303],
            ["unavailable", 503],
        ])
    );
    let decided = &Logged::lines()[3];
    assert_eq!(
        (&decided["run"], &decided["approval"], &decided["choice"]),
        (&json!("4q7k2run"), &json!(id()), &json!("restart"))
    );
    let log = Logged::text();
    let code = link.split_once('.').unwrap().1;
    for kept in [
        code,
        "Anna",
        "Bob",
        "it leaks",
        "secret-number",
        "token-of-the-wait",
        "0123456789abcdef",
    ] {
        assert!(!log.contains(kept), "{kept} is logged:\n{log}");
    }
}

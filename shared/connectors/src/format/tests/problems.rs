//! Refusals, each with its place and remedy.

use super::{told, with};
use rstest::rstest;

#[rstest]
// the file as a whole
#[case::name("connector: desk", "connector: Help-Desk", r#"1:12: connector: "Help-Desk" is not a name here: use lower-case letters, digits and '_', start with a letter, at most 63 characters"#)]
#[case::missing_title("title: Help Desk\n", "", "1:1: `title` is missing: the system, as people call it")]
#[case::title_without_a_capital(
    "title: Help Desk",
    "title: help desk",
    "2:8: title: cannot begin the names of errors, such as `Slack.NotFound`: it begins with a capital letter of ASCII, and none of Pagerflow's own errors has it in front"
)]
#[case::title_of_ours(
    "title: Help Desk",
    "title: Integration",
    "2:8: title: cannot begin the names of errors"
)]
#[case::summary_of_two_lines(
    "summary: Tickets and people.",
    "summary: \"a\\nb\"",
    "3:10: summary: must be one line, without spaces at its ends"
)]
#[case::documentation(
    "documentation: https://desk.example.com/docs\nintegration",
    "documentation: ftp://x\nintegration",
    "4:16: documentation: must be a URL"
)]
#[case::unknown_word(
    "rate_limit:",
    "rate_limits:",
    "20:1: `rate_limits` is not known; did you mean `rate_limit`?"
)]
#[case::base_url_in_the_clear(
    "\"https://{{ integration.site }}/api/v2\"",
    "http://api.example.com",
    "13:11: base_url: must begin with `https://`"
)]
#[case::base_url_elsewhere(
    "hosts: [\"{{ integration.site }}\", api.example.com]\nbase_url: \"https://{{ integration.site }}/api/v2\"",
    "hosts: [api.example.com]\nbase_url: https://example.com",
    "13:11: base_url: is at none of the hosts in `integration.hosts`, so nothing could be sent there"
)]
#[case::base_url_of_an_input(
    "integration.site }}/api",
    "inputs.site }}/api",
    "13:11: base_url: `inputs.site`: `inputs` is not known; known are integration"
)]
#[case::unknown_field_of_the_integration(
    "integration.site }}/api",
    "integration.sit }}/api",
    "13:11: base_url: `integration.sit`: in `integration`, `sit` is not known; did you mean `site`?"
)]
#[case::secret_in_a_header(
    "accept: application/json",
    "Authorization: x",
    "14:12: headers: `authorization` cannot be set here: the secret goes where `auth` says, and the rest is up to the transport"
)]
// the integration
#[case::auth(
    "{ basic: { user: \"{{ integration.email }}\" } }",
    "bearr",
    "6:9: integration.auth: `bearr` is not known; did you mean `bearer`?"
)]
#[case::auth_without_its_fields(
    "{ basic: { user: \"{{ integration.email }}\" } }",
    "basic",
    "6:9: integration.auth: `basic` has fields: write `{ basic: { … } }`"
)]
#[case::auth_of_two_kinds(
    "{ basic: { user: \"{{ integration.email }}\" } }",
    "{ bearer: {}, url: {} }",
    "6:9: integration.auth: has more than one way to prove who asks; give only one"
)]
#[case::secret_without_auth(
    "auth: { basic: { user: \"{{ integration.email }}\" } }",
    "auth: none",
    "7:11: integration.secret: is left out where `auth` is `none`"
)]
#[case::no_secret(
    "  secret: an API token\n",
    "",
    "6:3: integration: `secret` is missing: the words of the prompt for the secret"
)]
#[case::pattern(
    "'[a-z0-9-]+\\.example\\.com'",
    "'['",
    "9:69: integration.fields.site.pattern: is not a regular expression"
)]
#[case::example_of_another_form(
    "example: acme.example.com",
    "example: acme",
    "9:106: integration.fields.site.example: is not of the form that it has: the site"
)]
#[case::default_that_is_none(
    "default: free",
    "default: gratis",
    "11:72: integration.fields.plan.default: must be one of free, pro"
)]
#[case::host(
    "api.example.com]",
    "https://api.example.com]",
    "12:37: integration.hosts[1]: \"https://api.example.com\" is not a host: behind the colon stands a port, a number up to 65535"
)]
#[case::host_of_everything(
    "api.example.com]",
    "'*.com']",
    "12:37: integration.hosts[1]: \"*.com\" is not a host: it has no domain; write it whole, such as `api.example.com`"
)]
// errors
#[case::condition(
    "when: not body.ok",
    "when: body.ok &&",
    "16:9: errors.when: `body.ok &&`: unexpected `&&`; use `and`"
)]
#[case::a_name_that_errors_do_not_see(
    "when: not body.ok",
    "when: inputs.a",
    "16:9: errors.when: `inputs.a`: `inputs` is not known; known are integration, status, headers, body"
)]
#[case::class(
    "rate_limited:",
    "rate_limit:",
    "19:41: errors.classes: `rate_limit` is not known; did you mean `rate_limited`?"
)]
#[case::code_of_two_meanings(
    "unknown: [oops]",
    "unknown: [bad_token]",
    "19:83: errors.classes.unknown[0]: the code `bad_token` stands twice; it can have only one meaning"
)]
#[case::codes_from_nowhere(
    "  code: \"{{ body.error }}\"\n",
    "",
    "18:12: errors.classes: needs `code`, which says where the code stands"
)]
#[case::no_header(
    "{ reset: x-reset }",
    "{ }",
    "20:13: rate_limit: one of `header` and `reset` is needed"
)]
// actions
#[case::name_of_an_action("  whoami:", "  who-am-i:", "23:3: actions: \"who-am-i\" is not a name here")]
#[case::twice("  list_queues:", "  whoami:", "the key `whoami` stands twice in this map")]
#[case::test_that_is_not_there(
    "test: whoami",
    "test: who_am_i",
    "21:7: test: there is no such action: `who_am_i` is not known; did you mean `whoami`?"
)]
#[case::test_that_changes_something(
    "test: whoami",
    "test: open",
    "21:7: test: `open` changes something; an action that only reads is needed"
)]
#[case::test_that_needs_something(
    "test: whoami",
    "test: find",
    "21:7: test: `find` needs `queue`; an action that needs no input is needed"
)]
#[case::repeat(
    "repeat: { look: find }",
    "repeat: once",
    "39:13: actions.open.repeat: `once` is not known; known are safe, sets, never, header, look"
)]
#[case::repeat_of_what_reads(
    "    repeat: safe\n    request: { method: GET, path: /queues }",
    "    repeat: never\n    request: { method: GET, path: /queues }",
    "31:13: actions.list_queues.repeat: must be `safe`, because the action only reads"
)]
#[case::no_example(
    "    example: \"integration: ops\"\n",
    "",
    "30:5: actions.list_queues: `example` is missing: the fields of `with`, as a person writes them"
)]
#[case::example_without_an_input("      queue: q1\n", "", "60:7: actions.open.example: `queue` is missing: the queue")]
#[case::example_with_another_input(
    "      due: +2h",
    "      du: +2h",
    "60:7: actions.open.example: `du` is not known; did you mean `due`?"
)]
#[case::example_of_another_type(
    "      due: +2h",
    "      level: urgent",
    "60:7: actions.open.example: `level` must be one of low, high"
)]
// inputs and outputs
#[case::reserved_input(
    "      weight: {",
    "      integration: {",
    "43:7: actions.open.inputs: `integration` is reserved; give the input another name"
)]
#[case::reserved_output(
    "outputs: { name:",
    "outputs: { adjusted:",
    "28:16: actions.whoami.outputs: `adjusted` is reserved; give the output another name"
)]
#[case::type_of_an_input(
    "type: integer",
    "type: int",
    "43:23: actions.open.inputs.weight.type: `int` is not known; did you mean `integer`?"
)]
#[case::cut_of_a_number(
    "type: integer, summary: the weight, most: 10",
    "type: integer, summary: the weight, cut: true",
    "43:58: actions.open.inputs.weight.cut: goes only with the types `text`, `list` and `map`"
)]
#[case::default_of_another_type(
    "default: low",
    "default: lowest",
    "44:76: actions.open.inputs.level.default: must be one of low, high; did you mean `low`?"
)]
#[case::default_that_is_never_used(
    "level: { type: { one_of: [low, high] }",
    "level: { required: true, type: { one_of: [low, high] }",
    "44:92: actions.open.inputs.level.default: is never used, because the input is required; leave one of them out"
)]
#[case::choices_of_nothing(
    "action: list_queues",
    "action: list_queue",
    "41:72: actions.open.inputs.queue.choose: there is no such action: `list_queue` is not known; did you mean `list_queues`?"
)]
#[case::choices_of_another_output(
    "list: queues, value",
    "list: channels, value",
    "41:72: actions.open.inputs.queue.choose: in the outputs of `list_queues`, `channels` is not known"
)]
#[case::rule_about_nothing(
    "at_most_one: [mail, phone]",
    "at_most_one: [mail, fax]",
    "49:35: actions.open.rules[0].at_most_one[1]: `fax` is not known"
)]
// requests
#[case::method(
    "method: POST",
    "method: post",
    "51:15: actions.open.request.method: `post` is not known; known are GET"
)]
#[case::path_without_a_slash("path: /me", "path: me", "27:35: actions.whoami.request.path: must begin with `/`")]
#[case::path_with_a_query(
    "path: /me",
    "path: /me?x=1",
    "27:35: actions.whoami.request.path: `?` cannot stand in a path; a query is given with `query`"
)]
#[case::path_that_climbs(
    "path: /me",
    "path: /../me",
    "27:35: actions.whoami.request.path: has an empty segment, or one of dots"
)]
#[case::path_with_a_template(
    "path: /me",
    "path: \"/{{ inputs.a }}\"",
    "27:35: actions.whoami.request.path: has no templates; write {input} for the value of an input"
)]
#[case::path_with_an_unknown_input(
    "path: \"/queues/{queue}/tickets\"\n",
    "path: \"/queues/{queu}/tickets\"\n",
    "52:13: actions.open.request.path: `{queu}`: `queu` is not known; did you mean `queue`?"
)]
#[case::path_with_an_input_that_may_be_left_out(
    "path: \"/queues/{queue}/tickets\"\n",
    "path: \"/queues/{mail}/tickets\"\n",
    "52:13: actions.open.request.path: `{mail}`: the input must be required, or have a default"
)]
#[case::path_with_rest_of_a_segment(
    "path: \"/queues/{queue}/tickets\"\n",
    "path: \"/queues/a{queue...}\"\n",
    "52:13: actions.open.request.path: `{queue...}` stands for whole segments, so it must stand between two slashes"
)]
#[case::header_of_the_transport(
    "x-request:",
    "content-length:",
    "54:18: actions.open.request.headers: `content-length` cannot be set here"
)]
#[case::unknown_input(
    "{{ inputs.title }}",
    "{{ inputs.titel }}",
    "55:22: actions.open.request.json.title: `inputs.titel`: in `inputs`, `titel` is not known; did you mean `title`?"
)]
#[case::unknown_name(
    "{{ inputs.title }}",
    "{{ body.title }}",
    "55:22: actions.open.request.json.title: `body.title`: `body` is not known; known are inputs, integration, call, now"
)]
#[case::unknown_name_of_the_call(
    "json: { title: \"{{ inputs.title }}\"",
    "json: { title: \"{{ call.key }}\"",
    "55:22: actions.open.request.json.title: `call.key`: in `call`, `key` is not known; known are idempotency_key"
)]
#[case::two_bodies(
    "      query: { notify: true }",
    "      text: hello",
    "53:13: actions.open.request: `json` and `text` exclude each other"
)]
#[case::body_of_a_question(
    "path: /me }",
    "path: /me, json: {} }",
    "27:46: actions.whoami.request.json: a request with GET has no body"
)]
// pages and looks
#[case::two_ways(
    "query: after,",
    "query: after, link: next,",
    "33:60: actions.list_queues.page: `cursor` and `link` exclude each other; give only one of them"
)]
#[case::no_way(
    "cursor: \"{{ body.next }}\", query: after, ",
    "",
    "33:11: actions.list_queues.page: one of `cursor`, `offset`, `page_number` and `link` is needed"
)]
#[case::cursor_without_a_place(
    "query: after, ",
    "",
    "33:11: actions.list_queues.page: exactly one of `query` and `json` is needed"
)]
#[case::too_many(
    "most: 500",
    "most: 1000000",
    "33:87: actions.list_queues.page.most: must be a whole number from 1 to 10000"
)]
#[case::look_that_is_not_there(
    "{ look: find }",
    "{ look: finds }",
    "39:21: actions.open.repeat.look: there is no such action: `finds` is not known; did you mean `find`?"
)]
#[case::look_that_changes_something(
    "{ look: find }",
    "{ look: open }",
    "39:21: actions.open.repeat.look: `open` changes something; an action that only reads is needed"
)]
#[case::look_with_an_input_of_its_own(
    "inputs: { queue: { type: text, required: true, summary: the queue } }",
    "inputs: { queue: { type: text, required: true, summary: the queue }, other: { type: text, summary: x } }",
    "39:21: actions.open.repeat.look: `find` takes `other`, and `open` does not have it"
)]
#[case::look_without_an_output(
    "      link: { type: link, optional: true, summary: its page, from: \"{{ body.tickets[0].links.self }}\" }\n",
    "",
    "39:21: actions.open.repeat.look: `find` does not give `link`, which `open` gives"
)]
#[case::fields_of_what_is_no_map(
    "who: { mail: \"{{ inputs.mail }}\" }",
    "who: { \"...\": \"{{ inputs.mail }}\" }",
    "must be `{{ inputs.NAME }}` of an input of the type `map`"
)]
#[case::fields_of_an_expression(
    "query: { notify: true }",
    "query: { \"...\": \"{{ inputs.fields or none }}\" }",
    "must be `{{ inputs.NAME }}` of an input of the type `map`"
)]
fn what_is_wrong_is_told_with_its_place(#[case] part: &str, #[case] by: &str, #[case] expected: &str) {
    let told = told(&with(part, by));
    assert!(told.lines().any(|line| line.contains(expected)), "{told}");
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let source = with("method: POST", "method: SEND")
        .replace("type: integer", "type: int")
        .replace("title: Help Desk", "title: \"\"");
    let places: Vec<String> = told(&source)
        .lines()
        .map(|line| line.split(':').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(places, ["2", "43", "51"]);
}

#[rstest]
#[case::nothing("", "the connector is empty")]
#[case::a_list("[1]", "1:1: must be a map, but is a list")]
#[case::no_yaml("a: [", "this is not YAML")]
#[case::large(&format!("summary: {}", "x".repeat(128 * 1024)), "the connector has 131081 bytes; at most 131072 are allowed")]
fn what_is_no_connector_is_refused_as_a_whole(#[case] source: &str, #[case] expected: &str) {
    let told = told(source);
    assert!(told.contains(expected), "{told}");
}

#[test]
fn there_are_bounds() {
    let action = |number: usize| {
        format!("  a{number}: {{ summary: s, repeat: safe, internal: true, request: {{ method: GET, path: / }} }}\n")
    };
    let (head, _) = super::WHOLE.split_once("test: whoami").unwrap();
    let many = |count: usize| format!("{head}actions:\n{}", (0..count).map(action).collect::<String>());
    assert_eq!(told(&many(200)), "nothing is wrong");
    let refused = told(&many(201));
    assert!(
        refused.contains("actions: has 201 actions; at most 200 are allowed"),
        "{refused}"
    );

    let inputs: String = (0..61)
        .map(|number| format!("i{number}: {{ type: text, summary: s }}, "))
        .collect();
    let refused = told(&with(
        "inputs: { queue: { type: text, required: true, summary: the queue } }",
        &format!("inputs: {{ {inputs} }}"),
    ));
    assert!(refused.contains("has 61 inputs; at most 60 are allowed"), "{refused}");
}

//! Features of the protocols that no compiled-in service uses yet.

use crate::{
    Operation, Place,
    model::{self, List, Location, MapShape, Member, Protocol, Service, Shape, ShapeId, Structure, TimeFormat},
};
use http::{HeaderMap, HeaderName};
use rstest::rstest;
use serde_json::{Map, Value, json};

const TEXT: ShapeId = ShapeId(1);
const TEXTS: ShapeId = ShapeId(2);
const TIME: ShapeId = ShapeId(3);
const TIMES: ShapeId = ShapeId(4);
const JSON: ShapeId = ShapeId(5);
const FLAT_TEXTS: ShapeId = ShapeId(6);
const MAP: ShapeId = ShapeId(7);
const FLAT_MAP: ShapeId = ShapeId(8);
const NUMBER: ShapeId = ShapeId(9);
const UNIX: ShapeId = ShapeId(10);
const FLOAT: ShapeId = ShapeId(11);

fn member(name: &'static str, shape: ShapeId) -> Member<'static> {
    Member {
        name,
        shape,
        sent_name: "",
        query_name: "",
        namespace: "",
        location: Location::Body,
        is_required: false,
        is_idempotency_token: false,
        is_attribute: false,
        is_host_label: false,
    }
}

fn at(location: Location, sent_name: &'static str, name: &'static str, shape: ShapeId) -> Member<'static> {
    Member {
        location,
        sent_name,
        ..member(name, shape)
    }
}

fn texts(element_name: &'static str, is_flat: bool) -> Shape<'static> {
    Shape::List(List {
        element: TEXT,
        element_name,
        element_namespace: if is_flat { "" } else { "http://entry.example/" },
        is_flat,
    })
}

fn map(is_flat: bool) -> Shape<'static> {
    Shape::Map(MapShape {
        key: TEXT,
        value: TEXT,
        key_name: "K",
        value_name: if is_flat { "V" } else { "" },
        key_namespace: if is_flat { "" } else { "http://key.example/" },
        value_namespace: "",
        is_flat,
    })
}

/// An operation that takes and gives these members.
fn operation(protocol: Protocol, host_prefix: &'static str, members: Vec<Member<'static>>) -> Operation {
    let structure = Structure {
        members,
        payload: None,
        is_union: false,
    };
    let service = Service {
        name: "example",
        title: "Example",
        documentation: "example-2027-01-31",
        protocol,
        api_version: "2027-01-31",
        target_prefix: "Example",
        query_compatible: false,
        signing_name: "example",
        endpoint_prefix: "example",
        endpoints: Vec::new(),
        throttling: vec!["Busy"],
        shapes: vec![
            Shape::Structure(structure),
            Shape::Text(Vec::new()),
            texts("", false),
            Shape::Timestamp(None),
            Shape::List(List {
                element: TIME,
                element_name: "",
                element_namespace: "",
                is_flat: false,
            }),
            Shape::JsonText,
            texts("item", true),
            map(false),
            map(true),
            Shape::Integer,
            Shape::Timestamp(Some(TimeFormat::Unix)),
            Shape::Float,
        ],
        operations: vec![model::Operation {
            name: "Try",
            sent_name: "Try2027",
            method: "POST",
            uri: "/try?fixed",
            host_prefix,
            input: Some(ShapeId(0)),
            output: Some(ShapeId(0)),
            result_wrapper: "",
            root: "Tried",
            root_namespace: "x=http://root.example/",
            checksum_required: false,
            pages: None,
        }],
        waiters: Vec::new(),
    };
    Operation::of(Box::leak(Box::new(service)), "Try").unwrap()
}

fn fields(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn request(operation: Operation, input: &Value) -> Result<http::Request<Vec<u8>>, String> {
    let place = Place::region("eu-west-1").unwrap();
    operation
        .request(&fields(input), None, &place)
        .map_err(|error| error.to_string())
}

#[rstest]
#[case::texts(TEXTS, json!(["a", "b, c", "say \"hi\\\""]), r#"a, "b, c", "say \"hi\\\"""#)]
#[case::times(TIMES, json!(["2027-01-31T09:00:00Z", "2027-01-31T10:00:00Z"]), "Sun, 31 Jan 2027 09:00:00 GMT, Sun, 31 Jan 2027 10:00:00 GMT")]
#[case::json(JSON, json!({"a": [1, null]}), "eyJhIjpbMSxudWxsXX0=")]
#[case::a_time_of_another_format(UNIX, json!("2027-01-31T09:00:00Z"), "1801386000")]
#[case::a_number(NUMBER, json!(-5), "-5")]
fn a_header_holds_what_the_model_says_and_is_read_again(
    #[case] shape: ShapeId,
    #[case] given: Value,
    #[case] header: &str,
) {
    let operation = operation(
        Protocol::RestJson,
        "",
        vec![at(Location::Header, "x-try", "Tried", shape)],
    );
    let request = request(operation, &json!({"tried": given})).unwrap();
    assert_eq!(request.headers()["x-try"], header);

    let answer = operation.answer(200, request.headers(), b"").unwrap();
    assert_eq!(answer["tried"], given);
}

#[test]
fn all_headers_can_be_a_map() {
    let operation = operation(Protocol::RestJson, "", vec![at(Location::Headers, "", "All", MAP)]);
    let mut headers = HeaderMap::new();
    headers.insert("x-a".parse::<HeaderName>().unwrap(), "1".parse().unwrap());

    assert_eq!(
        operation.answer(200, &headers, b"").unwrap()["all"],
        json!({"x-a": "1"})
    );
}

#[test]
fn a_map_in_the_query_does_not_override_what_a_member_names() {
    let members = vec![
        at(Location::Query, "", "All", MAP),
        at(Location::Query, "one", "One", TEXT),
        at(Location::Query, "when", "When", TIME),
    ];
    let input = json!({"all": {"one": "no", "two": "a&b"}, "one": "yes", "when": "2027-01-31T09:00:00Z"});

    let request = request(operation(Protocol::RestXml, "", members), &input).unwrap();
    assert_eq!(
        request.uri().query(),
        Some("fixed&one=yes&when=2027-01-31T09%3A00%3A00Z&two=a%26b")
    );
}

#[rstest]
#[case("tenant-1", Ok("https://tenant-1.data.example.eu-west-1.amazonaws.com/try?fixed"))]
#[case("evil.example/", Err("`tenant` is not a part of a host name"))]
#[case("", Err("`tenant` is not a part of a host name"))]
fn a_member_can_be_a_part_of_the_host(#[case] tenant: &str, #[case] uri: Result<&str, &str>) {
    let label = Member {
        is_host_label: true,
        ..member("Tenant", TEXT)
    };
    let sent = request(
        operation(Protocol::Json11, "{Tenant}.data.", vec![label]),
        &json!({"tenant": tenant}),
    );

    let sent = sent.map(|request| request.uri().to_string());
    assert_eq!(sent.as_deref().map_err(String::as_str), uri);
}

#[test]
fn xml_has_namespaces_attributes_and_flat_maps() {
    let members = vec![
        Member {
            is_attribute: true,
            ..member("Kind", TEXT)
        },
        Member {
            namespace: "http://list.example/",
            ..member("List", TEXTS)
        },
        at(Location::Body, "Entry", "FlatMap", FLAT_MAP),
        member("Map", MAP),
        member("FlatList", FLAT_TEXTS),
    ];
    let operation = operation(Protocol::RestXml, "", members);
    let input =
        json!({"kind": "a\"b", "list": ["c"], "flat_map": {"d": "e"}, "map": {"f": "g"}, "flat_list": ["h", "i"]});

    let request = request(operation, &input).unwrap();
    let body = String::from_utf8(request.body().clone()).unwrap();
    assert_eq!(
        body,
        "<Tried xmlns:x=\"http://root.example/\" Kind=\"a&quot;b\">\
         <List xmlns=\"http://list.example/\"><member xmlns=\"http://entry.example/\">c</member></List>\
         <Entry><K>d</K><V>e</V></Entry>\
         <Map><entry><K xmlns=\"http://key.example/\">f</K><value>g</value></entry></Map>\
         <FlatList>h</FlatList><FlatList>i</FlatList></Tried>"
    );
    let answer = operation.answer(200, &HeaderMap::new(), request.body()).unwrap();
    assert_eq!(Value::Object(answer), input);
}

#[test]
fn a_form_has_flat_lists_and_maps_and_the_name_that_is_sent() {
    let members = vec![
        member("FlatList", FLAT_TEXTS),
        at(Location::Body, "Named", "OtherList", FLAT_TEXTS),
        member("FlatMap", FLAT_MAP),
        member("Times", TIMES),
    ];
    let input =
        json!({"flat_list": ["a"], "other_list": ["b"], "flat_map": {"c": "d"}, "times": ["2027-01-31T09:00:00.5Z"]});

    let request = request(operation(Protocol::Query, "", members), &input).unwrap();
    let body = String::from_utf8(request.body().clone()).unwrap();
    assert_eq!(
        body,
        "Action=Try2027&Version=2027-01-31&item.1=a&Named.1=b&FlatMap.1.K=c&FlatMap.1.V=d&Times.member.1=2027-01-31T09%3A00%3A00.500Z"
    );
}

#[rstest]
#[case(json!(0.5), "{\"Number\":0.5}")]
#[case(json!("0.25"), "{\"Number\":0.25}")]
#[case(json!("NaN"), "{\"Number\":\"NaN\"}")]
#[case(json!("-Infinity"), "{\"Number\":\"-Infinity\"}")]
fn a_number_can_be_none_that_json_has(#[case] given: Value, #[case] body: &str) {
    let operation = operation(Protocol::Json10, "", vec![member("Number", FLOAT)]);

    let request = request(operation, &json!({"number": given})).unwrap();
    assert_eq!(String::from_utf8_lossy(request.body()), body);
}

#[test]
fn a_code_that_only_this_service_has_can_ask_for_a_pause() {
    let error = operation(Protocol::Json10, "", Vec::new())
        .answer(400, &HeaderMap::new(), br#"{"__type":"Busy"}"#)
        .unwrap_err();

    assert!(error.is_throttling(), "{error:?}");
}

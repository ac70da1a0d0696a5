//! The rules of DynamoDB that memory keeps. The end-to-end tests of the journal hold the same calls against an API of DynamoDB.

use super::*;
use crate::table::{
    items::{Index, Test},
    number, text,
};
use rstest::rstest;

fn key(sk: &str) -> Key {
    Key::new("P", sk)
}

fn put(sk: &str, attribute: &str, value: AttributeValue, condition: Vec<Test>) -> Write {
    let mut item = key(sk).attributes();
    item.insert(attribute.to_owned(), value);
    Write::Put { item, condition }
}

fn update(assigns: impl IntoIterator<Item = Assign>) -> Write {
    let mut update = Update::new(key("a"));
    update.assigns.extend(assigns);
    update.into()
}

/// The value of an attribute of the item `a`.
fn value(items: &ItemMap, attribute: &str) -> Option<AttributeValue> {
    items.get(&key("a"))?.get(attribute).cloned()
}

fn texts(words: &[&str]) -> AttributeValue {
    AttributeValue::Ss(words.iter().map(ToString::to_string).collect())
}

#[rstest]
#[case::set(&[Assign::Set("x", text("1"))], Some(text("1")))]
#[case::set_again(&[Assign::Set("x", text("1")), Assign::Set("x", text("2"))], Some(text("2")))]
#[case::set_once(&[Assign::SetOnce("x", text("1")), Assign::SetOnce("x", text("2"))], Some(text("1")))]
#[case::removed(&[Assign::Set("x", text("1")), Assign::Remove("x")], None)]
#[case::counted(&[Assign::Increment("x"), Assign::Increment("x")], Some(number(2)))]
#[case::appended(&[Assign::Append("x", text("1")), Assign::Append("x", text("2"))], Some(AttributeValue::L(vec![text("1"), text("2")])))]
#[case::added_to_a_set(
    &[Assign::AddTexts("x", vec!["1".to_owned()]), Assign::AddTexts("x", vec!["1".to_owned(), "2".to_owned()])],
    Some(texts(&["1", "2"]))
)]
fn updates_one_after_the_other_leave(#[case] assigns: &[Assign], #[case] expected: Option<AttributeValue>) {
    let mut items = ItemMap::default();
    for assign in assigns {
        items.write(&update([assign.clone()])).unwrap();
    }
    assert_eq!(value(&items, "x"), expected);
}

#[rstest]
#[case::one_attribute_twice(update([Assign::Set("x", text("1")), Assign::Remove("x")]))]
#[case::a_list_and_an_entry_of_it(update([
    Assign::Append("x", text("1")),
    Assign::SetInList { list: "x", index: 0, field: "f", value: text("1") },
]))]
#[case::an_entry_that_is_not_there(update([Assign::SetInList { list: "x", index: 0, field: "f", value: text("1") }]))]
#[case::an_empty_set(update([Assign::AddTexts("x", Vec::new())]))]
#[case::a_key_that_is_too_long(Write::Delete(Key::new("p".repeat(2_049), "a")))]
#[case::an_item_that_is_too_large(put("a", "x", text("x".repeat(ITEM_BYTES)), Vec::new()))]
fn dynamodb_would_never_take(#[case] write: Write) {
    let mut items = ItemMap::default();
    assert!(items.write(&write).is_err());
    assert!(items.transact(std::slice::from_ref(&write), |_| None).is_err());
    assert_eq!(items.keys().count(), 0);
}

#[test]
fn a_transaction_makes_all_writes_or_none_and_says_what_was_wrong_with_each() {
    let mut items = ItemMap::default();
    items.write(&put("a", "x", text("1"), Vec::new())).unwrap();
    let writes = [
        put("b", "x", text("2"), vec![Test::ABSENT]),
        put("a", "x", text("2"), vec![Test::Is("x", text("0"))]),
    ];

    let refused = items.transact(&writes, |_| None).unwrap();

    let codes = |codes: [&str; 2]| Transacted::Cancelled(Cancelled(codes.into_iter().map(Refusal::of).collect()));
    assert_eq!(refused, codes(["None", "ConditionalCheckFailed"]));
    assert_eq!((items.keys().count(), value(&items, "x")), (1, Some(text("1"))));

    let in_the_way = |place| (place == 0).then_some("TransactionConflict");
    let conflict = items.transact(&writes[..1], in_the_way).unwrap();
    assert!(matches!(conflict, Transacted::Cancelled(_)), "{conflict:?}");

    assert_eq!(items.transact(&writes[..1], |_| None).unwrap(), Transacted::Done);
    assert_eq!(items.keys().count(), 2);
}

#[test]
fn one_transaction_writes_an_item_once_and_a_hundred_at_most() {
    let mut items = ItemMap::default();
    let write = |number: usize| put(&number.to_string(), "x", text("1"), Vec::new());
    assert!(items.transact(&[write(1), write(1)], |_| None).is_err());
    let most: Vec<_> = (0..=TRANSACTION_WRITES).map(write).collect();
    assert!(items.transact(&most, |_| None).is_err());
    assert_eq!(items.transact(&most[1..], |_| None).unwrap(), Transacted::Done);
}

#[rstest]
#[case::all(Range::All, false, &["a1", "a2", "b1"])]
#[case::beginning(Range::BeginsWith("a"), false, &["a1", "a2"])]
#[case::before(Range::Before("a2".to_owned()), false, &["a1"])]
#[case::from_the_last(Range::From("a2".to_owned()), true, &["b1", "a2"])]
fn a_query_gives_a_part_of_one_partition_in_order_page_by_page(
    #[case] range: Range,
    #[case] is_descending: bool,
    #[case] expected: &[&str],
    #[values(None, Some(1), Some(2))] limit: Option<i32>,
    #[values(false, true)] by_index: bool,
) {
    static INDEX: Index = Index {
        name: "by-x",
        pk: "x",
        sk: "sk",
    };
    let mut items = ItemMap::default();
    for sk in ["b1", "a2", "a1"] {
        items.write(&put(sk, "x", text("of the index"), Vec::new())).unwrap();
    }
    let mut other = Key::new("Q", "a1").attributes();
    other.insert("x".to_owned(), text("of another"));
    let condition = Vec::new();
    items.write(&Write::Put { item: other, condition }).unwrap();
    let partition = if by_index { "of the index" } else { "P" };
    let mut query = Query {
        index: by_index.then_some(&INDEX),
        range,
        is_descending,
        limit,
        ..Query::partition(Read::Steps, partition)
    };

    let mut found = Vec::new();
    loop {
        let page = items.query(&query);
        found.extend(page.items.iter().filter_map(Key::of).map(|key| key.sk));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }

    assert_eq!(found, expected);
}

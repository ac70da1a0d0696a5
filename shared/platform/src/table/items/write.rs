//! Writes of items, and their conditions.

use super::{Item, Key};
use aws_sdk_dynamodb::types::AttributeValue;

/// A test of an item. All tests of a write must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// An attribute has this value.
    Is(&'static str, AttributeValue),
    /// An attribute is there.
    Has(&'static str),
    /// An attribute is not there.
    HasNot(&'static str),
}

impl Test {
    /// The item is not there.
    pub(in crate::table) const ABSENT: Self = Self::HasNot("pk");
    /// The item is there.
    pub(in crate::table) const PRESENT: Self = Self::Has("pk");

    /// True if an item passes. One that is not there has no attributes.
    #[must_use]
    pub fn holds(&self, item: Option<&Item>) -> bool {
        let value = |name| item.and_then(|item| item.get(name));
        match self {
            Self::Is(name, wanted) => value(*name) == Some(wanted),
            Self::Has(name) => value(*name).is_some(),
            Self::HasNot(name) => value(*name).is_none(),
        }
    }
}

/// A change of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Assign {
    /// It gets a value.
    Set(&'static str, AttributeValue),
    /// It gets a value if it has none.
    SetOnce(&'static str, AttributeValue),
    /// A value is added to a list, which is empty at first.
    Append(&'static str, AttributeValue),
    /// A field of an entry of a list gets a value. The entry must be there.
    SetInList {
        list: &'static str,
        /// The place of the entry, from 0.
        index: u32,
        field: &'static str,
        value: AttributeValue,
    },
    /// It is taken away, if it is there.
    Remove(&'static str),
    /// Texts are added to a set of texts, which is empty at first.
    AddTexts(&'static str, Vec<String>),
    /// One is added to a number, which is none at first.
    Increment(&'static str),
}

/// A change of one item, which is made if it is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    pub(super) key: Key,
    pub(super) assigns: Vec<Assign>,
    pub(super) condition: Vec<Test>,
}

impl Update {
    pub(in crate::table) fn new(key: Key) -> Self {
        Self {
            key,
            assigns: Vec::new(),
            condition: Vec::new(),
        }
    }

    pub(in crate::table) fn require(&mut self, test: Test) {
        self.condition.push(test);
    }

    pub(in crate::table) fn set(&mut self, name: &'static str, value: AttributeValue) {
        self.assigns.push(Assign::Set(name, value));
    }

    pub(in crate::table) fn set_once(&mut self, name: &'static str, value: AttributeValue) {
        self.assigns.push(Assign::SetOnce(name, value));
    }

    pub(in crate::table) fn append(&mut self, name: &'static str, value: AttributeValue) {
        self.assigns.push(Assign::Append(name, value));
    }

    pub(in crate::table) fn set_in_list(
        &mut self,
        list: &'static str,
        index: u32,
        field: &'static str,
        value: AttributeValue,
    ) {
        self.assigns.push(Assign::SetInList {
            list,
            index,
            field,
            value,
        });
    }

    pub(in crate::table) fn remove(&mut self, name: &'static str) {
        self.assigns.push(Assign::Remove(name));
    }

    pub(in crate::table) fn add_texts(&mut self, name: &'static str, texts: Vec<String>) {
        self.assigns.push(Assign::AddTexts(name, texts));
    }

    pub(in crate::table) fn increment(&mut self, name: &'static str) {
        self.assigns.push(Assign::Increment(name));
    }
}

/// A write of one item.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Some of its attributes change.
    Update(Update),
    /// It is replaced, or made.
    Put {
        /// The item, with its key.
        item: Item,
        /// The condition on the item before.
        condition: Vec<Test>,
    },
    /// It is removed, if it is there.
    Delete(Key),
}

impl Write {
    /// The key of the item.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Update(update) => Some(update.key.clone()),
            Self::Put { item, .. } => Key::of(item),
            Self::Delete(key) => Some(key.clone()),
        }
    }

    /// The same write, whatever the item was before.
    #[must_use]
    pub fn without_condition(mut self) -> Self {
        match &mut self {
            Self::Update(Update { condition, .. }) | Self::Put { condition, .. } => condition.clear(),
            Self::Delete(_) => {}
        }
        self
    }

    /// The condition on the item before.
    #[must_use]
    pub fn condition(&self) -> &[Test] {
        match self {
            Self::Update(update) => &update.condition,
            Self::Put { condition, .. } => condition,
            Self::Delete(_) => &[],
        }
    }
}

impl From<Update> for Write {
    fn from(update: Update) -> Self {
        Self::Update(update)
    }
}

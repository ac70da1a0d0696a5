//! An update of one item, as DynamoDB takes it.

use super::super::{Item, StoreError, Table};
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update, builders::UpdateBuilder,
};
use std::collections::HashMap;

/// What is set of one item to which value, and on which condition.
pub(super) struct Change {
    key: Item,
    sets: Vec<String>,
    adds: Vec<String>,
    removes: Vec<String>,
    condition: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    pub(super) fn new(pk: &str, sk: &str) -> Self {
        Self {
            key: Table::key(pk, sk),
            sets: Vec::new(),
            adds: Vec::new(),
            removes: Vec::new(),
            condition: None,
            names: HashMap::new(),
            values: HashMap::new(),
        }
    }

    /// Names are always given as placeholders: many of ours, such as `state`, are reserved words of DynamoDB.
    pub(super) fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    pub(super) fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    pub(super) fn condition(&mut self, condition: String) {
        self.condition = Some(condition);
    }

    pub(super) fn set(&mut self, name: &str, value: AttributeValue) {
        let placeholder = self.name(name);
        self.sets.push(format!("{placeholder} = :{name}"));
        self.value(&format!(":{name}"), value);
    }

    pub(super) fn set_once(&mut self, name: &str, value: AttributeValue) {
        let placeholder = self.name(name);
        self.sets
            .push(format!("{placeholder} = if_not_exists({placeholder}, :{name})"));
        self.value(&format!(":{name}"), value);
    }

    /// Takes an attribute away, if it is there.
    pub(super) fn remove(&mut self, name: &str) {
        let placeholder = self.name(name);
        self.removes.push(placeholder);
    }

    /// Adds texts to a set of texts.
    pub(super) fn add(&mut self, name: &str, texts: Vec<String>) {
        let placeholder = self.name(name);
        self.adds.push(format!("{placeholder} :{name}"));
        self.value(&format!(":{name}"), AttributeValue::Ss(texts));
    }

    /// Adds one to a number, which is none at first.
    pub(super) fn increment(&mut self, name: &str) {
        let placeholder = self.name(name);
        self.adds.push(format!("{placeholder} :one"));
        self.value(":one", AttributeValue::N("1".to_owned()));
    }

    pub(super) fn append(&mut self, name: &str, value: AttributeValue) {
        let placeholder = self.name(name);
        self.sets.push(format!(
            "{placeholder} = list_append(if_not_exists({placeholder}, :none), :{name})"
        ));
        self.value(":none", AttributeValue::L(Vec::new()));
        self.value(&format!(":{name}"), AttributeValue::L(vec![value]));
    }

    pub(super) fn set_in_list(&mut self, list: &str, index: u32, name: &str, value: AttributeValue) {
        let (list_name, field_name) = (self.name(list), self.name(name));
        self.sets
            .push(format!("{list_name}[{index}].{field_name} = :{list}_{name}"));
        self.value(&format!(":{list}_{name}"), value);
    }

    fn expression(&self) -> String {
        let clause = |word: &str, parts: &[String]| match parts {
            [] => None,
            parts => Some(format!("{word} {}", parts.join(", "))),
        };
        let clauses = [
            clause("SET", &self.sets),
            clause("ADD", &self.adds),
            clause("REMOVE", &self.removes),
        ];
        clauses.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn into_update(self, table: &str) -> UpdateBuilder {
        Update::builder()
            .table_name(table)
            .update_expression(self.expression())
            .set_condition_expression(self.condition)
            .set_key(Some(self.key))
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
    }

    /// As a part of a transaction.
    pub(super) fn build(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        part(self.into_update(table))
    }

    /// The same; if its condition does not hold, the refusal shows the item.
    pub(super) fn build_and_show(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let shows = ReturnValuesOnConditionCheckFailure::AllOld;
        part(self.into_update(table).return_values_on_condition_check_failure(shows))
    }
}

fn part(update: UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    let update = update.build().map_err(|error| unbuildable(&error))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

pub(super) fn unbuildable(error: &aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Unavailable {
        operation: "write the journal",
        cause: error.to_string().into(),
    }
}

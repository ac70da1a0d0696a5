//! Items in DynamoDB.

use super::{
    Assign, Cancelled, Item, Items, Key, Page, Projection, Query, Range, Single, Test, Transacted, Update, Write,
};
use crate::table::{Read, StoreError, text, transaction::Refusal, unavailable};
use aws_sdk_dynamodb::{
    error::BuildError,
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::{
        AttributeValue, Delete, KeysAndAttributes, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update as UpdatePart,
    },
};
use aws_smithy_async::rt::sleep::AsyncSleep;
use std::{collections::HashMap, time::Duration};

/// The number of items that DynamoDB reads in one call.
const READ_AT_ONCE: usize = 100;

/// A table of DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    pub(in crate::table) client: aws_sdk_dynamodb::Client,
    pub(in crate::table) name: String,
}

impl Projection {
    /// Names are given as placeholders, because many of ours are reserved words of DynamoDB.
    fn expression(self) -> String {
        let names: Vec<_> = self.0.iter().map(|name| format!("#{name}")).collect();
        names.join(", ")
    }

    fn names(self) -> HashMap<String, String> {
        let names = self.0.iter().map(|name| (format!("#{name}"), (*name).to_owned()));
        names.collect()
    }
}

/// Expressions of one write, with the names and values that they stand on.
#[derive(Debug, Default)]
struct Expressions {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expressions {
    /// Names are always given as placeholders: many of ours, such as `state`, are reserved words of DynamoDB.
    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, placeholder: String, value: AttributeValue) -> String {
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    fn condition(&mut self, tests: Vec<Test>) -> Option<String> {
        let tests = tests.into_iter().map(|test| match test {
            Test::Is(name, value) => {
                let placeholder = self.name(name);
                format!("{placeholder} = {}", self.value(format!(":is_{name}"), value))
            }
            Test::Has(name) => format!("attribute_exists({})", self.name(name)),
            Test::HasNot(name) => format!("attribute_not_exists({})", self.name(name)),
        });
        let tests: Vec<_> = tests.collect();
        (!tests.is_empty()).then(|| tests.join(" AND "))
    }

    fn update(&mut self, assigns: Vec<Assign>) -> String {
        let (mut sets, mut adds, mut removes) = (Vec::new(), Vec::new(), Vec::new());
        for assign in assigns {
            match assign {
                Assign::Set(name, value) => {
                    let placeholder = self.name(name);
                    sets.push(format!("{placeholder} = {}", self.value(format!(":{name}"), value)));
                }
                Assign::SetOnce(name, value) => {
                    let placeholder = self.name(name);
                    let value = self.value(format!(":{name}"), value);
                    sets.push(format!("{placeholder} = if_not_exists({placeholder}, {value})"));
                }
                Assign::Append(name, value) => {
                    let placeholder = self.name(name);
                    let none = self.value(":none".to_owned(), AttributeValue::L(Vec::new()));
                    let value = self.value(format!(":{name}"), AttributeValue::L(vec![value]));
                    sets.push(format!(
                        "{placeholder} = list_append(if_not_exists({placeholder}, {none}), {value})"
                    ));
                }
                Assign::SetInList {
                    list,
                    index,
                    field,
                    value,
                } => {
                    let (list_name, field_name) = (self.name(list), self.name(field));
                    let value = self.value(format!(":{list}_{field}"), value);
                    sets.push(format!("{list_name}[{index}].{field_name} = {value}"));
                }
                Assign::Remove(name) => removes.push(self.name(name)),
                Assign::AddTexts(name, texts) => {
                    let placeholder = self.name(name);
                    let value = self.value(format!(":{name}"), AttributeValue::Ss(texts));
                    adds.push(format!("{placeholder} {value}"));
                }
                Assign::Increment(name) => {
                    let placeholder = self.name(name);
                    let one = self.value(":one".to_owned(), AttributeValue::N("1".to_owned()));
                    adds.push(format!("{placeholder} {one}"));
                }
            }
        }
        let clauses = [("SET", sets), ("ADD", adds), ("REMOVE", removes)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let clauses: Vec<_> = clauses
            .map(|(word, parts)| format!("{word} {}", parts.join(", ")))
            .collect();
        clauses.join(" ")
    }

    fn names(&mut self) -> Option<HashMap<String, String>> {
        Some(std::mem::take(&mut self.names)).filter(|names| !names.is_empty())
    }

    fn values(&mut self) -> Option<HashMap<String, AttributeValue>> {
        Some(std::mem::take(&mut self.values)).filter(|values| !values.is_empty())
    }
}

/// A write as a part of a transaction. If its condition does not hold, the refusal shows the item where an update was refused.
fn part(table: &str, write: Write) -> Result<TransactWriteItem, BuildError> {
    let mut expressions = Expressions::default();
    let part = TransactWriteItem::builder();
    let part = match write {
        Write::Update(Update {
            key,
            assigns,
            condition,
        }) => {
            let shows = (!condition.is_empty()).then_some(ReturnValuesOnConditionCheckFailure::AllOld);
            let update = UpdatePart::builder()
                .table_name(table)
                .set_key(Some(key.attributes()))
                .update_expression(expressions.update(assigns))
                .set_condition_expression(expressions.condition(condition))
                .set_return_values_on_condition_check_failure(shows)
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values());
            part.update(update.build()?)
        }
        Write::Put { item, condition } => {
            let put = Put::builder()
                .table_name(table)
                .set_item(Some(item))
                .set_condition_expression(expressions.condition(condition))
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values());
            part.put(put.build()?)
        }
        Write::Delete(key) => {
            let delete = Delete::builder().table_name(table).set_key(Some(key.attributes()));
            part.delete(delete.build()?)
        }
    };
    Ok(part.build())
}

impl DynamoDb {
    /// The table of that name.
    #[must_use]
    pub fn new(client: aws_sdk_dynamodb::Client, name: String) -> Self {
        Self { client, name }
    }

    async fn get_batch(
        &self,
        read: Read,
        keys: Vec<Key>,
        projection: Option<Projection>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut wanted: Vec<_> = keys.iter().map(Key::attributes).collect();
        for _ in 0..4 {
            if wanted.is_empty() {
                break;
            }
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(std::mem::take(&mut wanted)))
                .set_projection_expression(projection.map(Projection::expression))
                .set_expression_attribute_names(projection.map(Projection::names))
                .consistent_read(read.is_consistent())
                .build()
                .map_err(|error| unbuildable(read.into_str(), &error))?;
            let request = self.client.batch_get_item().request_items(&self.name, keys);
            let answer = Box::pin(request.send()).await;
            let output = answer.map_err(|error| unavailable(read.into_str(), &error))?;
            let answered = output.responses.into_iter();
            items.extend(answered.flat_map(|mut tables| tables.remove(&self.name)).flatten());
            wanted = output
                .unprocessed_keys
                .and_then(|mut tables| tables.remove(&self.name))
                .map(|left| left.keys)
                .unwrap_or_default();
        }
        if wanted.is_empty() {
            return Ok(items);
        }
        Err(StoreError::Unavailable {
            operation: read.into_str(),
            cause: "DynamoDB throttles: some items were put off four times".into(),
        })
    }

    async fn update(&self, operation: &'static str, update: Update) -> Result<Single, StoreError> {
        let mut expressions = Expressions::default();
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(update.key.attributes()))
            .update_expression(expressions.update(update.assigns))
            .set_condition_expression(expressions.condition(update.condition))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_values(ReturnValue::AllNew)
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values());
        let error = match Box::pin(request.send()).await {
            Ok(output) => {
                return Ok(Single::Done {
                    item: output.attributes,
                });
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => Ok(refused(refusal.item())),
            _ => Err(unavailable(operation, &error)),
        }
    }

    async fn put(&self, operation: &'static str, item: Item, condition: Vec<Test>) -> Result<Single, StoreError> {
        let mut expressions = Expressions::default();
        let shows = (!condition.is_empty()).then_some(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .set_condition_expression(expressions.condition(condition))
            .set_return_values_on_condition_check_failure(shows)
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values());
        let Err(error) = Box::pin(request.send()).await else {
            return Ok(Single::Done { item: None });
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => Ok(refused(refusal.item())),
            _ => Err(unavailable(operation, &error)),
        }
    }

    async fn delete(&self, operation: &'static str, key: &Key) -> Result<Single, StoreError> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .return_values(ReturnValue::AllOld);
        let answer = Box::pin(request.send()).await;
        let output = answer.map_err(|error| unavailable(operation, &error))?;
        Ok(Single::Done {
            // The SDK gives an empty item for none, where DynamoDB sends one.
            item: output.attributes.filter(|item| !item.is_empty()),
        })
    }
}

fn refused(item: Option<&Item>) -> Single {
    Single::Refused {
        item: item.cloned().unwrap_or_default(),
    }
}

fn unbuildable(operation: &'static str, error: &BuildError) -> StoreError {
    StoreError::Unavailable {
        operation,
        cause: error.to_string().into(),
    }
}

// The futures of the SDK are boxed, because they are so deep that the compiler gives up on the functions that await them.
impl Items for DynamoDb {
    async fn get(&self, read: Read, key: &Key) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(read.is_consistent());
        let answer = Box::pin(request.send()).await;
        let output = answer.map_err(|error| unavailable(read.into_str(), &error))?;
        Ok(output.item)
    }

    /// Items that DynamoDB puts off are read in further calls.
    async fn get_all(
        &self,
        read: Read,
        mut keys: Vec<Key>,
        projection: Option<Projection>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        while !keys.is_empty() {
            let rest = keys.split_off(keys.len().min(READ_AT_ONCE));
            items.extend(self.get_batch(read, keys, projection).await?);
            keys = rest;
        }
        Ok(items)
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let mut expressions = Expressions::default();
        let (pk, sk) = query.index.map_or(("pk", "sk"), |index| (index.pk, index.sk));
        let mut keys = format!("{} = :pk", expressions.name(pk));
        expressions.value(":pk".to_owned(), text(&query.partition));
        let mut range = |word: &str, value: &str| {
            let sk = expressions.name(sk);
            expressions.value(":sk".to_owned(), text(value));
            match word {
                "begins_with" => format!(" AND begins_with({sk}, :sk)"),
                comparison => format!(" AND {sk} {comparison} :sk"),
            }
        };
        keys.push_str(&match &query.range {
            Range::All => String::new(),
            Range::BeginsWith(start) => range("begins_with", start),
            Range::Before(end) => range("<", end),
            Range::From(start) => range(">=", start),
            Range::Between(start, end) => {
                let sk = expressions.name(sk);
                expressions.value(":from".to_owned(), text(start));
                expressions.value(":to".to_owned(), text(end));
                format!(" AND {sk} BETWEEN :from AND :to")
            }
        });
        let filter = query
            .filter
            .clone()
            .map(|(name, value)| vec![Test::Is(name, value)])
            .unwrap_or_default();
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression(keys)
            .set_filter_expression(expressions.condition(filter))
            .set_limit(query.limit)
            .set_exclusive_start_key(query.after.clone());
        request = match query.index {
            // An index offers no consistent reads.
            Some(index) => request.index_name(index.name),
            None => request.consistent_read(query.read.is_consistent()),
        };
        if query.is_descending {
            request = request.scan_index_forward(false);
        }
        if let Some(projection) = query.projection {
            request = request.projection_expression(projection.expression());
            expressions.names.extend(projection.names());
        }
        let request = request
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values());
        let answer = Box::pin(request.send()).await;
        let output = answer.map_err(|error| unavailable(query.read.into_str(), &error))?;
        Ok(Page {
            items: output.items.unwrap_or_default(),
            // The SDK gives an empty key for none, where DynamoDB sends one.
            next: output.last_evaluated_key.filter(|key| !key.is_empty()),
        })
    }

    async fn write(&self, operation: &'static str, write: Write) -> Result<Single, StoreError> {
        match write {
            Write::Update(update) => self.update(operation, update).await,
            Write::Put { item, condition } => self.put(operation, item, condition).await,
            Write::Delete(key) => self.delete(operation, &key).await,
        }
    }

    async fn transact(&self, operation: &'static str, writes: Vec<Write>) -> Result<Transacted, StoreError> {
        let parts: Result<Vec<_>, _> = writes.into_iter().map(|write| part(&self.name, write)).collect();
        let parts = parts.map_err(|error| unbuildable(operation, &error))?;
        let request = self.client.transact_write_items().set_transact_items(Some(parts));
        let Err(error) = Box::pin(request.send()).await else {
            return Ok(Transacted::Done);
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(refusal)) => {
                let reasons = refusal.cancellation_reasons().iter();
                let refusals = reasons.map(|reason| Refusal {
                    code: reason.code().map(str::to_owned),
                    item: reason.item().cloned(),
                });
                Ok(Transacted::Cancelled(Cancelled(refusals.collect())))
            }
            _ => Err(unavailable(operation, &error)),
        }
    }

    async fn pause(&self, time: Duration) {
        if let Some(sleep) = self.client.config().sleep_impl() {
            sleep.sleep(time).await;
        }
    }
}

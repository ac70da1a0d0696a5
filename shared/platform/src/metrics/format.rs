//! The embedded metric format.
//!
//! Source: CloudWatch's user guide, page `CloudWatch_Embedded_Metric_Format_Specification`.

use super::{
    NAMESPACE,
    observation::{Dimension, Measure},
};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// One line: what CloudWatch is to make of it, and the members that that refers to.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    #[serde(rename = "_aws")]
    metadata: Metadata,
    #[serde(flatten)]
    dimensions: BTreeMap<&'static str, &'a str>,
    #[serde(flatten)]
    values: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// In milliseconds since 1970.
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: Vec<Directive>,
}

/// Metrics that have the same dimensions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    /// Each list makes a series of its own of each metric.
    dimensions: Vec<Vec<&'static str>>,
    metrics: Vec<Definition>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

impl<'a> Document<'a> {
    /// The line for measures of one observation.
    pub(super) fn new(stack: &'a str, measures: &'a [Measure], now: Timestamp) -> Self {
        let mut directives: Vec<Directive> = Vec::new();
        let mut dimensions = BTreeMap::from([(Dimension::Stack.into_str(), stack)]);
        let mut values = BTreeMap::new();
        for measure in measures {
            let metric = measure.metric;
            values.insert(metric.into_str(), measure.value);
            let own = measure.dimensions.iter();
            dimensions.extend(own.map(|(dimension, word)| (dimension.into_str(), &**word)));
            let sets: Vec<Vec<&'static str>> = metric
                .dimensions()
                .iter()
                .map(|set| set.iter().map(|dimension| dimension.into_str()).collect())
                .collect();
            let definition = Definition {
                name: metric.into_str(),
                unit: metric.unit(),
            };
            match directives.iter_mut().find(|directive| directive.dimensions == sets) {
                Some(directive) => directive.metrics.push(definition),
                None => directives.push(Directive {
                    namespace: NAMESPACE,
                    dimensions: sets,
                    metrics: vec![definition],
                }),
            }
        }
        Self {
            metadata: Metadata {
                timestamp: now.as_millisecond(),
                directives,
            },
            dimensions,
            values,
        }
    }
}

//! The models that are compiled in.

use crate::{
    Operation,
    model::{self, Service, Waiter},
    name::snake_case,
};
use std::sync::OnceLock;

/// The models by the names of their services, packed. The list is written with them.
const PACKED: &[(&str, &[u8])] = include!("../models/index.rs");

/// The models that were asked for. That each can be read is tested.
static MODELS: [OnceLock<Option<Service<'static>>>; PACKED.len()] = [const { OnceLock::new() }; PACKED.len()];

/// The names of the services, as they stand in the names of actions: `ecs`.
pub fn services() -> impl Iterator<Item = &'static str> {
    PACKED.iter().map(|(name, _)| *name)
}

fn service(name: &str) -> Option<&'static Service<'static>> {
    let mut packed = PACKED.iter().zip(&MODELS);
    let ((_, packed), model) = packed.find(|((known, _), _)| *known == name)?;
    model.get_or_init(|| model::read(packed).ok()).as_ref()
}

/// The operations of a service, by name; none for a service that there is not. This reads the service's model.
pub fn operations(name: &str) -> impl Iterator<Item = Operation> {
    let service = service(name);
    service.into_iter().flat_map(|service| {
        let operations = service.operations.iter();
        operations.map(move |operation| Operation { service, operation })
    })
}

/// The operation of an action: `aws.ecs.update_service`. This reads the model of its service, and no other.
#[must_use]
pub fn operation(name: &str) -> Option<Operation> {
    let (service, operation) = name.strip_prefix("aws.")?.split_once('.')?;
    operations(service).find(|known| snake_case(known.operation.name) == operation)
}

/// The waiters of a service, by name, with the service.
pub(crate) fn waiters(name: &str) -> impl Iterator<Item = (&'static Service<'static>, &'static Waiter<'static>)> {
    let waiters = |service: &'static Service<'static>| service.waiters.iter().map(move |waiter| (service, waiter));
    service(name).into_iter().flat_map(waiters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_can_be_read_and_has_operations() {
        let mut count = 0;
        for (name, packed) in PACKED {
            let model = model::read(packed).unwrap();
            assert_eq!(model.name, *name);
            assert!(!model.operations.is_empty(), "{name}");
            count += model.operations.len();
        }
        assert!(PACKED.len() > 40 && count > 3000, "{} {count}", PACKED.len());
    }

    #[test]
    fn a_model_that_is_written_again_is_the_same() {
        for (name, packed) in PACKED {
            let model = model::read(packed).unwrap();
            let written = model::write(&model);
            assert_eq!(model::read(&written).unwrap(), model, "{name}");
            assert_eq!(written, *packed, "{name}");
        }
    }

    #[test]
    fn asking_for_an_operation_reads_the_model_of_its_service_alone() {
        // Tests can share one process, so this looks at services that no other test asks for by themselves.
        let is_read = |name: &str| {
            let mut models = PACKED.iter().zip(&MODELS);
            models.any(|((known, _), model)| *known == name && model.get().is_some())
        };
        assert!(operation("aws.nowhere.at_all").is_none());
        assert!(operation("aws.fis.stop_experiment").is_some());
        assert!(is_read("fis"));
    }
}

//! The connectors that come with the program: the files of `catalogue`.

use crate::connector::Connector;
use std::sync::OnceLock;

/// A file of the catalogue. It is read when it is first asked for, and alone: a function that performs one action must not read them all.
struct Shipped {
    name: &'static str,
    source: &'static str,
    connector: OnceLock<Option<Connector>>,
}

impl Shipped {
    const fn new(name: &'static str, source: &'static str) -> Self {
        Self {
            name,
            source,
            connector: OnceLock::new(),
        }
    }
}

// `SHIPPED`, made by build.rs.
include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// The names of the connectors that come with the program, in order.
pub fn shipped() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|shipped| shipped.name)
}

/// The connector of that name, if it comes with the program.
#[must_use]
pub fn shipped_connector(name: &str) -> Option<&'static Connector> {
    let shipped = SHIPPED.iter().find(|shipped| shipped.name == name)?;
    let read = || Connector::from_source(shipped.source).ok();
    shipped.connector.get_or_init(read).as_ref()
}

/// The file of the connector of that name, if it comes with the program.
#[must_use]
pub fn shipped_source(name: &str) -> Option<&'static str> {
    let shipped = SHIPPED.iter().find(|shipped| shipped.name == name)?;
    Some(shipped.source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_can_be_read_and_has_the_name_of_its_connector() {
        for shipped in &SHIPPED {
            match Connector::from_source(shipped.source) {
                Ok(connector) => assert_eq!(connector.name().as_str(), shipped.name),
                Err(problems) => panic!("{}.yaml:\n{problems}", shipped.name),
            }
        }
    }

    #[test]
    fn names_come_in_order_and_the_general_one_is_among_them() {
        let names: Vec<_> = shipped().collect();
        assert!(names.is_sorted() && names.contains(&"http"), "{names:?}");
        assert!(shipped_connector("no_such_system").is_none());
    }

    #[test]
    fn each_can_be_tested_and_each_action_has_an_example() {
        for connector in shipped().filter_map(shipped_connector) {
            for action in connector.actions().filter(|action| !action.is_internal()) {
                assert!(!action.spec().example.is_empty(), "{}", action.spec().name);
            }
        }
    }
}

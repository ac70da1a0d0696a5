//! Several ids in one field.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// The number of ids that one list may have: as many as PagerDuty gives in one page.
const MOST: usize = 100;

/// One to 100 ids.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<T>")]
pub struct IdList<T>(Vec<T>);

/// A list of ids of another length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidLength(usize);

impl fmt::Display for InvalidLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the list has {} ids; give 1 to {MOST}", self.0)
    }
}

impl std::error::Error for InvalidLength {}

impl<T> TryFrom<Vec<T>> for IdList<T> {
    type Error = InvalidLength;

    fn try_from(ids: Vec<T>) -> Result<Self, InvalidLength> {
        match ids.len() {
            1..=MOST => Ok(Self(ids)),
            length => Err(InvalidLength(length)),
        }
    }
}

impl<T> AsRef<[T]> for IdList<T> {
    fn as_ref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Serialize> Serialize for IdList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::ids::UserId;

    #[rstest]
    #[case::one(1, true)]
    #[case::hundred(100, true)]
    #[case::none(0, false)]
    #[case::too_many(101, false)]
    fn a_list_has_one_to_a_hundred_ids(#[case] length: usize, #[case] is_valid: bool) {
        let list = serde_json::from_value::<IdList<UserId>>(json!(vec!["PUSER01"; length]));

        assert_eq!(list.is_ok(), is_valid);
    }

    #[rstest]
    #[case::p1_climbing("../users")]
    #[case::p1_empty("")]
    fn each_id_of_a_list_is_checked(#[case] id: &str) {
        assert!(serde_json::from_value::<IdList<UserId>>(json!(["PUSER01", id])).is_err());
    }
}

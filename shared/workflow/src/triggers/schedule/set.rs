//! The values of a field of a cron expression.

use std::ops::RangeInclusive;

/// Values from 0 to 63.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Set(u64);

impl Set {
    pub(super) fn insert(&mut self, value: u8) {
        self.0 |= 1_u64.checked_shl(value.into()).unwrap_or_default();
    }

    pub(super) fn contains(self, value: i8) -> bool {
        let bit = u32::try_from(value).ok().and_then(|value| 1_u64.checked_shl(value));
        bit.is_some_and(|bit| self.0 & bit != 0)
    }

    /// The values, in order.
    pub(super) fn values(self) -> impl Iterator<Item = u8> {
        (0..64)
            .filter(move |value| self.contains(*value))
            .filter_map(|value| u8::try_from(value).ok())
    }

    pub(super) fn least(self) -> Option<u8> {
        self.values().next()
    }

    /// True if all of a range are in it.
    pub(super) fn has_all(self, mut range: RangeInclusive<u8>) -> bool {
        range.all(|value| i8::try_from(value).is_ok_and(|value| self.contains(value)))
    }
}

impl FromIterator<u8> for Set {
    fn from_iter<T: IntoIterator<Item = u8>>(values: T) -> Self {
        let mut set = Self::default();
        values.into_iter().for_each(|value| set.insert(value));
        set
    }
}

//! Ids: a type for each kind of thing, and the generator that makes new ones.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// Takes an id as it is. PagerDuty's ids are opaque: neither length nor first letter is fixed.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}

id_types! {
    ServiceId
    /// The id of an escalation policy.
    PolicyId
    UserId
    TeamId
    PriorityId
    IncidentId
    /// The id of a note on an incident.
    NoteId
    /// The id of an entry in an incident's log.
    LogEntryId
    AlertId
    /// The id of a custom field of incidents.
    FieldId
    /// The id of an incident workflow: one that PagerDuty itself runs.
    WorkflowId
    /// The id of a type of incidents.
    TypeId
    ScheduleId
    /// The id of what sends webhooks: a V3 subscription or a V2 extension.
    HookId
    /// The id of one webhook, sent as `x-webhook-id` with each of its delivery attempts.
    WebhookId
}

/// What the ids of new incidents look like. Both forms occur, and a client must take either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentIdForm {
    /// In turn the new form and the old one.
    #[default]
    Both,
    /// `P` and 7 characters in all.
    Old,
    /// `Q` and 14 characters in all.
    New,
}

/// How many different ids six letters or digits can tell apart.
const SHORT_IDS: u64 = 36_u64.pow(6);
/// A prime, so that multiplying by it visits every short id once before any comes twice.
const STRIDE: u64 = 1_610_612_741;

const BASE36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE32_CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Makes ids in the forms that PagerDuty uses. The same seed gives the same ids in the same order.
#[derive(Debug, Clone)]
pub struct Ids {
    seed: u64,
    issued: u64,
    random: u64,
}

impl Ids {
    /// A generator whose ids follow from `seed`.
    pub fn from_seed(seed: u64) -> Self {
        Self {
            seed,
            issued: 0,
            random: seed,
        }
    }

    /// The id of an object, in turn in the new form and in the old one. No two are alike.
    pub(crate) fn object(&mut self) -> String {
        match self.issued.is_multiple_of(2) {
            true => self.new_form(),
            false => self.old_form(),
        }
    }

    /// `P` and six letters or digits.
    fn old_form(&mut self) -> String {
        format!("P{}", self.unique())
    }

    /// `Q` and 13 letters or digits.
    fn new_form(&mut self) -> String {
        format!("Q{}{}", self.letters(BASE36, 7), self.unique())
    }

    /// The id of the incident with this number.
    pub(crate) fn incident(&mut self, form: IncidentIdForm, number: u64) -> IncidentId {
        let old = match form {
            IncidentIdForm::Both => number.is_multiple_of(2),
            IncidentIdForm::Old => true,
            IncidentIdForm::New => false,
        };
        if old {
            IncidentId(self.old_form())
        } else {
            IncidentId(self.new_form())
        }
    }

    /// The id of a log entry: `R` and 25 letters or digits.
    pub(crate) fn log_entry(&mut self) -> LogEntryId {
        LogEntryId(format!("R{}", self.letters(BASE36, 25)))
    }

    /// The id of an event: in the form of a ULID, 26 characters of which the first ten are its time.
    pub(crate) fn event(&mut self, at: Timestamp) -> String {
        let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or_default();
        let time: String = (0..10)
            .rev()
            .map(|place| letter(BASE32_CROCKFORD, milliseconds >> (5 * place)))
            .collect();
        format!("{time}{}", self.letters(BASE32_CROCKFORD, 16))
    }

    /// The id of an event of an incident workflow: a long decimal number.
    pub(crate) fn decimal_event(&mut self) -> String {
        format!("3{:018}{:018}", self.next_random() >> 5, self.next_random() >> 5)
    }

    /// The id of a webhook: in the form of a random UUID.
    pub(crate) fn webhook(&mut self) -> WebhookId {
        WebhookId(self.uuid())
    }

    /// A random UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let high = self.next_random();
        let low = self.next_random();
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 50),
            low & 0xffff_ffff_ffff
        )
    }

    /// An `incident_key` as PagerDuty makes it when none was given: 32 hexadecimal digits.
    pub(crate) fn incident_key(&mut self) -> String {
        format!("{:016x}{:016x}", self.next_random(), self.next_random())
    }

    /// The signing secret of a subscription: 64 characters that look like base64.
    pub(crate) fn signing_secret(&mut self) -> String {
        self.letters(BASE64, 64)
    }

    fn unique(&mut self) -> String {
        let mut rest = (self.issued.wrapping_mul(STRIDE) % SHORT_IDS + self.seed % SHORT_IDS) % SHORT_IDS;
        self.issued += 1;
        let mut text = String::new();
        for _ in 0..6 {
            text.push(letter(BASE36, rest % 36));
            rest /= 36;
        }
        text
    }

    fn letters(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| letter(alphabet, self.next_random() >> 32)).collect()
    }

    /// The SplitMix64 generator: small, and good enough for ids that nobody has to guess.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn letter(alphabet: &[u8], value: u64) -> char {
    let position = usize::try_from(value % alphabet.len() as u64).unwrap_or_default();
    alphabet.get(position).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ten_thousand_object_ids_are_all_different() {
        let mut ids = Ids::from_seed(7);

        let made: HashSet<String> = (0..10_000).map(|_| ids.object()).collect();

        assert_eq!(made.len(), 10_000);
    }

    #[test]
    fn object_ids_come_in_the_old_form_and_in_the_new_one() {
        let mut ids = Ids::from_seed(7);

        let lengths: HashSet<usize> = (0..4).map(|_| ids.object().len()).collect();

        assert_eq!(lengths, HashSet::from([7, 14]));
    }

    #[test]
    fn incident_ids_come_in_the_old_form_and_in_the_new_one() {
        let mut ids = Ids::from_seed(7);

        let new = ids.incident(IncidentIdForm::Both, 1);
        let old = ids.incident(IncidentIdForm::Both, 2);

        assert_eq!((new.as_str().len(), &new.as_str()[..1]), (14, "Q"));
        assert_eq!((old.as_str().len(), &old.as_str()[..1]), (7, "P"));
    }

    #[test]
    fn incident_ids_can_all_have_one_form() {
        let mut ids = Ids::from_seed(7);

        let old = [1, 2].map(|number| ids.incident(IncidentIdForm::Old, number).as_str().len());
        let new = [3, 4].map(|number| ids.incident(IncidentIdForm::New, number).as_str().len());

        assert_eq!((old, new), ([7, 7], [14, 14]));
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let mut one = Ids::from_seed(42);
        let mut other = Ids::from_seed(42);

        assert_eq!(one.webhook(), other.webhook());
        assert_eq!(one.signing_secret(), other.signing_secret());
        assert_ne!(Ids::from_seed(43).incident_key(), one.incident_key());
    }

    #[test]
    fn an_event_id_starts_with_its_time() {
        let at: Timestamp = "2026-03-01T08:15:30Z".parse().unwrap();

        let early = Ids::from_seed(1).event(at);
        let late = Ids::from_seed(1).event(at + jiff::SignedDuration::from_secs(1));

        assert_eq!(early.len(), 26);
        assert!(early < late, "{early} should sort before {late}");
    }

    #[test]
    fn a_webhook_id_has_the_form_of_a_random_uuid() {
        let id = Ids::from_seed(9).webhook();

        let lengths: Vec<usize> = id.as_str().split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&id.as_str()[14..15], "4");
    }
}

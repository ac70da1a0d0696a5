//! The form in which a model is kept: deflated bytes, in which numbers are LEB128 and texts have their length in front.
//!
//! A model is written by `cargo xtask aws-models` and read by the same version of this crate, so the form needs no versions.

use super::*;
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

/// The most that a model may have unpacked, in bytes. EC2's, the largest, has about 400 kB.
const LARGEST: usize = 4 << 20;

/// The best that deflate can do. Models are packed once.
const LEVEL: u8 = 10;

/// A model that cannot be read. The shipped ones can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the model is not in a form that deflate gives")]
    Packed,
    #[error("the model ends early")]
    Short,
    #[error("the model goes on after its end")]
    Long,
    #[error("the model has a text that is not UTF-8")]
    Text,
    #[error("the model has {0}, which means nothing, in the place of {1}")]
    Tag(u64, &'static str),
    #[error("the model names a shape that it does not have")]
    Shape,
}

/// The bytes of a model.
#[must_use]
pub fn write(service: &Service<'_>) -> Vec<u8> {
    let mut writer = Writer::default();
    service.put(&mut writer);
    compress_to_vec(&writer.0, LEVEL)
}

/// Unpacks the bytes of a model.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    decompress_to_vec_with_limit(packed, LARGEST).map_err(|_| Unreadable::Packed)
}

/// Reads a model. What it was unpacked to stays in memory for good: it is asked for once for each service.
pub(crate) fn read(packed: &[u8]) -> Result<Service<'static>, Unreadable> {
    parse(unpack(packed)?.leak())
}

fn parse(data: &[u8]) -> Result<Service<'_>, Unreadable> {
    let mut reader = Reader(data);
    let service = Service::take(&mut reader)?;
    if !reader.0.is_empty() {
        return Err(Unreadable::Long);
    }
    match service.names_its_own_shapes() {
        true => Ok(service),
        false => Err(Unreadable::Shape),
    }
}

impl Service<'_> {
    fn names_its_own_shapes(&self) -> bool {
        let is_own = |id: ShapeId| (id.0 as usize) < self.shapes.len();
        let of_shapes = self.shapes.iter().all(|shape| match shape {
            Shape::Structure(structure) => structure.members.iter().all(|member| is_own(member.shape)),
            Shape::List(list) => is_own(list.element),
            Shape::Map(map) => is_own(map.key) && is_own(map.value),
            _ => true,
        });
        let of_operations = self
            .operations
            .iter()
            .flat_map(|operation| [operation.input, operation.output]);
        of_shapes && of_operations.flatten().all(is_own)
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let &[byte] = self.bytes(1)? else {
                return Err(Unreadable::Short);
            };
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Unreadable::Tag(number, "a number"))
    }
}

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

/// A part of a model, as it is written and read.
trait Part<'a>: Sized {
    fn put(&self, to: &mut Writer);
    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable>;
}

impl<'a> Part<'a> for u32 {
    fn put(&self, to: &mut Writer) {
        to.number(u64::from(*self));
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        let number = from.number()?;
        number.try_into().map_err(|_| Unreadable::Tag(number, "a number"))
    }
}

impl<'a> Part<'a> for bool {
    fn put(&self, to: &mut Writer) {
        to.number(u64::from(*self));
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        match from.number()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(Unreadable::Tag(tag, "yes or no")),
        }
    }
}

impl<'a> Part<'a> for &'a str {
    fn put(&self, to: &mut Writer) {
        to.number(self.len() as u64);
        to.0.extend(self.as_bytes());
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        let length = usize::try_from(from.number()?).map_err(|_| Unreadable::Short)?;
        std::str::from_utf8(from.bytes(length)?).map_err(|_| Unreadable::Text)
    }
}

impl<'a, P: Part<'a>> Part<'a> for Vec<P> {
    fn put(&self, to: &mut Writer) {
        to.number(self.len() as u64);
        for part in self {
            part.put(to);
        }
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        // Each part takes a byte at least, so a count that is wrong reserves no memory.
        let count = usize::try_from(from.number()?).map_err(|_| Unreadable::Short)?;
        if count > from.0.len() {
            return Err(Unreadable::Short);
        }
        (0..count).map(|_| P::take(from)).collect()
    }
}

impl<'a, P: Part<'a>> Part<'a> for Option<P> {
    fn put(&self, to: &mut Writer) {
        self.is_some().put(to);
        if let Some(part) = self {
            part.put(to);
        }
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        bool::take(from)?.then(|| P::take(from)).transpose()
    }
}

/// A structure is written member by member, in the order of its declaration.
macro_rules! parts {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl<'a> Part<'a> for $name<'a> {
            fn put(&self, to: &mut Writer) {
                $(self.$field.put(to);)*
            }

            fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
                Ok(Self { $($field: Part::take(from)?,)* })
            }
        }
    )*};
}

parts! {
    Service {
        name, title, documentation, protocol, api_version, target_prefix, query_compatible, signing_name, endpoint_prefix,
        endpoints, throttling, shapes, operations, waiters
    }
    Endpoint { partition, host, signing_region }
    Operation {
        name, sent_name, method, uri, host_prefix, input, output, result_wrapper, root, root_namespace, checksum_required, pages
    }
    Pages { input_tokens, output_tokens, more_results, limit_key, results }
    Waiter { name, operation, delay_seconds, attempts, acceptors }
    Acceptor { state, matcher, argument, expected }
    Structure { members, payload, is_union }
    List { element, element_name, element_namespace, is_flat }
    MapShape { key, value, key_name, value_name, key_namespace, value_namespace, is_flat }
}

impl<'a> Part<'a> for Path<'a> {
    fn put(&self, to: &mut Writer) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        Part::take(from).map(Self)
    }
}

impl<'a> Part<'a> for ShapeId {
    fn put(&self, to: &mut Writer) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        Part::take(from).map(Self)
    }
}

/// An enum without content is the place of its variant in this list.
macro_rules! words {
    ($($name:ident: $what:literal = [$($variant:ident),*];)*) => {$(
        impl $name {
            const ALL: &[Self] = &[$(Self::$variant),*];
        }

        impl<'a> Part<'a> for $name {
            fn put(&self, to: &mut Writer) {
                to.number(Self::ALL.iter().position(|word| word == self).unwrap_or_default() as u64);
            }

            fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
                let tag = from.number()?;
                let word = usize::try_from(tag).ok().and_then(|tag| Self::ALL.get(tag));
                word.copied().ok_or(Unreadable::Tag(tag, $what))
            }
        }
    )*};
}

words! {
    Protocol: "a protocol" = [Json10, Json11, Query, Ec2, RestJson, RestXml];
    WaitState: "a state of a wait" = [Success, Failure, Retry];
    Matcher: "a matcher" = [Path, PathAll, PathAny, Status, Error];
    TimeFormat: "a format of times" = [Iso8601, Unix, Rfc822];
    Location: "a location" = [Body, Uri, Query, Header, Headers, Status];
}

impl<'a> Part<'a> for Shape<'a> {
    fn put(&self, to: &mut Writer) {
        match self {
            Self::Structure(structure) => {
                to.number(0);
                structure.put(to);
            }
            Self::List(list) => {
                to.number(1);
                list.put(to);
            }
            Self::Map(map) => {
                to.number(2);
                map.put(to);
            }
            Self::Text(words) => {
                to.number(3);
                words.put(to);
            }
            Self::Integer => to.number(4),
            Self::Float => to.number(5),
            Self::Boolean => to.number(6),
            Self::Timestamp(format) => {
                to.number(7);
                format.put(to);
            }
            Self::Blob { is_stream } => {
                to.number(8);
                is_stream.put(to);
            }
            Self::Document => to.number(9),
            Self::JsonText => to.number(10),
        }
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        Ok(match from.number()? {
            0 => Self::Structure(Part::take(from)?),
            1 => Self::List(Part::take(from)?),
            2 => Self::Map(Part::take(from)?),
            3 => Self::Text(Part::take(from)?),
            4 => Self::Integer,
            5 => Self::Float,
            6 => Self::Boolean,
            7 => Self::Timestamp(Part::take(from)?),
            8 => Self::Blob {
                is_stream: Part::take(from)?,
            },
            9 => Self::Document,
            10 => Self::JsonText,
            tag => return Err(Unreadable::Tag(tag, "a shape")),
        })
    }
}

/// The bits of a member in the order of its flags, and after them the texts that it has. Most members are a name and a shape.
mod bits {
    pub(super) const REQUIRED: u64 = 1;
    pub(super) const TOKEN: u64 = 1 << 1;
    pub(super) const ATTRIBUTE: u64 = 1 << 2;
    pub(super) const HOST_LABEL: u64 = 1 << 3;
    pub(super) const SENT_NAME: u64 = 1 << 4;
    pub(super) const QUERY_NAME: u64 = 1 << 5;
    pub(super) const NAMESPACE: u64 = 1 << 6;
    pub(super) const LOCATION: u64 = 1 << 7;
}

impl<'a> Part<'a> for Member<'a> {
    fn put(&self, to: &mut Writer) {
        self.name.put(to);
        self.shape.put(to);
        let bit = |is_set: bool, bit: u64| if is_set { bit } else { 0 };
        let set = bit(self.is_required, bits::REQUIRED)
            | bit(self.is_idempotency_token, bits::TOKEN)
            | bit(self.is_attribute, bits::ATTRIBUTE)
            | bit(self.is_host_label, bits::HOST_LABEL)
            | bit(!self.sent_name.is_empty(), bits::SENT_NAME)
            | bit(!self.query_name.is_empty(), bits::QUERY_NAME)
            | bit(!self.namespace.is_empty(), bits::NAMESPACE)
            | bit(self.location != Location::Body, bits::LOCATION);
        to.number(set);
        for text in [self.sent_name, self.query_name, self.namespace] {
            if !text.is_empty() {
                text.put(to);
            }
        }
        if self.location != Location::Body {
            self.location.put(to);
        }
    }

    fn take(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        let name = Part::take(from)?;
        let shape = Part::take(from)?;
        let set = from.number()?;
        let mut text = |bit: u64| if set & bit == 0 { Ok("") } else { Part::take(from) };
        let (sent_name, query_name, namespace) =
            (text(bits::SENT_NAME)?, text(bits::QUERY_NAME)?, text(bits::NAMESPACE)?);
        let location = match set & bits::LOCATION {
            0 => Location::Body,
            _ => Part::take(from)?,
        };
        Ok(Self {
            name,
            shape,
            sent_name,
            query_name,
            namespace,
            location,
            is_required: set & bits::REQUIRED != 0,
            is_idempotency_token: set & bits::TOKEN != 0,
            is_attribute: set & bits::ATTRIBUTE != 0,
            is_host_label: set & bits::HOST_LABEL != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A small model, unpacked.
    fn data() -> Vec<u8> {
        unpack(include_bytes!("../../models/sts.model")).unwrap()
    }

    #[test]
    fn a_model_that_ends_early_is_refused_wherever_it_ends() {
        let data = data();
        for end in 0..data.len() {
            assert!(parse(&data[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_model_that_goes_on_is_refused() {
        let mut data = data();
        data.push(0);
        assert_eq!(parse(&data), Err(Unreadable::Long));
    }

    #[test]
    fn what_is_not_packed_is_refused() {
        assert_eq!(unpack(b"no model"), Err(Unreadable::Packed));
        let bomb = compress_to_vec(&vec![0; LARGEST + 1], 1);
        assert_eq!(unpack(&bomb), Err(Unreadable::Packed));
    }

    proptest! {
        #[test]
        fn a_model_with_changes_is_read_or_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut data = data();
            for (place, byte) in changes {
                let place = place.index(data.len());
                data[place] = byte;
            }
            let _ = parse(&data);
        }

        #[test]
        fn a_number_is_read_as_it_was_written(number in 0..=u64::MAX >> 1) {
            let mut writer = Writer::default();
            writer.number(number);
            prop_assert_eq!(Reader(&writer.0).number(), Ok(number));
        }
    }
}

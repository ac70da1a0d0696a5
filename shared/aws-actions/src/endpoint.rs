//! The place where a request goes: a region, and the hosts that it has.

use crate::model::Service;

/// A partition: a set of regions that share accounts, credentials and domains.
struct Partition {
    id: &'static str,
    /// The start of the names of its regions; empty for all others.
    regions: &'static str,
    domain: &'static str,
}

/// The partitions, with those of a name that others begin with last.
///
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
static PARTITIONS: [Partition; 8] = [
    Partition {
        id: "aws-cn",
        regions: "cn-",
        domain: "amazonaws.com.cn",
    },
    Partition {
        id: "aws-us-gov",
        regions: "us-gov-",
        domain: "amazonaws.com",
    },
    Partition {
        id: "aws-eusc",
        regions: "eusc-",
        domain: "amazonaws.eu",
    },
    Partition {
        id: "aws-iso",
        regions: "us-iso-",
        domain: "c2s.ic.gov",
    },
    Partition {
        id: "aws-iso-b",
        regions: "us-isob-",
        domain: "sc2s.sgov.gov",
    },
    Partition {
        id: "aws-iso-e",
        regions: "eu-isoe-",
        domain: "cloud.adc-e.uk",
    },
    Partition {
        id: "aws-iso-f",
        regions: "us-isof-",
        domain: "csp.hci.ic.gov",
    },
    Partition {
        id: "aws",
        regions: "",
        domain: "amazonaws.com",
    },
];

/// The place where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    region: String,
    /// The address of all services, in the place of theirs.
    address: Option<String>,
}

/// A text that is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlace {
    #[error("`{0}` is not a region, such as `eu-west-1`")]
    Region(String),
    #[error("`{0}` is not an address, such as `http://localhost:4566`")]
    Address(String),
}

impl Place {
    /// A region.
    ///
    /// # Errors
    /// A text that does not have the form of a region's name: it becomes a part of host names.
    pub fn region(name: &str) -> Result<Self, InvalidPlace> {
        let parts: Vec<&str> = name.split('-').collect();
        let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_region = match parts.as_slice() {
            [words @ .., number] => {
                (2..=4).contains(&words.len())
                    && words.iter().all(is_word)
                    && (1..=2).contains(&number.len())
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            }
            [] => false,
        };
        match is_region && name.len() <= 32 {
            true => Ok(Self {
                region: name.to_owned(),
                address: None,
            }),
            false => Err(InvalidPlace::Region(name.chars().take(40).collect())),
        }
    }

    /// The region at an address of its own, such as that of a local AWS.
    ///
    /// # Errors
    /// A text that is not the start of a URL.
    pub fn at(self, address: &str) -> Result<Self, InvalidPlace> {
        let trimmed = address.trim_end_matches('/');
        let host = trimmed
            .strip_prefix("https://")
            .or_else(|| trimmed.strip_prefix("http://"));
        let is_host = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@']));
        match is_host && trimmed.parse::<http::Uri>().is_ok() {
            true => Ok(Self {
                address: Some(trimmed.to_owned()),
                ..self
            }),
            false => Err(InvalidPlace::Address(address.chars().take(80).collect())),
        }
    }

    /// The name of the region.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.region
    }

    /// The id of its partition, which begins its ARNs: `aws`, `aws-cn`.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        self.of_partition().id
    }

    fn of_partition(&self) -> &'static Partition {
        let [others @ .., usual] = &PARTITIONS;
        others
            .iter()
            .find(|partition| self.region.starts_with(partition.regions))
            .unwrap_or(usual)
    }

    /// The start of the URLs of a service.
    pub(crate) fn url(&self, service: &Service<'_>, host_prefix: &str) -> String {
        if let Some(address) = &self.address {
            return address.clone();
        }
        let Partition { id, domain, .. } = self.of_partition();
        match service.endpoints.iter().find(|endpoint| endpoint.partition == *id) {
            Some(endpoint) => format!(
                "https://{host_prefix}{}",
                endpoint.host.replace("{region}", &self.region)
            ),
            None => format!(
                "https://{host_prefix}{}.{}.{domain}",
                service.endpoint_prefix, self.region
            ),
        }
    }

    /// The region that requests to a service are signed for.
    pub(crate) fn signing_region(&self, service: &Service<'_>) -> String {
        let id = self.partition();
        let endpoint = service.endpoints.iter().find(|endpoint| endpoint.partition == id);
        match endpoint {
            Some(endpoint) if !endpoint.signing_region.is_empty() => endpoint.signing_region.to_owned(),
            _ => self.region.clone(),
        }
    }

    /// The bucket and the rest of a path, where the bucket becomes a part of the host. It does not where its name has a dot, for which
    /// no certificate stands, and at an address of its own.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
    pub(crate) fn bucket_in_host(&self, path: &str) -> Option<(String, String)> {
        let path = path.strip_prefix('/').filter(|_| self.address.is_none())?;
        let (bucket, rest) = path.split_once('/').unwrap_or((path, ""));
        let is_label = (3..=63).contains(&bucket.len())
            && bucket
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !bucket.starts_with('-')
            && !bucket.ends_with('-');
        is_label.then(|| (bucket.to_owned(), format!("/{rest}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("eu-west-1", "aws")]
    #[case("ap-southeast-7", "aws")]
    #[case("us-gov-west-1", "aws-us-gov")]
    #[case("cn-north-1", "aws-cn")]
    #[case("us-iso-east-1", "aws-iso")]
    #[case("us-isob-east-1", "aws-iso-b")]
    #[case("eu-isoe-west-1", "aws-iso-e")]
    #[case("us-isof-south-1", "aws-iso-f")]
    #[case("eusc-de-east-1", "aws-eusc")]
    fn a_region_has_its_partition(#[case] region: &str, #[case] partition: &str) {
        assert_eq!(Place::region(region).unwrap().partition(), partition);
    }

    #[rstest]
    #[case("")]
    #[case("europe")]
    #[case("eu-west")]
    #[case("eu-west-1.evil.example")]
    #[case("eu-west-1@evil")]
    #[case("EU-WEST-1")]
    #[case("eu--1")]
    #[case("aws-global")]
    #[case("eu-west-123")]
    fn what_could_lead_to_another_host_is_no_region(#[case] region: &str) {
        assert_eq!(Place::region(region), Err(InvalidPlace::Region(region.to_owned())));
    }

    #[rstest]
    #[case("localhost:4566")]
    #[case("ftp://localhost")]
    #[case("http://")]
    #[case("http://a/b")]
    #[case("http://a@b")]
    #[case("http://a b")]
    fn an_address_is_a_scheme_and_a_host(#[case] address: &str) {
        let place = Place::region("eu-west-1").unwrap();
        assert_eq!(place.at(address), Err(InvalidPlace::Address(address.to_owned())));
    }
}

//! The resources of a stack.

use crate::error::Error;
use aws_config::SdkConfig;
use platform::aws::AwsFailure;

/// The resources of a deployed stack.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resources(Vec<Resource>);

#[derive(Debug, Clone)]
struct Resource {
    /// Its name in the template.
    name: String,
    kind: String,
    /// The physical id. Of a queue that is the URL, of an alarm and a log group the name.
    id: String,
}

impl Resources {
    /// The resources of the stack of a name.
    pub(super) async fn of(config: &SdkConfig, name: &str) -> Result<Self, Error> {
        let client = aws_sdk_cloudformation::Client::new(config);
        let mut pages = client.list_stack_resources().stack_name(name).into_paginator().send();
        let mut resources = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::Resources {
                name: name.to_owned(),
                cause: AwsFailure::of(&error),
            })?;
            let summaries = page.stack_resource_summaries.unwrap_or_default().into_iter();
            resources.extend(summaries.filter_map(|resource| {
                Some(Resource {
                    name: resource.logical_resource_id?,
                    kind: resource.resource_type?,
                    id: resource.physical_resource_id?,
                })
            }));
        }
        Ok(Self(resources))
    }

    /// The physical id of a logical name of the template.
    pub(crate) fn id_of(&self, name: &str) -> Option<&str> {
        let resource = self.0.iter().find(|resource| resource.name == name)?;
        Some(&resource.id)
    }

    /// The resources of a type, such as `AWS::CloudWatch::Alarm`: their names in the template, and what AWS calls them.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<(&str, &str)> {
        let of_type = self.0.iter().filter(|resource| resource.kind == kind);
        of_type
            .map(|resource| (resource.name.as_str(), resource.id.as_str()))
            .collect()
    }
}

//! Signatures of requests: Signature Version 4.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningError, SigningSettings,
        UriPathNormalizationMode,
    },
    sign::v4,
};
use http::Request;
use std::time::SystemTime;

/// The scope of a signature: the service and the region in which it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub service: &'static str,
    pub region: String,
    /// S3 has its own rules about the path, and wants the hash of the body in a header.
    pub(crate) is_s3: bool,
}

/// A request that could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    #[error("the request has a header that is not text")]
    Header,
    #[error("the signature could not be made")]
    Signature(#[source] SigningError),
    #[error("the scope of the signature is not complete")]
    Scope,
}

/// Signs a request with credentials, for a time. It is taken for about five minutes after it.
///
/// # Errors
/// A request that cannot be signed. Those of this crate can.
pub fn sign(
    request: &mut Request<Vec<u8>>,
    scope: &Scope,
    credentials: &Credentials,
    time: SystemTime,
) -> Result<(), NotSigned> {
    let mut settings = SigningSettings::default();
    if scope.is_s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&scope.region)
        .name(scope.service)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|_| NotSigned::Scope)?
        .into();
    let instructions = {
        let headers = request
            .headers()
            .iter()
            .map(|(name, value)| Ok((name.as_str(), value.to_str()?)));
        let headers: Result<Vec<(&str, &str)>, http::header::ToStrError> = headers.collect();
        let headers = headers.map_err(|_| NotSigned::Header)?;
        let uri = request.uri().to_string();
        let signable = SignableRequest::new(
            request.method().as_str(),
            uri,
            headers.into_iter(),
            SignableBody::Bytes(request.body()),
        )
        .map_err(NotSigned::Signature)?;
        let signed = aws_sigv4::http_request::sign(signable, &params).map_err(NotSigned::Signature)?;
        signed.into_parts().0
    };
    instructions.apply_to_request_http1x(request);
    Ok(())
}

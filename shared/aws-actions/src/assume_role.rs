//! Taking on a role: `AssumeRole` of AWS STS.
//!
//! No workflow can call it, because it answers with credentials; so the models do not have it. What acts in an account calls it.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use crate::{
    AwsError, InvalidInput, Operation, Place, Scope, operation,
    protocol::{self, encode, xml},
};
use aws_credential_types::Credentials;
use http::{HeaderMap, HeaderValue, Request, header::CONTENT_TYPE};
use jiff::Timestamp;
use roxmltree::Node;

/// An operation of the same service, whose address, scope and errors are those of this one.
const SIBLING: &str = "aws.sts.get_caller_identity";

/// The way to temporary credentials of a role.
#[derive(Clone, Copy)]
pub struct AssumeRole<'a> {
    /// The ARN of the role.
    pub role_arn: &'a str,
    /// The name that CloudTrail shows beside the role: 2 to 64 letters, digits and characters of `_=,.@-`.
    pub session_name: &'a str,
    /// The text by which the role knows whom it was made for.
    pub external_id: &'a str,
    /// A policy in JSON beyond which the credentials give no rights, whatever the role has.
    pub session_policy: &'a str,
    /// The time for which they are good, from 900.
    pub seconds: u32,
}

/// Without the external id.
impl std::fmt::Debug for AssumeRole<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssumeRole")
            .field("role_arn", &self.role_arn)
            .field("session_name", &self.session_name)
            .finish_non_exhaustive()
    }
}

impl AssumeRole<'_> {
    /// The request, without its signature. Its body has the external id.
    ///
    /// # Errors
    /// The models have no STS, which only a wrong build of this program can cause.
    pub fn request(&self, place: &Place) -> Result<Request<Vec<u8>>, InvalidInput> {
        let service = sibling()?.service;
        let form = [
            ("Action", "AssumeRole"),
            ("Version", service.api_version),
            ("RoleArn", self.role_arn),
            ("RoleSessionName", self.session_name),
            ("ExternalId", self.external_id),
            ("Policy", self.session_policy),
            ("DurationSeconds", &self.seconds.to_string()),
        ];
        let form = form.map(|(name, value)| format!("{name}={}", encode(value, false)));
        let mut request = Request::post(format!("{}/", place.url(service, "")))
            .body(form.join("&").into_bytes())
            .map_err(|error| InvalidInput::from(error.to_string()))?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        Ok(request)
    }

    /// The scope of the signature of the request.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn scope(place: &Place) -> Result<Scope, InvalidInput> {
        Ok(sibling()?.scope(place))
    }

    /// The credentials in an answer, with the time at which they end. Nothing is changed by asking for them, so an answer that is none
    /// says that STS is not available.
    ///
    /// # Errors
    /// The refusal of STS, or an answer that cannot be read, of which nothing is quoted.
    pub fn answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Credentials, AwsError> {
        let given = (200..300).contains(&status).then(|| credentials(body)).flatten();
        given.ok_or_else(|| match sibling() {
            Ok(sibling) if !(200..300).contains(&status) => {
                let told = protocol::read_error(sibling.service, headers, body);
                AwsError::told(sibling.service, true, status, told)
            }
            _ => AwsError::unreadable(true, status, &protocol::Unreadable::Shape("credentials")),
        })
    }
}

fn sibling() -> Result<Operation, InvalidInput> {
    operation(SIBLING).ok_or_else(|| InvalidInput::from(format!("there is no {SIBLING}")))
}

fn credentials(body: &[u8]) -> Option<Credentials> {
    let document = xml::parse(std::str::from_utf8(body).ok()?).ok()?;
    let result = xml::child(document.root_element(), "AssumeRoleResult")?;
    let node = xml::child(result, "Credentials")?;
    let text = |node: Node<'_, '_>, name| Some(xml::text(xml::child(node, name)?)).filter(|text| !text.is_empty());
    let ends: Timestamp = text(node, "Expiration")?.parse().ok()?;
    Some(
        Credentials::builder()
            .access_key_id(text(node, "AccessKeyId")?)
            .secret_access_key(text(node, "SecretAccessKey")?)
            .session_token(text(node, "SessionToken")?)
            .expiry(ends.into())
            .provider_name("AssumeRole")
            .build(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use rstest::rstest;
    use std::time::{Duration, SystemTime};

    const ROLE: AssumeRole<'_> = AssumeRole {
        role_arn: "arn:aws:iam::111122223333:role/pagerflow-acts",
        session_name: "run-1.00000",
        external_id: "made-by-us+1",
        session_policy: r#"{"Version":"2012-10-17"}"#,
        seconds: 900,
    };

    #[rstest]
    #[case("eu-west-1", "https://sts.eu-west-1.amazonaws.com/")]
    #[case("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/")]
    #[case("us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com/")]
    fn sts_is_asked_in_the_region_itself(#[case] region: &str, #[case] url: &str) {
        let place = Place::region(region).unwrap();

        assert_eq!(ROLE.request(&place).unwrap().uri(), url);
        assert_eq!(AssumeRole::scope(&place).unwrap().region, region);
    }

    #[test]
    fn the_form_has_what_the_role_is_asked_for() {
        let request = ROLE.request(&Place::region("eu-west-1").unwrap()).unwrap();

        assert_eq!(request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
        insta::assert_snapshot!(String::from_utf8(request.into_body()).unwrap().replace('&', "\n"), @"
        Action=AssumeRole
        Version=2011-06-15
        RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fpagerflow-acts
        RoleSessionName=run-1.00000
        ExternalId=made-by-us%2B1
        Policy=%7B%22Version%22%3A%222012-10-17%22%7D
        DurationSeconds=900
        ");
    }

    fn answer(status: u16, body: &str) -> Result<Credentials, AwsError> {
        AssumeRole::answer(status, &HeaderMap::new(), body.as_bytes())
    }

    const GIVEN: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
        <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/pagerflow-acts/run-1</Arn></AssumedRoleUser>
        <Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>m4rk</SecretAccessKey>
        <SessionToken>m4rk-token</SessionToken><Expiration>2026-11-20T09:45:00Z</Expiration></Credentials>
        </AssumeRoleResult></AssumeRoleResponse>"#;

    #[test]
    fn an_answer_gives_credentials_until_their_end() {
        let credentials = answer(200, GIVEN).unwrap();

        assert_eq!(
            (
                credentials.access_key_id(),
                credentials.secret_access_key(),
                credentials.session_token()
            ),
            ("ASIA1", "m4rk", Some("m4rk-token"))
        );
        let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_167_900);
        assert_eq!(credentials.expiry(), Some(ends));
    }

    #[rstest]
    #[case::without_an_end(&GIVEN.replace("Expiration>", "Ends>"))]
    #[case::with_an_odd_end(&GIVEN.replace("2026-11-20T09:45:00Z", "soon m4rk"))]
    #[case::cut_off(&GIVEN[..300])]
    #[case::no_text("")]
    fn an_answer_that_cannot_be_read_is_not_quoted(#[case] body: &str) {
        let error = answer(200, body).unwrap_err();

        assert_eq!(error.kind, Kind::Unavailable);
        assert!(!format!("{error} {error:?}").contains("m4rk"), "{error:?}");
    }

    #[test]
    fn a_refusal_is_that_of_sts() {
        let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error><RequestId>r-1</RequestId></ErrorResponse>";

        let error = answer(403, body).unwrap_err();

        assert_eq!(
            (error.kind, error.to_string().as_str()),
            (Kind::Forbidden, "AccessDenied: not you (request r-1)")
        );
    }

    #[test]
    fn a_fault_of_sts_has_changed_nothing() {
        assert_eq!(answer(503, "").unwrap_err().kind, Kind::Unavailable);
    }

    #[test]
    fn the_external_id_is_not_printed() {
        assert!(!format!("{ROLE:?}").contains("made-by-us"), "{ROLE:?}");
    }
}

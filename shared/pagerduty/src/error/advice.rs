//! Remedies for refusals, by PagerDuty's error code.
//!
//! The codes and their meaning: "Errors" in PagerDuty's REST API documentation, which calls its list not exhaustive.

use super::{Api, Refusal};

/// A sentence, without its full stop, for a person who may be in the middle of an outage; `None` where PagerDuty's words must do.
pub(super) fn advice(refusal: &Refusal) -> Option<&'static str> {
    // The same code is documented as a time-out, but is what requests without a From header were answered with.
    if refusal.says("\"from\" header") {
        return Some(FROM_MISSING);
    }
    if refusal.says("service not found") {
        return Some(SERVICE_NOT_FOUND);
    }
    if refusal.says("offset+limit") {
        return Some("PagerDuty lists no more than 10,000 rows; narrow the search with a text");
    }
    // Whatever its code says: the request, and not what was in it, is at fault.
    if refusal.status == 405 {
        return Some(METHOD_NOT_ALLOWED);
    }
    if refusal.scopes.is_some() {
        return Some("Use a token with the scopes that are missing");
    }
    let by_status = match refusal.api {
        Api::Rest => by_status,
        Api::Events => by_status_of_events,
    };
    refusal.code.and_then(by_code).or_else(|| by_status(refusal.status))
}

const METHOD_NOT_ALLOWED: &str =
    "PagerDuty does not take this kind of request there; check that the address of its API is right";
const FROM_MISSING: &str =
    "Give the login e-mail of a PagerDuty user as `from`, or give the integration a default user";
const SERVICE_NOT_FOUND: &str =
    "Check the service's id, and that the integration's token belongs to the account that has this service";

fn by_code(code: u64) -> Option<&'static str> {
    Some(match code {
        1001 => "The incident is already resolved, so there is nothing left to do",
        1002 => "The incident is already acknowledged, so there is nothing left to do",
        1003 => "Use one of PagerDuty's statuses: triggered, acknowledged or resolved",
        1004 => "PagerDuty does not take this for an id; give the id that ends the object's address in PagerDuty",
        1005 => {
            "The incident was changed by another person at the same moment; look at it, and start the run again from this step"
        }
        1006 => {
            "The incident can not be escalated: it may be resolved, or already at the last level of its escalation policy"
        }
        1007 => "The user that the incident was to be assigned to does not exist; check the user's id",
        1008 => {
            "No user of the account logs in with the e-mail given as `from`, or as the integration's default user; \
             `pagerflow users` lists those who may respond"
        }
        1011 => "The incident can not be reassigned: it may be resolved by now; look at it in PagerDuty",
        1012 => "Only an acknowledged incident can be snoozed; acknowledge it first",
        1013 => "An incident can be snoozed for 1 second to 7 days; correct the duration",
        1014 => "Check the escalation policy's id, and that it belongs to the integration's account",
        1015 => {
            "Nobody is on call in this escalation policy, so nobody would be told; put somebody on call or use another one"
        }
        1018 => {
            "The user given as `from` may not do this; use one with the role Responder or higher on the service's team"
        }
        1019 => "The incident was merged into another one already; look at that one",
        1020 => "Check the priority's id, and that it belongs to the integration's account",
        2000 => "PagerDuty had a fault of its own; try again later",
        2001 | 2003 => "Correct the input that PagerDuty names; the same request would be refused again",
        2002 => "PagerDuty does not accept a value that was given, or not together with the others; correct the input",
        2004 => {
            "Check `since` and `until`: each is a time such as 2027-01-31T09:00:00Z, and `since` is the earlier one"
        }
        2005 => "Ask for a shorter time: `since` and `until` can be six months apart at most",
        2006 => TOKEN_REFUSED,
        2007 => {
            "PagerDuty knows no account for this request; check the integration's token, and that its service region (US or \
             EU) is the account's"
        }
        2008 => "The PagerDuty account is locked; its owner has to unlock it with PagerDuty's support",
        2009 => {
            "PagerDuty takes requests over HTTPS only; correct the address of PagerDuty's API, which must begin with https://"
        }
        2010 => ACCESS_DENIED,
        2011 => "Name the user who asks for the responders: give `requester`, the id of a user, or `from`",
        2012 => "The PagerDuty account has expired or is suspended; its owner has to renew it",
        2013 => "There is no such user in the account; check the user's id or e-mail",
        2014 => NOT_IN_PLAN,
        2015 => "PagerDuty does not allow this with the object as it is now; look at it in PagerDuty",
        2016 => "PagerDuty took too long over the request; try again later",
        2018 => {
            "The token or the user may have lost access to this incident because it is resolved; look at it in PagerDuty"
        }
        2019 => "A limit of the account's plan is reached; remove what is no longer needed or change the plan",
        2020 => RATE_LIMITED,
        2100 | 5001 => NOT_FOUND,
        5002 => SERVICE_NOT_FOUND,
        _ => return None,
    })
}

const TOKEN_REFUSED: &str =
    "PagerDuty does not accept the integration's token; store a valid REST API token (not an Events API key)";
const ACCESS_DENIED: &str =
    "The token or the user given as `from` may not do this; use a token that is not read-only and has the scope for it";
const NOT_IN_PLAN: &str =
    "The account's plan does not include a feature that this needs; leave out the field or change the plan";
const NOT_FOUND: &str = "Check the id, and that the integration's token belongs to the account that has this object";
const RATE_LIMITED: &str = "Too many requests were made with this token or for this account; wait and try again";

fn by_status(status: u16) -> Option<&'static str> {
    Some(match status {
        401 => TOKEN_REFUSED,
        402 => NOT_IN_PLAN,
        403 => ACCESS_DENIED,
        404 => NOT_FOUND,
        429 => RATE_LIMITED,
        _ => return None,
    })
}

/// The Events API knows no tokens and no users, so that the advice for these would lead people astray.
fn by_status_of_events(status: u16) -> Option<&'static str> {
    Some(match status {
        401 | 403 | 404 => {
            "Check the routing key: it must be that of an Events API v2 integration on a service that is enabled, in the \
             integration's service region; `pagerflow integration routing-key add` stores another one"
        }
        429 => "Too many events came with this routing key; wait and try again",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    fn there_is_advice_for_every_code_that_people_meet(
        #[values(
            1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1011, 1012, 1013, 1014, 1015, 1018, 1019, 1020, 2000, 2001,
            2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016, 2018, 2019, 2020,
            2100, 5001, 5002
        )]
        code: u64,
    ) {
        assert!(by_code(code).is_some());
    }

    #[test]
    fn a_missing_from_header_is_told_by_its_words_because_its_code_says_time_out() {
        let body = json!({"error": {"message": "You must specify a user's email address in the \"From\" header", "code": 2016}});
        let refusal = Refusal::read(Api::Rest, 400, body.to_string().as_bytes());

        assert_eq!(advice(&refusal), Some(FROM_MISSING));
    }

    #[test]
    fn a_list_beyond_its_last_row_is_told_by_its_words() {
        let body = json!({"error": {"message": "Arguments Caused Error", "code": 2001, "errors":
            ["Offset+limit exceeds maximum allowed value of 10000. Please try to refine your search"]}});

        assert!(
            advice(&Refusal::read(Api::Rest, 400, body.to_string().as_bytes()))
                .unwrap()
                .contains("narrow the search")
        );
    }

    #[rstest]
    #[case(401)]
    #[case(403)]
    #[case(404)]
    #[case(429)]
    fn a_refusal_of_the_events_api_speaks_of_its_key_and_never_of_tokens_and_users(#[case] status: u16) {
        let body = br#"{"status": "forbidden", "message": "Forbidden"}"#;
        let advice = advice(&Refusal::read(Api::Events, status, body)).unwrap();

        assert!(
            advice.contains("routing key") && !advice.contains("token") && !advice.contains("`from`"),
            "{advice}"
        );
    }

    #[test]
    fn a_plain_text_401_is_advised_like_any_other() {
        let refusal = Refusal::read(Api::Rest, 401, b"HTTP Token: Access denied.\n");

        assert_eq!(
            refusal.to_string(),
            format!("PagerDuty answered 401: HTTP Token: Access denied. {TOKEN_REFUSED}")
        );
    }

    #[test]
    fn a_405_is_advised_with_and_without_a_code() {
        for body in [
            b"".as_slice(),
            br#"{"error": {"code": 2007, "message": "Method Not Allowed"}}"#,
        ] {
            assert_eq!(advice(&Refusal::read(Api::Rest, 405, body)), Some(METHOD_NOT_ALLOWED));
        }
    }

    #[test]
    fn an_answer_without_a_code_is_advised_by_its_status() {
        assert_eq!(advice(&Refusal::read(Api::Rest, 401, b"")), Some(TOKEN_REFUSED));
        assert_eq!(advice(&Refusal::read(Api::Rest, 418, b"")), None);
    }
}

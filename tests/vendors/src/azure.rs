//! Azure's Resource Manager: <https://learn.microsoft.com/en-us/rest/api/azure/>, with the client credentials of an app registration:
//! <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.

use crate::{Answer, Request, Vendor, field};
use serde_json::json;

/// The tenant.
pub const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
/// The application id.
pub const CLIENT: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
/// The client secret.
pub const SECRET: &str = "not~a~real~client.secret";
/// The subscription.
pub const SUBSCRIPTION: &str = "aaaa0a0a-bb1b-cc2c-dd3d-eeeeee4e4e4e";

const ACCESS_TOKEN: &str = "an-azure-access-token";

/// A subscription with the resource group `production`, in which are the machine `worker-1` and the web app `checkout`.
#[derive(Debug)]
pub struct Azure {
    /// The state of the machine.
    pub power_state: &'static str,
    /// The number of restarts of the machine and of the app.
    pub restarts: (usize, usize),
}

impl Default for Azure {
    fn default() -> Self {
        Self {
            power_state: "PowerState/deallocated",
            restarts: (0, 0),
        }
    }
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({"error": {"code": code, "message": message}}))
}

impl Vendor for Azure {
    const NAMES: &'static [&'static str] = &["api-version", "client_id", "client_secret", "grant_type", "scope"];

    fn answer(&mut self, request: &Request) -> Answer {
        let (method, segments) = request.route();
        if request.host == "login.microsoftonline.com" {
            return match (method, segments.as_slice()) {
                ("POST", [TENANT, "oauth2", "v2.0", "token"]) => token(request),
                _ => Answer::json(
                    400,
                    json!({"error": "invalid_request", "error_description": "AADSTS900023: Specified tenant identifier is neither a valid DNS name, nor a valid external domain."}),
                ),
            };
        }
        if request.host != "management.azure.com" || request.bearer() != Some(ACCESS_TOKEN) {
            return error(401, "InvalidAuthenticationToken", "The access token is invalid.");
        }
        if request.query("api-version").is_none() {
            return error(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            );
        }
        let ["subscriptions", SUBSCRIPTION, rest @ ..] = segments.as_slice() else {
            return error(404, "SubscriptionNotFound", "The subscription could not be found.");
        };
        match (method, rest) {
            ("GET", []) => Answer::json(
                200,
                json!({"subscriptionId": SUBSCRIPTION, "displayName": "Production", "state": "Enabled"}),
            ),
            ("GET", ["providers", "Microsoft.Compute", "virtualMachines"]) => Answer::json(
                200,
                json!({"value": [{"name": "worker-1", "id": "/subscriptions/…/worker-1", "location": "westeurope"}]}),
            ),
            (_, ["resourceGroups", group, ..]) if !group.eq_ignore_ascii_case("production") => error(
                404,
                "ResourceGroupNotFound",
                &format!("Resource group '{group}' could not be found."),
            ),
            (
                method,
                [
                    "resourceGroups",
                    _,
                    "providers",
                    "Microsoft.Compute",
                    "virtualMachines",
                    "worker-1",
                    verb,
                ],
            ) => {
                self.power_state = match (method, *verb) {
                    ("GET", "instanceView") => {
                        let statuses = json!([{"code": "ProvisioningState/succeeded"}, {"code": self.power_state}]);
                        return Answer::json(200, json!({"statuses": statuses}));
                    }
                    ("POST", "start") => "PowerState/running",
                    ("POST", "deallocate") => "PowerState/deallocated",
                    ("POST", "restart") if self.power_state == "PowerState/running" => {
                        self.restarts.0 += 1;
                        "PowerState/running"
                    }
                    ("POST", "restart") => return error(409, "OperationNotAllowed", "The VM is not running."),
                    _ => return error(404, "NotFound", "No such operation."),
                };
                let operation = "https://management.azure.com/subscriptions/…/operations/1";
                Answer::empty(202)
                    .header("location", operation.replace('…', SUBSCRIPTION))
                    .header("retry-after", 10)
            }
            (
                "POST",
                [
                    "resourceGroups",
                    _,
                    "providers",
                    "Microsoft.Web",
                    "sites",
                    "checkout",
                    "restart",
                ],
            ) => {
                self.restarts.1 += 1;
                Answer::empty(200)
            }
            (_, ["resourceGroups", _, "providers", provider, kind, name, ..]) => error(
                404,
                "ResourceNotFound",
                &format!("The Resource '{provider}/{kind}/{name}' under resource group 'production' was not found."),
            ),
            _ => error(404, "NotFound", "Not found."),
        }
    }

    /// <https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling>
    fn too_many_requests(&self) -> (Answer, u64) {
        (
            error(429, "TooManyRequests", "The request is being throttled.").header("retry-after", 33),
            33,
        )
    }
}

fn token(request: &Request) -> Answer {
    let form = request.form();
    let given = ["grant_type", "client_id", "client_secret", "scope"].map(|name| field(&form, name));
    match given {
        [
            Some("client_credentials"),
            Some(CLIENT),
            Some(SECRET),
            Some("https://management.azure.com/.default"),
        ] => Answer::json(
            200,
            json!({"token_type": "Bearer", "expires_in": 3599, "access_token": ACCESS_TOKEN}),
        ),
        [Some("client_credentials"), Some(CLIENT), Some(_), _] => Answer::json(
            401,
            json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}),
        ),
        _ => Answer::json(
            400,
            json!({"error": "invalid_request", "error_description": "AADSTS900144"}),
        ),
    }
}

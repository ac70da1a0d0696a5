//! What the template promises.

use std::collections::BTreeSet;

use pagerduty::client::BaseUrl;
use platform::catalog;
use provider::{egress::networks::PrivateNetworks, reroute::StandIn};
use regex::Regex;
use serde_json::{Value, json};

use crate::files::{fields, functions, rights, runbook, security, template};

/// All statements of a role's policies.
fn statements(template: &Value, role: &str) -> Vec<Value> {
    let policies = template
        .pointer(&format!("/Resources/{role}/Properties/Policies"))
        .unwrap();
    let policies = policies.as_array().unwrap().iter();
    policies
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap().clone())
        .collect()
}

fn actions(statement: &Value) -> BTreeSet<String> {
    match &statement["Action"] {
        Value::String(action) => BTreeSet::from([action.clone()]),
        actions => actions
            .as_array()
            .unwrap()
            .iter()
            .map(|action| action.as_str().unwrap().to_owned())
            .collect(),
    }
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_functions_are_arm64_unless_told_otherwise() {
    let template = template();

    assert_eq!(template["Parameters"]["Architecture"]["Default"], "arm64");
    assert_eq!(
        template["Globals"]["Function"]["Architectures"],
        json!([{"Ref": "Architecture"}])
    );
}

#[test]
fn each_function_has_a_role_and_a_log_group_of_its_own() {
    let template = template();

    for function in functions() {
        let properties = &template["Resources"][&function]["Properties"];
        assert_eq!(properties["Role"], json!({"GetAtt": format!("{function}Role.Arn")}));
        assert_eq!(
            properties["LoggingConfig"],
            json!({"LogFormat": "JSON", "LogGroup": {"Ref": format!("{function}Logs")}})
        );
        let logs = statements(&template, &format!("{function}Role"));
        let logs = logs
            .iter()
            .find(|statement| actions(statement).contains("logs:PutLogEvents"))
            .unwrap();
        assert_eq!(logs["Resource"], json!({"GetAtt": format!("{function}Logs.Arn")}));
    }
}

#[test]
fn the_state_machine_has_the_name_by_which_roles_name_it() {
    assert_eq!(
        template()["Resources"]["StateMachine"]["Properties"]["Name"],
        json!({"Sub": "${AWS::StackName}-workflow"}),
    );
}

#[test]
fn the_runner_hears_of_every_execution_that_ended_from_outside_and_what_it_cannot_record_is_kept() {
    let template = template();
    let resources = &template["Resources"];
    let rule = &resources["EndedExecutions"]["Properties"];
    assert_eq!(
        rule["EventPattern"],
        json!({
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [{"Ref": "StateMachine"}], "status": ["FAILED", "TIMED_OUT", "ABORTED"]},
        })
    );
    let queue = json!({"GetAtt": "UnrecordedEnds.Arn"});
    let target = &rule["Targets"][0];
    assert_eq!(target["Arn"], json!({"GetAtt": "WorkflowRunner.Arn"}));
    assert_eq!(target["DeadLetterConfig"]["Arn"], queue);
    let retries = &resources["EndedExecutionsRetries"]["Properties"];
    assert_eq!(retries["FunctionName"], json!({"Ref": "WorkflowRunner"}));
    assert_eq!(retries["DestinationConfig"]["OnFailure"]["Destination"], queue);

    let permission = &resources["EndedExecutionsPermission"]["Properties"];
    assert_eq!(permission["Principal"], "events.amazonaws.com");
    assert_eq!(permission["SourceArn"], json!({"GetAtt": "EndedExecutions.Arn"}));
    let statement = &resources["UnrecordedEndsPolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(
        statement["Condition"]["ArnEquals"]["aws:SourceArn"],
        permission["SourceArn"]
    );
}

#[test]
fn f43_what_waits_in_the_start_buffer_is_drained_in_parts_kept_for_hours_and_ends_in_dead_letters() {
    let template = template();
    let resources = &template["Resources"];
    let drain = &resources["StartBufferDrain"]["Properties"];
    assert_eq!(drain["EventSourceArn"], json!({"GetAtt": "StartBuffer.Arn"}));
    assert_eq!(drain["FunctionName"], json!({"Ref": "WorkflowRunner"}));
    assert_eq!(drain["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));

    let queue = &resources["StartBuffer"]["Properties"];
    let redrive = &queue["RedrivePolicy"];
    assert_eq!(
        redrive["deadLetterTargetArn"],
        json!({"GetAtt": "StartBufferDeadLetters.Arn"})
    );
    let visibility = queue["VisibilityTimeout"].as_u64().unwrap();
    let time_limit = template["Globals"]["Function"]["Timeout"].as_u64().unwrap();
    assert!(
        (time_limit..60).contains(&visibility),
        "Lambda wants at least the function's time-out, and a run starts within a minute: {visibility}"
    );
    let hours = visibility * redrive["maxReceiveCount"].as_u64().unwrap() / 3_600;
    assert!(hours >= 8, "{hours}");
}

#[test]
fn the_runner_starts_runs_as_the_ingress_does_with_and_without_an_alias() {
    let template = template();
    let machine =
        "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}-workflow";
    let alias = format!("{machine}:live");
    assert_eq!(template["Resources"]["StateMachineAlias"]["Properties"]["Name"], "live");

    let told = &template["Resources"]["WorkflowRunner"]["Properties"]["Environment"]["Variables"]["STATE_MACHINE_ARN"];
    assert_eq!(
        told["If"],
        json!(["PublishesVersion", {"Sub": alias}, {"Sub": machine}])
    );
    for (role, by) in [
        ("WorkflowRunnerRole", json!({"Sub": machine})),
        ("WebhookIngressRole", json!({"Ref": "StateMachine"})),
    ] {
        let statements = statements(&template, role);
        let start = statements
            .iter()
            .find(|statement| actions(statement).contains("states:StartExecution"));
        assert_eq!(
            start.unwrap()["Resource"],
            by,
            "AWS authorises an alias by the ARN of its state machine"
        );
        assert_eq!(
            start.unwrap()["Condition"]["If"],
            json!([
                "PublishesVersion",
                {"ForAnyValue:StringEquals": {"states:StateMachineQualifier": ["live"]}},
                {"Ref": "AWS::NoValue"},
            ])
        );
    }
}

#[test]
fn every_queue_that_somebody_must_look_at_has_an_alarm() {
    let template = template();
    let resources = fields(&template, "/Resources");
    let watched: BTreeSet<&str> = resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm")
        .filter_map(|alarm| alarm["Properties"]["Dimensions"][0]["Value"]["GetAtt"].as_str())
        .filter_map(|name| name.strip_suffix(".QueueName"))
        .collect();
    let queues: BTreeSet<&str> = resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::SQS::Queue")
        .map(|(name, _)| name.as_str())
        .collect();

    assert_eq!(watched, queues);
}

#[test]
fn each_function_is_told_what_it_needs_and_no_more() {
    let template = template();
    let told = |function: &str| {
        let variables = fields(
            &template,
            &format!("/Resources/{function}/Properties/Environment/Variables"),
        );
        variables.keys().cloned().collect::<BTreeSet<_>>()
    };

    assert_eq!(
        told("WebhookIngress"),
        set(&[
            "DEAD_LETTER_QUEUE_URL",
            "RETENTION_DAYS",
            "SECRETS_PREFIX",
            "START_BUFFER_URL",
            "STATE_MACHINE_ARN",
            "TABLE_NAME"
        ])
    );
    assert_eq!(
        told("WorkflowRunner"),
        set(&["RETENTION_DAYS", "STATE_MACHINE_ARN", "TABLE_NAME"])
    );
    assert_eq!(
        told("CreateIncident"),
        set(&["APPROVALS_URL", "PAGERDUTY_API_URL", "SECRETS_PREFIX"])
    );
    assert_eq!(told("ResolveIncident"), told("CreateIncident"));
    assert_eq!(
        told("PagerDutyAction"),
        set(&[
            "APPROVALS_URL",
            "PAGERDUTY_API_URL",
            "PAGERDUTY_EVENTS_URL",
            "SECRETS_PREFIX"
        ])
    );
    assert_eq!(
        told("CallHttp"),
        set(&[
            "APPROVALS_URL",
            "CONNECTORS_URL",
            "CONNECTOR_PRIVATE_NETWORKS",
            "SECRETS_PREFIX"
        ])
    );
    assert_eq!(
        told("CallAws"),
        set(&["APPROVALS_URL", "CONNECTOR_PRIVATE_NETWORKS", "SECRETS_PREFIX"])
    );
    assert_eq!(
        told("Approvals"),
        set(&["APPROVALS_URL", "CONNECTORS_URL", "SECRETS_PREFIX", "TABLE_NAME"])
    );
}

#[test]
fn every_function_is_told_the_stack_that_its_metrics_are_of() {
    let template = template();
    assert_eq!(
        template["Globals"]["Function"]["Environment"]["Variables"],
        json!({"STACK_NAME": {"Ref": "AWS::StackName"}})
    );
}

#[test]
fn schedules_send_to_the_start_buffer_in_a_role_that_no_other_group_can_take_on_and_go_with_the_stack() {
    let template = template();
    let resources = &template["Resources"];
    let statement = &resources["ScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(
        statement["Condition"]["StringEquals"],
        json!({"aws:SourceAccount": {"Ref": "AWS::AccountId"}, "aws:SourceArn": {"GetAtt": "ScheduleGroup.Arn"}})
    );
    let [rights] = &statements(&template, "ScheduleRole")[..] else {
        panic!("more than one statement")
    };
    assert_eq!(actions(rights), set(&["sqs:SendMessage"]));
    assert_eq!(
        rights["Resource"],
        json!([{"GetAtt": "StartBuffer.Arn"}, {"GetAtt": "StartBufferDeadLetters.Arn"}])
    );
    assert_eq!(resources["ScheduleGroup"]["DeletionPolicy"], Value::Null);
    for (output, value) in [
        ("ScheduleGroup", json!({"Ref": "ScheduleGroup"})),
        ("ScheduleRoleArn", json!({"GetAtt": "ScheduleRole.Arn"})),
        ("StartBufferArn", json!({"GetAtt": "StartBuffer.Arn"})),
        (
            "StartBufferDeadLettersArn",
            json!({"GetAtt": "StartBufferDeadLetters.Arn"}),
        ),
    ] {
        assert_eq!(template["Outputs"][output]["Value"], value, "{output}");
    }
}

#[test]
fn what_holds_data_outlives_the_stack() {
    let template = template();

    for resource in [
        "Table",
        "DeadLetterQueue",
        "StartBuffer",
        "StartBufferDeadLetters",
        "UnrecordedEnds",
        "StateMachineVersion",
    ] {
        assert_eq!(
            template["Resources"][resource]["DeletionPolicy"], "Retain",
            "{resource}"
        );
        assert_eq!(
            template["Resources"][resource]["UpdateReplacePolicy"], "Retain",
            "{resource}"
        );
    }
    let table = &template["Resources"]["Table"]["Properties"];
    assert_eq!(
        table["PointInTimeRecoverySpecification"],
        json!({"PointInTimeRecoveryEnabled": true})
    );
    assert_eq!(table["SSESpecification"], json!({"SSEEnabled": true}));
    assert_eq!(template["Parameters"]["TableDeletionProtection"]["Default"], "true");
}

#[test]
fn b38_only_webhooks_pages_of_approvals_and_buttons_are_let_in_and_they_are_throttled() {
    let template = template();
    let resources = fields(&template, "/Resources");
    let routes: BTreeSet<_> = resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::ApiGatewayV2::Route")
        .map(|route| route["Properties"]["RouteKey"].as_str().unwrap().to_owned())
        .collect();

    assert_eq!(
        routes,
        set(&[
            "GET /approvals/{link}",
            "POST /approvals/{link}",
            "POST /integrations/{alias}/webhooks",
            "POST /slack/{integration}/interactions",
            "POST /webhooks/{workflow_id}"
        ])
    );
    for (permission, path) in [
        ("WebhookPermission", "POST/webhooks/*"),
        ("IntegrationWebhookPermission", "POST/integrations/*/webhooks"),
        ("ApprovalPagePermission", "GET/approvals/*"),
        ("DecisionPermission", "POST/approvals/*"),
        ("SlackButtonPermission", "POST/slack/*/interactions"),
    ] {
        let source = template["Resources"][permission]["Properties"]["SourceArn"]["Sub"].as_str();
        assert!(source.unwrap().ends_with(&format!("/*/{path}")), "{permission}");
    }
    let throttling = &template["Resources"]["HttpApiStage"]["Properties"]["DefaultRouteSettings"];
    assert_eq!(
        throttling,
        &json!({"ThrottlingRateLimit": {"Ref": "RequestRate"}, "ThrottlingBurstLimit": {"Ref": "RequestBurst"}})
    );
    for (parameter, default) in [("RequestRate", 100), ("RequestBurst", 200)] {
        let parameter = &template["Parameters"][parameter];
        assert_eq!(parameter["Default"], default);
        assert!(parameter["MinValue"].as_u64() > Some(0), "nothing would be let in");
    }
}

#[test]
fn the_links_in_messages_lead_to_the_pages_of_approvals_and_are_made_with_a_secret_that_is_in_no_template() {
    let template = template();
    let resources = &template["Resources"];
    let base = template["Outputs"]["WebhookUrl"]["Value"]["Sub"].as_str().unwrap();
    for function in catalog().functions().into_iter().chain(["Approvals"]) {
        let variables = &resources[function]["Properties"]["Environment"]["Variables"];
        assert_eq!(
            variables["APPROVALS_URL"],
            json!({"Sub": format!("{base}/approvals")}),
            "{function}"
        );
    }
    let secret = &resources["ApprovalLinksSecret"]["Properties"];
    assert_eq!(secret["Name"], json!({"Sub": "${SecretsPrefix}/approval-links"}));
    assert_eq!(
        secret["GenerateSecretString"],
        json!({"PasswordLength": 64, "ExcludePunctuation": true})
    );
    let format = &resources["HttpApiStage"]["Properties"]["AccessLogSettings"]["Format"];
    let format = format.as_str().unwrap();
    assert!(format.contains("$context.routeKey"), "{format}");
    for with_link in ["$context.path", "$context.protocol", "proxy"] {
        assert!(!format.contains(with_link), "{with_link} in {format}");
    }
}

#[test]
fn a_few_requests_without_a_key_raise_no_alarm() {
    let template = template();
    let resources = fields(&template, "/Resources");
    let alarms = resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm")
        .map(|alarm| &alarm["Properties"]);
    let thresholds: Vec<_> = alarms
        .filter(|alarm| alarm["MetricName"] == "RequestsWithoutKey")
        .map(|alarm| {
            (
                alarm["Statistic"].as_str().unwrap(),
                alarm["Threshold"].as_u64().unwrap(),
            )
        })
        .collect();

    assert_eq!(thresholds, [("Sum", 3_000)]);
    let refused = &template["Resources"]["RefusedWebhooksAlarm"]["Properties"];
    assert_eq!(refused["MetricName"], "WebhooksRefused", "which counts none of them");
}

#[test]
fn f28_f29_deliveries_that_are_not_acknowledged_raise_an_alarm() {
    let template = template();
    let alarm = &template["Resources"]["UnacknowledgedAlarm"]["Properties"];

    assert_eq!(
        (&alarm["Namespace"], &alarm["MetricName"]),
        (&json!("AWS/ApiGateway"), &json!("5xx"))
    );
    assert_eq!(alarm["Dimensions"][0]["Name"], "ApiId");
    assert!(alarm["AlarmActions"].is_object() || alarm["AlarmActions"].is_array());
}

#[test]
fn the_template_takes_the_addresses_of_pagerduty_that_the_code_takes() {
    let template = template();

    for parameter in ["PagerDutyApiUrl", "PagerDutyEventsUrl"] {
        let pattern = template["Parameters"][parameter]["AllowedPattern"].as_str().unwrap();
        let pattern = Regex::new(pattern).unwrap();
        assert!(pattern.is_match(""), "empty means the address of the service region");
        for taken in [
            "https://api.pagerduty.com",
            "https://pagerduty.example.com:8443/",
            "http://127.0.0.1:4010",
            "http://[::1]:4010",
            "http://localhost:4010",
        ] {
            assert!(taken.parse::<BaseUrl>().is_ok() && pattern.is_match(taken), "{taken}");
        }
        for refused in [
            "http://api.pagerduty.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "file:///etc/passwd",
            "https://user:pass@api.pagerduty.com",
            "https://api.pagerduty.com/v2",
            "https://api.pagerduty.com?x=1",
            "https://api.pagerduty.com#x",
            "https://",
            "api.pagerduty.com",
        ] {
            assert!(
                refused.parse::<BaseUrl>().is_err() && !pattern.is_match(refused),
                "{refused}"
            );
        }
    }
}

#[test]
fn the_template_takes_the_address_of_a_stand_in_that_the_code_takes() {
    let template = template();
    let pattern = template["Parameters"]["ConnectorsUrl"]["AllowedPattern"]
        .as_str()
        .unwrap();
    let pattern = Regex::new(pattern).unwrap();
    assert!(pattern.is_match(""), "empty means that requests go where they belong");
    for (address, is_taken) in [
        ("http://127.0.0.1:4020", true),
        ("http://[::1]:4020/", true),
        ("https://localhost:4020", true),
        ("https://fake.example.com", false),
        ("http://fake.example.com", false),
        ("http://10.0.0.1", false),
        ("http://127.0.0.1.example.com", false),
        ("http://127.0.0.1:4020/x", false),
        ("fake.example.com", false),
    ] {
        assert_eq!(address.parse::<StandIn>().is_ok(), is_taken, "{address}");
        assert_eq!(pattern.is_match(address), is_taken, "{address}");
    }
}

#[test]
fn the_template_takes_private_networks_that_the_code_takes() {
    let template = template();
    let parameter = &template["Parameters"]["PrivateNetworks"];
    let pattern = Regex::new(parameter["AllowedPattern"].as_str().unwrap()).unwrap();
    assert_eq!(parameter["Default"], "", "none");
    for taken in [
        "",
        "10.0.0.0/8",
        "10.1.0.0/16,192.168.7.0/24",
        "fd12:3456::/32, 172.16.0.0/12",
    ] {
        assert!(
            pattern.is_match(taken) && taken.parse::<PrivateNetworks>().is_ok(),
            "{taken}"
        );
    }
    for refused in ["10.0.0.0/8;", "intranet", "10.0.0.0/8,", "*"] {
        assert!(!pattern.is_match(refused), "{refused}");
    }
    // The description of a version has at most 256 characters, and these parameters stand in it.
    let longest = |name: &str| template["Parameters"][name]["MaxLength"].as_u64();
    assert_eq!(longest("PrivateNetworks"), Some(100));
    let (prefix, address) = (64, "https://localhost:65535/".len());
    assert!(prefix + 1 + 100 + 1 + address <= 256);
}

#[test]
fn everything_that_somebody_gives_has_a_pattern_or_bounds_and_an_explanation() {
    let template = template();

    for (name, parameter) in fields(&template, "/Parameters") {
        assert!(parameter["Description"].is_string(), "{name}");
        if parameter["AllowedValues"].is_array() {
            continue;
        }
        assert!(parameter["ConstraintDescription"].is_string(), "{name}");
        if parameter["Type"] == "Number" {
            let default = parameter["Default"].as_i64().unwrap();
            let bounds = ["MinValue", "MaxValue"].map(|bound| parameter[bound].as_i64().unwrap());
            assert!((bounds[0]..=bounds[1]).contains(&default), "{name}: {default}");
            continue;
        }
        let pattern = parameter["AllowedPattern"].as_str().unwrap();
        assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{name}: {pattern}");
        let default = parameter["Default"].as_str().unwrap();
        assert!(Regex::new(pattern).unwrap().is_match(default), "{name}: {default}");
    }
}

#[test]
fn a_parameter_that_changes_the_environment_of_a_function_with_an_alias_makes_a_new_version() {
    let template = template();
    let parameters = fields(&template, "/Parameters");
    let resources = fields(&template, "/Resources");
    let with_alias: Vec<_> = resources
        .iter()
        .filter(|(_, resource)| resource["Properties"]["AutoPublishAlias"].is_string())
        .collect();

    let names: BTreeSet<&str> = with_alias.iter().map(|(name, _)| name.as_str()).collect();
    let functions = functions();
    let mut others: BTreeSet<&str> = functions.iter().map(String::as_str).collect();
    others.remove("WorkflowRunner");
    assert_eq!(names, others);
    for (name, function) in with_alias {
        let properties = &function["Properties"];
        let description = properties["VersionDescription"]["Sub"].as_str().unwrap();
        for (variable, value) in fields(properties, "/Environment/Variables") {
            let parameter = match (value["Ref"].as_str(), value["If"][0].as_str()) {
                (Some(parameter), _) if parameters.contains_key(parameter) => parameter,
                (None, Some("PublishesVersion")) => "PublishStateMachineVersion",
                _ => continue,
            };
            assert!(
                description.contains(&format!("${{{parameter}}}")),
                "{name}: {variable} depends on {parameter}"
            );
        }
        assert_eq!(properties["AutoPublishAliasAllProperties"], true, "{name}");
    }
}

#[test]
fn functions_with_an_alias_are_called_by_it_and_the_runner_is_replaced_after_the_actions() {
    let template = template();
    let resources = &template["Resources"];

    for (function, integration, permissions) in [
        (
            "WebhookIngress",
            "WebhookIntegration",
            ["WebhookPermission", "IntegrationWebhookPermission"],
        ),
        (
            "Approvals",
            "ApprovalIntegration",
            ["ApprovalPagePermission", "DecisionPermission"],
        ),
    ] {
        let alias = json!({"Ref": format!("{function}.Alias")});
        assert_eq!(resources[integration]["Properties"]["IntegrationUri"], alias);
        for permission in permissions {
            assert_eq!(resources[permission]["Properties"]["FunctionName"], alias);
        }
    }
    let called = fields(&template, "/Resources/StateMachine/Properties/DefinitionSubstitutions");
    let actions = catalog().functions();
    for action in &actions {
        assert_eq!(
            called[&format!("{action}Arn")],
            json!({"Ref": format!("{action}.Alias")})
        );
    }
    assert_eq!(called["WorkflowRunnerArn"], json!({"GetAtt": "WorkflowRunner.Arn"}));
    let before: BTreeSet<&str> = resources["WorkflowRunner"]["DependsOn"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource.as_str().unwrap())
        .collect();
    let aliases: Vec<String> = actions.iter().map(|action| format!("{action}Aliaslive")).collect();
    assert_eq!(before, aliases.iter().map(String::as_str).collect());
}

#[test]
fn a_deployment_in_parts_is_taken_back_by_alarms_and_is_off_unless_asked_for() {
    let template = template();

    assert_eq!(template["Parameters"]["CanaryDeployments"]["Default"], "false");
    let actions = catalog().functions().into_iter();
    let actions = actions.map(|function| (function, vec!["CrashAlarm"]));
    let behind_the_api = ["WebhookIngress", "Approvals"];
    let behind_the_api = behind_the_api.map(|function| (function, vec!["CrashAlarm", "UnacknowledgedAlarm"]));
    for (function, alarms) in actions.chain(behind_the_api) {
        let preference = &template["Resources"][function]["Properties"]["DeploymentPreference"];
        assert_eq!(preference["Enabled"], json!({"Ref": "CanaryDeployments"}));
        let expected: Vec<Value> = alarms.iter().map(|alarm| json!({"Ref": alarm})).collect();
        assert_eq!(preference["Alarms"], json!(expected), "{function}");
    }
}

#[test]
fn the_runbook_tells_of_every_alarm() {
    let template = template();
    let runbook = runbook();

    for (name, resource) in fields(&template, "/Resources") {
        if resource["Type"] != "AWS::CloudWatch::Alarm" {
            continue;
        }
        let description = resource["Properties"]["AlarmDescription"]["Sub"].as_str().unwrap();
        let place = format!(" ${{RunbookUrl}}#{}", name.to_lowercase());
        assert!(description.ends_with(&place), "{name}: {description}");
        assert!(runbook.contains(&format!("\n## {name}\n")), "{name}");
    }
}

#[test]
fn the_dashboard_is_json_and_names_only_what_the_template_has() {
    let template = template();
    let body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Sub"]
        .as_str()
        .unwrap();
    let parsed: Value = serde_json::from_str(body).unwrap();
    let resources = fields(&template, "/Resources");

    assert!(parsed["widgets"].as_array().is_some_and(|widgets| !widgets.is_empty()));
    for part in body.split("${").skip(1) {
        let name = part.split(['}', '.']).next().unwrap();
        assert!(name.starts_with("AWS::") || resources.contains_key(name), "{name}");
    }
}

#[test]
fn what_is_said_about_security_names_every_policy_of_every_role() {
    let rights = rights();
    let security = security();

    for (role, rights) in fields(&rights, "")
        .iter()
        .filter(|(_, rights)| rights["policies"].is_object())
    {
        let policies: Vec<String> = fields(rights, "/policies")
            .keys()
            .map(|name| format!("`{name}`"))
            .collect();
        let row = format!("| `{role}` | {} |", policies.join(", "));
        assert!(security.contains(&row), "docs/security.md lacks: {row}");
    }
}

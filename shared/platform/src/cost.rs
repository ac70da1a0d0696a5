//! The cost of a run at AWS: a model of the work of the state machine, the functions and the table.
//!
//! The number of times that a Plan was made and an action called stands in the journal. How long a function ran and how large an item was
//! does not, so these are typical values, and what follows from them is an estimate. [`of`] is about the run alone; the webhook
//! that starts it and the logs are in [`shares`]. What is stored and measured, and what Step Functions tries again by itself, is
//! not counted.
//!
//! # Prices
//! US East (N. Virginia) without the free tier; other regions differ a little. AWS publishes them at
//! `https://aws.amazon.com/SERVICE/pricing/` with SERVICE as `step-functions`, `lambda`, `dynamodb`, `api-gateway` and
//! `cloudwatch`. They were compared with copies of these by others, and not with AWS's own pages in a browser: Lambda with
//! cloudchipr.com/blog/aws-lambda-pricing (2024), DynamoDB with airbyte.com/data-engineering-resources/dynamodb-pricing (July
//! 2025), the HTTP API with AWS's white paper "Best Practices for Designing Amazon API Gateway Private APIs", CloudWatch Logs with
//! hivebook.wiki (2026). That of Step Functions was not compared with anything.

use serde::Serialize;
use workflow::definition::limits;

/// The prices, in US dollars, and what they are for.
#[derive(Debug, Clone, Copy)]
struct Prices {
    /// Of 1,000 state transitions of a Standard workflow.
    transitions: f64,
    /// Of a million requests to Lambda.
    requests: f64,
    /// Of a gigabyte-second of Lambda on arm64.
    gigabyte_second: f64,
    /// Of a million write request units of DynamoDB, on demand.
    writes: f64,
    /// Of a million read request units.
    reads: f64,
    /// Of a million requests to an HTTP API, each of 512 KB at most.
    api_requests: f64,
    /// Of a gigabyte that goes into CloudWatch Logs.
    logs: f64,
}

const PRICES: Prices = Prices {
    transitions: 0.025,
    requests: 0.20,
    gigabyte_second: 0.000_013_333_4,
    writes: 0.625,
    reads: 0.125,
    api_requests: 1.00,
    logs: 0.50,
};

/// When and where these prices were published.
pub const PUBLISHED: &str = "US East (N. Virginia), July 2025, without the free tier";

/// The memory of a function, in gigabytes, as the template has it.
const MEMORY: f64 = 0.25;
/// The time that a Plan typically takes, in seconds.
const PLAN_SECONDS: f64 = 0.03;
/// The time that a call of an action typically takes, in seconds: PagerDuty's answer.
const ACTION_SECONDS: f64 = 0.6;
/// The read units of a Plan: each of some items in one consistent read.
const READS_OF_PLAN: u64 = 3;
/// The write units of a Plan: in a transaction, at twice the price, a lane of some kilobytes and a step.
const WRITES_OF_PLAN: u64 = 8;
/// The write units of the start and the end of a run, with its two indexes.
const WRITES_OF_RUN: u64 = 12;

/// The time that a delivery typically takes in the ingress, in seconds: one call of AWS.
const WEBHOOK_SECONDS: f64 = 0.02;
/// What an invocation typically logs, in bytes: our line, and Lambda's own about start, end and time.
const LOGGED_BYTES: f64 = 800.0;

/// The work of a run, as its journal shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Plans of all lanes.
    pub plans: u64,
    /// Calls of actions.
    pub calls: u64,
    /// Waits: of steps, and before another attempt.
    pub waits: u64,
    /// Lanes that were opened, and runs that were started.
    pub lanes: u64,
}

/// The cost of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// In US dollars; an estimate.
    estimated_usd: f64,
    /// State transitions, without those that Step Functions tries again.
    estimated_state_transitions: u64,
    lambda_requests: u64,
    /// Gigabyte-seconds of Lambda.
    estimated_gigabyte_seconds: f64,
    /// Write request units of DynamoDB.
    estimated_write_units: u64,
    /// Read request units of DynamoDB.
    estimated_read_units: u64,
    /// The source and the date of the prices.
    prices: &'static str,
}

/// The share of a service in the cost of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The service, and what of it.
    pub what: &'static str,
    /// In US dollars; an estimate.
    pub dollars: f64,
}

/// The use of one service.
struct Use {
    transitions: u64,
    requests: u64,
    gigabyte_seconds: f64,
    writes: u64,
    reads: u64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no run comes near the numbers at which it matters"
)]
impl Use {
    fn of(work: Work) -> Self {
        let executions = work.lanes.saturating_add(1);
        // Plan and Route for each Plan, then the state of the command; a lane is one iteration of a Map; each execution ends.
        let forks = work.lanes.div_ceil(limits::CONCURRENT_LANES.into());
        Self {
            transitions: work.plans * 2 + work.calls + work.waits + work.lanes + forks + executions,
            requests: work.plans + work.calls,
            gigabyte_seconds: MEMORY * (work.plans as f64 * PLAN_SECONDS + work.calls as f64 * ACTION_SECONDS),
            writes: work.plans * WRITES_OF_PLAN + WRITES_OF_RUN,
            reads: work.plans * READS_OF_PLAN,
        }
    }

    fn shares(&self) -> [Share; 5] {
        let share = |what, dollars| Share { what, dollars };
        [
            share(
                "Step Functions, state transitions",
                self.transitions as f64 / 1e3 * PRICES.transitions,
            ),
            share("Lambda, requests", self.requests as f64 / 1e6 * PRICES.requests),
            share("Lambda, time", self.gigabyte_seconds * PRICES.gigabyte_second),
            share("DynamoDB, writes", self.writes as f64 / 1e6 * PRICES.writes),
            share("DynamoDB, reads", self.reads as f64 / 1e6 * PRICES.reads),
        ]
    }
}

/// The cost of a run, without the webhook that started it.
#[must_use]
pub fn of(work: Work) -> Cost {
    let used = Use::of(work);
    let dollars: f64 = used.shares().iter().map(|share| share.dollars).sum();
    Cost {
        // A program is not to take the digits behind for more than they are.
        estimated_usd: (dollars * 1e7).round() / 1e7,
        estimated_state_transitions: used.transitions,
        lambda_requests: used.requests,
        estimated_gigabyte_seconds: (used.gigabyte_seconds * 1e3).round() / 1e3,
        estimated_write_units: used.writes,
        estimated_read_units: used.reads,
        prices: PUBLISHED,
    }
}

/// The share of calls of actions in the cost of a run, in US dollars: their states and the function, without the Plans that call. It is the
/// same for all systems, because the functions that ask them have the same memory; what a system itself costs is not in it.
#[must_use]
pub fn of_calls(calls: u64) -> f64 {
    let work = |calls| Work {
        calls,
        ..Work::default()
    };
    let dollars = |calls| -> f64 { Use::of(work(calls)).shares().iter().map(|share| share.dollars).sum() };
    ((dollars(calls) - dollars(0)) * 1e7).round() / 1e7
}

/// The cost of a run by service, with so many webhooks that led to it, and with the logs of all of it.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "no run comes near the numbers at which it matters"
)]
pub fn shares(work: Work, webhooks: u64) -> Vec<Share> {
    let webhooks = webhooks as f64;
    let used = Use::of(work);
    let invocations = used.requests as f64 + webhooks;
    let mut shares = used.shares().to_vec();
    shares.extend([
        Share {
            what: "API Gateway, requests",
            dollars: webhooks / 1e6 * PRICES.api_requests,
        },
        Share {
            what: "Lambda, webhooks",
            dollars: webhooks * (PRICES.requests / 1e6 + MEMORY * WEBHOOK_SECONDS * PRICES.gigabyte_second),
        },
        Share {
            what: "CloudWatch, logs",
            dollars: invocations * LOGGED_BYTES / 1e9 * PRICES.logs,
        },
    ]);
    shares
}

impl Cost {
    /// In a line for a person.
    #[must_use]
    pub fn shown(&self) -> String {
        format!(
            "about ${:.5} (estimate): {} state transitions, {} with {} GB-s, {} write and {} read units of \
             DynamoDB; prices of {}",
            self.estimated_usd,
            self.estimated_state_transitions,
            counted(self.lambda_requests, "Lambda request"),
            self.estimated_gigabyte_seconds,
            self.estimated_write_units,
            self.estimated_read_units,
            self.prices
        )
    }
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_two_actions_and_a_wait_costs_a_thirtieth_of_a_cent() {
        let work = Work {
            plans: 4,
            calls: 2,
            waits: 1,
            lanes: 0,
        };
        let cost = of(work);
        assert_eq!(
            cost.estimated_state_transitions, 12,
            "4 times Plan and Route, 2 actions, a wait, the end"
        );
        assert_eq!(cost.lambda_requests, 6);
        insta::assert_snapshot!(cost.shown(), @"
        about $0.00033 (estimate): 12 state transitions, 6 Lambda requests with 0.33 GB-s, 44 write and 12 read units of DynamoDB; prices of US East (N. Virginia), July 2025, without the free tier
        ");
    }

    #[test]
    fn most_of_it_are_the_state_transitions() {
        let cost = of(Work {
            plans: 100,
            calls: 50,
            waits: 10,
            lanes: 0,
        });
        assert!(cost.estimated_usd > 0.006_5 && cost.estimated_usd < 0.009, "{cost:?}");
    }

    #[test]
    fn the_shares_of_a_run_without_a_webhook_are_its_cost_and_the_logs() {
        let work = Work {
            plans: 4,
            calls: 2,
            waits: 1,
            lanes: 0,
        };
        let dollars = |webhooks, without: &str| -> f64 {
            let shares = shares(work, webhooks).into_iter();
            shares
                .filter(|share| share.what != without)
                .map(|share| share.dollars)
                .sum()
        };
        assert!((dollars(0, "CloudWatch, logs") - of(work).estimated_usd).abs() < 1e-7);
        assert!(dollars(1, "") > dollars(0, ""));
    }

    #[test]
    fn a_call_costs_a_state_and_a_function() {
        assert!(of_calls(0).abs() < 1e-9);
        assert!((of_calls(1) - 0.000_027_2).abs() < 1e-9, "{}", of_calls(1));
        assert!((of_calls(10) - 0.000_272).abs() < 1e-9, "{}", of_calls(10));
    }

    #[test]
    fn a_lane_is_an_execution_with_an_end_of_its_own() {
        let none = of(Work::default());
        let lanes = of(Work {
            lanes: 41,
            ..Work::default()
        });
        let more = lanes.estimated_state_transitions - none.estimated_state_transitions;
        assert_eq!(more, 41 + 41 + 2, "its start, its end, and two Maps");
    }

    #[test]
    fn for_a_program_what_is_estimated_is_called_so() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&of(Work { plans: 4, calls: 2, waits: 1, lanes: 0 })).unwrap(), @r#"
        {
          "estimated_usd": 0.0003346,
          "estimated_state_transitions": 12,
          "lambda_requests": 6,
          "estimated_gigabyte_seconds": 0.33,
          "estimated_write_units": 44,
          "estimated_read_units": 12,
          "prices": "US East (N. Virginia), July 2025, without the free tier"
        }
        "#);
    }
}

//! What a run costs at AWS: a model of what the state machine, the functions and the table do for it.
//!
//! How often a Plan was made and an action called stands in the journal. How long a function ran and how large an item was
//! does not, so these are typical values, and what follows from them is an estimate. What is asked by the ingress, what is
//! stored, logged and measured, and what Step Functions tries again by itself is not counted.
//!
//! Prices: the price lists of AWS for US East (N. Virginia) without the free tier, as published in July 2025. Other regions differ a little.

use serde::Serialize;

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
}

const PRICES: Prices = Prices {
    transitions: 0.025,
    requests: 0.20,
    gigabyte_second: 0.000_013_333_4,
    writes: 0.625,
    reads: 0.125,
};

/// When and where these prices were published.
const PUBLISHED: &str = "US East (N. Virginia), July 2025, without the free tier";

/// The memory of a function, in gigabytes, as the template has it.
const MEMORY: f64 = 0.25;
/// How long a Plan typically takes, in seconds.
const PLAN_SECONDS: f64 = 0.03;
/// How long a call of an action typically takes, in seconds: PagerDuty's answer.
const ACTION_SECONDS: f64 = 0.6;
/// The read units of a Plan: each of some items in one consistent read.
const READS_OF_PLAN: u64 = 3;
/// The write units of a Plan: in a transaction, at twice the price, a lane of some kilobytes and a step.
const WRITES_OF_PLAN: u64 = 8;
/// The write units of the start and the end of a run, with its two indexes.
const WRITES_OF_RUN: u64 = 12;

/// What a run has done, as far as its journal tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// Plans of all lanes.
    pub(super) plans: u64,
    /// Calls of actions.
    pub(super) calls: u64,
    /// Waits: of steps, and before another attempt.
    pub(super) waits: u64,
    /// Lanes that were opened, and runs that were started.
    pub(super) lanes: u64,
}

/// What it costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Cost {
    /// In US dollars; an estimate.
    estimated_usd: f64,
    /// State transitions, without those that Step Functions tries again.
    estimated_state_transitions: u64,
    /// Requests to Lambda.
    lambda_requests: u64,
    /// Gigabyte-seconds of Lambda.
    estimated_gigabyte_seconds: f64,
    /// Write request units of DynamoDB.
    estimated_write_units: u64,
    /// Read request units of DynamoDB.
    estimated_read_units: u64,
    /// When and where the prices were published.
    prices: &'static str,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no run comes near the numbers at which it matters"
)]
pub(super) fn of(work: Work) -> Cost {
    let executions = work.lanes.saturating_add(1);
    // Plan and Route for each Plan, then the state of the command; a lane is one iteration of a Map; each execution ends.
    let forks = work.lanes.div_ceil(40);
    let transitions = work.plans * 2 + work.calls + work.waits + work.lanes + forks + executions;
    let requests = work.plans + work.calls;
    let gigabyte_seconds = MEMORY * (work.plans as f64 * PLAN_SECONDS + work.calls as f64 * ACTION_SECONDS);
    let writes = work.plans * WRITES_OF_PLAN + WRITES_OF_RUN;
    let reads = work.plans * READS_OF_PLAN;
    let dollars = transitions as f64 / 1e3 * PRICES.transitions
        + requests as f64 / 1e6 * PRICES.requests
        + gigabyte_seconds * PRICES.gigabyte_second
        + writes as f64 / 1e6 * PRICES.writes
        + reads as f64 / 1e6 * PRICES.reads;
    Cost {
        // A program is not to take the digits behind for more than they are.
        estimated_usd: (dollars * 1e7).round() / 1e7,
        estimated_state_transitions: transitions,
        lambda_requests: requests,
        estimated_gigabyte_seconds: (gigabyte_seconds * 1e3).round() / 1e3,
        estimated_write_units: writes,
        estimated_read_units: reads,
        prices: PUBLISHED,
    }
}

impl Cost {
    /// In a line for a person.
    pub(super) fn shown(&self) -> String {
        format!(
            "about ${:.5} (estimate): {} state transitions, {} Lambda requests with {} GB-s, {} write and {} read units of \
             DynamoDB; prices of {}",
            self.estimated_usd,
            self.estimated_state_transitions,
            self.lambda_requests,
            self.estimated_gigabyte_seconds,
            self.estimated_write_units,
            self.estimated_read_units,
            self.prices
        )
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

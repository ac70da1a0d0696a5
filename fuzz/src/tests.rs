//! The seeds and thousands of their mutations, the same ones in every run.

use super::*;
use hmac::{Hmac, KeyInit, Mac};
use rstest::rstest;
use std::{fs, path::Path};

/// The number of mutations of each seed.
const MUTATIONS: usize = 2_000;

/// What mutations put in: what has a meaning to a reader of JSON, headers or keys.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\u0000",
    "\\ud800",
    "\\x",
    "\t",
    "null",
    "1e400",
    "-0",
    "v1=",
    "v2=",
    "pgf_",
    "_",
    "\r\n",
    "\u{feff}",
    "\"event\":",
    "\"messages\":",
    "\"id\":",
    "\"incident\":",
    "\"data\":",
    "\"type\":\"incident\"",
    "$ref",
    "#/components/schemas/A",
    "\"oneOf\":[",
    "\"nullable\":true",
    "/{x}",
    "*x",
    "&x ",
    "<a>",
    "</a>",
    "<![CDATA[",
    "<!--",
    "&lt;",
    "&#0;",
    "<item>",
];

fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn mutated(random: &mut fastrand::Rng, seeds: &[Vec<u8>], seed: &[u8]) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..random.usize(1..=4) {
        let at = random.usize(0..=data.len());
        let to = random.usize(at..=data.len().min(at + 40));
        match random.u8(0..6) {
            0 if at < data.len() => data[at] ^= 1 << random.u8(0..8),
            1 => drop(data.drain(at..to)),
            2 => {
                let copy = data[at..to].to_vec();
                data.splice(at..at, copy);
            }
            3 => {
                let token = TOKENS[random.usize(0..TOKENS.len())];
                data.splice(at..at, token.bytes());
            }
            4 => data.truncate(at),
            _ => {
                let other = &seeds[random.usize(0..seeds.len())];
                let from = random.usize(0..=other.len());
                data.splice(at..to, other[from..other.len().min(from + 200)].iter().copied());
            }
        }
    }
    data
}

#[rstest]
#[case::body(body, &["seeds/body", "../events/pagerduty"])]
#[case::signature(signature, &["seeds/signature"])]
#[case::slack_button(slack_button, &["seeds/slack_button"])]
#[case::api_key(api_key, &["seeds/api_key"])]
#[case::connector(connector, &["seeds/connector"])]
#[case::openapi(openapi, &["seeds/openapi"])]
#[case::aws_answer(aws_answer, &["seeds/aws_answer"])]
fn the_seeds_and_their_mutations_break_nothing(#[case] target: fn(&[u8]), #[case] folders: &[&str]) {
    let seeds: Vec<Vec<u8>> = folders.iter().flat_map(|folder| files(folder)).collect();
    assert!(seeds.len() > 5);
    let mut random = fastrand::Rng::with_seed(1);
    for seed in &seeds {
        target(seed);
        for _ in 0..MUTATIONS {
            target(&mutated(&mut random, &seeds, seed));
        }
    }
}

#[test]
fn the_seeds_reach_what_lies_behind_the_checks() {
    let starts = |data: &Vec<u8>| {
        [WebhookKind::V3, WebhookKind::V2].into_iter().any(|webhook| {
            let workflow = workflow(webhook);
            let admissions = admit(&workflow, workflow.trigger.as_ref().unwrap(), data, now());
            admissions.is_ok_and(|all| all.iter().any(|one| matches!(one, Admission::Start(_))))
        })
    };
    assert!(files("seeds/body").iter().filter(|data| starts(data)).count() >= 3);
    assert!(files("../events/pagerduty").iter().any(starts));

    let pressed = files("seeds/slack_button");
    let pressed = pressed
        .iter()
        .filter_map(|data| data.splitn(3, |byte| *byte == b'\n').nth(2));
    let pressed = pressed.filter(|body| matches!(press::read(body), Ok(press::Sent::Press(_))));
    assert!(pressed.count() >= 4);

    let keys = files("seeds/api_key");
    let keys = keys.iter().filter_map(|data| std::str::from_utf8(data).ok());
    assert_eq!(keys.filter(|text| ApiKey::parse(text).is_ok()).count(), 1);

    let drafted = |data: &&Vec<u8>| {
        let document = openapi::parse(std::str::from_utf8(data).unwrap()).unwrap();
        openapi::operations(&document).is_ok_and(|operations| {
            let ids: Vec<String> = operations.into_iter().map(|operation| operation.id).collect();
            openapi::draft(&document, &ids, &"fuzzed".parse().unwrap()).is_ok()
        })
    };
    assert!(files("seeds/openapi").iter().filter(drafted).count() >= 5);
    let answers = files("seeds/aws_answer");
    assert!(answers.iter().all(|data| {
        let text = std::str::from_utf8(data).unwrap();
        aws_actions::operation(text.split(' ').next().unwrap()).is_some()
    }));

    let signed = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes())
        .unwrap()
        .chain_update(b"\n{\"event\":{}}")
        .finalize()
        .into_bytes();
    let hex = data_encoding::HEXLOWER.encode(&signed);
    let seeds = files("seeds/signature");
    assert!(
        seeds
            .iter()
            .any(|seed| seed.starts_with(format!("v1={hex}").as_bytes()))
    );
}

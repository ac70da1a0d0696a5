//! The commands of `cargo xtask` that documents tell people to type can be typed, and CONTRIBUTING.md has them all.

use clap::{CommandFactory, Parser, ValueEnum};

use super::{files, lines, read};
use crate::Arguments;
use crate::test::Check;

/// The commands of `cargo xtask` in a text: those after a prompt in a block of code, and those in backticks.
fn commands(text: &str) -> Vec<String> {
    let in_line = |line: &str, is_code: bool| -> Vec<String> {
        let spans: Vec<&str> = match line.strip_prefix("$ ").filter(|_| is_code) {
            Some(typed) => vec![typed.split(" #").next().unwrap_or(typed)],
            None => line.split('`').skip(1).step_by(2).collect(),
        };
        let commands = spans.into_iter().filter_map(|span| span.split_once("cargo xtask "));
        commands.map(|(_, words)| words.trim().to_owned()).collect()
    };
    lines(text).flat_map(|(line, is_code)| in_line(line, is_code)).collect()
}

#[test]
fn every_command_in_a_document_can_be_typed() {
    let mut count = 0;
    for (path, text) in files(".md") {
        for command in commands(&text) {
            let words = ["cargo xtask"].into_iter().chain(command.split_whitespace());
            if let Err(error) = Arguments::try_parse_from(words) {
                panic!("{}: `cargo xtask {command}`: {error}", path.display());
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn contributing_has_a_row_for_every_command_and_every_check() {
    let contributing = read("CONTRIBUTING.md");
    for command in Arguments::command().get_subcommands() {
        let name = command.get_name();
        assert!(
            contributing.contains(&format!("| `cargo xtask {name}")),
            "`cargo xtask {name}`"
        );
    }
    for check in Check::value_variants() {
        let value = check.to_possible_value().unwrap();
        assert!(
            contributing.contains(&format!("\n| `{}` | ", value.get_name())),
            "{check:?}"
        );
    }
}

#[test]
fn a_command_is_found_in_a_block_and_in_a_sentence() {
    let text = "Run `cargo xtask demo` or `A=1 cargo xtask test --only e2e`, not cargo xtask x.\n```console\n$ cargo xtask storm  # long\n```";

    assert_eq!(commands(text), ["demo", "test --only e2e", "storm"]);
}

//! Survey of the operations of OpenAPI documents that become drafts: `cargo run --release -p connectors --example survey_openapi FILE…`. Each operation is
//! drafted alone and read again as a connector. With `--problems` the reasons are counted, too.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::{collections::BTreeMap, error::Error, fs, path::Path, time::Instant};

use connectors::{
    Connector, ConnectorName,
    openapi::{self, Fit, ImportError, Remark},
};

#[derive(Default)]
struct Counts {
    operations: usize,
    typed: usize,
    part: usize,
    no: usize,
    accepted: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    let with_problems = paths.iter().any(|path| path == "--problems");
    paths.retain(|path| path != "--problems");
    println!("| document | operations | typed | part | no | drafts accepted | all in one | ms |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut total = Counts::default();
    let mut problems: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        let stem = Path::new(path)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.unwrap_or_default();
        let started = Instant::now();
        let document = openapi::parse(&fs::read_to_string(path)?)?;
        let name: ConnectorName = "imported".parse()?;
        let mut counts = Counts::default();
        let operations = openapi::operations(&document)?;
        for operation in &operations {
            counts.operations += 1;
            let remarks = match openapi::draft(&document, &[&operation.id], &name) {
                Ok(draft) => {
                    match draft.actions.iter().map(|action| action.fit).max() {
                        Some(Fit::Typed) | None => counts.typed += 1,
                        Some(Fit::Part) => counts.part += 1,
                        Some(Fit::No) => counts.no += 1,
                    }
                    match Connector::from_source(&draft.yaml) {
                        Ok(_) => counts.accepted += 1,
                        Err(problem) => println!("{stem}: {}: {problem}\n{}", operation.id, draft.yaml),
                    }
                    draft.remarks
                }
                Err(ImportError::NothingUsable(remarks)) => {
                    counts.no += 1;
                    remarks
                }
                Err(error) => return Err(error.into()),
            };
            for remark in remarks {
                *problems.entry(kind_of(&stem, &remark)).or_default() += 1;
            }
        }
        // As many at once as fit into a file.
        let some: Vec<&str> = operations
            .iter()
            .map(|operation| operation.id.as_str())
            .take(40)
            .collect();
        let at_once = match openapi::draft(&document, &some, &name) {
            Ok(draft) => match Connector::from_source(&draft.yaml) {
                Ok(_) => format!("{} in {} KB", draft.actions.len(), draft.yaml.len() / 1024),
                Err(problem) => problem.to_string(),
            },
            Err(error) => error.to_string(),
        };
        row(&stem, &counts, &at_once, started.elapsed().as_millis());
        total.operations += counts.operations;
        total.typed += counts.typed;
        total.part += counts.part;
        total.no += counts.no;
        total.accepted += counts.accepted;
    }
    row("all", &total, "", 0);
    if with_problems {
        let mut problems: Vec<_> = problems.into_iter().collect();
        problems.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (problem, count) in problems.into_iter().take(120) {
            println!("{count:6} {problem}");
        }
    }
    Ok(())
}

fn row(name: &str, counts: &Counts, at_once: &str, millis: u128) {
    let Counts {
        operations,
        typed,
        part,
        no,
        accepted,
    } = counts;
    println!("| {name} | {operations} | {typed} | {part} | {no} | {accepted} | {at_once} | {millis} |");
}

/// A remark without the names in it.
fn kind_of(stem: &str, remark: &Remark) -> String {
    let words = remark.text.split('`').step_by(2).collect::<Vec<_>>().join("…");
    format!("{:?} {stem}: {words}", remark.fit)
}

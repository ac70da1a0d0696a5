//! Lists the shipped connectors: each file of `catalogue` is one.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=catalogue");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join("catalogue"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    let lines = names.iter().map(|name| {
        let file = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/catalogue/{name}.yaml\")");
        format!("    Shipped::new({name:?}, include_str!({file})),\n")
    });
    let count = names.len();
    let list = format!(
        "static SHIPPED: [Shipped; {count}] = [\n{}];\n",
        lines.collect::<String>()
    );
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("catalogue.rs"), list)
}

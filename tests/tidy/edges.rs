//! Who may depend on whom: the edges between our crates, and where outside crates may be used.

use std::collections::BTreeSet;
use std::fs;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use super::tree::{none, root};

type Table = [(&'static str, &'static [&'static str])];

/// Free ports: whatever starts programs to test them may use it.
const PORTS: &str = "convoke-ports";

/// Our crates and what each may depend on, of ours. docs/ARCHITECTURE.md shows the same.
const EDGES: &Table = &[
    ("convoke-model", &[]),
    ("convoke-fanout", &[]),
    ("convoke-wire", &["convoke-model"]),
    ("convoke-journal", &["convoke-model", "convoke-wire"]),
    ("convoke-engine", &["convoke-model", "convoke-wire", "convoke-journal", "convoke-fanout"]),
    ("convoke-plugins", &["convoke-engine", "convoke-model", "convoke-wire"]),
    (
        "convoke",
        &[
            "convoke-engine",
            "convoke-plugins",
            "convoke-wire",
            "convoke-journal",
            "convoke-model",
            "convoke-fanout",
        ],
    ),
    ("convoke-client", &["convoke-wire", "convoke-model"]),
    ("convoke-audit", &["convoke-journal", "convoke-wire", "convoke-model"]),
    ("convoke-loadgen", &["convoke-journal", "convoke-wire", "convoke-model"]),
    (
        "convoke-tests",
        &[
            "convoke-model",
            "convoke-fanout",
            "convoke-wire",
            "convoke-journal",
            "convoke-engine",
            "convoke-plugins",
            "convoke",
            "convoke-client",
            "convoke-audit",
            "convoke-loadgen",
            PORTS,
        ],
    ),
    (PORTS, &[]),
    ("xtask", &[PORTS]),
];

/// Outside crates that have one home.
const HOMES: &Table = &[
    ("axum", &["convoke"]),
    ("askama", &["convoke"]),
    ("hyper", &["convoke", "convoke-plugins"]),
    ("hyper-util", &["convoke", "convoke-plugins"]),
    ("rust-embed", &["convoke"]),
    ("argon2", &["convoke", "convoke-plugins"]),
    ("rcgen", &["convoke"]),
    ("x509-parser", &["convoke"]),
    ("tokio", &["convoke", "convoke-plugins"]),
    ("mio", &["convoke", "convoke-loadgen"]),
    ("fjall", &["convoke-journal"]),
    ("async-nats", &["convoke-journal"]),
    ("rhai", &["convoke-plugins"]),
    ("ldap3", &["convoke-plugins"]),
    ("quick-xml", &["convoke-wire", "convoke-plugins"]),
    ("loom", &["convoke-fanout"]),
    ("shuttle", &["convoke-tests"]),
];

/// All that the pure crates may use of others: nothing here reads a clock, a disk or a socket.
const PURE: &Table = &[
    ("convoke-model", &["serde", "serde_bytes", "thiserror"]),
    (
        "convoke-wire",
        &[
            "convoke-model",
            "encoding_rs",
            "percent-encoding",
            "quick-xml",
            "rmp-serde",
            "serde",
            "serde_bytes",
            "sha2",
            "thiserror",
            "zeroize",
        ],
    ),
];

fn packages() -> Vec<Package> {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata describes the workspace")
        .packages
}

fn entry(table: &Table, name: &str) -> Option<&'static [&'static str]> {
    table.iter().find(|(of, _)| *of == name).map(|(_, list)| *list)
}

fn read(path: impl AsRef<std::path::Path>) -> toml::Table {
    let text = fs::read_to_string(path).expect("a manifest is text");
    text.parse().expect("a manifest is TOML")
}

#[test]
fn our_crates_depend_only_as_the_architecture_allows() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &packages {
        let Some(allowed) = entry(EDGES, &package.name) else {
            findings.push(format!("{}: a crate that the architecture does not name", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let for_tests = dependency.kind == DependencyKind::Development && name == PORTS;
            if ours.contains(name) && !allowed.contains(&name) && !for_tests {
                findings.push(format!("{} -> {name}: no such edge", package.name));
            }
        }
    }
    none(&findings);
}

#[test]
fn an_outside_crate_is_used_only_in_its_home() {
    let mut findings = Vec::new();
    for package in packages() {
        for dependency in &package.dependencies {
            let Some(homes) = entry(HOMES, &dependency.name) else { continue };
            // A test may build a counterpart to talk to; nothing of that is shipped.
            let shipped = dependency.kind != DependencyKind::Development;
            if shipped && !homes.contains(&package.name.as_str()) {
                let homes = homes.join(", ");
                let edge = format!("{} -> {}", package.name, dependency.name);
                findings.push(format!("{edge}: only {homes} may use it"));
            }
        }
    }
    none(&findings);
}

#[test]
fn loom_is_never_part_of_what_we_ship() {
    for package in packages() {
        for dependency in package.dependencies.iter().filter(|found| found.name == "loom") {
            let target = dependency.target.as_ref().map(ToString::to_string);
            let models = target.is_some_and(|target| target.contains("loom"));
            let shipped = dependency.kind != DependencyKind::Development && !models;
            assert!(!shipped, "{} ships loom", package.name);
        }
    }
}

#[test]
fn the_pure_crates_use_only_pure_crates() {
    let mut findings = Vec::new();
    for package in packages() {
        let Some(allowed) = entry(PURE, &package.name) else { continue };
        for dependency in &package.dependencies {
            let shipped = dependency.kind == DependencyKind::Normal;
            if shipped && !allowed.contains(&dependency.name.as_str()) {
                findings.push(format!("{} -> {}: not pure", package.name, dependency.name));
            }
        }
    }
    none(&findings);
}

#[test]
fn every_crate_takes_its_lints_from_the_workspace() {
    for package in packages() {
        let manifest = read(&package.manifest_path);
        let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        let inherited = inherited.and_then(toml::Value::as_bool);
        assert_eq!(inherited, Some(true), "{} has lints of its own", package.name);
    }
}

#[test]
fn no_dependency_of_ours_is_a_pre_release() {
    let manifest = read(root().join("Cargo.toml"));
    let direct = manifest["workspace"]["dependencies"].as_table().expect("a table");
    let lock = read(root().join("Cargo.lock"));
    let locked = lock["package"].as_array().expect("Cargo.lock lists packages");
    let mut findings = Vec::new();
    for package in locked {
        let name = package["name"].as_str().unwrap_or_default();
        let version = package["version"].as_str().unwrap_or_default();
        // What follows a plus says how it was built, not how finished it is.
        let number = version.split('+').next().unwrap_or_default();
        if direct.contains_key(name) && number.contains('-') {
            findings.push(format!("{name} {version}"));
        }
    }
    none(&findings);
}

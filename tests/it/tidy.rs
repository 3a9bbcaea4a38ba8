//! Rules of the tree: layers, module heads, sizes, lock file, reasons for dependencies.
//!
//! Each rule is a test with the sentence to read when it fails. Nothing here
//! runs the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cycleboard::domain::flow::Key;

/// Which layers a layer may name. `demo` stands beside `app`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("log", &["domain"]),
    ("config", &["domain", "log"]),
    ("sources", &["domain", "log", "config"]),
    ("engine", &["domain", "log", "config", "sources"]),
    ("ui", &["domain", "log", "config", "engine"]),
    ("demo", &["domain", "log", "config", "sources"]),
    (
        "app",
        &["domain", "log", "config", "sources", "engine", "ui", "demo"],
    ),
];

/// Paths that a layer may not name although it may name the layer.
const NARROW: &[(&str, &str, &[&str])] = &[
    ("ui", "crate::engine", &["crate::engine::snapshot"]),
    ("engine", "crate::sources::github", &[]),
    (
        "engine",
        "crate::sources::http",
        &[
            "crate::sources::http::{",
            "crate::sources::http::C",
            "crate::sources::http::V",
            "crate::sources::http::S",
            "crate::sources::http::N",
        ],
    ),
    ("demo", "crate::sources", &["crate::sources::http::Clock"]),
];

/// Longest source file, tests not counted.
const MAX_LINES: usize = 500;
/// The most lines of a file of tests.
const MAX_TEST_LINES: usize = 700;
/// Longest `wire.rs`: shapes of answers, one field a line.
const MAX_WIRE_LINES: usize = 800;
/// Most packages in `Cargo.lock`.
const MAX_LOCKED: usize = 462;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<PathBuf> {
    files_below(&root().join("src"), "rs")
}

fn layer_of(path: &Path) -> Option<String> {
    let inner = path.strip_prefix(root().join("src")).ok()?;
    let first = inner.components().next()?.as_os_str().to_str()?;
    (inner.components().count() > 1).then(|| first.to_owned())
}

fn is_test_file(path: &Path) -> bool {
    let text = path.to_string_lossy();
    ["/tests.rs", "/testing.rs", "/tests/"]
        .iter()
        .any(|part| text.contains(part))
        || text.ends_with("_tests.rs")
}

/// The text of a file up to its test module, comments left out.
fn code_of(path: &Path) -> String {
    let text = read(path);
    let code = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn fail_if_any(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}\n  {}", wrong.join("\n  "));
}

#[test]
fn layers_name_only_layers_left_of_them() {
    let mut wrong = Vec::new();
    for path in sources() {
        let Some(layer) = layer_of(&path) else {
            continue;
        };
        let code = code_of(&path);
        for (other, _) in MAY_USE {
            let allowed = MAY_USE
                .iter()
                .any(|(name, may)| *name == layer && (may.contains(other) || *name == *other));
            if !allowed && code.contains(&format!("crate::{other}::")) {
                wrong.push(format!("{}: names crate::{other}", path.display()));
            }
        }
        for (narrow, prefix, exceptions) in NARROW {
            let named = code.matches(&format!("{prefix}::")).count();
            let excepted: usize = exceptions.iter().map(|e| code.matches(e).count()).sum();
            if layer == *narrow && named > excepted {
                wrong.push(format!(
                    "{}: names {prefix} beyond {exceptions:?}",
                    path.display()
                ));
            }
        }
    }
    fail_if_any(
        &wrong,
        "a layer may name only those left of it (ARCHITECTURE.md, \"Layers\"):",
    );
}

#[test]
fn adapters_do_not_name_one_another() {
    let folder = root().join("src/sources");
    let adapters: Vec<String> = fs::read_dir(&folder)
        .expect("src/sources")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir() && entry.file_name() != "http")
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let mut wrong = Vec::new();
    for adapter in &adapters {
        for path in files_below(&folder.join(adapter), "rs") {
            let code = code_of(&path);
            for other in adapters.iter().filter(|other| *other != adapter) {
                if code.contains(&format!("sources::{other}")) {
                    wrong.push(format!("{}: names {other}", path.display()));
                }
            }
        }
    }
    fail_if_any(&wrong, "an adapter stands alone:");
}

#[test]
fn every_file_says_what_it_is() {
    let mut paths = sources();
    paths.extend(files_below(&root().join("tests"), "rs"));
    paths.extend(files_below(&root().join("benches"), "rs"));
    let wrong: Vec<String> = paths
        .iter()
        .filter(|path| !read(path).starts_with("//! "))
        .map(|path| path.display().to_string())
        .collect();
    fail_if_any(&wrong, "every file begins with a `//!` head:");
}

#[test]
fn files_stay_small() {
    let mut wrong = Vec::new();
    let tests = files_below(&root().join("tests"), "rs");
    for path in sources().into_iter().chain(tests) {
        let text = read(&path);
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let limit = match path.file_name() {
            _ if is_test_file(&path) => MAX_TEST_LINES,
            Some(name) if name == "wire.rs" => MAX_WIRE_LINES,
            _ => MAX_LINES,
        };
        let lines = code.lines().count();
        if lines > limit {
            wrong.push(format!(
                "{}: {lines} lines, at most {limit}",
                path.display()
            ));
        }
    }
    fail_if_any(
        &wrong,
        "split a file by responsibility before it passes the limit:",
    );
}

#[test]
fn the_lock_file_stays_small() {
    let lock = read(&root().join("Cargo.lock"));
    let count = lock.lines().filter(|line| *line == "[[package]]").count();
    assert!(
        count <= MAX_LOCKED,
        "{count} packages in Cargo.lock, at most {MAX_LOCKED}"
    );
}

#[test]
fn every_dependency_has_a_reason() {
    let manifest: toml::Table = read(&root().join("Cargo.toml"))
        .parse()
        .expect("Cargo.toml");
    let reasons = read(&root().join("CONTRIBUTING.md"));
    let mut wrong = Vec::new();
    for table in ["dependencies", "dev-dependencies"] {
        let names = manifest
            .get(table)
            .and_then(toml::Value::as_table)
            .expect("a table");
        for name in names
            .keys()
            .filter(|name| !reasons.contains(&format!("`{name}`")))
        {
            wrong.push(format!("{name} ({table})"));
        }
    }
    fail_if_any(
        &wrong,
        "a dependency enters with one line of reason in CONTRIBUTING.md:",
    );
}

#[test]
fn every_test_file_is_part_of_the_one_test_binary() {
    let folder = root().join("tests/it");
    let main = read(&folder.join("main.rs"));
    let wrong: Vec<String> = fs::read_dir(&folder)
        .expect("tests/it")
        .filter_map(Result::ok)
        .map(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned()
        })
        .filter(|name| name != "main" && !main.contains(&format!("mod {name};")))
        .collect();
    fail_if_any(&wrong, "tests/it/main.rs names every file beside it:");
}

#[test]
fn nothing_unfinished_is_left() {
    let marks = [
        "todo!(",
        "unimplemented!(",
        "FIX\u{4d}E",
        "XX\u{58}",
        "#[ign\u{6f}re",
    ];
    let mut paths = sources();
    paths.extend(files_below(&root().join("tests"), "rs"));
    let mut wrong = BTreeSet::new();
    for path in paths.iter().filter(|path| !path.ends_with("tidy.rs")) {
        let text = read(path);
        for mark in marks.iter().filter(|mark| text.contains(**mark)) {
            wrong.insert(format!("{}: {mark}", path.display()));
        }
    }
    fail_if_any(
        &wrong.into_iter().collect::<Vec<_>>(),
        "nothing unfinished is committed:",
    );
}

#[test]
fn tests_wait_for_conditions_not_for_time() {
    let wrong: Vec<String> = files_below(&root().join("tests"), "rs")
        .iter()
        // A server that is slow on purpose is what it simulates.
        .filter(|path| !path.ends_with("tidy.rs") && !path.ends_with("support/fault.rs"))
        .filter(|path| {
            let text = read(path);
            ["thread::sleep(", "time::sleep("]
                .iter()
                .any(|mark| text.contains(mark))
        })
        .map(|path| path.display().to_string())
        .collect();
    fail_if_any(&wrong, "wait for a condition, with a ceiling:");
}

/// Metrics of the readings of CALMS, which are in no report of a scope.
const OF_CALMS: [Key; 9] = [
    Key::ReviewPairs,
    Key::WaitForPeople,
    Key::StagesByMachine,
    Key::WipOverLimit,
    Key::WipOld,
    Key::SourcesHealthy,
    Key::EvidenceComplete,
    Key::ReviewSpread,
    Key::BusFactor,
];

#[test]
fn readme_defines_every_metric_in_the_words_of_its_answers() {
    let readme = include_str!("../../README.md");
    for key in Key::ALL.into_iter().chain(OF_CALMS) {
        // The stages stand in one row.
        let name = if let Key::CycleTimeIn(_) = key {
            "`cycle_time_plan` … `_deploy`".to_owned()
        } else {
            format!("`{}`", key.as_str())
        };
        let row = format!("\n| {name} | {} | ", key.definition());
        assert!(readme.contains(&row), "README.md has no row{row}");
        assert!(!key.unit().as_str().is_empty());
    }
}

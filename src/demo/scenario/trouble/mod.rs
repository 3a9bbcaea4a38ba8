//! What is wrong where a job fails: the tool, the test or the line of code, the annotations.
//!
//! Log, annotations and test report of a job all tell the same story; it is settled here.

use crate::demo::scenario::ci::Cause;
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::demo::scenario::team::Lang;

mod tables;

use tables::{
    C, DOCKER, Faults, GCC, GO, GO_BUILD, NODE, PYTHON, RUST, RUSTC, TERRAFORM, TSC, Tests,
};

/// Which program says that something failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// `cargo test`.
    CargoTest,
    /// `cargo build`.
    Rustc,
    /// `jest`.
    Jest,
    /// `tsc`.
    Tsc,
    /// `pytest`.
    Pytest,
    /// `docker build`, with its plain progress.
    Docker,
    /// `go test`.
    GoTest,
    /// `go build`.
    GoBuild,
    /// `ctest`.
    Ctest,
    /// `make` and `gcc`.
    Make,
    /// `terraform plan`.
    Terraform,
    /// The script that ships a release.
    Ship,
    /// `curl`, asked for packages.
    Curl,
    /// The kernel.
    Killer,
    /// The script that looks for its secrets.
    Secret,
}

/// A test, and how it fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Test {
    /// Its suite: a module, a class, a package.
    pub suite: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The file that it is in.
    pub file: &'static str,
    /// The line at which it fails.
    pub line: u64,
    /// What it says.
    pub message: &'static str,
}

/// What a compiler, or a tool like one, says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The file.
    pub file: &'static str,
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
    /// The code of the error, where the tool has such.
    pub code: &'static str,
    /// What is wrong.
    pub message: &'static str,
    /// The line of the file.
    pub source: &'static str,
}

/// Why a job fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// Who says so.
    pub tool: Tool,
    /// The test that fails.
    pub test: Option<Test>,
    /// The place in the code.
    pub fault: Option<Fault>,
    /// The exit code of the step.
    pub exit: u8,
    /// The last line before the exit code, where one is common to all.
    pub line: &'static str,
}

/// What the runner notes of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// `failure` or `warning`.
    pub level: &'static str,
    /// In short.
    pub title: Option<String>,
    /// What is wrong.
    pub message: String,
    /// The file.
    pub path: &'static str,
    /// The line.
    pub line: u64,
}

/// What `curl` says when the server of the packages does not answer: the same in every repository.
pub const OUTAGE: &str = "curl: (28) Failed to connect to packages.example.org port 443 after \
                          134870 ms: Could not connect to server";

/// How many errors of a step are noted at most, as on the real host.
const NOTED: usize = 10;

fn tests(lang: Lang) -> (Tool, &'static Tests, u8) {
    match lang {
        Lang::Rust => (Tool::CargoTest, &RUST, 101),
        Lang::Node => (Tool::Jest, &NODE, 1),
        Lang::Python => (Tool::Pytest, &PYTHON, 1),
        Lang::Go => (Tool::GoTest, &GO, 1),
        Lang::C | Lang::Terraform => (Tool::Ctest, &C, 8),
    }
}

fn faults(lang: Lang, build: bool) -> (Tool, &'static Faults, u8) {
    match lang {
        Lang::Rust => (Tool::Rustc, &RUSTC, 101),
        Lang::Node => (Tool::Tsc, &TSC, 2),
        Lang::Go => (Tool::GoBuild, &GO_BUILD, 1),
        Lang::C => (Tool::Make, &GCC, 2),
        Lang::Terraform if build => (Tool::Terraform, &TERRAFORM, 1),
        Lang::Python | Lang::Terraform => (Tool::Docker, &DOCKER, 1),
    }
}

/// Returns all tests of a language that can fail.
pub fn all(lang: Lang) -> &'static [Test] {
    tests(lang).1
}

/// Returns the test of a language that is flaky.
pub fn flaky(lang: Lang) -> Option<Test> {
    all(lang).last().copied()
}

/// Returns why a job fails, if it does.
pub fn of(repo: &RepoState, run: &Run, job: &Job) -> Option<Trouble> {
    if job.conclusion != Some("failure") {
        return None;
    }
    let lang = repo.spec.lang;
    let plain = |tool, line, exit| Trouble {
        tool,
        test: None,
        fault: None,
        exit,
        line,
    };
    // The same commit fails in the same way, however often it is run.
    let commit = u64::from_str_radix(run.sha.get(..15).unwrap_or("0"), 16).unwrap_or(0);
    let mut dice = Dice::of(commit, &[]);
    let row = match job.cause {
        Cause::Registry => return Some(plain(Tool::Curl, OUTAGE, 28)),
        Cause::Memory => return Some(plain(Tool::Killer, "Killed", 137)),
        Cause::Secret => {
            let line = "Error: secret REGISTRY_TOKEN is not set; it is not available here";
            return Some(plain(Tool::Secret, line, 1));
        }
        Cause::None | Cause::Odd => return Some(plain(Tool::Ship, "", 1)),
        Cause::Own => None,
        Cause::Base(_) => Some((3, 2)),
        Cause::Flaky => Some((4, 2)),
    };
    match job.name {
        "release" | "deploy-staging" | "deploy-production" => Some(plain(Tool::Ship, "", 1)),
        "integration" | "e2e" if lang != Lang::Terraform => {
            let (tool, tests, exit) = tests(lang);
            let nth = row.map_or_else(|| dice.below(3), |(nth, _)| nth);
            Some(Trouble {
                tool,
                test: tests.get(nth).copied(),
                fault: None,
                exit,
                line: "",
            })
        }
        name => {
            let (tool, faults, exit) = faults(lang, name == "build");
            let nth = row.map_or_else(|| dice.below(2), |(_, nth)| nth);
            Some(Trouble {
                tool,
                test: None,
                fault: faults.get(nth).copied(),
                exit,
                line: "",
            })
        }
    }
}

/// Returns what the runner notes of a job, at most ten errors of its step.
pub fn notes(repo: &RepoState, run: &Run, job: &Job) -> Vec<Note> {
    let Some(trouble) = of(repo, run, job) else {
        return Vec::new();
    };
    let note = |title: Option<String>, message: &str, path, line| Note {
        level: "failure",
        title,
        message: message.to_owned(),
        path,
        line,
    };
    let mut notes = Vec::new();
    if let Some(test) = trouble.test {
        let title = format!("{} › {}", test.suite, test.name);
        notes.push(note(Some(title), test.message, test.file, test.line));
    }
    if let Some(fault) = trouble.fault {
        // A matcher turns every error of a compiler into a note; there are more than are kept.
        let many = if trouble.tool == Tool::Tsc { 14 } else { 1 };
        let title = (!fault.code.is_empty()).then(|| fault.code.to_owned());
        notes.extend((0..many).map(|nth| {
            note(
                title.clone(),
                fault.message,
                fault.file,
                fault.line + nth * 7,
            )
        }));
    }
    if !trouble.line.is_empty() && trouble.tool != Tool::Killer {
        notes.push(note(None, trouble.line, ".github", 1));
    }
    let exit = format!("Process completed with exit code {}.", trouble.exit);
    notes.push(note(None, &exit, ".github", 1));
    notes.truncate(NOTED);
    notes
}

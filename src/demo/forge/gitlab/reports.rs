//! Test reports of pipelines: all cases, or how many there are.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{Project, jobs};
use crate::demo::scenario::artifact;
use crate::demo::scenario::model::Run;
use crate::demo::scenario::trouble::{self, Test};

/// How many cases of each suite always pass.
const PLAIN: u64 = 60;

/// The tests of one job.
struct Suite {
    name: String,
    job: u64,
    failed: Option<Test>,
}

impl Suite {
    fn cases(&self, project: &Project) -> Vec<Value> {
        let passed = (0..PLAIN).map(|nth| {
            let class = format!("suite{}", nth % 6);
            case("success", &format!("case {nth}"), &class, None)
        });
        let known = trouble::all(project.repo.spec.lang).iter().map(|test| {
            let failed = self.failed == Some(*test);
            let status = if failed { "failed" } else { "success" };
            case(status, test.name, test.suite, Some((test, failed)))
        });
        let skipped = case("skipped", "skipped on this system", "suite0", None);
        passed.chain(known).chain([skipped]).collect()
    }
}

fn case(status: &str, name: &str, class: &str, test: Option<(&Test, bool)>) -> Value {
    let failed = test.filter(|(_, failed)| *failed).map(|(test, _)| test);
    let output = failed.map(|test| format!("{}\n    at {}:{}", test.message, test.file, test.line));
    json!({
        "status": status, "name": name, "classname": class,
        "file": test.map(|(test, _)| test.file), "execution_time": 0.25, "system_output": output,
        "stack_trace": null, "recent_failures": failed.map(|_| json!({
            "count": 1, "base_branch": "main",
        })),
    })
}

fn suites(project: &Project, run: &Run) -> Vec<Suite> {
    let repo = &project.repo;
    let reports = artifact::of(run);
    let all = jobs::made(run).into_iter().filter(|made| !made.retried);
    all.filter(|made| reports.iter().any(|report| report.id == made.job.id))
        .map(|made| Suite {
            name: jobs::name(made.job),
            job: jobs::id(repo, run, made.job),
            failed: trouble::of(repo, run, made.job).and_then(|why| why.test),
        })
        .collect()
}

/// How many cases there are of each kind.
struct Counts {
    total: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    fn of(cases: &[Value]) -> Self {
        let are = |word: &str| cases.iter().filter(|case| case["status"] == word).count();
        Self {
            total: cases.len(),
            failed: are("failed"),
            skipped: are("skipped"),
        }
    }

    fn written(&self) -> Value {
        json!({
            "total_time": 182.44, "total_count": self.total,
            "success_count": self.total - self.failed - self.skipped,
            "failed_count": self.failed, "skipped_count": self.skipped, "error_count": 0,
        })
    }
}

/// Answers with all cases of a pipeline.
pub(super) fn full(project: &Project, run: &Run) -> Answer {
    let mut all = Vec::new();
    let mut written = Vec::new();
    for suite in suites(project, run) {
        let cases = suite.cases(project);
        let counts = Counts::of(&cases).written();
        let more = json!({"name": suite.name, "suite_error": null, "test_cases": cases});
        written.push(crate::demo::forge::wire::join(counts, more));
        all.extend(cases);
    }
    let whole = Counts::of(&all).written();
    let more = json!({"test_suites": written});
    Answer::json(crate::demo::forge::wire::join(whole, more))
}

/// Answers with the numbers of cases of a pipeline.
pub(super) fn summary(project: &Project, run: &Run) -> Answer {
    let mut all = Vec::new();
    let mut written = Vec::new();
    for suite in suites(project, run) {
        let cases = suite.cases(project);
        let counts = Counts::of(&cases).written();
        let more = json!({"name": suite.name, "build_ids": [suite.job], "suite_error": null});
        written.push(crate::demo::forge::wire::join(counts, more));
        all.extend(cases);
    }
    let counts = Counts::of(&all);
    let passed = counts.total - counts.failed - counts.skipped;
    Answer::json(json!({
        "total": {
            "time": 182.44, "count": counts.total, "success": passed, "failed": counts.failed,
            "skipped": counts.skipped, "error": 0, "suite_error": null,
        },
        "test_suites": written,
    }))
}

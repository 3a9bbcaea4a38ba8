//! Test reports of builds: all suites, each with the stage that it ran in.

use serde_json::{Value, json};

use crate::demo::forge::jenkins::items::{Build, Job};
use crate::demo::forge::jenkins::stages;
use crate::demo::scenario::artifact;
use crate::demo::scenario::trouble;

/// How many cases of each suite always pass.
const PLAIN: u64 = 60;

fn case(status: &str, class: &str, name: &str, said: Option<(&str, String)>) -> Value {
    let (details, trace) = said.unzip();
    json!({
        "className": class, "name": name, "status": status, "duration": 0.25, "age": 0,
        "failedSince": 0, "skipped": status == "SKIPPED", "errorDetails": details,
        "errorStackTrace": trace,
    })
}

/// Returns the report of a build; none where it ran no tests.
pub(super) fn of(job: &Job<'_>, build: &Build<'_>) -> Option<Value> {
    let repo = &job.project.repo;
    let reports = artifact::of(build.run);
    let mut suites = Vec::new();
    let (mut failed, mut passed, mut skipped) = (0_u64, 0_u64, 0_u64);
    for (nth, of) in build.jobs().iter().enumerate() {
        if !reports.iter().any(|report| report.id == of.id) {
            continue;
        }
        let red = trouble::of(repo, build.run, of).and_then(|why| why.test);
        let plain = (0..PLAIN).map(|nth| {
            let class = format!("suite{}", nth % 6);
            case("PASSED", &class, &format!("case {nth}"), None)
        });
        let known = trouble::all(repo.spec.lang).iter().map(|test| {
            if red == Some(*test) {
                let trace = format!("{}\n    at {}:{}", test.message, test.file, test.line);
                case(
                    "REGRESSION",
                    test.suite,
                    test.name,
                    Some((test.message, trace)),
                )
            } else {
                case("PASSED", test.suite, test.name, None)
            }
        });
        let over = case("SKIPPED", "suite0", "skipped on this system", None);
        let cases: Vec<Value> = plain.chain(known).chain([over]).collect();
        let count = u64::try_from(cases.len()).unwrap_or(0);
        failed += u64::from(red.is_some());
        skipped += 1;
        passed += count - 1 - u64::from(red.is_some());
        let stage = stages::id(nth);
        suites.push(json!({
            "name": of.name, "duration": 15.5, "cases": cases, "nodeId": (stage + 2).to_string(),
            "enclosingBlocks": [stage.to_string(), (stage - 1).to_string()],
            "enclosingBlockNames": [of.name],
        }));
    }
    if suites.is_empty() {
        return None;
    }
    Some(json!({
        "_class": "hudson.tasks.junit.TestResult", "duration": 15.5, "empty": false,
        "failCount": failed, "passCount": passed, "skipCount": skipped, "suites": suites,
    }))
}

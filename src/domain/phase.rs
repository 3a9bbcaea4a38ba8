//! The phase of a job: does it build, judge, publish or put something live?
//!
//! The team's own rules come first, then the stage that the CI names, then word
//! lists on the names of job and workflow. What no list knows is judged by the
//! event that started it.

use crate::domain::policy::{Phase, PhaseRule};

/// What a phase is found from.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobNames<'a> {
    /// Name of the workflow.
    pub workflow: &'a str,
    /// File of the workflow.
    pub path: &'a str,
    /// The event that started the run.
    pub event: &'a str,
    /// The stage of the pipeline, where the CI has stages.
    pub stage: Option<&'a str>,
    /// Name of the job; none for a run as a whole.
    pub job: Option<&'a str>,
}

/// How a word of a list is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fit {
    /// The word begins with it: `test` fits `tests` and `testing`.
    Stem,
    /// The word is exactly it, or its plural.
    Word,
}

/// The words of one phase.
struct WordList {
    phase: Phase,
    words: &'static [(&'static str, Fit)],
}

/// The lists, first match wins: a job that deploys what it built is a deploy job.
const LISTS: &[WordList] = &[
    WordList {
        phase: Phase::Deploy,
        words: &[
            ("deploy", Fit::Stem),
            ("rollout", Fit::Word),
            ("promot", Fit::Stem),
            ("sync", Fit::Word),
        ],
    },
    WordList {
        phase: Phase::Release,
        words: &[
            ("release", Fit::Word),
            ("releasing", Fit::Word),
            ("publish", Fit::Stem),
            ("tag", Fit::Word),
            ("ship", Fit::Word),
        ],
    },
    WordList {
        phase: Phase::Test,
        words: &[
            ("test", Fit::Stem),
            ("lint", Fit::Stem),
            ("check", Fit::Word),
            ("verif", Fit::Stem),
            ("e2e", Fit::Word),
            ("integration", Fit::Word),
            ("unit", Fit::Word),
            ("perf", Fit::Word),
            ("performance", Fit::Word),
            ("scan", Fit::Stem),
            ("coverage", Fit::Word),
            ("spec", Fit::Word),
            ("qa", Fit::Word),
            ("smoke", Fit::Word),
            ("unittest", Fit::Word),
            ("pytest", Fit::Word),
            ("typecheck", Fit::Word),
            ("clippy", Fit::Word),
            ("codeql", Fit::Word),
        ],
    },
    WordList {
        phase: Phase::Build,
        words: &[
            ("build", Fit::Stem),
            ("compil", Fit::Stem),
            ("packag", Fit::Stem),
            ("image", Fit::Word),
            ("docker", Fit::Stem),
        ],
    },
];

/// Stages of pipelines that are named after the place, not the work.
const PLACES: &[&str] = &["production", "staging", "canary"];

/// Returns the phase of a job, or of a run whose jobs are not known.
pub fn phase(rules: &[PhaseRule], names: &JobNames<'_>) -> Phase {
    by_rule(rules, names)
        .or_else(|| names.stage.and_then(by_stage))
        .or_else(|| names.job.and_then(by_job))
        .or_else(|| by_words(names.workflow))
        .or_else(|| by_words(file_stem(names.path)))
        .unwrap_or_else(|| by_event(names.event))
}

/// Returns whether an event belongs to a change request.
pub fn is_change_event(event: &str) -> bool {
    event.starts_with("pull_request")
        || event.starts_with("merge_request")
        || event == "merge_group"
}

fn by_rule(rules: &[PhaseRule], names: &JobNames<'_>) -> Option<Phase> {
    let matches = |rule: &&PhaseRule| {
        let workflow = rule
            .workflow
            .as_ref()
            .is_none_or(|globs| globs.is_match(names.workflow) || globs.is_match(names.path));
        let job = rule
            .job
            .as_ref()
            .is_none_or(|globs| names.job.is_some_and(|job| globs.is_match(job)));
        workflow && job
    };
    rules.iter().find(matches).map(|rule| rule.phase)
}

fn by_stage(stage: &str) -> Option<Phase> {
    by_words(stage).or_else(|| {
        words(stage)
            .any(|word| PLACES.iter().any(|place| word.eq_ignore_ascii_case(place)))
            .then_some(Phase::Deploy)
    })
}

/// A job's own words: those before the matrix values, the last part of `caller / job` first.
fn by_job(job: &str) -> Option<Phase> {
    let plain = job.split('(').next().unwrap_or(job);
    plain.rsplit(" / ").find_map(by_words)
}

fn by_words(text: &str) -> Option<Phase> {
    LISTS
        .iter()
        .find(|list| words(text).any(|word| list.words.iter().any(|entry| fits(word, *entry))))
        .map(|list| list.phase)
}

fn by_event(event: &str) -> Phase {
    if is_change_event(event) {
        Phase::Test
    } else {
        Phase::Build
    }
}

fn fits(word: &str, (entry, fit): (&str, Fit)) -> bool {
    let Some(head) = word.get(..entry.len()) else {
        return false;
    };
    if !head.eq_ignore_ascii_case(entry) {
        return false;
    }
    let tail = word.get(entry.len()..).unwrap_or_default();
    fit == Fit::Stem || tail.is_empty() || tail.eq_ignore_ascii_case("s")
}

fn file_stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// Splits a name into words: at what is no letter or digit, and before a capital (`unitTests`).
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .flat_map(split_capitals)
        .filter(|word| !word.is_empty())
}

fn split_capitals(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(word);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut before_is_lower = false;
        let cut = text.char_indices().find_map(|(at, c)| {
            let here = before_is_lower && c.is_uppercase();
            before_is_lower = c.is_lowercase();
            here.then_some(at)
        });
        let (head, tail) = cut.and_then(|at| text.split_at_checked(at)).unzip();
        rest = tail;
        Some(head.unwrap_or(text))
    })
}

#[cfg(test)]
mod tests {
    use globset::{Glob, GlobSetBuilder};

    use super::*;

    #[track_caller]
    fn check(job: &str, expected: Phase) {
        let names = JobNames {
            workflow: "ci",
            path: ".github/workflows/ci.yml",
            event: "push",
            stage: None,
            job: Some(job),
        };
        assert_eq!(phase(&[], &names), expected, "job {job:?}");
    }

    #[test]
    fn every_word_of_the_lists_names_its_phase() {
        for (word, expected) in [
            ("build", Phase::Build),
            ("compile", Phase::Build),
            ("package", Phase::Build),
            ("image", Phase::Build),
            ("docker", Phase::Build),
            ("test", Phase::Test),
            ("lint", Phase::Test),
            ("check", Phase::Test),
            ("verify", Phase::Test),
            ("e2e", Phase::Test),
            ("integration", Phase::Test),
            ("unit", Phase::Test),
            ("perf", Phase::Test),
            ("scan", Phase::Test),
            ("coverage", Phase::Test),
            ("spec", Phase::Test),
            ("qa", Phase::Test),
            ("smoke", Phase::Test),
            ("release", Phase::Release),
            ("publish", Phase::Release),
            ("tag", Phase::Release),
            ("ship", Phase::Release),
            ("deploy", Phase::Deploy),
            ("rollout", Phase::Deploy),
            ("promote", Phase::Deploy),
            ("sync", Phase::Deploy),
        ] {
            check(word, expected);
            check(&word.to_uppercase(), expected);
            check(&format!("{word} (linux, stable)"), expected);
            check(&format!("my-{word}"), expected);
        }
    }

    #[test]
    fn words_are_found_in_real_names() {
        check("Unit tests", Phase::Test);
        check("buildImage", Phase::Build);
        check("unitTests", Phase::Test);
        check("building wheels", Phase::Build);
        check("deployment", Phase::Deploy);
        check("promotion to production", Phase::Deploy);
        check("verification", Phase::Test);
        check("scanning", Phase::Test);
        check("packaging", Phase::Build);
        check("compiler", Phase::Build);
        check("releases", Phase::Release);
    }

    #[test]
    fn a_word_inside_another_word_is_not_a_match() {
        check("latest", Phase::Build);
        check("stage", Phase::Build);
        check("inspect", Phase::Build);
        check("membership", Phase::Build);
        check("asynchronous", Phase::Build);
    }

    #[test]
    fn values_of_a_matrix_do_not_decide() {
        check("test (ubuntu, release)", Phase::Test);
        check("build (deploy target)", Phase::Build);
    }

    #[test]
    fn the_called_job_decides_before_the_caller() {
        check("release / unit", Phase::Test);
        check("deploy / eu-west", Phase::Deploy);
    }

    #[test]
    fn deploy_wins_over_release_over_test_over_build() {
        check("build and deploy", Phase::Deploy);
        check("build and publish", Phase::Release);
        check("build and test", Phase::Test);
    }

    #[test]
    fn the_stage_of_the_pipeline_is_asked_before_the_name() {
        let mut names = JobNames {
            job: Some("compile docs"),
            stage: Some("test"),
            ..JobNames::default()
        };
        assert_eq!(phase(&[], &names), Phase::Test);
        names.stage = Some("production");
        assert_eq!(phase(&[], &names), Phase::Deploy);
        names.stage = Some("first");
        assert_eq!(phase(&[], &names), Phase::Build);
    }

    #[test]
    fn the_workflow_speaks_where_the_job_is_silent() {
        let mut names = JobNames {
            job: Some("linux"),
            workflow: "Nightly tests",
            ..JobNames::default()
        };
        assert_eq!(phase(&[], &names), Phase::Test);
        names.workflow = "nightly";
        names.path = ".github/workflows/publish.yml";
        assert_eq!(phase(&[], &names), Phase::Release);
    }

    #[test]
    fn what_no_list_knows_is_judged_by_its_event() {
        for (event, expected) in [
            ("pull_request", Phase::Test),
            ("pull_request_target", Phase::Test),
            ("merge_request_event", Phase::Test),
            ("merge_group", Phase::Test),
            ("push", Phase::Build),
            ("schedule", Phase::Build),
            ("", Phase::Build),
        ] {
            let names = JobNames {
                event,
                job: Some("linux"),
                ..JobNames::default()
            };
            assert_eq!(phase(&[], &names), expected, "event {event:?}");
        }
    }

    #[test]
    fn a_rule_of_the_team_wins() {
        let globs = |pattern: &str| {
            let glob = Glob::new(pattern).expect("pattern");
            GlobSetBuilder::new().add(glob).build().expect("set")
        };
        let rules = [
            PhaseRule {
                workflow: Some(globs("ci*")),
                job: Some(globs("deploy-preview")),
                phase: Phase::Test,
            },
            PhaseRule {
                workflow: Some(globs("*/fly.yml")),
                job: None,
                phase: Phase::Deploy,
            },
        ];
        let mut names = JobNames {
            workflow: "ci",
            path: ".github/workflows/fly.yml",
            job: Some("deploy-preview"),
            ..JobNames::default()
        };
        assert_eq!(phase(&rules, &names), Phase::Test);
        names.workflow = "fly";
        names.job = Some("unit");
        assert_eq!(phase(&rules, &names), Phase::Deploy);
        names.path = "other.yml";
        assert_eq!(phase(&rules, &names), Phase::Test);
    }
}

//! What tells of tests besides the log: annotations of a job, reports among artifacts.
//!
//! Each may be refused or missing; that costs what it would have told. Archives
//! are read in memory, off the threads that serve requests.

use std::io::BufRead;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::map::line;
use super::memory::{Artifact, Artifacts};
use super::{Ask, GitHub};
use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::text::Clean;
use crate::sources::detail::is_detail;
use crate::sources::evidence::Note;
use crate::sources::failed_jobs::JobSeen;
use crate::sources::http::{Failure, List, Request, decode};

use crate::sources::junit::Report;
use crate::sources::{CapabilityState, SourceError, archive};

/// How large an artifact may be.
const MOST_BYTES: u64 = 20 * 1024 * 1024;

/// How many artifacts are opened for one job.
const MOST_OPENED: usize = 3;

/// Names of artifacts that may hold test reports.
static REPORTS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i)junit|test-?results|reports?").ok());

/// An annotation.
#[derive(Deserialize)]
struct WireNote {
    path: Option<String>,
    start_line: Option<u64>,
    annotation_level: Option<String>,
    title: Option<String>,
    message: Option<String>,
}

/// A page of artifacts.
#[derive(Deserialize)]
struct ArtifactPage {
    artifacts: List<WireArtifact>,
}

/// An artifact.
#[derive(Deserialize)]
struct WireArtifact {
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    size_in_bytes: u64,
    #[serde(default)]
    expired: bool,
    created_at: Option<Timestamp>,
}

/// How many requests one diagnosis has left.
#[derive(Debug)]
pub(super) struct Purse(pub(super) u32);

impl Purse {
    /// Takes one out, if there is one.
    pub(super) fn spend(&mut self) -> bool {
        let has = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        has
    }
}

/// What annotations and reports told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) notes: Vec<Note>,
    pub(super) report: Option<(Clean, Report)>,
    /// What was looked at in vain, for people.
    pub(super) sought: Vec<String>,
}

impl GitHub {
    /// Reads annotations, then the reports among the artifacts of the run.
    pub(super) async fn told(
        &self,
        key: &LogKey,
        job: &JobSeen,
        purse: &mut Purse,
        ask: Ask,
    ) -> Result<Told, Failure> {
        let mut told = Told::default();
        // A list without an archive tells nothing: where little is left, reports come first.
        if purse.0 < 3 {
            self.reports(key, job, purse, ask, &mut told).await?;
            self.note(key, purse, ask, &mut told).await?;
        } else {
            self.note(key, purse, ask, &mut told).await?;
            self.reports(key, job, purse, ask, &mut told).await?;
        }
        Ok(told)
    }

    async fn note(
        &self,
        key: &LogKey,
        purse: &mut Purse,
        ask: Ask,
        told: &mut Told,
    ) -> Result<(), Failure> {
        match self.notes(key, purse, ask).await? {
            Ok(notes) => {
                if notes.is_empty() {
                    told.sought.push("no annotation".to_owned());
                }
                told.notes = notes;
            }
            Err(why) => told.sought.push(why),
        }
        Ok(())
    }

    /// Reads the annotations of a job; a token that may not is remembered.
    async fn notes(
        &self,
        key: &LogKey,
        purse: &mut Purse,
        ask: Ask,
    ) -> Result<Result<Vec<Note>, String>, Failure> {
        let barred = matches!(
            self.state().capabilities.get("annotations"),
            Some(CapabilityState::Missing(_))
        );
        if barred && !ask.forced {
            return Ok(Err("annotations may not be read".to_owned()));
        }
        if !purse.spend() {
            return Ok(Err("annotations were not asked for".to_owned()));
        }
        let path = key.run.repo.path();
        let route = format!("repos/{path}/check-runs/{}/annotations", key.job);
        let request = self.once(&route, &[("per_page", "100")], ask);
        let answer = self.api.client.get(&request).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                if let SourceError::Forbidden { .. } = failure.error {
                    let why = "fine-grained tokens may not read annotations; \
                               a classic one with `repo` may";
                    let why = CapabilityState::Missing(Clean::line(why));
                    self.state().can("annotations", why);
                }
                return costs_itself(failure).map(Err);
            }
        };
        self.state().can("annotations", CapabilityState::Available);
        let read = decode(self.api.client.host(), request.url.path(), &answer.body);
        let list: List<WireNote> = match read {
            Ok(list) => list,
            Err(failure) => return costs_itself(failure).map(Err),
        };
        let failures = list.items.iter().filter(|wire| {
            let level = wire.annotation_level.as_deref().unwrap_or_default();
            level.eq_ignore_ascii_case("failure")
        });
        Ok(Ok(failures.map(note).collect()))
    }

    /// Reads the reports that most likely belong to a job.
    async fn reports(
        &self,
        key: &LogKey,
        job: &JobSeen,
        purse: &mut Purse,
        ask: Ask,
        told: &mut Told,
    ) -> Result<(), Failure> {
        let known = self.state().memory.artifacts(key);
        let mut artifacts = match known {
            Some(known) => known,
            None => match self.artifacts(key, purse, ask).await? {
                Ok(list) => Artifacts {
                    list,
                    ..Artifacts::default()
                },
                Err(why) => {
                    told.sought.push(why);
                    return Ok(());
                }
            },
        };
        let chosen = choose(&artifacts.list, job);
        if chosen.is_empty() {
            told.sought
                .push("no artifact that looks like a test report".to_owned());
        }
        let mut all = Report::default();
        let mut named: Option<Clean> = None;
        for artifact in chosen.into_iter().take(MOST_OPENED) {
            let read = match artifacts.read.get(&artifact.id) {
                Some(read) => read.clone(),
                None if purse.spend() => {
                    let read = self.open(key, artifact.id, ask).await?;
                    let read = read.map(Arc::new).map_err(|why| Clean::line(&why));
                    artifacts.read.insert(artifact.id, read.clone());
                    read
                }
                None => break,
            };
            match read {
                Ok(report) if report.files > 0 => {
                    if report.failed > 0 && named.is_none() {
                        named = Some(artifact.name.clone());
                    }
                    add(&mut all, &report);
                }
                Ok(_) => told
                    .sought
                    .push(format!("no report in `{}`", artifact.name)),
                Err(why) => told.sought.push(format!("`{}`: {why}", artifact.name)),
            }
        }
        self.state().memory.keep_artifacts(key, artifacts);
        if all.files > 0 && all.failed == 0 {
            told.sought
                .push("no failing test in the reports".to_owned());
        }
        told.report = named.map(|name| (name, all));
        Ok(())
    }

    /// Lists what may be a test report, the newest of each name.
    async fn artifacts(
        &self,
        key: &LogKey,
        purse: &mut Purse,
        ask: Ask,
    ) -> Result<Result<Arc<[Artifact]>, String>, Failure> {
        if purse.0 < 2 || !purse.spend() {
            return Ok(Err("artifacts were not asked for".to_owned()));
        }
        let route = format!(
            "repos/{}/actions/runs/{}/artifacts",
            key.run.repo.path(),
            key.run.id
        );
        let request = self.once(&route, &[("per_page", "100")], ask);
        let answer = match self.api.client.get(&request).await {
            Ok(answer) => answer,
            Err(failure) => return costs_itself(failure).map(Err),
        };
        let read = decode(self.api.client.host(), request.url.path(), &answer.body);
        let page: ArtifactPage = match read {
            Ok(page) => page,
            Err(failure) => return costs_itself(failure).map(Err),
        };
        let fits = |wire: &WireArtifact| {
            let named = REPORTS
                .as_ref()
                .is_some_and(|names| names.is_match(&wire.name));
            named && !wire.expired && wire.size_in_bytes <= MOST_BYTES
        };
        let mut list: Vec<Artifact> = Vec::new();
        let mut found: Vec<WireArtifact> = page.artifacts.items;
        found.retain(fits);
        found.sort_by_key(|wire| std::cmp::Reverse((wire.created_at, wire.id)));
        for wire in found {
            let name = Clean::line(&wire.name);
            // Attempts leave artifacts of the same name: the newest counts.
            if list.iter().all(|known| known.name != name) {
                list.push(Artifact {
                    id: wire.id,
                    name,
                    created_at: wire.created_at,
                });
            }
        }
        Ok(Ok(list.into()))
    }

    /// Reads one artifact in memory.
    async fn open(
        &self,
        key: &LogKey,
        id: u64,
        ask: Ask,
    ) -> Result<Result<Report, String>, Failure> {
        let route = format!("repos/{}/actions/artifacts/{id}/zip", key.run.repo.path());
        let request = self.once(&route, &[], ask);
        let (parts, mut taken) = mpsc::channel::<Vec<u8>>(8);
        let collect = async {
            let mut archive = Vec::new();
            while let Some(part) = taken.recv().await {
                archive.extend_from_slice(&part);
            }
            archive
        };
        let stream = self.api.client.stream(&request, MOST_BYTES, parts);
        let (streamed, archive) = tokio::join!(stream, collect);
        let streamed = match streamed {
            Ok(streamed) => streamed,
            Err(Failure {
                status: Some(410 | 404),
                ..
            }) => return Ok(Err("it is gone".to_owned())),
            Err(failure) => return costs_itself(failure).map(Err),
        };
        if streamed.cut {
            return Ok(Err("it is larger than 20 MiB".to_owned()));
        }
        let read = tokio::task::spawn_blocking(move || read_archive(&archive)).await;
        Ok(read.unwrap_or_else(|_gone| Err("it could not be read".to_owned())))
    }

    /// Returns a request whose answer is kept as a fact, not as an answer.
    pub(super) fn once(&self, route: &str, query: &[(&str, &str)], ask: Ask) -> Request {
        Request {
            conditional: false,
            ..self.api.request(route, query, ask.urgency)
        }
    }
}

/// Reads every report in an archive; what was read before trouble counts.
fn read_archive(archive: &[u8]) -> Result<Report, String> {
    let mut report = Report::default();
    let take = |file: &mut dyn BufRead| {
        let _whole = report.take(file);
    };
    let end = archive::entries(archive, ".xml", take);
    match end {
        Err(trouble) if report.failed == 0 => Err(trouble.to_string()),
        Ok(()) | Err(_) => Ok(report),
    }
}

/// A refusal costs what was asked for; trouble with the host costs the whole.
fn costs_itself(failure: Failure) -> Result<String, Failure> {
    if is_detail(&failure.error) {
        Ok(failure.error.to_string())
    } else {
        Err(failure)
    }
}

fn note(wire: &WireNote) -> Note {
    let message = wire.message.as_deref().unwrap_or_default();
    let short: String = message.chars().take(4_000).collect();
    // `.github` is where the runner puts what has no place.
    let path = wire.path.as_deref().filter(|path| *path != ".github");
    Note {
        title: line(wire.title.as_deref()),
        message: Clean::block(&short),
        row: wire.start_line.filter(|_| path.is_some()),
        file: path.map(Clean::line),
    }
}

/// Returns the artifacts in the order in which they probably tell of a job.
fn choose<'a>(list: &'a [Artifact], job: &JobSeen) -> Vec<&'a Artifact> {
    // What was there before the job started cannot tell of it.
    let late = |artifact: &&Artifact| match (artifact.created_at, job.started_at) {
        (Some(created), Some(started)) => created >= started,
        (None, _) | (_, None) => true,
    };
    let mut chosen: Vec<&Artifact> = list.iter().filter(late).collect();
    chosen.sort_by_key(|artifact| {
        let shared = shared_words(&artifact.name, &job.name);
        let is_junit = artifact.name.to_ascii_lowercase().contains("junit");
        std::cmp::Reverse((shared, is_junit))
    });
    chosen
}

/// Counts the words that two names have in common.
fn shared_words(one: &str, other: &str) -> usize {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        words
            .filter(|w| w.len() > 1)
            .map(str::to_lowercase)
            .collect()
    };
    let others = words(other);
    words(one)
        .iter()
        .filter(|word| others.contains(word))
        .count()
}

fn add(all: &mut Report, other: &Report) {
    all.ran += other.ran;
    all.failed += other.failed;
    all.files += other.files;
    all.tests.extend(other.tests.iter().cloned());
}

#[cfg(test)]
mod tests {
    use super::{REPORTS, shared_words};

    #[track_caller]
    fn check(name: &str, expected: bool) {
        let names = REPORTS.as_ref().unwrap();
        assert_eq!(names.is_match(name), expected, "{name}");
    }

    #[test]
    fn artifacts_that_may_be_reports_are_known_by_name() {
        check("junit", true);
        check("JUnit-linux", true);
        check("test-results (linux, 1.95)", true);
        check("testresults", true);
        check("playwright-report", true);
        check("coverage", false);
        check("dist", false);
    }

    #[test]
    fn a_report_belongs_to_the_job_it_shares_words_with() {
        let job = "test (linux, stable)";
        assert!(shared_words("junit-linux-stable", job) > shared_words("junit-macos-stable", job));
        assert_eq!(shared_words("junit", job), 0);
    }
}

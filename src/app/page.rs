//! The page of a run or of one of its jobs, as a person copies it from a browser.
//!
//! Says which run on the board it belongs to; nothing is asked here.

use crate::domain::diagnosis::LogKey;
use crate::domain::item::EvidenceKind;
use crate::domain::run::{RunKey, is_foreign};
use crate::domain::triage::Triage;
use crate::engine::snapshot::Snapshot;

/// An address of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page<'a> {
    address: &'a str,
    /// The job that it names, if it names one.
    pub job: Option<u64>,
}

impl<'a> Page<'a> {
    /// Reads a word; nothing where it is no address.
    pub fn parse(word: &'a str) -> Option<Self> {
        if !(word.starts_with("https://") || word.starts_with("http://")) {
            return None;
        }
        // Some pages name what they show behind a `#`, and a path follows it there.
        let end = word
            .find('?')
            .into_iter()
            .chain(word.find('#').filter(|at| !is_path(word, *at)))
            .min();
        let address = end.and_then(|end| word.get(..end)).unwrap_or(word);
        let address = address.trim_end_matches('/');
        Some(Self {
            address,
            job: job(address),
        })
    }

    /// Returns the number of the run that it names, if it names one.
    pub fn run(self) -> Option<u64> {
        let words = ["/runs/", "/-/pipelines/", "/builds/"];
        let (_, rest) = words
            .iter()
            .find_map(|word| self.address.split_once(word))?;
        rest.split('/').next()?.parse().ok()
    }

    /// Returns whether it is this page, or one below it.
    pub fn is_below(self, url: &str) -> bool {
        let rest = self.address.strip_prefix(url.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Returns the log of the job that it names, once its run is known.
    pub fn log(self, snapshot: &Snapshot) -> Option<LogKey> {
        let job = self.job?;
        let cards = snapshot.triage.cards.iter().map(|card| &*card.triage);
        for triage in cards {
            if self.is_of(triage) {
                return Some(log_of_job(triage, job));
            }
        }
        let evidence = snapshot.items().flat_map(|item| &item.evidence);
        let mut runs = evidence.filter_map(|found| {
            let url = found.url.as_ref()?;
            let run = found.run.as_deref()?;
            let is_named = found.kind == EvidenceKind::Job || self.names(run);
            (self.is_below(url.as_str()) && is_named).then_some(run)
        });
        Some(LogKey {
            run: runs.next()?.clone(),
            attempt: 1,
            job,
        })
    }

    /// Returns whether it is of the run that a card is red by.
    pub fn is_of(self, triage: &Triage) -> bool {
        let jobs = triage.jobs.iter().map(|line| &line.job);
        let before = triage.attempts.iter().flat_map(|attempt| &attempt.jobs);
        let pages = jobs.chain(before).filter_map(|job| job.url.as_ref());
        let mut pages = pages.chain(&triage.run.url);
        pages.any(|url| self.is_below(url.as_str()))
    }

    /// Returns whether the run of that number is in the address: evidence may lead elsewhere.
    fn names(self, run: &RunKey) -> bool {
        let mut parts = self.address.split('/');
        is_foreign(run.id) || parts.any(|part| part.parse() == Ok(run.id))
    }
}

/// Returns the log of a job by its number, in the attempt that it is known from.
pub fn log_of_job(triage: &Triage, job: u64) -> LogKey {
    let now = triage.jobs.iter().map(|line| &line.job);
    let before = triage.attempts.iter().flat_map(|attempt| &attempt.jobs);
    let found = now.chain(before).find(|found| found.id == job);
    LogKey {
        run: triage.run.key(),
        attempt: found.map_or(triage.run.attempt, |found| found.attempt),
        job,
    }
}

/// Returns whether a path follows the `#` at this place.
fn is_path(word: &str, at: usize) -> bool {
    word.get(at..).is_some_and(|rest| rest.starts_with("#/"))
}

fn job(address: &str) -> Option<u64> {
    if let Some((_, rest)) = address.split_once("/-/jobs/") {
        return rest.split('/').next()?.parse().ok();
    }
    let (_, rest) = address.split_once("/runs/")?;
    let mut parts = rest.split('/');
    parts.find(|part| matches!(*part, "job" | "jobs"))?;
    parts.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Page;

    const RUN: &str = "https://github.com/acme/api/actions/runs/12";

    #[track_caller]
    fn check(word: &str, job: Option<u64>) {
        let page = Page::parse(word).expect("an address");
        assert_eq!((page.is_below(RUN), page.job), (true, job), "{word}");
    }

    #[test]
    fn the_page_of_a_job_names_the_job_and_belongs_to_its_run() {
        check(RUN, None);
        check(&format!("{RUN}/"), None);
        check(&format!("{RUN}?pr=3"), None);
        check(&format!("{RUN}/job/345"), Some(345));
        check(&format!("{RUN}/attempts/2"), None);
        check(&format!("{RUN}/job/345?pr=3#step:4:77"), Some(345));
        check(&format!("{RUN}/job/next"), None);
    }

    #[test]
    fn pages_of_other_systems_name_runs_and_jobs_in_their_own_way() {
        let of = |word: &str| Page::parse(word).map(|page| (page.run(), page.job));
        let gitlab = "https://git.test/acme/back/api/-";
        let pipeline = format!("{gitlab}/pipelines/77?tab=jobs");
        assert_eq!(of(&pipeline), Some((Some(77), None)));
        assert_eq!(of(&format!("{gitlab}/jobs/9#L12")), Some((None, Some(9))));
        let build = "http://ci.test/#/builders/3/builds/41";
        assert_eq!(of(&format!("{build}/")), Some((Some(41), None)));
        assert!(Page::parse(build).expect("an address").is_below(build));
        let other = "http://ci.test/#/builders/3/builds/4";
        assert!(!Page::parse(build).expect("an address").is_below(other));
    }

    #[test]
    fn the_page_of_another_run_is_another() {
        for word in [
            "https://github.com/acme/api/actions/runs/123",
            "https://github.com",
        ] {
            assert!(
                !Page::parse(word).expect("an address").is_below(RUN),
                "{word}"
            );
        }
        assert_eq!(Page::parse("acme/api#12"), None);
    }
}

//! What of the past is asked for by name: commits that no list told of, earlier attempts of runs.
//!
//! What is deployed may be on no branch that was read: git-flow releases from `main`, others from
//! branches that are gone. Such commits are asked for, and then their parents, until something is
//! reached that is known or older than the window. Nothing is asked twice, and the number has a bound.

use std::collections::HashSet;

use super::retries::Again;
use super::{Backfill, Part};
use crate::domain::fact::Fact;
use crate::domain::key::Sha;
use crate::domain::run::{Run, RunKey};

/// How many digits a commit has that can be asked for by name.
const WHOLE: [usize; 2] = [40, 64];

/// How many earlier attempts of one run are read: the first ones.
const MOST_ATTEMPTS: u32 = 3;

impl Backfill {
    /// Returns the names that are asked for next; none where nothing is missing, or enough was asked.
    pub(super) fn names(&self) -> Vec<String> {
        let (size, most) = self.at.part.size();
        let left = most.saturating_sub(self.asked.len());
        let size = usize::try_from(size / self.divided.max(1)).unwrap_or(1);
        let most = left.min(size.max(1));
        match self.at.part {
            Part::Strays => self.strays(most),
            Part::Retries => self.retried(most),
            Part::Attempts => self.retries(most),
            Part::Changes
            | Part::Commits
            | Part::Deployments
            | Part::Releases
            | Part::Incidents
            | Part::Runs => Vec::new(),
        }
    }

    /// Returns commits that were delivered, and what those come from, as far as nothing is known
    /// of them.
    fn strays(&self, most: usize) -> Vec<String> {
        let mut known: HashSet<&str> = self.asked.iter().map(String::as_str).collect();
        for fact in &self.facts {
            if let Fact::Commit(commit) = fact {
                known.insert(commit.sha.as_str());
            }
        }
        let mut names = Vec::new();
        for sha in self.facts.iter().flat_map(|fact| self.leads_to(fact)) {
            if names.len() >= most {
                break;
            }
            let sha = sha.as_str();
            if WHOLE.contains(&sha.len()) && known.insert(sha) {
                names.push(sha.to_owned());
            }
        }
        names
    }

    /// Returns the commits that must be known because of a fact.
    fn leads_to<'a>(&self, fact: &'a Fact) -> &'a [Sha] {
        let Some(since) = self.since else {
            return &[];
        };
        if let Fact::Deployment(deployment) = fact
            && deployment.created_at >= since
        {
            deployment.sha.as_slice()
        } else if let Fact::Release(release) = fact
            && release.created_at >= since
        {
            release.sha.as_slice()
        } else if let Fact::Commit(commit) = fact
            && self.asked.contains(commit.sha.as_str())
            && commit.committed_at.is_none_or(|at| at >= since)
        {
            &commit.parents
        } else {
            &[]
        }
    }

    /// Returns the commits of runs that were started again once.
    fn retried(&self, most: usize) -> Vec<String> {
        let mut known: HashSet<&str> = self.asked.iter().map(String::as_str).collect();
        let shas = self
            .runs()
            .filter(|run| Again::of(run).is_some())
            .filter_map(|run| run.head_sha.as_ref());
        shas.map(Sha::as_str)
            .filter(|sha| WHOLE.contains(&sha.len()) && known.insert(sha))
            .take(most)
            .map(str::to_owned)
            .collect()
    }

    /// Returns the runs of commits that were started again once.
    pub(super) fn again_at(&self, shas: &[String]) -> Vec<Again> {
        if self.at.part != Part::Retries {
            return Vec::new();
        }
        let is_at = |sha: &Sha| shas.iter().any(|asked| asked == sha.as_str());
        self.runs()
            .filter(|run| run.head_sha.as_ref().is_some_and(is_at))
            .filter_map(Again::of)
            .collect()
    }

    /// Returns earlier attempts of runs that were started again, as far as nothing told them.
    fn retries(&self, most: usize) -> Vec<String> {
        let told: HashSet<(u64, u32)> = self.facts.iter().filter_map(attempt_of).collect();
        let runs = self.runs();
        let names = runs.flat_map(|run| {
            let earlier = 1..run.attempt.min(MOST_ATTEMPTS + 1);
            let left = earlier.filter(|attempt| !told.contains(&(run.id, *attempt)));
            left.map(|attempt| format!("{}/{attempt}", run.id))
                .collect::<Vec<_>>()
        });
        names
            .filter(|name| !self.asked.contains(name))
            .take(most)
            .collect()
    }

    /// Returns the run and the attempt that a name stands for.
    pub(super) fn retry(&self, name: &str) -> Option<(RunKey, u32)> {
        let (id, attempt) = name.split_once('/')?;
        let id: u64 = id.parse().ok()?;
        let run = self.runs().find(|run| run.id == id)?;
        Some((run.key(), attempt.parse().ok()?))
    }

    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.facts.iter().filter_map(|fact| {
            if let Fact::Run(run) = fact {
                Some(run)
            } else {
                None
            }
        })
    }
}

/// Returns the run and the attempt whose jobs a fact tells.
fn attempt_of(fact: &Fact) -> Option<(u64, u32)> {
    if let Fact::EarlierJobs(set) = fact {
        Some((set.run.id, set.attempt))
    } else {
        None
    }
}

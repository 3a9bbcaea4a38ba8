//! One copy of texts that many facts and cards repeat: branches, logins, commits, labels.
//!
//! A pool changes no value, only where its letters are. What nobody else uses any
//! more leaves the pool when it has doubled. Titles of tickets and links are not
//! pooled: there are as many as there are facts.

use std::collections::HashSet;
use std::hash::Hash;

use crate::domain::alert::{Alert, AlertState};
use crate::domain::change_request::{
    ChangeKey, ChangeRequest, ChangeState, ChangeTimes, ChangedPaths, Checks, MergeState,
    QueueState, Review, ReviewNote, TicketLink,
};
use crate::domain::commit::{Commit, Range};
use crate::domain::deployment::{DeployState, Deployment, Environment};
use crate::domain::fact::{Fact, FactId};
use crate::domain::finding::Finding;
use crate::domain::item::{Evidence, WorkItem};
use crate::domain::key::{Person, RepoKey, Sha};
use crate::domain::release::Release;
use crate::domain::repository::{Branch, Repository};
use crate::domain::run::{Gate, GateSet, Job, JobSet, Run, RunKey, RunState, Step};
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};

/// Fewer texts than this are never looked through.
const FEW: usize = 1_024;

/// Texts that are there once.
#[derive(Debug, Default)]
pub struct Pool {
    texts: HashSet<Clean>,
    shas: HashSet<Sha>,
    repos: HashSet<RepoKey>,
    tidy_at: usize,
}

impl Pool {
    /// Takes the letters of a fact or card from the pool, as far as it has them.
    pub fn share<T: Share>(&mut self, value: &mut T) {
        value.share(self);
        if self.len() > self.tidy_at.max(FEW) {
            self.tidy();
        }
    }

    /// Returns how many texts it holds.
    pub fn len(&self) -> usize {
        self.texts.len() + self.shas.len() + self.repos.len()
    }

    /// Returns whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn tidy(&mut self) {
        self.texts.retain(|text| !text.is_alone());
        self.shas.retain(|sha| !sha.is_alone());
        self.repos.retain(|repo| !repo.is_alone());
        self.tidy_at = self.len() * 2;
    }
}

fn one<T: Clone + Eq + Hash>(known: &mut HashSet<T>, value: &mut T) {
    match known.get(value) {
        Some(same) => value.clone_from(same),
        None => drop(known.insert(value.clone())),
    }
}

/// What has texts that others have too.
pub trait Share {
    /// Takes them from the pool, and gives lists no more room than they need.
    fn share(&mut self, pool: &mut Pool);
}

impl Share for Clean {
    fn share(&mut self, pool: &mut Pool) {
        one(&mut pool.texts, self);
    }
}

impl Share for Sha {
    fn share(&mut self, pool: &mut Pool) {
        one(&mut pool.shas, self);
    }
}

impl Share for RepoKey {
    fn share(&mut self, pool: &mut Pool) {
        // Keys in another case are equal, but are shown as they were written.
        match pool.repos.get(self) {
            Some(same) if same.path() == self.path() => self.clone_from(same),
            Some(_) => {}
            None => drop(pool.repos.insert(self.clone())),
        }
    }
}

impl<T: Share> Share for Option<T> {
    fn share(&mut self, pool: &mut Pool) {
        if let Some(value) = self {
            value.share(pool);
        }
    }
}

impl<T: Share> Share for Vec<T> {
    fn share(&mut self, pool: &mut Pool) {
        self.shrink_to_fit();
        for value in self {
            value.share(pool);
        }
    }
}

impl<T: Share> Share for Box<T> {
    fn share(&mut self, pool: &mut Pool) {
        (**self).share(pool);
    }
}

/// Shares the fields that are named.
macro_rules! fields {
    ($($name:ident: $($field:ident),+;)+) => {$(
        impl Share for $name {
            fn share(&mut self, pool: &mut Pool) {
                $(self.$field.share(pool);)+
            }
        }
    )+};
}

fields! {
    Person: login;
    FactId: id;
    Branch: name, tip;
    Repository: repo, renamed_from, default_branch, flow_branches;
    Commit: repo, sha, parents, branch, title, author, reverts;
    Range: repo, from, to, commits;
    Ticket: key, state, author, assignees, labels, milestone, project_status;
    TicketLink: ticket;
    ChangeKey: repo;
    ChangedPaths: change, head_sha, paths;
    ChangeTimes: change, reviews;
    ReviewNote: by;
    ChangeRequest: repo, title, state, author, assignees, reviewers, labels, review, merge_state,
        queue, checks, head_sha, head_branch, base_branch, merge_sha, tickets;
    Run: repo, ci, label, workflow, workflow_path, event, branch, head_sha, state, actor, title;
    RunKey: repo;
    JobSet: run, jobs;
    Job: name, stage, state, steps;
    Step: name, state;
    GateSet: run, gates;
    Gate: environment, reviewers;
    Release: repo, tag, name, sha, author;
    Environment: repo, name;
    Deployment: repo, environment, sha, git_ref, task, state, creator;
    Alert: name, severity, state, service, repo, sha, version;
    Finding: repo, title;
    Evidence: key, state, detail;
}

/// Shares the word of the variant that keeps one.
macro_rules! words {
    ($($name:ident::$variant:ident)+) => {$(
        impl Share for $name {
            fn share(&mut self, pool: &mut Pool) {
                if let Self::$variant(word) = self {
                    word.share(pool);
                }
            }
        }
    )+};
}

words! {
    TicketState::Other
    ChangeState::Other
    Review::Unknown
    MergeState::Unknown
    QueueState::Other
    Checks::Unknown
    RunState::Unknown
    DeployState::Unknown
    AlertState::Unknown
}

impl Share for TicketKey {
    fn share(&mut self, pool: &mut Pool) {
        match self {
            Self::Numbered { repo, .. } => repo.share(pool),
            Self::Tracker(key) => key.share(pool),
        }
    }
}

impl Share for Fact {
    fn share(&mut self, pool: &mut Pool) {
        match self {
            Self::Repository(fact) => fact.share(pool),
            Self::Commit(fact) => fact.share(pool),
            Self::Range(fact) => fact.share(pool),
            Self::Ticket(fact) => fact.share(pool),
            Self::ChangeRequest(fact) => fact.share(pool),
            Self::ChangedPaths(fact) => fact.share(pool),
            Self::ChangeTimes(fact) => {
                fact.reviews.shrink_to_fit();
                fact.share(pool);
            }
            Self::Run(fact) => {
                fact.change_requests.shrink_to_fit();
                fact.share(pool);
            }
            Self::JobSet(fact) | Self::EarlierJobs(fact) => fact.share(pool),
            Self::GateSet(fact) => fact.share(pool),
            Self::Release(fact) => fact.share(pool),
            Self::Environment(fact) => fact.share(pool),
            Self::Deployment(fact) => fact.share(pool),
            Self::Alert(fact) => fact.share(pool),
            Self::Finding(fact) => fact.share(pool),
            Self::Diagnosis(fact) => {
                fact.run.repo.share(pool);
                fact.job_name.share(pool);
            }
        }
    }
}

impl Share for WorkItem {
    fn share(&mut self, pool: &mut Pool) {
        self.key.share(pool);
        self.repo.share(pool);
        self.services.share(pool);
        self.author.share(pool);
        self.holders.share(pool);
        self.reviewers.share(pool);
        self.labels.share(pool);
        self.milestone.share(pool);
        self.branches.share(pool);
        self.placement.rule.share(pool);
        self.placement.reason.share(pool);
        self.placement.badges.share(pool);
        self.evidence.share(pool);
        self.train.share(pool);
        self.sources.share(pool);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::ServiceName;

    fn labels(texts: &[&str]) -> Vec<Clean> {
        texts.iter().map(|text| Clean::line(text)).collect()
    }

    #[test]
    fn equal_texts_are_there_once_and_stay_equal() {
        let mut pool = Pool::default();
        let (mut first, mut second) = (labels(&["bug", "main"]), labels(&["main", "bug", "new"]));
        pool.share(&mut first);
        pool.share(&mut second);
        assert_eq!(second, labels(&["main", "bug", "new"]));
        assert_eq!(pool.len(), 3);
        let (a, b) = (first.first().unwrap(), second.get(1).unwrap());
        assert!(std::ptr::eq(a.as_str(), b.as_str()));
    }

    #[test]
    fn a_repository_is_shown_as_it_was_written() {
        let mut pool = Pool::default();
        let mut plain = RepoKey::new("forge.test", "acme/api");
        let mut shown = RepoKey::new("forge.test", "Acme/API");
        pool.share(&mut plain);
        pool.share(&mut shown);
        assert_eq!((plain.path(), shown.path()), ("acme/api", "Acme/API"));
    }

    #[test]
    fn what_nobody_uses_leaves_the_pool() {
        let mut pool = Pool::default();
        let mut stays = ServiceName::new("stays");
        pool.share(&mut stays);
        for number in 0..FEW * 4 {
            pool.share(&mut Clean::line(&number.to_string()));
        }
        assert!(pool.len() <= FEW + 1, "{}", pool.len());
        let mut again = ServiceName::new("stays");
        pool.share(&mut again);
        assert!(std::ptr::eq(again.as_str(), stays.as_str()));
    }
}

//! The poll: the newest build of each job in the chosen folders, one request a folder.
//!
//! What left a folder that was read to its end is removed; builds that only slid out of
//! what is asked are not.

use std::collections::BTreeSet;

use super::map::items::{Flat, Found, flat};
use super::map::{self, Subject};
use super::state::JobState;
use super::{JOBS, Jenkins, tree, wire};
use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactId};
use crate::domain::run::Run;
use crate::domain::text::{Clean, counted, nearest};
use crate::sources::http::{Failure, Looks};
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, Listing, SourceError, told};

/// Of how many folders that are not there it is asked what was meant.
const MOST_LOST: usize = 3;

impl Jenkins {
    /// Reads every chosen folder; one that is not there costs itself.
    pub(super) async fn poll(&self, ask: Ask, now: Timestamp) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let mut missing = Vec::new();
        let mut read = 0;
        let mut waiting = false;
        for root in self.choice.roots() {
            match self.folder(root, ask).await {
                Ok(folder) => {
                    read += 1;
                    let Some(items) = &folder.jobs else {
                        let cause =
                            format!("{}: there are no jobs in it: it is no folder", shown(root));
                        return Err(self.port.failed(&cause));
                    };
                    self.port.fits(&shown(root), items)?;
                    let flat = flat(root, items);
                    waiting |= flat.jobs.iter().any(|job| job.item.in_queue == Some(true));
                    missing.extend(self.absent(root, &flat));
                    self.take(root, &flat, now, &mut batch);
                }
                Err(failure) => {
                    let error = self.without(root, failure)?;
                    batch.partial.push(self.list_of(root, &BTreeSet::new()));
                    let asks = !root.is_empty() && missing.len() < MOST_LOST;
                    let is_there = matches!(
                        error,
                        SourceError::Forbidden { .. } | SourceError::Unreachable { .. }
                    );
                    missing.push(if asks && !is_there {
                        self.folder_error(root, error, ask).await
                    } else {
                        error
                    });
                }
            }
        }
        if read == 0
            && let Some(error) = missing.pop()
        {
            return Err(error);
        }
        self.port.can(JOBS, CapabilityState::Available);
        if waiting || !self.state().queued.is_empty() {
            self.queue(ask, &mut batch).await;
        }
        // All that this source tells, but for what could not be read.
        batch.covered.push(Clean::default());
        self.state().missing = missing;
        Ok(batch)
    }

    /// Says of a folder that is not there which one was probably meant, where its own folder or
    /// the address itself answers: then it is not the address that is wrong.
    async fn folder_error(&self, root: &str, error: SourceError, ask: Ask) -> SourceError {
        let around = root.rsplit_once('/').map_or("", |(around, _)| around);
        let mut places = vec![around, ""];
        places.dedup();
        for place in places {
            let mut parts = tree::route(place);
            parts.extend(["api", "json"]);
            let url = self.port.url(&parts, &[("tree", tree::NAMES)]);
            let Ok((there, _)) = self.port.get::<wire::Names>(url, ask).await else {
                continue;
            };
            let path = |name: &wire::Name| match place {
                "" => name.name.clone(),
                place => format!("{place}/{}", name.name),
            };
            let paths: Vec<String> = there.jobs.items.iter().map(path).collect();
            let near = nearest(root, paths.iter().map(String::as_str));
            return SourceError::NotFound {
                host: self.port.host().to_owned(),
                what: format!("the folder `{root}`"),
                near: near.map(|near| self.port.shown(near).to_string()),
            };
        }
        error
    }

    async fn folder(&self, root: &str, ask: Ask) -> Result<wire::Folder, Failure> {
        let mut parts = tree::route(root);
        parts.extend(["api", "json"]);
        let url = self.port.url(&parts, &[("tree", &tree::of_folder())]);
        let (folder, answer) = self.port.get(url, ask).await?;
        self.learn_version(&answer);
        Ok(folder)
    }

    /// Returns what is missed where a folder is not there, may not be read or is out of order;
    /// trouble of the whole server ends the poll.
    fn without(&self, root: &str, failure: Failure) -> Result<SourceError, SourceError> {
        let host = self.port.host().to_owned();
        match failure.error {
            SourceError::NotFound { .. } => Ok(SourceError::NotFound {
                host,
                what: format!("the folder `{root}`"),
                near: None,
            }),
            SourceError::Unreadable { host, cause }
                if failure.status == Some(404) && !root.is_empty() =>
            {
                let cause = format!("{cause}; or this token sees no folder `{root}`");
                Ok(SourceError::Unreadable { host, cause })
            }
            SourceError::Unreadable { host, cause } if failure.looks == Looks::TooLarge => {
                let hint = "choose folders in `orgs`, or jobs in `repos`";
                let cause = format!("{cause}; {hint}");
                Err(SourceError::Unreadable { host, cause })
            }
            // Others may still be read; where none is, this is why.
            same @ SourceError::Forbidden { .. } if !root.is_empty() => Ok(same),
            SourceError::Unreachable { host, cause }
                if told::is_answered(&cause) && !root.is_empty() =>
            {
                Ok(SourceError::Unreachable { host, cause })
            }
            same @ (SourceError::Auth { .. }
            | SourceError::NoToken { .. }
            | SourceError::Forbidden { .. }
            | SourceError::RateLimited { .. }
            | SourceError::Unreachable { .. }
            | SourceError::Unreadable { .. }
            | SourceError::Refused { .. }) => Err(same),
        }
    }

    /// Returns what is named in the settings and was not found in a folder that was read.
    fn absent(&self, root: &str, flat: &Flat<'_>) -> Vec<SourceError> {
        if flat.bad > 0 || !flat.cut.is_empty() {
            return Vec::new();
        }
        let inside = |name: &&String| {
            root.is_empty() || tree::prefixes(name).any(|part| part.eq_ignore_ascii_case(root))
        };
        let paths = || {
            let jobs = flat.jobs.iter().map(|job| job.subject.path.as_str());
            jobs.chain(flat.folders.iter().map(String::as_str))
        };
        let seen = |name: &&String| {
            name.eq_ignore_ascii_case(root) || paths().any(|path| path.eq_ignore_ascii_case(name))
        };
        let absent = self
            .choice
            .named()
            .filter(inside)
            .filter(|name| !seen(name));
        let error = |name: &String| SourceError::NotFound {
            host: self.port.host().to_owned(),
            what: format!("the job `{name}`"),
            near: nearest(name, paths()).map(|path| Clean::line(path).to_string()),
        };
        absent.map(error).collect()
    }

    /// Takes in what a folder holds.
    fn take(&self, root: &str, flat: &Flat<'_>, now: Timestamp, batch: &mut Batch) {
        let mut bad = flat.bad;
        let mut seen = BTreeSet::new();
        for found in &flat.jobs {
            if self.choice.covers(&found.subject.path) {
                let lost = self.take_job(found, now, batch);
                if lost == 0 {
                    seen.insert(found.subject.path.as_str());
                }
                bad += lost;
            }
        }
        if bad > 0 {
            let why = flat.why.as_deref().unwrap_or("a time that cannot be");
            let text = format!(
                "{}: {} cannot be read: {why}",
                shown(root),
                counted(bad, "record")
            );
            batch.warnings.push(self.port.shown(&text));
        }
        for folder in &flat.cut {
            let most = tree::MOST_ITEMS;
            let text = format!(
                "{}: only {most} of its jobs are read; name those that matter in `repos` or `orgs`",
                shown(folder)
            );
            batch.warnings.push(self.port.shown(&text));
        }
        if let Some(folder) = flat.deep.first() {
            let text = format!("{}: it lies too deep; name it in `orgs`", shown(folder));
            batch.warnings.push(self.port.shown(&text));
        }
        self.rehome(batch);
        if bad == 0 && flat.cut.is_empty() {
            batch.listings.push(self.list(root, &seen));
        } else {
            batch.partial.push(self.list_of(root, &seen));
        }
    }

    /// Takes in the newest build of a job; returns how many builds could not be read.
    fn take_job(&self, found: &Found<'_>, now: Timestamp, batch: &mut Batch) -> usize {
        let subject = &found.subject;
        {
            let mut state = self.state();
            let known = state
                .jobs
                .entry(subject.path.clone())
                .or_insert_with(|| JobState::new(subject.clone()));
            if known.subject != *subject {
                known.subject = subject.clone();
            }
        }
        let builds = found.item.builds.iter().flat_map(|list| &list.items);
        let mut bad = 0;
        for wire in builds {
            let is_new = {
                let state = self.state();
                let job = state.jobs.get(&subject.path);
                job.is_none_or(|job| !job.builds.contains_key(&wire.number))
            };
            match self.take_build(subject, wire) {
                Some(run) => {
                    if let Some(job) = self.state().jobs.get_mut(&subject.path) {
                        job.newest(run.number, is_new, now);
                    }
                    batch.facts.push(Fact::Run(run));
                }
                None => bad += 1,
            }
        }
        bad
    }

    /// Takes in one build of a job that is known; returns it as it is to be told.
    pub(super) fn take_build(&self, subject: &Subject, wire: &wire::Build) -> Option<Run> {
        let known = self.state().places.get(&subject.project).cloned();
        let run = self.with_ground(|ground| map::run(ground, subject, wire, known.as_ref()))?;
        let is_own =
            run.repo.place().eq_ignore_ascii_case(&self.ci) && run.repo.path() == subject.project;
        let mut state = self.state();
        if !is_own {
            state
                .places
                .insert(subject.project.clone(), run.repo.clone());
        }
        state.see(&subject.path, run)
    }

    /// Returns all builds that are known of what a folder holds, and forgets what it does not.
    fn list(&self, root: &str, seen: &BTreeSet<&str>) -> Listing {
        let mut state = self.state();
        let below = |path: &str| {
            root.is_empty() || tree::prefixes(path).any(|part| part.eq_ignore_ascii_case(root))
        };
        let gone: Vec<String> = state
            .jobs
            .keys()
            .filter(|path| below(path) && !seen.contains(path.as_str()))
            .cloned()
            .collect();
        for path in gone {
            state.forget(&path);
        }
        drop(state);
        self.list_of(root, seen)
    }

    /// Returns all builds that are known of these jobs, which a folder holds.
    fn list_of(&self, root: &str, seen: &BTreeSet<&str>) -> Listing {
        let state = self.state();
        let jobs = state.jobs.iter();
        let jobs = jobs.filter(|(path, _)| seen.contains(path.as_str()));
        let builds = jobs.flat_map(|(_, job)| job.builds.values());
        let members: BTreeSet<FactId> = builds
            .map(|seen| Fact::Run(seen.run.clone()).id())
            .collect();
        Listing {
            name: Clean::line(&format!("builds/{root}")),
            members,
        }
    }
}

/// Returns the name of a folder as it is told.
fn shown(folder: &str) -> String {
    if folder.is_empty() {
        "the root".to_owned()
    } else {
        format!("`{folder}`")
    }
}

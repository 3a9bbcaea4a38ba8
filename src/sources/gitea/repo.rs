//! One repository: its own record, branches, commits, tags and releases.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::Gitea;
use super::api::{Asked, below, is_missing, is_whole};
use super::discover::{bare, note_owner};
use super::map::{self, delivery, work};
use super::state::{RepoState, WINDOW};
use super::wire;
use crate::domain::change_request::{Required, Review};
use crate::domain::commit::Commit;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::repository::{Branch, Repository};
use crate::domain::text::Clean;
use crate::sources::detail::absent;
use crate::sources::http::{List, Pages};
use crate::sources::{Batch, Listing, SourceError};

/// How many pages of branches are read.
const BRANCH_PAGES: usize = 4;

/// How many branches of git-flow are followed.
const FLOW: usize = 4;

/// Of how many of the newest releases the deployments are followed back.
const RELEASES: usize = 30;

/// For how long a deployment may be what an alert comes from that fires now, and some more.
const DEPLOYED: TimeDelta = TimeDelta::hours(48);

/// Of how many commits that are so young the statuses are read when a repository is first read.
const MOST_DEPLOYED: usize = 50;

/// Of how many commits it is asked in one fetch which pull request brought them.
const ASKED: usize = 5;

/// The newest commits of a repository.
#[derive(Default)]
struct Newest {
    /// Those of the default branch.
    commits: Vec<Sha>,
    /// Those of which it is not known yet what brought them.
    unclear: Vec<Commit>,
    /// Those of the default branch that an alert may come from once they are deployed.
    young: Vec<Sha>,
}

impl Gitea {
    /// Reads one repository.
    pub(super) async fn repo(&self, path: &str, asked: Asked) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let read = self.one::<wire::Repo>(&below(path, &[]), &[], asked).await;
        let wire = match read {
            Ok((wire, _)) => wire,
            Err(failure) if is_missing(&failure) => return self.miss(path, batch),
            Err(failure) => return Err(failure.error),
        };
        if self.is_another(path, &wire, &mut batch) {
            // What goes and what comes are told one after the other: it is asked again at once.
            return Ok(batch);
        }
        let key = self.key(&wire.full_name);
        if let Some(known) = self.state().known(key.path()) {
            known.identity = Some(wire.id);
        }
        let reader = Reader {
            gitea: self,
            key: key.clone(),
            asked,
        };
        let branches = reader.branches(&wire, &mut batch).await?;
        let Newest {
            commits: newest,
            unclear,
            young,
        } = reader.commits(&wire, branches.as_ref(), &mut batch).await?;
        let released = reader.releases(&wire, &mut batch).await?;
        let mut state = self.state();
        note_owner(&mut state, &wire);
        if let Some(known) = state.known(key.path()) {
            known.see(&wire);
            known.path.clone_from(&wire.full_name);
            known.misses = 0;
            known.wanted = false;
            known.turn += 1;
            known.ci_wanted |= known.newest != newest || known.released != released;
            known.newest = newest;
            known.see_released(released);
            if known.read_at.is_none() && !known.stored {
                known.see_young(young);
            }
            known.read_at = Some(asked.now);
            known.unclear = unclear;
            if let Some(branches) = &branches {
                known.protect(&branches.list.items);
            }
        }
        drop(state);
        batch.covered.push(Clean::line(key.path()));
        Ok(batch)
    }

    /// Takes in that a repository is not there; twice in a row, and it is gone.
    fn miss(&self, path: &str, mut batch: Batch) -> Result<Batch, SourceError> {
        let mut state = self.state();
        let misses = state.known(path).map_or(0, |repo| {
            repo.misses = repo.misses.saturating_add(1);
            repo.turn += 1;
            repo.wanted = repo.misses < 2;
            repo.misses
        });
        let key = self.key(path);
        if misses < 2 {
            return Err(self.not_there(path));
        }
        state.memory.forget(&key);
        batch.gone_repos.push(key);
        Ok(batch)
    }

    /// Returns whether the name now leads to another repository, or this one has another name;
    /// what was known under the old name goes.
    fn is_another(&self, path: &str, wire: &wire::Repo, batch: &mut Batch) -> bool {
        let mut state = self.state();
        let Some(known) = state.known(path) else {
            return false;
        };
        let renamed = !wire.full_name.eq_ignore_ascii_case(path);
        let replaced = known.identity.is_some_and(|id| id != wire.id);
        if !renamed && !replaced {
            return false;
        }
        let (old, new) = (
            path.to_ascii_lowercase(),
            wire.full_name.to_ascii_lowercase(),
        );
        let turn = known.turn + 1;
        // What the store holds under the old name was read by a board before this one.
        let was_told = known.read_at.is_some() || known.stored;
        state.repos.remove(&old);
        if renamed {
            state.rename(old, new);
        }
        let fresh = state.repo(&wire.full_name);
        fresh.identity = Some(wire.id);
        fresh.turn = fresh.turn.max(turn);
        let key = self.key(path);
        state.memory.forget(&key);
        drop(state);
        if was_told || replaced {
            batch.gone_repos.push(key);
        }
        if renamed {
            let text = format!("`{path}` is called `{}` now", wire.full_name);
            batch.warnings.push(Clean::line(&text));
        }
        true
    }
}

impl RepoState {
    /// Takes in what branches ask for; what is told of pull requests may depend on it.
    fn protect(&mut self, branches: &[wire::Branch]) {
        let asked = branches
            .iter()
            .filter_map(|branch| Some((branch.name.clone(), work::protection(branch)?)))
            .collect();
        if self.protection == asked {
            return;
        }
        self.protection = asked;
        let open = self.open.values();
        let unclear = open.filter(|change| {
            matches!(change.review, Review::Unknown(_)) || change.required == Required::Unknown
        });
        self.pulls_wanted
            .extend(unclear.map(|change| change.number));
    }
}

/// Reads the lists of one repository.
struct Reader<'a> {
    gitea: &'a Gitea,
    key: RepoKey,
    asked: Asked,
}

impl Reader<'_> {
    /// Reads the branches, and tells the repository with them.
    async fn branches(
        &self,
        wire: &wire::Repo,
        batch: &mut Batch,
    ) -> Result<Option<Pages<wire::Branch>>, SourceError> {
        let mut told = bare(&self.key, wire);
        told.renamed_from = self.gitea.names_before(&wire.full_name);
        if wire.empty {
            batch.facts.push(Fact::Repository(told));
            return Ok(None);
        }
        let parts = below(self.key.path(), &["branches"]);
        let take = |list: List<wire::Branch>| list;
        let asking = self
            .gitea
            .pages(&parts, &[], (BRANCH_PAGES, self.asked), take);
        let pages = match asking.await {
            Ok(pages) => pages,
            Err(failure) => {
                batch.facts.push(Fact::Repository(told));
                return absent(failure, batch).map(|()| None);
            }
        };
        self.gitea.warn(&self.key, "branches", &pages, batch);
        tell(&mut told, &pages.list.items);
        batch.facts.push(Fact::Repository(told));
        Ok(Some(pages))
    }

    /// Reads the newest commits of the long-lived branches.
    async fn commits(
        &self,
        wire: &wire::Repo,
        branches: Option<&Pages<wire::Branch>>,
        batch: &mut Batch,
    ) -> Result<Newest, SourceError> {
        let mut found = Newest::default();
        if wire.empty {
            return Ok(found);
        }
        let listed = branches.into_iter().flat_map(|pages| &pages.list.items);
        let flow = listed.map(|branch| branch.name.as_str());
        let flow: Vec<&str> = flow.filter(|name| is_flow(name)).take(FLOW).collect();
        let main = wire.default_branch.as_deref();
        for name in main
            .into_iter()
            .chain(flow.into_iter().filter(|name| Some(*name) != main))
        {
            let mut commits = self.branch(name, batch).await?;
            let unclear = self.brought(&mut commits, batch).await?;
            found.unclear.extend(unclear);
            if Some(name) == main {
                found.commits = commits.iter().map(|commit| commit.sha.clone()).collect();
                let young = commits.iter().filter(|commit| {
                    let at = commit.committed_at;
                    at.is_some_and(|at| self.asked.now - at < DEPLOYED)
                });
                let young = young.take(MOST_DEPLOYED);
                found.young = young.map(|commit| commit.sha.clone()).collect();
            }
            batch.facts.extend(commits.into_iter().map(Fact::Commit));
        }
        Ok(found)
    }

    async fn branch(&self, name: &str, batch: &mut Batch) -> Result<Vec<Commit>, SourceError> {
        let parts = below(self.key.path(), &["commits"]);
        let query = [
            ("sha", name),
            ("stat", "false"),
            ("verification", "false"),
            ("files", "false"),
        ];
        let take = |list: List<wire::Commit>| list;
        let asking = self.gitea.pages(&parts, &query, (1, self.asked), take);
        let pages = match asking.await {
            Ok(pages) => pages,
            // An empty repository answers 409.
            Err(failure) if failure.status == Some(409) => return Ok(Vec::new()),
            Err(failure) => return absent(failure, batch).map(|()| Vec::new()),
        };
        self.gitea.warn(&self.key, "commits", &pages, batch);
        let commits = pages.list.items.iter();
        Ok(commits
            .filter_map(|wire| map::commit(&self.key, name, wire))
            .collect())
    }

    /// Adds which pull requests brought commits; asks of the newest for which that is not known,
    /// and returns those for which it is still to be asked.
    ///
    /// Only what the branch itself went through may have come without one.
    async fn brought(
        &self,
        commits: &mut [Commit],
        batch: &mut Batch,
    ) -> Result<Vec<Commit>, SourceError> {
        let main = mainline(commits);
        let mut asked = 0;
        let mut unclear = Vec::new();
        for commit in commits {
            let known = {
                let mut state = self.gitea.state();
                let repo = state.known(self.key.path());
                repo.and_then(|repo| repo.brought.get(&commit.sha).copied())
            };
            let is_recent = commit
                .committed_at
                .is_some_and(|at| self.asked.now - at < WINDOW);
            let answer = match known {
                Some(answer) => Some(answer),
                None if !is_recent || !main.contains(&commit.sha) => None,
                None if asked < ASKED => {
                    asked += 1;
                    let (key, sha) = (&self.key, &commit.sha);
                    self.gitea
                        .ask_who_brought((key, sha), self.asked, batch)
                        .await?
                }
                None => {
                    unclear.push(commit.clone());
                    None
                }
            };
            if let Some(answer) = answer {
                commit.change_request = answer;
                commit.direct = answer.is_none() && main.contains(&commit.sha);
            }
        }
        Ok(unclear)
    }

    /// Reads the newest releases; returns their commits, newest first.
    async fn releases(
        &self,
        wire: &wire::Repo,
        batch: &mut Batch,
    ) -> Result<Vec<Sha>, SourceError> {
        if wire.has_releases == Some(false) || wire.empty {
            return Ok(Vec::new());
        }
        let parts = below(self.key.path(), &["releases"]);
        let take = |list: List<wire::Release>| list;
        let asking = self.gitea.pages(&parts, &[], (1, self.asked), take);
        let pages = match asking.await {
            Ok(pages) => pages,
            Err(failure) => return absent(failure, batch).map(|()| Vec::new()),
        };
        self.gitea.warn(&self.key, "releases", &pages, batch);
        if pages.list.items.is_empty() {
            return Ok(Vec::new());
        }
        let tags = self.gitea.tags(&self.key, self.asked, batch).await?;
        let mut found: Vec<_> = pages
            .list
            .items
            .iter()
            .map(|wire| {
                let tagged = tags.get(&wire.tag_name).cloned();
                delivery::release(&self.key, wire, tagged.filter(|_| !wire.draft))
            })
            .collect();
        found.sort_by_key(|release| std::cmp::Reverse(release.published_at));
        let released = found.iter().filter_map(|release| release.sha.clone());
        let released = released.take(RELEASES).collect();
        let facts: Vec<Fact> = found.into_iter().map(Fact::Release).collect();
        if is_whole(&pages) {
            batch
                .listings
                .push(Listing::of_repo(&self.key, "releases", &facts));
        }
        batch.facts.extend(facts);
        Ok(released)
    }
}

impl Gitea {
    /// Reads the commits of tags.
    pub(super) async fn tags(
        &self,
        key: &RepoKey,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<BTreeMap<String, Sha>, SourceError> {
        let parts = below(key.path(), &["tags"]);
        let take = |list: List<wire::Tag>| list;
        let pages = match self.pages(&parts, &[], (2, asked), take).await {
            Ok(pages) => pages,
            Err(failure) => return absent(failure, batch).map(|()| BTreeMap::new()),
        };
        let tags = pages.list.items.into_iter();
        let named = tags.filter_map(|tag| {
            let sha = tag
                .commit
                .and_then(|commit| map::sha(commit.sha.as_deref()));
            Some((tag.name, sha?))
        });
        Ok(named.collect())
    }
}

fn is_flow(name: &str) -> bool {
    name == "develop" || name.starts_with("release/")
}

/// Adds to a repository what its branches tell.
fn tell(told: &mut Repository, branches: &[wire::Branch]) {
    let tip = |branch: &wire::Branch| {
        let commit = branch.commit.as_ref();
        map::sha(commit.and_then(|commit| commit.id.as_deref()))
    };
    if let Some(default) = &mut told.default_branch {
        let named = branches.iter().find(|branch| *branch.name == *default.name);
        default.tip = named.and_then(tip);
    }
    let flow = branches.iter().filter(|branch| is_flow(&branch.name));
    let flow = flow.take(FLOW).map(|branch| Branch {
        name: Clean::line(&branch.name),
        tip: tip(branch),
    });
    told.flow_branches = flow.collect();
}

/// Returns the commits that a branch itself went through, from its tip along first parents.
fn mainline(commits: &[Commit]) -> Vec<Sha> {
    let mut line = Vec::new();
    let mut next = commits.first();
    while let Some(commit) = next.filter(|_| line.len() < commits.len()) {
        line.push(commit.sha.clone());
        let parent = commit.parents.first();
        next = commits.iter().find(|other| Some(&other.sha) == parent);
    }
    line
}

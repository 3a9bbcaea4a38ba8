//! What triage knows: runs, jobs, diagnoses and commits, and the red cards.
//!
//! Kept up to date fact by fact beside the correlator, which says which cards
//! are red. Judgements are made in `judge`; here is who is judged again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::correlate::Need;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::item::{EvidenceKind, WorkItem};
use crate::domain::key::{ItemId, RepoKey, SourceName};
use crate::domain::moves::Moves;
use crate::domain::policy::LookBack;
use crate::domain::repository::Repository;
use crate::domain::run::{RunKey, RunState, is_foreign};
use crate::domain::status::{Severity, Status};
use crate::domain::text::Clean;
use crate::domain::triage::group::groups;
use crate::domain::triage::judge::judge;
use crate::domain::triage::lane::Repo;
use crate::domain::triage::watch::{Watched, watched};
use crate::domain::triage::{Triage, TriageBoard};

/// How many needs of one kind are asked for at once.
const MOST_NEEDS: usize = 50;

/// Of how many runs of the open card it is asked which manual jobs they have.
const MOST_OPENED: usize = 4;

/// Everything that triage needs, and what it came to.
#[derive(Debug, Default)]
pub struct Book {
    /// By the names that their forges use.
    repos: HashMap<RepoKey, Repo>,
    moves: Moves,
    red: BTreeMap<ItemId, Red>,
    dirty: HashSet<RepoKey>,
    judged: HashMap<ItemId, Judged>,
    looked_at: Option<ItemId>,
    looks_elsewhere: bool,
    needs: BTreeSet<Need>,
    /// The runs for which histories are asked.
    askers: BTreeMap<Need, BTreeSet<RunKey>>,
    board: Arc<TriageBoard>,
    look_back: LookBack,
    /// Runs that were acted on.
    acted: BTreeSet<RunKey>,
    /// The run of the card that is open, as long as no other card is.
    opened: Option<RunKey>,
    /// The newest runs of the card that is open.
    of_opened: Vec<RunKey>,
    /// Whether other runs are watched than before.
    watches_others: bool,
    watched: Arc<[Watched]>,
}

/// A red card and the run that makes it red.
#[derive(Debug)]
struct Red {
    item: Arc<WorkItem>,
    run: RunKey,
    /// The repository of the run, by the name that its forge uses.
    home: RepoKey,
}

#[derive(Debug)]
struct Judged {
    triage: Arc<Triage>,
    needs: BTreeSet<Need>,
}

/// What one look at a card came to.
#[derive(Debug)]
pub(super) struct Verdicts {
    pub(super) triage: Triage,
    pub(super) needs: BTreeSet<Need>,
}

impl Book {
    /// Makes an empty book that looks back so far.
    pub fn new(look_back: LookBack) -> Self {
        Self {
            look_back,
            ..Self::default()
        }
    }

    /// Takes a fact in; those that say nothing about failures are not kept.
    pub fn insert(&mut self, source: &SourceName, id: &FactId, fact: &Arc<Fact>) {
        let Some(repo) = fact.repo() else {
            return;
        };
        if !tells(id.kind) {
            return;
        }
        let home = self.moves.home(fact, repo);
        let new = || Repo::new(home.clone());
        let known = self.repos.entry(home.clone()).or_insert_with(new);
        let before = told_of(known, id);
        if known.insert(source, id, fact) {
            let after = told_of(known, id);
            self.dirty.insert(home);
            self.carry(before.as_ref(), after.as_ref());
        }
    }

    /// Takes a fact out.
    pub fn remove(&mut self, source: &SourceName, id: &FactId) {
        if !tells(id.kind) {
            return;
        }
        // These all begin with the name of their repository.
        let places: BTreeSet<RepoKey> = self.moves.places(&id.id).collect();
        for repo in places {
            let Some(known) = self.repos.get_mut(&repo) else {
                continue;
            };
            let before = told_of(known, id);
            if known.remove(source, id) {
                let after = told_of(known, id);
                self.dirty.insert(repo);
                self.carry(before.as_ref(), after.as_ref());
            }
        }
    }

    /// Takes what other systems tell of a repository to the name that it has now.
    fn carry(&mut self, before: Option<&Repository>, after: Option<&Repository>) {
        for (name, from, to) in self.moves.learn(before, after) {
            let taken = self.repos.get_mut(&from).map(|repo| repo.take(&name));
            let new = || Repo::new(to.clone());
            let there = self.repos.entry(to.clone()).or_insert_with(new);
            for (id, said) in taken.into_iter().flatten() {
                for (source, fact) in said {
                    there.insert(&source, &id, &fact);
                }
            }
            for red in self.red.values_mut() {
                red.home = self.moves.home_of_run(&red.run.repo, red.run.id);
            }
            self.dirty.extend([from, to]);
        }
    }

    /// Judges again what changed; returns whether the board of red cards or a watched run differs.
    ///
    /// `changed` and `removed` are what the correlator said since the last call.
    pub fn refresh(&mut self, changed: &[Arc<WorkItem>], removed: &[ItemId]) -> bool {
        let mut again: BTreeSet<ItemId> = BTreeSet::new();
        let mut differs = false;
        let mut watched = self.acted.iter().chain(&self.opened);
        let home = |run: &RunKey| self.moves.home_of_run(&run.repo, run.id);
        self.watches_others |= watched.any(|run| self.dirty.contains(&home(run)));
        let mut opened = self.of_opened.iter();
        self.looks_elsewhere |= opened.any(|run| self.dirty.contains(&home(run)));
        for id in removed {
            differs |= self.drop_card(id);
        }
        for item in changed {
            if self.looked_at.as_ref() == Some(&item.id) {
                self.of_opened = newest_runs(item);
                self.looks_elsewhere = true;
            }
            if let Some(run) = red_run(item) {
                let item = Arc::clone(item);
                let home = self.moves.home_of_run(&run.repo, run.id);
                again.insert(item.id.clone());
                self.red.insert(item.id.clone(), Red { item, run, home });
            } else {
                differs |= self.drop_card(&item.id);
            }
        }
        if !self.dirty.is_empty() {
            let dirty = std::mem::take(&mut self.dirty);
            let touched = self.red.iter().filter(|(_, red)| dirty.contains(&red.home));
            again.extend(touched.map(|(id, _)| id.clone()));
        }
        for id in again {
            differs |= self.judge_again(&id);
        }
        let open = changed
            .iter()
            .find(|item| self.looked_at.as_ref() == Some(&item.id));
        if let Some(open) = open {
            self.watch_opened(open);
        }
        if differs {
            let cards = self.judged.values().map(|j| Arc::clone(&j.triage));
            self.board = Arc::new(groups(cards.collect()));
        }
        if differs || std::mem::take(&mut self.looks_elsewhere) {
            self.needs = self.most_wanted();
            self.askers = self.who_asks();
        }
        self.watch_again() || differs
    }

    /// Takes in which card is open: what it needs goes first. Of one that is not red, the run at
    /// work is watched; `open` is the card, as far as it is on the board. Tells whether that is
    /// another one.
    pub fn look(&mut self, item: Option<&ItemId>, open: Option<&WorkItem>) -> bool {
        let differs = self.looked_at.as_ref() != item;
        self.looked_at = item.cloned();
        self.of_opened = open.map(newest_runs).unwrap_or_default();
        self.looks_elsewhere |= differs;
        if differs {
            let judged = item.and_then(|item| self.judged.get(item));
            let red = judged.map(|judged| judged.triage.run.key());
            self.opened = red.or_else(|| open.and_then(at_work));
            self.watches_others = true;
        }
        differs
    }

    /// Watches what the open card runs now: a card may be opened before its run is known. A run that
    /// ended stays watched until another begins.
    fn watch_opened(&mut self, open: &WorkItem) {
        if self.judged.contains_key(&open.id) {
            return;
        }
        let run = at_work(open).filter(|run| self.opened.as_ref() != Some(run));
        if run.is_some() {
            self.opened = run;
            self.watches_others = true;
        }
    }

    /// Takes in which runs were acted on; tells whether those are others than before.
    pub fn watch(&mut self, runs: BTreeSet<RunKey>) -> bool {
        let differs = self.acted != runs;
        self.acted = runs;
        self.watches_others |= differs;
        differs
    }

    /// Returns the runs that are watched, as of the last refresh.
    pub fn watched(&self) -> Arc<[Watched]> {
        Arc::clone(&self.watched)
    }

    /// Looks at the watched runs again where something of them may have changed; returns whether it did.
    fn watch_again(&mut self) -> bool {
        if !std::mem::take(&mut self.watches_others) {
            return false;
        }
        let keys: BTreeSet<&RunKey> = self.acted.iter().chain(&self.opened).collect();
        let usual = self.look_back.usual();
        let found = keys.into_iter().filter_map(|key| {
            let home = self.moves.home_of_run(&key.repo, key.id);
            let repo = self.repos.get(&home)?;
            watched(repo, key, usual)
        });
        let found: Vec<Watched> = found.collect();
        if *self.watched == *found {
            return false;
        }
        self.watched = found.into();
        true
    }

    /// Returns the needs of the open card, then of the others in the order of the board, so many
    /// of each kind: the rest follow when these are answered.
    fn most_wanted(&self) -> BTreeSet<Need> {
        let order = self.board.cards.iter().map(|card| &card.triage.item);
        let mut counts = [0_usize; Need::KINDS];
        let mut wanted: BTreeSet<Need> = self.may_start().collect();
        for item in self.looked_at.iter().chain(order) {
            let needs = self.judged.get(item).into_iter().flat_map(|j| &j.needs);
            for need in needs {
                let Some(count) = counts.get_mut(need.kind()) else {
                    continue;
                };
                if *count < MOST_NEEDS && wanted.insert(need.clone()) {
                    *count += 1;
                }
            }
            if counts.iter().all(|count| *count >= MOST_NEEDS) {
                break;
            }
        }
        wanted
    }

    /// Returns the needs to know which manual jobs the ended runs of the open card have: where no job
    /// of a run is known, nobody read it yet; nor where one did not run and nobody told of gates,
    /// as jobs that were read while the run was at work tell nothing of those of its end.
    fn may_start(&self) -> impl Iterator<Item = Need> {
        let unread = self.of_opened.iter().filter(|key| {
            let home = self.moves.home_of_run(&key.repo, key.id);
            let repo = self.repos.get(&home);
            repo.is_some_and(|repo| {
                let run = repo.run(key.repo.as_str(), key.id).map(|(_, run)| run);
                run.is_some_and(|run| {
                    let jobs = repo.jobs(run);
                    let is_open = jobs.is_none_or(|set| {
                        let mut jobs = set.jobs.iter();
                        jobs.any(|job| job.state == RunState::Skipped) && !repo.knows_gates(run)
                    });
                    run.state.is_over() && run.no_jobs.is_empty() && is_open
                })
            })
        });
        unread.map(|key| Need::ManualJobs {
            repo: key.repo.clone(),
            run: key.id,
        })
    }

    /// Returns the red runs whose histories are among the needs: they tell of which system.
    fn who_asks(&self) -> BTreeMap<Need, BTreeSet<RunKey>> {
        let mut askers: BTreeMap<Need, BTreeSet<RunKey>> = BTreeMap::new();
        for judged in self.judged.values() {
            let history = |need: &&Need| matches!(need, Need::History { .. });
            for need in judged.needs.iter().filter(history) {
                if self.needs.contains(need) {
                    let runs = askers.entry(need.clone()).or_default();
                    runs.insert(judged.triage.run.key());
                }
            }
        }
        askers
    }

    /// Returns for which runs the histories among the needs are asked.
    pub fn askers(&self) -> &BTreeMap<Need, BTreeSet<RunKey>> {
        &self.askers
    }

    /// Returns the red cards as of the last refresh.
    pub fn board(&self) -> Arc<TriageBoard> {
        Arc::clone(&self.board)
    }

    /// Returns what would tell more about them.
    pub fn needs(&self) -> &BTreeSet<Need> {
        &self.needs
    }

    fn drop_card(&mut self, id: &ItemId) -> bool {
        self.red.remove(id);
        self.judged.remove(id).is_some()
    }

    /// Judges one card; cards whose run is not known are not on the board.
    fn judge_again(&mut self, id: &ItemId) -> bool {
        let verdicts = self.red.get(id).and_then(|red| {
            let repo = self.repos.get(&red.home)?;
            judge(repo, &red.item, self.look_back)
        });
        let Some(Verdicts { triage, needs }) = verdicts else {
            return self.judged.remove(id).is_some();
        };
        let before = self.judged.get(id);
        if before.is_some_and(|old| old.needs == needs && *old.triage == triage) {
            return false;
        }
        let triage = Arc::new(triage);
        if self.looked_at.as_ref() == Some(id) {
            let key = triage.run.key();
            self.watches_others |= self.opened.as_ref() != Some(&key);
            self.opened = Some(key);
        }
        self.judged.insert(id.clone(), Judged { triage, needs });
        true
    }
}

/// Whether facts of a kind say anything about failures.
fn tells(kind: FactKind) -> bool {
    match kind {
        FactKind::Repository
        | FactKind::Commit
        | FactKind::Range
        | FactKind::ChangeRequest
        | FactKind::ChangedPaths
        | FactKind::Run
        | FactKind::JobSet
        | FactKind::EarlierJobs
        | FactKind::GateSet
        | FactKind::Diagnosis => true,
        FactKind::Ticket
        | FactKind::ChangeTimes
        | FactKind::Release
        | FactKind::Environment
        | FactKind::Deployment
        | FactKind::Alert
        | FactKind::Finding => false,
    }
}

/// Returns a repository as its forge tells of it, where a fact of this identity does.
fn told_of(repo: &Repo, id: &FactId) -> Option<Repository> {
    (id.kind == FactKind::Repository).then(|| repo.told().cloned())?
}

/// Returns the run that makes a card red, if a run does.
fn red_run(item: &WorkItem) -> Option<RunKey> {
    if item.placement.done.is_some() || item.placement.status.severity() != Severity::Failed {
        return None;
    }
    let (repo, id) = failed_runs(item).next()?;
    let repo = repo.clone();
    Some(RunKey { repo, id })
}

/// Returns the newest runs of a card that its forge ran.
fn newest_runs(item: &WorkItem) -> Vec<RunKey> {
    let lines = item.evidence.iter();
    let lines = lines.filter(|line| line.kind == EvidenceKind::Run);
    let mut runs: Vec<_> = lines
        .filter_map(|line| Some((line.at, line.run.as_deref()?)))
        .filter(|(_, run)| !is_foreign(run.id))
        .collect();
    runs.sort_by_key(|(at, run)| std::cmp::Reverse((*at, run.id)));
    let newest = runs.into_iter().take(MOST_OPENED);
    newest.map(|(_, run)| run.clone()).collect()
}

/// Returns the run of a card that is at work, the newest of several.
fn at_work(item: &WorkItem) -> Option<RunKey> {
    let runs = item.evidence.iter();
    let runs = runs.filter(|line| line.kind == EvidenceKind::Run && line.status == Status::Running);
    runs.max_by_key(|line| line.at)?.run.as_deref().cloned()
}

/// Returns the failed runs of a card, the newest first.
pub(super) fn failed_runs(item: &WorkItem) -> impl Iterator<Item = (&RepoKey, u64)> {
    let mut runs: Vec<_> = item
        .evidence
        .iter()
        .filter(|evidence| evidence.status.severity() == Severity::Failed)
        .filter_map(|evidence| evidence.run.as_deref().map(|run| (evidence.at, run)))
        .collect();
    runs.sort_by_key(|(at, run)| std::cmp::Reverse((*at, run.id)));
    runs.dedup_by(|a, b| a.1 == b.1);
    runs.into_iter().map(|(_, run)| (&run.repo, run.id))
}

/// Returns a sentence as remote text is: clean.
pub(super) fn say(text: &str) -> Clean {
    Clean::line(text)
}

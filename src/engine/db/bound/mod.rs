//! Under which word the rows of a source stand: its name, where it is, what of it, and as whom.
//!
//! A name alone means nothing: the file of settings may give it to another host,
//! to other repositories or to another account. Rows of another such source are
//! neither read nor written, nor is its poller followed. Where the account is
//! known only once a command ran, the last one is taken for it until then. What
//! is not bound stands under its name.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::fact::FactId;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::db::process::Identity;
use crate::engine::db::rows::{self, hash};
use crate::engine::db::{Job, Lease, account, lease, state};
use crate::engine::update::{Loaded, LoadedListing, Write};
use crate::sources::Account;
use crate::sources::selection::Selection as Chosen;

/// After every text that begins with what is before it.
const LAST: char = '\u{10FFFF}';

/// What a source is, beyond its name.
#[derive(Clone, Debug)]
pub struct Bound {
    name: SourceName,
    /// The word under which its rows stand.
    stored: SourceName,
    /// What the words begin with of sources of this name at the same place.
    kin: String,
    /// What the words begin with of those that select the same there.
    twins: String,
    /// As whom it asks, as far as that is known.
    account: Account,
    /// Where the account comes from, as a word, if that is not the account itself.
    place: Option<String>,
    /// Whether nobody knows yet whose its rows would be.
    open: bool,
    selection: Selection,
}

/// Which repositories a source is about.
#[derive(Clone, Debug)]
struct Selection {
    owners: BTreeSet<String>,
    patterns: GlobSet,
}

impl Bound {
    /// Tells what a source is, and as whom it asks as far as its settings tell.
    pub fn new(config: &SourceConfig, account: &Account) -> Self {
        let place = hash(&[
            config.kind.as_bytes(),
            config.url.origin().ascii_serialization().as_bytes(),
            config.url.path().trim_end_matches('/').as_bytes(),
        ]);
        let selected = Chosen::of(config);
        let kin = format!("{}@{place:016x}.", config.name);
        let twins = format!("{kin}{:016x}.", selected.hash());
        let mut bound = Self {
            name: config.name.clone(),
            stored: SourceName::new(&twins),
            kin,
            twins,
            account: account.clone(),
            place: None,
            open: false,
            selection: Selection {
                patterns: patterns(&selected.repos),
                owners: selected.owners,
            },
        };
        bound.find_word(None);
        bound
    }

    /// Returns what the source is called.
    pub(super) fn name(&self) -> &SourceName {
        &self.name
    }

    /// Finds the word of its rows: that of its account, or of the one that was the last there.
    pub(super) fn find_word(&mut self, connection: Option<&Connection>) {
        self.open = false;
        let word = match &self.account {
            Account::Known(account) => account::word(connection, account),
            Account::From(place) => {
                let place = account::word(connection, &format!("from\n{place}"));
                let noted = format!("{}{place}", self.twins);
                let last = connection.and_then(|it| account::last(it, &noted));
                self.place = Some(noted);
                self.open = last.is_none();
                last.unwrap_or(place)
            }
            Account::Missing(place) => {
                // Whoever was the last to ask for this is who uses this machine: what they saw is
                // shown, and nothing is written to it.
                self.open = true;
                let last = connection.and_then(|it| account::last(it, &self.twins));
                last.unwrap_or_else(|| account::word(connection, &format!("from\n{place}")))
            }
            Account::Settled | Account::Unknown => {
                self.open = self.account == Account::Unknown;
                account::word(connection, "")
            }
        };
        self.stored = SourceName::new(&format!("{}{word}", self.twins));
    }

    /// Takes in as whom the source really asks; returns whether its rows are others now.
    fn rebind(&mut self, account: Account, connection: Option<&Connection>) -> bool {
        match account {
            Account::Known(_) => {}
            Account::Settled | Account::From(_) | Account::Missing(_) => return false,
            Account::Unknown => {
                // Its rows stay in sight, as whoever was the last to ask left them.
                self.open = true;
                return false;
            }
        }
        let before = self.stored.clone();
        self.account = account;
        self.find_word(connection);
        let word = self.stored.as_str().trim_start_matches(&self.twins);
        for place in self.place.iter().chain([&self.twins]) {
            let noted = connection.map(|it| account::remember(it, place, word));
            // Without the note the next start shows an older board first, and nothing worse.
            if let Some(Err(error)) = noted {
                tracing::debug!(%error, "the last account is not noted");
            }
        }
        before != self.stored
    }

    /// Returns the part of a word that stands for the account.
    fn account_of(word: &SourceName) -> &str {
        word.as_str().rsplit('.').next().unwrap_or_default()
    }

    /// Returns what of the rows of another source at the same place is this one's too.
    ///
    /// When they were confirmed is not: this source did not do it.
    fn share_of(&self, other: &SourceName, loaded: Loaded) -> Vec<Write> {
        let twin = other.as_str().starts_with(&self.twins);
        let mut kept: BTreeSet<FactId> = BTreeSet::new();
        let mut writes = Vec::with_capacity(loaded.facts.len());
        for row in loaded.facts {
            let repo = row.fact.repo();
            if twin || repo.is_some_and(|repo| self.selection.covers(repo.path())) {
                kept.insert(row.id.clone());
                writes.push(Write::Fact {
                    source: self.stored.clone(),
                    id: row.id,
                    fact: row.fact,
                    seen_at: row.seen_at,
                });
            }
        }
        for listing in loaded.listings {
            let (mut members, mut open) = (listing.members, listing.open);
            members.retain(|id| kept.contains(id));
            open.retain(|id, _| kept.contains(id));
            if !members.is_empty() {
                writes.push(Write::Listing(LoadedListing {
                    source: self.stored.clone(),
                    members,
                    open,
                    ..listing
                }));
            }
        }
        writes
    }
}

impl Selection {
    fn covers(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        let owner = path.split_once('/').map_or("", |(owner, _)| owner);
        self.owners.contains(owner) || self.patterns.is_match(&path)
    }
}

fn patterns(repos: &BTreeSet<String>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for repo in repos {
        // What is no pattern was refused when the settings were read.
        if let Ok(glob) = GlobBuilder::new(repo).literal_separator(true).build() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}

/// All sources that are bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    by_name: BTreeMap<SourceName, Bound>,
    names: BTreeMap<SourceName, SourceName>,
}

impl Bounds {
    pub(super) fn new(bounds: impl IntoIterator<Item = Bound>) -> Self {
        let by_name: BTreeMap<_, _> = bounds
            .into_iter()
            .map(|bound| (bound.name.clone(), bound))
            .collect();
        let names = by_name
            .values()
            .map(|bound| (bound.stored.clone(), bound.name.clone()))
            .collect();
        Self { by_name, names }
    }

    /// Takes in as whom a source really asks; returns whether its rows are others now.
    pub(super) fn rebind(
        &mut self,
        name: &SourceName,
        account: Account,
        connection: Option<&Connection>,
    ) -> bool {
        let Some(bound) = self.by_name.get_mut(name) else {
            return false;
        };
        let moved = bound.rebind(account, connection);
        *self = Self::new(std::mem::take(&mut self.by_name).into_values());
        moved
    }

    /// Finds all words anew.
    pub(super) fn find_words(&mut self, connection: Option<&Connection>) {
        let mut bounds = std::mem::take(&mut self.by_name);
        for bound in bounds.values_mut() {
            bound.find_word(connection);
        }
        *self = Self::new(bounds.into_values());
    }

    /// Returns whether nobody knows as whom a source asks: nothing is written of it.
    fn is_open(&self, name: &SourceName) -> bool {
        self.by_name.get(name).is_some_and(|bound| bound.open)
    }

    /// Returns a word for all of them together: what belongs to no single source stands under it.
    pub(super) fn word(&self) -> String {
        let parts: Vec<&[u8]> = self.names.keys().map(|k| k.as_str().as_bytes()).collect();
        if parts.is_empty() {
            String::new()
        } else {
            format!("{:016x}", hash(&parts))
        }
    }

    /// Returns the source whose rows stand under this word.
    pub(super) fn of(&self, stored: &SourceName) -> Option<&Bound> {
        self.by_name.get(self.names.get(stored)?)
    }

    fn enter(&self, name: &mut SourceName) {
        if let Some(bound) = self.by_name.get(name) {
            *name = bound.stored.clone();
        }
    }

    fn exit(&self, stored: &mut SourceName) {
        if let Some(name) = self.names.get(stored) {
            *stored = name.clone();
        }
    }

    /// Puts the words of the rows in the place of the sources' names.
    pub(super) fn inward(&self, mut job: Job) -> Job {
        match &mut job {
            Job::Load(sources, _) => sources.iter_mut().for_each(|name| self.enter(name)),
            Job::Write(writes, ..) => {
                writes.retain(|write| !source_of(write).is_some_and(|name| self.is_open(name)));
                for write in writes {
                    self.enter_write(write);
                }
            }
            Job::Lease(source, ..)
            | Job::Follow(source, ..)
            | Job::Wish(source, ..)
            | Job::Wishes(source, ..) => self.enter(source),
            Job::Account(..)
            | Job::Validator(_)
            | Job::Screen(_)
            | Job::Checked(_)
            | Job::Close(_) => {}
        }
        job
    }

    fn enter_write(&self, write: &mut Write) {
        match write {
            Write::Fact { source, .. }
            | Write::Seen { source, .. }
            | Write::Gone { source, .. }
            | Write::Confirmed { source, .. }
            | Write::State { source, .. } => self.enter(source),
            Write::Listing(listing) => self.enter(&mut listing.source),
            Write::Event(_) | Write::Record(_) => {}
        }
    }

    /// Puts the sources' names in the place of the words of the rows.
    pub(super) fn outward(&self, mut loaded: Loaded) -> Loaded {
        for row in &mut loaded.facts {
            self.exit(&mut row.source);
        }
        for (source, _) in &mut loaded.gone {
            self.exit(source);
        }
        for listing in &mut loaded.listings {
            self.exit(&mut listing.source);
        }
        for (source, ..) in &mut loaded.confirmed {
            self.exit(source);
        }
        for (source, _) in &mut loaded.me {
            self.exit(source);
        }
        loaded
    }
}

/// Returns whose a write is, if it is a source's.
fn source_of(write: &Write) -> Option<&SourceName> {
    match write {
        Write::Fact { source, .. }
        | Write::Seen { source, .. }
        | Write::Gone { source, .. }
        | Write::Confirmed { source, .. }
        | Write::State { source, .. } => Some(source),
        Write::Listing(listing) => Some(&listing.source),
        Write::Event(_) | Write::Record(_) => None,
    }
}

/// Gives a source that never answered what one like it at the same place left: the facts of
/// the repositories that both are about. What another account left is taken only where no living
/// program polls with that one, as a token that was renewed does: else it is another person's.
pub(super) fn inherit(
    connection: &mut Connection,
    bound: &Bound,
    me: &Identity,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let kin = kin(connection, bound)?;
    if bound.open || kin.contains(&bound.stored) {
        return Ok(());
    }
    let mut left = Vec::new();
    for word in kin {
        let same = Bound::account_of(&word) == Bound::account_of(&bound.stored);
        if same || lease::holder(connection, &word, me, now.timestamp())? == Lease::Held {
            left.push(word);
        }
    }
    let is_twin = |word: &&SourceName| word.as_str().starts_with(&bound.twins);
    let Some(best) = left.iter().find(is_twin).or(left.first()) else {
        return Ok(());
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut loaded = Loaded::default();
    rows::load_source(&transaction, best, &mut loaded)?;
    rows::write(&transaction, &bound.share_of(best, loaded), false)?;
    transaction.commit()
}

/// Returns the logins that writes tell.
pub(super) fn logins(writes: &[Write]) -> Vec<(SourceName, Clean)> {
    let told = writes.iter().filter_map(|write| match write {
        Write::State { source, state } => Some((source.clone(), state.me.clone()?)),
        Write::Fact { .. }
        | Write::Seen { .. }
        | Write::Gone { .. }
        | Write::Confirmed { .. }
        | Write::Listing(_)
        | Write::Event(_)
        | Write::Record(_) => None,
    });
    told.collect()
}

/// Forgets what the same login left with other tokens, lest every new one leaves a copy, unless
/// a living program polls with it.
pub(super) fn forget_older(
    connection: &mut Connection,
    bound: &Bound,
    login: &str,
    me: &Identity,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for word in kin(&transaction, bound)? {
        let is_twin = word != bound.stored && word.as_str().starts_with(&bound.twins);
        if is_twin
            && state::read(&transaction, &word)?
                .and_then(|state| state.me)
                .is_some_and(|other| other.eq_ignore_ascii_case(login))
            && lease::holder(&transaction, &word, me, now.timestamp())? == Lease::Held
        {
            forget(&transaction, &word)?;
        }
    }
    transaction.commit()
}

/// Returns the words of all that ever answered at the same place, the last one first.
fn kin(connection: &Connection, bound: &Bound) -> rusqlite::Result<Vec<SourceName>> {
    let mut statement = connection.prepare_cached(
        "SELECT source FROM confirmed WHERE source >= ?1 AND source < ?2 \
         GROUP BY source ORDER BY max(at) DESC, source",
    )?;
    let end = format!("{}{LAST}", bound.kin);
    let words = statement.query_map(params![bound.kin, end], |row| row.get::<_, String>(0))?;
    words.map(|word| Ok(SourceName::new(&word?))).collect()
}

/// Returns when a source last answered, whoever asked and for whatever selection.
pub(super) fn last_answer(
    connection: &Connection,
    bound: &Bound,
) -> rusqlite::Result<Option<Timestamp>> {
    let end = format!("{}{LAST}", bound.kin);
    let at: Option<i64> = connection
        .prepare_cached("SELECT max(at) FROM confirmed WHERE source >= ?1 AND source < ?2")?
        .query_row(params![bound.kin, end], |row| row.get(0))?;
    Ok(at.and_then(Timestamp::from_timestamp_micros))
}

fn forget(transaction: &Transaction<'_>, word: &SourceName) -> rusqlite::Result<()> {
    for table in ["fact", "listing", "confirmed", "state", "lease", "change"] {
        let sql = format!("DELETE FROM {table} WHERE source = ?1");
        transaction.execute(&sql, [word.as_str()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

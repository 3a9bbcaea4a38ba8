//! What the thread does for one source: whose rows are its own, who polls it, what is new.

use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::db::bound::{self, Bounds};
use crate::engine::db::worker::Worker;
use crate::engine::db::{Cursor, Following, Lease, Wish, Wishes, lease, rows};
use crate::sources::Account;

impl Worker {
    /// Takes in as whom a source asks; returns whether its rows are others now.
    pub(super) fn rebind(&mut self, source: &SourceName, account: Account) -> bool {
        let mut bounds = (*self.shared.bounds()).clone();
        let moved = bounds.rebind(source, account, self.connection.as_ref());
        self.shared.bind(bounds);
        moved
    }

    /// Finds the words of all sources anew, as another file has another key.
    pub(super) fn find_words(&mut self) {
        let mut bounds = (*self.shared.bounds()).clone();
        bounds.find_words(self.connection.as_ref());
        self.shared.bind(bounds);
    }

    pub(super) fn inherit(&mut self, sources: &[SourceName], bounds: &Bounds) {
        for bound in sources.iter().filter_map(|source| bounds.of(source)) {
            let connection = self.connection.as_mut();
            let done = connection.map(|c| bound::inherit(c, bound, &self.me, self.now));
            self.check(done);
        }
    }

    /// Returns when each source last answered, whoever asked.
    pub(super) fn last_answers(
        &self,
        sources: &[SourceName],
        bounds: &Bounds,
    ) -> Vec<(SourceName, Timestamp)> {
        let Some(connection) = &self.connection else {
            return Vec::new();
        };
        let bounds = sources.iter().filter_map(|source| bounds.of(source));
        let found = bounds.filter_map(|bound| {
            let at = bound::last_answer(connection, bound).ok().flatten()?;
            Some((bound.name().clone(), at))
        });
        found.collect()
    }

    pub(super) fn forget_older(&mut self, logins: &[(SourceName, Clean)], bounds: &Bounds) {
        for (source, login) in logins {
            if let Some(bound) = bounds.of(source)
                && self.settled.insert(source.clone())
            {
                let connection = self.connection.as_mut();
                let done =
                    connection.map(|c| bound::forget_older(c, bound, login, &self.me, self.now));
                self.check(done);
            }
        }
    }

    pub(super) fn lease(&mut self, source: &SourceName) -> Lease {
        let taken = self
            .connection
            .as_mut()
            .map(|connection| lease::take(connection, source, &self.me, self.now));
        self.check(taken).unwrap_or(Lease::Held)
    }

    pub(super) fn wish(&mut self, source: &SourceName, wish: Wish) {
        let wished = self
            .connection
            .as_ref()
            .map(|connection| lease::wish(connection, source, wish, self.now));
        self.check(wished);
    }

    pub(super) fn wishes(&mut self, source: &SourceName) -> Wishes {
        let wishes = self
            .connection
            .as_ref()
            .map(|connection| lease::wishes(connection, source, &self.me, self.now));
        self.check(wishes).unwrap_or_default()
    }

    pub(super) fn follow(
        &mut self,
        source: &SourceName,
        cursor: Cursor,
        bounds: &Bounds,
    ) -> Following {
        self.ensure();
        // The lease first: what its holder wrote before it ended is read after that.
        let lease = self.lease(source);
        let read = self
            .connection
            .as_ref()
            .map(|connection| rows::follow(connection, source, cursor));
        let (cursor, news) = self.check(read).unwrap_or((cursor, None));
        Following {
            lease,
            cursor,
            news: news.map(|(state, news)| (state, bounds.outward(news))),
        }
    }
}

//! How programs share what they ask for: who polls, who follows, and as which account.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::fact::Fact;
use crate::engine::db::{Cursor, Database, LEASE_SECS, Lease, Wish};
use crate::engine::poller::{Poller, Role};
use crate::engine::update::Update;
use crate::sources::Account;

/// How long others let a program poll of which they hear nothing.
const LEASE: TimeDelta = TimeDelta::seconds(LEASE_SECS);

impl Poller {
    /// Finds out as whom the source asks, before anything is shared with others; rows of another
    /// account than was thought take the place of what is shown.
    pub(super) async fn identify(&mut self) {
        let Some(db) = self.parts.db.clone() else {
            return;
        };
        let account = self.parts.source.account().await;
        if account == Account::Settled || self.account.as_ref() == Some(&account) {
            return;
        }
        let first = self.account.is_none();
        self.account = Some(account.clone());
        let name = self.parts.source.name().clone();
        if db.account(name.clone(), account).await {
            tracing::info!(source = %name, "it asks as another account than the last time");
            let loaded = db.load(vec![name.clone()]).await;
            self.parts.facts = loaded
                .facts
                .iter()
                .map(|row| Arc::clone(&row.fact))
                .collect();
            if !first {
                let facts = std::mem::take(&mut self.parts.facts);
                self.parts.source.restore(&facts);
            }
            self.tell(Update::Rebound {
                source: name,
                loaded: Box::new(loaded),
            })
            .await;
        }
        if !first {
            self.elect().await;
        }
    }

    /// Takes, keeps or loses the lease of the source.
    pub(super) async fn elect(&mut self) {
        let Some(db) = self.parts.db.clone() else {
            return;
        };
        if self.account == Some(Account::Unknown) {
            // Whose board it would follow cannot be told, nor who would follow this one.
            return;
        }
        let name = self.parts.source.name().clone();
        let lease = db.lease(name, self.wall()).await;
        match (lease, &self.role) {
            (Lease::Held, Role::Follows(_)) => self.take_over(&db).await,
            (Lease::Other, Role::Leads) => {
                self.role = Role::Follows(Cursor::default());
                self.follow().await;
            }
            (Lease::Held, Role::Leads) => self.led_at = self.wall(),
            (Lease::Other, Role::Follows(_)) => {}
        }
    }

    /// Returns whether this program polls the source. A program that was stopped, or slept, for
    /// longer than its lease looks first whether another one does by now.
    pub(super) async fn still_leads(&mut self) -> bool {
        let away = (self.wall() - self.led_at).abs();
        if away > LEASE && matches!(self.role, Role::Leads) {
            self.elect().await;
        }
        matches!(self.role, Role::Leads)
    }

    /// Leaves a wish for the program that polls the source; returns whether that is another one.
    pub(super) async fn wish(&mut self, wish: Wish) -> bool {
        let (Role::Follows(_), Some(db)) = (&self.role, self.parts.db.clone()) else {
            return false;
        };
        let name = self.parts.source.name().clone();
        db.wish(name, wish, self.wall()).await;
        true
    }

    /// Does what other programs want of the one that polls the source.
    pub(super) async fn hear_wishes(&mut self) {
        let (Role::Leads, Some(db)) = (&self.role, self.parts.db.clone()) else {
            return;
        };
        let wishes = db
            .wishes(self.parts.source.name().clone(), self.wall())
            .await;
        self.shared = wishes.shared;
        if wishes.history {
            self.schedule.hurry(self.now());
        }
        if wishes.refresh {
            tracing::debug!(source = %self.parts.source.name(), "another board asks for a refresh");
            self.schedule.refresh(self.now());
            self.report().await;
        }
    }

    /// Reads what the program that polls the source wrote since the last look.
    pub(super) async fn follow(&mut self) {
        let Role::Follows(cursor) = &self.role else {
            return;
        };
        let Some(db) = self.parts.db.clone() else {
            return;
        };
        let name = self.parts.source.name().clone();
        let followed = db.follow(name.clone(), *cursor, self.wall()).await;
        let first = cursor.is_fresh();
        self.role = Role::Follows(followed.cursor);
        if first || followed.news.is_some() {
            let (state, news) = followed.news.unwrap_or_default();
            self.tell(Update::Followed {
                source: name,
                state: state.map(Box::new),
                news: Box::new(news),
            })
            .await;
        }
        if followed.lease == Lease::Held {
            self.take_over(&db).await;
        }
    }

    async fn take_over(&mut self, db: &Database) {
        self.role = Role::Leads;
        self.led_at = self.wall();
        let name = self.parts.source.name().clone();
        tracing::info!(source = %name, "polling goes on here");
        let loaded = db.load(vec![name]).await;
        let facts: Vec<Arc<Fact>> = loaded.facts.into_iter().map(|row| row.fact).collect();
        self.parts.source.restore(&facts);
        self.renew();
        // What the one before was asked for, and did not live to do.
        self.hear_wishes().await;
        self.report().await;
    }
}

//! What the shell asks of the engine's task: orders to pollers, questions, the log that is followed.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{EngineCommand, Task};
use crate::domain::action::Target;
use crate::domain::diagnosis::LogKey;
use crate::domain::text::Clean;
use crate::engine::actions::Ask;
use crate::engine::follower::{Trip, follow, refuse};
use crate::engine::order::{Order, give};
use crate::engine::store::Inquiry;
use crate::engine::update::Update;

impl Task {
    pub(super) async fn obey(&mut self, command: EngineCommand, cancel: &CancellationToken) {
        match command {
            EngineCommand::Hurry => self.order_all(&Order::Hurry).await,
            EngineCommand::Tell => {
                self.gathers = false;
                self.tell();
            }
            EngineCommand::RefreshAll => self.order_all(&Order::Refresh).await,
            EngineCommand::Refresh(source) => {
                if let Some(orders) = self.orders.get(&source) {
                    let _given = give(orders, Order::Refresh).await;
                }
            }
            EngineCommand::Look(item) => {
                let snapshot = Arc::clone(&self.snapshots.borrow());
                let open = item.as_ref().and_then(|id| snapshot.find(id));
                let open = open.map(|item| &**item);
                self.store.look(item.as_ref(), open);
                self.apply(Vec::new());
                let repo = item
                    .and_then(|id| snapshot.find(&id).cloned())
                    .and_then(|item| item.repo.as_ref().map(|repo| Clean::line(repo.path())));
                self.order_all(&Order::Look(repo)).await;
            }
            EngineCommand::Pin(pins) => self.apply(vec![Update::Pinned(pins)]),
            EngineCommand::Practise(practice) => {
                // What asks for a typed word before it opens a gate goes by the same pattern.
                self.production.send_if_modified(|known| {
                    let known = known.as_mut();
                    known
                        .map(|it| it.clone_from(&practice.policy.production))
                        .is_some()
                });
                self.apply(vec![Update::Practised(practice)]);
            }
            EngineCommand::Focus(focused) => self.order_all(&Order::Focus(focused)).await,
            EngineCommand::Diagnose(key) => self.diagnose(key).await,
            EngineCommand::Follow(key) => self.follow(key, cancel),
            EngineCommand::Leave(key) => self.leave(&key),
            EngineCommand::Intend {
                id,
                verb,
                target,
                item,
            } => {
                let now = (self.clock)();
                let source = self.store.actor(target.source, &target.run);
                let target = Target { source, ..target };
                let repo = &target.run.repo;
                let stale = self.store.too_old(&target.source, repo, now);
                self.ask(Ask::Intend {
                    id,
                    verb,
                    target,
                    item,
                    stale,
                })
                .await;
            }
            EngineCommand::Confirm(id) => self.ask(Ask::Confirm(id)).await,
            EngineCommand::Dismiss(id) => self.ask(Ask::Dismiss(id)).await,
        }
    }

    /// The desk waits for this task where it tells news, so this one never waits for it for long.
    async fn ask(&self, ask: Ask) {
        if let Some(asks) = &self.asks
            && !give(asks, ask).await
        {
            tracing::error!("the task that acts does not listen");
        }
    }

    /// Finds out why a job failed, unless that is known and its log is here.
    async fn diagnose(&mut self, key: LogKey) {
        let has_log = self.logs.has(&key);
        if let Inquiry::Ask(source) = self.store.inquire(&key, has_log) {
            let asked = match self.orders.get(&source) {
                Some(orders) => give(orders, Order::Diagnose(key.clone())).await,
                None => false,
            };
            if !asked {
                let why = if self.polling {
                    "the source has too much to do: try it again"
                } else {
                    "the log is not here, and no source is asked"
                };
                self.store.inquiry_failed(&key, why);
            }
        }
        self.snapshots
            .send_replace(self.store.snapshot((self.clock)()));
    }

    async fn order_all(&self, order: &Order) {
        for orders in self.orders.values() {
            let _given = give(orders, order.clone()).await;
        }
    }

    /// Begins to read on in a log; the one before is left.
    fn follow(&mut self, key: LogKey, cancel: &CancellationToken) {
        if let Some((_, end)) = self.following.take() {
            end.cancel();
        }
        let source = self.store.teller_of(&key.run).cloned();
        let mut sources = self.sources.iter();
        let source = source.and_then(|name| sources.find(|source| *source.name() == name));
        let Some(source) = source.filter(|_| self.polling) else {
            let why = if self.polling {
                "no source knows this run"
            } else {
                "no source is asked"
            };
            return refuse(&*self.logs, &key, why);
        };
        let Some(host) = self.hosts.get(source.host()) else {
            return;
        };
        let end = cancel.child_token();
        let trip = Trip {
            source: Arc::clone(source),
            host: Arc::clone(host),
            logs: Arc::clone(&self.logs),
            clock: Arc::clone(&self.clock),
            key: key.clone(),
            commands: self.commands.clone(),
        };
        self.following = Some((key, end.clone()));
        self.tracker.spawn(async move {
            let _ = end.run_until_cancelled(follow(trip)).await;
        });
    }

    /// Ends reading on in a log, if it is that one.
    fn leave(&mut self, key: &LogKey) {
        if let Some((_, end)) = self.following.take_if(|(followed, _)| followed == key) {
            end.cancel();
        }
    }
}

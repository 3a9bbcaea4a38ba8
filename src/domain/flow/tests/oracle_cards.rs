//! The definitions once more, slow and simple: cards, looked at hour by hour, and reviews.

use std::collections::BTreeSet;

use super::build::{NOW, at};
use super::oracle::{Expected, View, mean, median};
use crate::domain::Timestamp;
use crate::domain::change_request::Verdict;
use crate::domain::history::{CardRecord, ChangeLife, RunEnd, Standing};
use crate::domain::item::{Anchor, Outcome};
use crate::domain::key::{ItemId, RepoKey, ServiceName};
use crate::domain::stage::Stage;
use crate::domain::status::Status;

const HOUR: f64 = 3_600.0;

/// A card, as the definitions see it.
pub(super) struct Seen<'a> {
    pub(super) card: &'a CardRecord,
    pub(super) started: Option<Timestamp>,
    pub(super) complete: Option<Timestamp>,
    pub(super) gone: Option<Timestamp>,
    by_merge: bool,
}

const ACTIVE: [Status; 3] = [Status::Drafting, Status::Running, Status::Candidate];
const WAITS: [Status; 5] = [
    Status::Review,
    Status::Waiting,
    Status::Draft,
    Status::Acknowledged,
    Status::Finding,
];
const BY_HAND: [Status; 10] = [
    Status::Blocked,
    Status::ChangesRequested,
    Status::Flaky,
    Status::Failed,
    Status::Degraded,
    Status::RolledBack,
    Status::Incident,
    Status::Firing,
    Status::Drafting,
    Status::Mergeable,
];

impl<'a> Seen<'a> {
    fn of(card: &'a CardRecord) -> Option<Self> {
        let work = [Anchor::Ticket, Anchor::ChangeRequest, Anchor::Push];
        let moments: Vec<_> = card
            .timeline
            .moments()
            .iter()
            .filter(|m| m.at <= at(NOW))
            .collect();
        if moments.is_empty() || !work.contains(&card.life.anchor) {
            return None;
        }
        let first =
            |is: &dyn Fn(&Standing) -> bool| moments.iter().find(|m| is(&m.standing)).map(|m| m.at);
        let live = first(&|s| {
            matches!(s.stage, Stage::Operate | Stage::Monitor) && s.done != Some(Outcome::Dropped)
        });
        let stands = moments
            .iter()
            .find(|m| m.rule.as_str() == "merged-proxy")
            .map(|m| m.at);
        let done = moments[moments.len() - 1].standing.done;
        let mut over = None;
        for moment in &moments {
            over = moment.standing.done.and(over.or(Some(moment.at)));
        }
        let shipped = over.filter(|_| done == Some(Outcome::Shipped));
        let complete = live.or(stands).or(shipped);
        Some(Seen {
            card,
            started: first(&|s| s.stage != Stage::Plan),
            complete,
            gone: complete.or(over.filter(|_| done == Some(Outcome::Dropped))),
            by_merge: live.is_none(),
        })
    }

    fn repos(&self) -> Vec<RepoKey> {
        let changes = self.card.life.changes.iter().map(|c| c.repo.clone());
        self.card.life.repo.iter().cloned().chain(changes).collect()
    }

    /// Every hour from the start to the end, with what it stood in.
    fn each_hour(&self) -> Vec<&Standing> {
        let (Some(started), Some(complete)) = (self.started, self.complete) else {
            return Vec::new();
        };
        let hours = (0..2_000)
            .map(at)
            .filter(|hour| *hour >= started && *hour < complete);
        hours
            .filter_map(|hour| self.card.timeline.at(hour))
            .map(|m| &m.standing)
            .collect()
    }

    fn is_open_at(&self, moment: Timestamp) -> bool {
        self.started.is_some_and(|at| at <= moment) && self.gone.is_none_or(|at| at > moment)
    }
}

impl<'a> View<'a> {
    pub(super) fn cards(&self, bots: bool) -> Vec<Seen<'a>> {
        let seen = self.ledger.cards.iter().filter_map(Seen::of);
        let mine = seen.filter(|seen| seen.card.life.bot == bots);
        mine.filter(|seen| self.is_of(&seen.card.life.services, &seen.repos()))
            .collect()
    }

    /// Cards that were done in the window, each with what `value` makes of it.
    fn done(&self, bots: bool, value: impl Fn(&Seen<'_>) -> Vec<f64>) -> Vec<(Timestamp, f64)> {
        let mut points = Vec::new();
        for seen in self.cards(bots) {
            let complete = seen.complete.filter(|at| self.sees(*at));
            points.extend(
                complete
                    .into_iter()
                    .flat_map(|at| value(&seen).into_iter().map(move |value| (at, value))),
            );
        }
        points
    }

    pub(super) fn throughput(&self, bots: bool) -> Expected {
        let points = self.done(bots, |_| vec![1.0]);
        Expected {
            value: (self.days() > 0.0).then(|| points.len() as f64 / self.days() * 7.0),
            points,
            open: 0,
        }
    }

    pub(super) fn cycle(&self, bots: bool) -> Expected {
        median(self.done(bots, |seen| {
            let hours = seen.each_hour().len() as f64;
            if hours > 0.0 {
                vec![hours * HOUR]
            } else {
                Vec::new()
            }
        }))
    }

    pub(super) fn cycle_in(&self, stage: Stage) -> Expected {
        median(self.done(false, |seen| {
            let hours = seen.each_hour().iter().filter(|s| s.stage == stage).count();
            if hours > 0 {
                vec![hours as f64 * HOUR]
            } else {
                Vec::new()
            }
        }))
    }

    /// The part of all cycle time in some statuses.
    pub(super) fn part(&self, waits: bool) -> Expected {
        let statuses: &[Status] = if waits { &WAITS } else { &ACTIVE };
        let count = |seen: &Seen<'_>| {
            seen.each_hour()
                .iter()
                .filter(|s| statuses.contains(&s.status))
                .count() as f64
        };
        let points = self.done(false, |seen| {
            let all = seen.each_hour().len() as f64;
            if all > 0.0 {
                vec![count(seen) / all]
            } else {
                Vec::new()
            }
        });
        let sums = self.done(false, |seen| vec![count(seen)]);
        let all = self.done(false, |seen| vec![seen.each_hour().len() as f64]);
        let sum = |points: &[(Timestamp, f64)]| points.iter().map(|(_, v)| v).sum::<f64>();
        Expected {
            value: (points.len() >= 5).then(|| sum(&sums) / sum(&all)),
            points,
            open: 0,
        }
    }

    pub(super) fn handoffs(&self) -> Expected {
        median(self.done(false, |seen| {
            let mut before: Option<BTreeSet<String>> = None;
            let mut changed = 0.0;
            for standing in seen.each_hour() {
                let held = standing
                    .holders
                    .iter()
                    .map(|p| format!("{p:?}"))
                    .collect::<BTreeSet<_>>();
                if !held.is_empty() {
                    if before.as_ref().is_some_and(|before| *before != held) {
                        changed += 1.0;
                    }
                    before = Some(held);
                }
            }
            if seen.each_hour().is_empty() {
                Vec::new()
            } else {
                vec![changed]
            }
        }))
    }

    pub(super) fn by_machine(&self) -> Expected {
        mean(self.done(false, |seen| {
            let hours = seen.each_hour();
            let visits = hours.chunk_by(|a, b| a.stage == b.stage);
            let machine = [Stage::Build, Stage::Test, Stage::Release, Stage::Deploy];
            let visits = visits.filter(|visit| machine.contains(&visit[0].stage));
            let by_hand = |s: &&&Standing| WAITS.contains(&s.status) || BY_HAND.contains(&s.status);
            visits
                .map(|visit| {
                    if visit.iter().any(|s| by_hand(&s)) {
                        0.0
                    } else {
                        1.0
                    }
                })
                .collect()
        }))
    }

    /// Cards in progress now, each with its age.
    pub(super) fn ages(&self) -> Vec<(Timestamp, f64)> {
        let open = self
            .cards(false)
            .into_iter()
            .filter(|seen| seen.is_open_at(at(NOW)));
        let started = open.filter_map(|seen| seen.started);
        started
            .map(|started| (started, (at(NOW) - started).num_seconds() as f64))
            .collect()
    }

    /// How far Little's law is off, with work in progress counted every hour.
    pub(super) fn little(&self) -> Option<f64> {
        let first = (-400..NOW).find(|hour| at(*hour) >= self.from)?;
        let hours = (first..NOW).map(at);
        let cards = self.cards(false);
        let open = |hour| cards.iter().filter(|seen| seen.is_open_at(hour)).count() as f64;
        let length = (NOW - first) as f64;
        let present: f64 = hours.map(open).sum::<f64>() / length;
        let cycle = self.cycle(false);
        let n = cycle.points.len() as f64;
        let mean = cycle
            .points
            .iter()
            .map(|(_, value)| value / HOUR)
            .sum::<f64>()
            / n;
        let off = (present - n / length * mean).abs() / present;
        (n >= 5.0 && present > 0.0).then_some(off)
    }

    /// How many cards stand in a stage or past it at a moment.
    pub(super) fn entered(&self, stage: Stage, by: Timestamp) -> usize {
        let stands = |seen: &&Seen<'_>| {
            let Some(there) = seen.card.timeline.at(by.min(at(NOW))) else {
                return false;
            };
            match there.standing.done {
                Some(Outcome::Shipped) => true,
                Some(Outcome::Dropped) => false,
                None => there.standing.stage >= stage,
            }
        };
        self.cards(false).iter().filter(stands).count()
    }

    /// What is released or merged where nothing is deployed: when, and since the first commit.
    pub(super) fn proxied(&self) -> (Vec<(Timestamp, f64)>, bool) {
        let points = self.done(false, |seen| {
            let first = seen
                .card
                .life
                .changes
                .iter()
                .filter_map(|c| c.first_commit_at)
                .min();
            let length = first
                .zip(seen.complete)
                .map(|(from, to)| (to - from).num_seconds());
            length
                .filter(|length| *length >= 0)
                .map(|length| length as f64)
                .into_iter()
                .collect()
        });
        let mut all = self
            .cards(false)
            .into_iter()
            .filter(|seen| seen.complete.is_some());
        (points, all.any(|seen| !seen.by_merge))
    }

    pub(super) fn gates(&self) -> Expected {
        let mut points = Vec::new();
        for seen in self.cards(false).iter().chain(&self.cards(true)) {
            let waits = |hour: i64| {
                let moment = seen.card.timeline.at(at(hour));
                moment.is_some_and(|m| m.standing.status == Status::Waiting)
            };
            let mut since = None;
            for hour in -1..=NOW {
                match (waits(hour), since) {
                    (true, None) => since = Some(hour),
                    (false, Some(from)) => {
                        points.push((at(hour), (hour - from) as f64 * HOUR));
                        since = None;
                    }
                    _ => {}
                }
            }
        }
        points.retain(|(moment, _)| self.sees(*moment));
        median(points)
    }
}

/// A change request once, with the services of all its cards.
struct Asked<'a> {
    life: &'a ChangeLife,
    services: Vec<ServiceName>,
    bot: bool,
}

impl<'a> View<'a> {
    fn changes(&self) -> Vec<Asked<'a>> {
        let mut found: Vec<(Asked<'_>, ItemId)> = Vec::new();
        for card in &self.ledger.cards {
            for life in &card.life.changes {
                let same = |asked: &&mut (Asked<'_>, ItemId)| {
                    asked.0.life.repo == life.repo && asked.0.life.number == life.number
                };
                if let Some((known, _)) = found.iter_mut().find(same) {
                    known.services.extend(card.life.services.iter().cloned());
                    continue;
                }
                let bot = life
                    .author
                    .as_ref()
                    .map_or(card.life.bot, |author| author.bot);
                let services = card.life.services.clone();
                found.push((
                    Asked {
                        life,
                        services,
                        bot,
                    },
                    card.life.id.clone(),
                ));
            }
        }
        let all = found
            .into_iter()
            .map(|(asked, _)| asked)
            .filter(|asked| !asked.bot);
        all.filter(|a| self.is_of(&a.services, std::slice::from_ref(&a.life.repo)))
            .collect()
    }

    /// Notes of others than the author, in order.
    fn notes(life: &ChangeLife) -> Vec<(Timestamp, String, Verdict)> {
        let author = life.author.as_ref().map(|who| who.login.to_string());
        let people = life.reviews.iter().filter(|n| !n.by.bot && n.at <= at(NOW));
        let mut notes: Vec<_> = people
            .filter(|n| Some(n.by.login.to_string()) != author)
            .map(|n| (n.at, n.by.login.to_string(), n.verdict.clone()))
            .collect();
        notes.sort_by_key(|(at, who, _)| (*at, who.clone()));
        notes.dedup();
        notes
    }

    pub(super) fn first_review(&self, approvals: bool) -> Expected {
        let mut points = Vec::new();
        for asked in self
            .changes()
            .iter()
            .filter(|asked| asked.life.reviews_known)
        {
            let ready = asked.life.ready_at.unwrap_or(asked.life.opened_at);
            let mut notes = Self::notes(asked.life)
                .into_iter()
                .filter(|(at, ..)| *at >= ready);
            let first = notes.find(|(.., verdict)| !approvals || *verdict == Verdict::Approved);
            let first = first.filter(|(at, ..)| self.sees(*at));
            points.extend(first.map(|(at, ..)| (at, (at - ready).num_seconds() as f64)));
        }
        median(points)
    }

    fn merged(&self, value: impl Fn(&ChangeLife, Timestamp) -> Option<f64>) -> Expected {
        let changes = self.changes();
        let merged = changes
            .iter()
            .filter_map(|a| Some((a.life, a.life.merged_at?)));
        let seen = merged.filter(|(_, at)| self.sees(*at));
        median(
            seen.filter_map(|(life, at)| Some((at, value(life, at)?)))
                .collect(),
        )
    }

    pub(super) fn size(&self) -> Expected {
        self.merged(|life, _| Some((life.additions? + life.deletions?) as f64))
    }

    pub(super) fn rounds(&self) -> Expected {
        self.merged(|life, merged| {
            let mut open: BTreeSet<String> = BTreeSet::new();
            let mut rounds = 0.0;
            for (_, who, verdict) in Self::notes(life).into_iter().filter(|n| n.0 <= merged) {
                if verdict == Verdict::ChangesRequested {
                    if open.is_empty() || open.contains(&who) {
                        rounds += 1.0;
                        open = BTreeSet::new();
                    }
                    open.insert(who);
                } else if matches!(verdict, Verdict::Approved | Verdict::Dismissed) {
                    open.remove(&who);
                }
            }
            life.reviews_known.then_some(rounds)
        })
    }

    pub(super) fn wait(&self) -> Expected {
        self.merged(|life, merged| {
            let notes: Vec<_> = Self::notes(life)
                .into_iter()
                .filter(|n| n.0 <= merged)
                .collect();
            let bad = |v: &Verdict| matches!(v, Verdict::ChangesRequested | Verdict::Dismissed);
            let after = notes
                .iter()
                .rposition(|(.., v)| bad(v))
                .map_or(0, |place| place + 1);
            let mut rest = notes.iter().skip(after);
            let approved = rest.find(|(.., v)| *v == Verdict::Approved)?.0;
            let mut workflows: Vec<(String, Timestamp)> = Vec::new();
            for run in &self.ledger.runs {
                let mine = run.repo == life.repo && run.change.is_some();
                if !mine || run.sha.is_none() || run.sha != life.head_sha {
                    continue;
                }
                for attempt in run.attempts.iter().filter(|a| a.end == RunEnd::Passed) {
                    let end = attempt.finished_at.filter(|end| *end <= at(NOW));
                    workflows.extend(end.map(|end| (run.workflow.to_string(), end)));
                }
            }
            let earliest = |name: &str| workflows.iter().filter(|w| w.0 == name).map(|w| w.1).min();
            let green = workflows
                .iter()
                .filter_map(|(name, _)| earliest(name))
                .max();
            let from = green.map_or(approved, |green| green.min(merged).max(approved));
            life.reviews_known
                .then(|| (merged - from).num_seconds() as f64)
        })
    }
}

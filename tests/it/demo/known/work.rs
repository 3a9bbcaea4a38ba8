//! The ways of cards from the start of work to their users, by brute force.

use super::delivery::{ancestors, lives};
use super::*;

/// A piece of work as the team saw it.
pub(super) struct Piece {
    pub(super) bot: bool,
    /// When work on it was seen to begin.
    pub(super) started: i64,
    pub(super) complete: Option<i64>,
    /// When it was given up.
    pub(super) dropped: Option<i64>,
}

impl Piece {
    /// Returns when it was no longer under way.
    pub(super) fn ended(&self) -> Option<i64> {
        self.complete.or(self.dropped)
    }
}

/// Returns when a commit was first in production.
pub(super) fn live_at(of: &Of<'_>, sha: &str) -> Option<i64> {
    let mut lives = lives(of).into_iter();
    let first = lives.find(|live| ancestors(of.state, live.sha).contains(sha));
    first.map(|live| live.at)
}

/// Returns the services, of a mono-repo by the files of a pull request.
pub(super) fn service_of<'a>(state: &'a RepoState, pull: &Pull) -> Of<'a> {
    let services = &state.spec.services;
    let touches = |service: &&Service| {
        let place = format!("services/{}/", service.name);
        pull.files.iter().any(|file| file.starts_with(&place))
    };
    let service = services.iter().find(touches).unwrap_or(&services[0]);
    Of { state, service }
}

/// The pieces of work of one repository that are known.
pub(super) fn pieces(state: &RepoState, from: i64) -> Vec<Piece> {
    let mut all = Vec::new();
    for pull in &state.pulls {
        if pull.closed_at.is_some_and(|at| at.timestamp() < from) {
            continue;
        }
        let of = service_of(state, pull);
        let merged = pull.merge_sha.as_deref();
        all.push(Piece {
            bot: is_bot(pull.author),
            started: begun(state, pull),
            complete: merged.and_then(|sha| live_at(&of, sha)),
            dropped: pull
                .closed_at
                .filter(|_| merged.is_none())
                .map(|at| at.timestamp()),
        });
    }
    let of = Of {
        state,
        service: &state.spec.services[0],
    };
    let pushed = state.commits.values().filter(|commit| {
        let at = commit.at.timestamp();
        commit.pull.is_none() && commit.message.starts_with("Revert ") && at >= from
    });
    all.extend(pushed.map(|commit| Piece {
        bot: false,
        started: commit.at.timestamp(),
        complete: live_at(&of, &commit.sha),
        dropped: None,
    }));
    all.extend(taken(state));
    all
}

/// Tickets that somebody has taken and of which there is no pull request yet.
fn taken(state: &RepoState) -> impl Iterator<Item = Piece> {
    let alone = state.issues.iter().filter(|issue| {
        let pulls = &state.pulls;
        !pulls.iter().any(|pull| pull.closes.contains(&issue.number))
    });
    alone.filter_map(|issue| match issue.status {
        Some(("In progress", at)) => Some(Piece {
            bot: false,
            started: at.timestamp(),
            complete: None,
            dropped: None,
        }),
        _ => None,
    })
}

/// Of what is over no forge tells when somebody took it: it is seen to begin with its pull
/// request. What is open says since when it is in progress.
pub(super) fn begun(state: &RepoState, pull: &Pull) -> i64 {
    let opened = pull.created_at.timestamp();
    let ticket = state
        .issues
        .iter()
        .find(|it| pull.closes.contains(&it.number));
    let since = ticket.and_then(|ticket| ticket.status);
    match since {
        Some(("In progress", at)) => opened.min(at.timestamp()),
        _ => opened,
    }
}

/// Everything that is counted by pieces of work of one repository.
pub(super) fn truth(state: &RepoState, from: i64, truth: &mut Truth) {
    for piece in pieces(state, from) {
        let Some(complete) = piece.complete else {
            continue;
        };
        let (throughput, cycle) = if piece.bot {
            ("throughput_bots", "cycle_time_bots")
        } else {
            ("throughput", "cycle_time")
        };
        truth.add(throughput, complete, 1.0);
        truth.span(cycle, complete, piece.started, complete);
    }
}

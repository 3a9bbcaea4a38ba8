//! What correlation asks of a source: whose a need is, when it is asked, in which order.
//!
//! The rules that all share, with the account of one fetch of needs. How a need is
//! answered, and what else an adapter knows of it, is the adapter's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::detail::is_detail;
use crate::domain::Timestamp;
use crate::domain::commit::{Lost, Range, Relation};
use crate::domain::correlate::Need;
use crate::domain::diagnosis::LogState;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::text::Clean;
use crate::sources::http::Failure;
use crate::sources::{Batch, Capability, CapabilityState, SourceError, Tier};

/// How many needs a forge answers in one fetch.
pub(super) const AT_ONCE: usize = 8;

/// The name of the capability to read what happened before the board watched.
pub(super) const PAST: &str = "past";

/// How many logs are read in one fetch.
const LOGS_AT_ONCE: usize = 2;

/// For how long an answer, or the lack of one, is not asked for again.
const AGAIN: TimeDelta = TimeDelta::hours(1);

/// How much of that a log that was not there yet has waited already: it is there in a minute.
const EARLY: TimeDelta = TimeDelta::minutes(59);

/// Returns that the past is not read from this kind of server, and why.
pub(super) fn no_past(why: &str) -> Capability {
    Capability {
        name: PAST,
        state: CapabilityState::Missing(Clean::line(why)),
    }
}

/// Returns the repository that a need is about.
pub(super) fn repo_of(need: &Need) -> &RepoKey {
    match need {
        Need::Range { repo, .. }
        | Need::Jobs { repo, .. }
        | Need::Paths { repo, .. }
        | Need::Times { repo, .. }
        | Need::Gates { repo, .. }
        | Need::ManualJobs { repo, .. }
        | Need::Diagnosis { repo, .. }
        | Need::Attempts { repo, .. }
        | Need::History { repo, .. } => repo,
    }
}

/// Returns the key by which a forge finds the repository of a need.
pub(super) fn path_of(need: &Need) -> String {
    repo_of(need).path().to_ascii_lowercase()
}

/// When a need is answered, soonest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Turn {
    /// At once: the board shows it.
    Now,
    /// After that: it is long past, never changes, and there are many.
    Past,
    /// Last: history alone reads it.
    Spare,
}

impl Turn {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Now, Self::Past, Self::Spare];

    /// Returns when a need is answered.
    pub(super) fn of(need: &Need) -> Self {
        match need {
            Need::Range { .. } => Self::Past,
            Need::Times { .. } => Self::Spare,
            Need::Jobs { .. }
            | Need::Paths { .. }
            | Need::Gates { .. }
            | Need::ManualJobs { .. }
            | Need::Diagnosis { .. }
            | Need::Attempts { .. }
            | Need::History { .. } => Self::Now,
        }
    }

    /// Returns the tier in which it is polled.
    pub(super) fn tier(self) -> Tier {
        match self {
            Self::Now => Tier::Now,
            Self::Past => Tier::Past,
            Self::Spare => Tier::Spare,
        }
    }

    /// Returns its word in the name of a resource.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Now => "needs",
            Self::Past => "past",
            Self::Spare => "times",
        }
    }

    /// Returns the turn that a resource with this word is about.
    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|turn| turn.word() == word)
    }
}

/// Returns whether a need that was asked at that time is to be asked now.
pub(super) fn is_time(asked: Option<&Timestamp>, now: Timestamp) -> bool {
    asked.is_none_or(|at| *at < now && now - *at >= AGAIN)
}

/// Takes in what is asked for: that of the forge at `place`, and not of another system's runs.
pub(super) fn ask_for(
    all: &BTreeSet<Need>,
    place: &str,
    (needs, answered): (&mut BTreeSet<Need>, &mut BTreeMap<Need, Timestamp>),
) {
    let ours = |need: &&Need| !need.is_foreign() && repo_of(need).place() == place;
    *needs = all.iter().filter(ours).cloned().collect();
    // What nobody asks for any more need not be remembered, but for ranges: they never change.
    answered.retain(|need, _| Turn::of(need) == Turn::Past || needs.contains(need));
}

/// Returns the need that a stored fact answers for ever.
pub(super) fn answered_by(fact: &Fact) -> Option<Need> {
    match fact {
        // A commit that was not there may be pushed yet; correlation says when to ask again.
        Fact::Range(range) if range.lost().next().is_some() => None,
        Fact::Range(range) => Some(Need::Range {
            repo: range.repo.clone(),
            from: range.from.clone(),
            to: range.to.clone(),
        }),
        Fact::Diagnosis(found) if found.log != LogState::NotYet => Some(Need::Diagnosis {
            repo: found.run.repo.clone(),
            run: found.run.id,
            job: found.job,
        }),
        Fact::Diagnosis(_)
        | Fact::Repository(_)
        | Fact::Commit(_)
        | Fact::Ticket(_)
        | Fact::ChangeRequest(_)
        | Fact::ChangedPaths(_)
        | Fact::ChangeTimes(_)
        | Fact::Run(_)
        | Fact::JobSet(_)
        | Fact::EarlierJobs(_)
        | Fact::GateSet(_)
        | Fact::Release(_)
        | Fact::Environment(_)
        | Fact::Deployment(_)
        | Fact::Alert(_)
        | Fact::Finding(_) => None,
    }
}

/// Returns what is answered in one fetch: logs are large, so few of them.
pub(super) fn choose<'n>(due: impl Iterator<Item = &'n Need>, most: usize) -> Vec<Need> {
    let mut logs = 0;
    let fits = |need: &&Need| {
        let is_log = matches!(need, Need::Diagnosis { .. });
        logs += usize::from(is_log);
        !is_log || logs <= LOGS_AT_ONCE
    };
    due.filter(fits).take(most).cloned().collect()
}

/// The same, and the repositories in which something happened last come first.
pub(super) fn newest_first<'n>(
    due: impl Iterator<Item = &'n Need>,
    most: usize,
    changed_at: impl Fn(&str) -> Option<Timestamp>,
) -> Vec<Need> {
    let mut due: Vec<&Need> = due.collect();
    due.sort_by_cached_key(|need| Reverse(changed_at(&path_of(need))));
    choose(due.into_iter(), most)
}

/// The account of one fetch of needs.
#[derive(Debug)]
pub(super) struct Round {
    now: Timestamp,
    batch: Batch,
    /// Noted where nothing is waited for any more: what is noted was handed over.
    answered: Vec<(Need, Timestamp)>,
    trouble: Option<SourceError>,
}

impl Round {
    /// Starts with nothing answered.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            batch: Batch::default(),
            answered: Vec::new(),
            trouble: None,
        }
    }

    /// Takes in an answer, and what was told before it failed; returns whether to go on.
    ///
    /// `shown` makes the words of an error fit to be shown.
    pub(super) fn take(
        &mut self,
        need: Need,
        (facts, failure): (Vec<Fact>, Option<Failure>),
        shown: impl Fn(&str) -> Clean,
    ) -> bool {
        let is_log = matches!(need, Need::Diagnosis { .. });
        let is_early = is_log && facts.is_empty() && failure.is_none();
        self.batch.facts.extend(facts);
        if let Some(Failure { error, .. }) = failure {
            if !is_detail(&error) {
                self.trouble = Some(error).filter(|_| self.batch.facts.is_empty());
                return false;
            }
            self.batch.warnings.push(shown(&error.to_string()));
        }
        let waited = if is_early { EARLY } else { TimeDelta::zero() };
        self.answered.push((need, self.now - waited));
        true
    }

    /// Notes what was answered, and returns what was read, or the trouble if that is nothing.
    pub(super) fn end(
        self,
        answered: &mut impl Extend<(Need, Timestamp)>,
    ) -> Result<Batch, SourceError> {
        answered.extend(self.answered);
        self.trouble.map_or(Ok(self.batch), Err)
    }
}

/// Returns what a forge says of two commits between which it compared nothing, by which of them it
/// has: of histories without a common commit neither contains the other.
pub(super) fn incomparable(repo: &RepoKey, (from, to): (&Sha, &Sha), here: (bool, bool)) -> Range {
    let relation = match here {
        (true, true) => Relation::Diverged,
        (false, true) => Relation::Absent(Lost::Older),
        (true, false) => Relation::Absent(Lost::Newer),
        (false, false) => Relation::Absent(Lost::Both),
    };
    Range {
        repo: repo.clone(),
        from: from.clone(),
        to: to.clone(),
        relation,
        commits: Vec::new(),
        complete: false,
        told: Vec::new(),
    }
}

/// Splits an answer into what was told and why no more was.
pub(super) fn parts(answer: Result<Vec<Fact>, Failure>) -> (Vec<Fact>, Option<Failure>) {
    match answer {
        Ok(facts) => (facts, None),
        Err(failure) => (Vec::new(), Some(failure)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::TimeDelta;

    use super::{Round, Turn, ask_for, choose, is_time, newest_first};
    use crate::domain::Timestamp;
    use crate::domain::correlate::Need;
    use crate::domain::fact::Fact;
    use crate::domain::key::{RepoKey, Sha};
    use crate::domain::run::{JobSet, RunKey, foreign_id};
    use crate::domain::text::Clean;
    use crate::sources::SourceError;
    use crate::sources::http::Failure;

    fn repo(path: &str) -> RepoKey {
        RepoKey::new("git.test", path)
    }

    fn log(job: u64) -> Need {
        let repo = repo("acme/api");
        Need::Diagnosis { repo, run: 9, job }
    }

    fn jobs(path: &str, run: u64) -> Need {
        let repo = repo(path);
        Need::Jobs { repo, run }
    }

    fn at(mins: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::minutes(mins)
    }

    fn told() -> Vec<Fact> {
        let repo = repo("acme/api");
        vec![Fact::JobSet(JobSet {
            run: RunKey { repo, id: 9 },
            attempt: 1,
            jobs: Vec::new(),
            complete: true,
        })]
    }

    fn down() -> Failure {
        Failure::of(SourceError::Unreachable {
            host: "git.test".to_owned(),
            cause: "it is down".to_owned(),
        })
    }

    fn missing() -> Failure {
        Failure::of(SourceError::NotFound {
            host: "git.test".to_owned(),
            what: "this run".to_owned(),
            near: None,
        })
    }

    #[test]
    fn few_logs_are_read_at_once() {
        let due = [log(1), log(2), log(3), jobs("acme/api", 1)];
        assert_eq!(choose(due.iter(), 8), [log(1), log(2), jobs("acme/api", 1)]);
        assert_eq!(choose(due.iter(), 1), [log(1)]);
    }

    #[test]
    fn where_something_happened_last_is_asked_first() {
        let due = [jobs("acme/a", 1), jobs("Acme/B", 2), jobs("acme/c", 3)];
        let changed = |path: &str| match path {
            "acme/a" => Some(at(1)),
            "acme/b" => Some(at(2)),
            _ => None,
        };
        let [a, b, c] = due.clone();
        assert_eq!(newest_first(due.iter(), 8, changed), [b, a, c]);
    }

    #[test]
    fn each_need_has_one_turn_and_each_turn_one_word() {
        let times = Need::Times {
            repo: repo("acme/api"),
            number: 7,
        };
        assert_eq!(Turn::of(&times), Turn::Spare);
        assert_eq!(Turn::of(&log(1)), Turn::Now);
        for turn in Turn::ALL {
            assert_eq!(Turn::named(turn.word()), Some(turn));
        }
        assert_eq!(Turn::named("probe"), None);
    }

    #[test]
    fn only_what_is_ours_is_asked_and_what_nobody_asks_is_forgotten() {
        let sha = |text: &str| Sha::parse(&text.repeat(40)).unwrap();
        let range = Need::Range {
            repo: repo("acme/api"),
            from: sha("a"),
            to: sha("b"),
        };
        let ours = jobs("acme/api", 1);
        let all = BTreeSet::from([
            ours.clone(),
            jobs("acme/api", foreign_id("ci.test", "9")),
            Need::Jobs {
                repo: RepoKey::new("other.test", "acme/api"),
                run: 1,
            },
        ]);
        let mut needs = BTreeSet::new();
        let mut answered = BTreeMap::from([(range.clone(), at(0)), (log(1), at(0))]);
        ask_for(&all, "git.test", (&mut needs, &mut answered));
        assert_eq!(needs, BTreeSet::from([ours]));
        assert_eq!(answered.into_keys().collect::<Vec<_>>(), [range]);
    }

    #[track_caller]
    fn check_wait(need: &Need, facts: Vec<Fact>, failure: Option<Failure>, mins: i64) {
        let mut round = Round::new(at(100));
        assert!(round.take(need.clone(), (facts, failure), Clean::line));
        let mut answered = BTreeMap::new();
        assert!(round.end(&mut answered).is_ok());
        let asked = answered.get(need);
        let early = is_time(asked, at(99 + mins));
        assert!(!early && is_time(asked, at(100 + mins)), "{need:?}");
    }

    #[test]
    fn what_has_no_answer_waits_for_an_hour_and_a_log_on_its_way_for_a_minute() {
        check_wait(&log(1), Vec::new(), None, 1);
        check_wait(&log(1), told(), None, 60);
        check_wait(&log(1), Vec::new(), Some(missing()), 60);
        check_wait(&jobs("acme/api", 1), Vec::new(), None, 60);
        assert!(is_time(None, at(0)) && !is_time(Some(&Timestamp::MAX_UTC), at(0)));
    }

    #[test]
    fn trouble_ends_the_round_and_is_told_where_nothing_was_read() {
        for facts in [Vec::new(), told()] {
            let is_empty = facts.is_empty();
            let mut round = Round::new(at(0));
            assert!(round.take(jobs("acme/api", 1), (facts, None), Clean::line));
            assert!(!round.take(log(1), (Vec::new(), Some(down())), Clean::line));
            let mut answered = BTreeMap::new();
            assert_eq!(round.end(&mut answered).is_err(), is_empty);
            assert_eq!(answered.len(), 1);
        }
    }
}

//! Whether what is known of a repository is fresh enough to be acted on. Pure.
//!
//! Said in one place: the engine refuses by it, and boards say it before they ask. It goes by the
//! repository: an old answer about another one keeps nobody from acting on this one.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::text::Clean;
use crate::engine::snapshot::{Health, Snapshot};

/// How old what is acted on may be: two rounds of the slowest polling of a repository.
const ACTED_ON: TimeDelta = TimeDelta::minutes(20);

/// Returns why what a source tells of a repository, read at this moment, is too old to act on, if
/// it is; `failing` are the polls of the source that fail at present.
pub(super) fn too_old(
    (source, health): (&SourceName, Health),
    (repo, read): (&RepoKey, Option<Timestamp>),
    failing: &[Clean],
    now: Timestamp,
) -> Option<Clean> {
    let path = repo.path();
    let failed = failing.iter().find(|poll| is_of(poll, path));
    let why = match (read, failed) {
        _ if is_closed(health) => format!(
            "source `{source}` does not answer as it should: {}",
            health.as_str()
        ),
        (Some(at), _) if now - at <= ACTED_ON => return None,
        (Some(at), None) => format!(
            "`{path}` was last read {} min ago: refresh it first",
            (now - at).num_minutes()
        ),
        (Some(at), Some(poll)) => format!(
            "`{path}` was last read {} min ago, and the newest poll of it failed ({poll})",
            (now - at).num_minutes()
        ),
        (None, None) => format!("`{path}` was not read yet"),
        (None, Some(poll)) => {
            format!("`{path}` was not read yet, and the newest poll of it failed ({poll})")
        }
    };
    Some(Clean::line(&why))
}

/// Returns whether nothing of a source can be had: its host is not reached, or takes no token. Any
/// other trouble may be that of one repository, or of one kind of question.
fn is_closed(health: Health) -> bool {
    matches!(health, Health::Unreachable | Health::Auth)
}

/// Returns whether a poll, told as `runs of acme/api: why`, is one of this repository.
fn is_of(poll: &str, path: &str) -> bool {
    let read = poll.split(": ").next().unwrap_or_default();
    let of = read.split_once(" of ").map(|(_, of)| of);
    of.is_some_and(|of| of.eq_ignore_ascii_case(path))
}

impl Snapshot {
    /// Returns why what is known of a repository is too old to act on, if it is.
    pub fn too_old(&self, source: &SourceName, repo: &RepoKey, now: Timestamp) -> Option<Clean> {
        let view = self.sources.iter().find(|view| view.name == *source)?;
        let read = self.source_confirmed(source, Some(repo));
        let read = read.or(view.last_success);
        too_old((source, view.health), (repo, read), &view.failing, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::correlate::testing::at;

    #[track_caller]
    fn check(health: Health, read: Option<i64>, expected: Option<&str>) {
        let source = SourceName::new("hub");
        let repo = RepoKey::new("forge.test", "acme/api");
        let read = read.map(|minutes| at(100) - TimeDelta::minutes(minutes));
        let found = too_old((&source, health), (&repo, read), &[], at(100));
        assert_eq!(found.as_deref(), expected, "{health:?}");
    }

    #[test]
    fn what_a_repository_is_known_of_decides_and_not_what_else_its_source_could_not_read() {
        for health in Health::ALL {
            let away = format!(
                "source `hub` does not answer as it should: {}",
                health.as_str()
            );
            let away = is_closed(health).then_some(away.as_str());
            check(health, Some(20), away);
            let old = "`acme/api` was last read 21 min ago: refresh it first";
            check(health, Some(21), away.or(Some(old)));
            check(health, None, away.or(Some("`acme/api` was not read yet")));
        }
        let closed: Vec<Health> = Health::ALL
            .into_iter()
            .filter(|it| is_closed(*it))
            .collect();
        assert_eq!(closed, [Health::Unreachable, Health::Auth]);
    }

    #[test]
    fn a_poll_of_this_very_repository_that_failed_is_said_and_one_of_another_is_not() {
        let source = SourceName::new("hub");
        let polls = [
            "runs of acme/api-two: it answered 500",
            "runs of Acme/Web: it answered 502",
            "times: it answered 503: of acme/api",
        ]
        .map(Clean::line);
        let told = |path, minutes: i64| {
            let repo = RepoKey::new("forge.test", path);
            let read = Some(at(100) - TimeDelta::minutes(minutes));
            too_old((&source, Health::Failing), (&repo, read), &polls, at(100))
        };
        assert_eq!(told("acme/web", 20), None, "it was read lately");
        let old = "`acme/api` was last read 21 min ago: refresh it first";
        assert_eq!(told("acme/api", 21).as_deref(), Some(old));
        let failed = "`acme/web` was last read 21 min ago, and the newest poll of it failed \
                      (runs of Acme/Web: it answered 502)";
        assert_eq!(told("acme/web", 21).as_deref(), Some(failed));
    }

    #[test]
    fn a_board_says_of_each_repository_what_the_engine_would_say() {
        let hub = SourceName::new("hub");
        let mut snapshot = Snapshot::default();
        let mut view = crate::ui::sample::source("hub", Health::Stale);
        view.last_success = Some(at(0));
        snapshot.sources.push(view);
        let old = at(0) - TimeDelta::minutes(30);
        snapshot.confirmed = [("acme/api", at(0)), ("acme/web", old)]
            .map(|(path, at)| ((hub.clone(), Clean::line(path)), at))
            .into_iter()
            .collect::<std::collections::HashMap<_, _>>()
            .into();
        let told = |path| snapshot.too_old(&hub, &RepoKey::new("forge.test", path), at(0));
        assert_eq!(told("Acme/API"), None);
        assert_eq!(
            told("acme/web").as_deref(),
            Some("`acme/web` was last read 30 min ago: refresh it first")
        );
        assert_eq!(told("acme/new"), None, "the source answered a moment ago");
    }
}

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
/// it is.
pub(super) fn too_old(
    (source, health): (&SourceName, Health),
    (repo, read): (&RepoKey, Option<Timestamp>),
    now: Timestamp,
) -> Option<Clean> {
    let why = match read {
        _ if health.is_away() => format!(
            "source `{source}` does not answer as it should: {}",
            health.as_str()
        ),
        Some(at) if now - at <= ACTED_ON => return None,
        Some(at) => format!(
            "`{}` was last read {} min ago: refresh it first",
            repo.path(),
            (now - at).num_minutes()
        ),
        None => format!("`{}` was not read yet", repo.path()),
    };
    Some(Clean::line(&why))
}

impl Snapshot {
    /// Returns why what is known of a repository is too old to act on, if it is.
    pub fn too_old(&self, source: &SourceName, repo: &RepoKey, now: Timestamp) -> Option<Clean> {
        let view = self.sources.iter().find(|view| view.name == *source)?;
        let read = self.source_confirmed(source, Some(repo));
        let read = read.or(view.last_success);
        too_old((source, view.health), (repo, read), now)
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
        let found = too_old((&source, health), (&repo, read), at(100));
        assert_eq!(found.as_deref(), expected, "{health:?}");
    }

    #[test]
    fn what_a_repository_is_known_of_decides_and_not_what_else_its_source_could_not_read() {
        for health in Health::ALL {
            let away = format!(
                "source `hub` does not answer as it should: {}",
                health.as_str()
            );
            let away = health.is_away().then_some(away.as_str());
            check(health, Some(20), away);
            let old = "`acme/api` was last read 21 min ago: refresh it first";
            check(health, Some(21), away.or(Some(old)));
            check(health, None, away.or(Some("`acme/api` was not read yet")));
        }
        let away: Vec<Health> = Health::ALL.into_iter().filter(|it| it.is_away()).collect();
        let expected = [
            Health::Unreachable,
            Health::Failing,
            Health::Unreadable,
            Health::Auth,
        ];
        assert_eq!(away, expected);
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

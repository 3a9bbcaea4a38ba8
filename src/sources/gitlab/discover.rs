//! Which projects: those that are named, those of groups and users, those that match.
//!
//! One list a group tells all of its projects and which of them moved; issues and
//! merge requests are then read group by group.

use std::collections::BTreeSet;

use super::api::{Listed, Poll, is_absent, is_refusal};
use super::map::delivery;
use super::state::{Project, State, is_below};
use super::{GitLab, wire};
use crate::config::SourceConfig;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::{Clean, nearest};
use crate::sources::http::Failure;
use crate::sources::selection::{glob, is_pattern, paths};
use crate::sources::{Batch, CapabilityState, SourceError};

/// How many pages of a group's projects are read.
const PAGES: usize = 30;

/// Returns whether the settings name this project, in full or by group or pattern.
pub(super) fn covers(config: &SourceConfig, path: &str) -> bool {
    let named = paths(&config.repos).any(|named| named.eq_ignore_ascii_case(path));
    let orgs = config.orgs.iter().map(|org| org.trim().trim_matches('/'));
    let mut patterns = config.repos.iter().filter(|pattern| is_pattern(pattern));
    named
        || orgs.into_iter().any(|org| is_below(path, org))
        || patterns.any(|pattern| matches(pattern, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    glob(pattern).is_some_and(|pattern| pattern.compile_matcher().is_match(path))
}

/// Returns the owners whose lists are read; `None` stands for all that the token is a member of.
fn owners(config: &SourceConfig) -> Vec<Option<String>> {
    let of_orgs = config.orgs.iter();
    let of_orgs = of_orgs.map(|org| Some(org.trim().trim_matches('/').to_owned()));
    let patterns = config.repos.iter().filter(|pattern| is_pattern(pattern));
    let of_patterns = patterns.map(|pattern| {
        let parts = pattern.trim().trim_matches('/').split('/');
        let fixed: Vec<&str> = parts.take_while(|part| !is_pattern(part)).collect();
        (!fixed.is_empty()).then(|| fixed.join("/"))
    });
    let mut owners: Vec<_> = of_orgs.chain(of_patterns).collect();
    owners.sort();
    owners.dedup();
    // What a group lists, its subgroups need not list again.
    let all = owners.clone();
    let is_inner = |owner: &Option<String>| {
        let path = owner.as_deref().unwrap_or_default();
        all.iter().flatten().any(|outer| is_below(path, outer))
    };
    owners.retain(|owner| !is_inner(owner));
    owners
}

/// What one round of lists told.
#[derive(Default)]
struct Found {
    projects: Vec<wire::Project>,
    groups: BTreeSet<String>,
    missing: Vec<SourceError>,
    incomplete: bool,
}

impl GitLab {
    /// Reads the lists of projects; those that left them are polled no more.
    pub(super) async fn discover(&self, poll: Poll) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let mut found = Found::default();
        for owner in owners(&self.config) {
            self.owned(owner.as_deref(), poll, &mut found, &mut batch)
                .await?;
        }
        let alone: Vec<String> = paths(&self.config.repos)
            .filter(|path| !found.groups.iter().any(|group| is_below(path, group)))
            .map(str::to_owned)
            .collect();
        let mut absent = Vec::new();
        for path in alone {
            match self.one(&["projects", &path], &[], poll).await {
                Ok((project, _)) => {
                    self.follow_name(&path, &project);
                    found.projects.push(project);
                }
                Err(failure) if is_absent(&failure) => absent.push(path),
                Err(failure) => return Err(failure.error),
            }
        }
        self.take_found(found, &absent, poll, &mut batch);
        Ok(batch)
    }

    /// Takes over what a name of the settings leads to: a project that was renamed or moved.
    fn follow_name(&self, path: &str, project: &wire::Project) {
        if path.eq_ignore_ascii_case(&project.path_with_namespace) {
            return;
        }
        let mut state = self.state();
        let old = state.projects.remove(&path.to_ascii_lowercase());
        if old.is_some() {
            state.leaving.insert(self.key(path));
        }
        let renamed = (
            path.to_ascii_lowercase(),
            project.path_with_namespace.clone(),
        );
        self.renamed().insert(renamed.0, renamed.1);
    }

    /// Returns the names of the settings that led to a project of another name.
    fn names_before(&self, path: &str) -> BTreeSet<RepoKey> {
        let renamed = self.renamed();
        let named = renamed.iter().filter(|(_, to)| *to == path);
        named.map(|(from, _)| self.key(from)).collect()
    }

    /// Lists what an owner has: as a group with its subgroups, or else as a user.
    async fn owned(
        &self,
        owner: Option<&str>,
        poll: Poll,
        found: &mut Found,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let query = [
            ("archived", "false"),
            ("order_by", "id"),
            ("sort", "asc"),
            ("per_page", "100"),
        ];
        let of_group = [
            &query[..],
            &[("include_subgroups", "true"), ("with_shared", "false")],
        ];
        let asked = match owner {
            None => {
                let member = [
                    &query[..],
                    &[("membership", "true"), ("pagination", "keyset")],
                ];
                self.list(&["projects"], &member.concat(), PAGES, poll)
                    .await
            }
            Some(owner) => {
                let route = ["groups", owner, "projects"];
                match self.list(&route, &of_group.concat(), PAGES, poll).await {
                    // A user is no group.
                    Err(failure) if is_absent(&failure) && !owner.contains('/') => {
                        let route = ["users", owner, "projects"];
                        self.list(&route, &query, PAGES, poll).await
                    }
                    Ok(listed) => {
                        found.groups.insert(owner.to_owned());
                        Ok(listed)
                    }
                    Err(failure) => Err(failure),
                }
            }
        };
        match asked {
            Ok(listed) => self.listed(owner, listed, found, batch),
            // One that is not there costs that one; the others are listed.
            Err(failure) if is_refusal(&failure) && (is_absent(&failure) || owner.is_some()) => {
                found.missing.push(self.of_owner(owner, failure)?);
            }
            Err(failure) => return Err(failure.error),
        }
        Ok(())
    }

    fn listed(
        &self,
        owner: Option<&str>,
        listed: Listed<wire::Project>,
        found: &mut Found,
        batch: &mut Batch,
    ) {
        let what = owner.map_or_else(|| "projects".to_owned(), |owner| format!("`{owner}`"));
        self.warn(&what, &listed.list, batch);
        found.incomplete |= !listed.is_whole();
        if let Some(trouble) = &listed.trouble {
            batch
                .warnings
                .push(self.port.shown(&trouble.error.to_string()));
        }
        if let Some(owner) = owner.filter(|_| listed.is_whole() && listed.list.items.is_empty()) {
            let text = format!("`{owner}` has no project that this token may see");
            batch.warnings.push(Clean::line(&text));
            batch.covered.push(Clean::line(owner));
        }
        found.projects.extend(listed.list.items);
    }

    /// Names the owner in place of the route; a wrong address is no matter of an owner.
    fn of_owner(&self, owner: Option<&str>, failure: Failure) -> Result<SourceError, SourceError> {
        let what = owner.map_or_else(
            || "the list of projects".to_owned(),
            |owner| format!("the group `{}`", Clean::line(owner)),
        );
        let host = self.port.host().to_owned();
        if let SourceError::Forbidden { permission, .. } = failure.error {
            return Ok(SourceError::Forbidden {
                host,
                what,
                permission,
            });
        }
        if failure.said.is_none() {
            return Err(failure.error);
        }
        Ok(SourceError::NotFound {
            host,
            what,
            near: None,
        })
    }

    fn take_found(&self, mut found: Found, absent: &[String], poll: Poll, batch: &mut Batch) {
        let (polled, others) = found.projects.into_iter().partition(|project| {
            let path = &project.path_with_namespace;
            let dying = project.marked_for_deletion_at.is_some();
            !dying && (covers(&self.config, path) || self.renamed().values().any(|to| to == path))
        });
        found.projects = polled;
        let others: Vec<wire::Project> = others;
        if found.incomplete {
            let text = "not every project could be listed";
            batch.warnings.push(Clean::line(text));
        }
        let mut state = self.state();
        state.ignored = others.iter().map(|project| project.id).collect();
        for wire in &found.projects {
            let mut former = self.names_before(&wire.path_with_namespace);
            if let Some(before) = state.identify(&wire.path_with_namespace, wire.id) {
                state.leaving.insert(self.key(&before));
                former.insert(self.key(&before));
            }
            let tip = take_project(&mut state, wire);
            let key = self.key(&wire.path_with_namespace);
            let mut fact = delivery::repository(&key, wire, tip.as_ref());
            if let Some(project) = state.known(&wire.path_with_namespace) {
                project.former.append(&mut former);
                fact.renamed_from = project.former.iter().cloned().collect();
                project.told = Some(fact.clone());
            }
            batch.facts.push(Fact::Repository(fact));
        }
        for path in absent {
            if let Some(project) = state.known(path) {
                project.misses = project.misses.saturating_add(1);
                // Twice in a row: it is gone, or hidden for good.
                if project.misses == 2 {
                    batch.gone_repos.push(self.key(path));
                }
            }
        }
        state.groups = found.groups;
        state.discovered_at = Some(poll.now);
        state.rediscover = false;
        if !found.incomplete && found.missing.is_empty() {
            let named = paths(&self.config.repos).map(str::to_ascii_lowercase);
            let listed = found.projects.iter();
            let listed = listed.map(|project| project.path_with_namespace.to_ascii_lowercase());
            let stays: BTreeSet<String> = listed.chain(named).collect();
            let left: Vec<String> = state
                .projects
                .extract_if(.., |path, _| !stays.contains(path))
                .map(|(_, project)| project.path)
                .collect();
            state.leaving.extend(left.iter().map(|path| self.key(path)));
            state.all_found = true;
        }
        self.tell_what_is_off(&state);
        let missing = found.missing.into_iter();
        state.missing_owners = missing.map(|error| with_near(&state, error)).collect();
    }

    /// Tells what no project has switched on: it is never asked for, so no list tells.
    fn tell_what_is_off(&self, state: &State) {
        let known = || state.projects.values().filter(|it| it.id.is_some());
        let Some(first) = known().next() else { return };
        let place = match known().count() {
            1 => format!("`{}`", first.path),
            _ => "all projects".to_owned(),
        };
        let why = Clean::line(&format!("they are switched off in {place}"));
        let is_off = [
            (super::ISSUES, known().all(|it| it.no_issues)),
            (super::CHANGES, known().all(|it| it.no_changes)),
            (super::RUNS, known().all(|it| it.no_ci)),
        ];
        for (name, off) in is_off {
            if off {
                let missing = CapabilityState::Missing(why.clone());
                self.port.can(name, missing);
            }
        }
    }

    /// Asks which projects of a group moved: those at the top of the list.
    pub(super) async fn activity(
        &self,
        group: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let query = [
            ("include_subgroups", "true"),
            ("with_shared", "false"),
            ("archived", "false"),
            ("order_by", "last_activity_at"),
            ("sort", "desc"),
            ("simple", "true"),
            ("per_page", "100"),
        ];
        let route = ["groups", group, "projects"];
        let listed = match self.list::<wire::Project>(&route, &query, 1, poll).await {
            Ok(listed) => listed,
            Err(failure) if is_absent(&failure) => {
                // It was renamed, or is gone: the lists of projects tell.
                self.state().rediscover = true;
                return Ok(());
            }
            Err(failure) => return Err(failure.error),
        };
        self.warn(group, &listed.list, batch);
        let mut state = self.state();
        for wire in listed.list.items {
            let path = &wire.path_with_namespace;
            let same = state.projects.get(&path.to_ascii_lowercase());
            match same.map(|known| known.id == Some(wire.id)) {
                Some(true) => {
                    if let Some(known) = state.known(path) {
                        moved(known, wire.last_activity_at);
                    }
                }
                Some(false) => state.rediscover = true,
                None => {
                    let is_new = !state.ignored.contains(&wire.id);
                    state.rediscover |= is_new && covers(&self.config, path);
                }
            }
        }
        Ok(())
    }

    /// Returns the repositories that are polled no more and were not told to be gone yet.
    pub(super) fn left(&self) -> Vec<RepoKey> {
        let mut state = self.state();
        if state.all_found && !state.stored.is_empty() {
            let stored = std::mem::take(&mut state.stored);
            let strange = stored.into_iter().filter(|key| !state.polls(key));
            let strange: Vec<RepoKey> = strange.collect();
            state.leaving.extend(strange);
        }
        let left = std::mem::take(&mut state.leaving);
        for key in &left {
            state.memory.forget(key);
        }
        left.into_iter().collect()
    }
}

/// Adds to a group that is not there the one that was probably meant.
fn with_near(state: &State, error: SourceError) -> SourceError {
    let SourceError::NotFound { host, what, .. } = &error else {
        return error;
    };
    let wanted = what.split('`').nth(1).unwrap_or_default();
    let others = state.groups.iter().map(String::as_str);
    SourceError::NotFound {
        host: host.clone(),
        what: what.clone(),
        near: nearest(wanted, others).map(str::to_owned),
    }
}

/// Takes in what a list tells of a project; returns the tip that is known of its branch.
fn take_project(state: &mut State, wire: &wire::Project) -> Option<crate::domain::key::Sha> {
    let known: &mut Project = state.project(&wire.path_with_namespace);
    wire.path_with_namespace.clone_into(&mut known.path);
    known.id = Some(wire.id);
    known.misses = 0;
    known.archived = wire.archived;
    known.no_issues = is_off(wire, super::ISSUES);
    known.no_changes = is_off(wire, super::CHANGES);
    known.no_ci = is_off(wire, super::RUNS);
    let branch = wire.default_branch.as_deref().map(Clean::line);
    if known.default_branch != branch {
        known.default_branch = branch.filter(|_| wire.empty_repo != Some(true));
        known.tip = None;
    }
    moved(known, wire.last_activity_at);
    known.tip.clone()
}

/// Returns whether a project says that it has something switched off, by the name of the ability.
pub(super) fn is_off(wire: &wire::Project, name: &str) -> bool {
    let (level, enabled) = match name {
        super::ISSUES => (&wire.issues_access_level, wire.issues_enabled),
        super::CHANGES => (
            &wire.merge_requests_access_level,
            wire.merge_requests_enabled,
        ),
        super::RUNS => (&wire.builds_access_level, wire.jobs_enabled),
        _ => return false,
    };
    level.as_deref() == Some("disabled") || enabled == Some(false)
}

/// Takes in when something happened in a project; what moved is looked into.
pub(super) fn moved(project: &mut Project, activity: Option<crate::domain::Timestamp>) {
    if activity > project.activity {
        project.activity = activity;
        project.runs_wanted = !project.no_ci;
        project.delivery_wanted = true;
    }
}

#[cfg(test)]
mod tests {
    use super::{covers, owners, paths};
    use crate::config::SourceConfig;

    fn config(repos: &[&str], orgs: &[&str]) -> SourceConfig {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let url = url::Url::parse("https://gitlab.com").unwrap();
        SourceConfig {
            repos: texts(repos),
            orgs: texts(orgs),
            ..SourceConfig::new("one", "gitlab", url)
        }
    }

    #[test]
    fn projects_may_lie_deep() {
        let config = config(&["acme/tools/api", "/acme/web/", "nonsense"], &[]);
        let named: Vec<_> = paths(&config.repos).collect();
        assert_eq!(named, ["acme/tools/api", "acme/web"]);
        assert!(covers(&config, "Acme/Tools/API") && !covers(&config, "acme/tools"));
    }

    #[test]
    fn a_pattern_stays_within_a_part_unless_it_says_otherwise() {
        let config = config(
            &["acme/api-*", "acme/tools/**", "*/docs"],
            &["umbrella/red"],
        );
        for path in [
            "acme/API-core",
            "acme/tools/a/b",
            "any/docs",
            "umbrella/red/x/y",
        ] {
            assert!(covers(&config, path), "{path}");
        }
        for path in [
            "acme/web",
            "acme/x/api-core",
            "umbrella/x",
            "umbrella/redder/x",
        ] {
            assert!(!covers(&config, path), "{path}");
        }
    }

    #[test]
    fn what_a_group_lists_is_not_listed_again() {
        let config = config(&["acme/tools/a*", "other/x/*", "*/docs"], &["acme"]);
        let owner = |name: &str| Some(name.to_owned());
        assert_eq!(owners(&config), [None, owner("acme"), owner("other/x")]);
    }
}

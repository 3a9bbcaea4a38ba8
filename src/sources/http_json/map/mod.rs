//! Records to facts, by the pointers and words of the settings. Pure.
//!
//! A record without its identity, or without any time, is bad and costs itself.
//! A word that no setting names stays unknown.

use serde_json::Value;

use super::record;
use crate::config::{JsonMap, Said, Target, named_repo};
use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::fact::Fact;
use crate::domain::key::{Person, RepoKey, ServiceName, Sha, SourceName, WebUrl};
use crate::domain::run::{Failure, Run, RunState, foreign_id, foreign_workflow};
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};

/// How the records of one endpoint are read.
pub(super) struct Reader<'a> {
    /// By which settings.
    pub(super) map: &'a JsonMap,
    /// Who tells it.
    pub(super) source: &'a SourceName,
    /// Where it is: host and path.
    pub(super) place: &'a Clean,
    /// The current time there.
    pub(super) now: Timestamp,
}

impl Reader<'_> {
    /// Returns the fact of a record, or why it is none; the reason quotes no value.
    pub(super) fn fact(&self, record: &Value) -> Result<Fact, String> {
        match self.map.to {
            Target::Ticket => self.ticket(record).map(Fact::Ticket),
            Target::Run => self.run(record).map(Fact::Run),
            Target::Deployment => self.deployment(record).map(Fact::Deployment),
            Target::Alert => self.alert(record).map(Fact::Alert),
        }
    }

    fn at(&self, field: &str) -> Option<&str> {
        self.map.fields.get(field).map(String::as_str)
    }

    fn text(&self, record: &Value, field: &str) -> Option<String> {
        record::text(record, self.at(field)?)
    }

    fn line(&self, record: &Value, field: &str) -> Option<Clean> {
        record::line(record, self.at(field)?)
    }

    fn time(&self, record: &Value, field: &str) -> Option<Timestamp> {
        record::time(record, self.at(field)?)
    }

    fn list(&self, record: &Value, field: &str) -> Vec<Clean> {
        let at = self.at(field);
        at.map_or_else(Vec::new, |at| record::list(record, at))
    }

    fn url(&self, record: &Value, field: &str) -> Option<WebUrl> {
        WebUrl::parse(&self.text(record, field)?)
    }

    fn person(&self, record: &Value, field: &str) -> Option<Person> {
        let first = self.list(record, field).into_iter().next()?;
        Some(Person::new(&first, false))
    }

    /// Returns a text without which the record is none.
    fn needed(&self, record: &Value, field: &str) -> Result<String, String> {
        let told = self.text(record, field);
        told.ok_or_else(|| {
            let at = self.at(field).unwrap_or_default();
            format!("`{at}` holds no {field}: {}", record::there(record, at))
        })
    }

    /// Returns the first time of these that is told.
    fn first_time(&self, record: &Value, fields: &[&str]) -> Result<Timestamp, String> {
        let told = fields.iter().find_map(|field| self.time(record, field));
        told.ok_or_else(|| {
            let tried = fields.iter().filter_map(|field| self.at(field));
            let tried: Vec<&str> = tried.collect();
            let names: Vec<String> = tried.iter().map(|at| format!("`{at}`")).collect();
            // What is there says more than what is not.
            let odd = tried.iter().find(|at| record.pointer(at).is_some());
            let odd = odd.or(tried.first()).map(|at| record::there(record, at));
            format!(
                "no time in {} (RFC 3339, or seconds since 1970): {}",
                names.join(", "),
                odd.unwrap_or_default()
            )
        })
    }

    /// Returns a value that is the same for all, or told by the record.
    fn said(record: &Value, said: Option<&Said>) -> Option<String> {
        match said? {
            Said::Fixed(text) => Some(text.clone()),
            Said::At(pointer) => record::text(record, pointer),
        }
    }

    fn repo(&self, record: &Value) -> Result<Option<RepoKey>, String> {
        let Some(text) = Self::said(record, self.map.repo.as_ref()) else {
            return Ok(None);
        };
        let found = named_repo(&text);
        let why = || "`repo` names no repository with its host".to_owned();
        found.map(Some).ok_or_else(why)
    }

    fn needed_repo(&self, record: &Value) -> Result<RepoKey, String> {
        let why = || "`repo` holds no repository".to_owned();
        self.repo(record)?.ok_or_else(why)
    }

    /// Returns the number of something that no forge numbered: it belongs to who tells it.
    fn id(&self, id: &str) -> u64 {
        let own = format!("{}\n{id}", self.map.path());
        foreign_id(self.source.as_str(), &own)
    }

    fn ticket(&self, record: &Value) -> Result<Ticket, String> {
        let id = self.needed(record, "id")?;
        let title = self.needed(record, "title")?;
        let created_at = self.first_time(record, &["created", "updated"])?;
        let closed_at = self.time(record, "closed");
        Ok(Ticket {
            key: self.ticket_key(&id, self.repo(record)?),
            title: Clean::line(&title),
            url: self.url(record, "url"),
            state: self.ticket_state(record, closed_at.is_some()),
            author: self.person(record, "author"),
            assignees: self.people(record, "assignees"),
            labels: self.list(record, "labels"),
            milestone: self.line(record, "milestone"),
            project_status: self.line(record, "progress"),
            project_status_at: None,
            created_at,
            updated_at: self.time(record, "updated").unwrap_or(created_at),
            closed_at,
            incident: false,
        })
    }

    fn people(&self, record: &Value, field: &str) -> Vec<Person> {
        let names = self.list(record, field);
        names.iter().map(|name| Person::new(name, false)).collect()
    }

    /// Returns `#12` of a repository, the key of a tracker, or what only this source calls so.
    fn ticket_key(&self, id: &str, repo: Option<RepoKey>) -> TicketKey {
        let number = id.trim_start_matches('#').parse();
        if let (Some(repo), Ok(number)) = (repo, number) {
            return TicketKey::Numbered { repo, number };
        }
        if is_tracker_key(id) {
            return TicketKey::Tracker(Clean::line(id));
        }
        TicketKey::Tracker(Clean::line(&format!("{}/{id}", self.source)))
    }

    fn ticket_state(&self, record: &Value, is_closed: bool) -> TicketState {
        let Some(word) = self.text(record, "state") else {
            return match self.at("state") {
                Some(_) => TicketState::Other(Clean::default()),
                None if is_closed => TicketState::Completed,
                None => TicketState::Open,
            };
        };
        match self.map.state(&word) {
            Some("open") => TicketState::Open,
            Some("done") => TicketState::Completed,
            Some("dropped") => TicketState::NotPlanned,
            Some(_) | None => TicketState::Other(Clean::line(&word)),
        }
    }

    fn run(&self, record: &Value) -> Result<Run, String> {
        let id = self.needed(record, "id")?;
        let order = ["created", "started", "updated", "finished"];
        let created_at = self.first_time(record, &order)?;
        let order = ["updated", "finished", "started"];
        let updated_at = order.iter().find_map(|field| self.time(record, field));
        let source = || Clean::line(self.source.as_str());
        let workflow = self.line(record, "workflow").unwrap_or_else(source);
        let number = |field: &str| record::number(record, self.at(field)?);
        let attempt = number("attempt").and_then(|attempt| u32::try_from(attempt).ok());
        Ok(Run {
            repo: self.needed_repo(record)?,
            id: self.id(&id),
            ci: self.place.clone(),
            no_jobs: "its map tells of runs, and of no job logs".into(),
            label: Clean::default(),
            number: number("number").or_else(|| id.parse().ok()).unwrap_or(0),
            attempt: attempt.unwrap_or(1).max(1),
            workflow_path: foreign_workflow(self.place, &workflow),
            workflow,
            event: self.line(record, "event").unwrap_or_default(),
            branch: self.line(record, "branch").unwrap_or_default(),
            head_sha: self.sha(record),
            change_requests: Vec::new(),
            state: self.run_state(record),
            actor: self.person(record, "actor"),
            title: self.line(record, "title").unwrap_or_default(),
            url: self.url(record, "url"),
            created_at,
            started_at: self.time(record, "started"),
            updated_at: updated_at.unwrap_or(created_at),
        })
    }

    fn sha(&self, record: &Value) -> Option<Sha> {
        Sha::parse(&self.text(record, "sha")?)
    }

    fn run_state(&self, record: &Value) -> RunState {
        let word = self.text(record, "state").unwrap_or_default();
        match self.map.state(&word) {
            Some("queued") => RunState::Queued,
            Some("waiting") => RunState::Waiting,
            Some("running") => RunState::Running,
            Some("done") => RunState::Passed,
            Some("skipped") => RunState::Skipped,
            Some("failed") => RunState::Failed(Failure::Failed),
            Some("timed_out") => RunState::Failed(Failure::TimedOut),
            Some("cancelled") => RunState::Cancelled,
            Some(_) | None => RunState::Unknown(Clean::line(&word)),
        }
    }

    fn deployment(&self, record: &Value) -> Result<Deployment, String> {
        let id = self.needed(record, "id")?;
        let created_at = self.first_time(record, &["created", "updated"])?;
        let environment = Self::said(record, self.map.environment.as_ref());
        let environment = environment.ok_or("`environment` holds no environment")?;
        let sha = self.sha(record);
        // What is no commit is a tag or a branch.
        let named = || self.line(record, "sha").filter(|_| sha.is_none());
        Ok(Deployment {
            repo: self.needed_repo(record)?,
            id: self.id(&id),
            environment: Clean::line(&environment),
            git_ref: self.line(record, "ref").or_else(named),
            task: self
                .line(record, "task")
                .unwrap_or_else(|| Clean::line("deploy")),
            state: self.deploy_state(record),
            creator: self.person(record, "creator"),
            created_at,
            updated_at: self.time(record, "updated").unwrap_or(created_at),
            environment_url: self.url(record, "url"),
            log_url: self.url(record, "log"),
            came_at: None,
            rollout: None,
            sha,
        })
    }

    fn deploy_state(&self, record: &Value) -> DeployState {
        let word = self.text(record, "state").unwrap_or_default();
        match self.map.state(&word) {
            Some("queued") => DeployState::Queued,
            Some("waiting") => DeployState::Waiting,
            Some("running") => DeployState::Running,
            Some("done") => DeployState::Succeeded,
            Some("superseded") => DeployState::Superseded,
            Some("failed") => DeployState::Failed,
            Some("abandoned") => DeployState::Abandoned,
            Some(_) | None => DeployState::Unknown(Clean::line(&word)),
        }
    }

    fn alert(&self, record: &Value) -> Result<Alert, String> {
        let id = self.needed(record, "id")?;
        let name = self.needed(record, "title")?;
        let ended_at = self.time(record, "ended");
        let service = Self::said(record, self.map.service.as_ref());
        let sha = self.sha(record);
        Ok(Alert {
            id: Clean::line(&format!("{}/{}/{id}", self.source, self.map.path())),
            name: Clean::line(&name),
            about: self.line(record, "about").unwrap_or_default(),
            severity: self.line(record, "severity").unwrap_or_default(),
            state: self.alert_state(record, ended_at),
            service: service.map(|name| ServiceName::new(&name)),
            repo: self.repo(record)?,
            // What is no commit is a tag.
            version: self
                .line(record, "sha")
                .filter(|_| sha.is_none())
                .unwrap_or_default(),
            sha,
            knows_silences: false,
            own_key: Clean::default(),
            incident: None,
            started_at: self.first_time(record, &["started"])?,
            ended_at,
            url: self.url(record, "url"),
        })
    }

    fn alert_state(&self, record: &Value, ended_at: Option<Timestamp>) -> AlertState {
        let Some(word) = self.text(record, "state") else {
            return match self.at("state") {
                Some(_) => AlertState::Unknown(Clean::default()),
                None if ended_at.is_some_and(|at| at <= self.now) => AlertState::Resolved,
                None => AlertState::Firing,
            };
        };
        match self.map.state(&word) {
            Some("firing") => AlertState::Firing,
            Some("acknowledged") => AlertState::Acknowledged,
            Some("silenced") => AlertState::Silenced,
            Some("inhibited") => AlertState::Inhibited,
            Some("resolved") => AlertState::Resolved,
            Some(_) | None => AlertState::Unknown(Clean::line(&word)),
        }
    }
}

/// Returns whether a text is the key of a ticket as trackers write it: `PROJ-12`.
fn is_tracker_key(text: &str) -> bool {
    let Some((project, number)) = text.split_once('-') else {
        return false;
    };
    let is_project = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let begins = project.starts_with(|c: char| c.is_ascii_uppercase());
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    begins && project.chars().all(is_project) && is_number
}

#[cfg(test)]
mod tests;

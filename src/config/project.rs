//! `[[source.project]]`: which repository the projects of a CI server build.
//!
//! For servers that do not tell it, and for those that build from a mirror. What
//! a project is called is the server's own: the name of a builder, a project or a job.

use globset::{GlobBuilder, GlobMatcher};

use crate::config::check::{Checker, Table};
use crate::config::{SourceKind, file};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;

/// The title of the table in messages.
pub(super) const TITLE: &str = "[[source.project]]";

/// One `[[source.project]]`.
#[derive(Clone, Debug)]
pub struct ProjectRule {
    name: GlobMatcher,
    /// The repository that such projects build.
    pub repo: RepoKey,
    /// The branch that they build where the server tells none.
    pub branch: Option<Clean>,
}

impl ProjectRule {
    /// Makes a rule; `name` is a pattern in which `*` stands for anything.
    ///
    /// Returns nothing where that is no pattern.
    pub fn new(name: &str, repo: RepoKey, branch: Option<&str>) -> Option<Self> {
        Some(Self {
            name: pattern(name).ok()?,
            repo,
            branch: branch.map(Clean::line),
        })
    }

    /// Returns all that it says, as two rules are compared.
    pub fn text(&self) -> String {
        let branch = self.branch.as_deref().unwrap_or_default();
        format!("{}\n{}\n{branch}", self.name.glob(), self.repo.as_str())
    }

    /// Returns the first rule that fits the name of a project.
    pub fn of<'a>(rules: &'a [Self], project: &str) -> Option<&'a Self> {
        rules.iter().find(|rule| rule.name.is_match(project))
    }
}

fn pattern(text: &str) -> Result<GlobMatcher, globset::Error> {
    let built = GlobBuilder::new(text)
        .case_insensitive(true)
        .literal_separator(false)
        .build();
    built.map(|glob| glob.compile_matcher())
}

/// Returns the rules of one source.
pub(super) fn check(
    checker: &mut Checker<'_>,
    tables: Vec<Table<file::Project>>,
    kind: Option<&SourceKind>,
) -> Vec<ProjectRule> {
    if let (Some(first), Some(kind)) = (tables.first(), kind)
        && !kind.tables.contains(&"project")
    {
        let message = format!(
            "a source of kind `{}` takes no `[[source.project]]`",
            kind.name
        );
        let hint = "leave it out; it is for CI servers that do not tell their repositories";
        checker.error(first.span.clone(), &message, Some(hint));
        return Vec::new();
    }
    let rules = tables.into_iter();
    rules.filter_map(|table| rule(checker, table)).collect()
}

fn rule(checker: &mut Checker<'_>, table: Table<file::Project>) -> Option<ProjectRule> {
    let Table { value, span } = table;
    let name = if let Some(text) = &value.name {
        check_name(checker, text)
    } else {
        checker.missing(span.clone(), "name", TITLE, "e.g. `api-*`; `*` fits all");
        None
    };
    let repo = if let Some(text) = &value.repo {
        check_repo(checker, text)
    } else {
        checker.missing(span, "repo", TITLE, "e.g. `github.com/acme/api`");
        None
    };
    let branch = match &value.branch {
        Some(text) => Some(check_branch(checker, text)?),
        None => None,
    };
    Some(ProjectRule {
        name: name?,
        repo: repo?,
        branch,
    })
}

fn check_name(checker: &mut Checker<'_>, text: &file::Text) -> Option<GlobMatcher> {
    let name = text.get_ref().trim();
    let message = match pattern(name) {
        Ok(_) if name.is_empty() => "`name` is empty".to_owned(),
        Ok(pattern) => return Some(pattern),
        Err(error) => format!("`name`: `{name}` is not a pattern: {}", error.kind()),
    };
    checker.error(text.span(), &message, Some("e.g. `api-*`; `*` fits all"));
    None
}

/// Returns the repository, as host and path or as people clone it.
fn check_repo(checker: &mut Checker<'_>, text: &file::Text) -> Option<RepoKey> {
    let given = text.get_ref().trim();
    let found = if given.contains(':') && !is_host_and_path(given) {
        RepoKey::of_url(given)
    } else {
        given
            .split_once('/')
            .filter(|_| is_host_and_path(given))
            .map(|(host, path)| RepoKey::new(host, path))
    };
    if found.is_none() {
        let message = format!("`repo`: `{given}` is not host and path of a repository");
        let hint = "write them as the address of its page, e.g. `github.com/acme/api`";
        checker.error(text.span(), &message, Some(hint));
    }
    found
}

/// Returns whether a text is `host/owner/name`, with a port and groups where there are some.
fn is_host_and_path(text: &str) -> bool {
    let Some((host, path)) = text.split_once('/') else {
        return false;
    };
    let (name, port) = host.split_once(':').unwrap_or((host, "1"));
    let is_host = (name.contains('.') || name == "localhost" || host.contains(':'))
        && !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let is_part = |part: &str| {
        let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"*?[]{}\\:#".contains(c);
        !part.is_empty() && !matches!(part, "." | "..") && part.chars().all(plain)
    };
    is_host && port.parse::<u16>().is_ok() && path.contains('/') && path.split('/').all(is_part)
}

fn check_branch(checker: &mut Checker<'_>, text: &file::Text) -> Option<Clean> {
    let branch = Clean::line(text.get_ref().trim());
    if branch.is_empty() {
        let hint = "leave it out where the server tells it";
        checker.error(text.span(), "`branch` is empty", Some(hint));
        return None;
    }
    Some(branch)
}

//! `[[service]]`, `[[rule]]`, `[[phase]]` and `[[branching]]`: how a team works.
//!
//! Patterns are compiled here, once; what they are matched against is said by
//! the types of `domain::policy`.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regex::{Regex, RegexBuilder};

use crate::config::check::{Checker, Table};
use crate::config::{Settings, board, file, source};
use crate::domain::key::ServiceName;
use crate::domain::policy::{Branching, OverrideRule, Phase, PhaseRule, ServiceRule};
use crate::domain::query::Query;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// The words for ways of branching.
pub(super) const MODELS: [&str; 3] = ["auto", "trunk", "git-flow"];

/// Another word for the last of them.
pub(super) const GIT_FLOW: &str = "gitflow";

/// The words for phases.
pub(super) const PHASES: [&str; 4] = ["build", "test", "release", "deploy"];

/// The tables of one file that say how a team works.
#[derive(Default)]
pub(super) struct Lists {
    /// `[[service]]`
    pub(super) services: Vec<Table<file::Service>>,
    /// `[[rule]]`
    pub(super) rules: Vec<Table<file::Rule>>,
    /// `[[phase]]`
    pub(super) phases: Vec<Table<file::Jobs>>,
    /// `[[branching]]`
    pub(super) branching: Vec<Table<file::Branching>>,
}

/// Puts the lists of one file into the settings, before those of an earlier file.
pub(super) fn apply(checker: &mut Checker<'_>, lists: Lists, settings: &mut Settings) {
    let policy = &mut settings.policy;
    let mut services: Vec<ServiceRule> = Vec::new();
    for table in lists.services {
        let span = table.span.clone();
        let Some(service) = check_service(checker, table) else {
            continue;
        };
        if services.iter().any(|other| other.name == service.name) {
            let message = format!("there are two services named `{}`", service.name);
            checker.error(
                span,
                &message,
                Some("join them, or give one another `name`"),
            );
        } else {
            services.push(service);
        }
    }
    let rules: Vec<_> = lists
        .rules
        .into_iter()
        .filter_map(|t| check_rule(checker, t))
        .collect();
    let phases: Vec<_> = lists
        .phases
        .into_iter()
        .filter_map(|t| check_phase(checker, t))
        .collect();
    let models: Vec<_> = lists
        .branching
        .into_iter()
        .filter_map(|t| check_branching(checker, t))
        .collect();
    policy
        .services
        .retain(|old| services.iter().all(|new| new.name != old.name));
    policy.services.splice(0..0, services);
    policy.rules.splice(0..0, rules);
    policy.phases.splice(0..0, phases);
    policy.branching_of.splice(0..0, models);
}

/// Returns the way of branching that a word names.
pub(super) fn parse_model(word: &str) -> Option<Branching> {
    match word.to_ascii_lowercase().replace('_', "-").as_str() {
        "auto" => Some(Branching::Auto),
        "trunk" => Some(Branching::Trunk),
        "git-flow" | GIT_FLOW => Some(Branching::GitFlow),
        _ => None,
    }
}

fn parse_phase(word: &str) -> Option<Phase> {
    match word.to_ascii_lowercase().as_str() {
        "build" => Some(Phase::Build),
        "test" => Some(Phase::Test),
        "release" => Some(Phase::Release),
        "deploy" => Some(Phase::Deploy),
        _ => None,
    }
}

/// What `*` in a pattern stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Star {
    /// Anything within one part of a path; `**` goes further.
    Part,
    /// Anything.
    Anything,
}

fn globs(checker: &mut Checker<'_>, key: &str, list: &[file::Text], star: Star) -> Option<GlobSet> {
    let mut set = GlobSetBuilder::new();
    let mut sound = true;
    for text in list {
        let pattern = text.get_ref().trim();
        let built = GlobBuilder::new(pattern)
            .case_insensitive(true)
            .literal_separator(star == Star::Part)
            .build();
        match built {
            Ok(_) if pattern.is_empty() => {
                checker.error(text.span(), &format!("`{key}` has an empty pattern"), None);
                sound = false;
            }
            Ok(glob) => {
                set.add(glob);
            }
            Err(error) => {
                let message = format!("`{key}`: `{pattern}` is not a pattern: {}", error.kind());
                checker.error(text.span(), &message, None);
                sound = false;
            }
        }
    }
    sound.then(|| set.build().ok()).flatten()
}

/// Adds to each plain path everything below it.
fn with_folders(paths: &[file::Text]) -> Vec<file::Text> {
    let below = paths
        .iter()
        .filter(|path| !path.get_ref().contains(['*', '?', '[', '{']))
        .map(|path| {
            let folder = format!("{}/**", path.get_ref().trim_end_matches('/'));
            toml::Spanned::new(path.span(), folder)
        });
    paths.iter().cloned().chain(below).collect()
}

/// Adds to each pattern without a slash itself in any folder: `ci.yml` is `.github/workflows/ci.yml`.
fn anywhere(patterns: &[file::Text]) -> Vec<file::Text> {
    let plain = |text: &&file::Text| !text.get_ref().contains(['/', '[', '{']);
    let deeper = patterns
        .iter()
        .filter(plain)
        .map(|pattern| toml::Spanned::new(pattern.span(), format!("**/{}", pattern.get_ref())));
    patterns.iter().cloned().chain(deeper).collect()
}

fn check_service(checker: &mut Checker<'_>, table: Table<file::Service>) -> Option<ServiceRule> {
    let Table { value, span } = table;
    let name = check_name(
        checker,
        value.name.as_ref(),
        span,
        "[[service]]",
        "e.g. `api`",
    )?;
    let repos = value.repos.map(|list| repo_globs(checker, &list));
    let paths = value
        .paths
        .map(|list| globs(checker, "paths", &with_folders(&list), Star::Part));
    let workflows = value
        .workflows
        .map(|list| globs(checker, "workflows", &anywhere(&list), Star::Anything));
    let environment = value.env.map(|text| environment(checker, &name, &text));
    let tag = value.tag.map(|text| {
        let pattern = text.get_ref().replace("{service}", &name);
        let text = toml::Spanned::new(text.span(), pattern);
        globs(checker, "tag", &[text], Star::Anything)
    });
    Some(ServiceRule {
        name: ServiceName::new(&name),
        repos: repos.flatten(),
        paths: paths.flatten(),
        workflows: workflows.flatten(),
        environment: environment.flatten(),
        tag: tag.flatten(),
    })
}

fn repo_globs(checker: &mut Checker<'_>, list: &[file::Text]) -> Option<GlobSet> {
    let fits: Vec<bool> = list
        .iter()
        .map(|text| source::check_repo(checker, "repos", text))
        .collect();
    if fits.contains(&false) {
        return None;
    }
    globs(checker, "repos", list, Star::Part)
}

pub(super) fn check_name(
    checker: &mut Checker<'_>,
    name: Option<&file::Text>,
    span: std::ops::Range<usize>,
    title: &str,
    hint: &str,
) -> Option<String> {
    let Some(text) = name else {
        checker.missing(span, "name", title, hint);
        return None;
    };
    let name = Clean::line(text.get_ref().trim());
    if name.is_empty() {
        checker.error(
            text.span(),
            &format!("`name` is empty in {title}"),
            Some(hint),
        );
        return None;
    }
    Some(name.to_string())
}

/// Returns the pattern of a service's environments; what `{env}` stood for is its group `env`.
fn environment(checker: &mut Checker<'_>, service: &str, text: &file::Text) -> Option<Regex> {
    if let Some(word) = stray(text.get_ref()) {
        let message = format!("`env`: `{word}` stands for nothing");
        let hint = "there are `{env}` and `{service}`, e.g. `api-{env}` or `{service}-{env}`";
        checker.error(text.span(), &message, Some(hint));
        return None;
    }
    let pattern = text.get_ref().replace("{service}", service);
    if pattern.trim().is_empty() || pattern.matches("{env}").count() > 1 {
        checker.error(
            text.span(),
            "`env` must name `{env}` once, or an environment",
            Some("e.g. `api-{env}` or `{service}-{env}`"),
        );
        return None;
    }
    let escaped = regex::escape(&pattern)
        .replace(r"\{env\}", "(?P<env>.+)")
        .replace(r"\*", ".*");
    let built = RegexBuilder::new(&format!("^{escaped}$"))
        .case_insensitive(true)
        .build();
    if let Err(error) = &built {
        let error = error.to_string();
        let cause = board::plain(error.lines().last().unwrap_or_default()).to_owned();
        checker.error(
            text.span(),
            &format!("`env` is not a pattern: {cause}"),
            None,
        );
    }
    built.ok()
}

/// Returns the first word in braces that stands for nothing, or a brace that stands alone.
fn stray(pattern: &str) -> Option<String> {
    let rest = pattern.replace("{env}", "").replace("{service}", "");
    let at = rest.find(['{', '}'])?;
    let word = rest.get(at..)?;
    let end = word.find('}').map_or(word.len(), |end| end + 1);
    word.get(..end).map(str::to_owned)
}

fn check_rule(checker: &mut Checker<'_>, table: Table<file::Rule>) -> Option<OverrideRule> {
    let Table { value, span } = table;
    let hint = "it is shown as the reason on the card";
    let name = check_name(checker, value.name.as_ref(), span.clone(), "[[rule]]", hint);
    let stages: Vec<&str> = Stage::ALL.into_iter().map(Stage::as_str).collect();
    let statuses: Vec<&str> = Status::ALL.into_iter().map(Status::as_str).collect();
    if value.stage.is_none() && value.status.is_none() {
        let hint = Some("set `stage`, `status` or both");
        checker.error(span.clone(), "[[rule]] changes nothing", hint);
    }
    let stage = value
        .stage
        .map(|text| checker.word("stage", &text, &stages, Stage::parse));
    let status = value
        .status
        .map(|text| checker.word("status", &text, &statuses, Status::parse));
    let Some(when) = &value.when else {
        checker.missing(
            span,
            "when",
            "[[rule]]",
            "a filter, e.g. `label:infra repo:acme/api`",
        );
        return None;
    };
    let query = check_query(checker, when)?;
    Some(OverrideRule {
        name: Clean::line(&name?),
        when: query,
        stage: stage.flatten(),
        status: status.flatten(),
    })
}

pub(super) fn check_query(checker: &mut Checker<'_>, text: &file::Text) -> Option<Query> {
    match Query::parse(text.get_ref()) {
        Ok(query) if query.is_empty() => {
            checker.error(
                text.span(),
                "`when` is empty and would match every card",
                None,
            );
            None
        }
        Ok(query) => Some(query),
        Err(error) => {
            let hint = error.hint();
            checker.error(text.span(), &format!("`when`: {error}"), hint.as_deref());
            None
        }
    }
}

fn check_phase(checker: &mut Checker<'_>, table: Table<file::Jobs>) -> Option<PhaseRule> {
    let Table { value, span } = table;
    if value.workflow.is_none() && value.job.is_none() {
        let hint = Some("set `workflow`, `job` or both");
        checker.error(span.clone(), "[[phase]] matches nothing", hint);
        return None;
    }
    let Some(word) = &value.phase else {
        let hint = format!("it is one of {}", PHASES.join(", "));
        checker.missing(span, "phase", "[[phase]]", &hint);
        return None;
    };
    let phase = checker.word("phase", word, &PHASES, parse_phase);
    let workflow = value
        .workflow
        .map(|text| globs(checker, "workflow", &anywhere(&[text]), Star::Anything));
    let job = value
        .job
        .map(|text| globs(checker, "job", &[text], Star::Anything));
    Some(PhaseRule {
        workflow: workflow.flatten(),
        job: job.flatten(),
        phase: phase?,
    })
}

fn check_branching(
    checker: &mut Checker<'_>,
    table: Table<file::Branching>,
) -> Option<(GlobSet, Branching)> {
    let Table { value, span } = table;
    let repos = value.repos.unwrap_or_default();
    if repos.is_empty() {
        checker.missing(span, "repos", "[[branching]]", "e.g. `[\"acme/*\"]`");
        return None;
    }
    let repos = repo_globs(checker, &repos);
    let Some(model) = &value.model else {
        let hint = format!("it is one of {}", MODELS.join(", "));
        checker.missing(span, "model", "[[branching]]", &hint);
        return None;
    };
    let model = checker.word("model", model, &MODELS, parse_model);
    Some((repos?, model?))
}

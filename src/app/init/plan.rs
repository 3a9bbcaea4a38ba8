//! What was found to what is asked, and answers to sources.
//!
//! Pure: the questions go to somebody who answers, and what cannot be answered so
//! is asked again. What is chosen is checked as the configuration itself would be.

use url::Url;

use crate::app::clone::has_repositories;
use crate::app::exit::Failure;
use crate::app::init::find::Found;
use crate::app::init::text;
use crate::config::{RepoNames, Settings, SourceConfig, Trust};
use crate::sources::http::{host_of, is_loopback};
use crate::sources::usual::{self, Asked, Row};

/// How often one thing is asked before it is left out.
const TRIES: usize = 3;

/// The most systems that are added by hand.
const MOST_ADDED: usize = 20;

/// Somebody who answers.
pub(super) trait Person {
    /// Tells something.
    fn tell(&mut self, text: &str);

    /// Asks something; an empty answer means the default.
    fn ask(&mut self, question: &str, default: &str) -> Result<String, Failure>;

    /// Returns whether anybody answers at all; else the defaults are taken.
    fn answers(&self) -> bool {
        true
    }

    /// Finds out what kind of system is at an address.
    fn identify(&mut self, url: &Url) -> Result<Option<(&'static str, Url)>, String>;
}

/// A system that may be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Candidate {
    /// What is usual there, and the word for its kind.
    pub(super) kind: &'static str,
    /// Where it is.
    pub(super) url: Url,
    /// Repositories of the clone that it has.
    pub(super) repos: Vec<String>,
    /// How it was found.
    pub(super) why: Vec<String>,
    /// Where its token is, if that was found.
    pub(super) token: Option<String>,
    /// Whether variables say that it is there, and hold its token: somebody means it.
    pub(super) is_named: bool,
}

/// A source that will be written, and what is said of it.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Its settings.
    pub(super) source: SourceConfig,
    /// How it was found.
    pub(super) why: Vec<String>,
    /// Where its token is, if the settings need not say that.
    pub(super) token: Option<String>,
}

/// Returns the systems that were found, each once, those of the clone first.
pub(super) fn candidates(found: &Found, rows: &[Row]) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    for remote in &found.remotes {
        let at = entry(&mut all, remote.kind, &remote.url);
        at.repos.push(remote.path.clone());
        at.why.push(format!("the remote `{}`", remote.name));
    }
    for login in &found.logins {
        let shown = found.shown.iter().find(|one| same(&one.url, &login.url));
        let kind = shown.map(|one| one.kind);
        let Some(kind) = kind.or_else(|| login.kinds.first().copied()) else {
            continue;
        };
        let at = entry(&mut all, kind, &login.url);
        let tools = rows.iter().flat_map(|row| row.usual.tools);
        let mut gives = tools.filter(|tool| tool.program == login.by && tool.asked != Asked::Not);
        if login.is_tool {
            at.why.push(format!("a login of `{}`", login.by));
            // No program is asked about this machine.
            let is_asked = !is_loopback(&login.url) && gives.next().is_some();
            if is_asked && at.token.is_none() {
                at.token = Some(format!("`{}`", login.by));
            }
        } else {
            at.why.push(format!("`{}`", login.by));
        }
    }
    for held in &found.held {
        let Ok(url) = Url::parse(&format!("https://{}", held.host)) else {
            continue;
        };
        let at = entry(&mut all, held.kind, &url);
        if at.kind != held.kind {
            continue;
        }
        at.why.push(format!("`{}`", held.name));
        // A variable is looked for before a program is asked.
        at.token = Some(format!("`{}`", held.name));
        // A token of a host that everybody knows may be there for any program.
        let mut rows = rows.iter();
        let row = rows.find(|row| row.kind.name == held.kind);
        at.is_named = row.is_some_and(|row| !usual::fits(row.usual.hosts, &held.host));
    }
    for shown in &found.local {
        entry(&mut all, shown.kind, &shown.url)
            .why
            .push("an answer on this machine".to_owned());
    }
    for one in &mut all {
        one.why.dedup();
    }
    all
}

/// Says that there is nothing to choose from; a clone of a host that nobody knows is no nothing.
pub(super) fn nothing_found(found: &Found) -> &'static str {
    if found.unknown.is_empty() && found.hostless.is_empty() {
        "nothing was found: no clone of a repository, no login of `gh`, `glab` or `tea`, and no \
         variable with a token"
    } else {
        "nothing else was found: no login of `gh`, `glab` or `tea`, and no variable with a token"
    }
}

/// Returns whether two addresses are of one server.
fn same(one: &Url, other: &Url) -> bool {
    host_of(one) == host_of(other)
}

/// Returns the candidate at an address, a new one where there is none.
fn entry<'a>(all: &'a mut Vec<Candidate>, kind: &'static str, url: &Url) -> &'a mut Candidate {
    let at = all.iter().position(|one| same(&one.url, url));
    let at = at.unwrap_or_else(|| {
        all.push(Candidate {
            kind,
            url: url.clone(),
            repos: Vec::new(),
            why: Vec::new(),
            token: None,
            is_named: false,
        });
        all.len() - 1
    });
    // It is there: it was found or has just been put there.
    #[expect(
        clippy::indexing_slicing,
        reason = "the place of an entry of this very list"
    )]
    &mut all[at]
}

/// Asks what is to be shown; returns the sources in the order of the answers.
pub(super) fn interview(
    candidates: &[Candidate],
    rows: &[Row],
    person: &mut dyn Person,
) -> Result<Vec<Draft>, Failure> {
    let mut drafts: Vec<Draft> = Vec::new();
    for at in choose(candidates, rows, person)? {
        let Some(candidate) = candidates.get(at) else {
            continue;
        };
        drafts.extend(draft(candidate, rows, person)?);
    }
    for _ in 0..MOST_ADDED {
        let Some(added) = another(rows, person)? else {
            break;
        };
        if drafts
            .iter()
            .any(|draft| same(&draft.source.url, &added.url))
        {
            person.tell(&format!("`{}` is chosen already", host_of(&added.url)));
            continue;
        }
        drafts.extend(draft(&added, rows, person)?);
    }
    Ok(drafts)
}

/// Asks which of the systems that were found are to be shown.
fn choose(
    candidates: &[Candidate],
    rows: &[Row],
    person: &mut dyn Person,
) -> Result<Vec<usize>, Failure> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    person.tell("found:");
    for (at, one) in candidates.iter().enumerate() {
        let repos = if one.repos.is_empty() {
            String::new()
        } else {
            format!(" with {}", one.repos.join(", "))
        };
        let url = one.url.as_str().trim_end_matches('/');
        let why = one.why.join(", ");
        person.tell(&format!("  {}  {} {url}{repos}: {why}", at + 1, one.kind));
    }
    let default = usual_choice(candidates, rows, person.answers());
    for _ in 0..TRIES {
        let answer = person.ask("which of them? numbers, `all` or `none`", &default)?;
        let answer = if answer.is_empty() { &default } else { &answer };
        if let Some(chosen) = numbers(answer, candidates.len()) {
            return Ok(chosen);
        }
        person.tell(&format!(
            "`{answer}` is not a list of numbers from 1 to {}",
            candidates.len()
        ));
    }
    Ok(Vec::new())
}

/// Returns the systems that are taken where nobody says otherwise: those of the clone and those
/// that have no repositories to be chosen; where nobody is asked, those that variables name, too.
/// Without any, all.
fn usual_choice(candidates: &[Candidate], rows: &[Row], answers: bool) -> String {
    let has_none = |kind: &str| {
        let row = rows.iter().find(|row| row.kind.name == kind);
        row.is_some_and(|row| !has_repositories(row.kind.repos))
    };
    let numbers: Vec<String> = candidates
        .iter()
        .enumerate()
        .filter(|(_, one)| {
            let is_meant = one.is_named && !answers;
            !one.repos.is_empty() || has_none(one.kind) || is_meant
        })
        .map(|(at, _)| (at + 1).to_string())
        .collect();
    if numbers.is_empty() {
        "all".to_owned()
    } else {
        numbers.join(" ")
    }
}

fn numbers(answer: &str, count: usize) -> Option<Vec<usize>> {
    match answer.trim() {
        "all" => return Some((0..count).collect()),
        "none" => return Some(Vec::new()),
        _ => {}
    }
    let words = answer.split([',', ' ']).filter(|word| !word.is_empty());
    let mut chosen = Vec::new();
    for word in words {
        let number: usize = word.parse().ok().filter(|at| (1..=count).contains(at))?;
        if !chosen.contains(&(number - 1)) {
            chosen.push(number - 1);
        }
    }
    Some(chosen)
}

/// Asks for what of a system is shown and where its token is; nothing where nothing is chosen.
fn draft(
    candidate: &Candidate,
    rows: &[Row],
    person: &mut dyn Person,
) -> Result<Option<Draft>, Failure> {
    let Some(row) = rows.iter().find(|row| row.kind.name == candidate.kind) else {
        return Ok(None);
    };
    let host = host_of(&candidate.url);
    let mut source = SourceConfig::new(&host, candidate.kind, candidate.url.clone());
    let whole = |source: SourceConfig| Draft {
        source,
        why: candidate.why.clone(),
        token: candidate.token.clone(),
    };
    if has_repositories(row.kind.repos) {
        let mut default = candidate.repos.join(", ");
        if default.is_empty() && candidate.token.is_some() && !person.answers() {
            // Nobody can say what is meant, and a token shows what may be.
            default.push_str(match row.kind.repos {
                RepoNames::Nested => "*/**",
                RepoNames::Flat | RepoNames::Jobs | RepoNames::Absent => "*/*",
            });
        }
        let question = format!(
            "what of {host}? repositories (`acme/api`, `acme/web-*`), or owners for all of theirs (`acme`)"
        );
        let set = |source: &mut SourceConfig, answer: &str| select(source, answer, false);
        if !settle(&mut source, (&question, &default), &set, rows, person)? {
            let is_here = is_loopback(&candidate.url) && candidate.token.is_none();
            let why = match (person.answers(), is_here) {
                (true, _) => "no repository and no owner of it is named",
                (false, true) => {
                    "nobody says what of it is shown, and no program is asked for a token of this \
                     machine"
                }
                (false, false) => "nobody says what of it is shown, and no token was found",
            };
            person.tell(&format!("{host} is left out: {why}"));
            return Ok(None);
        }
    }
    if row.kind.repos == RepoNames::Jobs {
        let question = format!("which jobs of {host}? jobs, folders (`folder/`); none: all");
        let set = |source: &mut SourceConfig, answer: &str| select(source, answer, true);
        settle(&mut source, (&question, "none"), &set, rows, person)?;
    }
    if candidate.token.is_none() {
        let wants = match (
            row.usual.may,
            // No program is asked about this machine.
            row.usual
                .tools
                .iter()
                .find(|one| !one.login.is_empty() && !is_loopback(&candidate.url)),
        ) {
            ("", _) => String::new(),
            (may, None) => format!(" with {may}"),
            (may, Some(tool)) => format!(
                " with {may}, or log in later: `{}`",
                tool.log_in(candidate.url.scheme(), &host)
            ),
        };
        let question = format!(
            "token of {host}{wants}? the name of a variable, or a command that prints it; none: \
             without"
        );
        let set = |source: &mut SourceConfig, answer: &str| place_token(source, answer);
        settle(&mut source, (&question, "none"), &set, rows, person)?;
    }
    match wrong(&whole(source.clone()), rows) {
        None => Ok(Some(whole(source))),
        Some(why) => {
            person.tell(&format!("{host} is left out: {why}"));
            Ok(None)
        }
    }
}

/// Asks for one setting until it is right; returns whether it was.
fn settle(
    source: &mut SourceConfig,
    (question, default): (&str, &str),
    set: &dyn Fn(&mut SourceConfig, &str) -> bool,
    rows: &[Row],
    person: &mut dyn Person,
) -> Result<bool, Failure> {
    for _ in 0..TRIES {
        let answer = person.ask(question, default)?;
        let answer = if answer.is_empty() { default } else { &answer };
        let mut tried = source.clone();
        if !set(&mut tried, answer) {
            return Ok(false);
        }
        let draft = Draft {
            source: tried,
            why: Vec::new(),
            token: None,
        };
        let Some(why) = wrong(&draft, rows) else {
            *source = draft.source;
            return Ok(true);
        };
        person.tell(&why);
    }
    Ok(false)
}

/// Takes the answer what of a forge or of a server of jobs is shown; returns whether anything is
/// chosen.
fn select(source: &mut SourceConfig, answer: &str, jobs: bool) -> bool {
    let words = answer.split([',', ' ']).map(str::trim);
    for word in words.filter(|word| !word.is_empty() && *word != "none") {
        match word.strip_suffix('/') {
            Some(group) => source.orgs.push(group.to_owned()),
            None if jobs || word.contains(['/', '*']) => source.repos.push(word.to_owned()),
            None => source.orgs.push(word.to_owned()),
        }
    }
    !source.repos.is_empty() || !source.orgs.is_empty()
}

/// Takes the answer where the token is; returns whether one is named.
fn place_token(source: &mut SourceConfig, answer: &str) -> bool {
    let words: Vec<String> = answer.split_whitespace().map(str::to_owned).collect();
    match words.as_slice() {
        [] => return false,
        [word] if word == "none" => return false,
        [name] => source.token_env = Some(name.trim_start_matches('$').to_owned()),
        _ => source.token_command = Some(words),
    }
    true
}

/// Returns why a source could not stand in a configuration, if so.
fn wrong(draft: &Draft, rows: &[Row]) -> Option<String> {
    let kinds: Vec<_> = rows.iter().map(|row| row.kind).collect();
    let text = text::configuration(std::slice::from_ref(draft), rows);
    let errors = Settings::parse(&text, "", Trust::User, &kinds).err()?;
    let first = errors.first()?;
    let hint = first.hint.as_ref();
    let hint = hint.map_or_else(String::new, |hint| format!(" ({hint})"));
    Some(format!("{}{hint}", first.message))
}

/// Asks for a system that was not found.
fn another(rows: &[Row], person: &mut dyn Person) -> Result<Option<Candidate>, Failure> {
    // What is nothing without tables of its own is written by hand, not asked for.
    let is_whole = |row: &Row| {
        !row.kind
            .tables
            .iter()
            .any(|it| ["check", "map"].contains(it))
    };
    let kinds: Vec<&str> = rows.iter().map(|row| row.kind.name).collect();
    let question = format!(
        "another system? its address, with its kind before it where that does not show: {}; \
         none: no more",
        kinds.join(", ")
    );
    for _ in 0..TRIES {
        let answer = person.ask(&question, "none")?;
        let words: Vec<&str> = answer.split_whitespace().collect();
        let (word, text) = match words.as_slice() {
            [] | ["none"] => return Ok(None),
            [text] => (None, *text),
            [kind, text] => (Some(*kind), *text),
            _ => {
                person.tell("one system at a time: a kind and an address");
                continue;
            }
        };
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let Some(url) = Url::parse(&whole)
            .ok()
            .filter(|url| url.host_str().is_some() && matches!(url.scheme(), "http" | "https"))
        else {
            person.tell(&format!(
                "`{text}` is no web address, e.g. `https://ci.example.org`"
            ));
            continue;
        };
        if let Some(kind) = word {
            let row = rows.iter().find(|row| row.kind.name == kind);
            let Some(row) = row else {
                person.tell(&format!("`{kind}` is none of {}", kinds.join(", ")));
                continue;
            };
            if !is_whole(row) {
                person.tell(&format!(
                    "`{kind}` needs to be told what it asks: `cycleboard config default` shows its \
                     tables"
                ));
                continue;
            }
            return Ok(Some(by_hand(row.kind.name, url)));
        }
        match person.identify(&url) {
            Ok(Some((kind, url))) => {
                person.tell(&format!("it shows that it is of kind `{kind}`"));
                return Ok(Some(by_hand(kind, url)));
            }
            Ok(None) => person.tell("its answers do not show its kind: write that before it"),
            Err(cause) => person.tell(&format!("{cause}; write its kind before it")),
        }
    }
    Ok(None)
}

fn by_hand(kind: &'static str, url: Url) -> Candidate {
    Candidate {
        kind,
        url,
        repos: Vec::new(),
        why: vec!["named by hand".to_owned()],
        token: None,
        is_named: false,
    }
}

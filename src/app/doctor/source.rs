//! One source for `doctor`: what it tried, what came of it, in words.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use url::Url;

use crate::app::doctor::{line, patience, trouble};
use crate::app::exit::{Exit, Failure};
use crate::app::output::{self, instant};
use crate::app::runtime::runtime;
use crate::app::session::{Session, Tasks};
use crate::app::unopened::NOT_LOOKED_FOR;
use crate::config::SourceConfig;
use crate::domain::action::Deed;
use crate::domain::text::Clean;
use crate::sources::http::{Clock, Ground, host_of, is_loopback};
use crate::sources::token;
use crate::sources::usual::{self, Usual};
use crate::sources::{
    Batch, Capability, CapabilityState, Check, CheckState, Fetch, READ_ONLY, Resource, Source,
    SourceError, TRIED_AGAIN, Trouble, UNNAMED,
};

/// What a host is said to have done with a token that it does not take.
const REJECTED: &str = "rejected the token";

/// What a host is said to do that refuses with 403.
const FORBIDDEN: &str = "does not let us read";

/// How many sources are asked at once.
const AT_ONCE: usize = 64;

/// Has every source tried, several at once, and prints in their order what came of it.
pub(super) fn print_all(session: &mut Session, offline: bool) -> Result<Exit, Failure> {
    let mut told = Ok(());
    let verdict = each(session, offline, &mut |one| {
        told = output::print(&describe(one, offline));
        told.is_ok()
    })?;
    told.map(|()| verdict)
}

/// Has every source tried, and returns in a few lines each what came of it.
pub fn summary(session: &mut Session) -> Result<(String, Exit), Failure> {
    let mut text = String::new();
    let verdict = each(session, false, &mut |one| {
        text.push_str(&in_short(one));
        true
    })?;
    Ok((text, verdict))
}

/// A source, its settings, and what came of it.
struct Tried<'a> {
    source: &'a dyn Source,
    config: Option<&'a SourceConfig>,
    checks: Vec<Check>,
    place: String,
}

impl Tried<'_> {
    fn usual(&self) -> &'static Usual {
        usual::of(self.source.kind())
    }

    fn hint(&self, check: &Check) -> Option<String> {
        let hint = check.hint.as_ref()?;
        // Who reads this has come here already, and sees no cards.
        Some(match check.trouble {
            Some(Trouble::Token) => {
                let from = self.source.meter().token_from;
                let scheme = self.config.map_or("https", |config| config.url.scheme());
                let host = (scheme, self.source.host());
                token_hint(&from, &self.place, self.usual(), host)
            }
            Some(Trouble::Host) => trouble::advice(&check.text).map_or_else(
                || "check the address, and whether the host can be reached from here".to_owned(),
                |words| trouble::addressed(words, self.config.map(|config| &config.url)),
            ),
            Some(Trouble::Server) => {
                let still = format!("; {TRIED_AGAIN}");
                hint.strip_suffix(still.as_str()).unwrap_or(hint).to_owned()
            }
            // A check of an endpoint judges by what it met: a certificate, a port.
            None => trouble::advice(&check.text).map_or_else(
                || hint.to_string(),
                |words| trouble::addressed(words, self.config.map(|config| &config.url)),
            ),
        })
    }
}

/// Tries every source; `tell` says whether to go on.
fn each(
    session: &mut Session,
    offline: bool,
    tell: &mut dyn FnMut(&Tried<'_>) -> bool,
) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let tasks = Tasks::default();
        session.begin_demo(!offline, &tasks).await?;
        let session: &Session = session;
        let ground = session.ground(None);
        let mut worst = Exit::Fine;
        let sources = session.open_sources(None);
        let all = sources.iter();
        let all = all.map(|source| tried(session, source.as_ref(), &ground, offline));
        // What hangs holds up nobody but itself; told is in the order of the configuration.
        let mut all = pin!(stream::iter(all).buffered(AT_ONCE));
        while let Some(tried) = all.next().await {
            for check in &tried.checks {
                worst = match check.state {
                    CheckState::Refused => Exit::Auth,
                    CheckState::Failed if worst == Exit::Fine => Exit::Error,
                    CheckState::Failed | CheckState::Fine | CheckState::Note => worst,
                };
            }
            if !tell(&tried) {
                break;
            }
        }
        tasks.end().await;
        Ok(worst)
    })
}

/// Has one source try itself, and looks at it from outside.
async fn tried<'a>(
    session: &'a Session,
    source: &'a dyn Source,
    ground: &Ground,
    offline: bool,
) -> Tried<'a> {
    let mut settings = session.settings.sources.iter();
    let config = settings.find(|config| config.name == *source.name());
    let mut checks = Vec::new();
    if !offline {
        checks = self::checks(source, config, &session.clock).await;
        let from = source.meter().token_from;
        let is_bare = matches!(from.as_str(), "none" | UNNAMED);
        checks = checks.into_iter().map(|it| wanting(it, is_bare)).collect();
        // The clock of the simulated team is its own.
        if let Some(config) = config.filter(|_| session.demo.is_none()) {
            let outside = trouble::from_outside(config, &checks, ground);
            let outside = patience::outside(source, outside).await;
            checks = trouble::without_ways(checks, &outside);
            checks.extend(outside);
        }
    }
    Tried {
        source,
        config,
        checks,
        place: named_place(session, source),
    }
}

/// Returns what was tried: what was not sent was not rejected.
fn wanting(check: Check, is_bare: bool) -> Check {
    if is_bare && check.state != CheckState::Fine && check.text.contains(FORBIDDEN) {
        // It may be a proxy or a firewall, but what is missing for sure is a token.
        return Check {
            text: Clean::line(&format!("{}: no token is sent (403)", check.text)),
            hint: check.hint.or_else(|| Some(Clean::line(REJECTED))),
            trouble: Some(Trouble::Token),
            ..check
        };
    }
    if !is_bare || !check.text.contains(REJECTED) {
        return check;
    }
    Check {
        text: Clean::line(&check.text.replace(REJECTED, "wants a token")),
        ..check
    }
}

/// Has a source try itself; one that cannot is asked for what it puts first.
///
/// Who gives no answer at all is not waited for.
async fn checks(source: &dyn Source, config: Option<&SourceConfig>, clock: &Clock) -> Vec<Check> {
    let trial = async {
        let checks = source.check_up().await;
        if checks.is_empty() {
            return Err(ask(source, clock).await);
        }
        Ok(checks)
    };
    let timeout = config.and_then(|config| config.timeout);
    let asked = match patience::wait(source, trial, timeout).await {
        Ok(Ok(checks)) => return checks,
        Ok(Err(asked)) => asked,
        Err(silent) => Err(silent),
    };
    let check = |state, text: &str, hint: Option<String>, trouble| Check {
        name: "host",
        state,
        text: Clean::line(text),
        hint: hint.map(|hint| Clean::line(&hint)),
        trouble,
    };
    let error = match asked {
        Ok(batch) => {
            let told = match batch.facts.len() {
                0 => "it answers".to_owned(),
                1 => "it answers, with 1 fact".to_owned(),
                many => format!("it answers, with {many} facts"),
            };
            let notes = batch.warnings.iter();
            let notes = notes.map(|text| check(CheckState::Note, text, None, None));
            return std::iter::once(check(CheckState::Fine, &told, None, None))
                .chain(notes)
                .collect();
        }
        Err(error) => error,
    };
    let state = match error {
        SourceError::Auth { .. } | SourceError::NoToken { .. } => CheckState::Refused,
        SourceError::Forbidden { .. }
        | SourceError::NotFound { .. }
        | SourceError::RateLimited { .. }
        | SourceError::Unreachable { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Refused { .. } => CheckState::Failed,
    };
    vec![check(
        state,
        &error.to_string(),
        error.advice(),
        error.trouble(),
    )]
}

/// Asks for the resource that the source itself puts first.
async fn ask(source: &dyn Source, clock: &Clock) -> Result<Batch, SourceError> {
    let now = clock();
    let mut resources: Vec<Resource> = source.resources(now);
    resources.sort_by_key(|resource| resource.tier);
    let Some(first) = resources.into_iter().next() else {
        return Ok(Batch::default());
    };
    let fetch = Fetch {
        resource: Arc::clone(&first.id),
        now,
        forced: true,
    };
    source.fetch(fetch).await
}

/// Returns the place that the configuration names for a token that did not come from there.
fn named_place(session: &Session, source: &dyn Source) -> String {
    let name = source.name();
    let config = session.settings.sources.iter();
    let Some(config) = config.into_iter().find(|config| config.name == *name) else {
        return NOT_LOOKED_FOR.to_owned();
    };
    match (&config.token_command, &config.token_env) {
        (Some(words), _) => {
            let program = words.first().map_or("", String::as_str);
            format!("none from `token_command`, `{program}`")
        }
        (None, Some(name)) if session.env.get(name).is_none() => {
            format!("none: the variable `{name}` is not set")
        }
        (None, Some(name)) => format!("from {name}"),
        (None, None) => {
            let places = token::places(config, &session.env.reader());
            let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
            match places.as_slice() {
                [] => NOT_LOOKED_FOR.to_owned(),
                places => format!(
                    "{NOT_LOOKED_FOR}; it would come from {}",
                    places.join(" or ")
                ),
            }
        }
    }
}

/// Says what to do about a token that is refused.
fn token_hint(from: &str, place: &str, usual: &Usual, (scheme, host): (&str, &str)) -> String {
    let may = match usual.may {
        "" => String::new(),
        may => format!("; it needs {may}"),
    };
    match from {
        "none" | UNNAMED => {
            // No program is asked about this machine.
            let is_here = Url::parse(&format!("http://{host}")).is_ok_and(|url| is_loopback(&url));
            let logins = usual.tools.iter();
            let logins = logins.filter(|tool| !is_here && !tool.login.is_empty());
            let logins = logins.map(|tool| format!("`{}`", tool.log_in(scheme, host)));
            let logins: Vec<String> = logins.collect();
            let variable = usual.variables.iter().find_map(|one| one.names.first());
            let variable = variable.map_or_else(String::new, |name| format!(" (say `{name}`)"));
            let way = if is_here {
                "; no program is asked about this machine".to_owned()
            } else if logins.is_empty() {
                ", a token or `user:password`".to_owned()
            } else {
                format!(", or log in with {}", logins.join(" or "))
            };
            format!(
                "the host wants a token and there is none: `token_env`{variable} or `token_command` \
                 of the source names one{way}{may}"
            )
        }
        "" | NOT_LOOKED_FOR => format!("check the token: {place}{may}"),
        from => format!("check the token; it comes from {from}{may}"),
    }
}

/// Says where the token of a source comes from.
fn token_line(tried: &Tried<'_>) -> String {
    let usual = tried.usual();
    let is_forge = !usual.tools.is_empty();
    match tried.source.meter().token_from.as_str() {
        "" | NOT_LOOKED_FOR => tried.place.clone(),
        "none" | UNNAMED if is_forge => {
            let is_here = tried.config.is_some_and(|config| is_loopback(&config.url));
            let places = looked_for(usual, is_here);
            format!(
                "none: only what is public can be read, within the limit for strangers ({places})"
            )
        }
        "none" => {
            "none: only what is public can be read, within the limit for strangers".to_owned()
        }
        UNNAMED => UNNAMED.to_owned(),
        from => format!("from {from}"),
    }
}

/// Says where a token was looked for.
fn looked_for(usual: &Usual, is_here: bool) -> String {
    let variables = usual.variables.iter().flat_map(|one| one.names).take(2);
    let tools = usual.tools.iter().map(|tool| &tool.program);
    let tools = tools.filter(|_| !is_here);
    let places = variables.chain(tools).map(|name| format!("`{name}`"));
    let places: Vec<String> = places.collect();
    let asked = if is_here {
        "; no program is asked about this machine"
    } else {
        ""
    };
    format!("looked for in {}{asked}", places.join(", "))
}

/// Returns whether something that was tried failed.
fn is_bad(check: &Check) -> bool {
    matches!(check.state, CheckState::Failed | CheckState::Refused)
}

fn describe(tried: &Tried<'_>, offline: bool) -> String {
    let Tried { source, checks, .. } = tried;
    let mut out = format!("source {}\n", source.name());
    line(&mut out, "kind", source.kind());
    let address = tried.config.map(|config| {
        let url = config.url.as_str().trim_end_matches('/');
        Clean::line(url).to_string()
    });
    line(
        &mut out,
        "address",
        address.as_deref().unwrap_or(source.host()),
    );
    let meter = source.meter();
    line(&mut out, "token", token_line(tried));
    if let Some(me) = &meter.me {
        line(&mut out, "account", Clean::line(me));
    }
    if meter.insecure {
        line(&mut out, "connection", "not encrypted");
    }
    for check in checks {
        let word = match check.state {
            CheckState::Fine => "",
            CheckState::Note => "note: ",
            CheckState::Failed | CheckState::Refused => "failed: ",
        };
        line(&mut out, check.name, format!("{word}{}", check.text));
        if let Some(hint) = tried.hint(check) {
            line(&mut out, "", format!("hint: {hint}"));
        }
    }
    let answer = match checks.iter().filter(|check| is_bad(check)).count() {
        _ if offline => "not asked".to_owned(),
        0 => "ok".to_owned(),
        1 => "one thing failed".to_owned(),
        many => format!("{many} things failed"),
    };
    line(&mut out, "answer", answer);
    // Doctor reads no past: it says where none can be.
    if let Some(why) = source.past().cannot {
        line(&mut out, "past", format!("not read: {why}"));
    }
    for capability in source.capabilities() {
        if let Some(told) = ability(&capability, checks) {
            line(&mut out, "can", told);
        }
    }
    for budget in &meter.budgets {
        let reset = budget
            .reset_at
            .map_or_else(String::new, |at| format!(", full again at {}", instant(at)));
        line(
            &mut out,
            "budget",
            format!(
                "{} of {} {} left{reset}",
                budget.remaining, budget.limit, budget.bucket
            ),
        );
    }
    out
}

/// Says what a source can or cannot do; nothing where that was told above, or could not be tried
/// without changing something or asking for much.
fn ability(capability: &Capability, checks: &[Check]) -> Option<String> {
    let Capability { name, state } = capability;
    let is_told = |word: &str| checks.iter().any(|check| check.name == word);
    if Deed::is_named(name) && is_told("writes") {
        return None;
    }
    match state {
        CapabilityState::Unknown => None,
        CapabilityState::Available if is_told(name) => None,
        CapabilityState::Available => Some(format!("{name}: yes")),
        // This very command changes nothing: that says nothing of a board.
        CapabilityState::Missing(why) if why.as_str() == READ_ONLY => Some(format!(
            "{name}: `writes` allows it on a board; not tried, as it changes something"
        )),
        // A note said it already.
        CapabilityState::Missing(_) if is_noted(name, checks) => None,
        CapabilityState::Missing(why) => Some(format!("{name}: no: {why}")),
    }
}

/// Returns whether a check of that name was not fine.
fn is_noted(name: &str, checks: &[Check]) -> bool {
    let mut noted = checks.iter().filter(|check| check.name == name);
    noted.any(|check| check.state != CheckState::Fine)
}

/// Says in a line whether a source answers, and what to do where it does not.
fn in_short(tried: &Tried<'_>) -> String {
    let source = tried.source;
    let name = match tried.config {
        Some(config) if config.name.as_str() != host_of(&config.url) => {
            format!("{} ({})", config.name, host_of(&config.url))
        }
        _ => source.name().to_string(),
    };
    let Some(bad) = tried.checks.iter().find(|check| is_bad(check)) else {
        let host = tried.checks.iter().find(|check| check.name == "host");
        let said = host.map_or_else(|| "it answers".to_owned(), |check| check.text.to_string());
        let me = source.meter().me;
        let me = me.map_or_else(String::new, |me| format!(", as {}", Clean::line(&me)));
        let token = token_line(tried);
        return format!("{name}: ok, {said}{me}\n  token: {token}\n");
    };
    let hint = tried.hint(bad);
    let hint = hint.map_or_else(String::new, |hint| format!("  hint: {hint}\n"));
    format!("{name}: failed: {}\n{hint}", bad.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::usual::{GITHUB, GITLAB, NOTHING};

    #[test]
    fn a_refused_token_is_looked_for_where_it_comes_from() {
        let hint = |from, place| token_hint(from, place, &NOTHING, ("https", "x.example"));
        let found = hint("GH_TOKEN", "");
        assert_eq!(found, "check the token; it comes from GH_TOKEN");
        assert_eq!(
            hint("", "none from `token_command`, `op`"),
            "check the token: none from `token_command`, `op`"
        );
        assert!(hint(UNNAMED, "x").ends_with("a token or `user:password`"));
    }

    #[test]
    fn who_has_no_token_is_told_how_to_log_in_at_that_kind_of_host() {
        let hint = |usual| token_hint("none", "not looked for", usual, ("https", "x.example"));
        let found = hint(&GITHUB);
        assert!(
            found.contains("`gh auth login --hostname x.example`"),
            "{found}"
        );
        let found = hint(&GITLAB);
        assert!(
            found.contains("`glab auth login --hostname x.example`"),
            "{found}"
        );
        assert!(found.ends_with("it needs `read_api`"), "{found}");
    }

    #[track_caller]
    fn check_wanting(is_bare: bool, state: CheckState, expected: Option<Trouble>) {
        let check = Check {
            name: "version",
            state,
            text: Clean::line("x.example does not let us read /version"),
            hint: None,
            trouble: None,
        };
        let found = wanting(check.clone(), is_bare);
        assert_eq!(found.trouble, expected);
        assert_eq!(found == check, expected.is_none(), "{found:?}");
        assert_eq!(found.text.contains("no token"), expected.is_some());
    }

    #[test]
    fn who_is_refused_without_a_token_is_told_that_there_is_none() {
        check_wanting(true, CheckState::Failed, Some(Trouble::Token));
        check_wanting(false, CheckState::Failed, None);
        check_wanting(true, CheckState::Fine, None);
        let found = token_hint("none", "not looked for", &GITLAB, ("https", "x.example"));
        assert!(found.contains("`GITLAB_TOKEN`"), "{found}");
    }

    #[track_caller]
    fn check_ability(name: &'static str, state: CapabilityState, expected: Option<&str>) {
        let checks = ["issues", "runs"].map(|name| Check {
            name,
            state: CheckState::Fine,
            text: Clean::line("they can be read"),
            hint: None,
            trouble: None,
        });
        let told = ability(&Capability { name, state }, &checks);
        assert_eq!(told.as_deref(), expected, "{name}");
    }

    #[test]
    fn what_was_not_tried_is_not_listed_and_nothing_is_told_twice() {
        use CapabilityState::{Available, Missing, Unknown};
        check_ability("job logs", Unknown, None);
        check_ability("issues", Available, None);
        check_ability("job logs", Available, Some("job logs: yes"));
        let none = Missing("`cc.xml` holds none".into());
        check_ability("commits", none, Some("commits: no: `cc.xml` holds none"));
        let allowed = "cancel: `writes` allows it on a board; not tried, as it changes something";
        check_ability("cancel", Missing(READ_ONLY.into()), Some(allowed));
    }

    #[test]
    fn nobody_is_sent_to_a_program_that_is_not_asked_about_this_machine() {
        let found = token_hint(
            "none",
            "not looked for",
            &GITLAB,
            ("http", "127.0.0.1:8080"),
        );
        assert!(!found.contains("glab"), "{found}");
        assert!(found.contains("no program is asked about this machine"));
        let here = looked_for(&GITLAB, true);
        assert!(here.contains("`GITLAB_TOKEN`") && !here.contains("glab"));
        assert!(looked_for(&GITLAB, false).contains("`glab`"));
    }
}

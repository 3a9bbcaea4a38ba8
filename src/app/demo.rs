//! The demo: starts the systems of the simulated team and makes them the sources.
//!
//! Remembers where and since when a team was simulated, so that the second
//! start goes on where the first one ended, with a warm store.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::TimeDelta;
use rustix::fs::{FlockOperation, flock};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::app::cli::{DemoScale, Team};
use crate::app::exit::Failure;
use crate::app::output;
use crate::app::paths::{self, Paths};
use crate::app::redact;
use crate::app::runtime::runtime;
use crate::app::session::{Session, Tasks};
use crate::app::settings::kinds;
use crate::app::{clock, guard, signals, waiting};
use crate::config::{Action, Settings, SourceConfig, Trust};
use crate::demo::Options;
use crate::demo::forge::{self, Dialect, Forge, MIXED};
use crate::demo::scenario::people;
use crate::demo::scenario::team::ORG;
use crate::domain::Timestamp;
use crate::domain::policy::Policy;
use crate::sources::http::Clock;

/// Where the sources find the token of the simulated systems.
pub const TOKEN_ENV: &str = "CYCLEBOARD_DEMO_TOKEN";

/// Where the source of a server that asks for a login finds it: an account and its token.
const LOGIN_ENV: &str = "CYCLEBOARD_DEMO_LOGIN";

/// What the screen says as long as it shows simulated data.
pub const BANNER: &str = "simulated data";

/// How long a simulated team is kept before a new one begins.
const KEPT: TimeDelta = TimeDelta::hours(12);

/// How long a port of this machine may take to answer.
const KNOCK: Duration = Duration::from_millis(500);

/// What stands for the port of a team that never was: nobody listens there.
const NOBODYS_PORT: u16 = 1;

/// A simulated team.
#[derive(Debug)]
pub struct Demo {
    /// A name of its directory: the same for the same team.
    pub name: String,
    team: Team,
    options: Options,
    state: PathBuf,
    forges: Vec<Forge>,
    /// Who has the store, found out once.
    lock: OnceLock<Hold>,
}

/// Who has the store of a team.
#[derive(Debug)]
enum Hold {
    /// This program, for as long as it holds the lock; where there is no place for a lock there is
    /// none for a store, which is told by whoever opens that.
    Ours { _lock: Option<File> },
    /// Another demo of the same team.
    Theirs,
}

/// A simulated team that can be asked.
#[derive(Debug)]
pub struct Begun {
    /// The sources that ask it.
    pub sources: Vec<SourceConfig>,
    /// The credentials that its systems accept, and the variables in which sources look for them.
    pub credentials: Vec<(&'static str, String)>,
    /// Whether the store holds this very team's data; another demo may hold its place.
    pub is_the_stores: bool,
}

/// What is remembered of a team between two starts.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Memory {
    ports: Vec<u16>,
    origin: Timestamp,
}

impl Demo {
    /// Settles which team it is; nothing is started yet.
    pub fn new(scale: &DemoScale, paths: &Paths) -> Self {
        let options = options(scale);
        let kind = match scale.team {
            Team::Github => "demo",
            Team::Mixed => "demo-mixed",
        };
        let name = format!(
            "{kind}-{}-{}-{}-{}",
            options.seed, options.repos, options.cards, options.speed
        );
        let state = paths.apart(&name).state.join("team");
        Self {
            name,
            team: scale.team,
            options,
            state,
            forges: Vec::new(),
            lock: OnceLock::new(),
        }
    }

    /// Returns what is to be told before it begins: that a large team takes a while.
    pub fn building(&self) -> Option<&'static str> {
        (self.options.cards >= MANY).then_some(BUILDING)
    }

    /// Starts its systems where it was before, if it can be had.
    pub async fn begin(
        &mut self,
        clock: &Clock,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
    ) -> Result<Begun, Failure> {
        let now = clock();
        let known = self.recall().filter(|memory| now - memory.origin < KEPT);
        let fresh = || Memory {
            ports: Vec::new(),
            origin: now,
        };
        let mut wanted = known.clone().unwrap_or_else(fresh);
        let is_ours = self.holds_store();
        if !is_ours {
            // The same team on another terminal has the store, and maybe not its ports yet: this
            // one stays in memory.
            wanted.ports.clear();
        }
        let options = Options {
            origin: Some(wanted.origin),
            ..self.options.clone()
        };
        tell_of_building(self.building());
        let tasks = (tracker, cancel);
        let mut started = start(self.team, &options, &wanted.ports, clock, tasks).await;
        let is_taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
        let taken = started.as_ref().is_err_and(is_taken);
        if taken {
            // Another program has them: this one stays in memory.
            started = start(self.team, &options, &[], clock, tasks).await;
        }
        let forges = started.map_err(|error| {
            Failure::error(format!("cannot serve the simulated forge: {error}"))
        })?;
        if is_ours && known.is_none() {
            let port = |forge: &Forge| forge.url().port().unwrap_or_default();
            self.remember(&Memory {
                ports: forges.iter().map(port).collect(),
                origin: wanted.origin,
            });
        }
        let sources = forges.iter().map(|forge| {
            let (dialect, url) = (forge.dialect(), forge.url().clone());
            source(self.team, dialect, url)
        });
        let begun = Begun {
            sources: sources.collect(),
            credentials: credentials(),
            is_the_stores: is_ours && !taken,
        };
        self.forges = forges;
        Ok(begun)
    }

    /// Returns the team as it is remembered, to be looked up in the store: nobody is asked, so no
    /// forge is started, and its port may meanwhile be another's.
    pub fn recollect(&self) -> Result<Begun, Failure> {
        let ports = self.recall().map(|memory| memory.ports).unwrap_or_default();
        let mut sources = Vec::new();
        for (nth, dialect) in dialects(self.team).iter().enumerate() {
            let port = ports.get(nth).copied().unwrap_or(NOBODYS_PORT);
            let url = Url::parse(&format!("http://{}:{port}/", Ipv4Addr::LOCALHOST));
            let named = |error| Failure::error(format!("cannot name the forge: {error}"));
            sources.push(source(self.team, *dialect, url.map_err(named)?));
        }
        Ok(Begun {
            sources,
            credentials: credentials(),
            is_the_stores: true,
        })
    }

    /// Returns the team that another demo of the same store shows right now, to be asked beside it:
    /// what that store holds is of this team. Nothing where it cannot be reached.
    pub fn join(&self, now: Timestamp) -> Option<Begun> {
        if self.holds_store() {
            return None;
        }
        let memory = self.recall().filter(|memory| now - memory.origin < KEPT)?;
        let is_there = |port: &u16| {
            let at = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
            TcpStream::connect_timeout(&at, KNOCK).is_ok()
        };
        let are_there = memory.ports.iter().all(is_there);
        are_there.then(|| self.recollect().ok()).flatten()
    }

    /// Returns whether the store is this program's to fill, from now on: two teams in one would mix.
    pub fn holds_store(&self) -> bool {
        matches!(self.lock.get_or_init(|| self.take()), Hold::Ours { .. })
    }

    fn take(&self) -> Hold {
        let open = || {
            self.state.parent().map_or(Ok(()), paths::make_private)?;
            OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(self.state.with_extension("lock"))
        };
        let file = open().inspect_err(|error| tracing::warn!(%error, "demo"));
        let locked = file
            .as_ref()
            .map(|file| flock(file, FlockOperation::NonBlockingLockExclusive));
        match locked {
            Ok(Err(rustix::io::Errno::AGAIN)) => Hold::Theirs,
            // A file system without locks: better than no store.
            Ok(_) | Err(_) => Hold::Ours { _lock: file.ok() },
        }
    }

    /// Returns whether the store would hold the data of another forge, and must be made anew.
    pub fn forgets_store(&self, now: Timestamp) -> bool {
        self.recall()
            .is_none_or(|memory| now - memory.origin >= KEPT)
    }

    fn recall(&self) -> Option<Memory> {
        let text = std::fs::read_to_string(&self.state).ok()?;
        let (ports, origin) = text.trim().split_once(' ')?;
        let port = |word: &str| word.parse().ok().filter(|port| *port != 0);
        let ports: Option<Vec<u16>> = ports.split(',').map(port).collect();
        Some(Memory {
            ports: ports.filter(|ports| ports.len() == dialects(self.team).len())?,
            origin: chrono::DateTime::parse_from_rfc3339(origin).ok()?.to_utc(),
        })
    }

    /// Without it the next start is a cold one, which is no harm.
    fn remember(&self, memory: &Memory) {
        if let Some(dir) = self.state.parent() {
            drop(paths::make_private(dir));
        }
        let ports: Vec<String> = memory.ports.iter().map(u16::to_string).collect();
        let text = format!("{} {}\n", ports.join(","), memory.origin.to_rfc3339());
        if let Err(error) = paths::write_private(&self.state, &text) {
            tracing::warn!(%error, "demo");
        }
    }
}

impl Session {
    /// Asks the simulated team that another demo shows, if one does; returns whether it is.
    pub(super) fn join_demo(&mut self) -> bool {
        let now = (self.clock)();
        let joined = self.demo.as_ref().and_then(|demo| demo.join(now));
        let is_joined = joined.is_some();
        if let Some(begun) = joined {
            self.take_team(begun);
        }
        is_joined
    }

    /// Takes a simulated team for the sources.
    pub(super) fn take_team(&mut self, begun: Begun) {
        for (variable, value) in begun.credentials {
            redact::know(&SecretString::from(value.clone()));
            self.env = self.env.with(variable, value);
        }
        self.settings.sources = begun.sources;
    }
}

/// Returns what the systems of a team speak, in the order in which they are started.
fn dialects(team: Team) -> &'static [Dialect] {
    match team {
        Team::Github => &[Dialect::GitHub],
        Team::Mixed => &MIXED,
    }
}

/// Starts the systems of a team; `ports` are theirs, any where one is missing or 0.
async fn start(
    team: Team,
    options: &Options,
    ports: &[u16],
    clock: &Clock,
    (tracker, cancel): (&TaskTracker, &CancellationToken),
) -> io::Result<Vec<Forge>> {
    let clock = Arc::clone(clock);
    match team {
        Team::Github => {
            let port = ports.first().copied().unwrap_or(0);
            let options = Options {
                port,
                ..options.clone()
            };
            let forge = forge::start(options, clock, tracker, cancel).await?;
            Ok(vec![forge])
        }
        Team::Mixed => forge::start_mixed(options, ports, clock, tracker, cancel).await,
    }
}

/// How many cards take so long to make up that it must be told.
const MANY: usize = 5_000;

/// What is told where a large team is made up.
const BUILDING: &str = "building the simulated team …";

/// Says to people why nothing is seen yet, where a large team is made up; who has a screen says it
/// there.
fn tell_of_building(building: Option<&str>) {
    if let Some(text) = building.filter(|_| io::stderr().is_terminal() && !guard::is_taken()) {
        waiting::say(text);
    }
}

fn options(scale: &DemoScale) -> Options {
    let usual = Options::default();
    let count = |number: Option<u32>, usual: usize| {
        number
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(usual)
    };
    Options {
        seed: scale.seed.unwrap_or(usual.seed),
        speed: scale.speed.unwrap_or(crate::demo::LIVELY),
        repos: count(scale.repos, usual.repos),
        cards: count(scale.cards, usual.cards),
        ..usual
    }
}

/// Returns how the simulated team works: as the configuration says, with the services of that team
/// behind those of the configuration.
pub fn policy(given: Policy) -> Result<Policy, Failure> {
    let settings = Settings::parse(crate::demo::BOARD, "the demo", Trust::User, &kinds());
    let with_team = |team: Settings| {
        let mut policy = given;
        policy.services.extend(team.policy.services);
        policy
    };
    settings.map(with_team).map_err(|errors| {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        Failure::error(format!(
            "the simulated team's settings do not hold: {first}"
        ))
    })
}

/// Returns the credentials that the systems accept, by the variables in which sources look.
fn credentials() -> Vec<(&'static str, String)> {
    let account = people::of(people::VIEWER).login;
    let login = format!("{account}:{}", forge::TOKEN);
    vec![(TOKEN_ENV, forge::TOKEN.to_owned()), (LOGIN_ENV, login)]
}

/// Returns the source that asks a system of the team.
fn source(team: Team, dialect: Dialect, url: Url) -> SourceConfig {
    let name = match (team, dialect) {
        (Team::Github, _) => "demo",
        (Team::Mixed, Dialect::Alertmanager) => "alerts",
        (Team::Mixed, dialect) => dialect.kind(),
    };
    let mut source = SourceConfig::new(name, dialect.kind(), url);
    source.token_env = Some(TOKEN_ENV.to_owned());
    match dialect {
        Dialect::GitHub | Dialect::GitLab | Dialect::Forgejo => {
            source.orgs = vec![ORG.to_owned()];
        }
        Dialect::Jenkins => source.token_env = Some(LOGIN_ENV.to_owned()),
        Dialect::Alertmanager => source.token_env = None,
    }
    // A simulated team: what is done here hurts nobody.
    if dialect != Dialect::Alertmanager {
        source.writes = vec![Action::Rerun, Action::Cancel];
        // Where runs wait for a person.
        if dialect != Dialect::Forgejo {
            source.writes.extend([Action::Approve, Action::Reject]);
        }
    }
    source
}

/// Serves the systems alone until a signal ends it.
pub fn serve(scale: &DemoScale, port: u16) -> Result<u8, Failure> {
    let tasks = Tasks::default();
    let watched = signals::watch(&tasks.cancel)?;
    runtime()?.block_on(async {
        let count = u16::try_from(dialects(scale.team).len()).unwrap_or(1);
        let next = |nth: u16| port.checked_add(nth).filter(|_| port != 0);
        let ports: Vec<u16> = (0..count).map(|nth| next(nth).unwrap_or(0)).collect();
        let (options, clock) = (options(scale), clock::system());
        let run = (&tasks.tracker, &tasks.cancel);
        let started = start(scale.team, &options, &ports, &clock, run).await;
        let forges = started.map_err(|error| {
            let address = Ipv4Addr::LOCALHOST;
            Failure::error(format!("cannot listen on {address}:{port}: {error}"))
                .hint("`--port 0` takes any port that is free")
        })?;
        output::print(&told(scale.team, &forges))?;
        tasks.cancel.cancelled().await;
        tasks.end().await;
        Ok(watched.ending().get().unwrap_or_default())
    })
}

/// Says where the systems are: of several, as a configuration that asks them all.
fn told(team: Team, forges: &[Forge]) -> String {
    if let (Team::Github, [forge]) = (team, forges) {
        return format!(
            "{url}\norganisation: {org}\ntoken: {token}\n",
            url = forge.url(),
            org = forge.org(),
            token = forge.token(),
        );
    }
    let source = |one: &Forge| source(team, one.dialect(), one.url().clone());
    configuration(&forges.iter().map(source).collect::<Vec<_>>())
}

/// Writes a configuration that asks these systems.
fn configuration(sources: &[SourceConfig]) -> String {
    let mut lines = vec![format!(
        "# a simulated team; its token is `{}`, and `{}` may only read:",
        forge::TOKEN,
        forge::READ_TOKEN,
    )];
    let exports = credentials().into_iter();
    lines.extend(exports.map(|(variable, value)| format!("# export {variable}={value}")));
    for source in sources {
        lines.push("\n[[source]]".to_owned());
        lines.push(format!("name = \"{}\"", source.name));
        lines.push(format!("kind = \"{}\"", source.kind));
        lines.push(format!("url = \"{}\"", source.url));
        if !source.orgs.is_empty() {
            lines.push(format!("orgs = [\"{ORG}\"]"));
        }
        let variable = source.token_env.iter();
        lines.extend(variable.map(|variable| format!("token_env = \"{variable}\"")));
        if !source.writes.is_empty() {
            let words = source.writes.iter().map(|action| action.as_str());
            let words: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
            lines.push(format!("writes = [{}]", words.join(", ")));
        }
    }
    let services = crate::demo::BOARD.split_once("\n\n");
    let services = services.map_or("", |(_, services)| services);
    format!("{}\n\n{services}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixed_team_has_a_source_for_each_of_its_systems() {
        let url = || Url::parse("http://127.0.0.1:1/").unwrap();
        let names: Vec<String> = dialects(Team::Mixed)
            .iter()
            .map(|dialect| source(Team::Mixed, *dialect, url()).name.to_string())
            .collect();
        assert_eq!(names, ["gitlab", "forgejo", "jenkins", "alerts"]);
        let sources: Vec<SourceConfig> = dialects(Team::Mixed)
            .iter()
            .map(|dialect| source(Team::Mixed, *dialect, url()))
            .collect();
        let text = configuration(&sources);
        let read = Settings::parse(&text, "what is printed", Trust::User, &kinds()).unwrap();
        assert_eq!(
            format!("{:?}", read.sources),
            format!("{sources:?}"),
            "{text}"
        );
        assert_eq!(
            read.policy.services.len(),
            policy(Policy::default()).unwrap().services.len()
        );
        let only = source(Team::Github, Dialect::GitHub, url());
        assert_eq!(only.name.to_string(), "demo");
        assert_eq!(only.writes.len(), 4);
    }

    /// A home, its paths, and a small team.
    fn place() -> (tempfile::TempDir, Paths, DemoScale) {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths {
            config: home.path().join("config"),
            state: home.path().join("state"),
            cache: home.path().join("cache"),
        };
        let scale = DemoScale {
            speed: None,
            seed: None,
            repos: Some(1),
            cards: Some(10),
            team: Team::Github,
        };
        (home, paths, scale)
    }

    #[test]
    fn only_a_large_team_is_told_to_take_a_while() {
        let (_home, paths, mut scale) = place();
        assert_eq!(Demo::new(&scale, &paths).building(), None);
        scale.cards = Some(5_000);
        assert_eq!(Demo::new(&scale, &paths).building(), Some(BUILDING));
    }

    #[test]
    fn of_two_demos_at_once_one_has_the_store() {
        let (_home, paths, scale) = place();
        let (first, second) = (Demo::new(&scale, &paths), Demo::new(&scale, &paths));
        assert_eq!((first.holds_store(), second.holds_store()), (true, false));
        let other = DemoScale {
            seed: Some(9),
            ..scale.clone()
        };
        assert!(Demo::new(&other, &paths).holds_store(), "another team");
        drop(first);
        assert!(!second.holds_store(), "it began without");
        assert!(Demo::new(&scale, &paths).holds_store());
    }

    #[tokio::test]
    async fn a_command_beside_a_demo_asks_the_team_of_that() {
        let (_home, paths, scale) = place();
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let (mut one, two) = (Demo::new(&scale, &paths), Demo::new(&scale, &paths));
        let clock = clock::system();
        let begun = one.begin(&clock, &tracker, &cancel).await.unwrap();
        let urls = |begun: &Begun| -> Vec<Url> {
            begun
                .sources
                .iter()
                .map(|source| source.url.clone())
                .collect()
        };
        let joined = two.join(clock()).expect("it is there");
        assert!(joined.is_the_stores);
        assert_eq!(urls(&joined), urls(&begun));
        assert!(two.join(clock() + KEPT).is_none(), "another team by then");
        assert!(one.join(clock()).is_none(), "it is its own");
        cancel.cancel();
        tracker.close();
        tracker.wait().await;
        assert!(two.join(clock()).is_none(), "nobody listens any more");
    }

    #[tokio::test]
    async fn two_demos_that_start_together_fill_no_store_both() {
        let (_home, paths, scale) = place();
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let (mut one, mut two) = (Demo::new(&scale, &paths), Demo::new(&scale, &paths));
        let clock = clock::system();
        let both = tokio::join!(
            one.begin(&clock, &tracker, &cancel),
            two.begin(&clock, &tracker, &cancel)
        );
        let own = [both.0.unwrap().is_the_stores, both.1.unwrap().is_the_stores];
        assert_eq!(own.iter().filter(|own| **own).count(), 1);
        cancel.cancel();
    }
}

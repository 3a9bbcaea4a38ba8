//! What stands in the way of a source, looked at from outside: another kind, another path,
//! a certificate, a clock.
//!
//! Asks what needs no login, and never with a token.

use std::path::Path;

use url::Url;

use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::sources::http::{Ground, host_of, span};
use crate::sources::probe::{self, Certificate, Glance, Shown};
use crate::sources::spoken::{self, Spoken};
use crate::sources::usual;
use crate::sources::{Check, CheckState, Trouble};

/// The difference of two clocks above which it is told.
const SKEW_SECS: i64 = 60;

/// So many days before its certificate ends a person should know.
const SOON_DAYS: i64 = 14;

/// Where the host and the port belong in the words of a way out.
const PLACE: &str = "HOST:PORT";

/// Words in a cause, and what to do about it.
const ADVICE: [(&str, &str); 12] = [
    (
        "`ca_file` holds none of an authority",
        "let `ca_file` name the certificate of who signed it, in PEM form: `openssl s_client \
         -showcerts -connect HOST:PORT </dev/null` shows its name (`i:`)",
    ),
    (
        "signed by nobody that is trusted here",
        "if it is your own, let `ca_file` name the certificate of who signed it, in PEM form",
    ),
    (
        "signature of its certificate is wrong",
        "if it signed its own, let `ca_file` name that certificate, in PEM form",
    ),
    (
        "certificate, which it made itself",
        "`openssl s_client -connect HOST:PORT </dev/null | openssl x509 -out own.pem` fetches it; \
         when it is the one that was made there, set `ca_file = \"own.pem\"`",
    ),
    (
        "`ca_file` holds another",
        "it has to hold the very certificate that the host shows, not only one like it: `openssl \
         s_client -connect HOST:PORT </dev/null | openssl x509` shows that one",
    ),
    (
        "certificate is for another host",
        "let `url` name the host as its certificate does",
    ),
    (
        "certificate has expired",
        "it must be renewed there; if it is valid, the clock here is wrong",
    ),
    (
        "certificate is not valid yet",
        "if it is valid, the clock here is wrong",
    ),
    (
        "is that a plain http port",
        "write `http://` for a host without TLS; another machine wants `insecure_http = true`, \
         too, and the token then goes in clear text",
    ),
    (
        "name cannot be resolved",
        "check the spelling of the host, and whether a VPN or a proxy is missing",
    ),
    (
        "connection refused",
        "nothing listens there: check the port, and whether the server runs",
    ),
    (
        "the proxy",
        "`HTTPS_PROXY` and `NO_PROXY` say which hosts are reached how",
    ),
];

/// Returns what to do about a cause, if that is known.
pub(super) fn advice(text: &str) -> Option<&'static str> {
    let mut all = ADVICE.iter();
    all.find(|(words, _)| text.contains(words))
        .map(|(_, advice)| *advice)
}

/// Returns what can be seen from outside of a source that tried itself.
pub(super) async fn from_outside(
    config: &SourceConfig,
    checks: &[Check],
    ground: &Ground,
) -> Vec<Check> {
    let mut found = Vec::new();
    let failed = checks
        .iter()
        .find(|check| check.state == CheckState::Failed);
    let is_odd = lacks_graphql(config, checks);
    if is_odd || failed.is_some_and(may_be_elsewhere) {
        let rows = usual::rows();
        let mut bases = bases(&config.url, &config.kind);
        let ca_file = config.ca_file.as_deref();
        let mut asked = probe::ask(&bases, &rows, ca_file, ground).await;
        if matches!(asked, Ok(None)) {
            let further = probe::pointed(&config.url, ca_file, ground).await;
            let is_new = |url: &Url| bases.iter().all(|known| plain(known) != plain(url));
            let further: Vec<Url> = further.into_iter().filter(is_new).collect();
            if let Ok(Some(shown)) = probe::ask(&further, &rows, ca_file, ground).await {
                asked = Ok(Some(shown));
            }
            bases.extend(further);
        }
        match asked {
            Ok(Some(shown)) if is_odd && shown.kind != config.kind => {
                let told = misplaced(config, &shown).into_iter();
                // What is no GitHub at all is no GitHub that goes on in another way.
                found.extend(told.map(|check| Check {
                    state: CheckState::Failed,
                    ..check
                }));
            }
            Ok(Some(shown)) if failed.is_some() => found.extend(misplaced(config, &shown)),
            Ok(None) if failed.is_some() => found.extend(unknown(config, &bases)),
            // A failure was told already.
            Ok(_) | Err(_) => {}
        }
    }
    let is_away = failed.is_some_and(|check| check.text.contains("cannot be reached"));
    let is_odd = failed.is_some_and(may_speak_otherwise);
    if is_odd && let Some(spoken) = spoken::ask(&config.url).await {
        found.extend(other_language(&config.url, spoken));
    }
    let has_clock = checks.iter().any(|check| check.name == "clock");
    let is_encrypted = config.url.scheme() == "https";
    if !is_away && (is_encrypted || !has_clock) {
        let ca_file = config.ca_file.as_deref();
        let glance = probe::glance(&config.url, ca_file, ground).await;
        let Glance { ahead, certificate } = glance.unwrap_or_default();
        let ahead = ahead.filter(|_| !has_clock);
        found.extend(ahead.and_then(|ahead| clock(&host_of(&config.url), ahead)));
        let now = (ground.clock)();
        found.extend(certificate.map(|shown| certified(&shown, ca_file, now)));
    }
    found
}

/// Says who signed a certificate, why it is trusted, and when it ends.
fn certified(shown: &Certificate, ca_file: Option<&Path>, now: Timestamp) -> Check {
    let issuer = match &shown.issuer {
        Some(name) => format!("by `{name}`"),
        None if shown.seen => "by somebody without a name".to_owned(),
        None => "accepted".to_owned(),
    };
    let trusted = match ca_file {
        Some(file) => format!("trusted by `ca_file`, `{}`", file.display()),
        None => "trusted by this machine".to_owned(),
    };
    let days = shown.ends_at.map(|end| (end - now).num_days());
    let until = match (shown.ends_at, days) {
        (Some(end), Some(days)) => {
            let left = match days {
                1 => "1 day left".to_owned(),
                days => format!("{} days left", days.max(0)),
            };
            format!("until {}, {left}", end.format("%Y-%m-%d"))
        }
        _ if shown.seen => "its end cannot be read".to_owned(),
        _ => "behind the proxy its end is not seen".to_owned(),
    };
    let is_soon = days.is_some_and(|days| days < SOON_DAYS);
    Check {
        name: "certificate",
        state: if is_soon {
            CheckState::Note
        } else {
            CheckState::Fine
        },
        text: Clean::line(&format!("{issuer}, {trusted}; {until}")),
        hint: is_soon.then(|| Clean::line("it must be renewed there before it ends")),
        trouble: None,
    }
}

/// Returns whether a host that nobody is sure about lacks the interface that all of its kind have,
/// so that it may be of another kind.
fn lacks_graphql(config: &SourceConfig, checks: &[Check]) -> bool {
    let host = host_of(&config.url);
    let is_sure = usual::of(&config.kind).hosts.contains(&host.as_str());
    let lacks = |check: &Check| check.name == "graphql" && check.state == CheckState::Note;
    !is_sure && checks.iter().any(lacks)
}

/// Returns what is left of what a source tried itself: where another kind of system answers, how
/// it would go on is no matter.
pub(super) fn without_ways(mut checks: Vec<Check>, outside: &[Check]) -> Vec<Check> {
    let other = |check: &Check| check.name == "there" && check.state == CheckState::Failed;
    if outside.iter().any(other) {
        checks.retain(|check| check.name != "graphql");
    }
    checks
}

/// Returns whether a failure may come of asking at the wrong place.
fn may_be_elsewhere(check: &Check) -> bool {
    let text = check.text.as_str();
    let words = [
        "cannot be read",
        "is not there",
        "has no ",
        "not found",
        "refused the request",
        "does not let",
        "lets nobody",
    ];
    words.iter().any(|words| text.contains(words))
}

/// Returns whether a failure may come of a port that speaks another language than its address.
fn may_speak_otherwise(check: &Check) -> bool {
    let text = check.text.as_str();
    if check.trouble == Some(Trouble::Host) {
        // Where nobody listens, nobody speaks.
        return [
            "resolved",
            "refused",
            "proxy",
            "certificate",
            "no connection",
        ]
        .iter()
        .all(|words| !text.contains(words));
    }
    text.contains("it answered 400") || text.contains("400 (bad request)")
}

/// Says what a port speaks, where its address says otherwise.
fn other_language(url: &Url, spoken: Spoken) -> Option<Check> {
    let host = host_of(url);
    let is_encrypted = url.scheme() == "https";
    let (text, hint) = match spoken {
        Spoken::Ssh => (
            format!("{host} speaks ssh"),
            "`url` is the address of its pages, as a browser opens it: not the port for git",
        ),
        Spoken::Tls if !is_encrypted => (
            format!("{host} speaks TLS, and `url` says `http://`"),
            "write `https://`",
        ),
        Spoken::Http if is_encrypted => (
            format!("{host} speaks plain http, and `url` says `https://`"),
            "write `http://`; another machine wants `insecure_http = true`, too, and the token \
             then goes in clear text",
        ),
        Spoken::Http | Spoken::Tls => return None,
    };
    Some(Check {
        name: "there",
        state: CheckState::Note,
        text: Clean::line(&text),
        hint: Some(Clean::line(hint)),
        trouble: None,
    })
}

/// Puts the host and the port of an address where words leave a place for them.
pub(super) fn addressed(words: &str, url: Option<&Url>) -> String {
    let place = url.and_then(|url| {
        let port = url.port_or_known_default()?;
        Some(format!("{}:{port}", url.host_str()?))
    });
    place.map_or_else(|| words.to_owned(), |place| words.replace(PLACE, &place))
}

/// Returns where an interface may begin: at its address, at its host, below its first folder, and
/// below a folder of its own name, where a proxy often has it.
fn bases(url: &Url, kind: &str) -> Vec<Url> {
    let mut all = vec![url.clone()];
    let mut root = url.clone();
    root.set_path("");
    let first = url.path_segments().and_then(|mut parts| parts.next());
    let mut below = root.clone();
    below.set_path(first.unwrap_or_default());
    let own = |base: &Url| {
        let mut own = base.clone();
        own.set_path(&format!("{}/{kind}", base.path().trim_end_matches('/')));
        own
    };
    // A host that is a forge's own has no folders for others.
    let (here, there) = match kind {
        "github" => (None, None),
        _ => (Some(own(url)), Some(own(&root))),
    };
    for other in [Some(root), Some(below), here, there].into_iter().flatten() {
        if !all.iter().any(|known| plain(known) == plain(&other)) {
            all.push(other);
        }
    }
    all
}

fn plain(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// Says what a host showed, where that is not what is configured.
fn misplaced(config: &SourceConfig, shown: &Shown) -> Option<Check> {
    let is_kind = shown.kind == config.kind;
    let is_place = plain(&shown.url) == plain(&config.url);
    if is_kind && is_place {
        return None;
    }
    let product = usual::of(shown.kind).product;
    let version = shown.version.as_ref();
    let version = version.map_or_else(String::new, |version| format!(" {version}"));
    let place = plain(&shown.url);
    let text = format!("{product}{version} answers at `{place}`");
    let mut keys = Vec::new();
    if !is_kind {
        keys.push(format!("`kind = \"{}\"`", shown.kind));
    }
    if !is_place {
        keys.push(format!("`url = \"{place}\"`"));
    }
    Some(Check {
        name: "there",
        state: CheckState::Note,
        text: Clean::line(&text),
        hint: Some(Clean::line(&format!("set {}", keys.join(" and ")))),
        trouble: None,
    })
}

/// Says where nothing showed what it is, and what a right address looks like.
///
/// Nothing, where no answer could show the kind: then its absence tells nothing.
fn unknown(config: &SourceConfig, bases: &[Url]) -> Option<Check> {
    let usual = usual::of(&config.kind);
    if usual.probes.is_empty() {
        return None;
    }
    let tried: Vec<String> = bases
        .iter()
        .map(|url| format!("`{}`", plain(url)))
        .collect();
    let text = format!(
        "nothing that is known shows itself at {}",
        tried.join(" or ")
    );
    let below = match config.kind.as_str() {
        // It has a host of its own, and the configuration knows.
        "github" => String::new(),
        _ => format!(", or with a path of its own `{}/x`", usual.example),
    };
    let hint = format!(
        "`url` is where the pages of {} begin, e.g. `{}`{below}",
        usual.product, usual.example
    );
    Some(Check {
        name: "there",
        state: CheckState::Note,
        text: Clean::line(&text),
        hint: Some(Clean::line(&hint)),
        trouble: None,
    })
}

/// Says how far two clocks are apart, where that is far.
fn clock(host: &str, ahead: chrono::TimeDelta) -> Option<Check> {
    if ahead.num_seconds().abs() <= SKEW_SECS {
        return None;
    }
    let way = if ahead.num_seconds() > 0 {
        "ahead of"
    } else {
        "behind"
    };
    let by = span(ahead.abs().to_std().unwrap_or_default());
    Some(Check {
        name: "clock",
        state: CheckState::Note,
        text: Clean::line(&format!("the clock here is {by} {way} that of {host}")),
        hint: None,
        trouble: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_bases(url: &str, expected: &[&str]) {
        let found = bases(&Url::parse(url).unwrap(), "github");
        let found: Vec<&str> = found.iter().map(plain).collect();
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn an_interface_is_looked_for_above_a_path_that_was_copied() {
        check_bases("https://a.example", &["https://a.example"]);
        check_bases(
            "https://a.example/gitlab/acme/api",
            &[
                "https://a.example/gitlab/acme/api",
                "https://a.example",
                "https://a.example/gitlab",
            ],
        );
        check_bases(
            "https://a.example/gitlab/",
            &["https://a.example/gitlab", "https://a.example"],
        );
    }

    #[test]
    fn an_interface_is_looked_for_below_a_folder_of_its_own_name() {
        let found = bases(&Url::parse("https://a.example/ops/").unwrap(), "prometheus");
        let found: Vec<&str> = found.iter().map(plain).collect();
        let expected = [
            "https://a.example/ops",
            "https://a.example",
            "https://a.example/ops/prometheus",
            "https://a.example/prometheus",
        ];
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_language(url: &str, spoken: Spoken, expected: Option<&str>) {
        let found = other_language(&Url::parse(url).unwrap(), spoken);
        let found = found.map(|check| check.text.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn a_port_that_speaks_otherwise_than_its_address_is_told() {
        let (plain, tls) = ("http://a.test:1", "https://a.test:1");
        check_language(plain, Spoken::Ssh, Some("a.test:1 speaks ssh"));
        check_language(tls, Spoken::Ssh, Some("a.test:1 speaks ssh"));
        let told = "a.test:1 speaks TLS, and `url` says `http://`";
        check_language(plain, Spoken::Tls, Some(told));
        let told = "a.test:1 speaks plain http, and `url` says `https://`";
        check_language(tls, Spoken::Http, Some(told));
        check_language(tls, Spoken::Tls, None);
        check_language(plain, Spoken::Http, None);
    }

    #[track_caller]
    fn check_shown(kind: &'static str, url: &str, expected: Option<&str>) {
        let at = Url::parse("https://a.example").unwrap();
        let config = SourceConfig::new("a", "github", at);
        let shown = Shown {
            kind,
            url: Url::parse(url).unwrap(),
            version: None,
        };
        let found = misplaced(&config, &shown).and_then(|check| check.hint);
        assert_eq!(found.as_deref(), expected, "{kind} {url}");
    }

    #[test]
    fn what_is_there_instead_is_said_as_it_would_be_configured() {
        check_shown("github", "https://a.example/", None);
        check_shown(
            "prometheus",
            "https://a.example",
            Some("set `kind = \"prometheus\"`"),
        );
        check_shown(
            "prometheus",
            "https://a.example/mon",
            Some("set `kind = \"prometheus\"` and `url = \"https://a.example/mon\"`"),
        );
    }

    #[test]
    fn what_no_answer_could_show_is_not_missed() {
        let at = || Url::parse("https://a.example/cc.xml").unwrap();
        for kind in ["cctray", "http-json", "http"] {
            let config = SourceConfig::new("a", kind, at());
            assert_eq!(unknown(&config, &[at()]), None, "{kind}");
        }
        for kind in ["gitlab", "jenkins", "prometheus"] {
            let config = SourceConfig::new("a", kind, at());
            assert!(unknown(&config, &[at()]).is_some(), "{kind}");
        }
    }

    #[track_caller]
    fn check_odd(url: &str, name: &'static str, state: CheckState, expected: bool) {
        let config = SourceConfig::new("a", "github", Url::parse(url).unwrap());
        let check = Check {
            name,
            state,
            text: Clean::line("no, the board goes on by REST: not found"),
            hint: None,
            trouble: None,
        };
        assert_eq!(lacks_graphql(&config, &[check]), expected, "{url} {name}");
    }

    #[test]
    fn what_has_no_graphql_may_be_no_github() {
        check_odd("https://a.example", "graphql", CheckState::Note, true);
        check_odd("https://a.example", "graphql", CheckState::Fine, false);
        check_odd("https://a.example", "scopes", CheckState::Note, false);
        check_odd("https://github.com", "graphql", CheckState::Note, false);
    }

    #[track_caller]
    fn check_end(days: i64, expected: &str, soon: bool) {
        let now = chrono::DateTime::from_timestamp(1_795_225_050, 0).unwrap();
        let shown = Certificate {
            issuer: Some(Clean::line("Acme CA")),
            ends_at: Some(now + chrono::TimeDelta::days(days)),
            seen: true,
        };
        let found = certified(&shown, None, now);
        assert!(found.text.ends_with(expected), "{}", found.text);
        assert_eq!(found.state == CheckState::Note, soon, "{days}");
        assert_eq!(found.hint.is_some(), soon, "{days}");
    }

    #[test]
    fn the_end_of_a_certificate_is_told_in_days_and_soon_is_said_to_be() {
        let begin = "by `Acme CA`, trusted by this machine; until ";
        check_end(90, &format!("{begin}2027-02-19, 90 days left"), false);
        check_end(14, &format!("{begin}2026-12-05, 14 days left"), false);
        check_end(13, "13 days left", true);
        check_end(1, "1 day left", true);
        let now = chrono::DateTime::from_timestamp(1_795_225_050, 0).unwrap();
        let bare = Certificate {
            issuer: None,
            ends_at: None,
            seen: true,
        };
        let found = certified(&bare, Some(Path::new("/etc/ca.pem")), now);
        let words = "by somebody without a name, trusted by `ca_file`, `/etc/ca.pem`; its end \
                     cannot be read";
        assert_eq!(found.text.as_str(), words);
        let unseen = Certificate {
            seen: false,
            ..bare
        };
        let found = certified(&unseen, None, now);
        let words = "accepted, trusted by this machine; behind the proxy its end is not seen";
        assert_eq!(found.text.as_str(), words);
    }

    #[test]
    fn clocks_that_are_far_apart_are_told() {
        let told = |secs| clock("a", chrono::TimeDelta::seconds(secs)).map(|it| it.text);
        assert_eq!(told(60), None);
        assert_eq!(
            told(-61).as_deref(),
            Some("the clock here is 61 s behind that of a")
        );
        assert_eq!(
            told(7200).as_deref(),
            Some("the clock here is 2 h ahead of that of a")
        );
    }

    #[test]
    fn a_cause_has_its_way_out() {
        let found =
            advice("x cannot be reached: its certificate is signed by nobody that is trusted here");
        assert!(found.unwrap().contains("`ca_file`"));
        let own = advice("its certificate, which it made itself: let");
        let url = Url::parse("https://git.example/x").unwrap();
        let own = addressed(own.unwrap(), Some(&url));
        assert!(own.contains("s_client -connect git.example:443 <"), "{own}");
        assert_eq!(advice("no answer in time"), None);
    }
}

//! Sources to the text of a configuration file: only what differs from the defaults.

use std::fmt::Write as _;

use url::Url;

use crate::app::init::plan::Draft;
use crate::config::SourceConfig;
use crate::sources::http::{host_of, is_loopback};
use crate::sources::usual::Row;

const HEAD: &str = "\
# The configuration of cycleboard. `cycleboard config default` prints every key with its
# default; this file needs only what differs. `cycleboard config check` tells whether it is
# right, `cycleboard doctor` whether its sources answer. Editors complete and check it by
# `cycleboard config schema`, which stands beside it:
#:schema ./config.schema.json
";

const WRITES: &str = "\
# Nothing is changed at a source unless it allows that, e.g. `writes = [\"rerun\", \"comment\"]`.
";

const TEMPLATE: &str = "
#[[source]]
#kind = \"github\"
#repos = [\"acme/api\", \"acme/web-*\"]
#orgs = [\"acme\"]
#token_env = \"GH_TOKEN\"
";

/// Returns the text that sets up these sources.
pub(super) fn configuration(drafts: &[Draft], rows: &[Row]) -> String {
    let mut out = HEAD.to_owned();
    if drafts.is_empty() {
        out.push_str(TEMPLATE);
        return out;
    }
    out.push_str(WRITES);
    let hosts: Vec<String> = drafts
        .iter()
        .map(|draft| host_of(&draft.source.url))
        .collect();
    for (at, draft) in drafts.iter().enumerate() {
        let host = hosts.get(at);
        let twins = hosts.iter().filter(|other| Some(*other) == host).count();
        let before = hosts
            .iter()
            .take(at)
            .filter(|other| Some(*other) == host)
            .count();
        let name = (twins > 1).then(|| {
            let host = host_of(&draft.source.url);
            format!("{host} {}", before + 1)
        });
        source(draft, name.as_deref(), rows, &mut out);
    }
    out
}

fn source(draft: &Draft, name: Option<&str>, rows: &[Row], out: &mut String) {
    let Draft { source, why, token } = draft;
    out.push('\n');
    if !why.is_empty() {
        comment(out, &format!("Found by {}.", why.join(", ")));
    }
    match token {
        Some(token) => comment(out, &format!("Its token comes from {token}.")),
        None if asks_as_nobody(source) && is_loopback(&source.url) => {
            comment(
                out,
                "Without a token: no program is asked about this machine; `token_env` or \
                 `token_command` names one.",
            );
        }
        None if asks_as_nobody(source) => {
            comment(
                out,
                "Without a token: `token_env` or `token_command` names one.",
            );
        }
        None => {}
    }
    if source.repos.iter().any(|path| path.starts_with("*/")) {
        comment(
            out,
            "All that its token may see; name fewer as in `[\"acme/api\", \"acme/web-*\"]`.",
        );
    }
    out.push_str("[[source]]\n");
    pair(out, "kind", &quoted(&source.kind));
    if let Some(name) = name {
        pair(out, "name", &quoted(name));
    }
    let row = rows.iter().find(|row| row.kind.name == source.kind);
    let usual = row.and_then(|row| Url::parse(row.kind.url?).ok());
    if usual.as_ref() != Some(&source.url) {
        pair(
            out,
            "url",
            &quoted(source.url.as_str().trim_end_matches('/')),
        );
    }
    for (key, list) in [("repos", &source.repos), ("orgs", &source.orgs)] {
        if !list.is_empty() {
            pair(out, key, &listed(list));
        }
    }
    if let Some(words) = &source.token_command {
        pair(out, "token_command", &listed(words));
    }
    if let Some(variable) = &source.token_env {
        pair(out, "token_env", &quoted(variable));
    }
}

fn asks_as_nobody(source: &SourceConfig) -> bool {
    source.token_env.is_none() && source.token_command.is_none()
}

/// Writes a comment; what came from outside cannot end it.
fn comment(out: &mut String, text: &str) {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# {text}");
}

fn pair(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {value}");
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn listed(list: &[String]) -> String {
    let quoted: Vec<String> = list.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}

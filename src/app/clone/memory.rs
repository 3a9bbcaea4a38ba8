//! Hosts that showed what they are: remembered, so that they are not asked at every start.
//!
//! A small file beside the store. What is old is asked again; what cannot be read is
//! forgotten.

use std::path::Path;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::app::paths;
use crate::domain::Timestamp;
use crate::sources::http::host_of;
use crate::sources::probe::Shown;
use crate::sources::usual;

/// How long a host is believed to be what it was.
const BELIEVED: TimeDelta = TimeDelta::days(30);

/// The most hosts that are remembered.
const MOST: usize = 100;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// One host, as it is written down.
#[derive(Serialize, Deserialize)]
struct Line {
    kind: String,
    url: String,
    seen: Timestamp,
}

/// Returns the hosts that are remembered.
pub fn recall(file: &Path, now: Timestamp) -> Vec<Shown> {
    let lines = read(file).into_iter();
    let lines = lines.filter(|line| line.seen <= now && now - line.seen < BELIEVED);
    let rows = usual::rows();
    lines
        .filter_map(|line| {
            let row = rows.iter().find(|row| row.kind.name == line.kind)?;
            Some(Shown {
                kind: row.kind.name,
                url: Url::parse(&line.url).ok()?,
                version: None,
            })
        })
        .collect()
}

/// Remembers a host; the board works without.
pub fn remember(file: &Path, shown: &Shown, now: Timestamp) {
    let mut lines = read(file);
    let same =
        |line: &Line| Url::parse(&line.url).is_ok_and(|url| host_of(&url) == host_of(&shown.url));
    lines.retain(|line| !same(line) && now - line.seen < BELIEVED);
    lines.insert(
        0,
        Line {
            kind: shown.kind.to_owned(),
            url: shown.url.to_string(),
            seen: now,
        },
    );
    lines.truncate(MOST);
    let Ok(text) = serde_json::to_string_pretty(&lines) else {
        return;
    };
    let made = file.parent().map_or(Ok(()), paths::make_private);
    if let Err(error) = made.and_then(|()| paths::write_private(file, &text)) {
        tracing::warn!(file = %file.display(), %error, "hosts are not remembered");
    }
}

fn read(file: &Path) -> Vec<Line> {
    let small = std::fs::metadata(file).is_ok_and(|file| file.is_file() && file.len() < LARGEST);
    let text = small.then(|| std::fs::read(file).ok()).flatten();
    text.and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn shown(kind: &'static str, url: &str) -> Shown {
        Shown {
            kind,
            url: Url::parse(url).unwrap(),
            version: None,
        }
    }

    #[test]
    fn a_host_is_remembered_for_a_month_and_as_what_it_was_last() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state/hosts.json");
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert_eq!(recall(&file, now), []);
        remember(&file, &shown("prometheus", "https://a.example/x"), now);
        remember(&file, &shown("github", "https://b.example"), now);
        remember(&file, &shown("github", "https://a.example"), now);
        let both = [
            shown("github", "https://a.example"),
            shown("github", "https://b.example"),
        ];
        assert_eq!(recall(&file, now + TimeDelta::days(29)), both);
        assert_eq!(recall(&file, now + TimeDelta::days(31)), []);
        assert_eq!(recall(&file, now - TimeDelta::days(1)), []);
        std::fs::write(&file, "[{\"kind\": 1}]").unwrap();
        assert_eq!(recall(&file, now), []);
    }
}

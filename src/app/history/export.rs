//! `cycleboard history export`: all that history holds, to standard output or to a file.
//!
//! A file is there when all of it is written, or not at all.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::app::cli::{ExportArgs, ExportFormat, Format};
use crate::app::exit::{Exit, Failure};
use crate::app::heard::Wait;
use crate::app::output::export::Export;
use crate::app::recall::{Reach, Recalled, recall};
use crate::app::session::Session;
use crate::app::{once, team};
use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::standup::Since;
use crate::domain::text::parse_duration;

/// Writes all of it.
pub(super) fn run(mut session: Session, args: &ExportArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let now = (session.clock)();
    let calendar = team::calendar(&session, now);
    let asked = |option: &str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| moment(option, text, &calendar, now))
            .transpose()
    };
    let (from, until) = (
        asked("--since", &args.since)?,
        asked("--until", &args.until)?,
    );
    if from.is_some_and(|from| until.unwrap_or(now) <= from) {
        let failure = Failure::usage("`--since` is not before `--until`");
        return Err(failure.hint("without `--until` it is now"));
    }
    let wait = Wait::of(args.wait);
    let recalled = recall(&mut session, args.offline, wait, Reach::All)?;
    let Recalled { heard, ledger, .. } = &recalled;
    let now = (session.clock)();
    let export = Export {
        ledger,
        from,
        until: until.unwrap_or(now),
        now,
    };
    if let Some(path) = &args.out {
        to_file(path, |out| write(&export, args.format, out))?;
    } else {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&export, args.format, &mut out)?;
        out.flush()?;
    }
    let verdict = once::source_verdict(&heard.snapshot.sources, now, args.offline);
    Ok(recalled.ends(verdict, Some(Format::Json)))
}

fn write(export: &Export<'_>, format: ExportFormat, out: &mut impl Write) -> io::Result<()> {
    match format {
        ExportFormat::Jsonl => export.jsonl(out),
        ExportFormat::Json => export.json(out),
        ExportFormat::Csv => export.csv(out),
    }
}

/// Returns the moment that is meant: so long ago, a day or time of the team, or an instant.
fn moment(
    option: &str,
    text: &str,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Timestamp, Failure> {
    let ago = parse_duration(text).and_then(|span| now.checked_sub_signed(span));
    let named = Since::parse(text).filter(|asked| match asked {
        Since::Today | Since::Yesterday | Since::Local(_) | Since::Instant(_) => true,
        // A stand-up counts in working days; an export counts in days.
        Since::Last | Since::Day(_) | Since::Ago { .. } | Since::Time(_) => false,
    });
    let named = named.map(|asked| asked.moment(calendar, None, now));
    ago.or(named).ok_or_else(|| {
        let failure = Failure::usage(format!("`{option}`: `{text}` is no moment"));
        failure.hint("e.g. `30d`, `2026-11-20`, `2026-11-20 09:30`, `2026-11-20T09:30:00Z`")
    })
}

/// Writes a file beside the one that is meant, and puts it in its place when it is whole.
fn to_file(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::error(format!("cannot write `{}`: {error}", path.display()));
    let part = beside(path)
        .ok_or_else(|| Failure::usage(format!("`--out`: `{}` names no file", path.display())))?;
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .and_then(|file| {
            let mut out = BufWriter::new(file);
            fill(&mut out)?;
            let whole = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            whole.sync_all()?;
            std::fs::rename(&part, path)
        });
    if written.is_err() {
        drop(std::fs::remove_file(&part));
    }
    written.map_err(failed)
}

/// Returns a name of our own in the directory of a file.
fn beside(path: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(".");
    name.push(path.file_name()?);
    name.push(format!(".{}.part", std::process::id()));
    Some(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::{WorkingTime, Zone};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let now = at("2026-11-23T12:00:00Z");
        let calendar = Calendar::new(WorkingTime::usual(Zone::Europe__Berlin), now);
        let found = moment("--since", text, &calendar, now).ok();
        assert_eq!(found, expected.map(at), "{text}");
    }

    #[test]
    fn moments_are_days_of_the_calendar_and_not_of_work() {
        check("3d", Some("2026-11-20T12:00:00Z"));
        check("2026-11-20", Some("2026-11-19T23:00:00Z"));
        check("2026-11-20 09:30", Some("2026-11-20T08:30:00Z"));
        check("2026-11-20T09:30:00Z", Some("2026-11-20T09:30:00Z"));
        check("last", None);
        check("", None);
        check("soon", None);
    }

    #[test]
    fn a_file_is_replaced_when_all_is_written_and_left_alone_where_that_fails() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.csv");
        std::fs::write(&path, "before").unwrap();
        let broken = to_file(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no more room"))
        });
        assert!(broken.unwrap_err().to_string().contains("no more room"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        to_file(&path, |out| out.write_all(b"whole")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(to_file(Path::new("/"), |_| Ok(())).is_err());
    }
}

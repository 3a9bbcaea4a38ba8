//! What was done at sources, and who is about to: an append-only file and locks beside it.
//!
//! Every line is on the disk before the request leaves; where that cannot be,
//! there is no request. A claim is a locked file: it ends with its program.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::action::{ActionId, ActionState, Fresh, Of, Target, Verb};
use crate::domain::key::ItemId;
use crate::domain::run::Door;
use crate::domain::text::Clean;
use crate::engine::actions::machine::Action;
use crate::sources::hex;

/// The journal is set aside when it is larger than this, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// A journal below this began a short while ago, in bytes.
const YOUNG: u64 = 64 * 1024;
/// How many journals that were set aside stay.
const OLD: u32 = 4;
/// How many bytes of a hash make the name of a claim.
const NAME_BYTES: usize = 20;
/// How old an action may be whose outcome is still looked for.
const LOOKED_FOR: TimeDelta = TimeDelta::hours(24);
/// The longest line that is read; ours are far shorter.
const LONGEST_LINE: usize = 64 * 1024;
/// How often a lock that another program holds for a moment is tried.
const TRIES: u32 = 100;
/// How long between two tries.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// One line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// Which action.
    pub id: ActionId,
    /// How far it got.
    pub event: Word,
    /// When, by the wall clock.
    pub at: Timestamp,
    /// When, in milliseconds since the program started.
    pub up_ms: u64,
    /// Who, on which machine.
    pub who: String,
    /// The process.
    pub pid: u32,
    /// What.
    pub verb: Verb,
    /// To what.
    pub target: Target,
    /// The server.
    pub host: String,
    /// For which card.
    pub item: Option<ItemId>,
    /// The values that were confirmed.
    pub before: Option<Fresh>,
    /// What came of it, in words.
    pub said: Option<Clean>,
}

/// How far an action got, as the journal writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    /// The request leaves now.
    Intended,
    /// The server took it.
    Requested,
    /// It was seen to be done.
    Confirmed,
    /// The server said no.
    Refused,
    /// The request never left.
    NotSent,
    /// No answer told.
    Unsure,
    /// Nothing was seen to come of it for so long that nobody looks any more.
    GivenUp,
}

impl Word {
    fn is_open(self) -> bool {
        match self {
            Self::Intended | Self::Requested | Self::Unsure => true,
            Self::Confirmed | Self::Refused | Self::NotSent | Self::GivenUp => false,
        }
    }
}

/// The journal.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    file: PathBuf,
}

/// The right to do one thing to one run, held against all boards of this user.
#[derive(Debug)]
pub(super) struct Claim {
    place: PathBuf,
    _file: File,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // While it is still locked: who waits for it looks whether the file is still this one.
        drop(fs::remove_file(&self.place));
    }
}

impl Journal {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Claims the action of this line and writes it down; from then on it may be sent.
    pub(super) fn begin(&self, line: &Line) -> Result<Claim, String> {
        let cannot = |error: io::Error| format!("the journal cannot be written: {error}");
        let mut claim = self.claim(line.verb, &line.target).map_err(cannot)?;
        for _ in 0..TRIES {
            if claim.is_some() {
                break;
            }
            // It may be about to be given back: that waits for the disk.
            std::thread::park_timeout(PAUSE);
            claim = self.claim(line.verb, &line.target).map_err(cannot)?;
        }
        let claim = claim.ok_or("another board is doing the same")?;
        let key = key(line.verb, &line.target);
        let since = line.before.as_ref().map_or(line.at, |fresh| fresh.read_at);
        let sent = |other: &Line| {
            other.event == Word::Intended
                && other.id != line.id
                && other.at >= since
                && self::key(other.verb, &other.target) == key
        };
        if self.lines(false).iter().any(sent) {
            return Err("another board did the same a moment ago".to_owned());
        }
        self.append(line).map_err(cannot)?;
        Ok(claim)
    }

    /// Claims something to do; `None` where another board has it.
    pub(super) fn claim(&self, verb: Verb, target: &Target) -> io::Result<Option<Claim>> {
        let dir = self.file.with_extension("claims");
        make_dir(&dir)?;
        let place = dir.join(key(verb, target));
        for _ in 0..TRIES {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&place)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            // Another board may have given it back, and taken the file away, in between.
            let here = file.metadata()?.ino();
            if fs::metadata(&place).is_ok_and(|about| about.ino() == here) {
                return Ok(Some(Claim { place, _file: file }));
            }
        }
        Ok(None)
    }

    /// Writes a line down, for good.
    pub(super) fn append(&self, line: &Line) -> io::Result<()> {
        if let Some(dir) = self.file.parent() {
            make_dir(dir)?;
        }
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let mut file = self.locked()?;
        if ends_within_a_line(&mut file)? {
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_data()
    }

    /// Opens the journal for one writer; one that grew too large is set aside before.
    fn locked(&self) -> io::Result<File> {
        for _ in 0..TRIES {
            let file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&self.file)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::AGAIN) => {
                    std::thread::park_timeout(PAUSE);
                    continue;
                }
                Ok(()) => {}
                Err(error) => return Err(error.into()),
            }
            let about = file.metadata()?;
            if fs::metadata(&self.file)?.ino() != about.ino() {
                continue;
            }
            if about.len() < LARGEST {
                return Ok(file);
            }
            self.rotate()?;
        }
        Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "another program holds it",
        ))
    }

    fn rotate(&self) -> io::Result<()> {
        for number in (1..OLD).rev() {
            let from = self.old(number);
            if from.exists() {
                fs::rename(from, self.old(number + 1))?;
            }
        }
        fs::rename(&self.file, self.old(1))
    }

    fn old(&self, number: u32) -> PathBuf {
        let mut name = self.file.as_os_str().to_owned();
        name.push(format!(".{number}"));
        name.into()
    }

    /// Returns the actions that left, and of which it is not known what they came to.
    pub(super) fn unfinished(&self, now: Timestamp) -> Vec<Line> {
        let mut open: BTreeMap<ActionId, Line> = BTreeMap::new();
        for line in self.lines(true) {
            if line.event.is_open() {
                open.insert(line.id.clone(), line);
            } else {
                open.remove(&line.id);
            }
        }
        open.into_values()
            .filter(|line| (now - line.at).abs() <= LOOKED_FOR)
            .collect()
    }

    /// Returns the lines that can be read, oldest first: all, or those of the last hours.
    fn lines(&self, all: bool) -> Vec<Line> {
        let mut lines = Vec::new();
        // One that was set aside a moment ago holds the newest but the last.
        let is_young = fs::metadata(&self.file).map_or(true, |about| about.len() < YOUNG);
        let old = match (all, is_young) {
            (true, _) => OLD,
            (false, true) => 1,
            (false, false) => 0,
        };
        let old: Vec<PathBuf> = (1..=old).rev().map(|number| self.old(number)).collect();
        for place in old.iter().chain([&self.file]) {
            let mut text = Vec::new();
            if let Ok(file) = File::open(place) {
                // Whatever is there that we did not write is no reason to fill the memory.
                drop(file.take(LARGEST * 4).read_to_end(&mut text));
            }
            let each = text.split(|byte| *byte == b'\n');
            let short = each.filter(|line| !line.is_empty() && line.len() <= LONGEST_LINE);
            lines.extend(short.filter_map(|line| serde_json::from_slice(line).ok()));
        }
        lines
    }
}

/// Returns what may not be done twice at once, as a name for a file: re-runs of a run are one
/// thing, and so is whatever is answered at one gate; the name that a board gives the source is
/// none of it.
pub(super) fn key(verb: Verb, target: &Target) -> String {
    let class = verb.about().claim;
    let gate = if let (Of::Gate, Some(door)) = (verb.of(), &target.gate) {
        match door {
            Door::Job(id) => format!("\njob {id}"),
            Door::Deployment(id) => format!("\ndeployment {id}"),
            Door::Environment(id) => format!("\nenvironment {id}"),
            Door::Question(id) => format!("\nquestion {id}"),
        }
    } else {
        String::new()
    };
    let text = format!(
        "{}\n{}\n{class}{gate}",
        target.run.repo.as_str(),
        target.run.id
    );
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hex(digest.as_ref().get(..NAME_BYTES).unwrap_or_default())
}

/// Returns what the journal says of an action that was sent.
pub(super) fn outcome(action: &Action) -> Option<(Word, Option<Clean>)> {
    match action.state() {
        ActionState::Reading | ActionState::Ready(_) | ActionState::Sending(_) => None,
        ActionState::Requested(_) => Some((Word::Requested, None)),
        ActionState::Confirmed(_) => Some((Word::Confirmed, None)),
        ActionState::Stopped(why) => Some((Word::NotSent, Some(why))),
        ActionState::Refused(said) => Some((Word::Refused, Some(said))),
        ActionState::Unsure(why) if action.is_done() => Some((Word::GivenUp, Some(why))),
        ActionState::Unsure(why) => Some((Word::Unsure, Some(why))),
    }
}

fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Whether the last writer was stopped half way.
fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

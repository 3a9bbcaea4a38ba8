//! The logs of a build that runs, line by line: that of the step at work, then the next.
//!
//! Each log is told below a heading. A log says how many lines it has and whether it is
//! complete; the place is the step, the log and the line behind the last one that was read.

use tokio::sync::mpsc;

use super::state::Place as Build;
use super::{Buildbot, map, wire};
use crate::domain::diagnosis::LogKey;
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::sources::follow::{FollowError, LIVE, Part, Place, Standing};
use crate::sources::http::{Failure, Looks};
use crate::sources::port::Ask;
use crate::sources::{CapabilityState, SourceError};

/// How many lines are asked for at once, and how many where these are too large for one answer.
const LINES: [u64; 3] = [5_000, 500, 50];

/// How many steps and logs are looked through for the next that has something.
const MOST_LOOKED: usize = 50;

/// Where in a build a read stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mark {
    /// The number of the step in its build.
    step: u32,
    /// Which of its logs, by its number on the server.
    log: u64,
    /// How many lines of it were read.
    lines: u64,
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        Some(Self {
            step: parts.next()?.parse().ok()?,
            log: parts.next()?.parse().ok()?,
            lines: parts.next()?.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.step, self.log, self.lines)
    }
}

impl Buildbot {
    /// Reads on in the logs of a build that runs.
    pub(super) async fn follow_now(
        &self,
        key: LogKey,
        from: Place,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Part, FollowError> {
        let build = self.state().jobs.get(&key.job).map(|job| job.place);
        let Some(build) = build else {
            return Err(FollowError::Source(SourceError::NotFound {
                host: self.port.host().to_owned(),
                what: "this build".to_owned(),
                near: None,
            }));
        };
        let ask = Ask {
            forced: false,
            ..Ask::person()
        };
        let part = match Mark::parse(&from.mark) {
            None => self.next_log(build, None, ask, into).await,
            Some(mark) => match self.log(mark.log, ask).await? {
                log if log.num_lines < mark.lines => Ok(part(String::new(), Standing::Anew)),
                log if log.num_lines > mark.lines => self.lines(mark, &log, &from, ask, into).await,
                log if log.complete => self.next_log(build, Some(mark), ask, into).await,
                _ => Ok(part(from.mark, Standing::Open)),
            },
        }?;
        self.port.can(LIVE, CapabilityState::Available);
        Ok(part)
    }

    async fn log(&self, log: u64, ask: Ask) -> Result<wire::Log, Failure> {
        let url = self.port.url(&["api", "v2", "logs", &log.to_string()], &[]);
        let (read, _): (wire::Logs, _) = self.port.get(url, ask).await?;
        read.logs.items.into_iter().next().ok_or_else(|| {
            let what = "the log of this step".to_owned();
            let host = self.port.host().to_owned();
            Failure::of(SourceError::NotFound {
                host,
                what,
                near: None,
            })
        })
    }

    /// Reads the next lines of a log; fewer at once where they are very long.
    async fn lines(
        &self,
        mark: Mark,
        log: &wire::Log,
        from: &Place,
        ask: Ask,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Part, Failure> {
        let mut last = None;
        for limit in LINES {
            let read = match self.contents(mark, limit, ask).await {
                Err(failure) if failure.looks == Looks::TooLarge => {
                    last = Some(failure);
                    continue;
                }
                other => other?,
            };
            let has_channels = log.kind.as_deref() == Some("s");
            let (text, count) = told(&read, mark.lines, has_channels);
            if count == 0 {
                break;
            }
            let moved = text.len() as u64;
            if moved > from.room() {
                return Ok(part(mark.to_string(), Standing::Full));
            }
            let lines = mark.lines + count;
            // Nobody listens any more: the read is void anyway.
            drop(into.send(text.into_bytes()).await);
            let standing = if lines < log.num_lines || log.complete {
                Standing::More
            } else {
                Standing::Open
            };
            return Ok(Part {
                mark: Mark { lines, ..mark }.to_string(),
                standing,
                moved,
            });
        }
        match last {
            Some(failure) => Err(failure),
            // It says that there are lines, and tells none: they may come.
            None => Ok(part(mark.to_string(), Standing::Open)),
        }
    }

    async fn contents(
        &self,
        mark: Mark,
        limit: u64,
        ask: Ask,
    ) -> Result<Vec<wire::Chunk>, Failure> {
        let (log, offset, limit) = (
            mark.log.to_string(),
            mark.lines.to_string(),
            limit.to_string(),
        );
        let query = [("offset", offset.as_str()), ("limit", limit.as_str())];
        let url = self
            .port
            .url(&["api", "v2", "logs", &log, "contents"], &query);
        let (read, _): (wire::Chunks, _) = self.port.get(url, ask).await?;
        Ok(read.logchunks.items)
    }

    /// Goes on to the log behind one; at first to that of the step at work.
    async fn next_log(
        &self,
        build: Build,
        behind: Option<Mark>,
        ask: Ask,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Part, Failure> {
        // Asked first: a step that begins meanwhile is then seen among the steps.
        let ended = self.ended(build, ask).await?;
        let steps = self.steps(build, ask).await?;
        let begun: Vec<&wire::Step> = steps.iter().filter(|it| it.started_at.is_some()).collect();
        let at_work = || {
            let works = begun.iter().rev().find(|step| !step.complete);
            works.or(begun.last()).map_or(0, |step| step.number)
        };
        let first = behind.map_or_else(at_work, |mark| mark.step);
        for step in begun
            .iter()
            .filter(|it| it.number >= first)
            .take(MOST_LOOKED)
        {
            let id = step.stepid.to_string();
            let url = self.port.url(&["api", "v2", "steps", &id, "logs"], &[]);
            let (read, _): (wire::Logs, _) = self.port.get(url, ask).await?;
            let mut logs = read.logs.items;
            logs.sort_by_key(|log| log.logid);
            let is_next = |log: &&wire::Log| {
                let is_text = !matches!(log.kind.as_deref(), Some("h" | "d"));
                let here = behind.filter(|mark| mark.step == step.number);
                is_text && here.is_none_or(|mark| log.logid > mark.log)
            };
            if let Some(log) = logs.iter().find(is_next) {
                let heading = format!(
                    "step {} `{}`, log `{}`",
                    step.number + 1,
                    step.name,
                    log.name
                );
                let heading = format!("=== {} ===\n", Clean::line(&heading));
                let moved = heading.len() as u64;
                drop(into.send(heading.into_bytes()).await);
                let mark = Mark {
                    step: step.number,
                    log: log.logid,
                    lines: 0,
                };
                return Ok(Part {
                    mark: mark.to_string(),
                    standing: Standing::More,
                    moved,
                });
            }
            if !step.complete {
                break;
            }
        }
        let mark = behind.map_or_else(String::new, |mark| mark.to_string());
        Ok(part(mark, ended.map_or(Standing::Open, Standing::Ended)))
    }

    /// Asks how a build ended; nothing where it has not.
    pub(super) async fn ended(
        &self,
        (builder, number): Build,
        ask: Ask,
    ) -> Result<Option<RunState>, Failure> {
        let (builder, number) = (builder.to_string(), number.to_string());
        let parts = ["api", "v2", "builders", &builder, "builds", &number];
        let (read, _): (wire::Builds, _) = self.port.get(self.port.url(&parts, &[]), ask).await?;
        let build = read.builds.items.into_iter().find(|build| build.complete);
        Ok(build.map(|it| map::state(true, &it.results, it.state_string.as_deref())))
    }
}

fn part(mark: String, standing: Standing) -> Part {
    Part {
        mark,
        standing,
        moved: 0,
    }
}

/// Returns the text of chunks from a line on, and how many lines that is.
///
/// Of a log with channels, each line begins with the letter of its own.
fn told(chunks: &[wire::Chunk], from: u64, has_channels: bool) -> (String, u64) {
    let (mut text, mut next) = (String::new(), from);
    for chunk in chunks {
        let numbered = (chunk.firstline..).zip(chunk.content.lines());
        for (number, line) in numbered.skip_while(|(number, _)| *number < from) {
            // What does not follow is not told: a gap would be read as if there were none.
            if number != next {
                return (text, next - from);
            }
            let mut chars = line.chars();
            if has_channels {
                chars.next();
            }
            text.push_str(chars.as_str());
            text.push('\n');
            next += 1;
        }
    }
    (text, next - from)
}

#[cfg(test)]
mod tests {
    use super::{Mark, told};
    use crate::sources::buildbot::wire::Chunk;

    #[track_caller]
    fn check(chunks: &[(u64, &str)], from: u64, channels: bool, expected: (&str, u64)) {
        let chunks: Vec<Chunk> = chunks
            .iter()
            .map(|(firstline, content)| Chunk {
                firstline: *firstline,
                content: (*content).to_owned(),
            })
            .collect();
        let (text, count) = told(&chunks, from, channels);
        assert_eq!((text.as_str(), count), expected, "{chunks:?}");
    }

    #[test]
    fn lines_are_told_from_a_place_on_without_the_letters_of_their_channels() {
        check(&[(0, "omake\neoops\n")], 0, true, ("make\noops\n", 2));
        check(&[(0, "omake\neoops")], 1, true, ("oops\n", 1));
        check(&[(3, "a\nb\n"), (5, "c\n")], 3, false, ("a\nb\nc\n", 3));
        check(&[(0, "o\n\u{e9}b\n")], 0, true, ("\nb\n", 2));
        check(&[], 4, true, ("", 0));
    }

    #[test]
    fn a_gap_ends_what_is_told() {
        check(&[(7, "a\n")], 5, false, ("", 0));
        check(&[(0, "a\n"), (2, "c\n")], 0, false, ("a\n", 1));
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_nothing_else_is_one() {
        let mark = Mark {
            step: 3,
            log: 17,
            lines: 40,
        };
        assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        assert_eq!(Mark::parse(""), None);
        assert_eq!(Mark::parse("3:x:1"), None);
    }
}

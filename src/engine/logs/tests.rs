//! Logs on disk: what is kept, what goes, and what a crash leaves.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::domain::Timestamp;
use crate::domain::key::RepoKey;
use crate::domain::run::RunKey;

struct Place {
    _home: tempfile::TempDir,
    dir: PathBuf,
    spare: PathBuf,
    now: Arc<Mutex<Timestamp>>,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let spare = home.path().join("spare");
        fs::create_dir(&spare).unwrap();
        // Files get their times from the system, so the clock begins there.
        let now = fs::metadata(&spare).unwrap().modified().unwrap();
        Self {
            dir: home.path().join("cache/logs"),
            spare,
            now: Arc::new(Mutex::new(now.into())),
            _home: home,
        }
    }

    fn logs(&self, total: u64, single: u64) -> FileLogs {
        let now = Arc::clone(&self.now);
        let clock: Clock = Arc::new(move || *now.lock().unwrap());
        let limits = LogLimits {
            total,
            single,
            ..LogLimits::default()
        };
        FileLogs::with_limits(&self.dir, &self.spare, clock, limits)
    }

    fn pass(&self, secs: i64) {
        *self.now.lock().unwrap() += chrono::TimeDelta::seconds(secs);
    }

    fn files(&self) -> usize {
        fs::read_dir(&self.dir).map_or(0, Iterator::count)
    }
}

fn key(job: u64) -> LogKey {
    LogKey {
        run: RunKey {
            repo: RepoKey::new("forge.test", "acme/../../etc"),
            id: 7,
        },
        attempt: 1,
        job,
    }
}

fn put(logs: &FileLogs, job: u64, text: &[u8]) {
    let mut writer = logs.begin(&key(job)).unwrap();
    writer.write_all(text).unwrap();
    writer.keep().unwrap();
}

fn text(logs: &FileLogs, job: u64) -> Option<String> {
    let mut text = String::new();
    let mut file = logs.open(&key(job)).unwrap()?;
    file.read_to_string(&mut text).unwrap();
    Some(text)
}

#[test]
fn a_log_is_there_once_it_is_kept_and_not_before() {
    let place = Place::new();
    let logs = place.logs(1_000, 1_000);
    let mut writer = logs.begin(&key(1)).unwrap();
    writer.write_all(b"error").unwrap();
    assert!(!logs.has(&key(1)));
    let mut back = String::new();
    writer.rewind().unwrap();
    writer.read_to_string(&mut back).unwrap();
    assert_eq!(back, "error");
    writer.keep().unwrap();
    assert!(logs.has(&key(1)));
    assert_eq!(text(&logs, 1).as_deref(), Some("error"));
    assert_eq!(text(&logs, 2), None);
    assert_eq!(place.files(), 1);
}

#[test]
fn only_the_owner_may_read_and_no_name_is_remote() {
    let place = Place::new();
    put(&place.logs(1_000, 1_000), 1, b"x");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.dir), 0o700);
    let file = fs::read_dir(&place.dir).unwrap().next().unwrap().unwrap();
    assert_eq!(mode(&file.path()), 0o600);
    let name = file.file_name().into_string().unwrap();
    let stem = name.strip_suffix(".log").unwrap();
    assert!(stem.len() == 40 && stem.bytes().all(|b| b.is_ascii_hexdigit()));
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let place = Place::new();
    let logs = place.logs(1_000, 1_000);
    let mut writer = logs.begin(&key(1)).unwrap();
    writer.write_all(b"half").unwrap();
    assert_eq!(place.files(), 1);
    drop(writer);
    assert_eq!(place.files(), 0);
    assert!(!logs.has(&key(1)));
}

#[test]
fn what_a_crash_left_goes_and_what_is_written_stays() {
    let place = Place::new();
    let logs = place.logs(1_000, 1_000);
    fs::create_dir_all(&place.dir).unwrap();
    fs::write(place.dir.join("4711-0.part"), b"half").unwrap();
    let mut writer = logs.begin(&key(1)).unwrap();
    writer.write_all(b"at work").unwrap();
    place.pass(60);
    logs.tidy();
    assert_eq!(place.files(), 2, "a young draft may be about to be locked");
    place.pass(3_600);
    logs.tidy();
    assert_eq!(place.files(), 1, "the writer is still there");
    writer.keep().unwrap();
    assert_eq!(text(&logs, 1).as_deref(), Some("at work"));
}

#[test]
fn the_log_used_longest_ago_goes_first() {
    let place = Place::new();
    let logs = place.logs(10, 10);
    for job in 1..=2 {
        put(&logs, job, b"1234");
        place.pass(10);
    }
    assert!(logs.open(&key(1)).unwrap().is_some());
    place.pass(10);
    put(&logs, 3, b"1234");
    assert_eq!(
        [1, 2, 3].map(|job| logs.has(&key(job))),
        [true, false, true]
    );
}

#[test]
fn a_log_that_nobody_opens_goes_after_a_month() {
    let place = Place::new();
    let logs = place.logs(10_000, 1_000);
    put(&logs, 1, b"old");
    place.pass(31 * 24 * 3_600);
    put(&logs, 2, b"new");
    logs.tidy();
    assert_eq!([1, 2].map(|job| logs.has(&key(job))), [false, true]);
}

#[test]
fn a_log_that_is_too_large_is_refused_in_a_sentence() {
    let place = Place::new();
    let logs = place.logs(u64::MAX, 3 * 1024 * 1024);
    let mut writer = logs.begin(&key(1)).unwrap();
    let error = writer.write_all(&vec![b'x'; 4 * 1024 * 1024]).unwrap_err();
    assert_eq!(error.to_string(), "the log is larger than 3 MiB");
}

#[test]
fn where_the_directory_cannot_be_made_logs_last_as_long_as_the_program() {
    let place = Place::new();
    fs::create_dir_all(place.dir.parent().unwrap()).unwrap();
    fs::write(&place.dir, b"in the way").unwrap();
    let logs = place.logs(1_000, 1_000);
    for job in 1..=5 {
        put(&logs, job, format!("log {job}").as_bytes());
    }
    assert_eq!(text(&logs, 1), None, "only a few stay open");
    assert_eq!(text(&logs, 5).as_deref(), Some("log 5"));
    assert_eq!(
        text(&logs, 5).as_deref(),
        Some("log 5"),
        "each reader starts at its start"
    );
    assert!(logs.has(&key(5)));
    assert_eq!(fs::read_dir(&place.spare).unwrap().count(), 0);
}

#[test]
fn where_nothing_can_be_written_it_is_said() {
    let place = Place::new();
    fs::create_dir_all(place.dir.parent().unwrap()).unwrap();
    fs::write(&place.dir, b"in the way").unwrap();
    fs::remove_dir(&place.spare).unwrap();
    assert!(place.logs(1_000, 1_000).begin(&key(1)).is_err());
}

#[test]
fn several_writers_of_one_log_leave_one_whole_log() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let logs = place.logs(100_000, 100_000);
            scope.spawn(move || {
                for job in 0..20 {
                    put(&logs, job, "line\n".repeat(100).as_bytes());
                    assert_eq!(text(&logs, job).unwrap().len(), 500);
                }
            });
        }
    });
    assert_eq!(place.files(), 20);
}

#[test]
fn a_reader_keeps_what_it_opened() {
    let place = Place::new();
    let logs = place.logs(10, 10);
    put(&logs, 1, b"first");
    let mut file = logs.open(&key(1)).unwrap().unwrap();
    place.pass(10);
    put(&logs, 2, b"secondary");
    assert!(!logs.has(&key(1)));
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "first");
}

#[test]
fn the_cache_has_the_bounds_that_are_promised() {
    let limits = LogLimits::default();
    assert_eq!(limits.total, 1 << 30, "1 GiB of logs");
    assert_eq!(limits.single, 256 << 20, "256 MiB of one");
    assert_eq!(limits.age, Duration::from_hours(720), "30 days");
}

//! Archives of others, read in memory: what is in them, within bounds.
//!
//! Nothing is ever extracted and no name in an archive is used as a path. Sizes
//! that an archive declares are not believed: bytes are counted while they come.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use zip::ZipArchive;

/// How many entries an archive may have.
const MOST_ENTRIES: usize = 1_000;

/// How many bytes all its entries may have together, once inflated.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// How much larger than its packed form an entry may be.
const MOST_RATIO: u64 = 100;

/// What an entry may have at any ratio: small texts of one letter are no bomb.
const ANYWAY: u64 = 64 * 1024;

/// Begins the record of one entry in the directory of an archive.
const RECORD: &[u8] = b"PK\x01\x02";

/// Why an archive was not read, or not to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It is none, or damaged.
    #[error("it is not a zip archive")]
    NotZip,
    /// It has too many entries.
    #[error("it has more than {MOST_ENTRIES} files")]
    Crowded,
    /// It unfolds to far more than it is.
    #[error("it unfolds to far more than its size, as a zip bomb does")]
    Bomb,
}

/// Reads the entries of an archive whose names end in `suffix`, one after the other.
///
/// Encrypted and damaged ones are left out; archives within it stay closed. What was read
/// before a bomb is found stays with the reader.
pub fn entries(
    archive: &[u8],
    suffix: &str,
    mut read: impl FnMut(&mut dyn BufRead),
) -> Result<(), Trouble> {
    // The directory is kept in memory by whoever reads it, so its length is looked at first.
    let records = memchr::memmem::find_iter(archive, RECORD);
    if records.take(20 * MOST_ENTRIES + 1).count() > 20 * MOST_ENTRIES {
        return Err(Trouble::Crowded);
    }
    let mut zip = ZipArchive::new(Cursor::new(archive)).map_err(|_damaged| Trouble::NotZip)?;
    if zip.len() > MOST_ENTRIES {
        return Err(Trouble::Crowded);
    }
    let left = Rc::new(Cell::new(MOST_BYTES));
    let burst = Rc::new(Cell::new(false));
    for at in 0..zip.len() {
        let Ok(file) = zip.by_index(at) else {
            continue;
        };
        let name = file.name_raw().to_ascii_lowercase();
        if file.encrypted() || !name.ends_with(suffix.as_bytes()) {
            continue;
        }
        let packed = file.compressed_size().min(archive.len() as u64);
        let counted = Counted {
            of_entry: packed.saturating_mul(MOST_RATIO).max(ANYWAY),
            inner: file,
            of_all: Rc::clone(&left),
            burst: Rc::clone(&burst),
        };
        read(&mut BufReader::new(counted));
        if burst.get() {
            return Err(Trouble::Bomb);
        }
    }
    Ok(())
}

/// Counts what comes, and ends it where it is too much.
struct Counted<R> {
    inner: R,
    of_entry: u64,
    of_all: Rc<Cell<u64>>,
    burst: Rc<Cell<bool>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        let bytes = count as u64;
        if bytes > self.of_entry || bytes > self.of_all.get() {
            self.burst.set(true);
            return Err(io::Error::other(Trouble::Bomb));
        }
        self.of_entry -= bytes;
        self.of_all.set(self.of_all.get() - bytes);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::{Trouble, entries};
    use std::io::{Cursor, Write as _};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, body) in files {
            let options = SimpleFileOptions::default();
            writer.start_file(*name, options).unwrap();
            writer.write_all(body).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// Returns the bodies that were read, and how it ended.
    fn read(archive: &[u8]) -> (Vec<String>, Result<(), Trouble>) {
        let mut bodies = Vec::new();
        let end = entries(archive, ".xml", |body| {
            let mut text = Vec::new();
            let _cut = body.read_to_end(&mut text);
            bodies.push(String::from_utf8_lossy(&text).into_owned());
        });
        (bodies, end)
    }

    #[test]
    fn files_are_read_by_the_end_of_their_names() {
        let archive = zip(&[
            ("a.xml", b"<a/>"),
            ("b.txt", b"no"),
            ("deep/C.XML", b"<c/>"),
        ]);
        let (bodies, end) = read(&archive);
        assert_eq!((bodies, end), (vec!["<a/>".into(), "<c/>".into()], Ok(())));
    }

    #[test]
    fn a_name_that_climbs_is_only_a_name() {
        let archive = zip(&[("../../../../etc/x.xml", b"<a/>"), ("/abs.xml", b"<b/>")]);
        assert_eq!(read(&archive).0, ["<a/>", "<b/>"]);
    }

    #[test]
    fn a_bomb_is_put_out_while_it_unfolds() {
        let bomb = zip(&[("a.xml", &vec![b'a'; 30 * 1024 * 1024])]);
        assert!(bomb.len() < 100 * 1024, "{}", bomb.len());
        let (bodies, end) = read(&bomb);
        assert_eq!(end, Err(Trouble::Bomb));
        assert!(bodies[0].len() < 10 * 1024 * 1024, "{}", bodies[0].len());
    }

    #[test]
    fn many_files_that_are_harmless_alone_share_one_bound() {
        // Text that packs to about a tenth, so that no single ratio is odd.
        let mut noise = 1_u32;
        let body: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            [b'a' + (noise >> 24) as u8 % 26; 24]
        })
        .take(512 * 1024)
        .flatten()
        .collect();
        let names: Vec<String> = (0..6).map(|i| format!("{i}.xml")).collect();
        let files: Vec<(&str, &[u8])> = names
            .iter()
            .map(|name| (name.as_str(), body.as_slice()))
            .collect();
        let (bodies, end) = read(&zip(&files));
        assert_eq!((bodies.len(), end), (6, Err(Trouble::Bomb)));
    }

    #[test]
    fn crowds_are_refused() {
        let names: Vec<String> = (0..1_001).map(|i| format!("{i}.xml")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
        assert_eq!(read(&zip(&files)), (vec![], Err(Trouble::Crowded)));
        let crowd = super::RECORD.repeat(100_000);
        assert_eq!(read(&crowd), (vec![], Err(Trouble::Crowded)));
    }

    #[test]
    fn wrong_sizes_are_not_believed() {
        let archive = zip(&[("a.xml", b"<a>some text of some length</a>")]);
        let at = memchr::memmem::find(&archive, super::RECORD).unwrap();
        // Inflated size, in the directory: 4 GB and nothing.
        for lie in [[0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0]] {
            let mut wrong = archive.clone();
            wrong[at + 24..at + 28].copy_from_slice(&lie);
            let (bodies, _end) = read(&wrong);
            assert!(bodies.iter().all(|body| body.len() < 100), "{bodies:?}");
        }
        // Packed size: more than there is.
        let mut wrong = archive.clone();
        wrong[at + 20..at + 24].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
        let (bodies, _end) = read(&wrong);
        assert!(bodies.iter().all(|body| body.len() < 1_000), "{bodies:?}");
    }

    #[test]
    fn what_is_cut_or_no_archive_is_said() {
        let archive = zip(&[("a.xml", b"<a/>")]);
        for part in [&archive[..archive.len() / 2], b"<html>", b"", b"PK"] {
            assert_eq!(read(part), (vec![], Err(Trouble::NotZip)));
        }
    }

    #[test]
    fn archives_within_stay_closed() {
        let inner = zip(&[("a.xml", b"<a/>")]);
        assert_eq!(read(&zip(&[("inner.zip", &inner)])), (vec![], Ok(())));
    }

    #[test]
    fn encrypted_files_are_left_out() {
        let mut archive = zip(&[("a.xml", b"<a/>"), ("b.xml", b"<b/>")]);
        // The flag of the first entry, in its own head and in the directory.
        let at = memchr::memmem::find(&archive, super::RECORD).unwrap();
        archive[6] |= 1;
        archive[at + 8] |= 1;
        assert_eq!(read(&archive), (vec!["<b/>".into()], Ok(())));
    }
}

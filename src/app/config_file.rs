//! Finds and reads the configuration file, and says how far it is to be trusted.
//!
//! What the text means is settled by `config`; here it is only read, and only
//! when nobody else could have written it: it may name commands that are run.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::app::env::Env;
use crate::app::exit::Failure;
use crate::app::paths::Paths;
use crate::config::Trust;

/// The largest configuration that is read, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// The file of the current directory, which may set only what cannot do harm.
pub const DIRECTORY_FILE: &str = ".cycleboard.toml";

/// One configuration text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// The file, as the user named it.
    pub name: String,
    /// What it says.
    pub text: String,
    /// How far it is to be trusted.
    pub trust: Trust,
}

/// Where the user's file is looked for, and whether it must be there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Whether it was named by the user, so that its absence is an error.
    pub named: bool,
}

/// Returns where the user's file is: the flag, `CYCLEBOARD_CONFIG`, the configuration directory.
pub fn place(flag: Option<&Path>, env: &Env, paths: &Paths) -> Place {
    let named = flag
        .map(Path::to_owned)
        .or_else(|| env.path("CYCLEBOARD_CONFIG"));
    match named {
        Some(path) => Place { path, named: true },
        None => Place {
            path: paths.config_file(),
            named: false,
        },
    }
}

/// Reads the user's file, if there is one.
pub fn read_user(place: &Place) -> Result<Option<Text>, Failure> {
    let name = place.path.display().to_string();
    let file = match open(&place.path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !place.named => return Ok(None),
        Err(error) => {
            return Err(Failure::usage(format!("cannot read `{name}`: {error}"))
                .hint("`cycleboard config path` shows where the file is looked for"));
        }
    };
    let text = if is_empty_device(&file) {
        String::new()
    } else {
        check_owner(&file, &name)?;
        read(file, &name)?
    };
    Ok(Some(Text {
        name,
        text,
        trust: Trust::User,
    }))
}

/// Reads the file of a directory, if there is one.
pub fn read_directory(dir: &Path) -> Result<Option<Text>, Failure> {
    match open(&dir.join(DIRECTORY_FILE)) {
        Ok(file) => Ok(Some(Text {
            name: DIRECTORY_FILE.to_owned(),
            text: read(file, DIRECTORY_FILE)?,
            trust: Trust::Directory,
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::usage(format!(
            "cannot read `{DIRECTORY_FILE}`: {error}"
        ))),
    }
}

/// Opens without waiting: a named pipe would hold the program for ever.
fn open(path: &Path) -> io::Result<File> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    OpenOptions::new()
        .read(true)
        .custom_flags(nonblock)
        .open(path)
}

/// Returns whether it is a device that has nothing to say, such as `/dev/null`.
fn is_empty_device(file: &File) -> bool {
    let metadata = file.metadata();
    let is_device = metadata.is_ok_and(|metadata| metadata.file_type().is_char_device());
    let mut reader = file;
    is_device && matches!(reader.read(&mut [0]), Ok(0))
}

/// Refuses a file that somebody else could have written.
fn check_owner(file: &File, name: &str) -> Result<(), Failure> {
    let metadata = file
        .metadata()
        .map_err(|error| Failure::usage(format!("cannot read `{name}`: {error}")))?;
    if !metadata.is_file() {
        return Err(Failure::usage(format!("`{name}` is not a file"))
            .hint("name the file itself, e.g. `config.toml` in it"));
    }
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() != us && metadata.uid() != 0 {
        return Err(
            Failure::usage(format!("`{name}` belongs to another user")).hint(format!(
                "it could run commands as you: copy it, or `chown {us} {name}`"
            )),
        );
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(Failure::usage(format!("`{name}` may be written by others"))
            .hint(format!("it could run commands as you: `chmod go-w {name}`")));
    }
    Ok(())
}

fn read(file: File, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("cannot read `{name}`: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(
            Failure::usage(format!("`{name}` is larger than {} KiB", MAX_BYTES / 1_024))
                .hint("is this the right file?"),
        );
    }
    // Some editors put a byte order mark in front; it says nothing in UTF-8.
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error
            .as_bytes()
            .iter()
            .take(error.utf8_error().valid_up_to())
            .filter(|byte| **byte == b'\n')
            .count();
        Failure::usage(format!("{name}:{}: not UTF-8 text", line + 1))
            .hint("save it as UTF-8, or is this the right file?")
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(text: &[u8], mode: u32) -> (tempfile::TempDir, Place) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (dir, Place { path, named: true })
    }

    #[track_caller]
    fn refused(text: &[u8], mode: u32, words: &str) {
        let (_dir, place) = file(text, mode);
        let error = read_user(&place).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn a_file_of_ones_own_is_read() {
        let (_dir, place) = file(b"[ui]\n", 0o644);
        assert_eq!(read_user(&place).unwrap().unwrap().text, "[ui]\n");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let (_dir, place) = file(b"\xef\xbb\xbf[ui]\r\n", 0o600);
        assert_eq!(read_user(&place).unwrap().unwrap().text, "[ui]\r\n");
    }

    #[test]
    fn a_file_that_others_may_write_is_refused_with_the_fix() {
        refused(b"", 0o664, "chmod go-w");
        refused(b"", 0o646, "chmod go-w");
    }

    #[test]
    fn a_file_that_is_no_text_is_refused_with_the_line() {
        refused(b"[ui]\n\xff\n", 0o600, "config.toml:2: not UTF-8 text");
        refused(&vec![b'#'; 1024 * 1024 + 1], 0o600, "larger than");
    }

    #[test]
    fn a_pipe_does_not_hold_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        let error = read_user(&Place { path, named: true })
            .unwrap_err()
            .to_string();
        assert!(error.contains("is not a file"), "{error}");
    }

    #[test]
    fn a_device_that_says_nothing_is_an_empty_file() {
        let place = |path: &str| Place {
            path: PathBuf::from(path),
            named: true,
        };
        assert_eq!(read_user(&place("/dev/null")).unwrap().unwrap().text, "");
        let error = read_user(&place("/dev/zero")).unwrap_err().to_string();
        assert!(error.contains("is not a file"), "{error}");
    }

    #[test]
    fn only_a_named_file_must_be_there() {
        let path = PathBuf::from("/nonexistent/config.toml");
        assert_eq!(
            read_user(&Place {
                path: path.clone(),
                named: false
            })
            .unwrap(),
            None
        );
        assert!(read_user(&Place { path, named: true }).is_err());
    }
}

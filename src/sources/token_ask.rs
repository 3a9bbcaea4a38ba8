//! Asks a program for a token: with words and not through a shell, and not for long.
//!
//! Programs that people log in with are started from a neutral directory, by their
//! full path, and see no token of anybody else.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use url::Url;

use super::token::AskedTool;
use crate::sources::http::{Environment, host_of};
use crate::sources::logins;
use crate::sources::usual::{self, Asked};

/// The longest output that is taken for a token.
const LONGEST: u64 = 8 * 1024;

/// The longest list of logins.
const LONGEST_LIST: u64 = 256 * 1024;

/// What keeps programs from asking a person, looking for a newer one of themselves, or telling
/// somebody that they were used.
const QUIET: &[(&str, &str)] = &[
    ("GH_PROMPT_DISABLED", "1"),
    ("GH_NO_UPDATE_NOTIFIER", "1"),
    ("NO_PROMPT", "1"),
    ("GLAB_CHECK_UPDATE", "false"),
    ("GLAB_SEND_TELEMETRY", "false"),
];

/// Runs the command that the settings name, which sees what the user sees.
pub(super) async fn own(words: &[String], patience: Duration) -> Result<SecretString, String> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| "`token_command` is empty".to_owned())?;
    let mut command = Command::new(program);
    command.args(arguments);
    let text = run(command, program, "", LONGEST, patience).await?;
    token(&text).ok_or_else(|| format!("`{program}` printed something that is no token"))
}

/// Asks a program that people log in with; it has none for the host where it gives none.
pub(super) async fn tool(
    asked: &AskedTool,
    url: &Url,
    env: &Environment,
    patience: Duration,
) -> Option<SecretString> {
    let name = asked.tool.program;
    let program = find(name, env)?;
    let start = |words: &[&str]| {
        let filled = |word: &&str| match *word {
            "{host}" => asked.name.clone(),
            "{url}" => url.as_str().trim_end_matches('/').to_owned(),
            word => word.to_owned(),
        };
        let mut command = Command::new(&program);
        command.args(words.iter().map(filled)).current_dir("/");
        for name in usual::variables()
            .into_iter()
            .chain(usual::NEVER.iter().copied())
        {
            command.env_remove(name);
        }
        command
    };
    if asked.lapses && !asked.tool.renew.is_empty() {
        // What comes of it shows when the token is used.
        drop(run(start(asked.tool.renew), name, "", LONGEST_LIST, patience).await);
    }
    match asked.tool.asked {
        Asked::Prints(words) | Asked::PrintsListed(words) => {
            let text = run(start(words), name, "", LONGEST, patience).await.ok()?;
            token(&text)
        }
        Asked::Credential { list, get } => {
            let text = run(start(list), name, "", LONGEST_LIST, patience)
                .await
                .ok()?;
            if !is_only_login(&text, url) {
                return None;
            }
            let request = format!("protocol={}\nhost={}\n\n", url.scheme(), host_of(url));
            let text = run(start(get), name, &request, LONGEST, patience)
                .await
                .ok()?;
            token(
                text.lines()
                    .find_map(|line| line.strip_prefix("password="))?,
            )
        }
        Asked::Not => None,
    }
}

/// Returns whether exactly one login of a list is for a host: by the host alone it is chosen later.
fn is_only_login(text: &str, url: &Url) -> bool {
    #[derive(Deserialize)]
    struct Known {
        url: String,
    }
    let Ok(known) = serde_json::from_str::<Vec<Known>>(text) else {
        return false;
    };
    let urls = known.iter().filter_map(|login| Url::parse(&login.url).ok());
    let here: Vec<Url> = urls
        .filter(|known| host_of(known) == host_of(url))
        .collect();
    matches!(here.as_slice(), [only] if only.scheme() == url.scheme())
}

/// Finds a program in the absolute directories of `PATH`: never one of the current directory.
fn find(name: &str, env: &Environment) -> Option<PathBuf> {
    let path = logins::read(env, "PATH")?;
    std::env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Returns what was printed, if it is one token.
fn token(text: &str) -> Option<SecretString> {
    let token = text.trim();
    let fits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| SecretString::from(token.to_owned()))
}

/// Runs a command, hands it `input`, and returns what it printed.
async fn run(
    mut command: Command,
    program: &str,
    input: &str,
    longest: u64,
    patience: Duration,
) -> Result<String, String> {
    command
        .envs(QUIET.iter().copied())
        .stdin(if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    tokio::time::timeout(patience, output(command, program, input, longest))
        .await
        .map_err(|_elapsed| {
            format!(
                "`{program}` gave no token within {} s",
                patience.as_secs_f32()
            )
        })?
}

async fn output(
    mut command: Command,
    program: &str,
    input: &str,
    longest: u64,
) -> Result<String, String> {
    let mut child = command.spawn().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            format!("the program `{program}` was not found")
        } else {
            format!("`{program}` cannot be started: {}", error.kind())
        }
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that has ended without reading says so by what it printed.
        drop(stdin.write_all(input.as_bytes()).await);
    }
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout
            .take(longest + 1)
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| format!("`{program}` cannot be read: {}", error.kind()))?;
    }
    if bytes.len() as u64 > longest {
        return Err(format!("`{program}` printed more than a token"));
    }
    let status = child
        .wait()
        .await
        .map_err(|error| format!("`{program}` did not end: {}", error.kind()))?;
    if !status.success() {
        return Err(status.code().map_or_else(
            || format!("`{program}` was ended by a signal"),
            |code| format!("`{program}` failed with exit code {code}"),
        ));
    }
    String::from_utf8(bytes)
        .map_err(|_bytes| format!("`{program}` printed something that is no text"))
}

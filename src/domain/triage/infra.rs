//! Failures that the code need not be blamed for: network, memory, disk, runner,
//! rate limits.
//!
//! Told by the tool that names the first error, where no test failed. An answer
//! of a server that refuses a request (404) is no failure of the network, and a
//! guess is none either.

use crate::domain::diagnosis::{Diagnosis, FoundError};

/// What failed beneath the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Beneath {
    /// In words: `the network`.
    pub(super) what: &'static str,
    /// Whether that is a guess.
    pub(super) guess: bool,
}

/// Returns what failed beneath the code, where the first error says so.
pub(super) fn beneath(found: &Diagnosis) -> Option<Beneath> {
    let error = found.error.as_ref().filter(|_| found.tests.is_empty())?;
    Some(Beneath {
        what: class(error)?,
        guess: error.guess,
    })
}

fn class(error: &FoundError) -> Option<&'static str> {
    let text = error.text.to_ascii_lowercase();
    match error.tool.as_str() {
        "oom" => Some("memory"),
        "disk" => Some("the disk"),
        "runner" => Some("the runner"),
        "docker" if text.starts_with("cannot connect to the docker daemon") => Some("the runner"),
        "curl" | "network" if is_limit(error, &text) => Some("a rate limit"),
        "curl" | "network" if is_refusal(error, &text) => None,
        "curl" | "network" => Some("the network"),
        _ => None,
    }
}

fn is_limit(error: &FoundError, text: &str) -> bool {
    error
        .code
        .as_ref()
        .is_some_and(|code| code.as_str() == "429")
        || ["rate limit", "toomanyrequests", "error: 429"]
            .iter()
            .any(|word| text.contains(word))
}

/// Whether a server answered, and found fault with the request.
fn is_refusal(error: &FoundError, text: &str) -> bool {
    let is_4xx = |code: &str| code.len() == 3 && code.starts_with('4');
    error.code.as_ref().is_some_and(|code| is_4xx(code))
        || text.split_once("error: ").is_some_and(|(_, after)| {
            let code: String = after.chars().take_while(char::is_ascii_digit).collect();
            is_4xx(&code)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Clean;

    #[test]
    fn what_fails_beneath_the_code_is_told_by_its_tool() {
        #[track_caller]
        fn check(tool: &str, code: Option<&str>, text: &str, expected: Option<&str>) {
            let error = FoundError {
                line: 1,
                tool: Clean::line(tool),
                code: code.map(Clean::line),
                text: Clean::line(text),
                file: None,
                row: None,
                block: Vec::new(),
                guess: false,
            };
            assert_eq!(class(&error), expected, "{tool} {text}");
        }
        let timeout = "(28) Failed to connect to packages.example.org port 443";
        check("curl", Some("28"), timeout, Some("the network"));
        let refused = "(22) The requested URL returned error: 404";
        check("curl", Some("22"), refused, None);
        let broken = "(22) The requested URL returned error: 503";
        check("curl", Some("22"), broken, Some("the network"));
        let limit = "429 Too Many Requests";
        check("network", Some("429"), limit, Some("a rate limit"));
        check("oom", None, "Killed", Some("memory"));
        let lost = "The hosted runner lost communication with the server";
        check("runner", None, lost, Some("the runner"));
        let daemon = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock";
        check("docker", None, daemon, Some("the runner"));
        check("docker", None, "failed to solve", None);
        check("cargo", None, "connection refused", None);
    }
}

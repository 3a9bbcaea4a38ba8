//! Carries out what the screen asked for outside itself: browser and clipboard.
//!
//! Nothing here is waited for by the loop; what came of it arrives as [`Done`].
//! Links are opened by argument vector, never by a shell.

use base64::Engine as _;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::domain::key::WebUrl;

/// The longest text that is put on the clipboard, in bytes; terminals cut longer ones.
pub const MAX_COPY: usize = 8 * 1024;

/// What came of something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Done {
    /// It worked, and that is worth a word.
    Well(String),
    /// It did not.
    Badly(String),
}

/// Starts what takes time, and tells when it is done.
#[derive(Debug)]
pub struct Effects {
    tracker: TaskTracker,
    tell: mpsc::Sender<Done>,
    done: mpsc::Receiver<Done>,
}

impl Effects {
    /// Builds it on the program's tasks.
    pub fn new(tracker: TaskTracker) -> Self {
        let (tell, done) = mpsc::channel(16);
        Self {
            tracker,
            tell,
            done,
        }
    }

    /// Returns what came of the next thing that was started.
    ///
    /// May be dropped at any await.
    pub async fn next(&mut self) -> Done {
        match self.done.recv().await {
            Some(done) => done,
            // Cannot be: we hold a sender ourselves.
            None => std::future::pending().await,
        }
    }

    /// Opens a link in the browser.
    pub fn open(&self, url: &WebUrl) {
        let url = url.as_str().to_owned();
        let tell = self.tell.clone();
        drop(self.tracker.spawn_blocking(move || {
            let done = match open::that_detached(&url) {
                Ok(()) => Done::Well(format!("opened {url}")),
                Err(error) => {
                    tracing::warn!(%error, "browser");
                    Done::Badly(format!(
                        "no browser could be started; copy the link with `Y`: {url}"
                    ))
                }
            };
            // With a full queue there is enough to read already.
            drop(tell.try_send(done));
        }));
    }
}

/// Returns the sequence that puts text on the clipboard, or nothing where it is too long.
pub fn clipboard(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_COPY {
        return None;
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    Some(format!("\x1b]52;c;{encoded}\x1b\\").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_for_the_clipboard_cannot_end_its_sequence() {
        let bytes = clipboard("a\u{1b}\\\u{7}b").unwrap();
        let inner = &bytes[2..bytes.len() - 2];
        assert!(!inner.contains(&0x1b) && !inner.contains(&7));
        assert_eq!(clipboard("hi").unwrap(), b"\x1b]52;c;aGk=\x1b\\");
    }

    #[test]
    fn a_long_text_is_not_copied_at_all() {
        assert_eq!(clipboard(&"x".repeat(MAX_COPY + 1)), None);
    }
}

//! A session without sources: what can be done about it, and about a clone of an unknown host.

use crate::app::clone;
use crate::app::exit::Failure;
use crate::app::runtime::runtime;
use crate::app::session::{Session, THIS_CLONE};
use crate::sources::probe;

/// What is missing where there is nothing to show.
#[derive(Debug)]
pub struct Lack {
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Session {
    /// Refuses to go on where there is nothing to show.
    pub fn require_sources(&self) -> Result<(), Failure> {
        self.lack().map_or(Ok(()), |lack| {
            Err(Failure::usage(lack.message).hint(lack.hint))
        })
    }

    /// Returns what is missing, where there is nothing to show.
    pub fn lack(&self) -> Option<Lack> {
        if self.demo.is_some() || !self.settings.sources.is_empty() {
            return None;
        }
        let file = self.place.path.display();
        if let Some(found) = self.stranger() {
            let host = found.host;
            let message = match &self.refused {
                Some(why) => format!("this clone is of `{host}`, and {why}"),
                None => format!("this clone is of `{host}`, of which nobody said what kind it is"),
            };
            let at = found.bases.first().map_or_else(String::new, |url| {
                format!(" and `url = \"{}\"`", url.as_str().trim_end_matches('/'))
            });
            let hint = format!(
                "`cycleboard init` makes it known, or a `[[source]]` with `kind`{at} in `{file}`, \
                 or a login there with `gh`, `glab` or `tea`"
            );
            return Some(Lack { message, hint });
        }
        Some(Lack {
            message: "no source is configured".to_owned(),
            hint: format!(
                "`cycleboard init` writes a configuration, a clone of a repository needs none, \
                 a `[[source]]` goes into `{file}`, or see `cycleboard demo`"
            ),
        })
    }

    /// Returns the host of the clone in the current directory, if nobody knows what it is.
    fn stranger(&self) -> Option<clone::Elsewhere> {
        let here = std::env::current_dir().ok()?;
        let shown = clone::memory::recall(&self.paths.hosts(), (self.clock)());
        clone::elsewhere(&here, &self.env, shown)
    }

    /// Asks the host of the clone in the current directory what it is, where that is all that is
    /// missed; what it shows is remembered.
    pub fn find_out(&mut self) -> Result<(), Failure> {
        if self.demo.is_some() || !self.settings.sources.is_empty() {
            return Ok(());
        }
        let Some(stranger) = self.stranger() else {
            return Ok(());
        };
        let ground = self.ground(None);
        let forges = clone::forges();
        let asked = probe::ask(&stranger.bases, &forges, None, &ground);
        match runtime()?.block_on(asked) {
            Ok(Some(shown)) => {
                clone::memory::remember(&self.paths.hosts(), &shown, (self.clock)());
                let here = std::env::current_dir().ok();
                let found = here.and_then(|here| clone::source(&here, &self.env, vec![shown]));
                self.settings.sources.extend(found);
                THIS_CLONE.clone_into(&mut self.sources_from);
            }
            Ok(None) => {
                let why = "its answers show none of the kinds that are known";
                self.refused = Some(why.to_owned());
            }
            Err(error) => self.refused = Some(format!("it could not be asked what it is: {error}")),
        }
        Ok(())
    }
}

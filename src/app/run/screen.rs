//! What the screen is told while the board runs: a theme, the configuration, the ground.
//!
//! What was read is taken over here; who reads it is in `reload`, `themes` and `ground`.

use std::io;
use std::sync::Arc;

use futures_util::Stream;

use crate::app::ground::{self, Ground};
use crate::app::guard::Switch;
use crate::app::reload::{self, Reloaded, Told};
use crate::app::run::{App, Look};
use crate::app::screen::Screen;
use crate::app::themes::AUTO;
use crate::app::tty::Input;
use crate::domain::Timestamp;
use crate::domain::history::Windows;
use crate::engine::{EngineCommand, Practice};
use crate::ui::glyphs::Glyphs;
use crate::ui::overlay::Overlay;

/// What the screen was told, and what it may do.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What the configuration said when it was last read.
    pub told: Told,
    /// Whether the terminal may be asked for its ground.
    pub may_ask: bool,
    /// Whether it tells of the mouse.
    pub has_mouse: bool,
    /// Whether it can show links.
    pub has_links: bool,
    /// The characters that it can draw.
    pub glyphs: Glyphs,
    /// Where text for the clipboard goes, in words.
    pub clipboard: &'static str,
}

/// What an error about the theme is about.
const THEME: &str = "theme";
/// What one about the configuration is about.
const CONFIGURATION: &str = "configuration";

/// Returns the line that a mistake is told of: `config.toml:12: …` or `config.toml:12:3: …`.
fn line_in(mistake: &str) -> Option<usize> {
    let (place, _) = mistake.split_once(": ")?;
    let (before, last) = place.rsplit_once(':')?;
    let last = last.parse().ok()?;
    let line = before.rsplit_once(':').map(|(_, line)| line.parse().ok());
    Some(line.flatten().unwrap_or(last))
}

impl<B: Screen> Look<B> {
    fn set_theme(&mut self, name: &str, now: Timestamp) {
        match self.themes.open(name) {
            Ok(theme) => {
                name.clone_into(&mut self.state.theme);
                self.theme = theme;
                self.state.settled(THEME);
            }
            Err(mistake) => {
                // A name that is none is no matter of a file.
                let line = mistake.place.as_ref().map(|(_, line)| line);
                let mark = line.map(|line| format!("theme: line {line}"));
                let text = mistake.in_a_line();
                self.state.notify_trouble(THEME, mark, text, now);
            }
        }
    }
}

impl<B, S> App<B, S>
where
    B: Screen,
    S: Stream<Item = io::Result<Input>> + Unpin,
{
    /// Tells what the screen stands on, so that it can be told anew.
    #[must_use]
    pub fn standing(mut self, standing: Standing) -> Self {
        self.pace.slow = standing.told.ui.slow;
        self.look.state.rest.slow = standing.told.ui.slow;
        self.standing = Some(standing);
        self
    }

    /// Asks the terminal for its ground, where the theme goes by it and nobody told.
    pub fn ask_ground(&mut self) -> io::Result<()> {
        let may_ask = self.standing.as_mut().is_some_and(|it| {
            // Whoever did not answer once is not asked again.
            std::mem::take(&mut it.may_ask)
        });
        let is_wanted = self.look.state.theme == AUTO && self.look.themes.auto.ground.is_none();
        if is_wanted && may_ask {
            self.look
                .terminal
                .backend_mut()
                .send_aside(ground::QUESTION)?;
        } else if let Some(standing) = &mut self.standing {
            standing.may_ask = may_ask;
        }
        Ok(())
    }

    /// Goes by the ground that the terminal told of, however late.
    pub(super) fn on_ground(&mut self, found: Ground) {
        if self.look.themes.auto.ground.replace(found) == Some(found) {
            return;
        }
        if self.look.state.theme == AUTO {
            self.pace.touch();
            self.pace.asked = true;
            let now = (self.look.clock)();
            self.look.set_theme(AUTO, now);
        }
    }

    pub(super) fn set_theme(&mut self, name: &str, now: Timestamp) -> io::Result<()> {
        self.look.set_theme(name, now);
        self.ask_ground()
    }

    /// Takes over what was read again; with a mistake the old one stays.
    pub(super) fn on_reloaded(&mut self, reloaded: Reloaded, now: Timestamp) -> io::Result<()> {
        let told = match reloaded {
            Ok(told) => told,
            Err(error) => {
                self.refuse_reloaded(&error, now);
                return Ok(());
            }
        };
        let was_wrong = self.look.state.has_trouble(CONFIGURATION);
        self.look.state.settled(CONFIGURATION);
        let Some(standing) = &mut self.standing else {
            return Ok(());
        };
        let before = std::mem::replace(&mut standing.told, told.clone());
        standing.told.plan = None;
        let (has_mouse, has_links) = (standing.has_mouse, standing.has_links);
        let simulated = self.look.state.options.banner.is_some();
        let glyphs = match told.ui.ascii {
            Some(true) => Glyphs::Ascii,
            Some(false) => Glyphs::Unicode,
            None => standing.glyphs,
        };
        self.look.surround.tell(told.ui.motion);
        let Look { state, themes, .. } = &mut self.look;
        themes.glyphs = glyphs;
        themes.shelf = Some(Arc::clone(&told.shelf));
        themes.auto.dark.clone_from(&told.ui.theme_dark);
        themes.auto.light.clone_from(&told.ui.theme_light);
        state.themes = themes.choices();
        state.options.motion = told.ui.motion;
        state.options.keymap = Arc::clone(&told.keymap);
        state.links = has_links && told.ui.links == crate::config::Links::Auto;
        state.pending.clear();
        state.rest.slow = told.ui.slow;
        self.pace.slow = told.ui.slow;
        if before.ui.mouse != told.ui.mouse {
            let on = told.ui.mouse && has_mouse;
            self.look.state.mouse = on;
            self.look.terminal.backend_mut().switch(Switch::Mouse, on)?;
        }
        if before.kitty != told.kitty {
            let terminal = &mut self.look.terminal;
            terminal.backend_mut().switch(Switch::Kitty, told.kitty)?;
        }
        let theme_was_wrong = self.look.state.has_trouble(THEME);
        self.retheme(&before, &told, now)?;
        if theme_was_wrong && !self.look.state.has_trouble(THEME) {
            self.look.state.notify("the theme is right again", now);
        }
        self.take_own(&before, &told);
        self.look.state.options.wall = told.wall;
        let changed = reload::changed(&before.written, &told.written, simulated);
        if changed.calls {
            if let Some(watch) = &mut self.watch {
                watch.go_by(told.notify.clone(), now);
            }
            self.ends.effects.speak(told.voice.clone());
        }
        if let Some(plan) = told.plan {
            self.plan(plan, changed.words(), now);
            return Ok(());
        }
        if changed.practice && !self.practise(&told, now) {
            // What the engine did not hear of is otherwise still when the file is saved again.
            if let Some(standing) = &mut self.standing {
                standing.told.written = before.written;
            }
            return Ok(());
        }
        let right = was_wrong.then(|| "the configuration is right again".to_owned());
        if let Some(text) = changed.words().or(right) {
            self.look.state.notify(text, now);
        }
        Ok(())
    }

    /// Tells what is wrong with a configuration that was read again.
    fn refuse_reloaded(&mut self, error: &str, now: Timestamp) {
        let state = &mut self.look.state;
        let (first, others) = error.split_once('\n').unwrap_or((error, ""));
        for other in others.lines() {
            state.note(other, now);
        }
        let text = format!("the configuration stays as it was: {first}");
        let mark = match line_in(first) {
            Some(line) => format!("config: line {line}"),
            None => "config".to_owned(),
        };
        state.notify_trouble(CONFIGURATION, Some(mark), text, now);
    }

    /// Lets the board and whoever judges cards go by how the team works now; returns whether the
    /// engine listens.
    fn practise(&mut self, told: &Told, now: Timestamp) -> bool {
        let practice = &told.practice;
        if !self.is_heard(EngineCommand::Practise(Arc::clone(practice)), now) {
            return false;
        }
        let windows = Windows::of(&practice.policy);
        self.ends.effects.windows_are(windows);
        let people = Arc::clone(&practice.policy.people);
        self.ends.effects.people_are(people);
        self.look.state.tell_columns(practice.columns.clone());
        true
    }

    /// Lets the engine that has come go by what was saved after it was planned.
    pub(super) fn catch_up_with_practice(&mut self, planned: &Arc<Practice>, now: Timestamp) {
        let told = self.standing.as_ref().map(|standing| standing.told.clone());
        if let Some(told) = told.filter(|told| !Arc::ptr_eq(&told.practice, planned)) {
            self.practise(&told, now);
        }
    }

    /// Takes over views and commands of the user; lists of them that are open are of the old ones.
    fn take_own(&mut self, before: &Told, told: &Told) {
        if before.views == told.views && before.commands == told.commands {
            return;
        }
        let state = &mut self.look.state;
        state.overlays.retain(|overlay| {
            let finds = matches!(overlay, Overlay::Palette(_) | Overlay::Actions(_));
            let lists = matches!(overlay, Overlay::Own(menu) if menu.output.is_none());
            !finds && !lists
        });
        state.options.own = Arc::clone(&told.commands);
        state.tell_views(told.views.clone());
    }

    /// Makes the theme again that is shown, or the one that the configuration names now.
    fn retheme(&mut self, before: &Told, told: &Told, now: Timestamp) -> io::Result<()> {
        let state = &mut self.look.state;
        let is_chosen = before.ui.theme == told.ui.theme;
        let chooses = matches!(state.overlays.last(), Some(Overlay::Themes(_)));
        if let Some(Overlay::Themes(menu)) = state.overlays.last_mut() {
            let at = state.themes.iter().position(|name| *name == state.theme);
            menu.cursor = at.unwrap_or_default();
        }
        if !is_chosen {
            state.tell_theme(&told.ui.theme);
        }
        let name = if is_chosen || chooses {
            state.theme.clone()
        } else {
            told.ui.theme.clone()
        };
        self.set_theme(&name, now)
    }
}

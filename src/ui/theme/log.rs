//! Colours of logs on the ground of a theme: kept where they can be read.
//!
//! A log chooses colours without knowing the ground. What would stand out too
//! little becomes the theme's own text; colours are brought to the depth.

use ratatui::style::{Color, Modifier, Style};

use crate::log::{Color as LogColor, Sgr};
use crate::ui::theme::palette::{channels, contrast, of_256, to_256};
use crate::ui::theme::{ColorDepth, Role, Theme};

/// The least contrast at which a colour of a log is kept.
const LEAST: f64 = 3.0;

impl Theme {
    /// Returns the style of a piece of a log; `base` is that of text without colours.
    pub fn log_text(&self, sgr: &Sgr, base: Style) -> Style {
        if *sgr == Sgr::default() {
            return base;
        }
        let mut style = base;
        for (on, modifier) in [
            (sgr.bold, Modifier::BOLD),
            (sgr.dim, Modifier::DIM),
            (sgr.italic, Modifier::ITALIC),
            (sgr.underline, Modifier::UNDERLINED),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        match self.depth() {
            ColorDepth::Mono => {
                if sgr.reverse {
                    style = style.add_modifier(Modifier::REVERSED);
                }
                style
            }
            ColorDepth::Ansi16 => sixteen(sgr, style),
            ColorDepth::Ansi256 | ColorDepth::True => self.full(sgr, style),
        }
    }

    fn full(&self, sgr: &Sgr, style: Style) -> Style {
        let ground = rgb_of(self.style(Role::Background).bg);
        let own = rgb_of(style.fg.or(self.style(Role::Text).fg));
        let asked_front = sgr.foreground.map(rgb);
        let asked_behind = sgr.background.map(rgb);
        let (fg, bg) = if sgr.reverse {
            let fg = asked_behind.unwrap_or(ground);
            (Some(fg), Some(asked_front.unwrap_or(own)))
        } else {
            (asked_front, asked_behind)
        };
        let behind = bg.unwrap_or(ground);
        let front = fg.unwrap_or(own);
        let front = if contrast(front, behind) >= LEAST {
            front
        } else {
            readable(own, behind)
        };
        let mut style = style.fg(self.color(front));
        if let Some(bg) = bg {
            style = style.bg(self.color(bg));
        }
        if fg.is_none() && bg.is_none() {
            // Nothing was asked for: the style of the theme stands as it is.
            style.fg = style.fg.map(|_| self.color(own));
        }
        style
    }

    fn color(&self, rgb: u32) -> Color {
        if self.depth() == ColorDepth::True {
            Color::from_u32(rgb)
        } else {
            to_256(rgb)
        }
    }
}

/// Returns the colour that is read best: the theme's own text, else white or black.
fn readable(own: u32, behind: u32) -> u32 {
    if contrast(own, behind) >= LEAST {
        return own;
    }
    if contrast(0xff_ff_ff, behind) >= contrast(0, behind) {
        0xff_ff_ff
    } else {
        0
    }
}

/// The sixteen colours of xterm: what the user's own are like is not known.
const SIXTEEN: [u32; 16] = [
    0x00_00_00, 0xcd_31_31, 0x0d_bc_79, 0xe5_e5_10, 0x24_72_c8, 0xbc_3f_bc, 0x11_a8_cd, 0xe5_e5_e5,
    0x7f_7f_7f, 0xf1_4c_4c, 0x23_d1_8b, 0xf5_f5_43, 0x3b_8e_ea, 0xd6_70_d6, 0x29_b8_db, 0xff_ff_ff,
];

fn rgb(color: LogColor) -> u32 {
    match color {
        LogColor::Indexed(at) => SIXTEEN
            .get(usize::from(at))
            .copied()
            .unwrap_or_else(|| of_256(at)),
        LogColor::Rgb(red, green, blue) => u32::from_be_bytes([0, red, green, blue]),
    }
}

/// Returns the numbers of a colour of a theme.
fn rgb_of(color: Option<Color>) -> u32 {
    match color {
        Some(Color::Rgb(red, green, blue)) => u32::from_be_bytes([0, red, green, blue]),
        Some(Color::Indexed(at)) => of_256(at),
        Some(_) | None => 0,
    }
}

/// Named colours: the terminal's ground is not known, so its extremes are not asked for.
fn sixteen(sgr: &Sgr, style: Style) -> Style {
    let (fg, bg) = (sgr.foreground.map(nearest), sgr.background.map(nearest));
    let (fg, bg) = if sgr.reverse { (bg, fg) } else { (fg, bg) };
    let mut style = style;
    if sgr.reverse && fg.is_none() && bg.is_none() {
        return style.add_modifier(Modifier::REVERSED);
    }
    match (fg, bg) {
        (None, None) => {}
        (Some(fg), None) => {
            if !matches!(fg, 0 | 7 | 8 | 15) {
                style = style.fg(Color::Indexed(fg));
            }
        }
        (fg, Some(bg)) => {
            let own = if contrast(SIXTEEN_WHITE, sixteen_rgb(bg)) >= LEAST {
                15
            } else {
                0
            };
            let kept = fg.filter(|fg| contrast(sixteen_rgb(*fg), sixteen_rgb(bg)) >= LEAST);
            style = style
                .fg(Color::Indexed(kept.unwrap_or(own)))
                .bg(Color::Indexed(bg));
        }
    }
    style
}

const SIXTEEN_WHITE: u32 = 0xff_ff_ff;

fn sixteen_rgb(at: u8) -> u32 {
    SIXTEEN.get(usize::from(at)).copied().unwrap_or_default()
}

/// Returns the nearest of the sixteen.
fn nearest(color: LogColor) -> u8 {
    if let LogColor::Indexed(at @ 0..16) = color {
        return at;
    }
    let wanted = channels(rgb(color));
    let far = |at: &u8| super::palette::distance(channels(sixteen_rgb(*at)), wanted);
    (0_u8..16).min_by_key(far).unwrap_or(7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ui::theme::{BUILTIN, Glyphs};

    fn color() -> impl Strategy<Value = Option<LogColor>> {
        prop_oneof![
            Just(None),
            any::<u8>().prop_map(|at| Some(LogColor::Indexed(at))),
            any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Some(LogColor::Rgb(r, g, b))),
        ]
    }

    proptest! {
        #[test]
        fn text_of_a_log_can_always_be_read(
            foreground in color(), background in color(), reverse: bool, dim: bool,
        ) {
            let sgr = Sgr { foreground, background, dim, reverse, ..Sgr::default() };
            // What the terminal's own palette looks like is not known.
            for (name, _) in BUILTIN.iter().filter(|(name, _)| *name != "terminal") {
                let theme = Theme::builtin(name, ColorDepth::True, Glyphs::Unicode).unwrap();
                let style = theme.log_text(&sgr, theme.style(Role::Text));
                let behind = rgb_of(style.bg.or(theme.style(Role::Background).bg));
                let front = rgb_of(style.fg);
                prop_assert!(contrast(front, behind) >= LEAST, "{name} {front:06x} on {behind:06x}");
                for depth in [ColorDepth::Ansi256, ColorDepth::Ansi16] {
                    let theme = Theme::builtin(name, depth, Glyphs::Unicode).unwrap();
                    let style = theme.log_text(&sgr, theme.style(Role::Text));
                    prop_assert!(style.fg.is_none() || style.fg != style.bg, "{name} {style:?}");
                }
                let theme = Theme::builtin(name, ColorDepth::Mono, Glyphs::Unicode).unwrap();
                let style = theme.log_text(&sgr, theme.style(Role::Text));
                prop_assert_eq!((style.fg, style.bg), (None, None));
            }
        }
    }
}

//! From the cells that changed to the bytes that a terminal is sent.
//!
//! Sends what is seen and no more: only the part of a style that differs from the one in force, the
//! ground alone where nothing stands on it, a link once for the cells side by side that are one, a
//! run of nothing as an erasure, and short moves by how far they go. Erasing takes the ground that is
//! in force, which a few terminals do not do: whoever knows the terminal says whether it may be used.

use std::io::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::ui::link;
use crate::ui::text::width;

/// The shortest run that is erased: the sequence and the move behind it cost as much.
const LEAST: usize = 11;

/// The shortest run that is gone over where it shows nothing already: a move costs as much.
const LEAST_MOVE: usize = 7;

/// What is seen on nothing.
const SEEN: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::CROSSED_OUT)
    .union(Modifier::SLOW_BLINK)
    .union(Modifier::RAPID_BLINK);

/// What a terminal calls each modifier, and the end of it.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// What a terminal takes.
#[derive(Clone, Copy, Default, Debug)]
pub struct Dialect {
    /// Whether it erases with the ground that is in force.
    pub erases: bool,
    /// Whether it knows sixteen colours and no more: they are sent as they are since there are any,
    /// `31` and `97`. Such a terminal takes those of 256, `38;5;1`, for a flash (`5`) and a dim (`1`).
    pub sixteen: bool,
}

/// Appends what takes the terminal from the picture before to one with these cells, row by row.
///
/// The style that is in force before and after is none.
pub fn encode(cells: &[(u16, u16, &Cell)], dialect: Dialect, out: &mut Vec<u8>) {
    Pen::new(dialect, out).write(cells);
}

/// Appends what makes the terminal show a picture of this size and nothing else, whatever it showed:
/// cells that are not among these show nothing and have no ground.
///
/// The ground that most of nothing stands on is one erasure of the screen.
pub fn encode_whole(
    cells: &[(u16, u16, &Cell)],
    size: (u16, u16),
    dialect: Dialect,
    out: &mut Vec<u8>,
) {
    let mut pen = Pen::new(dialect, out);
    let ground = common_ground(cells, size).filter(|_| dialect.erases);
    pen.look(Look {
        bg: ground.unwrap_or_default(),
        ..Look::default()
    });
    pen.say(format_args!("\x1b[2J"));
    pen.erased = ground;
    pen.write(cells);
}

/// Returns the ground that most cells have on which nothing stands; nothing where cells are missing.
fn common_ground(cells: &[(u16, u16, &Cell)], size: (u16, u16)) -> Option<Color> {
    let (mut covered, mut end) = (0_usize, (0, 0));
    let mut grounds: Vec<(Color, usize)> = Vec::new();
    for (x, y, cell) in cells {
        let text = link::split(cell.symbol()).map_or(cell.symbol(), |(_, text)| text);
        let columns = width(text);
        covered += usize::from(columns);
        end = (
            end.0.max(x.saturating_add(columns)),
            end.1.max(y.saturating_add(1)),
        );
        if is_blank(cell) {
            match grounds.iter_mut().find(|(ground, _)| *ground == cell.bg) {
                Some((_, count)) => *count += 1,
                None => grounds.push((cell.bg, 1)),
            }
        }
    }
    let is_whole = end == size && covered == usize::from(size.0) * usize::from(size.1);
    let most = grounds.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(ground, _)| ground).filter(|_| is_whole)
}

/// Returns how many cells from the first on show nothing, side by side on the same ground.
fn run(cells: &[(u16, u16, &Cell)]) -> usize {
    let Some((x, y, first)) = cells.first() else {
        return 0;
    };
    let is_part = |((column, row, cell), at): (&(u16, u16, &Cell), u16)| {
        (*column, *row) == (x.saturating_add(at), *y) && cell.bg == first.bg && is_blank(cell)
    };
    cells.iter().zip(0..).take_while(|it| is_part(*it)).count()
}

/// Returns whether nothing but the ground of a cell is seen.
fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.intersects(SEEN)
}

/// Returns how many columns further a text leaves the cursor; nothing where terminals disagree, so
/// that what comes next is put where it belongs.
fn columns(text: &str) -> Option<u16> {
    if width(text) == 1 {
        return Some(1);
    }
    let mut all = text.chars();
    let is_wide = |c| matches!(c, 'ぁ'..='ヿ' | '㐀'..='䶿' | '一'..='鿿' | '가'..='힣');
    (all.next().is_some_and(is_wide) && all.next().is_none()).then_some(2)
}

/// Colours and modifiers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

/// What writes, and what is in force where it writes.
struct Pen<'a> {
    out: &'a mut Vec<u8>,
    dialect: Dialect,
    style: Look,
    /// Where the cursor is; nothing where that is not known.
    at: Option<(u16, u16)>,
    /// Whether the terminal agrees for sure on the column: it may take what is not ASCII for wider.
    is_sure: bool,
    /// The beginning of the link that is open.
    link: Option<&'a str>,
    /// The ground on which nothing stands wherever nothing was written.
    erased: Option<Color>,
}

impl<'a> Pen<'a> {
    fn new(dialect: Dialect, out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            dialect,
            style: Look::default(),
            at: None,
            is_sure: false,
            link: None,
            erased: None,
        }
    }

    /// Shows cells; nothing is in force after it.
    fn write(mut self, cells: &[(u16, u16, &'a Cell)]) {
        let mut rest = cells;
        while let Some(((x, y, cell), tail)) = rest.split_first() {
            let run = if self.dialect.erases { run(rest) } else { 0 };
            if run > 0 && self.erased == Some(cell.bg) {
                let ends_line = rest.get(run).is_none_or(|(_, row, _)| row != y);
                if run >= LEAST_MOVE || ends_line {
                    rest = rest.get(run..).unwrap_or_default();
                    continue;
                }
            }
            self.go(*x, *y);
            if run >= LEAST {
                self.erase(run, cell);
                rest = rest.get(run..).unwrap_or_default();
            } else {
                self.put(cell);
                rest = tail;
            }
        }
        self.end();
    }

    fn go(&mut self, x: u16, y: u16) {
        if self.at == Some((x, y)) {
            return;
        }
        match self.at {
            Some((column, row)) if self.is_sure && row == y && column < x => match x - column {
                1 => self.say(format_args!("\x1b[C")),
                far => self.say(format_args!("\x1b[{far}C")),
            },
            _ => {
                let row = y.saturating_add(1);
                match x.saturating_add(1) {
                    1 => self.say(format_args!("\x1b[{row}H")),
                    column => self.say(format_args!("\x1b[{row};{column}H")),
                }
                self.is_sure = true;
            }
        }
        self.at = Some((x, y));
    }

    /// Shows nothing in as many cells; the cursor stays.
    fn erase(&mut self, count: usize, cell: &Cell) {
        self.open(None);
        self.ground(cell);
        self.say(format_args!("\x1b[{count}X"));
    }

    /// Shows a cell.
    fn put(&mut self, cell: &'a Cell) {
        let (link, text) = match link::split(cell.symbol()) {
            Some((opening, text)) => (Some(opening), text),
            None => (None, cell.symbol()),
        };
        self.open(link);
        if is_blank(cell) {
            self.ground(cell);
        } else {
            self.look(Look {
                fg: cell.fg,
                bg: cell.bg,
                modifier: cell.modifier,
            });
        }
        self.out.extend_from_slice(text.as_bytes());
        self.is_sure &= text.len() == 1;
        let columns = columns(text);
        self.at = self
            .at
            .zip(columns)
            .map(|((x, y), columns)| (x.saturating_add(columns), y));
    }

    /// Ends the link that is open and begins another one.
    fn open(&mut self, link: Option<&'a str>) {
        if self.link == link {
            return;
        }
        match link {
            // The beginning of one is the end of the one before.
            Some(opening) => self.out.extend_from_slice(opening.as_bytes()),
            None => self.out.extend_from_slice(link::CLOSE.as_bytes()),
        }
        self.link = link;
    }

    /// Takes the ground of a cell on which nothing stands; of the rest only what would be seen goes.
    fn ground(&mut self, cell: &Cell) {
        self.look(Look {
            bg: cell.bg,
            modifier: self.style.modifier.difference(SEEN),
            ..self.style
        });
    }

    /// Takes a look: by what differs, or from nothing, whichever is shorter.
    fn look(&mut self, wanted: Look) {
        if wanted == self.style {
            return;
        }
        let changed = self.change(self.style, wanted, "");
        let anew = self.change(Look::default(), wanted, "0");
        let codes = if anew.len() < changed.len() {
            anew
        } else {
            changed
        };
        self.say(format_args!("\x1b[{codes}m"));
        self.style = wanted;
    }

    /// Returns the codes that lead from one look to another, after some that come before.
    fn change(&self, from: Look, to: Look, before: &str) -> String {
        let mut codes = before.to_owned();
        let mut add = |code: &str| {
            if !codes.is_empty() {
                codes.push(';');
            }
            codes.push_str(code);
        };
        let mut has = from.modifier;
        for (modifier, _, off) in MODIFIERS {
            if has.difference(to.modifier).contains(modifier) {
                add(&off.to_string());
                // One end may be that of two.
                for (other, _, same) in MODIFIERS {
                    if same == off {
                        has.remove(other);
                    }
                }
            }
        }
        for (modifier, on, _) in MODIFIERS {
            if to.modifier.difference(has).contains(modifier) {
                add(&on.to_string());
            }
        }
        if from.fg != to.fg {
            add(&color(to.fg, 30, self.dialect.sixteen));
        }
        if from.bg != to.bg {
            add(&color(to.bg, 40, self.dialect.sixteen));
        }
        codes
    }

    fn say(&mut self, text: std::fmt::Arguments<'_>) {
        // Memory takes everything.
        drop(self.out.write_fmt(text));
    }

    fn end(mut self) {
        self.open(None);
        if self.style != Look::default() {
            self.say(format_args!("\x1b[0m"));
        }
    }
}

/// Returns the code of a colour; `base` is 30 for what stands on the ground, 40 for the ground.
fn color(color: Color, base: u8, sixteen: bool) -> String {
    let number = match color {
        Color::Reset => return (base + 9).to_string(),
        Color::Rgb(red, green, blue) => return format!("{};2;{red};{green};{blue}", base + 8),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Indexed(number) => number,
    };
    match number {
        0..8 if sixteen => (base + number).to_string(),
        8..16 if sixteen => (base + 60 + number - 8).to_string(),
        _ => format!("{};5;{number}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    const ERASES: Dialect = Dialect {
        erases: true,
        sixteen: false,
    };

    fn sent(before: &Buffer, after: &Buffer, dialect: Dialect) -> String {
        let cells: Vec<_> = before.diff_iter(after).collect();
        let mut bytes = Vec::new();
        encode(&cells, dialect, &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    /// What a text in a style costs on an empty line.
    fn styled(text: &str, style: Style, dialect: Dialect) -> String {
        let before = Buffer::empty(Rect::new(0, 0, 60, 1));
        let mut after = before.clone();
        after.set_string(0, 0, text, style);
        sent(&before, &after, dialect)
    }

    #[test]
    fn a_long_run_of_nothing_is_erased_and_a_short_one_written() {
        let before = Buffer::empty(Rect::new(0, 0, 60, 2));
        let mut after = before.clone();
        after.set_style(Rect::new(0, 0, 60, 1), Style::new().bg(Color::Blue));
        after.set_string(4, 0, "hello", Style::new());
        let text = sent(&before, &after, ERASES);
        assert_eq!(text, "\x1b[1H\x1b[48;5;4m    hello\x1b[51X\x1b[0m");
        let text = sent(&before, &after, Dialect::default());
        let spaces = " ".repeat(51);
        assert_eq!(text, format!("\x1b[1H\x1b[48;5;4m    hello{spaces}\x1b[0m"));
    }

    #[test]
    fn a_whole_picture_is_one_erasure_and_what_stands_on_it() {
        let whole = |after: &Buffer, dialect| {
            let before = Buffer::empty(after.area);
            let cells: Vec<_> = before.diff_iter(after).collect();
            let mut bytes = Vec::new();
            encode_whole(&cells, (30, 3), dialect, &mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        let mut after = Buffer::empty(Rect::new(0, 0, 30, 3));
        after.set_style(after.area, Style::new().bg(Color::Blue));
        after.set_style(Rect::new(0, 1, 30, 1), Style::new().bg(Color::Red));
        after.set_string(2, 2, "支x", Style::new());
        assert_eq!(
            whole(&after, ERASES),
            "\x1b[48;5;4m\x1b[2J\x1b[2H\x1b[48;5;1m\x1b[30X\x1b[3H\x1b[48;5;4m  支x\x1b[0m"
        );
        assert!(whole(&after, Dialect::default()).starts_with("\x1b[2J\x1b[1H\x1b[48;5;4m   "));
        // A cell without any ground is not told of.
        after[(29, 2)].reset();
        assert!(whole(&after, ERASES).starts_with("\x1b[2J\x1b[1H\x1b[48;5;4m\x1b[30X"));
        assert_eq!(whole(&Buffer::empty(after.area), ERASES), "\x1b[2J");
    }

    #[test]
    fn sixteen_colours_are_sent_as_old_terminals_know_them() {
        let sixteen = Dialect {
            erases: true,
            sixteen: true,
        };
        for (fg, bg, few, many) in [
            (Color::Red, Color::Reset, "31", "38;5;1"),
            (
                Color::LightRed,
                Color::LightBlue,
                "91;104",
                "38;5;9;48;5;12",
            ),
            (Color::White, Color::Black, "97;40", "38;5;15;48;5;0"),
            (Color::Indexed(3), Color::Reset, "33", "38;5;3"),
            (Color::Indexed(16), Color::Reset, "38;5;16", "38;5;16"),
            (
                Color::Rgb(1, 2, 3),
                Color::Reset,
                "38;2;1;2;3",
                "38;2;1;2;3",
            ),
        ] {
            let style = Style::new().fg(fg).bg(bg);
            for (dialect, codes) in [(sixteen, few), (ERASES, many)] {
                let expected = format!("\x1b[1H\x1b[{codes}mx\x1b[0m");
                assert_eq!(styled("x", style, dialect), expected);
            }
        }
    }

    #[test]
    fn what_is_seen_on_nothing_is_written() {
        for (modifier, code) in [(Modifier::REVERSED, 7), (Modifier::UNDERLINED, 4)] {
            let style = Style::new().add_modifier(modifier);
            let text = styled(&" ".repeat(60), style, ERASES);
            assert_eq!(
                text,
                format!("\x1b[1H\x1b[{code}m{}\x1b[0m", " ".repeat(60))
            );
        }
    }

    #[test]
    fn a_run_ends_with_its_line_and_its_ground() {
        let before = Buffer::empty(Rect::new(0, 0, 30, 2));
        let mut after = before.clone();
        after.set_style(Rect::new(0, 0, 30, 2), Style::new().bg(Color::Red));
        after.set_style(Rect::new(25, 1, 5, 1), Style::new().bg(Color::Blue));
        let text = sent(&before, &after, ERASES);
        assert_eq!(
            text,
            "\x1b[1H\x1b[48;5;1m\x1b[30X\x1b[2H\x1b[25X\x1b[25C\x1b[48;5;4m     \x1b[0m"
        );
    }

    #[test]
    fn only_what_differs_of_a_style_is_sent() {
        let before = Buffer::empty(Rect::new(0, 0, 12, 1));
        let mut after = before.clone();
        let ground = Style::new().bg(Color::Indexed(17));
        after.set_style(after.area, ground);
        let bold = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
        after.set_string(0, 0, "ab", bold);
        after.set_string(3, 0, "cd", Style::new().fg(Color::Indexed(99)));
        after.set_string(6, 0, "e", bold.add_modifier(Modifier::UNDERLINED));
        after.set_string(7, 0, "f", bold.remove_modifier(Modifier::BOLD));
        assert_eq!(
            sent(&before, &after, ERASES),
            "\x1b[1H\x1b[1;38;5;1;48;5;17mab \x1b[22;38;5;99mcd \x1b[1;4;38;5;1me\
             \x1b[22;24mf    \x1b[0m"
        );
    }

    #[test]
    fn of_two_modifiers_with_one_end_the_other_is_kept() {
        let before = Buffer::empty(Rect::new(0, 0, 4, 1));
        let mut after = before.clone();
        let both = Modifier::BOLD | Modifier::DIM;
        let style = Style::new().fg(Color::Indexed(200));
        after.set_string(0, 0, "a", style.add_modifier(both));
        after.set_string(1, 0, "b", style.add_modifier(Modifier::DIM));
        assert_eq!(
            sent(&before, &after, ERASES),
            "\x1b[1H\x1b[1;2;38;5;200ma\x1b[22;2mb\x1b[0m"
        );
    }

    #[test]
    fn short_moves_say_how_far_unless_the_column_may_be_another() {
        let before = Buffer::empty(Rect::new(0, 0, 60, 2));
        let mut after = before.clone();
        for (x, text) in [(2, "a"), (4, "b"), (20, "é"), (22, "支払🎉x"), (30, "c")] {
            after.set_string(x, 0, text, Style::new());
        }
        after.set_string(8, 1, "d", Style::new());
        assert_eq!(
            sent(&before, &after, ERASES),
            "\x1b[1;3Ha\x1b[Cb\x1b[15Cé\x1b[1;23H支払🎉\x1b[1;29Hx\x1b[Cc\x1b[2;9Hd"
        );
    }
}

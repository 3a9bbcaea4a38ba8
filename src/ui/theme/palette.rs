//! Colours as numbers: hexadecimal text, the cube of 256, contrast.
//!
//! Pure arithmetic; roles and styles are in `theme`.

use ratatui::style::Color;

/// Returns the colour of `#rrggbb`.
pub(super) fn parse_hex(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('#')?;
    let plain = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Returns red, green and blue.
pub(super) fn channels(rgb: u32) -> [u8; 3] {
    let [_, red, green, blue] = rgb.to_be_bytes();
    [red, green, blue]
}

/// The six levels of each channel in the cube.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Returns the nearest of the 240 fixed colours of a 256-colour terminal.
pub(super) fn to_256(rgb: u32) -> Color {
    let wanted = channels(rgb);
    let mut at = [0_u8; 3];
    let mut cube = [0_u8; 3];
    for ((level, index), channel) in cube.iter_mut().zip(&mut at).zip(wanted) {
        let nearest = (0_u8..)
            .zip(LEVELS)
            .min_by_key(|(_, step)| step.abs_diff(channel));
        (*index, *level) = nearest.unwrap_or_default();
    }
    let [red, green, blue] = at;
    let in_cube = 16 + 36 * red + 6 * green + blue;
    let sum: u16 = wanted.iter().map(|channel| u16::from(*channel)).sum();
    let step = u8::try_from(((sum / 3).saturating_sub(3) / 10).min(23)).unwrap_or(23);
    let gray = 8 + 10 * step;
    if distance([gray; 3], wanted) < distance(cube, wanted) {
        Color::Indexed(232 + step)
    } else {
        Color::Indexed(in_cube)
    }
}

/// Returns how far two colours are apart, squared.
pub(super) fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| u32::from(a.abs_diff(b)).pow(2))
        .sum()
}

/// Returns a colour of a 256-colour terminal; of the first sixteen, which are the user's, nothing.
pub(super) fn of_256(at: u8) -> u32 {
    let level = |step: u8| LEVELS.get(usize::from(step)).copied().unwrap_or_default();
    match at {
        0..16 => 0,
        16..232 => {
            let at = at - 16;
            u32::from_be_bytes([0, level(at / 36), level(at / 6 % 6), level(at % 6)])
        }
        232..=255 => {
            let gray = 8 + 10 * (at - 232);
            u32::from_be_bytes([0, gray, gray, gray])
        }
    }
}

/// Returns the contrast of two colours as WCAG counts it, 1 to 21.
pub(super) fn contrast(a: u32, b: u32) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(rgb: u32) -> f64 {
    let linear = |channel: u8| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    let [red, green, blue] = channels(rgb);
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

//! `[ui]` and `[keys]`: checked and put into settings.
//!
//! Which themes, commands and presets of keys there are is known further right only.

use toml::Spanned;
use toml::de::DeValue;

use crate::config::check::{Checker, Table, read};
use crate::config::file::KeyValue;
use crate::config::{Links, Motion, Settings, Trust, file};

/// The words for what is a link.
pub(super) const LINKS: [&str; 2] = ["auto", "never"];

/// The words for what moves.
pub(super) const MOTIONS: [&str; 2] = ["full", "reduced"];

/// Puts `[ui]` into the settings.
pub(super) fn apply_ui(checker: &mut Checker<'_>, table: Table<file::Ui>, settings: &mut Settings) {
    let ui = table.value;
    let themes = [
        ("theme", ui.theme, &mut settings.ui.theme),
        ("theme_dark", ui.theme_dark, &mut settings.ui.theme_dark),
        ("theme_light", ui.theme_light, &mut settings.ui.theme_light),
    ];
    for (key, told, setting) in themes {
        let Some(told) = told else { continue };
        let name = told.get_ref();
        if is_theme(name) {
            setting.clone_from(name);
        } else {
            let message = format!("`{key}`: `{name}` is not the name of a theme");
            let hint = "letters, digits, `-` and `_`; no path";
            checker.error(told.span(), &message, Some(hint));
        }
    }
    if let Some(ascii) = ui.ascii {
        settings.ui.ascii = ascii.0;
    }
    if let Some(text) = ui.links {
        let links = one_of_two(checker, "links", &text, LINKS, [Links::Auto, Links::Never]);
        settings.ui.links = links.unwrap_or(settings.ui.links);
    }
    if let Some(text) = ui.motion {
        let motions = [Motion::Full, Motion::Reduced];
        let motion = one_of_two(checker, "motion", &text, MOTIONS, motions);
        settings.ui.motion = motion.unwrap_or(settings.ui.motion);
    }
    settings.ui.mouse = ui.mouse.unwrap_or(settings.ui.mouse);
    settings.ui.slow = ui.slow.unwrap_or(settings.ui.slow);
    settings.ui.remember = ui.remember.unwrap_or(settings.ui.remember);
}

/// Returns which of two a word means; tells if it is neither.
fn one_of_two<T>(
    checker: &mut Checker<'_>,
    key: &str,
    text: &file::Text,
    words: [&str; 2],
    values: [T; 2],
) -> Option<T> {
    let given = text.get_ref();
    let mut both = words.into_iter().zip(values);
    let found = both.find(|(word, _)| word == given);
    if found.is_none() {
        let [one, other] = words;
        let message = format!("`{key}`: `{given}` is neither `{one}` nor `{other}`");
        checker.error(text.span(), &message, None);
    }
    found.map(|(_, value)| value)
}

fn is_theme(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= 64 && name.chars().all(fits)
}

/// Puts `[keys]` into the settings; which commands there are is not known here.
pub(super) fn apply_keys<'a>(
    checker: &mut Checker<'a>,
    value: Spanned<DeValue<'a>>,
    settings: &mut Settings,
) {
    if checker.trust != Trust::User {
        return;
    }
    let span = value.span();
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        // Read as what it should be, so that it is told what it is.
        let told = read::<file::Keys>(value).err();
        let message = told.map_or_else(String::new, |error| error.message().to_owned());
        checker.type_error(span, Some("keys"), &message);
        return;
    }
    let DeValue::Table(table) = value.into_inner() else {
        return;
    };
    // One by one: a mistake in one of them hides none of the others.
    for (name, value) in table {
        let (name, at) = (name.into_inner().into_owned(), value.span());
        let number = if let DeValue::Integer(number) = value.get_ref() {
            Some(number.to_string())
        } else {
            None
        };
        let told = match read::<KeyValue>(value) {
            Ok(told) => told,
            Err(error) => {
                let expected = match name.as_str() {
                    "kitty" => "expected `true` or `false`",
                    "preset" => "expected the name of one preset",
                    _ => "",
                };
                let message = if expected.is_empty() {
                    error.message().replace("invalid type: ", "")
                } else {
                    expected.to_owned()
                };
                let message = message.replace("a string", "text");
                let digit = number.filter(|_| expected.is_empty());
                let hint = digit.map(|digit| format!("a key is a text: `\"{digit}\"`"));
                let message = format!("`{name}` in `[keys]`: {message}");
                checker.error(at, &message, hint.as_deref());
                continue;
            }
        };
        let wrong = match (name.as_str(), told) {
            ("kitty", KeyValue::Switch(on)) => {
                settings.keys.kitty = on;
                continue;
            }
            ("kitty", KeyValue::Keys(_)) => "expected `true` or `false`",
            ("preset", KeyValue::Keys(words)) => match <[String; 1]>::try_from(words) {
                Ok([preset]) => {
                    settings.keys.preset = preset;
                    continue;
                }
                Err(_) => "expected the name of one preset",
            },
            ("preset", KeyValue::Switch(_)) => "expected the name of one preset",
            (_, KeyValue::Keys(keys)) => {
                settings.keys.own.insert(name, keys);
                continue;
            }
            (_, KeyValue::Switch(_)) => "expected a key, or a list of keys",
        };
        checker.error(at, &format!("`{name}` in `[keys]`: {wrong}"), None);
    }
}

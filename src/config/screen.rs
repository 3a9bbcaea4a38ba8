//! `[ui]` and `[keys]`: checked and put into settings.
//!
//! Which themes, commands and presets of keys there are is known further right only.

use toml::Spanned;
use toml::de::DeValue;

use crate::config::check::{Checker, Table, read};
use crate::config::file::KeyValue;
use crate::config::{Links, Motion, Settings, Trust, file};

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
    if let Some(links) = ui.links {
        match links.get_ref().as_str() {
            "auto" => settings.ui.links = Links::Auto,
            "never" => settings.ui.links = Links::Never,
            other => {
                let message = format!("`links`: `{other}` is neither `auto` nor `never`");
                checker.error(links.span(), &message, None);
            }
        }
    }
    if let Some(motion) = ui.motion {
        match motion.get_ref().as_str() {
            "full" => settings.ui.motion = Motion::Full,
            "reduced" => settings.ui.motion = Motion::Reduced,
            other => {
                let message = format!("`motion`: `{other}` is neither `full` nor `reduced`");
                checker.error(motion.span(), &message, None);
            }
        }
    }
    settings.ui.mouse = ui.mouse.unwrap_or(settings.ui.mouse);
    settings.ui.slow = ui.slow.unwrap_or(settings.ui.slow);
    settings.ui.remember = ui.remember.unwrap_or(settings.ui.remember);
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

//! Files of configuration to settings: read, put together, refused with all that is wrong.
//!
//! Where the files are is `config_file`'s, what they mean `config`'s.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::app::config_file::{self, Place, Text};
use crate::app::exit::Failure;
use crate::config::{ConfigError, Layer, Settings, SourceKind, Trust};
use crate::sources::REGISTRY;

/// Returns what `kind` of a source may name.
pub fn kinds() -> Vec<&'static SourceKind> {
    REGISTRY.iter().map(|kind| &kind.config).collect()
}

/// Reads the user's file and that of the current directory.
pub fn read_all(place: &Place, here: Option<&Path>) -> Result<Vec<Text>, Failure> {
    let mut texts: Vec<Text> = config_file::read_user(place)?.into_iter().collect();
    if let Some(here) = here {
        texts.extend(config_file::read_directory(here)?);
    }
    Ok(texts)
}

/// Returns what of the texts is right, and all that is wrong with them.
pub fn read(texts: &[Text]) -> (Settings, Vec<ConfigError>) {
    let layers: Vec<Layer<'_>> = texts
        .iter()
        .map(|text| Layer {
            file: &text.name,
            text: &text.text,
            trust: text.trust,
        })
        .collect();
    let (mut settings, wrong) = Settings::read(&layers, &kinds());
    let mut users = texts.iter().filter(|text| text.trust == Trust::User);
    if let Some(folder) = users.next().and_then(|text| folder_of(&text.name)) {
        settle(&mut settings, &folder);
    }
    (settings, wrong)
}

/// Returns the folder of a file of configuration, from the root on.
pub fn folder_of(file: &str) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    file.parent().map(Path::to_owned)
}

/// Lets the paths of the user's file begin at its folder, wherever the program was started: those
/// of certificates, of the store, and of programs that are named by a path.
fn settle(settings: &mut Settings, folder: &Path) {
    let is_ours = |path: &Path| path.is_relative() && !path.starts_with("~");
    let program = |words: &mut Vec<String>| {
        let is_path = |word: &&mut String| word.contains('/') && is_ours(Path::new(word.as_str()));
        if let Some(word) = words.first_mut().filter(is_path) {
            *word = folder.join(word.as_str()).to_string_lossy().into_owned();
        }
    };
    for source in &mut settings.sources {
        if let Some(path) = source.ca_file.as_mut().filter(|path| is_ours(path)) {
            *path = folder.join(&*path);
        }
        source.token_command.iter_mut().for_each(program);
    }
    settings.notify.command.iter_mut().for_each(program);
    if let Some(url) = &mut settings.store.url {
        let file = file_of_store(url);
        if is_ours(&file) {
            *url = format!("sqlite://{}", folder.join(file).display());
        }
    }
}

/// Returns the file that `url` of the store names; that its scheme is `sqlite` was checked.
pub fn file_of_store(url: &str) -> PathBuf {
    let path = url.split_once(':').map_or(url, |(_scheme, path)| path);
    PathBuf::from(path.strip_prefix("//").unwrap_or(path))
}

/// Tells the first mistakes, each with its own hint below it, and how many more there are.
pub fn refused(errors: &[ConfigError]) -> Failure {
    const TOLD: usize = 10;
    let more = errors.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| format!("and {more} more"));
    let told = errors.get(..TOLD).unwrap_or(errors);
    refused_for(told, more)
}

/// Tells mistakes, each with its own hint below it, and what is said of more; the last hint is the
/// failure's.
pub fn refused_for(errors: &[ConfigError], more: Option<String>) -> Failure {
    let mut text = String::new();
    let mut hint = None;
    for (at, error) in errors.iter().enumerate() {
        if let Some(hint) = hint.take() {
            let _ = write!(text, "\nhint: {hint}");
        }
        let _ = write!(text, "{}{error}", if at == 0 { "" } else { "\nerror: " });
        hint.clone_from(&error.hint);
    }
    if let Some(more) = more {
        // Writing to a string cannot fail.
        if let Some(hint) = hint.take() {
            let _ = write!(text, "\nhint: {hint}");
        }
        let _ = write!(text, "\nerror: {more}");
    }
    Failure::usage(text).maybe_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::app::config_file::Text;
    use crate::config::Trust;

    #[test]
    fn paths_begin_at_the_folder_of_the_configuration() {
        let text = "[[source]]\nkind = \"github\"\nrepos = [\"a/b\"]\nca_file = \"c.pem\"\n\
                    token_command = [\"bin/token\", \"x/y\"]\n\
                    [[source]]\nname = \"b\"\nkind = \"github\"\nrepos = [\"a/c\"]\n\
                    ca_file = \"/etc/c.pem\"\ntoken_command = [\"pass\", \"x\"]\n\
                    [store]\nurl = \"sqlite:board.db\"\n";
        let text = Text {
            name: "/home/u/conf/config.toml".to_owned(),
            text: text.to_owned(),
            trust: Trust::User,
        };
        let (settings, wrong) = read(&[text]);
        assert_eq!(wrong, []);
        let [one, two] = settings.sources.as_slice() else {
            panic!("{:?}", settings.sources);
        };
        let path = |path: &str| Some(std::path::PathBuf::from(path));
        assert_eq!(one.ca_file, path("/home/u/conf/c.pem"));
        assert_eq!(two.ca_file, path("/etc/c.pem"));
        let words = |words: [&str; 2]| Some(words.map(str::to_owned).to_vec());
        assert_eq!(one.token_command, words(["/home/u/conf/bin/token", "x/y"]));
        assert_eq!(two.token_command, words(["pass", "x"]));
        let store = settings.store.url.unwrap();
        assert_eq!(
            super::file_of_store(&store),
            std::path::Path::new("/home/u/conf/board.db")
        );
    }
}

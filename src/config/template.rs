//! Words of a user's command with places for what a card says.
//!
//! Parsed once, filled for a card. Each word stays one argument whatever is put into it, and a
//! value never becomes an option. What a card says is the screen's matter; nothing is run here.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::text::nearest;

/// What may be put into a word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Field {
    /// The path of the repository: `acme/api`.
    Repo,
    /// Its owner, with groups where it is in some: `acme`.
    Owner,
    /// Its name alone: `api`.
    Name,
    /// The host of the repository.
    Host,
    /// The number in what people call the card.
    Number,
    /// The number of its newest change request.
    Pr,
    /// The page of that.
    PrUrl,
    /// The commit, with all its digits.
    Sha,
    /// Its first seven digits.
    ShortSha,
    /// The branch.
    Branch,
    /// The page of the card.
    Url,
    /// A clean copy of the log that is open.
    LogPath,
    /// What people call the card.
    Key,
    /// Its title.
    Title,
}

impl Field {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::Repo,
        Self::Owner,
        Self::Name,
        Self::Host,
        Self::Number,
        Self::Pr,
        Self::PrUrl,
        Self::Sha,
        Self::ShortSha,
        Self::Branch,
        Self::Url,
        Self::LogPath,
        Self::Key,
        Self::Title,
    ];

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repo => "repo",
            Self::Owner => "owner",
            Self::Name => "name",
            Self::Host => "host",
            Self::Number => "number",
            Self::Pr => "pr",
            Self::PrUrl => "pr_url",
            Self::Sha => "sha",
            Self::ShortSha => "short_sha",
            Self::Branch => "branch",
            Self::Url => "url",
            Self::LogPath => "log_path",
            Self::Key => "key",
            Self::Title => "title",
        }
    }

    /// Returns why a card may be without it, in words.
    fn lack(self) -> &'static str {
        match self {
            Self::Repo | Self::Owner | Self::Name | Self::Host => "it has no repository",
            Self::Number => "it has no number",
            Self::Pr | Self::PrUrl => "no change request of it is known",
            Self::Sha | Self::ShortSha => "no commit of it is known",
            Self::Branch => "no branch of it is known",
            Self::Url => "it has no page",
            Self::LogPath => "no log is open",
            Self::Key | Self::Title => "no card is selected",
        }
    }
}

/// What a card says, as far as it says it.
pub type Values = BTreeMap<Field, String>;

/// A word with places for what a card says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Field(Field),
}

/// Why a word is no template.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is nothing of that name.
    #[error("`{{{0}}}` stands for nothing")]
    Unknown(String),
    /// A brace has no other.
    #[error("a `{{` or `}}` stands alone")]
    Alone,
}

impl TemplateError {
    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        let known = || Field::ALL.iter().map(|field| field.as_str());
        match self {
            Self::Unknown(name) => nearest(name, known()).map_or_else(
                || format!("there are {}", known().collect::<Vec<_>>().join(", ")),
                |name| format!("did you mean `{{{name}}}`?"),
            ),
            Self::Alone => "a brace that is meant as it is, is written twice".to_owned(),
        }
    }
}

/// Why a word cannot be filled for a card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// The card does not say it.
    Missing(Field),
    /// The program would take it for an option.
    Option(Field, String),
    /// It holds characters that no argument should.
    Odd(Field),
    /// As a part of a directory it would lead out of it.
    Outside(Field),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(field) => f.write_str(field.lack()),
            Self::Option(field, value) => {
                let name = field.as_str();
                write!(f, "`{value}` of `{{{name}}}` would be taken for an option")
            }
            Self::Odd(field) => {
                let name = field.as_str();
                write!(f, "`{{{name}}}` holds characters that are not passed on")
            }
            Self::Outside(field) => {
                let name = field.as_str();
                write!(f, "`{{{name}}}` would lead out of the directory")
            }
        }
    }
}

impl Template {
    /// Reads a word; `{{` and `}}` stand for braces.
    ///
    /// # Errors
    ///
    /// Where a name in braces means nothing, or a brace stands alone.
    pub fn parse(word: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = word.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.next_if_eq(&c).is_some() => text.push(c),
                '}' => return Err(TemplateError::Alone),
                '{' => {
                    let mut name = String::new();
                    loop {
                        match rest.next() {
                            Some('}') => break,
                            Some('{') | None => return Err(TemplateError::Alone),
                            Some(c) => name.push(c),
                        }
                    }
                    let mut fields = Field::ALL.into_iter();
                    let Some(field) = fields.find(|field| field.as_str() == name) else {
                        return Err(TemplateError::Unknown(name));
                    };
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    pieces.push(Piece::Field(field));
                }
                c => text.push(c),
            }
        }
        if !text.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self(pieces))
    }

    /// Returns what it has places for.
    pub fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Field(field) => Some(*field),
            Piece::Text(_) => None,
        })
    }

    /// Returns the word where nothing of a card is in it.
    pub fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Puts in what a card says: one argument, which is never an option unless it begins like one
    /// in the configuration.
    ///
    /// # Errors
    ///
    /// Why it cannot be: a value is missing, or would be more than a value.
    pub fn fill(&self, values: &Values) -> Result<String, Unfit> {
        let mut word = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => word.push_str(text),
                Piece::Field(field) => {
                    let value = value_of(*field, values)?;
                    // Words go to programs one by one, so that only the first character of one
                    // could make it an option.
                    if word.is_empty() && value.starts_with('-') {
                        return Err(Unfit::Option(*field, value.to_owned()));
                    }
                    word.push_str(value);
                }
            }
        }
        Ok(word)
    }

    /// Puts in what a card says, as parts of a path: none of them leads out of it.
    ///
    /// # Errors
    ///
    /// As [`fill`](Self::fill), and where a value is no part of a path.
    pub fn fill_path(&self, values: &Values) -> Result<String, Unfit> {
        for field in self.fields() {
            let value = value_of(field, values)?;
            let is_part = |part: &str| !matches!(part, "" | "." | "..");
            if !value.split('/').all(is_part) {
                return Err(Unfit::Outside(field));
            }
        }
        self.fill(values)
    }
}

fn value_of(field: Field, values: &Values) -> Result<&str, Unfit> {
    let value = values.get(&field).map(String::as_str);
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or(Unfit::Missing(field))?;
    if value.chars().any(char::is_control) {
        return Err(Unfit::Odd(field));
    }
    Ok(value)
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Field(field) => write!(f, "{{{}}}", field.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(pairs: &[(Field, &str)]) -> Values {
        pairs
            .iter()
            .map(|(field, value)| (*field, (*value).to_owned()))
            .collect()
    }

    #[track_caller]
    fn check(template: &str, value: &str, expected: Result<&str, Unfit>) {
        let values = values(&[(Field::Branch, value)]);
        let filled = Template::parse(template).unwrap().fill(&values);
        assert_eq!(filled, expected.map(str::to_owned), "{template} {value}");
    }

    #[test]
    fn a_value_is_a_part_of_one_word_and_never_more() {
        check("{branch}", "main", Ok("main"));
        check("{branch}", "a b; rm -rf ~", Ok("a b; rm -rf ~"));
        check("{branch}", "$(id) `id` \"'", Ok("$(id) `id` \"'"));
        check("refs/heads/{branch}", "-x", Ok("refs/heads/-x"));
        check("--branch={branch}", "--force", Ok("--branch=--force"));
        check("{branch}..{branch}", "x", Ok("x..x"));
        check("{{{branch}}}", "x", Ok("{x}"));
        check("no places", "x", Ok("no places"));
        check("", "x", Ok(""));
    }

    #[test]
    fn a_value_that_would_be_an_option_or_nothing_is_refused() {
        let option = |text: &str| Err(Unfit::Option(Field::Branch, text.to_owned()));
        check("{branch}", "--upload-pack=x", option("--upload-pack=x"));
        check("{branch}", "-", option("-"));
        check("{branch}{branch}", "-x", option("-x"));
        check("{branch}", "", Err(Unfit::Missing(Field::Branch)));
        check("x{sha}", "main", Err(Unfit::Missing(Field::Sha)));
        check("x{branch}", "a\nb", Err(Unfit::Odd(Field::Branch)));
        check("x{branch}", "a\0b", Err(Unfit::Odd(Field::Branch)));
        check("x{branch}", "\u{1b}[2J", Err(Unfit::Odd(Field::Branch)));
    }

    #[test]
    fn a_path_leads_to_no_other_place() {
        let path = Template::parse("/srv/{name}/x").unwrap();
        for (name, fits) in [
            ("api", true),
            ("acme/api", true),
            ("..", false),
            ("a/../..", false),
            ("/etc", false),
            ("a//b", false),
        ] {
            let filled = path.fill_path(&values(&[(Field::Name, name)]));
            assert_eq!(filled.is_ok(), fits, "{name}");
        }
    }

    #[test]
    fn what_is_no_template_is_told_with_the_nearest_name() {
        for (word, hint) in [
            ("{brnach}", "did you mean `{branch}`?"),
            ("{zzzzzzzz}", "there are repo, owner"),
            ("{branch", "twice"),
            ("branch}", "twice"),
            ("{a{b}", "twice"),
        ] {
            let error = Template::parse(word).unwrap_err();
            assert!(error.hint().contains(hint), "{word}: {}", error.hint());
        }
    }

    proptest! {
        #[test]
        fn no_value_begins_a_word_as_an_option(value in ".{0,20}", word in "[a-z{}-]{0,8}") {
            let values = values(&[(Field::Title, &value)]);
            if let Ok(template) = Template::parse(&format!("{{title}}{word}"))
                && let Ok(filled) = template.fill(&values)
            {
                prop_assert!(!filled.starts_with('-'));
                prop_assert!(filled.starts_with(&value));
            }
        }

        #[test]
        fn reading_what_is_shown_gives_the_same(word in "[a-z{}]{0,12}") {
            if let Ok(template) = Template::parse(&word)
                && !word.contains("{{") && !word.contains("}}")
            {
                prop_assert_eq!(Template::parse(&template.to_string()), Ok(template));
            }
        }
    }
}

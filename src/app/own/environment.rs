//! Which variables a command of the user does not get: those that hold a token.

use std::ffi::OsString;
use std::sync::Arc;

use crate::app::redact;
use crate::config::SourceConfig;
use crate::sources::usual;

/// The names of variables that hold a token.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Arc<[String]>);

impl Secrets {
    /// Returns those that the sources name, those that are usual, and every other variable in which
    /// a token in use was found.
    pub fn of(
        sources: &[SourceConfig],
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Self {
        let own = sources
            .iter()
            .filter_map(|source| source.token_env.as_deref());
        let usual = usual::variables().into_iter();
        let known = usual.chain(usual::NEVER.iter().copied()).chain(own);
        let mut names: Vec<String> = known.map(str::to_owned).collect();
        let holding = variables.filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            (redact::known(&value) != value).then_some(name)
        });
        names.extend(holding);
        names.sort_unstable();
        names.dedup();
        Self(names.into())
    }

    /// Returns their names, but for those that a command may have.
    pub(super) fn names<'a>(&'a self, kept: &'a [String]) -> impl Iterator<Item = &'a str> {
        let names = self.0.iter().filter(|name| !kept.contains(name));
        names.map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn names_that_are_usual_and_values_that_are_known_are_found() {
        redact::know(&SecretString::from("staple-of-a-battery-horse"));
        let mut source =
            SourceConfig::new("ci", "jenkins", "https://ci.example.org".parse().unwrap());
        source.token_env = Some("MY_CI".to_owned());
        let all = [
            ("PATH", "/usr/bin"),
            ("COPY", "Bearer staple-of-a-battery-horse"),
        ];
        let all = all
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        let secrets = Secrets::of(&[source], all);
        let none: &[String] = &[];
        let names: Vec<&str> = secrets.names(none).collect();
        for name in [
            "MY_CI",
            "COPY",
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "GITLAB_TOKEN",
            "CI_JOB_TOKEN",
        ] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(!names.contains(&"PATH"));
        let kept = ["GH_TOKEN".to_owned()];
        assert!(!secrets.names(&kept).any(|name| name == "GH_TOKEN"));
    }
}

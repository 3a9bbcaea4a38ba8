//! Configurations, good and bad, with the exact words that answer them.

use super::*;

const KINDS: &[&str] = &["github", "buildbot"];

fn parse(text: &str) -> Result<Settings, Vec<ConfigError>> {
    Settings::parse(text, "c.toml", Trust::User, KINDS)
}

#[test]
fn an_empty_file_is_the_default() {
    let settings = parse("").unwrap();
    assert_eq!(
        format!("{settings:?}"),
        format!("{:?}", Settings::default())
    );
}

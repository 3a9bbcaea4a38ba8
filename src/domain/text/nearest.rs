//! The name that was probably meant.
//!
//! Used wherever a word is refused: filters, configuration, themes, commands.

/// Returns the known name that is nearest to `word`, if one is near enough to be meant.
///
/// Near is: at most a third of the letters differ, or `word` begins the name.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(64).collect::<String>().to_lowercase();
    let length = word.chars().count();
    known
        .into_iter()
        .filter_map(|name| {
            let distance = strsim::damerau_levenshtein(&word, &name.to_lowercase());
            let allowed = (length.max(name.len()) / 3).max(1);
            let begins = length >= 2 && name.starts_with(&word);
            (distance <= allowed || begins).then_some((distance, name))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        let known = ["author", "assignee", "status", "stage", "repo", "is"];
        assert_eq!(nearest(word, known), expected, "{word}");
    }

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_none() {
        check("autor", Some("author"));
        check("Athuor", Some("author"));
        check("staus", Some("status"));
        check("assign", Some("assignee"));
        check("rpeo", Some("repo"));
        check("colour", None);
        check("", None);
        check(&"x".repeat(100_000), None);
    }
}

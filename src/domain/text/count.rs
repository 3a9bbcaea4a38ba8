//! How many there are of something, in words.

use std::fmt::Display;

/// Returns how many there are of what a noun names: `1 record`, `2 records`, `3 repositories`.
pub fn counted<N: Copy + PartialEq + From<u8> + Display>(count: N, noun: &str) -> String {
    if count == N::from(1) {
        return format!("1 {noun}");
    }
    let is_vowel = |c: char| "aeiou".contains(c);
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(is_vowel) => format!("{count} {stem}ies"),
        Some(_) | None => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_told_as_one() {
        assert_eq!(counted(0_usize, "record"), "0 records");
        assert_eq!(counted(1_u64, "record"), "1 record");
        assert_eq!(counted(2_u32, "day"), "2 days");
        assert_eq!(counted(3_i64, "repository"), "3 repositories");
    }
}

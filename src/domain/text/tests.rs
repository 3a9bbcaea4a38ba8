//! What clean text is, by example and by law.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::*;

#[track_caller]
fn check(raw: &str, expected: &str) {
    assert_eq!(Clean::line(raw).as_str(), expected, "{raw:?}");
}

#[track_caller]
fn check_block(raw: &str, expected: &str) {
    assert_eq!(Clean::block(raw).as_str(), expected, "{raw:?}");
}

#[test]
fn plain_text_stays_as_it_is() {
    check("", "");
    check("fix(api): retry on 502", "fix(api): retry on 502");
    check("Größe ändern", "Größe ändern");
    check("修复登录 수정 исправить", "修复登录 수정 исправить");
    check("שלום עולם", "שלום עולם");
    check("ทดสอบ", "ทดสอบ");
    check("🚀 ship it 🇩🇪", "🚀 ship it 🇩🇪");
}

#[test]
fn escape_sequences_go_with_all_they_carry() {
    check("a\u{1b}[31mb\u{1b}[0m", "ab");
    check("a\u{1b}]52;c;cm0gLXJm\u{7}b", "ab");
    check(
        "a\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\",
        "alink",
    );
    check("a\u{9b}2Jb\u{9d}0;t\u{9c}c", "abc");
    check("a\u{1b}P1$qm\u{1b}\\b", "ab");
    check("a\u{1b}cb\u{1b}7c", "abc");
    check("a\u{1b}\u{1b}\u{1b}[Kb", "ab");
    check("a\u{1b}]0;never ends", "a");
    check("a\u{1b}]0;cut\nb", "a b");
}

#[test]
fn control_characters_do_not_get_through() {
    check("a\tb", "a b");
    check("a\r\nb\n\nc", "a b c");
    check("a\u{7}b\u{8}c\u{0}d\u{7f}e\u{80}f", "abcdef");
    check("a\u{85}b\u{b}c\u{c}d", "a b c d");
}

#[test]
fn text_that_changes_its_own_order_is_made_readable() {
    check("exe\u{202e}gpj", "exe⟨U+202E⟩gpj");
    check("\u{2066}a\u{2069}", "⟨U+2066⟩a⟨U+2069⟩");
    check("a\u{200e}\u{200f}\u{61c}b", "a⟨U+200E⟩⟨U+200F⟩⟨U+061C⟩b");
    check("a\u{2028}b\u{2029}c", "a⟨U+2028⟩b⟨U+2029⟩c");
}

#[test]
fn invisible_characters_are_dropped() {
    check("a\u{ad}b\u{200b}c\u{feff}d\u{2060}e", "abcde");
    check("a\u{e0041}\u{e007f}b", "ab");
    check("a\u{3164}\u{115f}\u{ffa0}b", "ab");
    check("pay\u{200d}pal", "paypal");
}

#[test]
fn joiners_stay_where_a_script_needs_them() {
    check("می\u{200c}خواهم", "می\u{200c}خواهم");
    check("क्\u{200d}ष", "क्\u{200d}ष");
    check("می\u{200c}", "می");
    check("\u{200c}می", "می");
}

#[test]
fn emoji_are_as_wide_on_every_terminal() {
    check("👩\u{200d}💻 pairs", "👩 pairs");
    check("👨\u{200d}👩\u{200d}👧\u{200d}👦!", "👨!");
    check("🏳\u{fe0f}\u{200d}🌈", "🏳");
    check("👍🏽 ok", "👍 ok");
    check("❤\u{fe0f} ✔\u{fe0e}", "❤ ✔");
    check("1\u{fe0f}\u{20e3}", "1");
    check("🚀\u{200d}x", "🚀x");
    check("ｶﾞ", "ｶ゛");
}

#[test]
fn marks_do_not_pile_up() {
    let zalgo = format!("z{}a", "\u{30d}".repeat(1_000_000));
    let text = Clean::line(&zalgo);
    assert_eq!(text.chars().count(), 10);
    assert!(text.ends_with('a'));
    check("\u{301}a", "a");
    check("a \u{301}b", "a \u{301}b");
}

#[test]
fn long_lines_end_with_an_ellipsis() {
    let text = Clean::line(&"x".repeat(Clean::MAX_LINE));
    assert_eq!(text.len(), Clean::MAX_LINE);
    let text = Clean::line(&"x".repeat(Clean::MAX_LINE + 1));
    assert_eq!(text.chars().count(), Clean::MAX_LINE);
    assert!(text.ends_with("x…"));
    let text = Clean::line(&"e\u{301}".repeat(300));
    assert!(text.ends_with("e\u{301}…"));
    assert!(text.chars().count() <= Clean::MAX_LINE);
}

#[test]
fn bytes_that_are_no_text_become_replacement_characters() {
    assert_eq!(
        Clean::from_bytes(b"a\xffb\x9b2J").as_str(),
        "a\u{fffd}b\u{fffd}2J"
    );
}

#[test]
fn blocks_keep_their_lines() {
    check_block("a\nb\n", "a\nb\n");
    check_block("a\r\nb\rc", "a\nb\nc");
    check_block("a\tb\n\tc", "a       b\n        c");
    check_block("a\u{1b}[31mb\u{1b}[0m\u{7}", "ab^G");
    check_block("a\u{80}b", "a⟨U+0080⟩b");
    check_block("👩\u{200d}\n💻", "👩\n💻");
    let long = Clean::block(&format!("{}\nend", "x".repeat(10_000)));
    assert_eq!(long.chars().position(|c| c == '…'), Some(4_095));
    assert!(long.ends_with("…\nend"));
    let huge = Clean::block(&"line\n".repeat(1_000_000));
    assert!(huge.chars().count() <= 65_536);
}

#[test]
fn what_is_read_back_is_cleaned_again() {
    let text: Clean = serde_json::from_str(r#""a\u001b[31mb\u202e""#).unwrap();
    assert_eq!(text.as_str(), "ab⟨U+202E⟩");
    let text: Clean = serde_json::from_slice(br#""plain""#).unwrap();
    assert_eq!(serde_json::to_string(&text).unwrap(), r#""plain""#);
    let block: Block = serde_json::from_str(r#""a\nb""#).unwrap();
    assert_eq!(block.as_str(), "a\nb");
    assert!(serde_json::from_str::<Clean>("12").is_err());
}

/// Pieces that meet in hostile text, more often than by chance.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{1,4}",
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "\u{1b}",
            "\u{1b}[",
            "31m",
            "\u{1b}]52;c;",
            "\u{7}",
            "\u{1b}\\",
            "\u{9b}",
            "\u{9d}",
            "\u{9c}",
            "\n",
            "\r",
            "\t",
            "\u{200d}",
            "\u{200c}",
            "\u{202e}",
            "\u{301}",
            "\u{fe0f}",
            "\u{1f3fd}",
            "\u{20e3}",
            "👩",
            "💻",
            "🇩",
            "🇪",
            "क",
            "्",
            "ष",
            "می",
            "ᄀ",
            "ᅡ",
            "ᆨ",
            "\u{d4e}",
            "\u{111c2}",
            "\u{600}",
            "ﾞ",
            "漢",
            "a",
            " ",
            "\u{e0041}",
            "\u{ad}",
        ])
        .prop_map(String::from),
        (
            prop::sample::select(vec!["\u{301}", "ᄀ", "क्", "\u{d4e}", "x", "\u{fffd}"]),
            1_usize..600
        )
            .prop_map(|(piece, times)| piece.repeat(times)),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn is_allowed(c: char) -> bool {
    use super::class::{Kind, kind};
    matches!(kind(c), Kind::Text | Kind::Emoji | Kind::Joiner)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_clean_line_holds_nothing_but_shown_characters(raw in hostile()) {
        let text = Clean::line(&raw);
        prop_assert!(text.chars().all(is_allowed), "{:?}", text);
        prop_assert!(text.chars().count() <= Clean::MAX_LINE);
        for grapheme in text.graphemes(true) {
            prop_assert!(grapheme.len() <= 32, "{:?}", grapheme);
            prop_assert!(grapheme.width() >= 1, "{:?}", grapheme);
        }
        prop_assert!(width(&text) <= text.len());
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(raw in hostile()) {
        let once = Clean::line(&raw);
        prop_assert_eq!(&Clean::line(&once), &once);
        let once = Clean::block(&raw);
        prop_assert_eq!(&Clean::block(&once), &once);
    }

    #[test]
    fn a_clean_block_holds_lines_of_shown_characters(raw in hostile()) {
        let text = Clean::block(&raw);
        prop_assert!(text.chars().all(|c| c == '\n' || is_allowed(c)), "{:?}", text);
    }

    #[test]
    fn bytes_of_any_kind_become_clean(raw in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = Clean::from_bytes(&raw);
        prop_assert!(text.chars().all(is_allowed), "{:?}", text);
    }

    #[test]
    fn printable_ascii_is_never_changed(raw in "[ -~]{0,512}") {
        prop_assert_eq!(&*Clean::line(&raw), raw.as_str());
        prop_assert_eq!(&*Clean::block(&raw), raw.as_str());
    }
}

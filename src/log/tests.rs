//! What the log engine promises, by law: chunks, windows, folds, bad input, bounded memory.

use std::fmt::Write;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// Takes a log whole.
pub(super) fn take(bytes: &[u8]) -> (Index, Cursor<Vec<u8>>) {
    take_in(bytes, bytes.len().max(1))
}

/// Takes a log in chunks.
fn take_in(bytes: &[u8], chunk: usize) -> (Index, Cursor<Vec<u8>>) {
    let mut cache = Vec::new();
    let mut intake = Intake::new(&mut cache);
    for chunk in bytes.chunks(chunk) {
        intake.push(chunk).unwrap();
    }
    let index = intake.finish().unwrap();
    (index, Cursor::new(cache))
}

fn texts(bytes: &[u8]) -> Vec<String> {
    let (index, mut cache) = take(bytes);
    let lines = window(&index, &mut cache, 0..MAX_WINDOW).unwrap();
    lines.iter().map(LogLine::text).collect()
}

#[track_caller]
fn check(bytes: &[u8], expected: &[&str]) {
    assert_eq!(
        texts(bytes),
        expected,
        "{:?}",
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn lines_are_shown_without_their_decoration() {
    check(b"", &[]);
    check(b"one\ntwo\r\n\nfour", &["one", "two", "", "four"]);
    check(
        b"2026-11-21T09:00:00.1234567Z ##[group]Run make\n",
        &["Run make"],
    );
    check(
        b"\xef\xbb\xbf2026-11-21T09:00:00.1234567Z first\n",
        &["first"],
    );
    check(
        b"#12 0.345 npm ERR! x\nweb-1  | up\n",
        &["npm ERR! x", "up"],
    );
    check(b"\x1b[36mweb-1  | \x1b[0mup\n", &["up"]);
    check(b"a\tb\n", &["a       b"]);
}

#[test]
fn progress_shows_its_last_state() {
    check(b"10%\r50%\r100% done\n", &["100% done"]);
    check(b"10%\r50%\r\x1b[K\r\n", &["50%"]);
    check(b"a\rb\rc\r", &["c"]);
    let bars = "[=====>] 50 %\r".repeat(100_000) + "error: at last\n";
    let (index, mut cache) = take(bars.as_bytes());
    let line = &window(&index, &mut cache, 0..1).unwrap()[0];
    assert_eq!(line.text(), "error: at last");
    assert_eq!(line.cut, Some(bars.len() as u64 - 1));
    assert_eq!(index.hits().len(), 1);
}

#[test]
fn sections_of_gitlab_show_their_titles() {
    let log = b"section_start:1700000000:step_script[collapsed=false]\r\x1b[0K\x1b[36;1mExecuting\x1b[0;m\n\
        $ make\nsection_end:1700000009:step_script\r\x1b[0Ksection_start:1700000009:cleanup\r\x1b[0KCleaning\n\
        x\nsection_end:1700000010:cleanup\r\x1b[0K\n";
    check(log, &["Executing", "$ make", "Cleaning", "x", ""]);
    let (index, _) = take(log);
    let shown: Vec<_> = index
        .sections()
        .iter()
        .map(|s| (s.title.as_str(), s.start, s.end))
        .collect();
    assert_eq!(shown, [("Executing", 0, Some(3)), ("Cleaning", 2, Some(5))]);
}

#[test]
fn escapes_are_dropped_and_colours_kept() {
    check(
        b"a\x1b]52;c;cm0gLXJm\x07b\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\c\n",
        &["ablinkc"],
    );
    check(
        b"a\x1b[2Jb\x1b[10;10Hc\x1bP1$qm\x1b\\d\x1b_Gx\x1b\\e\n",
        &["abcde"],
    );
    check(
        "\u{9b}31ma\u{9d}0;t\u{9c}b\u{202e}c\n".as_bytes(),
        &["ab⟨U+202E⟩c"],
    );
    check(b"a\x07b\x08c\0d\n", &["a^Gb^Hc^@d"]);
    let (index, mut cache) = take(
        b"\x1b[1;31mred\x1b[38;5;208mor\x1b[38;2;1;2;3mrgb\x1b[48:2::4:5:6mbg\x1b[0mno\x1b[5;8mhid",
    );
    let spans = &window(&index, &mut cache, 0..1).unwrap()[0].spans;
    let colors: Vec<_> = spans
        .iter()
        .map(|s| (s.text.as_str(), s.style.foreground, s.style.background))
        .collect();
    let (rgb, back) = (Some(Color::Rgb(1, 2, 3)), Some(Color::Rgb(4, 5, 6)));
    assert_eq!(
        colors,
        [
            ("red", Some(Color::Indexed(1)), None),
            ("or", Some(Color::Indexed(208)), None),
            ("rgb", rgb, None),
            ("bg", rgb, back),
            ("nohid", None, None),
        ]
    );
    assert!(spans[0].style.bold && !spans[4].style.bold);
}

#[test]
fn what_is_not_text_says_so() {
    let content = |bytes: &[u8]| take(bytes).0.content();
    assert_eq!(content(b""), Content::Text);
    assert_eq!(content(b"text \xff\xfe\n"), Content::Text);
    assert_eq!(content("größe".as_bytes()), Content::Text);
    assert_eq!(content(b"gr\xf6\xdfe\n"), Content::Text);
    assert_eq!(content(b"PK\x03\x04rest"), Content::Archive);
    assert_eq!(content(b"\x1f\x8b\x08rest"), Content::Archive);
    assert_eq!(content(&[0, 1, 2, 3].repeat(9_000)), Content::Binary);
    assert_eq!(
        content(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        Content::Binary
    );
    assert_eq!(content(&b"\x1b[0m\x1b[1m\n".repeat(2_000)), Content::Text);
}

#[test]
fn utf_16_is_read_whichever_byte_is_first() {
    let text = "größe 𝄞\nerror: x\n";
    let little: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let big: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    check(&little, &["größe 𝄞", "error: x"]);
    check(&big, &["größe 𝄞", "error: x"]);
    let (index, cache) = take_in(&little, 1);
    assert_eq!(
        (index.content(), cache.into_inner()),
        (Content::Utf16, text.as_bytes().to_vec())
    );
}

#[test]
fn text_that_is_cut_or_in_latin_1_is_shown_as_far_as_it_goes() {
    check(b"gr\xf6\xdfe\n", &["gr\u{fffd}\u{fffd}e"]);
    check(b"cut \xe6\xbc", &["cut \u{fffd}"]);
}

#[test]
fn an_endless_line_is_not_held() {
    let mut cache = Vec::new();
    let mut intake = Intake::new(&mut cache);
    intake.push(b"before\n").unwrap();
    for _ in 0..64 {
        intake.push(&vec![b'x'; 64 * 1024]).unwrap();
    }
    intake.push(b"\nafter\nerror: here\n").unwrap();
    let index = intake.finish().unwrap();
    assert_eq!(index.lines(), 4);
    assert!(index.memory() < 100_000);
    let lines = window(&index, &mut Cursor::new(cache), 0..10).unwrap();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1].cut, Some(64 * 64 * 1024));
    assert_eq!(lines[1].text().len(), 16 * 1024);
    assert_eq!(lines[2].text(), "after");
    assert_eq!(index.hits()[0].line, 3);
}

#[test]
fn a_million_colours_in_one_line_cost_no_more_than_its_head() {
    let log = "\u{1b}[31mx\u{1b}[8;30;40my".repeat(1_000_000) + "\nnext\n";
    let (index, mut cache) = take(log.as_bytes());
    let lines = window(&index, &mut cache, 0..9).unwrap();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].spans.len() < 4_000, "{}", lines[0].spans.len());
    assert_eq!(lines[0].cut, Some(log.len() as u64 - 6));
    assert_eq!(lines[1].text(), "next");
}

#[test]
fn groups_that_do_not_balance_are_bounded() {
    let log = "##[group]a\n".repeat(100_000) + "##[endgroup]\nx\n";
    let (index, _) = take(log.as_bytes());
    assert!(index.sections().len() <= MAX_SECTIONS);
    assert_eq!(index.lines(), 100_002);
    let (index, _) = take("##[endgroup]\n".repeat(1_000).as_bytes());
    assert!(index.sections().is_empty());
    let log = "##[group]a\nx\n##[endgroup]\n".repeat(100_000);
    let (index, _) = take(log.as_bytes());
    assert_eq!(index.sections().len(), MAX_SECTIONS);
    assert!(index.memory() < 4 << 20);
}

#[test]
fn what_comes_after_the_cap_is_counted_and_dropped() {
    let mut cache = Vec::new();
    let mut intake = Intake::with_cap(&mut cache, 10_000);
    for _ in 0..3_000 {
        intake.push(b"0123456789\n").unwrap();
    }
    let counts = intake.finish().unwrap().counts();
    assert_eq!((counts.bytes, counts.cut), (10_000, 23_000));
    assert_eq!(cache.len(), 10_000);
}

#[test]
fn a_cache_that_is_shorter_than_its_index_gives_fewer_lines() {
    let (index, cache) = take(&b"some line\n".repeat(10_000));
    let mut short = Cursor::new(cache.into_inner()[..50_005].to_vec());
    let lines = window(&index, &mut short, 4_990..5_100).unwrap();
    assert_eq!(lines.len(), 11);
    assert!(window(&index, &mut short, 9_000..9_100).unwrap().is_empty());
}

#[test]
fn lines_are_found_by_their_time() {
    let mut log = String::new();
    for n in 0..20_000 {
        let (minute, second) = (n / 600, n / 10 % 60);
        writeln!(
            log,
            "2026-11-21T09:{minute:02}:{second:02}.0000000Z line {n}"
        )
        .unwrap();
    }
    let (index, mut cache) = take(log.as_bytes());
    let (first, last) = index.span().unwrap();
    assert_eq!(
        (first.to_rfc3339(), last.to_rfc3339()),
        (
            "2026-11-21T09:00:00+00:00".to_owned(),
            "2026-11-21T09:33:19+00:00".to_owned()
        )
    );
    for second in [0_i64, 1, 59, 600, 1_234, 1_999] {
        let line = line_at_time(
            &index,
            &mut cache,
            first + chrono::TimeDelta::seconds(second),
        )
        .unwrap();
        assert_eq!(line, u64::try_from(second).unwrap() * 10);
    }
    assert_eq!(
        line_at_time(&index, &mut cache, last + chrono::TimeDelta::seconds(1)).unwrap(),
        20_000
    );
}

/// A log of GitHub's runner with two steps, the second of which fails.
const STEPS: &str = "prepare\n##[group]Run actions/checkout@v4\nwith:\n##[endgroup]\nfetching\n\
    ##[group]Run make\nmake\nshell: bash\n##[endgroup]\ncc -c a.c\na.c:3:1: error: expected ';'\n\
    ##[group]inner\nx\n##[endgroup]\n##[error]Process completed with exit code 2.\nPost job cleanup.\nbye\n";

#[test]
fn all_is_folded_but_the_step_that_failed() {
    let (index, mut cache) = take(STEPS.as_bytes());
    let first = first_error(&index, &mut cache).unwrap().unwrap();
    let mut fold = Fold::at_error(&index, Some(first.line));
    let visible: Vec<u64> = fold.visible(0..99).into_iter().flatten().collect();
    assert_eq!(visible, [0, 1, 5, 9, 10, 11, 14, 15]);
    assert_eq!(fold.visible_lines(), 8);
    assert_eq!(fold.row_of(12), Some(5));
    assert_eq!(fold.line_at(6), Some(14));
    assert_eq!(fold.toggle_at(&index, 12), Some(5));
    assert_eq!(fold.visible_lines(), 10);
    assert_eq!(fold.toggle_at(&index, 5), Some(2));
    assert_eq!(fold.visible_lines(), 13);
    assert_eq!(fold.toggle_at(&index, 5), Some(2));
    assert_eq!(fold.visible_lines(), 4);
    fold.set_all(true);
    assert_eq!(fold.visible_lines(), 4);
    fold.reveal(2);
    assert_eq!(fold.row_of(2), Some(2));
    fold.set_all(false);
    assert_eq!(fold.visible_lines(), 17);
    assert_eq!(Fold::open(&index).visible_lines(), 17);
    let all: Vec<_> = index
        .sections()
        .iter()
        .map(|s| (s.title.as_str(), s.kind, s.errors))
        .collect();
    assert_eq!(
        all,
        [
            ("Run actions/checkout@v4", SectionKind::Step, 0),
            ("Run actions/checkout@v4", SectionKind::Group, 0),
            ("Run make", SectionKind::Step, 2),
            ("Run make", SectionKind::Group, 0),
            ("inner", SectionKind::Group, 0),
            ("Post job cleanup.", SectionKind::Step, 0),
        ]
    );
}

fn search(bytes: &[u8], text: &str) -> Vec<u64> {
    let matches = Matches::new(Query::parse(text).unwrap());
    let matches = matches.finish(&mut Cursor::new(bytes)).unwrap();
    let lines: Vec<u64> = matches.lines().iter().collect();
    assert_eq!(matches.lines().len(), lines.len() as u64);
    lines
}

#[test]
fn searches_find_lines_as_they_are_shown() {
    assert_eq!(search(b"Error\nfine\nerror error\n", "error"), [0, 2]);
    assert_eq!(search(b"Error\nfine\nerror error\n", "Error"), [0]);
    assert_eq!(search(b"a1\nb22\n", r"^\w\d+$"), [0, 1]);
    assert_eq!(search(b"a\r\nb\r\n", "b$"), [1]);
    assert_eq!(search("größe\nGRÖSSE größe\n".as_bytes(), "größe"), [0, 1]);
    assert_eq!(search(b"no", "x*"), [0; 0]);
    let stamped = b"2026-11-21T09:12:01.0Z \x1b[32mok\x1b[0m x\n2026-11-21T09:12:02.0Z 32mok\n";
    assert_eq!(search(stamped, "09:12"), [0; 0], "a stamp is not the text");
    assert_eq!(search(stamped, "32m"), [1], "nor is an escape");
    assert_eq!(search(stamped, "^ok x$"), [0]);
    assert_eq!(search(b"F\x1b[1mA\x1b[0mIL\ta\n", "fail +a"), [0]);
    assert_eq!(
        search(b"10%\r50%\r100%\n", "50"),
        [0; 0],
        "what was written over"
    );
    assert_eq!(search("a\u{200b}b\n".as_bytes(), "ab"), [0]);
    let token = b"x ghp_0123456789abcdefghijklmnopqrstuvwxyz\nnext\n";
    assert_eq!(search(token, "ghp_|6789"), [0; 0], "a secret");
    assert_eq!(search(token, "hidden"), [0]);
    assert_eq!(search(b"a\nab\n\nb\n", r"a\s*b"), [1], "one line at a time");
    let many = b"1 ok\n".repeat(120_000);
    assert_eq!(search(&many, "ok").len(), 120_000);
}

#[test]
fn a_match_in_a_part_of_a_character_marks_all_of_it() {
    let query = Query::parse("x.").unwrap();
    assert_eq!(query.ranges("a xé b"), vec![2..5]);
}

#[test]
fn of_a_long_line_its_ends_are_searched_as_they_are_shown() {
    let mut long = b"needle".to_vec();
    long.resize(5 << 20, b'x');
    long.extend_from_slice(b"\nneedle");
    assert_eq!(search(&long, "needle"), [0, 1]);
    long[..6].copy_from_slice(b"xxxxxx");
    let at = long.len() / 2;
    long[at..at + 6].copy_from_slice(b"needle");
    assert_eq!(search(&long, "needle"), [1]);
}

#[test]
fn a_wrong_expression_says_where() {
    let error = Query::parse("a(b").unwrap_err();
    assert_eq!(error.to_string(), "unclosed group at character 2");
    assert_eq!(Query::parse("x{99999}{999}").unwrap_err().at, 1);
}

/// Pieces that logs are made of, and that break them.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ -~]{0,40}".prop_map(String::into_bytes),
        2 => Just(b"\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        2 => prop::sample::select(vec![
            "##[group]x", "##[endgroup]", "##[error]bad", "error: x", "2026-11-21T09:00:00.1Z ",
            "section_start:1:a\r\x1b[0K", "section_end:1:a\r\x1b[0K", "\x1b[31m", "\x1b]8;;x\x1b\\", "\x1b[",
            "::error file=a,line=1::m", "test a ... FAILED", "Retrying", "\u{202e}", "漢", "\u{9b}2J",
            "Traceback (most recent call last):\n  File \"a\", line 1\nE: x\n", "--- FAIL: T (0.1s)",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => (any::<u8>(), 1_usize..40_000).prop_map(|(byte, times)| vec![byte; times]),
        1 => (1_usize..3_000).prop_map(|times| b"error: 1\n".repeat(times)),
    ]
}

fn log() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_index_does_not_depend_on_the_chunks(log in log(), chunk in 1_usize..20_000) {
        let (whole, cache) = take(&log);
        let (parts, other) = take_in(&log, chunk);
        prop_assert_eq!(whole, parts);
        prop_assert_eq!(cache, other);
    }

    #[test]
    fn a_window_shows_what_splitting_would(log in log(), from in 0_u64..40, len in 0_u64..40) {
        let (index, mut cache) = take(&log);
        if index.content() == Content::Text {
            let whole: Vec<&[u8]> = log.split_inclusive(|b| *b == b'\n').collect();
            prop_assert_eq!(index.lines(), whole.len() as u64);
            let lines = window(&index, &mut cache, from..from + len).unwrap();
            let (from, to) = (from.min(index.lines()), (from + len).min(index.lines()));
            prop_assert_eq!(lines.len() as u64, to.saturating_sub(from));
            for line in &lines {
                let mut alone = take(whole[usize::try_from(line.line).unwrap()]);
                if alone.0.content() == Content::Text {
                    let alone = window(&alone.0, &mut alone.1, 0..1).unwrap();
                    prop_assert_eq!(alone[0].text(), line.text());
                }
            }
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_gets_out(log in log()) {
        let (index, mut cache) = take(&log);
        for line in window(&index, &mut cache, 0..200).unwrap() {
            let text = line.text();
            let is_odd = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!text.contains(is_odd), "{:?}", text);
            prop_assert!(text.len() <= 8 * 16 * 1024 + 16);
        }
        drop(first_error(&index, &mut cache).unwrap());
        drop(errors(&index, &mut cache, 50).unwrap());
        drop(failed_tests(&index, &mut cache).unwrap());
    }

    #[test]
    fn rows_and_lines_are_each_others_inverse(log in log(), toggles in prop::collection::vec(0_usize..8, 0..6)) {
        let (index, _) = take(&log);
        let mut fold = Fold::open(&index);
        for section in toggles {
            fold.set(section, !fold.is_folded(section));
        }
        let rows = fold.visible_lines();
        prop_assert!(rows <= index.lines());
        let visible: Vec<u64> = fold.visible(0..rows).into_iter().flatten().collect();
        prop_assert_eq!(visible.len() as u64, rows);
        for (row, line) in visible.iter().enumerate().take(500) {
            prop_assert_eq!(fold.line_at(row as u64), Some(*line));
            prop_assert_eq!(fold.row_of(*line), Some(row as u64));
        }
    }

    #[test]
    fn a_search_does_not_depend_on_the_blocks(log in log(), text in "(\\^|\\\\b)?[a-z]{1,3}") {
        let query = Query::parse(&text).unwrap();
        let found = search(&log, &text);
        let (index, mut reader) = take(&log);
        let lines = window(&index, &mut reader, 0..index.lines()).unwrap();
        let shown = lines.iter().filter(|line| !query.ranges(&line.text()).is_empty());
        let shown: Vec<u64> = shown.map(|line| line.line).collect();
        let found = found.into_iter().filter(|line| *line < lines.len() as u64);
        prop_assert_eq!(found.collect::<Vec<_>>(), shown);
    }
}

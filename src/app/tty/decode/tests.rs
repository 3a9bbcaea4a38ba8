//! What bytes mean, whole and cut anywhere, and that nothing keeps a person from being heard.

use crossterm::event::{KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::*;

/// Takes everything that a decoder has heard.
fn heard(decoder: &mut Decoder) -> Vec<Input> {
    std::iter::from_fn(|| decoder.next()).collect()
}

/// Lets time go on until nothing is waited for.
fn quiet(decoder: &mut Decoder) {
    while decoder.patience().is_some() {
        decoder.pause();
    }
}

/// Returns what bytes mean that come in one piece, and after which nothing comes.
fn taken(bytes: &[u8]) -> Vec<Input> {
    let mut decoder = Decoder::default();
    decoder.take(bytes);
    quiet(&mut decoder);
    heard(&mut decoder)
}

fn key(code: KeyCode) -> Input {
    held(code, KeyModifiers::NONE)
}

fn held(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Event(Event::Key(KeyEvent::new(code, modifiers)))
}

fn typed(text: &str) -> Vec<Input> {
    text.chars().map(|c| key(KeyCode::Char(c))).collect()
}

fn ctrl(letter: char) -> Input {
    held(KeyCode::Char(letter), KeyModifiers::CONTROL)
}

fn alt(letter: char) -> Input {
    held(KeyCode::Char(letter), KeyModifiers::ALT)
}

fn pasted(text: &str) -> Input {
    Input::Event(Event::Paste(text.to_owned()))
}

#[track_caller]
fn check(bytes: &str, expected: &[Input]) {
    assert_eq!(taken(bytes.as_bytes()), expected, "{bytes:?}");
}

/// One sequence is one key.
#[track_caller]
fn means(bytes: &str, code: KeyCode, modifiers: KeyModifiers) {
    check(bytes, &[held(code, modifiers)]);
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

#[test]
fn keys_that_type() {
    means("q", KeyCode::Char('q'), NONE);
    means("Q", KeyCode::Char('Q'), SHIFT);
    means("é", KeyCode::Char('é'), NONE);
    means("支", KeyCode::Char('支'), NONE);
    means("\r", KeyCode::Enter, NONE);
    means("\n", KeyCode::Enter, NONE);
    means("\t", KeyCode::Tab, NONE);
    means("\x7f", KeyCode::Backspace, NONE);
    means("\0", KeyCode::Char(' '), CONTROL);
    means("\x01", KeyCode::Char('a'), CONTROL);
    means("\x08", KeyCode::Char('h'), CONTROL);
    means("\x1a", KeyCode::Char('z'), CONTROL);
    means("\x1f", KeyCode::Char('7'), CONTROL);
    means("\x1b", KeyCode::Esc, NONE);
    means("\x1bx", KeyCode::Char('x'), ALT);
}

#[test]
fn alt_is_an_escape_before_any_key() {
    means("\x1bé", KeyCode::Char('é'), ALT);
    means("\x1b\r", KeyCode::Enter, ALT);
    means("\x1b\x7f", KeyCode::Backspace, ALT);
    means("\x1b\x01", KeyCode::Char('a'), ALT | CONTROL);
    means("\x1b/", KeyCode::Char('/'), ALT);
    means("\x1b ", KeyCode::Char(' '), ALT);
    means("\x1b[", KeyCode::Char('['), ALT);
    means("\x1bO", KeyCode::Char('O'), ALT | SHIFT);
    check("\x1bxy", &[alt('x'), key(KeyCode::Char('y'))]);
}

#[test]
fn keys_of_old_terminals() {
    for (letter, code) in [
        ('A', KeyCode::Up),
        ('B', KeyCode::Down),
        ('C', KeyCode::Right),
        ('D', KeyCode::Left),
        ('H', KeyCode::Home),
        ('F', KeyCode::End),
        ('P', KeyCode::F(1)),
        ('S', KeyCode::F(4)),
    ] {
        means(&format!("\x1b[{letter}"), code, NONE);
        means(&format!("\x1bO{letter}"), code, NONE);
        means(&format!("\x1b[1;5{letter}"), code, CONTROL);
        means(&format!("\x1bO3{letter}"), code, ALT);
    }
    for (number, code) in [
        (1, KeyCode::Home),
        (2, KeyCode::Insert),
        (3, KeyCode::Delete),
        (4, KeyCode::End),
        (5, KeyCode::PageUp),
        (6, KeyCode::PageDown),
        (11, KeyCode::F(1)),
        (15, KeyCode::F(5)),
        (17, KeyCode::F(6)),
        (24, KeyCode::F(12)),
        (34, KeyCode::F(20)),
    ] {
        means(&format!("\x1b[{number}~"), code, NONE);
        means(&format!("\x1b[{number};2~"), code, SHIFT);
        means(&format!("\x1b[{number}^"), code, CONTROL);
    }
    means("\x1b[Z", KeyCode::BackTab, SHIFT);
    means("\x1b[a", KeyCode::Up, SHIFT);
    means("\x1bOd", KeyCode::Left, CONTROL);
    means("\x1b[[E", KeyCode::F(5), NONE);
    means("\x1bOM", KeyCode::Enter, NONE);
    means("\x1bOq", KeyCode::Char('1'), NONE);
    means("\x1b[R", KeyCode::F(3), NONE);
    means("\x1b[1;5R", KeyCode::F(3), CONTROL);
    means("\x1b[27;5;105~", KeyCode::Char('i'), CONTROL);
}

#[test]
fn keys_of_kittys_protocol() {
    means("\x1b[105;5u", KeyCode::Char('i'), CONTROL);
    means("\x1b[27u", KeyCode::Esc, NONE);
    means("\x1b[13;2u", KeyCode::Enter, SHIFT);
    means("\x1b[9;2u", KeyCode::BackTab, SHIFT);
    means("\x1b[97:65;2u", KeyCode::Char('A'), NONE);
    means("\x1b[233;3u", KeyCode::Char('é'), ALT);
    means("\x1b[57399u", KeyCode::Char('0'), NONE);
    means("\x1b[57419u", KeyCode::Up, NONE);
    means("\x1b[57376u", KeyCode::F(13), NONE);
    means("\x1b[99;5u", KeyCode::Char('c'), CONTROL);
    let release = KeyEvent::new_with_kind(KeyCode::Char('j'), NONE, KeyEventKind::Release);
    check("\x1b[106;1:3u", &[Input::Event(Event::Key(release))]);
    let repeat = KeyEvent::new_with_kind(KeyCode::Up, CONTROL, KeyEventKind::Repeat);
    check("\x1b[1;5:2A", &[Input::Event(Event::Key(repeat))]);
    // Keys of players, keys that only hold, and numbers that are no character.
    for none in ["57428", "57441", "0", "3", "65535", "70000", "55296"] {
        check(&format!("\x1b[{none}u"), &[]);
    }
}

#[test]
fn the_mouse_and_the_focus() {
    let event = |kind, column, row| {
        Input::Event(Event::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: NONE,
        }))
    };
    let down = MouseEventKind::Down(MouseButton::Left);
    check("\x1b[<0;12;3M", &[event(down, 11, 2)]);
    let up = MouseEventKind::Up(MouseButton::Left);
    check("\x1b[<0;12;3m", &[event(up, 11, 2)]);
    let drag = MouseEventKind::Drag(MouseButton::Left);
    check("\x1b[<32;300;200M", &[event(drag, 299, 199)]);
    check("\x1b[<65;1;1M", &[event(MouseEventKind::ScrollDown, 0, 0)]);
    check("\x1b[<0;0;0M", &[event(down, u16::MAX, u16::MAX)]);
    check("\x1b[32;12;3M", &[event(down, 11, 2)]);
    check("\x1b[M !\"", &[event(down, 0, 1)]);
    assert_eq!(taken(b"\x1b[M \xff\x20"), [event(down, 222, u16::MAX)]);
    check("\x1b[<999;1;1M", &[]);
    check("\x1b[I", &[Input::Event(Event::FocusGained)]);
    check("\x1b[O", &[Input::Event(Event::FocusLost)]);
}

#[test]
fn what_a_terminal_tells_unasked_is_no_key_and_takes_none() {
    for told in [
        "\x1b[?2026;2$y",
        "\x1b[?13n",
        "\x1b[?62;22c",
        "\x1b[>0;276;0c",
        "\x1b[?1u",
        "\x1b[24;80R",
        "\x1b[8;24;80t",
        "\x1b[0n",
        "\x1b[201~",
        "\x1b[9999~",
        "\x1b]10;rgb:0/0/0\x1b\\",
        "\x1b]52;c;cXFx\x07",
        "\x1bP>|xterm(388)\x1b\\",
        "\x1bXqqq\x1b\\",
        "\x1b^qqq\x1b\\",
        "\x1b_Gi=1;OK\x1b\\",
    ] {
        check(&format!("{told}q"), &typed("q"));
        // Without its last byte, it is over after a while.
        let mut decoder = Decoder::default();
        decoder.take(&told.as_bytes()[..told.len() - 1]);
        quiet(&mut decoder);
        decoder.take(b"q");
        assert_eq!(heard(&mut decoder), typed("q"), "{told:?}");
    }
}

#[test]
fn the_ground_is_heard_in_every_form_and_whenever_it_is_told() {
    let light = [Input::Ground(Ground::Light)];
    for told in [
        "\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
        "\x1b]11;rgb:ffff/ffff/ffff\x07",
        "\x1b]11;#ffffff\x07",
        "\x1b[?997;2n",
    ] {
        check(told, &light);
    }
    check("\x1b[?997;1n", &[Input::Ground(Ground::Dark)]);
    check("\x1b]11;rgb:ffff/ffff/ffff\x18", &[]);
    check("\x1b[?997;3n", &[]);
    check("\x1b]11;?\x07q", &typed("q"));
}

#[test]
fn an_answer_that_is_too_long_is_dropped_to_its_end() {
    for (begin, end) in [
        ("\x1b]11;", "\x07"),
        ("\x1b]4;", "\x1b\\"),
        ("\x1bX", "\x1b\\"),
    ] {
        let long = format!("{begin}{}{end}j", "q".repeat(100_000));
        check(&long, &typed("j"));
    }
}

#[test]
fn a_sequence_that_a_slow_line_cuts_is_put_together() {
    for (sequence, code) in [("\x1b[B", KeyCode::Down), ("\x1b[5~", KeyCode::PageUp)] {
        for cut in 1..sequence.len() {
            let mut decoder = Decoder::default();
            decoder.take(&sequence.as_bytes()[..cut]);
            let least = if cut == 1 { LONE } else { CUT };
            assert!(decoder.patience().unwrap() >= least, "{sequence:?} {cut}");
            decoder.take(&sequence.as_bytes()[cut..]);
            assert_eq!(heard(&mut decoder), [key(code)], "{sequence:?} {cut}");
        }
    }
}

#[test]
fn an_escape_is_a_key_after_a_moment_and_an_arrow_behind_it_even_then() {
    let mut decoder = Decoder::default();
    decoder.take(b"\x1b");
    assert_eq!((decoder.patience(), decoder.next()), (Some(LONE), None));
    decoder.pause();
    assert_eq!(decoder.next(), Some(key(KeyCode::Esc)));
    decoder.take(b"[B");
    assert_eq!(decoder.next(), Some(key(KeyCode::Down)));
    // A person is slower.
    decoder.take(b"\x1b");
    quiet(&mut decoder);
    decoder.take(b"[B");
    let mut expected = vec![key(KeyCode::Esc), key(KeyCode::Char('['))];
    expected.push(held(KeyCode::Char('B'), SHIFT));
    assert_eq!(heard(&mut decoder), expected);
    check("\x1b\x1b", &[key(KeyCode::Esc), key(KeyCode::Esc)]);
    check("\x1b\x1b[A", &[key(KeyCode::Esc), key(KeyCode::Up)]);
}

#[test]
fn a_paste_is_text_whatever_it_holds() {
    check(
        "\x1b[200~qq\r\x1b[Aé\x1b[201~j",
        &[pasted("qq\r\x1b[Aé"), key(KeyCode::Char('j'))],
    );
    check("\x1b[200~\x1b\x1b[201~", &[pasted("\x1b")]);
    check("\x1b[200~x\x1b[20\x1b[201~", &[pasted("x\x1b[20")]);
    assert_eq!(taken(b"\x1b[200~\xff\x1b[201~"), [pasted("\u{fffd}")]);
    let long = format!("\x1b[200~{}\x1b[201~j", "q".repeat(1_000_000));
    let all = taken(long.as_bytes());
    let [Input::Event(Event::Paste(text)), last] = &all[..] else {
        panic!("a paste and a key");
    };
    assert_eq!((text.len(), last), (PASTE_MOST, &key(KeyCode::Char('j'))));
}

#[test]
fn a_paste_without_an_end_ends_by_a_pause_or_ctrl_c_and_types_nothing() {
    let mut decoder = Decoder::default();
    decoder.take(b"\x1b[200~qq");
    assert_eq!(heard(&mut decoder), []);
    decoder.take(b"\x03qq");
    assert_eq!(heard(&mut decoder), []);
    quiet(&mut decoder);
    assert_eq!(heard(&mut decoder), [pasted("qqqq"), ctrl('c')]);
    // With its end it is text that somebody copied, whatever is in it.
    decoder.take(b"\x1b[200~a\x03b\x1b[201~");
    assert_eq!(heard(&mut decoder), [pasted("ab")]);
    decoder.take(b"j\x1b[200~qq");
    quiet(&mut decoder);
    decoder.take(b"k\x1b[201~");
    let mut expected = typed("j");
    expected.extend([pasted("qq"), key(KeyCode::Char('k'))]);
    assert_eq!(heard(&mut decoder), expected);
}

#[test]
fn bytes_that_are_no_text_are_dropped() {
    assert_eq!(
        taken(b"\xffa\xc3(\x80b\xf0\x9f\x98c\xe2\x1b[Ad"),
        [typed("a(bc"), vec![key(KeyCode::Up)], typed("d"),].concat()
    );
}

/// Bytes as they may come: anything, with what begins and ends sequences often among it.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<u8>().prop_map(|byte| vec![byte]),
        4 => prop::sample::select(&b"\x1b[]O?;:<M~0129PX_^\\\x07\x18u"[..]).prop_map(|byte| vec![byte]),
        1 => prop::sample::select(vec![
            "\x1b[200~", "\x1b[201~", "\x1b[<0;1;1M", "\x1b]11;rgb:0/0/0", "\x1b[M", "\x1b[[",
            "\x1b[?997;1n", "支", "\x1b[97:65;2:3u",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn cuts_change_nothing(bytes in bytes(), cuts in prop::collection::vec(0_usize..200, 0..8)) {
        let whole = taken(&bytes);
        let mut decoder = Decoder::default();
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < bytes.len()).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for cut in cuts {
            decoder.take(&bytes[from..cut]);
            from = cut;
        }
        decoder.take(&bytes[from..]);
        quiet(&mut decoder);
        prop_assert_eq!(heard(&mut decoder), whole);
    }

    #[test]
    fn after_anything_and_a_pause_a_key_is_that_key(bytes in bytes()) {
        let mut decoder = Decoder::default();
        decoder.take(&bytes);
        let mut pauses = 0;
        while decoder.patience().is_some() {
            decoder.pause();
            pauses += 1;
        }
        prop_assert!(pauses <= 2);
        heard(&mut decoder);
        decoder.take(b"q");
        prop_assert_eq!(heard(&mut decoder), typed("q"));
    }

    #[test]
    fn ctrl_c_is_heard_in_the_midst_of_anything(bytes in bytes()) {
        let mut decoder = Decoder::default();
        decoder.take(&bytes);
        heard(&mut decoder);
        decoder.take(b"\x03");
        quiet(&mut decoder);
        prop_assert_eq!(heard(&mut decoder).pop(), Some(ctrl('c')));
    }
}

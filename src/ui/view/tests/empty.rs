//! Columns without cards, and what is under way: why, how far, and what would be there.

use crate::domain::text::Clean;
use crate::engine::snapshot::{Health, PastRead, Snapshot};
use crate::ui::sample;
use crate::ui::state::UiOptions;
use crate::ui::testing::Screen;
use crate::ui::view::empty::because;

/// A board on which nothing is deployed.
fn undeployed() -> Snapshot {
    let mut snapshot = sample::snapshot(16);
    let deploy = &mut snapshot.columns[5];
    deploy.rows = Vec::new().into();
    (deploy.count, deploy.red, deploy.empty_because) = (0, 0, None);
    snapshot
}

#[track_caller]
fn check(snapshot: Snapshot, options: UiOptions, expected: &[&str]) {
    let screen = Screen::with(140, 40, snapshot, options);
    let glyphs = screen.theme.glyphs();
    assert_eq!(
        because(&screen.state, &screen.snapshot, 5, glyphs),
        expected
    );
}

const BRINGS: &str =
    "here stands: a deployment that runs, waits or failed, or a release that is not live";

#[test]
fn a_column_without_cards_says_why_and_what_would_stand_there() {
    check(
        undeployed(),
        UiOptions::default(),
        &["nothing here now", BRINGS],
    );
    let mut untold = undeployed();
    let why = "no source reports deployments: the token lacks Deployments: read";
    untold.columns[5].empty_because = Some(Clean::line(why));
    check(untold, UiOptions::default(), &[why, BRINGS]);
}

#[test]
fn what_is_on_its_way_or_cannot_come_is_said_first() {
    let mut loading = undeployed();
    loading.sources = vec![
        sample::source("github", Health::Ok),
        sample::source("gitlab", Health::Starting),
    ];
    let offline = UiOptions {
        offline: true,
        ..UiOptions::default()
    };
    check(loading.clone(), offline, &["never fetched (offline)"]);
    check(
        loading,
        UiOptions::default(),
        &["loading: 1 of 2 sources answered"],
    );
    let mut mute = undeployed();
    mute.sources.push(sample::source("gitlab", Health::Auth));
    let ill = "`gitlab` is signed out: what it knows may be missing";
    check(
        mute,
        UiOptions::default(),
        &["nothing here now", ill, BRINGS],
    );
}

#[test]
fn a_filter_says_how_many_it_hides_and_how_it_is_taken_away() {
    let mut screen = Screen::new(140, 40, 160);
    screen.press("/");
    screen.type_text("stage:test");
    screen.press("enter");
    let glyphs = screen.theme.glyphs();
    let told = because(&screen.state, &screen.snapshot, 5, glyphs);
    assert_eq!(told, ["the filter hides 20 cards", "esc takes it away"]);
    assert!(
        screen.text().contains("hides 20 cards"),
        "{}",
        screen.text()
    );
    screen.press("esc");
    assert!(!screen.text().contains("hides 20"), "{}", screen.text());
}

#[test]
fn empty_columns_have_their_picture() {
    for (width, height) in [(80, 24), (200, 40)] {
        let mut snapshot = undeployed();
        snapshot.columns[4].rows = Vec::new().into();
        snapshot.columns[4].count = 0;
        snapshot.columns[4].empty_because = Some("no source reports releases".into());
        let mut screen = Screen::with(width, height, snapshot, UiOptions::default());
        screen.press("5");
        insta::assert_snapshot!(format!("empty_columns_{width}x{height}"), screen.text());
    }
}

/// The second line of the header.
fn second(screen: &Screen) -> String {
    screen.text().lines().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn whoever_waits_for_the_first_answers_sees_what_has_come_by_now() {
    let mut snapshot = sample::snapshot(16);
    snapshot.sources = vec![sample::source("github", Health::Starting)];
    snapshot.sources[0].facts = 1_234;
    let screen = Screen::with(120, 30, snapshot.clone(), UiOptions::default());
    let line = second(&screen);
    assert!(
        line.contains("loading 1 of 1 source  1234 facts so far"),
        "{line}"
    );
    // Where there is no room for both, how the sources are goes before.
    let screen = Screen::with(60, 30, snapshot, UiOptions::default());
    assert!(!second(&screen).contains("so far"), "{}", second(&screen));
}

#[test]
fn while_the_past_is_read_the_board_says_how_far() {
    let mut snapshot = sample::snapshot(16);
    snapshot.sources[0].past = PastRead {
        read: 41,
        of: 500,
        ..PastRead::default()
    };
    let told = "reading the past: 41 of 500 repositories";
    let mut screen = Screen::with(120, 30, snapshot, UiOptions::default());
    assert!(second(&screen).ends_with(told), "{}", second(&screen));
    screen.snapshot.sources[0].past.read = 500;
    screen.arrive();
    assert!(!screen.text().contains("the past"), "{}", screen.text());
}

/// A board whose one source stands so, and of which nothing is known.
fn nothing_known(health: Health) -> Snapshot {
    let mut snapshot = sample::snapshot(0);
    let mut source = sample::source("github", health);
    source.last_success = None;
    snapshot.sources = vec![source];
    snapshot
}

#[test]
fn nothing_is_said_to_be_well_where_nothing_is_known() {
    for (keys, well) in [
        ("g f", "no card is red"),
        ("g a", "nothing calls for a person"),
    ] {
        let known = |snapshot: Snapshot| {
            let mut screen = Screen::with(100, 30, snapshot, UiOptions::default());
            screen.press(keys);
            screen.text()
        };
        let text = known(nothing_known(Health::Unreachable));
        assert!(text.contains("nothing is known: `github` is "), "{text}");
        assert!(!text.contains(well), "{text}");
        let text = known(nothing_known(Health::Starting));
        assert!(text.contains("nothing is known: loading"), "{text}");
        let mut answered = nothing_known(Health::Ok);
        answered.sources[0].last_success = Some(sample::moment());
        let text = known(answered);
        assert!(!text.contains("nothing is known:"), "{text}");
    }
}

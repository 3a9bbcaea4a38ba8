//! What the screen is told while the loop runs: themes, keys, the ground, a slow line.

use super::*;
use crate::app::env::Env;
use crate::app::ground::{Ground, QUESTION};
use crate::app::notify::Voice;
use crate::app::reload::{self, Told};
use crate::config::{Notify, Settings, UiConfig, WallConfig};
use crate::domain::arrange::{Arrangement, SavedView};
use crate::ui::glyphs::Glyphs as Marks;
use crate::ui::keymap::{Keymap, Preset};
use crate::ui::own::testing::commands;

fn told(ui: UiConfig) -> Told {
    Told {
        ui,
        keymap: Arc::new(Keymap::default()),
        kitty: false,
        shelf: Arc::default(),
        views: Vec::new(),
        commands: Arc::default(),
        wall: WallConfig::default(),
        practice: reload::practice(&Settings::default()),
        notify: Notify::default(),
        voice: Voice::new(&Notify::default(), &Env::process()),
        written: Vec::new(),
        plan: None,
    }
}

fn standing(ui: UiConfig) -> Standing {
    Standing {
        told: told(ui),
        may_ask: true,
        has_mouse: true,
        has_links: true,
        glyphs: Marks::Unicode,
        clipboard: crate::app::env::CLIPBOARD,
    }
}

fn effects() -> Effects {
    Effects::new(TaskTracker::new(), Pins::at(std::path::PathBuf::new()))
}

fn aside(world: &World) -> String {
    String::from_utf8(std::mem::take(&mut world.seen.shown().aside)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_terminal_is_asked_for_its_ground_once_and_answers_with_a_theme() {
    let effects = effects();
    let all = (effects, None, Some(standing(UiConfig::default())));
    let seen = play_all((80, 24), all, async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        assert_eq!(aside(&world), "", "nobody asks for a theme that has a name");
        // The first of the list is the theme that goes by the ground.
        world.type_text(":theme auto");
        world.press(KeyCode::Enter);
        world.pass(FRAME_AND_MORE).await;
        assert_eq!(aside(&world).as_bytes(), QUESTION);
        // Over a slow line, the answer takes a while.
        world.pass(Duration::from_secs(3)).await;
        world.hear(Input::Ground(Ground::Light));
        world.pass(FRAME_AND_MORE).await;
        world.type_text(":theme auto");
        world.press(KeyCode::Enter);
        world.pass(FRAME_AND_MORE).await;
        assert_eq!(aside(&world), "", "it is known now");
    })
    .await;
    let ground = seen.shown().cells.buffer()[(3, 5)].bg;
    let light = Theme::builtin("light", ColorDepth::True, Glyphs::Unicode).unwrap();
    assert_eq!(Some(ground), light.ground().bg);
}

#[tokio::test(start_paused = true)]
async fn a_ground_that_changes_later_changes_the_theme_that_goes_by_it() {
    let all = (effects(), None, Some(standing(UiConfig::default())));
    play_all((80, 24), all, async |world: World| {
        let shows = |world: &World, name: &str| {
            let theme = Theme::builtin(name, ColorDepth::True, Glyphs::Unicode).unwrap();
            let ground = world.seen.shown().cells.buffer()[(3, 5)].bg;
            Some(ground) == theme.ground().bg
        };
        world.hear(Input::Ground(Ground::Light));
        world.pass(FRAME_AND_MORE).await;
        assert!(shows(&world, "dark"), "a theme that has a name stays");
        world.type_text(":theme auto");
        world.press(KeyCode::Enter);
        world.pass(FRAME_AND_MORE).await;
        assert!(shows(&world, "light"));
        world.hear(Input::Ground(Ground::Dark));
        world.pass(FRAME_AND_MORE).await;
        assert!(shows(&world, "dark"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_saved_is_taken_over_and_a_mistake_leaves_what_was_there() {
    let effects = effects();
    let tell = effects.teller();
    let all = (effects, None, Some(standing(UiConfig::default())));
    play_all((120, 30), all, async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        let mut next = told(UiConfig {
            theme: "light".to_owned(),
            ..UiConfig::default()
        });
        let own = [("close".to_owned(), vec!["f5".to_owned()])].into();
        next.keymap = Arc::new(Keymap::of(Preset::Vim, false, &own).unwrap());
        next.kitty = true;
        tell.try_send(Done::Reloaded(Box::new(Ok(next)))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        let light = Theme::builtin("light", ColorDepth::True, Glyphs::Unicode).unwrap();
        let ground = world.seen.shown().cells.buffer()[(3, 5)].bg;
        assert_eq!(Some(ground), light.ground().bg);
        assert!(
            world.seen.text().contains("f5 quit"),
            "{}",
            world.seen.text()
        );
        let wrong = Err("config.toml:3: `zom` is no command".to_owned());
        tell.try_send(Done::Reloaded(Box::new(wrong))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(
            text.contains("config.toml:3: `zom` is no command"),
            "{text}"
        );
        let ground = world.seen.shown().cells.buffer()[(3, 5)].bg;
        assert_eq!(Some(ground), light.ground().bg, "the old one stays");
        let well = Ok(told(UiConfig::default()));
        tell.try_send(Done::Reloaded(Box::new(well))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(!text.contains("is no command"), "it was mended: {text}");
        assert!(text.contains("the configuration is right again"), "{text}");
        // The same of a theme that was wrong and is right now.
        let mut wrong = told(UiConfig::default());
        wrong.ui.theme = "nowhere".to_owned();
        tell.try_send(Done::Reloaded(Box::new(Ok(wrong)))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(text.contains("there is no theme `nowhere`"), "{text}");
        let well = Ok(told(UiConfig::default()));
        tell.try_send(Done::Reloaded(Box::new(well))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(!text.contains("there is no theme"), "it was mended: {text}");
        assert!(text.contains("the theme is right again"), "{text}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn views_and_own_commands_are_taken_over() {
    let effects = effects();
    let tell = effects.teller();
    let all = (effects, None, Some(standing(UiConfig::default())));
    play_all((120, 30), all, async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        let mut next = told(UiConfig::default());
        next.views = vec![SavedView {
            name: "failing".to_owned(),
            shows: Arrangement {
                filter: "is:red".to_owned(),
                ..Arrangement::default()
            },
        }];
        next.commands = commands("[[command]]\nname = \"tidy\"\nargv = [\"x\"]");
        next.written = vec!["[store]\nurl = \"sqlite:a\"".parse().unwrap()];
        tell.try_send(Done::Reloaded(Box::new(Ok(next)))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(text.contains("took over `[store]`"), "{text}");
        world.type_text("}");
        world.pass(FRAME_AND_MORE).await;
        assert!(
            world.seen.text().contains("is:red"),
            "{}",
            world.seen.text()
        );
        world.type_text("!");
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("tidy"), "{}", world.seen.text());
        // What is in force follows its view; one that is gone leaves the board as it is.
        let mut next = told(UiConfig::default());
        next.views = vec![SavedView {
            name: "failing".to_owned(),
            shows: Arrangement {
                filter: "is:blocked".to_owned(),
                ..Arrangement::default()
            },
        }];
        tell.try_send(Done::Reloaded(Box::new(Ok(next)))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(
            text.contains("is:blocked") && !text.contains("tidy"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn how_the_team_works_is_taken_over_by_the_board_and_the_engine() {
    let effects = effects();
    let tell = effects.teller();
    let all = (effects, None, Some(standing(UiConfig::default())));
    play_all((120, 30), all, async |mut world: World| {
        world.pass(FRAME_AND_MORE).await;
        let text = "[board]\ncolumns = [\"plan\", { stage = \"code\", title = \"Create\" }]";
        let settings = Settings::parse(text, "config.toml", crate::config::Trust::User, &[]);
        let mut next = told(UiConfig::default());
        next.practice = reload::practice(&settings.unwrap());
        next.written = vec![text.parse().unwrap()];
        let practice = Arc::clone(&next.practice);
        world.type_text("/x");
        tell.try_send(Done::Reloaded(Box::new(Ok(next.clone()))))
            .unwrap();
        world.pass(FRAME_AND_MORE).await;
        world.press(KeyCode::Esc);
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(text.contains("took over `[board]`"), "{text}");
        assert!(text.contains("Create") && !text.contains("Build"), "{text}");
        let heard = world.commands.try_recv().unwrap();
        assert_eq!(heard, EngineCommand::Practise(practice));
        // What is written as before is nothing new.
        tell.try_send(Done::Reloaded(Box::new(Ok(next)))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        assert!(world.commands.try_recv().is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_the_engine_did_not_hear_of_is_told_again_with_the_next_save() {
    let effects = effects();
    let tell = effects.teller();
    let all = (effects, None, Some(standing(UiConfig::default())));
    play_all((120, 30), all, async |mut world: World| {
        world.pass(FRAME_AND_MORE).await;
        // Two commands fill the way to the engine.
        world.type_text("rr");
        world.pass(FRAME_AND_MORE).await;
        let mut next = told(UiConfig::default());
        next.written = vec!["[board]\nbake_window = \"2h\"".parse().unwrap()];
        tell.try_send(Done::Reloaded(Box::new(Ok(next.clone()))))
            .unwrap();
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(text.contains("still busy"), "{text}");
        while world.commands.try_recv().is_ok() {}
        tell.try_send(Done::Reloaded(Box::new(Ok(next)))).unwrap();
        world.pass(FRAME_AND_MORE).await;
        let heard = world.commands.try_recv().unwrap();
        assert!(matches!(heard, EngineCommand::Practise(_)), "{heard:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_mouse_is_switched_off_and_on_by_a_key() {
    let all = (effects(), None, Some(standing(UiConfig::default())));
    play_all((80, 24), all, async |world: World| {
        crate::app::guard::Switch::Mouse.turn(true);
        let ctrl_x = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::CONTROL);
        world.hear(Input::Event(Event::Key(ctrl_x)));
        world.pass(FRAME_AND_MORE).await;
        assert!(aside(&world).contains("\x1b[?1002l\x1b[?1000l"));
        world.hear(Input::Event(Event::Key(ctrl_x)));
        world.pass(FRAME_AND_MORE).await;
        assert!(aside(&world).contains("\x1b[?1000h\x1b[?1002h"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn on_a_slow_line_a_key_is_a_frame_and_what_nobody_asked_for_waits_a_second() {
    let ui = UiConfig {
        slow: true,
        ..UiConfig::default()
    };
    let all = (effects(), None, Some(standing(ui)));
    play_all((80, 24), all, async |world: World| {
        world.pass(Duration::from_secs(2)).await;
        let before = world.seen.frames();
        world.type_text("j");
        world.pass(FRAME_AND_MORE).await;
        assert_eq!(world.seen.frames(), before + 1, "a key is answered at once");
        for generation in 1..5 {
            let mut board = sample::snapshot(48);
            board.generation += generation;
            world.snapshots.send_replace(Arc::new(board));
            world.pass(Duration::from_millis(150)).await;
        }
        assert_eq!(world.seen.frames(), before + 1, "boards wait");
        world.pass(Duration::from_secs(1)).await;
        assert_eq!(
            world.seen.frames(),
            before + 2,
            "the newest of them is shown"
        );
    })
    .await;
}

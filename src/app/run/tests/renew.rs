//! Another engine comes beneath the running loop.

use super::*;
use crate::app::hidden::Hidden;
use crate::app::own::{Ground, Secrets};
use crate::app::reload;
use crate::app::renew::{Around, Kept, Renewed};
use crate::app::rewind::Projector;
use crate::app::run::renew::Renewal;
use crate::app::standup::desk::Desk;
use crate::app::views::Views;
use crate::config::Settings;
use crate::domain::arrange::{Arrangement, SavedView};
use crate::domain::calendar::{WorkingTime, Zone};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::roster::Roster;
use crate::domain::text::Clean;
use crate::engine::logs::FileLogs;
use crate::engine::testing::{Fake, Rig, options, ticket};
use crate::sources::{Batch, Listing};

/// What goes by settings that say nothing.
fn around() -> Around {
    let nowhere = std::path::PathBuf::new;
    let clock: Clock = Arc::new(sample::moment);
    Around {
        store: None,
        practice: reload::practice(&Settings::default()),
        standup: Desk::new(
            crate::app::standup::kept::Kept::at(nowhere(), String::new()),
            WorkingTime::usual(Zone::UTC),
            Roster::new(Vec::new()),
        ),
        projector: Projector::default(),
        views: Views::at(nowhere(), String::new()),
        hidden: Hidden::at(nowhere(), String::new()),
        places: None,
        ground: Ground {
            secrets: Secrets::of(&[], std::iter::empty()),
            home: None,
            logs: FileLogs::new(&nowhere(), &nowhere(), clock),
            copies: nowhere(),
        },
    }
}

#[tokio::test(start_paused = true)]
async fn the_board_of_another_engine_takes_the_place_of_the_one_before() {
    let effects = Effects::new(TaskTracker::new(), Pins::at(std::path::PathBuf::new()));
    let tell = effects.teller();
    let fake = Fake::new("other", |_| {
        let repo = RepoKey::new("forge.test", "acme/other");
        let fact = Fact::Ticket(ticket(&repo, 7, "Brought by the other engine"));
        Ok(Batch {
            listings: vec![Listing {
                name: Clean::line("open"),
                members: [fact.id()].into(),
            }],
            facts: vec![fact],
            covered: vec![Clean::line("acme/other")],
            ..Batch::default()
        })
    });
    let clock: Clock = Arc::new(sample::moment);
    let rig = Rig::start(options([fake], clock));
    let engine = rig.engine.clone();
    play_all((140, 40), (effects, None, None), async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        assert!(!world.seen.text().contains("Brought by"));
        world.type_text("/title:brought");
        world.press(KeyCode::Enter);
        world.pass(FRAME_AND_MORE).await;
        let renewed = Renewed {
            engine: engine.clone(),
            around: around(),
            kept: Some(Kept {
                hides: crate::domain::hide::Hides::default(),
                views: vec![SavedView {
                    name: "theirs".to_owned(),
                    shows: Arrangement::default(),
                }],
                trouble: Vec::new(),
            }),
        };
        tell.try_send(Done::Renewed(Some(Box::new(renewed))))
            .unwrap();
        for _ in 0..20 {
            world.pass(Duration::from_millis(500)).await;
        }
        let text = world.seen.text();
        assert!(text.contains("Brought by"), "{text}");
        assert!(text.contains("/title:brought"), "the filter stays: {text}");
        assert!(text.contains("theirs"), "views of its store: {text}");
        // The one before may end: nobody listens to it any more.
        drop(world.snapshots);
        let focus = Input::Event(Event::FocusGained);
        world.input.try_send(Ok(focus)).unwrap();
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(FRAME_AND_MORE).await;
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        let text = world.seen.text();
        assert!(!text.contains("polling has stopped"), "{text}");
        assert!(world.commands.is_closed() || world.commands.is_empty());
    })
    .await;
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_cannot_be_started_is_told_of() {
    let effects = Effects::new(TaskTracker::new(), Pins::at(std::path::PathBuf::new()));
    let tell = effects.teller();
    let seen = play_with((120, 30), effects, None, async |world: World| {
        tell.try_send(Done::Renewed(None)).unwrap();
        world.pass(FRAME_AND_MORE).await;
    })
    .await;
    assert!(seen.text().contains("no other engine could be started"));
}

#[test]
fn what_is_asked_for_is_held_only_while_nobody_listens() {
    let mut renewal = Renewal::default();
    let ask = || EngineCommand::RefreshAll;
    assert_eq!(renewal.hold(ask()), Some(ask()));
    renewal.begin(String::new());
    assert_eq!(renewal.hold(ask()), None);
    for _ in 0..100 {
        renewal.hold(EngineCommand::Focus(false));
    }
    assert_eq!(renewal.hold(ask()), Some(ask()), "no more than a bound");
}

//! Real programs, started as a person's own commands are.

use super::*;
use crate::app::clock;
use crate::config::Template;
use crate::log::LogLine;

fn template(word: &str) -> Template {
    Template::parse(word).unwrap()
}

fn order(argv: &[&str], title: &str) -> Order {
    Order {
        id: 7,
        name: "mine".to_owned(),
        argv: argv.iter().map(|word| template(word)).collect(),
        cwd: None,
        values: [(Field::Title, title.to_owned())].into_iter().collect(),
        log: None,
        run: RunIn::Background,
        pause: true,
        keep_env: Vec::new(),
    }
}

struct World {
    runner: Runner,
    done: mpsc::Receiver<Done>,
    cancel: CancellationToken,
    tracker: TaskTracker,
    home: tempfile::TempDir,
}

fn world(variables: &[(&str, &str)]) -> World {
    let home = tempfile::tempdir().unwrap();
    let pairs = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    let ground = Ground {
        secrets: Secrets::of(&[], pairs),
        home: Some(home.path().to_owned()),
        logs: FileLogs::new(&home.path().join("logs"), home.path(), clock::system()),
        copies: home.path().join("copies"),
    };
    let (tell, done) = mpsc::channel(16);
    let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
    World {
        runner: Runner::new(ground, tracker.clone(), cancel.clone(), tell),
        done,
        cancel,
        tracker,
        home,
    }
}

impl World {
    /// Waits for the end of a command; returns its lines.
    async fn ended(&mut self) -> (Vec<String>, Ending) {
        loop {
            let Some(Done::Own(event)) = self.done.recv().await else {
                panic!("something else was told");
            };
            if let Some(ending) = event.ending {
                let lines = event.output.lines.iter();
                return (lines.map(LogLine::text).collect(), ending);
            }
        }
    }

    async fn run(&mut self, order: Order) -> (Vec<String>, Ending) {
        self.runner.run(order);
        self.ended().await
    }
}

#[tokio::test]
async fn a_value_is_one_argument_and_no_shell_reads_it() {
    let mut world = world(&[]);
    for title in [
        "a b  c",
        "$(id)",
        "`id`; echo x",
        "'\"",
        "*",
        "~",
        "a && b | c > d",
        "\\n",
    ] {
        let order = order(&["printf", "[%s]\\n", "x", "{title}"], title);
        let (lines, ending) = world.run(order).await;
        assert_eq!(lines, ["[x]".to_owned(), format!("[{title}]")]);
        assert_eq!(ending, Ending::Exit(0));
    }
}

#[tokio::test]
async fn what_would_be_an_option_or_no_text_starts_nothing() {
    let mut world = world(&[]);
    for (argv, title, why) in [
        (
            ["echo", "{title}"],
            "--upload-pack=x",
            "taken for an option",
        ),
        (
            ["echo", "x{title}"],
            "a\nb",
            "characters that are not passed on",
        ),
        (["echo", "{branch}"], "x", "no branch of it is known"),
        (["echo", "{log_path}"], "x", "no log is open"),
        (["no-such-program-of-mine", "x"], "x", "there is no program"),
    ] {
        let (lines, ending) = world.run(order(&argv, title)).await;
        let Ending::Failed(told) = ending else {
            panic!("{argv:?}: {ending:?}");
        };
        assert!(told.contains(why), "{told}");
        assert!(lines.is_empty());
    }
}

#[tokio::test]
async fn both_outputs_and_the_status_are_told() {
    let mut world = world(&[]);
    let script = "echo out; echo err >&2; printf '\\033]52;c;aGk=\\007\\033[31mred\\n'; exit 3";
    let (mut lines, ending) = world.run(order(&["sh", "-c", script], "x")).await;
    lines.sort();
    assert_eq!(lines, ["err", "out", "red"]);
    assert_eq!(ending, Ending::Exit(3));
}

#[tokio::test]
async fn it_works_where_it_was_told_to_and_values_lead_nowhere_else() {
    let mut world = world(&[]);
    std::fs::create_dir_all(world.home.path().join("src/api")).unwrap();
    let at = |title: &str, cwd: &str| Order {
        cwd: Some(template(cwd)),
        ..order(&["pwd"], title)
    };
    let (lines, _) = world.run(at("api", "~/src/{title}")).await;
    assert!(lines[0].ends_with("/src/api"), "{lines:?}");
    for title in ["..", "../..", "/etc", "nowhere"] {
        let (_, ending) = world.run(at(title, "~/src/{title}")).await;
        assert!(matches!(ending, Ending::Failed(_)), "{title}: {ending:?}");
    }
}

#[tokio::test]
async fn variables_that_hold_tokens_stay_here() {
    crate::app::redact::know(&secrecy::SecretString::from("of-a-horse-battery-staple"));
    // The variables of this process: what is looked for is what would be removed of them.
    let holding = [("CYCLEBOARD_TEST_COPY", "of-a-horse-battery-staple")];
    let world = world(&holding);
    let ready = Ready {
        program: "env".to_owned(),
        arguments: Vec::new(),
        dir: None,
    };
    let keeping = Order {
        keep_env: vec!["GH_TOKEN".to_owned()],
        ..order(&["env"], "x")
    };
    let command = command(&world.runner.ground.secrets, &keeping, &ready);
    let removed: Vec<_> = command
        .as_std()
        .get_envs()
        .filter(|(_, value)| value.is_none())
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .collect();
    for name in ["CYCLEBOARD_TEST_COPY", "GITHUB_TOKEN", "GITLAB_TOKEN"] {
        assert!(removed.iter().any(|it| it == name), "{name} of {removed:?}");
    }
    assert!(!removed.iter().any(|it| it == "GH_TOKEN"));
}

#[tokio::test]
async fn what_is_stopped_ends_with_all_that_it_started() {
    let mut world = world(&[]);
    // It holds on to its end; what it started would go on without it.
    let script = "trap '' TERM; sleep 1000 & echo ready; wait; sleep 1000";
    world.runner.run(order(&["sh", "-c", script], "x"));
    let Some(Done::Own(event)) = world.done.recv().await else {
        panic!("something else was told");
    };
    assert_eq!(event.output.lines.len(), 1);
    world.runner.stop(7);
    let (_, ending) = world.ended().await;
    assert_eq!(ending, Ending::Stopped);
    assert!(lock(&world.runner.running).is_empty());
}

#[tokio::test]
async fn the_end_of_the_program_is_the_end_of_what_runs() {
    let mut world = world(&[]);
    world.runner.run(order(&["sleep", "1000"], "x"));
    world.cancel.cancel();
    let (_, ending) = world.ended().await;
    assert_eq!(ending, Ending::Stopped);
    world.tracker.close();
    world.tracker.wait().await;
}

#[tokio::test]
async fn endless_output_neither_grows_nor_blocks() {
    let mut world = world(&[]);
    let script = "i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done";
    let (lines, ending) = world.run(order(&["sh", "-c", script], "x")).await;
    assert_eq!(ending, Ending::Exit(0));
    assert!(lines.len() <= 5_000, "{}", lines.len());
}

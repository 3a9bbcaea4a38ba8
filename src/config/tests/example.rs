//! The reference `config.example.toml`: right, whole, and equal to the defaults.

use super::*;
use crate::config::file;

/// Returns what an example (`#key = …` or `#[[table]]`) says; nothing for other lines.
fn example(line: &str) -> Option<&str> {
    line.strip_prefix('#')
        .filter(|rest| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()))
}

fn is_title(line: &&str) -> bool {
    example(line).unwrap_or(line).starts_with('[')
}

#[test]
fn the_example_is_the_default() {
    assert_eq!(shown(&good(EXAMPLE)), shown(&Settings::default()));
    assert_eq!(shown(&good("")), shown(&Settings::default()));
}

#[test]
fn every_example_in_it_is_right() {
    let lines: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| example(line).unwrap_or(line))
        .collect();
    let settings = good(&lines.join("\n"));
    assert_eq!(settings.sources.len(), 4);
    let extras: Vec<&Extras> = settings.sources.iter().map(|it| &it.extras).collect();
    assert_eq!(extras[1].projects.len(), 1);
    assert_eq!((extras[2].checks.len(), extras[3].maps.len()), (1, 1));
    assert_eq!(settings.policy.services.len(), 1);
    assert_eq!(settings.policy.rules.len(), 1);
    assert_eq!(settings.policy.phases.len(), 1);
    assert_eq!(settings.policy.branching_of.len(), 1);
    assert_eq!((settings.keys.own.len(), settings.views.len()), (2, 1));
    assert_eq!(settings.commands.len(), 1);
    assert_eq!(settings.flaws, []);
    assert_eq!(settings.team.people.len(), 1);
    assert!(settings.team.zone.is_some() && !settings.team.holidays.is_empty());
    assert!(settings.store.url.is_some());
    assert_eq!(settings.board.columns[1].wip, Some(8));
}

#[test]
fn every_example_stands_on_its_own() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(said) = example(line) else { continue };
        let mut text = lines.clone();
        // A table of a source stands with its source.
        let is_whole = |line: &&str| is_title(line) && !line.contains("[[source.");
        let table = lines[..=at].iter().rposition(is_whole);
        // A table, or a key of a table that is an example: all of that table.
        if let Some(start) = table.filter(|start| example(lines[*start]).is_some()) {
            let next = lines[start + 1..].iter().position(is_whole);
            let end = next.map_or(lines.len(), |next| start + 1 + next);
            for line in &mut text[start..end] {
                *line = example(line).unwrap_or(line);
            }
        } else {
            text[at] = said;
        }
        let settings = good(&text.join("\n"));
        assert_ne!(shown(&settings), shown(&Settings::default()), "{line}");
    }
}

#[track_caller]
fn documents(table: &str, names: &[&str]) {
    assert!(!names.is_empty(), "{table}");
    let (_, rest) = EXAMPLE
        .split_once(&format!("{table}\n"))
        .unwrap_or_else(|| panic!("{table} is not in the example"));
    let text: Vec<&str> = rest.lines().take_while(|line| !is_title(line)).collect();
    let text = format!("\n{}", text.join("\n"));
    for name in names {
        let found = [format!("\n{name} = "), format!("\n#{name} = ")];
        assert!(
            found.iter().any(|line| text.contains(line)),
            "{name} of {table}"
        );
    }
}

#[test]
fn every_key_is_in_the_example() {
    documents("[[source]]", file::names::<file::Source>());
    documents("[[source.project]]", file::names::<file::Project>());
    documents("[[source.check]]", file::names::<file::HttpCheck>());
    // No target takes both, and a run takes neither.
    let (places, names): (Vec<&str>, Vec<&str>) = file::names::<file::JsonMap>()
        .iter()
        .partition(|name| ["service", "environment"].contains(name));
    documents("[[source.map]]", &names);
    for place in places {
        assert!(EXAMPLE.contains(&format!("`{place} = ")), "{place}");
    }
    documents("[board]", file::names::<file::Board>());
    documents("[[wip]]", file::names::<file::Wip>());
    documents("[attention]", file::names::<file::Attention>());
    documents("[[branching]]", file::names::<file::Branching>());
    documents("[[service]]", file::names::<file::Service>());
    documents("[[phase]]", file::names::<file::Jobs>());
    documents("[[rule]]", file::names::<file::Rule>());
    documents("[[view]]", file::names::<file::View>());
    documents("[ui]", file::names::<file::Ui>());
    documents("[[command]]", file::names::<file::Command>());
    documents("[wall]", file::names::<file::Wall>());
    documents("[notify]", file::names::<file::Notify>());
    documents("[triage]", file::names::<file::Triage>());
    documents("[team]", file::names::<file::Team>());
    documents("[[team.person]]", file::names::<file::TeamPerson>());
    documents("[history]", file::names::<file::History>());
    documents("[store]", file::names::<file::Store>());
    for table in file::names::<file::File>() {
        let found = [format!("[{table}]\n"), format!("[[{table}]]\n")];
        assert!(found.iter().any(|title| EXAMPLE.contains(title)), "{table}");
    }
}

#[test]
fn every_key_before_it_has_its_comment() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for action in Action::ALL {
        assert!(EXAMPLE.contains(action.as_str()), "{action:?}");
    }
    assert!(lines.iter().all(|line| line.chars().count() <= 100));
}

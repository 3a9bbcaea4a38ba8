//! The table of commands: order, names, help.

use std::collections::HashSet;

use super::*;

#[test]
fn the_table_has_a_row_for_each_command_in_order() {
    for (at, row) in COMMANDS.iter().enumerate() {
        let place = COMMANDS.iter().position(|it| it.command == row.command);
        assert_eq!(place, Some(at), "{}", row.name);
        assert_eq!(row.command.row().name, row.name);
        assert_eq!(Command::named(row.name), Some(row.command));
    }
}

#[test]
fn names_are_unique_kebab_case_and_help_is_one_short_line() {
    let mut seen = HashSet::new();
    for row in COMMANDS {
        assert!(seen.insert(row.name), "{} twice", row.name);
        let kebab = row
            .name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(kebab, "{}", row.name);
        let help = row.help.trim();
        assert!(
            !help.is_empty() && help.len() <= 72 && !help.ends_with('.'),
            "{help}"
        );
        assert!(row.brief.len() <= 16, "{}", row.brief);
    }
}

#[test]
fn columns_are_numbered_from_one() {
    assert_eq!(Command::Column1.column(), Some(0));
    assert_eq!(Command::Column8.column(), Some(7));
    assert_eq!(Command::Overview.column(), None);
    assert_eq!(Command::Down.column(), None);
}

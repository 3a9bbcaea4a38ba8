//! GitLab's answers to facts: pure, total, and without trust.
//!
//! A word that we do not know becomes unknown, never success. What the parts
//! share is here: people, commits, links.

pub(super) mod ci;
pub(super) mod delivery;
pub(super) mod health;
pub(super) mod links;
pub(super) mod work;

use crate::domain::key::{Person, Sha};
use crate::sources::texts;
pub(super) use crate::sources::texts::{first_line, line, link};

use super::wire::User;

/// Returns a person; an account without a name is nobody.
pub(super) fn person(user: &User) -> Option<Person> {
    let login = user.username.as_deref().filter(|name| !name.is_empty())?;
    Some(Person::new(login, user.bot || is_machine(login)))
}

/// The accounts that GitLab makes for tokens of projects and groups: `project_7_bot_0a1b`.
fn is_machine(login: &str) -> bool {
    let rest = ["project_", "group_"]
        .iter()
        .find_map(|head| login.strip_prefix(head));
    let tail = rest.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    tail.is_some_and(|tail| tail == "_bot" || tail.starts_with("_bot_"))
}

/// Returns the people of a list.
pub(super) fn people<'a>(users: impl IntoIterator<Item = &'a User>) -> Vec<Person> {
    users.into_iter().filter_map(person).collect()
}

/// Returns a commit id, if there is one that is one; zeros stand for none.
pub(super) fn sha(text: Option<&str>) -> Option<Sha> {
    let text = text.filter(|text| text.bytes().any(|byte| byte != b'0'))?;
    texts::sha(Some(text))
}

/// Returns the path of a project out of the full name of one of its records: `acme/api#7`.
pub(super) fn project_of(full: &str) -> Option<&str> {
    let end = full.rfind(['#', '!'])?;
    full.get(..end).filter(|path| path.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::{is_machine, project_of, sha};

    #[test]
    fn accounts_of_tokens_are_machines() {
        assert!(is_machine("project_7_bot") && is_machine("group_12_bot_0a1b2c"));
        assert!(!is_machine("project_lead") && !is_machine("bot") && !is_machine("group_7_botany"));
    }

    #[test]
    fn a_name_of_a_record_leads_to_its_project() {
        assert_eq!(project_of("acme/tools/api#7"), Some("acme/tools/api"));
        assert_eq!(project_of("acme/api!12"), Some("acme/api"));
        assert_eq!(project_of("#7"), None);
        assert_eq!(project_of("acme/api"), None);
    }

    #[test]
    fn zeros_are_no_commit() {
        assert_eq!(sha(Some(&"0".repeat(40))), None);
        assert!(sha(Some("0a00000")).is_some());
    }
}

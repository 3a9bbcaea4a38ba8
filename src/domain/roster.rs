//! Who is who: the logins of several systems that are one person.
//!
//! A login that no table names is a person of its own. Logins are compared without regard to
//! case, as hosts do. Nothing here says what people did.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::domain::key::Person;
use crate::domain::text::Clean;

/// A person of the team, with all logins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// What people call them; it counts as a login as well.
    pub name: Clean,
    /// Their logins, without `@`.
    pub logins: Vec<Clean>,
}

/// The people of a team.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roster {
    members: Vec<Member>,
    by_login: HashMap<String, usize>,
}

/// Returns a login as it is compared.
pub fn same(login: &str) -> Cow<'_, str> {
    if login
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        Cow::Borrowed(login)
    } else {
        Cow::Owned(login.to_lowercase())
    }
}

impl Roster {
    /// Makes the roster of these people; a login that two of them claim belongs to the first.
    pub fn new(members: Vec<Member>) -> Self {
        let mut by_login = HashMap::new();
        for (at, member) in members.iter().enumerate() {
            for login in std::iter::once(&member.name).chain(&member.logins) {
                by_login.entry(same(login).into_owned()).or_insert(at);
            }
        }
        Self { members, by_login }
    }

    /// Returns the people whom the table names, in its order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns what a person is called: the name in the table, or the login.
    pub fn name<'a>(&'a self, person: &'a Person) -> &'a Clean {
        self.member(&person.login)
            .map_or(&person.login, |member| &member.name)
    }

    /// Returns the person of the table to whom a login belongs.
    pub fn member(&self, login: &str) -> Option<&Member> {
        if self.by_login.is_empty() {
            return None;
        }
        let at = self.by_login.get(same(login).as_ref())?;
        self.members.get(*at)
    }

    /// Returns whether two logins, as they are written, are one person.
    pub fn is_same(&self, one: &str, other: &str) -> bool {
        let named = |login: &str| self.member(login).map(|member| &member.name);
        match (named(one), named(other)) {
            (Some(one), Some(other)) => one == other,
            (None, None) => same(one) == same(other),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// Returns whether two logins are one person.
    pub fn is_one(&self, one: &Person, other: &Person) -> bool {
        same(self.name(one)) == same(self.name(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(login: &str) -> Person {
        Person::new(login, false)
    }

    #[test]
    fn logins_of_several_systems_are_one_person() {
        let ana = Member {
            name: "Ana Ruiz".into(),
            logins: vec!["ana-r".into(), "ANA.RUIZ".into()],
        };
        let other = Member {
            name: "Chen".into(),
            logins: vec!["ana-r".into(), "chen".into()],
        };
        let roster = Roster::new(vec![ana, other]);
        for (login, name) in [
            ("ana-r", "Ana Ruiz"),
            ("Ana-R", "Ana Ruiz"),
            ("ana.ruiz", "Ana Ruiz"),
            ("ana ruiz", "Ana Ruiz"),
            ("CHEN", "Chen"),
            ("dara", "dara"),
        ] {
            assert_eq!(roster.name(&person(login)).as_str(), name, "{login}");
        }
        assert!(roster.is_one(&person("ana.ruiz"), &person("ana-r")));
        assert!(roster.is_one(&person("Dara"), &person("dara")));
        assert!(!roster.is_one(&person("dara"), &person("chen")));
    }

    #[test]
    fn without_a_table_everybody_is_their_login() {
        let roster = Roster::default();
        assert_eq!(roster.name(&person("Ana")).as_str(), "Ana");
        assert_eq!(roster.member("ana"), None);
    }
}

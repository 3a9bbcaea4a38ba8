//! Whether a theme can be read: contrast of text on its grounds, statuses that stay apart.
//!
//! Only colours that are given as numbers can be compared; what the terminal's own palette looks
//! like is not known. What becomes of a finding is the caller's matter.

use std::fmt;

use crate::ui::theme::palette::{channels, contrast, distance};
use crate::ui::theme::sheet::{Ink, Sheet};
use crate::ui::theme::{ROLES, Role};

/// The least contrast of text, after WCAG 2.2, 1.4.3 (level AA).
const TEXT: f64 = 4.5;

/// The least contrast of lines between things, after WCAG 2.2, 1.4.11.
const LINES: f64 = 3.0;

/// How far apart two statuses are at the least: red, green and blue as a space.
const APART: u32 = 35;

/// The colours that say how something stands.
const STATUSES: [Role; 7] = [
    Role::Failed,
    Role::Blocked,
    Role::Waiting,
    Role::Unknown,
    Role::Active,
    Role::Idle,
    Role::Calm,
];

/// What makes a theme hard to read.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    /// A colour stands out too little.
    Faint {
        /// What is written.
        role: Role,
        /// On what.
        ground: Role,
        /// The contrast, 1 to 21.
        found: f64,
        /// What it should be at the least.
        least: f64,
    },
    /// Two statuses look alike.
    Alike {
        /// One.
        first: Role,
        /// The other.
        second: Role,
    },
}

impl Fault {
    /// Returns the word of the role to change first.
    pub fn role(&self) -> &'static str {
        match self {
            Self::Faint { role, .. } => role.name(),
            Self::Alike { second, .. } => second.name(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faint {
                role,
                ground,
                found,
                least,
            } => {
                let (role, ground) = (role.name(), ground.name());
                // Cut, not rounded: 4.496 is not 4.50.
                let found = (found * 100.0).floor() / 100.0;
                write!(
                    f,
                    "`{role}` on `{ground}` has a contrast of {found:.2}, {least} is needed"
                )
            }
            Self::Alike { first, second } => {
                let (first, second) = (first.name(), second.name());
                write!(f, "`{first}` and `{second}` look alike")
            }
        }
    }
}

/// Returns what makes a theme hard to read, in the order of its roles.
pub fn faults(sheet: &Sheet) -> Vec<Fault> {
    let rgb = |role: Role| match sheet.ink(role) {
        Some(Ink::Rgb(rgb)) => Some(rgb),
        Some(Ink::Named(_) | Ink::Terminal) | None => None,
    };
    let mut faults = Vec::new();
    for (role, ..) in ROLES.iter().filter(|(role, ..)| !role.is_ground()) {
        let least = if *role == Role::Border { LINES } else { TEXT };
        for ground in grounds(*role) {
            let (Some(front), Some(behind)) = (rgb(*role), rgb(*ground)) else {
                continue;
            };
            let found = contrast(front, behind);
            if found < least {
                faults.push(Fault::Faint {
                    role: *role,
                    ground: *ground,
                    found,
                    least,
                });
            }
        }
    }
    for (at, first) in STATUSES.into_iter().enumerate() {
        for second in STATUSES.into_iter().skip(at + 1) {
            let (Some(a), Some(b)) = (rgb(first), rgb(second)) else {
                continue;
            };
            if distance(channels(a), channels(b)) <= APART * APART {
                faults.push(Fault::Alike { first, second });
            }
        }
    }
    faults
}

/// Returns the grounds on which a colour is seen.
fn grounds(role: Role) -> &'static [Role] {
    match role {
        Role::SelectionText => &[Role::Selection],
        Role::BannerText => &[Role::Banner],
        Role::Background | Role::Surface | Role::Selection | Role::Banner => &[],
        Role::Text
        | Role::Dim
        | Role::Title
        | Role::Key
        | Role::Accent
        | Role::Border
        | Role::Failed
        | Role::Blocked
        | Role::Waiting
        | Role::Unknown
        | Role::Active
        | Role::Idle
        | Role::Calm
        | Role::Stale => &[Role::Background, Role::Surface],
    }
}

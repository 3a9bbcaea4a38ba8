//! How the team works, as far as that may change while the engine runs.

use crate::config::ColumnConfig;
use crate::domain::attention::{Limit, Patience};
use crate::domain::policy::Policy;

/// How the team works: where cards stand, which columns there are, and what calls for a person.
/// Pins, people and how far back is looked stay as they were at the start.
#[derive(Clone, Debug)]
pub struct Practice {
    /// Where cards stand.
    pub policy: Policy,
    /// The columns in their order.
    pub columns: Vec<ColumnConfig>,
    /// The limits of work in progress.
    pub limits: Vec<Limit>,
    /// How long things may stay as they are.
    pub patience: Patience,
}

/// Patterns cannot be compared, so that each is like itself alone.
impl PartialEq for Practice {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Practice {}

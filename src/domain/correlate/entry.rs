//! One fact as its sources say it.
//!
//! Which of them holds where they differ is decided here; what facts mean is not.

use std::sync::Arc;

use crate::domain::fact::{Fact, newest};
use crate::domain::key::SourceName;

/// One fact as every source that knows it says it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) said: Vec<(SourceName, Arc<Fact>)>,
}

impl Entry {
    /// The newest version; of equally new ones that of the first source by name.
    pub(super) fn best(&self) -> Option<&Arc<Fact>> {
        newest(&self.said).map(|(_, fact)| fact)
    }

    /// The sources that say it, by name.
    pub(super) fn sources(&self) -> impl Iterator<Item = &SourceName> {
        self.said.iter().map(|(source, _)| source)
    }

    /// Takes in what a source says.
    pub(super) fn set(&mut self, source: SourceName, fact: Arc<Fact>) {
        match self.said.binary_search_by(|(name, _)| name.cmp(&source)) {
            Ok(at) => {
                if let Some(slot) = self.said.get_mut(at) {
                    slot.1 = fact;
                }
            }
            Err(at) => {
                // Few facts are said by more than one source.
                self.said.reserve_exact(1);
                self.said.insert(at, (source, fact));
            }
        }
    }
}

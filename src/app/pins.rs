//! The user's own pins: a small file in the state directory, read at the start.
//!
//! Read again before each change, so that two boards do not undo each other's,
//! and replaced as a whole. What a pin does is the policy's matter.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::app::kept_file::KeptFile;
use crate::domain::key::ItemId;
use crate::domain::policy::Pin;

/// How many pins are kept; the oldest give way.
const MOST: usize = 1_000;

/// The form of the file.
const VERSION: u32 = 1;

/// All pins, oldest first.
pub type List = Vec<(ItemId, Pin)>;

/// Where pins are kept.
#[derive(Clone, Debug)]
pub struct Pins {
    file: KeptFile,
    /// The last ones known, should the file not be writable.
    known: Arc<Mutex<List>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    pins: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    item: ItemId,
    #[serde(flatten)]
    pin: Pin,
}

impl Pins {
    /// Settles where the file is; nothing is read yet.
    pub fn at(file: PathBuf) -> Self {
        Self {
            file: KeptFile::new(file, VERSION),
            known: Arc::default(),
        }
    }

    /// Returns the pins of the file; one that cannot be read holds none, and the log says why.
    pub fn load(&self) -> List {
        match self.read() {
            Ok(list) => {
                self.known().clone_from(&list);
                list
            }
            Err(error) => {
                tracing::warn!(%error, "pins");
                Vec::new()
            }
        }
    }

    /// Pins cards, or takes their pins away; returns all pins, and why they are not kept, if so.
    pub fn set(&self, changes: &[(ItemId, Option<Pin>)]) -> (List, Option<String>) {
        let mut known = self.known();
        let _lock = self.file.lock();
        let read = self.read();
        if let Ok(list) = &read {
            known.clone_from(list);
        }
        for (item, pin) in changes {
            known.retain(|(id, _)| id != item);
            known.extend(pin.map(|pin| (item.clone(), pin)));
        }
        let too_many = known.len().saturating_sub(MOST);
        known.drain(..too_many);
        // A file that we cannot read may be a newer program's: it is left as it is.
        let written = read.and_then(|_| self.write(&known));
        let written = written.err();
        let trouble = written.map(|error| self.file.trouble("pins hold", &error));
        (known.clone(), trouble)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, List> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> io::Result<List> {
        let document: Document = self.file.read()?;
        let pins = document.pins.into_iter();
        Ok(pins.map(|entry| (entry.item, entry.pin)).collect())
    }

    fn write(&self, list: &List) -> io::Result<()> {
        let pins = list.iter().map(|(item, pin)| Entry {
            item: item.clone(),
            pin: *pin,
        });
        let pins = pins.collect();
        self.file.write(&Document { pins })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::domain::stage::Stage;

    fn pin(stage: Stage) -> Pin {
        Pin {
            stage,
            while_in: Some(Stage::Code),
        }
    }

    #[test]
    fn boards_that_pin_at_once_lose_none() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/pins.json");
        std::thread::scope(|scope| {
            for board in 0..4 {
                let pins = Pins::at(file.clone());
                scope.spawn(move || {
                    for card in 0..20 {
                        let item = ItemId::new(&format!("ticket:a#{}", board * 20 + card));
                        assert_eq!(pins.set(&[(item.clone(), Some(pin(Stage::Test)))]).1, None);
                    }
                });
            }
        });
        assert_eq!(Pins::at(file).load().len(), 80);
    }

    #[test]
    fn pins_survive_and_are_for_their_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/pins.json");
        let (one, two) = (ItemId::new("ticket:a#1"), ItemId::new("ticket:a#2"));
        let pins = Pins::at(file.clone());
        assert_eq!(pins.load(), []);
        assert_eq!(pins.set(&[(one.clone(), Some(pin(Stage::Test)))]).1, None);
        // Another board on the same machine pins another card.
        Pins::at(file.clone()).set(&[(two.clone(), Some(pin(Stage::Plan)))]);
        let (list, trouble) = pins.set(&[(one.clone(), Some(pin(Stage::Deploy)))]);
        assert_eq!(trouble, None);
        let expected = vec![(two.clone(), pin(Stage::Plan)), (one, pin(Stage::Deploy))];
        assert_eq!(list, expected);
        assert_eq!(Pins::at(file.clone()).load(), expected);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(pins.set(&[(two.clone(), None)]).0.len(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_left_alone_and_told_of() {
        for text in ["{", "{\"version\":2,\"pins\":[]}"] {
            let home = tempfile::tempdir().unwrap();
            let file = home.path().join("pins.json");
            std::fs::write(&file, text).unwrap();
            let pins = Pins::at(file.clone());
            assert_eq!(pins.load(), []);
            let (list, trouble) = pins.set(&[(ItemId::new("ticket:a#1"), Some(pin(Stage::Test)))]);
            assert_eq!(list.len(), 1, "it holds for now");
            assert!(trouble.unwrap().contains("until the program ends"));
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
}

//! What a source stands on in tests: a clock that stands still, no variables, no memory.
//!
//! No server and no time of its own; a test says what differs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use cycleboard::domain::Timestamp;
use cycleboard::sources::http::{Ground, NoValidators, Stored, ValidatorKey, Validators};
use cycleboard::sources::logs::NoLogs;

/// Keeps validators in memory.
#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<ValidatorKey, Stored>>);

impl Validators for Memory {
    fn get(&self, key: &ValidatorKey) -> Option<Stored> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn put(&self, key: &ValidatorKey, stored: Stored) {
        self.0.lock().unwrap().insert(key.clone(), stored);
    }
}

/// Returns a ground without variables, validators and logs, for a source that only reads.
pub(crate) fn bare(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Ground {
    Ground {
        clock: Arc::new(clock),
        env: Arc::new(|_| None),
        validators: Arc::new(NoValidators),
        logs: Arc::new(NoLogs),
        read_only: true,
        know: |_| (),
    }
}

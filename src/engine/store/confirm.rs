//! When each scope of a source was last confirmed to be current. Pure.
//!
//! What an answer in part leaves open is `engine::doubt`'s.

use std::collections::HashMap;

use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::lately::last_of;
use crate::engine::snapshot::scope_of;
use crate::engine::update::Write;

/// Notes that scopes of a source are current; returns what to write of it.
pub(super) fn confirm(
    confirmed: &mut HashMap<(SourceName, Clean), Timestamp>,
    source: &SourceName,
    at: Timestamp,
    covered: &[Clean],
) -> Vec<Write> {
    let scopes = covered.iter().map(|scope| scope_of(scope));
    let note = |scope: Clean| {
        let entry = confirmed.entry((source.clone(), scope.clone()));
        let known = entry.or_insert(at);
        *known = last_of(*known, at);
        Write::Confirmed {
            source: source.clone(),
            scope,
            at,
        }
    };
    scopes.map(note).collect()
}

//! Facts as they are stored: the JSON body with its hash, and the key of its row.
//!
//! Many at once are encoded on a thread of their own, a little ahead of the rows that are
//! written: neither waits for the other for long, and no more than a few are held ready.

use std::borrow::Borrow;
use std::ops::Range;
use std::sync::mpsc::sync_channel;

use crate::engine::db::rows::{hash, key};
use crate::engine::update::Write;

/// How many writes are encoded in one go.
const CHUNK: usize = 128;

/// How many of these wait to be written.
const AHEAD: usize = 4;

/// Fewer writes than this are not worth a thread.
const FEW: usize = 512;

/// A fact, ready to be written.
#[derive(Debug)]
struct Encoded {
    key: i64,
    hash: i64,
    body: Range<usize>,
}

/// The facts among some writes, ready to be written.
#[derive(Debug, Default)]
struct Chunk {
    bodies: Vec<u8>,
    /// One for each write; none for what is no fact, or cannot be encoded.
    facts: Vec<Option<Encoded>>,
}

/// A fact as its row keeps it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<'a> {
    pub(super) key: i64,
    pub(super) hash: i64,
    pub(super) text: &'a str,
}

/// Calls `put` with each write in their order, facts with their body; stops where it fails.
pub(super) fn each<W: Borrow<Write> + Sync, E: Send>(
    writes: &[W],
    mut put: impl FnMut(&Write, Option<Body<'_>>) -> Result<(), E>,
) -> Result<(), E> {
    if writes.len() < FEW {
        let mut chunk = Chunk::default();
        for some in writes.chunks(CHUNK) {
            chunk.fill(some);
            chunk.each(some, &mut put)?;
        }
        return Ok(());
    }
    std::thread::scope(|threads| {
        let (ready, chunks) = sync_channel::<Chunk>(AHEAD);
        // It ends with the scope, or when nobody takes what it has ready.
        let _encoder = threads.spawn(move || {
            for some in writes.chunks(CHUNK) {
                let mut chunk = Chunk::default();
                chunk.fill(some);
                if ready.send(chunk).is_err() {
                    return;
                }
            }
        });
        for some in writes.chunks(CHUNK) {
            let chunk = chunks.recv().unwrap_or_else(|_| {
                let mut chunk = Chunk::default();
                chunk.fill(some);
                chunk
            });
            chunk.each(some, &mut put)?;
        }
        Ok(())
    })
}

impl Chunk {
    fn fill<W: Borrow<Write>>(&mut self, writes: &[W]) {
        self.bodies.clear();
        self.facts.clear();
        self.facts.reserve_exact(writes.len());
        for write in writes {
            let encoded = self.encode(write.borrow());
            self.facts.push(encoded);
        }
    }

    fn encode(&mut self, write: &Write) -> Option<Encoded> {
        let Write::Fact {
            source, id, fact, ..
        } = write
        else {
            return None;
        };
        let start = self.bodies.len();
        if serde_json::to_writer(&mut self.bodies, fact).is_err() {
            self.bodies.truncate(start);
            return None;
        }
        let key = key(source.as_str(), id.kind.as_str(), &id.id);
        let range = start..self.bodies.len();
        let body = self.bodies.get(range.clone())?;
        Some(Encoded {
            key,
            hash: hash(&[&key.to_le_bytes(), body]),
            body: range,
        })
    }

    fn each<W: Borrow<Write>, E>(
        &self,
        writes: &[W],
        put: &mut impl FnMut(&Write, Option<Body<'_>>) -> Result<(), E>,
    ) -> Result<(), E> {
        for (write, encoded) in writes.iter().zip(&self.facts) {
            let body = encoded.as_ref().and_then(|encoded| {
                let bytes = self.bodies.get(encoded.body.clone())?;
                Some(Body {
                    key: encoded.key,
                    hash: encoded.hash,
                    text: std::str::from_utf8(bytes).ok()?,
                })
            });
            put(write.borrow(), body)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::correlate::testing::World;

    fn writes(facts: u64) -> Vec<Write> {
        let mut world = World::new();
        for number in 1..=facts {
            world.ticket(number, |_| {});
        }
        let all = world.facts.into_iter();
        all.map(|said| Write::Fact {
            source: said.source,
            id: said.fact.id(),
            fact: Arc::clone(&said.fact),
            seen_at: world.now,
        })
        .collect()
    }

    #[track_caller]
    fn check(facts: u64) {
        let writes = writes(facts);
        let mut put: Vec<String> = Vec::new();
        let done = each(&writes, |_, body| {
            put.extend(body.map(|body| body.text.to_owned()));
            Ok::<(), ()>(())
        });
        assert_eq!(done, Ok(()));
        let expected: Vec<String> = writes
            .iter()
            .filter_map(|write| {
                let Write::Fact { fact, .. } = write else {
                    return None;
                };
                serde_json::to_string(fact).ok()
            })
            .collect();
        assert_eq!(put, expected);
    }

    #[test]
    fn facts_are_put_in_their_order_few_or_many() {
        check(3);
        check(3_000);
    }

    #[test]
    fn what_fails_ends_it() {
        for facts in [3, 3_000] {
            let mut put = 0;
            let failed = each(&writes(facts), |_, _| {
                put += 1;
                if put == 2 { Err("full") } else { Ok(()) }
            });
            assert_eq!((failed, put), (Err("full"), 2));
        }
    }
}

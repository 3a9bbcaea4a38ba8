//! What was learned last, so many of it: the oldest is forgotten, whatever its key is.
//!
//! For keys that say nothing of their age, as commits and paths. Where the numbers that a host
//! gives tell what is oldest, a plain map does.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// A map that holds at most `MOST` entries: those that were written last.
#[derive(Debug, Clone)]
pub(super) struct Recent<K, V, const MOST: usize> {
    /// Each with the turn in which it was written.
    entries: BTreeMap<K, (u64, V)>,
    /// The keys by that turn.
    order: BTreeMap<u64, K>,
    /// The turn of what is written next.
    turn: u64,
}

impl<K, V, const MOST: usize> Default for Recent<K, V, MOST> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            order: BTreeMap::new(),
            turn: 0,
        }
    }
}

impl<K: Ord + Clone, V, const MOST: usize> Recent<K, V, MOST> {
    /// Writes an entry, which is then the newest; the oldest is forgotten where it is one too many.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if let Some((before, _)) = self.entries.insert(key.clone(), (self.turn, value)) {
            self.order.remove(&before);
        }
        self.order.insert(self.turn, key);
        self.turn += 1;
        while self.entries.len() > MOST
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }

    /// Returns what is known of a key.
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Returns whether anything is known of a key.
    pub(super) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.entries.contains_key(key)
    }

    /// Returns all entries, by their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, (_, value))| (key, value))
    }

    /// Forgets what does not fit.
    pub(super) fn retain(&mut self, mut fits: impl FnMut(&K, &V) -> bool) {
        let order = &mut self.order;
        self.entries.retain(|key, (turn, value)| {
            let stays = fits(key, value);
            if !stays {
                order.remove(turn);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    type Three = Recent<&'static str, u32, 3>;

    /// Returns what is left of keys that were written one after another, each with its turn.
    fn written(keys: &[&'static str]) -> Three {
        let mut recent = Three::default();
        for (turn, key) in (0..).zip(keys) {
            recent.insert(key, turn);
        }
        recent
    }

    #[track_caller]
    fn check(recent: &Three, stays: &[(&str, u32)], forgotten: &[&str]) {
        for (key, value) in stays {
            assert_eq!(recent.get(*key), Some(value), "{key}");
        }
        for key in forgotten {
            assert!(!recent.contains_key(*key), "{key}");
        }
        let lengths = (recent.entries.len(), recent.order.len());
        assert_eq!(lengths, (stays.len(), stays.len()));
    }

    #[test]
    fn the_oldest_is_forgotten_and_not_the_smallest() {
        check(&written(&[]), &[], &["a"]);
        let full = written(&["z", "y", "a"]);
        check(&full, &[("z", 0), ("y", 1), ("a", 2)], &[]);
        let over = written(&["z", "y", "x", "a"]);
        check(&over, &[("y", 1), ("x", 2), ("a", 3)], &["z"]);
    }

    #[test]
    fn what_is_written_again_is_new_again() {
        let again = written(&["z", "y", "x", "z", "a"]);
        check(&again, &[("x", 2), ("z", 3), ("a", 4)], &["y"]);
    }

    #[test]
    fn what_was_let_go_takes_no_place() {
        let mut recent = written(&["c", "b", "a"]);
        recent.retain(|key, value| *key != "b" && *value < 9);
        recent.insert("d", 4);
        check(&recent, &[("c", 0), ("a", 2), ("d", 4)], &["b"]);
        recent.insert("e", 5);
        check(&recent, &[("a", 2), ("d", 4), ("e", 5)], &["c"]);
    }
}

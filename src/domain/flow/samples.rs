//! Everything that was measured, by metric; scope and window choose from it.

use std::collections::BTreeMap;

use crate::domain::flow::metric::{Key, Sample, Scope, Window};

/// What was measured, by metric, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    by_key: BTreeMap<Key, Vec<Sample>>,
}

impl Samples {
    pub(super) fn push(&mut self, key: Key, sample: Sample) {
        self.by_key.entry(key).or_default().push(sample);
    }

    /// Puts everything in an order that depends on what was measured alone.
    pub(super) fn sort(&mut self) {
        for samples in self.by_key.values_mut() {
            samples.sort_by(|a, b| {
                let by_name = || (&a.label, &a.part, &a.cards).cmp(&(&b.label, &b.part, &b.cards));
                let by_value = || a.value.total_cmp(&b.value);
                a.at.cmp(&b.at).then_with(by_name).then_with(by_value)
            });
        }
    }

    pub(super) fn all(&self, key: Key) -> &[Sample] {
        self.by_key.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Returns the samples of a window, oldest first.
    pub(super) fn within<'a>(
        &'a self,
        key: Key,
        scope: &'a Scope,
        window: &Window,
    ) -> impl Iterator<Item = &'a Sample> {
        let all = self.all(key);
        let first = all.partition_point(|sample| sample.at <= window.from);
        let last = all.partition_point(|sample| sample.at <= window.to);
        let cut = all.get(first..last).unwrap_or_default();
        cut.iter().filter(move |sample| sample.is_in(scope))
    }
}

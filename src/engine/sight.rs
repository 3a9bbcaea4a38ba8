//! What a source may not read of what a board shows: a token without Actions sees nothing red.
//!
//! Pure. How the source stands otherwise is `health`'s; what it can do is told
//! by the source itself.

use crate::domain::text::Clean;
use crate::engine::snapshot::SourceView;
use crate::sources::{Capability, CapabilityState};

/// What makes cards, by the word of its capability; without the last one, red cannot be seen.
const SHOWN: [(&str, &str); 4] = [
    ("dependency alerts", "dependency alerts"),
    ("code scanning alerts", "code scanning alerts"),
    ("secret scanning alerts", "secret scanning alerts"),
    (RUNS, "CI runs"),
];

/// The capability of reading what CI did.
const RUNS: &str = "runs";

/// Returns what the board should show and a source may not read, the worst last.
pub fn hidden(capabilities: &[Capability]) -> Vec<Clean> {
    let missing = |(name, what): &(&str, &str)| {
        let mut known = capabilities.iter();
        match &known.find(|known| known.name == *name)?.state {
            CapabilityState::Missing(why) => Some(Clean::line(&format!("no {what}: {why}"))),
            CapabilityState::Unknown | CapabilityState::Available => None,
        }
    };
    SHOWN.iter().filter_map(missing).collect()
}

/// What is told of a source that may not read what CI did begins with this.
const NO_RUNS: &str = "no CI runs: ";

/// What is told where not all was read that there is begins with this.
const PART: &str = "only a part ";

/// Returns whether a source may not read what CI did, or not all that there is: nothing of it is
/// red, and nobody knows. Of one that another program polls, its sentence tells.
pub fn is_blind(view: &SourceView) -> bool {
    let mut known = view.capabilities.iter();
    let mut told = view.message.iter().chain(&view.remarks);
    told.any(|text| text.starts_with(NO_RUNS) || text.starts_with(PART))
        || known.any(|known| match known.state {
            CapabilityState::Missing(_) => known.name == RUNS,
            CapabilityState::Unknown | CapabilityState::Available => false,
        })
}

#[cfg(test)]
mod tests {
    use super::hidden;
    use crate::domain::text::Clean;
    use crate::sources::{Capability, CapabilityState};

    #[test]
    fn what_makes_cards_and_may_not_be_read_is_told_the_worst_last() {
        let missing = || CapabilityState::Missing(Clean::line("no scope"));
        let of = |name, state| Capability { name, state };
        let known = [
            of("runs", missing()),
            of("code scanning alerts", missing()),
            of("dependency alerts", CapabilityState::Available),
            of("re-run", missing()),
        ];
        let told: Vec<String> = hidden(&known).iter().map(Clean::to_string).collect();
        assert_eq!(
            told,
            ["no code scanning alerts: no scope", "no CI runs: no scope"]
        );
    }
}

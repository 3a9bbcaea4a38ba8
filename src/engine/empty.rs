//! Why a column can hold no card at all: nothing feeds it.

use crate::domain::action::Deed;
use crate::domain::fact::FactKind;
use crate::domain::stage::Stage;
use crate::domain::text::Clean;
use crate::engine::facts::SourceFacts;
use crate::engine::health::SourceState;
use crate::engine::snapshot::CapabilityState;

/// What a column is fed from.
struct Feed {
    what: &'static str,
    kinds: &'static [FactKind],
    words: &'static [&'static str],
}

/// Returns why an empty column is empty, once every source has told what it has and none feeds it.
pub fn because<'a>(
    stage: Stage,
    sources: impl Iterator<Item = (&'a SourceState, &'a SourceFacts)> + Clone,
) -> Option<Clean> {
    if sources.clone().next().is_none() {
        return Some(Clean::line("no source is configured"));
    }
    let feed = feed(stage);
    let mut all = sources.clone();
    let has_food = all.any(|(_, facts)| feed.kinds.iter().any(|kind| facts.has(*kind)));
    if has_food || !sources.clone().all(|(state, _)| state.has_told_all()) {
        return None;
    }
    let missing = sources
        .flat_map(|(state, _)| state.capabilities())
        // What may be done there says nothing of what is read.
        .filter(|capability| {
            !Deed::ALL
                .iter()
                .any(|deed| capability.name.starts_with(deed.name()))
        })
        .filter(|capability| feed.words.iter().any(|word| capability.name.contains(word)))
        .find_map(|capability| match &capability.state {
            CapabilityState::Missing(why) => Some(why),
            CapabilityState::Unknown | CapabilityState::Available => None,
        });
    let reason = missing.map_or_else(
        || format!("no source reports {}", feed.what),
        |why| format!("no source reports {}: {why}", feed.what),
    );
    Some(Clean::line(&reason))
}

fn feed(stage: Stage) -> Feed {
    let (what, kinds, words): (_, &[FactKind], &[&str]) = match stage {
        Stage::Plan => ("tickets", &[FactKind::Ticket], &["issue", "ticket"]),
        Stage::Code => (
            "change requests",
            &[FactKind::ChangeRequest, FactKind::Ticket],
            &["pull", "change"],
        ),
        Stage::Build | Stage::Test => ("CI runs", &[FactKind::Run], &["run", "actions", "job"]),
        Stage::Release => (
            "releases or merged changes",
            &[FactKind::Release, FactKind::ChangeRequest, FactKind::Commit],
            &["release"],
        ),
        Stage::Deploy => (
            "deployments",
            &[FactKind::Deployment, FactKind::Release],
            &["deploy", "environment"],
        ),
        Stage::Operate => (
            "deployments or incidents",
            &[FactKind::Deployment, FactKind::Ticket],
            &["deploy", "environment"],
        ),
        Stage::Monitor => (
            "alerts, findings or deployments",
            &[FactKind::Alert, FactKind::Finding, FactKind::Deployment],
            &["alert", "scanning", "dependabot"],
        ),
    };
    Feed { what, kinds, words }
}

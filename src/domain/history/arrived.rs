//! No card is live before what brought it had come.
//!
//! Of a deployment that a newer one replaced, its host tells only when it was asked for; whoever
//! looked then took that for the beginning. Where a delivery is known with its end, that holds.

use std::collections::{BTreeMap, HashMap};

use crate::domain::history::{Delivery, DeliveryState, Transition};
use crate::domain::key::ItemId;
use crate::domain::{Timestamp, later};

/// The rules that count from when a deployment came.
const LIVE: [&str; 3] = ["live-baking", "live-watched", "live-done"];

/// Moves what counts from the beginning of a delivery to its end, up to the moment until which
/// history was told; what would come later has not happened yet.
pub(super) fn from_the_end(
    ways: &mut BTreeMap<ItemId, Vec<Transition>>,
    deliveries: &[Delivery],
    told_to: Option<Timestamp>,
) {
    let mut spans: HashMap<&ItemId, Vec<(Timestamp, Timestamp)>> = HashMap::new();
    for delivery in deliveries {
        let end = delivery.finished_at.filter(|end| {
            delivery.production
                && delivery.state == DeliveryState::Succeeded
                && *end > delivery.started_at
        });
        let Some(end) = end else { continue };
        for carried in &delivery.carried {
            let of = spans.entry(&carried.item).or_default();
            of.push((delivery.started_at, end));
        }
    }
    for (item, spans) in spans {
        let Some(way) = ways.get_mut(item) else {
            continue;
        };
        way.retain_mut(|step| {
            if !LIVE.contains(&step.rule.as_str()) {
                return true;
            }
            let within = spans
                .iter()
                .find(|(from, to)| (from..to).contains(&&step.at));
            let Some((from, to)) = within else {
                return true;
            };
            step.at = later(step.at, *to - *from);
            told_to.is_some_and(|told| step.at <= told)
        });
    }
}

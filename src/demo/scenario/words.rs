//! Words for titles, files and branches; a few titles are hostile on purpose.

use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::team::Focus;

const VERBS: &[&str] = &[
    "Add",
    "Fix",
    "Speed up",
    "Simplify",
    "Document",
    "Harden",
    "Retry",
    "Cache",
    "Validate",
    "Rename",
    "Split",
    "Measure",
    "Drop",
    "Migrate",
    "Translate",
    "Paginate",
];

const THINGS: &[&str] = &[
    "the order export",
    "session renewal",
    "the search index",
    "receipt numbering",
    "rate limits for partners",
    "the address form",
    "webhook signatures",
    "the nightly import",
    "currency rounding",
    "the audit trail",
    "empty basket handling",
    "time zones in reports",
    "the health endpoint",
    "image thumbnails",
    "two-factor enrolment",
    "invoice templates",
    "the retry queue",
    "feature flags",
    "the login page",
    "stock reservations",
    "password resets",
    "the price cache",
    "delivery estimates",
    "the consent banner",
];

const PACKAGES: &[&str] = &[
    "tokio", "serde", "hyper", "vite", "react", "postgres", "openssl",
];

const TROUBLES: &[&str] = &[
    "Checkout answers 502",
    "Logins take ten seconds",
    "Receipts are sent twice",
    "Search finds nothing",
    "Exports stop half-way",
];

/// Returns the title of a change.
pub(super) fn title(dice: &mut Dice, focus: Focus) -> String {
    let plain = format!("{} {}", dice.pick(VERBS), dice.pick(THINGS));
    match focus {
        Focus::Update => {
            let (minor, patch) = (dice.below(40), dice.below(9));
            format!(
                "Bump {} from 1.{minor}.{patch} to 1.{}.0",
                dice.pick(PACKAGES),
                minor + 1
            )
        }
        Focus::IncidentFiring | Focus::IncidentTaken => dice.pick(TROUBLES).to_owned(),
        // Hostile on purpose: a board must survive what people paste into titles.
        Focus::Untriaged => format!("\u{1b}[31m{plain}\u{1b}[0m\u{7} \u{1b}]0;owned\u{7}now"),
        Focus::Triaged => format!("{plain} \u{202e}gnp.exe\u{202c} 🚀 検索インデックスの再構築"),
        Focus::Blocked
        | Focus::InProgress
        | Focus::Draft
        | Focus::Unchecked
        | Focus::RedBuild
        | Focus::ActionRequired
        | Focus::StartupFailure
        | Focus::RedTest
        | Focus::Review
        | Focus::ChangesRequested
        | Focus::Conflict
        | Focus::Behind
        | Focus::Mergeable
        | Focus::Queue
        | Focus::RedMainBuild
        | Focus::RedMainTest
        | Focus::Dropped
        | Focus::Mixed
        | Focus::Backlog
        | Focus::Outage
        | Focus::Flaky
        | Focus::RedBase => plain,
    }
}

/// Returns the name of a branch for a change.
pub(super) fn branch(ticket: Option<u64>, title: &str, focus: Focus, number: u64) -> String {
    if focus == Focus::Update {
        return format!("dependabot/cargo/update-{number}");
    }
    let mut slug = String::new();
    for word in title.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        if !word.is_empty() && slug.len() < 32 {
            if !slug.is_empty() {
                slug.push('-');
            }
            slug.push_str(&word.to_ascii_lowercase());
        }
    }
    match ticket {
        Some(ticket) => format!("{ticket}-{slug}"),
        None => format!("{slug}-{number}"),
    }
}

/// Returns the files that a change touches.
pub(super) fn files(dice: &mut Dice, service: &str, mono: bool, suffix: &str) -> Vec<String> {
    const NAMES: &[&str] = &[
        "handler", "store", "model", "routes", "errors", "config", "client",
    ];
    let count = 1 + dice.below(5);
    let mut files: Vec<String> = (0..count)
        .map(|_| {
            let name = dice.pick(NAMES);
            let folder = if dice.percent(30) { "tests" } else { "src" };
            if mono {
                format!("services/{service}/{folder}/{name}.{suffix}")
            } else {
                format!("{folder}/{name}.{suffix}")
            }
        })
        .collect();
    files.sort();
    files.dedup();
    files
}

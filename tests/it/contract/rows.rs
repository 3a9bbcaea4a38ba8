//! The rows themselves: that every kind and every resource has one, or a reason why not.

use super::dialects::APART;
use super::*;

/// Returns what a resource is called without what it is of: `runs:acme/api@3` is `runs`.
fn bare_name(resource: &str) -> &str {
    let end = resource.find([':', '@']).unwrap_or(resource.len());
    &resource[..end]
}

/// Returns the kind whose adapter a kind shares.
fn adapter(kind: &str) -> &str {
    if kind == "forgejo" { "gitea" } else { kind }
}

#[test]
fn every_kind_has_a_row_or_a_reason_why_not() {
    for kind in REGISTRY {
        let name = kind.config.name;
        let rows = DIALECTS.iter().filter(|row| row.kind == name).count();
        let whole = APART.iter().filter(|row| row.0 == name && row.1.is_empty());
        let told = usize::from(rows > 0) + whole.count();
        assert_eq!(told, 1, "`{name}` has rows and a reason, or neither");
    }
}

#[test]
fn every_reason_is_told() {
    for (kind, resource, why) in APART {
        assert!(!why.is_empty(), "{kind} {resource}");
        let is_row = |row: &&Dialect| row.kind == *kind && bare_name(row.resource) == *resource;
        assert_eq!(DIALECTS.iter().find(is_row).map(|row| row.path), None);
    }
    for dialect in DIALECTS {
        let whys = dialect.spared.iter().map(|(_, why)| *why);
        assert!(whys.clone().all(|why| !why.is_empty()));
        let has_word = !dialect.word.is_empty();
        assert_eq!(has_word, dialect.keeps(Law::Words), "{}", dialect.path);
    }
}

#[tokio::test]
async fn every_resource_that_is_polled_has_a_row_or_a_reason_why_not() {
    for dialect in DIALECTS {
        let fault = dialect.serve(dialect.good()).await;
        let source = dialect.source(&fault.url);
        let mut polled: BTreeSet<String> = BTreeSet::new();
        // What was read decides what is polled: two rounds, each of all there is.
        for _ in 0..3 {
            for resource in source.resources(now()) {
                let fetch = Fetch {
                    resource: Arc::clone(&resource.id),
                    now: now(),
                    forced: false,
                };
                // What of it is not there here decides nothing.
                let _missing = source.fetch(fetch).await;
                polled.insert(bare_name(&resource.id).to_owned());
            }
        }
        assert!(
            polled.contains(bare_name(dialect.resource)),
            "{} {}: {polled:?}",
            dialect.kind,
            dialect.resource
        );
        for name in polled {
            let mut rows = DIALECTS.iter();
            let kind = adapter(dialect.kind);
            let has_row = rows.any(|it| adapter(it.kind) == kind && bare_name(it.resource) == name);
            let reason = APART.iter().any(|row| row.0 == kind && row.1 == name);
            assert!(has_row || reason, "{}: `{name}` has no row", dialect.kind);
        }
    }
}

//! The filter language by example and by law.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::attention::AttentionBoard;
use crate::domain::item::{Anchor, Evidence, EvidenceKind, Placement};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, SourceName, TrainId};
use crate::domain::roster::{Member, Roster};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

fn now() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn ctx() -> QueryContext {
    QueryContext {
        now: now(),
        me: vec!["Ana".to_owned(), "ana-work".to_owned()],
        attention: AttentionBoard::default(),
        hides: Hides::default(),
    }
}

fn evidence(kind: EvidenceKind, key: &str, status: Status) -> Evidence {
    Evidence {
        kind,
        key: Clean::line(key),
        state: Clean::line(status.as_str()),
        status,
        url: None,
        at: now(),
        confidence: 100,
        detail: Clean::default(),
        run: None,
        door: None,
        sha: None,
    }
}

/// A card in Test, three days old, with something in every field.
fn item() -> WorkItem {
    WorkItem {
        id: ItemId::new("ticket:github.com/acme/api#12"),
        anchor: Anchor::Ticket,
        key: "acme/api#12".into(),
        title: "Fix the LOGIN loop (größer)".into(),
        url: None,
        repo: Some(RepoKey::new("github.com", "acme/api")),
        services: vec![ServiceName::new("api")],
        author: Some(Person::new("ana", false)),
        holders: vec![Person::new("chen", false), Person::new("dara", false)],
        reviewers: vec![Person::new("acme/backend", false)],
        labels: vec![
            "type: bug".into(),
            "kind/infra".into(),
            "good first issue".into(),
        ],
        milestone: Some("2026 Q1".into()),
        branches: vec!["feature/login-loop".into()],
        placement: Placement {
            stage: Stage::Test,
            status: Status::Failed,
            rule: "test-job-failed".into(),
            reason: "job `integration` failed".into(),
            since: now() - TimeDelta::days(3),
            done: None,
            badges: vec!["pinned".into()],
            next_change: None,
        },
        evidence: vec![
            evidence(EvidenceKind::ChangeRequest, "acme/api#34", Status::Review),
            evidence(EvidenceKind::Job, "integration", Status::Failed),
            evidence(EvidenceKind::Deployment, "eu-staging", Status::Live),
        ],
        train: Some(TrainId::new("release:github.com/acme/api/v1.14.0")),
        bot: false,
        created_at: now() - TimeDelta::days(10),
        updated_at: now() - TimeDelta::hours(5),
        sources: vec![SourceName::new("github")],
        haystack: Haystack::default(),
    }
}

/// The same with its haystack, as correlation makes it.
fn indexed() -> WorkItem {
    let item = item();
    WorkItem {
        haystack: Haystack::of(&item),
        ..item
    }
}

fn parsed(text: &str) -> Query {
    Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn yes(text: &str) {
    assert!(
        parsed(text).matches(&item(), &ctx()) && parsed(text).matches(&indexed(), &ctx()),
        "should match: {text}"
    );
}

#[track_caller]
fn no(text: &str) {
    assert!(
        !parsed(text).matches(&item(), &ctx()) && !parsed(text).matches(&indexed(), &ctx()),
        "should not match: {text}"
    );
}

#[track_caller]
fn fails(text: &str, message: &str, part: &str, nearest: Option<&str>) {
    let error = Query::parse(text).expect_err(text);
    assert_eq!(error.message, message, "{text}");
    assert_eq!(text.get(error.start..error.end), Some(part), "{text}");
    assert_eq!(error.nearest.as_deref(), nearest, "{text}");
}

#[test]
fn a_status_is_understood_as_a_card_shows_it() {
    for status in Status::ALL {
        assert_eq!(Status::parse(status.label()), Some(status));
        assert_eq!(Status::parse(status.as_str()), Some(status));
    }
    assert!(Query::parse("status:changes").is_ok());
}

#[test]
fn the_empty_filter_matches_everything() {
    yes("");
    yes("   ");
    assert!(parsed("  ").is_empty());
    assert!(!parsed("x").is_empty());
}

#[test]
fn words_are_found_anywhere_on_the_card() {
    yes("login");
    yes("LOGIN loop");
    yes("api#12");
    yes("dara");
    yes("feature/login");
    yes("infra");
    yes("GRÖSSER OR Größer");
    yes("fix*loop");
    yes("\"the login\"");
    no("\"login the\"");
    no("logout");
    no("login logout");
}

#[test]
fn people_are_named_by_login() {
    yes("author:ana");
    yes("author:@ana");
    yes("author:ANA");
    yes("author:@me");
    no("author:an");
    yes("author:an*");
    yes("holder:dara");
    yes("assignee:chen,ivo");
    no("holder:@me");
    no("holder:none");
    yes("reviewer:acme/backend");
}

#[test]
fn names_are_whole_or_a_part_that_stands_for_the_whole() {
    yes("repo:api");
    yes("repo:acme/api");
    yes("repo:acme");
    no("repo:ap");
    no("repo=api");
    yes("repo=acme/api");
    yes("repo:acme/*");
    yes("label:bug");
    yes("label:infra");
    yes("label:\"good first issue\"");
    no("label:inf");
    no("label=bug");
    yes("env:staging");
    yes("env:eu-staging");
    no("env:stag");
    yes("service:api");
    yes("svc:API");
    no("service:web");
}

#[test]
fn sources_and_hosts_are_named_whole_or_by_a_part_of_the_address() {
    yes("source:github host:github.com");
    no("source:git");
    no("host:github");
    no("-host:github.com");
}

#[test]
fn titles_and_their_like_are_named_by_a_piece() {
    yes("title:loop");
    yes("key:#12");
    yes("branch:login");
    yes("milestone:q1");
    yes("train:v1.14");
    no("title=loop");
    no("milestone:none");
}

#[test]
fn stages_have_an_order() {
    yes("stage:test");
    yes("stage:verify");
    yes("stage:build..deploy");
    yes("stage:..test");
    yes("stage:test..");
    no("stage:release..");
    yes("stage:>build");
    no("stage:>test");
    yes("stage:>=test");
    yes("stage:<release");
    no("stage:<=build");
    yes("stage:plan,test");
    no("stage:plan..build,deploy");
}

#[test]
fn statuses_and_severities() {
    yes("status:failed");
    yes("status:changes-requested,failed");
    no("status:flaky");
    yes("severity:failed");
    yes("sev:red");
    yes("sev:>=waiting");
    no("sev:<blocked");
    yes("sev:waiting..failed");
}

#[test]
fn ages_are_durations() {
    yes("age:>2d");
    no("age:>3d");
    yes("age:>=3d");
    yes("age:3d");
    yes("age:72h");
    no("age:2d");
    yes("age>2d");
    yes("age:1d..4d");
    no("age:4d..");
    yes("idle:<1d");
    yes("idle:5h");
    no("idle:>5h");
}

#[test]
fn properties_and_belongings() {
    yes("is:red");
    yes("is:failed");
    yes("is:mine");
    yes("is:open");
    yes("is:pinned");
    yes("is:stuck,red");
    no("is:bot");
    no("is:done");
    no("is:incident");
    no("is:unassigned");
    yes("-is:bot");
    yes("has:pr");
    yes("has:failed-job");
    no("has:failed-run");
    yes("has:deployment has:milestone has:train");
    no("has:alert");
    no("has:url");
    yes("anchor:ticket");
    no("anchor:pr,push");
}

#[test]
fn cards_are_stuck_after_the_time_of_their_stage() {
    let mut card = item();
    let stuck = parsed("is:stuck");
    for (stage, status, hours, expected) in [
        (Stage::Test, Status::Failed, 10_000, false),
        (Stage::Test, Status::Running, 2, true),
        (Stage::Build, Status::Running, 1, false),
        (Stage::Code, Status::Review, 49, true),
        (Stage::Code, Status::Drafting, 49, false),
        (Stage::Code, Status::Drafting, 121, true),
        (Stage::Plan, Status::Ready, 29 * 24, false),
        (Stage::Plan, Status::Ready, 31 * 24, true),
        (Stage::Deploy, Status::Waiting, 25, true),
        (Stage::Operate, Status::Live, 10_000, false),
    ] {
        card.placement.stage = stage;
        card.placement.status = status;
        card.placement.since = now() - TimeDelta::hours(hours);
        card.updated_at = card.placement.since;
        assert_eq!(
            stuck.matches(&card, &ctx()),
            expected,
            "{stage:?} {status:?} {hours}"
        );
        card.updated_at = now();
        assert!(!stuck.matches(&card, &ctx()), "something just happened");
    }
}

#[test]
fn groups_and_negation() {
    yes("stage:plan OR status:failed");
    yes("stage:plan | status:failed");
    no("stage:plan OR stage:code");
    no("login stage:plan OR stage:code");
    yes("(stage:plan OR status:failed) login");
    no("-(stage:plan OR status:failed)");
    yes("NOT stage:plan AND login");
    yes("--login");
    yes("- stage:plan");
    yes("((((login))))");
}

#[test]
fn odd_words_are_words() {
    no("12:30");
    no("https://example.org/x");
    no("x=1");
    yes("fix(api)");
    no("\"fix(api)\"");
    no("\"OR\"");
    yes("or OR login");
    no("-\"login\"");
}

#[track_caller]
fn hints(text: &str, words: &str) {
    let hint = Query::parse(text).unwrap_err().hint().unwrap_or_default();
    assert!(hint.starts_with(words), "{text}: {hint}");
}

#[test]
fn a_value_that_is_not_known_is_answered_with_those_that_are() {
    hints("is:qqqq", "it is one of stuck, red, blocked");
    hints("is:stuk", "did you mean `stuck`? it is one of stuck, red");
    hints("is:me", "did you mean `mine`? it is one of stuck, red");
    let error = Query::parse("is:qqqq").unwrap_err();
    for word in ["pinned", "failed", "changes_requested", "unknown"] {
        let known = error.known.iter().filter(|known| **known == word);
        assert_eq!(known.count(), 1, "{word} in {:?}", error.known);
    }
    hints("has:qqqq", "it is one of pr, mr, change_request, ticket");
    hints("stage:qqqq", "it is one of plan, code, build");
    hints("age:qqqq", "");
}

#[test]
fn errors_name_the_part_and_what_was_meant() {
    fails("autor:ana", "unknown key `autor`", "autor", Some("author"));
    fails("login x:1", "unknown key `x`", "x", None);
    fails(
        "status:faild",
        "`status` does not know `faild`",
        "faild",
        Some("failed"),
    );
    fails(
        "is:stuk,red",
        "`is` does not know `stuk`",
        "stuk",
        Some("stuck"),
    );
    fails(
        "stage:bild..test",
        "`stage` does not know `bild`",
        "bild..test",
        Some("build"),
    );
    fails("has:pull", "`has` does not know `pull`", "pull", None);
    fails("label:", "`label` needs a value", "label:", None);
    fails("label:a, b", "there is nothing after the comma", ",", None);
    fails(
        "status:failed,",
        "there is nothing after the comma",
        ",",
        None,
    );
    fails(
        "age:>soon",
        "`age` takes a duration such as `2d` or `90m`, not `soon`",
        "soon",
        None,
    );
    fails(
        "label:>bug",
        "`label` cannot be compared by more or less",
        "bug",
        None,
    );
    fails(
        "stage:test..build",
        "the range `test..build` ends before it begins",
        "test..build",
        Some("build..test"),
    );
    fails(
        "age:3d..1h",
        "the range `3d..1h` ends before it begins",
        "3d..1h",
        Some("1h..3d"),
    );
    fails(
        "age:>1d..2d",
        "a range and a comparison do not go together",
        "1d..2d",
        None,
    );
    fails("(login", "`(` is not closed", "(", None);
    fails("login)", "`)` closes nothing", ")", None);
    fails("()", "there is nothing between the parentheses", ")", None);
    fails("login OR", "`OR` needs something on both sides", "OR", None);
    fails("OR login", "`OR` needs something on both sides", "O", None);
    fails("a AND", "`AND` needs something on both sides", "AND", None);
    fails("-", "there is nothing to negate", "-", None);
    fails("\"login", "the quote is not closed", "\"login", None);
    fails("\"\"", "there is nothing between the quotes", "\"\"", None);
    let deep = "(".repeat(1_000);
    assert_eq!(
        Query::parse(&deep).unwrap_err().message,
        "the parentheses go too deep"
    );
    let long = "a ".repeat(5_000);
    assert!(Query::parse(&long).unwrap_err().message.contains("longer"));
    assert_eq!(
        Query::parse("login autor:x").unwrap_err().to_string(),
        "unknown key `autor` at column 7"
    );
}

#[test]
fn filters_are_equal_when_they_ask_the_same() {
    assert_eq!(
        parsed("svc:api  assignee:x"),
        parsed("service:API holder:X")
    );
    assert_eq!(parsed("a | b"), parsed("a OR (b)"));
    assert_ne!(parsed("a b"), parsed("b a"));
    assert_eq!(parsed("svc:api age>2d").to_string(), "service:api age:>2d");
    assert_eq!(parsed(" a  ").text(), " a  ");
}

#[track_caller]
fn completes(text: &str, start: usize, key: Option<&str>, first: &[&str]) {
    let found = completion(text, text.len());
    assert_eq!(
        (found.start, found.end, found.key),
        (start, text.len(), key),
        "{text}"
    );
    let words: Vec<&str> = found.words.iter().map(String::as_str).collect();
    assert!(words.starts_with(first), "{text}: {words:?}");
    assert_eq!(first.is_empty(), words.is_empty(), "{text}: {words:?}");
}

#[test]
fn keys_and_values_are_completed() {
    completes("", 0, None, &["author:", "holder:"]);
    completes("st", 0, None, &["stage:", "status:", "milestone:", "host:"]);
    completes("login -sta", 7, None, &["stage:", "status:"]);
    completes("stage:", 6, Some("stage"), &["plan", "code"]);
    completes("stage:de", 6, Some("stage"), &["deploy"]);
    completes("status:failed,fl", 14, Some("status"), &["flaky"]);
    completes("(assignee:", 10, Some("holder"), &["@me", "none"]);
    completes("age:>", 5, Some("age"), &["1h", "1d"]);
    completes("is:b", 3, Some("is"), &["blocked", "bot", "backlog"]);
    completes("nokey:x", 7, None, &[]);
    completes("label:\"good fi", 14, None, &[]);
    assert_eq!(completions("st", 2)[0], "stage:");
}

#[test]
fn every_completion_is_understood() {
    for key in completions("", 0) {
        for value in completions(&key, key.len()) {
            parsed(&format!("{key}{value}"));
        }
    }
}

/// Terms that are right, of every kind.
fn term() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "login",
            "loop",
            "zebra",
            "\"the login\"",
            "author:@me",
            "holder:none",
            "repo:api,web",
            "repo=acme/api",
            "label:\"a \\\"b\\\" \\\\\"",
            "stage:build..deploy",
            "stage:>build",
            "status:failed,flaky",
            "is:stuck",
            "is:red,bot",
            "has:pr",
            "age:>2d",
            "age:1h..",
            "idle:<1d",
            "sev:>=waiting",
            "branch:fea*",
            "anchor:ticket",
            "12:30",
            "größe",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,3}",
        "(label|title|env|service)(:|=)[a-z*]{1,3}",
    ]
}

fn filter() -> impl Strategy<Value = String> {
    term().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.join(" ")),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.prop_map(|part| format!("-({part})")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_without_harm(text in "\\PC{0,60}") {
        if let Err(error) = Query::parse(&text) {
            prop_assert!(text.get(error.start..error.end).is_some(), "{:?}", error);
        }
    }

    #[test]
    fn pieces_of_filters_are_parsed_or_refused_without_harm(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "\"", "\\", "-", ":", ">", "=", ",", "..", "*", "|", " ", "OR", "AND",
                "NOT", "age", "stage", "label", "is", "1d", "é", "@me", "x",
            ]),
            0..20,
        ),
        cursor in 0_usize..40,
    ) {
        let text = pieces.concat();
        match Query::parse(&text) {
            Ok(query) => prop_assert_eq!(parsed(&query.to_string()), query),
            Err(error) => prop_assert!(text.get(error.start..error.end).is_some(), "{:?}", error),
        }
        let found = completion(&text, cursor);
        prop_assert!(text.get(found.start..found.end).is_some());
    }

    #[test]
    fn what_is_printed_is_parsed_as_the_same(text in filter()) {
        let query = parsed(&text);
        let printed = query.to_string();
        let again = parsed(&printed);
        prop_assert_eq!(&again, &query, "{}", printed);
        prop_assert_eq!(again.to_string(), printed);
    }

    #[test]
    fn negation_is_the_complement(text in filter()) {
        let plain = parsed(&text).matches(&item(), &ctx());
        prop_assert_eq!(parsed(&format!("-({text})")).matches(&item(), &ctx()), !plain);
        prop_assert_eq!(parsed(&format!("-(-({text}))")).matches(&item(), &ctx()), plain);
    }

    #[test]
    fn and_or_are_what_they_are_called(a in filter(), b in filter()) {
        let holds = |text: &str| parsed(text).matches(&item(), &ctx());
        let (left, right) = (holds(&a), holds(&b));
        prop_assert_eq!(holds(&format!("({a}) ({b})")), left && right);
        prop_assert_eq!(holds(&format!("({a}) OR ({b})")), left || right);
        prop_assert_eq!(holds(&format!("-(({a}) ({b}))")), holds(&format!("-({a}) OR -({b})")));
    }
}

#[test]
fn errors_count_columns_as_a_terminal_shows_them() {
    let column = |text: &str| Query::parse(text).expect_err(text).column;
    assert_eq!(column("labl:bug"), 1);
    assert_eq!(column("größe labl:bug"), 7);
    assert_eq!(column("修复 labl:bug"), 6);
    let error = Query::parse("größe labl:bug").expect_err("a wrong key");
    assert_eq!(error.to_string(), "unknown key `labl` at column 7");
}

proptest! {
    #[test]
    fn a_haystack_holds_what_its_card_holds(
        title in "[aAbBßÅéK ]{0,12}",
        labels in prop::collection::vec("[aAbBß:]{0,4}", 0..3),
        branch in "[aAbB/]{0,6}",
        word in "[aAbBßÅé*/:K]{1,4}",
        quoted in any::<bool>(),
    ) {
        let mut item = item();
        item.title = Clean::line(&title);
        item.labels = labels.iter().map(|label| Clean::line(label)).collect();
        item.branches = vec![Clean::line(&branch)];
        let text = if quoted { format!("\"{word}\"") } else { word };
        if let Ok(query) = Query::parse(&text) {
            let plain = query.matches(&item, &ctx());
            item.haystack = Haystack::of(&item);
            prop_assert_eq!(query.matches(&item, &ctx()), plain);
        }
    }
}

#[test]
fn a_person_is_asked_for_by_any_of_their_names() {
    let member = |name: &str, logins: &[&str]| Member {
        name: name.into(),
        logins: logins.iter().map(|login| (*login).into()).collect(),
    };
    let people = Roster::new(vec![
        member("Chen Li", &["chen", "chen-l"]),
        member("Ana Ruiz", &["ana-work", "ana"]),
    ]);
    let mut context = ctx();
    let found = |text: &str, context: &QueryContext| {
        let query = Query::parse(text).expect("it is a filter");
        query.matches(&item(), context)
    };
    for text in [
        "holder:\"Chen Li\"",
        "holder:chen-l",
        "author:\"ana ruiz\"",
        "holder:\"CHEN LI\"",
    ] {
        assert!(!found(text, &context), "{text}: nobody knows");
        context.attention = AttentionBoard::of_people(people.clone());
        assert!(found(text, &context), "{text}");
        context.attention = AttentionBoard::default();
    }
    context.attention = AttentionBoard::of_people(people);
    assert!(!found("holder:\"Ana Ruiz\"", &context));
    context.me = vec!["Chen-L".to_owned()];
    assert!(found("holder:@me", &context), "as one of their logins");
}

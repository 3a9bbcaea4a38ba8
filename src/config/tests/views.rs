//! `[[view]]`: what a view shows, and what is told of one that is wrong.

use super::*;
use crate::domain::arrange::{Group, Order};

const TWO: &str = r#"
[[view]]
name = "my reviews"
filter = "is:waiting-for-me"
key = "f2"

[[view]]
name = "Shipping"
columns = ["release", "deploy"]
group = "label:team/*"
sort = "age"
"#;

#[test]
fn a_view_is_a_filter_columns_lanes_and_an_order() {
    let settings = good(TWO);
    let [reviews, shipping] = &settings.views[..] else {
        panic!("{:?}", settings.views);
    };
    assert_eq!(reviews.view.name, "my reviews");
    assert_eq!(reviews.view.shows.filter, "is:waiting-for-me");
    assert_eq!(reviews.key.as_deref(), Some("f2"));
    assert_eq!(reviews.view.shows.group, Group::None);
    let shows = &shipping.view.shows;
    assert_eq!(shows.columns, [Stage::Release, Stage::Deploy]);
    assert_eq!(shows.group, Group::Label("team/".to_owned()));
    assert_eq!(shows.order, Order::Age);
    assert!(settings.flaws.is_empty());
}

/// Puts a broken view beside two good ones, which stay.
#[track_caller]
fn told(broken: &str, message: &str, hint: &str) {
    let settings = good(&format!("{TWO}\n[[view]]\n{broken}\n"));
    assert_eq!(settings.views.len(), 2, "the others stay");
    let [flaw] = &settings.flaws[..] else {
        panic!("{:?}", settings.flaws);
    };
    assert_eq!(flaw.message, message);
    assert!(flaw.line >= 12, "line {}", flaw.line);
    let told = flaw.hint.as_deref().unwrap_or_default();
    assert!(told.contains(hint), "{told}");
}

#[test]
fn a_broken_view_is_told_of_and_the_others_stay() {
    told(
        "filter = \"is:red\"",
        "`name` is missing in [[view]]",
        "tab",
    );
    told(
        "name = \"x\"\nfilter = \"stauts:failed\"",
        "`filter` of the view `x`: unknown key `stauts` at column 1",
        "did you mean `status`?",
    );
    told(
        "name = \"x\"\ncolumns = [\"biuld\"]",
        "`columns`: unknown word `biuld`",
        "did you mean `build`?",
    );
    told(
        "name = \"x\"\ngroup = \"servce\"",
        "`group`: unknown word `servce`",
        "did you mean `service`?",
    );
    told(
        "name = \"x\"\nsort = \"odlest\"",
        "`sort`: unknown word `odlest`",
        "did you mean `oldest`?",
    );
    told(
        "name = \"x\"\nfiltre = \"a\"",
        "unknown key `filtre` in [[view]]",
        "did you mean `filter`?",
    );
    told(
        "name = \"SHIPPING\"",
        "there are two views named `SHIPPING`",
        "another `name`",
    );
    told(
        "name = \"a\\u001bb\"",
        "`name`: the name of a view holds a character that cannot be shown",
        "",
    );
    told(
        "name = \"x\"\ncolumns = []",
        "`columns` names no column",
        "leave it out",
    );
}

#[test]
fn a_directory_may_give_views_but_no_keys() {
    let user = Layer {
        file: "user",
        text: TWO,
        trust: Trust::User,
    };
    let text = "[[view]]\nname = \"my Reviews\"\nfilter = \"is:red\"\nkey = \"f3\"\n";
    let here = Layer {
        file: "here",
        text,
        trust: Trust::Directory,
    };
    let settings = Settings::merge(&[user, here], &[]).unwrap();
    let names: Vec<&str> = settings
        .views
        .iter()
        .map(|v| v.view.name.as_str())
        .collect();
    assert_eq!(names, ["Shipping", "my Reviews"]);
    assert_eq!(settings.views[1].key, None);
    assert_eq!(settings.flaws.len(), 1, "{:?}", settings.flaws);
    assert!(settings.flaws[0].message.contains("may not set `key`"));
}

//! Orders, lanes and names of views.

use super::*;

#[test]
fn a_key_goes_through_every_order_and_back() {
    let mut order = Order::default();
    for expected in Order::ALL {
        assert_eq!(order, expected);
        assert_eq!(Order::parse(order.as_str()), Some(order));
        order = order.next();
    }
    assert_eq!(order, Order::default());
}

#[test]
fn a_key_goes_through_every_kind_of_lane_and_back() {
    let mut group = Group::None;
    for _ in Group::WORDS {
        assert_eq!(Group::parse(&group.to_string()), Some(group.clone()));
        group = group.next();
    }
    assert_eq!(group, Group::None);
    let labels = Some(Group::Label("team/".to_owned()));
    assert_eq!(Group::parse("label:team/*"), labels);
    assert_eq!(Group::parse("Label:team/"), labels);
    assert_eq!(Group::parse("colour"), None);
}

#[test]
fn no_name_comes_last_and_case_does_not_matter() {
    let mut names = vec!["", "bo", "Ana", "Über", "ana2"];
    names.sort_by(|a, b| by_name(a, b));
    assert_eq!(names, ["Ana", "ana2", "bo", "Über", ""]);
}

#[test]
fn a_name_is_clean_short_and_found_in_any_case() {
    assert_eq!(
        SavedView::name_of(" my\u{1b}[2J reviews ").unwrap(),
        "my reviews"
    );
    assert!(SavedView::name_of("  ").is_err());
    assert!(SavedView::name_of(&"x".repeat(25)).is_err());
    let views = [SavedView {
        name: "My Reviews".to_owned(),
        shows: Arrangement::default(),
    }];
    assert!(SavedView::find(&views, "my reviews").is_some());
    assert!(SavedView::find(&views, "reviews").is_none());
}

//! `[[wip]]` and `[attention]`.

use chrono::TimeDelta;

use super::*;
use crate::domain::attention::Per;
use crate::domain::stage::Stage;

#[test]
fn a_limit_counts_what_it_says() {
    let settings = good(
        "[[wip]]\nname = \"reviews\"\nlimit = 5\nwhen = \"status:review\"\nper = \"person\"\n\
         stages = [\"test\", \"code\", \"code\"]\nhard = true\n[[wip]]\nname = \"all\"\nlimit = 9",
    );
    let limits = &settings.attention.limits;
    let reviews = &limits[0];
    assert_eq!(
        (reviews.most, reviews.per, reviews.hard),
        (5, Per::Person, true)
    );
    assert_eq!(reviews.when.text(), "status:review");
    assert_eq!(reviews.stages, [Stage::Code, Stage::Test]);
    assert_eq!((limits[1].per, limits[1].hard), (Per::Together, false));
    assert_eq!(limits[1].stages.len(), 5);
}

#[test]
fn patience_is_a_time() {
    let settings = good("[attention]\nred_after = \"90m\"\nblocked_after = \"3d\"");
    let patience = settings.attention.patience;
    assert_eq!(patience.red, TimeDelta::minutes(90));
    assert_eq!(patience.blocked, TimeDelta::days(3));
    assert_eq!(patience.review, TimeDelta::days(1));
}

#[test]
fn what_makes_no_sense_is_told_with_its_line() {
    let refused = |lines: &str, line, message: &str| {
        let text = format!("[[wip]]\nname = \"a\"\nlimit = 1\n{lines}");
        let errors = parse(&text).unwrap_err();
        let found = (errors[0].line, errors[0].message.as_str());
        assert_eq!(found, (line, message));
    };
    refused(
        "when = \"age:>2d\"",
        4,
        "`when` of a limit asks how long something is so",
    );
    refused(
        "when = \"\"",
        4,
        "`when` is empty and would match every card",
    );
    refused("per = \"team\"", 4, "`per`: unknown word `team`");
    refused("stages = []", 4, "`stages` names no column");
    refused(
        "[[wip]]\nname = \"a\"\nlimit = 2",
        4,
        "there are two limits named `a`",
    );
    let first = |text: &str| parse(text).unwrap_err()[0].message.clone();
    assert_eq!(
        first("[[wip]]\nname = \"a\""),
        "`limit` is missing in [[wip]]"
    );
    let zero = first("[[wip]]\nname = \"a\"\nlimit = 0");
    assert_eq!(zero, "`limit` is not a number of cards");
    let soon = first("[attention]\nred_after = \"soon\"");
    assert_eq!(soon, "`red_after`: `soon` is not a time");
}

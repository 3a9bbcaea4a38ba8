//! `[team]`: hours, days, zones and people, right and wrong.

use chrono::{NaiveDate, NaiveTime, Weekday};

use super::*;
use crate::domain::calendar::Zone;

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

#[test]
fn a_team_says_when_it_works() {
    let team = good(
        "[team]\nzone = \"Asia/Kolkata\"\nworking_days = [\"sun\", \"Monday\", \"mon\"]\n\
         working_hours = \"10:30 - 24:00\"\nholidays = [\"2026-12-25\", 2027-01-01]\nturn = \"90s\"",
    )
    .team;
    assert_eq!(team.zone, Some(Zone::Asia__Kolkata));
    assert_eq!(team.days, [Weekday::Mon, Weekday::Sun]);
    assert_eq!((team.from, team.until), (time("10:30"), None));
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    assert!(
        team.holidays
            .into_iter()
            .eq([day("2026-12-25"), day("2027-01-01")])
    );
    assert_eq!(team.turn.as_secs(), 90);
}

#[test]
fn without_a_zone_the_local_one_holds() {
    let team = good("").team;
    assert_eq!(
        team.working_time(Zone::Europe__Berlin).zone,
        Zone::Europe__Berlin
    );
    let team = good("[team]\nzone = \"UTC\"").team;
    assert_eq!(team.working_time(Zone::Europe__Berlin).zone, Zone::UTC);
    assert_eq!(
        good("")
            .team
            .working_time(Zone::UTC)
            .day_length()
            .num_hours(),
        8
    );
}

#[test]
fn people_have_logins() {
    let team = good(
        "[[team.person]]\nname = \"Ana Ruiz\"\nlogins = [\"@ana\", \"Ana.Ruiz\", \"ana ruiz\"]\n\
         [[team.person]]\nname = \"Bo\"\nlogins = [\"bo\"]",
    )
    .team;
    let names: Vec<&str> = team
        .people
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(names, ["Ana Ruiz", "Bo"]);
    assert_eq!(team.people[0].logins[0].as_str(), "ana");
    assert_eq!(team.roster().members().len(), 2);
}

#[test]
fn a_file_of_the_directory_may_say_when_its_team_works() {
    let text = "[team]\nworking_hours = \"08:00-16:00\"";
    let settings = Settings::parse(text, "f", Trust::Directory, KINDS).unwrap();
    assert_eq!(settings.team.from, time("08:00"));
}

#[test]
fn mistakes_in_hours_and_days_are_told_with_their_line() {
    bad(
        "[team]\nworking_hours = \"22:00-06:00\"",
        2,
        "`working_hours`: `22:00-06:00` goes over midnight",
        "from and until on the same day, e.g. `\"09:00-17:00\"`",
    );
    bad(
        "[team]\nworking_hours = \"09:00-00:00\"",
        2,
        "`working_hours`: `09:00-00:00` goes over midnight",
        "write `24:00` for the end of the day",
    );
    bad(
        "[team]\n\nworking_hours = \"9 to 5\"",
        3,
        "`working_hours`: `9 to 5` is not a part of the day",
        "from and until on the same day, e.g. `\"09:00-17:00\"`",
    );
    bad(
        "[team]\nworking_days = [\"mon\",\n\"tus\"]",
        3,
        "`working_days`: unknown word `tus`",
        "did you mean `tue`?",
    );
    bad(
        "[team]\nworking_days = []",
        2,
        "`working_days` names no day",
        "name the days, e.g. `[\"mon\", \"tue\"]`",
    );
    bad(
        "[team]\nholidays = [\"25.12.\"]",
        2,
        "`holidays`: `25.12.` is no day",
        "e.g. `2026-12-25`",
    );
    bad(
        "[team]\nturn = \"2h\"",
        2,
        "`turn`: `2h` is not between 10s and 1h",
        "e.g. `90s` or `2m`",
    );
    bad(
        "[team]\nturn = 2",
        2,
        "`turn`: integer `2`, expected text",
        "write it as text, e.g. `\"2m\"`",
    );
    bad(
        "[team]\nworkin_days = []",
        2,
        "unknown key `workin_days` in [team]",
        "did you mean `working_days`?",
    );
}

#[test]
fn a_zone_that_is_none_names_the_one_that_was_meant() {
    bad(
        "[team]\nzone = \"berlin\"",
        2,
        "`zone`: `berlin` is no time zone",
        "did you mean `Europe/Berlin`?",
    );
    bad(
        "[team]\nzone = \"Europe/Berln\"",
        2,
        "`zone`: `Europe/Berln` is no time zone",
        "did you mean `Europe/Berlin`?",
    );
    bad(
        "[team]\nzone = \"+05:30\"",
        2,
        "`zone`: `+05:30` is no time zone",
        "write its IANA name, e.g. `Europe/Berlin`",
    );
}

#[test]
fn a_login_is_one_persons() {
    bad(
        "[[team.person]]\nlogins = [\"ana\"]",
        1,
        "`name` is missing in [[team.person]]",
        "e.g. `name = \"Ana Ruiz\"`",
    );
    bad(
        "[[team.person]]\nname = \"Ana\"\nlogins = []",
        1,
        "`logins` is missing in [[team.person]]",
        "e.g. `logins = [\"ana\", \"ana.ruiz\"]`",
    );
    let ana = "[[team.person]]\nname = \"Ana\"\nlogins = [\"ana-r\"]\n[[team.person]]\n";
    bad(
        &format!("{ana}name = \"Bo\"\nlogins = [\"ANA-R\"]"),
        6,
        "`logins`: `ANA-R` belongs to `Ana` already",
        "a login is one person's",
    );
    bad(
        &format!("{ana}name = \"ana\"\nlogins = [\"a\"]"),
        5,
        "`name`: `ana` is `Ana` already",
        "each person has one table",
    );
    bad(
        "[team]\nperson = 1",
        2,
        "`team.person` is a list of tables",
        "write `[[team.person]]`, once for each",
    );
}

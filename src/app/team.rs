//! The team of a session: its working time in its zone, and who is who.
//!
//! Finds which zone is the local one; what working time is, is `domain::calendar`'s.

use crate::app::env::Env;
use crate::app::{clock, session::Session};
use crate::config::{ColumnConfig, Settings};
use crate::domain::Timestamp;
use crate::domain::attention::{Attention, Limit};
use crate::domain::calendar::{Calendar, WorkingTime, Zone};

/// Returns the calendar of the team, made around a moment.
pub fn calendar(session: &Session, now: Timestamp) -> Calendar {
    Calendar::new(working_time(session), now)
}

/// Returns when the team works, in its zone.
pub fn working_time(session: &Session) -> WorkingTime {
    let local = local_zone(&session.env);
    session.settings.team.working_time(local)
}

/// Returns what the team pays attention to.
pub fn attention(session: &Session) -> Attention {
    let settings = &session.settings;
    Attention {
        limits: limits(settings),
        patience: settings.attention.patience,
        calendar: Some(calendar(session, (session.clock)())),
        roster: settings.team.roster(),
    }
}

/// Returns the limits of columns, then those of their own.
pub fn limits(settings: &Settings) -> Vec<Limit> {
    let columns = settings.board.columns.iter();
    let of_column = |column: &ColumnConfig| Some(Limit::of_column(column.stage, column.wip?));
    let mut limits: Vec<Limit> = columns.filter_map(of_column).collect();
    limits.extend(settings.attention.limits.iter().cloned());
    limits
}

/// Returns the zone of this machine: what `TZ` names, else what the system is set to. One that has
/// no name is as far from UTC as it is now, to the hour.
pub fn local_zone(env: &Env) -> Zone {
    let named = env.get("TZ").and_then(|name| zone_of(&name));
    let of_system = || {
        // `TZ` with rules of its own stands before what the system is set to.
        let name = iana_time_zone::get_timezone().ok();
        let name = name.filter(|_| env.get("TZ").is_none());
        name.and_then(|name| zone_of(&name))
    };
    named
        .or_else(of_system)
        .or_else(|| fixed(clock::local_offset().local_minus_utc()))
        .unwrap_or(Zone::UTC)
}

/// Reads `Europe/Berlin`, `:Europe/Berlin` and the path of a file of zones.
fn zone_of(name: &str) -> Option<Zone> {
    let name = name.trim().trim_start_matches(':');
    let in_folder = name.split_once("/zoneinfo/").map(|(_, name)| name);
    in_folder.unwrap_or(name).parse().ok()
}

/// Returns the zone that is always so far from UTC; its names count westward.
fn fixed(secs: i32) -> Option<Zone> {
    let hours = (secs + secs.signum() * 1_800) / 3_600;
    format!("Etc/GMT{:+}", -hours).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_name_and_by_file() {
        for (name, zone) in [
            ("Europe/Berlin", Some(Zone::Europe__Berlin)),
            (":Europe/Berlin", Some(Zone::Europe__Berlin)),
            (
                "/usr/share/zoneinfo/Asia/Kolkata",
                Some(Zone::Asia__Kolkata),
            ),
            ("UTC", Some(Zone::UTC)),
            ("CET-1CEST,M3.5.0,M10.5.0/3", None),
            ("", None),
        ] {
            assert_eq!(zone_of(name), zone, "{name}");
        }
    }

    #[test]
    fn what_has_no_name_is_so_far_from_utc() {
        for (hours, zone) in [
            (1, Zone::Etc__GMTMinus1),
            (-5, Zone::Etc__GMTPlus5),
            (0, Zone::Etc__GMTPlus0),
        ] {
            assert_eq!(fixed(hours * 3_600), Some(zone), "{hours}");
        }
        assert_eq!(
            fixed(20_700),
            Some(Zone::Etc__GMTMinus6),
            "nearly six hours"
        );
    }

    #[test]
    fn the_variable_stands_before_the_system() {
        let env = Env::process().with("TZ", "Pacific/Chatham".to_owned());
        assert_eq!(local_zone(&env), Zone::Pacific__Chatham);
    }
}

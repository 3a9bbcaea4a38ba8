//! Values of metrics as people write them.

use crate::domain::flow::stats::DAY;
use crate::domain::flow::{Metric, Unit};

const HOUR: f64 = 3_600.0;
const DAY_SECS: i64 = 86_400;

/// Returns a value as people write it: `1d 3h`, `31 %`, `4.2/day`.
pub fn words(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => span(value),
        Unit::PerDay => format!("{value:.1}/day"),
        Unit::PerWeek => format!("{value:.1}/week"),
        Unit::Share => format!("{:.0} %", value * 100.0),
        Unit::Cards | Unit::Lines | Unit::Count => format!("{value:.0}"),
    }
}

/// Returns the value of a metric; where there is none, a word that is no number.
pub fn value(metric: &Metric) -> String {
    let unit = metric.key.unit();
    if let Some(value) = metric.value {
        let is_rate = matches!(unit, Unit::PerDay | Unit::PerWeek);
        if is_rate && metric.window.seconds() < DAY_SECS {
            // A rate of minutes, told for a week, would be a guess.
            return "under a day".to_owned();
        }
        return words(value, unit);
    }
    let note = metric.note.as_deref().unwrap_or_default();
    if note.contains("values are told by service") {
        "by service".to_owned()
    } else if note.starts_with("too few") && metric.n() > 0 {
        "too few".to_owned()
    } else {
        "n/a".to_owned()
    }
}

/// Returns what a metric is called: its key, readable.
pub fn name(metric: &Metric) -> String {
    metric.key.as_str().replace('_', " ")
}

fn span(seconds: f64) -> String {
    let minute = 60.0;
    let two = |big: f64, small: f64, names: (char, char)| {
        let (whole, rest) = ((seconds / big).floor(), (seconds % big / small).floor());
        if rest > 0.0 {
            format!("{whole}{} {rest}{}", names.0, names.1)
        } else {
            format!("{whole}{}", names.0)
        }
    };
    if seconds >= DAY {
        two(DAY, HOUR, ('d', 'h'))
    } else if seconds >= HOUR {
        two(HOUR, minute, ('h', 'm'))
    } else if seconds >= minute {
        two(minute, 1.0, ('m', 's'))
    } else {
        format!("{seconds:.0}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_do() {
        for (value, unit, told) in [
            (97_200.0, Unit::Seconds, "1d 3h"),
            (86_400.0, Unit::Seconds, "1d"),
            (3_900.0, Unit::Seconds, "1h 5m"),
            (61.0, Unit::Seconds, "1m 1s"),
            (0.0, Unit::Seconds, "0s"),
            (4.21, Unit::PerDay, "4.2/day"),
            (14.0, Unit::PerWeek, "14.0/week"),
            (0.314, Unit::Share, "31 %"),
            (412.0, Unit::Lines, "412"),
        ] {
            assert_eq!(words(value, unit), told);
        }
    }
}

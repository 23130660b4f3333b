//! A time to come, as people write it.

use chrono::{DateTime, Duration, FixedOffset, NaiveTime, Utc};

/// `90m`, `2h`, `1d` from now on, `07:00` as the next such time in a zone, or RFC 3339.
pub fn until(text: &str, now: DateTime<Utc>, zone: FixedOffset) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc));
    }
    if let Ok(clock) = NaiveTime::parse_from_str(text, "%H:%M") {
        return next(clock, now, zone).ok_or_else(|| wrong(text));
    }
    text.char_indices()
        .last()
        .and_then(|(at, unit)| Some((text.get(..at)?.parse::<i64>().ok()?, unit)))
        .filter(|(number, _)| *number > 0)
        .and_then(|(number, unit)| match unit {
            's' => Duration::try_seconds(number),
            'm' => Duration::try_minutes(number),
            'h' => Duration::try_hours(number),
            'd' => Duration::try_days(number),
            _ => None,
        })
        .and_then(|span| now.checked_add_signed(span))
        .ok_or_else(|| wrong(text))
}

fn wrong(text: &str) -> String {
    format!(
        "\"{text}\" is no time: write 90m, 2h, 1d, 07:00 or an RFC 3339 time such as 2026-12-01T08:00:00Z"
    )
}

/// The next time a clock on the wall shows this.
fn next(clock: NaiveTime, now: DateTime<Utc>, zone: FixedOffset) -> Option<DateTime<Utc>> {
    let here = now.with_timezone(&zone);
    let today = here.date_naive().and_time(clock);
    let day = if today > here.naive_local() {
        today
    } else {
        today.checked_add_signed(Duration::days(1))?
    };
    day.and_local_timezone(zone).single().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_durations_clocks_or_rfc_3339() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z")
            .unwrap()
            .to_utc();
        let zone = FixedOffset::east_opt(3600).unwrap();
        let until = |text| until(text, now, zone);
        assert_eq!(until("90m").unwrap(), now + Duration::minutes(90));
        assert_eq!(until("1d").unwrap(), now + Duration::days(1));
        let fixed = until("2026-11-22T12:00:00+01:00").unwrap();
        assert_eq!(fixed, now + Duration::hours(1));
        assert_eq!(until("12:30").unwrap(), now + Duration::minutes(90));
        assert_eq!(until("11:00").unwrap(), now + Duration::days(1));
        assert_eq!(until("07:00").unwrap(), now + Duration::hours(20));
        for bad in [
            "",
            "h",
            "-2h",
            "0h",
            "tomorrow",
            "9223372036854775807d",
            "2 h",
            "25:00",
            "é",
            "5é",
        ] {
            assert!(until(bad).is_err(), "{bad}");
        }
    }
}

//! Instants as Salesforce writes them.

use crate::dates;

/// `2026-11-20T09:30:00.000+0000`.
pub fn write(at_ms: i64) -> String {
    let text = dates::iso(at_ms);
    format!("{}.{:03}+0000", text.trim_end_matches('Z'), at_ms.rem_euclid(1_000))
}

/// Unix milliseconds of an instant with its zone, or of a date.
pub fn read(text: &str) -> Option<i64> {
    let Some((date, clock)) = text.split_once('T') else {
        return dates::parse(text).filter(|(_, is_date)| *is_date).map(|(at_ms, _)| at_ms);
    };
    let zone_at = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone_at);
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let (at_ms, _) = dates::parse(&format!("{date}T{whole}"))?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction_ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(at_ms + fraction_ms - zone_ms(zone)?)
}

fn zone_ms(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.get(1..)?.chars().filter(|letter| *letter != ':').collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(sign * (hours * 60 + minutes) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read() {
        let at_ms = 1_795_253_405_250;
        assert_eq!(read(&write(at_ms)), Some(at_ms));
        assert_eq!(write(0), "1970-01-01T00:00:00.000+0000");
        assert_eq!(read("1970-01-01T01:00:00.5+01:00"), Some(500));
        assert_eq!(read("1970-01-02T00:00:00Z"), read("1970-01-02"));
        for text in ["yesterday", "1970-01-01T00:00:00", "1970-01-01T00:00:00+x", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

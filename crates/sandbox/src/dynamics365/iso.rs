//! Instants as Microsoft writes them.

const DAY_MS: i64 = 86_400_000;

/// `2026-11-20T09:30:00Z`, as Dataverse writes instants.
pub fn seconds(at_ms: i64) -> String {
    let (date, time, _) = parts(at_ms);
    format!("{date}T{time}Z")
}

/// `2026-11-20T09:30:00.250Z`, as the Messaging API and transcripts write them.
pub fn millis(at_ms: i64) -> String {
    let (date, time, fraction_ms) = parts(at_ms);
    format!("{date}T{time}.{fraction_ms:03}Z")
}

/// `2026-11-20 09:30:00Z`, as Entra's errors write them.
pub fn spaced(at_ms: i64) -> String {
    let (date, time, _) = parts(at_ms);
    format!("{date} {time}Z")
}

fn parts(at_ms: i64) -> (String, String, i64) {
    let (days, in_day_ms) = (at_ms.div_euclid(DAY_MS), at_ms.rem_euclid(DAY_MS));
    let (year, month, day) = civil(days);
    let second = in_day_ms / 1_000;
    let time = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
    (format!("{year:04}-{month:02}-{day:02}"), time, in_day_ms % 1_000)
}

/// Unix milliseconds of an ISO 8601 date or instant; `None` if it is not one.
pub fn parse(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = parse_date(date)?;
    let Some(rest) = rest.strip_prefix(['T', ' ']) else {
        return rest.is_empty().then_some(days * DAY_MS);
    };
    let (clock, zone) = match rest.find(['Z', 'z', '+', '-']) {
        Some(index) => rest.split_at(index),
        None => (rest, "Z"),
    };
    Some(days * DAY_MS + parse_clock(clock)? - parse_zone(zone)?)
}

fn parse_date(date: &str) -> Option<i64> {
    let mut fields = date.split('-').map(number);
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    let days = days_from_civil(year, month, day);
    (fields.next().is_none() && civil(days) == (year, month, day)).then_some(days)
}

fn parse_clock(clock: &str) -> Option<i64> {
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut fields = whole.split(':').map(number);
    let (hour, minute) = (fields.next()??, fields.next()??);
    let second = fields.next().unwrap_or(Some(0))?;
    let digits_only = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if fields.next().is_some() || hour > 23 || minute > 59 || second > 60 || !digits_only {
        return None;
    }
    let fraction_ms = number(&format!("{fraction:0<3}")[..3])?;
    Some(((hour * 60 + minute) * 60 + second) * 1_000 + fraction_ms)
}

fn parse_zone(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hour, minute) = zone.get(1..)?.split_once(':')?;
    Some(sign * (number(hour)? * 60 + number(minute)?) * 60_000)
}

fn number(text: &str) -> Option<i64> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits_only { text.parse().ok() } else { None }
}

/// Year, month and day of a day number since 1970 (proleptic Gregorian calendar).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9).rem_euclid(12);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read_back() {
        for at_ms in [0, 951_782_400_000, 1_795_253_405_250, 4_102_444_799_999] {
            assert_eq!(parse(&millis(at_ms)), Some(at_ms));
        }
        assert_eq!(seconds(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(spaced(0), "1970-01-01 00:00:00Z");
        assert_eq!(parse("1970-01-02"), Some(86_400_000));
        assert_eq!(parse("1970-01-01T01:00:00.5000000+01:00"), Some(500));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-02-30T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01Tx",
            "20260101",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

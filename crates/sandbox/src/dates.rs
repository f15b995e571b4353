//! Instants as vendors of SMS write and read them.

const DAY_MS: i64 = 86_400_000;
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Fri, 20 Nov 2026 00:00:00 +0000`.
pub fn rfc2822(at_ms: i64) -> String {
    let Parts { days, year, month, day, hour, minute, second } = Parts::of(at_ms);
    let weekday = WEEKDAYS[usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0)];
    let month = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} +0000")
}

/// `2026-11-20T00:00:00Z`.
pub fn iso(at_ms: i64) -> String {
    let Parts { year, month, day, hour, minute, second, .. } = Parts::of(at_ms);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `2611200000`, as in carriers' receipts.
pub fn receipt(at_ms: i64) -> String {
    let Parts { year, month, day, hour, minute, .. } = Parts::of(at_ms);
    format!("{:02}{month:02}{day:02}{hour:02}{minute:02}", year % 100)
}

/// A date, or an instant in UTC, as the list filters take them; with whether it was only a date.
pub fn parse(text: &str) -> Option<(i64, bool)> {
    let text = text.trim_end_matches('Z');
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let [year, month, day] = numbers(date, '-')?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let midnight_ms = days_from_civil(year, month, day) * DAY_MS;
    let Some(time) = time else { return Some((midnight_ms, true)) };
    let whole = time.split_once('.').map_or(time, |(whole, _)| whole);
    let [hour, minute, second] = numbers(whole, ':')?;
    Some((midnight_ms + ((hour * 60 + minute) * 60 + second) * 1_000, false))
}

/// The length of the day that a bare date means.
pub const DATE_MS: i64 = DAY_MS;

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut fields = text.split(separator).map(|field| field.parse::<u16>().ok().map(i64::from));
    let three = [fields.next()??, fields.next()??, fields.next()??];
    fields.next().is_none().then_some(three)
}

struct Parts {
    days: i64,
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Parts {
    /// Proleptic Gregorian calendar, UTC.
    fn of(at_ms: i64) -> Self {
        let (days, second) = (at_ms.div_euclid(DAY_MS), at_ms.rem_euclid(DAY_MS) / 1_000);
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            days,
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read() {
        let start_ms = 1_795_132_800_000;
        assert_eq!(rfc2822(start_ms), "Fri, 20 Nov 2026 00:00:00 +0000");
        assert_eq!(rfc2822(951_782_399_000), "Mon, 28 Feb 2000 23:59:59 +0000");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(receipt(start_ms), "2611200000");
        assert_eq!(parse("2026-11-20"), Some((start_ms, true)));
        assert_eq!(parse("2026-11-20T00:00:01.5Z"), Some((start_ms + 1_000, false)));
        assert_eq!(parse("2026-13-20"), None);
        assert_eq!(parse("yesterday"), None);
    }
}

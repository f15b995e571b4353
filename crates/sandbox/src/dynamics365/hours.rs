//! Operating hours of a queue: weekly spans in UTC, and days off.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::iso;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Days that are looked at for the next opening; a queue that is closed for longer never opens.
const DAYS_AHEAD: i64 = 400;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// As an administrator writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    pub spans: Vec<SpanSpec>,
    /// Days off, such as `2026-12-25`.
    #[serde(default)]
    pub holidays: Vec<String>,
}

/// `{"days": ["mon"], "from": "09:00", "to": "17:00"}`; ends on the day on which it begins, `24:00` at the latest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanSpec {
    pub days: Vec<String>,
    pub from: String,
    pub to: String,
}

/// A queue without hours is always open.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    spans: Vec<Span>,
    /// Day numbers since 1970.
    holidays: BTreeSet<i64>,
    limited: bool,
}

#[derive(Clone, Debug)]
struct Span {
    /// 0 is Monday.
    day: i64,
    from_ms: i64,
    to_ms: i64,
}

/// Whether it is open, and what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Without an end where it never closes.
    Open { until_ms: Option<i64> },
    /// Without a next span where it never opens.
    Closed { holiday: bool, next_ms: Option<(i64, i64)> },
}

impl Hours {
    /// Reads what an administrator wrote; the error says what is wrong with it.
    pub fn parse(spec: &Spec) -> Result<Self, String> {
        let mut hours = Self { limited: true, ..Self::default() };
        for span in &spec.spans {
            let (from_ms, to_ms) = (time_of_day(&span.from)?, time_of_day(&span.to)?);
            if from_ms >= to_ms {
                return Err(format!("{} is not before {}", span.from, span.to));
            }
            for name in &span.days {
                let day = DAYS.iter().position(|day| day == name);
                let day = day.ok_or_else(|| format!("{name} is not one of {DAYS:?}"))?;
                let day = i64::try_from(day).unwrap_or_default();
                hours.spans.push(Span { day, from_ms, to_ms });
            }
        }
        for date in &spec.holidays {
            let at_ms = iso::parse(date).ok_or_else(|| format!("{date} is not a date"))?;
            hours.holidays.insert(at_ms.div_euclid(DAY_MS));
        }
        Ok(hours)
    }

    pub fn at(&self, now_ms: i64) -> Opening {
        if !self.limited {
            return Opening::Open { until_ms: None };
        }
        let today = now_ms.div_euclid(DAY_MS);
        let mut next = None;
        for (from_ms, to_ms) in (today..today + DAYS_AHEAD).flat_map(|day| self.of(day)) {
            match next {
                // Spans that touch are one.
                Some((_, end_ms)) if from_ms > end_ms => break,
                Some((start_ms, end_ms)) => next = Some((start_ms, to_ms.max(end_ms))),
                None if to_ms > now_ms => next = Some((from_ms, to_ms)),
                None => {}
            }
        }
        match next {
            Some((from_ms, to_ms)) if from_ms <= now_ms => Opening::Open { until_ms: Some(to_ms) },
            next_ms => Opening::Closed { holiday: self.holidays.contains(&today), next_ms },
        }
    }

    /// The spans of one day, in order.
    fn of(&self, day: i64) -> Vec<(i64, i64)> {
        if self.holidays.contains(&day) {
            return Vec::new();
        }
        // The first of January 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        let on_this_day = self.spans.iter().filter(|span| span.day == weekday);
        let mut spans: Vec<_> = on_this_day
            .map(|span| (day * DAY_MS + span.from_ms, day * DAY_MS + span.to_ms))
            .collect();
        spans.sort_unstable();
        spans
    }
}

/// Milliseconds since midnight of `09:30`.
fn time_of_day(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text} is not a time of day such as 09:30");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let (hour, minute): (i64, i64) =
        (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
    let minutes = hour * 60 + minute;
    if !(0..60).contains(&minute) || !(0..=24 * 60).contains(&minutes) {
        return Err(wrong());
    }
    Ok(minutes * MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, 2026-11-23.
    const MONDAY_MS: i64 = 1_795_392_000_000;
    const HOUR_MS: i64 = 60 * MINUTE_MS;

    fn hours(holidays: &[&str]) -> Hours {
        let days = DAYS[..5].iter().map(ToString::to_string).collect();
        let span = SpanSpec { days, from: "09:00".to_owned(), to: "17:00".to_owned() };
        let holidays = holidays.iter().map(ToString::to_string).collect();
        Hours::parse(&Spec { spans: vec![span], holidays }).unwrap()
    }

    #[test]
    fn a_queue_opens_and_closes_by_the_week() {
        let at = |hour: i64| hours(&[]).at(MONDAY_MS + hour * HOUR_MS);
        let span = |day: i64| {
            let from_ms = MONDAY_MS + (day * 24 + 9) * HOUR_MS;
            (from_ms, from_ms + 8 * HOUR_MS)
        };
        let closed = |day| Opening::Closed { holiday: false, next_ms: Some(span(day)) };
        assert_eq!(at(8), closed(0));
        assert_eq!(at(9), Opening::Open { until_ms: Some(span(0).1) });
        assert_eq!(at(17), closed(1));
        assert_eq!(at(4 * 24 + 18), closed(7));
        assert_eq!(Hours::default().at(0), Opening::Open { until_ms: None });
    }

    #[test]
    fn a_holiday_is_passed_over_and_named() {
        let from_ms = MONDAY_MS + (24 + 9) * HOUR_MS;
        let next_ms = Some((from_ms, from_ms + 8 * HOUR_MS));
        let noon = hours(&["2026-11-23"]).at(MONDAY_MS + 12 * HOUR_MS);
        assert_eq!(noon, Opening::Closed { holiday: true, next_ms });
        let never = Hours::parse(&Spec::default()).unwrap().at(MONDAY_MS);
        assert_eq!(never, Opening::Closed { holiday: false, next_ms: None });
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for (day, from, to) in
            [("mon", "17:00", "09:00"), ("monday", "09:00", "17:00"), ("mon", "9", "17:00")]
        {
            let span =
                SpanSpec { days: vec![day.to_owned()], from: from.to_owned(), to: to.to_owned() };
            assert!(Hours::parse(&Spec { spans: vec![span], holidays: vec![] }).is_err());
        }
    }
}

//! Points in time as Go has them: seconds since 1970, nanoseconds, a zone. "Local" is UTC.

use std::fmt;

mod duration;
mod layout;
mod parse;

pub(super) use duration::{format as format_duration, parse as parse_duration, round as round_duration};
pub(super) use parse::parse;

/// Where a time is shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Zone {
    /// Abbreviation; empty where it has none.
    pub(super) name: String,
    /// Seconds east of Greenwich.
    pub(super) offset: i32,
}

impl Zone {
    /// UTC.
    pub(super) fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            offset: 0,
        }
    }

    /// The zone of this name as it is at this time; `None` if there is none.
    pub(super) fn named(name: &str, seconds: i64) -> Option<Self> {
        if matches!(name, "" | "UTC" | "Local") {
            return Some(Self::utc());
        }
        let zone = jiff::tz::TimeZone::get(name).ok()?;
        // Go minds upper and lower case.
        if zone.iana_name() != Some(name) {
            return None;
        }
        let info = zone.to_offset_info(jiff::Timestamp::from_second(seconds).ok()?);
        Some(Self {
            name: info.abbreviation().to_owned(),
            offset: info.offset().seconds(),
        })
    }
}

/// A point in time.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) seconds: i64,
    pub(super) nanos: u32,
    pub(super) zone: Zone,
}

/// Year, month, day, day of the year.
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) year_day: u16,
}

impl Time {
    /// Go's zero time: the start of the year 1.
    pub(super) fn zero() -> Self {
        Self {
            seconds: ZERO_SECONDS,
            nanos: 0,
            zone: Zone::utc(),
        }
    }

    /// In UTC.
    pub(super) fn utc(seconds: i64, nanos: u32) -> Self {
        Self {
            seconds,
            nanos,
            zone: Zone::utc(),
        }
    }

    /// The same point, shown in another zone.
    pub(super) fn in_zone(&self, zone: Zone) -> Self {
        Self { zone, ..*self }
    }

    /// This many nanoseconds later.
    pub(super) fn plus(&self, nanos: i64) -> Self {
        let total = i64::from(self.nanos) + nanos % NANOS;
        Self {
            seconds: self
                .seconds
                .saturating_add(nanos / NANOS)
                .saturating_add(total.div_euclid(NANOS)),
            nanos: u32::try_from(total.rem_euclid(NANOS)).unwrap_or(0),
            zone: self.zone.clone(),
        }
    }

    /// Nanoseconds since another time, at most what Go's durations hold.
    pub(super) fn since(&self, other: &Self) -> i64 {
        let nanos = (i128::from(self.seconds) - i128::from(other.seconds)) * i128::from(NANOS)
            + i128::from(self.nanos)
            - i128::from(other.nanos);
        i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
    }

    /// The calendar day in its zone.
    pub(super) fn date(&self) -> Date {
        let days = self.local().div_euclid(DAY);
        let (year, month, day) = civil(days);
        let year_day = u16::try_from(days - days_from_civil(year, 1, 1) + 1).unwrap_or(1);
        Date {
            year,
            month,
            day,
            year_day,
        }
    }

    /// Hour, minute, second in its zone.
    pub(super) fn clock(&self) -> (u8, u8, u8) {
        let second = self.local().rem_euclid(DAY);
        let part = |value: i64| u8::try_from(value).unwrap_or(0);
        (part(second / 3600), part(second / 60 % 60), part(second % 60))
    }

    /// Day of the week, from Sunday.
    pub(super) fn weekday(&self) -> u8 {
        u8::try_from((self.local().div_euclid(DAY) + 4).rem_euclid(7)).unwrap_or(0)
    }

    /// As JSON has it.
    pub(super) fn rfc3339(&self) -> String {
        self.format("2006-01-02T15:04:05.999999999Z07:00")
    }

    /// By one of Go's layouts.
    pub(super) fn format(&self, layout: &str) -> String {
        layout::format(self, layout)
    }

    fn local(&self) -> i64 {
        self.seconds.saturating_add(i64::from(self.zone.offset))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

/// Days since 1970 of a date. Month and day may lie outside their ranges.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    // Years begin in March here: the leap day is the last of its year.
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let small = |value: i64| u8::try_from(value).unwrap_or(1);
    (era * 400 + year + i64::from(month <= 2), small(month), small(day))
}

/// `January` is 1.
pub(super) fn month_name(month: u8) -> &'static str {
    MONTHS
        .get(usize::from(month).wrapping_sub(1))
        .copied()
        .unwrap_or("")
}

/// `Sunday` is 0.
pub(super) fn weekday_name(day: u8) -> &'static str {
    WEEKDAYS.get(usize::from(day)).copied().unwrap_or("")
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
/// Nanoseconds of a second.
pub(super) const NANOS: i64 = 1_000_000_000;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Seconds from 1970 back to the year 1.
const ZERO_SECONDS: i64 = -62_135_596_800;

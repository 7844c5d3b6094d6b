//! Text to time, by one of Go's layouts.

use super::{
    NANOS, Time, Zone, days_from_civil,
    layout::{Piece, ZoneForm, next_piece},
    month_name, weekday_name,
};

/// Reads a time. A zone that is not in the text is UTC.
///
/// # Errors
///
/// What does not fit, without the text.
pub(in super::super) fn parse(layout: &str, text: &str) -> Result<Time, String> {
    let mut parsed = Parsed::default();
    let mut rest = text;
    let mut layout = layout;
    while let Some((before, piece, written, after)) = next_piece(layout) {
        rest = literal(rest, before).ok_or_else(|| misfit(before))?;
        layout = after;
        rest = parsed
            .piece(piece, rest, after)
            .map_err(|problem| match problem {
                Problem::Misfit => misfit(written),
                Problem::Range(what) => format!("{what} out of range"),
            })?;
    }
    rest = literal(rest, layout).ok_or_else(|| misfit(layout))?;
    if !rest.is_empty() {
        return Err("extra text".to_owned());
    }
    parsed.time()
}

fn misfit(piece: &str) -> String {
    format!(
        "cannot parse the text as {}",
        super::super::quote::go(piece.as_bytes())
    )
}

enum Problem {
    Misfit,
    Range(&'static str),
}

type Step<T> = Result<T, Problem>;

#[derive(Default)]
struct Parsed {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: String,
}

impl Parsed {
    fn piece<'t>(&mut self, piece: Piece, rest: &'t str, layout: &str) -> Step<&'t str> {
        let mut rest = rest;
        match piece {
            Piece::Year => {
                let digits = rest
                    .get(..4)
                    .filter(|digits| digits.starts_with(|digit: char| digit.is_ascii_digit()));
                self.year = digits
                    .and_then(|digits| digits.parse().ok())
                    .ok_or(Problem::Misfit)?;
                rest = &rest[4..];
            }
            Piece::YearShort => {
                let digits = rest.get(..2).ok_or(Problem::Misfit)?;
                let year: i64 = digits.parse().map_err(|_| Problem::Misfit)?;
                self.year = if year >= 69 { 1900 + year } else { 2000 + year };
                rest = &rest[2..];
            }
            Piece::Month | Piece::MonthLong => {
                let long = piece == Piece::MonthLong;
                let found = (1..=12u8).find_map(|month| {
                    let name = month_name(month);
                    Some((month, after_name(rest, if long { name } else { &name[..3] })?))
                });
                let (month, after) = found.ok_or(Problem::Misfit)?;
                self.month = Some(i64::from(month));
                rest = after;
            }
            Piece::MonthNumber | Piece::MonthZero => {
                let month;
                (month, rest) = number(rest, piece == Piece::MonthZero)?;
                if !(1..=12).contains(&month) {
                    return Err(Problem::Range("month"));
                }
                self.month = Some(month);
            }
            Piece::WeekdayLong | Piece::WeekdayShort => {
                let long = piece == Piece::WeekdayLong;
                rest = (0..7u8)
                    .find_map(|day| {
                        let name = weekday_name(day);
                        after_name(rest, if long { name } else { &name[..3] })
                    })
                    .ok_or(Problem::Misfit)?;
            }
            Piece::Day | Piece::DayBlank | Piece::DayZero => {
                if piece == Piece::DayBlank {
                    rest = rest.strip_prefix(' ').unwrap_or(rest);
                }
                let day;
                (day, rest) = number(rest, piece == Piece::DayZero)?;
                self.day = Some(day);
            }
            Piece::YearDayBlank | Piece::YearDayZero => {
                for _ in 0..2 {
                    if piece == Piece::YearDayBlank {
                        rest = rest.strip_prefix(' ').unwrap_or(rest);
                    }
                }
                let count = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
                if count == 0 || piece == Piece::YearDayZero && count != 3 {
                    return Err(Problem::Misfit);
                }
                self.year_day = rest[..count].parse().ok();
                rest = &rest[count..];
            }
            Piece::Hour => {
                (self.hour, rest) = number(rest, false)?;
                below(self.hour, 24, "hour")?;
            }
            Piece::Hour12 | Piece::Hour12Zero => {
                (self.hour, rest) = number(rest, piece == Piece::Hour12Zero)?;
                below(self.hour, 13, "hour")?;
            }
            Piece::Minute | Piece::MinuteZero => {
                (self.minute, rest) = number(rest, piece == Piece::MinuteZero)?;
                below(self.minute, 60, "minute")?;
            }
            Piece::Second | Piece::SecondZero => {
                (self.second, rest) = number(rest, piece == Piece::SecondZero)?;
                below(self.second, 60, "second")?;
                // A fraction may follow that the layout does not have.
                let wanted =
                    next_piece(layout).is_some_and(|(_, next, ..)| matches!(next, Piece::Fraction(..)));
                if !wanted && rest.starts_with(['.', ',']) {
                    let count = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
                    if count > 0 {
                        self.nanos = nanos(&rest[1..=count]);
                        rest = &rest[count + 1..];
                    }
                }
            }
            Piece::PmLower | Piece::PmUpper => {
                let marks = if piece == Piece::PmUpper {
                    ["AM", "PM"]
                } else {
                    ["am", "pm"]
                };
                let mark = rest.get(..2).ok_or(Problem::Misfit)?;
                let found = marks
                    .iter()
                    .position(|known| *known == mark)
                    .ok_or(Problem::Misfit)?;
                self.afternoon = Some(found == 1);
                rest = &rest[2..];
            }
            Piece::Fraction(digits, false) => {
                let written = rest
                    .get(..=digits)
                    .filter(|written| written.starts_with(['.', ',']));
                let written =
                    written.filter(|written| written[1..].bytes().all(|byte| byte.is_ascii_digit()));
                self.nanos = nanos(&written.ok_or(Problem::Misfit)?[1..]);
                rest = &rest[digits + 1..];
            }
            Piece::Fraction(_, true) => {
                if rest.starts_with(['.', ',']) && rest[1..].starts_with(|digit: char| digit.is_ascii_digit())
                {
                    let count = rest[1..].bytes().take(9).take_while(u8::is_ascii_digit).count();
                    self.nanos = nanos(&rest[1..=count]);
                    rest = &rest[count + 1..];
                }
            }
            Piece::ZoneName => {
                if let Some(after) = rest.strip_prefix("UTC") {
                    self.utc = true;
                    rest = after;
                } else {
                    let length = zone_name(rest).ok_or(Problem::Misfit)?;
                    self.zone = rest[..length].to_owned();
                    rest = &rest[length..];
                }
            }
            Piece::Zone(form) => rest = self.offset(form, rest)?,
        }
        Ok(rest)
    }

    fn offset<'t>(&mut self, form: ZoneForm, rest: &'t str) -> Step<&'t str> {
        if form.z
            && let Some(after) = rest.strip_prefix('Z')
        {
            self.utc = true;
            return Ok(after);
        }
        let negative = match rest.bytes().next() {
            Some(b'-') => true,
            Some(b'+') => false,
            _ => return Err(Problem::Misfit),
        };
        let mut rest = &rest[1..];
        let mut parts = [0; 3];
        let count = 1 + usize::from(form.minutes) + usize::from(form.seconds);
        for (index, part) in parts.iter_mut().take(count).enumerate() {
            if index > 0 && form.colon {
                rest = rest.strip_prefix(':').ok_or(Problem::Misfit)?;
            }
            let digits = rest
                .get(..2)
                .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
            *part = digits
                .and_then(|digits| digits.parse().ok())
                .ok_or(Problem::Misfit)?;
            rest = &rest[2..];
        }
        if parts[0] > 24 || parts[1] > 60 || parts[2] > 60 {
            return Err(Problem::Range("time zone offset"));
        }
        let offset = (parts[0] * 60 + parts[1]) * 60 + parts[2];
        self.offset = Some(if negative { -offset } else { offset });
        Ok(rest)
    }

    fn time(self) -> Result<Time, String> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let (month, day) = match self.year_day {
            Some(of_year) => {
                if !(1..=365 + i64::from(leap)).contains(&of_year) {
                    return Err("day-of-year out of range".to_owned());
                }
                let date = super::civil(days_from_civil(self.year, 1, 1) + of_year - 1);
                let (month, day) = (i64::from(date.1), i64::from(date.2));
                if self.month.is_some_and(|given| given != month) {
                    return Err("day-of-year does not match month".to_owned());
                }
                if self.day.is_some_and(|given| given != day) {
                    return Err("day-of-year does not match day".to_owned());
                }
                (month, day)
            }
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        let last = days_from_civil(self.year, month + 1, 1) - days_from_civil(self.year, month, 1);
        if !(1..=last).contains(&day) {
            return Err("day out of range".to_owned());
        }
        let seconds =
            days_from_civil(self.year, month, day) * 86_400 + (hour * 60 + self.minute) * 60 + self.second;
        let named = self.zone;
        let zone = match (self.utc, self.offset) {
            (true, _) => Zone::utc(),
            (false, Some(0)) if named.is_empty() => Zone::utc(),
            (false, Some(offset)) => Zone { name: named, offset },
            (false, None) if named.is_empty() => Zone::utc(),
            // Only `GMT+3` says where it is.
            (false, None) => {
                let hours = named
                    .strip_prefix("GMT")
                    .and_then(|hours| hours.parse::<i32>().ok())
                    .unwrap_or(0);
                Zone {
                    name: named,
                    offset: hours * 3600,
                }
            }
        };
        // The name of a zone alone does not move the point in time, `GMT+3` neither.
        let seconds = seconds - i64::from(self.offset.unwrap_or(0));
        Ok(Time {
            seconds,
            nanos: self.nanos,
            zone,
        })
    }
}

/// Takes fixed text; a run of blanks fits any run of blanks.
fn literal<'t>(text: &'t str, pattern: &str) -> Option<&'t str> {
    let (mut text, mut pattern) = (text, pattern);
    while let Some(next) = pattern.chars().next() {
        if next == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            pattern = pattern.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
        } else {
            text = text.strip_prefix(next)?;
            pattern = &pattern[next.len_utf8()..];
        }
    }
    Some(text)
}

fn after_name<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.get(..name.len())?
        .eq_ignore_ascii_case(name)
        .then(|| &text[name.len()..])
}

/// One or two digits.
fn number(text: &str, two: bool) -> Step<(i64, &str)> {
    let count = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if count == 0 || two && count != 2 {
        return Err(Problem::Misfit);
    }
    let number = text[..count].parse().map_err(|_| Problem::Misfit)?;
    Ok((number, &text[count..]))
}

fn below(number: i64, end: i64, what: &'static str) -> Step<()> {
    if number < end {
        Ok(())
    } else {
        Err(Problem::Range(what))
    }
}

fn nanos(digits: &str) -> u32 {
    let digits = &digits[..digits.len().min(9)];
    let number: u32 = digits.parse().unwrap_or(0);
    let missing = u32::try_from(9 - digits.len()).unwrap_or(0);
    number
        .saturating_mul(10u32.pow(missing))
        .min(u32::try_from(NANOS - 1).unwrap_or(0))
}

/// Length of a zone's name: three or four capitals, `GMT+3`, and a few odd ones.
fn zone_name(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        let sign = rest.starts_with(['+', '-']);
        let digits = if sign {
            rest[1..].bytes().take_while(u8::is_ascii_digit).count()
        } else {
            0
        };
        let hours: Option<u32> = rest.get(1..=digits).and_then(|hours| hours.parse().ok());
        return Some(if hours.is_some_and(|hours| hours < 24) {
            4 + digits
        } else {
            3
        });
    }
    let signed = text.starts_with(['+', '-']);
    if signed {
        let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
        let hours: u32 = text[1..=digits].parse().ok()?;
        return (hours < 24).then_some(digits + 1);
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match capitals {
        3 => Some(3),
        4 if text[3..].starts_with('T') || text.starts_with("WITA") => Some(4),
        5 if text[4..].starts_with('T') => Some(5),
        _ => None,
    }
}

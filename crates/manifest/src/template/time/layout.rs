//! Go's time layouts: a layout is the time `Mon Jan 2 15:04:05 MST 2006` written as one wants it.

use std::fmt::Write;

use super::{Time, month_name, weekday_name};

/// One piece of a layout.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Day,
    DayBlank,
    DayZero,
    /// Digits of a fraction; `true` leaves out zeros at the end.
    Fraction(usize, bool),
    Hour,
    Hour12,
    Hour12Zero,
    Minute,
    MinuteZero,
    Month,
    MonthLong,
    MonthNumber,
    MonthZero,
    PmLower,
    PmUpper,
    Second,
    SecondZero,
    WeekdayLong,
    WeekdayShort,
    Year,
    YearDayBlank,
    YearDayZero,
    YearShort,
    ZoneName,
    Zone(ZoneForm),
}

/// How an offset is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ZoneForm {
    /// `Z` for UTC.
    pub(super) z: bool,
    pub(super) colon: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

/// Splits off the text before the first piece, the piece, its text, and the rest.
pub(super) fn next_piece(layout: &str) -> Option<(&str, Piece, &str, &str)> {
    for (at, _) in layout.char_indices() {
        let here = &layout[at..];
        // In `_2006` only the year counts.
        let (at, here) = if here.starts_with("_2006") {
            (at + 1, &here[1..])
        } else {
            (at, here)
        };
        if let Some((piece, length)) = piece(here) {
            return Some((&layout[..at], piece, &here[..length], &here[length..]));
        }
    }
    None
}

fn piece(here: &str) -> Option<(Piece, usize)> {
    if let Some(found) = fraction(here) {
        return Some(found);
    }
    for (text, piece) in PIECES {
        if here.starts_with(text) {
            let next = here.as_bytes().get(text.len());
            // `Monthly` holds no weekday.
            if matches!(text, "Jan" | "Mon") && next.is_some_and(u8::is_ascii_lowercase) {
                continue;
            }
            return Some((piece, text.len()));
        }
    }
    None
}

fn fraction(here: &str) -> Option<(Piece, usize)> {
    let digits = here.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let count = digits.len() - digits.trim_start_matches(digit).len();
    if digits.as_bytes().get(count).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((Piece::Fraction(count, digit == '9'), count + 1))
}

/// Writes a time.
pub(super) fn format(time: &Time, layout: &str) -> String {
    let (date, (hour, minute, second)) = (time.date(), time.clock());
    let mut out = String::new();
    let mut rest = layout;
    while let Some((before, piece, text, after)) = next_piece(rest) {
        out.push_str(before);
        rest = after;
        let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
        let _ = match piece {
            Piece::Year if date.year < 0 => write!(out, "-{:04}", -date.year),
            Piece::Year => write!(out, "{:04}", date.year),
            Piece::YearShort => write!(out, "{:02}", date.year.rem_euclid(100)),
            Piece::Month => write!(out, "{}", &month_name(date.month)[..3]),
            Piece::MonthLong => write!(out, "{}", month_name(date.month)),
            Piece::MonthNumber => write!(out, "{}", date.month),
            Piece::MonthZero => write!(out, "{:02}", date.month),
            Piece::WeekdayShort => write!(out, "{}", &weekday_name(time.weekday())[..3]),
            Piece::WeekdayLong => write!(out, "{}", weekday_name(time.weekday())),
            Piece::Day => write!(out, "{}", date.day),
            Piece::DayBlank => write!(out, "{:2}", date.day),
            Piece::DayZero => write!(out, "{:02}", date.day),
            Piece::YearDayBlank => write!(out, "{:3}", date.year_day),
            Piece::YearDayZero => write!(out, "{:03}", date.year_day),
            Piece::Hour => write!(out, "{hour:02}"),
            Piece::Hour12 => write!(out, "{hour12}"),
            Piece::Hour12Zero => write!(out, "{hour12:02}"),
            Piece::Minute => write!(out, "{minute}"),
            Piece::MinuteZero => write!(out, "{minute:02}"),
            Piece::Second => write!(out, "{second}"),
            Piece::SecondZero => write!(out, "{second:02}"),
            Piece::PmUpper => write!(out, "{}", if hour >= 12 { "PM" } else { "AM" }),
            Piece::PmLower => write!(out, "{}", if hour >= 12 { "pm" } else { "am" }),
            Piece::ZoneName if !time.zone.name.is_empty() => write!(out, "{}", time.zone.name),
            Piece::ZoneName => offset(
                &mut out,
                time,
                ZoneForm {
                    z: false,
                    colon: false,
                    minutes: true,
                    seconds: false,
                },
            ),
            Piece::Zone(form) => offset(&mut out, time, form),
            Piece::Fraction(digits, trim) => fraction_of(&mut out, time.nanos, &text[..1], digits, trim),
        };
    }
    out.push_str(rest);
    out
}

fn offset(out: &mut String, time: &Time, form: ZoneForm) -> std::fmt::Result {
    let offset = time.zone.offset;
    if form.z && offset == 0 {
        return out.write_str("Z");
    }
    let size = offset.unsigned_abs();
    let colon = if form.colon { ":" } else { "" };
    // Go turns the offset to minutes first: 30 seconds west are `+0000`.
    let negative = offset / 60 < 0;
    write!(out, "{}{:02}", if negative { '-' } else { '+' }, size / 3600)?;
    if form.minutes {
        write!(out, "{colon}{:02}", size / 60 % 60)?;
    }
    if form.seconds {
        write!(out, "{colon}{:02}", size % 60)?;
    }
    Ok(())
}

fn fraction_of(out: &mut String, nanos: u32, point: &str, digits: usize, trim: bool) -> std::fmt::Result {
    let all = format!("{nanos:09}");
    let mut shown = all[..digits.min(9)].to_owned();
    if trim {
        shown.truncate(shown.trim_end_matches('0').len());
        if shown.is_empty() {
            return Ok(());
        }
    }
    write!(out, "{point}{shown}")
}

const fn zone(z: bool, colon: bool, minutes: bool, seconds: bool) -> Piece {
    Piece::Zone(ZoneForm {
        z,
        colon,
        minutes,
        seconds,
    })
}

/// Longer texts come before their beginnings.
const PIECES: [(&str, Piece); 33] = [
    ("January", Piece::MonthLong),
    ("Jan", Piece::Month),
    ("Monday", Piece::WeekdayLong),
    ("Mon", Piece::WeekdayShort),
    ("MST", Piece::ZoneName),
    ("002", Piece::YearDayZero),
    ("01", Piece::MonthZero),
    ("02", Piece::DayZero),
    ("03", Piece::Hour12Zero),
    ("04", Piece::MinuteZero),
    ("05", Piece::SecondZero),
    ("06", Piece::YearShort),
    ("15", Piece::Hour),
    ("1", Piece::MonthNumber),
    ("2006", Piece::Year),
    ("2", Piece::Day),
    ("__2", Piece::YearDayBlank),
    ("_2", Piece::DayBlank),
    ("3", Piece::Hour12),
    ("4", Piece::Minute),
    ("5", Piece::Second),
    ("PM", Piece::PmUpper),
    ("pm", Piece::PmLower),
    ("-070000", zone(false, false, true, true)),
    ("-07:00:00", zone(false, true, true, true)),
    ("-0700", zone(false, false, true, false)),
    ("-07:00", zone(false, true, true, false)),
    ("-07", zone(false, false, false, false)),
    ("Z070000", zone(true, false, true, true)),
    ("Z07:00:00", zone(true, true, true, true)),
    ("Z0700", zone(true, false, true, false)),
    ("Z07:00", zone(true, true, true, false)),
    ("Z07", zone(true, false, false, false)),
];

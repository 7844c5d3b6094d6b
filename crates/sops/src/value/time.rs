//! Times: RFC 3339 as Go reads and writes it, and the timestamp forms of YAML.

/// A time taken apart. The fraction is text, so that no digit is lost or made.
struct Time<'t> {
    date: [u16; 3],
    clock: [u16; 3],
    /// Digits behind the point, not more than nine, trailing zeros dropped.
    fraction: &'t str,
    /// Minutes east of UTC.
    offset: i32,
}

/// RFC 3339, re-written with up to nine fractional digits, trailing zeros dropped, `Z` for a zero offset.
pub(super) fn canonical(text: &str) -> Option<String> {
    Time::rfc3339(text).map(|time| time.write(true))
}

/// RFC 3339, re-written without its fraction.
pub(crate) fn seconds(text: &str) -> Option<String> {
    Time::rfc3339(text).map(|time| time.write(false))
}

/// A timestamp of YAML: numbers may be short, `t` or blanks may stand for `T`, a missing zone is UTC, the clock may be
/// missing.
pub(super) fn from_yaml(text: &str) -> Option<String> {
    let mut scan = Scan(text);
    let date = [scan.digits(4, 4)?, scan.after('-', 1, 2)?, scan.after('-', 1, 2)?];
    if scan.0.is_empty() {
        return Time {
            date,
            clock: [0; 3],
            fraction: "",
            offset: 0,
        }
        .valid()
        .map(|time| time.write(true));
    }
    let rest = scan
        .0
        .strip_prefix(['T', 't'])
        .unwrap_or_else(|| scan.0.trim_start_matches([' ', '\t']));
    if rest.len() == scan.0.len() {
        return None;
    }
    scan.0 = rest;
    let clock = [scan.digits(1, 2)?, scan.after(':', 1, 2)?, scan.after(':', 1, 2)?];
    let fraction = scan.fraction(&['.'])?;
    let zone = scan.0.trim_start_matches([' ', '\t']);
    let offset = match zone {
        "" | "Z" | "z" => 0,
        _ => yaml_offset(zone)?,
    };
    Time {
        date,
        clock,
        fraction,
        offset,
    }
    .valid()
    .map(|time| time.write(true))
}

impl<'t> Time<'t> {
    fn rfc3339(text: &'t str) -> Option<Self> {
        let mut scan = Scan(text);
        let date = [scan.digits(4, 4)?, scan.after('-', 2, 2)?, scan.after('-', 2, 2)?];
        let clock = [
            scan.after('T', 1, 2)?,
            scan.after(':', 2, 2)?,
            scan.after(':', 2, 2)?,
        ];
        // Go takes a comma, too.
        let fraction = scan.fraction(&['.', ','])?;
        let offset = if scan.0 == "Z" { 0 } else { scan.offset()? };
        Self {
            date,
            clock,
            fraction,
            offset,
        }
        .valid()
    }

    fn valid(self) -> Option<Self> {
        let [year, month, day] = self.date;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u16::from(leap),
            _ => return None,
        };
        let [hour, minute, second] = self.clock;
        ((1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60).then_some(self)
    }

    fn write(&self, with_fraction: bool) -> String {
        let ([year, month, day], [hour, minute, second]) = (self.date, self.clock);
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if with_fraction && !self.fraction.is_empty() {
            text.push('.');
            text.push_str(self.fraction);
        }
        if self.offset == 0 {
            text.push('Z');
        } else {
            let size = self.offset.abs();
            let sign = if self.offset < 0 { '-' } else { '+' };
            text.push_str(&format!("{sign}{:02}:{:02}", size / 60, size % 60));
        }
        text
    }
}

struct Scan<'t>(&'t str);

impl<'t> Scan<'t> {
    fn digits(&mut self, least: usize, most: usize) -> Option<u16> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        (length >= least).then(|| digits.parse().ok()).flatten()
    }

    fn after(&mut self, mark: char, least: usize, most: usize) -> Option<u16> {
        self.0 = self.0.strip_prefix(mark)?;
        self.digits(least, most)
    }

    /// Digits behind a point, cut to nanoseconds; no point, no digits.
    fn fraction(&mut self, points: &[char]) -> Option<&'t str> {
        let Some(rest) = self.0.strip_prefix(points) else {
            return Some("");
        };
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.0 = &rest[length..];
        (length > 0).then(|| rest[..length.min(9)].trim_end_matches('0'))
    }

    /// `+hh:mm`, and nothing behind it.
    fn offset(&mut self) -> Option<i32> {
        let sign = if self.0.starts_with('-') { -1 } else { 1 };
        self.0 = self.0.strip_prefix(['+', '-'])?;
        let (hours, minutes) = (self.digits(2, 2)?, self.after(':', 2, 2)?);
        let valid = self.0.is_empty() && hours <= 24 && minutes < 60;
        valid.then(|| sign * (i32::from(hours) * 60 + i32::from(minutes)))
    }
}

/// `-5`, `+05`, `+05:30`.
fn yaml_offset(text: &str) -> Option<i32> {
    let mut scan = Scan(text);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    scan.0 = scan.0.strip_prefix(['+', '-'])?;
    let hours = scan.digits(1, 2)?;
    let minutes = if scan.0.is_empty() {
        0
    } else {
        scan.after(':', 2, 2)?
    };
    let valid = scan.0.is_empty() && hours <= 24 && minutes < 60;
    valid.then(|| sign * (i32::from(hours) * 60 + i32::from(minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_normalised() {
        let cases = [
            ("2024-01-01T00:00:00Z", Some("2024-01-01T00:00:00Z")),
            ("2006-01-02T15:04:05+07:06", Some("2006-01-02T15:04:05+07:06")),
            (
                "2006-01-02T15:04:05.500-01:00",
                Some("2006-01-02T15:04:05.5-01:00"),
            ),
            ("2006-01-02T15:04:05.000Z", Some("2006-01-02T15:04:05Z")),
            (
                "2006-01-02T15:04:05.1234567891Z",
                Some("2006-01-02T15:04:05.123456789Z"),
            ),
            ("2006-01-02T15:04:05-00:00", Some("2006-01-02T15:04:05Z")),
            ("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00Z")),
            ("2023-02-29T00:00:00Z", None),
            ("2023-13-01T00:00:00Z", None),
            ("2023-01-00T00:00:00Z", None),
            ("2023-01-01T24:00:00Z", None),
            ("2023-01-01T00:00:60Z", None),
            ("2023-01-01T00:00:00", None),
            ("2023-01-01T00:00:00.Z", None),
            ("2023-01-01 00:00:00Z", None),
            ("2023-01-01T00:00:00+01:00x", None),
            ("2023-01-01", None),
            ("é", None),
        ];
        for (text, want) in cases {
            assert_eq!(canonical(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn yaml_timestamps_become_rfc3339() {
        let cases = [
            ("2001-1-1", Some("2001-01-01T00:00:00Z")),
            (
                "2001-12-14t21:59:43.10-05:00",
                Some("2001-12-14T21:59:43.1-05:00"),
            ),
            ("2001-12-14 21:59:43.10 -5", Some("2001-12-14T21:59:43.1-05:00")),
            ("2001-12-15 2:59:43.10", Some("2001-12-15T02:59:43.1Z")),
            ("2001-12-15T2:9:3Z", Some("2001-12-15T02:09:03Z")),
            ("2001-2-30", None),
            ("2001-12", None),
            ("2001-12-15x", None),
            ("201-12-15", None),
        ];
        for (text, want) in cases {
            assert_eq!(from_yaml(text).as_deref(), want, "{text}");
        }
    }
}

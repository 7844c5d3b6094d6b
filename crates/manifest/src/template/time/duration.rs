//! Durations in nanoseconds, in Go's form: `1h2m3.5s`.

use super::NANOS;

/// Writes a duration.
pub(in super::super) fn format(nanos: i64) -> String {
    let size = nanos.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    if size == 0 {
        return "0s".to_owned();
    }
    for (unit, length) in [("ns", 1), ("µs", 1_000), ("ms", 1_000_000)] {
        if size < length * 1_000 {
            return format!("{sign}{}{unit}", decimal(size, length));
        }
    }
    let second = NANOS.unsigned_abs();
    let (hours, minutes) = (size / second / 3600, size / second / 60 % 60);
    let seconds = decimal(size % (60 * second), second);
    if hours > 0 {
        format!("{sign}{hours}h{minutes}m{seconds}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m{seconds}s")
    } else {
        format!("{sign}{seconds}s")
    }
}

/// `size / unit` without zeros at its end.
fn decimal(size: u64, unit: u64) -> String {
    let fraction = size % unit;
    if fraction == 0 {
        return (size / unit).to_string();
    }
    let width = unit.ilog10() as usize;
    let text = format!("{}.{fraction:0width$}", size / unit);
    text.trim_end_matches('0').to_owned()
}

/// Reads a duration: numbers with units, one behind the other. `None` if it is none or too long.
pub(in super::super) fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|next: char| next != '.' && !next.is_ascii_digit())?;
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let end = after
            .find(|next: char| next == '.' || next.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit: u128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: u128 = if whole.is_empty() {
            0
        } else {
            u128::from(whole.parse::<u64>().ok()?)
        };
        let fraction = &fraction[..fraction.len().min(18)];
        let part: u128 = if fraction.is_empty() {
            0
        } else {
            fraction.parse().ok()?
        };
        total += whole * unit + part * unit / 10u128.pow(u32::try_from(fraction.len()).ok()?);
        if total > 1 << 63 {
            return None;
        }
        rest = after;
    }
    let total = i128::try_from(total).ok()?;
    i64::try_from(if negative { -total } else { total }).ok()
}

/// To the nearest multiple of `unit`, halves away from zero.
pub(in super::super) fn round(nanos: i64, unit: i64) -> i64 {
    let rest = nanos % unit;
    let down = nanos - rest;
    if rest.unsigned_abs() * 2 < unit.unsigned_abs() {
        down
    } else {
        down.saturating_add(if nanos < 0 { -unit } else { unit })
    }
}

//! Doubles: the texts of cipher and MAC, of JSON, of dotenv and INI; and Go's way of reading them.

/// Shortest digits that read back, no exponent, no trailing `.0` (cipher and MAC).
pub(super) fn positional(float: f64) -> String {
    if float.is_nan() {
        return "NaN".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    float.to_string()
}

/// JSON: positional from 1e-6 up to 1e21, else with the shortest exponent; `None` for infinities and NaN.
pub(super) fn json(float: f64) -> Option<String> {
    if !float.is_finite() {
        return None;
    }
    let size = float.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return Some(float.to_string());
    }
    let (mantissa, exponent) = scientific(float);
    Some(format!(
        "{mantissa}e{}{}",
        if exponent < 0 { '-' } else { '+' },
        exponent.unsigned_abs()
    ))
}

/// dotenv, INI: exponent form below 1e-4 and from 1e6 on, two exponent digits at least; else one decimal at least.
pub(super) fn simple(float: f64) -> String {
    if !float.is_finite() {
        return positional(float);
    }
    let (mantissa, exponent) = scientific(float);
    if float != 0.0 && !(-4..6).contains(&exponent) {
        return format!(
            "{mantissa}E{}{:02}",
            if exponent < 0 { '-' } else { '+' },
            exponent.unsigned_abs()
        );
    }
    let mut text = float.to_string();
    if !text.contains('.') {
        text.push_str(".0");
    }
    text
}

/// Reads a float as Go does: decimal with exponent, hex with `p`, `inf`, `infinity`, `nan`. No `_`. A number out of
/// range is an error.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = body.len() != text.len();
    let size = if body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity") {
        f64::INFINITY
    } else if body.eq_ignore_ascii_case("nan") {
        return (!signed).then_some(f64::NAN);
    } else if let Some(hex) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        parse_hex(hex)?
    } else if body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        body.parse().ok().filter(|float: &f64| float.is_finite())?
    } else {
        return None;
    };
    Some(if negative { -size } else { size })
}

/// `1.8p-3` behind `0x`. The exponent is required.
fn parse_hex(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let plus = exponent.strip_prefix('+').unwrap_or(exponent);
    let mut exponent: i64 = plus
        .parse::<i32>()
        .ok()
        .filter(|_| !plus.starts_with('+'))?
        .into();
    let mut mantissa: u128 = 0;
    for (at, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u128::from(digit.to_digit(16)?);
        if mantissa >> 120 == 0 {
            mantissa = (mantissa << 4) | digit;
        } else {
            // Digits beyond what a double can hold only say whether the rest is zero.
            mantissa |= u128::from(digit != 0);
            exponent += 4;
        }
        if at >= whole.len() {
            exponent -= 4;
        }
    }
    // Scaling in steps keeps the factors in the range of a double.
    let mut float = mantissa as f64;
    let mut left = exponent.clamp(-3000, 3000);
    while left != 0 {
        let step = left.clamp(-500, 500);
        float *= 2f64.powi(i32::try_from(step).ok()?);
        left -= step;
    }
    float.is_finite().then_some(float)
}

/// Shortest mantissa digits and decimal exponent.
fn scientific(float: f64) -> (String, i32) {
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa.to_owned(), exponent.parse().unwrap_or(0)),
        None => (text, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_in_all_forms() {
        // spec/sops-format §12.5
        let cases = [
            (1.0, "1", Some("1"), "1.0"),
            (100_000.0, "100000", Some("100000"), "100000.0"),
            (1e6, "1000000", Some("1000000"), "1E+06"),
            (1_234_567.0, "1234567", Some("1234567"), "1.234567E+06"),
            (
                123_456_789.125,
                "123456789.125",
                Some("123456789.125"),
                "1.23456789125E+08",
            ),
            (999_999.5, "999999.5", Some("999999.5"), "999999.5"),
            (0.0001, "0.0001", Some("0.0001"), "0.0001"),
            (0.00001, "0.00001", Some("0.00001"), "1E-05"),
            (1e-7, "0.0000001", Some("1e-7"), "1E-07"),
            (
                1e20,
                "100000000000000000000",
                Some("100000000000000000000"),
                "1E+20",
            ),
            (1e21, "1000000000000000000000", Some("1e+21"), "1E+21"),
            (-0.0, "-0", Some("-0"), "-0.0"),
            (f64::INFINITY, "+Inf", None, "+Inf"),
            (f64::NEG_INFINITY, "-Inf", None, "-Inf"),
            (f64::NAN, "NaN", None, "NaN"),
        ];
        for (float, cipher, in_json, in_dotenv) in cases {
            assert_eq!(positional(float), cipher);
            assert_eq!(json(float).as_deref(), in_json, "{cipher}");
            assert_eq!(simple(float), in_dotenv, "{cipher}");
        }
    }

    #[test]
    fn floats_are_read_as_in_go() {
        let cases = [
            ("1.5", Some(1.5)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("+5", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("1E+06", Some(1e6)),
            ("007", Some(7.0)),
            ("+Inf", Some(f64::INFINITY)),
            ("-infinity", Some(f64::NEG_INFINITY)),
            ("0x1p-2", Some(0.25)),
            ("-0x1.8p1", Some(-3.0)),
            ("0X.8P+0", Some(0.5)),
            ("0x1p-1074", Some(5e-324)),
            ("0x10", None),
            ("0xp1", None),
            ("0x1p++1", None),
            ("0x1p2000", None),
            ("1_0", None),
            ("1e400", None),
            ("-nan", None),
            ("e5", None),
            (".", None),
            ("", None),
            ("+", None),
            (" 1", None),
            ("++1", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse_float(text), want, "{text}");
        }
        assert!(parse_float("NaN").is_some_and(f64::is_nan));
    }
}

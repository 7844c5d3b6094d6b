//! The order of keys in the peers' YAML: by letters, with numbers inside compared as numbers (`a2` before `a10`).

use std::cmp::Ordering;

/// Sorts names. Not the standard sort: it may panic on an order that is none, and the peers' is none for numbers beyond
/// 64 bits.
pub(super) fn sorted<'v, T>(entries: impl Iterator<Item = (&'v String, T)>) -> Vec<(&'v String, T)> {
    let mut runs: Vec<Vec<(&String, T)>> = entries.map(|entry| vec![entry]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut pairs = runs.into_iter();
        while let Some(left) = pairs.next() {
            merged.push(match pairs.next() {
                Some(right) => merge(left, right),
                None => left,
            });
        }
        runs = merged;
    }
    runs.pop().unwrap_or_default()
}

fn merge<'v, T>(left: Vec<(&'v String, T)>, right: Vec<(&'v String, T)>) -> Vec<(&'v String, T)> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let from_right = compare(b.0, a.0) == Ordering::Less;
        out.extend(if from_right { right.next() } else { left.next() });
    }
    out.extend(left);
    out.extend(right);
    out
}

fn compare(a: &str, b: &str) -> Ordering {
    let same = (a.chars().zip(b.chars()))
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum::<usize>();
    let (head, a, b) = (
        a.get(..same).unwrap_or(""),
        a.get(same..).unwrap_or(""),
        b.get(same..).unwrap_or(""),
    );
    let (Some(first_a), Some(first_b)) = (a.chars().next(), b.chars().next()) else {
        return a.len().cmp(&b.len());
    };
    match (first_a.is_alphabetic(), first_b.is_alphabetic()) {
        (true, true) => return first_a.cmp(&first_b),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // Inside a number a zero counts: `100` and `1000`, not `1` and `10` behind it.
    let zero = first_a == '0' || first_b == '0';
    let mut digits = head.bytes().rev().take_while(u8::is_ascii_digit);
    let start = i64::from(zero && digits.any(|digit| digit != b'0'));
    let number = |text: &str| {
        text.bytes()
            .take_while(u8::is_ascii_digit)
            .fold((start, 0_usize), |(value, digits), byte| {
                (
                    value.wrapping_mul(10).wrapping_add(i64::from(byte - b'0')),
                    digits + 1,
                )
            })
    };
    number(a).cmp(&number(b)).then(first_a.cmp(&first_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers_and_signs_come_first() {
        let names = [
            "b", "a10", "a2", "a", "A", "a-1", "a.b", "10", "9", "a01", "a1", "_x", "é", "ab",
        ];
        let names: Vec<String> = names.map(str::to_owned).to_vec();
        let order: Vec<&str> = sorted(names.iter().map(|name| (name, ())))
            .iter()
            .map(|(name, ())| name.as_str())
            .collect();
        assert_eq!(
            order,
            [
                "_x", "9", "10", "A", "a", "a-1", "a.b", "a1", "a01", "a2", "a10", "ab", "b", "é"
            ]
        );
    }
}

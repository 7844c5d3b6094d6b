//! Decimal numbers of any size: what `addf` and its like calculate with, so that 0.1 + 0.2 is 0.3.

use num_bigint::{BigInt, Sign};

use super::super::{
    context::{Fault, Outcome},
    number,
};

/// `value · 10^exponent`.
pub(super) struct Decimal {
    value: BigInt,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that reads as this float.
    pub(super) fn from_float(float: f64) -> Outcome<Self> {
        if !float.is_finite() {
            let shown = number::float(float, 'g', None);
            return Err(Fault::new(format!("Cannot create a Decimal from {shown}")));
        }
        let (negative, digits, exponent) = number::digits(float, None);
        let value = BigInt::parse_bytes(digits.as_bytes(), 10).unwrap_or_default();
        let shift = i32::try_from(digits.len()).unwrap_or(0) - 1;
        Ok(Self {
            value: if negative { -value } else { value },
            exponent: exponent - shift,
        })
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        format!("{}e{}", self.value, self.exponent).parse().unwrap_or(0.0)
    }

    /// Its size, as a measure of the work with it.
    pub(super) fn size(&self) -> u64 {
        self.value.bits()
    }

    /// The sum.
    pub(super) fn plus(&self, other: &Self) -> Outcome<Self> {
        let exponent = self.exponent.min(other.exponent);
        Ok(Self {
            value: self.at(exponent) + other.at(exponent),
            exponent,
        })
    }

    /// The difference.
    pub(super) fn minus(&self, other: &Self) -> Outcome<Self> {
        let exponent = self.exponent.min(other.exponent);
        Ok(Self {
            value: self.at(exponent) - other.at(exponent),
            exponent,
        })
    }

    /// The product.
    pub(super) fn times(&self, other: &Self) -> Outcome<Self> {
        let exponent = self.exponent.checked_add(other.exponent);
        let exponent = exponent.ok_or_else(|| Fault::new("exponent overflow"))?;
        Ok(Self {
            value: &self.value * &other.value,
            exponent,
        })
    }

    /// The quotient with 16 digits behind the point, halves away from zero.
    pub(super) fn divided(&self, other: &Self) -> Outcome<Self> {
        if other.value.sign() == Sign::NoSign {
            return Err(Fault::new("decimal division by 0"));
        }
        // self / other = (a / b) · 10^(e − f); scaled so that the quotient counts units of 10^-16.
        let scale = self.exponent - other.exponent + DIGITS;
        let (mut above, mut below) = (self.value.clone(), other.value.clone());
        let power = BigInt::from(10).pow(scale.unsigned_abs());
        if scale >= 0 {
            above *= power;
        } else {
            below *= power;
        }
        let negative = (above.sign() == Sign::Minus) != (below.sign() == Sign::Minus);
        let (above, below) = (
            BigInt::from(above.magnitude().clone()),
            BigInt::from(below.magnitude().clone()),
        );
        let rounded: BigInt = (above * 2 + &below) / (below * 2);
        Ok(Self {
            value: if negative { -rounded } else { rounded },
            exponent: -DIGITS,
        })
    }

    fn at(&self, exponent: i32) -> BigInt {
        &self.value * BigInt::from(10).pow(self.exponent.abs_diff(exponent))
    }
}

/// Digits of a quotient behind the point.
const DIGITS: i32 = 16;

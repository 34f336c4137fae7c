//! Arithmetic that never overflows or divides by zero: an absent or unreadable number is 0, as in Braze.

use liquid_core::model::{Value, ValueView};
use liquid_core::{Error, Result};

use super::own::Call;

#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Float(f64),
}

pub(super) fn abs(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    match read(input) {
        Number::Int(n) => n.checked_abs().map(Value::scalar).ok_or_else(overflow),
        Number::Float(n) => float(n.abs()),
    }
}

pub(super) fn plus(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    arithmetic(input, call, i64::checked_add, |a, b| a + b)
}

pub(super) fn minus(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    arithmetic(input, call, i64::checked_sub, |a, b| a - b)
}

pub(super) fn times(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    arithmetic(input, call, i64::checked_mul, |a, b| a * b)
}

/// Two integers floor, as in Ruby.
pub(super) fn divided_by(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    not_zero(call)?;
    arithmetic(
        input,
        call,
        |a, b| Some(a.checked_div(b)? - i64::from(floors(a, b))),
        |a, b| a / b,
    )
}

/// The sign of the divisor, as in Ruby.
pub(super) fn modulo(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    not_zero(call)?;
    let whole = |a: i64, b: i64| Some(a.checked_rem(b)? + if floors(a, b) { b } else { 0 });
    arithmetic(input, call, whole, |a, b| a - b * (a / b).floor())
}

/// Two decimals; no cents are counted.
pub(super) fn money(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    Ok(Value::scalar(match read(input) {
        Number::Int(n) => format!("{n}.00"),
        Number::Float(n) => format!("{n:.2}"),
    }))
}

pub(super) fn number_with_delimiter(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    let text = input.to_kstr().into_string();
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text.as_str(), None),
    };
    let (sign, digits) = whole
        .strip_prefix('-')
        .map_or(("", whole), |digits| ("-", digits));
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(Value::scalar(text.clone()));
    }
    let mut out = sign.to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    Ok(Value::scalar(out))
}

fn arithmetic(
    input: &dyn ValueView,
    call: &Call<'_>,
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> Result<Value> {
    match (read(input), operand(call)) {
        (Number::Int(a), Number::Int(b)) => whole(a, b).map(Value::scalar).ok_or_else(overflow),
        (a, b) => float(real(a.to_f64(), b.to_f64())),
    }
}

fn operand(call: &Call<'_>) -> Number {
    call.args.first().map_or(Number::Int(0), |arg| read(arg))
}

fn not_zero(call: &Call<'_>) -> Result<()> {
    if operand(call).to_f64() == 0.0 {
        return Err(Error::with_msg("division by zero"));
    }
    Ok(())
}

/// Whether truncating rounds up, and flooring would give one less.
fn floors(a: i64, b: i64) -> bool {
    a.checked_rem(b)
        .is_some_and(|rest| rest != 0 && (rest < 0) != (b < 0))
}

fn read(value: &dyn ValueView) -> Number {
    let Some(scalar) = value.as_scalar() else {
        return Number::Int(0);
    };
    match (scalar.to_integer(), scalar.to_float()) {
        (Some(n), _) => Number::Int(n),
        (None, Some(n)) => Number::Float(n),
        (None, None) => Number::Int(0),
    }
}

fn float(n: f64) -> Result<Value> {
    if n.is_finite() {
        Ok(Value::scalar(n))
    } else {
        Err(overflow())
    }
}

fn overflow() -> Error {
    Error::with_msg("the number is too large")
}

// === impl Number ===

impl Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an int meeting a double becomes one"
    )]
    fn to_f64(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(n) => n,
        }
    }
}

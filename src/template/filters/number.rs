//! Arithmetic that never overflows or divides by zero: an absent or unreadable number is 0, as in Braze, and
//! decimals stay decimals.

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
    arithmetic(input, call, i64::checked_add, |a, b| decimal(a + b))
}

pub(super) fn minus(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    arithmetic(input, call, i64::checked_sub, |a, b| decimal(a - b))
}

pub(super) fn times(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    arithmetic(input, call, i64::checked_mul, |a, b| decimal(a * b))
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
    arithmetic(input, call, whole, |a, b| decimal(a - b * (a / b).floor()))
}

pub(super) fn ceil(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    whole(read(input), f64::ceil)
}

pub(super) fn floor(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    whole(read(input), f64::floor)
}

/// To a whole number, or to so many decimals.
pub(super) fn round(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let (number, places) = (read(input), operand(call).to_f64());
    match number {
        Number::Float(n) if places >= 1.0 => {
            let scale = 10_f64.powf(places.min(15.0).floor());
            let scaled = decimal(n * scale);
            float(if scaled.is_finite() {
                scaled.round() / scale
            } else {
                n
            })
        }
        number => whole(number, f64::round),
    }
}

pub(super) fn at_least(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let (number, least) = (read(input), operand(call));
    value(if number.to_f64() < least.to_f64() {
        least
    } else {
        number
    })
}

pub(super) fn at_most(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let (number, most) = (read(input), operand(call));
    value(if number.to_f64() > most.to_f64() {
        most
    } else {
        number
    })
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

/// A text counts as the number that it begins with, else 0: `9.50` is 9.5 and `3 apples` is 3.
fn read(value: &dyn ValueView) -> Number {
    let Some(scalar) = value.as_scalar() else {
        return Number::Int(0);
    };
    match scalar.type_name() {
        "whole number" => Number::Int(scalar.to_integer().unwrap_or(0)),
        "fractional number" => Number::Float(scalar.to_float().unwrap_or(0.0)),
        "string" => beginning(scalar.to_kstr().trim()),
        _ => Number::Int(0),
    }
}

fn beginning(text: &str) -> Number {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with(['-', '+']));
    let whole = sign + digits(&text[sign..]);
    if let Some(fraction) = text[whole..].strip_prefix('.')
        && whole > sign
        && !fraction.is_empty()
        && digits(fraction) == fraction.len()
        && let Ok(n) = text.parse()
    {
        return Number::Float(n);
    }
    let text = &text[..whole];
    match (text.parse(), text.parse()) {
        (Ok(n), _) => Number::Int(n),
        // Beyond 64 bits.
        (Err(_), Ok(n)) => Number::Float(n),
        (Err(_), Err(_)) => Number::Int(0),
    }
}

/// Fifteen digits are what a double keeps of a decimal: 0.1 and 0.2 are 0.3, as in Ruby.
fn decimal(n: f64) -> f64 {
    format!("{n:.14e}").parse().unwrap_or(n)
}

fn whole(number: Number, to_whole: fn(f64) -> f64) -> Result<Value> {
    match number {
        Number::Int(n) => Ok(Value::scalar(n)),
        Number::Float(n) => {
            let n = to_whole(n);
            // Two to the power of 63; beyond it there are no integers.
            if n.abs() < 9_223_372_036_854_775_808.0 {
                #[expect(clippy::cast_possible_truncation, reason = "whole and within 64 bits")]
                return Ok(Value::scalar(n as i64));
            }
            Err(overflow())
        }
    }
}

fn value(number: Number) -> Result<Value> {
    match number {
        Number::Int(n) => Ok(Value::scalar(n)),
        Number::Float(n) => float(n),
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

//! Texts as parts of a URL.

use std::fmt::Write;

use liquid_core::Result;
use liquid_core::model::{Value, ValueView};

use super::own::Call;

/// Form style: blanks become `+`.
pub(super) fn url_encode(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    escape(input, call, |byte| b"-_.".contains(&byte), true)
}

/// What may not stand in a URL at all; `&` and its like stay.
pub(super) fn url_escape(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    escape(
        input,
        call,
        |byte| b"-_.!~*'();/?:@&=+$,[]#%".contains(&byte),
        false,
    )
}

/// What may not stand in a query's value, `&` too.
pub(super) fn url_param_escape(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    escape(input, call, |byte| b"-_.~".contains(&byte), false)
}

fn escape(
    input: &dyn ValueView,
    call: &mut Call<'_>,
    stays: impl Fn(u8) -> bool,
    is_form: bool,
) -> Result<Value> {
    let text = input.to_kstr();
    call.budget.build(text.len() * 3)?;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || stays(byte) {
            out.push(char::from(byte));
        } else if byte == b' ' && is_form {
            out.push('+');
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Ok(Value::scalar(out))
}

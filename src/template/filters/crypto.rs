//! Digests and codes: what a receiver checks a message by.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use liquid_core::model::{Value, ValueView};
use liquid_core::{Error, Result};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::own::Call;

pub(super) fn md5(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    digest::<Md5>(input)
}

pub(super) fn sha1(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    digest::<Sha1>(input)
}

pub(super) fn sha2(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    digest::<Sha256>(input)
}

pub(super) fn hmac_sha1_hex(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    Ok(Value::scalar(hex::encode(hmac_sha1(input, call)?)))
}

pub(super) fn hmac_sha1_base64(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    Ok(Value::scalar(STANDARD.encode(hmac_sha1(input, call)?)))
}

pub(super) fn hmac_sha256_hex(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    Ok(Value::scalar(hex::encode(hmac_sha256(input, call)?)))
}

pub(super) fn hmac_sha256_base64(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    Ok(Value::scalar(STANDARD.encode(hmac_sha256(input, call)?)))
}

pub(super) fn hmac_sha512(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let mut mac = Hmac::<Sha512>::new_from_slice(call.text(0).as_bytes()).map_err(unfit)?;
    mac.update(input.to_kstr().as_bytes());
    Ok(Value::scalar(hex::encode(mac.finalize().into_bytes())))
}

pub(super) fn base64_encode(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    Ok(Value::scalar(STANDARD.encode(input.to_kstr().as_bytes())))
}

fn digest<D: Digest>(input: &dyn ValueView) -> Result<Value> {
    let digest = D::digest(input.to_kstr().as_bytes());
    Ok(Value::scalar(hex::encode(digest)))
}

fn hmac_sha1(input: &dyn ValueView, call: &Call<'_>) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(call.text(0).as_bytes()).map_err(unfit)?;
    mac.update(input.to_kstr().as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn hmac_sha256(input: &dyn ValueView, call: &Call<'_>) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(call.text(0).as_bytes()).map_err(unfit)?;
    mac.update(input.to_kstr().as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn unfit<E>(_: E) -> Error {
    Error::with_msg("the key has no fitting length")
}

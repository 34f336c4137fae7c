//! What the platform lets through by its form alone, one file for each part of a request.

mod button;
mod message;
mod request;
mod template;
mod utility;

pub(super) use request::{Content, content, recipient};
pub(super) use utility::Utility;

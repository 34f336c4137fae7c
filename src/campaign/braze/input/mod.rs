//! What Braze exports and what people paste, as one shape.
//!
//! `export` reads JSON of its API, `paste` a request as text, `curl` a command line, `detect` tells them
//! apart. May import `liquid`, `json` and `report`. Begin with [`read`].
//!
//! **Invariant:** what is told of an input that cannot be read quotes nothing of it: a token may stand anywhere.

mod curl;
mod detect;
mod export;
mod paste;

pub(super) use detect::{is_send_api, read, refused};

use super::json::Value;

/// A webhook as it stood in Braze.
#[derive(Default)]
pub(super) struct Source {
    /// Of the campaign; empty where none is told.
    pub(super) name: String,
    pub(super) variation: String,
    pub(super) description: String,
    pub(super) team: String,
    pub(super) tags: Vec<String>,
    pub(super) url: String,
    pub(super) method: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    /// Of the body, where something besides a header tells it.
    pub(super) content_type: String,
}

#[derive(Default)]
pub(super) enum Body {
    #[default]
    None,
    Text(String),
    /// JSON that stood in the export as such.
    Tree(Value),
}

// === impl Source ===

impl Source {
    /// Of the body, in small letters; empty where nothing tells it.
    pub(super) fn content_type(&self) -> String {
        let header = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let told = header.map_or(&self.content_type, |(_, value)| value);
        told.trim().to_ascii_lowercase()
    }
}

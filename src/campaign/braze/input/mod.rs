//! What Braze exports and what people paste, as one shape.
//!
//! `export` reads JSON of its API, `paste` a request as text, `curl` a command line. May import `liquid`, `json` and
//! `report`. Begin with [`read`].
//!
//! **Invariant:** what is told of an input that cannot be read quotes nothing of it: a token may stand anywhere.

mod curl;
mod export;
mod paste;

use super::json::{self, Mode, Value};
use super::liquid;
use super::report::Report;
use crate::diagnostic::{Code, Diagnostic, Place};

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

/// Reads an input in any of its forms.
///
/// # Errors
/// It is none, with the place where that shows.
pub(super) fn read(
    file: &str,
    text: &str,
    report: &mut Report,
) -> Result<Vec<Source>, Box<Diagnostic>> {
    let begin = text.trim_start();
    if begin.is_empty() {
        return Err(refused(file, text, text.len(), "there is nothing in it"));
    }
    if begin.starts_with(['{', '[']) && !liquid::is_markup(begin) {
        return of_json(file, text, report);
    }
    let command = begin.strip_prefix("$ ").unwrap_or(begin);
    if command.starts_with("curl ") || command.starts_with("curl\\") {
        let at = text.len() - command.len();
        return curl::read(command)
            .map(|source| vec![source])
            .map_err(|(inner, message)| refused(file, text, at + inner, message));
    }
    paste::read(text)
        .map(|source| vec![source])
        .map_err(|(at, message)| refused(file, text, at, message))
}

/// An export, or a body alone.
fn of_json(file: &str, text: &str, report: &mut Report) -> Result<Vec<Source>, Box<Diagnostic>> {
    let strict = json::read(text, Mode::Strict).value;
    if let Ok(value) = &strict
        && export::is_export(value)
    {
        return export::read(value, report)
            .map_err(|message| refused(file, text, text.len(), message));
    }
    let body = json::read(text, Mode::Liquid);
    let is_message = match &body.value {
        Ok(value) => is_send_api(value),
        Err(_) => !body.outside.is_empty() && text.contains("\"recipient\""),
    };
    if is_message {
        let body = Body::Text(text.to_owned());
        return Ok(vec![Source {
            body,
            ..Source::default()
        }]);
    }
    let broken = match (strict, body.value) {
        // What was read further knows better what it is.
        (Err(strict), Err(liquid)) if liquid.at > strict.at => liquid,
        (Err(strict), Err(_)) => strict,
        _ => {
            let message = "this JSON is neither a webhook of Braze's nor a message of Messenger's";
            let hint = "it has `url` and `body`, or `messages`, or `recipient` and `message`; a body of another kind \
                        needs its URL: write `POST https://…` and an empty line above it";
            return Err(Box::new(refused(file, text, 0, message).hint(hint)));
        }
    };
    let mut problem = refused(
        file,
        text,
        broken.at,
        format!("broken JSON: {}", broken.message),
    );
    problem.hint = broken.hint.map(str::to_owned);
    Err(problem)
}

/// Whether JSON has the shape of a Send API call.
pub(super) fn is_send_api(value: &Value) -> bool {
    value.get("recipient").is_some()
        && (value.get("message").is_some() || value.get("sender_action").is_some())
}

pub(super) fn refused(
    file: &str,
    text: &str,
    at: usize,
    message: impl Into<String>,
) -> Box<Diagnostic> {
    let mut problem = Diagnostic::error(Code("braze-input"), message);
    let mut place = Place::of(file, text, at..at);
    place.snippet.clear();
    problem.place = Some(place);
    Box::new(problem)
}

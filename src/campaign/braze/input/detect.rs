//! Which of its forms an input has.

use super::{Body, Source, curl, export, paste};
use crate::campaign::braze::json::{self, Mode, Value};
use crate::campaign::braze::liquid;
use crate::campaign::braze::report::Report;
use crate::diagnostic::{Diagnostic, Place, codes};

/// Reads an input in any of its forms.
///
/// # Errors
/// It is none, with the place where that shows.
pub(in crate::campaign::braze) fn read(
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
pub(in crate::campaign::braze) fn is_send_api(value: &Value) -> bool {
    value.get("recipient").is_some()
        && (value.get("message").is_some() || value.get("sender_action").is_some())
}

pub(in crate::campaign::braze) fn refused(
    file: &str,
    text: &str,
    at: usize,
    message: impl Into<String>,
) -> Box<Diagnostic> {
    let mut problem = Diagnostic::error(codes::BRAZE_INPUT, message);
    let mut place = Place::of(file, text, at..at);
    place.snippet.clear();
    problem.place = Some(place);
    Box::new(problem)
}

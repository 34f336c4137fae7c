//! A request as text: a line with the URL, headers, an empty line, the body.

use super::{Body, Source};
use crate::campaign::braze::json::{self, Mode};
use crate::campaign::braze::liquid;

const METHODS: [&str; 6] = ["POST", "GET", "PUT", "DELETE", "PATCH", "HEAD"];

/// Where it breaks, and why.
type Refusal = (usize, &'static str);

/// A pasted request, or a body that begins with Liquid.
pub(super) fn read(text: &str) -> Result<Source, Refusal> {
    if liquid::is_markup(text.trim_start()) && is_message(text) {
        return Ok(Source {
            body: Body::Text(text.to_owned()),
            ..Source::default()
        });
    }
    let (mut source, mut at, mut path) = (Source::default(), 0, None);
    for line in text.split_inclusive('\n') {
        let begin = at + (line.len() - line.trim_start().len());
        let words = line.trim();
        let is_begun = !source.url.is_empty() || path.is_some() || !source.headers.is_empty();
        if words.is_empty() && is_begun {
            at += line.len();
            break;
        }
        if is_begun && begins_body(words) {
            break;
        }
        at += line.len();
        if words.is_empty() {
            continue;
        }
        if !is_begun && let Some(target) = target(words, &mut source.method) {
            if target.starts_with('/') {
                path = Some(target);
            } else {
                source.url = target;
            }
        } else if let Some((name, value)) = labelled(words) {
            label(&mut source, name, value);
        } else if is_begun {
            return Err((
                begin,
                "a header is a name, a colon and a value; an empty line stands before the body",
            ));
        } else {
            return Err((
                begin,
                "neither JSON nor a request: the first line is a URL, such as `POST https://graph.facebook.com/…`",
            ));
        }
    }
    if let Some(path) = path {
        let host = source
            .headers
            .iter()
            .position(|(name, _)| name.eq_ignore_ascii_case("host"));
        let Some(host) = host else {
            return Err((
                0,
                "the first line has no host, and there is no header `Host`",
            ));
        };
        let (_, host) = source.headers.remove(host);
        source.url = format!("https://{host}{path}");
    }
    if source.url.is_empty() {
        return Err((
            0,
            "there is no URL: write it into the first line, such as `POST https://…`",
        ));
    }
    let body = text[at..].trim();
    if !body.is_empty() {
        source.body = Body::Text(body.to_owned());
    }
    Ok(source)
}

/// Whether a text with Liquid before it is a body of Messenger's.
fn is_message(text: &str) -> bool {
    let body = json::read(text, Mode::Liquid);
    match &body.value {
        Ok(value) => super::is_send_api(value),
        Err(_) => text.contains("\"recipient\""),
    }
}

fn begins_body(line: &str) -> bool {
    line.starts_with(['{', '[', '<'])
}

/// The URL or path of a first line, with its method if it has one.
fn target(line: &str, method: &mut String) -> Option<String> {
    let first = line.split_whitespace().next()?;
    let is_method = METHODS.contains(&first.to_uppercase().as_str());
    let rest = if is_method {
        line[first.len()..].trim()
    } else {
        line
    };
    // The version at the end of a request line.
    let rest = match rest.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => target.trim(),
        _ => rest,
    };
    let lower = rest.to_ascii_lowercase();
    let is_url = lower.starts_with("https://")
        || lower.starts_with("http://")
        || (is_method && !rest.is_empty())
        || lower.starts_with("graph.facebook.com/");
    if !is_url {
        return None;
    }
    if is_method {
        *method = first.to_uppercase();
    }
    Some(rest.to_owned())
}

fn labelled(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_ .".contains(c);
    let name = name.trim();
    (!name.is_empty() && name.chars().all(is_name)).then(|| (name, value.trim()))
}

/// A header, or one of the composer's fields by its label.
fn label(source: &mut Source, name: &str, value: &str) {
    match name.to_ascii_lowercase().as_str() {
        "url" | "webhook url" => value.clone_into(&mut source.url),
        "method" | "http method" | "request method" => source.method = value.to_uppercase(),
        _ => source.headers.push((name.to_owned(), value.to_owned())),
    }
}

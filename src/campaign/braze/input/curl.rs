//! A `curl` command line, as documentation and other tools have it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Body, Source};

/// Where it breaks, and why.
type Refusal = (usize, &'static str);

/// Options that take a value and change nothing of the call.
const IGNORED: [&str; 8] = [
    "-o",
    "--output",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-w",
    "--write-out",
    "--retry",
];

pub(super) fn read(command: &str) -> Result<Source, Refusal> {
    let (mut source, mut data) = (Source::default(), Vec::new());
    let mut words = split(command)?.into_iter().skip(1);
    while let Some((at, word)) = words.next() {
        let (option, joined) = option(&word);
        let mut next = || {
            let word = joined
                .clone()
                .or_else(|| words.next().map(|(_, word)| word));
            word.ok_or((at, "this option has no value"))
        };
        match option {
            "-X" | "--request" => source.method = next()?.to_uppercase(),
            "-H" | "--header" => {
                let header = next()?;
                let pair = header.split_once(':');
                let (name, text) = pair.ok_or((at, "a header is a name, a colon and a value"))?;
                source
                    .headers
                    .push((name.trim().to_owned(), text.trim().to_owned()));
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" => data.push(next()?),
            "--json" => {
                data.push(next()?);
                "application/json".clone_into(&mut source.content_type);
            }
            "--url" => source.url = next()?,
            "-u" | "--user" => {
                let basic = format!("Basic {}", STANDARD.encode(next()?));
                source.headers.push(("Authorization".to_owned(), basic));
            }
            "-F" | "--form" | "-G" | "--get" | "--data-urlencode" | "-T" => {
                return Err((
                    at,
                    "this option of curl is not read: paste the URL, the headers and the body",
                ));
            }
            ignored if IGNORED.contains(&ignored) => drop(next()?),
            flag if flag.starts_with('-') && flag.len() > 1 => {}
            word if word.contains(['.', '/', ':']) => word.clone_into(&mut source.url),
            // The value of an option that stands with others, as in `-sX POST`.
            word => source.method = word.to_uppercase(),
        }
    }
    finish(source, &data)
}

/// An option, with its value where that is joined to it: `-XPOST` and `--request=POST` are as good as two words.
fn option(word: &str) -> (&str, Option<String>) {
    match word.split_once('=') {
        Some((option, value)) if word.starts_with("--") => (option, Some(value.to_owned())),
        _ => match word.split_at_checked(2) {
            Some((option, value))
                if word.starts_with('-') && option != "--" && !value.is_empty() =>
            {
                (option, Some(value.to_owned()))
            }
            _ => (word, None),
        },
    }
}

fn finish(mut source: Source, data: &[String]) -> Result<Source, Refusal> {
    if source.url.is_empty() {
        return Err((0, "there is no URL"));
    }
    if !source.url.contains("://") {
        source.url = format!("https://{}", source.url);
    }
    if data.iter().any(|data| data.starts_with('@')) {
        return Err((0, "the body is in a file: put its text into the command"));
    }
    if let Some(first) = data.first() {
        source.body = Body::Text(data.join("&"));
        // As curl does without a header that says otherwise.
        let is_typed = !source.content_type().is_empty();
        if !is_typed && !first.trim_start().starts_with(['{', '[']) {
            "application/x-www-form-urlencoded".clone_into(&mut source.content_type);
        }
    }
    Ok(source)
}

/// Words as a shell reads them, each with where it begins.
fn split(command: &str) -> Result<Vec<(usize, String)>, Refusal> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let (mut word, mut begin): (Option<String>, _) = (None, 0);
    let mut chars = command.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if word.is_none() {
            begin = at;
        }
        match c {
            '\'' => word
                .get_or_insert_default()
                .push_str(&single(&mut chars, at)?),
            '"' => word
                .get_or_insert_default()
                .push_str(&double(&mut chars, at)?),
            '$' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                return Err((at, "`$'…'` is not read: use plain quotes"));
            }
            '\\' => match chars.next() {
                // A line that goes on.
                Some((_, '\n')) | None => {}
                Some((_, '\r')) => drop(chars.next_if(|(_, c)| *c == '\n')),
                Some((_, c)) => word.get_or_insert_default().push(c),
            },
            c if c.is_whitespace() => words.extend(word.take().map(|word| (begin, word))),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word.map(|word| (begin, word)));
    Ok(words)
}

type Chars<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

fn single(chars: &mut Chars<'_>, at: usize) -> Result<String, Refusal> {
    let mut out = String::new();
    for (_, c) in chars {
        if c == '\'' {
            return Ok(out);
        }
        out.push(c);
    }
    Err((at, "this quote is never closed"))
}

fn double(chars: &mut Chars<'_>, at: usize) -> Result<String, Refusal> {
    let mut out = String::new();
    while let Some((_, c)) = chars.next() {
        match c {
            '"' => return Ok(out),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\' | '$' | '`'))) => out.push(c),
                Some((_, '\n')) | None => {}
                Some((_, c)) => out.extend(['\\', c]),
            },
            c => out.push(c),
        }
    }
    Err((at, "this quote is never closed"))
}

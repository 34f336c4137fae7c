//! Keeps secrets out of reports: people put them where they should not stand, and reports go to logs.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::source::SourceFile;
use crate::diagnostic::{Diagnostic, Place};

type Pattern = LazyLock<Option<Regex>>;

/// A key whose name says that its value is secret, misspelt ones too, and what follows on its line. It begins
/// the line or stands in a flow map: a message may speak of passwords.
static KEYED: Pattern = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:^[\s-]*|[{,])\s*["']?[^:,{}"']*?(?:t[oke]{2,4}n|secret|pass|pwd|authori[sz]ation|credential|cookie|[-_]key|api.?key)[a-z0-9_-]*["']?\s*:(.*)"#,
    )
    .ok()
});
/// What may follow such a key and is none: a reference, or nothing yet.
static REFERENCE: Pattern = LazyLock::new(|| {
    Regex::new(
        r#"^\s*(?:\{\s*(?:env|file)\s*:\s*["']?[A-Za-z0-9_./-]*["']?\s*\}?\s*,?)?\s*(?:#.*)?$"#,
    )
    .ok()
});
/// A reference on a line of its own.
static REFERENCE_LINE: Pattern =
    LazyLock::new(|| Regex::new(r#"^\s*(?:env|file)\s*:\s*["']?[A-Za-z0-9_./-]*["']?\s*$"#).ok());
/// What looks like a secret wherever it stands.
static RUN: Pattern = LazyLock::new(|| {
    Regex::new(
        r#"(?x) EAA[A-Za-z0-9]{5,}
        | (?i:bearer|basic)\s+\S+
        | ://[^/\s@"']+:[^/\s@"']+@
        | (?i:token|secret|key|signature|sig|password|pwd)=[^&\s"']+
        | [0-9a-f]{32,}
        | [A-Za-z0-9_+=|-]{20,}"#,
    )
    .ok()
});

/// The value of a query whose key says that it is secret, or what stands before a host.
static URL_VALUE: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?ix) (://)[^/?\#\s@]*(@)
        | ([?&][a-z0-9_.-]*(?:token|secret|passw|pwd|key|signature|\bsig|auth|credential)[a-z0-9_-]*=)[^&\#\s]+",
    )
    .ok()
});

/// A URL as it may be shown: with `***` for what its keys call secret.
pub fn masked_url(url: &str) -> String {
    let masked = URL_VALUE
        .as_ref()
        .map(|pattern| pattern.replace_all(url, "$1$3***$2"));
    masked.map_or_else(|| "***".to_owned(), std::borrow::Cow::into_owned)
}

/// Masks secrets in reports about `files`; lengths stay, so that marks stay where they belong.
pub(in crate::campaign) fn redact(problems: &mut [Diagnostic], files: &[SourceFile]) {
    let mut masked: HashMap<String, String> = HashMap::new();
    for problem in problems {
        if let Some(place) = &mut problem.place {
            let text = masked.entry(place.file.clone()).or_insert_with(|| {
                let file = files.iter().find(|file| file.path == place.file);
                file.map_or_else(String::new, |file| mask(&file.text))
            });
            show(place, text, &mut problem.message);
        }
        problem.message = runs(&problem.message);
        problem.hint = problem.hint.as_deref().map(runs);
    }
}

/// Text as it may be shown, line by line as long as it was.
pub(in crate::campaign) fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Lines further in than this belong to a secret key above them.
    let mut inside: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches([' ', '-']).len();
        let is_blank = line.trim().is_empty();
        if inside.is_some_and(|key| !is_blank && indentation <= key) {
            inside = None;
        }
        if inside.is_some() && !matches(&REFERENCE_LINE, line.trim_end()) {
            out.push_str(&stars(line));
            continue;
        }
        let value = KEYED.as_ref().and_then(|pattern| pattern.captures(line));
        match value.and_then(|found| found.get(1)) {
            Some(value) => {
                inside = Some(indentation);
                let (before, value) = line.split_at(value.start());
                out.push_str(&runs(before));
                if matches(&REFERENCE, value.trim_end()) {
                    out.push_str(value);
                } else {
                    out.push_str(&stars(value));
                }
            }
            None => out.push_str(&runs(line)),
        }
    }
    out
}

fn show(place: &mut Place, masked: &str, message: &mut String) {
    let line = masked.lines().nth(place.line.saturating_sub(1) as usize);
    let shown: String = line
        .unwrap_or_default()
        .chars()
        .take(place.snippet.chars().count())
        .collect();
    // A message may quote what stands on the line.
    let quoted: Vec<String> = message
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| place.snippet.contains(word) && !shown.contains(word))
        .map(str::to_owned)
        .collect();
    for word in quoted.iter().filter(|word| !word.is_empty()) {
        *message = message.replace(word.as_str(), "***");
    }
    place.snippet = shown;
}

fn matches(pattern: &Pattern, text: &str) -> bool {
    pattern
        .as_ref()
        .is_some_and(|pattern| pattern.is_match(text))
}

fn runs(text: &str) -> String {
    let Some(pattern) = RUN.as_ref() else {
        return text.to_owned();
    };
    let masked = pattern.replace_all(text, |found: &regex::Captures<'_>| {
        let run = &found[0];
        let has = |is: fn(&char) -> bool| run.chars().any(|c| is(&c));
        // A basic plan is none; what follows `Basic` or `Bearer` in a header is never a mere word.
        if run.contains(char::is_whitespace) && run.len() < 24 && !has(char::is_ascii_digit) {
            return run.to_owned();
        }
        // A long word with digits and capitals; a name in capitals alone is one of a variable.
        let is_word = run
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=|-".contains(c));
        let is_hex = run.len() >= 32 && run.chars().all(|c| c.is_ascii_hexdigit());
        let is_plain = !(has(char::is_ascii_digit)
            && has(char::is_ascii_uppercase)
            && has(char::is_ascii_lowercase));
        if is_word && is_plain && !is_hex && !run.contains('=') {
            run.to_owned()
        } else {
            stars(run)
        }
    });
    masked.into_owned()
}

/// Blanks and brackets stay, so that the line's shape can be seen.
fn stars(text: &str) -> String {
    let mask = |c: char| match c {
        ' ' | '\n' | '\r' | '\t' | '{' | '}' | '\'' | '"' | ',' => c,
        _ => '*',
    };
    text.chars().map(mask).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::is_secret_in_url;

    #[test]
    fn secrets_are_masked_however_they_got_there() {
        for text in [
            "token: hunter2",
            "tokn: hunter2",
            "toekn: hunter2",
            "signing_key: hunter2",
            "pwd: hunter2",
            "  app_secret: 'hunter2'",
            "token: {value: hunter2}",
            "token: |\n  hunter2\nname: x",
            "token: >-\n\n  hunter2\n",
            "token:\n  hunter2",
            "token:\n  value: hunter2",
            "x: {token: hunter2, pace: abc}",
            "page token: hunter2",
            "- token: hunter2",
            "Authorization: Bearer hunter2",
            "X-Other: Bearer hunter2",
            "password : hunter2",
            "\"api-key\": hunter2",
            "pace: EAABhunter2",
            "pace: xAABhunter2wBAKx0Z9aZ8hunter2",
            "token: {env: A, other: hunter2}",
            "url: https://ana:hunter2@example.com",
            "url: https://example.com/?access_token=hunter2&a=b",
        ] {
            let shown = mask(text);
            assert!(!shown.contains("hunter2"), "{text}: {shown}");
            assert_eq!(shown.chars().count(), text.chars().count());
            assert_eq!(shown.lines().count(), text.lines().count());
        }
        assert!(!mask("x: 0123456789abcdef0123456789abcdef").contains("0123"));
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        for (url, shown) in [
            (
                "https://a.test/?q=1&api_key=hunter2&b=2",
                "https://a.test/?q=1&api_key=***&b=2",
            ),
            ("https://me:hunter2@a.test/", "https://***@a.test/"),
            (
                "https://a.test/token?city=Lisboa",
                "https://a.test/token?city=Lisboa",
            ),
        ] {
            assert_eq!(masked_url(url), shown);
        }
    }

    #[test]
    fn urls_hold_no_secrets() {
        for (url, is_secret) in [
            ("https://user:hunter2@acme.example/", true),
            ("https://user@acme.example/", true),
            ("https://acme.example/?api_key=hunter2", true),
            ("https://acme.example/?a=b&access_token=hunter2#x", true),
            ("https://acme.example/?sig=hunter2", true),
            ("https://acme.example/@ana?a=b", false),
            (
                "https://acme.example/?order={{api_trigger_properties.${key}}}",
                false,
            ),
            ("https://acme.example/?token={{${token}}}", false),
            ("https://acme.example/token/x?monkey", false),
        ] {
            assert_eq!(is_secret_in_url(url), is_secret, "{url}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "token: {env: RECADO_ACME_PAGE_TOKEN}",
            "token: {file: /run/secrets/page}   # the page's\nname: x",
            "token:\n  env: RECADO_ACME_PAGE_TOKEN_2\nname: x",
            "page_id: \"104265081234567\"",
            "filter: user.api_trigger_properties == 'x'",
            "image_url: https://acme.example/spring-2026-collection.jpg",
            "text: Hi {{${first_name} | default: 'there'}}, your order",
            "title: Track my order number 12345 Right Now",
            "title: Your basic plan is here now",
            "- {content_type: text, title: \"My password: forgotten it\", payload: X}",
        ] {
            assert_eq!(mask(text), text);
        }
    }
}

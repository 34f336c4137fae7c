//! Keeps secrets out of reports: people put them where they should not stand, and reports go to logs.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Diagnostic;

/// A key whose name says that its value is secret, and the value: all of the line behind it.
static KEYED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:to?ke?n|secret|passw(?:or)?d|passphrase|authori[sz]ation|api[-_]?key|access[-_]?key|credential|cookie)[a-z0-9_-]*["']?\s*:(.*)"#,
    )
    .ok()
});
/// What names a secret and is none: a reference.
static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"^\s*(?:\{\s*(?:env|file)\s*:\s*["']?[A-Za-z0-9_./-]*["']?\s*\}?\s*,?)?\s*(?:#.*)?$"#,
    )
    .ok()
});
/// What looks like a secret wherever it stands: a long run of letters mixed with digits.
static RUN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9_+=|-]{20,}|(?i:bearer|basic)\s+\S+").ok());

/// Masks secrets in what a report shows; lengths stay, so that marks stay where they belong.
pub(super) fn redact(problem: &mut Diagnostic) {
    problem.message = runs(&problem.message);
    problem.hint = problem.hint.as_deref().map(runs);
    if let Some(place) = &mut problem.place {
        place.snippet = runs(&keyed(&place.snippet));
    }
}

fn keyed(line: &str) -> String {
    let Some((pattern, reference)) = KEYED.as_ref().zip(REFERENCE.as_ref()) else {
        return line.to_owned();
    };
    let value = pattern.captures(line).and_then(|found| found.get(1));
    match value {
        Some(value) if !reference.is_match(value.as_str()) => {
            format!("{}{}", &line[..value.start()], masked(value.as_str()))
        }
        _ => line.to_owned(),
    }
}

fn runs(text: &str) -> String {
    let Some(pattern) = RUN.as_ref() else {
        return text.to_owned();
    };
    let masked = pattern.replace_all(text, |found: &regex::Captures<'_>| {
        let run = &found[0];
        let is_mixed = run.contains(|c: char| c.is_ascii_digit())
            && run.contains(|c: char| c.is_ascii_alphabetic());
        // A hash or an id in lower case is no secret; a token has capitals.
        let has_capitals = run.contains(|c: char| c.is_ascii_uppercase());
        if run.contains(' ') || is_mixed && has_capitals {
            masked(run)
        } else {
            run.to_owned()
        }
    });
    masked.into_owned()
}

/// Blanks and brackets stay, so that the line's shape can be seen.
fn masked(text: &str) -> String {
    let mask = |c: char| match c {
        ' ' | '{' | '}' | '\'' | '"' | ',' => c,
        _ => '*',
    };
    text.chars().map(mask).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Place};

    fn shown(line: &str) -> String {
        let mut problem = Diagnostic::error(Code("x"), "wrong");
        problem.place = Some(Place::of("a.yaml", line, 0..1));
        redact(&mut problem);
        problem.place.unwrap().snippet
    }

    #[test]
    fn secrets_are_masked_however_they_got_there() {
        for line in [
            "token: hunter2",
            "tokn: hunter2",
            "  app_secret: 'hunter2'",
            "token: {value: hunter2}",
            "x: {token: hunter2, pace: abc}",
            "Authorization: Bearer hunter2",
            "X-Other: Bearer hunter2",
            "password : hunter2",
            "\"api-key\": hunter2",
            "pace: EAABhunter2wBAKx0Z9aZ8hunter2",
            "token: {env: A, other: hunter2}",
        ] {
            let shown = shown(line);
            assert!(!shown.contains("hunter2"), "{shown}");
            assert_eq!(shown.chars().count(), line.chars().count());
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in [
            "token: {env: RECADO_ACME_PAGE_TOKEN}",
            "token: {file: /run/secrets/page}   # the page's",
            "token:",
            "page_id: \"104265081234567\"",
            "filter: user.api_trigger_properties == 'x'",
            "image_url: https://acme.example/spring-2026-collection.jpg",
            "text: Hi {{${first_name} | default: 'there'}}, your order",
        ] {
            assert_eq!(shown(line), line);
        }
    }
}

//! Secrets that stand in a text, where everybody who reads the file reads them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::scanner::Rewriter;
use crate::diagnostic::{Diagnostic, codes};

type Pattern = LazyLock<Option<Regex>>;

/// Headers whose values are secrets.
const SECRET_HEADERS: [&str; 6] = [
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
    "x-auth-token",
];

/// A user name with a password, or a query value whose key says that it is secret and that no template makes.
static IN_URL: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?ix) ://[^/?\#\s@]*@
        | [?&][a-z0-9_.-]*(?:token|secret|passw|pwd|key|signature|\bsig|auth|credential)[a-z0-9_-]*=[^&\s{]",
    )
    .ok()
});
/// A header and its value in a JSON object, with the quotes as they are or escaped.
static HEADER: Pattern =
    LazyLock::new(|| Regex::new(r#"\\?"([^"\\]{1,100})\\?"\s*:\s*\\?"([^"\\]*)"#).ok());
/// What may stand before a value that a template makes.
static SCHEME: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:basic|bearer|token|apikey|key)?\s*(?:\{\{.*\}\}\s*)*$").ok()
});

/// Whether a header of that name holds a secret.
pub fn is_secret_header(name: &str) -> bool {
    SECRET_HEADERS
        .iter()
        .any(|known| name.trim().eq_ignore_ascii_case(known))
}

/// Whether a URL holds what should stand in no file.
pub fn is_secret_in_url(text: &str) -> bool {
    matches(&IN_URL, text)
}

// === impl Rewriter ===

impl Rewriter<'_> {
    /// Tells of secrets in the URL of connected content.
    pub(super) fn check_url_secrets(&mut self, span: Range<usize>) {
        if is_secret_in_url(&self.source[span.clone()]) {
            self.literal_secret("a secret must not stand in a URL", span);
        }
    }

    /// Tells of secrets in its headers, a JSON object.
    pub(super) fn check_header_secrets(&mut self, span: Range<usize>) {
        let Some(pattern) = HEADER.as_ref() else {
            return;
        };
        let source = self.source;
        for found in pattern.captures_iter(&source[span.clone()]) {
            let (Some(name), Some(value)) = (found.get(1), found.get(2)) else {
                continue;
            };
            if is_secret_header(name.as_str()) && !matches(&SCHEME, value.as_str()) {
                let at = span.start + value.start()..span.start + value.end();
                self.literal_secret("a secret must not stand in a file", at);
            }
        }
    }

    fn literal_secret(&mut self, message: &str, span: Range<usize>) {
        let hint = "write `:basic_auth NAME`: the credential `NAME` stands in Settings, its password as a reference; \
                    then renew it, since it stood in a file";
        let problem = Diagnostic::error(codes::LITERAL_SECRET, message);
        self.problems.push(problem.spanning(span).hint(hint));
    }
}

fn matches(pattern: &Pattern, text: &str) -> bool {
    pattern
        .as_ref()
        .is_some_and(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::codes;
    use crate::template::{Access, Library, Text};

    #[test]
    fn secrets_in_the_clear_are_told_and_those_of_templates_are_not() {
        let mut library = Library::default();
        library.allow(Access {
            hosts: ["a.test".to_owned()].into(),
            ..Access::default()
        });
        let library = std::sync::Arc::new(library);
        for (options, secret) in [
            (
                r#"/ :headers {"Authorization": "Bearer hunter2"}"#,
                Some("Bearer hunter2"),
            ),
            (
                r#"/ :headers {"Accept": "x", "x-api-KEY" : "hunter2"} :save w"#,
                Some("hunter2"),
            ),
            (
                r#"/ :headers {"Cookie": "a=hunter{{${x}}}"}"#,
                Some("a=hunter{{${x}}}"),
            ),
            (
                "/?token=hunter2&a=b",
                Some("https://a.test/?token=hunter2&a=b"),
            ),
            (
                r#"/ :headers {"Authorization": "Bearer {{${token}}}"}"#,
                None,
            ),
            (
                r#"/ :headers {"Accept-Language": "pt", "X-Api-Key": ""}"#,
                None,
            ),
            ("/?token={{${token}}}", None),
        ] {
            let source = format!("{{% connected_content https://a.test{options} %}}");
            let problems = Text::compile_with(&source, &library)
                .err()
                .unwrap_or_default();
            let told = problems.iter().map(|problem| {
                assert_eq!(problem.code, codes::LITERAL_SECRET, "{problem:?}");
                assert!(!problem.message.contains("hunter"), "{problem:?}");
                &source[problem.span.clone().unwrap()]
            });
            assert_eq!(told.collect::<Vec<_>>(), Vec::from_iter(secret), "{source}");
        }
    }
}

//! What must be written nowhere: tokens, keys and passwords that people had put into their templates.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use super::liquid;
use crate::model::limits;

/// Shorter ones are left alone where they are not known to stand: they would be found in any text.
const BYTES_MIN: usize = 6;
/// What a secret is replaced with where no reference can stand.
pub(super) const MASK: &str = "***";

type Pattern = LazyLock<Option<Regex>>;

/// What is a secret wherever it stands.
static ANYWHERE: Pattern = LazyLock::new(|| {
    Regex::new(
        r#"(?x) (EAA[A-Za-z0-9]{10,})
        | (?i: access_?token \\?["']? \s*[:=]\s* \\?["']? ([^"'&\s,}\\\#<>]+) )
        | (?i: \b(?:bearer|basic) \s+ ([A-Za-z0-9._~+/=|:-]{12,}) )
        | (?i: hmac_sha[a-z0-9_]* \s*:\s* ["'] ([^"']+) ["'] )
        | (?i: (?:client_secret|appsecret_proof|api_?key|auth_?token)= ([^&\s"'\#{}\\]+) )"#,
    )
    .ok()
});
/// Names of headers, fields and query values that hold secrets.
static KEY: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:token|secret|passw|pwd|api.?key|[-_]key$|^key$|credential|authori[sz]ation|auth$|cookie|signature|app_group_id)",
    )
    .ok()
});
static QUOTED: Pattern = LazyLock::new(|| Regex::new(r#""([^"{}]+)"|'([^'{}]+)'"#).ok());
/// What people write where a secret belongs.
static PLACEHOLDER: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:(?:bearer|basic)\s+)?(?:<.*>|\[.*\]|\*+|x{3,}|\.\.\.|null|true|false|redacted|bearer|basic|oauth|(?:facebook_)?(?:page_)?access_token|page_token|token|secret|(?:your|insert|replace)[ _-].*)$",
    )
    .ok()
});

/// The secrets of one input. Shows none of them.
#[derive(Default, Clone)]
pub(super) struct Secrets(BTreeSet<String>);

// === impl Secrets ===

impl Secrets {
    /// Remembers a value that is a secret by its place, in each form in which it may stand elsewhere.
    pub(super) fn keep(&mut self, value: &str) {
        self.scan(value);
        if value.contains("{{") || value.contains("{%") {
            // The secret is what the author wrote in it, not the names.
            let pieces = liquid::pieces(value).into_iter();
            for piece in pieces.filter(|piece| piece.kind == liquid::Kind::Text) {
                self.insert(&value[piece.span]);
            }
            let quoted = QUOTED
                .iter()
                .flat_map(|pattern| pattern.captures_iter(value));
            for found in quoted {
                let text = found.get(1).or_else(|| found.get(2));
                self.insert(text.map_or("", |text| text.as_str()));
            }
            return;
        }
        self.insert(value);
        if let Some((_, rest)) = value.trim().split_once(char::is_whitespace) {
            self.insert(rest);
        }
    }

    /// There are more than can be looked for in every text: nothing may be written then.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= limits::IMPORT_SECRETS_MAX
    }

    fn insert(&mut self, value: &str) {
        let value = value.trim();
        for form in [value.to_owned(), percent_decoded(value)] {
            if form.len() >= BYTES_MIN && !is_placeholder(&form) && !self.is_full() {
                self.0.insert(form);
            }
        }
    }

    /// Remembers what looks like a secret in any text.
    pub(super) fn scan(&mut self, text: &str) {
        for found in ANYWHERE
            .iter()
            .flat_map(|pattern| pattern.captures_iter(text))
        {
            let is_word = found.get(3).is_some();
            let groups = found.iter().skip(1).flatten();
            for value in groups.map(|group| group.as_str()) {
                // A basic plan is none.
                if !value.starts_with('{')
                    && (!is_word || value.contains(|c: char| c.is_ascii_digit()))
                {
                    self.insert(value);
                }
            }
        }
    }

    /// The text without any of them, and whether there was one.
    pub(super) fn scrub(&self, text: &str) -> (String, bool) {
        let mut longest_first: Vec<&String> = self.0.iter().collect();
        longest_first.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let (mut out, mut found) = (text.to_owned(), false);
        for secret in longest_first {
            if out.contains(secret.as_str()) {
                out = out.replace(secret.as_str(), MASK);
                found = true;
            }
        }
        (out, found)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// Whether a name says that its value is secret.
pub(super) fn is_key(name: &str) -> bool {
    KEY.as_ref().is_some_and(|key| key.is_match(name))
}

/// Whether a value is one by its look.
pub(super) fn is_value(value: &str) -> bool {
    let mut secrets = Secrets::default();
    secrets.scan(value);
    !secrets.0.is_empty()
}

/// Whether something stands here in a secret's place that is none.
pub(super) fn is_placeholder(value: &str) -> bool {
    PLACEHOLDER
        .as_ref()
        .is_some_and(|pattern| pattern.is_match(value.trim()))
}

/// `%2B` as `+`; what is no escape stays.
pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_and_scrubbed_wherever_they_stand() {
        for text in [
            "see EAAhunter2hunter2",
            "https://a.example/?access_token=hunter2",
            "{\\\"access_token\\\": \\\"hunter2\\\"}",
            "'Access_Token' : 'hunter2'",
            "Authorization: Bearer hunter2hunter2",
            "{{ x | hmac_sha256_hex: 'hunter2' }}",
            "?a=b&api_key=hunter2",
        ] {
            let mut secrets = Secrets::default();
            secrets.scan(text);
            let (shown, found) = secrets.scrub(text);
            assert!(found && !shown.contains("hunter2"), "{text}: {shown}");
        }
    }

    #[test]
    fn a_value_is_known_in_each_of_its_forms() {
        let mut secrets = Secrets::default();
        secrets.keep("Basic dXNlcjpodW50ZXI");
        secrets.keep("hunter%2B22");
        secrets.keep("Basic {{ 'user:hunter3' | base64_encode }}");
        for text in [
            "x dXNlcjpodW50ZXI y",
            "hunter+22",
            "hunter%2B22",
            "user:hunter3",
        ] {
            assert!(secrets.scrub(text).1, "{text}");
        }
        assert!(!secrets.scrub("base64_encode").1);
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "access_token=FACEBOOK_PAGE_ACCESS_TOKEN",
            "access_token={{content_blocks.${token}}}",
            "a basic subscription of ours",
            "Bearer <your token>",
            "tokens and secrets",
        ] {
            assert!(!is_value(text), "{text}");
        }
        assert!(
            is_key("X-Api-Key")
                && is_key("access_token")
                && !is_key("monkey")
                && !is_key("payload")
        );
    }
}

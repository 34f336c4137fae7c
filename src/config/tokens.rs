//! Who may do what: the token file.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Read,
    Write,
    Apply,
    Send,
}

/// One caller. The token itself is known by its digest alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub name: String,
    pub scopes: BTreeSet<Scope>,
    sha256: [u8; 32],
}

/// All callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens(Vec<Token>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tokens: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    scopes: BTreeSet<Scope>,
}

// === impl Tokens ===

impl Tokens {
    /// Reads `tokens: [{name, sha256, scopes}]`; the digest is 64 hex digits.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        if file.tokens.is_empty() {
            return Err("it names no token, so that nobody could call".into());
        }
        let tokens = file.tokens.into_iter().map(|entry| {
            let mut sha256 = [0; 32];
            hex::decode_to_slice(&entry.sha256, &mut sha256)
                .map_err(|_| format!("`sha256` of `{}` is not 64 hex digits", entry.name))?;
            Ok(Token {
                name: entry.name,
                scopes: entry.scopes,
                sha256,
            })
        });
        tokens.collect::<Result<_, _>>().map(Self)
    }

    /// The caller who presents `token`. Takes as long whoever it is, and if it is nobody.
    pub fn find(&self, token: &str) -> Option<&Token> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = u64::MAX;
        for (at, known) in (0_u64..).zip(&self.0) {
            let is_it: Choice = known.sha256.ct_eq(&digest);
            found = u64::conditional_select(&found, &at, is_it);
        }
        usize::try_from(found).ok().and_then(|at| self.0.get(at))
    }
}

// === impl Scope ===

impl Scope {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Apply => "apply",
            Self::Send => "send",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(token: &str) -> String {
        hex::encode(Sha256::digest(token.as_bytes()))
    }

    #[test]
    fn each_token_finds_its_caller() {
        let text = format!(
            "tokens:\n- {{name: crm, sha256: {}, scopes: [read, write]}}\n\
             - {{name: ci, sha256: {}, scopes: [apply]}}\n",
            digest("one"),
            digest("two")
        );
        let tokens = Tokens::parse(&text).unwrap();
        assert_eq!(tokens.find("one").unwrap().name, "crm");
        let ci = tokens.find("two").unwrap();
        assert!(ci.scopes.contains(&Scope::Apply) && !ci.scopes.contains(&Scope::Read));
        for stranger in ["", "three", &digest("one")] {
            assert_eq!(tokens.find(stranger), None);
        }
    }

    #[test]
    fn a_broken_file_is_refused() {
        let whole = digest("x");
        let cases = [
            "tokens: []".to_owned(),
            "tokens: [{name: a, sha256: abc, scopes: []}]".to_owned(),
            format!("tokens: [{{name: a, sha256: {whole}, scopes: [all]}}]"),
            format!("tokens: [{{name: a, sha256: {whole}, scopes: [read], token: x}}]"),
        ];
        for text in cases {
            assert!(Tokens::parse(&text).is_err(), "{text}");
        }
    }
}

//! Where a server keeps its data, where it listens, and who may call it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::tokens::Tokens;

/// What a server is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The SQLite file; made when it is missing.
    pub store: PathBuf,
    /// How large the store may get; beyond it writes are refused and reads go on.
    pub store_bytes_max: Option<u64>,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    /// The file that names who may do what; without it every caller may do everything.
    pub tokens: Option<PathBuf>,
    /// Sends all Messenger traffic there instead of where each channel says.
    pub graph_url: Option<String>,
}

/// Why a server cannot be started like this.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{0}` is not a store; `sqlite:PATH` is")]
    Store(String),
    #[error(
        "`{flag} {addr}` can be reached from other machines and no tokens are configured: \
         give `--tokens FILE`, or an address on 127.0.0.1"
    )]
    Open {
        flag: &'static str,
        addr: SocketAddr,
    },
    #[error("the token file `{}` cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the token file `{}`: {problem}", path.display())]
    Tokens { path: PathBuf, problem: String },
}

// === impl Settings ===

impl Settings {
    /// Free ports on this machine, for tests and companions.
    pub fn loopback(store: impl Into<PathBuf>) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            store: store.into(),
            store_bytes_max: None,
            grpc: free,
            http: free,
            tokens: None,
            graph_url: None,
        }
    }

    /// Refuses what would let strangers in.
    ///
    /// # Errors
    /// An address beyond loopback without tokens.
    pub fn check(&self) -> Result<(), Error> {
        if self.tokens.is_some() {
            return Ok(());
        }
        for (flag, addr) in [("--grpc", self.grpc), ("--http", self.http)] {
            if !addr.ip().to_canonical().is_loopback() {
                return Err(Error::Open { flag, addr });
            }
        }
        Ok(())
    }

    /// Reads the token file, if there is one.
    ///
    /// # Errors
    /// It cannot be read, or does not parse.
    pub fn read_tokens(&self) -> Result<Option<Tokens>, Error> {
        let Some(path) = &self.tokens else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path).map_err(|source| Error::Unreadable {
            path: path.clone(),
            source,
        })?;
        let tokens = Tokens::parse(&text).map_err(|problem| Error::Tokens {
            path: path.clone(),
            problem,
        })?;
        Ok(Some(tokens))
    }
}

/// The path in `sqlite:PATH`.
///
/// # Errors
/// Another scheme, or no path.
pub fn parse_store(text: &str) -> Result<PathBuf, Error> {
    match text.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(Error::Store(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sqlite_is_a_store() {
        assert_eq!(
            parse_store("sqlite:a/b.sqlite").unwrap(),
            PathBuf::from("a/b.sqlite")
        );
        for text in ["", "sqlite:", "a.sqlite", "postgres://x"] {
            let error = parse_store(text).unwrap_err().to_string();
            assert!(error.contains("`sqlite:PATH` is"), "{error}");
        }
    }

    #[test]
    fn doors_beyond_loopback_need_tokens() {
        let cases = [
            ("127.0.0.1:1", "127.0.0.1:2", None),
            ("[::1]:1", "127.9.9.9:2", None),
            ("[::ffff:127.0.0.1]:1", "127.0.0.1:2", None),
            ("0.0.0.0:1", "127.0.0.1:2", Some("--grpc 0.0.0.0:1")),
            ("127.0.0.1:1", "10.0.0.1:2", Some("--http 10.0.0.1:2")),
            ("[::]:1", "127.0.0.1:2", Some("--grpc [::]:1")),
        ];
        for (grpc, http, refused) in cases {
            let mut settings = Settings::loopback("x");
            settings.grpc = grpc.parse().unwrap();
            settings.http = http.parse().unwrap();
            let checked = settings.check().map_err(|error| error.to_string());
            match refused {
                None => checked.unwrap(),
                Some(part) => assert!(checked.unwrap_err().contains(part), "{grpc} {http}"),
            }
            settings.tokens = Some("tokens.yaml".into());
            settings.check().unwrap();
        }
    }
}

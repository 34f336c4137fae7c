//! Page tokens: where a list goes on, bound to the query it belongs to.

use sha2::{Digest, Sha256};
use tonic::Status;

use super::status::Refused;
use crate::model::limits;

/// Bytes of the query's digest in a token: enough to tell a mistake, which is all it is for.
const DIGEST_BYTES: usize = 8;

/// A query as a token remembers it: the method and every filter, but not the page size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query([u8; DIGEST_BYTES]);

// === impl Query ===

impl Query {
    pub(super) fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&hash.finalize()[..DIGEST_BYTES]);
        Self(digest)
    }

    /// The token of the page behind `cursor`.
    pub(super) fn token(self, cursor: &[u8]) -> String {
        hex::encode([&self.0, cursor].concat())
    }

    /// The cursor in `token`; `None` for the first page.
    ///
    /// # Errors
    /// It is no token, or another query's.
    pub(super) fn cursor(self, token: &str) -> Result<Option<Vec<u8>>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = hex::decode(token).map_err(|_| Refused::PageToken)?;
        match bytes.split_at_checked(DIGEST_BYTES) {
            Some((digest, cursor)) if *digest == self.0 && !cursor.is_empty() => {
                Ok(Some(cursor.to_vec()))
            }
            _ => Err(Refused::PageToken.into()),
        }
    }
}

/// How many items a page has: asked for, the default, or the most there may be.
pub(super) fn page_size(asked: i32) -> Result<usize, Status> {
    match usize::try_from(asked) {
        Ok(0) => Ok(limits::PAGE_SIZE_DEFAULT),
        Ok(n) => Ok(n.min(limits::PAGE_SIZE_MAX)),
        Err(_) => Err(crate::engine::Error::invalid("page_size", "must not be negative").into()),
    }
}

/// Cuts the item beyond the page off, which was read to know whether there is a next page.
pub(super) fn cut<T>(items: &mut Vec<T>, size: usize, next: impl Fn(&T) -> String) -> String {
    if items.len() <= size {
        return String::new();
    }
    items.truncate(size);
    items.last().map(next).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_query_alone() {
        let query = Query::of(&["sends", "welcome", ""]);
        let token = query.token(b"cursor");
        assert_eq!(query.cursor(&token).unwrap().unwrap(), b"cursor");
        assert_eq!(query.cursor("").unwrap(), None);
        let other = Query::of(&["sends", "", "welcome"]);
        for (query, token) in [
            (other, token.as_str()),
            (query, "zz"),
            (query, "00"),
            (query, &token[..16]),
        ] {
            assert!(query.cursor(token).is_err(), "{token}");
        }
    }

    #[test]
    fn pages_have_a_size() {
        for (asked, size) in [(0, 50), (1, 1), (1_000, 1_000), (i32::MAX, 1_000)] {
            assert_eq!(page_size(asked).unwrap(), size);
        }
        assert!(page_size(-1).is_err());
        let mut items = vec![1, 2, 3];
        assert_eq!(cut(&mut items, 2, ToString::to_string), "2");
        assert_eq!(items, [1, 2]);
        assert_eq!(cut(&mut items, 2, ToString::to_string), "");
    }
}

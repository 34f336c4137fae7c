//! Who a store is: what plans are signed with, so that one is applied where it was made.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A store's name and its key; the key never leaves the process.
#[derive(Clone)]
pub struct Identity {
    pub id: String,
    key: [u8; 32],
}

// === impl Identity ===

impl Identity {
    pub fn new(id: String, key: [u8; 32]) -> Self {
        Self { id, key }
    }

    /// HMAC-SHA-256 over parts that each come with their length, so that no two lists of parts collide.
    pub fn sign<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        self.mac(parts).finalize().into_bytes().to_vec()
    }

    /// Whether `signature` is what [`Identity::sign`] makes of the parts, in constant time.
    pub fn has_signed<'a>(
        &self,
        parts: impl IntoIterator<Item = &'a [u8]>,
        signature: &[u8],
    ) -> bool {
        self.mac(parts).verify_slice(signature).is_ok()
    }

    fn mac<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Hmac<Sha256> {
        // A block is longer than the key, and HMAC itself fills it up with zeros.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_these_parts_and_of_this_store() {
        let store = Identity::new("a".into(), [7; 32]);
        let signature = store.sign([b"one".as_slice(), b"two"]);
        assert!(store.has_signed([b"one".as_slice(), b"two"], &signature));
        assert!(!store.has_signed([b"onet".as_slice(), b"wo"], &signature));
        assert!(!store.has_signed([b"one".as_slice()], &signature));
        assert!(!store.has_signed([b"one".as_slice(), b"two"], &signature[1..]));
        let other = Identity::new("a".into(), [8; 32]);
        assert!(!other.has_signed([b"one".as_slice(), b"two"], &signature));
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown = format!("{:?}", Identity::new("a".into(), [77; 32]));
        assert!(!shown.contains("77"), "{shown}");
    }
}

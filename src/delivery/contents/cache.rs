//! Answers of connected content that may be used again.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::campaign::SecretRef;
use crate::model::limits;
use crate::template::{Request, Response};

/// Answers that were given lately.
#[derive(Debug, Default)]
pub(in crate::delivery) struct Cache(Mutex<Held>);

/// What an answer was given to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) request: Request,
    /// Who asked: a credential that is another one by now must not be given what the one before was told.
    pub(super) credential: Option<(String, SecretRef)>,
    /// An answer from a private address is none for who may not ask there.
    pub(super) is_private_allowed: bool,
}

#[derive(Debug, Default)]
struct Held {
    answers: BTreeMap<Key, (Timestamp, Arc<Response>)>,
    bytes: usize,
}

// === impl Cache ===

impl Cache {
    pub(super) fn get(&self, key: &Key, now: Timestamp) -> Option<Arc<Response>> {
        let held = self.0.lock();
        let (until, response) = held.answers.get(key)?;
        (now < *until).then(|| Arc::clone(response))
    }

    pub(super) fn keep(
        &self,
        key: Key,
        response: &Arc<Response>,
        until: Timestamp,
        now: Timestamp,
    ) {
        let mut held = self.0.lock();
        if let Some((_, old)) = held.answers.remove(&key) {
            held.bytes -= key.size() + size(&old);
        }
        let size = key.size() + size(response);
        if held.bytes + size > limits::CONTENT_CACHE_BYTES_MAX
            || held.answers.len() >= limits::CONTENT_CACHE_ENTRIES_MAX
        {
            held.make_room(size, now);
        }
        held.bytes += size;
        held.answers.insert(key, (until, Arc::clone(response)));
    }
}

// === impl Held ===

impl Held {
    /// Drops what is over; when that is not enough, everything: each is one call away.
    fn make_room(&mut self, bytes: usize, now: Timestamp) {
        self.answers.retain(|_, (until, _)| now < *until);
        let sizes = self.answers.iter();
        self.bytes = sizes
            .map(|(key, (_, response))| key.size() + size(response))
            .sum();
        if self.bytes + bytes > limits::CONTENT_CACHE_BYTES_MAX
            || self.answers.len() >= limits::CONTENT_CACHE_ENTRIES_MAX
        {
            *self = Self::default();
        }
    }
}

// === impl Key ===

impl Key {
    /// All that a template can make long.
    fn size(&self) -> usize {
        let Request {
            method,
            url,
            headers,
            content_type,
            body,
            basic_auth,
        } = &self.request;
        let headers = headers.iter().map(|(name, value)| name.len() + value.len());
        let others = [content_type, body, basic_auth].into_iter().flatten();
        method.len() + url.len() + headers.sum::<usize>() + others.map(String::len).sum::<usize>()
    }
}

fn size(response: &Response) -> usize {
    match response {
        Response::Good { body, .. } => body.len(),
        Response::Bad { host, why } => host.len() + why.len(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(url: &str, header: &str, username: &str) -> Key {
        Key {
            request: Request {
                method: "GET".to_owned(),
                url: url.to_owned(),
                headers: [("X-A".to_owned(), header.to_owned())].into(),
                content_type: None,
                body: None,
                basic_auth: Some("source".to_owned()),
            },
            credential: Some((username.to_owned(), SecretRef::Env("TOKEN".to_owned()))),
            is_private_allowed: false,
        }
    }

    fn good(body: &str) -> Arc<Response> {
        Arc::new(Response::Good {
            status: 200,
            body: body.to_owned(),
        })
    }

    #[test]
    fn an_answer_is_for_who_asked_and_for_its_time() {
        let (cache, now) = (Cache::default(), Timestamp::UNIX_EPOCH);
        let until = now + Duration::from_mins(5);
        cache.keep(key("a", "", "ana"), &good("for ana"), until, now);
        assert_eq!(cache.get(&key("a", "", "ana"), now), Some(good("for ana")));
        assert_eq!(cache.get(&key("a", "", "bia"), now), None);
        let mut private = key("a", "", "ana");
        private.is_private_allowed = true;
        assert_eq!(cache.get(&private, now), None);
        assert_eq!(cache.get(&key("a", "", "ana"), until), None);
    }

    #[test]
    fn what_headers_hold_counts() {
        let (cache, now) = (Cache::default(), Timestamp::UNIX_EPOCH);
        let until = now + Duration::from_mins(5);
        let long = "x".repeat(limits::CONTENT_CACHE_BYTES_MAX / 4);
        for n in 0..6 {
            cache.keep(key(&n.to_string(), &long, "ana"), &good(""), until, now);
            assert!(cache.0.lock().answers.len() <= 4);
        }
        // One and the same is held once.
        let held = cache.0.lock().bytes;
        cache.keep(key("5", &long, "ana"), &good(""), until, now);
        assert_eq!(cache.0.lock().bytes, held);
    }
}

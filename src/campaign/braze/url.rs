//! URLs with Liquid in them, cut where no Liquid stands.

use super::liquid;

/// A URL in its parts. What is put together again is what it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Url {
    /// `https://`
    pub(super) scheme: String,
    /// A user name and password before the host.
    pub(super) user: Option<String>,
    /// With a port, if one stands there.
    pub(super) host: String,
    pub(super) path: String,
    /// `name=value`, as they stand.
    pub(super) query: Vec<String>,
    pub(super) fragment: Option<String>,
}

// === impl Url ===

impl Url {
    /// Cuts a text; without a scheme it is taken to be `https`.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        let shadow = shadow(text);
        let find = |from: usize, marks: &[u8]| {
            let found = shadow[from..].iter().position(|c| marks.contains(c));
            found.map_or(text.len(), |at| from + at)
        };
        let is_schemed =
            text[..find(0, b"/?#")].ends_with(':') && text[find(0, b"/?#")..].starts_with("//");
        let host_at = if is_schemed { find(0, b"/") + 2 } else { 0 };
        let scheme = match text.get(..host_at) {
            Some(scheme) if !scheme.is_empty() => known(scheme),
            // A text that begins with Liquid may bring a scheme of its own.
            _ if liquid::is_markup(text) => String::new(),
            _ => "https://".to_owned(),
        };
        let path_at = find(host_at, b"/?#");
        let query_at = find(path_at, b"?#");
        let fragment_at = find(query_at, b"#");
        let authority = &text[host_at..path_at];
        let at = shadow[host_at..path_at].iter().rposition(|c| *c == b'@');
        let (user, host) = match at {
            Some(at) => (Some(authority[..at].to_owned()), &authority[at + 1..]),
            None => (None, authority),
        };
        let mut query = Vec::new();
        let mut begin = query_at + 1;
        while begin < fragment_at {
            let end = find(begin, b"&#").min(fragment_at);
            query.push(text[begin..end].to_owned());
            begin = end + 1;
        }
        Self {
            scheme,
            user,
            host: host.to_owned(),
            path: text[path_at..query_at].to_owned(),
            query,
            fragment: text.get(fragment_at + 1..).map(str::to_owned),
        }
    }

    /// The host alone, in small letters.
    pub(super) fn name(&self) -> String {
        let host = match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => host,
            _ => &self.host,
        };
        host.to_ascii_lowercase()
    }

    /// Takes the values of a query's name out, whatever its case.
    pub(super) fn take(&mut self, name: &str) -> Vec<String> {
        let mut taken = Vec::new();
        self.query.retain(|pair| {
            let (key, value) = split(pair);
            let is_meant = key.eq_ignore_ascii_case(name);
            if is_meant {
                taken.push(value.to_owned());
            }
            !is_meant
        });
        taken
    }

    pub(super) fn text(&self) -> String {
        let mut out = format!("{}{}{}", self.scheme, self.host, self.path);
        for (at, pair) in self.query.iter().enumerate() {
            out.push(if at == 0 { '?' } else { '&' });
            out.push_str(pair);
        }
        if let Some(fragment) = &self.fragment {
            out.push('#');
            out.push_str(fragment);
        }
        out
    }
}

/// The pairs of a form, cut outside of Liquid.
pub(super) fn pairs(text: &str) -> Vec<&str> {
    let (shadow, mut begin, mut pairs) = (shadow(text), 0, Vec::new());
    for (at, _) in shadow.iter().enumerate().filter(|(_, c)| **c == b'&') {
        pairs.push(&text[begin..at]);
        begin = at + 1;
    }
    pairs.push(&text[begin..]);
    pairs
}

/// A scheme in small letters; what is none stays what it is.
fn known(scheme: &str) -> String {
    let known = ["https://", "http://"]
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known));
    known.unwrap_or(scheme).to_owned()
}

/// As long as the text, with nothing to cut at where Liquid stands.
fn shadow(text: &str) -> Vec<u8> {
    let mut shadow = text.as_bytes().to_vec();
    for piece in liquid::pieces(text) {
        if piece.kind != liquid::Kind::Text {
            shadow[piece.span].fill(b'x');
        }
    }
    shadow
}

/// The name and value of a pair.
pub(super) fn split(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_cut_outside_of_liquid() {
        for text in [
            "https://a.example",
            "https://a.example:8443/x/{{${a} | default: '?&#'}}?b={{${c}}}&d=%20#e",
            "{{${base}}}/x?y=1",
            "http://a.example?x",
            "https://a.example/?",
        ] {
            let url = Url::parse(text);
            assert_eq!(url.text(), text.trim_end_matches('?'), "{url:?}");
        }
        let url = Url::parse("https://a.example/{{x?}}/y?b={{ '&' }}&c=2#d?e");
        assert_eq!(url.path, "/{{x?}}/y");
        assert_eq!(url.query, ["b={{ '&' }}", "c=2"]);
        assert_eq!(url.fragment.as_deref(), Some("d?e"));
    }

    #[test]
    fn what_is_secret_can_be_taken_out() {
        let mut url =
            Url::parse("Graph.Facebook.com:443/me/messages?ACCESS_TOKEN=x&a=b&access_token=y");
        assert_eq!(url.take("access_token"), ["x", "y"]);
        assert_eq!(
            (url.name().as_str(), url.text().as_str()),
            (
                "graph.facebook.com",
                "https://Graph.Facebook.com:443/me/messages?a=b"
            )
        );
        let url = Url::parse("https://ana:pass@a.example/");
        assert_eq!(
            (url.user.as_deref(), url.text().as_str()),
            (Some("ana:pass"), "https://a.example/")
        );
    }
}

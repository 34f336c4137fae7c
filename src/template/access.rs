//! Where connected content may come from, and with what.

use std::collections::{BTreeMap, BTreeSet};

/// What Settings allow; nothing without hosts.
#[derive(Debug, Default, Clone)]
pub struct Access {
    /// `api.example.com`, or `*.example.com` for every host below.
    pub hosts: BTreeSet<String>,
    /// Names that `:basic_auth` may use, each with the hosts that may be told its password.
    pub credentials: BTreeMap<String, BTreeSet<String>>,
    /// Addresses need not be public; then passwords need no `https` either.
    pub is_private_allowed: bool,
}

/// Why a call may not be made. The texts name what Settings say and never what a template made: that may be somebody's
/// data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the URL of connected content names no host")]
    NoHost,
    #[error("connected content from a host that Settings do not allow")]
    Host,
    #[error("`:basic_auth` names a credential that Settings do not know")]
    UnknownCredential,
    #[error("the credential `{0}` is not for the host that connected content asks")]
    OtherHost(String),
    #[error("`:basic_auth {0}` needs `https`: the password would be readable on the way")]
    Plain(String),
}

// === impl Denied ===

impl Denied {
    /// As it is told of a draft: its own Settings, which are not asked, may well allow it.
    pub fn by_applied(&self) -> String {
        let what = match self {
            // No Settings allow it.
            Self::NoHost => return self.to_string(),
            Self::Host => {
                "connected content from a host that the applied Settings do not allow".to_owned()
            }
            Self::UnknownCredential => {
                "`:basic_auth` names a credential that the applied Settings do not know".to_owned()
            }
            Self::OtherHost(_) | Self::Plain(_) => self.to_string(),
        };
        format!(
            "{what}: a preview of files calls only what the applied Settings allow, so apply those with it first"
        )
    }
}

// === impl Access ===

impl Access {
    pub(super) fn is_open(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// Hosts are compared without case, as names in the DNS are.
    pub fn allows(&self, host: &str) -> bool {
        self.allowing(host).is_some()
    }

    /// What of the hosts allows it, as Settings write it.
    pub fn allowing(&self, host: &str) -> Option<&str> {
        among(&self.hosts, host)
    }

    /// Whether a call of that URL may be made with that credential; answers what of the hosts allows it.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &str, credential: Option<&str>) -> Result<&str, Denied> {
        let host = host(url).ok_or(Denied::NoHost)?;
        let allowed = self.allowing(host).ok_or(Denied::Host)?;
        if let Some(name) = credential {
            self.check_credential(name, Some(host), !is_secure(url))?;
        }
        Ok(allowed)
    }

    /// As [`Self::check`], as far as it is known before the URL is: `host` where it is written out.
    pub(super) fn check_credential(
        &self,
        name: &str,
        host: Option<&str>,
        is_plain: bool,
    ) -> Result<(), Denied> {
        let hosts = self.credentials.get(name);
        let hosts = hosts.ok_or(Denied::UnknownCredential)?;
        if host.is_some_and(|host| among(hosts, host).is_none()) {
            return Err(Denied::OtherHost(name.to_owned()));
        }
        if is_plain && !self.is_private_allowed {
            return Err(Denied::Plain(name.to_owned()));
        }
        Ok(())
    }
}

fn among<'a>(hosts: &'a BTreeSet<String>, host: &str) -> Option<&'a str> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let found = hosts.iter().find(|allowed| {
        let allowed = allowed.to_ascii_lowercase();
        match allowed.strip_prefix("*.") {
            Some(above) => host
                .strip_suffix(above)
                .is_some_and(|below| below.ends_with('.')),
            None => host == allowed,
        }
    });
    found.map(String::as_str)
}

/// The host as a text; the call itself parses the URL properly.
pub(super) fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    if !is(scheme, "https") && !is(scheme, "http") {
        return None;
    }
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = &rest[..end];
    // A user name would make the host look like another one.
    if authority.contains('@') {
        return None;
    }
    let host = authority.split(':').next().unwrap_or(authority);
    (!host.is_empty()).then_some(host)
}

/// Whether nobody on the way can read what is sent there.
pub(super) fn is_secure(url: &str) -> bool {
    url.split_once("://")
        .is_some_and(|(scheme, _)| is(scheme, "https"))
}

fn is(scheme: &str, name: &str) -> bool {
    scheme.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    #[test]
    fn a_star_stands_for_what_is_below_and_not_for_the_host_itself() {
        let access = Access {
            hosts: hosts(["api.example.com", "*.acme.test"]),
            ..Access::default()
        };
        let cases = [
            ("api.example.com", true),
            ("API.example.com.", true),
            ("example.com", false),
            ("evil-api.example.com", false),
            ("a.acme.test", true),
            ("a.b.acme.test", true),
            ("acme.test", false),
            ("evilacme.test", false),
        ];
        for (host, expected) in cases {
            assert_eq!(access.allows(host), expected, "{host}");
        }
    }

    #[test]
    fn a_scheme_has_no_case() {
        for (url, expected) in [
            ("HTTPS://a.test/x", Some("a.test")),
            ("Http://a.test:80?x", Some("a.test")),
            ("ftp://a.test/", None),
            ("https://me@a.test/", None),
            ("a.test", None),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
        assert!(is_secure("HttpS://a.test") && !is_secure("HTTP://a.test"));
    }

    #[test]
    fn a_password_goes_to_its_hosts_alone_and_not_in_the_clear() {
        let mut access = Access {
            hosts: hosts(["*.acme.test", "other.test"]),
            credentials: [("acme".to_owned(), hosts(["*.acme.test"]))].into(),
            is_private_allowed: false,
        };
        let name = Some("acme");
        assert_eq!(
            access.check("https://a.acme.test/", name),
            Ok("*.acme.test")
        );
        let other = Denied::OtherHost("acme".to_owned());
        assert_eq!(access.check("https://other.test/", name), Err(other));
        let unknown = access.check("https://a.acme.test/", Some("ana@example.com"));
        assert_eq!(unknown, Err(Denied::UnknownCredential));
        assert!(!unknown.unwrap_err().to_string().contains("ana"));
        let plain = Denied::Plain("acme".to_owned());
        assert_eq!(access.check("http://a.acme.test/", name), Err(plain));
        access.is_private_allowed = true;
        assert!(access.check("http://a.acme.test/", name).is_ok());
        let host = access.check("https://ana.example.com/", None).unwrap_err();
        assert!(!host.to_string().contains("ana"), "{host}");
    }
}

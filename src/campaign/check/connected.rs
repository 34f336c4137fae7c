//! What Settings say of connected content: hosts that may be asked, and credentials for them.

use std::sync::Arc;

use super::checker::Checker;
use crate::campaign::read::file::{ConnectedContentFile, CredentialFile};
use crate::campaign::read::source::Read;
use crate::campaign::set::{ConnectedContent, Credential};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::WRONG_VALUE;
use crate::model::limits;
use crate::template::Access;

/// How long a name of the DNS may be, and each part of it: a longer one leads nowhere.
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// The one name of a single part that stands for others below it: they are this machine.
const LOCAL: &str = "localhost";

// === impl Checker ===

impl Checker<'_> {
    pub(in crate::campaign) fn connected_content(
        &mut self,
        read: &Read<'_>,
        file: &ConnectedContentFile,
    ) {
        let is_local = file.allow_private_network;
        self.hosts(read, "connected_content.hosts", &file.hosts, is_local);
        let credentials = file.credentials.iter();
        let access = Access {
            hosts: file.hosts.iter().cloned().collect(),
            credentials: credentials
                .map(|(name, file)| (name.clone(), file.hosts.iter().cloned().collect()))
                .collect(),
            is_private_allowed: file.allow_private_network,
        };
        self.credentials(read, file, &access);
        self.shelves.allow(access.clone());
        let credential = |file: &CredentialFile| Credential {
            username: file.username.clone(),
            password: file.password.clone(),
        };
        let credentials = file.credentials.iter();
        self.set.connected_content = Arc::new(ConnectedContent {
            access,
            credentials: credentials
                .map(|(name, file)| (name.clone(), credential(file)))
                .collect(),
            allow_private_network: file.allow_private_network,
        });
    }

    fn hosts(&mut self, read: &Read<'_>, at: &str, hosts: &[String], is_local: bool) {
        for (nth, host) in hosts.iter().enumerate() {
            let Some(hint) = mistake(host, is_local) else {
                continue;
            };
            let shown: String = host.chars().take(100).collect();
            let problem = Diagnostic::error(WRONG_VALUE, format!("`{shown}` is not a host"));
            self.report(read, problem.at(format!("{at}[{nth}]")).hint(hint));
        }
    }

    /// A password is told to hosts that are named: whoever writes a template chooses among them alone.
    fn credentials(&mut self, read: &Read<'_>, file: &ConnectedContentFile, access: &Access) {
        let max = limits::CREDENTIALS_MAX;
        if file.credentials.len() > max {
            let message = format!("{} credentials; {max} are allowed", file.credentials.len());
            let problem = Diagnostic::error(WRONG_VALUE, message);
            self.report(read, problem.at("connected_content.credentials"));
            return;
        }
        for (name, credential) in &file.credentials {
            let at = format!("connected_content.credentials.{name}.hosts");
            if credential.hosts.is_empty() {
                let problem = Diagnostic::error(WRONG_VALUE, "a credential needs a host");
                let hint =
                    "name the hosts that may be told the password: `hosts: [api.example.com]`";
                self.report(read, problem.at(at).hint(hint));
                continue;
            }
            self.hosts(read, &at, &credential.hosts, file.allow_private_network);
            let strange = credential.hosts.iter().enumerate().filter(|(_, host)| {
                let below = host.strip_prefix("*.").map(|above| format!("x.{above}"));
                mistake(host, true).is_none() && !access.allows(below.as_ref().unwrap_or(host))
            });
            for (nth, _) in strange {
                let message = "this host is not among those that may be asked";
                let problem = Diagnostic::error(WRONG_VALUE, message).at(format!("{at}[{nth}]"));
                self.report(
                    read,
                    problem.hint("add it to `connected_content.hosts`, or take it out here"),
                );
            }
        }
    }
}

/// What to do about a host that no URL has; `is_local` allows those of this machine.
fn mistake(host: &str, is_local: bool) -> Option<&'static str> {
    let bare = host.strip_prefix("*.").unwrap_or(host);
    if bare.ends_with('.') && is_name(bare.trim_end_matches('.')) {
        return Some("leave out the dot at its end");
    }
    if !is_name(bare) {
        return Some("write `api.example.com`, without scheme, port and path");
    }
    // A star for a whole top level would be one for nearly everything.
    let is_wide = bare.len() < host.len() && !bare.contains('.');
    match (is_wide, bare.eq_ignore_ascii_case(LOCAL)) {
        (false, _) => None,
        (true, true) if is_local => None,
        (true, true) => Some("it is this machine: `allow_private_network: true` allows it"),
        (true, false) => Some("name what is below it: `*.example.com`"),
    }
}

fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_BYTES_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    text.len() <= HOST_BYTES_MAX && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_no_url_has_is_told() {
        for (host, is_good) in [
            ("api.example.com", true),
            ("*.example.com", true),
            ("127.0.0.1", true),
            ("localhost", true),
            ("*.localhost", false),
            ("api.example.com.", false),
            ("a..b", false),
            (".example.com", false),
            ("a-.test", false),
            ("*.com", false),
            ("*.", false),
            ("", false),
            ("a_b.test", false),
            ("https://a.test", false),
        ] {
            assert_eq!(mistake(host, false).is_none(), is_good, "{host}");
        }
        assert_eq!(mistake("*.localhost", true), None);
        assert!(mistake("a.test.", false).is_some_and(|hint| hint.contains("dot")));
        assert!(mistake(&"a".repeat(64), true).is_some());
    }
}

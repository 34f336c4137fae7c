//! Which addresses a webhook may reach: public ones only, unless its channel says otherwise.
//!
//! A webhook's address may be made from what a template holds, so it is not trusted: without this, a
//! message could read the machine's own services or a cloud's metadata address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url_host::Host;

/// Ports that a guarded webhook may use.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the scheme `{0}` is neither `https` nor `http`")]
    Scheme(String),
    #[error("a URL must not hold a user name or a password")]
    Credentials,
    #[error("the URL names no host")]
    NoHost,
    #[error("port {0} is not among 80, 443, 8080 and 8443; `allow_private_network` lifts this")]
    Port(u16),
    #[error("the host leads to a private address; `allow_private_network` lifts this")]
    Private,
}

/// Resolves names, and leaves out the addresses that are not public.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicOnly;

// === impl PublicOnly ===

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The answer that is checked is the answer that is used: no second look-up in between.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|at| is_public(at.ip())).collect();
            if public.is_empty() {
                return Err(Refused::Private.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// What can be seen of a URL without resolving its host. Literal addresses never reach a resolver, so
/// they are looked at here.
pub fn check(url: &Url, is_private_allowed: bool) -> Result<(), Refused> {
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Refused::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    let host = url_host::of(url).ok_or(Refused::NoHost)?;
    if is_private_allowed {
        return Ok(());
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !PORTS.contains(&port) {
        return Err(Refused::Port(port));
    }
    match host {
        Host::Address(ip) if !is_public(ip) => Err(Refused::Private),
        Host::Name(name) if is_local_name(name) => Err(Refused::Private),
        Host::Address(_) | Host::Name(_) => Ok(()),
    }
}

/// True for an address of the open internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => embedded_v4(ip).map_or_else(|| is_public_v6(ip), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_reserved = matches!(
        (a, b, c),
        // This network, loopback, multicast and above.
        (0 | 127 | 224.., _, _)
            // Carriers' shared addresses; protocol assignments; benchmarks.
            | (100, 64..=127, _)
            | (192, 0, 0)
            | (192, 88, 99)
            | (198, 18 | 19, _)
    );
    !(is_reserved || ip.is_private() || ip.is_link_local() || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Only 2000::/3 is handed out; of it, documentation and protocol assignments are not.
    let is_global = (0x2000..=0x3fff).contains(&a);
    let is_reserved = matches!((a, b), (0x2001, 0..0x200 | 0xdb8) | (0x3fff, _));
    is_global && !is_reserved
}

/// The IPv4 address inside an IPv6 one, where a gateway or the machine itself would take it out.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    // Mapped, compatible, translated (NAT64), and 6to4.
    let ([0, 0, 0, 0, 0, 0xffff | 0, high, low]
    | [0, 0, 0, 0, 0xffff, 0, high, low]
    | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
    | [0x2002, high, low, ..]) = ip.segments()
    else {
        return None;
    };
    let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
    Some(Ipv4Addr::new(a, b, c, d))
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.ends_with(".internal")
}

/// The host of a URL as an address or a name.
mod url_host {
    use std::net::IpAddr;

    use reqwest::Url;

    pub(super) enum Host<'a> {
        Address(IpAddr),
        Name(&'a str),
    }

    pub(super) fn of(url: &Url) -> Option<Host<'_>> {
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        Some(bare.parse().map_or(Host::Name(host), Host::Address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_refused_for_what_they_say() {
        let private = Err(Refused::Private);
        let cases = [
            ("https://hooks.example.com/a", Ok(())),
            ("http://93.184.216.34:8080/", Ok(())),
            ("https://[2606:2800:220:1::1]/", Ok(())),
            ("http://127.0.0.1/", private.clone()),
            ("http://2130706433/", private.clone()),
            ("http://0x7f.1/", private.clone()),
            ("http://0177.0.0.1/", private.clone()),
            ("http://0.0.0.0/", private.clone()),
            ("http://10.1.2.3/", private.clone()),
            ("http://172.16.0.1/", private.clone()),
            ("http://192.168.1.1/", private.clone()),
            ("http://100.64.0.1/", private.clone()),
            ("http://169.254.169.254/latest/meta-data", private.clone()),
            ("http://198.18.0.1/", private.clone()),
            ("http://224.0.0.1/", private.clone()),
            ("http://255.255.255.255/", private.clone()),
            ("http://[::1]/", private.clone()),
            ("http://[::]/", private.clone()),
            ("http://[::ffff:127.0.0.1]/", private.clone()),
            ("http://[::ffff:a9fe:a9fe]/", private.clone()),
            ("http://[64:ff9b::7f00:1]/", private.clone()),
            ("http://[2002:7f00:1::]/", private.clone()),
            ("http://[fe80::1]/", private.clone()),
            ("http://[fc00::1]/", private.clone()),
            ("http://[fd00:ec2::254]/", private.clone()),
            ("http://[2001:db8::1]/", private.clone()),
            ("http://localhost/", private.clone()),
            ("http://LOCALHOST./", private.clone()),
            ("http://metadata.google.internal/", private),
            ("https://hooks.example.com:22/", Err(Refused::Port(22))),
            ("https://a:b@hooks.example.com/", Err(Refused::Credentials)),
            ("ftp://example.com/", Err(Refused::Scheme("ftp".into()))),
        ];
        for (url, expected) in cases {
            assert_eq!(check(&url.parse().unwrap(), false), expected, "{url}");
        }
    }

    #[test]
    fn a_private_network_may_be_allowed() {
        for url in [
            "http://127.0.0.1:9000/",
            "http://localhost/",
            "http://[::1]:1/",
        ] {
            assert_eq!(check(&url.parse().unwrap(), true), Ok(()), "{url}");
        }
        assert!(check(&"file:///etc/passwd".parse().unwrap(), true).is_err());
    }
}

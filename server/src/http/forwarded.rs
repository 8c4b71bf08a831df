//! From whom a request comes that a proxy passed on, and whether they reached the proxy by HTTPS.
//!
//! A proxy appends the address that it sees to a list. Whatever stands left of that was written by
//! whoever sent the request, and may be made up. So the list is read from its right end, by one
//! address for each proxy that the operator trusts: the first address that is no such proxy's is
//! the caller's. Where the list ends before, or cannot be read, the last proxy is all that is
//! known.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

use crate::config::{ForwardingHeader, ProxySettings};

/// Proxies in a row that are looked behind. The length of a head bounds what one address may cost.
const PROXIES_MAX: usize = 16;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who sent a request, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    /// Their address; a trusted proxy's own where it did not say for whom it speaks.
    pub(super) address: IpAddr,
    /// Whether they came by HTTPS, where a trusted proxy says so.
    pub(super) https: Option<bool>,
}

impl Sender {
    /// The sender of a request that came over a connection of `peer`. Nothing that stands in the
    /// headers counts unless that is a proxy which the operator trusts.
    pub(super) fn of(peer: IpAddr, headers: &HeaderMap, proxy: &ProxySettings) -> Self {
        let nearest = Self { address: peer.to_canonical(), https: None };
        if !proxy.trusts(nearest.address) {
            return nearest;
        }
        match proxy.header {
            ForwardingHeader::Forwarded => {
                let hops = from_the_right(headers, FORWARDED).map(element);
                nearest.behind(hops, proxy)
            }
            ForwardingHeader::XForwardedFor => {
                let mut schemes = from_the_right(headers, X_FORWARDED_PROTO);
                let https = schemes.next().flatten().and_then(is_https);
                let hop = |text: Option<&str>| Some(Self { address: address(text?)?, https });
                let hops = from_the_right(headers, X_FORWARDED_FOR).map(hop);
                Self { https, ..nearest }.behind(hops, proxy)
            }
        }
    }

    /// Whether they came by HTTPS: as a proxy says, else as their connection is.
    pub(super) fn is_secured(&self, tls: bool) -> bool {
        self.https.unwrap_or(tls)
    }

    /// The first hop that is no trusted proxy, or the last one before the list breaks off.
    fn behind(self, hops: impl Iterator<Item = Option<Self>>, proxy: &ProxySettings) -> Self {
        let mut sender = self;
        for hop in hops.take(PROXIES_MAX) {
            let Some(hop) = hop else { break };
            sender = hop;
            if !proxy.trusts(sender.address) {
                break;
            }
        }
        sender
    }
}

/// The parts of a list that may take several lines, the last one first. They are taken apart one by
/// one, so that nothing further left has a say in them.
fn from_the_right(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = Option<&str>> {
    let lines = headers.get_all(name).iter().rev();
    let parts = lines.flat_map(|line| line.as_bytes().rsplit(outside_quotes(b',')));
    parts.map(|part| std::str::from_utf8(part).ok().map(trim))
}

/// Finds a separator in bytes that it is shown one after the other.
fn outside_quotes(separator: u8) -> impl FnMut(&u8) -> bool {
    let mut quoted = false;
    move |byte| {
        quoted ^= *byte == b'"';
        *byte == separator && !quoted
    }
}

/// One element of `Forwarded`, such as `for="[2001:db8::1]:4711";proto=https`.
fn element(text: Option<&str>) -> Option<Sender> {
    // Without escapes every quote begins or ends a text, also when it is read from the right.
    let text = text.filter(|text| !text.contains('\\'))?;
    let (mut from, mut scheme) = (None, None);
    for pair in text.as_bytes().split(outside_quotes(b';')) {
        let pair = trim(std::str::from_utf8(pair).ok()?);
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=')?;
        let value = unquoted(trim(value))?;
        let place = match trim(name).to_ascii_lowercase().as_str() {
            "for" => &mut from,
            "proto" => &mut scheme,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    Some(Sender { address: address(from?)?, https: scheme.and_then(is_https) })
}

fn unquoted(value: &str) -> Option<&str> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => value,
    };
    (!inner.contains('"')).then_some(inner)
}

/// An address, perhaps with a port. `unknown` and made-up names (`_hidden`) are none.
fn address(text: &str) -> Option<IpAddr> {
    let alone = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    alone().or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

fn is_https(scheme: &str) -> Option<bool> {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if is("https") { Some(true) } else { is("http").then_some(false) }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PROXY: &str = "10.1.2.3";

    /// The sender of a request of `peer` with these lines of one header, and the scheme.
    fn sender(peer: &str, header: ForwardingHeader, lines: &[(&str, &[u8])]) -> Sender {
        let trusted = ["10.1.2.0/24", "2001:db8:1::/48"].map(|net| net.parse().expect("a network"));
        let settings = ProxySettings { trusted: trusted.to_vec(), header };
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name, HeaderValue::from_bytes(line).expect("a value"));
        }
        Sender::of(peer.parse().expect("an address"), &headers, &settings)
    }

    fn by_list(peer: &str, lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|l| ("x-forwarded-for", l.as_bytes())).collect();
        sender(peer, ForwardingHeader::XForwardedFor, &lines).address.to_string()
    }

    fn by_elements(lines: &[&str]) -> (String, Option<bool>) {
        let lines: Vec<_> = lines.iter().map(|l| ("forwarded", l.as_bytes())).collect();
        let Sender { address, https } = sender(PROXY, ForwardingHeader::Forwarded, &lines);
        (address.to_string(), https)
    }

    #[test]
    fn the_first_address_from_the_right_that_is_no_proxy_is_the_callers() {
        let table: &[(&[&str], &str)] = &[
            (&["203.0.113.5"], "203.0.113.5"),
            (&["10.9.9.9, 203.0.113.5"], "203.0.113.5"),
            (&["203.0.113.5, 10.1.2.4,10.1.2.5"], "203.0.113.5"),
            (&["10.9.9.9", "203.0.113.5"], "203.0.113.5"),
            (&["203.0.113.5", "10.1.2.4"], "203.0.113.5"),
            (&["203.0.113.5:4711"], "203.0.113.5"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["[2001:db8::1]:4711, 2001:db8:1::7"], "2001:db8::1"),
            (&["::ffff:203.0.113.5"], "203.0.113.5"),
            (&["10.9.9.9, ::ffff:10.1.2.4"], "10.9.9.9"),
            (&["\u{fc}, \"\\, unknown, 203.0.113.5"], "203.0.113.5"),
            (&["10.1.2.4"], "10.1.2.4"),
        ];
        for (lines, expected) in table {
            assert_eq!(by_list(PROXY, lines), *expected, "{lines:?}");
            assert_eq!(by_list("::ffff:10.1.2.3", lines), *expected, "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_at_the_last_proxy() {
        let table: &[(&[&str], &str)] = &[
            (&[], PROXY),
            (&[""], PROXY),
            (&["203.0.113.5,"], PROXY),
            (&["203.0.113.5, unknown"], PROXY),
            (&["203.0.113.5, _hidden, 10.1.2.4"], "10.1.2.4"),
            (&["203.0.113.5 10.1.2.4"], PROXY),
            (&["203.0.113"], PROXY),
            (&["203.0.113.005"], PROXY),
            (&["203.0.113.5:"], PROXY),
            (&["203.0.113.5:99999"], PROXY),
            (&["[2001:db8::1"], PROXY),
            (&["[203.0.113.5]"], PROXY),
            (&["\"203.0.113.5\""], PROXY),
            (&["203.0.113.5, \u{fc}"], PROXY),
            (&["203.0.113.5", "for=203.0.113.5"], PROXY),
        ];
        for (lines, expected) in table {
            assert_eq!(by_list(PROXY, lines), *expected, "{lines:?}");
        }
    }

    #[test]
    fn headers_of_anybody_else_are_not_read() {
        for peer in ["203.0.113.9", "127.0.0.1", "10.1.3.1", "2001:db8:2::1"] {
            assert_eq!(by_list(peer, &["10.9.9.9"]), peer);
            let lines: [(&str, &[u8]); 2] =
                [("forwarded", b"for=10.9.9.9;proto=https"), ("x-forwarded-proto", b"https")];
            for header in [ForwardingHeader::Forwarded, ForwardingHeader::XForwardedFor] {
                let found = sender(peer, header, &lines);
                assert_eq!((found.address.to_string(), found.https), (peer.to_owned(), None));
            }
        }
    }

    #[test]
    fn the_header_that_the_proxy_does_not_write_is_not_read() {
        let lines: [(&str, &[u8]); 2] =
            [("forwarded", b"for=10.9.9.9;proto=https"), ("x-forwarded-for", b"203.0.113.5")];
        let found = sender(PROXY, ForwardingHeader::XForwardedFor, &lines);
        assert_eq!((found.address.to_string(), found.https), ("203.0.113.5".to_owned(), None));
        let found = sender(PROXY, ForwardingHeader::Forwarded, &lines[1..]);
        assert_eq!(found.address.to_string(), PROXY);
    }

    #[test]
    fn elements_are_read_with_what_is_quoted_in_them() {
        let table: &[(&[&str], &str, Option<bool>)] = &[
            (&["for=192.0.2.43"], "192.0.2.43", None),
            (&["for=192.0.2.43; ;"], "192.0.2.43", None),
            (&["For=\"192.0.2.43:47011\" ; Proto=HTTPS"], "192.0.2.43", Some(true)),
            (&["for=\"[2001:db8:cafe::17]:4711\";proto=http"], "2001:db8:cafe::17", Some(false)),
            (&["for=\"[2001:db8:cafe::17]\";proto=gopher"], "2001:db8:cafe::17", None),
            (&["host=\"a,b;c\";for=192.0.2.43;by=_x"], "192.0.2.43", None),
            (&["for=10.9.9.9, for=192.0.2.43;proto=https, for=10.1.2.4"], "192.0.2.43", Some(true)),
            (&["for=10.9.9.9", "for=192.0.2.43"], "192.0.2.43", None),
            // A quote that the caller left open swallows nothing of what a proxy wrote.
            (&["for=\"10.9.9.9, for=192.0.2.43"], "192.0.2.43", None),
            (&["for=\"10.9.9.9\\\", for=\"192.0.2.43\""], "192.0.2.43", None),
        ];
        for (lines, expected, https) in table {
            assert_eq!(by_elements(lines), ((*expected).to_owned(), *https), "{lines:?}");
        }
        for wrong in [
            "",
            "for=",
            "for",
            "proto=https",
            "for=unknown",
            "for=_hidden",
            "for=192.0.2.43;for=10.9.9.9",
            "for=\"192.0.2.43",
            "for=192.0.2.43\"",
            "for=192.0.2.43;x",
            "for=\"192.0.2.4\\3\"",
            "for=192.0.2.43;host=\"a\\\", for=10.9.9.9;x=\\\"\"",
        ] {
            assert_eq!(by_elements(&[wrong]).0, PROXY, "{wrong}");
        }
    }

    #[test]
    fn the_scheme_is_the_last_one_that_is_said() {
        let table: &[(&[&[u8]], Option<bool>)] = &[
            (&[], None),
            (&[b"https"], Some(true)),
            (&[b"HTTP"], Some(false)),
            (&[b"https, http"], Some(false)),
            (&[b"https", b"http"], Some(false)),
            (&[b"https", b""], None),
            (&[b"https "], Some(true)),
            (&[b"https;"], None),
            (&[b"\xff"], None),
        ];
        for (schemes, expected) in table {
            let mut lines: Vec<_> = schemes.iter().map(|s| ("x-forwarded-proto", *s)).collect();
            let found = sender(PROXY, ForwardingHeader::XForwardedFor, &lines);
            assert_eq!((found.address.to_string().as_str(), found.https), (PROXY, *expected));
            lines.push(("x-forwarded-for", b"203.0.113.5"));
            let found = sender(PROXY, ForwardingHeader::XForwardedFor, &lines);
            assert_eq!(
                (found.address.to_string().as_str(), found.https),
                ("203.0.113.5", *expected)
            );
        }
    }

    #[test]
    fn only_so_many_proxies_are_looked_behind() {
        let behind = |proxies: usize| {
            let list = format!("203.0.113.5{}", ", 10.1.2.4".repeat(proxies));
            by_list(PROXY, &[&list])
        };
        assert_eq!(behind(PROXIES_MAX - 1), "203.0.113.5");
        assert_eq!(behind(PROXIES_MAX), "10.1.2.4");
        assert_eq!(behind(1_000), "10.1.2.4");
    }
}

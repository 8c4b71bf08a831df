//! Launch addresses: what a web page hands to an installed client.

use super::downloader::DownloaderCall;
use super::pairs::{Pairs, Unreadable};

const SCHEME: &[u8] = b"turbomeeting";

/// A launch address, read.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The client version the scheme names, as in `turbomeeting80`; the number follows the client.
    pub version: Option<u16>,
    /// The server to go to, as `account_server_ip` names it.
    pub server: Option<String>,
    /// What to do there.
    pub call: DownloaderCall,
}

/// Reads `turbomeeting80://?role=...` or the Android form
/// `intent://?role=...#Intent;scheme=...;end`.
pub fn launch(address: &[u8]) -> Result<Launch, Unreadable> {
    let at = address.windows(3).position(|w| w == b"://").ok_or(Unreadable::NotALaunch)?;
    let (scheme, rest) = (&address[..at], &address[at + 3..]);
    let (version, query) = if scheme.eq_ignore_ascii_case(b"intent") {
        let at = rest.windows(8).position(|w| w == b"#Intent;").ok_or(Unreadable::NotALaunch)?;
        let scheme = rest[at + 8..]
            .split(|&b| b == b';')
            .find_map(|part| part.strip_prefix(b"scheme="))
            .ok_or(Unreadable::NotALaunch)?;
        (version_of(scheme)?, &rest[..at])
    } else {
        (version_of(scheme)?, rest)
    };
    let start = query.iter().position(|&b| b == b'?').map_or(0, |at| at + 1);
    let pairs = Pairs::split(&query[start..])?;
    Ok(Launch {
        version,
        server: pairs.text(&["account_server_ip"])?,
        call: DownloaderCall::from_pairs(&pairs)?,
    })
}

fn version_of(scheme: &[u8]) -> Result<Option<u16>, Unreadable> {
    let start = scheme.get(..SCHEME.len()).ok_or(Unreadable::NotALaunch)?;
    if !start.eq_ignore_ascii_case(SCHEME) {
        return Err(Unreadable::NotALaunch);
    }
    let digits = &scheme[SCHEME.len()..];
    if digits.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(digits).map_err(|_| Unreadable::NotALaunch)?;
    // `parse` alone would accept a leading plus sign.
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unreadable::NotALaunch);
    }
    text.parse().map(Some).map_err(|_| Unreadable::NotALaunch)
}

#[cfg(test)]
mod tests {
    use super::super::secret::Secret;
    use super::*;

    #[test]
    fn attendee_and_host_launches_are_read() {
        let read = launch(
            b"turbomeeting80://?role=attendee&meeting_id=8813-7455&meeting_password=123&name=Ann&account_server_ip=meet.example.org",
        )
        .expect("readable");
        assert_eq!(read.version, Some(80));
        assert_eq!(read.server.as_deref(), Some("meet.example.org"));
        let DownloaderCall::Attend(call) = read.call else { panic!("an attendee") };
        assert_eq!(call.password.as_ref().map(Secret::expose), Some("123"));

        let read = launch(b"turbomeeting81://?role=host&email=a%40b&user_password=x").expect("ok");
        let DownloaderCall::Host(call) = read.call else { panic!("a host") };
        assert_eq!(call.email.as_deref(), Some("a@b"));
    }

    #[test]
    fn the_android_form_is_read() {
        let read = launch(
            b"intent://?role=attendee&meeting_id=88137455&name=Ann#Intent;scheme=turbomeeting80;package=com.rhubcom.turbomeeting80;end",
        )
        .expect("readable");
        assert_eq!(read.version, Some(80));
        assert!(matches!(read.call, DownloaderCall::Attend(_)));
    }

    #[test]
    fn other_schemes_are_refused() {
        for address in [
            &b"https://example.org/?role=host"[..],
            b"turbomeeting+8://?role=host",
            b"turbomeeting99999://?role=host",
            b"intent://?role=host",
            b"intent://?role=host#Intent;scheme=other;end",
            b"",
        ] {
            assert_eq!(launch(address).err(), Some(Unreadable::NotALaunch));
        }
    }
}

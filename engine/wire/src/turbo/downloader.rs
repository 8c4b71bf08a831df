//! `goto_downloader`: the call that hosts or joins a meeting from a web page.
//!
//! Source: the vendor's published web API page. `sumbit` is the vendor's own spelling and copied by
//! callers; it and `submit` say nothing and are ignored like every unknown parameter.

use super::meeting_number::AskedMeeting;
use super::pairs::{Pairs, Unreadable};
use super::secret::Secret;

/// A `goto_downloader` call.
#[derive(Clone, Debug)]
pub enum DownloaderCall {
    /// `role=host`.
    Host(HostCall),
    /// `role=attendee`.
    Attend(AttendCall),
}

/// What a host sends.
#[derive(Clone, Debug)]
pub struct HostCall {
    /// The account, as typed.
    pub email: Option<String>,
    /// The account's password; `None` means the page asks for it.
    pub user_password: Option<Secret>,
    /// The scheduled meeting to open; missing means a new one.
    pub meeting: AskedMeeting,
    /// That meeting's own password.
    pub meeting_password: Option<Secret>,
}

/// What an attendee sends.
#[derive(Clone, Debug)]
pub struct AttendCall {
    /// The name to show.
    pub name: Option<String>,
    /// The meeting to join.
    pub meeting: AskedMeeting,
    /// The meeting's password.
    pub password: Option<Secret>,
}

/// The parameters with which an integration's page lets somebody join, in the vendor's order.
/// Whoever sends them encodes them.
#[must_use]
pub fn attend_call<'a>(
    name: &'a str,
    meeting: &'a str,
    password: &'a str,
) -> [(&'static str, &'a str); 5] {
    [
        ("role", "attendee"),
        ("name", name),
        ("meeting_id", meeting),
        ("password", password),
        ("sumbit", "submit"),
    ]
}

impl DownloaderCall {
    /// Reads the query string of a GET (without `?`) or the body of a form POST.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::from_pairs(&Pairs::split(bytes)?)
    }

    pub(super) fn from_pairs(pairs: &Pairs<'_>) -> Result<Self, Unreadable> {
        let role = pairs.text(&["role"])?.ok_or(Unreadable::RoleMissing)?;
        let meeting = AskedMeeting::read(pairs.text(&["meeting_id"])?.as_deref());
        // Launch addresses say `meeting_password` for what the web call names `password`.
        let password = pairs.secret(&["password", "meeting_password"])?;
        if role.eq_ignore_ascii_case("host") {
            Ok(Self::Host(HostCall {
                email: pairs.text(&["email"])?,
                user_password: pairs.secret(&["user_password"])?,
                meeting,
                meeting_password: password,
            }))
        } else if role.eq_ignore_ascii_case("attendee") {
            Ok(Self::Attend(AttendCall { name: pairs.text(&["name"])?, meeting, password }))
        } else {
            Err(Unreadable::RoleUnknown)
        }
    }

    /// Whether the call carries a password, which the audit log wants to know when it came in a GET
    /// or over plain HTTP.
    pub fn carries_password(&self) -> bool {
        match self {
            Self::Host(call) => call.user_password.is_some() || call.meeting_password.is_some(),
            Self::Attend(call) => call.password.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::id::MeetingId;

    fn attend(query: &[u8]) -> AttendCall {
        match DownloaderCall::read(query).expect("readable") {
            DownloaderCall::Attend(call) => call,
            DownloaderCall::Host(_) => panic!("a host call"),
        }
    }

    fn host(query: &[u8]) -> HostCall {
        match DownloaderCall::read(query).expect("readable") {
            DownloaderCall::Host(call) => call,
            DownloaderCall::Attend(_) => panic!("an attendee call"),
        }
    }

    fn sample() -> AskedMeeting {
        AskedMeeting::Is(MeetingId::new(88_137_455).expect("in range"))
    }

    fn shown(secret: &Option<Secret>) -> Option<&str> {
        secret.as_ref().map(Secret::expose)
    }

    #[test]
    fn a_call_that_is_written_is_read() {
        let pairs = attend_call("Brian", "8813-7455", "123");
        let query: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = attend(query.join("&").as_bytes());
        assert_eq!((call.name.as_deref(), shown(&call.password)), (Some("Brian"), Some("123")));
        assert_eq!(call.meeting, sample());
    }

    #[test]
    fn attendees_are_read_in_every_spelling_seen() {
        // query, name, password
        let table: &[(&[u8], &str, &str)] = &[
            (
                b"role=attendee&name=Brian Smith&meeting_id=8813-7455&password=123&sumbit=submit",
                "Brian Smith",
                "123",
            ),
            (
                b"role=attendee&name=Brian+Smith&meeting_id=88137455&password=123&submit=submit",
                "Brian Smith",
                "123",
            ),
            (
                b"password=123&meeting_id=8813%2D7455&name=Brian%20Smith&role=attendee",
                "Brian Smith",
                "123",
            ),
            (
                b"ROLE=Attendee&Name=Brian+Smith&Meeting_ID=8813 7455&PASSWORD=123&x=y&&z",
                "Brian Smith",
                "123",
            ),
            ("role=attendee&name=张伟&meeting_id=8813-7455&password=a b".as_bytes(), "张伟", "a b"),
            (
                b"role=attendee&name=\xD5\xC5\xCE\xB0&meeting_id=8813-7455&password=%26%3D%2B",
                "张伟",
                "&=+",
            ),
            (
                b"role=attendee&amp;name=Ann&amp;meeting_id=+8813-7455+&amp;password=123",
                "Ann",
                "123",
            ),
            (b"role=attendee&name=Ann&name=Ann&meeting_id=8813-7455&password=p=q", "Ann", "p=q"),
        ];
        for (query, name, password) in table {
            let call = attend(query);
            assert_eq!(call.name.as_deref(), Some(*name));
            assert_eq!(call.meeting, sample());
            assert_eq!(shown(&call.password), Some(*password));
        }
    }

    #[test]
    fn what_is_left_empty_is_absent() {
        let call = attend(b"role=attendee&name=&meeting_id=&password=&sumbit=submit");
        assert!(call.name.is_none() && call.password.is_none());
        assert_eq!(call.meeting, AskedMeeting::Missing);
        let call = host(b"role=host&email=ann@example.org&user_password=");
        assert_eq!(call.email.as_deref(), Some("ann@example.org"));
        assert!(call.user_password.is_none(), "an empty host password means: ask");
        assert_eq!(call.meeting, AskedMeeting::Missing);
    }

    #[test]
    fn a_host_names_a_scheduled_meeting_and_its_password() {
        let call = host(
            b"role=host&email=ann%40example.org&user_password=s3cret&meeting_id=88137455&password=m",
        );
        assert_eq!(call.meeting, sample());
        assert_eq!(shown(&call.user_password), Some("s3cret"));
        assert_eq!(shown(&call.meeting_password), Some("m"));
    }

    #[test]
    fn calls_that_can_mean_two_things_are_refused() {
        let table: &[(&[u8], Unreadable)] = &[
            (b"", Unreadable::RoleMissing),
            (b"role=&name=x", Unreadable::RoleMissing),
            (b"role=moderator", Unreadable::RoleUnknown),
            (b"role=attendee&role=host&email=a", Unreadable::Ambiguous("role")),
            (b"role=attendee&ROLE=host", Unreadable::Ambiguous("role")),
            (b"role=attendee&password=a&password=b", Unreadable::Ambiguous("password")),
        ];
        for (query, expected) in table {
            assert_eq!(DownloaderCall::read(query).err(), Some(*expected));
        }
        let long = vec![b'a'; CALL_TOO_LONG];
        assert_eq!(DownloaderCall::read(&long).err(), Some(Unreadable::TooLong));
        let many = b"x=1&".repeat(65);
        assert_eq!(DownloaderCall::read(&many).err(), Some(Unreadable::TooLong));
    }

    const CALL_TOO_LONG: usize = 64 * 1024 + 1;

    #[test]
    fn a_malformed_number_is_told_apart_from_a_missing_one() {
        assert_eq!(attend(b"role=attendee&meeting_id=12").meeting, AskedMeeting::Malformed);
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let call = DownloaderCall::read(b"role=attendee&password=canary&meeting_id=88137455");
        assert!(!format!("{call:?}").contains("canary"));
        assert!(call.is_ok_and(|call| call.carries_password()));
    }

    /// A small generator in place of a fuzzer's corpus: every byte value, in many mixes, read by
    /// all readers of this module.
    #[test]
    fn no_bytes_make_a_reader_panic() {
        let words: &[&[u8]] = &[
            b"role=",
            b"host",
            b"attendee",
            b"&",
            b"=",
            b"%",
            b"%F",
            b"%00",
            b"+",
            b"meeting_id=",
            b"8813-7455",
            b"/id=",
            b"turbomeeting80://",
            b"intent://",
            b"#Intent;",
            b"\xD5",
            b"?",
            b"password=",
            b"\0",
            b"\xF0\x9F",
        ];
        let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut next = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % bound as u64).expect("below bound")
        };
        for _ in 0..20_000 {
            let mut bytes = Vec::new();
            for _ in 0..next(12) {
                if next(4) == 0 {
                    bytes.push(u8::try_from(next(256)).expect("a byte"));
                } else {
                    bytes.extend_from_slice(words[next(words.len())]);
                }
            }
            let _ = DownloaderCall::read(&bytes);
            let _ = crate::turbo::viewer_path(&bytes);
            let _ = crate::turbo::launch(&bytes);
            let _ = crate::turbo::ScheduleCall::read(&bytes);
            let _ = crate::turbo::PasswordCheck::read(&bytes);
        }
    }
}

//! `schedule_meeting` and `vmp`: the calls that plan a meeting and check its password, and the
//! envelope of their answers.
//!
//! Source: the vendor's published web API page for the call, security advisories for `vmp`. The
//! vendor's own sample sends times with a raw space, and an end before its start for a recurring
//! meeting. The answer's form is ours (the vendor published none): the envelope of the call that
//! asks another server.

use convoke_model::meeting::plan::LocalTime;

use super::meeting_number::AskedMeeting;
use super::pairs::{Pairs, Unreadable};
use super::secret::Secret;

/// A `schedule_meeting` call.
#[derive(Clone, Debug)]
pub struct ScheduleCall {
    /// `meeting_type`, as sent; missing means 0.
    pub kind: Option<String>,
    /// The account, as typed.
    pub email: Option<String>,
    /// The account's password.
    pub user_password: Option<Secret>,
    /// The meeting's own password.
    pub password: Option<Secret>,
    /// `is_recurring=Y`.
    pub recurring: bool,
    /// `meeting_topic`
    pub topic: Option<String>,
    /// The secret that integrations share with the server.
    pub integration_code: Option<Secret>,
    /// The number to dial.
    pub call_number: Option<String>,
    /// What to type there.
    pub attendee_access_code: Option<String>,
    /// When it begins.
    pub start: AskedTime,
    /// When it ends.
    pub end: AskedTime,
}

/// A time of a legacy call: `YYYY/MM/DD HH:MM` on the clocks of the account's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedTime {
    /// Nothing.
    Missing,
    /// Something that is no time.
    Malformed,
    /// This.
    At(LocalTime),
}

impl ScheduleCall {
    /// Reads the query string of a GET (without `?`) or the body of a form POST.
    ///
    /// # Errors
    /// What cannot be understood.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let pairs = Pairs::split(bytes)?;
        let recurring = pairs.text(&["is_recurring"])?;
        let recurring = recurring.is_some_and(|said| {
            ["y", "yes", "true", "1"].iter().any(|yes| said.eq_ignore_ascii_case(yes))
        });
        Ok(Self {
            kind: pairs.text(&["meeting_type"])?,
            email: pairs.text(&["email"])?,
            user_password: pairs.secret(&["user_password"])?,
            password: pairs.secret(&["password"])?,
            recurring,
            topic: pairs.text(&["meeting_topic"])?,
            integration_code: pairs.secret(&["integration_code"])?,
            call_number: pairs.text(&["call_number"])?,
            attendee_access_code: pairs.text(&["attendee_access_code"])?,
            start: AskedTime::read(pairs.text(&["start_time"])?.as_deref()),
            end: AskedTime::read(pairs.text(&["end_time"])?.as_deref()),
        })
    }

    /// Whether it carries something secret.
    #[must_use]
    pub fn carries_password(&self) -> bool {
        let secrets = [&self.user_password, &self.password, &self.integration_code];
        secrets.iter().any(|secret| secret.is_some())
    }
}

impl AskedTime {
    fn read(text: Option<&str>) -> Self {
        match text {
            None => Self::Missing,
            Some(text) => time(text).map_or(Self::Malformed, Self::At),
        }
    }
}

/// Five numbers, with whatever stands between them: `2008/7/5 9:30`, `2026-11-30T10:00`.
fn time(text: &str) -> Option<LocalTime> {
    if text.len() > 32 || !text.bytes().all(|b| b.is_ascii_digit() || b"/-. T:".contains(&b)) {
        return None;
    }
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
    // Seconds are taken when they say nothing.
    let ([year, month, day, hour, minute] | [year, month, day, hour, minute, "00"]) = numbers[..]
    else {
        return None;
    };
    let two = |part: &str| (1..=2).contains(&part.len());
    if year.len() != 4 || ![month, day, hour, minute].into_iter().all(two) {
        return None;
    }
    LocalTime::new(&format!("{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute:0>2}"))
}

/// A `vmp` call: does this password fit that meeting?
#[derive(Clone, Debug)]
pub struct PasswordCheck {
    /// The meeting.
    pub meeting: AskedMeeting,
    /// The password; none is asked about as the empty one.
    pub password: Option<Secret>,
}

impl PasswordCheck {
    /// Reads the body of a form POST.
    ///
    /// # Errors
    /// What cannot be understood.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let pairs = Pairs::split(bytes)?;
        let meeting = AskedMeeting::read(pairs.text(&["meeting_id"])?.as_deref());
        Ok(Self { meeting, password: pairs.secret(&["password", "meeting_password"])? })
    }
}

/// What a legacy call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// It was done; with these fields, by their names without underscores.
    Succeeded(&'a [(&'static str, &'a str)]),
    /// It was not.
    Failed {
        /// Why, for a person.
        reason: &'a str,
    },
}

impl Reply<'_> {
    /// The answer as XML.
    #[must_use]
    pub fn xml(&self) -> String {
        let (status, reason, fields) = match self {
            Self::Succeeded(fields) => ("SUCCEED", "", *fields),
            Self::Failed { reason } => ("FAILED", *reason, &[][..]),
        };
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<__Return__>\n");
        for (name, value) in [("Status", status), ("Reason", reason)].iter().chain(fields.iter()) {
            let value = quick_xml::escape::escape(*value);
            xml.push_str(&format!("<__{name}__>{value}</__{name}__>\n"));
        }
        xml.push_str("</__Return__>\n");
        xml
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> AskedTime {
        AskedTime::At(LocalTime::new(text).expect("a time"))
    }

    #[test]
    fn the_vendors_own_sample_is_read() {
        // As published: spaces as they are, the end before the start, recurring.
        let call = ScheduleCall::read(
            b"meeting_type=0&email=john@mycompany.com&user_password=123456&password=abc\
              &is_recurring=Y&meeting_topic=Weekly sales meeting&integration_code=xyz\
              &call_number=1-888-123-4567&attendee_access_code=123456\
              &start_time=2008/11/20 10:00&end_time=2008/11/20 09:00",
        )
        .expect("readable");
        assert_eq!(call.topic.as_deref(), Some("Weekly sales meeting"));
        assert!(call.recurring && call.carries_password());
        assert_eq!((call.start, call.end), (at("2008-11-20T10:00"), at("2008-11-20T09:00")));
        assert_eq!(call.call_number.as_deref(), Some("1-888-123-4567"));
        assert_eq!(call.attendee_access_code.as_deref(), Some("123456"));
    }

    #[test]
    fn times_are_read_as_callers_write_them() {
        for text in ["2026/11/30 10:00", "2026-11-30T10:00", "2026/11/30 10:00:00"] {
            assert_eq!(AskedTime::read(Some(text)), at("2026-11-30T10:00"), "{text}");
        }
        assert_eq!(AskedTime::read(Some("2008/7/5 9:30")), at("2008-07-05T09:30"));
        for text in ["tomorrow", "2026/11/30", "11/30/2026 10:00", "2026/11/30 10:00:30", "1"] {
            assert_eq!(AskedTime::read(Some(text)), AskedTime::Malformed, "{text}");
        }
        assert_eq!(AskedTime::read(None), AskedTime::Missing);
    }

    #[test]
    fn answers_are_escaped() {
        let xml = Reply::Failed { reason: "</__Reason__><__Status__>SUCCEED" }.xml();
        assert_eq!(xml.matches("SUCCEED").count(), 1);
        assert!(xml.contains("&lt;/__Reason__&gt;"));
        let fields = [("MeetingId", "8813-7455")];
        let xml = Reply::Succeeded(&fields).xml();
        assert!(xml.contains("<__Status__>SUCCEED</__Status__>\n<__Reason__></__Reason__>"));
        assert!(xml.contains("<__MeetingId__>8813-7455</__MeetingId__>"));
    }
}

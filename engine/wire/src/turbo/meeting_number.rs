//! Which meeting a legacy call means.

use convoke_model::id::MeetingId;

/// What a legacy call says about the meeting it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedMeeting {
    /// Nothing: the person is asked, or (for a host) a new meeting is meant.
    Missing,
    /// Something that is no meeting number. Answered like an unknown meeting.
    Malformed,
    /// This meeting.
    Is(MeetingId),
}

impl AskedMeeting {
    pub(super) fn read(text: Option<&str>) -> Self {
        match text {
            None => Self::Missing,
            Some(text) => text.parse().map_or(Self::Malformed, Self::Is),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_malformed_and_known_forms_are_told_apart() {
        let is = |number| MeetingId::new(number).map(AskedMeeting::Is);
        assert_eq!(AskedMeeting::read(None), AskedMeeting::Missing);
        assert_eq!(AskedMeeting::read(Some("8813-745")), AskedMeeting::Malformed);
        assert_eq!(AskedMeeting::read(Some("99999999999999999999")), AskedMeeting::Malformed);
        for text in ["8813-7455", "88137455", "8813 7455"] {
            assert_eq!(Some(AskedMeeting::read(Some(text))), is(88_137_455));
        }
    }
}

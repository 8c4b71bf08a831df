//! Which stream is meant by what a person typed, and the nearest one when there is none such.

use convoke_model::{MeetingId, StreamId};

use crate::log::Log;
use crate::names::stream_name;
use crate::out::plain;
use crate::problem::Problem;
use crate::source::Source;

/// What a person typed in the place of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What<'a> {
    /// Nothing.
    Nothing,
    /// The site's stream.
    Site,
    /// A meeting, and its session where one was named (0: the meeting's own stream).
    Meeting(MeetingId, Option<u32>),
    /// Something else.
    Unclear(&'a str),
}

/// Which entries are kept while the log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// All of one stream.
    Stream(StreamId),
    /// All of a meeting's own stream and of its last session.
    Last(u32),
}

impl Keep {
    pub(crate) fn wants(self, stream: StreamId) -> bool {
        match self {
            Self::Nothing => false,
            Self::Stream(wanted) => wanted == stream,
            Self::Last(meeting) => meeting == stream.meeting,
        }
    }
}

/// The stream that is meant, with its log: what a command that shows facts begins with.
///
/// # Errors
/// When there is none such, or it cannot be read.
pub(crate) fn stream(
    source: &Source,
    typed: Option<&str>,
    only_sessions: bool,
) -> Result<(StreamId, Log), Problem> {
    let what = What::of(typed);
    let log = Log::read(source, what.keep(source))?;
    let stream =
        if only_sessions { what.session(&log, source)? } else { what.stream(&log, source)? };
    if log.kept.contains_key(&stream) {
        return Ok((stream, log));
    }
    // The only session of a folder: known to be meant only now.
    Ok((stream, Log::read(source, Keep::Stream(stream))?))
}

impl<'a> What<'a> {
    pub(crate) fn of(typed: Option<&'a str>) -> Self {
        let Some(typed) = typed else { return Self::Nothing };
        if typed == "site" {
            return Self::Site;
        }
        let (meeting, session) = match typed.split_once('/') {
            Some((meeting, session)) => (meeting, Some(session.parse::<u32>())),
            None => (typed, None),
        };
        match (meeting.parse(), session) {
            (Ok(meeting), None) => Self::Meeting(meeting, None),
            (Ok(meeting), Some(Ok(session))) => Self::Meeting(meeting, Some(session)),
            (Err(_), _) | (_, Some(Err(_))) => Self::Unclear(typed),
        }
    }

    /// What of the log has to be kept for it.
    pub(crate) fn keep(self, source: &Source) -> Keep {
        match (self, source) {
            (Self::Nothing, Source::Archive { archive, .. }) => Keep::Stream(archive.session()),
            (Self::Nothing, Source::Folder { .. }) => Keep::Nothing,
            (Self::Site, _) => Keep::Stream(StreamId::SITE),
            (Self::Meeting(meeting, None), _) => Keep::Last(meeting.number()),
            (Self::Meeting(meeting, Some(session)), _) => {
                Keep::Stream(StreamId { meeting: meeting.number(), session })
            }
            (Self::Unclear(_), _) => Keep::Nothing,
        }
    }

    /// The stream that is meant.
    ///
    /// # Errors
    /// When there is none, with the nearest there is.
    pub(crate) fn stream(self, log: &Log, source: &Source) -> Result<StreamId, Problem> {
        match self {
            Self::Site => Ok(StreamId::SITE),
            Self::Nothing => alone(log, source),
            Self::Unclear(typed) => {
                let typed = plain(typed);
                let near = nearest(log, &typed).map_or_else(
                    || String::from("a meeting has eight digits, such as 8813-7455"),
                    |near| format!("the nearest is {near}"),
                );
                Err(Problem::CannotRun(format!("\"{typed}\" names no meeting; {near}")))
            }
            Self::Meeting(meeting, session) => {
                let of_meeting = StreamId::meeting(meeting);
                let mut sessions =
                    log.sessions.keys().filter(|stream| stream.meeting == meeting.number());
                if !log.meetings.contains_key(&meeting) && sessions.clone().next().is_none() {
                    let near = nearest(log, &meeting.to_string()).map_or_else(
                        || nothing_here(source),
                        |near| format!("the nearest is {near}"),
                    );
                    let noun = source.noun();
                    let sentence = format!("there is no meeting {meeting} in this {noun}; {near}");
                    return Err(Problem::CannotRun(sentence));
                }
                match session {
                    None => Ok(sessions.next_back().copied().unwrap_or(of_meeting)),
                    Some(0) => Ok(of_meeting),
                    Some(number) if sessions.any(|stream| stream.session == number) => {
                        Ok(StreamId { session: number, ..of_meeting })
                    }
                    Some(number) => Err(no_session(log, meeting, number)),
                }
            }
        }
    }

    /// The session that is meant.
    ///
    /// # Errors
    /// When there is none, or what is meant is no session.
    pub(crate) fn session(self, log: &Log, source: &Source) -> Result<StreamId, Problem> {
        let stream = self.stream(log, source)?;
        if stream.session != 0 {
            return Ok(stream);
        }
        let name = stream_name(stream);
        Err(Problem::CannotRun(match self {
            Self::Meeting(_, None) => format!("meeting {name} was never opened: it has no session"),
            _ => format!("{name} is no session; name one such as 8813-7455/1"),
        }))
    }
}

fn nothing_here(source: &Source) -> String {
    format!("this {} holds no meetings yet", source.noun())
}

/// The only session there is.
fn alone(log: &Log, source: &Source) -> Result<StreamId, Problem> {
    let mut sessions = log.sessions.keys();
    match (sessions.next(), sessions.next_back()) {
        (Some(&only), None) => Ok(only),
        (Some(_), Some(last)) => Err(Problem::CannotRun(format!(
            "say which session, such as {}; the command list tells all",
            stream_name(*last)
        ))),
        (None, _) => Err(Problem::CannotRun(nothing_here(source))),
    }
}

fn no_session(log: &Log, meeting: MeetingId, number: u32) -> Problem {
    let of_meeting = log.sessions.keys().filter(|stream| stream.meeting == meeting.number());
    let nearest = of_meeting.min_by_key(|stream| stream.session.abs_diff(number));
    let near = nearest.map_or_else(
        || String::from("it was never opened"),
        |near| format!("the nearest is {}", stream_name(*near)),
    );
    Problem::CannotRun(format!("meeting {meeting} has no session {number}; {near}"))
}

/// The meeting whose digits are the fewest changes away.
fn nearest(log: &Log, typed: &str) -> Option<MeetingId> {
    let digits: Vec<char> = typed.chars().take(64).filter(char::is_ascii_digit).collect();
    let distance = |meeting: &MeetingId| {
        let number: Vec<char> = meeting.number().to_string().chars().collect();
        changes(&digits, &number)
    };
    log.meetings.keys().copied().min_by_key(distance)
}

/// Insertions, deletions and replacements between two texts.
fn changes(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_understood() {
        let id = MeetingId::new(88_137_455).expect("eight digits");
        assert_eq!(What::of(Some("8813-7455")), What::Meeting(id, None));
        assert_eq!(What::of(Some("88137455/2")), What::Meeting(id, Some(2)));
        assert_eq!(What::of(Some("site")), What::Site);
        for typed in ["", "8813", "8813-7455/", "8813-7455/x", "8813-7455/1/2"] {
            assert_eq!(What::of(Some(typed)), What::Unclear(typed));
        }
    }

    #[test]
    fn changes_are_counted() {
        let of = |a: &str, b: &str| {
            changes(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
        };
        assert_eq!([of("", "abc"), of("abc", "abc"), of("8813745", "88137455")], [3, 0, 1]);
        assert_eq!(of("kitten", "sitting"), 3);
    }
}

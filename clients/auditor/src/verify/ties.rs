//! How a meeting's stream and its sessions' fit together, and whether joins and leaves balance.

use convoke_model::{MeetingId, SessionNumber, StreamId};
use convoke_wire::entry::CHAIN_START;

use super::Found;
use crate::finding::Finding;
use crate::log::{Ended, Log, Meeting};
use crate::session::Session;
use crate::source::Source;

pub(super) fn check(log: &Log, source: &Source, found: &mut Found) {
    for (&stream, session) in &log.sessions {
        found.findings.extend(session.findings());
        if session.balance_is_unknown() {
            let what = "facts about joining and leaving cannot be read: their balance is not known";
            found.notes.push(Finding::stream(stream, what));
        }
        let meeting = stream.meeting_id().and_then(|id| log.meetings.get(&id));
        match meeting {
            Some(meeting) if !meeting.broken && !session.broken => {
                found.findings.extend(opened(stream, session, meeting));
                found.findings.extend(ended(stream, session, meeting));
            }
            Some(_) => {
                let what = "facts are missing or cannot be read: \
                            how the session ties to its meeting is not known";
                found.notes.push(Finding::stream(stream, what));
            }
            None => {
                let what = "the stream of the session's meeting is missing";
                found.findings.push(Finding::stream(stream, what));
            }
        }
    }
    // An archive holds one session of its meeting.
    if matches!(source, Source::Folder { .. }) {
        for (&id, meeting) in &log.meetings {
            let of = |ended: &&Ended| StreamId::session(id, ended.session);
            let lost = meeting.ended.iter().filter(|ended| !log.sessions.contains_key(&of(ended)));
            found.findings.extend(lost.map(|ended| lost_session(id, ended)));
        }
    }
}

fn lost_session(meeting: MeetingId, ended: &Ended) -> Finding {
    let what = format!("the stream of session {} is missing", ended.session);
    Finding::fact(StreamId::meeting(meeting), ended.seq, what)
}

/// `Opened` names where its meeting stood.
fn opened(stream: StreamId, session: &Session, meeting: &Meeting) -> Option<Finding> {
    let opening = session.opening.as_ref()?;
    let hash = match opening.meeting_seq {
        0 => Some(&CHAIN_START),
        seq => usize::try_from(seq - 1).ok().and_then(|at| meeting.hashes.get(at)),
    };
    let what = if hash != Some(&opening.meeting_hash) {
        let seq = opening.meeting_seq;
        format!("the session was opened on another meeting stream than this one (its seq {seq})")
    } else if !meeting.opened.contains(&SessionNumber(stream.session)) {
        String::from("its meeting does not know that the session was opened")
    } else {
        return None;
    };
    Some(Finding::fact(stream, 1, what))
}

/// `SessionEnded` names where the session's stream stood.
fn ended(stream: StreamId, session: &Session, meeting: &Meeting) -> Option<Finding> {
    let noted = meeting.ended.iter().find(|ended| ended.session.0 == stream.session);
    match (session.end, noted) {
        (None, None) => None,
        (Some(end), Some(noted)) if noted.tail == end.at && noted.hash == end.hash => None,
        (Some(end), Some(noted)) => {
            let seq = noted.tail.seq;
            let what = format!("its meeting notes another end of the session (seq {seq})");
            Some(Finding::fact(stream, end.at.seq, what))
        }
        (Some(end), None) => {
            let what = "the session ended and its meeting does not know";
            Some(Finding::fact(stream, end.at.seq, what))
        }
        (None, Some(noted)) => {
            let what = format!("session {stream} ended, but its stream has no end");
            let meeting = StreamId { session: 0, ..stream };
            Some(Finding::fact(meeting, noted.seq, what))
        }
    }
}

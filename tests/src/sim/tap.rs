//! The tap: sits where bytes leave the process, and holds each message against the journal at that
//! moment.

use convoke_model::grant::Role;
use convoke_model::view::session::Viewer;
use convoke_model::{MeetingId, ParticipantId, SessionNumber, StreamId};
use convoke_wire::entry::{self, EntryRef};
use convoke_wire::message::{self, ReplyResult, ServerMessage};
use convoke_wire::short;

use super::Check;
use super::oracle::Oracle;

/// Who listens on a link, as far as the tap has heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ear {
    pub(crate) role: Role,
    pub(crate) at: Option<(StreamId, ParticipantId)>,
}

impl Ear {
    /// Checks that nothing in `bytes` is ahead of the journal, other than it, or for somebody else.
    pub(crate) fn hear(&mut self, bytes: &[u8], oracle: &Oracle) -> Check<()> {
        match bytes.first() {
            Some(&entry::KIND) => self.entry(bytes, oracle),
            Some(&short::KIND) => {
                let (stream, _) = self.at.ok_or("an entry leaves before the welcome")?;
                let whole = short::whole(stream, bytes);
                self.entry(&whole.map_err(|e| format!("an entry leaves as {e:?}"))?, oracle)
            }
            Some(&message::KIND_WITHHELD) => {
                let (seq, leaf) =
                    message::read_withheld(bytes).ok_or("a withheld message is malformed")?;
                let kept = self.at.and_then(|(stream, _)| oracle.at(stream, seq));
                if kept.is_none_or(|kept| kept.leaf != leaf) {
                    return Err(format!("the place of fact {seq} leaves before it is durable"));
                }
                Ok(())
            }
            Some(&message::KIND) => self.control(bytes, oracle),
            _ => Ok(()),
        }
    }

    fn entry(&self, bytes: &[u8], oracle: &Oracle) -> Check<()> {
        let found = EntryRef::read(bytes).map_err(|e| format!("an entry leaves as {e:?}"))?;
        let header = &found.header;
        let Some((stream, who)) = self.at else {
            return Err("an entry leaves before the welcome".into());
        };
        if header.stream != stream {
            return Err(format!("an entry of {} leaves to {stream}", header.stream));
        }
        let kept = oracle.at(stream, header.seq);
        let Some(kept) = kept else {
            return Err(format!("{stream} #{} leaves before it is in the journal", header.seq));
        };
        if kept.bytes != bytes {
            return Err(format!("{stream} #{} is another one in the journal", header.seq));
        }
        if !Viewer::Participant(who, self.role).sees(header.audience, header.actor) {
            return Err(format!("{stream} #{} leaves to {who}, who may not see it", header.seq));
        }
        Ok(())
    }

    fn control(&mut self, bytes: &[u8], oracle: &Oracle) -> Check<()> {
        let said = message::from_bytes(bytes).ok_or("a control message is malformed")?;
        let place = match said {
            ServerMessage::Welcome(welcome) => {
                let meeting = MeetingId::new(welcome.meeting).ok_or("a welcome to no meeting")?;
                let stream = StreamId::session(meeting, SessionNumber(welcome.session));
                self.at = Some((stream, welcome.who));
                None
            }
            ServerMessage::Snapshot(snapshot) => Some((snapshot.position.seq, snapshot.hash)),
            ServerMessage::Reply { result: ReplyResult::Accepted(receipt), .. } => {
                if !receipt.durable {
                    return Err("a receipt is not for something durable".into());
                }
                Some((receipt.seq, receipt.hash.to_vec()))
            }
            _ => None,
        };
        let Some((seq, hash)) = place else { return Ok(()) };
        let kept = self.at.and_then(|(stream, _)| oracle.hash(stream, seq));
        match kept {
            None => {
                Err(format!("something leaves that speaks of fact {seq}, which is not durable"))
            }
            Some(kept) if kept[..] != hash[..] => {
                Err(format!("a receipt or snapshot at {seq} holds a hash that the log does not"))
            }
            Some(_) => Ok(()),
        }
    }
}

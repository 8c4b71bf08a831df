//! A publisher of one thing: sends each message when it is due, or as soon after as the server lets
//! it, and never forgets when it was meant to go.

use convoke_model::meeting::{Command, chat, track};
use convoke_model::text::ChatText;
use convoke_model::{Millis, TrackId};
use convoke_wire::frame::Opcode;
use convoke_wire::half::client::ClientHalf;
use convoke_wire::media::{self, MediaHeader};

use crate::clock::Micros;
use crate::control::Control;
use crate::measure::Totals;
use crate::plan::Plan;
use crate::scenario::Model;
use crate::scenario::role::{Medium, Output};
use crate::schedule::{Item, Schedule, Span, spread};
use crate::stamp::{STAMP_BYTES, Stamp};
use crate::websocket::{Masks, write_frame};

/// Requests unanswered at once: the server hangs up above 64.
const IN_FLIGHT_MAX: usize = 60;
/// Bytes that wait for a connection, before messages wait outside it.
const BACKED_UP_BYTES: usize = 1024 * 1024;
/// Bytes of a frame in one message.
const PART_BYTES: usize = media::MESSAGE_BYTES_MAX - media::HEADER_BYTES;

/// What a thread lends to those who send: the plan, and what it counts.
pub(crate) struct Desk<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) masks: &'a mut Masks,
    pub(crate) totals: &'a mut Totals,
    pub(crate) control: &'a Control,
}

/// When messages are due: those between the first and the last moment of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start: Micros,
    pub(crate) end: Micros,
}

#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) number: u32,
    pub(crate) medium: Medium,
    role: usize,
    schedule: Schedule,
    /// People who must get each message, and were there from the start.
    receivers: u64,
    /// Number of the next item, and of the next message: a frame may take several.
    next: u64,
    counter: u64,
    /// Whether the server, not this program, held the last message back.
    held: bool,
    /// Number of the request that opens its track.
    pub(crate) opening: Option<u64>,
    pub(crate) track: Option<TrackId>,
    wants_key: bool,
    turn: Turn,
    think: Span<Micros>,
}

/// What decides when the next item is due.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// The schedule.
    Scheduled,
    /// The answer to the one before, which is not here.
    Waiting,
    /// The answer is here, and this is the time.
    At(Micros),
}

impl Publisher {
    pub(crate) fn new(
        number: u32,
        role: usize,
        output: &Output,
        receivers: u64,
        plan: &Plan,
    ) -> Self {
        Self {
            number,
            medium: output.medium,
            role,
            schedule: Schedule::new(&output.pattern, plan.seed, number),
            receivers,
            next: 0,
            counter: 0,
            held: false,
            opening: None,
            track: None,
            wants_key: false,
            turn: Turn::Scheduled,
            think: output.think,
        }
    }

    /// Whether it has what it needs to publish.
    pub(crate) fn is_ready(&self) -> bool {
        self.medium.is_chat() || self.track.is_some()
    }

    /// The wish that opens its track, if it needs one and has not asked.
    pub(crate) fn open(&self) -> Option<Command> {
        let Medium::Track(kind) = self.medium else { return None };
        if self.opening.is_some() || self.track.is_some() {
            return None;
        }
        let (codec, width, height) = match kind {
            track::Kind::Screen => ("vp8", 1280, 720),
            track::Kind::Camera => ("vp8", 320, 180),
            track::Kind::Microphone => ("opus", 0, 0),
            track::Kind::RemoteInput => ("loadgen-input", 0, 0),
        };
        Some(Command::Track(track::Command::Open { kind, codec: codec.to_owned(), width, height }))
    }

    /// A viewer needs a whole picture.
    pub(crate) fn key_frame_wanted(&mut self, track: TrackId) {
        self.wants_key |= self.track == Some(track);
    }

    /// When the next item is due; `None` when there is none in the window, or none now.
    pub(crate) fn due(&self, window: Window) -> Option<Micros> {
        let due = match self.turn {
            Turn::Scheduled => window.start.saturating_add(self.schedule.due(self.next)?),
            Turn::At(time) => time,
            Turn::Waiting => return None,
        };
        (due < window.end).then_some(due)
    }

    /// Sends all that is due. False when the server holds messages back. `sent` is told the number
    /// of each request and the counter of the message in it.
    pub(crate) fn pump(
        &mut self,
        now: Micros,
        window: Window,
        desk: &mut Desk<'_>,
        (half, out): (&mut ClientHalf, &mut Vec<u8>),
        mut said: impl FnMut(u64, u64),
    ) -> bool {
        while let Some(due) = self.due(window).filter(|due| *due <= now) {
            let full = match self.medium {
                Medium::Chat => half.unanswered() >= IN_FLIGHT_MAX,
                Medium::Track(_) => self.track.is_none(),
            };
            if full || out.len() > BACKED_UP_BYTES {
                self.held = true;
                return false;
            }
            let Some(item) = self.schedule.item(self.next) else { return true };
            if !self.held {
                desk.totals.lag.saturating_record(now - due);
            }
            let before = self.counter;
            match self.medium {
                Medium::Chat => self.say(due, item, desk, (half, out), &mut said),
                Medium::Track(_) => self.show(due, item, desk, out),
            }
            self.next += 1;
            let sent = self.counter - before;
            desk.totals.sent += sent;
            desk.totals.announced += self.receivers * sent;
            if let Some(role) = desk.totals.roles.get_mut(self.role) {
                role.sent += sent;
            }
            desk.control.set_sent(self.number, self.counter);
        }
        self.held = false;
        true
    }

    /// One of its messages was refused: nobody gets it.
    pub(crate) fn refused(&self, totals: &mut Totals) {
        totals.announced = totals.announced.saturating_sub(self.receivers);
    }

    /// Items that were due and did not go.
    pub(crate) fn unsent(&self, now: Micros, window: Window) -> u64 {
        match self.turn {
            Turn::Scheduled => {
                let time = now.min(window.end).saturating_sub(window.start);
                self.schedule.due_before(time).saturating_sub(self.next)
            }
            Turn::At(_) | Turn::Waiting => 0,
        }
    }

    fn stamp(&mut self, due: Micros, plan: &Plan, size: usize) -> Vec<u8> {
        let (publisher, counter) = (self.number, self.counter);
        let stamp = Stamp { run: plan.run, publisher, counter, intended: due };
        let mut bytes = Vec::with_capacity(size.max(STAMP_BYTES));
        stamp.write(size, &mut bytes);
        self.counter += 1;
        bytes
    }

    fn say(
        &mut self,
        due: Micros,
        item: Item,
        desk: &mut Desk<'_>,
        (half, out): (&mut ClientHalf, &mut Vec<u8>),
        said: &mut impl FnMut(u64, u64),
    ) {
        let counter = self.counter;
        let text = self.stamp(due, desk.plan, item.size);
        let text = String::from_utf8(text).expect("a stamp is printable");
        let text = ChatText::new(&text).expect("the plan keeps to the size of chat texts");
        let say = Command::Chat(chat::Command::Say { to: chat::To::Everyone, text });
        let (n, bytes) = half.request(say);
        said(n, counter);
        if desk.plan.model == Model::Closed {
            self.turn = Turn::Waiting;
        }
        write_frame(Opcode::Binary, &[&bytes], desk.masks.next(), out);
    }

    /// The answer to its message is here: in the closed model the next one is due some time after.
    /// True when there is something to wait for.
    pub(crate) fn answered(&mut self, now: Micros, plan: &Plan) -> bool {
        if !matches!(self.turn, Turn::Waiting) {
            return false;
        }
        let Span { min, max } = self.think;
        let mut state = plan.seed ^ (u64::from(self.number) << 20) ^ self.next;
        self.turn = Turn::At(now + min + spread(&mut state) % (max - min + 1));
        true
    }

    fn show(&mut self, due: Micros, item: Item, desk: &mut Desk<'_>, out: &mut Vec<u8>) {
        let Some(track) = self.track else { return };
        let key = item.key || std::mem::take(&mut self.wants_key);
        let parts = parts(item.size);
        for (part, size) in (0u16..).zip(&parts) {
            let mut flags = if key { media::FLAG_KEY } else { 0 };
            if part == 0 {
                flags |= media::FLAG_FIRST;
            }
            if usize::from(part) + 1 == parts.len() {
                flags |= media::FLAG_LAST;
            }
            let header = MediaHeader {
                flags,
                part,
                track,
                generation: 1,
                frame: self.next as u32,
                captured_us: due,
                arrived: Millis(0),
                fact_seq: 0,
            };
            let payload = self.stamp(due, desk.plan, *size);
            write_frame(Opcode::Binary, &[&header.to_bytes(), &payload], desk.masks.next(), out);
        }
    }
}

/// The sizes of the messages that carry a frame; each has room for a stamp.
fn parts(size: usize) -> Vec<usize> {
    let mut sizes = vec![PART_BYTES; size / PART_BYTES];
    match size % PART_BYTES {
        0 if !sizes.is_empty() => {}
        rest => sizes.push(rest.max(STAMP_BYTES)),
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_cut_as_the_wire_wants_it() {
        assert_eq!(parts(100), [100]);
        assert_eq!(parts(PART_BYTES), [PART_BYTES]);
        assert_eq!(parts(PART_BYTES + 1), [PART_BYTES, STAMP_BYTES]);
        assert_eq!(parts(51_200).iter().sum::<usize>(), 51_200);
        assert_eq!(parts(51_200).len(), 4);
        assert_eq!(parts(0), [STAMP_BYTES]);
    }
}

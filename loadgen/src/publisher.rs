//! A publisher: sends each message when it is due, or as soon after as the server lets it, and
//! never forgets when it was meant to go.

use std::collections::{BTreeMap, VecDeque};

use convoke_model::meeting::{self, Command, chat, track};
use convoke_model::text::ChatText;
use convoke_model::{ClientId, Millis, TrackId};
use convoke_wire::frame::Opcode;
use convoke_wire::half::client::ClientHalf;
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::message::{Receipt, ReplyResult};
use convoke_wire::{Hash, codec, entry};

use crate::cli::Kind;
use crate::clock::Micros;
use crate::control::Control;
use crate::measure::Totals;
use crate::plan::Plan;
use crate::stamp::Stamp;
use crate::websocket::{Masks, write_frame};

/// Requests unanswered at once: the server hangs up above 64.
const IN_FLIGHT_MAX: usize = 60;
/// Bytes that wait for a connection, before messages wait outside it.
const BACKED_UP_BYTES: usize = 1024 * 1024;
/// A camera sends a whole picture this often.
const KEY_FRAME_EVERY: Micros = 2_000_000;
/// Chain hashes that are remembered for receipts that come after their facts.
const HASHES_MAX: usize = 512;

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
    number: u32,
    /// People who must get each message.
    receivers: u64,
    next: u64,
    /// Whether the server, not this program, held the last message back.
    held: bool,
    client: ClientId,
    /// Number of the request that carries message 0.
    first_n: u64,
    opening: Option<u64>,
    track: Option<TrackId>,
    key_due: Micros,
    hashes: VecDeque<(u64, Hash)>,
    receipts: BTreeMap<u64, Hash>,
}

impl Publisher {
    pub(crate) fn new(number: u32, receivers: u64) -> Self {
        Self {
            number,
            receivers,
            next: 0,
            held: false,
            client: ClientId(0),
            first_n: 0,
            opening: None,
            track: None,
            key_due: 0,
            hashes: VecDeque::new(),
            receipts: BTreeMap::new(),
        }
    }

    /// The door opened, for this client.
    pub(crate) fn welcome(&mut self, client: ClientId) {
        self.client = client;
    }

    /// Whether it has what it needs to publish.
    pub(crate) fn is_ready(&self, kind: Kind) -> bool {
        kind == Kind::Chat || self.track.is_some()
    }

    /// The request that opens its track, once.
    pub(crate) fn open(&mut self, half: &mut ClientHalf) -> Option<Vec<u8>> {
        if self.opening.is_some() {
            return None;
        }
        let open = track::Command::Open {
            kind: track::Kind::Camera,
            codec: "vp8".to_owned(),
            width: 320,
            height: 180,
        };
        let (n, bytes) = half.request(Command::Track(open));
        self.opening = Some(n);
        Some(bytes)
    }

    /// A viewer needs a whole picture.
    pub(crate) fn key_frame_wanted(&mut self) {
        self.key_due = 0;
    }

    /// When the next message is due; `None` when there is none in the window.
    pub(crate) fn due(&self, plan: &Plan, window: Window) -> Option<Micros> {
        let due = window.start + plan.due(self.number, self.next);
        (due < window.end).then_some(due)
    }

    /// Sends all that is due. False when the server holds messages back.
    pub(crate) fn pump(
        &mut self,
        now: Micros,
        window: Window,
        desk: &mut Desk<'_>,
        half: &mut ClientHalf,
        out: &mut Vec<u8>,
    ) -> bool {
        let plan = desk.plan;
        while let Some(due) = self.due(plan, window).filter(|due| *due <= now) {
            let full = match plan.kind {
                Kind::Chat => half.unanswered() >= IN_FLIGHT_MAX,
                Kind::Media => self.track.is_none(),
            };
            if full || out.len() > BACKED_UP_BYTES {
                self.held = true;
                return false;
            }
            if !self.held {
                desk.totals.lag.saturating_record(now - due);
            }
            match plan.kind {
                Kind::Chat => self.say(due, desk, half, out),
                Kind::Media => self.show(due, desk, out),
            }
            self.next += 1;
            desk.totals.sent += 1;
            desk.totals.expected += self.receivers;
        }
        self.held = false;
        true
    }

    /// Messages that were due and did not go.
    pub(crate) fn unsent(&self, now: Micros, plan: &Plan, window: Window) -> u64 {
        let time = now.min(window.end).saturating_sub(window.start);
        plan.due_before(self.number, time).saturating_sub(self.next)
    }

    fn stamp(&self, due: Micros, plan: &Plan) -> Stamp {
        Stamp { run: plan.run, publisher: self.number, counter: self.next, intended: due }
    }

    fn say(&mut self, due: Micros, desk: &mut Desk<'_>, half: &mut ClientHalf, out: &mut Vec<u8>) {
        let plan = desk.plan;
        let mut text = Vec::with_capacity(plan.size);
        self.stamp(due, plan).write(plan.size, &mut text);
        let text = String::from_utf8(text).expect("a stamp is printable");
        let text = ChatText::new(&text).expect("the plan keeps to the size of chat texts");
        let say = Command::Chat(chat::Command::Say { to: chat::To::Everyone, text });
        let (n, bytes) = half.request(say);
        // Nothing but messages is asked for in between, so the numbers stay apart by as much.
        self.first_n = n - self.next;
        write_frame(Opcode::Binary, &[&bytes], desk.masks.next(), out);
    }

    fn show(&mut self, due: Micros, desk: &mut Desk<'_>, out: &mut Vec<u8>) {
        let plan = desk.plan;
        let Some(track) = self.track else { return };
        let mut flags = media::FLAG_FIRST | media::FLAG_LAST;
        if due >= self.key_due {
            flags |= media::FLAG_KEY;
            self.key_due = due + KEY_FRAME_EVERY;
        }
        let header = MediaHeader {
            flags,
            part: 0,
            track,
            generation: 1,
            frame: self.next as u32,
            captured_us: due,
            arrived: Millis(0),
            fact_seq: 0,
        };
        let mut payload = Vec::with_capacity(plan.size);
        self.stamp(due, plan).write(plan.size, &mut payload);
        write_frame(Opcode::Binary, &[&header.to_bytes(), &payload], desk.masks.next(), out);
    }

    /// Takes in a fact that the half has put into its chain.
    pub(crate) fn fact(&mut self, bytes: &[u8], half: &ClientHalf, totals: &mut Totals) {
        self.remember(half, totals);
        if self.opening.is_none() || self.track.is_some() {
            return;
        }
        let Ok(found) = entry::EntryRef::read(bytes) else { return };
        let own = (found.header.client, Some(found.header.client_seq));
        if own != (self.client, self.opening) {
            return;
        }
        if let Ok(record) = codec::decode::<meeting::Event>(&found)
            && let meeting::Event::Track(track::Event::Opened { track, .. }) = record.event
        {
            self.track = Some(track);
        }
    }

    /// Keeps the chain's hash at the newest fact, and compares the receipt that waits for it.
    pub(crate) fn remember(&mut self, half: &ClientHalf, totals: &mut Totals) {
        let (seq, hash) = (half.position().seq, half.hash());
        if let Some(receipt) = self.receipts.remove(&seq) {
            totals.receipts += 1;
            totals.receipts_wrong += u64::from(receipt != hash);
        }
        if self.hashes.len() == HASHES_MAX {
            self.hashes.pop_front();
        }
        self.hashes.push_back((seq, hash));
    }

    /// Takes in the answer to a request.
    pub(crate) fn reply(
        &mut self,
        n: u64,
        result: ReplyResult,
        half: &ClientHalf,
        desk: &mut Desk<'_>,
    ) -> Result<(), String> {
        match result {
            ReplyResult::Accepted(receipt) => {
                self.receipt(&receipt, half, desk.totals);
                Ok(())
            }
            ReplyResult::Refused { code, sentence } if self.opening == Some(n) => {
                Err(format!("a publisher may not open a camera: {sentence} ({code})"))
            }
            ReplyResult::Refused { code, .. } => {
                *desk.totals.refused.entry(code).or_default() += 1;
                desk.totals.expected = desk.totals.expected.saturating_sub(self.receivers);
                desk.control.refused().insert((self.number, n.saturating_sub(self.first_n)));
                Ok(())
            }
        }
    }

    fn receipt(&mut self, receipt: &Receipt, half: &ClientHalf, totals: &mut Totals) {
        let Ok(hash) = Hash::try_from(receipt.hash.as_slice()) else {
            totals.receipts_wrong += 1;
            return;
        };
        if receipt.seq > half.position().seq {
            self.receipts.insert(receipt.seq, hash);
        } else if let Some((_, known)) = self.hashes.iter().find(|(seq, _)| *seq == receipt.seq) {
            totals.receipts += 1;
            totals.receipts_wrong += u64::from(*known != hash);
        }
    }
}

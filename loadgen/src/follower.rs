//! A receiver's eye: every fact in its place, every stamped message counted. Cheap, for it looks at
//! everything that everybody gets; it reads fixed offsets and decodes nothing.

use convoke_wire::media::{FLAG_CONFIG, FLAG_FIRST, FLAG_KEY};
use convoke_wire::{entry, media, message, short};

use crate::clock::Micros;
use crate::control::Control;
use crate::measure::Totals;
use crate::plan::Plan;
use crate::scenario::role::Role;
use crate::stamp::Stamp;
use crate::tally::{Jump, Order};
use crate::tickets::Cast;

const AUDIENCE_AT: usize = 20;
const SEQ_AT: usize = 24;

#[derive(Debug)]
pub(crate) struct Follower {
    /// The last fact seen.
    pub(crate) seq: u64,
    role: usize,
    cast: Cast,
    orders: Box<[Order]>,
    /// Numbers of the media that must not come: their own, and input to somebody else's screen.
    barred: Box<[u32]>,
    slow: bool,
    /// Whether they were there before anything was published.
    steady: bool,
    /// Facts may come again until there is a new one: the connection was lost.
    resumed: bool,
}

impl Follower {
    /// Somebody who holds the facts up to `seq`.
    pub(crate) fn new(
        seq: u64,
        cast: Cast,
        barred: Vec<u32>,
        (index, role): (usize, &Role),
    ) -> Self {
        let orders = vec![Order::default(); cast.voices as usize].into();
        let (slow, steady) = (role.is_slow(), role.is_steady());
        Self { seq, role: index, cast, orders, barred: barred.into(), slow, steady, resumed: false }
    }

    /// They came while others published: what is sent from now on must come.
    pub(crate) fn begins(&mut self, control: &Control) {
        for (number, order) in (self.cast.first..).zip(&mut self.orders) {
            *order = Order::open(control.sent(number));
        }
    }

    /// The connection was lost and is back.
    pub(crate) fn resumed(&mut self) {
        self.resumed = true;
        for order in &mut self.orders {
            order.resumed();
        }
    }

    /// Takes in one message that came at `now`. Control messages are not its matter.
    pub(crate) fn take(
        &mut self,
        bytes: &[u8],
        now: Micros,
        plan: &Plan,
        totals: &mut Totals,
    ) -> Result<(), &'static str> {
        match bytes.first() {
            Some(&media::KIND) => {
                if let Some(payload) = bytes.get(media::HEADER_BYTES..) {
                    self.stamped(payload, Some(bytes[1]), now, plan, totals);
                }
                Ok(())
            }
            Some(&entry::KIND) => {
                let short = "the server sent an entry that is too short";
                let header = bytes.first_chunk::<{ entry::HEADER_BYTES }>().ok_or(short)?;
                // What is addressed to us alone comes ahead of its place, which `withheld` marks.
                if header[AUDIENCE_AT] != 0 {
                    return Ok(());
                }
                let seq = header[SEQ_AT..].first_chunk().map_or(0, |seq| u64::from_le_bytes(*seq));
                let event_type = u16::from_le_bytes([header[2], header[3]]);
                let body = bytes.get(entry::HEADER_BYTES + entry::SALT_BYTES..);
                self.entry((seq, event_type, body.ok_or(short)?), now, plan, totals);
                Ok(())
            }
            Some(&short::KIND) => {
                let cut = "the server sent an entry in short form that is too short";
                let header = bytes.first_chunk::<{ short::HEADER_BYTES }>().ok_or(cut)?;
                let body = bytes.get(short::HEADER_BYTES + entry::SALT_BYTES..).ok_or(cut)?;
                let (seq, event_type) = (short::seq(header), short::event_type(header));
                self.entry((seq, event_type, body), now, plan, totals);
                Ok(())
            }
            Some(&message::KIND_WITHHELD) => {
                let (seq, _) =
                    message::read_withheld(bytes).ok_or("a withheld fact is malformed")?;
                self.fact(seq, totals);
                Ok(())
            }
            Some(_) | None => Err("the server sent a message that is not in the protocol"),
        }
    }

    /// Takes in a fact for everybody: its seq, the number of its event, and its body.
    fn entry(
        &mut self,
        (seq, event_type, body): (u64, u16, &[u8]),
        now: Micros,
        plan: &Plan,
        totals: &mut Totals,
    ) {
        let again = self.fact(seq, totals);
        let said = event_type == plan.said_type;
        if said
            && !again
            && let Some(text) = plan.text(body)
        {
            self.stamped(text, None, now, plan, totals);
        }
    }

    /// Whether this fact was there before.
    fn fact(&mut self, seq: u64, totals: &mut Totals) -> bool {
        if seq <= self.seq {
            // Just after a resume that is in the protocol, and passed over.
            totals.fact_doubles += u64::from(!self.resumed);
            return true;
        }
        if seq > self.seq + 1 {
            totals.fact_holes += 1;
        }
        (self.seq, self.resumed) = (seq, false);
        false
    }

    /// Takes in what may have a stamp; media come with their flags.
    fn stamped(
        &mut self,
        text: &[u8],
        flags: Option<u8>,
        now: Micros,
        plan: &Plan,
        totals: &mut Totals,
    ) {
        // Other people may talk in the same session.
        let Some(stamp) = Stamp::read(text).filter(|stamp| stamp.run == plan.run) else { return };
        let place = stamp.publisher.checked_sub(self.cast.first).map(|place| place as usize);
        let is_barred = flags.is_some() && self.barred.contains(&stamp.publisher);
        let begins = flags.is_some_and(|flags| {
            flags & FLAG_CONFIG != 0 || flags & (FLAG_KEY | FLAG_FIRST) == FLAG_KEY | FLAG_FIRST
        });
        let may_jump = begins.then_some(if self.slow { Jump::Always } else { Jump::AfterLoss });
        match place.and_then(|place| self.orders.get_mut(place)) {
            Some(order) if !is_barred => {
                let came = order.take(stamp.counter, may_jump);
                let latency = now.saturating_sub(stamp.intended);
                totals.came_to(self.role, came, latency, plan.late);
            }
            Some(_) | None => totals.strays += 1,
        }
    }

    /// Deliveries that are to come to somebody who was not there from the start, as it stands now.
    pub(crate) fn awaited(&self, control: &Control) -> u64 {
        if self.steady {
            return 0;
        }
        let orders = (self.cast.first..).zip(&self.orders);
        orders
            .filter(|(number, _)| !self.barred.contains(number))
            .map(|(number, order)| {
                order.settle(control.sent(number), |_| false, |_| 0, false).expected
            })
            .sum()
    }

    /// Counts what became of everything that was published, when all is over.
    pub(crate) fn settle(&self, control: &Control, totals: &mut Totals) {
        let refused = control.refused();
        for (number, order) in (self.cast.first..).zip(&self.orders) {
            if self.barred.contains(&number) {
                continue;
            }
            let chat = control.is_chat(number);
            let settled = order.settle(
                control.sent(number),
                |counter| refused.contains(&(number, counter)),
                |counters| {
                    let (from, to) = ((number, counters.start), (number, counters.end));
                    if from < to { refused.range(from..to).count() as u64 } else { 0 }
                },
                self.slow && !chat,
            );
            totals.settle(self.role, settled);
            if chat && self.steady {
                let heard = totals.heard.entry(number).or_default();
                *heard = (heard.0 + 1, heard.1 + settled.seen);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::role::Medium;
    use convoke_model::meeting::{self, chat};
    use convoke_model::text::ChatText;
    use convoke_model::{Actor, Audience, Millis, ParticipantId, Position, StreamId, TrackId};
    use convoke_wire::codec;
    use convoke_wire::media::MediaHeader;

    const CAST: Cast = Cast { first: 4, voices: 2, people: 3, input: None };
    const CHAT: Medium = Medium::Chat;

    fn plan(kind: &str) -> Plan {
        crate::plan::tests::plan(&["--kind", kind, "--size", "50"]).expect("sound")
    }

    fn follower(seq: u64, plan: &Plan, own: &[u32]) -> Follower {
        Follower::new(seq, CAST, own.to_vec(), (1, &plan.roles[1]))
    }

    fn gaps(follower: &Follower, refused: &[(u32, u64)]) -> u64 {
        let control = Control::new(1, vec![CHAT; 6], 1, Default::default());
        control.refused().extend(refused);
        let mut totals = Totals::new();
        follower.settle(&control, &mut totals);
        totals.gaps
    }

    fn text(plan: &Plan, publisher: u32, counter: u64) -> Vec<u8> {
        let mut text = Vec::new();
        Stamp { run: plan.run, publisher, counter, intended: 1_000 }.write(50, &mut text);
        text
    }

    fn said(plan: &Plan, seq: u64, audience: Audience, counter: u64) -> Vec<u8> {
        let text = String::from_utf8(text(plan, 4, counter)).expect("printable");
        let text = ChatText::new(&text).expect("a chat text");
        let event = meeting::Event::Chat(chat::Event::Said { to: chat::To::Everyone, text });
        let place = codec::Place {
            stream: StreamId { meeting: 88_137_455, session: 1 },
            position: Position { epoch: 1, seq },
            time: Millis(1),
            actor: Actor::from_number(1),
            audience,
            request: None,
        };
        codec::encode(&place, &[7; 16], &event).expect("encodes")
    }

    fn short_form(entry: &[u8]) -> Vec<u8> {
        let (header, payload) = short::split(entry).expect("for everyone");
        [header.as_slice(), payload].concat()
    }

    fn media(plan: &Plan, publisher: u32, counter: u64) -> Vec<u8> {
        let header = MediaHeader {
            flags: 7,
            part: 0,
            track: TrackId(1),
            generation: 1,
            frame: 0,
            captured_us: 0,
            arrived: Millis(0),
            fact_seq: 0,
        };
        [header.to_bytes().to_vec(), text(plan, publisher, counter)].concat()
    }

    #[test]
    fn chat_is_counted_and_timed() {
        let plan = plan("chat");
        let (mut follower, mut totals) = (follower(9, &plan, &[]), Totals::of(&plan));
        for (seq, counter) in [(10, 0), (11, 1)] {
            let whole = said(&plan, seq, Audience::Everyone, counter);
            let bytes = if counter == 0 { whole } else { short_form(&whole) };
            follower.take(&bytes, 1_250, &plan, &mut totals).expect("sound");
        }
        assert_eq!((totals.delivered, gaps(&follower, &[])), (2, 0));
        assert_eq!((totals.fact_holes, totals.fact_doubles), (0, 0));
        assert_eq!(totals.latency.max(), 250);
    }

    #[test]
    fn a_planted_hole_and_double_among_facts_are_found() {
        let plan = plan("chat");
        let (mut follower, mut totals) = (follower(9, &plan, &[]), Totals::of(&plan));
        for (seq, counter) in [(10, 0), (12, 2), (12, 2)] {
            let bytes = short_form(&said(&plan, seq, Audience::Everyone, counter));
            follower.take(&bytes, 2_000, &plan, &mut totals).expect("sound");
        }
        assert_eq!((totals.fact_holes, totals.fact_doubles), (1, 1));
        assert_eq!(gaps(&follower, &[]), 1);
        assert_eq!(gaps(&follower, &[(4, 1)]), 0, "it was refused");
        assert_eq!(totals.delivered, 2);
    }

    #[test]
    fn addressed_facts_take_no_place_and_withheld_ones_do() {
        let plan = plan("chat");
        let (mut follower, mut totals) = (follower(9, &plan, &[]), Totals::of(&plan));
        let addressed = said(&plan, 10, Audience::One(ParticipantId(1)), 0);
        follower.take(&addressed, 2_000, &plan, &mut totals).expect("sound");
        assert_eq!((follower.seq, totals.delivered), (9, 0));
        let withheld = message::withheld(10, &[0; 32]);
        follower.take(&withheld, 2_000, &plan, &mut totals).expect("sound");
        assert_eq!((follower.seq, totals.fact_holes), (10, 0));
    }

    #[test]
    fn media_of_others_is_counted_and_ones_own_must_not_come() {
        let plan = plan("media");
        let (mut follower, mut totals) = (follower(9, &plan, &[5]), Totals::of(&plan));
        for (publisher, counter) in [(4, 0), (4, 1), (5, 0), (6, 0)] {
            let bytes = media(&plan, publisher, counter);
            follower.take(&bytes, 2_000, &plan, &mut totals).expect("sound");
        }
        assert_eq!((totals.delivered, totals.strays), (2, 2));
    }

    #[test]
    fn what_is_not_in_the_protocol_is_an_error() {
        let plan = plan("chat");
        let (mut follower, mut totals) = (follower(0, &plan, &[]), Totals::of(&plan));
        assert!(follower.take(&[0x77; 200], 0, &plan, &mut totals).is_err());
        assert!(follower.take(&[entry::KIND, 1], 0, &plan, &mut totals).is_err());
        assert!(follower.take(&[short::KIND; 40], 0, &plan, &mut totals).is_err());
        assert!(follower.take(&[], 0, &plan, &mut totals).is_err());
    }
}

//! A receiver's eye: every fact in its place, every stamped message counted. Cheap, for it looks at
//! everything that everybody gets; it reads fixed offsets and decodes nothing.

use std::collections::BTreeSet;

use convoke_wire::{entry, media, message};

use crate::cli::Kind;
use crate::clock::Micros;
use crate::measure::Totals;
use crate::plan::Plan;
use crate::stamp::Stamp;
use crate::tally::Order;
use crate::tickets::Cast;

const AUDIENCE_AT: usize = 20;
const SEQ_AT: usize = 24;

#[derive(Debug)]
pub(crate) struct Follower {
    /// The last fact seen.
    pub(crate) seq: u64,
    cast: Cast,
    orders: Box<[Order]>,
    /// Number of the publisher that this receiver is, whose own media must not come back.
    own: Option<u32>,
}

impl Follower {
    /// Somebody who holds the facts up to `seq`.
    pub(crate) fn new(seq: u64, cast: Cast, own: Option<u32>) -> Self {
        Self { seq, cast, orders: vec![Order::default(); cast.publishers as usize].into(), own }
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
                    self.stamped(payload, Kind::Media, now, plan, totals);
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
                let again = self.fact(seq, totals);
                let said = u16::from_le_bytes([header[2], header[3]]) == plan.said_type;
                // The text is the last field of a chat entry, and all texts of a run are of one
                // length.
                if said && !again && bytes.len() >= entry::HEADER_BYTES + plan.size {
                    let text = &bytes[bytes.len() - plan.size..];
                    self.stamped(text, Kind::Chat, now, plan, totals);
                }
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

    /// Whether this fact was there before.
    fn fact(&mut self, seq: u64, totals: &mut Totals) -> bool {
        if seq <= self.seq {
            totals.fact_doubles += 1;
            return true;
        }
        if seq > self.seq + 1 {
            totals.fact_holes += 1;
        }
        self.seq = seq;
        false
    }

    fn stamped(&mut self, text: &[u8], kind: Kind, now: Micros, plan: &Plan, totals: &mut Totals) {
        // Other people may talk in the same session.
        let Some(stamp) = Stamp::read(text).filter(|stamp| stamp.run == plan.run) else { return };
        let place = stamp.publisher.checked_sub(self.cast.first).map(|place| place as usize);
        let own_media = kind == Kind::Media && self.own == Some(stamp.publisher);
        match place.and_then(|place| self.orders.get_mut(place)) {
            Some(order) if !own_media => {
                totals.came(order.take(stamp.counter), now.saturating_sub(stamp.intended));
            }
            Some(_) | None => totals.strays += 1,
        }
    }

    /// Stretches of messages that never came though later ones did, and that were not refused.
    pub(crate) fn gaps(&self, refused: &BTreeSet<(u32, u64)>) -> u64 {
        let orders = (self.cast.first..).zip(&self.orders);
        orders.map(|(who, order)| order.gaps(|counter| refused.contains(&(who, counter)))).sum()
    }

    /// Different messages that came.
    #[cfg(test)]
    pub(crate) fn seen(&self) -> u64 {
        self.orders.iter().map(Order::seen).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::meeting::{self, chat};
    use convoke_model::text::ChatText;
    use convoke_model::{Actor, Audience, Millis, ParticipantId, Position, StreamId, TrackId};
    use convoke_wire::codec;
    use convoke_wire::media::MediaHeader;

    const CAST: Cast = Cast { first: 4, publishers: 2, people: 3 };

    fn plan(kind: &str) -> Plan {
        Plan::new(&crate::plan::tests::args(&["--kind", kind, "--size", "50"])).expect("sound")
    }

    fn text(plan: &Plan, publisher: u32, counter: u64) -> Vec<u8> {
        let mut text = Vec::new();
        Stamp { run: plan.run, publisher, counter, intended: 1_000 }.write(plan.size, &mut text);
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
        let (mut follower, mut totals) = (Follower::new(9, CAST, None), Totals::new());
        for (seq, counter) in [(10, 0), (11, 1)] {
            let bytes = said(&plan, seq, Audience::Everyone, counter);
            follower.take(&bytes, 1_250, &plan, &mut totals).expect("sound");
        }
        assert_eq!((totals.delivered, follower.seen(), follower.gaps(&BTreeSet::new())), (2, 2, 0));
        assert_eq!((totals.fact_holes, totals.fact_doubles), (0, 0));
        assert_eq!(totals.latency.max(), 250);
    }

    #[test]
    fn a_planted_hole_and_double_among_facts_are_found() {
        let plan = plan("chat");
        let (mut follower, mut totals) = (Follower::new(9, CAST, None), Totals::new());
        for (seq, counter) in [(10, 0), (12, 2), (12, 2)] {
            let bytes = said(&plan, seq, Audience::Everyone, counter);
            follower.take(&bytes, 2_000, &plan, &mut totals).expect("sound");
        }
        assert_eq!((totals.fact_holes, totals.fact_doubles), (1, 1));
        assert_eq!(follower.gaps(&BTreeSet::new()), 1);
        assert_eq!(follower.gaps(&BTreeSet::from([(4, 1)])), 0, "it was refused");
        assert_eq!(totals.delivered, 2);
    }

    #[test]
    fn addressed_facts_take_no_place_and_withheld_ones_do() {
        let plan = plan("chat");
        let (mut follower, mut totals) = (Follower::new(9, CAST, None), Totals::new());
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
        let (mut follower, mut totals) = (Follower::new(9, CAST, Some(5)), Totals::new());
        for (publisher, counter) in [(4, 0), (4, 1), (5, 0), (6, 0)] {
            let bytes = media(&plan, publisher, counter);
            follower.take(&bytes, 2_000, &plan, &mut totals).expect("sound");
        }
        assert_eq!((totals.delivered, totals.strays), (2, 2));
    }

    #[test]
    fn what_is_not_in_the_protocol_is_an_error() {
        let plan = plan("chat");
        let (mut follower, mut totals) = (Follower::new(0, CAST, None), Totals::new());
        assert!(follower.take(&[0x77; 200], 0, &plan, &mut totals).is_err());
        assert!(follower.take(&[entry::KIND, 1], 0, &plan, &mut totals).is_err());
        assert!(follower.take(&[], 0, &plan, &mut totals).is_err());
    }
}

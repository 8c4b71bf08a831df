//! Somebody who publishes: their publishers, what they asked of the server, and the receipts.

use std::collections::BTreeMap;

use convoke_model::meeting::{self, Command, control, floor, track};
use convoke_model::{ClientId, ParticipantId, TrackId};
use convoke_wire::half::client::ClientHalf;
use convoke_wire::message::ReplyResult;
use convoke_wire::{codec, entry};

use crate::clock::Micros;
use crate::measure::Totals;
use crate::plan::Plan;
use crate::publisher::{Desk, Publisher, Window};
use crate::receipts::Receipts;
use crate::scenario::role::Medium;
use crate::tickets::{Cast, Seat};

#[derive(Debug)]
pub(crate) struct Acting {
    publishers: Vec<Publisher>,
    pub(crate) receipts: Receipts,
    client: ClientId,
    who: ParticipantId,
    /// Requests that carry messages: which publisher's, and which counter.
    said: BTreeMap<u64, (usize, u64)>,
    answered: Vec<usize>,
    presents: bool,
    /// Whether they were given control of the screen.
    controls: bool,
    /// Whether somebody will ask them for the control of their screen.
    is_controlled: bool,
}

impl Acting {
    /// `None` for those who only listen.
    pub(crate) fn of(seat: Seat, cast: Cast, plan: &Plan) -> Option<Self> {
        let outputs = &plan.roles[seat.role].outputs;
        let publishers = (seat.first..).zip(outputs).map(|(number, output)| {
            // Chat comes back to who said it, media does not.
            let receivers = u64::from(match output.medium {
                Medium::Chat => cast.people,
                Medium::INPUT => 1,
                Medium::Track(_) => cast.people - 1,
            });
            Publisher::new(number, seat.role, output, receivers, plan)
        });
        let publishers: Vec<_> = publishers.collect();
        (!publishers.is_empty()).then(|| Self {
            publishers,
            receipts: Receipts::default(),
            client: ClientId(0),
            who: ParticipantId(0),
            said: BTreeMap::new(),
            answered: Vec::new(),
            presents: false,
            controls: false,
            is_controlled: cast.input.is_some() && plan.roles[seat.role].publishes(Medium::SCREEN),
        })
    }

    pub(crate) fn publishers(&self) -> &[Publisher] {
        &self.publishers
    }

    /// Numbers of what must not come back.
    pub(crate) fn own_media(&self) -> Vec<u32> {
        let media = self.publishers.iter().filter(|publisher| !publisher.medium.is_chat());
        media.map(|publisher| publisher.number).collect()
    }

    /// The door opened.
    pub(crate) fn welcome(&mut self, client: ClientId, who: ParticipantId) {
        (self.client, self.who) = (client, who);
    }

    /// Whether they share a screen, which only the presenter can.
    pub(crate) fn needs_floor(&self) -> bool {
        self.publishers.iter().any(|publisher| publisher.medium == Medium::SCREEN)
    }

    /// The requests that open their tracks; before remote input, the one for control.
    pub(crate) fn open(&mut self, half: &mut ClientHalf) -> Vec<Vec<u8>> {
        let mut wishes = Vec::new();
        for publisher in &mut self.publishers {
            if publisher.medium == Medium::INPUT && !self.controls {
                wishes.push(half.request(Command::Control(control::Command::Ask {})).1);
            } else if let Some(wish) = publisher.open() {
                let (n, bytes) = half.request(wish);
                publisher.opening = Some(n);
                wishes.push(bytes);
            }
        }
        wishes
    }

    /// A viewer needs a whole picture.
    pub(crate) fn key_frame_wanted(&mut self, track: TrackId) {
        self.publishers.iter_mut().for_each(|publisher| publisher.key_frame_wanted(track));
    }

    /// One of their publishers sends what is due; false when the server holds it back.
    pub(crate) fn pump(
        &mut self,
        voice: usize,
        (now, window): (Micros, Window),
        desk: &mut Desk<'_>,
        line: (&mut ClientHalf, &mut Vec<u8>),
    ) -> bool {
        let Some(publisher) = self.publishers.get_mut(voice) else { return true };
        let said = &mut self.said;
        publisher.pump(now, window, desk, line, |n, counter| {
            said.insert(n, (voice, counter));
        })
    }

    /// Takes in a fact that the half has put into its chain. The answer is a request to send.
    pub(crate) fn fact(
        &mut self,
        bytes: &[u8],
        half: &mut ClientHalf,
        totals: &mut Totals,
    ) -> Option<Vec<u8>> {
        self.receipts.remember(half, totals);
        if !self.is_controlled && self.publishers.iter().all(Publisher::is_ready) {
            return None;
        }
        let found = entry::EntryRef::read(bytes).ok()?;
        let record = codec::decode::<meeting::Event>(&found).ok()?;
        match record.event {
            meeting::Event::Track(track::Event::Opened { track, .. })
                if found.header.client == self.client =>
            {
                let n = Some(found.header.client_seq);
                let own = self.publishers.iter_mut().find(|publisher| publisher.opening == n);
                own?.track = Some(track);
                None
            }
            // Whoever asked for control before there was a screen asks again.
            meeting::Event::Track(track::Event::Opened { kind: track::Kind::Screen, .. }) => {
                self.open_input(half)
            }
            meeting::Event::Control(control::Event::Asked {}) if self.is_controlled => {
                self.is_controlled = false;
                let give = control::Command::Give { to: record.actor.participant()? };
                Some(half.request(Command::Control(give)).1)
            }
            meeting::Event::Control(control::Event::Given { to }) if to == self.who => {
                self.controls = true;
                self.open_input(half)
            }
            meeting::Event::Floor(floor::Event::PresenterChanged { who })
                if who == Some(self.who) =>
            {
                self.presents = true;
                self.open(half).into_iter().next()
            }
            _ => None,
        }
    }

    /// The next step towards a track for remote input, for those who publish it.
    fn open_input(&mut self, half: &mut ClientHalf) -> Option<Vec<u8>> {
        let publishes = self.publishers.iter().any(|publisher| publisher.medium == Medium::INPUT);
        if publishes { self.open(half).into_iter().next() } else { None }
    }

    /// Takes in the answer to a request; true when a track must be asked for again.
    pub(crate) fn reply(
        &mut self,
        n: u64,
        result: ReplyResult,
        now: Micros,
        half: &ClientHalf,
        desk: &mut Desk<'_>,
    ) -> Result<bool, String> {
        let said = self.said.remove(&n);
        if let Some((voice, _)) = said
            && self.publishers[voice].answered(now, desk.plan)
        {
            self.answered.push(voice);
        }
        match result {
            ReplyResult::Accepted(receipt) => {
                self.receipts.take(&receipt, half, desk.totals);
                if let Some((voice, counter)) = said
                    && desk.control.keeps_accepted
                {
                    desk.totals.accepted.push((self.publishers[voice].number, counter));
                }
                Ok(false)
            }
            ReplyResult::Refused { code, sentence } => match said {
                // It was carried out before the connection was lost.
                Some(_) if code == "already_done" => Ok(false),
                Some((voice, counter)) => {
                    let publisher = &self.publishers[voice];
                    *desk.totals.refused.entry(code).or_default() += 1;
                    publisher.refused(desk.totals);
                    desk.control.refused().insert((publisher.number, counter));
                    Ok(false)
                }
                None => self.not_opened(n, &code, &sentence),
            },
        }
    }

    fn not_opened(&mut self, n: u64, code: &str, sentence: &str) -> Result<bool, String> {
        let found = self.publishers.iter_mut().find(|publisher| publisher.opening == Some(n));
        let Some(publisher) = found else { return Ok(false) };
        if code == "not_presenter" {
            // The host will pass the floor, or has just done it.
            publisher.opening = None;
            return Ok(self.presents);
        }
        let what = match publisher.medium {
            Medium::Track(kind) => kind.word(),
            Medium::Chat => "chat",
        };
        Err(format!("a publisher may not open a {what}: {sentence} ({code})"))
    }

    /// Publishers that were answered since the last call.
    pub(crate) fn answered(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.answered)
    }
}

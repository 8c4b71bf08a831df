//! A session played without sockets: wishes are decided, facts are applied, encoded and chained.

use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::{Command, Event, Session, chat, dial_in, lifecycle, roster};
use convoke_model::text::{ChatText, DialNumber, ForeignId, Name, Source, Topic};
use convoke_model::view::session::{SessionView, Viewer};
use convoke_model::{
    AccountId, Actor, Audience, ClientId, MeetingId, Millis, ParticipantId, Position, Proposal,
    Record, Refusal, SessionNumber, StreamId,
};
use convoke_wire::codec::{self, Place};
use convoke_wire::entry::{self, CHAIN_START, EntryRef, Hash};
use convoke_wire::message::{self, ServerMessage, Snapshot, Welcome};
use convoke_wire::short;

/// The meeting of every scene.
pub(crate) const MEETING: u32 = 88_137_455;
/// When every scene begins: above 32 bits, as real times are.
pub(crate) const BEGINS: Millis = Millis(1_785_000_000_000);

/// One fact as everything it is.
pub(crate) struct Kept {
    pub(crate) record: Record<Event>,
    pub(crate) audience: Audience,
    pub(crate) bytes: Vec<u8>,
    pub(crate) leaf: Hash,
    pub(crate) chain: Hash,
}

/// A session and its log.
pub(crate) struct Scene {
    pub(crate) session: Session,
    pub(crate) view: SessionView,
    pub(crate) log: Vec<Kept>,
    /// Index in the log of the first fact of each turn.
    pub(crate) turns: Vec<usize>,
    now: Millis,
    requests: u64,
}

impl Scene {
    /// A session that was just opened.
    pub(crate) fn open() -> Self {
        let mut scene = Self {
            session: Session::default(),
            view: SessionView::default(),
            log: Vec::new(),
            turns: Vec::new(),
            now: BEGINS,
            requests: 0,
        };
        scene.server(Command::Lifecycle(lifecycle::Command::Open(opening())));
        scene
    }

    /// The server wishes something.
    pub(crate) fn server(&mut self, command: Command) {
        self.take(Actor::Server, None, command).expect("the server's wish is granted");
    }

    /// A participant wishes something, and it is granted.
    pub(crate) fn does(&mut self, who: ParticipantId, command: Command) {
        self.tries(who, command).expect("the wish is granted");
    }

    /// A participant wishes something.
    pub(crate) fn tries(&mut self, who: ParticipantId, command: Command) -> Result<(), Refusal> {
        self.requests += 1;
        let client = self.session.roster.person(who).map_or(ClientId(1), |person| person.client);
        self.take(who.into(), Some((client, self.requests)), command)
    }

    /// Somebody says something.
    pub(crate) fn says(&mut self, who: ParticipantId, to: chat::To, text: &str) {
        let text = ChatText::new(text).expect("a text");
        self.does(who, Command::Chat(chat::Command::Say { to, text }));
    }

    /// Somebody comes straight in.
    pub(crate) fn joins(&mut self, name: &str, role: Role) -> ParticipantId {
        self.enters(name, role, false)
    }

    /// Somebody comes as far as the lobby.
    pub(crate) fn waits(&mut self, name: &str) -> ParticipantId {
        self.enters(name, Role::Attendee, true)
    }

    /// Somebody calls, and comes straight in or as far as the lobby.
    pub(crate) fn calls(&mut self, name: &str, lobby: bool) -> ParticipantId {
        let entering = self.entering(name, Role::Attendee, lobby);
        let client = entering.client;
        let id = ForeignId::new(&format!("call-{}", entering.ticket)).expect("an id");
        let call = dial_in::Call { bridge: Source::new("pbx").expect("a name"), id };
        let number = DialNumber::new("+49 30 1234567").ok();
        let arriving = dial_in::Arriving { entering, call, number };
        self.server(Command::DialIn(dial_in::Command::Arrive(Box::new(arriving))));
        self.session.roster.by_client(client).expect("just entered")
    }

    fn enters(&mut self, name: &str, role: Role, lobby: bool) -> ParticipantId {
        let entering = self.entering(name, role, lobby);
        let client = entering.client;
        self.server(Command::Roster(roster::Command::Enter(entering)));
        self.session.roster.by_client(client).expect("just entered")
    }

    fn entering(&self, name: &str, role: Role, lobby: bool) -> roster::Entering {
        let number = self.log.len() as u64;
        roster::Entering {
            client: ClientId(0xf000_0000_0000_0000 + number),
            name: Name::new(name).expect("a name"),
            account: (role == Role::Host).then_some(AccountId(7)),
            family: 1000 + number,
            ticket: 2000 + number,
            grant: Grant::of(role),
            lobby,
        }
    }

    /// What was just wished and what is wished next happens in one turn.
    pub(crate) fn in_the_same_turn(&mut self, next: impl FnOnce(&mut Self)) {
        let turns = self.turns.len();
        next(self);
        self.turns.truncate(turns);
    }

    fn take(
        &mut self,
        by: Actor,
        request: Option<(ClientId, u64)>,
        command: Command,
    ) -> Result<(), Refusal> {
        self.now = self.now.plus(1_250);
        let proposal = Proposal { by, at: self.now, request, command };
        let facts = self.session.decide(&proposal)?;
        self.turns.push(self.log.len());
        for (audience, event) in facts {
            self.keep(by, request, audience, event);
        }
        Ok(())
    }

    fn keep(
        &mut self,
        actor: Actor,
        request: Option<(ClientId, u64)>,
        audience: Audience,
        event: Event,
    ) {
        let seq = self.log.len() as u64 + 1;
        let position = Position { epoch: 3, seq };
        let stream = StreamId { meeting: MEETING, session: 2 };
        let place = Place { stream, position, time: self.now, actor, audience, request };
        let salt = [seq as u8 ^ 0xa5; entry::SALT_BYTES];
        let bytes = codec::encode(&place, &salt, &event).expect("a fact fits an entry");
        let leaf = EntryRef::read(&bytes).expect("just written").leaf();
        let chain = entry::chain(&self.hash(), &leaf);
        let record = Record { position, time: self.now, actor, request, event };
        self.session.apply(&record);
        self.view.apply(&record);
        self.log.push(Kept { record, audience, bytes, leaf, chain });
    }

    /// The stream's hash now.
    pub(crate) fn hash(&self) -> Hash {
        self.log.last().map_or(CHAIN_START, |kept| kept.chain)
    }

    /// Where the log ends.
    pub(crate) fn position(&self) -> Position {
        self.log.last().map_or(Position::default(), |kept| kept.record.position)
    }

    /// The control message that gives `viewer` the session as it is now.
    pub(crate) fn snapshot(&self, viewer: Viewer) -> Vec<u8> {
        message::to_bytes(&ServerMessage::Snapshot(Snapshot {
            position: self.position(),
            hash: self.hash().to_vec(),
            view: self.view.for_viewer(viewer),
        }))
    }

    /// The messages that carry the facts from index `from` on to `viewer`, as two lanes bring them:
    /// in each turn what is addressed to the viewer first, then every fact or what stands in its
    /// place.
    pub(crate) fn messages(&self, viewer: Viewer, from: usize) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        let ends = self.turns.iter().skip(1).copied().chain([self.log.len()]);
        for (begin, end) in self.turns.iter().copied().zip(ends) {
            let turn = &self.log[begin.max(from).min(end)..end];
            let open = |kept: &Kept| viewer == Viewer::Auditor || is_open(kept);
            let addressed = turn.iter().filter(|kept| !open(kept));
            let seen = addressed.filter(|kept| viewer.sees(kept.audience, kept.record.actor));
            messages.extend(seen.map(|kept| kept.bytes.clone()));
            messages.extend(turn.iter().map(|kept| match open(kept) {
                // An auditor reads the log itself.
                true if viewer == Viewer::Auditor => kept.bytes.clone(),
                true => short_form(&kept.bytes),
                false => message::withheld(kept.record.position.seq, &kept.leaf).to_vec(),
            }));
        }
        messages
    }
}

/// An entry for everyone as it is sent.
pub(crate) fn short_form(entry: &[u8]) -> Vec<u8> {
    let (header, payload) = short::split(entry).expect("for everyone, and it fits");
    [header.as_slice(), payload].concat()
}

fn is_open(kept: &Kept) -> bool {
    kept.audience == Audience::Everyone
}

/// The welcome to every scene's session.
pub(crate) fn welcome(requests: u64) -> Vec<u8> {
    message::to_bytes(&ServerMessage::Welcome(Welcome {
        version: 1,
        client: ClientId(u64::MAX),
        secret: vec![7; 16],
        who: ParticipantId(2),
        meeting: MEETING,
        session: 2,
        now: Millis(1),
        resume_ms: 60_000,
        requests,
    }))
}

/// What every scene's session is opened as.
pub(crate) fn opening() -> lifecycle::Opening {
    lifecycle::Opening {
        meeting: MeetingId::new(MEETING).expect("eight digits"),
        session: SessionNumber(2),
        kind: lifecycle::MeetingType::Interactive,
        topic: Topic::new("Weekly <plan> 周会").expect("a topic"),
        host: AccountId(7),
        participants_max: 50,
        recording: true,
        may_record: true,
        records_input: false,
        meeting_seq: 4,
        meeting_hash: [0x5a; 32],
    }
}

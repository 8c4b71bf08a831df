//! One of every control message, command, session fact and other fact: what tests of the wire draw
//! from.

use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::{
    self, Command, chat, control, delivery, dial_in, floor, hand, lifecycle, lock, recording,
    roster, track,
};
use convoke_model::policy::{
    Admit, Cause, Credential, Decided, Evidence, Hook, Question, Script, Value, Verdict, Why,
    authenticate,
};
use convoke_model::privilege::Privilege;
use convoke_model::site::scripts;
use convoke_model::text::{ChatText, DialNumber, ForeignId, Name, Sentence, Source};
use convoke_model::view::session::Viewer;
use convoke_model::{
    AccountId, ClientId, MeetingId, Millis, ParticipantId, Position, Refusal, TrackId,
};
use convoke_wire::message::{ClientMessage, Hello, Receipt, ReplyResult, Resume, ServerMessage};
use convoke_wire::message::{Snapshot, Welcome};

use super::scene::{MEETING, Scene, opening};

const WHO: ParticipantId = ParticipantId(2);
const TRACK: TrackId = TrackId(3);

pub(crate) fn name() -> Name {
    Name::new("Ann 安娜").expect("a name")
}

/// One of every command.
pub(crate) fn commands() -> Vec<Command> {
    let (who, track) = (WHO, TRACK);
    vec![
        Command::Lifecycle(lifecycle::Command::Open(opening())),
        Command::Lifecycle(lifecycle::Command::End {}),
        Command::Lifecycle(lifecycle::Command::Close { reason: lifecycle::EndReason::Empty }),
        Command::Roster(roster::Command::Enter(entering())),
        Command::Roster(roster::Command::Leave {}),
        Command::Roster(roster::Command::Admit { who }),
        Command::Roster(roster::Command::Deny { who }),
        Command::Roster(roster::Command::Remove { who }),
        Command::Roster(roster::Command::Drop { who, reason: roster::LeaveReason::Lost, at: None }),
        Command::Roster(roster::Command::Interrupt { who, at: Millis(1_790_000_000_000) }),
        Command::Roster(roster::Command::Disconnect { who }),
        Command::Roster(roster::Command::Reconnect { who }),
        Command::Floor(floor::Command::Give { to: who }),
        Command::Floor(floor::Command::Take {}),
        Command::Floor(floor::Command::Release {}),
        Command::Control(control::Command::Ask {}),
        Command::Control(control::Command::Give { to: who }),
        Command::Control(control::Command::Take {}),
        Command::Control(control::Command::Release {}),
        Command::Control(control::Command::Count(input())),
        Command::Chat(chat::Command::Say { to: chat::To::One(who), text: text() }),
        Command::Chat(chat::Command::Silence { who }),
        Command::Chat(chat::Command::Unsilence { who }),
        Command::Chat(chat::Command::Announce { text: text() }),
        Command::Track(track::Command::Open {
            kind: track::Kind::Screen,
            codec: "vp09.00.10.08".into(),
            width: 1920,
            height: 1080,
        }),
        Command::Track(track::Command::Close { track }),
        Command::Track(track::Command::Pause { track }),
        Command::Track(track::Command::Resume { track }),
        Command::Track(track::Command::Mute { who }),
        Command::Track(track::Command::Unmute { who }),
        Command::Hand(hand::Command::Raise {}),
        Command::Hand(hand::Command::Lower {}),
        Command::Hand(hand::Command::LowerOf { who }),
        Command::Lock(lock::Command::Lock {}),
        Command::Lock(lock::Command::Unlock {}),
        Command::Recording(recording::Command::Start {}),
        Command::Recording(recording::Command::Stop {}),
        Command::Recording(recording::Command::Seal(seal())),
        Command::Recording(recording::Command::Gap(gap())),
        Command::Delivery(delivery::Command::Close(ledger())),
        Command::Policy(Box::new(decided())),
        Command::DialIn(dial_in::Command::Arrive(Box::new(dial_in::Arriving {
            entering: entering(),
            call: call(),
            number: number(),
        }))),
        Command::DialIn(dial_in::Command::Report { who, quiet: true }),
    ]
}

pub(crate) fn text() -> ChatText {
    ChatText::new("Hello <b>&amp;</b>\n\u{1f44b}").expect("a text")
}

fn entering() -> roster::Entering {
    roster::Entering {
        client: ClientId(u64::MAX),
        name: name(),
        account: Some(AccountId(7)),
        family: 9,
        ticket: 11,
        grant: Grant::of(Role::Panelist),
        lobby: true,
    }
}

fn input() -> control::Count {
    let (first, last) = (Millis(1_785_000_000_000), Millis(1_785_000_009_000));
    control::Count {
        track: TrackId(7),
        who: ParticipantId(3),
        messages: 900,
        bytes: 54_000,
        first,
        last,
    }
}

fn seal() -> recording::Seal {
    recording::Seal {
        file: "88137455-2.media".into(),
        from: 1,
        to: 1 << 40,
        sha256: [0xcd; 32],
        first: Millis(5),
        last: Millis(6),
    }
}

fn gap() -> recording::Gap {
    let reason = recording::GapReason::DiskFull;
    recording::Gap { from: Millis(5), to: Millis(6), reason }
}

fn ledger() -> delivery::Ledger {
    let media = delivery::Media { handed: 1 << 33, confirmed: 1 << 32, skipped: 70_000, skips: 1 };
    let ledger = delivery::Ledger::of(ParticipantId(2));
    delivery::Ledger { handed: 5, confirmed: 4, media, connections: 2, catch_ups: 1, ..ledger }
}

pub(crate) fn meeting_id() -> MeetingId {
    MeetingId::new(MEETING).expect("eight digits")
}

pub(crate) fn decided() -> Decided {
    Decided {
        policy: "builtin".into(),
        question: Question::Admit(Admit {
            meeting: meeting_id(),
            role: Role::Attendee,
            account: None,
            credential: Credential::Invitation,
            around: None,
        }),
        verdict: Verdict::Refuse(Refusal::CannotJoin),
        fallback: true,
        micros: 1_000,
        script: None,
        passed: Vec::new(),
        evidence: Vec::new(),
        operations: 0,
        why: None,
        live: None,
    }
}

/// A decision of a script, with everything that one can have.
pub(crate) fn decided_by_script() -> Decided {
    let path = |name: &str| format!("authenticate/{name}.rhai");
    let script = |name: &str| Script { path: path(name), sha256: "ab".repeat(32) };
    let reason = Sentence::new("Not from here.").expect("a sentence");
    Decided {
        policy: "scripts 3".into(),
        question: Question::Authenticate(authenticate::Question {
            identity: "ann@example.org".into(),
            has_secret: true,
            address: "192.0.2.7".into(),
            via: authenticate::Via::Page,
        }),
        verdict: Verdict::Authenticate(authenticate::Verdict::Deny { reason }),
        fallback: true,
        micros: 1_000,
        script: Some(script("ldap")),
        passed: vec![script("crm")],
        evidence: vec![Evidence {
            call: "ldap.bind".into(),
            arguments: vec!["main".into(), "ann@example.org".into()],
            answer: Value::map([("ok", true.into()), ("took", 5.into()), ("why", Value::Null)]),
            micros: 900,
        }],
        operations: 77,
        why: Some(Why { cause: Cause::Error, told: "line 3, column 5: no such thing".into() }),
        live: Some(Box::new(Verdict::Authenticate(authenticate::Verdict::Allow {
            profile: authenticate::Profile {
                name: Some("Ann".into()),
                ..authenticate::Profile::default()
            },
            privileges: [Privilege::Chat].into(),
        }))),
    }
}

pub(crate) fn chains() -> scripts::Chains {
    let member = scripts::Member { name: "office".into(), sha256: "cd".repeat(32) };
    scripts::Chains::from([(Hook::Admit, vec![member])])
}

/// One of every fact of a session, in order of their numbers.
pub(crate) fn facts() -> Vec<meeting::Event> {
    use meeting::Event;
    let (who, track, generation) = (WHO, TRACK, 2);
    vec![
        Event::Lifecycle(lifecycle::Event::Opened(opening())),
        Event::Lifecycle(lifecycle::Event::Ended { reason: lifecycle::EndReason::Host }),
        Event::Roster(roster::Event::Entered {
            who,
            client: ClientId(u64::MAX),
            account: None,
            family: 9,
            ticket: 11,
            grant: Grant::of(Role::Viewer),
        }),
        Event::Roster(roster::Event::Waiting { who, name: name() }),
        Event::Roster(roster::Event::Joined { who, name: name(), role: Role::Host }),
        Event::Roster(roster::Event::Left { who, reason: roster::LeaveReason::Removed, at: None }),
        Event::Roster(roster::Event::Disconnected { who, at: Some(Millis(1_785_000_000_000)) }),
        Event::Roster(roster::Event::Reconnected { who }),
        Event::Floor(floor::Event::PresenterChanged { who: Some(who) }),
        Event::Chat(chat::Event::Said { to: chat::To::Hosts, text: text() }),
        Event::Chat(chat::Event::Silenced { who }),
        Event::Chat(chat::Event::Unsilenced { who }),
        Event::Chat(chat::Event::Announced { text: text() }),
        Event::Track(track::Event::Opened {
            track,
            kind: track::Kind::RemoteInput,
            codec: "keys-1".into(),
            width: 0,
            height: 0,
            to: Some(who),
        }),
        Event::Track(track::Event::Closed { track }),
        Event::Track(track::Event::Paused { track, generation }),
        Event::Track(track::Event::Resumed { track, generation }),
        Event::Track(track::Event::Muted { who }),
        Event::Track(track::Event::Unmuted { who }),
        Event::Hand(hand::Event::Raised { who }),
        Event::Hand(hand::Event::Lowered { who }),
        Event::Lock(lock::Event::Locked {}),
        Event::Lock(lock::Event::Unlocked {}),
        Event::Recording(recording::Event::Started {}),
        Event::Recording(recording::Event::Stopped {}),
        Event::Recording(recording::Event::MediaSealed(seal())),
        Event::Recording(recording::Event::Missing(gap())),
        Event::Policy(Box::new(decided())),
        Event::Delivery(delivery::Event::Delivered(ledger())),
        Event::DialIn(dial_in::Event::Called { who, call: call(), number: number() }),
        Event::DialIn(dial_in::Event::OnTelephone { who }),
        Event::DialIn(dial_in::Event::MicrophoneOff { who }),
        Event::DialIn(dial_in::Event::MicrophoneOn { who }),
        Event::Control(control::Event::Asked {}),
        Event::Control(control::Event::Given { to: who }),
        Event::Control(control::Event::Ended {}),
        Event::Control(control::Event::Counted(input())),
    ]
}

pub(crate) fn call() -> dial_in::Call {
    let bridge = Source::new("pbx").expect("a name");
    dial_in::Call { bridge, id: ForeignId::new("1700000000.42").expect("an id") }
}

pub(crate) fn number() -> Option<DialNumber> {
    DialNumber::new("+49 30 1234567").ok()
}

/// One of every message of a client, and every command.
pub(crate) fn from_client() -> Vec<ClientMessage> {
    let by_ticket = Hello {
        versions: vec![2, 1],
        ticket: Some("q1w2e3r4t5y6u7i8o9p0aA".into()),
        resume: None,
        agent: "browser 0.1.0".into(),
    };
    let by_resume = Hello {
        versions: vec![1],
        ticket: None,
        resume: Some(Resume {
            meeting: MEETING,
            session: 2,
            client: ClientId(u64::MAX),
            secret: vec![7; 16],
            position: Some(Position { epoch: 3, seq: 40 }),
            hash: Some(vec![9; 32]),
        }),
        agent: String::new(),
    };
    let mut said = vec![
        ClientMessage::Hello(by_ticket),
        ClientMessage::Hello(by_resume),
        ClientMessage::Confirm { seq: 1 << 40, media: 1 << 33 },
        ClientMessage::KeyFrame { track: TRACK },
        ClientMessage::Undecodable { track: TRACK, decodes: vec!["vp8".into(), "avc1".into()] },
    ];
    said.extend((1..).zip(commands()).map(|(n, command)| ClientMessage::Request { n, command }));
    said
}

/// One of every message of a server.
pub(crate) fn from_server() -> Vec<ServerMessage> {
    let mut scene = Scene::open();
    let ann = scene.joins("Ann", Role::Host);
    scene.waits("Ben");
    scene.says(ann, chat::To::Everyone, "hello");
    let viewer = Viewer::Participant(ann, Role::Host);
    let view = scene.view.for_viewer(viewer);
    vec![
        ServerMessage::Welcome(Welcome {
            version: 1,
            client: ClientId(u64::MAX),
            secret: vec![7; 16],
            who: ann,
            meeting: MEETING,
            session: 2,
            now: Millis(1_785_000_000_000),
            resume_ms: 60_000,
            requests: 4,
        }),
        ServerMessage::Waiting {},
        ServerMessage::Snapshot(Snapshot {
            position: scene.position(),
            hash: scene.hash().to_vec(),
            view,
        }),
        ServerMessage::Resumed { from: 41 },
        ServerMessage::Reply {
            n: 3,
            result: ReplyResult::Accepted(Receipt {
                epoch: 3,
                seq: 41,
                hash: [9; 32],
                durable: true,
            }),
        },
        ServerMessage::Reply { n: 4, result: Refusal::Locked.into() },
        ServerMessage::KeyFrameWanted { track: TRACK },
        ServerMessage::CodecWanted { track: TRACK, decodes: vec!["vp8".into(), "avc1".into()] },
        ServerMessage::Slower { track: TRACK, bits_per_second: 300_000 },
        ServerMessage::Bye {
            code: 4410,
            reason: "ended".into(),
            sentence: "The session has ended.".into(),
        },
    ]
}

//! One of every control message, command, session fact and other fact: what tests of the wire draw
//! from.

use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::plan::{DialIn, Exception, LocalTime, Plan, Rule, When};
use convoke_model::meeting::{
    self, Command, chat, delivery, dial_in, floor, hand, life, lifecycle, lock, recording, roster,
    track,
};
use convoke_model::policy::draw_code::AccessCode;
use convoke_model::policy::{
    Admit, Cause, Credential, Decided, Evidence, Hook, Question, Script, Value, Verdict, Why,
    authenticate,
};
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::alarm::Alarm;
use convoke_model::site::{
    self, accounts, connections, deed, groups, keys, rooms, scripts, settings, webhooks,
};
use convoke_model::text::{
    Address, CallUrl, ChatText, DialNumber, ForeignId, GroupName, Name, Sentence, Source, Topic,
    Zone,
};
use convoke_model::view::session::Viewer;
use convoke_model::{
    AccountId, ApiKeyId, ClientId, GroupId, MeetingId, Millis, ParticipantId, Position, Refusal,
    SessionNumber, StreamId, TrackId, WebhookId,
};
use convoke_wire::message::{ClientMessage, Hello, Receipt, ReplyResult, Resume, ServerMessage};
use convoke_wire::message::{Snapshot, Welcome};

use super::scene::{MEETING, Scene, opening};

const WHO: ParticipantId = ParticipantId(2);
const TRACK: TrackId = TrackId(3);

fn name() -> Name {
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

fn text() -> ChatText {
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

fn meeting_id() -> MeetingId {
    MeetingId::new(MEETING).expect("eight digits")
}

fn decided() -> Decided {
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
fn decided_by_script() -> Decided {
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

fn chains() -> scripts::Chains {
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
            kind: track::Kind::Microphone,
            codec: "opus".into(),
            width: 0,
            height: 0,
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
    ]
}

fn call() -> dial_in::Call {
    let bridge = Source::new("pbx").expect("a name");
    dial_in::Call { bridge, id: ForeignId::new("1700000000.42").expect("an id") }
}

fn number() -> Option<DialNumber> {
    DialNumber::new("+49 30 1234567").ok()
}

fn plan() -> Plan {
    Plan {
        when: Some(When {
            start: LocalTime::new("2026-11-30T10:00").expect("a time"),
            minutes: 60,
            zone: Zone::new("Europe/Berlin").expect("a zone"),
            rule: Rule::new("FREQ=WEEKLY;BYDAY=MO"),
            exceptions: vec![Exception {
                date: LocalTime::new("2026-12-07T10:00").expect("a time"),
                moved: LocalTime::new("2026-12-08T11:00"),
            }],
            begins: Millis(1_796_029_200_000),
            ends: None,
        }),
        recurring: true,
        public: true,
        own_network: true,
        lobby: true,
        participants_max: Some(25),
        dial_in: Some(DialIn {
            number: DialNumber::new("+49 30 1234567").ok(),
            code: AccessCode::new("123456789"),
        }),
    }
}

fn webhook_facts() -> Vec<webhooks::Event> {
    use webhooks::Event as Hook;
    let (webhook, reason) = (WebhookId(4), Sentence::new("asked for").ok());
    let told = |url: &str| webhooks::Subscription {
        url: CallUrl::new(url).expect("an address"),
        events: vec![webhooks::Pattern::new("meeting.*").expect("a pattern")],
        description: Sentence::new("the customers' portal").ok(),
    };
    let (before, after) = (told("https://crm.example.org/a"), told("https://crm.example.org/b"));
    let (stream, position) = (StreamId { meeting: 88_137_455, session: 2 }, at(17));
    let why = Sentence::new("it answered 500").expect("words");
    let letter = webhooks::Letter { stream, position, attempts: 10, why };
    vec![
        Hook::Added { webhook, subscription: before.clone(), reason: reason.clone() },
        Hook::Changed { webhook, before, after, reason: reason.clone() },
        Hook::SecretChanged { webhook, reason: reason.clone() },
        Hook::Disabled { webhook, reason: reason.clone() },
        Hook::Enabled { webhook, reason: reason.clone() },
        Hook::Removed { webhook, reason },
        Hook::GaveUp { webhook, letter },
        Hook::Redelivered { webhook, stream, position },
    ]
}

fn at(seq: u64) -> Position {
    Position { epoch: 3, seq }
}

fn key_facts() -> Vec<site::Event> {
    let made = keys::Event::Made {
        key: ApiKeyId(3),
        account: AccountId(7),
        name: name(),
        scopes: keys::Scope::ALL.into_iter().collect(),
        expires: Some(Millis(1_800_000_000_000)),
    };
    vec![site::Event::Keys(made), site::Event::Keys(keys::Event::Revoked { key: ApiKeyId(3) })]
}

fn connection_facts() -> Vec<site::Event> {
    let name = || connections::ConnectionName::new("crm").expect("a name");
    let (kind, reason) = (connections::Kind::Callback, Sentence::new("a new host").ok());
    let with = |url: &str, secret| {
        let networks = Value::List(vec!["10.0.0.0/8".into()]);
        let settings =
            [("url".to_owned(), url.into()), ("allow_private".to_owned(), networks)].into();
        connections::Connection { settings, secret: Some(connections::SecretNumber(secret)) }
    };
    let (before, after) = (with("https://old.example/", 7), with("https://new.example/", 8));
    vec![
        site::Event::Connections(connections::Event::Set {
            kind,
            name: name(),
            before: Some(before),
            after: after.clone(),
            reason: reason.clone(),
        }),
        site::Event::Connections(connections::Event::Removed {
            kind,
            name: name(),
            before: after,
            reason,
        }),
    ]
}

fn settings_facts() -> Vec<site::Event> {
    let numbers = vec![settings::Number {
        number: DialNumber::new("+49 30 1234567").expect("a number"),
        country: settings::Country::try_from("DE".to_owned()).ok(),
        toll_free: true,
    }];
    let telephone = settings::Telephone { numbers, meeting_id_is_code: true, draw_codes: true };
    let set = |after: settings::Part| settings::Event::Set {
        before: after.clone(),
        after,
        reason: Sentence::new("asked for").ok(),
    };
    vec![
        site::Event::Settings(set(settings::Part::Telephone(telephone))),
        site::Event::Rooms(rooms::Event::Taken { meeting: meeting_id() }),
        site::Event::Rooms(rooms::Event::Given { meetings: vec![meeting_id()] }),
    ]
}

/// One of every fact of a meeting's own stream.
pub(crate) fn life_facts() -> Vec<life::Event> {
    vec![
        life::Event::Created(life::Creation {
            meeting: meeting_id(),
            owner: AccountId(7),
            kind: lifecycle::MeetingType::VideoConference,
            topic: Topic::new("Plans").expect("a topic"),
            has_password: true,
            plan: Some(plan()),
        }),
        life::Event::SessionOpened { session: SessionNumber(2) },
        life::Event::SessionEnded {
            session: SessionNumber(2),
            reason: lifecycle::EndReason::Administrator,
            tail: Position { epoch: 3, seq: 99 },
            hash: [0xee; 32],
        },
        life::Event::Changed(life::Change {
            kind: lifecycle::MeetingType::Interactive,
            topic: Topic::new("Budget").expect("a topic"),
            has_password: true,
            password_changed: true,
            plan: plan(),
        }),
        life::Event::Cancelled { reason: Some(Sentence::new("Holidays").expect("words")) },
        life::Event::Restored {},
        life::Event::Transferred { from: AccountId(7), to: AccountId(8) },
        life::Event::CodeDrawn { code: AccessCode::drawn(5) },
        life::Event::Invited {
            people: vec![accounts::Email::new("bob@example.org").expect("an address")],
        },
    ]
}

/// One of every fact of the site's stream.
pub(crate) fn site_facts() -> Vec<site::Event> {
    let account = AccountId(7);
    let via = accounts::Via::Legacy;
    let email = accounts::Email::new("ann@example.org").expect("an address");
    let added = accounts::Event::Added { account, email, name: name(), administrator: true };
    let stream = StreamId { meeting: MEETING, session: 2 };
    let reason = "asked for".into();
    let from = Some(Address::new("2001:db8::1").expect("an address"));
    let mut facts = vec![
        site::Event::Accounts(added),
        site::Event::Accounts(accounts::Event::PasswordChanged { account }),
        site::Event::Accounts(accounts::Event::SignedIn {
            account,
            via,
            from: from.clone(),
            second: Some(accounts::Second::RecoveryCode),
        }),
        site::Event::Accounts(accounts::Event::SignInFailed {
            account: None,
            via,
            from: from.clone(),
        }),
    ];
    facts.extend(account_changes().into_iter().map(site::Event::Accounts));
    facts.extend([
        site::Event::Policy(Box::new(decided_by_script())),
        site::Event::Scripts(scripts::Event::Kept(scripts::Text {
            hook: Hook::Admit,
            name: "office".into(),
            sha256: "cd".repeat(32),
            text: "fn admit(question) { next() }".into(),
        })),
        site::Event::Scripts(scripts::Event::Loaded {
            version: 3,
            loaded: scripts::Loaded { live: chains(), trial: chains() },
            cause: "changed".into(),
        }),
        site::Event::Audit(site::Audit::BackedUp { entries: 1 << 40 }),
        site::Event::Started { version: "0.1.0".into() },
        site::Event::Lost(site::Loss {
            expected: 9,
            found: 8,
            why: Some(site::LossReason::Damaged {
                file: "log/0001.seg".into(),
                offset: 4096,
                what: "no block".into(),
            }),
            streams: vec![site::LostStretch { stream, from: 4, to: 5 }],
            more: 1,
        }),
        site::Event::Erased(site::Erasure {
            entries: vec![(stream, 4, 5)],
            reason,
            asked: Millis(6),
        }),
    ]);
    let (group, privileges) = (GroupId(3), chat_only());
    let name = GroupName::new("Staff").expect("a name");
    let before = Privileges::NONE;
    facts.extend([
        site::Event::Groups(groups::Event::Added { group, name: name.clone(), privileges }),
        site::Event::Groups(groups::Event::Renamed { group, name }),
        site::Event::Groups(groups::Event::PrivilegesSet { group, before, privileges }),
        site::Event::Groups(groups::Event::Removed { group }),
        site::Event::Alarm(Alarm::ManyFailures { account, failures: 31, from }),
    ]);
    facts.extend(settings_facts());
    facts.extend(key_facts());
    facts.extend(webhook_facts().into_iter().map(site::Event::Webhooks));
    facts.push(site::Event::Deed(Box::new(deed())));
    facts.extend(connection_facts());
    facts
}

/// What an administrator did.
fn deed() -> deed::Deed {
    deed::Deed {
        act: deed::Act::TransferMeeting,
        on: deed::Subject::Meeting(meeting_id()),
        before: Value::map([("owner", "ann@example.org".into())]),
        after: Value::map([("owner", "ben@example.org".into())]),
        reason: Sentence::new("Ann is on leave").ok(),
        from: Address::new("192.0.2.7").ok(),
        sign_in: Some("k3Jt".into()),
    }
}

fn chat_only() -> Privileges {
    Privileges::NONE.with(Privilege::Chat)
}

/// One of every fact that changes an account.
fn account_changes() -> Vec<accounts::Event> {
    let account = AccountId(7);
    let email = accounts::Email::new("ann@example.org").expect("an address");
    let zone = Some(Zone::new("Europe/Berlin").expect("a zone"));
    let source = Source::new("ldap").expect("a name");
    let id = ForeignId::new("uid=ann,dc=example").expect("an id");
    let external = accounts::External { source, id };
    let (privileges, name, email_too) = (chat_only(), name(), email.clone());
    let zone_too = zone.clone();
    let profile =
        accounts::Profile { external, email: email_too, name, privileges, zone: zone_too };
    vec![
        accounts::Event::Known { account, profile },
        accounts::Event::Renamed { account, name: self::name() },
        accounts::Event::Readdressed { account, email },
        accounts::Event::ZoneSet { account, zone },
        accounts::Event::PrivilegesSet { account, before: Privileges::EVERYDAY, privileges },
        accounts::Event::GroupsSet { account, before: vec![], groups: vec![GroupId(3)] },
        accounts::Event::Disabled { account },
        accounts::Event::Enabled { account },
        accounts::Event::CodesTurnedOn { account },
        accounts::Event::CodesTurnedOff { account },
        accounts::Event::ResetIssued { account },
        accounts::Event::SignInsEnded { account, count: 2 },
    ]
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
                hash: vec![9; 32],
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

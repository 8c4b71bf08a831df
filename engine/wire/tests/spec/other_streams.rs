//! One of every fact of a meeting's own stream and of the site's.

use convoke_model::meeting::plan::{DialIn, Exception, LocalTime, Plan, Rule, When};
use convoke_model::meeting::{life, lifecycle};
use convoke_model::policy::draw_code::AccessCode;
use convoke_model::policy::{Hook, Value};
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::alarm::Alarm;
use convoke_model::site::{
    self, accounts, connections, deed, groups, keys, rooms, scripts, settings, webhooks,
};
use convoke_model::text::{
    Address, CallUrl, DialNumber, ForeignId, GroupName, Sentence, Source, Topic, Zone,
};
use convoke_model::{
    AccountId, ApiKeyId, GroupId, Millis, Position, SessionNumber, StreamId, WebhookId,
};

use super::messages::{chains, decided_by_script, meeting_id, name};
use super::scene::MEETING;

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

//! Bridges over a real engine, with a clock that is moved by hand.

use convoke_model::meeting::life::{self, Change, Right};
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::Plan;
use convoke_model::meeting::{self, roster, track};
use convoke_model::site::accounts::Email;
use convoke_model::site::settings::{Command as Set, Limits, Part, Telephone as Settings};
use convoke_model::text::Topic;
use convoke_model::{AccountId, Actor, ParticipantId, SessionNumber, site};
use convoke_plugins::bridge::Happened;
use tempfile::TempDir;

use super::*;
use crate::backend::{Backend, Opening};
use crate::clock::HandClock;
use crate::config::DiskMarks;
use crate::control::{MeetingState, NewAccount, NewMeeting};
use crate::folder::Folder;
use crate::metrics::Metrics;

const SETTINGS: &str = "[bridge.pbx]\nsecret = \"0123456789abcdef\"\nsilent_s = 600\n";

struct World {
    bridges: Arc<Bridges>,
    bridge: Arc<Bridge>,
    backend: Backend,
    clock: Arc<HandClock>,
    host: AccountId,
}

async fn world(dir: &TempDir) -> World {
    let folder = Folder::open(dir.path()).expect("opens");
    let mut config = Config::parse(SETTINGS).expect("settings");
    // What is free on the machine that tests is not what is tested.
    config.disk = DiskMarks { low_percent: 0, very_low_percent: 0, very_low_mib: 0, full_mib: 0 };
    let clock = Arc::new(HandClock::default());
    let metrics = Arc::new(Metrics::new(1));
    let opening = Opening {
        folder: &folder,
        config: &config,
        clock: clock.clone(),
        metrics,
        tickets: Arc::default(),
    };
    let backend = (crate::plane::operations().open)(opening).expect("opens");
    let bridges = Bridges::open(&config, &*backend.engine, clock.clone()).expect("settings");
    let bridge = bridges.bridge("pbx").expect("it is set");
    let email = Email::new("ann@example.org").expect("an address");
    let host = match backend.engine.account_by_email(&email).await.expect("asked") {
        Some(account) => account.id,
        None => {
            let name = Name::new("Ann").expect("a name");
            let new = NewAccount { email, name, administrator: false, first: false };
            backend.engine.add_account(new).await.expect("added")
        }
    };
    let world = World { bridges: Arc::new(bridges), bridge, backend, clock, host };
    let draws = Settings { draw_codes: true, meeting_id_is_code: true, ..Settings::default() };
    let set = Set::Set { part: Part::Telephone(draws), reason: None };
    world.backend.engine.wish(Actor::Server, site::Command::Settings(set)).await.expect("set");
    world
}

impl World {
    /// A planned meeting, and the code that was drawn for it.
    async fn planned(&self, plan: Plan) -> (MeetingId, String) {
        let new = NewMeeting {
            kind: MeetingType::Interactive,
            topic: Topic::new("Plans").expect("a topic"),
            owner: self.host,
            has_password: false,
            plan: Some(plan),
        };
        let id = self.backend.engine.create_meeting(new).await.expect("made");
        (id, self.code(id).await.expect("drawn"))
    }

    async fn code(&self, id: MeetingId) -> Option<String> {
        let meeting = self.backend.engine.meeting(id).await.expect("asked").expect("is there");
        let code = meeting.plan?.dial_in?.code?;
        Some(code.as_str().to_owned())
    }

    async fn change(&self, id: MeetingId, command: life::Command) {
        let by = self.host.into();
        self.backend.engine.change_meeting(id, by, command).await.expect("granted");
    }

    async fn open(&self, id: MeetingId) -> SessionNumber {
        self.backend.engine.open_session(id, self.host).await.expect("opened")
    }

    async fn ask(&self, call: &str, digits: &str) -> Told {
        let asked = Asked {
            call: call.into(),
            caller: "+49301234567".into(),
            called: "+4930999".into(),
            digits: digits.into(),
            ..Asked::default()
        };
        self.bridges.ask(&self.bridge, &asked).await
    }

    async fn report(&self, call: &str, happened: Option<Happened>) -> (&'static str, bool, bool) {
        let standing = self.bridges.report(&self.bridge, call, happened).await;
        (standing.place, standing.muted, standing.removed)
    }

    fn here(&self, id: MeetingId) -> u32 {
        let telephone = self.bridges.telephone().expect("it runs");
        telephone.directory.meeting(id).and_then(|info| info.open).map_or(0, |open| open.here)
    }

    async fn wish(&self, id: MeetingId, session: SessionNumber, command: meeting::Command) {
        let telephone = self.bridges.telephone().expect("it runs");
        telephone.put(id, session, command).await.expect("granted");
    }
}

fn now(told: &Told) -> Option<Now> {
    match told {
        Told::Accept { now, .. } => Some(*now),
        Told::RequestPin { .. } | Told::Reject { .. } | Told::Drop => None,
    }
}

fn change(plan: Plan) -> life::Command {
    let (kind, topic) = (MeetingType::Interactive, Topic::new("Other plans").expect("a topic"));
    let change = Change { kind, topic, has_password: false, password_changed: false, plan };
    life::Command::Change { change, right: Right::Owner }
}

#[tokio::test]
async fn a_planned_meeting_has_a_code_of_its_own_that_stays() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let first = world(&dir).await;
    let (id, code) = first.planned(Plan::default()).await;
    let (other, another) = first.planned(Plan::default()).await;
    assert!(code.len() == 10 && code != another, "{code} {another}");
    // Whoever changes the plan and does not speak of the code leaves it.
    first.change(id, change(Plan::default())).await;
    assert_eq!(first.code(id).await.as_ref(), Some(&code));
    (first.backend.stop)();
    let again = world(&dir).await;
    assert_eq!(again.code(id).await.as_ref(), Some(&code));
    assert_eq!(now(&again.ask("c1", &code).await), Some(Now::Wait));
    // A meeting that was called off is answered like one that never was, and keeps its code.
    again.change(other, life::Command::Cancel { reason: None, right: Right::Owner }).await;
    assert_eq!(again.ask("c2", &another).await, again.ask("c3", "0123456789").await);
    let telephone = again.bridges.telephone().expect("it runs");
    assert!(telephone.directory.code_was_used(&another));
    again.change(other, life::Command::Restore { right: Right::Owner }).await;
    assert_eq!(now(&again.ask("c4", &another).await), Some(Now::Wait));
    (again.backend.stop)();
}

#[tokio::test]
async fn a_caller_takes_part_and_hosts_mute_and_remove_them() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let world = world(&dir).await;
    let (id, code) = world.planned(Plan::default()).await;
    let session = world.open(id).await;
    let pin = world.ask("c1", "").await;
    assert!(matches!(pin, Told::RequestPin { reason: Some(_) }), "{pin:?}");
    assert_eq!(now(&world.ask("c1", &code).await), Some(Now::Open));
    assert_eq!(world.here(id), 0, "the bridge has not connected them");
    assert_eq!(world.report("c1", Some(Happened::Joined)).await, ("here", false, false));
    assert_eq!(world.report("c1", Some(Happened::Joined)).await, ("here", false, false));
    assert_eq!(world.here(id), 1, "reported twice, they are one");
    assert_eq!(world.report("c1", Some(Happened::Muted)).await, ("here", false, false));
    let call = call_of(&world.bridge, "c1").expect("a call");
    let telephone = world.bridges.telephone().expect("it runs").clone();
    assert!(telephone.caller(&call).is_some_and(|caller| caller.quiet));
    let who = ParticipantId(1);
    world.wish(id, session, meeting::Command::Track(track::Command::Mute { who })).await;
    assert_eq!(world.report("c1", None).await, ("here", true, false));
    world.wish(id, session, meeting::Command::Roster(roster::Command::Remove { who })).await;
    assert_eq!(world.report("c1", None).await, ("removed", true, true));
    assert_eq!(world.here(id), 0);
    // The same telephone does not come in again, whatever it types.
    assert_eq!(now(&world.ask("c2", &code).await), Some(Now::Open));
    assert_eq!(world.report("c2", Some(Happened::Joined)).await, ("gone", false, true));
    // A call that nobody accepted is none.
    assert_eq!(world.report("c9", Some(Happened::Joined)).await, ("gone", false, true));
    (world.backend.stop)();
}

#[tokio::test]
async fn a_meeting_id_leads_to_the_lobby_and_no_further() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let world = world(&dir).await;
    let (id, _) = world.planned(Plan::default()).await;
    let session = world.open(id).await;
    let digits = id.number().to_string();
    assert_eq!(now(&world.ask("c1", &digits).await), Some(Now::Lobby));
    assert_eq!(world.report("c1", Some(Happened::Joined)).await, ("lobby", false, false));
    assert_eq!(world.here(id), 0);
    let who = ParticipantId(1);
    world.wish(id, session, meeting::Command::Roster(roster::Command::Admit { who })).await;
    assert_eq!(now(&world.ask("c1", &digits).await), Some(Now::Open));
    assert_eq!((world.report("c1", None).await, world.here(id)), (("here", false, false), 1));
    // Without a name of the call nobody can be held in a lobby.
    let nameless = world.ask("", &digits).await;
    assert!(matches!(nameless, Told::RequestPin { .. }), "{nameless:?}");
    (world.backend.stop)();
}

#[tokio::test]
async fn who_calls_before_the_host_is_let_in_when_the_host_begins() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let world = world(&dir).await;
    let (id, code) = world.planned(Plan::default()).await;
    assert_eq!(now(&world.ask("c1", &code).await), Some(Now::Wait));
    assert_eq!(world.report("c1", Some(Happened::Joined)).await, ("wait", false, false));
    world.bridges.look().await;
    assert_eq!(world.report("c1", None).await, ("wait", false, false));
    let session = world.open(id).await;
    world.bridges.look().await;
    assert_eq!((world.report("c1", None).await, world.here(id)), (("here", false, false), 1));
    // The host ends it: whoever is connected still is hung up.
    let end = meeting::Command::Lifecycle(meeting::lifecycle::Command::End {});
    world.wish(id, session, end).await;
    assert_eq!(world.report("c1", None).await, ("gone", false, true));
    let state = world.backend.engine.meeting(id).await.expect("asked").expect("is there").state;
    assert_eq!(state, MeetingState::Ended);
    (world.backend.stop)();
}

#[tokio::test]
async fn a_call_that_no_bridge_speaks_of_is_over_and_others_stay_over_a_restart() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let first = world(&dir).await;
    let (id, code) = first.planned(Plan::default()).await;
    first.open(id).await;
    for call in ["c1", "c2"] {
        first.ask(call, &code).await;
        first.report(call, Some(Happened::Joined)).await;
    }
    assert_eq!(first.here(id), 2);
    (first.backend.stop)();
    let world = world(&dir).await;
    assert_eq!(world.report("c1", None).await, ("here", false, false));
    world.bridges.look().await;
    world.clock.advance(Duration::from_secs(599));
    assert_eq!(world.report("c1", None).await, ("here", false, false));
    world.clock.advance(Duration::from_secs(1));
    world.bridges.look().await;
    assert_eq!(world.report("c2", None).await, ("gone", false, true));
    assert_eq!(world.report("c1", Some(Happened::Left)).await, ("gone", false, true));
    assert_eq!(world.here(id), 0);
    (world.backend.stop)();
}

#[tokio::test]
async fn a_distributed_guesser_is_answered_without_a_look_once_the_bridge_has_had_enough() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let world = world(&dir).await;
    let (id, code) = world.planned(Plan::default()).await;
    world.open(id).await;
    // Three wrong codes in one call, and it is over.
    let mut told = Vec::new();
    for digits in ["1111111111", "2222222222", "3333333333", "4444444444"] {
        told.push(world.ask("c0", digits).await);
    }
    assert!(told[..2].iter().all(|told| matches!(told, Told::RequestPin { .. })), "{told:?}");
    assert_eq!(told[2], Told::Reject { reason: LAST_TRY.into() });
    assert_eq!(told[3], Told::Reject { reason: TOO_MANY.into() });
    let mut looked_at = 0;
    for n in 0..300 {
        let asked = Asked {
            call: format!("g{n}"),
            caller: format!("+4930{n:07}"),
            digits: format!("{n:010}"),
            ..Asked::default()
        };
        let told = world.bridges.ask(&world.bridge, &asked).await;
        looked_at += u32::from(told != Told::Reject { reason: TOO_MANY.into() });
    }
    assert_eq!(looked_at, 47, "half an hour's hundred, less the three before");
    // The right code is not looked at either, so that nothing is learnt.
    assert_eq!(world.ask("c1", &code).await, Told::Reject { reason: TOO_MANY.into() });
    world.clock.advance(Duration::from_secs(3_600));
    assert_eq!(now(&world.ask("c1", &code).await), Some(Now::Open));
    (world.backend.stop)();
}

#[tokio::test]
async fn callers_count_among_the_people_that_administrators_allow() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let world = world(&dir).await;
    let (id, code) = world.planned(Plan::default()).await;
    world.open(id).await;
    let part = Part::Limits(Limits { rooms: 0, participants: 1 });
    let set = site::Command::Settings(Set::Set { part, reason: None });
    world.backend.engine.wish(Actor::Server, set).await.expect("set");
    assert_eq!(now(&world.ask("c1", &code).await), Some(Now::Open));
    assert_eq!(world.report("c1", Some(Happened::Joined)).await, ("here", false, false));
    let full = Told::Reject { reason: Refusal::SiteFull.sentence().into() };
    assert_eq!(world.ask("c2", &code).await, full);
    (world.backend.stop)();
}

#[test]
fn a_callers_name_tells_three_digits_of_the_number_at_most() {
    let table = [
        ("+49301234567", "Telephone …567"),
        ("", "Telephone"),
        ("1234", "Telephone"),
        ("sipp", "Telephone"),
    ];
    for (caller, name) in table {
        assert_eq!(name_of(caller).as_str(), name);
    }
    assert_eq!(number_of("Anonymous"), "");
    assert_eq!(number_of("<script>+49 30"), "script+4930");
}

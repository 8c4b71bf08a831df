//! The sessions that the fold examples tell, each with whom it is told to.

use convoke_model::grant::Role;
use convoke_model::meeting::chat::To;
use convoke_model::meeting::{
    Command, chat, control, dial_in, floor, hand, lifecycle, lock, recording, roster, track,
};
use convoke_model::policy::{Decided, Question, Verdict, record};
use convoke_model::view::session::Viewer;
use convoke_model::{MeetingId, Millis, ParticipantId, TrackId};

use super::scene::{BEGINS, MEETING, Scene};

/// A session as one viewer receives it.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) viewer: Viewer,
    pub(crate) scene: Scene,
    pub(crate) snapshot: Option<Vec<u8>>,
    pub(crate) messages: Vec<Vec<u8>>,
}

/// Every story there is.
pub(crate) fn all() -> Vec<Story> {
    vec![
        whole_session(),
        attendee_joins_in_the_middle(),
        host_with_a_lobby(),
        tracks(),
        presenter_passes(),
        screen_is_controlled(),
        removed_lost_and_back(),
        locked_recorded_ended(),
        resumed_with_repeats(),
        callers(),
    ]
}

fn told(
    name: &'static str,
    before: Scene,
    viewer: Viewer,
    after: impl FnOnce(&mut Scene),
) -> Story {
    let mut scene = before;
    let snapshot = Some(scene.snapshot(viewer));
    let from = scene.log.len();
    after(&mut scene);
    let messages = scene.messages(viewer, from);
    Story { name, viewer, scene, snapshot, messages }
}

fn whole_session() -> Story {
    let mut scene = Scene::open();
    scene.server(admitted_by_policy());
    let ann = scene.joins("Ann", Role::Host);
    let ben = scene.joins("Ben <b>\u{1f44b}</b>", Role::Attendee);
    let chi = scene.waits("陈琪");
    scene.does(ann, Command::Roster(roster::Command::Admit { who: chi }));
    let vic = scene.joins("Vic", Role::Viewer);
    scene.says(ben, To::Everyone, "Hello, all.\nСпасибо \u{1f642}");
    scene.says(ben, To::Hosts, "may I present?");
    scene.says(ann, To::One(ben), "yes");
    everything_shared(&mut scene, ann, ben);
    scene.does(ann, Command::Chat(chat::Command::Silence { who: chi }));
    scene.does(ann, Command::Recording(recording::Command::Stop {}));
    scene.server(Command::Recording(recording::Command::Seal(seal())));
    scene.server(Command::Recording(recording::Command::Gap(gap())));
    scene.server(Command::Roster(roster::Command::Disconnect { who: vic }));
    scene.does(ann, Command::Lock(lock::Command::Lock {}));
    scene.does(ann, Command::Lifecycle(lifecycle::Command::End {}));
    let messages = scene.messages(Viewer::Auditor, 0);
    let viewer = Viewer::Auditor;
    Story { name: "whole_session", viewer, scene, snapshot: None, messages }
}

fn everything_shared(scene: &mut Scene, ann: ParticipantId, ben: ParticipantId) {
    scene.does(ann, open(track::Kind::Screen, "vp09.00.10.08", 1920, 1080));
    scene.does(ben, open(track::Kind::Camera, "av01.0.04M.08", 1280, 720));
    scene.does(ben, open(track::Kind::Microphone, "opus", 0, 0));
    scene.does(ben, Command::Hand(hand::Command::Raise {}));
    scene.does(ann, Command::Track(track::Command::Mute { who: ben }));
    scene.does(ann, Command::Floor(floor::Command::Give { to: ben }));
    scene.does(ann, Command::Hand(hand::Command::LowerOf { who: ben }));
    scene.does(ann, Command::Track(track::Command::Unmute { who: ben }));
}

fn attendee_joins_in_the_middle() -> Story {
    let mut before = Scene::open();
    let ann = before.joins("Ann", Role::Host);
    let ben = before.joins("Ben", Role::Attendee);
    before.says(ann, To::Everyone, "said before the viewer came");
    before.says(ann, To::One(ben), "said in private before the viewer came");
    before.does(ann, open(track::Kind::Screen, "vp8", 1280, 720));
    before.does(ben, Command::Hand(hand::Command::Raise {}));
    before.waits("waits already");
    let chi = before.joins("陈琪", Role::Attendee);
    told("attendee_joins_in_the_middle", before, participant(chi, Role::Attendee), |scene| {
        let joined = scene.view.people[&chi].joined;
        assert_eq!(joined, scene.position().seq, "the viewer joined last");
        scene.says(ann, To::Everyone, "welcome <i>all</i> & sundry");
        scene.says(ann, To::One(chi), "only for you");
        scene.says(chi, To::One(ann), "only for Ann");
        scene.says(ben, To::One(ann), "between others");
        scene.says(ben, To::Hosts, "for hosts");
        scene.says(chi, To::Hosts, "from the viewer to hosts");
        let dot = scene.waits("Dot");
        scene.does(ann, Command::Roster(roster::Command::Admit { who: dot }));
        let eve = scene.waits("Eve");
        scene.does(ann, Command::Roster(roster::Command::Deny { who: eve }));
        scene.says(ann, To::Everyone, "one turn:");
        scene.in_the_same_turn(|scene| {
            scene.says(ben, To::One(chi), "first");
            scene.says(ben, To::One(ann), "not for the viewer");
            scene.says(ben, To::One(chi), "second");
            scene.says(ben, To::Everyone, "third");
        });
        scene.server(Command::Recording(recording::Command::Seal(seal())));
        scene.says(chi, To::Everyone, "bye");
        scene.does(chi, Command::Roster(roster::Command::Leave {}));
    })
}

fn host_with_a_lobby() -> Story {
    let mut before = Scene::open();
    let waiting = before.waits("came before the host");
    let ann = before.joins("Ann", Role::Host);
    told("host_with_a_lobby", before, participant(ann, Role::Host), |scene| {
        let ben = scene.waits("Ben");
        let chi = scene.waits("Chi");
        scene.does(ann, Command::Roster(roster::Command::Admit { who: waiting }));
        scene.does(ann, Command::Roster(roster::Command::Deny { who: ben }));
        scene.server(Command::Roster(roster::Command::Disconnect { who: chi }));
        let dot = scene.waits("Dot");
        scene.does(dot, Command::Roster(roster::Command::Leave {}));
        scene.says(waiting, To::Hosts, "thank you");
        scene.server(Command::Recording(recording::Command::Gap(gap())));
        let eve = scene.waits("Eve");
        scene.in_the_same_turn(|scene| {
            scene.waits("Fay");
            scene.does(ann, Command::Roster(roster::Command::Admit { who: eve }));
            scene.says(eve, To::Hosts, "hello, hosts");
            scene.says(eve, To::One(waiting), "hello, you");
        });
    })
}

fn tracks() -> Story {
    let mut before = Scene::open();
    let ann = before.joins("Ann", Role::Host);
    let ben = before.joins("Ben", Role::Attendee);
    before.does(ben, open(track::Kind::Camera, "avc1.42001f", 640, 360));
    told("tracks", before, participant(ben, Role::Attendee), |scene| {
        scene.does(ann, open(track::Kind::Screen, "vp09.00.10.08", 2560, 1440));
        scene.does(ann, open(track::Kind::Microphone, "opus", 0, 0));
        scene.does(ben, open(track::Kind::Microphone, "opus", 0, 0));
        scene.does(ben, Command::Track(track::Command::Pause { track: TrackId(1) }));
        scene.does(ben, Command::Track(track::Command::Resume { track: TrackId(1) }));
        scene.does(ann, Command::Track(track::Command::Mute { who: ben }));
        scene.does(ann, Command::Track(track::Command::Unmute { who: ben }));
        scene.does(ben, Command::Track(track::Command::Resume { track: TrackId(4) }));
        scene.does(ben, Command::Track(track::Command::Close { track: TrackId(1) }));
        scene.does(ben, open(track::Kind::Camera, "vp8", 320, 180));
        scene.does(ann, Command::Roster(roster::Command::Leave {}));
    })
}

fn presenter_passes() -> Story {
    let mut before = Scene::open();
    let ann = before.joins("Ann", Role::Host);
    let ben = before.joins("Ben", Role::Attendee);
    let vic = before.joins("Vic", Role::Viewer);
    told("presenter_passes", before, participant(vic, Role::Viewer), |scene| {
        scene.does(ann, open(track::Kind::Screen, "vp8", 800, 600));
        scene.does(ann, Command::Floor(floor::Command::Give { to: ben }));
        scene.does(ben, open(track::Kind::Screen, "vp8", 1024, 768));
        scene.does(ann, Command::Floor(floor::Command::Take {}));
        scene.does(ann, Command::Floor(floor::Command::Release {}));
        let amy = scene.joins("Amy", Role::Host);
        scene.does(ann, Command::Floor(floor::Command::Take {}));
        scene.does(ann, Command::Roster(roster::Command::Leave {}));
        scene.does(amy, Command::Floor(floor::Command::Give { to: ben }));
        scene.does(ben, Command::Floor(floor::Command::Release {}));
    })
}

fn screen_is_controlled() -> Story {
    let mut before = Scene::open();
    let ann = before.joins("Ann", Role::Host);
    let ben = before.joins("Ben", Role::Attendee);
    let chi = before.joins("Chi", Role::Attendee);
    before.does(ann, open(track::Kind::Screen, "vp8", 800, 600));
    told("screen_is_controlled", before, participant(ben, Role::Attendee), |scene| {
        scene.does(ben, Command::Control(control::Command::Ask {}));
        scene.does(ann, Command::Control(control::Command::Give { to: ben }));
        scene.does(ben, open(track::Kind::RemoteInput, "keys-1", 0, 0));
        scene.does(ann, Command::Control(control::Command::Give { to: chi }));
        scene.does(chi, open(track::Kind::RemoteInput, "keys-1", 0, 0));
    })
}

fn removed_lost_and_back() -> Story {
    let mut before = Scene::open();
    let ann = before.joins("Ann", Role::Host);
    let ben = before.joins("Ben", Role::Attendee);
    let chi = before.joins("Chi", Role::Attendee);
    told("removed_lost_and_back", before, participant(ben, Role::Attendee), |scene| {
        scene.does(chi, open(track::Kind::Camera, "vp8", 640, 480));
        scene.does(chi, Command::Hand(hand::Command::Raise {}));
        scene.server(Command::Roster(roster::Command::Disconnect { who: chi }));
        scene.server(Command::Roster(roster::Command::Reconnect { who: chi }));
        scene.does(ann, Command::Chat(chat::Command::Silence { who: ben }));
        scene.does(ann, Command::Chat(chat::Command::Unsilence { who: ben }));
        scene.does(ann, Command::Roster(roster::Command::Remove { who: chi }));
        let dot = scene.joins("Dot", Role::Panelist);
        scene.server(Command::Roster(roster::Command::Disconnect { who: dot }));
        let reason = roster::LeaveReason::Lost;
        scene.server(Command::Roster(roster::Command::Drop { who: dot, reason, at: None }));
        let at = Millis(BEGINS.0 + 5_000);
        scene.server(Command::Roster(roster::Command::Interrupt { who: ann, at }));
        let reason = roster::LeaveReason::ServerRestart;
        scene.server(Command::Roster(roster::Command::Drop { who: ann, reason, at: None }));
    })
}

fn locked_recorded_ended() -> Story {
    let mut before = Scene::open();
    let ann = before.joins("Ann", Role::Host);
    let ben = before.joins("Ben", Role::Attendee);
    told("locked_recorded_ended", before, participant(ann, Role::Host), |scene| {
        scene.does(ann, Command::Lock(lock::Command::Lock {}));
        scene.does(ann, Command::Lock(lock::Command::Unlock {}));
        scene.does(ann, Command::Recording(recording::Command::Stop {}));
        scene.does(ann, Command::Recording(recording::Command::Start {}));
        scene.does(ben, open(track::Kind::Microphone, "opus", 0, 0));
        scene.does(ben, Command::Hand(hand::Command::Raise {}));
        scene.waits("still waits");
        scene.does(ann, Command::Lifecycle(lifecycle::Command::End {}));
    })
}

/// After a resume, lanes may bring again what had come already: it must change nothing.
fn resumed_with_repeats() -> Story {
    let mut before = Scene::open();
    let ann = before.joins("Ann", Role::Host);
    let ben = before.joins("Ben", Role::Attendee);
    let viewer = participant(ben, Role::Attendee);
    let mut story = told("resumed_with_repeats", before, viewer, |scene| {
        scene.says(ann, To::Everyone, "once");
        scene.says(ann, To::One(ben), "once, for you");
        scene.says(ann, To::Hosts, "once, for hosts");
        scene.says(ben, To::Everyone, "and on");
    });
    let again = story.messages[..4].to_vec();
    story.messages.splice(4..4, again);
    story
}

fn participant(who: ParticipantId, role: Role) -> Viewer {
    Viewer::Participant(who, role)
}

fn open(kind: track::Kind, codec: &str, width: u32, height: u32) -> Command {
    Command::Track(track::Command::Open { kind, codec: codec.into(), width, height })
}

fn admitted_by_policy() -> Command {
    let meeting = MeetingId::new(MEETING).expect("eight digits");
    let asked = record::Question { meeting, around: None };
    Command::Policy(Box::new(Decided {
        policy: "builtin".into(),
        micros: 12,
        ..Decided::builtin(Question::Record(asked), Verdict::record(true))
    }))
}

fn callers() -> Story {
    let mut before = Scene::open();
    let ann = before.joins("Ann", Role::Host);
    before.calls("Telephone …567", false);
    told("callers", before, participant(ann, Role::Host), |scene| {
        let ben = scene.calls("Telephone …890", false);
        let report = |who, quiet| Command::DialIn(dial_in::Command::Report { who, quiet });
        scene.server(report(ben, true));
        let chi = scene.calls("Telephone", true);
        scene.does(ann, Command::Roster(roster::Command::Admit { who: chi }));
        scene.does(ann, Command::Track(track::Command::Mute { who: chi }));
        scene.server(report(ben, false));
        let (who, reason) = (ben, roster::LeaveReason::Left);
        scene.server(Command::Roster(roster::Command::Drop { who, reason, at: None }));
    })
}

fn seal() -> recording::Seal {
    recording::Seal {
        file: "88137455-2.media".into(),
        from: 0,
        to: 1 << 33,
        sha256: [0xab; 32],
        first: BEGINS,
        last: BEGINS.plus(9_000),
    }
}

fn gap() -> recording::Gap {
    let reason = recording::GapReason::Behind;
    recording::Gap { from: BEGINS, to: Millis(BEGINS.0 + 40), reason }
}
